/* emit_proc_catalog.c: templates of what catalogs say; see emit_proc.h. */
#include "daemon/store/emit_proc.h"

/* The functions of information_schema have no names in PostgreSQL's headers. */
enum {
    F_PG_EXPANDARRAY = 13208,
    F_PG_INDEX_POSITION,
    F_PG_TRUETYPID,
    F_PG_TRUETYPMOD,
    F_PG_CHAR_MAX_LENGTH,
    F_PG_CHAR_OCTET_LENGTH,
    F_PG_NUMERIC_PRECISION = 13215,
    F_PG_NUMERIC_PRECISION_RADIX,
    F_PG_NUMERIC_SCALE,
    F_PG_DATETIME_PRECISION,
    F_PG_INTERVAL_TYPE,
};

static const struct emit_proc_entry entries[] = {
    {F_PG_CHAR_MAX_LENGTH, "pgf_char_max_length(%1, %2)"},
    {F_PG_CHAR_OCTET_LENGTH, "pgf_char_octet_length(%1, %2)"},
    {F_PG_NUMERIC_PRECISION, "pgf_numeric_precision(%1, %2)"},
    {F_PG_NUMERIC_PRECISION_RADIX, "pgf_numeric_radix(%1, %2)"},
    {F_PG_NUMERIC_SCALE, "pgf_numeric_scale(%1, %2)"},
    {F_PG_DATETIME_PRECISION, "pgf_datetime_precision(%1, %2)"},
    {F_PG_INTERVAL_TYPE, "pgf_interval_type(%1, %2)"},
    {F_PG_INDEX_POSITION,
     "(SELECT \"y\".key + 1 FROM \"system.pg_index\" AS \"x\", json_each(\"x\".indkey) AS \"y\""
     " WHERE \"x\".indexrelid = %1 AND CAST(\"y\".value AS INTEGER) = %2)"},
    {F_PG_GET_VIEWDEF_OID, "pgf_get_viewdef(%1)"},
    {F_PG_GET_VIEWDEF_OID_BOOL, "pgf_get_viewdef(%1)"},
    {F_PG_GET_VIEWDEF_OID_INT4, "pgf_get_viewdef(%1)"},
    {F_PG_SEQUENCE_LAST_VALUE,
     "(SELECT last_value FROM \"store.sequence\" WHERE oid = %1 AND is_called)"},
    {F_PG_IS_OTHER_TEMP_SCHEMA, "(%1 <> %1)"}, /* there are none */
    {F_PG_ENCODING_TO_CHAR, "pgf_encoding(%1)"},
    {F_FORMAT_TYPE, "pgf_format_type(%1, %2)"},
    {F_PG_TABLE_IS_VISIBLE, "pgf_table_is_visible(%1)"},
    {F_PG_TYPE_IS_VISIBLE, "(%1 IS NOT NULL)"},
    {F_PG_GET_USERBYID, "pgf_get_userbyid(%1)"},
    {F_PG_GET_EXPR_PG_NODE_TREE_OID, "%1"},
    {F_PG_GET_EXPR_PG_NODE_TREE_OID_BOOL, "%1"},
    {F_PG_GET_CONSTRAINTDEF_OID, "pgf_get_constraintdef(%1)"},
    {F_PG_GET_CONSTRAINTDEF_OID_BOOL, "pgf_get_constraintdef(%1)"},
    {F_PG_GET_INDEXDEF_OID, "pgf_get_indexdef(%1)"},
    {F_PG_GET_INDEXDEF_OID_INT4_BOOL, "pgf_get_indexdef(%1, %2)"},
    {F_OBJ_DESCRIPTION_OID,
     "(SELECT \"x\".description FROM \"system.pg_description\" AS \"x\" WHERE"
     " \"x\".objoid = %1 AND \"x\".objsubid = 0)"},
    {F_OBJ_DESCRIPTION_OID_NAME,
     "(SELECT \"x\".description FROM \"system.pg_description\" AS \"x\" WHERE \"x\".objoid = %1 AND"
     " \"x\".objsubid = 0 AND \"x\".classoid = (SELECT \"y\".oid FROM \"system.pg_class\" AS \"y\""
     " WHERE \"y\".relname = %2 AND \"y\".relnamespace = 11))"},
    {F_COL_DESCRIPTION,
     "(SELECT \"x\".description FROM \"system.pg_description\" AS \"x\" WHERE \"x\".objoid = %1 AND"
     " \"x\".classoid = 1259 AND \"x\".objsubid = %2)"},
    {F_SHOBJ_DESCRIPTION,
     "(SELECT \"x\".description FROM \"system.pg_shdescription\" AS \"x\" WHERE \"x\".objoid = %1 "
     "AND"
     " \"x\".classoid = (SELECT \"y\".oid FROM \"system.pg_class\" AS \"y\" WHERE"
     " \"y\".relname = %2 AND \"y\".relnamespace = 11))"},
};

const struct emit_proc_set emit_proc_catalog = {entries, sizeof(entries) / sizeof(entries[0])};
