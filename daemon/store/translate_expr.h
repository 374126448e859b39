/* translate_expr.h: between the files of expressions. */
#pragma once

#include "daemon/store/translate_tree.h"

/* Every form of A_Expr: operators, IN, LIKE, BETWEEN, ANY ... */
struct expr *expr_a(struct scope *s, A_Expr *a);
/* A comparison of rows, both RowExpr. */
struct expr *expr_rows(struct scope *s, const char *name, RowExpr *left, RowExpr *right,
                       int location);
/* ${e} as the common type; 42846. */
struct expr *expr_to_common(struct tr *tr, struct expr *e, uint32_t type, const char *what);
/* The operands of ${name}, resolved and coerced in place; the template of the operator. */
const char *expr_resolve(struct scope *s, const char *name, struct expr **left, struct expr **right,
                         uint32_t *ret_type, int location);
