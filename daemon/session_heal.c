/* "cached plan must not change result type" (wire case 34): a statement that was prepared before DDL which went
 * past Partywall.
 *
 * PostgreSQL says so to the Bind.  If that begins a batch of its own, outside of a transaction, then nothing has
 * been done and nothing been said yet: the client's messages from the Bind on are kept until its reply has come;
 * should it be that error, the server is brought to the end of its batch, statements are forgotten, and the
 * messages go back to the front of the client's input.  Once; and not if another batch is under way already, or if
 * the client does not ask what the rows look like now.  Then it hears of it, and its next try works. */
#include "conf/limits.h"
#include "daemon/session_internal.h"

#include <stdlib.h>

enum heal_state {
    HEAL_OFF,
    HEAL_KEEPS,
    HEAL_WAITS, /* for the ReadyForQuery of the batch that has failed */
};

struct heal { /* a server's */
    enum heal_state state;
    bool whole;  /* up to Sync */
    uint64_t at; /* the first entry that the Bind has made: session->nowed */
    struct buf kept;
};

static struct heal *heal_of(struct server *srv)
{
    if (!srv->heal && (srv->heal = calloc(1, sizeof(*srv->heal))))
        buf_init(&srv->heal->kept, LIMIT_HEAL_BYTES);
    return srv->heal;
}

void session_heal_stop(struct server *srv)
{
    struct heal *h = srv->heal;
    if (!h || h->state == HEAL_OFF)
        return;
    h->state = HEAL_OFF;
    buf_reset(&h->kept);
}

void session_heal_free(struct server *srv)
{
    if (!srv->heal)
        return;
    buf_release(&srv->heal->kept);
    free(srv->heal);
    srv->heal = NULL;
}

bool session_heal_waits(const struct session *s)
{
    return s->server && s->server->heal && s->server->heal->state == HEAL_WAITS;
}

/* -- keeping -- */

static bool is_extended(char type)
{
    return strchr("PBDECHS", type) != NULL;
}

static void keep(struct session *s, const struct frame *f)
{
    struct heal *h = s->server->heal;
    struct slice message = frame_bytes(f);
    if (h->whole || !is_extended(f->type) ||
        buf_append(&h->kept, message.data, message.len) != 0) {
        session_heal_stop(s->server);
        return;
    }
    h->whole = f->type == 'S';
}

void session_heal_note(struct session *s, const struct frame *f, uint64_t at)
{
    struct server *srv = s->server;
    if (!srv || (srv->heal && srv->heal->state == HEAL_WAITS))
        return;
    if (srv->heal && srv->heal->state == HEAL_KEEPS) {
        keep(s, f);
        return;
    }
    if (f->type != 'B' || !s->alone || s->skipping)
        return;
    s->alone = false;
    struct heal *h = heal_of(srv);
    if (!h)
        return;
    h->state = HEAL_KEEPS;
    h->whole = false;
    h->at = at;
    keep(s, f);
}

void session_heal_answered(struct session *s, const struct flow_entry *e)
{
    const struct heal *h = s->server->heal;
    if (h && h->state == HEAL_KEEPS && e->fate != FLOW_SWALLOW && session_answered(s) >= h->at)
        session_heal_stop(s->server);
}

/* -- healing -- */

/* A client that does not ask what rows look like has been told before, and could not read other ones. */
static bool describes(const struct heal *h)
{
    struct slice rest = buf_peek(&h->kept);
    struct frame f;
    struct err err;
    if (frame_next(FRAME_FRONTEND, rest, LIMIT_HEAL_BYTES, &f, &err) <= 0)
        return false;
    size_t len = (size_t)f.head_len + f.body_len;
    rest = (struct slice){rest.data + len, rest.len - len};
    return frame_next(FRAME_FRONTEND, rest, LIMIT_HEAL_BYTES, &f, &err) > 0 && f.type == 'D' &&
           f.body_len > 0 && f.body[0] == 'P';
}

bool session_heal_begin(struct session *s, const struct flow_entry *head)
{
    struct heal *h = s->server->heal;
    if (!h || h->state != HEAL_KEEPS || head->kind != FLOW_BIND || head->fate != FLOW_FORWARD ||
        session_answered(s) < h->at || !describes(h))
        return false;
    h->state = HEAL_WAITS;
    s->tx_failed = s->drop_due = true;
    return true;
}

void session_heal_skipped(struct session *s)
{
    struct err err;
    if (!session_heal_waits(s) || flow_len(s->server->flow) > 0)
        return;
    if (session_owe(s, FLOW_SYNC, FLOW_SWALLOW, NULL, &err) != 0) {
        session_fail(s, &err);
        return;
    }
    msg_sync(server_out(s));
    server_sent(s);
    s->skipping = false;
}

bool session_heal_end(struct session *s)
{
    struct err err;
    if (!session_heal_waits(s))
        return false;
    s->batch = s->skipping = s->unsynced = s->isolated = s->unnamed_bound = false;
    s->healed = true;
    if (link_unread(&s->link, buf_peek(&s->server->heal->kept)) != 0) {
        err_set(&err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
        session_fail(s, &err);
        return true;
    }
    session_heal_stop(s->server);
    return true;
}
