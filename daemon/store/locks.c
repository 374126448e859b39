/* locks.c: advisory locks, shared by the connections of a store; who waits for whom, and sleeping.
 *
 * All of it is under the store's lock.  A request waits behind those who came before it and want
 * what it cannot share.  Who would wait for himself in the end is told so (40P01): the edges are
 * advisory locks and the right to write. */
#include "daemon/store/locks.h"

#include <inttypes.h>
#include <stdlib.h>

struct lock { /* one acquisition: held, or waited for */
    struct lock *next;
    struct store_conn *conn;
    struct lock_key key;
    bool exclusive, session;
    bool waiting;
    size_t depth; /* savepoints when it was taken, of the transaction's */
};

static bool same_key(const struct lock_key *a, const struct lock_key *b)
{
    return a->pair == b->pair && a->value == b->value;
}

/* Would ${l} keep ${conn} from ${key}?  Waiters count if they came earlier. */
static bool in_the_way(const struct lock *l, const struct lock *wanted)
{
    return l->conn != wanted->conn && same_key(&l->key, &wanted->key) &&
           (l->exclusive || wanted->exclusive);
}

static bool is_held(const struct store *s, const struct lock *wanted)
{
    for (const struct lock *l = s->locks; l; l = l->next)
        if (!l->waiting && l->conn == wanted->conn && same_key(&l->key, &wanted->key) &&
            (l->exclusive || !wanted->exclusive))
            return true;
    return false;
}

/* Does something older than ${wanted} keep it waiting? */
static bool blocked(const struct store *s, const struct lock *wanted)
{
    bool again = is_held(s, wanted);
    for (const struct lock *l = s->locks; l && l != wanted; l = l->next)
        if (in_the_way(l, wanted) && !(l->waiting && again))
            return true;
    return false;
}

static const struct lock *waiting_for(const struct store *s, const struct store_conn *c)
{
    for (const struct lock *l = s->locks; l; l = l->next)
        if (l->waiting && l->conn == c)
            return l;
    return NULL;
}

/* Does ${from} wait, over others, for ${to}? */
static bool waits_for(const struct store *s, const struct store_conn *from,
                      const struct store_conn *to, int depth)
{
    const struct lock *wanted = waiting_for(s, from);
    if (depth > 64)
        return false;
    for (const struct lock *l = wanted ? s->locks : NULL; l && l != wanted; l = l->next)
        if (in_the_way(l, wanted) && (l->conn == to || waits_for(s, l->conn, to, depth + 1)))
            return true;
    if (from->wants_write && s->writer && s->writer != from)
        return s->writer == to || waits_for(s, s->writer, to, depth + 1);
    return false;
}

bool locks_deadlock(const struct store_conn *c)
{
    return waits_for(c->store, c, c, 0);
}

int locks_deadlocked(struct err *err)
{
    err_set(err, "40P01", "deadlock detected");
    err_hint(err, "See server log for query details.");
    return -1;
}

static void unlink_lock(struct store *s, struct lock *gone)
{
    struct lock **l = &s->locks;
    while (*l != gone)
        l = &(*l)->next;
    *l = gone->next;
    free(gone);
}

static struct lock *link_lock(struct store_conn *c, const struct lock_request *r)
{
    struct lock *fresh = calloc(1, sizeof *fresh), **tail = &c->store->locks;
    if (!fresh)
        return NULL;
    *fresh = (struct lock){.conn = c,
                           .key = r->key,
                           .exclusive = r->exclusive,
                           .session = r->session,
                           .depth = c->nsavepoints};
    while (*tail)
        tail = &(*tail)->next;
    *tail = fresh;
    return fresh;
}

static int wait_for(struct store_conn *c, struct lock *mine, struct err *err)
{
    struct store *s = c->store;
    int64_t until = c->guc.lock_timeout_ms ? conn_now_ms() + c->guc.lock_timeout_ms : 0;
    int rc = 0;
    mine->waiting = true;
    while (rc == 0 && blocked(s, mine)) {
        if (locks_deadlock(c))
            rc = locks_deadlocked(err);
        else
            rc = conn_wait(c, until, "lock", err);
    }
    mine->waiting = false;
    return rc;
}

int locks_take(struct store_conn *c, const struct lock_request *r, bool *ret, struct err *err)
{
    struct store *s = c->store;
    int rc = 0;
    *ret = true;
    pthread_mutex_lock(&s->lock);
    struct lock *mine = link_lock(c, r);
    if (!mine) {
        rc = err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
    } else if (blocked(s, mine)) {
        if (r->try_only)
            *ret = false;
        else
            rc = wait_for(c, mine, err);
        if (rc < 0 || !*ret) {
            unlink_lock(s, mine);
            pthread_cond_broadcast(&s->changed);
        }
    }
    pthread_mutex_unlock(&s->lock);
    return rc;
}

/* Let go of those that ${wanted} says; returns how many at most ${max}. */
static size_t release(struct store_conn *c, bool (*wanted)(const struct lock *, const void *),
                      const void *arg, size_t max)
{
    struct store *s = c->store;
    size_t n = 0;
    pthread_mutex_lock(&s->lock);
    for (struct lock *l = s->locks, *next; l && n < max; l = next) {
        next = l->next;
        if (l->conn != c || !wanted(l, arg))
            continue;
        unlink_lock(s, l);
        n++;
    }
    if (n > 0)
        pthread_cond_broadcast(&s->changed);
    pthread_mutex_unlock(&s->lock);
    return n;
}

static bool is_request(const struct lock *l, const void *arg)
{
    const struct lock_request *r = arg;
    return l->session && l->exclusive == r->exclusive && same_key(&l->key, &r->key);
}

static bool is_session(const struct lock *l, const void *arg)
{
    (void)arg;
    return l->session;
}

static bool is_deeper(const struct lock *l, const void *arg)
{
    return !l->session && l->depth > *(const size_t *)arg;
}

static bool is_transaction(const struct lock *l, const void *arg)
{
    (void)arg;
    return !l->session;
}

bool locks_release(struct store_conn *c, const struct lock_request *r)
{
    if (release(c, is_request, r, 1) > 0)
        return true;
    conn_notice(c, "WARNING", "01000", "you don't own a lock of type %s",
                r->exclusive ? "ExclusiveLock" : "ShareLock");
    return false;
}

void locks_release_session(struct store_conn *c)
{
    release(c, is_session, NULL, SIZE_MAX);
}

void locks_release_deeper(struct store_conn *c, size_t depth)
{
    release(c, is_deeper, &depth, SIZE_MAX);
}

void locks_release_transaction(struct store_conn *c)
{
    release(c, is_transaction, NULL, SIZE_MAX);
}

void locks_raise(struct store_conn *c, size_t depth)
{
    pthread_mutex_lock(&c->store->lock);
    for (struct lock *l = c->store->locks; l; l = l->next)
        if (l->conn == c && l->depth > depth)
            l->depth = depth;
    pthread_mutex_unlock(&c->store->lock);
}

/* Is there one before it that looks the same? */
static bool seen_before(const struct store *s, const struct lock *l)
{
    const struct lock *e = s->locks;
    while (e != l && !(e->conn == l->conn && same_key(&e->key, &l->key) &&
                       e->exclusive == l->exclusive && e->waiting == l->waiting))
        e = e->next;
    return e != l;
}

bool locks_at(struct store_conn *c, size_t i, struct lock_seen *ret)
{
    const struct lock *l;
    pthread_mutex_lock(&c->store->lock);
    for (l = c->store->locks; l; l = l->next)
        if (!seen_before(c->store, l) && i-- == 0)
            break;
    if (l)
        *ret = (struct lock_seen){l->key, l->conn->context.pid, l->exclusive, !l->waiting};
    pthread_mutex_unlock(&c->store->lock);
    return l != NULL;
}

int conn_sleep(struct store_conn *c, double seconds, struct err *err)
{
    int64_t now = conn_now_ms(), until;
    int rc = 0;
    if (!(seconds > 0))
        return 0;
    until = seconds > 1e12 ? INT64_MAX : now + (int64_t)(seconds * 1000 + 0.5);
    pthread_mutex_lock(&c->store->lock);
    while (rc == 0 && conn_now_ms() < until)
        rc = conn_wait(c, until, NULL, err);
    pthread_mutex_unlock(&c->store->lock);
    return rc;
}
