/* A tenant's limits over all its clients: connections, and statements per second (daemon/quota.h).
 *
 * Who is too fast waits, with whatever it holds: the lease of a transaction is its tenant's time.
 */
#include "daemon/quota.h"
#include "daemon/session_internal.h"
#include "daemon/worker.h"

static uint64_t now_us(void)
{
    return uv_hrtime() / 1000;
}

int session_count(struct session *s, const char *tenant, uint32_t most, struct err *err)
{
    struct quota *next = NULL;
    if (tenant && s->tenant && s->quota && strcmp(tenant, s->tenant) == 0)
        return 0;
    if (tenant) {
        struct slice name = {tenant, strlen(tenant)};
        next = quota_enter(s->worker->quotas, name, most, now_us(), err);
        if (!next)
            return -1;
    }
    session_uncount(s);
    s->quota = next;
    return 0;
}

void session_uncount(struct session *s)
{
    quota_leave(s->worker->quotas, s->quota, now_us());
    s->quota = NULL;
}

static void turn_has_come(struct session *s)
{
    session_enter(s, s->server ? SESSION_ACTIVE : SESSION_IDLE, "it is its turn");
    session_resume(s);
}

static void on_turn(struct wheel_timer *t)
{
    turn_has_come(list_entry(t, struct session, timer));
}

int session_pace(struct session *s, size_t n, struct err *err)
{
    uint32_t most = s->most.statements_per_second;
    if (s->paced)
        return session_take(&s->failed_lease, err) ? -1 : 1;
    if (!s->quota || most == 0)
        return 1;
    uint64_t patience_us = UINT64_C(1000) * s->target->limits.queue_timeout_ms;
    int64_t us = quota_pace(s->worker->quotas, s->quota, most, n > 0 ? (uint32_t)n : 1, patience_us,
                            now_us());
    if (us < 0)
        return err_set(err, SQLSTATE_CONFIGURATION_LIMIT_EXCEEDED,
                       "tenant \"%s\" runs more than %u statements per second", s->tenant, most);
    s->paced = true;
    if (us == 0)
        return 1;
    session_enter(s, SESSION_PACED, "too fast");
    session_timer(s, (uint64_t)(us + 999) / 1000, on_turn);
    return 0;
}

void session_unpace(struct session *s, const struct err *err)
{
    session_keep(&s->failed_lease, err);
    turn_has_come(s);
}
