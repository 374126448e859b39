/* Which schema or database is a tenant's. */
#include "conf/arena.h"
#include "conf/build.h"
#include "conf/limits.h"
#include "protocol/sqlstate.h"

#include <stdlib.h>
#include <string.h>

static char *expand(const char *pattern, const char *tenant)
{
    const char *at = strstr(pattern, CONF_TENANT_WORD);
    if (!at)
        return strdup(pattern);
    char *text = NULL;
    int n = asprintf(&text, "%.*s%s%s", (int)(at - pattern), pattern, tenant,
                     at + strlen(CONF_TENANT_WORD));
    return n < 0 ? NULL : text;
}

/* PostgreSQL cuts longer names, and then two tenants could have one. */
static bool fits(const char *name)
{
    size_t n = strlen(name);
    return n > 0 && n <= LIMIT_NAME_BYTES;
}

static bool is_reserved(const char *schema)
{
    return strcmp(schema, "public") == 0 || strncmp(schema, "pg_", 3) == 0 ||
           strcmp(schema, "information_schema") == 0;
}

/* A schema that has rules of its own holds what is nobody's or everyone's. */
static bool has_rules(const struct rules *r, const char *schema)
{
    for (size_t i = 0; i < r->ntables; i++)
        if (r->tables[i].schema && strcmp(r->tables[i].schema, schema) == 0)
            return true;
    return false;
}

/* -- what is whose -- */

static int owned_compare(const void *a, const void *b)
{
    const struct conf_owned *x = a, *y = b;
    if (x->backend != y->backend)
        return x->backend < y->backend ? -1 : 1;
    if (x->database != y->database)
        return x->database ? 1 : -1;
    return strcmp(x->name, y->name);
}

static void own(struct build *b, const struct conf_tenant *t, const char *pattern, bool database)
{
    char *text = pattern ? expand(pattern, t->name) : NULL;
    char *name = build_text(b, text);
    free(text);
    if (name)
        b->conf->owned[b->conf->nowned++] = (struct conf_owned){t->backend, database, name, t};
}

void build_owned(struct build *b)
{
    struct conf *c = b->conf;
    c->owned = conf_arena_array(b->arena, 2 * c->ntenants + 1, sizeof c->owned[0]);
    for (size_t i = 0; i < c->ntenants && !conf_arena_failed(b->arena); i++) {
        own(b, &c->tenants[i], c->tenants[i].schema, false);
        own(b, &c->tenants[i], c->tenants[i].database, true);
    }
    if (c->nowned)
        qsort(c->owned, c->nowned, sizeof c->owned[0], owned_compare);
}

/* Is it another named tenant's? */
static bool is_taken(const struct conf *c, const struct conf_tenant *t, const char *name,
                     bool database)
{
    const struct conf_owned key = {t->backend, database, name, t};
    size_t low = 0, high = name ? c->nowned : 0;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (owned_compare(&c->owned[mid], &key) < 0)
            low = mid + 1;
        else
            high = mid;
    }
    for (; name && low < c->nowned && owned_compare(&c->owned[low], &key) == 0; low++)
        if (c->owned[low].tenant != t)
            return true;
    return false;
}

/* -- names -- */

static int check(const struct conf *c, const struct conf_tenant *t, const char *schema,
                 const char *database, struct err *err)
{
    if ((schema && !fits(schema)) || (database && !fits(database)))
        return err_set(err, SQLSTATE_INVALID_AUTHORIZATION,
                       "the name of its %s is longer than %d bytes", schema ? "schema" : "database",
                       LIMIT_NAME_BYTES);
    if (schema && (is_reserved(schema) || has_rules(&c->rules, schema)))
        return err_set(err, SQLSTATE_INVALID_AUTHORIZATION,
                       "the schema \"%s\" cannot be one tenant's", schema);
    if (is_taken(c, t, schema, false) || is_taken(c, t, database, true))
        return err_set(err, SQLSTATE_INVALID_AUTHORIZATION, "the %s \"%s\" is another tenant's",
                       schema ? "schema" : "database", schema ? schema : database);
    return 0;
}

int conf_tenant_names(const struct conf *c, const struct conf_tenant *t, const char *tenant,
                      char **ret_schema, char **ret_database, struct err *err)
{
    char *schema = t->schema ? expand(t->schema, tenant) : NULL;
    char *database = t->database ? expand(t->database, tenant) : NULL;
    int r = (t->schema && !schema) || (t->database && !database)
                ? err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory")
                : check(c, t, schema, database, err);
    if (r != 0) {
        free(schema);
        free(database);
        return -1;
    }
    *ret_schema = schema;
    *ret_database = database;
    return 0;
}

bool conf_relies_on_rls(const struct conf *c, const char *backend)
{
    for (size_t i = 0; i <= c->ntenants; i++) {
        const struct conf_tenant *t = i < c->ntenants ? &c->tenants[i] : c->tenant_default;
        if (t && isolation_has_rls(t->isolation) &&
            strcmp(c->backends[t->backend].name, backend) == 0)
            return true;
    }
    return false;
}
