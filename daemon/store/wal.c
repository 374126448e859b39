/* wal.c: the write-ahead log: kept short while it is used, and looked at when it was left behind; and
 * copies of a file.
 *
 * SQLite's own checkpoints take what no reader needs any more, and never wait; the log begins anew when
 * a writer finds that nobody reads it.  With readers that overlap for ever that would never be: so
 * behind a log that is far too long, the one who has just committed waits a moment for readers to
 * leave, while no other can write.  A reader that stays longer is not waited for again until the log has
 * doubled, and then for twice the time: little beside what it took to write so much. */
#include "daemon/store/transaction.h"

#define WAL_PASSIVE_PAGES 1000
#define WAL_RESTART_PAGES 16384 /* 64 MiB, as its file keeps: store.c */
#define WAL_RESTART_MS    100 /* for each so many */

static int busy_no_longer_than(void *arg, int tries)
{
    const int64_t *deadline = arg;
    (void)tries;
    struct timespec step = {0, 1000000};
    if (conn_now_ms() >= *deadline)
        return 0;
    nanosleep(&step, NULL);
    return 1;
}

/* Under the right to write. */
static int committed(void *arg, sqlite3 *db, const char *name, int pages)
{
    struct store *s = arg;
    atomic_fetch_add(&s->commits, 1); /* before anybody is told of it */
    if (pages < WAL_PASSIVE_PAGES)
        return SQLITE_OK;
    if (s->restart_pages == 0 || pages < WAL_RESTART_PAGES)
        s->restart_pages = WAL_RESTART_PAGES;
    bool waits = pages >= s->restart_pages;
    int64_t deadline = conn_now_ms() + pages / WAL_RESTART_PAGES * WAL_RESTART_MS;
    if (waits)
        sqlite3_busy_handler(db, busy_no_longer_than, &deadline);
    int rc = sqlite3_wal_checkpoint_v2(
        db, name, waits ? SQLITE_CHECKPOINT_RESTART : SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
    if (waits)
        sqlite3_busy_handler(db, conn_busy, NULL);
    if (waits && rc == SQLITE_BUSY)
        s->restart_pages = 2 * pages;
    return SQLITE_OK; /* the commit stands: whatever is wrong, the next one meets it */
}

void wal_keep_short(struct store *s, sqlite3 *db)
{
    sqlite3_wal_hook(db, committed, s);
}

/* What the check says, if it is not "ok". */
static int look(struct store_conn *c, struct err *err)
{
    sqlite3_stmt *stmt = conn_prepare(c, "PRAGMA quick_check(1)", err);
    if (!stmt)
        return -1;
    int rc = sqlite3_step(stmt);
    const char *said = rc == SQLITE_ROW ? (const char *)sqlite3_column_text(stmt, 0) : NULL;
    int result = 0;
    if (!said)
        result = errors_map(c, rc, NULL, NULL, err);
    else if (strcmp(said, "ok") != 0)
        result = err_set(err, "XX001", "%s", said);
    sqlite3_finalize(stmt);
    return result;
}

int wal_check(struct store *s, struct err *err)
{
    struct store_conn *c;
    struct err why = {0};
    int64_t began = conn_now_ms();
    if (conn_inner_open(s, &c, err) < 0)
        return -1;
    int rc = look(c, &why);
    conn_inner_close(c);
    if (rc == 0) {
        home_tell(s->home, "\"%s\" was not closed by its last user; it was checked in %lld ms, and is sound",
                  s->path, (long long)(conn_now_ms() - began));
        return 0;
    }
    return err_set(err, why.sqlstate, "the store's file \"%s\" is damaged: %s", s->path, why.message);
}

int store_copy(struct store *s, const char *path, struct err *err)
{
    struct store_conn *c;
    if (home_make_file(path, err) < 0 || conn_inner_open(s, &c, err) < 0)
        return -1;
    sqlite3_limit(c->db, SQLITE_LIMIT_ATTACHED, 1); /* which is how it goes about it */
    sqlite3_stmt *stmt = conn_prepare(c, "VACUUM INTO ?1", err);
    int rc = stmt ? 0 : -1;
    if (stmt) {
        c->internal++;
        sqlite3_bind_text(stmt, 1, path, -1, SQLITE_STATIC);
        int step = sqlite3_step(stmt);
        if (step != SQLITE_DONE)
            rc = errors_map(c, step, NULL, NULL, err);
        sqlite3_finalize(stmt);
        c->internal--;
    }
    conn_inner_close(c);
    return rc;
}
