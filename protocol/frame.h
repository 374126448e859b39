/* frame.h: cuts a byte stream into messages of the PostgreSQL protocol, without copying.
 *
 * A frame is a type byte (absent in the start-up phase) and a 32-bit big-endian length that counts
 * itself.  The length is checked, as unsigned, against the limit of its phase before anything is
 * kept.  Source: PostgreSQL manual, chapter "Message Formats". */
#pragma once

#include "protocol/err.h"
#include "protocol/slice.h"

#include <stdint.h>

enum frame_phase {
    FRAME_STARTUP,  /* no type byte; at most FRAME_STARTUP_MAX bytes */
    FRAME_AUTH,     /* 'p' only, at most FRAME_AUTH_MAX bytes */
    FRAME_FRONTEND, /* any frontend type; limit per type given by the caller */
    FRAME_BACKEND,  /* any backend type, up to 1 GiB */
};

#define FRAME_STARTUP_MAX 10000u      /* PostgreSQL: MAX_STARTUP_PACKET_LENGTH */
#define FRAME_AUTH_MAX    65535u      /* PostgreSQL: PG_MAX_AUTH_TOKEN_LENGTH */
#define FRAME_MESSAGE_MAX 0x3fffffffu /* PostgreSQL: PQ_LARGE_MESSAGE_LIMIT, 1 GiB - 1 */

struct frame {
    char type;         /* 0 in the start-up phase */
    uint32_t body_len; /* bytes after the header */
    uint32_t head_len; /* 4 or 5 */
    const char *body;  /* borrowed from the input; may be incomplete after frame_head */
};

/* Read only the header at the front of ${in}.
 * 1: ${ret} is set (the body may not have arrived yet); 0: need more bytes;
 * -1: the stream is broken (08P01 in ${err}), close it. */
int frame_head(enum frame_phase phase, struct slice in, struct frame *ret, struct err *err) MUSTCHECK;

/* Like frame_head, but 1 only once the whole message is in ${in}.  ${max_body}: a longer body is
 * 54000 at once, before it arrives. */
int frame_next(enum frame_phase phase, struct slice in, uint32_t max_body, struct frame *ret,
               struct err *err) MUSTCHECK;

/* All bytes of the message, header included.  Only after frame_next returned 1. */
static inline struct slice frame_bytes(const struct frame *f)
{
    return (struct slice){f->body - f->head_len, (size_t)f->head_len + f->body_len};
}

/* Is ${type} a message that a client may send after authentication? */
bool frame_is_frontend(char type);
