/* emit_proc_catalog.c: templates of what catalogs say; see emit_proc.h. */
#include "daemon/store/emit_proc.h"

static const struct emit_proc_entry entries[] = {
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
    {F_OBJ_DESCRIPTION_OID, "NULL"},
    {F_OBJ_DESCRIPTION_OID_NAME, "NULL"},
    {F_COL_DESCRIPTION, "NULL"}, /* there are no comments */
};

const struct emit_proc_set emit_proc_catalog = {entries, sizeof(entries) / sizeof(entries[0])};
