/* translate_grouping.c: GROUPING SETS, ROLLUP, CUBE and GROUPING(); see translate_tree.h.
 *
 * The rows are grouped by each set in a query of its own, which gives the grouping expressions
 * (NULL where the set has them not), the aggregates and the number of the set; the rest of the
 * SELECT reads the union of these.  So, while that rest is analysed, an expression that is grouped
 * by becomes a column "g"."g1" of the union, and an aggregate becomes "g"."a1".
 *
 * A plain GROUP BY is done so, too, where an aggregate is to be compared inside a subquery, as that
 * of = ANY becomes: SQLite takes it for one of the subquery's. */
#include "daemon/store/emit.h"
#include "daemon/store/infer.h"
#include "daemon/store/translate_capture.h"
#include "daemon/store/translate_expr.h"

#include "lib/stringinfo.h"

enum { SETS_MAX = 400, KEYS_MAX = 31 };

struct grouping {
    struct expr *keys[KEYS_MAX]; /* as they are in the grouped query */
    int nkeys;
    List *sets;       /* uint32_t *: bit i is keys[i] */
    List *aggregates; /* struct expr */
    bool off;         /* inside an aggregate: expressions are those of the rows */
    bool plain;       /* GROUP BY without sets */
    const char *alias;
};

/* -- expanding -- */

static bool has_grouping(Node *node, void *context)
{
    if (node == NULL || IsA(node, SubLink))
        return false;
    if (IsA(node, GroupingFunc) || IsA(node, GroupingSet))
        return true;
    return raw_expression_tree_walker(node, has_grouping, context);
}

static bool has_sets(const SelectStmt *stmt)
{
    return has_grouping((Node *)stmt->groupClause, NULL) ||
           has_grouping((Node *)stmt->targetList, NULL) || has_grouping(stmt->havingClause, NULL) ||
           has_grouping((Node *)stmt->sortClause, NULL);
}

static bool has_aggregate(Node *node, void *context)
{
    if (node == NULL || IsA(node, SubLink))
        return false;
    if (IsA(node, FuncCall) && expr_names_aggregate((FuncCall *)node))
        return true;
    return raw_expression_tree_walker(node, has_aggregate, context);
}

/* An aggregate beside ANY, ALL or a row that is compared with a query's. */
static bool compares_aggregate(Node *node, void *context)
{
    if (node == NULL)
        return false;
    if (IsA(node, SubLink)) /* the query in there is another level */
        return has_aggregate(((SubLink *)node)->testexpr, NULL);
    if (IsA(node, A_Expr)) {
        const A_Expr *a = (A_Expr *)node;
        bool array = a->kind == AEXPR_OP_ANY || a->kind == AEXPR_OP_ALL;
        bool query = IsA(a->rexpr, SubLink) && a->lexpr && IsA(a->lexpr, RowExpr);
        if ((array && !IsA(a->rexpr, A_ArrayExpr) && has_aggregate(a->rexpr, NULL)) ||
            ((array || query) && !IsA(a->rexpr, A_ArrayExpr) && has_aggregate(a->lexpr, NULL)))
            return true;
    }
    return raw_expression_tree_walker(node, compares_aggregate, context);
}

bool grouping_needed(const SelectStmt *stmt)
{
    return has_sets(stmt) || compares_aggregate((Node *)stmt->targetList, NULL) ||
           compares_aggregate(stmt->havingClause, NULL) ||
           compares_aggregate((Node *)stmt->sortClause, NULL);
}

/* What a name or number in GROUP BY stands for: an output's expression, or itself. */
static Node *meant(struct scope *s, const SelectStmt *stmt, Node *node)
{
    if (IsA(node, A_Const) && IsA(&((A_Const *)node)->val.node, Integer)) {
        int position = ((A_Const *)node)->val.ival.ival;
        if (position < 1 || position > list_length(stmt->targetList))
            tr_fail(s->tr, "42P10", exprLocation(node),
                    "GROUP BY position %d is not in select list", position);
        return ((ResTarget *)list_nth(stmt->targetList, position - 1))->val;
    }
    if (!IsA(node, ColumnRef) || list_length(((ColumnRef *)node)->fields) != 1 ||
        !IsA(linitial(((ColumnRef *)node)->fields), String))
        return node;
    const char *name = strVal(linitial(((ColumnRef *)node)->fields));
    if (scope_names_column(s, name))
        return node;
    ListCell *cell;
    foreach (cell, stmt->targetList) {
        const ResTarget *rt = lfirst(cell);
        if (rt->name != NULL && strcmp(rt->name, name) == 0)
            return rt->val;
    }
    return node;
}

static int key_find(const struct grouping *g, const struct expr *e)
{
    for (int i = 0; i < g->nkeys; i++)
        if (strcmp(g->keys[i]->sql, e->sql) == 0)
            return i;
    return -1;
}

static int add_key(struct scope *s, struct grouping *g, struct expr *e)
{
    if (g->nkeys == KEYS_MAX && g->plain)
        tr_unsupported(s->tr, e->location, "an aggregate compared so, grouped by so much");
    if (g->nkeys == KEYS_MAX)
        tr_fail(s->tr, "54023", e->location, "GROUPING must have fewer than 32 arguments");
    g->keys[g->nkeys] = e;
    return g->nkeys++;
}

/* The bits of ${node}: one, or those of a list in parentheses. */
static uint32_t bits_of(struct scope *s, struct grouping *g, const SelectStmt *stmt, Node *node)
{
    if (IsA(node, RowExpr) && ((RowExpr *)node)->row_format == COERCE_IMPLICIT_CAST) {
        uint32_t bits = 0;
        ListCell *cell;
        foreach (cell, ((RowExpr *)node)->args)
            bits |= bits_of(s, g, stmt, lfirst(cell));
        return bits;
    }
    s->clause = "GROUP BY";
    s->windows_refused = true;
    struct expr *e = infer_settle(s->tr, expr_make(s, meant(s, stmt, node)));
    s->clause = NULL;
    s->windows_refused = false;
    type_comparable(s->tr, e->type, exprLocation(node));
    int at = key_find(g, e);
    return 1u << (at >= 0 ? at : add_key(s, g, e));
}

static List *add_set(struct scope *s, List *sets, uint32_t bits)
{
    uint32_t *one = palloc(sizeof(*one));
    if (list_length(sets) == SETS_MAX)
        tr_unsupported(s->tr, -1, "more than %d grouping sets", SETS_MAX);
    *one = bits;
    return lappend(sets, one);
}

static uint32_t set_at(const List *sets, int i)
{
    return *(uint32_t *)list_nth(sets, i);
}

static List *expand(struct scope *s, struct grouping *g, const SelectStmt *stmt, Node *node)
{
    GroupingSet *set = (GroupingSet *)node;
    List *sets = NIL;
    if (!IsA(node, GroupingSet))
        return add_set(s, NIL, bits_of(s, g, stmt, node));
    int n = list_length(set->content);
    tr_enter(s->tr, set->location);
    if (set->kind == GROUPING_SET_EMPTY)
        sets = add_set(s, NIL, 0);
    for (int i = 0; i < n && set->kind == GROUPING_SET_SETS; i++) {
        List *more = expand(s, g, stmt, list_nth(set->content, i));
        for (int k = 0; k < list_length(more); k++)
            sets = add_set(s, sets, set_at(more, k));
    }
    if (set->kind == GROUPING_SET_ROLLUP || set->kind == GROUPING_SET_CUBE) {
        uint32_t *bits = palloc(sizeof(bits[0]) * (size_t)(n + 1));
        if (n > 12)
            tr_fail(s->tr, "54011", set->location, "CUBE is limited to 12 elements");
        for (int i = 0; i < n; i++)
            bits[i] = bits_of(s, g, stmt, list_nth(set->content, i));
        for (int i = set->kind == GROUPING_SET_ROLLUP ? n : (1 << n) - 1; i >= 0; i--) {
            uint32_t all = 0;
            for (int k = 0; k < n; k++)
                all |= set->kind == GROUPING_SET_ROLLUP ? (k < i ? bits[k] : 0)
                       : i & (1 << k)                   ? bits[k]
                                                        : 0;
            sets = add_set(s, sets, all);
        }
    }
    tr_leave(s->tr);
    return sets;
}

static List *without_doubles(struct scope *s, const List *sets)
{
    List *out = NIL;
    for (int i = 0; i < list_length(sets); i++) {
        bool seen = false;
        for (int k = 0; k < i; k++)
            seen = seen || set_at(sets, k) == set_at(sets, i);
        if (!seen)
            out = add_set(s, out, set_at(sets, i));
    }
    return out;
}

void grouping_begin(struct scope *s, const SelectStmt *stmt)
{
    struct grouping *g = palloc0(sizeof(*g));
    g->alias = tr_alias(s->tr);
    g->plain = !has_sets(stmt);
    g->sets = add_set(s, NIL, 0);
    ListCell *cell;
    foreach (cell, stmt->groupClause) {
        List *more = expand(s, g, stmt, lfirst(cell)), *all = NIL;
        for (int i = 0; i < list_length(g->sets); i++)
            for (int k = 0; k < list_length(more); k++)
                all = add_set(s, all, set_at(g->sets, i) | set_at(more, k));
        g->sets = all;
    }
    if (stmt->groupDistinct)
        g->sets = without_doubles(s, g->sets);
    s->grouping = g;
}

/* -- while the SELECT is analysed -- */

static struct expr *grouping_key(const struct grouping *g, int i)
{
    struct expr *e = palloc(sizeof(*e));
    *e = *g->keys[i];
    e->sql = emit_format("%s.\"g%d\"", g->alias, i + 1);
    e->args = NULL;
    e->nargs = 0;
    if (e->kind == EXPR_COLUMN) {
        struct column *c = palloc(sizeof(*c));
        *c = *e->column;
        c->sql = e->sql;
        e->column = c;
    } else {
        e->kind = EXPR_PLAIN;
    }
    return e;
}

bool grouping_has(const struct scope *s, const struct expr *e)
{
    const struct grouping *g = s->grouping;
    if (g == NULL || e->kind != EXPR_COLUMN)
        return false;
    size_t n = strlen(g->alias);
    return strncmp(e->sql, g->alias, n) == 0 && e->sql[n] == '.';
}

/* GROUP BY a primary key: its other columns are the same in all rows of a group.  All sets must have
 * the key. */
static bool is_dependent(const struct scope *s, const struct expr *e)
{
    const struct grouping *g = s->grouping;
    struct expr *everywhere[KEYS_MAX];
    uint32_t in_all = UINT32_MAX;
    int n = 0;
    ListCell *cell;
    if (e->kind != EXPR_COLUMN || e->scope != s || grouping_has(s, e))
        return false;
    foreach (cell, g->sets)
        in_all &= *(const uint32_t *)lfirst(cell);
    for (int i = 0; i < g->nkeys; i++)
        if (in_all & 1u << i)
            everywhere[n++] = g->keys[i];
    return group_depends(e->column, everywhere, n);
}

static int add_dependent(struct scope *s, struct grouping *g, struct expr *e)
{
    if (g->nkeys == KEYS_MAX)
        tr_unsupported(s->tr, e->location, "grouping by so many columns that depend on a key");
    int i = add_key(s, g, e);
    capture_key(s->tr, store_table_primary(e->column->origin->table)->constraint_oid);
    ListCell *cell;
    foreach (cell, g->sets)
        *(uint32_t *)lfirst(cell) |= 1u << i;
    return i;
}

struct expr *grouping_replace(struct scope *s, struct expr *e)
{
    for (; s != NULL; s = s->parent) {
        struct grouping *g = s->grouping;
        if (g == NULL || g->off || e->type == TYPES_UNKNOWN)
            continue;
        int i = key_find(g, e);
        if (i < 0 && is_dependent(s, e))
            i = add_dependent(s, g, e);
        if (i >= 0) {
            struct expr *key = grouping_key(g, i);
            key->location = e->location;
            return key;
        }
    }
    return e;
}

bool grouping_off(struct scope *s, bool off)
{
    if (s->grouping == NULL)
        return false;
    bool before = s->grouping->off;
    s->grouping->off = off;
    return before;
}

struct expr *grouping_aggregate(struct scope *s, struct expr *e)
{
    struct grouping *g = s->grouping;
    int n = list_length(g->aggregates);
    for (int i = 0; i < list_length(g->aggregates); i++)
        if (strcmp(((struct expr *)list_nth(g->aggregates, i))->sql, e->sql) == 0)
            n = i;
    if (n == list_length(g->aggregates))
        g->aggregates = lappend(g->aggregates, e);
    struct expr *to = palloc(sizeof(*to));
    *to = *e;
    to->sql = emit_format("%s.\"a%d\"", g->alias, n + 1);
    return to;
}

struct expr *grouping_function(struct scope *s, const GroupingFunc *f)
{
    struct grouping *g = s->grouping;
    StringInfoData out;
    int n = list_length(f->args);
    uint32_t *bits = palloc(sizeof(bits[0]) * (size_t)(n + 1));
    initStringInfo(&out);
    if (n > KEYS_MAX)
        tr_fail(s->tr, "54023", f->location, "GROUPING must have fewer than 32 arguments");
    for (int i = 0; i < n; i++) {
        bool before = grouping_off(s, true);
        struct expr *e = infer_settle(s->tr, expr_make(s, list_nth(f->args, i)));
        (void)grouping_off(s, before);
        int key = g == NULL ? -1 : key_find(g, e);
        if (key < 0)
            tr_fail(s->tr, SQLSTATE_GROUPING_ERROR, exprLocation(list_nth(f->args, i)),
                    "arguments to GROUPING must be grouping expressions of the associated query "
                    "level");
        bits[i] = 1u << key;
    }
    appendStringInfo(&out, "(CASE %s.\"s\"", g->alias);
    for (int i = 0; i < list_length(g->sets); i++) {
        uint32_t value = 0;
        for (int k = 0; k < n; k++)
            value = value << 1 | ((set_at(g->sets, i) & bits[k]) == 0);
        appendStringInfo(&out, " WHEN %d THEN %u", i, value);
    }
    appendStringInfoString(&out, " END)");
    struct expr *e = expr_new(EXPR_PLAIN, TYPES_INT4, out.data, f->location);
    s->has_aggregate = true;
    return e;
}

/* -- the text -- */

static void set_outputs(const struct grouping *g, uint32_t set, StringInfo out)
{
    for (int i = 0; i < g->nkeys; i++)
        appendStringInfo(out, ", %s AS \"g%d\"", set & 1u << i ? g->keys[i]->sql : "NULL", i + 1);
    for (int i = 0; i < list_length(g->aggregates); i++)
        appendStringInfo(out, ", %s AS \"a%d\"",
                         ((const struct expr *)list_nth(g->aggregates, i))->sql, i + 1);
}

static void set_group_by(const struct tr *tr, const struct grouping *g, uint32_t set,
                         StringInfo out)
{
    const char *before = " GROUP BY ";
    for (int i = 0; i < g->nkeys; i++) {
        if (!(set & 1u << i))
            continue;
        bool constant = strspn(g->keys[i]->sql, "()+- 0123456789") == strlen(g->keys[i]->sql);
        appendStringInfo(out, "%s%s%s", before, constant ? "NULL" : g->keys[i]->sql,
                         constant ? "" : emit_collation(tr, g->keys[i]->type));
        before = ", ";
    }
}

const char *grouping_from(struct scope *s, const char *body)
{
    const struct grouping *g = s->grouping;
    StringInfoData out;
    initStringInfo(&out);
    for (int i = 0; i < list_length(g->sets); i++) {
        uint32_t set = set_at(g->sets, i);
        appendStringInfo(&out, "%sSELECT %d AS \"s\", count(*) AS \"n\"",
                         i == 0 ? "" : " UNION ALL ", i);
        set_outputs(g, set, &out);
        appendStringInfoString(&out, body);
        set_group_by(s->tr, g, set, &out);
    }
    return emit_format("(%s) AS %s", out.data, g->alias);
}

int grouping_keys(const struct scope *s, struct expr ***ret)
{
    const struct grouping *g = s->grouping;
    *ret = palloc(sizeof(struct expr *) * (size_t)(g->nkeys + 1));
    for (int i = 0; i < g->nkeys; i++)
        (*ret)[i] = grouping_key(g, i);
    return g->nkeys;
}
