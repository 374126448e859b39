/* statement_cache.c: names of prepared statements, and the cache of translations by text. */
#include "daemon/store/statement.h"

#include <stdlib.h>

void prepared_unref(struct prepared *p)
{
    if (!p || --p->refs > 0)
        return;
    sqlite3_finalize(p->idle);
    prepared_unref(p->inner);
    struct arena arena = p->arena;
    free(p);
    arena_release(&arena);
}

/* The cache is two maps: what is used is in the young one, and when that is full, the old one goes and
 * the young one is the old one.  So texts that come but once push out no others that are used. */

void statement_cache_drop(struct store_conn *c, struct prepared *p)
{
    size_t len = strlen(p->sql);
    strmap_remove(strmap_find(&c->cache, p->sql, len) == p ? &c->cache : &c->old_cache, p->sql, len);
    prepared_unref(p);
}

static void unref(void *p, void *unused)
{
    (void)unused;
    prepared_unref(p);
}

static void clear(struct strmap *m)
{
    strmap_each(m, unref, NULL);
    strmap_release(m);
}

void statement_cache_clear(struct store_conn *c)
{
    clear(&c->cache);
    clear(&c->old_cache);
}

/* It takes the reference. */
static void add(struct store_conn *c, struct prepared *p)
{
    if (c->cache.n >= CONN_CACHED_MAX) {
        clear(&c->old_cache);
        c->old_cache = c->cache;
        c->cache = (struct strmap){0};
    }
    if (!strmap_add(&c->cache, p->sql, strlen(p->sql), p))
        prepared_unref(p);
}

/* The text's, whatever its parameters are. */
static struct prepared *find(struct store_conn *c, const char *sql, size_t len)
{
    struct prepared *p = strmap_find(&c->cache, sql, len);
    if (p || !(p = strmap_find(&c->old_cache, sql, len)))
        return p;
    strmap_remove(&c->old_cache, p->sql, len);
    add(c, p);
    return strmap_find(&c->cache, sql, len);
}

struct prepared *statement_cache_find(struct store_conn *c, struct slice sql, const uint32_t *oids,
                                      size_t noids)
{
    struct prepared *p = find(c, sql.data, sql.len);
    if (!p || p->noids != noids || (noids && memcmp(p->oids, oids, noids * sizeof *oids) != 0))
        return NULL;
    return p;
}

void statement_cache_add(struct store_conn *c, struct prepared *p)
{
    struct prepared *old = find(c, p->sql, strlen(p->sql));
    if (strlen(p->sql) + strlen(p->sqlite) > CONN_CACHED_BYTES)
        return;
    if (old)
        statement_cache_drop(c, old);
    p->refs++;
    add(c, p);
}

struct named *named_find(struct store_conn *c, const char *name)
{
    return strmap_find(&c->statements, name, strlen(name));
}

void named_drop(struct store_conn *c, struct named *n)
{
    strmap_remove(&c->statements, n->name, strlen(n->name));
    prepared_unref(n->prepared);
    free(n->name);
    free(n);
}

void named_drop_all(struct store_conn *c)
{
    struct named *n;
    while ((n = strmap_any(&c->statements)))
        named_drop(c, n);
    strmap_release(&c->statements);
}

int named_set(struct store_conn *c, const char *name, struct prepared *p, struct err *err)
{
    struct named *n = named_find(c, name);
    if (n && name[0])
        return err_set(err, SQLSTATE_DUPLICATE_PREPARED_STATEMENT,
                       "prepared statement \"%s\" already exists", name);
    if (n)
        named_drop(c, n);
    n = calloc(1, sizeof *n);
    if (n)
        n->name = strdup(name);
    if (!n || !n->name || !strmap_add(&c->statements, n->name, strlen(n->name), n)) {
        free(n ? n->name : NULL);
        free(n);
        return err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
    }
    n->prepared = p;
    n->made_us = conn_now_us();
    return 0;
}
