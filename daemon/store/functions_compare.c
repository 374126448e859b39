/* functions_compare.c: comparisons of types that SQLite does not order as PostgreSQL: compare.h. */
#include "daemon/store/compare.h"
#include "daemon/store/functions_impl.h"

static int compare(sqlite3_context *ctx, sqlite3_value *type, sqlite3_value *x, sqlite3_value *y)
{
    struct types_value a, b;
    functions_value(x, &a);
    functions_value(y, &b);
    return compare_values(functions_context(ctx)->types.set, (uint32_t)sqlite3_value_int64(type),
                          &a, &b);
}

/* pgf_compare(type, a, b): <0, 0, >0 */
static void fn_compare(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    if (!functions_null(argc, argv))
        sqlite3_result_int(ctx, compare(ctx, argv[0], argv[1], argv[2]));
}

/* pgf_greatest_of(type, values ...), without NULLs */
static void extreme(sqlite3_context *ctx, int argc, sqlite3_value **argv, int sign)
{
    int best = -1;
    for (int i = 1; i < argc; i++)
        if (sqlite3_value_type(argv[i]) != SQLITE_NULL &&
            (best < 0 || compare(ctx, argv[0], argv[i], argv[best]) * sign > 0))
            best = i;
    if (best >= 0)
        sqlite3_result_value(ctx, argv[best]);
}

static void fn_greatest(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    extreme(ctx, argc, argv, 1);
}

static void fn_least(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    extreme(ctx, argc, argv, -1);
}

/* -- max and min: (type, value), or with DISTINCT (type, value, 1) -- */

/* Of equal ones that look different, such as 1.0 and 1.00, the last is kept; DISTINCT has left the
 * first. */
static void keep(sqlite3_context *ctx, int argc, sqlite3_value **argv, int sign)
{
    sqlite3_value **best = sqlite3_aggregate_context(ctx, sizeof(*best));
    if (best == NULL || sqlite3_value_type(argv[1]) == SQLITE_NULL)
        return;
    int better = *best == NULL ? 1 : compare(ctx, argv[0], argv[1], *best) * sign;
    if (better < 0 || (better == 0 && argc == 3))
        return;
    sqlite3_value_free(*best);
    *best = sqlite3_value_dup(argv[1]);
    if (*best == NULL)
        sqlite3_result_error_nomem(ctx);
}

static void max_step(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    keep(ctx, argc, argv, 1);
}

static void min_step(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    keep(ctx, argc, argv, -1);
}

static void kept_final(sqlite3_context *ctx)
{
    sqlite3_value **best = sqlite3_aggregate_context(ctx, 0);
    if (best == NULL || *best == NULL)
        return;
    sqlite3_result_value(ctx, *best);
    sqlite3_value_free(*best);
}

const struct function_row functions_compare_rows[] = {
    {"pgf_compare", 3, true, fn_compare, NULL, NULL},
    {"pgf_greatest_of", -1, true, fn_greatest, NULL, NULL},
    {"pgf_least_of", -1, true, fn_least, NULL, NULL},
    {"pgf_max_of", -1, true, NULL, max_step, kept_final},
    {"pgf_min_of", -1, true, NULL, min_step, kept_final},
};
const size_t functions_compare_n =
    sizeof(functions_compare_rows) / sizeof(functions_compare_rows[0]);
