/* utility.c: the statements that are not queries: transactions, settings, prepared statements, DDL.
 */
#include "daemon/store/constraints.h"
#include "daemon/store/create_as.h"
#include "daemon/store/ddl.h"
#include "daemon/store/guc.h"
#include "daemon/store/guc_known.h"
#include "daemon/store/ident.h"
#include "daemon/store/locks.h"
#include "daemon/store/notify.h"
#include "daemon/store/portal.h"
#include "daemon/store/temp.h"
#include "daemon/store/transaction.h"
#include "policy/nodes.h"
#include "policy/parse.h"

#include <stdio.h>
#include <strings.h>

struct utility {
    struct store_conn *c;
    const struct prepared *p;
    struct portal *portal;
    const char *tag;
};

/* -- transactions -- */

static const char *constant_text(const Node *node)
{
    if (node && IsA(node, A_Const) && nodeTag(&((const A_Const *)node)->val) == T_String)
        return ((const A_Const *)node)->val.sval.sval;
    return NULL;
}

static bool constant_bool(const Node *node)
{
    if (!node || !IsA(node, A_Const))
        return false;
    const A_Const *c = (const A_Const *)node;
    if (nodeTag(&c->val) == T_Integer)
        return c->val.ival.ival != 0;
    if (nodeTag(&c->val) == T_Boolean)
        return c->val.boolval.boolval;
    const char *text = constant_text(node);
    return text && (strcasecmp(text, "on") == 0 || strcasecmp(text, "true") == 0);
}

/* ISOLATION LEVEL, READ ONLY ...: as settings of the transaction, or of the session (${prefix}). */
static int set_options(struct store_conn *c, const List *options, const char *prefix, bool local,
                       struct err *err)
{
    ListCell *cell;
    char name[64];
    foreach (cell, options) {
        const DefElem *def = lfirst(cell);
        snprintf(name, sizeof name, "%s%s", prefix, def->defname);
        const char *text = constant_text(def->arg);
        if (!text)
            text = constant_bool(def->arg) ? "on" : "off";
        if (guc_set(c, name, text, local, err) < 0)
            return -1;
    }
    return 0;
}

static int begin(struct utility *u, const TransactionStmt *s, struct err *err)
{
    struct tx_options none = {0};
    u->tag = s->kind == TRANS_STMT_BEGIN ? "BEGIN" : "START TRANSACTION";
    if (tx_begin(u->c, &none, err) < 0)
        return -1;
    return set_options(u->c, s->options, "", true, err);
}

/* As with max_prepared_transactions = 0: the transaction is over all the same. */
static int prepare_transaction(struct utility *u, struct err *err)
{
    bool in_block = u->c->tx != TX_IDLE, failed = u->c->tx == TX_FAILED;
    u->tag = "ROLLBACK";
    if (tx_rollback(u->c, false, err) < 0)
        return -1;
    if (!in_block || failed)
        return 0;
    err_set(err, "55000", "prepared transactions are disabled");
    err_hint(err, "Set max_prepared_transactions to a nonzero value.");
    return -1;
}

static int finish_prepared(struct utility *u, const char *what, const char *gid, struct err *err)
{
    if (u->c->tx != TX_IDLE || u->c->implicit)
        return err_set(err, SQLSTATE_ACTIVE_SQL_TRANSACTION,
                       "%s cannot run inside a transaction block", what);
    return err_set(err, SQLSTATE_UNDEFINED_OBJECT,
                   "prepared transaction with identifier \"%s\" does not exist", gid);
}

static int transaction(struct utility *u, const TransactionStmt *s, struct err *err)
{
    struct store_conn *c = u->c;
    switch (s->kind) {
    case TRANS_STMT_BEGIN:
    case TRANS_STMT_START:
        return begin(u, s, err);
    case TRANS_STMT_COMMIT:
        return tx_commit(c, s->chain, &u->tag, err);
    case TRANS_STMT_ROLLBACK:
        u->tag = "ROLLBACK";
        return tx_rollback(c, s->chain, err);
    case TRANS_STMT_SAVEPOINT:
        u->tag = "SAVEPOINT";
        return tx_savepoint(c, s->savepoint_name, err);
    case TRANS_STMT_RELEASE:
        u->tag = "RELEASE";
        return tx_release(c, s->savepoint_name, err);
    case TRANS_STMT_ROLLBACK_TO:
        u->tag = "ROLLBACK";
        return tx_rollback_to(c, s->savepoint_name, err);
    case TRANS_STMT_PREPARE:
        return prepare_transaction(u, err);
    case TRANS_STMT_COMMIT_PREPARED:
        return finish_prepared(u, "COMMIT PREPARED", s->gid, err);
    case TRANS_STMT_ROLLBACK_PREPARED:
        return finish_prepared(u, "ROLLBACK PREPARED", s->gid, err);
    }
    return 0;
}

/* -- settings -- */

/* SET TIME ZONE INTERVAL '+02:00' HOUR TO MINUTE: kept as text; a bare number gets its unit. */
static int interval_argument(const TypeCast *cast, struct buf *out, struct err *err)
{
    const char *text = constant_text(cast->arg), *unit = "";
    struct types_session plain = {.interval_style = TYPES_INTERVAL_POSTGRES};
    struct types_value v;
    struct buf scratch;
    if (!text)
        return err_set(err, SQLSTATE_FEATURE_NOT_SUPPORTED, "this value of SET is not supported");
    if (cast->typeName->typmods != NIL && text[strspn(text, "+-0123456789")] == '\0') {
        const A_Const *mask = (const A_Const *)linitial(cast->typeName->typmods);
        int fields = nodeTag(&mask->val) == T_Integer ? mask->val.ival.ival : 0;
        unit = fields == 1 << 10 ? " hours" : fields == 0x7fff ? "" : " minutes";
    }
    text = psprintf("%s%s", text, unit);
    buf_init(&scratch, 1024);
    buf_append(out, "INTERVAL '", 10);
    int rc = types_input(&plain, TYPES_INTERVAL, -1, (struct slice){text, strlen(text)}, &scratch,
                         &v, err);
    if (rc == 0)
        rc = types_output(&plain, TYPES_INTERVAL, -1, &v, out, err);
    buf_append(out, "'", 1);
    buf_release(&scratch);
    return rc;
}

static int argument(const Node *node, struct buf *out, struct err *err)
{
    const char *text = constant_text(node);
    if (text) {
        buf_append(out, text, strlen(text));
        return 0;
    }
    char number[64];
    const A_Const *c = (const A_Const *)node;
    if (IsA(node, A_Const) && nodeTag(&c->val) == T_Integer)
        snprintf(number, sizeof number, "%d", c->val.ival.ival);
    else if (IsA(node, A_Const) && nodeTag(&c->val) == T_Float)
        snprintf(number, sizeof number, "%s", c->val.fval.fval);
    else if (IsA(node, A_Const) && nodeTag(&c->val) == T_Boolean)
        snprintf(number, sizeof number, "%s", c->val.boolval.boolval ? "on" : "off");
    else if (IsA(node, TypeCast))
        return interval_argument((const TypeCast *)node, out, err);
    else
        return err_set(err, SQLSTATE_FEATURE_NOT_SUPPORTED, "this value of SET is not supported");
    buf_append(out, number, strlen(number));
    return 0;
}

static bool takes_list(const char *name)
{
    static const char *const lists[] = {"search_path",
                                        "datestyle",
                                        "temp_tablespaces",
                                        "local_preload_libraries",
                                        "log_destination",
                                        "listen_addresses",
                                        "restrict_nonsystem_relation_kind"};
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++)
        if (strcasecmp(lists[i], name) == 0)
            return true;
    return false;
}

static int set_value(struct utility *u, const VariableSetStmt *s, struct err *err)
{
    struct buf value;
    ListCell *cell;
    int rc = 0;
    bool names = strcasecmp(s->name, "search_path") == 0;
    if (s->args == NIL)
        return guc_set(u->c, s->name, NULL, s->is_local, err);
    if (list_length(s->args) > 1 && !takes_list(s->name))
        return err_set(err, SQLSTATE_INVALID_PARAMETER_VALUE, "SET %s takes only one argument",
                       s->name);
    buf_init(&value, 65536);
    foreach (cell, s->args) {
        if (buf_len(&value) > 0)
            buf_append(&value, ", ", 2);
        if (names && constant_text(lfirst(cell))) {
            ident_postgres(constant_text(lfirst(cell)), &value);
            continue;
        }
        rc = argument(lfirst(cell), &value, err);
        if (rc < 0)
            break;
    }
    buf_append(&value, "", 1);
    if (rc == 0 && value.failed)
        rc = err_set(err, SQLSTATE_PROGRAM_LIMIT_EXCEEDED, "value of setting is too long");
    if (rc == 0)
        rc = guc_set(u->c, s->name, buf_peek(&value).data, s->is_local, err);
    buf_release(&value);
    return rc;
}

static void warn_local(struct store_conn *c, const char *what)
{
    if (c->tx == TX_IDLE && !c->implicit)
        conn_notice(c, "WARNING", SQLSTATE_NO_ACTIVE_SQL_TRANSACTION,
                    "%s can only be used in transaction blocks", what);
}

static int set(struct utility *u, const VariableSetStmt *s, struct err *err)
{
    u->tag = "SET";
    if (s->is_local && s->kind != VAR_SET_MULTI)
        warn_local(u->c, "SET LOCAL");
    switch (s->kind) {
    case VAR_SET_VALUE:
        return set_value(u, s, err);
    case VAR_SET_DEFAULT:
        return guc_set(u->c, s->name, NULL, s->is_local, err);
    case VAR_RESET:
        u->tag = "RESET";
        return guc_set(u->c, s->name, NULL, s->is_local, err);
    case VAR_RESET_ALL:
        u->tag = "RESET";
        return guc_reset_all(u->c, err);
    case VAR_SET_MULTI:
        if (strcmp(s->name, "SESSION CHARACTERISTICS") == 0)
            return set_options(u->c, s->args, "default_", false, err);
        if (strcmp(s->name, "TRANSACTION") != 0)
            break;
        warn_local(u->c, "SET TRANSACTION");
        return u->c->tx == TX_IDLE && !u->c->implicit ? 0
                                                      : set_options(u->c, s->args, "", true, err);
    case VAR_SET_CURRENT:
        break;
    }
    return err_set(err, SQLSTATE_FEATURE_NOT_SUPPORTED,
                   "this form of SET is not supported by the store");
}

static int show(struct utility *u, const VariableShowStmt *s, struct err *err)
{
    u->tag = "SHOW";
    const char *row[3] = {NULL, NULL, ""};
    if (strcmp(s->name, "all") != 0) {
        row[0] = store_setting(&u->c->context, s->name);
        if (!row[0])
            return guc_unknown(s->name, err);
        return portal_add_text(u->c, u->portal, row, 1, err);
    }
    struct guc_known k;
    for (size_t i = 0; guc_at(u->c, i, &k, &row[1]); i++) {
        row[0] = k.name;
        row[2] = k.description;
        if (row[1] && portal_add_text(u->c, u->portal, row, 3, err) < 0)
            return -1;
    }
    return 0;
}

/* -- prepared statements -- */

static int deallocate(struct utility *u, const DeallocateStmt *s, struct err *err)
{
    u->tag = s->name ? "DEALLOCATE" : "DEALLOCATE ALL";
    if (!s->name) {
        named_drop_all(u->c);
        return 0;
    }
    struct named *n = named_find(u->c, s->name);
    if (!n)
        return err_set(err, SQLSTATE_INVALID_SQL_STATEMENT_NAME,
                       "prepared statement \"%s\" does not exist", s->name);
    named_drop(u->c, n);
    return 0;
}

static int discard(struct utility *u, const DiscardStmt *s, struct err *err)
{
    struct store_conn *c = u->c;
    switch (s->target) {
    case DISCARD_ALL:
        if (c->tx != TX_IDLE || c->implicit)
            return err_set(err, SQLSTATE_ACTIVE_SQL_TRANSACTION,
                           "DISCARD ALL cannot run inside a transaction block");
        u->tag = "DISCARD ALL";
        portal_close_all(c);
        named_drop_all(c);
        sequence_release(c);
        locks_release_session(c);
        if (notify_listen(c, NULL, false, err) < 0 || temp_discard(c, err) < 0)
            return -1;
        return guc_reset_all(c, err);
    case DISCARD_PLANS:
        u->tag = "DISCARD PLANS";
        return 0;
    case DISCARD_SEQUENCES:
        u->tag = "DISCARD SEQUENCES";
        sequence_release(c);
        return 0;
    case DISCARD_TEMP:
        u->tag = "DISCARD TEMP";
        return temp_discard(c, err);
    }
    return 0;
}

static int close_portal(struct utility *u, const ClosePortalStmt *s, struct err *err)
{
    u->tag = s->portalname ? "CLOSE CURSOR" : "CLOSE CURSOR ALL";
    if (!s->portalname) {
        portal_close_all(u->c);
        return 0;
    }
    struct portal *p = portal_find(u->c, s->portalname);
    if (!p)
        return err_set(err, SQLSTATE_INVALID_CURSOR_NAME, "cursor \"%s\" does not exist",
                       s->portalname);
    portal_close(u->c, p);
    return 0;
}

static int notify(struct utility *u, const NotifyStmt *s, struct err *err)
{
    u->tag = "NOTIFY";
    return notify_say(u->c, s->conditionname, s->payload ? s->payload : "", err);
}

static bool in_block(const struct store_conn *c)
{
    return c->tx != TX_IDLE || c->implicit;
}

/* LOCK TABLE: the one lock there is. */
static int lock_table(struct utility *u, const LockStmt *s, struct err *err)
{
    struct store_conn *c = u->c;
    ListCell *cell;
    u->tag = "LOCK TABLE";
    if (!in_block(c))
        return err_set(err, SQLSTATE_NO_ACTIVE_SQL_TRANSACTION,
                       "LOCK TABLE can only be used in transaction blocks");
    bool write = s->mode > 1; /* AccessShareLock */
    if (tx_enter(c, false, err) < 0)
        return -1;
    foreach (cell, s->relations) {
        const RangeVar *v = lfirst(cell);
        if (!store_catalog_table(c->catalog, v->schemaname, v->relname))
            return err_set(err, SQLSTATE_UNDEFINED_TABLE, "relation \"%s%s%s\" does not exist",
                           v->schemaname ? v->schemaname : "", v->schemaname ? "." : "",
                           v->relname);
    }
    if (write && s->nowait && !conn_write_free(c))
        return err_set(err, "55P03", "could not obtain lock on relation \"%s\"",
                       ((const RangeVar *)linitial(s->relations))->relname);
    return tx_enter(c, write, err);
}

static int set_constraints(struct utility *u, const ConstraintsSetStmt *s, struct err *err)
{
    struct store_conn *c = u->c;
    u->tag = "SET CONSTRAINTS";
    if (tx_enter(c, false, err) < 0)
        return -1;
    warn_local(c, "SET CONSTRAINTS");
    return keys_set(c, s, in_block(c), err);
}

static int not_supported(const Node *stmt, struct err *err)
{
    const char *what = "this statement";
    switch (nodeTag(stmt)) {
    case T_MergeStmt:
        what = "MERGE";
        break;
    case T_DoStmt:
        what = "DO";
        break;
    case T_CallStmt:
        what = "CALL";
        break;
    case T_GrantRoleStmt:
        what = "GRANT of a role";
        break;
    case T_CreateRoleStmt:
        what = "CREATE ROLE";
        break;
    case T_CreateFunctionStmt:
        what = "CREATE FUNCTION";
        break;
    case T_CreateTrigStmt:
        what = "CREATE TRIGGER";
        break;
    case T_ViewStmt:
        what = "CREATE VIEW";
        break;
    case T_CreateEnumStmt:
    case T_CompositeTypeStmt:
    case T_DefineStmt:
        what = "CREATE TYPE";
        break;
    case T_CreateDomainStmt:
        what = "CREATE DOMAIN";
        break;
    case T_CreatedbStmt:
        what = "CREATE DATABASE";
        break;
    case T_DropdbStmt:
        what = "DROP DATABASE";
        break;
    default:
        break;
    }
    return err_set(err, SQLSTATE_FEATURE_NOT_SUPPORTED, "%s is not supported by the store", what);
}

static int run(struct utility *u, const Node *stmt, struct err *err)
{
    switch (nodeTag(stmt)) {
    case T_TransactionStmt:
        return transaction(u, (const TransactionStmt *)stmt, err);
    case T_VariableSetStmt:
        return set(u, (const VariableSetStmt *)stmt, err);
    case T_VariableShowStmt:
        return show(u, (const VariableShowStmt *)stmt, err);
    case T_DeallocateStmt:
        return deallocate(u, (const DeallocateStmt *)stmt, err);
    case T_DiscardStmt:
        return discard(u, (const DiscardStmt *)stmt, err);
    case T_ClosePortalStmt:
        return close_portal(u, (const ClosePortalStmt *)stmt, err);
    case T_LockStmt:
        return lock_table(u, (const LockStmt *)stmt, err);
    case T_ConstraintsSetStmt:
        return set_constraints(u, (const ConstraintsSetStmt *)stmt, err);
    case T_ListenStmt:
        u->tag = "LISTEN";
        return notify_listen(u->c, ((const ListenStmt *)stmt)->conditionname, true, err);
    case T_UnlistenStmt:
        u->tag = "UNLISTEN";
        return notify_listen(u->c, ((const UnlistenStmt *)stmt)->conditionname, false, err);
    case T_NotifyStmt:
        return notify(u, (const NotifyStmt *)stmt, err);
    default:
        break;
    }
    if (IsA(stmt, VacuumStmt) && ((const VacuumStmt *)stmt)->is_vacuumcmd && in_block(u->c))
        return err_set(err, SQLSTATE_ACTIVE_SQL_TRANSACTION,
                       "VACUUM cannot run inside a transaction block");
    if (ddl_is(stmt)) {
        if (u->c->read_only)
            return err_set(err, SQLSTATE_READ_ONLY_SQL_TRANSACTION,
                           "cannot execute %s in a read-only transaction", ddl_word(stmt));
        return ddl_run(u->c, stmt, u->p->sql, &u->tag, err);
    }
    return not_supported(stmt, err);
}

static int run_body(void *arg, struct err *err)
{
    struct utility *u = arg;
    List *list;
    if (parse_sql(u->p->sql, (void **)&list, err) < 0)
        return -1;
    return run(u, ((const RawStmt *)linitial(list))->stmt, err);
}

/* Statements around others need no tree any more. */
static int run_verb(struct store_conn *c, struct portal *portal, struct err *err)
{
    switch (portal->prepared->verb) {
    case VERB_DECLARE:
        return cursor_declare(c, portal, err);
    case VERB_FETCH:
        return cursor_fetch(c, portal, err);
    case VERB_PREPARE:
        return named_prepare(c, portal, err);
    case VERB_EXECUTE:
        return named_execute(c, portal, err);
    case VERB_EXPLAIN:
        return explain_statement(c, portal, err);
    case VERB_COPY:
        return copy_run(c, portal, err);
    case VERB_CREATE_AS:
        return create_as_run(c, portal, err);
    case VERB_OTHER:
        break;
    }
    return 0;
}

int utility_run(struct store_conn *c, struct portal *portal, struct err *err)
{
    struct utility u = {c, portal->prepared, portal, ""};
    statement_start(c);
    if (portal->prepared->verb != VERB_OTHER)
        return run_verb(c, portal, err);
    c->parsing = true;
    int rc = parse_protect(run_body, &u, err);
    c->parsing = false;
    if (rc < 0)
        return -1;
    snprintf(portal->tag, sizeof portal->tag, "%s", u.tag);
    return 0;
}
