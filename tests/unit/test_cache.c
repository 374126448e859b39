/* link: policy */
#include "policy/cache.h"

#include "unit/policy_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

struct caching {
    struct fixture fixture;
    struct policy_cache *cache;
    struct policy_request req;
};

static int setup(void **state)
{
    struct caching *f = calloc(1, sizeof *f);
    policy_thread_init();
    fixture_attacks(&f->fixture);
    f->cache = policy_cache_new((size_t)1 << 20);
    f->req = (struct policy_request){
        .rules = &f->fixture.rules, .catalog = f->fixture.catalog, .epoch = 1, .confined = true};
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct caching *f = *state;
    policy_cache_free(f->cache);
    fixture_release(&f->fixture);
    policy_thread_release();
    free(f);
    return 0;
}

static struct decision *decide(struct caching *f, const char *sql)
{
    struct err err;
    f->req.sql = (struct slice){sql, strlen(sql)};
    struct decision *d = policy_decide(f->cache, &f->req, &err);
    assert_non_null(d);
    return d;
}

/* The first text of a shape shows that there is one, and is not kept. */
static struct decision *decide_kept(struct caching *f, const char *sql)
{
    decision_unref(decide(f, sql));
    return decide(f, sql);
}

/* A plan holds for one mode and one schema. */
static void test_modes_have_their_own(void **state)
{
    struct caching *f = *state;
    static const struct {
        enum isolation isolation;
        const char *schema;
    } places[] = {{ISOLATION_ROW, NULL},         {ISOLATION_RLS, NULL},       {ISOLATION_DATABASE, NULL},
                  {ISOLATION_SCHEMA, "t_acme"}, {ISOLATION_SCHEMA, "t_acm"}, {ISOLATION_SCHEMA, ""}};
    struct decision *made[6];
    for (size_t round = 0; round < 2; round++)
        for (size_t i = 0; i < 6; i++) {
            char schema[16]; /* equal texts at different places */
            f->req.isolation = places[i].isolation;
            f->req.schema = places[i].schema ? memcpy(schema, places[i].schema, strlen(places[i].schema) + 1) : NULL;
            struct decision *d = round == 0 ? decide_kept(f, "SELECT 1") : decide(f, "SELECT 1");
            for (size_t k = 0; round == 0 && k < i; k++)
                assert_ptr_not_equal(d, made[k]);
            if (round == 0) {
                made[i] = d;
                continue;
            }
            assert_ptr_equal(d, made[i]);
            decision_unref(d);
            decision_unref(made[i]);
        }
    f->req.isolation = ISOLATION_ROW;
    f->req.schema = NULL;
}

static void test_same_text_same_plan(void **state)
{
    struct caching *f = *state;
    struct decision *a = decide_kept(f, "SELECT * FROM country");
    struct decision *b = decide(f, "SELECT * FROM country");
    assert_ptr_equal(a, b);
    struct decision *c = decide(f, "SELECT * FROM country ");
    assert_ptr_not_equal(a, c);
    decision_unref(a);
    decision_unref(b);
    decision_unref(c);
}

/* Whatever a decision depends on is in the key. */
static void test_key(void **state)
{
    struct caching *f = *state;
    const char *sql = "SELECT * FROM \"User\"";
    struct decision *confined = decide_kept(f, sql);
    f->req.confined = false;
    struct decision *owner = decide(f, sql);
    f->req.confined = true;
    f->req.single = true;
    struct decision *single = decide(f, sql);
    f->req.single = false;
    f->req.epoch = 2;
    struct decision *later = decide(f, sql);
    assert_true(confined->plans[0]->hidden);
    assert_false(owner->plans[0]->hidden);
    assert_ptr_not_equal(confined, single);
    assert_ptr_not_equal(confined, later);
    assert_int_not_equal(confined->plans[0]->id, later->plans[0]->id);
    decision_unref(confined);
    decision_unref(owner);
    decision_unref(single);
    decision_unref(later);
}

/* A cache full of texts lets the oldest go; a decision in use outlives its place. */
static void test_bounded(void **state)
{
    struct caching *f = *state;
    struct decision *first = decide_kept(f, "SELECT 0");
    for (int i = 1; i < 6000; i++) {
        char sql[32];
        snprintf(sql, sizeof sql, "SELECT 1 AS n%d", i);
        decision_unref(decide_kept(f, sql));
    }
    struct decision *again = decide(f, "SELECT 0");
    assert_ptr_not_equal(first, again);
    assert_string_equal(first->plans[0]->text, again->plans[0]->text);
    decision_unref(first);
    decision_unref(again);
}

static void test_used_stays(void **state)
{
    struct caching *f = *state;
    struct decision *first = decide_kept(f, "SELECT 0");
    for (int i = 1; i < 6000; i++) {
        char sql[32];
        snprintf(sql, sizeof sql, "SELECT 1 AS n%d", i);
        decision_unref(decide_kept(f, sql));
        struct decision *same = decide(f, "SELECT 0");
        assert_ptr_equal(first, same);
        decision_unref(same);
    }
    decision_unref(first);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_modes_have_their_own, setup, teardown),
        cmocka_unit_test_setup_teardown(test_same_text_same_plan, setup, teardown),
        cmocka_unit_test_setup_teardown(test_key, setup, teardown),
        cmocka_unit_test_setup_teardown(test_bounded, setup, teardown),
        cmocka_unit_test_setup_teardown(test_used_stays, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
