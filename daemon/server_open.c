#include "daemon/server_open.h"

#include "daemon/address.h"
#include "daemon/job.h"
#include "daemon/server.h"
#include "daemon/server_cancel.h"
#include "daemon/server_fit.h"
#include "daemon/store/store.h"
#include "daemon/target.h"
#include "daemon/worker.h"
#include "protocol/sqlstate.h"

#include <stdlib.h>

struct server_opener {
    struct job job; /* resolving */
    struct server *server;
    bool resolving;
    bool stopped; /* the server is being closed */
    char *conninfo;
    size_t first_host;
    struct address address;
    struct server_trace *trace;
    int result;
    struct err err;
};

struct watch { /* libpq's descriptor may be another one after each step: a poll for each */
    uv_poll_t poll;
    struct server *server; /* one hold */
};

static void step(struct server *s);

static void opener_free(struct server_opener *o)
{
    address_release(&o->address);
    free(o->conninfo);
    free(o);
}

static void watch_closed(uv_handle_t *h)
{
    struct watch *w = h->data;
    struct server *s = w->server;
    free(w);
    server_unhold(s);
}

static void unwatch(struct server *s)
{
    if (!s->watch)
        return;
    uv_close((uv_handle_t *)&s->watch->poll, watch_closed);
    s->watch = NULL;
}

void server_open_stop(struct server *s)
{
    unwatch(s);
    if (!s->opener)
        return;
    s->opener->stopped = true;
    server_trace_end(s->opener->trace, s);
    s->opener->trace = NULL;
    if (!s->opener->resolving)
        opener_free(s->opener);
    s->opener = NULL;
}

static void failed(struct server *s, const char *text)
{
    struct err err;
    size_t len = strlen(text);
    while (len > 0 && (text[len - 1] == '\n' || text[len - 1] == ' '))
        len--;
    err_set(&err, SQLSTATE_CONNECTION_FAILURE, "%.*s", (int)len, text);
    server_open_failed(s, &err);
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
    struct watch *w = poll->data;
    struct server *s = w->server;
    (void)status; /* libpq will meet the same error and has a text for it */
    (void)events;
    unwatch(s);
    step(s);
}

static void watch(struct server *s, int events)
{
    struct watch *w = calloc(1, sizeof(*w));
    if (!w || uv_poll_init(&s->worker->loop, &w->poll, PQsocket(s->pg)) != 0) {
        free(w);
        failed(s, "cannot watch the connection");
        return;
    }
    w->poll.data = w;
    w->server = s;
    s->watch = w;
    server_hold(s);
    uv_poll_start(&w->poll, events, on_poll);
}

const char *const server_open_reported[] = {
    "server_version",
    "server_encoding",
    "client_encoding",
    "application_name",
    "default_transaction_read_only",
    "in_hot_standby",
    "is_superuser",
    "session_authorization",
    "DateStyle",
    "IntervalStyle",
    "TimeZone",
    "integer_datetimes",
    "standard_conforming_strings",
    NULL,
};

static void connected(struct server *s)
{
    struct err err;
    if (server_fit(s->pg, &err) != 0) {
        server_open_failed(s, &err);
        return;
    }
    for (size_t i = 0; server_open_reported[i]; i++) {
        const char *value = PQparameterStatus(s->pg, server_open_reported[i]);
        if (value && target_set_param(s->target, server_open_reported[i], value, &err) != 0) {
            server_open_failed(s, &err);
            return;
        }
    }
    server_trace_take(s->opener->trace, s);
    server_open_stop(s);
    server_opened(s);
}

static void step(struct server *s)
{
    switch (PQconnectPoll(s->pg)) {
    case PGRES_POLLING_READING:
        watch(s, UV_READABLE);
        break;
    case PGRES_POLLING_WRITING:
        watch(s, UV_WRITABLE);
        break;
    case PGRES_POLLING_OK:
        connected(s);
        break;
    default:
        failed(s, PQerrorMessage(s->pg));
        break;
    }
}

/* Later words win over earlier ones: ours about the protocol over the file's, the file's over
 * defaults. */
PGconn *server_open_libpq(const struct target *t, const char *conninfo, const struct address *a,
                          const char *replication)
{
    const char *words[12], *values[12];
    size_t n = 0;
#define WORD(word, value) (words[n] = (word), values[n++] = (value))
    WORD("gssencmode", "disable"); /* looks for tickets in files */
    WORD("application_name", "partywall");
    WORD("target_session_attrs", SERVER_FIT_SESSION_ATTRS);
    WORD("dbname", conninfo);
    if (t->database)
        WORD("dbname", t->database);
    if (t->secret)
        WORD("password", t->secret);
    if (a->hostaddr) {
        WORD("host", a->host);
        WORD("port", a->port);
        WORD("hostaddr", a->hostaddr);
    }
    WORD("client_encoding", "UTF8");
    if (replication)
        WORD("replication", replication);
#undef WORD
    words[n] = values[n] = NULL;
    return PQconnectStartParams(words, values, 1);
}

static void connect_to(struct server *s, struct server_opener *o)
{
    s->pg = server_open_libpq(s->target, o->conninfo, &o->address, NULL);
    if (!s->pg || PQstatus(s->pg) == CONNECTION_BAD)
        failed(s, s->pg ? PQerrorMessage(s->pg) : "out of memory");
    else if (PQsetnonblocking(s->pg, 1) != 0)
        failed(s, PQerrorMessage(s->pg));
    else {
        o->trace = server_trace_begin(s);
        watch(s, UV_WRITABLE); /* as libpq's manual says: as if it had said WRITING */
    }
}

static void resolve_work(struct job *j)
{
    struct server_opener *o = list_entry(j, struct server_opener, job);
    o->result = address_resolve(o->conninfo, o->first_host, &o->address, &o->err);
}

static void resolve_done(struct job *j)
{
    struct server_opener *o = list_entry(j, struct server_opener, job);
    struct server *s = o->server;
    o->resolving = false;
    if (o->stopped)
        opener_free(o);
    else if (o->result != 0)
        server_open_failed(s, &o->err);
    else
        connect_to(s, o);
    server_unhold(s);
}

/* A host that answers nothing at all has taken the time of those behind it: they come first from now on. */
static void on_timeout(uv_timer_t *timer)
{
    struct server *s = timer->data;
    s->target->first_host++;
    failed(s, "timeout expired");
}

static int open_postgres(struct server *s, struct err *err)
{
    struct server_opener *o = calloc(1, sizeof(*o));
    if (!o)
        return err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
    o->server = s;
    o->conninfo = strdup(s->target->postgres);
    o->first_host = s->target->first_host;
    o->job = (struct job){.work = resolve_work, .done = resolve_done};
    if (!o->conninfo || job_start(s->worker, &o->job, err) != 0) {
        if (!o->conninfo)
            err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
        opener_free(o);
        return -1;
    }
    o->resolving = true;
    s->opener = o;
    server_hold(s);
    uv_timer_start(&s->timer, on_timeout, s->target->limits.connect_timeout_ms, 0);
    return 0;
}

/* The first offer of what it has comes from the loop, as with PostgreSQL. */
static void on_store_open(uv_timer_t *timer)
{
    server_opened(timer->data);
}

static int open_store(struct server *s, struct err *err)
{
    for (const char *const *p = store_parameters; p[0]; p += 2)
        if (target_set_param(s->target, p[0], p[1], err) != 0)
            return -1;
    if (store_connect(target_store(s->target), &s->fd, &s->store, err) != 0)
        return -1;
    uv_timer_start(&s->timer, on_store_open, 0, 0);
    return 0;
}

void server_open(struct target *t)
{
    struct err err;
    struct server *s = server_new(t);
    if (!s) {
        err_set(&err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
        pool_unreserve(t);
        pool_open_failed(t, &err);
    } else if ((t->postgres ? open_postgres(s, &err) : open_store(s, &err)) != 0) {
        server_open_failed(s, &err);
    }
}
