/* What messages do to the client's names before their replies are known, and how that is undone.
 *
 * A Parse, a Close or a DEALLOCATE counts as soon as it is sent.  Should it fail, the server skips what was
 * sent behind it, up to Sync; so within a batch nothing else can be seen.  What comes behind that Sync is not
 * skipped, nor is what comes behind a Query, which fails alone: there, a message that uses such a name waits
 * until the reply has told what became of it.  What never happened is undone, from the last to the first. */
#include "daemon/session_internal.h"
#include "daemon/worker.h"

#include <stdlib.h>

static struct slice name_of(const struct statement *st)
{
    return (struct slice){st->name, strlen(st->name)};
}

void names_release(struct names *names)
{
    statement_unref(names->made);
    statement_unref(names->prepared);
    statements_clear(&names->closed);
    free(names->evicted);
    *names = (struct names){0};
}

int session_name_end(struct session *s, struct slice name, struct names *names)
{
    struct statement *st = statements_find(&s->statements, name);
    return st ? statements_move(&names->closed, &s->statements, st) : 0;
}

void session_name_drop(struct session *s, struct slice name)
{
    struct statement *st = statements_find(&s->statements, name);
    if (!st)
        return;
    statements_take(&s->statements, st);
    statement_unref(st);
}

/* -- what is not known yet -- */

uint64_t session_answered(const struct session *s)
{
    return s->nowed - (s->server ? flow_len(s->server->flow) : 0);
}

static void note(struct session *s, const struct names *n, uint64_t at)
{
    if (n->made)
        n->made->at = at;
    if (n->closed.by_name)
        s->closed_at = at;
    if (n->made || n->closed.by_name)
        s->names_at = at;
}

void session_names_owed(struct session *s, const struct owed *o)
{
    note(s, &o->names, s->nowed);
    for (size_t i = 0; i < o->neach; i++)
        note(s, &o->each[i], s->nowed);
}

static bool takes(const struct owed *o, struct slice name)
{
    if (!o)
        return false;
    bool found = statements_find(&o->names.closed, name) != NULL;
    for (size_t i = 0; i < o->neach && !found; i++)
        found = statements_find(&o->each[i].closed, name) != NULL;
    return found;
}

bool session_name_is_open(const struct session *s, struct slice name)
{
    uint64_t answered = session_answered(s);
    const struct statement *st = statements_find(&s->statements, name);
    if (st)
        return st->at >= answered && st->at < s->batch_at;
    if (s->closed_at < answered)
        return false;
    for (uint64_t at = answered; at < s->batch_at; at++)
        if (takes(owed_of(flow_at(s->server->flow, at - answered)), name))
            return true;
    return false;
}

bool session_plan_waits(const struct session *s, const struct plan *p)
{
    if (p->refused || !s->server || flow_syncs(s->server->flow) == 0)
        return false;
    switch (p->class) {
    case PLAN_DEALLOCATE:
        return p->name ? session_name_is_open(s, (struct slice){p->name, strlen(p->name)})
                       : s->names_at >= session_answered(s);
    case PLAN_PREPARE:
    case PLAN_EXECUTE:
        return session_name_is_open(s, (struct slice){p->name, strlen(p->name)});
    case PLAN_DISCARD_ALL: /* is there a transaction? */
        return true;
    default:
        return false;
    }
}

bool session_may_have_failed(const struct session *s)
{
    bool open = s->status == 'T' || s->begun_at >= session_answered(s);
    return s->status == 'E' || (open && flow_syncs(s->server->flow) > 0);
}

/* -- undoing -- */

/* A statement that comes back takes the place of the one that had taken its. */
static void bring_back(struct session *s, struct statements *map, struct statement *st)
{
    struct err err;
    if (!statements_find(map, name_of(st)) && statements_put(map, st, &err) != 0)
        log_debug(s->worker->log, "session %u: %s", s->pid, err.message);
}

/* The unnamed statement ends even with a Parse that fails; but not with one that is skipped. */
static void undo_names(struct session *s, struct names *n, bool skipped)
{
    struct statement *st, *next;
    struct statements *map = &s->statements;
    struct err err;
    if (n->prepared)
        prepared_remove(&s->server->prepared, n->prepared->server_name);
    if (n->evicted && prepared_add(&s->server->prepared, n->evicted, 0, &err) != 0)
        s->server->doomed = true; /* it has more than is known */
    if (n->made && n->made->map) { /* the client's, or that of a message which is still owed */
        map = n->made->map;
        statements_take(map, n->made);
        statement_unref(n->made);
    }
    HASH_ITER(hh, n->closed.by_name, st, next)
    {
        statements_take(&n->closed, st);
        if (skipped || st->name[0] != '\0')
            bring_back(s, map, st);
        statement_unref(st);
    }
    names_release(n);
}

void session_undo(struct session *s, struct owed *o, bool skipped)
{
    for (size_t i = o->neach; i > o->index; i--)
        undo_names(s, &o->each[i - 1], skipped);
    undo_names(s, &o->names, skipped);
}

struct undoing {
    struct owed *newest; /* by `next` */
};

static void dropped(void *owner, const struct flow_entry *e)
{
    struct undoing *u = owner;
    struct owed *o = owed_of(e);
    if (!o)
        return;
    o->next = u->newest;
    u->newest = o;
}

static void undo_all(struct session *s, const struct undoing *u, const struct owed *failed)
{
    struct owed *o, *next;
    for (o = u->newest; o; o = next) {
        next = o->next;
        session_undo(s, o, o != failed);
        owed_free(o);
    }
}

void session_undo_skipped(struct session *s)
{
    struct undoing u = {NULL};
    const struct owed *failed = owed_of(flow_head(s->server->flow));
    flow_error(s->server->flow, dropped, &u);
    undo_all(s, &u, failed);
}

void session_undo_lost(struct session *s)
{
    struct undoing u = {NULL};
    struct flow *flow = s->server->flow;
    for (; flow_len(flow) > 0; flow_pop(flow))
        dropped(&u, flow_head(flow));
    undo_all(s, &u, NULL);
}
