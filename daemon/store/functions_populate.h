/* functions_populate.h: JSON objects as rows: also of sets of rows (sets_json.c). */
#pragma once

#include "daemon/store/functions_impl.h"

/* The object ${json} as a stored row of the type, appended to ${out}; what it does not say is as in
 * the stored row ${base} (data NULL: NULL).  -1: raised. */
int populate_row(struct store_context *c, uint32_t type, struct slice base, struct slice json,
                 struct buf *out) MUSTCHECK;
