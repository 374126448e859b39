/* statements.h: prepared statements, per client and per server.
 *
 * A client's map goes from the client's own names to statements; a statement knows the name under
 * which servers keep it, made from the plan and the parameter types, so that clients with the same
 * text share it. A server's set holds the names prepared on that connection, least recently used
 * first to go. */
#pragma once

#include "daemon/list.h"
#include "policy/plan.h"

#include <uthash.h>

#define STATEMENT_NAME_BYTES 64 /* as PostgreSQL's NAMEDATALEN */

struct statements;

struct statement {
    unsigned refs;
    UT_hash_handle hh;      /* the client's map */
    struct statements *map; /* it is in; NULL: none */
    char *name;             /* the client's; "" is the unnamed one */
    /* "" if servers do not keep it: see `once`; or if it must be parsed anew for each use, because what it
     * answers depends on more than its text: on the cursor that FETCH finds, on the time */
    char server_name[STATEMENT_NAME_BYTES];
    bool once; /* it is not known to be worth keeping */
    uint64_t unnamed_at; /* its last Parse as a server's unnamed statement: session->nowed; 0: none of its
                            text as it is now */
    struct plan *plan; /* one reference */
    char *text;        /* what the server gets instead of the plan's text; NULL: the plan's */
    bool literal;      /* ... which is the plan's, for one tenant */
    const char *tag;   /* replaces the server's CommandComplete; NULL: the server's own */
    bool rows;         /* with a tag: rows are passed on */
    bool by_sql;       /* PREPARE made it: `source` is the PREPARE */
    uint32_t *oids;    /* parameter types the client gave, trailing zeros left out */
    uint16_t noids;
    uint16_t nparams; /* as the client counts them */
    bool hidden;      /* the server's statement has one more: the tenant */
    char *source;     /* the client's text, to decide anew ... */
    uint64_t epoch;   /* ... when this is no longer the target's, or */
    uint64_t place;   /* this no longer the session's */
    uint64_t at;      /* what made it, among all that was ever owed: session->nowed */
};

struct statement_spec {
    struct slice name;
    struct plan *plan; /* a reference is taken */
    const char *text;  /* copied; NULL: the plan's */
    bool literal;      /* the text is the plan's, with a tenant in it */
    const char *tag;   /* static */
    bool rows;
    bool once;        /* servers need not keep it */
    bool by_sql;      /* ${plan} is a PREPARE: the statement is the one it prepares, with its types */
    const char *oids; /* big-endian, as in Parse */
    uint16_t noids;
    bool confined;       /* types of the oid family are left to the server to infer */
    struct slice source; /* copied */
    uint64_t epoch, place;
};

/* NULL: no memory.  One reference. */
struct statement *statement_new(const struct statement_spec *spec);
struct statement *statement_ref(struct statement *s);
void statement_unref(struct statement *s);
/* ${p} is what its text means now; a text that replaces the plan's stays.  -1: 53200, nothing
 * changed. */
int statement_renew(struct statement *s, struct plan *p, uint64_t epoch, uint64_t place,
                    struct err *err) MUSTCHECK;
/* The server gets ${text} (taken over) instead of the plan's, or the plan's (NULL).  ${literal}: it is the
 * plan's, for one tenant.  -1: 53200, nothing changed. */
int statement_set_text(struct statement *s, char *text, bool literal, struct err *err) MUSTCHECK;
/* Servers keep it from now on.  -1: 53200, nothing changed. */
int statement_keep(struct statement *s, struct err *err) MUSTCHECK;
/* Must it be parsed for each use, because what it answers depends on more than its text? */
static inline bool statement_is_fleeting(const struct statement *s)
{
    return s->plan->class == PLAN_FETCH;
}
/* The text for the server. */
struct slice statement_text(const struct statement *s);

/* -- a client's map -- */
struct statements {
    struct statement *by_name; /* the unnamed one is here too, under "" */
    size_t bytes;              /* of their texts */
};
void statements_init(struct statements *m);
void statements_clear(struct statements *m);
size_t statements_len(const struct statements *m);
struct statement *statements_find(const struct statements *m, struct slice name);
/* Take a reference of ${s}, whose name must be free.  -1: 53200 or 54000 (too many, or too
 * long together). */
int statements_put(struct statements *m, struct statement *s, struct err *err) MUSTCHECK;
/* From the map ${from} to ${to}; where that has one of this name, it is only taken out.  -1: 53200.
 */
int statements_move(struct statements *to, struct statements *from, struct statement *s) MUSTCHECK;
/* Out of the map; the map's reference is the caller's now. */
void statements_take(struct statements *m, struct statement *s);

/* -- a server's set -- */
struct prepared {
    UT_hash_handle hh;
    struct list lru;
    uint64_t batch; /* the lease that used it last */
    char name[STATEMENT_NAME_BYTES];
};
struct prepared_set {
    struct prepared *by_name;
    struct list lru; /* oldest first */
};
void prepared_init(struct prepared_set *p);
void prepared_clear(struct prepared_set *p);
size_t prepared_len(const struct prepared_set *p);
/* Is it there?  Then it is now the most recently used, by lease ${batch}. */
bool prepared_use(struct prepared_set *p, const char *name, uint64_t batch);
/* It is not there, and will be when what is being sent has arrived. */
int prepared_add(struct prepared_set *p, const char *name, uint64_t batch,
                 struct err *err) MUSTCHECK;
void prepared_remove(struct prepared_set *p, const char *name);
/* With ${max} or more in the set: take the oldest out and copy its name to ${ret}, unless lease
 * ${batch} has used it (wire case 25).  false: nothing to close. */
bool prepared_evict(struct prepared_set *p, size_t max, uint64_t batch,
                    char ret[STATEMENT_NAME_BYTES]);
