/* link: store */
/* What is answered on the caller's thread: the same answers, and no others than it may. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "daemon/store/statement.h"
#include "policy/policy.h"
#include "store_fixture.h"

#include <string.h>

static int setup(void **state)
{
    struct client *c = fixture_open(state);
    ask(c, "create table t(id int primary key, v text, n numeric(6,2))");
    ask(c, "insert into t select i, 'row ' || i, i / 2.0 from generate_series(1, 5000) i");
    ask(c, "create table wide(id int primary key, v text)");
    ask(c, "insert into wide select i, repeat('x', 200000) from generate_series(1, 3) i");
    return 0;
}

/* Its thread has answered, and waits again. */
static void settle(struct client *c)
{
    pthread_mutex_lock(&c->conn->turn);
    pthread_mutex_unlock(&c->conn->turn);
}

/* -> was it answered without the thread? */
static bool near_answer(struct client *c, const char *sql, char *ret, size_t cap)
{
    size_t before = c->answered;
    settle(c);
    c->near = true;
    snprintf(ret, cap, "%.*s", (int)cap - 1, ask(c, sql));
    c->near = false;
    return c->answered > before;
}

static void check(struct client *c, const char *sql, bool brief)
{
    char first[4096], second[4096];
    snprintf(first, sizeof first, "%.*s", (int)sizeof first - 1,
             ask(c, sql)); /* by the thread: now it is known */
    bool was = near_answer(c, sql, second, sizeof second);
    if (was != brief)
        fail_msg("%s: %s", sql, was ? "answered at once" : "left to the thread");
    assert_string_equal(first, second);
}

static void test_queries(void **state)
{
    static const char *const brief[] = {
        "select * from t where id = 7",
        "select v, n from t where id in (1, 4999, 70000)",
        "select count(*) from t where id < 20;",
        "select a.v, b.v from t a join t b on b.id = a.id where a.id = 3 limit 1",
        "select id from t order by id desc limit 3 offset 2",
        "select id + 1, id / 2, now() is null from t where id = 4",
    };
    static const char *const others[] = {
        "insert into wide values (1, 'x') on conflict do nothing",
        "update t set v = v where id = 1",
        "select nextval('pg_catalog.nothing')",
        "select upper(v) from t where id = 1",
        "select relname from pg_class where relname = 't'",
        "select * from generate_series(1, 3)",
        "select id from t where id = 1 for update",
        "select id from t where id = 1; select 2",
        "show search_path",
        "",
    };
    for (size_t i = 0; i < sizeof brief / sizeof *brief; i++)
        check(*state, brief[i], true);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        check(*state, others[i], false);
}

static void test_not_in_a_block(void **state)
{
    struct client *c = *state;
    check(c, "select v from t where id = 7", true);
    ask(c, "begin");
    check(c, "select v from t where id = 7", false);
    ask(c, "commit");
    check(c, "select v from t where id = 7", true);
}

/* Short queries of plain tables are even translated at once. */
static void test_new_texts(void **state)
{
    struct client *c = *state;
    char got[512];
    ask(c, "create view all_of_t as select * from t");
    ask(c, "create table plain(a int)");
    ask(c, "select * from plain"); /* the thread has met the new schema */
    assert_true(near_answer(c, " select v as a from t where id = 8", got, sizeof got));
    assert_string_equal(got, "T(a:25); D(row 8); C SELECT 1; Z I");
    assert_false(near_answer(c, "select v as b from all_of_t where id = 8", got, sizeof got));
    assert_false(near_answer(c, "select oid from pg_class where relname = 'b'", got, sizeof got));
    assert_false(near_answer(c, "select upper(v) from t where id = 8", got, sizeof got));
    assert_string_equal(got, "T(upper:25); D(ROW 8); C SELECT 1; Z I");
    assert_false(near_answer(c, "select nothing from t", got, sizeof got));
    assert_string_equal(got, "E 42703 column \"nothing\" does not exist; Z I");
    assert_false(near_answer(c, "insert into plain values (1)", got, sizeof got));
    assert_string_equal(ask(c, "select * from plain"), "T(a:23); D(1); C SELECT 1; Z I");
}

/* It is undone, done by the thread, and for some time not tried again. */
static void test_too_much(void **state)
{
    struct client *c = *state;
    check(c, "select count(*), sum(id) from t", false);
    check(c, "select v from wide", false);
    check(c, "select v from t where id = 7", true);
    check(c, "select count(*), sum(id) from t", false);
    assert_string_equal(ask(c, "select count(*) from t"), "T(count:20); D(5000); C SELECT 1; Z I");
}

static void test_schema_changes(void **state)
{
    struct client *c = *state, other;
    char got[512];
    check(c, "select * from t where id = 7", true);
    client_open(store, &other);
    ask(&other, "alter table t add more int default 5");
    assert_false(near_answer(c, "select * from t where id = 7", got, sizeof got));
    assert_string_equal(got, "T(id:23,v:25,n:1700,more:23); D(7,row 7,3.50,5); C SELECT 1; Z I");
    check(c, "select * from t where id = 7", true);
    ask(&other, "drop table t cascade");
    assert_false(near_answer(c, "select * from t where id = 7", got, sizeof got));
    assert_string_equal(got, "E 42P01 relation \"t\" does not exist; Z I");
    client_close(&other);
}

static int count_notifications(const char *transcript)
{
    int n = strncmp(transcript, "A;", 2) == 0;
    while ((transcript = strstr(transcript, "; A;"))) {
        transcript += 3;
        n++;
    }
    return n;
}

/* They come before the next ReadyForQuery, whoever sends that; and not with an answer that is
 * undone. */
static void test_notifications(void **state)
{
    struct client *c = *state, other;
    char got[512];
    int n = 0;
    ask(c, "listen news");
    check(c, "select v from t where id = 7", true);
    check(c, "select id from t where id > 0 and v = 'row 4999'", false);
    client_open(store, &other);
    for (int i = 0; i < 20; i++) {
        ask(&other, "notify news");
        near_answer(c, "select v from t where id = 7", got, sizeof got);
        n += count_notifications(got);
        ask(&other, "notify news");
        near_answer(c, "select id from t where id > 0 and v = 'row 4999'", got, sizeof got);
        n += count_notifications(got);
    }
    assert_int_equal(n, 40);
    client_close(&other);
}

static void say_lookup(struct client *c, const char *name, const char *id)
{
    say_bind(c, "", name, &id, 1, 0);
    say_execute(c, "", 0);
    msg_sync(&c->out);
}

static void test_extended(void **state)
{
    struct client *c = *state;
    say_parse(c, "s", "select v from t where id = $1");
    say_lookup(c, "s", "7");
    client_send(c);
    assert_string_equal(client_read(c, 'Z'), "1; 2; D(row 7); C SELECT 1; Z I");
    settle(c);
    c->near = true;
    say_lookup(c, "s", "8");
    client_send(c);
    assert_string_equal(client_read(c, 'Z'), "2; D(row 8); C SELECT 1; Z I");
    assert_true(c->answered > 0);
    size_t before = c->answered;
    say_lookup(c, "s", "9"); /* several batches at once; the one in the middle fails */
    say_lookup(c, "s", "x");
    say_lookup(c, "s", "10");
    size_t len = buf_len(&c->out);
    client_send(c);
    assert_string_equal(client_read(c, 'Z'), "2; D(row 9); C SELECT 1; Z I");
    assert_string_equal(client_read(c, 'Z'),
                        "E 22P02 invalid input syntax for type integer: \"x\"; Z I");
    assert_string_equal(client_read(c, 'Z'), "2; D(row 10); C SELECT 1; Z I");
    assert_int_equal(c->answered - before, len);
    before = c->answered;
    say_lookup(c, "s", "11"); /* without all of its Sync it is no batch yet */
    struct slice all = buf_peek(&c->out);
    for (size_t n = 0; n < all.len; n++)
        assert_int_equal(
            store_answer(c->conn, (struct slice){all.data, n}, c->sent, c->got, &c->in), 0);
    say_lookup(c, "other", "12"); /* nobody has named that */
    client_send(c);
    assert_string_equal(client_read(c, 'Z'), "2; D(row 11); C SELECT 1; Z I");
    assert_string_equal(client_read(c, 'Z'),
                        "E 26000 prepared statement \"other\" does not exist; Z I");
    assert_int_equal(c->answered - before, all.len);
}

/* What is on its way through the descriptor comes first. */
static void test_order(void **state)
{
    struct client *c = *state;
    static const char brief[] = "select v from t where id = 7";
    check(c, brief, true);
    c->near = true;
    msg_query(&c->out, (struct slice){"select 1", 8});
    client_send(c);
    msg_query(&c->out, (struct slice){brief, strlen(brief)});
    client_send(c);
    assert_string_equal(client_read(c, 'Z'), "T(?column?:23); D(1); C SELECT 1; Z I");
    assert_string_equal(client_read(c, 'Z'), "T(v:25); D(row 7); C SELECT 1; Z I");
}

/* What the thread has not sent yet, as nobody has asked for it, is not taken from it. */
static void test_flush(void **state)
{
    struct client *c = *state;
    const char *id = "7";
    say_parse(c, "", "select v from t where id = $1");
    say_bind(c, "", "", &id, 1, 0);
    say_execute(c, "", 0);
    client_send(c);
    for (bool done = false; !done;) { /* until it has run, and waits for what comes */
        pthread_mutex_lock(&c->conn->turn);
        done = buf_len(&c->conn->out) > 0;
        pthread_mutex_unlock(&c->conn->turn);
    }
    static const char flush[] = {'H', 0, 0, 0, 4};
    assert_int_equal(store_answer(c->conn, (struct slice){flush, 5}, c->sent, c->got, &c->in), 0);
    assert_int_equal(buf_len(&c->in), 0);
    buf_append(&c->out, flush, 5);
    client_send(c);
    assert_string_equal(client_read(c, 'C'), "1; 2; D(row 7); C SELECT 1");
    msg_sync(&c->out);
    client_send(c);
    assert_string_equal(client_read(c, 'Z'), "Z I");
}

/* Until something is committed, the next statement gets the snapshot of the last. */
static void test_snapshots(void **state)
{
    struct client *c = *state;
    struct client other = {0};
    char got[512];
    static const char sql[] = "select v from t where id = 7";
    client_open(store, &other);
    check(c, sql, true);
    assert_true(c->conn->kept);
    assert_true(near_answer(c, sql, got, sizeof got));
    ask(&other, "update t set v = 'new' where id = 7");
    assert_true(near_answer(c, sql, got, sizeof got));
    assert_string_equal(got, "T(v:25); D(new); C SELECT 1; Z I");
    ask(&other, "begin; update t set v = 'newer' where id = 7");
    assert_true(near_answer(c, sql, got, sizeof got));
    assert_string_equal(got, "T(v:25); D(new); C SELECT 1; Z I");
    assert_false(c->conn->kept); /* somebody writes */
    ask(&other, "commit");
    assert_true(near_answer(c, sql, got, sizeof got));
    assert_string_equal(got, "T(v:25); D(newer); C SELECT 1; Z I");
    assert_true(c->conn->kept);
    store_rest(c->conn);
    assert_false(c->conn->kept);
    assert_true(near_answer(c, sql, got, sizeof got));
    assert_string_equal(ask(c, "update t set v = 'mine' where id = 7"), "C UPDATE 1; Z I");
    assert_true(near_answer(c, sql, got, sizeof got));
    assert_string_equal(got, "T(v:25); D(mine); C SELECT 1; Z I");
    client_close(&other);
}

/* What is run by its shape must be brief, too. */
static void test_shapes(void **state)
{
    struct client *c = *state;
    char got[512];
    ask(c, "select upper(v) from t where id = 1");
    ask(c, "select upper(v) from t where id = 2");
    ask(c, "begin");
    ask(c, "select upper(v) from t where id = 3"); /* now it is prepared */
    ask(c, "commit");
    assert_false(near_answer(c, "select upper(v) from t where id = 4", got, sizeof got));
    assert_string_equal(got, "T(upper:25); D(ROW 4); C SELECT 1; Z I");
    ask(c, "select v from t where id = 1");
    assert_true(near_answer(c, "select v from t where id = 2", got, sizeof got));
    assert_true(near_answer(c, "select v from t where id = 3", got, sizeof got));
    assert_string_equal(got, "T(v:25); D(row 3); C SELECT 1; Z I");
}

/* Short texts of which much comes. */
static void test_explosions(void **state)
{
    struct client *c = *state;
    char got[512], sql[4096];
    size_t n = (size_t)snprintf(sql, sizeof sql, "select ((((((((((((id");
    for (int k = 0; k < 12; k++)
        n += (size_t)snprintf(sql + n, sizeof sql - n, " between 1 and 2)::int");
    snprintf(sql + n, sizeof sql - n, " from t where id = 1");
    assert_false(near_answer(c, sql, got, sizeof got));
    assert_string_equal(got, "T(int4:23); D(1); C SELECT 1; Z I");
    n = (size_t)snprintf(sql, sizeof sql, "select 1 from (with c0 as (select 1)");
    for (int i = 1; i <= 40; i++)
        n += (size_t)snprintf(sql + n, sizeof sql - n, ", c%d as (select 1 from c%d x, c%d y)", i, i - 1, i - 1);
    snprintf(sql + n, sizeof sql - n, " select 1 from c40) q");
    assert_false(near_answer(c, sql, got, sizeof got));
    assert_string_equal(got, "E 54001 statement is too complex; Z I");
    char inner[4096];
    snprintf(sql, sizeof sql, "select id as k from t");
    for (int i = 0; i < 40; i++) {
        strcpy(inner, sql);
        snprintf(sql, sizeof sql, "select k + k as k from (%.4000s) q", inner);
    }
    assert_false(near_answer(c, sql, got, sizeof got));
    assert_string_equal(got, "E 54001 statement is too complex; Z I");
}

static const struct prepared *cached(struct client *c, const char *sql)
{
    pthread_mutex_lock(&c->conn->turn);
    const struct prepared *p = statement_cache_find(c->conn, (struct slice){sql, strlen(sql)}, NULL, 0);
    pthread_mutex_unlock(&c->conn->turn);
    return p;
}

/* Texts that come once push out no others that are used. */
static void test_cache(void **state)
{
    struct client *c = *state;
    static const char hot[] = "select v from t where id = 7";
    ask(c, hot);
    assert_null(cached(c, hot));
    ask(c, hot); /* the first of a form shows that there is one */
    const struct prepared *kept = cached(c, hot);
    assert_non_null(kept);
    for (int i = 1; i <= 5 * CONN_CACHED_MAX; i++) {
        char sql[64];
        snprintf(sql, sizeof sql, "select id as c%d from t where id = 1", i);
        ask(c, sql);
        ask(c, sql);
        if (i % 50 == 0)
            ask(c, hot);
    }
    assert_ptr_equal(cached(c, hot), kept);
    assert_null(cached(c, "select id as c1 from t where id = 1"));
    static char large[CONN_CACHED_BYTES + 100];
    snprintf(large, sizeof large, "select v from t where v = '%0*d'", (int)CONN_CACHED_BYTES, 1);
    ask(c, large);
    assert_null(cached(c, large));
}

/* Whoever wants to write may have to wait: not here. */
static void test_locks(void **state)
{
    struct client *c = *state;
    struct client other = {0};
    char got[512];
    client_open(store, &other);
    ask(c, "set lock_timeout = '100ms'");
    ask(&other, "begin; update t set v = 'new' where id = 7");
    assert_false(near_answer(c, "select v from t where id = 8 for update", got, sizeof got));
    assert_string_equal(got, "E 55P03 canceling statement due to lock timeout; Z I");
    client_close(&other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_queries, setup, teardown),
        cmocka_unit_test_setup_teardown(test_not_in_a_block, setup, teardown),
        cmocka_unit_test_setup_teardown(test_new_texts, setup, teardown),
        cmocka_unit_test_setup_teardown(test_too_much, setup, teardown),
        cmocka_unit_test_setup_teardown(test_schema_changes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_notifications, setup, teardown),
        cmocka_unit_test_setup_teardown(test_extended, setup, teardown),
        cmocka_unit_test_setup_teardown(test_order, setup, teardown),
        cmocka_unit_test_setup_teardown(test_flush, setup, teardown),
        cmocka_unit_test_setup_teardown(test_snapshots, setup, teardown),
        cmocka_unit_test_setup_teardown(test_shapes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_explosions, setup, teardown),
        cmocka_unit_test_setup_teardown(test_cache, setup, teardown),
        cmocka_unit_test_setup_teardown(test_locks, setup, teardown),
    };
    policy_thread_init();
    store_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
