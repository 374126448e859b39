/* functions_array_assign.c: assignment to elements and slices: SET a[2] = 5, a[3:4] = '{1,2}'. */
#include "daemon/store/functions_array.h"

#include <limits.h>

static const char out_of_range[] = "array subscript out of range";

/* ${a} with room for [low, high]: one dimension. */
static bool widen(sqlite3_context *ctx, const struct array *a, int64_t low, int64_t high,
                  struct array *out)
{
    int64_t first = a->lower[0], last = first + a->dims[0] - 1;
    int64_t from = low < first ? low : first, to = high > last ? high : last;
    if (to - from + 1 > 10000000 || to > INT32_MAX - 1) {
        array_too_large(ctx);
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
    uint32_t type = functions_oid(argv[0]);
    int n = argc - 3;
    struct array a, wide, value;
    size_t at = 0;
    array_init(&a);
    array_init(&wide);
    array_init(&value);
    for (int i = 3; i < argc; i++)
        if (functions_is_null(argv[i])) {
            functions_fail(ctx, "22004", "array subscript in assignment must not be null");
            return;
        }
    if (!functions_is_null(argv[1]) && !array_load(ctx, argv[1], type, &a))
        return;
    if (!array_add_value(ctx, array_element_type(ctx, type), argv[2], &value))
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
        array_wrong_subscripts(ctx);
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
        array_too_large(ctx);
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
        array_wrong_subscripts(ctx);
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
    uint32_t type = functions_oid(argv[0]);
    const char *given = (const char *)sqlite3_value_text(argv[3]);
    struct span s = {.n = (argc - 4) / 2};
    struct array a, source;
    if (given == NULL || s.n > ARRAY_DIMENSIONS)
        return;
    for (int i = 0; i < argc - 4; i++) {
        if (given[i] != ' ' && functions_is_null(argv[i + 4])) {
            functions_fail(ctx, "22004", "array subscript in assignment must not be null");
            return;
        }
        *(i % 2 == 0 ? &s.low[i / 2] : &s.high[i / 2]) = sqlite3_value_int64(argv[i + 4]);
    }
    if (functions_is_null(argv[2])) { /* nothing to assign */
        if (functions_is_null(argv[1]))
            functions_result_text(ctx, "[]", 2);
        else
            sqlite3_result_value(ctx, argv[1]);
        return;
    }
    array_init(&a);
    if (!functions_is_null(argv[1]) && !array_load(ctx, argv[1], type, &a))
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

const struct function_row functions_array_assign_rows[] = {
    {"pgf_array_set", -1, true, fn_set, NULL, NULL},
    {"pgf_array_set_slice", -1, true, fn_set_slice, NULL, NULL},
};
const size_t functions_array_assign_n =
    sizeof(functions_array_assign_rows) / sizeof(functions_array_assign_rows[0]);
