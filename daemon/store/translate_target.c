/* translate_target.c: lists of outputs: stars, names by PostgreSQL's rules, result columns. */
#include "daemon/store/emit.h"
#include "daemon/store/translate_expr.h"
#include "daemon/store/translate_capture.h"

/* -- FigureColname -- */

static const char *sublink_name(struct scope *s, const SubLink *link)
{
    if (link->subLinkType == EXISTS_SUBLINK)
        return "exists";
    if (link->subLinkType == ARRAY_SUBLINK)
        return "array";
    ListCell *cell;
    foreach (cell, s->tr->sublinks) {
        const struct sublink_name *known = lfirst(cell);
        if (known->link == link)
            return known->name;
    }
    return NULL;
}

/* How good the name is: 0 none, 1 the name of a type, 2 the name of a thing. */
static int figure_name(struct scope *s, Node *node, const char **ret)
{
    if (node == NULL)
        return 0;
    switch (nodeTag(node)) {
    case T_ColumnRef: {
        const List *fields = ((ColumnRef *)node)->fields;
        Node *last = llast(fields);
        if (IsA(last, A_Star) && list_length(fields) > 1)
            last = list_nth(fields, list_length(fields) - 2);
        if (!IsA(last, String))
            return 0;
        *ret = strVal(last);
        return 2;
    }
    case T_A_Indirection: {
        const A_Indirection *a = (const A_Indirection *)node;
        for (int i = list_length(a->indirection) - 1; i >= 0; i--) {
            Node *part = list_nth(a->indirection, i);
            if (!IsA(part, String))
                continue;
            *ret = strVal(part);
            return 2;
        }
        return figure_name(s, a->arg, ret);
    }
    case T_FuncCall:
        *ret = strVal(llast(((FuncCall *)node)->funcname));
        return 2;
    case T_A_Expr:
        if (((A_Expr *)node)->kind != AEXPR_NULLIF)
            return 0;
        *ret = "nullif";
        return 2;
    case T_TypeCast: {
        TypeCast *cast = (TypeCast *)node;
        int strength = figure_name(s, cast->arg, ret);
        if (strength > 1 || cast->typeName == NULL)
            return strength;
        *ret = strVal(llast(cast->typeName->names));
        return 1;
    }
    case T_CollateClause:
        return figure_name(s, ((CollateClause *)node)->arg, ret);
    case T_SubLink: {
        const char *name = sublink_name(s, (SubLink *)node);
        if (name == NULL)
            return 0;
        *ret = name;
        return 2;
    }
    case T_CaseExpr: {
        int strength = figure_name(s, (Node *)((CaseExpr *)node)->defresult, ret);
        if (strength > 1)
            return strength;
        *ret = "case";
        return 1;
    }
    case T_A_ArrayExpr:
        *ret = "array";
        return 2;
    case T_RowExpr:
        *ret = "row";
        return 2;
    case T_CoalesceExpr:
        *ret = "coalesce";
        return 2;
    case T_MinMaxExpr:
        *ret = ((MinMaxExpr *)node)->op == IS_GREATEST ? "greatest" : "least";
        return 2;
    case T_GroupingFunc:
        *ret = "grouping";
        return 2;
    case T_SQLValueFunction:
        *ret = session_value_name((SQLValueFunction *)node);
        return 2;
    default:
        return 0;
    }
}

const char *target_name(struct scope *s, Node *node)
{
    const char *name = "?column?";
    (void)figure_name(s, node, &name);
    return name;
}

/* -- lists -- */

static bool is_star(Node *node)
{
    return IsA(node, ColumnRef) && IsA(llast(((ColumnRef *)node)->fields), A_Star);
}

struct target *target_list(struct scope *s, List *list, int *ret_n)
{
    List *targets = NIL;
    ListCell *cell;
    foreach (cell, list) {
        ResTarget *rt = lfirst(cell);
        if (is_star(rt->val)) {
            int before = list_length(targets);
            targets = scope_star(s, (ColumnRef *)rt->val, targets);
            capture_star(s->tr, rt, targets, before);
            continue;
        }
        if (IsA(rt->val, A_Indirection) &&
            IsA(llast(((A_Indirection *)rt->val)->indirection), A_Star)) {
            targets = row_star(s, (A_Indirection *)rt->val, targets);
            continue;
        }
        struct target *t = palloc0(sizeof(*t));
        size_t before = s->tr->work;
        t->expr = expr_make(s, rt->val);
        t->work = s->tr->work - before;
        t->name = rt->name != NULL ? rt->name : target_name(s, rt->val);
        capture_name(s->tr, rt, t->name);
        targets = lappend(targets, t);
    }
    capture_list(s->tr, list);
    int n = list_length(targets);
    if (n > 1664)
        tr_fail(s->tr, "54011", -1, "target lists can have at most %d entries", 1664);
    struct target *all = palloc0(sizeof(all[0]) * (size_t)(n + 1));
    for (int i = 0; i < n; i++)
        all[i] = *(struct target *)list_nth(targets, i);
    *ret_n = n;
    return all;
}

void targets_settle(struct tr *tr, struct target *targets, int ntargets)
{
    for (int i = 0; i < ntargets; i++)
        targets[i].expr = infer_settle(tr, targets[i].expr);
}

const char *target_text(const struct tr *tr, const struct target *t, bool compared)
{
    const char *collation = compared ? emit_collation(tr, t->expr->type) : "";
    return collation[0] ? emit_format("%s%s", t->expr->sql, collation) : t->expr->sql;
}

void result_columns(struct tr *tr, const struct target *targets, int ntargets,
                    struct translate_result *ret)
{
    int n = 0;
    ret->columns = palloc0(sizeof(ret->columns[0]) * (size_t)(ntargets + 1));
    for (int i = 0; i < ntargets; i++) {
        const struct expr *e = targets[i].expr;
        if (targets[i].junk)
            continue;
        if (e->type != TYPES_VOID && !types_supported(tr->types, e->type))
            tr_unsupported(tr, e->location, "an output of type %s", infer_type_name(tr, e->type));
        struct translate_column *c = &ret->columns[n++];
        c->name = targets[i].name;
        c->typmod = e->typmod;
        c->type_oid = infer_base(tr, e->type, &c->typmod);
        c->type_len = types_find(tr->types, c->type_oid)->len;
        c->domain = e->domain;
        if (e->kind == EXPR_COLUMN) {
            c->table_oid = e->column->table_oid;
            c->attnum = e->column->attnum;
        }
    }
    ret->ncolumns = (size_t)n;
}
