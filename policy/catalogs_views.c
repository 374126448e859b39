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
#define INFORMATION(name, columns, rows, why)                                                      \
    {"information_schema", name, columns, NULL, rows, SEARCHED, why}

const struct catalogs_relation catalogs_views[] = {
    {"pg_catalog", "pg_tables",
     "^schemaname tablename tableowner tablespace hasindexes hasrules hastriggers rowsecurity",
     NULL, SYSTEM("schemaname") "(schemaname, tablename)" RELATIONS, SEARCHED,
     "ORMs: which tables there are"},
    {"pg_catalog", "pg_views", "^schemaname viewname viewowner definition",
     NULL, SYSTEM("schemaname") "(schemaname, viewname)" RELATIONS, SEARCHED,
     "ORMs: which views there are"},
    {"pg_catalog", "pg_matviews",
     "^schemaname matviewname matviewowner tablespace hasindexes ispopulated definition",
     NULL, "(schemaname, matviewname)" RELATIONS, SEARCHED, "likewise"},
    {"pg_catalog", "pg_indexes", "^schemaname tablename indexname tablespace indexdef",
     NULL, SYSTEM("schemaname") "(schemaname, tablename)" RELATIONS, SEARCHED,
     "ORMs: which indexes there are"},
    {"pg_catalog", "pg_policies",
     "^schemaname tablename policyname permissive roles cmd qual with_check",
     NULL, "(schemaname, tablename)" RELATIONS, SEARCHED, "ORMs: row security"},
    {"pg_catalog", "pg_sequences",
     "^schemaname sequencename sequenceowner data_type start_value min_value max_value "
     "increment_by cycle "
     "cache_size",
     "last_value", "(schemaname, sequencename)" SEQUENCES, SEARCHED,
     "Prisma; where a sequence stands tells how many rows others have"},
    {"pg_catalog", "pg_statio_all_tables", "#relid ^schemaname relname",
     "heap_blks_read heap_blks_hit idx_blks_read idx_blks_hit toast_blks_read toast_blks_hit "
     "tidx_blks_read "
     "tidx_blks_hit",
     "relid < " CATALOGS_SYSTEM " OR relid IN $relations", SEARCHED,
     "Sequelize looks up names by it; what is counted are all tenants' reads"},
    {"pg_catalog", "pg_roles",
     "rolname:n rolsuper rolinherit rolcreaterole rolcreatedb rolcanlogin rolreplication "
     "rolconnlimit "
     "rolvaliduntil=NULL::pg_catalog.timestamptz rolbypassrls #oid",
     "rolpassword rolconfig", "rolname = CURRENT_USER", SEARCHED,
     "psql's \\d; the role that the client runs as, and no other"},
    {"pg_catalog", "pg_user", "usename #usesysid usecreatedb usesuper userepl usebypassrls",
     "passwd valuntil useconfig", "usename = CURRENT_USER", SEARCHED, "likewise"},
    {"pg_catalog", "pg_user_mappings", "#umid #srvid srvname #umuser usename", "umoptions", "false", NAMED,
     "psql's \\deu; who may go to which other server is nobody's to see"},
    {"pg_catalog", "pg_settings",
     "name setting unit category short_desc extra_desc context vartype source min_val max_val "
     "enumvals boot_val "
     "reset_val",
     "sourcefile sourceline pending_restart", "name IN $settings", SEARCHED,
     "pgjdbc; the settings that SHOW would show, without the files they come from"},

    INFORMATION("schemata",
                "$catalog_name ^schema_name schema_owner $default_character_set_catalog "
                "^default_character_set_schema default_character_set_name sql_path",
                SYSTEM("schema_name") "schema_name IN $schemas", "ORMs"),
    INFORMATION("tables",
                "$table_catalog ^table_schema table_name table_type "
                "self_referencing_column_name reference_generation $user_defined_type_catalog "
                "^user_defined_type_schema user_defined_type_name is_insertable_into is_typed "
                "commit_action",
                SYSTEM("table_schema") "(table_schema, table_name)" RELATIONS, "ORMs"),
    INFORMATION("columns",
                "$table_catalog ^table_schema table_name column_name ordinal_position "
                "column_default is_nullable data_type character_maximum_length "
                "character_octet_length numeric_precision numeric_precision_radix numeric_scale "
                "datetime_precision interval_type interval_precision $character_set_catalog "
                "^character_set_schema character_set_name $collation_catalog ^collation_schema "
                "collation_name $domain_catalog ^domain_schema domain_name $udt_catalog "
                "^udt_schema udt_name $scope_catalog ^scope_schema scope_name "
                "maximum_cardinality dtd_identifier is_self_referencing is_identity "
                "identity_generation identity_start identity_increment identity_maximum "
                "identity_minimum identity_cycle is_generated generation_expression "
                "is_updatable",
                SYSTEM("table_schema") "(table_schema, table_name)" RELATIONS, "ORMs"),
    INFORMATION("views",
                "$table_catalog ^table_schema table_name view_definition check_option "
                "is_updatable is_insertable_into is_trigger_updatable is_trigger_deletable "
                "is_trigger_insertable_into",
                SYSTEM("table_schema") "(table_schema, table_name)" RELATIONS, "ORMs"),
    INFORMATION("element_types",
                "$object_catalog ^object_schema object_name object_type "
                "collection_type_identifier data_type character_maximum_length "
                "character_octet_length $character_set_catalog ^character_set_schema "
                "character_set_name $collation_catalog ^collation_schema collation_name "
                "numeric_precision numeric_precision_radix numeric_scale datetime_precision "
                "interval_type interval_precision domain_default $udt_catalog ^udt_schema "
                "udt_name $scope_catalog ^scope_schema scope_name maximum_cardinality "
                "dtd_identifier",
                SYSTEM("object_schema") "(object_schema, object_name)" RELATIONS,
                "types of arrays in columns"),
    INFORMATION("column_udt_usage",
                "$udt_catalog ^udt_schema udt_name $table_catalog ^table_schema table_name "
                "column_name",
                "(table_schema, table_name)" RELATIONS, "types of columns"),
    INFORMATION("column_domain_usage",
                "$domain_catalog ^domain_schema domain_name $table_catalog ^table_schema "
                "table_name column_name",
                "(table_schema, table_name)" RELATIONS, "domains of columns"),
    INFORMATION("table_constraints",
                "$constraint_catalog ^constraint_schema constraint_name $table_catalog "
                "^table_schema table_name constraint_type is_deferrable initially_deferred "
                "enforced nulls_distinct@15",
                "(table_schema, table_name)" RELATIONS, "ORMs: keys"),
    INFORMATION("key_column_usage",
                "$constraint_catalog ^constraint_schema constraint_name $table_catalog "
                "^table_schema table_name column_name ordinal_position "
                "position_in_unique_constraint",
                "(table_schema, table_name)" RELATIONS, "ORMs: keys"),
    INFORMATION("constraint_column_usage",
                "$table_catalog ^table_schema table_name column_name $constraint_catalog "
                "^constraint_schema constraint_name",
                CONSTRAINTS, "ORMs: what foreign keys refer to"),
    INFORMATION("constraint_table_usage",
                "$table_catalog ^table_schema table_name $constraint_catalog ^constraint_schema "
                "constraint_name",
                CONSTRAINTS, "likewise"),
    INFORMATION("referential_constraints",
                "$constraint_catalog ^constraint_schema constraint_name "
                "$unique_constraint_catalog ^unique_constraint_schema unique_constraint_name "
                "match_option update_rule delete_rule",
                CONSTRAINTS, "ORMs: foreign keys"),
    INFORMATION("check_constraints",
                "$constraint_catalog ^constraint_schema constraint_name check_clause",
                CONSTRAINTS, "ORMs: checks"),
    INFORMATION("triggers",
                "$trigger_catalog ^trigger_schema trigger_name event_manipulation "
                "$event_object_catalog ^event_object_schema event_object_table action_order "
                "action_condition action_statement action_orientation action_timing "
                "action_reference_old_table action_reference_new_table action_reference_old_row "
                "action_reference_new_row created",
                "(event_object_schema, event_object_table)" RELATIONS, "ORMs"),
    INFORMATION("sequences",
                "$sequence_catalog ^sequence_schema sequence_name data_type numeric_precision "
                "numeric_precision_radix numeric_scale start_value minimum_value maximum_value "
                "increment cycle_option",
                "(sequence_schema, sequence_name)" SEQUENCES, "ORMs: definitions only"),
    INFORMATION("domains",
                "$domain_catalog ^domain_schema domain_name data_type character_maximum_length "
                "character_octet_length $character_set_catalog ^character_set_schema "
                "character_set_name $collation_catalog ^collation_schema collation_name "
                "numeric_precision numeric_precision_radix numeric_scale datetime_precision "
                "interval_type interval_precision domain_default $udt_catalog ^udt_schema "
                "udt_name $scope_catalog ^scope_schema scope_name maximum_cardinality "
                "dtd_identifier",
                SYSTEM("domain_schema") "domain_schema IN $schemas", "ORMs"),
    INFORMATION("domain_constraints",
                "$constraint_catalog ^constraint_schema constraint_name $domain_catalog "
                "^domain_schema domain_name is_deferrable initially_deferred",
                SYSTEM("domain_schema") "domain_schema IN $schemas", "ORMs"),
    INFORMATION("attributes",
                "$udt_catalog ^udt_schema udt_name attribute_name ordinal_position "
                "attribute_default is_nullable data_type character_maximum_length "
                "character_octet_length $character_set_catalog ^character_set_schema "
                "character_set_name $collation_catalog ^collation_schema collation_name "
                "numeric_precision numeric_precision_radix numeric_scale datetime_precision "
                "interval_type interval_precision $attribute_udt_catalog ^attribute_udt_schema "
                "attribute_udt_name $scope_catalog ^scope_schema scope_name maximum_cardinality "
                "dtd_identifier is_derived_reference_attribute",
                "udt_schema IN $schemas", "fields of composite types"),
    INFORMATION("user_defined_types",
                "$user_defined_type_catalog ^user_defined_type_schema user_defined_type_name "
                "user_defined_type_category is_instantiable is_final ordering_form "
                "ordering_category $ordering_routine_catalog ^ordering_routine_schema "
                "ordering_routine_name reference_type data_type character_maximum_length "
                "character_octet_length $character_set_catalog ^character_set_schema "
                "character_set_name $collation_catalog ^collation_schema collation_name "
                "numeric_precision numeric_precision_radix numeric_scale datetime_precision "
                "interval_type interval_precision source_dtd_identifier ref_dtd_identifier",
                "user_defined_type_schema IN $schemas", "composite types"),
    INFORMATION("collations",
                "$collation_catalog ^collation_schema collation_name pad_attribute",
                NULL, "of the server"),
    INFORMATION("character_sets",
                "$character_set_catalog ^character_set_schema character_set_name "
                "character_repertoire form_of_use $default_collate_catalog "
                "^default_collate_schema default_collate_name",
                NULL, "of the server"),
    INFORMATION("information_schema_catalog_name",
                "$catalog_name",
                NULL, "the database's name"),
};
const size_t catalogs_nviews = sizeof catalogs_views / sizeof *catalogs_views;
