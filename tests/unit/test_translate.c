/* link: store */
/* Golden rows: PostgreSQL's SQL in, SQLite's SQL, types and errors out, over a catalog made by
 * hand. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include "unit/translate_fixture.h"

#include "daemon/store/translate.h"
#include "policy/parse.h"
#include "policy/policy.h"

#include <stdio.h>
#include <stdlib.h>

struct run {
    const char *sql;
    const uint32_t *oids;
    size_t noids;
    char out[16384]; /* SQL, columns, parameters: copied out of the parser's memory */
    struct translate_result result;
};

static int body(void *arg, struct err *err)
{
    struct run *r = arg;
    void *list;
    if (parse_sql(r->sql, &list, err) < 0)
        return -1;
    if (translate(&catalog, linitial((List *)list), r->sql, r->oids, r->noids, &r->result, err) < 0)
        return -1;
    int n = snprintf(r->out, sizeof(r->out), "%s", r->result.sql);
    for (size_t i = 0; i < r->result.ncolumns; i++) {
        const struct translate_column *c = &r->result.columns[i];
        n += snprintf(r->out + n, sizeof(r->out) - (size_t)n, " | %s:%u:%d:%d.%d", c->name,
                      c->type_oid, c->typmod, c->table_oid != 0, c->attnum);
    }
    for (size_t i = 0; i < r->result.nparams; i++)
        n += snprintf(r->out + n, sizeof(r->out) - (size_t)n, " $%u", r->result.params[i]);
    return 0;
}

static int run(struct run *r, struct err *err)
{
    err_reset(err);
    return parse_protect(body, r, err);
}

static void check_golden(const char *sql, const char *expected)
{
    struct run *r = calloc(1, sizeof(*r));
    struct err err;
    assert_non_null(r);
    r->sql = sql;
    if (run(r, &err) < 0)
        fail_msg("%s: %s %s", sql, err.sqlstate, err.message);
    assert_string_equal(r->out, expected);
    free(r);
}

static void check_error(const char *sql, const char *sqlstate, int position, const char *message)
{
    struct run *r = calloc(1, sizeof(*r));
    struct err err;
    assert_non_null(r);
    r->sql = sql;
    if (run(r, &err) == 0)
        fail_msg("%s: no error", sql);
    assert_string_equal(err.sqlstate, sqlstate);
    assert_string_equal(err.message, message);
    assert_int_equal(err.position, position);
    free(r);
}

static void test_select(void **state)
{
    (void)state;
    check_golden("SELECT 1", "SELECT 1 AS \"c1\" | ?column?:23:-1:0.0");
    check_golden(
        "SELECT u.\"id\", name FROM \"public\".\"User\" u WHERE u.id = $1 LIMIT $2 OFFSET 3",
        "SELECT \"t1\".\"id\" AS \"c1\", \"t1\".\"name\" AS \"c2\" FROM \"User\" AS \"t1\" WHERE "
        "(\"t1\".\"id\" = ?1) LIMIT pgf_limit(?2) OFFSET 3 | id:23:-1:1.1 | name:1043:24:1.3 $23 "
        "$20");
    check_golden("SELECT id FROM \"User\" ORDER BY name DESC, 1 OFFSET 2",
                 "SELECT \"t1\".\"id\" AS \"c1\" FROM \"User\" AS \"t1\" ORDER BY \"t1\".\"name\" "
                 "DESC NULLS FIRST, "
                 "1 ASC NULLS LAST LIMIT -1 OFFSET 2 | id:23:-1:1.1");
    check_golden("SELECT 'x' AS \"a b\", level + 1 FROM \"User\"",
                 "SELECT 'x' AS \"c1\", pgf_int4(\"t1\".\"level\" + 1) AS \"c2\" FROM \"User\" AS "
                 "\"t1\" | a b:25:-1:0.0 "
                 "| ?column?:23:-1:0.0");
    check_golden("SELECT id FROM \"User\" a RIGHT JOIN (SELECT 1 AS one) b ON a.id = b.one",
                 "SELECT \"t1\".\"id\" AS \"c1\" FROM (SELECT 1 AS \"c1\") AS \"t2\" LEFT JOIN "
                 "\"User\" AS \"t1\" ON "
                 "(\"t1\".\"id\" = \"t2\".\"c1\") | id:23:-1:1.1");
    check_golden("SELECT balance FROM \"User\" WHERE balance = 1.50",
                 "SELECT \"t1\".\"balance\" AS \"c1\" FROM \"User\" AS \"t1\" WHERE "
                 "(\"t1\".\"balance\" = "
                 "'1.50') | balance:1700:-1:1.5");
}

/* Quotes, NUL-free text and names that SQLite would read otherwise. */
static void test_quoting(void **state)
{
    (void)state;
    check_golden("SELECT 'it''s \"x\"' AS \"q\"\"q\"",
                 "SELECT 'it''s \"x\"' AS \"c1\" | q\"q:25:-1:0.0");
    check_golden("SELECT E'a\\'); DROP TABLE x;--'",
                 "SELECT 'a''); DROP TABLE x;--' AS \"c1\" | ?column?:25:-1:0.0");
}

static void test_literals_take_their_type(void **state)
{
    (void)state;
    check_golden(
        "SELECT id FROM \"User\" WHERE \"createdAt\" > '2000-01-01 00:00:01+00' AND level = '7'",
        "SELECT \"t1\".\"id\" AS \"c1\" FROM \"User\" AS \"t1\" WHERE ((\"t1\".\"createdAt\" > "
        "1000000) AND "
        "(\"t1\".\"level\" = 7)) | id:23:-1:1.1");
    /* without an offset the session's time zone decides, now */
    check_golden("SELECT id FROM \"User\" WHERE \"createdAt\" > '2000-01-01'",
                 "SELECT \"t1\".\"id\" AS \"c1\" FROM \"User\" AS \"t1\" WHERE "
                 "(\"t1\".\"createdAt\" > 0) | id:23:-1:1.1");
    /* what the text means is read here, not when it runs */
    check_golden("SELECT id FROM \"User\" WHERE \"createdAt\" > 'epoch'",
                 "SELECT \"t1\".\"id\" AS \"c1\" FROM \"User\" AS \"t1\" WHERE "
                 "(\"t1\".\"createdAt\" > (-946684800000000)) | id:23:-1:1.1");
}

static void test_insert(void **state)
{
    (void)state;
    check_golden("INSERT INTO \"User\"(email, level) VALUES ($1, DEFAULT) RETURNING id",
                 "INSERT INTO \"User\" AS \"t1\" (\"email\", \"level\", \"id\") VALUES (?1, (1), "
                 "(pgf_nextval(9))) RETURNING "
                 "\"User\".\"id\" | id:23:-1:1.1 $25");
    check_golden(
        "INSERT INTO \"User\"(email) VALUES ('a'), ('b') ON CONFLICT (email) DO UPDATE SET level = "
        "excluded.level WHERE \"User\".id = 1",
        "INSERT INTO \"User\" AS \"t1\" (\"email\", \"id\", \"level\") SELECT * FROM (VALUES ('a', "
        "(pgf_nextval(9)), "
        "(1)), ('b', (pgf_nextval(9)), (1))) WHERE pgf_once('', \"column1\") ON CONFLICT "
        "(\"email\") DO UPDATE SET "
        "\"level\" = excluded.\"level\" WHERE (\"t1\".\"id\" = 1)");
    check_error("INSERT INTO log(id) VALUES (1)", "428C9", 0,
                "cannot insert a non-DEFAULT value into column \"id\"");
    check_error("INSERT INTO \"User\"(email) VALUES (now(), 1)", "42601", 42,
                "INSERT has more expressions than target columns");
    check_error("INSERT INTO pg_class VALUES (1)", "42501", 0,
                "permission denied: \"pg_class\" is a system catalog");
}

static void test_update_and_delete(void **state)
{
    (void)state;
    check_golden("UPDATE \"User\" SET level = level + $1, name = NULL WHERE id = 1",
                 "UPDATE \"User\" AS \"t1\" SET \"level\" = pgf_int4(\"t1\".\"level\" + ?1), "
                 "\"name\" = NULL WHERE "
                 "(\"t1\".\"id\" = 1) $23");
    /* a subquery on the table itself must see it as it was before the statement */
    check_golden("UPDATE \"User\" SET level = (SELECT max(x.level) FROM \"User\" x)",
                 "UPDATE \"User\" AS \"t3\" SET \"level\" = \"t4\".\"s0\" FROM (SELECT "
                 "\"t1\"._rowid_ AS \"r\", (SELECT "
                 "max(\"t2\".\"level\") AS \"c1\" FROM \"User\" AS \"t2\") AS \"s0\" FROM \"User\" "
                 "AS \"t1\") AS \"t4\" WHERE "
                 "\"t3\"._rowid_ = \"t4\".\"r\"");
    check_golden("DELETE FROM \"User\" u USING log l WHERE l.id = u.id RETURNING u.email",
                 "SELECT \"c2\" FROM store_rows(1) | email:25:-1:1.2");
}

static void test_errors(void **state)
{
    (void)state;
    check_error("SELECT * FROM nosuch", "42P01", 15, "relation \"nosuch\" does not exist");
    check_error("SELECT * FROM public.nosuch", "42P01", 15,
                "relation \"public.nosuch\" does not exist");
    check_error("SELECT nosuch FROM \"User\"", "42703", 8, "column \"nosuch\" does not exist");
    check_error("SELECT u.nosuch FROM \"User\" u", "42703", 8, "column u.nosuch does not exist");
    check_error("SELECT id FROM \"User\", log", "42702", 8, "column reference \"id\" is ambiguous");
    check_error("SELECT x.id FROM \"User\"", "42P01", 8,
                "missing FROM-clause entry for table \"x\"");
    check_error("SELECT 1 FROM \"User\" WHERE email = 1", "42883", 34,
                "operator does not exist: text = integer");
    check_error("SELECT foo(1)", "42883", 8, "function foo(integer) does not exist");
    check_error("SELECT name FROM \"User\" GROUP BY level", "42803", 8,
                "column \"User.name\" must appear in the GROUP BY clause or be used in an "
                "aggregate function");
    check_error("SELECT 1 FROM \"User\" WHERE level", "42804", 28,
                "argument of WHERE must be type boolean, not type integer");
    check_error("SELECT $1 IS NULL", "42P18", 0, "could not determine data type of parameter $1");
    check_error("SELECT 1 UNION SELECT 2, 3", "42601", 23,
                "each UNION query must have the same number of columns");
}

static void test_unsupported_is_named(void **state)
{
    (void)state;
    check_error("SELECT pg_stat_reset()", "0A000", 8,
                "function pg_stat_reset() is not supported by the embedded store");
    check_error("SELECT to_ascii('a')", "0A000", 8,
                "function to_ascii(text) is not supported by the embedded store");
    check_error("SELECT * FROM \"User\" TABLESAMPLE BERNOULLI (1)", "0A000", 0,
                "TABLESAMPLE is not supported by the embedded store");
}

/* Types given in Parse win over inference; an impossible one is refused. */
static void test_given_types(void **state)
{
    static const uint32_t oids[] = {TYPES_INT8, 0};
    struct run *r = calloc(1, sizeof(*r));
    struct err err;
    (void)state;
    assert_non_null(r);
    r->sql = "SELECT $1 + 1, $2 || 'x'";
    r->oids = oids;
    r->noids = 2;
    assert_int_equal(run(r, &err), 0);
    assert_string_equal(
        r->out, "SELECT pgf_add(?1, 1) AS \"c1\", (?2 || 'x') AS \"c2\" | ?column?:20:-1:0.0 | "
                "?column?:25:-1:0.0 $20 $25");
    assert_false(r->result.writes);
    free(r);
}

static void test_locking_writes(void **state)
{
    struct run *r = calloc(1, sizeof(*r));
    struct err err;
    (void)state;
    assert_non_null(r);
    r->sql = "SELECT id FROM \"User\" FOR UPDATE SKIP LOCKED";
    assert_int_equal(run(r, &err), 0);
    assert_true(r->result.writes);
    assert_int_equal(r->result.tag, TRANSLATE_SELECT);
    free(r);
}

/* Deep and long statements end with an error, never with the stack. */
static void test_depth(void **state)
{
    enum { N = 4000 };
    struct run *r = calloc(1, sizeof(*r));
    char *sql = malloc(N * 2 + 64);
    struct err err;
    (void)state;
    assert_non_null(r);
    assert_non_null(sql);
    size_t n = (size_t)sprintf(sql, "SELECT 1");
    for (int i = 0; i < N; i++) {
        sql[n++] = '+';
        sql[n++] = '1';
    }
    sql[n] = '\0';
    r->sql = sql;
    assert_int_equal(run(r, &err), -1);
    assert_string_equal(err.sqlstate, "54001");
    free(sql);
    free(r);
}

/* What conditions cost has no bound. */
static void test_costly(void **state)
{
    enum { N = 2200 };
    static char sql[64 * N];
    struct run *r = calloc(1, sizeof(*r));
    struct err err;
    (void)state;
    assert_non_null(r);
    size_t n = (size_t)sprintf(sql, "SELECT id FROM log WHERE id = 1 AND (false");
    for (int i = 0; i < N; i++)
        n += (size_t)sprintf(sql + n, " OR EXISTS (SELECT 1)");
    sprintf(sql + n, ")");
    r->sql = sql;
    assert_int_equal(run(r, &err), 0);
    free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_select),
        cmocka_unit_test(test_quoting),
        cmocka_unit_test(test_literals_take_their_type),
        cmocka_unit_test(test_insert),
        cmocka_unit_test(test_update_and_delete),
        cmocka_unit_test(test_errors),
        cmocka_unit_test(test_unsupported_is_named),
        cmocka_unit_test(test_given_types),
        cmocka_unit_test(test_locking_writes),
        cmocka_unit_test(test_depth),
        cmocka_unit_test(test_costly),
    };
    policy_thread_init();
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    policy_thread_release();
    return failed;
}
