/* functions_index.c: what indexes can do, as PostgreSQL's access methods say: pg_index_has_property()
 * and its kin.  An index is a btree of SQLite's whatever it was declared as; it answers as declared. */
#include "daemon/store/conn.h"
#include "daemon/store/functions_impl.h"

#include <stdio.h>

static const struct method {
    int64_t am;
    const char *method, *index, *column; /* the properties that it has */
} methods[] = {
    {403, "can_order can_unique can_multi_col can_exclude can_include ",
     "clusterable index_scan bitmap_scan backward_scan ",
     "orderable returnable search_array search_nulls "},
    {405, "can_exclude ", "index_scan bitmap_scan backward_scan ", ""},
    {783, "can_multi_col can_exclude can_include ", "clusterable index_scan bitmap_scan ",
     "search_nulls "},
    {2742, "can_multi_col ", "bitmap_scan ", ""},
    {3580, "can_multi_col ", "bitmap_scan ", "search_nulls "},
    {4000, "can_exclude can_include ", "index_scan bitmap_scan ", "search_nulls "},
};

#define PROPERTY_BYTES 34

/* ${v} as a word that ends in a blank; false: ${all} has none such. */
static bool property(sqlite3_value *v, const char *all, char ret[PROPERTY_BYTES])
{
    snprintf(ret, PROPERTY_BYTES, "%.32s ", (const char *)sqlite3_value_text(v));
    size_t n = strlen(ret);
    for (const char *p = all; *p; p = strchr(p, ' ') + 1)
        if (strncasecmp(p, ret, n) == 0)
            return true;
    return false;
}

static const struct method *method_of(int64_t am)
{
    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++)
        if (methods[i].am == am)
            return &methods[i];
    return NULL;
}

static bool has(const char *words, const char *word)
{
    return strcasestr(words, word) != NULL;
}

/* pg_indexam_has_property(access method, property) */
static void fn_method(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    char word[PROPERTY_BYTES];
    if (functions_null(argc, argv) || !property(argv[1], methods[0].method, word))
        return;
    const struct method *m = method_of(sqlite3_value_int64(argv[0]));
    if (m)
        sqlite3_result_int(ctx, has(m->method, word));
}

struct index {
    const struct method *method;
    int64_t columns, keys, option; /* option: of the column asked for */
};

static bool find_index(sqlite3_context *ctx, sqlite3_value *oid, int64_t column, struct index *ret)
{
    struct store_context *c = functions_context(ctx);
    sqlite3_stmt *s = NULL;
    bool found = false;
    c->conn->internal++;
    if (sqlite3_prepare_v2(c->db,
                           "SELECT c.relam, i.indnatts, i.indnkeyatts,"
                           " CAST(json_extract(i.indoption, '$[' || (?2 - 1) || ']') AS INTEGER)"
                           " FROM \"system.pg_index\" AS i JOIN \"system.pg_class\" AS c ON c.oid ="
                           " i.indexrelid WHERE i.indexrelid = ?1",
                           -1, &s, NULL) == SQLITE_OK &&
        sqlite3_bind_value(s, 1, oid) == SQLITE_OK && sqlite3_bind_int64(s, 2, column) == SQLITE_OK &&
        sqlite3_step(s) == SQLITE_ROW) {
        *ret = (struct index){method_of(sqlite3_column_int64(s, 0)), sqlite3_column_int64(s, 1),
                              sqlite3_column_int64(s, 2), sqlite3_column_int64(s, 3)};
        found = ret->method != NULL;
    }
    sqlite3_finalize(s);
    c->conn->internal--;
    return found;
}

/* pg_index_has_property(index, property) */
static void fn_index(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    char word[PROPERTY_BYTES];
    struct index index;
    if (!functions_null(argc, argv) && property(argv[1], methods[0].index, word) &&
        find_index(ctx, argv[0], 1, &index))
        sqlite3_result_int(ctx, has(index.method->index, word));
}

/* Of columns that are ordered: by the flags of indoption. */
static bool ordered(const char *word, int64_t option)
{
    bool desc = option & 1, nulls_first = option & 2;
    return has("asc ", word)         ? !desc
           : has("nulls_first ", word) ? nulls_first
           : has("nulls_last ", word)  ? !nulls_first
                                       : desc;
}

/* pg_index_column_has_property(index, column, property) */
static void fn_column(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    static const char order[] = "asc desc nulls_first nulls_last ";
    static const char others[] =
        "orderable distance_orderable returnable search_array search_nulls ";
    char word[PROPERTY_BYTES];
    struct index index;
    if (functions_null(argc, argv))
        return;
    int64_t column = sqlite3_value_int64(argv[1]);
    bool by_order = property(argv[2], order, word);
    if (column <= 0 || (!by_order && !property(argv[2], others, word)) ||
        !find_index(ctx, argv[0], column, &index) || column > index.columns)
        return;
    bool key = column <= index.keys, sorted = has(index.method->method, "can_order ");
    if (by_order && key)
        sqlite3_result_int(ctx, sorted && ordered(word, index.option));
    else if (!by_order && (key || strncasecmp(word, "search_", 7) != 0))
        sqlite3_result_int(ctx, (key || has("returnable ", word)) && has(index.method->column, word));
}

const struct function_row functions_index_rows[] = {
    {"pgf_am_property", 2, false, fn_method, NULL, NULL},
    {"pgf_index_property", 2, false, fn_index, NULL, NULL},
    {"pgf_index_column_property", 3, false, fn_column, NULL, NULL},
};
const size_t functions_index_n = sizeof(functions_index_rows) / sizeof(functions_index_rows[0]);
