/* functions_total.c: exact sum() and avg(), of bigint and numeric, also in windows. */
#include "daemon/store/functions_impl.h"

#include <stdlib.h>

struct total {
    int64_t n;
    bool has_decimals;
    __int128 whole; /* of integers */
    struct decimal sum;
    bool nan, above, below; /* there were NaN and infinities */
    bool failed;
};

static void total_text(struct total *t, struct slice text)
{
    struct decimal one, sum;
    if (!decimal_parse(text, &one)) {
        t->failed = true;
        return;
    }
    if (decimal_special(&one)) {
        t->nan = t->nan || one.nan;
        t->above = t->above || (one.infinite && !one.negative);
        t->below = t->below || (one.infinite && one.negative);
        decimal_free(&one);
        return;
    }
    if (!t->has_decimals) {
        t->has_decimals = true;
        t->sum = one;
        return;
    }
    t->failed = t->failed || !decimal_add(&t->sum, &one, false, &sum);
    decimal_free(&one);
    if (!t->failed) {
        decimal_free(&t->sum);
        t->sum = sum;
    }
}

/* SQLite's memory is aligned for 8 bytes, an __int128 wants 16: so the context holds a pointer. */
static struct total *total_of(sqlite3_context *ctx)
{
    struct total **slot = sqlite3_aggregate_context(ctx, sizeof(*slot));
    if (slot != NULL && *slot == NULL)
        *slot = calloc(1, sizeof(**slot));
    if (slot == NULL || *slot == NULL) {
        sqlite3_result_error_nomem(ctx);
        return NULL;
    }
    return *slot;
}

static void total_step(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    struct total *t = functions_null(argc, argv) ? NULL : total_of(ctx);
    if (t == NULL)
        return;
    t->n++;
    if (sqlite3_value_type(argv[0]) == SQLITE_INTEGER)
        t->whole += sqlite3_value_int64(argv[0]);
    else
        total_text(t, functions_slice(argv[0]));
}

static size_t print_int128(__int128 v, char ret[48])
{
    unsigned __int128 u = v < 0 ? -(unsigned __int128)v : (unsigned __int128)v;
    char *p = ret + 47;
    *p = '\0';
    do {
        *--p = (char)('0' + (int)(u % 10));
        u /= 10;
    } while (u != 0);
    if (v < 0)
        *--p = '-';
    size_t len = (size_t)(ret + 47 - p);
    memmove(ret, p, len + 1);
    return len;
}

/* The value so far; it stays as it is. */
static void total_value(sqlite3_context *ctx, struct total *t, bool average)
{
    struct decimal count, result = {.n = 0};
    struct buf out;
    char text[48];
    if (t->n == 0)
        return;
    if (t->nan || t->above || t->below) {
        functions_result_special(ctx, t->nan || (t->above && t->below) ? 0 : t->above ? 1 : -1);
        return;
    }
    if (!t->has_decimals) {
        decimal_free(&t->sum);
        t->failed = !decimal_parse((struct slice){text, print_int128(t->whole, text)}, &t->sum);
    }
    functions_buf(&out);
    if (!t->failed && average) {
        bool ok = decimal_parse((struct slice){text, print_int128(t->n, text)}, &count) &&
                  decimal_div(&t->sum, &count, -1, false, &result);
        t->failed = !ok;
        decimal_print(&result, &out);
        decimal_free(&count);
        decimal_free(&result);
    } else if (!t->failed) {
        decimal_print(&t->sum, &out);
    }
    if (t->failed) {
        functions_fail(ctx, SQLSTATE_NUMERIC_VALUE_OUT_OF_RANGE, "value overflows numeric format");
        buf_release(&out);
    } else {
        functions_finish(ctx, &out);
    }
}

static struct total *total_now(sqlite3_context *ctx)
{
    struct total **slot = sqlite3_aggregate_context(ctx, 0);
    return slot == NULL ? NULL : *slot;
}

static void total_final(sqlite3_context *ctx, bool average)
{
    struct total *t = total_now(ctx);
    if (t == NULL)
        return;
    total_value(ctx, t, average);
    decimal_free(&t->sum);
    free(t);
}

static void sum_final(sqlite3_context *ctx)
{
    total_final(ctx, false);
}

static void avg_final(sqlite3_context *ctx)
{
    total_final(ctx, true);
}

/* -- in windows -- */

static void sum_value(sqlite3_context *ctx)
{
    struct total *t = total_now(ctx);
    if (t != NULL)
        total_value(ctx, t, false);
}

static void avg_value(sqlite3_context *ctx)
{
    struct total *t = total_now(ctx);
    if (t != NULL)
        total_value(ctx, t, true);
}

/* A row leaves the frame.  Of decimals the scale of the sum could not be told any more. */
static void total_inverse(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    struct total *t = functions_null(argc, argv) ? NULL : total_of(ctx);
    if (t == NULL)
        return;
    t->n--;
    if (t->has_decimals)
        functions_fail(ctx, SQLSTATE_FEATURE_NOT_SUPPORTED,
                       "a moving frame over numeric is not supported by the embedded store");
    else
        t->whole -= sqlite3_value_int64(argv[0]);
}

int functions_total_register(struct sqlite3 *db, struct store_context *context)
{
    int flags = SQLITE_UTF8 | SQLITE_INNOCUOUS | SQLITE_DETERMINISTIC;
    int rc = sqlite3_create_window_function(db, "pgf_sum_numeric", 1, flags, context, total_step,
                                            sum_final, sum_value, total_inverse, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_create_window_function(db, "pgf_avg_numeric", 1, flags, context, total_step,
                                            avg_final, avg_value, total_inverse, NULL);
    return rc;
}
