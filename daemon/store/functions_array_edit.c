/* functions_array_edit.c: arrays changed, searched and compared; see array.h. */
#include "daemon/store/compare.h"
#include "daemon/store/functions_array.h"

#include <limits.h>
#include <stdio.h>

static bool is_null(sqlite3_value *v)
{
    return sqlite3_value_type(v) == SQLITE_NULL;
}

static uint32_t oid_of(sqlite3_value *v)
{
    return (uint32_t)sqlite3_value_int64(v);
}

static uint32_t element_type(sqlite3_context *ctx, uint32_t type)
{
    const struct types_info *info = types_find(functions_context(ctx)->types.set, type);
    return info != NULL ? info->elem : 0;
}

static void wrong_subscripts(sqlite3_context *ctx)
{
    functions_fail(ctx, "2202E", "wrong number of array subscripts");
}

static void too_large(sqlite3_context *ctx)
{
    functions_fail(ctx, SQLSTATE_PROGRAM_LIMIT_EXCEEDED,
                   "array size exceeds the maximum allowed (%d)", ARRAY_MAX_ITEMS);
}

/* -- one element more -- */

/* pgf_array_append(type, array, element), pgf_array_prepend: NULL is an empty array */
static void add(sqlite3_context *ctx, sqlite3_value **argv, bool before)
{
    uint32_t type = oid_of(argv[0]);
    struct array a, out;
    array_init(&a);
    if (!is_null(argv[1]) && !array_load(ctx, argv[1], type, &a))
        return;
    if (a.ndim > 1) {
        functions_fail(ctx, "22000", "argument must be empty or one-dimensional array");
        array_release(&a);
        return;
    }
    int32_t lower = a.ndim == 1 ? a.lower[0] : 1;
    array_init(&out);
    bool ok = !before || array_add_value(ctx, element_type(ctx, type), argv[2], &out);
    for (size_t i = 0; i < a.n; i++)
        array_add(&out, array_item(&a, i));
    ok = ok && (before || array_add_value(ctx, element_type(ctx, type), argv[2], &out));
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
        too_large(ctx);
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
    if (is_null(argv[1]) || is_null(argv[2])) {
        sqlite3_result_value(ctx, argv[is_null(argv[1]) ? 2 : 1]);
        return;
    }
    if (!array_load(ctx, argv[1], oid_of(argv[0]), &a))
        return;
    if (!array_load(ctx, argv[2], oid_of(argv[0]), &b)) {
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

/* -- searching -- */

static bool same(sqlite3_context *ctx, uint32_t element, struct slice a, struct slice b)
{
    if (a.data == NULL || b.data == NULL)
        return a.data == b.data;
    return compare_elements(functions_context(ctx)->types.set, element, a, b) == 0;
}

/* The value to look for, as an element's text (data NULL: NULL) in ${text}. */
static bool wanted(sqlite3_context *ctx, uint32_t element, sqlite3_value *v, struct buf *text,
                   struct slice *ret)
{
    functions_buf(text);
    if (!array_value_text(ctx, element, v, text)) {
        buf_release(text);
        return false;
    }
    *ret = buf_peek(text);
    if (is_null(v))
        ret->data = NULL;
    else if (ret->data == NULL)
        *ret = (struct slice){"", 0};
    return true;
}

/* (type, array, element): load both; false: NULL, or an error is set. */
static bool search(sqlite3_context *ctx, sqlite3_value **argv, const char *refused, struct array *a,
                   struct buf *text, struct slice *ret)
{
    uint32_t type = oid_of(argv[0]);
    if (is_null(argv[1]) || !array_load(ctx, argv[1], type, a))
        return false;
    if (refused != NULL && a->ndim > 1) {
        functions_fail(ctx, SQLSTATE_FEATURE_NOT_SUPPORTED, "%s", refused);
        array_release(a);
        return false;
    }
    if (wanted(ctx, element_type(ctx, type), argv[2], text, ret))
        return true;
    array_release(a);
    return false;
}

static const char searching[] =
    "searching for elements in multidimensional arrays is not supported";

/* pgf_array_position(type, array, element, start) */
static void fn_position(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    uint32_t element = element_type(ctx, oid_of(argv[0]));
    struct array a;
    struct buf text;
    struct slice value;
    if (!search(ctx, argv, searching, &a, &text, &value))
        return;
    if (argc > 3 && is_null(argv[3])) {
        functions_fail(ctx, "22004", "initial position must not be null");
        goto done;
    }
    for (size_t i = 0; i < a.n; i++) {
        int64_t at = (int64_t)a.lower[0] + (int64_t)i;
        if (argc > 3 && at < sqlite3_value_int64(argv[3]))
            continue;
        if (same(ctx, element, array_item(&a, i), value)) {
            sqlite3_result_int64(ctx, at);
            break;
        }
    }
done:
    buf_release(&text);
    array_release(&a);
}

static void fn_positions(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    uint32_t element = element_type(ctx, oid_of(argv[0]));
    struct array a, out;
    struct buf text;
    struct slice value;
    (void)argc;
    if (!search(ctx, argv, searching, &a, &text, &value))
        return;
    array_init(&out);
    for (size_t i = 0; i < a.n; i++) {
        char number[24];
        if (!same(ctx, element, array_item(&a, i), value))
            continue;
        int len = snprintf(number, sizeof(number), "%lld", (long long)a.lower[0] + (long long)i);
        array_add(&out, (struct slice){number, (size_t)len});
    }
    array_flat(&out);
    buf_release(&text);
    array_release(&a);
    array_result(ctx, &out);
}

static void fn_remove(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    uint32_t element = element_type(ctx, oid_of(argv[0]));
    struct array a, out;
    struct buf text;
    struct slice value;
    (void)argc;
    if (!search(ctx, argv, "removing elements from multidimensional arrays is not supported", &a,
                &text, &value))
        return;
    array_init(&out);
    for (size_t i = 0; i < a.n; i++)
        if (!same(ctx, element, array_item(&a, i), value))
            array_add(&out, array_item(&a, i));
    array_flat(&out);
    out.lower[0] = a.lower[0];
    buf_release(&text);
    array_release(&a);
    array_result(ctx, &out);
}

/* pgf_array_replace(type, array, from, to) */
static void fn_replace(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    uint32_t element = element_type(ctx, oid_of(argv[0]));
    struct array a, out;
    struct buf text;
    struct slice value;
    bool ok = true;
    (void)argc;
    if (!search(ctx, argv, NULL, &a, &text, &value))
        return;
    array_init(&out);
    for (size_t i = 0; ok && i < a.n; i++) {
        if (same(ctx, element, array_item(&a, i), value))
            ok = array_add_value(ctx, element, argv[3], &out);
        else
            array_add(&out, array_item(&a, i));
    }
    out.ndim = a.ndim;
    memcpy(out.dims, a.dims, sizeof(out.dims));
    memcpy(out.lower, a.lower, sizeof(out.lower));
    buf_release(&text);
    array_release(&a);
    if (ok)
        array_result(ctx, &out);
    else
        array_release(&out);
}

/* -- @>, && -- */

static bool has(sqlite3_context *ctx, uint32_t element, const struct array *a, struct slice value)
{
    for (size_t i = 0; value.data != NULL && i < a->n; i++)
        if (!a->items[i].null && same(ctx, element, array_item(a, i), value))
            return true;
    return false;
}

/* Are all elements of the second in the first, or any? */
static void compare_sets(sqlite3_context *ctx, int argc, sqlite3_value **argv, bool all)
{
    uint32_t type = oid_of(argv[0]), element = element_type(ctx, type);
    struct array a, b;
    if (functions_null(argc, argv) || !array_load(ctx, argv[1], type, &a))
        return;
    if (!array_load(ctx, argv[2], type, &b)) {
        array_release(&a);
        return;
    }
    bool result = all;
    for (size_t i = 0; i < b.n && result == all; i++)
        result = has(ctx, element, &a, array_item(&b, i));
    sqlite3_result_int(ctx, result);
    array_release(&a);
    array_release(&b);
}

static void fn_contains(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    compare_sets(ctx, argc, argv, true);
}

static void fn_overlaps(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    compare_sets(ctx, argc, argv, false);
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
        wrong_subscripts(ctx);
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
    if (is_null(argv[2]) || (argc > 3 && is_null(argv[3]))) {
        functions_fail(ctx, "22004", "dimension array or low bound array cannot be null");
        return;
    }
    if (!small_list(ctx, argv[2], out.dims, &out.ndim))
        return;
    if (argc > 3 && !small_list(ctx, argv[3], out.lower, &n))
        return;
    if (argc > 3 && n != out.ndim) {
        wrong_subscripts(ctx);
        err_detail(&functions_context(ctx)->raised,
                   "Low bound array has different size than dimensions array.");
        functions_raised(ctx);
        return;
    }
    int64_t items = array_count(out.ndim, out.dims);
    if (items < 0 || items > 10000000) {
        too_large(ctx);
        return;
    }
    bool ok = true;
    for (int64_t i = 0; ok && i < items; i++)
        ok = array_add_value(ctx, oid_of(argv[0]), argv[1], &out);
    if (ok)
        array_result(ctx, &out);
    else
        array_release(&out);
}

/* pgf_trim_array(type, array, n) */
static void fn_trim(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    struct array a, out;
    if (functions_null(argc, argv) || !array_load(ctx, argv[1], oid_of(argv[0]), &a))
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

/* -- assignment to elements and slices -- */

static const char out_of_range[] = "array subscript out of range";

/* ${a} with room for [low, high]: one dimension. */
static bool widen(sqlite3_context *ctx, const struct array *a, int64_t low, int64_t high,
                  struct array *out)
{
    int64_t first = a->lower[0], last = first + a->dims[0] - 1;
    int64_t from = low < first ? low : first, to = high > last ? high : last;
    if (to - from + 1 > 10000000 || to > INT32_MAX - 1) {
        too_large(ctx);
        return false;
    }
    for (int64_t i = from; i <= to; i++)
        array_add(out, i < first || i > last ? (struct slice){NULL, 0}
                                             : array_item(a, (size_t)(i - first)));
    array_flat(out);
    out->lower[0] = (int32_t)from;
    return true;
}

/* ${a} again with the ${n} places at ${places} (ascending) taken from ${values}. */
static void rewrite(sqlite3_context *ctx, struct array *a, const size_t *places,
                    const struct array *values, size_t n)
{
    struct array out;
    size_t k = 0;
    array_init(&out);
    for (size_t i = 0; i < a->n; i++)
        if (k < n && places[k] == i)
            array_add(&out, array_item(values, k++));
        else
            array_add(&out, array_item(a, i));
    out.ndim = a->ndim;
    memcpy(out.dims, a->dims, sizeof(out.dims));
    memcpy(out.lower, a->lower, sizeof(out.lower));
    array_result(ctx, &out);
}

/* pgf_array_set(type, array, value, index ...) */
static void fn_set(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    uint32_t type = oid_of(argv[0]);
    int n = argc - 3;
    struct array a, wide, value;
    size_t at = 0;
    array_init(&a);
    array_init(&wide);
    array_init(&value);
    for (int i = 3; i < argc; i++)
        if (is_null(argv[i])) {
            functions_fail(ctx, "22004", "array subscript in assignment must not be null");
            return;
        }
    if (!is_null(argv[1]) && !array_load(ctx, argv[1], type, &a))
        return;
    if (!array_add_value(ctx, element_type(ctx, type), argv[2], &value))
        goto done;
    if (a.ndim == 0) {
        for (int d = 0; d < n; d++) {
            value.dims[d] = 1;
            value.lower[d] = (int32_t)sqlite3_value_int64(argv[3 + d]);
        }
        value.ndim = n;
        array_result(ctx, &value);
        goto done;
    }
    if (a.ndim != n) {
        wrong_subscripts(ctx);
        goto done;
    }
    int64_t first = sqlite3_value_int64(argv[3]);
    bool widens = n == 1 && (first < a.lower[0] || first >= (int64_t)a.lower[0] + a.dims[0]);
    if (widens && !widen(ctx, &a, first, first, &wide))
        goto done;
    struct array *target = widens ? &wide : &a;
    for (int d = 0; d < n; d++) {
        int64_t i = sqlite3_value_int64(argv[3 + d]) - target->lower[d];
        if (i < 0 || i >= target->dims[d]) {
            functions_fail(ctx, "2202E", "%s", out_of_range);
            goto done;
        }
        at = at * (size_t)target->dims[d] + (size_t)i;
    }
    rewrite(ctx, target, &at, &value, 1);
done:
    array_release(&a);
    array_release(&wide);
    array_release(&value);
}

/* A slice while it is assigned to. */
struct span {
    int64_t low[ARRAY_DIMENSIONS], high[ARRAY_DIMENSIONS];
    int n;
};

static void collect_places(const struct array *a, const struct span *s, int d, size_t at,
                           size_t *places, size_t *n)
{
    for (int64_t i = s->low[d]; i <= s->high[d]; i++) {
        size_t index = at * (size_t)a->dims[d] + (size_t)(i - a->lower[d]);
        if (d + 1 < a->ndim)
            collect_places(a, s, d + 1, index, places, n);
        else
            places[(*n)++] = index;
    }
}

static bool source_small(sqlite3_context *ctx)
{
    functions_fail(ctx, "2202E", "source array too small");
    return false;
}

/* An empty array: the slice is all there is. */
static bool slice_of_empty(sqlite3_context *ctx, const struct span *s, const char *given,
                           struct array *source)
{
    struct array out;
    array_init(&out);
    out.ndim = s->n;
    for (int d = 0; d < s->n; d++) {
        if (given[2 * d] == ' ' || given[2 * d + 1] == ' ') {
            functions_fail(ctx, "2202E", "array slice subscript must provide both boundaries");
            err_detail(&functions_context(ctx)->raised,
                       "When assigning to a slice of an empty array value, slice boundaries must "
                       "be fully specified.");
            functions_raised(ctx);
            return false;
        }
        int64_t length = s->high[d] - s->low[d] + 1;
        out.dims[d] = (int32_t)(length < -1 ? -1 : length > INT32_MAX ? INT32_MAX : length);
        out.lower[d] = (int32_t)s->low[d];
    }
    int64_t n = array_count(out.ndim, out.dims);
    if (n < 0) {
        too_large(ctx);
        return false;
    }
    if ((int64_t)source->n < n)
        return source_small(ctx);
    for (int64_t i = 0; i < n; i++)
        array_add(&out, array_item(source, (size_t)i));
    array_result(ctx, &out);
    return true;
}

static bool span_settle(sqlite3_context *ctx, const struct array *a, const char *given,
                        struct span *s)
{
    for (int d = 0; d < a->ndim; d++) {
        int64_t first = a->lower[d], last = first + a->dims[d] - 1;
        if (d >= s->n || given[2 * d] == ' ')
            s->low[d] = first;
        if (d >= s->n || given[2 * d + 1] == ' ')
            s->high[d] = last;
        if (s->low[d] > s->high[d]) {
            functions_fail(ctx, "2202E", "upper bound cannot be less than lower bound");
            return false;
        }
        if (a->ndim > 1 && (s->low[d] < first || s->high[d] > last)) {
            functions_fail(ctx, "2202E", "%s", out_of_range);
            return false;
        }
    }
    return true;
}

static void assign_slice(sqlite3_context *ctx, struct array *a, struct span *s, const char *given,
                         struct array *source)
{
    struct array wide;
    int64_t n = 1;
    size_t found = 0;
    if (a->ndim < s->n) {
        wrong_subscripts(ctx);
        return;
    }
    if (!span_settle(ctx, a, given, s))
        return;
    for (int d = 0; d < a->ndim; d++)
        n = n > ARRAY_MAX_ITEMS ? n : n * (s->high[d] - s->low[d] + 1);
    if ((int64_t)source->n < n) {
        (void)source_small(ctx);
        return;
    }
    array_init(&wide);
    size_t *places = sqlite3_malloc64(sizeof(places[0]) * (size_t)n);
    if (places == NULL)
        sqlite3_result_error_nomem(ctx);
    else if (a->ndim > 1 || widen(ctx, a, s->low[0], s->high[0], &wide)) {
        struct array *target = a->ndim > 1 ? a : &wide;
        collect_places(target, s, 0, 0, places, &found);
        rewrite(ctx, target, places, source, found);
    }
    sqlite3_free(places);
    array_release(&wide);
}

/* pgf_array_set_slice(type, array, source, given bounds as in pgf_array_slice, lower, upper ...) */
static void fn_set_slice(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    uint32_t type = oid_of(argv[0]);
    const char *given = (const char *)sqlite3_value_text(argv[3]);
    struct span s = {.n = (argc - 4) / 2};
    struct array a, source;
    if (given == NULL || s.n > ARRAY_DIMENSIONS)
        return;
    for (int i = 0; i < argc - 4; i++) {
        if (given[i] != ' ' && is_null(argv[i + 4])) {
            functions_fail(ctx, "22004", "array subscript in assignment must not be null");
            return;
        }
        *(i % 2 == 0 ? &s.low[i / 2] : &s.high[i / 2]) = sqlite3_value_int64(argv[i + 4]);
    }
    if (is_null(argv[2])) { /* nothing to assign */
        if (is_null(argv[1]))
            functions_result_text(ctx, "[]", 2);
        else
            sqlite3_result_value(ctx, argv[1]);
        return;
    }
    array_init(&a);
    if (!is_null(argv[1]) && !array_load(ctx, argv[1], type, &a))
        return;
    if (array_load(ctx, argv[2], type, &source)) {
        if (a.ndim == 0)
            (void)slice_of_empty(ctx, &s, given, &source);
        else
            assign_slice(ctx, &a, &s, given, &source);
        array_release(&source);
    }
    array_release(&a);
}

const struct function_row functions_array_edit_rows[] = {
    {"pgf_array_append", 3, true, fn_append, NULL, NULL},
    {"pgf_array_prepend", 3, true, fn_prepend, NULL, NULL},
    {"pgf_array_cat", 3, true, fn_cat, NULL, NULL},
    {"pgf_array_position", -1, true, fn_position, NULL, NULL},
    {"pgf_array_positions", 3, true, fn_positions, NULL, NULL},
    {"pgf_array_remove", 3, true, fn_remove, NULL, NULL},
    {"pgf_array_replace", 4, true, fn_replace, NULL, NULL},
    {"pgf_array_contains", 3, true, fn_contains, NULL, NULL},
    {"pgf_array_overlaps", 3, true, fn_overlaps, NULL, NULL},
    {"pgf_array_fill", -1, true, fn_fill, NULL, NULL},
    {"pgf_trim_array", 3, true, fn_trim, NULL, NULL},
    {"pgf_array_set", -1, true, fn_set, NULL, NULL},
    {"pgf_array_set_slice", -1, true, fn_set_slice, NULL, NULL},
};
const size_t functions_array_edit_n =
    sizeof(functions_array_edit_rows) / sizeof(functions_array_edit_rows[0]);
