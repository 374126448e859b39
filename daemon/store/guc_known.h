/* guc_known.h: all settings of PostgreSQL 15, as its pg_settings tells of them: what kind they are,
 * who may set them to what.  Those that guc.c does something about are there once more. */
#pragma once

#include "protocol/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum guc_type { GUC_TYPE_BOOL, GUC_TYPE_INT, GUC_TYPE_REAL, GUC_TYPE_ENUM, GUC_TYPE_STRING };

struct guc_known {
    char name[64], setting[512], unit[8], context[24], choices[512], description[256];
    double min, max;
    enum guc_type type;
};

/* By name, in any case; false: there is none, or superusers alone may see it. */
bool guc_known_find(const char *name, struct guc_known *ret);
/* The i-th, by name; false: no more. */
bool guc_known_at(size_t i, struct guc_known *ret);
/* May a session change it?  -1: 55P02, 42501. */
int guc_known_may(const struct guc_known *k, struct err *err) MUSTCHECK;
/* ${value} as SHOW prints it, malloc'd into ${ret}.  -1: 22023. */
int guc_known_check(const struct guc_known *k, const char *value, char **ret,
                    struct err *err) MUSTCHECK;
/* As SHOW prints ${setting}, a number of units, into ${ret}[64]; and back, as pg_settings has it. */
void guc_known_show(const struct guc_known *k, const char *setting, char *ret, size_t size);
void guc_known_raw(const struct guc_known *k, const char *shown, char *ret, size_t size);

/* Simple identifiers with dots between them. */
bool guc_is_custom_name(const char *name);
/* -- guc_zone.c: a zone's name, hours ("-3.5"), or INTERVAL '...' as SET TIME ZONE leaves it.  -1:
 * 22023. */
#define GUC_ZONE_BYTES 64
struct types_session;
int guc_zone_set(struct types_session *s, const char *value, struct err *err) MUSTCHECK;
/* "5s", "100", "1min" -> milliseconds; -1: not a time. */
int64_t guc_parse_ms(const char *value);
/* Is ${value} one of "a|b|c"? */
bool guc_is_choice(const char *choices, const char *value);
/* Settings that have no effect at their defaults, and cannot be had otherwise. */
bool guc_is_unchangeable(const char *name);
/* The next word of a list, quotes taken off; false: no more. */
bool guc_next_word(const char **p, char *word, size_t size);
/* restrict_nonsystem_relation_kind: may views of the user's not be read?  ${bad}: a word that is none
 * of its, or "". */
bool guc_restricts_views(const char *value, char bad[64]);
