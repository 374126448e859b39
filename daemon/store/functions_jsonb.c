/* functions_jsonb.c: paths, containment and concatenation of JSON. */
#include "daemon/store/functions_impl.h"

#include "daemon/store/array.h"

#include <stdlib.h>

enum { DEPTH_MAX = 500 };

/* -- #> and #>>: a path is an array of texts -- */

/* A step of a path: a key, or in an array an index. */
static bool path_step(struct slice value, struct slice step, struct slice *ret)
{
    char *end = NULL, number[24];
    if (functions_json_field(value, step, ret))
        return true;
    if (step.len == 0 || step.len >= sizeof(number))
        return false;
    memcpy(number, step.data, step.len);
    number[step.len] = '\0';
    long long index = strtoll(number, &end, 10);
    ret->data = NULL;
    return *end == '\0' && functions_json_element(value, index, ret) >= 0 && ret->data != NULL;
}

static void path(sqlite3_context *ctx, int argc, sqlite3_value **argv, bool as_text)
{
    struct slice value, next = {NULL, 0};
    struct array steps;
    bool found = true;
    if (functions_null(argc, argv) || !functions_json_checked(ctx, functions_slice(argv[0])) ||
        array_parse(functions_slice(argv[1]), false, &steps) < 0)
        return;
    value = functions_slice(argv[0]);
    for (size_t i = 0; found && i < steps.n; i++) {
        found = !steps.items[i].null && path_step(value, array_item(&steps, i), &next);
        value = next;
    }
    array_release(&steps);
    if (found)
        functions_json_result(ctx, value, as_text);
}

static void fn_path(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    path(ctx, argc, argv, false);
}

static void fn_path_text(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    path(ctx, argc, argv, true);
}

/* -- @>: values are normalised, so equal scalars but numbers are equal texts -- */

static bool is_container(struct slice v)
{
    return v.len > 0 && (v.data[0] == '{' || v.data[0] == '[');
}

static bool is_number(struct slice v)
{
    return v.len > 0 && (v.data[0] == '-' || (v.data[0] >= '0' && v.data[0] <= '9'));
}

static bool same_scalar(struct slice a, struct slice b)
{
    if (is_number(a) && is_number(b))
        return types_numeric_compare(a, b) == 0;
    return !is_container(a) && !is_container(b) && slice_equal(a, b);
}

/* -1: nested too deeply. */
static int contains(struct slice a, struct slice b, int depth);

static int contains_member(struct slice a, struct slice key, struct slice wanted, int depth)
{
    size_t at = 0;
    struct slice name, value;
    while (functions_json_next(a, &at, &name, &value))
        if (slice_equal(name, key))
            return is_container(wanted) ? contains(value, wanted, depth + 1)
                                        : same_scalar(value, wanted);
    return 0;
}

static int contains_element(struct slice a, struct slice wanted, int depth)
{
    size_t at = 0;
    struct slice none, value;
    while (functions_json_next(a, &at, &none, &value)) {
        int hit =
            is_container(wanted) ? contains(value, wanted, depth + 1) : same_scalar(value, wanted);
        if (hit != 0)
            return hit;
    }
    return 0;
}

static int contains(struct slice a, struct slice b, int depth)
{
    size_t at = 0;
    struct slice key, wanted;
    if (depth > DEPTH_MAX)
        return -1;
    if (a.len == 0 || b.len == 0 || !is_container(a) || a.data[0] != b.data[0])
        return 0;
    while (functions_json_next(b, &at, &key, &wanted)) {
        int hit = b.data[0] == '{' ? contains_member(a, key, wanted, depth)
                                   : contains_element(a, wanted, depth);
        if (hit <= 0)
            return hit;
    }
    return 1;
}

static void fn_contains(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    if (functions_null(argc, argv))
        return;
    struct slice a = functions_slice(argv[0]), b = functions_slice(argv[1]);
    int hit;
    if (is_container(b))
        hit = contains(a, b, 0);
    else /* an array contains a scalar that is one of its elements */
        hit = a.len > 0 && a.data[0] == '[' ? contains_element(a, b, 0) : same_scalar(a, b);
    if (hit < 0)
        functions_fail(ctx, SQLSTATE_STATEMENT_TOO_COMPLEX, "the JSON value is nested too deeply");
    else
        sqlite3_result_int(ctx, hit);
}

static bool has_key(struct slice a, struct slice wanted)
{
    struct buf quoted;
    struct slice key, value, unused;
    size_t at = 0;
    if (a.len > 0 && a.data[0] == '{')
        return functions_json_field(a, wanted, &unused);
    functions_buf(&quoted);
    types_json_string(wanted, &quoted);
    bool found = slice_equal(a, buf_peek(&quoted));
    while (!found && functions_json_next(a, &at, &key, &value))
        found = slice_equal(value, buf_peek(&quoted));
    buf_release(&quoted);
    return found;
}

static void fn_exists(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    if (!functions_null(argc, argv))
        sqlite3_result_int(ctx, has_key(functions_slice(argv[0]), functions_slice(argv[1])));
}

/* pgf_jsonb_exists_some(json, keys, all) */
static void fn_exists_some(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    struct array keys;
    if (functions_null(argc, argv) || array_parse(functions_slice(argv[1]), false, &keys) < 0)
        return;
    bool all = sqlite3_value_int(argv[2]) != 0, result = all;
    for (size_t i = 0; result == all && i < keys.n; i++)
        if (!keys.items[i].null)
            result = has_key(functions_slice(argv[0]), array_item(&keys, i));
    array_release(&keys);
    sqlite3_result_int(ctx, result);
}

/* pgf_jsonb_number(json, type), pgf_jsonb_bool(json): of a scalar of that kind */
static void wrong_kind(sqlite3_context *ctx, struct slice v, const char *type)
{
    char c = v.len > 0 ? v.data[0] : 'n';
    functions_fail(ctx, SQLSTATE_INVALID_PARAMETER_VALUE, "cannot cast jsonb %s to type %s",
                   c == '{'               ? "object"
                   : c == '['             ? "array"
                   : c == '"'             ? "string"
                   : c == 't' || c == 'f' ? "boolean"
                   : c == 'n'             ? "null"
                                          : "numeric",
                   type);
}

static void fn_number(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    if (functions_null(argc, argv))
        return;
    struct slice v = functions_slice(argv[0]);
    if (is_number(v))
        functions_result_text(ctx, v.data, v.len);
    else
        wrong_kind(ctx, v, (const char *)sqlite3_value_text(argv[1]));
}

static void fn_bool(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    if (functions_null(argc, argv))
        return;
    struct slice v = functions_slice(argv[0]);
    if (v.len > 0 && (v.data[0] == 't' || v.data[0] == 'f'))
        sqlite3_result_int(ctx, v.data[0] == 't');
    else
        wrong_kind(ctx, v, "boolean");
}

/* -- json_object of texts: (keys and values in turn, binary), (keys, values, binary) -- */

static void bad_subscripts(sqlite3_context *ctx, const char *message)
{
    functions_fail(ctx, "2202E", "%s", message);
}

static bool put_pairs(sqlite3_context *ctx, const struct array *keys, const struct array *values,
                      struct buf *out)
{
    bool twice = keys == values;
    size_t n = twice ? keys->n / 2 : keys->n;
    buf_append(out, "{", 1);
    for (size_t i = 0; i < n; i++) {
        struct slice key = array_item(keys, twice ? 2 * i : i);
        struct slice value = array_item(values, twice ? 2 * i + 1 : i);
        if (key.data == NULL) {
            functions_fail(ctx, "22004", "null value not allowed for object key");
            return false;
        }
        if (i > 0)
            buf_append(out, ", ", 2);
        types_json_string(key, out);
        buf_append(out, " : ", 3);
        if (value.data == NULL)
            buf_append(out, "null", 4);
        else
            types_json_string(value, out);
    }
    buf_append(out, "}", 1);
    return true;
}

static void fn_object(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    struct array keys, values = {0};
    struct buf out;
    bool two = argc == 3, binary = sqlite3_value_int(argv[argc - 1]) != 0;
    if (functions_null(argc, argv) || array_parse(functions_slice(argv[0]), false, &keys) < 0)
        return;
    if (two && array_parse(functions_slice(argv[1]), false, &values) < 0) {
        array_release(&keys);
        return;
    }
    functions_buf(&out);
    if ((two && (keys.ndim > 1 || keys.ndim != values.ndim)) || (!two && keys.ndim > 2))
        bad_subscripts(ctx, "wrong number of array subscripts");
    else if (two && keys.n != values.n)
        bad_subscripts(ctx, "mismatched array dimensions");
    else if (!two && keys.ndim == 1 && keys.n % 2 != 0)
        bad_subscripts(ctx, "array must have even number of elements");
    else if (!two && keys.ndim == 2 && keys.dims[1] != 2)
        bad_subscripts(ctx, "array must have two columns");
    else if (put_pairs(ctx, &keys, two ? &values : &keys, &out) && binary)
        functions_finish_jsonb(ctx, &out);
    else if (!functions_context(ctx)->raised.sqlstate[0] && !binary)
        functions_finish(ctx, &out);
    buf_release(&out);
    array_release(&keys);
    array_release(&values);
}

/* -- || -- */

/* The inside of a container; a scalar, or an object among arrays, is one element. */
static struct slice inside(struct slice v, char open)
{
    if (v.len >= 2 && v.data[0] == open)
        return (struct slice){v.data + 1, v.len - 2};
    return v;
}

static void fn_concat(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    struct buf out;
    if (functions_null(argc, argv))
        return;
    struct slice a = functions_slice(argv[0]), b = functions_slice(argv[1]);
    bool objects = a.len > 0 && b.len > 0 && a.data[0] == '{' && b.data[0] == '{';
    struct slice x = inside(a, objects ? '{' : '['), y = inside(b, objects ? '{' : '[');
    functions_buf(&out);
    buf_append(&out, objects ? "{" : "[", 1);
    buf_append(&out, x.data, x.len);
    if (x.len > 0 && y.len > 0)
        buf_append(&out, ", ", 2);
    buf_append(&out, y.data, y.len);
    buf_append(&out, objects ? "}" : "]", 1);
    functions_finish_jsonb(ctx, &out);
}

const struct function_row functions_jsonb_rows[] = {
    {"pgf_json_path", 2, true, fn_path, NULL, NULL},
    {"pgf_json_path_text", 2, true, fn_path_text, NULL, NULL},
    {"pgf_jsonb_contains", 2, true, fn_contains, NULL, NULL},
    {"pgf_jsonb_exists", 2, true, fn_exists, NULL, NULL},
    {"pgf_jsonb_concat", 2, true, fn_concat, NULL, NULL},
    {"pgf_jsonb_exists_some", 3, true, fn_exists_some, NULL, NULL},
    {"pgf_jsonb_number", 2, true, fn_number, NULL, NULL},
    {"pgf_jsonb_bool", 1, true, fn_bool, NULL, NULL},
    {"pgf_json_object", -1, true, fn_object, NULL, NULL},
};
const size_t functions_jsonb_n = sizeof(functions_jsonb_rows) / sizeof(functions_jsonb_rows[0]);
