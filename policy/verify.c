#include "policy/verify.h"

#include "policy/parse.h"
#include "protocol/sqlstate.h"

static bool count(Node *node, int *n)
{
    if (!node)
        return false;
    if (IsA(node, RangeVar))
        (*n)++;
    if (IsA(node, MultiAssignRef) && ((MultiAssignRef *)node)->colno > 1)
        return false; /* its columns share one source */
    return raw_expression_tree_walker(node, count, n);
}

int verify_relations(struct scoper *s, Node *stmt)
{
    int n = 0;
    if (IsA(stmt, CopyStmt)) { /* not a node that the generic walk knows */
        const CopyStmt *copy = (const CopyStmt *)stmt;
        n += copy->relation != NULL;
        (void)count(copy->whereClause, &n);
        stmt = copy->query;
    } else {
        stmt = scope_inner(stmt);
        if (IsA(stmt, ExecuteStmt))
            stmt = (Node *)((ExecuteStmt *)stmt)->params;
    }
    (void)count(stmt, &n);
    if (n == s->nrelations)
        return 0;
    return scope_refuse(s, SQLSTATE_INTERNAL_ERROR, -1,
                        "self-check failed: %d relations accounted for, %d present",
                        s->nrelations, n);
}

int verify_text(struct scoper *s, const char *text, const Node *stmt)
{
    void *parsed;
    if (parse_sql(text, &parsed, s->err) < 0)
        return -1;
    const List *statements = parsed;
    if (list_length(statements) == 1 && equal(linitial_node(RawStmt, statements)->stmt, stmt))
        return 0;
    return scope_refuse(s, SQLSTATE_INTERNAL_ERROR, -1,
                        "self-check failed: the confined statement is not what was meant");
}
