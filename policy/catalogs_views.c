/* The views of pg_catalog and information_schema.  They name what they show, so rows are told by names.
 * Left out, and so refused: pg_stat* and all other views of statistics, sessions, locks, files, memory,
 * replication, secrets; those of grants (table_privileges, role_*_grants, enabled_roles); sources
 * (routines, pg_rules); parameters. */
#include "policy/catalogs_list.h"

#define NAMES(condition)                                                                           \
    " IN (SELECT n.nspname, c.relname FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n"   \
    " ON n.oid = c.relnamespace WHERE " condition ")"
#define RELATIONS NAMES("c.oid IN $relations")
#define SEQUENCES                                                                                  \
    NAMES("c.relkind = 'S' AND c.oid IN (SELECT d.objid FROM pg_catalog.pg_depend d"               \
          " WHERE d.classid = 1259 AND d.refclassid = 1259 AND d.deptype IN ('a', 'i')"            \
          " AND d.refobjid IN $relations)")
#define CONSTRAINTS                                                                                \
    "(constraint_schema, constraint_name) IN (SELECT n.nspname, k.conname"                         \
    " FROM pg_catalog.pg_constraint k JOIN pg_catalog.pg_namespace n ON n.oid = k.connamespace"    \
    " WHERE k.conrelid IN $relations)"
#define SYSTEM(column) column " IN ('pg_catalog', 'information_schema') OR "
#define INFORMATION(name, rows, why)                                                               \
    {"information_schema", name, NULL, NULL, rows, false, why}

const struct catalogs_relation catalogs_views[] = {
    {"pg_catalog", "pg_tables", NULL, NULL, SYSTEM("schemaname") "(schemaname, tablename)" RELATIONS, false,
     "ORMs: which tables there are"},
    {"pg_catalog", "pg_views", NULL, NULL, SYSTEM("schemaname") "(schemaname, viewname)" RELATIONS, false,
     "ORMs: which views there are"},
    {"pg_catalog", "pg_matviews", NULL, NULL, "(schemaname, matviewname)" RELATIONS, false, "likewise"},
    {"pg_catalog", "pg_indexes", NULL, NULL, SYSTEM("schemaname") "(schemaname, tablename)" RELATIONS, false,
     "ORMs: which indexes there are"},
    {"pg_catalog", "pg_policies", NULL, NULL, "(schemaname, tablename)" RELATIONS, false, "ORMs: row security"},
    {"pg_catalog", "pg_sequences",
     "schemaname sequencename sequenceowner data_type start_value min_value max_value increment_by cycle "
     "cache_size",
     "last_value", "(schemaname, sequencename)" SEQUENCES, false,
     "Prisma; where a sequence stands tells how many rows others have"},
    {"pg_catalog", "pg_roles",
     "rolname:n rolsuper rolinherit rolcreaterole rolcreatedb rolcanlogin rolreplication rolconnlimit "
     "rolbypassrls #oid",
     "rolpassword rolvaliduntil rolconfig", "rolname = CURRENT_USER", false,
     "psql's \\d; the role that the client runs as, and no other"},
    {"pg_catalog", "pg_user", "usename #usesysid usecreatedb usesuper userepl usebypassrls",
     "passwd valuntil useconfig", "usename = CURRENT_USER", false, "likewise"},
    {"pg_catalog", "pg_settings",
     "name setting unit category short_desc extra_desc context vartype source min_val max_val enumvals boot_val "
     "reset_val",
     "sourcefile sourceline pending_restart", "name IN $settings", false,
     "pgjdbc; the settings that SHOW would show, without the files they come from"},

    INFORMATION("schemata", SYSTEM("schema_name") "schema_name IN $schemas", "ORMs"),
    INFORMATION("tables", SYSTEM("table_schema") "(table_schema, table_name)" RELATIONS, "ORMs"),
    INFORMATION("columns", SYSTEM("table_schema") "(table_schema, table_name)" RELATIONS, "ORMs"),
    INFORMATION("views", SYSTEM("table_schema") "(table_schema, table_name)" RELATIONS, "ORMs"),
    INFORMATION("element_types", SYSTEM("object_schema") "(object_schema, object_name)" RELATIONS,
                "types of arrays in columns"),
    INFORMATION("column_udt_usage", "(table_schema, table_name)" RELATIONS, "types of columns"),
    INFORMATION("column_domain_usage", "(table_schema, table_name)" RELATIONS, "domains of columns"),
    INFORMATION("table_constraints", "(table_schema, table_name)" RELATIONS, "ORMs: keys"),
    INFORMATION("key_column_usage", "(table_schema, table_name)" RELATIONS, "ORMs: keys"),
    INFORMATION("constraint_column_usage", CONSTRAINTS, "ORMs: what foreign keys refer to"),
    INFORMATION("constraint_table_usage", CONSTRAINTS, "likewise"),
    INFORMATION("referential_constraints", CONSTRAINTS, "ORMs: foreign keys"),
    INFORMATION("check_constraints", CONSTRAINTS, "ORMs: checks"),
    INFORMATION("triggers", "(event_object_schema, event_object_table)" RELATIONS, "ORMs"),
    INFORMATION("sequences", "(sequence_schema, sequence_name)" SEQUENCES, "ORMs: definitions only"),
    INFORMATION("domains", SYSTEM("domain_schema") "domain_schema IN $schemas", "ORMs"),
    INFORMATION("domain_constraints", SYSTEM("domain_schema") "domain_schema IN $schemas", "ORMs"),
    INFORMATION("attributes", "udt_schema IN $schemas", "fields of composite types"),
    INFORMATION("user_defined_types", "user_defined_type_schema IN $schemas", "composite types"),
    INFORMATION("collations", NULL, "of the server"),
    INFORMATION("character_sets", NULL, "of the server"),
    INFORMATION("information_schema_catalog_name", NULL, "the database's name"),
};
const size_t catalogs_nviews = sizeof catalogs_views / sizeof *catalogs_views;
