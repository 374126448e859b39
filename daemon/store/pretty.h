/* pretty.h: expressions as PostgreSQL prints them when it is asked for pretty ones: without the
 * parentheses that their operators' order does not need (isSimpleNode in ruleutils.c).
 *
 * Works on text as PostgreSQL prints it otherwise: there each operator has parentheses of its own. */
#pragma once

#include "protocol/buf.h"
#include "protocol/slice.h"

/* One, or several with commas between. */
void pretty_expression(struct slice text, struct buf *out);
/* `((a + b))` among an index's columns -> `(a + b)`. */
struct slice pretty_index_part(struct slice text);
/* The same, pretty inside: `((a + (b)))` -> `(a + b)`. */
void pretty_index_column(struct slice text, struct buf *out);
/* CREATE INDEX: the condition, expressions among the columns; ${schema}, "public." or empty, is left
 * out before the table's name. */
void pretty_index(struct slice text, const char *schema, struct buf *out);
