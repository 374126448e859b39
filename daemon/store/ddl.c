/* ddl.c: statements that change the catalog: entry, names of relations and schemas, extensions, and
 * what is accepted as it is. */
#include "daemon/store/ddl_grant.h"
#include "daemon/store/ddl_matview.h"
#include "daemon/store/depend.h"
#include "daemon/store/ident.h"
#include "daemon/store/statement.h"
#include "daemon/store/temp.h"
#include "daemon/store/transaction.h"
#include "policy/parse.h"

#include <stdio.h>

bool ddl_is(const Node *stmt)
{
    switch (nodeTag(stmt)) {
    case T_CreateStmt:
    case T_IndexStmt:
    case T_DropStmt:
    case T_AlterTableStmt:
    case T_RenameStmt:
    case T_AlterObjectSchemaStmt:
    case T_TruncateStmt:
    case T_CreateSeqStmt:
    case T_AlterSeqStmt:
    case T_CreateSchemaStmt:
    case T_CreateExtensionStmt:
    case T_CreateEnumStmt:
    case T_CompositeTypeStmt:
    case T_CreateDomainStmt:
    case T_AlterDomainStmt:
    case T_AlterEnumStmt:
    case T_ViewStmt:
    case T_RefreshMatViewStmt:
    case T_CommentStmt:
    case T_DoStmt:
    case T_GrantStmt:
    case T_AlterDefaultPrivilegesStmt:
    case T_AlterOwnerStmt:
    case T_ReassignOwnedStmt:
    case T_DropOwnedStmt:
    case T_VacuumStmt:
    case T_ReindexStmt:
    case T_CheckPointStmt:
        return true;
    default:
        return false;
    }
}

const char *ddl_word(const Node *stmt)
{
    switch (nodeTag(stmt)) {
    case T_CreateStmt:
        return "CREATE TABLE";
    case T_IndexStmt:
        return "CREATE INDEX";
    case T_AlterTableStmt:
    case T_RenameStmt:
        return "ALTER TABLE";
    case T_TruncateStmt:
        return "TRUNCATE TABLE";
    case T_CreateSeqStmt:
        return "CREATE SEQUENCE";
    case T_RefreshMatViewStmt:
        return "REFRESH MATERIALIZED VIEW";
    case T_DropStmt:
        return ((const DropStmt *)stmt)->removeType == OBJECT_TABLE ? "DROP TABLE" : "DROP";
    case T_GrantStmt:
        return ((const GrantStmt *)stmt)->is_grant ? "GRANT" : "REVOKE";
    case T_AlterDefaultPrivilegesStmt:
        return "ALTER DEFAULT PRIVILEGES";
    case T_ReassignOwnedStmt:
        return "REASSIGN OWNED";
    default:
        return "this statement";
    }
}

int ddl_find_schema(struct ddl *d, const char *schema, const struct store_schema **ret)
{
    *ret = store_catalog_schema(d->c->catalog, schema);
    if (!*ret)
        return err_set(d->err, "3F000", "schema \"%s\" does not exist", schema);
    if (store_catalog_is_temp_schema(d->c->catalog, schema))
        return 0;
    if (strncmp(schema, "pg_", 3) == 0 || strcmp(schema, "information_schema") == 0)
        return err_set(d->err, SQLSTATE_INSUFFICIENT_PRIVILEGE, "permission denied for schema %s",
                       schema);
    return 0;
}

int ddl_creation(struct ddl *d, const char *schema, const struct store_schema **ret)
{
    if (schema)
        return ddl_find_schema(d, schema, ret);
    *ret = store_catalog_creation(d->c->catalog);
    if (!*ret)
        return err_set(d->err, "3F000", "no schema has been selected to create in");
    return ddl_find_schema(d, (*ret)->name, ret);
}

static int bad_definition(struct ddl *d, const char *what)
{
    return err_set(d->err, "42P16", "%s", what);
}

int ddl_relation_creation(struct ddl *d, RangeVar *name, const struct store_schema **ret)
{
    const struct store_catalog *c = d->c->catalog;
    const char *schema = name->schemaname;
    bool temp = schema ? store_catalog_is_temp_schema(c, schema)
                       : name->relpersistence == 't' || store_catalog_creates_temp(c);
    if (!temp) {
        if (ddl_creation(d, schema, ret) < 0)
            return -1;
        if (name->relpersistence == 't')
            return bad_definition(d, "cannot create temporary relation in non-temporary schema");
        d->persistence = name->relpersistence;
        return 0;
    }
    if (name->relpersistence == 'u')
        return bad_definition(d, "only temporary relations may be created in temporary schemas");
    d->persistence = name->relpersistence = 't';
    if (temp_open(d->c, d->err) < 0)
        return -1;
    *ret = store_catalog_schema(d->c->catalog, "pg_temp");
    return 0;
}

uint32_t ddl_space(struct ddl *d, const struct store_table *t)
{
    const struct store_schema *s = store_catalog_schema(d->c->catalog, t->schema);
    return s ? s->oid : 0;
}

int ddl_check_free(struct ddl *d, uint32_t space, const char *name, bool *ret_exists)
{
    int64_t n = 0;
    if (ddl_query_int(d, &n,
                      "SELECT count(*) FROM \"pg_catalog.pg_class\" WHERE relname = ?1 AND "
                      "relnamespace = ?2",
                      "si", name, (int64_t)space) < 0)
        return -1;
    if (ret_exists)
        *ret_exists = n > 0;
    if (n == 0 || ret_exists)
        return 0;
    return err_set(d->err, SQLSTATE_DUPLICATE_TABLE, "relation \"%s\" already exists", name);
}

int ddl_missing_relation(struct ddl *d, const RangeVar *name, bool missing_ok)
{
    const char *schema = name->schemaname;
    if (missing_ok) {
        conn_notice(d->c, "NOTICE", "00000", "relation \"%s\" does not exist, skipping",
                    name->relname);
        return 0;
    }
    if (schema && !store_catalog_schema(d->c->catalog, schema))
        return err_set(d->err, "3F000", "schema \"%s\" does not exist", schema);
    return err_set(d->err, SQLSTATE_UNDEFINED_TABLE, "relation \"%s%s%s\" does not exist",
                   schema ? schema : "", schema ? "." : "", name->relname);
}

int ddl_not_system(struct ddl *d, uint32_t oid, const char *name)
{
    return oid >= TYPES_USER_MIN ? 0
                                 : err_set(d->err, SQLSTATE_INSUFFICIENT_PRIVILEGE,
                                           "permission denied: \"%s\" is a system catalog", name);
}

int ddl_find_relation(struct ddl *d, const RangeVar *name, bool missing_ok, uint32_t *ret)
{
    *ret = store_catalog_relation(d->c->catalog, name->schemaname, name->relname);
    return *ret ? ddl_not_system(d, *ret, name->relname)
                : ddl_missing_relation(d, name, missing_ok);
}

int ddl_find_table(struct ddl *d, const RangeVar *name, bool missing_ok,
                   const struct store_table **ret)
{
    *ret = store_catalog_table(d->c->catalog, name->schemaname, name->relname);
    if (!*ret)
        return missing_ok ? 0 : ddl_missing_relation(d, name, false);
    if (ddl_not_system(d, (*ret)->oid, name->relname) < 0)
        return -1;
    d->persistence = (*ret)->persistence;
    return 0;
}

int ddl_wrong_relation(struct ddl *d, const struct store_table *t, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    err_vset(d->err, SQLSTATE_WRONG_OBJECT_TYPE, format, ap);
    va_end(ap);
    err_detail(d->err, "This operation is not supported for %ss.", depend_relkind(t->kind));
    return -1;
}

/* -- the rest -- */

/* A known list: those whose functions the store has anyhow. */
Node *ddl_parse_expression(struct ddl *d, const char *text)
{
    List *list;
    if (parse_sql(psprintf("SELECT %s", text), (void **)&list, d->err) < 0)
        return NULL;
    const SelectStmt *select = (const SelectStmt *)((const RawStmt *)linitial(list))->stmt;
    return ((ResTarget *)linitial(select->targetList))->val;
}

static int create_extension(struct ddl *d, const CreateExtensionStmt *s)
{
    static const struct {
        const char *name, *version;
    } known[] = {{"uuid-ossp", "1.1"}, {"pgcrypto", "1.3"}};
    int64_t have = 0;
    uint32_t oid;
    size_t i = 0;
    if (ddl_query_int(d, &have, "SELECT count(*) FROM \"system.pg_extension\" WHERE extname = ?1",
                      "s", s->extname) < 0)
        return -1;
    if (have && !s->if_not_exists)
        return err_set(d->err, "42710", "extension \"%s\" already exists", s->extname);
    if (have) {
        conn_notice(d->c, "NOTICE", "42710", "extension \"%s\" already exists, skipping",
                    s->extname);
        return 0;
    }
    while (i < sizeof known / sizeof known[0] && strcmp(known[i].name, s->extname) != 0)
        i++;
    if (i == sizeof known / sizeof known[0])
        return err_set(d->err, SQLSTATE_FEATURE_NOT_SUPPORTED,
                       "extension \"%s\" is not supported by the store", s->extname);
    const struct store_schema *schema = store_catalog_creation(d->c->catalog);
    ListCell *cell;
    foreach (cell, s->options) {
        const DefElem *def = lfirst(cell);
        if (strcmp(def->defname, "schema") == 0 &&
            ddl_find_schema(d, strVal(def->arg), &schema) < 0)
            return -1;
    }
    if (ddl_new_oid(d, &oid) < 0)
        return -1;
    d->stale = true;
    return ddl_exec(d,
                    "INSERT INTO \"pg_catalog.pg_extension\" (oid, extname, extowner, extnamespace,"
                    " extrelocatable, extversion) VALUES (?1, ?2, 10, ?3, 1, ?4)",
                    "isis", (int64_t)oid, s->extname, (int64_t)(schema ? schema->oid : 2200),
                    known[i].version);
}

List *ddl_split_name(const char *text)
{
    List *parts = NIL;
    const char *p = text;
    for (;;) {
        char *part = palloc(strlen(text) + 1), *out = part;
        bool is_quoted = *p == '"';
        if (is_quoted) {
            for (p++; *p && (*p != '"' || p[1] == '"'); p++)
                *out++ = *p == '"' ? *p++ : *p;
            if (*p++ != '"')
                return NIL;
        } else {
            for (; *p && *p != '.' && *p != '"' && *p != ' '; p++)
                *out++ = (char)(*p >= 'A' && *p <= 'Z' ? *p + 32 : *p);
        }
        *out = '\0';
        if (out == part)
            return NIL;
        parts = lappend(parts, part);
        if (*p == '\0')
            return parts;
        if (*p++ != '.')
            return NIL;
    }
}

int ddl_relkind(struct ddl *d, uint32_t oid, char *ret)
{
    int64_t kind = 'r';
    if (ddl_query_int(d, &kind,
                      "SELECT unicode(relkind) FROM \"pg_catalog.pg_class\" WHERE oid = ?1", "i",
                      (int64_t)oid) < 0)
        return -1;
    *ret = (char)kind;
    return 0;
}

int ddl_outside_block(struct ddl *d, const char *what)
{
    if (d->c->tx == TX_IDLE && !d->c->implicit)
        return 0;
    return err_set(d->err, SQLSTATE_ACTIVE_SQL_TRANSACTION,
                   "%s cannot run inside a transaction block", what);
}

int ddl_statement(struct ddl *d, const Node *stmt, const char **ret_tag)
{
    switch (nodeTag(stmt)) {
    case T_CreateStmt:
        *ret_tag = "CREATE TABLE";
        return ddl_create_table(d, (const CreateStmt *)stmt);
    case T_IndexStmt:
        *ret_tag = "CREATE INDEX";
        return ddl_create_index(d, (const IndexStmt *)stmt);
    case T_DropStmt:
        return ddl_drop(d, (const DropStmt *)stmt, ret_tag);
    case T_AlterTableStmt:
        return ddl_alter_table(d, (const AlterTableStmt *)stmt, ret_tag);
    case T_ViewStmt:
        *ret_tag = "CREATE VIEW";
        return ddl_create_view(d, (const ViewStmt *)stmt);
    case T_RefreshMatViewStmt:
        *ret_tag = "REFRESH MATERIALIZED VIEW";
        return ddl_refresh_matview(d, (const RefreshMatViewStmt *)stmt);
    case T_CreateDomainStmt:
        *ret_tag = "CREATE DOMAIN";
        return ddl_create_domain(d, (const CreateDomainStmt *)stmt);
    case T_AlterDomainStmt:
        *ret_tag = "ALTER DOMAIN";
        return ddl_alter_domain(d, (const AlterDomainStmt *)stmt);
    case T_CompositeTypeStmt:
        *ret_tag = "CREATE TYPE";
        return ddl_create_composite(d, (const CompositeTypeStmt *)stmt);
    case T_CreateEnumStmt:
        *ret_tag = "CREATE TYPE";
        return ddl_create_enum(d, (const CreateEnumStmt *)stmt);
    case T_AlterEnumStmt:
        *ret_tag = "ALTER TYPE";
        return ddl_alter_enum(d, (const AlterEnumStmt *)stmt);
    case T_RenameStmt:
        return ddl_rename(d, (const RenameStmt *)stmt, ret_tag);
    case T_AlterObjectSchemaStmt:
        return ddl_set_schema(d, (const AlterObjectSchemaStmt *)stmt, ret_tag);
    case T_TruncateStmt:
        *ret_tag = "TRUNCATE TABLE";
        return ddl_truncate(d, (const TruncateStmt *)stmt);
    case T_CreateSeqStmt:
        *ret_tag = "CREATE SEQUENCE";
        return ddl_create_sequence(d, (const CreateSeqStmt *)stmt);
    case T_AlterSeqStmt:
        *ret_tag = "ALTER SEQUENCE";
        return ddl_alter_sequence(d, (const AlterSeqStmt *)stmt);
    case T_CreateSchemaStmt:
        *ret_tag = "CREATE SCHEMA";
        return ddl_create_schema(d, (const CreateSchemaStmt *)stmt);
    case T_DoStmt:
        *ret_tag = "DO";
        return ddl_do(d, (const DoStmt *)stmt);
    case T_CommentStmt:
        *ret_tag = "COMMENT";
        return ddl_comment(d, (const CommentStmt *)stmt);
    case T_GrantStmt:
        *ret_tag = ((const GrantStmt *)stmt)->is_grant ? "GRANT" : "REVOKE";
        return ddl_grant(d, (const GrantStmt *)stmt);
    case T_AlterDefaultPrivilegesStmt:
        *ret_tag = "ALTER DEFAULT PRIVILEGES";
        return ddl_default_privileges(d, (const AlterDefaultPrivilegesStmt *)stmt);
    case T_AlterOwnerStmt:
        return ddl_change_owner(d, (const AlterOwnerStmt *)stmt, ret_tag);
    case T_ReassignOwnedStmt:
        *ret_tag = "REASSIGN OWNED";
        return ddl_reassign(d, (const ReassignOwnedStmt *)stmt);
    case T_DropOwnedStmt:
        *ret_tag = "DROP OWNED";
        return ddl_drop_owned(d, (const DropOwnedStmt *)stmt);
    case T_CreateExtensionStmt:
        *ret_tag = "CREATE EXTENSION";
        return create_extension(d, (const CreateExtensionStmt *)stmt);
    case T_VacuumStmt:
        *ret_tag = ((const VacuumStmt *)stmt)->is_vacuumcmd ? "VACUUM" : "ANALYZE";
        return 0;
    case T_ReindexStmt:
        *ret_tag = "REINDEX";
        return 0;
    case T_CheckPointStmt:
        *ret_tag = "CHECKPOINT";
        return 0;
    default:
        return err_set(d->err, SQLSTATE_FEATURE_NOT_SUPPORTED,
                       "this statement is not supported by the store");
    }
}

int ddl_run(struct store_conn *c, const Node *stmt, const char *sql, const char **ret_tag,
            struct err *err)
{
    struct ddl d = {.c = c, .sql = sql, .err = err};
    if (tx_enter(c, true, err) < 0)
        return -1;
    bool shape = ddl_changes_shape(stmt);
    if ((shape && ddl_drop_key_triggers(&d) < 0) || ddl_statement(&d, stmt, ret_tag) < 0 ||
        (d.stale && ddl_reload(&d) < 0) || (shape && ddl_make_key_triggers(&d) < 0) ||
        ddl_not_mixed(&d) < 0) {
        statement_position(sql, err);
        return -1;
    }
    return 0;
}
