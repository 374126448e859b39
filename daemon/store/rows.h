/* rows.h: rows that are kept aside while a statement runs, and read again like a table.
 *
 * SQLite has no LATERAL, and neither INSERT nor UPDATE nor DELETE inside a query.  Rows that must
 * go from one place to another are packed into a blob, or kept in a numbered slot, and come back
 * as the table-valued function store_rows(c1, c2 ..., n).  Its argument is such a blob, the number
 * of a slot, 0: one row of a slot (rows_loop), or minus the oid of a table: what this statement has
 * changed in it, as it was before (c1 is the rowid, then its columns).
 *
 *   pgf_pack(a, b ...)         a row's values, in pieces of at most ROWS_PACK_MAX
 *   pgf_rows(pack, pack ...)   aggregate: the blob of all rows, in their order
 *   pgf_claim(oid, rowid)      the rowid; 0A000 if this statement has changed the row already
 *   pgf_xmax()                 0, or: the last row changed is not a new one
 *   pgf_untouched(oid, rowid)  has this statement left the row of that table alone? */
#pragma once

#include "daemon/store/context.h"
#include "protocol/buf.h"

#include <stdint.h>

struct sqlite3_stmt;
struct sqlite3_value;

enum {
    ROWS_COLUMNS_MAX = 500,
    ROWS_PACK_MAX = 100, /* SQLite's functions take 127 arguments */
    ROWS_SLOTS_MAX = 500,
};

/* What one execution of a statement keeps.  The context borrows it while the statement runs. */
struct rows_kept {
    struct buf *slots; /* from 1 */
    int nslots;
    struct rows_before *before; /* of the tables that are watched */
    size_t nbefore;
    bool updated; /* the last change that the statement itself has made was that of a row */
    struct slice current;   /* the row that is being looped at */
    struct rows_before *seen; /* rowids, for each slot that has each but once */
};

struct rows_kept *rows_kept_new(int nslots);
void rows_kept_free(struct rows_kept *k);
/* Append the current row of ${stmt} to slot ${slot}; with ${once}, unless a row there has the same
 * first column, a rowid.  false: no memory. */
bool rows_keep(struct rows_kept *k, int slot, bool once, struct sqlite3_stmt *stmt);
/* Step through the rows of slot ${slot}: store_rows(0) is then the one at hand; ${at} is 0 at
 * first, ${ret_first} its first value.  false: no more. */
bool rows_loop(struct rows_kept *k, int slot, size_t *at, int64_t *ret_first);
/* Keep what changes in ${t} from now on. */
bool rows_watch(struct rows_kept *k, const struct store_table *t);
/* While ${on}, changes on ${db} are noted for watched tables. */
void rows_watching(struct sqlite3 *db, struct store_context *context, bool on);

/* SQLite's functions above. */
int rows_register(struct sqlite3 *db, struct store_context *context);
