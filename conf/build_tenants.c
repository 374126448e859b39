/* Tenants: on which back end, and how they are kept apart there.
 *
 * Two tenants must never come to share a schema or a database: names that are given are compared here, those
 * that the entry "*" makes of a tenant's name where a tenant is looked up (tenant.c). */
#include "conf/build.h"

#include "conf/schema.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int by_name(const void *a, const void *b)
{
    const struct conf_tenant *x = a, *y = b;
    return x->name && y->name ? strcmp(x->name, y->name) : 0;
}

static void build_place(struct build *b, const struct tree_node *n, struct conf_tenant *t)
{
    const char *name = tree_text(n, "backend");
    const struct tree_node *backends = tree_get(b->root, "backends");
    for (size_t i = 0; name && i < b->conf->nbackends; i++)
        if (b->conf->backends[i].name && strcmp(b->conf->backends[i].name, name) == 0) {
            t->backend = i;
            return;
        }
    if (name && backends)
        tree_fault(b->diag, tree_get(n, "backend"), "there is no back end %s%s",
                   diag_quote(b->diag, name), build_nearest(b, backends, name));
}

static enum isolation isolation_of(const struct build *b, const struct tree_node *n)
{
    const struct tree_node *own = tree_get(n, "isolation");
    const struct tree_node *all = tree_get(tree_get(b->root, "policy"), "isolation");
    return (enum isolation)(own ? schema_value("tenants.*.isolation", own)
                                : schema_value("policy.isolation", all));
}

/* The text of ${key}, in which `{tenant}` stands for the tenant's name: there at most once, and in the entry
 * "*" exactly once. */
static char *build_pattern(struct build *b, const struct tree_node *n, const char *key)
{
    const char *text = tree_text(n, key);
    if (!text)
        return NULL;
    const char *first = strstr(text, CONF_TENANT_WORD);
    bool rest = strcmp(n->name, "*") == 0;
    if ((rest && !first) || (first && strstr(first + 1, CONF_TENANT_WORD)))
        tree_fault(b->diag, tree_get(n, key), rest ? "under \"*\" it must hold {tenant} once"
                                                   : "it must not hold {tenant} twice");
    return build_text(b, text);
}

static void build_isolation(struct build *b, const struct tree_node *n, struct conf_tenant *t)
{
    const struct tree_node *schema = tree_get(n, "schema"), *database = tree_get(n, "database");
    bool rest = strcmp(n->name, "*") == 0;
    t->isolation = isolation_of(b, n);
    t->schema = build_pattern(b, n, "schema");
    t->database = build_pattern(b, n, "database");
    if (schema && t->isolation != ISOLATION_SCHEMA)
        tree_fault_name(b->diag, schema, "only isolation: schema has a schema");
    if (database && t->isolation != ISOLATION_DATABASE)
        tree_fault_name(b->diag, database, "only isolation: database has a database");
    if (t->isolation == ISOLATION_SCHEMA && !t->schema)
        t->schema = build_text(b, CONF_TENANT_WORD);
    if (rest && t->isolation == ISOLATION_SCHEMA && !schema)
        tree_fault_name(b->diag, n, "schema is missing, as in \"t_{tenant}\"");
    if (rest && t->isolation == ISOLATION_DATABASE && !database)
        tree_fault_name(b->diag, n, "database is missing, as in \"app_{tenant}\"");
    bool store = t->backend < b->conf->nbackends && b->conf->backends[t->backend].store;
    if (store && (t->database || (t->isolation != ISOLATION_ROW && t->isolation != ISOLATION_DATABASE)))
        tree_fault_name(b->diag, n, "this isolation needs a back end on PostgreSQL");
}

static uint32_t build_limit(struct build *b, const struct tree_node *tenant, const char *key)
{
    char own_path[64], path[64];
    snprintf(own_path, sizeof own_path, "tenants.*.limits.%s", key);
    snprintf(path, sizeof path, "policy.limits.%s", key);
    const struct tree_node *own = tree_get(tree_get(tenant, "limits"), key);
    const struct tree_node *all = tree_get(tree_get(tree_get(b->root, "policy"), "limits"), key);
    return (uint32_t)(own ? schema_value(own_path, own) : schema_value(path, all));
}

static void build_quota(struct build *b, const struct tree_node *n, struct conf_tenant *t)
{
    t->weight = (uint32_t)schema_value("tenants.*.weight", tree_get(n, "weight"));
    t->quota = (struct conf_quota){
        .connections = build_limit(b, n, "connections"),
        .active = build_limit(b, n, "active"),
        .queue = build_limit(b, n, "queue"),
        .statements_per_second = build_limit(b, n, "statements_per_second"),
    };
}

static void build_tenant(struct build *b, const struct tree_node *n, struct conf_tenant *t)
{
    t->name = build_text(b, n->name);
    build_place(b, n, t);
    if (n->kind == TREE_MAPPING)
        build_isolation(b, n, t);
    build_quota(b, n, t);
}

static void check_schema(struct build *b, const struct tree_node *n, const struct conf_tenant *t)
{
    struct err err;
    char *schema, *database;
    if (!t->name || conf_arena_failed(b->arena))
        return;
    if (conf_tenant_names(b->conf, t, t->name, &schema, &database, &err) != 0)
        tree_fault_name(b->diag, n, "%s", err.message);
    else {
        free(schema);
        free(database);
    }
}

/* A whole database of one tenant is nobody else's back end. */
static bool is_alone(const struct conf_tenant *t, const struct conf_tenant *other)
{
    return !other || other == t || other->backend != t->backend || other->database;
}

static void check_alone(struct build *b, const struct tree_node *n, const struct conf_tenant *t)
{
    if (t->isolation != ISOLATION_DATABASE || t->database)
        return;
    bool alone = is_alone(t, b->conf->tenant_default);
    for (size_t i = 0; alone && i < b->conf->ntenants; i++)
        alone = is_alone(t, &b->conf->tenants[i]);
    if (!alone)
        tree_fault_name(b->diag, n,
                        "the database of its back end is also another tenant's: give it one of its own "
                        "by database");
}

void build_tenants(struct build *b)
{
    struct conf *c = b->conf;
    const struct tree_node *map = tree_get(b->root, "tenants");
    if (!map || map->kind != TREE_MAPPING)
        return;
    c->tenants = conf_arena_array(b->arena, map->count, sizeof c->tenants[0]);
    for (const struct tree_node *n = map->first; n && c->tenants; n = n->next) {
        bool rest = strcmp(n->name, "*") == 0;
        struct conf_tenant *t =
            rest ? conf_arena_alloc(b->arena, sizeof *t) : &c->tenants[c->ntenants++];
        if (rest)
            c->tenant_default = t;
        if (t)
            build_tenant(b, n, t);
    }
    if (c->ntenants)
        qsort(c->tenants, c->ntenants, sizeof c->tenants[0], by_name);
    if (!conf_arena_failed(b->arena))
        build_owned(b);
    for (const struct tree_node *n = map->first; n && !conf_arena_failed(b->arena); n = n->next) {
        if (strcmp(n->name, "*") == 0)
            continue;
        const struct conf_tenant *t = conf_tenant_find(c, (struct slice){n->name, strlen(n->name)});
        check_schema(b, n, t);
        check_alone(b, n, t);
    }
}
