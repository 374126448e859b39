/* viewdef_oper.c: operators in a view's query: a + b, IN, BETWEEN, ANY, rows; see viewdef_tree.h.
 */
#include "daemon/store/viewdef_tree.h"

static uint32_t base_of(const struct viewdef *d, uint32_t type)
{
    return infer_base(d->tr, type, NULL);
}

static uint32_t array_of(const struct viewdef *d, uint32_t element)
{
    const struct types_info *info = types_find(d->tr->types, element);
    return info ? info->array : 0;
}

static uint32_t element_of(const struct viewdef *d, uint32_t array)
{
    const struct types_info *info = types_find(d->tr->types, array);
    return info ? info->elem : 0;
}

struct viewdef_expr *viewdef_operation(struct viewdef *d, enum viewdef_kind kind, const char *name,
                                       struct viewdef_expr *left, struct viewdef_expr *right)
{
    struct tr *tr = d->tr;
    uint32_t l = left ? base_of(d, left->type) : 0, r = base_of(d, right->type);
    const struct infer_operator *o = infer_operator_find(tr, name, l, r, -1);
    const uint32_t declared[2] = {o->left, o->right}, actual[2] = {l, r};
    bool any = viewdef_takes_any(o->left ? o->left : o->right) || viewdef_takes_any(o->right);
    if (any && ((left && viewdef_is_domain(d, left->type)) || viewdef_is_domain(d, right->type)))
        viewdef_refuse(d, "an operator of any type on a domain");
    struct viewdef_expr *e = viewdef_new(
        kind, infer_polymorphic(tr, o->result, declared, actual, 2), name, left ? 2 : 1);
    if (left)
        e->args[0] = viewdef_as(d, left, infer_polymorphic(tr, o->left, declared, actual, 2));
    e->args[left ? 1 : 0] =
        viewdef_as(d, right, infer_polymorphic(tr, o->right, declared, actual, 2));
    return e;
}

static struct viewdef_expr *joined(enum viewdef_kind kind, struct viewdef_expr *const *args, int n)
{
    if (n == 1)
        return args[0];
    struct viewdef_expr *e = viewdef_new(kind, TYPES_BOOL, NULL, n);
    memcpy(e->args, args, sizeof(args[0]) * (size_t)n);
    return e;
}

static struct viewdef_expr *not_of(struct viewdef_expr *e)
{
    struct viewdef_expr *to = viewdef_new(VIEWDEF_NOT, TYPES_BOOL, NULL, 1);
    to->args[0] = e;
    return to;
}

static struct viewdef_expr *row(struct viewdef_expr *const *args, int n)
{
    struct viewdef_expr *e = viewdef_new(VIEWDEF_ROW, TYPES_RECORD, NULL, n);
    memcpy(e->args, args, sizeof(args[0]) * (size_t)n);
    return e;
}

static struct viewdef_expr *rows(struct viewdef *d, struct scope *s, const char *name,
                                 const RowExpr *l, const RowExpr *r)
{
    int n = list_length(l->args);
    struct viewdef_expr **tests = palloc0(sizeof(tests[0]) * (size_t)(n + 1));
    struct viewdef_expr **left = palloc0(sizeof(tests[0]) * (size_t)(n + 1));
    struct viewdef_expr **right = palloc0(sizeof(tests[0]) * (size_t)(n + 1));
    for (int i = 0; i < n; i++) {
        tests[i] =
            viewdef_operation(d, VIEWDEF_OPERATOR, name, viewdef_make(d, s, list_nth(l->args, i)),
                              viewdef_make(d, s, list_nth(r->args, i)));
        left[i] = tests[i]->args[0];
        right[i] = tests[i]->args[1];
    }
    if (strcmp(name, "=") == 0 || strcmp(name, "<>") == 0)
        return joined(name[0] == '=' ? VIEWDEF_AND : VIEWDEF_OR, tests, n);
    if (n == 1)
        return tests[0];
    struct viewdef_expr *e = viewdef_new(VIEWDEF_ROWS, TYPES_BOOL, name, 2);
    e->args[0] = row(left, n);
    e->args[1] = row(right, n);
    return e;
}

static struct viewdef_expr *any_of(struct viewdef *d, const char *name, bool all,
                                   struct viewdef_expr *left, struct viewdef_expr *right)
{
    uint32_t l = base_of(d, left->type), r = base_of(d, right->type);
    uint32_t element = r == TYPES_UNKNOWN ? TYPES_UNKNOWN : element_of(d, r);
    const struct infer_operator *o = infer_operator_find(d->tr, name, l, element, -1);
    const uint32_t declared[2] = {o->left, o->right}, actual[2] = {l, element};
    uint32_t wanted = infer_polymorphic(d->tr, o->right, declared, actual, 2);
    struct viewdef_expr *e = viewdef_new(VIEWDEF_ANY, TYPES_BOOL, name, 2);
    e->all = all;
    e->args[0] = viewdef_as(d, left, infer_polymorphic(d->tr, o->left, declared, actual, 2));
    e->args[1] = viewdef_as(d, right, array_of(d, wanted));
    return e;
}

struct level {
    struct viewdef *d;
    const struct scope *scope;
};

/* Does it name a column of this very level? */
static bool has_column(Node *node, void *context)
{
    const struct level *l = context;
    if (node == NULL)
        return false;
    if (IsA(node, SubLink))
        viewdef_refuse(l->d, "a subquery in a list");
    const struct expr *e = IsA(node, ColumnRef) ? viewdef_noted(l->d->tr, node) : NULL;
    if (e != NULL && e->scope == l->scope)
        return true;
    return raw_expression_tree_walker(node, has_column, context);
}

static struct viewdef_expr *in_rows(struct viewdef *d, struct scope *s, const A_Expr *a,
                                    bool negated)
{
    List *list = (List *)a->rexpr;
    int n = list_length(list);
    struct viewdef_expr **tests = palloc0(sizeof(tests[0]) * (size_t)(n + 1));
    for (int i = 0; i < n; i++)
        tests[i] = rows(d, s, negated ? "<>" : "=", (RowExpr *)a->lexpr, list_nth(list, i));
    return joined(negated ? VIEWDEF_AND : VIEWDEF_OR, tests, n);
}

/* What is constant becomes an array of one type, if there is one; the rest is compared one by one.
 */
static struct viewdef_expr *in_list(struct viewdef *d, struct scope *s, const A_Expr *a)
{
    bool negated = strcmp(strVal(llast(a->name)), "<>") == 0;
    const char *name = negated ? "<>" : "=";
    List *list = (List *)a->rexpr, *constants = NIL, *others = NIL;
    struct level level = {d, s};
    ListCell *cell;
    if (IsA(a->lexpr, RowExpr))
        return in_rows(d, s, a, negated);
    foreach (cell, list) {
        if (has_column(lfirst(cell), &level))
            others = lappend(others, lfirst(cell));
        else
            constants = lappend(constants, lfirst(cell));
    }
    int n = list_length(constants), total = 0;
    struct viewdef_expr **all = palloc0(sizeof(all[0]) * (size_t)(list_length(list) + 1));
    uint32_t type = 0;
    if (n > 1) {
        struct expr **es = palloc0(sizeof(es[0]) * (size_t)(n + 1));
        es[0] = expr_make(s, a->lexpr);
        for (int i = 0; i < n; i++)
            es[i + 1] = expr_make(s, list_nth(constants, i));
        type = expr_common_type(d->tr, es, n + 1, NULL);
    }
    if (type != 0 && array_of(d, type) != 0) {
        struct viewdef_expr *items = viewdef_new(VIEWDEF_ARRAY, array_of(d, type), NULL, n);
        for (int i = 0; i < n; i++)
            items->args[i] = viewdef_as(d, viewdef_make(d, s, list_nth(constants, i)), type);
        all[total++] = any_of(d, name, negated, viewdef_make(d, s, a->lexpr), items);
        list = others;
    }
    foreach (cell, list)
        all[total++] = viewdef_operation(d, VIEWDEF_OPERATOR, name, viewdef_make(d, s, a->lexpr),
                                         viewdef_make(d, s, lfirst(cell)));
    return joined(negated ? VIEWDEF_AND : VIEWDEF_OR, all, total);
}

static struct viewdef_expr *between(struct viewdef *d, struct scope *s, const A_Expr *a)
{
    Node *low = linitial((List *)a->rexpr), *high = lsecond((List *)a->rexpr);
    bool negated = a->kind == AEXPR_NOT_BETWEEN;
    if (a->kind != AEXPR_BETWEEN && !negated)
        viewdef_refuse(d, "BETWEEN SYMMETRIC");
    struct viewdef_expr *both[2] = {
        viewdef_operation(d, VIEWDEF_OPERATOR, negated ? "<" : ">=", viewdef_make(d, s, a->lexpr),
                          viewdef_make(d, s, low)),
        viewdef_operation(d, VIEWDEF_OPERATOR, negated ? ">" : "<=", viewdef_make(d, s, a->lexpr),
                          viewdef_make(d, s, high))};
    return joined(negated ? VIEWDEF_OR : VIEWDEF_AND, both, 2);
}

static struct viewdef_expr *distinct(struct viewdef *d, struct scope *s, const A_Expr *a)
{
    if (IsA(a->lexpr, RowExpr) || IsA(a->rexpr, RowExpr))
        viewdef_refuse(d, "IS DISTINCT FROM of rows");
    bool negated = a->kind == AEXPR_NOT_DISTINCT;
    for (int i = 0; i < 2; i++) { /* IS DISTINCT FROM NULL is a test for NULL */
        Node *one = i == 0 ? a->rexpr : a->lexpr, *other = i == 0 ? a->lexpr : a->rexpr;
        if (!IsA(one, A_Const) || !((A_Const *)one)->isnull)
            continue;
        struct viewdef_expr *e =
            viewdef_new(VIEWDEF_TEST, TYPES_BOOL, negated ? "IS NULL" : "IS NOT NULL", 1);
        e->args[0] = viewdef_make(d, s, other);
        return e;
    }
    struct viewdef_expr *e = viewdef_operation(
        d, VIEWDEF_DISTINCT, "=", viewdef_make(d, s, a->lexpr), viewdef_make(d, s, a->rexpr));
    return negated ? not_of(e) : e;
}

static struct viewdef_expr *null_if(struct viewdef *d, struct scope *s, const A_Expr *a)
{
    struct viewdef_expr *e = viewdef_operation(d, VIEWDEF_LIST, "=", viewdef_make(d, s, a->lexpr),
                                               viewdef_make(d, s, a->rexpr));
    e->name = "NULLIF";
    e->type = e->args[0]->type;
    e->typmod = e->args[0]->typmod;
    return e;
}

struct viewdef_expr *viewdef_oper(struct viewdef *d, struct scope *s, A_Expr *a)
{
    const char *name = strVal(llast(a->name));
    if (list_length(a->name) > 1 && strcmp(strVal(linitial(a->name)), "pg_catalog") != 0)
        viewdef_refuse(d, "a schema before an operator");
    switch (a->kind) {
    case AEXPR_OP:
        if (a->lexpr && IsA(a->lexpr, RowExpr) && IsA(a->rexpr, RowExpr))
            return rows(d, s, name, (RowExpr *)a->lexpr, (RowExpr *)a->rexpr);
        if (a->lexpr && (IsA(a->lexpr, RowExpr) || IsA(a->rexpr, RowExpr)))
            viewdef_refuse(d, "a row compared with something else");
        return viewdef_operation(d, VIEWDEF_OPERATOR, name,
                                 a->lexpr ? viewdef_make(d, s, a->lexpr) : NULL,
                                 viewdef_make(d, s, a->rexpr));
    case AEXPR_LIKE:
    case AEXPR_ILIKE:
    case AEXPR_SIMILAR:
        return viewdef_operation(d, VIEWDEF_OPERATOR, name, viewdef_make(d, s, a->lexpr),
                                 viewdef_make(d, s, a->rexpr));
    case AEXPR_IN:
        return in_list(d, s, a);
    case AEXPR_OP_ANY:
    case AEXPR_OP_ALL:
        return any_of(d, name, a->kind == AEXPR_OP_ALL, viewdef_make(d, s, a->lexpr),
                      viewdef_make(d, s, a->rexpr));
    case AEXPR_BETWEEN:
    case AEXPR_NOT_BETWEEN:
    case AEXPR_BETWEEN_SYM:
    case AEXPR_NOT_BETWEEN_SYM:
        return between(d, s, a);
    case AEXPR_DISTINCT:
    case AEXPR_NOT_DISTINCT:
        return distinct(d, s, a);
    case AEXPR_NULLIF:
        return null_if(d, s, a);
    default:
        viewdef_refuse(d, "such an operator");
    }
}
