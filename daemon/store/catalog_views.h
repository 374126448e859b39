/* catalog_views.h: the views of pg_catalog and information_schema: catalog_views.sql, in PostgreSQL's
 * SQL, which the translator puts in the place of their names. */
#pragma once

#include "protocol/slice.h"

/* The query of a view; false: there is no such view, or it is one that has no text yet.  Constant. */
bool catalog_view_text(const char *schema, const char *name, struct slice *ret);
