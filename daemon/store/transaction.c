/* transaction.c: PostgreSQL's transactions on SQLite's.
 *
 *   TX_IDLE --BEGIN--> TX_BLOCK --error--> TX_FAILED --ROLLBACK--> TX_IDLE       (tx: what the
 * client sees) DB_NONE --read--> DB_READ --write--> DB_WRITE --commit/rollback--> DB_NONE
 * (db_state: what SQLite has)
 *
 * At READ COMMITTED (the default) a transaction that has only read gives its snapshot up after each
 * statement, so every statement sees what was committed before it, and the first write starts from
 * a fresh snapshot under the store's write lock: it never fails for being late.  From then on
 * nobody else can write.  At REPEATABLE READ and SERIALIZABLE the snapshot is kept, and a write
 * after somebody else's is 40001.
 *
 * While the caller of store_answer has the connection, a snapshot that is given up stays with SQLite:
 * until something has been committed the next statement would get the same one.
 *
 * Savepoints are known here by name; SQLite gets them (as "s<depth>") once there is something to
 * undo. */
#include "daemon/store/brief.h"
#include "daemon/store/errors.h"
#include "daemon/store/follow.h"
#include "daemon/store/guc.h"
#include "daemon/store/locks.h"
#include "daemon/store/notify.h"
#include "daemon/store/portal.h"
#include "daemon/store/temp.h"
#include "daemon/store/transaction.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

sqlite3_stmt *conn_prepare(struct store_conn *c, const char *sql, struct err *err)
{
    sqlite3_stmt *stmt = NULL;
    c->internal++;
    int rc = sqlite3_prepare_v3(c->db, sql, -1, 0, &stmt, NULL);
    c->internal--;
    if (rc != SQLITE_OK) {
        errors_map(c, rc, NULL, NULL, err);
        return NULL;
    }
    return stmt;
}

int conn_exec(struct store_conn *c, const char *sql, struct err *err)
{
    c->internal++;
    int rc = sqlite3_exec(c->db, sql, NULL, NULL, NULL);
    c->internal--;
    return rc == SQLITE_OK ? 0 : errors_map(c, rc, NULL, NULL, err);
}

/* Run one of our own statements that are kept prepared; its first column, if any, in ${ret}. */
static int run_cached(struct store_conn *c, enum conn_cached which, int64_t *ret, struct err *err)
{
    static const char *const texts[CACHED_COUNT] = {
        [CACHED_BEGIN] = "BEGIN",
        [CACHED_BEGIN_WRITE] = "BEGIN IMMEDIATE",
        [CACHED_COMMIT] = "COMMIT",
        [CACHED_ROLLBACK] = "ROLLBACK",
        [CACHED_EPOCH] = "SELECT epoch FROM \"store.meta\"",
    };
    sqlite3_stmt **stmt = &c->cached[which];
    c->internal++;
    int rc =
        *stmt ? SQLITE_OK
              : sqlite3_prepare_v3(c->db, texts[which], -1, SQLITE_PREPARE_PERSISTENT, stmt, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_step(*stmt);
    if (rc == SQLITE_ROW && ret)
        *ret = sqlite3_column_int64(*stmt, 0);
    if (*stmt && rc != SQLITE_ROW && rc != SQLITE_DONE)
        rc = sqlite3_reset(*stmt);
    else
        sqlite3_reset(*stmt);
    c->internal--;
    return rc == SQLITE_ROW || rc == SQLITE_DONE ? 0 : errors_map(c, rc, NULL, NULL, err);
}

static int load_catalog(struct store_conn *c, struct err *err)
{
    struct store_catalog *fresh;
    c->internal++;
    int rc = store_catalog_read(c->db, &fresh, err);
    c->internal--;
    if (rc < 0)
        return -1;
    statement_cache_clear(c);
    store_catalog_free(c->catalog);
    c->catalog = fresh;
    c->context.catalog = fresh;
    fresh->generation = ++c->generation;
    fresh->types.names = &c->context.names;
    fresh->session = &c->context.types;
    c->context.types.set = &fresh->types;
    return tx_follow_path(c, err);
}

int tx_follow_path(struct store_conn *c, struct err *err)
{
    return store_catalog_set_path(c->catalog, guc_search_path(c), c->context.user, err);
}

/* The catalog of the snapshot that is now taken. */
static int check_epoch(struct store_conn *c, struct err *err)
{
    int64_t epoch = -1;
    unsigned changes = atomic_load(&c->store->schema_changes);
    if (run_cached(c, CACHED_EPOCH, &epoch, err) < 0)
        return -1;
    c->schema_changes = changes;
    if (c->catalog && c->catalog->epoch == (uint64_t)epoch)
        return 0;
    return c->lent ? brief_decline(c, err) : load_catalog(c, err);
}

int tx_catalog_changed(struct store_conn *c, struct err *err)
{
    c->ddl = true;
    c->catalog_changes++;
    if (conn_exec(c, "UPDATE \"store.meta\" SET epoch = epoch + 1", err) < 0)
        return -1;
    return load_catalog(c, err);
}

int tx_temp_changed(struct store_conn *c, struct err *err)
{
    c->ddl = true;
    return load_catalog(c, err);
}

static int db_savepoints(struct store_conn *c, struct err *err)
{
    char sql[40];
    for (size_t i = 0; i < c->nsavepoints; i++) {
        if (c->savepoints[i].in_db)
            continue;
        snprintf(sql, sizeof sql, "SAVEPOINT s%zu", i);
        if (conn_exec(c, sql, err) < 0)
            return -1;
        c->savepoints[i].in_db = true;
    }
    return 0;
}

/* SQLite may have rolled everything back by itself (disk full, interrupted write). */
static void note_lost(struct store_conn *c)
{
    if (c->db_state != DB_NONE && sqlite3_get_autocommit(c->db)) {
        c->db_state = DB_NONE;
        c->lost = true;
    }
}

static void db_rollback(struct store_conn *c)
{
    struct err ignored;
    note_lost(c);
    if (c->db_state != DB_NONE && run_cached(c, CACHED_ROLLBACK, NULL, &ignored) < 0 &&
        !sqlite3_get_autocommit(c->db))
        sqlite3_exec(c->db, "ROLLBACK", NULL, NULL, NULL);
    c->db_state = DB_NONE;
    for (size_t i = 0; i < c->nsavepoints; i++)
        c->savepoints[i].in_db = false;
    conn_write_unlock(c);
    if (c->ddl) { /* what we know may never have become true */
        statement_cache_clear(c);
        store_catalog_free(c->catalog);
        c->catalog = NULL;
        c->context.catalog = NULL;
        c->context.types.set = NULL;
        c->ddl = c->new_labels = false;
    }
    sequence_rolled_back(c);
    c->nsequence_changes = 0;
}

/* From the end of this transaction on its new labels of enums may be used. */
static int settle_labels(struct store_conn *c, struct err *err)
{
    if (!c->new_labels || c->db_state != DB_WRITE)
        return 0;
    return conn_exec(c,
                     "DELETE FROM \"store.enum_new\";"
                     "UPDATE \"store.meta\" SET epoch = epoch + 1",
                     err);
}

static int db_commit(struct store_conn *c, struct err *err)
{
    uint64_t version = 0;
    bool owners = c->store->role == STORE_SCHEMA && c->db_state == DB_WRITE;
    if (settle_labels(c, err) < 0 || (owners && follow_commit(c, &version, err) < 0) ||
        (c->db_state != DB_NONE && run_cached(c, CACHED_COMMIT, NULL, err) < 0)) {
        db_rollback(c);
        return -1;
    }
    if (owners)
        follow_committed(c, version);
    if (c->ddl)
        atomic_fetch_add(&c->store->schema_changes, 1);
    c->db_state = DB_NONE;
    c->ddl = c->new_labels = false;
    sequence_committed(c);
    conn_write_unlock(c);
    return 0;
}

static bool keeps_snapshot(const struct store_conn *c)
{
    return c->repeatable && (c->tx == TX_BLOCK || c->implicit);
}

int tx_check(const struct store_conn *c, struct err *err)
{
    if (c->tx != TX_FAILED)
        return 0;
    return err_set(
        err, SQLSTATE_IN_FAILED_SQL_TRANSACTION,
        "current transaction is aborted, commands ignored until end of transaction block");
}

static int enter_write(struct store_conn *c, struct err *err)
{
    if (c->db_state == DB_READ && c->nrunning == 0 && !keeps_snapshot(c)) {
        if (run_cached(c, CACHED_COMMIT, NULL, err) < 0)
            return -1;
        c->db_state = DB_NONE;
    }
    if (conn_write_lock(c, err) < 0)
        return -1;
    if (c->db_state == DB_NONE) {
        if (run_cached(c, CACHED_BEGIN_WRITE, NULL, err) < 0) {
            conn_write_unlock(c);
            return -1;
        }
        c->db_state = DB_WRITE;
        if (check_epoch(c, err) < 0)
            return -1;
    } else {
        c->db_state = DB_WRITE; /* SQLite upgrades at the first change, or says BUSY_SNAPSHOT */
    }
    return db_savepoints(c, err);
}

int tx_fresh(struct store_conn *c, bool write, struct err *err)
{
    bool gives_up = c->db_state == DB_READ && !keeps_snapshot(c);
    if (c->nrunning == 0)
        return 0; /* a snapshot, if there is one, was taken since the client has been waited for */
    if ((write || gives_up) && portal_settle(c, err) < 0)
        return -1;
    if (c->nrunning == 0)
        tx_leave(c);
    return 0;
}

static void give_up(struct store_conn *c)
{
    struct err ignored;
    if (run_cached(c, CACHED_COMMIT, NULL, &ignored) < 0)
        db_rollback(c);
    c->db_state = DB_NONE;
}

void tx_let_go(struct store_conn *c)
{
    if (!c->kept)
        return;
    c->kept = false;
    c->db_state = DB_READ;
    give_up(c);
}

/* The snapshot that SQLite still has, if it is as good as a new one. */
static bool takes_kept(struct store_conn *c)
{
    if (!c->kept)
        return false;
    if (c->commits != atomic_load(&c->store->commits)) {
        tx_let_go(c);
        return false;
    }
    c->kept = false;
    c->db_state = DB_READ;
    return true;
}

static int enter(struct store_conn *c, bool write, struct err *err)
{
    if (c->db_state == DB_WRITE)
        return 0;
    if (c->db_state == DB_NONE && !c->lent_write && follow_is_behind(c->store) &&
        (c->lent ? brief_decline(c, err) : follow_catch_up(c, err)) < 0)
        return -1;
    if (write)
        return c->lent ? brief_decline(c, err) : enter_write(c, err);
    if (c->db_state == DB_READ || takes_kept(c))
        return 0;
    c->commits = atomic_load(&c->store->commits);
    if (run_cached(c, CACHED_BEGIN, NULL, err) < 0)
        return -1;
    c->db_state = DB_READ;
    return check_epoch(c, err);
}

int tx_enter(struct store_conn *c, bool write, struct err *err)
{
    if (write && c->nrunning > 0 && portal_settle(c, err) < 0)
        return -1;
    c->began = true;
    if (!c->context.transaction_us)
        c->context.transaction_us = conn_now_us();
    if (enter(c, write, err) < 0 || (write && c->nkey_times > 0 && keys_begin(c, err) < 0))
        return -1;
    return tx_follow_path(c, err);
}

void tx_leave(struct store_conn *c)
{
    if (c->db_state != DB_READ || c->nrunning > 0 || keeps_snapshot(c))
        return;
    c->kept = c->lent && atomic_load(&c->store->writers) == 0;
    if (c->kept)
        c->db_state = DB_NONE;
    else
        give_up(c);
}

char tx_status(const struct store_conn *c)
{
    return c->tx == TX_IDLE ? 'I' : c->tx == TX_BLOCK ? 'T' : 'E';
}

static void forget_savepoints(struct store_conn *c, size_t keep)
{
    while (c->nsavepoints > keep)
        free(c->savepoints[--c->nsavepoints].name);
}

/* The transaction is over. */
static void over(struct store_conn *c)
{
    forget_savepoints(c, 0);
    c->tx = TX_IDLE;
    c->implicit = c->lost = c->began = false;
    c->nkey_times = 0;
    c->keys_late = false;
    c->context.transaction_us = 0;
    c->read_only = c->guc.read_only;
    c->repeatable = c->guc.repeatable;
}

static void roll_back(struct store_conn *c)
{
    portal_close_transaction(c);
    db_rollback(c);
    guc_rollback(c, 0);
    notify_forget(c, 0, true);
    locks_release_transaction(c);
    over(c);
}

void tx_fail(struct store_conn *c)
{
    note_lost(c);
    if (c->tx == TX_IDLE) {
        roll_back(c);
        return;
    }
    c->tx = TX_FAILED;
    if (c->nsavepoints > 0) {
        portal_close_deeper(c, c->nsavepoints - 1); /* those of the current level */
    } else { /* nothing can bring it back: let others write */
        portal_close_transaction(c);
        db_rollback(c);
    }
}

void tx_abandon(struct store_conn *c)
{
    portal_close_all(c);
    roll_back(c);
}

static int commit(struct store_conn *c, struct err *err)
{
    if (portal_hold(c, err) < 0 || notify_check(c, err) < 0 || temp_commit(c, err) < 0 ||
        db_commit(c, err) < 0) {
        roll_back(c);
        return -1;
    }
    portal_held(c);
    guc_commit(c);
    notify_commit(c);
    locks_release_transaction(c);
    over(c);
    return 0;
}

int tx_finish(struct store_conn *c, struct err *err)
{
    if (c->tx != TX_IDLE)
        return 0;
    return commit(c, err);
}

int tx_set(struct store_conn *c, const struct tx_options *o, struct err *err)
{
    if (o->level_given && o->repeatable != c->repeatable && c->began)
        return err_set(err, SQLSTATE_ACTIVE_SQL_TRANSACTION,
                       "SET TRANSACTION ISOLATION LEVEL must be called before any query");
    if (o->read_only_given && !o->read_only && c->read_only && c->began)
        return err_set(err, SQLSTATE_ACTIVE_SQL_TRANSACTION,
                       "transaction read-write mode must be set before any query");
    if (o->level_given)
        c->repeatable = o->repeatable;
    if (o->read_only_given)
        c->read_only = o->read_only;
    return 0;
}

int tx_begin(struct store_conn *c, const struct tx_options *o, struct err *err)
{
    if (c->tx == TX_BLOCK) {
        conn_notice(c, "WARNING", SQLSTATE_ACTIVE_SQL_TRANSACTION,
                    "there is already a transaction in progress");
        return tx_set(c, o, err);
    }
    c->tx = TX_BLOCK; /* what ran before it in this batch becomes part of the block */
    if (!c->context.transaction_us)
        c->context.transaction_us = conn_now_us();
    return tx_set(c, o, err);
}

/* What a transaction leaves to the one that AND CHAIN begins. */
struct chained {
    bool read_only, repeatable;
    char level[32];
};

static struct chained chained_of(struct store_conn *c)
{
    struct chained k = {.read_only = c->read_only, .repeatable = c->repeatable};
    const char *level = store_setting(&c->context, "transaction_isolation");
    snprintf(k.level, sizeof k.level, "%s", level ? level : "");
    return k;
}

static int chain_on(struct store_conn *c, bool chain, const struct chained *k, struct err *err)
{
    if (!chain)
        return 0;
    c->tx = TX_BLOCK;
    c->read_only = k->read_only;
    c->repeatable = k->repeatable;
    c->context.transaction_us = conn_now_us();
    return guc_set(c, "transaction_isolation", k->level, true, err);
}

static int no_block(struct store_conn *c, bool chain, const char *what, struct err *err)
{
    if (chain)
        return err_set(err, SQLSTATE_NO_ACTIVE_SQL_TRANSACTION,
                       "%s AND CHAIN can only be used in transaction blocks", what);
    conn_notice(c, "WARNING", SQLSTATE_NO_ACTIVE_SQL_TRANSACTION,
                "there is no transaction in progress");
    return 0;
}

int tx_commit(struct store_conn *c, bool chain, const char **ret_tag, struct err *err)
{
    const struct chained k = chained_of(c);
    *ret_tag = "COMMIT";
    if (c->tx == TX_IDLE) {
        if (no_block(c, chain, "COMMIT", err) < 0)
            return -1;
        return commit(c, err); /* whatever ran in this batch */
    }
    if (c->tx == TX_FAILED || c->lost) {
        *ret_tag = "ROLLBACK";
        roll_back(c);
    } else if (commit(c, err) < 0) {
        return -1;
    }
    return chain_on(c, chain, &k, err);
}

int tx_rollback(struct store_conn *c, bool chain, struct err *err)
{
    const struct chained k = chained_of(c);
    if (c->tx == TX_IDLE && no_block(c, chain, "ROLLBACK", err) < 0)
        return -1;
    roll_back(c);
    return chain_on(c, chain, &k, err);
}

static int need_block(const struct store_conn *c, const char *what, struct err *err)
{
    if (c->tx != TX_IDLE)
        return 0;
    return err_set(err, SQLSTATE_NO_ACTIVE_SQL_TRANSACTION,
                   "%s can only be used in transaction blocks", what);
}

/* Index of the innermost savepoint of that name.  0, or -1: 3B001. */
static int find_savepoint(const struct store_conn *c, const char *name, size_t *ret,
                          struct err *err)
{
    for (size_t i = c->nsavepoints; i > 0; i--)
        if (strcmp(c->savepoints[i - 1].name, name) == 0) {
            *ret = i - 1;
            return 0;
        }
    return err_set(err, SQLSTATE_INVALID_SAVEPOINT, "savepoint \"%s\" does not exist", name);
}

int tx_savepoint(struct store_conn *c, const char *name, struct err *err)
{
    if (need_block(c, "SAVEPOINT", err) < 0)
        return -1;
    struct savepoint *grown = realloc(c->savepoints, (c->nsavepoints + 1) * sizeof *grown);
    if (!grown)
        return err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
    c->savepoints = grown;
    char *copy = strdup(name);
    if (!copy)
        return err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
    grown[c->nsavepoints++] = (struct savepoint){.name = copy, .guc_mark = guc_mark(c)};
    return c->db_state == DB_WRITE ? db_savepoints(c, err) : 0;
}

int tx_release(struct store_conn *c, const char *name, struct err *err)
{
    size_t i;
    char sql[40];
    if (need_block(c, "RELEASE SAVEPOINT", err) < 0 || find_savepoint(c, name, &i, err) < 0)
        return -1;
    if (c->savepoints[i].in_db) {
        snprintf(sql, sizeof sql, "RELEASE s%zu", i);
        if (conn_exec(c, sql, err) < 0)
            return -1;
    }
    forget_savepoints(c, i);
    notify_raise(c, i);
    keys_raise(c, i);
    locks_raise(c, i);
    return 0;
}

int tx_rollback_to(struct store_conn *c, const char *name, struct err *err)
{
    size_t i;
    char sql[40];
    if (need_block(c, "ROLLBACK TO SAVEPOINT", err) < 0 || find_savepoint(c, name, &i, err) < 0)
        return -1;
    if (c->lost)
        return err_set(err, SQLSTATE_SERIALIZATION_FAILURE,
                       "the whole transaction was rolled back, savepoints included");
    portal_close_deeper(c, i);
    if (c->nrunning > 0 && portal_settle(c, err) < 0)
        return -1;
    if (c->savepoints[i].in_db) {
        snprintf(sql, sizeof sql, "ROLLBACK TO s%zu", i);
        if (conn_exec(c, sql, err) < 0)
            return -1;
    } else if (c->db_state == DB_READ && c->nrunning == 0 && !keeps_snapshot(c)) {
        tx_leave(c);
    }
    forget_savepoints(c, i + 1);
    notify_forget(c, i, false);
    keys_forget(c, i);
    locks_release_deeper(c, i);
    guc_rollback(c, c->savepoints[i].guc_mark);
    sequence_rolled_back(c);
    c->tx = TX_BLOCK;
    if (c->ddl && c->db_state == DB_WRITE)
        return load_catalog(c, err);
    return 0;
}
