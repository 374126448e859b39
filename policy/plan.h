/* plan.h: the decision about one statement, immutable and shared.
 *
 * A plan never holds a tenant: its text says where the tenant's value goes, so one plan serves all
 * tenants (and one prepared statement on a server does).  Counted; safe to share between threads.
 *
 * Values that the client writes into columns that bind a row to a tenant are checked in the text itself:
 *   tenant column   CASE WHEN (value) = $t THEN $t ELSE fail END
 *   foreign key     COALESCE((SELECT p.id FROM parent p WHERE p.id = (value) AND p.tenant = $t), fail)
 *                   for constants and parameters, else CASE WHEN (value) IN (SELECT ...) THEN (value) ...;
 *                   around (SELECT (value) AS v OFFSET 0) where it may differ each time it is read
 *                   for constants and parameters in several rows of VALUES, once, in the first of these:
 *                   CASE WHEN EXISTS (a value that is no such p.id) THEN fail ELSE (value) END
 *                   The values are compared as the column would hold them: (value)::type
 *   DO UPDATE       WHERE CASE WHEN tenant = $t THEN (condition) ELSE fail END
 * where fail is (SELECT 'partywall:SQLSTATE:table:name'::text)::int4 (or ::uuid, ::bool, ::int4::text): a
 * cast that raises 22P02 only when the CASE gets there.  policy_check_failed turns that error into 42501,
 * 23503 or 23505.  A parent's row that the same statement makes is known by the RETURNING of its WITH; where it
 * may have been made unseen the error is 0A000.
 *
 * Rows of COPY ... FROM STDIN are checked where they are stored, as PostgreSQL has read them:
 *   tenant column   WHERE CASE WHEN tenant = $t THEN (condition) ELSE fail END
 *   foreign key     by a statement of its own, `copy->check`, that runs behind the COPY, before its
 *                   CommandComplete reaches the client, and fails with the same texts */
#pragma once

#include "protocol/buf.h"
#include "protocol/copy_stream.h"
#include "protocol/err.h"

#include <stdbool.h>
#include <stdint.h>

enum plan_class {
    PLAN_EMPTY,   /* nothing but blanks, comments or ';' */
    PLAN_READ,    /* SELECT, VALUES, TABLE, COPY ... TO STDOUT; SHOW of a server's setting */
    PLAN_WRITE,   /* INSERT, UPDATE, DELETE, SELECT FOR UPDATE, data-modifying CTE */
    PLAN_DDL,     /* owner only: whatever may change the catalog */
    PLAN_OTHER,   /* owner only: everything else */
    PLAN_BEGIN,   /* BEGIN, START TRANSACTION */
    PLAN_COMMIT,  /* COMMIT, END */
    PLAN_ROLLBACK,
    PLAN_SAVEPOINT, /* name */
    PLAN_RELEASE,   /* name */
    PLAN_ROLLBACK_TO, /* name */
    PLAN_SET,     /* name, value, local: tracked when the server says SET */
    PLAN_RESET,   /* name; NULL: RESET ALL */
    PLAN_SHOW,    /* name: of a `partywall.*` name, answered by the session */
    PLAN_DEALLOCATE, /* name of the client's own map; NULL: ALL */
    PLAN_DISCARD_ALL,
    /* confined clients; of an owner they are PLAN_OTHER, passed as they came */
    PLAN_PREPARE, /* name, prepared, types: put into the client's own map */
    PLAN_EXECUTE, /* name, and where it stands; also EXPLAIN EXECUTE */
    PLAN_DECLARE, /* name of a cursor */
    PLAN_FETCH,   /* name: FETCH, MOVE */
    PLAN_CLOSE,   /* name; NULL: ALL */
    /* of owners, too */
    PLAN_LISTEN,   /* name of a channel */
    PLAN_UNLISTEN, /* name; NULL: all */
    PLAN_NOTIFY,   /* a confined one's text is a SELECT pg_notify(...) */
};

struct plan_place { /* a run of `text` that stands for the tenant's value: `$n` */
    uint32_t offset;
    uint32_t len;
};

struct plan_run { /* a run of `text` that is the client's own */
    uint32_t offset; /* in `text`, bytes */
    uint32_t len;
    int source_position; /* in the client's whole text, characters, 1-based */
};

struct plan_copy { /* COPY ... FROM STDIN */
    bool fills; /* rows lack the tenant's column: protocol/copy_stream.h adds it as the first */
    struct copy_format format; /* fills */
    char *column;              /* ... its name */
    uint32_t type_oid;         /* ... and type */
    struct plan *check;        /* NULL: none.  A text with places, nothing else */
};

struct plan {
    uint64_t id;           /* unique in the process, never reused: names the statement on servers */
    enum plan_class class; /* valid also for refused plans when known */
    bool refused;          /* `err` says why; nothing else is valid but class, and source */
    struct err *err;       /* NULL unless refused */
    char *text;            /* what the server gets; NUL-terminated */
    uint32_t text_len;
    uint16_t nparams;      /* highest $n of the client's statement */
    bool aside;            /* SHOW, SET TRANSACTION and the like: touches no rows and no names of objects */
    bool hidden;           /* text uses $nparams+1: the tenant.  With nparams 65535 there is no such
                              parameter on the wire: send plan_text_literal's text */
    bool literal;          /* COPY takes no parameters: see plan_needs_literal */
    struct plan_copy *copy; /* NULL: it is no COPY ... FROM STDIN */
    struct plan_place *places;
    uint32_t nplaces;
    struct plan_run *runs; /* by offset */
    uint32_t nruns;
    char *name;            /* SET, RESET, SHOW, DEALLOCATE, SAVEPOINT ...: lower case where PostgreSQL folds */
    char *cursor;          /* WHERE CURRENT OF: must be the client's own cursor */
    bool query;            /* SELECT, INSERT, UPDATE, DELETE, MERGE: what EXECUTE may run */
    struct plan *prepared; /* PREPARE: the statement, a plan of its own; one reference */
    uint32_t *types;       /* ... and its parameter types, 0 where they are to be inferred */
    uint16_t ntypes;
    uint16_t nargs;              /* EXECUTE: how many the client gives */
    struct plan_place execute;   /* ... the name in `text`: see plan_text_execute */
    struct plan_place argument;  /* ... the run that adds the tenant, with its comma or brackets */
    char *value;           /* SET: the value as set_config() takes it; NULL: DEFAULT */
    bool local;            /* SET LOCAL */
    bool chain;            /* COMMIT, ROLLBACK: AND CHAIN */
    bool notifies;         /* NOTIFY, and confined: pg_notify is called */
    bool locks;            /* confined: takes advisory locks of the session */
    bool unlocks;          /* confined: gives some back */
    bool holds;            /* confined: DECLARE ... WITH HOLD */
    uint32_t source_offset; /* where the statement stands in the text it was split from */
    uint32_t source_len;
};

struct plan *plan_ref(struct plan *p);
void plan_unref(struct plan *p);

/* Is it about the client's session alone?  Then it touches no rows, whoever the tenant is. */
static inline bool plan_is_of_session(const struct plan *p)
{
    return p->class == PLAN_EMPTY || p->class == PLAN_SET || p->class == PLAN_RESET ||
           p->class == PLAN_SHOW || p->class == PLAN_DEALLOCATE || p->class == PLAN_DISCARD_ALL;
}

/* Does the tenant stand in its text as a literal, in the extended protocol, too? */
static inline bool plan_needs_literal(const struct plan *p)
{
    return p->hidden && (p->literal || p->nparams == UINT16_MAX);
}

/* Append the text with ${tenant} as a string literal at each place (simple protocol).
 * The literal is made for standard_conforming_strings=on and holds for any bytes without NUL. */
void plan_text_literal(const struct plan *p, struct slice tenant, struct buf *ret);

/* Append the text of an EXECUTE with the prepared statement's ${name} (an identifier that needs no quotes),
 * the client's arguments if ${args} and, unless ${tenant} is NULL, the tenant as the last one. */
void plan_text_execute(const struct plan *p, const char *name, bool args,
                       const struct slice *tenant, struct buf *ret);

/* The position (characters, 1-based) of an error in the text that was sent, ${p}->text or, when ${tenant} is
 * not NULL, plan_text_literal's, as a position in the client's whole text.  0: none.  In a text that was put
 * in: the place where it was put. */
int plan_source_position(const struct plan *p, const struct slice *tenant, int position);
