#include "daemon/store/strmap.h"

#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

struct strmap_entry {
    struct strmap_entry *next;
    const char *key;
    size_t len;
    uint64_t hash;
    void *value;
};

static struct strmap_entry **slot(const struct strmap *m, const char *key, size_t len)
{
    uint64_t hash = XXH3_64bits(key, len);
    struct strmap_entry **e = &m->buckets[hash % m->nbuckets];
    while (*e && ((*e)->hash != hash || (*e)->len != len || memcmp((*e)->key, key, len) != 0))
        e = &(*e)->next;
    return e;
}

void *strmap_find(const struct strmap *m, const char *key, size_t len)
{
    struct strmap_entry *e = m->n ? *slot(m, key, len) : NULL;
    return e ? e->value : NULL;
}

static bool grow(struct strmap *m)
{
    size_t n = m->nbuckets ? m->nbuckets * 2 : 16;
    struct strmap_entry **buckets = calloc(n, sizeof *buckets);
    if (!buckets)
        return false;
    for (size_t i = 0; i < m->nbuckets; i++) {
        while (m->buckets[i]) {
            struct strmap_entry *e = m->buckets[i];
            m->buckets[i] = e->next;
            e->next = buckets[e->hash % n];
            buckets[e->hash % n] = e;
        }
    }
    free(m->buckets);
    m->buckets = buckets;
    m->nbuckets = n;
    return true;
}

bool strmap_add(struct strmap *m, const char *key, size_t len, void *value)
{
    if (m->n >= m->nbuckets && !grow(m))
        return false;
    struct strmap_entry *e = malloc(sizeof *e);
    if (!e)
        return false;
    *e = (struct strmap_entry){NULL, key, len, XXH3_64bits(key, len), value};
    struct strmap_entry **head = &m->buckets[e->hash % m->nbuckets];
    e->next = *head;
    *head = e;
    m->n++;
    return true;
}

void strmap_remove(struct strmap *m, const char *key, size_t len)
{
    struct strmap_entry **e = m->n ? slot(m, key, len) : NULL;
    if (!e || !*e)
        return;
    struct strmap_entry *gone = *e;
    *e = gone->next;
    free(gone);
    m->n--;
}

void *strmap_any(const struct strmap *m)
{
    for (size_t i = 0; m->n > 0 && i < m->nbuckets; i++)
        if (m->buckets[i])
            return m->buckets[i]->value;
    return NULL;
}

void strmap_each(const struct strmap *m, void (*visit)(void *value, void *arg), void *arg)
{
    size_t left = m->n;
    for (size_t i = 0; left > 0; i++)
        for (struct strmap_entry *e = m->buckets[i]; e; e = e->next, left--)
            visit(e->value, arg);
}

void strmap_release(struct strmap *m)
{
    for (size_t i = 0; i < m->nbuckets; i++) {
        while (m->buckets[i]) {
            struct strmap_entry *e = m->buckets[i];
            m->buckets[i] = e->next;
            free(e);
        }
    }
    free(m->buckets);
    *m = (struct strmap){0};
}
