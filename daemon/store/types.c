/* types.c: facts about types. */
#include "daemon/store/types_impl.h"

#include "daemon/store/range.h"
#include "daemon/store/record.h"

#include <ctype.h>
#include <stdio.h>

static const struct types_info types_table[] = {
#include "daemon/store/builtin_types.inc"
};
#define TYPES_COUNT (sizeof types_table / sizeof types_table[0])

const struct types_info *types_all(size_t *ret_n)
{
    *ret_n = TYPES_COUNT;
    return types_table;
}

const struct types_info *types_find(const struct types_set *set, uint32_t oid)
{
    if (oid >= TYPES_USER_MIN) {
        const struct types_user *user = types_find_user(set, oid);
        return user ? &user->info : NULL;
    }
    size_t low = 0, high = TYPES_COUNT;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (types_table[mid].oid == oid)
            return &types_table[mid];
        if (types_table[mid].oid < oid)
            low = mid + 1;
        else
            high = mid;
    }
    return NULL;
}

const struct types_info *types_find_name(const char *typname)
{
    for (size_t i = 0; i < TYPES_COUNT; i++)
        if (strcmp(types_table[i].name, typname) == 0)
            return &types_table[i];
    return NULL;
}

struct slice types_trim(struct slice s)
{
    while (s.len > 0 && isspace((unsigned char)s.data[0])) {
        s.data++;
        s.len--;
    }
    while (s.len > 0 && isspace((unsigned char)s.data[s.len - 1]))
        s.len--;
    return s;
}

bool types_word(struct slice s, const char *lower)
{
    size_t len = strlen(lower);
    if (s.len != len)
        return false;
    for (size_t i = 0; i < len; i++)
        if (tolower((unsigned char)s.data[i]) != lower[i])
            return false;
    return true;
}

int types_bad_input(const char *type, struct slice text, struct err *err)
{
    return err_set(err, SQLSTATE_INVALID_TEXT_REPRESENTATION,
                   "invalid input syntax for type %s: \"%.*s\"", type, TYPES_SHOWN(text));
}

bool types_is_array(const struct types_info *type)
{
    return type && type->category == 'A' && type->elem != 0;
}

bool types_is_reg(uint32_t oid)
{
    switch (oid) {
    case TYPES_REGPROC:
    case TYPES_REGCLASS:
    case TYPES_REGTYPE:
    case TYPES_REGNAMESPACE:
    case TYPES_REGROLE:
    case 2202: /* regprocedure */
    case 2203: /* regoper */
    case 2204: /* regoperator */
    case 3734: /* regconfig */
    case 3769: /* regdictionary */
    case 4191: /* regcollation */
        return true;
    default:
        return false;
    }
}

bool types_is_int(uint32_t oid)
{
    switch (oid) {
    case TYPES_INT2:
    case TYPES_INT4:
    case TYPES_INT8:
    case TYPES_OID:
    case TYPES_XID:
    case TYPES_CID:
        return true;
    default:
        return types_is_reg(oid);
    }
}

static bool is_text(uint32_t oid)
{
    switch (oid) {
    case TYPES_TEXT:
    case TYPES_VARCHAR:
    case TYPES_BPCHAR:
    case TYPES_NAME:
    case TYPES_CHAR:
    case TYPES_UNKNOWN:
    case TYPES_VOID:
    case 194 /* pg_node_tree */:
    case 2275 /* cstring */:
    case 1033 /* aclitem */:
        return true;
    default:
        return false;
    }
}

bool types_supported(const struct types_set *set, uint32_t oid)
{
    oid = types_base(set, oid, NULL);
    if (types_is_int(oid) || is_text(oid))
        return true;
    switch (oid) {
    case TYPES_BOOL:
    case TYPES_BYTEA:
    case TYPES_JSON:
    case TYPES_JSONB:
    case TYPES_JSONPATH:
    case TYPES_FLOAT4:
    case TYPES_FLOAT8:
    case TYPES_DATE:
    case TYPES_TIME:
    case TYPES_TIMETZ:
    case TYPES_TIMESTAMP:
    case TYPES_TIMESTAMPTZ:
    case TYPES_INTERVAL:
    case TYPES_NUMERIC:
    case TYPES_UUID:
    case TYPES_INT2VECTOR:
    case TYPES_OIDVECTOR:
    case TYPES_ANYARRAY:
    case TYPES_INET:
    case TYPES_CIDR:
    case TYPES_MACADDR:
    case TYPES_MACADDR8:
    case TYPES_TID:
        return true;
    default:
        break;
    }
    const struct types_info *type = types_find(set, oid);
    return type && (type->type == 'e' || record_is_type(set, oid) || range_subtype(oid) != 0 ||
                    (types_is_array(type) && types_supported(set, type->elem)));
}

const char *types_storage(const struct types_set *set, uint32_t oid)
{
    oid = types_base(set, oid, NULL);
    if (types_is_int(oid))
        return "INTEGER";
    switch (oid) {
    case TYPES_BOOL:
    case TYPES_DATE:
    case TYPES_TIME:
    case TYPES_TIMETZ:
    case TYPES_TIMESTAMP:
    case TYPES_TIMESTAMPTZ:
    case TYPES_TID:
        return "INTEGER";
    case TYPES_FLOAT4:
    case TYPES_FLOAT8:
        return "REAL";
    case TYPES_BYTEA:
    case TYPES_INTERVAL:
    case TYPES_INET:
    case TYPES_CIDR:
    case TYPES_MACADDR:
    case TYPES_MACADDR8:
        return "BLOB";
    default:
        return "TEXT";
    }
}

struct type_name {
    uint32_t oid;
    const char *sql;
};

/* format_type(): the SQL names of types that have one. */
static const char *sql_name(const struct types_info *type)
{
    static const struct type_name names[] = {
        {TYPES_BOOL, "boolean"},
        {TYPES_CHAR, "\"char\""},
        {TYPES_INT8, "bigint"},
        {TYPES_INT2, "smallint"},
        {TYPES_INT4, "integer"},
        {TYPES_FLOAT4, "real"},
        {TYPES_FLOAT8, "double precision"},
        {TYPES_BPCHAR, "character"},
        {TYPES_VARCHAR, "character varying"},
        {1560, "bit"},
        {1562, "bit varying"},
        {TYPES_UNKNOWN, "unknown"},
        {2276, "\"any\""},
    };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (names[i].oid == type->oid)
            return names[i].sql;
    return type->name;
}

static void format_scalar(const struct types_info *type, int32_t typmod, char *ret, size_t size)
{
    char precision[24] = "";
    switch (type->oid) {
    case TYPES_TIME:
    case TYPES_TIMESTAMP:
    case TYPES_TIMETZ:
    case TYPES_TIMESTAMPTZ: {
        bool tz = type->oid == TYPES_TIMETZ || type->oid == TYPES_TIMESTAMPTZ;
        bool time = type->oid == TYPES_TIME || type->oid == TYPES_TIMETZ;
        if (typmod >= 0)
            snprintf(precision, sizeof precision, "(%d)", typmod);
        snprintf(ret, size, "%s%s %s time zone", time ? "time" : "timestamp", precision,
                 tz ? "with" : "without");
        return;
    }
    case TYPES_BPCHAR:
    case TYPES_VARCHAR:
        if (typmod > 4)
            snprintf(precision, sizeof precision, "(%d)", typmod - 4);
        else if (type->oid == TYPES_BPCHAR) { /* char without a length means something else */
            snprintf(ret, size, "bpchar");
            return;
        }
        break;
    case TYPES_INTERVAL: {
        char fields[48] = "";
        if (typmod >= 0)
            types_interval_typmod_out(typmod, fields, sizeof fields);
        snprintf(ret, size, "interval%s", fields);
        return;
    }
    case TYPES_NUMERIC:
        if (typmod >= 4) {
            int32_t scale = ((typmod - 4) & 0x7ff) ^ 1024;
            snprintf(precision, sizeof precision, "(%d,%d)", ((typmod - 4) >> 16) & 0xffff,
                     scale - 1024);
        }
        break;
    default: /* those that SQL has a name for take none; the others print what nobody gave a meaning
              */
        if (typmod >= 0 && sql_name(type) == type->name)
            snprintf(precision, sizeof precision, "(%d)", typmod);
        break;
    }
    snprintf(ret, size, "%s%s", sql_name(type), precision);
}

/* User types are named with their schema unless it is on the search_path. */
static void format_any(const struct types_set *set, const struct types_info *type, int32_t typmod,
                       char *ret, size_t size)
{
    if (type->oid >= TYPES_USER_MIN)
        types_format_user(set, types_find_user(set, type->oid), ret, size);
    else
        format_scalar(type, typmod, ret, size);
}

void types_format(const struct types_set *set, uint32_t oid, int32_t typmod, char *ret, size_t size)
{
    const struct types_info *type = types_find(set, oid);
    if (!type) {
        snprintf(ret, size, "%s", oid ? "???" : "-");
    } else if (types_is_array(type) && type->name[0] == '_' && types_find(set, type->elem)) {
        char elem[TYPES_NAME_BYTES];
        format_any(set, types_find(set, type->elem), typmod, elem, sizeof elem);
        snprintf(ret, size, "%s[]", elem);
    } else {
        format_any(set, type, typmod, ret, size);
    }
}
