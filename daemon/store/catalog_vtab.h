/* catalog_vtab.h: the relations of pg_catalog as SQLite sees them: eponymous virtual tables
 * "system.pg_class" and so on, of one module.
 *
 * Each gives the rows of built-in objects (builtin.h), and behind them the rows of the file's own
 * table "pg_catalog.pg_class", where there is such a table: it holds what DDL has made.  Conditions
 * `column = value` on what builtin.c keeps keys of are looked up, in both.  They are read only. */
#pragma once

#include "daemon/store/context.h"

#define CATALOG_VTAB_PREFIX "system."

/* On one connection.  ${context} must live as long as ${db}.  SQLITE_OK or SQLITE_NOMEM. */
int catalog_vtab_register(struct sqlite3 *db, struct store_context *context);
/* Does the file keep rows of this relation of pg_catalog itself? */
bool catalog_vtab_stored(const char *name);
