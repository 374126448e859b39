/* rowset.h: rows that are kept: what a cursor may go back to, what outlives the statement it came
 * from, what a utility statement answers.
 *
 * Appended once, read by number as often as one likes.  A few megabytes are held in memory; what is
 * more goes to a file beside the store that has no name, and so ends with the rows. */
#pragma once

#include "daemon/store/types.h"

struct rowset {
    const char *path; /* of the store's file, borrowed */
    struct buf tail;  /* the rows from byte `spilled` on */
    struct buf row;   /* the row read last, if it came from the file */
    uint64_t spilled;
    int fd; /* -1: everything is in memory */
    uint64_t *starts;
    size_t n, cap;
};

void rowset_init(struct rowset *r, const char *path);
void rowset_release(struct rowset *r);
/* Copies.  -1: 53200, 53100, 58030, 54000. */
int rowset_add(struct rowset *r, const struct types_value *values, size_t n,
               struct err *err) MUSTCHECK;
/* Row ${i} (from 0) of ${n} values, which borrow from ${r} until it is next used. */
int rowset_get(struct rowset *r, size_t i, struct types_value *ret, size_t n,
               struct err *err) MUSTCHECK;
