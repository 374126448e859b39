/* buf.h: a growing byte queue, born with a maximum.
 *
 * Bytes are appended at the end and consumed from the front.  An append past the maximum, or one
 * for which there is no memory, fails: the buffer becomes `failed`, its bytes are freed, and every
 * later append fails too, so a message writer may check once at its end.
 * The maximum bounds the content; the storage may be half as large again, which is what keeps a
 * full queue from moving its bytes at each append.  No append may take its bytes from ${b} itself. */
#pragma once

#include "protocol/err.h"
#include "protocol/slice.h"

#include <stdint.h>
#include <string.h>

struct buf {
    char *data;     /* NULL while nothing was ever stored */
    uint32_t start; /* first unconsumed byte */
    uint32_t end;   /* one past the last byte */
    uint32_t cap;
    uint32_t max;
    bool failed;
};

/* At most: a queue that may hold so much has no bound to speak of. */
#define BUF_MAX_BYTES ((size_t)1 << 31)

/* Storage by the caller; allocates nothing yet.  ${max_bytes} above BUF_MAX_BYTES mean that. */
void buf_init(struct buf *b, size_t max_bytes);
/* Free the bytes; the buffer may be used again as after buf_init. */
void buf_release(struct buf *b);
/* Drop the content, keep the storage, clear `failed`. */
void buf_reset(struct buf *b);

static inline size_t buf_len(const struct buf *b)
{
    return b->end - b->start;
}
/* Borrowed until the next call on ${b}. */
static inline struct slice buf_peek(const struct buf *b)
{
    return (struct slice){b->data ? b->data + b->start : NULL, b->end - b->start};
}

/* 0, or -1 and failed. */
int buf_append_growing(struct buf *b, const void *data, size_t len);
static inline int buf_append(struct buf *b, const void *data, size_t len)
{
    if (len == 0 || len > b->cap - b->end || len > b->max - buf_len(b)) /* a failed one has no storage */
        return buf_append_growing(b, data, len);
    memcpy(b->data + b->end, data, len);
    b->end += (uint32_t)len;
    return 0;
}
/* Append ${text} between two ${quote}, of which each in it is doubled. */
void buf_quote(struct buf *b, const char *text, char quote);
/* The content as a text, malloc'd and the caller's; ${b} is released.  NULL: it has failed, or no
 * memory. */
char *buf_take_text(struct buf *b);
/* Room for ${len} bytes at the end, to be filled and then made content with buf_commit; NULL: failed. */
char *buf_reserve(struct buf *b, size_t len);
void buf_commit(struct buf *b, size_t len);
/* Drop ${len} bytes from the front; ${len} must not exceed buf_len. */
void buf_consume(struct buf *b, size_t len);
/* Drop what follows the first ${len} bytes. */
void buf_cut(struct buf *b, size_t len);
/* Make ${b} failed: its bytes are freed and every later append fails, until buf_reset. */
void buf_fail(struct buf *b);
