#include "daemon/quota.h"

#include "daemon/list.h"
#include "daemon/must.h"
#include "protocol/sqlstate.h"

#include <pthread.h>
#include <stdlib.h>

/* Out of memory must be an error of the one who comes, not the end of the process. */
#define HASH_NONFATAL_OOM 1
#include <uthash.h>

#define QUOTA_BURST_NS UINT64_C(100000000)

struct quota {
    UT_hash_handle hh;
    struct list node; /* in quotas->left while it has no clients */
    uint32_t clients;
    uint64_t due_ns; /* of the next statement */
    size_t name_len;
    char name[];
};

struct quotas {
    pthread_mutex_t lock;
    struct quota *all; /* by tenant */
    struct list left;  /* those without clients */
    uint64_t now_us;
};

struct quotas *quotas_new(void)
{
    struct quotas *q = calloc(1, sizeof(*q));
    if (!q)
        return NULL;
    if (pthread_mutex_init(&q->lock, NULL) != 0) {
        free(q);
        return NULL;
    }
    list_init(&q->left);
    return q;
}

static void quota_free(struct quotas *q, struct quota *it)
{
    must(it->clients == 0);
    HASH_DELETE(hh, q->all, it);
    list_remove(&it->node);
    free(it);
}

void quotas_free(struct quotas *q)
{
    if (!q)
        return;
    list_foreach (node, &q->left)
        quota_free(q, list_entry(node, struct quota, node));
    must(q->all == NULL);
    pthread_mutex_destroy(&q->lock);
    free(q);
}

static void enter(struct quotas *q, uint64_t now_us)
{
    pthread_mutex_lock(&q->lock);
    q->now_us = now_us > q->now_us ? now_us : q->now_us;
}

static void leave(struct quotas *q)
{
    pthread_mutex_unlock(&q->lock);
}

/* Two for each that comes or goes: so few are left that nobody needs. */
static void forget(struct quotas *q)
{
    for (int i = 0; i < 2; i++) {
        struct list *first = list_first(&q->left);
        struct quota *it = first ? list_entry(first, struct quota, node) : NULL;
        if (!it)
            return;
        if (it->due_ns <= q->now_us * 1000) {
            quota_free(q, it);
        } else { /* a slower one: others need not wait for it */
            list_remove(&it->node);
            list_append(&q->left, &it->node);
        }
    }
}

static struct quota *quota_new(struct quotas *q, struct slice tenant)
{
    struct quota *it = calloc(1, sizeof(*it) + tenant.len + 1);
    if (!it)
        return NULL;
    list_init(&it->node);
    it->name_len = tenant.len;
    if (tenant.len > 0)
        memcpy(it->name, tenant.data, tenant.len);
    HASH_ADD(hh, q->all, name[0], it->name_len, it);
    if (!it->hh.tbl) {
        free(it);
        return NULL;
    }
    return it;
}

static struct quota *come(struct quotas *q, struct slice tenant, uint32_t most, struct err *err)
{
    struct quota *it = NULL;
    const char *name = tenant.len > 0 ? tenant.data : "";
    HASH_FIND(hh, q->all, name, tenant.len, it);
    if (it && most > 0 && it->clients >= most) {
        err_set(err, SQLSTATE_TOO_MANY_CONNECTIONS, "too many connections for tenant \"%.*s\"",
                (int)tenant.len, name);
        return NULL;
    }
    if (!it)
        it = quota_new(q, tenant);
    if (!it) {
        err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
        return NULL;
    }
    list_remove(&it->node);
    it->clients++;
    return it;
}

struct quota *quota_enter(struct quotas *q, struct slice tenant, uint32_t most, uint64_t now_us,
                          struct err *err)
{
    enter(q, now_us);
    forget(q);
    struct quota *it = come(q, tenant, most, err);
    leave(q);
    return it;
}

void quota_leave(struct quotas *q, struct quota *it, uint64_t now_us)
{
    if (!it)
        return;
    enter(q, now_us);
    must(it->clients > 0);
    if (--it->clients == 0)
        list_append(&q->left, &it->node);
    forget(q);
    leave(q);
}

int64_t quota_pace(struct quotas *q, struct quota *it, uint32_t per_second, uint32_t n,
                   uint64_t most_us, uint64_t now_us)
{
    must(per_second > 0);
    enter(q, now_us);
    uint64_t now_ns = q->now_us * 1000, interval_ns = UINT64_C(1000000000) / per_second;
    uint64_t due_ns = it->due_ns > now_ns ? it->due_ns : now_ns;
    uint64_t burst_ns = QUOTA_BURST_NS > interval_ns ? QUOTA_BURST_NS - interval_ns : 0;
    uint64_t early_ns = due_ns - now_ns;
    uint64_t wait_us = early_ns > burst_ns ? (early_ns - burst_ns + 999) / 1000 : 0;
    bool may = wait_us <= most_us;
    if (may)
        it->due_ns = due_ns + n * interval_ns;
    leave(q);
    return may ? (int64_t)wait_us : -1;
}
