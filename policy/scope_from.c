/* FROM: sources, leaves, and the climb rule.
 *
 * A leaf's predicate climbs: inner, cross and natural joins, commas and the preserved side of an
 * outer join pass it on; the first join where it is on the nullable side takes it into its ON.
 * Where there is no ON (USING, NATURAL), where both sides are nullable (FULL) and below a join with
 * an alias, the leaf becomes a subselect instead.  At the top what is left goes to WHERE. */
#include "policy/catalogs.h"
#include "policy/scope.h"

#include "protocol/sqlstate.h"

#include <string.h>

static struct leaf *new_leaf(RangeVar *var, const struct access *access)
{
    struct leaf *leaf = palloc0(sizeof *leaf);
    leaf->var = var;
    leaf->access = access;
    return leaf;
}

static struct leaf *add_leaf(struct source *source, RangeVar *var, const struct access *access)
{
    const struct catalog_column *column = scope_own_column(access);
    struct leaf *leaf = new_leaf(var, access);
    leaf->ref = source->alias;
    if (column)
        leaf->column = scope_column_name(
            source, (int)(catalog_column(source->rel, column->name) - source->rel->columns));
    source->leaf = leaf;
    return leaf;
}

static struct source *named_source(struct level *l, const char *name, const Alias *alias)
{
    struct source *source = scope_add_source(l, alias ? alias->aliasname : name);
    source->colnames = alias ? alias->colnames : NIL;
    return source;
}

static struct source *table_source(struct scoper *s, struct level *l, const RangeVar *var,
                                   const struct access *access)
{
    struct source *source = named_source(l, var->relname, var->alias);
    source->rel = access->seen;
    source->hides = access->hides ? access : NULL;
    source->schema = var->alias ? NULL : access->rel->schema;
    if (s->auth.schema && source->schema && scope_is_own_place(s, access->rel))
        source->said = SCOPE_SCHEMA_SAID;
    return source;
}

static int lock_check(struct scoper *s, const struct level *l, const RangeVar *var,
                      const struct access *a)
{
    if (!l->locked || (a && a->kind != RULE_SHARED && !(a->entry && a->entry->write_deny)))
        return 0;
    scope_refuse(s, SQLSTATE_INSUFFICIENT_PRIVILEGE, var->location,
                 "permission denied to lock rows of relation \"%s\"", var->relname);
    if (a)
        rules_hint(s->rules, a->entry, "unlisted_tables", s->err);
    return -1;
}

static void cte_item(struct level *l, RangeVar *var, const struct cte *cte)
{
    struct source *source = named_source(l, var->relname, var->alias);
    source->outputs = cte->outputs;
    source->subquery = cte->query;
    source->confined = cte->confined;
    l->confined = l->confined || cte->confined;
}

static bool is_catalog(const RangeVar *var)
{
    if (var->schemaname)
        return !strcmp(var->schemaname, "pg_catalog") ||
               !strcmp(var->schemaname, "information_schema");
    return authorise_is_catalog_relation(var->relname);
}

/* The SELECT it stands in may read TABLE t. */
static void wrap_leaf(struct scoper *s, struct leaf *leaf, Node **slot)
{
    leaf->slot = slot;
    leaf->wrap = true;
    leaf->number = s->nwraps++;
    const struct select_note *around = s->selects ? llast(s->selects) : NULL;
    scope_change(s, CHANGE_WRAP, around ? (Node *)around->stmt : NULL)->leaf = leaf;
}

/* Has another column of ${source} the name that ${leaf}'s own goes by?  t(a, b) may take it along. */
static bool is_ambiguous(const struct source *source, const struct leaf *leaf)
{
    int same = 0;
    for (int i = 0; i < scope_column_count(source); i++)
        same += !strcmp(scope_column_name(source, i), leaf->column);
    return same > 1;
}

static int confine(struct scoper *s, const struct level *l, const struct source *source,
                   struct leaf *leaf, Node **slot, bool wrap, struct climbed *ret)
{
    leaf->slot = slot;
    leaf->barrier = is_ambiguous(source, leaf); /* no predicate and no fence can name its column */
    if (leaf->barrier && l->locked)
        return scope_refuse(s, SQLSTATE_FEATURE_NOT_SUPPORTED, leaf->var->location,
                            "relation \"%s\" has two columns of one name and cannot be locked",
                            source->alias);
    if (wrap || leaf->barrier || leaf->access->hides)
        wrap_leaf(s, leaf, slot);
    else
        ret->carried = lappend(ret->carried, leaf);
    if (!leaf->barrier)
        ret->visible = lappend(ret->visible, leaf);
    return 0;
}

static int relation_item(struct scoper *s, struct level *l, Node **slot, bool wrap,
                         struct climbed *ret)
{
    RangeVar *var = (RangeVar *)*slot;
    s->nrelations++;
    l->nrelations++;
    l->anchor = l->anchor ? l->anchor : var;
    if (var->catalogname)
        return scope_refuse(s, SQLSTATE_FEATURE_NOT_SUPPORTED, var->location,
                            "cross-database references are not implemented: \"%s.%s.%s\"",
                            var->catalogname, var->schemaname, var->relname);
    const struct cte *cte = var->schemaname ? NULL : scope_find_cte(l, var->relname);
    if (cte) {
        cte_item(l, var, cte);
        return 0;
    }
    if (is_catalog(var))
        return scope_catalog_item(s, l, slot);
    const struct access *access = scope_access(s, var);
    if (!access || lock_check(s, l, var, access) < 0)
        return -1;
    struct source *source = table_source(s, l, var, access);
    if (access->kind == RULE_SHARED || access->whole) {
        if (access->hides) /* all its rows, not all its columns */
            wrap_leaf(s, new_leaf(var, access), slot);
        return 0;
    }
    l->confined = true;
    return confine(s, l, source, add_leaf(source, var, access), slot, wrap, ret);
}

void scope_barrier(struct scoper *s, SelectStmt *query)
{
    if (query->limitCount || query->limitOffset)
        return; /* is one already */
    ListCell *cell;
    foreach (cell, s->changes) {
        const struct change *c = lfirst(cell);
        if (c->kind == CHANGE_BARRIER && c->stmt == (Node *)query)
            return;
    }
    scope_change(s, CHANGE_BARRIER, (Node *)query);
}

/* Something in this FROM is computed from rows of the tables beside it, maybe before a join that
 * decides whose rows they are: those that depend on a join must be decided where they are read. */
static void decide_early(struct level *l)
{
    for (struct source *source = l->sources; source; source = source->next)
        if (source->leaf)
            source->leaf->scan_level = true;
}

static int subselect_item(struct scoper *s, struct level *l, RangeSubselect *node)
{
    if (!IsA(node->subquery, SelectStmt))
        return scope_refuse(s, SQLSTATE_FEATURE_NOT_SUPPORTED, -1, "unknown subquery in FROM");
    SelectStmt *query = (SelectStmt *)node->subquery;
    struct level *inner = scope_level(l);
    inner->from_subquery = true;
    inner->item = query->op == SETOP_NONE;
    inner->locked = l->locked;
    if (!node->lateral)
        inner->outer = l->outer;
    const struct outputs *outputs;
    if (scope_select(s, query, inner, &outputs) < 0)
        return -1;
    if (inner->reaches_out) {
        l->reaches_out = true;
        scope_barrier(s, query);
    }
    if (node->lateral)
        decide_early(l);
    struct source *source = named_source(l, NULL, node->alias);
    source->outputs = outputs;
    source->lists = inner->lists;
    source->subquery = query;
    source->confined = inner->confined;
    l->confined = l->confined || inner->confined;
    return 0;
}

static int column_types(struct scoper *s, const List *definitions)
{
    ListCell *cell;
    foreach (cell, definitions) {
        const ColumnDef *column = lfirst(cell);
        if (authorise_type(&s->auth, column->typeName, s->err) < 0)
            return -1;
        scope_qualify_type(s, column->typeName);
    }
    return 0;
}

static const char *function_name(const RangeFunction *node)
{
    const Node *call = linitial(linitial_node(List, node->functions));
    if (list_length(node->functions) != 1 || !IsA(call, FuncCall))
        return NULL;
    return strVal(llast(((const FuncCall *)call)->funcname));
}

static int function_item(struct scoper *s, struct level *l, RangeFunction *node)
{
    ListCell *cell;
    foreach (cell, node->functions) {
        List *pair = lfirst(cell);
        Node *call = linitial(pair);
        if (scope_expr(s, l, call) < 0 || column_types(s, lsecond(pair)) < 0)
            return -1;
        if (scope_has_refs(call))
            decide_early(l);
        l->reaches_out = l->reaches_out || scope_reaches_out(l, call);
    }
    if (column_types(s, node->coldeflist) < 0 || scope_answer_from(s, node) < 0)
        return -1;
    l->nrelations++;
    struct source *source = named_source(l, function_name(node), node->alias);
    source->outputs = scope_object_columns(s, l, node, source->alias);
    return 0;
}

/* A sample cannot be taken from a subselect, nor before its rows are told apart. */
static int refuse_sample(struct scoper *s, const struct leaf *leaf)
{
    return scope_refuse(s, SQLSTATE_FEATURE_NOT_SUPPORTED, leaf->var->location,
                        "TABLESAMPLE is not supported in this kind of join");
}

static int sample_item(struct scoper *s, struct level *l, Node **slot, bool wrap,
                       struct climbed *ret)
{
    RangeTableSample *node = (RangeTableSample *)*slot;
    const char *method = strVal(llast(node->method));
    if (strcmp(method, "bernoulli") != 0 || list_length(node->method) != 1 || node->repeatable)
        return scope_refuse(s, SQLSTATE_FEATURE_NOT_SUPPORTED, node->location,
                            "only TABLESAMPLE BERNOULLI without REPEATABLE can be confined");
    if (IsA(node->relation, RangeVar) && is_catalog((RangeVar *)node->relation))
        return scope_refuse(s, SQLSTATE_FEATURE_NOT_SUPPORTED, node->location,
                            "TABLESAMPLE is not supported for relations of the system");
    if (scope_expr(s, l, (Node *)node->args) < 0 ||
        scope_from_item(s, l, &node->relation, wrap, ret) < 0)
        return -1;
    if (l->sources->hides)
        return scope_refuse(s, SQLSTATE_FEATURE_NOT_SUPPORTED, node->location,
                            "TABLESAMPLE is not supported for relation \"%s\", which has hidden columns",
                            l->sources->hides->rel->name);
    struct leaf *leaf = l->sources->leaf;
    if (!leaf)
        return 0;
    leaf->slot = slot;
    leaf->sampled = true;
    return leaf->barrier ? refuse_sample(s, leaf) : 0;
}

/* -- joins -- */

static int check_merged(struct scoper *s, struct level *l, const JoinExpr *join,
                        const struct source *before)
{
    l->merged = l->merged || join->isNatural || join->usingClause;
    if (!join->isNatural && !join->usingClause)
        return 0;
    ListCell *cell;
    foreach (cell, join->usingClause) {
        ColumnRef *ref = NODE(ColumnRef);
        ref->fields = list_make1(lfirst(cell));
        ref->location = -1;
        if (scope_columns_using(s, l, before, strVal(lfirst(cell))) < 0 || scope_check_ref(s, l, ref) < 0)
            return -1;
    }
    return 0;
}

/* ${join} has an alias: what is below is known by that name alone, and no fence can name it. */
static int hide(struct scoper *s, struct level *l, const JoinExpr *join, struct source *before,
                struct climbed *ret)
{
    List *hidden = NIL;
    for (struct source *source = l->sources; source != before; source = source->next) {
        if (scope_catalog_ref(s, source, NULL, -1) < 0)
            return -1; /* its whole row can be had by the alias */
        scope_catalog_barrier(source);
        if (source->leaf && l->locked)
            return scope_refuse(s, SQLSTATE_FEATURE_NOT_SUPPORTED, source->leaf->var->location,
                                "a join with an alias cannot be locked");
        if (source->leaf && source->leaf->sampled)
            return refuse_sample(s, source->leaf);
        if (source->leaf)
            source->leaf->scan_level = true;
        hidden = lappend(hidden, source);
    }
    const struct outputs *outputs = l->merged ? NULL : scope_all_outputs(l->sources, before);
    l->sources = before;
    struct source *source = named_source(l, NULL, join->alias);
    source->hidden = hidden;
    source->outputs = outputs;
    ret->visible = NIL;
    return 0;
}

static void mark_nullable(const List *leaves)
{
    ListCell *cell;
    foreach (cell, leaves)
        ((struct leaf *)lfirst(cell))->nullable = true;
}

static void pass(bool nullable, struct climbed *side, List **on, struct climbed *ret)
{
    if (nullable)
        *on = list_concat(*on, side->carried);
    else
        ret->carried = list_concat(ret->carried, side->carried);
}

/* PostgreSQL carries out a FULL JOIN by an equality of both sides, and a CASE is none.  Told apart by nothing, the
 * conditions must not be pushed into the leaves, which are subselects: they become barriers instead. */
static int fence_full(struct scoper *s, struct level *l, const struct source *right, JoinExpr *join,
                      const List *leaves, List **fences)
{
    if (!s->whole_fences) {
        scope_split_fences(s, l, right, join->quals, leaves, *fences);
        return 0;
    }
    ListCell *cell;
    foreach (cell, leaves) {
        struct leaf *leaf = lfirst(cell);
        if (leaf->sampled)
            return refuse_sample(s, leaf);
        leaf->barrier = true;
    }
    *fences = NIL;
    return 0;
}

/* ON sees the two sides and what is outside of the query, but not what stands in FROM before the join. */
static int join_on(struct scoper *s, struct level *l, JoinExpr *join, struct source *before,
                   const struct source *right, List *visible, List **fences)
{
    struct source *first = l->sources;
    while (first->next != before)
        first = first->next;
    first->next = NULL;
    int status = scope_expr(s, l, join->quals);
    if (status == 0)
        scope_fences(s, l, join->quals, visible, fences);
    if (status == 0 && join->jointype == JOIN_FULL && *fences)
        status = fence_full(s, l, right, join, visible, fences);
    first->next = before;
    return status;
}

static int join_item(struct scoper *s, struct level *l, JoinExpr *join, bool wrap,
                     struct climbed *ret)
{
    bool null_left = join->jointype == JOIN_RIGHT || join->jointype == JOIN_FULL;
    bool null_right = join->jointype == JOIN_LEFT || join->jointype == JOIN_FULL;
    bool all = wrap || join->alias || join->jointype == JOIN_FULL;
    struct source *before = l->sources;
    struct climbed left = {NIL, NIL}, right = {NIL, NIL};
    List *on = NIL, *fences = NIL;
    if (scope_from_item(s, l, &join->larg, all || (null_left && !join->quals), &left) < 0)
        return -1;
    const struct source *right_of = l->sources;
    if (scope_from_item(s, l, &join->rarg, all || (null_right && !join->quals), &right) < 0 ||
        check_merged(s, l, join, before) < 0)
        return -1;
    pass(null_left, &left, &on, ret);
    pass(null_right, &right, &on, ret);
    ret->visible = list_concat(list_copy(left.visible), right.visible);
    if (join->quals && join_on(s, l, join, before, right_of, ret->visible, &fences) < 0)
        return -1;
    if (on || fences) {
        struct change *c = scope_change(s, CHANGE_ON, NULL);
        c->join = join;
        c->leaves = on;
        c->fences = fences;
    }
    if (null_left)
        mark_nullable(left.visible);
    if (null_right)
        mark_nullable(right.visible);
    if (join->join_using_alias) {
        for (struct source *source = l->sources; source != before; source = source->next)
            source->merged_as = lappend(source->merged_as, join->join_using_alias->aliasname);
        scope_add_source(l, join->join_using_alias->aliasname);
    }
    return join->alias ? hide(s, l, join, before, ret) : 0;
}

int scope_from_item(struct scoper *s, struct level *l, Node **slot, bool wrap, struct climbed *ret)
{
    Node *node = *slot;
    switch (nodeTag(node)) {
    case T_RangeVar:
        return relation_item(s, l, slot, wrap, ret);
    case T_RangeSubselect:
        return subselect_item(s, l, (RangeSubselect *)node);
    case T_RangeFunction:
        return function_item(s, l, (RangeFunction *)node);
    case T_RangeTableSample:
        return sample_item(s, l, slot, wrap, ret);
    case T_JoinExpr:
        return join_item(s, l, (JoinExpr *)node, wrap, ret);
    default:
        return scope_refuse(s, SQLSTATE_FEATURE_NOT_SUPPORTED, exprLocation(node),
                            "this kind of item in FROM is not supported for confined sessions");
    }
}

int scope_from(struct scoper *s, struct level *l, List *items, struct climbed *ret)
{
    ListCell *cell;
    foreach (cell, items) {
        struct climbed one = {NIL, NIL};
        if (scope_from_item(s, l, (Node **)&lfirst(cell), false, &one) < 0)
            return -1;
        ret->carried = list_concat(ret->carried, one.carried);
        ret->visible = list_concat(ret->visible, one.visible);
    }
    bool joins = list_length(items) == 1 && IsA(linitial(items), JoinExpr);
    return authorise_join_count(l->nrelations, joins, s->err);
}

int scope_target(struct scoper *s, struct level *l, RangeVar *var, struct leaf **ret)
{
    s->nrelations++;
    l->nrelations++;
    l->anchor = var;
    if (var->catalogname)
        return scope_refuse(s, SQLSTATE_FEATURE_NOT_SUPPORTED, var->location,
                            "cross-database references are not implemented: \"%s.%s.%s\"",
                            var->catalogname, var->schemaname, var->relname);
    if (is_catalog(var))
        return scope_refuse(s, SQLSTATE_INSUFFICIENT_PRIVILEGE, var->location,
                            "permission denied to change relation \"%s\"", var->relname);
    const struct access *access = scope_access(s, var);
    if (!access || scope_access_write(s, access, var) < 0)
        return -1;
    struct source *source = table_source(s, l, var, access);
    source->bare = access->hides;
    l->confined = !access->whole;
    s->writes = true;
    *ret = add_leaf(source, var, access);
    s->written = lappend(s->written, *ret);
    return 0;
}
