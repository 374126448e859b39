/* link: protocol */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "protocol/buf.h"

#include <stdlib.h>
#include <string.h>

/* The sanitizers' allocators would end the process instead of returning NULL. */
__attribute__((visibility("default"))) const char *__asan_default_options(void);
__attribute__((visibility("default"))) const char *__tsan_default_options(void);

const char *__asan_default_options(void)
{
    return "allocator_may_return_null=1";
}

const char *__tsan_default_options(void)
{
    return "allocator_may_return_null=1";
}

static void appended_bytes_come_out_in_order(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 100);
    assert_int_equal(buf_len(&b), 0);
    assert_null(buf_peek(&b).data);
    assert_int_equal(buf_append(&b, "hello ", 6), 0);
    assert_int_equal(buf_append(&b, "world", 5), 0);
    assert_int_equal(buf_append(&b, NULL, 0), 0);
    assert_memory_equal(buf_peek(&b).data, "hello world", 11);
    buf_consume(&b, 6);
    assert_int_equal(buf_len(&b), 5);
    assert_memory_equal(buf_peek(&b).data, "world", 5);
    buf_consume(&b, 5);
    assert_int_equal(buf_len(&b), 0);
    buf_release(&b);
    assert_null(b.data);
}

static void past_the_maximum_it_fails_and_frees(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 10);
    assert_int_equal(buf_append(&b, "0123456789", 10), 0); /* exactly the maximum fits */
    assert_int_equal(buf_append(&b, NULL, 0), 0);
    assert_int_equal(buf_append(&b, "x", 1), -1);
    assert_true(b.failed);
    assert_null(b.data);
    assert_int_equal(buf_len(&b), 0);
    assert_int_equal(buf_append(&b, "x", 1), -1); /* sticky */
    assert_int_equal(buf_append(&b, NULL, 0), -1);
    assert_null(buf_reserve(&b, 1));
    buf_commit(&b, 1);
    assert_int_equal(buf_len(&b), 0);
    buf_reset(&b);
    assert_false(b.failed);
    assert_int_equal(buf_append(&b, "x", 1), 0);
    buf_release(&b);
}

static void consumed_bytes_make_room_again(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 10);
    for (int i = 0; i < 1000; i++) {
        assert_int_equal(buf_append(&b, "0123456789", 10), 0);
        buf_consume(&b, 7);
        assert_int_equal(buf_append(&b, "abcdefg", 7), 0);
        assert_memory_equal(buf_peek(&b).data, "789abcdefg", 10);
        buf_consume(&b, 10);
    }
    buf_release(&b);
}

static void overflowing_lengths_are_refused(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, SIZE_MAX);
    assert_int_equal(buf_append(&b, "abc", 3), 0);
    assert_null(buf_reserve(&b, SIZE_MAX));
    assert_true(b.failed);
    buf_reset(&b);
    assert_int_equal(buf_append(&b, "abc", 3), 0);
    assert_null(buf_reserve(&b, SIZE_MAX - 3)); /* fits the maximum, but there is no such memory */
    assert_true(b.failed);
    buf_release(&b);
    buf_init(&b, 0);
    assert_int_equal(buf_append(&b, "", 0), 0);
    assert_int_equal(buf_append(&b, "a", 1), -1);
    buf_release(&b);
}

static void reserve_then_commit_less(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 1000);
    char *p = buf_reserve(&b, 500);
    assert_non_null(p);
    memset(p, 'z', 500);
    assert_int_equal(buf_len(&b), 0);
    buf_commit(&b, 3);
    assert_int_equal(buf_len(&b), 3);
    assert_memory_equal(buf_peek(&b).data, "zzz", 3);
    buf_commit(&b, 2000); /* a caller's mistake loses the content, never memory safety */
    assert_true(b.failed);
    buf_release(&b);
}

static void consuming_too_much_empties(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 1000);
    buf_append(&b, "abc", 3);
    buf_consume(&b, 1000);
    assert_int_equal(buf_len(&b), 0);
    buf_release(&b);
}

/* A queue that stays nearly full: had each append moved the content, this would move 16 TB. */
static void a_full_queue_does_not_move_at_each_append(void **state)
{
    (void)state;
    enum { FULL = 8 << 20 };
    struct buf b;
    buf_init(&b, FULL);
    char *p = buf_reserve(&b, FULL - 8);
    assert_non_null(p);
    memset(p, 0, FULL - 8);
    buf_commit(&b, FULL - 8);
    size_t moves = 0;
    for (int i = 0; i < 2000000; i++) {
        buf_consume(&b, 8);
        const char *front = b.data;
        size_t start = b.start;
        assert_int_equal(buf_append(&b, "12345678", 8), 0);
        moves += b.data != front || b.start != start;
    }
    assert_true(moves <= 8);
    assert_true(b.cap <= (size_t)FULL + FULL / 2);
    buf_release(&b);
}

/* Against a plain model: random appends and takes never lose or change a byte. */
static void behaves_like_a_queue(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 5000);
    uint32_t seed = 1;
    uint8_t in = 0, out = 0;
    for (int i = 0; i < 200000; i++) {
        seed = seed * 1664525u + 1013904223u;
        size_t n = (seed >> 8) % 700;
        if (seed >> 31) {
            if (n > 5000 - buf_len(&b))
                n = 5000 - buf_len(&b);
            char *p = buf_reserve(&b, n);
            assert_non_null(p);
            for (size_t k = 0; k < n; k++)
                p[k] = (char)in++;
            buf_commit(&b, n);
        } else {
            struct slice s = buf_peek(&b);
            if (n > s.len)
                n = s.len;
            for (size_t k = 0; k < n; k++)
                assert_int_equal((uint8_t)s.data[k], out++);
            buf_consume(&b, n);
        }
        assert_false(b.failed);
    }
    buf_release(&b);
}

static void quotes_in_a_text_are_doubled(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 100);
    buf_quote(&b, "", '"');
    buf_quote(&b, "a\"b'", '"');
    buf_quote(&b, "it's \"\"", '\'');
    char *text = buf_take_text(&b);
    assert_string_equal(text, "\"\"\"a\"\"b'\"'it''s \"\"'");
    free(text);
}

static void a_text_is_taken_once_and_only_whole(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b, 4);
    char *empty = buf_take_text(&b);
    assert_string_equal(empty, "");
    free(empty);
    buf_append(&b, "xabc", 4);
    buf_consume(&b, 1);
    char *text = buf_take_text(&b);
    assert_string_equal(text, "abc");
    assert_int_equal(buf_len(&b), 0);
    assert_null(b.data);
    free(text);
    buf_append(&b, "12345", 5);
    assert_null(buf_take_text(&b));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(appended_bytes_come_out_in_order),
        cmocka_unit_test(past_the_maximum_it_fails_and_frees),
        cmocka_unit_test(consumed_bytes_make_room_again),
        cmocka_unit_test(overflowing_lengths_are_refused),
        cmocka_unit_test(reserve_then_commit_less),
        cmocka_unit_test(consuming_too_much_empties),
        cmocka_unit_test(a_full_queue_does_not_move_at_each_append),
        cmocka_unit_test(behaves_like_a_queue),
        cmocka_unit_test(quotes_in_a_text_are_doubled),
        cmocka_unit_test(a_text_is_taken_once_and_only_whole),
    };
    return cmocka_run_group_tests_name("buf", tests, NULL, NULL);
}
