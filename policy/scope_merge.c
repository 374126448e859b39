/* MERGE: the source reads the tenant's rows, ON meets the tenant's rows of the target, INSERT makes such. */
#include "policy/scope.h"

#include "protocol/sqlstate.h"

#include <string.h>

static int merge_on(struct scoper *s, struct level *l, MergeStmt *stmt, struct leaf *target,
                    const List *sources)
{
    List *fences = NIL;
    bool whole = target->access->whole;
    List *visible = whole ? list_copy(sources) : lcons(target, list_copy(sources));
    if (scope_expr(s, l, stmt->joinCondition) < 0)
        return -1;
    scope_fences(s, l, stmt->joinCondition, visible, &fences);
    if (whole && !fences)
        return 0;
    struct change *c = scope_change(s, CHANGE_MERGE_ON, (Node *)stmt);
    c->anchor = stmt->relation;
    c->leaves = whole ? NIL : list_make1(target);
    c->fences = fences;
    return 0;
}

/* The columns that a WHEN ... INSERT fills, named or implied. */
static int insert_columns(struct scoper *s, const struct access *a, const MergeStmt *stmt,
                          const MergeWhenClause *clause, List **ret)
{
    ListCell *cell;
    foreach (cell, clause->targetList) {
        const ResTarget *column = lfirst(cell);
        if (!catalog_column(a->rel, column->name) || column->indirection)
            return scope_refuse(s, SQLSTATE_UNDEFINED_COLUMN, column->location,
                                "column \"%s\" of relation \"%s\" cannot be set", column->name,
                                a->rel->name);
        *ret = lappend(*ret, column->name);
    }
    if (clause->targetList)
        return 0;
    int n = list_length(clause->values);
    if ((size_t)n > a->rel->ncolumns)
        return scope_refuse(s, SQLSTATE_SYNTAX_ERROR, stmt->relation->location,
                            "INSERT has more expressions than target columns");
    for (int i = 0; i < n; i++)
        *ret = lappend(*ret, a->rel->columns[i].name);
    return 0;
}

static int merge_insert(struct scoper *s, struct level *l, const struct access *a, MergeStmt *stmt,
                        int nth)
{
    MergeWhenClause *clause = list_nth(stmt->mergeWhenClauses, nth);
    struct change at = {.kind = CHANGE_VALUE, .stmt = (Node *)stmt, .anchor = stmt->relation,
                        .access = a, .place = PLACE_MERGE_VALUE, .row = nth,
                        .into = stmt->relation, .level = l, .several = true};
    List *columns = NIL;
    bool tenant = !a->tenant, matters = !a->whole || a->tenant || a->column || a->columns;
    if (matters && scope_any_star(clause->values))
        return scope_refuse(s, SQLSTATE_FEATURE_NOT_SUPPORTED, stmt->relation->location,
                            "INSERT into \"%s\" must name each of its values", a->rel->name);
    if (insert_columns(s, a, stmt, clause, &columns) < 0 ||
        scope_check_override(s, a, clause->override, stmt->relation->location) < 0 ||
        scope_check_missing(s, a, columns, stmt->relation->location) < 0 ||
        scope_expr(s, l, (Node *)clause->values) < 0)
        return -1;
    at.names = columns;
    at.values = clause->values;
    for (int i = 0; i < list_length(columns) && i < list_length(clause->values); i++) {
        const char *name = list_nth(columns, i);
        tenant = tenant || !strcmp(name, a->tenant->name);
        at.item = i;
        if (scope_columns_write(s, a, name, stmt->relation->location) < 0)
            return -1;
        if (scope_is_bound(a, name) &&
            scope_written(s, a, name, list_nth(clause->values, i), &at) < 0)
            return -1;
    }
    if (tenant)
        return 0;
    struct change *c = scope_change(s, CHANGE_MERGE_INSERT, (Node *)stmt);
    *c = at;
    c->kind = CHANGE_MERGE_INSERT;
    c->columns = clause->targetList ? NIL : columns;
    return 0;
}

static int merge_when(struct scoper *s, struct level *l, const struct access *a, MergeStmt *stmt,
                      int nth)
{
    MergeWhenClause *clause = list_nth(stmt->mergeWhenClauses, nth);
    const RangeVar *var = stmt->relation;
    const struct change at = {.stmt = (Node *)stmt, .place = PLACE_MERGE_SET, .row = nth, .into = var,
                              .ref = var->alias ? var->alias->aliasname : var->relname};
    if (scope_expr(s, l, clause->condition) < 0)
        return -1;
    switch (clause->commandType) {
    case CMD_INSERT:
        return merge_insert(s, l, a, stmt, nth);
    case CMD_UPDATE:
        return scope_set_list(s, l, a, clause->targetList, &at);
    case CMD_DELETE:
        return scope_check_deleted(s, a, var->location);
    case CMD_NOTHING:
        return 0;
    default:
        return scope_refuse(s, SQLSTATE_FEATURE_NOT_SUPPORTED, -1, "unknown action of MERGE");
    }
}

int scope_merge(struct scoper *s, MergeStmt *stmt, struct level *l)
{
    struct leaf *target;
    struct climbed sources = {NIL, NIL};
    if (scope_with(s, l, stmt->withClause) < 0)
        return -1;
    struct level *source = scope_level(l); /* does not see the target */
    source->outer = l->outer;
    if (scope_from_item(s, source, &stmt->sourceRelation, true, &sources) < 0)
        return -1;
    l->sources = source->sources;
    l->nrelations = source->nrelations;
    l->reaches_out = l->reaches_out || source->reaches_out;
    if (scope_target(s, l, stmt->relation, &target) < 0 ||
        merge_on(s, l, stmt, target, sources.visible) < 0)
        return -1;
    for (int i = 0; i < list_length(stmt->mergeWhenClauses); i++)
        if (merge_when(s, l, target->access, stmt, i) < 0)
            return -1;
    return authorise_join_count(l->nrelations, false, s->err);
}
