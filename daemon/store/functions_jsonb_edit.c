/* functions_jsonb_edit.c: jsonb changed: paths set, inserted and deleted, keys removed, nulls
 * stripped.
 *
 * The parts that stay are copied as they are; the result is brought into normal form as a whole. */
#include "daemon/store/array.h"
#include "daemon/store/functions_impl.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>

enum { DEPTH_MAX = 5000 };

enum operation { CREATE = 1, REPLACE = 2, DELETE = 4, BEFORE = 8, AFTER = 16, FILL = 32 };
#define ADDS (CREATE | BEFORE | AFTER)

/* One change of a path. */
struct change {
    sqlite3_context *ctx;
    struct array path;
    int operation;
    struct slice value; /* data NULL: none */
    struct buf out;
    bool failed;
};

static bool is_container(struct slice v)
{
    return v.len > 0 && (v.data[0] == '{' || v.data[0] == '[');
}

static void fail(struct change *c, const char *sqlstate, const char *message)
{
    if (!c->failed)
        functions_fail(c->ctx, sqlstate, "%s", message);
    c->failed = true;
}

static void put(struct change *c, const char *text)
{
    buf_append(&c->out, text, strlen(text));
}

static void put_slice(struct change *c, struct slice s)
{
    buf_append(&c->out, s.data, s.len);
}

/* ", " before all but the first. */
static void separate(struct change *c, bool *first)
{
    if (!*first)
        put(c, ", ");
    *first = false;
}

static void put_key(struct change *c, struct slice key)
{
    types_json_string(key, &c->out);
    put(c, ": ");
}

static bool as_index(struct slice text, int32_t *ret)
{
    char number[32], *end;
    if (text.len == 0 || text.len >= sizeof(number))
        return false;
    memcpy(number, text.data, text.len);
    number[text.len] = '\0';
    errno = 0;
    long long v = strtoll(number, &end, 10);
    *ret = (int32_t)v;
    return *end == '\0' && end != number && errno == 0 && v >= INT32_MIN && v <= INT32_MAX;
}

static void nulls(struct change *c, int64_t n, bool *first)
{
    if (n > 10000000)
        fail(c, SQLSTATE_PROGRAM_LIMIT_EXCEEDED,
             "number of jsonb array elements exceeds the maximum");
    for (int64_t i = 0; i < n && !c->failed; i++) {
        separate(c, first);
        put(c, "null");
    }
}

/* The value inside all that the path still asks for behind ${level}. */
static void put_path(struct change *c, size_t level)
{
    int32_t index;
    if (level + 1 >= c->path.n) {
        put_slice(c, c->value);
        return;
    }
    struct slice step = array_item(&c->path, level + 1);
    bool first = true, list = as_index(step, &index);
    put(c, list ? "[" : "{");
    if (list) {
        nulls(c, index, &first);
        separate(c, &first);
    } else {
        put_key(c, step);
    }
    put_path(c, level + 1);
    put(c, list ? "]" : "}");
}

static void set(struct change *c, struct slice v, size_t level);

static void set_object(struct change *c, struct slice v, size_t level)
{
    struct slice path = array_item(&c->path, level), key, value;
    bool last = level + 1 == c->path.n, done = false, first = true;
    size_t at = 0;
    put(c, "{");
    while (!c->failed && functions_json_next(v, &at, &key, &value)) {
        bool hit = !done && functions_json_key_is(key, path);
        done = done || hit;
        if (hit && last && (c->operation & (BEFORE | AFTER))) {
            fail(c, SQLSTATE_INVALID_PARAMETER_VALUE, "cannot replace existing key");
            err_hint(&functions_context(c->ctx)->raised,
                     "Try using the function jsonb_set to replace key value.");
        }
        if (hit && last && (c->operation & DELETE))
            continue;
        separate(c, &first);
        put_slice(c, key);
        put(c, ": ");
        if (hit && last)
            put_slice(c, c->value);
        else if (hit)
            set(c, value, level + 1);
        else
            put_slice(c, value);
    }
    bool adds = !done && ((last && (c->operation & ADDS)) || (!last && (c->operation & FILL)));
    if (adds) {
        separate(c, &first);
        put_key(c, path);
        put_path(c, level);
    }
    put(c, "}");
}

/* The place in an array that the path means; false: an error is set. */
static bool place(struct change *c, size_t level, int64_t n, int64_t *ret)
{
    struct slice step = array_item(&c->path, level);
    int32_t index;
    if (!as_index(step, &index)) {
        c->failed = true;
        functions_fail(c->ctx, SQLSTATE_INVALID_TEXT_REPRESENTATION,
                       "path element at position %zu is not an integer: \"%.*s\"", level + 1,
                       (int)step.len, step.data);
        return false;
    }
    *ret = index;
    if (index < 0 && -(int64_t)index > n) {
        if (c->operation & FILL) {
            c->failed = true;
            functions_fail(c->ctx, SQLSTATE_INVALID_PARAMETER_VALUE,
                           "path element at position %zu is out of range: %d", level + 1, index);
            return false;
        }
        *ret = INT32_MIN;
    } else if (index < 0) {
        *ret = n + index;
    } else if (!(c->operation & FILL) && index > n) {
        *ret = n;
    }
    return true;
}

static void put_element(struct change *c, struct slice v, bool *first)
{
    separate(c, first);
    put_slice(c, v);
}

static void set_array(struct change *c, struct slice v, size_t level)
{
    struct slice unused = {NULL, 0}, key, value;
    int64_t n = functions_json_element(v, INT64_MAX, &unused), index, i = 0;
    bool last = level + 1 == c->path.n, done = false, first = true;
    size_t at = 0;
    if (!place(c, level, n, &index))
        return;
    put(c, "[");
    if ((index == INT32_MIN || n == 0) && last && (c->operation & ADDS)) {
        if ((c->operation & FILL) && n == 0)
            nulls(c, index, &first);
        put_element(c, c->value, &first);
        done = true;
    }
    for (; !c->failed && functions_json_next(v, &at, &key, &value); i++) {
        if (i != index) {
            put_element(c, value, &first);
            continue;
        }
        done = true;
        if (!last) {
            separate(c, &first);
            set(c, value, level + 1);
            continue;
        }
        if (c->operation & (BEFORE | CREATE))
            put_element(c, c->value, &first);
        if (c->operation & (BEFORE | AFTER))
            put_element(c, value, &first);
        if (c->operation & (AFTER | REPLACE))
            put_element(c, c->value, &first);
    }
    if (!done && last && (c->operation & ADDS)) {
        if (c->operation & FILL)
            nulls(c, index - n, &first);
        put_element(c, c->value, &first);
    } else if (!done && !last && (c->operation & FILL)) {
        nulls(c, index - n, &first);
        separate(c, &first);
        put_path(c, level);
    }
    put(c, "]");
}

static void set(struct change *c, struct slice v, size_t level)
{
    if (c->failed)
        return;
    if (level < c->path.n && c->path.items[level].null) {
        c->failed = true;
        functions_fail(c->ctx, "22004", "path element at position %zu is null", level + 1);
    } else if (level > DEPTH_MAX) {
        fail(c, SQLSTATE_STATEMENT_TOO_COMPLEX, "the path is too long");
    } else if (!is_container(v)) {
        if (c->operation & FILL) {
            fail(c, SQLSTATE_INVALID_PARAMETER_VALUE, "cannot replace existing key");
            err_detail(&functions_context(c->ctx)->raised,
                       "The path assumes key is a composite object, but it is a scalar value.");
        }
        put_slice(c, v);
    } else if (v.data[0] == '{') {
        set_object(c, v, level);
    } else {
        set_array(c, v, level);
    }
}

static bool is_empty(struct slice v)
{
    return v.len == 2;
}

static void apply(sqlite3_context *ctx, struct slice json, sqlite3_value *path, int operation,
                  struct slice value, const char *of_scalar)
{
    struct change c = {.ctx = ctx, .operation = operation, .value = value};
    if (array_parse(functions_slice(path), false, &c.path) < 0) {
        functions_fail(ctx, SQLSTATE_INTERNAL_ERROR, "a stored array is malformed");
        return;
    }
    if (c.path.ndim > 1) {
        functions_fail(ctx, "2202E", "wrong number of array subscripts");
    } else if (of_scalar != NULL && !is_container(json)) {
        functions_fail(ctx, SQLSTATE_INVALID_PARAMETER_VALUE, "%s", of_scalar);
    } else if (c.path.n == 0 || (is_empty(json) && is_container(json) && !(operation & ADDS))) {
        functions_result_text(ctx, json.data, json.len);
    } else {
        functions_buf(&c.out);
        set(&c, json, 0);
        if (c.failed)
            buf_release(&c.out);
        else
            functions_finish_jsonb(ctx, &c.out);
    }
    array_release(&c.path);
}

/* pgf_jsonb_set(json, path, value, create) */
static void fn_set(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    if (!functions_null(argc, argv))
        apply(ctx, functions_slice(argv[0]), argv[1], sqlite3_value_int(argv[3]) ? CREATE : REPLACE,
              functions_slice(argv[2]), "cannot set path in scalar");
}

/* pgf_jsonb_set_lax(json, path, value, create, what NULL means) */
static void fn_set_lax(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    (void)argc;
    if (functions_null(2, argv) || functions_null(1, argv + 3))
        return;
    struct slice how = functions_slice(argv[4]), value = functions_slice(argv[2]);
    struct err *err = &functions_context(ctx)->raised;
    static const char null[] = "null";
    bool create = sqlite3_value_int(argv[3]) != 0;
    int operation = create ? CREATE : REPLACE;
    bool known = sqlite3_value_type(argv[4]) != SQLITE_NULL;
    if (known && sqlite3_value_type(argv[2]) != SQLITE_NULL) {
        apply(ctx, functions_slice(argv[0]), argv[1], operation, value,
              "cannot set path in scalar");
    } else if (known && slice_equal(how, (struct slice){"raise_exception", 15})) {
        functions_fail(ctx, "22004", "JSON value must not be null");
        err_detail(err,
                   "Exception was raised because null_value_treatment is \"raise_exception\".");
        err_hint(err, "To avoid, either change the null_value_treatment argument or ensure that an "
                      "SQL NULL is not passed.");
    } else if (known && slice_equal(how, (struct slice){"use_json_null", 13})) {
        apply(ctx, functions_slice(argv[0]), argv[1], operation, (struct slice){null, 4},
              "cannot set path in scalar");
    } else if (known && slice_equal(how, (struct slice){"delete_key", 10})) {
        apply(ctx, functions_slice(argv[0]), argv[1], DELETE, (struct slice){NULL, 0},
              "cannot delete path in scalar");
    } else if (known && slice_equal(how, (struct slice){"return_target", 13})) {
        sqlite3_result_value(ctx, argv[0]);
    } else {
        functions_fail(ctx, SQLSTATE_INVALID_PARAMETER_VALUE,
                       "null_value_treatment must be \"delete_key\", \"return_target\", "
                       "\"use_json_null\", or \"raise_exception\"");
    }
}

/* pgf_jsonb_insert(json, path, value, after) */
static void fn_insert(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    if (!functions_null(argc, argv))
        apply(ctx, functions_slice(argv[0]), argv[1], sqlite3_value_int(argv[3]) ? AFTER : BEFORE,
              functions_slice(argv[2]), "cannot set path in scalar");
}

static void fn_delete_path(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    if (!functions_null(argc, argv))
        apply(ctx, functions_slice(argv[0]), argv[1], DELETE, (struct slice){NULL, 0},
              "cannot delete path in scalar");
}

/* pgf_jsonb_assign(json, path, value): a subscripted column; SQL's NULLs become what they can */
static void fn_assign(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    struct array path;
    int32_t index;
    (void)argc;
    bool null = sqlite3_value_type(argv[0]) == SQLITE_NULL;
    struct slice json = functions_slice(argv[0]), value = functions_slice(argv[2]);
    if (sqlite3_value_type(argv[2]) == SQLITE_NULL)
        value = (struct slice){"null", 4};
    if (array_parse(functions_slice(argv[1]), false, &path) < 0)
        return;
    for (size_t i = 0; i < path.n; i++)
        if (path.items[i].null) {
            functions_fail(ctx, "22004", "jsonb subscript in assignment must not be null");
            array_release(&path);
            return;
        }
    if (null)
        json = as_index(array_item(&path, 0), &index) ? (struct slice){"[]", 2}
                                                      : (struct slice){"{}", 2};
    array_release(&path);
    apply(ctx, json, argv[1], CREATE | FILL, value, NULL);
}

/* -- minus -- */

/* What stays of ${json} when keys (of an object) or strings (of an array) are taken away. */
static void without(sqlite3_context *ctx, struct slice json, const struct array *keys)
{
    struct slice key, value;
    struct buf out;
    size_t at = 0;
    bool first = true;
    if (!is_container(json)) {
        functions_fail(ctx, SQLSTATE_INVALID_PARAMETER_VALUE, "cannot delete from scalar");
        return;
    }
    functions_buf(&out);
    buf_append(&out, json.data, 1);
    while (functions_json_next(json, &at, &key, &value)) {
        struct slice name = key.data != NULL ? key : value;
        bool drop = false;
        for (size_t i = 0; !drop && i < keys->n && name.data[0] == '"'; i++)
            drop = !keys->items[i].null && functions_json_key_is(name, array_item(keys, i));
        if (drop)
            continue;
        if (!first)
            buf_append(&out, ", ", 2);
        first = false;
        if (key.data != NULL) {
            buf_append(&out, key.data, key.len);
            buf_append(&out, ": ", 2);
        }
        buf_append(&out, value.data, value.len);
    }
    buf_append(&out, json.data[0] == '{' ? "}" : "]", 1);
    functions_finish(ctx, &out);
}

static void fn_delete_key(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    struct array keys;
    if (functions_null(argc, argv))
        return;
    array_init(&keys);
    struct slice key = functions_slice(argv[1]);
    array_add(&keys, key.data != NULL ? key : (struct slice){"", 0});
    without(ctx, functions_slice(argv[0]), &keys);
    array_release(&keys);
}

static void fn_delete_keys(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    struct array keys;
    if (functions_null(argc, argv) || array_parse(functions_slice(argv[1]), false, &keys) < 0)
        return;
    if (keys.ndim > 1)
        functions_fail(ctx, "2202E", "wrong number of array subscripts");
    else
        without(ctx, functions_slice(argv[0]), &keys);
    array_release(&keys);
}

static void fn_delete_index(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    struct slice key, value, unused = {NULL, 0};
    struct buf out;
    size_t at = 0;
    bool first = true;
    if (functions_null(argc, argv))
        return;
    struct slice json = functions_slice(argv[0]);
    if (!is_container(json) || json.data[0] == '{') {
        functions_fail(ctx, SQLSTATE_INVALID_PARAMETER_VALUE,
                       is_container(json) ? "cannot delete from object using integer index"
                                          : "cannot delete from scalar");
        return;
    }
    int64_t n = functions_json_element(json, INT64_MAX, &unused);
    int64_t index = sqlite3_value_int64(argv[1]);
    index = index < 0 ? n + index : index;
    functions_buf(&out);
    buf_append(&out, "[", 1);
    for (int64_t i = 0; functions_json_next(json, &at, &key, &value); i++) {
        if (i == index)
            continue;
        if (!first)
            buf_append(&out, ", ", 2);
        first = false;
        buf_append(&out, value.data, value.len);
    }
    buf_append(&out, "]", 1);
    functions_finish(ctx, &out);
}

/* -- without nulls, and readable -- */

/* A string as PostgreSQL writes it again. */
static void put_string(struct slice quoted, struct buf *out)
{
    struct buf plain;
    functions_buf(&plain);
    functions_json_unescape(quoted, &plain);
    types_json_string(buf_peek(&plain), out);
    buf_release(&plain);
}

static void strip(struct slice v, bool binary, int depth, struct buf *out)
{
    struct slice key, value;
    size_t at = 0;
    bool first = true;
    if (!is_container(v) || depth > DEPTH_MAX) {
        if (v.len > 0 && v.data[0] == '"' && !binary)
            put_string(v, out);
        else
            buf_append(out, v.data, v.len);
        return;
    }
    buf_append(out, v.data, 1);
    while (functions_json_next(v, &at, &key, &value)) {
        if (key.data != NULL && value.len == 4 && memcmp(value.data, "null", 4) == 0)
            continue;
        if (!first)
            buf_append(out, ", ", binary ? 2 : 1);
        first = false;
        if (key.data != NULL && binary)
            buf_append(out, key.data, key.len);
        else if (key.data != NULL)
            put_string(key, out);
        if (key.data != NULL)
            buf_append(out, ": ", binary ? 2 : 1);
        strip(value, binary, depth + 1, out);
    }
    buf_append(out, v.data[0] == '{' ? "}" : "]", 1);
}

static void fn_strip(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    struct buf out;
    if (functions_null(argc, argv) || !functions_json_checked(ctx, functions_slice(argv[0])))
        return;
    functions_buf(&out);
    struct slice v = functions_slice(argv[0]), only = v;
    while (only.len > 0 && strchr(" \t\r\n", only.data[0]) != NULL) {
        only.data++;
        only.len--;
    }
    while (only.len > 0 && strchr(" \t\r\n", only.data[only.len - 1]) != NULL)
        only.len--;
    strip(only, sqlite3_value_int(argv[1]) != 0, 0, &out);
    functions_finish(ctx, &out);
}

static void indent(struct buf *out, int depth)
{
    buf_append(out, "\n", 1);
    for (int i = 0; i < depth; i++)
        buf_append(out, "    ", 4);
}

static void pretty(struct slice v, int depth, struct buf *out)
{
    struct slice key, value;
    size_t at = 0;
    bool first = true;
    if (!is_container(v) || depth > DEPTH_MAX) {
        buf_append(out, v.data, v.len);
        return;
    }
    buf_append(out, v.data, 1);
    while (functions_json_next(v, &at, &key, &value)) {
        if (!first)
            buf_append(out, ",", 1);
        first = false;
        indent(out, depth + 1);
        if (key.data != NULL) {
            buf_append(out, key.data, key.len);
            buf_append(out, ": ", 2);
        }
        pretty(value, depth + 1, out);
    }
    indent(out, depth);
    buf_append(out, v.data[0] == '{' ? "}" : "]", 1);
}

static void fn_pretty(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    struct buf out;
    if (functions_null(argc, argv))
        return;
    functions_buf(&out);
    pretty(functions_slice(argv[0]), 0, &out);
    functions_finish(ctx, &out);
}

const struct function_row functions_jsonb_edit_rows[] = {
    {"pgf_jsonb_set", 4, true, fn_set, NULL, NULL},
    {"pgf_jsonb_set_lax", 5, true, fn_set_lax, NULL, NULL},
    {"pgf_jsonb_insert", 4, true, fn_insert, NULL, NULL},
    {"pgf_jsonb_delete_path", 2, true, fn_delete_path, NULL, NULL},
    {"pgf_jsonb_assign", 3, true, fn_assign, NULL, NULL},
    {"pgf_jsonb_delete", 2, true, fn_delete_key, NULL, NULL},
    {"pgf_jsonb_delete_keys", 2, true, fn_delete_keys, NULL, NULL},
    {"pgf_jsonb_delete_index", 2, true, fn_delete_index, NULL, NULL},
    {"pgf_json_strip_nulls", 2, true, fn_strip, NULL, NULL},
    {"pgf_jsonb_pretty", 1, true, fn_pretty, NULL, NULL},
};
const size_t functions_jsonb_edit_n =
    sizeof(functions_jsonb_edit_rows) / sizeof(functions_jsonb_edit_rows[0]);
