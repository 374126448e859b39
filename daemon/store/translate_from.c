/* translate_from.c: the FROM clause: tables, subqueries, joins, LATERAL; see translate_tree.h.
 *
 * Each item gets an alias of ours, so names never depend on SQLite's rules.  While a FROM list is
 * read, its items are `lateral_only`; a join puts an item of its own behind those of its sides,
 * which shows the columns, while its sides keep showing their names.
 *
 * LATERAL: SQLite has none.  A subquery or function that refers to its siblings packs its rows into
 * one value, which a table-valued function unpacks (rows.h). */
#include "daemon/store/emit.h"
#include "daemon/store/translate_expr.h"
#include "daemon/store/rows.h"
#include "daemon/store/translate_capture.h"
#include "daemon/store/translate_sequence.h"
#include "daemon/store/translate_steps.h"
#include "daemon/store/viewdef_tree.h"

#include "lib/stringinfo.h"

struct from {
    const char *sql;
    struct source *shown; /* whose columns the item has */
    bool join;            /* must be put in parentheses on the right of a join */
    bool full;            /* a FULL JOIN inside: also in a list */
    bool one_row;         /* a subquery of at most one row */
    List *siblings;       /* struct expr: columns of this level that LATERAL items use */
};

static struct from from_item(struct scope *s, Node *node);

struct source *source_query(const struct query *q, const char *alias)
{
    struct source *item = palloc0(sizeof(*item));
    item->alias = alias;
    item->show_name = item->show_columns = true;
    item->columns = palloc0(sizeof(item->columns[0]) * (size_t)(q->ntargets + 1));
    for (int i = 0; i < q->ntargets; i++) {
        const struct expr *e = q->targets[i].expr;
        if (q->targets[i].junk)
            continue;
        struct column *c = &item->columns[item->ncolumns++];
        c->name = q->targets[i].name;
        c->type = e->type;
        c->typmod = e->typmod;
        c->domain = e->domain;
        c->row = row_outside(e->row);
        c->work = q->targets[i].work;
        if (e->kind == EXPR_COLUMN) {
            c->table_oid = e->column->table_oid;
            c->attnum = e->column->attnum;
        }
        c->sql = emit_format("%s.\"c%d\"", alias, item->ncolumns);
        c->origin = item;
    }
    return item;
}

/* -- is there a row? -- */

/* Does the statement name ${arg} where it may mean a whole row? */
static bool names_row(Node *node, void *arg)
{
    if (node == NULL)
        return false;
    if (IsA(node, ResTarget) && ((ResTarget *)node)->val != NULL &&
        IsA(((ResTarget *)node)->val, ColumnRef) &&
        IsA(llast(((ColumnRef *)((ResTarget *)node)->val)->fields), A_Star))
        return false;
    if (IsA(node, ColumnRef)) {
        List *fields = ((ColumnRef *)node)->fields;
        return IsA(linitial(fields), String) && strcmp(strVal(linitial(fields)), arg) == 0 &&
               (list_length(fields) == 1 || IsA(llast(fields), A_Star));
    }
    return raw_expression_tree_walker(node, names_row, arg);
}

/* The query or name ${sql} in parentheses, with something that is not NULL where ${item} has a row,
 * if anybody may want to know that. */
static const char *with_presence(struct scope *s, struct source *item, const char *sql)
{
    if (!s->nullable_side || s->tr->views > 0 || item->name == NULL ||
        !names_row(s->tr->stmt, (void *)(uintptr_t)item->name))
        return sql;
    item->present = emit_format("%s.\"here\"", item->alias);
    return emit_format("(SELECT *, 1 AS \"here\" FROM %s)", sql);
}

/* -- tables and CTEs -- */

static struct from from_cte(struct scope *s, const struct cte *cte, RangeVar *rv)
{
    tr_work(s->tr, cte->work);
    if (cte->no_rows)
        tr_fail(s->tr, SQLSTATE_FEATURE_NOT_SUPPORTED, rv->location,
                "WITH query \"%s\" does not have a RETURNING clause", cte->name);
    struct source *item = palloc0(sizeof(*item));
    item->name = rv->relname;
    item->alias = tr_alias(s->tr);
    item->show_name = item->show_columns = true;
    item->cte = true;
    item->ncolumns = cte->ncolumns;
    item->columns = palloc0(sizeof(item->columns[0]) * (size_t)(cte->ncolumns + 1));
    for (int i = 0; i < cte->ncolumns; i++) {
        item->columns[i] = cte->columns[i];
        item->columns[i].sql = emit_format("%s.%s", item->alias, cte->columns[i].sql);
        item->columns[i].origin = item;
    }
    source_rename(s->tr, item, rv->alias);
    scope_add(s, item);
    s->self_reference = s->self_reference || cte->self_reference;
    const char *sql = with_presence(s, item, cte->alias);
    return (struct from){.sql = emit_format("%s AS %s", sql, item->alias), .shown = item};
}

static struct from from_table(struct scope *s, RangeVar *rv)
{
    const struct cte *cte = rv->schemaname == NULL ? scope_cte(s, rv->relname) : NULL;
    if (cte != NULL)
        return from_cte(s, cte, rv);
    const struct store_table *t = scope_table(s->tr, rv, false);
    struct source *item = source_table(s->tr, t, t->name, false);
    const char *sql = translate_is_view(t) ? translate_view(s->tr, t, item)
                      : t->kind == 'S'     ? sequence_rows(t, item)
                                           : steps_table(s->tr, t);
    source_rename(s->tr, item, rv->alias);
    capture_table(s->tr, rv, t); /* its alias is nobody's: schema.name still means this */
    scope_add(s, item);
    if (translate_is_view(t))
        sql = with_presence(s, item, sql);
    return (struct from){.sql = emit_format("%s AS %s", sql, item->alias), .shown = item};
}

/* -- subqueries -- */

/* Does ${q} use columns of this very level? */
static bool uses_siblings(const struct query *q, const struct scope *s)
{
    ListCell *cell;
    foreach (cell, q->outer)
        if (((const struct expr *)lfirst(cell))->scope == s)
            return true;
    return false;
}

/* The rows of ${q} for the row of its siblings at hand: packed by a correlated subquery, and read
 * again as a table. */
static struct from from_lateral(struct scope *s, const struct query *q, const struct source *item,
                                int location)
{
    if (q->ntargets > ROWS_COLUMNS_MAX)
        tr_unsupported(s->tr, location, "LATERAL with more than %d columns", ROWS_COLUMNS_MAX);
    const char *rows = emit_format("SELECT pgf_rows(%s) FROM (%s) AS %s", emit_pack(q->ntargets),
                                   q->sql, tr_alias(s->tr));
    return (struct from){.sql = emit_format("store_rows((%s)) AS %s", rows, item->alias)};
}

static struct from from_subselect(struct scope *s, RangeSubselect *r)
{
    int before = s->tr->volatile_calls;
    if (r->alias == NULL)
        tr_fail(s->tr, SQLSTATE_SYNTAX_ERROR, exprLocation(r->subquery),
                "subquery in FROM must have an alias");
    bool lateral = s->lateral_active;
    s->lateral_active = r->lateral;
    struct query *q = select_query(s->tr, s, (SelectStmt *)r->subquery, false);
    s->lateral_active = lateral;
    struct source *item = source_query(q, tr_alias(s->tr));
    source_rename(s->tr, item, r->alias);
    scope_add(s, item);
    if (uses_siblings(q, s)) {
        struct from f = from_lateral(s, q, item, exprLocation(r->subquery));
        item->present = emit_format("%s.\"n\"", item->alias);
        f.shown = item;
        f.siblings = q->outer;
        return f;
    }
    bool changes = s->tr->volatile_calls != before;
    const char *sql = changes ? query_once(s->tr, q->sql) : q->sql;
    sql = with_presence(s, item, emit_format("(%s)", sql));
    return (struct from){.sql = emit_format("%s AS %s", sql, item->alias),
                         .shown = item,
                         .one_row = q->single_row || q->at_most_one};
}

static struct from from_function(struct scope *s, RangeFunction *r)
{
    struct from f = {.sql = NULL};
    f.shown = sets_item(s, r, &f.sql, &f.siblings);
    f.shown->present = emit_format("%s.\"n\"", f.shown->alias);
    scope_add(s, f.shown);
    return f;
}

/* -- joins -- */

/* Both sides' columns for USING: their conditions, and the merged columns. */
struct merge {
    struct column *columns;
    bool *left_used, *right_used;
    int n;
    const char *condition;
};

static int using_find(struct scope *s, const struct source *side, const char *name,
                      const char *which)
{
    int found = -1;
    for (int i = 0; i < side->ncolumns; i++) {
        if (strcmp(side->columns[i].name, name) != 0)
            continue;
        if (found >= 0)
            tr_fail(s->tr, SQLSTATE_AMBIGUOUS_COLUMN, -1,
                    "common column name \"%s\" appears more than once in %s table", name, which);
        found = i;
    }
    if (found < 0)
        tr_fail(s->tr, SQLSTATE_UNDEFINED_COLUMN, -1,
                "column \"%s\" specified in USING clause does not exist in %s table", name, which);
    return found;
}

static struct column merged_column(struct scope *s, JoinType type, struct expr *left,
                                   struct expr *right)
{
    struct expr *both[2] = {left, right};
    uint32_t common = expr_common_type(s->tr, both, 2, "JOIN/USING");
    struct column c = *(type == JOIN_RIGHT ? right : left)->column;
    for (int i = 0; i < 2; i++)
        both[i] = infer_coerce(s->tr, both[i], common, INFER_IMPLICIT);
    bool same = left->type == right->type && left->typmod == right->typmod;
    bool itself = c.type == common && (same || c.typmod < 0); /* the side's column as it is */
    if (type == JOIN_FULL || !itself) {
        c.table_oid = 0;
        c.attnum = 0;
        c.type = common;
        c.typmod = same ? c.typmod : -1;
        c.origin = NULL;
    }
    if (type == JOIN_FULL)
        c.sql = emit_format("coalesce(%s, %s)", both[0]->sql, both[1]->sql);
    else if (!same)
        c.sql = both[type == JOIN_RIGHT ? 1 : 0]->sql;
    return c;
}

static struct merge merge_using(struct scope *s, JoinExpr *j, struct source *left,
                                struct source *right)
{
    struct merge m = {.condition = NULL};
    List *names = j->usingClause;
    if (j->isNatural) {
        names = NIL;
        for (int i = 0; i < left->ncolumns; i++)
            for (int k = 0; k < right->ncolumns; k++)
                if (strcmp(left->columns[i].name, right->columns[k].name) == 0) {
                    names = lappend(names, makeString(pstrdup(left->columns[i].name)));
                    break;
                }
    }
    m.columns = palloc0(sizeof(m.columns[0]) * (size_t)(list_length(names) + 1));
    m.left_used = palloc0((size_t)left->ncolumns + 1);
    m.right_used = palloc0((size_t)right->ncolumns + 1);
    capture_natural(s->tr, j, names);
    for (m.n = 0; m.n < list_length(names); m.n++) {
        const char *name = strVal(list_nth(names, m.n));
        int l = using_find(s, left, name, "left"), r = using_find(s, right, name, "right");
        struct expr *le = scope_column(s, left, l, -1), *re = scope_column(s, right, r, -1);
        capture_use(s->tr, le);
        capture_use(s->tr, re);
        m.columns[m.n] = merged_column(s, j->jointype, le, re);
        const char *test = expr_operator(s, "=", le, re, -1)->sql;
        m.condition = m.condition == NULL ? test : emit_format("%s AND %s", m.condition, test);
        m.left_used[l] = m.right_used[r] = true;
    }
    return m;
}

static struct source *join_source(const struct merge *m, const struct source *left,
                                  const struct source *right)
{
    struct source *item = palloc0(sizeof(*item));
    size_t most = (size_t)(left->ncolumns + right->ncolumns + 1);
    item->columns = palloc0(sizeof(item->columns[0]) * most);
    for (int i = 0; i < m->n; i++)
        item->columns[item->ncolumns++] = m->columns[i];
    for (int i = 0; i < left->ncolumns; i++)
        if (m->left_used == NULL || !m->left_used[i])
            item->columns[item->ncolumns++] = left->columns[i];
    for (int i = 0; i < right->ncolumns; i++)
        if (m->right_used == NULL || !m->right_used[i])
            item->columns[item->ncolumns++] = right->columns[i];
    item->show_columns = true;
    return item;
}

/* ON sees just the items of this join, as an ordinary clause does. */
static struct expr *join_condition(struct scope *s, Node *quals, int first)
{
    bool *shown = palloc0(sizeof(bool) * (size_t)(2 * first + 1));
    for (int i = 0; i < first; i++) {
        shown[2 * i] = s->sources[i]->show_name;
        shown[2 * i + 1] = s->sources[i]->show_columns;
        s->sources[i]->show_name = s->sources[i]->show_columns = false;
    }
    for (int i = first; i < s->nsources; i++)
        s->sources[i]->lateral_only = false;
    s->clause = "JOIN conditions";
    s->windows_refused = true;
    struct expr *e = expr_condition(s, quals, "JOIN/ON");
    s->clause = NULL;
    s->windows_refused = false;
    for (int i = first; i < s->nsources; i++)
        s->sources[i]->lateral_only = true;
    for (int i = 0; i < first; i++) {
        s->sources[i]->show_name = shown[2 * i];
        s->sources[i]->show_columns = shown[2 * i + 1];
    }
    return e;
}

static bool among(const struct scope *s, int first, int end, const struct column *c)
{
    for (int i = first; i < end; i++)
        if (c >= s->sources[i]->columns && c < s->sources[i]->columns + s->sources[i]->ncolumns)
            return true;
    return false;
}

/* Which sides of the join ${e} speaks of: 1 left, 2 right. */
static int sides_of(const struct scope *s, const struct expr *e, int first, int middle)
{
    int sides = 0;
    if (e->kind == EXPR_COLUMN && e->scope == s)
        sides = among(s, first, middle, e->column) ? 1 : 2;
    for (int i = 0; i < e->nargs; i++)
        sides |= sides_of(s, e->args[i], first, middle);
    return sides;
}

/* PostgreSQL makes a FULL JOIN by merging or hashing only: some term must be an equality of the
 * sides, unless all are constant. */
static void check_full(const struct scope *s, Node *quals, const struct expr *on, int first,
                       int middle, bool *ret_fits, bool *ret_other)
{
    if (IsA(quals, BoolExpr) && ((BoolExpr *)quals)->boolop == AND_EXPR) {
        for (int i = 0; i < on->nargs; i++)
            check_full(s, list_nth(((BoolExpr *)quals)->args, i), on->args[i], first, middle,
                       ret_fits, ret_other);
        return;
    }
    if (on->kind == EXPR_CONST)
        return;
    bool equal = IsA(quals, A_Expr) && ((A_Expr *)quals)->kind == AEXPR_OP &&
                 strcmp(strVal(llast(((A_Expr *)quals)->name)), "=") == 0 && on->nargs == 2;
    int left = equal ? sides_of(s, on->args[0], first, middle) : 0,
        right = equal ? sides_of(s, on->args[1], first, middle) : 0;
    if ((left == 1 && right == 2) || (left == 2 && right == 1))
        *ret_fits = true;
    else
        *ret_other = true;
}

/* What stands in parentheses cannot look outside in SQLite. */
static void check_siblings(const struct scope *s, const struct from *f, int first)
{
    ListCell *cell;
    foreach (cell, f->join ? f->siblings : NIL) {
        const struct expr *e = lfirst(cell);
        if (e->scope == s && !among(s, first, s->nsources, e->column))
            tr_unsupported(s->tr, e->location, "LATERAL inside a join in parentheses");
    }
}

static const char *in_parentheses(const struct from *f)
{
    return f->join ? emit_format("(%s)", f->sql) : f->sql;
}

static const char *join_text(const JoinExpr *j, const struct from *left, const struct from *right,
                             const char *condition, const struct expr *on)
{
    if (on != NULL)
        condition = on->sql;
    if (j->jointype == JOIN_INNER)
        return condition == NULL
                   ? emit_format("%s JOIN %s", left->sql, in_parentheses(right))
                   : emit_format("%s JOIN %s ON %s", left->sql, in_parentheses(right), condition);
    condition = condition == NULL ? "1" : condition;
    if (j->jointype == JOIN_FULL)
        return emit_format("%s FULL JOIN %s ON %s", left->sql, in_parentheses(right), condition);
    if (j->jointype == JOIN_RIGHT)
        return emit_format("%s LEFT JOIN %s ON %s", right->sql, in_parentheses(left), condition);
    return emit_format("%s LEFT JOIN %s ON %s", left->sql, in_parentheses(right), condition);
}

static void join_hide_sides(struct scope *s, int first, bool names)
{
    for (int i = first; i < s->nsources; i++) {
        s->sources[i]->show_columns = false;
        if (names)
            s->sources[i]->show_name = false;
    }
}

static void join_unique_names(struct scope *s, int first, int middle)
{
    for (int i = first; i < middle; i++)
        for (int k = middle; k < s->nsources; k++) {
            const struct source *a = s->sources[i], *b = s->sources[k];
            if (a->show_name && b->show_name && a->name && b->name &&
                strcmp(a->name, b->name) == 0 &&
                (a->aliased || b->aliased || a->table == NULL || a->table == b->table))
                tr_fail(s->tr, "42712", -1, "table name \"%s\" specified more than once", a->name);
        }
}

/* USING (a) AS j: j has the merged columns, and shows them by its name alone. */
static struct source *using_source(const struct merge *m, const Alias *alias)
{
    struct source *item = palloc0(sizeof(*item));
    item->name = alias->aliasname;
    item->aliased = true;
    item->columns = m->columns;
    item->ncolumns = m->n;
    item->show_name = true;
    item->lateral_only = item->lateral_ok = true;
    return item;
}

static struct from from_side(struct scope *s, Node *node, bool nullable)
{
    bool before = s->nullable_side;
    s->nullable_side = before || nullable;
    struct from f = from_item(s, node);
    s->nullable_side = before;
    return f;
}

static struct from from_join(struct scope *s, JoinExpr *j)
{
    int first = s->nsources;
    struct from left = from_side(s, j->larg, j->jointype == JOIN_RIGHT || j->jointype == JOIN_FULL);
    int middle = s->nsources;
    for (int i = first; i < middle; i++)
        s->sources[i]->lateral_ok = j->jointype == JOIN_INNER || j->jointype == JOIN_LEFT;
    struct from right =
        from_side(s, j->rarg, j->jointype == JOIN_LEFT || j->jointype == JOIN_FULL);
    check_siblings(s, j->jointype == JOIN_RIGHT ? &left : &right,
                   j->jointype == JOIN_RIGHT ? first : middle);
    for (int i = first; i < middle; i++)
        s->sources[i]->lateral_ok = true;
    join_unique_names(s, first, middle);
    struct merge m = {.condition = NULL};
    struct expr *on = NULL;
    if (j->isNatural || j->usingClause != NIL)
        m = merge_using(s, j, left.shown, right.shown);
    else if (j->quals != NULL)
        on = join_condition(s, j->quals, first);
    if (on != NULL && j->jointype == JOIN_FULL) {
        bool fits = false, other = false;
        check_full(s, j->quals, on, first, middle, &fits, &other);
        if (other && !fits)
            tr_fail(s->tr, SQLSTATE_FEATURE_NOT_SUPPORTED, -1,
                    "FULL JOIN is only supported with merge-joinable or hash-joinable join "
                    "conditions");
    }
    for (int i = first; i < s->nsources; i++) {
        bool left_side = i < middle;
        s->sources[i]->nullable = s->sources[i]->nullable || j->jointype == JOIN_FULL ||
                                  (left_side ? j->jointype == JOIN_RIGHT
                                             : j->jointype == JOIN_LEFT);
    }
    struct from f = {.join = true, .shown = join_source(&m, left.shown, right.shown)};
    f.sql = join_text(j, &left, &right, m.condition, on);
    f.siblings = list_concat(list_copy(left.siblings), right.siblings);
    f.full = left.full || right.full || j->jointype == JOIN_FULL;
    join_hide_sides(s, first, j->alias != NULL);
    if (j->join_using_alias != NULL)
        scope_add(s, using_source(&m, j->join_using_alias));
    if (j->alias != NULL) {
        source_rename(s->tr, f.shown, j->alias);
        f.shown->show_name = true;
    }
    scope_add(s, f.shown);
    f.shown->lateral_only = true;
    f.shown->lateral_ok = true;
    return f;
}

static struct from from_item(struct scope *s, Node *node)
{
    struct from f = {.sql = NULL};
    tr_enter(s->tr, -1);
    switch (nodeTag(node)) {
    case T_RangeVar:
        f = from_table(s, (RangeVar *)node);
        break;
    case T_RangeSubselect:
        f = from_subselect(s, (RangeSubselect *)node);
        break;
    case T_RangeFunction:
        f = from_function(s, (RangeFunction *)node);
        break;
    case T_JoinExpr:
        f = from_join(s, (JoinExpr *)node);
        break;
    case T_RangeTableSample:
        tr_unsupported(s->tr, -1, "TABLESAMPLE");
    default:
        tr_unsupported(s->tr, -1, "this FROM item");
    }
    viewdef_note(s->tr, node, f.shown);
    f.shown->lateral_only = true;
    f.shown->lateral_ok = true;
    tr_leave(s->tr);
    return f;
}

const char *from_list(struct scope *s, List *items)
{
    StringInfoData out;
    initStringInfo(&out);
    int before = s->nsources;
    for (int i = 0; i < list_length(items); i++) {
        int first = s->nsources;
        struct from f = from_item(s, list_nth(items, i));
        join_unique_names(s, 0, first);
        s->one_row = list_length(items) == 1 && f.one_row;
        appendStringInfo(&out, "%s%s", out.len > 0 ? ", " : "",
                         f.full && i > 0 ? in_parentheses(&f) : f.sql);
    }
    for (int i = before; i < s->nsources; i++)
        s->sources[i]->lateral_only = false;
    return out.data;
}
