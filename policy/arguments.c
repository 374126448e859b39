#include "policy/arguments.h"

#include "policy/functions.h"
#include "policy/names.h"
#include "policy/settings.h"
#include "protocol/sqlstate.h"

#include <stdlib.h>

/* Look through casts that keep a constant what it is: to ${types}, without modifiers. */
static const Node *without_casts(const Node *node, const char *const *types, size_t ntypes)
{
    while (node && IsA(node, TypeCast)) {
        const TypeName *type = ((const TypeCast *)node)->typeName;
        if (type->typmods != NIL || type->arrayBounds != NIL ||
            !names_listed(types, ntypes, strVal(llast(type->names))))
            return node;
        node = ((const TypeCast *)node)->arg;
    }
    return node;
}

static const Node *without_number_casts(const Node *node)
{
    static const char *const types[] = {"int2", "int4", "int8"};
    return without_casts(node, types, NAMES_COUNT(types));
}

static const char *constant_text(const Node *node)
{
    static const char *const types[] = {"text"};
    node = without_casts(node, types, NAMES_COUNT(types));
    if (!node || !IsA(node, A_Const) || ((const A_Const *)node)->isnull)
        return NULL;
    const A_Const *c = (const A_Const *)node;
    return nodeTag(&c->val) == T_String ? c->val.sval.sval : NULL;
}

/* An upper bound of the absolute value of ${node}, or -1 if none is known or it is over the limit.
 * Constants and lengths of values in memory, and sums, products and choices of them; ${depth}
 * bounds the recursion. */
static int64_t size_bound(const Node *node, int depth);

static int64_t size_bound_list(const List *items, int depth)
{
    int64_t most = 0;
    for (int i = 0; i < list_length(items); i++) {
        int64_t one = size_bound(list_nth(items, i), depth);
        if (one < 0)
            return -1;
        most = one > most ? one : most;
    }
    return most;
}

static int64_t size_bound_const(const A_Const *c)
{
    if (c->isnull)
        return 0;
    if (nodeTag(&c->val) == T_Integer)
        return llabs(c->val.ival.ival);
    if (nodeTag(&c->val) != T_String)
        return -1;
    const char *text = c->val.sval.sval;
    size_t n = strspn(text, "0123456789");
    return n > 0 && n < 9 && text[n] == '\0' ? strtol(text, NULL, 10) : -1;
}

static int64_t size_bound_operator(const A_Expr *e, int depth)
{
    if (e->kind != AEXPR_OP || list_length(e->name) != 1)
        return -1;
    const char *op = strVal(linitial(e->name));
    int64_t left = e->lexpr ? size_bound(e->lexpr, depth) : 0;
    int64_t right = e->rexpr ? size_bound(e->rexpr, depth) : 0;
    if (left < 0 || right < 0)
        return -1;
    if (strcmp(op, "*") == 0)
        return left * right; /* both are at most FUNCTIONS_MAX_SIZE */
    return strcmp(op, "+") == 0 || strcmp(op, "-") == 0 ? left + right : -1;
}

static int64_t size_bound_call(const FuncCall *f)
{
    return functions_measures(strVal(llast(f->funcname))) ? FUNCTIONS_MAX_SIZE / 2 : -1;
}

static int64_t size_bound(const Node *node, int depth)
{
    int64_t bound = -1;
    node = without_number_casts(node);
    if (!node || depth == 0)
        return -1;
    if (IsA(node, A_Const))
        bound = size_bound_const((const A_Const *)node);
    else if (IsA(node, A_Expr))
        bound = size_bound_operator((const A_Expr *)node, depth - 1);
    else if (IsA(node, FuncCall))
        bound = size_bound_call((const FuncCall *)node);
    else if (IsA(node, MinMaxExpr))
        bound = size_bound_list(((const MinMaxExpr *)node)->args, depth - 1);
    else if (IsA(node, CoalesceExpr))
        bound = size_bound_list(((const CoalesceExpr *)node)->args, depth - 1);
    return bound > FUNCTIONS_MAX_SIZE ? -1 : bound;
}

/* array_fill's sizes: the product of a constant array's elements. */
static bool array_is_small(const Node *node)
{
    if (IsA(node, TypeCast)) /* ARRAY[...]::int[] */
        node = ((const TypeCast *)node)->arg;
    if (!node || !IsA(node, A_ArrayExpr))
        return false;
    int64_t product = 1;
    const List *elements = ((const A_ArrayExpr *)node)->elements;
    for (int i = 0; i < list_length(elements); i++) {
        int64_t one = size_bound(list_nth(elements, i), 8);
        if (one < 0)
            return false;
        product *= one; /* at most 10^12 before the check below */
        if (product > FUNCTIONS_MAX_SIZE)
            return false;
    }
    return true;
}

/* format('%10s', ...): widths are constants within the limit; `*` takes them from an argument. */
static bool format_is_small(const char *format)
{
    for (const char *c = format; *c; c++) {
        if (*c != '%')
            continue;
        if (*++c == '%')
            continue;
        size_t spec = strspn(c, "0123456789$-");
        size_t run = 0;
        for (size_t i = 0; i < spec; i++) {
            run = c[i] >= '0' && c[i] <= '9' ? run + 1 : 0;
            if (run > 6)
                return false;
        }
        c += spec;
        if (*c == '*' || *c == '\0')
            return *c == '\0';
    }
    return true;
}

static int refuse_size(const char *name, struct err *err)
{
    err_set(err, SQLSTATE_PROGRAM_LIMIT_EXCEEDED,
            "the size that %s is given must be a small constant or made of lengths", name);
    err_hint(err, "At most %d.", FUNCTIONS_MAX_SIZE);
    return -1;
}

static int check_setting(const struct rules *rules, const Node *argument, struct err *err)
{
    const char *setting = constant_text(argument);
    if (!setting)
        return err_set(err, SQLSTATE_INSUFFICIENT_PRIVILEGE,
                       "the setting that current_setting reads must be a constant");
    if (!settings_readable(rules, setting))
        return err_set(err, SQLSTATE_INSUFFICIENT_PRIVILEGE, "setting \"%s\" may not be read",
                       setting);
    return 0;
}

bool arguments_matter(const char *name)
{
    return strcmp(name, "current_setting") == 0 || strcmp(name, "format") == 0 ||
           functions_size_argument(name) >= 0;
}

static int check(const struct rules *rules, const char *name, const List *args, struct err *err)
{
    const Node *first = args ? linitial(args) : NULL;
    if (strcmp(name, "current_setting") == 0)
        return check_setting(rules, first, err);
    if (strcmp(name, "format") == 0) {
        const char *format = constant_text(first);
        return format && format_is_small(format) ? 0 : refuse_size(name, err);
    }
    int index = functions_size_argument(name);
    if (list_length(args) <= index)
        return 0; /* fails on the server, or is another function of the name: bpchar(x) */
    const Node *size = list_nth(args, index);
    bool small = strcmp(name, "array_fill") == 0 ? array_is_small(size) : size_bound(size, 8) >= 0;
    return small ? 0 : refuse_size(name, err);
}

int arguments_check(const struct rules *rules, const char *name, const FuncCall *call,
                    struct err *err)
{
    if (!arguments_matter(name))
        return 0;
    int status = call->func_variadic ? refuse_size(name, err) : check(rules, name, call->args, err);
    if (status == 0)
        return 0;
    err->position = call->location >= 0 ? call->location + 1 : 0;
    return -1;
}
