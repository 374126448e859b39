#include "policy/leakproof.h"

#include "policy/names.h"

/* Types whose comparisons with each other are in one btree family and marked leak-proof by
 * PostgreSQL. Two families are never compared here: a date against a timestamp, say, converts
 * first. */
enum family {
    NONE,
    ANY, /* a literal without a type, NULL, a parameter: becomes what the other side is */
    BOOLEAN,
    INTEGER, /* int2, int4, and literals */
    LONG,    /* int8: next to an oid it is converted to one, and may be out of range */
    OBJECT,  /* oid: never compared with parameters, which would be converted to it when it runs */
    TEXT,
    PADDED, /* char(n) */
    DAY,
    LOCAL_TIME,
    ZONED_TIME,
    UUID,
    LETTER, /* "char", of the system's relations */
    OTHER, /* some column: may be tested for NULL, not compared */
};

static enum family family_of_oid(uint32_t oid)
{
    switch (oid) {
    case 0:
        return NONE;
    case 16:
        return BOOLEAN;
    case 18:
        return LETTER;
    case 20:
        return LONG;
    case 21:
    case 23:
        return INTEGER;
    case 26:
        return OBJECT;
    case 19:
    case 25:
    case 1043:
        return TEXT;
    case 1042:
        return PADDED;
    case 1082:
        return DAY;
    case 1114:
        return LOCAL_TIME;
    case 1184:
        return ZONED_TIME;
    case 2950:
        return UUID;
    default:
        return OTHER;
    }
}

/* A type as written: plain, without modifiers, which would cut or round. */
static enum family family_of_type(const TypeName *type)
{
    static const struct {
        const char *name;
        enum family family;
    } types[] = {
        {"bool", BOOLEAN},
        {"int2", INTEGER},
        {"int4", INTEGER},
        {"int8", LONG},
        {"oid", OBJECT},
        {"text", TEXT},
        {"varchar", TEXT},
        {"date", DAY},
        {"uuid", UUID},
        {"timestamp", LOCAL_TIME},
        {"timestamptz", ZONED_TIME},
    };
    int n = list_length(type->names);
    if (n > 2 || type->typmods != NIL || type->setof || type->pct_type)
        return NONE;
    if (n == 2 && strcmp(strVal(linitial(type->names)), "pg_catalog") != 0)
        return NONE;
    for (size_t i = 0; i < NAMES_COUNT(types); i++)
        if (strcmp(types[i].name, strVal(llast(type->names))) == 0)
            return types[i].family;
    return NONE;
}

static enum family family_of_const(const A_Const *c)
{
    if (c->isnull)
        return ANY;
    switch (nodeTag(&c->val)) {
    case T_String:
        return ANY;
    case T_Integer:
        return INTEGER;
    case T_Float: { /* an integer beyond int4 is written as one, too; below 10^18 it is a bigint */
        const char *digits = c->val.fval.fval;
        size_t n = strspn(digits, "0123456789");
        return digits[n] == '\0' && n <= 18 ? INTEGER : NONE;
    }
    case T_Boolean:
        return BOOLEAN;
    default:
        return NONE;
    }
}

/* Does the type of ${param} follow from the one place where it stands? */
static bool param_is_free(const struct leakproof_scope *scope, const ParamRef *param)
{
    return scope->untyped && scope->param_once && param->number > 0 &&
           (uint32_t)param->number <= scope->nparams && scope->param_once[param->number - 1];
}

static enum family family_of_cast(const struct leakproof_scope *scope, const TypeCast *cast)
{
    if (IsA(cast->arg, ParamRef) && cast->typeName->arrayBounds == NIL &&
        param_is_free(scope, (const ParamRef *)cast->arg)) {
        enum family f = family_of_type(cast->typeName);
        return f == OBJECT ? NONE : f;
    }
    /* Read at analysis: a literal of no type yet.  Numbers are converted later: false for them. */
    if (!IsA(cast->arg, A_Const) || cast->typeName->arrayBounds != NIL)
        return NONE;
    const A_Const *c = (const A_Const *)cast->arg;
    if (c->isnull || nodeTag(&c->val) == T_String || nodeTag(&c->val) == T_Boolean)
        return family_of_type(cast->typeName);
    return NONE;
}

/* What ${node} is as a side of a comparison. */
static enum family family_of(const struct leakproof_scope *scope, const Node *node)
{
    if (!node)
        return NONE;
    switch (nodeTag(node)) {
    case T_ColumnRef:
        return family_of_oid(scope->column_type(scope->arg, (const ColumnRef *)node));
    case T_ParamRef:
        return ANY;
    case T_A_Const:
        return family_of_const((const A_Const *)node);
    case T_TypeCast:
        return family_of_cast(scope, (const TypeCast *)node);
    default:
        return NONE;
    }
}

/* May a parameter stand beside a value of ${other}? */
static bool param_fits(const struct leakproof_scope *scope, const ParamRef *param,
                       enum family other)
{
    if (other == OBJECT)
        return false;
    if (other != LONG)
        return true;
    return scope->param_once && param->number > 0 && (uint32_t)param->number <= scope->nparams &&
           scope->param_once[param->number - 1];
}

static bool families_agree(enum family l, enum family r)
{
    return l == r || l == ANY || r == ANY || (l == INTEGER && r == LONG) ||
           (l == LONG && r == INTEGER);
}

static bool comparable(const struct leakproof_scope *scope, const Node *left, const Node *right)
{
    enum family l = family_of(scope, left), r = family_of(scope, right);
    if (l == NONE || r == NONE || l == OTHER || r == OTHER)
        return false;
    if (l == ANY && r == ANY) /* which operator will it be? */
        return false;
    if ((IsA(left, ParamRef) && !param_fits(scope, (const ParamRef *)left, r)) ||
        (IsA(right, ParamRef) && !param_fits(scope, (const ParamRef *)right, l)))
        return false;
    return families_agree(l, r);
}

static bool rows_comparable(const struct leakproof_scope *scope, const Node *left,
                            const Node *right)
{
    if (!left || !right || !IsA(left, RowExpr) || !IsA(right, RowExpr))
        return comparable(scope, left, right);
    const List *l = ((const RowExpr *)left)->args, *r = ((const RowExpr *)right)->args;
    if (list_length(l) != list_length(r))
        return false;
    for (int i = 0; i < list_length(l); i++)
        if (!comparable(scope, list_nth(l, i), list_nth(r, i)))
            return false;
    return true;
}

static bool all_comparable(const struct leakproof_scope *scope, const Node *left, const Node *right)
{
    if (!right || !IsA(right, List))
        return false;
    const List *items = (const List *)right;
    for (int i = 0; i < list_length(items); i++)
        if (!rows_comparable(scope, left, list_nth(items, i)))
            return false;
    return true;
}

/* An array of literals, or one whose type follows from the other side. */
static bool array_comparable(const struct leakproof_scope *scope, const Node *left,
                             const Node *array)
{
    enum family l = family_of(scope, left);
    if (!array || l == NONE || l == OTHER || l == ANY)
        return false;
    if (IsA(array, ParamRef))
        return param_fits(scope, (const ParamRef *)array, l);
    if (IsA(array, A_Const))
        return family_of_const((const A_Const *)array) == ANY;
    if (IsA(array, TypeCast)) { /* '{...}'::uuid[] */
        const TypeCast *cast = (const TypeCast *)array;
        bool read = IsA(cast->arg, A_Const)
                        ? family_of_const((const A_Const *)cast->arg) == ANY
                        : IsA(cast->arg, ParamRef) && l != OBJECT &&
                              param_is_free(scope, (const ParamRef *)cast->arg);
        return read && list_length(cast->typeName->arrayBounds) == 1 &&
               families_agree(family_of_type(cast->typeName), l);
    }
    if (!IsA(array, A_ArrayExpr))
        return false;
    const List *elements = ((const A_ArrayExpr *)array)->elements;
    for (int i = 0; i < list_length(elements); i++) {
        const Node *element = list_nth(elements, i);
        if (IsA(element, ColumnRef) || !comparable(scope, left, element))
            return false;
    }
    return elements != NIL;
}

static bool operator_is_btree(const List *name)
{
    static const char *const operators[] = {"<", "<=", "<>", "=", ">", ">="};
    if (list_length(name) == 2 && strcmp(strVal(linitial(name)), "pg_catalog") != 0)
        return false;
    return list_length(name) <= 2 &&
           names_listed(operators, NAMES_COUNT(operators), strVal(llast(name)));
}

static bool comparison(const struct leakproof_scope *scope, const A_Expr *e)
{
    switch (e->kind) {
    case AEXPR_OP:
        return e->lexpr && operator_is_btree(e->name) && rows_comparable(scope, e->lexpr, e->rexpr);
    case AEXPR_OP_ANY:
    case AEXPR_OP_ALL:
        return operator_is_btree(e->name) && array_comparable(scope, e->lexpr, e->rexpr);
    case AEXPR_DISTINCT:
    case AEXPR_NOT_DISTINCT:
        return comparable(scope, e->lexpr, e->rexpr);
    case AEXPR_IN: /* = or <> */
    case AEXPR_BETWEEN:
    case AEXPR_NOT_BETWEEN:
    case AEXPR_BETWEEN_SYM:
    case AEXPR_NOT_BETWEEN_SYM:
        return all_comparable(scope, e->lexpr, e->rexpr);
    case AEXPR_NULLIF:
    case AEXPR_LIKE:
    case AEXPR_ILIKE:
    case AEXPR_SIMILAR:
        return false;
    }
    return false;
}

static bool boolean(const struct leakproof_scope *scope, const Node *node)
{
    enum family f = family_of(scope, node);
    return f == BOOLEAN || f == ANY; /* a literal that is no boolean fails at analysis */
}

bool leakproof_expr(const struct leakproof_scope *scope, const Node *expr)
{
    if (!expr)
        return false;
    switch (nodeTag(expr)) {
    case T_A_Expr:
        return comparison(scope, (const A_Expr *)expr);
    case T_BoolExpr: {
        const List *args = ((const BoolExpr *)expr)->args;
        for (int i = 0; i < list_length(args); i++)
            if (!leakproof_expr(scope, list_nth(args, i)))
                return false;
        return true;
    }
    case T_NullTest:
        return family_of(scope, (const Node *)((const NullTest *)expr)->arg) != NONE;
    case T_BooleanTest:
        return leakproof_expr(scope, (const Node *)((const BooleanTest *)expr)->arg);
    default:
        return boolean(scope, expr);
    }
}
