/* guc_check.c: may a setting have this value?  And as what is it kept? */
#include "daemon/store/guc_datestyle.h"
#include "daemon/store/guc_impl.h"
#include "daemon/store/guc_known.h"
#include "daemon/store/transaction.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

static int bad_value(const struct guc_value *v, const char *value, struct err *err)
{
    return err_set(err, SQLSTATE_INVALID_PARAMETER_VALUE,
                   "invalid value for parameter \"%s\": \"%s\"", guc_value_name(v), value);
}

static int keep(const char *text, char **ret, struct err *err)
{
    *ret = strdup(text);
    return *ret ? 0 : err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
}

static int check_bool(const struct guc_value *v, const char *value, char **ret, struct err *err)
{
    struct buf scratch;
    struct types_value parsed;
    struct types_session session = {.timezone = "UTC"};
    struct err ignored;
    buf_init(&scratch, 64);
    int rc = types_input(&session, TYPES_BOOL, -1, (struct slice){value, strlen(value)}, &scratch,
                         &parsed, &ignored);
    buf_release(&scratch);
    if (rc < 0)
        return err_set(err, SQLSTATE_INVALID_PARAMETER_VALUE,
                       "parameter \"%s\" requires a Boolean value", guc_value_name(v));
    return keep(parsed.i ? "on" : "off", ret, err);
}

/* As PostgreSQL checks it; then whether the store can do it. */
static int check_known(const struct guc_value *v, const char *name, const char *value, char **ret,
                       struct err *err)
{
    struct guc_known k;
    const struct guc_def *def = v->def;
    if (!guc_known_find(def->name, &k))
        return keep(value, ret, err);
    if (k.type != GUC_TYPE_STRING) /* errors name it as the statement does; those of strings are its own */
        err_copy_text(k.name, sizeof k.name, name, strlen(name));
    if (def->kind == GUC_KNOWN && guc_known_may(&k, err) < 0)
        return -1;
    if (guc_known_check(&k, value, ret, err) < 0)
        return -1;
    char bad[64] = "";
    if (strcmp(def->name, "restrict_nonsystem_relation_kind") == 0)
        (void)guc_restricts_views(*ret, bad);
    if (bad[0]) {
        free(*ret);
        bad_value(v, value, err);
        err_detail(err, "Unrecognized key word: \"%s\".", bad);
        return -1;
    }
    bool fits = def->kind == GUC_CHOICE
                    ? guc_is_choice(def->choices, *ret)
                    : !guc_is_unchangeable(def->name) || strcmp(*ret, def->initial) == 0;
    if (fits)
        return 0;
    free(*ret);
    return err_set(err, SQLSTATE_FEATURE_NOT_SUPPORTED, "%s = %s is not supported by the store",
                   def->name, value);
}

static int check_role(struct store_conn *c, const char *value, char **ret, struct err *err)
{
    if (strcmp(value, "none") == 0 || strcmp(value, c->context.user) == 0)
        return keep(value, ret, err);
    return err_set(err, SQLSTATE_INVALID_PARAMETER_VALUE, "role \"%s\" does not exist", value);
}

/* Only the letters and digits count: utf-8, 'UTF8', Unicode. */
static int check_encoding(const struct guc_value *v, const char *value, char **ret, struct err *err)
{
    char plain[32];
    size_t n = 0;
    for (const char *p = value; *p && n < sizeof plain - 1; p++)
        if (isalnum((unsigned char)*p))
            plain[n++] = (char)tolower((unsigned char)*p);
    plain[n] = '\0';
    if (strcmp(plain, "utf8") == 0 || strcmp(plain, "unicode") == 0)
        return keep("UTF8", ret, err);
    if (strcmp(plain, "sqlascii") == 0 || strncmp(plain, "latin", 5) == 0 ||
        strncmp(plain, "win", 3) == 0 || strncmp(plain, "iso", 3) == 0)
        return err_set(err, SQLSTATE_FEATURE_NOT_SUPPORTED,
                       "client_encoding %s is not supported by the store", value);
    return bad_value(v, value, err);
}

static int check_datestyle(const struct guc_value *v, const char *value, char **ret,
                           struct err *err)
{
    struct guc_datestyle style = {0};
    char text[32], bad[32];
    (void)guc_datestyle_read(v->text, &style, bad);
    if (guc_datestyle_read(value, &style, bad) < 0) {
        bad_value(v, value, err);
        err_detail(err,
                   bad[0] ? "Unrecognized key word: \"%s\"."
                          : "Conflicting \"datestyle\" specifications.",
                   bad);
        return -1;
    }
    guc_datestyle_print(&style, text, sizeof text);
    return keep(text, ret, err);
}

static int check_search_path(const struct guc_value *v, const char *value, char **ret,
                             struct err *err)
{
    char name[64];
    bool bad = false;
    for (const char *p = value; store_path_next(&p, name, &bad);)
        continue;
    if (bad) {
        bad_value(v, value, err);
        err_detail(err, "List syntax is invalid.");
        return -1;
    }
    return keep(value, ret, err);
}

static int check_special(struct store_conn *c, const struct guc_value *v, const char *value,
                         char **ret, struct err *err)
{
    const char *name = v->def->name;
    struct tx_options o = {0};
    if (strcmp(name, "client_encoding") == 0)
        return check_encoding(v, value, ret, err);
    if (strcmp(name, "DateStyle") == 0)
        return check_datestyle(v, value, ret, err);
    if (strcmp(name, "role") == 0)
        return check_role(c, value, ret, err);
    if (strcmp(name, "search_path") == 0)
        return check_search_path(v, value, ret, err);
    if (strcmp(name, "TimeZone") == 0) {
        if (guc_zone_set(&c->context.types, value, err) < 0)
            return -1;
        return keep(c->context.types.timezone, ret, err);
    }
    if (strcmp(name, "transaction_isolation") == 0) {
        char *canonical;
        if (check_known(v, name, value, &canonical, err) < 0)
            return -1;
        free(canonical);
        o.level_given = true;
        o.repeatable =
            strcasecmp(value, "repeatable read") == 0 || strcasecmp(value, "serializable") == 0;
        if (!o.repeatable && strcasecmp(value, "read committed") != 0 &&
            strcasecmp(value, "read uncommitted") != 0)
            return bad_value(v, value, err);
        return tx_set(c, &o, err) < 0 ? -1 : keep(value, ret, err);
    }
    if (check_bool(v, value, ret, err) < 0)
        return -1;
    if (strcmp(name, "transaction_read_only") == 0) {
        o.read_only_given = true;
        o.read_only = strcmp(*ret, "on") == 0;
        if (tx_set(c, &o, err) < 0) {
            free(*ret);
            return -1;
        }
    }
    return 0;
}

static int check_fixed(const struct guc_value *v, const char *value, struct err *err)
{
    struct guc_known k;
    if (strcmp(v->def->name, "session_authorization") == 0)
        return err_set(err, SQLSTATE_INVALID_PARAMETER_VALUE, "role \"%s\" does not exist", value);
    if (guc_known_find(v->def->name, &k) && guc_known_may(&k, err) < 0)
        return -1;
    return err_set(err, "55P02", "parameter \"%s\" cannot be changed", v->def->name);
}

int guc_check(struct store_conn *c, const struct guc_value *v, const char *name, const char *value,
              char **ret, struct err *err)
{
    if (!v->def)
        return keep(value, ret, err);
    switch (v->def->kind) {
    case GUC_BOOL:
    case GUC_INT:
    case GUC_MS:
    case GUC_CHOICE:
    case GUC_KNOWN:
        return check_known(v, name, value, ret, err);
    case GUC_SPECIAL:
        return check_special(c, v, value, ret, err);
    case GUC_FIXED:
        return check_fixed(v, value, err);
    case GUC_STRING:
        break;
    }
    return keep(value, ret, err);
}
