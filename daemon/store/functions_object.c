/* functions_object.c: what the catalog's functions say of objects that have no place in struct
 * store_catalog: looked up in the relations of the system themselves. */
#include "daemon/store/array.h"
#include "daemon/store/conn.h"
#include "daemon/store/functions_impl.h"
#include "daemon/store/ident.h"
#include "daemon/store/objects.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

/* -- encodings -- */

static const char *const encodings[] = {
    "SQL_ASCII", "EUC_JP",        "EUC_CN",     "EUC_KR",     "EUC_TW",     "EUC_JIS_2004",
    "UTF8",      "MULE_INTERNAL", "LATIN1",     "LATIN2",     "LATIN3",     "LATIN4",
    "LATIN5",    "LATIN6",        "LATIN7",     "LATIN8",     "LATIN9",     "LATIN10",
    "WIN1256",   "WIN1258",       "WIN866",     "WIN874",     "KOI8R",      "WIN1251",
    "WIN1252",   "ISO_8859_5",    "ISO_8859_6", "ISO_8859_7", "ISO_8859_8", "WIN1250",
    "WIN1253",   "WIN1254",       "WIN1255",    "WIN1257",    "KOI8U",      "SJIS",
    "BIG5",      "GBK",           "UHC",        "GB18030",    "JOHAB",      "SHIFT_JIS_2004"};
#define ENCODINGS (sizeof encodings / sizeof encodings[0])

/* pg_encoding_to_char */
static void fn_encoding(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    if (functions_null(argc, argv))
        return;
    sqlite3_int64 i = sqlite3_value_int64(argv[0]);
    bool known = i >= 0 && i < (sqlite3_int64)ENCODINGS;
    sqlite3_result_text(ctx, known ? encodings[i] : "", -1, SQLITE_STATIC);
}

/* pg_char_to_encoding: letters and digits count. */
static void fn_encoding_number(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    char said[64], clean[64];
    if (functions_null(argc, argv))
        return;
    const char *sources[2] = {(const char *)sqlite3_value_text(argv[0]), NULL};
    sqlite3_result_int(ctx, -1);
    for (size_t i = 0; i < ENCODINGS; i++) {
        size_t n[2] = {0, 0};
        char *to[2] = {said, clean};
        sources[1] = encodings[i];
        for (int k = 0; k < 2; k++) {
            for (const char *p = sources[k]; *p && n[k] < 63; p++)
                if ((*p >= '0' && *p <= '9') || ((*p | 32) >= 'a' && (*p | 32) <= 'z'))
                    to[k][n[k]++] = (char)(*p | 32);
            to[k][n[k]] = 0;
        }
        if (strcmp(said, clean) == 0)
            sqlite3_result_int(ctx, (int)i);
    }
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

/* -- names -- */

/* pg_..._is_visible: pgf_visible(kind, oid) */
static void fn_visible(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    if (functions_null(argc, argv))
        return;
    int visible =
        objects_visible(functions_context(ctx), (enum objects_kind)sqlite3_value_int(argv[0]),
                        (uint32_t)sqlite3_value_int64(argv[1]));
    if (visible >= 0)
        sqlite3_result_int(ctx, visible);
}

/* to_regclass() and the like: pgf_to_reg(type, text), NULL where there is nothing of the name. */
static void fn_to_reg(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    struct store_context *c = functions_context(ctx);
    struct err err = {0};
    uint32_t oid;
    if (functions_null(argc, argv))
        return;
    uint32_t type = (uint32_t)sqlite3_value_int64(argv[0]);
    if (objects_read(c, type, functions_slice(argv[1]), &oid, &err) == 0) {
        sqlite3_result_int64(ctx, oid);
        return;
    }
    if (strcmp(err.sqlstate, "42602") == 0 || strcmp(err.sqlstate, "22P02") == 0) {
        c->raised = err;
        functions_raised(ctx);
    }
}

/* -- what is said of columns and indexes -- */

/* pg_get_serial_sequence(table, column) */
static void fn_serial_sequence(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    struct store_context *c = functions_context(ctx);
    struct buf out;
    uint32_t oid;
    if (functions_null(argc, argv))
        return;
    if (objects_read(c, TYPES_REGCLASS, functions_slice(argv[0]), &oid, &c->raised) < 0) {
        functions_raised(ctx);
        return;
    }
    const char *column = (const char *)sqlite3_value_text(argv[1]);
    const struct store_table *t = store_catalog_table_oid(c->catalog, oid);
    const struct store_column *found = t ? store_table_column(t, column) : NULL;
    const struct store_sequence *q =
        found ? store_catalog_sequence_oid(c->catalog, found->sequence_oid) : NULL;
    if (t && !found) {
        functions_fail(ctx, SQLSTATE_UNDEFINED_COLUMN,
                       "column \"%s\" of relation \"%s\" does not exist", column, t->name);
        return;
    }
    if (!q)
        return;
    functions_buf(&out);
    ident_postgres(catalog_is_temp(q->oid) ? "pg_temp" : q->schema, &out);
    buf_append(&out, ".", 1);
    ident_postgres(q->name, &out);
    functions_finish(ctx, &out);
}

/* pgf_ctid(rowid): places count from 1. */
static void fn_ctid(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    if (functions_null(argc, argv))
        return;
    sqlite3_int64 row = sqlite3_value_int64(argv[0]) - 1;
    if (row < 0 || row / UINT16_MAX > UINT32_MAX)
        functions_fail(ctx, SQLSTATE_FEATURE_NOT_SUPPORTED,
                       "ctid of a row with so large or negative a key is not supported by the "
                       "embedded store");
    else
        sqlite3_result_int64(ctx, (row / UINT16_MAX) << 16 | (row % UINT16_MAX + 1));
}

/* It has not been made: pgf_refuse(what). */
static void fn_refuse(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    (void)argc;
    functions_fail(ctx, SQLSTATE_FEATURE_NOT_SUPPORTED, "%s is not supported by the embedded store",
                   (const char *)sqlite3_value_text(argv[0]));
}

/* -- sizes: of the pages that SQLite keeps -- */

static int64_t pages(sqlite3 *db, const char *name)
{
    sqlite3_stmt *s = NULL;
    int64_t size = 0;
    if (sqlite3_prepare_v2(db, "SELECT sum(pgsize) FROM dbstat WHERE aggregate AND name = ?1", -1,
                           &s, NULL) == SQLITE_OK &&
        sqlite3_bind_text(s, 1, name, -1, SQLITE_TRANSIENT) == SQLITE_OK &&
        sqlite3_step(s) == SQLITE_ROW)
        size = sqlite3_column_int64(s, 0);
    sqlite3_finalize(s);
    return size;
}

/* pg_size_pretty(), of a bigint or a numeric: halves are rounded away from zero where a unit ends. */
static void fn_size_pretty(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    static const char *const units[] = {"bytes", "kB", "MB", "GB", "TB", "PB"};
    char *end, text[64];
    size_t unit = 0;
    if (functions_null(argc, argv))
        return;
    const char *said = (const char *)sqlite3_value_text(argv[0]);
    errno = 0;
    long long size = strtoll(said, &end, 10);
    if (errno != 0 || (*end != '\0' && *end != '.')) {
        functions_fail(ctx, SQLSTATE_FEATURE_NOT_SUPPORTED,
                       "pg_size_pretty(%s) is not supported by the embedded store", said);
        return;
    }
    if (llabs(size) < 10240) {
        snprintf(text, sizeof text, "%.50s bytes", said);
        functions_result_text(ctx, text, strlen(text));
        return;
    }
    for (size /= 512, unit = 1; unit < 5 && llabs(size) >= 20 * 1024 - 1; unit++)
        size /= 1024;
    snprintf(text, sizeof text, "%lld %s", (size + (size < 0 ? -1 : 1)) / 2, units[unit]);
    functions_result_text(ctx, text, strlen(text));
}

static void fn_database_size(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    struct store_context *c = functions_context(ctx);
    sqlite3_stmt *s = NULL;
    (void)argc;
    (void)argv;
    c->conn->internal++;
    if (sqlite3_prepare_v2(c->db,
                           "SELECT page_count * page_size FROM pragma_page_count(),"
                           " pragma_page_size()",
                           -1, &s, NULL) == SQLITE_OK &&
        sqlite3_step(s) == SQLITE_ROW)
        sqlite3_result_int64(ctx, sqlite3_column_int64(s, 0));
    sqlite3_finalize(s);
    c->conn->internal--;
}

/* pgf_relation_size(oid, what): 't' the relation, 'i' its indexes, 'a' both. */
static void fn_relation_size(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    struct store_context *c = functions_context(ctx);
    const char *schema, *name;
    int64_t size = 0;
    if (functions_null(argc, argv))
        return;
    uint32_t oid = (uint32_t)sqlite3_value_int64(argv[0]);
    char what = *(const char *)sqlite3_value_text(argv[1]);
    if (!store_catalog_relation_name(c->catalog, oid, &schema, &name) &&
        !store_catalog_table_oid(c->catalog, oid))
        return;
    c->conn->internal++;
    for (size_t i = 0; i < c->catalog->ntables; i++) {
        const struct store_table *t = &c->catalog->tables[i];
        if (t->system)
            continue;
        if (t->oid == oid && what != 'i')
            size += pages(c->db, t->sqlite_name);
        for (size_t k = 0; k < t->nkeys; k++)
            if (t->keys[k].sqlite_name &&
                (t->keys[k].oid == oid ? what != 'i' : t->oid == oid && what != 't'))
                size += pages(c->db, t->keys[k].sqlite_name);
    }
    c->conn->internal--;
    sqlite3_result_int64(ctx, size);
}

const struct function_row functions_object_rows[] = {
    {"pgf_visible", 2, false, fn_visible, NULL, NULL},
    {"pgf_to_reg", 2, false, fn_to_reg, NULL, NULL},
    {"pgf_serial_sequence", 2, false, fn_serial_sequence, NULL, NULL},
    {"pgf_refuse", 1, false, fn_refuse, NULL, NULL},
    {"pgf_ctid", 1, true, fn_ctid, NULL, NULL},
    {"pgf_size_pretty", 1, true, fn_size_pretty, NULL, NULL},
    {"pgf_database_size", 0, false, fn_database_size, NULL, NULL},
    {"pgf_relation_size", 2, false, fn_relation_size, NULL, NULL},
    {"pgf_vector_array", 1, true, fn_vector_array, NULL, NULL},
    {"pgf_encoding_number", 1, true, fn_encoding_number, NULL, NULL},
    {"pgf_encoding", 1, true, fn_encoding, NULL, NULL},
};
const size_t functions_object_n = sizeof(functions_object_rows) / sizeof(functions_object_rows[0]);
