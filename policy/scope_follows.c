/* Columns that change with another one, where no value is written that could be checked. */
#include "policy/scope.h"

#include "protocol/sqlstate.h"

#include <string.h>

static int refuse(struct scoper *s, const struct catalog_column *column, int location, const char *why,
                  const char *name)
{
    return scope_refuse(s, SQLSTATE_FEATURE_NOT_SUPPORTED, location,
                        "column \"%s\" cannot be set: %s \"%s\" changes with it and cannot be confined",
                        column->name, why, name);
}

/* -- columns that PostgreSQL makes from others -- */

static bool is_generated(const struct catalog_column *column)
{
    return column && column->generated;
}

/* Which columns it is made from is not known: any. */
static int check_generated(struct scoper *s, const struct access *a, const struct catalog_column *column,
                           int location)
{
    if (is_generated(scope_own_column(a)))
        return refuse(s, column, location, "column", scope_own_column(a)->name);
    for (size_t i = 0; i < a->rel->nforeign_keys; i++) {
        const struct catalog_foreign_key *fk = &a->rel->foreign_keys[i];
        for (size_t k = 0; k < fk->ncolumns; k++) {
            const struct catalog_column *part = catalog_column_at(a->rel, fk->attnums[k]);
            const struct access *parent;
            if (!is_generated(part))
                continue;
            if (scope_access_parent(s, a, fk, &parent) < 0)
                return -1;
            if (parent)
                return refuse(s, column, location, "column", part->name);
        }
    }
    return 0;
}

/* -- ON UPDATE CASCADE -- */

static bool is_of_key(const struct catalog_relation *rel, const struct catalog_column *column)
{
    for (size_t i = 0; i < rel->nkeys; i++)
        for (size_t k = 0; k < rel->keys[i].nattnums; k++)
            if (rel->keys[i].attnums[k] == column->attnum)
                return true;
    return false;
}

/* Is ${rel} the table of this name, or a part of it? */
static bool is_part_of(const struct scoper *s, const struct catalog_relation *rel, const char *schema,
                       const char *name)
{
    for (int i = 0; rel && i < SCOPE_MAX_PARENTS; i++) {
        if (!strcmp(rel->name, name) && !strcmp(rel->schema, schema))
            return true;
        rel = rel->parent_oid ? catalog_find_oid(s->catalog, rel->parent_oid) : NULL;
    }
    return false;
}

/* Would ${fk}, of ${child}, carry a value of ${key} to a column that may change it?  It then names whatever row of
 * the parent has that, unless the tenant is part of the key. */
static bool carries_changed(const struct scoper *s, const struct access *parent,
                            const struct catalog_relation *child, const struct catalog_foreign_key *fk,
                            const struct catalog_column *key)
{
    bool changed = false;
    if (!fk->cascades || !is_part_of(s, parent->rel, fk->parent_schema, fk->parent_table))
        return false;
    for (size_t k = 0; k < fk->ncolumns; k++) {
        if (parent->tenant && !strcmp(fk->parent_columns[k], parent->tenant->name))
            return false;
        const struct value_change v = {.column = catalog_column_at(child, fk->attnums[k]), .key = key};
        if (!strcmp(fk->parent_columns[k], key->name))
            changed = changed || !v.column || !scope_takes_key(&v);
    }
    return changed;
}

static int check_cascades(struct scoper *s, const struct access *a, const struct catalog_column *column,
                          int location)
{
    const struct catalog_relation *const *all;
    size_t n = is_of_key(a->rel, column) ? catalog_relations(s->catalog, &all) : 0;
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < all[i]->nforeign_keys; k++)
            if (carries_changed(s, a, all[i], &all[i]->foreign_keys[k], column))
                return refuse(s, column, location, "foreign key", all[i]->foreign_keys[k].name);
    return 0;
}

int scope_check_follows(struct scoper *s, const struct access *a, const struct catalog_column *column,
                        int location)
{
    if (scope_is_own_place(s, a->rel))
        return 0;
    return check_generated(s, a, column, location) < 0 ? -1 : check_cascades(s, a, column, location);
}
