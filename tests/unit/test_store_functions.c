/* link: store */
/* PostgreSQL's functions as SQLite sees them: expression in, text or SQLSTATE out. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include "daemon/store/functions.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>

struct fixture {
    sqlite3 *db;
    struct store_context context;
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    assert_non_null(f);
    assert_int_equal(sqlite3_open(":memory:", &f->db), SQLITE_OK);
    types_session_init(&f->context.types);
    f->context.db = f->db;
    f->context.user = "someone";
    f->context.database = "app";
    f->context.transaction_us = 86400000000;
    assert_int_equal(functions_register(f->db, &f->context), SQLITE_OK);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(sqlite3_close(f->db), SQLITE_OK);
    types_session_release(&f->context.types);
    free(f);
    return 0;
}

/* The value of ${sql} as text, "NULL", or the SQLSTATE raised. */
static void evaluate(struct fixture *f, const char *sql, char *ret, size_t size)
{
    sqlite3_stmt *stmt;
    char *text = sqlite3_mprintf("SELECT %s", sql);
    err_reset(&f->context.raised);
    if (sqlite3_prepare_v2(f->db, text, -1, &stmt, NULL) != SQLITE_OK)
        fail_msg("%s: %s", sql, sqlite3_errmsg(f->db));
    if (sqlite3_step(stmt) != SQLITE_ROW)
        snprintf(ret, size, "%s", f->context.raised.sqlstate);
    else if (sqlite3_column_type(stmt, 0) == SQLITE_NULL)
        snprintf(ret, size, "NULL");
    else
        snprintf(ret, size, "%s", (const char *)sqlite3_column_text(stmt, 0));
    sqlite3_finalize(stmt);
    sqlite3_free(text);
}

struct row {
    const char *sql, *expected;
};

static void check_rows(void **state, const struct row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        char got[512];
        evaluate(*state, rows[i].sql, got, sizeof(got));
        if (strcmp(got, rows[i].expected) != 0)
            fail_msg("%s: %s, expected %s", rows[i].sql, got, rows[i].expected);
    }
}

#define CHECK(state, rows) check_rows(state, rows, sizeof(rows) / sizeof((rows)[0]))

static void test_text(void **state)
{
    static const struct row rows[] = {
        {"pgf_upper('aé')", "AÉ"},
        {"pgf_lower(NULL)", "NULL"},
        {"pgf_initcap('élan vital')", "Élan Vital"},
        {"pgf_substring('hello', -1, 4)", "he"},
        {"pgf_substring('hello', 2)", "ello"},
        {"pgf_substring('日本語', 2, 1)", "本"},
        {"pgf_substring('x', 1, -1)", "22011"},
        {"pgf_left('hello', -2)", "hel"},
        {"pgf_right('hello', -2)", "llo"},
        {"pgf_lpad('a', 3, 'xy')", "xya"},
        {"pgf_rpad('abc', 2, ' ')", "ab"},
        {"pgf_replace('aXa', 'X', '')", "aa"},
        {"pgf_replace('a', '', 'b')", "a"},
        {"pgf_split_part('a,b,c', ',', 2)", "b"},
        {"pgf_split_part('a,b', ',', -1)", "b"},
        {"pgf_split_part('a', ',', 0)", "22023"},
        {"pgf_overlay('abcdef', 'XX', 2, 3)", "aXXef"},
        {"pgf_reverse('日本')", "本日"},
        {"pgf_repeat('ab', 2)", "abab"},
        {"pgf_concat('a', NULL, 'b')", "ab"},
        {"pgf_concat_ws('-', 'a', NULL, 'b')", "a-b"},
        {"pgf_concat_ws(NULL, 'a')", "NULL"},
        {"pgf_translate('abc', 'ab', 'x')", "xc"},
        {"pgf_chr(8364)", "€"},
        {"pgf_chr(0)", "54000"},
        {"pgf_md5('a')", "0cc175b9c0f1b6a831c399e269772661"},
        {"pgf_quote_literal('a''b')", "'a''b'"},
        {"pgf_repeat('aaaaaaaaaa', 100000000)", "54000"},
    };
    CHECK(state, rows);
}

static void test_patterns(void **state)
{
    static const struct row rows[] = {
        {"pgf_like('abc', 'a%')", "1"},
        {"pgf_like('ABC', 'a%')", "0"},
        {"pgf_like('a_c', 'a\\_c')", "1"},
        {"pgf_like('abc', 'a\\_c')", "0"},
        {"pgf_like('日本', '__')", "1"},
        {"pgf_like('aXbXc', '%X%X%')", "1"},
        {"pgf_like('', '%')", "1"},
        {"pgf_like('a', '')", "0"},
        {"pgf_like('ab', 'a\\')", "22025"},
        {"pgf_ilike('É', 'é')", "1"},
        {"pgf_like_escape('a!%', '!')", "a\\%"},
        {"pgf_like_escape('a', 'xy')", "22019"},
        {"pgf_regex('abc', '^a.c$')", "1"},
        {"pgf_regex('ab', 'c|b')", "1"},
        {"pgf_regex('a\n', 'a$')", "0"},
        {"pgf_iregex('ABC', 'b')", "1"},
        {"pgf_regex('a', '(')", "2201B"},
        {"pgf_regex('A', '(?i)a')", "1"},
        {"pgf_regex('a', 'a++')", "2201B"},
        {"pgf_regex('a1', '\\d')", "1"},
        {"pgf_regex('a', '[[.a.]]')", "0A000"},
        {"pgf_regex('a.', '***=a.')", "1"},
    };
    CHECK(state, rows);
}

static void test_numbers(void **state)
{
    static const struct row rows[] = {
        {"pgf_int4(2147483647)", "2147483647"},
        {"pgf_int4(2147483648)", "22003"},
        {"pgf_int2(-32769)", "22003"},
        {"pgf_add(9223372036854775807, 1)", "22003"},
        {"pgf_mul(3037000500, 3037000500)", "22003"},
        {"pgf_div(-7, 2)", "-3"},
        {"pgf_div(1, 0)", "22012"},
        {"pgf_div(-9223372036854775807 - 1, -1)", "22003"},
        {"pgf_mod(-7, 3)", "-1"},
        {"pgf_mod(-9223372036854775807 - 1, -1)", "0"},
        {"pgf_mod(1, 0)", "22012"},
        {"pgf_fdiv(1.0, 0.0)", "22012"},
        {"pgf_fmul(1e308, 10.0)", "22003"},
        {"pgf_float_int(2.5, 'integer')", "2"},
        {"pgf_float_int(1e30, 'bigint')", "22003"},
        {"pgf_sqrt(-1.0)", "2201F"},
        {"pgf_ln(0.0)", "2201E"},
        {"pgf_exp(1000.0)", "22003"},
        {"pgf_shift(1, 31, 32, 1)", "-2147483648"},
        {"pgf_shift(1, 32, 32, 1)", "1"},
        {"pgf_limit(NULL)", "-1"},
        {"pgf_limit(-1)", "2201W"},
        {"pgf_offset(-1)", "2201X"},
        {"pgf_greatest_of(23, 1, NULL, 3, 2)", "3"},
        {"pgf_least_of(25, 'b', 'a')", "a"},
        {"pgf_input(23, '12abc')", "22P02"},
        {"pgf_typmod(1043, 7, 0, 'abcd')", "22001"},
        {"pgf_typmod(1043, 7, 1, 'abcd')", "abc"},
        {"pgf_not_null(NULL, 'c', 't')", "23502"},
    };
    CHECK(state, rows);
}

static void test_numeric(void **state)
{
    static const struct row rows[] = {
        {"pgf_num_add('0.1', '0.2')", "0.3"},
        {"pgf_num_add('9999.9999', '0.0001')", "10000.0000"},
        {"pgf_num_sub('1', '1.00')", "0.00"},
        {"pgf_num_sub('1', '20000.5')", "-19999.5"},
        {"pgf_num_mul('1.10', '2.200')", "2.42000"},
        {"pgf_num_mul('99999999999999999999', '99999999999999999999')",
         "9999999999999999999800000000000000000001"},
        {"pgf_num_div('5.0', '3')", "1.6666666666666667"},
        {"pgf_num_div('1', '3.0')", "0.33333333333333333333"},
        {"pgf_num_div('0.001', '3')", "0.00033333333333333333"},
        {"pgf_num_div('1', '0.0003')", "3333.3333333333333333"},
        {"pgf_num_div('22', '7')", "3.1428571428571429"},
        {"pgf_num_div('1', '0')", "22012"},
        {"pgf_num_mod('-7.5', '2')", "-1.5"},
        {"pgf_num_mod('10', '3.00')", "1.00"},
        {"pgf_num_round('2.5', 0)", "3"},
        {"pgf_num_round('-2.5', 0)", "-3"},
        {"pgf_num_round('1234.567', -2)", "1200"},
        {"pgf_num_round('9999.9999', 2)", "10000.00"},
        {"pgf_num_round('5', -1)", "10"},
        {"pgf_num_round('4', -1)", "0"},
        {"pgf_num_trunc('-1.79', 1)", "-1.7"},
        {"pgf_num_ceil('-0.5')", "0"},
        {"pgf_num_floor('-0.5')", "-1"},
        {"pgf_num_int('2147483647.5', 'integer')", "2147483648"},
        {"pgf_num_int('1e', 'integer')", "0A000"},
        {"pgf_num_float('1.5')", "1.5"},
        {"pgf_float_num(0.1, 15)", "0.1"},
        {"pgf_float_num(1e20, 15)", "100000000000000000000"},
        {"pgf_float_num(-1.5e-7, 15)", "-0.00000015"},
        {"pgf_num_add('NaN', '1')", "NaN"},
        {"pgf_greatest_of(1700, '10', '9.5', NULL)", "10"},
    };
    CHECK(state, rows);
}

static void test_time(void **state)
{
    static const struct row rows[] = {
        {"pgf_now()", "86400000000"},
        {"pgf_date_add(0, 31)", "31"},
        {"pgf_date_timestamp(1)", "86400000000"},
        {"pgf_timestamp_date(-1)", "-1"},
        {"pgf_date_trunc('month', 5097600000000)", "2678400000000"},
        {"pgf_date_trunc('month', 5184000000001)", "5184000000000"},
        {"pgf_date_trunc('fortnight', 0)", "22023"},
        {"pgf_extract('year', 0, 1114, 0)", "2000"},
        {"pgf_extract('dow', 0, 1082, 0)", "6"},
        {"pgf_extract('epoch', 0, 1114, 0)", "946684800.000000"},
        {"pgf_extract('second', 61500000, 1114, 0)", "1.500000"},
        {"pgf_extract('hour', 0, 1082, 0)", "0A000"},
        {"pgf_make_date(2023, 2, 29)", "22008"},
        {"pgf_output(1114, pgf_timestamp_add(pgf_input(1114, '2024-01-31'), pgf_input(1186, '1 "
         "month'), 1))",
         "2024-02-29 00:00:00"},
        {"pgf_interval_compare(pgf_input(1186, '1 mon'), pgf_input(1186, '30 days'))", "0"},
        {"pgf_extract_interval('epoch', pgf_input(1186, '1 year 1 mon 1 day'), 0)", "34236000.000000"},
        {"pgf_extract_interval('week', pgf_input(1186, '1 day'), 0)", "0A000"},
        {"pgf_output(1186, pgf_timestamp_diff(90061000000, 0))", "1 day 01:01:01"},
        {"pgf_output(1114, pgf_at_zone('+02', 0, 1))", "1999-12-31 22:00:00"},
    };
    CHECK(state, rows);
}

static void test_json(void **state)
{
    static const struct row rows[] = {
        {"pgf_json_field('{\"a\" : {\"b\": [1]}, \"a\": 2}', 'a')", "2"},
        {"pgf_json_field('[1]', 'a')", "NULL"},
        {"pgf_json_field_text('{\"a\":\"x\\n\\u00e9\\ud83d\\ude00\"}', 'a')", "x\né😀"},
        {"pgf_json_field_text('{\"a\":null}', 'a')", "NULL"},
        {"pgf_json_field('{\"a\":null}', 'a')", "null"},
        {"pgf_json_element('[1, [2, \"]\"], 3]', 1)", "[2, \"]\"]"},
        {"pgf_json_element('[1,2]', -1)", "2"},
        {"pgf_json_element('[1,2]', 5)", "NULL"},
        {"pgf_json_typeof(' {}')", "object"},
        {"pgf_json_array_length('[1,{\"a\":[1,2]}]')", "2"},
        {"pgf_json_array_length('{}')", "22023"},
        {"pgf_to_json(25, 'a\"\\b\n')", "\"a\\\"\\\\b\\n\""},
        {"pgf_to_json(16, 1)", "true"},
        {"pgf_to_json(1114, 0)", "\"2000-01-01T00:00:00\""},
        {"pgf_to_json(1184, 0)", "\"2000-01-01T00:00:00+00:00\""},
        {"pgf_jsonb_build_object('b', '1', 'a', '\"x\"')", "{\"a\": \"x\", \"b\": 1}"},
        {"pgf_json_build_object('b', '1')", "{\"b\" : 1}"},
        {"pgf_json_build_object('b')", "22023"},
        {"pgf_json_path_text('{\"a\":[1,{\"b\":\"x\"}]}', '[\"a\",\"-1\",\"b\"]')", "x"},
        {"pgf_json_path('{\"a\":1}', '[null]')", "NULL"},
        {"pgf_json_path('{\"a\":1}', '[]')", "{\"a\":1}"},
        {"pgf_jsonb_contains('{\"a\": [1, {\"b\": 2}]}', '{\"a\": [{\"b\": 2.0}]}')", "1"},
        {"pgf_jsonb_contains('[1]', '1')", "1"},
        {"pgf_jsonb_contains('{\"a\": [1]}', '{\"a\": 1}')", "0"},
        {"pgf_jsonb_exists('[\"a\"]', 'a')", "1"},
        {"pgf_jsonb_concat('{\"a\": 1}', '{\"a\": 2}')", "{\"a\": 2}"},
        {"pgf_jsonb_concat('[]', '{}')", "[{}]"},
        {"pgf_array_get(1009, '[\"a\",null]', 2)", "NULL"},
        {"pgf_array_to_string(1009, '[\"a\",null,\"b\"]', '-', NULL)", "a-b"},
        {"pgf_string_to_array('a,,b', ',', '')", "[\"a\",null,\"b\"]"},
        {"pgf_array(25, 'a,b', NULL)", "[\"a,b\",null]"},
        {"pgf_array_length(1009, '[\"a,b\",null]', 1)", "2"},
    };
    CHECK(state, rows);
}

static void test_aggregates(void **state)
{
    static const struct row rows[] = {
        {"pgf_avg_numeric(x) FROM (SELECT 1 AS x UNION ALL SELECT 2 UNION ALL SELECT 2)",
         "1.6666666666666667"},
        {"pgf_sum_numeric(x) FROM (SELECT 9223372036854775807 AS x UNION ALL SELECT "
         "9223372036854775807)",
         "18446744073709551614"},
        {"pgf_sum_numeric(x) FROM (SELECT '1.5' AS x UNION ALL SELECT '-2.25')", "-0.75"},
        {"pgf_sum_numeric(x) FROM (SELECT NULL AS x)", "NULL"},
        {"pgf_string_agg(x, ',') FROM (SELECT 'b' AS x UNION ALL SELECT NULL UNION ALL SELECT 'a')",
         "b,a"},
        {"pgf_string_agg(x, ',', '1', x) FROM (SELECT 'a' AS x UNION ALL SELECT 'b')", "b,a"},
        {"pgf_string_agg(x, '-', 'u0', x) FROM (SELECT 'b' AS x UNION ALL SELECT 'a' UNION ALL "
         "SELECT 'b')",
         "a-b"},
        {"pgf_avg_numeric(x) OVER (ORDER BY x ROWS 1 PRECEDING) FROM (SELECT 2 AS x UNION ALL "
         "SELECT 1) LIMIT 1 OFFSET 1",
         "1.5000000000000000"},
        {"pgf_array_agg(25, x, '2', x) FROM (SELECT 'a' AS x UNION ALL SELECT NULL)", "[null,\"a\"]"},
        {"pgf_single(x) FROM (SELECT 1 AS x WHERE 0)", "NULL"},
        {"pgf_single(x) FROM (SELECT 7 AS x)", "7"},
        {"pgf_single(x) FROM (SELECT 1 AS x UNION ALL SELECT 1)", "21000"},
        {"count(*) FROM (SELECT 1 AS x UNION ALL SELECT 2) WHERE pgf_once('', x)", "2"},
        {"count(*) FROM (SELECT 1 AS x UNION ALL SELECT 1) WHERE pgf_once('', x)", "21000"},
        {"count(*) FROM (SELECT NULL AS x UNION ALL SELECT NULL) WHERE pgf_once('', x)", "2"},
    };
    CHECK(state, rows);
}

static void test_list(void **state)
{
    (void)state;
    assert_true(functions_callable("pgf_like"));
    assert_true(functions_callable("count"));
    assert_false(functions_callable("load_extension"));
    assert_false(functions_callable("printf"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_text, setup, teardown),
        cmocka_unit_test_setup_teardown(test_patterns, setup, teardown),
        cmocka_unit_test_setup_teardown(test_numbers, setup, teardown),
        cmocka_unit_test_setup_teardown(test_numeric, setup, teardown),
        cmocka_unit_test_setup_teardown(test_time, setup, teardown),
        cmocka_unit_test_setup_teardown(test_json, setup, teardown),
        cmocka_unit_test_setup_teardown(test_aggregates, setup, teardown),
        cmocka_unit_test(test_list),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
