/* translate_group.c: which columns a grouped query may use (42803), which types group and sort. */
#include "daemon/store/compare.h"
#include "daemon/store/emit.h"
#include "daemon/store/infer.h"
#include "daemon/store/translate_capture.h"

bool group_depends(const struct column *c, struct expr *const *groups, int ngroups)
{
    const struct source *item = c->origin;
    if (item == NULL || item->table == NULL)
        return false;
    const struct store_key *key = store_table_primary(item->table);
    if (key == NULL)
        return false;
    for (size_t k = 0; k < key->nattnums; k++) {
        bool found = false;
        for (int i = 0; i < ngroups; i++) {
            const struct expr *g = groups[i];
            found = found || (g->kind == EXPR_COLUMN && g->column->origin == item &&
                              g->column->attnum == key->attnums[k]);
        }
        if (!found)
            return false;
    }
    return true;
}

static void check(struct scope *s, const struct expr *e, struct expr *const *groups, int ngroups,
                  bool in_subquery)
{
    for (int i = 0; i < ngroups; i++)
        if (strcmp(groups[i]->sql, e->sql) == 0)
            return;
    if ((e->kind == EXPR_AGGREGATE && e->scope == s) || grouping_has(s, e))
        return;
    if (e->kind == EXPR_COLUMN && e->scope == s) {
        if (s->grouping == NULL && group_depends(e->column, groups, ngroups)) {
            capture_key(s->tr, store_table_primary(e->column->origin->table)->constraint_oid);
            return;
        }
        const struct source *item = e->column->origin;
        const char *table = item != NULL && item->name != NULL ? item->name : "";
        tr_fail(s->tr, SQLSTATE_GROUPING_ERROR, e->location,
                in_subquery
                    ? "subquery uses ungrouped column \"%s%s%s\" from outer query"
                    : "column \"%s%s%s\" must appear in the GROUP BY clause or be used in an "
                      "aggregate function",
                table, table[0] ? "." : "", e->column->name);
    }
    for (int i = 0; i < e->nargs; i++)
        check(s, e->args[i], groups, ngroups, in_subquery || e->subquery);
}

void group_check(struct scope *s, const struct expr *e, struct expr *const *groups, int ngroups)
{
    check(s, e, groups, ngroups, false);
}

/* An array whose elements compare_collation does not know: it sees no catalog. */
static bool of_user_type(const struct tr *tr, uint32_t type)
{
    return infer_category(tr, type) == 'A' && types_find(NULL, type) == NULL;
}

/* Types that cannot be compared at all. */
static bool has_no_order(uint32_t type)
{
    return type == TYPES_JSON || type == TYPES_JSON_ARRAY || type == TYPES_JSONPATH ||
           type == TYPES_JSONPATH_ARRAY;
}

void type_comparable(struct tr *tr, uint32_t type, int location)
{
    if (has_no_order(type)) {
        tr_set(tr, SQLSTATE_UNDEFINED_FUNCTION, location,
               "could not identify an equality operator for type %s", infer_type_name(tr, type));
        tr_throw(tr);
    }
    if (type == TYPES_INTERVAL || of_user_type(tr, type) || !types_supported(tr->types, type))
        tr_unsupported(tr, location, "grouping or comparing outputs of type %s",
                       infer_type_name(tr, type));
}

void type_sortable(struct tr *tr, uint32_t type, int location)
{
    if (has_no_order(type)) {
        tr_set(tr, SQLSTATE_UNDEFINED_FUNCTION, location,
               "could not identify an ordering operator for type %s", infer_type_name(tr, type));
        err_hint(tr->err, "Use an explicit ordering operator or modify the query.");
        tr_throw(tr);
    }
    if (of_user_type(tr, type) || !types_supported(tr->types, type))
        tr_unsupported(tr, location, "sorting by type %s", infer_type_name(tr, type));
}

/* Intervals that are as long are equal, however they are said. */
void type_groupable(struct tr *tr, uint32_t type, int location)
{
    if (type != TYPES_INTERVAL)
        type_comparable(tr, type, location);
}

const char *emit_group_key(const struct tr *tr, const struct expr *e)
{
    return e->type == TYPES_INTERVAL ? emit_format("pgf_interval_order(%s)", e->sql)
                                     : emit_format("%s%s", e->sql, emit_collation(tr, e->type));
}

bool expr_collated(const struct expr *e)
{
    const struct source *item = e->kind == EXPR_COLUMN ? e->column->origin : NULL;
    return item != NULL && item->table != NULL && item->table->kind == 'r';
}

const char *emit_collation(const struct tr *tr, uint32_t type)
{
    char buf[32];
    const char *name = compare_collation(tr->types, type, buf);
    return name != NULL ? emit_format(" COLLATE %s", name) : "";
}
