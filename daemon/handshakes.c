#include "daemon/handshakes.h"

#include "daemon/list.h"
#include "daemon/mailbox.h"
#include "daemon/must.h"
#include "daemon/session.h"
#include "daemon/worker.h"

#include <pthread.h>
#include <stdlib.h>

struct handshake {
    struct list node; /* in handshakes->steps, until it is sent away */
    struct mail away; /* to its worker: it has lost its place */
    struct session *session;
    struct worker *worker;
    uint64_t step_ms; /* its last step */
};

struct handshakes {
    pthread_mutex_t lock;
    size_t most, taken;
    struct list steps; /* the longest without a step first */
    bool wanted;       /* a place, in vain */
    struct mailbox *listener;
    struct mail *room;
};

struct handshakes *handshakes_new(size_t most, struct mailbox *listener, struct mail *room)
{
    struct handshakes *h = calloc(1, sizeof(*h));
    if (!h)
        return NULL;
    if (pthread_mutex_init(&h->lock, NULL) != 0) {
        free(h);
        return NULL;
    }
    h->most = most;
    list_init(&h->steps);
    h->listener = listener;
    h->room = room;
    return h;
}

void handshakes_free(struct handshakes *h)
{
    if (!h)
        return;
    must(h->taken == 0);
    pthread_mutex_destroy(&h->lock);
    free(h);
}

/* Under the lock, as the next two. */
static void tell_if_room(struct handshakes *h)
{
    if (!h->wanted || h->taken >= h->most)
        return;
    h->wanted = false;
    mailbox_send(h->listener, h->room);
}

static void give(struct handshakes *h)
{
    must(h->taken > 0);
    h->taken--;
    tell_if_room(h);
}

/* One that has been still for too long goes.  -> false: there is none, the next may be in
 * ${*ret_wait_ms}. */
static bool send_away(struct handshakes *h, uint64_t now_ms, uint64_t *ret_wait_ms)
{
    struct list *first = list_first(&h->steps);
    *ret_wait_ms = HANDSHAKE_STEP_MS; /* those sent away before are on their way out */
    if (!first)
        return false;
    struct handshake *it = list_entry(first, struct handshake, node);
    uint64_t end_ms = it->step_ms + HANDSHAKE_STEP_MS;
    if (now_ms < end_ms) {
        *ret_wait_ms = end_ms - now_ms;
        return false;
    }
    list_remove(&it->node);
    mailbox_send(&it->worker->mailbox, &it->away);
    return true;
}

void handshakes_limit(struct handshakes *h, size_t most)
{
    pthread_mutex_lock(&h->lock);
    h->most = most;
    tell_if_room(h);
    pthread_mutex_unlock(&h->lock);
}

size_t handshakes_taken(struct handshakes *h)
{
    pthread_mutex_lock(&h->lock);
    size_t taken = h->taken;
    pthread_mutex_unlock(&h->lock);
    return taken;
}

bool handshakes_take(struct handshakes *h, uint64_t now_ms, uint64_t *ret_wait_ms)
{
    pthread_mutex_lock(&h->lock);
    bool free_place = h->taken < h->most;
    if (free_place)
        h->taken++;
    else if (send_away(h, now_ms, ret_wait_ms))
        *ret_wait_ms = HANDSHAKE_STEP_MS;
    h->wanted = !free_place;
    pthread_mutex_unlock(&h->lock);
    return free_place;
}

void handshakes_give(struct handshakes *h)
{
    pthread_mutex_lock(&h->lock);
    give(h);
    pthread_mutex_unlock(&h->lock);
}

/* -- one -- */

static void on_away(struct mail *m, struct worker *w)
{
    (void)w;
    session_too_many(list_entry(m, struct handshake, away)->session);
}

struct handshake *handshake_begin(struct handshakes *h, struct session *s, struct worker *w,
                                  uint64_t now_ms)
{
    struct handshake *it = calloc(1, sizeof(*it));
    if (!it)
        return NULL;
    list_init(&it->node);
    mail_init(&it->away, on_away, NULL);
    it->session = s;
    it->worker = w;
    it->step_ms = now_ms;
    pthread_mutex_lock(&h->lock);
    list_append(&h->steps, &it->node);
    pthread_mutex_unlock(&h->lock);
    return it;
}

void handshake_step(struct handshakes *h, struct handshake *it, uint64_t now_ms)
{
    pthread_mutex_lock(&h->lock);
    if (list_linked(&it->node)) { /* else it is too late */
        list_remove(&it->node);
        list_append(&h->steps, &it->node);
        it->step_ms = now_ms;
    }
    pthread_mutex_unlock(&h->lock);
}

void handshake_end(struct handshakes *h, struct handshake *it)
{
    pthread_mutex_lock(&h->lock);
    bool stays = list_linked(&it->node);
    list_remove(&it->node);
    give(h);
    pthread_mutex_unlock(&h->lock);
    if (!stays)
        mailbox_take_back(&it->worker->mailbox, &it->away);
    free(it);
}
