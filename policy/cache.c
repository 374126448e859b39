#include "policy/cache.h"

#include "policy/shape.h"

#include <stdlib.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

struct entry {
    struct entry *chain;        /* same bucket */
    struct entry *older, *newer; /* by last use */
    uint64_t hash;
    uint64_t epoch;
    enum isolation isolation;
    bool confined, single, untyped, shape;
    size_t bytes;
    struct decision *decision;
    char *schema, *database; /* NULL as in the request; stand behind the text */
    size_t len;
    char text[];
};

struct policy_cache {
    size_t max_bytes, bytes;
    size_t n, nbuckets; /* nbuckets: a power of two */
    struct entry **buckets;
    struct entry *oldest, *newest;
};

enum { FIRST_BUCKETS = 256 };

struct policy_cache *policy_cache_new(size_t max_bytes)
{
    struct policy_cache *c = calloc(1, sizeof *c);
    if (!c)
        return NULL;
    c->max_bytes = max_bytes;
    c->nbuckets = FIRST_BUCKETS;
    c->buckets = calloc(c->nbuckets, sizeof(struct entry *));
    if (!c->buckets) {
        free(c);
        return NULL;
    }
    return c;
}

static uint64_t hash_of(const struct policy_request *req, bool shape)
{
    uint64_t seed = req->epoch * 16 + (shape ? 8 : 0) + (req->untyped ? 4 : 0) + (req->confined ? 2 : 0) + (req->single ? 1 : 0);
    if (req->database)
        seed = XXH3_64bits_withSeed(req->database, strlen(req->database), seed);
    if (req->schema)
        seed = XXH3_64bits_withSeed(req->schema, strlen(req->schema), seed);
    return XXH3_64bits_withSeed(req->sql.len ? req->sql.data : "", req->sql.len, seed);
}

static bool same_text(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

static bool is_for(const struct entry *e, uint64_t hash, const struct policy_request *req, bool shape)
{
    return e->hash == hash && e->shape == shape && e->epoch == req->epoch && e->confined == req->confined &&
           e->single == req->single && e->untyped == req->untyped && e->isolation == req->isolation &&
           same_text(e->schema, req->schema) && same_text(e->database, req->database) &&
           slice_equal((struct slice){e->text, e->len}, req->sql);
}

static struct entry **bucket_of(struct policy_cache *c, uint64_t hash)
{
    return &c->buckets[hash & (c->nbuckets - 1)];
}

static void age_unlink(struct policy_cache *c, struct entry *e)
{
    *(e->older ? &e->older->newer : &c->oldest) = e->newer;
    *(e->newer ? &e->newer->older : &c->newest) = e->older;
}

static void age_push(struct policy_cache *c, struct entry *e)
{
    e->older = c->newest;
    e->newer = NULL;
    *(c->newest ? &c->newest->newer : &c->oldest) = e;
    c->newest = e;
}

static void evict(struct policy_cache *c, struct entry *e)
{
    struct entry **at = bucket_of(c, e->hash);
    while (*at != e)
        at = &(*at)->chain;
    *at = e->chain;
    age_unlink(c, e);
    c->bytes -= e->bytes;
    c->n--;
    decision_unref(e->decision);
    free(e);
}

void policy_cache_free(struct policy_cache *c)
{
    if (!c)
        return;
    while (c->oldest)
        evict(c, c->oldest);
    free(c->buckets);
    free(c);
}

static struct entry *find(struct policy_cache *c, const struct policy_request *req, bool shape)
{
    uint64_t hash = hash_of(req, shape);
    for (struct entry *e = *bucket_of(c, hash); e; e = e->chain)
        if (is_for(e, hash, req, shape))
            return e;
    return NULL;
}

struct decision *cache_get(struct policy_cache *c, const struct policy_request *req, bool shape)
{
    struct entry *e = find(c, req, shape);
    if (!e)
        return NULL;
    if (e != c->newest) {
        age_unlink(c, e);
        age_push(c, e);
    }
    e->decision->refs++;
    e->decision->again = true;
    return e->decision;
}

void cache_drop(struct policy_cache *c, const struct policy_request *req, bool shape)
{
    struct entry *e = find(c, req, shape);
    if (e)
        evict(c, e);
}

static size_t decision_bytes(const struct decision *d)
{
    size_t bytes = sizeof *d + d->nplans * sizeof(struct plan *);
    bytes += d->template ? template_bytes(d->template) : 0;
    for (size_t i = 0; i < d->nplans; i++) {
        const struct plan *p = d->plans[i];
        bytes += sizeof *p + p->text_len + p->nplaces * sizeof *p->places +
                 p->nruns * sizeof *p->runs;
        bytes += p->err ? sizeof *p->err : 0;
        bytes += (p->name ? strlen(p->name) : 0) + (p->value ? strlen(p->value) : 0);
        if (p->prepared)
            bytes += sizeof *p + p->prepared->text_len +
                     p->prepared->nplaces * sizeof *p->places + p->prepared->nruns * sizeof *p->runs +
                     p->ntypes * sizeof *p->types;
    }
    return bytes;
}

/* Twice the buckets when there is an entry for each; staying small is no error. */
static void widen(struct policy_cache *c)
{
    struct entry **wider = calloc(2 * c->nbuckets, sizeof(struct entry *));
    if (!wider)
        return;
    free(c->buckets);
    c->buckets = wider;
    c->nbuckets *= 2;
    for (struct entry *e = c->oldest; e; e = e->newer) {
        struct entry **at = bucket_of(c, e->hash);
        e->chain = *at;
        *at = e;
    }
}

void cache_put(struct policy_cache *c, const struct policy_request *req, bool shape, struct decision *d)
{
    size_t schema = req->schema ? strlen(req->schema) + 1 : 0;
    size_t database = req->database ? strlen(req->database) + 1 : 0;
    size_t bytes = sizeof(struct entry) + req->sql.len + schema + database + decision_bytes(d);
    if (bytes > c->max_bytes / 8)
        return; /* one huge text must not push out everything else */
    struct entry *e = malloc(sizeof *e + req->sql.len + schema + database);
    if (!e)
        return;
    *e = (struct entry){.hash = hash_of(req, shape), .shape = shape, .epoch = req->epoch, .confined = req->confined,
                        .single = req->single, .untyped = req->untyped, .isolation = req->isolation, .bytes = bytes,
                        .decision = d, .len = req->sql.len};
    if (e->len)
        memcpy(e->text, req->sql.data, e->len);
    if (req->schema)
        e->schema = memcpy(e->text + e->len, req->schema, schema);
    if (req->database)
        e->database = memcpy(e->text + e->len + schema, req->database, database);
    while (c->oldest && c->bytes + bytes > c->max_bytes)
        evict(c, c->oldest);
    if (c->n >= c->nbuckets)
        widen(c);
    struct entry **at = bucket_of(c, e->hash);
    e->chain = *at;
    *at = e;
    age_push(c, e);
    c->bytes += bytes;
    c->n++;
    d->refs++;
}
