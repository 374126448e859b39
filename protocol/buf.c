#include "protocol/buf.h"

#include <stdlib.h>

#define BUF_FIRST_BYTES 256u

void buf_init(struct buf *b, size_t max_bytes)
{
    *b = (struct buf){.max = (uint32_t)(max_bytes < BUF_MAX_BYTES ? max_bytes : BUF_MAX_BYTES)};
}

void buf_release(struct buf *b)
{
    free(b->data);
    *b = (struct buf){.max = b->max};
}

void buf_reset(struct buf *b)
{
    b->start = 0;
    b->end = 0;
    b->failed = false;
}

void buf_fail(struct buf *b)
{
    buf_release(b);
    b->failed = true;
}

/* Storage may be 1.5 times the maximum: when the tail is used up although the content fits, at
 * least a third of the storage is free in front, so a move is paid for by the bytes consumed. */
static size_t storage_limit(const struct buf *b)
{
    return (size_t)b->max + b->max / 2;
}

static int grow(struct buf *b, size_t need)
{
    size_t limit = storage_limit(b);
    size_t cap = b->cap > limit / 2 ? limit : (size_t)b->cap * 2;
    if (cap < BUF_FIRST_BYTES)
        cap = BUF_FIRST_BYTES;
    if (cap > limit)
        cap = limit;
    if (cap < need)
        cap = need;
    char *data = malloc(cap > 0 ? cap : 1);
    if (!data)
        return -1;
    size_t used = buf_len(b);
    if (used > 0)
        memcpy(data, b->data + b->start, used);
    free(b->data);
    b->data = data;
    b->start = 0;
    b->end = (uint32_t)used;
    b->cap = (uint32_t)cap;
    return 0;
}

char *buf_reserve(struct buf *b, size_t len)
{
    if (b->failed)
        return NULL;
    size_t used = buf_len(b);
    if (len > (size_t)b->max - used) {
        buf_fail(b);
        return NULL;
    }
    if (!b->data || len > b->cap - b->end) {
        if (b->data && used + len <= b->cap && b->start >= used / 2) {
            memmove(b->data, b->data + b->start, used);
            b->start = 0;
            b->end = (uint32_t)used;
        } else if (grow(b, used + len) != 0) {
            buf_fail(b);
            return NULL;
        }
    }
    return b->data + b->end;
}

void buf_commit(struct buf *b, size_t len)
{
    if (b->failed)
        return;
    if (len > b->cap - b->end || len > b->max - buf_len(b)) {
        buf_fail(b); /* more than was reserved: nothing in here can be trusted */
        return;
    }
    b->end += (uint32_t)len;
}

int buf_append_growing(struct buf *b, const void *data, size_t len)
{
    if (len == 0)
        return b->failed ? -1 : 0;
    char *to = buf_reserve(b, len);
    if (!to)
        return -1;
    memcpy(to, data, len);
    b->end += (uint32_t)len;
    return 0;
}

void buf_quote(struct buf *b, const char *text, char quote)
{
    buf_append(b, &quote, 1);
    for (; *text; text++) {
        if (*text == quote)
            buf_append(b, &quote, 1);
        buf_append(b, text, 1);
    }
    buf_append(b, &quote, 1);
}

char *buf_take_text(struct buf *b)
{
    char *text = b->failed ? NULL : strndup(b->data ? b->data + b->start : "", buf_len(b));
    buf_release(b);
    return text;
}

void buf_cut(struct buf *b, size_t len)
{
    if (len < buf_len(b))
        b->end = b->start + (uint32_t)len;
}

void buf_consume(struct buf *b, size_t len)
{
    if (len >= buf_len(b)) {
        b->start = 0;
        b->end = 0;
    } else {
        b->start += (uint32_t)len;
    }
}
