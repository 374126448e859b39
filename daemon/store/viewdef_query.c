/* viewdef_query.c: SELECT, FROM and WITH of a view's query; see viewdef_tree.h. */
#include "daemon/store/translate_capture.h"
#include "daemon/store/viewdef_tree.h"

/* -- FROM -- */

static struct viewdef_item *item_new(struct viewdef *d, enum viewdef_item_kind kind, Node *node)
{
    struct viewdef_item *item = palloc0(sizeof(*item));
    item->kind = kind;
    item->source = viewdef_noted(d->tr, node);
    if (item->source == NULL)
        viewdef_refuse(d, "such a FROM item");
    item->name = item->source->name;
    return item;
}

static void item_alias(struct viewdef_item *item, const Alias *alias)
{
    item->aliased = alias != NULL;
    item->columns_given = alias != NULL && alias->colnames != NIL;
}

static struct viewdef_item *table(struct viewdef *d, struct viewdef_query *q, RangeVar *rv)
{
    struct viewdef_item *item = item_new(d, VIEWDEF_TABLE, (Node *)rv);
    const struct store_table *t = item->source->table;
    item_alias(item, rv->alias);
    item->only = !rv->inh;
    if (item->source->cte) {
        item->kind = VIEWDEF_CTE;
        item->cte = rv->relname;
    } else if (t == NULL) {
        viewdef_refuse(d, "such a table");
    } else if (rv->alias != NULL && capture_alias_hidden(rv)) {
        item->aliased = false;
        item->name = t->name;
    }
    q->items = lappend(q->items, item);
    return item;
}

static struct viewdef_item *subselect(struct viewdef *d, struct viewdef_query *q, RangeSubselect *r)
{
    struct viewdef_item *item = item_new(d, VIEWDEF_SUBQUERY, (Node *)r);
    item_alias(item, r->alias);
    item->lateral = r->lateral;
    item->query = viewdef_query(d, (SelectStmt *)r->subquery);
    q->items = lappend(q->items, item);
    return item;
}

/* Does ${e} use columns of the items before it? */
static bool uses_items(const struct viewdef_expr *e, const List *items)
{
    ListCell *cell;
    if (e == NULL)
        return false;
    foreach (cell, items)
        if (e->kind == VIEWDEF_COLUMN && ((struct viewdef_item *)lfirst(cell))->source == e->source)
            return true;
    for (int i = 0; i < e->nargs; i++)
        if (uses_items(e->args[i], items))
            return true;
    return false;
}

/* unnest(a, b) is one function for each of its arguments. */
static void function(struct viewdef *d, struct scope *s, struct viewdef_item *item, Node *node)
{
    if (!IsA(node, FuncCall))
        viewdef_refuse(d, "such a function in FROM");
    FuncCall *f = (FuncCall *)node;
    if (strcmp(strVal(llast(f->funcname)), "unnest") != 0 || list_length(f->args) < 2) {
        item->functions = lappend(item->functions, viewdef_call(d, s, f));
        return;
    }
    ListCell *cell;
    foreach (cell, f->args) {
        FuncCall *one = palloc0(sizeof(*one));
        *one = *f;
        one->args = list_make1(lfirst(cell));
        item->functions = lappend(item->functions, viewdef_call(d, s, one));
    }
}

static struct viewdef_item *functions(struct viewdef *d, struct scope *s, struct viewdef_query *q,
                                      RangeFunction *r)
{
    struct viewdef_item *item = item_new(d, VIEWDEF_FUNCTION, (Node *)r);
    ListCell *cell;
    item_alias(item, r->alias);
    item->ordinality = r->ordinality;
    if (r->coldeflist != NIL)
        viewdef_refuse(d, "a function in FROM with the types of its columns");
    foreach (cell, r->functions) {
        List *one = lfirst(cell);
        if (lsecond(one) != NULL)
            viewdef_refuse(d, "a function in FROM with the types of its columns");
        function(d, s, item, linitial(one));
    }
    item->lateral = r->lateral;
    foreach (cell, item->functions)
        item->lateral = item->lateral || uses_items(lfirst(cell), q->items);
    q->items = lappend(q->items, item);
    return item;
}

static struct viewdef_item *from_item(struct viewdef *d, struct scope *s, struct viewdef_query *q,
                                      Node *node);

/* A merged column that is neither side's has a name alone: no other item may have it. */
static void check_merged(struct viewdef *d, struct scope *s, const JoinExpr *j)
{
    ListCell *cell;
    if (j->jointype != JOIN_FULL)
        return;
    foreach (cell, j->usingClause) {
        int n = 0;
        for (int i = 0; i < s->nsources; i++) {
            const struct source *item = s->sources[i];
            for (int k = 0; item->alias != NULL && k < item->ncolumns; k++)
                n += strcmp(item->columns[k].name, strVal(lfirst(cell))) == 0;
        }
        if (n > 2)
            viewdef_refuse(d, "such a FULL JOIN ... USING");
    }
}

static struct viewdef_item *join(struct viewdef *d, struct scope *s, struct viewdef_query *q,
                                 JoinExpr *j)
{
    struct viewdef_item *item = palloc0(sizeof(*item));
    if (j->alias != NULL || j->join_using_alias != NULL || j->isNatural)
        viewdef_refuse(d, "a join that has a name");
    item->kind = VIEWDEF_JOIN;
    item->join = j->jointype;
    item->left = from_item(d, s, q, j->larg);
    item->right = from_item(d, s, q, j->rarg);
    item->on = j->quals ? viewdef_condition(d, s, j->quals) : NULL;
    item->using = j->usingClause;
    check_merged(d, s, j);
    return item;
}

static struct viewdef_item *from_item(struct viewdef *d, struct scope *s, struct viewdef_query *q,
                                      Node *node)
{
    switch (nodeTag(node)) {
    case T_RangeVar:
        return table(d, q, (RangeVar *)node);
    case T_RangeSubselect:
        return subselect(d, q, (RangeSubselect *)node);
    case T_RangeFunction:
        return functions(d, s, q, (RangeFunction *)node);
    case T_JoinExpr:
        return join(d, s, q, (JoinExpr *)node);
    default:
        viewdef_refuse(d, "such a FROM item");
    }
}

/* -- ORDER BY, GROUP BY: a position, a name, or an expression -- */

static const char *bare_name(const Node *node)
{
    if (!IsA(node, ColumnRef) || list_length(((const ColumnRef *)node)->fields) != 1)
        return NULL;
    Node *field = linitial(((const ColumnRef *)node)->fields);
    return IsA(field, String) ? strVal(field) : NULL;
}

/* The output that ${node} means, from 1; 0: it is an expression. */
static int output_meant(const struct viewdef_query *q, const Node *node)
{
    const char *name = bare_name(node);
    ListCell *cell;
    int i = 0;
    if (IsA(node, A_Const) && IsA(&((const A_Const *)node)->val.node, Integer))
        return ((const A_Const *)node)->val.ival.ival;
    if (name != NULL)
        foreach (cell, q->targets) {
            i++;
            if (strcmp(((struct viewdef_target *)lfirst(cell))->name, name) == 0)
                return i;
        }
    return 0;
}

static struct viewdef_expr *key(struct viewdef *d, struct scope *s, const struct viewdef_query *q,
                                Node *node, bool grouping)
{
    const char *name = bare_name(node);
    int output =
        grouping && name != NULL && scope_names_column(s, name) ? 0 : output_meant(q, node);
    if (output > 0)
        return ((struct viewdef_target *)list_nth(q->targets, output - 1))->expr;
    return viewdef_settled(d, s, node);
}

static struct viewdef_group *group_set(struct viewdef *d, struct scope *s,
                                       const struct viewdef_query *q, Node *node)
{
    struct viewdef_group *g = palloc0(sizeof(*g));
    ListCell *cell;
    if (IsA(node, GroupingSet)) {
        const GroupingSet *set = (const GroupingSet *)node;
        g->word = set->kind == GROUPING_SET_ROLLUP ? "ROLLUP"
                  : set->kind == GROUPING_SET_CUBE ? "CUBE"
                  : set->kind == GROUPING_SET_SETS ? "GROUPING SETS"
                                                   : NULL;
        if (set->kind == GROUPING_SET_SIMPLE)
            viewdef_refuse(d, "such grouping sets");
        foreach (cell, set->content)
            g->parts = lappend(g->parts, group_set(d, s, q, lfirst(cell)));
        return g;
    }
    if (IsA(node, RowExpr) && ((RowExpr *)node)->row_format == COERCE_IMPLICIT_CAST) {
        foreach (cell, ((RowExpr *)node)->args)
            g->parts = lappend(g->parts, key(d, s, q, lfirst(cell), true));
        return g;
    }
    g->parts = list_make1(key(d, s, q, node, true));
    return g;
}

static void group_by(struct viewdef *d, struct scope *s, const SelectStmt *stmt,
                     struct viewdef_query *q)
{
    ListCell *cell;
    q->group_distinct = stmt->groupDistinct;
    foreach (cell, stmt->groupClause)
        q->grouping = q->grouping || IsA(lfirst(cell), GroupingSet);
    foreach (cell, stmt->groupClause) {
        Node *node = lfirst(cell);
        if (q->grouping)
            q->group = lappend(q->group, group_set(d, s, q, node));
        else if (IsA(node, RowExpr) && ((RowExpr *)node)->row_format == COERCE_IMPLICIT_CAST)
            viewdef_refuse(d, "GROUP BY of a row");
        else
            q->group = lappend(q->group, key(d, s, q, node, true));
    }
}

static void order_by(struct viewdef *d, struct scope *s, const SelectStmt *stmt,
                     struct viewdef_query *q)
{
    ListCell *cell;
    foreach (cell, stmt->sortClause) {
        const SortBy *by = lfirst(cell);
        bool set = q->op != SETOP_NONE;
        struct viewdef_sort *sort = viewdef_sort(d, by, set ? NULL : key(d, s, q, by->node, false));
        sort->position = set ? output_meant(q, by->node) : 0;
        if (set && sort->position == 0)
            viewdef_refuse(d, "such an ORDER BY");
        q->order = lappend(q->order, sort);
    }
}

static void limits(struct viewdef *d, struct scope *s, const SelectStmt *stmt,
                   struct viewdef_query *q)
{
    enum { LIBRARY_WITH_TIES = 2 }; /* as translate_select.c has it */
    if (stmt->limitOffset != NULL)
        q->offset = viewdef_as(d, viewdef_make(d, s, stmt->limitOffset), TYPES_INT8);
    if (stmt->limitCount != NULL)
        q->limit = viewdef_as(d, viewdef_make(d, s, stmt->limitCount), TYPES_INT8);
    q->with_ties = (int)stmt->limitOption == LIBRARY_WITH_TIES;
}

/* -- the parts -- */

static void targets(struct viewdef *d, struct scope *s, const SelectStmt *stmt,
                    struct viewdef_query *q)
{
    ListCell *cell;
    foreach (cell, stmt->targetList) {
        const ResTarget *rt = lfirst(cell);
        struct viewdef_target *t = palloc0(sizeof(*t));
        if (IsA(rt->val, ColumnRef) && IsA(llast(((ColumnRef *)rt->val)->fields), A_Star))
            viewdef_refuse(d, "a star");
        t->expr = viewdef_make(d, s, rt->val);
        t->name = rt->name ? rt->name : target_name(s, rt->val);
        q->targets = lappend(q->targets, t);
    }
}

static void with(struct viewdef *d, const WithClause *clause, struct viewdef_query *q)
{
    ListCell *cell;
    if (clause == NULL)
        return;
    q->recursive = clause->recursive;
    if (clause->recursive && list_length(clause->ctes) > 1)
        viewdef_refuse(d, "several queries in WITH RECURSIVE");
    foreach (cell, clause->ctes) {
        const CommonTableExpr *from = lfirst(cell);
        struct viewdef_with *w = palloc0(sizeof(*w));
        w->name = from->ctename;
        w->columns = from->aliascolnames;
        w->materialized = from->ctematerialized;
        w->query = viewdef_query(d, (SelectStmt *)from->ctequery);
        q->with = lappend(q->with, w);
    }
}

static void select_parts(struct viewdef *d, struct scope *s, const SelectStmt *stmt,
                         struct viewdef_query *q)
{
    ListCell *cell;
    foreach (cell, stmt->fromClause)
        q->from = lappend(q->from, from_item(d, s, q, lfirst(cell)));
    targets(d, s, stmt, q);
    if (stmt->distinctClause != NIL && linitial(stmt->distinctClause) == NULL)
        q->distinct = true;
    else
        foreach (cell, stmt->distinctClause)
            q->distinct_on = lappend(q->distinct_on, key(d, s, q, lfirst(cell), false));
    if (stmt->whereClause != NULL)
        q->where = viewdef_condition(d, s, stmt->whereClause);
    if (stmt->havingClause != NULL)
        q->having = viewdef_condition(d, s, stmt->havingClause);
    group_by(d, s, stmt, q);
    foreach (cell, stmt->windowClause)
        q->windows = lappend(q->windows, viewdef_window(d, s, lfirst(cell)));
}

/* The rows are an item of FROM that the outputs are columns of. */
static void values_parts(struct viewdef *d, struct scope *s, const SelectStmt *stmt,
                         struct viewdef_query *q)
{
    int n = list_length(linitial(stmt->valuesLists)), rows = list_length(stmt->valuesLists);
    struct viewdef_item *item = palloc0(sizeof(*item));
    struct source *source = palloc0(sizeof(*source));
    struct expr **column = palloc0(sizeof(column[0]) * (size_t)(rows + 1));
    for (int r = 0; r < rows; r++)
        q->values = lappend(q->values, NIL);
    for (int i = 0; i < n; i++) {
        for (int r = 0; r < rows; r++)
            column[r] = expr_make(s, list_nth(list_nth(stmt->valuesLists, r), i));
        uint32_t type = expr_common_type(d->tr, column, rows, "VALUES");
        for (int r = 0; r < rows; r++) {
            Node *node = list_nth(list_nth(stmt->valuesLists, r), i);
            ListCell *row = list_nth_cell(q->values, r);
            lfirst(row) = lappend(lfirst(row), viewdef_as(d, viewdef_make(d, s, node), type));
        }
        struct viewdef_target *t = palloc0(sizeof(*t));
        t->name = psprintf("column%d", i + 1);
        t->expr = viewdef_new(VIEWDEF_COLUMN, type, t->name, 0);
        t->expr->source = source;
        q->targets = lappend(q->targets, t);
    }
    item->kind = VIEWDEF_VALUES;
    item->name = "*VALUES*";
    item->source = source;
    q->from = q->items = list_make1(item);
}

/* The outputs of a set operation have the names of the first query's; open literals are of the type
 * that both sides have in common. */
static void settle_arms(struct viewdef *d, struct viewdef_query *q)
{
    int n = list_length(q->left->targets);
    for (int i = 0; i < n && i < list_length(q->right->targets); i++) {
        struct viewdef_target *both[2] = {list_nth(q->left->targets, i),
                                          list_nth(q->right->targets, i)};
        struct expr types[2] = {{.type = both[0]->expr->type, .location = -1},
                                {.type = both[1]->expr->type, .location = -1}};
        struct expr *pair[2] = {&types[0], &types[1]};
        uint32_t type = expr_common_type(d->tr, pair, 2, "UNION");
        for (int k = 0; k < 2; k++)
            if (both[k]->expr->type == TYPES_UNKNOWN)
                both[k]->expr = viewdef_as(d, both[k]->expr, type);
        struct viewdef_target *t = palloc0(sizeof(*t));
        t->name = both[0]->name;
        t->expr = viewdef_new(VIEWDEF_COLUMN, type, t->name, 0);
        q->targets = lappend(q->targets, t);
    }
}

static struct viewdef_query *make(struct viewdef *d, SelectStmt *stmt, bool settle)
{
    struct scope *s = viewdef_noted(d->tr, stmt);
    struct viewdef_query *q = palloc0(sizeof(*q));
    ListCell *cell;
    tr_enter(d->tr, -1);
    if (s == NULL && (stmt->op == SETOP_NONE || stmt->limitCount || stmt->limitOffset))
        viewdef_refuse(d, "such a query"); /* a recursive one has no scope of its own */
    if (stmt->lockingClause != NIL)
        viewdef_refuse(d, "FOR UPDATE");
    with(d, stmt->withClause, q);
    if (stmt->valuesLists != NIL) {
        values_parts(d, s, stmt, q);
    } else if (stmt->op != SETOP_NONE) {
        q->op = stmt->op;
        q->all = stmt->all;
        q->left = make(d, stmt->larg, false);
        q->right = make(d, stmt->rarg, false);
        settle_arms(d, q);
    } else {
        select_parts(d, s, stmt, q);
    }
    foreach (cell, q->targets) {
        struct viewdef_target *t = lfirst(cell);
        if (settle && t->expr->type == TYPES_UNKNOWN)
            t->expr = viewdef_as(d, t->expr, TYPES_TEXT);
    }
    order_by(d, s, stmt, q);
    limits(d, s, stmt, q);
    tr_leave(d->tr);
    return q;
}

struct viewdef_query *viewdef_query(struct viewdef *d, SelectStmt *stmt)
{
    return make(d, stmt, true);
}
