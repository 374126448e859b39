/* viewdef_tree.h: the query of a view as PostgreSQL analyses it, to be printed as it prints it.
 *
 * The store keeps a view as text.  To print it, the text is parsed and translated once more, and
 * what the translator finds out about each node (what it means, its type) is noted on the way
 * (viewdef_notes.c).  From the parse tree and these notes comes the tree below, which has what
 * PostgreSQL's own has: the conversions nobody wrote, constants with their types, IN as = ANY,
 * names resolved (viewdef_expr.c, viewdef_call.c, viewdef_query.c); it is printed by the rules of
 * PostgreSQL's ruleutils.c (viewdef_print.c, viewdef_print_expr.c).
 *
 * Everything is palloc'd; failures leave by tr_fail. */
#pragma once

#include "daemon/store/translate_expr.h"

#include "lib/stringinfo.h"

enum viewdef_kind {
    VIEWDEF_COLUMN,    /* `name` of `source`; NULL: merged by a join, has a name alone */
    VIEWDEF_CONSTANT,  /* `name`: its text, NULL: null */
    VIEWDEF_CALL,      /* `name`(args) */
    VIEWDEF_SYNTAX,    /* a function with a syntax of its own, by `name` */
    VIEWDEF_AGGREGATE, /* `call` */
    VIEWDEF_CAST,      /* of args[0]; `implicit`: nobody wrote it */
    VIEWDEF_OPERATOR,  /* one or two args */
    VIEWDEF_DISTINCT,  /* args[0] IS DISTINCT FROM args[1] */
    VIEWDEF_LIST,      /* `name`(args): COALESCE, NULLIF, GREATEST, LEAST, GROUPING */
    VIEWDEF_ANY,       /* args[0] `name` ANY (args[1]); `all`: ALL */
    VIEWDEF_AND,
    VIEWDEF_OR,
    VIEWDEF_NOT,
    VIEWDEF_SUBLINK, /* `query`, `form`; args: what it is compared with, by `name` */
    VIEWDEF_CASE,    /* args: the operand or NULL, the default, then pairs */
    VIEWDEF_ARRAY,
    VIEWDEF_ROW,
    VIEWDEF_ROWS,      /* args[0] `name` args[1], both rows */
    VIEWDEF_WORD,      /* CURRENT_DATE: `name` */
    VIEWDEF_TEST,      /* args[0] `name`: IS NULL */
    VIEWDEF_BOOL_TEST, /* ... IS TRUE */
    VIEWDEF_SUBSCRIPT, /* args[0][args[1]]; `all`: pairs of bounds, NULL where there is none */
    VIEWDEF_COLLATE,   /* args[0] COLLATE `name` */
};

struct viewdef_expr {
    enum viewdef_kind kind;
    uint32_t type; /* TYPES_UNKNOWN: a literal that nothing has given a type yet */
    int32_t typmod;
    const char *name;
    struct viewdef_expr **args;
    int nargs;
    bool implicit, all;
    bool function; /* of a cast: it is one */
    bool variadic; /* the last argument is an array of what was given */
    SubLinkType form;
    const struct source *source;
    struct viewdef_query *query;
    struct viewdef_call *call;
};

struct viewdef_sort {
    struct viewdef_expr *expr;
    int position; /* of an output of a set operation instead, from 1 */
    bool descending, nulls_first;
};

struct viewdef_window {
    const char *name, *base;
    List *partition; /* struct viewdef_expr */
    List *order;     /* struct viewdef_sort */
    int frame;       /* frameOptions */
    struct viewdef_expr *start, *end;
};

struct viewdef_call { /* what only aggregates and window functions have */
    bool star, distinct, within_group;
    List *order; /* struct viewdef_sort */
    struct viewdef_expr *filter;
    struct viewdef_window *over; /* with `name`: OVER name */
};

struct viewdef_target {
    const char *name;
    struct viewdef_expr *expr;
};

enum viewdef_item_kind {
    VIEWDEF_TABLE,
    VIEWDEF_SUBQUERY,
    VIEWDEF_FUNCTION,
    VIEWDEF_CTE,
    VIEWDEF_VALUES,
    VIEWDEF_JOIN,
};

struct viewdef_item { /* of FROM */
    enum viewdef_item_kind kind;
    const struct source *source; /* NULL: a join */
    const char *name;            /* what it wants to be called */
    const char *cte;
    const char *refname;         /* what it is called: unique, once printing has begun */
    bool aliased, columns_given; /* by whoever wrote it */
    bool lateral, only, ordinality;
    struct viewdef_query *query;
    List *functions; /* struct viewdef_expr */
    bool rows_from;
    JoinType join;
    struct viewdef_item *left, *right;
    struct viewdef_expr *on;
    List *using; /* String */
};

struct viewdef_with {
    const char *name;
    List *columns; /* String */
    CTEMaterialize materialized;
    struct viewdef_query *query;
};

struct viewdef_query {
    bool recursive;
    List *with; /* struct viewdef_with */
    /* a set operation ... */
    SetOperation op;
    bool all;
    struct viewdef_query *left, *right;
    /* ... or VALUES (`items` is the one they are), or else a SELECT */
    List *values;  /* List of struct viewdef_expr */
    List *targets; /* struct viewdef_target */
    bool distinct;
    List *distinct_on; /* struct viewdef_expr */
    List *from;        /* struct viewdef_item: as written */
    List *items;       /* all with a name, in the order they were read */
    struct viewdef_expr *where, *having;
    List *group; /* struct viewdef_expr, or struct viewdef_group if `grouping` */
    bool grouping, group_distinct;
    List *windows; /* struct viewdef_window: those with a name */
    List *order;   /* struct viewdef_sort */
    struct viewdef_expr *offset, *limit;
    bool with_ties;
};

struct viewdef_group { /* GROUPING SETS: `word` NULL: a set of expressions */
    const char *word;
    List *parts; /* struct viewdef_group; of a set: struct viewdef_expr */
};

/* -- viewdef_notes.c: on when tr->notes is set -- */
struct viewdef_notes;
struct viewdef_notes *viewdef_notes_new(void);
/* The first that is said of ${node} stays. */
void viewdef_note(struct tr *tr, const void *node, void *what);
void *viewdef_noted(const struct tr *tr, const void *node); /* NULL: nothing */
/* From now on expr_make() answers from the notes. */
void viewdef_notes_replay(struct tr *tr);
/* The noted expression of ${node}, if that is how it is made now. */
struct expr *viewdef_replayed(const struct tr *tr, const void *node);

/* -- making the tree -- */
struct viewdef {
    struct tr *tr;
    const struct types_session *session;
};
struct viewdef_query *viewdef_query(struct viewdef *d, SelectStmt *stmt);
struct viewdef_expr *viewdef_make(struct viewdef *d, struct scope *s, Node *node);
/* ... open literals settled as text. */
struct viewdef_expr *viewdef_settled(struct viewdef *d, struct scope *s, Node *node);
struct viewdef_expr *viewdef_condition(struct viewdef *d, struct scope *s, Node *node);
struct viewdef_expr *viewdef_call(struct viewdef *d, struct scope *s, FuncCall *f);
struct viewdef_expr *viewdef_oper(struct viewdef *d, struct scope *s, A_Expr *a);
/* The operator that is chosen for what ${left} (may be NULL) and ${right} are, and they converted.
 */
struct viewdef_expr *viewdef_operation(struct viewdef *d, enum viewdef_kind kind, const char *name,
                                       struct viewdef_expr *left, struct viewdef_expr *right);
bool viewdef_is_domain(const struct viewdef *d, uint32_t type);
bool viewdef_takes_any(uint32_t type); /* as an argument's declared type: its own, polymorphic */
/* As a value of the type, by a conversion that nobody wrote. */
struct viewdef_expr *viewdef_as(struct viewdef *d, struct viewdef_expr *e, uint32_t type);
struct viewdef_expr *viewdef_new(enum viewdef_kind kind, uint32_t type, const char *name,
                                 int nargs);
/* SortBy -> struct viewdef_sort, of expressions of ${s} that outputs are not meant by. */
struct viewdef_sort *viewdef_sort(struct viewdef *d, const SortBy *by, struct viewdef_expr *e);
struct viewdef_window *viewdef_window(struct viewdef *d, struct scope *s, const WindowDef *w);
/* 0A000 of what is not printed. */
void viewdef_refuse(struct viewdef *d, const char *what) __attribute__((noreturn));

/* -- printing -- */
enum viewdef_flags {
    VIEWDEF_INDENT = 1,
    VIEWDEF_PRETTY = 2, /* only the parentheses that are needed */
};
struct viewdef_printer {
    const struct store_catalog *catalog;
    StringInfo out;
    int flags, wrap, indent;
    const struct viewdef_names *names; /* used so far, here and around */
    struct tr *tr;                     /* for errors */
};
static inline bool viewdef_pretty(const struct viewdef_printer *p)
{
    return (p->flags & VIEWDEF_PRETTY) != 0;
}
struct viewdef_names {
    const struct viewdef_names *around;
    List *names; /* char * */
    List *items; /* struct viewdef_item */
    const List *with;
};
/* ${columns}: what the view calls its columns, or NULL. */
void viewdef_print(struct viewdef_printer *p, const struct viewdef_query *q,
                   const struct store_table *view);
void viewdef_print_query(const struct viewdef_printer *around, const struct viewdef_query *q,
                         const struct store_table *view, bool names_shown);
void viewdef_print_expr(struct viewdef_printer *p, const struct viewdef_expr *e,
                        bool show_implicit);
/* A constant with its type, always. */
void viewdef_print_constant(struct viewdef_printer *p, const struct viewdef_expr *e, int label);
/* ... as an operand of ${parent}: in parentheses where it needs them. */
void viewdef_print_part(struct viewdef_printer *p, const struct viewdef_expr *e, bool show_implicit,
                        const struct viewdef_expr *parent);
/* -- viewdef_print_call.c -- */
/* With commas between. */
void viewdef_print_list(struct viewdef_printer *p, struct viewdef_expr *const *args, int n);
void viewdef_print_call(struct viewdef_printer *p, const struct viewdef_expr *e);
void viewdef_print_aggregate(struct viewdef_printer *p, const struct viewdef_expr *e);
/* A call that SQL has a syntax for: EXTRACT(x FROM y). */
void viewdef_print_syntax(struct viewdef_printer *p, const struct viewdef_expr *e);
/* An expression that is sorted or grouped by. */
void viewdef_print_key(struct viewdef_printer *p, const struct viewdef_expr *e);
void viewdef_print_order(struct viewdef_printer *p, const List *order);
void viewdef_print_window(struct viewdef_printer *p, const struct viewdef_window *w);
/* Append to the text. */
void viewdef_put(struct viewdef_printer *p, const char *text);
void viewdef_put_name(struct viewdef_printer *p, const char *name);
/* ${word} on a line of its own: as appendContextKeyword() of ruleutils.c does. */
void viewdef_word(struct viewdef_printer *p, const char *word, int before, int after, int plus);
