/* bootstrap.c: the system tables of a new file: PostgreSQL's catalog with the rows of built-in
 * objects.
 *
 * A relation S.N of the system is the SQLite table (or view) "S.N".  Beside them, what PostgreSQL
 * has no place for: "store.meta" (epoch, next oid), "store.relation" (of user tables and indexes
 * SQLite's name, of checks the translated expression, of indexes and constraints PostgreSQL's
 * text), "store.attribute" (SQLite's names of columns, translated defaults), "store.index"
 * (SQLite's text of each index), "store.sequence" (values), "store.enum_new" (labels that may not
 * be used before their transaction ends). */
#include "daemon/store/bootstrap.h"
#include "daemon/store/builtin.h"
#include "daemon/store/conn.h"

#include <stdio.h>
#include <stdlib.h>

#define BOOTSTRAP_VERSION 1 /* PRAGMA user_version */

static const char own_tables[] =
    "CREATE TABLE \"store.meta\" (epoch INTEGER NOT NULL, next_oid INTEGER NOT NULL) STRICT;"
    "INSERT INTO \"store.meta\" VALUES (1, 16384);"
    "CREATE TABLE \"store.relation\" (oid INTEGER PRIMARY KEY, sqlite_name TEXT,"
    " definition TEXT) STRICT;"
    "CREATE TABLE \"store.attribute\" (relid INTEGER NOT NULL, attnum INTEGER NOT NULL,"
    " sqlite_name TEXT NOT NULL, is_rowid INTEGER NOT NULL, sequence_oid INTEGER NOT NULL,"
    " default_sqlite TEXT, PRIMARY KEY (relid, attnum)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE \"store.enum_new\" (oid INTEGER PRIMARY KEY) STRICT;"
    "CREATE TABLE \"store.index\" (oid INTEGER PRIMARY KEY, sql TEXT NOT NULL) STRICT;"
    "CREATE INDEX \"store.attribute_sequence\" ON \"store.attribute\" (sequence_oid)"
    " WHERE sequence_oid <> 0;"
    "CREATE TABLE \"store.sequence\" (oid INTEGER PRIMARY KEY, last_value INTEGER NOT NULL,"
    " is_called INTEGER NOT NULL) STRICT;";

static const char indexes[] =
    "CREATE INDEX \"pg_catalog.pg_class_name\" ON \"pg_catalog.pg_class\" (relname, relnamespace);"
    "CREATE UNIQUE INDEX \"pg_catalog.pg_attribute_num\" ON \"pg_catalog.pg_attribute\" (attrelid, "
    "attnum);"
    "CREATE UNIQUE INDEX \"pg_catalog.pg_attrdef_num\" ON \"pg_catalog.pg_attrdef\" (adrelid, "
    "adnum);"
    "CREATE INDEX \"pg_catalog.pg_constraint_rel\" ON \"pg_catalog.pg_constraint\" (conrelid);"
    "CREATE INDEX \"pg_catalog.pg_constraint_ind\" ON \"pg_catalog.pg_constraint\" (conindid);"
    "CREATE UNIQUE INDEX \"pg_catalog.pg_index_index\" ON \"pg_catalog.pg_index\" (indexrelid);"
    "CREATE INDEX \"pg_catalog.pg_index_rel\" ON \"pg_catalog.pg_index\" (indrelid);"
    "CREATE INDEX \"pg_catalog.pg_enum_type\" ON \"pg_catalog.pg_enum\" (enumtypid);"
    "CREATE INDEX \"pg_catalog.pg_depend_depender\" ON \"pg_catalog.pg_depend\" (classid, objid);"
    "CREATE INDEX \"pg_catalog.pg_depend_reference\" ON \"pg_catalog.pg_depend\" (refclassid,"
    " refobjid);"
    "CREATE INDEX \"pg_catalog.pg_type_name\" ON \"pg_catalog.pg_type\" (typname);"
    "UPDATE \"pg_catalog.pg_authid\" SET rolname = 'partywall', rolpassword = NULL;"
    "UPDATE \"pg_catalog.pg_database\" SET datname = 'partywall';"
    "UPDATE \"pg_catalog.pg_namespace\" SET nspowner = 10;"
    "UPDATE \"pg_catalog.pg_class\" SET relhasindex = 0, relpersistence = 'p', relreplident = 'n',"
    " relispopulated = 1, relowner = 10;";

static const char *view_text(const char *schema, const char *name)
{
    for (const struct bootstrap_view *v = bootstrap_views; v->name; v++)
        if (strcmp(v->schema, schema) == 0 && strcmp(v->name, name) == 0)
            return v->sql;
    return NULL;
}

static void column_definition(struct buf *sql, const struct builtin_line *c)
{
    char text[160];
    const char *storage = types_storage(NULL, c->oid);
    bool key = strcmp(c->name, "oid") == 0;
    snprintf(text, sizeof text, "\"%s\" %s%s", c->name, storage,
             key               ? " PRIMARY KEY"
             : !c->not_null    ? ""
             : *storage == 'T' ? " NOT NULL DEFAULT ''"
                               : " NOT NULL DEFAULT 0");
    buf_append(sql, text, strlen(text));
}

/* One relation at ${line}, with ${n} columns after it. */
static int create_relation(sqlite3 *db, const struct builtin_line *line, size_t n)
{
    struct buf sql;
    char text[256];
    const char *view = view_text(line->schema, line->name);
    buf_init(&sql, 1 << 20);
    snprintf(text, sizeof text, "CREATE %s \"%s.%s\" ", view ? "VIEW" : "TABLE", line->schema,
             line->name);
    buf_append(&sql, text, strlen(text));
    buf_append(&sql, "(", 1);
    for (size_t i = 1; i <= n; i++) {
        if (i > 1)
            buf_append(&sql, ", ", 2);
        if (view) {
            snprintf(text, sizeof text, "\"%s\"", line[i].name);
            buf_append(&sql, text, strlen(text));
        } else {
            column_definition(&sql, &line[i]);
        }
    }
    buf_append(&sql, view ? ") AS " : ") STRICT", view ? 5 : 8);
    if (view)
        buf_append(&sql, view, strlen(view));
    buf_append(&sql, "", 1);
    int rc = sql.failed ? SQLITE_NOMEM : sqlite3_exec(db, buf_peek(&sql).data, NULL, NULL, NULL);
    buf_release(&sql);
    return rc;
}

/* What pg_class and pg_attribute say of the relation. */
static int describe_relation(sqlite3 *db, const struct builtin_line *line, size_t n)
{
    char sql[512];
    snprintf(
        sql, sizeof sql,
        "INSERT INTO \"pg_catalog.pg_class\" (oid, relname, relnamespace, relkind, relnatts)"
        " SELECT %u, '%s', oid, '%c', %zu FROM \"pg_catalog.pg_namespace\" WHERE nspname = '%s'",
        line->oid, line->name, line->kind, n, line->schema);
    int rc = sqlite3_exec(db, sql, NULL, NULL, NULL);
    for (size_t i = 1; i <= n && rc == SQLITE_OK; i++) {
        snprintf(
            sql, sizeof sql,
            "INSERT INTO \"pg_catalog.pg_attribute\" (attrelid, attname, atttypid, atttypmod,"
            " attlen, attnum, attnotnull, attislocal) VALUES (%u, '%s', %u, %d, %d, %d, %d, 1)",
            line->oid, line[i].name, line[i].oid, line[i].typmod, line[i].len, line[i].attnum,
            line[i].not_null);
        rc = sqlite3_exec(db, sql, NULL, NULL, NULL);
    }
    return rc;
}

static int each_relation(sqlite3 *db, int (*visit)(sqlite3 *, const struct builtin_line *, size_t))
{
    size_t n;
    const struct builtin_line *lines = builtin_lines(&n);
    for (size_t i = 0, columns; i < n; i += columns + 1) {
        columns = 0;
        while (i + 1 + columns < n && !lines[i + 1 + columns].relation)
            columns++;
        int rc = visit(db, &lines[i], columns);
        if (rc != SQLITE_OK)
            return rc;
    }
    return SQLITE_OK;
}

static int insert_rows(sqlite3 *db)
{
    size_t n;
    const struct builtin_row *rows = builtin_rows(&n);
    for (size_t i = 0; i < n; i++) {
        char *sql = sqlite3_mprintf("INSERT INTO \"pg_catalog.%s\" VALUES (%s)", rows[i].table,
                                    rows[i].values);
        int rc = sql ? sqlite3_exec(db, sql, NULL, NULL, NULL) : SQLITE_NOMEM;
        sqlite3_free(sql);
        if (rc != SQLITE_OK)
            return rc;
    }
    return SQLITE_OK;
}

static int create(sqlite3 *db)
{
    int rc = sqlite3_exec(db, own_tables, NULL, NULL, NULL);
    if (rc == SQLITE_OK)
        rc = each_relation(db, create_relation);
    if (rc == SQLITE_OK)
        rc = insert_rows(db);
    if (rc == SQLITE_OK)
        rc = each_relation(db, describe_relation);
    if (rc == SQLITE_OK)
        rc = sqlite3_exec(db, indexes, NULL, NULL, NULL);
    return rc;
}

static int version_of(sqlite3 *db, int *ret)
{
    sqlite3_stmt *s;
    int rc = sqlite3_prepare_v2(db, "PRAGMA user_version", -1, &s, NULL);
    if (rc != SQLITE_OK)
        return rc;
    rc = sqlite3_step(s);
    if (rc == SQLITE_ROW)
        *ret = sqlite3_column_int(s, 0);
    sqlite3_finalize(s);
    return rc == SQLITE_ROW ? SQLITE_OK : rc;
}

int bootstrap(sqlite3 *db, struct err *err)
{
    int version = 0;
    int rc = sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL);
    if (rc == SQLITE_OK)
        rc = version_of(db, &version);
    if (rc == SQLITE_OK && version == 0) {
        char pragma[48];
        rc = create(db);
        snprintf(pragma, sizeof pragma, "PRAGMA user_version=%d", BOOTSTRAP_VERSION);
        if (rc == SQLITE_OK)
            rc = sqlite3_exec(db, pragma, NULL, NULL, NULL);
    }
    if (rc == SQLITE_OK)
        rc = sqlite3_exec(db, "COMMIT", NULL, NULL, NULL);
    if (rc != SQLITE_OK) {
        err_set(err, SQLSTATE_IO_ERROR, "could not prepare the store: %s", sqlite3_errmsg(db));
        sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
        return -1;
    }
    if (version > BOOTSTRAP_VERSION)
        return err_set(err, SQLSTATE_IO_ERROR, "the store was written by a later version (%d)",
                       version);
    return 0;
}
