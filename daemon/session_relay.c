/* Replication, of owners (wire cases 43 and 71): a connection of its own, which is no server of the pool and serves
 * nobody else.  Once both ends are authenticated their bytes pass as they come. */
#include "daemon/dial.h"
#include "daemon/must.h"
#include "daemon/server_open.h"
#include "daemon/session_internal.h"
#include "daemon/worker.h"

#include <stdlib.h>

struct relay {
    struct session *session; /* one hold, while the link is open */
    struct dial *dial;       /* until there is a connection */
    PGconn *pg;
    struct link link;
    bool linked;
};

static size_t on_data(struct link *l, struct slice data)
{
    struct session *s = ((struct relay *)l->owner)->session;
    link_write(&s->link, data.data, data.len);
    if (link_is_congested(&s->link))
        link_pause(l);
    return data.len;
}

static void on_drained(struct link *l)
{
    link_resume(&((struct relay *)l->owner)->session->link);
}

static void on_end(struct link *l, const char *why)
{
    session_close(((struct relay *)l->owner)->session, why);
}

static const struct link_handler relay_handler = {
    .on_data = on_data, .on_drained = on_drained, .on_end = on_end};

static void welcome(struct session *s, const PGconn *pg)
{
    struct buf *out = session_out(s);
    for (const char *const *name = server_open_reported; *name; name++) {
        const char *value = PQparameterStatus(pg, *name);
        if (value)
            msg_parameter_status(out, *name, value);
    }
    msg_ready(out, 'I');
    session_wrote(s);
    link_resume(&s->link);
}

static void dialled(void *owner, PGconn *pg, const char *why)
{
    struct relay *r = owner;
    struct session *s = r->session;
    struct err err;
    r->dial = NULL;
    if (!pg) {
        log_warning(s->worker->log, "back end \"%s\" cannot be reached for replication: %s",
                    s->target->label, why);
        err_set(&err, SQLSTATE_CONNECTION_FAILURE, "the back end takes no replication connection");
        err_detail(&err, "%s", why);
        session_fail(s, &err);
        return;
    }
    r->pg = pg;
    if (link_init_borrowed(&r->link, s->worker, PQsocket(pg), PQgetssl(pg), &relay_handler, r,
                           &err) != 0) {
        session_fail(s, &err);
        return;
    }
    r->linked = true;
    session_hold(s);
    welcome(s, pg);
}

void session_relay(struct session *s)
{
    struct err err;
    session_enter(s, SESSION_RELAY, "replication");
    s->relay = s->target->postgres ? calloc(1, sizeof(*s->relay)) : NULL;
    if (!s->relay) {
        err_set(&err, SQLSTATE_FEATURE_NOT_SUPPORTED, "this back end has no replication");
        session_fail(s, &err);
        return;
    }
    s->relay->session = s;
    s->relay->dial = dial_start(s->target, s->replication == REPLICATION_DATABASE ? "database" : "true", dialled, s->relay, &err);
    if (!s->relay->dial)
        session_fail(s, &err);
}

size_t session_relay_data(struct session *s, struct slice data)
{
    struct relay *r = s->relay;
    if (!r->linked || link_is_congested(&r->link)) {
        link_pause(&s->link);
        return 0;
    }
    link_write(&r->link, data.data, data.len);
    return data.len;
}

void session_relay_drained(struct session *s)
{
    if (s->relay && s->relay->linked)
        link_resume(&s->relay->link);
}

bool session_relay_runs(const struct session *s)
{
    return s->relay && s->relay->linked;
}

static void relay_free(struct relay *r)
{
    PQfinish(r->pg);
    free(r);
}

static void link_closed(struct link *l)
{
    struct relay *r = l->owner;
    struct session *s = r->session;
    relay_free(r);
    session_unhold(s);
}

void session_relay_close(struct session *s)
{
    struct relay *r = s->relay;
    if (!r)
        return;
    s->relay = NULL;
    if (r->dial)
        dial_stop(r->dial);
    if (r->linked)
        link_close_flushed(&r->link, link_closed);
    else
        relay_free(r);
}
