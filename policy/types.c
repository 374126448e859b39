#include "policy/types.h"

#include "policy/names.h"

static const char *const plain[] = {
    "bit",
    "bool",
    "box",
    "bpchar",
    "bytea",
    "char",
    "cid",
    "cidr",
    "circle",
    "date",
    "datemultirange",
    "daterange",
    "float4",
    "float8",
    "inet",
    "int2",
    "int2vector",
    "int4",
    "int4multirange",
    "int4range",
    "int8",
    "int8multirange",
    "int8range",
    "interval",
    "json",
    "jsonb",
    "jsonpath",
    "line",
    "lseg",
    "macaddr",
    "macaddr8",
    "money",
    "name",
    "numeric",
    "nummultirange",
    "numrange",
    "oid",
    "oidvector",
    "path",
    "point",
    "polygon",
    "record",
    "regconfig",
    "text",
    "tid",
    "time",
    "timestamp",
    "timestamptz",
    "timetz",
    "tsmultirange",
    "tsquery",
    "tsrange",
    "tstzmultirange",
    "tstzrange",
    "tsvector",
    "unknown",
    "uuid",
    "varbit",
    "varchar",
    "xid",
    "xml",
};

/* pg_type of PostgreSQL 15 to 18 without the above; row types of catalogs begin with pg_. */
static const char *const others[] = {
    "aclitem",
    "any",
    "anyarray",
    "anycompatible",
    "anycompatiblearray",
    "anycompatiblemultirange",
    "anycompatiblenonarray",
    "anycompatiblerange",
    "anyelement",
    "anyenum",
    "anymultirange",
    "anynonarray",
    "anyrange",
    "cstring",
    "event_trigger",
    "fdw_handler",
    "gtsvector",
    "index_am_handler",
    "internal",
    "language_handler",
    "refcursor",
    "regclass",
    "regcollation",
    "regdatabase",
    "regdictionary",
    "regnamespace",
    "regoper",
    "regoperator",
    "regproc",
    "regprocedure",
    "regrole",
    "regtype",
    "table_am_handler",
    "trigger",
    "tsm_handler",
    "txid_snapshot",
    "void",
    "xid8",
};

static const char *element(const char *name)
{
    return name[0] == '_' ? name + 1 : name;
}

bool types_allowed(const char *name)
{
    return names_listed(plain, NAMES_COUNT(plain), element(name));
}

bool types_refused(const char *name)
{
    const char *of = element(name);
    return strncmp(of, "pg_", 3) == 0 || names_listed(others, NAMES_COUNT(others), of);
}
