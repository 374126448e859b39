#include "daemon/pool_host.h"

#include "daemon/commons.h"
#include "daemon/crew.h"
#include "daemon/host.h"
#include "daemon/pool.h"
#include "daemon/server.h"
#include "daemon/target.h"
#include "daemon/worker.h"

/* One reference of ${c} goes. */
static bool call(struct commons *c, bool only_idle)
{
    commons_lock(c);
    bool calls = !only_idle || pool_is_idle(c, NULL);
    if (calls)
        commons_call(c, NULL);
    commons_unlock(c);
    commons_unref(c);
    return calls;
}

void pool_host_call(struct host *h)
{
    struct commons *c = h ? host_next(h) : NULL;
    if (c) {
        call(c, false);
        return;
    }
    while (h && (c = host_idler(h)) != NULL && !call(c, true))
        ;
}

void pool_host_give(struct commons *c)
{
    if (!c->host)
        return;
    commons_lock(c);
    host_give(c->host, &c->share);
    commons_unlock(c);
    pool_host_call(c->host);
}

bool pool_is_surplus(const struct server *s, uint64_t now)
{
    const struct commons *c = s->target->commons;
    if (c->nservers > c->size)
        return true;
    uint64_t age_ms = now > s->born_ms ? now - s->born_ms : 0;
    return c->host && host_claims(c->host, &c->share, c->fair.wanted > 0, age_ms);
}

void pool_spare(struct target *t)
{
    struct commons *c = t->commons;
    struct server *s;
    do {
        commons_lock(c);
        s = list_empty(&t->pool.idle) ? NULL : list_entry(t->pool.idle.prev, struct server, node);
        bool stays = s && !pool_is_surplus(s, uv_now(&t->worker->loop));
        if (stays && c->host)
            host_idles(c->host, &c->share);
        commons_unlock(c);
        if (stays)
            return;
        if (s)
            server_close(s, NULL);
    } while (s);
}
