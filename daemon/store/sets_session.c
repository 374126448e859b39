/* sets_session.c: what a session has open: cursors, prepared statements, locks, channels. */
#include "daemon/store/array.h"
#include "daemon/store/functions_impl.h"
#include "daemon/store/locks.h"
#include "daemon/store/notify.h"
#include "daemon/store/portal.h"
#include "daemon/store/sets.h"

#include <stdio.h>
#include <stdlib.h>

struct place {
    size_t at;
};

static int place_open(struct sets_call *c)
{
    c->state = calloc(1, sizeof(struct place));
    return c->state ? 0 : err_set(&c->context->raised, SQLSTATE_OUT_OF_MEMORY, "out of memory");
}

static void text(struct sets_call *c, int i, const char *s)
{
    sets_text(c, i, (struct slice){s, strlen(s)});
}

/* The n-th value of a map; the map must not change meanwhile. */
struct nth {
    size_t left;
    void *found;
};

static void count_down(void *value, void *arg)
{
    struct nth *n = arg;
    if (!n->found && n->left-- == 0)
        n->found = value;
}

static void *nth_of(const struct strmap *m, size_t i)
{
    struct nth n = {i, NULL};
    strmap_each(m, count_down, &n);
    return n.found;
}

/* name, statement, is_holdable, is_binary, is_scrollable, creation_time */
static int cursors_next(struct sets_call *c)
{
    struct place *at = c->state;
    const struct portal *p;
    do {
        p = nth_of(&c->context->conn->portals, at->at++);
        if (!p)
            return 0;
    } while (p->simple);
    text(c, 0, p->name);
    text(c, 1, p->prepared->sql);
    sets_int(c, 2, p->hold);
    sets_int(c, 3, p->binary);
    sets_int(c, 4, p->scroll);
    sets_int(c, 5, p->made_us);
    return 1;
}

/* name, statement, prepare_time, parameter_types, from_sql, generic_plans, custom_plans */
static int names_next(struct sets_call *c)
{
    struct place *at = c->state;
    const struct named *n;
    do {
        n = nth_of(&c->context->conn->statements, at->at++);
        if (!n)
            return 0;
    } while (!n->name[0]);
    text(c, 0, n->name);
    text(c, 1, n->prepared->sql);
    sets_int(c, 2, n->made_us);
    buf_append(&c->text, "[", 1);
    for (size_t i = 0; i < n->prepared->nparams; i++) {
        char oid[16];
        int len = snprintf(oid, sizeof oid, "%s\"%u\"", i ? "," : "", n->prepared->params[i]);
        buf_append(&c->text, oid, (size_t)len);
    }
    buf_append(&c->text, "]", 1);
    sets_text(c, 3, buf_peek(&c->text));
    sets_int(c, 4, n->from_sql);
    sets_int(c, 5, 0);
    sets_int(c, 6, 0);
    return 1;
}

/* locktype, database, relation, page, tuple, virtualxid, transactionid, classid, objid, objsubid,
 * virtualtransaction, pid, mode, granted, fastpath, waitstart */
static int locks_next(struct sets_call *c)
{
    struct place *at = c->state;
    struct lock_seen l;
    char owner[32];
    if (!locks_at(c->context->conn, at->at++, &l))
        return 0;
    text(c, 0, "advisory");
    sets_int(c, 1, 16384);
    for (int i = 2; i < 7; i++)
        c->out[i].kind = TYPES_KIND_NULL;
    sets_int(c, 7, (int64_t)((uint64_t)l.key.value >> 32));
    sets_int(c, 8, (int64_t)(uint32_t)l.key.value);
    sets_int(c, 9, l.key.pair ? 2 : 1);
    int n = snprintf(owner, sizeof owner, "%u/1", l.pid);
    buf_append(&c->text, owner, (size_t)n);
    sets_text(c, 10, buf_peek(&c->text));
    sets_int(c, 11, l.pid);
    text(c, 12, l.exclusive ? "ExclusiveLock" : "ShareLock");
    sets_int(c, 13, l.granted);
    sets_int(c, 14, 0);
    c->out[15].kind = TYPES_KIND_NULL;
    return 1;
}

static int listening_next(struct sets_call *c)
{
    struct place *at = c->state;
    char name[64];
    if (!notify_channel_at(c->context->conn, at->at++, name))
        return 0;
    buf_append(&c->text, name, strlen(name));
    sets_text(c, 0, buf_peek(&c->text));
    return 1;
}

/* -- options(array): pg_options_to_table() -- */

struct options {
    struct array array;
    size_t at;
};

static int options_open(struct sets_call *c)
{
    struct options *o = calloc(1, sizeof(*o));
    c->state = o;
    if (!o)
        return err_set(&c->context->raised, SQLSTATE_OUT_OF_MEMORY, "out of memory");
    if (array_parse(functions_slice(c->argv[0]), false, &o->array) < 0)
        return err_set(&c->context->raised, SQLSTATE_INTERNAL_ERROR, "a stored array is malformed");
    return 0;
}

/* `name=value`, or a name alone. */
static int options_next(struct sets_call *c)
{
    struct options *o = c->state;
    if (o->at == o->array.n)
        return 0;
    struct slice item = array_item(&o->array, o->at++);
    const char *equals = item.data ? memchr(item.data, '=', item.len) : NULL;
    size_t name = equals ? (size_t)(equals - item.data) : item.len;
    sets_text(c, 0, (struct slice){item.data ? item.data : "", name});
    if (equals)
        sets_text(c, 1, (struct slice){equals + 1, item.len - name - 1});
    else
        c->out[1].kind = TYPES_KIND_NULL;
    return 1;
}

static void options_close(struct sets_call *c)
{
    struct options *o = c->state;
    if (o)
        array_release(&o->array);
    free(o);
}

const struct sets_function sets_session_functions[] = {
    {"options", true, options_open, options_next, options_close},
    {"cursors", false, place_open, cursors_next, NULL},
    {"names", false, place_open, names_next, NULL},
    {"locks", false, place_open, locks_next, NULL},
    {"listening", false, place_open, listening_next, NULL},
};
const size_t sets_session_n = sizeof(sets_session_functions) / sizeof(sets_session_functions[0]);
