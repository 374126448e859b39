/* temp.h: the temporary relations of a connection.
 *
 * They live in SQLite's own temporary database, which belongs to one connection, needs nobody's right to
 * write, and is gone when the connection is: also after a crash.  Beside the tables it has, once there is
 * one, a copy of each table of the catalog that can have rows of them: what the file calls
 * "pg_catalog.pg_class" is "pg_catalog.temp.pg_class" there.  So nothing of a temporary relation is ever in
 * the file, and no other connection can see it.  Both are changed in the same transaction of SQLite.
 *
 * Which of the two a row is in is known by its oid: those of temporary objects are from TEMP_OID_MIN on,
 * unique in their connection.  An object of the file never needs a temporary one. */
#pragma once

#include "daemon/store/conn.h"

struct ddl;

/* ${sql}, about tables of the catalog, as it is about their temporary counterparts; sqlite3_malloc'd, NULL
 * without memory. */
char *temp_text(const char *sql);
/* Prepare ${sql} for the rows of the object ${oid}. */
sqlite3_stmt *temp_prepare(struct store_conn *c, uint32_t oid, const char *sql, struct err *err);
/* In a transaction that writes: make sure that c->catalog has a temporary schema. */
int temp_open(struct store_conn *c, struct err *err) MUSTCHECK;
/* The transaction is about to be committed: ON COMMIT DELETE ROWS and DROP. */
int temp_commit(struct store_conn *c, struct err *err) MUSTCHECK;
/* DISCARD TEMP. */
int temp_discard(struct store_conn *c, struct err *err) MUSTCHECK;
/* What SQLite calls the database of the relation ${oid}. */
static inline const char *temp_database(uint32_t oid)
{
    return catalog_is_temp(oid) ? "temp" : "main";
}
