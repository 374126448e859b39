/* msg_read.h: takes message bodies apart, in place.
 *
 * Every reader borrows from the body it is given, checks every length as unsigned before use, and
 * fails with 08P01 on missing or left-over bytes.  No reader allocates.
 * Source: PostgreSQL manual, chapter "Message Formats"; checks as in pqformat.c. */
#pragma once

#include "protocol/err.h"
#include "protocol/slice.h"

#include <stdint.h>

/* -- a cursor over a body; sticky failure -- */
struct reader {
    const char *p;
    const char *end;
    bool failed;
};
struct reader reader_of(struct slice body);
uint8_t read_byte(struct reader *r);
uint16_t read_int16(struct reader *r);
uint32_t read_int32(struct reader *r);
struct slice read_bytes(struct reader *r, size_t len);
/* A NUL-terminated string; .data is NUL-terminated in place, .len excludes the NUL. */
struct slice read_string(struct reader *r);
/* -1 and 08P01 "invalid message format" if something failed or bytes are left over. */
int read_done(const struct reader *r, struct err *err) MUSTCHECK;

/* -- frontend messages: -1 is 08P01 -- */
struct msg_query {
    struct slice sql;
};
int msg_read_query(struct slice body, struct msg_query *ret, struct err *err) MUSTCHECK;

struct msg_parse {
    struct slice name, sql;
    uint16_t nparams;
    const char *oids; /* nparams big-endian 32-bit values; see msg_parse_oid */
};
int msg_read_parse(struct slice body, struct msg_parse *ret, struct err *err) MUSTCHECK;
uint32_t msg_parse_oid(const struct msg_parse *m, uint16_t i);

struct msg_bind {
    struct slice portal, statement;
    uint16_t nformats;
    const char *formats; /* big-endian 16-bit values */
    uint16_t nparams;
    struct slice params;  /* nparams times: int32 length (-1 NULL), bytes; all checked */
    uint16_t nresults;
    const char *results;  /* big-endian 16-bit values */
};
int msg_read_bind(struct slice body, struct msg_bind *ret, struct err *err) MUSTCHECK;
/* Format code of parameter or result column ${i} under the rules none/one/each: 0 text, 1 binary;
 * any other value is the client's mistake, returned as sent (PostgreSQL: 22023). */
int msg_bind_param_format(const struct msg_bind *m, uint16_t i);
int msg_bind_result_format(const struct msg_bind *m, uint16_t i);
/* Walk the parameters: set ${cursor} to m->params first; a NULL value has .data == NULL. */
struct slice msg_bind_next(struct slice *cursor);

struct msg_target { /* Describe, Close */
    char what;      /* 'S' or 'P' */
    struct slice name;
};
int msg_read_target(struct slice body, struct msg_target *ret, struct err *err) MUSTCHECK;

struct msg_execute {
    struct slice portal;
    uint32_t max_rows;
};
int msg_read_execute(struct slice body, struct msg_execute *ret, struct err *err) MUSTCHECK;

struct msg_sasl_initial {
    struct slice mechanism, data; /* data.data NULL if absent */
};
int msg_read_sasl_initial(struct slice body, struct msg_sasl_initial *ret, struct err *err) MUSTCHECK;

/* The PasswordMessage that answers AuthenticationCleartextPassword. */
int msg_read_password(struct slice body, struct slice *ret, struct err *err) MUSTCHECK;

struct msg_function {
    uint32_t oid;
    uint16_t nformats;
    const char *formats; /* big-endian 16-bit values */
    uint16_t nargs;
    struct slice args; /* as msg_bind's params: walk with msg_bind_next */
    uint16_t result_format;
};
int msg_read_function(struct slice body, struct msg_function *ret, struct err *err) MUSTCHECK;
/* CopyFail's reason. */
int msg_read_copy_fail(struct slice body, struct slice *ret_reason, struct err *err) MUSTCHECK;

/* -- backend messages -- */
/* ErrorResponse or NoticeResponse into ${ret}; unknown fields are skipped.  ${ret_severity}, of at
 * least 16 bytes, takes the non-localised severity ('V').  A missing code becomes XX000.  Copies;
 * -1 if malformed. */
int msg_read_error(struct slice body, struct err *ret, char *ret_severity) MUSTCHECK;
struct msg_parameter_status {
    struct slice name, value;
};
int msg_read_parameter_status(struct slice body, struct msg_parameter_status *ret) MUSTCHECK;
