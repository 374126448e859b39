/* What changes with what a statement writes or deletes, where no value is written that could be checked.
 *
 * A generated column changes with others.  A foreign key's ON DELETE and ON UPDATE delete further rows, set their
 * columns to NULL or to a default, or carry a key on to a column that may cut it; each of these may set off more.
 * And what partitions and tables that inherit have of their own, generated columns and foreign keys, counts when rows
 * are written through what they are a part of.  All this is followed, from the column that is set or the rows that are
 * deleted, by the names of relations and columns alone; where it reaches a column that binds a row to a tenant, with a
 * value that may be another's, the statement is refused. */
#include "policy/scope.h"

#include "protocol/sqlstate.h"

#include <string.h>

struct step {
    const struct catalog_relation *rel;
    const char *column; /* of it, which changes; NULL: rows go */
};

struct walk {
    struct scoper *s;
    const struct catalog_relation *rel; /* the target */
    const char *column;                 /* ... that is set; NULL: rows are deleted */
    int location;
    List *steps; /* struct step *: each once */
};

static int refuse(const struct walk *w, const char *what, const char *name)
{
    return w->column ? scope_refuse(w->s, SQLSTATE_FEATURE_NOT_SUPPORTED, w->location,
                                    "column \"%s\" cannot be set: %s \"%s\" changes with it and cannot "
                                    "be confined", w->column, what, name)
                     : scope_refuse(w->s, SQLSTATE_FEATURE_NOT_SUPPORTED, w->location,
                                    "rows of \"%s\" cannot be deleted: %s \"%s\" changes with them and "
                                    "cannot be confined", w->rel->name, what, name);
}

static void add_step(struct walk *w, const struct catalog_relation *rel, const char *column)
{
    ListCell *cell;
    foreach (cell, w->steps) {
        const struct step *known = lfirst(cell);
        if (known->rel == rel &&
            (known->column && column ? !strcmp(known->column, column) : known->column == column))
            return;
    }
    struct step *step = palloc(sizeof *step);
    *step = (struct step){rel, column};
    w->steps = lappend(w->steps, step);
}

/* -- families -- */

static List *add_relation(List *all, const struct catalog_relation *rel)
{
    return lappend(all, (void *)(uintptr_t)rel);
}

static bool has_relation(const List *all, const struct catalog_relation *rel)
{
    ListCell *cell;
    foreach (cell, all)
        if (lfirst(cell) == rel)
            return true;
    return false;
}

static List *heirs(List *all, const struct catalog_relation *rel)
{
    for (size_t i = 0; i < rel->nheirs; i++)
        if (!has_relation(all, rel->heirs[i]))
            all = heirs(add_relation(all, rel->heirs[i]), rel->heirs[i]);
    return all;
}

static List *ancestors(const struct scoper *s, List *all, const struct catalog_relation *rel)
{
    for (size_t i = 0; i < rel->nparents; i++) {
        const struct catalog_relation *parent = catalog_find_oid(s->catalog, rel->parents[i]);
        if (parent && !has_relation(all, parent))
            all = ancestors(s, add_relation(all, parent), parent);
    }
    return all;
}

/* The relations whose rows a row of ${rel} may be. */
static List *family(const struct scoper *s, const struct catalog_relation *rel)
{
    return heirs(ancestors(s, add_relation(NIL, rel), rel), rel);
}

/* -- what binds a row to a tenant -- */

/* Of a relation that no tenant may name, too. */
static const struct access *access_of(struct scoper *s, const struct catalog_relation *rel)
{
    const struct err before = *s->err;
    const struct access *known = scope_access_relation(s, rel, -1);
    if (known)
        return known;
    *s->err = before;
    struct access *nobody = palloc0(sizeof *nobody);
    nobody->rel = rel;
    nobody->kind = RULE_DENIED;
    return nobody;
}

/* ${column} of ${rel} gets a value that may be anybody's; the foreign key ${but} is in order. */
static int check_free(const struct walk *w, const struct catalog_relation *rel,
                      const struct catalog_column *column, const struct catalog_foreign_key *but)
{
    const struct access *a = access_of(w->s, rel);
    for (size_t i = 0; i < rel->nforeign_keys; i++) {
        const struct catalog_foreign_key *fk = &rel->foreign_keys[i];
        const struct access *parent;
        if (fk == but || !catalog_is_part(fk, column))
            continue;
        if (scope_access_parent(w->s, a, fk, &parent) < 0)
            return -1;
        if (parent)
            return refuse(w, "foreign key", fk->name);
    }
    return 0;
}

/* -- columns that PostgreSQL makes from others: which others is not known -- */

static int follow_generated(struct walk *w, const struct catalog_relation *rel)
{
    for (size_t i = 0; i < rel->ncolumns; i++) {
        const struct catalog_column *column = &rel->columns[i];
        if (!column->generated)
            continue;
        if (scope_own_column(access_of(w->s, rel)) == column)
            return refuse(w, "column", column->name);
        if (check_free(w, rel, column, NULL) < 0)
            return -1;
        add_step(w, rel, column->name);
    }
    return 0;
}

/* -- foreign keys whose parent goes or changes -- */

/* Columns become NULL, which names no row, or get their default.  ${on_delete}: those that it says. */
static int follow_reset(struct walk *w, const struct catalog_referrer *at, bool on_delete)
{
    char action = on_delete ? at->key->on_delete : at->key->on_update;
    for (size_t k = 0; k < at->key->ncolumns; k++) {
        const struct catalog_column *column = catalog_column_at(at->child, at->key->attnums[k]);
        if (!column || (on_delete && !at->key->resets[k]))
            continue;
        if (action == 'd' && column->has_default) {
            if (scope_own_column(access_of(w->s, at->child)) == column)
                return refuse(w, "foreign key", at->key->name);
            if (check_free(w, at->child, column, NULL) < 0)
                return -1;
        }
        add_step(w, at->child, column->name);
    }
    return 0;
}

/* Is the tenant a part of the key, or does the column hold each value as it was?  Then ${at} names the parent's
 * row that changes, else whatever row has what is left of its key. */
static bool names_same(struct scoper *s, const struct catalog_referrer *at,
                       const struct catalog_relation *parent, const struct catalog_column *column,
                       const char *key)
{
    const struct access *a = access_of(s, parent);
    for (size_t k = 0; a->tenant && k < at->key->ncolumns; k++)
        if (!strcmp(at->key->parent_columns[k], a->tenant->name))
            return true;
    const struct value_change v = {.column = column, .key = catalog_column(parent, key)};
    return v.key && scope_takes_key(&v);
}

/* May what says whose a row of the child is follow ${key} of its parent? */
static bool own_may_follow(struct scoper *s, const struct catalog_referrer *at,
                           const struct catalog_relation *parent, const char *key)
{
    const struct access *child = access_of(s, at->child), *a = access_of(s, parent);
    if (child->kind == RULE_SCOPED)
        return a->tenant && !strcmp(a->tenant->name, key);
    return child->parent == a && !strcmp(child->key->name, key);
}

static int follow_carried(struct walk *w, const struct catalog_referrer *at,
                          const struct catalog_relation *parent, const char *key)
{
    for (size_t k = 0; k < at->key->ncolumns; k++) {
        const struct catalog_column *column = catalog_column_at(at->child, at->key->attnums[k]);
        if (!column || strcmp(at->key->parent_columns[k], key) != 0)
            continue;
        bool same = names_same(w->s, at, parent, column, key);
        if (scope_own_column(access_of(w->s, at->child)) == column &&
            !(same && own_may_follow(w->s, at, parent, key)))
            return refuse(w, "foreign key", at->key->name);
        if (check_free(w, at->child, column, same ? at->key : NULL) < 0)
            return -1;
        add_step(w, at->child, column->name);
    }
    return 0;
}

static bool refers_to(const struct catalog_foreign_key *fk, const char *key)
{
    for (size_t k = 0; k < fk->ncolumns; k++)
        if (!strcmp(fk->parent_columns[k], key))
            return true;
    return false;
}

/* ${column} of ${rel}, one of a family, changes; NULL: rows go. */
static int follow_keys(struct walk *w, const struct catalog_relation *rel, const char *column)
{
    for (size_t i = 0; i < rel->nreferrers; i++) {
        const struct catalog_referrer *at = &rel->referrers[i];
        if (column && !refers_to(at->key, column))
            continue;
        switch (column ? at->key->on_update : at->key->on_delete) {
        case 'c':
            if (column && follow_carried(w, at, rel, column) < 0)
                return -1;
            if (!column)
                add_step(w, at->child, NULL);
            break;
        case 'n':
        case 'd':
            if (follow_reset(w, at, !column) < 0)
                return -1;
            break;
        default: /* nothing, or an error */
            break;
        }
    }
    return 0;
}

static int follow(struct walk *w)
{
    for (int i = 0; i < list_length(w->steps); i++) { /* they grow meanwhile, by each once */
        const struct step *step = list_nth(w->steps, i);
        ListCell *cell;
        foreach (cell, family(w->s, step->rel)) {
            const struct catalog_relation *rel = lfirst(cell);
            if (step->column && catalog_column(rel, step->column) && follow_generated(w, rel) < 0)
                return -1;
            if (follow_keys(w, rel, step->column) < 0)
                return -1;
        }
    }
    return 0;
}

/* -- what heirs have of their own -- */

/* Has ${rel} the foreign key ${fk} of ${heir}, too?  Then it is checked. */
static bool has_same(const struct catalog_relation *rel, const struct catalog_relation *heir,
                     const struct catalog_foreign_key *fk)
{
    for (size_t i = 0; i < rel->nforeign_keys; i++) {
        const struct catalog_foreign_key *own = &rel->foreign_keys[i];
        bool same = own->ncolumns == fk->ncolumns && !strcmp(own->parent_schema, fk->parent_schema) &&
                    !strcmp(own->parent_table, fk->parent_table);
        for (size_t k = 0; same && k < fk->ncolumns; k++) {
            const struct catalog_column *a = catalog_column_at(rel, own->attnums[k]);
            const struct catalog_column *b = catalog_column_at(heir, fk->attnums[k]);
            same = a && b && !strcmp(a->name, b->name) &&
                   !strcmp(own->parent_columns[k], fk->parent_columns[k]);
        }
        if (same)
            return true;
    }
    return false;
}

/* What binds rows of ${heir} by ${column} (NULL: any) and those of ${a} not; NULL in *ret: nothing. */
static int own_binding(struct scoper *s, const struct access *a, const struct catalog_relation *heir,
                       const char *column, const char **ret)
{
    const struct access *b = access_of(s, heir);
    const struct catalog_column *own = scope_own_column(b), *known = scope_own_column(a);
    *ret = own && known && strcmp(own->name, known->name) != 0 && (!column || !strcmp(own->name, column))
               ? own->name
               : NULL;
    for (size_t i = 0; !*ret && i < heir->nforeign_keys; i++) {
        const struct catalog_foreign_key *fk = &heir->foreign_keys[i];
        const struct catalog_column *part = column ? catalog_column(heir, column) : NULL;
        const struct access *parent;
        if (has_same(a->rel, heir, fk) || (column && !(part && catalog_is_part(fk, part))))
            continue;
        if (scope_access_parent(s, b, fk, &parent) < 0)
            return -1;
        *ret = parent ? fk->name : NULL;
    }
    return 0;
}

static int check_heirs(struct scoper *s, const struct access *a, const char *column, int location)
{
    ListCell *cell;
    foreach (cell, heirs(NIL, a->rel)) {
        const struct catalog_relation *heir = lfirst(cell);
        const char *binding;
        if (own_binding(s, a, heir, column, &binding) < 0)
            return -1;
        if (binding)
            return scope_refuse(s, SQLSTATE_FEATURE_NOT_SUPPORTED, location,
                                "rows of \"%s\" cannot be written like this: \"%s\", which only its part "
                                "\"%s\" has, cannot be confined", a->rel->name, binding, heir->name);
    }
    return 0;
}

int scope_check_placed(struct scoper *s, const struct access *a, int location)
{
    return scope_is_own_place(s, a->rel) || a->rel->kind != 'p' ? 0
                                                                : check_heirs(s, a, NULL, location);
}

int scope_check_follows(struct scoper *s, const struct access *a, const struct catalog_column *column,
                        int location)
{
    struct walk w = {s, a->rel, column->name, location, NIL};
    bool moves = a->rel->kind == 'p'; /* to another partition: it is deleted from the one */
    if (scope_is_own_place(s, a->rel))
        return 0;
    add_step(&w, a->rel, column->name);
    if (moves && catalog_server_version(s->catalog) < 15)
        add_step(&w, a->rel, NULL);
    ListCell *cell;
    foreach (cell, moves ? heirs(NIL, a->rel) : NIL)
        add_step(&w, lfirst(cell), NULL);
    return follow(&w) < 0 ? -1 : check_heirs(s, a, moves ? NULL : column->name, location);
}

int scope_check_deleted(struct scoper *s, const struct access *a, int location)
{
    struct walk w = {s, a->rel, NULL, location, NIL};
    if (scope_is_own_place(s, a->rel))
        return 0;
    add_step(&w, a->rel, NULL);
    return follow(&w);
}
