/* What masks show, as trees.  The same as texts: splice_mask.c. */
#include "policy/scope_nodes.h"

#include "policy/parse.h"

static Node *call(const char *name, List *args)
{
    List *names = list_make2(makeString("pg_catalog"), makeString(pstrdup(name)));
    return (Node *)makeFuncCall(names, args, COERCE_EXPLICIT_CALL, -1);
}

static Node *column(const struct shown *v)
{
    if (v->ref)
        return scope_nodes_column(v->ref, v->column->name);
    ColumnRef *node = NODE(ColumnRef);
    node->fields = list_make1(makeString(pstrdup(v->column->name)));
    node->location = -1;
    return (Node *)node;
}

static Node *as_text(const struct shown *v)
{
    return scope_nodes_cast(column(v), makeTypeName("text"));
}

static Node *partial(const struct shown *v)
{
    int first = (int)v->mask->first, last = (int)v->mask->last;
    List *greater = list_make2(makeString("pg_catalog"), makeString(">"));
    Node *is_long = (Node *)makeA_Expr(AEXPR_OP, greater, call("length", list_make1(as_text(v))),
                                       scope_nodes_int(first + last), -1);
    Node *ends =
        call("concat", list_make3(call("left", list_make2(as_text(v), scope_nodes_int(first))),
                                  scope_nodes_text("***"),
                                  call("right", list_make2(as_text(v), scope_nodes_int(last)))));
    NullTest *some = NODE(NullTest);
    some->arg = (Expr *)column(v);
    some->nulltesttype = IS_NOT_NULL;
    some->location = -1;
    CaseExpr *node = NODE(CaseExpr);
    node->args = list_make2(scope_nodes_when(is_long, ends),
                            scope_nodes_when((Node *)some, scope_nodes_text("***")));
    node->location = -1;
    return (Node *)node;
}

static Node *hash(const struct shown *v)
{
    if (v->column->type_oid == SCOPE_UUID)
        return call("md5", list_make1(as_text(v)));
    Node *bytes = call("convert_to", list_make2(as_text(v), scope_nodes_text("UTF8")));
    Node *digest = call("sha256", list_make1(bytes));
    return call("encode", list_make2(digest, scope_nodes_text("hex")));
}

static Node *value(const struct shown *v)
{
    Node *masked = NULL;
    switch (v->mask->mask) {
    case RULE_MASK_FIXED:
        masked = scope_nodes_text(v->mask->fixed);
        break;
    case RULE_MASK_PARTIAL:
        masked = partial(v);
        break;
    case RULE_MASK_HASH:
        masked = hash(v);
        break;
    }
    return scope_nodes_cast(masked, parse_type(v->column->type_name));
}

static ResTarget *named(const struct shown *v)
{
    ResTarget *target = scope_nodes_target(value(v));
    target->name = pstrdup(v->column->name);
    return target;
}

ResTarget *scope_nodes_shown(const struct shown *v)
{
    return v->mask ? named(v) : scope_nodes_target(column(v));
}

Node *scope_nodes_masked(const struct shown *v)
{
    SubLink *node = NODE(SubLink); /* it names its column as the reference did */
    node->subLinkType = EXPR_SUBLINK;
    node->subselect = (Node *)scope_nodes_select(list_make1(named(v)), NULL, NULL);
    node->location = -1;
    return (Node *)node;
}

List *scope_nodes_written_out(const List *shown)
{
    List *targets = NIL;
    ListCell *cell;
    foreach (cell, shown) {
        const struct shown *v = lfirst(cell);
        Node *one;
        if (!v->column) {
            ColumnRef *all = NODE(ColumnRef);
            all->fields = list_make2(makeString(pstrdup(v->ref)), NODE(A_Star));
            all->location = -1;
            one = (Node *)all;
        } else {
            one = v->mask ? scope_nodes_masked(v) : column(v);
        }
        targets = lappend(targets, scope_nodes_target(one));
    }
    return targets;
}
