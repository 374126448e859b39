/* transfer.h: one tenant's rows, out of a database and into another: `partywall export` and `import`.
 *
 *   transfer_tables.c   which tables, in which order, and which of their rows (by the policy's rules)
 *   transfer_export.c   to a file of SQL, or to a store's folder
 *   transfer_import.c   from either, in one transaction (transfer_file.c reads the file)
 *
 * The file is SQL that psql takes, too: COPY of each table, parents before children.  What stands in it:
 * rows alone; the tables are there, made by the same migrations. */
#pragma once

#include "daemon/talk.h"
#include "protocol/buf.h"

#include <stdio.h>

struct transfer_options {
    const char *conf_path, *tenant;
    const char *as;   /* IMPORT: its name there; NULL: the same */
    const char *path;
    bool to_store;    /* EXPORT */
    bool shared;      /* rows of shared tables, too */
    bool replace;     /* IMPORT: instead of the rows it has */
};

/* Exit status. */
int transfer_export(const struct transfer_options *o);
int transfer_import(const struct transfer_options *o);

/* -- transfer_tables.c -- */

struct transfer_table {
    const struct catalog_relation *relation;
    const char *tenant_column; /* NULL: shared, or by its parent */
    bool shared;
};

struct transfer { /* one database, as a command sees it */
    struct conf *conf;
    const char *tenant;
    const struct conf_tenant *entry;
    struct talk *talk;
    struct catalog *catalog;
    bool alone; /* the database is the tenant's: all rows are */
    struct transfer_table *tables; /* parents first, as far as that is possible */
    size_t ntables;
};

/* By the policy of ${conf}; takes ${talk}.  -1: transfer_end follows, too. */
int transfer_begin(struct transfer *t, struct conf *conf, const char *tenant, struct talk *talk,
                   struct err *err) MUSTCHECK;
void transfer_end(struct transfer *t);
const struct transfer_table *transfer_find(const struct transfer *t, const char *schema,
                                           const char *name);
/* "schema"."table" */
void transfer_name(const struct catalog_relation *r, struct buf *sql);
void transfer_quote(const char *name, struct buf *sql);
void transfer_literal(struct slice text, struct buf *sql);
void transfer_put(struct buf *sql, const char *text);
/* The condition that a row is the tenant's; of shared tables: true. */
void transfer_condition(const struct transfer *t, const struct transfer_table *table, struct buf *sql);
/* SQL as a C string; NULL: ${err}. */
const char *transfer_sql(struct buf *sql, struct err *err);
