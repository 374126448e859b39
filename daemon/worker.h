/* worker.h: a thread with its own loop, and everything that is mutable.
 *
 * Nothing mutable is global: whatever a function needs hangs off the struct worker it is given.
 * The loop runs on a deep thread (policy parses there).
 *
 * Life: worker_init -> worker_run (until drained) -> worker_release.
 * Ending: the first SIGTERM or SIGINT drains: listeners close, sessions_drain asks each session to
 * end when idle; the second, or WORKER_DRAIN_MS, ends them all at once (sessions_close_all).  When
 * the last is gone (worker_session_gone), targets_close ends the servers, and the loop ends with
 * its last handle. */
#pragma once

#include "conf/conf.h"
#include "daemon/list.h"
#include "daemon/log.h"
#include "daemon/track.h"
#include "daemon/wheel.h"
#include "policy/policy.h"

#include <openssl/ssl.h>
#include <uv.h>

struct link;
struct session;
struct target;
struct listeners;
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
    struct quotas *quotas; /* of all tenants */
    uint8_t secret[32];  /* of this process: cancel keys, mock SCRAM verifiers */
    uint64_t started_ms; /* uv_now at start */
    /* session's part */
    struct target **targets; /* see daemon/target.h: those in use, and still in use */
    size_t ntargets;
    uint32_t next_target; /* their serial numbers */
    struct list sessions; /* all of them */
    struct list password_checks; /* auth_password.c's */
    size_t nsessions;
    struct track_shared settings; /* that sessions begin with */
    uint32_t next_pid;   /* for cancel keys */
    /* life */
    struct listeners *listeners;
    struct reload *reload;  /* the reload under way, or NULL */
    uv_signal_t signals[3]; /* HUP, TERM, INT */
    size_t nsignals;        /* initialised */
    uv_timer_t drain_timer;
    bool reload_again;
    bool draining; /* no new sessions, close each when idle */
    bool stopping; /* sessions gone, handles are closing */
};

/* ${conf}: one reference moves to the worker on success.  ${log} outlives it.  Opens listeners and
 * targets (a back end that cannot be reached is no failure).  -1: everything is released again. */
int worker_init(struct worker *w, struct conf *conf, struct daemon_log *log,
                struct err *err) MUSTCHECK;
/* Serve until drained, on a thread of its own with a deep stack; returns when it has ended. */
int worker_run(struct worker *w, struct err *err) MUSTCHECK;
/* Leaves HUP, TERM and INT blocked in the calling thread: the process is about to end. */
void worker_release(struct worker *w);

/* Begin to drain; the second call ends what is left at once. */
void worker_stop(struct worker *w);
/* A session has unlinked itself from ${w}->sessions and lowered nsessions.  Called at the very end
 * of it. */
void worker_session_gone(struct worker *w);
