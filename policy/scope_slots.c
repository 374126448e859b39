/* Replacing references wherever they stand.
 *
 * PostgreSQL's generic walk shows nodes, not the places that hold them.  This one knows the places that
 * scope_expr.c lets pass; a reference that it does not reach stays as it is in the tree, which then differs
 * from the text. */
#include "policy/scope_nodes.h"

static Node *replaced(const struct scoper *s, Node *node);

static Node *instead_of(const struct scoper *s, Node *ref)
{
    ListCell *cell;
    foreach (cell, s->changes) {
        const struct change *c = lfirst(cell);
        if (c->kind == CHANGE_MASK && (Node *)c->target == ref)
            return scope_nodes_masked(linitial(c->shown));
    }
    return ref;
}

#define PUT(field) (n->field = (void *)replaced(s, (Node *)n->field))

/* The places of ${node}, if it is of one of these kinds. */
#define PLACES(TYPE, ...)                                                                          \
    case T_##TYPE: {                                                                               \
        TYPE *n = (TYPE *)node;                                                                    \
        __VA_ARGS__;                                                                               \
        return;                                                                                    \
    }

static void in_list(const struct scoper *s, List *list)
{
    ListCell *cell;
    foreach (cell, list)
        lfirst(cell) = replaced(s, lfirst(cell));
}

static void in_statement(const struct scoper *s, Node *node)
{
    switch (nodeTag(node)) {
        PLACES(SelectStmt, PUT(distinctClause), PUT(targetList), PUT(fromClause), PUT(whereClause),
               PUT(groupClause), PUT(havingClause), PUT(windowClause), PUT(valuesLists), PUT(sortClause),
               PUT(limitOffset), PUT(limitCount), PUT(withClause), PUT(larg), PUT(rarg))
        PLACES(InsertStmt, PUT(selectStmt), PUT(onConflictClause), PUT(returningList), PUT(withClause))
        PLACES(UpdateStmt, PUT(targetList), PUT(whereClause), PUT(fromClause), PUT(returningList),
               PUT(withClause))
        PLACES(CopyStmt, PUT(query))
        PLACES(DeleteStmt, PUT(usingClause), PUT(whereClause), PUT(returningList), PUT(withClause))
        PLACES(MergeStmt, PUT(sourceRelation), PUT(joinCondition), PUT(mergeWhenClauses),
               PUT(withClause))
        PLACES(MergeWhenClause, PUT(condition), PUT(targetList), PUT(values))
        PLACES(OnConflictClause, PUT(infer), PUT(targetList), PUT(whereClause))
        PLACES(InferClause, PUT(indexElems), PUT(whereClause))
        PLACES(IndexElem, PUT(expr))
        PLACES(WithClause, PUT(ctes))
        PLACES(CommonTableExpr, PUT(ctequery))
        PLACES(JoinExpr, PUT(larg), PUT(rarg), PUT(quals))
        PLACES(RangeSubselect, PUT(subquery))
        PLACES(RangeFunction, PUT(functions))
        PLACES(RangeTableSample, PUT(args))
    default:
        return;
    }
}

static void in_expression(const struct scoper *s, Node *node)
{
    switch (nodeTag(node)) {
        PLACES(List, in_list(s, n))
        PLACES(A_ArrayExpr, PUT(elements))
        PLACES(A_Expr, PUT(lexpr), PUT(rexpr))
        PLACES(A_Indices, PUT(lidx), PUT(uidx))
        PLACES(A_Indirection, PUT(arg), PUT(indirection))
        PLACES(BoolExpr, PUT(args))
        PLACES(BooleanTest, PUT(arg))
        PLACES(CaseExpr, PUT(arg), PUT(args), PUT(defresult))
        PLACES(CaseWhen, PUT(expr), PUT(result))
        PLACES(CoalesceExpr, PUT(args))
        PLACES(CollateClause, PUT(arg))
        PLACES(FuncCall, PUT(args), PUT(agg_order), PUT(agg_filter), PUT(over))
        PLACES(GroupingFunc, PUT(args))
        PLACES(GroupingSet, PUT(content))
        PLACES(MinMaxExpr, PUT(args))
        PLACES(MultiAssignRef, PUT(source))
        PLACES(NamedArgExpr, PUT(arg))
        PLACES(NullTest, PUT(arg))
        PLACES(ResTarget, PUT(indirection), PUT(val))
        PLACES(RowExpr, PUT(args))
        PLACES(SortBy, PUT(node))
        PLACES(SubLink, PUT(testexpr), PUT(subselect))
        PLACES(TypeCast, PUT(arg))
        PLACES(WindowDef, PUT(partitionClause), PUT(orderClause), PUT(startOffset), PUT(endOffset))
    default:
        in_statement(s, node);
    }
}

static Node *replaced(const struct scoper *s, Node *node)
{
    if (!node)
        return NULL;
    if (IsA(node, ColumnRef) && instead_of(s, node) != node)
        return instead_of(s, node);
    in_expression(s, node);
    return scope_answer_tree(s, node);
}

void scope_slots_apply(const struct scoper *s, Node *stmt)
{
    if (s->puts)
        (void)replaced(s, scope_inner(stmt));
}
