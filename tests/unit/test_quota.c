/* link: daemon */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "daemon/quota.h"
#include "protocol/sqlstate.h"

#include <pthread.h>
#include <stdio.h>

#define SECOND UINT64_C(1000000)

static struct slice text(const char *s)
{
    return (struct slice){s, strlen(s)};
}

static struct quota *come(struct quotas *q, const char *tenant, uint32_t most, uint64_t now_us)
{
    struct err err;
    struct quota *it = quota_enter(q, text(tenant), most, now_us, &err);
    if (!it)
        assert_string_equal(err.sqlstate, SQLSTATE_TOO_MANY_CONNECTIONS);
    return it;
}

static void clients_are_counted(void **state)
{
    (void)state;
    struct quotas *q = quotas_new();
    struct quota *a = come(q, "a", 2, 0), *b = come(q, "b", 2, 0);
    assert_ptr_equal(come(q, "a", 2, 0), a);
    assert_null(come(q, "a", 2, 0));
    assert_ptr_equal(come(q, "a", 0, 0), a); /* no limit any more */
    assert_null(come(q, "a", 1, 0));         /* a lower one: nobody is sent away */
    assert_ptr_equal(come(q, "b", 2, 0), b);
    for (int i = 0; i < 3; i++)
        quota_leave(q, a, 0);
    a = come(q, "a", 1, 0);
    assert_non_null(a);
    quota_leave(q, a, 0);
    quota_leave(q, b, 0);
    quota_leave(q, b, 0);
    quota_leave(q, NULL, 0);
    quotas_free(q);
}

/* Statements as fast as they may run: never more than the limit and a tenth of it in a second, and
 * no fewer. */
static void the_rate_is_exact(void **state)
{
    (void)state;
    static const uint32_t rates[] = {1, 3, 10, 1000, 30000};
    for (size_t i = 0; i < sizeof(rates) / sizeof(rates[0]); i++) {
        struct quotas *q = quotas_new();
        struct quota *a = come(q, "a", 0, 0);
        uint64_t now_us = 0, seconds = 20;
        uint32_t ran = 0;
        while (now_us < seconds * SECOND) {
            int64_t wait_us = quota_pace(q, a, rates[i], 1, 10 * SECOND, now_us);
            assert_true(wait_us >= 0);
            now_us += (uint64_t)wait_us;
            ran++;
        }
        assert_in_range(ran, rates[i] * seconds, rates[i] * seconds + rates[i] / 10 + 10);
        quota_leave(q, a, now_us);
        quotas_free(q);
    }
}

static void who_would_wait_too_long_is_refused(void **state)
{
    (void)state;
    struct quotas *q = quotas_new();
    struct quota *a = come(q, "a", 0, 0);
    assert_int_equal(quota_pace(q, a, 10, 1, SECOND, 0), 0);
    assert_int_equal(quota_pace(q, a, 10, 9, SECOND, 0), 100000); /* nine of one message */
    assert_int_equal(quota_pace(q, a, 10, 1, SECOND, 0), 1000000);
    assert_int_equal(quota_pace(q, a, 10, 1, SECOND, 0), -1);
    assert_int_equal(quota_pace(q, a, 10, 1, SECOND, 0), -1); /* the refused one did not count */
    assert_int_equal(quota_pace(q, a, 10, 1, SECOND, 100000), 1000000);
    quota_leave(q, a, 0);
    quotas_free(q);
}

static void coming_back_makes_nobody_faster(void **state)
{
    (void)state;
    struct quotas *q = quotas_new();
    struct quota *a = come(q, "a", 0, 0);
    assert_int_equal(quota_pace(q, a, 1, 5, 10 * SECOND, 0), 0);
    quota_leave(q, a, 0);
    for (int i = 0; i < 10; i++) { /* others come and go */
        char name[16];
        snprintf(name, sizeof(name), "%d", i);
        quota_leave(q, come(q, name, 0, SECOND), SECOND);
    }
    a = come(q, "a", 0, SECOND);
    assert_int_equal(quota_pace(q, a, 1, 1, 10 * SECOND, SECOND), 4 * SECOND);
    quota_leave(q, a, SECOND);
    quota_leave(q, come(q, "b", 0, 9 * SECOND), 9 * SECOND); /* now it can be forgotten */
    quotas_free(q);
}

static void *work(void *arg)
{
    struct quotas *q = arg;
    for (int i = 0; i < 2000; i++) {
        struct quota *a = come(q, i % 2 ? "a" : "b", 0, 0);
        (void)quota_pace(q, a, 1000, 1, UINT64_MAX, 0);
        quota_leave(q, a, 0);
    }
    return NULL;
}

static void threads_share_it(void **state)
{
    (void)state;
    pthread_t threads[4];
    struct quotas *q = quotas_new();
    struct quota *a = come(q, "a", 0, 0);
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, work, q), 0);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    /* 4,000 statements of 1 ms each, but for the tenth of a second that may come at once */
    assert_int_equal(quota_pace(q, a, 1000, 1, UINT64_MAX, 0), 4 * SECOND - 99000);
    quota_leave(q, a, 0);
    assert_non_null(come(q, "a", 1, 0)); /* all have gone */
    quota_leave(q, a, 0);
    quotas_free(q);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(clients_are_counted),
        cmocka_unit_test(the_rate_is_exact),
        cmocka_unit_test(who_would_wait_too_long_is_refused),
        cmocka_unit_test(coming_back_makes_nobody_faster),
        cmocka_unit_test(threads_share_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
