/* Everything before authentication: encryption requests, cancel requests, the start-up packet. */
#include "daemon/cancel.h"
#include "daemon/session_internal.h"
#include "daemon/tls.h"
#include "daemon/worker.h"
#include "protocol/startup.h"

#include <stdlib.h>
#include <strings.h>

static void refuse(struct session *s, const char *sqlstate, const char *message)
{
    struct err err;
    err_set(&err, sqlstate, "%s", message);
    session_fail(s, &err);
}

/* -- encryption -- */

void session_direct_tls(struct link *l)
{
    struct session *s = l->owner;
    struct err err;
    if (!s->worker->tls)
        session_close(s, "TLS handshake, but TLS is off");
    else if (link_accept_tls(l, s->worker->tls, &err) != 0)
        session_close(s, err.message);
    else
        session_enter(s, SESSION_TLS, "direct TLS");
}

void session_tls_open(struct link *l)
{
    struct session *s = l->owner;
    s->tried_ssl = true;
    session_enter(s, SESSION_STARTUP, "TLS is open");
    link_resume(&s->link);
}

static void offer(struct session *s, char answer)
{
    buf_append(session_out(s), &answer, 1);
    session_wrote(s);
    session_step(s);
}

static void on_ssl_request(struct session *s)
{
    struct err err;
    if (s->tried_ssl || link_is_tls(&s->link)) {
        refuse(s, SQLSTATE_PROTOCOL_VIOLATION, "received more than one SSLRequest");
        return;
    }
    s->tried_ssl = true;
    if (!s->worker->tls || s->is_unix) {
        offer(s, 'N');
        return;
    }
    offer(s, 'S');
    session_enter(s, SESSION_TLS, "SSLRequest");
    if (link_accept_tls(&s->link, s->worker->tls, &err) != 0)
        session_close(s, err.message);
}

static void on_gss_request(struct session *s)
{
    if (s->tried_gss || link_is_tls(&s->link)) {
        refuse(s, SQLSTATE_PROTOCOL_VIOLATION, "received more than one GSSENCRequest");
        return;
    }
    s->tried_gss = true;
    offer(s, 'N');
}

/* -- the packet -- */

/* SQL_ASCII asks for bytes as they are, which here are UTF-8: libpq's client_encoding=auto (psql at a
 * terminal) says so wherever no locale is set. */
static bool is_served_encoding(const char *value)
{
    return policy_setting_fits("client_encoding", value) || strcasecmp(value, "SQL_ASCII") == 0;
}

static int take_setting(struct session *s, const char *name, const char *value, struct err *err)
{
    if (strcmp(name, "client_encoding") == 0) {
        if (!is_served_encoding(value))
            return err_set(err, SQLSTATE_INVALID_PARAMETER_VALUE,
                           "client_encoding \"%s\" is not supported, only UTF8 is", value);
        return 0;
    }
    if (strcmp(name, "partywall.tenant") == 0) {
        free(s->start_tenant);
        s->start_tenant = strdup(value);
        return s->start_tenant ? 0 : err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
    }
    if (!policy_setting_allowed(&s->conf->rules, name)) {
        log_debug(s->worker->log, "session %u: start-up setting \"%s\" is ignored", s->pid, name);
        return 0;
    }
    /* With standard_conforming_strings off the server would read other texts than policy did. */
    if (!policy_setting_fits(name, value))
        return err_set(err, SQLSTATE_INVALID_PARAMETER_VALUE,
                       "invalid value for parameter \"%s\": \"%.64s\"", name, value);
    return track_start(&s->track, name, value, err);
}

static int take_settings(struct session *s, const struct startup *st, struct err *err)
{
    for (size_t i = 0; i < st->nparams; i++) {
        char name[ERR_NAME_BYTES];
        if (st->params[i].name.len >= sizeof(name))
            continue;
        track_name(name, st->params[i].name.data);
        if (take_setting(s, name, st->params[i].value.data, err) != 0)
            return -1;
    }
    return 0;
}

static void negotiate(struct session *s, const struct startup *st)
{
    s->minor = st->minor >= 2 ? 2 : 0;
    if (!st->negotiate)
        return;
    msg_negotiate_version(session_out(s), s->minor, st->unknown_options, st->nunknown);
    session_wrote(s);
}

static void on_session(struct session *s, const struct startup *st)
{
    struct err err;
    if (s->conf->tls.mode == CONF_TLS_REQUIRE && !s->is_unix && !link_is_tls(&s->link)) {
        refuse(s, SQLSTATE_INVALID_AUTHORIZATION, "connections without TLS are not accepted");
        return;
    }
    if (s->worker->draining) {
        refuse(s, SQLSTATE_CANNOT_CONNECT_NOW, "the server is shutting down");
        return;
    }
    if (st->replication)
        s->replication = st->logical ? REPLICATION_DATABASE : REPLICATION_PHYSICAL;
    s->user = calloc(1, st->user.len + st->database.len + 2);
    if (!s->user) {
        refuse(s, SQLSTATE_OUT_OF_MEMORY, "out of memory");
        return;
    }
    memcpy(s->user, st->user.data, st->user.len);
    memcpy(s->user + st->user.len + 1, st->database.data, st->database.len);
    if (take_settings(s, st, &err) != 0) {
        session_fail(s, &err);
        return;
    }
    negotiate(s, st);
    auth_begin(s);
}

static void on_packet(struct session *s, const struct startup *st)
{
    switch (st->kind) {
    case STARTUP_SSL:
        on_ssl_request(s);
        break;
    case STARTUP_GSSENC:
        on_gss_request(s);
        break;
    case STARTUP_CANCEL:
        cancel_request(s->worker, st->cancel_pid, st->cancel_key);
        session_close(s, "cancel request");
        break;
    case STARTUP_SESSION:
        on_session(s, st);
        break;
    }
}

size_t session_startup_data(struct session *s, struct slice data)
{
    struct frame f;
    struct err err;
    int got = frame_next(FRAME_STARTUP, data, FRAME_STARTUP_MAX, &f, &err);
    if (got < 0)
        session_fail(s, &err);
    if (got <= 0)
        return 0;
    size_t len = (size_t)f.head_len + f.body_len;
    struct startup *st = calloc(1, sizeof(*st)); /* 20 kB of scratch: not on the stack of callers */
    if (!st) {
        refuse(s, SQLSTATE_OUT_OF_MEMORY, "out of memory");
        return 0;
    }
    if (startup_read((struct slice){f.body, f.body_len}, st, &err) != 0)
        session_fail(s, &err);
    else if ((st->kind == STARTUP_SSL || st->kind == STARTUP_GSSENC) && data.len > len)
        session_close(s, "bytes behind an encryption request"); /* wire case 1 */
    else
        on_packet(s, st);
    free(st);
    return s->state == SESSION_CLOSING ? 0 : len;
}
