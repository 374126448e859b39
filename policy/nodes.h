/* nodes.h: PostgreSQL's own parse tree, as libpg_query returns it.
 *
 * The one header that includes postgres.h; only files that work on the tree include this one.  The node
 * structures come from the server headers of PostgreSQL 15.  Allocate with palloc0 and the makeX helpers. */
#pragma once

/* PostgreSQL's headers are not written for our warnings. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wshadow"
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wundef"
#pragma GCC diagnostic ignored "-Wunused-parameter"
#pragma GCC diagnostic ignored "-Wstrict-prototypes"
#include <pg_query.h>

#include <pg_query/pg_query_internal.h>

#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "nodes/parsenodes.h"
#pragma GCC diagnostic pop
