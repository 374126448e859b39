/* leakproof.h: which conditions may run on another tenant's rows.
 *
 * The planner orders conditions as it likes, so one that can raise an error, or whose cost or error
 * text depends on a row's values, tells about rows that the tenant's predicate would have hidden.
 * Such conditions must go behind a fence.  Only what is listed here needs none: comparisons by the
 * btree operators of plain types, which never fail, so that indexes keep serving them:
 *
 *   column OP column | literal | $n    OP: = <> < <= > >=, IS [NOT] DISTINCT FROM, [NOT] BETWEEN, [NOT] IN
 *   column OP ANY | ALL ($n | '{...}' | ARRAY[literals])
 *   rows of these by =, <>, IN
 *   IS [NOT] NULL of a column, boolean columns, $n, constants
 *   AND, OR, NOT, IS [NOT] TRUE | FALSE | UNKNOWN
 *
 * A literal may be cast once, to a plain type: it is read when the statement is analysed, whatever
 * rows there are.  So may a parameter that stands only once, if the client has given it no type: its type is
 * that of the cast.  Where its type is fixed elsewhere, as text say, the cast runs, and fails, on rows. */
#pragma once

#include "policy/nodes.h"

#include <stdbool.h>
#include <stdint.h>

struct leakproof_scope {
    /* The type (oid) of a column of a table or view of the catalog.  0 if ${ref} is not plainly
     * that: unknown, ambiguous, a function in attribute notation, or a column of a subquery, CTE or
     * function, which may carry a collation of its own (comparing two of those fails on rows). */
    uint32_t (*column_type)(void *arg, const ColumnRef *ref);
    void *arg;
    /* param_once[n - 1]: $n stands only once in the whole statement, so that its type follows from the very
     * comparison.  NULL: not known.  A parameter that is also used as an oid makes `bigint = $n` convert the
     * column to oid, which fails on rows out of range. */
    const bool *param_once;
    uint32_t nparams;
    bool untyped; /* the client gives no types to parameters */
};

/* True only if ${expr}, a condition, can neither raise an error that depends on a row nor call
 * anything that is not leak-proof.  False is always safe.  Expects that authorise has passed its
 * operators and types.  Recursion is as deep as the tree: run it where the parser may run. */
bool leakproof_expr(const struct leakproof_scope *scope, const Node *expr);
