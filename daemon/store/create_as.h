/* create_as.h: CREATE TABLE AS, SELECT INTO and CREATE MATERIALIZED VIEW: a statement around a query whose
 * rows go into a relation that it makes.
 *
 * The query is analysed with the statement and run like any other, its rows kept; then the relation is
 * made of its columns, and they are put there.  Materialized views: ddl_matview.c. */
#pragma once

#include "daemon/store/portal.h"
#include "daemon/store/verbs.h"

/* ${stmt} if it is one of them, SELECT INTO rewritten as CREATE TABLE AS; else NULL. */
CreateTableAsStmt *create_as_of(Node *stmt);
/* Inside parse_protect: see verbs.h. */
int create_as_analyse(struct store_conn *c, struct prepared *p, CreateTableAsStmt *s,
                      struct err *err) MUSTCHECK;
int create_as_run(struct store_conn *c, struct portal *p, struct err *err) MUSTCHECK;
