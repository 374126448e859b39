/* attacks_catalog.h: the catalog and the rules of the attack corpus (tests/attacks/schema.sql), by hand. */
#pragma once

#include "policy/catalog.h"
#include "policy/rules.h"

#include <stdlib.h>
#include <string.h>

struct attacks_column {
    const char *name, *type;
    uint32_t oid;
    bool not_null, has_default;
};

#define ATTACKS_TEXT(name)     {name, "text", 25, true, false}
#define ATTACKS_NULLTEXT(name) {name, "text", 25, false, false}
#define ATTACKS_INT(name)      {name, "integer", 23, true, false}
#define ATTACKS_NULLINT(name)  {name, "integer", 23, false, false}

static struct catalog_relation *attacks_relation(struct catalog *c, uint32_t oid, const char *name,
                                                 char kind, const struct attacks_column *columns)
{
    struct catalog_relation *r = catalog_add_relation(c, oid, "public", name, kind);
    for (int16_t i = 0; columns[i].name; i++)
        catalog_add_column(r, &(struct catalog_column){.name = (char *)(uintptr_t)columns[i].name,
                                                       .type_name = (char *)(uintptr_t)columns[i].type,
                                                       .type_oid = columns[i].oid,
                                                       .typmod = -1,
                                                       .attnum = (int16_t)(i + 1),
                                                       .not_null = columns[i].not_null,
                                                       .has_default = columns[i].has_default});
    return r;
}

static void attacks_fk(struct catalog_relation *r, const char *name, int16_t attnum,
                       const char *parent)
{
    const char *const id[] = {"id"};
    catalog_add_foreign_key(r, name, &attnum, "public", parent, id, 1);
}

static void attacks_tables(struct catalog *c)
{
    const struct attacks_column tenant[] = {ATTACKS_TEXT("id"), ATTACKS_TEXT("name"),
        {"createdAt", "timestamp with time zone", 1184, true, true}, {0}};
    const struct attacks_column user[] = {ATTACKS_INT("id"), ATTACKS_TEXT("email"),
        ATTACKS_TEXT("password"), {"level", "integer", 23, true, true}, ATTACKS_TEXT("tenantId"), {0}};
    const struct attacks_column workflow[] = {ATTACKS_INT("id"), ATTACKS_TEXT("name"),
        {"config", "jsonb", 3802, true, true}, ATTACKS_NULLINT("userId"), ATTACKS_TEXT("tenantId"), {0}};
    const struct attacks_column step[] = {ATTACKS_INT("id"), ATTACKS_INT("workflowId"),
        ATTACKS_TEXT("body"), {0}};
    const struct attacks_column country[] = {ATTACKS_TEXT("code"), ATTACKS_TEXT("name"), {0}};
    attacks_relation(c, 20001, "Tenant", 'r', tenant);
    struct catalog_relation *r = attacks_relation(c, 20002, "User", 'r', user);
    attacks_fk(r, "User_tenantId_fkey", 5, "Tenant");
    r = attacks_relation(c, 20003, "Workflow", 'r', workflow);
    attacks_fk(r, "Workflow_userId_fkey", 4, "User");
    attacks_fk(r, "Workflow_tenantId_fkey", 5, "Tenant");
    r = attacks_relation(c, 20004, "step", 'r', step);
    attacks_fk(r, "step_workflowId_fkey", 2, "Workflow");
    attacks_relation(c, 20005, "country", 'r', country);
}

static void attacks_objects(struct catalog *c)
{
    const struct attacks_column names[] = {ATTACKS_NULLINT("id"), ATTACKS_NULLTEXT("name"), {0}};
    const struct attacks_column all[] = {ATTACKS_NULLINT("id"), ATTACKS_NULLTEXT("name"),
        ATTACKS_NULLTEXT("tenantId"), {0}};
    const struct attacks_column mv[] = {ATTACKS_NULLTEXT("tenantId"), {"n", "bigint", 20, false, false}, {0}};
    const struct attacks_column event[] = {ATTACKS_NULLINT("id"), {"at", "date", 1082, true, false},
        ATTACKS_NULLTEXT("payload"), ATTACKS_TEXT("tenantId"), {0}};
    const struct attacks_column log[] = {ATTACKS_NULLINT("id"), ATTACKS_NULLTEXT("note"),
        ATTACKS_NULLTEXT("tenantId"), {0}};
    const struct attacks_column key[] = {ATTACKS_INT("id"), ATTACKS_TEXT("key"),
        ATTACKS_TEXT("tenantId"), ATTACKS_NULLTEXT("note"), {0}};
    attacks_relation(c, 20006, "all_workflows", 'v', all);
    attacks_relation(c, 20007, "workflow_names", 'v', names);
    attacks_relation(c, 20008, "wf_mv", 'm', mv);
    attacks_relation(c, 20009, "event", 'p', event);
    attacks_relation(c, 20010, "event_2024", 'r', event)->parent_oid = 20009;
    attacks_relation(c, 20011, "wf_log", 'r', log);
    attacks_relation(c, 20012, "api_key", 'r', key)->has_rules = true;
    catalog_add_relation(c, 20013, "public", "wf_seq", 'S');
    catalog_add_function(c, "public", "wf_count", false);
    catalog_add_function(c, "public", "by_tenant", false);
}

static struct catalog *attacks_catalog(const char *const *builtins)
{
    struct catalog *c = catalog_new();
    struct err err;
    attacks_tables(c);
    attacks_objects(c);
    for (; builtins && *builtins; builtins++)
        catalog_add_function(c, "pg_catalog", *builtins, true);
    if (catalog_seal(c, &err) < 0)
        abort();
    return c;
}

#define ATTACKS_RULE(table, how, column) \
    {.name = (char *)(uintptr_t)(table), .kind = (how), .tenant_column = (char *)(uintptr_t)(column), .file = "attacks.yaml", .line = 7}

/* Sorted by name, as rules.h asks. */
static const struct rules *attacks_rules(void)
{
    static struct rule_table tables[] = {
        {.name = (char *)(uintptr_t)"Tenant", .kind = RULE_SCOPED, .tenant_column = (char *)(uintptr_t)"id",
         .write_deny = true, .file = "attacks.yaml", .line = 3},
        ATTACKS_RULE("User", RULE_SCOPED, "tenantId"),
        ATTACKS_RULE("Workflow", RULE_SCOPED, "tenantId"),
        ATTACKS_RULE("all_workflows", RULE_SCOPED, "tenantId"),
        ATTACKS_RULE("api_key", RULE_SCOPED, "tenantId"),
        ATTACKS_RULE("country", RULE_SHARED, NULL),
        ATTACKS_RULE("event", RULE_SCOPED, "tenantId"),
        {.name = (char *)(uintptr_t)"step", .kind = RULE_THROUGH,
         .through_column = (char *)(uintptr_t)"workflowId", .parent_table = (char *)(uintptr_t)"Workflow",
         .parent_column = (char *)(uintptr_t)"id", .file = "attacks.yaml", .line = 5},
        ATTACKS_RULE("wf_mv", RULE_SCOPED, "tenantId"),
    };
    static struct rules rules;
    rules = rules_default;
    rules.unlisted_scoped = false;
    rules.tables = tables;
    rules.ntables = sizeof tables / sizeof *tables;
    rules.file = "attacks.yaml";
    rules.line = 1;
    return &rules;
}
