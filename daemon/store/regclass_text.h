/* regclass_text.h: relations that an expression's text names as constants.
 *
 * PostgreSQL keeps nextval('s'::regclass) with the sequence's oid, and prints its name of the day.
 * The catalog keeps expressions as text: there the oid stands for the name, '16390'::regclass, which
 * is the same constant to whoever parses it. */
#pragma once

#include "daemon/store/catalog.h"
#include "protocol/buf.h"

/* ${text} with oids for the user's relations.  Inside parse_protect. */
void regclass_keep(const struct store_catalog *c, const char *text, struct buf *out);
/* And with names again, as they are found along the search_path. */
void regclass_show(const struct store_catalog *c, struct slice text, struct buf *out);
