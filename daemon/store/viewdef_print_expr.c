/* viewdef_print_expr.c: expressions of a view's query as text, by the rules of PostgreSQL's
 * get_rule_expr(); see viewdef_tree.h. */
#include "daemon/store/ident.h"
#include "daemon/store/viewdef_tree.h"

#include <ctype.h>

enum { STEP = 4 };

static bool indents(const struct viewdef_printer *p)
{
    return (p->flags & VIEWDEF_INDENT) != 0;
}

/* -- which parentheses are needed -- */

static bool is_call(const struct viewdef_expr *e)
{
    return e->kind == VIEWDEF_CALL;
}

/* What stands between brackets or commas: no operand is torn from it. */
static bool encloses(const struct viewdef_expr *e)
{
    switch (e->kind) {
    case VIEWDEF_AND:
    case VIEWDEF_OR:
    case VIEWDEF_NOT:
        return false;
    case VIEWDEF_SUBSCRIPT:
    case VIEWDEF_ARRAY:
    case VIEWDEF_ROW:
    case VIEWDEF_LIST:
    case VIEWDEF_AGGREGATE:
    case VIEWDEF_CASE:
        return true;
    default:
        return is_call(e);
    }
}

/* '+' and the like: of two operands, and with a known rank.  0: another one. */
static char arithmetic(const struct viewdef_expr *e)
{
    bool one = e->kind == VIEWDEF_OPERATOR && e->nargs == 2 && strlen(e->name) == 1;
    return one && strchr("+-*/%", e->name[0]) ? e->name[0] : 0;
}

static bool is_low(char operator)
{
    return operator== '+' || operator== '-';
}

/* Does ${e} need no parentheses as a part of ${parent}? */
static bool is_simple(const struct viewdef_expr *e, const struct viewdef_expr *parent)
{
    switch (e->kind) {
    case VIEWDEF_COLUMN:
    case VIEWDEF_CONSTANT:
    case VIEWDEF_WORD:
    case VIEWDEF_CALL:
    case VIEWDEF_SYNTAX:
    case VIEWDEF_AGGREGATE:
    case VIEWDEF_LIST:
    case VIEWDEF_ARRAY:
    case VIEWDEF_ROW:
    case VIEWDEF_SUBSCRIPT:
    case VIEWDEF_CASE:
        return true;
    case VIEWDEF_CAST:
        return e->function || is_simple(e->args[0], e);
    case VIEWDEF_OPERATOR:
        if (parent->kind == VIEWDEF_OPERATOR) {
            char own = arithmetic(e), other = arithmetic(parent);
            if (!own || !other)
                return false;
            if (is_low(own) != is_low(other))
                return is_low(other);
            return e == parent->args[0];
        }
        return parent->kind == VIEWDEF_AND || parent->kind == VIEWDEF_OR ||
               parent->kind == VIEWDEF_NOT || encloses(parent);
    case VIEWDEF_SUBLINK:
    case VIEWDEF_TEST:
    case VIEWDEF_BOOL_TEST:
    case VIEWDEF_DISTINCT:
        return parent->kind == VIEWDEF_AND || parent->kind == VIEWDEF_OR ||
               parent->kind == VIEWDEF_NOT || encloses(parent);
    case VIEWDEF_AND:
    case VIEWDEF_NOT:
        return parent->kind == VIEWDEF_AND || parent->kind == VIEWDEF_OR || encloses(parent);
    case VIEWDEF_OR:
        return parent->kind == VIEWDEF_OR || encloses(parent);
    default:
        return false;
    }
}

void viewdef_print_part(struct viewdef_printer *p, const struct viewdef_expr *e, bool show,
                        const struct viewdef_expr *parent)
{
    bool braces = viewdef_pretty(p) && !is_simple(e, parent);
    viewdef_put(p, braces ? "(" : "");
    viewdef_print_expr(p, e, show);
    viewdef_put(p, braces ? ")" : "");
}

static void braces_open(struct viewdef_printer *p)
{
    viewdef_put(p, viewdef_pretty(p) ? "" : "(");
}

static void braces_close(struct viewdef_printer *p)
{
    viewdef_put(p, viewdef_pretty(p) ? "" : ")");
}

/* -- constants and casts -- */

static void type_name(struct viewdef_printer *p, uint32_t type, int32_t typmod)
{
    char name[TYPES_NAME_BYTES];
    types_format(p->tr->types, type, typmod, name, sizeof(name));
    viewdef_put(p, "::");
    viewdef_put(p, type == TYPES_BPCHAR && typmod < 0 ? "bpchar" : name);
}

/* ${label}: 1 always with its type, 0 where it would be another one, -1 never. */
void viewdef_print_constant(struct viewdef_printer *p, const struct viewdef_expr *e, int label)
{
    const char *text = e->name;
    bool needed = true, digits = text != NULL && isdigit((unsigned char)text[0]);
    struct buf quoted;
    if (text == NULL) {
        viewdef_put(p, "NULL");
    } else if (e->type == TYPES_BOOL) {
        viewdef_put(p, text[0] == 't' ? "true" : "false");
        needed = false;
    } else if ((e->type == TYPES_INT4 && digits) ||
               (e->type == TYPES_NUMERIC && digits && strpbrk(text, "eE."))) {
        viewdef_put(p, text);
        needed = false;
    } else {
        buf_init(&quoted, 0x7fffffff);
        ident_literal(text, &quoted);
        viewdef_put(p, ident_text(&quoted));
        buf_release(&quoted);
        needed = e->type != TYPES_UNKNOWN;
    }
    if (label > 0 || (label == 0 && needed))
        type_name(p, e->type == TYPES_UNKNOWN && text == NULL ? TYPES_TEXT : e->type, e->typmod);
}

static void cast(struct viewdef_printer *p, const struct viewdef_expr *e)
{
    const struct viewdef_expr *arg = e->args[0];
    if (arg->kind == VIEWDEF_CONSTANT && arg->type == e->type) {
        viewdef_print_constant(p, arg, -1);
    } else {
        braces_open(p);
        viewdef_print_part(p, arg, false, e);
        braces_close(p);
    }
    type_name(p, e->type, e->typmod);
}

/* -- the rest -- */

static void operator(struct viewdef_printer *p, const struct viewdef_expr *e, const char *name)
{
    braces_open(p);
    if (e->nargs == 2) {
        viewdef_print_part(p, e->args[0], true, e);
        viewdef_put(p, " ");
    }
    viewdef_put(p, name);
    viewdef_put(p, " ");
    viewdef_print_part(p, e->args[e->nargs - 1], true, e);
    braces_close(p);
}

static void boolean(struct viewdef_printer *p, const struct viewdef_expr *e)
{
    braces_open(p);
    for (int i = 0; i < e->nargs; i++) {
        viewdef_put(p, e->kind == VIEWDEF_NOT   ? "NOT "
                       : i == 0                 ? ""
                       : e->kind == VIEWDEF_AND ? " AND "
                                                : " OR ");
        viewdef_print_part(p, e->args[i], false, e);
    }
    braces_close(p);
}

static void any(struct viewdef_printer *p, const struct viewdef_expr *e)
{
    braces_open(p);
    viewdef_print_part(p, e->args[0], true, e);
    viewdef_put(p, psprintf(" %s %s (", e->name, e->all ? "ALL" : "ANY"));
    viewdef_print_part(p, e->args[1], true, e);
    if (e->args[1]->kind == VIEWDEF_SUBLINK &&
        e->args[1]->form == EXPR_SUBLINK) /* or else it would be a set of rows */
        type_name(p, e->args[1]->type, e->args[1]->typmod);
    viewdef_put(p, ")");
    braces_close(p);
}

static void test(struct viewdef_printer *p, const struct viewdef_expr *e)
{
    braces_open(p);
    viewdef_print_part(p, e->args[0], e->kind == VIEWDEF_TEST, e);
    viewdef_put(p, " ");
    viewdef_put(p, e->name);
    braces_close(p);
}

static void case_of(struct viewdef_printer *p, const struct viewdef_expr *e)
{
    const char *space = indents(p) ? "" : " ";
    viewdef_word(p, "CASE", 0, STEP, 0);
    if (e->args[0]) {
        viewdef_put(p, " ");
        viewdef_print_expr(p, e->args[0], true);
    }
    for (int i = 2; i + 1 < e->nargs; i += 2) {
        viewdef_put(p, space);
        viewdef_word(p, "WHEN ", 0, 0, 0);
        viewdef_print_expr(p, e->args[i], false);
        viewdef_put(p, " THEN ");
        viewdef_print_expr(p, e->args[i + 1], true);
    }
    viewdef_put(p, space);
    viewdef_word(p, "ELSE ", 0, 0, 0);
    viewdef_print_expr(p, e->args[1], true);
    viewdef_put(p, space);
    viewdef_word(p, "END", -STEP, 0, 0);
}

static void sublink(struct viewdef_printer *p, const struct viewdef_expr *e)
{
    bool braces = true;
    viewdef_put(p, e->form == ARRAY_SUBLINK ? "ARRAY(" : "(");
    if (e->nargs == 1) {
        viewdef_print_expr(p, e->args[0], true);
    } else if (e->nargs > 1) {
        viewdef_put(p, "(");
        viewdef_print_list(p, e->args, e->nargs);
        viewdef_put(p, ")");
    }
    switch (e->form) {
    case EXISTS_SUBLINK:
        viewdef_put(p, "EXISTS ");
        break;
    case ANY_SUBLINK:
        viewdef_put(p, strcmp(e->name, "=") == 0 ? " IN " : psprintf(" %s ANY ", e->name));
        break;
    case ALL_SUBLINK:
        viewdef_put(p, psprintf(" %s ALL ", e->name));
        break;
    default:
        braces = false;
    }
    viewdef_put(p, braces ? "(" : "");
    viewdef_print_query(p, e->query, NULL, false);
    viewdef_put(p, braces ? "))" : ")");
}

static void subscript(struct viewdef_printer *p, const struct viewdef_expr *e, bool show)
{
    bool braces = e->args[0]->kind != VIEWDEF_COLUMN;
    viewdef_put(p, braces ? "(" : "");
    viewdef_print_expr(p, e->args[0], show);
    viewdef_put(p, braces ? ")" : "");
    for (int i = 1; i + 1 < e->nargs; i += 2) {
        viewdef_put(p, "[");
        viewdef_print_expr(p, e->args[i + 1], false);
        viewdef_put(p, "]");
    }
}

static void column(struct viewdef_printer *p, const struct viewdef_expr *e)
{
    for (const struct viewdef_names *n = p->names; n != NULL; n = n->around) {
        ListCell *cell;
        foreach (cell, n->items) {
            const struct viewdef_item *item = lfirst(cell);
            if (e->source == NULL || item->source != e->source)
                continue;
            viewdef_put_name(p, item->refname);
            viewdef_put(p, ".");
            viewdef_put_name(p, e->name);
            return;
        }
    }
    if (e->source != NULL)
        tr_unsupported(p->tr, -1, "the definition of a view with column \"%s\"", e->name);
    viewdef_put_name(p, e->name);
}

static void expression(struct viewdef_printer *p, const struct viewdef_expr *e, bool show)
{
    switch (e->kind) {
    case VIEWDEF_COLUMN:
        column(p, e);
        return;
    case VIEWDEF_CONSTANT:
        viewdef_print_constant(p, e, 0);
        return;
    case VIEWDEF_CALL:
        viewdef_print_call(p, e);
        return;
    case VIEWDEF_SYNTAX:
        viewdef_print_syntax(p, e);
        return;
    case VIEWDEF_AGGREGATE:
        viewdef_print_aggregate(p, e);
        return;
    case VIEWDEF_CAST:
        if (e->implicit && !show)
            viewdef_print_part(p, e->args[0], false, e);
        else
            cast(p, e);
        return;
    case VIEWDEF_OPERATOR:
        operator(p, e, e->name);
        return;
    case VIEWDEF_DISTINCT:
        operator(p, e, "IS DISTINCT FROM");
        return;
    case VIEWDEF_ROWS: /* never without */
        viewdef_put(p, "(");
        viewdef_print_expr(p, e->args[0], true);
        viewdef_put(p, psprintf(" %s ", e->name));
        viewdef_print_expr(p, e->args[1], true);
        viewdef_put(p, ")");
        return;
    case VIEWDEF_LIST:
    case VIEWDEF_ROW:
        viewdef_put(p, e->kind == VIEWDEF_ROW ? "ROW" : e->name);
        viewdef_put(p, "(");
        viewdef_print_list(p, e->args, e->nargs);
        viewdef_put(p, ")");
        return;
    case VIEWDEF_ANY:
        any(p, e);
        return;
    case VIEWDEF_AND:
    case VIEWDEF_OR:
    case VIEWDEF_NOT:
        boolean(p, e);
        return;
    case VIEWDEF_SUBLINK:
        sublink(p, e);
        return;
    case VIEWDEF_CASE:
        case_of(p, e);
        return;
    case VIEWDEF_ARRAY:
        viewdef_put(p, "ARRAY[");
        viewdef_print_list(p, e->args, e->nargs);
        viewdef_put(p, "]");
        if (e->nargs == 0)
            type_name(p, e->type, -1);
        return;
    case VIEWDEF_WORD:
        viewdef_put(p, e->name);
        return;
    case VIEWDEF_TEST:
    case VIEWDEF_BOOL_TEST:
        test(p, e);
        return;
    case VIEWDEF_SUBSCRIPT:
        subscript(p, e, show);
        return;
    case VIEWDEF_COLLATE:
        braces_open(p);
        viewdef_print_part(p, e->args[0], show, e);
        viewdef_put(p, " COLLATE ");
        viewdef_put_name(p, e->name);
        braces_close(p);
        return;
    }
}

void viewdef_print_expr(struct viewdef_printer *p, const struct viewdef_expr *e, bool show_implicit)
{
    tr_enter(p->tr, -1);
    expression(p, e, show_implicit);
    tr_leave(p->tr);
}
