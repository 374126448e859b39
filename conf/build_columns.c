/* Rules for columns. */
#include "conf/build.h"

#include "conf/arena.h"
#include "conf/schema.h"

#include <string.h>

#define KEY "policy.tables.*.columns.*"

static void build_mask(struct build *b, struct rule_column *c, const struct tree_node *mask)
{
    const struct tree_node *fixed = tree_get(mask, "fixed"), *partial = tree_get(mask, "partial");
    c->mask = RULE_MASK_FIXED;
    c->fixed = build_text(b, fixed && fixed->kind == TREE_TEXT ? fixed->text : "***");
    if (!mask)
        return;
    if (mask->kind == TREE_TEXT)
        c->mask = RULE_MASK_HASH; /* the one word there is */
    else if (mask->kind == TREE_MAPPING && !fixed == !partial)
        tree_fault_name(b->diag, mask, "must be hash, or either fixed or partial");
    if (!partial)
        return;
    c->mask = RULE_MASK_PARTIAL;
    c->first = (uint32_t)schema_value(KEY ".mask.partial.first", tree_get(partial, "first"));
    c->last = (uint32_t)schema_value(KEY ".mask.partial.last", tree_get(partial, "last"));
}

/* The column that tells whose row it is stands beside conditions of the client's, so it is to be seen. */
static bool tells_tenant(const struct rule_table *t, const char *column)
{
    const char *own = t->kind == RULE_THROUGH  ? t->through_column
                      : t->kind == RULE_SCOPED ? t->tenant_column
                                               : NULL;
    return own && strcmp(own, column) == 0;
}

static void build_column(struct build *b, const struct rule_table *t, const struct tree_node *n,
                         struct rule_column *c)
{
    static const enum rule_read reads[] = {RULE_READ_ALLOW, RULE_READ_DENY, RULE_READ_MASK};
    const struct tree_node *mask = tree_get(n, "mask");
    c->name = build_text(b, n->name);
    c->table = t->name;
    c->file = build_file(b, n);
    c->line = n->name_at.line;
    c->read = reads[schema_value(KEY ".read", tree_get(n, "read"))];
    c->write_deny = schema_value(KEY ".write", tree_get(n, "write")) == 1;
    if (mask && c->read != RULE_READ_MASK)
        tree_fault_name(b->diag, mask, "is only for read: mask");
    if (c->read != RULE_READ_ALLOW && tells_tenant(t, n->name))
        tree_fault_name(b->diag, n, "tells whose rows these are and cannot be hidden");
    build_mask(b, c, mask);
}

void build_columns(struct build *b, struct rule_table *t, const struct tree_node *columns)
{
    if (!columns || columns->kind != TREE_MAPPING || columns->count == 0)
        return;
    t->columns = conf_arena_array(b->arena, columns->count, sizeof t->columns[0]);
    for (const struct tree_node *n = columns->first; t->columns && n; n = n->next)
        build_column(b, t, n, &t->columns[t->ncolumns++]);
}
