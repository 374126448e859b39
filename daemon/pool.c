#include "daemon/pool.h"

#include "daemon/must.h"
#include "daemon/server.h"
#include "daemon/session.h"
#include "daemon/target.h"
#include "daemon/worker.h"

#include <openssl/rand.h>

#define POOL_SWEEP_MS     1000
#define POOL_RETRY_MS     100
#define POOL_RETRY_MAX_MS 2000

static void dispatch(struct target *t);

static uint64_t now_ms(const struct target *t)
{
    return uv_now(&t->worker->loop);
}

/* The loop's time stands still in a turn, which is too coarse to account for a point read. */
static uint64_t now_us(void)
{
    return uv_hrtime() / 1000;
}

static bool is_old(const struct server *s, uint64_t now)
{
    uint64_t lifetime = s->target->limits.lifetime_ms;
    return lifetime > 0 && now - s->born_ms >= lifetime - lifetime / 10 * s->jitter / 256;
}

static void on_sweep(uv_timer_t *timer)
{
    struct target *t = timer->data;
    uint64_t now = now_ms(t);
    list_foreach (node, &t->pool.idle) {
        struct server *s = list_entry(node, struct server, node);
        bool stale = t->limits.idle_ms > 0 && now - s->idle_ms >= t->limits.idle_ms;
        if (stale || is_old(s, now))
            server_close(s, NULL);
    }
    target_end_if_unused(t);
}

static void on_retry(uv_timer_t *timer)
{
    struct target *t = timer->data;
    if (!target_is_ready(t))
        pool_want_one(t);
    dispatch(t);
}

void pool_open(struct target *t)
{
    struct pool *p = &t->pool;
    list_init(&p->idle);
    list_init(&p->busy);
    list_init(&p->opening);
    uv_timer_init(&t->worker->loop, &p->sweep);
    uv_timer_init(&t->worker->loop, &p->retry);
    p->sweep.data = p->retry.data = t;
    target_ref(t); /* for each timer, until it has closed */
    target_ref(t);
    uv_timer_start(&p->sweep, on_sweep, POOL_SWEEP_MS, POOL_SWEEP_MS);
}

static void timer_closed(uv_handle_t *h)
{
    target_unref(h->data);
}

static void close_list(struct list *l)
{
    list_foreach (node, l)
        server_close(list_entry(node, struct server, node), NULL);
}

void pool_close(struct target *t)
{
    uv_close((uv_handle_t *)&t->pool.sweep, timer_closed);
    uv_close((uv_handle_t *)&t->pool.retry, timer_closed);
    close_list(&t->pool.idle);
    close_list(&t->pool.busy);
    close_list(&t->pool.opening);
}

/* How many servers there can be: while opening fails, no more than there are. */
static size_t capacity(const struct target *t)
{
    return t->pool.failures > 0 ? t->pool.nservers - t->pool.nopening : t->limits.size;
}

/* An idle server, leased, and ${*ret} who is to have it.  NULL: none is idle, or nobody may have
 * it. */
static struct server *grant(struct target *t, struct fair_waiter **ret)
{
    struct list *first = list_first(&t->pool.idle);
    if (!first || t->closing)
        return NULL;
    struct server *s = list_entry(first, struct server, node);
    fair_resize(&t->pool.fair, capacity(t));
    *ret = fair_pop(&t->pool.fair, &s->lease, now_us());
    if (!*ret)
        return NULL;
    must(s->state == SERVER_IDLE);
    list_remove(&s->node);
    list_append(&t->pool.busy, &s->node);
    s->state = SERVER_LEASED;
    s->batch++;
    return s;
}

static bool may_open(const struct target *t)
{
    return !t->closing && t->pool.nservers < t->limits.size &&
           !uv_is_active((const uv_handle_t *)&t->pool.retry) && (t->postgres || t->store);
}

static void open_more(struct target *t)
{
    while (t->pool.nservers - t->pool.fair.held < t->pool.fair.wanted && may_open(t))
        server_open(t);
}

static void dispatch(struct target *t)
{
    struct fair_waiter *w;
    for (struct server *s; (s = grant(t, &w)) != NULL;)
        session_granted(w, s);
    open_more(t);
}

struct server *pool_lease(struct target *t, struct slice tenant, const struct fair_terms *terms,
                          struct fair_waiter *w, struct err *err)
{
    struct fair_waiter *granted;
    err->sqlstate[0] = '\0';
    if (fair_push(&t->pool.fair, tenant, terms, w, now_us(), err) != 0)
        return NULL;
    for (struct server *s; (s = grant(t, &granted)) != NULL;) {
        if (granted == w)
            return s;
        session_granted(granted, s); /* nobody else is idle any more */
    }
    open_more(t);
    return NULL;
}

void pool_leave(struct target *t, struct fair_waiter *w)
{
    fair_remove(&t->pool.fair, w, now_us());
}

void pool_put(struct server *s)
{
    struct target *t = s->target;
    s->session = NULL;
    uint64_t now = now_ms(t);
    if (s->doomed || t->retired || t->pool.nservers > t->limits.size || is_old(s, now)) {
        server_close(s, NULL);
        return;
    }
    if (s->cancels > 0) { /* it could hit the next client's statement (wire case 48) */
        s->state = SERVER_HELD;
        return;
    }
    s->state = SERVER_IDLE;
    s->idle_ms = now;
    fair_return(&t->pool.fair, &s->lease, now_us());
    list_remove(&s->node);
    list_prepend(&t->pool.idle, &s->node);
    dispatch(t);
}

void pool_gone(struct server *s)
{
    fair_return(&s->target->pool.fair, &s->lease, now_us());
    dispatch(s->target);
}

void pool_opened(struct server *s)
{
    struct target *t = s->target;
    t->pool.nopening--;
    t->pool.failures = 0;
    if (t->pool.down)
        log_info(t->worker->log, "back end \"%s\" can be reached again", t->label);
    t->pool.down = false;
    pool_put(s);
}

void pool_open_failed(struct target *t, const struct err *why)
{
    struct pool *p = &t->pool;
    if (!p->down || strcmp(p->last.message, why->message) != 0)
        log_warning(t->worker->log, "back end \"%s\" cannot be reached: %s", t->label,
                    why->message);
    p->down = true;
    p->last = *why;
    uint64_t wait = (uint64_t)POOL_RETRY_MS << (p->failures < 6 ? p->failures : 6);
    p->failures++;
    if (wait > POOL_RETRY_MAX_MS)
        wait = POOL_RETRY_MAX_MS;
    uint16_t jitter = 0;
    (void)RAND_bytes((unsigned char *)&jitter, sizeof(jitter));
    wait += wait * (jitter % 256u) / 1024;
    if (!t->closing)
        uv_timer_start(&p->retry, on_retry, wait, 0);
}

void pool_want_one(struct target *t)
{
    if (t->pool.nservers == 0 && may_open(t))
        server_open(t);
}

bool pool_is_down(const struct target *t)
{
    return t->pool.down && t->pool.nservers == t->pool.nopening;
}
