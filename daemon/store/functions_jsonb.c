/* functions_jsonb.c: paths, containment and concatenation of JSON. */
#include "daemon/store/functions_impl.h"

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
    struct slice value, step, key, next = {NULL, 0};
    struct buf plain;
    size_t at = 0;
    if (functions_null(argc, argv))
        return;
    value = functions_slice(argv[0]);
    functions_buf(&plain);
    bool found = true;
    while (found && functions_json_next(functions_slice(argv[1]), &at, &key, &step)) {
        buf_reset(&plain);
        found = step.data[0] == '"'; /* a NULL in the path finds nothing */
        if (found)
            functions_json_unescape(step, &plain);
        found = found && path_step(value, buf_peek(&plain), &next);
        value = next;
    }
    buf_release(&plain);
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

static void fn_exists(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    struct buf quoted;
    struct slice key, value, unused;
    size_t at = 0;
    if (functions_null(argc, argv))
        return;
    struct slice a = functions_slice(argv[0]);
    bool found;
    functions_buf(&quoted);
    if (a.len > 0 && a.data[0] == '{') {
        found = functions_json_field(a, functions_slice(argv[1]), &unused);
    } else {
        functions_quote_json(functions_slice(argv[1]), &quoted);
        found = slice_equal(a, buf_peek(&quoted));
        while (!found && functions_json_next(a, &at, &key, &value))
            found = slice_equal(value, buf_peek(&quoted));
    }
    buf_release(&quoted);
    sqlite3_result_int(ctx, found);
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
};
const size_t functions_jsonb_n = sizeof(functions_jsonb_rows) / sizeof(functions_jsonb_rows[0]);
