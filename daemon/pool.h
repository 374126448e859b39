/* pool.h: the servers of one target, and how sessions of all workers get one.
 *
 * A lease is for one transaction.  Who gets one, and when, says daemon/fair.h: there is one queue for
 * all workers, which is the commons', as are the counts; the lists of servers are each worker's own.
 *   A server that becomes free goes to the next in the queue, wherever that waits: if it is another
 * worker's, the server moves (server_move), and the waiter is put into the list `promised` of its own
 * target, whose first takes what arrives.  So a waiter that goes away meanwhile is in a list that it can
 * leave, and the server is there for whoever is next.  A move costs five system calls, so a waiter of the
 * same tenant that is here may go before one that came a little earlier (fair_pop).
 *   Servers of this worker may come back sooner than others come over, the more so if what everybody
 * waits for is the worker itself.  So where nobody waits servers stay idle until a worker whose waiters
 * they could serve has asked: at once if it has none at work, else if fewer of its own than waited have
 * come back in POOL_PATIENCE_MS and a few turns of its loop.  It calls the others (commons_call), and they
 * hand over what they have, in the queue's order.
 *   Servers are opened as long as more sessions wait than are idle or being opened, with any worker, up
 * to the configured size; a failure makes the next attempt wait, longer each time, with jitter. */
#pragma once

#include "daemon/fair.h"
#include "daemon/list.h"

#include <uv.h>

struct server;
struct commons;
struct target;

struct pool_waiter { /* embedded in a session, which leaves before it goes */
    struct fair_waiter fair; /* the commons', under its lock; its node is in pool.promised in the end */
    struct target *target;   /* where it waits; NULL: it does not.  Its worker's to change */
};

struct pool {
    struct list idle; /* most recently used first */
    struct list busy; /* LEASED, CLEANING, HELD */
    struct list opening;
    size_t nidle;         /* changed by its worker alone, under the commons' lock: others read it */
    size_t nresting;      /* likewise: those busy ones whose clients were within a transaction, but ran nothing,
                           * when it was last counted */
    struct list promised; /* waiters of this worker whose servers are on their way; under the lock */
    size_t nwaiting;      /* of this worker, in the queue; under the lock, as the next */
    size_t asked;         /* servers of others that it may have at once */
    struct {
        uv_timer_t timer; /* runs while somebody waits here, and there are other workers */
        uint64_t ms;
        unsigned turns;
        size_t nwaiting, nput; /* when it was started */
    } patience;
    size_t nput; /* servers that ever came back */
    uv_timer_t sweep;     /* idle and lifetime limits, once a second */
    uv_timer_t retry;     /* after a failed opening */
};

void pool_open(struct target *t);
/* Close all servers and timers. */
void pool_close(struct target *t);
void pool_waiter_init(struct pool_waiter *w);

/* An idle server, now LEASED and the caller's, or NULL: then ${w} is in the queue, and
 * session_granted will be called once, from the loop; or NULL with ${err} set.  ${tenant} and
 * ${terms}: as in fair_push. */
struct server *pool_lease(struct target *t, struct slice tenant, const struct fair_terms *terms,
                          struct pool_waiter *w, struct err *err);
bool pool_waits(const struct pool_waiter *w);
/* ${w} does not want one any more.  Idempotent. */
void pool_leave(struct pool_waiter *w);
/* A server comes back: clean, nothing owed, no transaction. */
void pool_put(struct server *s);
/* A server has come from another worker. */
void pool_arrived(struct server *s);
/* It could not: ${why}. */
void pool_not_arrived(struct target *t, const struct err *why);
/* Has a worker's pool of ${c}, other than ${except}'s (may be NULL), an idle server?  Under the lock. */
bool pool_is_idle(const struct commons *c, const struct target *except);
/* Another worker calls. */
void pool_look(struct target *t);
/* A server leaves for ever: out of the lists and counts ... */
void pool_remove(struct server *s);
/* ... so that, from the loop, perhaps another one is opened. */
void pool_gone(struct target *t);
/* What was counted as being opened could not be begun. */
void pool_unreserve(struct target *t);
/* One server of ${t} is no longer what it was: idle ones are closed, busy ones asked before they are used
 * again. */
void pool_suspect(struct target *t);
void pool_opened(struct server *s);
void pool_open_failed(struct target *t, const struct err *why);
/* Open a server now if there is none: at start, so that the target becomes ready. */
void pool_want_one(struct target *t);
/* No server could be opened at the last attempt. */
bool pool_is_down(const struct target *t);
/* This worker has no server here. */
bool pool_is_empty(const struct target *t);
