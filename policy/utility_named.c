#include "policy/utility_named.h"

#include "protocol/sqlstate.h"

#include <stdlib.h>

/* -- what PLAN_... it is, and its name -- */

static int named(struct plan *plan, enum plan_class class, const char *name, int decided,
                 struct err *err)
{
    plan->class = class;
    if (name && !(plan->name = strdup(name)))
        return err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
    return decided;
}

static int declare(const struct rules *rules, const DeclareCursorStmt *d, struct plan *plan,
                   struct err *err)
{
    plan->class = PLAN_DECLARE;
    plan->holds = (d->options & CURSOR_OPT_HOLD) != 0;
    if (!plan->holds || rules->held_cursors)
        return named(plan, PLAN_DECLARE, d->portalname, 0, err);
    err_set(err, SQLSTATE_FEATURE_NOT_SUPPORTED,
            "DECLARE CURSOR WITH HOLD is not supported for confined sessions");
    err_hint(err, "Server connections are shared between transactions: declare the cursor without "
                  "WITH HOLD and use it in one transaction, or have policy.held_cursors allow it.");
    return -1;
}

static int execute(const ExecuteStmt *e, struct plan *plan, struct err *err)
{
    plan->class = PLAN_EXECUTE;
    if (list_length(e->params) > UINT16_MAX)
        return err_set(err, SQLSTATE_PROGRAM_LIMIT_EXCEEDED, "too many arguments of EXECUTE");
    plan->nargs = (uint16_t)list_length(e->params);
    return named(plan, PLAN_EXECUTE, e->name, 0, err);
}

static int explain(const ExplainStmt *e, struct plan *plan, struct err *err)
{
    if (!IsA(e->query, ExecuteStmt))
        return named(plan, PLAN_READ, NULL, 0, err);
    return execute((const ExecuteStmt *)e->query, plan, err);
}

static bool is_explained(const Node *node)
{
    switch (nodeTag(node)) {
    case T_SelectStmt:
    case T_InsertStmt:
    case T_UpdateStmt:
    case T_DeleteStmt:
    case T_MergeStmt:
    case T_DeclareCursorStmt:
    case T_ExecuteStmt:
        return true;
    default:
        return false;
    }
}

bool utility_is_named(const Node *node)
{
    switch (nodeTag(node)) {
    case T_ClosePortalStmt:
    case T_DeclareCursorStmt:
    case T_ExecuteStmt:
    case T_FetchStmt:
    case T_PrepareStmt:
        return true;
    case T_ExplainStmt:
        return is_explained(((const ExplainStmt *)node)->query);
    default:
        return false;
    }
}

int utility_named(const struct rules *rules, const Node *node, struct plan *plan, struct err *err)
{
    switch (nodeTag(node)) {
    case T_ClosePortalStmt:
        return named(plan, PLAN_CLOSE, ((const ClosePortalStmt *)node)->portalname, 1, err);
    case T_FetchStmt:
        return named(plan, PLAN_FETCH, ((const FetchStmt *)node)->portalname, 1, err);
    case T_DeclareCursorStmt:
        return declare(rules, (const DeclareCursorStmt *)node, plan, err);
    case T_ExplainStmt:
        return explain((const ExplainStmt *)node, plan, err);
    case T_ExecuteStmt:
        return execute((const ExecuteStmt *)node, plan, err);
    default:
        return named(plan, PLAN_PREPARE, ((const PrepareStmt *)node)->name, 0, err);
    }
}
