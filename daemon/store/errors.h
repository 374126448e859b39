/* errors.h: between errors.c, errors_watch.c and errors_key.c. */
#pragma once

#include "daemon/store/conn.h"

struct watch_event;

/* What the statement showed when it was run again. */
struct watch {
    struct store_conn *c;
    bool seen;
    bool parent_side;       /* of a foreign key */
    uint32_t foreign_key;   /* oid of the constraint, 0: a row */
    sqlite3_value **values; /* of the last row shown; of the first broken key */
    size_t n;
    struct watch_event *events; /* keys that had no partner at some moment */
    size_t nevents, cap_events;
};

/* Run ${stmt} again and keep the row it fails at. */
int watch_rows(struct watch *w, const struct store_table *t, sqlite3_stmt *stmt);
/* ... the first key that has no partner. */
int watch_foreign_keys(struct watch *w, sqlite3_stmt *stmt);
const struct store_foreign_key *watch_foreign_key(const struct watch *w,
                                                  const struct store_table **ret_child);
/* DETAIL: `Key (a, lower(b))=(1, x)${tail}`, of the row shown. */
void watch_key_detail(struct watch *w, const struct store_table *t, const struct store_key *k,
                      const char *tail, struct err *err);
/* ... of the first rows of the table that have the same. */
void watch_duplicates_detail(struct watch *w, const struct store_table *t,
                             const struct store_key *k, const char *tail, struct err *err);
/* ... of columns, from their values alone: */
void watch_values_detail(struct watch *w, const struct store_table *t, const int16_t *attnums,
                         size_t n, bool quoted, const char *tail, struct err *err);
/* ... from the row that ${s} stands at: a first column of no interest, then the key. */
void watch_statement_detail(struct watch *w, sqlite3_stmt *s, const struct store_table *t,
                            const int16_t *attnums, size_t n, bool quoted, const char *tail,
                            struct err *err);
/* DETAIL: `Failing row contains (1, null).` */
void watch_row_detail(struct watch *w, const struct store_table *t, struct err *err);
/* The text of a value, "null". */
void watch_value_text(struct watch *w, uint32_t type, int32_t typmod, sqlite3_value *value,
                      struct buf *out);
/* Is there a row with the same key as the row shown? */
bool watch_key_exists(struct watch *w, const struct store_table *t, const struct store_key *k);
void watch_release(struct watch *w);
/* COMMIT has failed: tell of the first deferred foreign key that does not hold; false: there is
 * none. */
bool errors_deferred(struct store_conn *c, struct err *err);
/* The steps of a statement are over: tell of the first foreign key that does not hold and is not
 * deferred; what they have touched is in ${kept}.  false: there is none. */
bool errors_steps(struct store_conn *c, const struct rows_kept *kept, struct err *err);
/* Likewise of those that SET CONSTRAINTS has made hold after each statement. */
bool errors_set(struct store_conn *c, struct err *err);
/* Likewise of the keys of ${table} that are to hold after each statement. */
bool errors_immediate(struct store_conn *c, uint32_t table, struct err *err);
/* Registers "store_seen"(). */
int watch_register(struct store_conn *c);
