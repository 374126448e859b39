#include "daemon/crew.h"

#include "conf/conf.h"
#include "daemon/deep_thread.h"
#include "daemon/handshakes.h"
#include "daemon/listener.h"
#include "daemon/must.h"
#include "daemon/notify.h"
#include "daemon/quota.h"
#include "daemon/reload.h"
#include "daemon/tls.h"
#include "daemon/worker.h"
#include "policy/policy.h"
#include "protocol/sqlstate.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/rand.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void crew_lock(struct crew *c)
{
    if (c->n > 1)
        pthread_mutex_lock(&c->lock);
}

void crew_unlock(struct crew *c)
{
    if (c->n > 1)
        pthread_mutex_unlock(&c->lock);
}

/* -- clients -- */

struct newcomer { /* a client on its way to its worker */
    struct mail mail;
    struct handshakes *handshakes; /* it has a place there */
    int fd;
    bool is_unix;
};

static void newcomer_deliver(struct mail *m, struct worker *w)
{
    struct newcomer *n = list_entry(m, struct newcomer, mail);
    struct err err;
    if (worker_accept(w, n->fd, n->is_unix, &err) != 0) {
        log_warning(w->log, "refused a client: %s", err.message);
        listener_refuse(n->fd, &err);
        atomic_fetch_sub_explicit(&w->clients, 1, memory_order_relaxed);
    }
    free(n);
}

static void newcomer_drop(struct mail *m)
{
    struct newcomer *n = list_entry(m, struct newcomer, mail);
    handshakes_give(n->handshakes);
    close(n->fd);
    free(n);
}

static struct worker *least_loaded(struct crew *c)
{
    struct worker *best = NULL;
    size_t fewest = SIZE_MAX;
    for (size_t i = 0; i < c->n; i++) {
        struct worker *w = c->workers[i];
        size_t clients = atomic_load_explicit(&w->clients, memory_order_relaxed);
        if (clients < fewest) {
            best = w;
            fewest = clients;
        }
    }
    return best;
}

static int send_client(struct worker *w, int fd, bool is_unix, struct err *err)
{
    struct newcomer *n = malloc(sizeof(*n));
    if (!n) {
        handshakes_give(w->crew->handshakes);
        return err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
    }
    mail_init(&n->mail, newcomer_deliver, newcomer_drop);
    n->handshakes = w->crew->handshakes;
    n->fd = fd;
    n->is_unix = is_unix;
    mailbox_send(&w->mailbox, &n->mail);
    return 0;
}

int crew_place(struct crew *c, int fd, bool is_unix, struct err *err)
{
    struct worker *w = least_loaded(c);
    atomic_fetch_add_explicit(&w->clients, 1, memory_order_relaxed);
    int rc = w->index == 0 ? worker_accept(w, fd, is_unix, err) : send_client(w, fd, is_unix, err);
    if (rc != 0)
        atomic_fetch_sub_explicit(&w->clients, 1, memory_order_relaxed);
    return rc;
}

struct worker *crew_worker_of(struct crew *c, uint32_t pid)
{
    return c->workers[pid % c->n];
}

/* -- snapshots -- */

static void snapshot_deliver(struct mail *m, struct worker *w)
{
    struct crew *c = w->crew;
    (void)m;
    crew_lock(c);
    struct conf *conf = conf_ref(c->conf);
    SSL_CTX *tls = c->tls;
    if (tls)
        SSL_CTX_up_ref(tls);
    crew_unlock(c);
    worker_adopt(w, conf, tls);
    conf_unref(conf);
    SSL_CTX_free(tls);
    if (atomic_fetch_sub(&c->unread, 1) == 1)
        mailbox_send(&c->workers[0]->mailbox, &c->published);
}

static void published_deliver(struct mail *m, struct worker *w)
{
    (void)m;
    reload_published(w);
}

void crew_publish(struct crew *c, struct conf *conf, SSL_CTX *tls)
{
    if (tls)
        SSL_CTX_up_ref(tls);
    crew_lock(c);
    struct conf *old = c->conf;
    SSL_CTX *old_tls = c->tls;
    c->conf = conf_ref(conf);
    c->tls = tls;
    crew_unlock(c);
    conf_unref(old);
    SSL_CTX_free(old_tls);
    atomic_store(&c->unread, c->n - 1);
    if (c->n == 1)
        mailbox_send(&c->workers[0]->mailbox, &c->published);
    for (size_t i = 1; i < c->n; i++)
        mailbox_send(&c->workers[i]->mailbox, &c->workers[i]->snapshot_mail);
}

/* -- the end -- */

static void stop_deliver(struct mail *m, struct worker *w)
{
    (void)m;
    worker_stop(w, atomic_load(&w->crew->stops) > 1);
}

static void finish_deliver(struct mail *m, struct worker *w)
{
    (void)m;
    worker_finish(w);
}

static void finish_all(struct crew *c)
{
    for (size_t i = 0; i < c->n; i++)
        mailbox_send(&c->workers[i]->mailbox, &c->workers[i]->finish_mail);
}

void crew_stop(struct crew *c)
{
    size_t clients = 0;
    for (size_t i = 0; i < c->n; i++)
        clients += atomic_load_explicit(&c->workers[i]->clients, memory_order_relaxed);
    if (atomic_fetch_add(&c->stops, 1) == 0) {
        log_info(c->log, "stopping, sessions: %zu", clients);
        notify_stopping();
    } else {
        log_info(c->log, "ending the remaining sessions now: %zu", clients);
    }
    for (size_t i = 0; i < c->n; i++)
        mailbox_send(&c->workers[i]->mailbox, &c->workers[i]->stop_mail);
}

void crew_idle(struct crew *c)
{
    if (atomic_fetch_sub(&c->busy, 1) == 1)
        finish_all(c);
}

/* -- the beginning -- */

/* All loops have ended.  What one still has for another is dropped before any of them goes. */
static void release_workers(struct crew *c)
{
    for (size_t i = 0; i < c->n; i++)
        mailbox_close(&c->workers[i]->mailbox);
    for (size_t i = 0; i < c->n; i++) {
        worker_release(c->workers[i]);
        free(c->workers[i]);
    }
}

static void crew_free(struct crew *c)
{
    free(c->workers);
    handshakes_free(c->handshakes);
    quotas_free(c->quotas);
    conf_unref(c->conf);
    SSL_CTX_free(c->tls);
    pthread_mutex_destroy(&c->lock);
}

static void room_deliver(struct mail *m, struct worker *w)
{
    (void)m;
    listeners_room(w);
}

static struct worker *worker_make(struct crew *c, size_t index, struct err *err)
{
    struct worker *w = malloc(sizeof(*w));
    if (!w) {
        err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
        return NULL;
    }
    if (worker_init(w, c, index, c->conf, c->tls, err) != 0) {
        free(w);
        return NULL;
    }
    mail_init(&w->stop_mail, stop_deliver, NULL);
    mail_init(&w->finish_mail, finish_deliver, NULL);
    mail_init(&w->snapshot_mail, snapshot_deliver, NULL);
    return w;
}

static int crew_init(struct crew *c, struct conf *conf, struct daemon_log *log, struct err *err)
{
    *c = (struct crew){.takes_over = c->takes_over,
                       .log = log,
                       .n = conf->workers ? conf->workers : uv_available_parallelism()};
    pthread_mutex_init(&c->lock, NULL);
    list_init(&c->commons);
    mail_init(&c->published, published_deliver, NULL);
    mail_init(&c->room, room_deliver, NULL);
    atomic_init(&c->busy, c->n);
    c->workers = calloc(c->n, sizeof(struct worker *));
    c->quotas = quotas_new();
    if (!c->workers || !c->quotas)
        return err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
    if (RAND_bytes(c->secret, sizeof c->secret) != 1) {
        ERR_clear_error();
        return err_set(err, SQLSTATE_INTERNAL_ERROR, "no random numbers to be had");
    }
    return tls_context_new(conf, &c->tls, err);
}

/* The first worker lets clients in. */
static int lead(struct crew *c, struct err *err)
{
    struct worker *first = c->workers[0];
    c->handshakes = handshakes_new(c->conf->clients.handshakes, &first->mailbox, &c->room);
    if (!c->handshakes)
        return err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
    return worker_lead(first, err);
}

int crew_open(struct crew *c, struct conf *conf, struct daemon_log *log, struct err *err)
{
    size_t made = 0;
    if (crew_init(c, conf, log, err) != 0)
        goto fail;
    c->conf = conf;
    while (made < c->n && (c->workers[made] = worker_make(c, made, err)) != NULL)
        made++;
    if (made == c->n && lead(c, err) == 0)
        return 0;
    c->conf = NULL; /* the caller keeps its reference on failure */
    for (size_t i = 0; i < made; i++) {
        worker_finish(c->workers[i]);
        worker_run(c->workers[i]);
    }
    c->n = made;
    release_workers(c);
fail:
    crew_free(c);
    return -1;
}

static void *worker_thread(void *arg)
{
    struct worker *w = arg;
    char name[16]; /* for who looks at the threads: as many as the kernel takes */
    snprintf(name, sizeof name, "worker %zu", w->index);
    (void)pthread_setname_np(pthread_self(), name);
    policy_thread_init();
    worker_run(w);
    policy_thread_release();
    return NULL;
}

/* The first one starts last: nobody is let in before all are there.  It alone takes signals. */
static size_t start_threads(struct crew *c, pthread_t *threads, int *ret_error)
{
    sigset_t all, old;
    size_t started = 0;
    *ret_error = 0;
    while (started < c->n && *ret_error == 0) {
        size_t i = c->n - 1 - started;
        sigfillset(&all);
        pthread_sigmask(SIG_SETMASK, i > 0 ? &all : NULL, &old);
        *ret_error = deep_thread_start(&threads[i], worker_thread, c->workers[i]);
        pthread_sigmask(SIG_SETMASK, &old, NULL);
        started += *ret_error == 0;
    }
    return started;
}

int crew_run(struct crew *c, struct err *err)
{
    int error = ENOMEM;
    pthread_t *threads = calloc(c->n, sizeof(*threads));
    size_t started = threads ? start_threads(c, threads, &error) : 0;
    if (error == 0)
        notify_ready();
    else /* no session has begun */
        finish_all(c);
    for (size_t i = 0; i < c->n - started; i++)
        worker_run(c->workers[i]);
    for (size_t i = c->n - started; i < c->n; i++)
        pthread_join(threads[i], NULL);
    free(threads);
    if (error == 0)
        return 0;
    return err_set(err, SQLSTATE_INTERNAL_ERROR, "could not start a worker's thread: %s",
                   strerror(error));
}

void crew_release(struct crew *c)
{
    release_workers(c);
    must(list_empty(&c->commons));
    crew_free(c);
}
