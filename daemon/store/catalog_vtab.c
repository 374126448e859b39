/* catalog_vtab.c: see catalog_vtab.h. */
#include "daemon/store/catalog_vtab.h"

#include "daemon/store/builtin.h"
#include "daemon/store/temp.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STORED_ROWID ((sqlite3_int64)1 << 40) /* rowids of built-in rows are below */
#define TEMP_ROWID   ((sqlite3_int64)1 << 36) /* added to those of temporary rows */
#define NO_KEY       (-1)
#define STORED_GUESS 8 /* rows of the file that have a value, for the planner */

struct relation {                     /* argument of the module */
    const struct builtin_line *lines; /* itself, then its columns */
    size_t ncolumns;
    const struct builtin_table *table; /* NULL: no built-in rows */
    bool stored;
    struct store_context *context;
};

struct table {
    struct sqlite3_vtab base;
    sqlite3 *db;
    const struct relation *relation;
    sqlite3_stmt *idle[BUILTIN_COLUMNS_MAX + 1]; /* by column of the condition + 1, for the next */
    bool temp; /* they see temporary rows, too */
};

struct cursor {
    struct sqlite3_vtab_cursor base;
    int column; /* of the condition, or NO_KEY */
    const struct builtin_key *key;
    uint32_t hash;
    size_t at;  /* in the key, or the next row */
    size_t row; /* the built-in row that is shown */
    bool in_stored, over;
    sqlite3_stmt *stmt;
};

static const char *const stored[] = {
    "pg_class",       "pg_attribute", "pg_type",    "pg_namespace", "pg_constraint",
    "pg_index",       "pg_attrdef",   "pg_enum",    "pg_sequence",  "pg_depend",
    "pg_description", "pg_extension", "pg_rewrite", "pg_database",  "pg_default_acl",
};

bool catalog_vtab_stored(const char *name)
{
    for (size_t i = 0; i < sizeof stored / sizeof stored[0]; i++)
        if (strcmp(stored[i], name) == 0)
            return true;
    return false;
}

/* Where the file's rows are more than those of the table: columns of indexes are those of their
 * table, unless they have rows of their own (ddl_index_columns.c); and what pg_class says of
 * constraints is counted. */
static const char attribute_source[] =
    "SELECT * FROM (SELECT rowid + %lld AS \"store.rowid\", * FROM \"pg_catalog.pg_attribute\" UNION ALL"
    " SELECT -(i.indexrelid * 64 + j.key) AS \"store.rowid\", i.indexrelid AS attrelid,"
    " a.attname, a.atttypid, -1, a.attlen, j.key + 1, a.attndims, -1, a.atttypmod,"
    " a.attbyval, a.attalign, a.attstorage, '', 0, 0, 0, '', '', 0, 1, 0,"
    " a.attcollation, NULL, NULL, NULL, NULL"
    " FROM \"pg_catalog.pg_index\" AS i, json_each(i.indkey) AS j,"
    " \"pg_catalog.pg_attribute\" AS a"
    " WHERE a.attrelid = i.indrelid AND a.attnum = CAST(j.value AS INTEGER) AND NOT"
    " EXISTS (SELECT 1 FROM \"pg_catalog.pg_attribute\" AS x WHERE x.attrelid = i.indexrelid AND"
    " x.attnum = j.key + 1))";

static const char *counted(const char *relation, const char *column)
{
    if (strcmp(relation, "pg_class") != 0)
        return NULL;
    if (strcmp(column, "relchecks") == 0)
        return "(SELECT count(*) FROM \"pg_catalog.pg_constraint\" WHERE conrelid = o.oid AND"
               " contype = 'c')";
    if (strcmp(column, "relhastriggers") == 0) /* foreign keys are kept by triggers */
        return "(EXISTS (SELECT 1 FROM \"pg_catalog.pg_constraint\" WHERE conrelid = o.oid AND"
               " contype = 'f') OR EXISTS (SELECT 1 FROM \"pg_catalog.pg_constraint\" WHERE"
               " confrelid = o.oid AND contype = 'f'))";
    return NULL;
}

/* A SELECT of the rowid (plus ${above}) and all columns, to which a condition can be added;
 * sqlite3_malloc'd. */
static char *stored_select(const struct relation *r, sqlite3_int64 above)
{
    const char *relation = r->lines[0].name;
    if (strcmp(relation, "pg_attribute") == 0)
        return sqlite3_mprintf(attribute_source, above);
    sqlite3_str *s = sqlite3_str_new(NULL);
    sqlite3_str_appendf(s, "SELECT rowid + %lld", above);
    for (size_t i = 1; i <= r->ncolumns; i++) {
        const char *expression = counted(relation, r->lines[i].name);
        if (expression)
            sqlite3_str_appendf(s, ", %s", expression);
        else
            sqlite3_str_appendf(s, ", \"%w\"", r->lines[i].name);
    }
    sqlite3_str_appendf(s, " FROM \"pg_catalog.%w\" AS o", relation);
    return sqlite3_str_finish(s);
}

/* -- the table -- */

static char *declaration(const struct relation *r)
{
    sqlite3_str *s = sqlite3_str_new(NULL);
    for (size_t i = 0; i < r->ncolumns; i++)
        sqlite3_str_appendf(s, "%s\"%w\" %s", i == 0 ? "CREATE TABLE x(" : ", ",
                            r->lines[i + 1].name, types_storage(NULL, r->lines[i + 1].oid));
    sqlite3_str_appendall(s, ")");
    return sqlite3_str_finish(s);
}

static int table_connect(sqlite3 *db, void *aux, int argc, const char *const *argv,
                         sqlite3_vtab **ret, char **ret_error)
{
    const struct relation *r = aux;
    (void)argc;
    (void)argv;
    (void)ret_error;
    char *sql = declaration(r);
    struct table *t = sqlite3_malloc64(sizeof *t);
    r->context->conn->internal++; /* to the authorizer, a declaration is DDL */
    int rc = sql && t ? sqlite3_declare_vtab(db, sql) : SQLITE_NOMEM;
    r->context->conn->internal--;
    sqlite3_free(sql);
    if (rc != SQLITE_OK) {
        sqlite3_free(t);
        return rc;
    }
    memset(t, 0, sizeof *t);
    t->db = db;
    t->relation = r;
    *ret = &t->base;
    return sqlite3_vtab_config(db, SQLITE_VTAB_INNOCUOUS);
}

static int table_disconnect(sqlite3_vtab *base)
{
    struct table *t = (struct table *)base;
    for (size_t i = 0; i < sizeof t->idle / sizeof t->idle[0]; i++)
        sqlite3_finalize(t->idle[i]);
    sqlite3_free(t);
    return SQLITE_OK;
}

static double rows_with(const struct relation *r, int column)
{
    const struct builtin_key *key = r->table ? builtin_key(r->table, (size_t)column) : NULL;
    if (!key)
        return STORED_GUESS;
    return (double)r->table->nrows / (double)(key->distinct ? key->distinct : 1);
}

static bool is_key(const struct relation *r, int column)
{
    if (column < 0)
        return false;
    if (r->table)
        return builtin_key(r->table, (size_t)column) != NULL;
    static const char *const indexed[] = {"oid",      "objid",     "refobjid", "adrelid",
                                          "seqrelid", "enumtypid", "inhrelid", "inhparent"};
    for (size_t i = 0; i < sizeof indexed / sizeof indexed[0]; i++) /* by SQLite, in the file */
        if (strcmp(r->lines[column + 1].name, indexed[i]) == 0)
            return true;
    return false;
}

static int table_best_index(sqlite3_vtab *base, sqlite3_index_info *info)
{
    const struct relation *r = ((struct table *)base)->relation;
    int best = NO_KEY;
    double rows = r->table ? (double)r->table->nrows + 100 : 100, cost = rows * 2;
    for (int i = 0; i < info->nConstraint; i++) {
        const struct sqlite3_index_constraint *c = &info->aConstraint[i];
        if (!c->usable || c->op != SQLITE_INDEX_CONSTRAINT_EQ || !is_key(r, c->iColumn) ||
            strcmp(sqlite3_vtab_collation(info, i), "BINARY") != 0)
            continue;
        double found = rows_with(r, c->iColumn);
        if (best == NO_KEY || found < rows) {
            best = i;
            rows = found;
        }
    }
    info->idxNum = NO_KEY;
    if (best != NO_KEY) {
        info->idxNum = info->aConstraint[best].iColumn;
        info->aConstraintUsage[best].argvIndex = 1;
        cost = 4 + rows * 2;
    }
    info->estimatedRows = (sqlite3_int64)(rows < 1 ? 1 : rows);
    info->estimatedCost = cost;
    return SQLITE_OK;
}

/* -- rows of the file, and temporary ones -- */

/* Those with ?1 in ${column}. */
static char *stored_rows(const struct relation *r, int column, sqlite3_int64 above)
{
    char *from = stored_select(r, above);
    if (!from || column == NO_KEY)
        return from;
    return sqlite3_mprintf("%z WHERE \"%w\" = ?1", from, r->lines[column + 1].name);
}

/* Statements of before the first temporary relation do not see them. */
static void stored_refresh(struct table *t)
{
    const struct store_catalog *c = t->relation->context->catalog;
    bool temp = c && c->temp_schema;
    for (size_t i = 0; t->temp != temp && i < sizeof t->idle / sizeof t->idle[0]; i++) {
        sqlite3_finalize(t->idle[i]);
        t->idle[i] = NULL;
    }
    t->temp = temp;
}

static int stored_prepare(struct table *t, int column, sqlite3_stmt **ret)
{
    const struct relation *r = t->relation;
    stored_refresh(t);
    *ret = t->idle[column + 1];
    t->idle[column + 1] = NULL;
    if (*ret)
        return SQLITE_OK;
    char *sql = stored_rows(r, column, 0);
    char *others = sql && t->temp ? stored_rows(r, column, TEMP_ROWID) : NULL;
    if (others) {
        sql = sqlite3_mprintf("%z UNION ALL %z", sql, temp_text(others));
        sqlite3_free(others);
    }
    if (!sql || (t->temp && !others)) {
        sqlite3_free(sql);
        return SQLITE_NOMEM;
    }
    int rc = sqlite3_prepare_v3(t->db, sql, -1, SQLITE_PREPARE_PERSISTENT, ret, NULL);
    sqlite3_free(sql);
    return rc;
}

static void stored_end(struct cursor *c)
{
    struct table *t = (struct table *)c->base.pVtab;
    if (!c->stmt)
        return;
    sqlite3_reset(c->stmt);
    sqlite3_finalize(t->idle[c->column + 1]);
    t->idle[c->column + 1] = c->stmt;
    c->stmt = NULL;
}

static int stored_next(struct cursor *c)
{
    if (!c->stmt) {
        c->over = true;
        return SQLITE_OK;
    }
    int rc = sqlite3_step(c->stmt);
    if (rc == SQLITE_ROW)
        return SQLITE_OK;
    c->over = true;
    if (rc != SQLITE_DONE)
        return rc;
    stored_end(c);
    return SQLITE_OK;
}

/* -- pg_settings: what is known of each that the store has, and what it is now -- */

static bool named_settings(const struct relation *r)
{
    return strcmp(r->lines[0].name, "pg_settings") == 0;
}

static const char *setting(const struct cursor *c)
{
    const struct relation *r = ((struct table *)c->base.pVtab)->relation;
    char name[96] = "";
    struct slice text;
    (void)builtin_field(r->table, c->row, 0, &text);
    memcpy(name, text.data, text.len < sizeof name ? text.len : sizeof name - 1);
    return store_setting_raw(r->context, name);
}

/* -- cursors -- */

static int cursor_next(sqlite3_vtab_cursor *base)
{
    struct cursor *c = (struct cursor *)base;
    const struct relation *r = ((struct table *)base->pVtab)->relation;
    while (!c->in_stored) {
        if (c->key)
            c->in_stored = !builtin_next(r->table, c->key, c->hash, &c->at, &c->row);
        else if (!r->table || c->column != NO_KEY || c->at >= r->table->nrows)
            c->in_stored = true;
        else
            c->row = c->at++;
        if (!c->in_stored && (!named_settings(r) || setting(c)))
            return SQLITE_OK;
    }
    return stored_next(c);
}

/* What ${v} is looked up by; false: nothing can be equal to it. */
static bool key_hash(const struct relation *r, int column, sqlite3_value *v, uint32_t *ret)
{
    if (types_storage(NULL, r->lines[column + 1].oid)[0] == 'T') {
        const char *text = (const char *)sqlite3_value_text(v);
        *ret = builtin_hash_text((struct slice){text, text ? (size_t)sqlite3_value_bytes(v) : 0});
        return text != NULL;
    }
    int type = sqlite3_value_numeric_type(v);
    *ret = builtin_hash_number(sqlite3_value_int64(v));
    return type == SQLITE_INTEGER || type == SQLITE_FLOAT;
}

static int cursor_filter(sqlite3_vtab_cursor *base, int column, const char *text, int argc,
                         sqlite3_value **argv)
{
    struct cursor *c = (struct cursor *)base;
    struct table *t = (struct table *)base->pVtab;
    const struct relation *r = t->relation;
    (void)text;
    stored_end(c);
    c->column = column;
    c->at = 0;
    c->in_stored = c->over = false;
    c->key = column != NO_KEY && r->table ? builtin_key(r->table, (size_t)column) : NULL;
    if (argc > 0 && !key_hash(r, column, argv[0], &c->hash)) {
        c->over = true;
        return SQLITE_OK;
    }
    int rc = r->stored ? stored_prepare(t, column, &c->stmt) : SQLITE_OK;
    if (rc == SQLITE_OK && c->stmt && argc > 0)
        rc = sqlite3_bind_value(c->stmt, 1, argv[0]);
    return rc == SQLITE_OK ? cursor_next(base) : rc;
}

static int cursor_open(sqlite3_vtab *base, sqlite3_vtab_cursor **ret)
{
    struct cursor *c = sqlite3_malloc64(sizeof *c);
    (void)base;
    if (!c)
        return SQLITE_NOMEM;
    memset(c, 0, sizeof *c);
    c->column = NO_KEY;
    *ret = &c->base;
    return SQLITE_OK;
}

static int cursor_close(sqlite3_vtab_cursor *base)
{
    stored_end((struct cursor *)base);
    sqlite3_free(base);
    return SQLITE_OK;
}

static int cursor_eof(sqlite3_vtab_cursor *base)
{
    return ((struct cursor *)base)->over;
}

static int cursor_rowid(sqlite3_vtab_cursor *base, sqlite3_int64 *ret)
{
    struct cursor *c = (struct cursor *)base;
    *ret = c->in_stored ? STORED_ROWID + sqlite3_column_int64(c->stmt, 0) : (sqlite3_int64)c->row;
    return SQLITE_OK;
}

static void result_text(sqlite3_context *ctx, struct slice field)
{
    if (memchr(field.data, '\\', field.len) == NULL) {
        sqlite3_result_text64(ctx, field.data, field.len, SQLITE_STATIC, SQLITE_UTF8);
        return;
    }
    char *text = sqlite3_malloc64(field.len + 1);
    if (!text) {
        sqlite3_result_error_nomem(ctx);
        return;
    }
    sqlite3_result_text64(ctx, text, builtin_unescape(field, text), sqlite3_free, SQLITE_UTF8);
}

static void builtin_result(sqlite3_context *ctx, const struct cursor *c, int column)
{
    const struct relation *r = ((struct table *)c->base.pVtab)->relation;
    struct slice field;
    if (!builtin_field(r->table, c->row, (size_t)column, &field))
        return;
    switch (types_storage(NULL, r->lines[column + 1].oid)[0]) {
    case 'I':
        sqlite3_result_int64(ctx, builtin_number(r->table, c->row, (size_t)column));
        break;
    case 'R':
        sqlite3_result_double(ctx, strtod(field.data, NULL)); /* ends at the tab */
        break;
    default:
        result_text(ctx, field);
    }
}

static int cursor_column(sqlite3_vtab_cursor *base, sqlite3_context *ctx, int column)
{
    struct cursor *c = (struct cursor *)base;
    const struct relation *r = ((struct table *)base->pVtab)->relation;
    if (c->in_stored)
        sqlite3_result_value(ctx, sqlite3_column_value(c->stmt, column + 1));
    else if (named_settings(r) && strcmp(r->lines[column + 1].name, "setting") == 0)
        sqlite3_result_text(ctx, setting(c), -1, SQLITE_TRANSIENT);
    else
        builtin_result(ctx, c, column);
    return SQLITE_OK;
}

static const sqlite3_module module = {
    .iVersion = 0,
    .xConnect = table_connect, /* no xCreate: it exists by its name alone */
    .xBestIndex = table_best_index,
    .xDisconnect = table_disconnect,
    .xOpen = cursor_open,
    .xClose = cursor_close,
    .xFilter = cursor_filter,
    .xNext = cursor_next,
    .xEof = cursor_eof,
    .xColumn = cursor_column,
    .xRowid = cursor_rowid,
};

static int register_relation(sqlite3 *db, const struct builtin_line *lines, size_t ncolumns,
                             struct store_context *context)
{
    char name[96];
    struct relation *r = sqlite3_malloc64(sizeof *r);
    if (!r)
        return SQLITE_NOMEM;
    *r = (struct relation){.lines = lines,
                           .ncolumns = ncolumns,
                           .table = builtin_table(lines->name),
                           .stored = catalog_vtab_stored(lines->name),
                           .context = context};
    snprintf(name, sizeof name, CATALOG_VTAB_PREFIX "%s", lines->name);
    return sqlite3_create_module_v2(db, name, &module, r, sqlite3_free);
}

int catalog_vtab_register(sqlite3 *db, struct store_context *context)
{
    size_t n;
    int rc = SQLITE_OK;
    const struct builtin_line *lines = builtin_lines(&n);
    for (size_t i = 0, ncolumns; i < n && rc == SQLITE_OK; i += 1 + ncolumns) {
        ncolumns = 0;
        while (i + 1 + ncolumns < n && !lines[i + 1 + ncolumns].relation)
            ncolumns++;
        if (lines[i].kind == 'r' || strcmp(lines[i].name, "pg_settings") == 0)
            rc = register_relation(db, &lines[i], ncolumns, context);
    }
    return rc;
}
