/* follow.c: a file for each tenant, and how they come to have the owner's schema and shared rows.
 *
 * The owner works in a file of its own (STORE_SCHEMA).  Each of its transactions that writes makes a new
 * version of that file; each statement that changes the catalog is kept in "store.log", with the settings
 * that its meaning depends on.  A tenant's file knows how far it is in "store.version": before a
 * transaction begins in it that is compared with the owner's version, which is in memory, and what is
 * missing is made up for:
 *
 *   the schema   the statements of the log, in their order, those of each version in one transaction
 *   the rows     of tables that are shared: replaced by the owner's, in another one
 *
 * If one fails, nothing of it is done, and the tenant is refused with the reason, and nobody else; it is
 * tried again a second later.  The owner's statements cannot use tables whose rows are in tenants' files: they would find none. */
#include "daemon/store/follow.h"
#include "daemon/store/guc.h"
#include "daemon/store/ident.h"
#include "daemon/store/transaction.h"

#include <stdio.h>
#include <stdlib.h>

#define RETRY_MS 1000

static const char *const logged_settings[] = {"search_path", "DateStyle", "IntervalStyle", "TimeZone"};
#define LOGGED_SETTINGS (sizeof logged_settings / sizeof logged_settings[0])

static const char tables[] =
    "BEGIN IMMEDIATE;"
    "CREATE TABLE IF NOT EXISTS \"store.version\" (version INTEGER NOT NULL, rows INTEGER NOT NULL) STRICT;"
    "INSERT INTO \"store.version\" SELECT 0, 0 WHERE NOT EXISTS (SELECT 1 FROM \"store.version\");"
    "CREATE TABLE IF NOT EXISTS \"store.log\" (version INTEGER NOT NULL, position INTEGER NOT NULL,"
    " sql TEXT NOT NULL, search_path TEXT, datestyle TEXT, intervalstyle TEXT, timezone TEXT,"
    " PRIMARY KEY (version, position)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS \"store.shared\" (oid INTEGER PRIMARY KEY) STRICT;"
    "COMMIT";

static enum store_kind kind_of(const struct store_home *h, const struct store_table *t)
{
    const char **names = calloc(t->ncolumns + 1, sizeof *names);
    if (!names)
        return STORE_KIND_TENANT; /* the one that is refused */
    for (size_t i = 0; i < t->ncolumns; i++)
        names[i] = t->columns[i].name;
    enum store_kind kind = h->options.kind(h->options.arg, t->schema, t->name,
                                           (struct store_columns){names, t->ncolumns});
    free(names);
    return kind;
}

static bool is_shared(const struct store_home *h, const struct store_table *t)
{
    return !t->system && t->kind == 'r' && kind_of(h, t) == STORE_KIND_SHARED;
}

static int exec(sqlite3 *db, const char *sql, struct err *err)
{
    if (sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK)
        return 0;
    return err_set(err, sqlite3_errcode(db) == SQLITE_FULL ? "53100" : SQLSTATE_IO_ERROR,
                   "could not follow the owner's file: %s", sqlite3_errmsg(db));
}

/* The two numbers of ${db}. */
static int read_version(sqlite3 *db, uint64_t *ret_version, uint64_t *ret_rows, struct err *err)
{
    sqlite3_stmt *s = NULL;
    int rc = sqlite3_prepare_v2(db, "SELECT version, rows FROM \"store.version\"", -1, &s, NULL);
    if (rc == SQLITE_OK && sqlite3_step(s) == SQLITE_ROW) {
        *ret_version = (uint64_t)sqlite3_column_int64(s, 0);
        *ret_rows = (uint64_t)sqlite3_column_int64(s, 1);
        sqlite3_finalize(s);
        return 0;
    }
    sqlite3_finalize(s);
    return err_set(err, SQLSTATE_IO_ERROR, "could not read the version of a file: %s",
                   sqlite3_errmsg(db));
}

static int write_version(sqlite3 *db, uint64_t version, uint64_t rows, struct err *err)
{
    char sql[128];
    snprintf(sql, sizeof sql, "UPDATE \"store.version\" SET version = %llu, rows = %llu",
             (unsigned long long)version, (unsigned long long)rows);
    return exec(db, sql, err);
}

/* -- the owner's side -- */

int follow_log(struct store_conn *c, const char *sql, struct err *err)
{
    sqlite3_stmt *s = conn_prepare(
        c,
        "INSERT INTO \"store.log\" SELECT v.version + 1, (SELECT count(*) FROM \"store.log\" l"
        " WHERE l.version = v.version + 1), ?1, ?2, ?3, ?4, ?5 FROM \"store.version\" v",
        err);
    if (!s)
        return -1;
    sqlite3_bind_text(s, 1, sql, -1, SQLITE_STATIC);
    for (size_t i = 0; i < LOGGED_SETTINGS; i++)
        sqlite3_bind_text(s, (int)i + 2, store_setting(&c->context, logged_settings[i]), -1,
                          SQLITE_TRANSIENT);
    int rc = sqlite3_step(s);
    rc = rc == SQLITE_DONE ? 0 : errors_map(c, rc, NULL, NULL, err);
    sqlite3_finalize(s);
    return rc;
}

int follow_commit(struct store_conn *c, uint64_t *ret_version, struct err *err)
{
    uint64_t rows;
    c->internal++;
    int rc = exec(c->db, "UPDATE \"store.version\" SET version = version + 1, rows = version + 1", err);
    if (rc == 0)
        rc = read_version(c->db, ret_version, &rows, err);
    c->internal--;
    return rc;
}

void follow_committed(struct store_conn *c, uint64_t version)
{
    atomic_store_explicit(&c->store->home->version, version, memory_order_release);
}

int follow_may_use(const void *conn, const struct store_table *t, struct err *err)
{
    const struct store_conn *c = conn;
    if (c->store->role != STORE_SCHEMA || t->system || t->kind != 'r' || catalog_is_temp(t->oid) ||
        kind_of(c->store->home, t) != STORE_KIND_TENANT)
        return 0;
    err_set(err, SQLSTATE_FEATURE_NOT_SUPPORTED, "the rows of \"%s\" are in the files of the tenants",
            t->name);
    err_hint(err, "The owner changes their schema; connect as a tenant for its rows.");
    return -1;
}

/* The oids of shared tables, as a list of rows (1), (2) or as what stands between. */
static size_t list_shared(const struct store_conn *c, bool rows, struct buf *sql)
{
    size_t n = 0;
    for (size_t i = 0; i < c->catalog->ntables; i++)
        if (is_shared(c->store->home, &c->catalog->tables[i]))
            ident_format(sql, rows ? "%s(%u)" : "%s%u", n++ ? ", " : "", c->catalog->tables[i].oid);
    return n;
}

/* -> 1: those that the owner's file remembers are others. */
static int kinds_differ(struct store_conn *c, struct err *err)
{
    struct buf sql;
    sqlite3_stmt *s = NULL;
    buf_init(&sql, 1 << 20);
    ident_format(&sql, "SELECT count(*), count(*) FILTER (WHERE oid IN (");
    int n = (int)list_shared(c, false, &sql);
    ident_format(&sql, ")) FROM \"store.shared\"");
    int rc = sql.failed ? err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory") : 0;
    if (rc == 0 && !(s = conn_prepare(c, ident_text(&sql), err)))
        rc = -1;
    int step = rc == 0 ? sqlite3_step(s) : SQLITE_ERROR;
    if (rc == 0)
        rc = step != SQLITE_ROW ? errors_map(c, step, NULL, NULL, err)
             : sqlite3_column_int(s, 0) != n || sqlite3_column_int(s, 1) != n ? 1
                                                                             : 0;
    sqlite3_finalize(s);
    buf_release(&sql);
    return rc;
}

static int remember_kinds(struct store_conn *c, struct err *err)
{
    struct buf sql;
    struct err ignored;
    buf_init(&sql, 1 << 20);
    ident_format(&sql, "BEGIN IMMEDIATE; DELETE FROM \"store.shared\";"
                       "UPDATE \"store.version\" SET version = version + 1, rows = version + 1;"
                       "INSERT INTO \"store.shared\" VALUES ");
    if (list_shared(c, true, &sql) == 0)
        ident_format(&sql, "(0); DELETE FROM \"store.shared\"");
    ident_format(&sql, "; COMMIT");
    uint64_t version = 0, rows;
    int rc = sql.failed ? err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory")
                        : exec(c->db, ident_text(&sql), err);
    if (rc < 0 && !sqlite3_get_autocommit(c->db))
        (void)exec(c->db, "ROLLBACK", &ignored);
    if (rc == 0)
        rc = read_version(c->db, &version, &rows, err);
    if (rc == 0)
        follow_committed(c, version);
    buf_release(&sql);
    return rc;
}

int store_note_kinds(struct store *s, struct err *err)
{
    struct store_conn *c;
    if (conn_inner_open(s, &c, err) < 0)
        return -1;
    int rc = tx_enter(c, false, err);
    if (rc == 0) {
        c->internal++;
        rc = kinds_differ(c, err);
        tx_leave(c);
        if (rc > 0 && (rc = conn_write_lock(c, err)) == 0) {
            rc = remember_kinds(c, err);
            conn_write_unlock(c);
        }
        c->internal--;
    }
    conn_inner_close(c);
    return rc;
}

/* -- the schema -- */

static int replay_one(struct store_conn *w, sqlite3_stmt *log, struct err *err)
{
    for (size_t i = 0; i < LOGGED_SETTINGS; i++) {
        const char *value = (const char *)sqlite3_column_text(log, (int)i + 1);
        if (value && guc_set(w, logged_settings[i], value, true, err) < 0)
            return -1;
    }
    const char *sql = (const char *)sqlite3_column_text(log, 0);
    int rc = sql ? conn_run(w, (struct slice){sql, strlen(sql)}, err)
                 : err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
    buf_reset(&w->out);
    return rc;
}

static int run_text(struct store_conn *w, const char *sql, struct err *err)
{
    int rc = conn_run(w, (struct slice){sql, strlen(sql)}, err);
    buf_reset(&w->out);
    return rc;
}

/* All statements of the version at which ${log} stands; then it is at the next. */
static int replay_version(struct store_conn *w, sqlite3_stmt *log, int *step, struct err *err)
{
    char sql[80];
    sqlite3_int64 version = sqlite3_column_int64(log, 5);
    int rc = run_text(w, "BEGIN", err);
    while (rc == 0 && *step == SQLITE_ROW && sqlite3_column_int64(log, 5) == version) {
        rc = replay_one(w, log, err);
        *step = sqlite3_step(log);
    }
    snprintf(sql, sizeof sql, "UPDATE \"store.version\" SET version = %lld", (long long)version);
    if (rc == 0)
        rc = conn_exec(w, sql, err);
    if (rc == 0)
        rc = run_text(w, "COMMIT", err);
    if (rc < 0)
        tx_abandon(w);
    return rc;
}

/* What the owner has done after ${from}. */
static int replay(struct store_conn *w, sqlite3 *owner, uint64_t from, struct err *err)
{
    sqlite3_stmt *log;
    if (sqlite3_prepare_v2(owner,
                           "SELECT sql, search_path, datestyle, intervalstyle, timezone, version"
                           " FROM \"store.log\" WHERE version > ?1 ORDER BY version, position",
                           -1, &log, NULL) != SQLITE_OK)
        return err_set(err, SQLSTATE_IO_ERROR, "could not read the owner's file: %s",
                       sqlite3_errmsg(owner));
    sqlite3_bind_int64(log, 1, (sqlite3_int64)from);
    int rc = 0, step = sqlite3_step(log);
    while (rc == 0 && step == SQLITE_ROW)
        rc = replay_version(w, log, &step, err);
    if (rc == 0 && step != SQLITE_DONE)
        rc = err_set(err, SQLSTATE_IO_ERROR, "could not read the owner's file: %s",
                     sqlite3_errmsg(owner));
    sqlite3_finalize(log);
    return rc;
}

/* -- shared rows -- */

static void column_names(const struct store_table *t, const char *before, struct buf *sql)
{
    for (size_t i = 0; i < t->ncolumns; i++) {
        ident_format(sql, "%s", i ? ", " : "");
        if (before)
            ident_format(sql, "%s%zu", before, i + 1);
        else
            ident_sqlite(t->columns[i].sqlite_name, sql);
    }
}

static int store_error(sqlite3 *db, const struct store_table *t, struct err *err)
{
    return err_set(err, sqlite3_errcode(db) == SQLITE_FULL ? "53100" : SQLSTATE_IO_ERROR,
                   "could not copy the shared rows of \"%s\": %s", t->name, sqlite3_errmsg(db));
}

static int each_row(sqlite3_stmt *from, sqlite3_stmt *to)
{
    int rc, n = sqlite3_column_count(from);
    while ((rc = sqlite3_step(from)) == SQLITE_ROW) {
        for (int i = 0; i < n; i++)
            sqlite3_bind_value(to, i + 1, sqlite3_column_value(from, i));
        if (sqlite3_step(to) != SQLITE_DONE)
            return -1;
        sqlite3_reset(to);
    }
    return rc == SQLITE_DONE ? 0 : -1;
}

static int copy_rows(sqlite3 *db, sqlite3 *owner, const struct store_table *t, struct err *err)
{
    struct buf read, write;
    sqlite3_stmt *from = NULL, *to = NULL;
    buf_init(&read, 1 << 20);
    buf_init(&write, 1 << 20);
    ident_format(&read, "SELECT ");
    column_names(t, NULL, &read);
    ident_format(&read, " FROM ");
    ident_sqlite(t->sqlite_name, &read);
    ident_format(&write, "INSERT INTO ");
    ident_sqlite(t->sqlite_name, &write);
    ident_format(&write, " (");
    column_names(t, NULL, &write);
    ident_format(&write, ") VALUES (");
    column_names(t, "?", &write);
    ident_format(&write, ")");
    int rc = 0;
    if (read.failed || write.failed)
        rc = err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
    else if (sqlite3_prepare_v2(owner, ident_text(&read), -1, &from, NULL) != SQLITE_OK)
        rc = store_error(owner, t, err);
    else if (sqlite3_prepare_v2(db, ident_text(&write), -1, &to, NULL) != SQLITE_OK ||
             each_row(from, to) < 0)
        rc = store_error(db, t, err);
    sqlite3_finalize(from);
    sqlite3_finalize(to);
    buf_release(&read);
    buf_release(&write);
    return rc;
}

/* How many rows of our SQL ${format}, of which ${t} is the table: 0, 1 or -1. */
static int has_row(sqlite3 *db, const char *before, const struct store_table *t, const char *after,
                   struct err *err)
{
    struct buf sql;
    sqlite3_stmt *s = NULL;
    buf_init(&sql, 4096);
    ident_format(&sql, "%s", before);
    ident_sqlite(t->sqlite_name, &sql);
    ident_format(&sql, "%s", after);
    int rc = sql.failed || sqlite3_prepare_v2(db, ident_text(&sql), -1, &s, NULL) != SQLITE_OK
                 ? SQLITE_ERROR
                 : sqlite3_step(s);
    int result = rc == SQLITE_ROW ? 1 : rc == SQLITE_DONE ? 0 : store_error(db, t, err);
    sqlite3_finalize(s);
    buf_release(&sql);
    return result;
}

/* Rows that are there when the table was not shared before are the tenant's: they must not vanish. */
static int empty(sqlite3 *db, const struct store_table *t, struct err *err)
{
    char after[160];
    snprintf(after, sizeof after,
             " WHERE NOT EXISTS (SELECT 1 FROM \"store.shared\" WHERE oid = %u) LIMIT 1", t->oid);
    int own = has_row(db, "SELECT 1 FROM ", t, after, err);
    if (own < 0)
        return -1;
    if (own > 0)
        return err_set(err, "55000", "the table \"%s\" is shared now, and has rows of the tenant's own",
                       t->name);
    snprintf(after, sizeof after, "INSERT OR IGNORE INTO \"store.shared\" VALUES (%u)", t->oid);
    if (exec(db, after, err) < 0)
        return -1;
    return has_row(db, "DELETE FROM ", t, "", err);
}

/* The tables that refer to what has been replaced. */
static int check_references(const struct store_conn *w, struct err *err)
{
    const struct store_catalog *c = w->catalog;
    for (size_t i = 0; i < c->ntables; i++) {
        bool refers = false;
        for (size_t k = 0; k < c->tables[i].nforeign_keys && !refers; k++) {
            const struct store_table *parent =
                store_catalog_table_oid(c, c->tables[i].foreign_keys[k].parent_oid);
            refers = parent && is_shared(w->store->home, parent);
        }
        int broken = refers ? has_row(w->db, "PRAGMA foreign_key_check(", &c->tables[i], ")", err) : 0;
        if (broken > 0)
            return err_set(err, SQLSTATE_FOREIGN_KEY_VIOLATION,
                           "rows of \"%s\" refer to shared rows that are gone", c->tables[i].name);
        if (broken < 0)
            return -1;
    }
    return 0;
}

static int replace_all(struct store_conn *w, sqlite3 *owner, struct err *err)
{
    const struct store_catalog *c = w->catalog;
    for (size_t i = 0; i < c->ntables; i++)
        if (is_shared(w->store->home, &c->tables[i]) &&
            (empty(w->db, &c->tables[i], err) < 0 || copy_rows(w->db, owner, &c->tables[i], err) < 0))
            return -1;
    return check_references(w, err);
}

/* Without its foreign keys' actions, which would take tenants' rows away. */
static int follow_rows(struct store_conn *w, sqlite3 *owner, uint64_t to, struct err *err)
{
    struct err ignored;
    if (tx_enter(w, false, err) < 0) /* for the catalog */
        return -1;
    tx_leave(w);
    w->internal++;
    int rc = exec(w->db, "PRAGMA foreign_keys=OFF; BEGIN IMMEDIATE", err);
    if (rc == 0)
        rc = replace_all(w, owner, err);
    if (rc == 0)
        rc = write_version(w->db, to, to, err);
    if (rc == 0)
        rc = exec(w->db, "COMMIT", err);
    if (rc < 0 && !sqlite3_get_autocommit(w->db))
        (void)exec(w->db, "ROLLBACK", &ignored);
    w->internal--;
    return rc;
}

/* -- catching up -- */

/* ${owner} stays as it is while we read. */
static int catch_up_with(struct store_conn *w, sqlite3 *owner, uint64_t *ret, struct err *err)
{
    uint64_t to, rows, from;
    if (exec(owner, "BEGIN", err) < 0 || read_version(owner, &to, &rows, err) < 0)
        return -1;
    w->internal++;
    int rc = read_version(w->db, &from, &rows, err);
    w->internal--;
    if (rc < 0)
        return -1;
    if (from > to)
        return err_set(err, "55000", "the file has followed an owner's file that is newer than this one");
    *ret = to;
    if (from < to && replay(w, owner, from, err) < 0)
        return -1;
    return rows < to ? follow_rows(w, owner, to, err) : 0;
}

/* ${w} has the right to write. */
static int catch_up(struct store_conn *w, struct err *err)
{
    struct store *s = w->store;
    sqlite3 *db;
    struct store owner = {.home = s->home, .role = STORE_SCHEMA};
    struct err why = {0};
    uint64_t to = 0;
    owner.path = home_file(s->home, STORE_SCHEMA, NULL, err);
    if (!owner.path)
        return -1;
    int rc = store_open_db(&owner, &db, err);
    free(owner.path);
    if (rc < 0)
        return -1;
    rc = catch_up_with(w, db, &to, &why);
    sqlite3_close_v2(db);
    if (rc == 0) {
        atomic_store_explicit(&s->version, to, memory_order_release);
        return 0;
    }
    err_set(err, strcmp(why.sqlstate, "53100") == 0 ? why.sqlstate : "55000",
            "the file of this tenant does not follow the owner's: %s", why.message);
    if (why.detail[0])
        err_detail(err, "%s", why.detail);
    home_tell(s->home, "\"%s\" does not follow the owner's schema: %s", s->path, why.message);
    return -1;
}

static int catch_up_by(struct store_conn *by, struct err *err)
{
    struct store *s = by->store;
    struct store_conn *w;
    if (!follow_is_behind(s))
        return 0; /* another connection has done it */
    if (conn_now_ms() < s->follow_ms) {
        *err = s->follow_err;
        return -1;
    }
    if (conn_inner_open(s, &w, err) < 0)
        return -1;
    w->holds_write = w->lent_write = true;
    int rc = catch_up(w, err);
    conn_inner_close(w);
    if (rc < 0) {
        s->follow_ms = conn_now_ms() + RETRY_MS;
        s->follow_err = *err;
    }
    return rc;
}

int follow_catch_up(struct store_conn *c, struct err *err)
{
    bool had = c->holds_write;
    if (conn_write_lock(c, err) < 0)
        return -1;
    int rc = catch_up_by(c, err);
    if (!had)
        conn_write_unlock(c);
    return rc;
}

static int open_tenant(struct store *s, struct err *err)
{
    struct store_conn *c;
    if (!follow_is_behind(s))
        return 0;
    if (conn_inner_open(s, &c, err) < 0)
        return -1;
    int rc = follow_catch_up(c, err);
    conn_inner_close(c);
    return rc;
}

int follow_open(struct store *s, struct err *err)
{
    uint64_t version, rows;
    if (s->role == STORE_SHARED)
        return 0;
    if (!s->spare && store_open_db(s, &s->spare, err) < 0)
        return -1;
    if (read_version(s->spare, &version, &rows, err) < 0 &&
        (exec(s->spare, tables, err) < 0 || read_version(s->spare, &version, &rows, err) < 0))
        return -1;
    if (s->role == STORE_TENANT) {
        atomic_store(&s->version, rows);
        return open_tenant(s, err);
    }
    atomic_store(&s->home->version, version);
    return 0;
}
