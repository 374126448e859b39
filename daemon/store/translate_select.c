/* translate_select.c: one SELECT, clause by clause in PostgreSQL's order; see translate_tree.h. */
#include "daemon/store/emit.h"
#include "daemon/store/infer.h"
#include "daemon/store/viewdef_tree.h"

#include "lib/stringinfo.h"

struct order_key {
    const SortBy *by;
    struct expr *expr;
    int position; /* of an output that is the same expression, from 1; 0: none */
};

/* A SELECT while it is put together. */
struct select {
    struct scope *scope;
    SelectStmt *stmt;
    struct target *targets;
    int ntargets;
    struct expr **groups;
    int ngroups;
    struct order_key *keys;
    int nkeys;
    struct expr **distinct_on;
    int ndistinct_on;
    struct expr *having;
    bool grouped;
};

/* -- ORDER BY and GROUP BY items: a position, an output's name, or an expression -- */

static const char *bare_name(Node *node)
{
    if (!IsA(node, ColumnRef) || list_length(((ColumnRef *)node)->fields) != 1)
        return NULL;
    Node *field = linitial(((ColumnRef *)node)->fields);
    return IsA(field, String) ? strVal(field) : NULL;
}

static int output_named(struct tr *tr, const struct target *targets, int n, const char *name,
                        const char *clause, int location)
{
    int found = -1;
    for (int i = 0; i < n; i++) {
        if (strcmp(targets[i].name, name) != 0)
            continue;
        if (found >= 0 && strcmp(targets[found].expr->sql, targets[i].expr->sql) != 0)
            tr_fail(tr, SQLSTATE_AMBIGUOUS_COLUMN, location, "%s \"%s\" is ambiguous", clause,
                    name);
        if (found < 0)
            found = i;
    }
    return found;
}

/* The output that ${node} means by SQL-92's rules, or -1: an expression. */
static int output_meant(struct tr *tr, const struct target *targets, int n, Node *node,
                        const char *clause)
{
    const char *name = bare_name(node);
    if (name != NULL)
        return output_named(tr, targets, n, name, clause, exprLocation(node));
    if (!IsA(node, A_Const))
        return -1;
    A_Const *c = (A_Const *)node;
    if (c->isnull || !IsA(&c->val.node, Integer))
        tr_fail(tr, SQLSTATE_SYNTAX_ERROR, c->location, "non-integer constant in %s", clause);
    int position = c->val.ival.ival;
    if (position < 1 || position > n)
        tr_fail(tr, "42P10", c->location, "%s position %d is not in select list", clause, position);
    return position - 1;
}

bool scope_names_column(const struct scope *s, const char *name)
{
    for (int i = 0; i < s->nsources; i++)
        for (int k = 0; s->sources[i]->show_columns && k < s->sources[i]->ncolumns; k++)
            if (strcmp(s->sources[i]->columns[k].name, name) == 0)
                return true;
    return false;
}

static int same_output(const struct select *q, const struct expr *e)
{
    for (int i = 0; i < q->ntargets; i++)
        if (strcmp(q->targets[i].expr->sql, e->sql) == 0)
            return i + 1;
    return 0;
}

SortBy *order_using(struct tr *tr, SortBy *by)
{
    if (by->sortby_dir != SORTBY_USING)
        return by;
    const char *name = strVal(llast(by->useOp));
    bool less = strcmp(name, "<") == 0;
    if (!less && strcmp(name, ">") != 0) {
        tr_set(tr, "42809", by->location, "operator %s is not a valid ordering operator", name);
        err_hint(tr->err, "Ordering operators must be \"<\" or \">\" members of btree operator "
                          "families.");
        tr_throw(tr);
    }
    SortBy *plain = palloc0(sizeof(*plain));
    *plain = *by;
    plain->sortby_dir = less ? SORTBY_ASC : SORTBY_DESC;
    return plain;
}

static void order_keys(struct select *q)
{
    struct tr *tr = q->scope->tr;
    q->keys = palloc0(sizeof(q->keys[0]) * (size_t)(list_length(q->stmt->sortClause) + 1));
    ListCell *cell;
    foreach (cell, q->stmt->sortClause) {
        SortBy *by = lfirst(cell);
        struct order_key *key = &q->keys[q->nkeys++];
        by = order_using(tr, by);
        int output = output_meant(tr, q->targets, q->ntargets, by->node, "ORDER BY");
        key->by = by;
        if (output >= 0) {
            q->targets[output].expr = infer_settle(tr, q->targets[output].expr);
            key->position = output + 1;
            key->expr = q->targets[output].expr;
        } else {
            key->expr = infer_settle(tr, expr_make(q->scope, by->node));
            key->position = same_output(q, key->expr);
        }
        type_sortable(tr, key->expr->type, exprLocation(by->node));
    }
}

static void group_keys(struct select *q)
{
    struct tr *tr = q->scope->tr;
    q->groups = palloc0(sizeof(q->groups[0]) * (size_t)(list_length(q->stmt->groupClause) + 1));
    ListCell *cell;
    foreach (cell, q->stmt->groupClause) {
        Node *node = lfirst(cell);
        const char *name = bare_name(node);
        if (IsA(node, GroupingSet))
            tr_unsupported(tr, exprLocation(node), "GROUPING SETS, ROLLUP and CUBE");
        q->scope->clause = "GROUP BY";
        q->scope->windows_refused = true;
        int output = name != NULL && scope_names_column(q->scope, name)
                         ? -1
                         : output_meant(tr, q->targets, q->ntargets, node, "GROUP BY");
        struct expr *e = output >= 0 ? q->targets[output].expr : expr_make(q->scope, node);
        e = infer_settle(tr, e);
        if (output >= 0)
            q->targets[output].expr = e;
        q->scope->clause = NULL;
        q->scope->windows_refused = false;
        const struct expr *bad = expr_find(e, EXPR_AGGREGATE, q->scope);
        if (bad != NULL)
            tr_fail(tr, SQLSTATE_GROUPING_ERROR, bad->location,
                    "aggregate functions are not allowed in GROUP BY");
        bad = expr_find(e, EXPR_WINDOW, q->scope);
        if (bad != NULL)
            tr_fail(tr, "42P20", bad->location, "window functions are not allowed in GROUP BY");
        type_groupable(tr, e->type, exprLocation(node));
        q->groups[q->ngroups++] = e;
    }
}

static void check_groups(struct select *q)
{
    if (!q->grouped)
        return;
    for (int i = 0; i < q->ntargets; i++)
        group_check(q->scope, q->targets[i].expr, q->groups, q->ngroups);
    if (q->having != NULL)
        group_check(q->scope, q->having, q->groups, q->ngroups);
    for (int i = 0; i < q->nkeys; i++)
        group_check(q->scope, q->keys[i].expr, q->groups, q->ngroups);
}

/* -- DISTINCT -- */

static void distinct_keys(struct select *q)
{
    struct tr *tr = q->scope->tr;
    List *clause = q->stmt->distinctClause;
    if (clause == NIL)
        return;
    if (linitial(clause) == NULL) {
        for (int i = 0; i < q->ntargets; i++)
            type_comparable(tr, q->targets[i].expr->type, q->targets[i].expr->location);
        for (int i = 0; i < q->nkeys; i++)
            if (q->keys[i].position == 0)
                tr_fail(tr, "42P10", exprLocation(q->keys[i].by->node),
                        "for SELECT DISTINCT, ORDER BY expressions must appear in select list");
        return;
    }
    q->distinct_on = palloc0(sizeof(q->distinct_on[0]) * (size_t)list_length(clause));
    ListCell *cell;
    foreach (cell, clause) {
        Node *node = lfirst(cell);
        int output = output_meant(tr, q->targets, q->ntargets, node, "DISTINCT ON");
        struct expr *e =
            output >= 0 ? q->targets[output].expr : infer_settle(tr, expr_make(q->scope, node));
        type_groupable(tr, e->type, exprLocation(node));
        q->distinct_on[q->ndistinct_on++] = e;
    }
    /* PostgreSQL wants the sort to start with these, in any order */
    for (int k = 0; k < q->nkeys && k < q->ndistinct_on; k++) {
        bool found = false;
        for (int i = 0; i < q->ndistinct_on; i++)
            found = found || strcmp(q->distinct_on[i]->sql, q->keys[k].expr->sql) == 0;
        if (!found)
            tr_fail(tr, "42P10", exprLocation(linitial(clause)),
                    "SELECT DISTINCT ON expressions must match initial ORDER BY expressions");
    }
}

/* -- text -- */

const char *order_item(struct tr *tr, const SortBy *by, uint32_t type, const char *sql)
{
    const char *collation = infer_is_enum(tr, type) ? emit_format(" COLLATE \"enum %u\"", type)
                                                    : emit_collation(tr, type);
    bool descending = by->sortby_dir == SORTBY_DESC;
    bool nulls_first = by->sortby_nulls == SORTBY_NULLS_FIRST ||
                       (by->sortby_nulls == SORTBY_NULLS_DEFAULT && descending);
    if (type == TYPES_INTERVAL) { /* by what they are as a length, computed again */
        if (strspn(sql, "0123456789") == strlen(sql) || tr->volatile_calls > 0)
            tr_unsupported(tr, exprLocation(by->node), "sorting an output of type interval");
        sql = emit_format("pgf_interval_order(%s)", sql);
    }
    return emit_format("%s%s %s NULLS %s", sql, collation, descending ? "DESC" : "ASC",
                       nulls_first ? "FIRST" : "LAST");
}

/* Orders and groups nothing, and SQLite would take a number for a position. */
static bool is_constant(const struct expr *e)
{
    return e->kind == EXPR_CONST || strspn(e->sql, "()+- 0123456789") == strlen(e->sql);
}

static const char *order_text(const struct select *q, bool positions_only)
{
    StringInfoData out;
    initStringInfo(&out);
    for (int i = 0; i < q->nkeys; i++) {
        const struct order_key *k = &q->keys[i];
        if (is_constant(k->expr))
            continue;
        bool number = k->position > 0 && (positions_only || k->expr->type != TYPES_INTERVAL);
        const char *sql = number ? psprintf("%d", k->position) : k->expr->sql;
        if (!number && positions_only)
            continue;
        appendStringInfo(&out, "%s%s", out.len == 0 ? " ORDER BY " : ", ",
                         order_item(q->scope->tr, k->by, k->expr->type, sql));
    }
    return out.data;
}

static const char *group_text(const struct select *q)
{
    StringInfoData out;
    initStringInfo(&out);
    for (int i = 0; i < q->ngroups; i++) {
        const struct expr *e = q->groups[i];
        if (is_constant(e))
            continue;
        appendStringInfo(&out, "%s%s", out.len == 0 ? " GROUP BY " : ", ",
                         emit_group_key(q->scope->tr, e));
    }
    if (out.len == 0 && q->ngroups > 0)
        appendStringInfoString(&out, " GROUP BY NULL");
    return out.data;
}

static const char *outputs_text(const struct select *q, bool compared)
{
    StringInfoData out;
    initStringInfo(&out);
    for (int i = 0; i < q->ntargets; i++)
        appendStringInfo(&out, "%s%s AS \"c%d\"", i == 0 ? "" : ", ",
                         target_text(q->scope->tr, &q->targets[i], compared), i + 1);
    if (q->ntargets == 0)
        appendStringInfoString(&out, "NULL");
    return out.data;
}

/* DISTINCT ON: number the rows of each key in the order asked for, and keep the first. */
static const char *distinct_on_text(struct select *q, const char *body)
{
    StringInfoData inner, order, outer;
    initStringInfo(&inner);
    initStringInfo(&order);
    initStringInfo(&outer);
    const char *alias = tr_alias(q->scope->tr);
    for (int i = 0; i < q->ndistinct_on; i++)
        appendStringInfo(&inner, "%s%s", i == 0 ? "PARTITION BY " : ", ",
                         emit_group_key(q->scope->tr, q->distinct_on[i]));
    for (int i = 0; i < q->nkeys; i++) {
        const struct order_key *k = &q->keys[i];
        appendStringInfo(&order, ", %s AS \"k%d\"", k->expr->sql, i + 1);
        appendStringInfo(&inner, "%s%s", i == 0 ? " ORDER BY " : ", ",
                         order_item(q->scope->tr, k->by, k->expr->type, k->expr->sql));
        appendStringInfo(
            &outer, "%s%s", i == 0 ? " ORDER BY " : ", ",
            order_item(q->scope->tr, k->by, k->expr->type, psprintf("%s.\"k%d\"", alias, i + 1)));
    }
    StringInfoData names;
    initStringInfo(&names);
    for (int i = 0; i < q->ntargets; i++)
        appendStringInfo(&names, "%s%s.\"c%d\" AS \"c%d\"", i == 0 ? "" : ", ", alias, i + 1,
                         i + 1);
    return emit_format(
        "SELECT %s FROM (SELECT %s%s, row_number() OVER (%s) AS \"rn\"%s) AS %s WHERE "
        "%s.\"rn\" = 1%s",
        names.data, outputs_text(q, false), order.data, inner.data, body, alias, alias, outer.data);
}

/* SQLite aggregates only what has an aggregate among its outputs: put one there, and take it away
 * again. */
static const char *hidden_aggregate_text(struct select *q, const char *body)
{
    StringInfoData names;
    initStringInfo(&names);
    const char *alias = tr_alias(q->scope->tr);
    for (int i = 0; i < q->ntargets; i++)
        appendStringInfo(&names, "%s%s.\"c%d\" AS \"c%d\"", i == 0 ? "" : ", ", alias, i + 1,
                         i + 1);
    return emit_format(
        "SELECT %s FROM (SELECT %s, count(*) AS \"n\", %s AS \"h\"%s) AS %s WHERE %s.\"h\"",
        q->ntargets > 0 ? names.data : "NULL", outputs_text(q, false),
        q->having != NULL ? q->having->sql : "1", body, alias, alias);
}

static bool hides_aggregate(const struct select *q)
{
    for (int i = 0; i < q->ntargets; i++)
        if (expr_find(q->targets[i].expr, EXPR_AGGREGATE, q->scope) != NULL)
            return false;
    return q->grouped && q->ngroups == 0;
}

/* -- LIMIT -- */

static const char *limit_value(struct scope *s, Node *node, const char *what, const char *function)
{
    s->clause = what;
    s->windows_refused = true;
    struct expr *e = expr_make(s, node);
    struct expr *to = infer_coerce(s->tr, e, TYPES_INT8, INFER_ASSIGNMENT);
    s->clause = NULL;
    s->windows_refused = false;
    if (to == NULL)
        tr_fail(s->tr, SQLSTATE_DATATYPE_MISMATCH, exprLocation(node),
                "argument of %s must be type bigint, not type %s", what,
                infer_type_name(s->tr, e->type));
    if (expr_find(to, EXPR_COLUMN, s) != NULL)
        tr_fail(s->tr, "42P10", exprLocation(node), "argument of %s must not contain variables",
                what);
    if (to->kind == EXPR_CONST && to->value != NULL && to->sql[0] >= '0' && to->sql[0] <= '9')
        return to->sql;
    return emit_format("%s(%s)", function, to->sql);
}

/* libpg_query was built when LimitOption was ordered DEFAULT, COUNT, WITH_TIES; the headers of
 * PostgreSQL 15.20 are not, so the name of the constant would be wrong. */
static bool is_with_ties(const SelectStmt *stmt)
{
    enum { LIBRARY_WITH_TIES = 2 };
    return (int)stmt->limitOption == LIBRARY_WITH_TIES;
}

static void limit_values(struct scope *s, SelectStmt *stmt, const char **ret_limit,
                         const char **ret_offset)
{
    struct scope *none = scope_new(s->tr, s->parent);
    none->ctes = s->ctes;
    none->sources = s->sources;
    none->nsources = s->nsources;
    *ret_limit = *ret_offset = NULL;
    if (stmt->limitOffset != NULL)
        *ret_offset = limit_value(none, stmt->limitOffset, "OFFSET", "pgf_offset");
    if (stmt->limitCount != NULL)
        *ret_limit = limit_value(none, stmt->limitCount, "LIMIT", "pgf_limit");
    s->outer = list_concat(s->outer, none->outer);
}

const char *limit_clause(struct scope *s, SelectStmt *stmt)
{
    const char *limit, *offset;
    if (is_with_ties(stmt))
        tr_unsupported(s->tr, -1, "FETCH FIRST ... WITH TIES here");
    limit_values(s, stmt, &limit, &offset);
    if (limit == NULL && offset == NULL)
        return "";
    return emit_format(" LIMIT %s%s%s", limit ? limit : "-1", offset ? " OFFSET " : "",
                       offset ? offset : "");
}

/* FETCH FIRST n ROWS WITH TIES: all that rank among the first n. */
static const char *with_ties_text(struct select *q, const char *body)
{
    StringInfoData order, names, keys, outer;
    const char *limit, *offset, *alias = tr_alias(q->scope->tr);
    initStringInfo(&order);
    initStringInfo(&names);
    initStringInfo(&keys);
    initStringInfo(&outer);
    limit_values(q->scope, q->stmt, &limit, &offset);
    if (q->stmt->distinctClause != NIL || q->scope->sets != NIL ||
        (limit[0] == 'p' && IsA(q->stmt->limitCount, A_Const)))
        tr_unsupported(q->scope->tr, -1, "FETCH FIRST ... WITH TIES here");
    for (int i = 0; i < q->nkeys; i++) {
        const struct order_key *k = &q->keys[i];
        appendStringInfo(&keys, ", %s AS \"k%d\"", k->expr->sql, i + 1);
        appendStringInfo(&order, "%s%s", i == 0 ? "ORDER BY " : ", ",
                         order_item(q->scope->tr, k->by, k->expr->type, k->expr->sql));
        appendStringInfo(
            &outer, "%s%s", i == 0 ? " ORDER BY " : ", ",
            order_item(q->scope->tr, k->by, k->expr->type, psprintf("%s.\"k%d\"", alias, i + 1)));
    }
    for (int i = 0; i < q->ntargets; i++)
        appendStringInfo(&names, "%s%s.\"c%d\" AS \"c%d\"", i == 0 ? "" : ", ", alias, i + 1,
                         i + 1);
    return emit_format("SELECT %s FROM (SELECT %s%s, rank() OVER (%s) AS \"rk\", row_number() OVER "
                       "(%s) AS \"rn\"%s) AS %s WHERE %s.\"rn\" > %s AND %s > 0 AND %s.\"rk\" <= "
                       "%s + %s%s",
                       q->ntargets > 0 ? names.data : "NULL", outputs_text(q, false), keys.data,
                       order.data, order.data, body, alias, alias, offset ? offset : "0", limit,
                       alias, limit, offset ? offset : "0", outer.data);
}

/* -- locking: the store has one writer, so a lock on rows is the write lock -- */

/* FOR UPDATE OF x */
static void locked_relation(struct scope *s, const RangeVar *rv, const char *what)
{
    for (int i = 0; i < s->nsources; i++) {
        const struct source *item = s->sources[i];
        if (item->name == NULL || strcmp(item->name, rv->relname) != 0)
            continue;
        if (item->cte)
            tr_fail(s->tr, SQLSTATE_FEATURE_NOT_SUPPORTED, rv->location,
                    "%s cannot be applied to a WITH query", what);
        return;
    }
    tr_fail(s->tr, SQLSTATE_UNDEFINED_TABLE, rv->location,
            "relation \"%s\" in %s clause not found in FROM clause", rv->relname, what);
}

static void check_locking(struct select *q)
{
    static const char *const strengths[] = {
        [LCS_NONE] = "FOR UPDATE",      [LCS_FORKEYSHARE] = "FOR KEY SHARE",
        [LCS_FORSHARE] = "FOR SHARE",   [LCS_FORNOKEYUPDATE] = "FOR NO KEY UPDATE",
        [LCS_FORUPDATE] = "FOR UPDATE",
    };
    struct tr *tr = q->scope->tr;
    if (q->stmt->lockingClause == NIL)
        return;
    ListCell *cell;
    foreach (cell, q->stmt->lockingClause) {
        const LockingClause *each = lfirst(cell);
        for (int i = 0; i < list_length(each->lockedRels); i++)
            locked_relation(q->scope, list_nth(each->lockedRels, i), strengths[each->strength]);
    }
    LockingClause *lock = linitial(q->stmt->lockingClause);
    const char *with = q->stmt->distinctClause   ? "DISTINCT clause"
                       : q->ngroups > 0          ? "GROUP BY clause"
                       : q->having               ? "HAVING clause"
                       : q->scope->has_aggregate ? "aggregate functions"
                       : q->scope->has_window    ? "window functions"
                                                 : NULL;
    if (with != NULL)
        tr_fail(tr, SQLSTATE_FEATURE_NOT_SUPPORTED, -1, "%s is not allowed with %s",
                strengths[lock->strength], with);
    tr->writes = true;
}

/* -- sets in the list of a query with groups or windows: rows come last -- */

static const char *split_sets(struct select *q, const char *body)
{
    struct scope *s = q->scope;
    const char *alias = tr_alias(s->tr);
    if (q->ndistinct_on > 0 || hides_aggregate(q))
        tr_unsupported(s->tr, -1, "a set-returning function in such a query");
    struct expr **all = palloc(sizeof(all[0]) * (size_t)(q->ntargets + q->nkeys + 1));
    for (int i = 0; i < q->ntargets; i++)
        all[i] = q->targets[i].expr;
    for (int i = 0; i < q->nkeys; i++)
        all[q->ntargets + i] = q->keys[i].expr;
    const char *inner = sets_inner(s, all, q->ntargets + q->nkeys, alias);
    for (int i = 0; i < q->ntargets; i++)
        q->targets[i].expr = all[i];
    for (int i = 0; i < q->nkeys; i++)
        q->keys[i].expr = all[q->ntargets + i];
    return emit_format(" FROM %s",
                       sets_joined(s, emit_format("(SELECT %s%s) AS %s", inner, body, alias)));
}

/* Sets in GROUP BY come before grouping, and so must then all. */
static bool groups_sets(const struct select *q)
{
    bool any = false;
    for (int i = 0; i < q->ngroups; i++)
        any = any || expr_find(q->groups[i], EXPR_SET, q->scope) != NULL;
    for (int i = 0; any && i < q->ntargets; i++) {
        bool grouped = expr_find(q->targets[i].expr, EXPR_SET, q->scope) == NULL;
        for (int k = 0; k < q->ngroups; k++)
            grouped = grouped || strcmp(q->groups[k]->sql, q->targets[i].expr->sql) == 0;
        if (!grouped)
            tr_unsupported(q->scope->tr, q->targets[i].expr->location,
                           "a set-returning function beside one in GROUP BY");
    }
    return any;
}

/* -- the query -- */

static bool limit_is_one(const SelectStmt *stmt)
{
    if (stmt->limitCount == NULL || !IsA(stmt->limitCount, A_Const) || stmt->limitOffset != NULL)
        return false;
    A_Const *c = (A_Const *)stmt->limitCount;
    return !c->isnull && IsA(&c->val.node, Integer) && c->val.ival.ival == 1;
}

static struct query *simple_select(struct scope *s, SelectStmt *stmt, const char *with,
                                   bool keep_unknown)
{
    struct select q = {.scope = s, .stmt = stmt};
    s->windows = stmt->windowClause;
    int volatile_before = s->tr->volatile_calls;
    const char *from = from_list(s, stmt->fromClause);
    const char *where = NULL;
    if (grouping_needed(stmt)) {
        where = where_text(s, stmt->whereClause, "WHERE");
        grouping_begin(s, stmt);
        if (s->tr->volatile_calls != volatile_before)
            tr_unsupported(s->tr, -1, "GROUPING SETS over volatile functions");
    }
    s->sets_allowed = true;
    q.targets = target_list(s, stmt->targetList, &q.ntargets);
    s->sets_allowed = false;
    if (where == NULL)
        where = where_text(s, stmt->whereClause, "WHERE");
    s->windows_refused = true;
    if (stmt->havingClause != NULL)
        q.having = expr_condition(s, stmt->havingClause, "HAVING");
    s->windows_refused = false;
    s->sets_allowed = true;
    order_keys(&q);
    if (s->grouping == NULL)
        group_keys(&q);
    else
        q.ngroups = grouping_keys(s, &q.groups);
    s->sets_allowed = false;
    if (!keep_unknown)
        targets_settle(s->tr, q.targets, q.ntargets);
    distinct_keys(&q);
    const char *limit = is_with_ties(stmt) ? "" : limit_clause(s, stmt);
    q.grouped = s->has_aggregate || q.ngroups > 0 || q.having != NULL || s->grouping != NULL;
    check_groups(&q);
    check_locking(&q);
    if (s->grouping != NULL) { /* what follows is a query on the grouped rows */
        from = grouping_from(s, emit_format("%s%s%s", from[0] ? " FROM " : "", from, where));
        where = q.having != NULL ? emit_format(" WHERE %s", q.having->sql) : "";
        q.having = NULL;
        q.grouped = false;
        q.ngroups = 0;
    }
    bool distinct = stmt->distinctClause != NIL && q.ndistinct_on == 0;
    bool hidden = hides_aggregate(&q);
    if (q.grouped && q.ngroups == 0)
        q.nkeys = 0; /* one row has no order */
    const char *having =
        q.having != NULL && !hidden ? emit_format(" HAVING %s", q.having->sql) : "";
    bool split = s->sets != NIL && (q.grouped || s->has_window) && !groups_sets(&q);
    if (!split)
        from = sets_joined(s, from);
    const char *body =
        emit_format("%s%s%s%s%s", from[0] ? " FROM " : "", from, where, group_text(&q), having);
    if (split)
        body = split_sets(&q, body);
    struct query *ret = palloc0(sizeof(*ret));
    if (hidden)
        ret->sql = emit_format("%s%s%s", with, hidden_aggregate_text(&q, body), limit);
    else if (q.ndistinct_on > 0)
        ret->sql = emit_format("%s%s%s", with, distinct_on_text(&q, body), limit);
    else if (is_with_ties(stmt))
        ret->sql = emit_format("%s%s", with, with_ties_text(&q, body));
    else
        ret->sql = emit_format("%sSELECT %s%s%s%s%s", with, distinct ? "DISTINCT " : "",
                               outputs_text(&q, distinct), body, order_text(&q, distinct), limit);
    ret->targets = q.targets;
    ret->ntargets = q.ntargets;
    ret->single_row = s->has_aggregate && s->grouping == NULL && q.ngroups == 0 &&
                      q.having == NULL && limit[0] == '\0' && s->sets == NIL;
    ret->at_most_one = limit_is_one(stmt) || ((s->one_row || from[0] == '\0') && s->sets == NIL);
    ret->compound = with[0] != '\0' || limit[0] != '\0' || q.nkeys > 0 || q.ndistinct_on > 0 ||
                    is_with_ties(stmt);
    return ret;
}

struct query *select_query(struct tr *tr, struct scope *parent, SelectStmt *stmt, bool keep_unknown)
{
    struct scope *s = scope_new(tr, parent);
    struct query *q;
    if (stmt->intoClause != NULL)
        tr_fail(tr, SQLSTATE_SYNTAX_ERROR, stmt->intoClause->rel->location,
                "SELECT ... INTO is not allowed here");
    tr_enter(tr, -1);
    viewdef_note(tr, stmt, s);
    const char *with = with_clause(s, stmt->withClause);
    if (stmt->valuesLists != NIL)
        q = values_query(s, stmt, with, keep_unknown);
    else if (stmt->op != SETOP_NONE)
        q = setop_query(s, stmt, with);
    else
        q = simple_select(s, stmt, with, keep_unknown);
    q->outer = s->outer;
    tr_leave(tr);
    return q;
}
