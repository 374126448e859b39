/* translate_expr.c: expressions, one function for each kind of node; see translate_tree.h. */
#include "daemon/store/compare.h"
#include "daemon/store/emit.h"
#include "daemon/store/infer.h"
#include "daemon/store/record.h"
#include "daemon/store/translate_expr.h"
#include "daemon/store/translate_fold.h"
#include "daemon/store/viewdef_tree.h"

#include "lib/stringinfo.h"

#include <limits.h>
#include <stdlib.h>

struct expr *expr_new(enum expr_kind kind, uint32_t type, const char *sql, int location)
{
    struct expr *e = palloc0(sizeof(*e));
    e->kind = kind;
    e->type = type;
    e->typmod = -1;
    e->sql = sql;
    e->location = location;
    return e;
}

struct expr *expr_of(uint32_t type, const char *sql, int location, struct expr **args, int nargs)
{
    struct expr *e = expr_new(EXPR_PLAIN, type, sql, location);
    if (nargs > 0) {
        e->args = palloc(sizeof(args[0]) * (size_t)nargs);
        memcpy(e->args, args, sizeof(args[0]) * (size_t)nargs);
    }
    e->nargs = nargs;
    return e;
}

/* -- constants and parameters -- */

static struct expr *known_constant(struct tr *tr, uint32_t type, const char *text, int location)
{
    struct expr *open = expr_new(EXPR_CONST, TYPES_UNKNOWN, "", location);
    open->value = text;
    return infer_coerce(tr, open, type, INFER_IMPLICIT);
}

static struct expr *constant(struct scope *s, const A_Const *c)
{
    if (c->isnull)
        return expr_new(EXPR_CONST, TYPES_UNKNOWN, "NULL", c->location);
    switch (nodeTag(&c->val.node)) {
    case T_Integer:
        return known_constant(s->tr, TYPES_INT4, psprintf("%d", c->val.ival.ival), c->location);
    case T_Float: {
        const char *text = c->val.fval.fval;
        char *end = NULL;
        errno = 0;
        long long v = strtoll(text, &end, 10);
        bool whole = errno == 0 && *end == '\0';
        uint32_t type = !whole ? TYPES_NUMERIC : v == (int32_t)v ? TYPES_INT4 : TYPES_INT8;
        return known_constant(s->tr, type, text, c->location); /* -2147483648 is an integer */
    }
    case T_Boolean:
        return known_constant(s->tr, TYPES_BOOL, c->val.boolval.boolval ? "t" : "f", c->location);
    case T_String: {
        struct expr *e = expr_new(EXPR_CONST, TYPES_UNKNOWN, NULL, c->location);
        e->value = c->val.sval.sval;
        e->literal = c;
        e->sql = emit_text(e->value, strlen(e->value));
        return e;
    }
    default:
        tr_unsupported(s->tr, c->location, "a bit string");
    }
}

static struct expr *parameter(struct scope *s, const ParamRef *p)
{
    tr_param(s->tr, p->number, p->location);
    uint32_t type = s->tr->params[p->number - 1];
    int32_t typmod = -1;
    uint32_t base = type == 0 ? TYPES_UNKNOWN : infer_base(s->tr, type, &typmod);
    struct expr *e = expr_new(EXPR_PARAM, base, psprintf("?%d", p->number), p->location);
    e->typmod = typmod;
    e->domain = type == 0 || base == type ? 0 : type;
    e->param = p->number;
    return e;
}

/* -- conditions -- */

struct expr *expr_condition(struct scope *s, Node *node, const char *what)
{
    struct expr *e = expr_make(s, node);
    struct expr *to = infer_coerce(s->tr, e, TYPES_BOOL, INFER_ASSIGNMENT);
    if (to == NULL || e->type == TYPES_TEXT)
        tr_fail(s->tr, SQLSTATE_DATATYPE_MISMATCH, exprLocation(node),
                "argument of %s must be type boolean, not type %s", what,
                infer_type_name(s->tr, e->type));
    return to;
}

/* Joined in a balanced way, so that long chains stay shallow for SQLite. */
const char *expr_join(struct expr **args, int n, const char *word)
{
    if (n == 1)
        return args[0]->sql;
    return emit_format("(%s %s %s)", expr_join(args, n / 2, word), word,
                       expr_join(args + n / 2, n - n / 2, word));
}

bool expr_settles(const struct expr *e, BoolExprType op)
{
    const char *all = op == AND_EXPR ? "0" : "1";
    return e->kind == EXPR_CONST && e->value != NULL && strcmp(e->sql, all) == 0;
}

static struct expr *bool_expr(struct scope *s, const BoolExpr *b)
{
    const char *word = b->boolop == AND_EXPR ? "AND" : b->boolop == OR_EXPR ? "OR" : "NOT";
    int n = list_length(b->args);
    struct expr **args = palloc(sizeof(args[0]) * (size_t)n);
    int mark = -1, settled = n; /* the rest does not count any more */
    for (int i = 0; i < n; i++) {
        args[i] = expr_condition(s, list_nth(b->args, i), word);
        if (mark < 0 && b->boolop != NOT_EXPR && (args[i]->folds || expr_settles(args[i], b->boolop)))
            mark = fold_mark(s->tr);
        if (settled == n && expr_settles(args[i], b->boolop))
            settled = i + 1;
    }
    if (mark >= 0)
        fold_forget(s->tr, mark);
    const char *sql = b->boolop == NOT_EXPR ? emit_format("(NOT %s)", args[0]->sql)
                                            : expr_join(args, settled, word);
    if (settled > 1 && expr_settles(args[settled - 1], b->boolop) && !s->has_aggregate && !s->has_window)
        sql = args[settled - 1]->sql; /* an aggregate must be in SQLite's query, too */
    return expr_of(TYPES_BOOL, sql, b->location, args, n);
}

/* A row is NULL when all its fields are, and NOT NULL when none is. */
static struct expr *row_null_test(struct scope *s, const NullTest *t)
{
    int n;
    struct expr **all = row_values(s, (RowExpr *)t->arg, &n);
    StringInfoData out;
    initStringInfo(&out);
    for (int i = 0; i < n; i++) {
        all[i] = infer_settle(s->tr, all[i]);
        appendStringInfo(&out, "%s%s IS %sNULL", i == 0 ? "(" : " AND ", all[i]->sql,
                         t->nulltesttype == IS_NULL ? "" : "NOT ");
    }
    return expr_of(TYPES_BOOL, n > 0 ? emit_format("%s)", out.data) : "1", t->location, all, n);
}

static struct expr *null_test(struct scope *s, const NullTest *t)
{
    if (IsA(t->arg, RowExpr))
        return row_null_test(s, t);
    struct expr *arg = expr_make(s, (Node *)t->arg);
    const char *sql =
        record_is_type(s->tr->types, arg->type)
            ? row_null_text(arg, t->nulltesttype == IS_NULL)
            : emit_format("(%s IS %sNULL)", arg->sql, t->nulltesttype == IS_NULL ? "" : "NOT ");
    return expr_of(TYPES_BOOL, sql, t->location, &arg, 1);
}

static struct expr *boolean_test(struct scope *s, const BooleanTest *t)
{
    static const struct {
        const char *name, *sql;
    } forms[] = {
        [IS_TRUE] = {"IS TRUE", "(%1 IS TRUE)"},
        [IS_NOT_TRUE] = {"IS NOT TRUE", "(%1 IS NOT TRUE)"},
        [IS_FALSE] = {"IS FALSE", "(%1 IS FALSE)"},
        [IS_NOT_FALSE] = {"IS NOT FALSE", "(%1 IS NOT FALSE)"},
        [IS_UNKNOWN] = {"IS UNKNOWN", "(%1 IS NULL)"},
        [IS_NOT_UNKNOWN] = {"IS NOT UNKNOWN", "(%1 IS NOT NULL)"},
    };
    struct expr *arg = expr_condition(s, (Node *)t->arg, forms[t->booltesttype].name);
    return expr_of(TYPES_BOOL, emit_apply(forms[t->booltesttype].sql, &arg, 1), t->location, &arg,
                   1);
}

/* -- common types -- */

uint32_t expr_common_type(struct tr *tr, struct expr **exprs, int n, const char *what)
{
    uint32_t type = exprs[0]->type;
    int first = 0;
    bool same = true;
    for (int i = 1; i < n; i++)
        same = same && exprs[i]->type == type;
    if (same && type != TYPES_UNKNOWN)
        return type;
    for (int i = 1; i < n; i++) {
        uint32_t other = exprs[i]->type;
        if (other == TYPES_UNKNOWN || other == type)
            continue;
        if (type == TYPES_UNKNOWN) {
            type = other;
            first = i;
            continue;
        }
        if (infer_category(tr, type) != infer_category(tr, other)) {
            if (what == NULL)
                return 0;
            tr_fail(tr, SQLSTATE_DATATYPE_MISMATCH, exprs[i]->location,
                    "%s types %s and %s cannot be matched", what,
                    infer_type_name(tr, exprs[first]->type), infer_type_name(tr, other));
        }
        if (!infer_preferred(tr, type) && infer_can_coerce(tr, type, other, INFER_IMPLICIT) &&
            !infer_can_coerce(tr, other, type, INFER_IMPLICIT)) {
            type = other;
            first = i;
        }
    }
    return type == TYPES_UNKNOWN ? TYPES_TEXT : type;
}

struct expr *expr_to_common(struct tr *tr, struct expr *e, uint32_t type, const char *what)
{
    struct expr *to = infer_coerce(tr, e, type, INFER_IMPLICIT);
    if (to == NULL)
        tr_fail(tr, "42846", e->location, "%s could not convert type %s to %s", what,
                infer_type_name(tr, e->type), infer_type_name(tr, type));
    return to;
}

/* All the same typmod: the result has it too. */
int32_t expr_common_typmod(struct expr **exprs, int n, uint32_t type)
{
    int32_t typmod = exprs[0]->typmod;
    for (int i = 0; i < n; i++)
        if (exprs[i]->type != type || exprs[i]->typmod != typmod)
            return -1;
    return typmod;
}

/* Where they lose their length, values of character(n) show their blanks. */
void expr_pad(struct expr **exprs, int n, uint32_t type)
{
    if (type != TYPES_BPCHAR || expr_common_typmod(exprs, n, type) >= 0)
        return;
    for (int i = 0; i < n; i++)
        exprs[i] = infer_padded(exprs[i]);
}

/* -- CASE, COALESCE, GREATEST -- */

static struct expr *case_test(struct scope *s, struct expr *arg, CaseWhen *when)
{
    if (arg == NULL)
        return expr_condition(s, (Node *)when->expr, "CASE/WHEN");
    struct expr *value = expr_make(s, (Node *)when->expr);
    return expr_operator(s, "=", arg, value, when->location);
}

static struct expr *case_expr(struct scope *s, const CaseExpr *c)
{
    int n = list_length(c->args), mark = fold_mark(s->tr);
    int before = s->tr->volatile_calls;
    struct expr *arg = c->arg ? infer_settle(s->tr, expr_make(s, (Node *)c->arg)) : NULL;
    bool changes = s->tr->volatile_calls != before;
    struct expr **all = palloc(sizeof(all[0]) * (size_t)(2 * n + 1));
    struct expr **results = all + n; /* the default first: it weighs most in PostgreSQL */
    for (int i = 0; i < n; i++) {
        CaseWhen *when = list_nth(c->args, i);
        all[i] = case_test(s, arg, when);
        if (changes && n > 1)
            tr_unsupported(s->tr, c->location, "CASE with a volatile function as its operand");
        results[i + 1] = expr_make(s, (Node *)when->result);
    }
    results[0] = c->defresult ? expr_make(s, (Node *)c->defresult)
                              : expr_new(EXPR_CONST, TYPES_UNKNOWN, "NULL", c->location);
    uint32_t type = expr_common_type(s->tr, results, n + 1, "CASE");
    for (int i = 0; i <= n; i++)
        results[i] = expr_to_common(s->tr, results[i], type, "CASE");
    expr_pad(results, n + 1, type);
    StringInfoData out;
    initStringInfo(&out);
    appendStringInfoString(&out, "(CASE");
    for (int i = 0; i < n; i++)
        appendStringInfo(&out, " WHEN %s THEN %s", all[i]->sql, results[i + 1]->sql);
    appendStringInfo(&out, " ELSE %s END)", results[0]->sql);
    struct expr *e = expr_of(type, out.data, c->location, all, 2 * n + 1);
    fold_forget(s->tr, mark);
    sets_refuse(s, e, "CASE");
    e->typmod = expr_common_typmod(results, n + 1, type);
    return e;
}

static struct expr **expr_list(struct scope *s, List *nodes, int *ret_n)
{
    int n = list_length(nodes);
    struct expr **all = palloc(sizeof(all[0]) * (size_t)(n + 1));
    for (int i = 0; i < n; i++)
        all[i] = expr_make(s, list_nth(nodes, i));
    *ret_n = n;
    return all;
}

static struct expr *coalesce_expr(struct scope *s, const CoalesceExpr *c)
{
    int n, mark = fold_mark(s->tr);
    struct expr **all = expr_list(s, c->args, &n);
    uint32_t type = expr_common_type(s->tr, all, n, "COALESCE");
    for (int i = 0; i < n; i++)
        all[i] = expr_to_common(s->tr, all[i], type, "COALESCE");
    expr_pad(all, n, type);
    const char *sql = n == 1 ? all[0]->sql : emit_format("coalesce(%s)", emit_list(all, n));
    struct expr *e = expr_of(type, sql, c->location, all, n);
    fold_forget(s->tr, mark);
    sets_refuse(s, e, "COALESCE");
    e->typmod = expr_common_typmod(all, n, type);
    return e;
}

static struct expr *min_max_expr(struct scope *s, const MinMaxExpr *m)
{
    int n;
    const char *what = m->op == IS_GREATEST ? "GREATEST" : "LEAST";
    struct expr **all = expr_list(s, m->args, &n);
    uint32_t type = expr_common_type(s->tr, all, n, what);
    for (int i = 0; i < n; i++)
        all[i] = expr_to_common(s->tr, all[i], type, what);
    expr_pad(all, n, type);
    type_sortable(s->tr, type, m->location);
    const char *sql = emit_format("pgf_%s_of(%u, %s)", m->op == IS_GREATEST ? "greatest" : "least",
                                  infer_base(s->tr, type, NULL), emit_list(all, n));
    struct expr *e = expr_of(type, sql, m->location, all, n);
    e->typmod = expr_common_typmod(all, n, type);
    return e;
}

/* -- casts, session values -- */

struct expr *expr_cast(struct scope *s, TypeCast *cast)
{
    int32_t typmod = -1;
    uint32_t type = infer_type(s->tr, cast->typeName, &typmod);
    struct expr *e;
    if (IsA(cast->arg, A_ArrayExpr) && infer_category(s->tr, type) == 'A') {
        const uint32_t base = infer_base(s->tr, type, NULL);
        e = expr_array(s, (A_ArrayExpr *)cast->arg, base);
        if (base == type)
            return infer_typmod(s->tr, e, type, typmod, true);
    } else {
        e = expr_make(s, cast->arg);
    }
    if (e->row != NULL)
        e->location = cast->location; /* where errors of its fields are */
    struct expr *to = infer_coerce_typmod(s->tr, e, type, typmod, INFER_EXPLICIT);
    if (to == NULL)
        tr_fail(s->tr, "42846", cast->location, "cannot cast type %s to %s",
                infer_type_name(s->tr, e->type), infer_type_name(s->tr, type));
    if (infer_base(s->tr, type, NULL) != type) { /* with the domain's own typmod */
        type = infer_base(s->tr, type, &typmod);
    } else {
        to = infer_typmod(s->tr, to, type, typmod, true);
    }
    if (to->kind == EXPR_COLUMN) /* a cast is no longer the column itself */
        to = expr_of(type, to->sql, cast->location, &to, 1);
    to->typmod = typmod;
    return to;
}

static struct expr *collate(struct scope *s, const CollateClause *c)
{
    const char *name = strVal(llast(c->collname));
    struct expr *e = infer_settle(s->tr, expr_make(s, c->arg));
    if (strcmp(name, "C") != 0 && strcmp(name, "default") != 0 && strcmp(name, "POSIX") != 0)
        tr_unsupported(s->tr, c->location, "collation \"%s\"", name);
    if (infer_category(s->tr, e->type) != 'S')
        tr_fail(s->tr, SQLSTATE_DATATYPE_MISMATCH, c->location,
                "collations are not supported by type %s", infer_type_name(s->tr, e->type));
    struct expr *to = expr_of(e->type, e->sql, c->location, &e, 1);
    to->typmod = e->typmod;
    return to;
}

static struct expr *dispatch(struct scope *s, Node *node)
{
    switch (nodeTag(node)) {
    case T_A_Const:
        return constant(s, (A_Const *)node);
    case T_ParamRef:
        return parameter(s, (ParamRef *)node);
    case T_ColumnRef:
        return scope_column_ref(s, (ColumnRef *)node);
    case T_A_Expr:
        return expr_a(s, (A_Expr *)node);
    case T_BoolExpr:
        return bool_expr(s, (BoolExpr *)node);
    case T_NullTest:
        return null_test(s, (NullTest *)node);
    case T_BooleanTest:
        return boolean_test(s, (BooleanTest *)node);
    case T_CaseExpr:
        return case_expr(s, (CaseExpr *)node);
    case T_CoalesceExpr:
        return coalesce_expr(s, (CoalesceExpr *)node);
    case T_MinMaxExpr:
        return min_max_expr(s, (MinMaxExpr *)node);
    case T_FuncCall:
        return expr_func(s, (FuncCall *)node);
    case T_TypeCast:
        return expr_cast(s, (TypeCast *)node);
    case T_SubLink:
        return expr_sublink(s, (SubLink *)node);
    case T_A_ArrayExpr:
        return expr_array(s, (A_ArrayExpr *)node, 0);
    case T_SQLValueFunction:
        return session_value(s, (SQLValueFunction *)node);
    case T_CollateClause:
        return collate(s, (CollateClause *)node);
    case T_GroupingFunc:
        return grouping_function(s, (GroupingFunc *)node);
    case T_SetToDefault:
        tr_fail(s->tr, SQLSTATE_SYNTAX_ERROR, exprLocation(node),
                "DEFAULT is not allowed in this context");
    case T_RowExpr:
        return row_expr(s, (RowExpr *)node);
    case T_A_Indirection:
        return expr_indirection(s, (A_Indirection *)node);
    default:
        tr_unsupported(s->tr, exprLocation(node), "this expression");
    }
}

struct expr *expr_make(struct scope *s, Node *node)
{
    struct expr *e = viewdef_replayed(s->tr, node);
    if (e != NULL)
        return e;
    tr_enter(s->tr, exprLocation(node));
    e = dispatch(s, node);
    viewdef_note(s->tr, node, e);
    e = grouping_replace(s, e);
    tr_leave(s->tr);
    return e;
}
