#include "conf/arena.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ARENA_CHUNK_BYTES ((size_t)16 << 10)
#define ARENA_ALIGN       sizeof(max_align_t)

struct chunk {
    struct chunk *next;
    size_t size, used;
    max_align_t bytes[];
};

struct conf_arena {
    struct chunk *chunks; /* the first is the one with room */
    bool failed;
};

struct conf_arena *conf_arena_new(void)
{
    return calloc(1, sizeof(struct conf_arena));
}

void conf_arena_free(struct conf_arena *a)
{
    if (!a)
        return;
    for (struct chunk *c = a->chunks, *next; c; c = next) {
        next = c->next;
        explicit_bzero(c->bytes, c->used);
        free(c);
    }
    free(a);
}

static struct chunk *chunk_new(struct conf_arena *a, size_t size)
{
    size_t room = size > ARENA_CHUNK_BYTES ? size : ARENA_CHUNK_BYTES;
    struct chunk *c = calloc(1, sizeof *c + room);
    if (!c)
        return NULL;
    c->size = room;
    c->next = a->chunks;
    a->chunks = c;
    return c;
}

void *conf_arena_alloc(struct conf_arena *a, size_t size)
{
    if (size > SIZE_MAX / 2) {
        a->failed = true;
        return NULL;
    }
    size = (size + ARENA_ALIGN - 1) / ARENA_ALIGN * ARENA_ALIGN;
    struct chunk *c = a->chunks;
    if (!c || c->size - c->used < size)
        c = chunk_new(a, size);
    if (!c) {
        a->failed = true;
        return NULL;
    }
    void *ret = (char *)c->bytes + c->used;
    c->used += size;
    return ret;
}

void *conf_arena_array(struct conf_arena *a, size_t n, size_t size)
{
    size_t total;
    if (__builtin_mul_overflow(n, size, &total)) {
        a->failed = true;
        return NULL;
    }
    return conf_arena_alloc(a, total);
}

char *conf_arena_text(struct conf_arena *a, const char *data, size_t len)
{
    char *ret = len < SIZE_MAX ? conf_arena_alloc(a, len + 1) : NULL;
    if (ret && len)
        memcpy(ret, data, len);
    return ret;
}

char *conf_arena_format(struct conf_arena *a, const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int len = vsnprintf(NULL, 0, format, args);
    va_end(args);
    char *ret = len < 0 ? NULL : conf_arena_alloc(a, (size_t)len + 1);
    if (ret)
        vsnprintf(ret, (size_t)len + 1, format, again);
    va_end(again);
    return ret;
}

bool conf_arena_failed(const struct conf_arena *a)
{
    return a->failed;
}
