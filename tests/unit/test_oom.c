/* link: protocol */
/* The units of protocol/ that allocate, with an allocator that fails at the nth call: nothing
 * leaks, nothing is half done, and the error says 53200 or is sticky. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

static size_t calls_left;
static size_t alive;

static void *failing_malloc(size_t size)
{
    if (calls_left == 0)
        return NULL;
    calls_left--;
    alive++;
    return malloc(size);
}

static void *failing_calloc(size_t n, size_t size)
{
    if (calls_left == 0)
        return NULL;
    calls_left--;
    alive++;
    return calloc(n, size);
}

static void counting_free(void *p)
{
    alive -= p != NULL;
    free(p);
}

/* The sources, with this allocator; the library's copies are then not linked. */
#define malloc failing_malloc
#define calloc failing_calloc
#define free   counting_free
#define grow   buf_grow
#include "protocol/buf.c"
#undef grow
#include "protocol/flow.c"
#undef malloc
#undef calloc
#undef free

#include "protocol/msg_write.h"

/* Run ${work} with 0, 1, 2, ... successful allocations until it succeeds. */
static void until_it_succeeds(int (*work)(void))
{
    size_t n = 0;
    for (;; n++) {
        assert_true(n < 100);
        calls_left = n;
        int rc = work();
        assert_int_equal(alive, 0);
        if (rc == 0)
            break;
    }
    assert_true(n > 1); /* it did fail before */
}

static int write_messages(void)
{
    static const char *const values[] = {"one", NULL, "three"};
    char text[5000];
    struct err e;
    struct buf b;
    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    err_set(&e, SQLSTATE_SYNTAX_ERROR, "m");
    buf_init(&b, 200000);
    for (int i = 0; i < 20; i++) {
        msg_row_text(&b, values, 3);
        msg_command_complete(&b, text);
        msg_error(&b, "ERROR", &e);
        msg_ready(&b, 'I');
    }
    int rc = b.failed ? -1 : 0;
    if (rc != 0)
        assert_int_equal(buf_len(&b), 0);
    else
        assert_int_equal(buf_len(&b), 20 * (27 + 5005 + 30 + 6));
    buf_release(&b);
    return rc;
}

static int push_entries(void)
{
    struct flow *f = flow_new();
    if (!f)
        return -1;
    int rc = 0;
    for (uint64_t i = 0; i < 100 && rc == 0; i++) {
        struct err err = {0};
        size_t len = flow_len(f), syncs = flow_syncs(f);
        rc = i % 3 ? flow_push(f, FLOW_SYNC, FLOW_FORWARD, i, &err)
                   : flow_push_inject(f, (struct slice){"bytes", 5}, &err);
        if (rc != 0) {
            assert_string_equal(err.sqlstate, SQLSTATE_OUT_OF_MEMORY);
            assert_int_equal(flow_len(f), len);
            assert_int_equal(flow_syncs(f), syncs);
        }
    }
    for (size_t i = 0; i < flow_len(f); i++)
        assert_int_equal(flow_at(f, i)->kind, i % 3 ? FLOW_SYNC : FLOW_LOCAL);
    flow_free(f);
    return rc;
}

static void messages_are_whole_or_not_at_all(void **state)
{
    (void)state;
    until_it_succeeds(write_messages);
}

static void entries_are_pushed_or_not_at_all(void **state)
{
    (void)state;
    until_it_succeeds(push_entries);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_are_whole_or_not_at_all),
        cmocka_unit_test(entries_are_pushed_or_not_at_all),
    };
    return cmocka_run_group_tests_name("oom", tests, NULL, NULL);
}
