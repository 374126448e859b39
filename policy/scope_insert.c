/* INSERT: whose row will it be?
 *
 * A scoped table gets the tenant's value in each row, or has the value given checked.  Columns that refer to
 * rows of one tenant are checked in every row.  DO UPDATE never touches another tenant's row: it fails. */
#include "policy/scope.h"

#include "protocol/sqlstate.h"

#include <string.h>

/* What a statement inserts: the columns named or implied, in order. */
struct target {
    InsertStmt *stmt;
    const struct access *access;
    List *columns; /* char * */
    List *arms;    /* SelectStmt *: VALUES lists and select lists */
};

static void collect_arms(SelectStmt *stmt, List **ret)
{
    if (stmt->op == SETOP_NONE) {
        *ret = lappend(*ret, stmt);
        return;
    }
    collect_arms(stmt->larg, ret);
    collect_arms(stmt->rarg, ret);
}

bool scope_is_star(const Node *value)
{
    const List *parts = IsA(value, ColumnRef)       ? ((const ColumnRef *)value)->fields
                        : IsA(value, A_Indirection) ? ((const A_Indirection *)value)->indirection
                                                    : NIL;
    return parts && IsA(llast(parts), A_Star);
}

bool scope_any_star(const List *values)
{
    ListCell *cell;
    foreach (cell, values)
        if (scope_is_star(lfirst(cell)))
            return true;
    return false;
}

bool scope_has_star(const SelectStmt *arm)
{
    ListCell *cell;
    foreach (cell, arm->targetList)
        if (scope_is_star(((const ResTarget *)lfirst(cell))->val))
            return true;
    foreach (cell, arm->valuesLists)
        if (scope_any_star(lfirst(cell)))
            return true;
    return false;
}

static bool any_star(const struct target *t)
{
    ListCell *cell;
    foreach (cell, t->arms)
        if (scope_has_star(lfirst(cell)))
            return true;
    return false;
}

/* How many values a row has; -1: not known. */
static int width(const struct target *t, const struct outputs *outputs)
{
    const SelectStmt *first = linitial(t->arms);
    if (scope_has_star(first))
        return outputs ? outputs->n : -1;
    return list_length(first->valuesLists ? linitial(first->valuesLists) : first->targetList);
}

static int implied_columns(struct scoper *s, struct target *t, int n)
{
    const struct catalog_relation *rel = t->access->rel;
    if (n < 0)
        return scope_refuse(s, SQLSTATE_FEATURE_NOT_SUPPORTED, t->stmt->relation->location,
                            "INSERT into \"%s\" must name its columns", rel->name);
    if ((size_t)n > rel->ncolumns)
        return scope_refuse(s, SQLSTATE_SYNTAX_ERROR, t->stmt->relation->location,
                            "INSERT has more expressions than target columns");
    for (int i = 0; i < n; i++)
        t->columns = lappend(t->columns, rel->columns[i].name);
    return 0;
}

static int named_columns(struct scoper *s, struct target *t)
{
    ListCell *cell;
    foreach (cell, t->stmt->cols) {
        const ResTarget *column = lfirst(cell);
        if (!catalog_column(t->access->rel, column->name))
            return scope_refuse(s, SQLSTATE_UNDEFINED_COLUMN, column->location,
                                "column \"%s\" of relation \"%s\" does not exist", column->name,
                                t->access->rel->name);
        t->columns = lappend(t->columns, column->name);
    }
    return 0;
}

static int check_set(struct scoper *s, const struct target *t)
{
    for (int i = 0; i < list_length(t->columns); i++) {
        const ResTarget *column = t->stmt->cols ? list_nth(t->stmt->cols, i) : NULL;
        int location = column ? column->location : t->stmt->relation->location;
        if (scope_columns_write(s, t->access, list_nth(t->columns, i), location) < 0)
            return -1;
    }
    return 0;
}

bool scope_lists(const List *columns, const char *name)
{
    ListCell *cell;
    foreach (cell, columns)
        if (!strcmp(lfirst(cell), name))
            return true;
    return false;
}

/* A column left out takes its default, which must not choose another tenant's row. */
int scope_check_missing(struct scoper *s, const struct access *a, const List *columns, int location)
{
    if (a->kind == RULE_THROUGH && !scope_lists(columns, a->column->name) &&
        (a->column->has_default || !a->column->not_null))
        return scope_refuse(s, SQLSTATE_INSUFFICIENT_PRIVILEGE, location,
                            "INSERT into \"%s\" must give a value for column \"%s\"", a->rel->name,
                            a->column->name);
    if (scope_check_placed(s, a, location) < 0)
        return -1;
    for (size_t i = 0; i < a->rel->nforeign_keys; i++) {
        const struct catalog_foreign_key *fk = &a->rel->foreign_keys[i];
        const struct access *parent;
        if (scope_access_parent(s, a, fk, &parent) < 0)
            return -1;
        for (size_t k = 0; parent && k < a->rel->ncolumns; k++) {
            const struct catalog_column *c = &a->rel->columns[k];
            if (catalog_is_part(fk, c) && c->has_default && !scope_lists(columns, c->name))
                return scope_refuse(s, SQLSTATE_FEATURE_NOT_SUPPORTED, location,
                                    "INSERT into \"%s\" must give a value for column \"%s\"",
                                    a->rel->name, c->name);
        }
    }
    return 0;
}

/* OVERRIDING USER VALUE: identity columns, which are among those with a default, do not get what is written. */
int scope_check_override(struct scoper *s, const struct access *a, OverridingKind override, int location)
{
    for (size_t i = 0; override == OVERRIDING_USER_VALUE && i < a->rel->ncolumns; i++)
        if (a->rel->columns[i].has_default && scope_is_bound(a, a->rel->columns[i].name) &&
            !scope_is_own_place(s, a->rel))
            return scope_refuse(s, SQLSTATE_FEATURE_NOT_SUPPORTED, location,
                                "INSERT into \"%s\" must not override the value for column \"%s\"",
                                a->rel->name, a->rel->columns[i].name);
    return 0;
}

bool scope_is_bound(const struct access *a, const char *name)
{
    const struct catalog_column *c = catalog_column(a->rel, name);
    if (c == a->tenant || c == a->column)
        return true;
    for (size_t i = 0; c && i < a->rel->nforeign_keys; i++)
        if (catalog_is_part(&a->rel->foreign_keys[i], c))
            return true;
    return false;
}

static List *target_values(const List *targets)
{
    List *values = NIL;
    ListCell *cell;
    foreach (cell, targets)
        values = lappend(values, ((ResTarget *)lfirst(cell))->val);
    return values;
}

/* Several rows of VALUES, each of which is stored?  Then the first may be checked for all. */
static bool stores_rows(const struct target *t, const SelectStmt *arm)
{
    return (const Node *)arm == t->stmt->selectStmt && list_length(arm->valuesLists) > 1 &&
           !arm->withClause && !arm->sortClause && !arm->limitOffset && !arm->limitCount &&
           !arm->lockingClause;
}

static int check_row(struct scoper *s, const struct target *t, SelectStmt *arm, int row,
                     const List *values, struct change **first)
{
    struct change items = {.kind = CHANGE_VALUE, .stmt = (Node *)arm, .insert = t->stmt,
                           .anchor = t->stmt->relation, .row = row, .into = t->stmt->relation,
                           .place = arm->valuesLists ? PLACE_ROW : PLACE_TARGET, .names = t->columns,
                           .values = arm->valuesLists ? (List *)values : target_values(values),
                           .level = scope_level_of(s, arm), .first = first,
                           .several = !arm->valuesLists || list_length(arm->valuesLists) > 1};
    for (int i = 0; i < list_length(t->columns) && i < list_length(values); i++) {
        const char *name = list_nth(t->columns, i);
        if (!scope_is_bound(t->access, name))
            continue;
        Node *value = list_nth(items.values, i);
        struct change at = items;
        at.item = i;
        at.indirect = t->stmt->cols && ((ResTarget *)list_nth(t->stmt->cols, i))->indirection;
        if (scope_written(s, t->access, name, value, &at) < 0)
            return -1;
    }
    return 0;
}

const struct level *scope_level_of(const struct scoper *s, const SelectStmt *arm)
{
    ListCell *cell;
    foreach (cell, s->selects) {
        const struct select_note *note = lfirst(cell);
        if (note->stmt == arm)
            return note->level;
    }
    return NULL;
}

/* SELECT * into columns that must be checked: the star is written out. */
static int check_star(struct scoper *s, const struct target *t, SelectStmt *arm)
{
    const struct level *l = scope_level_of(s, arm);
    const Node *star = list_length(arm->targetList) == 1 ? linitial_node(ResTarget, arm->targetList)->val : NULL;
    List *refs = l && star && IsA(star, ColumnRef) ? scope_star_columns(l, (const ColumnRef *)star) : NIL;
    if (!refs)
        return scope_refuse(s, SQLSTATE_FEATURE_NOT_SUPPORTED, t->stmt->relation->location,
                            "INSERT into \"%s\" must name the columns that it selects",
                            t->access->rel->name);
    struct change *c = scope_change(s, CHANGE_STAR, (Node *)arm);
    c->columns = refs;
    for (int i = 0; i < list_length(t->columns) && i < list_length(refs); i++) {
        const char *name = list_nth(t->columns, i);
        struct change at = {.kind = CHANGE_VALUE, .stmt = (Node *)arm, .place = PLACE_STAR, .item = i,
                            .into = t->stmt->relation, .names = t->columns, .values = refs, .level = l,
                            .several = true};
        if (scope_is_bound(t->access, name) &&
            scope_written(s, t->access, name, list_nth(refs, i), &at) < 0)
            return -1;
    }
    return 0;
}

static int check_arm(struct scoper *s, const struct target *t, SelectStmt *arm)
{
    if (!arm->valuesLists && !arm->targetList)
        return scope_refuse(s, SQLSTATE_FEATURE_NOT_SUPPORTED, t->stmt->relation->location,
                            "INSERT into \"%s\" must give at least one value", t->access->rel->name);
    bool bound = false;
    ListCell *cell;
    foreach (cell, t->columns)
        bound = bound || scope_is_bound(t->access, lfirst(cell));
    if (scope_has_star(arm))
        return bound ? check_star(s, t, arm) : 0;
    if (arm->valuesLists) {
        struct change **first =
            stores_rows(t, arm) ? palloc0((size_t)list_length(t->columns) * sizeof(void *)) : NULL;
        for (int row = 0; row < list_length(arm->valuesLists); row++)
            if (check_row(s, t, arm, row, list_nth(arm->valuesLists, row), first) < 0)
                return -1;
        return 0;
    }
    return check_row(s, t, arm, 0, arm->targetList, NULL);
}

/* The tenant's column and value, where the statement has none. */
static void append_tenant(struct scoper *s, const struct target *t)
{
    struct change *c = scope_change(s, CHANGE_COLUMNS, (Node *)t->stmt);
    c->insert = t->stmt;
    c->anchor = t->stmt->relation;
    c->access = t->access;
    c->columns = t->stmt->cols ? NIL : t->columns;
    ListCell *cell;
    foreach (cell, t->arms) {
        c = scope_change(s, CHANGE_APPEND, lfirst(cell));
        c->insert = t->stmt;
        c->anchor = t->stmt->relation;
        c->access = t->access;
    }
}

static int insert_source(struct scoper *s, struct level *l, struct target *t)
{
    SelectStmt *source = (SelectStmt *)t->stmt->selectStmt;
    struct level *inner = scope_level(l);
    inner->outer = l->outer;
    const struct outputs *outputs;
    if (scope_select(s, source, inner, &outputs) < 0)
        return -1;
    collect_arms(source, &t->arms);
    bool bound = !t->access->whole || t->access->tenant || t->access->column;
    bool moved = s->leaves_out && any_star(t); /* values would go to other columns */
    if (!bound && !t->access->columns && !moved)
        return 0; /* no column matters */
    if ((t->stmt->cols ? named_columns(s, t)
                       : implied_columns(s, t, moved ? -1 : width(t, outputs))) < 0 ||
        check_set(s, t) < 0)
        return -1;
    if (!bound)
        return 0;
    if (scope_check_missing(s, t->access, t->columns, t->stmt->relation->location) < 0)
        return -1;
    ListCell *cell;
    foreach (cell, t->arms)
        if (check_arm(s, t, lfirst(cell)) < 0)
            return -1;
    if (t->access->tenant && !scope_lists(t->columns, t->access->tenant->name))
        append_tenant(s, t);
    return 0;
}

static int insert_defaults(struct scoper *s, struct target *t)
{
    if (scope_check_missing(s, t->access, t->columns, t->stmt->relation->location) < 0)
        return -1;
    if (!t->access->tenant)
        return 0;
    struct change *c = scope_change(s, CHANGE_EXPAND, (Node *)t->stmt);
    c->insert = t->stmt;
    c->anchor = t->stmt->relation;
    c->access = t->access;
    return 0;
}

static int infer(struct scoper *s, struct level *l, const struct access *a, InferClause *clause)
{
    if (!clause)
        return 0;
    if (scope_columns_infer(s, a, NULL, clause->conname, clause->location) < 0)
        return -1;
    ListCell *cell;
    foreach (cell, clause->indexElems) {
        const IndexElem *element = lfirst(cell);
        if (element->opclass)
            return scope_refuse(s, SQLSTATE_FEATURE_NOT_SUPPORTED, clause->location,
                                "operator classes in ON CONFLICT are not supported for confined "
                                "sessions");
        if (scope_columns_infer(s, a, element->name, NULL, clause->location) < 0 ||
            scope_expr(s, l, element->expr) < 0)
            return -1;
    }
    return scope_expr(s, l, clause->whereClause);
}

static int conflict(struct scoper *s, struct level *l, const struct target *t, struct leaf *leaf)
{
    OnConflictClause *clause = t->stmt->onConflictClause;
    if (!clause)
        return 0;
    if (infer(s, l, t->access, clause->infer) < 0)
        return -1;
    if (clause->action != ONCONFLICT_UPDATE)
        return 0;
    struct source *target = l->sources;
    struct source *excluded = scope_add_source(l, "excluded");
    excluded->rel = t->access->seen;
    excluded->hides = target->hides;
    excluded->bare = target->bare;
    l->anchor = t->stmt->relation;
    const struct change at = {.stmt = (Node *)t->stmt, .place = PLACE_CONFLICT_SET,
                              .into = t->stmt->relation, .ref = leaf->ref};
    if (scope_set_list(s, l, t->access, clause->targetList, &at) < 0 ||
        scope_expr(s, l, clause->whereClause) < 0)
        return -1;
    l->sources = target; /* RETURNING does not see it */
    if (t->access->whole)
        return 0;
    struct change *c = scope_change(s, CHANGE_CONFLICT, (Node *)t->stmt);
    c->insert = t->stmt;
    c->anchor = t->stmt->relation;
    c->leaf = leaf;
    return 0;
}

/* Subscripts: INSERT INTO t (a[1]). */
static int subscripts(struct scoper *s, struct level *l, const List *columns)
{
    ListCell *cell;
    foreach (cell, columns)
        if (scope_expr(s, l, (Node *)((const ResTarget *)lfirst(cell))->indirection) < 0)
            return -1;
    return 0;
}

int scope_insert(struct scoper *s, InsertStmt *stmt, struct level *l)
{
    struct target t = {.stmt = stmt};
    struct leaf *leaf;
    if (scope_with(s, l, stmt->withClause) < 0 || subscripts(s, l, stmt->cols) < 0)
        return -1;
    struct level *target = scope_level(l); /* the source does not see the target's columns */
    target->outer = l->outer;
    if (scope_target(s, target, stmt->relation, &leaf) < 0)
        return -1;
    l->confined = !leaf->access->whole;
    t.access = leaf->access;
    if (scope_check_override(s, leaf->access, stmt->override, stmt->relation->location) < 0 ||
        (stmt->selectStmt ? insert_source(s, l, &t) : insert_defaults(s, &t)) < 0 ||
        conflict(s, target, &t, leaf) < 0)
        return -1;
    return scope_returning(s, target, (Node *)stmt, stmt->returningList);
}
