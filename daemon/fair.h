/* fair.h: who is next: waiters queued by tenant, tenants served round robin.
 *
 * Pure data, no loop and no clock.  Costs depend on tenants that wait now, never on tenants that
 * exist: a tenant's queue is made by its first waiter and freed with its last. A waiter is embedded
 * in its owner, which removes it before it goes. */
#pragma once

#include "daemon/list.h"
#include "protocol/err.h"
#include "protocol/slice.h"

struct fair_queue; /* one tenant's */

struct fair_waiter {
    struct list node;         /* fair.c's */
    struct fair_queue *queue; /* NULL: does not wait */
};

struct fair {
    struct fair_queue *queues; /* by tenant */
    struct list turn;          /* the same queues, the next to be served first */
    size_t len;                /* waiters */
};

void fair_init(struct fair *f);
/* No waiter may be left. */
void fair_release(struct fair *f);
void fair_waiter_init(struct fair_waiter *w);

/* Put ${w}, which does not wait, at the end of ${tenant}'s queue.  -1: 53200. */
int fair_push(struct fair *f, struct slice tenant, struct fair_waiter *w,
              struct err *err) MUSTCHECK;
/* Take the oldest waiter of the tenant whose turn it is, or NULL; that tenant goes to the end. */
struct fair_waiter *fair_pop(struct fair *f);
/* Idempotent. */
void fair_remove(struct fair *f, struct fair_waiter *w);
