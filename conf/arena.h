/* arena.h: memory that is given up as a whole.
 *
 * A snapshot owns one; conf_load has another for the tree it reads.  Both hold secrets, so the
 * bytes are wiped before they are freed.  Lack of memory is sticky: callers look at
 * conf_arena_failed once, at the end, and only take care not to follow a NULL. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct conf_arena;

struct conf_arena *conf_arena_new(void); /* NULL: no memory */
void conf_arena_free(struct conf_arena *a);
/* Zeroed, aligned for anything; NULL: no memory. */
void *conf_arena_alloc(struct conf_arena *a, size_t size);
/* ${n} elements of ${size} bytes each. */
void *conf_arena_array(struct conf_arena *a, size_t n, size_t size);
/* A NUL-terminated copy. */
char *conf_arena_text(struct conf_arena *a, const char *data, size_t len);
char *conf_arena_format(struct conf_arena *a, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
bool conf_arena_failed(const struct conf_arena *a);
