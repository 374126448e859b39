#include "policy/utility.h"

#include "policy/scope_nodes.h"
#include "policy/settings.h"
#include "policy/utility_named.h"
#include "protocol/sqlstate.h"

#include <ctype.h>
#include <stdlib.h>

/* Why a statement is not a confined client's, and what it is when an owner sends it. */
enum fate {
    CATALOG, /* 42501; PLAN_DDL */
    SERVER,  /* 42501; PLAN_OTHER: locks, maintenance, whole tables */
    LATER,   /* 0A000; PLAN_OTHER: harmless in itself, but bound to one server's session */
};

static const struct kind {
    NodeTag tag;
    enum fate fate;
    const char *name;
} kinds[] = {
    {T_AlterSystemStmt, SERVER, "ALTER SYSTEM"},
    {T_CallStmt, CATALOG, "CALL"},
    {T_CheckPointStmt, SERVER, "CHECKPOINT"},
    {T_ClosePortalStmt, LATER, "CLOSE"},
    {T_ClusterStmt, SERVER, "CLUSTER"},
    {T_CommentStmt, CATALOG, "COMMENT"},
    {T_CreateFunctionStmt, CATALOG, "CREATE FUNCTION"},
    {T_CreateTableAsStmt, CATALOG, "CREATE TABLE AS"},
    {T_DeclareCursorStmt, LATER, "DECLARE CURSOR"},
    {T_DoStmt, CATALOG, "DO"},
    {T_DropStmt, CATALOG, "DROP"},
    {T_DropdbStmt, CATALOG, "DROP DATABASE"},
    {T_ExecuteStmt, LATER, "EXECUTE"},
    {T_ExplainStmt, LATER, "EXPLAIN"},
    {T_FetchStmt, LATER, "FETCH"},
    {T_GrantRoleStmt, CATALOG, "GRANT"},
    {T_GrantStmt, CATALOG, "GRANT"},
    {T_LoadStmt, SERVER, "LOAD"},
    {T_LockStmt, SERVER, "LOCK TABLE"},
    {T_PrepareStmt, LATER, "PREPARE"},
    {T_ReassignOwnedStmt, CATALOG, "REASSIGN OWNED"},
    {T_RefreshMatViewStmt, SERVER, "REFRESH MATERIALIZED VIEW"},
    {T_ReindexStmt, SERVER, "REINDEX"},
    {T_TruncateStmt, SERVER, "TRUNCATE"},
    {T_VacuumStmt, SERVER, "VACUUM"},
};

/* All others change the catalog, as far as is known: statements of a newer parser among them. */
static struct kind kind_of(const Node *node)
{
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (kinds[i].tag == nodeTag(node))
            return kinds[i];
    return (struct kind){nodeTag(node), CATALOG,
                         "statements that change the database's definition"};
}

static int refuse(struct kind kind, struct err *err)
{
    bool plural = kind.name[0] == 's';
    if (kind.fate == LATER)
        return err_set(err, SQLSTATE_FEATURE_NOT_SUPPORTED,
                       "%s is not supported for confined sessions", kind.name);
    return err_set(err, SQLSTATE_INSUFFICIENT_PRIVILEGE, "%s %s not allowed for confined sessions",
                   kind.name, plural ? "are" : "is");
}

/* Everything that is neither a query nor tracked: refused, or an owner's as it came. */
static int decide_other(const Node *node, bool confined, struct plan *plan, struct err *err)
{
    struct kind kind = kind_of(node);
    if (IsA(node, ExplainStmt) && IsA(((const ExplainStmt *)node)->query, CreateTableAsStmt))
        kind.fate = CATALOG; /* EXPLAIN ANALYZE runs it */
    if (IsA(node, ExplainStmt))
        kind.name = "EXPLAIN of such a statement";
    plan->class = kind.fate == CATALOG ? PLAN_DDL : PLAN_OTHER;
    if (!confined)
        return 0;
    int refused = refuse(kind, err);
    if (kind.tag == T_CreateFunctionStmt)
        err_hint(err, "What a function does cannot be confined: say it in statements.  Of Sequelize, use "
                      "findCreateFind in place of findOrCreate.");
    return refused;
}

/* Take over ${text} as ${*field}; 1, or -1 without memory. */
static int keep(char **field, const char *text, struct err *err)
{
    *field = NULL;
    if (text && !(*field = strdup(text)))
        return err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
    return 1;
}

static void fold(char *name)
{
    for (; *name; name++)
        *name = (char)tolower((unsigned char)*name);
}

/* -- transactions -- */

static int decide_transaction(const TransactionStmt *t, bool confined, struct plan *plan,
                              struct err *err)
{
    switch (t->kind) {
    case TRANS_STMT_BEGIN:
    case TRANS_STMT_START:
        plan->class = PLAN_BEGIN;
        return 1;
    case TRANS_STMT_COMMIT:
        plan->class = PLAN_COMMIT;
        plan->chain = t->chain;
        return 1;
    case TRANS_STMT_ROLLBACK:
        plan->class = PLAN_ROLLBACK;
        plan->chain = t->chain;
        return 1;
    case TRANS_STMT_SAVEPOINT:
        plan->class = PLAN_SAVEPOINT;
        return keep(&plan->name, t->savepoint_name, err);
    case TRANS_STMT_RELEASE:
        plan->class = PLAN_RELEASE;
        return keep(&plan->name, t->savepoint_name, err);
    case TRANS_STMT_ROLLBACK_TO:
        plan->class = PLAN_ROLLBACK_TO;
        return keep(&plan->name, t->savepoint_name, err);
    case TRANS_STMT_PREPARE:
    case TRANS_STMT_COMMIT_PREPARED:
    case TRANS_STMT_ROLLBACK_PREPARED:
        break;
    }
    plan->class = PLAN_OTHER;
    if (!confined)
        return 0;
    return refuse((struct kind){T_TransactionStmt, SERVER, "two-phase commit"}, err);
}

/* -- SET, RESET -- */

static bool of_transaction(const char *name)
{
    return strncmp(name, "transaction_", 12) == 0;
}

/* SET SESSION CHARACTERISTICS AS TRANSACTION: drivers give it one mode, which is a setting of its own. */
static int decide_characteristics(const struct authorise *a, const VariableSetStmt *s,
                                  bool confined, struct plan *plan, struct err *err)
{
    if (list_length(s->args) != 1)
        return err_set(err, SQLSTATE_FEATURE_NOT_SUPPORTED,
                       "SET SESSION CHARACTERISTICS with several modes is not supported");
    const DefElem *mode = linitial(s->args);
    const A_Const *value = (const A_Const *)mode->arg;
    char name[ERR_NAME_BYTES];
    snprintf(name, sizeof name, "default_%s", mode->defname);
    const char *text = nodeTag(&value->val) == T_String ? value->val.sval.sval
                       : value->val.ival.ival           ? "on"
                                                        : "off";
    if (settings_characteristic(a->rules, confined, name, text, err) < 0 ||
        keep(&plan->name, name, err) < 0)
        return -1;
    return keep(&plan->value, text, err);
}

/* Several settings under one name. */
static int decide_set_multi(const struct authorise *a, const VariableSetStmt *s, bool confined,
                            struct plan *plan, struct err *err)
{
    if (strcmp(s->name, "TRANSACTION") == 0) {
        plan->class = PLAN_READ;
        plan->aside = true;
        return 1;
    }
    plan->class = PLAN_SET;
    if (strcmp(s->name, "TRANSACTION SNAPSHOT") != 0)
        return decide_characteristics(a, s, confined, plan, err);
    plan->class = PLAN_OTHER;
    if (!confined)
        return 0;
    return refuse((struct kind){T_VariableSetStmt, SERVER, "SET TRANSACTION SNAPSHOT"}, err);
}

static int decide_set(const struct authorise *a, const VariableSetStmt *s, bool confined,
                      struct plan *plan, struct err *err)
{
    char *value = NULL;
    if (s->kind == VAR_SET_VALUE && !(value = settings_value(plan->name, s->args, err)))
        return -1;
    if (settings_check(a->rules, confined, plan->name, value, err) < 0) {
        free(value);
        return -1;
    }
    plan->local = s->is_local;
    plan->value = value;
    plan->aside = of_transaction(plan->name);
    if (plan->aside)
        plan->class = PLAN_READ;
    return 1;
}

static int decide_variable(const struct authorise *a, const VariableSetStmt *s, bool confined,
                           struct plan *plan, struct err *err)
{
    plan->class = s->kind == VAR_RESET || s->kind == VAR_RESET_ALL ? PLAN_RESET : PLAN_SET;
    switch (s->kind) {
    case VAR_RESET_ALL:
        return 1;
    case VAR_SET_MULTI:
        return decide_set_multi(a, s, confined, plan, err);
    case VAR_SET_CURRENT:
        return err_set(err, SQLSTATE_FEATURE_NOT_SUPPORTED,
                       "SET ... FROM CURRENT is not supported");
    case VAR_SET_VALUE:
    case VAR_SET_DEFAULT:
    case VAR_RESET:
        break;
    }
    if (keep(&plan->name, s->name, err) < 0)
        return -1;
    fold(plan->name);
    if (decide_set(a, s, confined, plan, err) == 1)
        return 1;
    free(plan->name);
    plan->name = NULL;
    return -1;
}

/* -- SHOW -- */

static int decide_show(const struct authorise *a, const VariableShowStmt *s, bool confined,
                       struct plan *plan, struct err *err)
{
    if (settings_is_own(s->name)) {
        plan->class = PLAN_SHOW;
        if (!settings_shown(s->name, confined))
            return err_set(err, SQLSTATE_UNDEFINED_OBJECT,
                           "unrecognized configuration parameter \"%s\"", s->name);
    } else {
        plan->class = PLAN_READ;
        plan->aside = true;
        if (confined && !settings_readable(a->rules, s->name))
            return err_set(err, SQLSTATE_INSUFFICIENT_PRIVILEGE,
                           "SHOW %s is not allowed for confined sessions", s->name);
    }
    if (keep(&plan->name, s->name, err) < 0)
        return -1;
    fold(plan->name);
    return 1;
}

/* -- names of the session -- */

static int decide_discard(const DiscardStmt *d, bool confined, struct plan *plan, struct err *err)
{
    static const char *const names[] = {
        [DISCARD_PLANS] = "DISCARD PLANS",
        [DISCARD_SEQUENCES] = "DISCARD SEQUENCES",
        [DISCARD_TEMP] = "DISCARD TEMP",
    };
    if (d->target == DISCARD_ALL) {
        plan->class = PLAN_DISCARD_ALL;
        return 1;
    }
    plan->class = PLAN_OTHER;
    return confined ? refuse((struct kind){T_DiscardStmt, LATER, names[d->target]}, err) : 0;
}

static int decide_constraints(const ConstraintsSetStmt *s, bool confined, struct plan *plan,
                              struct err *err)
{
    plan->class = PLAN_READ;
    plan->aside = s->constraints == NIL;
    if (plan->aside)
        return 1; /* ALL: until the end of the transaction */
    if (!confined)
        return 0;
    return refuse((struct kind){T_ConstraintsSetStmt, LATER, "SET CONSTRAINTS of names"}, err);
}

/* -- channels -- */

static int refuse_channels(const struct authorise *a, const char *what, struct err *err)
{
    err_set(err, SQLSTATE_INSUFFICIENT_PRIVILEGE, "%s is not allowed for confined sessions", what);
    rules_hint(a->rules, NULL, "notify", err);
    return -1;
}

static int decide_listen(const struct authorise *a, const ListenStmt *l, bool confined,
                         struct plan *plan, struct err *err)
{
    plan->class = PLAN_LISTEN;
    if (confined && !a->rules->notify)
        return refuse_channels(a, "LISTEN", err);
    return keep(&plan->name, l->conditionname, err);
}

static int decide_unlisten(const struct authorise *a, const UnlistenStmt *u, bool confined,
                           struct plan *plan, struct err *err)
{
    plan->class = PLAN_UNLISTEN;
    if (confined && !a->rules->notify)
        return refuse_channels(a, "UNLISTEN", err);
    return keep(&plan->name, u->conditionname, err);
}

static int decide_notify(const struct authorise *a, bool confined, struct plan *plan,
                         struct err *err)
{
    plan->class = PLAN_NOTIFY;
    plan->notifies = true;
    if (confined && !a->rules->notify)
        return refuse_channels(a, "NOTIFY", err);
    return confined && scope_shares(a) ? 0 : 1;
}

/* -- queries -- */

static bool changes_rows(Node *node, void *unused)
{
    if (!node)
        return false;
    if (IsA(node, InsertStmt) || IsA(node, UpdateStmt) || IsA(node, DeleteStmt) ||
        IsA(node, MergeStmt) || IsA(node, LockingClause))
        return true;
    return raw_expression_tree_walker(node, changes_rows, unused);
}

static enum plan_class query_class(Node *query)
{
    if (!IsA(query, SelectStmt))
        return PLAN_WRITE;
    const SelectStmt *leftmost = (const SelectStmt *)query;
    while (leftmost->larg)
        leftmost = leftmost->larg;
    if (leftmost->intoClause)
        return PLAN_DDL;
    return changes_rows(query, NULL) ? PLAN_WRITE : PLAN_READ;
}

static int decide_copy(const CopyStmt *c, bool confined, struct plan *plan, struct err *err)
{
    plan->class = c->is_from ? PLAN_WRITE : c->query ? query_class(c->query) : PLAN_READ;
    if (confined && (c->filename || c->is_program))
        return refuse((struct kind){T_CopyStmt, SERVER,
                                    c->is_program ? "COPY with a program" : "COPY with a file"},
                      err);
    return 0;
}

bool utility_resets(const List *statements)
{
    ListCell *cell;
    foreach (cell, statements) {
        const VariableSetStmt *s = (const VariableSetStmt *)lfirst_node(RawStmt, cell)->stmt;
        if (IsA(s, VariableSetStmt) && s->kind == VAR_RESET_ALL)
            return true;
    }
    return false;
}

static bool is_unlock_all(Node *node)
{
    FuncCall *call = makeFuncCall(list_make1(makeString("pg_advisory_unlock_all")), NIL,
                                  COERCE_EXPLICIT_CALL, -1);
    List *targets = list_make1(scope_nodes_target((Node *)call));
    return equal(node, scope_nodes_select(targets, NULL, NULL));
}

bool utility_clears(Node *node, struct plan *plan)
{
    const UnlistenStmt *unlisten = (const UnlistenStmt *)node;
    plan->class = IsA(node, UnlistenStmt) ? PLAN_UNLISTEN : PLAN_READ;
    plan->unlocks = is_unlock_all(node);
    return plan->unlocks || (IsA(node, UnlistenStmt) && !unlisten->conditionname);
}

int utility_decide(const struct authorise *a, const RawStmt *stmt, bool confined, struct plan *plan,
                   struct err *err)
{
    Node *node = stmt->stmt;
    switch (nodeTag(node)) {
    case T_SelectStmt:
        plan->class = query_class(node);
        if (confined && plan->class == PLAN_DDL)
            return refuse((struct kind){T_SelectStmt, CATALOG, "SELECT INTO"}, err);
        return 0;
    case T_InsertStmt:
    case T_UpdateStmt:
    case T_DeleteStmt:
    case T_MergeStmt:
        plan->class = PLAN_WRITE;
        return 0;
    case T_CopyStmt:
        return decide_copy((const CopyStmt *)node, confined, plan, err);
    case T_TransactionStmt:
        return decide_transaction((const TransactionStmt *)node, confined, plan, err);
    case T_VariableSetStmt:
        return decide_variable(a, (const VariableSetStmt *)node, confined, plan, err);
    case T_VariableShowStmt:
        return decide_show(a, (const VariableShowStmt *)node, confined, plan, err);
    case T_DeallocateStmt:
        plan->class = PLAN_DEALLOCATE;
        return keep(&plan->name, ((const DeallocateStmt *)node)->name, err);
    case T_DiscardStmt:
        return decide_discard((const DiscardStmt *)node, confined, plan, err);
    case T_ConstraintsSetStmt:
        return decide_constraints((const ConstraintsSetStmt *)node, confined, plan, err);
    case T_ListenStmt:
        return decide_listen(a, (const ListenStmt *)node, confined, plan, err);
    case T_UnlistenStmt:
        return decide_unlisten(a, (const UnlistenStmt *)node, confined, plan, err);
    case T_NotifyStmt:
        return decide_notify(a, confined, plan, err);
    default:
        if (confined && utility_is_named(node))
            return utility_named(a->rules, node, plan, err);
        return decide_other(node, confined, plan, err);
    }
}
