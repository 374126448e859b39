#include "policy/scope_nodes.h"

#include "policy/parse.h"

Node *scope_nodes_column(const char *ref, const char *column)
{
    ColumnRef *node = NODE(ColumnRef);
    node->fields = list_make2(makeString(pstrdup(ref)), makeString(pstrdup(column)));
    node->location = -1;
    return (Node *)node;
}

Node *scope_nodes_int(int value)
{
    A_Const *node = NODE(A_Const);
    node->val.ival.type = T_Integer;
    node->val.ival.ival = value;
    node->location = -1;
    return (Node *)node;
}

Node *scope_nodes_null(void)
{
    A_Const *node = NODE(A_Const);
    node->isnull = true;
    node->location = -1;
    return (Node *)node;
}

Node *scope_nodes_cast(Node *arg, TypeName *type)
{
    TypeCast *node = NODE(TypeCast);
    node->arg = arg;
    node->typeName = type;
    node->location = -1;
    return (Node *)node;
}

static Node *cast(Node *arg, const char *type)
{
    return scope_nodes_cast(arg, makeTypeName(pstrdup(type)));
}

/* What ${column} would hold. */
static Node *as_stored(Node *arg, const struct catalog_column *column)
{
    return scope_nodes_cast(arg, parse_type(column->type_name));
}

Node *scope_nodes_hidden(const struct scoper *s)
{
    ParamRef *node = NODE(ParamRef);
    node->number = scope_hidden(s);
    node->location = -1;
    return (Node *)node;
}

Node *scope_nodes_tenant(const struct scoper *s, const struct catalog_column *column)
{
    const char *type = scope_cast_type(column);
    return type ? cast(scope_nodes_hidden(s), type) : scope_nodes_hidden(s);
}

static Node *equals(Node *left, Node *right)
{
    List *name = list_make2(makeString("pg_catalog"), makeString("="));
    return (Node *)makeA_Expr(AEXPR_OP, name, left, right, -1);
}

Node *scope_nodes_bool(BoolExprType op, List *args)
{
    return list_length(args) == 1 ? linitial(args) : (Node *)makeBoolExpr(op, args, -1);
}

ResTarget *scope_nodes_target(Node *value)
{
    ResTarget *node = NODE(ResTarget);
    node->val = value;
    node->location = -1;
    return node;
}

SelectStmt *scope_nodes_select(List *targets, RangeVar *from, Node *where)
{
    SelectStmt *node = NODE(SelectStmt);
    node->targetList = targets;
    node->fromClause = from ? list_make1(from) : NIL;
    node->whereClause = where;
    return node;
}

/* libpg_query has an enum of its own order: a SELECT without LIMIT is 0 in it, one with LIMIT or OFFSET 1. */
#define OPTION_COUNT ((LimitOption)1)

void scope_nodes_barrier(SelectStmt *query)
{
    query->limitOffset = scope_nodes_int(0);
    query->limitOption = OPTION_COUNT;
}

static SubLink *sublink(SubLinkType type, Node *test, SelectStmt *query)
{
    SubLink *node = NODE(SubLink);
    node->subLinkType = type;
    node->testexpr = test;
    node->subselect = (Node *)query;
    node->location = -1;
    return node;
}

/* SELECT p.key FROM parent AS p WHERE (also) AND the parent's qual */
static SelectStmt *parent_keys(const struct scoper *s, const struct access *parent,
                               const struct catalog_column *key, Node *(*also)(Node *, Node *),
                               Node *value, int depth)
{
    char *alias = psprintf("partywall_p%d", depth);
    RangeVar *from = makeRangeVar(pstrdup(parent->rel->schema), pstrdup(parent->rel->name), -1);
    from->alias = makeAlias(alias, NIL);
    from->inh = parent->rel->kind != 'r';
    List *where = NIL;
    if (also)
        where = lappend(where, also(scope_nodes_column(alias, key->name), value));
    where = lappend(where, scope_nodes_qual(s, parent, alias, scope_own_column(parent)->name, false,
                                            depth + 1));
    ResTarget *target = scope_nodes_target(scope_nodes_column(alias, key->name));
    return scope_nodes_select(list_make1(target), from, scope_nodes_bool(AND_EXPR, where));
}

Node *scope_nodes_qual(const struct scoper *s, const struct access *a, const char *ref,
                       const char *column, bool scan_level, int depth)
{
    Node *left = scope_nodes_column(ref, column);
    if (a->kind == RULE_SCOPED) {
        Node *tenant = scope_nodes_tenant(s, a->tenant);
        if (scope_keeps_parts(s, a)) {
            List *targets = list_make1(scope_nodes_target(tenant));
            tenant = (Node *)sublink(EXPR_SUBLINK, NULL, scope_nodes_select(targets, NULL, NULL));
        }
        return equals(left, tenant);
    }
    SelectStmt *keys = parent_keys(s, a->parent, a->key, NULL, NULL, depth);
    if (!scan_level)
        return (Node *)sublink(ANY_SUBLINK, left, keys);
    SubLink *array = sublink(ARRAY_SUBLINK, NULL, keys);
    return (Node *)makeA_Expr(AEXPR_OP_ANY, list_make1(makeString("=")), left, (Node *)array, -1);
}

Node *scope_nodes_leaf(const struct scoper *s, const struct leaf *leaf)
{
    return scope_nodes_qual(s, leaf->access, leaf->ref, leaf->column, leaf->scan_level, 0);
}

/* -- CASE -- */

CaseWhen *scope_nodes_when(Node *cond, Node *result)
{
    CaseWhen *node = NODE(CaseWhen);
    node->expr = (Expr *)cond;
    node->result = (Expr *)result;
    node->location = -1;
    return node;
}

static Node *case_of(List *whens, Node *otherwise)
{
    CaseExpr *node = NODE(CaseExpr);
    node->args = whens;
    node->defresult = (Expr *)otherwise;
    node->location = -1;
    return (Node *)node;
}

static Node *is_null(Node *arg)
{
    NullTest *node = NODE(NullTest);
    node->arg = (Expr *)arg;
    node->nulltesttype = IS_NULL;
    node->location = -1;
    return (Node *)node;
}

static Node *count_is_not_negative(void)
{
    FuncCall *count = makeFuncCall(list_make1(makeString("count")), NIL, COERCE_EXPLICIT_CALL, -1);
    count->agg_star = true;
    return (Node *)makeSimpleA_Expr(AEXPR_OP, ">=", (Node *)count, scope_nodes_int(0), -1);
}

/* Is there no row of ${leaf}, because an outer join found none?  Rows of nobody may have a NULL in their column. */
static Node *is_missing(const struct leaf *leaf)
{
    if (scope_own_column(leaf->access)->not_null)
        return is_null(scope_nodes_column(leaf->ref, leaf->column));
    ColumnRef *row = NODE(ColumnRef);
    A_Star *all = NODE(A_Star);
    row->fields = list_make2(makeString(pstrdup(leaf->ref)), all);
    row->location = -1;
    return (Node *)makeSimpleA_Expr(AEXPR_NOT_DISTINCT, "=", (Node *)row, scope_nodes_null(), -1);
}

Node *scope_nodes_fence(const struct scoper *s, const struct fence *fence, Node *cond)
{
    List *tests = NIL;
    ListCell *cell;
    foreach (cell, fence->leaves)
        tests = lappend(tests, scope_nodes_leaf(s, lfirst(cell)));
    foreach (cell, fence->nullable) {
        const struct leaf *leaf = lfirst(cell);
        Node *missing = is_missing(leaf);
        tests = lappend(tests, makeBoolExpr(OR_EXPR,
                                            list_make2(scope_nodes_leaf(s, leaf), missing), -1));
    }
    Node *test = tests ? scope_nodes_bool(AND_EXPR, tests) : count_is_not_negative();
    return case_of(list_make1(scope_nodes_when(test, cond)), NULL);
}

/* -- checks that fail loudly -- */

Node *scope_nodes_text(const char *text)
{
    A_Const *node = NODE(A_Const);
    node->val.sval.type = T_String;
    node->val.sval.sval = pstrdup(text);
    node->location = -1;
    return (Node *)node;
}

/* (SELECT 'marker'::text)::int4::type: PostgreSQL evaluates the subquery, and fails, only when the CASE
 * around it gets there. */
static Node *fail(const char *text_of, const char *type)
{
    ResTarget *target = scope_nodes_target(cast(scope_nodes_text(text_of), "text"));
    Node *text = (Node *)sublink(EXPR_SUBLINK, NULL,
                                 scope_nodes_select(list_make1(target), NULL, NULL));
    if (type[0] == 't')
        return cast(cast(text, "int4"), type);
    return cast(text, type);
}

static Node *value_tenant(const struct scoper *s, const struct change *c, Node *value)
{
    const struct catalog_column *column = c->value.column;
    const char *type = scope_cast_type(column);
    if (c->value.as_text)
        value = cast(value, "text");
    CaseWhen *same = scope_nodes_when(equals(value, scope_nodes_tenant(s, column)),
                                      scope_nodes_tenant(s, column));
    return case_of(list_make1(same), fail(scope_marker(c), type ? type : "text"));
}

static Node *value_lookup(const struct scoper *s, const struct change *c, Node *value)
{
    const struct value_change *v = &c->value;
    Node *failure = fail(scope_marker(c), scope_cast_type(v->key));
    CoalesceExpr *node = NODE(CoalesceExpr);
    SelectStmt *keys = parent_keys(s, v->parent, v->key, equals, value, 0);
    if (v->nullable || v->orphans) {
        Node *none =
            v->orphans ? fail(scope_orphan_marker(c), scope_cast_type(v->key)) : scope_nodes_null();
        failure =
            case_of(list_make1(scope_nodes_when(is_null(copyObjectImpl(value)), none)), failure);
    }
    node->args = list_make2(sublink(EXPR_SUBLINK, NULL, keys), failure);
    node->location = -1;
    return (Node *)node;
}

/* All keys of the tenant's rows, and of those that the statement makes. */
static SelectStmt *all_keys(const struct scoper *s, const struct value_change *v)
{
    SelectStmt *keys = parent_keys(s, v->parent, v->key, NULL, NULL, 0);
    List *targets = NIL;
    ListCell *cell;
    foreach (cell, v->beside) {
        const struct beside *other = lfirst(cell);
        targets = lappend(targets,
                          scope_nodes_target(scope_nodes_column("partywall_p0", other->key->name)));
    }
    keys->targetList = list_concat(targets, keys->targetList);
    if (!v->made)
        return keys;
    SelectStmt *both = NODE(SelectStmt);
    both->op = SETOP_UNION;
    both->all = true;
    both->larg = keys;
    both->rarg = scope_nodes_select(
        list_make1(scope_nodes_target(scope_nodes_column(v->made->cte, v->made->name))),
        makeRangeVar(NULL, pstrdup(v->made->cte), -1), NULL);
    return both;
}

/* Fails; of the column's type. */
static Node *parent_failure(const struct change *c)
{
    const struct catalog_column *column = c->value.column;
    const char *type = scope_cast_type(column);
    if (type)
        return fail(scope_marker(c), type);
    return case_of(list_make1(scope_nodes_when(fail(scope_marker(c), "bool"),
                                               as_stored(scope_nodes_null(), column))),
                   NULL);
}

/* CASE WHEN value IN (keys) THEN value ... END */
static Node *value_member(const struct scoper *s, const struct change *c, Node *value)
{
    const struct value_change *v = &c->value;
    const char *type = scope_cast_type(v->column);
    Node *test = as_stored(copyObjectImpl(value), v->column);
    List *nulls = NIL, *row = NIL;
    ListCell *cell;
    foreach (cell, v->beside) {
        const struct beside *other = lfirst(cell);
        row = lappend(row, as_stored(copyObjectImpl(other->value), other->into));
        nulls = lappend(
            nulls, scope_nodes_when(is_null(copyObjectImpl(other->value)), copyObjectImpl(value)));
    }
    if (row) {
        RowExpr *node = NODE(RowExpr);
        node->args = lappend(row, test);
        node->row_format = COERCE_IMPLICIT_CAST;
        node->location = -1;
        test = (Node *)node;
    }
    List *whens =
        list_make1(scope_nodes_when((Node *)sublink(ANY_SUBLINK, test, all_keys(s, v)), value));
    whens = list_concat(whens, nulls);
    if (v->nullable)
        whens =
            lappend(whens, scope_nodes_when(is_null(copyObjectImpl(value)), scope_nodes_null()));
    else if (v->orphans && type)
        whens = lappend(whens, scope_nodes_when(is_null(copyObjectImpl(value)),
                                                fail(scope_orphan_marker(c), type)));
    return case_of(whens, parent_failure(c));
}

/* (SELECT member(v) FROM (SELECT value AS v OFFSET 0) AS partywall_v) */
static Node *value_once(const struct scoper *s, const struct change *c, Node *value)
{
    RangeSubselect *from = NODE(RangeSubselect);
    ResTarget *target = scope_nodes_target(value);
    target->name = pstrdup("v");
    SelectStmt *one = scope_nodes_select(list_make1(target), NULL, NULL);
    scope_nodes_barrier(one);
    from->subquery = (Node *)one;
    from->alias = makeAlias("partywall_v", NIL);
    Node *member = value_member(s, c, scope_nodes_column("partywall_v", "v"));
    SelectStmt *query = scope_nodes_select(list_make1(scope_nodes_target(member)), NULL, NULL);
    query->fromClause = list_make1(from);
    return (Node *)sublink(EXPR_SUBLINK, NULL, query);
}

/* (value::type), as the key compares with it */
static List *row_of(const struct value_change *v, const Node *value)
{
    Node *one = copyObjectImpl(value);
    return list_make1(scope_takes_key(v) ? cast(one, scope_cast_type(v->key)) : as_stored(one, v->column));
}

/* CASE WHEN EXISTS (SELECT v FROM (VALUES (value), ...) WHERE v IS NOT NULL AND NOT EXISTS (key v)) THEN fail
 * ELSE value END */
static Node *value_rows(const struct scoper *s, const struct change *c, Node *value)
{
    const struct value_change *v = &c->value;
    SelectStmt *values = NODE(SelectStmt);
    values->valuesLists = list_make1(row_of(v, value));
    ListCell *cell;
    foreach (cell, v->rows) {
        const struct row *row = lfirst(cell);
        values->valuesLists = lappend(values->valuesLists, row_of(v, row->value));
    }
    RangeSubselect *from = NODE(RangeSubselect);
    from->subquery = (Node *)values;
    from->alias = makeAlias("partywall_v", list_make1(makeString(pstrdup("v"))));
    NullTest *given = NODE(NullTest);
    given->arg = (Expr *)scope_nodes_column("partywall_v", "v");
    given->nulltesttype = IS_NOT_NULL;
    given->location = -1;
    SelectStmt *keys = parent_keys(s, v->parent, v->key, equals,
                                   scope_nodes_column("partywall_v", "v"), 0);
    Node *none = (Node *)makeBoolExpr(NOT_EXPR, list_make1(sublink(EXISTS_SUBLINK, NULL, keys)), -1);
    SelectStmt *foreign = scope_nodes_select(
        list_make1(scope_nodes_target(scope_nodes_column("partywall_v", "v"))), NULL,
        scope_nodes_bool(AND_EXPR, list_make2(given, none)));
    foreign->fromClause = list_make1(from);
    CaseWhen *some =
        scope_nodes_when((Node *)sublink(EXISTS_SUBLINK, NULL, foreign), parent_failure(c));
    return case_of(list_make1(some), value);
}

static Node *value_parent(const struct scoper *s, const struct change *c, Node *value)
{
    switch (c->value.form) {
    case FORM_LOOKUP:
        return value_lookup(s, c, value);
    case FORM_TWICE:
        return value_member(s, c, value);
    case FORM_ROWS:
        return value_rows(s, c, value);
    case FORM_ONCE:
        break;
    }
    return value_once(s, c, value);
}

Node *scope_nodes_value(const struct scoper *s, const struct change *c, Node *value)
{
    switch (c->value.check) {
    case CHECK_TENANT:
        return value_tenant(s, c, value);
    case CHECK_PARENT:
        return value_parent(s, c, value);
    case CHECK_DEFAULT:
        break;
    }
    return scope_nodes_tenant(s, c->value.column);
}

static Node *yes(void)
{
    A_Const *node = NODE(A_Const);
    node->val.boolval.type = T_Boolean;
    node->val.boolval.boolval = true;
    node->location = -1;
    return (Node *)node;
}

Node *scope_nodes_conflict(const struct scoper *s, const struct change *c, Node *cond)
{
    return case_of(list_make1(scope_nodes_when(scope_nodes_leaf(s, c->leaf), cond ? cond : yes())),
                   fail(scope_marker(c), "bool"));
}

/* COPY takes no subquery: a function that PostgreSQL does not evaluate before the rows come. */
Node *scope_nodes_copy_in(const struct scoper *s, const struct change *c, Node *cond)
{
    List *concat = list_make2(makeString("pg_catalog"), makeString("concat"));
    Node *text = (Node *)makeFuncCall(concat, list_make1(cast(scope_nodes_text(scope_marker(c)), "text")),
                                      COERCE_EXPLICIT_CALL, -1);
    return case_of(list_make1(scope_nodes_when(scope_nodes_leaf(s, c->leaf), cond ? cond : yes())),
                   cast(text, "bool"));
}
