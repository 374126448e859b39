/* guc_impl.h: a setting, as the files of guc.h know it. */
#pragma once

#include "daemon/store/guc.h"

enum guc_kind {
    GUC_STRING,
    GUC_BOOL,
    GUC_INT,
    GUC_MS,
    GUC_CHOICE, /* of PostgreSQL's values only some */
    GUC_FIXED,
    GUC_SPECIAL,
    GUC_KNOWN, /* of no effect here: what guc_known.h says, in a struct known_def */
};

struct guc_def {
    const char *name;
    const char *initial;
    enum guc_kind kind;
    bool report;         /* ParameterStatus on change */
    const char *choices; /* GUC_CHOICE: "a|b|c" */
};

struct guc_value {
    const struct guc_def *def; /* NULL: a custom setting (a.b) */
    char *name;                /* custom */
    char *text;
    char *reported; /* what the client knows */
};

static inline const char *guc_value_name(const struct guc_value *v)
{
    return v->def ? v->def->name : v->name;
}

/* guc_check.c: what ${value}, given to the setting by ${name} as the statement writes it, is kept as: malloc'd in
 * ${ret}.  -1: 22023, 0A000, 55P02 ... */
int guc_check(struct store_conn *c, const struct guc_value *v, const char *name, const char *value,
              char **ret, struct err *err) MUSTCHECK;
