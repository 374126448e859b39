/* builtin.h: the facts of PostgreSQL 15's own catalog: builtin_relations.inc (relations of the
 * system and their columns) and builtin_rows.tsv (rows of built-in objects).
 *
 * Constant.  The rows are text in the program; where each begins, and by which row a value of an
 * often asked column is found, is worked out once, the first time a table is asked for. */
#pragma once

#include "protocol/slice.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct builtin_line { /* a relation, then its columns */
    bool relation;
    uint32_t oid;       /* of the relation; of the column's type */
    const char *schema; /* NULL for a column */
    const char *name;
    char kind; /* pg_class.relkind; 0 for a column */
    int32_t typmod;
    int16_t len;
    int16_t attnum;
    bool not_null;
};
const struct builtin_line *builtin_lines(size_t *ret_n);

#define BUILTIN_COLUMNS_MAX 34
#define BUILTIN_KEYS_MAX    6

struct builtin_key { /* rows by the value of a column */
    size_t column;
    size_t distinct;
    const struct builtin_pair *pairs; /* by hash */
};

struct builtin_table {
    struct slice name;
    size_t ncolumns;
    struct slice columns[BUILTIN_COLUMNS_MAX];
    struct slice constants[BUILTIN_COLUMNS_MAX]; /* .data NULL: each row has its own */
    size_t nrows;
    const struct slice *rows;
    size_t nkeys;
    struct builtin_key keys[BUILTIN_KEYS_MAX];
};

/* All, or the one of that name; NULL: it has no rows, or is no such table. */
const struct builtin_table *builtin_tables(size_t *ret_n);
const struct builtin_table *builtin_table(const char *name);
/* Index of the column, or -1. */
int builtin_column(const struct builtin_table *t, const char *name);
/* A field as it is written; false: NULL.  With a backslash in it, builtin_unescape says what it
 * means. */
bool builtin_field(const struct builtin_table *t, size_t row, size_t column, struct slice *ret);
/* Into ${ret}, of at least text.len bytes; returns how many. */
size_t builtin_unescape(struct slice text, char *ret);
int64_t builtin_number(const struct builtin_table *t, size_t row, size_t column); /* NULL: 0 */

/* The rows whose key column has a hash, one after the other: *at begins as 0; false: no more. Other
 * values may have the same hash. */
uint32_t builtin_hash_number(int64_t value);
uint32_t builtin_hash_text(struct slice text);
bool builtin_next(const struct builtin_table *t, const struct builtin_key *key, uint32_t hash,
                  size_t *at, size_t *ret_row);
/* The key on ${column}, or NULL. */
const struct builtin_key *builtin_key(const struct builtin_table *t, size_t column);
/* The row whose number in ${column}, a key, is ${value}: false if there is none. */
bool builtin_row(const struct builtin_table *t, const char *column, int64_t value, size_t *ret);
