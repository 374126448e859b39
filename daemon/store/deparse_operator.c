/* deparse_operator.c: operators, IN, BETWEEN, AND ... as pg_get_expr() prints them; see deparse.c.
 */
#include "daemon/store/deparse_impl.h"
#include "daemon/store/emit_proc.h"

/* What the operands are converted to: where the operator takes any, by what they are. */
struct operands {
    uint32_t left, right;
};

static struct operands operands(struct deparse *d, const struct infer_operator *o, uint32_t left,
                                uint32_t right)
{
    const uint32_t declared[2] = {o->left, o->right}, actual[2] = {left, right};
    return (struct operands){infer_polymorphic(d->tr, o->left, declared, actual, 2),
                             infer_polymorphic(d->tr, o->right, declared, actual, 2)};
}

static void operation(struct deparse *d, const char *name, Node *left, Node *right, int location)
{
    uint32_t l = left ? deparse_type(d, left) : 0, r = deparse_type(d, right);
    const struct infer_operator *o = infer_operator_find(d->tr, name, l, r, location);
    const struct operands to = operands(d, o, l, r);
    if (o->proc == F_TEXTANYCAT || o->proc == F_ANYTEXTCAT) /* which are text || text, inlined */
        deparse_note_cast(d, o->proc == F_TEXTANYCAT ? r : l, TYPES_TEXT);
    else
        deparse_note_proc(d, o->proc);
    ident_format(d->out, "(");
    if (left) {
        deparse_as(d, left, to.left, true);
        ident_format(d->out, " ");
    }
    ident_format(d->out, "%s ", name);
    deparse_as(d, right, to.right, true);
    ident_format(d->out, ")");
}

/* x IN (1, 2) is x = ANY (ARRAY[1, 2]), of the common type. */
static void in_list(struct deparse *d, A_Expr *a)
{
    const char *name = strVal(llast(a->name));
    List *items = (List *)a->rexpr;
    int n = list_length(items) + 1;
    struct expr **all = palloc(sizeof(*all) * (size_t)n);
    bool in = strcmp(name, "=") == 0;
    if (n == 2) {
        operation(d, in ? "=" : "<>", a->lexpr, linitial(items), a->location);
        return;
    }
    all[0] = expr_make(d->s, a->lexpr);
    for (int i = 1; i < n; i++)
        all[i] = expr_make(d->s, list_nth(items, i - 1));
    uint32_t left = all[0]->type, common = expr_common_type(d->tr, all, n, "IN");
    const struct types_info *info = types_find(d->tr->types, common);
    const struct infer_operator *o =
        infer_operator_find(d->tr, in ? "=" : "<>", left, common, a->location);
    const struct operands to = operands(d, o, left, common);
    ident_format(d->out, "(");
    deparse_as(d, a->lexpr, to.left, true);
    ident_format(d->out, in ? " = ANY (" : " <> ALL (");
    A_ArrayExpr *array = palloc0(sizeof(*array));
    array->type = T_A_ArrayExpr;
    array->elements = items;
    ident_format(d->out, to.right != common ? "(" : "");
    deparse_array(d, array, info ? info->array : 0);
    if (to.right != common) {
        info = types_find(d->tr->types, to.right);
        ident_format(d->out, ")::");
        deparse_type_name(d, info ? info->array : 0, -1);
    }
    ident_format(d->out, "))");
}

static void any_all(struct deparse *d, A_Expr *a)
{
    const char *name = strVal(llast(a->name));
    uint32_t l = deparse_type(d, a->lexpr);
    if (deparse_is_literal(a->rexpr) ||
        IsA(a->rexpr, A_ArrayExpr)) { /* takes the type of the other side */
        const struct types_info *info = types_find(d->tr->types, l);
        uint32_t array =
            deparse_is_literal(a->rexpr) ? (info ? info->array : 0) : deparse_type(d, a->rexpr);
        const struct types_info *of = types_find(d->tr->types, array);
        const struct infer_operator *o =
            infer_operator_find(d->tr, name, l, of ? of->elem : 0, a->location);
        const struct operands to = operands(d, o, l, of ? of->elem : 0);
        ident_format(d->out, "(");
        deparse_as(d, a->lexpr, to.left, true);
        ident_format(d->out, " %s %s (", name, a->kind == AEXPR_OP_ANY ? "ANY" : "ALL");
        of = types_find(d->tr->types, to.right);
        deparse_as(d, a->rexpr, of ? of->array : array, true);
        ident_format(d->out, "))");
        return;
    }
    uint32_t r = deparse_type(d, a->rexpr);
    const struct types_info *of = types_find(d->tr->types, r);
    if (!of || !of->elem)
        deparse_refuse(d, (Node *)a);
    const struct infer_operator *o = infer_operator_find(d->tr, name, l, of->elem, a->location);
    const struct operands to = operands(d, o, l, of->elem);
    ident_format(d->out, "(");
    deparse_as(d, a->lexpr, to.left, true);
    ident_format(d->out, " %s %s (", name, a->kind == AEXPR_OP_ANY ? "ANY" : "ALL");
    of = types_find(d->tr->types, to.right);
    deparse_as(d, a->rexpr, of ? of->array : r, true);
    ident_format(d->out, "))");
}

static void between(struct deparse *d, A_Expr *a)
{
    Node *low = linitial((List *)a->rexpr), *high = lsecond((List *)a->rexpr);
    bool not = a->kind == AEXPR_NOT_BETWEEN;
    if (a->kind != AEXPR_BETWEEN && !not )
        deparse_refuse(d, (Node *)a);
    ident_format(d->out, "(");
    operation(d, not ? "<" : ">=", a->lexpr, low, a->location);
    ident_format(d->out, not ? " OR " : " AND ");
    operation(d, not ? ">" : "<=", a->lexpr, high, a->location);
    ident_format(d->out, ")");
}

/* Two operands that will be compared, with ${word} between them. */
static void compared(struct deparse *d, A_Expr *a, const char *word)
{
    uint32_t l = deparse_type(d, a->lexpr), r = deparse_type(d, a->rexpr);
    const struct infer_operator *o = infer_operator_find(d->tr, "=", l, r, a->location);
    const struct operands to = operands(d, o, l, r);
    deparse_note_proc(d, o->proc);
    deparse_as(d, a->lexpr, to.left, true);
    ident_format(d->out, "%s", word);
    deparse_as(d, a->rexpr, to.right, true);
}

static void distinct(struct deparse *d, A_Expr *a)
{
    bool not = a->kind == AEXPR_NOT_DISTINCT;
    if (deparse_is_null(a->lexpr) || deparse_is_null(a->rexpr)) {
        ident_format(d->out, "(");
        deparse_as(d, deparse_is_null(a->rexpr) ? a->lexpr : a->rexpr, 0, true);
        ident_format(d->out, not ? " IS NULL)" : " IS NOT NULL)");
        return;
    }
    ident_format(d->out, not ? "(NOT (" : "(");
    compared(d, a, " IS DISTINCT FROM ");
    ident_format(d->out, not ? "))" : ")");
}

void deparse_operator(struct deparse *d, A_Expr *a)
{
    if (list_length(a->name) > 1 && strcmp(strVal(linitial(a->name)), "pg_catalog") != 0)
        deparse_refuse(d, (Node *)a);
    switch (a->kind) {
    case AEXPR_OP:
        if (a->lexpr && IsA(a->lexpr, RowExpr))
            deparse_refuse(d, (Node *)a);
        operation(d, strVal(llast(a->name)), a->lexpr, a->rexpr, a->location);
        return;
    case AEXPR_LIKE:
    case AEXPR_ILIKE:
        operation(d, strVal(llast(a->name)), a->lexpr, a->rexpr, a->location);
        return;
    case AEXPR_IN:
        in_list(d, a);
        return;
    case AEXPR_OP_ANY:
    case AEXPR_OP_ALL:
        any_all(d, a);
        return;
    case AEXPR_BETWEEN:
    case AEXPR_NOT_BETWEEN:
        between(d, a);
        return;
    case AEXPR_DISTINCT:
    case AEXPR_NOT_DISTINCT:
        distinct(d, a);
        return;
    case AEXPR_NULLIF:
        ident_format(d->out, "NULLIF(");
        compared(d, a, ", ");
        ident_format(d->out, ")");
        return;
    default:
        deparse_refuse(d, (Node *)a);
    }
}

void deparse_boolean(struct deparse *d, BoolExpr *b)
{
    ListCell *cell;
    bool first = true;
    ident_format(d->out, b->boolop == NOT_EXPR ? "(NOT " : "(");
    foreach (cell, b->args) {
        ident_format(d->out, first ? "" : b->boolop == AND_EXPR ? " AND " : " OR ");
        first = false;
        deparse_as(d, lfirst(cell), TYPES_BOOL, false);
    }
    ident_format(d->out, ")");
}
