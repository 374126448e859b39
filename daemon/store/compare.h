/* compare.h: values in PostgreSQL's order, where SQLite's is another: arrays, jsonb, intervals.
 *
 * The stored texts of these types do not sort as the values do, and equal values may differ in text
 * (1 and 1.0 in jsonb).  Columns have a collation of their type's name for it. */
#pragma once

#include "daemon/store/types.h"

struct sqlite3;

/* <0, 0, >0; neither is NULL.  ${set}: for enums and arrays of them. */
int compare_values(const struct types_set *set, uint32_t oid, const struct types_value *a,
                   const struct types_value *b);
int compare_jsonb(struct slice a, struct slice b);
/* The collation of the type's texts, NULL: SQLite's own; ${buf} for its name. */
const char *compare_collation(const struct types_set *set, uint32_t oid, char buf[32]);
/* Make the collations. */
int compare_register(struct sqlite3 *db);
/* Elements of a stored array, neither NULL. */
int compare_elements(const struct types_set *set, uint32_t element_type, struct slice a,
                     struct slice b);
