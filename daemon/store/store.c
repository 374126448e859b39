/* store.c: opening a store's file, its connections and their threads, and the one lock that writers take.
 *
 * All writers of a file are in this process, so they queue here, first come first served, instead
 * of polling SQLite's lock; SQLite's own busy handler only meets checkpoints and foreign tools. */
#include "daemon/store/brief.h"
#include "daemon/store/catalog_vtab.h"
#include "daemon/store/compare.h"
#include "daemon/store/errors.h"
#include "daemon/store/follow.h"
#include "daemon/store/functions.h"
#include "daemon/store/guc.h"
#include "daemon/store/locks.h"
#include "daemon/store/notify.h"
#include "daemon/store/objects.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define BUSY_STEP_MS   2
#define BUSY_TRIES     5000 /* ten seconds for whoever else has the file */
#define PROGRESS_LOOKS 64 /* calls between two looks at the client's socket */

const char *const store_parameters[] = {
    "application_name",
    "",
    "client_encoding",
    "UTF8",
    "DateStyle",
    "ISO, MDY",
    "default_transaction_read_only",
    "off",
    "in_hot_standby",
    "off",
    "integer_datetimes",
    "on",
    "IntervalStyle",
    "postgres",
    "is_superuser",
    "off",
    "server_encoding",
    "UTF8",
    "server_version",
    "15.20",
    "session_authorization",
    "partywall",
    "standard_conforming_strings",
    "on",
    "TimeZone",
    "UTC",
    NULL,
};

/* Without statistics of memory SQLite takes no lock of the whole process for each allocation. */
void store_init(void)
{
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

int64_t conn_now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t conn_now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (now.tv_sec - INT64_C(946684800)) * 1000000 + now.tv_nsec / 1000;
}

/* -- SQLite, locked down -- */

int conn_busy(void *arg, int tries)
{
    (void)arg;
    struct timespec step = {0, BUSY_STEP_MS * 1000000L};
    if (tries >= BUSY_TRIES)
        return 0;
    nanosleep(&step, NULL);
    return 1;
}

static int configure(sqlite3 *db, bool normal)
{
    static const char pragmas[] = "PRAGMA journal_mode=WAL; PRAGMA journal_size_limit=67108864;"
                                  "PRAGMA foreign_keys=ON; PRAGMA trusted_schema=OFF;"
                                  "PRAGMA recursive_triggers=OFF; PRAGMA cell_size_check=ON;"
                                  "PRAGMA temp_store=FILE;"; /* made when its cache is full */
    sqlite3_extended_result_codes(db, 1);
    sqlite3_busy_handler(db, conn_busy, NULL);
    int rc = sqlite3_exec(db, pragmas, NULL, NULL, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_exec(db, normal ? "PRAGMA synchronous=NORMAL" : "PRAGMA synchronous=FULL", NULL,
                          NULL, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_db_config(db, SQLITE_DBCONFIG_DQS_DML, 0, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_db_config(db, SQLITE_DBCONFIG_DQS_DDL, 0, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_limit(db, SQLITE_LIMIT_ATTACHED, 0);
    sqlite3_limit(db, SQLITE_LIMIT_LENGTH, STORE_VALUE_MAX);
    return rc;
}

static int open_failed(const struct store *s, int rc, const char *said, struct err *err)
{
    switch (rc & 0xff) {
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return err_set(err, "XX001", "the store's file \"%s\" is damaged: %s", s->path, said);
    case SQLITE_FULL:
        return err_set(err, "53100", "could not open store \"%s\": %s", s->path, said);
    default:
        return err_set(err, SQLSTATE_IO_ERROR, "could not open store \"%s\": %s", s->path, said);
    }
}

/* The system's tables of a file, new or not. */
static int prepare(struct store *s, struct err *err)
{
    int rc = bootstrap(s->spare, err);
    if (rc < 0 && sqlite3_errcode(s->spare) != SQLITE_OK)
        open_failed(s, sqlite3_errcode(s->spare), sqlite3_errmsg(s->spare), err);
    return rc;
}

int store_open_db(struct store *s, sqlite3 **ret, struct err *err)
{
    sqlite3 *db = NULL;
    int rc = sqlite3_open_v2(
        s->path, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL);
    if (rc == SQLITE_OK)
        rc = configure(db, s->home->options.normal);
    if (rc == SQLITE_OK)
        rc = compare_register(db);
    if (rc != SQLITE_OK) {
        open_failed(s, rc, db ? sqlite3_errmsg(db) : sqlite3_errstr(rc), err);
        sqlite3_close_v2(db);
        return -1;
    }
    wal_keep_short(s, db);
    *ret = db;
    return 0;
}

static int authorize(void *arg, int action, const char *a, const char *b, const char *database,
                     const char *trigger)
{
    struct store_conn *c = arg;
    (void)database;
    (void)trigger;
    if (c->internal > 0)
        return SQLITE_OK;
    switch (action) {
    case SQLITE_SELECT:
    case SQLITE_RECURSIVE:
        return SQLITE_OK;
    case SQLITE_READ:
        c->lengthy |= !a || !brief_table(a);
        return SQLITE_OK;
    case SQLITE_FUNCTION:
        c->lengthy |= !b || !brief_function(b);
        return b && sqlite3_stricmp(b, "load_extension") == 0 ? SQLITE_DENY : SQLITE_OK;
    case SQLITE_INSERT:
    case SQLITE_UPDATE:
    case SQLITE_DELETE:
        return a && (strncmp(a, "pg_catalog.", 11) == 0 || strncmp(a, "store.", 6) == 0 ||
                     strncmp(a, "sqlite_", 7) == 0)
                   ? SQLITE_DENY
                   : SQLITE_OK;
    default:
        return SQLITE_DENY;
    }
}

/* Its end of the socket pair is closed, whatever it sent before. */
static bool client_gone(const struct store_conn *c)
{
    struct pollfd p = {.fd = c->fd, .events = POLLRDHUP};
    return poll(&p, 1, 0) > 0 && (p.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0;
}

static int progress(void *arg)
{
    struct store_conn *c = arg;
    if (c->lent) /* kept statements count their steps for good: not in the middle of a ROLLBACK */
        return c->internal == 0 && brief_too_long(c);
    if (++c->progress_calls % PROGRESS_LOOKS == 0 && client_gone(c)) {
        c->broken = true; /* nobody waits for the answer */
        return 1;
    }
    if (atomic_load_explicit(&c->cancel, memory_order_relaxed))
        return 1;
    if (c->deadline_ms && conn_now_ms() >= c->deadline_ms) {
        c->timed_out = true;
        return 1;
    }
    return 0;
}

void conn_look_every(struct store_conn *c, int steps)
{
    sqlite3_progress_handler(c->db, steps, progress, c);
}

bool store_ended(struct store_context *c)
{
    return c->conn && progress(c->conn);
}

/* -- the store -- */

static int lock_init(struct store *s)
{
    pthread_condattr_t attr;
    int rc = pthread_mutex_init(&s->lock, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    rc = rc == 0 ? pthread_cond_init(&s->changed, &attr) : rc;
    pthread_condattr_destroy(&attr);
    return rc == 0 ? 0 : -1;
}

static struct store *store_new(struct store_home *h, const char *tenant, struct err *err)
{
    struct store *s = calloc(1, sizeof *s);
    if (!s || lock_init(s) < 0) {
        free(s);
        err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
        return NULL;
    }
    s->home = h;
    s->role = !h->options.files ? STORE_SHARED : tenant ? STORE_TENANT : STORE_SCHEMA;
    s->path = home_file(h, s->role, tenant, err);
    if (s->path)
        return s;
    store_close(s);
    return NULL;
}

int store_open(struct store_home *h, const char *tenant, struct store **ret, struct err *err)
{
    struct store *s = store_new(h, tenant, err);
    if (!s)
        return -1;
    bool left = home_file_was_left(s->path);
    if (store_open_db(s, &s->spare, err) == 0 && prepare(s, err) == 0 &&
        (!left || wal_check(s, err) == 0) && follow_open(s, err) == 0) {
        if (s->role == STORE_TENANT) { /* descriptors are for those that have statements */
            sqlite3_close_v2(s->spare);
            s->spare = NULL;
        }
        *ret = s;
        return 0;
    }
    store_close(s);
    return -1;
}

void store_close(struct store *s)
{
    sequence_forget_all(s);
    sqlite3_close_v2(s->spare);
    pthread_cond_destroy(&s->changed);
    pthread_mutex_destroy(&s->lock);
    free(s->path);
    free(s);
}

/* -- the write lock: a queue of tickets -- */

static struct timespec from_ms(int64_t ms)
{
    return (struct timespec){ms / 1000, ms % 1000 * 1000000};
}

int conn_wait(struct store_conn *c, int64_t until_ms, const char *what, struct err *err)
{
    int64_t now = conn_now_ms(), next = now + 1000; /* whether the client has gone shows only on its socket */
    if (atomic_load(&c->cancel) || client_gone(c))
        return err_set(err, SQLSTATE_QUERY_CANCELED, "canceling statement due to user request");
    if (what && until_ms && now >= until_ms)
        return err_set(err, "55P03", "canceling statement due to %s timeout", what);
    if (c->deadline_ms && now >= c->deadline_ms)
        return err_set(err, SQLSTATE_QUERY_CANCELED,
                       "canceling statement due to statement timeout");
    if (until_ms && until_ms < next)
        next = until_ms;
    if (c->deadline_ms && c->deadline_ms < next)
        next = c->deadline_ms;
    struct timespec at = from_ms(next);
    pthread_cond_timedwait(&c->store->changed, &c->store->lock, &at);
    return 0;
}

int conn_write_lock(struct store_conn *c, struct err *err)
{
    struct store *s = c->store;
    int64_t until = c->guc.lock_timeout_ms ? conn_now_ms() + c->guc.lock_timeout_ms : 0;
    int rc = 0;
    if (c->holds_write)
        return 0;
    atomic_fetch_add(&s->writers, 1);
    pthread_mutex_lock(&s->lock);
    struct write_waiter me = {.next = NULL};
    struct write_waiter **tail = &s->waiters;
    while (*tail)
        tail = &(*tail)->next;
    *tail = &me;
    c->wants_write = true;
    while (rc == 0 && (s->write_held || s->waiters != &me))
        rc = locks_deadlock(c) ? locks_deadlocked(err) : conn_wait(c, until, "lock", err);
    c->wants_write = false;
    for (tail = &s->waiters; *tail != &me;)
        tail = &(*tail)->next;
    *tail = me.next;
    if (rc == 0) {
        s->write_held = true;
        s->writer = c;
    }
    pthread_cond_broadcast(&s->changed);
    pthread_mutex_unlock(&s->lock);
    c->holds_write = rc == 0;
    if (rc < 0)
        atomic_fetch_sub(&s->writers, 1);
    return rc;
}

bool conn_write_free(struct store_conn *c)
{
    return c->holds_write || atomic_load(&c->store->writers) == 0;
}

void conn_write_unlock(struct store_conn *c)
{
    struct store *s = c->store;
    if (!c->holds_write || c->lent_write)
        return;
    pthread_mutex_lock(&s->lock);
    s->write_held = false;
    s->writer = NULL;
    pthread_cond_broadcast(&s->changed);
    pthread_mutex_unlock(&s->lock);
    c->holds_write = false;
    atomic_fetch_sub(&s->writers, 1);
}

/* -- connections -- */

static void print_name(void *arg, uint32_t type, uint32_t oid, struct buf *out)
{
    objects_print(arg, type, oid, out);
}

static int read_name(void *arg, uint32_t type, struct slice text, uint32_t *ret, struct err *err)
{
    return objects_read(arg, type, text, ret, err);
}

int conn_setup(struct store_conn *c, struct err *err)
{
    c->context.conn = c;
    c->context.pid = (uint32_t)atomic_fetch_add(&c->store->next_pid, 1) + 1;
    c->context.user = "partywall";
    c->context.database = "partywall";
    types_session_init(&c->context.types);
    c->context.types.now_us = &c->context.transaction_us;
    if (guc_init(c) < 0)
        return err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
    if (c->fd >= 0) { /* beside it others come and go without being the last, which would sync the file */
        pthread_mutex_lock(&c->store->lock);
        c->db = c->store->spare;
        c->store->spare = NULL;
        pthread_mutex_unlock(&c->store->lock);
    }
    if (!c->db && store_open_db(c->store, &c->db, err) < 0)
        return -1;
    c->context.db = c->db;
    c->context.names = (struct types_names){print_name, read_name, &c->context};
    if (objects_init(&c->context) < 0)
        return err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
    if (functions_register(c->db, &c->context) != SQLITE_OK || watch_register(c) != SQLITE_OK ||
        catalog_vtab_register(c->db, &c->context) != SQLITE_OK)
        return err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
    /* to the authorizer, the first use of a table-valued function would be DDL */
    if (sqlite3_exec(c->db, "SELECT 1 FROM json_each('[]')", NULL, NULL, NULL) != SQLITE_OK)
        return err_set(err, SQLSTATE_IO_ERROR, "could not open the store: %s",
                       sqlite3_errmsg(c->db));
    sqlite3_set_authorizer(c->db, authorize, c);
    conn_look_every(c, CONN_STEPS);
    return 0;
}

static void conn_release(struct store_conn *c)
{
    guc_release(c);
    notify_release(c);
    sequence_release(c);
    sequence_end(c);
    objects_release(&c->context);
    types_session_release(&c->context.types);
    buf_release(&c->in);
    buf_release(&c->out);
    buf_release(&c->scratch);
    sqlite3_close_v2(c->db);
    pthread_mutex_destroy(&c->turn);
    free(c);
}

static struct store_conn *conn_new(struct store *s)
{
    struct store_conn *c = calloc(1, sizeof *c);
    if (!c)
        return NULL;
    c->store = s;
    c->fd = -1;
    buf_init(&c->in, (size_t)FRAME_MESSAGE_MAX + 16);
    buf_init(&c->out, (size_t)FRAME_MESSAGE_MAX * 2);
    buf_init(&c->scratch, CONN_SCRATCH_MAX);
    pthread_mutex_init(&c->turn, NULL);
    if (notify_init(c) == 0)
        return c;
    conn_release(c);
    return NULL;
}

int conn_inner_open(struct store *s, struct store_conn **ret, struct err *err)
{
    struct store_conn *c = conn_new(s);
    if (!c)
        return err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
    if (conn_setup(c, err) < 0) {
        conn_inner_close(c);
        return -1;
    }
    *ret = c;
    return 0;
}

void conn_inner_close(struct store_conn *c)
{
    conn_end(c);
    conn_release(c);
}

int store_connect(struct store *s, int *ret_fd, struct store_conn **ret, struct err *err)
{
    int fds[2];
    pthread_attr_t attr;
    struct store_conn *c = conn_new(s);
    if (!c)
        return err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0) {
        err_set(err, SQLSTATE_IO_ERROR, "could not create socket pair: %s", strerror(errno));
        goto fail_release;
    }
    fcntl(fds[0], F_SETFL, O_NONBLOCK);
    c->fd = fds[1];
    pthread_attr_init(&attr);
    pthread_attr_setstacksize(&attr, CONN_STACK_BYTES);
    int rc = pthread_create(&c->thread, &attr, serve_thread, c);
    pthread_attr_destroy(&attr);
    if (rc != 0) {
        err_set(err, SQLSTATE_OUT_OF_MEMORY, "could not start thread: %s", strerror(rc));
        goto fail_close;
    }
    *ret_fd = fds[0];
    *ret = c;
    return 0;
fail_close:
    close(fds[0]);
    close(fds[1]);
fail_release:
    conn_release(c);
    return -1;
}

void store_cancel(struct store_conn *c)
{
    atomic_store(&c->cancel, true);
    pthread_mutex_lock(&c->store->lock); /* it may be waiting for the write lock */
    pthread_cond_broadcast(&c->store->changed);
    pthread_mutex_unlock(&c->store->lock);
}

void store_conn_free(struct store_conn *c)
{
    pthread_join(c->thread, NULL);
    conn_release(c);
}
