/* functions_rows.h: aggregates that keep their rows and sort them: functions_aggregate.c does it.
 *
 * After an aggregate's own arguments come, with ORDER BY, a text with a digit for each key and the
 * keys themselves. */
#pragma once

#include "daemon/store/functions_impl.h"

struct row {
    sqlite3_value **values;
};

struct rows {
    struct row *rows;
    size_t n, cap;
    size_t bytes; /* about so many are kept */
    int argc;
    bool failed;
    bool shown; /* of a window: they stay when their value has been told */
};

void functions_rows_step(sqlite3_context *ctx, int argc, sqlite3_value **argv);
/* The rows, sorted if ORDER BY came after the ${own} arguments, to be freed; NULL: no rows, or an
 * error is set. */
struct rows *functions_rows(sqlite3_context *ctx, int own);
void functions_rows_free(struct rows *r);
/* Are the keys of two rows equal? */
bool functions_rows_equal(sqlite3_context *ctx, const struct rows *r, size_t a, size_t b, int own);
