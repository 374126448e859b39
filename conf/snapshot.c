/* The use of a snapshot: references and look-ups. */
#include "conf/arena.h"
#include "conf/conf.h"

#include <stdlib.h>

struct conf *conf_ref(struct conf *c)
{
    __atomic_add_fetch(&c->refs, 1, __ATOMIC_RELAXED);
    return c;
}

void conf_unref(struct conf *c)
{
    if (c && __atomic_sub_fetch(&c->refs, 1, __ATOMIC_ACQ_REL) == 0)
        conf_arena_free(c->arena); /* which holds the snapshot itself */
}

static int compare(struct slice name, const char *text)
{
    size_t len = strlen(text), both = name.len < len ? name.len : len;
    int order = both ? memcmp(name.data, text, both) : 0;
    return order ? order : (name.len > len) - (name.len < len);
}

const struct conf_login *conf_login_find(const struct conf *c, struct slice name)
{
    size_t low = 0, high = c->nlogins;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        int order = compare(name, c->logins[mid].name);
        if (order == 0)
            return &c->logins[mid];
        if (order < 0)
            high = mid;
        else
            low = mid + 1;
    }
    return NULL;
}

const struct conf_tenant *conf_tenant_find(const struct conf *c, struct slice name)
{
    size_t low = 0, high = c->ntenants;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        int order = compare(name, c->tenants[mid].name);
        if (order == 0)
            return &c->tenants[mid];
        if (order < 0)
            high = mid;
        else
            low = mid + 1;
    }
    return c->tenant_default;
}
