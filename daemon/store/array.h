/* array.h: an array as the store keeps it, taken apart and put together.
 *
 * Stored is JSON: elements in their type's text form (of UTC) as strings, null for NULL, arrays of
 * arrays for several dimensions; lower bounds other than 1 stand before it as PostgreSQL prints
 * them:
 * `[2:3]=["a","b"]`.  Equal values of a type whose text form is unique have equal texts.  An empty
 * array is `[]`.  int2vector and oidvector begin at 0 without saying so.  Pure: no SQLite here. */
#pragma once

#include "protocol/buf.h"
#include "protocol/err.h"

#include <stdbool.h>

enum { ARRAY_DIMENSIONS = 6 };
#define ARRAY_MAX_ITEMS 134217727

struct array_item {
    uint32_t at, len;
    bool null;
};

struct array {
    int ndim; /* 0: empty */
    int32_t dims[ARRAY_DIMENSIONS], lower[ARRAY_DIMENSIONS];
    struct array_item *items; /* row by row */
    size_t n, cap;
    struct buf text;
    bool failed; /* no memory, or too large */
};

void array_init(struct array *a);
void array_release(struct array *a);
/* ${vector}: of int2vector or oidvector.  -1: not a stored array, or no memory; ${a} is then empty.
 */
int array_parse(struct slice stored, bool vector, struct array *a) MUSTCHECK;
/* Element ${i} in the order of storage; data NULL: NULL.  Borrowed until ${a} changes. */
struct slice array_item(const struct array *a, size_t i);
/* Append (data NULL: NULL); dims are the caller's. */
void array_add(struct array *a, struct slice text);
/* One dimension, from 1, of all that was added. */
void array_flat(struct array *a);
/* The stored form, appended. */
void array_write(const struct array *a, struct buf *out);
/* An element in quotes, as an array's literal has it. */
void array_quote(struct slice text, struct buf *out);
/* dims[0] * dims[1] ..., -1: more than there may be. */
int64_t array_count(int ndim, const int32_t *dims);
