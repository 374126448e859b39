#include "daemon/target.h"

#include "daemon/catalog_load.h"
#include "daemon/crew.h"
#include "daemon/files.h"
#include "daemon/job.h"
#include "daemon/must.h"
#include "daemon/store/store.h"
#include "daemon/worker.h"
#include "protocol/sqlstate.h"

#include <stdlib.h>
#include <string.h>

#define TARGET_GAP_MAX_MS   64000 /* of doubling TARGET_GAP_MS */
#define TARGET_VERIFIED_MAX 256   /* then the list is begun anew */
#define TARGET_DAMAGED_MS   60000 /* between looks at a damaged store, which are long */

struct load { /* one reading of the catalog */
    struct job job;
    struct target *target; /* one reference */
    struct commons *commons;
    struct store *store; /* opened here if it was not yet */
    bool read;           /* its catalog has been, which is that of all files */
    struct catalog *catalog;
    int result;
    struct err err;
};

/* Those of ${waits} whose time has come; each may do anything. */
static void wake(struct list *waits, uint64_t loads)
{
    struct list due;
    list_init(&due);
    list_foreach (node, waits) {
        if (list_entry(node, struct target_wait, node)->load > loads)
            continue;
        list_remove(node);
        list_append(&due, node);
    }
    for (struct list *node; (node = list_shift(&due)) != NULL;) {
        struct target_wait *w = list_entry(node, struct target_wait, node);
        w->done(w);
    }
}

static void wake_all(struct target *t)
{
    struct commons *c = t->commons;
    commons_lock(c);
    uint64_t loads = c->loads;
    commons_unlock(c);
    wake(&t->refreshes, loads);
    struct err ignored;
    if (target_is_ready(t) || target_is_broken(t, &ignored))
        wake(&t->readies, UINT64_MAX);
}

void target_catch_up(struct target *t)
{
    struct commons *c = t->commons;
    if (atomic_load_explicit(&c->news, memory_order_acquire) == t->news)
        return;
    commons_lock(c);
    catalog_unref(t->catalog);
    t->catalog = c->catalog ? catalog_ref(c->catalog) : NULL;
    t->version = c->version;
    t->has_params = c->nparams > 0;
    t->news = atomic_load_explicit(&c->news, memory_order_relaxed);
    commons_unlock(c);
}

/* Under the lock. */
static void publish(struct target *t)
{
    atomic_fetch_add_explicit(&t->commons->news, 1, memory_order_release);
    commons_call(t->commons, t);
}

static void load_store(struct load *l, struct files *f, const char *tenant)
{
    struct store *own;
    uint64_t version;
    l->result = files_open(f, NULL, &own, &l->err);
    if (l->result == 0 && (!tenant || l->store || !(l->catalog = files_catalog(f, &version)))) {
        l->result = files_read_catalog(f, &l->err);
        l->read = l->result == 0;
    }
    catalog_unref(l->catalog);
    l->catalog = NULL;
    if (l->result == 0 && !l->store)
        l->result = tenant ? files_open(f, tenant, &l->store, &l->err) : 0;
    if (l->result == 0 && !tenant)
        l->store = own;
}

static void load_work(struct job *j)
{
    struct load *l = list_entry(j, struct load, job);
    const struct commons *c = l->commons;
    if (c->postgres) {
        l->result =
            catalog_load_postgres(c->postgres, c->database, c->secret, &l->catalog, &l->err);
        return;
    }
    load_store(l, c->files, c->database);
}

/* Tenants that rely on row security get nothing from such a back end. */
static void warn_of_role(const struct target *t)
{
    const char *role = catalog_bypassing_role(t->catalog);
    if (role && t->version == 1 && conf_relies_on_rls(t->worker->conf, t->name))
        log_error(t->worker->log,
                  "back end \"%s\" is not used for tenants isolated by row security: its role \"%s\" "
                  "passes by it (SUPERUSER or BYPASSRLS)",
                  t->label, role);
}

/* Of a store they are known before there is a connection.  Under the lock. */
static void set_params(struct commons *c)
{
    struct err ignored; /* a connection sets them, too */
    for (const char *const *p = store_parameters; p[0]; p += 2)
        if (commons_set_param(c, p[0], p[1], &ignored) < 0)
            return;
}

static void load_took(struct target *t, struct load *l)
{
    struct commons *c = t->commons;
    catalog_unref(c->catalog);
    if (c->files) {
        c->catalog = files_catalog(c->files, &c->version);
        set_params(c);
    } else {
        c->catalog = l->catalog;
        c->version++;
    }
    if (c->load_failed)
        log_info(t->worker->log, "catalog of back end \"%s\" has been read", t->label);
    c->load_failed = false;
}

static void load_failed(struct target *t, const struct load *l)
{
    struct commons *c = t->commons;
    if (!c->load_failed || strcmp(c->load_err.message, l->err.message) != 0)
        log_warning(t->worker->log, "catalog of back end \"%s\" cannot be read: %s", t->label,
                    l->err.message);
    c->load_failed = true;
    c->load_err = l->err;
}

bool target_is_broken(const struct target *t, struct err *ret)
{
    struct commons *c = t->commons;
    commons_lock(c);
    bool broken = c->files && !c->catalog && c->load_failed;
    if (broken)
        *ret = c->load_err;
    commons_unlock(c);
    return broken;
}

static void load_start(struct target *t);
static void load_later(struct target *t);

/* A damaged store was looked at a short while ago: that takes long, and it does not mend itself. */
static bool is_damaged(const struct target *t)
{
    struct commons *c = t->commons;
    commons_lock(c);
    bool damaged = c->load_failed && strcmp(c->load_err.sqlstate, "XX001") == 0 &&
                   uv_now(&t->worker->loop) < c->loaded_ms + TARGET_DAMAGED_MS;
    commons_unlock(c);
    return damaged;
}

static void retry_load(uv_timer_t *timer)
{
    struct target *t = timer->data;
    uv_close((uv_handle_t *)timer, (uv_close_cb)free);
    target_catch_up(t);
    if (!t->catalog && !is_damaged(t))
        target_refresh(t, NULL);
    else if (!t->catalog)
        load_later(t);
    target_unref(t);
}

/* Without a catalog nothing can be served: try again by itself. */
static void load_later(struct target *t)
{
    uv_timer_t *timer = t->closing ? NULL : malloc(sizeof(*timer));
    if (!timer)
        return;
    uv_timer_init(&t->worker->loop, timer);
    timer->data = target_ref(t);
    uv_timer_start(timer, retry_load, TARGET_GAP_MS, 0); /* a loop that ends waits for it */
}

/* Is another reading asked for, and nobody at it?  Then it is ours to do.  Under the lock. */
static bool take_turn(struct target *t)
{
    struct commons *c = t->commons;
    if (t->closing || c->loading || c->loads_wanted <= c->loads)
        return false;
    c->loading = true;
    return true;
}

/* What the owner has changed is so in every tenant's file. */
static void spread(struct target *t)
{
    struct crew *crew = t->worker->crew;
    crew_lock(crew);
    list_foreach (node, &crew->commons) {
        struct commons *c = list_entry(node, struct commons, node);
        if (c == t->commons || c->files != t->commons->files)
            continue;
        commons_lock(c);
        if (c->catalog) {
            catalog_unref(c->catalog);
            c->catalog = files_catalog(c->files, &c->version);
            atomic_fetch_add_explicit(&c->epoch, 1, memory_order_release);
            atomic_fetch_add_explicit(&c->news, 1, memory_order_release);
            commons_call(c, NULL);
        }
        commons_unlock(c);
    }
    crew_unlock(crew);
}

static void load_ended(struct target *t, struct load *l)
{
    struct commons *c = t->commons;
    commons_lock(c);
    c->loading = false;
    c->loads++;
    c->loaded_ms = uv_now(&t->worker->loop);
    if (l->store)
        c->store = l->store;
    if (l->result == 0)
        load_took(t, l);
    else
        load_failed(t, l);
    bool again = take_turn(t); /* who asked meanwhile wants a newer one */
    publish(t);
    commons_unlock(c);
    if (l->read && !t->database)
        spread(t);
    target_catch_up(t);
    if (again)
        load_start(t);
}

static void load_done(struct job *j)
{
    struct load *l = list_entry(j, struct load, job);
    struct target *t = l->target;
    load_ended(t, l);
    if (l->result == 0)
        warn_of_role(t);
    else if (!t->catalog)
        load_later(t);
    if (t->store_dir && l->store && !t->closing && !t->database)
        pool_want_one(t);
    wake_all(t);
    free(l);
    target_unref(t);
}

/* ${t} has taken its turn. */
static void load_start(struct target *t)
{
    struct err err;
    struct commons *c = t->commons;
    struct load *l = calloc(1, sizeof(*l));
    if (l) {
        l->job = (struct job){.work = load_work, .done = load_done};
        l->commons = c;
        l->target = target_ref(t); /* which holds the commons */
        l->store = target_store(t);
        if (job_start(t->worker, &l->job, &err) == 0)
            return;
        target_unref(t);
        free(l);
    }
    log_warning(t->worker->log, "catalog of back end \"%s\" cannot be read: out of memory",
                t->label);
    commons_lock(c);
    c->loading = false;
    c->loads = c->loads_wanted; /* nobody waits for it */
    publish(t);
    commons_unlock(c);
    if (!t->catalog)
        load_later(t);
    wake_all(t);
}

void target_refresh(struct target *t, struct target_wait *wait)
{
    struct commons *c = t->commons;
    commons_lock(c);
    c->loads_wanted = c->loads + (c->loading ? 2 : 1); /* one that begins after now */
    if (wait) {
        wait->load = c->loads_wanted;
        list_append(&t->refreshes, &wait->node);
    }
    bool mine = take_turn(t);
    if (t->closing)
        commons_call(c, t);
    commons_unlock(c);
    if (mine)
        load_start(t);
}

void target_look(struct target *t)
{
    struct commons *c = t->commons;
    target_ref(t);
    target_catch_up(t);
    commons_lock(c);
    bool mine = take_turn(t);
    commons_unlock(c);
    if (mine)
        load_start(t);
    wake_all(t);
    pool_look(t);
    target_unref(t);
}

bool target_may_refresh(const struct target *t)
{
    struct commons *c = t->commons;
    commons_lock(c);
    uint64_t due = c->loaded_ms + c->gap_ms;
    bool may = !c->loading && uv_now(&t->worker->loop) >= due;
    commons_unlock(c);
    return may;
}

void target_refresh_helped(struct target *t, bool helped)
{
    struct commons *c = t->commons;
    commons_lock(c);
    if (helped)
        c->gap_ms = TARGET_GAP_MS;
    else if (c->gap_ms < TARGET_GAP_MAX_MS)
        c->gap_ms *= 2;
    commons_unlock(c);
}

void target_wait_leave(struct target_wait *wait)
{
    list_remove(&wait->node);
}

struct store *target_store(const struct target *t)
{
    struct commons *c = t->commons;
    commons_lock(c);
    struct store *store = c->store;
    commons_unlock(c);
    return store;
}

bool target_is_ready(const struct target *t)
{
    return t->catalog && t->has_params;
}

void target_wait_ready(struct target *t, struct target_wait *wait)
{
    wait->load = 0;
    list_append(&t->readies, &wait->node);
    pool_want_one(t);
}

uint64_t target_epoch(const struct target *t, const struct conf *conf)
{
    const struct commons *c = t->commons;
    uint32_t serial = c->files ? files_serial(c->files) : c->serial;
    return (conf->epoch & 0xfffff) << 44 | (uint64_t)(serial & 0xfffff) << 24 |
           (t->version & 0xffffff);
}

void target_forget_statements(struct target *t)
{
    atomic_fetch_add_explicit(&t->commons->epoch, 1, memory_order_release);
}

uint64_t target_statements_epoch(const struct target *t)
{
    return atomic_load_explicit(&t->commons->epoch, memory_order_acquire);
}

void target_params(const struct target *t,
                   void (*tell)(void *arg, const char *name, const char *value), void *arg)
{
    struct commons *c = t->commons;
    commons_lock(c);
    for (size_t i = 0; i < c->nparams; i++)
        tell(arg, c->params[i].name, c->params[i].value);
    commons_unlock(c);
}

int target_set_param(struct target *t, const char *name, const char *value, struct err *err)
{
    struct commons *c = t->commons;
    commons_lock(c);
    int r = commons_set_param(c, name, value, err);
    if (r > 0)
        publish(t);
    commons_unlock(c);
    return r < 0 ? -1 : 0;
}

void target_params_complete(struct target *t)
{
    target_catch_up(t);
    wake_all(t);
}

const char *target_verified_get(const struct target *t, const char *name, const char *value)
{
    for (size_t i = 0; i < t->nverified; i++)
        if (strcmp(t->verified[i].name, name) == 0 && strcmp(t->verified[i].value, value) == 0)
            return t->verified[i].shown;
    return NULL;
}

static void verified_clear(struct target *t)
{
    for (size_t i = 0; i < t->nverified; i++)
        free(t->verified[i].name);
    t->nverified = 0;
}

void target_verified_put(struct target *t, const char *name, const char *value, const char *shown)
{
    if (target_verified_get(t, name, value))
        return;
    if (!t->verified)
        t->verified = calloc(TARGET_VERIFIED_MAX, sizeof(*t->verified));
    if (t->nverified == TARGET_VERIFIED_MAX)
        verified_clear(t);
    size_t n = strlen(name) + 1, v = strlen(value) + 1, s = strlen(shown) + 1;
    char *text = t->verified ? malloc(n + v + s) : NULL;
    if (!text)
        return; /* it will be asked again */
    memcpy(text, name, n);
    memcpy(text + n, value, v);
    memcpy(text + n + v, shown, s);
    t->verified[t->nverified++] =
        (struct target_verified){.name = text, .value = text + n, .shown = text + n + v};
}

struct target *target_ref(struct target *t)
{
    must(t->magic == TARGET_MAGIC);
    t->refs++;
    return t;
}

void target_unref(struct target *t)
{
    if (!t)
        return;
    must(t->magic == TARGET_MAGIC && t->refs > 0);
    if (--t->refs > 0)
        return;
    verified_clear(t);
    free(t->verified);
    catalog_unref(t->catalog);
    commons_unref(t->commons);
    t->magic = 0;
    free(t);
}
