/* session.c
 *
 *   STARTUP -> AUTH -> WELCOME -> IDLE -> QUEUED -> ACTIVE -> IDLE ...    any state -> CLOSING
 *    \-> TLS -^                    \-> DECIDE -^
 *
 * transition         made by              while there                            timer
 * STARTUP -> TLS     SSLRequest           only the handshake's bytes are read    login
 * STARTUP -> AUTH    start-up packet      SCRAM or password                      login
 * AUTH    -> WELCOME the proof is right   input waits: the target becomes        queue
 *                                         ready, settings are verified
 * WELCOME -> IDLE    ReadyForQuery        no server is leased                    idle
 * AUTH    -> RELAY   an owner's replication   bytes pass as they come       none
 * any     -> DECIDE  long text, refresh   input waits for a job, a catalog       none, queue
 * any     -> PACED   session_pace         input waits: its tenant is too fast    its turn
 * any     -> QUEUED  no server is idle    input waits in the fair queue          queue
 * QUEUED  -> ACTIVE  session_granted      a server is leased                     transaction
 * ACTIVE  -> IDLE    ReadyForQuery says I and nothing is owed
 *
 * DECIDE, PACED and QUEUED lead back to the message that began them: it is offered again. */
#include "daemon/session_internal.h"

#include "conf/limits.h"
#include "daemon/crew.h"
#include "daemon/handshakes.h"
#include "daemon/must.h"
#include "daemon/worker.h"

#include <inttypes.h>
#include <stdlib.h>

/* Who waits for a server is told so after this time. */
#define SESSION_NOTICE_MS 1000u

static const char *const state_names[] = {
#define X(name) #name,
    SESSION_STATES(X)
#undef X
};

static const char *state_name(enum session_state state)
{
    return state_names[state];
}

static void session_check(const struct session *s)
{
    must(s->magic == SESSION_MAGIC);
    must(s->state != SESSION_IDLE || s->server == NULL);
    must(s->state != SESSION_ACTIVE || s->server != NULL);
    must(pool_waits(&s->waiter) <= (s->state == SESSION_QUEUED || s->state == SESSION_WELCOME));
}

/* -- timers -- */

static struct session *of_timer(struct wheel_timer *t)
{
    return list_entry(t, struct session, timer);
}

void session_timer(struct session *s, uint64_t ms, void (*fire)(struct wheel_timer *t))
{
    wheel_start(&s->worker->timers, &s->timer, uv_now(&s->worker->loop), ms, fire);
}

static void login_timeout(struct wheel_timer *t)
{
    session_close(of_timer(t), "login timeout");
}

static void queue_timeout(struct wheel_timer *t)
{
    struct session *s = of_timer(t);
    struct err err;
    if (pool_is_down(s->target))
        err_set(&err, SQLSTATE_CONNECTION_FAILURE, "the back end cannot be reached");
    else
        err_set(&err, SQLSTATE_TOO_MANY_CONNECTIONS,
                "no server connection became free within the queue timeout");
    session_unqueue(s, &err);
}

/* Told once: a client that is patient need not wonder. */
static void queue_notice(struct wheel_timer *t)
{
    struct session *s = of_timer(t);
    struct err err;
    uint32_t limit_ms = s->target->limits.queue_timeout_ms;
    const char *least = track_set_get(s->track.now, "client_min_messages");
    session_timer(s, limit_ms - SESSION_NOTICE_MS, queue_timeout);
    if (least && (strcmp(least, "warning") == 0 || strcmp(least, "error") == 0))
        return;
    err_set(&err, SQLSTATE_SUCCESSFUL_COMPLETION, "waiting for a server connection");
    err_detail(&err, "This statement has waited for %u ms. It fails after %u ms.", SESSION_NOTICE_MS,
               limit_ms);
    msg_notice(session_out(s), "NOTICE", &err);
    session_wrote(s);
}

static void arm_queued(struct session *s)
{
    uint32_t limit_ms = s->target->limits.queue_timeout_ms;
    if (limit_ms > SESSION_NOTICE_MS)
        session_timer(s, SESSION_NOTICE_MS, queue_notice);
    else
        session_timer(s, limit_ms, queue_timeout);
}

static void welcome_timeout(struct wheel_timer *t)
{
    struct err err;
    err_set(&err, SQLSTATE_CONNECTION_FAILURE, "the back end cannot be reached");
    session_fail(of_timer(t), &err);
}

static void idle_timeout(struct wheel_timer *t)
{
    struct err err;
    err_set(&err, SQLSTATE_IDLE_SESSION_TIMEOUT, "terminating connection due to idle-session timeout");
    session_fail(of_timer(t), &err);
}

static void transaction_timeout(struct wheel_timer *t)
{
    struct err err;
    err_set(&err, "25P04", "terminating connection due to transaction timeout");
    session_fail(of_timer(t), &err);
}

/* The transaction's limit counts from its lease: to have waited meanwhile does not lengthen it. */
static void arm_active(struct session *s)
{
    uint64_t limit_ms = s->confined ? s->conf->limits.transaction_ms : 0;
    uint64_t had_ms = uv_now(&s->worker->loop) - s->leased_ms;
    if (limit_ms > 0)
        session_timer(s, had_ms < limit_ms ? limit_ms - had_ms : 1, transaction_timeout);
    else
        wheel_stop(&s->timer);
}

static void arm_idle(struct session *s)
{
    uint64_t limit_ms = s->worker->conf->clients.idle_timeout_ms; /* it may be long before it takes that over */
    if (limit_ms > 0 && s->status == 'I')
        session_timer(s, limit_ms, idle_timeout);
    else
        wheel_stop(&s->timer);
}

void session_arm(struct session *s)
{
    switch (s->state) {
    case SESSION_STARTUP:
        session_timer(s, s->conf->clients.login_timeout_ms, login_timeout);
        break;
    case SESSION_TLS:
    case SESSION_AUTH:
        break;
    case SESSION_WELCOME:
        session_timer(s, s->target->limits.queue_timeout_ms, welcome_timeout);
        break;
    case SESSION_QUEUED:
        arm_queued(s);
        break;
    case SESSION_ACTIVE:
        if (s->resting)
            arm_idle(s);
        else
            arm_active(s);
        break;
    case SESSION_IDLE:
        arm_idle(s);
        break;
    case SESSION_DECIDE:
    case SESSION_PACED:
    case SESSION_RELAY:
    case SESSION_CLOSING:
        wheel_stop(&s->timer);
        break;
    }
}

/* -- logging in -- */

static uint64_t now_ms(void)
{
    return uv_hrtime() / 1000000;
}

void session_step(struct session *s)
{
    if (s->handshake)
        handshake_step(s->worker->crew->handshakes, s->handshake, now_ms());
}

static void logged_in(struct session *s)
{
    if (s->handshake)
        handshake_end(s->worker->crew->handshakes, s->handshake);
    s->handshake = NULL;
}

void session_too_many(struct session *s)
{
    struct err err;
    err_set(&err, SQLSTATE_TOO_MANY_CONNECTIONS, "too many clients are logging in");
    session_fail(s, &err);
}

void session_enter(struct session *s, enum session_state next, const char *why)
{
    if (s->state == next || s->state == SESSION_CLOSING)
        return;
    log_debug(s->worker->log, "session %u: %s -> %s (%s)", s->pid, state_name(s->state),
              state_name(next), why);
    s->state = next;
    session_check(s);
    session_arm(s);
    if (next < SESSION_WELCOME)
        session_step(s);
    else
        logged_in(s);
}

/* -- the end -- */

void session_hold(struct session *s)
{
    s->holds++;
}

void session_keep(struct err **slot, const struct err *err)
{
    if (!*slot)
        *slot = malloc(sizeof(**slot));
    if (*slot)
        **slot = *err;
}

bool session_take(struct err **slot, struct err *ret)
{
    struct err *kept = *slot;
    *slot = NULL;
    if (kept)
        *ret = *kept;
    free(kept);
    return kept != NULL;
}

static void session_free(struct session *s)
{
    struct worker *w = s->worker;
    auth_release(s);
    track_release(&s->track);
    statements_clear(&s->statements);
    session_portals_clear(s);
    session_copy_free(s);
    decision_unref(s->decision);
    target_leave(s->target);
    conf_unref(s->conf);
    free(s->user);
    free(s->tenant);
    free(s->schema);
    free(s->start_tenant);
    free(s->next_tenant);
    free(s->old_tenant);
    free(s->failed_decide);
    free(s->failed_lease);
    free(s->lost);
    s->magic = 0;
    free(s);
    w->nsessions--;
    worker_session_gone(w);
}

void session_unhold(struct session *s)
{
    must(s->magic == SESSION_MAGIC && s->holds > 0);
    if (--s->holds == 0)
        session_free(s);
}

static void link_closed(struct link *l)
{
    session_unhold(l->owner);
}

struct session_wait {
    struct target_wait wait;
    struct session *session;
    void (*then)(struct session *s);
};

void session_unwait(struct session *s)
{
    if (s->wait)
        target_wait_leave(&s->wait->wait);
    free(s->wait);
    s->wait = NULL;
}

static void wait_done(struct target_wait *w)
{
    struct session_wait *wait = list_entry(w, struct session_wait, wait);
    struct session *s = wait->session;
    void (*then)(struct session *s) = wait->then;
    session_unwait(s);
    then(s);
}

struct target_wait *session_wait(struct session *s, void (*then)(struct session *s))
{
    must(!s->wait);
    struct session_wait *wait = calloc(1, sizeof(*wait));
    if (!wait)
        return NULL;
    list_init(&wait->wait.node);
    wait->wait.done = wait_done;
    wait->session = s;
    wait->then = then;
    s->wait = wait;
    return &wait->wait;
}

static void log_end(const struct session *s, const char *why)
{
    uint64_t ms = uv_now(&s->worker->loop) - s->begun_ms;
    log_info(s->worker->log,
             "session %u ended: %s; login \"%s\", tenant \"%s\", %" PRIu64 ".%03" PRIu64
             " s, %" PRIu64 " statements, %" PRIu64 " bytes in, %" PRIu64 " bytes out",
             s->pid, why, s->user ? s->user : "", s->tenant ? s->tenant : "", ms / 1000,
             ms % 1000, s->nstatements, s->link.bytes_in, s->link.bytes_out);
}

void session_close(struct session *s, const char *reason)
{
    char why[ERR_MESSAGE_BYTES]; /* what it is in may go with the server */
    must(s->magic == SESSION_MAGIC);
    if (s->state == SESSION_CLOSING)
        return;
    err_copy_text(why, sizeof(why), reason, strlen(reason));
    pool_leave(&s->waiter);
    session_unwait(s);
    if (s->run_len > 0)
        session_wrote(s); /* what was forwarded up to here still reaches the client */
    session_listen_free(s);
    session_relay_close(s);
    session_abandon_server(s);
    session_uncount(s);
    session_enter(s, SESSION_CLOSING, why);
    log_end(s, why);
    list_remove(&s->node);
    link_close_flushed(&s->link, link_closed);
}

void session_fail(struct session *s, const struct err *err)
{
    if (s->state == SESSION_CLOSING)
        return;
    if (!session_relay_runs(s)) {
        msg_error(session_out(s), "FATAL", err);
        session_wrote(s);
    }
    session_close(s, err->message);
}

/* -- output -- */

struct buf *session_out(struct session *s)
{
    if (s->run_len > 0) {
        link_write(&s->link, s->run, s->run_len);
        s->run_len = 0;
    }
    return link_out(&s->link);
}

void session_wrote(struct session *s)
{
    session_out(s);
    link_wrote(&s->link);
    if (s->server && link_is_congested(&s->link)) {
        link_pause(&s->server->link);
        session_stalled(s);
    }
}

/* -- input -- */

static bool is_blocked(const struct session *s)
{
    return s->state == SESSION_WELCOME || s->state == SESSION_TLS || s->state == SESSION_DECIDE ||
           s->state == SESSION_PACED || s->state == SESSION_QUEUED || s->holding_ready ||
           session_is_outfitting(s) || session_copy_waits(s) || session_heal_waits(s) || session_listen_waits(s) ||
           s->locks_asked ||
           (s->server &&
            (link_is_congested(&s->server->link) || flow_len(s->server->flow) > SESSION_OWED_HIGH));
}

void session_resume(struct session *s)
{
    if (s->state != SESSION_CLOSING && !is_blocked(s))
        link_resume(&s->link);
}

static enum verdict unexpected(struct session *s, char type)
{
    struct err err;
    err_set(&err, SQLSTATE_PROTOCOL_VIOLATION, "invalid frontend message type %d",
            (unsigned char)type);
    session_fail(s, &err);
    return GONE;
}

static enum verdict serve(struct session *s, const struct frame *f)
{
    if (session_copy_runs(s) || f->type == 'c' || f->type == 'f')
        return session_copy_message(s, f);
    switch (f->type) {
    case 'S':
        return session_sync(s);
    case 'Q':
        return s->skipping ? TAKEN : session_query(s, f);
    case 'F':
        return s->skipping ? TAKEN : session_function(s, f);
    case 'P':
    case 'B':
    case 'D':
    case 'E':
    case 'C':
    case 'H':
        return s->skipping ? TAKEN : session_extended(s, f);
    default:
        return unexpected(s, f->type);
    }
}

static enum verdict dispatch(struct session *s, const struct frame *f)
{
    uint64_t at = s->nowed;
    if (f->type == 'X') {
        session_close(s, "client closed the connection");
        return GONE;
    }
    bool first = !s->batch, alone = first && session_is_free(s);
    enum verdict v = serve(s, f);
    if (v != TAKEN)
        return v;
    if (first) {
        s->alone = alone && !s->healed;
        s->healed = false;
    }
    session_heal_note(s, f, at);
    return v;
}

static size_t one_message(struct session *s, struct slice data)
{
    struct frame f;
    struct err err;
    if (is_blocked(s)) {
        link_pause(&s->link);
        return 0;
    }
    if (s->copy_left > 0)
        return session_copy_data(s, data);
    if (session_may_adopt(s) && session_adopt(s) != 0)
        return 0;
    target_catch_up(s->target);
    int got = frame_head(FRAME_FRONTEND, data, &f, &err);
    if (got > 0 && f.type == 'd') {
        s->copy_left = f.body_len;
        return f.head_len;
    }
    if (got > 0)
        got = frame_next(FRAME_FRONTEND, data, LIMIT_MESSAGE_BYTES, &f, &err);
    if (got < 0)
        session_fail(s, &err);
    if (got <= 0)
        return 0;
    if (dispatch(s, &f) == WAIT) {
        link_pause(&s->link);
        return 0;
    }
    s->paced = s->outfitting = false;
    s->misfits = 0;
    session_release_if_done(s); /* a lease that turned out not to be needed */
    session_listen_idle(s);
    return (size_t)f.head_len + f.body_len;
}

static size_t on_data(struct link *l, struct slice data)
{
    struct session *s = l->owner;
    size_t used = 0;
    while (used < data.len) {
        struct slice rest = {data.data + used, data.len - used};
        size_t n;
        if (s->state == SESSION_STARTUP)
            n = session_startup_data(s, rest);
        else if (s->state == SESSION_AUTH)
            n = auth_data(s, rest);
        else if (s->state == SESSION_RELAY)
            n = session_relay_data(s, rest);
        else
            n = s->state == SESSION_CLOSING ? 0 : one_message(s, rest);
        if (n == 0)
            break;
        used += n;
    }
    if (s->state == SESSION_IDLE && used > 0)
        session_arm(s); /* it was not idle, even if no server was needed */
    return s->state == SESSION_CLOSING ? data.len : used;
}

static void on_drained(struct link *l)
{
    struct session *s = l->owner;
    if (s->server)
        session_stall_over(s->server);
    if (s->server && !s->holding_ready)
        link_resume(&s->server->link);
    session_listen_idle(s);
    session_relay_drained(s);
}

static void on_end(struct link *l, const char *why)
{
    session_close(l->owner, why);
}

static const struct link_handler session_link_handler = {
    .on_data = on_data,
    .on_drained = on_drained,
    .on_direct_tls = session_direct_tls,
    .on_tls = session_tls_open,
    .on_end = on_end,
};

/* -- the beginning -- */

/* With its names and its place in the loop, an idle client costs less than a KiB. */
_Static_assert(sizeof(struct session) <= 888, "what only some sessions need belongs behind a pointer");

int session_start(struct worker *w, int fd, bool is_unix, struct err *err)
{
    struct handshakes *handshakes = w->crew->handshakes;
    struct session *s = calloc(1, sizeof(*s));
    if (s)
        s->handshake = handshake_begin(handshakes, s, w, now_ms());
    if (!s || !s->handshake) {
        free(s);
        handshakes_give(handshakes);
        return err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
    }
    s->magic = SESSION_MAGIC;
    s->worker = w;
    s->state = SESSION_STARTUP;
    s->is_unix = is_unix;
    s->status = 'I';
    s->nowed = 1;
    s->begun_ms = uv_now(&w->loop);
    s->pid = worker_next_pid(w);
    track_init(&s->track);
    statements_init(&s->statements);
    pool_waiter_init(&s->waiter);
    if (link_init(&s->link, w, fd, &session_link_handler, s, err) != 0) {
        logged_in(s);
        free(s);
        return -1;
    }
    s->conf = conf_ref(w->conf);
    wheel_timer_init(&s->timer);
    s->holds = 1; /* the link */
    list_append(&w->sessions, &s->node);
    w->nsessions++;
    session_arm(s);
    return 0;
}

void sessions_drain(struct worker *w)
{
    struct err err;
    err_set(&err, SQLSTATE_ADMIN_SHUTDOWN, "terminating connection due to administrator command");
    list_foreach (node, &w->sessions) {
        struct session *s = list_entry(node, struct session, node);
        if (s->state < SESSION_IDLE)
            session_close(s, "shutdown");
        else if (s->state == SESSION_IDLE || s->state == SESSION_RELAY ||
                 (s->resting && session_is_free(s)))
            session_fail(s, &err);
    }
}

void sessions_close_all(struct worker *w)
{
    struct err err;
    err_set(&err, SQLSTATE_ADMIN_SHUTDOWN, "terminating connection due to administrator command");
    list_foreach (node, &w->sessions)
        session_fail(list_entry(node, struct session, node), &err);
}
