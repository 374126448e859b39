/* The changes, carried out on the tree. */
#include "policy/scope_nodes.h"

#include "protocol/sqlstate.h"

int scope_set_element(const List *targets, int item)
{
    int element = 0;
    for (int i = 0; i < item; i++) {
        const Node *value = ((const ResTarget *)list_nth(targets, i))->val;
        const MultiAssignRef *multi = IsA(value, MultiAssignRef) ? (const void *)value : NULL;
        element += !multi || multi->colno == multi->ncolumns;
    }
    return element;
}

const char *scope_orphan_marker(const struct change *c)
{
    return psprintf("partywall:42501:%s:%s", c->value.rel->name, c->value.column->name);
}

const char *scope_marker(const struct change *c)
{
    if (c->kind == CHANGE_CONFLICT)
        return psprintf("partywall:23505:%s:", c->leaf->access->rel->name);
    if (c->value.check == CHECK_PARENT)
        return psprintf("partywall:%s:%s:%s", c->value.doubtful ? "0A000" : "23503",
                        c->value.rel->name, c->value.constraint);
    return scope_orphan_marker(c);
}

/* -- conditions -- */

static const struct fence *fence_at(const List *fences, int index)
{
    ListCell *cell;
    foreach (cell, fences) {
        const struct fence *fence = lfirst(cell);
        if (fence->index == index)
            return fence;
    }
    return NULL;
}

static bool is_open(const struct fence *fence)
{
    return !fence->leaves && !fence->nullable;
}

static void fence_sides(const struct scoper *s, A_Expr *equality, const struct fence *fence)
{
    if (!is_open(fence))
        equality->lexpr = scope_nodes_fence(s, fence, equality->lexpr);
    if (!is_open(fence->right))
        equality->rexpr = scope_nodes_fence(s, fence->right, equality->rexpr);
}

static void fence_conjuncts(const struct scoper *s, Node **slot, const List *fences, int *index)
{
    Node *cond = *slot;
    if (IsA(cond, BoolExpr) && ((BoolExpr *)cond)->boolop == AND_EXPR) {
        ListCell *cell;
        foreach (cell, ((BoolExpr *)cond)->args)
            fence_conjuncts(s, (Node **)&lfirst(cell), fences, index);
        return;
    }
    const struct fence *fence = fence_at(fences, (*index)++);
    if (fence && fence->right)
        fence_sides(s, (A_Expr *)cond, fence);
    else if (fence)
        *slot = scope_nodes_fence(s, fence, cond);
}

static void apply_condition(const struct scoper *s, const struct change *c, Node **slot)
{
    int index = 0;
    const struct fence *whole = fence_at(c->fences, -1);
    if (*slot && whole)
        *slot = scope_nodes_fence(s, whole, *slot);
    else if (*slot)
        fence_conjuncts(s, slot, c->fences, &index);
    List *all = NIL;
    ListCell *cell;
    foreach (cell, c->leaves)
        all = lappend(all, scope_nodes_leaf(s, lfirst(cell)));
    if (!all)
        return;
    if (*slot)
        all = lappend(all, *slot);
    *slot = scope_nodes_bool(AND_EXPR, all);
}

static Node **where_of(Node *stmt)
{
    if (IsA(stmt, SelectStmt))
        return &((SelectStmt *)stmt)->whereClause;
    if (IsA(stmt, UpdateStmt))
        return &((UpdateStmt *)stmt)->whereClause;
    return &((DeleteStmt *)stmt)->whereClause;
}

/* -- FROM -- */

static List *star(void)
{
    ColumnRef *ref = NODE(ColumnRef);
    A_Star *all = NODE(A_Star);
    ref->fields = list_make1(all);
    ref->location = -1;
    return list_make1(scope_nodes_target((Node *)ref));
}

static List *columns_of(const struct leaf *leaf)
{
    List *shown = scope_columns_wrap(leaf), *targets = NIL;
    ListCell *cell;
    foreach (cell, shown)
        targets = lappend(targets, scope_nodes_shown(lfirst(cell)));
    return shown ? targets : star();
}

/* leaf -> (leaf JOIN (SELECT) AS partywall_w ON qual) */
static void apply_stay(const struct scoper *s, const struct leaf *leaf)
{
    RangeSubselect *nothing = NODE(RangeSubselect);
    nothing->subquery = (Node *)scope_nodes_select(NIL, NULL, NULL);
    nothing->alias = makeAlias(psprintf("partywall_w%d", leaf->number), NIL);
    JoinExpr *join = NODE(JoinExpr);
    join->jointype = JOIN_INNER;
    join->larg = *leaf->slot;
    join->rarg = (Node *)nothing;
    join->quals = scope_nodes_leaf(s, leaf);
    *leaf->slot = (Node *)join;
}

static void apply_wrap(const struct scoper *s, const struct leaf *leaf)
{
    if (scope_stays(leaf)) {
        apply_stay(s, leaf);
        return;
    }
    RangeSubselect *node = NODE(RangeSubselect);
    RangeVar *inside = copyObjectImpl(leaf->var);
    const struct access *a = leaf->access;
    Node *where = NULL;
    if (a->kind != RULE_SHARED && !a->whole)
        where = scope_nodes_qual(s, a, leaf->var->relname, scope_own_column(a)->name,
                                 leaf->scan_level, 0);
    inside->alias = NULL;
    SelectStmt *query = scope_nodes_select(columns_of(leaf), inside, where);
    if (leaf->barrier)
        scope_nodes_barrier(query);
    node->subquery = (Node *)query;
    node->alias = leaf->var->alias ? copyObjectImpl(leaf->var->alias)
                                   : makeAlias(leaf->var->relname, NIL);
    *leaf->slot = (Node *)node;
}

/* -- written values -- */

static ResTarget *column_target(const char *name)
{
    ResTarget *node = scope_nodes_target(NULL);
    node->name = pstrdup(name);
    return node;
}

static void apply_columns(const struct change *c)
{
    ListCell *cell;
    foreach (cell, c->columns)
        c->insert->cols = lappend(c->insert->cols, column_target(lfirst(cell)));
    c->insert->cols = lappend(c->insert->cols, column_target(c->access->tenant->name));
}

static void apply_append(const struct scoper *s, const struct change *c)
{
    SelectStmt *arm = (SelectStmt *)c->stmt;
    ListCell *cell;
    foreach (cell, arm->valuesLists)
        lfirst(cell) = lappend(lfirst(cell), scope_nodes_tenant(s, c->access->tenant));
    if (!arm->valuesLists)
        arm->targetList = lappend(
            arm->targetList, scope_nodes_target(scope_nodes_tenant(s, c->access->tenant)));
}

static MergeWhenClause *merge_when(const struct change *c)
{
    return list_nth(((MergeStmt *)c->stmt)->mergeWhenClauses, c->row);
}

static void apply_merge_insert(const struct scoper *s, const struct change *c)
{
    MergeWhenClause *clause = merge_when(c);
    ListCell *cell;
    foreach (cell, c->columns)
        clause->targetList = lappend(clause->targetList, column_target(lfirst(cell)));
    clause->targetList = lappend(clause->targetList, column_target(c->access->tenant->name));
    clause->values = lappend(clause->values, scope_nodes_tenant(s, c->access->tenant));
}

static void apply_star(const struct change *c)
{
    SelectStmt *arm = (SelectStmt *)c->stmt;
    arm->targetList = NIL;
    ListCell *cell;
    foreach (cell, c->columns)
        arm->targetList = lappend(arm->targetList, scope_nodes_target(copyObjectImpl(lfirst(cell))));
}

static void apply_expand(const struct scoper *s, const struct change *c)
{
    SelectStmt *values = NODE(SelectStmt);
    values->valuesLists = list_make1(list_make1(scope_nodes_tenant(s, c->access->tenant)));
    c->insert->cols = list_make1(column_target(c->access->tenant->name));
    c->insert->selectStmt = (Node *)values;
}

static Node **value_slot(const struct change *c)
{
    List *targets = NIL;
    switch (c->place) {
    case PLACE_ROW: {
        List *row = list_nth(((SelectStmt *)c->stmt)->valuesLists, c->row);
        return (Node **)&lfirst(list_nth_cell(row, c->item));
    }
    case PLACE_TARGET:
    case PLACE_STAR: /* written out by the change before */
        targets = ((SelectStmt *)c->stmt)->targetList;
        break;
    case PLACE_SET:
        targets = ((UpdateStmt *)c->stmt)->targetList;
        break;
    case PLACE_CONFLICT_SET:
        targets = ((InsertStmt *)c->stmt)->onConflictClause->targetList;
        break;
    case PLACE_MERGE_SET:
        targets = merge_when(c)->targetList;
        break;
    case PLACE_MERGE_VALUE:
        return (Node **)&lfirst(list_nth_cell(merge_when(c)->values, c->item));
    }
    Node **slot = &((ResTarget *)list_nth(targets, c->item))->val;
    if (IsA(*slot, MultiAssignRef)) { /* (a, b) = ROW (x, y) */
        const MultiAssignRef *part = (MultiAssignRef *)*slot;
        slot = (Node **)&lfirst(list_nth_cell(((RowExpr *)part->source)->args, part->colno - 1));
    }
    return slot;
}

static void apply_copy(const struct scoper *s, const struct change *c)
{
    CopyStmt *stmt = (CopyStmt *)c->stmt;
    const struct access *a = c->access;
    List *targets = NIL;
    ListCell *cell;
    foreach (cell, c->shown)
        targets = lappend(targets, scope_nodes_shown(lfirst(cell)));
    Node *where = NULL;
    if (a->kind != RULE_SHARED && !a->whole)
        where =
            scope_nodes_qual(s, a, stmt->relation->relname, scope_own_column(a)->name, false, 0);
    stmt->relation->inh = false; /* COPY of a table leaves out its children */
    stmt->query = (Node *)scope_nodes_select(targets, stmt->relation, where);
    stmt->relation = NULL;
    stmt->attlist = NIL;
}

static void apply_schema(const struct change *c)
{
    if (IsA(c->stmt, RangeVar)) {
        ((RangeVar *)c->stmt)->schemaname = pstrdup(c->schema);
        return;
    }
    List *names = IsA(c->stmt, ColumnRef) ? ((ColumnRef *)c->stmt)->fields
                                          : ((TypeName *)c->stmt)->names;
    lfirst(list_head(names)) = makeString(pstrdup(c->schema));
}

static void apply_copy_in(const struct scoper *s, const struct change *c)
{
    CopyStmt *stmt = (CopyStmt *)c->stmt;
    ListCell *cell;
    foreach (cell, c->columns)
        stmt->attlist = lcons(makeString(lfirst(cell)), stmt->attlist);
    stmt->whereClause = scope_nodes_copy_in(s, c, stmt->whereClause);
}

static List **returning_of(Node *stmt)
{
    if (IsA(stmt, InsertStmt))
        return &((InsertStmt *)stmt)->returningList;
    if (IsA(stmt, UpdateStmt))
        return &((UpdateStmt *)stmt)->returningList;
    return &((DeleteStmt *)stmt)->returningList;
}

static void apply_returning(const struct change *c)
{
    List **list = returning_of(c->stmt), *all = NIL;
    ListCell *cell;
    foreach (cell, *list) {
        ResTarget *one = lfirst(cell);
        all = one->val == (Node *)c->target ? list_concat(all, scope_nodes_written_out(c->shown))
                                            : lappend(all, one);
    }
    *list = all;
}

static void apply_group(const struct change *c)
{
    SelectStmt *stmt = (SelectStmt *)c->stmt;
    stmt->groupClause = list_concat(stmt->groupClause, c->columns);
}

static void apply_explain(ExplainStmt *stmt)
{
    stmt->options = lappend(stmt->options, makeDefElem("costs", (Node *)makeString("off"), -1));
}

static void apply_execute(const struct scoper *s, ExecuteStmt *stmt)
{
    stmt->name = SCOPE_EXECUTE_NAME;
    stmt->params = lappend(stmt->params, scope_nodes_hidden(s));
}

static void apply(const struct scoper *s, const struct change *c)
{
    switch (c->kind) {
    case CHANGE_WHERE:
        apply_condition(s, c, where_of(c->stmt));
        return;
    case CHANGE_ON:
        apply_condition(s, c, &c->join->quals);
        return;
    case CHANGE_HAVING:
        apply_condition(s, c, &((SelectStmt *)c->stmt)->havingClause);
        return;
    case CHANGE_WRAP:
        apply_wrap(s, c->leaf);
        return;
    case CHANGE_BARRIER:
        scope_nodes_barrier((SelectStmt *)c->stmt);
        return;
    case CHANGE_COLUMNS:
        apply_columns(c);
        return;
    case CHANGE_APPEND:
        apply_append(s, c);
        return;
    case CHANGE_STAR:
        apply_star(c);
        return;
    case CHANGE_VALUE: {
        Node **slot = value_slot(c);
        *slot = scope_nodes_value(s, c, *slot);
        return;
    }
    case CHANGE_CONFLICT: {
        OnConflictClause *clause = c->insert->onConflictClause;
        clause->whereClause = scope_nodes_conflict(s, c, clause->whereClause);
        return;
    }
    case CHANGE_EXPAND:
        apply_expand(s, c);
        return;
    case CHANGE_MERGE_ON:
        apply_condition(s, c, &((MergeStmt *)c->stmt)->joinCondition);
        return;
    case CHANGE_MERGE_INSERT:
        apply_merge_insert(s, c);
        return;
    case CHANGE_CATALOG:
        *c->slot = scope_catalog_tree(c);
        return;
    case CHANGE_COPY:
        apply_copy(s, c);
        return;
    case CHANGE_SCHEMA:
        apply_schema(c);
        return;
    case CHANGE_COPY_IN:
        apply_copy_in(s, c);
        return;
    case CHANGE_NO_SCHEMA: {
        ColumnRef *ref = (ColumnRef *)c->target;
        ref->fields = list_copy_tail(ref->fields, 1);
        return;
    }
    case CHANGE_ANSWER: /* by scope_slots_apply */
    case CHANGE_LOOKUP:
    case CHANGE_MASK:
        return;
    case CHANGE_RETURNING:
        apply_returning(c);
        return;
    case CHANGE_GROUP:
        apply_group(c);
        return;
    case CHANGE_EXPLAIN:
        apply_explain((ExplainStmt *)c->stmt);
        return;
    case CHANGE_EXECUTE:
        apply_execute(s, (ExecuteStmt *)c->stmt);
        return;
    case CHANGE_CHANNEL:
    case CHANGE_LOCK:
        scope_call_apply(s, c);
        return;
    }
}

void scope_tree_apply(struct scoper *s, Node *stmt)
{
    scope_slots_apply(s, stmt);
    ListCell *cell;
    foreach (cell, s->changes)
        apply(s, lfirst(cell));
}
