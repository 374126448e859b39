/* UPDATE and DELETE, SET lists, and the values of columns that bind a row to a tenant. */
#include "policy/scope.h"

#include "protocol/sqlstate.h"

#include <string.h>

/* The target comes before what was found in FROM or USING. */
static struct climbed with_target(struct leaf *target, const struct climbed *from)
{
    if (target->access->whole)
        return *from;
    return (struct climbed){lcons(target, from->carried), lcons(target, from->visible)};
}

static int finish(struct scoper *s, struct level *l, Node *stmt, Node *where,
                  const struct climbed *from)
{
    List *fences = NIL;
    if (where && IsA(where, CurrentOfExpr))
        return scope_current_of(s, (const CurrentOfExpr *)where, from->carried);
    if (where && scope_expr(s, l, where) < 0)
        return -1;
    if (where)
        scope_fences(s, l, where, from->visible, &fences);
    if (!from->carried && !fences)
        return 0;
    struct change *c = scope_change(s, CHANGE_WHERE, stmt);
    c->leaves = from->carried;
    c->fences = fences;
    c->anchor = l->anchor;
    return 0;
}

int scope_delete(struct scoper *s, DeleteStmt *stmt, struct level *l)
{
    struct leaf *target;
    struct climbed from = {NIL, NIL};
    if (scope_with(s, l, stmt->withClause) < 0 || scope_target(s, l, stmt->relation, &target) < 0 ||
        scope_check_deleted(s, target->access, stmt->relation->location) < 0 ||
        scope_from(s, l, stmt->usingClause, &from) < 0)
        return -1;
    l->anchor = stmt->relation;
    const struct climbed all = with_target(target, &from);
    if (finish(s, l, (Node *)stmt, stmt->whereClause, &all) < 0)
        return -1;
    return scope_returning(s, l, (Node *)stmt, stmt->returningList);
}

int scope_update(struct scoper *s, UpdateStmt *stmt, struct level *l)
{
    struct leaf *target;
    struct climbed from = {NIL, NIL};
    if (scope_with(s, l, stmt->withClause) < 0 || scope_target(s, l, stmt->relation, &target) < 0 ||
        scope_from(s, l, stmt->fromClause, &from) < 0)
        return -1;
    l->anchor = stmt->relation;
    const struct climbed all = with_target(target, &from);
    const struct change at = {.stmt = (Node *)stmt, .place = PLACE_SET, .into = stmt->relation,
                              .ref = target->ref};
    if (scope_set_list(s, l, target->access, stmt->targetList, &at) < 0 ||
        finish(s, l, (Node *)stmt, stmt->whereClause, &all) < 0)
        return -1;
    return scope_returning(s, l, (Node *)stmt, stmt->returningList);
}

/* `column = excluded.column` hands the client's own value on, and reads none. */
static bool is_own_excluded(const struct change *at, const ResTarget *target)
{
    const ColumnRef *ref = IsA(target->val, ColumnRef) ? (const ColumnRef *)target->val : NULL;
    return at->place == PLACE_CONFLICT_SET && ref && !target->indirection &&
           list_length(ref->fields) == 2 && IsA(lsecond(ref->fields), String) &&
           !strcmp(strVal(linitial(ref->fields)), "excluded") &&
           !strcmp(strVal(lsecond(ref->fields)), target->name);
}

static bool has_values(const RowExpr *row, int n)
{
    return list_length(row->args) == n && !scope_any_star(row->args);
}

/* The columns of a SET list and their values. */
static void set_items(const List *targets, struct change *at)
{
    ListCell *cell;
    foreach (cell, targets) {
        const ResTarget *target = lfirst(cell);
        const MultiAssignRef *part = IsA(target->val, MultiAssignRef) ? (const void *)target->val : NULL;
        const RowExpr *row = part && IsA(part->source, RowExpr) ? (const void *)part->source : NULL;
        at->names = lappend(at->names, target->name);
        at->values = lappend(at->values, row && has_values(row, part->ncolumns)
                                             ? list_nth(row->args, part->colno - 1)
                                             : target->val);
    }
}

int scope_set_list(struct scoper *s, struct level *l, const struct access *a, List *targets,
                   const struct change *where)
{
    struct change items = *where;
    set_items(targets, &items);
    for (int i = 0; i < list_length(targets); i++) {
        ResTarget *target = list_nth(targets, i);
        struct change at = items;
        at.kind = CHANGE_VALUE;
        at.level = l;
        at.item = i;
        const struct catalog_column *column = catalog_column(a->rel, target->name);
        if (scope_columns_write(s, a, target->name, target->location) < 0 ||
            (column && scope_check_follows(s, a, column, target->location) < 0) ||
            scope_expr(s, l, (Node *)target->indirection) < 0 ||
            (!is_own_excluded(&at, target) && scope_expr(s, l, target->val) < 0))
            return -1;
        at.anchor = l->anchor;
        at.indirect = target->indirection != NIL;
        if (scope_written(s, a, target->name, target->val, &at) < 0)
            return -1;
    }
    return 0;
}

/* -- values that bind a row -- */

/* (a, b) = ROW (x, y) and (a, b) = (SELECT x, y ...): ${value} becomes its own item, at its own place. */
static void find_part(const struct scoper *s, Node **value, struct change *at)
{
    const MultiAssignRef *part = (const MultiAssignRef *)*value;
    const Node *source = part->source;
    if (IsA(source, RowExpr) && has_values((const RowExpr *)source, part->ncolumns)) {
        *value = list_nth(((const RowExpr *)source)->args, part->colno - 1);
        return;
    }
    SelectStmt *query = IsA(source, SubLink) ? (SelectStmt *)((const SubLink *)source)->subselect : NULL;
    if (!query || query->op != SETOP_NONE || query->valuesLists || scope_has_star(query) ||
        list_length(query->targetList) != part->ncolumns)
        return;
    *value = ((ResTarget *)list_nth(query->targetList, part->colno - 1))->val;
    at->stmt = (Node *)query;
    at->place = PLACE_TARGET;
    at->level = scope_level_of(s, query);
    at->missing = true;
}

/* Has ${value} surely a type that compares with text? */
static bool is_text(const struct level *l, const Node *value)
{
    enum { NAME = 19, TEXT = 25, CHAR = 1042, VARCHAR = 1043 }; /* PostgreSQL's well-known oids */
    if (IsA(value, ColumnRef) && l) {
        uint32_t type = scope_ref_type(l, (const ColumnRef *)value);
        return type == NAME || type == TEXT || type == CHAR || type == VARCHAR;
    }
    if (IsA(value, TypeCast)) {
        const List *names = ((const TypeCast *)value)->typeName->names;
        return !strcmp(strVal(llast(names)), "text") || !strcmp(strVal(llast(names)), "varchar");
    }
    const A_Const *constant = IsA(value, A_Const) ? (const A_Const *)value : NULL;
    return IsA(value, ParamRef) || (constant && (constant->isnull || IsA(&constant->val, String)));
}

int scope_written(struct scoper *s, const struct access *a, const char *name, Node *value,
                  struct change *at)
{
    const struct catalog_column *column = catalog_column(a->rel, name);
    if (!column)
        return scope_refuse(s, SQLSTATE_UNDEFINED_COLUMN, exprLocation(value),
                            "column \"%s\" of relation \"%s\" does not exist", name, a->rel->name);
    if (IsA(value, MultiAssignRef) && scope_is_bound(a, name))
        find_part(s, &value, at);
    if (a->kind != RULE_SCOPED || column != a->tenant)
        return scope_check_keys(s, a, column, value, at);
    if (IsA(value, MultiAssignRef) || at->indirect || (at->missing && !column->not_null))
        return scope_refuse(s, SQLSTATE_FEATURE_NOT_SUPPORTED, exprLocation(value),
                            "column \"%s\" holds the tenant and cannot be set like this", name);
    const char *type = scope_cast_type(column);
    struct change *c = scope_change(s, CHANGE_VALUE, at->stmt);
    *c = *at;
    c->value = (struct value_change){
        .check = IsA(value, SetToDefault) ? CHECK_DEFAULT : CHECK_TENANT,
        .rel = a->rel, .column = column, .as_text = type && !strcmp(type, "text") && !is_text(at->level, value)};
    return 0;
}
