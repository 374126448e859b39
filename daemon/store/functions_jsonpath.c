/* functions_jsonpath.c: the functions and operators of jsonpath; see jsonpath_run.h.
 *
 * All take (json, path, vars, silent). */
#include "daemon/store/jsonpath_run.h"

/* ${ret} is to be released where this is true. */
static bool start(struct jsonpath_run *r, struct jsonpath *path, sqlite3_context *ctx,
                  sqlite3_value **argv)
{
    struct err *err = &functions_context(ctx)->raised;
    struct slice vars = functions_slice(argv[2]);
    *r = (struct jsonpath_run){.ctx = ctx, .path = path, .array_size = -1, .vars = vars};
    r->root = r->current = functions_slice(argv[0]);
    r->throws = sqlite3_value_int(argv[3]) == 0;
    int rc = jsonpath_parse(functions_slice(argv[1]), path, err);
    if (rc == 0 && jsonpath_kind(vars) != 'o') {
        rc = err_set(err, SQLSTATE_INVALID_PARAMETER_VALUE, "\"vars\" argument is not an object");
        err_detail(err, "Jsonpath parameters should be encoded as key-value pairs of \"vars\" "
                        "object.");
    }
    r->strict = path->strict;
    r->ignore = !path->strict;
    if (rc == 0)
        return true;
    jsonpath_release(path);
    functions_raised(ctx);
    return false;
}

/* false: the statement has failed. */
static bool finish(struct jsonpath_run *r, struct jsonpath *path)
{
    if (r->failed)
        functions_raised(r->ctx);
    jsonpath_release(path);
    return !r->failed;
}

static void fn_exists(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    struct jsonpath path;
    struct jsonpath_run r;
    struct jsonpath_list all = {0};
    if (functions_null(argc, argv) || !start(&r, &path, ctx, argv))
        return;
    /* strict: the whole list, as an error may come late */
    enum jsonpath_result rc =
        jsonpath_item(&r, path.root, r.root, path.strict ? &all : NULL, !path.strict);
    if (finish(&r, &path) && rc != JSONPATH_ERROR)
        sqlite3_result_int(ctx, path.strict ? all.n > 0 : rc == JSONPATH_OK);
    arena_release(&r.arena);
}

static void fn_match(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    struct jsonpath path;
    struct jsonpath_run r;
    struct jsonpath_list all = {0};
    if (functions_null(argc, argv) || !start(&r, &path, ctx, argv))
        return;
    (void)jsonpath_item(&r, path.root, r.root, &all, !path.strict);
    char kind = all.n == 1 ? jsonpath_kind(all.items[0]) : 'x';
    if (!r.failed && kind == 'b')
        sqlite3_result_int(ctx, all.items[0].data[0] == 't');
    else if (!r.failed && kind != '0')
        (void)jsonpath_raise(&r, "22038", "single boolean result is expected");
    (void)finish(&r, &path);
    arena_release(&r.arena);
}

/* The items as a JSON array. */
static void fn_array(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    struct jsonpath path;
    struct jsonpath_run r;
    struct jsonpath_list all = {0};
    struct buf out;
    if (functions_null(argc, argv) || !start(&r, &path, ctx, argv))
        return;
    (void)jsonpath_item(&r, path.root, r.root, &all, !path.strict);
    functions_buf(&out);
    buf_append(&out, "[", 1);
    for (size_t i = 0; i < all.n; i++) {
        buf_append(&out, ", ", i > 0 ? 2 : 0);
        buf_append(&out, all.items[i].data, all.items[i].len);
    }
    buf_append(&out, "]", 1);
    if (finish(&r, &path))
        functions_finish(ctx, &out);
    else
        buf_release(&out);
    arena_release(&r.arena);
}

static void fn_first(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    struct jsonpath path;
    struct jsonpath_run r;
    struct jsonpath_list all = {0};
    if (functions_null(argc, argv) || !start(&r, &path, ctx, argv))
        return;
    (void)jsonpath_item(&r, path.root, r.root, &all, !path.strict);
    if (!r.failed && all.n > 0)
        functions_result_text(ctx, all.items[0].data, all.items[0].len);
    (void)finish(&r, &path);
    arena_release(&r.arena);
}

const struct function_row functions_jsonpath_rows[] = {
    {"pgf_jsonpath_exists", 4, true, fn_exists, NULL, NULL},
    {"pgf_jsonpath_match", 4, true, fn_match, NULL, NULL},
    {"pgf_jsonpath_array", 4, true, fn_array, NULL, NULL},
    {"pgf_jsonpath_first", 4, true, fn_first, NULL, NULL},
};
const size_t functions_jsonpath_n =
    sizeof(functions_jsonpath_rows) / sizeof(functions_jsonpath_rows[0]);
