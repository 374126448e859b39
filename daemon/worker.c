/* serving -> draining   worker_stop: the first signal
 *         -> stopping   worker_finish: the last session has gone
 *         -> ended      the loop has no handle left: uv_run returns
 * What worker_init acquires, in order: loop, links' hub, helpers, caches, signals, listeners,
 * targets.  A failure there ends like a drained worker: handles can only be closed by running the
 * loop. */
#include "daemon/worker.h"

#include "conf/limits.h"
#include "daemon/deep_thread.h"
#include "daemon/job.h"
#include "daemon/link.h"
#include "daemon/listener.h"
#include "daemon/must.h"
#include "daemon/notify.h"
#include "daemon/quota.h"
#include "daemon/reload.h"
#include "daemon/session.h"
#include "daemon/target.h"
#include "daemon/tls.h"
#include "protocol/sqlstate.h"

#include <openssl/err.h>
#include <openssl/rand.h>
#include <pthread.h>
#include <signal.h>

static const int worker_signals[] = {SIGHUP, SIGTERM, SIGINT};

/* -- ending -- */

/* The last session has gone: let go of everything that keeps the loop alive. */
static void worker_finish(struct worker *w)
{
    if (w->stopping)
        return;
    w->stopping = true;
    for (size_t i = 0; i < w->nsignals; i++) /* caught to the end: the default would kill */
        uv_unref((uv_handle_t *)&w->signals[i]);
    uv_close((uv_handle_t *)&w->drain_timer, NULL);
    listeners_close(w);
    targets_close(w);
}

static void worker_on_drain_timeout(uv_timer_t *timer)
{
    struct worker *w = timer->data;
    log_warning(w->log, "sessions that did not end in time: %zu", w->nsessions);
    sessions_close_all(w);
}

void worker_stop(struct worker *w)
{
    if (w->stopping)
        return;
    if (w->draining) {
        log_info(w->log, "ending the remaining sessions now: %zu", w->nsessions);
        sessions_close_all(w);
        return;
    }
    w->draining = true;
    log_info(w->log, "stopping, sessions: %zu", w->nsessions);
    notify_stopping();
    listeners_close(w);
    uv_timer_start(&w->drain_timer, worker_on_drain_timeout, WORKER_DRAIN_MS, 0);
    sessions_drain(w);
    worker_session_gone(w);
}

void worker_session_gone(struct worker *w)
{
    if (w->draining && w->nsessions == 0)
        worker_finish(w);
}

/* -- signals -- */

static void worker_on_signal(uv_signal_t *handle, int signum)
{
    struct worker *w = handle->data;
    if (signum == SIGHUP)
        reload_start(w);
    else
        worker_stop(w);
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

/* -- beginning -- */

/* What needs no loop to be undone. */
static int worker_init_state(struct worker *w, struct conf *conf, struct err *err)
{
    w->conf = conf;
    w->started_ms = uv_now(&w->loop);
    list_init(&w->sessions);
    list_init(&w->password_checks);
    if (RAND_bytes(w->secret, sizeof w->secret) != 1) {
        ERR_clear_error();
        return err_set(err, SQLSTATE_INTERNAL_ERROR, "no random numbers to be had");
    }
    w->plans = policy_cache_new(LIMIT_PLAN_CACHE_BYTES);
    w->quotas = quotas_new();
    if (!w->plans || !w->quotas)
        return err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
    return tls_context_new(conf, &w->tls, err);
}

static int worker_init_sockets(struct worker *w, struct err *err)
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
    uv_timer_init(&w->loop, &w->drain_timer);
    w->drain_timer.data = w;
    uv_timer_init(&w->loop, &w->wheel_driver);
    uv_unref((uv_handle_t *)&w->wheel_driver); /* what waits for a time has handles of its own */
    wheel_init(&w->timers, uv_now(&w->loop), &w->wheel_driver);
    return 0;

fail_hub:
    link_hub_close(w);
    uv_run(&w->loop, UV_RUN_DEFAULT);
    link_hub_free(w);
fail_loop:
    uv_loop_close(&w->loop);
    return -1;
}

int worker_init(struct worker *w, struct conf *conf, struct daemon_log *log, struct err *err)
{
    *w = (struct worker){.log = log};
    if (worker_init_loop(w, err) != 0)
        return -1;
    if (worker_init_state(w, conf, err) == 0 && worker_init_sockets(w, err) == 0)
        return 0;
    conf_ref(conf); /* the caller keeps its reference on failure */
    worker_finish(w);
    uv_run(&w->loop, UV_RUN_DEFAULT);
    worker_release(w);
    return -1;
}

/* -- running -- */

static void *worker_thread(void *arg)
{
    struct worker *w = arg;
    policy_thread_init();
    uv_run(&w->loop, UV_RUN_DEFAULT);
    policy_thread_release();
    return NULL;
}

int worker_run(struct worker *w, struct err *err)
{
    pthread_t thread;
    int rc = deep_thread_start(&thread, worker_thread, w);
    if (rc != 0) { /* end it here: no session has begun */
        worker_stop(w);
        uv_run(&w->loop, UV_RUN_DEFAULT);
        return err_set(err, SQLSTATE_INTERNAL_ERROR, "could not start the worker's thread: %s",
                       strerror(rc));
    }
    notify_ready();
    pthread_join(thread, NULL);
    return 0;
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
    job_pool_close(w);
    link_hub_close(w);
    uv_run(&w->loop, UV_RUN_DEFAULT);
    int rc = uv_loop_close(&w->loop);
    must(rc == 0);
    link_hub_free(w);
    policy_cache_free(w->plans);
    track_shared_release(&w->settings);
    quotas_free(w->quotas);
    SSL_CTX_free(w->tls);
    conf_unref(w->conf);
}
