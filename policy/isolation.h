/* isolation.h: what keeps the rows of one tenant apart from those of the others.
 *
 *   row       predicates that policy adds to each statement
 *   rls       row security policies of the database on a setting, which the daemon makes the tenant's
 *   row+rls   both: what one of them misses the other one holds
 *   schema    a schema for each tenant
 *   database  a database for each tenant
 *
 * What a statement may be and name is decided alike in all of them. */
#pragma once

#include <stdbool.h>

enum isolation {
    ISOLATION_ROW,
    ISOLATION_RLS,
    ISOLATION_ROW_RLS,
    ISOLATION_SCHEMA,
    ISOLATION_DATABASE,
};

/* Does the database look at each row? */
static inline bool isolation_has_rls(enum isolation i)
{
    return i == ISOLATION_RLS || i == ISOLATION_ROW_RLS;
}
