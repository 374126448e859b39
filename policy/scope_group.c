/* GROUP BY the primary key of a relation that becomes a subselect.
 *
 * PostgreSQL lets a query name the other columns of such a relation, since the key decides them.  Of a
 * subselect it does not know that: the columns that the query names are added to GROUP BY, which makes no
 * more groups. */
#include "policy/scope_nodes.h"

#include <string.h>

/* What an item of GROUP BY stands for: a place in the select list, a name given there, or itself. */
static const Node *group_item(const struct level *l, const SelectStmt *stmt, const Node *item)
{
    if (IsA(item, A_Const) && nodeTag(&((const A_Const *)item)->val) == T_Integer) {
        int n = ((const A_Const *)item)->val.ival.ival;
        return n >= 1 && n <= list_length(stmt->targetList)
                   ? ((const ResTarget *)list_nth(stmt->targetList, n - 1))->val
                   : item;
    }
    if (!IsA(item, ColumnRef) || list_length(((const ColumnRef *)item)->fields) != 1)
        return item;
    const char *name = strVal(linitial(((const ColumnRef *)item)->fields));
    for (const struct source *source = l->sources; source; source = source->next)
        if (scope_source_shows(source, name))
            return item;
    ListCell *cell;
    foreach (cell, stmt->targetList) {
        const ResTarget *target = lfirst(cell);
        if (target->name && !strcmp(target->name, name))
            return target->val;
    }
    return item;
}

static bool is_column(const struct level *l, const struct source *source, const Node *node,
                      const char *name)
{
    if (!IsA(node, ColumnRef))
        return false;
    const ColumnRef *ref = (const ColumnRef *)node;
    if (!scope_ref_name(ref, -1) || strcmp(scope_ref_name(ref, -1), name) != 0)
        return false;
    return list_length(ref->fields) == 1 ? scope_source_shows(source, name)
                                         : scope_qualifier(l, ref) == source;
}

static bool is_grouped(const struct level *l, const SelectStmt *stmt, const struct source *source,
                       const char *name)
{
    ListCell *cell;
    foreach (cell, stmt->groupClause)
        if (is_column(l, source, group_item(l, stmt, lfirst(cell)), name))
            return true;
    return false;
}

/* The name, outside of the subselect, of the column with ${attnum}; NULL: it is not shown as it is. */
static const char *name_of(const struct source *source, int16_t attnum)
{
    for (int i = 0; (size_t)i < source->rel->ncolumns; i++)
        if (source->rel->columns[i].attnum == attnum && source->rel->columns[i].type_oid)
            return scope_column_name(source, i);
    return NULL;
}

static bool has_key(const struct level *l, const SelectStmt *stmt, const struct source *source)
{
    for (size_t i = 0; i < source->rel->nkeys; i++) {
        const struct catalog_key *key = &source->rel->keys[i];
        bool all = key->primary;
        for (size_t k = 0; all && k < key->nattnums; k++) {
            const char *name = name_of(source, key->attnums[k]);
            all = name && is_grouped(l, stmt, source, name);
        }
        if (all)
            return true;
    }
    return false;
}

struct mention {
    const struct source *source;
    const char *name;
};

/* Does ${node} name the column, or the whole row? */
static bool mentions(Node *node, struct mention *m)
{
    if (!node)
        return false;
    if (!IsA(node, ColumnRef))
        return raw_expression_tree_walker(node, mentions, m);
    const ColumnRef *ref = (const ColumnRef *)node;
    const char *last = scope_ref_name(ref, -1);
    if (!scope_ref_may_mean(m->source, ref))
        return false;
    return !last || !strcmp(last, m->name) || !scope_source_shows(m->source, last);
}

static bool is_mentioned(const SelectStmt *stmt, const struct source *source, const char *name)
{
    struct mention m = {source, name};
    return mentions((Node *)stmt->targetList, &m) || mentions(stmt->havingClause, &m) ||
           mentions((Node *)stmt->sortClause, &m) || mentions((Node *)stmt->distinctClause, &m) ||
           mentions((Node *)stmt->windowClause, &m);
}

static void add_columns(const struct level *l, const SelectStmt *stmt, const struct source *source,
                        List **ret)
{
    for (int i = 0; (size_t)i < source->rel->ncolumns; i++) {
        const char *name = scope_column_name(source, i);
        if (!is_mentioned(stmt, source, name) || is_grouped(l, stmt, source, name))
            continue;
        *ret = lappend(*ret, scope_nodes_column(source->alias, name));
    }
}

void scope_group(struct scoper *s, struct level *l, SelectStmt *stmt)
{
    List *columns = NIL;
    ListCell *cell;
    foreach (cell, stmt->groupClause)
        if (IsA(lfirst(cell), GroupingSet))
            return;
    for (const struct source *source = l->sources; source && stmt->groupClause; source = source->next)
        if (source->hides && has_key(l, stmt, source))
            add_columns(l, stmt, source, &columns);
    if (!columns)
        return;
    struct change *c = scope_change(s, CHANGE_GROUP, (Node *)stmt);
    c->columns = columns;
}
