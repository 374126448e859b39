/* copy_stream.h: adds a column to the rows of COPY ... FROM STDIN while they pass.
 *
 * The column comes first in each row: its value is written where a row begins, so finding the
 * beginnings is all that must be understood of the data.  They are found as PostgreSQL finds them
 * (CopyReadLineText and NextCopyFrom of copyfromparse.c): line ends of one style, backslashes,
 * quotes over line ends, `\.`, the header line; in binary the counts and lengths.  The boundaries
 * of messages mean nothing, nothing but two bytes is ever held back, and rows are neither assembled
 * nor judged.
 *
 * What PostgreSQL will refuse, or will not read any more, passes as it is from there on: the error
 * is PostgreSQL's. Nothing depends on this reading but the completion: that each row is the
 * tenant's is checked where it is stored (the condition that policy/scope_copy.c puts into the
 * COPY). */
#pragma once

#include "protocol/buf.h"
#include "protocol/err.h"
#include "protocol/slice.h"

#include <stdbool.h>
#include <stdint.h>

enum copy_kind { COPY_TEXT, COPY_CSV, COPY_BINARY };
enum copy_header { COPY_NO_HEADER, COPY_HEADER, COPY_HEADER_MATCH };

struct copy_format {
    enum copy_kind kind;
    enum copy_header header;
    char delimiter, quote, escape; /* the last two: CSV.  ${quote} is no backslash */
};

struct copy_stream {
    struct copy_format format;
    struct slice first;  /* what each row begins with; borrowed, as is ... */
    struct slice header; /* ... this, of the header line */
    unsigned char state; /* enum state or enum binary, copy_stream.c */
    unsigned char line_end;
    char held[2];
    unsigned char nheld;
    bool in_header, in_quote, escaped;
    uint32_t left;  /* binary: bytes of what is being passed or read */
    uint32_t value; /* binary: the number being read */
    uint32_t fields;
};

/* The bytes with which a row begins that has ${value} in a first column of the type ${type_oid}:
 * escaped or quoted, with the delimiter; in binary with its length. -1: no value of that type
 * (22P02), or a type whose binary form is not known (0A000). */
int copy_first(const struct copy_format *f, uint32_t type_oid, struct slice value, struct buf *ret,
               struct err *err) MUSTCHECK;

void copy_stream_init(struct copy_stream *c, const struct copy_format *f, struct slice first,
                      struct slice header);
/* Append to ${out} what goes on of ${in}, which may end anywhere. */
void copy_stream_feed(struct copy_stream *c, struct slice in, struct buf *out);
/* No more comes: append what was held back. */
void copy_stream_end(struct copy_stream *c, struct buf *out);
