/* link: store */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "store_fixture.h"

#include <string.h>

static int setup(void **state)
{
    struct client *c = fixture_open(state);
    ask(c, "create table t(id int primary key, v text, n numeric(6,2), at timestamptz)");
    ask(c, "insert into t values (1,'a',1.5,'2026-01-01 "
           "00:00:00+00'),(2,'b',2,null),(3,'c',null,null)");
    return 0;
}

static void say_target(struct client *c, char message, char what, const char *name)
{
    size_t mark = msg_begin(&c->out, message);
    msg_byte(&c->out, (uint8_t)what);
    msg_string(&c->out, name);
    msg_end(&c->out, mark);
}

static void say(struct client *c, char message)
{
    msg_end(&c->out, msg_begin(&c->out, message));
}

static const char *sync_read(struct client *c)
{
    say(c, 'S');
    client_send(c);
    return client_read(c, 'Z');
}

static void test_named(void **state)
{
    struct client *c = *state;
    const char *one[] = {"2"}, *none[] = {NULL}, *bad[] = {"x"};
    say_parse(c, "s1", "select id, v from t where id >= $1 order by id");
    say_target(c, 'D', 'S', "s1");
    assert_string_equal(sync_read(c), "1; t(23); T(id:23,v:25); Z I");
    say_bind(c, "", "s1", one, 1, 0);
    say_target(c, 'D', 'P', "");
    say_execute(c, "", 0);
    assert_string_equal(sync_read(c), "2; T(id:23,v:25); D(2,b); D(3,c); C SELECT 2; Z I");
    say_bind(c, "", "s1", none, 1, 0);
    say_execute(c, "", 0);
    assert_string_equal(sync_read(c), "2; C SELECT 0; Z I");
    say_bind(c, "", "s1", bad, 1, 0);
    say_execute(c, "", 0);
    assert_string_equal(sync_read(c), "E 22P02 invalid input syntax for type integer: \"x\"; Z I");
    say_bind(c, "", "s1", NULL, 0, 0);
    assert_string_equal(sync_read(c),
                        "E 08P01 bind message supplies 0 parameters, but prepared statement "
                        "\"s1\" requires 1; Z I");
    say_parse(c, "s1", "select 1");
    assert_string_equal(sync_read(c), "E 42P05 prepared statement \"s1\" already exists; Z I");
    say_target(c, 'C', 'S', "s1");
    say_target(c, 'C', 'S', "nosuch");
    assert_string_equal(sync_read(c), "3; 3; Z I");
    say_bind(c, "", "s1", one, 1, 0);
    assert_string_equal(sync_read(c), "E 26000 prepared statement \"s1\" does not exist; Z I");
    say_execute(c, "nosuch", 0);
    assert_string_equal(sync_read(c), "E 34000 portal \"nosuch\" does not exist; Z I");
}

static void test_binary(void **state)
{
    struct client *c = *state;
    say_parse(c, "", "select id, n, at from t where id < 3 order by id");
    say_bind(c, "", "", NULL, 0, 1);
    say_execute(c, "", 0);
    assert_string_equal(sync_read(c),
                        "1; 2; D(00000001,000200000000000200011388,0002ea470ae86000); "
                        "D(00000002,00010000000000020002,NULL); C SELECT 2; Z I");
}

static void test_suspended(void **state)
{
    struct client *c = *state;
    say_parse(c, "", "select id from t order by id");
    say_bind(c, "p", "", NULL, 0, 0);
    say_execute(c, "p", 2);
    say(c, 'H');
    client_send(c);
    assert_string_equal(client_read(c, 's'), "1; 2; D(1); D(2); s");
    say_execute(c, "p", 2);
    say_execute(c, "p", 2);
    assert_string_equal(sync_read(c), "D(3); C SELECT 1; C SELECT 0; Z I");
    say_execute(c, "p", 1); /* gone with its transaction */
    assert_string_equal(sync_read(c), "E 34000 portal \"p\" does not exist; Z I");
}

static void test_pipeline(void **state)
{
    struct client *c = *state;
    say_parse(c, "", "insert into t(id) values (10)");
    say_bind(c, "", "", NULL, 0, 0);
    say_execute(c, "", 0);
    say_parse(c, "", "insert into t(id) values (10)");
    say_bind(c, "", "", NULL, 0, 0);
    say_execute(c, "", 0);
    say_parse(c, "", "insert into t(id) values (11)");
    say_bind(c, "", "", NULL, 0, 0);
    say_execute(c, "", 0);
    /* one implicit transaction up to Sync; what follows the error is skipped */
    assert_string_equal(
        sync_read(c),
        "1; 2; C INSERT 0 1; 1; 2; E 23505 duplicate key value violates unique constraint "
        "\"t_pkey\" {Key (id)=(10) already exists.} [t_pkey]; Z I");
    assert_string_equal(ask(c, "select count(*) from t"), "T(count:20); D(3); C SELECT 1; Z I");
}

/* asyncpg waits for an answer after Flush: an error must not wait for Sync. */
static void test_error_is_flushed(void **state)
{
    struct client *c = *state;
    say_parse(c, "", "select nosuch");
    say_target(c, 'D', 'S', "");
    say(c, 'H');
    client_send(c);
    assert_string_equal(client_read(c, 'E'), "E 42703 column \"nosuch\" does not exist");
    assert_string_equal(sync_read(c), "Z I");
}

static void test_transaction_by_messages(void **state)
{
    struct client *c = *state;
    say_parse(c, "b", "BEGIN");
    say_bind(c, "", "b", NULL, 0, 0);
    say_target(c, 'D', 'P', "");
    say_execute(c, "", 0);
    say_parse(c, "", "update t set v = 'z' where id = 1 returning v");
    say_bind(c, "", "", NULL, 0, 0);
    say_execute(c, "", 1);
    assert_string_equal(sync_read(c), "1; 2; n; C BEGIN; 1; 2; D(z); s; Z T");
    say_parse(c, "", "select nosuch");
    assert_string_equal(sync_read(c), "E 42703 column \"nosuch\" does not exist; Z E");
    say_parse(c, "", "select 1");
    assert_string_equal(sync_read(c),
                        "E 25P02 current transaction is aborted, commands ignored until end "
                        "of transaction block; Z E");
    say_parse(c, "", "ROLLBACK");
    say_bind(c, "", "", NULL, 0, 0);
    say_execute(c, "", 0);
    assert_string_equal(sync_read(c), "1; 2; C ROLLBACK; Z I");
    assert_string_equal(ask(c, "select v from t where id = 1"), "T(v:25); D(a); C SELECT 1; Z I");
}

static void test_odd(void **state)
{
    struct client *c = *state;
    say_parse(c, "", "");
    say_bind(c, "", "", NULL, 0, 0);
    say_target(c, 'D', 'P', "");
    say_execute(c, "", 0);
    assert_string_equal(sync_read(c), "1; 2; n; I; Z I");
    say_parse(c, "", "select 1; select 2");
    assert_string_equal(sync_read(c),
                        "E 42601 cannot insert multiple commands into a prepared statement; Z I");
    say_parse(c, "", "show timezone");
    say_target(c, 'D', 'S', "");
    say_bind(c, "", "", NULL, 0, 0);
    say_execute(c, "", 0);
    assert_string_equal(sync_read(c), "1; t(); T(TimeZone:25); 2; D(UTC); C SHOW; Z I");
    say_parse(c, "", "select $1::int as a, $2 as b, $3 + 1.5 as c");
    say_target(c, 'D', 'S', "");
    assert_string_equal(sync_read(c), "1; t(23,25,1700); T(a:23,b:25,c:1700); Z I");
    /* a prepared statement survives DDL, unless its result would change */
    say_parse(c, "star", "select * from t where id = 1");
    say_parse(c, "cols", "select id from t where id = 1");
    assert_string_equal(sync_read(c), "1; 1; Z I");
    assert_string_equal(ask(c, "alter table t add column extra int"), "C ALTER TABLE; Z I");
    say_bind(c, "", "cols", NULL, 0, 0);
    say_execute(c, "", 0);
    assert_string_equal(sync_read(c), "2; D(1); C SELECT 1; Z I");
    say_bind(c, "", "star", NULL, 0, 0);
    assert_string_equal(sync_read(c), "E 0A000 cached plan must not change result type; Z I");
    say_parse(c, "", "insert into t(id, v) values (50, $1)");
    const char *bytes[] = {"\xff\xfe"};
    say_bind(c, "", "", bytes, 1, 0);
    assert_string_equal(sync_read(c),
                        "1; E 22021 invalid byte sequence for encoding \"UTF8\": 0xff; Z I");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_named, setup, teardown),
        cmocka_unit_test_setup_teardown(test_binary, setup, teardown),
        cmocka_unit_test_setup_teardown(test_suspended, setup, teardown),
        cmocka_unit_test_setup_teardown(test_pipeline, setup, teardown),
        cmocka_unit_test_setup_teardown(test_error_is_flushed, setup, teardown),
        cmocka_unit_test_setup_teardown(test_transaction_by_messages, setup, teardown),
        cmocka_unit_test_setup_teardown(test_odd, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
