/* Rules for columns: what of a relation may be read and set.
 *
 * A relation in FROM with hidden columns is wrapped into a subselect of what may be read: nothing outside can
 * reach the rest, whatever it is called.  Checks of references are there for the message alone.  The target of
 * a statement that writes cannot be wrapped: each reference to it must be surely one to a column that may be
 * read, or is replaced by what its mask shows; whole rows of it are refused. */
#include "policy/scope.h"

#include "protocol/sqlstate.h"

#include <string.h>

/* -- the rules of a relation -- */

static bool is_text(const struct catalog_column *c)
{
    return c->type_oid == 25 || c->type_oid == 1042 || c->type_oid == 1043 ||
           !strcmp(c->type_name, "citext");
}

static bool is_number(const struct catalog_column *c)
{
    static const uint32_t oids[] = {20, 21, 23, 700, 701, 1700};
    for (size_t i = 0; i < sizeof oids / sizeof *oids; i++)
        if (c->type_oid == oids[i])
            return true;
    return false;
}

/* What a mask would have to be; NULL: it fits.  Other types have their say when the text is cast. */
static const char *misfit(const struct catalog_column *c, const struct rule_column *rule)
{
    switch (rule->mask) {
    case RULE_MASK_HASH:
        return is_text(c) || c->type_oid == SCOPE_UUID ? NULL : "hash is for texts and uuids";
    case RULE_MASK_PARTIAL:
        return is_text(c) ? NULL : "partial is for texts";
    case RULE_MASK_FIXED:
        break;
    }
    bool number = rule->fixed[strspn(rule->fixed, "+-.0123456789eE")] == '\0';
    if ((is_number(c) && !number) || (!is_text(c) && !strcmp(rule->fixed, "***")))
        return "fixed must be a value of its type";
    return NULL;
}

static int refuse_rule(struct scoper *s, const struct access *a, const struct rule_column *rule,
                       int location, const char *why)
{
    scope_refuse(s, SQLSTATE_INSUFFICIENT_PRIVILEGE, location,
                 "permission denied for relation \"%s\": the rule for its column \"%s\" does not fit: %s",
                 a->rel->name, rule->name, why);
    rules_hint_column(s->rules, rule, s->err);
    return -1;
}

static int add_rule(struct scoper *s, struct access *a, const struct rule_column *rule, int location)
{
    const struct catalog_column *c = catalog_column(a->rel, rule->name);
    if (!c)
        return refuse_rule(s, a, rule, location, "there is no such column");
    const char *why = rule->read == RULE_READ_MASK ? misfit(c, rule) : NULL;
    if (rule->read != RULE_READ_ALLOW && (c == a->tenant || c == a->column))
        why = "it tells whose rows these are and cannot be hidden";
    if (why)
        return refuse_rule(s, a, rule, location, why);
    if (!a->columns)
        a->columns = palloc0(a->rel->ncolumns * sizeof(const struct rule_column *));
    const struct rule_column **slot = &a->columns[c - a->rel->columns];
    if (*slot)
        return 0; /* a partition's own rule stands before its parent's */
    *slot = rule;
    a->hides = a->hides || rule->read != RULE_READ_ALLOW;
    return 0;
}

static const struct catalog_relation *as_read(const struct access *a)
{
    struct catalog_relation *seen = palloc(sizeof *seen);
    *seen = *a->rel;
    seen->columns = palloc0(a->rel->ncolumns * sizeof *seen->columns);
    seen->ncolumns = 0;
    for (size_t i = 0; i < a->rel->ncolumns; i++) {
        const struct rule_column *rule = a->columns[i];
        if (rule && rule->read == RULE_READ_DENY)
            continue;
        struct catalog_column *c = &seen->columns[seen->ncolumns++];
        *c = a->rel->columns[i];
        if (rule && rule->read == RULE_READ_MASK)
            c->type_oid = 0; /* it is computed: no condition on it is leak-proof */
    }
    return seen;
}

/* Those of ${rel}, and of what it is a part of. */
static int add_rules(struct scoper *s, struct access *a, const struct catalog_relation *rel, int location)
{
    const struct rule_table *entry = scope_entry(s, rel);
    for (size_t i = 0; entry && i < entry->ncolumns; i++)
        if (add_rule(s, a, &entry->columns[i], location) < 0)
            return -1;
    for (size_t i = 0; i < rel->nparents; i++) {
        const struct catalog_relation *parent = catalog_find_oid(s->catalog, rel->parents[i]);
        if (parent && add_rules(s, a, parent, location) < 0)
            return -1;
    }
    return 0;
}

int scope_columns_fill(struct scoper *s, struct access *a, int location)
{
    a->seen = a->rel;
    if (add_rules(s, a, a->rel, location) < 0)
        return -1;
    if (a->hides)
        a->seen = as_read(a);
    return 0;
}

static const struct rule_column *rule_of(const struct access *a, const char *name)
{
    const struct catalog_column *c = a->columns ? catalog_column(a->rel, name) : NULL;
    return c ? a->columns[c - a->rel->columns] : NULL;
}

static enum rule_read read_of(const struct rule_column *rule)
{
    return rule ? rule->read : RULE_READ_ALLOW;
}

List *scope_columns_shown(const struct access *a, const char *ref, const char *name)
{
    List *all = NIL;
    for (size_t i = 0; i < a->rel->ncolumns; i++) {
        const struct rule_column *rule = a->columns ? a->columns[i] : NULL;
        if (read_of(rule) == RULE_READ_DENY || (name && strcmp(a->rel->columns[i].name, name) != 0))
            continue;
        struct shown *v = palloc0(sizeof *v);
        v->ref = ref;
        v->column = &a->rel->columns[i];
        v->mask = read_of(rule) == RULE_READ_MASK ? rule : NULL;
        all = lappend(all, v);
    }
    return all;
}

/* -- refusals -- */

static int deny(struct scoper *s, const struct access *a, const struct rule_column *rule,
                const char *to, int location)
{
    scope_refuse(s, SQLSTATE_INSUFFICIENT_PRIVILEGE, location,
                 "permission denied %scolumn \"%s\" of relation \"%s\"", to, rule->name,
                 a->rel->name);
    rules_hint_column(s->rules, rule, s->err);
    return -1;
}

static int refuse_row(struct scoper *s, const struct source *source, int location)
{
    return scope_refuse(s, SQLSTATE_FEATURE_NOT_SUPPORTED, location,
                        "whole rows of relation \"%s\", which has hidden columns, cannot be read by the "
                        "statement that changes it", source->hides->rel->name);
}

static int refuse_system(struct scoper *s, const struct source *source, const char *name,
                         int location)
{
    return scope_refuse(s, SQLSTATE_FEATURE_NOT_SUPPORTED, location,
                        "system column \"%s\" of relation \"%s\", which has hidden columns, cannot be read",
                        name, source->hides->rel->name);
}

/* -- references -- */

static const struct change *find_change(const struct scoper *s, const ColumnRef *ref)
{
    ListCell *cell;
    foreach (cell, s->changes) {
        const struct change *c = lfirst(cell);
        if (c->target == ref)
            return c;
    }
    return NULL;
}

static int note_mask(struct scoper *s, const struct source *source, const ColumnRef *ref,
                     const char *name)
{
    if (find_change(s, ref))
        return 0;
    struct change *c = scope_change(s, CHANGE_MASK, NULL);
    c->target = ref;
    c->shown = scope_columns_shown(source->hides, source->alias, name);
    s->puts = true;
    return 0;
}

/* A target in sight from ${l} whose columns only references hide. */
static const struct source *bare_target(const struct level *l)
{
    for (; l; l = l->outer)
        for (const struct source *source = l->sources; source; source = source->next)
            if (source->bare)
                return source;
    return NULL;
}

/* PostgreSQL 18 calls the target's row by these names, in RETURNING. */
static int check_old_new(struct scoper *s, const struct level *l, const char *name, int location)
{
    if (!name || (strcmp(name, "old") != 0 && strcmp(name, "new") != 0))
        return 0;
    const struct source *target = bare_target(l);
    return target ? refuse_row(s, target, location) : 0;
}

/* Is ${name} what the select list calls one of its columns, for ORDER BY and GROUP BY? */
static bool is_output(const struct level *l, const char *name)
{
    ListCell *cell;
    foreach (cell, l->targets) {
        const ResTarget *target = lfirst(cell);
        if (target->name && !strcmp(target->name, name))
            return true;
    }
    return false;
}

struct candidates { /* sources of one level that a bare name could mean */
    const struct source *denied, *masked, *system;
    int known;
    bool unknown;
};

static struct candidates find_candidates(const struct level *l, const char *name)
{
    struct candidates c = {0};
    for (const struct source *source = l->sources; source; source = source->next) {
        enum rule_read read = source->hides ? read_of(rule_of(source->hides, name)) : RULE_READ_ALLOW;
        bool has = scope_source_shows(source, name);
        c.known += has;
        c.unknown = c.unknown || (!has && scope_column_count(source) < 0);
        if (read == RULE_READ_DENY && !has)
            c.denied = source;
        else if (read == RULE_READ_MASK && has && source->bare)
            c.masked = source;
        else if (source->hides && !has && scope_is_system_column(name))
            c.system = source;
    }
    return c;
}

/* A name without a qualifier: the innermost level that has such a column. */
static int check_bare(struct scoper *s, const struct level *l, const ColumnRef *ref, const char *name)
{
    bool certain = true;
    for (const struct level *at = l; at; at = at->outer) {
        struct candidates c = find_candidates(at, name);
        if (c.denied && (c.denied->bare || (!c.known && !is_output(at, name))))
            return deny(s, c.denied->hides, rule_of(c.denied->hides, name), "for ", ref->location);
        if (c.masked && c.known > 1) /* the mask would name one of them */
            return scope_refuse(s, SQLSTATE_AMBIGUOUS_COLUMN, ref->location,
                                "column reference \"%s\" is ambiguous", name);
        if (c.masked && !certain)
            return scope_refuse(s, SQLSTATE_FEATURE_NOT_SUPPORTED, ref->location,
                                "column \"%s\" must be written with its table's name here", name);
        if (c.masked)
            return note_mask(s, c.masked, ref, name);
        if (c.known)
            return 0;
        if (c.system)
            return refuse_system(s, c.system, name, ref->location);
        certain = certain && !c.unknown;
    }
    const struct source *row = scope_find_source(l, name);
    if (row && row->bare)
        return refuse_row(s, row, ref->location);
    return row ? 0 : check_old_new(s, l, name, ref->location);
}

static int check_star(struct scoper *s, const struct source *source, const ColumnRef *ref)
{
    if (!source->hides)
        return 0;
    if (source->bare && !find_change(s, ref))
        return refuse_row(s, source, ref->location);
    s->leaves_out = true;
    return 0;
}

/* schema.relation.column does not find a subselect, and would go on to a relation further out. */
static void drop_schema(struct scoper *s, const struct source *source, const ColumnRef *ref)
{
    bool wrapped = source->leaf ? source->leaf->wrap : source->hides && !source->bare;
    if (wrapped && list_length(ref->fields) == 3 && !find_change(s, ref))
        scope_change(s, CHANGE_NO_SCHEMA, NULL)->target = ref;
}

static int check_qualified(struct scoper *s, const struct level *l, const ColumnRef *ref,
                           const char *name)
{
    const struct source *source = scope_qualifier(l, ref);
    if (!source)
        return check_old_new(s, l, scope_ref_name(ref, 0), ref->location);
    drop_schema(s, source, ref);
    if (!source->hides)
        return 0;
    if (!name)
        return check_star(s, source, ref);
    const struct rule_column *rule = rule_of(source->hides, name);
    bool has = scope_source_shows(source, name);
    if (!has && read_of(rule) == RULE_READ_DENY)
        return deny(s, source->hides, rule, "for ", ref->location);
    if (!has && scope_is_system_column(name))
        return refuse_system(s, source, name, ref->location);
    if (!source->bare)
        return 0;
    if (!has) /* could be a function of the whole row */
        return scope_refuse(s, SQLSTATE_UNDEFINED_COLUMN, ref->location,
                            "column %s.%s does not exist", source->alias, name);
    return read_of(rule) == RULE_READ_MASK ? note_mask(s, source, ref, name) : 0;
}

int scope_columns_ref(struct scoper *s, struct level *l, const ColumnRef *ref)
{
    int n = list_length(ref->fields);
    const char *last = scope_ref_name(ref, -1);
    if (n > 1)
        return check_qualified(s, l, ref, last);
    if (last)
        return check_bare(s, l, ref, last);
    for (const struct source *source = l->sources; source; source = source->next)
        if (check_star(s, source, ref) < 0)
            return -1;
    return 0;
}

int scope_columns_field(struct scoper *s, const struct level *l, const Node *row, const char *name)
{
    const ColumnRef *ref = row && IsA(row, ColumnRef) ? (const ColumnRef *)row : NULL;
    const char *alias = ref ? scope_ref_name(ref, -1) : NULL;
    const struct source *source = alias ? scope_find_source(l, alias) : NULL;
    const struct rule_column *rule = source && source->hides ? rule_of(source->hides, name) : NULL;
    return read_of(rule) == RULE_READ_DENY && !scope_source_shows(source, name)
               ? deny(s, source->hides, rule, "for ", ref->location)
               : 0;
}

int scope_columns_call(struct scoper *s, const struct level *l, const FuncCall *call)
{
    return list_length(call->args) == 1
               ? scope_columns_field(s, l, linitial(call->args), strVal(llast(call->funcname)))
               : 0;
}

int scope_columns_using(struct scoper *s, const struct level *l, const struct source *end,
                        const char *name)
{
    for (const struct source *source = l->sources; source != end; source = source->next) {
        const struct rule_column *rule = source->hides ? rule_of(source->hides, name) : NULL;
        if (read_of(rule) == RULE_READ_DENY && !scope_source_shows(source, name))
            return deny(s, source->hides, rule, "for ", -1);
    }
    return 0;
}

/* -- what is written -- */

int scope_columns_write(struct scoper *s, const struct access *a, const char *name, int location)
{
    const struct rule_column *rule = rule_of(a, name);
    return rule && rule->write_deny ? deny(s, a, rule, "to set ", location) : 0;
}

static const struct rule_column *hidden_in_key(const struct access *a, const struct catalog_key *key)
{
    for (size_t i = 0; i < a->rel->ncolumns; i++)
        for (size_t k = 0; k < key->nattnums && read_of(a->columns[i]) != RULE_READ_ALLOW; k++)
            if (key->attnums[k] == a->rel->columns[i].attnum)
                return a->columns[i];
    return NULL;
}

int scope_columns_infer(struct scoper *s, const struct access *a, const char *name,
                        const char *constraint, int location)
{
    const struct rule_column *rule = name && a->hides ? rule_of(a, name) : NULL;
    for (size_t i = 0; constraint && a->hides && !rule && i < a->rel->nkeys; i++)
        if (!strcmp(a->rel->keys[i].name, constraint))
            rule = hidden_in_key(a, &a->rel->keys[i]);
    return read_of(rule) == RULE_READ_ALLOW ? 0 : deny(s, a, rule, "for ", location);
}

bool scope_columns_replaced(const struct scoper *s, const ColumnRef *ref)
{
    return find_change(s, ref) != NULL;
}

static bool holds_target(Node *node, struct scoper *s)
{
    if (!node)
        return false;
    if (IsA(node, ColumnRef))
        return find_change(s, (const ColumnRef *)node) != NULL;
    return raw_expression_tree_walker(node, holds_target, s);
}

bool scope_columns_masked(struct scoper *s, Node *node)
{
    return holds_target(node, s);
}

int scope_columns_deny(struct scoper *s, const struct access *a, const char *name, int location)
{
    return deny(s, a, rule_of(a, name), "for ", location);
}

/* -- RETURNING -- */

/* `*` is the sources in order; they are linked last first. */
static int star_shown(struct scoper *s, const struct source *source, int location, List **ret)
{
    if (!source)
        return 0;
    if (star_shown(s, source->next, location, ret) < 0)
        return -1;
    if (!source->alias)
        return scope_refuse(s, SQLSTATE_FEATURE_NOT_SUPPORTED, location,
                            "RETURNING must name its columns here");
    if (source->bare) {
        *ret = list_concat(*ret, scope_columns_shown(source->hides, source->alias, NULL));
        return 0;
    }
    struct shown *all = palloc0(sizeof *all);
    all->ref = source->alias;
    *ret = lappend(*ret, all);
    return 0;
}

static int write_out(struct scoper *s, struct level *l, Node *stmt, const ResTarget *target)
{
    const ColumnRef *star = (const ColumnRef *)target->val;
    List *shown = NIL;
    const struct source *source = NULL;
    if (list_length(star->fields) > 1) {
        source = scope_qualifier(l, star);
        if (source && source->bare)
            shown = scope_columns_shown(source->hides, source->alias, NULL);
    } else if (bare_target(l)) {
        if (l->merged)
            return scope_refuse(s, SQLSTATE_FEATURE_NOT_SUPPORTED, star->location,
                                "RETURNING must name its columns here");
        if (star_shown(s, l->sources, star->location, &shown) < 0)
            return -1;
    }
    if (!shown)
        return 0;
    if (target->name) /* PostgreSQL takes no notice of it */
        return scope_refuse(s, SQLSTATE_FEATURE_NOT_SUPPORTED, star->location,
                            "a star in RETURNING cannot have a name here");
    struct change *c = scope_change(s, CHANGE_RETURNING, stmt);
    c->target = star;
    c->shown = shown;
    return 0;
}

int scope_returning(struct scoper *s, struct level *l, Node *stmt, List *targets)
{
    ListCell *cell;
    foreach (cell, targets) {
        const ResTarget *target = lfirst(cell);
        if (IsA(target->val, ColumnRef) &&
            IsA(llast(((const ColumnRef *)target->val)->fields), A_Star) &&
            write_out(s, l, stmt, target) < 0)
            return -1;
    }
    return scope_expr(s, l, (Node *)targets);
}
