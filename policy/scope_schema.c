/* A schema for each tenant: what names mean, and saying it in the text.
 *
 * The server's search_path has the tenant's schema first, but nothing rests on that: every relation's name
 * gets its schema in the text.  Applications that were written for one tenant call that schema `public`, so
 * `public` means the tenant's, and only what that lacks may be found in the real one. */
#include "policy/scope.h"

#include "protocol/sqlstate.h"

#include <string.h>

static const char said[] = SCOPE_SCHEMA_SAID;

bool scope_is_own_place(const struct scoper *s, const struct catalog_relation *rel)
{
    if (s->auth.schema)
        return !strcmp(rel->schema, s->auth.schema);
    return s->auth.isolation == ISOLATION_DATABASE;
}

const char *scope_schema_meant(struct scoper *s, const char *schema, const char *name, int location)
{
    const char *own = s->auth.schema;
    if (!strcmp(schema, own))
        return own;
    if (!strcmp(schema, said))
        return catalog_find(s->catalog, own, name) ? own : said;
    const struct rule_table *entry = rules_find(s->rules, schema, name);
    if (entry && entry->schema && entry->kind == RULE_SHARED)
        return schema;
    scope_refuse(s, SQLSTATE_INSUFFICIENT_PRIVILEGE, location,
                 "permission denied for schema \"%s\"", schema);
    rules_hint(s->rules, NULL, "isolation", s->err);
    return NULL;
}

static void change(struct scoper *s, Node *name, const char *schema)
{
    scope_change(s, CHANGE_SCHEMA, name)->schema = schema;
}

void scope_qualify(struct scoper *s, RangeVar *var, const struct catalog_relation *rel)
{
    if (s->auth.schema && (!var->schemaname || strcmp(var->schemaname, rel->schema) != 0))
        change(s, (Node *)var, rel->schema);
}

void scope_qualify_ref(struct scoper *s, const struct source *source, ColumnRef *ref)
{
    const Node *first = linitial(ref->fields);
    if (list_length(ref->fields) == 3 && source->said && IsA(first, String) &&
        !strcmp(strVal(first), source->said))
        change(s, (Node *)ref, source->schema);
}

void scope_qualify_type(struct scoper *s, TypeName *type)
{
    const char *own = s->auth.schema;
    if (!own || list_length(type->names) != 2 || strcmp(strVal(linitial(type->names)), said) != 0)
        return;
    const char *name = strVal(lsecond(type->names));
    name += name[0] == '_'; /* an array's */
    if (catalog_has_user_type(s->catalog, own, name) || catalog_find(s->catalog, own, name))
        change(s, (Node *)type, own);
}
