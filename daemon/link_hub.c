#include "daemon/link_hub.h"

#include "daemon/link.h"
#include "daemon/must.h"
#include "daemon/worker.h"
#include "protocol/sqlstate.h"

#include <stdlib.h>

/* Serving fills queues and flushing resumes readers; beyond this the descriptors get their turn
 * first. */
#define HUB_ROUNDS    4
#define HUB_LINGER_MS 1000

static void hub_round(struct worker *w)
{
    struct list now;
    list_init(&now);
    list_splice(&now, &w->serve_list);
    for (struct list *n; (n = list_shift(&now));)
        link_serve(list_entry(n, struct link, serve_node));
    list_splice(&now, &w->flush_list);
    for (struct list *n; (n = list_shift(&now));)
        link_flush(list_entry(n, struct link, flush_node));
}

static void hub_idle(uv_idle_t *handle)
{
    (void)handle; /* its being active keeps the loop from waiting; the work is done in hub_turn */
}

static void hub_turn(uv_prepare_t *handle)
{
    struct worker *w = handle->data;
    for (int i = 0; i < HUB_ROUNDS; i++) {
        if (list_empty(&w->serve_list) && list_empty(&w->flush_list)) {
            uv_idle_stop(&w->again);
            return;
        }
        hub_round(w);
    }
    uv_idle_start(&w->again, hub_idle);
}

static void hub_expire(uv_timer_t *timer)
{
    struct worker *w = timer->data;
    uint64_t now = uv_now(&w->loop);
    for (struct list *n; (n = list_first(&w->linger_list));) {
        struct link *l = list_entry(n, struct link, serve_node);
        if (l->linger_until_ms > now) {
            uv_timer_start(timer, hub_expire, l->linger_until_ms - now, 0);
            return;
        }
        link_close(l, NULL);
    }
}

void link_hub_linger(struct link *l)
{
    struct worker *w = l->worker;
    l->linger_until_ms = uv_now(&w->loop) + HUB_LINGER_MS;
    list_append(&w->linger_list, &l->serve_node); /* one period for all, so the list is in order */
    if (!uv_is_active((uv_handle_t *)&w->linger_timer))
        uv_timer_start(&w->linger_timer, hub_expire, HUB_LINGER_MS, 0);
}

int link_hub_open(struct worker *w, struct err *err)
{
    w->scratch = malloc(WORKER_SCRATCH_BYTES);
    if (!w->scratch)
        return err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
    list_init(&w->flush_list);
    list_init(&w->serve_list);
    list_init(&w->linger_list);
    /* these three cannot fail: they only fill in the handle */
    uv_prepare_init(&w->loop, &w->flush);
    uv_idle_init(&w->loop, &w->again);
    uv_timer_init(&w->loop, &w->linger_timer);
    w->flush.data = w;
    w->linger_timer.data = w;
    uv_prepare_start(&w->flush, hub_turn);
    /* the loop lives as long as its links, not as long as their hub */
    uv_unref((uv_handle_t *)&w->flush);
    uv_unref((uv_handle_t *)&w->linger_timer);
    return 0;
}

void link_hub_close(struct worker *w)
{
    must(list_empty(&w->linger_list));
    uv_close((uv_handle_t *)&w->flush, NULL);
    uv_close((uv_handle_t *)&w->again, NULL);
    uv_close((uv_handle_t *)&w->linger_timer, NULL);
}

void link_hub_free(struct worker *w)
{
    free(w->scratch);
    w->scratch = NULL;
}
