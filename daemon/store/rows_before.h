/* rows_before.h: what a running statement has changed in tables, as it was before; for rows.c. */
#pragma once

#include "daemon/store/rows.h"

/* The value of column ${i}; NULL: there is none. */
typedef struct sqlite3_value *rows_value_fn(void *arg, int i);
/* Append a row: ${rowid} and ${n} values (rows.c). */
void rows_put_before(struct buf *out, int64_t rowid, int n, rows_value_fn *value, void *arg);

void rows_before_free(struct rows_before *all, size_t n);
/* The rows of table ${oid} that were changed or deleted, packed. */
struct slice rows_before_rows(const struct rows_before *all, size_t n, uint32_t oid);
bool rows_before_touched(const struct rows_before *all, size_t n, uint32_t oid, int64_t rowid);

/* Sets of rowids, one for each slot from 1. */
struct rows_before *rows_seen_new(int nslots);
/* false: no memory. */
bool rows_seen_first(struct rows_before *seen, int slot, int64_t rowid, bool *ret_first);
