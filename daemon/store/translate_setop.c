/* translate_setop.c: UNION, INTERSECT, EXCEPT; VALUES; WITH. */
#include "daemon/store/emit.h"
#include "daemon/store/infer.h"

#include "lib/stringinfo.h"

/* -- ORDER BY where only outputs may be named -- */

const char *order_outputs(struct scope *s, List *sort, struct target *targets, int ntargets,
                          const char *what)
{
    StringInfoData out;
    initStringInfo(&out);
    ListCell *cell;
    foreach (cell, sort) {
        SortBy *by = lfirst(cell);
        int found = -1;
        if (by->sortby_dir == SORTBY_USING)
            tr_unsupported(s->tr, by->location, "ORDER BY ... USING");
        if (IsA(by->node, A_Const) && IsA(&((A_Const *)by->node)->val.node, Integer)) {
            found = ((A_Const *)by->node)->val.ival.ival - 1;
            if (found < 0 || found >= ntargets)
                tr_fail(s->tr, "42P10", exprLocation(by->node),
                        "ORDER BY position %d is not in select list", found + 1);
        } else if (IsA(by->node, ColumnRef) && list_length(((ColumnRef *)by->node)->fields) == 1) {
            const char *name = strVal(linitial(((ColumnRef *)by->node)->fields));
            for (int i = 0; i < ntargets; i++) {
                if (strcmp(targets[i].name, name) != 0)
                    continue;
                if (found >= 0)
                    tr_fail(s->tr, SQLSTATE_AMBIGUOUS_COLUMN, exprLocation(by->node),
                            "ORDER BY \"%s\" is ambiguous", name);
                found = i;
            }
            if (found < 0)
                tr_fail(s->tr, SQLSTATE_UNDEFINED_COLUMN, exprLocation(by->node),
                        "column \"%s\" does not exist", name);
        } else {
            tr_set(s->tr, SQLSTATE_FEATURE_NOT_SUPPORTED, exprLocation(by->node),
                   "invalid %s ORDER BY clause", what);
            err_detail(s->tr->err,
                       "Only result column names can be used, not expressions or functions.");
            err_hint(s->tr->err,
                     "Add the expression/function to every SELECT, or move the %s into a "
                     "FROM clause.",
                     what);
            tr_throw(s->tr);
        }
        type_sortable(s->tr, targets[found].expr->type, exprLocation(by->node));
        appendStringInfo(
            &out, "%s%s", out.len == 0 ? " ORDER BY " : ", ",
            order_item(s->tr, by, targets[found].expr->type, psprintf("%d", found + 1)));
    }
    return out.data;
}

/* -- set operations -- */

static struct query *arm(struct scope *s, SelectStmt *stmt)
{
    if (stmt->lockingClause != NIL)
        tr_fail(s->tr, SQLSTATE_FEATURE_NOT_SUPPORTED, -1,
                "FOR UPDATE is not allowed with UNION/INTERSECT/EXCEPT");
    return select_query(s->tr, s, stmt, true);
}

static const char *operation_name(const SelectStmt *stmt)
{
    return stmt->op == SETOP_UNION ? "UNION" : stmt->op == SETOP_INTERSECT ? "INTERSECT" : "EXCEPT";
}

/* An arm's text with its outputs as the common types.  A conversion needs a query around it. */
static const char *arm_text(struct scope *s, const struct query *q, const struct expr *const *as,
                            bool compared, bool left)
{
    bool change =
        q->compound && !(left && q->chain); /* SQLite's operations associate to the left */
    for (int i = 0; i < q->ntargets; i++)
        change =
            change || as[i] != q->targets[i].expr || (compared && emit_collation(as[i]->type)[0]);
    if (!change)
        return q->sql;
    StringInfoData out;
    initStringInfo(&out);
    const char *alias = tr_alias(s->tr);
    for (int i = 0; i < q->ntargets; i++)
        appendStringInfo(&out, "%s%s%s AS \"c%d\"", i == 0 ? "" : ", ",
                         as[i] == q->targets[i].expr ? psprintf("\"c%d\"", i + 1) : as[i]->sql,
                         compared ? emit_collation(as[i]->type) : "", i + 1);
    return emit_format("SELECT %s FROM (%s) AS %s", out.data, q->sql, alias);
}

/* Output ${i} of an arm as ${type}: open ones are settled inside, others are converted from
 * outside. */
static struct expr *arm_output(struct scope *s, struct query *q, int i, uint32_t type,
                               const char *what)
{
    struct expr *e = q->targets[i].expr;
    if (e->type == type)
        return e;
    if (e->type == TYPES_UNKNOWN) {
        struct expr *to = infer_coerce(s->tr, e, type, INFER_IMPLICIT);
        return to;
    }
    struct expr *column = expr_new(EXPR_PLAIN, e->type, psprintf("\"c%d\"", i + 1), e->location);
    struct expr *to = infer_coerce(s->tr, column, type, INFER_IMPLICIT);
    if (to == NULL)
        tr_fail(s->tr, "42846", e->location, "%s could not convert type %s to %s", what,
                infer_type_name(s->tr, e->type), infer_type_name(s->tr, type));
    return to;
}

static struct query *combine(struct scope *s, SelectStmt *stmt)
{
    const char *what = operation_name(stmt);
    struct query *left = arm(s, stmt->larg), *right = arm(s, stmt->rarg);
    if (left->ntargets != right->ntargets)
        tr_fail(s->tr, SQLSTATE_SYNTAX_ERROR,
                right->ntargets > 0 ? right->targets[0].expr->location : -1,
                "each %s query must have the same number of columns", what);
    int n = left->ntargets;
    bool compared = !stmt->all;
    const struct expr **las = palloc0(sizeof(las[0]) * (size_t)(n + 1));
    const struct expr **ras = palloc0(sizeof(ras[0]) * (size_t)(n + 1));
    struct query *q = palloc0(sizeof(*q));
    q->targets = palloc0(sizeof(q->targets[0]) * (size_t)(n + 1));
    q->ntargets = n;
    for (int i = 0; i < n; i++) {
        struct expr *both[2] = {left->targets[i].expr, right->targets[i].expr};
        uint32_t type = expr_common_type(s->tr, both, 2, what);
        if (compared)
            type_comparable(s->tr, type, both[0]->location);
        las[i] = arm_output(s, left, i, type, what);
        ras[i] = arm_output(s, right, i, type, what);
        q->targets[i].name = left->targets[i].name;
        q->targets[i].expr =
            expr_new(EXPR_PLAIN, type, psprintf("\"c%d\"", i + 1), both[0]->location);
        if (both[0]->type == both[1]->type && both[0]->typmod == both[1]->typmod)
            q->targets[i].expr->typmod = both[0]->typmod;
    }
    if (stmt->all && stmt->op != SETOP_UNION)
        tr_unsupported(s->tr, -1, "%s ALL", what);
    const char *ltext = arm_text(s, left, las, compared, true);
    const char *rtext = arm_text(s, right, ras, compared, false);
    q->sql = emit_format("%s %s%s %s", ltext, what, stmt->all ? " ALL" : "", rtext);
    q->compound = true;
    return q;
}

struct query *setop_query(struct scope *s, SelectStmt *stmt, const char *with)
{
    struct query *q = combine(s, stmt);
    const char *order =
        order_outputs(s, stmt->sortClause, q->targets, q->ntargets, "UNION/INTERSECT/EXCEPT");
    const char *limit = limit_clause(s, stmt);
    q->chain = with[0] == '\0' && order[0] == '\0' && limit[0] == '\0';
    q->sql = emit_format("%s%s%s%s", with, q->sql, order, limit);
    return q;
}

/* -- VALUES -- */

static void values_row(struct scope *s, List *row, struct expr **ret, int n)
{
    if (list_length(row) != n)
        tr_fail(s->tr, SQLSTATE_SYNTAX_ERROR, exprLocation((Node *)row),
                "VALUES lists must all be the same length");
    for (int i = 0; i < n; i++)
        ret[i] = expr_make(s, list_nth(row, i));
}

/* The rows as arms of a UNION ALL. */
static const char *values_arms(struct expr **all, int rows, int n)
{
    StringInfoData out;
    initStringInfo(&out);
    for (int i = 0; i < rows * n; i++)
        appendStringInfo(&out, "%s%s AS \"c%d\"",
                         i == 0       ? "SELECT "
                         : i % n == 0 ? " UNION ALL SELECT "
                                      : ", ",
                         all[i]->sql, i % n + 1);
    return out.data;
}

struct query *values_query(struct scope *s, SelectStmt *stmt, const char *with, bool keep_unknown)
{
    int rows = list_length(stmt->valuesLists), n = list_length(linitial(stmt->valuesLists));
    struct expr **all = palloc0(sizeof(all[0]) * (size_t)(rows * n + 1));
    struct expr **column = palloc0(sizeof(all[0]) * (size_t)(rows + 1));
    struct query *q = palloc0(sizeof(*q));
    q->targets = palloc0(sizeof(q->targets[0]) * (size_t)(n + 1));
    q->ntargets = n;
    s->clause = "VALUES";
    for (int r = 0; r < rows; r++)
        values_row(s, list_nth(stmt->valuesLists, r), all + r * n, n);
    s->clause = NULL;
    StringInfoData out, names;
    initStringInfo(&out);
    initStringInfo(&names);
    for (int i = 0; i < n; i++) {
        for (int r = 0; r < rows; r++)
            column[r] = all[r * n + i];
        uint32_t type = expr_common_type(s->tr, column, rows, "VALUES");
        for (int r = 0; r < rows; r++) {
            struct expr *to = infer_coerce(s->tr, column[r], type, INFER_IMPLICIT);
            if (to == NULL)
                tr_fail(s->tr, "42846", column[r]->location,
                        "VALUES could not convert type %s to %s",
                        infer_type_name(s->tr, column[r]->type), infer_type_name(s->tr, type));
            all[r * n + i] = to;
        }
        q->targets[i].name = psprintf("column%d", i + 1);
        q->targets[i].expr =
            expr_new(EXPR_PLAIN, type, psprintf("\"c%d\"", i + 1), column[0]->location);
        appendStringInfo(&names, "%scolumn%d AS \"c%d\"", i == 0 ? "" : ", ", i + 1, i + 1);
    }
    (void)keep_unknown;
    for (int r = 0; r < rows; r++)
        appendStringInfo(&out, "%s(%s)", r == 0 ? "" : ", ", emit_list(all + r * n, n));
    const char *order = order_outputs(s, stmt->sortClause, q->targets, n, "VALUES");
    const char *limit = limit_clause(s, stmt);
    /* SQLite names the columns only of rows that it can copy */
    q->sql = s->outer == NIL
                 ? emit_format("%sSELECT %s FROM (VALUES %s)%s%s", with, names.data, out.data,
                               order, limit)
                 : emit_format("%sSELECT * FROM (%s)%s%s", with, values_arms(all, rows, n), order,
                               limit);
    q->compound = with[0] != '\0' || order[0] != '\0' || limit[0] != '\0';
    return q;
}

/* -- WITH -- */

static struct cte *cte_columns(struct scope *s, const CommonTableExpr *from, const char *alias,
                               const struct query *q)
{
    struct cte *cte = palloc0(sizeof(*cte));
    int n = list_length(from->aliascolnames);
    cte->name = from->ctename;
    cte->alias = alias;
    cte->ncolumns = q->ntargets;
    cte->columns = palloc0(sizeof(cte->columns[0]) * (size_t)(q->ntargets + 1));
    if (n > q->ntargets)
        tr_fail(s->tr, "42P10", from->location,
                "WITH query \"%s\" has %d columns available but %d columns specified",
                from->ctename, q->ntargets, n);
    struct source *shape = source_query(q, alias);
    for (int i = 0; i < q->ntargets; i++) {
        cte->columns[i] = shape->columns[i];
        cte->columns[i].sql = psprintf("\"c%d\"", i + 1);
        if (i < n)
            cte->columns[i].name = strVal(list_nth(from->aliascolnames, i));
    }
    return cte;
}

static const char *cte_text(const struct cte *cte, const char *sql)
{
    StringInfoData out;
    initStringInfo(&out);
    appendStringInfo(&out, "%s(", cte->alias);
    for (int i = 0; i < cte->ncolumns; i++)
        appendStringInfo(&out, "%s\"c%d\"", i == 0 ? "" : ", ", i + 1);
    appendStringInfo(&out, ") AS (%s)", sql);
    return out.data;
}

/* Does ${node} name the table ${name}, anywhere? */
static bool mentions(Node *node, void *name)
{
    if (node == NULL)
        return false;
    if (IsA(node, RangeVar))
        return ((RangeVar *)node)->schemaname == NULL &&
               strcmp(((RangeVar *)node)->relname, (const char *)name) == 0;
    return raw_expression_tree_walker(node, mentions, name);
}

/* WITH RECURSIVE x AS (a UNION [ALL] b): the types come from a, b sees x. */
static const char *recursive_cte(struct scope *s, CommonTableExpr *from)
{
    SelectStmt *stmt = (SelectStmt *)from->ctequery;
    const char *alias = tr_alias(s->tr);
    if (stmt->op != SETOP_UNION || stmt->larg == NULL || stmt->withClause != NULL ||
        stmt->sortClause != NIL || stmt->limitCount != NULL || stmt->limitOffset != NULL)
        tr_unsupported(s->tr, from->location, "this form of a recursive query");
    if (mentions((Node *)stmt->larg, (void *)from->ctename))
        tr_unsupported(s->tr, from->location, "a recursive query whose first arm refers to itself");
    struct query *first = select_query(s->tr, s, stmt->larg, false);
    struct cte *cte = cte_columns(s, from, alias, first);
    for (int i = 0; i < cte->ncolumns; i++) {
        cte->columns[i].table_oid = 0;
        cte->columns[i].attnum = 0;
    }
    s->ctes = lcons(cte, s->ctes);
    struct query *again = select_query(s->tr, s, stmt->rarg, true);
    if (again->ntargets != first->ntargets)
        tr_fail(s->tr, SQLSTATE_SYNTAX_ERROR, -1,
                "each UNION query must have the same number of columns");
    if (again->compound)
        tr_unsupported(s->tr, from->location, "this form of a recursive query");
    for (int i = 0; i < first->ntargets; i++) {
        struct expr *e = again->targets[i].expr;
        uint32_t type = first->targets[i].expr->type;
        struct expr *both[2] = {first->targets[i].expr, e};
        if (!stmt->all && emit_collation(type)[0])
            tr_unsupported(s->tr, from->location, "UNION of numeric in a recursive query");
        if (e->type == type)
            continue;
        uint32_t common = expr_common_type(s->tr, both, 2, "UNION");
        if (common != type)
            tr_fail(s->tr, SQLSTATE_DATATYPE_MISMATCH, both[0]->location,
                    "recursive query \"%s\" column %d has type %s in non-recursive term but type "
                    "%s overall",
                    from->ctename, i + 1, infer_type_name(s->tr, type),
                    infer_type_name(s->tr, common));
        if (e->type != TYPES_UNKNOWN || infer_coerce(s->tr, e, type, INFER_IMPLICIT)->sql != e->sql)
            tr_unsupported(s->tr, from->location, "a conversion in the recursive term");
    }
    const char *head = first->compound
                           ? emit_format("SELECT * FROM (%s) AS %s", first->sql, tr_alias(s->tr))
                           : first->sql;
    return cte_text(cte, emit_format("%s UNION%s %s", head, stmt->all ? " ALL" : "", again->sql));
}

const char *query_once(struct tr *tr, const char *sql)
{
    const char *alias = tr_alias(tr);
    return emit_format("WITH %s AS MATERIALIZED (%s) SELECT * FROM %s", alias, sql, alias);
}

static const char *plain_cte(struct scope *s, CommonTableExpr *from)
{
    int before = s->tr->volatile_calls;
    struct query *q = select_query(s->tr, s, (SelectStmt *)from->ctequery, false);
    const char *alias = tr_alias(s->tr);
    struct cte *cte = cte_columns(s, from, alias, q);
    s->ctes = lcons(cte, s->ctes);
    return cte_text(cte, s->tr->volatile_calls != before ? query_once(s->tr, q->sql) : q->sql);
}

const char *with_clause(struct scope *s, WithClause *with)
{
    if (with == NULL)
        return "";
    StringInfoData out;
    initStringInfo(&out);
    ListCell *cell;
    foreach (cell, with->ctes) {
        CommonTableExpr *from = lfirst(cell);
        if (!IsA(from->ctequery, SelectStmt))
            tr_unsupported(s->tr, from->location, "INSERT, UPDATE or DELETE in WITH");
        if (from->search_clause != NULL || from->cycle_clause != NULL)
            tr_unsupported(s->tr, from->location, "SEARCH and CYCLE");
        for (int i = 0; i < list_length(with->ctes); i++) {
            CommonTableExpr *other = list_nth(with->ctes, i);
            if (other == from)
                break;
            if (strcmp(other->ctename, from->ctename) == 0)
                tr_fail(s->tr, "42712", from->location,
                        "WITH query name \"%s\" specified more than once", from->ctename);
        }
        for (int i = list_length(with->ctes) - 1; with->recursive && i >= 0; i--) {
            CommonTableExpr *later = list_nth(with->ctes, i);
            if (later == from)
                break;
            if (mentions(from->ctequery, later->ctename))
                tr_unsupported(s->tr, from->location, "a WITH query that refers to a later one");
        }
        bool recursive = with->recursive && mentions(from->ctequery, from->ctename);
        appendStringInfo(&out, "%s%s",
                         out.len == 0 ? (with->recursive ? "WITH RECURSIVE " : "WITH ") : ", ",
                         recursive ? recursive_cte(s, from) : plain_cte(s, from));
    }
    appendStringInfoChar(&out, ' ');
    return out.data;
}
