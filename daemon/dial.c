#include "daemon/dial.h"

#include "daemon/address.h"
#include "daemon/job.h"
#include "daemon/must.h"
#include "daemon/server_open.h"
#include "daemon/target.h"
#include "daemon/worker.h"
#include "protocol/sqlstate.h"

#include <stdlib.h>

#define DIAL_TIMEOUT_MS 10000

struct dial {
    struct job job; /* resolving */
    struct target *target; /* one reference */
    unsigned holds;        /* job, polls, timer */
    void (*done)(void *owner, PGconn *pg, const char *why); /* NULL: has been called, or must not be */
    void *owner;
    const char *replication; /* static */
    char *conninfo;
    size_t first_host;
    struct address address;
    int resolved;
    struct err err;
    PGconn *pg;
    struct dial_poll *poll;
    uv_timer_t timer;
};

struct dial_poll { /* libpq's descriptor may be another one after each step */
    uv_poll_t poll;
    struct dial *dial;
};

static void step(struct dial *d);

static void unhold(struct dial *d)
{
    must(d->holds > 0);
    if (--d->holds > 0)
        return;
    address_release(&d->address);
    free(d->conninfo);
    target_unref(d->target);
    free(d);
}

static void poll_closed(uv_handle_t *h)
{
    struct dial_poll *p = h->data;
    unhold(p->dial);
    free(p);
}

static void timer_closed(uv_handle_t *h)
{
    unhold(h->data);
}

static void unwatch(struct dial *d)
{
    if (d->poll)
        uv_close((uv_handle_t *)&d->poll->poll, poll_closed);
    d->poll = NULL;
}

/* No callback comes after this. */
static void end(struct dial *d)
{
    d->done = NULL;
    unwatch(d);
    uv_close((uv_handle_t *)&d->timer, timer_closed);
}

static void failed(struct dial *d, const char *why)
{
    void (*done)(void *owner, PGconn *pg, const char *why) = d->done;
    PGconn *pg = d->pg;
    d->holds++;
    d->pg = NULL;
    end(d);
    done(d->owner, NULL, why);
    PQfinish(pg);
    unhold(d);
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
    struct dial *d = ((struct dial_poll *)poll->data)->dial;
    (void)status; /* libpq will meet the same error and has a text for it */
    (void)events;
    unwatch(d);
    step(d);
}

static void watch(struct dial *d, int events)
{
    struct dial_poll *p = calloc(1, sizeof(*p));
    if (!p || uv_poll_init(&d->target->worker->loop, &p->poll, PQsocket(d->pg)) != 0) {
        free(p);
        failed(d, "cannot watch the connection");
        return;
    }
    p->poll.data = p;
    p->dial = d;
    d->poll = p;
    d->holds++;
    uv_poll_start(&p->poll, events, on_poll);
}

static void connected(struct dial *d)
{
    void (*done)(void *owner, PGconn *pg, const char *why) = d->done;
    PGconn *pg = d->pg;
    d->pg = NULL;
    end(d);
    done(d->owner, pg, NULL);
}

static void step(struct dial *d)
{
    switch (PQconnectPoll(d->pg)) {
    case PGRES_POLLING_READING:
        watch(d, UV_READABLE);
        break;
    case PGRES_POLLING_WRITING:
        watch(d, UV_WRITABLE);
        break;
    case PGRES_POLLING_OK:
        connected(d);
        break;
    default:
        failed(d, PQerrorMessage(d->pg));
        break;
    }
}

static void on_timeout(uv_timer_t *timer)
{
    failed(timer->data, "timeout expired");
}

static void resolve_work(struct job *j)
{
    struct dial *d = list_entry(j, struct dial, job);
    d->resolved = address_resolve(d->conninfo, d->first_host, &d->address, &d->err);
}

static void resolve_done(struct job *j)
{
    struct dial *d = list_entry(j, struct dial, job);
    if (d->done && d->resolved != 0) {
        failed(d, d->err.message);
    } else if (d->done) {
        d->pg = server_open_libpq(d->target, d->conninfo, &d->address, d->replication);
        if (!d->pg || PQstatus(d->pg) == CONNECTION_BAD || PQsetnonblocking(d->pg, 1) != 0)
            failed(d, d->pg ? PQerrorMessage(d->pg) : "out of memory");
        else
            watch(d, UV_WRITABLE);
    }
    unhold(d);
}

struct dial *dial_start(struct target *t, const char *replication,
                        void (*done)(void *owner, PGconn *pg, const char *why), void *owner,
                        struct err *err)
{
    struct dial *d = calloc(1, sizeof(*d));
    char *conninfo = d ? strdup(t->postgres) : NULL;
    if (!conninfo) {
        free(d);
        err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
        return NULL;
    }
    *d = (struct dial){.done = done, .owner = owner, .replication = replication, .conninfo = conninfo,
                       .first_host = t->first_host};
    d->job = (struct job){.work = resolve_work, .done = resolve_done};
    if (job_start(t->worker, &d->job, err) != 0) {
        free(conninfo);
        free(d);
        return NULL;
    }
    d->holds = 2; /* the job and the timer */
    d->target = target_ref(t);
    uv_timer_init(&t->worker->loop, &d->timer);
    d->timer.data = d;
    uv_timer_start(&d->timer, on_timeout, DIAL_TIMEOUT_MS, 0);
    return d;
}

void dial_stop(struct dial *d)
{
    end(d);
    PQfinish(d->pg); /* its poll has ended */
    d->pg = NULL;
}
