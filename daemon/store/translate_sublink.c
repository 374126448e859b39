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

int expr_leftmost(const struct expr *e)
{
    int location = e->location;
    for (int i = 0; i < e->nargs && !e->subquery; i++) {
        int other = expr_leftmost(e->args[i]);
        if (other >= 0 && (location < 0 || other < location))
            location = other;
    }
    return location;
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
    e->domain = q->targets[0].expr->domain;
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

/* Is SQLite's IN of such values PostgreSQL's? */
static bool is_native(struct scope *s, const char *name, bool negated, const struct expr *left,
                      uint32_t right, int location)
{
    struct expr *l = palloc(sizeof(*l)), *r = expr_new(EXPR_PLAIN, right, "x", -1);
    uint32_t type;
    *l = *left;
    if (!is_plain(expr_resolve(s, name, &l, &r, &type, location), negated))
        return false;
    return l->type != TYPES_NUMERIC || expr_collated(l);
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

/* The outputs of ${q} as columns of ${alias}. */
static struct expr **outputs(const struct query *q, const char *alias)
{
    struct expr **all = palloc(sizeof(all[0]) * (size_t)(q->ntargets + 1));
    for (int i = 0; i < q->ntargets; i++) {
        all[i] = expr_new(EXPR_PLAIN, q->targets[i].expr->type,
                          emit_format("%s.\"c%d\"", alias, i + 1), -1);
        all[i]->typmod = q->targets[i].expr->typmod;
    }
    return all;
}

static void check_width(struct scope *s, const struct query *q, int n, int location)
{
    if (q->ntargets != n)
        tr_fail(s->tr, SQLSTATE_SYNTAX_ERROR, location,
                q->ntargets < n ? "subquery has too few columns" : "subquery has too many columns");
}

/* SQLite takes no window function into a subquery. */
static void refuse_windows(struct scope *s, struct expr *const *left, int n)
{
    for (int i = 0; i < n; i++)
        if (expr_find(left[i], EXPR_WINDOW, NULL) != NULL)
            tr_unsupported(s->tr, left[i]->location,
                           "a window function compared with a query's rows");
}

/* x op ANY/ALL (SELECT ...) for any operator: found, else unknown where a comparison was NULL. */
static struct expr *quantified(struct scope *s, const SubLink *link, const char *name,
                               struct expr **left, int n, const struct query *q)
{
    bool all = link->subLinkType == ALL_SUBLINK;
    const char *alias = tr_alias(s->tr);
    refuse_windows(s, left, n);
    struct expr **right = outputs(q, alias);
    struct expr *test = n > 1 ? expr_row_compare(s, name, left, right, n, link->location)
                              : expr_operator(s, name, left[0], right[0], link->location);
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

/* (a, b) op (SELECT x, y): of at most one row; of none, the comparison is unknown. */
static struct expr *row_query(struct scope *s, const SubLink *link)
{
    const char *name = strVal(llast(link->operName)), *alias = tr_alias(s->tr);
    int n;
    struct expr **left = test_exprs(s, link->testexpr, &n);
    struct query *q = subquery(s, link->subselect, false);
    check_width(s, q, n, link->location);
    refuse_windows(s, left, n);
    struct expr *test = expr_row_compare(s, name, left, outputs(q, alias), n, link->location);
    const char *sql =
        emit_format("(SELECT pgf_single(%s) FROM (%s) AS %s)", test->sql, q->sql, alias);
    struct expr *parts[2] = {test, of_query(TYPES_BOOL, "", link->location, q)};
    return expr_of(TYPES_BOOL, sql, link->location, parts, 2);
}

static struct expr *in_query(struct scope *s, const SubLink *link)
{
    const char *name = link->operName == NIL ? "=" : strVal(llast(link->operName));
    bool negated = link->subLinkType == ALL_SUBLINK;
    int n;
    struct expr **left = test_exprs(s, link->testexpr, &n);
    struct query *q = subquery(s, link->subselect, false);
    check_width(s, q, n, link->location);
    bool native = strcmp(name, negated ? "<>" : "=") == 0;
    for (int i = 0; i < n && native; i++)
        native = is_native(s, name, negated, left[i], q->targets[i].expr->type, link->location);
    if (!native)
        return quantified(s, link, name, left, n, q);
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
    struct expr *e = of_query(type, sql, link->location, q);
    e->typmod = q->targets[0].expr->typmod;
    return e;
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
    case ROWCOMPARE_SUBLINK:
        return row_query(s, link);
    case ARRAY_SUBLINK:
        return array_query(s, link);
    default:
        tr_unsupported(s->tr, link->location, "this kind of subquery");
    }
}
