/* catalog_load.h: reads a PostgreSQL database's catalog for the policy.  Blocking: only for helper
 * threads.
 *
 * One connection of its own, one REPEATABLE READ READ ONLY transaction, search_path pinned to
 * pg_catalog (nothing a user created can be called), statement and connect timeouts set. */
#pragma once

#include "conf/conf.h"
#include "policy/catalog.h"
#include "protocol/err.h"

#include <libpq-fe.h>

/* Into ${ret} a sealed catalog with one reference: relations of all schemas but the system's, with
 * columns, keys, foreign keys, parent; user functions, operators, types; the names of pg_catalog's
 * functions; the role and its effective search_path.  ${password} may be NULL, and ${database}: the
 * conninfo's. -1: the server's SQLSTATE,
 * or 08006 when it cannot be reached; ${ret} is untouched. */
int catalog_load_postgres(const char *conninfo, const char *database, const char *password,
                          struct catalog **ret, struct err *err) MUSTCHECK;

/* The same of either kind of back end; for commands that run without a daemon. */
int catalog_load_backend(const struct conf_backend *backend, const char *database,
                         struct catalog **ret, struct err *err) MUSTCHECK;

/* A connection fit for looking at catalogs, to be ended by PQfinish; the caller pins search_path. */
int catalog_connect(const char *conninfo, const char *database, const char *password, PGconn **ret,
                    struct err *err) MUSTCHECK;

/* One query; ${ret} is the caller's to clear.  Every error is a struct err. */
int catalog_query(PGconn *conn, const char *sql, const char *const *params, int nparams,
                  PGresult **ret, struct err *err) MUSTCHECK;
