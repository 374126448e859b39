/* parse.h: a text -> PostgreSQL's raw parse tree, safely.
 *
 * PostgreSQL's code raises errors by long jump, which outside a handler ends the process, and allocates
 * in a context that must be entered and left.  parse_protect is that handler: everything that touches
 * the tree runs inside it.  Threads that call it have run policy_thread_init. */
#pragma once

#include "protocol/err.h"
#include "protocol/slice.h"

/* Enter a fresh memory context and a handler, call ${body}(${arg}), leave both.
 * Returns what ${body} returns, or -1 with the error that was raised (its SQLSTATE, message, position).
 * All nodes and palloc'd memory are gone afterwards.  May nest. */
int parse_protect(int (*body)(void *arg, struct err *err), void *arg, struct err *err) MUSTCHECK;

/* Inside parse_protect: parse ${sql} (NUL-terminated, guarded before by guard_check).
 * ${ret} is a `List *` of RawStmt.  -1: 42601 with position, or what the parser raised. */
int parse_sql(const char *sql, void **ret, struct err *err) MUSTCHECK;

/* Inside parse_protect: the text of ${stmt}, a statement's node: palloc'd in the current context.
 * -1: 0A000. */
int parse_print(void *stmt, const char **ret, struct err *err) MUSTCHECK;

struct TypeName;
/* Inside parse_protect: the type that ${text}, from a catalog, names. */
struct TypeName *parse_type(const char *text);
