#include "daemon/target.h"

#include "daemon/catalog_load.h"
#include "daemon/job.h"
#include "daemon/must.h"
#include "daemon/store/store.h"
#include "daemon/worker.h"
#include "protocol/sqlstate.h"

#include <stdlib.h>
#include <strings.h>

#define TARGET_GAP_MAX_MS   64000 /* of doubling TARGET_GAP_MS */
#define TARGET_VERIFIED_MAX 256   /* then the list is begun anew */

struct load { /* one reading of the catalog */
    struct job job;
    struct target *target; /* one reference */
    char *postgres, *database, *secret, *store_dir;
    struct store *store; /* opened here if it was not yet */
    struct catalog *catalog;
    int result;
    struct err err;
};

static void wake(struct list *waits)
{
    struct list due;
    list_init(&due);
    list_splice(&due, waits);
    struct list *node;
    while ((node = list_shift(&due)) != NULL) {
        struct target_wait *w = list_entry(node, struct target_wait, node);
        w->done(w);
    }
}

static void wake_if_ready(struct target *t)
{
    if (target_is_ready(t))
        wake(&t->readies);
}

static void load_work(struct job *j)
{
    struct load *l = list_entry(j, struct load, job);
    if (l->postgres) {
        l->result =
            catalog_load_postgres(l->postgres, l->database, l->secret, &l->catalog, &l->err);
        return;
    }
    l->result = l->store ? 0 : store_open(l->store_dir, &l->store, &l->err);
    if (l->result == 0)
        l->result = store_read_catalog(l->store, &l->catalog, &l->err);
}

/* Tenants that rely on row security get nothing from such a back end. */
static void warn_of_role(const struct target *t)
{
    const struct conf *c = t->worker->conf;
    const char *role = catalog_bypassing_role(t->catalog);
    bool relied_on = false;
    for (size_t i = 0; i <= c->ntenants; i++) {
        const struct conf_tenant *tenant = i < c->ntenants ? &c->tenants[i] : c->tenant_default;
        relied_on = relied_on || (tenant && isolation_has_rls(tenant->isolation) &&
                                  strcmp(c->backends[tenant->backend].name, t->name) == 0);
    }
    if (role && relied_on && t->version == 1)
        log_error(t->worker->log,
                  "back end \"%s\" is not used for tenants isolated by row security: its role \"%s\" "
                  "passes by it (SUPERUSER or BYPASSRLS)",
                  t->label, role);
}

static void load_took(struct target *t, struct load *l)
{
    catalog_unref(t->catalog);
    t->catalog = l->catalog;
    t->version++;
    if (t->load_failed)
        log_info(t->worker->log, "catalog of back end \"%s\" has been read", t->label);
    t->load_failed = false;
    warn_of_role(t);
}

static void load_failed(struct target *t, const struct load *l)
{
    if (!t->load_failed || !t->catalog)
        log_warning(t->worker->log, "catalog of back end \"%s\" cannot be read: %s", t->label,
                    l->err.message);
    t->load_failed = true;
}

static void load_free(struct load *l)
{
    target_unref(l->target);
    free(l->postgres);
    free(l->database);
    free(l->secret);
    free(l->store_dir);
    free(l);
}

static void load_start(struct target *t);

static void retry_load(uv_timer_t *timer)
{
    struct target *t = timer->data;
    uv_close((uv_handle_t *)timer, (uv_close_cb)free);
    if (!t->closing && !t->catalog)
        load_start(t);
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

static void load_done(struct job *j)
{
    struct load *l = list_entry(j, struct load, job);
    struct target *t = l->target;
    t->loading = false;
    t->loaded_ms = uv_now(&t->worker->loop);
    if (l->store)
        t->store = l->store;
    if (l->result == 0)
        load_took(t, l);
    else
        load_failed(t, l);
    if (t->load_again && !t->closing) { /* who asked meanwhile wants a newer one */
        load_start(t);
    } else {
        wake(&t->refreshes);
        if (!t->catalog)
            load_later(t);
    }
    if (t->store && !t->closing)
        pool_want_one(t);
    wake_if_ready(t);
    load_free(l);
}

static void load_start(struct target *t)
{
    struct err err;
    t->load_again = false;
    struct load *l = calloc(1, sizeof(*l));
    if (l) {
        l->job.work = load_work;
        l->job.done = load_done;
        l->target = target_ref(t);
        l->postgres = t->postgres ? strdup(t->postgres) : NULL;
        l->database = t->database ? strdup(t->database) : NULL;
        l->secret = t->secret ? strdup(t->secret) : NULL;
        l->store_dir = t->store_dir ? strdup(t->store_dir) : NULL;
        l->store = t->store;
        bool ok = (!t->postgres || l->postgres) && (!t->secret || l->secret) &&
                  (!t->database || l->database) && (!t->store_dir || l->store_dir);
        if (ok && job_start(t->worker, &l->job, &err) == 0) {
            t->loading = true;
            return;
        }
        load_free(l);
    }
    log_warning(t->worker->log, "catalog of back end \"%s\" cannot be read: out of memory",
                t->label);
    wake(&t->refreshes);
    if (!t->catalog)
        load_later(t);
}

void target_refresh(struct target *t, struct target_wait *wait)
{
    if (wait)
        list_append(&t->refreshes, &wait->node);
    if (t->loading)
        t->load_again = true;
    else
        load_start(t);
}

bool target_may_refresh(const struct target *t)
{
    return !t->loading && uv_now(&t->worker->loop) - t->loaded_ms >= t->gap_ms;
}

void target_refresh_helped(struct target *t, bool helped)
{
    if (helped)
        t->gap_ms = TARGET_GAP_MS;
    else if (t->gap_ms < TARGET_GAP_MAX_MS)
        t->gap_ms *= 2;
}

void target_wait_leave(struct target_wait *wait)
{
    list_remove(&wait->node);
}

bool target_is_ready(const struct target *t)
{
    return t->catalog && t->nparams > 0;
}

void target_wait_ready(struct target *t, struct target_wait *wait)
{
    list_append(&t->readies, &wait->node);
    pool_want_one(t);
}

uint64_t target_epoch(const struct target *t, const struct conf *conf)
{
    return (conf->epoch & 0xfffff) << 44 | (uint64_t)(t->serial & 0xfffff) << 24 |
           (t->version & 0xffffff);
}

void target_forget_statements(struct target *t)
{
    t->epoch++;
}

const char *target_param(const struct target *t, const char *name)
{
    for (size_t i = 0; i < t->nparams; i++)
        if (strcasecmp(t->params[i].name, name) == 0)
            return t->params[i].value;
    return NULL;
}

int target_set_param(struct target *t, const char *name, const char *value, struct err *err)
{
    char *copy = strdup(value);
    if (!copy)
        return err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
    for (size_t i = 0; i < t->nparams; i++)
        if (strcmp(t->params[i].name, name) == 0) {
            free(t->params[i].value);
            t->params[i].value = copy;
            return 0;
        }
    char *name_copy = strdup(name);
    struct target_param *p = realloc(t->params, (t->nparams + 1) * sizeof(*p));
    if (p)
        t->params = p;
    if (!p || !name_copy) {
        free(copy);
        free(name_copy);
        return err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
    }
    p[t->nparams++] = (struct target_param){.name = name_copy, .value = copy};
    return 0;
}

void target_params_complete(struct target *t)
{
    wake_if_ready(t);
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
    for (size_t i = 0; i < t->nparams; i++) {
        free(t->params[i].name);
        free(t->params[i].value);
    }
    free(t->params);
    catalog_unref(t->catalog);
    if (t->store)
        store_close(t->store);
    free(t->name);
    free(t->database);
    free(t->label);
    free(t->postgres);
    free(t->secret);
    free(t->store_dir);
    fair_release(&t->pool.fair);
    t->magic = 0;
    free(t);
}
