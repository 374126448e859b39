/* parse_print.c: a parse tree as text again; see parse.h. */
#include "policy/nodes.h"
#include "policy/parse.h"
#include "policy/parse_jump.h"
#include "protocol/sqlstate.h"

/* libpg_query exports it without a header of its own. */
PgQueryProtobuf pg_query_nodes_to_protobuf(const void *obj);

int parse_print(void *stmt, const char **ret, struct err *err)
{
    void *context = parse_context(); /* the library leaves another one behind */
    RawStmt *raw = palloc0(sizeof *raw);
    raw->type = T_RawStmt;
    raw->stmt = stmt;
    PgQueryProtobuf tree = pg_query_nodes_to_protobuf(list_make1(raw));
    PgQueryDeparseResult text = pg_query_deparse_protobuf(tree);
    parse_context_back(context);
    free(tree.data);
    int rc = 0;
    if (text.error)
        rc = err_set(err, SQLSTATE_FEATURE_NOT_SUPPORTED, "could not print a statement: %s",
                     text.error->message);
    else
        *ret = pstrdup(text.query);
    pg_query_free_deparse_result(text);
    return rc;
}
