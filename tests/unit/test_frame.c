/* link: protocol */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "protocol/frame.h"
#include "protocol/sqlstate.h"

#include <string.h>

#define IN(text) ((struct slice){text, sizeof(text) - 1})

struct row {
    enum frame_phase phase;
    struct slice in;
    int rc;
    char type;
    uint32_t body_len;
    const char *message; /* rc -1 */
};

static const struct row heads[] = {
    /* start-up: the length counts itself and holds at least a version */
    {FRAME_STARTUP, IN(""), 0, 0, 0, NULL},
    {FRAME_STARTUP, IN("\0\0\0"), 0, 0, 0, NULL},
    {FRAME_STARTUP, IN("\0\0\0\x08"), 1, 0, 4, NULL},
    {FRAME_STARTUP, IN("\0\0\0\x07"), -1, 0, 0, "invalid length of startup packet"},
    {FRAME_STARTUP, IN("\0\0\0\x04"), -1, 0, 0, "invalid length of startup packet"},
    {FRAME_STARTUP, IN("\0\0\0\0"), -1, 0, 0, "invalid length of startup packet"},
    {FRAME_STARTUP, IN("\0\0\x27\x14"), 1, 0, 10000, NULL},
    {FRAME_STARTUP, IN("\0\0\x27\x15"), -1, 0, 0, "invalid length of startup packet"},
    {FRAME_STARTUP, IN("\x7f\xff\xff\xff"), -1, 0, 0, "invalid length of startup packet"},
    {FRAME_STARTUP, IN("\x80\0\0\0"), -1, 0, 0, "invalid length of startup packet"},
    {FRAME_STARTUP, IN("\xff\xff\xff\xff"), -1, 0, 0, "invalid length of startup packet"},
    {FRAME_STARTUP, IN("\x16\x03\x01\x02"), -1, 0, 0, "invalid length of startup packet"},
    {FRAME_STARTUP, IN("GET / HTTP/1.1"), -1, 0, 0, "invalid length of startup packet"},
    /* authentication: a password message and nothing else, seen from its first byte */
    {FRAME_AUTH, IN("p"), 0, 0, 0, NULL},
    {FRAME_AUTH, IN("p\0\0\0"), 0, 0, 0, NULL},
    {FRAME_AUTH, IN("p\0\0\0\x04"), 1, 'p', 0, NULL},
    {FRAME_AUTH, IN("p\0\0\xff\xff"), 1, 'p', 65531, NULL},
    {FRAME_AUTH, IN("p\0\1\0\0"), -1, 0, 0, "invalid message length"},
    {FRAME_AUTH, IN("Q"), -1, 0, 0, "expected password response, got message type 81"},
    {FRAME_AUTH, IN("\xff"), -1, 0, 0, "expected password response, got message type 255"},
    /* a client's stream */
    {FRAME_FRONTEND, IN(""), 0, 0, 0, NULL},
    {FRAME_FRONTEND, IN("Q\0\0\0"), 0, 0, 0, NULL},
    {FRAME_FRONTEND, IN("Q\0\0\0\x04"), 1, 'Q', 0, NULL},
    {FRAME_FRONTEND, IN("Q\0\0\0\x03"), -1, 0, 0, "invalid message length"},
    {FRAME_FRONTEND, IN("Q\0\0\0\0"), -1, 0, 0, "invalid message length"},
    {FRAME_FRONTEND, IN("Q\x80\0\0\0"), -1, 0, 0, "invalid message length"},
    {FRAME_FRONTEND, IN("Q\xff\xff\xff\xff"), -1, 0, 0, "invalid message length"},
    {FRAME_FRONTEND, IN("Q\x3f\xff\xff\xff"), 1, 'Q', 0x3ffffffb, NULL},
    {FRAME_FRONTEND, IN("Q\x40\0\0\0"), -1, 0, 0, "invalid message length"},
    {FRAME_FRONTEND, IN("S\0\0\x27\x10"), 1, 'S', 9996, NULL},
    {FRAME_FRONTEND, IN("S\0\0\x27\x11"), -1, 0, 0, "invalid message length"},
    {FRAME_FRONTEND, IN("E\0\0\x27\x11"), -1, 0, 0, "invalid message length"},
    {FRAME_FRONTEND, IN("d\x3f\xff\xff\xff"), 1, 'd', 0x3ffffffb, NULL},
    {FRAME_FRONTEND, IN("p\0\0\0\x04"), -1, 0, 0, "invalid frontend message type 112"},
    {FRAME_FRONTEND, IN("Z"), -1, 0, 0, "invalid frontend message type 90"},
    {FRAME_FRONTEND, IN("\0"), -1, 0, 0, "invalid frontend message type 0"},
    /* a server's stream */
    {FRAME_BACKEND, IN("Z\0\0\0\x05I"), 1, 'Z', 1, NULL},
    {FRAME_BACKEND, IN("D\x3f\xff\xff\xff"), 1, 'D', 0x3ffffffb, NULL},
    {FRAME_BACKEND, IN("D\x40\0\0\0"), -1, 0, 0, "invalid message length"},
    {FRAME_BACKEND, IN("D\0\0\0\x03"), -1, 0, 0, "invalid message length"},
};

static void heads_are_cut_and_checked(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
        const struct row *row = &heads[i];
        struct frame f = {.type = '?', .body_len = 7};
        struct err err = {0};
        if (frame_head(row->phase, row->in, &f, &err) != row->rc)
            fail_msg("row %zu: wrong verdict", i);
        if (row->rc == 1) {
            assert_int_equal(f.type, row->type);
            assert_int_equal(f.body_len, row->body_len);
            assert_int_equal(f.head_len, row->phase == FRAME_STARTUP ? 4 : 5);
            assert_ptr_equal(f.body, row->in.data + f.head_len);
        } else {
            assert_int_equal(f.type, '?'); /* untouched */
            assert_int_equal(f.body_len, 7);
        }
        assert_string_equal(err.sqlstate, row->rc < 0 ? SQLSTATE_PROTOCOL_VIOLATION : "");
        assert_string_equal(err.message, row->rc < 0 ? row->message : "");
    }
}

/* Whatever the stream is cut into, the same messages come out. */
static void every_split_waits_for_the_rest(void **state)
{
    (void)state;
    static const char text[] = "Q\0\0\0\x0dSELECT 1\0";
    struct err err;
    struct frame f;
    for (size_t n = 0; n < sizeof(text) - 1; n++)
        assert_int_equal(frame_next(FRAME_FRONTEND, (struct slice){text, n}, 100, &f, &err), 0);
    struct slice all = {text, sizeof(text) - 1};
    assert_int_equal(frame_next(FRAME_FRONTEND, all, 100, &f, &err), 1);
    assert_int_equal(f.type, 'Q');
    assert_int_equal(f.body_len, 9);
    assert_true(slice_equal(frame_bytes(&f), all));
}

static void a_longer_body_than_allowed_is_refused_before_it_arrives(void **state)
{
    (void)state;
    struct err err = {0};
    struct frame f;
    assert_int_equal(frame_next(FRAME_FRONTEND, IN("Q\0\0\0\x0e"), 10, &f, &err), 0);
    assert_int_equal(frame_next(FRAME_FRONTEND, IN("Q\0\0\0\x0f"), 10, &f, &err), -1);
    assert_string_equal(err.sqlstate, SQLSTATE_PROGRAM_LIMIT_EXCEEDED);
}

static void the_list_of_frontend_messages(void **state)
{
    (void)state;
    for (int c = 0; c < 256; c++) {
        bool listed = c != 0 && strchr("QPBDCEFHSXdcf", c) != NULL;
        assert_int_equal(frame_is_frontend((char)c), listed);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(heads_are_cut_and_checked),
        cmocka_unit_test(every_split_waits_for_the_rest),
        cmocka_unit_test(a_longer_body_than_allowed_is_refused_before_it_arrives),
        cmocka_unit_test(the_list_of_frontend_messages),
    };
    return cmocka_run_group_tests_name("frame", tests, NULL, NULL);
}
