/* fair_sim.h: one pool in virtual time.  Clients of several tenants think, ask, wait, hold a server
 * for a while and give it back, and so on without end; the pool does with fair.h what daemon/pool.c
 * does. */
#pragma once

#include "daemon/fair.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct sim_kind { /* of tenants */
    size_t tenants, clients;
    uint32_t weight, active;
    uint64_t hold_us, spread_us; /* a transaction takes hold_us and up to spread_us more */
    uint64_t think_us;
    uint64_t begin_us; /* comes so late */
};

enum sim_state { SIM_THINKS, SIM_WAITS, SIM_HOLDS };

struct sim_client {
    struct fair_waiter w;
    struct fair_lease lease;
    struct heap_node step; /* unless it waits */
    const struct sim_kind *kind;
    size_t tenant;
    enum sim_state state;
    uint64_t at_us; /* its next step */
    uint64_t asked_us;
};

struct sim_tenant {
    const struct sim_kind *kind;
    uint64_t had_us;
    size_t grants, slow; /* those that waited for more than sim->slow_us */
    uint64_t worst_us;   /* the longest wait */
};

struct sim {
    struct fair f;
    struct heap steps; /* of clients, the next one first */
    struct sim_client *clients;
    struct sim_tenant *tenants;
    size_t nclients, ntenants, idle, size;
    uint64_t now_us, from_us, seed;
    uint64_t slow_us;
};

static inline uint64_t sim_random(struct sim *s, uint64_t below)
{
    s->seed = s->seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return below > 0 ? (s->seed >> 33) % below : 0;
}

static inline bool sim_before(const struct heap_node *a, const struct heap_node *b)
{
    return list_entry(a, const struct sim_client, step)->at_us <
           list_entry(b, const struct sim_client, step)->at_us;
}

static inline void sim_init(struct sim *s, size_t size, uint64_t seed, const struct sim_kind *kinds,
                            size_t nkinds)
{
    *s = (struct sim){.seed = seed, .size = size, .idle = size, .now_us = 1000000};
    s->steps.before = sim_before;
    fair_init(&s->f, size, 1);
    for (size_t k = 0; k < nkinds; k++) {
        s->nclients += kinds[k].tenants * kinds[k].clients;
        s->ntenants += kinds[k].tenants;
    }
    s->clients = calloc(s->nclients, sizeof(*s->clients));
    s->tenants = calloc(s->ntenants, sizeof(*s->tenants));
    size_t c = 0, t = 0;
    for (size_t k = 0; k < nkinds; k++)
        for (size_t i = 0; i < kinds[k].tenants; i++, t++) {
            s->tenants[t].kind = &kinds[k];
            for (size_t j = 0; j < kinds[k].clients; j++, c++) {
                s->clients[c] = (struct sim_client){.kind = &kinds[k], .tenant = t};
                fair_waiter_init(&s->clients[c].w);
                s->clients[c].at_us = s->now_us + kinds[k].begin_us + sim_random(s, 1000);
                heap_insert(&s->steps, &s->clients[c].step);
            }
        }
}

/* Everybody goes. */
static inline void sim_release(struct sim *s)
{
    for (size_t i = 0; i < s->nclients; i++) {
        fair_remove(&s->f, &s->clients[i].w, s->now_us);
        fair_return(&s->f, &s->clients[i].lease, s->now_us);
    }
    fair_release(&s->f);
    free(s->clients);
    free(s->tenants);
}

static inline void sim_grant(struct sim *s, struct sim_client *c, struct fair_lease lease)
{
    struct sim_tenant *t = &s->tenants[c->tenant];
    uint64_t waited = s->now_us - c->asked_us;
    c->lease = lease;
    c->state = SIM_HOLDS;
    c->at_us = s->now_us + c->kind->hold_us + sim_random(s, c->kind->spread_us + 1);
    t->grants++;
    t->slow += waited > s->slow_us;
    t->worst_us = waited > t->worst_us ? waited : t->worst_us;
    s->idle--;
    heap_insert(&s->steps, &c->step);
}

static inline void sim_dispatch(struct sim *s)
{
    struct fair_lease lease = {0};
    struct fair_waiter *w;
    while (s->idle > 0 && (w = fair_pop(&s->f, &lease, 0, s->now_us)) != NULL) {
        sim_grant(s, list_entry(w, struct sim_client, w), lease);
        lease = (struct fair_lease){0};
    }
}

static inline int sim_ask(struct sim *s, struct sim_client *c)
{
    char name[24];
    struct err err;
    int len = snprintf(name, sizeof(name), "tenant %zu", c->tenant);
    struct fair_terms terms = {.weight = c->kind->weight, .active = c->kind->active};
    c->state = SIM_WAITS;
    c->asked_us = s->now_us;
    return fair_push(&s->f, (struct slice){name, (size_t)len}, &terms, 0, &c->w, s->now_us, &err);
}

static inline void sim_give_back(struct sim *s, struct sim_client *c)
{
    uint64_t from = c->lease.began_us > s->from_us ? c->lease.began_us : s->from_us;
    if (s->now_us > from)
        s->tenants[c->tenant].had_us += s->now_us - from;
    fair_return(&s->f, &c->lease, s->now_us);
    s->idle++;
    c->state = SIM_THINKS;
    c->at_us = s->now_us + c->kind->think_us + sim_random(s, c->kind->think_us + 1);
    heap_insert(&s->steps, &c->step);
}

/* -1: a client could not wait. */
static inline int sim_run(struct sim *s, uint64_t us)
{
    uint64_t until_us = s->now_us + us;
    while (s->steps.top) {
        struct sim_client *c = list_entry(s->steps.top, struct sim_client, step);
        if (c->at_us > until_us)
            break;
        heap_remove(&s->steps, &c->step);
        s->now_us = c->at_us;
        if (c->state == SIM_HOLDS)
            sim_give_back(s, c);
        else if (sim_ask(s, c) != 0)
            return -1;
        sim_dispatch(s);
    }
    s->now_us = until_us;
    return 0;
}

/* Count from now on. */
static inline void sim_measure(struct sim *s, uint64_t slow_us)
{
    s->from_us = s->now_us;
    s->slow_us = slow_us;
    for (size_t i = 0; i < s->ntenants; i++)
        s->tenants[i] = (struct sim_tenant){.kind = s->tenants[i].kind};
}

/* Servers that ${tenant} has held on average since. */
static inline double sim_servers(const struct sim *s, size_t tenant)
{
    return (double)s->tenants[tenant].had_us / (double)(s->now_us - s->from_us);
}

/* What it would hold if it had the pool for itself. */
static inline double sim_demand(const struct sim *s, size_t tenant)
{
    const struct sim_kind *k = s->tenants[tenant].kind;
    double hold = (double)k->hold_us + (double)k->spread_us / 2, think = 1.5 * (double)k->think_us;
    double demand = (double)k->clients * hold / (hold + think);
    return demand < (double)s->size ? demand : (double)s->size;
}

/* The share for a weight of 1 where everybody has the lesser of its weight's shares and its demand
 * (max-min fair), and all servers are held if there is demand for them. */
static inline double sim_share(const struct sim *s)
{
    double low = 0, high = (double)s->size;
    for (int i = 0; i < 60; i++) {
        double share = (low + high) / 2, all = 0;
        for (size_t t = 0; t < s->ntenants; t++) {
            double most = share * s->tenants[t].kind->weight, demand = sim_demand(s, t);
            all += demand < most ? demand : most;
        }
        if (all < (double)s->size)
            low = share;
        else
            high = share;
    }
    return low;
}

/* The least that a tenant has had of its fair share. */
static inline double sim_worst(const struct sim *s)
{
    double share = sim_share(s), worst = 1e9;
    for (size_t t = 0; t < s->ntenants; t++) {
        double fair = share * s->tenants[t].kind->weight, demand = sim_demand(s, t);
        double part = sim_servers(s, t) / (demand < fair ? demand : fair);
        worst = part < worst ? part : worst;
    }
    return worst;
}
