/* translate_sublink.c: subqueries in expressions: EXISTS, scalar, IN, ANY, ALL, ARRAY. */
#include "daemon/store/emit.h"
#include "daemon/store/infer.h"
#include "daemon/store/translate_expr.h"

#include "lib/stringinfo.h"

const struct expr *expr_find(const struct expr *e, enum expr_kind kind, const struct scope *level)
{
    if (e->kind == kind && (level == NULL || e->scope == level))
        return e;
    for (int i = 0; i < e->nargs; i++) {
        const struct expr *found = expr_find(e->args[i], kind, level);
        if (found != NULL)
            return found;
    }
    return NULL;
}

/* An expression made of a subquery: for grouping it consists of the outer columns used in there. */
static struct expr *of_query(uint32_t type, const char *sql, int location, const struct query *q)
{
    struct expr *e = expr_new(EXPR_PLAIN, type, sql, location);
    e->nargs = list_length(q->outer);
    e->args = palloc(sizeof(e->args[0]) * (size_t)(e->nargs + 1));
    for (int i = 0; i < e->nargs; i++)
        e->args[i] = list_nth(q->outer, i);
    e->subquery = true;
    return e;
}

static struct query *subquery(struct scope *s, Node *select, bool keep_unknown)
{
    if (!IsA(select, SelectStmt))
        tr_unsupported(s->tr, -1, "this subquery");
    bool refused = s->windows_refused;
    const char *clause = s->clause;
    s->clause = NULL;
    struct query *q = select_query(s->tr, s, (SelectStmt *)select, keep_unknown);
    s->clause = clause;
    s->windows_refused = refused;
    return q;
}

struct expr *expr_scalar(struct scope *s, const struct query *q, int location)
{
    if (q->ntargets != 1)
        tr_fail(s->tr, SQLSTATE_SYNTAX_ERROR, location, "subquery must return only one column");
    const char *sql =
        q->single_row || q->at_most_one
            ? emit_format("(%s)", q->sql)
            : emit_format("(SELECT pgf_single(\"c1\") FROM (%s) AS %s)", q->sql, tr_alias(s->tr));
    struct expr *e = of_query(q->targets[0].expr->type, sql, location, q);
    e->typmod = q->targets[0].expr->typmod;
    return e;
}

static void remember_name(struct scope *s, const SubLink *link, const struct query *q)
{
    struct sublink_name *known = palloc(sizeof(*known));
    known->link = link;
    known->name = q->targets[0].name;
    s->tr->sublinks = lappend(s->tr->sublinks, known);
}

/* -- IN (SELECT ...), = ANY, <> ALL -- */

static bool is_plain(const char *pattern, bool negated)
{
    return strcmp(pattern, negated ? "(%1 <> %2)" : "(%1 = %2)") == 0;
}

static struct expr **test_exprs(struct scope *s, Node *test, int *ret_n)
{
    List *list = IsA(test, RowExpr) ? ((RowExpr *)test)->args : list_make1(test);
    struct expr **all = palloc(sizeof(all[0]) * (size_t)(list_length(list) + 1));
    *ret_n = list_length(list);
    for (int i = 0; i < *ret_n; i++)
        all[i] = expr_make(s, list_nth(list, i));
    return all;
}

/* x op ANY/ALL (SELECT ...) for any operator: found, else unknown where a comparison was NULL. */
static struct expr *quantified(struct scope *s, const SubLink *link, const char *name,
                               struct expr *left)
{
    bool all = link->subLinkType == ALL_SUBLINK;
    struct query *q = subquery(s, link->subselect, false);
    if (q->ntargets != 1)
        tr_fail(s->tr, SQLSTATE_SYNTAX_ERROR, link->location, "subquery has too many columns");
    const char *alias = tr_alias(s->tr);
    struct expr *column =
        expr_new(EXPR_PLAIN, q->targets[0].expr->type, emit_format("%s.\"c1\"", alias), -1);
    struct expr *test = expr_operator(s, name, left, column, link->location);
    if (test->type != TYPES_BOOL)
        tr_fail(s->tr, SQLSTATE_DATATYPE_MISMATCH, link->location,
                "operator %s must return type boolean, not type %s", name,
                infer_type_name(s->tr, test->type));
    const char *rows = emit_format("SELECT 1 FROM (%s) AS %s WHERE", q->sql, alias);
    const char *sql =
        emit_format("(CASE WHEN EXISTS (%s %s%s) THEN %d WHEN EXISTS (%s %s IS NULL) THEN NULL "
                    "ELSE %d END)",
                    rows, all ? "NOT " : "", test->sql, all ? 0 : 1, rows, test->sql, all ? 1 : 0);
    struct expr *parts[2] = {test, of_query(TYPES_BOOL, "", link->location, q)};
    return expr_of(TYPES_BOOL, sql, link->location, parts, 2);
}

static struct expr *in_query(struct scope *s, const SubLink *link)
{
    const char *name = link->operName == NIL ? "=" : strVal(llast(link->operName));
    bool negated = link->subLinkType == ALL_SUBLINK;
    int n;
    struct expr **left = test_exprs(s, link->testexpr, &n);
    if (strcmp(name, negated ? "<>" : "=") != 0 && n == 1)
        return quantified(s, link, name, left[0]);
    if (strcmp(name, negated ? "<>" : "=") != 0)
        tr_unsupported(s->tr, link->location, "%s %s (subquery) of rows", name,
                       negated ? "ALL" : "ANY");
    struct query *q = subquery(s, link->subselect, false);
    if (q->ntargets != n)
        tr_fail(s->tr, SQLSTATE_SYNTAX_ERROR, link->location,
                q->ntargets < n ? "subquery has too few columns" : "subquery has too many columns");
    StringInfoData outer, inner;
    initStringInfo(&outer);
    initStringInfo(&inner);
    bool change = false;
    for (int i = 0; i < n; i++) {
        struct expr *column =
            expr_new(EXPR_PLAIN, q->targets[i].expr->type, psprintf("\"c%d\"", i + 1), -1);
        struct expr *to = column;
        uint32_t type;
        const char *pattern = expr_resolve(s, name, &left[i], &to, &type, link->location);
        if (!is_plain(pattern, negated) ||
            (left[i]->type == TYPES_NUMERIC && !expr_collated(left[i])))
            tr_unsupported(s->tr, link->location, "IN (subquery) of type %s",
                           infer_type_name(s->tr, left[i]->type));
        change = change || strcmp(to->sql, column->sql) != 0;
        appendStringInfo(&outer, "%s%s", i == 0 ? "" : ", ", left[i]->sql);
        appendStringInfo(&inner, "%s%s", i == 0 ? "" : ", ", to->sql);
    }
    const char *rows =
        change ? emit_format("SELECT %s FROM (%s) AS %s", inner.data, q->sql, tr_alias(s->tr))
               : q->sql;
    const char *sql =
        n == 1 ? emit_format("(%s %sIN (%s))", outer.data, negated ? "NOT " : "", rows)
               : emit_format("((%s) %sIN (%s))", outer.data, negated ? "NOT " : "", rows);
    struct expr *parts[2] = {expr_of(TYPES_BOOL, sql, link->location, left, n),
                             of_query(TYPES_BOOL, sql, link->location, q)};
    struct expr *e = expr_of(TYPES_BOOL, sql, link->location, parts, 2);
    /* the parts have the same text: only their own parts may count for grouping */
    parts[0]->sql = parts[1]->sql = "";
    return e;
}

static struct expr *array_query(struct scope *s, const SubLink *link)
{
    struct query *q = subquery(s, link->subselect, false);
    if (q->ntargets != 1)
        tr_fail(s->tr, SQLSTATE_SYNTAX_ERROR, link->location,
                "subquery must return only one column");
    uint32_t element = q->targets[0].expr->type;
    const struct types_info *info = types_find(s->tr->types, element);
    bool nested = info != NULL && infer_category(s->tr, element) == 'A';
    uint32_t type = nested ? element : info != NULL ? info->array : 0;
    if (type == 0 || !types_supported(s->tr->types, type))
        tr_unsupported(s->tr, link->location, "an array of %s", infer_type_name(s->tr, element));
    const char *collect =
        nested ? "pgf_arrays_agg(\"c1\")" : emit_format("pgf_array_agg(%u, \"c1\")", element);
    const char *sql = emit_format("(SELECT coalesce(%s, '[]') FROM (%s) AS %s)", collect, q->sql,
                                  tr_alias(s->tr));
    return of_query(type, sql, link->location, q);
}

struct expr *expr_sublink(struct scope *s, SubLink *link)
{
    switch (link->subLinkType) {
    case EXISTS_SUBLINK: {
        struct query *q = subquery(s, link->subselect, false);
        return of_query(TYPES_BOOL, emit_format("(EXISTS (%s))", q->sql), link->location, q);
    }
    case EXPR_SUBLINK: {
        struct query *q = subquery(s, link->subselect, false);
        struct expr *e = expr_scalar(s, q, link->location);
        remember_name(s, link, q);
        return e;
    }
    case ANY_SUBLINK:
    case ALL_SUBLINK:
        return in_query(s, link);
    case ARRAY_SUBLINK:
        return array_query(s, link);
    default:
        tr_unsupported(s->tr, link->location, "this kind of subquery");
    }
}
