/* catalogs.h: the relations of pg_catalog and information_schema that a confined client may read.
 *
 * Drivers look types up; nothing more is offered.  The rows are the server's own, so a relation is
 * listed only if its rows say nothing about other tenants' data or sessions, and of relations with
 * names that may tell (schemas, tables), only the columns that do not. */
#pragma once

#include <stdbool.h>

/* Is ${schema}.${name} on the list?  ${*ret_columns}: NULL, all columns; else a NULL-terminated
 * list of those that may be named, and nothing that means all of them.  Static storage. */
bool catalogs_find(const char *schema, const char *name, const char *const **ret_columns);

/* May ${column}, written without a relation, be a column of the relation whose list is ${columns} (as
 * catalogs_find returned it, not NULL)?  False only for names that no version of it has: the columns of a
 * system relation share a prefix. */
bool catalogs_may_own(const char *const *columns, const char *column);

bool catalogs_is_system_schema(const char *schema);
