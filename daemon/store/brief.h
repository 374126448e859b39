/* brief.h: answers on the caller's thread (brief.c). */
#pragma once

#include "daemon/store/statement.h"

#define BRIEF_NODES        2048   /* of a statement that is translated */
#define BRIEF_SQLITE_BYTES 16384u /* ... and what SQLite is given of it */
/* Of SQLite's functions and tables: do they take no time of their own? */
bool brief_function(const char *name);
bool brief_table(const char *name);
bool brief_can_be(const struct prepared *p, sqlite3_stmt *stmt);
/* May a new text be translated by a lent connection? */
bool brief_is_query(struct slice sql);
/* ... with this table?  As the catalog's may_use. */
int brief_may_use(const void *conn, const struct store_table *t, struct err *err) MUSTCHECK;
/* What follows takes longer than a lent connection may: -1, and all of it is done again by the thread. */
int brief_decline(struct store_conn *c, struct err *err);
/* Before ${p} is run: may it be, if the connection is lent? */
bool brief_may_run(struct store_conn *c, struct prepared *p);
/* The progress handler's question while it is lent. */
bool brief_too_long(struct store_conn *c);
/* The output of a lent connection stays where it is, if it is not too much. */
void brief_flush(struct store_conn *c);
/* ${p} was run while it was lent. */
void brief_ran(const struct store_conn *c, struct prepared *p);
