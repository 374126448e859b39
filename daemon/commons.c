#include "daemon/commons.h"

#include "daemon/crew.h"
#include "daemon/files.h"
#include "daemon/must.h"
#include "daemon/store/store.h"
#include "daemon/target.h"
#include "daemon/worker.h"
#include "protocol/sqlstate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void commons_lock(struct commons *c)
{
    if (c->crew->n > 1)
        pthread_mutex_lock(&c->lock);
}

void commons_unlock(struct commons *c)
{
    if (c->crew->n > 1)
        pthread_mutex_unlock(&c->lock);
}

static bool same_text(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

bool commons_is_on(const struct commons *c, const struct conf_backend *b)
{
    return strcmp(c->name, b->name) == 0 && same_text(c->postgres, b->postgres) &&
           same_text(c->secret, b->secret) && same_text(c->store_dir, b->store) &&
           c->store_files == b->store_files;
}

static char *copy(const char *text, bool *failed)
{
    char *made = text ? strdup(text) : NULL;
    if (text && !made)
        *failed = true;
    return made;
}

static char *label(const char *name, const char *what, const char *database, bool *failed)
{
    char *text = NULL;
    if (!database)
        return copy(name, failed);
    if (asprintf(&text, "%s, %s %s", name, what, database) < 0) {
        *failed = true;
        return NULL;
    }
    return text;
}

/* What it shares with ${other}, if that is there. */
static struct host *host_of(const struct crew *crew, const struct conf_backend *b,
                            const struct commons *other, bool *failed)
{
    if (!b->postgres && !b->store_files)
        return NULL;
    struct host *h = other ? host_ref(other->host) : host_new(b->pool.host_size, crew->n > 1);
    if (!h)
        *failed = true;
    return h;
}

static struct files *files_of(const struct crew *crew, const struct conf_backend *b,
                              const struct commons *other, uint32_t serial, bool *failed)
{
    if (!b->store)
        return NULL;
    struct files *f = other ? files_ref(other->files) : files_new(b, crew->log, serial, false);
    if (!f)
        *failed = true;
    return f;
}

struct commons *commons_new(struct crew *crew, const struct conf_backend *b, const char *database,
                            const struct commons *other)
{
    bool failed = false;
    struct commons *c = calloc(1, sizeof(*c));
    if (!c)
        return NULL;
    c->serial = crew->next_serial++; /* never used again: plans are kept by it */
    atomic_init(&c->refs, 1);
    c->crew = crew;
    list_init(&c->node);
    pthread_mutex_init(&c->lock, NULL);
    fair_init(&c->fair, b->pool.size, crew->n);
    c->name = copy(b->name, &failed);
    c->database = copy(database, &failed);
    c->label = label(b->name, b->store ? "tenant" : "database", database, &failed);
    c->postgres = copy(b->postgres, &failed);
    c->secret = copy(b->secret, &failed);
    c->store_dir = copy(b->store, &failed);
    c->store_files = b->store_files;
    c->files = files_of(crew, b, other, c->serial, &failed);
    c->size = b->pool.size;
    host_share_init(&c->share, c);
    c->host = host_of(crew, b, other, &failed);
    c->gap_ms = TARGET_GAP_MS;
    c->seats = calloc(crew->n, sizeof(struct target *));
    if (!failed && c->seats)
        return c;
    commons_unref(c);
    return NULL;
}

struct commons *commons_ref(struct commons *c)
{
    atomic_fetch_add_explicit(&c->refs, 1, memory_order_relaxed);
    return c;
}

void commons_unref(struct commons *c)
{
    if (!c || atomic_fetch_sub_explicit(&c->refs, 1, memory_order_acq_rel) != 1)
        return;
    must(c->seated == 0 && !list_linked(&c->node));
    fair_release(&c->fair);
    host_unref(c->host);
    for (size_t i = 0; i < c->nparams; i++) {
        free(c->params[i].name);
        free(c->params[i].value);
    }
    free(c->params);
    catalog_unref(c->catalog);
    if (c->store && c->database)
        store_close(c->store);
    files_unref(c->files);
    pthread_mutex_destroy(&c->lock);
    free(c->seats);
    free(c->name);
    free(c->database);
    free(c->label);
    free(c->postgres);
    free(c->secret);
    free(c->store_dir);
    free(c);
}

void commons_call(struct commons *c, const struct target *except)
{
    for (size_t i = 0; i < c->crew->n; i++) {
        struct target *t = c->seats[i];
        if (t && t != except)
            mailbox_send(&t->worker->mailbox, &t->call);
    }
}

int commons_set_param(struct commons *c, const char *name, const char *value, struct err *err)
{
    struct commons_param *p = c->params;
    size_t i = 0;
    while (i < c->nparams && strcmp(p[i].name, name) != 0)
        i++;
    if (i < c->nparams && strcmp(p[i].value, value) == 0)
        return 0;
    char *value_copy = strdup(value);
    char *name_copy = i < c->nparams ? p[i].name : strdup(name);
    if (i == c->nparams && (p = realloc(c->params, (i + 1) * sizeof(*p))) != NULL)
        c->params = p;
    if (!p || !name_copy || !value_copy) {
        if (i == c->nparams)
            free(name_copy);
        free(value_copy);
        return err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
    }
    if (i == c->nparams)
        c->params[c->nparams++] = (struct commons_param){0};
    else
        free(p[i].value);
    p[i] = (struct commons_param){.name = name_copy, .value = value_copy};
    return 1;
}
