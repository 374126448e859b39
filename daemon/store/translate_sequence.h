/* translate_sequence.h: a sequence as the table of one row that it is in PostgreSQL. */
#pragma once

#include "daemon/store/translate_tree.h"

/* The sequence that ${rv} names as a table, or NULL. */
const struct store_table *sequence_table(struct tr *tr, const RangeVar *rv);
/* What to say for its row; ${item} is the source of it. */
const char *sequence_rows(const struct store_table *t, struct source *item);
