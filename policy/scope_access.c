/* Which rule governs a relation, and which of its rows are the tenant's. */
#include "policy/scope.h"

#include "protocol/sqlstate.h"

#include <string.h>

int scope_refuse(struct scoper *s, const char *sqlstate, int location, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    err_vset(s->err, sqlstate, format, args);
    va_end(args);
    s->err->position = location >= 0 ? location + 1 : 0;
    return -1;
}

static void hint_rule(struct scoper *s, const struct rule_table *entry)
{
    rules_hint(s->rules, entry, entry ? NULL : "unlisted_tables", s->err);
}

void *scope_node(size_t size, NodeTag tag)
{
    Node *node = palloc0(size);
    node->type = tag;
    return node;
}

/* PostgreSQL's well-known oids: pg_type.dat. */
const char *scope_cast_type(const struct catalog_column *column)
{
    switch (column->type_oid) {
    case 25:   /* text */
    case 19:   /* name */
    case 1042: /* char(n): compared as text, so that no length cuts the tenant's name */
    case 1043: /* varchar(n) */
        return "text";
    case 21:
        return "int2";
    case 23:
        return "int4";
    case 20:
        return "int8";
    case 2950:
        return "uuid";
    }
    return NULL;
}

static const struct rule_table *own_entry(const struct rules *rules, const struct catalog *catalog,
                                          const struct catalog_relation *rel)
{
    const struct rule_table *entry = rules_find(rules, rel->schema, rel->name);
    /* an entry without a schema means the table that the bare name finds, no other */
    return entry && (entry->schema || catalog_find(catalog, NULL, rel->name) == rel) ? entry : NULL;
}

const struct rule_table *scope_entry(const struct scoper *s, const struct catalog_relation *rel)
{
    return own_entry(s->rules, s->catalog, rel);
}

/* Its own, or a parent's; of several, one that denies it. */
static const struct rule_table *entry_of(const struct rules *rules, const struct catalog *catalog,
                                         const struct catalog_relation *rel)
{
    const struct rule_table *found = own_entry(rules, catalog, rel);
    if (found)
        return found;
    for (size_t i = 0; i < rel->nparents; i++) {
        const struct catalog_relation *parent = catalog_find_oid(catalog, rel->parents[i]);
        const struct rule_table *entry = parent ? entry_of(rules, catalog, parent) : NULL;
        if (entry && (!found || entry->kind == RULE_DENIED))
            found = entry;
    }
    return found;
}

struct policy_rule policy_rule_of(const struct rules *rules, const struct catalog *catalog,
                                  const struct catalog_relation *rel)
{
    struct policy_rule rule = {.entry = entry_of(rules, catalog, rel)};
    const char *column = rules->tenant_column;
    if (rule.entry)
        rule.kind = rule.entry->kind;
    else
        rule.kind = rules->unlisted_scoped ? RULE_SCOPED : RULE_DENIED;
    if (rule.kind == RULE_THROUGH)
        column = rule.entry->through_column;
    else if (rule.entry && rule.entry->tenant_column)
        column = rule.entry->tenant_column;
    rule.column = column ? catalog_column(rel, column) : NULL;
    return rule;
}

/* Does ${column} alone name one row of ${rel}?  If not, a tenant's row may have the key of another's. */
static bool is_key(const struct catalog_relation *rel, const struct catalog_column *column)
{
    for (size_t i = 0; i < rel->nkeys; i++)
        if (rel->keys[i].nattnums == 1 && rel->keys[i].attnums[0] == column->attnum)
            return true;
    return false;
}

static int access_through(struct scoper *s, struct access *a, const struct catalog_column *column,
                          int location)
{
    const struct rule_table *e = a->entry;
    const struct catalog_relation *parent =
        catalog_find(s->catalog, e->parent_schema, e->parent_table);
    a->column = column;
    a->key = parent ? catalog_column(parent, e->parent_column) : NULL;
    if (!a->column || !a->key) {
        scope_refuse(s, SQLSTATE_INSUFFICIENT_PRIVILEGE, location,
                     "permission denied for relation \"%s\": its rule names no existing column of "
                     "its parent", a->rel->name);
        hint_rule(s, e);
        return -1;
    }
    if (!is_key(parent, a->key)) {
        scope_refuse(s, SQLSTATE_INSUFFICIENT_PRIVILEGE, location,
                     "permission denied for relation \"%s\": column \"%s\" of its parent is not unique",
                     a->rel->name, a->key->name);
        hint_rule(s, e);
        return -1;
    }
    if (s->depth > SCOPE_MAX_PARENTS)
        return scope_refuse(s, SQLSTATE_FEATURE_NOT_SUPPORTED, location,
                            "relation \"%s\" is scoped through too many parents", a->rel->name);
    s->depth++;
    a->parent = scope_access_relation(s, parent, location);
    s->depth--;
    if (a->parent && a->parent->kind == RULE_SHARED)
        return scope_refuse(s, SQLSTATE_INSUFFICIENT_PRIVILEGE, location,
                            "relation \"%s\" is scoped through a shared table", a->rel->name);
    return a->parent ? 0 : -1;
}

static int denied(struct scoper *s, const struct access *a, int location)
{
    scope_refuse(s, SQLSTATE_INSUFFICIENT_PRIVILEGE, location,
                 "permission denied for relation \"%s\"", a->rel->name);
    hint_rule(s, a->entry);
    return -1;
}

/* Policies of the database hold on tables alone; elsewhere, in views, predicates do. */
static int access_policies(struct scoper *s, struct access *a, int location)
{
    if (!isolation_has_rls(s->auth.isolation) || !strchr("rp", a->rel->kind))
        return 0;
    a->whole = s->auth.isolation == ISOLATION_RLS;
    if (catalog_is_guarded(a->rel, s->rules->rls_setting))
        return 0;
    scope_refuse(s, SQLSTATE_INSUFFICIENT_PRIVILEGE, location,
                 "permission denied for relation \"%s\": no row security by the setting %s holds on it",
                 a->rel->name, s->rules->rls_setting);
    if (s->rules->hints)
        err_hint(s->err, "\"partywall policy --rls-sql\" prints the policies that it needs.");
    return -1;
}

/* Where all rows are the tenant's, a tenant column is kept right if there is one. */
static int access_own(struct access *a, const struct catalog_column *column)
{
    a->tenant = a->kind == RULE_SCOPED ? column : NULL;
    a->kind = RULE_SCOPED;
    a->whole = true;
    return 0;
}

static int access_rows(struct scoper *s, struct access *a, const struct catalog_column *column,
                       int location)
{
    if (scope_is_own_place(s, a->rel))
        return access_own(a, column);
    if (s->auth.schema)
        return denied(s, a, location);
    if (a->kind == RULE_THROUGH)
        return access_through(s, a, column, location) < 0 ? -1 : access_policies(s, a, location);
    a->tenant = column;
    return a->tenant ? access_policies(s, a, location) : denied(s, a, location);
}

static int access_fill(struct scoper *s, struct access *a, int location)
{
    const struct policy_rule rule = policy_rule_of(s->rules, s->catalog, a->rel);
    a->entry = rule.entry;
    a->kind = rule.kind;
    if (!strchr("rpvmf", a->rel->kind))
        return denied(s, a, location);
    switch (a->kind) {
    case RULE_SCOPED:
    case RULE_THROUGH:
        return access_rows(s, a, rule.column, location);
    case RULE_SHARED:
        return 0;
    case RULE_UNLISTED:
    case RULE_DENIED:
        break;
    }
    return denied(s, a, location);
}

const struct access *scope_access_relation(struct scoper *s, const struct catalog_relation *rel,
                                           int location)
{
    ListCell *cell;
    foreach (cell, s->accesses) {
        const struct access *known = lfirst(cell);
        if (known->rel == rel)
            return known;
    }
    struct access *a = palloc0(sizeof *a);
    a->rel = rel;
    if (access_fill(s, a, location) < 0 || scope_columns_fill(s, a, location) < 0)
        return NULL;
    s->accesses = lappend(s->accesses, a);
    return a;
}

const struct access *scope_access(struct scoper *s, RangeVar *var)
{
    const char *schema = var->schemaname;
    if (s->auth.schema && schema &&
        !(schema = scope_schema_meant(s, schema, var->relname, var->location)))
        return NULL;
    const struct catalog_relation *rel = catalog_find(s->catalog, schema, var->relname);
    if (rel) {
        scope_qualify(s, var, rel);
        return scope_access_relation(s, rel, var->location);
    }
    if (var->schemaname)
        scope_refuse(s, SQLSTATE_UNDEFINED_TABLE, var->location,
                     "relation \"%s.%s\" does not exist", var->schemaname, var->relname);
    else
        scope_refuse(s, SQLSTATE_UNDEFINED_TABLE, var->location, "relation \"%s\" does not exist",
                     var->relname);
    return NULL;
}

int scope_access_write(struct scoper *s, const struct access *a, const RangeVar *var)
{
    const char *why = NULL;
    if (a->kind == RULE_SHARED)
        why = "it is shared by all tenants";
    else if (a->entry && a->entry->write_deny)
        why = "it is read only";
    else if (a->rel->kind != 'r' && a->rel->kind != 'p')
        why = "it is not a table";
    else if (a->rel->has_rules)
        why = "it has rewrite rules";
    if (!why)
        return 0;
    scope_refuse(s, SQLSTATE_INSUFFICIENT_PRIVILEGE, var->location,
                 "permission denied to change relation \"%s\": %s", a->rel->name, why);
    hint_rule(s, a->entry);
    return -1;
}

/* Does the foreign key itself bind the tenant: is a column of it the tenant column of both tables? */
static bool binds_tenant(const struct access *a, const struct access *parent,
                         const struct catalog_foreign_key *fk)
{
    if (a->kind != RULE_SCOPED || parent->kind != RULE_SCOPED)
        return false;
    for (size_t i = 0; i < fk->ncolumns; i++)
        if (fk->attnums[i] == a->tenant->attnum &&
            !strcmp(fk->parent_columns[i], parent->tenant->name))
            return true;
    return false;
}

int scope_access_parent(struct scoper *s, const struct access *a,
                        const struct catalog_foreign_key *fk, const struct access **ret)
{
    *ret = NULL;
    if (scope_is_own_place(s, a->rel))
        return 0;
    const struct catalog_relation *rel =
        catalog_find(s->catalog, fk->parent_schema, fk->parent_table);
    if (!rel)
        return scope_refuse(s, SQLSTATE_INSUFFICIENT_PRIVILEGE, -1,
                            "foreign key \"%s\" refers to an unknown relation", fk->name);
    const struct policy_rule rule = policy_rule_of(s->rules, s->catalog, rel);
    if (rule.kind == RULE_SHARED || rule.kind == RULE_DENIED || (!rule.entry && !rule.column))
        return 0; /* nobody's rows: the key alone tells nothing of another tenant */
    const struct access *parent = scope_access_relation(s, rel, -1);
    if (!parent)
        return -1;
    if (!binds_tenant(a, parent, fk))
        *ret = parent;
    return 0;
}
