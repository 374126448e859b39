/* rls.h: the row security policies that say in the database what rules say here. */
#pragma once

#include "policy/catalog.h"
#include "policy/rules.h"
#include "protocol/buf.h"

/* Append the SQL that installs them on every table of ${catalog} that has a rule, partitions and children
 * too; it may be run again.
 *
 * The policy of a tenant is restrictive, so that no other policy widens it.  Tables that are shared or read
 * only get policies for SELECT alone. */
void rls_sql(const struct rules *rules, const struct catalog *catalog, struct buf *ret);
