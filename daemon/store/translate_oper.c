/* translate_oper.c: operators in all their forms: a + b, IN, LIKE, BETWEEN, ANY, rows. */
#include "daemon/store/emit.h"
#include "daemon/store/infer.h"
#include "daemon/store/translate_expr.h"

#include "lib/stringinfo.h"

/* A literal or a parameter: without a collation of its own. */
static bool is_bare(const struct expr *e)
{
    return e->kind == EXPR_PARAM || (e->kind == EXPR_CONST && e->sql[0] == '\'');
}

const char *expr_resolve(struct scope *s, const char *name, struct expr **left, struct expr **right,
                         uint32_t *ret_type, int location)
{
    uint32_t ltype = left == NULL ? 0 : (*left)->type;
    const struct infer_operator *o =
        infer_operator_find(s->tr, name, ltype, (*right)->type, location);
    const char *pattern = emit_operator_template(o);
    if (pattern == NULL && left == NULL)
        tr_unsupported(s->tr, location, "operator %s %s", name, infer_type_name(s->tr, o->right));
    if (pattern == NULL)
        tr_unsupported(s->tr, location, "operator %s %s %s", infer_type_name(s->tr, o->left), name,
                       infer_type_name(s->tr, o->right));
    const uint32_t declared[2] = {o->left, o->right}, actual[2] = {ltype, (*right)->type};
    *ret_type = infer_polymorphic(s->tr, o->result, declared, actual, 2);
    if (left != NULL)
        *left = infer_coerce(s->tr, *left, infer_polymorphic(s->tr, o->left, declared, actual, 2),
                             INFER_IMPLICIT);
    *right = infer_coerce(s->tr, *right, infer_polymorphic(s->tr, o->right, declared, actual, 2),
                          INFER_IMPLICIT);
    /* By an index, if there is one.  The left operand's collation counts first, and SQLite finds
     * one in almost anything: so the other side may only be a literal or a parameter. */
    bool comparison =
        o->left == TYPES_NUMERIC && o->right == TYPES_NUMERIC && *ret_type == TYPES_BOOL;
    if (comparison && (expr_collated(*left) || (expr_collated(*right) && is_bare(*left))))
        return emit_format("(%%1 %s %%2)", name);
    return pattern;
}

struct expr *expr_operator(struct scope *s, const char *name, struct expr *left, struct expr *right,
                           int location)
{
    struct expr *args[2] = {left, right};
    uint32_t type;
    if (left == NULL) {
        const char *pattern = expr_resolve(s, name, NULL, &args[1], &type, location);
        return expr_of(type, emit_apply(pattern, args + 1, 1), location, args + 1, 1);
    }
    const char *pattern = expr_resolve(s, name, &args[0], &args[1], &type, location);
    /* `||` of something and a text: the something as text */
    return expr_of(type, emit_apply(pattern, args, 2), location, args, 2);
}

/* The name of an operator; OPERATOR(pg_catalog.=) is the plain one. */
static const char *operator_name(struct tr *tr, const A_Expr *a)
{
    if (list_length(a->name) > 2 ||
        (list_length(a->name) == 2 && strcmp(strVal(linitial(a->name)), "pg_catalog") != 0))
        tr_unsupported(tr, a->location, "a schema before an operator");
    return strVal(llast(a->name));
}

/* -- rows -- */

static struct expr **row_exprs(struct scope *s, RowExpr *row, int *ret_n)
{
    *ret_n = list_length(row->args);
    struct expr **all = palloc(sizeof(all[0]) * (size_t)(*ret_n + 1));
    for (int i = 0; i < *ret_n; i++)
        all[i] = expr_make(s, list_nth(row->args, i));
    return all;
}

struct expr *expr_rows(struct scope *s, const char *name, RowExpr *left, RowExpr *right,
                       int location)
{
    int n, m;
    struct expr **l = row_exprs(s, left, &n), **r = row_exprs(s, right, &m);
    bool equal = strcmp(name, "=") == 0, differ = strcmp(name, "<>") == 0;
    if (n != m)
        tr_fail(s->tr, SQLSTATE_SYNTAX_ERROR, location,
                "unequal number of entries in row expressions");
    if (n == 0)
        tr_fail(s->tr, SQLSTATE_FEATURE_NOT_SUPPORTED, location,
                "cannot compare rows of zero length");
    if (!equal && !differ && name[0] != '<' && name[0] != '>')
        tr_unsupported(s->tr, location, "operator %s of rows", name);
    struct expr **all = palloc(sizeof(all[0]) * (size_t)(2 * n));
    StringInfoData out;
    initStringInfo(&out);
    for (int i = 0; i < n; i++) {
        uint32_t type;
        const char *pattern = expr_resolve(s, name, &l[i], &r[i], &type, location);
        struct expr *pair[2] = {l[i], r[i]};
        all[2 * i] = l[i];
        all[2 * i + 1] = r[i];
        if (!equal && !differ && pattern != strstr(pattern, "(%1 "))
            tr_unsupported(s->tr, location, "operator %s of rows of %s", name,
                           infer_type_name(s->tr, l[i]->type));
        if (equal || differ)
            appendStringInfo(&out, "%s%s",
                             i == 0  ? ""
                             : equal ? " AND "
                                     : " OR ",
                             emit_apply(pattern, pair, 2));
    }
    if (!equal && !differ)
        appendStringInfo(&out, "(%s) %s (%s)", emit_list(l, n), name, emit_list(r, n));
    return expr_of(TYPES_BOOL, emit_format("(%s)", out.data), location, all, 2 * n);
}

static struct expr *plain_operator(struct scope *s, A_Expr *a)
{
    const char *name = operator_name(s->tr, a);
    if (a->lexpr && IsA(a->lexpr, RowExpr) && IsA(a->rexpr, RowExpr))
        return expr_rows(s, name, (RowExpr *)a->lexpr, (RowExpr *)a->rexpr, a->location);
    if (a->lexpr && IsA(a->lexpr, RowExpr) && list_length(((RowExpr *)a->lexpr)->args) == 1 &&
        !IsA(a->rexpr, SubLink))
        tr_unsupported(s->tr, a->location, "a row compared with a value");
    struct expr *left = a->lexpr ? expr_make(s, a->lexpr) : NULL;
    return expr_operator(s, name, left, expr_make(s, a->rexpr), a->location);
}

/* -- IN -- */

/* `x op ANY (list)`: SQLite's IN where the operator is plain equality, otherwise a chain. */
static struct expr *any_of(struct scope *s, const char *name, struct expr *left, struct expr **list,
                           int n, bool all, int location)
{
    struct expr **args = palloc(sizeof(args[0]) * (size_t)(n + 1));
    struct expr **tests = palloc(sizeof(tests[0]) * (size_t)(n + 1));
    const char *pattern = NULL;
    bool plain = strcmp(name, all ? "<>" : "=") == 0;
    struct expr *one = left;
    for (int i = 0; i < n; i++) {
        uint32_t type;
        struct expr *l = left, *r = list[i];
        pattern = expr_resolve(s, name, &l, &r, &type, location);
        struct expr *pair[2] = {l, r};
        if (type != TYPES_BOOL)
            tr_fail(s->tr, SQLSTATE_DATATYPE_MISMATCH, location,
                    "op ANY/ALL (array) requires operator to yield boolean");
        plain = plain && strcmp(pattern, all ? "(%1 <> %2)" : "(%1 = %2)") == 0 &&
                (l->type != TYPES_NUMERIC || expr_collated(l)) &&
                (i == 0 || strcmp(one->sql, l->sql) == 0);
        one = l;
        args[i + 1] = r;
        tests[i] = expr_of(TYPES_BOOL, emit_apply(pattern, pair, 2), location, pair, 2);
    }
    args[0] = one;
    if (n == 0)
        return expr_of(TYPES_BOOL, all ? "1" : "0", location, args, 1);
    if (plain)
        return expr_of(
            TYPES_BOOL,
            emit_format("(%s %sIN (%s))", one->sql, all ? "NOT " : "", emit_list(args + 1, n)),
            location, args, n + 1);
    StringInfoData out;
    initStringInfo(&out);
    for (int i = 0; i < n; i++)
        appendStringInfo(&out, "%s%s", i == 0 ? "" : all ? " AND " : " OR ", tests[i]->sql);
    return expr_of(TYPES_BOOL, emit_format("(%s)", out.data), location, tests, n);
}

static struct expr *rows_in_list(struct scope *s, A_Expr *a, bool negated)
{
    List *rows = (List *)a->rexpr;
    int n = list_length(rows);
    struct expr **tests = palloc(sizeof(tests[0]) * (size_t)n);
    StringInfoData out;
    initStringInfo(&out);
    for (int i = 0; i < n; i++) {
        Node *row = list_nth(rows, i);
        if (!IsA(row, RowExpr))
            tr_unsupported(s->tr, a->location, "IN with a row and a value");
        tests[i] = expr_rows(s, "=", (RowExpr *)a->lexpr, (RowExpr *)row, a->location);
        appendStringInfo(&out, "%s%s", i == 0 ? "" : " OR ", tests[i]->sql);
    }
    return expr_of(TYPES_BOOL, emit_format(negated ? "(NOT (%s))" : "(%s)", out.data), a->location,
                   tests, n);
}

struct expr *expr_in_list(struct scope *s, A_Expr *a)
{
    bool negated = strcmp(strVal(linitial(a->name)), "<>") == 0;
    List *list = (List *)a->rexpr;
    int n = list_length(list);
    if (IsA(a->lexpr, RowExpr))
        return rows_in_list(s, a, negated);
    struct expr **all = palloc(sizeof(all[0]) * (size_t)(n + 1));
    all[0] = expr_make(s, a->lexpr);
    for (int i = 0; i < n; i++)
        all[i + 1] = expr_make(s, list_nth(list, i));
    uint32_t type = n > 1 ? expr_common_type(s->tr, all, n + 1, NULL) : 0;
    for (int i = 1; type != 0 && i <= n; i++) {
        struct expr *to = infer_coerce(s->tr, all[i], type, INFER_IMPLICIT);
        if (to == NULL) /* no array of one type: PostgreSQL compares one by one */
            break;
        all[i] = to;
    }
    return any_of(s, negated ? "<>" : "=", all[0], all + 1, n, negated, a->location);
}

/* -- ANY, ALL -- */

/* `x op ANY (array)` for any operator: found, else unknown where a comparison was NULL. */
static const char *array_tests(const char *test, const char *rows, bool all)
{
    return emit_format(
        "(CASE WHEN EXISTS (SELECT 1 FROM %s WHERE %s%s) THEN %d WHEN EXISTS (SELECT 1 "
        "FROM %s WHERE %s IS NULL) THEN NULL ELSE %d END)",
        rows, all ? "NOT " : "", test, all ? 0 : 1, rows, test, all ? 1 : 0);
}

static struct expr *array_value(struct scope *s, A_Expr *a, const char *name, struct expr *left,
                                bool all)
{
    struct expr *right = expr_make(s, a->rexpr);
    uint32_t element = TYPES_UNKNOWN;
    if (right->type != TYPES_UNKNOWN) {
        if (infer_category(s->tr, right->type) != 'A')
            tr_fail(s->tr, "42809", a->location, "op ANY/ALL (array) requires array on right side");
        element = types_find(s->tr->types, right->type)->elem;
    }
    const struct infer_operator *o =
        infer_operator_find(s->tr, name, left->type, element, a->location);
    const uint32_t declared[2] = {o->left, o->right}, actual[2] = {left->type, element};
    uint32_t wanted = infer_polymorphic(s->tr, o->right, declared, actual, 2);
    const struct types_info *info = types_find(s->tr->types, wanted);
    if (info == NULL || info->array == 0 || !types_supported(s->tr->types, info->array))
        tr_unsupported(s->tr, a->location, "%s %s (array)", name, all ? "ALL" : "ANY");
    if (right->type == TYPES_UNKNOWN)
        right = infer_coerce(s->tr, right, info->array, INFER_IMPLICIT);
    element = types_find(s->tr->types, right->type)->elem;
    const char *alias = tr_alias(s->tr);
    struct expr *member = expr_new(EXPR_PLAIN, element, emit_format("%s.\"c1\"", alias), -1);
    struct expr *one = left;
    uint32_t type;
    const char *pattern = expr_resolve(s, name, &one, &member, &type, a->location);
    if (type != TYPES_BOOL)
        tr_fail(s->tr, "42809", a->location,
                "op ANY/ALL (array) requires operator to yield boolean");
    const char *rows =
        emit_format("pgf_set('members/2/1', %u, %s) AS %s", right->type, right->sql, alias);
    struct expr *pair[2] = {one, member}, *args[2] = {left, right};
    bool plain =
        strcmp(pattern, all ? "(%1 <> %2)" : "(%1 = %2)") == 0 && one->type != TYPES_NUMERIC;
    const char *sql = plain ? emit_format("(%s %sIN (SELECT %s FROM %s))", one->sql,
                                          all ? "NOT " : "", member->sql, rows)
                            : array_tests(emit_apply(pattern, pair, 2), rows, all);
    return expr_of(TYPES_BOOL, sql, a->location, args, 2);
}

/* x = ANY (ARRAY(SELECT ...)) is x IN (SELECT ...) */
static struct expr *any_subquery(struct scope *s, A_Expr *a, const SubLink *array, bool all)
{
    SubLink *link = palloc0(sizeof(*link));
    *link = *array;
    link->subLinkType = all ? ALL_SUBLINK : ANY_SUBLINK;
    link->testexpr = a->lexpr;
    link->operName = a->name;
    return expr_sublink(s, link);
}

struct expr *expr_array_compare(struct scope *s, A_Expr *a)
{
    const char *name = operator_name(s->tr, a);
    bool all = a->kind == AEXPR_OP_ALL;
    Node *right = a->rexpr;
    TypeCast *cast = IsA(right, TypeCast) ? (TypeCast *)right : NULL;
    A_ArrayExpr *array = IsA(right, A_ArrayExpr)                       ? (A_ArrayExpr *)right
                         : cast != NULL && IsA(cast->arg, A_ArrayExpr) ? (A_ArrayExpr *)cast->arg
                                                                       : NULL;
    if (IsA(right, SubLink) && ((SubLink *)right)->subLinkType == ARRAY_SUBLINK &&
        strcmp(name, all ? "<>" : "=") == 0)
        return any_subquery(s, a, (SubLink *)right, all);
    if (array == NULL)
        return array_value(s, a, name, expr_make(s, a->lexpr), all);
    struct expr *left = expr_make(s, a->lexpr);
    uint32_t element = 0;
    if (right != (Node *)array) {
        int32_t typmod;
        uint32_t type = infer_type(s->tr, cast->typeName, &typmod);
        element = types_find(s->tr->types, type)->elem;
    }
    int n = list_length(array->elements);
    struct expr **list = palloc(sizeof(list[0]) * (size_t)(n + 1));
    for (int i = 0; i < n; i++)
        list[i] = expr_make(s, list_nth(array->elements, i));
    for (int i = 0; i < n; i++)
        if (infer_category(s->tr, list[i]->type) == 'A')
            return array_value(s, a, name, left, all);
    if (n == 0 && element == 0)
        return expr_array(s, array, 0);
    if (element == 0)
        element = expr_common_type(s->tr, list, n, "ARRAY");
    for (int i = 0; i < n; i++) {
        struct expr *to =
            infer_coerce(s->tr, list[i], element, cast ? INFER_EXPLICIT : INFER_IMPLICIT);
        if (to == NULL)
            tr_fail(s->tr, "42846", list[i]->location, "cannot cast type %s to %s",
                    infer_type_name(s->tr, list[i]->type), infer_type_name(s->tr, element));
        list[i] = to;
    }
    return any_of(s, name, left, list, n, all, a->location);
}

/* -- the rest -- */

static struct expr *distinct_from(struct scope *s, A_Expr *a, bool negated)
{
    if (IsA(a->lexpr, RowExpr) || IsA(a->rexpr, RowExpr))
        tr_unsupported(s->tr, a->location, "IS DISTINCT FROM of rows");
    struct expr *args[2] = {expr_make(s, a->lexpr), expr_make(s, a->rexpr)};
    uint32_t type;
    const char *pattern = expr_resolve(s, "=", &args[0], &args[1], &type, a->location);
    bool numeric = strncmp(pattern, "(pgf_num_compare(", 17) == 0;
    if (pattern != strstr(pattern, "(%1 ") && !numeric) {
        const char *equal = emit_apply(pattern, args, 2);
        const char *both = emit_apply("%1 IS NULL AND %2 IS NULL", args, 2);
        return expr_of(TYPES_BOOL,
                       emit_format("(%scoalesce(%s, %s))", negated ? "" : "NOT ", equal, both),
                       a->location, args, 2);
    }
    const char *sql = emit_apply(!numeric  ? (negated ? "(%1 IS %2)" : "(%1 IS NOT %2)")
                                 : negated ? "coalesce(pgf_num_compare(%1, %2) = 0, %1 IS %2)"
                                           : "coalesce(pgf_num_compare(%1, %2) <> 0, %1 IS NOT %2)",
                                 args, 2);
    return expr_of(TYPES_BOOL, sql, a->location, args, 2);
}

static struct expr *null_if(struct scope *s, A_Expr *a)
{
    struct expr *args[2] = {expr_make(s, a->lexpr), expr_make(s, a->rexpr)};
    uint32_t type;
    const char *pattern = expr_resolve(s, "=", &args[0], &args[1], &type, a->location);
    bool numeric = strncmp(pattern, "(pgf_num_compare(", 17) == 0;
    if (pattern != strstr(pattern, "(%1 ") && !numeric)
        return expr_of(args[0]->type,
                       emit_format("(CASE WHEN %s THEN NULL ELSE %s END)",
                                   emit_apply(pattern, args, 2), args[0]->sql),
                       a->location, args, 2);
    const char *sql =
        emit_apply(numeric ? "(CASE WHEN pgf_num_compare(%1, %2) = 0 THEN NULL ELSE %1 END)"
                           : "nullif(%1, %2)",
                   args, 2);
    return expr_of(args[0]->type, sql, a->location, args, 2);
}

static struct expr *between(struct scope *s, A_Expr *a)
{
    List *bounds = (List *)a->rexpr;
    bool negated = a->kind == AEXPR_NOT_BETWEEN;
    if (a->kind == AEXPR_BETWEEN_SYM || a->kind == AEXPR_NOT_BETWEEN_SYM)
        tr_unsupported(s->tr, a->location, "BETWEEN SYMMETRIC");
    int before = s->tr->volatile_calls;
    struct expr *low = expr_operator(s, negated ? "<" : ">=", expr_make(s, a->lexpr),
                                     expr_make(s, linitial(bounds)), a->location);
    struct expr *high = expr_operator(s, negated ? ">" : "<=", expr_make(s, a->lexpr),
                                      expr_make(s, lsecond(bounds)), a->location);
    if (s->tr->volatile_calls != before)
        tr_unsupported(s->tr, a->location, "BETWEEN with a volatile function");
    struct expr *args[2] = {low, high};
    return expr_of(TYPES_BOOL,
                   emit_format("(%s %s %s)", low->sql, negated ? "OR" : "AND", high->sql),
                   a->location, args, 2);
}

struct expr *expr_a(struct scope *s, A_Expr *a)
{
    switch (a->kind) {
    case AEXPR_OP:
    case AEXPR_LIKE:
    case AEXPR_ILIKE:
    case AEXPR_SIMILAR:
        return plain_operator(s, a);
    case AEXPR_OP_ANY:
    case AEXPR_OP_ALL:
        return expr_array_compare(s, a);
    case AEXPR_DISTINCT:
        return distinct_from(s, a, false);
    case AEXPR_NOT_DISTINCT:
        return distinct_from(s, a, true);
    case AEXPR_NULLIF:
        return null_if(s, a);
    case AEXPR_IN:
        return expr_in_list(s, a);
    case AEXPR_BETWEEN:
    case AEXPR_NOT_BETWEEN:
    case AEXPR_BETWEEN_SYM:
    case AEXPR_NOT_BETWEEN_SYM:
        return between(s, a);
    }
    tr_unsupported(s->tr, a->location, "this operator");
}
