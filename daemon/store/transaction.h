/* transaction.h: PostgreSQL's transactions on SQLite's (transaction.c), and which of its keys are deferred
 * (constraints.c). */
#pragma once

#include "daemon/store/conn.h"

/* -- transaction.c -- */
/* Make sure that a SQLite transaction is open, fit to read or ${write}, and that c->catalog is that
 * of its snapshot.  -1: 25006, 40001, 55P03, 57014 ... */
int tx_enter(struct store_conn *c, bool write, struct err *err) MUSTCHECK;
/* A statement begins that does more than read on in a cursor: cursors stand by themselves, and
 * where the isolation level says so the old snapshot is given up. */
int tx_fresh(struct store_conn *c, bool write, struct err *err) MUSTCHECK;
/* A statement has ended well: give up a read snapshot that the isolation level does not keep. */
void tx_leave(struct store_conn *c);
/* What the caller of store_answer was left with: before anything but tx_enter. */
void tx_let_go(struct store_conn *c);
/* A statement has failed: fail the block, or roll the implicit transaction back. */
void tx_fail(struct store_conn *c);
/* End of a Query or Sync: commit what is implicit. */
int tx_finish(struct store_conn *c, struct err *err) MUSTCHECK;
/* Everything open is rolled back: the connection ends. */
void tx_abandon(struct store_conn *c);
char tx_status(const struct store_conn *c); /* I T E */
/* The catalog has changed in this transaction: bump the epoch, read it again. */
int tx_catalog_changed(struct store_conn *c, struct err *err) MUSTCHECK;
/* Likewise, but only what it has of temporary relations. */
int tx_temp_changed(struct store_conn *c, struct err *err) MUSTCHECK;
/* Names are looked for along the search_path of now. */
int tx_follow_path(struct store_conn *c, struct err *err) MUSTCHECK;
/* 25P02 when in a failed block. */
int tx_check(const struct store_conn *c, struct err *err) MUSTCHECK;
/* The statements: each writes its CommandComplete tag to ${ret_tag}. */
struct tx_options {
    bool read_only_given, read_only, level_given, repeatable;
};
int tx_begin(struct store_conn *c, const struct tx_options *o, struct err *err) MUSTCHECK;
int tx_commit(struct store_conn *c, bool chain, const char **ret_tag, struct err *err) MUSTCHECK;
int tx_rollback(struct store_conn *c, bool chain, struct err *err) MUSTCHECK;
int tx_savepoint(struct store_conn *c, const char *name, struct err *err) MUSTCHECK;
int tx_release(struct store_conn *c, const char *name, struct err *err) MUSTCHECK;
int tx_rollback_to(struct store_conn *c, const char *name, struct err *err) MUSTCHECK;
int tx_set(struct store_conn *c, const struct tx_options *o, struct err *err) MUSTCHECK;
/* Our own SQL, without results. */
int conn_exec(struct store_conn *c, const char *sql, struct err *err) MUSTCHECK;
sqlite3_stmt *conn_prepare(struct store_conn *c, const char *sql, struct err *err) MUSTCHECK;

/* -- constraints.c -- */
/* Is it to hold at the end of this transaction only? */
bool keys_deferred(const struct store_conn *c, const struct store_foreign_key *f);
/* A statement is about to write.  Then it is over: do all keys hold that are to?  -1: 23503. */
int keys_begin(struct store_conn *c, struct err *err) MUSTCHECK;
int keys_hold(struct store_conn *c, struct err *err) MUSTCHECK;
/* Do we look whether keys hold, as SQLite leaves them to the end of the transaction? */
bool keys_are_ours(const struct store_conn *c);
/* defer_foreign_keys was set for the time of one statement, and is over. */
int keys_resume(struct store_conn *c, struct err *err) MUSTCHECK;
/* What was set inside more than ${depth} savepoints is as it was; or it becomes the outer one's. */
void keys_forget(struct store_conn *c, size_t depth);
void keys_raise(struct store_conn *c, size_t depth);
