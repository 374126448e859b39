#include "daemon/store/arena.h"

#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

#define ARENA_FIRST 1024u
#define ARENA_BLOCK 16384u /* blocks double up to this */

struct arena_block {
    struct arena_block *next;
    size_t used, size;
    alignas(max_align_t) char data[];
};

/* Hundreds of small prepared statements are kept, so an arena begins small. */
static size_t next_size(const struct arena_block *last)
{
    size_t size = last ? last->size * 2 : ARENA_FIRST;
    return size < ARENA_BLOCK ? size : ARENA_BLOCK;
}

void *arena_alloc(struct arena *a, size_t size)
{
    size_t align = alignof(max_align_t);
    size = size ? (size + align - 1) / align * align : align;
    struct arena_block *b = a->blocks;
    if (!b || b->size - b->used < size) {
        size_t room = next_size(b);
        room = size > room ? size : room;
        b = calloc(1, sizeof *b + room);
        if (!b) {
            a->failed = true;
            return NULL;
        }
        b->size = room;
        b->next = a->blocks;
        a->blocks = b;
    }
    void *p = b->data + b->used;
    b->used += size;
    return p;
}

void *arena_copy(struct arena *a, const void *data, size_t size)
{
    void *p = arena_alloc(a, size);
    if (p && size)
        memcpy(p, data, size);
    return p;
}

char *arena_strdup(struct arena *a, const char *s)
{
    return s ? arena_copy(a, s, strlen(s) + 1) : NULL;
}

void arena_release(struct arena *a)
{
    struct arena_block *b = a->blocks;
    while (b) {
        struct arena_block *next = b->next;
        free(b);
        b = next;
    }
    *a = (struct arena){0};
}
