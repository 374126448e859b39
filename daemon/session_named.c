/* PREPARE and EXECUTE, and what prepared statements mean at the time they are used.
 *
 * The names that PREPARE makes are in the client's own map, with those of the protocol, as PostgreSQL has it.
 * A server knows the statement under the name made from plan and types (daemon/statements.h), like any
 * other: it is put there by Parse or, between the statements of a Query, by a PREPARE of ours.  EXECUTE is
 * sent with that name, and the tenant as one more argument. */
#include "conf/limits.h"
#include "daemon/session_internal.h"
#include "daemon/worker.h"

#include <stdlib.h>

bool session_is_named(const struct plan *p)
{
    return !p->refused && (p->class == PLAN_PREPARE || p->class == PLAN_EXECUTE);
}

static char *take_text(struct buf *b, struct err *err)
{
    char *text = buf_take_text(b);
    if (!text)
        err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
    return text;
}

/* -- a newer catalog or policy -- */

/* What ${decision} about its source means for ${st}. */
static int renewed(struct session *s, struct statement *st, const struct decision *decision,
                   struct err *err)
{
    struct plan *p = decision->plans[0];
    if (!p->refused)
        return statement_renew(st, p, target_epoch(s->target, s->conf), s->place, err);
    *err = *p->err;
    return -1;
}

/* The statement was decided under an older catalog or policy: decide again, on this thread. */
static int renew(struct session *s, struct statement *st, struct err *err)
{
    struct policy_request req =
        session_request(s, (struct slice){st->source, strlen(st->source)}, true);
    req.untyped = st->noids == 0;
    if (st->epoch == req.epoch && st->place == s->place)
        return 0;
    struct decision *decision = policy_decide(s->worker->plans, &req, err);
    int r = decision ? renewed(s, st, decision, err) : -1;
    decision_unref(decision);
    return r;
}

/* -- what a statement means today -- */

char *session_literal_text(const struct session *s, const struct plan *p)
{
    struct slice tenant = {s->tenant, s->tenant ? strlen(s->tenant) : 0};
    struct buf text;
    buf_init(&text, LIMIT_MESSAGE_BYTES);
    plan_text_literal(p, tenant, &text);
    return buf_take_text(&text);
}

static int renew_literal(const struct session *s, struct statement *st, struct err *err)
{
    bool literal = plan_needs_literal(st->plan);
    if (!literal && !st->literal)
        return 0;
    char *text = literal ? session_literal_text(s, st->plan) : NULL;
    if (literal && !text)
        return err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
    return statement_set_text(st, text, literal, err);
}

static int renew_execute(struct session *s, struct statement *st, struct err *err)
{
    struct own own;
    if (!s->confined || st->plan->class != PLAN_EXECUTE)
        return 0;
    if (session_own(s, st->plan, &own, err) != 0)
        return -1;
    st->tag = own.tag;
    if (strcmp(own.text, st->text) != 0)
        return statement_set_text(st, own.text, false, err);
    free(own.text);
    return 0;
}

int session_statement_now(struct session *s, struct statement *st, struct err *err)
{
    if (st->epoch != target_epoch(s->target, s->conf) || st->place != s->place) {
        struct slice source = {st->source, strlen(st->source)};
        int got = session_decide(s, source, true, st->noids == 0, err);
        if (got <= 0)
            return got;
        int r = renewed(s, st, s->decision, err);
        session_decided(s);
        if (r != 0)
            return -1;
    }
    if (session_needs_tenant(s, st->plan))
        return err_set(err, SQLSTATE_INVALID_AUTHORIZATION, "no tenant has been chosen");
    return renew_execute(s, st, err) == 0 && renew_literal(s, st, err) == 0 ? 1 : -1;
}

/* -- PREPARE -- */

int session_prepare(struct session *s, const struct plan *p, struct slice source,
                    struct names *names, struct err *err)
{
    struct slice name = {p->name, strlen(p->name)};
    const struct plan *query = p->prepared;
    if (query->hidden && query->nparams == UINT16_MAX)
        return err_set(err, SQLSTATE_FEATURE_NOT_SUPPORTED, "too many parameters");
    if (statements_find(&s->statements, name))
        return err_set(err, SQLSTATE_DUPLICATE_PREPARED_STATEMENT,
                       "prepared statement \"%s\" already exists", p->name);
    struct statement_spec spec = {
        .name = name,
        .plan = (struct plan *)(uintptr_t)p, /* counted, otherwise immutable */
        .by_sql = true,
        .confined = true,
        .source = source,
        .epoch = target_epoch(s->target, s->conf),
        .place = s->place,
    };
    struct statement *st = statement_new(&spec);
    if (!st)
        return err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
    int r = statements_put(&s->statements, st, err);
    if (r == 0)
        names->made = st;
    else
        statement_unref(st);
    return r;
}

/* PREPARE name (types) AS text, for the server. */
static void append_prepare(const struct session *s, const struct statement *st, struct buf *b)
{
    struct slice text = statement_text(st);
    buf_append(b, "PREPARE ", 8);
    buf_append(b, st->server_name, strlen(st->server_name));
    for (uint16_t i = 0; i < st->noids; i++) {
        buf_append(b, i == 0 ? " (" : ", ", 2);
        policy_type_text(s->target->catalog, st->oids[i], b);
    }
    if (st->noids > 0)
        buf_append(b, ")", 1);
    buf_append(b, " AS ", 4);
    buf_append(b, text.data, text.len);
}

/* The server lacks ${st}, and will have it when the text arrives. */
static int note_prepared(struct session *s, struct statement *st, struct names *names,
                         struct err *err)
{
    struct server *srv = s->server;
    if (prepared_add(&srv->prepared, st->server_name, srv->batch, err) != 0)
        return -1;
    names->prepared = statement_ref(st);
    return 0;
}

static bool server_has(const struct session *s, const struct statement *st)
{
    return prepared_use(&s->server->prepared, st->server_name, s->server->batch);
}

static int own_prepare(struct session *s, const struct plan *p, struct slice source,
                       struct names *names, struct own *ret, struct err *err)
{
    static const char known[] = "SELECT 1"; /* fails where PREPARE would: in a failed transaction */
    struct buf b;
    if (session_prepare(s, p, source, names, err) != 0)
        return -1;
    struct statement *st = names->made;
    ret->special = true;
    ret->tag = "PREPARE";
    buf_init(&b, LIMIT_MESSAGE_BYTES);
    if (server_has(s, st))
        buf_append(&b, known, sizeof(known) - 1);
    else if (note_prepared(s, st, names, err) == 0)
        append_prepare(s, st, &b);
    else
        buf_fail(&b);
    ret->text = take_text(&b, err);
    return ret->text ? 0 : -1;
}

/* -- EXECUTE -- */

struct statement *session_execute_target(struct session *s, const struct plan *p, struct err *err)
{
    struct statement *st =
        statements_find(&s->statements, (struct slice){p->name, strlen(p->name)});
    if (!st) {
        err_set(err, SQLSTATE_INVALID_SQL_STATEMENT_NAME,
                "prepared statement \"%s\" does not exist", p->name);
        return NULL;
    }
    if (renew(s, st, err) != 0)
        return NULL;
    if (!st->plan->query || st->text) { /* others have effects that are told by their text */
        err_set(err, SQLSTATE_FEATURE_NOT_SUPPORTED,
                "EXECUTE of a statement other than SELECT, INSERT, UPDATE, DELETE, MERGE or VALUES "
                "is not supported for confined sessions");
        return NULL;
    }
    if (st->nparams > 0 && p->nargs != st->nparams) { /* without any, PostgreSQL ignores arguments */
        err_set(err, SQLSTATE_SYNTAX_ERROR,
                "wrong number of parameters for prepared statement \"%s\"", p->name);
        err_detail(err, "Expected %u parameters but got %u.", st->nparams, p->nargs);
        return NULL;
    }
    return session_cursor_check(s, st->plan, err) == 0 ? st : NULL;
}

static void append_execute(const struct session *s, const struct plan *p,
                           const struct statement *target, struct buf *b)
{
    struct slice tenant = {s->tenant, s->tenant ? strlen(s->tenant) : 0};
    plan_text_execute(p, target->server_name, target->nparams > 0,
                      target->hidden ? &tenant : NULL, b);
}

char *session_execute_text(const struct session *s, const struct plan *p,
                           const struct statement *target, struct err *err)
{
    struct buf b;
    buf_init(&b, LIMIT_MESSAGE_BYTES);
    append_execute(s, p, target, &b);
    return take_text(&b, err);
}

static int own_execute(struct session *s, const struct plan *p, struct names *names,
                       struct own *ret, struct err *err)
{
    struct buf b;
    struct statement *st = session_execute_target(s, p, err);
    if (!st)
        return -1;
    buf_init(&b, LIMIT_MESSAGE_BYTES);
    ret->special = true;
    if (!server_has(s, st)) {
        if (note_prepared(s, st, names, err) != 0)
            return -1;
        append_prepare(s, st, &b);
        buf_append(&b, "\n;\n", 3);
        ret->prepares = true;
    }
    append_execute(s, p, st, &b);
    ret->text = take_text(&b, err);
    return ret->text ? 0 : -1;
}

int session_own_named(struct session *s, const struct plan *p, struct slice source,
                      struct names *names, struct own *ret, struct err *err)
{
    return p->class == PLAN_PREPARE ? own_prepare(s, p, source, names, ret, err)
                                    : own_execute(s, p, names, ret, err);
}

/* A batch that is open must not be ended by our Sync: then the next Query makes room. */
int session_make_room(struct session *s, struct err *err)
{
    return s->unsynced ? 0 : session_evict(s, s->server->target->limits.statements, err);
}
