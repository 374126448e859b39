/* link: store */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "daemon/store/types.h"

#include <stdio.h>
#include <string.h>

/* Text in, text out, as PostgreSQL 15 prints it; or the error. */
struct row {
    uint32_t oid;
    int32_t typmod;
    const char *in;
    const char *out; /* or "SQLSTATE message" */
};

static const struct row rows[] = {
    {TYPES_BOOL, -1, " TRUE ", "t"},
    {TYPES_BOOL, -1, "of", "f"},
    {TYPES_BOOL, -1, "o", "22P02 invalid input syntax for type boolean: \"o\""},
    {TYPES_INT2, -1, "-32768", "-32768"},
    {TYPES_INT2, -1, "32768", "22003 value \"32768\" is out of range for type smallint"},
    {TYPES_INT4, -1, " +12 ", "12"},
    {TYPES_INT4, -1, "-2147483648", "-2147483648"},
    {TYPES_INT4, -1, "12a", "22P02 invalid input syntax for type integer: \"12a\""},
    {TYPES_INT4, -1, "", "22P02 invalid input syntax for type integer: \"\""},
    {TYPES_INT8, -1, "-9223372036854775808", "-9223372036854775808"},
    {TYPES_INT8, -1, "9223372036854775808",
     "22003 value \"9223372036854775808\" is out of range for type bigint"},
    {TYPES_FLOAT8, -1, "0.1", "0.1"},
    {TYPES_FLOAT8, -1, "1e15", "1e+15"},
    {TYPES_FLOAT8, -1, "123456789012345", "123456789012345"},
    {TYPES_FLOAT8, -1, "1e-5", "1e-05"},
    {TYPES_FLOAT8, -1, "-0", "-0"},
    {TYPES_FLOAT8, -1, "-Infinity", "-Infinity"},
    {TYPES_FLOAT8, -1, "0.0001", "0.0001"},
    {TYPES_FLOAT4, -1, "1000000", "1e+06"},
    {TYPES_FLOAT4, -1, "123456.789", "123456.79"},
    {TYPES_FLOAT8, -1, "1e400", "22003 \"1e400\" is out of range for type double precision"},
    {TYPES_NUMERIC, -1, "1e3", "1000"},
    {TYPES_NUMERIC, -1, "-00.5000", "-0.5000"},
    {TYPES_NUMERIC, -1, "-0", "0"},
    {TYPES_NUMERIC, -1, "1.5e-3", "0.0015"},
    {TYPES_NUMERIC, -1, ".5", "0.5"},
    {TYPES_NUMERIC, -1, "nan", "NaN"},
    {TYPES_NUMERIC, -1, "1.2.3", "22P02 invalid input syntax for type numeric: \"1.2.3\""},
    {TYPES_NUMERIC, (6 << 16 | 2) + 4, "9999.995", "22003 numeric field overflow"},
    {TYPES_NUMERIC, (6 << 16 | 2) + 4, "1.005", "1.01"},
    {TYPES_NUMERIC, (6 << 16 | 2) + 4, "-1.995", "-2.00"},
    {TYPES_VARCHAR, 4 + 3, "abc   ", "abc"},
    {TYPES_VARCHAR, 4 + 3, "\xc3\xa4\xc3\xb6\xc3\xbc", "\xc3\xa4\xc3\xb6\xc3\xbc"},
    {TYPES_VARCHAR, 4 + 3, "abcd", "22001 value too long for type character varying(3)"},
    {TYPES_BPCHAR, 4 + 4, "ab", "ab  "},
    {TYPES_UUID, -1, "{A0EEBC99-9C0B4EF8-BB6D6BB9BD380A11}",
     "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"},
    {TYPES_UUID, -1, "a0eebc99", "22P02 invalid input syntax for type uuid: \"a0eebc99\""},
    {TYPES_BYTEA, -1, "\\xDEAD beef", "\\xdeadbeef"},
    {TYPES_BYTEA, -1, "a\\\\b\\001", "\\x615c6201"},
    {TYPES_BYTEA, -1, "\\x1", "22023 invalid hexadecimal data: odd number of digits"},
    {TYPES_JSON, -1, " {\"b\" : 1, \"b\":2} ", " {\"b\" : 1, \"b\":2} "},
    {TYPES_JSONB, -1, "{\"bb\":1,\"a\":[1.50,{}],\"bb\":\"\\u00e4\\n\",\"c\":null}",
     "{\"a\": [1.50, {}], \"c\": null, \"bb\": \"\xc3\xa4\\n\"}"},
    {TYPES_JSONB, -1, "1e2", "100"},
    {TYPES_JSONB, -1, "[1,]", "22P02 invalid input syntax for type json"},
    {TYPES_DATE, -1, "2026-01-31", "2026-01-31"},
    {TYPES_DATE, -1, "20260131", "2026-01-31"},
    {TYPES_DATE, -1, "0044-03-15 BC", "0044-03-15 BC"},
    {TYPES_DATE, -1, "infinity", "infinity"},
    {TYPES_DATE, -1, "2024-02-29", "2024-02-29"},
    {TYPES_DATE, -1, "2026-02-29", "22008 date/time field value out of range: \"2026-02-29\""},
    {TYPES_TIMETZ, -1, "0001e0100", "22009 time zone displacement out of range: \"0001e0100\""},
    {TYPES_DATE, -1, "x", "22007 invalid input syntax for type date: \"x\""},
    {TYPES_TIMESTAMP, -1, "2026-01-31T12:34:56.7891234", "2026-01-31 12:34:56.789123"},
    {TYPES_TIMESTAMP, 3, "2026-01-31 12:34:56.7895", "2026-01-31 12:34:56.79"},
    {TYPES_TIMESTAMP, 0, "1999-12-31 23:59:59.5", "1999-12-31 23:59:59"},
    {TYPES_TIMESTAMP, -1, "2026-01-31 24:00", "2026-02-01 00:00:00"},
    {TYPES_TIMESTAMP, -1, "2026-01-31 25:00",
     "22008 date/time field value out of range: \"2026-01-31 25:00\""},
    {TYPES_TIMESTAMP, -1, "2026-01-31 04:05 PM", "2026-01-31 16:05:00"},
    {TYPES_TIMESTAMPTZ, -1, "2026-01-31 12:00+02", "2026-01-31 10:00:00+00"},
    {TYPES_TIMESTAMPTZ, -1, "2026-01-31T12:00:00Z", "2026-01-31 12:00:00+00"},
    {TYPES_TIMESTAMPTZ, -1, "2026-07-01 12:00 America/Chicago", "2026-07-01 17:00:00+00"},
    {TYPES_TIMESTAMPTZ, -1, "2026-07-01 12:00 No/Where",
     "22023 time zone \"no/where\" not recognized"},
    {TYPES_TIMESTAMPTZ, -1, "294277-01-01", "22008 timestamp out of range: \"294277-01-01\""},
    {TYPES_TIME, -1, "12:34:56.5", "12:34:56.5"},
    {TYPES_TIME, -1, "24:00:00", "24:00:00"},
    {TYPES_INTERVAL, -1, "1 year 2 mons -3 days 04:05:06.5", "1 year 2 mons -3 days +04:05:06.5"},
    {TYPES_INTERVAL, -1, "P1DT2H", "1 day 02:00:00"},
    {TYPES_INTERVAL, -1, "90 minutes ago", "-01:30:00"},
    {TYPES_INTERVAL, -1, "0", "00:00:00"},
    {TYPES_INTERVAL, -1, "1.5 months", "1 mon 15 days"},
    {TYPES_INT4_ARRAY, -1, "{1, 2,NULL}", "{1,2,NULL}"},
    {TYPES_TEXT_ARRAY, -1, "{}", "{}"},
    {TYPES_TEXT_ARRAY, -1, "{a b,\"c,\\\"d\",\"null\",\"\"}",
     "{\"a b\",\"c,\\\"d\",\"null\",\"\"}"},
    {TYPES_INT4_ARRAY, -1, "{1,x}", "22P02 invalid input syntax for type integer: \"x\""},
    {TYPES_INT4_ARRAY, -1, "1,2", "22P02 malformed array literal: \"1,2\""},
    {TYPES_INT4_ARRAY, -1, "{{1},{NULL}}", "{{1},{NULL}}"},
    {TYPES_INT4_ARRAY, -1, " [2:3] = { 1 , 2 } ", "[2:3]={1,2}"},
    {TYPES_INT4_ARRAY, -1, "{{1},{2,3}}", "22P02 malformed array literal: \"{{1},{2,3}}\""},
    {TYPES_VARCHAR_ARRAY, 7, "{abcd}", "22001 value too long for type character varying(3)"},
    {TYPES_INT2VECTOR, -1, "1 2  3", "1 2 3"},
    {TYPES_FLOAT8, -1, "NaN", "NaN"},
    {600 /* point */, -1, "(1,2)", "0A000 type point is not supported by the store"},
};

static const char *round_trip(const struct types_session *s, const struct row *r, struct buf *out)
{
    struct buf scratch;
    struct types_value v;
    struct err err = {0};
    static char failure[700];
    buf_init(&scratch, 1 << 20);
    buf_reset(out);
    int rc =
        types_input(s, r->oid, r->typmod, (struct slice){r->in, strlen(r->in)}, &scratch, &v, &err);
    if (rc == 0)
        rc = types_output(s, r->oid, r->typmod, &v, out, &err);
    buf_append(out, "", 1);
    buf_release(&scratch);
    snprintf(failure, sizeof failure, "%s %s", err.sqlstate, err.message);
    return rc == 0 ? buf_peek(out).data : failure;
}

static void test_text(void **state)
{
    (void)state;
    struct types_session s;
    struct buf out;
    types_session_init(&s);
    buf_init(&out, 1 << 20);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *got = round_trip(&s, &rows[i], &out);
        if (strcmp(got, rows[i].out) != 0)
            fail_msg("%u \"%s\": want \"%s\", got \"%s\"", rows[i].oid, rows[i].in, rows[i].out,
                     got);
    }
    buf_release(&out);
    types_session_release(&s);
}

/* Whatever goes out in binary comes back the same. */
static void test_binary(void **state)
{
    (void)state;
    struct types_session s;
    struct buf scratch, wire, back, text;
    types_session_init(&s);
    buf_init(&scratch, 1 << 20);
    buf_init(&wire, 1 << 20);
    buf_init(&back, 1 << 20);
    buf_init(&text, 1 << 20);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct types_value v, again;
        struct err err = {0};
        struct slice in = {rows[i].in, strlen(rows[i].in)};
        buf_reset(&scratch);
        buf_reset(&wire);
        buf_reset(&back);
        buf_reset(&text);
        if (types_input(&s, rows[i].oid, rows[i].typmod, in, &scratch, &v, &err) < 0)
            continue;
        assert_int_equal(types_send(&s, rows[i].oid, rows[i].typmod, &v, &wire, &err), 0);
        struct slice bytes = buf_peek(&wire);
        if (!bytes.data)
            bytes.data = "";
        if (types_receive(&s, rows[i].oid, bytes, &back, &again, &err) < 0)
            fail_msg("%u \"%s\": %s", rows[i].oid, rows[i].in, err.message);
        assert_int_equal(types_output(&s, rows[i].oid, rows[i].typmod, &again, &text, &err), 0);
        buf_append(&text, "", 1);
        if (strcmp(buf_peek(&text).data, rows[i].out) != 0)
            fail_msg("%u \"%s\": got \"%s\" back", rows[i].oid, rows[i].in, buf_peek(&text).data);
        for (size_t cut = 0; cut < bytes.len; cut++) { /* no prefix may be read beyond its end */
            buf_reset(&back);
            (void)!types_receive(&s, rows[i].oid, (struct slice){bytes.data, cut}, &back, &again,
                                 &err);
        }
    }
    buf_release(&scratch);
    buf_release(&wire);
    buf_release(&back);
    buf_release(&text);
    types_session_release(&s);
}

static void test_zones(void **state)
{
    (void)state;
    static const struct {
        const char *zone, *in, *out;
    } zones[] = {
        {"Europe/Vienna", "2026-03-29 02:30", "2026-03-29 03:30:00+02"}, /* in the gap */
        {"Europe/Vienna", "2026-10-25 02:30", "2026-10-25 02:30:00+01"}, /* twice */
        {"Europe/Vienna", "2050-07-01 12:00", "2050-07-01 12:00:00+02"},
        {"America/New_York", "1900-01-01 00:00", "1900-01-01 00:00:00-05"},
        {"Asia/Kathmandu", "2026-01-01", "2026-01-01 00:00:00+05:45"},
        {"-03:30", "2026-01-01", "2026-01-01 00:00:00+03:30"}, /* POSIX: westwards */
        {"-3", "2026-01-01", "2026-01-01 00:00:00-03"},
        {"cet-1cest", "2150-03-08 02:30", "2150-03-08 03:30:00+02"},
        {"Europe/Vienna", "2150-07-01 12:00", "2150-07-01 12:00:00+02"},
        {"UTC", "1999-12-31 23:59:59.000001", "1999-12-31 23:59:59.000001+00"},
    };
    struct types_session s;
    struct buf out;
    struct err err;
    types_session_init(&s);
    buf_init(&out, 1 << 20);
    for (size_t i = 0; i < sizeof zones / sizeof zones[0]; i++) {
        assert_int_equal(types_set_timezone(&s, zones[i].zone, &err), 0);
        struct row r = {TYPES_TIMESTAMPTZ, -1, zones[i].in, NULL};
        assert_string_equal(round_trip(&s, &r, &out), zones[i].out);
    }
    assert_int_equal(types_set_timezone(&s, "../etc/passwd", &err), -1);
    assert_string_equal(err.sqlstate, "22023");
    assert_string_equal(s.timezone, "UTC");
    buf_release(&out);
    types_session_release(&s);
}

static void test_names(void **state)
{
    (void)state;
    static const struct {
        uint32_t oid;
        int32_t typmod;
        const char *name;
    } names[] = {
        {TYPES_VARCHAR, 14, "character varying(10)"},
        {TYPES_VARCHAR, -1, "character varying"},
        {TYPES_TIMESTAMP, 3, "timestamp(3) without time zone"},
        {TYPES_INT4_ARRAY, -1, "integer[]"},
        {TYPES_NUMERIC, (12 << 16 | 2) + 4, "numeric(12,2)"},
        {TYPES_BPCHAR, 5, "character(1)"},
        {TYPES_CHAR, -1, "\"char\""},
        {TYPES_JSONB, -1, "jsonb"},
    };
    char text[96];
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        types_format(NULL, names[i].oid, names[i].typmod, text, sizeof text);
        assert_string_equal(text, names[i].name);
    }
    size_t n;
    const struct types_info *all = types_all(&n);
    for (size_t i = 0; i < n; i++) {
        assert_ptr_equal(types_find(NULL, all[i].oid), &all[i]);
        assert_ptr_equal(types_find_name(all[i].name), &all[i]);
    }
    assert_null(types_find(NULL, 1));
}

static void test_numeric_order(void **state)
{
    (void)state;
    static const char *const sorted[] = {"-1000", "-10.5", "-10.49", "-0.001", "0",  "0.5",
                                         "0.51",  "1",     "1.01",   "9.99",   "10", "NaN"};
    size_t n = sizeof sorted / sizeof sorted[0];
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < n; k++) {
            int c = types_numeric_compare((struct slice){sorted[i], strlen(sorted[i])},
                                          (struct slice){sorted[k], strlen(sorted[k])});
            assert_int_equal(c < 0 ? -1 : c > 0, i < k ? -1 : i > k);
        }
    assert_int_equal(types_numeric_compare((struct slice){"10.5", 4}, (struct slice){"10.500", 6}),
                     0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text),          cmocka_unit_test(test_binary),
        cmocka_unit_test(test_zones),         cmocka_unit_test(test_names),
        cmocka_unit_test(test_numeric_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
