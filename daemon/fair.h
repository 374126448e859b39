/* fair.h: who gets the next server of a pool, so that no tenant lives at the cost of the others.
 *
 * Each tenant has an account of the server time it has had, divided by its weight: the time its
 * leases were held, those still held included. The server goes to the waiting tenant that has had
 * least, and there to the oldest waiter. So statements of a second and of a millisecond, one client
 * and a thousand count for what they take. This is deficit round robin with the smallest quantum: a
 * deficit is the distance from `level`, what a tenant of weight 1 has had that always asked. Who
 * comes (back) does not get more than FAIR_CREDIT_MS for having been away. Who leaves keeps its
 * debt, FAIR_MEMORY_MS at most, and is forgotten when it has been away as long.
 *
 * Order alone is not enough: if one tenant's slow statements hold all servers, the next comes free
 * too late for everybody else. So the last few (fair_reserve) are kept for tenants that hold less
 * than their share: the servers divided by weight among the tenants known, and one that may come.
 * A tenant that nobody has met for FAIR_MEMORY_MS gets them all.  So that nobody waits for itself, one
 * of those kept goes to whoever waits when all that is held has rested (its holders do not use it, as
 * they are within transactions) and nothing was granted or returned for FAIR_REST_MS.
 *
 * Pure data: no loop, no lock, and the clock's time is an argument (of any monotonic clock; a time
 * before one that was told counts as that one). A grant costs the logarithm of the number of
 * tenants that wait and hold nothing, a step for each seat, and one for each tenant that waits and holds
 * something, of which there are no more than servers; a tenant that does neither costs nothing. Waiters
 * and leases are embedded in their owners, which remove and return them before they go. */
#pragma once

#include "daemon/heap.h"
#include "daemon/list.h"
#include "protocol/err.h"
#include "protocol/slice.h"

#include <stdint.h>

#define FAIR_CREDIT_MS 500
#define FAIR_MEMORY_MS 60000
#define FAIR_PASS_MS   20
#define FAIR_REST_MS   500

struct fair_account; /* one tenant's */

struct fair_terms {  /* the tenant's, of the newest snapshot */
    uint32_t weight; /* 1 and more */
    uint32_t active; /* the most leases at a time; 0: no limit, likewise below */
    uint32_t queue;  /* the most waiters */
};

struct fair_waiter {
    struct list node;             /* fair.c's */
    struct fair_account *account; /* NULL: does not wait */
    uint64_t since_us;
};

struct fair_lease {
    struct fair_account *account; /* NULL: not held */
    uint64_t began_us;
};

struct fair {
    struct fair_account *accounts; /* by tenant */
    struct heap turn;              /* those that wait and hold nothing */
    struct list holders;           /* those that wait, hold something, and may hold more */
    struct list absent;            /* those that do neither, the longest so first */
    size_t nseats;                 /* where to wait, and where servers come free: a worker each */
    size_t size;                   /* servers that may be held at a time */
    size_t held;
    size_t waiting;
    size_t wanted;     /* of the waiters, those whom their tenants' limits allow a server */
    uint64_t known;    /* weight of all accounts */
    uint64_t present;  /* of those that are not absent */
    uint64_t level;    /* of server time had, for a weight of 1 */
    uint64_t arrivals; /* the order among equals */
    uint64_t now_us;
    bool rests;       /* all that is held, since ... */
    uint64_t rest_us;
};

void fair_init(struct fair *f, size_t size, size_t nseats);
/* No waiter and no lease may be left. */
void fair_release(struct fair *f);
/* The pool may now have ${size} servers; more may be held for the moment. */
void fair_resize(struct fair *f, size_t size);
/* How many of ${size} servers are kept for tenants that hold less than their share. */
size_t fair_reserve(size_t size);

void fair_waiter_init(struct fair_waiter *w);
bool fair_waits(const struct fair_waiter *w);
/* Put ${w}, which does not wait, at the end of ${tenant}'s queue, at ${seat}.  -1: 53300, its queue is full, or
 * 53200. */
int fair_push(struct fair *f, struct slice tenant, const struct fair_terms *terms, size_t seat,
              struct fair_waiter *w, uint64_t now_us, struct err *err) MUSTCHECK;
/* Idempotent. */
void fair_remove(struct fair *f, struct fair_waiter *w, uint64_t now_us);
/* A server is free, at ${seat}: who is to have it?  The waiter no longer waits, and ${lease}, which must
 * not be held, is its tenant's until it is returned.  Of the tenant's waiters it is the oldest, unless that
 * waits elsewhere: the oldest at ${seat} goes first if it came less than FAIR_PASS_MS later.  NULL: nobody who
 * waits may have one more now. */
struct fair_waiter *fair_pop(struct fair *f, struct fair_lease *lease, size_t seat,
                             uint64_t now_us);
/* Is all that is held at rest?  To be said now and then while somebody waits. */
void fair_rest(struct fair *f, bool rests, uint64_t now_us);
/* Would that be somebody? */
bool fair_is_due(struct fair *f, uint64_t now_us);
/* Idempotent. */
void fair_return(struct fair *f, struct fair_lease *lease, uint64_t now_us);
