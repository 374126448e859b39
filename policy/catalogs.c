#include "policy/catalogs.h"

#include "policy/names.h"

/* Composite types (asyncpg, psycopg): the columns of a row type, reached by number.  No sizes, no
 * statistics, no defaults. */
static const char *const attribute_columns[] = {
    "attisdropped", "attlen",   "attname",  "attndims",  "attnotnull",
    "attnum",       "attrelid", "atttypid", "atttypmod", NULL,
};
/* Enough to get from a type to its columns; names of tables stay out. */
static const char *const class_columns[] = {"oid", "relkind", "relnamespace", "reltype", NULL};
/* SQLAlchemy joins it to pg_type by number; the names may be those of other tenants' schemas. */
static const char *const namespace_columns[] = {"oid", NULL};

static const struct {
    const char *name; /* in pg_catalog */
    const char *const *columns;
    const char *prefix; /* of its columns, by the custom of pg_catalog */
} relations[] = {
    {"pg_attribute", attribute_columns, "att"},
    {"pg_class", class_columns, "rel"},
    {"pg_enum", NULL, "enum"},
    {"pg_namespace", namespace_columns, "nsp"},
    {"pg_range", NULL, "rng"},
    {"pg_type", NULL, "typ"},
};

bool catalogs_find(const char *schema, const char *name, const char *const **ret_columns)
{
    if (strcmp(schema, "pg_catalog") != 0)
        return false;
    for (size_t i = 0; i < NAMES_COUNT(relations); i++)
        if (strcmp(relations[i].name, name) == 0) {
            *ret_columns = relations[i].columns;
            return true;
        }
    return false;
}

bool catalogs_may_own(const char *const *columns, const char *column)
{
    static const char *const system[] = {"cmax", "cmin", "ctid", "oid", "tableoid", "xmax", "xmin"};
    if (names_listed(system, NAMES_COUNT(system), column))
        return true;
    for (size_t i = 0; i < NAMES_COUNT(relations); i++)
        if (relations[i].columns == columns)
            return strncmp(relations[i].prefix, column, strlen(relations[i].prefix)) == 0;
    return true;
}

bool catalogs_is_system_schema(const char *schema)
{
    /* Users cannot make schemas with pg_ in front: pg_toast, pg_temp_3 and what newer servers add.
     */
    return strncmp(schema, "pg_", 3) == 0 || strcmp(schema, "information_schema") == 0;
}
