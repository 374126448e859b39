/* scope.h: confining one query to the tenant's rows: what is decided, before anything is changed.
 *
 * scope_statement walks a statement once, with PostgreSQL's rules of visibility, and
 *   - resolves every relation (CTE, catalog relation, table) and has each name authorised,
 *   - gives each scoped relation a `leaf` and finds where its predicate goes (the climb rule),
 *   - finds conditions that could run on other tenants' rows and must be fenced,
 *   - records all of it as a list of changes, and changes nothing.
 * scope_tree.c carries the changes out on the tree, splice.c on the text, neither knowing of the other;
 * verify.c compares.  All memory is palloc'd in the statement's context.
 *
 *   scope.c         statements, SELECT levels, CTEs          scope_names.c   names -> sources, columns
 *   scope_from.c    FROM: the climb rule, wraps              scope_expr.c    expressions, sublinks
 *   scope_fence.c   leaky conditions                         scope_access.c  relation -> rule
 *   scope_insert.c  INSERT, ON CONFLICT  scope_update.c  UPDATE, DELETE, SET lists
 *   scope_parent.c  foreign keys that are written
 *   scope_follows.c what changes with what is written or deleted
 *   scope_merge.c   MERGE                scope_copy.c    COPY; copy_options.c, copy_check.c: of FROM STDIN
 *   scope_named.c   EXPLAIN, EXECUTE, WHERE CURRENT OF
 *   scope_call.c    calls about channels and advisory locks
 *   scope_schema.c  a schema for each tenant
 *   scope_catalog.c relations of the system's  scope_object.c  functions and casts about their rows
 *   scope_answer.c  calls and names that are answered by what the client may see
 *   scope_columns.c rules for columns    scope_group.c   GROUP BY primary key, of a subselect
 *   scope_nodes.c, scope_mask.c, scope_slots.c  what scope_tree.c puts into the tree, and where */
#pragma once

#include "policy/authorise.h"
#include "policy/nodes.h"
#include "policy/plan.h"
#include "policy/policy.h"
#include "policy/splice_tokens.h"
#include "protocol/copy_stream.h"

/* -- which rows of a relation are the tenant's -- */

struct access {
    const struct catalog_relation *rel;
    const struct rule_table *entry; /* NULL: unlisted */
    enum rule_kind kind;            /* SCOPED, THROUGH or SHARED: others were refused */
    const struct catalog_column *tenant; /* SCOPED; NULL only where all rows are the tenant's */
    const struct catalog_column *column; /* THROUGH: column -> parent.key */
    const struct access *parent;
    const struct catalog_column *key;
    bool whole; /* reads need no predicate: the database looks at each row, or others' are not here */
    const struct rule_column **columns; /* the rule, or NULL, of each column of rel; NULL: there are none */
    const struct catalog_relation *seen; /* rel as it is read: denied columns are missing, and nothing
                                            is known of the types of masked ones */
    bool hides; /* ... which differs from rel */
};

/* A column as a reader gets it: the wrap of its relation consists of these, and a reference to a masked
 * column of a target, which cannot be wrapped, becomes one. */
struct shown {
    const char *ref; /* the name its relation is reached by; NULL: inside of the wrap */
    const struct catalog_column *column; /* of rel, with its type; NULL: ref.*, of a relation without rules */
    const struct rule_column *mask; /* NULL: as it is */
};

/* The column that says whose a row is. */
static inline const struct catalog_column *scope_own_column(const struct access *a)
{
    return a->kind == RULE_SCOPED ? a->tenant : a->column;
}

/* -- names in FROM -- */

struct output { /* a column of a subquery, a CTE or a function */
    const char *name;  /* NULL: not known */
    uint32_t type_oid; /* 0: not known */
    bool object;       /* an oid from rows of the system's that the client may see: scope_object.c */
    bool relied;       /* ... and somebody has relied on it */
};

struct outputs { /* NULL instead: nothing is known about the columns */
    int n;
    struct output *items;
};

struct leaf { /* one relation in FROM, or a target, whose rows must be confined */
    RangeVar *var;
    Node **slot;        /* where the tree holds it; NULL for targets */
    const struct access *access;
    const char *ref;    /* the name its columns are reached by */
    const char *column; /* the tenant (or through) column under that name */
    bool nullable;      /* on the nullable side of a join below the clause now looked at */
    bool wrap;          /* becomes a subselect */
    bool barrier;       /* ... with OFFSET 0: its name is not visible outside */
    bool sampled;       /* the slot holds its TABLESAMPLE */
    bool whole;         /* named as a row, or by a system column: a subselect would not do */
    int number;         /* among the wrapped ones of the statement */
    bool scan_level;    /* THROUGH: the predicate must be applied where the table is read */
};

struct source {
    struct source *next;
    const char *alias;  /* NULL: unnamed */
    const char *schema; /* of a relation without an alias: schema.relation.column is legal */
    const char *said;   /* what the client calls that schema instead; NULL: nothing else */
    struct leaf *leaf;
    const struct catalog_relation *rel; /* as it is read */
    const struct access *hides;  /* its relation has columns that are not read as they are */
    bool bare;                   /* ... and is a target: nothing but the check of references hides them */
    const List *colnames;        /* alias column list */
    const struct catalogs_relation *catalog; /* a relation of the system's, confined */
    bool named;                              /* ... by its schema, too */
    struct change *confining;                /* by this */
    const struct outputs *outputs;
    const char *lists;           /* of the subquery's level */
    SelectStmt *subquery;        /* FROM (subquery), or the CTE's: where a barrier would go */
    List *merged_as;             /* aliases of joins by USING that it is in: char * */
    bool confined;               /* the subquery reads scoped relations */
    List *hidden;                /* struct source *: what a join with an alias took away */
};

struct made { /* a key of rows that a WITH inserts, as its RETURNING gives it */
    const char *cte, *name; /* name: of the column, outside */
    const struct catalog_relation *rel;
    const struct catalog_column *column;
};

struct cte {
    struct cte *next; /* further out, or earlier */
    List *made;       /* struct made * */
    const char *name;
    SelectStmt *query; /* NULL: data-modifying, or recursive: never merged into the query around it */
    const struct outputs *outputs;
    const List *names; /* of its columns; recursive ones only */
    bool confined;
};

struct level { /* one SELECT, UPDATE, DELETE, INSERT */
    struct level *outer; /* whose columns are visible here */
    struct source *sources;
    struct cte *ctes;
    const List *targets; /* the select list */
    int nrelations;
    RangeVar *anchor;    /* any relation of FROM */
    bool reaches_out;    /* has a leaky condition that may refer to an outer level */
    bool confined;       /* reads scoped relations, itself or below */
    bool from_subquery;  /* stands in FROM or is a CTE */
    bool merged;         /* a join by USING or NATURAL: `*` is not the sources in order */
    bool item;           /* the whole of a subquery in FROM */
    const char *lists;   /* a relation of the system's that it lists without a condition */
    bool locked;         /* rows are locked: FOR UPDATE here or around */
    bool sets;           /* grouping sets, here or where it may become a join */
    struct cte *body_of; /* a recursive one */
};

struct sublink { /* a sublink and the level inside it: is it fit to stay outside of a fence? */
    const SubLink *link;
    const struct level *inner;
    const struct outputs *outputs;
};

struct select_note { /* which level a plain SELECT made */
    const SelectStmt *stmt;
    const struct level *level;
};

/* -- what is to be changed -- */

enum change_kind {
    CHANGE_WHERE,   /* quals, and fenced conditions, in the WHERE of `stmt` */
    CHANGE_ON,      /* the same in the ON of `join` */
    CHANGE_HAVING,  /* fences alone */
    CHANGE_WRAP,    /* leaf -> (SELECT * FROM leaf WHERE qual) alias; scope_stays: -> (leaf JOIN (SELECT) ON qual) */
    CHANGE_BARRIER, /* OFFSET 0 at the end of a subquery */
    CHANGE_COLUMNS, /* INSERT: column list added or lengthened */
    CHANGE_APPEND,  /* the tenant's value at the end of each row or target list */
    CHANGE_STAR,    /* the one * of a select list becomes its columns */
    CHANGE_VALUE,   /* the value of one column checked */
    CHANGE_CONFLICT, /* DO UPDATE ... WHERE */
    CHANGE_EXPAND,  /* INSERT ... DEFAULT VALUES -> (tenant) VALUES (value) */
    CHANGE_MERGE_ON, /* quals and fences in the ON of MERGE */
    CHANGE_MERGE_INSERT, /* column and value added to its WHEN ... INSERT */
    CHANGE_COPY,    /* COPY t TO -> COPY (SELECT ... FROM t WHERE qual) TO */
    CHANGE_CATALOG, /* a relation of the system's -> (SELECT columns FROM relation WHERE rows) alias */
    CHANGE_COPY_IN, /* COPY t FROM: the tenant's column, and a WHERE that each row passes or fails loudly */
    CHANGE_SCHEMA,  /* the name of a relation, a column or a type gets its schema, `schema` */
    CHANGE_NO_SCHEMA, /* schema.relation.column, of a wrapped relation, loses its schema */
    CHANGE_MASK,    /* a reference to a masked column of a target */
    CHANGE_ANSWER,   /* `stmt`, a call or an item of FROM that is one, becomes (SELECT text AS ref) */
    CHANGE_LOOKUP,   /* around the name `stmt` goes `text` ... `close`, which looks it up */
    CHANGE_RETURNING, /* a star in RETURNING becomes the columns that may be read */
    CHANGE_GROUP,   /* columns that the primary key decided, at the end of GROUP BY */
    CHANGE_EXPLAIN, /* COSTS OFF */
    CHANGE_EXECUTE, /* EXECUTE name(args) -> EXECUTE partywall(args, tenant) */
    CHANGE_CHANNEL, /* the first argument of pg_notify */
    CHANGE_LOCK     /* the arguments of a function of advisory locks become one */
};

struct fence { /* the condition runs only where these hold */
    int index;    /* which conjunct, in text order; -1: all as one */
    List *leaves; /* struct leaf *; for those in `nullable` a NULL tenant column holds too */
    List *nullable;
    struct fence *right; /* the conjunct is an equality whose sides have a fence each; this is the left's */
};

enum value_check {
    CHECK_TENANT,  /* must equal the tenant */
    CHECK_DEFAULT, /* DEFAULT: becomes the tenant */
    CHECK_PARENT   /* must be NULL or the key of one of the tenant's own rows */
};

enum value_form { /* how a value that must be the key of a row is read */
    FORM_LOOKUP, /* COALESCE((SELECT key FROM parent WHERE key = value), fail) */
    FORM_TWICE,  /* CASE WHEN value::column's type IN (SELECT key FROM parent) THEN value ELSE fail END */
    FORM_ONCE,   /* the same around the one row of (SELECT value OFFSET 0) */
    FORM_ROWS    /* CASE WHEN EXISTS (a value of `rows` that is no key of parent) THEN fail ELSE value END */
};

struct beside { /* another column of the same foreign key */
    const struct catalog_column *into; /* that is written, or keeps its value */
    const struct catalog_column *key;
    Node *source;       /* its value */
    Node *value;        /* a copy of that */
    int item;           /* where it is written; -1: it keeps its value ... */
    const char *column; /* ... in this column */
};

struct row { /* a further row of VALUES */
    int row;
    Node *value;
};

struct value_change {
    enum value_check check;
    const struct catalog_relation *rel;
    const struct catalog_column *column;
    const struct access *parent; /* CHECK_PARENT */
    const struct catalog_column *key;
    const char *constraint;
    enum value_form form;
    List *rows;              /* FORM_ROWS: struct row *, looked up with this one */
    const struct made *made; /* rows of the parent that the statement makes; NULL: none */
    List *beside;            /* struct beside *: a foreign key of several columns */
    bool doubtful;           /* the statement may make the row itself, unseen */
    bool nullable; /* NULL passes */
    bool orphans;  /* NULL would make the row nobody's: 42501 */
    bool as_text;  /* CHECK_TENANT: its type may not compare with text, to which storing it would cast it */
};

enum place_kind {
    PLACE_ROW,
    PLACE_TARGET,
    PLACE_STAR, /* the item-th column of a CHANGE_STAR */
    PLACE_SET,
    PLACE_CONFLICT_SET,
    PLACE_MERGE_SET, /* `row` says which WHEN */
    PLACE_MERGE_VALUE
};

struct change {
    enum change_kind kind;
    Node *stmt;      /* the statement or SELECT concerned */
    JoinExpr *join;
    struct leaf *leaf;
    Node **slot;     /* CHANGE_CATALOG: where the tree holds `anchor`, and */
    const char *text; /* what goes there instead, but for its end */
    const char *close;    /* CHANGE_LOOKUP: behind */
    const TypeCast *cast; /* ... of the name that this casts */
    const FuncCall *call; /* ... or that is this one's first argument */
    const Node *answered; /* CHANGE_ANSWER: the call */
    bool barrier;    /* OFFSET 0 at the end */
    List *leaves;    /* struct leaf * whose quals are added */
    List *fences;    /* struct fence * */
    RangeVar *anchor; /* a relation of the level: where the text walk starts */
    InsertStmt *insert;
    const struct access *access; /* INSERT, COPY */
    const char *schema;  /* CHANGE_SCHEMA of `stmt`, a RangeVar, ColumnRef or TypeName */
    List *columns;   /* of char *: CHANGE_COLUMNS; of ColumnRef *: CHANGE_STAR, CHANGE_GROUP */
    List *shown;     /* struct shown *: CHANGE_COPY, CHANGE_MASK (one), CHANGE_RETURNING */
    const ColumnRef *target; /* CHANGE_NO_SCHEMA, CHANGE_MASK, CHANGE_RETURNING: the reference concerned */
    enum place_kind place;
    bool indirect;   /* a part of the column is set: col[1], col.field */
    bool missing;    /* (a, b) = (SELECT ...): NULL when there is no row */
    const RangeVar *into;      /* whose columns are written */
    const struct level *level; /* where the value stands */
    const char *ref;           /* by what its other columns are reached; NULL: a row that is new */
    List *names, *values;      /* char * and Node *: all that is written beside each other */
    bool several;              /* rows may be written, not one */
    int row, item;   /* which row of VALUES; which item of a row, target list or SET list */
    struct change **first;   /* by item: the row that is checked for those behind it, too; NULL: none is */
    struct value_change value;
};

struct copy_in { /* COPY ... FROM STDIN: what is more than its text */
    struct copy_format format;
    const struct catalog_column *fills; /* rows lack it and get it first; NULL: they are complete */
    char *check; /* a statement that fails if a row refers to another tenant's; NULL: none can */
};

struct run { /* bytes of the client's text that the new text keeps */
    uint32_t offset; /* in the new text */
    uint32_t len;
    uint32_t source; /* in the client's */
};

struct scoper {
    struct authorise auth;
    const struct rules *rules;
    const struct catalog *catalog;
    const char *sql;       /* the whole text: locations are offsets in it */
    uint32_t start, end;   /* the statement in it */
    const struct tokens *tokens; /* of the statement */
    List *changes;         /* struct change * */
    struct run *runs;      /* set by splice_text */
    int nruns;
    List *accesses;        /* cache of struct access * */
    List *selects;         /* struct select_note * */
    List *sublinks;        /* struct sublink *, innermost first */
    uint32_t nparams;
    bool untyped;          /* the client gives no types to parameters */
    const bool *param_once; /* of each parameter: does it stand only once? */
    const char *database;  /* what the client calls it; NULL: what the server does */
    const char *seen[4];   /* what the client may see: scope_catalog.c */
    const char *cursor;    /* of WHERE CURRENT OF */
    bool declares;         /* a cursor, on which that may be said */
    int nrelations;        /* RangeVars accounted for */
    struct copy_in *copy_in; /* set by scope_copy */
    int nwraps;
    bool writes;
    bool notifies, locks, unlocks; /* as in a plan */
    bool leaves_out;       /* a star does not show all columns of its relation */
    bool puts;             /* something is put in the place of an expression: scope_slots.c */
    List *written;         /* struct leaf *: the targets of all statements in it */
    bool whole_fences;     /* second try: conditions are not told apart by their conjuncts */
    int depth;
    struct err *err;
};

/* PostgreSQL leaves partitions out of a plan that a constant rules out, and then WHERE CURRENT OF fails, which asks
 * each of them for the current row.  The value of a subselect is known only when the cursor runs. */
static inline bool scope_keeps_parts(const struct scoper *s, const struct access *a)
{
    return s->declares && a->rel->nheirs > 0;
}

/* The name of the hidden parameter is nparams + 1. */
static inline int scope_hidden(const struct scoper *s)
{
    return (int)s->nparams + 1;
}

/* Decide about ${stmt}, a SELECT, INSERT, UPDATE, DELETE, MERGE or COPY, or DECLARE, EXPLAIN and EXECUTE.
 * 0, or -1 with s->err. */
int scope_statement(struct scoper *s, Node *stmt) MUSTCHECK;

/* -- errors: all return -1, with the position -- */
int scope_refuse(struct scoper *s, const char *sqlstate, int location, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* -- scope_access.c -- */
enum { SCOPE_MAX_PARENTS = 8 }; /* of tables scoped through one another */
/* The entry of this very relation, not of a parent; or NULL. */
const struct rule_table *scope_entry(const struct scoper *s, const struct catalog_relation *rel);
/* Whose rows of ${var}, resolved in the catalog?  NULL: refused. */
const struct access *scope_access(struct scoper *s, RangeVar *var);
const struct access *scope_access_relation(struct scoper *s, const struct catalog_relation *rel,
                                           int location);
/* May rows of it be changed?  ${var} for the message. */
int scope_access_write(struct scoper *s, const struct access *a, const RangeVar *var) MUSTCHECK;
/* The parent's access when ${fk} must be checked on write; *ret NULL: no check needed. */
int scope_access_parent(struct scoper *s, const struct access *a,
                        const struct catalog_foreign_key *fk, const struct access **ret) MUSTCHECK;

/* -- scope_schema.c -- */
/* What clients call the schema of their tenant. */
#define SCOPE_SCHEMA_SAID "public"
/* Is all that ${rel} holds the tenant's, because of where it is? */
bool scope_is_own_place(const struct scoper *s, const struct catalog_relation *rel);
/* The schema that ${schema}, written before the name ${name} of a relation, means.  NULL: refused. */
const char *scope_schema_meant(struct scoper *s, const char *schema, const char *name, int location);
/* ${var} has been found to be ${rel}: say so in the text. */
void scope_qualify(struct scoper *s, RangeVar *var, const struct catalog_relation *rel);
/* The qualified name of a column or a type, likewise. */
void scope_qualify_ref(struct scoper *s, const struct source *source, ColumnRef *ref);
void scope_qualify_type(struct scoper *s, TypeName *type);

/* -- scope_names.c -- */
struct source *scope_add_source(struct level *l, const char *alias);
const struct cte *scope_find_cte(const struct level *l, const char *name);
/* Name ${i} of a reference, -1: its last one.  NULL: the star. */
const char *scope_ref_name(const ColumnRef *ref, int i);
/* Check a reference; 0 or -1. */
int scope_check_ref(struct scoper *s, struct level *l, ColumnRef *ref) MUSTCHECK;
/* Type of a reference, 0 unknown. */
uint32_t scope_ref_type(const struct level *l, const ColumnRef *ref);
/* May ${ref} mean a column of ${source} (a source of ${l})? */
bool scope_ref_may_mean(const struct source *source, const ColumnRef *ref);
/* Is ${ref} surely a column of one of ${l}'s own sources? */
bool scope_ref_is_inner(const struct level *l, const ColumnRef *ref);
/* Name of the ${i}th column of a source; NULL: not known. */
const char *scope_column_name(const struct source *source, int i);
int scope_column_count(const struct source *source); /* -1: not known */
/* The columns that ${ref}, a star, stands for, as `source.column`; NIL: not known. */
List *scope_star_columns(const struct level *l, const ColumnRef *ref);
/* Columns of a select list or RETURNING list; NULL: not known. */
const struct outputs *scope_outputs(struct scoper *s, const struct level *l, const List *targets,
                                    const List *names);
/* All columns of the sources from ${first} to before ${end}; NULL: not known. */
const struct outputs *scope_all_outputs(const struct source *first, const struct source *end);

/* May the column be ${name}? */
bool scope_source_has(const struct source *source, const char *name);
/* Is ${name} surely a column of ${source}? */
bool scope_source_shows(const struct source *source, const char *name);
bool scope_is_system_column(const char *name);
/* The source that ${ref}'s qualifier names; NULL: none. */
const struct source *scope_qualifier(const struct level *l, const ColumnRef *ref);
/* The innermost source called ${name}. */
const struct source *scope_find_source(const struct level *l, const char *name);
/* Is ${ref} surely an object: scope_object.c? */
bool scope_ref_is_object(const struct level *l, const ColumnRef *ref);

/* The relation of the system's that it is surely a column of; NULL: none. */
const struct catalogs_relation *scope_ref_catalog(const struct level *l, const ColumnRef *ref);

/* -- scope_catalog.c -- */
/* May the client read ${rel}? */
bool scope_may_read(struct scoper *s, const struct catalog_relation *rel);
/* ${slot} holds a RangeVar of a relation of the system's. */
int scope_catalog_item(struct scoper *s, struct level *l, Node **slot) MUSTCHECK;
/* Conditions must not run on rows of ${source} that the client may not see.  Nothing if it has none. */
void scope_catalog_barrier(const struct source *source);
/* (SELECT ...): all of relation ${name} of pg_catalog that the client may see. */
const char *scope_catalog_visible(struct scoper *s, const char *name);
/* The names of all settings that it may read, in brackets. */
const char *scope_catalog_settings(const struct scoper *s);
/* What takes its place: text, and tree. */
const char *scope_catalog_text(const struct change *c);
Node *scope_catalog_tree(const struct change *c);
/* Does every such relation of ${stmt} that names things have a condition? */
int scope_catalog_listing(struct scoper *s, struct level *l, SelectStmt *stmt) MUSTCHECK;
/* May ${column} (NULL: all) of ${source} be read? */
int scope_catalog_ref(struct scoper *s, const struct source *source, const char *column,
                      int location) MUSTCHECK;

/* -- scope_object.c -- */
/* A constant or parameter, however it is cast: the same each time it is read, and for any row. */
bool scope_is_given(const Node *node);
/* The text that a constant is; NULL: it is none. */
const char *scope_constant_text(const Node *node);
/* The name of a type of the system's, maybe of its array; "": of another schema. */
const char *scope_type_name(const TypeName *type);
bool scope_is_object(struct scoper *s, const struct level *l, const Node *node);
/* 1: a function about an object, given one.  0: another function.  -1: refused. */
int scope_object_call(struct scoper *s, const struct level *l, const FuncCall *call) MUSTCHECK;
/* Does ${cond} only compare objects with objects and constants, which fails on no row? */
bool scope_object_finds(struct scoper *s, const struct level *l, const Node *cond);
/* The columns of pg_partition_ancestors and of unnest of a relation of the system's; NULL: another function. */
const struct outputs *scope_object_columns(struct scoper *s, const struct level *l,
                                           const RangeFunction *node, const char *alias);
/* Is it a cast to the name of an object, and allowed? */
bool scope_object_cast(struct scoper *s, const struct level *l, const TypeCast *cast);
/* Of `object = name`: the text of the name.  NULL: something else. */
Node *scope_object_lookup(struct scoper *s, const struct level *l, const A_Expr *e);

/* -- scope_answer.c -- */
/* Is ${call}, whose arguments have been walked, answered here? */
bool scope_answer_call(struct scoper *s, const struct level *l, FuncCall *call);
void scope_answer_value(struct scoper *s, SQLValueFunction *node);
/* Is what ${cast} makes a regclass, or the first argument of ${call}, a name made of rows of the system's?
 * Then it is looked up.  Before it is walked. */
bool scope_lookup_cast(struct scoper *s, const struct level *l, const TypeCast *cast);
void scope_lookup_argument(struct scoper *s, const struct level *l, const FuncCall *call);
/* ${node}, which scope_object_cast or scope_object_lookup let pass, may say the tenant's schema as clients do. */
void scope_lookup_said(struct scoper *s, const Node *node);
bool scope_is_looked_up(const struct scoper *s, const Node *node);
/* Is the function of ${node} answered, and then, can it be? */
int scope_answer_from(struct scoper *s, RangeFunction *node) MUSTCHECK;
/* What stands for the call. */
const char *scope_answer_text(const struct change *c);
/* What takes the place of ${node}: itself, if nothing. */
Node *scope_answer_tree(const struct scoper *s, Node *node);

/* -- scope_columns.c: what may be read and set -- */
/* Fill in the columns, seen and hides of ${a}, whose rule is known. */
int scope_columns_fill(struct scoper *s, struct access *a, int location) MUSTCHECK;
/* May ${ref} be read?  Notes what is shown instead of a target's masked column. */
int scope_columns_ref(struct scoper *s, struct level *l, const ColumnRef *ref) MUSTCHECK;
/* `password(u)` and `(u).password`: a column that is written otherwise. */
int scope_columns_call(struct scoper *s, const struct level *l, const FuncCall *call) MUSTCHECK;
int scope_columns_field(struct scoper *s, const struct level *l, const Node *row,
                        const char *name) MUSTCHECK;
/* USING (${name}) of a join whose sources are those of ${l} up to ${end}. */
int scope_columns_using(struct scoper *s, const struct level *l, const struct source *end,
                        const char *name) MUSTCHECK;
/* May column ${name} be set? */
int scope_columns_write(struct scoper *s, const struct access *a, const char *name,
                        int location) MUSTCHECK;
/* May ON CONFLICT look for column ${name}, or for the constraint ${constraint}? */
int scope_columns_infer(struct scoper *s, const struct access *a, const char *name,
                        const char *constraint, int location) MUSTCHECK;
/* Will something else stand in place of ${ref}? */
bool scope_columns_replaced(const struct scoper *s, const ColumnRef *ref);
/* Refuse to read column ${name}, which has a rule. */
int scope_columns_deny(struct scoper *s, const struct access *a, const char *name, int location);
/* RETURNING of ${stmt}, whose target is a source of ${l}. */
int scope_returning(struct scoper *s, struct level *l, Node *stmt, List *targets) MUSTCHECK;
/* Does ${node} hold a reference that will be replaced? */
bool scope_columns_masked(struct scoper *s, Node *node);
/* struct shown * of all columns that may be read, or of column ${name}; NIL: may not. */
List *scope_columns_shown(const struct access *a, const char *ref, const char *name);
/* What a leaf with such columns is wrapped into: struct shown *. */
static inline List *scope_columns_wrap(const struct leaf *leaf)
{
    return leaf->access->hides ? scope_columns_shown(leaf->access, NULL, NULL) : NIL;
}

/* -- scope_group.c -- */
void scope_group(struct scoper *s, struct level *l, SelectStmt *stmt);

/* -- scope_expr.c -- */
int scope_expr(struct scoper *s, struct level *l, Node *node) MUSTCHECK; /* also a List of them */

/* -- scope.c -- */
/* A level inside of ${outer} (NULL: at the top): sees its columns and CTEs. */
struct level *scope_level(struct level *outer);
int scope_select(struct scoper *s, SelectStmt *stmt, struct level *l,
                 const struct outputs **ret_outputs) MUSTCHECK;
int scope_with(struct scoper *s, struct level *l, WithClause *with) MUSTCHECK;
/* A data-modifying or reading statement below (CTE) or at the top. */
int scope_query(struct scoper *s, Node *stmt, struct level *l,
                const struct outputs **ret_outputs) MUSTCHECK;
struct change *scope_change(struct scoper *s, enum change_kind kind, Node *stmt);

/* -- scope_from.c -- */
struct climbed {
    List *carried; /* leaves whose quals are still to be placed, at the top: in WHERE */
    List *visible; /* leaves that conditions further out can name */
};
int scope_from(struct scoper *s, struct level *l, List *items, struct climbed *ret) MUSTCHECK;
/* The target of UPDATE and DELETE as a source and leaf (NULL in *ret: never; targets are scoped). */
int scope_target(struct scoper *s, struct level *l, RangeVar *var, struct leaf **ret) MUSTCHECK;

/* An OFFSET 0 on a subquery that conditions must not be pushed into. */
void scope_barrier(struct scoper *s, SelectStmt *query);
/* One item of FROM; ${wrap}: its relations become subselects. */
int scope_from_item(struct scoper *s, struct level *l, Node **slot, bool wrap,
                    struct climbed *ret) MUSTCHECK;

/* -- scope_fence.c -- */
/* Does ${node} refer to any column at all? */
bool scope_has_refs(Node *node);
/* ... to one that is not surely of a source of ${l}? */
bool scope_reaches_out(const struct level *l, Node *node);
/* Is there a subquery in ${node}? */
bool scope_has_sublink(Node *node);
/* Fences for the conjuncts of ${cond}; ${leaves}: all that it may see.  Marks barriers. */
void scope_fences(struct scoper *s, struct level *l, Node *cond, List *leaves, List **ret);
void scope_having(struct scoper *s, struct level *l, SelectStmt *stmt);
/* ${cond}, of a FULL JOIN of the sources before ${right} and those from it on: equalities keep a fence on each side. */
void scope_split_fences(struct scoper *s, struct level *l, const struct source *right, Node *cond,
                        const List *leaves, List *fences);
/* The conjuncts of a condition in text order: nested ANDs flattened. */
List *scope_conjuncts(Node *cond);

/* -- scope_follows.c -- */
/* May ${column} be set: does nothing else change with it, unseen, that binds a row to a tenant? */
int scope_check_follows(struct scoper *s, const struct access *a, const struct catalog_column *column,
                        int location) MUSTCHECK;
/* Likewise, may rows be deleted? */
int scope_check_deleted(struct scoper *s, const struct access *a, int location) MUSTCHECK;
/* May rows be inserted: has no partition that they may go to keys of its own? */
int scope_check_placed(struct scoper *s, const struct access *a, int location) MUSTCHECK;

/* -- scope_parent.c -- */
/* Does the column take each key as it is, and hold the same? */
bool scope_takes_key(const struct value_change *v);
/* Checks for the foreign keys that ${column} belongs to. */
int scope_check_keys(struct scoper *s, const struct access *a, const struct catalog_column *column,
                     Node *value, const struct change *at) MUSTCHECK;
/* ${expr} inserts: which keys does its RETURNING give? */
void scope_note_made(struct scoper *s, struct cte *cte, const CommonTableExpr *expr);
/* At the end: marks the checks that may fail because the statement itself writes the parent's rows. */
void scope_doubt_parents(struct scoper *s);

/* -- scope_insert.c, scope_update.c, scope_merge.c, scope_copy.c -- */
int scope_merge(struct scoper *s, MergeStmt *stmt, struct level *l) MUSTCHECK;
/* `*`, `t.*` or `(row).*`: any number of values. */
bool scope_is_star(const Node *value);
/* Is there one among the values (Node *)?  Then their places say nothing of their columns. */
bool scope_any_star(const List *values);
bool scope_has_star(const SelectStmt *arm);
/* The level that a plain SELECT, or VALUES, made. */
const struct level *scope_level_of(const struct scoper *s, const SelectStmt *arm);
/* Is ${name} among ${columns} (char *)? */
bool scope_lists(const List *columns, const char *name);
/* Is ${name} a column whose value must be checked when it is written? */
bool scope_is_bound(const struct access *a, const char *name);
/* May columns that are not among ${columns} (char *) be left to their defaults? */
int scope_check_missing(struct scoper *s, const struct access *a, const List *columns,
                        int location) MUSTCHECK;
/* Are the values of columns that bind a row those that are written? */
int scope_check_override(struct scoper *s, const struct access *a, OverridingKind override,
                         int location) MUSTCHECK;
int scope_insert(struct scoper *s, InsertStmt *stmt, struct level *l) MUSTCHECK;
int scope_update(struct scoper *s, UpdateStmt *stmt, struct level *l) MUSTCHECK;
int scope_delete(struct scoper *s, DeleteStmt *stmt, struct level *l) MUSTCHECK;
/* SET lists: tenant and foreign keys.  ${where}: stmt, place and row of the changes. */
int scope_set_list(struct scoper *s, struct level *l, const struct access *a, List *targets,
                   const struct change *where) MUSTCHECK;
/* Checks for one written column; appends a change when one is needed. */
int scope_written(struct scoper *s, const struct access *a, const char *column, Node *value,
                  struct change *at) MUSTCHECK;
int scope_copy(struct scoper *s, CopyStmt *stmt) MUSTCHECK;

/* -- copy_options.c, copy_check.c -- */
/* Read the options of ${stmt} as PostgreSQL does; what it would refuse is refused. */
int copy_options(struct scoper *s, const CopyStmt *stmt, struct copy_format *ret) MUSTCHECK;
/* May rows of this format get ${column}, which ${stmt} does not name? */
int copy_options_fit(struct scoper *s, const CopyStmt *stmt, const struct copy_format *f,
                     const struct catalog_column *column) MUSTCHECK;
/* The statement to run behind a COPY of ${columns} (char *) into ${a}: see struct copy_in. */
int copy_check(struct scoper *s, const struct access *a, const List *columns, char **ret) MUSTCHECK;

/* -- scope_named.c -- */
int scope_explain(struct scoper *s, ExplainStmt *stmt) MUSTCHECK;
int scope_execute(struct scoper *s, ExecuteStmt *stmt) MUSTCHECK;
/* The condition of an UPDATE or DELETE of ${leaves}. */
int scope_current_of(struct scoper *s, const CurrentOfExpr *expr, const List *leaves) MUSTCHECK;
/* The query in DECLARE and EXPLAIN, or ${stmt} itself. */
Node *scope_inner(Node *stmt);
/* What EXECUTE names until the server's name is known. */
#define SCOPE_EXECUTE_NAME "partywall"

/* -- scope_call.c -- */
/* Are there other tenants in the database? */
static inline bool scope_shares(const struct authorise *a)
{
    return a->isolation != ISOLATION_DATABASE;
}
/* 1: a call about channels or advisory locks, which the policy allows; 0: another, or only allowed if it is
 * listed; -1: refused. */
int scope_call(struct scoper *s, FuncCall *call) MUSTCHECK;
/* CHANGE_CHANNEL, CHANGE_LOCK. */
void scope_call_apply(const struct scoper *s, const struct change *c);

/* -- scope_tree.c -- */
/* Carry out all changes on the tree of ${stmt}. */
void scope_tree_apply(struct scoper *s, Node *stmt);

/* -- scope_slots.c -- */
/* Put what CHANGE_MASK says in the places of the references, anywhere in ${stmt}; before all other changes. */
void scope_slots_apply(const struct scoper *s, Node *stmt);

/* -- shared helpers -- */
/* Does a wrapped leaf stay a relation?  A join with one row of no columns carries its predicate. */
static inline bool scope_stays(const struct leaf *leaf)
{
    return !leaf->barrier && !leaf->access->hides && (leaf->whole || leaf->sampled);
}
/* Each item of a SET list is one element of the text, but the columns of a multi-assignment share one. */
int scope_set_element(const List *targets, int item);
/* What a check that failed says, inside of PostgreSQL's error about a text that is no number. */
const char *scope_marker(const struct change *c);
/* The same when a value is NULL that makes the row a tenant's. */
const char *scope_orphan_marker(const struct change *c);

enum { SCOPE_UUID = 2950 }; /* PostgreSQL's well-known oid of the type */

#define NODE(TYPE) ((TYPE *)scope_node(sizeof(TYPE), T_##TYPE))
void *scope_node(size_t size, NodeTag tag);

/* The type to which the tenant's value is cast beside ${column}; NULL: left to PostgreSQL. */
const char *scope_cast_type(const struct catalog_column *column);
