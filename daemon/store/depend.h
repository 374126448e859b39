/* depend.h: which object needs which: the rows of pg_depend, and DROP by them.
 *
 * An object is a row of a catalog (its class), or a column of a relation (`sub`).  Whoever creates
 * an object adds what it needs with depend_add; depend_drop then does what PostgreSQL's
 * dependency.c does: it finds everything that needs the object, refuses (2BP01 with its DETAIL) or
 * tells what goes too, and deletes all of it, dependents first.  Nothing is recorded of built-in
 * objects.
 *
 * Types of dependencies: 'n' normal: refused without CASCADE.  'a' auto: goes silently.  'i'
 * internal: part of the other: cannot be dropped alone, and drags the other along. */
#pragma once

#include "daemon/store/ddl.h"

enum depend_class {
    DEPEND_TYPE = 1247,
    DEPEND_PROC = 1255,
    DEPEND_RELATION = 1259,
    DEPEND_DEFAULT = 2604,
    DEPEND_CONSTRAINT = 2606,
    DEPEND_SCHEMA = 2615,
    DEPEND_RULE = 2618,
    DEPEND_EXTENSION = 3079,
};

struct object {
    uint32_t class_oid, oid;
    int32_t sub; /* attnum of a column, else 0 */
};

static inline struct object object_of(enum depend_class class_oid, uint32_t oid)
{
    return (struct object){class_oid, oid, 0};
}
static inline struct object object_column(uint32_t table, int16_t attnum)
{
    return (struct object){DEPEND_RELATION, table, attnum};
}

/* ${o} needs ${on}. */
int depend_add(struct ddl *d, struct object o, struct object on, char type) MUSTCHECK;
/* Forget what ${o} needs; ${on} NULL: all of it. */
int depend_forget(struct ddl *d, struct object o, const struct object *on) MUSTCHECK;
/* ... but only of the type. */
int depend_forget_type(struct ddl *d, struct object o, char type) MUSTCHECK;
/* The columns of ${t} (may be NULL), sequences and types that ${expression} names: ${o} needs them,
 * the columns as ${type}. */
int depend_expression(struct ddl *d, struct object o, const struct store_table *t,
                      const Node *expression, char type) MUSTCHECK;

/* The columns of ${t} that ${expression} names, as JSON of a vector; NULL: none. */
const char *depend_columns(struct ddl *d, const struct store_table *t, const Node *expression);

/* DROP: 2BP01, or they are gone, with all that needed them. */
int depend_drop(struct ddl *d, const struct object *objects, size_t n, bool cascade) MUSTCHECK;

/* ... with all that needs them, and not a word. */
int depend_drop_quietly(struct ddl *d, const struct object *objects, size_t n) MUSTCHECK;

/* -- depend_describe.c -- */
/* "table t", "column a of table t", "constraint c on table t" ...: appended to ${out}. */
int depend_describe(struct ddl *d, struct object o, struct buf *out) MUSTCHECK;
/* pg_class.relkind's word: "table", "index" ... */
const char *depend_relkind(char kind);

/* -- depend_delete.c -- */
/* Delete exactly these, in this order. */
int depend_delete(struct ddl *d, const struct object *objects, size_t n) MUSTCHECK;
