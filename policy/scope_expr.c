/* Expressions: every node is of a known kind, every name in it is authorised, every sublink confined.
 *
 * The switch is a closed list.  Nodes that raw_expression_tree_walker knows how to go down into are left
 * to it; recursion is bounded by the guard's limits. */
#include "policy/scope.h"

#include "protocol/sqlstate.h"

struct env {
    struct scoper *s;
    struct level *l;
};

static bool walk(Node *node, struct env *env);

static bool children(Node *node, struct env *env)
{
    return raw_expression_tree_walker(node, walk, env);
}

static bool refused_node(struct env *env, const Node *node, const char *what)
{
    scope_refuse(env->s, SQLSTATE_FEATURE_NOT_SUPPORTED, exprLocation(node),
                 "%s is not supported for confined sessions", what);
    return true;
}

static bool walk_sublink(SubLink *link, struct env *env)
{
    struct scoper *s = env->s;
    if (link->testexpr && walk(link->testexpr, env))
        return true;
    if (link->operName && authorise_operator(&s->auth, link->operName, link->location, s->err) < 0)
        return true;
    if (!IsA(link->subselect, SelectStmt))
        return refused_node(env, link->subselect, "this kind of subquery");
    struct level *inner = scope_level(env->l);
    struct sublink *note = palloc0(sizeof *note);
    note->link = link;
    note->inner = inner;
    if (scope_select(s, (SelectStmt *)link->subselect, inner, &note->outputs) < 0)
        return true;
    env->l->confined = env->l->confined || inner->confined;
    s->sublinks = lcons(note, s->sublinks);
    return false;
}

/* (x).f, where f may be a function; subscripts are expressions. */
static bool walk_indirection(A_Indirection *node, struct env *env)
{
    ListCell *cell;
    foreach (cell, node->indirection) {
        Node *step = lfirst(cell);
        if (!IsA(step, String))
            continue;
        if (scope_columns_field(env->s, env->l, node->arg, strVal(step)) < 0 ||
            authorise_attribute(&env->s->auth, strVal(step), exprLocation(node->arg),
                                env->s->err) < 0)
            return true;
    }
    return children((Node *)node, env);
}

/* Could the column come from a subquery or function, and so be any text under that name? */
static bool may_be_computed(const struct level *l, const ColumnRef *ref)
{
    for (; l; l = l->outer)
        for (const struct source *source = l->sources; source; source = source->next)
            if (!source->rel && scope_ref_may_mean(source, ref))
                return true;
    return false;
}

/* The system column tableoid may be cast to regclass; anything else that is called so may not. */
static bool walk_cast(TypeCast *cast, struct env *env)
{
    struct scoper *s = env->s;
    if (scope_object_cast(s, env->l, cast)) {
        scope_lookup_said(s, (Node *)cast);
        return walk(cast->arg, env);
    }
    if (scope_lookup_cast(s, env->l, cast))
        return walk(cast->arg, env);
    bool computed = cast->arg && IsA(cast->arg, ColumnRef) &&
                    may_be_computed(env->l, (ColumnRef *)cast->arg);
    int status = computed ? authorise_type(&s->auth, cast->typeName, s->err)
                          : authorise_cast(&s->auth, cast, s->err);
    scope_qualify_type(s, cast->typeName);
    return status < 0 || walk(cast->arg, env);
}

/* Sublinks in the arguments must have been walked before it is known what they are. */
static bool walk_call(FuncCall *call, struct env *env)
{
    struct scoper *s = env->s;
    scope_lookup_argument(s, env->l, call);
    int before = list_length(s->changes);
    if (children((Node *)call, env))
        return true;
    if (list_length(s->changes) == before && scope_answer_call(s, env->l, call))
        return false;
    int decided = scope_object_call(s, env->l, call);
    if (decided == 0)
        decided = scope_call(s, call);
    return decided < 0 || (decided == 0 && authorise_call(&s->auth, call, s->err) < 0);
}

static bool walk_operator(A_Expr *e, struct env *env)
{
    struct scoper *s = env->s;
    if (authorise_operator(&s->auth, e->name, e->location, s->err) < 0)
        return true;
    Node *name = scope_object_lookup(s, env->l, e);
    if (!name)
        return children((Node *)e, env);
    bool left = scope_is_object(s, env->l, e->lexpr);
    scope_lookup_said(s, left ? e->rexpr : e->lexpr);
    return walk(left ? e->lexpr : e->rexpr, env) || walk(name, env);
}

static bool walk_param(const ParamRef *param, struct env *env)
{
    if (param->number < 1 || param->number > UINT16_MAX) {
        scope_refuse(env->s, SQLSTATE_UNDEFINED_PARAMETER, param->location,
                     "there is no parameter $%d", param->number);
        return true;
    }
    return false;
}

static bool walk_sort(SortBy *sort, struct env *env)
{
    if (sort->useOp &&
        authorise_operator(&env->s->auth, sort->useOp, sort->location, env->s->err) < 0)
        return true;
    return walk(sort->node, env);
}

static bool walk(Node *node, struct env *env)
{
    struct scoper *s = env->s;
    if (!node)
        return false;
    switch (nodeTag(node)) {
    case T_A_Const:
    case T_A_Star:
    case T_String:
    case T_SetToDefault: /* legal where the grammar has it: PostgreSQL refuses it elsewhere */
        return false;
    case T_SQLValueFunction: /* dates, and names of the shared role and the database */
        scope_answer_value(s, (SQLValueFunction *)node);
        return false;
    case T_ParamRef:
        return walk_param((ParamRef *)node, env);
    case T_ColumnRef:
        return scope_check_ref(s, env->l, (ColumnRef *)node) < 0;
    case T_FuncCall:
        return scope_columns_call(s, env->l, (FuncCall *)node) < 0 || walk_call((FuncCall *)node, env);
    case T_A_Expr:
        return walk_operator((A_Expr *)node, env);
    case T_TypeCast:
        return walk_cast((TypeCast *)node, env);
    case T_SubLink:
        return walk_sublink((SubLink *)node, env);
    case T_A_Indirection:
        return walk_indirection((A_Indirection *)node, env);
    case T_SortBy:
        return walk_sort((SortBy *)node, env);
    case T_List:
    case T_A_ArrayExpr:
    case T_A_Indices:
    case T_BoolExpr:
    case T_BooleanTest:
    case T_CaseExpr:
    case T_CaseWhen:
    case T_CoalesceExpr:
    case T_CollateClause:
    case T_GroupingFunc:
    case T_GroupingSet:
    case T_MinMaxExpr:
    case T_NamedArgExpr:
    case T_NullTest:
    case T_ResTarget:
    case T_RowExpr:
    case T_WindowDef:
        return children(node, env);
    case T_MultiAssignRef: /* its columns share one source */
        return ((MultiAssignRef *)node)->colno == 1 && children(node, env);
    case T_CurrentOfExpr:
        return refused_node(env, node, "WHERE CURRENT OF");
    case T_XmlExpr:
    case T_XmlSerialize:
        return refused_node(env, node, "XML");
    default:
        return refused_node(env, node, "this expression");
    }
}

int scope_expr(struct scoper *s, struct level *l, Node *node)
{
    struct env env = {s, l};
    return walk(node, &env) ? -1 : 0;
}
