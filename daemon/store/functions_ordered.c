/* functions_ordered.c: aggregates that look at their rows in order: percentiles, mode.
 *
 * Rows are kept and sorted by functions_aggregate.c. */
#include "daemon/store/functions_rows.h"

#include <math.h>

/* Rows whose value [${column}] is not NULL move to the front: how many. */
static size_t present(struct rows *r, int column)
{
    size_t n = 0;
    for (size_t k = 0; k < r->n; k++) {
        struct row row = r->rows[k];
        if (functions_is_null(row.values[column]))
            continue;
        r->rows[k] = r->rows[n];
        r->rows[n++] = row;
    }
    return n;
}

/* The fraction asked for; false: NULL, or the statement has failed. */
static bool fraction(sqlite3_context *ctx, const struct rows *r, double *ret)
{
    sqlite3_value *v = r->rows[0].values[0];
    if (functions_is_null(v))
        return false;
    *ret = functions_real(v);
    if (*ret >= 0 && *ret <= 1)
        return true;
    functions_fail(ctx, SQLSTATE_NUMERIC_VALUE_OUT_OF_RANGE,
                   "percentile value %g is not between 0 and 1", *ret);
    return false;
}

static void cont_final(sqlite3_context *ctx)
{
    struct rows *r = functions_rows(ctx, 2);
    double p;
    if (r == NULL)
        return;
    size_t n = 0;
    if (fraction(ctx, r, &p) && (n = present(r, 1)) > 0) {
        double place = p * (double)(n - 1);
        size_t low = (size_t)floor(place), high = (size_t)ceil(place);
        double a = functions_real(r->rows[low].values[1]),
               b = functions_real(r->rows[high].values[1]);
        functions_result_real(ctx, low == high ? a : a + (place - (double)low) * (b - a));
    }
    functions_rows_free(r);
}

static void disc_final(sqlite3_context *ctx)
{
    struct rows *r = functions_rows(ctx, 2);
    double p;
    if (r == NULL)
        return;
    size_t n = 0;
    if (fraction(ctx, r, &p) && (n = present(r, 1)) > 0) {
        size_t place = (size_t)ceil(p * (double)n);
        sqlite3_result_value(ctx, r->rows[place > 0 ? place - 1 : 0].values[1]);
    }
    functions_rows_free(r);
}

/* Of the values that come most often the first. */
static void mode_final(sqlite3_context *ctx)
{
    struct rows *r = functions_rows(ctx, 1);
    if (r == NULL)
        return;
    size_t n = present(r, 0), best = 0, best_count = 0;
    for (size_t k = 0, count = 0; k < n; k++) {
        count = k > 0 && functions_rows_equal(ctx, r, k - 1, k, 1) ? count + 1 : 1;
        if (count > best_count) {
            best = k;
            best_count = count;
        }
    }
    if (n > 0)
        sqlite3_result_value(ctx, r->rows[best].values[0]);
    functions_rows_free(r);
}

const struct function_row functions_ordered_rows[] = {
    {"pgf_percentile_cont_agg", -1, true, NULL, functions_rows_step, cont_final},
    {"pgf_percentile_disc_agg", -1, true, NULL, functions_rows_step, disc_final},
    {"pgf_mode_agg", -1, true, NULL, functions_rows_step, mode_final},
};
const size_t functions_ordered_n =
    sizeof(functions_ordered_rows) / sizeof(functions_ordered_rows[0]);
