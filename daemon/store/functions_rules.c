/* functions_rules.c: rules of statements that SQLite does not have. */
#include "daemon/store/functions_impl.h"

#include <stdio.h>
#include <stdlib.h>

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

/* pgf_view_check(view): a row is not one of the view's; errors.c knows the rest. */
static void fn_view_check(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    (void)argc;
    sqlite3_result_error(ctx, (const char *)sqlite3_value_text(argv[0]), -1);
    sqlite3_result_error_code(ctx, SQLITE_CONSTRAINT_FUNCTION);
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
    buf_append(out, "", 1); /* there may be no values: each row has the same key then */
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

/* pgf_lacks(type, what) */
static void fn_lacks(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    char name[TYPES_NAME_BYTES];
    (void)argc;
    types_format(functions_context(ctx)->types.set, (uint32_t)sqlite3_value_int64(argv[0]), -1,
                 name, sizeof name);
    functions_fail(ctx, SQLSTATE_UNDEFINED_FUNCTION, "could not identify %s for type %s",
                   (const char *)sqlite3_value_text(argv[1]), name);
}

const struct function_row functions_rules_rows[] = {
    {"pgf_lacks", 2, false, fn_lacks, NULL, NULL},
    {"pgf_limit", 1, true, fn_limit, NULL, NULL},
    {"pgf_offset", 1, true, fn_offset, NULL, NULL},
    {"pgf_not_null", 3, true, fn_not_null, NULL, NULL},
    {"pgf_view_check", 1, false, fn_view_check, NULL, NULL},
    {"pgf_once", -1, false, fn_once, NULL, NULL},
};
const size_t functions_rules_n = sizeof(functions_rules_rows) / sizeof(functions_rules_rows[0]);
