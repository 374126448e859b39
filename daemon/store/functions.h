/* functions.h: PostgreSQL's functions, registered in SQLite under names of our own (pgf_...).
 *
 * A closed list: what emit_proc.c can name.  Values are in storage form (types.h).  A function that
 * fails fills context->raised and then makes the SQLite statement fail.  SQLite's own functions
 * that the translator uses beside these: see functions_callable. */
#pragma once

#include "daemon/store/context.h"

/* Register everything on ${db}; ${context} must outlive it.  A code of SQLite. */
int functions_register(struct sqlite3 *db, struct store_context *context);

/* Can the aggregate ${name} run in windows as pgf_window('name without pgf_', ...)? */
bool functions_moves(const char *name, size_t len);
/* One that keeps its rows, in windows too? */
bool functions_collects(const char *name, size_t len);

/* May the translator's output call ${name} (SQLite's or ours)?  For the authorizer. */
bool functions_callable(const char *name);
