/* translate_steps.h: statements that SQLite cannot run in one go, as several; see rows.h.
 *
 * A statement that writes inside WITH, or returns what SQLite's RETURNING cannot say, becomes a list
 * of steps and a last query that only reads.  All of them must see the database as it was before the
 * statement: tables that any of them writes are read through a query that puts back what the steps
 * have changed so far (steps_table). */
#pragma once

#include "daemon/store/translate_tree.h"

/* A statement that writes, translated: its last step, which may not have been added yet. */
struct modified {
    struct translate_step step;
    struct target *targets; /* RETURNING */
    int ntargets;
    enum translate_tag tag;
    const struct store_table *table;
    bool watched; /* what it changes must be: it is a step */
    bool reads; /* the step only reads: its rows are what has been changed */
};

/* INSERT, UPDATE, DELETE, MERGE; what must run before it has been added to the steps. */
struct modified modify_stmt(struct tr *tr, struct scope *parent, Node *stmt);
/* As a statement of its own. */
void translate_modify(struct tr *tr, Node *stmt, struct translate_result *ret);

/* Does a part of it write? */
bool with_writes(const WithClause *with);
/* Note which tables ${stmt} and what is in its WITH write; 0A000 when that cannot be put in order.
 * To be called before anything is translated. */
void steps_begin(struct tr *tr, Node *stmt);
/* From here on ${t} is read as it was before the statement. */
void steps_write(struct tr *tr, const struct store_table *t);
/* Do several parts of the statement write ${t}? */
bool steps_shared(const struct tr *tr, const struct store_table *t);
/* ${t} for FROM: its name, or a query of what it was. */
const char *steps_table(struct tr *tr, const struct store_table *t);
/* The next free slot. */
int steps_slot(struct tr *tr);
void steps_add(struct tr *tr, const struct translate_step *step);
/* Is the WITH query ${name} read anywhere in the statement? */
bool steps_mentioned(const struct tr *tr, const char *name);
/* A name of the rowid that no column hides. */
const char *steps_rowid(struct tr *tr, const struct store_table *t);
/* A SELECT whose WITH has steps after it: it becomes one itself. */
void steps_finish_select(struct tr *tr, const struct query *q, struct translate_result *ret);
/* The steps into ${ret}. */
void steps_finish(struct tr *tr, struct translate_result *ret);
