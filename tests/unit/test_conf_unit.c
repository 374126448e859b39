/* link: conf */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "conf/arena.h"
#include "conf/diag.h"
#include "conf/unit.h"

#include <string.h>

static void test_number(void **state)
{
    (void)state;
    uint64_t n = 7;
    assert_int_equal(unit_number("0", &n), 0);
    assert_int_equal(n, 0);
    assert_int_equal(unit_number("18446744073709551615", &n), 0);
    assert_true(n == UINT64_MAX);
    const char *const bad[] = {
        "", "-1", "+1", " 1", "1 ", "0x1", "1.0", "1e3", "18446744073709551616"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(unit_number(bad[i], &n), -1);
    assert_true(n == UINT64_MAX); /* untouched on failure */
}

static void test_duration(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint64_t ms;
    } good[] = {{"250ms", 250},    {"10s", 10000}, {"5m", 300000}, {"1h", 3600000},
                {"7d", 604800000}, {"0", 0},       {"0s", 0},      {"90m", 5400000}};
    uint64_t ms = 7;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_int_equal(unit_duration(good[i].text, &ms), 0);
        assert_int_equal(ms, good[i].ms);
    }
    const char *const bad[] = {"",      "10",    "s",   "1.5h", "10 s",         "10S",
                               "10sec", "1m30s", "-1s", "10us", "213503982335d"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(unit_duration(bad[i], &ms), -1);
}

static void test_size(void **state)
{
    (void)state;
    uint64_t n = 7;
    assert_int_equal(unit_size("64KiB", &n), 0);
    assert_int_equal(n, 65536);
    assert_int_equal(unit_size("16MiB", &n), 0);
    assert_int_equal(n, 16 << 20);
    assert_int_equal(unit_size("3GiB", &n), 0);
    assert_true(n == UINT64_C(3) << 30);
    assert_int_equal(unit_size("12B", &n), 0);
    assert_int_equal(n, 12);
    const char *const bad[] = {"",    "1",      "1K",  "1KB",           "1kib",
                               "1MB", "1.5MiB", "MiB", "17179869184GiB"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(unit_size(bad[i], &n), -1);
}

static void test_format(void **state)
{
    (void)state;
    char text[UNIT_TEXT_BYTES];
    unit_duration_format(90000, text);
    assert_string_equal(text, "90s");
    unit_duration_format(3600000, text);
    assert_string_equal(text, "1h");
    unit_duration_format(1500, text);
    assert_string_equal(text, "1500ms");
    unit_duration_format(0, text);
    assert_string_equal(text, "0");
    unit_size_format(UINT64_C(1) << 30, text);
    assert_string_equal(text, "1GiB");
    unit_size_format(1025, text);
    assert_string_equal(text, "1025B");
    unit_size_format(UINT64_MAX, text);
    assert_string_equal(text, "18446744073709551615B");
}

/* What was allocated stays where it is, zeroed and aligned, across chunks and larger than one. */
static void test_arena(void **state)
{
    (void)state;
    struct conf_arena *a = conf_arena_new();
    char *kept[200];
    for (int i = 0; i < 200; i++) {
        kept[i] = conf_arena_format(a, "text %d", i);
        unsigned char *large = conf_arena_alloc(a, (size_t)i * 301);
        assert_non_null(kept[i]);
        assert_int_equal((uintptr_t)large % sizeof(max_align_t), 0);
        for (size_t k = 0; k < (size_t)i * 301; k++)
            assert_int_equal(large[k], 0);
        memset(large, 0xff, (size_t)i * 301);
    }
    assert_string_equal(kept[0], "text 0");
    assert_string_equal(kept[199], "text 199");
    assert_false(conf_arena_failed(a));
    assert_null(conf_arena_array(a, SIZE_MAX / 2, 4));
    assert_true(conf_arena_failed(a));
    conf_arena_free(a);
    conf_arena_free(NULL);
}

static void test_nearest(void **state)
{
    (void)state;
    static const char *const names[] = {"size", "idle", "lifetime", "queue_timeout"};
    struct diag d = {.arena = conf_arena_new()};
    assert_string_equal(diag_nearest(&d, "sise", names, 4), "; did you mean \"size\"?");
    assert_string_equal(diag_nearest(&d, "life_time", names, 4), "; did you mean \"lifetime\"?");
    assert_string_equal(diag_nearest(&d, "QueueTimeout", names, 4),
                        "; did you mean \"queue_timeout\"?");
    assert_string_equal(diag_nearest(&d, "frob", names, 4), "");
    assert_string_equal(diag_nearest(&d, "", names, 4), "");
    assert_string_equal(diag_nearest(&d, "x", names, 0), "");
    conf_arena_free(d.arena);
}

/* More findings than anyone reads are counted, not kept; the rest comes in the order of the file.
 */
static void test_many(void **state)
{
    (void)state;
    struct diag d = {.arena = conf_arena_new()};
    struct diag_file file = {.path = "f.yaml", .brief = "f.yaml"};
    struct conf_errors errors;
    for (int i = 500; i > 0; i--) {
        struct diag_place at = {&file, i, 1};
        diag_add(&d, &at, "key", "bad\n%d", i);
    }
    diag_take(&d, "f.yaml", &errors);
    conf_arena_free(d.arena);
    assert_int_equal(errors.n, 101);
    assert_string_equal(errors.lines[0], "f.yaml:401:1: in key: bad?401");
    assert_string_equal(errors.lines[99], "f.yaml:500:1: in key: bad?500");
    assert_string_equal(errors.lines[100], "f.yaml:1:1: 400 more errors");
    conf_errors_release(&errors);
    assert_int_equal(errors.n, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_number), cmocka_unit_test(test_duration),
        cmocka_unit_test(test_size),   cmocka_unit_test(test_format),
        cmocka_unit_test(test_arena),  cmocka_unit_test(test_nearest),
        cmocka_unit_test(test_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
