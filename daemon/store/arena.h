/* arena.h: memory that is given back all at once (a connection's catalog, a prepared statement). */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct arena {
    struct arena_block *blocks;
    bool failed; /* sticky: some allocation got no memory; check once at the end */
};

/* Zeroed, aligned for anything.  NULL only after failure. */
void *arena_alloc(struct arena *a, size_t size);
char *arena_strdup(struct arena *a, const char *s); /* NULL stays NULL */
void *arena_copy(struct arena *a, const void *data, size_t size);
void arena_release(struct arena *a);
