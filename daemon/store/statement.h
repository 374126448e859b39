/* statement.h: texts become prepared statements, which are kept by text and by name. */
#pragma once

#include "daemon/store/conn.h"

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
    uint32_t *domains;         /* of a query's columns, or 0 */
    uint32_t *params;
    size_t nparams;
    const char *nowait; /* rows of this table are locked, or that fails; NULL: it waits */
    bool skips;         /* ... or it gives none: SKIP LOCKED */
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
/* The same for a text that is not in the cache, and is not expected to come again: it is not put there. */
int statement_prepare_once(struct store_conn *c, struct slice sql, struct prepared **ret,
                           struct err *err) MUSTCHECK;
/* The transaction that ${p}, which is to be run, needs. */
int statement_enter(struct store_conn *c, const struct prepared *p, struct err *err) MUSTCHECK;
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
struct portal;
struct shape; /* policy/shape.h */
/* A portal for the simple query ${sql} of this shape, as the statement with parameters that it is known to be
 * with its literals taken for values; ${ret} NULL: none, and what has happened has no effect.  -1: as tx_enter. */
int parameterize_open(struct store_conn *c, struct slice sql, const struct shape *shape,
                      struct portal **ret, struct err *err) MUSTCHECK;
/* Has a text of this shape been run before?  As far as the connection knows. */
bool parameterize_knows(const struct store_conn *c, const struct shape *shape);
void parameterize_note(struct store_conn *c, const struct shape *shape);
/* ${p} has just been made of a text whose shape is known, in the plain way. */
void parameterize_learn(struct store_conn *c, struct slice sql, const struct shape *shape,
                        const struct prepared *p);
