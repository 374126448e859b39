#include "policy/rls.h"

#include "policy/policy.h"
#include "policy/scope.h"

#include <stdio.h>
#include <string.h>

struct out {
    const struct rules *rules;
    const struct catalog *catalog;
    struct buf *to;
};

static void add(const struct out *o, const char *words)
{
    buf_append(o->to, words, strlen(words));
}

static void add_quoted(const struct out *o, const char *words, char quote)
{
    buf_quote(o->to, words, quote);
}

static void add_table(const struct out *o, const struct catalog_relation *rel)
{
    add_quoted(o, rel->schema, '"');
    add(o, ".");
    add_quoted(o, rel->name, '"');
}

/* -- which rows -- */

struct rows {
    enum rule_kind kind;
    const struct catalog_column *column; /* the tenant's, or that which refers to the parent */
    const struct catalog_relation *parent;
    const struct catalog_column *key;
    bool read_only;
};

/* false: no policy says it, and the table is not for tenants. */
static bool rows_of(const struct out *o, const struct catalog_relation *rel, struct rows *ret)
{
    const struct policy_rule rule = policy_rule_of(o->rules, o->catalog, rel);
    const struct rule_table *e = rule.entry;
    *ret = (struct rows){.kind = rule.kind,
                         .column = rule.column,
                         .read_only = e && (e->write_deny || e->kind == RULE_SHARED)};
    switch (ret->kind) {
    case RULE_SCOPED:
        return ret->column != NULL;
    case RULE_THROUGH:
        ret->parent = catalog_find(o->catalog, e->parent_schema, e->parent_table);
        ret->key = ret->parent ? catalog_column(ret->parent, e->parent_column) : NULL;
        return ret->column && ret->key;
    case RULE_SHARED:
        return true;
    case RULE_UNLISTED:
    case RULE_DENIED:
        break;
    }
    return false;
}

/* An empty setting, which a transaction leaves behind, is no tenant.  As a subquery it is evaluated once. */
static void add_tenant(const struct out *o, const struct catalog_column *column)
{
    const char *type = scope_cast_type(column);
    add(o, "(SELECT NULLIF(pg_catalog.current_setting(");
    add_quoted(o, o->rules->rls_setting, '\'');
    add(o, ", true), '')::");
    add(o, type ? type : column->type_name);
    add(o, ")");
}

static bool condition(const struct out *o, const struct rows *rows, int depth)
{
    char alias[16];
    struct rows above;
    if (depth > 0) {
        snprintf(alias, sizeof alias, "p%d.", depth);
        add(o, alias);
    }
    add_quoted(o, rows->column->name, '"');
    if (rows->kind == RULE_SCOPED) {
        add(o, " = ");
        add_tenant(o, rows->column);
        return true;
    }
    if (depth == SCOPE_MAX_PARENTS || !rows_of(o, rows->parent, &above) || above.kind == RULE_SHARED)
        return false;
    snprintf(alias, sizeof alias, "p%d", depth + 1);
    add(o, " IN (SELECT ");
    add(o, alias);
    add(o, ".");
    add_quoted(o, rows->key->name, '"');
    add(o, " FROM ");
    add_table(o, rows->parent);
    add(o, " AS ");
    add(o, alias);
    add(o, " WHERE ");
    bool known = condition(o, &above, depth + 1);
    add(o, ")");
    return known;
}

/* -- policies -- */

static void drop(const struct out *o, const char *policy, const struct catalog_relation *rel)
{
    add(o, "DROP POLICY IF EXISTS ");
    add(o, policy);
    add(o, " ON ");
    add_table(o, rel);
    add(o, ";\n");
}

static void create(const struct out *o, const char *policy, const struct catalog_relation *rel,
                   const char *how)
{
    drop(o, policy, rel);
    add(o, "CREATE POLICY ");
    add(o, policy);
    add(o, " ON ");
    add_table(o, rel);
    add(o, how);
}

static void policies(const struct out *o, const struct catalog_relation *rel)
{
    struct rows rows;
    struct buf where;
    if (!rows_of(o, rel, &rows))
        return;
    buf_init(&where, 1 << 20);
    const struct out inner = {o->rules, o->catalog, &where};
    if (rows.kind != RULE_SHARED && !condition(&inner, &rows, 0)) {
        buf_release(&where);
        return;
    }
    buf_append(&where, "", 1);
    add(o, "\nALTER TABLE ");
    add_table(o, rel);
    add(o, " ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;\n");
    create(o, "partywall_access", rel,
           rows.read_only ? " FOR SELECT USING (true);\n" : " USING (true) WITH CHECK (true);\n");
    if (where.failed) {
        buf_fail(o->to);
    } else if (rows.kind == RULE_SHARED) {
        drop(o, "partywall_tenant", rel);
    } else {
        create(o, "partywall_tenant", rel, " AS RESTRICTIVE\n  USING (");
        add(o, buf_peek(&where).data);
        add(o, ")\n  WITH CHECK (");
        add(o, buf_peek(&where).data);
        add(o, ");\n");
    }
    buf_release(&where);
}

void rls_sql(const struct rules *rules, const struct catalog *catalog, struct buf *ret)
{
    const struct out o = {rules, catalog, ret};
    const struct catalog_relation *const *all;
    size_t n = catalog_relations(catalog, &all);
    add(&o, "BEGIN;\nSET LOCAL client_min_messages = warning;\n");
    for (size_t i = 0; i < n; i++)
        if (strchr("rp", all[i]->kind))
            policies(&o, all[i]);
    add(&o, "\nCOMMIT;\n");
}
