/* deparse.c: expressions of defaults, checks and indexes as text, the way pg_get_expr() prints
 * them.
 *
 * PostgreSQL prints the analysed tree: operands stand with the conversions that the chosen operator
 * or function makes of them, constants with their type, every operation in parentheses.  So each
 * node is analysed here too (expr_make), for its type alone; what is printed follows ruleutils.c's
 * rules for a tree like that.  Printing what was printed gives the same text.  deparse_operator.c
 * has the operators. */
#include "daemon/store/deparse_impl.h"
#include "daemon/store/extension.h"
#include "daemon/store/range.h"

#include <ctype.h>

enum { SCRATCH_BYTES = 16 * 1024 * 1024, CASE_INDENT = 4 };

static void print(struct deparse *d, Node *node);

void deparse_refuse(struct deparse *d, const Node *node)
{
    tr_unsupported(d->tr, exprLocation(node), "this expression in a default, check or index");
}

uint32_t deparse_type(struct deparse *d, Node *node)
{
    return expr_make(d->s, node)->type;
}

void deparse_type_name(struct deparse *d, uint32_t type, int32_t typmod)
{
    char name[TYPES_NAME_BYTES];
    types_format(d->tr->types, type, typmod, name, sizeof name);
    ident_format(d->out, "%s", name);
}

/* -- what may change -- */

void deparse_note_proc(struct deparse *d, uint32_t oid)
{
    for (size_t i = 0; oid && i < infer_nprocs; i++)
        if (infer_procs[i].oid == oid)
            d->mutable = d->mutable || infer_procs[i].volatility != 'i';
}

/* Is the type's output not immutable? */
static bool prints_anew(struct deparse *d, uint32_t type)
{
    return type == TYPES_DATE || type == TYPES_TIMESTAMP || type == TYPES_TIMESTAMPTZ ||
           type == TYPES_INTERVAL || infer_is_reg(type) || infer_is_enum(d->tr, type) ||
           range_subtype(type) != 0 || infer_category(d->tr, type) == 'A';
}

/* ... its input? */
static bool reads_anew(struct deparse *d, uint32_t type)
{
    return prints_anew(d, type) || type == TYPES_TIME || type == TYPES_TIMETZ;
}

void deparse_note_cast(struct deparse *d, uint32_t from, uint32_t to)
{
    from = infer_base(d->tr, from, NULL);
    to = infer_base(d->tr, to, NULL);
    for (size_t i = 0; i < infer_ncasts; i++)
        if (infer_casts[i].source == from && infer_casts[i].target == to &&
            infer_casts[i].method != 'i') {
            deparse_note_proc(d, infer_casts[i].proc);
            return;
        }
    if (from == to || from == TYPES_UNKNOWN)
        return;
    if (infer_category(d->tr, from) == 'A' && infer_category(d->tr, to) == 'A')
        deparse_note_cast(d, types_find(d->tr->types, from)->elem, types_find(d->tr->types, to)->elem);
    else if (prints_anew(d, from) || reads_anew(d, to))
        d->mutable = true;
}

/* -- constants -- */

bool deparse_is_literal(const Node *node)
{
    return IsA(node, A_Const) && !((const A_Const *)node)->isnull &&
           nodeTag(&((const A_Const *)node)->val) == T_String;
}

bool deparse_is_null(const Node *node)
{
    return IsA(node, A_Const) && ((const A_Const *)node)->isnull;
}

/* A literal as the type's output writes it: '{}'::jsonb, '2024-01-01'::date.  ${label}: ::type. */
static void literal(struct deparse *d, const Node *node, uint32_t type, bool label)
{
    static const struct types_session plain = {.timezone = "UTC"};
    struct types_session session = plain;
    const char *text = ((const A_Const *)node)->val.sval.sval;
    struct types_value v;
    struct buf out;
    session.set = d->tr->types;
    session.extra_float_digits = 1;
    if (type == 0 || type == TYPES_UNKNOWN)
        type = TYPES_TEXT;
    int32_t typmod = -1;
    type = infer_base(d->tr, type, &typmod); /* that a domain is made of it is not shown */
    buf_init(&out, SCRATCH_BYTES);
    buf_reset(&d->tr->scratch);
    struct types_session reading = d->tr->catalog->session ? *d->tr->catalog->session : plain;
    reading.set = d->tr->types;
    if (!infer_is_reg(type) &&
        types_input(&reading, type, -1, (struct slice){text, strlen(text)}, &d->tr->scratch, &v,
                    d->tr->err) == 0 &&
        types_output(&session, type, -1, &v, &out, d->tr->err) == 0)
        text = pstrdup(ident_text(&out));
    buf_release(&out);
    err_reset(d->tr->err);
    if (type == TYPES_BOOL) {
        ident_format(d->out, "%s", text[0] == 't' ? "true" : "false");
        return;
    }
    bool digits = isdigit((unsigned char)text[0]);
    if ((type == TYPES_INT4 && digits) ||
        (type == TYPES_NUMERIC && digits && strpbrk(text, ".eE"))) {
        ident_format(d->out, "%s", text);
        return;
    }
    ident_literal(text, d->out);
    if (label) {
        ident_format(d->out, "::");
        deparse_type_name(d, type, typmod);
    }
}

/* As it is kept: without exponent, and labelled where it looks like an integer then. */
static void numeric(struct deparse *d, const char *text)
{
    struct types_value v;
    struct buf scratch;
    buf_init(&scratch, 1 << 20);
    if (types_input(&(struct types_session){.timezone = "UTC"}, TYPES_NUMERIC, -1,
                    (struct slice){text, strlen(text)}, &scratch, &v, d->tr->err) == 0)
        text = psprintf("%.*s", (int)v.bytes.len, v.bytes.data);
    buf_release(&scratch);
    if (text[0] != '-' && strchr(text, '.'))
        ident_format(d->out, "%s", text);
    else
        ident_format(d->out, "'%s'::numeric", text);
}

static void constant(struct deparse *d, Node *node)
{
    const A_Const *c = (const A_Const *)node;
    if (c->isnull) {
        ident_format(d->out, "NULL::text");
        return;
    }
    switch (nodeTag(&c->val)) {
    case T_Integer:
        ident_format(d->out, c->val.ival.ival < 0 ? "'%d'::integer" : "%d", c->val.ival.ival);
        return;
    case T_Float:
        if (deparse_type(d, node) == TYPES_INT8)
            ident_format(d->out, "'%s'::bigint", c->val.fval.fval);
        else
            numeric(d, c->val.fval.fval);
        return;
    case T_Boolean:
        ident_format(d->out, "%s", c->val.boolval.boolval ? "true" : "false");
        return;
    case T_String:
        literal(d, node, TYPES_TEXT, true);
        return;
    default:
        deparse_refuse(d, node);
    }
}

/* -- conversions -- */

/* ${node} converted to ${type}; ${show}: conversions that nobody wrote are shown. */
void deparse_as(struct deparse *d, Node *node, uint32_t type, bool show)
{
    if (deparse_is_literal(node)) {
        literal(d, node, type, true);
        return;
    }
    if (deparse_is_null(node)) {
        ident_format(d->out, "NULL::");
        deparse_type_name(d, type ? type : TYPES_TEXT, -1);
        return;
    }
    if (IsA(node, A_ArrayExpr) && ((A_ArrayExpr *)node)->elements == NIL) {
        ident_format(d->out, "ARRAY[]::");
        deparse_type_name(d, type, -1);
        return;
    }
    uint32_t from = deparse_type(d, node);
    if (!show || type == 0 || from == type || from == TYPES_UNKNOWN) {
        print(d, node);
        return;
    }
    deparse_note_cast(d, from, type);
    ident_format(d->out, "(");
    print(d, node);
    ident_format(d->out, ")::");
    deparse_type_name(d, type, -1);
}

void deparse_array(struct deparse *d, A_ArrayExpr *a, uint32_t type)
{
    const struct types_info *info = types_find(d->tr->types, type);
    ListCell *cell;
    bool first = true;
    ident_format(d->out, "ARRAY[");
    foreach (cell, a->elements) {
        ident_format(d->out, first ? "" : ", ");
        first = false;
        deparse_as(d, lfirst(cell), info ? info->elem : 0, true);
    }
    ident_format(d->out, "]");
    if (first) {
        ident_format(d->out, "::");
        deparse_type_name(d, type, -1);
    }
}

static void cast(struct deparse *d, TypeCast *t)
{
    int32_t typmod = -1;
    uint32_t type = infer_type(d->tr, t->typeName, &typmod);
    if (IsA(t->arg, A_ArrayExpr) && typmod < 0) {
        deparse_array(d, (A_ArrayExpr *)t->arg, type);
        return;
    }
    if (deparse_is_literal(t->arg) && infer_base(d->tr, type, NULL) != type) {
        ident_format(d->out, "(");
        literal(d, t->arg, type, true);
        ident_format(d->out, ")");
    } else if (deparse_is_literal(t->arg)) {
        literal(d, t->arg, type, typmod < 0);
        if (typmod < 0)
            return;
    } else if (deparse_is_null(t->arg)) {
        ident_format(d->out, "NULL");
    } else if (typmod < 0 && deparse_type(d, t->arg) == type) {
        print(d, t->arg);
        return;
    } else {
        deparse_note_cast(d, deparse_type(d, t->arg), type);
        ident_format(d->out, "(");
        print(d, t->arg);
        ident_format(d->out, ")");
    }
    ident_format(d->out, "::");
    deparse_type_name(d, type, typmod);
}

/* -- the rest -- */

static void name_list(struct deparse *d, const List *names)
{
    ListCell *cell;
    bool first = true;
    foreach (cell, names) {
        ident_format(d->out, first ? "" : ".");
        first = false;
        ident_postgres(strVal(lfirst(cell)), d->out);
    }
}

static void sql_syntax(struct deparse *d, FuncCall *f, const char *name)
{
    if (strcmp(name, "timezone") == 0 && list_length(f->args) == 2) {
        ident_format(d->out, "(");
        deparse_as(d, lsecond(f->args), deparse_type(d, lsecond(f->args)), true);
        ident_format(d->out, " AT TIME ZONE ");
        deparse_as(d, linitial(f->args), TYPES_TEXT, true);
        ident_format(d->out, ")");
    } else if (strcmp(name, "extract") == 0) {
        ident_format(d->out, "EXTRACT(%s FROM ", ((A_Const *)linitial(f->args))->val.sval.sval);
        deparse_as(d, lsecond(f->args), deparse_type(d, lsecond(f->args)), true);
        ident_format(d->out, ")");
    } else {
        deparse_refuse(d, (Node *)f);
    }
}

static void call(struct deparse *d, FuncCall *f)
{
    struct call c;
    ListCell *cell;
    int i = 0;
    if (f->agg_order || f->agg_filter || f->over || f->agg_distinct || f->func_variadic ||
        f->agg_within_group || f->agg_star)
        deparse_refuse(d, (Node *)f);
    call_resolve(d->s, f, &c);
    d->mutable = d->mutable || (c.found.proc && c.found.proc->volatility != 'i');
    if (f->funcformat == COERCE_SQL_SYNTAX) {
        sql_syntax(d, f, c.name);
        return;
    }
    if (c.found.cast)
        deparse_refuse(d, (Node *)f);
    bool qualified = list_length(f->funcname) > 1 &&
                     strcmp(strVal(linitial(f->funcname)), "pg_catalog") != 0;
    if (qualified && !extension_proc(d->tr->catalog, NULL, strVal(llast(f->funcname))))
        name_list(d, f->funcname);
    else
        ident_postgres(c.name, d->out);
    ident_format(d->out, "(");
    foreach (cell, f->args) {
        ident_format(d->out, i ? ", " : "");
        uint32_t to = i < FUNC_MAX_ARGS ? c.found.types[i] : 0;
        if (infer_is_polymorphic(to))
            to = deparse_type(d, lfirst(cell));
        deparse_as(d, lfirst(cell), to, true);
        i++;
    }
    ident_format(d->out, ")");
}

static void common_list(struct deparse *d, const char *word, Node *whole, List *args)
{
    ListCell *cell;
    bool first = true;
    uint32_t type = deparse_type(d, whole);
    ident_format(d->out, "%s(", word);
    foreach (cell, args) {
        ident_format(d->out, first ? "" : ", ");
        first = false;
        deparse_as(d, lfirst(cell), type, true);
    }
    ident_format(d->out, ")");
}

static void case_expr(struct deparse *d, CaseExpr *c)
{
    ListCell *cell;
    uint32_t type = deparse_type(d, (Node *)c);
    if (c->arg)
        deparse_refuse(d, (Node *)c);
    while (buf_len(d->out) > 0 && buf_peek(d->out).data[buf_len(d->out) - 1] == ' ')
        buf_cut(d->out, buf_len(d->out) - 1);
    ident_format(d->out, "\n%*sCASE", d->indent, "");
    d->indent += CASE_INDENT;
    foreach (cell, c->args) {
        CaseWhen *w = lfirst(cell);
        ident_format(d->out, "\n%*sWHEN ", d->indent, "");
        deparse_as(d, (Node *)w->expr, TYPES_BOOL, false);
        ident_format(d->out, " THEN ");
        deparse_as(d, (Node *)w->result, type, true);
    }
    ident_format(d->out, "\n%*sELSE ", d->indent, "");
    if (c->defresult)
        deparse_as(d, (Node *)c->defresult, type, true);
    else {
        ident_format(d->out, "NULL::");
        deparse_type_name(d, type, -1);
    }
    d->indent -= CASE_INDENT;
    ident_format(d->out, "\n%*sEND", d->indent, "");
}

static void boolean_test(struct deparse *d, BooleanTest *b)
{
    static const char *const words[] = {
        [IS_TRUE] = "TRUE",           [IS_NOT_TRUE] = "NOT TRUE", [IS_FALSE] = "FALSE",
        [IS_NOT_FALSE] = "NOT FALSE", [IS_UNKNOWN] = "UNKNOWN",   [IS_NOT_UNKNOWN] = "NOT UNKNOWN"};
    ident_format(d->out, "(");
    deparse_as(d, (Node *)b->arg, TYPES_BOOL, false);
    ident_format(d->out, " IS %s)", words[b->booltesttype]);
}

static void null_test(struct deparse *d, NullTest *n)
{
    ident_format(d->out, "(");
    deparse_as(d, (Node *)n->arg, 0, true);
    ident_format(d->out, n->nulltesttype == IS_NULL ? " IS NULL)" : " IS NOT NULL)");
}

static void subscript(struct deparse *d, A_Indirection *a)
{
    ListCell *cell;
    ident_format(d->out, IsA(a->arg, ColumnRef) ? "" : "(");
    print(d, a->arg);
    ident_format(d->out, IsA(a->arg, ColumnRef) ? "" : ")");
    foreach (cell, a->indirection) {
        A_Indices *i = lfirst(cell);
        if (!IsA(i, A_Indices) || i->is_slice)
            deparse_refuse(d, (Node *)a);
        ident_format(d->out, "[");
        deparse_as(d, i->uidx, TYPES_INT4, true);
        ident_format(d->out, "]");
    }
}

static void column(struct deparse *d, ColumnRef *r)
{
    Node *last = llast(r->fields);
    if (!IsA(last, String))
        deparse_refuse(d, (Node *)r);
    if (d->table && d->table->oid == 0) /* the value of a domain */
        ident_format(d->out, "VALUE");
    else
        ident_postgres(strVal(last), d->out);
}

static void collate(struct deparse *d, CollateClause *c)
{
    ident_format(d->out, "(");
    print(d, c->arg);
    ident_format(d->out, " COLLATE ");
    ident_postgres(strVal(llast(c->collname)), d->out);
    ident_format(d->out, ")");
}

static void print(struct deparse *d, Node *node)
{
    tr_enter(d->tr, exprLocation(node));
    switch (nodeTag(node)) {
    case T_A_Const:
        constant(d, node);
        break;
    case T_FuncCall:
        call(d, (FuncCall *)node);
        break;
    case T_SQLValueFunction:
        d->mutable = true;
        ident_format(d->out, "%s", session_value_text((SQLValueFunction *)node));
        break;
    case T_TypeCast:
        cast(d, (TypeCast *)node);
        break;
    case T_A_Expr:
        deparse_operator(d, (A_Expr *)node);
        break;
    case T_BoolExpr:
        deparse_boolean(d, (BoolExpr *)node);
        break;
    case T_ColumnRef:
        column(d, (ColumnRef *)node);
        break;
    case T_NullTest:
        null_test(d, (NullTest *)node);
        break;
    case T_BooleanTest:
        boolean_test(d, (BooleanTest *)node);
        break;
    case T_A_ArrayExpr:
        deparse_array(d, (A_ArrayExpr *)node, deparse_type(d, node));
        break;
    case T_CoalesceExpr:
        common_list(d, "COALESCE", node, ((CoalesceExpr *)node)->args);
        break;
    case T_MinMaxExpr:
        common_list(d, ((MinMaxExpr *)node)->op == IS_GREATEST ? "GREATEST" : "LEAST", node,
                    ((MinMaxExpr *)node)->args);
        break;
    case T_CaseExpr:
        case_expr(d, (CaseExpr *)node);
        break;
    case T_A_Indirection:
        subscript(d, (A_Indirection *)node);
        break;
    case T_CollateClause:
        collate(d, (CollateClause *)node);
        break;
    default:
        deparse_refuse(d, node);
    }
    tr_leave(d->tr);
}

int deparse_checked(struct store_conn *c, const struct store_table *t, const Node *node,
                    uint32_t type, struct buf *out, bool *ret_mutable, struct err *err)
{
    struct tr *tr = palloc0(sizeof(*tr));
    struct deparse d = {.tr = tr, .table = t, .out = out};
    tr->catalog = c->catalog;
    tr->types = &c->catalog->types;
    tr->sql = "";
    tr->err = err;
    buf_init(&tr->scratch, SCRATCH_BYTES);
    if (sigsetjmp(tr->fail, 0) != 0) {
        buf_release(&tr->scratch);
        return -1;
    }
    d.s = scope_expression(tr, t);
    deparse_as(&d, (Node *)node, type, false);
    buf_release(&tr->scratch);
    *ret_mutable = d.mutable;
    return out->failed ? err_set(err, SQLSTATE_PROGRAM_LIMIT_EXCEEDED, "expression is too long")
                       : 0;
}

int deparse(struct store_conn *c, const struct store_table *t, const Node *node, uint32_t type,
            struct buf *out, struct err *err)
{
    bool ignored;
    return deparse_checked(c, t, node, type, out, &ignored, err);
}
