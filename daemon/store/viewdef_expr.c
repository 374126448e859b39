/* viewdef_expr.c: expressions of a view's query, with the conversions that PostgreSQL's analyser
 * puts in; see viewdef_tree.h. */
#include "daemon/store/viewdef_tree.h"

#include "daemon/store/ident.h"

enum { SCRATCH_BYTES = 16 * 1024 * 1024 };

void viewdef_refuse(struct viewdef *d, const char *what)
{
    tr_unsupported(d->tr, -1, "the definition of a view with %s", what);
}

struct viewdef_expr *viewdef_new(enum viewdef_kind kind, uint32_t type, const char *name, int nargs)
{
    struct viewdef_expr *e = palloc0(sizeof(*e));
    e->kind = kind;
    e->type = type;
    e->typmod = -1;
    e->name = name;
    e->nargs = nargs;
    e->args = palloc0(sizeof(e->args[0]) * (size_t)(nargs + 1));
    return e;
}

static uint32_t base_of(const struct viewdef *d, uint32_t type)
{
    return infer_base(d->tr, type, NULL);
}

bool viewdef_is_domain(const struct viewdef *d, uint32_t type)
{
    return base_of(d, type) != type;
}

static uint32_t element_of(const struct viewdef *d, uint32_t array)
{
    const struct types_info *info = types_find(d->tr->types, array);
    return info ? info->elem : 0;
}

/* -- constants -- */

static bool is_open(const struct viewdef_expr *e)
{
    return e->kind == VIEWDEF_CONSTANT && e->type == TYPES_UNKNOWN;
}

/* Does a function make it, or a length be applied by one? */
static bool by_function(struct viewdef *d, uint32_t from, uint32_t to, int32_t typmod)
{
    if (typmod >= 0 && infer_category(d->tr, to) != 'A')
        return true;
    from = infer_base(d->tr, from, NULL);
    for (size_t i = 0; i < infer_ncasts; i++)
        if (infer_casts[i].source == from && infer_casts[i].target == to)
            return infer_casts[i].method == 'f';
    return false;
}

static struct viewdef_expr *cast_of(struct viewdef *d, struct viewdef_expr *e, uint32_t type,
                                    int32_t typmod, bool implicit)
{
    struct viewdef_expr *to = viewdef_new(VIEWDEF_CAST, type, NULL, 1);
    to->args[0] = e;
    to->typmod = typmod;
    to->implicit = implicit;
    to->function = by_function(d, e->type, type, typmod);
    return to;
}

/* A literal as the type writes it. */
static struct viewdef_expr *literal(struct viewdef *d, const char *text, uint32_t type)
{
    struct viewdef_expr *e = viewdef_new(VIEWDEF_CONSTANT, type, text, 0);
    struct types_session session = *d->session;
    struct types_value v;
    struct buf out;
    if (text == NULL || type == TYPES_UNKNOWN)
        return e;
    session.set = d->tr->types;
    buf_init(&out, SCRATCH_BYTES);
    buf_reset(&d->tr->scratch);
    int rc = types_input(&session, type, -1, (struct slice){text, strlen(text)}, &d->tr->scratch,
                         &v, d->tr->err);
    if (rc == 0)
        rc = types_output(&session, type, -1, &v, &out, d->tr->err);
    if (rc == 0)
        e->name = pstrdup(ident_text(&out));
    buf_release(&out);
    if (rc < 0)
        tr_throw(d->tr);
    return e;
}

static struct viewdef_expr *typed_literal(struct viewdef *d, const char *text, uint32_t type,
                                          bool implicit)
{
    struct viewdef_expr *e = literal(d, text, base_of(d, type));
    return viewdef_is_domain(d, type) ? cast_of(d, e, type, -1, implicit) : e;
}

static struct viewdef_expr *constant(struct viewdef *d, struct scope *s, const A_Const *c)
{
    if (c->isnull)
        return viewdef_new(VIEWDEF_CONSTANT, TYPES_UNKNOWN, NULL, 0);
    switch (nodeTag(&c->val.node)) {
    case T_Integer:
        return viewdef_new(VIEWDEF_CONSTANT, TYPES_INT4, psprintf("%d", c->val.ival.ival), 0);
    case T_Float: {
        const char *text = c->val.fval.fval;
        return literal(d, text, expr_make(s, (Node *)c)->type);
    }
    case T_Boolean:
        return viewdef_new(VIEWDEF_CONSTANT, TYPES_BOOL, c->val.boolval.boolval ? "t" : "f", 0);
    case T_String:
        return viewdef_new(VIEWDEF_CONSTANT, TYPES_UNKNOWN, c->val.sval.sval, 0);
    default:
        viewdef_refuse(d, "a bit string");
    }
}

/* -- conversions -- */

bool viewdef_takes_any(uint32_t type)
{
    return type == 0 || infer_is_polymorphic(type);
}

struct viewdef_expr *viewdef_as(struct viewdef *d, struct viewdef_expr *e, uint32_t type)
{
    if (viewdef_takes_any(type) || e->type == type)
        return e;
    if (is_open(e))
        return typed_literal(d, e->name, type, true);
    return cast_of(d, e, type, -1, true);
}

struct viewdef_expr *viewdef_settled(struct viewdef *d, struct scope *s, Node *node)
{
    struct viewdef_expr *e = viewdef_make(d, s, node);
    return is_open(e) ? viewdef_as(d, e, TYPES_TEXT) : e;
}

struct viewdef_expr *viewdef_condition(struct viewdef *d, struct scope *s, Node *node)
{
    return viewdef_as(d, viewdef_make(d, s, node), TYPES_BOOL);
}

static struct viewdef_expr *array(struct viewdef *d, struct scope *s, const A_ArrayExpr *a,
                                  uint32_t type, bool implicit)
{
    int n = list_length(a->elements);
    uint32_t element = element_of(d, type);
    bool nested = n > 0 && IsA(linitial(a->elements), A_ArrayExpr);
    struct viewdef_expr *e = viewdef_new(VIEWDEF_ARRAY, type, NULL, n);
    for (int i = 0; i < n; i++) {
        Node *one = list_nth(a->elements, i);
        if (nested && !IsA(one, A_ArrayExpr))
            viewdef_refuse(d, "an array of such arrays");
        e->args[i] = nested ? array(d, s, (A_ArrayExpr *)one, type, implicit)
                            : viewdef_as(d, viewdef_make(d, s, one), element);
        if (e->args[i]->kind == VIEWDEF_CAST && e->args[i]->type == element)
            e->args[i]->implicit = e->args[i]->implicit && implicit;
    }
    return e;
}

static struct viewdef_expr *cast(struct viewdef *d, struct scope *s, TypeCast *t)
{
    int32_t typmod = -1;
    uint32_t type = infer_type(d->tr, t->typeName, &typmod);
    struct viewdef_expr *e;
    if (IsA(t->arg, A_ArrayExpr) && infer_category(d->tr, type) == 'A' &&
        !viewdef_is_domain(d, type))
        e = array(d, s, (A_ArrayExpr *)t->arg, type, false);
    else
        e = viewdef_make(d, s, t->arg);
    if (is_open(e))
        e = typed_literal(d, e->name, type, false);
    if (e->type == type && (e->typmod == typmod || viewdef_is_domain(d, type)))
        return e;
    if (e->type != type && typmod >= 0) /* a conversion, and then the length: one is shown */
        e = cast_of(d, e, type, -1, true);
    return cast_of(d, e, type, typmod, false);
}

/* -- columns -- */

static struct viewdef_expr *column(struct viewdef *d, struct scope *s, Node *node)
{
    const struct expr *e = expr_make(s, node);
    if (e->kind != EXPR_COLUMN || e->column == NULL)
        viewdef_refuse(d, "such a column");
    const struct column *c = e->column;
    struct viewdef_expr *v =
        viewdef_new(VIEWDEF_COLUMN, c->domain ? c->domain : c->type, c->name, 0);
    v->typmod = c->domain ? -1 : c->typmod;
    v->source = c->origin;
    if (c->origin != NULL && c->origin->alias == NULL)
        viewdef_refuse(d, "a join that has a name");
    return v;
}

/* -- subqueries -- */

static struct viewdef_expr *sublink(struct viewdef *d, struct scope *s, const SubLink *link)
{
    const SelectStmt *select = (const SelectStmt *)link->subselect;
    const struct scope *inner = viewdef_noted(d->tr, select);
    const struct expr *value = viewdef_noted(d->tr, link);
    List *tests = link->testexpr == NULL         ? NIL
                  : IsA(link->testexpr, RowExpr) ? ((RowExpr *)link->testexpr)->args
                                                 : list_make1(link->testexpr);
    int n = list_length(tests);
    if (inner == NULL || value == NULL || link->subLinkType == ROWCOMPARE_SUBLINK)
        viewdef_refuse(d, "such a subquery");
    struct viewdef_expr *e = viewdef_new(VIEWDEF_SUBLINK, value->type,
                                         link->operName ? strVal(llast(link->operName)) : "=", n);
    e->form = link->subLinkType;
    e->typmod = value->typmod;
    e->query = viewdef_query(d, (SelectStmt *)link->subselect);
    for (int i = 0; i < n; i++) {
        const struct viewdef_query *first = e->query;
        while (first->op != SETOP_NONE)
            first = first->left;
        if (first->values != NIL || list_length(first->targets) <= i)
            viewdef_refuse(d, "such a subquery");
        const struct viewdef_target *t = list_nth(first->targets, i);
        struct viewdef_expr *column = viewdef_new(VIEWDEF_COLUMN, t->expr->type, "", 0);
        if (e->query->op != SETOP_NONE)
            viewdef_refuse(d, "a comparison with a set operation");
        e->args[i] = viewdef_operation(d, VIEWDEF_OPERATOR, e->name,
                                       viewdef_make(d, s, list_nth(tests, i)), column)
                         ->args[0];
    }
    return e;
}

/* -- the rest -- */

static struct viewdef_expr *boolean(struct viewdef *d, struct scope *s, const BoolExpr *b)
{
    int n = list_length(b->args);
    struct viewdef_expr *e = viewdef_new(b->boolop == AND_EXPR  ? VIEWDEF_AND
                                         : b->boolop == OR_EXPR ? VIEWDEF_OR
                                                                : VIEWDEF_NOT,
                                         TYPES_BOOL, NULL, n);
    for (int i = 0; i < n; i++)
        e->args[i] = viewdef_condition(d, s, list_nth(b->args, i));
    return e;
}

/* COALESCE, GREATEST, LEAST: all of the type of ${node}. */
static struct viewdef_expr *common(struct viewdef *d, struct scope *s, const char *word, Node *node,
                                   List *args)
{
    const struct expr *whole = expr_make(s, node);
    struct viewdef_expr *e = viewdef_new(VIEWDEF_LIST, whole->type, word, list_length(args));
    e->typmod = whole->typmod;
    for (int i = 0; i < e->nargs; i++)
        e->args[i] = viewdef_as(d, viewdef_make(d, s, list_nth(args, i)), whole->type);
    return e;
}

static struct viewdef_expr *case_of(struct viewdef *d, struct scope *s, CaseExpr *c)
{
    int n = list_length(c->args);
    const struct expr *whole = expr_make(s, (Node *)c);
    struct viewdef_expr *e = viewdef_new(VIEWDEF_CASE, whole->type, NULL, 2 + 2 * n);
    e->typmod = whole->typmod;
    struct viewdef_expr *none = viewdef_new(VIEWDEF_CONSTANT, TYPES_UNKNOWN, NULL, 0);
    e->args[0] = c->arg ? viewdef_settled(d, s, (Node *)c->arg) : NULL;
    e->args[1] =
        viewdef_as(d, c->defresult ? viewdef_make(d, s, (Node *)c->defresult) : none, whole->type);
    for (int i = 0; i < n; i++) {
        const CaseWhen *w = list_nth(c->args, i);
        struct viewdef_expr *when;
        if (c->arg) {
            when = viewdef_make(d, s, (Node *)w->expr);
            when = viewdef_operation(d, VIEWDEF_OPERATOR, "=", e->args[0], when)->args[1];
        } else {
            when = viewdef_condition(d, s, (Node *)w->expr);
        }
        e->args[2 + 2 * i] = when;
        e->args[3 + 2 * i] = viewdef_as(d, viewdef_make(d, s, (Node *)w->result), whole->type);
    }
    return e;
}

static struct viewdef_expr *word(const SQLValueFunction *f, uint32_t type)
{
    struct viewdef_expr *e = viewdef_new(VIEWDEF_WORD, type, session_value_text(f), 0);
    e->typmod = f->typmod;
    return e;
}

static struct viewdef_expr *test(struct viewdef *d, struct scope *s, const NullTest *t)
{
    if (IsA(t->arg, RowExpr))
        viewdef_refuse(d, "IS NULL of a row");
    struct viewdef_expr *e = viewdef_new(VIEWDEF_TEST, TYPES_BOOL,
                                         t->nulltesttype == IS_NULL ? "IS NULL" : "IS NOT NULL", 1);
    e->args[0] = viewdef_make(d, s, (Node *)t->arg);
    return e;
}

static struct viewdef_expr *bool_test(struct viewdef *d, struct scope *s, const BooleanTest *t)
{
    static const char *const words[] = {
        [IS_TRUE] = "IS TRUE",       [IS_NOT_TRUE] = "IS NOT TRUE",
        [IS_FALSE] = "IS FALSE",     [IS_NOT_FALSE] = "IS NOT FALSE",
        [IS_UNKNOWN] = "IS UNKNOWN", [IS_NOT_UNKNOWN] = "IS NOT UNKNOWN",
    };
    struct viewdef_expr *e = viewdef_new(VIEWDEF_BOOL_TEST, TYPES_BOOL, words[t->booltesttype], 1);
    e->args[0] = viewdef_condition(d, s, (Node *)t->arg);
    return e;
}

/* Several subscripts are one node: bounds in pairs, the lower NULL where there is one index alone.
 */
static struct viewdef_expr *subscript(struct viewdef *d, struct scope *s, A_Indirection *a)
{
    const struct expr *whole = expr_make(s, (Node *)a);
    int n = list_length(a->indirection);
    struct viewdef_expr *e = viewdef_new(VIEWDEF_SUBSCRIPT, whole->type, NULL, 1 + 2 * n);
    e->args[0] = viewdef_make(d, s, a->arg);
    if (infer_category(d->tr, e->args[0]->type) != 'A' || viewdef_is_domain(d, e->args[0]->type))
        viewdef_refuse(d, "a subscript of this");
    for (int i = 0; i < n; i++) {
        const A_Indices *at = list_nth(a->indirection, i);
        if (!IsA(at, A_Indices) || at->is_slice)
            viewdef_refuse(d, "such a subscript");
        e->args[2 + 2 * i] = viewdef_as(d, viewdef_make(d, s, at->uidx), TYPES_INT4);
    }
    e->typmod = e->args[0]->typmod;
    return e;
}

static struct viewdef_expr *collate(struct viewdef *d, struct scope *s, const CollateClause *c)
{
    struct viewdef_expr *arg = viewdef_settled(d, s, c->arg);
    struct viewdef_expr *e = viewdef_new(VIEWDEF_COLLATE, arg->type, strVal(llast(c->collname)), 1);
    e->typmod = arg->typmod;
    e->args[0] = arg;
    return e;
}

static struct viewdef_expr *dispatch(struct viewdef *d, struct scope *s, Node *node)
{
    switch (nodeTag(node)) {
    case T_A_Const:
        return constant(d, s, (A_Const *)node);
    case T_ColumnRef:
        return column(d, s, node);
    case T_FuncCall:
        return viewdef_call(d, s, (FuncCall *)node);
    case T_TypeCast:
        return cast(d, s, (TypeCast *)node);
    case T_A_Expr:
        return viewdef_oper(d, s, (A_Expr *)node);
    case T_BoolExpr:
        return boolean(d, s, (BoolExpr *)node);
    case T_NullTest:
        return test(d, s, (NullTest *)node);
    case T_BooleanTest:
        return bool_test(d, s, (BooleanTest *)node);
    case T_CaseExpr:
        return case_of(d, s, (CaseExpr *)node);
    case T_CoalesceExpr:
        return common(d, s, "COALESCE", node, ((CoalesceExpr *)node)->args);
    case T_MinMaxExpr:
        return common(d, s, ((MinMaxExpr *)node)->op == IS_GREATEST ? "GREATEST" : "LEAST", node,
                      ((MinMaxExpr *)node)->args);
    case T_SubLink:
        return sublink(d, s, (SubLink *)node);
    case T_A_ArrayExpr:
        return array(d, s, (A_ArrayExpr *)node, expr_make(s, node)->type, true);
    case T_SQLValueFunction:
        return word((SQLValueFunction *)node, expr_make(s, node)->type);
    case T_CollateClause:
        return collate(d, s, (CollateClause *)node);
    case T_A_Indirection:
        return subscript(d, s, (A_Indirection *)node);
    case T_GroupingFunc: {
        List *args = ((GroupingFunc *)node)->args;
        struct viewdef_expr *e =
            viewdef_new(VIEWDEF_LIST, TYPES_INT4, "GROUPING", list_length(args));
        for (int i = 0; i < e->nargs; i++)
            e->args[i] = viewdef_make(d, s, list_nth(args, i));
        return e;
    }
    default:
        viewdef_refuse(d, "such an expression");
    }
}

struct viewdef_expr *viewdef_make(struct viewdef *d, struct scope *s, Node *node)
{
    tr_enter(d->tr, -1);
    struct viewdef_expr *e = dispatch(d, s, node);
    tr_leave(d->tr);
    return e;
}
