#include "daemon/check_live.h"

#include "daemon/catalog_load.h"
#include "daemon/options.h"
#include "policy/policy.h"
#include "protocol/buf.h"
#include "protocol/sqlstate.h"

#include <stdio.h>
#include <string.h>

static const char check_sql[] =
#include "check_live_sql.inc"
    ;

enum {
    PARAM_OIDS,
    PARAM_ATTNUMS,
    PARAM_THROUGH,
    PARAM_FUNCTIONS,
    PARAMS
}; /* as the query has them */
enum { PARAM_MAX_BYTES = 16 << 20 };

struct check {
    const struct conf *conf;
    const struct conf_backend *backend;
    struct catalog *catalog;
    struct buf params[PARAMS]; /* arrays in the server's language */
    unsigned warnings, notes;
};

static void say(struct check *c, const char *level, const char *finding, const char *mend)
{
    bool warns = strcmp(level, "warning") == 0;
    c->warnings += warns;
    c->notes += !warns;
    fprintf(stdout, "%s: %s: %s\n    %s\n", c->backend->name, level, finding, mend);
}

/* -- rules and tables -- */

static void say_denied(struct check *c, const struct catalog_relation *rel)
{
    char finding[512], mend[512];
    const struct catalog_foreign_key *fk = NULL; /* to a parent that could tell the tenant */
    for (size_t i = 0; i < rel->nforeign_keys && !fk; i++)
        if (rel->foreign_keys[i].ncolumns == 1)
            fk = &rel->foreign_keys[i];
    snprintf(finding, sizeof finding,
             "%s.%s: no rule names it and it has no column %s: tenants cannot "
             "use it",
             rel->schema, rel->name, c->conf->rules.tenant_column);
    const struct catalog_column *column = fk ? catalog_column_at(rel, fk->attnums[0]) : NULL;
    if (column)
        snprintf(mend, sizeof mend, "policy.tables: {%s: {through: {%s: %s.%s}}}, or denied",
                 rel->name, column->name, fk->parent_table, fk->parent_columns[0]);
    else
        snprintf(mend, sizeof mend, "policy.tables: {%s: shared}, or denied", rel->name);
    say(c, "note", finding, mend);
}

static void add_table(struct check *c, const struct catalog_relation *rel,
                      const struct catalog_column *column, bool through)
{
    const char *comma = buf_len(&c->params[PARAM_OIDS]) > 1 ? "," : "";
    char text[32];
    int n = snprintf(text, sizeof text, "%s%u", comma, rel->oid);
    buf_append(&c->params[PARAM_OIDS], text, (size_t)n);
    n = snprintf(text, sizeof text, "%s%d", comma, column->attnum);
    buf_append(&c->params[PARAM_ATTNUMS], text, (size_t)n);
    n = snprintf(text, sizeof text, "%s%c", comma, through ? 't' : 'f');
    buf_append(&c->params[PARAM_THROUGH], text, (size_t)n);
}

/* What tenants can do with ${rel}: into the arrays if rows of it are theirs. */
static void sort_table(struct check *c, const struct catalog_relation *rel)
{
    const struct policy_rule rule = policy_rule_of(&c->conf->rules, c->catalog, rel);
    if (!strchr("rpvmf", rel->kind))
        return;
    if (rule.column && (rule.kind == RULE_SCOPED || rule.kind == RULE_THROUGH))
        add_table(c, rel, rule.column, rule.kind == RULE_THROUGH);
    else if (!rule.entry && !rule.column && catalog_find(c->catalog, NULL, rel->name) == rel)
        say_denied(c, rel);
}

static void sort_tables(struct check *c)
{
    const struct catalog_relation *const *relations;
    size_t n = catalog_relations(c->catalog, &relations);
    for (size_t i = 0; i < n; i++)
        sort_table(c, relations[i]);
}

static void say_idle_rule(struct check *c, const struct rule_table *t, const char *what,
                          const char *name)
{
    char finding[512], mend[512];
    snprintf(finding, sizeof finding, "policy.tables.%s has no effect: there is no %s %s", t->name,
             what, name);
    snprintf(mend, sizeof mend, "%s:%d", t->file ? t->file : "policy", t->line);
    say(c, "warning", finding, mend);
}

/* Rules that name what is not there: most often a misspelt name, and the table goes without its
 * rule. */
static void check_rules(struct check *c)
{
    const struct rules *rules = &c->conf->rules;
    for (size_t i = 0; i < rules->ntables; i++) {
        const struct rule_table *t = &rules->tables[i];
        const struct catalog_relation *rel = catalog_find(c->catalog, t->schema, t->name);
        const char *column = t->kind == RULE_THROUGH  ? t->through_column
                             : t->kind == RULE_SCOPED ? t->tenant_column
                                                      : NULL;
        if (!rel)
            say_idle_rule(c, t, "relation", t->name);
        else if (column && !catalog_column(rel, column))
            say_idle_rule(c, t, "column", column);
        const struct catalog_relation *parent =
            t->kind == RULE_THROUGH ? catalog_find(c->catalog, t->parent_schema, t->parent_table)
                                    : NULL;
        if (t->kind == RULE_THROUGH && !parent)
            say_idle_rule(c, t, "parent", t->parent_table);
        else if (parent && !catalog_column(parent, t->parent_column))
            say_idle_rule(c, t, "parent's column", t->parent_column);
    }
}

/* -- PostgreSQL -- */

static void add_functions(const struct rules *rules, struct buf *ret)
{
    for (size_t i = 0; i < rules->nallowed_functions; i++) {
        buf_append(ret, i ? ",\"" : "\"", i ? 2 : 1);
        for (const char *p = rules->allowed_functions[i]; *p; p++) {
            if (*p == '"' || *p == '\\')
                buf_append(ret, "\\", 1);
            buf_append(ret, p, 1);
        }
        buf_append(ret, "\"", 1);
    }
}

static int ask(struct check *c, PGconn *conn, struct err *err)
{
    PGresult *res;
    const char *params[PARAMS];
    add_functions(&c->conf->rules, &c->params[PARAM_FUNCTIONS]);
    for (int i = 0; i < PARAMS; i++) {
        if (buf_append(&c->params[i], "}", 2) < 0)
            return err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
        params[i] = buf_peek(&c->params[i]).data;
    }
    if (catalog_query(conn, "SET search_path = pg_catalog", NULL, 0, &res, err) < 0)
        return -1;
    PQclear(res);
    if (catalog_query(conn, check_sql, params, PARAMS, &res, err) < 0)
        return -1;
    for (int i = 0; i < PQntuples(res); i++)
        say(c, PQgetvalue(res, i, 0), PQgetvalue(res, i, 1), PQgetvalue(res, i, 2));
    PQclear(res);
    return 0;
}

static int check_postgres(struct check *c, struct err *err)
{
    PGconn *conn;
    if (catalog_connect(c->backend->postgres, NULL, c->backend->secret, &conn, err) < 0)
        return -1;
    int rc = ask(c, conn, err);
    PQfinish(conn);
    return rc;
}

/* -- all -- */

static int check_backend(struct check *c, struct err *err)
{
    if (catalog_load_backend(c->backend, NULL, &c->catalog, err) < 0)
        return -1;
    for (int i = 0; i < PARAMS; i++) {
        buf_init(&c->params[i], PARAM_MAX_BYTES);
        buf_append(&c->params[i], "{", 1);
    }
    check_rules(c);
    sort_tables(c);
    int rc = c->backend->postgres ? check_postgres(c, err) : 0;
    for (int i = 0; i < PARAMS; i++)
        buf_release(&c->params[i]);
    catalog_unref(c->catalog);
    return rc;
}

int check_live_run(const char *conf_path)
{
    int status = options_run_check(conf_path);
    struct conf *conf = status == 0 ? options_load(conf_path) : NULL;
    for (size_t i = 0; conf && i < conf->nbackends; i++) {
        struct check c = {.conf = conf, .backend = &conf->backends[i]};
        struct err err;
        if (check_backend(&c, &err) < 0) {
            fprintf(stderr, "partywall: back end \"%s\": %s\n", c.backend->name, err.message);
            status = 1;
            continue;
        }
        fprintf(stdout, "%s: %u warnings, %u notes\n", c.backend->name, c.warnings, c.notes);
        if (c.warnings)
            status = 1;
    }
    conf_unref(conf);
    return fflush(stdout) == 0 ? status : 1;
}
