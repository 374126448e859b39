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
/* ${e} as the common type; 42846. */
struct expr *expr_to_common(struct tr *tr, struct expr *e, uint32_t type, const char *what);
/* The operands of ${name}, resolved and coerced in place; the template of the operator. */
const char *expr_resolve(struct scope *s, const char *name, struct expr **left, struct expr **right,
                         uint32_t *ret_type, int location);

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
/* 0A000 without one. */
const char *call_template(struct scope *s, const struct call *c);

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
