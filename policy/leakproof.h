/* leakproof.h: which conditions may run on another tenant's rows.
 *
 * The planner orders conditions as it likes, so one that can raise an error, or whose cost or error text
 * depends on a row's values, tells about rows that the tenant's predicate would have hidden.  Such
 * conditions must go behind a fence.  Only what is listed here needs none: comparisons by the btree
 * operators of plain types, which never fail, so that indexes keep serving them. */
#pragma once

#include "policy/nodes.h"

#include <stdbool.h>
#include <stdint.h>

struct leakproof_scope {
    /* The type of a column as the query sees it, 0 if unknown.  Called for each ColumnRef. */
    uint32_t (*column_type)(void *arg, const ColumnRef *ref);
    void *arg;
};

/* True only if ${expr}, a condition, can neither raise an error that depends on a row nor call anything
 * that is not leak-proof.  False is always safe. */
bool leakproof_expr(const struct leakproof_scope *scope, const Node *expr);
