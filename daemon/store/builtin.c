#include "daemon/store/builtin.h"

#define RELATION(oid, schema, name, kind) {true, oid, schema, name, kind, -1, 0, 0, false},
#define COLUMN(name, type, typmod, len, attnum, not_null)                                          \
    {false, type, NULL, name, 0, typmod, len, attnum, not_null},
static const struct builtin_line lines[] = {
#include "daemon/store/builtin_relations.inc"
};

#define ROW(table, values) {table, values},
static const struct builtin_row rows[] = {
#include "daemon/store/builtin_rows.inc"
};

const struct builtin_line *builtin_lines(size_t *ret_n)
{
    *ret_n = sizeof lines / sizeof lines[0];
    return lines;
}

const struct builtin_row *builtin_rows(size_t *ret_n)
{
    *ret_n = sizeof rows / sizeof rows[0];
    return rows;
}
