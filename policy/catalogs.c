#include "policy/catalogs_list.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

size_t catalogs_all(const struct catalogs_relation **ret, size_t part)
{
    *ret = part == 0 ? catalogs_tables : catalogs_views;
    return part == 0 ? catalogs_ntables : catalogs_nviews;
}

const struct catalogs_relation *catalogs_find(const char *schema, const char *name)
{
    for (size_t part = 0; part < 2; part++) {
        const struct catalogs_relation *all;
        size_t n = catalogs_all(&all, part);
        for (size_t i = 0; i < n; i++)
            if (strcmp(all[i].name, name) == 0 && strcmp(all[i].schema, schema) == 0)
                return &all[i];
    }
    return NULL;
}

static uint32_t type_of(char letter)
{
    switch (letter) {
    case 'n':
        return 19;
    case 'c':
        return 18;
    case 'b':
        return 16;
    default:
        return 23; /* or 21, which is compared alike */
    }
}

/* @14: from 14 on, @15-16: both, @-17: up to 17. */
static const char *read_versions(const char *at, struct catalogs_column *ret)
{
    char *end = (char *)(uintptr_t)at;
    if (*end != '-')
        ret->since = (int)strtol(end, &end, 10);
    if (*end == '-')
        ret->until = (int)strtol(end + 1, &end, 10);
    return end;
}

bool catalogs_next_column(const char **at, struct catalogs_column *ret)
{
    const char *c = *at ? *at + strspn(*at, " ") : "";
    *ret = (struct catalogs_column){.object = *c == '#' || *c == '%',
                                    .acl = *c == '~',
                                    .database = *c == '$',
                                    .schema = *c == '^',
                                    .type_oid = *c == '#' ? 26 : 0};
    c += ret->object || ret->acl || ret->database || ret->schema;
    size_t n = strcspn(c, " :@=");
    if (n == 0 || n >= sizeof ret->name)
        return false;
    memcpy(ret->name, c, n);
    c += n;
    if (*c == ':') {
        ret->type_oid = type_of(c[1]);
        c += 2;
    }
    if (*c == '@')
        c = read_versions(c + 1, ret);
    n = *c == '=' ? strcspn(++c, " ") : 0;
    if (n >= sizeof ret->shown)
        return false;
    memcpy(ret->shown, c, n);
    *at = c + n;
    return true;
}

bool catalogs_is_closed(const struct catalogs_relation *relation, const char *column)
{
    struct catalogs_column closed;
    for (const char *at = relation->closed; catalogs_next_column(&at, &closed);)
        if (strcmp(closed.name, column) == 0)
            return true;
    return false;
}

bool catalogs_find_function(const char *name, int *ret_argument, bool *ret_literal)
{
    /* What each says of an object is what the object's row says, or how it was defined.  Not here, and so
     * refused: sizes, files, statistics, locks, sources of functions (pg_get_functiondef), names by text. */
    static const struct {
        const char *name;
        int argument;
        bool literal;
    } functions[] = {
        {"col_description", 0, false},
        {"format_type", 0, false},
        {"has_any_column_privilege", 0, false},
        {"has_column_privilege", 0, false},
        {"has_database_privilege", 0, false},
        {"has_function_privilege", 0, false},
        {"has_schema_privilege", 0, false},
        {"has_sequence_privilege", 0, false},
        {"has_table_privilege", 0, false},
        {"has_type_privilege", 0, false},
        {"obj_description", 0, false},
        {"pg_collation_is_visible", 0, false},
        {"pg_conversion_is_visible", 0, false},
        {"pg_function_is_visible", 0, false},
        {"pg_get_constraintdef", 0, false},
        {"pg_get_expr", 1, false},
        {"pg_get_function_arg_default", 0, false},
        {"pg_get_function_arguments", 0, false},
        {"pg_get_function_identity_arguments", 0, false},
        {"pg_get_function_result", 0, false},
        {"pg_get_indexdef", 0, false},
        {"pg_get_partition_constraintdef", 0, true},
        {"pg_get_partkeydef", 0, true},
        {"pg_get_ruledef", 0, false},
        {"pg_get_serial_sequence", 0, false},
        {"pg_get_statisticsobjdef_columns", 0, false},
        {"pg_get_triggerdef", 0, false},
        {"pg_get_userbyid", 0, false},
        {"pg_get_viewdef", 0, true},
        {"pg_index_column_has_property", 0, false},
        {"pg_index_has_property", 0, false},
        {"pg_indexam_has_property", 0, false},
        {"pg_opclass_is_visible", 0, false},
        {"pg_operator_is_visible", 0, false},
        {"pg_opfamily_is_visible", 0, false},
        {"pg_partition_ancestors", 0, true},
        {"pg_partition_root", 0, true},
        {"pg_relation_is_publishable", 0, true},
        {"pg_statistics_obj_is_visible", 0, false},
        {"pg_table_is_visible", 0, true},
        {"pg_tablespace_location", 0, false},
        {"pg_ts_config_is_visible", 0, false},
        {"pg_ts_dict_is_visible", 0, false},
        {"pg_ts_parser_is_visible", 0, false},
        {"pg_ts_template_is_visible", 0, false},
        {"pg_type_is_visible", 0, false},
        {"shobj_description", 0, false},
    };
    for (size_t i = 0; i < sizeof functions / sizeof *functions; i++)
        if (strcmp(functions[i].name, name) == 0) {
            *ret_argument = functions[i].argument;
            *ret_literal = functions[i].literal;
            return true;
        }
    return false;
}

bool catalogs_is_system_schema(const char *schema)
{
    /* Users cannot make schemas with pg_ in front: pg_toast, pg_temp_3 and what newer servers add.
     */
    return strncmp(schema, "pg_", 3) == 0 || strcmp(schema, "information_schema") == 0;
}
