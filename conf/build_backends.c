/* Back ends. */
#include "conf/build.h"

#include "conf/file.h"
#include "conf/schema.h"

#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

/* Does a connection string carry a password?  It would end up in logs; keyword `password`, or a URL
 * with `user:password@`. */
static bool has_password(const char *conninfo)
{
    const char *scheme = strstr(conninfo, "://");
    if (scheme && (strncmp(conninfo, "postgres", 8) == 0)) {
        const char *user = scheme + 3;
        size_t len = strcspn(user, "/?@");
        if (user[len] == '@' && memchr(user, ':', len))
            return true;
    }
    for (const char *p = conninfo; (p = strstr(p, "password")); p++) {
        const char *after = p + strlen("password");
        after += strspn(after, " \t");
        if (*after == '=' && (p == conninfo || strchr(" \t?&'", p[-1])))
            return true;
    }
    return false;
}

static void build_host_size(struct build *b, struct conf_pool *pool, const struct tree_node *n)
{
    const struct tree_node *told = tree_get(n, "host_size");
    pool->host_size = (uint32_t)schema_value("backends.*.pool.host_size", told);
    if (told && pool->host_size < pool->size)
        tree_fault(b->diag, told, "it must not be below size, which is %u", pool->size);
    if (pool->host_size < pool->size)
        pool->host_size = pool->size;
}

static void build_pool(struct build *b, struct conf_pool *pool, const struct tree_node *n)
{
    pool->mode = (enum conf_pool_mode)schema_value("backends.*.pool.mode", tree_get(n, "mode"));
    pool->size = (uint32_t)schema_value("backends.*.pool.size", tree_get(n, "size"));
    build_host_size(b, pool, n);
    pool->idle_ms = (uint32_t)schema_value("backends.*.pool.idle", tree_get(n, "idle"));
    pool->lifetime_ms = (uint32_t)schema_value("backends.*.pool.lifetime", tree_get(n, "lifetime"));
    pool->queue_timeout_ms =
        (uint32_t)schema_value("backends.*.pool.queue_timeout", tree_get(n, "queue_timeout"));
    pool->connect_timeout_ms =
        (uint32_t)schema_value("backends.*.pool.connect_timeout", tree_get(n, "connect_timeout"));
    pool->auto_prepare =
        schema_value("backends.*.pool.auto_prepare", tree_get(n, "auto_prepare")) == 1;
    pool->statements = (uint32_t)schema_value("backends.*.pool.prepared_statements",
                                              tree_get(n, "prepared_statements"));
}

/* Descriptors of a connection to a file: the file, its log, the log's index, and a socket pair. */
#define FILE_DESCRIPTORS 5u
#define FILES_AUTO_MAX   1000u

static uint32_t open_files(const struct tree_node *n)
{
    struct rlimit limit;
    uint32_t told = (uint32_t)schema_value("backends.*.open_files", n);
    if (told > 0)
        return told;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_max / 2 / FILE_DESCRIPTORS >= FILES_AUTO_MAX)
        return FILES_AUTO_MAX;
    return (uint32_t)(limit.rlim_max / 2 / FILE_DESCRIPTORS) + 1;
}

static void build_layout(struct build *b, struct conf_backend *backend, const struct tree_node *n)
{
    const struct tree_node *files = tree_get(n, "open_files");
    backend->store_files = schema_value("backends.*.layout", tree_get(n, "layout")) == 1;
    backend->store_normal = schema_value("backends.*.synchronous", tree_get(n, "synchronous")) == 1;
    if (files && !backend->store_files)
        tree_fault_name(b->diag, files, "only layout: file has open_files");
    if (!backend->store_files)
        return;
    backend->pool.host_size = open_files(files);
    if (backend->pool.size > backend->pool.host_size)
        backend->pool.size = backend->pool.host_size;
}

static void build_store(struct build *b, struct conf_backend *backend, const struct tree_node *n)
{
    const struct tree_node *secret, *pool = tree_get(n, "pool");
    backend->store = conf_file_below(b->arena, b->dir, tree_text(n, "store"));
    for (size_t i = 0; backend->store && i < b->conf->nbackends; i++) {
        const char *other = b->conf->backends[i].store;
        if (other && strcmp(other, backend->store) == 0)
            tree_fault(b->diag, tree_get(n, "store"), "the back end %s has the same folder",
                       diag_quote(b->diag, b->conf->backends[i].name));
    }
    if (pool)
        tree_fault_name(b->diag, pool, "a store has no pool");
    build_secret(b, n, &secret);
    if (secret)
        tree_fault_name(b->diag, secret, "a store needs no secret");
    build_layout(b, backend, n);
}

static void build_postgres(struct build *b, struct conf_backend *backend, const struct tree_node *n)
{
    static const char *const stores[] = {"layout", "synchronous", "open_files"};
    for (size_t i = 0; i < sizeof stores / sizeof stores[0]; i++)
        if (tree_get(n, stores[i]))
            tree_fault_name(b->diag, tree_get(n, stores[i]), "only a store has this");
    const struct tree_node *given, *postgres = tree_get(n, "postgres");
    backend->postgres = build_text(b, tree_text(n, "postgres"));
    if (backend->postgres && has_password(backend->postgres))
        tree_fault(
            b->diag, postgres,
            "the password does not stand here but in secret, secret_file or secret_credential");
    const char *secret = build_secret(b, n, &given);
    if (secret && strncmp(secret, "SCRAM-SHA-256$", 14) == 0)
        tree_fault(b->diag, given,
                   "a verifier cannot be used to log in: PostgreSQL wants the password");
    backend->secret = build_text(b, secret);
}

static void build_backend(struct build *b, const struct tree_node *n)
{
    struct conf_backend *backend = &b->conf->backends[b->conf->nbackends];
    backend->name = build_text(b, n->name);
    backend->file = build_file(b, n);
    backend->line = n->name_at.line;
    build_pool(b, &backend->pool, tree_get(n, "pool"));
    bool store = tree_get(n, "store"), postgres = tree_get(n, "postgres");
    if (n->kind != TREE_MAPPING)
        ; /* the schema has told */
    else if (store && postgres)
        tree_fault_name(b->diag, n, "either postgres or store, not both");
    else if (!store && !postgres)
        tree_fault_name(b->diag, n, "one of postgres and store is missing");
    else if (store && tree_text(n, "store"))
        build_store(b, backend, n);
    else
        build_postgres(b, backend, n);
    b->conf->nbackends++;
}

void build_backends(struct build *b)
{
    const struct tree_node *map = tree_get(b->root, "backends");
    if (!map || map->kind != TREE_MAPPING)
        return;
    b->conf->backends = conf_arena_array(b->arena, map->count, sizeof b->conf->backends[0]);
    for (const struct tree_node *c = map->first; c && b->conf->backends; c = c->next)
        build_backend(b, c);
}
