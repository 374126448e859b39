#include "daemon/files.h"

#include "daemon/log.h"
#include "daemon/store/store.h"
#include "protocol/sqlstate.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

struct files {
    atomic_uint refs;
    char *directory;
    bool apart, normal, guest;
    uint32_t serial;
    struct daemon_log *log;
    pthread_mutex_t opening; /* held while the directory and the owner's file are opened, or the catalog is read */
    struct store_home *home;
    struct store *store; /* of the owner, or of all */
    pthread_mutex_t lock; /* guards what follows; no other is taken with it */
    struct conf *conf;    /* one reference; NULL: not told yet */
    struct catalog *catalog;
    uint64_t version;
};

struct files *files_new(const struct conf_backend *b, struct daemon_log *log, uint32_t serial, bool guest)
{
    struct files *f = calloc(1, sizeof *f);
    char *directory = strdup(b->store);
    if (!f || !directory) {
        free(f);
        free(directory);
        return NULL;
    }
    atomic_init(&f->refs, 1);
    f->directory = directory;
    f->apart = b->store_files;
    f->normal = b->store_normal;
    f->guest = guest;
    f->serial = serial;
    f->log = log;
    pthread_mutex_init(&f->opening, NULL);
    pthread_mutex_init(&f->lock, NULL);
    return f;
}

struct files *files_ref(struct files *f)
{
    atomic_fetch_add_explicit(&f->refs, 1, memory_order_relaxed);
    return f;
}

void files_unref(struct files *f)
{
    if (!f || atomic_fetch_sub_explicit(&f->refs, 1, memory_order_acq_rel) != 1)
        return;
    if (f->store)
        store_close(f->store);
    store_home_close(f->home);
    catalog_unref(f->catalog);
    if (f->conf)
        conf_unref(f->conf);
    pthread_mutex_destroy(&f->opening);
    pthread_mutex_destroy(&f->lock);
    free(f->directory);
    free(f);
}

uint32_t files_serial(const struct files *f)
{
    return f->serial;
}

/* -- what the store asks -- */

static void tell(void *arg, const char *text)
{
    const struct files *f = arg;
    log_warning(f->log, "store: %s", text);
}

static bool has_column(struct store_columns columns, const char *name)
{
    for (size_t i = 0; i < columns.n; i++)
        if (strcmp(columns.names[i], name) == 0)
            return true;
    return false;
}

static enum store_kind kind_by(const struct rules *r, const char *schema, const char *table,
                               struct store_columns columns)
{
    const struct rule_table *rule = rules_find(r, schema, table);
    switch (rule ? rule->kind : RULE_UNLISTED) {
    case RULE_SHARED:
        return STORE_KIND_SHARED;
    case RULE_SCOPED:
    case RULE_THROUGH:
        return STORE_KIND_TENANT;
    case RULE_DENIED:
        return STORE_KIND_OWNER;
    case RULE_UNLISTED:
        break;
    }
    return r->unlisted_scoped && has_column(columns, r->tenant_column) ? STORE_KIND_TENANT
                                                                       : STORE_KIND_OWNER;
}

static enum store_kind kind(void *arg, const char *schema, const char *table,
                            struct store_columns columns)
{
    struct files *f = arg;
    pthread_mutex_lock(&f->lock);
    struct conf *conf = f->conf ? conf_ref(f->conf) : NULL;
    pthread_mutex_unlock(&f->lock);
    if (!conf)
        return STORE_KIND_TENANT; /* the one that allows least */
    enum store_kind found = kind_by(&conf->rules, schema, table, columns);
    conf_unref(conf);
    return found;
}

void files_follow(struct files *f, struct conf *conf)
{
    pthread_mutex_lock(&f->lock);
    struct conf *old = f->conf;
    bool newer = !old || old->epoch < conf->epoch; /* a worker may be late */
    f->conf = newer ? conf_ref(conf) : old;
    old = newer ? old : NULL;
    pthread_mutex_unlock(&f->lock);
    if (old)
        conf_unref(old);
}

/* -- opening -- */

/* Under the lock of opening. */
static int open_own(struct files *f, struct err *err)
{
    struct store_options o = {.directory = f->directory,
                              .normal = f->normal,
                              .files = f->apart,
                              .guest = f->guest,
                              .tell = tell,
                              .kind = kind,
                              .arg = f};
    if (!f->home && store_home_open(&o, &f->home, err) < 0)
        return -1;
    return f->store ? 0 : store_open(f->home, NULL, &f->store, err);
}

int files_open(struct files *f, const char *tenant, struct store **ret, struct err *err)
{
    pthread_mutex_lock(&f->opening);
    int rc = open_own(f, err);
    pthread_mutex_unlock(&f->opening);
    if (rc < 0)
        return -1;
    if (tenant)
        return store_open(f->home, tenant, ret, err);
    *ret = f->store;
    return 0;
}

int files_read_catalog(struct files *f, struct err *err)
{
    struct catalog *fresh, *old = NULL;
    pthread_mutex_lock(&f->opening); /* so the one that is read last is the newest */
    int rc = f->apart ? store_note_kinds(f->store, err) : 0;
    if (rc == 0)
        rc = store_read_catalog(f->store, &fresh, err);
    if (rc == 0) {
        pthread_mutex_lock(&f->lock);
        old = f->catalog;
        f->catalog = fresh;
        f->version++;
        pthread_mutex_unlock(&f->lock);
    }
    pthread_mutex_unlock(&f->opening);
    catalog_unref(old);
    return rc;
}

struct catalog *files_catalog(struct files *f, uint64_t *ret_version)
{
    pthread_mutex_lock(&f->lock);
    struct catalog *c = f->catalog ? catalog_ref(f->catalog) : NULL;
    *ret_version = f->version;
    pthread_mutex_unlock(&f->lock);
    return c;
}
