/* policy_fixture.h: catalogs and rules for tests of policy/, and a parsed statement to look at.
 *
 * fixture_attacks: the schema of tests/corpus/attacks_schema.sql with its rules.
 * fixture_product: the Prisma models of the product page, cuid keys, everything scoped.
 * fixture_columns: two tables with rules for columns of every kind, and a partition.
 * Columns are written "name type flags, ...": n NOT NULL, d has a default, g generated. */
#pragma once

#include "policy/authorise.h"
#include "policy/parse.h"
#include "policy/policy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIXTURE_MUST(x)                                                                            \
    do {                                                                                           \
        if (!(x)) {                                                                                \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #x);                                \
            exit(2);                                                                               \
        }                                                                                          \
    } while (0)

struct fixture {
    struct catalog *catalog;
    struct rules rules;
    struct authorise authorise;
    uint32_t next_oid;
};

static inline void fixture_column(struct catalog_relation *r, const char *spec, int16_t attnum)
{
    static const struct {
        const char *name;
        const char *shown;
        uint32_t oid;
        int32_t typmod;
    } types[] = {
        {"int4", "integer", 23, -1},
        {"int8", "bigint", 20, -1},
        {"text", "text", 25, -1},
        {"bool", "boolean", 16, -1},
        {"jsonb", "jsonb", 3802, -1},
        {"date", "date", 1082, -1},
        {"uuid", "uuid", 2950, -1},
        {"timestamptz", "timestamp with time zone", 1184, -1},
        {"timestamp3", "timestamp(3) without time zone", 1114, 3},
        {"varchar", "character varying", 1043, -1},
    };
    char name[64], type[32], flags[8] = "";
    FIXTURE_MUST(sscanf(spec, " %63s %31s %7s", name, type, flags) >= 2);
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        if (strcmp(types[i].name, type) != 0)
            continue;
        char shown[64];
        snprintf(shown, sizeof shown, "%s", types[i].shown);
        struct catalog_column column = {
            .name = name,
            .type_name = shown,
            .type_oid = types[i].oid,
            .typmod = types[i].typmod,
            .attnum = attnum,
            .not_null = strchr(flags, 'n') != NULL,
            .has_default = strchr(flags, 'd') != NULL,
            .generated = strchr(flags, 'g') != NULL,
        };
        catalog_add_column(r, &column);
        return;
    }
    FIXTURE_MUST(0 && "a type the fixture knows");
}

static inline struct catalog_relation *fixture_table(struct fixture *f, const char *name, char kind,
                                                     const char *columns)
{
    struct catalog_relation *r =
        catalog_add_relation(f->catalog, f->next_oid++, "public", name, kind);
    FIXTURE_MUST(r);
    char *copy = strdup(columns), *rest = copy;
    int16_t attnum = 1;
    for (char *one; (one = strsep(&rest, ",")); attnum++)
        fixture_column(r, one, attnum);
    free(copy);
    return r;
}

static inline void fixture_primary(struct catalog_relation *r, const char *name, int16_t attnum)
{
    catalog_add_key(r, name, true, &attnum, 1);
}

static inline void fixture_unique(struct catalog_relation *r, const char *name, int16_t attnum)
{
    catalog_add_key(r, name, false, &attnum, 1);
}

static inline void fixture_foreign(struct catalog_relation *r, const char *name, int16_t attnum,
                                   const char *parent)
{
    const char *columns[] = {"id"};
    catalog_add_foreign_key(r, name, &attnum, "public", parent, columns, 1);
}

/* The names of every function of a real PostgreSQL 15. */
static inline void fixture_builtins(struct fixture *f)
{
    FILE *list = fopen("data/policy/builtin_functions.txt", "r");
    FIXTURE_MUST(list);
    char line[128];
    while (fgets(line, sizeof line, list)) {
        line[strcspn(line, "\n")] = '\0';
        catalog_add_function(f->catalog, "pg_catalog", line, true);
    }
    fclose(list);
}

static inline int fixture_rule_order(const void *a, const void *b)
{
    return strcmp(((const struct rule_table *)a)->name, ((const struct rule_table *)b)->name);
}

/* Names of rules are string constants; they are never freed. */
static inline struct rule_table fixture_rule(const char *name, enum rule_kind kind,
                                             const char *column)
{
    return (struct rule_table){
        .name = (char *)(uintptr_t)name,
        .kind = kind,
        .tenant_column = (char *)(uintptr_t)column,
        .file = "partywall.yaml",
        .line = 31,
    };
}

static inline void fixture_seal(struct fixture *f)
{
    struct err err;
    fixture_builtins(f);
    FIXTURE_MUST(catalog_seal(f->catalog, &err) == 0);
    qsort(f->rules.tables, f->rules.ntables, sizeof *f->rules.tables, fixture_rule_order);
    f->authorise = (struct authorise){.rules = &f->rules, .catalog = f->catalog};
}

static inline void fixture_attack_relations(struct fixture *f)
{
    struct catalog_relation *r;
    r = fixture_table(f, "Tenant", 'r', "id text n, name text n, createdAt timestamptz nd");
    fixture_primary(r, "Tenant_pkey", 1);
    r = fixture_table(f, "User", 'r',
                      "id int4 n, email text n, password text n, level int4 nd, tenantId text n");
    fixture_primary(r, "User_pkey", 1);
    fixture_unique(r, "User_email_key", 2);
    fixture_foreign(r, "User_tenantId_fkey", 5, "Tenant");
    r = fixture_table(f, "Workflow", 'r',
                      "id int4 n, name text n, config jsonb nd, userId int4, tenantId text n");
    fixture_primary(r, "Workflow_pkey", 1);
    fixture_foreign(r, "Workflow_userId_fkey", 4, "User");
    fixture_foreign(r, "Workflow_tenantId_fkey", 5, "Tenant");
    r = fixture_table(f, "step", 'r', "id int4 n, workflowId int4 n, body text n");
    fixture_primary(r, "step_pkey", 1);
    fixture_foreign(r, "step_workflowId_fkey", 2, "Workflow");
    r = fixture_table(f, "country", 'r', "code text n, name text n");
    fixture_primary(r, "country_pkey", 1);
    fixture_table(f, "all_workflows", 'v', "id int4, name text, tenantId text");
    fixture_table(f, "workflow_names", 'v', "id int4, name text");
    fixture_table(f, "wf_mv", 'm', "tenantId text, n int8");
    r = fixture_table(f, "event", 'p', "id int4, at date n, payload text, tenantId text n");
    uint32_t parent = r->oid;
    r = fixture_table(f, "event_2024", 'r', "id int4, at date n, payload text, tenantId text n");
    catalog_add_parent(r, parent);
    fixture_table(f, "wf_log", 'r', "id int4, note text, tenantId text");
    r = fixture_table(f, "api_key", 'r', "id int4 n, key text n, tenantId text n, note text");
    fixture_primary(r, "api_key_pkey", 1);
    r->has_rules = true;
    catalog_add_function(f->catalog, "public", "wf_count", false);
    catalog_add_function(f->catalog, "public", "by_tenant", false);
}

static inline void fixture_attacks(struct fixture *f)
{
    *f = (struct fixture){.catalog = catalog_new(), .rules = rules_default, .next_oid = 20000};
    FIXTURE_MUST(f->catalog);
    static struct rule_table tables[10];
    fixture_attack_relations(f);
    struct rule_table *t = tables;
    *t = fixture_rule("Tenant", RULE_SCOPED, "id");
    t++->write_deny = true;
    *t++ = fixture_rule("User", RULE_SCOPED, "tenantId");
    *t++ = fixture_rule("Workflow", RULE_SCOPED, "tenantId");
    *t++ = fixture_rule("all_workflows", RULE_SCOPED, "tenantId");
    *t++ = fixture_rule("api_key", RULE_SCOPED, "tenantId");
    *t++ = fixture_rule("country", RULE_SHARED, NULL);
    *t++ = fixture_rule("event", RULE_SCOPED, "tenantId");
    *t++ = fixture_rule("event_2024", RULE_SCOPED, "tenantId");
    *t = fixture_rule("step", RULE_THROUGH, NULL);
    t->through_column = (char *)(uintptr_t) "workflowId";
    t->parent_table = (char *)(uintptr_t) "Workflow";
    t++->parent_column = (char *)(uintptr_t) "id";
    *t++ = fixture_rule("wf_mv", RULE_SCOPED, "tenantId");
    f->rules.tables = tables;
    f->rules.ntables = (size_t)(t - tables);
    f->rules.unlisted_scoped = false;
    fixture_seal(f);
}

/* The same with row security in force on every table but one, and schemas of two tenants; the tables there
 * have no tenant column.  Everything is scoped unless told. */
static inline void fixture_modes(struct fixture *f)
{
    static struct rule_table tables[4];
    *f = (struct fixture){.catalog = catalog_new(), .rules = rules_default, .next_oid = 40000};
    FIXTURE_MUST(f->catalog);
    fixture_attack_relations(f);
    const struct catalog_relation *const *all;
    size_t n = catalog_relations(f->catalog, &all);
    for (size_t i = 0; i < n; i++)
        if (strchr("rp", all[i]->kind))
            catalog_set_guards((struct catalog_relation *)(uintptr_t)all[i],
                               strcmp(all[i]->name, "wf_log") == 0 ? "app.tenan app.tenant_" : "x app.tenant");
    static const char *const schemas[] = {"t_acme", "t_globex"};
    for (size_t i = 0; i < 2; i++) {
        struct catalog_relation *r =
            catalog_add_relation(f->catalog, f->next_oid++, schemas[i], "User", 'r');
        fixture_column(r, "id int4 n", 1);
        fixture_column(r, "email text n", 2);
        r = catalog_add_relation(f->catalog, f->next_oid++, schemas[i], "job", 'r');
        fixture_column(r, "id int4 n", 1);
        fixture_column(r, "tenantId text n", 2);
        catalog_add_relation(f->catalog, f->next_oid++, schemas[i], "hidden", 'r');
        catalog_add_type(f->catalog, schemas[i], "mood", f->next_oid++, 'e');
    }
    struct rule_table *t = tables;
    *t++ = fixture_rule("country", RULE_SHARED, NULL);
    *t++ = fixture_rule("hidden", RULE_DENIED, NULL);
    *t = fixture_rule("step", RULE_THROUGH, NULL);
    t->through_column = (char *)(uintptr_t) "workflowId";
    t->parent_table = (char *)(uintptr_t) "Workflow";
    t++->parent_column = (char *)(uintptr_t) "id";
    f->rules.tables = tables;
    f->rules.ntables = (size_t)(t - tables);
    fixture_seal(f);
}

static inline void fixture_product_relations(struct fixture *f)
{
    struct catalog_relation *r;
    r = fixture_table(f, "Tenant", 'r', "id text n, name text n, createdAt timestamp3 nd");
    fixture_primary(r, "Tenant_pkey", 1);
    fixture_unique(r, "Tenant_name_key", 2);
    r = fixture_table(f, "User", 'r',
                      "id text n, email text n, password text n, level int4 n, tenantId text n");
    fixture_primary(r, "User_pkey", 1);
    fixture_unique(r, "User_email_key", 2);
    int16_t pair[] = {2, 5};
    catalog_add_key(r, "User_email_tenantId_key", false, pair, 2);
    fixture_foreign(r, "User_tenantId_fkey", 5, "Tenant");
    r = fixture_table(f, "Workflow", 'r',
                      "id text n, name text n, config text n, status text nd,"
                      "createdAt timestamp3 nd, userId text, tenantId text n");
    fixture_primary(r, "Workflow_pkey", 1);
    fixture_foreign(r, "Workflow_userId_fkey", 6, "User");
    fixture_foreign(r, "Workflow_tenantId_fkey", 7, "Tenant");
    r = fixture_table(f, "Credential", 'r',
                      "username text n, passwordHash text n, tenantId text n");
    fixture_primary(r, "Credential_pkey", 1);
    r = fixture_table(f, "SystemConfig", 'r', "key text n, value text n, tenantId text n");
    fixture_primary(r, "SystemConfig_pkey", 1);
    r = fixture_table(f, "InstalledPackage", 'r',
                      "packageId text n, installedAt timestamp3 nd,"
                      "version text n, enabled bool nd, tenantId text n");
    fixture_primary(r, "InstalledPackage_pkey", 1);
    r = fixture_table(f, "PackageData", 'r', "packageId text n, data jsonb n, tenantId text n");
    fixture_primary(r, "PackageData_pkey", 1);
    r = fixture_table(f, "PasswordResetToken", 'r',
                      "username text n, token text n, expiresAt timestamp3 n, tenantId text n");
    fixture_primary(r, "PasswordResetToken_pkey", 1);
}

static inline void fixture_product(struct fixture *f)
{
    *f = (struct fixture){.catalog = catalog_new(), .rules = rules_default, .next_oid = 30000};
    FIXTURE_MUST(f->catalog);
    static struct rule_table tables[1];
    fixture_product_relations(f);
    tables[0] = fixture_rule("Tenant", RULE_SCOPED, "id");
    tables[0].write_deny = true;
    f->rules.tables = tables;
    f->rules.ntables = 1;
    fixture_seal(f);
}

static inline struct rule_column fixture_column_rule(const char *name, enum rule_read read,
                                                     enum rule_mask mask)
{
    return (struct rule_column){
        .name = (char *)(uintptr_t)name,
        .table = "Person",
        .read = read,
        .mask = mask,
        .fixed = (char *)(uintptr_t) "it's \\ hidden",
        .file = "partywall.yaml",
        .line = 40,
    };
}

static inline void fixture_columns_rules(struct fixture *f)
{
    static struct rule_table tables[3];
    static struct rule_column person[7], region[1];
    person[0] = fixture_column_rule("secret", RULE_READ_DENY, RULE_MASK_FIXED);
    person[1] = fixture_column_rule("phone", RULE_READ_MASK, RULE_MASK_FIXED);
    person[2] = fixture_column_rule("email", RULE_READ_MASK, RULE_MASK_PARTIAL);
    person[2].first = 1;
    person[2].last = 4;
    person[3] = fixture_column_rule("taxno", RULE_READ_MASK, RULE_MASK_HASH);
    person[4] = fixture_column_rule("ref", RULE_READ_MASK, RULE_MASK_HASH);
    person[4].write_deny = true;
    person[5] = fixture_column_rule("level", RULE_READ_ALLOW, RULE_MASK_FIXED);
    person[5].write_deny = true;
    person[6] = fixture_column_rule("pay", RULE_READ_MASK, RULE_MASK_FIXED);
    person[6].fixed = (char *)(uintptr_t) "0";
    region[0] = fixture_column_rule("note", RULE_READ_DENY, RULE_MASK_FIXED);
    region[0].table = "region";
    tables[0] = fixture_rule("Person", RULE_SCOPED, "tenantId");
    tables[0].columns = person;
    tables[0].ncolumns = 7;
    tables[1] = fixture_rule("Person_old", RULE_SCOPED, "tenantId");
    tables[2] = fixture_rule("region", RULE_SHARED, NULL);
    tables[2].columns = region;
    tables[2].ncolumns = 1;
    f->rules.tables = tables;
    f->rules.ntables = 3;
}

static inline void fixture_columns(struct fixture *f)
{
    static const char *const person =
        "id text n, secret text n, phone varchar, email text n, taxno text, ref uuid, level int4 nd,"
        "pay int4 n, tenantId text n";
    *f = (struct fixture){.catalog = catalog_new(), .rules = rules_default, .next_oid = 40000};
    FIXTURE_MUST(f->catalog);
    struct catalog_relation *r = fixture_table(f, "Person", 'r', person);
    uint32_t parent = r->oid;
    fixture_primary(r, "Person_pkey", 1);
    fixture_unique(r, "Person_email_key", 4);
    r = fixture_table(f, "Person_old", 'r', person);
    catalog_add_parent(r, parent);
    r = fixture_table(f, "Task", 'r', "id text n, title text n, personId text, tenantId text n");
    fixture_primary(r, "Task_pkey", 1);
    fixture_foreign(r, "Task_personId_fkey", 3, "Person");
    fixture_table(f, "region", 'r', "code text n, name text n, note text");
    fixture_columns_rules(f);
    fixture_seal(f);
}

static inline void fixture_release(struct fixture *f)
{
    catalog_unref(f->catalog);
    f->catalog = NULL;
}

/* -- one parsed statement -- */

struct fixture_look {
    const char *sql;
    int (*look)(void *arg, const RawStmt *stmt, struct err *err);
    void *arg;
};

static inline int fixture_body(void *arg, struct err *err)
{
    const struct fixture_look *l = arg;
    void *list = NULL;
    if (parse_sql(l->sql, &list, err) < 0)
        return -1;
    FIXTURE_MUST(list_length(list) >= 1);
    return l->look(l->arg, linitial(list), err);
}

/* Parse ${sql} and call ${look} on its first statement, where the tree lives. */
static inline int fixture_parse(const char *sql,
                                int (*look)(void *arg, const RawStmt *stmt, struct err *err),
                                void *arg, struct err *err)
{
    struct fixture_look l = {sql, look, arg};
    return parse_protect(fixture_body, &l, err);
}
