/* link: daemon */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "daemon/track.h"

static void change(struct track *g, const char *name, const char *value)
{
    struct err err;
    assert_int_equal(track_change(g, name, value, &err), 0);
}

static void start(struct track *g, const char *name, const char *value)
{
    struct err err;
    assert_int_equal(track_start(g, name, value, &err), 0);
}

static void is(const struct track *g, const char *name, const char *value)
{
    const char *now = track_set_get(g->now, name);
    if (value)
        assert_string_equal(now, value);
    else
        assert_null(now);
}

static void replays(const struct track_set *has, bool unknown, const struct track_set *wants,
                    const char *sql)
{
    struct buf b;
    buf_init(&b, 4096);
    track_replay(has, unknown, wants, &b);
    buf_append(&b, "", 1);
    assert_string_equal(buf_peek(&b).data, sql);
    buf_release(&b);
}

static void test_commit_and_rollback(void **state)
{
    (void)state;
    struct track g;
    track_init(&g);
    start(&g, "timezone", "UTC");
    change(&g, "timezone", "Asia/Tokyo");
    track_commit(&g);
    is(&g, "timezone", "Asia/Tokyo");
    change(&g, "timezone", "Europe/Bern");
    change(&g, "jit", "off");
    track_rollback(&g);
    is(&g, "timezone", "Asia/Tokyo");
    is(&g, "jit", NULL);
    change(&g, "timezone", NULL); /* RESET: what start-up said */
    track_commit(&g);
    is(&g, "timezone", "UTC");
    track_rollback(&g); /* nothing is open */
    is(&g, "timezone", "UTC");
    track_release(&g);
}

static void test_savepoints(void **state)
{
    (void)state;
    struct track g;
    struct err err;
    track_init(&g);
    change(&g, "a", "1");
    assert_int_equal(track_savepoint(&g, "s", &err), 0);
    change(&g, "a", "2");
    assert_int_equal(track_savepoint(&g, "s", &err), 0); /* hides the first */
    change(&g, "a", "3");
    track_rollback_to(&g, "s");
    is(&g, "a", "2");
    track_rollback_to(&g, "s"); /* it is still there */
    is(&g, "a", "2");
    track_release_savepoint(&g, "s");
    is(&g, "a", "2");
    track_rollback_to(&g, "s");
    is(&g, "a", "1");
    track_rollback_to(&g, "unknown");
    is(&g, "a", "1");
    track_rollback(&g);
    is(&g, "a", NULL);
    track_release(&g);
}

static void test_reset_all(void **state)
{
    (void)state;
    struct track g;
    track_init(&g);
    start(&g, "a", "1");
    change(&g, "a", "2");
    change(&g, "b", "3");
    track_commit(&g);
    track_reset_all(&g);
    is(&g, "a", "1");
    is(&g, "b", NULL);
    track_rollback(&g);
    is(&g, "a", "2");
    is(&g, "b", "3");
    track_release(&g);
}

static void test_replay(void **state)
{
    (void)state;
    struct track a, b;
    track_init(&a);
    track_init(&b);
    replays(NULL, false, NULL, "");
    replays(NULL, true, NULL, "RESET ALL;");
    change(&a, "timezone", "UTC");
    change(&a, "application_name", "it's \\ here");
    change(&b, "timezone", "UTC");
    change(&b, "my.own", "");
    replays(a.now, false, a.now, "");
    replays(a.now, false, b.now,
            "RESET \"application_name\";SELECT pg_catalog.set_config('my.own','',false);");
    replays(b.now, false, a.now,
            "RESET \"my\".\"own\";"
            "SELECT pg_catalog.set_config('application_name', E'it''s \\\\ here',false);");
    replays(b.now, true, b.now,
            "RESET ALL;SELECT pg_catalog.set_config('my.own','',false)"
            ",pg_catalog.set_config('timezone','UTC',false);");
    track_release(&a);
    track_release(&b);
}

/* DateStyle says two things: what one client has said of one must not stay when another says the other. */
static void test_row60_parts_of_datestyle(void **state)
{
    (void)state;
    struct track a, b;
    track_init(&a);
    track_init(&b);
    change(&a, "datestyle", "SQL, DMY");
    change(&b, "datestyle", "ISO");
    assert_string_equal(track_set_get(b.now, "datestyle"), "ISO");
    replays(a.now, false, b.now,
            "RESET \"datestyle\";SELECT pg_catalog.set_config('datestyle','ISO',false);");
    replays(b.now, false, a.now, "SELECT pg_catalog.set_config('datestyle','SQL, DMY',false);");
    change(&a, "datestyle", "iso");
    assert_string_equal(track_set_get(a.now, "datestyle"), "ISO, DMY");
    change(&a, "datestyle", "European, Postgres");
    assert_string_equal(track_set_get(a.now, "datestyle"), "Postgres, DMY");
    change(&a, "datestyle", "german");
    assert_string_equal(track_set_get(a.now, "datestyle"), "German, DMY");
    change(&a, "datestyle", "US");
    assert_string_equal(track_set_get(a.now, "datestyle"), "German, MDY");
    change(&a, "datestyle", "YMD");
    assert_string_equal(track_set_get(a.now, "datestyle"), "German, YMD");
    track_release(&a);
    track_release(&b);
}

static void test_sets_are_equal_by_content(void **state)
{
    (void)state;
    struct track a, b;
    track_init(&a);
    track_init(&b);
    assert_true(track_set_equal(a.now, b.now));
    change(&a, "x", "1");
    change(&a, "y", "2");
    change(&b, "y", "2");
    assert_false(track_set_equal(a.now, b.now));
    change(&b, "x", "1");
    assert_true(track_set_equal(a.now, b.now));
    change(&b, "x", "2");
    assert_false(track_set_equal(a.now, b.now));
    change(&b, "x", NULL);
    change(&b, "y", NULL);
    assert_null(b.now);
    track_release(&a);
    track_release(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_commit_and_rollback),
        cmocka_unit_test(test_savepoints),
        cmocka_unit_test(test_reset_all),
        cmocka_unit_test(test_replay),
        cmocka_unit_test(test_row60_parts_of_datestyle),
        cmocka_unit_test(test_sets_are_equal_by_content),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
