/* policy.h: SQL in, decision out.
 *
 * policy_decide takes one text as a client sent it (in a Query or a Parse) and returns a decision: a
 * list of plans, one for each statement in it.  It does no I/O, keeps no state but the cache given,
 * and never lets PostgreSQL's code end the process: guard before parsing, one handler around the rest.
 *
 *   guard -> parse -> resolve, authorise, scope -> splice and edit     -> verify -> plan
 *   guard.c  parse.c  scope*.c, authorise.c        splice*.c, scope_tree.c verify.c  plan.c
 *
 * Fail closed: what is not understood is a refused plan with an SQLSTATE. */
#pragma once

#include "policy/catalog.h"
#include "policy/isolation.h"
#include "policy/plan.h"
#include "policy/rules.h"

struct policy_cache; /* per worker; bounded; see policy/cache.h */

struct policy_relation { /* a relation that a statement names, and what governs it */
    const struct catalog_relation *relation;
    enum rule_kind kind;            /* SCOPED, THROUGH or SHARED */
    const struct rule_table *entry; /* NULL: unlisted */
    const char *column;             /* its tenant column, or that which refers to its parent */
    const struct catalog_relation *parent; /* THROUGH */
};

struct policy_request {
    const struct rules *rules;      /* immutable, outlives the call */
    struct catalog *catalog;        /* likewise */
    uint64_t epoch;  /* changes whenever rules or catalog do; part of the cache key, as the next two */
    enum isolation isolation; /* of the tenant */
    const char *schema; /* ISOLATION_SCHEMA: the tenant's; otherwise NULL */
    const char *database; /* what the client calls its database; NULL: what the server calls it */
    bool confined;   /* false: owner; statements are classified, not rewritten */
    bool untyped;    /* extended protocol: the client gives no types to parameters */
    bool single;     /* extended protocol: more than one statement is 42601 */
    struct slice sql; /* the client's text, without its NUL */
    /* For those who ask why: told of the relations of each confined statement, some perhaps twice.  A
     * decision from the cache tells nothing.  NULL: nobody asks.  Must not jump. */
    void (*on_relation)(void *arg, const struct policy_relation *r);
    void *arg;
};

struct decision {
    unsigned refs;
    bool again; /* its text has come before, as far as the cache knows */
    bool misfit; /* the plan made for its shape was not this one, which must not be; of a shape: does not fit */
    struct template *template; /* a shape's: see policy/shape.h; NULL otherwise */
    size_t nplans;
    struct plan *plans[]; /* at least one (PLAN_EMPTY for an empty text); after a syntax error: exactly
                             one refused plan for the whole text */
};

/* Decide.  Never fails but for lack of memory: then NULL and 53200 in ${err}.  The caller owns one
 * reference.  ${cache} may be NULL.  Must run on a thread with a deep stack (64 MiB); see
 * policy_thread_init. */
struct decision *policy_decide(struct policy_cache *cache, const struct policy_request *req,
                               struct err *err) MUSTCHECK;
void decision_unref(struct decision *d);

/* Rough cost, from the number of bytes: is this text worth a helper thread (over ~2 ms)? */
bool policy_is_heavy(struct slice sql);

/* Once for each thread that calls policy_decide or parse_*; and at its end. */
void policy_thread_init(void);
void policy_thread_release(void);

struct policy_cache *policy_cache_new(size_t max_bytes); /* NULL: no memory */
void policy_cache_free(struct policy_cache *c);

/* A rewritten statement carries checks that fail with a message of our own inside of PostgreSQL's (and the
 * store's) "invalid input syntax ...".  Is ${message}, of an error with SQLSTATE 22P02, one of them?  Then
 * ${ret} is the error that the client gets: 42501, 23503 or 23505, with table and constraint. */
bool policy_check_failed(const char *message, struct err *ret);

struct policy_rule {
    const struct rule_table *entry; /* of policy.tables: the relation's own, or that of what it is a
                                       partition or child of; NULL: unlisted */
    enum rule_kind kind;            /* never UNLISTED: what unlisted_tables makes of it */
    const struct catalog_column *column; /* THROUGH: that which refers to the parent; else the
                                            tenant's; NULL: there is no such column */
};

/* The rule that governs ${rel}. */
struct policy_rule policy_rule_of(const struct rules *rules, const struct catalog *catalog,
                                  const struct catalog_relation *rel);

/* Does ${detail}, of an error about a key, show a value of a column that confined clients may not read?  The
 * key may be another table's than the one the error names, so a column's name is enough. */
bool policy_detail_tells(const struct rules *rules, const char *detail);

/* Append the name of the type ${oid}, quoted, for PREPARE's list of parameter types; `unknown`, which leaves
 * it to be inferred, for one that is not known. */
void policy_type_text(const struct catalog *c, uint32_t oid, struct buf *ret);

/* LISTEN and NOTIFY: in a database of several tenants, the name of a channel for the server is this prefix and so
 * many bytes, in hexadecimal digits, of SHA-256 of the text of: the digits of SHA-256 of the tenant, the client's
 * name. */
#define POLICY_CHANNEL_PREFIX "partywall_"
enum { POLICY_CHANNEL_BYTES = 24 };

/* May a client set ${name} (lower case) at start-up or by SET?  Rules' own list or the built-in one. */
bool policy_setting_allowed(const struct rules *rules, const char *name);

/* May an allowed setting have this ${value}?  Settings that change how texts are read by the server
 * (standard_conforming_strings, client_encoding) or that show the server's view of a statement
 * (client_min_messages) take some values only: 22023 for others, before they reach a server. */
bool policy_setting_fits(const char *name, const char *value);
