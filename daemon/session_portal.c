/* The client's portals and cursors: what the leased server has of them, by the client's names.
 *
 * They live and die there, in one transaction, but for cursors WITH HOLD, which keep the server
 * (session_keep.c).  Bind makes portals, DECLARE makes cursors; PostgreSQL has
 * one namespace for both, and so has this map.  It may hold names that the server has no longer (after
 * ROLLBACK TO, say): then the server says so.  But it never takes one statement's portal for another's. */
#define HASH_NONFATAL_OOM 1
#include "conf/limits.h"
#include "daemon/session_internal.h"

#include <stdlib.h>

/* PostgreSQL tells names apart by this many bytes. */
enum { NAME_BYTES = 63 };

static struct slice key_of(struct slice name)
{
    return (struct slice){name.data, name.len < NAME_BYTES ? name.len : NAME_BYTES};
}

static struct portal *find(const struct session *s, struct slice name)
{
    struct portal *p = NULL;
    struct slice key = key_of(name);
    HASH_FIND(hh, s->portals, key.data, key.len, p);
    return p;
}

static void forget(struct session *s, struct portal *p)
{
    HASH_DELETE(hh, s->portals, p);
    statement_unref(p->statement);
    free(p);
}

void session_portals_clear(struct session *s)
{
    struct portal *p, *next;
    HASH_ITER(hh, s->portals, p, next)
    forget(s, p);
}

void session_portals_end(struct session *s)
{
    struct portal *p, *next;
    uint64_t answered = session_answered(s);
    HASH_ITER(hh, s->portals, p, next)
    {
        if (p->at < answered && !p->held)
            forget(s, p);
    }
}

void session_unnamed_portal_gone(struct session *s)
{
    struct portal *p = find(s, (struct slice){"", 0});
    if (p)
        forget(s, p);
    s->unnamed_bound = false;
}

static enum verdict unknown_portal(struct session *s, struct slice name)
{
    struct err err;
    err_set(&err, SQLSTATE_INVALID_CURSOR_NAME, "portal \"%s\" does not exist", name.data);
    return session_refuse(s, &err);
}

enum verdict session_portal_check(struct session *s, struct slice name, struct portal **ret)
{
    bool unnamed = name.len == 0;
    *ret = find(s, name);
    if (!s->server || (!*ret && (unnamed || s->confined)))
        return unknown_portal(s, name);
    if (unnamed && !s->unnamed_bound && flow_syncs(s->server->flow) > 0)
        return WAIT;
    return TAKEN;
}

static void set(struct portal *p, struct statement *st)
{
    p->statement = statement_ref(st);
    p->unknown = st && st->tag && st->plan->class == PLAN_EXECUTE;
    p->run = false;
}

static int add(struct session *s, struct slice name, struct statement *st, struct err *err)
{
    struct slice key = key_of(name);
    if (HASH_COUNT(s->portals) >= LIMIT_CLIENT_STATEMENTS)
        return err_set(err, SQLSTATE_PROGRAM_LIMIT_EXCEEDED,
                       "too many portals in this transaction");
    struct portal *p = calloc(1, sizeof(*p) + key.len + 1);
    if (!p)
        return err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
    memcpy(p->name, key.data, key.len);
    p->at = s->nowed;
    HASH_ADD(hh, s->portals, name[0], key.len, p);
    if (!p->hh.tbl) {
        free(p);
        return err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
    }
    set(p, st);
    return 0;
}

/* Does it make no difference to the session whether this one is executed or another such? */
static bool is_plain(const struct statement *st)
{
    return !st || st->plan->query || st->plan->class == PLAN_FETCH ||
           st->plan->class == PLAN_EXECUTE || st->plan->class == PLAN_OTHER;
}

/* The server may have a portal of this name or have lost it, and so may or may not take ${st} (NULL: a
 * cursor's) in its stead: then both must be plain. */
static bool replace(struct session *s, struct portal *p, struct statement *st)
{
    if (!is_plain(p->statement) || !is_plain(st))
        return false;
    statement_unref(p->statement);
    set(p, st);
    p->at = s->nowed;
    return true;
}

static int already_exists(struct slice name, struct err *err)
{
    return err_set(err, SQLSTATE_DUPLICATE_CURSOR, "cursor \"%s\" already exists", name.data);
}

int session_portal_put(struct session *s, struct slice name, struct statement *st, struct err *err)
{
    struct portal *p = find(s, name);
    if (p && name.len == 0) {
        forget(s, p);
        p = NULL;
    }
    if (!p)
        return add(s, name, st, err) == 0 ? 1 : -1;
    if (replace(s, p, st))
        return 1;
    if (flow_len(s->server->flow) == 0)
        return already_exists(name, err);
    msg_flush(server_out(s)); /* what is owed says whether it is still there */
    server_sent(s);
    return 0;
}

void session_portal_closed(struct session *s, const char *name)
{
    struct portal *p = find(s, (struct slice){name, strlen(name)});
    uint64_t head = session_answered(s);
    if (!p || p->at >= head) /* not one that was made since */
        return;
    s->locks_due = s->locks_due || p->held;
    forget(s, p);
}

/* -- cursors -- */

int session_cursor_declare(struct session *s, const struct plan *plan, struct err *err)
{
    struct slice key = {plan->name, strlen(plan->name)};
    struct portal *p = find(s, key);
    if (session_is_own_portal(key))
        return already_exists(key, err);
    if (!p && add(s, key, NULL, err) != 0)
        return -1;
    if (p && !replace(s, p, NULL))
        return already_exists(key, err);
    p = find(s, key);
    p->held = p->held || plan->holds; /* one of that name may be there: then the server refuses this one */
    return 0;
}

int session_cursor_check(const struct session *s, const struct plan *p, struct err *err)
{
    const char *name = p->class == PLAN_FETCH || p->class == PLAN_CLOSE ? p->name : p->cursor;
    if (!name || find(s, (struct slice){name, strlen(name)}))
        return 0;
    return err_set(err, SQLSTATE_INVALID_CURSOR_NAME, "cursor \"%s\" does not exist", name);
}
