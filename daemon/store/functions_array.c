/* functions_array.c: arrays made, read and taken apart; how they are stored: array.h. */
#include "daemon/store/functions_array.h"

#include <stdio.h>
#include <stdlib.h>

uint32_t array_element_type(sqlite3_context *ctx, uint32_t type)
{
    const struct types_info *info = types_find(functions_context(ctx)->types.set, type);
    return info != NULL ? info->elem : 0;
}

void array_wrong_subscripts(sqlite3_context *ctx)
{
    functions_fail(ctx, "2202E", "wrong number of array subscripts");
}

void array_too_large(sqlite3_context *ctx)
{
    functions_fail(ctx, SQLSTATE_PROGRAM_LIMIT_EXCEEDED,
                   "array size exceeds the maximum allowed (%d)", ARRAY_MAX_ITEMS);
}

int functions_element(struct store_context *c, uint32_t array_type, struct slice text,
                      struct buf *scratch, struct types_value *ret)
{
    const struct types_info *type = types_find(c->types.set, array_type);
    return types_element_in(&c->types, type != NULL ? type->elem : 0, text, scratch, ret,
                            &c->raised);
}

bool array_load(sqlite3_context *ctx, sqlite3_value *v, uint32_t type, struct array *a)
{
    if (array_parse(functions_slice(v), types_is_vector(type), a) == 0)
        return true;
    functions_fail(ctx, SQLSTATE_INTERNAL_ERROR, "a stored array is malformed");
    return false;
}

void array_result(sqlite3_context *ctx, struct array *a)
{
    struct buf out;
    functions_buf(&out);
    array_write(a, &out);
    array_release(a);
    functions_finish(ctx, &out);
}

bool array_value_text(sqlite3_context *ctx, uint32_t type, sqlite3_value *value, struct buf *text)
{
    struct store_context *c = functions_context(ctx);
    struct types_value v;
    functions_value(value, &v);
    buf_reset(text);
    if (v.kind == TYPES_KIND_NULL)
        return true;
    if (types_element_out(c->types.set, type, &v, text, &c->raised) < 0) {
        functions_raised(ctx);
        return false;
    }
    return true;
}

bool array_add_value(sqlite3_context *ctx, uint32_t type, sqlite3_value *value, struct array *a)
{
    struct buf text;
    functions_buf(&text);
    bool ok = array_value_text(ctx, type, value, &text);
    struct slice shown = buf_peek(&text);
    if (ok && sqlite3_value_type(value) == SQLITE_NULL)
        array_add(a, (struct slice){NULL, 0});
    else if (ok)
        array_add(a, shown.data != NULL ? shown : (struct slice){"", 0});
    buf_release(&text);
    return ok;
}

/* pgf_array(element type, elements ...) */
static void fn_array(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    struct array a;
    array_init(&a);
    for (int i = 1; i < argc; i++)
        if (!array_add_value(ctx, (uint32_t)sqlite3_value_int64(argv[0]), argv[i], &a)) {
            array_release(&a);
            return;
        }
    array_flat(&a);
    array_result(ctx, &a);
}

static void too_many_dimensions(sqlite3_context *ctx, int n)
{
    functions_fail(ctx, SQLSTATE_PROGRAM_LIMIT_EXCEEDED,
                   "number of array dimensions (%d) exceeds the maximum allowed (%d)", n,
                   ARRAY_DIMENSIONS);
}

bool array_nest(struct array *a, const struct array *b)
{
    if (a->ndim == 0) {
        a->ndim = b->ndim + 1;
        a->dims[0] = 0;
        a->lower[0] = 1;
        memcpy(a->dims + 1, b->dims, sizeof(a->dims[0]) * (size_t)b->ndim);
        memcpy(a->lower + 1, b->lower, sizeof(a->lower[0]) * (size_t)b->ndim);
    }
    if (a->ndim != b->ndim + 1)
        return false;
    for (int d = 0; d < b->ndim; d++)
        if (a->dims[d + 1] != b->dims[d] || a->lower[d + 1] != b->lower[d])
            return false;
    for (size_t i = 0; i < b->n; i++)
        array_add(a, array_item(b, i));
    a->dims[0]++;
    return true;
}

/* pgf_array_of(arrays ...): ARRAY[[...], ...].  NULLs and empty ones count as empty. */
static void fn_array_of(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    struct array a, b;
    bool empty = false, fits = true;
    array_init(&a);
    for (int i = 0; fits && i < argc; i++) {
        if (sqlite3_value_type(argv[i]) == SQLITE_NULL) {
            empty = true;
            continue;
        }
        if (!array_load(ctx, argv[i], 0, &b)) {
            array_release(&a);
            return;
        }
        bool deep = b.ndim >= ARRAY_DIMENSIONS;
        empty = empty || b.ndim == 0;
        fits = deep || b.ndim == 0 || array_nest(&a, &b);
        array_release(&b);
        if (deep) {
            too_many_dimensions(ctx, ARRAY_DIMENSIONS + 1);
            array_release(&a);
            return;
        }
    }
    if (!fits || (empty && a.ndim > 0)) {
        functions_fail(
            ctx, "2202E",
            "multidimensional arrays must have array expressions with matching dimensions");
        array_release(&a);
        return;
    }
    array_result(ctx, &a);
}

/* pgf_array_shape(array, flat array): the elements of one with the dimensions of the other */
static void fn_array_shape(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    struct array shape, a;
    if (sqlite3_value_type(argv[0]) == SQLITE_NULL)
        return;
    (void)argc;
    if (!array_load(ctx, argv[0], 0, &shape))
        return;
    if (shape.n == 0 || sqlite3_value_type(argv[1]) == SQLITE_NULL ||
        !array_load(ctx, argv[1], 0, &a)) {
        if (shape.n == 0)
            functions_result_text(ctx, "[]", 2);
        array_release(&shape);
        return;
    }
    if (a.n == shape.n) {
        a.ndim = shape.ndim;
        memcpy(a.dims, shape.dims, sizeof(a.dims));
        memcpy(a.lower, shape.lower, sizeof(a.lower));
    }
    array_release(&shape);
    array_result(ctx, &a);
}

/* pgf_array_vector(vector): int2vector as int2[] */
static void fn_array_vector(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    struct array a;
    if (!functions_null(argc, argv) && array_load(ctx, argv[0], TYPES_INT2VECTOR, &a))
        array_result(ctx, &a);
}

/* -- facts about an array: (type, array, dimension) -- */

static void fact(sqlite3_context *ctx, int argc, sqlite3_value **argv, char what)
{
    struct array a;
    if (functions_null(argc, argv) ||
        !array_load(ctx, argv[1], (uint32_t)sqlite3_value_int64(argv[0]), &a))
        return;
    int64_t d = argc > 2 ? sqlite3_value_int64(argv[2]) - 1 : 0;
    if (what == 'n' && a.ndim > 0)
        sqlite3_result_int(ctx, a.ndim);
    else if (what == 'c')
        sqlite3_result_int64(ctx, (int64_t)a.n);
    else if (what != 'n' && d >= 0 && d < a.ndim)
        sqlite3_result_int64(ctx, what == 'l'   ? a.lower[d]
                                  : what == 'u' ? (int64_t)a.lower[d] + a.dims[d] - 1
                                                : a.dims[d]);
    array_release(&a);
}

static void fn_array_length(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    fact(ctx, argc, argv, 's');
}

static void fn_array_lower(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    fact(ctx, argc, argv, 'l');
}

static void fn_array_upper(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    fact(ctx, argc, argv, 'u');
}

static void fn_array_ndims(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    fact(ctx, argc, argv, 'n');
}

static void fn_cardinality(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    fact(ctx, argc, argv, 'c');
}

static void fn_array_dims(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    struct array a;
    struct buf out;
    if (functions_null(argc, argv) ||
        !array_load(ctx, argv[1], (uint32_t)sqlite3_value_int64(argv[0]), &a))
        return;
    functions_buf(&out);
    for (int d = 0; d < a.ndim; d++) {
        char text[40];
        int len = snprintf(text, sizeof(text), "[%d:%lld]", a.lower[d],
                           (long long)a.lower[d] + a.dims[d] - 1);
        buf_append(&out, text, (size_t)len);
    }
    if (a.ndim > 0)
        functions_finish(ctx, &out);
    buf_release(&out);
    array_release(&a);
}

/* -- subscripts -- */

/* pgf_array_get(type, array, index ...) */
static void fn_array_get(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    struct store_context *c = functions_context(ctx);
    uint32_t type = (uint32_t)sqlite3_value_int64(argv[0]);
    struct array a;
    if (functions_null(argc, argv) || !array_load(ctx, argv[1], type, &a))
        return;
    bool inside = argc - 2 == a.ndim;
    size_t at = 0;
    for (int d = 0; inside && d < a.ndim; d++) {
        int64_t i = sqlite3_value_int64(argv[d + 2]) - a.lower[d];
        inside = i >= 0 && i < a.dims[d];
        at = at * (size_t)a.dims[d] + (size_t)i;
    }
    struct slice text = inside ? array_item(&a, at) : (struct slice){NULL, 0};
    struct buf scratch;
    struct types_value v;
    functions_buf(&scratch);
    if (text.data != NULL && functions_element(c, type, text, &scratch, &v) < 0)
        functions_raised(ctx);
    else if (text.data != NULL)
        functions_result(ctx, &v);
    buf_release(&scratch);
    array_release(&a);
}

/* The elements of ${a} within [from, from + n) of each dimension, appended to ${out}. */
static void copy_slice(const struct array *a, const int32_t *from, const int32_t *n, int d,
                       size_t at, struct array *out)
{
    for (int32_t i = 0; i < n[d]; i++) {
        size_t index = at * (size_t)a->dims[d] + (size_t)(from[d] + i);
        if (d + 1 < a->ndim)
            copy_slice(a, from, n, d + 1, index, out);
        else
            array_add(out, array_item(a, index));
    }
}

/* pgf_array_slice(type, array, which bounds are given: "lu" or blanks for each, lower, upper ...)
 */
static void fn_array_slice(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    uint32_t type = (uint32_t)sqlite3_value_int64(argv[0]);
    struct array a, out;
    int subscripts = (argc - 3) / 2;
    const char *given = (const char *)sqlite3_value_text(argv[2]);
    if (sqlite3_value_type(argv[1]) == SQLITE_NULL || given == NULL)
        return;
    for (int i = 0; i < argc - 3; i++)
        if (given[i] != ' ' && sqlite3_value_type(argv[i + 3]) == SQLITE_NULL)
            return;
    if (!array_load(ctx, argv[1], type, &a))
        return;
    int32_t from[ARRAY_DIMENSIONS] = {0}, n[ARRAY_DIMENSIONS] = {0};
    bool some = a.ndim > 0 && subscripts <= a.ndim;
    for (int d = 0; some && d < a.ndim; d++) {
        int64_t low = a.lower[d], high = low + a.dims[d] - 1;
        if (d < subscripts && given[2 * d] != ' ' && sqlite3_value_int64(argv[2 * d + 3]) > low)
            low = sqlite3_value_int64(argv[2 * d + 3]);
        if (d < subscripts && given[2 * d + 1] != ' ' &&
            sqlite3_value_int64(argv[2 * d + 4]) < high)
            high = sqlite3_value_int64(argv[2 * d + 4]);
        some = low <= high;
        from[d] = (int32_t)(low - a.lower[d]);
        n[d] = some ? (int32_t)(high - low + 1) : 0;
    }
    array_init(&out);
    if (some) {
        out.ndim = a.ndim;
        for (int d = 0; d < a.ndim; d++) {
            out.dims[d] = n[d];
            out.lower[d] = 1;
        }
        copy_slice(&a, from, n, 0, 0, &out);
    }
    array_release(&a);
    array_result(ctx, &out);
}

/* -- as text -- */

/* pgf_array_to_string(type, array, separator, text for NULL) */
static void fn_array_to_string(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    struct store_context *c = functions_context(ctx);
    uint32_t type = (uint32_t)sqlite3_value_int64(argv[0]);
    const struct types_info *info = types_find(c->types.set, type);
    struct array a;
    struct buf out, scratch;
    bool any = false;
    (void)argc;
    if (functions_null(3, argv) || info == NULL || !array_load(ctx, argv[1], type, &a))
        return;
    struct slice by = functions_slice(argv[2]), null = functions_slice(argv[3]);
    bool show_null = sqlite3_value_type(argv[3]) != SQLITE_NULL;
    functions_buf(&out);
    functions_buf(&scratch);
    for (size_t i = 0; i < a.n; i++) {
        struct slice text = array_item(&a, i);
        struct types_value v;
        if (text.data == NULL && !show_null)
            continue;
        if (any)
            buf_append(&out, by.data, by.len);
        any = true;
        if (text.data == NULL) {
            buf_append(&out, null.data, null.len);
            continue;
        }
        buf_reset(&scratch);
        if (functions_element(c, type, text, &scratch, &v) < 0 ||
            types_output(&c->types, info->elem, -1, &v, &out, &c->raised) < 0) {
            functions_raised(ctx);
            goto done;
        }
    }
    functions_finish(ctx, &out);
done:
    buf_release(&out);
    buf_release(&scratch);
    array_release(&a);
}

static void split_part(struct slice part, struct slice null, bool has_null, struct array *a)
{
    array_add(a, has_null && slice_equal(part, null) ? (struct slice){NULL, 0} : part);
}

/* pgf_string_to_array(text, separator, text of NULLs): without a separator, into characters */
static void fn_string_to_array(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    struct array a;
    (void)argc;
    if (functions_null(1, argv))
        return;
    struct slice text = functions_slice(argv[0]), by = functions_slice(argv[1]);
    struct slice null = functions_slice(argv[2]);
    bool has_null = sqlite3_value_type(argv[2]) != SQLITE_NULL,
         letters = sqlite3_value_type(argv[1]) == SQLITE_NULL;
    array_init(&a);
    for (size_t at = 0; text.len > 0 && at <= text.len;) {
        const char *hit =
            by.len > 0 ? memmem(text.data + at, text.len - at, by.data, by.len) : NULL;
        size_t end = hit != NULL ? (size_t)(hit - text.data) : text.len;
        if (letters && at == text.len)
            break;
        if (letters)
            end = at + functions_char(text.data + at, text.len - at);
        split_part((struct slice){text.data + at, end - at}, null, has_null, &a);
        if (!letters && hit == NULL)
            break;
        at = letters ? end : end + by.len;
    }
    array_flat(&a);
    array_result(ctx, &a);
}

const struct function_row functions_array_rows[] = {
    {"pgf_array", -1, true, fn_array, NULL, NULL},
    {"pgf_array_of", -1, true, fn_array_of, NULL, NULL},
    {"pgf_array_shape", 2, true, fn_array_shape, NULL, NULL},
    {"pgf_array_vector", 1, true, fn_array_vector, NULL, NULL},
    {"pgf_array_length", 3, true, fn_array_length, NULL, NULL},
    {"pgf_array_lower", 3, true, fn_array_lower, NULL, NULL},
    {"pgf_array_upper", 3, true, fn_array_upper, NULL, NULL},
    {"pgf_array_ndims", 2, true, fn_array_ndims, NULL, NULL},
    {"pgf_array_dims", 2, true, fn_array_dims, NULL, NULL},
    {"pgf_cardinality", 2, true, fn_cardinality, NULL, NULL},
    {"pgf_array_get", -1, true, fn_array_get, NULL, NULL},
    {"pgf_array_slice", -1, true, fn_array_slice, NULL, NULL},
    {"pgf_array_to_string", 4, true, fn_array_to_string, NULL, NULL},
    {"pgf_string_to_array", 3, true, fn_string_to_array, NULL, NULL},
};
const size_t functions_array_n = sizeof(functions_array_rows) / sizeof(functions_array_rows[0]);
