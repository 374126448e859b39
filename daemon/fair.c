#include "daemon/fair.h"

#include "daemon/must.h"
#include "protocol/sqlstate.h"

#include <stdlib.h>

/* Out of memory must be an error of the one who waits, not the end of the process. */
#define HASH_NONFATAL_OOM 1
#include <uthash.h>

struct fair_queue {
    UT_hash_handle hh;
    struct list turn;    /* in fair->turn, always */
    struct list waiters; /* never empty */
    size_t name_len;
    char name[];
};

void fair_init(struct fair *f)
{
    *f = (struct fair){0};
    list_init(&f->turn);
}

void fair_release(struct fair *f)
{
    must(f->len == 0 && f->queues == NULL);
}

void fair_waiter_init(struct fair_waiter *w)
{
    list_init(&w->node);
    w->queue = NULL;
}

static struct fair_queue *queue_new(struct fair *f, struct slice tenant)
{
    struct fair_queue *q = calloc(1, sizeof(*q) + tenant.len + 1);
    if (!q)
        return NULL;
    list_init(&q->turn);
    list_init(&q->waiters);
    q->name_len = tenant.len;
    if (tenant.len > 0)
        memcpy(q->name, tenant.data, tenant.len);
    HASH_ADD(hh, f->queues, name[0], q->name_len, q);
    if (!q->hh.tbl) {
        free(q);
        return NULL;
    }
    list_append(&f->turn, &q->turn);
    return q;
}

static void queue_free(struct fair *f, struct fair_queue *q)
{
    HASH_DELETE(hh, f->queues, q);
    list_remove(&q->turn);
    free(q);
}

int fair_push(struct fair *f, struct slice tenant, struct fair_waiter *w, struct err *err)
{
    must(w->queue == NULL);
    struct fair_queue *q = NULL;
    const char *name = tenant.len > 0 ? tenant.data : "";
    HASH_FIND(hh, f->queues, name, tenant.len, q);
    if (!q)
        q = queue_new(f, tenant);
    if (!q)
        return err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
    list_append(&q->waiters, &w->node);
    w->queue = q;
    f->len++;
    return 0;
}

void fair_remove(struct fair *f, struct fair_waiter *w)
{
    struct fair_queue *q = w->queue;
    if (!q)
        return;
    list_remove(&w->node);
    w->queue = NULL;
    f->len--;
    if (list_empty(&q->waiters))
        queue_free(f, q);
}

struct fair_waiter *fair_pop(struct fair *f)
{
    struct list *first = list_shift(&f->turn);
    if (!first)
        return NULL;
    struct fair_queue *q = list_entry(first, struct fair_queue, turn);
    list_append(&f->turn, &q->turn); /* its next waiter comes after everybody else's */
    struct fair_waiter *w = list_entry(list_first(&q->waiters), struct fair_waiter, node);
    fair_remove(f, w);
    return w;
}
