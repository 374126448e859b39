/* catalog_load.h: reads a PostgreSQL database's catalog for the policy.  Blocking: only for helper
 * threads.
 *
 * One connection of its own, one REPEATABLE READ READ ONLY transaction, search_path pinned to
 * pg_catalog (nothing a user created can be called), statement and connect timeouts set. */
#pragma once

#include "policy/catalog.h"
#include "protocol/err.h"

/* Into ${ret} a sealed catalog with one reference: relations of all schemas but the system's, with
 * columns, keys, foreign keys, parent; user functions, operators, types; the names of pg_catalog's
 * functions; the role's effective search_path.  ${password} may be NULL. -1: the server's SQLSTATE,
 * or 08006 when it cannot be reached; ${ret} is untouched. */
int catalog_load_postgres(const char *conninfo, const char *password, struct catalog **ret,
                          struct err *err) MUSTCHECK;
