/* statement_cache.c: names of prepared statements, and the cache of translations by text. */
#include "daemon/store/conn.h"

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

void statement_cache_drop(struct store_conn *c, struct prepared *p)
{
    strmap_remove(&c->cache, p->sql, strlen(p->sql));
    prepared_unref(p);
}

void statement_cache_clear(struct store_conn *c)
{
    struct prepared *p;
    while ((p = strmap_any(&c->cache)))
        statement_cache_drop(c, p);
    strmap_release(&c->cache);
}

struct prepared *statement_cache_find(struct store_conn *c, struct slice sql, const uint32_t *oids,
                                      size_t noids)
{
    struct prepared *p = strmap_find(&c->cache, sql.data, sql.len);
    if (!p || p->noids != noids || (noids && memcmp(p->oids, oids, noids * sizeof *oids) != 0))
        return NULL;
    return p;
}

void statement_cache_add(struct store_conn *c, struct prepared *p)
{
    size_t len = strlen(p->sql);
    struct prepared *old = strmap_find(&c->cache, p->sql, len);
    if (old)
        statement_cache_drop(c, old);
    if (c->cache.n >= CONN_CACHED_MAX)
        statement_cache_clear(c);
    if (strmap_add(&c->cache, p->sql, len, p))
        p->refs++;
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
