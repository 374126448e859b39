/* functions_array_edit.c: arrays with more in them, or less: append, ||, array_fill, trim_array. */
#include "daemon/store/functions_array.h"

#include <stdio.h>

/* -- one element more -- */

/* pgf_array_append(type, array, element), pgf_array_prepend: NULL is an empty array */
static void add(sqlite3_context *ctx, sqlite3_value **argv, bool before)
{
    uint32_t type = functions_oid(argv[0]);
    struct array a, out;
    array_init(&a);
    if (!functions_is_null(argv[1]) && !array_load(ctx, argv[1], type, &a))
        return;
    if (a.ndim > 1) {
        functions_fail(ctx, "22000", "argument must be empty or one-dimensional array");
        array_release(&a);
        return;
    }
    int32_t lower = a.ndim == 1 ? a.lower[0] : 1;
    array_init(&out);
    bool ok = !before || array_add_value(ctx, array_element_type(ctx, type), argv[2], &out);
    for (size_t i = 0; i < a.n; i++)
        array_add(&out, array_item(&a, i));
    ok = ok && (before || array_add_value(ctx, array_element_type(ctx, type), argv[2], &out));
    array_flat(&out);
    out.lower[0] = lower;
    array_release(&a);
    if (ok)
        array_result(ctx, &out);
    else
        array_release(&out);
}

static void fn_append(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    (void)argc;
    add(ctx, argv, false);
}

static void fn_prepend(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    (void)argc;
    add(ctx, argv, true);
}

/* -- || of arrays -- */

/* Do the dimensions of ${a} from ${from} on equal those of ${b} from ${to} on? */
static bool same_dims(const struct array *a, int from, const struct array *b, int to)
{
    for (int i = from, k = to; i < a->ndim && k < b->ndim; i++, k++)
        if (a->dims[i] != b->dims[k] || a->lower[i] != b->lower[k])
            return false;
    return true;
}

static bool incompatible(sqlite3_context *ctx, const char *detail, int n, int m)
{
    functions_fail(ctx, "2202E", "cannot concatenate incompatible arrays");
    if (detail != NULL)
        err_detail(&functions_context(ctx)->raised, "%s", detail);
    else
        err_detail(&functions_context(ctx)->raised,
                   "Arrays of %d and %d dimensions are not compatible for concatenation.", n, m);
    functions_raised(ctx);
    return false;
}

static bool concatenated_dims(sqlite3_context *ctx, const struct array *a, const struct array *b,
                              struct array *out)
{
    const struct array *more = a->ndim >= b->ndim ? a : b;
    out->ndim = more->ndim;
    memcpy(out->dims, more->dims, sizeof(out->dims));
    memcpy(out->lower, more->lower, sizeof(out->lower));
    if (a->ndim - b->ndim > 1 || b->ndim - a->ndim > 1)
        return incompatible(ctx, NULL, a->ndim, b->ndim);
    if (a->ndim == b->ndim) {
        out->dims[0] += b->dims[0];
        return same_dims(a, 1, b, 1) ||
               incompatible(ctx,
                            "Arrays with differing element dimensions are not compatible for "
                            "concatenation.",
                            0, 0);
    }
    out->dims[0]++;
    return same_dims(a, a->ndim > b->ndim, b, b->ndim > a->ndim) ||
           incompatible(
               ctx, "Arrays with differing dimensions are not compatible for concatenation.", 0, 0);
}

static void concatenate(sqlite3_context *ctx, const struct array *a, const struct array *b)
{
    struct array out;
    array_init(&out);
    if (!concatenated_dims(ctx, a, b, &out)) {
        array_release(&out);
        return;
    }
    for (size_t i = 0; i < a->n; i++)
        array_add(&out, array_item(a, i));
    for (size_t i = 0; i < b->n; i++)
        array_add(&out, array_item(b, i));
    if (out.failed || out.n > ARRAY_MAX_ITEMS) {
        array_too_large(ctx);
        array_release(&out);
        return;
    }
    array_result(ctx, &out);
}

/* pgf_array_cat(type, a, b) */
static void fn_cat(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    struct array a, b;
    (void)argc;
    if (functions_is_null(argv[1]) || functions_is_null(argv[2])) {
        sqlite3_result_value(ctx, argv[functions_is_null(argv[1]) ? 2 : 1]);
        return;
    }
    if (!array_load(ctx, argv[1], functions_oid(argv[0]), &a))
        return;
    if (!array_load(ctx, argv[2], functions_oid(argv[0]), &b)) {
        array_release(&a);
        return;
    }
    if (a.ndim == 0 && b.ndim > 0)
        sqlite3_result_value(ctx, argv[2]);
    else if (b.ndim == 0)
        sqlite3_result_value(ctx, argv[1]);
    else
        concatenate(ctx, &a, &b);
    array_release(&a);
    array_release(&b);
}

/* -- array_fill, trim_array -- */

/* An array of at most six integers; false: an error is set. */
static bool small_list(sqlite3_context *ctx, sqlite3_value *v, int32_t *ret, int *ret_n)
{
    struct array a;
    if (!array_load(ctx, v, 0, &a))
        return false;
    bool nulls = false, fits = a.ndim <= 1;
    for (size_t i = 0; i < a.n; i++)
        nulls = nulls || a.items[i].null;
    for (size_t i = 0; i < a.n && i < ARRAY_DIMENSIONS && !nulls; i++) {
        char number[24] = "";
        struct slice text = array_item(&a, i);
        memcpy(number, text.data, text.len < 23 ? text.len : 23);
        int value = 0;
        (void)sscanf(number, "%d", &value);
        ret[i] = value;
    }
    *ret_n = (int)a.n;
    array_release(&a);
    if (!fits) {
        array_wrong_subscripts(ctx);
        err_detail(&functions_context(ctx)->raised, "Dimension array must be one dimensional.");
        functions_raised(ctx);
    } else if (nulls) {
        functions_fail(ctx, "22004", "dimension values cannot be null");
    } else if (*ret_n > ARRAY_DIMENSIONS) {
        functions_fail(ctx, SQLSTATE_PROGRAM_LIMIT_EXCEEDED,
                       "number of array dimensions (%d) exceeds the maximum allowed (%d)", *ret_n,
                       ARRAY_DIMENSIONS);
        return false;
    }
    return fits && !nulls;
}

/* pgf_array_fill(element type, value, dimensions [, lower bounds]) */
static void fn_fill(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    struct array out;
    int n = 0;
    array_init(&out);
    for (int d = 0; d < ARRAY_DIMENSIONS; d++)
        out.lower[d] = 1;
    if (functions_is_null(argv[2]) || (argc > 3 && functions_is_null(argv[3]))) {
        functions_fail(ctx, "22004", "dimension array or low bound array cannot be null");
        return;
    }
    if (!small_list(ctx, argv[2], out.dims, &out.ndim))
        return;
    if (argc > 3 && !small_list(ctx, argv[3], out.lower, &n))
        return;
    if (argc > 3 && n != out.ndim) {
        array_wrong_subscripts(ctx);
        err_detail(&functions_context(ctx)->raised,
                   "Low bound array has different size than dimensions array.");
        functions_raised(ctx);
        return;
    }
    int64_t items = array_count(out.ndim, out.dims);
    if (items < 0 || items > 10000000) {
        array_too_large(ctx);
        return;
    }
    bool ok = true;
    for (int64_t i = 0; ok && i < items; i++)
        ok = array_add_value(ctx, functions_oid(argv[0]), argv[1], &out);
    if (ok)
        array_result(ctx, &out);
    else
        array_release(&out);
}

/* pgf_trim_array(type, array, n) */
static void fn_trim(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    struct array a, out;
    if (functions_null(argc, argv) || !array_load(ctx, argv[1], functions_oid(argv[0]), &a))
        return;
    int64_t n = sqlite3_value_int64(argv[2]), length = a.ndim > 0 ? a.dims[0] : 0;
    if (n < 0 || n > length) {
        functions_fail(ctx, "2202E", "number of elements to trim must be between 0 and %lld",
                       (long long)length);
        array_release(&a);
        return;
    }
    array_init(&out);
    size_t keep = length > 0 ? a.n / (size_t)length * (size_t)(length - n) : 0;
    for (size_t i = 0; i < keep; i++)
        array_add(&out, array_item(&a, i));
    out.ndim = a.ndim;
    memcpy(out.dims, a.dims, sizeof(out.dims));
    out.dims[0] = (int32_t)(length - n);
    for (int d = 0; d < ARRAY_DIMENSIONS; d++)
        out.lower[d] = 1;
    array_release(&a);
    array_result(ctx, &out);
}

const struct function_row functions_array_edit_rows[] = {
    {"pgf_array_append", 3, true, fn_append, NULL, NULL},
    {"pgf_array_prepend", 3, true, fn_prepend, NULL, NULL},
    {"pgf_array_cat", 3, true, fn_cat, NULL, NULL},
    {"pgf_array_fill", -1, true, fn_fill, NULL, NULL},
    {"pgf_trim_array", 3, true, fn_trim, NULL, NULL},
};
const size_t functions_array_edit_n =
    sizeof(functions_array_edit_rows) / sizeof(functions_array_edit_rows[0]);
