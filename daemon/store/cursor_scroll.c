/* cursor_scroll.c: the queries that a cursor may go back in although nobody said SCROLL.
 *
 * PostgreSQL looks at its plan: scans, sorts and values can be read backward, joins, groups and
 * sets cannot.  Where the plan is a matter of chance we say no: going back is then an error here,
 * which it may be there. */
#include "daemon/store/infer_facts.h"
#include "daemon/store/verbs.h"

static bool query_scrolls(const SelectStmt *q, const WithClause *outer);

static bool is_grouping(Node *node, void *context)
{
    if (node == NULL)
        return false;
    if (IsA(node, SubLink))
        return false;
    if (IsA(node, FuncCall)) {
        const FuncCall *f = (const FuncCall *)node;
        const struct infer_proc *p = infer_proc_named(strVal(llast(f->funcname)));
        for (; p; p = infer_proc_next(p))
            if (p->kind != 'f' || p->returns_set || f->over)
                return true;
    }
    return raw_expression_tree_walker(node, is_grouping, context);
}

static const SelectStmt *find_cte(const WithClause *with, const char *name)
{
    ListCell *cell;
    foreach (cell, with ? with->ctes : NIL) {
        const CommonTableExpr *cte = lfirst(cell);
        if (strcmp(cte->ctename, name) == 0 && IsA(cte->ctequery, SelectStmt) && !with->recursive)
            return (const SelectStmt *)cte->ctequery;
    }
    return NULL;
}

static bool item_scrolls(const Node *item, const WithClause *with)
{
    if (IsA(item, RangeSubselect))
        return query_scrolls((const SelectStmt *)((const RangeSubselect *)item)->subquery, with);
    if (!IsA(item, RangeVar))
        return IsA(item, RangeFunction);
    const RangeVar *var = (const RangeVar *)item;
    const SelectStmt *cte = var->schemaname ? NULL : find_cte(with, var->relname);
    return !cte || query_scrolls(cte, NULL);
}

static bool query_scrolls(const SelectStmt *q, const WithClause *outer)
{
    const WithClause *with = q->withClause ? q->withClause : outer;
    if (q->lockingClause || q->distinctClause || q->groupClause || q->havingClause ||
        is_grouping((Node *)q->targetList, NULL))
        return false;
    if (q->op == SETOP_NONE && q->valuesLists)
        return true;
    if (q->sortClause)
        return true;
    if (q->op != SETOP_NONE)
        return q->op == SETOP_UNION && q->all && query_scrolls(q->larg, with) &&
               query_scrolls(q->rarg, with);
    return list_length(q->fromClause) == 1 && item_scrolls(linitial(q->fromClause), with);
}

bool cursor_scrolls(const SelectStmt *query)
{
    return query_scrolls(query, NULL);
}
