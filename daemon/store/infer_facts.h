/* infer_facts.h: all rows of PostgreSQL's own pg_operator, pg_cast and pg_proc, as constants.
 *
 * Facts, not decisions: written by infer_facts.py from a real PostgreSQL 15.  What infer.h resolves
 * and what emit_proc*.c can translate are decided there; a function that stands here may still be
 * 0A000. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct infer_operator { /* left 0: prefix operator */
    const char *name;
    uint32_t left, right, result, proc;
};

struct infer_cast {
    uint32_t source, target, proc;
    char context; /* i implicit, a assignment, e explicit */
    char method;  /* f function, b binary coercible, i input/output */
};

#define INFER_MAX_ARGS 8
struct infer_proc {
    uint32_t oid;
    const char *name;
    char kind; /* f function, a aggregate, w window */
    bool returns_set;
    uint32_t variadic; /* element type of a VARIADIC last argument, or 0 */
    uint32_t result;
    int8_t ndefaults;
    char volatility; /* i, s, v */
    int8_t nargs;
    uint32_t args[INFER_MAX_ARGS];
};

struct infer_output { /* an OUT argument */
    uint32_t proc;
    const char *name;
    uint32_t type;
};

extern const struct infer_operator infer_operators[]; /* by name */
extern const size_t infer_noperators;
extern const struct infer_cast infer_casts[]; /* by source, target */
extern const size_t infer_ncasts;
extern const struct infer_proc infer_procs[]; /* by name */
extern const size_t infer_nprocs;
extern const struct infer_output infer_outputs[]; /* by proc, in order */
extern const size_t infer_noutputs;

/* The first that is called so, and the next of the same name: NULL when there is none. */
const struct infer_operator *infer_operator_named(const char *name);
const struct infer_operator *infer_operator_next(const struct infer_operator *o);
const struct infer_proc *infer_proc_named(const char *name);
const struct infer_proc *infer_proc_next(const struct infer_proc *p);
/* The OUT arguments of ${proc}: the first, ${ret_n} of them; NULL when there are none. */
const struct infer_output *infer_outputs_of(uint32_t proc, int *ret_n);
