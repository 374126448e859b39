/* link: protocol */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "protocol/frame.h"
#include "protocol/msg_read.h"
#include "protocol/msg_write.h"
#include "protocol/sqlstate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BODY(text) ((struct slice){text, sizeof(text) - 1})

/* -- writing: each message as its bytes -- */

static struct buf out;

static int setup(void **state)
{
    (void)state;
    buf_init(&out, 1 << 20);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    buf_release(&out);
    return 0;
}

/* What was written since the last check. */
#define CHECK(bytes)                                                                               \
    do {                                                                                           \
        assert_false(out.failed);                                                                  \
        assert_int_equal(buf_len(&out), sizeof(bytes) - 1);                                        \
        assert_memory_equal(buf_peek(&out).data, bytes, sizeof(bytes) - 1);                        \
        buf_reset(&out);                                                                           \
    } while (0)

static void primitives_are_big_endian(void **state)
{
    (void)state;
    msg_byte(&out, 0xfe);
    msg_int16(&out, 0x1234);
    msg_int32(&out, 0x89abcdefu);
    msg_int64(&out, 0x0123456789abcdefull);
    msg_string(&out, "x");
    msg_string(&out, NULL);
    msg_slice_string(&out, (struct slice){"yz", 2});
    msg_slice_string(&out, (struct slice){NULL, 0});
    CHECK("\xfe\x12\x34\x89\xab\xcd\xef\x01\x23\x45\x67\x89\xab\xcd\xefx\0\0yz\0\0");
    size_t mark = msg_begin(&out, 0);
    msg_int32(&out, 80877103);
    msg_end(&out, mark);
    CHECK("\0\0\0\x08\x04\xd2\x16\x2f");
}

static void backend_messages(void **state)
{
    (void)state;
    msg_auth(&out, MSG_AUTH_OK, (struct slice){NULL, 0});
    CHECK("R\0\0\0\x08\0\0\0\0");
    msg_auth(&out, MSG_AUTH_SASL_CONTINUE, (struct slice){"r=1", 3});
    CHECK("R\0\0\0\x0b\0\0\0\x0br=1");
    static const char *const mechanisms[] = {"SCRAM-SHA-256-PLUS", "SCRAM-SHA-256", NULL};
    msg_auth_sasl(&out, mechanisms);
    CHECK("R\0\0\0\x2a\0\0\0\x0aSCRAM-SHA-256-PLUS\0SCRAM-SHA-256\0\0");
    msg_parameter_status(&out, "TimeZone", "UTC");
    CHECK("S\0\0\0\x11TimeZone\0UTC\0");
    msg_backend_key_data(&out, 258, "\1\2\3\4", 4);
    CHECK("K\0\0\0\x0c\0\0\1\2\1\2\3\4");
    static const char *const options[] = {"_pq_.a", "_pq_.b"};
    msg_negotiate_version(&out, 2, options, 2);
    CHECK("v\0\0\0\x1a\0\3\0\2\0\0\0\2_pq_.a\0_pq_.b\0");
    msg_negotiate_version(&out, 0, NULL, 0);
    CHECK("v\0\0\0\x0c\0\3\0\0\0\0\0\0");
    msg_ready(&out, 'T');
    CHECK("Z\0\0\0\5T");
    msg_parse_complete(&out);
    msg_bind_complete(&out);
    msg_close_complete(&out);
    msg_no_data(&out);
    msg_empty_query(&out);
    msg_portal_suspended(&out);
    CHECK("1\0\0\0\4"
          "2\0\0\0\4"
          "3\0\0\0\4"
          "n\0\0\0\4"
          "I\0\0\0\4"
          "s\0\0\0\4");
    msg_command_complete(&out, "SELECT 1");
    CHECK("C\0\0\0\x0dSELECT 1\0");
    static const uint32_t oids[] = {23, 1043};
    msg_parameter_description(&out, oids, 2);
    CHECK("t\0\0\0\x0e\0\2\0\0\0\x17\0\0\x04\x13");
    static const struct msg_field fields[] = {
        {"id", 16384, 1, 23, 4, -1, 0},
        {"?column?", 0, 0, 25, -1, -1, 1},
    };
    msg_row_description(&out, fields, 2);
    CHECK("T\0\0\0\x36\0\2"
          "id\0\0\0\x40\0\0\1\0\0\0\x17\0\4\xff\xff\xff\xff\0\0"
          "?column?\0\0\0\0\0\0\0\0\0\0\x19\xff\xff\xff\xff\xff\xff\0\1");
    msg_copy_response(&out, 'H', 1, 2);
    CHECK("H\0\0\0\x0b\1\0\2\0\1\0\1");
    msg_copy_data(&out, "1\n", 2);
    msg_copy_done(&out);
    CHECK("d\0\0\0\x06"
          "1\nc\0\0\0\4");
    msg_function_result(&out, "7", 1);
    msg_function_result(&out, NULL, 0);
    CHECK("V\0\0\0\x09\0\0\0\1"
          "7V\0\0\0\x08\xff\xff\xff\xff");
    msg_notification(&out, 7, "ch", "");
    CHECK("A\0\0\0\x0c\0\0\0\7ch\0\0");
    static const char *const values[] = {"ab", NULL, ""};
    msg_row_text(&out, values, 3);
    CHECK("D\0\0\0\x14\0\3\0\0\0\2ab\xff\xff\xff\xff\0\0\0\0");
}

static void errors_and_notices(void **state)
{
    (void)state;
    struct err e;
    err_set(&e, SQLSTATE_UNIQUE_VIOLATION, "m");
    msg_error(&out, "ERROR", &e);
    CHECK("E\0\0\0\x1dSERROR\0VERROR\0C23505\0Mm\0\0");
    err_detail(&e, "d");
    err_hint(&e, "h");
    snprintf(e.schema, sizeof(e.schema), "s");
    snprintf(e.table, sizeof(e.table), "t");
    snprintf(e.column, sizeof(e.column), "c");
    snprintf(e.datatype, sizeof(e.datatype), "y");
    snprintf(e.constraint, sizeof(e.constraint), "k");
    e.position = 42;
    msg_error(&out, "FATAL", &e);
    CHECK("E\0\0\0\x36SFATAL\0VFATAL\0C23505\0Mm\0Dd\0Hh\0ss\0tt\0cc\0dy\0nk\0P42\0\0");
    err_reset(&e);
    msg_notice(&out, "WARNING", &e);
    CHECK("N\0\0\0\x32SWARNING\0VWARNING\0C00000\0Mmissing error text\0\0");
    msg_error(&out, "ERROR", &e);
    CHECK("E\0\0\0\x2eSERROR\0VERROR\0CXX000\0Mmissing error text\0\0");
}

static void frontend_messages(void **state)
{
    (void)state;
    static const uint32_t oids[] = {23};
    msg_query(&out, (struct slice){"SELECT 1;", 8});
    CHECK("Q\0\0\0\x0dSELECT 1\0");
    msg_parse(&out, "s", (struct slice){"x", 1}, oids, 1);
    CHECK("P\0\0\0\x0es\0x\0\0\1\0\0\0\x17");
    msg_describe(&out, 'S', "s");
    msg_close(&out, 'P', "");
    CHECK("D\0\0\0\7Ss\0C\0\0\0\6P\0");
    msg_execute(&out, "p", 100);
    CHECK("E\0\0\0\x0ap\0\0\0\0\x64");
    msg_sync(&out);
    msg_flush(&out);
    msg_terminate(&out);
    CHECK("S\0\0\0\4H\0\0\0\4X\0\0\0\4");
    msg_copy_fail(&out, "no");
    CHECK("f\0\0\0\7no\0");
}

static void the_length_is_right_although_the_storage_moved(void **state)
{
    (void)state;
    static char filler[200];
    msg_bytes(&out, filler, sizeof(filler));
    buf_consume(&out, 150);
    size_t mark = msg_begin(&out, 'D');
    for (int i = 0; i < 3000; i++)
        msg_byte(&out, 'x');
    msg_end(&out, mark);
    buf_consume(&out, 50);
    struct frame f;
    struct err err;
    assert_int_equal(frame_next(FRAME_BACKEND, buf_peek(&out), 5000, &f, &err), 1);
    assert_int_equal(f.body_len, 3000);
    assert_int_equal(frame_bytes(&f).len, buf_len(&out));
}

static void what_cannot_be_said_fails(void **state)
{
    (void)state;
    static uint32_t oids[70000];
    msg_parameter_description(&out, oids, 65536);
    assert_true(out.failed);
    buf_reset(&out);
    msg_parameter_description(&out, oids, 65535);
    assert_false(out.failed);
    buf_reset(&out);
    msg_parse(&out, "", (struct slice){"a", 1}, oids, 65536);
    assert_true(out.failed);
    buf_reset(&out);
    msg_row_description(&out, NULL, 65536);
    assert_true(out.failed);
    buf_reset(&out);
    msg_end(&out, msg_row_begin(&out, 65536));
    assert_true(out.failed);
    buf_reset(&out);
    msg_query(&out, (struct slice){"SELECT\0 1", 9}); /* a second statement behind a NUL */
    assert_true(out.failed);
    buf_reset(&out);
    msg_value(&out, oids, (size_t)FRAME_MESSAGE_MAX + 1);
    assert_true(out.failed);
    buf_reset(&out);
    msg_end(&out, 77);
    assert_true(out.failed);
}

static void too_large_a_message_leaves_nothing_half(void **state)
{
    (void)state;
    struct buf b;
    static char text[5000];
    memset(text, 'x', sizeof(text) - 1);
    buf_init(&b, 1000);
    msg_ready(&b, 'I');
    msg_command_complete(&b, text);
    msg_ready(&b, 'I');
    assert_true(b.failed);
    assert_int_equal(buf_len(&b), 0);
    buf_release(&b);
}

/* -- reading -- */

/* Call ${read} for the whole ${body}, then for each part of it and with each byte too many: only
 * the whole is taken.  The copies have their exact size, so a sanitizer sees a step too far. */
typedef int reader_fn(struct slice body, struct err *err);

static void only_the_whole(struct slice body, reader_fn *read)
{
    for (size_t n = 0; n <= body.len + 1; n++) {
        struct err err = {0};
        char *copy = malloc(n > 0 ? n : 1);
        assert_non_null(copy);
        memcpy(copy, body.data, n < body.len ? n : body.len);
        if (n > body.len)
            copy[body.len] = '\0';
        int rc = read((struct slice){copy, n}, &err);
        if (rc != (n == body.len ? 0 : -1))
            fail_msg("%zu of %zu bytes: %d", n, body.len, rc);
        if (rc != 0 && err.sqlstate[0])
            assert_string_equal(err.sqlstate, SQLSTATE_PROTOCOL_VIOLATION);
        free(copy);
    }
    struct err err;
    assert_int_equal(read((struct slice){NULL, 0}, &err), -1);
}

static int try_query(struct slice body, struct err *err)
{
    struct msg_query m;
    return msg_read_query(body, &m, err);
}

static int try_parse(struct slice body, struct err *err)
{
    struct msg_parse m;
    return msg_read_parse(body, &m, err);
}

static int try_bind(struct slice body, struct err *err)
{
    struct msg_bind m;
    return msg_read_bind(body, &m, err);
}

static int try_target(struct slice body, struct err *err)
{
    struct msg_target m;
    return msg_read_target(body, &m, err);
}

static int try_execute(struct slice body, struct err *err)
{
    struct msg_execute m;
    return msg_read_execute(body, &m, err);
}

static int try_sasl(struct slice body, struct err *err)
{
    struct msg_sasl_initial m;
    return msg_read_sasl_initial(body, &m, err);
}

static int try_password(struct slice body, struct err *err)
{
    struct slice password;
    return msg_read_password(body, &password, err);
}

static int try_function(struct slice body, struct err *err)
{
    struct msg_function m;
    return msg_read_function(body, &m, err);
}

static int try_copy_fail(struct slice body, struct err *err)
{
    struct slice reason;
    return msg_read_copy_fail(body, &reason, err);
}

static int try_error(struct slice body, struct err *err)
{
    (void)err;
    struct err e;
    char severity[16];
    return msg_read_error(body, &e, severity);
}

static int try_status(struct slice body, struct err *err)
{
    (void)err;
    struct msg_parameter_status m;
    return msg_read_parameter_status(body, &m);
}

#define BIND_BODY "port\0stmt\0\0\3\0\0\0\1\0\0\0\3\0\0\0\2ab\xff\xff\xff\xff\0\0\0\0\0\2\0\1\0\0"

static void parts_and_left_over_bytes_are_refused(void **state)
{
    (void)state;
    only_the_whole(BODY("SELECT 1\0"), try_query);
    only_the_whole(BODY("name\0SELECT $1\0\0\2\0\0\0\x17\0\0\0\x19"), try_parse);
    only_the_whole(BODY(BIND_BODY), try_bind);
    only_the_whole(BODY("Sname\0"), try_target);
    only_the_whole(BODY("p\0\0\0\0\x64"), try_execute);
    only_the_whole(BODY("SCRAM-SHA-256\0\0\0\0\5n,,n="), try_sasl);
    only_the_whole(BODY("SCRAM-SHA-256\0\xff\xff\xff\xff"), try_sasl);
    only_the_whole(BODY("secret\0"), try_password);
    only_the_whole(BODY("\0\0\5\x75\0\1\0\1\0\1\0\0\0\2-5\0\0"), try_function);
    only_the_whole(BODY("reason\0"), try_copy_fail);
    only_the_whole(BODY("SERROR\0C42601\0Mm\0\0"), try_error);
    only_the_whole(BODY("TimeZone\0UTC\0"), try_status);
}

static void query_and_parse(void **state)
{
    (void)state;
    struct err err;
    struct msg_query q;
    assert_int_equal(msg_read_query(BODY("SELECT 1\0"), &q, &err), 0);
    assert_string_equal(q.sql.data, "SELECT 1");
    assert_int_equal(q.sql.len, 8);
    assert_int_equal(msg_read_query(BODY("SELECT\0 1\0"), &q, &err), -1); /* NUL inside */
    assert_string_equal(err.sqlstate, SQLSTATE_PROTOCOL_VIOLATION);
    assert_string_equal(err.message, "invalid message format");

    struct msg_parse p;
    assert_int_equal(msg_read_parse(BODY("n\0x\0\0\2\0\0\0\x17\x80\0\0\1"), &p, &err), 0);
    assert_string_equal(p.name.data, "n");
    assert_string_equal(p.sql.data, "x");
    assert_int_equal(p.nparams, 2);
    assert_int_equal(msg_parse_oid(&p, 0), 23);
    assert_int_equal(msg_parse_oid(&p, 1), 0x80000001u);
    assert_int_equal(msg_parse_oid(&p, 2), 0);
    assert_int_equal(msg_read_parse(BODY("n\0x\0\xff\xff"), &p, &err), -1);
}

static void bind(void **state)
{
    (void)state;
    struct err err;
    struct msg_bind b;
    assert_int_equal(msg_read_bind(BODY(BIND_BODY), &b, &err), 0);
    assert_string_equal(b.portal.data, "port");
    assert_string_equal(b.statement.data, "stmt");
    assert_int_equal(b.nparams, 3);
    static const int formats[] = {0, 1, 0, 0};
    for (uint16_t i = 0; i < 4; i++)
        assert_int_equal(msg_bind_param_format(&b, i), formats[i]);
    assert_int_equal(msg_bind_result_format(&b, 0), 1);
    assert_int_equal(msg_bind_result_format(&b, 1), 0);
    assert_int_equal(msg_bind_result_format(&b, 2), 0);

    struct slice cursor = b.params, v = msg_bind_next(&cursor);
    assert_true(slice_equal(v, (struct slice){"ab", 2}));
    v = msg_bind_next(&cursor);
    assert_null(v.data);
    v = msg_bind_next(&cursor);
    assert_non_null(v.data); /* empty is not NULL */
    assert_int_equal(v.len, 0);
    assert_int_equal(cursor.len, 0);
    assert_null(msg_bind_next(&cursor).data);

    /* one format for all; none */
    assert_int_equal(msg_read_bind(BODY("\0\0\0\1\0\1\0\0\0\1\0\1"), &b, &err), 0);
    assert_int_equal(msg_bind_param_format(&b, 7), 1);
    assert_int_equal(msg_bind_result_format(&b, 7), 1);
    assert_int_equal(msg_read_bind(BODY("\0\0\0\0\0\0\0\0"), &b, &err), 0);
    assert_int_equal(msg_bind_param_format(&b, 0), 0);
    assert_int_equal(msg_bind_result_format(&b, 0), 0);
}

static void broken_binds_are_refused(void **state)
{
    (void)state;
    static const struct {
        struct slice body;
        const char *message;
    } rows[] = {
        {BODY("\0\0\0\2\0\0\0\0\0\1\0\0\0\1x\0\0"),
         "bind message has 2 parameter formats but 1 parameters"},
        {BODY("\0\0\0\2\0\0\0\0\0\0\0\0"), "bind message has 2 parameter formats but 0 parameters"},
        {BODY("\0\0\0\0\0\1\xff\xff\xff\xfe\0\0"), "invalid message format"},
        {BODY("\0\0\0\0\0\1\x7f\xff\xff\xff\0\0"), "invalid message format"},
        {BODY("\0\0\0\0\0\1\x80\0\0\0\0\0"), "invalid message format"},
        {BODY("\0\0\0\0\xff\xff\0\0\0\1x\0\0"), "invalid message format"},
        {BODY("\0\0\xff\xff\0\0\0\0"), "invalid message format"},
        {BODY("\0\0\0\0\0\0\xff\xff\0\0"), "invalid message format"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct msg_bind b = {.nparams = 99};
        struct err err;
        assert_int_equal(msg_read_bind(rows[i].body, &b, &err), -1);
        assert_string_equal(err.sqlstate, SQLSTATE_PROTOCOL_VIOLATION);
        assert_string_equal(err.message, rows[i].message);
        assert_int_equal(b.nparams, 99); /* untouched */
    }
}

static void target_execute_and_sasl(void **state)
{
    (void)state;
    struct err err;
    struct msg_target t;
    assert_int_equal(msg_read_target(BODY("P\0"), &t, &err), 0);
    assert_int_equal(t.what, 'P');
    assert_int_equal(t.name.len, 0);
    assert_int_equal(msg_read_target(BODY("X\0"), &t, &err), -1);
    assert_string_equal(err.message, "invalid message subtype 88");
    struct msg_execute e;
    assert_int_equal(msg_read_execute(BODY("p\0\xff\xff\xff\xff"), &e, &err), 0);
    assert_int_equal(e.max_rows, 0xffffffffu);
    struct msg_sasl_initial s;
    assert_int_equal(msg_read_sasl_initial(BODY("M\0\xff\xff\xff\xff"), &s, &err), 0);
    assert_null(s.data.data);
    assert_int_equal(msg_read_sasl_initial(BODY("M\0\0\0\0\0"), &s, &err), 0);
    assert_non_null(s.data.data);
    assert_int_equal(msg_read_sasl_initial(BODY("M\0\0\0\0\1"), &s, &err), -1);
    assert_int_equal(msg_read_sasl_initial(BODY("M\0\xff\xff\xff\xfe"), &s, &err), -1);
}

static void function_call(void **state)
{
    (void)state;
    struct err err;
    struct msg_function m;
    struct slice body = BODY("\0\0\5\x75\0\0\0\2\0\0\0\2-5\xff\xff\xff\xff\0\1");
    assert_int_equal(msg_read_function(body, &m, &err), 0);
    assert_int_equal(m.oid, 1397);
    assert_int_equal(m.nargs, 2);
    assert_int_equal(m.result_format, 1);
    assert_true(slice_equal(msg_bind_next(&m.args), (struct slice){"-5", 2}));
    assert_null(msg_bind_next(&m.args).data);
    struct slice formats = BODY("\0\0\5\x75\0\2\0\0\0\0\0\1\0\0\0\0\0\0");
    assert_int_equal(msg_read_function(formats, &m, &err), -1);
    assert_string_equal(err.message,
                        "function call message contains 2 argument formats but 1 arguments");
}

static void errors_survive_the_way_there_and_back(void **state)
{
    (void)state;
    struct err e, back;
    char severity[16];
    struct frame f;
    err_set(&e, SQLSTATE_UNIQUE_VIOLATION, "duplicate key");
    err_detail(&e, "Key (id)=(1) already exists.");
    err_hint(&e, "h");
    snprintf(e.schema, sizeof(e.schema), "public");
    snprintf(e.table, sizeof(e.table), "User");
    snprintf(e.column, sizeof(e.column), "id");
    snprintf(e.datatype, sizeof(e.datatype), "int4");
    snprintf(e.constraint, sizeof(e.constraint), "User_pkey");
    e.position = 12345;
    msg_error(&out, "ERROR", &e);
    assert_int_equal(frame_next(FRAME_BACKEND, buf_peek(&out), 5000, &f, &back), 1);
    assert_int_equal(msg_read_error((struct slice){f.body, f.body_len}, &back, severity), 0);
    assert_string_equal(severity, "ERROR");
    assert_string_equal(back.sqlstate, e.sqlstate);
    assert_string_equal(back.message, e.message);
    assert_string_equal(back.detail, e.detail);
    assert_string_equal(back.hint, e.hint);
    assert_string_equal(back.schema, e.schema);
    assert_string_equal(back.table, e.table);
    assert_string_equal(back.column, e.column);
    assert_string_equal(back.datatype, e.datatype);
    assert_string_equal(back.constraint, e.constraint);
    assert_int_equal(back.position, e.position);
}

static void odd_errors_are_read(void **state)
{
    (void)state;
    struct err e;
    char severity[16];
    /* localised S, V whatever the order, fields we have no place for */
    assert_int_equal(
        msg_read_error(BODY("VFATAL\0SFATAL ERROR in long words\0C57P01\0Mm\0Fx.c\0L1\0Rf\0Wctx\0"
                            "p3\0qq\0\0"),
                       &e, severity),
        0);
    assert_string_equal(severity, "FATAL");
    assert_string_equal(e.sqlstate, "57P01");
    assert_string_equal(e.detail, "");
    /* no code, no severity: still an error */
    assert_int_equal(msg_read_error(BODY("\0"), &e, severity), 0);
    assert_string_equal(severity, "ERROR");
    assert_string_equal(e.sqlstate, "XX000");
    assert_int_equal(msg_read_error(BODY("C42\0\0"), &e, severity), 0);
    assert_string_equal(e.sqlstate, "XX000");
    assert_int_equal(msg_read_error(BODY("SFEHLER\0C42601\0\0"), &e, severity), 0);
    assert_string_equal(severity, "FEHLER");
    assert_int_equal(msg_read_error(BODY("P99999999999999\0\0"), &e, severity), 0);
    assert_int_equal(e.position, 999999999);
    assert_int_equal(msg_read_error(BODY("P-4\0\0"), &e, severity), 0);
    assert_int_equal(e.position, 0);
    assert_int_equal(msg_read_error(BODY("Mx"), &e, severity), -1);
    assert_int_equal(msg_read_error(BODY("Mx\0\0y"), &e, severity), -1);
    struct msg_parameter_status s;
    assert_int_equal(msg_read_parameter_status(BODY("a\0\0"), &s), 0);
    assert_string_equal(s.name.data, "a");
    assert_int_equal(s.value.len, 0);
}

static void a_failed_reader_stays_failed(void **state)
{
    (void)state;
    struct reader r = reader_of(BODY("ab\0cd"));
    struct err err;
    assert_int_equal(read_byte(&r), 'a');
    assert_null(read_bytes(&r, SIZE_MAX).data);
    assert_true(r.failed);
    assert_int_equal(read_byte(&r), 0);
    assert_int_equal(read_int16(&r), 0);
    assert_int_equal(read_int32(&r), 0);
    assert_int_equal(read_string(&r).len, 0);
    assert_int_equal(read_done(&r, &err), -1);
    assert_string_equal(err.sqlstate, SQLSTATE_PROTOCOL_VIOLATION);
}

#define WITH_OUT(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_OUT(primitives_are_big_endian),
        WITH_OUT(backend_messages),
        WITH_OUT(errors_and_notices),
        WITH_OUT(frontend_messages),
        WITH_OUT(the_length_is_right_although_the_storage_moved),
        WITH_OUT(what_cannot_be_said_fails),
        cmocka_unit_test(too_large_a_message_leaves_nothing_half),
        cmocka_unit_test(parts_and_left_over_bytes_are_refused),
        cmocka_unit_test(query_and_parse),
        cmocka_unit_test(bind),
        cmocka_unit_test(broken_binds_are_refused),
        cmocka_unit_test(target_execute_and_sasl),
        cmocka_unit_test(function_call),
        WITH_OUT(errors_survive_the_way_there_and_back),
        cmocka_unit_test(odd_errors_are_read),
        cmocka_unit_test(a_failed_reader_stays_failed),
    };
    return cmocka_run_group_tests_name("msg", tests, NULL, NULL);
}
