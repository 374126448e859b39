/* conn.h: one connection of a store, as the files of daemon/store share it; nobody else includes
 * this.
 *
 * All of it belongs to whoever holds `turn`: the connection's thread, or while that waits for input the
 * caller of store_answer (brief.c); except `cancel` (any thread) and what the store's lock guards.
 * Files: store.c life and the write lock; serve.c messages, brief.c without the thread; transaction.c
 * transactions; statement*.c prepared statements; portal.c, execute.c portals; cursor.c, named.c,
 * explain.c, copy*.c statements around others; utility.c the other statements; guc.c settings;
 * sequence.c; errors.c; ddl*.c. */
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
#define CONN_CACHED_MAX  128
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
    bool tried;
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
/* Open a locked-down SQLite connection on the store's file. */
int store_open_db(struct store *s, sqlite3 **ret, struct err *err) MUSTCHECK;
/* A connection without a client or a thread: of the caller, who prepares and runs statements with it. */
int conn_inner_open(struct store *s, struct store_conn **ret, struct err *err) MUSTCHECK;
void conn_inner_close(struct store_conn *c);

/* -- locks.c: advisory locks -- */
struct lock_key {
    int64_t value; /* of two int4: the first in the upper half */
    bool pair;
};
struct lock_request {
    struct lock_key key;
    bool exclusive, session, try_only;
};
/* ${ret}: whether it was had.  -1: 40P01, 55P03, 57014. */
int locks_take(struct store_conn *c, const struct lock_request *r, bool *ret,
               struct err *err) MUSTCHECK;
bool locks_release(struct store_conn *c, const struct lock_request *r);
void locks_release_session(struct store_conn *c);
void locks_release_transaction(struct store_conn *c);
/* Those that were taken inside more than ${depth} savepoints; or they become the outer one's. */
void locks_release_deeper(struct store_conn *c, size_t depth);
void locks_raise(struct store_conn *c, size_t depth);
/* Under the store's lock: does ${c} wait for itself, over others? */
bool locks_deadlock(const struct store_conn *c);
int locks_deadlocked(struct err *err);
struct lock_seen {
    struct lock_key key;
    uint32_t pid;
    bool exclusive, granted;
};
/* The i-th of the store; false: no more. */
bool locks_at(struct store_conn *c, size_t i, struct lock_seen *ret);
int conn_sleep(struct store_conn *c, double seconds, struct err *err) MUSTCHECK;

/* -- notify.c -- */
int notify_init(struct store_conn *c);
void notify_release(struct store_conn *c);
int notify_say(struct store_conn *c, const char *channel, const char *payload,
               struct err *err) MUSTCHECK;
/* LISTEN, UNLISTEN; ${channel} NULL: UNLISTEN *. */
int notify_listen(struct store_conn *c, const char *channel, bool on, struct err *err) MUSTCHECK;
/* What was said inside more than ${depth} savepoints (or all) is taken back; or it becomes the outer
 * one's. */
void notify_forget(struct store_conn *c, size_t depth, bool all);
void notify_raise(struct store_conn *c, size_t depth);
/* Before the commit: is there room?  -1: 54000.  After it: everybody is told. */
int notify_check(struct store_conn *c, struct err *err) MUSTCHECK;
void notify_commit(struct store_conn *c);
/* What others have said goes to the client. */
void notify_tell(struct store_conn *c);
/* The i-th channel; false: no more. */
bool notify_channel_at(struct store_conn *c, size_t i, char ret[64]);

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


/* -- transaction.c -- */
/* Make sure that a SQLite transaction is open, fit to read or ${write}, and that c->catalog is that
 * of its snapshot.  -1: 25006, 40001, 55P03, 57014 ... */
int tx_enter(struct store_conn *c, bool write, struct err *err) MUSTCHECK;
/* A statement begins that does more than read on in a cursor: cursors stand by themselves, and
 * where the isolation level says so the old snapshot is given up. */
int tx_fresh(struct store_conn *c, bool write, struct err *err) MUSTCHECK;
/* A statement has ended well: give up a read snapshot that the isolation level does not keep. */
void tx_leave(struct store_conn *c);
/* What the caller of store_answer was left with: before anything but tx_enter. */
void tx_let_go(struct store_conn *c);
/* A statement has failed: fail the block, or roll the implicit transaction back. */
void tx_fail(struct store_conn *c);
/* End of a Query or Sync: commit what is implicit. */
int tx_finish(struct store_conn *c, struct err *err) MUSTCHECK;
/* Everything open is rolled back: the connection ends. */
void tx_abandon(struct store_conn *c);
char tx_status(const struct store_conn *c); /* I T E */
/* The catalog has changed in this transaction: bump the epoch, read it again. */
int tx_catalog_changed(struct store_conn *c, struct err *err) MUSTCHECK;
/* Likewise, but only what it has of temporary relations. */
int tx_temp_changed(struct store_conn *c, struct err *err) MUSTCHECK;
/* Names are looked for along the search_path of now. */
int tx_follow_path(struct store_conn *c, struct err *err) MUSTCHECK;
/* 25P02 when in a failed block. */
int tx_check(const struct store_conn *c, struct err *err) MUSTCHECK;
/* The statements: each writes its CommandComplete tag to ${ret_tag}. */
struct tx_options {
    bool read_only_given, read_only, level_given, repeatable;
};
int tx_begin(struct store_conn *c, const struct tx_options *o, struct err *err) MUSTCHECK;
int tx_commit(struct store_conn *c, bool chain, const char **ret_tag, struct err *err) MUSTCHECK;
int tx_rollback(struct store_conn *c, bool chain, struct err *err) MUSTCHECK;
int tx_savepoint(struct store_conn *c, const char *name, struct err *err) MUSTCHECK;
int tx_release(struct store_conn *c, const char *name, struct err *err) MUSTCHECK;
int tx_rollback_to(struct store_conn *c, const char *name, struct err *err) MUSTCHECK;
int tx_set(struct store_conn *c, const struct tx_options *o, struct err *err) MUSTCHECK;
/* Our own SQL, without results. */
int conn_exec(struct store_conn *c, const char *sql, struct err *err) MUSTCHECK;
sqlite3_stmt *conn_prepare(struct store_conn *c, const char *sql, struct err *err) MUSTCHECK;

/* -- constraints.c -- */
/* Is it to hold at the end of this transaction only? */
bool keys_deferred(const struct store_conn *c, const struct store_foreign_key *f);
/* A statement is about to write.  Then it is over: do all keys hold that are to?  -1: 23503. */
int keys_begin(struct store_conn *c, struct err *err) MUSTCHECK;
int keys_hold(struct store_conn *c, struct err *err) MUSTCHECK;
/* What was set inside more than ${depth} savepoints is as it was; or it becomes the outer one's. */
void keys_forget(struct store_conn *c, size_t depth);
void keys_raise(struct store_conn *c, size_t depth);

/* -- statement.c -- */
enum prepared_kind { PREPARED_EMPTY, PREPARED_QUERY, PREPARED_UTILITY };

/* Utility statements around another one; the others are taken apart when they run (utility.c). */
enum utility_verb {
    VERB_OTHER,
    VERB_DECLARE,
    VERB_FETCH,
    VERB_PREPARE,
    VERB_EXECUTE,
    VERB_EXPLAIN,
    VERB_COPY,
    VERB_CREATE_AS,
};

/* One statement, analysed.  Counted: names, portals and the cache share it. */
struct prepared {
    struct arena arena;
    unsigned refs;
    enum prepared_kind kind;
    bool transaction_exit; /* COMMIT, ROLLBACK ...: allowed in a failed block */
    const char *sql;       /* NUL-terminated */
    uint32_t *oids;        /* as the client gave them */
    size_t noids;
    uint64_t generation; /* of the catalog it was translated with */
    const char *path; /* search_path it was translated with */
    const char *tag;  /* "SELECT", "INSERT 0" ...: the number of rows is added */
    bool modifies;    /* INSERT, UPDATE, DELETE: rows are counted by SQLite */
    bool writes;
    bool settings; /* translated as settings were: not for the same text again */
    const char *sqlite;
    const char *folds; /* a SELECT that must succeed first, or NULL: it has */
    struct msg_field *columns; /* of queries, and of utilities that return rows */
    size_t ncolumns;
    uint32_t *params;
    size_t nparams;
    const char *nowait; /* rows of this table are locked, or that fails; NULL: it waits */
    bool returns_rows; /* maybe rows without columns: SELECT FROM t */
    uint32_t target_oid;
    struct translate_step *steps; /* what runs before `sqlite` (steps.c) */
    size_t nsteps;
    int nslots;
    uint32_t *watched;
    size_t nwatched;
    bool binary;            /* FETCH from a binary cursor: results are binary unless Bind says */
    sqlite3_stmt *idle;     /* prepared and reset, for the next portal */
    bool needs_constants;     /* SQLite may find an index of one of its tables by them */
    bool stands_for_literals; /* parameterize.c may run it */
    bool brief;               /* brief.c may run it ... */
    unsigned slow;          /* ... which took long, so often in a row */
    unsigned rest;          /* ... when it has been run so often by the thread */
    enum utility_verb verb;
    bool inside;            /* the statement is the one that the statement ${sql} is around */
    struct prepared *inner; /* of a verb: one reference */
    const void *plan;       /* of a verb: struct declare_plan, fetch_plan ... in the arena */
};

struct named { /* a prepared statement's name; "" is the unnamed one */
    char *name;
    struct prepared *prepared;
    int64_t made_us;
    bool from_sql; /* by PREPARE */
};

struct statement_place {
    size_t offset, len;
    int characters; /* before offset */
};
/* The statements of ${sql}: malloc'd places.  A single one may be empty, or not parse.  -1: 42601,
 * 54001 ... */
int statement_split(const char *sql, struct statement_place **ret, size_t *ret_n,
                    struct err *err) MUSTCHECK;
/* Analyse one statement, a part of a NUL-terminated text, from the cache if it can be.  One
 * reference for the caller.  Enters a transaction if the catalog is needed.  -1: 42601, 25P02, and
 * what translate() says. */
int statement_prepare(struct store_conn *c, struct slice sql, const uint32_t *oids, size_t noids,
                      struct prepared **ret, struct err *err) MUSTCHECK;
/* err->position of a translator's error, in bytes of ${sql} -> in characters. */
void statement_position(const char *sql, struct err *err);
/* ${p} translated with the catalog of today: itself, or another in its place (the reference moves).
 * -1: 0A000 `cached plan must not change result type`. */
int statement_refresh(struct store_conn *c, struct prepared **p, struct err *err) MUSTCHECK;
void prepared_unref(struct prepared *p);
/* statement_cache.c.  The finder gives no reference; the adder takes its own. */
struct prepared *statement_cache_find(struct store_conn *c, struct slice sql, const uint32_t *oids,
                                      size_t noids);
void statement_cache_add(struct store_conn *c, struct prepared *p);
void statement_cache_drop(struct store_conn *c, struct prepared *p);
void statement_cache_clear(struct store_conn *c);
struct named *named_find(struct store_conn *c, const char *name);
/* Takes ${p}'s reference when it succeeds. */
int named_set(struct store_conn *c, const char *name, struct prepared *p,
              struct err *err) MUSTCHECK;
void named_drop(struct store_conn *c, struct named *n);
void named_drop_all(struct store_conn *c);

/* Analyse ${stmt}, a part of the tree of ${sql}, as a statement of its own.  Inside parse_protect.
 * ${params} says what "$n" are; one reference for the caller. */
int statement_inner(struct store_conn *c, const char *sql, void *stmt, const uint32_t *oids,
                    size_t noids, struct prepared **ret, struct err *err) MUSTCHECK;

/* -- verbs.c: statements around another one -- */
/* ${stmt}, a Node, of ${p}'s text: ${p}->verb and what belongs to it.  Inside parse_protect. */
int verb_analyse(struct store_conn *c, struct prepared *p, void *stmt, struct err *err) MUSTCHECK;

/* -- cut_names.c -- */
/* NOTICE 42622 of each name in ${sql} that is cut. */
void names_cut(struct store_conn *c, struct slice sql);

/* -- parameterize.c -- */
/* A portal for the simple query ${sql}, as the statement with parameters that it is known to be with its
 * literals taken for values; NULL: none, and what has happened has no effect. */
struct portal *parameterize_open(struct store_conn *c, struct slice sql);
/* ${p} has just been made of the simple query ${sql}. */
void parameterize_learn(struct store_conn *c, struct slice sql, const struct prepared *p);

/* -- portal.c -- */
/* A running or finished statement, with PostgreSQL's position in its rows: before the first
 * (at_start), on row `pos` (from 1), or behind the last (at_end; `pos` is the last). */
struct portal {
    char *name;
    bool listed; /* in c->portals; EXECUTE and COPY run portals of their own */
    struct prepared *prepared;
    sqlite3_stmt *stmt; /* QUERY: with its values bound */
    struct rowset *params; /* UTILITY: one row of values for the statement inside */
    int16_t *formats;      /* of each result column */
    struct types_value *values; /* of the row read last */
    bool started, done;         /* ... the statement of SQLite; done: it has no more rows */
    uint64_t fetched;           /* rows it has given */
    struct rowset *rows;        /* of these, those after the first ${base}; NULL: they are not kept */
    uint64_t base;
    struct err *later; /* an error that row `fetched` + 1 has raised ahead of its time */
    uint64_t pos;
    bool at_start, at_end;
    char tag[80];
    bool counts;   /* the number of rows follows the tag */
    bool describe; /* a simple query: RowDescription goes before the rows */
    bool simple;   /* of a simple query: nobody sees it */
    bool scroll, hold, binary;
    bool declared; /* by SQL */
    bool held;     /* its transaction is over */
    int64_t made_us;
    size_t depth; /* savepoints when it was made */
    unsigned pins;
    bool closed; /* while pinned */
    sqlite3_stmt *holder;   /* of a statement in steps: its parameters, as columns */
    struct rows_kept *kept; /* ... and what they have kept */
    uint64_t changes;
};
/* Bind ${m} (NULL: no parameters, all results as text) to ${p}. */
int portal_open(struct store_conn *c, const char *name, struct prepared *p,
                const struct msg_bind *m, struct portal **ret, struct err *err) MUSTCHECK;
/* Unnamed, of a simple query, with values as they would come in text format. */
int portal_open_texts(struct store_conn *c, struct prepared *p, const struct slice *values, size_t n,
                      struct portal **ret, struct err *err) MUSTCHECK;
/* For a statement that another one is around, with its values (NULL: none); ${name} NULL: not
 * listed. */
int portal_open_inner(struct store_conn *c, const char *name, struct prepared *p,
                      struct rowset *params, struct portal **ret, struct err *err) MUSTCHECK;
struct portal *portal_find(struct store_conn *c, const char *name);
void portal_pin(struct portal *p);
void portal_unpin(struct store_conn *c, struct portal *p);
void portal_close(struct store_conn *c, struct portal *p);
/* Close all that were made inside more than ${depth} savepoints. */
void portal_close_deeper(struct store_conn *c, size_t depth);
/* Those of this transaction, or all. */
void portal_close_transaction(struct store_conn *c);
void portal_close_all(struct store_conn *c);
/* Hand the SQLite statement back for the next one, or let it go. */
void portal_done(struct store_conn *c, struct portal *p);
/* Keep rows from the next one on. */
int portal_keep(struct store_conn *c, struct portal *p, struct err *err) MUSTCHECK;
/* Read all statements that stand in the middle to their end, so that what follows cannot change
 * what they show. */
int portal_settle(struct store_conn *c, struct err *err) MUSTCHECK;
/* Try what PostgreSQL's planner works out of ${p} beforehand. */
int portal_fold(struct store_conn *c, struct prepared *p, struct err *err) MUSTCHECK;
/* The transaction is about to be committed: cursors WITH HOLD become independent of it, others are
 * closed.  Then it has been. */
int portal_hold(struct store_conn *c, struct err *err) MUSTCHECK;
void portal_held(struct store_conn *c);

/* -- execute.c -- */
#define PORTAL_ALL UINT64_MAX
struct portal_sink {
    bool client;      /* rows go into c->out */
    struct rowset *to; /* or here; neither: nowhere */
};
/* Its first step; -1: 25006, 40001 ... */
int portal_start(struct store_conn *c, struct portal *p, struct err *err) MUSTCHECK;
/* Row ${index} (from 1) into p->values: 1, 0 at the end, -1. */
int portal_row(struct store_conn *c, struct portal *p, uint64_t index, struct err *err) MUSTCHECK;
/* Up to ${count} rows from where it stands. */
int portal_move(struct store_conn *c, struct portal *p, bool forward, uint64_t count,
                const struct portal_sink *sink, uint64_t *ret_n, struct err *err) MUSTCHECK;
/* One more row of a utility's answer: texts, NULL for NULL. */
int portal_add_text(struct store_conn *c, struct portal *p, const char *const *texts, size_t n,
                    struct err *err) MUSTCHECK;
/* A query portal to its end; its tag, number and all, into p->tag. */
int portal_finish(struct store_conn *c, struct portal *p, const struct portal_sink *sink,
                  struct err *err) MUSTCHECK;
/* RowDescription of ${p}'s results in these formats (NULL: text), or NoData. */
void portal_describe(struct store_conn *c, const struct prepared *p, const int16_t *formats);
/* Run it, rows and CommandComplete (or PortalSuspended) into c->out.  ${max_rows} 0: all. */
int portal_run(struct store_conn *c, struct portal *p, uint32_t max_rows,
               struct err *err) MUSTCHECK;
/* Start the clock of a statement: cancel, statement_timeout, statement_timestamp(). */
void statement_start(struct store_conn *c);
int stmt_bind_value(sqlite3_stmt *stmt, int i, const struct types_value *v);

/* -- cursor.c, named.c, explain.c, copy*.c: the verbs -- */
int cursor_declare(struct store_conn *c, struct portal *p, struct err *err) MUSTCHECK;
int cursor_fetch(struct store_conn *c, struct portal *p, struct err *err) MUSTCHECK;
int named_prepare(struct store_conn *c, struct portal *p, struct err *err) MUSTCHECK;
int named_execute(struct store_conn *c, struct portal *p, struct err *err) MUSTCHECK;
int explain_statement(struct store_conn *c, struct portal *p, struct err *err) MUSTCHECK;
int copy_run(struct store_conn *c, struct portal *p, struct err *err) MUSTCHECK;

/* -- brief.c: answers on the caller's thread -- */
/* Of SQLite's functions and tables: do they take no time of their own? */
bool brief_function(const char *name);
bool brief_table(const char *name);
bool brief_can_be(const struct prepared *p, sqlite3_stmt *stmt);
/* May a new text be translated by a lent connection? */
bool brief_is_query(struct slice sql);
/* ... with this table?  As the catalog's may_use. */
int brief_may_use(const void *conn, const struct store_table *t, struct err *err) MUSTCHECK;
/* What follows takes longer than a lent connection may: -1, and all of it is done again by the thread. */
int brief_decline(struct store_conn *c, struct err *err);
/* Before ${p} is run: may it be, if the connection is lent? */
bool brief_may_run(struct store_conn *c, struct prepared *p);
/* The progress handler's question while it is lent. */
bool brief_too_long(struct store_conn *c);
/* The output of a lent connection stays where it is, if it is not too much. */
void brief_flush(struct store_conn *c);
/* ${p} was run while it was lent. */
void brief_ran(const struct store_conn *c, struct prepared *p);

/* -- steps.c: statements of several steps -- */
/* Make a holder for the parameters, to be bound beside the statement. */
int steps_open(struct store_conn *c, struct portal *p, struct err *err) MUSTCHECK;
/* Run all steps, and check the foreign keys that they may have broken. */
int steps_run(struct store_conn *c, struct portal *p, struct err *err) MUSTCHECK;
void steps_close(struct store_conn *c, struct portal *p);

/* -- utility.c -- */
/* Run a statement that is not a query: rows into p->rows, the tag into p->tag. */
int utility_run(struct store_conn *c, struct portal *p, struct err *err) MUSTCHECK;

/* -- guc.c -- */
int guc_init(struct store_conn *c);
void guc_release(struct store_conn *c);
size_t guc_mark(const struct store_conn *c);
void guc_rollback(struct store_conn *c, size_t mark);
void guc_commit(struct store_conn *c);
/* ${value} NULL: the default. */
int guc_set(struct store_conn *c, const char *name, const char *value, bool local,
            struct err *err) MUSTCHECK;
int guc_reset_all(struct store_conn *c, struct err *err) MUSTCHECK;
/* Valid until it is set. */
const char *guc_search_path(const struct store_conn *c);
/* As PostgreSQL writes the name (TimeZone); NULL: unknown. */
const char *guc_name(struct store_conn *c, const char *name);
/* Tell the client of reported settings that have changed since it was told: before ReadyForQuery.
 */
void guc_report(struct store_conn *c);
/* i-th setting for SHOW ALL; false: no more.  ${ret_value} NULL: it is not shown. */
struct guc_known;
bool guc_at(struct store_conn *c, size_t i, struct guc_known *ret, const char **ret_value);
/* 42704, or 42501 for what superusers alone may see. */
int guc_unknown(const char *name, struct err *err);

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

/* -- follow.c: a file for each tenant -- */
/* Does a tenant's file lack what the owner has committed? */
static inline bool follow_is_behind(const struct store *s)
{
    return s->role == STORE_TENANT &&
           atomic_load_explicit(&s->version, memory_order_acquire) !=
               atomic_load_explicit(&s->home->version, memory_order_acquire);
}
/* When the store is opened: its tables of this. */
int follow_open(struct store *s, struct err *err) MUSTCHECK;
/* Outside of a transaction: catch up, by the right to write of ${c}. */
int follow_catch_up(struct store_conn *c, struct err *err) MUSTCHECK;
/* The owner's: ${sql} has changed the catalog; the transaction is about to be committed, and has been. */
int follow_log(struct store_conn *c, const char *sql, struct err *err) MUSTCHECK;
int follow_commit(struct store_conn *c, uint64_t *ret_version, struct err *err) MUSTCHECK;
void follow_committed(struct store_conn *c, uint64_t version);
/* May the statements of ${conn}, the owner's, use the rows of ${t}?  -1: 0A000, they are in the tenants' files. */
int follow_may_use(const void *conn, const struct store_table *t, struct err *err) MUSTCHECK;

/* -- errors.c -- */
/* Why ${stmt} failed with ${rc}, in PostgreSQL's words.  May run it again inside a savepoint to see
 * names and values; ${p} NULL: our own statement. */
int errors_map(struct store_conn *c, int rc, sqlite3_stmt *stmt, const struct prepared *p,
               struct err *err);
/* ${v} as SQLite gives it. */
struct types_value value_of(sqlite3_value *v);
