#include "policy/catalog_link.h"

#include <stdlib.h>

/* Room for one more than ${n} items of ${size} bytes: arrays grow by doubling at powers of two. */
static void *room(void *items, size_t n, size_t size)
{
    return n & (n - 1) ? items : reallocarray(items, n ? 2 * n : 1, size);
}

static bool add_referrer(const struct catalog *c, const struct catalog_relation *child,
                         const struct catalog_foreign_key *key)
{
    struct catalog_relation *parent =
        (struct catalog_relation *)(uintptr_t)catalog_find(c, key->parent_schema, key->parent_table);
    if (!parent)
        return true;
    struct catalog_referrer *all = room(parent->referrers, parent->nreferrers, sizeof *all);
    if (!all)
        return false;
    parent->referrers = all;
    all[parent->nreferrers++] = (struct catalog_referrer){child, key};
    return true;
}

static bool add_heir(const struct catalog *c, const struct catalog_relation *heir, uint32_t oid)
{
    struct catalog_relation *parent = (struct catalog_relation *)(uintptr_t)catalog_find_oid(c, oid);
    if (!parent)
        return true;
    const struct catalog_relation **all = room(parent->heirs, parent->nheirs, sizeof *all);
    if (!all)
        return false;
    parent->heirs = all;
    all[parent->nheirs++] = heir;
    return true;
}

bool catalog_link(struct catalog *c)
{
    const struct catalog_relation *const *all;
    size_t n = catalog_relations(c, &all);
    bool done = true;
    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; k < all[i]->nforeign_keys; k++)
            done = done && add_referrer(c, all[i], &all[i]->foreign_keys[k]);
        for (size_t k = 0; k < all[i]->nparents; k++)
            done = done && add_heir(c, all[i], all[i]->parents[k]);
    }
    return done;
}
