/* translate_from.c: the FROM clause: tables, subqueries, joins, LATERAL; see translate_tree.h.
 *
 * Each item gets an alias of ours, so names never depend on SQLite's rules.  While a FROM list is
 * read, its items are `lateral_only`; a join puts an item of its own behind those of its sides,
 * which shows the columns, while its sides keep showing their names.
 *
 * LATERAL: SQLite has none.  A subquery that refers to its siblings is accepted when it makes
 * exactly one row (an aggregate without GROUP BY), or stands in LEFT JOIN ... ON true: it then
 * leaves the FROM list, and each of its columns becomes a correlated scalar subquery.  Should it
 * have several rows, the statement fails when it runs. */
#include "daemon/store/emit.h"
#include "daemon/store/infer.h"

#include "lib/stringinfo.h"

struct from {
    const char *sql;      /* NULL: an item that became scalar subqueries */
    struct source *shown; /* whose columns the item has */
    bool join;            /* must be put in parentheses on the right of a join */
    bool full;            /* a FULL JOIN inside: also in a list */
    bool one_row;         /* a subquery of at most one row */
    bool at_most_one;     /* sql == NULL: maybe no row (LIMIT 1), legal only under LEFT JOIN */
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
        if (e->kind == EXPR_COLUMN) {
            c->table_oid = e->column->table_oid;
            c->attnum = e->column->attnum;
        }
        c->sql = emit_format("%s.\"c%d\"", alias, item->ncolumns);
        c->origin = item;
    }
    return item;
}

/* -- tables and CTEs -- */

static struct from from_cte(struct scope *s, const struct cte *cte, RangeVar *rv)
{
    struct source *item = palloc0(sizeof(*item));
    item->name = rv->relname;
    item->alias = tr_alias(s->tr);
    item->show_name = item->show_columns = true;
    item->ncolumns = cte->ncolumns;
    item->columns = palloc0(sizeof(item->columns[0]) * (size_t)(cte->ncolumns + 1));
    for (int i = 0; i < cte->ncolumns; i++) {
        item->columns[i] = cte->columns[i];
        item->columns[i].sql = emit_format("%s.%s", item->alias, cte->columns[i].sql);
        item->columns[i].origin = item;
    }
    source_rename(s->tr, item, rv->alias);
    scope_add(s, item);
    return (struct from){.sql = emit_format("%s AS %s", cte->alias, item->alias), .shown = item};
}

static struct from from_table(struct scope *s, RangeVar *rv)
{
    const struct cte *cte = rv->schemaname == NULL ? scope_cte(s, rv->relname) : NULL;
    if (cte != NULL)
        return from_cte(s, cte, rv);
    const struct store_table *t = scope_table(s->tr, rv, false);
    struct source *item = source_table(s->tr, t, t->name, false);
    source_rename(s->tr, item, rv->alias);
    scope_add(s, item);
    return (struct from){.sql =
                             emit_format("%s AS %s", emit_identifier(t->sqlite_name), item->alias),
                         .shown = item};
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

static struct from from_scalars(const struct query *q, struct source *item)
{
    bool sure = q->single_row || q->at_most_one;
    for (int i = 0; i < item->ncolumns; i++)
        item->columns[i].sql =
            emit_format("(SELECT %s%s.\"c%d\"%s FROM (%s) AS %s)", sure ? "" : "pgf_lateral(",
                        item->alias, i + 1, sure ? "" : ")", q->sql, item->alias);
    return (struct from){.shown = item, .at_most_one = !q->single_row};
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
    bool changes = s->tr->volatile_calls != before;
    if (uses_siblings(q, s) && changes)
        tr_unsupported(s->tr, exprLocation(r->subquery), "LATERAL with a volatile function");
    if (uses_siblings(q, s))
        return from_scalars(q, item);
    const char *sql = changes ? query_once(s->tr, q->sql) : q->sql;
    return (struct from){.sql = emit_format("(%s) AS %s", sql, item->alias),
                         .shown = item,
                         .one_row = q->single_row || q->at_most_one};
}

/* -- functions: one call that gives one value or the rows of an array or series -- */

static struct from from_function(struct scope *s, RangeFunction *r)
{
    List *first = linitial(r->functions);
    Node *call = linitial(first);
    if (r->lateral || r->ordinality || r->is_rowsfrom || list_length(r->functions) != 1 ||
        r->coldeflist != NIL || lsecond(first) != NULL)
        tr_unsupported(s->tr, exprLocation((Node *)r), "this use of functions in FROM");
    bool lateral = s->lateral_active;
    s->lateral_active = true;
    int before = s->tr->volatile_calls;
    struct query *q = select_function(s, call);
    s->lateral_active = lateral;
    if (uses_siblings(q, s))
        tr_unsupported(s->tr, exprLocation(call), "a function in FROM that refers to other items");
    struct source *item = source_query(q, tr_alias(s->tr));
    item->name = q->targets[0].name;
    source_rename(s->tr, item, r->alias);
    if (r->alias != NULL && r->alias->colnames == NIL)
        item->columns[0].name = r->alias->aliasname;
    scope_add(s, item);
    const char *sql = s->tr->volatile_calls != before ? query_once(s->tr, q->sql) : q->sql;
    return (struct from){.sql = emit_format("(%s) AS %s", sql, item->alias), .shown = item};
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
    if (type == JOIN_FULL || !same) {
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
    for (m.n = 0; m.n < list_length(names); m.n++) {
        const char *name = strVal(list_nth(names, m.n));
        int l = using_find(s, left, name, "left"), r = using_find(s, right, name, "right");
        struct expr *le = scope_column(s, left, l, -1), *re = scope_column(s, right, r, -1);
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
    struct source **all = s->sources;
    int n = s->nsources, cap = s->cap_sources;
    s->sources = all + first;
    s->nsources = s->cap_sources = n - first;
    for (int i = 0; i < s->nsources; i++)
        s->sources[i]->lateral_only = false;
    s->clause = "JOIN conditions";
    struct expr *e = expr_condition(s, quals, "JOIN/ON");
    s->clause = NULL;
    for (int i = 0; i < s->nsources; i++)
        s->sources[i]->lateral_only = true;
    s->sources = all;
    s->nsources = n;
    s->cap_sources = cap;
    return e;
}

static const char *in_parentheses(const struct from *f)
{
    return f->join ? emit_format("(%s)", f->sql) : f->sql;
}

static const char *join_text(struct scope *s, JoinExpr *j, const struct from *left,
                             const struct from *right, const char *condition, struct expr *on)
{
    if (right->sql == NULL || left->sql == NULL) {
        bool always = on == NULL || (on->kind == EXPR_CONST && on->value && on->value[0] == 't');
        bool fits =
            left->sql != NULL && always && condition == NULL &&
            (j->jointype == JOIN_LEFT || (j->jointype == JOIN_INNER && !right->at_most_one));
        if (!fits)
            tr_unsupported(s->tr, -1, "this join with LATERAL");
        return left->sql;
    }
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

static struct from from_join(struct scope *s, JoinExpr *j)
{
    int first = s->nsources;
    struct from left = from_item(s, j->larg);
    int middle = s->nsources;
    for (int i = first; i < middle; i++)
        s->sources[i]->lateral_ok = j->jointype == JOIN_INNER || j->jointype == JOIN_LEFT;
    struct from right = from_item(s, j->rarg);
    for (int i = first; i < middle; i++)
        s->sources[i]->lateral_ok = true;
    join_unique_names(s, first, middle);
    if (j->join_using_alias != NULL)
        tr_unsupported(s->tr, -1, "an alias for JOIN ... USING");
    struct merge m = {.condition = NULL};
    struct expr *on = NULL;
    if (j->isNatural || j->usingClause != NIL)
        m = merge_using(s, j, left.shown, right.shown);
    else if (j->quals != NULL)
        on = join_condition(s, j->quals, first);
    struct from f = {.join = true, .shown = join_source(&m, left.shown, right.shown)};
    f.sql = join_text(s, j, &left, &right, m.condition, on);
    f.full = left.full || right.full || j->jointype == JOIN_FULL;
    join_hide_sides(s, first, j->alias != NULL);
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
        join_unique_names(s, before, first);
        s->one_row = list_length(items) == 1 && f.one_row;
        if (f.sql == NULL && f.at_most_one)
            tr_unsupported(s->tr, -1, "LATERAL with a subquery that may have no row");
        if (f.sql == NULL)
            continue;
        appendStringInfo(&out, "%s%s", out.len > 0 ? ", " : "",
                         f.full && i > 0 ? in_parentheses(&f) : f.sql);
    }
    for (int i = before; i < s->nsources; i++)
        s->sources[i]->lateral_only = false;
    return out.data;
}
