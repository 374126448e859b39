/* strmap.h: a small hash map from strings to pointers.  Keys are borrowed: they live in what they
 * map to. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct strmap_entry;

struct strmap { /* zero-initialised: empty */
    struct strmap_entry **buckets;
    size_t nbuckets, n;
};

void *strmap_find(const struct strmap *m, const char *key, size_t len);
/* False: no memory.  The key must not be in the map. */
bool strmap_add(struct strmap *m, const char *key, size_t len, void *value);
void strmap_remove(struct strmap *m, const char *key, size_t len);
/* Any value, or NULL if the map is empty: to take it apart. */
void *strmap_any(const struct strmap *m);
/* Calls ${visit} for all; it must not change the map. */
void strmap_each(const struct strmap *m, void (*visit)(void *value, void *arg), void *arg);
void strmap_release(struct strmap *m);
