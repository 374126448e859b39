/* record.h: values of row types: rows of tables, of types made by CREATE TYPE AS, and of no name.
 *
 * Stored is a text, the same in a column, in an array and on the way through SQLite: a stored array
 * (array.h) of texts.  The first says what row it is: the oid of its type; or, of an anonymous one,
 * for each field `type typmod length:name;`.  The others are the fields; of a type with a name by
 * their attribute numbers, so that those which have been dropped since are passed over, and those
 * which have been added are NULL.  A field is what SQLite keeps of such a value, as text: a number
 * in decimals, bytes in hexadecimal digits.
 *
 * So a value tells its own fields, and types of rows with and without a name may stand for each
 * other.  Pure: no SQLite here. */
#pragma once

#include "daemon/store/array.h"
#include "daemon/store/types.h"

struct record_field {
    uint32_t type; /* a domain as itself */
    int32_t typmod;
    struct slice name;
    struct slice value; /* stored text; data NULL: NULL */
};

struct record { /* a value taken apart; borrows the stored text and the types */
    uint32_t type;
    struct record_field *fields;
    size_t n;
    struct array parts;
};

/* Is it one whose values are such rows?  (Not a domain.) */
bool record_is_type(const struct types_set *set, uint32_t oid);
/* -1: XX000, 53200; ${ret} is then empty. */
int record_parse(const struct types_set *set, struct slice stored, struct record *ret,
                 struct err *err) MUSTCHECK;
void record_release(struct record *r);
/* Field ${f} as SQLite has it; may point into ${scratch}. */
int record_value(const struct types_set *set, const struct record_field *f, struct buf *scratch,
                 struct types_value *ret, struct err *err) MUSTCHECK;

/* What the first text of an anonymous row says of one field: appended. */
void record_describe(uint32_t type, int32_t typmod, const char *name, struct buf *out);
/* Put a row together: what it is, its fields, and then array_flat and array_write. */
void record_begin(struct array *parts, struct slice what);
void record_add(struct array *parts, const struct types_value *v);

/* The functions of the types: see types_input and its like. */
int record_input(const struct types_session *s, uint32_t oid, struct slice text,
                 struct buf *scratch, struct slice *ret, struct err *err) MUSTCHECK;
int record_receive(const struct types_session *s, uint32_t oid, struct slice data,
                   struct buf *scratch, struct slice *ret, struct err *err) MUSTCHECK;
int record_output(const struct types_session *s, struct slice stored, struct buf *out,
                  struct err *err) MUSTCHECK;
int record_send(const struct types_session *s, struct slice stored, struct buf *out,
                struct err *err) MUSTCHECK;
/* By fields, as PostgreSQL's operators: <0, 0, >0 in ${ret}.  -1: 42804, rows that are not alike;
 * 42883, a type that has no order, or, if ${equality} is all that is asked for, not even that. */
int record_compare(const struct types_set *set, struct slice a, struct slice b, bool equality,
                   int *ret, struct err *err) MUSTCHECK;
