/* link: daemon */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "daemon/fair.h"

struct waiter {
    struct fair_waiter w;
    int id;
};

static struct slice text(const char *s)
{
    return (struct slice){s, strlen(s)};
}

static void push(struct fair *f, struct waiter *w, int id, const char *tenant)
{
    struct err err;
    fair_waiter_init(&w->w);
    w->id = id;
    assert_int_equal(fair_push(f, text(tenant), &w->w, &err), 0);
}

static int pop(struct fair *f)
{
    struct fair_waiter *w = fair_pop(f);
    return w ? list_entry(w, struct waiter, w)->id : -1;
}

static void test_round_robin(void **state)
{
    (void)state;
    struct fair f;
    struct waiter w[7];
    fair_init(&f);
    for (int i = 0; i < 4; i++) /* the noisy tenant is first and has most */
        push(&f, &w[i], i, "noisy");
    push(&f, &w[4], 4, "b");
    push(&f, &w[5], 5, "c");
    push(&f, &w[6], 6, "b");
    static const int order[] = {0, 4, 5, 1, 6, 2, 3, -1};
    for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++)
        assert_int_equal(pop(&f), order[i]);
    assert_int_equal(f.len, 0);
    fair_release(&f);
}

static void test_remove(void **state)
{
    (void)state;
    struct fair f;
    struct waiter w[4];
    fair_init(&f);
    push(&f, &w[0], 0, "a");
    push(&f, &w[1], 1, "a");
    push(&f, &w[2], 2, "");
    push(&f, &w[3], 3, "b");
    fair_remove(&f, &w[0].w);
    fair_remove(&f, &w[0].w);
    fair_remove(&f, &w[2].w); /* the last of its tenant: the queue goes with it */
    assert_int_equal(f.len, 2);
    assert_int_equal(pop(&f), 1);
    assert_int_equal(pop(&f), 3);
    assert_int_equal(pop(&f), -1);
    fair_release(&f);
}

static void test_who_returns_waits_again(void **state)
{
    (void)state;
    struct fair f;
    struct waiter w[3];
    fair_init(&f);
    push(&f, &w[0], 0, "a");
    push(&f, &w[1], 1, "b");
    push(&f, &w[2], 2, "b");
    assert_int_equal(pop(&f), 0);
    push(&f, &w[0], 0, "a"); /* behind b, whose turn it is */
    assert_int_equal(pop(&f), 1);
    assert_int_equal(pop(&f), 0);
    assert_int_equal(pop(&f), 2);
    fair_release(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_robin),
        cmocka_unit_test(test_remove),
        cmocka_unit_test(test_who_returns_waits_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
