/* translate_oper.c: operators in all their forms: a + b, IN, LIKE, BETWEEN, ANY, rows. */
#include "daemon/store/array.h"
#include "daemon/store/emit.h"
#include "daemon/store/infer.h"
#include "daemon/store/translate_expr.h"
#include "daemon/store/translate_fold.h"

#include "lib/stringinfo.h"

enum { LITERAL_ITEMS_MAX = 200 };

/* A literal or a parameter: without a collation of its own. */
static bool is_bare(const struct expr *e)
{
    return e->kind == EXPR_PARAM || (e->kind == EXPR_CONST && e->sql[0] == '\'');
}

const char *expr_resolve(struct scope *s, const char *name, struct expr **left, struct expr **right,
                         uint32_t *ret_type, int location)
{
    uint32_t ltype = left == NULL ? 0 : (*left)->type;
    const struct infer_operator *o = infer_operator_find(
        s->tr, name, left == NULL ? 0 : infer_said(*left), infer_said(*right), location);
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
    if (o->left == TYPES_BPCHAR && o->right == TYPES_BPCHAR && strncmp(pattern, "(%1 ", 4) == 0)
        pattern = emit_format("(%s %s %s)", (*left)->typmod > 4 ? "%1" : "rtrim(%1, ' ')", name,
                              (*right)->typmod > 4 ? "%2" : "rtrim(%2, ' ')");
    if (o->left == ANYARRAYOID && left != NULL)
        pattern = uncomparable_operator(s->tr, o, (*left)->type, pattern);
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
        return fold_operator(
            s, expr_of(type, emit_apply(pattern, args + 1, 1), location, args + 1, 1), name);
    }
    const char *pattern = expr_resolve(s, name, &args[0], &args[1], &type, location);
    /* `||` of something and a text: the something as text */
    return fold_operator(s, expr_of(type, emit_apply(pattern, args, 2), location, args, 2), name);
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

/* (a, b) < (c, d): the first pair that is not equal decides; one that is unknown leaves it unknown. */
static const char *rows_ordered(struct scope *s, const char *name, struct expr **l, struct expr **r,
                                int n, int location)
{
    const char *text = NULL, strict[2] = {name[0], '\0'};
    for (int i = n - 1; i >= 0; i--) {
        const char *test = expr_operator(s, i == n - 1 ? name : strict, l[i], r[i], location)->sql;
        text = text == NULL ? test
                            : emit_format("(CASE WHEN %s THEN %s ELSE %s END)",
                                          expr_operator(s, "=", l[i], r[i], location)->sql, text,
                                          test);
    }
    return text;
}

static const char *rows_equal(struct expr **tests, int n, bool equal)
{
    StringInfoData out;
    initStringInfo(&out);
    for (int i = 0; i < n; i++)
        appendStringInfo(&out, "%s%s",
                         i == 0  ? "("
                         : equal ? " AND "
                                 : " OR ",
                         tests[i]->sql);
    appendStringInfoChar(&out, ')');
    return out.data;
}

/* Stored values that SQLite orders as PostgreSQL does: its own comparison of rows, which can use an
 * index. */
static bool rows_native(const struct tr *tr, const struct expr *test, const struct expr *l, const struct expr *r,
                        const char *name)
{
    return strcmp(test->sql, emit_format("(%s %s %s)", l->sql, name, r->sql)) == 0 &&
           emit_collation(tr, l->type)[0] == '\0';
}

struct expr *expr_row_compare(struct scope *s, const char *name, struct expr **l, struct expr **r,
                              int n, int location)
{
    bool equal = strcmp(name, "=") == 0, differ = strcmp(name, "<>") == 0, native = true;
    struct expr **tests = palloc(sizeof(tests[0]) * (size_t)(n + 1));
    if (n == 0)
        tr_fail(s->tr, SQLSTATE_FEATURE_NOT_SUPPORTED, location,
                "cannot compare rows of zero length");
    for (int i = 0; i < n; i++) {
        tests[i] = expr_operator(s, name, l[i], r[i], location);
        if (tests[i]->type != TYPES_BOOL)
            tr_fail(s->tr, SQLSTATE_DATATYPE_MISMATCH, location,
                    "row comparison operator must yield type boolean, not type %s",
                    infer_type_name(s->tr, tests[i]->type));
        native = native && rows_native(s->tr, tests[i], l[i], r[i], name);
    }
    if (equal || differ)
        return expr_of(TYPES_BOOL, rows_equal(tests, n, equal), location, tests, n);
    if (strcmp(name, "<") != 0 && strcmp(name, "<=") != 0 && strcmp(name, ">") != 0 &&
        strcmp(name, ">=") != 0) {
        if (n == 1)
            return tests[0];
        tr_set(s->tr, SQLSTATE_FEATURE_NOT_SUPPORTED, location,
               "could not determine interpretation of row comparison operator %s", name);
        err_hint(s->tr->err, "Row comparison operators must be associated with btree operator "
                             "families.");
        tr_throw(s->tr);
    }
    const char *sql = native && n > 1 ? emit_format("((%s) %s (%s))", emit_list(l, n), name,
                                                    emit_list(r, n))
                                      : rows_ordered(s, name, l, r, n, location);
    return expr_of(TYPES_BOOL, sql, location, tests, n);
}

struct expr *expr_rows(struct scope *s, const char *name, RowExpr *left, RowExpr *right,
                       int location)
{
    int n, m;
    int before = s->tr->volatile_calls;
    struct expr **l = row_values(s, left, &n), **r = row_values(s, right, &m);
    if (n != m)
        tr_fail(s->tr, SQLSTATE_SYNTAX_ERROR, location,
                "unequal number of entries in row expressions");
    struct expr *e = expr_row_compare(s, name, l, r, n, location);
    if (s->tr->volatile_calls != before && n > 1 && strstr(e->sql, "(CASE ") == e->sql)
        tr_unsupported(s->tr, location, "a comparison of rows with a volatile function");
    return e;
}

static struct expr *plain_operator(struct scope *s, A_Expr *a)
{
    const char *name = operator_name(s->tr, a);
    if (a->lexpr && IsA(a->lexpr, RowExpr) && IsA(a->rexpr, RowExpr))
        return expr_rows(s, name, (RowExpr *)a->lexpr, (RowExpr *)a->rexpr, a->location);
    if (a->lexpr && IsA(a->lexpr, RowExpr) && IsA(a->rexpr, SubLink) &&
        ((SubLink *)a->rexpr)->subLinkType == EXPR_SUBLINK) {
        SubLink *link = palloc0(sizeof(*link));
        *link = *(SubLink *)a->rexpr;
        link->subLinkType = ROWCOMPARE_SUBLINK;
        link->testexpr = a->lexpr;
        link->operName = a->name;
        link->location = a->location;
        return expr_sublink(s, link);
    }
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
            tr_fail(s->tr, "42809", location,
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

/* Several values without columns are an array to PostgreSQL: they become of one type, which the left
 * side, all[0], has a say in.  If there is none, it compares one by one. */
static void in_one_type(struct scope *s, struct expr **all, int n)
{
    struct expr **fixed = palloc(sizeof(fixed[0]) * (size_t)(n + 1));
    int nfixed = 0;
    fixed[nfixed++] = all[0];
    for (int i = 1; i <= n; i++)
        if (expr_find(all[i], EXPR_COLUMN, s) == NULL)
            fixed[nfixed++] = all[i];
    uint32_t type = nfixed > 2 ? expr_common_type(s->tr, fixed, nfixed, NULL) : 0;
    for (int i = 1; type != 0 && i <= n; i++) {
        if (expr_find(all[i], EXPR_COLUMN, s) != NULL)
            continue;
        struct expr *to = infer_coerce(s->tr, all[i], type, INFER_IMPLICIT);
        if (to == NULL)
            break;
        all[i] = to;
    }
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
    in_one_type(s, all, n);
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

/* A literal of one dimension: its elements, of the type ${element}; NULL: it is another thing. */
static struct expr **literal_items(struct scope *s, const struct expr *array, uint32_t element,
                                   int *ret_n)
{
    const struct types_session utc = {.timezone = "UTC", .set = s->tr->types};
    struct types_value v;
    struct array items;
    if (array->kind != EXPR_CONST || array->value == NULL || array->sql[0] != '\'')
        return NULL;
    buf_reset(&s->tr->scratch);
    if (types_input(&utc, array->type, -1, (struct slice){array->value, strlen(array->value)},
                    &s->tr->scratch, &v, s->tr->err) < 0)
        tr_throw(s->tr);
    if (array_parse(v.bytes, false, &items) < 0)
        return NULL;
    struct expr **all = palloc(sizeof(all[0]) * (items.n + 1));
    *ret_n = items.ndim < 2 && items.n < LITERAL_ITEMS_MAX ? (int)items.n : -1;
    for (int i = 0; i < *ret_n; i++) {
        struct slice text = array_item(&items, (size_t)i);
        all[i] = expr_new(EXPR_CONST, TYPES_UNKNOWN, "NULL", array->location);
        all[i]->value = text.data ? psprintf("%.*s", (int)text.len, text.data) : NULL;
    }
    array_release(&items);
    for (int i = 0; i < *ret_n; i++)
        all[i] = infer_coerce(s->tr, all[i], element, INFER_IMPLICIT);
    return *ret_n < 0 ? NULL : all;
}

/* Where SQLite takes no subquery: is ${left} in the array?  `<> ALL` is the opposite. */
static struct expr *array_member(struct scope *s, const A_Expr *a, struct expr *left,
                                 struct expr *array, bool all)
{
    struct expr *args[2] = {left, array};
    uint32_t type = array->type, element = types_find(s->tr->types, type)->elem;
    const char *sql = emit_format(
        "(CASE WHEN %s IS NULL THEN NULL WHEN pgf_cardinality(%u, %s) = 0 THEN 0 WHEN %s IS NULL THEN "
        "NULL WHEN pgf_array_contains(%u, %s, pgf_array(%u, %s)) THEN 1 WHEN pgf_array_position(%u, "
        "%s, NULL) IS NOT NULL THEN NULL ELSE 0 END)",
        array->sql, type, array->sql, left->sql, type, array->sql, element, left->sql, type,
        array->sql);
    return expr_of(TYPES_BOOL, all ? emit_format("(NOT %s)", sql) : sql, a->location, args, 2);
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
        infer_operator_find(s->tr, name, infer_said(left), element, a->location);
    const uint32_t declared[2] = {o->left, o->right}, actual[2] = {left->type, element};
    uint32_t wanted = infer_polymorphic(s->tr, o->right, declared, actual, 2);
    const struct types_info *info = types_find(s->tr->types, wanted);
    if (info == NULL || info->array == 0 || !types_supported(s->tr->types, info->array))
        tr_unsupported(s->tr, a->location, "%s %s (array)", name, all ? "ALL" : "ANY");
    if (right->type == TYPES_UNKNOWN)
        right = infer_coerce(s->tr, right, info->array, INFER_IMPLICIT);
    element = types_find(s->tr->types, right->type)->elem;
    int n;
    struct expr **items = literal_items(s, right, element, &n);
    if (items != NULL)
        return any_of(s, name, left, items, n, all, a->location);
    /* SQLite takes no window function into a subquery */
    bool window =
        expr_find(left, EXPR_WINDOW, NULL) != NULL || expr_find(right, EXPR_WINDOW, NULL) != NULL;
    if ((s->tr->no_subquery || window) && strcmp(name, all ? "<>" : "=") != 0)
        tr_unsupported(s->tr, a->location, "%s %s (array) in this expression", name,
                       all ? "ALL" : "ANY");
    if (s->tr->no_subquery || window) {
        struct expr *one = infer_coerce(s->tr, left, element, INFER_IMPLICIT);
        if (one == NULL)
            tr_unsupported(s->tr, a->location, "%s %s (array) of another type in this expression",
                           name, all ? "ALL" : "ANY");
        return array_member(s, a, one, right, all);
    }
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

/* IS [NOT] DISTINCT FROM, of anything that has an equality. */
static struct expr *differ(struct scope *s, struct expr *left, struct expr *right, bool negated,
                           int before, int location)
{
    struct expr *args[2] = {left, right};
    uint32_t type;
    const char *pattern = expr_resolve(s, "=", &args[0], &args[1], &type, location);
    const char *sql;
    if (pattern == strstr(pattern, "(%1 ") && emit_collation(s->tr, args[0]->type)[0] == '\0')
        sql = emit_apply(negated ? "(%1 IS %2)" : "(%1 IS NOT %2)", args, 2);
    else if (s->tr->volatile_calls != before)
        tr_unsupported(s->tr, location, "IS DISTINCT FROM of %s with a volatile function",
                       infer_type_name(s->tr, args[0]->type));
    else
        sql = emit_format(negated ? "coalesce(%s, %s IS NULL AND %s IS NULL)"
                                  : "(NOT coalesce(%s, %s IS NULL AND %s IS NULL))",
                          emit_apply(pattern, args, 2), args[0]->sql, args[1]->sql);
    return expr_of(TYPES_BOOL, sql, location, args, 2);
}

static struct expr *rows_differ(struct scope *s, A_Expr *a, bool negated)
{
    int n, m, before = s->tr->volatile_calls;
    struct expr **l = row_values(s, (RowExpr *)a->lexpr, &n),
                **r = row_values(s, (RowExpr *)a->rexpr, &m);
    struct expr **tests = palloc(sizeof(tests[0]) * (size_t)(n + 1));
    if (n != m)
        tr_fail(s->tr, SQLSTATE_SYNTAX_ERROR, a->location,
                "unequal number of entries in row expressions");
    for (int i = 0; i < n; i++)
        tests[i] = differ(s, l[i], r[i], negated, before, a->location);
    const char *sql = n == 0 ? (negated ? "1" : "0") : rows_equal(tests, n, negated);
    return expr_of(TYPES_BOOL, sql, a->location, tests, n);
}

static struct expr *distinct_from(struct scope *s, A_Expr *a, bool negated)
{
    int before = s->tr->volatile_calls;
    if (IsA(a->lexpr, RowExpr) && IsA(a->rexpr, RowExpr))
        return rows_differ(s, a, negated);
    struct expr *left = expr_make(s, a->lexpr), *right = expr_make(s, a->rexpr);
    return differ(s, left, right, negated, before, a->location);
}

static struct expr *null_if(struct scope *s, A_Expr *a)
{
    int before = s->tr->volatile_calls;
    struct expr *args[2] = {expr_make(s, a->lexpr), expr_make(s, a->rexpr)};
    uint32_t type;
    const char *pattern = expr_resolve(s, "=", &args[0], &args[1], &type, a->location);
    const char *sql;
    if (pattern == strstr(pattern, "(%1 ") && emit_collation(s->tr, args[0]->type)[0] == '\0')
        sql = emit_apply("nullif(%1, %2)", args, 2);
    else if (s->tr->volatile_calls != before)
        tr_unsupported(s->tr, a->location, "NULLIF of %s with a volatile function",
                       infer_type_name(s->tr, args[0]->type));
    else
        sql = emit_format("(CASE WHEN %s THEN NULL ELSE %s END)", emit_apply(pattern, args, 2),
                          args[0]->sql);
    struct expr *e = expr_of(args[0]->type, sql, a->location, args, 2);
    e->typmod = args[0]->typmod;
    return e;
}

static struct expr *bound(struct scope *s, A_Expr *a, const char *name, Node *limit)
{
    A_Expr *test = palloc0(sizeof(*test));
    *test = *a;
    test->kind = AEXPR_OP;
    test->name = list_make1(makeString((char *)(uintptr_t)name));
    test->rexpr = limit;
    return plain_operator(s, test);
}

/* x BETWEEN a AND b: x >= a AND x <= b; SYMMETRIC: or the other way round. */
static struct expr *between(struct scope *s, A_Expr *a)
{
    List *bounds = (List *)a->rexpr;
    bool negated = a->kind == AEXPR_NOT_BETWEEN || a->kind == AEXPR_NOT_BETWEEN_SYM;
    bool symmetric = a->kind == AEXPR_BETWEEN_SYM || a->kind == AEXPR_NOT_BETWEEN_SYM;
    int before = s->tr->volatile_calls, n = symmetric ? 4 : 2;
    const char *low = negated ? "<" : ">=", *high = negated ? ">" : "<=";
    struct expr *args[4];
    args[0] = bound(s, a, low, linitial(bounds));
    args[1] = bound(s, a, high, lsecond(bounds));
    if (symmetric) {
        args[2] = bound(s, a, low, lsecond(bounds));
        args[3] = bound(s, a, high, linitial(bounds));
    }
    if (s->tr->volatile_calls != before)
        tr_unsupported(s->tr, a->location, "BETWEEN with a volatile function");
    const char *inside = negated ? "OR" : "AND", *outside = negated ? "AND" : "OR";
    const char *sql = emit_format("(%s %s %s)", args[0]->sql, inside, args[1]->sql);
    if (symmetric)
        sql = emit_format("(%s %s (%s %s %s))", sql, outside, args[2]->sql, inside, args[3]->sql);
    return expr_of(TYPES_BOOL, sql, a->location, args, n);
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
