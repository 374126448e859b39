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
    if (where && (scope_expr(s, l, where) < 0 ||
                  scope_fences(s, l, where, from->visible, &fences) < 0))
        return -1;
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
    const struct change at = {.stmt = (Node *)stmt, .place = PLACE_SET};
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

int scope_set_list(struct scoper *s, struct level *l, const struct access *a, List *targets,
                   const struct change *where)
{
    for (int i = 0; i < list_length(targets); i++) {
        ResTarget *target = list_nth(targets, i);
        struct change at = *where;
        at.kind = CHANGE_VALUE;
        at.item = i;
        if (scope_columns_write(s, a, target->name, target->location) < 0 ||
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

/* A value that is the same each time it is read: it may be written twice. */
static bool is_simple(const Node *value)
{
    while (IsA(value, TypeCast))
        value = ((const TypeCast *)value)->arg;
    return IsA(value, A_Const) || IsA(value, ParamRef);
}

static bool changes(Node *node, void *arg)
{
    if (!node)
        return false;
    if (IsA(node, FuncCall) || IsA(node, SubLink) || IsA(node, SQLValueFunction))
        return true;
    _Pragma("GCC diagnostic push")
    _Pragma("GCC diagnostic ignored \"-Wstrict-prototypes\"")
    return raw_expression_tree_walker(node, (bool (*)())changes, arg);
    _Pragma("GCC diagnostic pop")
}

static int check_parent(struct scoper *s, const struct access *a,
                        const struct catalog_column *column, const struct access *parent,
                        const char *key, const char *constraint, Node *value, struct change *at)
{
    const struct catalog_column *parent_key = catalog_column(parent->rel, key);
    if (!parent_key)
        return scope_refuse(s, SQLSTATE_INSUFFICIENT_PRIVILEGE, exprLocation(value),
                            "foreign key \"%s\" refers to an unknown column", constraint);
    bool nullable = a->kind != RULE_THROUGH || column != a->column;
    if (IsA(value, SetToDefault) && !column->has_default && (nullable || column->not_null))
        return 0; /* NULL: nobody's row, or 23502 */
    if (IsA(value, SetToDefault) || IsA(value, MultiAssignRef) || at->indirect ||
        changes(value, NULL) || scope_columns_masked(s, value) || !scope_cast_type(parent_key))
        return scope_refuse(s, SQLSTATE_FEATURE_NOT_SUPPORTED, exprLocation(value),
                            "column \"%s\" refers to rows of one tenant and takes only constants, "
                            "parameters and plain expressions", column->name);
    struct change *c = scope_change(s, CHANGE_VALUE, at->stmt);
    *c = *at;
    c->value = (struct value_change){.check = CHECK_PARENT, .rel = a->rel, .column = column,
                                     .parent = parent, .key = parent_key,
                                     .constraint = constraint, .simple = is_simple(value),
                                     .nullable = nullable};
    return 0;
}

/* Name of the foreign key that binds ${column} to ${parent}; "" if there is none. */
static const char *constraint_of(const struct access *a, const struct catalog_column *column,
                                 const struct access *parent)
{
    for (size_t i = 0; i < a->rel->nforeign_keys; i++) {
        const struct catalog_foreign_key *fk = &a->rel->foreign_keys[i];
        if (fk->ncolumns == 1 && fk->attnums[0] == column->attnum &&
            !strcmp(fk->parent_table, parent->rel->name))
            return fk->name;
    }
    return "";
}

static int check_keys(struct scoper *s, const struct access *a,
                      const struct catalog_column *column, Node *value, struct change *at)
{
    const struct access *done = a->kind == RULE_THROUGH && column == a->column ? a->parent : NULL;
    if (done && check_parent(s, a, column, done, a->key->name, constraint_of(a, column, done),
                             value, at) < 0)
        return -1;
    for (size_t i = 0; i < a->rel->nforeign_keys; i++) {
        const struct catalog_foreign_key *fk = &a->rel->foreign_keys[i];
        const struct access *parent;
        bool concerned = false;
        for (size_t k = 0; k < fk->ncolumns; k++)
            concerned = concerned || fk->attnums[k] == column->attnum;
        if (!concerned)
            continue;
        if (scope_access_parent(s, a, fk, &parent) < 0)
            return -1;
        if (!parent || parent == done)
            continue;
        if (fk->ncolumns != 1 || done)
            return scope_refuse(s, SQLSTATE_FEATURE_NOT_SUPPORTED, exprLocation(value),
                                "foreign key \"%s\" of several columns without the tenant's cannot "
                                "be confined", fk->name);
        if (check_parent(s, a, column, parent, fk->parent_columns[0], fk->name, value, at) < 0)
            return -1;
        done = parent;
    }
    return 0;
}

int scope_written(struct scoper *s, const struct access *a, const char *name, Node *value,
                  struct change *at)
{
    const struct catalog_column *column = catalog_column(a->rel, name);
    if (!column)
        return scope_refuse(s, SQLSTATE_UNDEFINED_COLUMN, exprLocation(value),
                            "column \"%s\" of relation \"%s\" does not exist", name, a->rel->name);
    if (a->kind != RULE_SCOPED || column != a->tenant)
        return check_keys(s, a, column, value, at);
    if (IsA(value, MultiAssignRef) || at->indirect)
        return scope_refuse(s, SQLSTATE_FEATURE_NOT_SUPPORTED, exprLocation(value),
                            "column \"%s\" holds the tenant and cannot be set like this", name);
    struct change *c = scope_change(s, CHANGE_VALUE, at->stmt);
    *c = *at;
    c->value = (struct value_change){
        .check = IsA(value, SetToDefault) ? CHECK_DEFAULT : CHECK_TENANT,
        .rel = a->rel, .column = column, .simple = is_simple(value)};
    return 0;
}
