/* range.h: ranges as the store keeps them, and PostgreSQL's rules for them (rangetypes.c).
 *
 * Stored is text: `[1,5)`, `(,5)`, `empty`, where a bound is its value as SQLite would keep it:
 * days, microseconds, a canonical numeric.  Ranges of integers and dates are `[)`; so, but for
 * those of numeric, equal ranges are equal texts.  Pure: no SQLite here. */
#pragma once

#include "daemon/store/types.h"

struct range {
    bool empty;
    bool lower_inc, upper_inc;
    bool lower_inf, upper_inf;
    struct types_value lower, upper; /* unless infinite; they borrow */
};

/* What its bounds are; 0: no range. */
uint32_t range_subtype(uint32_t oid);
/* False: not a stored range. */
bool range_parse(uint32_t oid, struct slice stored, struct range *ret);
/* Appended. */
void range_print(const struct range *r, struct buf *out);
/* Bounds as somebody gave them -> the form that equal ranges share.  -1: 22000 when they are the
 * wrong way round, 22003 or 22008 when there is no next value. */
int range_settle(uint32_t oid, struct range *r, struct err *err) MUSTCHECK;
/* <0, 0, >0 */
int range_compare(uint32_t oid, const struct range *a, const struct range *b);

/* -- text and binary, by types.c -- */
int range_input(const struct types_session *s, uint32_t oid, struct slice text, struct buf *scratch,
                struct slice *ret, struct err *err) MUSTCHECK;
int range_output(const struct types_session *s, uint32_t oid, struct slice stored, struct buf *out,
                 struct err *err) MUSTCHECK;
int range_send(const struct types_session *s, uint32_t oid, struct slice stored, struct buf *out,
               struct err *err) MUSTCHECK;
int range_receive(const struct types_session *s, uint32_t oid, struct slice data,
                  struct buf *scratch, struct slice *ret, struct err *err) MUSTCHECK;

/* -- operators -- */
bool range_contains_value(uint32_t oid, const struct range *r, const struct types_value *v);
bool range_contains(uint32_t oid, const struct range *a, const struct range *b);
bool range_overlaps(uint32_t oid, const struct range *a, const struct range *b);
bool range_adjacent(uint32_t oid, const struct range *a, const struct range *b);
/* Strictly left of; does not extend to the right of, to the left of.  False when either is empty.
 */
bool range_before(uint32_t oid, const struct range *a, const struct range *b);
bool range_overleft(uint32_t oid, const struct range *a, const struct range *b);
bool range_overright(uint32_t oid, const struct range *a, const struct range *b);
/* ${ret} borrows from both.  ${strict}: 22000 when a gap would be covered. */
int range_union(uint32_t oid, const struct range *a, const struct range *b, bool strict,
                struct range *ret, struct err *err) MUSTCHECK;
void range_intersect(uint32_t oid, const struct range *a, const struct range *b, struct range *ret);
int range_minus(uint32_t oid, const struct range *a, const struct range *b, struct range *ret,
                struct err *err) MUSTCHECK;
