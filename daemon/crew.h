/* crew.h: all workers of the process, and what they have in common.
 *
 * All are equal but for the first, which owns the signals, the listeners and the reload.  A worker
 * touches nothing of another's: it sends mail (mailbox.h), or changes what is common under the lock
 * that is said beside it.  With one worker nothing is locked and nothing is sent.
 *
 *   accept      the first worker, crew_place: to the one with the fewest clients
 *   snapshot    crew_publish; each takes it over from its loop, then crew_published by the first
 *   cancel      the process id in a cancel key says whose session it is
 *   end         crew_stop: each drains; the last one without sessions ends them all (crew_idle)
 *   servers     see commons.h and pool.h */
#pragma once

#include "daemon/mailbox.h"

#include <openssl/ssl.h>
#include <stdatomic.h>
#include <stdbool.h>

struct conf;
struct daemon_log;
struct handshakes;
struct quotas;
struct worker;

struct crew {
    size_t n;
    struct worker **workers; /* as many; all of them before the first thread starts */
    bool takes_over; /* the addresses on which the daemon before this one listens */
    struct daemon_log *log;
    struct quotas *quotas;
    struct handshakes *handshakes;
    struct mail room; /* for who has been waiting for one of those: the first worker's */
    uint8_t secret[32];  /* of this process: cancel keys, mock SCRAM verifiers */
    atomic_size_t busy;  /* workers that have not said crew_idle */
    atomic_uint stops;   /* 1: drain, more: end now */
    atomic_size_t unread; /* workers that have not taken over the snapshot ... */
    struct mail published; /* ... which the last one tells the first */
    pthread_mutex_t lock; /* guards what follows: the newest snapshot and the list of commons */
    struct conf *conf;    /* one reference, as the next; NULL: nothing published yet */
    SSL_CTX *tls;
    struct list commons;
    uint32_t next_serial; /* of commons */
};

/* ${c} is zero but for takes_over.  As many workers as ${conf} says.  One reference of ${conf} moves to the crew on success.  Opens
 * listeners and targets (a back end that cannot be reached is no failure).  -1: everything is
 * released again. */
int crew_open(struct crew *c, struct conf *conf, struct daemon_log *log, struct err *err) MUSTCHECK;
/* Serve until drained, each worker on a thread of its own; returns when all have ended. */
int crew_run(struct crew *c, struct err *err) MUSTCHECK;
void crew_release(struct crew *c);

/* Only with more than one worker. */
void crew_lock(struct crew *c);
void crew_unlock(struct crew *c);

/* By the first worker: hand ${fd}, which has a place among the handshakes, to the one with the fewest
 * clients.  -1: the caller keeps it, the place has been given back. */
int crew_place(struct crew *c, int fd, bool is_unix, struct err *err) MUSTCHECK;
/* By the first worker: ${conf} and ${tls} (references are taken) for all others; reload_published
 * is called, from the loop, when they have them. */
void crew_publish(struct crew *c, struct conf *conf, SSL_CTX *tls);
/* A cancel request for ${pid}; NULL: nobody's. */
struct worker *crew_worker_of(struct crew *c, uint32_t pid);
/* Drain; the second call ends what is left at once. */
void crew_stop(struct crew *c);
/* By a worker that drains and has no session left, once: the last one ends them all. */
void crew_idle(struct crew *c);
