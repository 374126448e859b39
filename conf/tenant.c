/* Which schema or database is a tenant's. */
#include "conf/conf.h"
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

static bool is(const char *pattern, const struct conf_tenant *t, const char *name)
{
    const char *word = pattern ? strstr(pattern, CONF_TENANT_WORD) : NULL;
    if (!pattern)
        return false;
    if (!word)
        return strcmp(pattern, name) == 0;
    size_t head = (size_t)(word - pattern), middle = strlen(t->name);
    return strncmp(name, pattern, head) == 0 && strncmp(name + head, t->name, middle) == 0 &&
           strcmp(name + head + middle, word + strlen(CONF_TENANT_WORD)) == 0;
}

/* Is it another named tenant's? */
static bool is_taken(const struct conf *c, const struct conf_tenant *t, const char *schema,
                     const char *database)
{
    for (size_t i = 0; (schema || database) && i < c->ntenants; i++) {
        const struct conf_tenant *other = &c->tenants[i];
        if (other != t && other->backend == t->backend &&
            ((schema && is(other->schema, other, schema)) ||
             (database && is(other->database, other, database))))
            return true;
    }
    return false;
}

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
    if (is_taken(c, t, schema, database))
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
