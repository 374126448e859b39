/* store.h: the embedded store, a PostgreSQL server in a library, over SQLite.
 *
 * It is reached like a server: store_connect gives one end of a socket pair on which the store reads
 * frontend messages and writes backend messages, after authentication (the first bytes it expects are
 * a Query, Parse, ...; the first it sends are replies).  Each connection is one thread of the store with
 * a SQLite connection of its own, so nothing here ever blocks the loop; what takes no longer than to wake
 * that thread can be answered without it (store_answer).  Statements arrive after policy;
 * the store knows no tenants.
 *
 *   serve.c  messages in, messages out; brief.c without the thread        translate*.c  analysed SQL -> SQLite SQL
 *   execute.c  bind, step, encode, tags                          types.c       text and binary in and out
 *   ddl.c  CREATE, DROP; catalog.c  its tables                   functions*.c  PostgreSQL functions for SQLite
 *   home.c  the directory and its files                          follow.c  a file for each tenant
 *   errors.c  SQLite results -> SQLSTATE with names
 *   builtin.c, catalog_vtab.c  PostgreSQL's own catalog   catalog_views.sql  views of the system
 *   objects.c  names of things along the search_path      pretty.c  expressions without parentheses */
#pragma once

#include "policy/catalog.h"
#include "protocol/buf.h"
#include "protocol/err.h"

struct store_home; /* one directory */
struct store;      /* one database file in it */
struct store_conn; /* one connection and its thread */

/* Once, before anything else of the store, while there is one thread. */
void store_init(void);
enum store_kind { /* of a table, where each tenant has a file */
    STORE_KIND_OWNER,  /* its rows are the owner's alone */
    STORE_KIND_SHARED, /* ... and for every tenant to read */
    STORE_KIND_TENANT, /* its rows are in the tenants' files */
};

struct store_columns { /* of a table that is asked about */
    const char *const *names;
    size_t n;
};

struct store_options {
    const char *directory;
    bool normal; /* synchronous=NORMAL: a power failure may lose the last commits */
    bool files;  /* a file for each tenant, and one of the owner's: follow.c */
    bool guest;  /* if another process has the directory, beside it: for a command that soon ends */
    /* Any thread. */
    void (*tell)(void *arg, const char *text); /* a line for the log; NULL: nobody listens */
    enum store_kind (*kind)(void *arg, const char *schema, const char *table,
                            struct store_columns columns); /* files: never NULL */
    void *arg;
};

/* Have the directory of ${o}, which is made if need be.  -1: 55006 another process has it, 58030, 53100. */
int store_home_open(const struct store_options *o, struct store_home **ret, struct err *err) MUSTCHECK;
/* All its stores must have been closed.  NULL may leave. */
void store_home_close(struct store_home *h);

/* Open or create a file: that of ${tenant}; or, with NULL, the shared one or the owner's.  A file that was not
 * closed cleanly is checked, which takes its time.  The owner's must stay open while tenants' are.
 * -1: 58030, XX001 damaged, and what follow.c says. */
int store_open(struct store_home *h, const char *tenant, struct store **ret, struct err *err) MUSTCHECK;
/* Of the owner's file: what is shared may have changed.  Blocks. */
int store_note_kinds(struct store *s, struct err *err) MUSTCHECK;
/* The sequence that a column draws from, as SQL names it, malloc'd; NULL: none.  Blocks. */
int store_serial_sequence(struct store *s, const char *schema, const char *table, const char *column,
                          char **ret, struct err *err) MUSTCHECK;
/* A copy of the file as it is at one moment, in ${path}, which is made.  Blocks nobody else. */
int store_copy(struct store *s, const char *path, struct err *err) MUSTCHECK;
/* All connections must have ended. */
void store_close(struct store *s);

/* Start a connection.  The caller owns ${ret_fd} (non-blocking); closing it ends the connection: an open
 * transaction is rolled back, and its thread ends by itself. */
int store_connect(struct store *s, int *ret_fd, struct store_conn **ret, struct err *err) MUSTCHECK;
/* Answer here and now what ${in} begins with, if it is whole batches of messages that read a few rows: their replies
 * go to ${out}, their length is returned.  0: they are for the connection's thread, which may be at work, or
 * still on its way with what has been written to the descriptor (${sent} bytes in all; ${got} have been
 * read from it).  Any thread that has called policy_thread_init; waits for nobody. */
size_t store_answer(struct store_conn *c, struct slice in, uint64_t sent, uint64_t got,
                    struct buf *out);
/* Some milliseconds after an answer: what was kept to make the next one cheap is given up, as it keeps the
 * write-ahead log from beginning anew.  Any thread; waits for nobody. */
void store_rest(struct store_conn *c);
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
