/* locks.h: advisory locks (locks.c). */
#pragma once

#include "daemon/store/conn.h"

struct lock_key {
    int64_t value; /* of two int4: the first in the upper half */
    bool pair;
};
struct lock_request {
    struct lock_key key;
    bool exclusive, session, try_only;
};
/* ${ret}: whether it was had.  -1: 40P01, 55P03, 57014. */
int locks_take(struct store_conn *c, const struct lock_request *r, bool *ret,
               struct err *err) MUSTCHECK;
bool locks_release(struct store_conn *c, const struct lock_request *r);
void locks_release_session(struct store_conn *c);
void locks_release_transaction(struct store_conn *c);
/* Those that were taken inside more than ${depth} savepoints; or they become the outer one's. */
void locks_release_deeper(struct store_conn *c, size_t depth);
void locks_raise(struct store_conn *c, size_t depth);
/* Under the store's lock: does ${c} wait for itself, over others? */
bool locks_deadlock(const struct store_conn *c);
int locks_deadlocked(struct err *err);
struct lock_seen {
    struct lock_key key;
    uint32_t pid;
    bool exclusive, granted;
};
/* The i-th of the store; false: no more. */
bool locks_at(struct store_conn *c, size_t i, struct lock_seen *ret);
int conn_sleep(struct store_conn *c, double seconds, struct err *err) MUSTCHECK;
