/* catalog_find.c: things of the catalog by their names and oids. */
#include "daemon/store/catalog.h"

#include "daemon/store/temp.h"

#include <stdlib.h>

bool store_catalog_is_temp_schema(const struct store_catalog *c, const char *schema)
{
    return strcmp(schema, "pg_temp") == 0 ||
           (c->temp_schema && strcmp(schema, c->temp_schema) == 0);
}

static const char *real_schema(const struct store_catalog *c, const char *name)
{
    return name && c->temp_schema && strcmp(name, "pg_temp") == 0 ? c->temp_schema : name;
}

bool store_catalog_same_schema(const struct store_catalog *c, const char *schema, const char *said)
{
    return strcmp(schema, real_schema(c, said)) == 0;
}

/* Does a thing in ${schema} win over what was found so far, at ${best} on the path? */
static bool better(const struct store_catalog *c, const char *wanted, const char *schema, int *best)
{
    if (wanted)
        return *best < 0 && strcmp(schema, wanted) == 0;
    int rank = store_catalog_rank(c, schema);
    if (rank < 0 || (*best >= 0 && rank >= *best))
        return false;
    *best = rank;
    return true;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp((*(const struct store_table *const *)a)->name,
                  (*(const struct store_table *const *)b)->name);
}

void store_catalog_sort(struct store_catalog *c, const struct store_table **by_name)
{
    for (size_t i = 0; i < c->ntables; i++)
        by_name[i] = &c->tables[i];
    qsort(by_name, c->ntables, sizeof *by_name, compare_names);
    c->by_name = by_name;
}

static size_t first_named(const struct store_catalog *c, const char *name)
{
    size_t low = 0, high = c->ntables;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (strcmp(c->by_name[mid]->name, name) < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

const struct store_table *store_catalog_table(const struct store_catalog *c, const char *schema,
                                              const char *name)
{
    const struct store_table *found = NULL;
    int best = -1;
    schema = real_schema(c, schema);
    for (size_t i = first_named(c, name); i < c->ntables && strcmp(c->by_name[i]->name, name) == 0; i++)
        if (better(c, schema, c->by_name[i]->schema, &best))
            found = c->by_name[i];
    return found;
}

const struct store_table *store_catalog_table_oid(const struct store_catalog *c, uint32_t oid)
{
    for (size_t i = 0; i < c->ntables; i++)
        if (c->tables[i].oid == oid)
            return &c->tables[i];
    return NULL;
}

const struct store_column *store_table_column(const struct store_table *t, const char *name)
{
    for (size_t i = 0; i < t->ncolumns; i++)
        if (strcmp(t->columns[i].name, name) == 0)
            return &t->columns[i];
    return NULL;
}

const struct store_column *store_table_attnum(const struct store_table *t, int16_t attnum)
{
    for (size_t i = 0; i < t->ncolumns; i++)
        if (t->columns[i].attnum == attnum)
            return &t->columns[i];
    return NULL;
}

const struct store_key *store_table_primary(const struct store_table *t)
{
    return t->nkeys > 0 && t->keys[0].primary ? &t->keys[0] : NULL;
}

const struct store_sequence *store_catalog_sequence(const struct store_catalog *c,
                                                    const char *schema, const char *name)
{
    const struct store_sequence *found = NULL;
    int best = -1;
    schema = real_schema(c, schema);
    for (size_t i = 0; i < c->nsequences; i++)
        if (strcmp(c->sequences[i].name, name) == 0 &&
            better(c, schema, c->sequences[i].schema, &best))
            found = &c->sequences[i];
    return found;
}

uint32_t store_catalog_relation(const struct store_catalog *c, const char *schema, const char *name)
{
    uint32_t found = 0;
    int best = -1;
    schema = real_schema(c, schema);
    for (size_t i = 0; i < c->ntables; i++) {
        const struct store_table *t = &c->tables[i];
        if (strcmp(t->name, name) == 0 && better(c, schema, t->schema, &best))
            found = t->oid;
        for (size_t k = 0; k < t->nkeys; k++)
            if (strcmp(t->keys[k].name, name) == 0 && better(c, schema, t->schema, &best))
                found = t->keys[k].oid;
    }
    for (size_t i = 0; i < c->nsequences; i++)
        if (strcmp(c->sequences[i].name, name) == 0 &&
            better(c, schema, c->sequences[i].schema, &best))
            found = c->sequences[i].oid;
    for (size_t i = 0; i < c->types.n; i++) { /* those of CREATE TYPE ... AS; tables were first */
        const struct types_user *u = &c->types.types[i];
        if (u->info.type == 'c' && strcmp(u->info.name, name) == 0 &&
            better(c, schema, u->schema, &best))
            found = u->info.relid;
    }
    return found;
}

bool store_catalog_relation_name(const struct store_catalog *c, uint32_t oid,
                                 const char **ret_schema, const char **ret_name)
{
    for (size_t i = 0; i < c->ntables; i++) {
        const struct store_table *t = &c->tables[i];
        *ret_schema = t->schema;
        *ret_name = t->name;
        if (t->oid == oid)
            return true;
        for (size_t k = 0; k < t->nkeys; k++) {
            *ret_name = t->keys[k].name;
            if (t->keys[k].oid == oid)
                return true;
        }
    }
    const struct store_sequence *q = store_catalog_sequence_oid(c, oid);
    if (q) {
        *ret_schema = q->schema;
        *ret_name = q->name;
        return true;
    }
    for (size_t i = 0; i < c->types.n; i++) {
        *ret_schema = c->types.types[i].schema;
        *ret_name = c->types.types[i].info.name;
        if (c->types.types[i].info.type == 'c' && c->types.types[i].info.relid == oid)
            return true;
    }
    return false;
}

const struct store_sequence *store_catalog_sequence_oid(const struct store_catalog *c, uint32_t oid)
{
    for (size_t i = 0; i < c->nsequences; i++)
        if (c->sequences[i].oid == oid)
            return &c->sequences[i];
    return NULL;
}

const struct store_schema *store_catalog_schema(const struct store_catalog *c, const char *name)
{
    name = real_schema(c, name);
    for (size_t i = 0; i < c->nschemas; i++)
        if (strcmp(c->schemas[i].name, name) == 0)
            return &c->schemas[i];
    return NULL;
}
