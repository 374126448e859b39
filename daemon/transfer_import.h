/* transfer_import.h: between the files of `partywall import`.
 *
 *   transfer_import.c   the command, the rows of a table, and what is done before and after
 *   transfer_file.c     rows out of a file that `partywall export` made */
#pragma once

#include "daemon/transfer.h"

#define IMPORT_COLUMNS_MAX 1700

struct target_column {
    const struct catalog_column *column;
    bool tenant, late, key;
};

struct import {
    const struct transfer_options *o;
    struct transfer t;    /* where they come to */
    const char **order;   /* "schema", "table" of what is in the file, in turn; ours */
    size_t norder, at;    /* at: the table that is being read */
    FILE *late;           /* statements, each with a NUL */
    /* the table that is being read */
    const struct transfer_table *table;
    bool skipped; /* a shared one that was not asked for */
    struct target_column columns[IMPORT_COLUMNS_MAX];
    size_t ncolumns;
    struct buf batch, single; /* rows of VALUES: all of them, and each with its length before it */
    size_t nbatch, row, rows;
};

/* It will come, after those that were said before. */
int import_order(struct import *x, const char *schema, const char *table, struct err *err) MUSTCHECK;
/* The table whose rows come now, and its columns in their order. */
int import_table(struct import *x, const char *schema, const char *name, struct err *err) MUSTCHECK;
int import_column(struct import *x, const char *name, struct err *err) MUSTCHECK;
/* One of its rows (${arg}: the import), and: they have all come. */
int import_row(void *arg, const struct slice *values, size_t n, struct err *err) MUSTCHECK;
int import_flush(struct import *x, struct err *err) MUSTCHECK;

/* All tables of the file. */
int import_file(struct import *x, struct err *err) MUSTCHECK;
