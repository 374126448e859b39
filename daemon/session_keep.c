/* Why a session keeps its server between transactions: session pooling, an owner's traces that no pool can
 * track, advisory locks.
 *
 * Whether a lock is held is asked of PostgreSQL, when a transaction is over in which one may have been taken or
 * given back: so a try that failed, and the last unlock, let the server go.  While it rests, its transaction's
 * time limit does not run. */
#include "daemon/session_internal.h"
#include "daemon/worker.h"

#include <strings.h>

bool session_keeps(const struct session *s)
{
    if (s->pinned)
        return true;
    if (s->leaving || s->state == SESSION_WELCOME)
        return false;
    return s->locks || s->server->target->limits.mode == CONF_POOL_SESSION;
}

void session_rest(struct session *s, bool rests)
{
    struct err err;
    if (s->resting == rests)
        return;
    s->resting = rests;
    if (!rests)
        s->leased_ms = uv_now(&s->worker->loop);
    session_arm(s);
    if (rests && !s->pinned && s->server->target->limits.mode == CONF_POOL_SESSION)
        s->server->kept = true;
    if (rests && s->worker->draining) {
        err_set(&err, SQLSTATE_ADMIN_SHUTDOWN,
                "terminating connection due to administrator command");
        session_fail(s, &err);
    }
}

bool session_may_adopt(const struct session *s)
{
    bool between = s->state == SESSION_IDLE || (s->resting && !s->pinned && session_is_free(s));
    return between && s->conf != s->worker->conf;
}

/* -- an owner's traces -- */

static bool mentions(struct slice sql, const char *const *words, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        size_t len = strlen(words[i]);
        for (size_t at = 0; at + len <= sql.len; at++)
            if (strncasecmp(sql.data + at, words[i], len) == 0)
                return true;
    }
    return false;
}

/* Some statements of an owner leave something behind on the server's session that no pool can
 * track: temporary objects, PREPARE.  Such a session keeps its server to its end. */
void session_pin_if_needed(struct session *s, const struct plan *p, struct slice sql)
{
    static const char *const traces[] = {"set_config", "currval", "lastval", "temp"};
    static const char *const locks[] = {"advisory"};
    static const char *const notifies[] = {"pg_notify"};
    if (s->confined)
        return;
    if (!s->pinned)
        s->pinned = p->class == PLAN_OTHER ||
                    mentions(sql, traces, sizeof(traces) / sizeof(traces[0]));
    if (mentions(sql, locks, 1))
        s->locks = s->locks_due = true;
    if (session_listens(s) && mentions(sql, notifies, 1))
        session_notifies(s);
}

/* -- advisory locks -- */

static bool same_tenant(const struct session *a, const struct session *b)
{
    return a->tenant && b->tenant && strcmp(a->tenant, b->tenant) == 0;
}

/* Half of the pool may be kept by locks, a quarter by one tenant's. */
static int check_cap(const struct session *s, struct err *err)
{
    const struct target *t = s->server->target;
    size_t all = 0, own = 0, most = t->limits.size / 2, share = t->limits.size / 4;
    if (t->limits.mode == CONF_POOL_SESSION)
        return 0;
    share = share > 0 || most == 0 ? share : 1;
    list_foreach (node, &t->pool.busy) {
        const struct session *other = list_entry(node, struct server, node)->session;
        if (!other || !other->locks || !other->confined)
            continue;
        all++;
        own += same_tenant(s, other);
    }
    if (all < most && own < share)
        return 0;
    err_set(err, SQLSTATE_TOO_MANY_CONNECTIONS,
            "too many connections to the back end are kept by advisory locks");
    err_hint(err, "Use locks of the transaction (pg_advisory_xact_lock), or unlock sooner.");
    return -1;
}

int session_lock(struct session *s, const struct plan *p, struct err *err)
{
    if (p->class == PLAN_EXECUTE && s->confined) {
        const struct statement *st =
            statements_find(&s->statements, (struct slice){p->name, strlen(p->name)});
        if (!st)
            return 0;
        p = st->plan;
        if (p->notifies)
            session_notifies(s);
    }
    if (p->locks && !s->locks && check_cap(s, err) != 0)
        return -1;
    s->locks = s->locks || p->locks;
    s->locks_due = s->locks_due || p->locks || (p->unlocks && s->locks);
    return 0;
}

bool session_locks_ask(struct session *s)
{
    static const char sql[] = "SELECT 1 FROM pg_catalog.pg_locks WHERE locktype OPERATOR(pg_catalog.=) 'advisory' "
                              "AND pid OPERATOR(pg_catalog.=) pg_catalog.pg_backend_pid() LIMIT 1";
    struct err err;
    if (!s->locks || !s->locks_due)
        return false;
    s->locks_due = s->locks_held = false;
    s->locks_asked = true;
    if (session_send_own(s, OWED_LOCKS, (struct slice){sql, sizeof(sql) - 1}, &err) != 0)
        session_fail(s, &err);
    return true;
}

void session_locks_told(struct session *s)
{
    s->locks = s->locks_held;
    s->locks_asked = false;
}
