/* link: protocol */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "protocol/err.h"
#include "protocol/sqlstate.h"

#include <string.h>

static void set_fills_code_and_message_and_empties_the_rest(void **state)
{
    (void)state;
    struct err e;
    memset(&e, 'x', sizeof(e));
    assert_int_equal(err_set(&e, SQLSTATE_SYNTAX_ERROR, "near \"%s\" at %d", "FORM", 7), -1);
    assert_string_equal(e.sqlstate, "42601");
    assert_string_equal(e.message, "near \"FORM\" at 7");
    assert_string_equal(e.detail, "");
    assert_string_equal(e.hint, "");
    assert_string_equal(e.schema, "");
    assert_string_equal(e.constraint, "");
    assert_int_equal(e.position, 0);
}

static void detail_and_hint_leave_the_rest(void **state)
{
    (void)state;
    struct err e;
    err_set(&e, SQLSTATE_INTERNAL_ERROR, "m");
    err_detail(&e, "d%d", 1);
    err_hint(&e, "h%d", 2);
    assert_string_equal(e.message, "m");
    assert_string_equal(e.detail, "d1");
    assert_string_equal(e.hint, "h2");
}

static void arguments_may_be_fields_of_the_same_error(void **state)
{
    (void)state;
    struct err e;
    err_set(&e, SQLSTATE_SYNTAX_ERROR, "inner");
    err_set(&e, e.sqlstate, "outer: %s", e.message);
    assert_string_equal(e.sqlstate, "42601");
    assert_string_equal(e.message, "outer: inner");
}

static void no_error_given_is_no_crash(void **state)
{
    (void)state;
    err_reset(NULL);
    assert_int_equal(err_set(NULL, SQLSTATE_INTERNAL_ERROR, "x"), -1);
    err_detail(NULL, "x");
    err_hint(NULL, "x");
}

/* A text is cut so that no character is left half. */
static void long_texts_are_cut_between_characters(void **state)
{
    (void)state;
    static const struct {
        const char *unit; /* repeated to fill more than the field */
        size_t bytes;
    } rows[] = {{"a", 1}, {"\xc3\xbc", 2}, {"\xe2\x82\xac", 3}, {"\xf0\x9f\x98\x80", 4}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        for (size_t shift = 0; shift < 4; shift++) {
            char text[2048];
            size_t n = 0;
            memset(text, 'x', shift);
            for (n = shift; n + rows[i].bytes < 1500; n += rows[i].bytes)
                memcpy(text + n, rows[i].unit, rows[i].bytes);
            text[n] = '\0';
            struct err e;
            err_set(&e, SQLSTATE_INTERNAL_ERROR, "%s", text);
            size_t len = strlen(e.message);
            assert_true(len < ERR_MESSAGE_BYTES && len + rows[i].bytes >= ERR_MESSAGE_BYTES);
            assert_int_equal((len - shift) % rows[i].bytes, 0);
            err_hint(&e, "%s", text);
            len = strlen(e.hint);
            assert_true(len < ERR_HINT_BYTES && len + rows[i].bytes >= ERR_HINT_BYTES);
            assert_int_equal((len - shift) % rows[i].bytes, 0);
        }
    }
}

static void copy_text_cuts_and_terminates(void **state)
{
    (void)state;
    char field[5];
    err_copy_text(field, sizeof(field), "abcdef", 6);
    assert_string_equal(field, "abcd");
    err_copy_text(field, sizeof(field), "abc\xc3\xbc", 5);
    assert_string_equal(field, "abc");
    err_copy_text(field, sizeof(field), NULL, 0);
    assert_string_equal(field, "");
    err_copy_text(field, sizeof(field), "\x80\x80\x80\x80\x80\x80", 6); /* no UTF-8: kept */
    assert_int_equal(strlen(field), 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(set_fills_code_and_message_and_empties_the_rest),
        cmocka_unit_test(detail_and_hint_leave_the_rest),
        cmocka_unit_test(arguments_may_be_fields_of_the_same_error),
        cmocka_unit_test(no_error_given_is_no_crash),
        cmocka_unit_test(long_texts_are_cut_between_characters),
        cmocka_unit_test(copy_text_cuts_and_terminates),
    };
    return cmocka_run_group_tests_name("err", tests, NULL, NULL);
}
