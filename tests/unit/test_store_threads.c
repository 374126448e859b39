/* link: store */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "store_fixture.h"

#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <time.h>

#define WRITERS 6
#define ROUNDS  25

static int setup(void **state)
{
    struct client *c = fixture_open(state);
    ask(c, "create table account(id int primary key, n int not null)");
    ask(c, "insert into account values (1, 0)");
    return 0;
}

static bool says(struct client *c, const char *sql, const char *part)
{
    const char *got = ask(c, sql);
    if (strstr(got, part))
        return true;
    print_error("%s: %s\n", sql, got);
    return false;
}

/* Reads, then writes, in one transaction: at READ COMMITTED nobody may fail, and nothing is lost.
 */
static void *writer(void *arg)
{
    struct client c;
    bool ok = true;
    (void)arg;
    client_open(store, &c);
    for (int i = 0; i < ROUNDS && ok; i++)
        ok = says(&c, "begin", "C BEGIN") &&
             says(&c, "select n from account where id = 1", "C SELECT 1") &&
             says(&c, "update account set n = n + 1 where id = 1", "C UPDATE 1") &&
             says(&c, "commit", "C COMMIT");
    client_close(&c);
    return ok ? NULL : &store;
}

static void test_writers(void **state)
{
    (void)state;
    pthread_t threads[WRITERS];
    struct client c;
    char want[80];
    void *failed;
    for (int i = 0; i < WRITERS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, writer, NULL), 0);
    for (int i = 0; i < WRITERS; i++) {
        pthread_join(threads[i], &failed);
        assert_null(failed);
    }
    client_open(store, &c);
    snprintf(want, sizeof want, "T(n:23); D(%d); C SELECT 1; Z I", WRITERS * ROUNDS);
    assert_string_equal(ask(&c, "select n from account"), want);
    client_close(&c);
}

/* Readers see committed states only, and do not wait for the writer. */
static void test_reader_beside_writer(void **state)
{
    (void)state;
    struct client w, r;
    client_open(store, &w);
    client_open(store, &r);
    ask(&w, "begin");
    ask(&w, "update account set n = 7");
    assert_string_equal(ask(&r, "select n from account"), "T(n:23); D(0); C SELECT 1; Z I");
    ask(&r, "begin");
    assert_string_equal(ask(&r, "select n from account"), "T(n:23); D(0); C SELECT 1; Z T");
    ask(&w, "commit");
    /* READ COMMITTED: a new snapshot for each statement */
    assert_string_equal(ask(&r, "select n from account"), "T(n:23); D(7); C SELECT 1; Z T");
    ask(&r, "rollback");
    ask(&r, "begin isolation level repeatable read");
    assert_string_equal(ask(&r, "select n from account"), "T(n:23); D(7); C SELECT 1; Z T");
    ask(&w, "update account set n = 8");
    assert_string_equal(ask(&r, "select n from account"), "T(n:23); D(7); C SELECT 1; Z T");
    assert_string_equal(ask(&r, "update account set n = 9"),
                        "E 40001 could not serialize access due to concurrent update; Z E");
    ask(&r, "rollback");
    client_close(&w);
    client_close(&r);
}

static void pause_ms(long ms)
{
    struct timespec t = {ms / 1000, ms % 1000 * 1000000};
    nanosleep(&t, NULL);
}

/* What it ends with.  It may not have begun when it is cancelled first. */
static const char *cancelled(struct client *c)
{
    struct pollfd answer = {.fd = c->fd, .events = POLLIN};
    while (poll(&answer, 1, 50) == 0)
        store_cancel(c->conn);
    return client_read(c, 'Z');
}

static void test_lock_wait(void **state)
{
    (void)state;
    struct client w, other;
    client_open(store, &w);
    client_open(store, &other);
    ask(&w, "begin");
    ask(&w, "update account set n = 1");
    ask(&other, "set lock_timeout = 50");
    assert_string_equal(ask(&other, "update account set n = 2"),
                        "E 55P03 canceling statement due to lock timeout; Z I");
    ask(&other, "set lock_timeout = 0; set statement_timeout = 50");
    assert_string_equal(ask(&other, "update account set n = 2"),
                        "E 57014 canceling statement due to statement timeout; Z I");
    ask(&other, "set statement_timeout = 0");
    /* cancelled while it waits */
    msg_query(&other.out, (struct slice){"update account set n = 2", 24});
    client_send(&other);
    assert_string_equal(cancelled(&other),
                        "E 57014 canceling statement due to user request; Z I");
    /* granted when the writer ends */
    msg_query(&other.out, (struct slice){"update account set n = n + 1", 28});
    client_send(&other);
    pause_ms(20);
    ask(&w, "commit");
    assert_string_equal(client_read(&other, 'Z'), "C UPDATE 1; Z I");
    assert_string_equal(ask(&w, "select n from account"), "T(n:23); D(2); C SELECT 1; Z I");
    client_close(&w);
    client_close(&other);
}

static void test_cancel(void **state)
{
    (void)state;
    static const char endless[] =
        "with recursive r(n) as (select 1 union all select n + 1 from r where n < 1000000000) "
        "select count(*) from r";
    struct client c;
    client_open(store, &c);
    msg_query(&c.out, (struct slice){endless, sizeof endless - 1});
    client_send(&c);
    assert_non_null(strstr(cancelled(&c), "E 57014 canceling statement due to user request; Z I"));
    store_cancel(c.conn); /* nothing runs: nothing happens */
    assert_string_equal(ask(&c, "select 1 as x"), "T(x:23); D(1); C SELECT 1; Z I");
    client_close(&c);
}

/* Nobody waits for the answer any more: the statement ends, and with it the thread. */
static void test_closed_while_running(void **state)
{
    (void)state;
    static const char endless[] =
        "with recursive r(n) as (select 1 union all select n + 1 from r where n < 1000000000) "
        "select count(*) from r";
    struct client c;
    struct timespec before, after;
    client_open(store, &c);
    msg_query(&c.out, (struct slice){endless, sizeof endless - 1});
    msg_query(&c.out, (struct slice){endless, sizeof endless - 1});
    client_send(&c);
    pause_ms(50);
    clock_gettime(CLOCK_MONOTONIC, &before);
    client_close(&c);
    clock_gettime(CLOCK_MONOTONIC, &after);
    assert_true(after.tv_sec - before.tv_sec < 10);
}

/* Their statements are answered on these threads, while others write and their own threads wait. */
static void *near_reader(void *arg)
{
    struct client c;
    bool ok = true;
    size_t *answered = arg;
    client_open(store, &c);
    c.near = true;
    for (int i = 0; i < 40 * ROUNDS && ok; i++)
        ok = says(&c, "select id from account where id = 1", "D(1); C SELECT 1; Z I");
    *answered = c.answered;
    client_close(&c);
    return ok ? NULL : &store;
}

static void test_answers_at_once(void **state)
{
    (void)state;
    pthread_t readers[2], others[2];
    size_t answered[2];
    void *failed;
    for (int i = 0; i < 2; i++) {
        assert_int_equal(pthread_create(&readers[i], NULL, near_reader, &answered[i]), 0);
        assert_int_equal(pthread_create(&others[i], NULL, writer, NULL), 0);
    }
    for (int i = 0; i < 2; i++) {
        pthread_join(readers[i], &failed);
        assert_null(failed);
        pthread_join(others[i], &failed);
        assert_null(failed);
        assert_true(answered[i] > 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_writers, setup, teardown),
        cmocka_unit_test_setup_teardown(test_reader_beside_writer, setup, teardown),
        cmocka_unit_test_setup_teardown(test_lock_wait, setup, teardown),
        cmocka_unit_test_setup_teardown(test_cancel, setup, teardown),
        cmocka_unit_test_setup_teardown(test_closed_while_running, setup, teardown),
        cmocka_unit_test_setup_teardown(test_answers_at_once, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
