/* link: protocol */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "protocol/flow.h"
#include "protocol/sqlstate.h"

#include <stdio.h>
#include <string.h>

/* A flow as a word: P parse, B bind, C close, D/d describe, E execute, S sync, Q query, F function,
 * i an injected reply. */
static const char letters[] = "PBCDdESQFi";

static void push_word(struct flow *f, const char *word)
{
    struct err err;
    for (size_t i = 0; word[i]; i++) {
        if (word[i] == 'i') {
            assert_int_equal(flow_push_inject(f, (struct slice){"3\0\0\0\4", 5}, &err), 0);
            continue;
        }
        enum flow_kind kind = (enum flow_kind)(strchr(letters, word[i]) - letters);
        assert_int_equal(flow_push(f, kind, FLOW_FORWARD, i, &err), 0);
    }
}

static void as_word(const struct flow *f, char *ret, size_t size)
{
    size_t n = flow_len(f);
    assert_true(n < size);
    for (size_t i = 0; i < n; i++)
        ret[i] = letters[flow_at(f, i)->kind];
    ret[n] = '\0';
}

static void note_dropped(void *owner, const struct flow_entry *e)
{
    char *word = owner;
    size_t n = strlen(word);
    word[n] = letters[e->kind];
    word[n + 1] = '\0';
}

/* What an ErrorResponse for the head leaves, and what it tells the owner to undo. */
static void an_error_drops_up_to_sync(void **state)
{
    (void)state;
    static const struct {
        const char *before, *after, *dropped;
        size_t syncs;
    } rows[] = {
        {"", "", "", 0},
        {"S", "S", "", 1}, /* a deferred constraint failed in Sync */
        {"Q", "Q", "", 1},
        {"F", "F", "", 1},
        {"QPBES", "QPBES", "", 2},
        {"PBDES", "S", "PBDE", 1},
        {"BESPBES", "SPBES", "BE", 2},
        {"PBiEiS", "S", "PBiEi", 1}, /* replies to statements that never happened */
        {"EiCS", "S", "EiC", 1},
        {"PBE", "", "PBE", 0},
        {"PBEQS", "S", "PBEQ", 1}, /* the server skips simple queries, too, until Sync */
        {"EFQS", "S", "EFQ", 1},
        {"dSQ", "SQ", "d", 2},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct flow *f = flow_new();
        assert_non_null(f);
        push_word(f, rows[i].before);
        char dropped[32] = "", after[32];
        flow_error(f, note_dropped, dropped);
        as_word(f, after, sizeof(after));
        assert_string_equal(after, rows[i].after);
        assert_string_equal(dropped, rows[i].dropped);
        assert_int_equal(flow_syncs(f), rows[i].syncs);
        flow_error(f, NULL, NULL);
        flow_free(f);
    }
}

/* Every backend type against every kind: what is not in the table ends nothing. */
static void what_ends_a_reply(void **state)
{
    (void)state;
    static const char *const ends[] = {
        [FLOW_PARSE] = "1",
        [FLOW_BIND] = "2",
        [FLOW_CLOSE] = "3",
        [FLOW_DESCRIBE_STATEMENT] = "Tn",
        [FLOW_DESCRIBE_PORTAL] = "Tn",
        [FLOW_EXECUTE] = "CsI",
        [FLOW_SYNC] = "Z",
        [FLOW_QUERY] = "Z",
        [FLOW_FUNCTION] = "Z",
        [FLOW_LOCAL] = "",
    };
    for (size_t kind = 0; kind < sizeof(ends) / sizeof(ends[0]); kind++)
        for (int c = 1; c < 256; c++)
            assert_int_equal(flow_ends((enum flow_kind)kind, (char)c),
                             strchr(ends[kind], c) != NULL);
}

static void entries_come_out_in_order_with_their_bytes(void **state)
{
    (void)state;
    struct flow *f = flow_new();
    struct err err;
    assert_null(flow_head(f));
    assert_int_equal(flow_push(f, FLOW_PARSE, FLOW_SWALLOW, 42, &err), 0);
    char bytes[] = "hello";
    assert_int_equal(flow_push_inject(f, (struct slice){bytes, 5}, &err), 0);
    memset(bytes, 'x', sizeof(bytes)); /* copied */
    assert_int_equal(flow_push_inject(f, (struct slice){NULL, 0}, &err), 0);
    assert_int_equal(flow_push(f, FLOW_SYNC, FLOW_FORWARD, 7, &err), 0);
    assert_int_equal(flow_len(f), 4);
    assert_int_equal(flow_head(f)->fate, FLOW_SWALLOW);
    assert_int_equal(flow_head(f)->arg, 42);
    assert_int_equal(flow_at(f, 3)->arg, 7);
    assert_null(flow_at(f, 4));
    flow_pop(f);
    assert_int_equal(flow_head(f)->fate, FLOW_INJECT);
    assert_int_equal(flow_head(f)->kind, FLOW_LOCAL);
    assert_int_equal(flow_head(f)->bytes_len, 5);
    assert_memory_equal(flow_head(f)->bytes, "hello", 5);
    flow_pop(f);
    assert_int_equal(flow_head(f)->bytes_len, 0);
    flow_pop(f);
    assert_int_equal(flow_syncs(f), 1);
    flow_pop(f);
    assert_int_equal(flow_syncs(f), 0);
    assert_null(flow_head(f));
    flow_pop(f); /* nothing there: nothing happens */
    flow_free(f);
}

static void the_ring_grows_while_it_turns(void **state)
{
    (void)state;
    struct flow *f = flow_new();
    struct err err;
    uint64_t in = 0, out = 0;
    for (int round = 0; round < 400; round++) {
        for (int i = 0; i < round % 37 + 3; i++)
            assert_int_equal(flow_push(f, FLOW_BIND, FLOW_FORWARD, in++, &err), 0);
        for (int i = 0; i < round % 29 && flow_len(f) > 0; i++) {
            assert_int_equal(flow_head(f)->arg, out++);
            flow_pop(f);
        }
        assert_int_equal(flow_len(f), in - out);
        for (size_t i = 0; i < flow_len(f); i += 11)
            assert_int_equal(flow_at(f, i)->arg, out + i);
    }
    flow_reset(f);
    assert_int_equal(flow_len(f), 0);
    assert_int_equal(flow_push(f, FLOW_BIND, FLOW_FORWARD, 1, &err), 0);
    flow_free(f);
}

static void the_number_of_entries_is_bounded(void **state)
{
    (void)state;
    struct flow *f = flow_new();
    struct err err = {0};
    for (uint32_t i = 0; i < FLOW_MAX; i++)
        assert_int_equal(flow_push(f, FLOW_QUERY, FLOW_FORWARD, i, &err), 0);
    assert_int_equal(flow_push(f, FLOW_QUERY, FLOW_FORWARD, 0, &err), -1);
    assert_string_equal(err.sqlstate, SQLSTATE_PROGRAM_LIMIT_EXCEEDED);
    assert_int_equal(flow_push_inject(f, (struct slice){"x", 1}, &err), -1);
    assert_int_equal(flow_len(f), FLOW_MAX);
    assert_int_equal(flow_syncs(f), FLOW_MAX);
    flow_pop(f);
    assert_int_equal(flow_push(f, FLOW_QUERY, FLOW_FORWARD, 0, &err), 0);
    flow_free(f);
}

static void no_flow_is_an_empty_flow(void **state)
{
    (void)state;
    assert_null(flow_head(NULL));
    assert_int_equal(flow_len(NULL), 0);
    assert_int_equal(flow_syncs(NULL), 0);
    flow_pop(NULL);
    flow_error(NULL, NULL, NULL);
    flow_reset(NULL);
    flow_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_error_drops_up_to_sync),
        cmocka_unit_test(what_ends_a_reply),
        cmocka_unit_test(entries_come_out_in_order_with_their_bytes),
        cmocka_unit_test(the_ring_grows_while_it_turns),
        cmocka_unit_test(the_number_of_entries_is_bounded),
        cmocka_unit_test(no_flow_is_an_empty_flow),
    };
    return cmocka_run_group_tests_name("flow", tests, NULL, NULL);
}
