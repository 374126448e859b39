/* LISTEN, UNLISTEN, and notifications for the client (wire cases 64 and 65).
 *
 * As with settings, the transaction decides: LISTEN counts from the commit.  The target's listener
 * (daemon/channels.h) is asked earlier, before the statement is served, and what it hears meanwhile is kept, so
 * that nothing is lost between the commit and the listening.
 * Notifications reach the client between its transactions: at once while it is idle, else before
 * ReadyForQuery.  One that a client sends to itself comes before the ReadyForQuery of the transaction that sent
 * it, as with PostgreSQL, under the client's own process number. */
#define HASH_NONFATAL_OOM 1
#include "conf/limits.h"
#include "daemon/must.h"
#include "daemon/session_internal.h"
#include "daemon/worker.h"

#include <stdlib.h>

struct listened { /* a channel */
    UT_hash_handle hh;
    struct session *session;
    struct subscription sub;
    bool counts; /* by a transaction that is committed */
    bool asked;  /* sub->ready is still to come */
    char name[]; /* the client's */
};

struct action { /* of the open transaction */
    enum plan_class class; /* PLAN_LISTEN, PLAN_UNLISTEN */
    size_t depth;          /* savepoints around it */
    char *name;            /* NULL: all */
};

struct heard {
    struct list node;
    uint32_t pid;
    size_t bytes;
    char *payload; /* points into ... */
    char name[];   /* the client's name of the channel, and the payload */
};

struct listening {
    struct session *session;
    struct listened *by_name;
    bool loose; /* there may be channels that nothing wants */
    struct action *actions;
    size_t nactions, cap;
    struct list heard; /* not delivered yet */
    size_t heard_bytes;
    size_t waits;       /* channels that are asked for: the client's input waits */
    struct err *failed; /* why one of them cannot be listened to */
    struct channels_wait settling; /* ReadyForQuery waits, or ... */
    bool catching;                 /* the client's input does */
};

static int no_memory(struct err *err)
{
    return err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
}

static struct listening *listening_of(struct session *s)
{
    if (s->listening || !(s->listening = calloc(1, sizeof(*s->listening))))
        return s->listening;
    s->listening->session = s;
    list_init(&s->listening->heard);
    list_init(&s->listening->settling.node);
    return s->listening;
}

static struct listened *find(const struct session *s, const char *name)
{
    struct listened *l = NULL;
    if (s->listening)
        HASH_FIND_STR(s->listening->by_name, name, l);
    return l;
}

static void forget(struct listened *l)
{
    struct listening *all = l->session->listening;
    if (l->asked)
        all->waits--;
    channels_leave(&l->sub);
    HASH_DEL(all->by_name, l);
    free(l);
}

static void action_pop(struct listening *l)
{
    free(l->actions[--l->nactions].name);
}

/* -- delivering -- */

static void heard_free(struct listening *l, struct heard *h)
{
    list_remove(&h->node);
    l->heard_bytes -= h->bytes;
    free(h);
}

void session_listen_deliver(struct session *s)
{
    struct listening *l = s->listening;
    if (!l || list_empty(&l->heard) || s->state == SESSION_CLOSING)
        return;
    list_foreach (node, &l->heard) {
        struct heard *h = list_entry(node, struct heard, node);
        const struct listened *to = find(s, h->name);
        if (link_is_congested(&s->link)) /* the rest when it has read these */
            break;
        if (to && to->counts) {
            msg_notification(session_out(s), h->pid, h->name, h->payload);
            session_wrote(s);
        }
        heard_free(l, h);
    }
}

/* Is the client between two messages, and in no transaction? */
static bool is_between(const struct session *s)
{
    return (s->state == SESSION_IDLE || s->state == SESSION_ACTIVE) && session_is_free(s) &&
           !s->batch && !s->skipping;
}

void session_listen_idle(struct session *s)
{
    if (s->listening && is_between(s))
        session_listen_deliver(s);
}

/* Its own process number is for what the client has sent itself: others' notifications must never seem to be,
 * because clients may pass over their own. */
static uint32_t sender(const struct session *s, uint32_t server_pid)
{
    const struct server *srv = s->server;
    bool own = srv && srv->pg && (uint32_t)PQbackendPID(srv->pg) == server_pid &&
               srv->notifier.pid == s->pid && srv->notifier.target == s->target &&
               channels_settled(s->target) >= srv->notifier.before;
    return own ? s->pid : 0;
}

static void overflow(struct session *s)
{
    struct err err;
    err_set(&err, SQLSTATE_CONFIGURATION_LIMIT_EXCEEDED,
            "terminating connection because the client does not take its notifications");
    session_fail(s, &err);
}

static void on_heard(struct subscription *sub, uint32_t server_pid, const char *payload)
{
    struct listened *to = list_entry(sub, struct listened, sub);
    struct session *s = to->session;
    struct listening *l = s->listening;
    if (s->state == SESSION_CLOSING ||
        (session_may_adopt(s) && session_adopt(s) != 0))
        return;
    size_t name = strlen(to->name) + 1, text = strlen(payload) + 1;
    struct heard *h = malloc(sizeof(*h) + name + text);
    if (!h || l->heard_bytes + sizeof(*h) + name + text > LIMIT_NOTIFICATION_BYTES) {
        free(h);
        overflow(s);
        return;
    }
    *h = (struct heard){.pid = sender(s, server_pid), .bytes = sizeof(*h) + name + text};
    memcpy(h->name, to->name, name);
    h->payload = memcpy(h->name + name, payload, text);
    l->heard_bytes += h->bytes;
    list_init(&h->node);
    list_append(&l->heard, &h->node);
    session_listen_idle(s);
}

/* -- the listener -- */

static void on_lost(struct subscription *sub)
{
    struct session *s = list_entry(sub, struct listened, sub)->session;
    struct err err;
    err_set(&err, SQLSTATE_ADMIN_SHUTDOWN,
            "terminating connection because notifications may have been lost");
    err_detail(&err, "The connection that listens for this session has ended.");
    session_fail(s, &err);
}

static void on_ready(struct subscription *sub, const struct err *why)
{
    struct listened *l = list_entry(sub, struct listened, sub);
    struct session *s = l->session;
    l->asked = false;
    s->listening->waits--;
    if (why)
        session_keep(&s->listening->failed, why);
    session_resume(s);
}

bool session_listen_waits(const struct session *s)
{
    return s->listening && (s->listening->waits > 0 || s->listening->catching);
}

/* 1: heard from now on; 0: wait; -1. */
static int ask(struct session *s, const char *name, struct err *err)
{
    char server_name[CHANNELS_NAME_BYTES];
    struct listening *all = listening_of(s);
    bool shared = s->confined && s->isolation != ISOLATION_DATABASE;
    struct listened *l = find(s, name);
    if (s->confined && !s->tenant)
        return 1; /* it will be refused */
    if (l && (l->sub.sure || l->asked))
        return l->sub.sure;
    if (!all)
        return no_memory(err);
    if (!l && HASH_COUNT(all->by_name) >= LIMIT_CLIENT_CHANNELS)
        return err_set(err, SQLSTATE_PROGRAM_LIMIT_EXCEEDED, "too many channels are listened to");
    if (channels_name(shared ? s->tenant : NULL, name, server_name, err) != 0)
        return -1;
    if (!l) {
        l = calloc(1, sizeof(*l) + strlen(name) + 1);
        if (!l)
            return no_memory(err);
        all->loose = true;
        l->session = s;
        memcpy(l->name, name, strlen(name) + 1);
        HASH_ADD_STR(all->by_name, name, l);
        if (!l->hh.tbl) {
            free(l);
            return no_memory(err);
        }
        subscription_init(&l->sub);
        l->sub.ready = on_ready;
        l->sub.heard = on_heard;
        l->sub.lost = on_lost;
    }
    int joined = channels_join(s->target, &l->sub, server_name, err);
    if (joined == 0) {
        l->asked = true;
        all->waits++;
    }
    if (joined < 0)
        forget(l);
    return joined;
}

int session_listen_ask(struct session *s, const struct plan *p, struct err *err)
{
    if (p->refused || p->class != PLAN_LISTEN)
        return 1;
    if (s->listening && session_take(&s->listening->failed, err))
        return -1;
    return ask(s, p->name, err);
}

/* -- transactions -- */

/* Channels that neither a committed LISTEN nor one of the open transaction wants. */
static void sweep(struct session *s)
{
    struct listening *l = s->listening;
    struct listened *one, *next;
    l->loose = false;
    HASH_ITER(hh, l->by_name, one, next)
    {
        bool wanted = one->counts || one->asked;
        for (size_t i = 0; !wanted && i < l->nactions; i++)
            wanted = l->actions[i].name && strcmp(l->actions[i].name, one->name) == 0;
        if (!wanted)
            forget(one);
    }
}

static void carry_out(struct session *s, enum plan_class class, const char *name)
{
    struct listened *one, *next;
    if (!name) {
        HASH_ITER(hh, s->listening->by_name, one, next)
        one->counts = false;
    } else if ((one = find(s, name)) != NULL) {
        one->counts = class == PLAN_LISTEN;
    }
    s->listening->loose = true;
}

void session_listen_now(struct session *s, const struct plan *p)
{
    if (!s->listening)
        return;
    carry_out(s, p->class, p->name);
    sweep(s);
}

void session_listen_done(struct session *s, const struct plan *p)
{
    struct err err;
    struct listening *l = listening_of(s);
    char *name = p->name ? strdup(p->name) : NULL;
    if (l && l->nactions == l->cap) {
        size_t cap = l->cap ? 2 * l->cap : 4;
        struct action *more = realloc(l->actions, cap * sizeof(*more));
        l->actions = more ? more : l->actions;
        l->cap = more ? cap : l->cap;
    }
    if (!l || l->nactions == l->cap || (p->name && !name)) {
        free(name);
        no_memory(&err);
        session_fail(s, &err);
        return;
    }
    l->actions[l->nactions++] =
        (struct action){.class = p->class, .depth = s->track.nmarks, .name = name};
}

void session_listen_settle(struct session *s, bool failed)
{
    struct listening *l = s->listening;
    if (!l || (l->nactions == 0 && !l->loose))
        return;
    for (size_t i = 0; !failed && i < l->nactions; i++)
        carry_out(s, l->actions[i].class, l->actions[i].name);
    while (l->nactions > 0)
        action_pop(l);
    sweep(s);
}

/* Only what was done since the savepoint, which is the last one now, is undone. */
void session_listen_rollback_to(struct session *s)
{
    struct listening *l = s->listening;
    while (l && l->nactions > 0 && l->actions[l->nactions - 1].depth >= s->track.nmarks)
        action_pop(l);
}

void session_listen_release(struct session *s)
{
    struct listening *l = s->listening;
    for (size_t i = 0; l && i < l->nactions; i++)
        if (l->actions[i].depth > s->track.nmarks)
            l->actions[i].depth = s->track.nmarks;
}

bool session_listens(const struct session *s)
{
    return s->listening && s->listening->by_name;
}

void session_listen_clear(struct session *s)
{
    struct listening *l = s->listening;
    if (!l)
        return;
    while (l->nactions > 0)
        action_pop(l);
    struct listened *one, *next;
    HASH_ITER(hh, l->by_name, one, next)
    forget(one);
    while (!list_empty(&l->heard))
        heard_free(l, list_entry(list_first(&l->heard), struct heard, node));
}

void session_listen_free(struct session *s)
{
    struct listening *l = s->listening;
    if (!l)
        return;
    session_listen_clear(s);
    channels_wait_leave(&l->settling);
    free(l->actions);
    free(l->failed);
    free(l);
    s->listening = NULL;
}

/* -- NOTIFY -- */

static void caught_up(struct channels_wait *w)
{
    struct session *s = session_settling(w);
    s->listening->catching = false;
    session_resume(s);
}

/* What other sessions have sent with this server must have been heard here before this one sends any: see
 * sender(). */
bool session_listen_catch_up(struct session *s)
{
    struct notifier *n = &s->server->notifier;
    bool own = n->target == s->target && (n->pid == s->pid || channels_settled(s->target) >= n->settled);
    if (!session_listens(s) || !n->target || own)
        return false;
    s->listening->settling.done = caught_up;
    n->settled = channels_settle(s->target, &s->listening->settling);
    n->target = s->target;
    n->pid = 0;
    s->listening->catching = n->settled > 0;
    return s->listening->catching;
}

void session_notifies(struct session *s)
{
    struct notifier *n = &s->server->notifier;
    if (s->notified)
        return;
    s->notified = true;
    if (n->target)
        n->before = n->target == s->target ? n->settled : channels_settle(s->target, NULL);
    n->target = s->target;
    n->pid = s->pid;
}

bool session_notified(struct session *s, void (*done)(struct channels_wait *w))
{
    struct channels_wait *wait = session_listens(s) && done ? &s->listening->settling : NULL;
    if (!s->notified)
        return false;
    s->notified = false;
    if (wait)
        wait->done = done;
    s->server->notifier.settled = channels_settle(s->target, wait);
    return wait && s->server->notifier.settled > 0;
}

struct session *session_settling(struct channels_wait *w)
{
    return list_entry(w, struct listening, settling)->session;
}
