/* The worker's list of targets, its seats at commons that are in the crew's list: those that the
 * configuration names, and those still in use. */
#include "daemon/channels.h"
#include "daemon/crew.h"
#include "daemon/files.h"
#include "daemon/must.h"
#include "daemon/pool_host.h"
#include "daemon/target.h"
#include "daemon/worker.h"
#include "protocol/sqlstate.h"

#include <libpq-fe.h>
#include <stdlib.h>
#include <string.h>

/* -- taking and leaving a seat -- */

static bool is_database(const struct commons *c, const char *database)
{
    return c->database == database ||
           (c->database && database && strcmp(c->database, database) == 0);
}

static void on_call(struct mail *m, struct worker *w)
{
    (void)w;
    target_look(list_entry(m, struct target, call));
}

static struct target *target_new(struct worker *w, const struct conf_backend *b)
{
    struct target *t = calloc(1, sizeof(*t));
    if (!t)
        return NULL;
    t->magic = TARGET_MAGIC;
    t->refs = 1;
    t->worker = w;
    t->limits = b->pool;
    mail_init(&t->call, on_call, NULL);
    list_init(&t->refreshes);
    list_init(&t->readies);
    return t;
}

/* Under crew_lock: those of ${b} (and ${database}) with one more reference, made if there are none.
 * NULL: no memory. */
static struct commons *commons_of(struct crew *crew, const struct conf_backend *b,
                                  const char *database)
{
    const struct commons *other = NULL;
    list_foreach (node, &crew->commons) {
        struct commons *c = list_entry(node, struct commons, node);
        bool same = is_database(c, database); /* the cheaper question first: they may be many */
        if ((!same && other) || !commons_is_on(c, b))
            continue;
        if (same)
            return commons_ref(c);
        other = c;
    }
    struct commons *c = commons_new(crew, b, database, other);
    if (c)
        list_append(&crew->commons, &c->node);
    return c;
}

static bool sit_down(struct target *t, const struct conf_backend *b, const char *database)
{
    struct worker *w = t->worker;
    crew_lock(w->crew);
    struct commons *c = commons_of(w->crew, b, database);
    if (c) {
        commons_lock(c);
        must(!c->seats[w->index]);
        c->seats[w->index] = t;
        c->seated++;
        commons_unlock(c);
    }
    crew_unlock(w->crew);
    t->commons = c;
    return c != NULL;
}

static void stand_up(struct target *t)
{
    struct worker *w = t->worker;
    struct commons *c = t->commons;
    crew_lock(w->crew);
    commons_lock(c);
    c->seats[w->index] = NULL;
    if (--c->seated == 0) {
        list_remove(&c->node);
        if (c->host)
            host_leave(c->host, &c->share);
    } else {
        commons_call(c, NULL); /* what this one has been at is another's to do */
    }
    commons_unlock(c);
    crew_unlock(w->crew);
    pool_host_call(c->host);
    mailbox_take_back(&w->mailbox, &t->call);
}

/* A seat of ${w} where it has none yet.  NULL: ${err}. */
static struct target *begin(struct worker *w, const struct conf_backend *b, const char *database,
                            struct err *err)
{
    struct target **list = realloc(w->targets, (w->ntargets + 1) * sizeof(struct target *));
    if (list)
        w->targets = list;
    struct target *t = list ? target_new(w, b) : NULL;
    if (!t || !sit_down(t, b, database)) {
        free(t);
        err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
        return NULL;
    }
    const struct commons *c = t->commons;
    t->name = c->name;
    t->database = c->database;
    t->label = c->label;
    t->postgres = c->postgres;
    t->secret = c->secret;
    t->store_dir = c->store_dir;
    w->targets[w->ntargets++] = t;
    if (c->files)
        files_follow(c->files, w->conf);
    pool_open(t);
    target_catch_up(t);
    if (!t->catalog)
        target_refresh(t, NULL);
    pool_want_one(t);
    return t;
}

/* Out of the list, with everything it has; what still holds it keeps its memory. */
static void end(struct worker *w, struct target *t)
{
    for (size_t i = 0; i < w->ntargets; i++)
        if (w->targets[i] == t) {
            w->targets[i] = w->targets[--w->ntargets];
            break;
        }
    t->closing = true;
    pool_close(t);
    channels_close(t);
    stand_up(t);
    target_unref(t);
}

static struct target *seat_of(struct worker *w, const struct conf_backend *b, const char *database)
{
    for (size_t i = 0; i < w->ntargets; i++) {
        struct target *t = w->targets[i];
        if (!t->retired && is_database(t->commons, database) && commons_is_on(t->commons, b))
            return t;
    }
    return NULL;
}

/* -- the configuration -- */

static const struct conf_backend *backend_of(const struct target *t, const struct conf *next)
{
    for (size_t i = 0; i < next->nbackends; i++)
        if (!t->retired && commons_is_on(t->commons, &next->backends[i]))
            return &next->backends[i];
    return NULL;
}

/* Waiters may have more servers at once, and idle ones may be too many. */
static void resize(struct target *t, const struct conf_pool *pool)
{
    struct commons *c = t->commons;
    commons_lock(c);
    c->size = pool->size;
    if (c->host)
        host_resize(c->host, pool->host_size);
    commons_unlock(c);
    mailbox_send(&t->worker->mailbox, &t->call);
}

void targets_follow(struct worker *w, struct conf *next)
{
    for (size_t i = w->ntargets; i > 0; i--) {
        struct target *t = w->targets[i - 1];
        const struct conf_backend *b = backend_of(t, next);
        if (b) {
            if (t->limits.auto_prepare && !b->pool.auto_prepare)
                target_forget_statements(t);
            t->limits = b->pool;
            resize(t, &b->pool);
            if (t->commons->files && !t->database) {
                files_follow(t->commons->files, next);
                if (b->store_files && w->index == 0)
                    target_refresh(t, NULL); /* other tables may be shared now */
            }
            continue;
        }
        t->retired = true;
        if (t->nsessions == 0)
            end(w, t);
    }
}

int targets_apply(struct worker *w, struct conf *next, struct err *err)
{
    size_t had = w->ntargets;
    for (size_t i = 0; i < next->nbackends; i++) {
        if (seat_of(w, &next->backends[i], NULL) || begin(w, &next->backends[i], NULL, err))
            continue;
        while (w->ntargets > had)
            end(w, w->targets[w->ntargets - 1]);
        return -1;
    }
    return 0;
}

void targets_close(struct worker *w)
{
    while (w->ntargets > 0)
        end(w, w->targets[w->ntargets - 1]);
    free(w->targets);
    w->targets = NULL;
}

struct target *target_find(struct worker *w, const char *name, struct err *err)
{
    for (size_t i = 0; i < w->conf->nbackends; i++) {
        const struct conf_backend *b = &w->conf->backends[i];
        if (strcmp(b->name, name) != 0)
            continue;
        struct target *t = seat_of(w, b, NULL);
        return t ? t : begin(w, b, NULL, err);
    }
    err_set(err, SQLSTATE_CONNECTION_FAILURE, "the back end is no longer configured");
    return NULL;
}

/* -- one database each -- */

/* The value of ${keyword}, the last one in ${options}; NULL: none. */
static const char *option(const PQconninfoOption *options, const char *keyword)
{
    for (const PQconninfoOption *o = options; o && o->keyword; o++)
        if (strcmp(o->keyword, keyword) == 0 && o->val && o->val[0])
            return o->val;
    return NULL;
}

/* What libpq connects to when nothing else is asked for: unknown counts as the same. */
static bool is_own_database(const struct conf_backend *b, const char *database)
{
    PQconninfoOption *given = PQconninfoParse(b->postgres, NULL), *usual = PQconndefaults();
    const char *name = option(given, "dbname");
    name = name ? name : option(given, "user");
    name = name ? name : option(usual, "dbname");
    bool same = !given || !name || strcmp(name, database) == 0;
    PQconninfoFree(given);
    PQconninfoFree(usual);
    return same;
}

struct target *target_of_database(struct worker *w, const struct conf_backend *back,
                                  const char *database, struct err *err)
{
    struct target *t = seat_of(w, back, database);
    if (t)
        return t;
    if (back->postgres && is_own_database(back, database)) {
        err_set(err, SQLSTATE_INVALID_AUTHORIZATION,
                "the database \"%s\" is that of the back end", database);
        return NULL;
    }
    return begin(w, back, database, err);
}

void target_end_if_unused(struct target *t)
{
    if (t->database && !t->closing && t->nsessions == 0 && pool_is_empty(t))
        end(t->worker, t);
}

struct target *target_enter(struct target *t)
{
    target_ref(t)->nsessions++;
    return t;
}

void target_leave(struct target *t)
{
    if (!t)
        return;
    t->nsessions--;
    if (t->retired && !t->closing && t->nsessions == 0)
        end(t->worker, t);
    target_unref(t);
}
