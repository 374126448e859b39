/* errors_deferred.c: which foreign key keeps a transaction from committing, or does not hold after a
 * statement of several steps. */
#include "daemon/store/errors.h"
#include "daemon/store/ident.h"
#include "daemon/store/rows_before.h"
#include "daemon/store/transaction.h"

#include <stdio.h>
#include <stdlib.h>

static sqlite3_stmt *pragma(struct store_conn *c, const char *what, const struct store_table *t)
{
    struct buf sql;
    struct err ignored;
    buf_init(&sql, 8192);
    ident_format(&sql, "PRAGMA %s(", what);
    ident_sqlite(t->sqlite_name, &sql);
    ident_format(&sql, ")");
    sqlite3_stmt *s = conn_prepare(c, ident_text(&sql), &ignored);
    buf_release(&sql);
    return s;
}

/* SQLite numbers the keys of a table: do the columns of number ${id} belong to ${f}? */
static bool is_key(struct store_conn *c, const struct store_table *t,
                   const struct store_foreign_key *f, int id)
{
    sqlite3_stmt *s = pragma(c, "foreign_key_list", t);
    size_t found = 0;
    bool same = s != NULL;
    while (s && sqlite3_step(s) == SQLITE_ROW) {
        if (sqlite3_column_int(s, 0) != id)
            continue;
        const char *from = (const char *)sqlite3_column_text(s, 3);
        const struct store_column *col =
            found < f->nattnums ? store_table_attnum(t, f->attnums[found]) : NULL;
        same = same && from && col && strcmp(col->sqlite_name, from) == 0;
        found++;
    }
    sqlite3_finalize(s);
    return same && found == f->nattnums;
}

static void detail(struct store_conn *c, const struct store_table *t,
                   const struct store_foreign_key *f, const struct store_table *parent,
                   int64_t rowid, const char *tail, struct err *err)
{
    struct watch w = {.c = c};
    struct buf sql;
    struct err ignored;
    buf_init(&sql, 1 << 16);
    ident_format(&sql, "SELECT 1");
    for (size_t i = 0; i < f->nattnums; i++) {
        const struct store_column *col = store_table_attnum(t, f->attnums[i]);
        ident_format(&sql, ", ");
        ident_sqlite(col ? col->sqlite_name : "", &sql);
    }
    ident_format(&sql, " FROM ");
    ident_sqlite(t->sqlite_name, &sql);
    ident_format(&sql, " WHERE _rowid_ = ?1");
    sqlite3_stmt *s = conn_prepare(c, ident_text(&sql), &ignored);
    buf_release(&sql);
    if (s)
        sqlite3_bind_int64(s, 1, rowid);
    if (s && sqlite3_step(s) == SQLITE_ROW)
        watch_statement_detail(&w, s, parent ? parent : t, parent ? f->parent_attnums : f->attnums,
                               f->nattnums, false, tail, err);
    sqlite3_finalize(s);
    watch_release(&w);
}

static void name(const struct store_table *t, const struct store_foreign_key *f, struct err *err)
{
    snprintf(err->schema, sizeof err->schema, "%s", t->schema);
    snprintf(err->table, sizeof err->table, "%s", t->name);
    snprintf(err->constraint, sizeof err->constraint, "%s", f->name);
}

/* A row that was there before has lost its parent. */
static void tell_parent(struct store_conn *c, const struct store_table *t,
                        const struct store_foreign_key *f, int64_t rowid, struct err *err)
{
    char tail[ERR_DETAIL_BYTES];
    const struct store_table *parent = store_catalog_table_oid(c->catalog, f->parent_oid);
    const char *parent_name = parent ? parent->name : "";
    err_set(err, SQLSTATE_FOREIGN_KEY_VIOLATION,
            "update or delete on table \"%s\" violates foreign key constraint \"%s\" on table "
            "\"%s\"",
            parent_name, f->name, t->name);
    name(t, f, err);
    snprintf(tail, sizeof tail, " is still referenced from table \"%s\".", t->name);
    detail(c, t, f, parent, rowid, tail, err);
}

static void tell(struct store_conn *c, const struct store_table *t,
                 const struct store_foreign_key *f, int64_t rowid, struct err *err)
{
    char tail[ERR_DETAIL_BYTES];
    const struct store_table *parent = store_catalog_table_oid(c->catalog, f->parent_oid);
    err_set(err, SQLSTATE_FOREIGN_KEY_VIOLATION,
            "insert or update on table \"%s\" violates foreign key constraint \"%s\"", t->name,
            f->name);
    name(t, f, err);
    snprintf(tail, sizeof tail, " is not present in table \"%s\".", parent ? parent->name : "");
    detail(c, t, f, NULL, rowid, tail, err);
}

/* The values of ${f} in the row, in ${db}; NULL: it has no such row. */
static sqlite3_stmt *key_values(sqlite3 *db, const struct store_table *t,
                                const struct store_foreign_key *f, int64_t rowid)
{
    struct buf sql;
    sqlite3_stmt *s = NULL;
    buf_init(&sql, 1 << 16);
    ident_format(&sql, "SELECT ");
    for (size_t i = 0; i < f->nattnums; i++) {
        const struct store_column *col = store_table_attnum(t, f->attnums[i]);
        ident_format(&sql, i ? ", " : "");
        ident_sqlite(col ? col->sqlite_name : "", &sql);
    }
    ident_format(&sql, " FROM ");
    ident_sqlite(t->sqlite_name, &sql);
    ident_format(&sql, " WHERE _rowid_ = ?1");
    if (sqlite3_prepare_v2(db, ident_text(&sql), -1, &s, NULL) == SQLITE_OK &&
        sqlite3_bind_int64(s, 1, rowid) == SQLITE_OK && sqlite3_step(s) == SQLITE_ROW) {
        buf_release(&sql);
        return s;
    }
    buf_release(&sql);
    sqlite3_finalize(s);
    return NULL;
}

static bool same_value(sqlite3_stmt *a, sqlite3_stmt *b, int i)
{
    int n = sqlite3_column_bytes(a, i);
    const void *p = sqlite3_column_blob(a, i), *q = sqlite3_column_blob(b, i);
    return sqlite3_column_type(a, i) == sqlite3_column_type(b, i) &&
           n == sqlite3_column_bytes(b, i) && (n == 0 || memcmp(p, q, (size_t)n) == 0);
}

/* Did the row refer to the same before this transaction, which alone could write?  Another connection
 * still sees what was. */
static bool was_there(struct store_conn *c, const struct store_table *t,
                      const struct store_foreign_key *f, int64_t rowid)
{
    sqlite3 *db = NULL;
    struct err ignored;
    if (store_open_db(c->store, &db, &ignored) < 0)
        return false;
    sqlite3_stmt *before = key_values(db, t, f, rowid), *now = key_values(c->db, t, f, rowid);
    bool same = before && now;
    for (size_t i = 0; same && i < f->nattnums; i++)
        same = same_value(before, now, (int)i);
    sqlite3_finalize(before);
    sqlite3_finalize(now);
    sqlite3_close_v2(db);
    return same;
}

/* The first row of ${t} without a parent, by the oldest key that tells. */
static bool check_key(struct store_conn *c, const struct store_table *t,
                      const struct store_foreign_key *f, const struct rows_kept *kept,
                      struct err *err)
{
    bool told = false;
    sqlite3_stmt *s = pragma(c, "foreign_key_check", t);
    while (s && !told && sqlite3_step(s) == SQLITE_ROW) {
        int64_t rowid = sqlite3_column_int64(s, 1);
        told = is_key(c, t, f, sqlite3_column_int(s, 3));
        if (told && (kept ? !rows_before_touched(kept->before, kept->nbefore, t->oid, rowid)
                          : was_there(c, t, f, rowid)))
            tell_parent(c, t, f, rowid, err);
        else if (told)
            tell(c, t, f, rowid, err);
    }
    sqlite3_finalize(s);
    return told;
}

typedef bool wanted_fn(const struct store_conn *c, const struct store_foreign_key *f);

static bool at_the_end(const struct store_conn *c, const struct store_foreign_key *f)
{
    return f->deferred || c->nkey_times > 0;
}

static bool now(const struct store_conn *c, const struct store_foreign_key *f)
{
    return !keys_deferred(c, f);
}

static bool check_all(struct store_conn *c, wanted_fn *wanted, const struct rows_kept *kept,
                      struct err *err)
{
    bool told = false;
    c->internal++;
    for (size_t i = 0; i < c->catalog->ntables && !told; i++)
        for (size_t k = 0; k < c->catalog->tables[i].nforeign_keys && !told; k++)
            if (wanted(c, &c->catalog->tables[i].foreign_keys[k]))
                told = check_key(c, &c->catalog->tables[i],
                                 &c->catalog->tables[i].foreign_keys[k], kept, err);
    c->internal--;
    return told;
}

bool errors_deferred(struct store_conn *c, struct err *err)
{
    return check_all(c, at_the_end, NULL, err);
}

bool errors_set(struct store_conn *c, struct err *err)
{
    return check_all(c, now, NULL, err);
}

bool errors_steps(struct store_conn *c, const struct rows_kept *kept, struct err *err)
{
    return check_all(c, now, kept, err);
}

bool errors_immediate(struct store_conn *c, uint32_t table, struct err *err)
{
    const struct store_table *t = store_catalog_table_oid(c->catalog, table);
    c->internal++;
    bool told = false;
    for (size_t k = 0; t && k < t->nforeign_keys && !told; k++)
        told = !keys_deferred(c, &t->foreign_keys[k]) && check_key(c, t, &t->foreign_keys[k], NULL, err);
    c->internal--;
    return told;
}
