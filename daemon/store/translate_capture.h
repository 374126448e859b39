/* translate_capture.h: what the query of a view names, found while it is translated.
 *
 * A view is kept as text that means the same whatever the search_path is and whatever is renamed
 * later: while tr->capture is set, the translator writes what it has resolved into the tree:
 * schemas and aliases of tables, the columns of stars, the names of outputs, schemas of types.  A
 * rename is made in the same way: `renamed` is called otherwise wherever it is found.  Nothing is
 * done inside the views that a query reads. */
#pragma once

#include "daemon/store/translate_tree.h"

struct capture_use { /* attnum 0: the table itself */
    uint32_t oid;
    int16_t attnum;
    bool is_type;
    bool is_key; /* a constraint: what GROUP BY lets through hangs on it */
};

struct capture {
    List *uses;  /* struct capture_use, each once */
    List *stars; /* of the list at hand: struct capture_star */
    /* a rename to be made: of table (attnum 0), column or type (is_type) */
    const struct capture_use *renamed;
    const char *old_schema;            /* instead: all of this schema */
    const char *new_schema, *new_name; /* NULL: as it is */
};

void capture_use(struct tr *tr, const struct expr *e);
void capture_key(struct tr *tr, uint32_t constraint);
void capture_table(struct tr *tr, RangeVar *rv, const struct store_table *t);
/* All tables in the text have an alias.  Was this one the store's doing? */
bool capture_alias_hidden(const RangeVar *rv);
void capture_column(struct tr *tr, ColumnRef *ref, const struct expr *e);
/* NATURAL JOIN is USING what the tables have in common now. */
void capture_natural(struct tr *tr, JoinExpr *j, List *names);
void capture_type(struct tr *tr, TypeName *name, const struct types_user *type);
/* A star has become the targets (List of struct target) from index ${first} on. */
void capture_star(struct tr *tr, const ResTarget *star, const List *targets, int first);
bool capture_active(const struct tr *tr);
/* A literal that was read as the session's settings or its clock say is written as a value. */
void capture_literal(struct tr *tr, const struct expr *e, uint32_t type,
                     const struct types_value *v);
void capture_name(struct tr *tr, ResTarget *target, const char *name);
/* The list that stars stand in is read: put their columns in it. */
void capture_list(struct tr *tr, List *list);
