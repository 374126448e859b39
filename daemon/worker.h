/* worker.h: a thread with its own loop, and everything that is mutable.
 *
 * Nothing mutable is global: whatever a function needs hangs off the struct worker it is given.
 * The loop runs on a thread with a 64 MiB stack (policy parses there). */
#pragma once

#include "conf/conf.h"
#include "policy/policy.h"

#include <openssl/ssl.h>
#include <stdio.h>
#include <uv.h>

struct link;
struct session;
struct target;
struct listener;

struct list { /* intrusive, circular, see daemon/list.h */
    struct list *prev, *next;
};

struct worker {
    uv_loop_t loop;
    uv_prepare_t flush;         /* writes the links' queues once per turn */
    struct link *flush_list;
    char *scratch;              /* one read lands here: WORKER_SCRATCH_BYTES */
    struct conf *conf;          /* the current snapshot, one reference */
    SSL_CTX *tls;               /* of that snapshot; NULL: off */
    struct policy_cache *plans;
    struct target **targets;    /* one per back end that is, or is still, in use; see daemon/target.h */
    size_t ntargets;
    struct list sessions;       /* all of them */
    size_t nsessions;
    uint32_t next_pid;          /* for cancel keys */
    uint8_t secret[32];         /* of this process: cancel keys, mock SCRAM verifiers */
    struct listener *listeners;
    bool draining;              /* SIGTERM: no new sessions, close each when idle */
    bool reloading;
    uint64_t started_ms;
    struct daemon_log *log;     /* see daemon/log.h */
    uv_signal_t signals[4];
    uv_timer_t drain_timer;
    void *reload;               /* the reload under way, daemon/reload.c */
};

#define WORKER_SCRATCH_BYTES ((size_t)64 << 10)
