/* Names to sources and columns, by PostgreSQL's rules of visibility. */
#include "policy/scope_nodes.h"

#include "protocol/sqlstate.h"

#include <string.h>

struct source *scope_add_source(struct level *l, const char *alias)
{
    struct source *source = palloc0(sizeof *source);
    source->alias = alias;
    source->next = l->sources;
    l->sources = source;
    return source;
}

const struct cte *scope_find_cte(const struct level *l, const char *name)
{
    for (const struct cte *c = l->ctes; c; c = c->next)
        if (!strcmp(c->name, name))
            return c;
    return NULL;
}

/* -- columns of one source -- */

static const struct {
    const char *name;
    uint32_t type_oid;
} system_columns[] = {
    {"tableoid", 26}, {"ctid", 27}, {"xmin", 28}, {"cmin", 29}, {"xmax", 28}, {"cmax", 29},
};

int scope_column_count(const struct source *source)
{
    if (source->rel)
        return (int)source->rel->ncolumns;
    return source->outputs ? source->outputs->n : -1;
}

/* A view's column may be computed, and then any condition on it runs what computes it. */
static uint32_t natural_type(const struct source *source, int i)
{
    if (source->rel)
        return source->rel->kind == 'v' ? 0 : source->rel->columns[i].type_oid;
    return source->outputs->items[i].type_oid;
}

static bool natural_object(const struct source *source, int i)
{
    return !source->rel && i < source->outputs->n && source->outputs->items[i].object;
}

const char *scope_column_name(const struct source *source, int i)
{
    if (i < list_length(source->colnames))
        return strVal(list_nth(source->colnames, i));
    if (source->rel)
        return (size_t)i < source->rel->ncolumns ? source->rel->columns[i].name : NULL;
    return source->outputs && i < source->outputs->n ? source->outputs->items[i].name : NULL;
}

/* Is ${name} a column of it?  1 yes, 0 no, -1 cannot be known. */
static int source_has(const struct source *source, const char *name, uint32_t *ret_type)
{
    int n = scope_column_count(source);
    bool unknown = n < 0;
    for (int i = 0; i < n || i < list_length(source->colnames); i++) {
        const char *column = scope_column_name(source, i);
        if (!column)
            unknown = true;
        else if (!strcmp(column, name)) {
            if (i < n)
                *ret_type = natural_type(source, i);
            return 1;
        }
    }
    bool wrapped = source->hides && !source->bare; /* a subselect has no system columns */
    for (size_t i = 0; source->rel && !wrapped && i < sizeof system_columns / sizeof *system_columns; i++)
        if (!strcmp(system_columns[i].name, name)) {
            *ret_type = system_columns[i].type_oid;
            return 1;
        }
    return unknown ? -1 : 0;
}

bool scope_source_shows(const struct source *source, const char *name)
{
    uint32_t type;
    return source_has(source, name, &type) == 1;
}

bool scope_is_system_column(const char *name)
{
    for (size_t i = 0; i < sizeof system_columns / sizeof *system_columns; i++)
        if (!strcmp(system_columns[i].name, name))
            return true;
    return false;
}

/* -- references -- */

struct resolved {
    const struct level *level;
    const struct source *source;
    uint32_t type_oid;
    bool whole_row;
    bool certain;
};

const char *scope_ref_name(const ColumnRef *ref, int i)
{
    const Node *node = i < 0 ? llast(ref->fields) : list_nth(ref->fields, i);
    return IsA(node, String) ? strVal(node) : NULL;
}

static bool is_named(const struct source *source, const char *schema, const char *name)
{
    if (!source->alias || strcmp(source->alias, name))
        return false;
    return !schema || (source->schema && !strcmp(source->schema, schema)) ||
           (source->said && !strcmp(source->said, schema));
}

/* The innermost source that is called ${name}. */
static const struct source *find_source(const struct level *l, const char *schema, const char *name,
                                        const struct level **ret_level)
{
    for (; l; l = l->outer)
        for (const struct source *source = l->sources; source; source = source->next)
            if (is_named(source, schema, name)) {
                *ret_level = l;
                return source;
            }
    return NULL;
}

/* An unqualified name: the innermost level that has such a column. */
static struct resolved resolve_bare(const struct level *l, const char *name)
{
    struct resolved r = {.certain = true};
    for (const struct level *at = l; at; at = at->outer) {
        const struct source *found = NULL;
        uint32_t type = 0;
        int hits = 0;
        for (const struct source *source = at->sources; source; source = source->next) {
            uint32_t one = 0;
            int has = source_has(source, name, &one);
            r.certain = r.certain && has >= 0;
            if (has == 1) {
                hits++;
                found = source;
                type = one;
            }
        }
        if (hits == 0)
            continue;
        r.level = at;
        r.source = found;
        r.certain = r.certain && hits == 1;
        r.type_oid = hits == 1 && r.certain ? type : 0; /* merged columns of USING: not known */
        return r;
    }
    r.source = find_source(l, NULL, name, &r.level);
    r.whole_row = r.source != NULL;
    r.certain = false;
    return r;
}

/* Of the names before the last: the source meant, NULL if none. */
static const struct source *qualifier(const struct level *l, const ColumnRef *ref,
                                      const struct level **ret_level)
{
    int n = list_length(ref->fields);
    const char *first = scope_ref_name(ref, 0);
    if (n == 2)
        return first ? find_source(l, NULL, first, ret_level) : NULL;
    if (n == 3 && first && scope_ref_name(ref, 1))
        return find_source(l, first, scope_ref_name(ref, 1), ret_level);
    return NULL;
}

const struct source *scope_qualifier(const struct level *l, const ColumnRef *ref)
{
    const struct level *level;
    return qualifier(l, ref, &level);
}

const struct source *scope_find_source(const struct level *l, const char *name)
{
    const struct level *level;
    return find_source(l, NULL, name, &level);
}

static struct resolved resolve(const struct level *l, const ColumnRef *ref)
{
    struct resolved r = {0};
    int n = list_length(ref->fields);
    const char *last = scope_ref_name(ref, -1);
    if (n == 1 && last)
        return resolve_bare(l, last);
    if (n == 1)
        return r;
    r.source = qualifier(l, ref, &r.level);
    if (!r.source)
        return r;
    if (!last)
        r.whole_row = true;
    else if (source_has(r.source, last, &r.type_oid) == 1)
        r.certain = true;
    return r;
}

uint32_t scope_ref_type(const struct level *l, const ColumnRef *ref)
{
    struct resolved r = resolve(l, ref);
    return r.certain ? r.type_oid : 0;
}

bool scope_ref_is_object(const struct level *l, const ColumnRef *ref)
{
    struct resolved r = resolve(l, ref);
    const char *last = scope_ref_name(ref, -1);
    int n = r.certain && r.source && last && r.source->outputs ? r.source->outputs->n : 0;
    for (int i = 0; i < n; i++) {
        const char *name = scope_column_name(r.source, i);
        if (!name || strcmp(name, last) != 0 || !r.source->outputs->items[i].object)
            continue;
        r.source->outputs->items[i].relied = true;
        return true;
    }
    return false;
}

const struct catalogs_relation *scope_ref_catalog(const struct level *l, const ColumnRef *ref)
{
    struct resolved r = resolve(l, ref);
    return r.certain && r.source ? r.source->catalog : NULL;
}

bool scope_source_has(const struct source *source, const char *name)
{
    uint32_t type;
    return source_has(source, name, &type) != 0;
}

bool scope_ref_is_inner(const struct level *l, const ColumnRef *ref)
{
    struct resolved r = resolve(l, ref);
    return r.source && r.level == l;
}

bool scope_ref_may_mean(const struct source *source, const ColumnRef *ref)
{
    int n = list_length(ref->fields);
    const char *first = scope_ref_name(ref, 0), *last = scope_ref_name(ref, -1);
    uint32_t type;
    if (n == 1)
        return !last || source_has(source, last, &type) != 0 || is_named(source, NULL, last);
    ListCell *cell;
    foreach (cell, source->merged_as)
        if (first && !strcmp(lfirst(cell), first))
            return true;
    const char *before = scope_ref_name(ref, n - 2);
    return n > 3 || is_named(source, NULL, before ? before : "") ||
           is_named(source, NULL, first); /* (alias.column).field without parentheses */
}

/* -- what a reference may touch -- */

/* A bare name could be a closed column of a relation of the system's. */
static int check_bare(struct scoper *s, const struct level *l, const char *name, int location)
{
    for (; l; l = l->outer) {
        for (const struct source *source = l->sources; source; source = source->next) {
            uint32_t type;
            if (source_has(source, name, &type) == 1)
                return 0;
        }
        for (const struct source *source = l->sources; source; source = source->next)
            if (scope_catalog_ref(s, source, is_named(source, NULL, name) ? NULL : name, location) < 0)
                return -1;
    }
    return 0;
}

static int check_star(struct scoper *s, const struct level *l, int location)
{
    for (const struct source *source = l->sources; source; source = source->next)
        if (scope_catalog_ref(s, source, NULL, location) < 0)
            return -1;
    return 0;
}

/* A row as such, and system columns, are to be had of relations only. */
static void keep_relation(const struct resolved *r, const char *last)
{
    if (r->source && r->source->leaf && last && (r->whole_row || scope_is_system_column(last)))
        r->source->leaf->whole = true;
}

int scope_check_ref(struct scoper *s, struct level *l, ColumnRef *ref)
{
    int n = list_length(ref->fields);
    const char *last = scope_ref_name(ref, -1);
    if (scope_columns_ref(s, l, ref) < 0)
        return -1;
    struct resolved r = resolve(l, ref);
    keep_relation(&r, last);
    if (n == 1)
        return last ? check_bare(s, l, last, ref->location) : check_star(s, l, ref->location);
    if (n > 3)
        return scope_refuse(s, SQLSTATE_FEATURE_NOT_SUPPORTED, ref->location,
                            "cross-database references are not implemented");
    if (r.source && !scope_columns_replaced(s, ref))
        scope_qualify_ref(s, r.source, ref);
    if (r.source && !r.certain && scope_catalog_ref(s, r.source, last, ref->location) < 0)
        return -1;
    if (r.certain || !last)
        return 0;
    /* not a column that we know: `x.f` may be a call of f; `a.b.c` may also be field c of column b
     */
    return authorise_attribute(&s->auth, last, ref->location, s->err);
}

/* -- columns of a select list -- */

/* PostgreSQL's MaxTupleAttributeNumber: stars of stars double at each level, and must end
 * somewhere. */
enum { MAX_OUTPUTS = 1664 };

static bool add_output(struct outputs *out, const char *name, uint32_t type_oid, bool object)
{
    if (out->n >= MAX_OUTPUTS)
        return false;
    if ((out->n & (out->n - 1)) == 0) { /* full at powers of two */
        size_t bytes = (size_t)(out->n ? 2 * out->n : 1) * sizeof *out->items;
        out->items = out->items ? repalloc(out->items, bytes) : palloc(bytes);
    }
    out->items[out->n++] =
        (struct output){.name = name, .type_oid = type_oid, .object = object};
    return true;
}

/* All columns of one source; false: not known. */
static bool add_all(struct outputs *out, const struct source *source)
{
    int n = scope_column_count(source);
    for (int i = 0; i < n; i++) {
        if (!add_output(out, scope_column_name(source, i), natural_type(source, i),
                        natural_object(source, i)))
            return false;
    }
    return n >= 0;
}

/* `*` of a level without joins by USING is its sources in order; they are linked last first. */
static bool add_star(struct outputs *out, const struct source *source, const struct source *end)
{
    return source == end || (add_star(out, source->next, end) && add_all(out, source));
}

const struct outputs *scope_all_outputs(const struct source *first, const struct source *end)
{
    struct outputs *out = palloc0(sizeof *out);
    return add_star(out, first, end) ? out : NULL;
}

static bool star_source(const struct source *source, List **columns)
{
    int n = scope_column_count(source);
    for (int i = 0; i < n; i++) {
        const char *name = scope_column_name(source, i);
        if (!name || !source->alias)
            return false;
        *columns = lappend(*columns, scope_nodes_column(source->alias, name));
    }
    return n >= 0;
}

static bool star_sources(const struct source *source, List **columns)
{
    return !source || (star_sources(source->next, columns) && star_source(source, columns));
}

List *scope_star_columns(const struct level *l, const ColumnRef *ref)
{
    List *columns = NIL;
    bool known;
    if (list_length(ref->fields) == 1)
        known = !l->merged && star_sources(l->sources, &columns);
    else {
        struct resolved r = resolve(l, ref);
        known = r.source && r.level == l && star_source(r.source, &columns);
    }
    return known && list_length(columns) <= MAX_OUTPUTS ? columns : NIL;
}

static const char *target_name(const ResTarget *target)
{
    if (target->name)
        return target->name;
    if (IsA(target->val, ColumnRef)) {
        const ColumnRef *ref = (const ColumnRef *)target->val;
        return scope_ref_name(ref, -1);
    }
    return NULL; /* PostgreSQL's rule for naming expressions is long: better not to know */
}

const struct outputs *scope_outputs(struct scoper *s, const struct level *l, const List *targets,
                                    const List *names)
{
    struct outputs *out = palloc0(sizeof *out);
    ListCell *cell;
    foreach (cell, targets) {
        const ResTarget *target = lfirst(cell);
        const ColumnRef *ref = IsA(target->val, ColumnRef) ? (ColumnRef *)target->val : NULL;
        if (ref && !scope_ref_name(ref, -1)) {
            struct resolved r = resolve(l, ref);
            bool all = list_length(ref->fields) == 1 ? !l->merged && add_star(out, l->sources, NULL)
                                                     : r.source && add_all(out, r.source);
            if (!all)
                return NULL;
        } else if (scope_is_star(target->val)) {
            return NULL;
        } else if (!add_output(out, target_name(target), ref ? scope_ref_type(l, ref) : 0,
                               scope_is_object(s, l, target->val))) {
            return NULL;
        }
    }
    int i = 0;
    foreach (cell, names) {
        if (i < out->n)
            out->items[i++].name = strVal(lfirst(cell));
    }
    return out;
}
