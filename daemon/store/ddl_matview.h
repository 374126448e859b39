/* ddl_matview.h: materialized views, and what CREATE TABLE AS shares with them.
 *
 * A materialized view is a table for SQLite, whose rows are those of a query at some time; the query is
 * kept as a view's is (ddl_view.h). */
#pragma once

#include "daemon/store/ddl.h"

/* -- parts of CREATE TABLE AS -- */
ColumnDef *create_as_column(char *name, uint32_t type, int32_t typmod);
/* 42601: more names than columns. */
int create_as_check(struct ddl *d, const IntoClause *into, size_t ncolumns) MUSTCHECK;
CreateStmt *create_as_table(const IntoClause *into, List *columns);

/* The name is free; ${ret_n}: its rows. */
int matview_create(struct ddl *d, const CreateTableAsStmt *s, uint64_t *ret_n) MUSTCHECK;
int ddl_refresh_matview(struct ddl *d, const RefreshMatViewStmt *s) MUSTCHECK;
