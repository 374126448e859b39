/* deparse.c: expressions of defaults and checks as text, the way pg_get_expr() prints them.
 *
 * Only what such expressions are usually made of; the rest is 0A000.  Everything that could be
 * misread is put in parentheses, every name quoted where needed: the text is parsed again when it
 * is used. */
#include "daemon/store/ddl.h"
#include "daemon/store/ident.h"

#include <stdio.h>

#define DEPARSE_DEPTH 100

struct deparse {
    struct store_conn *c;
    struct buf *out;
    struct err *err;
    int depth;
};

static int expression(struct deparse *d, const Node *node, bool top);

static int not_supported(struct deparse *d)
{
    return err_set(d->err, SQLSTATE_FEATURE_NOT_SUPPORTED,
                   "this expression in a default or check is not supported by the store");
}

static int constant(struct deparse *d, const A_Const *c)
{
    if (c->isnull) {
        ident_format(d->out, "NULL");
        return 0;
    }
    switch (nodeTag(&c->val)) {
    case T_Integer:
        ident_format(d->out, "%d", c->val.ival.ival);
        return 0;
    case T_Float:
        ident_format(d->out, "%s", c->val.fval.fval);
        return 0;
    case T_Boolean:
        ident_format(d->out, "%s", c->val.boolval.boolval ? "true" : "false");
        return 0;
    case T_String:
        ident_literal(c->val.sval.sval, d->out);
        return 0;
    default:
        return not_supported(d);
    }
}

static void names(struct deparse *d, const List *list, bool drop_catalog)
{
    ListCell *cell;
    bool first = true;
    foreach (cell, list) {
        const char *name = strVal(lfirst(cell));
        if (drop_catalog && first && list_length(list) > 1 && strcmp(name, "pg_catalog") == 0)
            continue;
        if (!first)
            ident_format(d->out, ".");
        first = false;
        ident_postgres(name, d->out);
    }
}

static int arguments(struct deparse *d, const List *args, const char *separator)
{
    ListCell *cell;
    bool first = true;
    foreach (cell, args) {
        if (!first)
            ident_format(d->out, "%s", separator);
        first = false;
        if (expression(d, lfirst(cell), true) < 0)
            return -1;
    }
    return 0;
}

static int call(struct deparse *d, const FuncCall *f)
{
    if (f->agg_order || f->agg_filter || f->over || f->agg_distinct || f->func_variadic ||
        f->agg_within_group)
        return not_supported(d);
    names(d, f->funcname, true);
    ident_format(d->out, "(");
    if (arguments(d, f->args, ", ") < 0)
        return -1;
    ident_format(d->out, ")");
    return 0;
}

static int value_function(struct deparse *d, const SQLValueFunction *f)
{
    static const struct {
        SQLValueFunctionOp op;
        const char *text;
    } words[] = {
        {SVFOP_CURRENT_DATE, "CURRENT_DATE"},
        {SVFOP_CURRENT_TIME, "CURRENT_TIME"},
        {SVFOP_CURRENT_TIME_N, "CURRENT_TIME"},
        {SVFOP_CURRENT_TIMESTAMP, "CURRENT_TIMESTAMP"},
        {SVFOP_CURRENT_TIMESTAMP_N, "CURRENT_TIMESTAMP"},
        {SVFOP_LOCALTIME, "LOCALTIME"},
        {SVFOP_LOCALTIME_N, "LOCALTIME"},
        {SVFOP_LOCALTIMESTAMP, "LOCALTIMESTAMP"},
        {SVFOP_LOCALTIMESTAMP_N, "LOCALTIMESTAMP"},
        {SVFOP_CURRENT_USER, "CURRENT_USER"},
        {SVFOP_SESSION_USER, "SESSION_USER"},
    };
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (words[i].op == f->op) {
            ident_format(d->out, "%s", words[i].text);
            if (f->typmod >= 0)
                ident_format(d->out, "(%d)", f->typmod);
            return 0;
        }
    return not_supported(d);
}

static int cast(struct deparse *d, const TypeCast *t)
{
    struct ddl lookup = {.c = d->c, .err = d->err};
    uint32_t oid;
    int32_t typmod;
    char type[TYPES_NAME_BYTES];
    if (ddl_type(&lookup, t->typeName, &oid, &typmod, NULL) < 0)
        return -1;
    bool literal = IsA(t->arg, A_Const);
    if (!literal)
        ident_format(d->out, "(");
    if (expression(d, t->arg, false) < 0)
        return -1;
    types_format(&d->c->catalog->types, oid, typmod, type, sizeof type);
    ident_format(d->out, "%s::%s", literal ? "" : ")", type);
    return 0;
}

static int binary(struct deparse *d, const Node *left, const char *operator, const Node * right)
{
    if (left && (expression(d, left, false) < 0))
        return -1;
    ident_format(d->out, "%s%s%s", left ? " " : "", operator, left ? " " : "");
    return expression(d, right, false);
}

static int operation(struct deparse *d, const A_Expr *a)
{
    const char *name = strVal(llast(a->name));
    if (list_length(a->name) > 1)
        return not_supported(d);
    switch (a->kind) {
    case AEXPR_OP:
        return binary(d, a->lexpr, name, a->rexpr);
    case AEXPR_DISTINCT:
        return binary(d, a->lexpr, "IS DISTINCT FROM", a->rexpr);
    case AEXPR_NOT_DISTINCT:
        return binary(d, a->lexpr, "IS NOT DISTINCT FROM", a->rexpr);
    case AEXPR_LIKE:
        return binary(d, a->lexpr, strcmp(name, "~~") == 0 ? "LIKE" : "NOT LIKE", a->rexpr);
    case AEXPR_ILIKE:
        return binary(d, a->lexpr, strcmp(name, "~~*") == 0 ? "ILIKE" : "NOT ILIKE", a->rexpr);
    case AEXPR_IN:
        if (expression(d, a->lexpr, false) < 0)
            return -1;
        ident_format(d->out, "%s", strcmp(name, "=") == 0 ? " IN (" : " NOT IN (");
        if (arguments(d, (const List *)a->rexpr, ", ") < 0)
            return -1;
        ident_format(d->out, ")");
        return 0;
    case AEXPR_BETWEEN:
    case AEXPR_NOT_BETWEEN:
        if (expression(d, a->lexpr, false) < 0)
            return -1;
        ident_format(d->out, "%s", a->kind == AEXPR_BETWEEN ? " BETWEEN " : " NOT BETWEEN ");
        return arguments(d, (const List *)a->rexpr, " AND ");
    default:
        return not_supported(d);
    }
}

static int boolean(struct deparse *d, const BoolExpr *b)
{
    if (b->boolop != NOT_EXPR) {
        ListCell *cell;
        bool first = true;
        foreach (cell, b->args) {
            if (!first)
                ident_format(d->out, "%s", b->boolop == AND_EXPR ? " AND " : " OR ");
            first = false;
            if (expression(d, lfirst(cell), false) < 0)
                return -1;
        }
        return 0;
    }
    ident_format(d->out, "NOT ");
    return expression(d, linitial(b->args), false);
}

static int columns(struct deparse *d, const ColumnRef *r)
{
    ListCell *cell;
    foreach (cell, r->fields)
        if (!IsA(lfirst(cell), String))
            return not_supported(d);
    names(d, r->fields, false);
    return 0;
}

static int array(struct deparse *d, const A_ArrayExpr *a)
{
    ident_format(d->out, "ARRAY[");
    if (arguments(d, a->elements, ", ") < 0)
        return -1;
    ident_format(d->out, "]");
    return 0;
}

static int null_test(struct deparse *d, const NullTest *n)
{
    if (expression(d, (const Node *)n->arg, false) < 0)
        return -1;
    ident_format(d->out, n->nulltesttype == IS_NULL ? " IS NULL" : " IS NOT NULL");
    return 0;
}

static int coalesce(struct deparse *d, const CoalesceExpr *c)
{
    ident_format(d->out, "COALESCE(");
    if (arguments(d, c->args, ", ") < 0)
        return -1;
    ident_format(d->out, ")");
    return 0;
}

static bool compound(const Node *node)
{
    return IsA(node, A_Expr) || IsA(node, BoolExpr) || IsA(node, NullTest);
}

static int inner(struct deparse *d, const Node *node)
{
    switch (nodeTag(node)) {
    case T_A_Const:
        return constant(d, (const A_Const *)node);
    case T_FuncCall:
        return call(d, (const FuncCall *)node);
    case T_SQLValueFunction:
        return value_function(d, (const SQLValueFunction *)node);
    case T_TypeCast:
        return cast(d, (const TypeCast *)node);
    case T_A_Expr:
        return operation(d, (const A_Expr *)node);
    case T_BoolExpr:
        return boolean(d, (const BoolExpr *)node);
    case T_ColumnRef:
        return columns(d, (const ColumnRef *)node);
    case T_NullTest:
        return null_test(d, (const NullTest *)node);
    case T_A_ArrayExpr:
        return array(d, (const A_ArrayExpr *)node);
    case T_CoalesceExpr:
        return coalesce(d, (const CoalesceExpr *)node);
    default:
        return not_supported(d);
    }
}

static int expression(struct deparse *d, const Node *node, bool top)
{
    bool wrap = !top && compound(node);
    if (++d->depth > DEPARSE_DEPTH)
        return err_set(d->err, SQLSTATE_STATEMENT_TOO_COMPLEX, "expression is nested too deeply");
    if (wrap)
        ident_format(d->out, "(");
    int rc = inner(d, node);
    if (wrap)
        ident_format(d->out, ")");
    d->depth--;
    return rc;
}

int deparse(struct store_conn *c, const Node *node, uint32_t type, struct buf *out, struct err *err)
{
    struct deparse d = {.c = c, .out = out, .err = err};
    if (expression(&d, node, true) < 0)
        return -1;
    const A_Const *k = (const A_Const *)node;
    if (type && IsA(node, A_Const) && !k->isnull && nodeTag(&k->val) == T_String) {
        char name[TYPES_NAME_BYTES];
        types_format(&c->catalog->types, type, -1, name, sizeof name);
        ident_format(out, "::%s", name);
    }
    return out->failed ? err_set(err, SQLSTATE_PROGRAM_LIMIT_EXCEEDED, "expression is too long")
                       : 0;
}
