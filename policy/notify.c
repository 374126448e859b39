#include "policy/notify.h"

#include "policy/scope_nodes.h"
#include "policy/splice_sql.h"
#include "policy/verify.h"

static Node *tree(const struct scoper *s, const NotifyStmt *stmt)
{
    List *name = list_make2(makeString("pg_catalog"), makeString("pg_notify"));
    Node *channel = scope_nodes_channel(s, scope_nodes_text(stmt->conditionname));
    Node *payload = scope_nodes_text(stmt->payload ? stmt->payload : "");
    FuncCall *call = makeFuncCall(name, list_make2(channel, payload), COERCE_EXPLICIT_CALL, -1);
    return (Node *)scope_nodes_select(list_make1(scope_nodes_target((Node *)call)), NULL, NULL);
}

int notify_text(struct scoper *s, const NotifyStmt *stmt, char **ret)
{
    *ret = psprintf("SELECT pg_catalog.pg_notify(%s%s%s, %s)", sql_channel_open(s),
                    sql_literal(stmt->conditionname), sql_channel_close(),
                    sql_literal(stmt->payload ? stmt->payload : ""));
    return verify_text(s, *ret, tree(s, stmt));
}
