/* Statements, SELECT levels and their WITH. */
#include "policy/scope.h"

#include "protocol/sqlstate.h"

#include <string.h>

struct level *scope_level(struct level *outer)
{
    struct level *l = palloc0(sizeof *l);
    l->outer = outer;
    l->ctes = outer ? outer->ctes : NULL;
    return l;
}

struct change *scope_change(struct scoper *s, enum change_kind kind, Node *stmt)
{
    struct change *c = palloc0(sizeof *c);
    c->kind = kind;
    c->stmt = stmt;
    s->changes = lappend(s->changes, c);
    return c;
}

/* -- WITH -- */

static struct cte *add_cte(struct level *l, const CommonTableExpr *expr)
{
    struct cte *cte = palloc0(sizeof *cte);
    cte->name = expr->ctename;
    cte->next = l->ctes;
    l->ctes = cte;
    return cte;
}

/* The body of ${expr}, seen from ${l} with the CTEs visible there. */
static int cte_body(struct scoper *s, struct level *l, CommonTableExpr *expr, bool recursive,
                    struct cte *cte, bool *ret_confined)
{
    const CTECycleClause *cycle = expr->cycle_clause;
    if (cycle && (scope_expr(s, l, cycle->cycle_mark_value) < 0 ||
                  scope_expr(s, l, cycle->cycle_mark_default) < 0))
        return -1;
    struct level *inner = scope_level(l);
    inner->outer = l->outer; /* a CTE does not see the columns of the query it belongs to */
    inner->from_subquery = true;
    if (recursive) {
        inner->body_of = cte;
        cte->names = expr->aliascolnames;
    }
    const struct outputs *outputs = NULL;
    if (scope_query(s, expr->ctequery, inner, &outputs) < 0)
        return -1;
    l->reaches_out = l->reaches_out || inner->reaches_out;
    *ret_confined = inner->confined;
    if (recursive || !IsA(expr->ctequery, SelectStmt))
        return 0;
    cte->query = (SelectStmt *)expr->ctequery;
    cte->outputs = outputs;
    ListCell *cell;
    int i = 0;
    foreach (cell, expr->aliascolnames) {
        if (outputs && i < outputs->n)
            outputs->items[i++].name = strVal(lfirst(cell));
    }
    return 0;
}

int scope_with(struct scoper *s, struct level *l, WithClause *with)
{
    if (!with)
        return 0;
    ListCell *cell;
    List *all = NIL;
    if (with->recursive) /* all see all, themselves too */
        foreach (cell, with->ctes) {
            struct cte *cte = add_cte(l, lfirst(cell));
            cte->confined = true;
            all = lappend(all, cte);
        }
    for (int i = 0; i < list_length(with->ctes); i++) {
        CommonTableExpr *expr = list_nth(with->ctes, i);
        struct cte scratch = {0};
        bool confined = false;
        if (cte_body(s, l, expr, with->recursive, all ? list_nth(all, i) : &scratch, &confined) < 0)
            return -1;
        l->confined = l->confined || confined;
        if (with->recursive)
            continue;
        struct cte *cte = add_cte(l, expr); /* from here on visible */
        cte->query = scratch.query;
        cte->outputs = scratch.outputs;
        cte->confined = confined;
        scope_note_made(s, cte, expr);
    }
    return 0;
}

/* -- SELECT -- */

static int check_select(struct scoper *s, const SelectStmt *stmt)
{
    if (stmt->intoClause)
        return scope_refuse(s, SQLSTATE_INSUFFICIENT_PRIVILEGE, -1,
                            "SELECT INTO is not allowed for confined sessions");
    return 0;
}

/* Anything but a column or a constant in the select list of a subquery may be computed early. */
static bool computes(const List *targets)
{
    ListCell *cell;
    foreach (cell, targets) {
        const ResTarget *target = lfirst(cell);
        if (!IsA(target->val, ColumnRef) && !IsA(target->val, A_Const))
            return true;
    }
    return false;
}

/* Does a list of grouping sets name ${column}, or perhaps, by its number? */
static bool groups_by(const Node *node, const char *column)
{
    ListCell *cell;
    const List *inside = IsA(node, List)          ? (const List *)node
                         : IsA(node, GroupingSet) ? ((const GroupingSet *)node)->content
                         : IsA(node, RowExpr)     ? ((const RowExpr *)node)->args
                                                  : NIL;
    foreach (cell, inside)
        if (groups_by(lfirst(cell), column))
            return true;
    if (IsA(node, ColumnRef)) {
        const char *last = scope_ref_name((const ColumnRef *)node, -1);
        return last && !strcmp(last, column);
    }
    return IsA(node, A_Const);
}

struct named { /* the column that is looked for; found in an equality that may hand it on */
    const char *column;
    bool only; /* a mention will do */
};

static bool names(Node *node, struct named *named)
{
    struct named mention = {named->column, true};
    if (!node)
        return false;
    if (IsA(node, ColumnRef)) {
        const Node *last = llast(((const ColumnRef *)node)->fields);
        return named->only && (IsA(last, A_Star) || !strcmp(strVal(last), named->column));
    }
    if (IsA(node, A_Expr) && !named->only) {
        const A_Expr *e = (const A_Expr *)node;
        if ((names(e->lexpr, &mention) && scope_has_refs(e->rexpr)) ||
            (names(e->rexpr, &mention) && scope_has_refs(e->lexpr)))
            return true;
    }
    return raw_expression_tree_walker(node, names, named);
}

/* May ${stmt} group by ${column}, or by one that it says is equal to it? */
static bool groups_with(const struct level *l, const SelectStmt *stmt, const char *column)
{
    struct named equated = {column, false}, mention = {column, true};
    bool outside = l->outer && l->outer->sets; /* the whole may become a join of that level's */
    return (stmt->groupClause && groups_by((const Node *)stmt->groupClause, column)) ||
           names((Node *)stmt->fromClause, &equated) || names(stmt->whereClause, &equated) ||
           (outside && names((Node *)stmt->targetList, &mention));
}

static bool has_sets(const SelectStmt *stmt)
{
    ListCell *cell;
    foreach (cell, stmt->groupClause)
        if (IsA(lfirst(cell), GroupingSet))
            return true;
    return false;
}

/* A planner that is told that a column equals a constant takes it for sorted, and with it what is equal to it, even
 * where a grouping set without it yields NULL.  So it is not told: what such sets group by the tenant column is read
 * apart. */
static void group_apart(struct scoper *s, const struct level *l, const SelectStmt *stmt,
                        struct climbed *from)
{
    List *rest = NIL;
    ListCell *cell;
    if (!l->sets)
        return;
    foreach (cell, from->carried) {
        struct leaf *leaf = lfirst(cell);
        if (leaf->access->kind != RULE_SCOPED || !groups_with(l, stmt, leaf->column)) {
            rest = lappend(rest, leaf);
            continue;
        }
        leaf->wrap = leaf->barrier = true;
        scope_change(s, CHANGE_WRAP, (Node *)stmt)->leaf = leaf;
    }
    from->carried = rest;
    foreach (cell, from->visible) {
        struct leaf *leaf = lfirst(cell);
        if ((leaf->wrap || leaf->access->hides) && leaf->access->kind == RULE_SCOPED &&
            groups_with(l, stmt, leaf->column))
            leaf->barrier = true; /* it is apart already */
    }
    for (const struct source *source = l->sources; source; source = source->next)
        if (source->subquery && source->confined && !source->subquery->op)
            scope_barrier(s, source->subquery); /* which may hand the column on */
}

static int select_where(struct scoper *s, struct level *l, SelectStmt *stmt,
                        const struct climbed *from)
{
    List *fences = NIL;
    if (scope_expr(s, l, stmt->whereClause) < 0)
        return -1;
    if (stmt->whereClause)
        scope_fences(s, l, stmt->whereClause, from->visible, &fences);
    if (!from->carried && !fences)
        return 0;
    struct change *c = scope_change(s, CHANGE_WHERE, (Node *)stmt);
    c->leaves = from->carried;
    c->fences = fences;
    c->anchor = l->anchor;
    return 0;
}

/* PostgreSQL's names for the columns of VALUES; their types are those of all rows together. */
static const struct outputs *values_outputs(const SelectStmt *stmt)
{
    if (scope_has_star(stmt))
        return NULL;
    struct outputs *out = palloc0(sizeof *out);
    out->n = list_length(linitial_node(List, stmt->valuesLists));
    out->items = palloc0((size_t)out->n * sizeof *out->items);
    for (int i = 0; i < out->n; i++)
        out->items[i].name = psprintf("column%d", i + 1);
    return out;
}

static int select_plain(struct scoper *s, struct level *l, SelectStmt *stmt,
                        const struct outputs **ret)
{
    struct climbed from = {NIL, NIL};
    struct select_note *note = palloc0(sizeof *note);
    note->stmt = stmt;
    note->level = l;
    s->selects = lappend(s->selects, note);
    l->sets = has_sets(stmt) || (!l->from_subquery && l->outer && l->outer->sets);
    if (scope_from(s, l, stmt->fromClause, &from) < 0)
        return -1;
    group_apart(s, l, stmt, &from);
    l->targets = stmt->targetList;
    if (scope_expr(s, l, (Node *)stmt->distinctClause) < 0 ||
        scope_expr(s, l, (Node *)stmt->targetList) < 0 ||
        scope_expr(s, l, (Node *)stmt->groupClause) < 0 ||
        scope_expr(s, l, (Node *)stmt->windowClause) < 0 ||
        scope_expr(s, l, (Node *)stmt->valuesLists) < 0 ||
        select_where(s, l, stmt, &from) < 0)
        return -1;
    if (scope_catalog_listing(s, l, stmt) < 0)
        return -1;
    if (scope_expr(s, l, stmt->havingClause) < 0)
        return -1;
    if (stmt->havingClause)
        scope_having(s, l, stmt);
    scope_group(s, l, stmt);
    if (l->from_subquery && computes(stmt->targetList))
        for (struct source *source = l->sources; source; source = source->next)
            if (source->leaf)
                source->leaf->scan_level = true;
    if (ret && stmt->valuesLists)
        *ret = values_outputs(stmt);
    else if (ret)
        *ret = scope_outputs(s, l, stmt->targetList, NIL);
    return 0;
}

/* An arm of a set operation: its own query, with the WITH around it. */
static int select_arm(struct scoper *s, struct level *l, SelectStmt *stmt,
                      const struct outputs **ret)
{
    struct level *arm = scope_level(l);
    arm->outer = l->outer;
    arm->from_subquery = l->from_subquery;
    arm->locked = l->locked;
    int status = scope_select(s, stmt, arm, ret);
    l->confined = l->confined || arm->confined;
    l->reaches_out = l->reaches_out || arm->reaches_out;
    return status;
}

/* What the first arm of a recursive CTE says of its columns. */
static struct outputs *recursive_outputs(const struct outputs *first, const List *names)
{
    if (!first)
        return NULL;
    struct outputs *out = palloc0(sizeof *out);
    out->n = first->n;
    out->items = palloc0((size_t)first->n * sizeof *out->items);
    for (int i = 0; i < first->n; i++) {
        out->items[i].name = i < list_length(names) ? strVal(list_nth(names, i)) : first->items[i].name;
        out->items[i].object = first->items[i].object;
    }
    return out;
}

/* The second arm must keep what was relied on in it. */
static int check_recursion(struct scoper *s, struct outputs *whole, const struct outputs *second)
{
    for (int i = 0; whole && i < whole->n; i++) {
        struct output *column = &whole->items[i];
        bool object = second && i < second->n && second->items[i].object;
        if (column->relied && !object)
            return scope_refuse(s, SQLSTATE_FEATURE_NOT_SUPPORTED, -1,
                                "the recursion computes column \"%s\", which names an object",
                                column->name ? column->name : "?");
        column->object = column->object && object;
    }
    return 0;
}

static int select_set(struct scoper *s, struct level *l, SelectStmt *stmt,
                      const struct outputs **ret)
{
    const struct outputs *first = NULL, *second = NULL;
    if (select_arm(s, l, stmt->larg, &first) < 0)
        return -1;
    struct outputs *whole = l->body_of ? recursive_outputs(first, l->body_of->names) : NULL;
    if (l->body_of)
        l->body_of->outputs = whole;
    if (select_arm(s, l, stmt->rarg, &second) < 0 ||
        check_recursion(s, whole, second) < 0)
        return -1;
    if (!first || !ret)
        return 0;
    struct outputs *out = palloc0(sizeof *out);
    out->n = first->n;
    out->items = palloc0((size_t)first->n * sizeof *out->items);
    for (int i = 0; i < first->n; i++) /* names of the first; a type only if both agree on it */
        out->items[i] = (struct output){
            .name = first->items[i].name,
            .type_oid = second && i < second->n &&
                                second->items[i].type_oid == first->items[i].type_oid
                            ? first->items[i].type_oid
                            : 0,
            .object = first->items[i].object && second && i < second->n && second->items[i].object};
    *ret = out;
    return 0;
}

static int select_tail(struct scoper *s, struct level *l, SelectStmt *stmt)
{
    return scope_expr(s, l, (Node *)stmt->sortClause) < 0 ||
                   scope_expr(s, l, stmt->limitOffset) < 0 ||
                   scope_expr(s, l, stmt->limitCount) < 0
               ? -1
               : 0;
}

int scope_select(struct scoper *s, SelectStmt *stmt, struct level *l,
                 const struct outputs **ret_outputs)
{
    if (ret_outputs)
        *ret_outputs = NULL;
    if (check_select(s, stmt) < 0 || scope_with(s, l, stmt->withClause) < 0)
        return -1;
    ListCell *cell;
    foreach (cell, stmt->lockingClause) {
        l->locked = true;
        s->writes = true;
        s->nrelations += list_length(((LockingClause *)lfirst(cell))->lockedRels); /* aliases */
    }
    if ((stmt->op == SETOP_NONE ? select_plain(s, l, stmt, ret_outputs)
                                : select_set(s, l, stmt, ret_outputs)) < 0)
        return -1;
    return select_tail(s, l, stmt);
}

/* -- any statement -- */

int scope_query(struct scoper *s, Node *stmt, struct level *l, const struct outputs **ret_outputs)
{
    switch (nodeTag(stmt)) {
    case T_SelectStmt:
        return scope_select(s, (SelectStmt *)stmt, l, ret_outputs);
    case T_InsertStmt:
        return scope_insert(s, (InsertStmt *)stmt, l);
    case T_UpdateStmt:
        return scope_update(s, (UpdateStmt *)stmt, l);
    case T_DeleteStmt:
        return scope_delete(s, (DeleteStmt *)stmt, l);
    case T_MergeStmt:
        return scope_merge(s, (MergeStmt *)stmt, l);
    default:
        return scope_refuse(s, SQLSTATE_FEATURE_NOT_SUPPORTED, -1,
                            "this statement is not supported for confined sessions");
    }
}

/* A barrier is a subselect, which takes no sample and has no system columns, and whose rows are of no table's type. */
static int check_wraps(struct scoper *s)
{
    ListCell *cell;
    foreach (cell, s->changes) {
        const struct change *c = lfirst(cell);
        if (c->kind != CHANGE_WRAP || !c->leaf->barrier)
            continue;
        if (c->leaf->sampled)
            return scope_refuse(s, SQLSTATE_FEATURE_NOT_SUPPORTED, c->leaf->var->location,
                                "TABLESAMPLE is not supported in this kind of query");
        if (c->leaf->whole)
            return scope_refuse(s, SQLSTATE_FEATURE_NOT_SUPPORTED, c->leaf->var->location,
                                "rows and system columns of relation \"%s\" cannot be confined in this "
                                "kind of query", c->leaf->var->relname);
    }
    return 0;
}

int scope_statement(struct scoper *s, Node *stmt)
{
    switch (nodeTag(stmt)) {
    case T_CopyStmt:
        return scope_copy(s, (CopyStmt *)stmt);
    case T_ExplainStmt:
        return scope_explain(s, (ExplainStmt *)stmt);
    case T_ExecuteStmt:
        return scope_execute(s, (ExecuteStmt *)stmt);
    case T_DeclareCursorStmt:
        s->declares = true;
        stmt = ((DeclareCursorStmt *)stmt)->query;
        break;
    default:
        break;
    }
    if (scope_query(s, stmt, scope_level(NULL), NULL) < 0)
        return -1;
    scope_doubt_parents(s);
    return check_wraps(s);
}
