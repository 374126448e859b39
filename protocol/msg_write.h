/* msg_write.h: builds messages at the end of a struct buf.
 *
 * msg_begin/msg_end bracket a message; the length is patched at the end.  Failure is sticky in the
 * buffer (buf->failed): check once, after the last call.  Nothing may be consumed from the buffer
 * between msg_begin and msg_end.  What the protocol cannot say (65,536 columns, a NUL inside a
 * string, a message over 1 GiB) makes the buffer fail.
 * Table of contents: primitives; backend messages; both ways; frontend messages. */
#pragma once

#include "protocol/buf.h"
#include "protocol/err.h"

/* -- primitives -- */
/* Start a message of ${type} (0: no type byte); returns the mark that msg_end wants. */
size_t msg_begin(struct buf *b, char type);
void msg_end(struct buf *b, size_t mark);
void msg_byte(struct buf *b, uint8_t v);
void msg_int16(struct buf *b, uint16_t v);
void msg_int32(struct buf *b, uint32_t v);
void msg_int64(struct buf *b, uint64_t v);
void msg_bytes(struct buf *b, const void *data, size_t len);
void msg_string(struct buf *b, const char *s);           /* with its NUL */
void msg_slice_string(struct buf *b, struct slice s);     /* and a NUL; s has none inside */

/* -- backend messages -- */
enum msg_auth { MSG_AUTH_OK = 0, MSG_AUTH_CLEARTEXT = 3, MSG_AUTH_SASL = 10, MSG_AUTH_SASL_CONTINUE = 11,
                MSG_AUTH_SASL_FINAL = 12 };
void msg_auth(struct buf *b, enum msg_auth code, struct slice data);
void msg_auth_sasl(struct buf *b, const char *const *mechanisms); /* NULL-terminated list */
void msg_parameter_status(struct buf *b, const char *name, const char *value);
/* ${key_len} is 4 for protocol 3.0, up to 32 here for 3.2. */
void msg_backend_key_data(struct buf *b, uint32_t pid, const void *key, size_t key_len);
/* We speak 3.${minor}; ${options} are those we do not know. */
void msg_negotiate_version(struct buf *b, uint32_t minor, const char *const *options, size_t n);
void msg_ready(struct buf *b, char status); /* 'I' 'T' 'E' */
/* ${severity}: "ERROR", "FATAL", "PANIC". */
void msg_error(struct buf *b, const char *severity, const struct err *err);
/* ${severity}: "NOTICE", "WARNING", ... */
void msg_notice(struct buf *b, const char *severity, const struct err *err);
void msg_parse_complete(struct buf *b);
void msg_bind_complete(struct buf *b);
void msg_close_complete(struct buf *b);
void msg_no_data(struct buf *b);
void msg_empty_query(struct buf *b);
void msg_portal_suspended(struct buf *b);
void msg_command_complete(struct buf *b, const char *tag);
void msg_parameter_description(struct buf *b, const uint32_t *oids, size_t n);
struct msg_field {
    const char *name;
    uint32_t table_oid;
    int16_t attnum;
    uint32_t type_oid;
    int16_t type_len;
    int32_t typmod;
    int16_t format;
};
void msg_row_description(struct buf *b, const struct msg_field *fields, size_t n);
/* DataRow: msg_row_begin, then n times msg_value, then msg_end. */
size_t msg_row_begin(struct buf *b, size_t n);
void msg_value(struct buf *b, const void *data, size_t len);
void msg_value_null(struct buf *b);
/* A row of text values, NULL pointer = SQL NULL. */
void msg_row_text(struct buf *b, const char *const *values, size_t n);

/* ${type}: 'G' CopyInResponse, 'H' CopyOutResponse, 'W' CopyBothResponse; ${format} of all and of
 * each of the ${n} columns: 0 text, 1 binary. */
void msg_copy_response(struct buf *b, char type, uint8_t format, size_t n);
/* NULL ${data}: SQL NULL. */
void msg_function_result(struct buf *b, const void *data, size_t len);
void msg_notification(struct buf *b, uint32_t pid, const char *channel, const char *payload);

/* -- both ways -- */
void msg_copy_data(struct buf *b, const void *data, size_t len);
void msg_copy_done(struct buf *b);

/* -- frontend messages -- */
void msg_query(struct buf *b, struct slice sql);
void msg_parse(struct buf *b, const char *name, struct slice sql, const uint32_t *oids, size_t n);
void msg_describe(struct buf *b, char what, const char *name); /* 'S' or 'P' */
void msg_close(struct buf *b, char what, const char *name);
void msg_execute(struct buf *b, const char *portal, uint32_t max_rows);
void msg_sync(struct buf *b);
void msg_flush(struct buf *b);
void msg_terminate(struct buf *b);
void msg_copy_fail(struct buf *b, const char *reason);
