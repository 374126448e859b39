/* The worker's list of targets: what the configuration names, and what is still in use. */
#include "daemon/channels.h"
#include "daemon/job.h"
#include "daemon/target.h"
#include "daemon/worker.h"
#include "protocol/sqlstate.h"

#include <libpq-fe.h>
#include <stdlib.h>

static bool same_text(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

/* Is it one of the back end's, as that is now? */
static bool is_on(const struct target *t, const struct conf_backend *b)
{
    return !t->retired && strcmp(t->name, b->name) == 0 && same_text(t->postgres, b->postgres) &&
           same_text(t->secret, b->secret) && same_text(t->store_dir, b->store);
}

static bool is_for(const struct target *t, const struct conf_backend *b)
{
    return !t->database && is_on(t, b);
}

static char *copy(const char *text, bool *failed)
{
    char *c = text ? strdup(text) : NULL;
    if (text && !c)
        *failed = true;
    return c;
}

static char *label(const char *name, const char *database, bool *failed)
{
    char *text = NULL;
    if (!database)
        return copy(name, failed);
    if (asprintf(&text, "%s, database %s", name, database) < 0) {
        *failed = true;
        return NULL;
    }
    return text;
}

static struct target *target_new(struct worker *w, const struct conf_backend *b,
                                 const char *database, struct err *err)
{
    bool failed = false;
    struct target *t = calloc(1, sizeof(*t));
    if (!t) {
        err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
        return NULL;
    }
    t->magic = TARGET_MAGIC;
    t->refs = 1;
    t->worker = w;
    t->name = copy(b->name, &failed);
    t->database = copy(database, &failed);
    t->label = label(b->name, database, &failed);
    t->postgres = copy(b->postgres, &failed);
    t->secret = copy(b->secret, &failed);
    t->store_dir = copy(b->store, &failed);
    t->limits = b->pool;
    t->gap_ms = TARGET_GAP_MS;
    list_init(&t->refreshes);
    list_init(&t->readies);
    fair_init(&t->pool.fair, b->pool.size);
    if (failed) {
        err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
        target_unref(t);
        return NULL;
    }
    return t;
}

static void begin(struct worker *w, struct target *t)
{
    t->serial = w->next_target++; /* never used again: plans are kept by it */
    pool_open(t);
    target_refresh(t, NULL);
    pool_want_one(t);
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
    target_unref(t);
}

static struct target *find_for(struct worker *w, const struct conf_backend *b)
{
    for (size_t i = 0; i < w->ntargets; i++)
        if (is_for(w->targets[i], b))
            return w->targets[i];
    return NULL;
}

static bool is_named(const struct target *t, const struct conf *next)
{
    for (size_t i = 0; i < next->nbackends; i++)
        if (is_on(t, &next->backends[i]))
            return true;
    return false;
}

static void retire_unnamed(struct worker *w, const struct conf *next)
{
    for (size_t i = w->ntargets; i > 0; i--) {
        struct target *t = w->targets[i - 1];
        if (is_named(t, next))
            continue;
        t->retired = true;
        if (t->nsessions == 0)
            end(w, t);
    }
}

int targets_apply(struct worker *w, struct conf *next, struct err *err)
{
    size_t max = w->ntargets + next->nbackends;
    struct target **list = realloc(w->targets, (max > 0 ? max : 1) * sizeof(struct target *));
    struct target **made =
        calloc(next->nbackends > 0 ? next->nbackends : 1, sizeof(struct target *));
    size_t nmade = 0;
    if (list)
        w->targets = list;
    if (!list || !made) {
        free(made);
        return err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
    }
    for (size_t i = 0; i < next->nbackends; i++) {
        if (find_for(w, &next->backends[i]))
            continue;
        struct target *t = target_new(w, &next->backends[i], NULL, err);
        if (!t)
            goto fail_new;
        made[nmade++] = t;
    }
    for (size_t i = 0; i < next->nbackends; i++) {
        for (size_t k = 0; k < w->ntargets; k++)
            if (is_on(w->targets[k], &next->backends[i]))
                w->targets[k]->limits = next->backends[i].pool;
    }
    retire_unnamed(w, next);
    for (size_t i = 0; i < nmade; i++) {
        begin(w, made[i]);
        w->targets[w->ntargets++] = made[i];
    }
    free(made);
    return 0;
fail_new:
    while (nmade > 0)
        target_unref(made[--nmade]);
    free(made);
    return -1;
}

void targets_close(struct worker *w)
{
    while (w->ntargets > 0)
        end(w, w->targets[w->ntargets - 1]);
    free(w->targets);
    w->targets = NULL;
}

struct target *target_find(struct worker *w, const char *name)
{
    for (size_t i = 0; i < w->ntargets; i++)
        if (!w->targets[i]->retired && !w->targets[i]->database &&
            strcmp(w->targets[i]->name, name) == 0)
            return w->targets[i];
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

static struct target *find_database(struct worker *w, const struct conf_backend *b,
                                    const char *database)
{
    for (size_t i = 0; i < w->ntargets; i++)
        if (w->targets[i]->database && strcmp(w->targets[i]->database, database) == 0 &&
            is_on(w->targets[i], b))
            return w->targets[i];
    return NULL;
}

struct target *target_of_database(struct worker *w, const struct conf_backend *back,
                                  const char *database, struct err *err)
{
    struct target *t = find_database(w, back, database);
    if (t)
        return t;
    if (is_own_database(back, database)) {
        err_set(err, SQLSTATE_INVALID_AUTHORIZATION,
                "the database \"%s\" is that of the back end", database);
        return NULL;
    }
    struct target **list = realloc(w->targets, (w->ntargets + 1) * sizeof(struct target *));
    if (!list) {
        err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
        return NULL;
    }
    w->targets = list;
    t = target_new(w, back, database, err);
    if (!t)
        return NULL;
    begin(w, t);
    w->targets[w->ntargets++] = t;
    return t;
}

void target_end_if_unused(struct target *t)
{
    if (t->database && !t->closing && t->nsessions == 0 && t->pool.nservers == 0 && !t->loading)
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
