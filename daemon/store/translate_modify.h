/* translate_modify.h: what INSERT, UPDATE and DELETE share. */
#pragma once

#include "daemon/store/translate_steps.h"

/* Assignments of SET, in order; `left[i]` may name several columns: ("a", "b"). */
struct modify_set {
    const struct store_table *table;
    List *left, *right; /* text */
    List *columns;      /* struct store_column */
    List *values;       /* text: one for each of them */
};

/* Analyse a SET list into ${ret}, whose `table` is given. */
void modify_set(struct scope *s, List *targets, struct modify_set *ret);
const char *modify_set_text(const struct modify_set *set);
/* The column that a target names: 42703. */
const struct store_column *modify_column(struct tr *tr, const struct store_table *t,
                                         const ResTarget *rt);
/* What DEFAULT means for ${c}. */
const char *modify_default(struct tr *tr, const struct store_table *t,
                           const struct store_column *c);
/* The text of ${e} as a value for ${c}: 23502 for a NULL where SQLite would make up a rowid. */
const char *modify_value(const struct store_table *t, const struct store_column *c,
                         const struct expr *e);
/* Is there a subquery in ${node} that reads ${table}? */
bool modify_reads(const struct tr *tr, Node *node, const struct store_table *table);
/* A level where the target's columns are said as RETURNING must say them. */
struct scope *modify_returning_scope(struct tr *tr, struct scope *from,
                                     const struct store_table *table, const char *name,
                                     bool aliased);
/* Analyse RETURNING into ${m}: the text of the outputs, or "". */
const char *modify_returning(struct scope *s, List *list, struct modified *m);
/* ${text} with what it RETURNs, and looks at, of the rows it stores. */
const char *modify_with_outputs(struct tr *tr, const char *text, const char *outputs,
                                struct modified *m);
/* 428C9: a value for a column that is GENERATED ALWAYS AS IDENTITY. */
void modify_refuse_identity(struct tr *tr, const struct store_column *c, OverridingKind override);
/* translate_merge.c */
struct modified modify_merge(struct tr *tr, MergeStmt *stmt);
/* translate_insert.c */
struct modified modify_insert(struct tr *tr, struct scope *parent, InsertStmt *stmt);
/* translate_generated.c */
/* Take generated columns out of an INSERT; 428C9. */
void generated_insert(struct tr *tr, const struct store_table *t, InsertStmt *stmt);
/* Is ${value}, for ${c}, the DEFAULT of a generated column?  428C9 for another value of such. */
bool generated_value(struct tr *tr, const struct store_column *c, const Node *value);
/* SET ${c} = DEFAULT of a generated column: nothing to do.  428C9 for another value. */
bool generated_set(struct tr *tr, const struct store_column *c, const Node *value);
