/* translate_setop.c: UNION, INTERSECT, EXCEPT; VALUES. */
#include "daemon/store/emit.h"
#include "daemon/store/infer.h"
#include "daemon/store/translate_expr.h"

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
        by = order_using(s->tr, by);
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
                scope_missing_column(s, NULL, name, exprLocation(by->node));
        } else {
            tr_set(s->tr, SQLSTATE_FEATURE_NOT_SUPPORTED, exprLocation(by->node),
                   "invalid %s ORDER BY clause", what);
            err_detail(s->tr->err,
                       "Only result column names can be used, not expressions or functions.");
            err_hint(s->tr->err,
                     "Add the expression/function to every SELECT, or move the UNION into a "
                     "FROM clause.");
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
            change || as[i] != q->targets[i].expr || (compared && emit_collation(s->tr, as[i]->type)[0]);
    if (!change)
        return q->sql;
    StringInfoData out;
    initStringInfo(&out);
    const char *alias = tr_alias(s->tr);
    for (int i = 0; i < q->ntargets; i++)
        appendStringInfo(&out, "%s%s%s AS \"c%d\"", i == 0 ? "" : ", ",
                         as[i] == q->targets[i].expr ? psprintf("\"c%d\"", i + 1) : as[i]->sql,
                         compared ? emit_collation(s->tr, as[i]->type) : "", i + 1);
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

/* A value of character(n) as the arm's output. */
static struct expr *arm_column(struct expr *e, int i)
{
    if (e->type != TYPES_BPCHAR || e->typmod <= 4)
        return e;
    struct expr *column = expr_new(EXPR_PLAIN, e->type, psprintf("\"c%d\"", i + 1), e->location);
    column->typmod = e->typmod;
    return column;
}

static const char *names_text(int n)
{
    StringInfoData out;
    initStringInfo(&out);
    for (int i = 0; i < n; i++)
        appendStringInfo(&out, "%s\"c%d\"", i == 0 ? "" : ", ", i + 1);
    return n > 0 ? out.data : "NULL";
}

/* The rows of ${sql} with "rn": the first, second ... of its kind. */
static const char *numbered(struct scope *s, const char *sql, const struct query *q)
{
    StringInfoData keys;
    initStringInfo(&keys);
    for (int i = 0; i < q->ntargets; i++) {
        uint32_t type = q->targets[i].expr->type;
        type_comparable(s->tr, type, q->targets[i].expr->location);
        appendStringInfo(&keys, "%s\"c%d\"%s", i == 0 ? "PARTITION BY " : ", ", i + 1,
                         emit_collation(s->tr, type));
    }
    StringInfoData out;
    initStringInfo(&out);
    for (int i = 0; i < q->ntargets; i++)
        appendStringInfo(&out, "\"c%d\"%s AS \"c%d\", ", i + 1,
                         emit_collation(s->tr, q->targets[i].expr->type), i + 1);
    return emit_format("SELECT %srow_number() OVER (%s) AS \"rn\" FROM (%s)", out.data, keys.data,
                       sql);
}

/* Values that are equal but look different, 1.5 and 1.50: the first one stands for all. */
static bool any_collated(const struct tr *tr, const struct query *q)
{
    for (int i = 0; i < q->ntargets; i++)
        if (emit_collation(tr, q->targets[i].expr->type)[0])
            return true;
    return false;
}

static const char *equal_rows(struct scope *s, const SelectStmt *stmt, const char *left,
                              const char *right, const struct query *q)
{
    const char *names = names_text(q->ntargets);
    if (stmt->op == SETOP_UNION)
        return emit_format("SELECT %s FROM (%s) WHERE \"rn\" = 1", names,
                           numbered(s, emit_format("SELECT * FROM (%s) UNION ALL SELECT * FROM (%s)",
                                                   left, right),
                                    q));
    return emit_format("SELECT * FROM (SELECT %s FROM (%s) WHERE \"rn\" = 1) %s SELECT * FROM (%s)",
                       names, numbered(s, left, q), operation_name(stmt), right);
}

static struct query *combine(struct scope *s, SelectStmt *stmt)
{
    const char *what = operation_name(stmt);
    struct query *left = arm(s, stmt->larg), *right = arm(s, stmt->rarg);
    if (left->ntargets != right->ntargets)
        tr_fail(s->tr, SQLSTATE_SYNTAX_ERROR,
                right->ntargets > 0 ? expr_leftmost(right->targets[0].expr) : -1,
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
        if (compared && type == TYPES_BPCHAR && (both[0]->typmod != both[1]->typmod ||
                                     both[0]->type != both[1]->type)) /* whose blanks would count */
            tr_unsupported(s->tr, both[1]->location, "%s of character types of several lengths",
                           what);
        struct expr *as[2] = {arm_output(s, left, i, type, what),
                              arm_output(s, right, i, type, what)};
        if (type == TYPES_BPCHAR && as[0]->typmod != as[1]->typmod) {
            as[0] = infer_padded(arm_column(as[0], i));
            as[1] = infer_padded(arm_column(as[1], i));
        }
        las[i] = as[0];
        ras[i] = as[1];
        q->targets[i].name = left->targets[i].name;
        q->targets[i].expr =
            expr_new(EXPR_PLAIN, type, psprintf("\"c%d\"", i + 1), both[0]->location);
        if (both[0]->type == both[1]->type && both[0]->typmod == both[1]->typmod)
            q->targets[i].expr->typmod = both[0]->typmod;
    }
    bool counted = stmt->all && stmt->op != SETOP_UNION;
    const char *ltext = arm_text(s, left, las, compared, !counted);
    const char *rtext = arm_text(s, right, ras, compared, false);
    if (counted) /* the second 1 is another row than the first */
        q->sql = emit_format("SELECT %s FROM (SELECT * FROM (%s) %s SELECT * FROM (%s))",
                             names_text(n), numbered(s, ltext, q), what, numbered(s, rtext, q));
    else if (!stmt->all && any_collated(s->tr, q))
        q->sql = equal_rows(s, stmt, ltext, rtext, q);
    else
        q->sql = emit_format("%s %s%s %s", ltext, what, stmt->all ? " ALL" : "", rtext);
    q->compound = true;
    q->arms = list_concat(left->arms != NIL ? list_copy(left->arms) : list_make1(left),
                          right->arms != NIL ? right->arms : list_make1(right));
    return q;
}

/* Errors know the columns of all arms, which cannot be named. */
static void hide_arms(struct scope *s, const struct query *q)
{
    for (int i = 0; i < list_length(q->arms); i++) {
        struct source *item = source_query(list_nth(q->arms, i), "");
        item->name = psprintf("*SELECT* %d", i + 1);
        item->show_name = item->show_columns = false;
        scope_add(s, item);
    }
}

struct query *setop_query(struct scope *s, SelectStmt *stmt, const char *with)
{
    s->certain_below = s->certain;
    struct query *q = combine(s, stmt);
    s->certain_below = false;
    if (stmt->lockingClause != NIL)
        tr_fail(s->tr, SQLSTATE_FEATURE_NOT_SUPPORTED, -1,
                "FOR UPDATE is not allowed with UNION/INTERSECT/EXCEPT");
    if (stmt->sortClause != NIL)
        hide_arms(s, q);
    const char *order =
        order_outputs(s, stmt->sortClause, q->targets, q->ntargets, "UNION/INTERSECT/EXCEPT");
    const char *limit = limit_clause(s, stmt);
    q->chain = with[0] == '\0' && order[0] == '\0' && limit[0] == '\0';
    if (!q->chain)
        q->arms = NIL;
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
            all[r * n + i] = column[r] = to;
        }
        int32_t typmod = expr_common_typmod(column, rows, type);
        expr_pad(column, rows, type);
        for (int r = 0; r < rows; r++)
            all[r * n + i] = column[r];
        q->targets[i].name = psprintf("column%d", i + 1);
        q->targets[i].expr =
            expr_new(EXPR_PLAIN, type, psprintf("\"c%d\"", i + 1), column[0]->location);
        q->targets[i].expr->typmod = typmod;
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
