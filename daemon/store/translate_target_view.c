/* translate_target_view.c: writing through a view, as PostgreSQL's automatically updatable views.
 *
 * The statement is translated as one on the table below, which shows the view's columns by the
 * view's names, and the others by none; the view's conditions are added to those of UPDATE and
 * DELETE.  The texts of the refusals are those of rewriteHandler.c. */
#include "daemon/store/emit.h"
#include "daemon/store/translate_target_view.h"

#include "parser/parser.h"

struct view_target {
    const struct store_table *table; /* as the view shows it */
    const struct store_table *view, *base;
    const SelectStmt *query;
};

static const struct view_target *target_of(const struct tr *tr, const struct store_table *table)
{
    ListCell *cell;
    foreach (cell, tr->view_targets) {
        const struct view_target *v = lfirst(cell);
        if (v->table == table)
            return v;
    }
    return NULL;
}

const struct store_table *view_target_shown(const struct tr *tr, const struct store_table *table)
{
    const struct view_target *v = target_of(tr, table);
    return v ? v->view : NULL;
}

/* -- may it be written? -- */

static bool has_calls(Node *node, void *context)
{
    const bool *windows = context;
    if (node == NULL)
        return false;
    if (IsA(node, FuncCall)) {
        const FuncCall *f = (FuncCall *)node;
        const struct infer_proc *p = infer_proc_named(strVal(llast(f->funcname)));
        if (*windows ? f->over != NULL : f->over == NULL && p != NULL && p->kind == 'a')
            return true;
    }
    if (IsA(node, SubLink))
        return false;
    return raw_expression_tree_walker(node, has_calls, context);
}

const char *view_not_updatable(const SelectStmt *q)
{
    bool aggregates = false, windows = true;
    if (q->distinctClause != NIL)
        return "Views containing DISTINCT are not automatically updatable.";
    if (q->groupClause != NIL)
        return "Views containing GROUP BY are not automatically updatable.";
    if (q->havingClause != NULL)
        return "Views containing HAVING are not automatically updatable.";
    if (q->op != SETOP_NONE)
        return "Views containing UNION, INTERSECT, or EXCEPT are not automatically updatable.";
    if (q->withClause != NULL)
        return "Views containing WITH are not automatically updatable.";
    if (q->limitCount != NULL || q->limitOffset != NULL)
        return "Views containing LIMIT or OFFSET are not automatically updatable.";
    if (has_calls((Node *)q->targetList, &aggregates))
        return "Views that return aggregate functions are not automatically updatable.";
    if (has_calls((Node *)q->targetList, &windows))
        return "Views that return window functions are not automatically updatable.";
    if (list_length(q->fromClause) != 1 || !IsA(linitial(q->fromClause), RangeVar))
        return "Views that do not select from a single table or view are not automatically "
               "updatable.";
    return NULL;
}

static void refuse(struct tr *tr, const struct store_table *view, const char *verb,
                   const char *detail)
{
    char c = verb[0];
    tr_set(tr, "55000", -1, "cannot %s view \"%s\"",
           c == 'I'   ? "insert into"
           : c == 'U' ? "update"
                      : "delete from",
           view->name);
    err_detail(tr->err, "%s", detail);
    err_hint(tr->err,
             "To enable %s the view, provide an INSTEAD OF %s trigger or an unconditional ON %s DO "
             "INSTEAD rule.",
             c == 'I'   ? "inserting into"
             : c == 'U' ? "updating"
                        : "deleting from",
             verb, verb);
    tr_throw(tr);
}

/* -- what it shows -- */

const struct store_column *view_plain_column(const struct store_table *base, const ResTarget *rt)
{
    if (!IsA(rt->val, ColumnRef))
        return NULL;
    const Node *last = llast(((const ColumnRef *)rt->val)->fields);
    return IsA(last, String) ? store_table_column(base, strVal(last)) : NULL;
}

static const struct store_table *shown(struct tr *tr, const struct store_table *view,
                                       const struct store_table *base, const SelectStmt *query)
{
    struct store_table *t = palloc0(sizeof(*t));
    size_t n = view->ncolumns;
    struct store_column *columns = palloc0(sizeof(*columns) * (base->ncolumns + n));
    bool *used = palloc0(base->ncolumns + 1);
    *t = *base;
    for (size_t i = 0; i < n; i++) {
        const struct store_column *c = view_plain_column(base, list_nth(query->targetList, (int)i));
        if (c == NULL || used[c - base->columns])
            tr_unsupported(tr, -1, "writing to view \"%s\", which has expressions as columns,",
                           view->name);
        used[c - base->columns] = true;
        columns[i] = *c;
        columns[i].name = view->columns[i].name;
    }
    for (size_t i = 0; i < base->ncolumns; i++)
        if (!used[i]) {
            columns[n] = base->columns[i];
            columns[n++].name = "";
        }
    t->name = view->name;
    t->schema = view->schema;
    t->columns = columns;
    t->ncolumns = n;
    return t;
}

const struct store_table *view_target(struct tr *tr, const struct store_table *view,
                                      const char *verb)
{
    if (view->kind != 'v' || view->system)
        return view;
    tr_enter(tr, -1);
    List *parsed = raw_parser(view->view_sql, RAW_PARSE_DEFAULT);
    const SelectStmt *query = (SelectStmt *)((RawStmt *)linitial(parsed))->stmt;
    const char *why = view_not_updatable(query);
    if (why != NULL)
        refuse(tr, view, verb, why);
    const RangeVar *rv = linitial(query->fromClause);
    const struct store_table *below = store_catalog_table(tr->catalog, rv->schemaname, rv->relname);
    if (below == NULL || below->system || (below->kind != 'r' && below->kind != 'v'))
        tr_unsupported(tr, -1, "writing to view \"%s\"", view->name);
    struct view_target *v = palloc0(sizeof(*v));
    v->view = view;
    v->query = query;
    v->base = view_target(tr, below, verb);
    v->table = shown(tr, view, v->base, query);
    tr->view_targets = lappend(tr->view_targets, v);
    tr_leave(tr);
    return v->table;
}

/* The view's own condition on a row of the table below that is called ${row} in SQLite. */
static const char *condition(struct tr *tr, const struct view_target *v, const char *row)
{
    const RangeVar *rv = linitial(v->query->fromClause);
    struct scope *s = scope_new(tr, NULL);
    struct source *item = source_table(tr, v->base, rv->alias->aliasname, true);
    for (int i = 0; i < item->ncolumns; i++)
        item->columns[i].sql =
            emit_format("%s.%s", row, emit_identifier(v->base->columns[i].sqlite_name));
    scope_add(s, item);
    tr->views++;
    const char *text = expr_condition(s, v->query->whereClause, "WHERE")->sql;
    tr->views--;
    return text;
}

const char *view_target_where(struct tr *tr, const struct store_table *table,
                              const struct source *target, const char *where)
{
    const struct view_target *v = target_of(tr, table);
    if (v == NULL)
        return where;
    where = view_target_where(tr, v->base, target, where);
    if (v->query->whereClause == NULL)
        return where;
    const char *own = condition(tr, v, target->alias);
    return where[0] ? emit_format(" WHERE %s AND (%s)", own, where + strlen(" WHERE "))
                    : emit_format(" WHERE %s", own);
}

/* -- WITH CHECK OPTION -- */

static bool has_subquery(Node *node, void *context)
{
    if (node == NULL)
        return false;
    return IsA(node, SubLink) || raw_expression_tree_walker(node, has_subquery, context);
}

/* Of the views below first; ${all}: a view above says CASCADED. */
static void add_checks(struct tr *tr, const struct store_table *table, bool all, StringInfo out)
{
    const struct view_target *v = target_of(tr, table);
    if (v == NULL)
        return;
    add_checks(tr, v->base, all || v->view->check_option == 'c', out);
    if (v->query->whereClause == NULL || (!all && v->view->check_option == 0))
        return;
    if (has_subquery(v->query->whereClause, NULL))
        tr_unsupported(tr, -1, "a subquery in the condition of a view WITH CHECK OPTION");
    appendStringInfo(out, " WHEN (%s) IS NOT TRUE THEN pgf_view_check(%s)",
                     condition(tr, v, emit_identifier(v->base->sqlite_name)),
                     emit_text(v->view->name, strlen(v->view->name)));
}

const char *view_target_check(struct tr *tr, const struct store_table *table)
{
    StringInfoData out;
    initStringInfo(&out);
    add_checks(tr, table, false, &out);
    return out.len > 0 ? emit_format("CASE%s END", out.data) : NULL;
}
