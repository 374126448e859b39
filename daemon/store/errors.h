/* errors.h: between errors.c and errors_watch.c. */
#pragma once

#include "daemon/store/conn.h"

/* What the statement showed when it was run again. */
struct watch {
    struct store_conn *c;
    bool seen;
    bool parent_side;       /* of a foreign key */
    uint32_t foreign_key;   /* oid of the constraint, 0: a row */
    sqlite3_value **values; /* of the last row shown; of the first broken key */
    size_t n;
};

/* Run ${stmt} again and keep the row it fails at. */
int watch_rows(struct watch *w, const struct store_table *t, sqlite3_stmt *stmt);
/* ... the first key that has no partner. */
int watch_foreign_keys(struct watch *w, sqlite3_stmt *stmt);
const struct store_foreign_key *watch_foreign_key(const struct watch *w,
                                                  const struct store_table **ret_child);
/* DETAIL: `Key (a, b)=(1, 2)${tail}`.  From a whole row: */
void watch_key_detail(struct watch *w, const struct store_table *t, const int16_t *attnums,
                      size_t n, bool quoted, const char *tail, struct err *err);
/* ... from the values of the key alone: */
void watch_values_detail(struct watch *w, const struct store_table *t, const int16_t *attnums,
                         size_t n, bool quoted, const char *tail, struct err *err);
/* ... from the row that ${s} stands at: a first column of no interest, then the key. */
void watch_statement_detail(struct watch *w, sqlite3_stmt *s, const struct store_table *t,
                            const int16_t *attnums, size_t n, bool quoted, const char *tail,
                            struct err *err);
/* DETAIL: `Failing row contains (1, null).` */
void watch_row_detail(struct watch *w, const struct store_table *t, struct err *err);
/* Is there a row with the same values in the columns of ${k} as the row shown?  (false for
 * expressions) */
bool watch_key_exists(struct watch *w, const struct store_table *t, const struct store_key *k);
void watch_release(struct watch *w);
/* COMMIT has failed: tell of the first deferred foreign key that does not hold; false: there is
 * none. */
bool errors_deferred(struct store_conn *c, struct err *err);
/* The steps of a statement are over: tell of the first foreign key that does not hold and is not
 * deferred; what they have touched is in ${kept}.  false: there is none. */
bool errors_steps(struct store_conn *c, const struct rows_kept *kept, struct err *err);
/* Likewise of the keys of ${table} that are to hold after each statement. */
bool errors_immediate(struct store_conn *c, uint32_t table, struct err *err);
/* Registers "store_seen"(). */
int watch_register(struct store_conn *c);
