/* session_internal.h: the session's insides, for the session_*.c files, auth*.c and cancel.c alone.
 *
 * One conversation per file:
 *   session.c           life, states, input; what the client's messages are dispatched to
 *   session_startup.c   SSLRequest, start-up packet
 *   auth.c              SCRAM, and which tenant
 *   auth_password.c     passwords as they are
 *   session_welcome.c   start-up settings, ParameterStatus, key data, the first ReadyForQuery
 *   session_decide.c    text -> decision; helper threads; the catalog; a newer snapshot
 *   session_simple.c    Query, FunctionCall
 *   session_parse.c     Parse; statements on servers
 *   session_extended.c  Bind ... Sync
 *   session_isolate.c   telling the database whose transaction it is
 *   session_copy.c      COPY ... FROM STDIN
 *   session_portal.c    portals and cursors
 *   session_names.c     what messages do to names until they are answered
 *   session_named.c     PREPARE and EXECUTE; what prepared statements mean today
 *   session_listen.c    LISTEN, and notifications
 *   session_own.c       statements answered by Partywall, and what statements do to the session
 *   session_show.c      SHOW of Partywall's own names
 *   session_pace.c      not more than the tenant may
 *   session_lease.c     getting, preparing, giving back and losing a server
 *   session_relay.c     replication
 *   session_keep.c      why a server is kept between transactions
 *   session_reply.c     the server's messages
 *   session_heal.c      statements whose plan is stale
 *   session_stall.c     clients that do not read
 *   session_error.c     errors and notices */
#pragma once

#include "conf/conf.h"
#include "daemon/channels.h"
#include "daemon/job.h"
#include "daemon/link.h"
#include "daemon/server.h"
#include "daemon/session.h"
#include "daemon/statements.h"
#include "daemon/target.h"
#include "daemon/track.h"
#include "daemon/wheel.h"
#include "policy/policy.h"
#include "protocol/frame.h"
#include "protocol/msg_read.h"
#include "protocol/msg_write.h"
#include "protocol/scram.h"
#include "protocol/sqlstate.h"

#include <uv.h>

#define SESSION_MAGIC 0x5e551077u

#define SESSION_STATES(X)                                                                          \
    X(STARTUP) X(TLS) X(AUTH) X(WELCOME) X(IDLE) X(DECIDE) X(PACED) X(QUEUED) X(ACTIVE) X(RELAY) X(CLOSING)
#define X(name) SESSION_##name,
enum session_state { SESSION_STATES(X) };
#undef X

/* Messages without their replies: with more the client waits. */
#define SESSION_OWED_HIGH (FLOW_MAX / 2)
/* The statements that replay a client's settings. */
#define LIMIT_SETTINGS_BYTES  ((size_t)1 << 20)

/* -- what an owed reply means to the session: flow_entry.arg -- */

struct answer { /* a statement of a Query that is answered differently from what the server says */
    const char *tag; /* NULL: as the server says */
    bool rows;       /* with a tag: rows are passed on */
    bool prepares;   /* a PREPARE of ours comes before it: its reply is dropped */
};

struct names { /* what a message, or a statement of a Query, does to names: to be undone if it fails */
    struct statement *made;     /* put into the client's map; one reference, as is the next */
    struct statement *prepared; /* put into the server's set */
    struct statements closed;   /* taken out of the client's map */
    char *evicted;              /* taken out of the server's set */
};

enum owed_kind {
    OWED_CLIENT,   /* a message of the client */
    OWED_SETTINGS, /* our replay of settings */
    OWED_VERIFY,   /* the same with the values read back, for start-up */
    OWED_CHECK,    /* our look at the rows that a COPY has written: an error is the client's */
    OWED_LOCKS,    /* are there advisory locks, or held cursors? */
    OWED_LOST,     /* BEGIN and a failure: the transaction that was lost with its server */
};

enum { START_OURS = -1 };

struct owed {
    enum owed_kind kind;
    struct decision *decision; /* Query: its statements */
    struct answer *answers;    /* for each, or NULL */
    size_t index;              /* how many of them are complete */
    bool refused; /* `refusal` takes the place of the error of statement `refused_at` */
    size_t refused_at;
    struct err *refusal;
    char *steps;  /* Query: for each statement that was sent 'p', a plan's, 'n', our PREPARE, or 's', our
                     setting; NULL: no settings */
    size_t step;  /* how many of those are complete */
    int *starts;  /* Query: the characters before each plan's text; START_OURS: the server has none of it.
                     NULL: it did not come from a client */
    struct statement *statement; /* Parse, Describe, Execute: the client's; one reference */
    struct names names;          /* a message of the extended protocol */
    struct names *each;          /* Query: of each statement, or NULL */
    size_t neach;
    char *portal;                /* Close: of this name */
    char reply;                  /* FLOW_LOCAL: the message of Partywall's own, '1' or '3' */
    struct owed *next;           /* while being undone */
};

struct portal {
    UT_hash_handle hh;
    struct statement *statement; /* one reference; NULL: a cursor */
    uint64_t at;                 /* its Bind, or DECLARE, among all that was ever owed: session->nowed */
    bool unknown;                /* EXECUTE of a name that did not exist yet */
    bool run;                    /* by Execute, of a statement without rows: once is enough */
    bool held;                   /* a cursor WITH HOLD: may outlive its transaction */
    char name[];
};

struct session {
    uint32_t magic;
    enum session_state state;
    struct worker *worker;
    struct list node; /* worker->sessions */
    struct link link;
    struct wheel_timer timer; /* the state's limit */
    unsigned holds; /* link, jobs */
    bool is_unix;
    bool tried_ssl, tried_gss; /* at start-up */
    bool confined;
    uint64_t leased_ms; /* since when the server is leased */
    uint64_t begun_ms;
    uint64_t nstatements;
    /* start-up */
    struct handshake *handshake; /* until it has logged in */
    char *user; /* as the client said, and behind its end the database: session_database */
    struct track track;
    struct exchange *exchange; /* auth.c's, unless the login has another method */
    bool sasl_begun;
    bool password_sent; /* and being checked: input waits */
    uint16_t minor; /* protocol 3.x that is spoken */
    uint32_t pid;
    /* who it is */
    struct conf *conf;              /* one reference */
    const struct conf_login *login; /* in conf */
    char *tenant;            /* NULL: owner, or not chosen yet */
    char *start_tenant; /* as the client asked; RESET partywall.tenant leads back to it.  NULL: that of the login, if any */
    enum isolation isolation; /* of the tenant */
    uint32_t weight;        /* likewise, as are the next two */
    struct conf_quota most;
    struct quota *quota; /* NULL: no tenant */
    char *schema;             /* the tenant's, ISOLATION_SCHEMA; else NULL */
    uint64_t place; /* counts changes of isolation and schema: part of what a prepared statement was decided for */
    struct target *target;   /* entered */
    struct session_wait *wait; /* for the target: ready (WELCOME) or refresh; NULL: it does not */
    /* the statement under way */
    struct decision *decision; /* made for the message at the front of the input, not used yet */
    struct decide_job *job;
    struct err *failed_decide; /* instead of one */
    struct statements statements;
    struct portal *portals; /* by name */
    struct pool_waiter waiter;
    struct err *failed_lease; /* the answer to the message at the front: no server */
    char *next_tenant; /* chosen by a SET whose batch is not over yet ... */
    char *old_tenant;  /* the one before a SET at the front of a Query: an error brings it back ... */
    /* the server */
    struct server *server; /* leased */
    uint64_t nowed;        /* entries that the session has ever put into a flow: each has its number */
    uint64_t batch_at;     /* the first behind the last Sync or Query */
    uint64_t names_at;     /* the last that changes names ... */
    uint64_t closed_at;    /* ... that takes names out of the map ... */
    uint64_t begun_at;     /* ... that begins a transaction */
    uint64_t unnamed_at;   /* the Parse of the server's unnamed statement, if this batch has one; else 0 */
    struct err *lost;      /* the news of a lost transaction, for its next statement */
    struct copying *copy; /* COPY ... FROM STDIN under way; NULL: none */
    struct relay *relay;     /* RELAY */
    struct listening *listening; /* to channels; NULL: never has */
    struct lock_share *lock_share; /* counts its locks and held cursors; NULL: they are not counted */
    /* what is so; together, without holes, as an idle session is to be small */
    bool next_tenant_set, old_tenant_set; /* if so, NULL means none */
    bool refreshed;     /* the catalog, for this message */
    bool paced;         /* this message has been counted, and has waited */
    bool unnamed_bound; /* the unnamed portal, since the last Sync: if that failed, all up to Sync is skipped */
    enum replication { REPLICATION_NO, REPLICATION_PHYSICAL, REPLICATION_DATABASE } replication : 8; /* as asked for */
    char status;           /* of the transaction as the client knows it: I T E */
    bool unsynced;         /* extended messages were sent to the server after the last Sync */
    bool batch;            /* extended messages have come after the last Sync */
    bool skipping;         /* until Sync */
    bool alone;            /* the batch began with nothing owed and no transaction; nothing is bound yet */
    bool healed;           /* the batch comes for the second time */
    bool isolated;         /* the batch has told the database the tenant of its transaction */
    bool pinned;           /* an owner whose session has state on this server */
    bool locks;            /* it may hold advisory locks on this server ... */
    bool cursors;          /* ... or cursors WITH HOLD */
    bool locks_due;        /* ... which is to be asked when the transaction is over */
    bool locks_asked;      /* ... and is being asked: the client's input waits */
    bool locks_held;       /* ... the answer, so far */
    bool leaving;          /* what keeps the server no longer does: it works elsewhere */
    bool resting;          /* keeps the server, between transactions */
    bool outfitting;       /* the message at the front has a server which is, or was, made to look as it should */
    uint8_t misfits;       /* how many did not, for this message */
    bool settings_differ;  /* the client's settings are no longer those of the server */
    bool tx_failed;        /* an error since the transaction began */
    bool drop_due;         /* an error is being passed on: then what it made the server skip */
    bool ghost; /* its transaction was lost with its server; it does not know yet, or not all */
    bool told;             /* the client has had an error for the batch that is being answered */
    bool batch_lost;       /* all of the batch was answered when its server was lost: news for its next message */
    bool ddl;              /* of this transaction: the catalog may have changed */
    bool holding_ready;    /* ReadyForQuery waits for the catalog */
    bool notified; /* its transaction sends notifications */
    uint32_t copy_left;   /* bytes to come of a CopyData whose head has been dealt with */
    /* output */
    uint32_t run_len; /* the server's bytes that are to be forwarded as they are ... */
    const char *run;  /* ... borrowed from the read under way */
};

/* What became of one message of the client. */
enum verdict {
    TAKEN, /* done with: consume it */
    WAIT,  /* offer it again after session_resume */
    GONE,  /* the session is closing */
};

/* The database, as the client named it at start-up. */
static inline const char *session_database(const struct session *s)
{
    return s->user + strlen(s->user) + 1;
}

/* -- session.c -- */
void session_enter(struct session *s, enum session_state next, const char *why);
/* It has gone on with its login. */
void session_step(struct session *s);
/* End it: one line in the log with ${why}; a leased server is given back, cleaned or closed first.
 */
void session_close(struct session *s, const char *why);
/* The same, after a FATAL error. */
void session_fail(struct session *s, const struct err *err);
/* The state's limit, instead of the one it has. */
void session_timer(struct session *s, uint64_t ms, void (*fire)(struct wheel_timer *t));
void session_hold(struct session *s);
void session_unhold(struct session *s);
/* The time limit of what the session is doing now. */
void session_arm(struct session *s);
/* Offer the input again that was answered with WAIT. */
void session_resume(struct session *s);
/* The queue towards the client; everything before has been put into it. */
struct buf *session_out(struct session *s);
void session_wrote(struct session *s);

/* For target_wait_ready and target_refresh: ${then} is called when they are done, unless the session closes
 * first.  NULL: no memory. */
struct target_wait *session_wait(struct session *s, void (*then)(struct session *s));
/* It does not wait any more.  Idempotent. */
void session_unwait(struct session *s);

/* An error for later, on the heap: a session is small while it is idle. */
void session_keep(struct err **slot, const struct err *err);
/* Take it out of ${slot}; false: there is none. */
bool session_take(struct err **slot, struct err *ret);

/* -- session_startup.c, auth.c, session_welcome.c -- */
size_t session_startup_data(struct session *s, struct slice data);
void session_direct_tls(struct link *l);
void session_tls_open(struct link *l);
void auth_begin(struct session *s);
size_t auth_data(struct session *s, struct slice data);
void auth_release(struct session *s);
/* The secret is right: now what the client asked for beside it.  ${server_final}: SCRAM's, or NULL.
 */
void auth_proved(struct session *s, const char *server_final);
void auth_wrong(struct session *s);
/* Of a login with method: password: ask for it; then the client's answer. */
void auth_password_begin(struct session *s);
void auth_password(struct session *s, struct slice body);
/* May ${login} work as ${tenant}? */
bool auth_may_be(const struct conf_login *login, struct slice tenant);
/* Make ${tenant} (NULL: none chosen) the session's, and its back end the target.  -1: unknown. */
int auth_choose(struct session *s, const char *tenant, struct err *err) MUSTCHECK;
void session_welcome(struct session *s);
void session_welcome_granted(struct session *s);
/* All settings are about to be those of start-up again, which no server says: ParameterStatus. */
void session_report_reset(struct session *s);
/* The row of values read back, or the failure, of OWED_VERIFY; then that it is over. */
void session_verified(struct session *s, struct slice row);
void session_verify_failed(struct session *s, const struct err *err);
void session_verify_over(struct session *s);

/* -- session_decide.c -- */
/* What policy is asked about ${sql}; borrows all of it from ${s}. */
struct policy_request session_request(const struct session *s, struct slice sql, bool single);
/* 1: ${s}->decision is set; 0: wait; -1: ${err}.  ${untyped}: as in a policy_request. */
int session_decide(struct session *s, struct slice sql, bool single, bool untyped,
                   struct err *err) MUSTCHECK;
void session_decided(struct session *s); /* the decision has been used */
/* Take over a newer snapshot, between transactions.  -1: the session has been closed. */
int session_adopt(struct session *s) MUSTCHECK;

/* -- session_simple.c, session_parse.c, session_extended.c -- */
enum verdict session_query(struct session *s, const struct frame *f);
enum verdict session_function(struct session *s, const struct frame *f);
enum verdict session_parse(struct session *s, const struct frame *f);
enum verdict session_extended(struct session *s, const struct frame *f);
enum verdict session_sync(struct session *s);
/* An error in answer to an extended message: in its place, and up to Sync everything is skipped. */
enum verdict session_refuse(struct session *s, const struct err *err);
/* The same, to a Parse of ${name}. */
enum verdict session_refuse_parse(struct session *s, struct slice name, const struct err *err);
/* The session fails, with ${err}. */
enum verdict session_broken(struct session *s, const struct err *err);
/* What is owed for a message about ${st}; NULL: no memory. */
struct owed *owed_of_statement(struct statement *st);
/* -1: its transaction was lost with its server, which the client has not been told yet.  A ROLLBACK would not
 * care. */
int session_take_news(struct session *s, const struct plan *p, struct err *err);
/* The server of the lease has ${st}, or what it executes, when the next message arrives there. */
int session_bring(struct session *s, struct statement *st, struct err *err) MUSTCHECK;
int session_bring_target(struct session *s, const struct statement *st, struct err *err) MUSTCHECK;

/* -- session_portal.c -- */
void session_portals_clear(struct session *s);
/* The transaction is over: those end whose Bind has been answered.  A pipelining client may have bound others
 * since it sent the Sync that is answered only now. */
void session_portals_end(struct session *s);
/* The unnamed portal is not, or not surely, what a Bind has made. */
void session_unnamed_portal_gone(struct session *s);
/* May the server be asked for this portal?  PostgreSQL 15 can keep the unnamed portal of a simple
 * Query in a transaction that failed, with freed memory in it: to execute that one ends its
 * process, and with it every other client's (random messages did it every ten seconds).  So the
 * unnamed portal must be known to come from a Bind: one of this batch, or one of an earlier batch
 * whose replies have all come.  Other names: an owner can have cursors that are not known here.  TAKEN: it
 * may; ${*ret} is NULL for such a cursor. */
enum verdict session_portal_check(struct session *s, struct slice name, struct portal **ret);
/* Before the Bind is sent.  1; 0: wait; -1: ${err}. */
int session_portal_put(struct session *s, struct slice name, struct statement *st,
                       struct err *err) MUSTCHECK;
/* The server says, in reply to what is at the head of the flow, that ${name} is closed. */
void session_portal_closed(struct session *s, const char *name);
/* Before the DECLARE is sent. */
int session_cursor_declare(struct session *s, const struct plan *p, struct err *err) MUSTCHECK;
/* FETCH, MOVE, CLOSE and WHERE CURRENT OF: is the cursor one that this client has made, in this transaction,
 * on this server, with a query that was confined?  -1: 34000. */
int session_cursor_check(const struct session *s, const struct plan *p, struct err *err) MUSTCHECK;

/* -- session_names.c -- */
void names_release(struct names *names);
/* Take ${name} out of the client's map; ${names} keeps the statement, should that be undone.  -1: no memory. */
int session_name_end(struct session *s, struct slice name, struct names *names) MUSTCHECK;
/* The same for ever. */
void session_name_drop(struct session *s, struct slice name);
/* The number of the first entry that is not answered. */
uint64_t session_answered(const struct session *s);
/* An entry is about to be owed. */
void session_names_owed(struct session *s, const struct owed *o);
/* Does it depend on a reply to come what ${name} is for the next message?  That reply needs no more messages.
 */
bool session_name_is_open(const struct session *s, struct slice name);
/* The same for what ${p} does, when it is executed next. */
bool session_plan_waits(const struct session *s, const struct plan *p);
/* Can the next message belong to a transaction that has failed, for all that is known? */
bool session_may_have_failed(const struct session *s);
/* ${o} has failed, or was skipped.  The statements of a Query before the one that failed are done: names are no
 * part of a transaction. */
void session_undo(struct session *s, struct owed *o, bool skipped);
/* An error for the head: it and what is skipped are popped, and undone. */
void session_undo_skipped(struct session *s);
/* Nothing that is owed will ever be answered. */
void session_undo_lost(struct session *s);

/* -- session_heal.c -- */
/* ${f} has been dealt with; what it has made begins with entry ${at}. */
void session_heal_note(struct session *s, const struct frame *f, uint64_t at);
/* The reply of the entry at the head is complete. */
void session_heal_answered(struct session *s, const struct flow_entry *e);
/* A stale plan is the error for ${head}.  true: the client need not hear of it. */
bool session_heal_begin(struct session *s, const struct flow_entry *head);
/* ... and what was skipped has been dropped. */
void session_heal_skipped(struct session *s);
bool session_heal_waits(const struct session *s);
/* ReadyForQuery.  true: it ends what has failed; the client's messages come once more. */
bool session_heal_end(struct session *s);
/* The server goes to another session. */
void session_heal_stop(struct server *srv);

/* -- session_stall.c -- */
/* The client's queue is full. */
void session_stalled(struct session *s);
/* It is not, or ${srv} is no longer its server. */
void session_stall_over(struct server *srv);

/* -- session_named.c -- */
struct own;
/* PREPARE: put its statement into the client's map.  -1: 42P05 ... */
int session_prepare(struct session *s, const struct plan *p, struct slice source,
                    struct names *names, struct err *err) MUSTCHECK;
/* EXECUTE: the statement it names, decided by today's policy, of which the plan gives the right number of
 * arguments.  NULL: ${err}. */
struct statement *session_execute_target(struct session *s, const struct plan *p,
                                         struct err *err) MUSTCHECK;
/* The text of an EXECUTE for the server, malloc'd.  NULL: ${err}. */
char *session_execute_text(const struct session *s, const struct plan *p,
                           const struct statement *target, struct err *err) MUSTCHECK;
/* In a Query: PREPARE, and EXECUTE with a PREPARE before it if the server lacks the statement. */
int session_own_named(struct session *s, const struct plan *p, struct slice source,
                      struct names *names, struct own *ret, struct err *err) MUSTCHECK;
bool session_is_named(const struct plan *p);
/* Before such a Query: not too many statements on the server. */
int session_make_room(struct session *s, struct err *err) MUSTCHECK;
/* ${st} as catalog, policy, tenant and names are now: decided again, its text made anew.  1; 0: wait; -1: ${err}.
 */
int session_statement_now(struct session *s, struct statement *st, struct err *err) MUSTCHECK;
/* The plan's text for the session's tenant, malloc'd.  NULL: no memory. */
char *session_literal_text(const struct session *s, const struct plan *p);

/* -- session_isolate.c -- */
/* Must the database be told the tenant? */
bool session_isolates(const struct session *s);
/* Has it been, in the open transaction that the next message surely belongs to? */
bool session_is_isolated(const struct session *s);
bool session_needs_isolation(const struct plan *p);
bool session_begins_transaction(const struct plan *p);
bool session_ends_transaction(const struct plan *p);
/* May the target be used for such a tenant?  -1: its role passes by row security. */
int session_check_isolation(const struct session *s, struct err *err) MUSTCHECK;
/* The statement that tells it. */
void session_isolation_text(const struct session *s, struct buf *ret);
/* In a batch: before a message about ${p}; after the Execute of ${p}. */
int session_isolate(struct session *s, const struct plan *p, struct err *err) MUSTCHECK;
int session_isolate_next(struct session *s, const struct plan *p, struct err *err) MUSTCHECK;

/* -- session_copy.c -- */
/* Can ${p} be served?  -1: the tenant is no value for its rows. */
int session_copy_check(const struct session *s, const struct plan *p, struct err *err) MUSTCHECK;
/* The entry owed last is a Query with a COPY ... FROM STDIN in it, or the Execute of one; there is
 * no other. */
int session_copy_expect(struct session *s, bool query, struct err *err) MUSTCHECK;
/* The answer to it is not known: the client's input waits. */
bool session_copy_waits(const struct session *s);
/* The server takes data: only session_copy_message takes other messages. */
bool session_copy_runs(const struct session *s);
/* CopyInResponse for ${p}.  1: the client has been told; 0: it is to be passed on; -1: nobody waits
 * for it. */
int session_copy_begin(struct session *s, struct plan *p, struct slice body) MUSTCHECK;
/* A part of CopyData's body, s->copy_left long in all; returns how much of it was taken. */
size_t session_copy_data(struct session *s, struct slice in);
enum verdict session_copy_message(struct session *s, const struct frame *f);
/* CommandComplete of ${p}: true if it waits for a check; what is said until session_copy_checked,
 * which sends it, is not for the client. */
bool session_copy_hold(struct session *s, const struct plan *p, struct slice tag);
bool session_copy_holds(const struct session *s);
void session_copy_checked(struct session *s);
/* Entries of the flow have been popped, or an error has arrived for its head. */
void session_copy_over(struct session *s, bool failed);
void session_copy_free(struct session *s);

/* -- session_relay.c -- */
void session_relay(struct session *s);
size_t session_relay_data(struct session *s, struct slice data);
void session_relay_drained(struct session *s); /* the client reads again */
/* Do bytes pass?  Then nothing of Partywall's may come between. */
bool session_relay_runs(const struct session *s);
void session_relay_close(struct session *s);

/* -- session_keep.c -- */
/* Does the leased server stay, although nothing is owed and no transaction is open? */
bool session_keeps(const struct session *s);
/* It begins to wait for the client's next transaction with it, or that begins. */
void session_rest(struct session *s, bool rests);
/* Is there a newer snapshot, and is this the time to take it over? */
bool session_may_adopt(const struct session *s);
/* An owner's statement whose traces only this server has. */
void session_pin_if_needed(struct session *s, const struct plan *p, struct slice sql);
/* May advisory locks or held cursors be on the leased server? */
bool session_has_left(const struct session *s);
/* ${p} is going to be sent, which may be about these.  -1: no more servers may be kept. */
int session_lock(struct session *s, const struct plan *p, struct err *err) MUSTCHECK;
/* The transaction is over: is PostgreSQL being asked about them?  Then the server is not released yet. */
bool session_locks_ask(struct session *s);
void session_locks_told(struct session *s);
/* There are none any more, or they end with the server. */
void session_unlocked(struct session *s);

/* -- session_listen.c -- */
/* Before a statement is served: 1: nothing stands in the way of ${p}, perhaps a LISTEN; 0: wait; -1: ${err}. */
int session_listen_ask(struct session *s, const struct plan *p, struct err *err) MUSTCHECK;
/* The client's input waits for the listener. */
bool session_listen_waits(const struct session *s);
/* LISTEN or UNLISTEN, asked for before: outside of a transaction; in one, when the server has come to it. */
void session_listen_now(struct session *s, const struct plan *p);
void session_listen_done(struct session *s, const struct plan *p);
/* The transaction is over; it is back at a savepoint, or has left one. */
void session_listen_settle(struct session *s, bool failed);
void session_listen_rollback_to(struct session *s);
void session_listen_release(struct session *s);
bool session_listens(const struct session *s);
/* To nothing any more. */
void session_listen_clear(struct session *s);
void session_listen_free(struct session *s);
/* Send what has been heard: now; or if the client is idle. */
void session_listen_deliver(struct session *s);
void session_listen_idle(struct session *s);
/* With a server just leased.  true: the client's input waits. */
bool session_listen_catch_up(struct session *s);
/* A statement that may notify is being sent. */
void session_notifies(struct session *s);
/* The transaction is over.  true: ${done} will be called when the client has all that it sent itself (NULL: it
 * need not). */
bool session_notified(struct session *s, void (*done)(struct channels_wait *w));
struct session *session_settling(struct channels_wait *w);

/* -- session_own.c -- */
struct own { /* how a statement is served that the server must not see as it is */
    bool special;
    char *text;      /* for the server; the caller's to free */
    const char *tag; /* static */
    bool rows;
    bool prepares; /* see struct answer */
};
/* May ${p} be run now?  ${alone}: the only statement of its message.  -1: ${err}. */
int session_own_check(const struct session *s, const struct plan *p, bool alone,
                      struct err *err) MUSTCHECK;
/* -1: refused. */
int session_own(struct session *s, const struct plan *p, struct own *ret, struct err *err) MUSTCHECK;
/* While the session is free: answer ${p} without a server if that can be, reply included.  1: done;
 * 0: not such a statement; -1: ${err}. */
int session_own_local(struct session *s, const struct plan *p, struct err *err) MUSTCHECK;
/* What takes effect when the client's message is read: DEALLOCATE, DECLARE, the choice of a tenant.
 * ${names} remembers how to undo it. */
int session_own_begin(struct session *s, const struct plan *p, struct names *names,
                      struct err *err) MUSTCHECK;
/* A tenant chosen in a batch counts from the batch's end: 1: nothing open; 0: wait; -1: 25001. */
int session_tenant_settled(struct session *s, struct err *err) MUSTCHECK;
/* A Query of several statements, the first of which chooses the tenant: the rest is the new
 * tenant's.  0: done, or no such Query; the decision may be gone then, because another back end's
 * catalog counts. */
int session_tenant_first(struct session *s, struct err *err) MUSTCHECK;
/* ReadyForQuery: the choice counts now, or never. */
void session_tenant_settle(struct session *s, bool failed);
/* The server has said that ${p} is complete. */
void session_effect(struct session *s, const struct plan *p, const char *tag);
/* A setting that the policy limits: ${ret} is the value to use instead, or NULL (as it is). */
char *session_clamp(const struct session *s, const char *name, const char *value);
/* No tenant yet: may ${p} be served? */
bool session_needs_tenant(const struct session *s, const struct plan *p);

/* -- session_show.c -- */
/* The rows of SHOW ${name}, one of Partywall's own names. */
void session_show(struct session *s, const char *name);

/* -- session_pace.c -- */
/* A client of ${tenant} (NULL: none), instead of the one before.  -1: too many, nothing has changed. */
int session_count(struct session *s, const char *tenant, uint32_t most, struct err *err) MUSTCHECK;
void session_uncount(struct session *s);
/* The message at the front runs ${n} statements.  1: it may now; 0: wait; -1: 53400. */
int session_pace(struct session *s, size_t n, struct err *err) MUSTCHECK;
/* It need not wait any more: ${err} is the answer. */
void session_unpace(struct session *s, const struct err *err);

/* -- session_lease.c -- */
/* 1: a server is leased and looks as the client wants it; 0: wait; -1: none to be had. */
int session_lease(struct session *s, struct err *err) MUSTCHECK;
/* pool_lease for the session's tenant, or login. */
struct server *session_ask(struct session *s, struct err *err);
/* With ${max} or more statements prepared on the server, close those used least recently; no batch is open.
 */
int session_evict(struct session *s, size_t max, struct err *err) MUSTCHECK;
/* Is a server being made to look so?  Then the client's input waits. */
bool session_is_outfitting(const struct session *s);
/* Nothing is owed, no batch and no transaction is open: give the server back. */
void session_release_if_done(struct session *s);
/* Let go of the server because the client is gone. */
void session_abandon_server(struct session *s);
/* Take the waiting session out of the queue, its message is answered with ${err}. */
void session_unqueue(struct session *s, const struct err *err);
/* Does no server owe anything, or hold a part of a batch? */
bool session_is_quiet(const struct session *s);
/* Quiet, and no transaction is open: an answer needs no server. */
bool session_is_free(const struct session *s);
/* After a transaction: what is set on the server now. */
void session_settle_settings(struct session *s);
struct owed *owed_new(enum owed_kind kind);
void owed_free(struct owed *o);
struct owed *owed_of(const struct flow_entry *e);
/* Is this a Query that is ROLLBACK alone?  It succeeds even without its server. */
bool session_is_rollback(const struct flow_entry *e);
/* Push an entry; ${o} may be NULL and is freed on failure. */
int session_owe(struct session *s, enum flow_kind kind, enum flow_fate fate, struct owed *o,
                struct err *err) MUSTCHECK;
/* ParseComplete or CloseComplete of ours, in its place; ${o} as above. */
int session_inject(struct session *s, char reply, struct owed *o, struct err *err) MUSTCHECK;
/* A Query of ours, whose reply is not the client's. */
int session_send_own(struct session *s, enum owed_kind kind, struct slice sql,
                     struct err *err) MUSTCHECK;
/* The same in the client's batch, as Parse, Bind, Execute and Close of a portal of ours: the client
 * may have something in the unnamed one.  ${o}: owed for the Execute; as in session_owe. */
int session_run_own(struct session *s, struct slice sql, struct owed *o, struct err *err) MUSTCHECK;
/* The name of that portal, which none of a client may have. */
bool session_is_own_portal(struct slice name);
/* A message for the server has been written to its queue. */
struct buf *server_out(struct session *s);
void server_sent(struct session *s);

/* -- session_error.c -- */
void session_send_error(struct session *s, const char *severity, const struct err *err);
/* What a confined session may see of it. */
void session_filter_error(const struct session *s, struct err *err, const struct owed *o);
