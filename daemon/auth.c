/* auth.c: who the client is (SCRAM-SHA-256; auth_password.c), and which tenant it may be.
 *
 * Nothing that fails before the end of the exchange may tell whether a login or tenant exists: an
 * unknown login goes through the same exchange against a stand-in, an unknown tenant fails where a
 * wrong password does and with the same text.  Unknown logins are asked for SCRAM, so of those with
 * another method it can be told that they exist. */
#include "daemon/crew.h"
#include "daemon/session_internal.h"
#include "daemon/worker.h"

#include "conf/limits.h"

#include <stdlib.h>

static const char *const mechanisms[] = {"SCRAM-SHA-256", NULL};

static void fail(struct session *s, const char *sqlstate, const char *message)
{
    struct err err;
    err_set(&err, sqlstate, "%s", message);
    session_fail(s, &err);
}

void auth_wrong(struct session *s)
{
    struct err err;
    err_set(&err, SQLSTATE_INVALID_PASSWORD,
            "password authentication failed for user \"%.63s\"", /* cut as PostgreSQL does */
            s->user);
    session_fail(s, &err);
}

bool auth_may_be(const struct conf_login *login, struct slice tenant)
{
    if (login->access != CONF_ACCESS_TENANT)
        return false;
    if (login->tenant)
        return slice_equal(tenant, (struct slice){login->tenant, strlen(login->tenant)});
    for (size_t i = 0; i < login->ntenants; i++)
        if (slice_equal(tenant, (struct slice){login->tenants[i], strlen(login->tenants[i])}))
            return true;
    return login->any_tenant && tenant.len > 0;
}

/* `login`, or `login.tenant` of a login that may choose: the longest login name wins. */
static const struct conf_login *find_login(struct session *s, struct slice *ret_tenant)
{
    struct slice user = {s->user, strlen(s->user)};
    const struct conf_login *login = conf_login_find(s->conf, user);
    if (login)
        return login;
    for (size_t i = user.len; i > 0; i--) {
        if (user.data[i - 1] != '.')
            continue;
        login = conf_login_find(s->conf, (struct slice){user.data, i - 1});
        if (login && login->access == CONF_ACCESS_TENANT && !login->tenant) {
            *ret_tenant = (struct slice){user.data + i, user.len - i};
            return login;
        }
    }
    return NULL;
}

struct exchange { /* on the heap and only while in AUTH: a session is small while it is idle */
    struct scram scram;
    struct scram_verifier verifier;
};

static void begin_scram(struct session *s)
{
    s->exchange = calloc(1, sizeof(*s->exchange));
    if (!s->exchange) {
        fail(s, SQLSTATE_OUT_OF_MEMORY, "out of memory");
        return;
    }
    struct slice user = {s->user, strlen(s->user)};
    if (s->login)
        s->exchange->verifier = s->login->verifier;
    else
        scram_verifier_mock(user, s->worker->crew->secret, &s->exchange->verifier);
    scram_init(&s->exchange->scram, &s->exchange->verifier, s->login == NULL);
    msg_auth_sasl(session_out(s), mechanisms);
    session_wrote(s);
    session_enter(s, SESSION_AUTH, "start-up packet");
}

void auth_begin(struct session *s)
{
    struct slice tenant = {NULL, 0};
    s->login = find_login(s, &tenant);
    if (tenant.data && !s->start_tenant) {
        s->start_tenant = strndup(tenant.data, tenant.len);
        if (!s->start_tenant) {
            fail(s, SQLSTATE_OUT_OF_MEMORY, "out of memory");
            return;
        }
    }
    if (s->login && s->login->method == CONF_METHOD_PASSWORD)
        auth_password_begin(s);
    else
        begin_scram(s);
}

void auth_release(struct session *s)
{
    free(s->exchange);
    s->exchange = NULL;
}

static int copy_text(char **slot, const char *text, struct err *err)
{
    char *copy = text ? strdup(text) : NULL;
    if (text && !copy)
        return err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
    free(*slot);
    *slot = copy;
    return 0;
}

struct place { /* where a session works, and what keeps it apart there */
    struct target *target;
    enum isolation isolation;
    char *schema; /* on the heap */
    uint32_t weight;
    struct conf_quota quota;
};

static struct target *target_without_tenant(const struct session *s, struct err *err)
{
    const struct conf *c = s->conf;
    const char *name = s->login->backend;
    if (s->login->access != CONF_ACCESS_OWNER) /* until it has chosen */
        name = c->backends[c->tenant_default ? c->tenant_default->backend : 0].name;
    return target_find(s->worker, name ? name : c->backends[0].name, err);
}

static int place_of(const struct session *s, const char *tenant, struct place *ret, struct err *err)
{
    const struct conf *c = s->conf;
    char *database = NULL;
    *ret = (struct place){.weight = 1};
    if (s->login->access == CONF_ACCESS_OWNER || !tenant) {
        ret->target = target_without_tenant(s, err);
        return ret->target ? 0 : -1;
    }
    const struct conf_tenant *t = conf_tenant_find(c, (struct slice){tenant, strlen(tenant)});
    if (!t)
        return err_set(err, SQLSTATE_INVALID_AUTHORIZATION, "tenant \"%s\" does not exist",
                       tenant);
    if (conf_tenant_names(c, t, tenant, &ret->schema, &database, err) != 0)
        return -1;
    ret->isolation = t->isolation;
    ret->weight = t->weight;
    ret->quota = t->quota;
    const struct conf_backend *back = &c->backends[t->backend];
    const char *own = back->store_files ? tenant : database;
    ret->target = own ? target_of_database(s->worker, back, own, err)
                      : target_find(s->worker, back->name, err);
    free(database);
    if (ret->target)
        return 0;
    free(ret->schema);
    return -1;
}

static bool same_schema(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

int auth_choose(struct session *s, const char *tenant, struct err *err)
{
    struct place place;
    if (place_of(s, tenant, &place, err) != 0)
        return -1;
    if (session_count(s, s->confined ? tenant : NULL, place.quota.connections, err) != 0 ||
        copy_text(&s->tenant, tenant, err) != 0) {
        free(place.schema);
        return -1;
    }
    if (place.isolation != s->isolation || !same_schema(place.schema, s->schema))
        s->place++;
    free(s->schema);
    s->schema = place.schema;
    s->isolation = place.isolation;
    s->most = place.quota;
    s->weight = place.weight;
    if (place.target != s->target) {
        target_enter(place.target);
        target_leave(s->target);
        s->target = place.target;
    }
    return 0;
}

/* The policy's time limits are settings of the server, which the client may lower. */
static int limit(struct session *s, const char *name, uint32_t ms, struct err *err)
{
    char text[16];
    if (ms == 0)
        return 0;
    const char *own = track_set_get(s->track.base, name);
    char *clamped = own ? session_clamp(s, name, own) : NULL;
    snprintf(text, sizeof(text), "%u", ms);
    int r = 0;
    if (!own || clamped)
        r = track_start(&s->track, name, text, err);
    free(clamped);
    return r;
}

static int take_limits(struct session *s, struct err *err)
{
    if (!s->confined)
        return 0;
    if (limit(s, "statement_timeout", s->conf->limits.statement_timeout_ms, err) != 0)
        return -1;
    return limit(s, "idle_in_transaction_session_timeout", s->conf->limits.idle_in_transaction_ms,
                 err);
}

void auth_proved(struct session *s, const char *server_final)
{
    struct err err;
    const struct conf_login *login = s->login;
    const char *tenant = login->tenant ? login->tenant : s->start_tenant;
    s->confined = login->access == CONF_ACCESS_TENANT;
    if (!s->confined)
        tenant = NULL;
    if (s->replication && s->confined) {
        fail(s, SQLSTATE_PROTOCOL_VIOLATION, "this login may not replicate");
        return;
    }
    if (login->tenant && s->start_tenant && strcmp(s->start_tenant, login->tenant) != 0) {
        fail(s, SQLSTATE_INVALID_AUTHORIZATION, "this login may not choose its tenant");
        return;
    }
    bool known = !tenant || auth_may_be(login, (struct slice){tenant, strlen(tenant)});
    if (!known || auth_choose(s, tenant, &err) != 0) {
        if (known && strcmp(err.sqlstate, SQLSTATE_TOO_MANY_CONNECTIONS) == 0)
            session_fail(s, &err);
        else
            auth_wrong(s);
        return;
    }
    if (take_limits(s, &err) != 0) {
        session_fail(s, &err);
        return;
    }
    if (!s->confined || login->tenant) { /* has nothing to lead back to */
        free(s->start_tenant);
        s->start_tenant = NULL;
    }
    if (server_final)
        msg_auth(session_out(s), MSG_AUTH_SASL_FINAL,
                 (struct slice){server_final, strlen(server_final)});
    msg_auth(session_out(s), MSG_AUTH_OK, (struct slice){NULL, 0});
    session_wrote(s);
    auth_release(s);
    if (s->replication) {
        session_relay(s);
        return;
    }
    session_enter(s, SESSION_WELCOME, "authenticated");
    session_welcome(s);
}

static void first(struct session *s, struct slice body)
{
    struct msg_sasl_initial m;
    struct err err;
    char out[1024];
    if (msg_read_sasl_initial(body, &m, &err) != 0) {
        session_fail(s, &err);
        return;
    }
    if (!slice_equal(m.mechanism, (struct slice){"SCRAM-SHA-256", 13}) || !m.data.data) {
        fail(s, SQLSTATE_PROTOCOL_VIOLATION,
             "client selected an invalid SASL authentication mechanism");
        return;
    }
    if (scram_first(&s->exchange->scram, m.data, out, sizeof(out), &err) != 0) {
        session_fail(s, &err);
        return;
    }
    s->sasl_begun = true;
    session_step(s);
    msg_auth(session_out(s), MSG_AUTH_SASL_CONTINUE, (struct slice){out, strlen(out)});
    session_wrote(s);
}

static void final(struct session *s, struct slice body)
{
    struct err err;
    char out[1024];
    if (scram_final(&s->exchange->scram, body, out, sizeof(out), &err) == 0)
        auth_proved(s, out);
    else if (strcmp(err.sqlstate, SQLSTATE_INVALID_PASSWORD) == 0)
        auth_wrong(s);
    else
        session_fail(s, &err);
}

size_t auth_data(struct session *s, struct slice data)
{
    struct frame f;
    struct err err;
    if (s->password_sent) {
        link_pause(&s->link);
        return 0;
    }
    uint32_t max = s->exchange ? FRAME_AUTH_MAX : LIMIT_SECRET_BYTES + 1;
    int got = frame_next(FRAME_AUTH, data, max, &f, &err);
    if (got < 0)
        session_fail(s, &err);
    if (got <= 0)
        return 0;
    struct slice body = {f.body, f.body_len};
    if (!s->exchange)
        auth_password(s, body);
    else if (s->sasl_begun)
        final(s, body);
    else
        first(s, body);
    return s->state == SESSION_CLOSING ? 0 : (size_t)f.head_len + f.body_len;
}
