#include "daemon/transfer.h"

#include "policy/rules.h"
#include "protocol/buf.h"
#include "protocol/sqlstate.h"

#include <stdlib.h>
#include <string.h>

#define DEPTH_MAX 32 /* of parents' parents; conf/ refuses rings */

/* -- SQL -- */

void transfer_put(struct buf *sql, const char *text)
{
    buf_append(sql, text, strlen(text));
}

static void quoted(struct slice text, char quote, struct buf *sql)
{
    buf_append(sql, &quote, 1);
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] == quote)
            buf_append(sql, &quote, 1);
        buf_append(sql, text.data + i, 1);
    }
    buf_append(sql, &quote, 1);
}

void transfer_quote(const char *name, struct buf *sql)
{
    quoted((struct slice){name, strlen(name)}, '"', sql);
}

void transfer_literal(struct slice text, struct buf *sql)
{
    quoted(text, '\'', sql);
}

void transfer_name(const struct catalog_relation *r, struct buf *sql)
{
    transfer_quote(r->schema, sql);
    transfer_put(sql, ".");
    transfer_quote(r->name, sql);
}

const char *transfer_sql(struct buf *sql, struct err *err)
{
    buf_append(sql, "", 1);
    if (!sql->failed)
        return buf_peek(sql).data;
    err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
    return NULL;
}

/* -- which rows -- */

static const struct rule_table *rule_of(const struct transfer *t, const struct catalog_relation *r)
{
    return rules_find(&t->conf->rules, r->schema, r->name);
}

/* NULL: not by a column of its own. */
static const char *tenant_column(const struct transfer *t, const struct catalog_relation *r)
{
    const struct rules *rules = &t->conf->rules;
    const struct rule_table *rule = rule_of(t, r);
    if (rule && rule->kind != RULE_UNLISTED)
        return rule->kind == RULE_SCOPED ? rule->tenant_column : NULL;
    return rules->unlisted_scoped && catalog_column(r, rules->tenant_column) ? rules->tenant_column
                                                                             : NULL;
}

static void condition(const struct transfer *t, const struct catalog_relation *r, int depth,
                      struct buf *sql)
{
    const char *column = tenant_column(t, r);
    const struct rule_table *rule = rule_of(t, r);
    if (column) {
        transfer_quote(column, sql);
        transfer_put(sql, " = ");
        transfer_literal((struct slice){t->tenant, strlen(t->tenant)}, sql);
        return;
    }
    const struct catalog_relation *parent =
        rule && rule->kind == RULE_THROUGH && depth < DEPTH_MAX
            ? catalog_find(t->catalog, rule->parent_schema, rule->parent_table)
            : NULL;
    if (!parent) {
        transfer_put(sql, "false");
        return;
    }
    transfer_quote(rule->through_column, sql);
    transfer_put(sql, " IN (SELECT ");
    transfer_quote(rule->parent_column, sql);
    transfer_put(sql, " FROM ");
    transfer_name(parent, sql);
    transfer_put(sql, " WHERE ");
    condition(t, parent, depth + 1, sql);
    transfer_put(sql, ")");
}

void transfer_condition(const struct transfer *t, const struct transfer_table *table, struct buf *sql)
{
    if (t->alone || table->shared)
        transfer_put(sql, "true");
    else
        condition(t, table->relation, 0, sql);
}

/* -- which tables, and their order -- */

static bool is_partition(const struct transfer *t, const struct catalog_relation *r)
{
    for (size_t i = 0; i < r->nparents; i++) {
        const struct catalog_relation *parent = catalog_find_oid(t->catalog, r->parents[i]);
        if (parent && parent->kind == 'p')
            return true;
    }
    return false;
}

static bool is_moved(const struct transfer *t, const struct catalog_relation *r)
{
    const struct rule_table *rule = rule_of(t, r);
    if ((r->kind != 'r' && r->kind != 'p') || is_partition(t, r) || (rule && rule->kind == RULE_DENIED))
        return false;
    return tenant_column(t, r) || (rule && (rule->kind == RULE_THROUGH || rule->kind == RULE_SHARED));
}

static bool is_listed(const struct transfer *t, const struct catalog_relation *r)
{
    for (size_t i = 0; i < t->ntables; i++)
        if (t->tables[i].relation == r)
            return true;
    return false;
}

/* ${r} behind all it refers to; rings are cut where they are entered. */
static void list(struct transfer *t, const struct catalog_relation *r, const struct catalog_relation **way,
                 size_t depth)
{
    if (!is_moved(t, r) || is_listed(t, r) || depth == DEPTH_MAX)
        return;
    for (size_t i = 0; i < depth; i++)
        if (way[i] == r)
            return;
    way[depth] = r;
    for (size_t i = 0; i < r->nforeign_keys; i++) {
        const struct catalog_relation *parent = catalog_find(
            t->catalog, r->foreign_keys[i].parent_schema, r->foreign_keys[i].parent_table);
        if (parent)
            list(t, parent, way, depth + 1);
    }
    if (is_listed(t, r))
        return;
    const struct rule_table *rule = rule_of(t, r);
    t->tables[t->ntables++] = (struct transfer_table){
        r, tenant_column(t, r), rule && rule->kind == RULE_SHARED};
}

static int list_all(struct transfer *t, struct err *err)
{
    const struct catalog_relation *way[DEPTH_MAX];
    const struct catalog_relation *const *all;
    size_t n = catalog_relations(t->catalog, &all);
    t->tables = calloc(n + 1, sizeof *t->tables);
    if (!t->tables)
        return err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
    for (size_t i = 0; i < n; i++)
        list(t, all[i], way, 0);
    return 0;
}

const struct transfer_table *transfer_find(const struct transfer *t, const char *schema, const char *name)
{
    for (size_t i = 0; i < t->ntables; i++)
        if (strcmp(t->tables[i].relation->schema, schema) == 0 &&
            strcmp(t->tables[i].relation->name, name) == 0)
            return &t->tables[i];
    return NULL;
}

/* -- the beginning and the end -- */

/* Policies of the database: they let this tenant's rows through, or say that they hide some. */
static int pass_policies(struct transfer *t, struct err *err)
{
    struct buf sql;
    if (talk_store(t->talk))
        return 0;
    if (!isolation_has_rls(t->entry->isolation))
        return talk_run(t->talk, "SET row_security = off", NULL, NULL, err);
    buf_init(&sql, 1 << 16);
    transfer_put(&sql, "SELECT set_config(");
    transfer_literal((struct slice){t->conf->rules.rls_setting, strlen(t->conf->rules.rls_setting)}, &sql);
    transfer_put(&sql, ", ");
    transfer_literal((struct slice){t->tenant, strlen(t->tenant)}, &sql);
    transfer_put(&sql, ", false)");
    const char *text = transfer_sql(&sql, err);
    int rc = text ? talk_run(t->talk, text, NULL, NULL, err) : -1;
    buf_release(&sql);
    return rc;
}

int transfer_begin(struct transfer *t, struct conf *conf, const char *tenant, struct talk *talk,
                   struct err *err)
{
    *t = (struct transfer){.conf = conf, .tenant = tenant, .talk = talk};
    t->entry = conf_tenant_find(conf, (struct slice){tenant, strlen(tenant)});
    if (!t->entry)
        return err_set(err, SQLSTATE_INVALID_AUTHORIZATION, "tenant \"%s\" does not exist", tenant);
    if (t->entry->isolation == ISOLATION_SCHEMA)
        return err_set(err, SQLSTATE_FEATURE_NOT_SUPPORTED,
                       "tenants with a schema of their own are moved by pg_dump --schema");
    if (!talk && talk_open(conf, t->entry, tenant, &t->talk, err) < 0)
        return -1;
    t->alone = t->entry->isolation == ISOLATION_DATABASE;
    if (pass_policies(t, err) < 0 || talk_catalog(t->talk, &t->catalog, err) < 0)
        return -1;
    return list_all(t, err);
}

void transfer_end(struct transfer *t)
{
    free(t->tables);
    catalog_unref(t->catalog);
    talk_close(t->talk);
}
