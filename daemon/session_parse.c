/* Parse, and statements on servers.
 *
 * The client's names are its own; the server's are made from plan and types (daemon/statements.h).  A Parse is
 * sent on when this server lacks the statement, otherwise answered. */
#include "conf/limits.h"
#include "daemon/session_internal.h"

#include <stdlib.h>

/* -- on the server -- */

static int no_memory(struct err *err)
{
    return err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
}

/* Make room on the server: the statements used least recently are closed, but none of this lease.  Should the
 * Close be skipped, they are still there (wire case 25). */
static int evict(struct session *s, struct err *err)
{
    char name[STATEMENT_NAME_BYTES];
    struct server *srv = s->server;
    while (prepared_evict(&srv->prepared, srv->target->limits.statements, srv->batch, name)) {
        struct owed *o = owed_new(OWED_CLIENT);
        if (!o || !(o->names.evicted = strdup(name))) {
            owed_free(o);
            return no_memory(err);
        }
        if (session_owe(s, FLOW_CLOSE, FLOW_SWALLOW, o, err) != 0)
            return -1;
        msg_close(server_out(s), 'S', name);
    }
    return 0;
}

/* Send a Parse for ${st}, whose reply is ${fate}; ${o} is taken over. */
static int send_parse(struct session *s, struct statement *st, enum flow_fate fate, struct owed *o,
                      struct err *err)
{
    struct server *srv = s->server;
    bool kept = st->server_name[0] != '\0';
    if (kept && (evict(s, err) != 0 ||
                 prepared_add(&srv->prepared, st->server_name, srv->batch, err) != 0)) {
        owed_free(o);
        return -1;
    }
    if (kept)
        o->names.prepared = statement_ref(st);
    if (session_owe(s, FLOW_PARSE, fate, o, err) != 0)
        return -1;
    msg_parse(server_out(s), st->server_name, statement_text(st), st->oids, st->noids);
    server_sent(s);
    s->unsynced = true;
    if (!kept && !statement_is_fleeting(st))
        s->unnamed_at = st->unnamed_at = s->nowed;
    return 0;
}

/* It is the server's unnamed statement: parsed in this batch, so that what relies on it is skipped should
 * that fail. */
static bool is_unnamed_there(const struct session *s, const struct statement *st)
{
    return st->unnamed_at != 0 && st->unnamed_at == s->unnamed_at;
}

/* The server of the lease has ${st} when the next message arrives there. */
int session_bring(struct session *s, struct statement *st, struct err *err)
{
    struct server *srv = s->server;
    if (is_unnamed_there(s, st))
        return 0;
    if (st->once && !st->literal && srv->target->limits.auto_prepare && statement_keep(st, err) != 0)
        return -1; /* used in more than one batch */
    if (prepared_use(&srv->prepared, st->server_name, srv->batch))
        return 0;
    struct owed *o = owed_of_statement(st);
    return o ? send_parse(s, st, FLOW_SWALLOW, o, err) : no_memory(err);
}

/* The server of the lease has what ${st} executes. */
int session_bring_target(struct session *s, const struct statement *st, struct err *err)
{
    if (!s->confined || st->plan->class != PLAN_EXECUTE || st->tag)
        return 0;
    struct statement *target = session_execute_target(s, st->plan, err);
    return target ? session_bring(s, target, err) : -1;
}

/* -- Parse -- */

/* In a failed transaction the server refuses all but its end; a ParseComplete of ours would hide
 * that. */
static bool survives_failure(const struct plan *p)
{
    return p->class == PLAN_ROLLBACK || p->class == PLAN_COMMIT || p->class == PLAN_ROLLBACK_TO ||
           p->class == PLAN_EMPTY;
}

static bool is_too_late(const struct session *s, const struct plan *p)
{
    return s->status == 'E' && session_is_quiet(s) && !survives_failure(p);
}

static int check_parse(const struct session *s, const struct msg_parse *m, struct err *err)
{
    const struct plan *p = s->decision->plans[0];
    if (m->name.len > LIMIT_STATEMENT_NAME_BYTES)
        return err_set(err, SQLSTATE_PROGRAM_LIMIT_EXCEEDED,
                       "name of prepared statement is too long");
    if (p->refused) {
        *err = *p->err;
        return -1;
    }
    if (session_needs_tenant(s, p))
        return err_set(err, SQLSTATE_INVALID_AUTHORIZATION, "no tenant has been chosen");
    if (is_too_late(s, p))
        return err_set(err, SQLSTATE_IN_FAILED_SQL_TRANSACTION,
                       "current transaction is aborted, "
                       "commands ignored until end of transaction block");
    if (p->hidden && !plan_needs_literal(p) && m->nparams > p->nparams)
        return err_set(err, SQLSTATE_FEATURE_NOT_SUPPORTED,
                       "more parameter types than parameters are not supported");
    if (m->name.len > 0 && statements_find(&s->statements, m->name))
        return err_set(err, SQLSTATE_DUPLICATE_PREPARED_STATEMENT,
                       "prepared statement \"%s\" already exists", m->name.data);
    return 0;
}

/* A text that is made anew for each use, values and all, would only drive out others. */
static bool is_worth_keeping(const struct session *s, const struct decision *d)
{
    const struct plan *p = d->plans[0];
    return s->target->limits.auto_prepare && !plan_needs_literal(p) && (p->nparams > 0 || d->again);
}

static struct statement *make_statement(struct session *s, const struct msg_parse *m,
                                        struct err *err)
{
    struct plan *p = s->decision->plans[0];
    struct own own;
    if (session_own(s, p, &own, err) != 0)
        return NULL;
    bool literal = !own.text && plan_needs_literal(p);
    if (literal && !(own.text = session_literal_text(s, p))) {
        no_memory(err);
        return NULL;
    }
    struct statement_spec spec = {
        .name = m->name,
        .plan = p,
        .text = own.text,
        .literal = literal,
        .tag = own.tag,
        .rows = own.rows,
        .once = m->name.len == 0 && !is_worth_keeping(s, s->decision),
        .oids = m->oids,
        .noids = m->nparams,
        .confined = s->confined,
        .source = m->sql,
        .epoch = target_epoch(s->target, s->conf),
        .place = s->place,
    };
    struct statement *st = statement_new(&spec);
    free(own.text);
    if (!st)
        no_memory(err);
    return st;
}

/* What a failed transaction refuses as it would the statement that the server has already. */
static int probe(struct session *s, struct owed *o, struct err *err)
{
    if (session_owe(s, FLOW_PARSE, FLOW_FORWARD, o, err) != 0)
        return -1;
    msg_parse(server_out(s), "", (struct slice){"SELECT 1", 8}, NULL, 0);
    server_sent(s);
    s->unsynced = true;
    return 0;
}

/* ${o} is taken over. */
static int parse_on_server(struct session *s, struct statement *st, struct owed *o, struct err *err)
{
    struct server *srv = s->server;
    if (!prepared_use(&srv->prepared, st->server_name, srv->batch))
        return send_parse(s, st, FLOW_FORWARD, o, err);
    if (session_may_have_failed(s) && !survives_failure(st->plan))
        return probe(s, o, err);
    return session_inject(s, '1', o, err);
}

/* The unnamed statement ends with the next Parse of that name; another name is free. */
static enum verdict put_statement(struct session *s, const struct msg_parse *m, struct statement *st)
{
    struct err err;
    struct owed *o = owed_of_statement(st);
    if (!o || session_name_end(s, m->name, &o->names) != 0) {
        owed_free(o);
        no_memory(&err);
        return session_broken(s, &err);
    }
    if (statements_put(&s->statements, st, &err) != 0) {
        owed_free(o);
        return session_refuse_parse(s, m->name, &err);
    }
    o->names.made = statement_ref(st);
    if (session_isolate(s, st->plan, &err) != 0 || session_bring_target(s, st, &err) != 0) {
        owed_free(o);
        return session_broken(s, &err);
    }
    return parse_on_server(s, st, o, &err) == 0 ? TAKEN : session_broken(s, &err);
}

static enum verdict serve_parse(struct session *s, const struct msg_parse *m)
{
    struct err err;
    if (check_parse(s, m, &err) != 0)
        return session_refuse_parse(s, m->name, &err);
    int got = session_lease(s, &err);
    if (got <= 0)
        return got == 0 ? WAIT : session_refuse_parse(s, m->name, &err);
    struct statement *st = make_statement(s, m, &err);
    if (!st)
        return session_refuse_parse(s, m->name, &err);
    session_pin_if_needed(s, st->plan, m->sql);
    enum verdict v = put_statement(s, m, st);
    statement_unref(st);
    return v;
}

/* Is the type of each parameter left to be inferred? */
static bool is_untyped(const struct msg_parse *m)
{
    for (uint16_t i = 0; i < m->nparams; i++)
        if (msg_parse_oid(m, i) != 0)
            return false;
    return true;
}

enum verdict session_parse(struct session *s, const struct frame *f)
{
    struct msg_parse m;
    struct err err;
    if (msg_read_parse((struct slice){f->body, f->body_len}, &m, &err) != 0)
        return session_refuse(s, &err);
    if (m.name.len > 0 && session_name_is_open(s, m.name))
        return WAIT;
    int got = session_decide(s, m.sql, true, is_untyped(&m), &err);
    if (got == 0 || (got == 1 && session_plan_waits(s, s->decision->plans[0])))
        return WAIT;
    if (got == 1)
        got = session_take_news(s, s->decision->plans[0], &err);
    enum verdict v = got < 0 ? session_refuse_parse(s, m.name, &err) : serve_parse(s, &m);
    if (v != WAIT) {
        session_decided(s);
        s->nstatements++;
    }
    return v;
}
