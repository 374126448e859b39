#include "daemon/reload.h"

#include "daemon/crew.h"
#include "daemon/handshakes.h"
#include "daemon/job.h"
#include "daemon/listener.h"
#include "daemon/notify.h"
#include "daemon/target.h"
#include "daemon/tls.h"
#include "daemon/worker.h"

#include <stdlib.h>
#include <string.h>

struct reload {
    struct job job;
    struct worker *worker;
    struct conf *old; /* one reference: its path is read by the helper */
    struct conf *next;
    struct conf_errors errors;
    SSL_CTX *tls;
    struct listen_plan plan;
    bool failed; /* `err` says why */
    struct err err;
};

static void reload_free(struct reload *r)
{
    conf_errors_release(&r->errors);
    conf_unref(r->old);
    if (r->next)
        conf_unref(r->next);
    SSL_CTX_free(r->tls);
    listen_plan_release(&r->plan);
    free(r);
}

/* On a helper thread: everything that may block. */
static void reload_work(struct job *j)
{
    struct reload *r = list_entry(j, struct reload, job);
    r->next = conf_load(r->old->path, &r->errors);
    if (!r->next)
        return;
    r->failed = tls_context_new(r->next, &r->tls, &r->err) != 0 ||
                listen_plan_make(r->next, &r->plan, &r->err) != 0;
}

static bool is_same_store(const struct conf_backend *a, const struct conf_backend *b)
{
    return a->store && b->store && strcmp(a->name, b->name) == 0 && strcmp(a->store, b->store) == 0 &&
           a->store_files == b->store_files;
}

/* What is not reloaded (see conf/schema.c) is said. */
static void reload_tell(const struct worker *w, const struct conf *next)
{
    for (size_t i = 0; i < next->nbackends; i++)
        for (size_t k = 0; k < w->conf->nbackends; k++)
            if (is_same_store(&next->backends[i], &w->conf->backends[k]) &&
                next->backends[i].store_normal != w->conf->backends[k].store_normal)
                log_warning(w->log, "a change of synchronous takes effect at the next start");
    if (next->workers != w->conf->workers)
        log_warning(w->log, "a change of workers takes effect at the next start");
}

/* Everything or nothing: the steps that can fail come before those that cannot. */
static int reload_apply(struct worker *w, struct reload *r)
{
    if (r->failed || listeners_prepare(w, &r->plan, &r->err) != 0)
        return -1;
    if (targets_apply(w, r->next, &r->err) != 0) {
        listeners_abandon(w);
        return -1;
    }
    listeners_commit(w);
    reload_tell(w, r->next);
    worker_adopt(w, r->next, r->tls);
    log_configure(w->log, (enum log_level)w->conf->log.level, w->conf->log.json);
    handshakes_limit(w->crew->handshakes, r->next->clients.handshakes);
    crew_publish(w->crew, r->next, r->tls);
    return 0;
}

static void reload_end(struct worker *w)
{
    reload_abandon(w);
    notify_ready();
    if (w->reload_again)
        reload_start(w);
}

void reload_published(struct worker *w)
{
    log_info(w->log, "configuration \"%s\" reloaded", w->conf->path);
    reload_end(w);
}

void reload_abandon(struct worker *w)
{
    struct reload *r = w->reload;
    w->reload = NULL;
    if (r)
        reload_free(r);
}

static void reload_done(struct job *j)
{
    struct reload *r = list_entry(j, struct reload, job);
    struct worker *w = r->worker;
    if (w->draining) {
        reload_abandon(w);
        return;
    }
    for (size_t i = 0; i < r->errors.n; i++)
        log_error(w->log, "%s", r->errors.lines[i]);
    if (r->next && reload_apply(w, r) == 0)
        return; /* goes on in reload_published */
    log_error(w->log, "reload failed, the configuration is unchanged%s%s", r->next ? ": " : "",
              r->next ? r->err.message : "");
    reload_end(w);
}

void reload_start(struct worker *w)
{
    struct err err;
    if (w->draining)
        return;
    w->reload_again = w->reload != NULL;
    if (w->reload)
        return;
    struct reload *r = calloc(1, sizeof *r);
    if (!r) {
        log_error(w->log, "reload failed: out of memory");
        return;
    }
    r->worker = w;
    r->old = conf_ref(w->conf);
    r->job = (struct job){.work = reload_work, .done = reload_done};
    notify_reloading();
    if (job_start(w, &r->job, &err) != 0) {
        log_error(w->log, "reload failed: %s", err.message);
        reload_free(r);
        notify_ready();
        return;
    }
    w->reload = r;
}
