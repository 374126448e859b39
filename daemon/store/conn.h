/* conn.h: one connection of a store, as the files of daemon/store share it; nobody else includes
 * this.
 *
 * All of it belongs to whoever holds `turn`: the connection's thread, or while that waits for input the
 * caller of store_answer (brief.c); except `cancel` (any thread) and what the store's lock guards.
 * What is done with it: store.c its life and the write lock, serve.c messages, and by headers of their own
 * transaction.h, statement.h, portal.h, brief.h, guc.h, locks.h, notify.h, follow.h, ddl.h. */
#pragma once

#include "daemon/store/arena.h"
#include "daemon/store/context.h"
#include "daemon/store/home.h"
#include "daemon/store/rowset.h"
#include "daemon/store/store.h"
#include "daemon/store/strmap.h"
#include "protocol/buf.h"
#include "protocol/frame.h"
#include "protocol/msg_read.h"
#include "protocol/msg_write.h"
#include "protocol/sqlstate.h"

#include <pthread.h>
#include <sqlite3.h>
#include <stdatomic.h>

#define CONN_SCRATCH_MAX ((size_t)1 << 30)
#define CONN_OUT_FLUSH   65536u
#define CONN_STACK_BYTES ((size_t)64 << 20)
#define CONN_STEPS       1000 /* of SQLite's machine, between two looks at the time */
#define CONN_CACHED_MAX  128
#define CONN_CACHED_BYTES 32768u /* of a text and its translation: larger ones are not kept */
#define CONN_SHAPES      256 /* of texts that are remembered */

struct write_waiter { /* on its waiter's stack */
    struct write_waiter *next;
};

struct store {
    struct store_home *home;
    enum store_role role;
    char *path; /* of the database file */
    sqlite3 *spare; /* opened with the store, for its first connection; under the lock */
    atomic_uint_fast64_t version; /* STORE_TENANT: of the owner's file, as far as this one follows it */
    int64_t follow_ms; /* it could not: not again before then; under the right to write, as the next */
    struct err follow_err;
    int restart_pages; /* of the write-ahead log, when readers are next waited for */
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct write_waiter *waiters; /* for the right to write, first come first served */
    bool write_held;
    struct store_conn *writer;    /* who holds it */
    struct lock *locks;           /* advisory, and who waits for them; oldest first */
    struct store_conn *listeners; /* with channels */
    struct sequence_memory *sequences; /* values handed out; see sequence.c */
    atomic_uint next_pid;
    atomic_uint next_oid; /* no smaller one is free; 0: nothing is known */
    atomic_uint schema_changes; /* committed here: SQLite reads its schema again */
    atomic_uint_fast64_t commits; /* of this process: a snapshot from before one is old */
    atomic_uint writers;          /* have the right to write, or wait for it */
};

/* The PostgreSQL side of a transaction. */
enum tx_state {
    TX_IDLE, /* no block; an implicit transaction may be open until Sync */
    TX_BLOCK,
    TX_FAILED, /* in a block after an error: only ROLLBACK helps */
};

/* The SQLite side. */
enum db_state { DB_NONE, DB_READ, DB_WRITE };

struct savepoint {
    char *name;
    size_t guc_mark;
    bool in_db; /* SQLite has it, as "s<index>" */
};

struct guc_change {
    struct guc_value *value;
    char *old;
    bool local;
};

struct conn_guc {
    struct guc_value **values; /* one for each known setting, then custom ones */
    size_t n;
    struct guc_change *changes; /* of the open transaction, oldest first */
    size_t nchanges;
    bool touched; /* something may have to be reported */
    char raw[64]; /* store_setting_raw */
    int64_t statement_timeout_ms, lock_timeout_ms, idle_timeout_ms, session_timeout_ms;
    bool no_views; /* restrict_nonsystem_relation_kind */
    bool read_only, repeatable; /* what transactions are by default */
    const struct guc_value *search_path;
};

struct key_time { /* constraints.c */
    uint32_t oid; /* of a foreign key; 0: all that are deferrable */
    bool deferred;
    size_t depth; /* savepoints when it was said */
};

enum conn_cached { /* statements of our own */
                   CACHED_BEGIN,
                   CACHED_BEGIN_WRITE,
                   CACHED_COMMIT,
                   CACHED_ROLLBACK,
                   CACHED_EPOCH,
                   CACHED_COUNT,
};

struct shape_seen { /* parameterize.c: of a text's shape */
    uint64_t hash;
    bool misfit;
};

struct notify_state { /* notify.c; channels and inbox are under the store's lock */
    struct notify_act *acts;
    size_t nacts;
    struct notify_channel *channels;
    struct buf inbox; /* NotificationResponses for the client */
    struct store_conn *next;
    bool listed; /* among the store's listeners */
};

struct store_conn {
    struct store *store;
    pthread_t thread;
    int fd;
    pthread_mutex_t turn;
    bool serving;            /* the thread has set it up, and not ended it yet */
    uint64_t received, sent; /* bytes through the descriptor */
    bool lent;               /* the caller of store_answer has it */
    bool too_much;           /* ... for which this is not brief enough */
    unsigned turns;          /* of the progress handler in its batch */
    uint64_t answered;       /* counts its calls */
    unsigned schema_changes; /* of the store, that are known here */
    uint64_t commits;        /* of the store, before the snapshot was taken */
    bool kept;               /* DB_NONE, but SQLite still has the snapshot: tx_let_go */
    int wake; /* an eventfd: somebody has put something into the inbox */
    atomic_bool cancel;
    bool wants_write; /* under the store's lock: it waits for it */
    struct notify_state notify;
    sqlite3 *db;
    int internal; /* > 0: our own SQL, the authorizer lets all pass */
    sqlite3_stmt *cached[CACHED_COUNT];
    struct watch *watch; /* errors_watch.c: while a failed statement is run again */
    struct store_context context;
    struct store_catalog *catalog;

    struct buf in, out, scratch;
    struct buf held;         /* what `in` was while one message reads others (COPY) */
    bool holding;
    size_t message_bytes, next_bytes; /* of the message in work; of the one it has read last */
    bool broken;       /* the client has gone, or cannot be answered */
    bool skip_to_sync; /* extended protocol after an error */
    bool eager;        /* a simple query: what is analysed is run at once */

    enum tx_state tx;
    enum db_state db_state;
    bool implicit;              /* an implicit transaction of several statements is open */
    bool lost;                  /* SQLite rolled the whole transaction back by itself */
    bool read_only, repeatable; /* of this transaction */
    bool began;                 /* a statement has run in it: too late for SET TRANSACTION */
    bool holds_write;
    bool lent_write; /* ... of another connection, which goes on when this one has ended */
    bool ddl; /* the transaction has changed the catalog */
    struct key_time *key_times; /* SET CONSTRAINTS in this transaction; the last one counts */
    size_t nkey_times;
    bool keys_late; /* SQLite leaves all keys to the end of this transaction: constraints.c */
    bool new_labels; /* it has added labels to enums, that may be used when it has ended */
    uint64_t catalog_changes; /* counts statements that did */
    uint64_t generation;      /* counts readings of it */
    char *log_sql;            /* goes to the owner's log instead of the running statement (follow.c) */
    uint32_t temp_oids;       /* handed out: temp.h */
    bool parsing;             /* inside parse_protect, because of a utility statement */
    struct savepoint *savepoints;
    size_t nsavepoints;
    int64_t deadline_ms; /* of the running statement, 0: none */
    bool timed_out;
    unsigned progress_calls;
    bool lengthy; /* what is prepared now calls functions, or reads what is no plain table */

    struct strmap statements; /* struct named by name */
    struct strmap cache, old_cache; /* struct prepared by text: statement_cache.c */
    struct shape_seen shapes[CONN_SHAPES];
    struct strmap portals;    /* struct portal by name */
    size_t nrunning;          /* portals whose SQLite statement stands in the middle */

    struct conn_guc guc;
    struct sequence_memory *temp_sequences; /* values handed out of temporary ones */
    struct sequence_change *sequence_changes; /* of the open transaction */
    size_t nsequence_changes;
    struct sequence_use *sequences;
    size_t nsequences;
    uint32_t last_sequence;      /* lastval() */
    struct sequence_draw *draws; /* of the running statement */
    size_t ndraws, replayed;
};

/* -- store.c -- */
/* On the connection's own thread: open SQLite, register functions.  -1: 58030, 53200. */
int conn_setup(struct store_conn *c, struct err *err) MUSTCHECK;
/* Wait for the right to write: 0, or -1 (57014 cancelled, 55P03 lock_timeout).  Released at the end
 * of the transaction. */
int conn_write_lock(struct store_conn *c, struct err *err) MUSTCHECK;
void conn_write_unlock(struct store_conn *c);
/* Could it be had now? */
bool conn_write_free(struct store_conn *c);
int conn_busy(void *arg, int tries); /* SQLite's handler while it waits for whoever else has the file */
/* Under the store's lock, which is let go meanwhile: until something has changed, or ${until_ms} (0:
 * for ever).  -1: 57014; at ${until_ms} 55P03, if it is that of a ${what} (NULL: 0). */
int conn_wait(struct store_conn *c, int64_t until_ms, const char *what, struct err *err) MUSTCHECK;
int64_t conn_now_ms(void);
int64_t conn_now_us(void); /* timestamptz */
/* The progress handler is called after so many steps. */
void conn_look_every(struct store_conn *c, int steps);
/* Open a locked-down SQLite connection on the store's file. */
int store_open_db(struct store *s, sqlite3 **ret, struct err *err) MUSTCHECK;
/* A connection without a client or a thread: of the caller, who prepares and runs statements with it. */
int conn_inner_open(struct store *s, struct store_conn **ret, struct err *err) MUSTCHECK;
void conn_inner_close(struct store_conn *c);

/* -- bootstrap.c: the system tables of a new file -- */
int bootstrap(sqlite3 *db, struct err *err) MUSTCHECK;

/* -- serve.c -- */
void *serve_thread(void *arg);
/* What it has open ends; its memory stays. */
void conn_end(struct store_conn *c);
/* Run one statement, its answer into c->out. */
int conn_run(struct store_conn *c, struct slice sql, struct err *err) MUSTCHECK;
void conn_flush(struct store_conn *c);
/* Obey one message; false: it was Terminate. */
bool conn_message(struct store_conn *c, char type, struct slice body);
/* The message in work stays where it is, and the next ones may be read: each is valid until the one
 * after it.  False: the client has gone, or sends nonsense. */
void conn_hold_message(struct store_conn *c);
bool conn_next_frame(struct store_conn *c, struct frame *ret);
void conn_notice(struct store_conn *c, const char *severity, const char *sqlstate,
                 const char *format, ...) __attribute__((format(printf, 4, 5)));
/* NOTICE 00000 with a DETAIL. */
void conn_notice_detail(struct store_conn *c, const char *detail, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* -- sequence.c -- */
void sequence_release(struct store_conn *c);
void sequence_draws_reset(struct store_conn *c);
/* What was handed out of ${oid} no longer counts: it was made or set, and if that is rolled back, what
 * is handed out from now on does not count either. */
void sequence_forget(struct store_conn *c, uint32_t oid);
void sequence_dropped(struct store_conn *c, uint32_t oid);
void sequence_rolled_back(struct store_conn *c);
void sequence_committed(struct store_conn *c);
void sequence_end(struct store_conn *c); /* of the connection */
void sequence_forget_all(struct store *s);

/* -- wal.c: the write-ahead log -- */
/* Before the first connection is used: 0, or -1 XX001 if the file was left and is damaged. */
int wal_check(struct store *s, struct err *err) MUSTCHECK;
/* Checkpoint after commits of ${db}. */
void wal_keep_short(struct store *s, sqlite3 *db);

/* -- errors.c -- */
struct prepared;
/* Why ${stmt} failed with ${rc}, in PostgreSQL's words.  May run it again inside a savepoint to see
 * names and values; ${p} NULL: our own statement. */
int errors_map(struct store_conn *c, int rc, sqlite3_stmt *stmt, const struct prepared *p,
               struct err *err);
/* ${v} as SQLite gives it. */
struct types_value value_of(sqlite3_value *v);
