/* store_client.h: a store in a directory of its own, and a tiny client that writes down what comes
 * back.
 *
 * A transcript is a text: messages joined by "; ":  T(id:23,name:25)  D(1,NULL)  C SELECT 1
 * E 23505 message {detail} [constraint]  N 25001 message  S name=value  t(23,25)  Z I  and the
 * letters 1 2 3 n s I of messages without content. */
#pragma once

#include "daemon/store/store.h"
#include "protocol/frame.h"
#include "protocol/msg_read.h"
#include "protocol/msg_write.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct client {
    struct store_conn *conn;
    int fd;
    uint64_t sent, got; /* through it */
    bool near;          /* what can be answered without it is */
    size_t answered;    /* bytes for which that was so */
    struct buf out, in, text;
};

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
    (void)st;
    (void)flag;
    (void)ftw;
    return remove(path);
}

static inline void remove_tree(const char *path)
{
    nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static struct opened { /* a test has few at a time */
    struct store *store;
    struct store_home *home;
} opened[8];

static inline struct store *open_store(char *directory)
{
    struct err err = {0};
    struct opened *o = opened;
    if (!directory[0]) {
        snprintf(directory, 64, "/tmp/test_store_XXXXXX");
        assert_non_null(mkdtemp(directory));
    }
    while (o->store)
        o++;
    struct store_options options = {.directory = directory};
    if (store_home_open(&options, &o->home, &err) < 0 ||
        store_open(o->home, NULL, &o->store, &err) < 0)
        fail_msg("%s", err.message);
    return o->store;
}

static inline void close_store(struct store *s)
{
    struct opened *o = opened;
    while (o->store != s)
        o++;
    store_close(s);
    store_home_close(o->home);
    *o = (struct opened){0};
}

static inline void client_open(struct store *s, struct client *c)
{
    struct err err = {0};
    memset(c, 0, sizeof *c);
    if (store_connect(s, &c->fd, &c->conn, &err) < 0)
        fail_msg("%s", err.message);
    fcntl(c->fd, F_SETFL, 0); /* the tests may block */
    buf_init(&c->out, 1 << 24);
    buf_init(&c->in, 1 << 26);
    buf_init(&c->text, 1 << 26);
}

static inline void client_close(struct client *c)
{
    close(c->fd);
    store_conn_free(c->conn);
    buf_release(&c->out);
    buf_release(&c->in);
    buf_release(&c->text);
}

static inline void client_send(struct client *c)
{
    size_t used = c->near ? store_answer(c->conn, buf_peek(&c->out), c->sent, c->got, &c->in) : 0;
    buf_consume(&c->out, used);
    c->answered += used;
    while (buf_len(&c->out) > 0) {
        struct slice s = buf_peek(&c->out);
        ssize_t n = send(c->fd, s.data, s.len, MSG_NOSIGNAL);
        assert_true(n > 0);
        buf_consume(&c->out, (size_t)n);
        c->sent += (uint64_t)n;
    }
    buf_reset(&c->out);
}

static inline void put(struct client *c, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
static inline void put(struct client *c, const char *format, ...)
{
    char text[4096];
    va_list ap;
    va_start(ap, format);
    int n = vsnprintf(text, sizeof text, format, ap);
    va_end(ap);
    buf_append(&c->text, text, (size_t)n < sizeof text ? (size_t)n : sizeof text - 1);
}

static inline void put_row(struct client *c, struct reader *r)
{
    uint16_t n = read_int16(r);
    put(c, "D(");
    for (uint16_t i = 0; i < n; i++) {
        uint32_t len = read_int32(r);
        put(c, "%s", i ? "," : "");
        if (len == UINT32_MAX) {
            put(c, "NULL");
            continue;
        }
        struct slice v = read_bytes(r, len);
        bool binary = false;
        for (size_t k = 0; k < v.len; k++)
            binary = binary || (unsigned char)v.data[k] < 0x20;
        for (size_t k = 0; k < v.len && binary; k++)
            put(c, "%02x", (unsigned char)v.data[k]);
        if (!binary)
            buf_append(&c->text, v.data, v.len);
    }
    put(c, ")");
}

static inline void put_fields(struct client *c, struct reader *r)
{
    uint16_t n = read_int16(r);
    put(c, "T(");
    for (uint16_t i = 0; i < n; i++) {
        struct slice name = read_string(r);
        read_int32(r);
        read_int16(r);
        uint32_t oid = read_int32(r);
        read_int16(r);
        read_int32(r);
        read_int16(r);
        put(c, "%s%s:%u", i ? "," : "", name.data, oid);
    }
    put(c, ")");
}

static inline void put_message(struct client *c, const struct frame *f)
{
    struct slice body = {f->body, f->body_len};
    struct reader r = reader_of(body);
    struct err e = {0};
    struct msg_parameter_status p;
    char severity[16];
    put(c, "%s", buf_len(&c->text) ? "; " : "");
    switch (f->type) {
    case 'T':
        put_fields(c, &r);
        break;
    case 'D':
        put_row(c, &r);
        break;
    case 'C':
        put(c, "C %s", body.data);
        break;
    case 'E':
    case 'N':
        assert_int_equal(msg_read_error(body, &e, severity), 0);
        put(c, "%c %s %s", f->type, e.sqlstate, e.message);
        if (e.detail[0])
            put(c, " {%s}", e.detail);
        if (e.constraint[0])
            put(c, " [%s]", e.constraint);
        break;
    case 'S':
        assert_int_equal(msg_read_parameter_status(body, &p), 0);
        put(c, "S %s=%s", p.name.data, p.value.data);
        break;
    case 't':
        put(c, "t(");
        for (uint16_t n = read_int16(&r), i = 0; i < n; i++)
            put(c, "%s%u", i ? "," : "", read_int32(&r));
        put(c, ")");
        break;
    case 'Z':
        put(c, "Z %c", body.data[0]);
        break;
    default:
        put(c, "%c", f->type);
    }
}

/* Read until ReadyForQuery (or ${last}); the transcript is valid until the next call. */
static inline const char *client_read(struct client *c, char last)
{
    struct frame f;
    struct err err;
    buf_reset(&c->text);
    for (;;) {
        int rc = frame_next(FRAME_BACKEND, buf_peek(&c->in), FRAME_MESSAGE_MAX, &f, &err);
        assert_true(rc >= 0);
        if (rc == 0) {
            char *room = buf_reserve(&c->in, 65536);
            assert_non_null(room);
            ssize_t n = recv(c->fd, room, 65536, 0);
            if (n <= 0)
                break;
            buf_commit(&c->in, (size_t)n);
            c->got += (uint64_t)n;
            continue;
        }
        put_message(c, &f);
        char type = f.type;
        buf_consume(&c->in, (size_t)f.head_len + f.body_len);
        if (type == last)
            break;
    }
    buf_append(&c->text, "", 1);
    return buf_peek(&c->text).data;
}

static inline const char *ask(struct client *c, const char *sql)
{
    msg_query(&c->out, (struct slice){sql, strlen(sql)});
    client_send(c);
    return client_read(c, 'Z');
}

static inline void say_parse(struct client *c, const char *name, const char *sql)
{
    msg_parse(&c->out, name, (struct slice){sql, strlen(sql)}, NULL, 0);
}

/* Bind with text parameters (NULL pointer: NULL); all results in ${format}. */
static inline void say_bind(struct client *c, const char *portal, const char *name,
                            const char *const *values, size_t n, uint16_t format)
{
    size_t mark = msg_begin(&c->out, 'B');
    msg_string(&c->out, portal);
    msg_string(&c->out, name);
    msg_int16(&c->out, 0);
    msg_int16(&c->out, (uint16_t)n);
    for (size_t i = 0; i < n; i++) {
        msg_int32(&c->out, values[i] ? (uint32_t)strlen(values[i]) : UINT32_MAX);
        if (values[i])
            msg_bytes(&c->out, values[i], strlen(values[i]));
    }
    msg_int16(&c->out, 1);
    msg_int16(&c->out, format);
    msg_end(&c->out, mark);
}

static inline void say_execute(struct client *c, const char *portal, uint32_t max_rows)
{
    size_t mark = msg_begin(&c->out, 'E');
    msg_string(&c->out, portal);
    msg_int32(&c->out, max_rows);
    msg_end(&c->out, mark);
}

struct golden {
    const char *sql;
    const char *want;
};

static inline void check_golden(struct client *c, const struct golden *rows, size_t n)
{
    int wrong = 0;
    for (size_t i = 0; i < n; i++) {
        const char *got = ask(c, rows[i].sql);
        if (strcmp(got, rows[i].want) != 0) {
            print_error("%s\n  want %s\n  got  %s\n", rows[i].sql, rows[i].want, got);
            wrong++;
        }
    }
    assert_int_equal(wrong, 0);
}
#define CHECK_GOLDEN(c, rows) check_golden(c, rows, sizeof(rows) / sizeof(rows)[0])
