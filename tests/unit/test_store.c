/* link: store */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "store_client.h"

#include <signal.h>
#include <sys/wait.h>

/* What PostgreSQL 15 answers to the same texts, but for positions. */

static int with_store(void **state, void (*body)(struct client *c))
{
    (void)state;
    char directory[64] = "";
    struct client c;
    struct store *s = open_store(directory);
    client_open(s, &c);
    body(&c);
    client_close(&c);
    close_store(s);
    remove_tree(directory);
    return 0;
}

static const struct golden simple[] = {
    {"", "I; Z I"},
    {"  -- nothing\n", "I; Z I"},
    {"select 1 as one, 'x' as t, null as n, true as b",
     "T(one:23,t:25,n:25,b:16); D(1,x,NULL,t); C SELECT 1; Z I"},
    {"select 1; select 2",
     "T(?column?:23); D(1); C SELECT 1; T(?column?:23); D(2); C SELECT 1; Z I"},
    {"select 1; select 1/0; select 3",
     "T(?column?:23); D(1); C SELECT 1; E 22012 division by zero; Z I"},
    {"select from generate_series(1, 2)", "T(); D(); D(); C SELECT 2; Z I"},
    {"selec 1", "E 42601 syntax error at or near \"selec\"; Z I"},
    {"select nosuch", "E 42703 column \"nosuch\" does not exist; Z I"},
    {"select * from nosuch", "E 42P01 relation \"nosuch\" does not exist; Z I"},
    {"create table t(id int primary key, v text not null, w varchar(3))", "C CREATE TABLE; Z I"},
    {"insert into t values (1,'a','xyz'),(2,'b',null)", "C INSERT 0 2; Z I"},
    {"insert into t values (1,'c')", "E 23505 duplicate key value violates unique constraint "
                                     "\"t_pkey\" {Key (id)=(1) already exists.} "
                                     "[t_pkey]; Z I"},
    {"insert into t values (3,null)",
     "E 23502 null value in column \"v\" of relation \"t\" violates not-null constraint "
     "{Failing row contains (3, null, null).}; Z I"},
    {"insert into t values (3,'c','1234')",
     "E 22001 value too long for type character varying(3); Z I"},
    {"insert into t values (3000000000,'c')", "E 22003 integer out of range; Z I"},
    {"update t set v = v || '!' where id = 2 returning id, v",
     "T(id:23,v:25); D(2,b!); C UPDATE 1; Z I"},
    {"delete from t where id > 5", "C DELETE 0; Z I"},
    {"select count(*), max(v) from t", "T(count:20,max:25); D(2,b!); C SELECT 1; Z I"},
    {"insert into t values (2,'z') on conflict (id) do update set v = excluded.v returning v",
     "T(v:25); D(z); C INSERT 0 1; Z I"},
    {"copy t to stdout", "H; d; d; c; C COPY 2; Z I"},
    {"attach database 'x' as y", "E 42601 syntax error at or near \"attach\"; Z I"},
    {"pragma user_version", "E 42601 syntax error at or near \"pragma\"; Z I"},
    {"delete from pg_class", "E 42501 permission denied: \"pg_class\" is a system catalog; Z I"},
};

static void simple_body(struct client *c)
{
    CHECK_GOLDEN(c, simple);
}

static void test_simple(void **state)
{
    with_store(state, simple_body);
}

static const struct golden transactions[] = {
    {"create table t(id int primary key)", "C CREATE TABLE; Z I"},
    {"begin", "C BEGIN; Z T"},
    {"begin", "N 25001 there is already a transaction in progress; C BEGIN; Z T"},
    {"insert into t values (1)", "C INSERT 0 1; Z T"},
    {"savepoint a", "C SAVEPOINT; Z T"},
    {"insert into t values (2)", "C INSERT 0 1; Z T"},
    {"insert into t values (2)", "E 23505 duplicate key value violates unique constraint "
                                 "\"t_pkey\" {Key (id)=(2) already exists.} "
                                 "[t_pkey]; Z E"},
    {"select 1", "E 25P02 current transaction is aborted, commands ignored until end of "
                 "transaction block; Z E"},
    {"rollback to savepoint a", "C ROLLBACK; Z T"},
    {"select id from t", "T(id:23); D(1); C SELECT 1; Z T"},
    {"rollback to nosuch", "E 3B001 savepoint \"nosuch\" does not exist; Z E"},
    {"rollback to a", "C ROLLBACK; Z T"},
    {"release a", "C RELEASE; Z T"},
    {"commit", "C COMMIT; Z I"},
    {"select id from t", "T(id:23); D(1); C SELECT 1; Z I"},
    {"commit", "N 25P01 there is no transaction in progress; C COMMIT; Z I"},
    {"rollback", "N 25P01 there is no transaction in progress; C ROLLBACK; Z I"},
    {"savepoint x", "E 25P01 SAVEPOINT can only be used in transaction blocks; Z I"},
    {"begin; insert into t values (7); select 1/0",
     "C BEGIN; C INSERT 0 1; E 22012 division by zero; Z E"},
    {"commit", "C ROLLBACK; Z I"},
    /* a text of several statements is one transaction */
    {"insert into t values (8); insert into t values (8)",
     "C INSERT 0 1; E 23505 duplicate key value violates unique constraint \"t_pkey\" {Key "
     "(id)=(8) "
     "already exists.} [t_pkey]; Z I"},
    {"select id from t", "T(id:23); D(1); C SELECT 1; Z I"},
    {"insert into t values (8); commit; insert into t values (8)",
     "C INSERT 0 1; N 25P01 there is no transaction in progress; C COMMIT; E 23505 duplicate key "
     "value "
     "violates unique constraint \"t_pkey\" {Key (id)=(8) already exists.} [t_pkey]; Z I"},
    {"select id from t order by id desc", "T(id:23); D(8); D(1); C SELECT 2; Z I"},
    {"begin read only", "C BEGIN; Z T"},
    {"insert into t values (9)", "E 25006 cannot execute INSERT in a read-only transaction; Z E"},
    {"rollback; begin read only; create table z(a int)",
     "C ROLLBACK; C BEGIN; E 25006 cannot execute CREATE TABLE in a read-only transaction; Z E"},
    {"rollback and chain", "C ROLLBACK; Z T"},
    {"show transaction_read_only", "T(transaction_read_only:25); D(on); C SHOW; Z T"},
    {"end", "C COMMIT; Z I"},
    {"begin isolation level serializable", "C BEGIN; Z T"},
    {"show transaction_isolation", "T(transaction_isolation:25); D(serializable); C SHOW; Z T"},
    {"commit", "C COMMIT; Z I"},
    /* DDL is part of it */
    {"begin", "C BEGIN; Z T"},
    {"create table u(a int)", "C CREATE TABLE; Z T"},
    {"insert into u values (1)", "C INSERT 0 1; Z T"},
    {"rollback", "C ROLLBACK; Z I"},
    {"select * from u", "E 42P01 relation \"u\" does not exist; Z I"},
};

static void transactions_body(struct client *c)
{
    CHECK_GOLDEN(c, transactions);
}

static void test_transactions(void **state)
{
    with_store(state, transactions_body);
}

static const struct golden settings[] = {
    {"show timezone", "T(TimeZone:25); D(UTC); C SHOW; Z I"},
    {"set timezone = 'Europe/Vienna'", "C SET; S TimeZone=Europe/Vienna; Z I"},
    {"select '2026-07-01 12:00'::timestamptz, '2026-01-01 12:00+00'::timestamptz",
     "T(timestamptz:1184,timestamptz:1184); D(2026-07-01 12:00:00+02,2026-01-01 13:00:00+01); C "
     "SELECT 1; "
     "Z I"},
    {"set time zone interval '+05:30' hour to minute", "C SET; S TimeZone=<+05:30>-05:30; Z I"},
    {"select '2026-01-01 00:00+00'::timestamptz",
     "T(timestamptz:1184); D(2026-01-01 05:30:00+05:30); C SELECT 1; Z I"},
    {"set timezone = 'No/Such'",
     "E 22023 invalid value for parameter \"TimeZone\": \"No/Such\"; Z I"},
    {"set time zone default", "C SET; S TimeZone=UTC; Z I"},
    {"set nosuch = 1", "E 42704 unrecognized configuration parameter \"nosuch\"; Z I"},
    {"set my.own = 'x'", "C SET; Z I"},
    {"show my.own", "T(my.own:25); D(x); C SHOW; Z I"},
    {"begin; set application_name = 'a'; rollback", "C BEGIN; C SET; C ROLLBACK; Z I"},
    {"begin; set local application_name = 'a'; commit", "C BEGIN; C SET; C COMMIT; Z I"},
    {"set local application_name = 'a'",
     "N 25P01 SET LOCAL can only be used in transaction blocks; C SET; Z I"},
    {"set application_name = 'b'", "C SET; S application_name=b; Z I"},
    {"set application_name = 'b'", "C SET; Z I"},
    {"set statement_timeout = '90s'", "C SET; Z I"},
    {"show statement_timeout", "T(statement_timeout:25); D(90s); C SHOW; Z I"},
    {"set statement_timeout = '1min30'",
     "E 22023 invalid value for parameter \"statement_timeout\": \"1min30\"; Z I"},
    {"set statement_timeout = 50", "C SET; Z I"},
    {"with recursive r(n) as (select 1 union all select n + 1 from r where n < 100000000) select "
     "count(*) from r",
     "T(count:20); E 57014 canceling statement due to statement timeout; Z I"},
    {"reset all", "C RESET; S application_name=; Z I"},
    {"set client_encoding to 'utf-8'", "C SET; Z I"},
    {"set client_encoding to 'latin1'",
     "E 0A000 client_encoding latin1 is not supported by the store; Z I"},
    {"set standard_conforming_strings = off",
     "E 0A000 standard_conforming_strings = off is not supported by the store; Z I"},
    {"deallocate all", "C DEALLOCATE ALL; Z I"},
    {"deallocate nosuch", "E 26000 prepared statement \"nosuch\" does not exist; Z I"},
    {"show server_version_num", "T(server_version_num:25); D(150020); C SHOW; Z I"},
    {"set server_version = '1'", "E 55P02 parameter \"server_version\" cannot be changed; Z I"},
};

static void settings_body(struct client *c)
{
    CHECK_GOLDEN(c, settings);
}

static void test_settings(void **state)
{
    with_store(state, settings_body);
}

/* A process is killed in the middle of a transaction: what was committed is there, the rest is not.
 */
static void doomed(const char *directory, int tell)
{
    char same[64];
    struct client c;
    snprintf(same, sizeof same, "%s", directory);
    struct store *s = open_store(same);
    client_open(s, &c);
    ask(&c, "create table t(id int primary key, v text)");
    ask(&c, "insert into t values (1, 'kept')");
    ask(&c, "begin");
    ask(&c, "insert into t select g, 'lost' from generate_series(2, 1000) g");
    ask(&c, "create table u(a int)");
    if (write(tell, "x", 1) != 1)
        _exit(1);
    pause();
    _exit(0);
}

static void test_killed(void **state)
{
    (void)state;
    char directory[64] = "/tmp/test_store_XXXXXX", byte;
    int tell[2];
    assert_non_null(mkdtemp(directory));
    assert_int_equal(pipe(tell), 0);
    pid_t child = fork();
    if (child == 0)
        doomed(directory, tell[1]);
    close(tell[1]);
    assert_int_equal(read(tell[0], &byte, 1), 1);
    close(tell[0]);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    struct client c;
    struct store *s = open_store(directory);
    client_open(s, &c);
    assert_string_equal(ask(&c, "select id, v from t"),
                        "T(id:23,v:25); D(1,kept); C SELECT 1; Z I");
    assert_string_equal(ask(&c, "select * from u"), "E 42P01 relation \"u\" does not exist; Z I");
    assert_string_equal(ask(&c, "insert into t values (2, 'new')"), "C INSERT 0 1; Z I");
    client_close(&c);
    close_store(s);
    remove_tree(directory);
}

/* A client that goes away in a transaction leaves nothing behind, not even its lock. */
static void test_client_gone(void **state)
{
    (void)state;
    char directory[64] = "";
    struct client a, b;
    struct store *s = open_store(directory);
    client_open(s, &a);
    ask(&a, "create table t(id int)");
    ask(&a, "begin");
    ask(&a, "insert into t values (1)");
    client_close(&a);
    client_open(s, &b);
    assert_string_equal(ask(&b, "insert into t values (2) returning id"),
                        "T(id:23); D(2); C INSERT 0 1; Z I");
    assert_string_equal(ask(&b, "select id from t"), "T(id:23); D(2); C SELECT 1; Z I");
    client_close(&b);
    close_store(s);
    remove_tree(directory);
}

static void test_policy_catalog(void **state)
{
    (void)state;
    char directory[64] = "";
    struct client c;
    struct catalog *catalog;
    struct err err = {0};
    struct store *s = open_store(directory);
    client_open(s, &c);
    ask(&c, "create table \"Tenant\"(id text primary key)");
    ask(&c, "create table \"User\"(id serial primary key, \"tenantId\" text not null references "
            "\"Tenant\", v "
            "varchar(10) default 'x', unique (\"tenantId\", v))");
    assert_int_equal(store_read_catalog(s, &catalog, &err), 0);
    const struct catalog_relation *r = catalog_find(catalog, NULL, "User");
    assert_non_null(r);
    assert_int_equal(r->ncolumns, 3);
    assert_int_equal(r->nkeys, 2);
    assert_int_equal(r->nforeign_keys, 1);
    assert_string_equal(r->foreign_keys[0].parent_table, "Tenant");
    assert_string_equal(catalog_column(r, "v")->type_name, "character varying(10)");
    assert_true(catalog_column(r, "id")->has_default);
    assert_true(catalog_column(r, "tenantId")->not_null);
    assert_true(catalog_has_builtin_function(catalog, "lower"));
    assert_null(catalog_find(catalog, NULL, "user"));
    catalog_unref(catalog);
    client_close(&c);
    close_store(s);
    remove_tree(directory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_simple),      cmocka_unit_test(test_transactions),
        cmocka_unit_test(test_settings),    cmocka_unit_test(test_killed),
        cmocka_unit_test(test_client_gone), cmocka_unit_test(test_policy_catalog),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
