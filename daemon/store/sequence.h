/* sequence.h: a sequence as the row that it is in PostgreSQL. */
#pragma once

#include "daemon/store/context.h"

/* What the row has.  0 or -1 (42P01). */
int sequence_state(struct store_context *c, uint32_t sequence_oid, int64_t *ret_last,
                   bool *ret_called, struct err *err) MUSTCHECK;
