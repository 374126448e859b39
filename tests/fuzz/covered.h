/* covered.h: does a decided text confine every relation it reads or changes?
 *
 * A second opinion, made of nothing that policy/ used to decide: it parses the text that a server would get and
 * follows each relation of a tenant outward to the clause that must hold its predicate.  Exits on a relation that
 * is not covered. */
#pragma once

#include "unit/policy_fixture.h"

struct covered_names { /* of the CTEs in sight */
    const struct covered_names *outer;
    const char *name;
};

struct covered {
    const struct fixture *f;
    int hidden; /* the parameter that is the tenant */
    const char *text;
    const struct covered_names *ctes;
    const Node *sought; /* by covered_lists */
};

struct covered_leaf { /* a relation on its way outward, until its predicate is found */
    const RangeVar *var;
    const struct catalog_relation *rel;
    const struct rule_table *rule;
    const char *ref;
    const char *column; /* the tenant's column, or the one that refers to the parent, as it is named here */
};

static void covered_query(struct covered *c, Node *query);
static bool covered_walk(Node *node, struct covered *c);

static void covered_fail(const struct covered *c, const char *what, const char *name)
{
    fprintf(stderr, "%s %s\n%s\n", what, name, c->text);
    abort();
}

static bool covered_children(Node *node, bool (*walk)(Node *, struct covered *), void *context)
{
    _Pragma("GCC diagnostic push")
    _Pragma("GCC diagnostic ignored \"-Wstrict-prototypes\"")
    return raw_expression_tree_walker(node, (bool (*)())walk, context);
    _Pragma("GCC diagnostic pop")
}

/* -- what a predicate looks like -- */

static bool covered_is_hidden(const struct covered *c, Node *node)
{
    if (node && IsA(node, TypeCast))
        node = ((TypeCast *)node)->arg;
    return node && IsA(node, ParamRef) && ((ParamRef *)node)->number == c->hidden;
}

static bool covered_is_column(Node *node, const char *ref, const char *column)
{
    if (!node || !IsA(node, ColumnRef))
        return false;
    const List *names = ((ColumnRef *)node)->fields;
    if (list_length(names) != 2 || !IsA(linitial(names), String) || !IsA(lsecond(names), String))
        return false;
    return !strcmp(strVal(linitial(names)), ref) && !strcmp(strVal(lsecond(names)), column);
}

/* SELECT p.key FROM parent p ...: that p itself is confined is seen when that query is walked. */
static bool covered_is_parent_keys(Node *node, const struct rule_table *rule)
{
    if (!node || !IsA(node, SelectStmt))
        return false;
    const SelectStmt *q = (const SelectStmt *)node;
    if (q->op != SETOP_NONE || list_length(q->targetList) != 1 || list_length(q->fromClause) != 1 ||
        !IsA(linitial(q->fromClause), RangeVar))
        return false;
    const RangeVar *parent = linitial(q->fromClause);
    const ResTarget *key = linitial(q->targetList);
    return !strcmp(parent->relname, rule->parent_table) && parent->alias &&
           covered_is_column(key->val, parent->alias->aliasname, rule->parent_column);
}

static Node *covered_sublink_query(Node *node)
{
    return node && IsA(node, SubLink) ? ((SubLink *)node)->subselect : NULL;
}

static bool covered_is_predicate(const struct covered *c, Node *node, const struct covered_leaf *leaf)
{
    if (leaf->rule->kind == RULE_THROUGH && IsA(node, SubLink))
        return ((SubLink *)node)->subLinkType == ANY_SUBLINK && !((SubLink *)node)->operName &&
               covered_is_column(((SubLink *)node)->testexpr, leaf->ref, leaf->column) &&
               covered_is_parent_keys(((SubLink *)node)->subselect, leaf->rule);
    if (!IsA(node, A_Expr))
        return false;
    const A_Expr *e = (const A_Expr *)node;
    if (!covered_is_column(e->lexpr, leaf->ref, leaf->column) ||
        strcmp(strVal(llast(e->name)), "=") != 0)
        return false;
    if (leaf->rule->kind == RULE_THROUGH)
        return e->kind == AEXPR_OP_ANY && covered_is_parent_keys(covered_sublink_query(e->rexpr), leaf->rule);
    return e->kind == AEXPR_OP && list_length(e->name) == 2 &&
           !strcmp(strVal(linitial(e->name)), "pg_catalog") && covered_is_hidden(c, e->rexpr);
}

/* Is it one of the conditions that must all hold? */
static bool covered_demands(const struct covered *c, Node *cond, const struct covered_leaf *leaf)
{
    if (!cond)
        return false;
    if (IsA(cond, CurrentOfExpr))
        return true; /* the cursor's own query is confined */
    if (IsA(cond, BoolExpr) && ((BoolExpr *)cond)->boolop == AND_EXPR) {
        ListCell *cell;
        foreach (cell, ((BoolExpr *)cond)->args)
            if (covered_demands(c, lfirst(cell), leaf))
                return true;
        return false;
    }
    return covered_is_predicate(c, cond, leaf);
}

/* -- relations -- */

static bool covered_is_cte(const struct covered *c, const RangeVar *var)
{
    for (const struct covered_names *n = c->ctes; n && !var->schemaname; n = n->outer)
        if (!strcmp(n->name, var->relname))
            return true;
    return false;
}

static const struct rule_table *covered_rule(const struct covered *c, const struct catalog_relation *rel)
{
    const struct rule_table *rule = NULL;
    for (; rel && !rule; rel = rel->parent_oid ? catalog_find_oid(c->f->catalog, rel->parent_oid) : NULL)
        rule = rules_find(&c->f->rules, rel->schema, rel->name);
    return rule;
}

/* The column that says whose row it is. */
static const char *covered_own(const struct rule_table *rule)
{
    return rule->kind == RULE_SCOPED ? rule->tenant_column : rule->through_column;
}

/* Is ${var} a relation whose rows belong to tenants?  Then it is ${ret}. */
static bool covered_leaf_of(const struct covered *c, const RangeVar *var, struct covered_leaf *ret)
{
    if (covered_is_cte(c, var))
        return false;
    const struct catalog_relation *rel = catalog_find(c->f->catalog, var->schemaname, var->relname);
    if (!rel) /* then the catalog's, or none */
        return false;
    const struct rule_table *rule = covered_rule(c, rel);
    if (!rule || rule->kind == RULE_DENIED)
        covered_fail(c, "a relation without a rule:", var->relname);
    if (rule->kind == RULE_SHARED)
        return false;
    const char *own = covered_own(rule);
    const List *names = var->alias ? var->alias->colnames : NIL;
    for (int i = 0; i < list_length(names) && (size_t)i < rel->ncolumns; i++)
        if (!strcmp(rel->columns[i].name, own)) {
            own = strVal(list_nth(names, i));
            break;
        }
    *ret = (struct covered_leaf){var, rel, rule, var->alias ? var->alias->aliasname : var->relname, own};
    return true;
}

/* -- FROM: leaves that are still without a predicate, outward -- */

static List *covered_drop(const struct covered *c, List *leaves, Node *cond)
{
    List *left = NIL;
    ListCell *cell;
    foreach (cell, leaves)
        if (!covered_demands(c, cond, lfirst(cell)))
            left = lappend(left, lfirst(cell));
    return left;
}

static void covered_none(const struct covered *c, const List *leaves)
{
    if (leaves)
        covered_fail(c, "no predicate for", ((struct covered_leaf *)linitial(leaves))->var->relname);
}

static List *covered_from(struct covered *c, Node *item);

static List *covered_join(struct covered *c, JoinExpr *j)
{
    List *left = covered_from(c, j->larg), *right = covered_from(c, j->rarg);
    (void)covered_walk(j->quals, c);
    bool left_nullable = j->jointype == JOIN_RIGHT || j->jointype == JOIN_FULL;
    bool right_nullable = j->jointype == JOIN_LEFT || j->jointype == JOIN_FULL;
    if (j->jointype == JOIN_FULL) { /* its ON decides nothing about which rows are there */
        covered_none(c, left);
        covered_none(c, right);
    }
    if (!right_nullable || !left_nullable) { /* ON holds back rows of the sides it may null, and of an inner join */
        left = left_nullable || j->jointype == JOIN_INNER ? covered_drop(c, left, j->quals) : left;
        right = right_nullable || j->jointype == JOIN_INNER ? covered_drop(c, right, j->quals) : right;
    }
    if (left_nullable)
        covered_none(c, left);
    if (right_nullable)
        covered_none(c, right);
    List *all = list_concat(left, right);
    if (j->alias)
        covered_none(c, all); /* the names end here */
    return all;
}

static List *covered_from(struct covered *c, Node *item)
{
    struct covered_leaf leaf;
    if (IsA(item, JoinExpr))
        return covered_join(c, (JoinExpr *)item);
    if (IsA(item, RangeTableSample)) {
        (void)covered_walk((Node *)((RangeTableSample *)item)->args, c);
        return covered_from(c, ((RangeTableSample *)item)->relation);
    }
    if (!IsA(item, RangeVar)) {
        (void)covered_walk(item, c);
        return NIL;
    }
    if (!covered_leaf_of(c, (RangeVar *)item, &leaf))
        return NIL;
    struct covered_leaf *kept = palloc(sizeof *kept);
    *kept = leaf;
    return list_make1(kept);
}

static List *covered_items(struct covered *c, const List *items)
{
    List *leaves = NIL;
    ListCell *cell;
    foreach (cell, items)
        leaves = list_concat(leaves, covered_from(c, lfirst(cell)));
    return leaves;
}

/* -- statements -- */

static void covered_add_name(struct covered *c, const char *name)
{
    struct covered_names *n = palloc(sizeof *n);
    *n = (struct covered_names){c->ctes, name};
    c->ctes = n;
}

static void covered_with(struct covered *c, const WithClause *with)
{
    ListCell *cell;
    foreach (cell, with ? with->ctes : NIL)
        if (with->recursive)
            covered_add_name(c, ((CommonTableExpr *)lfirst(cell))->ctename);
    foreach (cell, with ? with->ctes : NIL) {
        CommonTableExpr *cte = lfirst(cell);
        covered_query(c, cte->ctequery);
        if (!with->recursive)
            covered_add_name(c, cte->ctename);
    }
}

static void covered_select(struct covered *c, SelectStmt *q)
{
    covered_with(c, q->withClause);
    if (q->op != SETOP_NONE) {
        covered_query(c, (Node *)q->larg);
        covered_query(c, (Node *)q->rarg);
    }
    covered_none(c, covered_drop(c, covered_items(c, q->fromClause), q->whereClause));
    const List *rest[] = {q->distinctClause, q->targetList, q->groupClause, q->windowClause,
                          q->valuesLists, q->sortClause};
    for (size_t i = 0; i < sizeof rest / sizeof *rest; i++)
        (void)covered_walk((Node *)(uintptr_t)rest[i], c);
    (void)covered_walk(q->whereClause, c);
    (void)covered_walk(q->havingClause, c);
    (void)covered_walk(q->limitOffset, c);
    (void)covered_walk(q->limitCount, c);
}

static bool covered_mentions(Node *node, struct covered *c)
{
    if (!node)
        return false;
    return covered_is_hidden(c, node) || covered_children(node, covered_mentions, c);
}

struct covered_place { /* where in the rows of an INSERT the tenant stands */
    const char *name;
    int item, ncolumns;
    bool named;    /* the columns are: PostgreSQL wants as many values */
    bool optional; /* left out, it is NULL */
};

static bool covered_has_star(const List *row)
{
    ListCell *cell;
    foreach (cell, row) {
        const Node *item = lfirst(cell);
        const Node *value = IsA(item, ResTarget) ? ((const ResTarget *)item)->val : item;
        if (IsA(value, ColumnRef) && IsA(llast(((const ColumnRef *)value)->fields), A_Star))
            return true;
    }
    return false;
}

/* Is what is sought, under a cast, a row of a VALUES list in ${node}? */
static bool covered_lists(Node *node, struct covered *c)
{
    ListCell *cell;
    if (!node)
        return false;
    if (IsA(node, SelectStmt))
        foreach (cell, ((SelectStmt *)node)->valuesLists) {
            const TypeCast *value = linitial((List *)lfirst(cell));
            if (IsA(value, TypeCast) && equal(value->arg, c->sought))
                return true;
        }
    return covered_children(node, covered_lists, c);
}

static Node *covered_value(const List *row, const struct covered_place *at)
{
    return at->item >= 0 && at->item < list_length(row) ? list_nth(row, at->item) : NULL;
}

/* ${first}: the value in the first row that looks for the tenant's rows; it may do so for those behind it. */
static void covered_row(struct covered *c, const List *row, const struct covered_place *at, Node *first)
{
    if (list_length(row) > at->ncolumns) /* PostgreSQL will not have it */
        return;
    if ((at->named || at->optional) && list_length(row) < at->ncolumns && !covered_has_star(row))
        return;
    if (at->optional && !at->named && covered_has_star(row)) /* too few columns, or it would be written out */
        return;
    if (covered_has_star(row) && covered_mentions(llast(row), c)) /* behind it, whatever it stands for */
        return;
    Node *value = covered_value(row, at);
    c->sought = value;
    if (!covered_mentions(value, c) && !(value && covered_lists(first, c)))
        covered_fail(c, "a row that is nobody's:", at->name);
}

/* How many columns each arm of ${q} has, when that can be seen; -1: it cannot; -2: not as many as ${n}. */
static int covered_width(const SelectStmt *q, int n)
{
    if (q->op != SETOP_NONE) {
        int left = covered_width(q->larg, n);
        return left == -2 ? -2 : covered_width(q->rarg, left < 0 ? n : left);
    }
    const List *row = q->valuesLists ? linitial(q->valuesLists) : q->targetList;
    int width = covered_has_star(row) ? -1 : list_length(row);
    return width >= 0 && n >= 0 && width != n ? -2 : width < 0 ? n : width;
}

static void covered_rows(struct covered *c, const SelectStmt *q, const struct covered_place *at)
{
    if (covered_width(q, -1) == -2) /* PostgreSQL wants arms of one width */
        return;
    if (q->op != SETOP_NONE) {
        covered_rows(c, q->larg, at);
        covered_rows(c, q->rarg, at);
        return;
    }
    ListCell *cell;
    foreach (cell, q->valuesLists) /* PostgreSQL wants rows of one length */
        if (list_length(lfirst(cell)) != list_length(linitial(q->valuesLists)))
            return;
    Node *first = NULL;
    foreach (cell, q->valuesLists) {
        Node *value = covered_value(lfirst(cell), at);
        covered_row(c, lfirst(cell), at, first);
        if (!first && at->optional && covered_mentions(value, c))
            first = value;
    }
    if (!q->valuesLists)
        covered_row(c, q->targetList, at, NULL);
}

/* What a SET list or WHEN ... INSERT writes where the row says whose it is. */
static void covered_written(struct covered *c, const struct covered_leaf *leaf, const List *targets,
                            const List *values)
{
    int n = values ? list_length(values) : list_length(targets);
    if (values && targets && list_length(targets) != n) /* PostgreSQL will not have it */
        return;
    for (int i = 0; i < n; i++) {
        ResTarget *target = targets ? list_nth(targets, i) : NULL;
        Node *value = values ? list_nth(values, i) : target->val;
        const char *name = target ? target->name : leaf->rel->columns[i].name;
        const struct catalog_column *column = catalog_column(leaf->rel, name);
        if (IsA(value, SetToDefault) && column && column->not_null && !column->has_default)
            continue; /* an error, and no row */
        if (!strcmp(name, covered_own(leaf->rule)) && !covered_mentions(value, c))
            covered_fail(c, "a row given away:", leaf->var->relname);
    }
}

static void covered_insert(struct covered *c, InsertStmt *q)
{
    struct covered_leaf leaf;
    const struct covered_names *outer = c->ctes;
    c->ctes = NULL; /* a target is never a CTE */
    bool scoped = covered_leaf_of(c, q->relation, &leaf);
    c->ctes = outer;
    covered_with(c, q->withClause);
    if (q->selectStmt)
        covered_query(c, q->selectStmt);
    if (scoped) {
        struct covered_place at = {q->relation->relname, -1, list_length(q->cols), q->cols != NIL,
                                   leaf.rule->kind == RULE_THROUGH};
        int n = 0;
        ListCell *cell;
        const char *own = covered_own(leaf.rule);
        foreach (cell, q->cols) {
            if (!strcmp(((ResTarget *)lfirst(cell))->name, own))
                at.item = n;
            n++;
        }
        for (size_t i = 0; !q->cols && i < leaf.rel->ncolumns; i++)
            if (!strcmp(leaf.rel->columns[i].name, own))
                at.item = (int)i;
        at.ncolumns = q->cols ? at.ncolumns : (int)leaf.rel->ncolumns;
        const struct catalog_column *column = catalog_column(leaf.rel, own);
        if (at.item < 0 && at.optional && !column->has_default)
            at.ncolumns = -1;
        else if (at.item < 0 || !q->selectStmt)
            covered_fail(c, "no column of the tenant:", q->relation->relname);
        covered_rows(c, (SelectStmt *)q->selectStmt, &at);
    }
    if (q->onConflictClause) {
        OnConflictClause *on = q->onConflictClause;
        if (scoped && on->action == ONCONFLICT_UPDATE && !covered_mentions(on->whereClause, c))
            covered_fail(c, "DO UPDATE of anybody's row:", q->relation->relname);
        if (scoped)
            covered_written(c, &leaf, on->targetList, NIL);
        (void)covered_walk((Node *)on->targetList, c);
        (void)covered_walk(on->whereClause, c);
    }
    (void)covered_walk((Node *)q->returningList, c);
}

/* The relations of UPDATE, DELETE and MERGE (whose ON is its WHERE). */
static void covered_change(struct covered *c, RangeVar *target, const WithClause *with, List *from,
                           Node *where, List *rest, List *returning)
{
    struct covered_leaf leaf;
    List *leaves = NIL;
    const struct covered_names *outer = c->ctes;
    c->ctes = NULL;
    if (covered_leaf_of(c, target, &leaf))
        leaves = list_make1(&leaf);
    c->ctes = outer;
    covered_with(c, with);
    leaves = list_concat(leaves, covered_items(c, from));
    covered_none(c, covered_drop(c, leaves, where));
    (void)covered_walk(where, c);
    (void)covered_walk((Node *)rest, c);
    (void)covered_walk((Node *)returning, c);
}

/* Does a WHEN ... INSERT give a value for the tenant's column? */
static bool covered_when_names(const struct covered_leaf *leaf, const MergeWhenClause *when)
{
    const char *own = covered_own(leaf->rule);
    int columns = when->targetList ? list_length(when->targetList) : (int)leaf->rel->ncolumns;
    if (when->targetList && columns != list_length(when->values)) /* PostgreSQL will not have it */
        return true;
    for (int i = 0; i < list_length(when->values) && i < columns; i++) {
        const ResTarget *target = when->targetList ? list_nth(when->targetList, i) : NULL;
        const char *name = target ? target->name : leaf->rel->columns[i].name;
        if (!strcmp(name, own))
            return true;
    }
    return leaf->rule->kind == RULE_THROUGH; /* then it is NULL */
}

static void covered_merge(struct covered *c, MergeStmt *q)
{
    struct covered_leaf leaf;
    const struct covered_names *outer = c->ctes;
    c->ctes = NULL;
    bool scoped = covered_leaf_of(c, q->relation, &leaf);
    c->ctes = outer;
    ListCell *cell;
    foreach (cell, scoped ? q->mergeWhenClauses : NIL) {
        const MergeWhenClause *when = lfirst(cell);
        if (when->commandType == CMD_UPDATE)
            covered_written(c, &leaf, when->targetList, NIL);
        if (when->commandType != CMD_INSERT)
            continue;
        if (!when->values || !covered_when_names(&leaf, when))
            covered_fail(c, "WHEN NOT MATCHED without the tenant:", leaf.var->relname);
        covered_written(c, &leaf, when->targetList, when->values);
    }
    covered_with(c, q->withClause);
    covered_none(c, covered_from(c, q->sourceRelation)); /* in a query of its own */
    covered_change(c, q->relation, NULL, NIL, q->joinCondition, q->mergeWhenClauses, NIL);
}

static void covered_update(struct covered *c, UpdateStmt *q)
{
    struct covered_leaf leaf;
    const struct covered_names *outer = c->ctes;
    c->ctes = NULL;
    if (covered_leaf_of(c, q->relation, &leaf))
        covered_written(c, &leaf, q->targetList, NIL);
    c->ctes = outer;
    covered_change(c, q->relation, q->withClause, q->fromClause, q->whereClause, q->targetList,
                   q->returningList);
}

static void covered_copy(struct covered *c, CopyStmt *q)
{
    struct covered_leaf leaf;
    if (q->query)
        covered_query(c, q->query);
    else if (!q->is_from && covered_leaf_of(c, q->relation, &leaf))
        covered_fail(c, "COPY of everybody's rows:", q->relation->relname);
}

static void covered_query(struct covered *c, Node *query)
{
    const struct covered_names *outer = c->ctes;
    switch (nodeTag(query)) {
    case T_SelectStmt:
        covered_select(c, (SelectStmt *)query);
        break;
    case T_InsertStmt:
        covered_insert(c, (InsertStmt *)query);
        break;
    case T_UpdateStmt:
        covered_update(c, (UpdateStmt *)query);
        break;
    case T_DeleteStmt: {
        DeleteStmt *q = (DeleteStmt *)query;
        covered_change(c, q->relation, q->withClause, q->usingClause, q->whereClause, NIL,
                       q->returningList);
        break;
    }
    case T_MergeStmt:
        covered_merge(c, (MergeStmt *)query);
        break;
    case T_CopyStmt:
        covered_copy(c, (CopyStmt *)query);
        break;
    case T_ExplainStmt:
        covered_query(c, ((ExplainStmt *)query)->query);
        break;
    case T_PrepareStmt:
        covered_query(c, ((PrepareStmt *)query)->query);
        break;
    case T_DeclareCursorStmt:
        covered_query(c, ((DeclareCursorStmt *)query)->query);
        break;
    case T_CreateTableAsStmt:
        covered_query(c, ((CreateTableAsStmt *)query)->query);
        break;
    default: /* names no relation */
        break;
    }
    c->ctes = outer;
}

/* Expressions: every query inside. */
static bool covered_walk(Node *node, struct covered *c)
{
    if (!node)
        return false;
    if (IsA(node, SelectStmt)) {
        covered_query(c, node);
        return false;
    }
    if (IsA(node, RangeVar))
        covered_fail(c, "a relation in an unknown place:", ((RangeVar *)node)->relname);
    if (IsA(node, MultiAssignRef) && ((MultiAssignRef *)node)->colno > 1)
        return false; /* its columns share one source */
    return covered_children(node, covered_walk, c);
}

/* ${sql}: a decided text; ${hidden}: the number of its parameter that is the tenant. */
static void covered_check(const struct fixture *f, const char *sql, int hidden, Node *stmt)
{
    struct covered c = {.f = f, .hidden = hidden, .text = sql};
    covered_query(&c, stmt);
}
