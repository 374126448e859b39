/* ddl_index.h: between the files that make indexes.
 *
 * ddl_index.c  rows, CREATE INDEX    ddl_index_part.c  what an index is on    ddl_index_text.c  its
 * definition    ddl_index_columns.c  rows of its columns    ddl_key.c  PRIMARY KEY and UNIQUE
 *
 * "store.index" keeps what a definition is made of: SQLite's text (empty: SQLite has no such index,
 * because it would change no answer), the method, and for each part the text of an expression
 * (NULL: a column) and what follows it: collation, operator class, order. */
#pragma once

#include "daemon/store/depend.h"

#define INDEX_PARTS_MAX 32

struct index_part {
    int16_t attnum; /* 0: an expression */
    uint32_t type, collation, opclass;
    int option;         /* pg_index.indoption: 1 DESC, 2 NULLS FIRST */
    const char *sqlite; /* in SQLite, without order */
    const char *text;   /* of an expression, else NULL */
    const char *suffix; /* " COLLATE "C" text_pattern_ops DESC" */
    const char *naming; /* what the index's name says of it */
};

struct index_spec { /* what is to be created; all palloc'd or borrowed */
    const char *name;
    uint32_t oid, method; /* oids of pg_class, pg_am */
    const char *method_name;
    bool unique, primary, nulls_not_distinct;
    int n, nkeys; /* parts; those that are not INCLUDEd */
    struct index_part parts[INDEX_PARTS_MAX];
    const char *predicate, *predicate_sqlite;
    const char *options; /* JSON array "fillfactor=70", or NULL */
};

/* btree. */
void index_spec_init(struct index_spec *x);
/* 42704 `access method "x" does not exist`. */
int index_method(struct ddl *d, const char *name, struct index_spec *x) MUSTCHECK;
/* A column; ${key}: of a constraint (42703's text). */
int index_column(struct ddl *d, const struct store_table *t, const char *name, bool key,
                 struct index_spec *x) MUSTCHECK;
int index_element(struct ddl *d, const struct store_table *t, const IndexElem *e,
                  struct index_spec *x) MUSTCHECK;
/* WITH (fillfactor = 70). */
int index_options(struct ddl *d, const List *options, struct index_spec *x) MUSTCHECK;
/* "a_b", as PostgreSQL names an index after its parts. */
const char *index_naming(const struct index_spec *x);
/* Rows of pg_class, pg_index and the store's own; the oid goes to ${x}. */
int index_rows(struct ddl *d, const struct store_table *t, struct index_spec *x) MUSTCHECK;

/* -- ddl_index_columns.c -- */
/* The rows of pg_attribute that ${x} has of its own, anew; its row of pg_index is there. */
int index_columns(struct ddl *d, const struct index_spec *x) MUSTCHECK;

/* -- ddl_index_text.c -- */
const char *index_sqlite(const struct store_table *t, const struct index_spec *x,
                         const char *sqlite_name);
const char *index_json(const struct index_spec *x, const char *(*of)(const struct index_part *p));
const char *index_part_text(const struct index_part *p);
const char *index_part_suffix(const struct index_part *p);
