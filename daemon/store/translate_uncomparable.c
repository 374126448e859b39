/* translate_uncomparable.c: arrays of values that have no equality or no order: PostgreSQL finds that
 * out when it comes to compare two of them. */
#include "daemon/store/emit.h"
#include "daemon/store/infer.h"
#include "daemon/store/translate_expr.h"

static uint32_t element_of(struct tr *tr, uint32_t type)
{
    const struct types_info *info = types_find(tr->types, type);
    return info != NULL && info->category == 'A' ? info->elem : 0;
}

/* What a comparison of elements, ${order}: which is less, lacks; or NULL. */
static const char *lacking(uint32_t element, bool order)
{
    bool unequal = element == TYPES_JSON || element == TYPES_JSONPATH;
    if (unequal || (order && (element == TYPES_XID || element == TYPES_CID || element == 1033)))
        return order ? "a comparison function" : "an equality operator";
    return NULL;
}

const char *uncomparable_operator(struct tr *tr, const struct infer_operator *o, uint32_t type,
                                  const char *pattern)
{
    uint32_t element = element_of(tr, type);
    bool order = o->name[0] == '<' || o->name[0] == '>', equality = strcmp(o->name, "=") == 0;
    bool differ = strcmp(o->name, "<>") == 0;
    const char *what = strcmp(o->name, "||") == 0
                           ? NULL
                           : lacking(element, order && !differ && o->name[1] != '@');
    if (what == NULL)
        return pattern;
    const char *fail = emit_format("pgf_lacks(%u, '%s')", element, what);
    if (!equality && !differ)
        return emit_format("(CASE WHEN %%1 IS NOT NULL AND %%2 IS NOT NULL THEN %s END)", fail);
    return emit_format("(CASE WHEN %%1 IS NULL OR %%2 IS NULL THEN NULL WHEN pgf_array_dims(%%y1, %%1) "
                       "IS NOT pgf_array_dims(%%y2, %%2) THEN %d ELSE %s END)",
                       differ ? 1 : 0, fail);
}

const char *uncomparable_function(struct tr *tr, const struct infer_proc *proc,
                                  const struct expr *first, const char *pattern)
{
    static const char *const names[] = {"array_position", "array_positions", "array_remove",
                                        "array_replace"};
    bool compares = false;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        compares = compares || strcmp(names[i], proc->name) == 0;
    const char *what = compares ? lacking(element_of(tr, first->type), false) : NULL;
    if (what == NULL)
        return pattern;
    return emit_format("(CASE WHEN %%1 IS NOT NULL THEN pgf_lacks(%u, '%s') END)",
                       element_of(tr, first->type), what);
}
