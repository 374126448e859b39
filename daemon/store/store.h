/* store.h: the embedded store, a PostgreSQL server in a library, over SQLite.
 *
 * It is reached like a server: store_connect gives one end of a socket pair on which the store reads
 * frontend messages and writes backend messages, after authentication (the first bytes it expects are
 * a Query, Parse, ...; the first it sends are replies).  Each connection is one thread of the store with
 * a SQLite connection of its own, so nothing here ever blocks the loop.  Statements arrive after policy;
 * the store knows no tenants.
 *
 *   serve.c  messages in, messages out; transaction state        translate*.c  analysed SQL -> SQLite SQL
 *   execute.c  bind, step, encode, tags                          types.c       text and binary in and out
 *   ddl.c  CREATE, DROP; catalog.c  its tables                   functions*.c  PostgreSQL functions for SQLite
 *   errors.c  SQLite results -> SQLSTATE with names */
#pragma once

#include "policy/catalog.h"
#include "protocol/err.h"

struct store;      /* one directory, one database file */
struct store_conn; /* one connection and its thread */

/* Once, before anything else of the store, while there is one thread. */
void store_init(void);
/* Open or create the store in ${directory}.  -1: 58030 and why. */
int store_open(const char *directory, struct store **ret, struct err *err) MUSTCHECK;
/* All connections must have ended. */
void store_close(struct store *s);

/* Start a connection.  The caller owns ${ret_fd} (non-blocking); closing it ends the connection: an open
 * transaction is rolled back, and its thread ends by itself. */
int store_connect(struct store *s, int *ret_fd, struct store_conn **ret, struct err *err) MUSTCHECK;
/* Ask for the running statement, if any, to end with 57014.  Any thread. */
void store_cancel(struct store_conn *c);
/* Wait until the connection's thread has ended and free it; its descriptor must have been closed.
 * May block for as long as a statement needs to notice: call it off the loop. */
void store_conn_free(struct store_conn *c);

/* What policy must know: a sealed catalog with one reference, read in a transaction of its own.
 * Blocks: call it off the loop. */
int store_read_catalog(struct store *s, struct catalog **ret, struct err *err) MUSTCHECK;

/* ParameterStatus pairs that a session on the store starts with: NULL-terminated name, value, name ... */
extern const char *const store_parameters[];
