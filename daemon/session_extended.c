/* Bind, Describe, Execute, Close, Flush, Sync.
 *
 * A Bind to a server that lacks the statement brings it along.  Portals keep the client's names: they live and
 * die on the leased server. */
#include "conf/limits.h"
#include "daemon/session_internal.h"

#include <stdlib.h>

/* -- names -- */

static enum verdict unknown_statement(struct session *s, struct slice name)
{
    struct err err;
    if (name.len == 0)
        err_set(&err, SQLSTATE_INVALID_SQL_STATEMENT_NAME,
                "unnamed prepared statement does not exist");
    else
        err_set(&err, SQLSTATE_INVALID_SQL_STATEMENT_NAME,
                "prepared statement \"%s\" does not exist", name.data);
    return session_refuse(s, &err);
}

/* -- sending -- */

enum verdict session_broken(struct session *s, const struct err *err)
{
    session_fail(s, err);
    return GONE;
}

struct owed *owed_of_statement(struct statement *st)
{
    struct owed *o = owed_new(OWED_CLIENT);
    if (o)
        o->statement = statement_ref(st);
    return o;
}

static int no_memory(struct err *err)
{
    return err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
}

static enum verdict forward(struct session *s, enum flow_kind kind, struct owed *o,
                            struct slice message)
{
    struct err err;
    if (session_owe(s, kind, FLOW_FORWARD, o, &err) != 0)
        return session_broken(s, &err);
    buf_append(server_out(s), message.data, message.len);
    server_sent(s);
    s->unsynced = true;
    return TAKEN;
}

int session_take_news(struct session *s, const struct plan *p, struct err *err)
{
    bool news = session_take(&s->lost, err);
    return news && !(p && p->class == PLAN_ROLLBACK) ? -1 : 1;
}

/* The statement ${name}, fit for use on the leased server.  TAKEN: ${*ret} is set. */
static enum verdict ready_statement(struct session *s, struct slice name, struct statement **ret)
{
    struct err err;
    struct statement *st = statements_find(&s->statements, name);
    if (!st)
        return unknown_statement(s, name);
    if (session_plan_waits(s, st->plan))
        return WAIT;
    int got = session_tenant_settled(s, &err);
    if (got == 1)
        got = session_statement_now(s, st, &err);
    if (got == 1)
        got = session_lease(s, &err);
    if (got <= 0)
        return got == 0 ? WAIT : session_refuse(s, &err);
    if (session_isolate(s, st->plan, &err) != 0 || session_bring_target(s, st, &err) != 0 ||
        session_bring(s, st, &err) != 0)
        return session_broken(s, &err);
    *ret = st;
    return TAKEN;
}

/* -- Bind -- */

static void write_formats(struct buf *b, const struct msg_bind *m, bool hidden)
{
    bool each = hidden && m->nformats > 0; /* one for all must not hold for the hidden one */
    size_t n = each ? m->nparams : m->nformats;
    msg_int16(b, (uint16_t)(each ? n + 1 : n));
    if (!each) {
        msg_bytes(b, m->formats, 2 * (size_t)m->nformats);
        return;
    }
    for (size_t i = 0; i < n; i++)
        msg_int16(b, (uint16_t)msg_bind_param_format(m, (uint16_t)i));
    msg_int16(b, 0);
}

static void write_bind(struct session *s, const struct msg_bind *m, const struct statement *st)
{
    struct buf *b = server_out(s);
    size_t mark = msg_begin(b, 'B');
    msg_slice_string(b, m->portal);
    msg_string(b, st->server_name);
    write_formats(b, m, st->hidden);
    msg_int16(b, (uint16_t)(m->nparams + (st->hidden ? 1 : 0)));
    msg_bytes(b, m->params.data, m->params.len);
    if (st->hidden) {
        size_t len = strlen(s->tenant);
        msg_int32(b, (uint32_t)len);
        msg_bytes(b, s->tenant, len);
    }
    msg_int16(b, m->nresults);
    msg_bytes(b, m->results, 2 * (size_t)m->nresults);
    msg_end(b, mark);
    server_sent(s);
    s->unsynced = true;
}

static enum verdict serve_bind(struct session *s, const struct msg_bind *m)
{
    struct err err;
    struct statement *st = statements_find(&s->statements, m->statement);
    if (session_is_own_portal(m->portal)) {
        err_set(&err, SQLSTATE_DUPLICATE_CURSOR, "cursor \"%s\" already exists", m->portal.data);
        return session_refuse(s, &err);
    }
    if (m->portal.len > LIMIT_STATEMENT_NAME_BYTES) {
        err_set(&err, SQLSTATE_PROGRAM_LIMIT_EXCEEDED, "name of portal is too long");
        return session_refuse(s, &err);
    }
    if (st && m->nparams != st->nparams) {
        err_set(&err, SQLSTATE_PROTOCOL_VIOLATION,
                "bind message supplies %u parameters, but prepared statement \"%s\" requires %u",
                m->nparams, st->name, st->nparams);
        return session_refuse(s, &err);
    }
    enum verdict v = ready_statement(s, m->statement, &st);
    if (v != TAKEN || s->skipping)
        return v;
    int got = session_portal_put(s, m->portal, st, &err);
    if (got <= 0)
        return got == 0 ? WAIT : session_refuse(s, &err);
    if (session_owe(s, FLOW_BIND, FLOW_FORWARD, NULL, &err) != 0)
        return session_broken(s, &err);
    if (m->portal.len == 0)
        s->unnamed_bound = true;
    write_bind(s, m, st);
    return TAKEN;
}

static enum verdict on_bind(struct session *s, const struct frame *f)
{
    struct msg_bind m;
    struct err err;
    if (msg_read_bind((struct slice){f->body, f->body_len}, &m, &err) != 0)
        return session_refuse(s, &err);
    if (session_name_is_open(s, m.statement))
        return WAIT;
    const struct statement *st = statements_find(&s->statements, m.statement);
    if (session_take_news(s, st ? st->plan : NULL, &err) < 0)
        return session_refuse(s, &err);
    return serve_bind(s, &m);
}

/* -- Describe, Execute, Close, Flush -- */

/* What stands for a statement without rows has some, and so is not described in a failed transaction: nothing is
 * described instead. */
static int describe_nothing(struct session *s, const struct statement *st, struct err *err)
{
    if (session_owe(s, FLOW_PARSE, FLOW_SWALLOW, NULL, err) != 0)
        return -1;
    msg_parse(server_out(s), "", (struct slice){"", 0}, st->oids, st->noids);
    return 0;
}

static enum verdict describe_statement(struct session *s, struct slice name)
{
    struct err err;
    struct statement *st = NULL;
    if (session_name_is_open(s, name))
        return WAIT;
    enum verdict v = ready_statement(s, name, &st);
    if (v != TAKEN || s->skipping)
        return v;
    bool stands_in = st->tag && !st->rows && !st->hidden;
    if (stands_in && describe_nothing(s, st, &err) != 0)
        return session_broken(s, &err);
    struct owed *o = owed_of_statement(st);
    if (!o || session_owe(s, FLOW_DESCRIBE_STATEMENT, FLOW_FORWARD, o, &err) != 0) {
        if (!o)
            no_memory(&err);
        return session_broken(s, &err);
    }
    msg_describe(server_out(s), 'S', stands_in ? "" : st->server_name);
    server_sent(s);
    s->unsynced = true;
    return TAKEN;
}

static enum verdict on_describe(struct session *s, const struct frame *f)
{
    struct msg_target m;
    struct err err;
    if (msg_read_target((struct slice){f->body, f->body_len}, &m, &err) != 0)
        return session_refuse(s, &err);
    if (m.what == 'S')
        return describe_statement(s, m.name);
    struct portal *p;
    enum verdict v = session_portal_check(s, m.name, &p);
    if (v != TAKEN || s->skipping)
        return v;
    struct owed *o = p && p->statement && p->statement->tag ? owed_of_statement(p->statement) : NULL;
    return forward(s, FLOW_DESCRIBE_PORTAL, o, frame_bytes(f));
}

/* Does its CommandComplete mean anything to the session? */
static bool matters(const struct statement *st)
{
    if (st->plan->copy)
        return true;
    switch (st->plan->class) {
    case PLAN_EMPTY:
    case PLAN_READ:
    case PLAN_WRITE:
    case PLAN_OTHER:
    case PLAN_BEGIN:
    case PLAN_FETCH:
    case PLAN_EXECUTE:
        return st->tag != NULL;
    default:
        return true;
    }
}

static int check_execute(struct session *s, struct portal *p, struct err *err)
{
    const struct statement *st = p->statement;
    if (session_cursor_check(s, st->plan, err) != 0 ||
        session_own_check(s, st->plan, true, err) != 0)
        return -1;
    if (s->confined && st->plan->class == PLAN_EXECUTE) {
        if (!session_execute_target(s, st->plan, err))
            return -1;
        if (p->unknown)
            return err_set(err, SQLSTATE_INVALID_SQL_STATEMENT_NAME,
                           "prepared statement \"%s\" does not exist", st->plan->name);
    }
    if (!st->tag || st->rows)
        return 0;
    if (p->run) /* what stands for it on the server could be */
        return err_set(err, "55000", "portal \"%s\" cannot be run", p->name);
    p->run = true;
    return 0;
}

/* The reply to an Execute of ${st}, and what that does to the session already; NULL: ${err}. */
static struct owed *owed_begun(struct session *s, struct statement *st, struct err *err)
{
    struct owed *o = owed_of_statement(st);
    if (!o) {
        no_memory(err);
        return NULL;
    }
    struct slice source = {st->source, strlen(st->source)};
    int r = st->plan->class == PLAN_PREPARE ? session_prepare(s, st->plan, source, &o->names, err)
                                            : session_own_begin(s, st->plan, &o->names, err);
    if (r == 0)
        return o;
    owed_free(o);
    return NULL;
}

static enum verdict on_execute(struct session *s, const struct frame *f)
{
    struct msg_execute m;
    struct err err;
    if (msg_read_execute((struct slice){f->body, f->body_len}, &m, &err) != 0)
        return session_refuse(s, &err);
    struct portal *p;
    enum verdict v = session_portal_check(s, m.portal, &p);
    if (v != TAKEN || s->skipping)
        return v;
    struct owed *o = NULL;
    struct statement *st = p ? p->statement : NULL;
    const struct plan *copy = st && st->plan->copy ? st->plan : NULL;
    if ((copy && s->copy) || (st && session_plan_waits(s, st->plan)))
        return WAIT;
    int may = session_pace(s, 1, &err);
    if (may == 1 && st)
        may = session_listen_ask(s, st->plan, &err);
    if (may <= 0)
        return may == 0 ? WAIT : session_refuse(s, &err);
    if ((copy && session_copy_check(s, copy, &err) != 0) ||
        (st && check_execute(s, p, &err) != 0))
        return session_refuse(s, &err);
    if (st && matters(st) && (o = owed_begun(s, st, &err)) == NULL)
        return session_refuse(s, &err);
    if (st)
        session_pin_if_needed(s, st->plan, (struct slice){st->source, strlen(st->source)});
    if (st && session_lock(s, st->plan, &err) != 0) {
        owed_free(o);
        return session_refuse(s, &err);
    }
    if (st && st->plan->notifies)
        session_notifies(s);
    if (o && st->plan->class == PLAN_PREPARE && session_bring(s, o->names.made, &err) != 0) {
        owed_free(o);
        return session_broken(s, &err);
    }
    if (st && session_begins_transaction(st->plan))
        s->begun_at = s->nowed;
    if (!st || !st->tag || st->rows) {
        v = forward(s, FLOW_EXECUTE, o, frame_bytes(f));
    } else {
        struct buf b; /* without the limit of rows: what stands for a statement without rows has one */
        buf_init(&b, LIMIT_SETTINGS_BYTES);
        msg_execute(&b, m.portal.data, 0);
        v = forward(s, FLOW_EXECUTE, o, buf_peek(&b));
        buf_release(&b);
    }
    if (v == TAKEN && copy && session_copy_expect(s, false, &err) != 0)
        return session_broken(s, &err);
    if (v == TAKEN && st && session_isolate_next(s, st->plan, &err) != 0)
        return session_broken(s, &err);
    return v;
}

static enum verdict close_statement(struct session *s, struct slice name)
{
    struct err err;
    if (session_name_is_open(s, name))
        return WAIT;
    struct owed *o = owed_new(OWED_CLIENT);
    if (!o || session_name_end(s, name, &o->names) != 0) {
        owed_free(o);
        no_memory(&err);
        return session_broken(s, &err);
    }
    return session_inject(s, '3', o, &err) == 0 ? TAKEN : session_broken(s, &err);
}

static enum verdict on_close(struct session *s, const struct frame *f)
{
    struct msg_target m;
    struct err err;
    if (msg_read_target((struct slice){f->body, f->body_len}, &m, &err) != 0)
        return session_refuse(s, &err);
    if (m.what == 'S')
        return close_statement(s, m.name);
    if (m.name.len == 0)
        session_unnamed_portal_gone(s);
    if (!s->server)
        return session_inject(s, '3', NULL, &err) == 0 ? TAKEN : session_broken(s, &err);
    struct owed *o = owed_new(OWED_CLIENT);
    if (!o || !(o->portal = strndup(m.name.data, m.name.len))) {
        owed_free(o);
        no_memory(&err);
        return session_broken(s, &err);
    }
    return forward(s, FLOW_CLOSE, o, frame_bytes(f));
}

static enum verdict on_flush(struct session *s)
{
    session_wrote(s); /* what session_inject has put there */
    if (s->server && flow_len(s->server->flow) > 0) {
        msg_flush(server_out(s));
        server_sent(s);
    }
    return TAKEN;
}

/* All that came before was answered when its server was lost: this message has the error. */
static enum verdict refuse_rest(struct session *s)
{
    struct err err;
    s->batch_lost = false;
    return session_take(&s->lost, &err) ? session_refuse(s, &err) : TAKEN;
}

enum verdict session_extended(struct session *s, const struct frame *f)
{
    bool first = !s->batch;
    s->batch = true; /* until Sync the lease, if there is one, stays */
    enum verdict v = TAKEN;
    if (s->batch_lost && f->type != 'H')
        return refuse_rest(s);
    switch (f->type) {
    case 'P':
        v = session_parse(s, f);
        break;
    case 'B':
        v = on_bind(s, f);
        break;
    case 'D':
        v = on_describe(s, f);
        break;
    case 'E':
        v = on_execute(s, f);
        break;
    case 'C':
        v = on_close(s, f);
        break;
    default:
        v = on_flush(s);
        break;
    }
    if (v == WAIT && first)
        s->batch = false;
    return v;
}

enum verdict session_sync(struct session *s)
{
    struct err err;
    if (s->batch_lost)
        (void)refuse_rest(s);
    s->skipping = s->batch = s->isolated = false;
    if (!s->server || (!s->unsynced && flow_len(s->server->flow) == 0)) {
        session_tenant_settle(s, true);
        msg_ready(session_out(s), s->status);
        session_wrote(s);
        return TAKEN;
    }
    if (session_owe(s, FLOW_SYNC, FLOW_FORWARD, NULL, &err) != 0)
        return session_broken(s, &err);
    msg_sync(server_out(s));
    server_sent(s);
    s->unsynced = s->unnamed_bound = false;
    return TAKEN;
}
