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

/* What a function makes of the items.  An error is told by the run. */
typedef void answer(struct jsonpath_run *r, enum jsonpath_result rc,
                    const struct jsonpath_list *all);

/* ${any}: in lax mode it is enough to know that there is one; a strict path may err late. */
static void query(sqlite3_context *ctx, int argc, sqlite3_value **argv, bool any, answer *give)
{
    struct jsonpath path;
    struct jsonpath_run r;
    struct jsonpath_list all = {0};
    if (functions_null(argc, argv) || !start(&r, &path, ctx, argv))
        return;
    enum jsonpath_result rc =
        jsonpath_item(&r, path.root, r.root, any && !path.strict ? NULL : &all, !path.strict);
    if (!r.failed)
        give(&r, rc, &all);
    if (r.failed)
        functions_raised(ctx);
    jsonpath_release(&path);
    arena_release(&r.arena);
}

static void exists(struct jsonpath_run *r, enum jsonpath_result rc, const struct jsonpath_list *all)
{
    if (rc != JSONPATH_ERROR)
        sqlite3_result_int(r->ctx, r->strict ? all->n > 0 : rc == JSONPATH_OK);
}

static void fn_exists(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    query(ctx, argc, argv, true, exists);
}

static void match(struct jsonpath_run *r, enum jsonpath_result rc, const struct jsonpath_list *all)
{
    char kind = all->n == 1 ? jsonpath_kind(all->items[0]) : 'x';
    (void)rc;
    if (kind == 'b')
        sqlite3_result_int(r->ctx, all->items[0].data[0] == 't');
    else if (kind != '0')
        (void)jsonpath_raise(r, "22038", "single boolean result is expected");
}

static void fn_match(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    query(ctx, argc, argv, false, match);
}

/* The items as a JSON array. */
static void array(struct jsonpath_run *r, enum jsonpath_result rc, const struct jsonpath_list *all)
{
    struct buf out;
    (void)rc;
    functions_buf(&out);
    buf_append(&out, "[", 1);
    for (size_t i = 0; i < all->n; i++) {
        buf_append(&out, ", ", i > 0 ? 2 : 0);
        buf_append(&out, all->items[i].data, all->items[i].len);
    }
    buf_append(&out, "]", 1);
    functions_finish(r->ctx, &out);
}

static void fn_array(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    query(ctx, argc, argv, false, array);
}

static void first(struct jsonpath_run *r, enum jsonpath_result rc, const struct jsonpath_list *all)
{
    (void)rc;
    if (all->n > 0)
        functions_result_text(r->ctx, all->items[0].data, all->items[0].len);
}

static void fn_first(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    query(ctx, argc, argv, false, first);
}

const struct function_row functions_jsonpath_rows[] = {
    {"pgf_jsonpath_exists", 4, true, fn_exists, NULL, NULL},
    {"pgf_jsonpath_match", 4, true, fn_match, NULL, NULL},
    {"pgf_jsonpath_array", 4, true, fn_array, NULL, NULL},
    {"pgf_jsonpath_first", 4, true, fn_first, NULL, NULL},
};
const size_t functions_jsonpath_n =
    sizeof(functions_jsonpath_rows) / sizeof(functions_jsonpath_rows[0]);
