/* Why a session keeps its server between transactions: session pooling, an owner's traces that no pool can
 * track, advisory locks, held cursors.
 *
 * Whether a lock or cursor is held is asked of PostgreSQL, when a transaction is over in which one may have been
 * made or given back: so a try that failed, the last unlock, and the last CLOSE let the server go.  While it
 * rests, its transaction's time limit does not run. */
#define HASH_NONFATAL_OOM 1
#include "daemon/commons.h"
#include "daemon/session_internal.h"
#include "daemon/worker.h"

#include <stdlib.h>
#include <strings.h>
#include <uthash.h>

bool session_has_left(const struct session *s)
{
    return s->locks || s->cursors;
}

bool session_keeps(const struct session *s)
{
    if (s->pinned)
        return true;
    if (s->leaving || s->state == SESSION_WELCOME)
        return false;
    return session_has_left(s) || s->server->target->limits.mode == CONF_POOL_SESSION;
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

/* -- advisory locks, held cursors -- */

struct lock_share { /* a tenant's servers that are kept by them, of all workers; under the commons' lock */
    UT_hash_handle hh;
    size_t n;
    char tenant[];
};

static struct lock_share *share_of(struct commons *c, const char *tenant)
{
    struct lock_share *share;
    HASH_FIND_STR(c->lock_shares, tenant, share);
    if (share || !(share = calloc(1, sizeof(*share) + strlen(tenant) + 1)))
        return share;
    memcpy(share->tenant, tenant, strlen(tenant) + 1);
    HASH_ADD_STR(c->lock_shares, tenant, share);
    if (share->hh.tbl)
        return share;
    free(share);
    return NULL;
}

static void drop_if_empty(struct commons *c, struct lock_share *share)
{
    if (share->n > 0)
        return;
    HASH_DEL(c->lock_shares, share);
    free(share);
}

/* Half of the pool may be kept so, a quarter by one tenant. */
static int take_share(struct session *s, const struct plan *p, struct err *err)
{
    struct commons *c = s->server->target->commons;
    if (!s->confined || s->server->target->limits.mode == CONF_POOL_SESSION)
        return 0;
    commons_lock(c);
    size_t most = c->size / 2, each = c->size / 4 > 0 ? c->size / 4 : 1;
    struct lock_share *share = share_of(c, s->tenant);
    bool may = share && c->nlocked < most && share->n < each;
    if (may) {
        c->nlocked++;
        share->n++;
        s->lock_share = share;
    } else if (share) {
        drop_if_empty(c, share);
    }
    commons_unlock(c);
    if (may)
        return 0;
    err_set(err, SQLSTATE_TOO_MANY_CONNECTIONS,
            "too many connections to the back end are kept by advisory locks and held cursors");
    err_hint(err, p->holds ? "Use cursors without WITH HOLD, or close them sooner."
                           : "Use locks of the transaction (pg_advisory_xact_lock), or unlock sooner.");
    return -1;
}

void session_unlocked(struct session *s)
{
    s->locks = s->cursors = s->locks_due = s->locks_asked = false;
    if (!s->lock_share)
        return;
    struct commons *c = s->server->target->commons;
    commons_lock(c);
    c->nlocked--;
    s->lock_share->n--;
    drop_if_empty(c, s->lock_share);
    commons_unlock(c);
    s->lock_share = NULL;
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
    bool makes = p->locks || p->holds, ends = p->unlocks || p->class == PLAN_CLOSE;
    if (makes && !session_has_left(s) && take_share(s, p, err) != 0)
        return -1;
    s->locks = s->locks || p->locks;
    s->cursors = s->cursors || p->holds;
    s->locks_due = s->locks_due || makes || (ends && session_has_left(s));
    return 0;
}

bool session_locks_ask(struct session *s)
{
    static const char sql[] = "SELECT 1 FROM pg_catalog.pg_locks WHERE locktype OPERATOR(pg_catalog.=) 'advisory' "
                              "AND pid OPERATOR(pg_catalog.=) pg_catalog.pg_backend_pid() UNION ALL "
                              "SELECT 1 FROM pg_catalog.pg_cursors WHERE is_holdable LIMIT 1";
    struct err err;
    if (!session_has_left(s) || !s->locks_due)
        return false;
    s->locks_due = s->locks_held = false;
    s->locks_asked = true;
    if (session_send_own(s, OWED_LOCKS, (struct slice){sql, sizeof(sql) - 1}, &err) != 0)
        session_fail(s, &err);
    return true;
}

void session_locks_told(struct session *s)
{
    s->locks_asked = false;
    if (!s->locks_held)
        session_unlocked(s);
}
