/* pool.h: the servers of one target, and who waits for one.
 *
 * A lease is for one transaction.  Who gets one, and when, says daemon/fair.h.  Servers are opened
 * as long as more sessions wait than are idle or being opened, up to the configured size; a failure
 * makes the next attempt wait, longer each time, with jitter. */
#pragma once

#include "daemon/fair.h"
#include "daemon/list.h"

#include <uv.h>

struct server;
struct target;

struct pool {
    struct list idle; /* most recently used first */
    struct list busy; /* LEASED, CLEANING, HELD */
    struct list opening;
    size_t nservers; /* all of them */
    size_t nopening;
    struct fair fair;
    uv_timer_t sweep;  /* idle and lifetime limits, once a second */
    uv_timer_t retry;  /* after a failed opening */
    unsigned failures; /* in a row */
    bool down;         /* the last attempt failed; said once in the log */
    struct err last;   /* why */
};

void pool_open(struct target *t);
/* Close all servers and timers. */
void pool_close(struct target *t);

/* An idle server, now LEASED and the caller's, or NULL: then ${w} is in the queue, and
 * session_granted will be called once, from the loop; or NULL with ${err} set.  ${tenant} and
 * ${terms}: as in fair_push. */
struct server *pool_lease(struct target *t, struct slice tenant, const struct fair_terms *terms,
                          struct fair_waiter *w, struct err *err);
/* ${w} does not want one any more.  Idempotent. */
void pool_leave(struct target *t, struct fair_waiter *w);
/* A server comes back: clean, nothing owed, no transaction. */
void pool_put(struct server *s);
/* A server has left for ever: perhaps another one may be opened. */
void pool_gone(struct server *s);
void pool_opened(struct server *s);
void pool_open_failed(struct target *t, const struct err *why);
/* Open a server now if there is none: at start, so that the target becomes ready. */
void pool_want_one(struct target *t);
/* No server could be opened at the last attempt. */
bool pool_is_down(const struct target *t);
