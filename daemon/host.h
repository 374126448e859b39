/* host.h: the servers that all pools of one back end may have together.
 *
 * With a database for each tenant there is a pool for each (a commons, of which a host_share is the part
 * that is here), and the PostgreSQL behind them takes so many connections.  A pool that needs one more and
 * may not open it is among those that want.  The one with the fewest servers is next, then who has wanted
 * for the longest; it is called when there is room.  Room is made by pools that have servers they can do
 * without: those close one that is idle, or when it comes back, as host_claims says.  So nobody waits
 * behind idle connections, and where all are busy each pool has its share.
 *
 * Counted: each pool has a reference.  The lock comes after the pools' (commons_lock); with one worker it is not
 * taken.  What a call costs does not depend on the number of pools, but for the logarithm of those that
 * want. */
#pragma once

#include "daemon/heap.h"
#include "daemon/list.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct commons;
struct host;

#define HOST_TURN_MS 1000 /* the last server of a pool that is busy is not claimed sooner */

struct host_share { /* a pool's: host.c's, under its lock */
    struct commons *commons;
    size_t servers;
    bool wants; /* changed under its pool's lock, too */
    uint64_t order; /* among those that want */
    struct heap_node want;
    struct list idler; /* linked: there may be an idle one */
    atomic_bool is_idler;
};

struct host *host_new(size_t size, bool locks); /* NULL: no memory */
struct host *host_ref(struct host *h);
void host_unref(struct host *h);
void host_share_init(struct host_share *s, struct commons *c);

/* One server more, under the lock of its pool, as the next.  false: it wants one from now on. */
bool host_take(struct host *h, struct host_share *s);
/* A server of it begins to end: room is being made.  Then it has ended, as far as PostgreSQL is concerned. */
void host_part(struct host *h);
void host_give(struct host *h, struct host_share *s);
void host_want_not(struct host *h, struct host_share *s);
/* The pool is no longer used: it wants nothing and nothing of it is idle. */
void host_leave(struct host *h, struct host_share *s);
void host_resize(struct host *h, size_t size);
/* One of its servers is idle now. */
void host_idles(struct host *h, struct host_share *s);

/* After any of these, without locks.  Whose turn it is to take one: to be called, a reference.  NULL: nobody's. */
struct commons *host_next(struct host *h);
/* Somebody wants and there is no room: who may have an idle server?  Likewise; each is returned once, until
 * it says host_idles again. */
struct commons *host_idler(struct host *h);
/* Is a server to be closed that this pool ${needs} or not, and has had for ${age_ms}?  Costs nothing while
 * nobody wants. */
bool host_claims(struct host *h, const struct host_share *s, bool needs, uint64_t age_ms);
