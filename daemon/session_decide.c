/* Text -> decision: at once, or on a helper thread when the text is long; the catalog is read again
 * when a name is unknown that may be new; a newer snapshot is taken over between transactions. */
#include "daemon/session_internal.h"
#include "daemon/worker.h"

#include <stdlib.h>
#include <strings.h>

struct decide_job {
    struct job job;
    struct session *session; /* one hold */
    struct policy_request req;
    struct conf *conf; /* one reference, as the next */
    struct catalog *catalog;
    char *sql, *schema, *database;
    struct decision *decision;
    struct err err;
};

/* DECIDE is over: back to the message that began it. */
static void decided(struct session *s, const char *why)
{
    session_enter(s, s->server ? SESSION_ACTIVE : SESSION_IDLE, why);
    session_release_if_done(s);
    session_resume(s);
}

/* -- jobs -- */

static void work(struct job *j)
{
    struct decide_job *d = list_entry(j, struct decide_job, job);
    d->decision = policy_decide(NULL, &d->req, &d->err);
}

static void job_free(struct decide_job *d)
{
    conf_unref(d->conf);
    catalog_unref(d->catalog);
    free(d->sql);
    free(d->schema);
    free(d->database);
    free(d);
}

static void done(struct job *j)
{
    struct decide_job *d = list_entry(j, struct decide_job, job);
    struct session *s = d->session;
    s->job = NULL;
    if (s->state == SESSION_CLOSING) {
        decision_unref(d->decision);
    } else {
        s->decision = d->decision;
        if (!d->decision)
            session_keep(&s->failed_decide, &d->err);
        decided(s, "decided");
    }
    job_free(d);
    session_unhold(s);
}

static int begin_job(struct session *s, const struct policy_request *req, struct err *err)
{
    struct decide_job *d = calloc(1, sizeof(*d));
    char *sql = d ? strndup(req->sql.data, req->sql.len) : NULL;
    char *schema = req->schema ? strdup(req->schema) : NULL;
    char *database = req->database ? strdup(req->database) : NULL;
    if (!sql || (req->schema && !schema) || (req->database && !database)) {
        free(sql);
        free(schema);
        free(database);
        free(d);
        return err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
    }
    d->job = (struct job){.work = work, .done = done};
    d->session = s;
    d->req = *req;
    d->req.sql.data = d->sql = sql;
    d->req.schema = d->schema = schema;
    d->req.database = d->database = database;
    d->conf = conf_ref(s->conf);
    d->catalog = catalog_ref(s->target->catalog);
    if (job_start(s->worker, &d->job, err) != 0) {
        job_free(d);
        return -1;
    }
    s->job = d;
    session_hold(s);
    session_enter(s, SESSION_DECIDE, "long statement");
    return 0;
}

/* -- the catalog -- */

static bool is_unknown_name(const struct decision *d)
{
    for (size_t i = 0; i < d->nplans; i++) {
        const struct plan *p = d->plans[i];
        if (p->refused && (strcmp(p->err->sqlstate, SQLSTATE_UNDEFINED_TABLE) == 0 ||
                           strcmp(p->err->sqlstate, SQLSTATE_UNDEFINED_COLUMN) == 0 ||
                           strcmp(p->err->sqlstate, SQLSTATE_UNDEFINED_OBJECT) == 0))
            return true;
    }
    return false;
}

static void refreshed(struct session *s)
{
    decided(s, "catalog refreshed");
}

static void refresh(struct session *s)
{
    s->refreshed = true;
    session_enter(s, SESSION_DECIDE, "unknown name");
    struct target_wait *wait = session_wait(s, refreshed);
    if (wait)
        target_refresh(s->target, wait);
    else
        refreshed(s); /* as if it had not helped */
}

static void catalog_known(struct session *s)
{
    struct err err;
    if (target_is_broken(s->target, &err))
        session_keep(&s->failed_decide, &err);
    decided(s, "the catalog is known");
}

static void catalog_timeout(struct wheel_timer *t)
{
    struct session *s = list_entry(t, struct session, timer);
    struct err err;
    err_set(&err, SQLSTATE_CONNECTION_FAILURE, "the back end cannot be reached");
    session_unwait(s);
    session_keep(&s->failed_decide, &err);
    decided(s, "no catalog");
}

/* The session works elsewhere since a moment ago, by a newer snapshot or another tenant. */
static int await_catalog(struct session *s, struct err *err)
{
    struct target_wait *wait = session_wait(s, catalog_known);
    if (!wait)
        return err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
    session_enter(s, SESSION_DECIDE, "no catalog yet");
    session_timer(s, s->target->limits.queue_timeout_ms, catalog_timeout);
    target_wait_ready(s->target, wait);
    return 0;
}

/* -- decisions -- */

static bool begins_with(struct slice text, size_t at, const char *word)
{
    size_t n = strlen(word);
    return text.len - at >= n && strncasecmp(text.data + at, word, n) == 0;
}

/* Only where the catalog is asked does it matter what the client calls its database: other plans are the
 * same for all. */
static bool mentions_databases(struct slice sql)
{
    for (size_t i = 0; i < sql.len; i++) {
        switch (sql.data[i]) {
        case 'c':
        case 'C':
            if (begins_with(sql, i, "current_database") || begins_with(sql, i, "current_catalog"))
                return true;
            break;
        case 'i':
        case 'I':
            if (begins_with(sql, i, "information_schema"))
                return true;
            break;
        case 'p':
        case 'P':
            if (begins_with(sql, i, "pg_"))
                return true;
            break;
        default:
            break;
        }
    }
    return false;
}

struct policy_request session_request(const struct session *s, struct slice sql, bool single)
{
    return (struct policy_request){
        .rules = &s->conf->rules,
        .catalog = s->target->catalog,
        .epoch = target_epoch(s->target, s->conf),
        .isolation = s->isolation,
        .schema = s->schema,
        .database = mentions_databases(sql) ? session_database(s) : NULL,
        .confined = s->confined,
        .single = single,
        .sql = sql,
    };
}

int session_decide(struct session *s, struct slice sql, bool single, bool untyped, struct err *err)
{
    int settled = session_tenant_settled(s, err);
    if (settled != 1)
        return settled;
    if (session_take(&s->failed_decide, err))
        return -1;
    if (!s->target->catalog)
        return await_catalog(s, err);
    if (session_check_isolation(s, err) != 0)
        return -1;
    if (!s->decision) {
        struct policy_request req = session_request(s, sql, single);
        req.untyped = untyped;
        if (policy_is_heavy(sql))
            return begin_job(s, &req, err);
        s->decision = policy_decide(s->worker->plans, &req, err);
        if (!s->decision)
            return -1;
        if (s->decision->misfit)
            log_error(s->worker->log, "self-check failed: the plan of statements alike was not this one's; it is "
                                      "no longer used");
    }
    bool unknown = is_unknown_name(s->decision);
    if (unknown && !s->refreshed && target_may_refresh(s->target)) {
        decision_unref(s->decision);
        s->decision = NULL;
        refresh(s);
        return 0;
    }
    if (s->refreshed)
        target_refresh_helped(s->target, !unknown);
    s->refreshed = false;
    return 1;
}

void session_decided(struct session *s)
{
    decision_unref(s->decision);
    s->decision = NULL;
    s->refreshed = false;
}

/* -- a newer snapshot -- */

/* ${old_ms} was the policy's limit, under which the client has worked unless it has set a lower one. */
static bool follow_limit(struct session *s, const char *name, uint32_t old_ms, uint32_t ms)
{
    struct err err;
    char old[16], text[16];
    snprintf(old, sizeof(old), "%u", old_ms);
    snprintf(text, sizeof(text), "%u", ms);
    const char *base = track_set_get(s->track.base, name), *now = track_set_get(s->track.now, name);
    if (old_ms == 0 || old_ms == ms || !base || strcmp(base, old) != 0)
        return true;
    bool follows = now && strcmp(now, old) == 0;
    bool ok = track_rebase(&s->track, name, ms > 0 ? text : NULL, &err) == 0 &&
              (!follows || track_change(&s->track, name, NULL, &err) == 0);
    track_commit(&s->track);
    return ok;
}

/* A limit that is lower now holds for what the client has set before. */
static bool lower_limit(struct session *s, const char *name)
{
    struct err err;
    const char *base = track_set_get(s->track.base, name), *now = track_set_get(s->track.now, name);
    char *new_base = session_clamp(s, name, base ? base : "0");
    char *new_now = session_clamp(s, name, now ? now : "0");
    bool ok = (!new_base || track_rebase(&s->track, name, new_base, &err) == 0) &&
              (!new_now || track_change(&s->track, name, new_now, &err) == 0);
    track_commit(&s->track);
    free(new_base);
    free(new_now);
    return ok;
}

static bool follow_limits(struct session *s, const struct conf *old)
{
    static const char *const names[] = {"statement_timeout", "idle_in_transaction_session_timeout"};
    const struct conf *c = s->conf;
    return !s->confined ||
           (follow_limit(s, names[0], old->limits.statement_timeout_ms, c->limits.statement_timeout_ms) &&
            follow_limit(s, names[1], old->limits.idle_in_transaction_ms,
                         c->limits.idle_in_transaction_ms) &&
            lower_limit(s, names[0]) && lower_limit(s, names[1]));
}

/* What it hears is no longer the same, or may no longer be heard; or its locks are elsewhere. */
static bool is_deaf(const struct session *s, const struct target *target, enum isolation isolation)
{
    bool alone = s->isolation == ISOLATION_DATABASE, was_alone = isolation == ISOLATION_DATABASE;
    if (s->locks && s->target != target)
        return true;
    return session_listens(s) && (s->target != target || alone != was_alone ||
                                  (s->confined && !s->conf->rules.notify));
}

static int adopt(struct session *s, struct conf *next)
{
    struct err err;
    struct slice name = {s->login->name, strlen(s->login->name)};
    const struct conf_login *login = conf_login_find(next, name);
    bool may = login && (login->access == CONF_ACCESS_TENANT) == s->confined &&
               (!s->tenant || auth_may_be(login, (struct slice){s->tenant, strlen(s->tenant)}));
    struct conf *old = s->conf;
    const struct target *target = s->target;
    enum isolation isolation = s->isolation;
    if (may) {
        s->conf = next;
        s->login = login;
        may = auth_choose(s, s->tenant, &err) == 0 && follow_limits(s, old) &&
              !is_deaf(s, target, isolation);
    }
    if (may) {
        conf_unref(old);
        return 0;
    }
    if (s->conf == next) { /* the login stays valid to look at until the end */
        s->conf = old;
        s->login = NULL;
    }
    return -1;
}

int session_adopt(struct session *s)
{
    struct err err;
    struct conf *next = conf_ref(s->worker->conf);
    session_decided(s);
    if (adopt(s, next) == 0) {
        s->leaving = s->server && (s->server->target != s->target ||
                                   (s->cursors && !s->conf->rules.held_cursors));
        session_release_if_done(s);
        return s->state == SESSION_CLOSING ? -1 : 0;
    }
    conf_unref(next);
    err_set(&err, SQLSTATE_ADMIN_SHUTDOWN,
            "terminating connection because the configuration no longer allows it");
    session_fail(s, &err);
    return -1;
}

void sessions_follow(struct worker *w)
{
    list_foreach (node, &w->sessions) {
        struct session *s = list_entry(node, struct session, node);
        if (s->state == SESSION_IDLE || s->resting)
            session_arm(s);
    }
}
