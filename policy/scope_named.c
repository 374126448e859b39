/* EXPLAIN, EXECUTE, and the cursor in WHERE CURRENT OF. */
#include "policy/scope.h"

#include "protocol/sqlstate.h"

#include <string.h>
#include <strings.h>

/* -- EXPLAIN -- */

static bool is_any(const char *name, const char *const *list)
{
    for (; *list; list++)
        if (!strcmp(name, *list))
            return true;
    return false;
}

/* As PostgreSQL reads a boolean option; what it would not understand counts as on. */
static bool is_on(const DefElem *option)
{
    if (option->arg && IsA(option->arg, Integer))
        return intVal(option->arg) != 0;
    if (option->arg && IsA(option->arg, String))
        return strcasecmp(strVal(option->arg), "off") != 0 &&
               strcasecmp(strVal(option->arg), "false") != 0;
    return true;
}

/* The rows that other tenants have show in estimates, counts of rows that a filter removed, buffers and
 * times.  Estimates can be left out (CHANGE_EXPLAIN), the others only with the whole option. */
static int check_option(struct scoper *s, const DefElem *option)
{
    static const char *const harmless[] = {"verbose", "costs", "timing", NULL};
    static const char *const telling[] = {"analyze", "buffers", "wal", "summary", "settings", NULL};
    static const char *const formats[] = {"text", "xml", "json", "yaml", NULL};
    const char *name = option->defname;
    if (is_any(name, harmless) || (is_any(name, telling) && !is_on(option)))
        return 0;
    if (strcmp(name, "format") != 0) {
        scope_refuse(s, SQLSTATE_FEATURE_NOT_SUPPORTED, option->location,
                     "option \"%s\" of EXPLAIN is not supported for confined sessions", name);
        if (is_any(name, telling))
            err_hint(s->err, "What it prints depends on other tenants' rows.");
        return -1;
    }
    if (option->arg && IsA(option->arg, String) && is_any(strVal(option->arg), formats))
        return 0;
    return scope_refuse(s, SQLSTATE_INVALID_PARAMETER_VALUE, option->location,
                        "unrecognized value for EXPLAIN option \"format\"");
}

int scope_explain(struct scoper *s, ExplainStmt *stmt)
{
    ListCell *cell;
    foreach (cell, stmt->options)
        if (check_option(s, lfirst(cell)) < 0)
            return -1;
    scope_change(s, CHANGE_EXPLAIN, (Node *)stmt);
    return scope_statement(s, stmt->query);
}

/* -- EXECUTE -- */

int scope_execute(struct scoper *s, ExecuteStmt *stmt)
{
    if (scope_has_sublink((Node *)stmt->params))
        return scope_refuse(s, SQLSTATE_FEATURE_NOT_SUPPORTED, -1,
                            "cannot use subquery in EXECUTE parameter");
    scope_change(s, CHANGE_EXECUTE, (Node *)stmt);
    return scope_expr(s, scope_level(NULL), (Node *)stmt->params);
}

/* -- WHERE CURRENT OF -- */

/* It stands alone, without a predicate: the row is the tenant's because the cursor's query was confined.
 * So the session must know the cursor as one of the client's own. */
int scope_current_of(struct scoper *s, const CurrentOfExpr *expr, const List *leaves)
{
    if (list_length(leaves) > 1)
        return scope_refuse(s, SQLSTATE_FEATURE_NOT_SUPPORTED, -1,
                            "WHERE CURRENT OF together with tables of tenants in FROM or USING is "
                            "not supported for confined sessions");
    if (!expr->cursor_name || (s->cursor && strcmp(s->cursor, expr->cursor_name) != 0))
        return scope_refuse(s, SQLSTATE_FEATURE_NOT_SUPPORTED, -1,
                            "WHERE CURRENT OF several cursors is not supported for confined "
                            "sessions");
    s->cursor = expr->cursor_name;
    return 0;
}

Node *scope_inner(Node *stmt)
{
    while (IsA(stmt, ExplainStmt) || IsA(stmt, DeclareCursorStmt))
        stmt = IsA(stmt, ExplainStmt) ? ((ExplainStmt *)stmt)->query
                                      : ((DeclareCursorStmt *)stmt)->query;
    return stmt;
}
