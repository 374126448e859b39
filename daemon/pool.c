#include "daemon/pool.h"

#include "daemon/crew.h"
#include "daemon/must.h"
#include "daemon/pool_host.h"
#include "daemon/server.h"
#include "daemon/session.h"
#include "daemon/target.h"
#include "daemon/worker.h"

#include <openssl/rand.h>

#define POOL_SWEEP_MS        1000
#define POOL_PATIENCE_MS     1
#define POOL_PATIENCE_MAX_MS 8 /* while none of its own comes back */
#define POOL_PATIENCE_TURNS  4
#define POOL_TRUST_MS        1000 /* a server used since then is not looked at before it is used again */
#define POOL_RETRY_MS        100
#define POOL_RETRY_MAX_MS    2000

static void dispatch(struct target *t);
static void on_patience(uv_timer_t *timer);

static uint64_t now_ms(const struct target *t)
{
    return uv_now(&t->worker->loop);
}

/* The loop's time stands still in a turn, which is too coarse to account for a point read. */
static uint64_t now_us(void)
{
    return uv_hrtime() / 1000;
}

/* Clocks of two loops may differ by a turn: a server may have been born after now. */
static bool is_due(uint64_t since_ms, uint64_t limit_ms, uint64_t now)
{
    return limit_ms > 0 && now >= since_ms + limit_ms;
}

static bool is_old(const struct server *s, uint64_t now)
{
    uint64_t lifetime = s->target->limits.lifetime_ms;
    return is_due(s->born_ms, lifetime - lifetime / 10 * s->jitter / 256, now);
}

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* Does all that is held rest, as its sessions wait for their clients?  Then who waits may have more. */
static void look_for_rest(struct target *t)
{
    struct commons *c = t->commons;
    size_t resting = 0;
    list_foreach (node, &t->pool.busy) {
        const struct server *s = list_entry(node, struct server, node);
        resting += s->state == SERVER_LEASED && flow_len(s->flow) == 0;
    }
    commons_lock(c);
    t->pool.nresting = resting;
    size_t all = 0;
    for (size_t i = 0; i < c->crew->n; i++)
        all += c->seats[i] ? c->seats[i]->pool.nresting : 0;
    fair_rest(&c->fair, all == c->fair.held, now_us());
    commons_unlock(c);
    if (t->pool.nidle > 0)
        dispatch(t);
}

static void on_sweep(uv_timer_t *timer)
{
    struct target *t = timer->data;
    uint64_t now = now_ms(t);
    list_foreach (node, &t->pool.idle) {
        struct server *s = list_entry(node, struct server, node);
        if (is_due(s->idle_ms, t->limits.idle_ms, now) || is_old(s, now))
            server_close(s, NULL);
    }
    look_for_rest(t);
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
    list_init(&p->promised);
    uv_timer_t *timers[] = {&p->sweep, &p->retry, &p->patience.timer};
    for (size_t i = 0; i < sizeof(timers) / sizeof(timers[0]); i++) {
        uv_timer_init(&t->worker->loop, timers[i]);
        timers[i]->data = target_ref(t); /* until it has closed */
    }
    uv_timer_start(&p->sweep, on_sweep, POOL_SWEEP_MS, POOL_SWEEP_MS);
}

/* It may have ${n} servers of others at once.  Under the lock. */
static void ask(struct target *t, size_t n)
{
    t->commons->asked += n - t->pool.asked;
    t->pool.asked = n;
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
    commons_lock(t->commons);
    ask(t, 0);
    commons_unlock(t->commons);
    uv_close((uv_handle_t *)&t->pool.sweep, timer_closed);
    uv_close((uv_handle_t *)&t->pool.retry, timer_closed);
    uv_close((uv_handle_t *)&t->pool.patience.timer, timer_closed);
    close_list(&t->pool.idle);
    close_list(&t->pool.busy);
    close_list(&t->pool.opening);
}

void pool_waiter_init(struct pool_waiter *w)
{
    fair_waiter_init(&w->fair);
    w->target = NULL;
}

bool pool_waits(const struct pool_waiter *w)
{
    return w->target != NULL;
}

/* -- opening -- */

/* Under the lock, as the next. */
static bool is_resting(const struct target *t)
{
    return now_ms(t) < t->commons->retry_ms;
}

static bool may_open(const struct target *t)
{
    const struct commons *c = t->commons;
    return !t->closing && c->nservers < c->size && !is_resting(t) && (c->postgres || c->store);
}

/* It may, and so may the host.  Under the lock. */
static bool take(struct target *t, bool wanted, bool only_one)
{
    struct commons *c = t->commons;
    bool may = may_open(t);
    if (!c->host || t->closing)
        return may && wanted;
    if (may && wanted)
        return host_take(c->host, &c->share);
    if (c->share.wants && !(may && (only_one || (c->nservers == 0 && c->nparams == 0))))
        host_want_not(c->host, &c->share);
    return false;
}

/* The servers are counted before they are opened, so that no other worker counts on them. */
static bool reserve(struct target *t, bool only_one)
{
    struct commons *c = t->commons;
    commons_lock(c);
    bool wanted = only_one ? c->nservers == 0 : c->nservers - c->fair.held < c->fair.wanted;
    bool may = take(t, wanted, only_one);
    bool rests = wanted && !t->closing && is_resting(t);
    if (may) {
        c->nservers++;
        c->nopening++;
    }
    uint64_t rest = rests ? c->retry_ms - now_ms(t) : 0;
    commons_unlock(c);
    if (rests && !uv_is_active((uv_handle_t *)&t->pool.retry))
        uv_timer_start(&t->pool.retry, on_retry, rest, 0);
    return may;
}

void pool_unreserve(struct target *t)
{
    struct commons *c = t->commons;
    commons_lock(c);
    c->nservers--;
    c->nopening--;
    if (c->host)
        host_part(c->host);
    commons_unlock(c);
    pool_host_give(c);
}

static void open_more(struct target *t)
{
    while (reserve(t, false))
        server_open(t);
    pool_host_call(t->commons->host);
}

void pool_want_one(struct target *t)
{
    if (reserve(t, true))
        server_open(t);
    pool_host_call(t->commons->host);
}

void pool_opened(struct server *s)
{
    struct target *t = s->target;
    struct commons *c = t->commons;
    commons_lock(c);
    bool was_down = c->down;
    c->nopening--;
    c->failures = 0;
    c->down = false;
    commons_unlock(c);
    if (was_down)
        log_info(t->worker->log, "back end \"%s\" can be reached again", t->label);
    pool_put(s);
}

void pool_open_failed(struct target *t, const struct err *why)
{
    struct commons *c = t->commons;
    uint16_t jitter = 0;
    (void)RAND_bytes((unsigned char *)&jitter, sizeof(jitter));
    commons_lock(c);
    bool is_new = !c->down || strcmp(c->last.message, why->message) != 0;
    c->down = true;
    c->last = *why;
    uint64_t wait = (uint64_t)POOL_RETRY_MS << (c->failures < 6 ? c->failures : 6);
    c->failures++;
    if (wait > POOL_RETRY_MAX_MS)
        wait = POOL_RETRY_MAX_MS;
    wait += wait * (jitter % 256u) / 1024;
    c->retry_ms = now_ms(t) + wait;
    commons_unlock(c);
    if (is_new)
        log_warning(t->worker->log, "back end \"%s\" cannot be reached: %s", t->label, why->message);
    if (!t->closing)
        uv_timer_start(&t->pool.retry, on_retry, wait, 0);
}

bool pool_is_down(const struct target *t)
{
    struct commons *c = t->commons;
    commons_lock(c);
    bool down = c->down && c->nservers == c->nopening;
    commons_unlock(c);
    return down;
}

bool pool_is_empty(const struct target *t)
{
    return list_empty(&t->pool.idle) && list_empty(&t->pool.busy) && list_empty(&t->pool.opening);
}

/* -- leasing -- */

/* How many servers there can be: while opening fails, no more than there are. */
static size_t capacity(const struct commons *c)
{
    return c->failures > 0 ? c->nservers - c->nopening : c->size;
}

static void lease(struct server *s)
{
    list_remove(&s->node);
    list_append(&s->target->pool.busy, &s->node);
    s->state = SERVER_LEASED;
    s->batch++;
}

/* One of this worker's waiters has left the queue.  Under the lock. */
static void waits_no_more(struct target *t)
{
    t->pool.nwaiting--;
    ask(t, least(t->pool.asked, t->pool.nwaiting));
}

/* An idle server, leased, and ${*ret} who is to have it.  NULL: none is idle, nobody may have it, or
 * those who may wait for others.  Under the lock. */
static struct server *grant(struct target *t, struct pool_waiter **ret)
{
    struct commons *c = t->commons;
    struct list *first = list_first(&t->pool.idle);
    if (!first || t->closing || (t->pool.nwaiting == 0 && c->asked == 0))
        return NULL;
    struct server *s = list_entry(first, struct server, node);
    fair_resize(&c->fair, capacity(c));
    struct fair_waiter *w = fair_pop(&c->fair, &s->lease, t->worker->index, now_us());
    if (!w)
        return NULL;
    must(s->state == SERVER_IDLE);
    *ret = list_entry(w, struct pool_waiter, fair);
    struct target *there = (*ret)->target;
    waits_no_more(there);
    if (there != t && there->pool.asked > 0)
        ask(there, there->pool.asked - 1);
    t->pool.nidle--;
    lease(s);
    return s;
}

/* Let ${s}, just leased, go to where ${w} waits.  Under the lock. */
static struct worker *promise(struct pool_waiter *w)
{
    struct target *t = w->target;
    list_append(&t->pool.promised, &w->fair.node);
    return t->worker;
}

bool pool_is_idle(const struct commons *c, const struct target *except)
{
    for (size_t i = 0; i < c->crew->n; i++)
        if (c->seats[i] && c->seats[i] != except && c->seats[i]->pool.nidle > 0)
            return true;
    return false;
}

/* Does another worker have a server for who waits?  Under the lock. */
static bool is_idle_elsewhere(struct target *t)
{
    struct commons *c = t->commons;
    fair_resize(&c->fair, capacity(c));
    return pool_is_idle(c, t) && fair_is_due(&c->fair, now_us());
}

/* Under the lock. */
static void ask_for_all(struct target *t)
{
    ask(t, t->pool.nwaiting);
    commons_call(t->commons, t);
}

/* Somebody waits here: see in a while what has become of it. */
static void be_patient(struct target *t, uint64_t ms)
{
    struct pool *p = &t->pool;
    p->patience.ms = ms;
    p->patience.turns = 0;
    p->patience.nwaiting = p->nwaiting;
    p->patience.nput = p->nput;
    uv_timer_start(&p->patience.timer, on_patience, ms, 0);
}

/* Nothing is idle here.  Under the lock. */
static void await(struct target *t)
{
    struct pool *p = &t->pool;
    if (p->nwaiting == 0 || t->commons->crew->n == 1 || t->closing)
        return;
    if (list_empty(&p->busy) && is_idle_elsewhere(t))
        ask_for_all(t);
    if (!uv_is_active((uv_handle_t *)&p->patience.timer))
        be_patient(t, POOL_PATIENCE_MS);
}

static void on_patience(uv_timer_t *timer)
{
    struct target *t = timer->data;
    struct pool *p = &t->pool;
    if (++p->patience.turns < POOL_PATIENCE_TURNS) { /* if it has had no time, first what has come meanwhile */
        uv_timer_start(timer, on_patience, 0, 0);
        return;
    }
    size_t back = p->nput - p->patience.nput;
    commons_lock(t->commons);
    if (p->nwaiting > 0 && back < p->patience.nwaiting && is_idle_elsewhere(t))
        ask_for_all(t);
    if (p->nwaiting > 0)
        be_patient(t, back > 0 ? POOL_PATIENCE_MS : least(2 * p->patience.ms, POOL_PATIENCE_MAX_MS));
    commons_unlock(t->commons);
}

static void dispatch(struct target *t)
{
    struct commons *c = t->commons;
    for (;;) {
        struct pool_waiter *w;
        commons_lock(c);
        struct server *s = grant(t, &w);
        bool here = s && w->target == t;
        struct worker *there = s && !here ? promise(w) : NULL;
        if (!s)
            await(t);
        commons_unlock(c);
        if (!s)
            break;
        if (here) {
            w->target = NULL;
            session_granted(w, s);
        } else {
            server_move(s, there);
        }
    }
    open_more(t);
}

void pool_look(struct target *t)
{
    if (!target_is_ready(t) && !t->closing)
        pool_want_one(t);
    dispatch(t);
    pool_spare(t);
}

/* What has happened to an idle server since the loop last waited has not been told yet. */
static void drop_dead(struct target *t)
{
    struct list *first;
    while ((first = list_first(&t->pool.idle)) != NULL) {
        struct server *s = list_entry(first, struct server, node);
        if (!is_due(s->idle_ms, POOL_TRUST_MS, now_ms(t)) || server_is_silent(s))
            return;
        server_close(s, "it has ended, or says what nobody asked for");
    }
}

void pool_suspect(struct target *t)
{
    list_foreach (node, &t->pool.idle)
        server_close(list_entry(node, struct server, node), NULL);
    list_foreach (node, &t->pool.busy)
        list_entry(node, struct server, node)->suspect = true;
}

struct server *pool_lease(struct target *t, struct slice tenant, const struct fair_terms *terms,
                          struct pool_waiter *w, struct err *err)
{
    struct commons *c = t->commons;
    struct pool_waiter *granted = NULL;
    struct server *s = NULL;
    err->sqlstate[0] = '\0';
    drop_dead(t);
    commons_lock(c);
    if (fair_push(&c->fair, tenant, terms, t->worker->index, &w->fair, now_us(), err) != 0) {
        commons_unlock(c);
        return NULL;
    }
    w->target = t;
    t->pool.nwaiting++;
    while (granted != w && (s = grant(t, &granted)) != NULL && granted != w) {
        struct worker *there = promise(granted); /* even if that is here: it is granted from the loop */
        commons_unlock(c);
        server_move(s, there);
        commons_lock(c);
    }
    if (!s)
        await(t);
    commons_unlock(c);
    if (s)
        w->target = NULL;
    else
        open_more(t);
    return s;
}

void pool_leave(struct pool_waiter *w)
{
    struct target *t = w->target;
    if (!t)
        return;
    struct commons *c = t->commons;
    commons_lock(c);
    if (fair_waits(&w->fair))
        waits_no_more(t);
    fair_remove(&c->fair, &w->fair, now_us());
    list_remove(&w->fair.node);
    bool looks = c->share.wants; /* perhaps for nobody now */
    commons_unlock(c);
    w->target = NULL;
    if (looks && !t->closing)
        mailbox_send(&t->worker->mailbox, &t->call);
}

/* Is it to end?  Under the lock. */
static bool is_spent(const struct server *s, uint64_t now)
{
    const struct target *t = s->target;
    return s->doomed || t->retired || is_old(s, now) || pool_is_surplus(s, now);
}

/* -> false: it is to end. */
static bool put_idle(struct server *s)
{
    struct target *t = s->target;
    uint64_t now = now_ms(t);
    commons_lock(t->commons);
    bool spent = is_spent(s, now);
    if (!spent && s->cancels == 0) {
        s->idle_ms = now;
        s->state = SERVER_IDLE;
        fair_return(&t->commons->fair, &s->lease, now_us());
        list_remove(&s->node);
        list_prepend(&t->pool.idle, &s->node);
        t->pool.nidle++;
        if (t->commons->host)
            host_idles(t->commons->host, &t->commons->share);
    }
    commons_unlock(t->commons);
    return !spent;
}

void pool_put(struct server *s)
{
    struct target *t = s->target;
    s->session = NULL;
    if (s->suspect && server_question(s))
        return;
    t->pool.nput++;
    if (!put_idle(s))
        server_close(s, NULL);
    else if (s->cancels > 0) /* it could hit the next client's statement (wire case 48) */
        s->state = SERVER_HELD;
    else
        dispatch(t);
}

/* -- from another worker -- */

static struct pool_waiter *take_promised(struct target *t)
{
    commons_lock(t->commons);
    struct list *n = list_shift(&t->pool.promised);
    commons_unlock(t->commons);
    struct pool_waiter *w = n ? list_entry(n, struct pool_waiter, fair.node) : NULL;
    if (w)
        w->target = NULL;
    return w;
}

void pool_arrived(struct server *s)
{
    struct pool_waiter *w = take_promised(s->target);
    lease(s); /* it moves no more: who waited may have left, and then it may be its time to end */
    if (w)
        session_granted(w, s);
    else
        pool_put(s);
}

void pool_not_arrived(struct target *t, const struct err *why)
{
    struct pool_waiter *w = take_promised(t);
    if (w)
        session_not_granted(w, why);
}

/* Called with the state that it was in. */
void pool_remove(struct server *s)
{
    struct target *t = s->target;
    struct commons *c = t->commons;
    list_remove(&s->node);
    commons_lock(c);
    c->nservers--;
    c->nopening -= s->state == SERVER_OPENING;
    if (c->host)
        host_part(c->host);
    t->pool.nidle -= s->state == SERVER_IDLE;
    fair_return(&c->fair, &s->lease, now_us());
    commons_unlock(c);
}

void pool_gone(struct target *t)
{
    if (!t->closing) /* else others are called in the end */
        mailbox_send(&t->worker->mailbox, &t->call);
}
