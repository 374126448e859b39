/* The server's messages.
 *
 * Rows are forwarded as they come, never assembled: a run of bytes that goes on unchanged is
 * written in one piece.  Everything else is read whole: it says how far the flow of owed replies
 * has come. */
#include "conf/limits.h"
#include "daemon/session_internal.h"
#include "daemon/worker.h"

#include <stdlib.h>

/* Servers that do not take a client's settings, before it hears of it. */
#define MISFITS_MAX 3

/* What to do with a message. */
enum pass { FORWARD, DROP };

static void distrust(struct session *s, const char *why)
{
    struct server *srv = s->server;
    session_lost_server(s, why);
    server_close(srv, why);
}

/* -- replies of our own, and undoing -- */

static void pop(struct session *s)
{
    struct owed *o = owed_of(flow_head(s->server->flow));
    session_heal_answered(s, flow_head(s->server->flow));
    flow_pop(s->server->flow);
    owed_free(o);
}

/* Write what has come to the head of the flow. */
static void due(struct session *s)
{
    const struct flow_entry *e;
    while (s->server && (e = flow_head(s->server->flow)) && e->fate == FLOW_INJECT) {
        struct buf *out = session_out(s);
        msg_end(out, msg_begin(out, owed_of(e)->reply));
        session_wrote(s);
        pop(s);
    }
}

/* The server skips up to Sync: what was sent up to there never happened. */
static void drop_owed(struct session *s)
{
    session_undo_skipped(s);
    session_copy_over(s, true);
    if (flow_len(s->server->flow) == 0) /* the server waits for a Sync that is not on its way: a Query does not end that */
        s->skipping = s->unsynced = true;
    if (s->skipping || !s->unnamed_bound)
        session_unnamed_portal_gone(s);
}

/* -- errors -- */

static bool is_own_query(const struct owed *o)
{
    return o && o->kind != OWED_CLIENT && o->kind != OWED_CHECK;
}

static void own_query_failed(struct session *s, const struct owed *o, const struct err *err)
{
    if (o->kind == OWED_LOST)
        return; /* it had to */
    if (o->kind == OWED_LOCKS) {
        s->locks_held = true; /* for all that is known */
        return;
    }
    s->server->settings_unknown = true;
    if (s->state == SESSION_WELCOME) {
        session_verify_failed(s, err);
        return;
    }
    log_warning(s->worker->log, "back end \"%s\" does not accept a session's settings: %s",
                s->target->label, err->message);
    s->server->doomed = true;
    if (s->outfitting && ++s->misfits >= MISFITS_MAX) {
        struct err copy = *err;
        session_filter_error(s, &copy, NULL);
        session_keep(&s->failed_lease, &copy);
    }
}

/* After DDL that did not go through Partywall, statements prepared before it fail until they are
 * prepared again (wire case 34). */
static bool is_stale_plan(struct session *s, const struct err *err)
{
    bool is = strcmp(err->sqlstate, SQLSTATE_FEATURE_NOT_SUPPORTED) == 0 &&
              strncmp(err->message, "cached plan must not change", 27) == 0;
    if (is)
        target_forget_statements(s->target);
    return is;
}

/* PostgreSQL looks at the syntax before it looks at the transaction, and at all else behind it. */
static bool is_in_place_of_refusal(const struct owed *o, const struct err *err)
{
    if (!o || !o->refused || !o->refusal || o->index != o->refused_at)
        return false;
    return strcmp(err->sqlstate, SQLSTATE_UNDEFINED_COLUMN) == 0 ||
           (strcmp(err->sqlstate, SQLSTATE_IN_FAILED_SQL_TRANSACTION) == 0 &&
            strcmp(o->refusal->sqlstate, SQLSTATE_SYNTAX_ERROR) == 0);
}

static enum pass client_error(struct session *s, const struct owed *o, struct err *err)
{
    s->tx_failed = s->told = true;
    if (is_in_place_of_refusal(o, err))
        *err = *o->refusal;
    else if (!s->confined)
        return FORWARD;
    else
        session_filter_error(s, err, o);
    session_send_error(s, "ERROR", err);
    return DROP;
}

/* A server's last words.  The client's connection goes on: to it they are an ERROR, in answer to what it waits for. */
static void on_fatal(struct session *s, const struct err *said)
{
    struct err err = *said;
    session_filter_error(s, &err, NULL);
    session_keep(&s->lost, &err);
    distrust(s, said->message);
}

static enum pass on_error(struct session *s, const struct frame *f)
{
    struct err err;
    char severity[16];
    if (msg_read_error((struct slice){f->body, f->body_len}, &err, severity) != 0) {
        distrust(s, "malformed error message");
        return DROP;
    }
    const struct flow_entry *head = flow_head(s->server->flow);
    if (!head || strcmp(severity, "ERROR") != 0) {
        on_fatal(s, &err);
        return DROP;
    }
    struct owed *o = owed_of(head);
    if (strcmp(err.sqlstate, SQLSTATE_READ_ONLY_SQL_TRANSACTION) == 0)
        s->server->suspect = true;
    if (is_own_query(o)) {
        own_query_failed(s, o, &err);
        return DROP;
    }
    if (is_stale_plan(s, &err) && session_heal_begin(s, head))
        return DROP;
    bool whole = head->kind == FLOW_QUERY || head->kind == FLOW_FUNCTION;
    enum pass pass = client_error(s, o, &err);
    if (whole && o)
        session_undo(s, o, false);
    s->drop_due = true; /* once this message has been passed on */
    return pass;
}

static enum pass on_notice(struct session *s, const struct frame *f)
{
    struct err err;
    char severity[16];
    const struct flow_entry *e = flow_head(s->server->flow);
    if (is_own_query(owed_of(e)))
        return DROP;
    if (e && e->kind == FLOW_PARSE && e->fate == FLOW_SWALLOW)
        return DROP; /* a text that is told of once has been, when the client sent it */
    if (!s->confined)
        return FORWARD;
    if (msg_read_error((struct slice){f->body, f->body_len}, &err, severity) != 0)
        return DROP;
    session_filter_error(s, &err, NULL);
    msg_notice(session_out(s), severity, &err);
    session_wrote(s);
    return DROP;
}

/* -- the end of a reply -- */

static struct answer answer_of(const struct flow_entry *e)
{
    const struct owed *o = owed_of(e);
    if (!o || o->kind != OWED_CLIENT)
        return (struct answer){0};
    if (o->statement && e->kind != FLOW_PARSE)
        return (struct answer){.tag = o->statement->tag, .rows = o->statement->rows};
    if (o->answers && o->index < o->decision->nplans)
        return o->answers[o->index];
    return (struct answer){0};
}

static struct plan *completed_plan(const struct flow_entry *e)
{
    const struct owed *o = owed_of(e);
    if (!o)
        return NULL;
    if (e->kind == FLOW_EXECUTE)
        return o->statement ? o->statement->plan : NULL;
    return o->decision && o->index < o->decision->nplans ? o->decision->plans[o->index] : NULL;
}

/* Is what is complete our own setting, within a Query?  Counts what is complete. */
static bool is_setting(const struct flow_entry *e)
{
    struct owed *o = e->kind == FLOW_QUERY ? owed_of(e) : NULL;
    return o && o->steps && o->steps[o->step] && o->steps[o->step++] == 's';
}

static enum pass on_complete(struct session *s, const struct flow_entry *e, const struct frame *f)
{
    const struct plan *p = completed_plan(e);
    struct answer a = answer_of(e);
    bool checked = session_copy_holds(s);
    if (e->fate == FLOW_SWALLOW || is_setting(e)) {
        if (checked && owed_of(e) && owed_of(e)->kind == OWED_CHECK)
            session_copy_checked(s);
        return DROP;
    }
    if (f->body_len == 0 || f->body[f->body_len - 1] != '\0') {
        distrust(s, "malformed command tag");
        return DROP;
    }
    if (a.prepares) { /* done, whatever becomes of what follows */
        struct owed *o = owed_of(e);
        o->answers[o->index].prepares = false;
        names_release(&o->each[o->index]);
        return DROP;
    }
    if (!checked && session_copy_hold(s, p, (struct slice){f->body, f->body_len - 1}))
        return DROP;
    if (p)
        session_effect(s, p, f->body);
    if (e->kind == FLOW_QUERY && owed_of(e))
        owed_of(e)->index++;
    if (checked) {
        session_copy_checked(s);
        return DROP;
    }
    if (!a.tag)
        return FORWARD;
    msg_command_complete(session_out(s), a.tag);
    session_wrote(s);
    return DROP;
}

/* The types of the client's own parameters: the hidden one comes last. */
static enum pass on_parameters(struct session *s, const struct flow_entry *e, const struct frame *f)
{
    const struct owed *o = owed_of(e);
    struct reader r = reader_of((struct slice){f->body, f->body_len});
    uint16_t n = read_int16(&r);
    if (!o || !o->statement || !o->statement->hidden)
        return FORWARD;
    if (n == 0 || f->body_len != 2 + 4 * (uint32_t)n) {
        distrust(s, "malformed parameter description");
        return DROP;
    }
    struct buf *out = session_out(s);
    size_t mark = msg_begin(out, 't');
    msg_int16(out, (uint16_t)(n - 1));
    msg_bytes(out, f->body + 2, 4 * (size_t)(n - 1));
    msg_end(out, mark);
    session_wrote(s);
    return DROP;
}

static enum pass on_row_description(struct session *s, const struct flow_entry *e)
{
    struct answer a = answer_of(e);
    if (e->fate == FLOW_SWALLOW || session_copy_holds(s))
        return DROP;
    if (!a.tag || a.rows)
        return FORWARD;
    if (e->kind != FLOW_QUERY) {
        msg_no_data(session_out(s));
        session_wrote(s);
    }
    return DROP;
}

static enum pass on_copy_in(struct session *s, const struct flow_entry *e, const struct frame *f)
{
    int begun = session_copy_begin(s, completed_plan(e), (struct slice){f->body, f->body_len});
    if (begun < 0)
        distrust(s, "unexpected CopyInResponse");
    return begun == 0 ? FORWARD : DROP;
}

static void transaction_ends(struct session *s)
{
    if (s->tx_failed)
        track_rollback(&s->track);
    else
        track_commit(&s->track);
    session_settle_settings(s);
    session_portals_end(s);
    bool failed = s->tx_failed;
    s->tx_failed = false;
    session_listen_settle(s, failed);
    session_tenant_settle(s, failed);
}

static void send_ready(struct session *s)
{
    msg_ready(session_out(s), s->status);
    session_wrote(s);
    due(s);
}

/* -- ReadyForQuery waits until the catalog knows what the transaction has changed -- */

static void ready_now(struct session *s)
{
    s->holding_ready = false;
    session_listen_deliver(s);
    send_ready(s);
    if (s->server)
        link_resume(&s->server->link);
    session_release_if_done(s);
    session_resume(s);
}

static void wait_for_catalog(struct session *s)
{
    s->ddl = false;
    target_forget_statements(s->target);
    struct target_wait *wait = session_wait(s, ready_now);
    target_refresh(s->target, wait);
    if (!wait)
        ready_now(s);
}

/* ... or the listener has heard what the transaction has sent. */
static void heard_all(struct channels_wait *w)
{
    struct session *s = session_settling(w);
    if (s->ddl)
        wait_for_catalog(s);
    else
        ready_now(s);
}

/* false: there is nothing to wait for. */
static bool hold_ready(struct session *s)
{
    bool listener = session_notified(s, heard_all);
    if (!listener && !s->ddl)
        return false;
    s->holding_ready = true;
    link_pause(&s->server->link);
    if (!listener)
        wait_for_catalog(s);
    return true;
}

static enum pass on_ready(struct session *s, const struct flow_entry *e, const struct frame *f)
{
    const struct owed *o = owed_of(e);
    bool own = is_own_query(o), verify = own && o->kind == OWED_VERIFY;
    if (f->body_len != 1 || !flow_ends(e->kind, 'Z')) {
        distrust(s, "unexpected ReadyForQuery");
        return DROP;
    }
    s->server->status = f->body[0];
    if (own) {
        if (o->kind == OWED_LOCKS)
            session_locks_told(s);
        bool fits = o->kind == OWED_LOST       ? s->server->status == 'E'
                    : o->kind == OWED_SETTINGS ? !s->server->settings_unknown
                                               : true;
        pop(s);
        if (s->outfitting && !fits)
            distrust(s, "it does not accept a session's settings");
        if (verify)
            session_verify_over(s);
        return DROP;
    }
    s->told = false;
    s->status = f->body[0];
    if (s->status == 'I')
        transaction_ends(s);
    else
        s->tx_failed = s->status == 'E';
    if (s->state == SESSION_CLOSING)
        return DROP;
    pop(s);
    session_copy_over(s, false);
    if (session_heal_end(s))
        return DROP;
    if (s->status != 'I')
        return FORWARD;
    if (hold_ready(s))
        return DROP;
    session_listen_deliver(s);
    return FORWARD;
}

/* -- all messages -- */

static enum pass on_message(struct session *s, const struct frame *f)
{
    if (f->type == 'E')
        return on_error(s, f);
    if (f->type == 'N')
        return on_notice(s, f);
    const struct flow_entry *e = flow_head(s->server->flow);
    if (f->type == 'S')
        return is_own_query(owed_of(e)) ? DROP : FORWARD;
    if (f->type == 'A')
        return s->confined ? DROP : FORWARD;
    if (!e) {
        distrust(s, "a message that nobody waits for");
        return DROP;
    }
    if (f->type == 'Z')
        return on_ready(s, e, f);
    bool last = flow_ends(e->kind, f->type);
    enum pass pass = e->fate == FLOW_SWALLOW ? DROP : FORWARD;
    if (f->type == 'C')
        pass = on_complete(s, e, f);
    else if (f->type == 't')
        pass = on_parameters(s, e, f);
    else if (f->type == 'T')
        pass = on_row_description(s, e);
    else if (f->type == 'G')
        pass = on_copy_in(s, e, f);
    else if (f->type == '3' && owed_of(e) && owed_of(e)->portal)
        session_portal_closed(s, owed_of(e)->portal);
    if (last && s->server) {
        pop(s);
        session_copy_over(s, false);
    }
    return pass;
}

static void add_to_run(struct session *s, const char *data, size_t len)
{
    if (len == 0)
        return;
    if (s->run_len > 0 && s->run + s->run_len != data)
        session_out(s); /* something between was left out */
    if (s->run_len == 0)
        s->run = data;
    s->run_len += (uint32_t)len;
}

/* The body of a row, or of COPY data, of which perhaps only the first bytes have come. */
static bool drops_rows(const struct session *s, const struct flow_entry *e)
{
    struct answer a = answer_of(e);
    return e->fate == FLOW_SWALLOW || (a.tag && !a.rows) || session_copy_holds(s);
}

static size_t stream(struct session *s, struct slice data)
{
    struct server *srv = s->server;
    size_t n = data.len < srv->stream_left ? data.len : (size_t)srv->stream_left;
    srv->stream_left -= n;
    if (!srv->stream_drop)
        add_to_run(s, data.data, n);
    return n;
}

static size_t whole_message(struct session *s, struct slice data, const struct frame *f)
{
    size_t total = (size_t)f->head_len + f->body_len;
    if (f->body_len > LIMIT_MESSAGE_BYTES) {
        distrust(s, "message is too long");
        return 0;
    }
    if (data.len < total)
        return 0;
    if (on_message(s, f) == FORWARD && s->state != SESSION_CLOSING)
        add_to_run(s, data.data, total);
    if (s->drop_due && s->server) {
        s->drop_due = false;
        drop_owed(s);
        session_heal_skipped(s);
    }
    if (!s->holding_ready)
        due(s);
    return total;
}

static size_t one(struct session *s, struct slice data)
{
    struct server *srv = s->server;
    struct frame f;
    struct err err;
    if (srv->stream_left > 0)
        return stream(s, data);
    int got = frame_head(FRAME_BACKEND, data, &f, &err);
    if (got < 0)
        distrust(s, err.message);
    if (got <= 0)
        return 0;
    const struct flow_entry *e = flow_head(srv->flow);
    if ((f.type != 'D' && f.type != 'd') || !e)
        return whole_message(s, data, &f);
    const struct owed *o = owed_of(e);
    if (f.type == 'D' && o && o->kind == OWED_LOCKS)
        s->locks_held = true;
    if (f.type == 'D' && o && o->kind == OWED_VERIFY) {
        if (data.len < (size_t)f.head_len + f.body_len || f.body_len > LIMIT_SETTINGS_BYTES)
            return 0;
        session_verified(s, (struct slice){f.body, f.body_len});
    }
    srv->stream_left = (uint64_t)f.head_len + f.body_len;
    srv->stream_drop = drops_rows(s, e);
    return stream(s, data);
}

size_t session_from_server(struct session *s, struct slice data)
{
    struct server *srv = s->server;
    size_t used = 0;
    while (used < data.len && s->server == srv && !s->holding_ready) {
        size_t n = one(s, (struct slice){data.data + used, data.len - used});
        if (n == 0)
            break;
        used += n;
    }
    if (s->run_len > 0)
        session_wrote(s);
    if (s->server == srv && used == data.len) /* nothing is left that the next client could hear */
        session_release_if_done(s);
    if (s->link.paused)
        session_resume(s); /* what waited for this reply */
    return used;
}
