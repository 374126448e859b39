/* sets_json.c: rows of json and jsonb; see sets.h. */
#include "daemon/store/sets.h"

#include "daemon/store/functions_impl.h"

#include <stdlib.h>

/* -- elements(json, as text, name of the function) and members(...): containers, one by one -- */

struct walk {
    struct slice json;
    size_t at;
};

static int walk_open(struct sets_call *c)
{
    struct walk *w = calloc(1, sizeof(*w));
    c->state = w;
    if (w == NULL)
        return err_set(&c->context->raised, SQLSTATE_OUT_OF_MEMORY, "out of memory");
    w->json = functions_slice(c->argv[0]);
    return 0;
}

static int walk_next(struct sets_call *c)
{
    struct walk *w = c->state;
    struct slice key, value;
    if (!functions_json_next(w->json, &w->at, &key, &value))
        return 0;
    sets_text(c, 0, value);
    return 1;
}

const struct sets_function sets_json_functions[] = {
    {"elements", true, walk_open, walk_next, NULL},
};
const size_t sets_json_n = sizeof(sets_json_functions) / sizeof(sets_json_functions[0]);
