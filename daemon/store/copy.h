/* copy.h: COPY, between copy.c (options and analysis), copy_out.c and copy_in*.c. */
#pragma once

#include "daemon/store/portal.h"
#include "daemon/store/verbs.h"

enum copy_format_kind { COPY_AS_TEXT, COPY_AS_CSV, COPY_AS_BINARY };
enum copy_header_kind { COPY_HEADER_NONE, COPY_HEADER_SKIP, COPY_HEADER_SAME };

struct copy_column {
    const char *name;
    uint32_t type;
    int32_t typmod;
    bool force_quote, force_not_null, force_null;
};

/* In the arena of the prepared statement. */
struct copy_plan {
    bool from;
    enum copy_format_kind format;
    enum copy_header_kind header;
    char delimiter, quote, escape;
    const char *null;
    bool freeze;
    const char *relation; /* FROM: what it is called in contexts */
    struct copy_column *columns;
    size_t ncolumns;
};

/* The options of ${s} into ${plan}; columns must be known.  ${t} NULL: those of a query. */
int copy_plan_options(struct prepared *p, const CopyStmt *s, const struct store_table *t,
                      struct copy_plan *plan, struct err *err) MUSTCHECK;
int copy_out(struct store_conn *c, struct portal *p, struct err *err) MUSTCHECK;
int copy_in(struct store_conn *c, struct portal *p, struct err *err) MUSTCHECK;

/* -- copy_in_data.c: the bytes of the client as lines, lines as fields -- */
enum copy_line_end { LINE_END_UNKNOWN, LINE_END_NL, LINE_END_CR, LINE_END_CRNL };

struct copy_data {
    struct store_conn *c;
    const struct copy_plan *plan;
    struct slice raw; /* what is left of the CopyData read last */
    bool eof;
    enum copy_line_end line_end;
    uint64_t line_number;
    struct buf line;   /* the line read last, without its end */
    struct buf fields; /* its fields one after the other, each with a NUL */
    size_t *starts;    /* of the fields in there; SIZE_MAX: NULL */
    size_t nfields, cap;
};

/* One more message of the client.  False: CopyDone came (data->eof).  -1: CopyFail, or it is gone. */
int copy_data_more(struct copy_data *d, struct err *err) MUSTCHECK;
/* The next line: 1, 0 at the end, -1: 22P04 ... */
int copy_data_line(struct copy_data *d, struct err *err) MUSTCHECK;
/* Cut it into fields: d->fields. */
int copy_data_fields(struct copy_data *d, struct err *err) MUSTCHECK;
/* ${n} bytes of a binary COPY into d->line: 1, 0 when none came before the end, -1: 22P04. */
int copy_data_bytes(struct copy_data *d, size_t n, struct err *err) MUSTCHECK;
