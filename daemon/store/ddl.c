/* ddl.c: statements that change the catalog: entry, names, DROP, TRUNCATE and what is accepted as
 * it is. */
#include "daemon/store/ddl.h"
#include "daemon/store/ident.h"

#include <stdio.h>

bool ddl_is(const Node *stmt)
{
    switch (nodeTag(stmt)) {
    case T_CreateStmt:
    case T_IndexStmt:
    case T_DropStmt:
    case T_AlterTableStmt:
    case T_RenameStmt:
    case T_TruncateStmt:
    case T_CreateSeqStmt:
    case T_CreateSchemaStmt:
    case T_CreateExtensionStmt:
    case T_CommentStmt:
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
    case T_DropStmt:
        return ((const DropStmt *)stmt)->removeType == OBJECT_TABLE ? "DROP TABLE" : "DROP";
    default:
        return "this statement";
    }
}

int ddl_check_schema(struct ddl *d, const char *schema)
{
    if (!schema || strcmp(schema, "public") == 0)
        return 0;
    if (strcmp(schema, "pg_catalog") == 0 || strcmp(schema, "information_schema") == 0)
        return err_set(d->err, SQLSTATE_INSUFFICIENT_PRIVILEGE, "permission denied for schema %s",
                       schema);
    return err_set(d->err, "3F000", "schema \"%s\" does not exist", schema);
}

int ddl_check_free(struct ddl *d, const char *name, bool *ret_exists)
{
    int64_t n = 0;
    if (ddl_query_int(d, &n,
                      "SELECT count(*) FROM \"pg_catalog.pg_class\" WHERE relname = ?1 AND "
                      "relnamespace = 2200",
                      "s", name) < 0)
        return -1;
    if (ret_exists)
        *ret_exists = n > 0;
    if (n == 0 || ret_exists)
        return 0;
    return err_set(d->err, SQLSTATE_DUPLICATE_TABLE, "relation \"%s\" already exists", name);
}

int ddl_find_table(struct ddl *d, const RangeVar *name, bool missing_ok,
                   const struct store_table **ret)
{
    *ret = store_catalog_table(d->c->catalog, name->schemaname, name->relname);
    if (!*ret && missing_ok)
        return 0;
    if (!*ret) {
        if (name->schemaname)
            err_set(d->err, SQLSTATE_UNDEFINED_TABLE, "relation \"%s.%s\" does not exist",
                    name->schemaname, name->relname);
        else
            err_set(d->err, SQLSTATE_UNDEFINED_TABLE, "relation \"%s\" does not exist",
                    name->relname);
        return -1;
    }
    if ((*ret)->system)
        return err_set(d->err, SQLSTATE_INSUFFICIENT_PRIVILEGE,
                       "permission denied: \"%s\" is a system catalog", name->relname);
    return 0;
}

/* -- DROP -- */

static int forget_rows(struct ddl *d, const struct store_table *t)
{
    static const char *const texts[] = {
        "DELETE FROM \"store.relation\" WHERE oid IN (SELECT oid FROM \"pg_catalog.pg_constraint\""
        " WHERE conrelid = ?1)",
        "DELETE FROM \"pg_catalog.pg_constraint\" WHERE conrelid = ?1",
        "DELETE FROM \"pg_catalog.pg_attrdef\" WHERE adrelid = ?1",
        "DELETE FROM \"store.sequence\" WHERE oid IN (SELECT sequence_oid FROM \"store.attribute\""
        " WHERE relid = ?1)",
        "DELETE FROM \"pg_catalog.pg_sequence\" WHERE seqrelid IN (SELECT sequence_oid"
        " FROM \"store.attribute\" WHERE relid = ?1)",
        "DELETE FROM \"pg_catalog.pg_class\" WHERE oid IN (SELECT sequence_oid FROM "
        "\"store.attribute\""
        " WHERE relid = ?1 AND sequence_oid <> 0)",
        "DELETE FROM \"store.attribute\" WHERE relid = ?1",
        "DELETE FROM \"pg_catalog.pg_attribute\" WHERE attrelid = ?1",
        "DELETE FROM \"store.relation\" WHERE oid = ?1",
        "DELETE FROM \"pg_catalog.pg_description\" WHERE objoid = ?1",
        "DELETE FROM \"pg_catalog.pg_class\" WHERE oid = ?1",
    };
    for (size_t i = 0; i < t->nkeys; i++)
        if (ddl_forget_index(d, t->keys[i].oid) < 0)
            return -1;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        if (ddl_exec(d, texts[i], "i", (int64_t)t->oid) < 0)
            return -1;
    return 0;
}

static bool in_list(const uint32_t *oids, int n, uint32_t oid)
{
    for (int i = 0; i < n; i++)
        if (oids[i] == oid)
            return true;
    return false;
}

static int depended_on(struct ddl *d, const struct store_table *t, const struct store_table *child,
                       const struct store_foreign_key *f)
{
    struct buf name, other;
    buf_init(&name, 4096);
    buf_init(&other, 4096);
    ident_postgres(t->name, &name);
    ident_postgres(child->name, &other);
    err_set(d->err, "2BP01", "cannot drop table %s because other objects depend on it",
            ident_text(&name));
    err_detail(d->err, "constraint %s on table %s depends on table %s", f->name, ident_text(&other),
               ident_text(&name));
    err_hint(d->err, "Use DROP ... CASCADE to drop the dependent objects too.");
    buf_release(&name);
    buf_release(&other);
    return -1;
}

/* Foreign keys of other tables that refer to ${t}: refused, or dropped with CASCADE. */
static int detach(struct ddl *d, const struct store_table *t, const uint32_t *dropped, int n,
                  bool cascade)
{
    const struct store_catalog *c = d->c->catalog;
    for (size_t i = 0; i < c->ntables; i++) {
        const struct store_table *child = &c->tables[i];
        for (size_t k = 0; k < child->nforeign_keys; k++) {
            const struct store_foreign_key *f = &child->foreign_keys[k];
            if (f->parent_oid != t->oid)
                continue;
            bool also = in_list(dropped, n, child->oid);
            if (!also && !cascade) {
                return depended_on(d, t, child, f);
            }
            if (!also)
                conn_notice(d->c, "NOTICE", "00000", "drop cascades to constraint %s on table %s",
                            f->name, child->name);
            if (ddl_exec(d, "DELETE FROM \"pg_catalog.pg_constraint\" WHERE oid = ?1", "i",
                         (int64_t)f->oid) < 0)
                return -1;
        }
    }
    return 0;
}

/* Tables whose foreign keys have gone from the catalog, in SQLite's schema too. */
static int sync_children(struct ddl *d, const uint32_t *children, int n)
{
    for (int i = 0; i < n; i++) {
        const struct store_table *t = ddl_table(d, children[i]);
        if (t && ddl_sync_table(d, t) < 0)
            return -1;
    }
    return 0;
}

static int drop_one(struct ddl *d, uint32_t oid)
{
    const struct store_table *t = ddl_table(d, oid);
    struct buf sql;
    buf_init(&sql, 4096);
    ident_format(&sql, "DROP TABLE ");
    ident_sqlite(t->sqlite_name, &sql);
    int rc = conn_exec(d->c, ident_text(&sql), d->err);
    buf_release(&sql);
    return rc < 0 ? -1 : forget_rows(d, t);
}

static int drop_tables_oids(struct ddl *d, const uint32_t *oids, int n, bool cascade)
{
    const struct store_catalog *c = d->c->catalog;
    uint32_t *children = palloc0((c->ntables + 1) * sizeof *children);
    int nchildren = 0;
    for (int i = 0; i < n; i++)
        if (detach(d, ddl_table(d, oids[i]), oids, n, cascade) < 0)
            return -1;
    for (size_t i = 0; i < c->ntables; i++)
        for (size_t k = 0; k < c->tables[i].nforeign_keys; k++)
            if (in_list(oids, n, c->tables[i].foreign_keys[k].parent_oid) &&
                !in_list(children, nchildren, c->tables[i].oid))
                children[nchildren++] = c->tables[i].oid;
    if (nchildren > 0 && (ddl_reload(d) < 0 || sync_children(d, children, nchildren) < 0))
        return -1;
    for (int i = 0; i < n; i++)
        if (drop_one(d, oids[i]) < 0)
            return -1;
    return ddl_reload(d);
}

static int name_of(struct ddl *d, const List *names, const char **ret)
{
    *ret = strVal(llast(names));
    return ddl_check_schema(
        d, list_length(names) > 1 ? strVal(list_nth(names, list_length(names) - 2)) : NULL);
}

static int missing(struct ddl *d, bool missing_ok, const char *what, const char *name,
                   const char *sqlstate)
{
    if (!missing_ok)
        return err_set(d->err, sqlstate, "%s \"%s\" does not exist", what, name);
    conn_notice(d->c, "NOTICE", "00000", "%s \"%s\" does not exist, skipping", what, name);
    return 0;
}

static int drop_tables(struct ddl *d, const DropStmt *s)
{
    uint32_t *oids = palloc0((size_t)list_length(s->objects) * sizeof *oids);
    int n = 0;
    ListCell *cell;
    foreach (cell, s->objects) {
        const char *name;
        if (name_of(d, lfirst(cell), &name) < 0)
            return -1;
        const struct store_table *t = store_catalog_table(d->c->catalog, "public", name);
        if (!t && missing(d, s->missing_ok, "table", name, SQLSTATE_UNDEFINED_TABLE) < 0)
            return -1;
        if (t && !in_list(oids, n, t->oid))
            oids[n++] = t->oid;
    }
    return drop_tables_oids(d, oids, n, s->behavior == DROP_CASCADE);
}

static const struct store_key *find_index(struct ddl *d, const char *name,
                                          const struct store_table **ret_owner)
{
    const struct store_catalog *c = d->c->catalog;
    for (size_t i = 0; i < c->ntables; i++)
        for (size_t k = 0; k < c->tables[i].nkeys; k++)
            if (strcmp(c->tables[i].keys[k].name, name) == 0) {
                *ret_owner = &c->tables[i];
                return &c->tables[i].keys[k];
            }
    return NULL;
}

static int drop_indexes(struct ddl *d, const DropStmt *s)
{
    ListCell *cell;
    foreach (cell, s->objects) {
        const char *name;
        if (name_of(d, lfirst(cell), &name) < 0)
            return -1;
        const struct store_table *owner;
        const struct store_key *k = find_index(d, name, &owner);
        if (!k) {
            if (missing(d, s->missing_ok, "index", name, SQLSTATE_UNDEFINED_OBJECT) < 0)
                return -1;
            continue;
        }
        if (k->constraint_oid) {
            err_set(d->err, "2BP01",
                    "cannot drop index %s because constraint %s on table %s requires it", name,
                    name, owner->name);
            err_hint(d->err, "You can drop constraint %s on table %s instead.", name, owner->name);
            return -1;
        }
        if (ddl_drop_key(d, k) < 0 || ddl_reload(d) < 0)
            return -1;
    }
    return 0;
}

static int drop_sequences(struct ddl *d, const DropStmt *s)
{
    ListCell *cell;
    foreach (cell, s->objects) {
        const char *name;
        if (name_of(d, lfirst(cell), &name) < 0)
            return -1;
        const struct store_sequence *q = store_catalog_sequence(d->c->catalog, NULL, name);
        if (!q) {
            if (missing(d, s->missing_ok, "sequence", name, SQLSTATE_UNDEFINED_TABLE) < 0)
                return -1;
            continue;
        }
        if (q->table_oid) {
            err_set(d->err, "2BP01", "cannot drop sequence %s because other objects depend on it",
                    name);
            return -1;
        }
        if (ddl_exec(d, "DELETE FROM \"pg_catalog.pg_sequence\" WHERE seqrelid = ?1", "i",
                     (int64_t)q->oid) < 0 ||
            ddl_exec(d, "DELETE FROM \"pg_catalog.pg_class\" WHERE oid = ?1", "i",
                     (int64_t)q->oid) < 0 ||
            ddl_exec(d, "DELETE FROM \"store.sequence\" WHERE oid = ?1", "i", (int64_t)q->oid) <
                0 ||
            ddl_reload(d) < 0)
            return -1;
    }
    return 0;
}

/* What the store never has may be dropped IF EXISTS. */
static int drop_other(struct ddl *d, const DropStmt *s, const char *what, const char **ret_tag,
                      const char *tag)
{
    ListCell *cell;
    *ret_tag = tag;
    foreach (cell, s->objects) {
        const Node *object = lfirst(cell);
        const char *name = IsA(object, List) ? strVal(llast((const List *)object))
                           : IsA(object, TypeName)
                               ? strVal(llast(((const TypeName *)object)->names))
                           : IsA(object, String) ? strVal(object)
                                                 : "";
        if (strcmp(what, "schema") == 0 && store_catalog_schema(d->c->catalog, name))
            return err_set(d->err, SQLSTATE_FEATURE_NOT_SUPPORTED,
                           "dropping schema %s is not supported by the store", name);
        if (missing(d, s->missing_ok, what, name,
                    strcmp(what, "schema") == 0 ? "3F000" : SQLSTATE_UNDEFINED_OBJECT) < 0)
            return -1;
    }
    return 0;
}

static int drop(struct ddl *d, const DropStmt *s, const char **ret_tag)
{
    switch (s->removeType) {
    case OBJECT_TABLE:
        *ret_tag = "DROP TABLE";
        return drop_tables(d, s);
    case OBJECT_INDEX:
        *ret_tag = "DROP INDEX";
        return drop_indexes(d, s);
    case OBJECT_SEQUENCE:
        *ret_tag = "DROP SEQUENCE";
        return drop_sequences(d, s);
    case OBJECT_VIEW:
        return drop_other(d, s, "view", ret_tag, "DROP VIEW");
    case OBJECT_TYPE:
        return drop_other(d, s, "type", ret_tag, "DROP TYPE");
    case OBJECT_SCHEMA:
        return drop_other(d, s, "schema", ret_tag, "DROP SCHEMA");
    case OBJECT_EXTENSION:
        return drop_other(d, s, "extension", ret_tag, "DROP EXTENSION");
    default:
        return err_set(d->err, SQLSTATE_FEATURE_NOT_SUPPORTED,
                       "dropping this kind of object is not supported by the store");
    }
}

/* -- TRUNCATE -- */

static int truncate_closure(struct ddl *d, const TruncateStmt *s, uint32_t *oids, int *n)
{
    const struct store_catalog *c = d->c->catalog;
    for (int i = 0; i < *n; i++) {
        const struct store_table *t = ddl_table(d, oids[i]);
        for (size_t k = 0; k < c->ntables; k++)
            for (size_t f = 0; f < c->tables[k].nforeign_keys; f++) {
                const struct store_table *child = &c->tables[k];
                if (child->foreign_keys[f].parent_oid != t->oid || in_list(oids, *n, child->oid))
                    continue;
                if (s->behavior != DROP_CASCADE) {
                    err_set(d->err, SQLSTATE_FEATURE_NOT_SUPPORTED,
                            "cannot truncate a table referenced in a foreign key constraint");
                    err_detail(d->err, "Table \"%s\" references \"%s\".", child->name, t->name);
                    err_hint(d->err,
                             "Truncate table \"%s\" at the same time, or use TRUNCATE ... CASCADE.",
                             child->name);
                    return -1;
                }
                conn_notice(d->c, "NOTICE", "00000", "truncate cascades to table \"%s\"",
                            child->name);
                oids[(*n)++] = child->oid;
            }
    }
    return 0;
}

static int truncate_one(struct ddl *d, const struct store_table *t, bool restart)
{
    for (size_t i = 0; restart && i < t->ncolumns; i++)
        if (t->columns[i].sequence_oid)
            sequence_forget(d->c->store, t->columns[i].sequence_oid);
    struct buf sql;
    buf_init(&sql, 4096);
    ident_format(&sql, "DELETE FROM ");
    ident_sqlite(t->sqlite_name, &sql);
    int rc = conn_exec(d->c, ident_text(&sql), d->err);
    buf_release(&sql);
    if (rc == 0 && restart)
        rc = ddl_exec(
            d,
            "UPDATE \"store.sequence\" SET is_called = 0, last_value = (SELECT seqstart"
            " FROM \"pg_catalog.pg_sequence\" WHERE seqrelid = \"store.sequence\".oid) WHERE oid IN"
            " (SELECT sequence_oid FROM \"store.attribute\" WHERE relid = ?1)",
            "i", (int64_t)t->oid);
    return rc;
}

/* Foreign keys wait until all tables are empty; actions must not run meanwhile, so children go
 * first: the closure lists parents before children. */
static int truncate_tables(struct ddl *d, const TruncateStmt *s)
{
    uint32_t *oids = palloc0((d->c->catalog->ntables + 1) * sizeof *oids);
    int n = 0;
    ListCell *cell;
    foreach (cell, s->relations) {
        const struct store_table *t;
        if (ddl_find_table(d, lfirst(cell), false, &t) < 0)
            return -1;
        if (!in_list(oids, n, t->oid))
            oids[n++] = t->oid;
    }
    if (truncate_closure(d, s, oids, &n) < 0 ||
        conn_exec(d->c, "PRAGMA defer_foreign_keys=ON", d->err) < 0)
        return -1;
    for (int i = n; i > 0; i--)
        if (truncate_one(d, ddl_table(d, oids[i - 1]), s->restart_seqs) < 0)
            return -1;
    return conn_exec(d->c, "PRAGMA defer_foreign_keys=OFF", d->err);
}

/* -- the rest -- */

static int create_extension(struct ddl *d, const CreateExtensionStmt *s)
{
    static const char *const known[] = {"uuid-ossp", "pgcrypto", "plpgsql", NULL};
    for (size_t i = 0; known[i]; i++)
        if (strcmp(known[i], s->extname) == 0)
            return 0; /* what is implemented of them is always there */
    return err_set(d->err, SQLSTATE_FEATURE_NOT_SUPPORTED,
                   "extension \"%s\" is not supported by the store", s->extname);
}

static int create_schema(struct ddl *d, const CreateSchemaStmt *s)
{
    const char *name = s->schemaname ? s->schemaname : "";
    if (!store_catalog_schema(d->c->catalog, name))
        return err_set(d->err, SQLSTATE_FEATURE_NOT_SUPPORTED,
                       "schemas other than public are not supported by the store");
    if (!s->if_not_exists)
        return err_set(d->err, "42P06", "schema \"%s\" already exists", name);
    conn_notice(d->c, "NOTICE", "42P06", "schema \"%s\" already exists, skipping", name);
    return 0;
}

static int create_sequence(struct ddl *d, const CreateSeqStmt *s)
{
    bool exists = false;
    uint32_t oid, type = TYPES_INT8;
    ListCell *cell;
    foreach (cell, s->options) {
        const DefElem *def = lfirst(cell);
        int32_t typmod;
        if (strcmp(def->defname, "as") == 0 &&
            ddl_type(d, (const TypeName *)def->arg, &type, &typmod, NULL) < 0)
            return -1;
        if (strcmp(def->defname, "owned_by") == 0 && !(list_length((const List *)def->arg) == 1))
            return err_set(d->err, SQLSTATE_FEATURE_NOT_SUPPORTED,
                           "OWNED BY is not supported by the store");
    }
    if (ddl_check_schema(d, s->sequence->schemaname) < 0 ||
        ddl_check_free(d, s->sequence->relname, s->if_not_exists ? &exists : NULL) < 0)
        return -1;
    if (exists) {
        conn_notice(d->c, "NOTICE", SQLSTATE_DUPLICATE_TABLE,
                    "relation \"%s\" already exists, skipping", s->sequence->relname);
        return 0;
    }
    return ddl_add_sequence(d, s->sequence->relname, type, s->options, &oid) < 0 ? -1
                                                                                 : ddl_reload(d);
}

static int dispatch(struct ddl *d, const Node *stmt, const char **ret_tag)
{
    switch (nodeTag(stmt)) {
    case T_CreateStmt:
        *ret_tag = "CREATE TABLE";
        return ddl_create_table(d, (const CreateStmt *)stmt);
    case T_IndexStmt:
        *ret_tag = "CREATE INDEX";
        return ddl_create_index(d, (const IndexStmt *)stmt);
    case T_DropStmt:
        return drop(d, (const DropStmt *)stmt, ret_tag);
    case T_AlterTableStmt:
        *ret_tag = "ALTER TABLE";
        return ddl_alter_table(d, (const AlterTableStmt *)stmt);
    case T_RenameStmt:
        *ret_tag = "ALTER TABLE";
        return ddl_rename(d, (const RenameStmt *)stmt);
    case T_TruncateStmt:
        *ret_tag = "TRUNCATE TABLE";
        return truncate_tables(d, (const TruncateStmt *)stmt);
    case T_CreateSeqStmt:
        *ret_tag = "CREATE SEQUENCE";
        return create_sequence(d, (const CreateSeqStmt *)stmt);
    case T_CreateSchemaStmt:
        *ret_tag = "CREATE SCHEMA";
        return create_schema(d, (const CreateSchemaStmt *)stmt);
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
                       "COMMENT is not supported by the store");
    }
}

int ddl_run(struct store_conn *c, const Node *stmt, const char *sql, const char **ret_tag,
            struct err *err)
{
    struct ddl d = {c, sql, err};
    if (tx_enter(c, true, err) < 0)
        return -1;
    if (dispatch(&d, stmt, ret_tag) < 0) {
        statement_position(sql, err);
        return -1;
    }
    return 0;
}
