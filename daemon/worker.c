/* serving -> draining   worker_stop
 *         -> idle       its last session has gone: crew_idle
 *         -> stopping   worker_finish: that is so of every worker
 *         -> ended      the loop has no handle left: uv_run returns
 * What worker_init acquires, in order: loop, links' hub, helpers, mailbox, caches; worker_lead: signals,
 * listeners, targets.  A failure there ends like a drained worker: handles can only be closed by
 * running the loop. */
#include "daemon/worker.h"

#include "conf/limits.h"
#include "daemon/crew.h"
#include "daemon/handshakes.h"
#include "daemon/job.h"
#include "daemon/link.h"
#include "daemon/listener.h"
#include "daemon/must.h"
#include "daemon/reload.h"
#include "daemon/session.h"
#include "daemon/target.h"
#include "protocol/sqlstate.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

static const int worker_signals[] = {SIGHUP, SIGTERM, SIGINT};

/* -- ending -- */

void worker_finish(struct worker *w)
{
    if (w->stopping)
        return;
    w->stopping = true;
    for (size_t i = 0; i < w->nsignals; i++) /* caught to the end: the default would kill */
        uv_unref((uv_handle_t *)&w->signals[i]);
    uv_close((uv_handle_t *)&w->drain_timer, NULL);
    mailbox_retire(&w->mailbox);
    listeners_close(w);
    targets_close(w);
}

static void worker_on_drain_timeout(uv_timer_t *timer)
{
    struct worker *w = timer->data;
    if (w->nsessions > 0)
        log_warning(w->log, "sessions that did not end in time: %zu", w->nsessions);
    sessions_close_all(w);
}

/* Nobody is left, and nobody is let in. */
static void worker_idle_if_done(struct worker *w)
{
    if (!w->draining || w->idle || w->nsessions > 0)
        return;
    w->idle = true;
    uv_timer_stop(&w->drain_timer);
    crew_idle(w->crew);
}

void worker_stop(struct worker *w, bool now)
{
    if (w->stopping)
        return;
    if (!w->draining) {
        w->draining = true;
        listeners_close(w);
        uv_timer_start(&w->drain_timer, worker_on_drain_timeout, WORKER_DRAIN_MS, 0);
        sessions_drain(w);
        worker_idle_if_done(w);
    }
    if (now)
        sessions_close_all(w);
}

void worker_session_gone(struct worker *w)
{
    atomic_fetch_sub_explicit(&w->clients, 1, memory_order_relaxed);
    worker_idle_if_done(w);
}

/* -- serving -- */

int worker_accept(struct worker *w, int fd, bool is_unix, struct err *err)
{
    if (w->draining) {
        handshakes_give(w->crew->handshakes);
        return err_set(err, SQLSTATE_CANNOT_CONNECT_NOW, "the database system is shutting down");
    }
    return session_start(w, fd, is_unix, err);
}

void worker_adopt(struct worker *w, struct conf *conf, SSL_CTX *tls)
{
    bool other_idle = w->conf->clients.idle_timeout_ms != conf->clients.idle_timeout_ms;
    targets_follow(w, conf);
    conf_ref(conf);
    conf_unref(w->conf);
    w->conf = conf;
    if (other_idle)
        sessions_follow(w);
    if (tls)
        SSL_CTX_up_ref(tls);
    SSL_CTX_free(w->tls); /* connections have references of their own */
    w->tls = tls;
}

uint32_t worker_next_pid(struct worker *w)
{
    uint32_t n = (uint32_t)w->crew->n;
    if (w->last_pid > INT32_MAX - n)
        w->last_pid = (uint32_t)w->index;
    return w->last_pid += n;
}

/* -- beginning -- */

static void worker_on_signal(uv_signal_t *handle, int signum)
{
    struct worker *w = handle->data;
    if (signum == SIGHUP)
        reload_start(w);
    else
        crew_stop(w->crew);
}

static int worker_watch_signals(struct worker *w, struct err *err)
{
    for (size_t i = 0; i < sizeof worker_signals / sizeof worker_signals[0]; i++) {
        uv_signal_t *s = &w->signals[i];
        int rc = uv_signal_init(&w->loop, s);
        if (rc == 0) {
            w->nsignals = i + 1;
            s->data = w;
            rc = uv_signal_start(s, worker_on_signal, worker_signals[i]);
        }
        if (rc != 0)
            return err_set(err, SQLSTATE_INTERNAL_ERROR, "could not watch signals: %s",
                           uv_strerror(rc));
    }
    return 0;
}

int worker_lead(struct worker *w, struct err *err)
{
    struct listen_plan plan;
    if (worker_watch_signals(w, err) != 0) /* before anybody can see that we are here */
        return -1;
    if (listen_plan_make(w->conf, &plan, err) != 0)
        return -1;
    int rc = listeners_prepare(w, &plan, err);
    listen_plan_release(&plan);
    if (rc != 0)
        return rc;
    if (targets_apply(w, w->conf, err) != 0)
        return -1;
    listeners_commit(w);
    return 0;
}

static int worker_init_loop(struct worker *w, struct err *err)
{
    int rc = uv_loop_init(&w->loop);
    if (rc != 0)
        return err_set(err, SQLSTATE_INTERNAL_ERROR, "could not make an event loop: %s",
                       uv_strerror(rc));
    if (link_hub_open(w, err) != 0)
        goto fail_loop;
    if (job_pool_open(w, err) != 0)
        goto fail_hub;
    if (mailbox_open(&w->mailbox, w, &w->loop, err) != 0)
        goto fail_jobs;
    uv_timer_init(&w->loop, &w->drain_timer);
    w->drain_timer.data = w;
    uv_timer_init(&w->loop, &w->wheel_driver);
    uv_unref((uv_handle_t *)&w->wheel_driver); /* what waits for a time has handles of its own */
    wheel_init(&w->timers, uv_now(&w->loop), &w->wheel_driver);
    return 0;

fail_jobs:
    job_pool_close(w);
fail_hub:
    link_hub_close(w);
    uv_run(&w->loop, UV_RUN_DEFAULT);
    link_hub_free(w);
fail_loop:
    uv_loop_close(&w->loop);
    return -1;
}

int worker_init(struct worker *w, struct crew *crew, size_t index, struct conf *conf, SSL_CTX *tls,
                struct err *err)
{
    *w = (struct worker){.log = crew->log, .crew = crew, .index = index, .quotas = crew->quotas};
    w->last_pid = (uint32_t)index;
    list_init(&w->sessions);
    if (worker_init_loop(w, err) != 0)
        return -1;
    w->started_ms = uv_now(&w->loop);
    w->conf = conf_ref(conf);
    if (tls)
        SSL_CTX_up_ref(tls);
    w->tls = tls;
    w->plans = policy_cache_new(LIMIT_PLAN_CACHE_BYTES);
    if (w->plans)
        return 0;
    worker_finish(w);
    worker_run(w);
    mailbox_close(&w->mailbox);
    worker_release(w);
    return err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
}

void worker_run(struct worker *w)
{
    uv_run(&w->loop, UV_RUN_DEFAULT);
}

static void worker_block_signals(void)
{
    sigset_t set;
    sigemptyset(&set);
    for (size_t i = 0; i < sizeof worker_signals / sizeof worker_signals[0]; i++)
        sigaddset(&set, worker_signals[i]);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
}

void worker_release(struct worker *w)
{
    must(w->stopping && w->nsessions == 0);
    worker_block_signals(); /* closing them brings back the default, which kills */
    for (size_t i = 0; i < w->nsignals; i++)
        uv_close((uv_handle_t *)&w->signals[i], NULL);
    uv_close((uv_handle_t *)&w->wheel_driver, NULL);
    reload_abandon(w);
    job_pool_close(w);
    link_hub_close(w);
    uv_run(&w->loop, UV_RUN_DEFAULT);
    int rc = uv_loop_close(&w->loop);
    must(rc == 0);
    link_hub_free(w);
    policy_cache_free(w->plans);
    free(w->password_checks); /* nobody is left to wait there */
    track_shared_release(&w->settings);
    SSL_CTX_free(w->tls);
    conf_unref(w->conf);
}
