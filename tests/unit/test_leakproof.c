/* link: policy */
#include "policy/leakproof.h"

#include "unit/policy_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* Columns are named by their types: i int4, b bool, e an enum, j jsonb; x is not known. */
static uint32_t column_type(void *arg, const ColumnRef *ref)
{
    static const struct {
        const char *name;
        uint32_t oid;
    } columns[] = {
        {"i", 23},    {"i2", 21},  {"i8", 20},   {"o", 26},     {"t", 25},   {"v", 1043},
        {"n", 19},    {"c", 1042}, {"b", 16},    {"u", 2950},   {"d", 1082}, {"ts", 1114},
        {"tz", 1184}, {"j", 3802}, {"e", 50000}, {"num", 1700}, {"f", 701},
    };
    (void)arg;
    if (!IsA(llast(ref->fields), String))
        return 0;
    for (size_t k = 0; k < sizeof columns / sizeof *columns; k++)
        if (strcmp(columns[k].name, strVal(llast(ref->fields))) == 0)
            return columns[k].oid;
    return 0;
}

static int ask(void *arg, const RawStmt *stmt, struct err *err)
{
    (void)err;
    static const bool once[] = {true, true, true, false}; /* $4 is said to stand elsewhere too */
    const bool *untyped = arg;
    struct leakproof_scope scope = {column_type, NULL, once, 4, *untyped};
    return leakproof_expr(&scope, ((const SelectStmt *)stmt->stmt)->whereClause) ? 1 : 0;
}

static void check_typed(const char *const *conditions, size_t n, bool untyped, int expected)
{
    for (size_t k = 0; k < n; k++) {
        char sql[512];
        struct err err = {0};
        snprintf(sql, sizeof sql, "SELECT 1 FROM t WHERE %s", conditions[k]);
        int status = fixture_parse(sql, ask, &untyped, &err);
        if (status != expected)
            fail_msg("%s: %d %s", conditions[k], status, err.message);
    }
}

static void check_all(const char *const *conditions, size_t n, int expected)
{
    check_typed(conditions, n, false, expected);
}

/* Casts of parameters whose types the client has left to the server. */
static void test_untyped(void **state)
{
    (void)state;
    static const char *const free[] = {
        "u = $1::uuid",         "i = CAST($1 AS int)", "u IN ($1::uuid, $2::uuid)",
        "i8 BETWEEN $1::int8 AND $2::bigint", "u = ANY ($1::uuid[])", "ts < $3::timestamp",
    };
    static const char *const bound[] = {
        "u = $4::uuid",  "u = $5::uuid", "t = $1::varchar(3)", "tz = $1::timestamp", "o = $1::oid",
        "o = ANY ($1::oid[])", "u = ANY ($4::uuid[])", "u = $1::text::uuid", "j = $1::jsonb",
    };
    check_typed(free, sizeof free / sizeof *free, true, 1);
    check_typed(free, sizeof free / sizeof *free, false, 0);
    check_typed(bound, sizeof bound / sizeof *bound, true, 0);
}

static void test_leakproof(void **state)
{
    (void)state;
    static const char *const conditions[] = {
        "i = 1",
        "a.i = $1",
        "i = i8",
        "i2 <> 5",
        "i8 > 3000000000",
        "t = 'x'",
        "t >= $2",
        "t = v",
        "v < n",
        "c = 'x'",
        "c = $1",
        "u = 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'",
        "u = $1",
        "u = u",
        "u = 'x'::uuid",
        "d = '2020-01-01'",
        "d < DATE '2020-01-01'",
        "tz > '2020-01-01'::timestamptz",
        "ts <= $1",
        "i8 = $1",
        "i = $4",
        "i8 = ANY ($2)",
        "i8 IN (1, $1)",
        "o = 'x'",
        "b = true",
        "b",
        "NOT b",
        "b IS TRUE",
        "b IS NOT UNKNOWN",
        "true",
        "$1",
        "NULL",
        "(i = 1) IS TRUE",
        "i = 1 AND t = 'x' OR NOT (u = $1)",
        "i IS NULL",
        "j IS NOT NULL",
        "e IS NULL",
        "$1 IS NULL",
        "i IN (1, 2, $3)",
        "t NOT IN ('a', 'b')",
        "i = ANY ($1)",
        "i <> ALL ('{1,2}')",
        "t = ANY (ARRAY['a', $1])",
        "u = ANY ('{}'::uuid[])",
        "i BETWEEN 1 AND $2",
        "tz NOT BETWEEN $1 AND $2",
        "d BETWEEN SYMMETRIC '2020-01-01' AND '2021-01-01'",
        "t IS DISTINCT FROM 'x'",
        "i IS NOT DISTINCT FROM $1",
        "(i, t) = ($1, $2)",
        "(i, t) IN ((1, 'a'), (2, $1))",
        "(i) = (1)",
        "i OPERATOR(pg_catalog.=) 1",
        "1 = i",
        "'x' < t",
        "t = NULL",
        "i = -1",
        "1 = '1'",
    };
    check_all(conditions, sizeof conditions / sizeof *conditions, 1);
}

static void test_leaky(void **state)
{
    (void)state;
    static const char *const conditions[] = {
        "o = $1",
        "i8 = $4",
        "$4 < i8",
        "i8 = ANY ($4)",
        "i8 IN (1, $9)",
        "i8 BETWEEN $1 AND $4",
        "x = 1",
        "x",
        "x IS NULL",
        "i",
        "t",
        "j = '{}'",
        "e = 'a'",
        "num = 1",
        "f = 1.5",
        "i = 1.5",
        "i = 1 AND x = 1",
        "NOT (x = 1)",
        "(x = 1) IS TRUE",
        "t LIKE 'x'",
        "t ~ 'x'",
        "t ILIKE 'x'",
        "t SIMILAR TO 'x'",
        "i / 0 = 1",
        "i + 1 = 2",
        "t || 'a' = 'b'",
        "i::text = 'x'",
        "t::int = 1",
        "i = $1::int",
        "u = $1::uuid",
        "tz = 'x'::text::timestamptz",
        "u = CAST($1 AS uuid)",
        "length(t) = 1",
        "lower(t) = 'x'",
        "i = (SELECT 1)",
        "i IN (SELECT 1)",
        "EXISTS (SELECT 1)",
        "i = ANY (SELECT 1)",
        "i = ANY (x)",
        "i = ANY ($1::int[])",
        "i = ANY (ARRAY[i])",
        "t = ANY ('{}'::int[])",
        "i = o",
        "o = i8",
        "t = i",
        "d = ts",
        "ts = tz",
        "d < '2020-01-01'::timestamptz",
        "t = c",
        "$1 = $2",
        "'a' = 'b'",
        "CASE WHEN b THEN b END",
        "COALESCE(b, true)",
        "t COLLATE \"C\" = 'x'",
        "t = 'x' COLLATE \"C\"",
        "t = 'abc'::varchar(2)",
        "t = 'x'::mood",
        "i = '1'::public.int4",
        "NULLIF(b, true)",
        "t OPERATOR(public.=) 'x'",
        "t % 'x'",
        "t @@ 'x'",
        "-i = 1",
        "- i",
        "j ? 'x'",
        "j @> '{}'",
        "(i, x) = (1, 2)",
        "(i, t) = (1, 'a', 2)",
        "(i, t) = x",
        "i BETWEEN 1 AND x",
        "i IN (1, x)",
        "b = x",
        "GREATEST(i, 1) = 1",
        "ROW(i) IS NULL",
        "a.* IS NULL",
        "t = CURRENT_USER",
        "tz < now()",
        "u = 5::uuid",
        "i = '5'::bit::int",
        "(i = 1) = (x = 2)",
    };
    check_all(conditions, sizeof conditions / sizeof *conditions, 0);
}

static int setup(void **state)
{
    (void)state;
    policy_thread_init();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    policy_thread_release();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_untyped), cmocka_unit_test(test_leakproof),
        cmocka_unit_test(test_leaky),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
