/* translate_expr.h: between the files of expressions. */
#pragma once

#include "daemon/store/infer.h"

/* Every form of A_Expr: operators, IN, LIKE, BETWEEN, ANY ... */
struct expr *expr_a(struct scope *s, A_Expr *a);
/* A comparison of rows, both RowExpr. */
struct expr *expr_rows(struct scope *s, const char *name, RowExpr *left, RowExpr *right,
                       int location);
/* ... of ${n} values each, analysed. */
struct expr *expr_row_compare(struct scope *s, const char *name, struct expr **l, struct expr **r,
                              int n, int location);
/* The typmod that all have, -1: none, or one is not of ${type}. */
int32_t expr_common_typmod(struct expr **exprs, int n, uint32_t type);
/* Expressions of the common type ${type}: blanks of character(n) are seen unless all have one length. */
void expr_pad(struct expr **exprs, int n, uint32_t type);
/* ${e} as the common type; 42846. */
struct expr *expr_to_common(struct tr *tr, struct expr *e, uint32_t type, const char *what);
/* The operands of ${name}, resolved and coerced in place; the template of the operator. */
const char *expr_resolve(struct scope *s, const char *name, struct expr **left, struct expr **right,
                         uint32_t *ret_type, int location);

/* -- CURRENT_DATE and the like (translate_session.c) -- */
struct expr *session_value(struct scope *s, const SQLValueFunction *f);
const char *session_value_name(const SQLValueFunction *f); /* as a column: current_time */
const char *session_value_text(const SQLValueFunction *f); /* in a definition: CURRENT_TIME(3) */

/* -- arrays of what has no equality or order (translate_uncomparable.c) -- */
struct infer_operator;
/* The template of ${o}, on arrays of ${type}: ${pattern}, or one that fails with 42883. */
const char *uncomparable_operator(struct tr *tr, const struct infer_operator *o, uint32_t type,
                                  const char *pattern);
const char *uncomparable_function(struct tr *tr, const struct infer_proc *proc,
                                  const struct expr *first, const char *pattern);

/* -- calls (translate_func.c) -- */
struct call {
    FuncCall *node;
    const char *name;
    struct expr **args;
    int nargs;
    struct infer_call found;
};
/* Arguments analysed, the function chosen, arguments converted. */
void call_resolve(struct scope *s, FuncCall *f, struct call *c);
/* translate_call.c: the arguments in their places, if the call names some: 42601, 42883, 0A000 ... */
List *call_named(struct scope *s, const char *name, const FuncCall *f);
/* ... and their values fit there, or it is refused. */
void call_named_fit(struct scope *s, const struct call *c);
/* Instead of infer_call_find where the last argument is VARIADIC. */
void call_variadic(struct scope *s, struct call *c);
/* A call of an aggregate, not as a window function? */
bool expr_names_aggregate(const FuncCall *f);
/* 0A000 without one. */
const char *call_template(struct scope *s, const struct call *c);

/* -- rows (translate_row.c) -- */
/* ROW(...); the values in it, stars expanded. */
struct expr *row_expr(struct scope *s, const RowExpr *r);
struct expr **row_values(struct scope *s, const RowExpr *r, int *ret_n);
/* An anonymous row of columns that a function has. */
struct expr *row_of_outputs(struct tr *tr, struct expr *const *values, const char *const *names,
                            int n, int location);
/* The row of ${item}, whose columns are ${columns}. */
struct expr *row_whole(struct scope *s, const struct source *item, struct expr **columns,
                       int location);
/* (row).name; 42703, 42809. */
struct expr *row_field(struct scope *s, struct expr *e, const char *name, int location);
/* (row).*: appends to ${targets} (List of struct target). */
List *row_star(struct scope *s, const A_Indirection *a, List *targets);
/* ${e} IS [NOT] NULL. */
const char *row_null_text(const struct expr *e, bool null);
/* ${current} with ${value} in the field that ${path} begins with, or deeper. */
struct expr *row_assign(struct scope *s, const struct store_column *column, struct expr *current,
                        List *path, Node *value, int location);
/* Between a row with a name and one without; NULL: there is no such conversion. */
struct expr *row_coerce(struct tr *tr, struct expr *e, uint32_t type, enum infer_context context);
/* What is known of a row outside of the query that it comes from. */
const struct row_shape *row_outside(const struct row_shape *row);

/* -- sets (translate_sets.c) -- */
/* Is it one of sets.h? */
bool sets_template(const char *pattern);
/* A call in the SELECT list: 0A000 where PostgreSQL does not allow one. */
struct expr *sets_output(struct scope *s, const struct call *c);
/* 0A000 `set-returning functions are not allowed in ${what}` if ${e} has one. */
void sets_refuse(struct scope *s, const struct expr *e, const char *what);

/* -- windows (translate_window.c) -- */
/* ${e}, an aggregate or window function called, OVER the window that the call names. */
struct expr *window_call(struct scope *s, const struct call *c, struct expr *e);
/* ${n} conditions joined by AND or OR, without a deep tree. */
const char *expr_join(struct expr **args, int n, const char *word);
/* Is ${e} the constant that says what all of an AND, OR is? */
bool expr_settles(const struct expr *e, BoolExprType op);
