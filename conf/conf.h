/* conf.h: the configuration, as one immutable, counted snapshot.
 *
 * conf_load reads a file (and its includes) with libyaml, checks everything, and returns either a
 * complete snapshot or every error at once with file:line:column and the nearest known key.  A
 * snapshot never changes; a reload makes a new one.  Keys, ranges and defaults: conf/schema.c,
 * which is also what `partywall config --reference` prints. */
#pragma once

#include "policy/isolation.h"
#include "policy/rules.h"
#include "protocol/err.h"
#include "protocol/scram.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct conf_arena;

struct conf_listen {
    char *host; /* TCP: address or name of a local address; NULL for unix */
    uint16_t port;
    char *unix_path; /* full path of the socket; NULL for TCP */
};

enum conf_tls_mode { CONF_TLS_OFF, CONF_TLS_PREFER, CONF_TLS_REQUIRE };

enum conf_pool_mode { CONF_POOL_TRANSACTION, CONF_POOL_SESSION, CONF_POOL_STATEMENT };

struct conf_pool {
    enum conf_pool_mode mode;
    uint32_t size;
    uint32_t host_size; /* of all pools on the server; not below size */
    uint32_t idle_ms;          /* 0: none */
    uint32_t lifetime_ms;      /* 0: none */
    uint32_t queue_timeout_ms; /* never 0: nobody waits for ever */
    uint32_t connect_timeout_ms;
    uint32_t statements; /* prepared ones that a server keeps */
    bool auto_prepare;   /* ... also such that clients do not name */
};

struct conf_backend {
    char *name;
    char *postgres; /* conninfo or URL as libpq takes it, without the secret; NULL: store */
    char *secret;   /* password for it; NULL: none given */
    char *store;    /* directory of an embedded store, absolute; NULL: PostgreSQL */
    bool store_files;  /* ... in which each tenant has a file; pool.host_size: connections to them */
    bool store_normal; /* ... synchronous: normal */
    struct conf_pool pool;
    const char *file; /* relative to the folder of the configuration */
    int line;
};

enum conf_method { CONF_METHOD_SCRAM, CONF_METHOD_PASSWORD };
enum conf_access { CONF_ACCESS_TENANT, CONF_ACCESS_OWNER };

struct conf_login {
    char *name;
    struct scram_verifier verifier; /* derived at load time when the secret is plain */
    enum conf_method method;
    enum conf_access access;
    char *tenant;    /* bound to this one; NULL: see below */
    bool any_tenant; /* tenants: "*" */
    char **tenants;  /* may choose among these; NULL with any_tenant */
    size_t ntenants;
    char *backend; /* OWNER: the back end it works on (its `backend`, else the only or first one) */
};

struct conf_quota { /* of one tenant, over all its clients; 0: no limit */
    uint32_t connections, active, queue, statements_per_second;
};

#define CONF_TENANT_WORD "{tenant}" /* in the two patterns below */

struct conf_tenant {
    char *name;
    size_t backend; /* index into conf->backends */
    enum isolation isolation;
    char *schema;   /* ISOLATION_SCHEMA: see conf_tenant_names */
    char *database; /* ISOLATION_DATABASE, likewise; NULL: that of the back end */
    uint32_t weight;
    struct conf_quota quota;
};

struct conf_owned { /* a schema or a database that is a named tenant's */
    size_t backend;
    bool database;
    const char *name;
    const struct conf_tenant *tenant;
};

struct conf {
    unsigned refs;            /* atomic; see conf_ref */
    uint64_t epoch;           /* grows with every load in this process */
    struct conf_arena *arena; /* owns all of this, and the struct itself */
    char *path;               /* absolute */
    struct conf_listen *listen;
    size_t nlisten;
    struct {
        enum conf_tls_mode mode;
        char *certificate, *key; /* paths */
    } tls;
    struct {
        uint32_t login_timeout_ms;
        uint32_t handshakes;
        uint32_t idle_timeout_ms; /* 0: none */
    } clients;
    uint32_t workers; /* 0: auto */
    struct {
        int level; /* 0 debug, 1 info, 2 warning, 3 error */
        bool json;
    } log;
    struct conf_backend *backends;
    size_t nbackends;
    struct conf_login *logins; /* sorted by name */
    size_t nlogins;
    struct conf_tenant *tenants; /* sorted by name */
    size_t ntenants;
    struct conf_tenant *tenant_default; /* tenants."*", or NULL */
    struct conf_owned *owned;           /* by the first three of its fields: tenant.c */
    size_t nowned;
    struct rules rules;
    struct {
        uint32_t statement_timeout_ms; /* 0: none, likewise below */
        uint32_t transaction_ms;
        uint32_t idle_in_transaction_ms;
        uint32_t client_write_ms;
    } limits; /* the statement's own limits are in rules.limits */
};

/* Diagnoses, newline-free and in the order of the file: "FILE:LINE:COLUMN: in KEY: text". */
struct conf_errors {
    char **lines;
    size_t n;
};
void conf_errors_release(struct conf_errors *e);

/* NULL and ${errors} filled (at least one line), or a snapshot with one reference.  Relative paths
 * in the file are relative to the file.  Deriving verifiers from plain secrets makes this slow
 * (some ms for each login): call it off the loop. */
struct conf *conf_load(const char *path, struct conf_errors *errors) MUSTCHECK;
struct conf *conf_ref(struct conf *c);
void conf_unref(struct conf *c);

const struct conf_login *conf_login_find(const struct conf *c, struct slice name);
/* The tenant's entry, or the default's (when "*" is present), or NULL: unknown tenant. */
const struct conf_tenant *conf_tenant_find(const struct conf *c, struct slice name);

/* The schema and the database of ${tenant}, of which ${t} is the entry (perhaps the default's), on the
 * heap; NULL where it has none.  -1: there can be none of that name for it alone (28000), or 53200. */
int conf_tenant_names(const struct conf *c, const struct conf_tenant *t, const char *tenant,
                      char **ret_schema, char **ret_database, struct err *err) MUSTCHECK;

/* Is there a tenant on ${backend} that policies of the database keep apart? */
bool conf_relies_on_rls(const struct conf *c, const char *backend);

/* `partywall config --reference`: every key, its type, default, range and sentence, as Markdown. */
void conf_reference(FILE *out);
