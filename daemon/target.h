/* target.h: where statements go: a PostgreSQL host, database and role, or a store, for one worker.
 *
 * What workers share of it (identity, what is known, who waits) is the commons; a target is a worker's
 * seat there: its sessions, its servers (pool.h), and its view of the catalog.
 * Made when a session of the worker first needs it; the first worker has those of the configuration
 * from the start.  Counted, on its worker's thread: by the worker while it has the seat, by each session,
 * server and job.  It is ready once a catalog and parameters are known; it keeps trying until then. */
#pragma once

#define TARGET_MAGIC  0x7a56e701u
#define TARGET_GAP_MS 1000 /* between refreshes on demand; doubled by each that did not help */

#include "conf/conf.h"
#include "daemon/commons.h"
#include "daemon/mailbox.h"
#include "daemon/pool.h"
#include "daemon/track.h"

struct channels;
struct store;
struct worker;

struct target_wait { /* embedded in its owner, which removes it before it goes */
    struct list node;
    void (*done)(struct target_wait *w);
    uint64_t load; /* target.c's: done when so many readings of the catalog have ended */
};

struct target_verified { /* a start-up setting that a server has accepted */
    char *name, *value;
    char *shown; /* as SHOW tells it */
};

struct target {
    uint32_t magic;
    struct worker *worker;
    unsigned refs;
    struct commons *commons;
    const char *name, *database, *label, *postgres, *secret, *store_dir; /* the commons' */
    struct conf_pool limits;                                             /* but for the size */
    size_t first_host; /* of the conninfo's hosts, modulo their number */
    size_t nsessions;
    bool retired; /* no longer in the configuration: ends with its last session */
    bool closing; /* the seat is free again */
    struct mail call; /* look again: see target_look */
    uint64_t news;    /* of the commons, as far as it is known here */
    struct catalog *catalog;
    uint64_t version; /* of it */
    bool has_params;
    struct list refreshes; /* target_wait: a catalog that is being loaded, or its failure */
    struct list readies;   /* target_wait: ready */
    struct target_verified *verified;
    size_t nverified;
    struct pool pool;
    struct channels *channels; /* who listens; NULL: nobody ever did */
};

/* Seats at all that ${next} names, by the first worker.  Connecting goes on in the background: a back
 * end out of reach is no failure.  -1: 53200, nothing changed. */
int targets_apply(struct worker *w, struct conf *next, struct err *err) MUSTCHECK;
/* By every worker, of its own: new limits; those that ${next} no longer names end with their last session. */
void targets_follow(struct worker *w, struct conf *next);
/* No session is left: close every server; the loop ends with the last handle. */
void targets_close(struct worker *w);
/* That of the back end ${name} of the worker's configuration.  NULL: ${err}. */
struct target *target_find(struct worker *w, const char *name, struct err *err) MUSTCHECK;
/* That of ${database} on the server of ${back}; it goes when it has neither sessions nor servers.  NULL:
 * ${err}; also when the database is the back end's own, which belongs to all of its tenants. */
struct target *target_of_database(struct worker *w, const struct conf_backend *back,
                                  const char *database, struct err *err) MUSTCHECK;
/* If nobody uses it and it was made for one database: its end. */
void target_end_if_unused(struct target *t);

struct target *target_ref(struct target *t);
void target_unref(struct target *t);
/* By a session that begins and ends to use it; NULL may leave. */
struct target *target_enter(struct target *t);
void target_leave(struct target *t);

/* Another worker has changed something of the commons, or asks for servers: catch up, wake who waits for
 * it.  From the loop. */
void target_look(struct target *t);
/* The same for the catalog alone, before a statement is decided: what any worker has made known before
 * now is known here after it. */
void target_catch_up(struct target *t);

/* Open, or NULL. */
struct store *target_store(const struct target *t);
bool target_is_ready(const struct target *t);
/* A store that cannot be opened, damaged for example: it is not waited for. */
bool target_is_broken(const struct target *t, struct err *ret);
/* ${wait}->done will be called once, from the loop, when it is either. */
void target_wait_ready(struct target *t, struct target_wait *wait);
/* Read the catalog again; ${wait} (may be NULL) is done when it has been, or could not be: every worker
 * then decides by it. */
void target_refresh(struct target *t, struct target_wait *wait);
/* May a statement that met an unknown name ask for a refresh?  Each refresh that did not help makes
 * the next one wait longer. */
bool target_may_refresh(const struct target *t);
void target_refresh_helped(struct target *t, bool helped);
void target_wait_leave(struct target_wait *wait);

/* The cache key of decisions under ${conf}. */
uint64_t target_epoch(const struct target *t, const struct conf *conf);
/* What is prepared on servers must not be used any more (DDL, changed result types). */
void target_forget_statements(struct target *t);
/* Counts those. */
uint64_t target_statements_epoch(const struct target *t);

/* Call ${tell} for each parameter that clients are told. */
void target_params(const struct target *t,
                   void (*tell)(void *arg, const char *name, const char *value), void *arg);
/* The servers tell. */
int target_set_param(struct target *t, const char *name, const char *value,
                     struct err *err) MUSTCHECK;
void target_params_complete(struct target *t);
/* Has a server accepted this setting?  Then what SHOW tells, else NULL. */
const char *target_verified_get(const struct target *t, const char *name, const char *value);
void target_verified_put(struct target *t, const char *name, const char *value, const char *shown);
