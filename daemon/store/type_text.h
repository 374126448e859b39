/* type_text.h: names of the user's types in texts that the catalog keeps.
 *
 * A text of PostgreSQL's trees, as 'sad'::mood, was printed where the search_path found the type by
 * its name, or did not; it is shown where another one does. */
#pragma once

#include "daemon/store/catalog.h"
#include "protocol/buf.h"
#include "protocol/slice.h"

/* ${text} with each type of the user's called as ${c}'s search_path needs it. */
void type_text_show(const struct store_catalog *c, struct slice text, struct buf *out);
