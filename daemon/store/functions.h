/* functions.h: PostgreSQL's functions, registered in SQLite under names of our own (pgf_...).
 *
 * A closed list: what emit_proc.c can name.  Values are in storage form (types.h).  A function that fails
 * fills context->raised and then makes the SQLite statement fail.  Also registers the collation "numeric"
 * (numeric values as text).  SQLite's own functions that the translator uses: abs avg ceil coalesce count
 * cume_dist dense_rank first_value floor instr json_array_length json_each (a table) lag last_value lead
 * length ltrim max min nth_value ntile nullif percent_rank pi rank row_number rtrim sign sum trim trunc. */
#pragma once

#include "daemon/store/context.h"

/* Register everything on ${context}->db; ${context} must outlive it.  0, or -1 (53200). */
int functions_register(struct store_context *context, struct err *err) MUSTCHECK;

/* May the translator's output call ${name} (of SQLite or ours)?  For the authorizer. */
bool functions_allowed(const char *name);
/* Names of all functions of pg_catalog, for policy's catalog: the ${i}th, NULL past the end. */
const char *functions_builtin(size_t i);
