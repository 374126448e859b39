/* bootstrap.c: the system tables of a new file: those of PostgreSQL's catalog that keep rows of
 * what users make, "pg_catalog.pg_class" and so on (rows of built-in objects: catalog_vtab.h).
 * Beside them, what PostgreSQL has no place for: "store.meta" (epoch, next oid), "store.relation"
 * (of user tables and indexes SQLite's name, of checks the translated expression, of indexes and
 * constraints PostgreSQL's text), "store.attribute" (SQLite's names of columns, translated
 * defaults), "store.index" (SQLite's text of each index), "store.sequence" (values),
 * "store.enum_new" (labels that may not be used before their transaction ends). */
#include "daemon/store/builtin.h"
#include "daemon/store/catalog_vtab.h"
#include "daemon/store/conn.h"

#include <stdio.h>
#include <stdlib.h>

#define BOOTSTRAP_VERSION 3 /* PRAGMA user_version */
#define BOOTSTRAP_BEFORE  2 /* ... that is made the present one */

static const char own_tables[] =
    "CREATE TABLE \"store.meta\" (epoch INTEGER NOT NULL, next_oid INTEGER NOT NULL) STRICT;"
    "INSERT INTO \"store.meta\" VALUES (1, 16384);"
    "CREATE TABLE \"store.relation\" (oid INTEGER PRIMARY KEY, sqlite_name TEXT,"
    " definition TEXT) STRICT;"
    "CREATE TABLE \"store.attribute\" (relid INTEGER NOT NULL, attnum INTEGER NOT NULL,"
    " sqlite_name TEXT NOT NULL, is_rowid INTEGER NOT NULL, sequence_oid INTEGER NOT NULL,"
    " default_sqlite TEXT, generated_sqlite TEXT, PRIMARY KEY (relid, attnum)) STRICT, WITHOUT "
    "ROWID;"
    "CREATE TABLE \"store.enum_new\" (oid INTEGER PRIMARY KEY) STRICT;"
    "CREATE TABLE \"store.index\" (oid INTEGER PRIMARY KEY, sql TEXT NOT NULL,"
    " method TEXT NOT NULL, texts TEXT NOT NULL, suffixes TEXT NOT NULL) STRICT;"
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
    "CREATE INDEX \"pg_catalog.pg_constraint_conf\" ON \"pg_catalog.pg_constraint\" (confrelid);"
    "CREATE INDEX \"pg_catalog.pg_constraint_ind\" ON \"pg_catalog.pg_constraint\" (conindid);"
    "CREATE UNIQUE INDEX \"pg_catalog.pg_index_index\" ON \"pg_catalog.pg_index\" (indexrelid);"
    "CREATE INDEX \"pg_catalog.pg_index_rel\" ON \"pg_catalog.pg_index\" (indrelid);"
    "CREATE INDEX \"pg_catalog.pg_enum_type\" ON \"pg_catalog.pg_enum\" (enumtypid);"
    "CREATE INDEX \"pg_catalog.pg_depend_depender\" ON \"pg_catalog.pg_depend\" (objid, classid);"
    "CREATE INDEX \"pg_catalog.pg_depend_reference\" ON \"pg_catalog.pg_depend\" (refobjid,"
    " refclassid);"
    "CREATE INDEX \"pg_catalog.pg_type_name\" ON \"pg_catalog.pg_type\" (typname);"
    "CREATE INDEX \"pg_catalog.pg_description_o\" ON \"pg_catalog.pg_description\" (objoid);"
    "INSERT INTO \"pg_catalog.pg_namespace\" VALUES (2200, 'public', 6171,"
    " '[\"pg_database_owner=UC/pg_database_owner\",\"=U/pg_database_owner\"]');"
    "INSERT INTO \"pg_catalog.pg_description\" VALUES (2200, 2615, 0, 'standard public schema');";

static const char database[] = "INSERT INTO \"pg_catalog.pg_database\" VALUES (5, 'partywall', 10, "
                               "6, 'c', 0, 1, -1, 0, 0, 1663,"
                               " 'C', 'C', NULL, NULL, NULL);";

/* Tables that version 2 has not. */
static bool is_new(const char *name)
{
    return strcmp(name, "pg_database") == 0 || strcmp(name, "pg_default_acl") == 0;
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
    if (strcmp(line->schema, "pg_catalog") != 0 || !catalog_vtab_stored(line->name))
        return SQLITE_OK;
    buf_init(&sql, 1 << 20);
    snprintf(text, sizeof text, "CREATE TABLE \"pg_catalog.%s\" (", line->name);
    buf_append(&sql, text, strlen(text));
    for (size_t i = 1; i <= n; i++) {
        if (i > 1)
            buf_append(&sql, ", ", 2);
        column_definition(&sql, &line[i]);
    }
    buf_append(&sql, ") STRICT", 9);
    int rc = sql.failed ? SQLITE_NOMEM : sqlite3_exec(db, buf_peek(&sql).data, NULL, NULL, NULL);
    buf_release(&sql);
    return rc;
}

static int create(sqlite3 *db, bool whole)
{
    size_t n;
    const struct builtin_line *lines = builtin_lines(&n);
    int rc = whole ? sqlite3_exec(db, own_tables, NULL, NULL, NULL) : SQLITE_OK;
    for (size_t i = 0, columns; rc == SQLITE_OK && i < n; i += columns + 1) {
        columns = 0;
        while (i + 1 + columns < n && !lines[i + 1 + columns].relation)
            columns++;
        if (whole || is_new(lines[i].name))
            rc = create_relation(db, &lines[i], columns);
    }
    if (rc == SQLITE_OK)
        rc = sqlite3_exec(db, database, NULL, NULL, NULL);
    return rc == SQLITE_OK && whole ? sqlite3_exec(db, indexes, NULL, NULL, NULL) : rc;
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
    if (rc == SQLITE_OK && (version == 0 || version == BOOTSTRAP_BEFORE)) {
        char pragma[48];
        rc = create(db, version == 0);
        snprintf(pragma, sizeof pragma, "PRAGMA user_version=%d", BOOTSTRAP_VERSION);
        if (rc == SQLITE_OK)
            rc = sqlite3_exec(db, pragma, NULL, NULL, NULL);
        version = 0;
    }
    if (rc == SQLITE_OK)
        rc = sqlite3_exec(db, "COMMIT", NULL, NULL, NULL);
    if (rc != SQLITE_OK) {
        err_set(err, SQLSTATE_IO_ERROR, "could not prepare the store: %s", sqlite3_errmsg(db));
        if (!sqlite3_get_autocommit(db))
            sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
        return -1;
    }
    if (version != 0 && version != BOOTSTRAP_VERSION)
        return err_set(err, SQLSTATE_IO_ERROR, "the store was written by %s version (%d)",
                       version > BOOTSTRAP_VERSION ? "a later" : "an earlier", version);
    return 0;
}
