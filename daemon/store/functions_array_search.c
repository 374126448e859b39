/* functions_array_search.c: elements looked for in arrays, removed and replaced; @>, &&. */
#include "daemon/store/compare.h"
#include "daemon/store/functions_array.h"

#include <stdio.h>

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
    if (functions_is_null(v))
        ret->data = NULL;
    else if (ret->data == NULL)
        *ret = (struct slice){"", 0};
    return true;
}

/* (type, array, element): load both; false: NULL, or an error is set. */
static bool search(sqlite3_context *ctx, sqlite3_value **argv, const char *refused, struct array *a,
                   struct buf *text, struct slice *ret)
{
    uint32_t type = functions_oid(argv[0]);
    if (functions_is_null(argv[1]) || !array_load(ctx, argv[1], type, a))
        return false;
    if (refused != NULL && a->ndim > 1) {
        functions_fail(ctx, SQLSTATE_FEATURE_NOT_SUPPORTED, "%s", refused);
        array_release(a);
        return false;
    }
    if (wanted(ctx, array_element_type(ctx, type), argv[2], text, ret))
        return true;
    array_release(a);
    return false;
}

static const char searching[] =
    "searching for elements in multidimensional arrays is not supported";

/* pgf_array_position(type, array, element, start) */
static void fn_position(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    uint32_t element = array_element_type(ctx, functions_oid(argv[0]));
    struct array a;
    struct buf text;
    struct slice value;
    if (!search(ctx, argv, searching, &a, &text, &value))
        return;
    if (argc > 3 && functions_is_null(argv[3])) {
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
    uint32_t element = array_element_type(ctx, functions_oid(argv[0]));
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
    uint32_t element = array_element_type(ctx, functions_oid(argv[0]));
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
    uint32_t element = array_element_type(ctx, functions_oid(argv[0]));
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
    uint32_t type = functions_oid(argv[0]), element = array_element_type(ctx, type);
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

const struct function_row functions_array_search_rows[] = {
    {"pgf_array_position", -1, true, fn_position, NULL, NULL},
    {"pgf_array_positions", 3, true, fn_positions, NULL, NULL},
    {"pgf_array_remove", 3, true, fn_remove, NULL, NULL},
    {"pgf_array_replace", 4, true, fn_replace, NULL, NULL},
    {"pgf_array_contains", 3, true, fn_contains, NULL, NULL},
    {"pgf_array_overlaps", 3, true, fn_overlaps, NULL, NULL},
};
const size_t functions_array_search_n =
    sizeof(functions_array_search_rows) / sizeof(functions_array_search_rows[0]);
