/* translate_tree.h: what the parts of translate*.c, infer*.c and emit*.c share.
 *
 * Analysis goes bottom up, as PostgreSQL's does, and each step already makes the SQLite text of
 * what it has analysed.  An expression is therefore a type and a text; it stays open (type
 * `unknown`) while it is a bare literal or a parameter nobody has given a type, until the construct
 * around it decides.
 *
 * Everything is palloc'd in the statement's memory context.  Failures leave by tr_fail, a long jump
 * to translate(): nothing here owns anything but memory of that context.
 *
 *   translate.c  entry          translate_scope.c   names -> columns      translate_select.c SELECT
 *   translate_from.c  FROM      translate_expr*.c   expressions           translate_setop.c UNION,
 * VALUES translate_sublink.c         translate_func.c    calls, aggregates     translate_group.c
 * 42803 translate_insert.c, translate_modify.c, translate_returning.c         infer*.c  types
 * emit*.c  text */
#pragma once

#include "daemon/store/catalog.h"
#include "daemon/store/translate.h"
#include "daemon/store/types.h"
#include "policy/nodes.h"
#include "protocol/sqlstate.h"

#include <setjmp.h>

/* One statement in translation. */
struct infer_proc;

struct tr {
    const struct store_catalog *catalog;
    const struct types_set *types; /* of the catalog */
    const char *sql;               /* the text that was parsed */
    struct err *err;
    sigjmp_buf fail;
    uint32_t *params; /* types by number - 1; 0: not known yet */
    size_t nparams, cap_params;
    int naliases; /* "t1", "t2" ... unique in the statement */
    int depth;    /* of recursion */
    size_t work;  /* done so far, in nodes: tr_work */
    struct capture *capture; /* translate_capture.h: what a view's definition names; or NULL */
    struct viewdef_notes *notes; /* viewdef_tree.h: what nodes mean; or NULL */
    List *view_targets;      /* translate_target_view.c */
    int views;    /* inside the text of how many: locations are not the statement's */
    bool settings;      /* literals were read as the session's settings say */
    int32_t literal_typmod; /* of an interval that is being read */
    bool definition; /* of a default, check or index: what 'now' means is settled here */
    bool no_subquery; /* the text becomes part of SQLite's schema, which takes none */
    bool writes;
    bool asks_xmax; /* of a row that INSERT may have changed instead */
    int volatile_calls; /* so far: SQLite may evaluate an expression as often as it likes */
    const struct infer_proc *call_extension; /* what an extension has of the name being resolved */
    bool call_schema;   /* the call being resolved says pg_catalog: so do errors */
    List *folds;        /* struct expr; see translate_fold.c */
    List *sublinks;     /* struct sublink_name: for the names of outputs */
    struct buf scratch; /* for types_input; released by translate() */
    /* translate_steps.c */
    Node *stmt;       /* all of it */
    List *steps;      /* struct translate_step: before the last query */
    List *late_steps; /* ... of WITH queries that nobody reads: after all others */
    List *written;    /* struct store_table: read as they were before the statement */
    List *shared;  /* ... and by several parts of it */
    int nslots;
};

struct sublink_name {
    const SubLink *link;
    const char *name;
};

/* The fields of a row, where they are known. */
struct row_field {
    const char *name;
    uint32_t type; /* a domain as itself */
    int32_t typmod;
    struct expr *expr; /* all have one, or none */
    const char *real;  /* NULL: `name`; what the row's type calls it */
};
struct row_shape {
    struct row_field *fields;
    int n;
};

/* A column that a FROM item shows. */
struct column {
    const char *name;
    uint32_t type;   /* of a domain its base */
    int32_t typmod;
    uint32_t domain; /* or 0 */
    uint32_t table_oid; /* direct columns of tables */
    int16_t attnum;
    const char *sql;             /* how to say it in SQLite where the item is in scope */
    const struct source *origin; /* the item that owns it (joins copy columns of their sides) */
    bool system;                 /* not shown by `*` */
    size_t work; /* of what it stands for, which SQLite may put in its place: tr_work */
    const struct row_shape *row; /* of an anonymous row */
};

/* One FROM item (PostgreSQL: a range table entry with its namespace item). */
struct source {
    const char *name;                /* alias, or table name; NULL: unnamed join */
    bool aliased;                    /* had an alias: schema.name does not reach it */
    const struct store_table *table; /* NULL: a subquery, function, CTE, join */
    const char *alias;               /* in SQLite, quoted; NULL for joins */
    const char *row;  /* a table's name in SQLite where its rowid can be had; NULL: nowhere */
    const char *xmax; /* how to say the system column; NULL: it is not known */
    struct column *columns;
    int ncolumns;
    uint32_t row_type; /* of a function: what its rows are, if that has a name */
    bool scalar;       /* a function of one value: its name is that value, too */
    bool show_name;    /* may be named: name.column */
    bool show_columns; /* may be found by bare column names */
    bool cte;          /* a query of WITH */
    bool lateral_only; /* not complete yet: only LATERAL items may look */
    bool lateral_ok;
    bool nullable;       /* on a side of an outer join that may have no row */
    const char *present; /* then: what is not NULL where there is one; or NULL */
};

struct cte {
    const char *name;
    const char *alias;      /* in SQLite, quoted */
    struct column *columns; /* sql: the column's quoted name */
    int ncolumns;
    bool self_reference; /* while its recursive term is being read */
    bool no_rows;        /* a statement without RETURNING */
    size_t work;         /* that SQLite does again for each reference to it */
};

enum expr_kind {
    EXPR_PLAIN, /* any other: grouping looks at args */
    EXPR_CONST, /* `value` is PostgreSQL's text of it, NULL: the null constant */
    EXPR_PARAM,
    EXPR_COLUMN, /* `scope` it belongs to, `column` */
    EXPR_AGGREGATE,
    EXPR_WINDOW,
    EXPR_SET, /* a set-returning function of `scope`; `param`: how deep it is nested, from 1 */
};

struct expr {
    enum expr_kind kind;
    uint32_t type; /* TYPES_UNKNOWN while open */
    uint32_t domain; /* that `type` is the base of, or 0 */
    int32_t typmod;
    const char *sql;     /* binds tightest: parenthesised where needed */
    int location;        /* byte offset in the statement's text, -1 */
    const char *value;   /* EXPR_CONST */
    const A_Const *literal; /* ... that was a string in the statement, or NULL */
    int param;           /* EXPR_PARAM */
    struct scope *scope; /* EXPR_COLUMN, EXPR_AGGREGATE: the query it belongs to */
    const struct column *column;
    struct expr **args; /* for grouping: what it was made of */
    bool folds;         /* see translate_fold.c */
    bool subquery;      /* ... which were columns used inside a subquery */
    const struct row_shape *row; /* its fields, if it is a row and they are known */
    const char *whole;           /* a whole row: what its FROM item is called */
    int nargs;
};

/* One query level (PostgreSQL: ParseState). */
struct scope {
    struct tr *tr;
    struct scope *parent;
    struct source **sources; /* what names can see, in order */
    int nsources, cap_sources;
    List *ctes; /* struct cte, innermost first */
    bool certain;       /* PostgreSQL's planner drops nothing of it unseen: see translate_fold.c */
    bool certain_below; /* ... nor of the queries that it is made of */
    bool lateral_active;
    const char *clause;   /* "WHERE", "GROUP BY" ...: where aggregates are not allowed, or NULL */
    bool windows_refused; /* window functions are not allowed in `clause` either */
    bool in_aggregate;    /* inside an aggregate's arguments */
    bool has_aggregate, has_window;
    bool one_row;      /* FROM is one subquery of at most one row */
    List *outer;       /* struct expr: columns of enclosing levels used in here */
    List *windows;     /* WINDOW clause: WindowDef */
    bool self_reference; /* a FROM item is the recursive query around */
    bool nullable_side;  /* the FROM items being read are on such a side of an outer join */
    struct grouping *grouping; /* grouping sets; see translate_grouping.c */
    bool sets_allowed; /* set-returning functions, while the SELECT list is read */
    List *sets;        /* of those, by depth; see translate_sets.c */
};

/* A translated query. */
struct query {
    const char *sql; /* a SELECT without parentheses; may end with LIMIT */
    struct target *targets;
    int ntargets;
    bool compound;    /* must be wrapped to be an arm of a set operation ... */
    bool chain;       /* ... but not as the left arm */
    bool single_row;  /* exactly one: aggregate without GROUP BY, HAVING, LIMIT, OFFSET */
    bool at_most_one; /* LIMIT 1 */
    List *outer;      /* struct expr: columns of enclosing levels that it uses */
    List *arms;       /* struct query: of set operations without ORDER BY and the like */
};

struct target {
    const char *name;
    struct expr *expr;
    bool junk; /* added for ORDER BY */
    size_t work;
};

/* -- failing and memory -- */

/* Of one call.  Its scratch is the caller's to release, also where tr_throw jumps to: `fail`, which each entry sets. */
struct tr *tr_new(const struct store_catalog *catalog, const char *sql, struct err *err);
void tr_fail(struct tr *tr, const char *sqlstate, int location, const char *format, ...)
    __attribute__((noreturn, format(printf, 4, 5)));
/* The same with a hint (after a fill of tr->err by tr_set); see translate.c. */
void tr_set(struct tr *tr, const char *sqlstate, int location, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
void tr_throw(struct tr *tr) __attribute__((noreturn));
/* 0A000 `${what} is not supported by the embedded store`. */
void tr_unsupported(struct tr *tr, int location, const char *format, ...)
    __attribute__((noreturn, format(printf, 3, 4)));
void tr_enter(struct tr *tr, int location); /* 54001 when too deep */
/* So many nodes are worked on.  Fails with 54001, or when the statement is to end. */
void tr_work(struct tr *tr, size_t nodes);
static inline void tr_leave(struct tr *tr)
{
    tr->depth--;
}
const char *tr_alias(struct tr *tr); /* the next "tN", quoted */
/* Make room for $${number}; its type may stay 0. */
void tr_param(struct tr *tr, int number, int location);

/* -- scopes -- */
struct scope *scope_new(struct tr *tr, struct scope *parent);
void scope_add(struct scope *s, struct source *item);
/* Where an expression of DDL is analysed: see translate_expression(). */
struct scope *scope_expression(struct tr *tr, const struct store_table *table);
struct expr *scope_column_ref(struct scope *s, ColumnRef *ref);
struct expr *scope_column(struct scope *s, const struct source *item, int index, int location);
const struct cte *scope_cte(struct scope *s, const char *name);
/* 42703, with what may have been meant; ${table} NULL: the name stands alone. */
void scope_missing_column(struct scope *s, const char *table, const char *name, int location)
    __attribute__((noreturn));
/* Expand `*` or `t.*`: appends to ${targets} (List of struct target). */
List *scope_star(struct scope *s, ColumnRef *ref, List *targets);
/* translate_system.c */
/* Has ${item} a column of that name which `*` does not show, but tables have? */
bool scope_has_system(const struct source *item, const char *name);
/* 0A000. */
struct expr *scope_system(struct scope *level, const struct source *item, const char *name,
                          int location);
/* Index of ${name} in ${item}, or -1; 42702 if there are several. */
int source_find(struct scope *s, const struct source *item, const char *name, int location);
struct source *source_table(struct tr *tr, const struct store_table *table, const char *name,
                            bool aliased);
void source_rename(struct tr *tr, struct source *item, Alias *alias);
/* The table that ${rv} names: 42P01, or 42501 when ${write} and it is not writable. */
const struct store_table *scope_table(struct tr *tr, const RangeVar *rv, bool write);

/* -- FROM -- */
/* A view of the system: its query in parentheses; ${item}'s columns are made to mean its outputs.
 */
bool translate_is_view(const struct store_table *t);
const char *translate_view(struct tr *tr, const struct store_table *view, struct source *item);
/* Translate a FROM list into ${s}: its text, "" for an empty list (or one that needs no row
 * source). */
const char *from_list(struct scope *s, List *items);

/* -- queries -- */
/* ${sql} so that SQLite evaluates it just once: for volatile functions, whose values may not
 * change. */
const char *query_once(struct tr *tr, const char *sql);
struct query *select_query(struct tr *tr, struct scope *parent, SelectStmt *stmt,
                           bool keep_unknown);
/* WITH: makes the CTEs visible in ${s}; returns `WITH ... ` or "". */
const char *with_clause(struct scope *s, WithClause *with);
/* A FROM item of a query whose columns are called c1, c2 ...; ${alias} is quoted. */
struct source *source_query(const struct query *q, const char *alias);
/* The expression as an output of a query that compares outputs (DISTINCT, UNION). */
const char *target_text(const struct tr *tr, const struct target *t, bool compared);
/* WHERE, HAVING: the condition's text with its keyword, or "". */
const char *where_text(struct scope *s, Node *node, const char *clause);
struct query *setop_query(struct scope *s, SelectStmt *stmt, const char *with);
struct query *values_query(struct scope *s, SelectStmt *stmt, const char *with, bool keep_unknown);
/* ORDER BY on output columns only (set operations, VALUES). */
const char *order_outputs(struct scope *s, List *sort, struct target *targets, int ntargets,
                          const char *what);
const char *limit_clause(struct scope *s, SelectStmt *stmt);
/* ORDER BY ... USING < or > as ASC or DESC: 42809. */
SortBy *order_using(struct tr *tr, SortBy *by);
/* One ORDER BY item, with PostgreSQL's placement of NULLs. */
const char *order_item(struct tr *tr, const SortBy *by, uint32_t type, const char *sql);
/* -- grouping sets -- */
bool grouping_needed(const SelectStmt *stmt);
/* Analyse GROUP BY into s->grouping, before anything but FROM. */
void grouping_begin(struct scope *s, const SelectStmt *stmt);
/* ${e} as the grouped rows have it, if it is grouped by in ${s} or around it. */
struct expr *grouping_replace(struct scope *s, struct expr *e);
/* Is ${e} of grouped rows? */
bool grouping_has(const struct scope *s, const struct expr *e);
/* Switch that off or on; how it was. */
bool grouping_off(struct scope *s, bool off);
/* An aggregate becomes a column of the grouped rows. */
struct expr *grouping_aggregate(struct scope *s, struct expr *e);
struct expr *grouping_function(struct scope *s, const GroupingFunc *f);
/* The grouped rows as a FROM item; ${body}: FROM and WHERE of the rows. */
const char *grouping_from(struct scope *s, const char *body);
/* What group_check must know; how many. */
int grouping_keys(const struct scope *s, struct expr ***ret);
/* Is there a column of that name in FROM?  (GROUP BY prefers it to an output's name.) */
bool scope_names_column(const struct scope *s, const char *name);
/* Is ${c} the same wherever ${groups} are, as they have its table's primary key? */
bool group_depends(const struct column *c, struct expr *const *groups, int ngroups);
/* 42803 unless ${e} uses only grouped columns. */
void group_check(struct scope *s, const struct expr *e, struct expr *const *groups, int ngroups);
/* Settle open outputs as text. */
void targets_settle(struct tr *tr, struct target *targets, int ntargets);
/* The targets of a SELECT or RETURNING list, stars expanded: ${ret_n} of them. */
struct target *target_list(struct scope *s, List *list, int *ret_n);
/* FigureColname: what an output without AS is called. */
const char *target_name(struct scope *s, Node *node);
/* 42883 unless values of the type can be sorted; 0A000 where SQLite's order would differ. */
void type_sortable(struct tr *tr, uint32_t type, int location);
/* Likewise for equality: GROUP BY, DISTINCT, UNION. */
void type_comparable(struct tr *tr, uint32_t type, int location);
/* ... where rows are put together by it, and emit_group_key() is what they are compared by. */
void type_groupable(struct tr *tr, uint32_t type, int location);
const char *emit_group_key(const struct tr *tr, const struct expr *e);

/* -- statements -- */
void result_columns(struct tr *tr, const struct target *targets, int ntargets,
                    struct translate_result *ret);

/* -- expressions -- */
struct expr *expr_make(struct scope *s, Node *node);
/* As a condition: bool, or 42804 `argument of ${what} must be type boolean, not type x`. */
struct expr *expr_condition(struct scope *s, Node *node, const char *what);
struct expr *expr_new(enum expr_kind kind, uint32_t type, const char *sql, int location);
/* A new EXPR_PLAIN whose grouping arguments are ${args}. */
struct expr *expr_of(uint32_t type, const char *sql, int location, struct expr **args, int nargs);
struct expr *expr_func(struct scope *s, FuncCall *call);
struct expr *expr_sublink(struct scope *s, SubLink *link);
/* Functions in FROM: the item (not in the scope yet), its text, and the columns of this level that
 * it uses (struct expr). */
struct source *sets_item(struct scope *s, RangeFunction *r, const char **ret_sql,
                         List **ret_siblings);
/* ${from} with the set-returning functions of the SELECT list behind it. */
const char *sets_joined(struct scope *s, const char *from);
/* Where rows come after grouping and windows: ${n} expressions, as outputs of an inner query.
 * ${exprs} become what the query around it says of them; the list of the inner query's outputs. */
const char *sets_inner(struct scope *s, struct expr **exprs, int n, const char *alias);
/* Does ${e} contain an expression of ${kind} that belongs to ${level}?  (NULL: any level) */
const struct expr *expr_find(const struct expr *e, enum expr_kind kind, const struct scope *level);
/* Where ${e} begins in the text. */
int expr_leftmost(const struct expr *e);
/* A scalar subquery: one column, at most one row (21000). */
struct expr *expr_scalar(struct scope *s, const struct query *q, int location);
struct expr *expr_operator(struct scope *s, const char *name, struct expr *left, struct expr *right,
                           int location);
struct expr *expr_in_list(struct scope *s, A_Expr *a);
struct expr *expr_array_compare(struct scope *s, A_Expr *a);
struct expr *expr_cast(struct scope *s, TypeCast *cast);
/* ARRAY[...]; ${type}: the array's that a cast gives it, or 0. */
struct expr *expr_array(struct scope *s, A_ArrayExpr *array, uint32_t type);
/* (x)[1], (x).field */
struct expr *expr_indirection(struct scope *s, A_Indirection *a);
/* ${column} with ${value} at the place that ${indirection} says, as an expression of its type. */
struct expr *expr_assign_part(struct scope *s, const struct store_column *column,
                              struct expr *current, List *indirection, Node *value, int location);
/* The common type of ${exprs} (42804 `${what} types x and y cannot be matched`) and the coercion of
 * all. */
uint32_t expr_common_type(struct tr *tr, struct expr **exprs, int n, const char *what);
/* A column of a table that SQLite knows to compare as numeric, by its declaration. */
bool expr_collated(const struct expr *e);
/* The collation that a sort key, group or output of the type needs: ` COLLATE x` or "".  Never
 * inside an expression: SQLite carries it up to the comparisons around, whatever they compare. */
const char *emit_collation(const struct tr *tr, uint32_t type);
