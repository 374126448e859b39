/* builtin.h: the facts of builtin_relations.inc and builtin_rows.inc, read from a real
 * PostgreSQL 15. */
#pragma once

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

struct builtin_row {
    const char *table;  /* of pg_catalog */
    const char *values; /* SQLite literals of all columns */
};
const struct builtin_row *builtin_rows(size_t *ret_n);
