/* server.h: one connection to a target: PostgreSQL opened by libpq and then spoken to raw, or the
 * store.
 *
 *   OPENING -> IDLE -> LEASED -> IDLE ...
 *                        |-> CLEANING -> IDLE   rollback for a client that has gone
 *                        |-> HELD -> IDLE       a cancel request for it is still under way
 *                        |-> MOVING -> LEASED   for a session of another worker (server_move.c)
 *                        |          '-> IDLE    ... which does not want it any more
 *                        '-> CLOSED             from any state but MOVING
 *
 * Owns: the descriptor (libpq's or the store's), its link, the replies it owes, what is prepared
 * and set on it.  Its target's lists say where it is; only server.c and pool.c move it.
 * Memory goes when the last handle has closed and the last cancel request has ended.
 * While MOVING it has no handle and is in no list: no loop, and one thread at a time, knows it. */
#pragma once

#include "daemon/fair.h"
#include "daemon/track.h"
#include "daemon/link.h"
#include "daemon/list.h"
#include "daemon/mailbox.h"
#include "daemon/statements.h"
#include "daemon/wheel.h"
#include "protocol/flow.h"

#include <libpq-fe.h>
#include <uv.h>

struct commons;
struct heal;
struct session;
struct store_conn;
struct target;

#define SERVER_MAGIC 0x5e57e701u

#define SERVER_STATES(X) X(OPENING) X(IDLE) X(LEASED) X(CLEANING) X(HELD) X(MOVING) X(CLOSED)
#define X(name)          SERVER_##name,
enum server_state { SERVER_STATES(X) };
#undef X

struct notifier { /* who has sent notifications with it, last */
    const struct target *target; /* ... of the session, to compare only: each worker has its own */
    uint32_t pid;                /* the session's */
    uint64_t before;  /* all that others had sent has been heard when the target's count (channels.h) is this */
    uint64_t settled; /* ... and all of its own, when it is this */
};

struct server {
    uint32_t magic;
    enum server_state state;
    struct worker *worker;
    struct target *target;        /* one reference; NULL: on its way ... */
    struct commons *commons;      /* ... then one of these, else NULL */
    struct mail mail;             /* from there */
    struct list node;             /* in the pool's list of its state */
    unsigned holds;               /* handles open, jobs under way */
    struct server_opener *opener; /* while OPENING PostgreSQL, as is `watch` */
    struct watch *watch;
    PGconn *pg;
    bool has_key; /* for CancelRequest: some servers give none (wire case 10) */
    uint32_t key_pid, key_secret;
    struct store_conn *store;
    struct wheel_timer rest; /* the store's: it has answered on the loop */
    int fd; /* the store's */
    struct link link;
    bool linked;
    uv_timer_t timer;        /* opening, cleaning; leased: session_stall.c's */
    uint64_t taken;          /* bytes that the client had taken when it began */
    struct session *session; /* LEASED */
    struct fair_lease lease; /* not IDLE and not OPENING */
    struct flow *flow;
    char status; /* of the last ReadyForQuery */
    struct prepared_set prepared;
    uint64_t batch;             /* counts leases */
    uint64_t epoch;             /* of the target when `prepared` was right */
    struct heal *heal;          /* session_heal.c's */
    struct track_set *settings; /* applied on it */
    bool settings_unknown;
    bool doomed;      /* not to be used again */
    bool suspect;     /* it has refused to write: asked before it is used again */
    bool questioned;  /* it has been, and owes the answer */
    bool kept;        /* between transactions: what may be left on it is discarded before the next client */
    unsigned cancels; /* under way */
    struct notifier notifier;
    uint64_t born_ms, idle_ms;
    uint8_t jitter; /* 256ths of a tenth of its lifetime by which it ends before that */
    uint64_t stream_left; /* bytes to come of a message whose head has been dealt with */
    bool stream_drop;
};

/* Begin to open one, which has been counted (pool.c); it ends in pool_opened or pool_open_failed, which may be called at once. */
void server_open(struct target *t);
/* Ask for what it is running to end, without waiting.  Its state must be LEASED or CLEANING. */
void server_cancel(struct server *s);
/* The client has gone and left a transaction, or is done with a server that was kept for it, nothing is owed:
 * roll back, discard what it may have left, then back to the pool. */
void server_clean(struct server *s);
/* ${s}, suspect and clean, is asked whether it is still what the conninfo wants, and then goes back to the pool.
 * -> false: there is nothing to ask. */
bool server_question(struct server *s);
/* Is nothing of it unread, not even its end?  A system call. */
bool server_is_silent(const struct server *s);
/* End it in any state; ${why} is logged if it was not to be expected (NULL: it was).  Idempotent.
 */
void server_close(struct server *s, const char *why);

/* To ${to}, another worker, for the first in its promised list.  LEASED, and nothing is owed. */
void server_move(struct server *s, struct worker *to);

/* -- for server_open.c and server_move.c -- */
/* An OPENING one in its pool's list, which has counted it; one hold; NULL: no memory. */
struct server *server_new(struct target *t);
void server_hold(struct server *s);
/* The last one frees it. */
void server_unhold(struct server *s);
/* The connection is made and checked: into the pool. */
void server_opened(struct server *s);
void server_open_failed(struct server *s, const struct err *why);
/* All that it held here is closed. */
void server_departs(struct server *s);
void server_free(struct server *s);
