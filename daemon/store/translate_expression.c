/* translate_expression.c: one expression of DDL: a default, a check, an index. */
#include "daemon/store/emit.h"
#include "daemon/store/infer.h"

/* The table's columns as bare names: all that an expression of its schema may see. */
static void see_columns(struct scope *s, const struct store_table *table)
{
    struct source *item = source_table(s->tr, table, table->name, false);
    for (int i = 0; i < item->ncolumns; i++) {
        const struct store_column *c = store_table_column(table, item->columns[i].name);
        if (c)
            item->columns[i].sql = emit_identifier(c->sqlite_name);
    }
    item->show_name = item->show_columns = true;
    scope_add(s, item);
}

struct scope *scope_expression(struct tr *tr, const struct store_table *table)
{
    struct scope *s = scope_new(tr, NULL);
    s->clause = table ? "check constraints" : "DEFAULT expressions";
    s->windows_refused = true;
    if (table)
        see_columns(s, table);
    return s;
}

static const char *expression_text(struct tr *tr, const struct store_table *table, Node *expression,
                                   uint32_t type_oid, int32_t typmod, uint32_t *ret_type)
{
    struct scope *s = scope_expression(tr, table);
    struct expr *e = expr_make(s, expression);
    if (type_oid == 0) {
        e = infer_settle(tr, e);
        *ret_type = e->type;
        return emit_format("%s%s", e->sql, emit_collation(tr, e->type));
    }
    const struct store_column target = {
        .name = "?", .sqlite_name = "?", .type_oid = type_oid, .typmod = typmod};
    return infer_assign(tr, e, &target)->sql;
}

static bool has_subquery(Node *node, void *context)
{
    if (node == NULL)
        return false;
    if (IsA(node, SubLink))
        return true;
    return raw_expression_tree_walker(node, has_subquery, context);
}

/* Does the text, of SQLite, have a subquery? */
static bool text_has_subquery(const char *p)
{
    for (; *p != '\0'; p++) {
        char quote = *p == '\'' || *p == '"' ? *p : '\0';
        if (strncmp(p, "(SELECT ", 8) == 0)
            return true;
        while (quote != '\0' && *++p != quote)
            if (*p == '\0')
                return false;
    }
    return false;
}

/* ${what} NULL: assigned to the type; else a condition, of what. */
static int run(const struct store_catalog *catalog, const struct store_table *table,
               Node *expression, const char *sql, const char *what, uint32_t type_oid,
               int32_t typmod, const char **ret, uint32_t *ret_type, struct err *err)
{
    struct tr *tr = tr_new(catalog, sql, err);
    const char **text = palloc0(sizeof(*text));
    tr->definition = true;
    tr->no_subquery = what != NULL || type_oid == 0;
    if (sigsetjmp(tr->fail, 0) != 0) {
        buf_release(&tr->scratch);
        return -1;
    }
    if (has_subquery(expression, NULL))
        tr_unsupported(tr, exprLocation(expression), "a subquery in this expression");
    *text = what ? expr_condition(scope_expression(tr, table), expression, what)->sql
                 : expression_text(tr, table, expression, type_oid, typmod, ret_type);
    if (tr->nparams > 0)
        tr_fail(tr, SQLSTATE_UNDEFINED_PARAMETER, -1, "there is no parameter $1");
    if (tr->no_subquery && text_has_subquery(*text))
        tr_unsupported(tr, exprLocation(expression), "this expression in a check or index");
    *ret = *text;
    buf_release(&tr->scratch);
    return 0;
}

int translate_view_query(const struct store_catalog *catalog, struct SelectStmt *stmt,
                         const char *sql, struct capture *capture, struct translate_result *ret,
                         struct err *err)
{
    struct tr *tr = tr_new(catalog, sql, err);
    struct translate_result *result = palloc0(sizeof(*result));
    tr->capture = capture;
    tr->stmt = (Node *)stmt;
    if (sigsetjmp(tr->fail, 0) != 0) {
        buf_release(&tr->scratch);
        return -1;
    }
    struct query *q = select_query(tr, NULL, stmt, false);
    result_columns(tr, q->targets, q->ntargets, result);
    if (tr->nparams > 0)
        tr_fail(tr, SQLSTATE_UNDEFINED_PARAMETER, -1, "there is no parameter $1");
    if (tr->writes && tr->steps == NIL)
        tr_unsupported(tr, -1, "FOR UPDATE in a view");
    if (tr->writes || tr->steps != NIL)
        tr_fail(tr, SQLSTATE_FEATURE_NOT_SUPPORTED, -1,
                "views must not contain data-modifying statements in WITH");
    result->sql = q->sql;
    *ret = *result;
    buf_release(&tr->scratch);
    return 0;
}

int translate_type(const struct store_catalog *catalog, struct TypeName *type, const char *sql,
                   uint32_t *ret_oid, int32_t *ret_typmod, struct err *err)
{
    struct tr *tr = tr_new(catalog, sql, err);
    uint32_t *oid = palloc0(sizeof(*oid));
    if (sigsetjmp(tr->fail, 0) != 0) {
        buf_release(&tr->scratch);
        return -1;
    }
    *oid = infer_type(tr, type, ret_typmod);
    buf_release(&tr->scratch);
    *ret_oid = *oid;
    return 0;
}

int translate_expression(const struct store_catalog *catalog, const struct store_table *table,
                         Node *expression, const char *sql, uint32_t type_oid, int32_t typmod,
                         const char **ret, struct err *err)
{
    uint32_t ignored;
    return run(catalog, table, expression, sql, NULL, type_oid, typmod, ret, &ignored, err);
}

int translate_condition(const struct store_catalog *catalog, const struct store_table *table,
                        Node *expression, const char *sql, const char *what, const char **ret,
                        struct err *err)
{
    uint32_t ignored;
    return run(catalog, table, expression, sql, what, TYPES_BOOL, -1, ret, &ignored, err);
}

int translate_index_part(const struct store_catalog *catalog, const struct store_table *table,
                         Node *expression, const char *sql, const char **ret, uint32_t *ret_type,
                         struct err *err)
{
    return run(catalog, table, expression, sql, NULL, 0, -1, ret, ret_type, err);
}
