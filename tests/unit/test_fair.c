/* link: daemon */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "fair_sim.h"
#include "protocol/sqlstate.h"

#define SECOND UINT64_C(1000000)

/* -- one step at a time -- */

struct waiter {
    struct fair_waiter w;
    struct fair_lease lease;
    int id;
};

static const struct fair_terms plain = {.weight = 1};

static int ask_at(struct fair *f, size_t place, struct waiter *w, int id, const char *tenant,
                  const struct fair_terms *terms, uint64_t now_us)
{
    struct err err;
    fair_waiter_init(&w->w);
    w->id = id;
    w->lease = (struct fair_lease){0};
    int r = fair_push(f, (struct slice){tenant, strlen(tenant)}, terms, place, &w->w, now_us, &err);
    if (r != 0)
        assert_string_equal(err.sqlstate, SQLSTATE_TOO_MANY_CONNECTIONS);
    return r;
}

static int ask(struct fair *f, struct waiter *w, int id, const char *tenant,
               const struct fair_terms *terms, uint64_t now_us)
{
    return ask_at(f, 0, w, id, tenant, terms, now_us);
}

static void push(struct fair *f, struct waiter *w, int id, const char *tenant, uint64_t now_us)
{
    assert_int_equal(ask(f, w, id, tenant, &plain, now_us), 0);
}

/* Who is next for a server at ${place}, or -1. */
static int pop_at(struct fair *f, size_t place, uint64_t now_us)
{
    struct fair_lease lease = {0};
    struct fair_waiter *next = fair_pop(f, &lease, place, now_us);
    if (!next)
        return -1;
    struct waiter *w = list_entry(next, struct waiter, w);
    w->lease = lease;
    return w->id;
}

static int pop(struct fair *f, uint64_t now_us)
{
    return pop_at(f, 0, now_us);
}

static void back(struct fair *f, struct waiter *w, uint64_t now_us)
{
    fair_return(f, &w->lease, now_us);
    fair_return(f, &w->lease, now_us); /* harmless */
}

/* Servers come free here, and again and again. */
static void who_waits_here_may_go_first_by_a_little(void **state)
{
    enum { HERE, THERE, PLACES };
    enum { PASS_US = FAIR_PASS_MS * 1000 };
    static const struct {
        size_t place;
        uint64_t at_us;
    } came[] = {{THERE, 0}, {THERE, 0}, {HERE, PASS_US - 1}, {HERE, PASS_US - 1}, {HERE, PASS_US}, {THERE, PASS_US + 1}};
    static const int order[] = {2, 3, 0, 1, 4, 5, -1};
    struct fair f;
    struct waiter w[6];
    (void)state;
    fair_init(&f, 100, PLACES);
    for (int i = 0; i < 6; i++)
        assert_int_equal(ask_at(&f, came[i].place, &w[i], i, "a", &plain, came[i].at_us), 0);
    for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++)
        assert_int_equal(pop_at(&f, HERE, PASS_US + 2), order[i]);
    for (int i = 0; i < 6; i++)
        back(&f, &w[i], PASS_US + 3);
    fair_release(&f);
}

static void tenants_take_turns(void **state)
{
    (void)state;
    struct fair f;
    struct waiter w[7];
    fair_init(&f, 100, 1);
    for (int i = 0; i < 4; i++) /* the noisy tenant is first and has most */
        push(&f, &w[i], i, "noisy", 0);
    push(&f, &w[4], 4, "b", 0);
    push(&f, &w[5], 5, "c", 0);
    push(&f, &w[6], 6, "b", 0);
    static const int order[] = {0, 4, 5, 1, 6, 2, 3, -1};
    for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++)
        assert_int_equal(pop(&f, 0), order[i]);
    assert_int_equal(f.waiting, 0);
    for (int i = 0; i < 7; i++)
        back(&f, &w[i], 10);
    assert_int_equal(f.held, 0);
    fair_release(&f);
}

static void waiters_leave(void **state)
{
    (void)state;
    struct fair f;
    struct waiter w[4];
    fair_init(&f, 100, 1);
    push(&f, &w[0], 0, "a", 0);
    push(&f, &w[1], 1, "a", 0);
    push(&f, &w[2], 2, "", 0);
    push(&f, &w[3], 3, "b", 0);
    fair_remove(&f, &w[0].w, 0);
    fair_remove(&f, &w[0].w, 0);
    fair_remove(&f, &w[2].w, 0); /* the last of its tenant */
    assert_false(fair_waits(&w[2].w));
    assert_true(fair_waits(&w[3].w));
    assert_int_equal(f.waiting, 2);
    assert_int_equal(pop(&f, 0), 1);
    assert_int_equal(pop(&f, 0), 3);
    assert_int_equal(pop(&f, 0), -1);
    back(&f, &w[1], 0);
    back(&f, &w[3], 0);
    fair_release(&f);
}

static void who_has_had_less_is_next(void **state)
{
    (void)state;
    struct fair f;
    struct waiter a, b, c;
    fair_init(&f, 1, 1);
    push(&f, &a, 0, "a", 0);
    assert_int_equal(pop(&f, 0), 0);
    push(&f, &b, 1, "b", 0);
    assert_int_equal(pop(&f, 0), -1); /* there is one server */
    push(&f, &c, 2, "c", 0);
    back(&f, &a, 1000);
    push(&f, &a, 0, "a", 0); /* a has had 1 ms, the others nothing */
    assert_int_equal(pop(&f, 1000), 1);
    back(&f, &b, 4000);
    push(&f, &b, 1, "b", 0); /* 3 ms */
    assert_int_equal(pop(&f, 4000), 2);
    back(&f, &c, 6000); /* 2 ms */
    push(&f, &c, 2, "c", 0);
    assert_int_equal(pop(&f, 6000), 0);
    back(&f, &a, 6000);
    assert_int_equal(pop(&f, 6000), 2);
    back(&f, &c, 6000);
    assert_int_equal(pop(&f, 6000), 1);
    back(&f, &b, 6000);
    fair_release(&f);
}

static void a_long_lease_counts_while_it_is_held(void **state)
{
    (void)state;
    struct fair f;
    struct waiter a[2], b[3];
    fair_init(&f, 3, 1);
    push(&f, &a[0], 0, "a", 0);
    assert_int_equal(pop(&f, 0), 0); /* and keeps it */
    for (int i = 0; i < 2; i++) {    /* b has had 4 s, and gives all back */
        push(&f, &b[i], 10 + i, "b", 0);
        assert_int_equal(pop(&f, 0), 10 + i);
    }
    back(&f, &b[0], 2 * SECOND);
    back(&f, &b[1], 2 * SECOND);
    push(&f, &a[1], 1, "a", 3 * SECOND);
    push(&f, &b[2], 12, "b", 3 * SECOND);
    assert_int_equal(pop(&f, 3 * SECOND), 1); /* 3 s of a */
    back(&f, &a[1], 3 * SECOND);
    push(&f, &a[1], 1, "a", 5 * SECOND);
    assert_int_equal(pop(&f, 5 * SECOND), 12); /* 5 s */
    assert_int_equal(pop(&f, 5 * SECOND), 1);
    back(&f, &a[0], 5 * SECOND);
    back(&f, &a[1], 5 * SECOND);
    back(&f, &b[2], 5 * SECOND);
    fair_release(&f);
}

static void leaving_does_not_pay_a_debt(void **state)
{
    (void)state;
    struct fair f;
    struct waiter a, b;
    uint64_t now = 0;
    fair_init(&f, 1, 1);
    push(&f, &a, 0, "a", 0);
    assert_int_equal(pop(&f, now), 0);
    push(&f, &b, 1, "b", 0);
    now += 10 * SECOND;
    back(&f, &a, now);             /* a owes 10 s, and is away */
    for (int i = 0; i < 90; i++) { /* b has 9 s, 0.1 s at a time; a asks in between */
        push(&f, &a, 0, "a", now);
        assert_int_equal(pop(&f, now), 1);
        fair_remove(&f, &a.w, now);
        now += SECOND / 10;
        back(&f, &b, now);
        push(&f, &b, 1, "b", now);
    }
    for (int i = 0; i < 20; i++) { /* 2 s more, of which a gets its part again */
        if (!fair_waits(&a.w))
            push(&f, &a, 0, "a", now);
        int who = pop(&f, now);
        now += SECOND / 10;
        back(&f, who == 0 ? &a : &b, now);
        if (who == 0)
            break;
        assert_true(i < 19);
        push(&f, &b, 1, "b", now);
    }
    fair_remove(&f, &a.w, now);
    fair_remove(&f, &b.w, now);
    fair_release(&f);
}

static void limits_are_kept(void **state)
{
    (void)state;
    static const struct fair_terms two = {.weight = 1, .active = 2, .queue = 3},
                                   one = {.weight = 1, .active = 1};
    struct fair f;
    struct waiter w[6], other;
    fair_init(&f, 100, 1);
    for (int i = 0; i < 3; i++)
        assert_int_equal(ask(&f, &w[i], i, "a", &two, 0), 0);
    assert_int_equal(ask(&f, &w[3], 3, "a", &two, 0), -1);
    assert_false(fair_waits(&w[3].w));
    assert_int_equal(f.wanted, 2); /* no server need be opened for the third */
    assert_int_equal(pop(&f, 0), 0);
    assert_int_equal(pop(&f, 0), 1);
    assert_int_equal(pop(&f, 0), -1);
    assert_int_equal(f.wanted, 0);
    push(&f, &other, 9, "b", 0); /* nobody else waits for that */
    assert_int_equal(pop(&f, 0), 9);
    back(&f, &w[0], 1);
    assert_int_equal(pop(&f, 1), 2);
    assert_int_equal(ask(&f, &w[3], 3, "a", &one, 1), 0); /* a lower limit */
    back(&f, &w[1], 2);
    assert_int_equal(pop(&f, 2), -1);
    back(&f, &w[2], 2);
    assert_int_equal(pop(&f, 2), 3);
    back(&f, &w[3], 2);
    back(&f, &other, 2);
    fair_release(&f);
}

static void a_smaller_pool_is_not_overdrawn(void **state)
{
    (void)state;
    struct fair f;
    struct waiter w[4];
    fair_init(&f, 3, 1);
    for (int i = 0; i < 4; i++)
        push(&f, &w[i], i, "a", 0);
    for (int i = 0; i < 3; i++)
        assert_int_equal(pop(&f, 0), i);
    fair_resize(&f, 1);
    back(&f, &w[0], 1);
    back(&f, &w[1], 1);
    assert_int_equal(pop(&f, 1), -1);
    back(&f, &w[2], 1);
    assert_int_equal(pop(&f, 1), 3);
    back(&f, &w[3], 1);
    fair_release(&f);
}

static void the_reserve_is_kept_for_others(void **state)
{
    (void)state;
    enum { SIZE = 20 };
    struct fair f;
    struct waiter a[SIZE], b[2];
    fair_init(&f, SIZE, 1);
    assert_int_equal(fair_reserve(SIZE), 1);
    for (int i = 0; i < SIZE; i++) /* alone: all of it */
        push(&f, &a[i], i, "a", 0);
    for (int i = 0; i < SIZE; i++)
        assert_int_equal(pop(&f, 0), i);
    push(&f, &b[0], 100, "b", 0);
    assert_int_equal(pop(&f, 0), -1);
    back(&f, &a[0], 1000);
    push(&f, &a[0], 0, "a", 0);
    assert_int_equal(pop(&f, 1000), 100);
    back(&f, &b[0], 1100);
    assert_int_equal(pop(&f, 1100), -1); /* free, but not for a */
    push(&f, &b[0], 100, "b", SECOND);
    assert_int_equal(pop(&f, SECOND), 100); /* at once */
    push(&f, &b[1], 101, "b", SECOND);
    back(&f, &a[1], SECOND);
    assert_int_equal(pop(&f, SECOND), 101); /* its second one is within its share, too */
    back(&f, &b[0], SECOND);
    back(&f, &b[1], SECOND);
    assert_int_equal(pop(&f, SECOND), 0);
    push(&f, &a[1], 1, "a", 0);
    assert_int_equal(pop(&f, SECOND), -1);
    uint64_t later = SECOND + UINT64_C(1000) * FAIR_MEMORY_MS;
    fair_remove(&f, &a[1].w, later);
    push(&f, &a[1], 1, "a", later);
    assert_int_equal(pop(&f, later), 1); /* b is forgotten */
    for (int i = 0; i < SIZE; i++)
        back(&f, &a[i], later);
    fair_release(&f);
}

static void the_reserve_is_lent_when_all_rests(void **state)
{
    (void)state;
    enum { SIZE = 4, REST = 1000 * FAIR_REST_MS };
    struct fair f;
    struct waiter a[SIZE], b;
    fair_init(&f, SIZE, 1);
    push(&f, &b, 100, "b", 0); /* somebody else has been there */
    assert_int_equal(pop(&f, 0), 100);
    back(&f, &b, 0);
    for (int i = 0; i < SIZE; i++)
        push(&f, &a[i], i, "a", 0);
    for (int i = 0; i < SIZE - 1; i++)
        assert_int_equal(pop(&f, 0), i);
    assert_int_equal(pop(&f, 2 * REST), -1); /* they work */
    fair_rest(&f, true, 2 * REST);
    assert_int_equal(pop(&f, 2 * REST), -1);
    fair_rest(&f, false, 3 * REST - 1);
    fair_rest(&f, true, 3 * REST);
    assert_int_equal(pop(&f, 4 * REST - 1), -1);
    fair_rest(&f, true, 4 * REST);
    assert_true(fair_is_due(&f, 4 * REST));
    assert_int_equal(pop(&f, 4 * REST), SIZE - 1);
    back(&f, &a[0], 5 * REST); /* and is kept again */
    push(&f, &a[0], 0, "a", 5 * REST);
    assert_int_equal(pop(&f, 6 * REST), -1);
    push(&f, &b, 100, "b", 6 * REST);
    assert_int_equal(pop(&f, 6 * REST), 100);
    back(&f, &b, 6 * REST);
    fair_remove(&f, &a[0].w, 6 * REST);
    for (int i = 1; i < SIZE; i++)
        back(&f, &a[i], 6 * REST);
    fair_release(&f);
}

/* -- in the long run -- */

static void have(struct sim *s, size_t tenant, double servers, double within)
{
    double had = sim_servers(s, tenant);
    if (had < servers - within || had > servers + within)
        fail_msg("tenant %zu had %.4f servers instead of %.4f", tenant, had, servers);
}

static void weights_are_exact(void **state)
{
    (void)state;
    static const struct sim_kind kinds[] = {
        {.tenants = 1,
         .clients = 30,
         .weight = 1,
         .hold_us = 5000,
         .spread_us = 1000,
         .think_us = 200},
        {.tenants = 1,
         .clients = 30,
         .weight = 2,
         .hold_us = 40000,
         .spread_us = 9000,
         .think_us = 200},
        {.tenants = 1,
         .clients = 30,
         .weight = 5,
         .hold_us = 700,
         .spread_us = 9000,
         .think_us = 200},
    };
    struct sim s;
    sim_init(&s, 8, 1, kinds, 3);
    assert_int_equal(sim_run(&s, 5 * SECOND), 0);
    sim_measure(&s, 0);
    assert_int_equal(sim_run(&s, 200 * SECOND), 0);
    double all = sim_servers(&s, 0) + sim_servers(&s, 1) + sim_servers(&s, 2);
    assert_true(all > 7.0);
    have(&s, 0, all / 8, all / 800);
    have(&s, 1, all / 4, all / 400);
    have(&s, 2, all * 5 / 8, all / 160);
    sim_release(&s);
}

static void a_victim_of_sleepers_does_not_wait(void **state)
{
    (void)state;
    static const struct sim_kind kinds[] = {
        {.tenants = 1,
         .clients = 200,
         .weight = 1,
         .hold_us = 50000,
         .spread_us = 500,
         .think_us = 200},
        {.tenants = 1,
         .clients = 4,
         .weight = 1,
         .hold_us = 200,
         .spread_us = 300,
         .think_us = 150},
        {.tenants = 1,
         .clients = 4,
         .weight = 1,
         .hold_us = 200,
         .spread_us = 300,
         .think_us = 300000},
    };
    for (size_t i = 0; i < 4; i++) { /* busy or now and then; from the start or when all is taken */
        struct sim s;
        struct sim_kind both[] = {kinds[0], kinds[1 + i % 2]};
        both[1].begin_us = i / 2 * 5 * SECOND;
        sim_init(&s, 20, 2, both, 2);
        assert_int_equal(sim_run(&s, both[1].begin_us + 2 * SECOND), 0);
        sim_measure(&s, 10000);
        assert_int_equal(sim_run(&s, 20 * SECOND), 0);
        assert_true(s.tenants[1].grants > 100);
        assert_int_equal(s.tenants[1].slow, 0); /* none for 10 ms, let alone one in a hundred */
        assert_true(sim_servers(&s, 0) > 17.5);
        sim_release(&s);
    }
}

static void a_tenant_alone_has_all_servers(void **state)
{
    (void)state;
    static const struct sim_kind kinds[] = {
        {.tenants = 1,
         .clients = 200,
         .weight = 1,
         .hold_us = 50000,
         .spread_us = 500,
         .think_us = 200},
    };
    struct sim s;
    sim_init(&s, 20, 3, kinds, 1);
    assert_int_equal(sim_run(&s, SECOND), 0);
    sim_measure(&s, 0);
    assert_int_equal(sim_run(&s, 10 * SECOND), 0);
    have(&s, 0, 20, 0.1);
    sim_release(&s);
}

static void fifty_mixed_tenants_have_their_shares(void **state)
{
    (void)state;
    static const struct sim_kind kinds[] = {
        {.tenants = 10,
         .clients = 1,
         .weight = 1,
         .hold_us = 50000,
         .spread_us = 1000,
         .think_us = 200},
        {.tenants = 10,
         .clients = 20,
         .weight = 1,
         .hold_us = 20000,
         .spread_us = 1000,
         .think_us = 200},
        {.tenants = 10,
         .clients = 4,
         .weight = 1,
         .hold_us = 5000,
         .spread_us = 1000,
         .think_us = 200},
        {.tenants = 10,
         .clients = 1,
         .weight = 1,
         .hold_us = 1000,
         .spread_us = 500,
         .think_us = 200},
        {.tenants = 10,
         .clients = 40,
         .weight = 1,
         .hold_us = 100000,
         .spread_us = 9000,
         .think_us = 200},
    };
    struct sim s;
    sim_init(&s, 20, 4, kinds, 5);
    assert_int_equal(sim_run(&s, 2 * SECOND), 0);
    sim_measure(&s, 0);
    assert_int_equal(sim_run(&s, 10 * SECOND), 0);
    assert_true(sim_worst(&s) > 0.9);
    sim_release(&s);
}

/* Whatever the mix: everybody has more than half of his fair share, and nobody waits without end.
 */
static void nobody_starves_in_random_mixes(void **state)
{
    (void)state;
    static const uint64_t holds[] = {300, 1000, 3000, 10000, 50000, 300000};
    static const size_t clients[] = {1, 1, 2, 4, 20, 50};
    for (uint64_t seed = 1; seed <= 12; seed++) {
        struct sim s, dice = {.seed = seed * 7919};
        struct sim_kind kinds[6];
        size_t n = 2 + sim_random(&dice, 5), size = 2 + sim_random(&dice, 30);
        for (size_t i = 0; i < n; i++)
            kinds[i] = (struct sim_kind){
                .tenants = 1 + sim_random(&dice, 10),
                .clients = clients[sim_random(&dice, 6)],
                .weight = (uint32_t)(sim_random(&dice, 3) > 0 ? 1 : 1 + sim_random(&dice, 5)),
                .hold_us = holds[sim_random(&dice, 6)],
                .spread_us = sim_random(&dice, 2000),
                .think_us = 100 + sim_random(&dice, 400),
            };
        sim_init(&s, size, seed, kinds, n);
        assert_int_equal(sim_run(&s, 5 * SECOND), 0);
        sim_measure(&s, 0);
        assert_int_equal(sim_run(&s, 30 * SECOND), 0);
        if (sim_worst(&s) < 0.5)
            fail_msg("seed %d: one tenant had %.3f of its fair share", (int)seed, sim_worst(&s));
        for (size_t t = 0; t < s.ntenants; t++)
            assert_true(s.tenants[t].grants > 0);
        sim_release(&s);
    }
}

/* Tenants that nobody has seen before come without end; one that owes gets its turn all the same.
 */
static void newcomers_do_not_starve_who_owes(void **state)
{
    (void)state;
    struct fair f;
    struct waiter a, b[2];
    uint64_t now = 0;
    char name[24];
    fair_init(&f, 1, 1);
    push(&f, &a, 0, "a", 0);
    assert_int_equal(pop(&f, now), 0);
    push(&f, &b[0], 1, "first", 0);
    now += SECOND;
    back(&f, &a, now);
    push(&f, &a, 0, "a", now);
    for (int i = 1;; i++) {
        assert_true(i < 1000);
        int who = pop(&f, now);
        if (who == 0)
            break;
        snprintf(name, sizeof(name), "new %d", i); /* before the other leaves: one always waits */
        push(&f, &b[who % 2], 1 + who % 2, name, now);
        now += 10000;
        back(&f, &b[who - 1], now);
    }
    back(&f, &a, now);
    fair_remove(&f, &b[0].w, now);
    fair_remove(&f, &b[1].w, now);
    fair_release(&f);
}

/* -- cost -- */

static size_t comparisons;
static bool (*counted)(const struct heap_node *a, const struct heap_node *b);

static bool count(const struct heap_node *a, const struct heap_node *b)
{
    comparisons++;
    return counted(a, b);
}

/* Comparisons of 16 clients' 16,000 transactions beside ${others} tenants that were here before. */
static size_t cost(int others)
{
    struct fair f;
    struct waiter w[16], once;
    char name[24];
    fair_init(&f, 4, 1);
    for (int i = 0; i < others; i++) {
        snprintf(name, sizeof(name), "other %d", i);
        push(&f, &once, 99, name, 0);
        assert_int_equal(pop(&f, 0), 99);
        back(&f, &once, 0);
    }
    counted = f.turn.before;
    f.turn.before = count;
    comparisons = 0;
    for (int i = 0; i < 16; i++) {
        snprintf(name, sizeof(name), "busy %d", i);
        push(&f, &w[i], i, name, 0);
    }
    for (uint64_t i = 0; i < 16000; i++) {
        int who = pop(&f, i);
        assert_in_range(who, 0, 15);
        back(&f, &w[who], i + 1);
        snprintf(name, sizeof(name), "busy %d", who);
        push(&f, &w[who], who, name, i + 1);
    }
    for (int i = 0; i < 16; i++)
        fair_remove(&f, &w[i].w, 16000);
    fair_release(&f);
    return comparisons;
}

static void tenants_that_are_away_cost_nothing(void **state)
{
    (void)state;
    size_t few = cost(0);
    assert_true(few > 0);
    assert_int_equal(cost(30000), few);
}

static void tenants_that_are_away_are_forgotten(void **state)
{
    (void)state;
    struct fair f;
    struct waiter w;
    char name[24];
    uint64_t now = 0, memory_us = UINT64_C(1000) * FAIR_MEMORY_MS;
    fair_init(&f, 4, 1);
    for (int i = 0; i < 5000; i++, now += memory_us / 100) { /* a hundred in that time */
        snprintf(name, sizeof(name), "tenant %d", i);
        push(&f, &w, i, name, now);
        assert_int_equal(pop(&f, now), i);
        back(&f, &w, now);
        assert_true(f.known <= 101);
    }
    fair_release(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tenants_take_turns),
        cmocka_unit_test(who_waits_here_may_go_first_by_a_little),
        cmocka_unit_test(waiters_leave),
        cmocka_unit_test(who_has_had_less_is_next),
        cmocka_unit_test(a_long_lease_counts_while_it_is_held),
        cmocka_unit_test(leaving_does_not_pay_a_debt),
        cmocka_unit_test(limits_are_kept),
        cmocka_unit_test(a_smaller_pool_is_not_overdrawn),
        cmocka_unit_test(the_reserve_is_kept_for_others),
        cmocka_unit_test(the_reserve_is_lent_when_all_rests),
        cmocka_unit_test(weights_are_exact),
        cmocka_unit_test(a_victim_of_sleepers_does_not_wait),
        cmocka_unit_test(a_tenant_alone_has_all_servers),
        cmocka_unit_test(fifty_mixed_tenants_have_their_shares),
        cmocka_unit_test(nobody_starves_in_random_mixes),
        cmocka_unit_test(newcomers_do_not_starve_who_owes),
        cmocka_unit_test(tenants_that_are_away_cost_nothing),
        cmocka_unit_test(tenants_that_are_away_are_forgotten),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
