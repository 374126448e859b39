/* Getting a server, making it look as this client wants it, giving it back, losing it. */
#include "daemon/must.h"
#include "daemon/session_internal.h"
#include "daemon/worker.h"

#include <stdlib.h>

#define OWN_PORTAL "partywall own"

/* -- what is owed -- */

struct owed *owed_new(enum owed_kind kind)
{
    struct owed *o = calloc(1, sizeof(*o));
    if (o)
        o->kind = kind;
    return o;
}

void owed_free(struct owed *o)
{
    if (!o)
        return;
    decision_unref(o->decision);
    free(o->answers);
    free(o->refusal);
    free(o->steps);
    free(o->starts);
    statement_unref(o->statement);
    free(o->portal);
    names_release(&o->names);
    for (size_t i = 0; i < o->neach; i++)
        names_release(&o->each[i]);
    free(o->each);
    free(o);
}

struct owed *owed_of(const struct flow_entry *e)
{
    return e ? (struct owed *)(uintptr_t)e->arg : NULL; /* NOLINT: put there by session_owe */
}

static bool ends_in_ready(enum flow_kind kind)
{
    return kind == FLOW_SYNC || kind == FLOW_QUERY || kind == FLOW_FUNCTION;
}

int session_owe(struct session *s, enum flow_kind kind, enum flow_fate fate, struct owed *o,
                struct err *err)
{
    if (flow_push(s->server->flow, kind, fate, (uint64_t)(uintptr_t)o, err) != 0) {
        owed_free(o);
        return -1;
    }
    if (o)
        session_names_owed(s, o);
    s->nowed++;
    if (ends_in_ready(kind))
        s->batch_at = s->nowed;
    if (ends_in_ready(kind) || kind == FLOW_PARSE)
        s->unnamed_at = 0;
    return 0;
}

int session_inject(struct session *s, char reply, struct owed *o, struct err *err)
{
    if (!s->server || flow_len(s->server->flow) == 0) {
        owed_free(o);
        msg_end(session_out(s), msg_begin(session_out(s), reply)); /* leaves with the next message, or at Flush */
        return 0;
    }
    if (!o && !(o = owed_new(OWED_CLIENT)))
        return err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
    o->reply = reply;
    return session_owe(s, FLOW_LOCAL, FLOW_INJECT, o, err);
}

static void owed_clear(struct flow *flow)
{
    const struct flow_entry *e;
    while ((e = flow_head(flow)) != NULL) {
        struct owed *o = owed_of(e);
        flow_pop(flow);
        owed_free(o);
    }
}

struct buf *server_out(struct session *s)
{
    return link_out(&s->server->link);
}

void server_sent(struct session *s)
{
    link_wrote(&s->server->link);
}

bool session_is_quiet(const struct session *s)
{
    return !s->server || (flow_len(s->server->flow) == 0 && !s->unsynced && !s->holding_ready);
}

bool session_is_free(const struct session *s)
{
    return s->status == 'I' && !s->ghost && session_is_quiet(s);
}

/* What did not fit, because of another's statement_timeout or a late cancel, must not serve the client: its message
 * would run with the settings of somebody else, or outside of its transaction. */
bool session_is_outfitting(const struct session *s)
{
    return s->outfitting && !session_is_quiet(s);
}

/* -- getting one -- */

int session_send_own(struct session *s, enum owed_kind kind, struct slice sql,
                     struct err *err)
{
    struct owed *o = owed_new(kind);
    if (!o)
        return err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
    if (session_owe(s, FLOW_QUERY, FLOW_SWALLOW, o, err) != 0)
        return -1;
    msg_query(server_out(s), sql);
    server_sent(s);
    return 0;
}

bool session_is_own_portal(struct slice name)
{
    return slice_equal(name, (struct slice){OWN_PORTAL, sizeof(OWN_PORTAL) - 1});
}

int session_run_own(struct session *s, struct slice sql, struct owed *o, struct err *err)
{
    if (session_owe(s, FLOW_PARSE, FLOW_SWALLOW, NULL, err) != 0 ||
        session_owe(s, FLOW_BIND, FLOW_SWALLOW, NULL, err) != 0) {
        owed_free(o);
        return -1;
    }
    if (session_owe(s, FLOW_EXECUTE, FLOW_SWALLOW, o, err) != 0 ||
        session_owe(s, FLOW_CLOSE, FLOW_SWALLOW, NULL, err) != 0)
        return -1;
    struct buf *b = server_out(s);
    msg_parse(b, "", sql, NULL, 0);
    size_t mark = msg_begin(b, 'B');
    msg_string(b, OWN_PORTAL);
    msg_string(b, "");
    msg_int16(b, 0); /* formats, parameters, formats of the result */
    msg_int16(b, 0);
    msg_int16(b, 0);
    msg_end(b, mark);
    msg_execute(b, OWN_PORTAL, 0);
    msg_close(b, 'P', OWN_PORTAL);
    server_sent(s);
    s->unsynced = true;
    return 0;
}

int session_evict(struct session *s, size_t max, struct err *err)
{
    char name[STATEMENT_NAME_BYTES];
    struct server *srv = s->server;
    while (prepared_evict(&srv->prepared, max, srv->batch, name)) {
        if (session_owe(s, FLOW_CLOSE, FLOW_SWALLOW, NULL, err) != 0)
            return -1;
        msg_close(server_out(s), 'S', name);
        s->unsynced = true;
    }
    if (s->unsynced) {
        struct owed *o = owed_new(OWED_SETTINGS);
        if (!o)
            return err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
        if (session_owe(s, FLOW_SYNC, FLOW_SWALLOW, o, err) != 0)
            return -1;
        msg_sync(server_out(s));
        server_sent(s);
        s->unsynced = false;
    }
    return 0;
}

/* What is prepared there may be out of date. */
static int forget(struct session *s, struct err *err)
{
    struct server *srv = s->server;
    uint64_t epoch = target_statements_epoch(srv->target);
    if (srv->epoch == epoch)
        return 0;
    int r = session_evict(s, 1, err);
    if (r == 0)
        srv->epoch = epoch;
    return r;
}

static int replay(struct session *s, struct err *err)
{
    struct server *srv = s->server;
    if (!srv->settings_unknown && track_set_equal(srv->settings, s->track.now))
        return 0;
    struct buf text;
    buf_init(&text, LIMIT_SETTINGS_BYTES);
    track_replay(srv->settings, srv->settings_unknown, s->track.now, &text);
    int r = text.failed ? err_set(err, SQLSTATE_PROGRAM_LIMIT_EXCEEDED, "too many settings")
                        : session_send_own(s, OWED_SETTINGS, buf_peek(&text), err);
    buf_release(&text);
    srv->settings_unknown = r != 0;
    s->outfitting = s->state != SESSION_WELCOME;
    track_set_unref(srv->settings);
    srv->settings = track_set_ref(s->track.now);
    return r;
}

/* A transaction that was lost with its server goes on as a failed one: ROLLBACK ends it, all else
 * is 25P02. */
static int haunt(struct session *s, struct err *err)
{
    static const char sql[] = "BEGIN; SELECT partywall_lost";
    if (!s->ghost)
        return 0;
    s->ghost = false;
    s->outfitting = true;
    return session_send_own(s, OWED_LOST, (struct slice){sql, sizeof(sql) - 1}, err);
}

static void take(struct session *s, struct server *srv)
{
    must(!s->server && srv->state == SERVER_LEASED);
    s->server = srv;
    srv->session = s;
    s->unnamed_at = 0;
    s->told = s->leaving = false;
    s->leased_ms = uv_now(&s->worker->loop);
    if (link_is_congested(&s->link)) {
        link_pause(&srv->link);
        session_stalled(s);
    }
    if (s->state != SESSION_WELCOME)
        session_enter(s, SESSION_ACTIVE, "leased");
}

struct server *session_ask(struct session *s, struct err *err)
{
    const char *tenant = s->tenant ? s->tenant : s->login->name;
    /* a login's account is its own, even if it is called like a tenant: it has the NUL in its name */
    struct slice account = {tenant, strlen(tenant) + (s->tenant ? 0 : 1)};
    struct fair_terms terms = {.weight = s->weight, .active = s->most.active, .queue = s->most.queue};
    return pool_lease(s->target, account, &terms, &s->waiter, err);
}

int session_lease(struct session *s, struct err *err)
{
    if (session_take(&s->failed_lease, err))
        return -1;
    if (!s->server) {
        struct server *srv = session_ask(s, err);
        if (!srv && err->sqlstate[0])
            return -1;
        if (!srv) {
            session_enter(s, SESSION_QUEUED, "no server is idle");
            return 0;
        }
        take(s, srv);
    }
    session_rest(s, false);
    if (s->server->status != 'I' || !session_is_quiet(s))
        return 1;
    if (session_listen_catch_up(s))
        return 0;
    s->server->batch++; /* no statement sent before is waited for */
    if (forget(s, err) != 0 || replay(s, err) != 0 || haunt(s, err) != 0)
        return -1;
    return session_is_outfitting(s) ? 0 : 1;
}

void session_granted(struct pool_waiter *w, struct server *srv)
{
    struct session *s = list_entry(w, struct session, waiter);
    take(s, srv);
    if (s->state == SESSION_WELCOME)
        session_welcome_granted(s);
    else
        session_resume(s);
}

void session_not_granted(struct pool_waiter *w, const struct err *why)
{
    struct session *s = list_entry(w, struct session, waiter);
    if (s->state == SESSION_WELCOME)
        session_fail(s, why);
    else
        session_unqueue(s, why);
}

void session_unqueue(struct session *s, const struct err *err)
{
    pool_leave(&s->waiter);
    session_keep(&s->failed_lease, err);
    session_enter(s, SESSION_IDLE, err->message);
    session_resume(s);
}

/* -- giving it back -- */

void session_settle_settings(struct session *s)
{
    struct server *srv = s->server;
    if (s->settings_differ)
        srv->settings_unknown = true;
    s->settings_differ = false;
    track_set_unref(srv->settings);
    srv->settings = track_set_ref(s->track.now);
}

static struct server *let_go(struct session *s)
{
    struct server *srv = s->server;
    (void)session_notified(s, NULL);
    session_unlocked(s);
    s->server = NULL;
    srv->session = NULL;
    s->unsynced = s->isolated = s->resting = s->outfitting = false;
    session_heal_stop(srv);
    session_stall_over(srv);
    session_copy_free(s);
    session_portals_clear(s);
    return srv;
}

/* Back to the pool, with nothing of the session left on it.  ${locked}: locks or cursors are. */
static void put(struct server *srv, bool locked)
{
    link_resume(&srv->link);
    if (locked)
        server_close(srv, NULL);
    else if (srv->kept)
        server_clean(srv);
    else
        pool_put(srv);
}

void session_release_if_done(struct session *s)
{
    struct err err;
    if (!s->server || s->state == SESSION_CLOSING || !session_is_quiet(s) || s->batch ||
        s->outfitting || s->server->status != 'I')
        return;
    const struct link *l = &s->server->link;
    if (link_is_congested(l) || link_has_input(l) || s->server->stream_left > 0 ||
        session_locks_ask(s))
        return;
    if (session_keeps(s)) {
        session_rest(s, true);
        return;
    }
    bool locked = session_has_left(s);
    struct server *srv = let_go(s);
    if (s->state == SESSION_ACTIVE)
        session_enter(s, SESSION_IDLE, "transaction is over");
    put(srv, locked);
    if (s->state == SESSION_IDLE && s->worker->draining) {
        err_set(&err, SQLSTATE_ADMIN_SHUTDOWN,
                "terminating connection due to administrator command");
        session_fail(s, &err);
        return;
    }
    session_resume(s);
}

void session_abandon_server(struct session *s)
{
    struct server *srv = s->server;
    if (!srv)
        return;
    bool quiet = session_is_quiet(s) && !s->pinned && !session_has_left(s);
    let_go(s);
    if (quiet && srv->status == 'I') {
        put(srv, false);
        return;
    }
    if (quiet) {
        srv->settings_unknown = true; /* whatever the transaction set is undone, or not */
        server_clean(srv);
        return;
    }
    if (flow_len(srv->flow) > 0)
        server_cancel(srv);
    owed_clear(srv->flow);
    server_close(srv, NULL);
}

/* -- losing it -- */

struct loss { /* walking the replies that will never come */
    struct session *s;
    struct err err;
    char status;
    bool told;  /* of this batch: the client has its error */
    bool knows; /* ... and of one, that this is why */
    bool open;  /* its Sync is still to come */
};

static void tell(struct loss *l)
{
    if (l->told)
        return;
    session_send_error(l->s, "ERROR", &l->err);
    l->told = l->knows = true;
}

static void ready(struct loss *l)
{
    tell(l);
    msg_ready(session_out(l->s), l->status);
    session_wrote(l->s);
    l->told = false;
}

static bool is_end(const struct plan *p)
{
    return p->class == PLAN_ROLLBACK || p->class == PLAN_COMMIT;
}

/* Did this message end the transaction?  Then nothing of it is left, whatever became of it. */
static bool ends_transaction(const struct flow_entry *e)
{
    const struct owed *o = owed_of(e);
    bool ends = o && o->statement && e->kind == FLOW_EXECUTE && is_end(o->statement->plan);
    size_t n = o && o->decision ? o->decision->nplans : 0;
    for (size_t i = 0; i < n; i++)
        ends = ends || is_end(o->decision->plans[i]);
    return ends;
}

bool session_is_rollback(const struct flow_entry *e)
{
    const struct owed *o = owed_of(e);
    return o && e->kind == FLOW_QUERY && o->decision && o->decision->nplans == 1 &&
           o->decision->plans[0]->class == PLAN_ROLLBACK;
}

static void lost_reply(struct loss *l, const struct flow_entry *e)
{
    if (e->fate == FLOW_SWALLOW) { /* our own, for which the client does not wait */
        l->open = l->open || !ends_in_ready(e->kind);
        return;
    }
    if (ends_transaction(e))
        l->status = 'I';
    if (session_is_rollback(e) && !l->told) { /* it has been rolled back indeed */
        msg_command_complete(session_out(l->s), "ROLLBACK");
        l->told = true;
    }
    l->open = !ends_in_ready(e->kind);
    if (l->open)
        tell(l);
    else
        ready(l);
}

static struct err loss_of(struct session *s, const char *why)
{
    struct err err;
    if (session_take(&s->lost, &err))
        return err;
    err_set(&err, SQLSTATE_CONNECTION_FAILURE, "connection to the back end was lost");
    if (!s->confined)
        err_detail(&err, "%s", why);
    return err;
}

void session_lost_server(struct session *s, const char *why)
{
    struct loss l = {.s = s, .err = loss_of(s, why), .told = s->told};
    struct flow *flow = s->server->flow;
    l.status = s->status == 'I' ? 'I' : 'E';
    if (s->state == SESSION_WELCOME || s->pinned || s->locks) {
        owed_clear(flow);
        let_go(s);
        session_fail(s, &l.err);
        return;
    }
    for (size_t i = 0; i < flow_len(flow); i++)
        lost_reply(&l, flow_at(flow, i));
    if (s->unsynced || l.open) {
        s->batch_lost = !s->skipping && !l.told; /* an error in answer to nothing might not be heard */
        s->skipping = !s->batch_lost;
    }
    if (s->batch_lost || (l.status == 'E' && !l.knows))
        session_keep(&s->lost, &l.err); /* news for the next message, or statement */
    s->status = l.status;
    s->ghost = l.status == 'E';
    session_undo_lost(s);
    track_rollback(&s->track);
    session_listen_settle(s, true);
    session_tenant_settle(s, true);
    s->tx_failed = s->ddl = s->settings_differ = false;
    let_go(s);
    if (s->state == SESSION_ACTIVE)
        session_enter(s, SESSION_IDLE, "lost its server");
    session_resume(s);
}

void session_server_drained(struct session *s)
{
    session_resume(s);
    session_release_if_done(s);
}
