/* functions_viewdef.c: pg_get_viewdef(), pg_get_ruledef(): see viewdef_tree.h. */
#include "daemon/store/catalog_views.h"
#include "daemon/store/conn.h"
#include "daemon/store/functions_impl.h"
#include "daemon/store/ident.h"
#include "daemon/store/objects.h"
#include "daemon/store/viewdef_tree.h"
#include "policy/parse.h"

enum { SCRATCH_BYTES = 16 * 1024 * 1024 };

struct request {
    struct store_context *context;
    const struct store_table *view;
    int flags, wrap;
    struct buf *out;
};

static int print_body(void *arg, struct err *err)
{
    struct request *r = arg;
    struct tr *tr = palloc0(sizeof(*tr));
    List *parsed;
    if (parse_sql(r->view->view_sql, (void **)&parsed, err) < 0)
        return -1;
    SelectStmt *stmt = (SelectStmt *)((RawStmt *)linitial(parsed))->stmt;
    tr->catalog = r->context->catalog;
    tr->types = &r->context->catalog->types;
    tr->sql = r->view->view_sql;
    tr->err = err;
    tr->stmt = (Node *)stmt;
    tr->notes = viewdef_notes_new();
    buf_init(&tr->scratch, SCRATCH_BYTES);
    if (sigsetjmp(tr->fail, 0) != 0) {
        buf_release(&tr->scratch);
        return -1;
    }
    (void)select_query(tr, NULL, stmt, false);
    viewdef_notes_replay(tr);
    struct viewdef d = {.tr = tr, .session = &r->context->types};
    StringInfoData text;
    initStringInfo(&text);
    struct viewdef_printer p = {
        .catalog = tr->catalog, .out = &text, .flags = r->flags, .wrap = r->wrap, .tr = tr};
    viewdef_print(&p, viewdef_query(&d, stmt), r->view);
    buf_append(r->out, text.data, (size_t)text.len);
    buf_append(r->out, ";", 1);
    buf_release(&tr->scratch);
    return 0;
}

/* The definition of a view of the user's, appended to ${out}.  -1: raised. */
static int print(sqlite3_context *ctx, const struct store_table *view, int flags, int wrap,
                 struct buf *out)
{
    struct store_context *c = functions_context(ctx);
    struct request r = {c, view, flags, wrap, out};
    struct err err = {0};
    if (parse_protect(print_body, &r, &err) == 0)
        return 0;
    buf_release(out);
    if (strcmp(err.sqlstate, SQLSTATE_FEATURE_NOT_SUPPORTED) == 0) {
        err.position = 0;
        c->raised = err;
        functions_raised(ctx);
    } else {
        functions_fail(ctx, SQLSTATE_FEATURE_NOT_SUPPORTED,
                       "the definition of view \"%s\" is not supported by the embedded store",
                       view->name);
    }
    return -1;
}

static void viewdef_of(sqlite3_context *ctx, uint32_t oid, int flags, int wrap)
{
    const struct store_table *t = store_catalog_table_oid(functions_context(ctx)->catalog, oid);
    struct slice text;
    struct buf out;
    if (t && t->system && catalog_view_text(t->schema, t->name, &text)) {
        functions_result_text(ctx, text.data, text.len);
    } else if (t && t->view_sql) {
        functions_buf(&out);
        if (print(ctx, t, flags, wrap, &out) == 0)
            functions_finish(ctx, &out);
    }
}

/* pgf_get_viewdef(oid, flags, wrap) */
static void fn_viewdef(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    if (!functions_null(argc, argv))
        viewdef_of(ctx, (uint32_t)sqlite3_value_int64(argv[0]), sqlite3_value_int(argv[1]),
                   sqlite3_value_int(argv[2]));
}

/* pgf_get_viewdef_named(name, flags) */
static void fn_viewdef_named(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    struct store_context *c = functions_context(ctx);
    uint32_t oid;
    if (functions_null(argc, argv))
        return;
    if (objects_read(c, TYPES_REGCLASS, functions_slice(argv[0]), &oid, &c->raised) < 0)
        functions_raised(ctx);
    else
        viewdef_of(ctx, oid, sqlite3_value_int(argv[1]), 0);
}

/* pgf_get_ruledef(ev_class, flags): the rule of a view, which is called _RETURN. */
static void fn_ruledef(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    const struct store_catalog *c = functions_context(ctx)->catalog;
    struct buf out;
    if (functions_null(argc, argv))
        return;
    const struct store_table *t =
        store_catalog_table_oid(c, (uint32_t)sqlite3_value_int64(argv[0]));
    int flags = sqlite3_value_int(argv[1]);
    if (!t || t->system || !t->view_sql) {
        functions_fail(ctx, SQLSTATE_FEATURE_NOT_SUPPORTED,
                       "pg_get_ruledef of this rule is not supported by the embedded store");
        return;
    }
    functions_buf(&out);
    ident_format(&out, "CREATE RULE \"_RETURN\" AS\n    ON SELECT TO ");
    if (!(flags & VIEWDEF_PRETTY) || store_catalog_relation(c, NULL, t->name) != t->oid) {
        ident_postgres(t->schema, &out);
        ident_format(&out, ".");
    }
    ident_postgres(t->name, &out);
    ident_format(&out, " DO INSTEAD ");
    if (print(ctx, t, flags, 0, &out) == 0)
        functions_finish(ctx, &out);
}

const struct function_row functions_viewdef_rows[] = {
    {"pgf_get_viewdef", 3, false, fn_viewdef, NULL, NULL},
    {"pgf_get_viewdef_named", 2, false, fn_viewdef_named, NULL, NULL},
    {"pgf_get_ruledef", 2, false, fn_ruledef, NULL, NULL},
};
const size_t functions_viewdef_n =
    sizeof(functions_viewdef_rows) / sizeof(functions_viewdef_rows[0]);
