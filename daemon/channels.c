/* The connection is libpq's all its life, or one of the store's own (channels_store.h): nothing but
 * notifications and empty results comes from it.
 *
 *   DOWN -> DIALLING -> UP -> DOWN      any failure: lost(), and DOWN
 *
 * While UP one Query is on its way or none.  Each brings the server's list of channels up to date, in one
 * go, and as PostgreSQL tells a backend of notifications before its ReadyForQuery, its end says, too, that
 * everything committed before it was sent has been heard. */
#define HASH_NONFATAL_OOM 1
#include "daemon/channels.h"

#include "daemon/channels_store.h"
#include "daemon/dial.h"
#include "daemon/must.h"
#include "daemon/target.h"
#include "daemon/worker.h"
#include "policy/policy.h"
#include "protocol/buf.h"
#include "protocol/sqlstate.h"

#include <libpq-fe.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <uthash.h>

#define QUERY_BYTES ((size_t)64 << 20) /* of LISTEN for all channels of a target */

enum state { DOWN, DIALLING, UP };

struct channel {
    UT_hash_handle hh;
    struct channels *all;
    struct list subscriptions;
    struct list dirty; /* all->dirty: to be listened to, or no longer */
    struct list fresh; /* all->fresh: the Query on its way asks for it */
    bool asked;        /* in that Query, or before it */
    bool listening;    /* PostgreSQL has said so */
    char name[CHANNELS_NAME_BYTES];
};

struct channels {
    struct target *target; /* which it never outlives but for closing handles: one reference */
    enum state state;
    unsigned holds; /* handles, and the target's own */
    bool closing;
    struct dial *dial; /* DIALLING */
    PGconn *pg;
    struct channels_store *store; /* instead, where the target is one */
    struct ear *ear;
    uv_timer_t timer; /* without subscriptions */
    struct channel *by_name;
    struct list dirty, fresh;
    struct list waits; /* for what has been sent, in turn, each at the count in ... */
    struct list later; /* for what has not */
    bool busy;         /* a Query is on its way */
    bool again;        /* another one is wanted although nothing is dirty */
    bool calling;      /* callbacks are: nothing is sent until they are done */
    uint64_t sent, settled; /* Queries */
};

struct ear { /* a poll of libpq's descriptor */
    uv_poll_t poll;
    struct channels *all;
};

static void proceed(struct channels *c);

/* -- names -- */

static int digest(const void *data, size_t len, unsigned char ret[32])
{
    return EVP_Digest(data, len, ret, NULL, EVP_sha256(), NULL) == 1 ? 0 : -1;
}

static void hex(const unsigned char *data, size_t len, char *ret)
{
    for (size_t i = 0; i < len; i++)
        snprintf(ret + 2 * i, 3, "%02x", data[i]);
}

int channels_name(const char *tenant, const char *channel, char ret[CHANNELS_NAME_BYTES],
                  struct err *err)
{
    unsigned char sum[32];
    char text[64 + CHANNELS_NAME_BYTES];
    size_t len = strlen(channel);
    if (len == 0 || len >= CHANNELS_NAME_BYTES)
        return err_set(err, SQLSTATE_INVALID_PARAMETER_VALUE, "channel name too long");
    if (!tenant) {
        memcpy(ret, channel, len + 1);
        return 0;
    }
    bool ok = digest(tenant, strlen(tenant), sum) == 0;
    hex(sum, sizeof(sum), text);
    memcpy(text + 64, channel, len);
    if (!ok || digest(text, 64 + len, sum) != 0)
        return err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
    size_t prefix = sizeof(POLICY_CHANNEL_PREFIX) - 1;
    memcpy(ret, POLICY_CHANNEL_PREFIX, prefix);
    hex(sum, POLICY_CHANNEL_BYTES, ret + prefix);
    return 0;
}

/* -- life -- */

static void hold(struct channels *c)
{
    c->holds++;
}

static void unhold(struct channels *c)
{
    must(c->holds > 0);
    if (--c->holds > 0)
        return;
    must(!c->by_name && !c->pg && !c->store);
    target_unref(c->target);
    free(c);
}

static void channel_free(struct channel *ch)
{
    HASH_DEL(ch->all->by_name, ch);
    list_remove(&ch->dirty);
    list_remove(&ch->fresh);
    free(ch);
}

static void ear_closed(uv_handle_t *h)
{
    struct ear *e = h->data;
    unhold(e->all);
    free(e);
}

static void unwatch(struct channels *c)
{
    if (c->ear)
        uv_close((uv_handle_t *)&c->ear->poll, ear_closed);
    c->ear = NULL;
}

static void wake(struct list *waits)
{
    struct list due;
    struct list *node;
    list_init(&due);
    list_splice(&due, waits);
    while ((node = list_shift(&due)) != NULL) {
        struct channels_wait *w = list_entry(node, struct channels_wait, node);
        w->done(w);
    }
}

/* The connection is no more. */
static void down(struct channels *c)
{
    unwatch(c);
    uv_timer_stop(&c->timer);
    if (c->dial)
        dial_stop(c->dial);
    c->dial = NULL;
    if (c->pg)
        PQfinish(c->pg);
    if (c->store)
        channels_store_close(c->store);
    c->pg = NULL;
    c->store = NULL;
    c->state = DOWN;
    c->busy = c->again = false;
    c->settled = c->sent;
}

/* All subscriptions, of which none has a channel any more. */
static void take_all(struct channels *c, struct list *ret)
{
    struct channel *ch, *next;
    list_init(ret);
    HASH_ITER(hh, c->by_name, ch, next)
    {
        list_foreach (node, &ch->subscriptions)
            list_entry(node, struct subscription, node)->channel = NULL;
        list_splice(ret, &ch->subscriptions);
        channel_free(ch);
    }
}

static void tell_lost(struct list *subscriptions, const struct err *err)
{
    struct list *node;
    while ((node = list_shift(subscriptions)) != NULL) {
        struct subscription *sub = list_entry(node, struct subscription, node);
        bool sure = sub->sure;
        sub->sure = false;
        if (sure)
            sub->lost(sub);
        else
            sub->ready(sub, err);
    }
}

static void lost(struct channels *c, const char *why)
{
    struct err err;
    struct list due;
    size_t len = strlen(why);
    while (len > 0 && (why[len - 1] == '\n' || why[len - 1] == ' '))
        len--;
    err_set(&err, SQLSTATE_CONNECTION_FAILURE, "cannot listen: the connection to the back end failed");
    if (!c->closing)
        log_warning(c->target->worker->log, "the connection that listens on back end \"%s\" ended: %.*s",
                    c->target->label, (int)len, why);
    down(c);
    hold(c);
    take_all(c, &due);
    tell_lost(&due, &err);
    wake(&c->waits);
    wake(&c->later);
    unhold(c);
}

static void timer_closed(uv_handle_t *h)
{
    unhold(h->data);
}

void channels_close(struct target *t)
{
    struct channels *c = t->channels;
    if (!c)
        return;
    t->channels = NULL;
    c->closing = true;
    lost(c, "the back end is no longer used");
    uv_close((uv_handle_t *)&c->timer, timer_closed);
    unhold(c);
}

/* -- connecting -- */

static void up(struct channels *c);

static void on_poll(uv_poll_t *poll, int status, int events)
{
    (void)status; /* libpq will meet the same error and has a text for it */
    (void)events;
    up(((struct ear *)poll->data)->all);
}

static void watch(struct channels *c, int events)
{
    struct ear *e = c->ear ? c->ear : calloc(1, sizeof(*e));
    int fd = c->store ? channels_store_fd(c->store) : PQsocket(c->pg);
    if (!e || (!c->ear && uv_poll_init(&c->target->worker->loop, &e->poll, fd) != 0)) {
        free(e);
        lost(c, "cannot watch the connection");
        return;
    }
    if (!c->ear)
        hold(c);
    e->poll.data = e;
    e->all = c;
    c->ear = e;
    uv_poll_start(&e->poll, events, on_poll);
}

static void dialled(void *owner, PGconn *pg, const char *why)
{
    struct channels *c = owner;
    c->dial = NULL;
    if (!pg) {
        lost(c, why);
        return;
    }
    c->pg = pg;
    c->state = UP;
    watch(c, UV_READABLE);
    proceed(c);
}

/* -- while up -- */

static void on_idle(uv_timer_t *timer)
{
    struct channels *c = timer->data;
    if (!c->by_name)
        down(c);
}

/* What the server must be asked for; each channel of it is asked now, or gone. */
static void query(struct channels *c, struct buf *ret)
{
    struct list *node;
    while ((node = list_shift(&c->dirty)) != NULL) {
        struct channel *ch = list_entry(node, struct channel, dirty);
        bool wanted = !list_empty(&ch->subscriptions);
        if (wanted || ch->asked) {
            buf_append(ret, wanted ? "LISTEN " : "UNLISTEN ", wanted ? 7 : 9);
            buf_quote(ret, ch->name, '"');
            buf_append(ret, ";", 1);
        }
        ch->asked = wanted;
        if (!wanted)
            channel_free(ch);
        else if (!list_linked(&ch->fresh))
            list_append(&c->fresh, &ch->fresh);
    }
    buf_append(ret, "", 1);
}

static const char *why_failed(const struct channels *c)
{
    return c->pg ? PQerrorMessage(c->pg) : "the store has ended it";
}

static void flush(struct channels *c)
{
    int left = c->store ? channels_store_flush(c->store) : PQflush(c->pg);
    if (left < 0)
        lost(c, why_failed(c));
    else
        watch(c, left > 0 ? UV_READABLE | UV_WRITABLE : UV_READABLE);
}

static void proceed(struct channels *c)
{
    if (c->state != UP || c->busy || c->calling || (list_empty(&c->dirty) && !c->again))
        return;
    struct buf text;
    buf_init(&text, QUERY_BYTES);
    query(c, &text);
    const char *sql = buf_peek(&text).data;
    bool ok = !text.failed && (c->store ? channels_store_query(c->store, sql) == 0
                                        : PQsendQuery(c->pg, sql) == 1);
    buf_release(&text);
    if (!ok) {
        lost(c, why_failed(c));
        return;
    }
    c->busy = true;
    c->again = false;
    c->sent++;
    list_splice(&c->waits, &c->later);
    if (!c->by_name)
        uv_timer_start(&c->timer, on_idle, CHANNELS_IDLE_MS, 0);
    flush(c);
}

/* Tell those that wait for ${ch}, or, with a ${payload}, those that listen. */
static void tell(struct channel *ch, uint32_t pid, const char *payload)
{
    struct list due; /* callbacks may leave, this or another subscription */
    struct list *node;
    list_init(&due);
    list_splice(&due, &ch->subscriptions);
    while ((node = list_shift(&due)) != NULL) {
        struct subscription *sub = list_entry(node, struct subscription, node);
        list_append(&ch->subscriptions, node);
        if (payload && sub->sure)
            sub->heard(sub, pid, payload);
        if (payload || sub->sure)
            continue;
        sub->sure = true;
        sub->ready(sub, NULL);
    }
}

static void query_over(struct channels *c)
{
    struct list *node;
    c->busy = false;
    c->settled = c->sent;
    while ((node = list_shift(&c->fresh)) != NULL) {
        struct channel *ch = list_entry(node, struct channel, fresh);
        ch->listening = true;
        tell(ch, 0, NULL);
    }
    wake(&c->waits);
}

static void hear(struct channels *c)
{
    PGnotify *n;
    while (c->pg && (n = PQnotifies(c->pg)) != NULL) {
        struct channel *ch;
        HASH_FIND_STR(c->by_name, n->relname, ch);
        if (ch)
            tell(ch, (uint32_t)n->be_pid, n->extra);
        PQfreemem(n);
    }
}

static void take_input(struct channels *c)
{
    if (PQconsumeInput(c->pg) != 1) {
        hear(c); /* its last words */
        lost(c, c->pg ? PQerrorMessage(c->pg) : "");
        return;
    }
    hear(c);
    bool over = false;
    while (c->pg && c->busy && !over && !PQisBusy(c->pg)) {
        PGresult *r = PQgetResult(c->pg);
        ExecStatusType is = r ? PQresultStatus(r) : PGRES_COMMAND_OK;
        bool failed = is != PGRES_COMMAND_OK && is != PGRES_EMPTY_QUERY;
        over = !r;
        PQclear(r);
        if (failed) {
            lost(c, PQerrorMessage(c->pg));
            return;
        }
    }
    hear(c); /* what came before the end that was read last */
    if (over && c->pg)
        query_over(c);
    if (c->pg)
        flush(c);
}

static void heard(struct channels *c, const struct channels_store_message *m)
{
    struct channel *ch;
    HASH_FIND_STR(c->by_name, m->channel, ch);
    if (ch)
        tell(ch, m->pid, m->payload);
}

static void take_from_store(struct channels *c)
{
    struct channels_store_message m;
    enum channels_store_said said;
    bool ended = channels_store_read(c->store) < 0;
    while (c->store && (said = channels_store_next(c->store, &m)) != CHANNELS_STORE_NOTHING) {
        if (said == CHANNELS_STORE_HEARD)
            heard(c, &m);
        else if (said == CHANNELS_STORE_OVER)
            query_over(c);
        else
            lost(c, why_failed(c));
    }
    if (c->store && ended)
        lost(c, why_failed(c));
    if (c->store)
        flush(c);
}

static void up(struct channels *c)
{
    hold(c);
    c->calling = true;
    (c->store ? take_from_store : take_input)(c);
    c->calling = false;
    proceed(c);
    unhold(c);
}

/* -- subscriptions -- */

static struct channels *channels_of(struct target *t)
{
    if (t->channels)
        return t->channels;
    struct channels *c = calloc(1, sizeof(*c));
    if (!c)
        return NULL;
    c->target = target_ref(t);
    c->holds = 2; /* the target's, and the timer's */
    list_init(&c->dirty);
    list_init(&c->fresh);
    list_init(&c->waits);
    list_init(&c->later);
    uv_timer_init(&t->worker->loop, &c->timer);
    c->timer.data = c;
    t->channels = c;
    return c;
}

static void mark(struct channel *ch)
{
    if (!list_linked(&ch->dirty))
        list_append(&ch->all->dirty, &ch->dirty);
}

static struct channel *channel_of(struct channels *c, const char *name)
{
    struct channel *ch;
    HASH_FIND_STR(c->by_name, name, ch);
    if (ch || !(ch = calloc(1, sizeof(*ch))))
        return ch;
    ch->all = c;
    list_init(&ch->subscriptions);
    list_init(&ch->dirty);
    list_init(&ch->fresh);
    memcpy(ch->name, name, strlen(name) + 1);
    HASH_ADD_STR(c->by_name, name, ch);
    if (ch->hh.tbl)
        return ch;
    free(ch);
    return NULL;
}

void subscription_init(struct subscription *sub)
{
    *sub = (struct subscription){0};
    list_init(&sub->node);
}

int channels_join(struct target *t, struct subscription *sub, const char *name, struct err *err)
{
    must(!sub->channel);
    struct channels *c = channels_of(t);
    struct channel *ch = c ? channel_of(c, name) : NULL;
    if (!ch)
        return err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
    if (c->state == DOWN && !t->postgres) {
        c->store = channels_store_open(target_store(t), err);
        c->state = c->store ? UP : DOWN;
        if (c->store)
            watch(c, UV_READABLE);
    } else if (c->state == DOWN) {
        c->dial = dial_start(t, NULL, dialled, c, err);
        c->state = c->dial ? DIALLING : DOWN;
    }
    if (c->state == DOWN) {
        if (list_empty(&ch->subscriptions))
            channel_free(ch);
        return -1;
    }
    if (c->state == UP)
        uv_timer_stop(&c->timer);
    sub->channel = ch;
    sub->sure = ch->listening;
    list_append(&ch->subscriptions, &sub->node);
    if (!ch->asked)
        mark(ch);
    proceed(c);
    return sub->sure ? 1 : 0;
}

void channels_leave(struct subscription *sub)
{
    struct channel *ch = sub->channel;
    list_remove(&sub->node);
    sub->channel = NULL;
    sub->sure = false;
    if (!ch || !list_empty(&ch->subscriptions))
        return;
    ch->listening = false;
    mark(ch);
    proceed(ch->all);
}

/* -- settling -- */

uint64_t channels_settle(struct target *t, struct channels_wait *wait)
{
    struct channels *c = t->channels;
    if (!c || c->state != UP)
        return 0;
    if (wait)
        list_append(&c->later, &wait->node);
    c->again = true;
    uint64_t count = c->sent + 1;
    proceed(c);
    return count;
}

uint64_t channels_settled(const struct target *t)
{
    return t->channels ? t->channels->settled : 0;
}

void channels_wait_leave(struct channels_wait *wait)
{
    list_remove(&wait->node);
}
