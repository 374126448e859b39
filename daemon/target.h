/* target.h: where statements go: a PostgreSQL host, database and role, or a store.
 *
 * Owns: the catalog that policy needs, the parameters that clients are told at start-up, the pool.
 * A target is counted: by the worker while the configuration names it, by each session, server and
 * job. It is ready once it has a catalog and parameters; it keeps trying until then. */
#pragma once

#define TARGET_MAGIC  0x7a56e701u
#define TARGET_GAP_MS 1000 /* between refreshes on demand; doubled by each that did not help */

#include "conf/conf.h"
#include "daemon/track.h"
#include "daemon/pool.h"
#include "policy/catalog.h"

struct channels;
struct store;
struct worker;

struct target_wait { /* embedded in its owner, which removes it before it goes */
    struct list node;
    void (*done)(struct target_wait *w);
};

struct target_param {
    char *name, *value;
};

struct target_verified { /* a start-up setting that a server has accepted */
    char *name, *value;
    char *shown; /* as SHOW tells it */
};

struct target {
    uint32_t magic;
    struct worker *worker;
    unsigned refs;
    char *name;     /* of the back end */
    char *database; /* another one than the conninfo's: one tenant's; NULL: none such */
    char *label;    /* for the log: both */
    char *postgres; /* conninfo; NULL: store */
    char *secret;
    char *store_dir;
    struct conf_pool limits;
    uint32_t serial; /* unique in the process */
    size_t nsessions;
    bool retired; /* no longer in the configuration: ends with its last session */
    bool closing;
    struct store *store;
    struct catalog *catalog;
    uint64_t version; /* of the catalog, counts up */
    uint64_t loaded_ms;
    uint64_t gap_ms; /* the least time between refreshes on demand */
    bool loading, load_again;
    bool load_failed;      /* said once in the log */
    struct list refreshes; /* target_wait: the catalog now being loaded, or its failure */
    struct list readies;   /* target_wait: ready */
    struct target_param *params;
    size_t nparams;
    struct target_verified *verified;
    size_t nverified;
    uint64_t epoch; /* of what is prepared on servers */
    struct pool pool;
    struct channels *channels; /* who listens; NULL: nobody ever did */
};

/* The targets that ${next} names; those it names no longer end with their last session.  Connecting
 * goes on in the background: a back end out of reach is no failure.  -1: 53200, nothing changed. */
int targets_apply(struct worker *w, struct conf *next, struct err *err) MUSTCHECK;
/* No session is left: close every server; the loop ends with the last handle. */
void targets_close(struct worker *w);
/* NULL if there is none. */
struct target *target_find(struct worker *w, const char *name);
/* That of ${database} on the server of ${back}, which is made when it is first asked for and goes when it
 * has neither sessions nor servers.  NULL: ${err}; also when the database is the back end's own, which
 * belongs to all of its tenants. */
struct target *target_of_database(struct worker *w, const struct conf_backend *back,
                                  const char *database, struct err *err) MUSTCHECK;
/* If nobody uses it and it was made for one database: its end. */
void target_end_if_unused(struct target *t);

struct target *target_ref(struct target *t);
void target_unref(struct target *t);
/* By a session that begins and ends to use it; NULL may leave. */
struct target *target_enter(struct target *t);
void target_leave(struct target *t);

bool target_is_ready(const struct target *t);
/* ${wait}->done will be called once, from the loop, when it is. */
void target_wait_ready(struct target *t, struct target_wait *wait);
/* Read the catalog again; ${wait} (may be NULL) is done when it has been, or could not be. */
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

const char *target_param(const struct target *t, const char *name);
/* The first server tells. */
int target_set_param(struct target *t, const char *name, const char *value,
                     struct err *err) MUSTCHECK;
void target_params_complete(struct target *t);
/* Has a server accepted this setting?  Then what SHOW tells, else NULL. */
const char *target_verified_get(const struct target *t, const char *name, const char *value);
void target_verified_put(struct target *t, const char *name, const char *value, const char *shown);
