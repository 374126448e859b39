/* A job is waiting (in the pool, under its lock), working (a helper thread alone has it), finished
 * (in the pool again), done (on the loop).  `pending` is the loop's own count of all of these;
 * while it is above zero the async handle keeps the loop alive. */
#include "daemon/job.h"

#include "daemon/deep_thread.h"
#include "daemon/must.h"
#include "daemon/worker.h"
#include "policy/policy.h"
#include "protocol/sqlstate.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#define JOB_THREADS 2

struct job_pool {
    pthread_t threads[JOB_THREADS];
    size_t nthreads; /* the loop's */
    size_t pending;  /* the loop's */
    uv_async_t finished_async;
    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t more;
    struct list waiting;
    struct list finished;
    bool ending;
};

static void *job_thread(void *arg)
{
    struct job_pool *p = arg;
    policy_thread_init();
    pthread_mutex_lock(&p->lock);
    for (;;) {
        struct list *n = list_shift(&p->waiting);
        if (!n) {
            if (p->ending)
                break;
            pthread_cond_wait(&p->more, &p->lock);
            continue;
        }
        pthread_mutex_unlock(&p->lock);
        struct job *j = list_entry(n, struct job, node);
        j->work(j);
        pthread_mutex_lock(&p->lock);
        list_append(&p->finished, &j->node);
        uv_async_send(&p->finished_async);
    }
    pthread_mutex_unlock(&p->lock);
    policy_thread_release();
    return NULL;
}

static void job_on_finished(uv_async_t *async)
{
    struct job_pool *p = async->data;
    struct list now;
    list_init(&now);
    pthread_mutex_lock(&p->lock);
    list_splice(&now, &p->finished);
    pthread_mutex_unlock(&p->lock);
    for (struct list *n; (n = list_shift(&now));) {
        struct job *j = list_entry(n, struct job, node);
        must(p->pending > 0);
        if (--p->pending == 0)
            uv_unref((uv_handle_t *)async);
        j->done(j); /* may start jobs, may free j */
    }
}

/* Signals are the loop's: helpers block them all. */
static int job_spawn(struct job_pool *p)
{
    sigset_t all, old;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    int rc = deep_thread_start(&p->threads[p->nthreads], job_thread, p);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    if (rc == 0)
        p->nthreads++;
    return rc;
}

int job_start(struct worker *w, struct job *j, struct err *err)
{
    struct job_pool *p = w->jobs;
    while (p->nthreads < JOB_THREADS) {
        int rc = job_spawn(p);
        if (rc == 0)
            continue;
        if (p->nthreads > 0)
            break; /* one is enough */
        return err_set(err, "53000", "could not start a helper thread: %s", strerror(rc));
    }
    if (p->pending++ == 0)
        uv_ref((uv_handle_t *)&p->finished_async);
    list_init(&j->node);
    pthread_mutex_lock(&p->lock);
    list_append(&p->waiting, &j->node);
    pthread_cond_signal(&p->more);
    pthread_mutex_unlock(&p->lock);
    return 0;
}

int job_pool_open(struct worker *w, struct err *err)
{
    struct job_pool *p = calloc(1, sizeof *p);
    if (!p)
        return err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
    int rc = uv_async_init(&w->loop, &p->finished_async, job_on_finished);
    if (rc != 0) {
        free(p);
        return err_set(err, "53000", "could not start the helper threads: %s", uv_strerror(rc));
    }
    p->finished_async.data = p;
    uv_unref((uv_handle_t *)&p->finished_async);
    pthread_mutex_init(&p->lock, NULL);
    pthread_cond_init(&p->more, NULL);
    list_init(&p->waiting);
    list_init(&p->finished);
    w->jobs = p;
    return 0;
}

static void job_on_closed(uv_handle_t *handle)
{
    struct job_pool *p = handle->data;
    pthread_cond_destroy(&p->more);
    pthread_mutex_destroy(&p->lock);
    free(p);
}

void job_pool_close(struct worker *w)
{
    struct job_pool *p = w->jobs;
    must(p->pending == 0);
    pthread_mutex_lock(&p->lock);
    p->ending = true;
    pthread_cond_broadcast(&p->more);
    pthread_mutex_unlock(&p->lock);
    for (size_t i = 0; i < p->nthreads; i++)
        pthread_join(p->threads[i], NULL);
    w->jobs = NULL;
    uv_close((uv_handle_t *)&p->finished_async, job_on_closed);
}
