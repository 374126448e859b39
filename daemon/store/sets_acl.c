/* sets_acl.c: rows of lists of privileges; see sets.h. */
#include "daemon/store/acl.h"
#include "daemon/store/functions_impl.h"
#include "daemon/store/sets.h"

#include <stdlib.h>
#include <string.h>

struct explode {
    struct acl acl;
    size_t item;
    int bit;
};

static int explode_open(struct sets_call *c)
{
    struct explode *e = calloc(1, sizeof(*e));
    c->state = e;
    if (e == NULL)
        return err_set(&c->context->raised, SQLSTATE_OUT_OF_MEMORY, "out of memory");
    return acl_read(c->context, functions_slice(c->argv[0]), &e->acl, &c->context->raised);
}

/* grantor, grantee, privilege_type, is_grantable */
static int explode_next(struct sets_call *c)
{
    struct explode *e = c->state;
    for (; e->item < e->acl.n; e->item++, e->bit = 0) {
        const struct acl_item *item = &e->acl.items[e->item];
        while (e->bit < ACL_RIGHTS && !(item->rights & 1u << e->bit))
            e->bit++;
        if (e->bit == ACL_RIGHTS)
            continue;
        const char *name = acl_right_name(e->bit);
        sets_int(c, 0, item->grantor);
        sets_int(c, 1, item->grantee);
        sets_text(c, 2, (struct slice){name, strlen(name)});
        sets_int(c, 3, (item->options & 1u << e->bit) != 0);
        e->bit++;
        return 1;
    }
    return 0;
}

static void explode_close(struct sets_call *c)
{
    struct explode *e = c->state;
    if (e != NULL)
        acl_release(&e->acl);
    free(e);
}

const struct sets_function sets_acl_functions[] = {
    {"aclexplode", true, explode_open, explode_next, explode_close},
};
const size_t sets_acl_n = sizeof(sets_acl_functions) / sizeof(sets_acl_functions[0]);
