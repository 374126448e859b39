/* ddl_namespace.c: CREATE SCHEMA, with the elements it may have. */
#include "daemon/store/ddl_grant.h"
#include "daemon/store/depend.h"

/* An element goes into the schema that is being made: 42P15 if it says another. */
static int place(struct ddl *d, RangeVar *name, const char *schema)
{
    if (name->schemaname && strcmp(name->schemaname, schema) != 0)
        return err_set(d->err, "42P15",
                       "CREATE specifies a schema (%s) different from the one being created (%s)",
                       name->schemaname, schema);
    name->schemaname = pstrdup(schema);
    return 0;
}

static int element(struct ddl *d, Node *stmt, const char *schema)
{
    const char *tag;
    RangeVar *name = IsA(stmt, CreateStmt)      ? ((CreateStmt *)stmt)->relation
                     : IsA(stmt, CreateSeqStmt) ? ((CreateSeqStmt *)stmt)->sequence
                     : IsA(stmt, IndexStmt)     ? ((IndexStmt *)stmt)->relation
                     : IsA(stmt, ViewStmt)      ? ((ViewStmt *)stmt)->view
                                                : NULL;
    if (!name)
        return err_set(d->err, SQLSTATE_FEATURE_NOT_SUPPORTED,
                       "this element of CREATE SCHEMA is not supported by the store");
    return place(d, name, schema) < 0 ? -1 : ddl_statement(d, stmt, &tag);
}

/* In the order that PostgreSQL makes them. */
static int turn(const Node *stmt)
{
    return IsA(stmt, CreateSeqStmt) ? 0 : IsA(stmt, CreateStmt) ? 1 : IsA(stmt, ViewStmt) ? 2 : 3;
}

static int elements(struct ddl *d, const CreateSchemaStmt *s, const char *schema)
{
    ListCell *cell;
    for (int now = 0; now < 4; now++) {
        foreach (cell, s->schemaElts)
            if (turn(lfirst(cell)) == now && element(d, lfirst(cell), schema) < 0)
                return -1;
    }
    return 0;
}

int ddl_create_schema(struct ddl *d, const CreateSchemaStmt *s)
{
    const char *name = s->schemaname ? s->schemaname : d->c->context.user;
    uint32_t oid;
    if (s->authrole && ddl_check_owner(d, s->authrole) < 0)
        return -1;
    if (strncmp(name, "pg_", 3) == 0) {
        err_set(d->err, "42939", "unacceptable schema name \"%s\"", name);
        err_detail(d->err, "The prefix \"pg_\" is reserved for system schemas.");
        return -1;
    }
    if (store_catalog_schema(d->c->catalog, name)) {
        if (!s->if_not_exists)
            return err_set(d->err, "42P06", "schema \"%s\" already exists", name);
        conn_notice(d->c, "NOTICE", "42P06", "schema \"%s\" already exists, skipping", name);
        return 0;
    }
    if (ddl_new_oid(d, &oid) < 0 ||
        ddl_exec(d,
                 "INSERT INTO \"pg_catalog.pg_namespace\" (oid, nspname, nspowner) VALUES (?1, ?2,"
                 " 10)",
                 "is", (int64_t)oid, name) < 0 ||
        ddl_give_acl(d, 'n', 0, oid) < 0 || ddl_reload(d) < 0)
        return -1;
    return elements(d, s, name);
}
