#include "policy/rules.h"

#include <stdlib.h>
#include <string.h>

/* Static texts behind a `char *`: rules that a configuration owns are freed there, these never. */
static char default_column[] = "tenantId", default_setting[] = "app.tenant";

const struct rules rules_default = {
    .tenant_column = default_column,
    .unlisted_scoped = true,
    .rls_setting = default_setting,
    .hints = true,
    .limits = {.statement_bytes = 16u << 20, .tokens = 200000, .depth = 200, .chain = 10000},
};

static int table_compare(const struct rule_table *t, const char *schema, const char *name)
{
    int by_name = strcmp(name, t->name);
    if (by_name)
        return by_name;
    if (!schema || !t->schema) /* an entry without a schema stands before those with one */
        return (schema != NULL) - (t->schema != NULL);
    return strcmp(schema, t->schema);
}

static const struct rule_table *find(const struct rules *r, const char *schema, const char *name)
{
    size_t low = 0, high = r->ntables;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        int order = table_compare(&r->tables[mid], schema, name);
        if (order == 0)
            return &r->tables[mid];
        if (order < 0)
            high = mid;
        else
            low = mid + 1;
    }
    return NULL;
}

const struct rule_table *rules_find(const struct rules *r, const char *schema, const char *name)
{
    const struct rule_table *exact = schema ? find(r, schema, name) : NULL;
    return exact ? exact : find(r, NULL, name);
}

void rules_hint(const struct rules *r, const struct rule_table *entry, const char *key,
                struct err *err)
{
    if (!r->hints)
        return;
    const char *file = entry && entry->file ? entry->file : r->file;
    if (entry)
        err_hint(err, "rule policy.tables.%s, %s:%d", entry->name, file ? file : "built in",
                 entry->line);
    else
        err_hint(err, "rule policy%s%s, %s:%d", key ? "." : "", key ? key : "",
                 file ? file : "built in", r->line);
}

void rules_hint_column(const struct rules *r, const struct rule_column *c, struct err *err)
{
    if (r->hints)
        err_hint(err, "rule policy.tables.%s.columns.%s, %s:%d", c->table, c->name,
                 c->file ? c->file : "built in", c->line);
}
