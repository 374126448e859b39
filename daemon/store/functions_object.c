/* functions_object.c: what the catalog's functions say of objects that have no place in struct
 * store_catalog: looked up in the relations of the system themselves. */
#include "daemon/store/array.h"
#include "daemon/store/catalog_views.h"
#include "daemon/store/functions_impl.h"

/* pg_get_viewdef: of the system's views, the text that the translator puts in their place. */
static void fn_viewdef(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    struct slice text;
    if (functions_null(argc, argv))
        return;
    uint32_t oid = (uint32_t)sqlite3_value_int64(argv[0]);
    const struct store_table *t = store_catalog_table_oid(functions_context(ctx)->catalog, oid);
    if (t && t->system && catalog_view_text(t->schema, t->name, &text))
        functions_result_text(ctx, text.data, text.len);
    else if (t && t->kind == 'v')
        functions_fail(ctx, SQLSTATE_FEATURE_NOT_SUPPORTED,
                       "pg_get_viewdef of this view is not supported by the embedded store");
}

/* pg_encoding_to_char */
static void fn_encoding(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    static const char *const names[] = {
        "SQL_ASCII", "EUC_JP",        "EUC_CN",     "EUC_KR",     "EUC_TW",     "EUC_JIS_2004",
        "UTF8",      "MULE_INTERNAL", "LATIN1",     "LATIN2",     "LATIN3",     "LATIN4",
        "LATIN5",    "LATIN6",        "LATIN7",     "LATIN8",     "LATIN9",     "LATIN10",
        "WIN1256",   "WIN1258",       "WIN866",     "WIN874",     "KOI8R",      "WIN1251",
        "WIN1252",   "ISO_8859_5",    "ISO_8859_6", "ISO_8859_7", "ISO_8859_8", "WIN1250",
        "WIN1253",   "WIN1254",       "WIN1255",    "WIN1257",    "KOI8U",      "SJIS",
        "BIG5",      "GBK",           "UHC",        "GB18030",    "JOHAB",      "SHIFT_JIS_2004",
    };
    if (functions_null(argc, argv))
        return;
    sqlite3_int64 i = sqlite3_value_int64(argv[0]);
    bool known = i >= 0 && i < (sqlite3_int64)(sizeof names / sizeof names[0]);
    sqlite3_result_text(ctx, known ? names[i] : "", -1, SQLITE_STATIC);
}

/* An int2vector or oidvector as the array that it is. */
static void fn_vector_array(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    struct array a;
    struct buf out;
    if (functions_null(argc, argv))
        return;
    array_init(&a);
    functions_buf(&out);
    if (array_parse(functions_slice(argv[0]), true, &a) == 0)
        array_write(&a, &out);
    array_release(&a);
    functions_finish(ctx, &out);
}

const struct function_row functions_object_rows[] = {
    {"pgf_get_viewdef", 1, false, fn_viewdef, NULL, NULL},
    {"pgf_vector_array", 1, true, fn_vector_array, NULL, NULL},
    {"pgf_encoding", 1, true, fn_encoding, NULL, NULL},
};
const size_t functions_object_n = sizeof(functions_object_rows) / sizeof(functions_object_rows[0]);
