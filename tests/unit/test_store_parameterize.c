/* link: store */
/* Simple queries that differ in their literals alone: which are run as one, and that it shows nowhere. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "daemon/store/statement.h"
#include "policy/policy.h"
#include "store_fixture.h"

#include <glob.h>
#include <string.h>

static int setup(void **state)
{
    fixture_open(state);
    return 0;
}

/* The connection's thread has answered, and waits. */
static void take(struct client *c)
{
    pthread_mutex_lock(&c->conn->turn);
}

static void leave(struct client *c)
{
    pthread_mutex_unlock(&c->conn->turn);
}

static bool runs_literals(struct client *c, const char *shape)
{
    static const uint32_t kinds[] = {TYPES_INT4, TYPES_INT8, TYPES_NUMERIC, 0};
    bool found = false;
    take(c);
    for (size_t i = 0; i < 4; i++) {
        struct prepared *p =
            statement_cache_find(c->conn, (struct slice){shape, strlen(shape)}, &kinds[i], 1);
        found |= p && p->stands_for_literals;
    }
    leave(c);
    return found;
}

static void forget(struct client *c, const char *sql)
{
    struct slice text = {sql, strlen(sql)};
    take(c);
    struct prepared *p = statement_cache_find(c->conn, text, NULL, 0);
    if (p)
        statement_cache_drop(c->conn, p);
    leave(c);
}

static void expect(struct client *c, const char *sql, const char *answer)
{
    assert_string_equal(ask(c, sql), answer);
}

static void test_which(void **state)
{
    static const struct {
        const char *first, *second, *shape;
        bool fits;
    } cases[] = {
        {"select v from t where id = 1", "select v from t where id = 2", "select v from t where id = $1", true},
        {"select id from t where v = 'a'", "select id from t where v = 'it''s'", "select id from t where v = $1",
         true},
        {"select id from t where d > '2020-01-01'", "select id from t where d > '2021-02-28'",
         "select id from t where d > $1", true},
        {"select id from t where n = 1.5", "select id from t where n = 2.25", "select id from t where n = $1", true},
        {"select id from t where e = 'sad'", "select id from t where e = 'ok'", "select id from t where e = $1",
         true},
        {"insert into t(v) values ('x')", "insert into t(v) values ('y')", "insert into t(v) values ($1)", true},
        {"select id from t limit 1", "select id from t limit 2", "select id from t limit $1", true},
        {"select nextval('s')", "select nextval('s')", "select nextval($1)", true},
        {"select id from t where at > '2020-01-01'", "select id from t where at > '2020-01-02'",
         "select id from t where at > $1", true},
        /* a column's number, an index that a constant finds, what is no expression of its own */
        {"select id, v from t order by 1", "select id, v from t order by 2", "select id, v from t order by $1",
         false},
        {"select v from t group by 1", "select v from t group by 1", "select v from t group by $1", false},
        {"select id from part where v = 'open'", "select id from part where v = 'shut'",
         "select id from part where v = $1", false},
        {"select id from t where date '2020-01-01' = d", "select id from t where date '2020-01-02' = d",
         "select id from t where date $1 = d", false},
    };
    struct client *c = *state;
    ask(c, "create type mood as enum ('sad', 'ok')");
    ask(c, "create sequence s");
    ask(c, "create table t(id serial primary key, v text, n numeric(6,2), d date, at timestamptz, e mood)");
    ask(c, "create table part(id int, v text); create index on part(id) where v = 'open'");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        ask(c, cases[i].first);
        forget(c, cases[i].first);
        ask(c, cases[i].second);
        if (runs_literals(c, cases[i].shape) != cases[i].fits)
            fail_msg("%s", cases[i].shape);
    }
}

/* What a literal is refused for is said as of a literal. */
static void test_errors(void **state)
{
    struct client *c = *state;
    ask(c, "create table t(id int primary key, v varchar(3), d date); insert into t values (1, 'a', '2020-01-01')");
    expect(c, "select v from t where d = '2020-01-01'", "T(v:1043); D(a); C SELECT 1; Z I");
    expect(c, "select v from t where d = '2020-01-02'", "T(v:1043); C SELECT 0; Z I");
    assert_true(runs_literals(c, "select v from t where d = $1"));
    char other[512];
    snprintf(other, sizeof other, "%s", ask(c, "select v from t where d = '2020-13-01'"));
    assert_non_null(strstr(other, "E 22008 date/time field value out of range: \"2020-13-01\""));
    expect(c, "select v from t where d = '2020-01-01'", "T(v:1043); D(a); C SELECT 1; Z I");
    ask(c, "insert into t values (2, 'b')");
    ask(c, "insert into t values (3, 'c')");
    expect(c, "insert into t values (4, 'd')", "C INSERT 0 1; Z I");
    assert_non_null(strstr(ask(c, "insert into t values (4, 'd')"), "E 23505 "));
    assert_non_null(strstr(ask(c, "insert into t values (5, 'long')"), "E 22001 "));
    expect(c, "begin", "C BEGIN; Z T");
    assert_non_null(strstr(ask(c, "insert into t values (1, 'd')"), "E 23505 "));
    assert_non_null(strstr(ask(c, "insert into t values (9, 'd')"), "E 25P02 "));
    expect(c, "rollback", "C ROLLBACK; Z I");
}

/* Another catalog, other settings: what is known is looked at again. */
static void test_changes(void **state)
{
    struct client *c = *state;
    ask(c, "create table t(id int, v text); insert into t values (1, 'a'), (2, 'b'), (3, 'c')");
    for (int i = 1; i <= 3; i++) {
        char sql[64], answer[64];
        snprintf(sql, sizeof sql, "select v from t where id = %d", i);
        snprintf(answer, sizeof answer, "T(v:25); D(%c); C SELECT 1; Z I", 'a' + i - 1);
        expect(c, sql, answer);
    }
    ask(c, "alter table t alter v type varchar(5)");
    expect(c, "select v from t where id = 1 ", "T(v:1043); D(a); C SELECT 1; Z I");
    expect(c, "select v from t where id = 2", "T(v:1043); D(b); C SELECT 1; Z I");
    assert_true(runs_literals(c, "select v from t where id = $1"));
    ask(c, "create schema other; create table other.t(id text, v int)");
    ask(c, "insert into other.t values ('3', 7); set search_path = other");
    assert_non_null(strstr(ask(c, "select v from t where id = 3"), "E 42883 "));
    ask(c, "set search_path = public");
    expect(c, "select v from t where id = 3", "T(v:1043); D(c); C SELECT 1; Z I");
}

/* A condition that is known settles what is beside it. */
static void test_conditions(void **state)
{
    struct client *c = *state;
    ask(c, "create table t(a int, b int); insert into t values (1, 0), (2, 5)");
    ask(c, "select a from t where 10 / b = 2 and a = 2 or 'f'");
    ask(c, "select a from t where 10 / b = 2 and a = 2 or 'n'");
    assert_string_equal(ask(c, "select a from t where a = 2 and 'f' and 10 / b = 2"), "T(a:23); C SELECT 0; Z I");
    ask(c, "select a, 10 / b = 2 and 't' as x from t where a = 2");
    ask(c, "select a, 10 / b = 2 and 'y' as x from t where a = 2");
    expect(c, "select a, 10 / b = 5 and 'f' as x from t where a = 1", "T(a:23,x:16); D(1,f); C SELECT 1; Z I");
}

static void test_settings(void **state)
{
    struct client *c = *state;
    ask(c, "create table t(at timestamptz)");
    ask(c, "insert into t values ('2020-01-01 12:00+00')");
    for (int i = 1; i <= 3; i++) {
        char sql[80];
        snprintf(sql, sizeof sql, "select count(*) from t where at = '2020-01-01 1%d:00'", i);
        expect(c, sql, i == 2 ? "T(count:20); D(1); C SELECT 1; Z I" : "T(count:20); D(0); C SELECT 1; Z I");
    }
    assert_true(runs_literals(c, "select count(*) from t where at = $1"));
    ask(c, "set timezone = 'Europe/Vienna'");
    expect(c, "select count(*) from t where at = '2020-01-01 12:00'", "T(count:20); D(0); C SELECT 1; Z I");
    expect(c, "select count(*) from t where at = '2020-01-01 13:00'", "T(count:20); D(1); C SELECT 1; Z I");
}

/* -- every statement that is compared with PostgreSQL -- */

struct count {
    int asked, fitting;
};

static bool is_select(const char *sql)
{
    return strncasecmp(sql, "select", 6) == 0 && !strchr(sql, '\t') && !strchr(sql, ';');
}

/* Its third time it is run by its shape, if that fits. */
static void ask_thrice(struct client *c, const char *sql, struct count *n)
{
    char *first = strdup(ask(c, sql));
    forget(c, sql);
    bool settled = strcmp(first, ask(c, sql)) == 0; /* it draws no numbers, tells no time */
    forget(c, sql);
    const char *third = ask(c, sql);
    take(c);
    n->fitting += !statement_cache_find(c->conn, (struct slice){sql, strlen(sql)}, NULL, 0);
    leave(c);
    n->asked++;
    if (settled && strcmp(first, third) != 0)
        fail_msg("%s\n%s\n%s", sql, first, third);
    free(first);
}

static void run_file(struct client *c, const char *path, struct count *n)
{
    char *line = NULL;
    size_t cap = 0;
    unsigned lines = 0;
    bool everything = getenv("PARTYWALL_ALL_STATEMENTS"); /* takes a minute */
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    while (getline(&line, &cap, f) > 0) {
        line[strcspn(line, "\n")] = '\0';
        if (line[0] == '#' || line[0] == '~' || !line[0] || strchr(line, '\t'))
            continue;
        const char *sql = line + (line[0] == '+');
        bool now = everything || ++lines % 5 == 0;
        if (is_select(sql) && now)
            ask_thrice(c, sql, n);
        else
            ask(c, sql);
    }
    free(line);
    fclose(f);
}

static void test_all_statements(void **state)
{
    struct count n = {0, 0};
    glob_t files;
    (void)state;
    assert_int_equal(glob("../integration/store/*.tsv", 0, NULL, &files), 0);
    for (size_t i = 0; i < files.gl_pathc; i++) {
        void *client;
        setup(&client);
        run_file(client, files.gl_pathv[i], &n);
        teardown(&client);
    }
    globfree(&files);
    print_message("%d statements, %d run by their shapes\n", n.asked, n.fitting);
    assert_true(n.asked > 500 && n.fitting > 200);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_which, setup, teardown),
        cmocka_unit_test_setup_teardown(test_errors, setup, teardown),
        cmocka_unit_test_setup_teardown(test_changes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_conditions, setup, teardown),
        cmocka_unit_test_setup_teardown(test_settings, setup, teardown),
        cmocka_unit_test(test_all_statements),
    };
    store_init();
    policy_thread_init();
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    policy_thread_release();
    return failed;
}
