/* Foreign keys that are written: the row that they name must be one of the tenant's own.
 *
 * The value is looked up in the parent (a constant or a parameter; those of all rows of VALUES at once), or compared
 * with the keys of the tenant's rows.
 * PostgreSQL may change a value when it stores it: a length cuts blanks off, a scale rounds.  What the column
 * would hold is what must be the tenant's, so that is looked up, unless the column takes each key as it is.
 * What may differ each time it is read is read once.  Rows that a WITH of the same statement inserts are known by
 * its RETURNING alone. */
#include "policy/functions.h"
#include "policy/scope_nodes.h"

#include "protocol/sqlstate.h"

#include <string.h>

/* -- what a value is made of -- */

struct traits {
    const struct scoper *s;
    bool call;      /* of a function */
    bool fickle;    /* ... that may answer otherwise the next time */
    bool aggregate; /* or window function, of the query that the value stands in */
    bool sublink;
};

static bool look(Node *node, struct traits *t)
{
    if (!node)
        return false;
    if (IsA(node, SubLink)) {
        t->sublink = true;
        return false;
    }
    if (IsA(node, FuncCall)) {
        const FuncCall *call = (const FuncCall *)node;
        const char *name = strVal(llast(call->funcname));
        t->call = true;
        t->aggregate = t->aggregate || call->over || call->agg_star || functions_aggregates(name);
        t->fickle = t->fickle || functions_volatile(name) ||
                    catalog_has_user_function(t->s->catalog, NULL, name) ||
                    (list_length(call->funcname) > 1 &&
                     strcmp(strVal(linitial(call->funcname)), "pg_catalog") != 0);
    }
    t->call = t->call || IsA(node, SQLValueFunction);
    return raw_expression_tree_walker(node, look, t);
}

static struct traits traits_of(const struct scoper *s, Node *value)
{
    struct traits t = {.s = s};
    (void)look(value, &t);
    return t;
}

/* A constant that is not NULL. */
static bool is_value(const Node *value)
{
    while (IsA(value, TypeCast))
        value = ((const TypeCast *)value)->arg;
    return IsA(value, A_Const) && !((const A_Const *)value)->isnull;
}

/* -- rows that the statement itself makes -- */

/* The column of ${rel} that item ${target} of a RETURNING list stands for; NULL: none surely. */
static const struct catalog_column *returned_column(const struct catalog_relation *rel, const char *alias,
                                                    const ResTarget *target)
{
    const List *fields = IsA(target->val, ColumnRef) ? ((const ColumnRef *)target->val)->fields : NIL;
    if (!fields || list_length(fields) > 2 || !IsA(llast(fields), String) ||
        (list_length(fields) == 2 && strcmp(strVal(linitial(fields)), alias) != 0))
        return NULL;
    return catalog_column(rel, strVal(llast(fields)));
}

void scope_note_made(struct scoper *s, struct cte *cte, const CommonTableExpr *expr)
{
    const InsertStmt *insert = (const InsertStmt *)expr->ctequery;
    const struct access *a = IsA(insert, InsertStmt) ? scope_access(s, insert->relation) : NULL;
    if (!a)
        return;
    const Alias *alias = insert->relation->alias;
    const List *targets = insert->returningList;
    for (int i = 0; i < list_length(targets); i++) {
        const ResTarget *target = list_nth(targets, i);
        const struct catalog_column *column =
            returned_column(a->rel, alias ? alias->aliasname : insert->relation->relname, target);
        if (!column)
            continue;
        struct made *made = palloc0(sizeof *made);
        made->cte = cte->name;
        made->rel = a->rel;
        made->column = column;
        made->name = i < list_length(expr->aliascolnames) ? strVal(list_nth(expr->aliascolnames, i))
                     : target->name                       ? target->name
                                                          : column->name;
        cte->made = lappend(cte->made, made);
    }
}

/* Where ${key} of rows made in ${parent} can be read; NULL: nowhere. */
static const struct made *find_made(const struct level *l, const struct access *parent,
                                    const struct catalog_column *key)
{
    for (const struct cte *cte = l ? l->ctes : NULL; cte; cte = cte->next) {
        ListCell *cell;
        foreach (cell, cte->made) {
            const struct made *made = lfirst(cell);
            if (made->rel == parent->rel && made->column == key && scope_find_cte(l, cte->name) == cte)
                return made;
        }
    }
    return NULL;
}

void scope_doubt_parents(struct scoper *s)
{
    ListCell *cell, *at;
    foreach (cell, s->changes) {
        struct change *c = lfirst(cell);
        if (c->kind != CHANGE_VALUE || c->value.check != CHECK_PARENT || c->value.made)
            continue;
        foreach (at, s->written) {
            const struct leaf *target = lfirst(at);
            bool own = target->var == c->into;
            c->value.doubtful = c->value.doubtful || (target->access->rel == c->value.parent->rel &&
                                                      (!own || c->several));
        }
    }
}

/* -- the check -- */

static int refuse_value(struct scoper *s, const Node *value, const struct catalog_column *column)
{
    return scope_refuse(s, SQLSTATE_FEATURE_NOT_SUPPORTED, exprLocation(value),
                        "column \"%s\" refers to rows of one tenant and cannot be set like this",
                        column->name);
}

bool scope_takes_key(const struct value_change *v)
{
    return v->column->type_oid == v->key->type_oid &&
           (v->column->typmod == -1 || v->column->typmod == v->key->typmod);
}

/* How may ${value} be read?  0, or -1: not at all. */
static int choose_form(struct scoper *s, struct value_change *v, Node *value)
{
    struct traits own = traits_of(s, value);
    bool aggregates = false, masked = scope_columns_masked(s, value); /* a mask is put in once */
    ListCell *cell;
    foreach (cell, v->beside) {
        const struct beside *other = lfirst(cell);
        struct traits t = traits_of(s, other->value);
        if (t.fickle || t.sublink || scope_columns_masked(s, other->source))
            return -1;
        aggregates = aggregates || t.aggregate;
    }
    bool simple = scope_is_given(value) && !v->beside && !v->made;
    if (simple && scope_takes_key(v) && scope_cast_type(v->key))
        v->form = FORM_LOOKUP;
    else if (simple && !scope_takes_key(v) && !v->orphans)
        v->form = FORM_ROWS;
    else if (!own.sublink && !masked &&
             (!own.call || (own.aggregate && !own.fickle) || scope_is_given(value)))
        v->form = FORM_TWICE;
    else
        v->form = FORM_ONCE;
    return v->form == FORM_ONCE && (own.aggregate || aggregates) ? -1 : 0;
}

/* May ${v} be looked up as a row of VALUES?  There it gets the type of the key, which must compare alike, where
 * the column has that, too. */
static bool fits_rows(const struct value_change *v)
{
    enum { NAME = 19, CHAR = 1042 }; /* PostgreSQL's well-known oids */
    uint32_t type = v->key->type_oid;
    return v->form == FORM_ROWS ||
           (v->form == FORM_LOOKUP && !v->orphans && type != NAME && type != CHAR);
}

/* Note the check of ${value}: with the first row's, or as one of its own. */
static void note_check(struct scoper *s, const struct change *at, const struct value_change *v,
                       Node *value)
{
    struct change **first = at->first && fits_rows(v) ? &at->first[at->item] : NULL;
    if (first && *first) {
        struct row *row = palloc(sizeof *row);
        *row = (struct row){at->row, value};
        (*first)->value.form = FORM_ROWS;
        (*first)->value.rows = lappend((*first)->value.rows, row);
        return;
    }
    struct change *c = scope_change(s, CHANGE_VALUE, at->stmt);
    *c = *at;
    c->value = *v;
    if (first)
        *first = c;
}

static int check_parent(struct scoper *s, const struct access *a, struct value_change v, Node *value,
                        const struct change *at)
{
    bool through = a->kind == RULE_THROUGH && v.column == a->column;
    v.nullable = !through || (v.column->not_null && !is_value(value)); /* NULL: no row of a parent, or 23502 */
    v.orphans = through && !v.column->not_null && !is_value(value);
    if (!v.key)
        return scope_refuse(s, SQLSTATE_INSUFFICIENT_PRIVILEGE, exprLocation(value),
                            "foreign key \"%s\" refers to an unknown column", v.constraint);
    if (IsA(value, SetToDefault) && !v.column->has_default && (!through || v.column->not_null))
        return 0;
    v.check = CHECK_PARENT;
    v.rel = a->rel;
    v.made = v.beside ? NULL : find_made(at->level, v.parent, v.key);
    if (IsA(value, SetToDefault) || IsA(value, MultiAssignRef) || at->indirect ||
        (at->missing && ((through && !v.column->not_null) || v.beside)) || choose_form(s, &v, value) < 0)
        return refuse_value(s, value, v.column);
    note_check(s, at, &v, value);
    return 0;
}

/* -- keys of several columns -- */

/* The value that ${column} gets beside the one at hand, or keeps.  NULL in *ret: none, so it is NULL. */
static int value_beside(struct scoper *s, const struct change *at, const struct catalog_column *column,
                        struct beside **ret)
{
    *ret = NULL;
    for (int i = 0; i < list_length(at->names) && i < list_length(at->values); i++) {
        if (strcmp(list_nth(at->names, i), column->name) != 0)
            continue;
        struct beside *other = *ret = palloc0(sizeof *other);
        other->item = i;
        other->source = list_nth(at->values, i);
        other->value = copyObjectImpl(other->source);
        if (IsA(other->value, SetToDefault) || IsA(other->value, MultiAssignRef))
            return refuse_value(s, other->value, column);
        return 0;
    }
    if (!at->ref)
        return 0;
    struct beside *kept = *ret = palloc0(sizeof *kept);
    kept->item = -1;
    kept->value = kept->source = scope_nodes_column(at->ref, column->name);
    kept->column = column->name;
    return 0;
}

/* The last column of ${fk} that is written takes the check of all. */
static bool is_last_written(const struct access *a, const struct catalog_foreign_key *fk,
                            const struct catalog_column *column, const struct change *at)
{
    const char *last = NULL;
    for (size_t k = 0; k < fk->ncolumns; k++) {
        const struct catalog_column *one = catalog_column_at(a->rel, fk->attnums[k]);
        if (one && scope_lists(at->names, one->name))
            last = one->name;
    }
    return last && !strcmp(last, column->name);
}

static int check_columns(struct scoper *s, const struct access *a, const struct catalog_foreign_key *fk,
                         const struct catalog_column *column, const struct access *parent, Node *value,
                         const struct change *at)
{
    struct value_change v = {.column = column, .parent = parent, .constraint = fk->name};
    if (!is_last_written(a, fk, column, at))
        return 0;
    for (size_t k = 0; k < fk->ncolumns; k++) {
        const struct catalog_column *one = catalog_column_at(a->rel, fk->attnums[k]);
        const struct catalog_column *key = catalog_column(parent->rel, fk->parent_columns[k]);
        struct beside *other;
        if (one == column) {
            v.key = key;
            continue;
        }
        if (!one || !key || value_beside(s, at, one, &other) < 0)
            return !one || !key ? refuse_value(s, value, column) : -1;
        if (!other)
            return 0; /* NULL beside it: no row of a parent */
        other->key = key;
        other->into = one;
        v.beside = lappend(v.beside, other);
    }
    return check_parent(s, a, v, value, at);
}

/* -- all keys of one column -- */

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

int scope_check_keys(struct scoper *s, const struct access *a, const struct catalog_column *column,
                     Node *value, const struct change *at)
{
    const struct access *done = NULL;
    if (a->kind == RULE_THROUGH && column == a->column) {
        done = a->parent;
        struct value_change v = {.column = column, .parent = done, .key = a->key,
                                 .constraint = constraint_of(a, column, done)};
        if (check_parent(s, a, v, value, at) < 0)
            return -1;
    }
    for (size_t i = 0; i < a->rel->nforeign_keys; i++) {
        const struct catalog_foreign_key *fk = &a->rel->foreign_keys[i];
        const struct access *parent;
        if (!catalog_is_part(fk, column))
            continue;
        if (scope_access_parent(s, a, fk, &parent) < 0)
            return -1;
        if (!parent || (parent == done && fk->ncolumns == 1))
            continue;
        if (done) /* one value takes one check */
            return scope_refuse(s, SQLSTATE_FEATURE_NOT_SUPPORTED, exprLocation(value),
                                "column \"%s\" belongs to several foreign keys and cannot be confined",
                                column->name);
        struct value_change v = {.column = column, .parent = parent, .constraint = fk->name,
                                 .key = catalog_column(parent->rel, fk->parent_columns[0])};
        if ((fk->ncolumns == 1 ? check_parent(s, a, v, value, at)
                               : check_columns(s, a, fk, column, parent, value, at)) < 0)
            return -1;
        done = fk->ncolumns == 1 || is_last_written(a, fk, column, at) ? parent : done;
    }
    return 0;
}
