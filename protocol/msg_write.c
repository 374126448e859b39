/* Table of contents: primitives; backend messages; errors and notices; both ways; frontend
 * messages. */
#include "protocol/msg_write.h"

#include "protocol/frame.h"

#include <stdio.h>

/* -- primitives -- */

/* The mark is the distance of the length field from the front of the content, so it survives a
 * move of the storage. */
size_t msg_begin(struct buf *b, char type)
{
    static const char zero[4] = {0};
    if (type != 0)
        msg_byte(b, (uint8_t)type);
    size_t mark = buf_len(b);
    msg_bytes(b, zero, sizeof(zero));
    return mark;
}

static void store32(char *p, uint32_t v)
{
    p[0] = (char)(v >> 24);
    p[1] = (char)(v >> 16);
    p[2] = (char)(v >> 8);
    p[3] = (char)v;
}

void msg_end(struct buf *b, size_t mark)
{
    if (b->failed)
        return;
    size_t len = buf_len(b);
    if (mark > len || len - mark < 4 || len - mark > FRAME_MESSAGE_MAX) {
        buf_fail(b);
        return;
    }
    store32(b->data + b->start + mark, (uint32_t)(len - mark));
}

void msg_byte(struct buf *b, uint8_t v)
{
    (void)buf_append(b, &v, 1);
}

void msg_int16(struct buf *b, uint16_t v)
{
    const uint8_t p[2] = {(uint8_t)(v >> 8), (uint8_t)v};
    (void)buf_append(b, p, sizeof(p));
}

void msg_int32(struct buf *b, uint32_t v)
{
    char p[4];
    store32(p, v);
    (void)buf_append(b, p, sizeof(p));
}

void msg_int64(struct buf *b, uint64_t v)
{
    msg_int32(b, (uint32_t)(v >> 32));
    msg_int32(b, (uint32_t)v);
}

void msg_bytes(struct buf *b, const void *data, size_t len)
{
    (void)buf_append(b, data, len);
}

void msg_string(struct buf *b, const char *s)
{
    if (!s)
        s = "";
    (void)buf_append(b, s, strlen(s) + 1);
}

void msg_slice_string(struct buf *b, struct slice s)
{
    if (s.len > 0 && memchr(s.data, 0, s.len)) {
        buf_fail(b); /* the reader would see another message than was meant */
        return;
    }
    (void)buf_append(b, s.data, s.len);
    msg_byte(b, 0);
}

/* A count of a message: 16 bits, beyond them the message cannot be said. */
static void put_count(struct buf *b, size_t n)
{
    if (n > UINT16_MAX)
        buf_fail(b);
    else
        msg_int16(b, (uint16_t)n);
}

static void put_empty(struct buf *b, char type)
{
    msg_end(b, msg_begin(b, type));
}

/* -- backend messages -- */

void msg_auth(struct buf *b, enum msg_auth code, struct slice data)
{
    size_t mark = msg_begin(b, 'R');
    msg_int32(b, (uint32_t)code);
    msg_bytes(b, data.data, data.len);
    msg_end(b, mark);
}

void msg_auth_sasl(struct buf *b, const char *const *mechanisms)
{
    size_t mark = msg_begin(b, 'R');
    msg_int32(b, MSG_AUTH_SASL);
    for (; mechanisms && *mechanisms; mechanisms++)
        msg_string(b, *mechanisms);
    msg_byte(b, 0);
    msg_end(b, mark);
}

void msg_parameter_status(struct buf *b, const char *name, const char *value)
{
    size_t mark = msg_begin(b, 'S');
    msg_string(b, name);
    msg_string(b, value);
    msg_end(b, mark);
}

void msg_backend_key_data(struct buf *b, uint32_t pid, const void *key, size_t key_len)
{
    size_t mark = msg_begin(b, 'K');
    msg_int32(b, pid);
    msg_bytes(b, key, key_len);
    msg_end(b, mark);
}

void msg_negotiate_version(struct buf *b, uint32_t minor, const char *const *options, size_t n)
{
    size_t mark = msg_begin(b, 'v');
    msg_int32(b, 3u << 16 | (minor & 0xffffu)); /* the whole version, as PostgreSQL sends it */
    msg_int32(b, (uint32_t)n);
    for (size_t i = 0; i < n; i++)
        msg_string(b, options[i]);
    msg_end(b, mark);
}

void msg_ready(struct buf *b, char status)
{
    size_t mark = msg_begin(b, 'Z');
    msg_byte(b, (uint8_t)status);
    msg_end(b, mark);
}

void msg_parse_complete(struct buf *b)
{
    put_empty(b, '1');
}

void msg_bind_complete(struct buf *b)
{
    put_empty(b, '2');
}

void msg_close_complete(struct buf *b)
{
    put_empty(b, '3');
}

void msg_no_data(struct buf *b)
{
    put_empty(b, 'n');
}

void msg_empty_query(struct buf *b)
{
    put_empty(b, 'I');
}

void msg_portal_suspended(struct buf *b)
{
    put_empty(b, 's');
}

void msg_command_complete(struct buf *b, const char *tag)
{
    size_t mark = msg_begin(b, 'C');
    msg_string(b, tag);
    msg_end(b, mark);
}

void msg_parameter_description(struct buf *b, const uint32_t *oids, size_t n)
{
    size_t mark = msg_begin(b, 't');
    put_count(b, n);
    for (size_t i = 0; i < n && !b->failed; i++)
        msg_int32(b, oids[i]);
    msg_end(b, mark);
}

void msg_row_description(struct buf *b, const struct msg_field *fields, size_t n)
{
    size_t mark = msg_begin(b, 'T');
    put_count(b, n);
    for (size_t i = 0; i < n && !b->failed; i++) {
        const struct msg_field *f = &fields[i];
        msg_string(b, f->name);
        msg_int32(b, f->table_oid);
        msg_int16(b, (uint16_t)f->attnum);
        msg_int32(b, f->type_oid);
        msg_int16(b, (uint16_t)f->type_len);
        msg_int32(b, (uint32_t)f->typmod);
        msg_int16(b, (uint16_t)f->format);
    }
    msg_end(b, mark);
}

size_t msg_row_begin(struct buf *b, size_t n)
{
    size_t mark = msg_begin(b, 'D');
    put_count(b, n);
    return mark;
}

void msg_value(struct buf *b, const void *data, size_t len)
{
    if (len > FRAME_MESSAGE_MAX) {
        buf_fail(b);
        return;
    }
    msg_int32(b, (uint32_t)len);
    msg_bytes(b, data, len);
}

void msg_value_null(struct buf *b)
{
    msg_int32(b, UINT32_MAX);
}

void msg_row_text(struct buf *b, const char *const *values, size_t n)
{
    size_t mark = msg_row_begin(b, n);
    for (size_t i = 0; i < n && !b->failed; i++) {
        if (values[i])
            msg_value(b, values[i], strlen(values[i]));
        else
            msg_value_null(b);
    }
    msg_end(b, mark);
}

void msg_copy_response(struct buf *b, char type, uint8_t format, size_t n)
{
    size_t mark = msg_begin(b, type);
    msg_byte(b, format);
    put_count(b, n);
    for (size_t i = 0; i < n && !b->failed; i++)
        msg_int16(b, format);
    msg_end(b, mark);
}

void msg_function_result(struct buf *b, const void *data, size_t len)
{
    size_t mark = msg_begin(b, 'V');
    if (data)
        msg_value(b, data, len);
    else
        msg_value_null(b);
    msg_end(b, mark);
}

void msg_notification(struct buf *b, uint32_t pid, const char *channel, const char *payload)
{
    size_t mark = msg_begin(b, 'A');
    msg_int32(b, pid);
    msg_string(b, channel);
    msg_string(b, payload);
    msg_end(b, mark);
}

/* -- errors and notices -- */

static void put_field(struct buf *b, char code, const char *text)
{
    if (text[0] == '\0')
        return;
    msg_byte(b, (uint8_t)code);
    msg_string(b, text);
}

/* The fields in the order of PostgreSQL's send_message_to_frontend; S, V, C and M are required. */
static void put_report(struct buf *b, char type, const char *severity, const char *code,
                       const struct err *err)
{
    char position[16] = "";
    if (err->position > 0)
        snprintf(position, sizeof(position), "%d", err->position);

    size_t mark = msg_begin(b, type);
    put_field(b, 'S', severity);
    put_field(b, 'V', severity);
    put_field(b, 'C', err->sqlstate[0] ? err->sqlstate : code);
    put_field(b, 'M', err->message[0] ? err->message : "missing error text");
    put_field(b, 'D', err->detail);
    put_field(b, 'H', err->hint);
    put_field(b, 'W', err->context);
    put_field(b, 's', err->schema);
    put_field(b, 't', err->table);
    put_field(b, 'c', err->column);
    put_field(b, 'd', err->datatype);
    put_field(b, 'n', err->constraint);
    put_field(b, 'P', position);
    msg_byte(b, 0);
    msg_end(b, mark);
}

void msg_error(struct buf *b, const char *severity, const struct err *err)
{
    put_report(b, 'E', severity, "XX000", err);
}

void msg_notice(struct buf *b, const char *severity, const struct err *err)
{
    put_report(b, 'N', severity, "00000", err);
}

/* -- both ways -- */

void msg_copy_data(struct buf *b, const void *data, size_t len)
{
    size_t mark = msg_begin(b, 'd');
    msg_bytes(b, data, len);
    msg_end(b, mark);
}

void msg_copy_done(struct buf *b)
{
    put_empty(b, 'c');
}

/* -- frontend messages -- */

void msg_query(struct buf *b, struct slice sql)
{
    size_t mark = msg_begin(b, 'Q');
    msg_slice_string(b, sql);
    msg_end(b, mark);
}

void msg_parse(struct buf *b, const char *name, struct slice sql, const uint32_t *oids, size_t n)
{
    size_t mark = msg_begin(b, 'P');
    msg_string(b, name);
    msg_slice_string(b, sql);
    put_count(b, n);
    for (size_t i = 0; i < n && !b->failed; i++)
        msg_int32(b, oids[i]);
    msg_end(b, mark);
}

static void put_target(struct buf *b, char type, char what, const char *name)
{
    size_t mark = msg_begin(b, type);
    msg_byte(b, (uint8_t)what);
    msg_string(b, name);
    msg_end(b, mark);
}

void msg_describe(struct buf *b, char what, const char *name)
{
    put_target(b, 'D', what, name);
}

void msg_close(struct buf *b, char what, const char *name)
{
    put_target(b, 'C', what, name);
}

void msg_execute(struct buf *b, const char *portal, uint32_t max_rows)
{
    size_t mark = msg_begin(b, 'E');
    msg_string(b, portal);
    msg_int32(b, max_rows);
    msg_end(b, mark);
}

void msg_sync(struct buf *b)
{
    put_empty(b, 'S');
}

void msg_flush(struct buf *b)
{
    put_empty(b, 'H');
}

void msg_terminate(struct buf *b)
{
    put_empty(b, 'X');
}

void msg_copy_fail(struct buf *b, const char *reason)
{
    size_t mark = msg_begin(b, 'f');
    msg_string(b, reason);
    msg_end(b, mark);
}
