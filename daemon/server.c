#include "daemon/server.h"

#include "conf/limits.h"
#include "daemon/job.h"
#include "daemon/link_io.h"
#include "daemon/must.h"
#include "daemon/pool.h"
#include "daemon/pool_host.h"
#include "daemon/server_cancel.h"
#include "daemon/server_fit.h"
#include "daemon/server_open.h"
#include "daemon/session.h"
#include "daemon/store/store.h"
#include "daemon/target.h"
#include "daemon/worker.h"
#include "protocol/frame.h"
#include "protocol/msg_read.h"
#include "protocol/msg_write.h"

#include <openssl/rand.h>
#include <stdlib.h>
#include <unistd.h>

#define SERVER_REST_MS  8
#define SERVER_CLEAN_MS 5000 /* a ROLLBACK that takes longer is not worth waiting for */

void server_hold(struct server *s)
{
    s->holds++;
}

/* -- the end -- */

struct farewell { /* the store's connection ends off the loop: it waits for its thread */
    struct job job;
    struct server *server;
};

void server_free(struct server *s)
{
    if (s->pg)
        PQfinish(s->pg);
    pool_host_give(s->target ? s->target->commons : s->commons);
    flow_free(s->flow);
    prepared_clear(&s->prepared);
    session_heal_free(s);
    track_set_unref(s->settings);
    target_unref(s->target);
    s->magic = 0;
    free(s);
}

static void farewell_work(struct job *j)
{
    store_conn_free(list_entry(j, struct farewell, job)->server->store);
}

static void farewell_done(struct job *j)
{
    struct farewell *f = list_entry(j, struct farewell, job);
    server_free(f->server);
    free(f);
}

void server_unhold(struct server *s)
{
    must(s->magic == SERVER_MAGIC && s->holds > 0);
    if (--s->holds > 0)
        return;
    if (s->state == SERVER_MOVING) {
        server_departs(s);
        return;
    }
    struct err err;
    struct farewell *f = s->store ? calloc(1, sizeof(*f)) : NULL;
    if (!s->store) {
        server_free(s);
        return;
    }
    if (f) {
        f->job = (struct job){.work = farewell_work, .done = farewell_done};
        f->server = s;
        if (job_start(s->worker, &f->job, &err) == 0)
            return;
        free(f);
    }
    store_conn_free(s->store);
    server_free(s);
}

static void link_closed(struct link *l)
{
    server_unhold(l->owner);
}

static void timer_closed(uv_handle_t *h)
{
    server_unhold(h->data);
}

void server_close(struct server *s, const char *why)
{
    must(s->magic == SERVER_MAGIC);
    if (s->state == SERVER_CLOSED)
        return;
    struct target *t = s->target;
    if (why && !t->closing)
        log_info(s->worker->log, "connection to back end \"%s\" ended: %s", t->label, why);
    must(s->state != SERVER_MOVING);
    pool_remove(s);
    if (s->state == SERVER_OPENING)
        server_open_stop(s);
    s->state = SERVER_CLOSED;
    wheel_stop(&s->rest);
    s->session = NULL;
    if (s->linked) {
        if (!why && s->pg) { /* a farewell, for the server's log */
            msg_terminate(link_out(&s->link));
            link_wrote(&s->link);
            link_close_flushed(&s->link, link_closed);
        } else {
            link_close(&s->link, link_closed);
        }
    } else if (s->store) {
        close(s->fd); /* its thread ends when it sees that */
    }
    uv_close((uv_handle_t *)&s->timer, timer_closed);
    pool_gone(t);
}

/* -- cancelling -- */

void server_cancelled(struct server *s, bool late)
{
    s->cancels--;
    if (late) { /* it could hit what the next client runs */
        log_warning(s->worker->log, "back end \"%s\": a cancel request was not answered",
                    s->target->label);
        s->doomed = true;
    }
    if (s->state == SERVER_HELD && s->cancels == 0)
        pool_put(s);
}

void server_cancel(struct server *s)
{
    if (s->store)
        store_cancel(s->store);
    else if (s->cancels == 0 && server_cancel_send(s) == 0) /* one is enough */
        s->cancels++;
}

/* -- while no session has it -- */

static void on_timer(uv_timer_t *timer)
{
    server_close(timer->data, "no answer to a query of ours");
}

/* -> false: it had to be closed. */
static bool ask(struct server *s, const char *sql)
{
    struct err err;
    s->session = NULL;
    s->state = SERVER_CLEANING;
    if (flow_push(s->flow, FLOW_QUERY, FLOW_SWALLOW, 0, &err) != 0) {
        server_close(s, err.message);
        return false;
    }
    msg_query(link_out(&s->link), (struct slice){sql, strlen(sql)});
    link_wrote(&s->link);
    link_resume(&s->link);
    uv_timer_start(&s->timer, on_timer, SERVER_CLEAN_MS, 0);
    return true;
}

void server_clean(struct server *s)
{
    must(s->state == SERVER_LEASED && flow_len(s->flow) == 0);
    if (ask(s, "ROLLBACK") && s->kept)
        (void)ask(s, "DISCARD ALL");
}

bool server_question(struct server *s)
{
    const char *sql = s->pg ? server_fit_question(s->target->postgres) : NULL;
    must(s->suspect && s->state != SERVER_IDLE && flow_len(s->flow) == 0);
    s->suspect = false;
    s->questioned = sql && ask(s, sql);
    return sql != NULL;
}

bool server_is_silent(const struct server *s)
{
    return !link_has_input(&s->link) && link_io_sniff(&s->link) == LINK_IO_AGAIN;
}

static void cleaned(struct server *s)
{
    uv_timer_stop(&s->timer);
    s->status = 'I';
    s->questioned = false;
    if (s->kept) { /* everything has been discarded */
        prepared_clear(&s->prepared);
        track_set_unref(s->settings);
        s->settings = NULL;
        s->settings_unknown = s->kept = false;
    }
    pool_put(s);
}

/* The answers to what was asked. */
static void on_answer(struct server *s, const struct frame *f)
{
    static const char no[] = {0, 1, 0, 0, 0, 1, 'f'}; /* one column of one byte */
    bool is_no = f->body_len == sizeof(no) && memcmp(f->body, no, sizeof(no)) == 0;
    if (f->type == 'Z' && f->body_len == 1 && f->body[0] == 'I') {
        flow_pop(s->flow);
        if (flow_len(s->flow) == 0)
            cleaned(s);
    } else if (s->questioned && f->type == 'D' && !is_no) {
        pool_suspect(s->target);
        server_close(s, "it only reads now");
    } else if (f->type != 'C' && !(s->questioned && (f->type == 'T' || f->type == 'D'))) {
        server_close(s, "a query of ours was not answered as expected");
    }
}

/* A message nobody waits for.  Settings reports and notices are to be expected at any time and
 * concern nobody (wire case 81); anything else means that this connection is over, or not
 * understood. */
static void unasked(struct server *s, const struct frame *f)
{
    struct err said;
    char severity[16];
    if (f->type == 'S' || f->type == 'N' || f->type == 'A')
        return;
    if (s->state == SERVER_CLEANING) {
        on_answer(s, f);
        return;
    }
    struct slice body = {f->body, f->body_len};
    if (f->type == 'E' && msg_read_error(body, &said, severity) == 0)
        server_close(s, said.message);
    else
        server_close(s, "unexpected message");
}

static size_t on_data(struct link *l, struct slice data)
{
    struct server *s = l->owner;
    size_t used = 0;
    while (used < data.len && s->state != SERVER_CLOSED && s->state != SERVER_MOVING) {
        struct slice rest = {data.data + used, data.len - used};
        if (s->state == SERVER_LEASED && s->session) {
            size_t n = session_from_server(s->session, rest);
            used += n;
            if (n == 0 || (s->state == SERVER_LEASED && s->session))
                break; /* it has what it wants; otherwise it let the server go */
            continue;
        }
        struct frame f;
        struct err err;
        int got = frame_next(FRAME_BACKEND, rest, LIMIT_MESSAGE_BYTES, &f, &err);
        if (got < 0)
            server_close(s, err.message);
        if (got <= 0)
            break;
        used += (size_t)f.head_len + f.body_len;
        unasked(s, &f);
    }
    return used;
}

static void on_rest(struct wheel_timer *t)
{
    struct server *s = list_entry(t, struct server, rest);
    store_rest(s->store);
}

static size_t on_flush(struct link *l, struct slice data, struct buf *reply)
{
    struct server *s = l->owner;
    size_t used = s->store ? store_answer(s->store, data, l->bytes_out, l->bytes_in, reply) : 0;
    if (used > 0 && !wheel_runs(&s->rest))
        wheel_start(&s->worker->timers, &s->rest, uv_now(&s->worker->loop), SERVER_REST_MS, on_rest);
    return used;
}

static void on_drained(struct link *l)
{
    struct server *s = l->owner;
    if (s->session)
        session_server_drained(s->session);
}

static void on_end(struct link *l, const char *why)
{
    struct server *s = l->owner;
    if (s->session)
        session_lost_server(s->session, why);
    server_close(s, why);
}

static const struct link_handler server_link_handler = {
    .on_data = on_data,
    .on_drained = on_drained,
    .on_flush = on_flush,
    .on_end = on_end,
};

/* -- the beginning -- */

static void server_link_set(struct server *s)
{
    s->link.high_bytes = LIMIT_SERVER_HIGH_BYTES;
    s->link.low_bytes = LIMIT_SERVER_LOW_BYTES;
    s->linked = true;
    server_hold(s);
}

void server_opened(struct server *s)
{
    struct target *t = s->target;
    struct err err;
    uv_timer_stop(&s->timer);
    int r = s->pg ? link_init_borrowed(&s->link, s->worker, PQsocket(s->pg), PQgetssl(s->pg),
                                       &server_link_handler, s, &err)
                  : link_init(&s->link, s->worker, s->fd, &server_link_handler, s, &err);
    if (r != 0) {
        server_open_failed(s, &err);
        return;
    }
    server_link_set(s);
    s->status = 'I';
    s->epoch = target_statements_epoch(t);
    s->born_ms = uv_now(&s->worker->loop);
    (void)RAND_bytes(&s->jitter, 1);
    pool_opened(s);
    target_params_complete(t);
}

void server_open_failed(struct server *s, const struct err *why)
{
    struct err copy = *why;
    struct target *t = s->target;
    pool_open_failed(t, &copy);
    server_close(s, NULL);
}

struct server *server_new(struct target *t)
{
    struct server *s = calloc(1, sizeof(*s));
    struct flow *flow = flow_new();
    if (!s || !flow) {
        free(s);
        flow_free(flow);
        return NULL;
    }
    s->magic = SERVER_MAGIC;
    s->flow = flow;
    s->worker = t->worker;
    s->target = target_ref(t);
    s->fd = -1;
    list_init(&s->node);
    prepared_init(&s->prepared);
    wheel_timer_init(&s->rest);
    uv_timer_init(&t->worker->loop, &s->timer);
    s->timer.data = s;
    server_hold(s); /* the timer */
    list_append(&t->pool.opening, &s->node);
    return s;
}
