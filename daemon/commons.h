/* commons.h: what the targets of all workers on one back end (and database) have in common.
 *
 * Each worker has a target of its own there, its seat, with its sessions and its idle servers.  Common
 * are who the back end is, what is known of it, how many servers there are, and who waits for one.
 *
 * A counted object: each seat has a reference, and each server on its way between two workers.  It is
 * in the crew's list while a seat is taken.  `lock` guards what is below it, the seats included;
 * crew_lock comes before it, a mailbox's after it, and no other code is called with it.  With one
 * worker it is not taken. */
#pragma once

#include "conf/conf.h"
#include "daemon/fair.h"
#include "daemon/host.h"
#include "daemon/list.h"
#include "policy/catalog.h"

#include <pthread.h>
#include <stdatomic.h>

struct crew;
struct files;
struct store;
struct target;

struct commons_param { /* a parameter that clients are told at start-up */
    char *name, *value;
};

struct commons {
    atomic_uint refs;
    struct crew *crew;
    struct list node; /* crew->commons, under its lock */
    /* for good */
    char *name;     /* of the back end */
    char *database; /* another one than the conninfo's, or a tenant whose file it is; NULL: none such */
    char *label;    /* for the log: both */
    char *postgres; /* conninfo; NULL: store */
    char *secret;
    char *store_dir;
    bool store_files; /* a file for each tenant */
    struct files *files; /* one reference; NULL: PostgreSQL */
    uint32_t serial; /* unique in the process */
    struct host *host; /* one reference; NULL: a store of one file */
    /* read without the lock */
    atomic_uint_fast64_t news;  /* counts changes of catalog and parameters: look again */
    atomic_uint_fast64_t epoch; /* of what is prepared on servers */
    pthread_mutex_t lock;
    struct target **seats; /* of each worker; NULL: it has none */
    size_t seated;
    /* the pool */
    size_t size; /* of servers at most */
    size_t nservers, nopening; /* all of them, and those of them that are being opened */
    struct host_share share; /* of the host */
    struct fair fair;
    size_t asked; /* by all seats: pool.asked */
    struct lock_share *lock_shares; /* by tenant: session_keep.c */
    size_t nlocked;                 /* servers that are kept by advisory locks and held cursors */
    unsigned failures; /* to open one, in a row */
    uint64_t retry_ms; /* not before */
    bool down;         /* the last attempt failed; said once in the log */
    struct err last;   /* why */
    /* what is known */
    struct store *store; /* of a tenant's file ours, else of `files` */
    struct catalog *catalog;
    uint64_t version;      /* of the catalog, counts up */
    uint64_t loads;        /* readings of the catalog that have ended ... */
    uint64_t loads_wanted; /* ... and how many are asked for */
    bool loading;
    uint64_t loaded_ms;
    uint64_t gap_ms;  /* the least time between refreshes on demand */
    bool load_failed;    /* the last one ... */
    struct err load_err; /* ... and why: said once in the log */
    struct commons_param *params;
    size_t nparams;
};

/* Of ${b}, or ${database} on its server (may be NULL), which is that of ${other}, if there is one; nobody sits
 * there yet.  NULL: no memory. */
struct commons *commons_new(struct crew *crew, const struct conf_backend *b, const char *database,
                            const struct commons *other);
struct commons *commons_ref(struct commons *c);
void commons_unref(struct commons *c);

void commons_lock(struct commons *c);
void commons_unlock(struct commons *c);

/* Is it of the back end, as that is in some snapshot? */
bool commons_is_on(const struct commons *c, const struct conf_backend *b);

/* Under the lock: the seats but ${except} (may be NULL) shall look again, from their loops. */
void commons_call(struct commons *c, const struct target *except);
/* Under the lock.  -1: 53200.  1: it is news. */
int commons_set_param(struct commons *c, const char *name, const char *value,
                      struct err *err) MUSTCHECK;
