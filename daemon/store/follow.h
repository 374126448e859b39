/* follow.h: a file for each tenant (follow.c). */
#pragma once

#include "daemon/store/conn.h"

/* Does a tenant's file lack what the owner has committed? */
static inline bool follow_is_behind(const struct store *s)
{
    return s->role == STORE_TENANT &&
           atomic_load_explicit(&s->version, memory_order_acquire) !=
               atomic_load_explicit(&s->home->version, memory_order_acquire);
}
/* When the store is opened: its tables of this. */
int follow_open(struct store *s, struct err *err) MUSTCHECK;
/* Outside of a transaction: catch up, by the right to write of ${c}. */
int follow_catch_up(struct store_conn *c, struct err *err) MUSTCHECK;
/* The owner's: ${sql} has changed the catalog; the transaction is about to be committed, and has been. */
int follow_log(struct store_conn *c, const char *sql, struct err *err) MUSTCHECK;
int follow_commit(struct store_conn *c, uint64_t *ret_version, struct err *err) MUSTCHECK;
void follow_committed(struct store_conn *c, uint64_t version);
/* May the statements of ${conn}, the owner's, use the rows of ${t}?  -1: 0A000, they are in the tenants' files. */
int follow_may_use(const void *conn, const struct store_table *t, struct err *err) MUSTCHECK;
