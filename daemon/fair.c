/* An account is in one place, which fair_settle finds again after each change:
 *
 *            waits   holds
 *   TURN      yes      0      f->turn, by what it has had: while it holds nothing that stands still
 *   HOLDER    yes     some    f->holders: what these have had grows by itself, so it is reckoned
 *                             anew at each grant
 *   BUSY      no      some    nowhere; likewise if it waits, but holds all that its limit allows
 *   ABSENT    no       0      f->absent, and later forgotten
 *
 * Time had is kept in units of 1/FAIR_UNIT us. */
#include "daemon/fair.h"

#include "daemon/must.h"
#include "protocol/sqlstate.h"

#include <stdlib.h>

/* Out of memory must be an error of the one who waits, not the end of the process. */
#define HASH_NONFATAL_OOM 1
#include <uthash.h>

#define FAIR_UNIT   UINT64_C(1024)
#define FAIR_CREDIT (FAIR_CREDIT_MS * 1000 * FAIR_UNIT)
#define FAIR_MEMORY (FAIR_MEMORY_MS * 1000 * FAIR_UNIT)
/* A lease of a tenant that has had none yet is taken to last this long. */
#define FAIR_FIRST_US 1000

enum place { NEW, TURN, HOLDER, BUSY, ABSENT };

struct fair_account {
    UT_hash_handle hh;
    struct heap_node turn;
    struct list node; /* HOLDER, ABSENT */
    enum place place;
    struct fair_terms terms;
    size_t waiting, wanted;
    uint64_t held;
    uint64_t began_us; /* of all leases held, added up */
    uint64_t usual_us; /* a lease of this tenant: a moving average */
    uint64_t had;      /* up to level + FAIR_MEMORY, by the leases that have been returned */
    uint64_t order;    /* among those that have had the same */
    uint64_t left_us;  /* ABSENT since */
    size_t name_len;
    char *name;            /* behind the next */
    struct list waiters[]; /* at each seat, in the order of arrival */
};

/* -- accounts -- */

static bool before(const struct heap_node *a, const struct heap_node *b)
{
    const struct fair_account *x = list_entry(a, struct fair_account, turn);
    const struct fair_account *y = list_entry(b, struct fair_account, turn);
    return x->had != y->had ? x->had < y->had : x->order < y->order;
}

void fair_init(struct fair *f, size_t size, size_t nseats)
{
    *f = (struct fair){.size = size, .nseats = nseats, .turn = {.before = before}};
    list_init(&f->holders);
    list_init(&f->absent);
}

static void account_free(struct fair *f, struct fair_account *a)
{
    must(a->place == ABSENT);
    HASH_DELETE(hh, f->accounts, a);
    list_remove(&a->node);
    f->known -= a->terms.weight;
    free(a);
}

void fair_release(struct fair *f)
{
    must(f->waiting == 0 && f->held == 0);
    list_foreach (node, &f->absent)
        account_free(f, list_entry(node, struct fair_account, node));
    must(f->accounts == NULL);
}

void fair_resize(struct fair *f, size_t size)
{
    f->size = size;
}

/* The level rises by what is held now, as if all who are present had the same of it: so it goes on
 * even if ever new tenants come, who begin at it. */
static void tick(struct fair *f, uint64_t now_us)
{
    if (now_us <= f->now_us)
        return;
    if (f->present > 0)
        f->level += (now_us - f->now_us) * f->held * FAIR_UNIT / f->present;
    f->now_us = now_us;
}

/* Two for each that comes: so there are never many more than came within that time. */
static void forget(struct fair *f)
{
    for (int i = 0; i < 2; i++) {
        struct list *first = list_first(&f->absent);
        struct fair_account *a = first ? list_entry(first, struct fair_account, node) : NULL;
        if (!a || f->now_us - a->left_us < UINT64_C(1000) * FAIR_MEMORY_MS)
            return;
        account_free(f, a);
    }
}

static struct fair_account *account_new(struct fair *f, struct slice tenant)
{
    struct fair_account *a =
        calloc(1, sizeof(*a) + f->nseats * sizeof(struct list) + tenant.len + 1);
    if (!a)
        return NULL;
    list_init(&a->node);
    for (size_t i = 0; i < f->nseats; i++)
        list_init(&a->waiters[i]);
    a->name = (char *)&a->waiters[f->nseats];
    a->usual_us = FAIR_FIRST_US;
    a->had = f->level;
    a->name_len = tenant.len;
    if (tenant.len > 0)
        memcpy(a->name, tenant.data, tenant.len);
    HASH_ADD_KEYPTR(hh, f->accounts, a->name, a->name_len, a);
    if (!a->hh.tbl) {
        free(a);
        return NULL;
    }
    return a;
}

static struct fair_account *account_of(struct fair *f, struct slice tenant)
{
    struct fair_account *a = NULL;
    const char *name = tenant.len > 0 ? tenant.data : "";
    HASH_FIND(hh, f->accounts, name, tenant.len, a);
    return a ? a : account_new(f, tenant);
}

static void set_terms(struct fair *f, struct fair_account *a, const struct fair_terms *terms)
{
    f->known += terms->weight - (uint64_t)a->terms.weight;
    if (a->place != NEW && a->place != ABSENT)
        f->present += terms->weight - (uint64_t)a->terms.weight;
    a->terms = *terms;
}

/* -- places -- */

/* How many more leases its limit allows. */
static size_t room(const struct fair_account *a)
{
    if (a->terms.active == 0)
        return SIZE_MAX;
    return a->held < a->terms.active ? a->terms.active - a->held : 0;
}

static enum place place_of(const struct fair_account *a)
{
    if (a->wanted > 0)
        return a->held > 0 ? HOLDER : TURN;
    return a->held > 0 || a->waiting > 0 ? BUSY : ABSENT;
}

static bool is_present(enum place p)
{
    return p == TURN || p == HOLDER || p == BUSY;
}

static void settle(struct fair *f, struct fair_account *a)
{
    f->wanted -= a->wanted;
    a->wanted = a->waiting < room(a) ? a->waiting : room(a);
    f->wanted += a->wanted;
    enum place old = a->place, next = place_of(a);
    if (old == next)
        return;
    if (old == TURN)
        heap_remove(&f->turn, &a->turn);
    list_remove(&a->node);
    a->place = next;
    if (!is_present(old))
        f->present += a->terms.weight;
    if (next == TURN) {
        a->order = f->arrivals++;
        heap_insert(&f->turn, &a->turn);
    } else if (next == HOLDER) {
        list_append(&f->holders, &a->node);
    } else if (next == ABSENT) {
        f->present -= a->terms.weight;
        a->left_us = f->now_us;
        list_append(&f->absent, &a->node);
    }
}

/* -- waiting -- */

void fair_waiter_init(struct fair_waiter *w)
{
    list_init(&w->node);
    w->account = NULL;
}

bool fair_waits(const struct fair_waiter *w)
{
    return w->account != NULL;
}

int fair_push(struct fair *f, struct slice tenant, const struct fair_terms *terms, size_t seat,
              struct fair_waiter *w, uint64_t now_us, struct err *err)
{
    must(w->account == NULL && terms->weight > 0 && seat < f->nseats);
    tick(f, now_us);
    forget(f);
    struct fair_account *a = account_of(f, tenant);
    if (!a)
        return err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
    set_terms(f, a, terms);
    bool full = terms->queue > 0 && a->waiting >= terms->queue;
    if (!full) {
        if (!is_present(a->place) && f->level > FAIR_CREDIT && a->had < f->level - FAIR_CREDIT)
            a->had = f->level - FAIR_CREDIT;
        list_append(&a->waiters[seat], &w->node);
        w->account = a;
        w->since_us = f->now_us;
        a->waiting++;
        f->waiting++;
    }
    settle(f, a);
    if (full)
        return err_set(err, SQLSTATE_TOO_MANY_CONNECTIONS,
                       "too many statements wait for a server connection");
    return 0;
}

static void leave(struct fair *f, struct fair_waiter *w)
{
    list_remove(&w->node);
    w->account->waiting--;
    w->account = NULL;
    f->waiting--;
}

void fair_remove(struct fair *f, struct fair_waiter *w, uint64_t now_us)
{
    struct fair_account *a = w->account;
    if (!a)
        return;
    tick(f, now_us);
    leave(f, w);
    settle(f, a);
}

/* -- leases -- */

/* What ${us} of a server are to this tenant. */
static uint64_t worth(const struct fair_account *a, uint64_t us)
{
    return us * FAIR_UNIT / a->terms.weight;
}

static uint64_t bounded(const struct fair *f, uint64_t had)
{
    return had < f->level + FAIR_MEMORY ? had : f->level + FAIR_MEMORY;
}

static uint64_t held_us(const struct fair *f, const struct fair_account *a)
{
    return a->held * f->now_us - a->began_us;
}

/* With its leases up to now, each of which is taken to last as long as usual at least. */
static uint64_t had(const struct fair *f, const struct fair_account *a)
{
    uint64_t us = held_us(f, a), usual_us = a->held * a->usual_us;
    return bounded(f, a->had + worth(a, us > usual_us ? us : usual_us));
}

/* Nobody who waits has had less than who is next: then the level is not below that. */
static void raise_level(struct fair *f, const struct fair_account *a)
{
    uint64_t it_had = bounded(f, a->had + worth(a, held_us(f, a)));
    f->level = it_had > f->level ? it_had : f->level;
}

size_t fair_reserve(size_t size)
{
    return size < 4 ? 0 : 1 + size / 32;
}

void fair_rest(struct fair *f, bool rests, uint64_t now_us)
{
    tick(f, now_us);
    if (rests && !f->rests)
        f->rest_us = f->now_us;
    f->rests = rests;
}

static bool stands_still(const struct fair *f)
{
    return f->rests && f->now_us - f->rest_us >= UINT64_C(1000) * FAIR_REST_MS;
}

/* May a tenant that holds something have one more?  It may if the reserve remains, or if its share
 * is more than it holds.  Shares are no whole numbers: it also may if it has fallen behind. */
static bool may_have(const struct fair *f, const struct fair_account *a, uint64_t it_had)
{
    if (f->size - f->held > fair_reserve(f->size) || f->known == a->terms.weight || stands_still(f))
        return true;
    return (a->held + 1) * (f->known + 1) <= f->size * a->terms.weight ||
           it_had + FAIR_CREDIT / 2 < f->level;
}

static struct fair_account *next(const struct fair *f, uint64_t *ret_had)
{
    struct fair_account *best = NULL;
    if (f->turn.top) {
        best = list_entry(f->turn.top, struct fair_account, turn);
        *ret_had = best->had;
    }
    list_foreach (node, &f->holders) {
        struct fair_account *a = list_entry(node, struct fair_account, node);
        uint64_t it_had = had(f, a);
        if ((!best || it_had < *ret_had) && may_have(f, a, it_had)) {
            best = a;
            *ret_had = it_had;
        }
    }
    return best;
}

bool fair_is_due(struct fair *f, uint64_t now_us)
{
    uint64_t it_had;
    tick(f, now_us);
    return f->held < f->size && next(f, &it_had) != NULL;
}

static struct fair_waiter *first_at(const struct fair_account *a, size_t seat)
{
    struct list *first = list_first(&a->waiters[seat]);
    return first ? list_entry(first, struct fair_waiter, node) : NULL;
}

/* A server that stays where it is serves sooner. */
static struct fair_waiter *pick(const struct fair *f, const struct fair_account *a, size_t seat)
{
    struct fair_waiter *here = first_at(a, seat), *oldest = here;
    for (size_t i = 0; i < f->nseats; i++) {
        struct fair_waiter *w = first_at(a, i);
        if (w && (!oldest || w->since_us < oldest->since_us))
            oldest = w;
    }
    return here && here->since_us - oldest->since_us < UINT64_C(1000) * FAIR_PASS_MS ? here : oldest;
}

struct fair_waiter *fair_pop(struct fair *f, struct fair_lease *lease, size_t seat,
                             uint64_t now_us)
{
    must(lease->account == NULL);
    tick(f, now_us);
    uint64_t it_had = 0;
    struct fair_account *a = f->held < f->size ? next(f, &it_had) : NULL;
    if (!a)
        return NULL;
    raise_level(f, a);
    struct fair_waiter *w = pick(f, a, seat);
    leave(f, w);
    *lease = (struct fair_lease){.account = a, .began_us = f->now_us};
    a->began_us += f->now_us;
    a->held++;
    f->held++;
    f->rests = false;
    settle(f, a);
    return w;
}

void fair_return(struct fair *f, struct fair_lease *lease, uint64_t now_us)
{
    struct fair_account *a = lease->account;
    if (!a)
        return;
    tick(f, now_us);
    uint64_t us = f->now_us - lease->began_us;
    a->had = bounded(f, a->had + worth(a, us));
    a->usual_us = (a->usual_us * 7 + us) / 8;
    a->began_us -= lease->began_us;
    a->held--;
    f->held--;
    f->rests = false;
    lease->account = NULL;
    settle(f, a);
}
