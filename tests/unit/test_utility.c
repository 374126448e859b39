/* link: policy */
#include "policy/utility.h"

#include "unit/policy_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* cmocka and PostgreSQL's headers agree on most names. */

struct question {
    const struct authorise *a;
    bool confined;
    struct plan *plan;
};

static int ask(void *arg, const RawStmt *stmt, struct err *err)
{
    struct question *q = arg;
    return utility_decide(q->a, stmt, q->confined, q->plan, err);
}

static void plan_clear(struct plan *plan)
{
    free(plan->name);
    free(plan->value);
    *plan = (struct plan){0};
}

struct row {
    const char *sql;
    int status;
    enum plan_class class;
    const char *name; /* or the SQLSTATE of a refusal */
    const char *value;
};

static void check_rows(const struct row *rows, size_t n, bool confined)
{
    struct fixture f;
    fixture_attacks(&f);
    for (size_t i = 0; i < n; i++) {
        struct plan plan = {0};
        struct err err = {0};
        struct question q = {&f.authorise, confined, &plan};
        int status = fixture_parse(rows[i].sql, ask, &q, &err);
        if (status != rows[i].status || (status >= 0 && plan.class != rows[i].class))
            fail_msg("%s: status %d, class %d, %s %s", rows[i].sql, status, (int)plan.class,
                     err.sqlstate, err.message);
        if (status < 0) {
            assert_string_equal(err.sqlstate, rows[i].name);
            assert_true(err.message[0] != '\0');
            assert_null(plan.name);
            assert_null(plan.value);
        } else {
            assert_int_equal(plan.name != NULL, rows[i].name != NULL);
            if (rows[i].name)
                assert_string_equal(plan.name, rows[i].name);
            assert_int_equal(plan.value != NULL, rows[i].value != NULL);
            if (rows[i].value)
                assert_string_equal(plan.value, rows[i].value);
        }
        plan_clear(&plan);
    }
    fixture_release(&f);
}

static void test_transactions(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"BEGIN", 1, PLAN_BEGIN, NULL, NULL},
        {"begin transaction isolation level repeatable read, read only", 1, PLAN_BEGIN, NULL, NULL},
        {"START TRANSACTION READ WRITE, DEFERRABLE", 1, PLAN_BEGIN, NULL, NULL},
        {"COMMIT", 1, PLAN_COMMIT, NULL, NULL},
        {"END WORK", 1, PLAN_COMMIT, NULL, NULL},
        {"COMMIT AND CHAIN", 1, PLAN_COMMIT, NULL, NULL},
        {"ROLLBACK", 1, PLAN_ROLLBACK, NULL, NULL},
        {"ABORT", 1, PLAN_ROLLBACK, NULL, NULL},
        {"SAVEPOINT s", 1, PLAN_SAVEPOINT, "s", NULL},
        {"SAVEPOINT \"S p\"", 1, PLAN_SAVEPOINT, "S p", NULL},
        {"RELEASE SAVEPOINT S", 1, PLAN_RELEASE, "s", NULL},
        {"ROLLBACK TO SAVEPOINT s", 1, PLAN_ROLLBACK_TO, "s", NULL},
        {"PREPARE TRANSACTION 'x'", -1, 0, "42501", NULL},
        {"COMMIT PREPARED 'globex-tx'", -1, 0, "42501", NULL},
        {"ROLLBACK PREPARED 'x'", -1, 0, "42501", NULL},
        {"SET TRANSACTION ISOLATION LEVEL SERIALIZABLE, READ ONLY", 1, PLAN_READ, NULL, NULL},
        {"SET LOCAL transaction_read_only = on", 1, PLAN_READ, "transaction_read_only", "on"},
        {"SET TRANSACTION SNAPSHOT '00000003-1'", -1, 0, "42501", NULL},
        {"SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE", -1, 0, "42501", NULL},
        {"SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY", 1, PLAN_SET, "default_transaction_read_only", "on"},
        {"SET SESSION CHARACTERISTICS AS TRANSACTION NOT DEFERRABLE", 1, PLAN_SET, "default_transaction_deferrable", "off"},
        {"SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL SERIALIZABLE", 1, PLAN_SET,
         "default_transaction_isolation", "serializable"},
        {"SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY, DEFERRABLE", -1, 0, "0A000", NULL},
        {"SET CONSTRAINTS ALL DEFERRED", 1, PLAN_READ, NULL, NULL},
        {"SET CONSTRAINTS x DEFERRED", -1, 0, "0A000", NULL},
    };
    check_rows(rows, sizeof rows / sizeof *rows, true);
}

static void test_settings(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"SET application_name = 'kit'", 1, PLAN_SET, "application_name", "kit"},
        {"SET application_name TO kit", 1, PLAN_SET, "application_name", "kit"},
        {"SET SESSION statement_timeout = 5000", 1, PLAN_SET, "statement_timeout", "5000"},
        {"SET LOCAL statement_timeout TO '5s'", 1, PLAN_SET, "statement_timeout", "5s"},
        {"SET extra_float_digits = -3", 1, PLAN_SET, "extra_float_digits", "-3"},
        {"SET jit = off", 1, PLAN_SET, "jit", "off"},
        {"SET jit = true", 1, PLAN_SET, "jit", "true"},
        {"SET DateStyle = ISO, MDY", 1, PLAN_SET, "datestyle", "iso, mdy"},
        {"SET \"DateStyle\" TO 'ISO, MDY'", 1, PLAN_SET, "datestyle", "ISO, MDY"},
        {"SET TIME ZONE 'UTC'", 1, PLAN_SET, "timezone", "UTC"},
        {"SET TIME ZONE -7", 1, PLAN_SET, "timezone", "-7"},
        {"SET TIME ZONE -7.5", 1, PLAN_SET, "timezone", "-7.5"},
        {"SET TIME ZONE LOCAL", 1, PLAN_SET, "timezone", NULL},
        {"SET TIME ZONE INTERVAL '+00:00' HOUR TO MINUTE", 1, PLAN_SET, "timezone",
         "INTERVAL '+00:00'"},
        {"SET TIME ZONE INTERVAL '-8' HOUR", 1, PLAN_SET, "timezone", "INTERVAL '-8 hours'"},
        {"SET TIME ZONE INTERVAL '90' HOUR TO MINUTE", 1, PLAN_SET, "timezone",
         "INTERVAL '90 minutes'"},
        {"SET TIME ZONE INTERVAL '5 hours'", 1, PLAN_SET, "timezone", "INTERVAL '5 hours'"},
        {"SET TIME ZONE INTERVAL '''5' HOUR", -1, 0, "22023", NULL},
        {"SET timezone TO DEFAULT", 1, PLAN_SET, "timezone", NULL},
        {"SET client_min_messages TO warning", 1, PLAN_SET, "client_min_messages", "warning"},
        {"SET client_min_messages TO debug5", -1, 0, "22023", NULL},
        {"SET NAMES 'utf-8'", 1, PLAN_SET, "client_encoding", "utf-8"},
        {"SET client_encoding='SJIS'", -1, 0, "22023", NULL},
        {"SET client_encoding TO LATIN1", -1, 0, "22023", NULL},
        {"SET standard_conforming_strings = on", 1, PLAN_SET, "standard_conforming_strings", "on"},
        {"SET standard_conforming_strings = off", -1, 0, "22023", NULL},
        {"SET standard_conforming_strings = 0", -1, 0, "22023", NULL},
        {"SET partywall.tenant = 'acme'", 1, PLAN_SET, "partywall.tenant", "acme"},
        {"SET LOCAL partywall.tenant TO acme", 1, PLAN_SET, "partywall.tenant", "acme"},
        {"SET PARTYWALL.Tenant = 'acme'", 1, PLAN_SET, "partywall.tenant", "acme"},
        {"SET \"PARTYWALL.Tenant\" = ''", 1, PLAN_SET, "partywall.tenant", ""},
        {"SET partywall.other = 1", -1, 0, "42704", NULL},
        {"RESET partywall.tenant", 1, PLAN_RESET, "partywall.tenant", NULL},
        {"RESET timezone", 1, PLAN_RESET, "timezone", NULL},
        {"RESET ALL", 1, PLAN_RESET, NULL, NULL},
        {"RESET work_mem", -1, 0, "42501", NULL},
        {"SET search_path=evil,public", -1, 0, "42501", NULL},
        {"SET SCHEMA 'evil'", -1, 0, "42501", NULL},
        {"SET SESSION AUTHORIZATION postgres", -1, 0, "42501", NULL},
        {"RESET SESSION AUTHORIZATION", -1, 0, "42501", NULL},
        {"SET ROLE postgres", -1, 0, "42501", NULL},
        {"RESET ROLE", -1, 0, "42501", NULL},
        {"SET pgward.tenant='globex'", -1, 0, "42501", NULL},
        {"SET LOCAL pgward.tenant='globex'", -1, 0, "42501", NULL},
        {"RESET pgward.tenant", -1, 0, "42501", NULL},
        {"SET work_mem='8GB'", -1, 0, "42501", NULL},
        {"SET default_transaction_isolation='serializable'", -1, 0, "42501", NULL},
        {"SET array_nulls=off", -1, 0, "42501", NULL},
        {"SET timezone FROM CURRENT", -1, 0, "0A000", NULL},
        {"SET XML OPTION DOCUMENT", -1, 0, "42501", NULL},
    };
    check_rows(rows, sizeof rows / sizeof *rows, true);
}

static void test_shows_and_names(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"SHOW partywall.tenant", 1, PLAN_SHOW, "partywall.tenant", NULL},
        {"SHOW partywall.handshakes", -1, 0, "42704", NULL},
        {"SHOW partywall.x", -1, 0, "42704", NULL},
        {"SHOW transaction_isolation", 1, PLAN_READ, "transaction_isolation", NULL},
        {"SHOW TRANSACTION ISOLATION LEVEL", 1, PLAN_READ, "transaction_isolation", NULL},
        {"SHOW TIME ZONE", 1, PLAN_READ, "timezone", NULL},
        {"SHOW \"DateStyle\"", 1, PLAN_READ, "datestyle", NULL},
        {"SHOW server_version", 1, PLAN_READ, "server_version", NULL},
        {"SHOW standard_conforming_strings", 1, PLAN_READ, "standard_conforming_strings", NULL},
        {"SHOW ALL", -1, 0, "42501", NULL},
        {"SHOW pgward.tenant", -1, 0, "42501", NULL},
        {"SHOW data_directory", -1, 0, "42501", NULL},
        {"DEALLOCATE ALL", 1, PLAN_DEALLOCATE, NULL, NULL},
        {"DEALLOCATE PREPARE \"pgx_0\"", 1, PLAN_DEALLOCATE, "pgx_0", NULL},
        {"DISCARD ALL", 1, PLAN_DISCARD_ALL, NULL, NULL},
        {"DISCARD PLANS", -1, 0, "0A000", NULL},
        {"DISCARD TEMP", -1, 0, "0A000", NULL},
        {"PREPARE \"P\" AS SELECT 1", 0, PLAN_PREPARE, "P", NULL},
        {"EXECUTE P(1, 2)", 0, PLAN_EXECUTE, "p", NULL},
        {"EXPLAIN EXECUTE p1", 0, PLAN_EXECUTE, "p1", NULL},
        {"EXPLAIN SELECT 1", 0, PLAN_READ, NULL, NULL},
        {"DECLARE c CURSOR FOR SELECT 1", 0, PLAN_DECLARE, "c", NULL},
        {"FETCH ALL FROM C", 1, PLAN_FETCH, "c", NULL},
        {"MOVE 1 IN c", 1, PLAN_FETCH, "c", NULL},
        {"CLOSE c", 1, PLAN_CLOSE, "c", NULL},
        {"CLOSE ALL", 1, PLAN_CLOSE, NULL, NULL},
    };
    check_rows(rows, sizeof rows / sizeof *rows, true);
}

static void test_queries(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"SELECT 1", 0, PLAN_READ, NULL, NULL},
        {"VALUES (1)", 0, PLAN_READ, NULL, NULL},
        {"TABLE country", 0, PLAN_READ, NULL, NULL},
        {"SELECT 1 FROM t FOR UPDATE", 0, PLAN_WRITE, NULL, NULL},
        {"SELECT * FROM (SELECT 1 FROM t FOR SHARE) x", 0, PLAN_WRITE, NULL, NULL},
        {"WITH d AS (DELETE FROM t RETURNING 1) SELECT * FROM d", 0, PLAN_WRITE, NULL, NULL},
        {"INSERT INTO t VALUES (1)", 0, PLAN_WRITE, NULL, NULL},
        {"MERGE INTO t USING s ON true WHEN MATCHED THEN DELETE", 0, PLAN_WRITE, NULL, NULL},
        {"SELECT 1 INTO x", -1, 0, "42501", NULL},
        {"SELECT 1 INTO x UNION SELECT 2", -1, 0, "42501", NULL},
        {"COPY t TO STDOUT", 0, PLAN_READ, NULL, NULL},
        {"COPY (DELETE FROM t RETURNING 1) TO STDOUT", 0, PLAN_WRITE, NULL, NULL},
        {"COPY t FROM STDIN", 0, PLAN_WRITE, NULL, NULL},
        {"COPY \"User\" TO PROGRAM 'cat'", -1, 0, "42501", NULL},
        {"COPY \"User\" TO '/srv/x'", -1, 0, "42501", NULL},
        {"COPY wf_log FROM PROGRAM 'id'", -1, 0, "42501", NULL},
    };
    check_rows(rows, sizeof rows / sizeof *rows, true);
}

static void test_refused(void **state)
{
    (void)state;
    static const char *const denied[] = {
        "TRUNCATE \"Workflow\" CASCADE",
        "ALTER TABLE \"User\" ADD CONSTRAINT x EXCLUDE (email WITH =)",
        "CREATE UNIQUE INDEX ON \"Workflow\"(name)",
        "ALTER DATABASE multi SET row_security=off",
        "ALTER SYSTEM SET log_statement='all'",
        "LOCK TABLE \"Workflow\" IN ACCESS EXCLUSIVE MODE",
        "CREATE TABLE stolen AS SELECT * FROM \"User\"",
        "CREATE TEMP TABLE \"Workflow\"(id int)",
        "CREATE OR REPLACE VIEW v AS SELECT 1 AS id",
        "CREATE MATERIALIZED VIEW mv AS SELECT 1",
        "REFRESH MATERIALIZED VIEW wf_mv",
        "CREATE FUNCTION pg_temp.testfunc() RETURNS int LANGUAGE sql AS 'select 1'",
        "CREATE TRIGGER t BEFORE INSERT ON \"User\" EXECUTE FUNCTION f()",
        "CREATE RULE r AS ON SELECT TO wf_log DO INSTEAD SELECT 1",
        "CREATE POLICY p ON \"User\" USING (true)",
        "DROP TABLE \"User\"",
        "CREATE SCHEMA evil",
        "CREATE EXTENSION dblink",
        "CREATE ROLE evil SUPERUSER LOGIN",
        "GRANT ALL ON \"User\" TO public",
        "REASSIGN OWNED BY postgres TO rls_app",
        "COMMENT ON TABLE \"User\" IS 'x'",
        "CLUSTER \"User\" USING \"User_pkey\"",
        "LOAD 'auto_explain'",
        "DO 'begin end'",
        "CALL p()",
        "VACUUM",
        "ANALYZE \"User\"",
        "CHECKPOINT",
        "LISTEN globex",
        "NOTIFY x",
        "UNLISTEN *",
        "REINDEX TABLE \"User\"",
        "CREATE TABLE x AS EXECUTE p1",
        "EXPLAIN ANALYZE CREATE TABLE x AS SELECT 1",
        "CREATE STATISTICS s ON a, b FROM t",
        "SECURITY LABEL ON TABLE t IS 'x'",
        "IMPORT FOREIGN SCHEMA s FROM SERVER x INTO y",
    };
    static const char *const later[] = {
        "DECLARE c CURSOR WITH HOLD FOR SELECT 1",
        "EXPLAIN REFRESH MATERIALIZED VIEW wf_mv",
    };
    for (size_t i = 0; i < sizeof denied / sizeof *denied; i++)
        check_rows(&(struct row){denied[i], -1, 0, "42501", NULL}, 1, true);
    for (size_t i = 0; i < sizeof later / sizeof *later; i++)
        check_rows(&(struct row){later[i], -1, 0, "0A000", NULL}, 1, true);
}

static void test_owner(void **state)
{
    (void)state;
    static const struct row rows[] = {
        {"CREATE TABLE x(id int)", 0, PLAN_DDL, NULL, NULL},
        {"DROP TABLE x", 0, PLAN_DDL, NULL, NULL},
        {"ALTER TABLE x ADD y int", 0, PLAN_DDL, NULL, NULL},
        {"GRANT SELECT ON x TO public", 0, PLAN_DDL, NULL, NULL},
        {"DO 'begin end'", 0, PLAN_DDL, NULL, NULL},
        {"SELECT 1 INTO x", 0, PLAN_DDL, NULL, NULL},
        {"CREATE TABLE x AS SELECT 1", 0, PLAN_DDL, NULL, NULL},
        {"EXPLAIN ANALYZE CREATE TABLE x AS SELECT 1", 0, PLAN_DDL, NULL, NULL},
        {"EXPLAIN SELECT 1", 0, PLAN_OTHER, NULL, NULL},
        {"TRUNCATE x", 0, PLAN_OTHER, NULL, NULL},
        {"LISTEN \"X\"", 1, PLAN_LISTEN, "X", NULL},
        {"UNLISTEN x", 1, PLAN_UNLISTEN, "x", NULL},
        {"UNLISTEN *", 1, PLAN_UNLISTEN, NULL, NULL},
        {"NOTIFY x, 'y'", 1, PLAN_NOTIFY, NULL, NULL},
        {"LOCK TABLE x", 0, PLAN_OTHER, NULL, NULL},
        {"VACUUM", 0, PLAN_OTHER, NULL, NULL},
        {"PREPARE TRANSACTION 'x'", 0, PLAN_OTHER, NULL, NULL},
        {"DISCARD PLANS", 0, PLAN_OTHER, NULL, NULL},
        {"BEGIN", 1, PLAN_BEGIN, NULL, NULL},
        {"SET search_path = a, \"B\"\"c\"", 1, PLAN_SET, "search_path", "\"a\", \"B\"\"c\""},
        {"SET work_mem = '8MB'", 1, PLAN_SET, "work_mem", "8MB"},
        {"SET ROLE other", 1, PLAN_SET, "role", "other"},
        {"SET client_encoding = 'SJIS'", -1, 0, "22023", NULL},
        {"SET standard_conforming_strings = off", -1, 0, "22023", NULL},
        {"SET client_min_messages = debug1", 1, PLAN_SET, "client_min_messages", "debug1"},
        {"SET partywall.x = 1", -1, 0, "42704", NULL},
        {"SHOW ALL", 1, PLAN_READ, "all", NULL},
        {"SHOW data_directory", 1, PLAN_READ, "data_directory", NULL},
        {"RESET ALL", 1, PLAN_RESET, NULL, NULL},
        {"DEALLOCATE x", 1, PLAN_DEALLOCATE, "x", NULL},
        {"COPY x TO '/srv/x'", 0, PLAN_READ, NULL, NULL},
        {"COPY x FROM STDIN", 0, PLAN_WRITE, NULL, NULL},
    };
    check_rows(rows, sizeof rows / sizeof *rows, false);
}

static void test_local_is_told(void **state)
{
    (void)state;
    struct fixture f;
    fixture_attacks(&f);
    struct plan plan = {0};
    struct err err = {0};
    struct question q = {&f.authorise, true, &plan};
    assert_int_equal(fixture_parse("SET LOCAL jit = on", ask, &q, &err), 1);
    assert_true(plan.local);
    plan_clear(&plan);
    assert_int_equal(fixture_parse("SET jit = on", ask, &q, &err), 1);
    assert_false(plan.local);
    plan_clear(&plan);
    fixture_release(&f);
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
        cmocka_unit_test(test_transactions),    cmocka_unit_test(test_settings),
        cmocka_unit_test(test_shows_and_names), cmocka_unit_test(test_queries),
        cmocka_unit_test(test_refused),         cmocka_unit_test(test_owner),
        cmocka_unit_test(test_local_is_told),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
