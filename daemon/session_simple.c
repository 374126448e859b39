/* Query and FunctionCall.
 *
 * The statements of one Query go to the server as one Query, so that its implicit transaction stays
 * the server's.  A refused statement becomes one that fails at the same place; its error is
 * replaced. */
#include "conf/limits.h"
#include "daemon/session_internal.h"

#include <stdlib.h>

#define REFUSED                                                                                    \
    "SELECT partywall_refused" /* 42703 when it is analysed, 25P02 in a failed transaction */

static struct owed *owed_refusal(const struct err *err)
{
    struct owed *o = owed_new(OWED_CLIENT);
    if (!o)
        return NULL;
    o->refusal = malloc(sizeof(*o->refusal));
    if (!o->refusal) {
        owed_free(o);
        return NULL;
    }
    *o->refusal = *err;
    o->refused = true;
    return o;
}

static enum verdict no_memory(struct session *s)
{
    struct err err;
    err_set(&err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
    session_fail(s, &err);
    return GONE;
}

static void end_batch(struct session *s)
{
    session_unnamed_portal_gone(s);
    s->unsynced = s->batch = s->batch_lost = false;
}

/* A simple Query ends the unnamed statement and portal (wire case 77), and whatever was open before it.  ${o} is
 * owed for it. */
static int end_unnamed(struct session *s, struct owed *o)
{
    end_batch(s);
    return session_name_end(s, (struct slice){"", 0}, &o->names);
}

/* The same when it has been answered. */
static void unnamed_ended(struct session *s)
{
    end_batch(s);
    session_name_drop(s, (struct slice){"", 0});
}

/* An error in answer to a Query or FunctionCall, and ReadyForQuery. */
static enum verdict refuse_query(struct session *s, const struct err *err)
{
    struct err local;
    if (!s->server || session_is_free(s)) {
        unnamed_ended(s);
        session_send_error(s, "ERROR", err);
        msg_ready(session_out(s), s->status);
        session_wrote(s);
        return TAKEN;
    }
    struct owed *o = owed_refusal(err);
    if (!o || end_unnamed(s, o) != 0) {
        owed_free(o);
        return no_memory(s);
    }
    if (session_owe(s, FLOW_QUERY, FLOW_FORWARD, o, &local) != 0) {
        session_fail(s, &local);
        return GONE;
    }
    msg_query(server_out(s), (struct slice){REFUSED, sizeof(REFUSED) - 1});
    server_sent(s);
    return TAKEN;
}

/* ${ended}: the name that ends with the message; NULL: none. */
static enum verdict refuse(struct session *s, const struct slice *ended, const struct err *err)
{
    struct err local;
    s->batch = s->skipping = true;
    if (!s->server || session_is_free(s)) {
        if (ended)
            session_name_drop(s, *ended);
        session_send_error(s, "ERROR", err);
        return TAKEN;
    }
    struct owed *o = owed_refusal(err);
    if (!o || (ended && session_name_end(s, *ended, &o->names) != 0)) {
        owed_free(o);
        return no_memory(s);
    }
    if (session_owe(s, FLOW_PARSE, FLOW_FORWARD, o, &local) != 0) {
        session_fail(s, &local);
        return GONE;
    }
    msg_parse(server_out(s), "", (struct slice){REFUSED, sizeof(REFUSED) - 1}, NULL, 0);
    server_sent(s);
    s->unsynced = true;
    return TAKEN;
}

enum verdict session_refuse(struct session *s, const struct err *err)
{
    return refuse(s, NULL, err);
}

enum verdict session_refuse_parse(struct session *s, struct slice name, const struct err *err)
{
    return refuse(s, name.len == 0 ? &name : NULL, err);
}

/* -- Query -- */

struct building { /* one Query for the server */
    struct session *s;
    struct decision *decision;
    struct owed *owed;
    struct slice sql;
    struct buf text;
    bool changed; /* from what the client sent */
    struct buf steps; /* see struct owed */
    bool isolated;    /* the database has been told the tenant of the transaction, at this place */
    bool copies;      /* there is a COPY ... FROM STDIN */
    size_t counted;   /* bytes of the text, which are ... */
    int characters;   /* ... so many */
};

/* Another statement begins, on a line of its own: the text before may end in a comment. */
static void begin_step(struct building *b, char step)
{
    if (buf_peek(&b->steps).len > 0)
        buf_append(&b->text, "\n;\n", 3);
    buf_append(&b->steps, &step, 1);
}

static void add_setting(struct building *b)
{
    begin_step(b, 's');
    session_isolation_text(b->s, &b->text);
    b->isolated = true;
}

/* Before ${p}: the setting, if a transaction may begin with it. */
static void add_setting_before(struct building *b, const struct plan *p)
{
    if (b->isolated || !session_isolates(b->s) || !session_needs_isolation(p))
        return;
    add_setting(b);
}

static void add_setting_after(struct building *b, const struct plan *p)
{
    if (!session_isolates(b->s))
        return;
    if (session_begins_transaction(p))
        add_setting(b);
    else if (session_ends_transaction(p))
        b->isolated = false;
}

static void refuse_at(struct building *b, size_t i, const struct err *err)
{
    buf_append(&b->text, REFUSED, sizeof(REFUSED) - 1);
    b->changed = true;
    b->owed->refused = true;
    b->owed->refused_at = i;
    b->owed->refusal = malloc(sizeof(*err));
    if (b->owed->refusal)
        *b->owed->refusal = *err;
    else
        buf_fail(&b->text);
}

static void add_answer(struct building *b, size_t i, const struct own *own)
{
    if (!b->owed->answers)
        b->owed->answers = calloc(b->decision->nplans, sizeof(*b->owed->answers));
    if (b->owed->answers)
        b->owed->answers[i] =
            (struct answer){.tag = own->tag, .rows = own->rows, .prepares = own->prepares};
    else
        buf_fail(&b->text);
}

static void add_special(struct building *b, size_t i, const struct own *own)
{
    b->changed = true;
    add_answer(b, i, own);
    buf_append(&b->text, own->text, strlen(own->text));
    if (own->prepares)
        buf_append(&b->steps, "n", 1);
}

static int check(const struct session *s, const struct plan *p, struct err *err)
{
    if (p->refused) {
        *err = *p->err;
        return -1;
    }
    if (!session_needs_tenant(s, p))
        return session_cursor_check(s, p, err);
    err_set(err, SQLSTATE_INVALID_AUTHORIZATION, "no tenant has been chosen");
    err_hint(err, "SET partywall.tenant = 'name'");
    return -1;
}

/* Statement ${i}'s text begins here: positions in errors are found by it. */
static void begin_text(struct building *b, size_t i)
{
    struct slice text = buf_peek(&b->text);
    for (; b->counted < text.len; b->counted++) /* of UTF-8 */
        b->characters += ((unsigned char)text.data[b->counted] & 0xc0) != 0x80;
    b->owed->starts[i] = b->characters;
}

static void add_text(struct building *b, const struct plan *p)
{
    struct slice tenant = {b->s->tenant, b->s->tenant ? strlen(b->s->tenant) : 0};
    plan_text_literal(p, tenant, &b->text);
    if (!p->copy)
        return;
    b->copies = true;
    if (!p->copy->check)
        return;
    begin_step(b, 'c');
    plan_text_literal(p->copy->check, tenant, &b->text);
}

/* Most statements do nothing to names. */
static bool does_names(const struct plan *p)
{
    return session_is_named(p) || p->class == PLAN_DEALLOCATE || p->class == PLAN_DISCARD_ALL;
}

static struct names *names_of(struct building *b, size_t i)
{
    if (!b->owed->each && (b->owed->each = calloc(b->decision->nplans, sizeof(*b->owed->each))))
        b->owed->neach = b->decision->nplans;
    return b->owed->each ? &b->owed->each[i] : NULL;
}

/* What the server gets for a statement, and what the statement does to the session when it is sent. */
static int begin(struct building *b, size_t i, struct own *own, struct err *err)
{
    struct session *s = b->s;
    const struct plan *p = b->decision->plans[i];
    struct names *names = does_names(p) ? names_of(b, i) : NULL;
    if (!names && does_names(p))
        return err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
    if (check(s, p, err) != 0 || session_copy_check(s, p, err) != 0 ||
        session_own_check(s, p, b->decision->nplans == 1, err) != 0 ||
        session_lock(s, p, err) != 0)
        return -1;
    if (session_is_named(p))
        return session_own_named(
            s, p, (struct slice){b->sql.data + p->source_offset, p->source_len}, names, own, err);
    return session_own(s, p, own, err) != 0 ? -1 : session_own_begin(s, p, names, err);
}

/* false: it is refused, nothing may follow. */
static bool add(struct building *b, size_t i)
{
    const struct plan *p = b->decision->plans[i];
    struct own own = {0};
    struct err err;
    bool ok = begin(b, i, &own, &err) == 0;
    if (ok)
        add_setting_before(b, p);
    if (ok && p->notifies)
        session_notifies(b->s);
    begin_step(b, 'p');
    if (!ok) {
        refuse_at(b, i, &err);
    } else if (own.special) {
        add_special(b, i, &own);
    } else {
        if (own.tag)
            add_answer(b, i, &own);
        begin_text(b, i);
        add_text(b, p);
    }
    free(own.text);
    if (ok)
        add_setting_after(b, p);
    return ok;
}

static enum verdict send_query(struct session *s, struct slice sql)
{
    struct err err;
    struct building b = {.s = s, .decision = s->decision, .owed = owed_new(OWED_CLIENT), .sql = sql};
    int *starts = calloc(s->decision->nplans + 1, sizeof(*starts));
    if (!b.owed || !starts) {
        free(starts);
        owed_free(b.owed);
        return no_memory(s);
    }
    b.owed->starts = starts;
    for (size_t i = 0; i < b.decision->nplans; i++)
        starts[i] = START_OURS;
    buf_init(&b.text, LIMIT_MESSAGE_BYTES);
    buf_init(&b.steps, LIMIT_MESSAGE_BYTES);
    b.isolated = session_is_isolated(s);
    for (size_t i = 0; i < b.decision->nplans; i++) {
        if (session_begins_transaction(b.decision->plans[i]))
            s->begun_at = s->nowed;
        session_pin_if_needed(s, b.decision->plans[i], sql);
        if (!add(&b, i))
            break;
    }
    if (session_isolates(s))
        b.owed->steps = buf_take_text(&b.steps);
    buf_release(&b.steps);
    if (b.text.failed || (session_isolates(s) && !b.owed->steps)) {
        buf_release(&b.text);
        owed_free(b.owed);
        return no_memory(s);
    }
    b.owed->decision = s->decision;
    s->decision = NULL;
    bool as_it_came = !s->confined && !b.changed;
    enum verdict v = TAKEN;
    if (end_unnamed(s, b.owed) != 0) {
        buf_release(&b.text);
        owed_free(b.owed);
        return no_memory(s);
    }
    if (session_owe(s, FLOW_QUERY, FLOW_FORWARD, b.owed, &err) == 0) {
        msg_query(server_out(s), as_it_came ? sql : buf_peek(&b.text));
        server_sent(s);
        if (b.copies && session_copy_expect(s, true, &err) != 0) {
            session_fail(s, &err);
            v = GONE;
        }
    } else {
        session_fail(s, &err);
        v = GONE;
    }
    buf_release(&b.text);
    return v;
}

/* While free: an answer without a server.  false: there is none. */
static bool answer_locally(struct session *s)
{
    struct err err;
    const struct plan *p = s->decision->plans[0];
    if (!session_is_free(s))
        return false;
    int r = check(s, p, &err);
    if (r == 0 && s->decision->nplans == 1)
        r = session_own_local(s, p, &err);
    if (r < 0)
        refuse_query(s, &err);
    else if (r > 0)
        unnamed_ended(s);
    return r != 0;
}

/* The end of a transaction that was lost with its server needs no other one. */
static bool end_lost_transaction(struct session *s)
{
    enum plan_class class = s->decision->plans[0]->class;
    bool news = s->lost != NULL;
    struct err err;
    if (!s->ghost || s->server || s->decision->nplans != 1 ||
        (class != PLAN_ROLLBACK && (class != PLAN_COMMIT || news)))
        return false;
    (void)session_take(&s->lost, &err);
    s->ghost = false;
    s->status = 'I';
    unnamed_ended(s);
    msg_command_complete(session_out(s), "ROLLBACK");
    msg_ready(session_out(s), 'I');
    session_wrote(s);
    return true;
}

static bool names_statements(const struct decision *d)
{
    for (size_t i = 0; i < d->nplans; i++)
        if (session_is_named(d->plans[i]))
            return true;
    return false;
}

static bool waits(const struct session *s)
{
    for (size_t i = 0; i < s->decision->nplans; i++)
        if (session_plan_waits(s, s->decision->plans[i]))
            return true;
    return s->copy; /* one in a batch, whose end is not known yet */
}

/* PREPARE and EXECUTE must know what the server has. */
static int lease_for_names(struct session *s, struct err *err)
{
    if (s->server && flow_syncs(s->server->flow) > 0)
        return 0;
    int got = session_lease(s, err);
    return got == 1 && session_make_room(s, err) != 0 ? -1 : got;
}

/* May every LISTEN be served? */
static int listen_ask(struct session *s, struct err *err)
{
    int all = 1;
    for (size_t i = 0; i < s->decision->nplans; i++) {
        int one = session_listen_ask(s, s->decision->plans[i], err);
        if (one < 0)
            return -1;
        all = one == 0 ? 0 : all;
    }
    return all;
}

static enum verdict serve(struct session *s, struct slice sql)
{
    struct err err;
    int asked = listen_ask(s, &err);
    if (asked <= 0)
        return asked == 0 ? WAIT : refuse_query(s, &err);
    if (end_lost_transaction(s))
        return TAKEN;
    if (session_take(&s->lost, &err))
        return refuse_query(s, &err);
    if (answer_locally(s))
        return s->state == SESSION_CLOSING ? GONE : TAKEN;
    if (waits(s))
        return WAIT;
    int got = names_statements(s->decision) ? lease_for_names(s, &err) : session_lease(s, &err);
    if (got == 0)
        return WAIT;
    return got < 0 ? refuse_query(s, &err) : send_query(s, sql);
}

enum verdict session_query(struct session *s, const struct frame *f)
{
    struct msg_query m;
    struct err err, pace_err;
    enum verdict v;
    if (msg_read_query((struct slice){f->body, f->body_len}, &m, &err) != 0)
        return refuse_query(s, &err);
    int got = session_decide(s, m.sql, false, false, &err);
    if (got == 1 && session_tenant_first(s, &err) != 0)
        got = -1;
    if (got == 1 && !s->decision)
        got = session_decide(s, m.sql, false, false, &err);
    if (got == 0)
        return WAIT;
    int pace = session_pace(s, s->decision ? s->decision->nplans : 1, &pace_err);
    if (pace == 0)
        return WAIT;
    if (pace < 0 && got > 0) {
        err = pace_err;
        got = -1;
    }
    v = got < 0 ? refuse_query(s, &err) : serve(s, m.sql);
    if (v == WAIT)
        return v;
    session_decided(s);
    if (v == TAKEN) {
        s->nstatements++;
        if (s->old_tenant_set && session_is_quiet(s)) /* it has failed without a server */
            session_tenant_settle(s, true);
    }
    return v;
}

/* -- FunctionCall -- */

/* Those that libpq's lo_* call: what they leave open ends with the transaction. */
static bool is_of_large_objects(uint32_t oid)
{
    static const uint32_t oids[] = {715,  764,  767,  952,  953,  954,  955, 956, 957,
                                    958,  964,  1004, 3170, 3171, 3172};
    for (size_t i = 0; i < sizeof(oids) / sizeof(oids[0]); i++)
        if (oids[i] == oid)
            return true;
    return false;
}

static enum verdict call(struct session *s, const struct frame *f)
{
    struct err err;
    struct reader r = reader_of((struct slice){f->body, f->body_len});
    if (session_take(&s->lost, &err))
        return refuse_query(s, &err);
    if (s->copy)
        return WAIT;
    int got = session_lease(s, &err);
    if (got <= 0)
        return got == 0 ? WAIT : refuse_query(s, &err);
    s->pinned = s->pinned || !is_of_large_objects(read_int32(&r));
    if (session_owe(s, FLOW_FUNCTION, FLOW_FORWARD, NULL, &err) != 0) {
        session_fail(s, &err);
        return GONE;
    }
    struct slice message = frame_bytes(f);
    buf_append(server_out(s), message.data, message.len);
    server_sent(s);
    s->unsynced = s->batch = false;
    return TAKEN;
}

enum verdict session_function(struct session *s, const struct frame *f)
{
    struct err err;
    if (!s->confined)
        return call(s, f);
    err_set(&err, SQLSTATE_FEATURE_NOT_SUPPORTED, "function calls by message are not supported");
    err_hint(&err, "Call the function in a statement.");
    return refuse_query(s, &err);
}
