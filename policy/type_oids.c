#include "policy/type_oids.h"

#include "policy/names.h"
#include "policy/policy.h"

/* pg_type of PostgreSQL: the types that a confined client may name (types.c), whose oids never change.
 */
static const struct builtin {
    const char *name;
    uint32_t oid, array; /* array 0: there is none */
} builtins[] = {
    {"bit", 1560, 1561},
    {"bool", 16, 1000},
    {"box", 603, 1020},
    {"bpchar", 1042, 1014},
    {"bytea", 17, 1001},
    {"char", 18, 1002},
    {"cid", 29, 1012},
    {"cidr", 650, 651},
    {"circle", 718, 719},
    {"date", 1082, 1182},
    {"datemultirange", 4535, 6155},
    {"daterange", 3912, 3913},
    {"float4", 700, 1021},
    {"float8", 701, 1022},
    {"inet", 869, 1041},
    {"int2", 21, 1005},
    {"int2vector", 22, 1006},
    {"int4", 23, 1007},
    {"int4multirange", 4451, 6150},
    {"int4range", 3904, 3905},
    {"int8", 20, 1016},
    {"int8multirange", 4536, 6157},
    {"int8range", 3926, 3927},
    {"interval", 1186, 1187},
    {"json", 114, 199},
    {"jsonb", 3802, 3807},
    {"jsonpath", 4072, 4073},
    {"line", 628, 629},
    {"lseg", 601, 1018},
    {"macaddr", 829, 1040},
    {"macaddr8", 774, 775},
    {"money", 790, 791},
    {"name", 19, 1003},
    {"numeric", 1700, 1231},
    {"nummultirange", 4532, 6151},
    {"numrange", 3906, 3907},
    {"oid", 26, 1028},
    {"oidvector", 30, 1013},
    {"path", 602, 1019},
    {"point", 600, 1017},
    {"polygon", 604, 1027},
    {"record", 2249, 2287},
    {"regconfig", 3734, 3735},
    {"regtype", 2206, 2211},
    {"text", 25, 1009},
    {"tid", 27, 1010},
    {"time", 1083, 1183},
    {"timestamp", 1114, 1115},
    {"timestamptz", 1184, 1185},
    {"timetz", 1266, 1270},
    {"tsmultirange", 4533, 6152},
    {"tsquery", 3615, 3645},
    {"tsrange", 3908, 3909},
    {"tstzmultirange", 4534, 6153},
    {"tstzrange", 3910, 3911},
    {"tsvector", 3614, 3643},
    {"unknown", 705, 0},
    {"uuid", 2950, 2951},
    {"varbit", 1562, 1563},
    {"varchar", 1043, 1015},
    {"xid", 28, 1011},
    {"xml", 142, 143},
};

static const struct builtin *find(const char *name)
{
    for (size_t i = 0; i < NAMES_COUNT(builtins); i++)
        if (strcmp(builtins[i].name, name) == 0)
            return &builtins[i];
    return NULL;
}

uint32_t type_oids_of(const struct catalog *c, const TypeName *type)
{
    const char *name = strVal(llast(type->names));
    const char *schema = list_length(type->names) == 2 ? strVal(linitial(type->names)) : NULL;
    bool array = type->arrayBounds != NIL;
    if (!schema || strcmp(schema, "pg_catalog") == 0) {
        const struct builtin *plain = find(name);
        if (plain)
            return array ? plain->array : plain->oid;
        const struct builtin *element = name[0] == '_' ? find(name + 1) : NULL;
        if (element)
            return element->array;
    }
    return array ? 0 : catalog_user_type_oid(c, schema, name);
}

void policy_type_text(const struct catalog *c, uint32_t oid, struct buf *ret)
{
    const char *schema = "pg_catalog", *name = "unknown";
    bool array = false;
    for (size_t i = 0; oid && i < NAMES_COUNT(builtins); i++) {
        if (builtins[i].oid != oid && builtins[i].array != oid)
            continue;
        name = builtins[i].name;
        array = builtins[i].oid != oid;
    }
    if (oid)
        (void)catalog_user_type(c, oid, &schema, &name);
    buf_quote(ret, schema, '"');
    buf_append(ret, ".", 1);
    buf_quote(ret, name, '"');
    if (array)
        buf_append(ret, "[]", 2);
}
