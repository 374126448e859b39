#include "daemon/host.h"

#include "daemon/commons.h"
#include "daemon/must.h"

#include <pthread.h>
#include <stdlib.h>

struct host {
    atomic_uint refs;
    bool locks;
    /* Somebody wants, or there are too many.  Read without the lock. */
    atomic_bool is_pressed;
    pthread_mutex_t lock; /* guards what follows */
    size_t size, servers;
    size_t parting; /* of these: on their way out */
    struct heap wanting;
    uint64_t orders;
    struct list idlers; /* the longest so first */
};

static struct host_share *of_want(const struct heap_node *n)
{
    return list_entry(n, struct host_share, want);
}

static bool before(const struct heap_node *a, const struct heap_node *b)
{
    const struct host_share *x = of_want(a), *y = of_want(b);
    return x->servers != y->servers ? x->servers < y->servers : x->order < y->order;
}

struct host *host_new(size_t size, bool locks)
{
    struct host *h = calloc(1, sizeof(*h));
    if (!h)
        return NULL;
    if (pthread_mutex_init(&h->lock, NULL) != 0) {
        free(h);
        return NULL;
    }
    atomic_init(&h->refs, 1);
    h->locks = locks;
    h->size = size;
    h->wanting.before = before;
    list_init(&h->idlers);
    return h;
}

struct host *host_ref(struct host *h)
{
    atomic_fetch_add_explicit(&h->refs, 1, memory_order_relaxed);
    return h;
}

void host_unref(struct host *h)
{
    if (!h || atomic_fetch_sub_explicit(&h->refs, 1, memory_order_acq_rel) != 1)
        return;
    must(h->servers == 0 && h->parting == 0 && !h->wanting.top && list_empty(&h->idlers));
    pthread_mutex_destroy(&h->lock);
    free(h);
}

void host_share_init(struct host_share *s, struct commons *c)
{
    s->commons = c;
    list_init(&s->idler);
}

static void enter(struct host *h)
{
    if (h->locks)
        pthread_mutex_lock(&h->lock);
}

static void leave(struct host *h)
{
    bool pressed = h->wanting.top || h->servers - h->parting > h->size;
    atomic_store_explicit(&h->is_pressed, pressed, memory_order_relaxed);
    if (h->locks)
        pthread_mutex_unlock(&h->lock);
}

/* -- taking and giving: under the lock -- */

static void want(struct host *h, struct host_share *s)
{
    if (s->wants)
        return;
    s->wants = true;
    s->order = h->orders++;
    heap_insert(&h->wanting, &s->want);
}

static void want_not(struct host *h, struct host_share *s)
{
    if (s->wants)
        heap_remove(&h->wanting, &s->want);
    s->wants = false;
}

/* Its place among those that want depends on what it has. */
static void set_servers(struct host *h, struct host_share *s, size_t servers)
{
    if (s->wants)
        heap_remove(&h->wanting, &s->want);
    h->servers += servers - s->servers;
    s->servers = servers;
    if (s->wants)
        heap_insert(&h->wanting, &s->want);
}

static void idle_not(struct host_share *s)
{
    list_remove(&s->idler);
    atomic_store_explicit(&s->is_idler, false, memory_order_relaxed);
}

bool host_take(struct host *h, struct host_share *s)
{
    enter(h);
    want(h, s);
    bool may = h->servers < h->size && h->wanting.top == &s->want;
    if (may) {
        want_not(h, s);
        set_servers(h, s, s->servers + 1);
    }
    leave(h);
    return may;
}

void host_part(struct host *h)
{
    enter(h);
    h->parting++;
    leave(h);
}

void host_give(struct host *h, struct host_share *s)
{
    enter(h);
    must(s->servers > 0 && h->parting > 0);
    h->parting--;
    set_servers(h, s, s->servers - 1);
    leave(h);
}

void host_want_not(struct host *h, struct host_share *s)
{
    enter(h);
    want_not(h, s);
    leave(h);
}

void host_leave(struct host *h, struct host_share *s)
{
    enter(h);
    want_not(h, s);
    idle_not(s);
    leave(h);
}

void host_resize(struct host *h, size_t size)
{
    enter(h);
    h->size = size;
    leave(h);
}

void host_idles(struct host *h, struct host_share *s)
{
    if (atomic_load_explicit(&s->is_idler, memory_order_relaxed))
        return;
    enter(h);
    if (!list_linked(&s->idler))
        list_append(&h->idlers, &s->idler);
    atomic_store_explicit(&s->is_idler, true, memory_order_relaxed);
    leave(h);
}

/* -- whose turn it is -- */

struct commons *host_next(struct host *h)
{
    if (!atomic_load_explicit(&h->is_pressed, memory_order_relaxed))
        return NULL;
    enter(h);
    bool room = h->wanting.top && h->servers < h->size;
    struct commons *c = room ? commons_ref(of_want(h->wanting.top)->commons) : NULL;
    leave(h);
    return c;
}

struct commons *host_idler(struct host *h)
{
    if (!atomic_load_explicit(&h->is_pressed, memory_order_relaxed))
        return NULL;
    enter(h);
    bool full = h->wanting.top && h->servers - h->parting >= h->size;
    struct list *first = full ? list_first(&h->idlers) : NULL;
    struct host_share *s = first ? list_entry(first, struct host_share, idler) : NULL;
    if (s)
        idle_not(s);
    struct commons *c = s ? commons_ref(s->commons) : NULL;
    leave(h);
    return c;
}

/* It is another's: who has fewer servers, by more than one, or none at all for a while. */
static bool is_due(const struct host_share *first, const struct host_share *s, uint64_t age_ms)
{
    return s->servers > first->servers + 1 || (first->servers == 0 && age_ms >= HOST_TURN_MS);
}

bool host_claims(struct host *h, const struct host_share *s, bool needs, uint64_t age_ms)
{
    if (!atomic_load_explicit(&h->is_pressed, memory_order_relaxed))
        return false;
    enter(h);
    const struct host_share *first = h->wanting.top ? of_want(h->wanting.top) : NULL;
    size_t staying = h->servers - h->parting;
    bool claims = staying > h->size;
    if (staying == h->size && first && first != s)
        claims = !needs || is_due(first, s, age_ms);
    leave(h);
    return claims;
}
