/* functions_array.c: arrays (JSON text of their elements' text forms), and rules of statements. */
#include "daemon/store/functions_impl.h"

#include "daemon/store/array.h"

#include <stdio.h>
#include <stdlib.h>

/* -- arrays -- */

bool functions_is_vector(uint32_t type)
{
    return type == TYPES_INT2VECTOR || type == TYPES_OIDVECTOR;
}

int functions_element(struct store_context *c, uint32_t array_type, struct slice text,
                      struct buf *scratch, struct types_value *ret)
{
    const struct types_info *type = types_find(c->types.set, array_type);
    return types_input(&c->types, type != NULL ? type->elem : 0, -1, text, scratch, ret,
                       &c->raised);
}

/* pgf_array(element type, elements ...) */
static void fn_array(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    struct store_context *c = functions_context(ctx);
    uint32_t type = (uint32_t)sqlite3_value_int64(argv[0]);
    struct buf out, text;
    functions_buf(&out);
    functions_buf(&text);
    buf_append(&out, "[", 1);
    for (int i = 1; i < argc; i++) {
        struct types_value v;
        functions_value(argv[i], &v);
        if (i > 1)
            buf_append(&out, ",", 1);
        if (v.kind == TYPES_KIND_NULL) {
            buf_append(&out, "null", 4);
            continue;
        }
        buf_reset(&text);
        if (types_output(&c->types, type, -1, &v, &text, &c->raised) < 0) {
            functions_raised(ctx);
            buf_release(&out);
            buf_release(&text);
            return;
        }
        functions_quote_json(buf_peek(&text), &out);
    }
    buf_append(&out, "]", 1);
    buf_release(&text);
    functions_finish(ctx, &out);
}

/* Number of elements: commas outside strings. */
static int64_t count(struct slice a)
{
    int64_t n = 0;
    bool in_string = false, any = false;
    for (size_t i = 1; i + 1 < a.len; i++) {
        any = any || a.data[i] != ' ';
        if (in_string && a.data[i] == '\\')
            i++;
        else if (a.data[i] == '"')
            in_string = !in_string;
        else if (!in_string && a.data[i] == ',')
            n++;
        else if (!in_string && a.data[i] == '[')
            return -1; /* several dimensions */
    }
    return any ? n + 1 : 0;
}

static void fn_array_length(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    if (functions_null(argc, argv))
        return;
    int64_t n = count(functions_slice(argv[0]));
    if (n < 0)
        functions_fail(ctx, SQLSTATE_FEATURE_NOT_SUPPORTED,
                       "an array of several dimensions is not supported by the embedded store");
    else if (n > 0 && sqlite3_value_int64(argv[1]) == 1)
        sqlite3_result_int64(ctx, n);
}

/* pgf_array_get(array, index): the text of an element */
static void fn_array_get(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    struct slice value = {NULL, 0};
    if (functions_null(argc, argv))
        return;
    int64_t index = sqlite3_value_int64(argv[1]);
    if (index > 0 && functions_json_element(functions_slice(argv[0]), index - 1, &value) >= index)
        functions_json_result(ctx, value, true);
}

/* pgf_array_to_string(array, separator, text for NULL) */
static void fn_array_to_string(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    struct slice key, value;
    struct buf out;
    size_t at = 0;
    bool any = false;
    (void)argc;
    if (functions_null(2, argv))
        return;
    struct slice array = functions_slice(argv[0]), by = functions_slice(argv[1]);
    bool show_null = sqlite3_value_type(argv[2]) != SQLITE_NULL;
    functions_buf(&out);
    while (functions_json_next(array, &at, &key, &value)) {
        bool is_null = value.data[0] != '"';
        if (is_null && !show_null)
            continue;
        if (any)
            buf_append(&out, by.data, by.len);
        any = true;
        struct slice null = functions_slice(argv[2]);
        if (is_null)
            buf_append(&out, null.data, null.len);
        else
            functions_json_unescape(value, &out);
    }
    functions_finish(ctx, &out);
}

static void split_part(struct slice part, struct slice null, bool has_null, bool first,
                       struct buf *out)
{
    buf_append(out, first ? "[" : ",", 1);
    if (has_null && slice_equal(part, null))
        buf_append(out, "null", 4);
    else
        functions_quote_json(part, out);
}

/* pgf_string_to_array(text, separator, text of NULLs): without a separator, into characters */
static void fn_string_to_array(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    struct buf out;
    (void)argc;
    if (functions_null(1, argv))
        return;
    struct slice text = functions_slice(argv[0]), by = functions_slice(argv[1]);
    struct slice null = functions_slice(argv[2]);
    bool has_null = sqlite3_value_type(argv[2]) != SQLITE_NULL,
         letters = sqlite3_value_type(argv[1]) == SQLITE_NULL;
    functions_buf(&out);
    if (text.len == 0)
        buf_append(&out, "[", 1);
    for (size_t at = 0; text.len > 0 && at <= text.len && !out.failed;) {
        const char *hit =
            by.len > 0 ? memmem(text.data + at, text.len - at, by.data, by.len) : NULL;
        size_t end = hit != NULL ? (size_t)(hit - text.data) : text.len;
        if (letters && at == text.len)
            break;
        if (letters)
            end = at + functions_char(text.data + at, text.len - at);
        split_part((struct slice){text.data + at, end - at}, null, has_null, at == 0, &out);
        if (!letters && hit == NULL)
            break;
        at = letters ? end : end + by.len;
    }
    buf_append(&out, "]", 1);
    functions_finish(ctx, &out);
}

/* -- rules of statements -- */

/* LIMIT and OFFSET: NULL means none, negative is an error. */
static void fn_limit(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    int64_t n = functions_null(argc, argv) ? -1 : sqlite3_value_int64(argv[0]);
    if (n < 0 && !functions_null(argc, argv))
        functions_fail(ctx, "2201W", "LIMIT must not be negative");
    else
        sqlite3_result_int64(ctx, n);
}

static void fn_offset(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    int64_t n = functions_null(argc, argv) ? 0 : sqlite3_value_int64(argv[0]);
    if (n < 0)
        functions_fail(ctx, "2201X", "OFFSET must not be negative");
    else
        sqlite3_result_int64(ctx, n);
}

/* pgf_not_null(value, column, table) */
static void fn_not_null(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    struct err *err = &functions_context(ctx)->raised;
    (void)argc;
    if (sqlite3_value_type(argv[0]) != SQLITE_NULL) {
        sqlite3_result_value(ctx, argv[0]);
        return;
    }
    const char *column = (const char *)sqlite3_value_text(argv[1]);
    const char *table = (const char *)sqlite3_value_text(argv[2]);
    functions_fail(ctx, SQLSTATE_NOT_NULL_VIOLATION,
                   "null value in column \"%s\" of relation \"%s\" violates not-null constraint",
                   column, table);
    snprintf(err->schema, sizeof(err->schema), "public");
    snprintf(err->table, sizeof(err->table), "%s", table);
    snprintf(err->column, sizeof(err->column), "%s", column);
}

/* A set of keys that one run of a statement has seen. */
struct seen {
    char **keys; /* open addressing; length before the bytes */
    size_t n, cap;
};

static void seen_free(void *arg)
{
    struct seen *s = arg;
    for (size_t i = 0; i < s->cap; i++)
        free(s->keys[i]);
    free(s->keys);
    free(s);
}

/* FNV-1a */
static size_t hash(struct slice key)
{
    uint64_t h = UINT64_C(14695981039346656037);
    for (size_t i = 0; i < key.len; i++)
        h = (h ^ (unsigned char)key.data[i]) * UINT64_C(1099511628211);
    return (size_t)h;
}

static char **seen_slot(struct seen *s, struct slice key)
{
    size_t at = hash(key) & (s->cap - 1);
    for (; s->keys[at] != NULL; at = (at + 1) & (s->cap - 1)) {
        size_t len;
        memcpy(&len, s->keys[at], sizeof(len));
        if (len == key.len && memcmp(s->keys[at] + sizeof(len), key.data, len) == 0)
            break;
    }
    return &s->keys[at];
}

static bool seen_grow(struct seen *s)
{
    struct seen bigger = {NULL, s->n, s->cap == 0 ? 64 : s->cap * 2};
    bigger.keys = calloc(bigger.cap, sizeof(bigger.keys[0]));
    if (bigger.keys == NULL)
        return false;
    for (size_t i = 0; i < s->cap; i++) {
        size_t len;
        if (s->keys[i] == NULL)
            continue;
        memcpy(&len, s->keys[i], sizeof(len));
        *seen_slot(&bigger, (struct slice){s->keys[i] + sizeof(len), len}) = s->keys[i];
    }
    free(s->keys);
    *s = bigger;
    return true;
}

/* 1: new; 0: seen before; -1: no memory. */
static int seen_add(struct seen *s, struct slice key)
{
    if (s->n * 2 >= s->cap && !seen_grow(s))
        return -1;
    char **slot = seen_slot(s, key);
    if (*slot != NULL)
        return 0;
    *slot = malloc(sizeof(size_t) + key.len);
    if (*slot == NULL)
        return -1;
    memcpy(*slot, &key.len, sizeof(size_t));
    memcpy(*slot + sizeof(size_t), key.data, key.len);
    s->n++;
    return 1;
}

static void key_bytes(int argc, sqlite3_value **argv, struct buf *out)
{
    for (int i = 1; i < argc; i++) {
        struct slice part = functions_slice(argv[i]);
        int64_t number = sqlite3_value_int64(argv[i]);
        int type = sqlite3_value_type(argv[i]);
        bool exact = type == SQLITE_INTEGER;
        size_t len = exact ? sizeof(number) : part.len;
        buf_append(out, &len, sizeof(len));
        buf_append(out, exact ? (const char *)&number : part.data, len);
    }
}

/* pgf_once('', key ...): true for each key of a statement's run, an error for one that comes again.
 */
static void fn_once(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    struct seen *s = sqlite3_get_auxdata(ctx, 0);
    struct buf key;
    bool fresh = s == NULL;
    if (functions_null(argc, argv)) {
        sqlite3_result_int(ctx, 1);
        return;
    }
    if (fresh)
        s = calloc(1, sizeof(*s));
    functions_buf(&key);
    key_bytes(argc, argv, &key);
    int added = s == NULL || key.failed ? -1 : seen_add(s, buf_peek(&key));
    buf_release(&key);
    if (added < 0) {
        sqlite3_result_error_nomem(ctx);
    } else if (added == 0) {
        functions_fail(ctx, "21000",
                       "ON CONFLICT DO UPDATE command cannot affect row a second time");
        err_hint(&functions_context(ctx)->raised,
                 "Ensure that no rows proposed for insertion within the same "
                 "command have duplicate constrained values.");
    } else {
        sqlite3_result_int(ctx, 1);
    }
    if (fresh && s != NULL)
        sqlite3_set_auxdata(ctx, 0, s, seen_free);
}

const struct function_row functions_array_rows[] = {
    {"pgf_array", -1, false, fn_array, NULL, NULL},
    {"pgf_array_length", 2, true, fn_array_length, NULL, NULL},
    {"pgf_array_get", 2, true, fn_array_get, NULL, NULL},
    {"pgf_array_to_string", 3, true, fn_array_to_string, NULL, NULL},
    {"pgf_string_to_array", 3, true, fn_string_to_array, NULL, NULL},
    {"pgf_limit", 1, true, fn_limit, NULL, NULL},
    {"pgf_offset", 1, true, fn_offset, NULL, NULL},
    {"pgf_not_null", 3, true, fn_not_null, NULL, NULL},
    {"pgf_once", -1, false, fn_once, NULL, NULL},
};
const size_t functions_array_n = sizeof(functions_array_rows) / sizeof(functions_array_rows[0]);
