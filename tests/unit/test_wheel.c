/* link: daemon */
/* The wheel against a model that looks at every timer each time. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "daemon/wheel.h"

#include <stdlib.h>

#define TIMERS 400

struct item {
    struct wheel_timer timer;
    uint64_t asked, fired; /* ms; fired 0: not yet */
};

static uint64_t now_ms;
static unsigned fires;

static void on_fire(struct wheel_timer *t)
{
    struct item *i = list_entry(t, struct item, timer);
    i->fired = now_ms;
    fires++;
}

static uint64_t random_below(uint64_t n)
{
    return ((uint64_t)rand() << 31 | (uint64_t)rand()) % n;
}

/* From milliseconds to weeks: all levels, and beyond the highest. */
static uint64_t random_ms(void)
{
    static const uint64_t most[] = {1, 10, 1000, 40000, 3000000, 200000000, UINT64_C(3000000000)};
    return random_below(most[random_below(sizeof most / sizeof most[0])]);
}

static void check(const struct item *items)
{
    for (int i = 0; i < TIMERS; i++) {
        const struct item *t = &items[i];
        if (t->asked == 0)
            continue;
        if (t->fired) {
            assert_true(t->fired >= t->asked);
            assert_false(wheel_runs(&t->timer));
        } else {
            assert_true(wheel_runs(&t->timer));
            assert_true(now_ms < t->asked + WHEEL_TICK_MS);
        }
    }
}

static void random_run(unsigned seed, uint64_t step)
{
    static struct item items[TIMERS];
    struct wheel w;
    srand(seed);
    now_ms = random_below(UINT64_C(1) << 40);
    wheel_init(&w, now_ms, NULL);
    for (int i = 0; i < TIMERS; i++) {
        items[i] = (struct item){0};
        wheel_timer_init(&items[i].timer);
    }
    for (int round = 0; round < 3000; round++) {
        struct item *i = &items[random_below(TIMERS)];
        if (random_below(4) == 0) {
            wheel_stop(&i->timer);
            i->asked = 0;
        } else {
            uint64_t ms = random_ms();
            wheel_start(&w, &i->timer, now_ms, ms, on_fire);
            i->asked = now_ms + ms;
            i->fired = 0;
        }
        now_ms += random_below(step);
        wheel_turn(&w, now_ms);
        assert_true(wheel_next_ms(&w) > now_ms);
        check(items);
    }
    for (int i = 0; i < TIMERS; i++)
        wheel_stop(&items[i].timer);
}

static void test_random(void **state)
{
    (void)state;
    for (unsigned seed = 1; seed <= 10; seed++) {
        random_run(seed, 2);
        random_run(seed, 100);
        random_run(seed, 100000);
        random_run(seed, UINT64_C(20000000));
    }
}

/* It comes when the wheel says, not before, and only then. */
static void test_next(void **state)
{
    (void)state;
    struct wheel w;
    struct item i = {0};
    wheel_init(&w, 12345, NULL);
    assert_true(wheel_next_ms(&w) == UINT64_MAX);
    wheel_timer_init(&i.timer);
    now_ms = 12345;
    fires = 0;
    wheel_start(&w, &i.timer, now_ms, UINT64_C(90) * 24 * 3600 * 1000, on_fire);
    unsigned turns = 0;
    while (fires == 0) {
        now_ms = wheel_next_ms(&w);
        wheel_turn(&w, now_ms);
        turns++;
    }
    assert_true(now_ms >= 12345 + UINT64_C(90) * 24 * 3600 * 1000);
    assert_true(now_ms < 12345 + UINT64_C(90) * 24 * 3600 * 1000 + WHEEL_TICK_MS);
    assert_true(turns < 100); /* asleep for months, awake a few times */
    assert_true(wheel_next_ms(&w) == UINT64_MAX);
}

static struct wheel *again_wheel;

static void on_again(struct wheel_timer *t)
{
    if (++fires < 5)
        wheel_start(again_wheel, t, now_ms, 0, on_again);
}

/* A timer that starts itself does not keep the turn from ending. */
static void test_started_from_within(void **state)
{
    (void)state;
    struct wheel w;
    struct wheel_timer t;
    wheel_init(&w, 0, NULL);
    wheel_timer_init(&t);
    again_wheel = &w;
    now_ms = fires = 0;
    wheel_start(&w, &t, now_ms, 1, on_again);
    for (unsigned i = 1; i <= 5; i++) {
        now_ms = i * WHEEL_TICK_MS;
        wheel_turn(&w, now_ms);
        assert_int_equal(fires, i);
    }
    assert_false(wheel_runs(&t));
}

static struct wheel_timer victim;

static void on_stop_other(struct wheel_timer *t)
{
    (void)t;
    fires++;
    wheel_stop(&victim);
}

/* Both are due; the first stops the second. */
static void test_stopped_from_within(void **state)
{
    (void)state;
    struct wheel w;
    struct wheel_timer t;
    wheel_init(&w, 0, NULL);
    wheel_timer_init(&t);
    wheel_timer_init(&victim);
    fires = 0;
    wheel_start(&w, &t, 0, 5, on_stop_other);
    wheel_start(&w, &victim, 0, 5, on_stop_other);
    wheel_turn(&w, 100);
    assert_int_equal(fires, 1);
    assert_false(wheel_runs(&victim));
}

static void on_end(struct wheel_timer *t)
{
    (void)t;
    fires++;
}

/* Driven by a loop. */
static void test_loop(void **state)
{
    (void)state;
    uv_loop_t loop;
    uv_timer_t driver;
    struct wheel w;
    struct wheel_timer a, b;
    assert_int_equal(uv_loop_init(&loop), 0);
    uv_timer_init(&loop, &driver);
    wheel_init(&w, uv_now(&loop), &driver);
    wheel_timer_init(&a);
    wheel_timer_init(&b);
    fires = 0;
    wheel_start(&w, &a, uv_now(&loop), 3600000, on_end);
    wheel_start(&w, &b, uv_now(&loop), 10, on_end);
    while (fires == 0)
        uv_run(&loop, UV_RUN_ONCE);
    assert_true(wheel_runs(&a));
    wheel_stop(&a);
    uv_close((uv_handle_t *)&driver, NULL);
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&loop), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random),
        cmocka_unit_test(test_next),
        cmocka_unit_test(test_started_from_within),
        cmocka_unit_test(test_stopped_from_within),
        cmocka_unit_test(test_loop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
