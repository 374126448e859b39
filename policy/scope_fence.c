/* Leaky conditions.
 *
 * The planner may run a client's condition on a row before the tenant's predicate, and a condition
 * that raises an error, or takes its time, depending on the row tells about it.  Each conjunct that
 * is not provably leak-proof runs behind a fence: CASE WHEN quals THEN (condition) END, with the
 * quals of the relations it may look at.  Subqueries whose columns it looks at get a barrier, since
 * the planner would move the condition into them. */
#include "policy/scope.h"

#include "policy/leakproof.h"

#include <string.h>

/* -- references in an expression, those of its subqueries too -- */

struct search {
    bool (*wanted)(const void *arg, const ColumnRef *ref);
    const void *arg;
};

static bool search(Node *node, struct search *find)
{
    if (!node)
        return false;
    if (IsA(node, ColumnRef))
        return find->wanted(find->arg, (const ColumnRef *)node);
    return raw_expression_tree_walker(node, search, find);
}

static bool any_ref(const void *arg, const ColumnRef *ref)
{
    (void)arg;
    (void)ref;
    return true;
}

static bool foreign_ref(const void *arg, const ColumnRef *ref)
{
    return !scope_ref_is_inner(arg, ref);
}

static bool ref_to(const void *arg, const ColumnRef *ref)
{
    return scope_ref_may_mean(arg, ref);
}

bool scope_has_refs(Node *node)
{
    return search(node, &(struct search){any_ref, NULL});
}

static bool find_sublinks(Node *node, void *unused)
{
    return node && (IsA(node, SubLink) || raw_expression_tree_walker(node, find_sublinks, unused));
}

bool scope_has_sublink(Node *node)
{
    return find_sublinks(node, NULL);
}

bool scope_reaches_out(const struct level *l, Node *node)
{
    return search(node, &(struct search){foreign_ref, l});
}

static bool refers_to(Node *node, const struct source *source)
{
    return search(node, &(struct search){ref_to, source});
}

/* -- is a conjunct fit to stand outside? -- */

static uint32_t type_of(void *arg, const ColumnRef *ref)
{
    return scope_ref_type(arg, ref);
}

static bool is_leakproof(const struct scoper *s, struct level *l, const Node *expr)
{
    struct leakproof_scope scope = {
        .column_type = type_of, .arg = l, .param_once = s->param_once, .nparams = s->nparams,
        .untyped = s->untyped};
    return leakproof_expr(&scope, expr);
}

static const struct sublink *find_sublink(const struct scoper *s, const SubLink *link)
{
    ListCell *cell;
    foreach (cell, s->sublinks) {
        const struct sublink *note = lfirst(cell);
        if (note->link == link)
            return note;
    }
    return NULL;
}

/* x IN (SELECT column ...): compares by the `=` of their one type. */
static bool membership_is_safe(const struct scoper *s, struct level *l, const SubLink *link,
                               const struct sublink *note)
{
    if (link->operName || !IsA(link->testexpr, ColumnRef) || !note->outputs ||
        note->outputs->n != 1)
        return false;
    uint32_t type = scope_ref_type(l, (ColumnRef *)link->testexpr);
    if (type == 0 || type != note->outputs->items[0].type_oid)
        return false;
    A_Expr *equals = makeSimpleA_Expr(AEXPR_OP, "=", link->testexpr, link->testexpr, -1);
    return is_leakproof(s, l, (Node *)equals);
}

/* EXISTS and IN may become joins with what is inside: all leaky conditions in there look at their
 * own relations only, and are fenced. */
static bool sublink_is_safe(const struct scoper *s, struct level *l, const Node *expr)
{
    if (IsA(expr, BoolExpr) && ((const BoolExpr *)expr)->boolop == NOT_EXPR)
        expr = linitial(((const BoolExpr *)expr)->args);
    if (!IsA(expr, SubLink))
        return false;
    const SubLink *link = (const SubLink *)expr;
    const struct sublink *note = find_sublink(s, link);
    if (!note || note->inner->reaches_out)
        return false;
    return link->subLinkType == EXISTS_SUBLINK ||
           (link->subLinkType == ANY_SUBLINK && membership_is_safe(s, l, link, note));
}

static bool is_safe(struct scoper *s, struct level *l, Node *conjunct)
{
    return !scope_has_refs(conjunct) || is_leakproof(s, l, conjunct) ||
           scope_object_finds(s, l, conjunct) ||
           sublink_is_safe(s, l, conjunct);
}

List *scope_conjuncts(Node *cond)
{
    if (!IsA(cond, BoolExpr) || ((BoolExpr *)cond)->boolop != AND_EXPR)
        return list_make1(cond);
    List *all = NIL;
    ListCell *cell;
    foreach (cell, ((BoolExpr *)cond)->args)
        all = list_concat(all, scope_conjuncts(lfirst(cell)));
    return all;
}

static bool is_member(const List *leaves, const struct leaf *leaf)
{
    ListCell *cell;
    foreach (cell, leaves)
        if (lfirst(cell) == leaf)
            return true;
    return false;
}

/* No condition may be pushed into what ${source} stands for. */
static void wall(struct scoper *s, struct source *source)
{
    if (source->confined && source->subquery)
        scope_barrier(s, source->subquery);
    ListCell *cell;
    foreach (cell, source->hidden) {
        struct source *inner = lfirst(cell);
        if (inner->leaf)
            inner->leaf->barrier = true;
        wall(s, inner);
    }
}

static struct fence *fence_of(struct scoper *s, struct level *l, Node *conjunct, const List *leaves,
                              int index)
{
    struct fence *fence = palloc0(sizeof *fence);
    fence->index = index;
    for (struct source *source = l->sources; source; source = source->next) {
        if (!refers_to(conjunct, source))
            continue;
        scope_catalog_barrier(source);
        wall(s, source);
        if (!source->leaf || !is_member(leaves, source->leaf))
            continue;
        if (source->leaf->nullable)
            fence->nullable = lappend(fence->nullable, source->leaf);
        else
            fence->leaves = lappend(fence->leaves, source->leaf);
    }
    l->reaches_out = l->reaches_out || scope_reaches_out(l, conjunct);
    return fence->leaves || fence->nullable ? fence : NULL;
}

/* Does ${node} look at sources on one side only: those from ${right} on, or those before? */
static bool is_one_sided(const struct level *l, const struct source *right, Node *node, bool *ret_left)
{
    bool left = false, seen_left = false, seen_right = false;
    for (const struct source *source = l->sources; source; source = source->next) {
        left = left || source == right;
        if (refers_to(node, source))
            *(left ? &seen_left : &seen_right) = true;
    }
    *ret_left = seen_left;
    return seen_left != seen_right;
}

static void split_fence(struct scoper *s, struct level *l, const struct source *right, Node *conjunct,
                        const List *leaves, struct fence *fence)
{
    A_Expr *e = (A_Expr *)conjunct;
    bool first_left, second_left;
    if (!IsA(e, A_Expr) || e->kind != AEXPR_OP || list_length(e->name) != 1 ||
        strcmp(strVal(linitial(e->name)), "=") != 0 ||
        !is_one_sided(l, right, e->lexpr, &first_left) ||
        !is_one_sided(l, right, e->rexpr, &second_left) || first_left == second_left)
        return;
    struct fence *first = fence_of(s, l, e->lexpr, leaves, fence->index);
    struct fence *second = fence_of(s, l, e->rexpr, leaves, fence->index);
    fence->leaves = first ? first->leaves : NIL;
    fence->nullable = first ? first->nullable : NIL;
    fence->right = second ? second : palloc0(sizeof *second);
}

void scope_split_fences(struct scoper *s, struct level *l, const struct source *right, Node *cond,
                        const List *leaves, List *fences)
{
    const List *conjuncts = scope_conjuncts(cond);
    ListCell *cell;
    foreach (cell, fences) {
        struct fence *fence = lfirst(cell);
        split_fence(s, l, right, list_nth(conjuncts, fence->index), leaves, fence);
    }
}

/* x IN (SELECT ...) outside of any fence may become a join, and what the subquery computes a
 * condition on its tables: of such a subquery only the result is compared. */
static bool wall_memberships(Node *node, struct scoper *s)
{
    if (!node)
        return false;
    if (IsA(node, SubLink)) {
        const SubLink *link = (const SubLink *)node;
        const struct sublink *note = find_sublink(s, link);
        if (link->subLinkType == ANY_SUBLINK && note && note->inner->confined)
            scope_barrier(s, (SelectStmt *)link->subselect);
        return false;
    }
    return raw_expression_tree_walker(node, wall_memberships, s);
}

void scope_fences(struct scoper *s, struct level *l, Node *cond, List *leaves, List **ret)
{
    List *conjuncts = scope_conjuncts(cond);
    for (int i = 0; i < list_length(conjuncts); i++) {
        Node *conjunct = list_nth(conjuncts, i);
        if (is_safe(s, l, conjunct))
            continue;
        struct fence *fence = fence_of(s, l, conjunct, leaves, i);
        if (fence)
            *ret = lappend(*ret, fence);
        else
            (void)wall_memberships(conjunct, s);
    }
    if (s->whole_fences && *ret) {
        struct fence *all = fence_of(s, l, cond, leaves, -1);
        *ret = all ? list_make1(all) : NIL;
    }
}

/* The planner moves what contains no aggregate from HAVING to WHERE: the fence is one. */
void scope_having(struct scoper *s, struct level *l, SelectStmt *stmt)
{
    List *fences = NIL;
    List *conjuncts = scope_conjuncts(stmt->havingClause);
    for (int i = 0; i < list_length(conjuncts); i++) {
        Node *conjunct = list_nth(conjuncts, i);
        if (is_safe(s, l, conjunct))
            continue;
        (void)fence_of(s, l, conjunct, NIL, i); /* for the barriers */
        struct fence *fence = palloc0(sizeof *fence);
        fence->index = s->whole_fences ? -1 : i;
        fences = s->whole_fences ? list_make1(fence) : lappend(fences, fence);
    }
    if (fences && l->confined) {
        struct change *c = scope_change(s, CHANGE_HAVING, (Node *)stmt);
        c->anchor = l->anchor;
        c->fences = fences;
    }
}
