/* worker.h: a thread with its own loop, and everything that is mutable there.
 *
 * Nothing mutable is global: whatever a function needs hangs off the struct worker it is given.
 * The loop runs on a deep thread (policy parses there).  What workers have in common: crew.h.
 *
 * Life: worker_init -> worker_run on its thread (until drained) -> worker_release.
 * Ending: worker_stop drains: sessions_drain asks each session to end when idle; called again, or
 * after WORKER_DRAIN_MS, it ends them all at once (sessions_close_all).  When the last is gone
 * (worker_session_gone), the crew is told (crew_idle), and once that is true of all workers
 * worker_finish ends the servers, and the loop ends with its last handle. */
#pragma once

#include "conf/conf.h"
#include "daemon/list.h"
#include "daemon/log.h"
#include "daemon/mailbox.h"
#include "daemon/track.h"
#include "daemon/wheel.h"
#include "policy/policy.h"

#include <openssl/ssl.h>
#include <stdatomic.h>
#include <uv.h>

struct crew;
struct link;
struct session;
struct target;
struct listeners;
struct password_checks;
struct job_pool;
struct quotas;
struct reload;

#define WORKER_SCRATCH_BYTES ((size_t)64 << 10)
#define WORKER_DRAIN_MS      30000

struct worker {
    uv_loop_t loop;
    /* link.c's part: see link_hub_open */
    uv_prepare_t flush; /* once per turn, before the loop waits: offers and writes */
    uv_idle_t again;    /* active while something is left for the next turn */
    uv_timer_t linger_timer;
    struct list flush_list;  /* links with output to write */
    struct list serve_list;  /* links with kept input to offer */
    struct list linger_list; /* links closing, by deadline */
    char *scratch;           /* one read lands here: WORKER_SCRATCH_BYTES */
    struct wheel timers;     /* of whatever lives in great numbers */
    uv_timer_t wheel_driver;
    /* shared by everything */
    struct conf *conf; /* the current snapshot, one reference */
    SSL_CTX *tls;      /* of that snapshot; NULL: off.  SSL objects keep their own reference */
    struct policy_cache *plans;
    struct daemon_log *log;
    struct job_pool *jobs;
    struct quotas *quotas; /* of all tenants: the crew's */
    uint64_t started_ms; /* uv_now at start */
    /* among the others */
    struct crew *crew;
    size_t index; /* in crew->workers; 0: the first */
    struct mailbox mailbox;
    struct mail stop_mail, finish_mail, snapshot_mail; /* the crew's */
    atomic_size_t clients; /* sessions, and those that the first worker has sent on their way */
    /* session's part */
    struct target **targets; /* see daemon/target.h: those in use, and still in use */
    size_t ntargets;
    struct list sessions; /* all of them */
    struct password_checks *password_checks; /* auth_password.c's; NULL: none yet */
    size_t nsessions;
    struct track_shared settings; /* that sessions begin with */
    uint32_t last_pid;            /* in cancel keys */
    /* the first worker's */
    struct listeners *listeners;
    struct reload *reload;  /* the reload under way, or NULL */
    uv_signal_t signals[3]; /* HUP, TERM, INT */
    size_t nsignals;        /* initialised */
    bool reload_again;
    /* life */
    uv_timer_t drain_timer;
    bool draining; /* no new sessions, close each when idle */
    bool idle;     /* draining, and the last session has gone: the crew has been told */
    bool stopping; /* sessions gone everywhere, handles are closing */
};

/* One of ${crew}, number ${index}, with references of ${conf} and ${tls} of its own.  ${crew} outlives
 * it.  -1: everything is released again. */
int worker_init(struct worker *w, struct crew *crew, size_t index, struct conf *conf, SSL_CTX *tls,
                struct err *err) MUSTCHECK;
/* By the first worker: signals, listeners and targets.  -1: worker_finish, worker_release follow. */
int worker_lead(struct worker *w, struct err *err) MUSTCHECK;
/* On its thread: serve until drained. */
void worker_run(struct worker *w);
/* Its loop ends: no session is left. */
void worker_finish(struct worker *w);
/* Its loop has ended, as those of all others, and its mailbox is closed.  Leaves HUP, TERM and INT blocked in the calling
 * thread: the process is about to end. */
void worker_release(struct worker *w);

/* A client, accepted for this worker (crew_place), in its place among the handshakes.  -1: the caller
 * keeps ${fd}, the place has been given back. */
int worker_accept(struct worker *w, int fd, bool is_unix, struct err *err) MUSTCHECK;
/* Take over a snapshot; new references are taken. */
void worker_adopt(struct worker *w, struct conf *conf, SSL_CTX *tls);
/* For the next session: unique in the process, and crew_worker_of finds the worker by it. */
uint32_t worker_next_pid(struct worker *w);
/* Begin to drain; ${now}: end what is left at once. */
void worker_stop(struct worker *w, bool now);
/* A session has unlinked itself from ${w}->sessions and lowered nsessions.  Called at the very end
 * of it. */
void worker_session_gone(struct worker *w);
