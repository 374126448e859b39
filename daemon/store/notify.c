/* notify.c: LISTEN and NOTIFY among the connections of a store.
 *
 * What a transaction says counts from its commit: then its notifications go into the inboxes of
 * those who listen, its own too, and wake them.  A connection tells its client when it is idle,
 * before it says that it is ready. */
#include "daemon/store/notify.h"

#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define CHANNEL_MAX 63
#define PAYLOAD_MAX 7999
#define INBOX_MAX   ((size_t)64 << 20)

enum act { ACT_NOTIFY, ACT_LISTEN, ACT_UNLISTEN, ACT_UNLISTEN_ALL };

struct notify_act { /* what the open transaction has said */
    enum act act;
    size_t depth;
    char *channel, *payload;
};

struct notify_channel {
    struct notify_channel *next;
    char name[CHANNEL_MAX + 1];
};

/* -- what is said -- */

static int add(struct store_conn *c, enum act act, const char *channel, const char *payload,
               struct err *err)
{
    struct notify_state *n = &c->notify;
    struct notify_act *grown = realloc(n->acts, (n->nacts + 1) * sizeof *grown);
    if (!grown)
        return err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
    n->acts = grown;
    struct notify_act a = {act, c->nsavepoints, strdup(channel), strdup(payload)};
    if (!a.channel || !a.payload) {
        free(a.channel);
        free(a.payload);
        return err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
    }
    grown[n->nacts++] = a;
    return 0;
}

int notify_say(struct store_conn *c, const char *channel, const char *payload, struct err *err)
{
    if (!channel[0])
        return err_set(err, SQLSTATE_INVALID_PARAMETER_VALUE, "channel name cannot be empty");
    if (strlen(channel) > CHANNEL_MAX)
        return err_set(err, SQLSTATE_INVALID_PARAMETER_VALUE, "channel name too long");
    if (strlen(payload) > PAYLOAD_MAX)
        return err_set(err, SQLSTATE_INVALID_PARAMETER_VALUE, "payload string too long");
    for (size_t i = 0; i < c->notify.nacts; i++) {
        const struct notify_act *a = &c->notify.acts[i];
        if (a->act == ACT_NOTIFY && strcmp(a->channel, channel) == 0 &&
            strcmp(a->payload, payload) == 0)
            return 0; /* said once already */
    }
    return add(c, ACT_NOTIFY, channel, payload, err);
}

int notify_listen(struct store_conn *c, const char *channel, bool on, struct err *err)
{
    if (!channel)
        return add(c, ACT_UNLISTEN_ALL, "", "", err);
    return add(c, on ? ACT_LISTEN : ACT_UNLISTEN, channel, "", err);
}

void notify_forget(struct store_conn *c, size_t depth, bool all)
{
    struct notify_state *n = &c->notify;
    size_t kept = 0;
    for (size_t i = 0; i < n->nacts; i++) {
        if (!all && n->acts[i].depth <= depth) {
            n->acts[kept++] = n->acts[i];
            continue;
        }
        free(n->acts[i].channel);
        free(n->acts[i].payload);
    }
    n->nacts = kept;
}

void notify_raise(struct store_conn *c, size_t depth)
{
    for (size_t i = 0; i < c->notify.nacts; i++)
        if (c->notify.acts[i].depth > depth)
            c->notify.acts[i].depth = depth;
}

/* -- who listens; under the store's lock from here -- */

static struct notify_channel **find(struct store_conn *c, const char *name)
{
    struct notify_channel **ch = &c->notify.channels;
    while (*ch && strcmp((*ch)->name, name) != 0)
        ch = &(*ch)->next;
    return ch;
}

static void stop(struct notify_channel **ch)
{
    struct notify_channel *gone = *ch;
    if (gone) {
        *ch = gone->next;
        free(gone);
    }
}

static void start(struct store_conn *c, const char *name)
{
    struct notify_channel **ch = find(c, name);
    if (*ch)
        return;
    struct notify_channel *fresh = calloc(1, sizeof *fresh);
    if (!fresh)
        return;
    memcpy(fresh->name, name, strnlen(name, CHANNEL_MAX));
    *ch = fresh;
    if (!c->notify.listed) {
        c->notify.next = c->store->listeners;
        c->store->listeners = c;
        c->notify.listed = true;
    }
}

static void unlist(struct store_conn *c)
{
    struct store_conn **l = &c->store->listeners;
    if (!c->notify.listed || c->notify.channels)
        return;
    while (*l != c)
        l = &(*l)->notify.next;
    *l = c->notify.next;
    c->notify.listed = false;
}

static void deliver(struct store_conn *from, const struct notify_act *a)
{
    for (struct store_conn *c = from->store->listeners; c; c = c->notify.next) {
        if (!*find(c, a->channel) || c->notify.inbox.failed)
            continue;
        msg_notification(&c->notify.inbox, from->context.pid, a->channel, a->payload);
        if (c != from && eventfd_write(c->wake, 1) < 0)
            continue; /* it is awake anyway */
    }
}

static bool has_room(const struct store_conn *from)
{
    size_t more = 0;
    for (size_t i = 0; i < from->notify.nacts; i++)
        more += strlen(from->notify.acts[i].payload) + CHANNEL_MAX + 16;
    for (const struct store_conn *c = from->store->listeners; c; c = c->notify.next)
        if (buf_len(&c->notify.inbox) + more > INBOX_MAX)
            return false;
    return true;
}

int notify_check(struct store_conn *c, struct err *err)
{
    if (c->notify.nacts == 0)
        return 0;
    pthread_mutex_lock(&c->store->lock);
    bool ok = has_room(c);
    pthread_mutex_unlock(&c->store->lock);
    return ok ? 0
              : err_set(err, SQLSTATE_PROGRAM_LIMIT_EXCEEDED,
                        "too many notifications in the NOTIFY queue");
}

void notify_commit(struct store_conn *c)
{
    if (c->notify.nacts == 0)
        return;
    pthread_mutex_lock(&c->store->lock);
    for (size_t i = 0; i < c->notify.nacts; i++) {
        const struct notify_act *a = &c->notify.acts[i];
        if (a->act == ACT_LISTEN)
            start(c, a->channel);
        else if (a->act == ACT_UNLISTEN)
            stop(find(c, a->channel));
        while (a->act == ACT_UNLISTEN_ALL && c->notify.channels)
            stop(&c->notify.channels);
    }
    for (size_t i = 0; i < c->notify.nacts; i++)
        if (c->notify.acts[i].act == ACT_NOTIFY)
            deliver(c, &c->notify.acts[i]);
    unlist(c);
    pthread_mutex_unlock(&c->store->lock);
    notify_forget(c, 0, true);
}

void notify_tell(struct store_conn *c)
{
    pthread_mutex_lock(&c->store->lock);
    struct slice s = buf_peek(&c->notify.inbox);
    if (s.len > 0)
        buf_append(&c->out, s.data, s.len);
    buf_reset(&c->notify.inbox);
    pthread_mutex_unlock(&c->store->lock);
}

bool notify_channel_at(struct store_conn *c, size_t i, char ret[64])
{
    pthread_mutex_lock(&c->store->lock);
    const struct notify_channel *ch = c->notify.channels;
    for (; ch && i > 0; i--)
        ch = ch->next;
    if (ch)
        memcpy(ret, ch->name, sizeof ch->name);
    pthread_mutex_unlock(&c->store->lock);
    return ch != NULL;
}

int notify_init(struct store_conn *c)
{
    buf_init(&c->notify.inbox, INBOX_MAX + (1 << 20));
    c->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return c->wake < 0 ? -1 : 0;
}

void notify_release(struct store_conn *c)
{
    notify_forget(c, 0, true);
    free(c->notify.acts);
    c->notify.acts = NULL;
    pthread_mutex_lock(&c->store->lock);
    while (c->notify.channels)
        stop(&c->notify.channels);
    unlist(c);
    pthread_mutex_unlock(&c->store->lock);
    buf_release(&c->notify.inbox);
    if (c->wake >= 0)
        close(c->wake);
    c->wake = -1;
}
