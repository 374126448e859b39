/* translate_where.c: WHERE and HAVING.
 *
 * PostgreSQL's planner tries the conditions that AND joins in the order of what they cost, which shows
 * where one of them fails: WHERE 10 / b > 1 AND b <> 0 does not divide by zero.  SQLite tries them as
 * they are written, so they are written in that order.  The costs are those of costsize.c, in halves:
 * one of an operator or function, half of one for each element of an array. */
#include "daemon/store/emit.h"
#include "daemon/store/translate_expr.h"

enum { COST_CALL = 2, COST_ARRAY = 10, COST_QUERY = 1000000, CONDITIONS_MAX = 64 };

struct costing {
    int64_t cost; /* there may be thousands of subqueries */
    bool varies; /* it is not worked out beforehand */
};

static bool add_cost(Node *node, void *context);

/* A node with operands: they, and ${own} if they are not all constants. */
static bool call(Node *node, int own, struct costing *c)
{
    struct costing inner = {0, false};
    raw_expression_tree_walker(node, add_cost, &inner);
    c->varies = c->varies || inner.varies;
    c->cost += inner.varies ? inner.cost + own : 0;
    return false;
}

static int operator_cost(const A_Expr *a)
{
    switch (a->kind) {
    case AEXPR_OP_ANY:
    case AEXPR_OP_ALL:
        return IsA(a->rexpr, A_ArrayExpr) ? list_length(((A_ArrayExpr *)a->rexpr)->elements)
                                          : COST_ARRAY;
    case AEXPR_IN:
        return list_length((List *)a->rexpr) > 1 ? list_length((List *)a->rexpr) : COST_CALL;
    case AEXPR_BETWEEN:
    case AEXPR_NOT_BETWEEN:
        return 2 * COST_CALL;
    default:
        return COST_CALL;
    }
}

static bool add_cost(Node *node, void *context)
{
    struct costing *c = context;
    if (node == NULL)
        return false;
    switch (nodeTag(node)) {
    case T_ColumnRef:
        c->varies = true;
        return false;
    case T_SubLink:
        c->varies = true;
        c->cost += COST_QUERY;
        return false;
    case T_FuncCall:
        c->varies = c->varies || ((FuncCall *)node)->args == NIL;
        return call(node, COST_CALL, c);
    case T_A_Expr:
        return call(node, operator_cost((A_Expr *)node), c);
    case T_TypeCast:
        return call(node, COST_CALL, c);
    default:
        return raw_expression_tree_walker(node, add_cost, context);
    }
}

/* The conditions in PostgreSQL's order: those that cost as much stay as they are written. */
static const char *in_order(const List *nodes, const struct expr *all)
{
    struct expr *sorted[CONDITIONS_MAX];
    int64_t costs[CONDITIONS_MAX];
    int n = all->nargs;
    bool moved = false;
    if (n != list_length(nodes) || n > CONDITIONS_MAX)
        return all->sql;
    for (int i = 0; i < n; i++) {
        struct costing c = {0, false};
        int at = i;
        if (expr_settles(all->args[i], AND_EXPR))
            return all->sql;
        (void)add_cost(list_nth(nodes, i), &c);
        for (; at > 0 && costs[at - 1] > c.cost; at--) {
            costs[at] = costs[at - 1];
            sorted[at] = sorted[at - 1];
            moved = true;
        }
        costs[at] = c.cost;
        sorted[at] = all->args[i];
    }
    return moved ? expr_join(sorted, n, "AND") : all->sql;
}

const char *where_text(struct scope *s, Node *node, const char *clause)
{
    if (node == NULL)
        return "";
    s->clause = clause;
    s->windows_refused = true;
    struct expr *e = expr_condition(s, node, clause);
    s->clause = NULL;
    s->windows_refused = false;
    const BoolExpr *b = (const BoolExpr *)node;
    bool several = IsA(node, BoolExpr) && b->boolop == AND_EXPR;
    return emit_format(" %s %s", clause, several ? in_order(b->args, e) : e->sql);
}
