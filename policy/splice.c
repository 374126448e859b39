#include "policy/splice.h"

#include "policy/splice_edit.h"
#include "policy/splice_sql.h"
#include "protocol/sqlstate.h"

#include <string.h>

/* Fences repeat predicates: a statement of a megabyte must not become one of a hundred. */
enum { MAX_TEXT_BYTES = 8 << 20 };

/* -- conditions -- */

static bool is_group(const struct tokens *t, int from, int to)
{
    if (!tokens_is_char(t, from, '(') || t->match[from] != to - 1)
        return false;
    return !tokens_is(t, from + 1, "select") && !tokens_is(t, from + 1, "with") &&
           !tokens_is(t, from + 1, "values") && !tokens_is(t, from + 1, "table");
}

/* The end of the conjunct that begins at ${from}; to if an OR makes it all one. */
static int conjunct_end(const struct tokens *t, int from, int to, bool *ret_or)
{
    int cases = 0, betweens = 0, i = from;
    for (; i < to; i++) {
        if (t->match[i] > i)
            i = t->match[i];
        else if (t->items[i].kind != SCAN_WORD)
            continue;
        else if (tokens_is(t, i, "case"))
            cases++;
        else if (tokens_is(t, i, "end"))
            cases -= cases > 0;
        else if (cases == 0 && tokens_is(t, i, "between"))
            betweens++;
        else if (cases == 0 && tokens_is(t, i, "or"))
            *ret_or = true;
        else if (cases == 0 && tokens_is(t, i, "and") && betweens-- <= 0)
            break;
        betweens = betweens < 0 ? 0 : betweens;
    }
    return i;
}

/* The two sides of an equality, each behind a fence of its own. */
static void fence_sides(struct splice *p, int from, int to, const struct fence *fence)
{
    int equals = tokens_forward(&p->t, from, tokens_is_equals);
    if (equals <= from || equals + 1 >= to)
        return; /* verify finds it missing */
    if (fence->leaves || fence->nullable)
        splice_wrap(p, from, equals, sql_fence_open(p->s, fence), ") END");
    if (fence->right->leaves || fence->right->nullable)
        splice_wrap(p, equals + 1, to, sql_fence_open(p->s, fence->right), ") END");
}

/* Put the fences around their conjuncts in tokens ${from} to ${to} - 1. */
static void fence_conjuncts(struct splice *p, int from, int to, const List *fences, int *index)
{
    bool has_or = false;
    int first = conjunct_end(&p->t, from, to, &has_or);
    for (int i = first + 1; i < to; i = conjunct_end(&p->t, i, to, &has_or) + 1)
        continue;
    bool one = has_or || first == to;
    if (one && is_group(&p->t, from, to)) {
        fence_conjuncts(p, from + 1, to - 1, fences, index);
        return;
    }
    if (!one) {
        for (int i = from; i < to;) {
            int end = conjunct_end(&p->t, i, to, &has_or);
            fence_conjuncts(p, i, end, fences, index);
            i = end + 1;
        }
        return;
    }
    ListCell *cell;
    foreach (cell, fences) {
        const struct fence *fence = lfirst(cell);
        if (fence->index == *index && fence->right)
            fence_sides(p, from, to, fence);
        else if (fence->index == *index)
            splice_wrap(p, from, to, sql_fence_open(p->s, fence), ") END");
    }
    (*index)++;
}

/* A condition that stands in tokens ${from} to ${to} - 1. */
static void condition(struct splice *p, const struct change *c, int from, int to)
{
    char *quals = sql_quals(p->s, c->leaves);
    if (quals)
        splice_wrap(p, from, to, psprintf("%s AND (", quals), ")");
    const struct fence *first = c->fences ? linitial(c->fences) : NULL;
    int index = 0;
    if (first && first->index < 0)
        splice_wrap(p, from, to, sql_fence_open(p->s, first), ") END");
    else if (first)
        fence_conjuncts(p, from, to, c->fences, &index);
}

/* The WHERE of a statement whose FROM, or target, begins at token ${at}. */
static int where_from(struct splice *p, const struct change *c, int at)
{
    int end = tokens_forward(&p->t, at, tokens_ends_from);
    if (!tokens_is(&p->t, end, "where")) {
        splice_after(p, end - 1, psprintf(" WHERE %s", sql_quals(p->s, c->leaves)));
        return 0;
    }
    int to = tokens_forward(&p->t, end + 1, tokens_ends_where);
    if (to <= end + 1)
        return splice_lost(p, "WHERE");
    condition(p, c, end + 1, to);
    return 0;
}

static int where(struct splice *p, const struct change *c)
{
    int at = c->anchor ? tokens_at(&p->t, c->anchor->location) : -1;
    if (at >= 0 && IsA(c->stmt, SelectStmt)) {
        int table = splice_table(p, (const SelectStmt *)c->stmt);
        at = table >= 0 ? table : tokens_back_to(&p->t, at, "from");
    }
    return at < 0 ? splice_lost(p, "FROM") : where_from(p, c, at + 1);
}

/* ON and HAVING: from the condition's own place back to their keyword. */
static int clause(struct splice *p, const struct change *c, Node *cond, const char *word,
                  bool (*stop)(const struct tokens *t, int i))
{
    int at = tokens_at(&p->t, splice_location(cond));
    at = at < 0 ? -1 : tokens_back_to(&p->t, at, word);
    if (at < 0)
        return splice_lost(p, word);
    int to = tokens_forward(&p->t, at + 1, stop);
    if (to <= at + 1)
        return splice_lost(p, word);
    condition(p, c, at + 1, to);
    return 0;
}

/* -- relations -- */

/* Past `[AS] alias [(columns)] [TABLESAMPLE method (...)]`, which begins at ${i}. */
static int alias_end(const struct tokens *t, int i, const RangeVar *var)
{
    if (var->alias) {
        i += i < t->n && scan_is_word(t->text, &t->items[i], "as") ? 2 : 1;
        if (var->alias->colnames && tokens_is_char(t, i, '('))
            i = t->match[i] + 1;
    }
    if (tokens_is(t, i, "tablesample") && tokens_is_char(t, i + 2, '('))
        i = t->match[i + 2] + 1;
    return i;
}

/* Past the name that begins at ${from}, and past the `*` that says once more that inheriting tables
 * are meant. */
static int name_end(const struct tokens *t, int from)
{
    int to = splice_name_end(t, from);
    bool star = to < t->n && t->items[to].kind == SCAN_OPERATOR && t->text[t->items[to].start] == '*';
    return star ? to + 1 : to;
}

static int wrap_leaf(struct splice *p, const struct change *c)
{
    const struct leaf *leaf = c->leaf;
    int from = tokens_at(&p->t, leaf->var->location);
    if (from < 0)
        return splice_lost(p, "a relation");
    int to = name_end(&p->t, from);
    if (c->stmt)
        (void)splice_table(p, (const SelectStmt *)c->stmt);
    if (!leaf->var->inh && tokens_is(&p->t, from - 1, "only"))
        from--;
    else if (!leaf->var->inh && tokens_is(&p->t, from - 2, "only")) {
        from -= 2; /* ONLY (t) */
        to++;
    }
    bool stays = scope_stays(leaf);
    if (stays)
        to = alias_end(&p->t, to, leaf->var);
    if (to <= from || to > p->t.n)
        return splice_lost(p, "a relation");
    splice_wrap(p, from, to, stays ? "(" : sql_wrap_open(leaf),
                stays ? sql_stay_close(p->s, leaf) : sql_wrap_close(p->s, leaf));
    return 0;
}

/* Where the first thing of a select list or of FROM is said; -1: not known. */
static int first_location(const Node *node)
{
    if (IsA(node, ResTarget))
        return ((const ResTarget *)node)->location;
    while (IsA(node, JoinExpr))
        node = ((const JoinExpr *)node)->larg;
    if (IsA(node, RangeTableSample))
        node = ((const RangeTableSample *)node)->relation;
    if (IsA(node, RangeFunction))
        return splice_location(linitial(linitial_node(List, ((const RangeFunction *)node)->functions)));
    return IsA(node, RangeVar) ? ((const RangeVar *)node)->location : -1;
}

/* The system's relation becomes a subselect, which must have a name. */
static int catalog(struct splice *p, const struct change *c)
{
    int from = tokens_at(&p->t, c->anchor->location);
    if (from < 0)
        return splice_lost(p, "a relation");
    if (c->stmt)
        (void)splice_table(p, (const SelectStmt *)c->stmt);
    splice_replace(p, from, name_end(&p->t, from),
                   c->anchor->alias ? scope_catalog_text(c)
                                    : psprintf("%s AS %s", scope_catalog_text(c),
                                               sql_ident(c->anchor->relname)));
    return 0;
}

/* The SELECT, TABLE or VALUES with which one of a query's arms begins; -1: not found. */
static int query_start(const struct tokens *t, const SelectStmt *query)
{
    if (query->op != SETOP_NONE) {
        int left = query_start(t, query->larg);
        return left < 0 ? query_start(t, query->rarg) : left;
    }
    int table = splice_table_keyword(t, query);
    if (table >= 0)
        return table;
    if (query->valuesLists)
        return splice_values(t, query);
    const List *parts = query->targetList ? query->targetList : query->fromClause;
    int location = parts ? first_location(linitial(parts)) : -1;
    int at = tokens_at(t, location < 0 ? splice_location(query->whereClause) : location);
    if (at < 0 && parts && IsA(linitial(parts), RangeSubselect))
        at = query_start(t, (const SelectStmt *)((const RangeSubselect *)linitial(parts))->subquery);
    return at < 0 ? -1 : tokens_back_to(t, at, "select");
}

/* Does token ${i} begin an alias, so that the bracket before it closed a subquery in FROM? */
static bool begins_alias(const struct tokens *t, int i)
{
    if (i >= t->n)
        return false;
    if (t->items[i].kind == SCAN_QUOTED)
        return true;
    return t->items[i].kind == SCAN_WORD && !tokens_ends_from(t, i);
}

static int barrier(struct splice *p, const SelectStmt *query)
{
    int at = query_start(&p->t, query);
    for (int i = at - 1; i >= 0; i--) {
        if (p->t.match[i] >= 0 && p->t.match[i] < i) {
            i = p->t.match[i]; /* a closed group to the left: a CTE's, an arm's */
            continue;
        }
        if (!tokens_is_char(&p->t, i, '(') || p->t.match[i] < 0)
            continue;
        int close = p->t.match[i];
        if (scan_is_word(p->t.text, &p->t.items[i ? i - 1 : 0], "materialized") ||
            scan_is_word(p->t.text, &p->t.items[i ? i - 1 : 0], "as") ||
            tokens_is(&p->t, i - 1, "in") || tokens_is(&p->t, i - 1, "any") ||
            tokens_is(&p->t, i - 1, "some") || begins_alias(&p->t, close + 1)) {
            splice_after(p, close - 1, " OFFSET 0");
            return 0;
        }
    }
    return splice_lost(p, "a subquery's end");
}

static int merge_on(struct splice *p, const struct change *c)
{
    struct span s = splice_merge_on(p, c);
    if (s.from < 0 || s.from >= s.to)
        return splice_lost(p, "ON");
    condition(p, c, s.from, s.to);
    return 0;
}

/* Before the name, or in place of the schema that the client has written. */
static int schema(struct splice *p, const struct change *c)
{
    const RangeVar *var = IsA(c->stmt, RangeVar) ? (const RangeVar *)c->stmt : NULL;
    int location = var                      ? var->location
                   : IsA(c->stmt, TypeName) ? ((const TypeName *)c->stmt)->location
                                            : ((const ColumnRef *)c->stmt)->location;
    int at = tokens_at(&p->t, location);
    if (at < 0)
        return splice_lost(p, "a name");
    const char *name = sql_ident(c->schema);
    if (var && !var->schemaname)
        name = psprintf("%s.%s", name, splice_copy(p, at, at + 1));
    splice_replace(p, at, at + 1, name);
    return 0;
}

static int splice_one(struct splice *p, const struct change *c)
{
    switch (c->kind) {
    case CHANGE_WHERE:
        return where(p, c);
    case CHANGE_ON:
        return clause(p, c, c->join->quals, "on", tokens_ends_on);
    case CHANGE_HAVING:
        return clause(p, c, ((SelectStmt *)c->stmt)->havingClause, "having", tokens_ends_where);
    case CHANGE_WRAP:
        return wrap_leaf(p, c);
    case CHANGE_BARRIER:
        return barrier(p, (SelectStmt *)c->stmt);
    case CHANGE_COLUMNS:
        return splice_columns(p, c);
    case CHANGE_APPEND:
        return splice_append(p, c);
    case CHANGE_STAR:
        return splice_star(p, c);
    case CHANGE_VALUE:
        return splice_value(p, c);
    case CHANGE_CONFLICT:
        return splice_conflict(p, c);
    case CHANGE_EXPAND:
        return splice_expand(p, c);
    case CHANGE_MERGE_ON:
        return merge_on(p, c);
    case CHANGE_MERGE_INSERT:
        return splice_merge_insert(p, c);
    case CHANGE_CATALOG:
        return catalog(p, c);
    case CHANGE_COPY:
        return splice_copy_out(p, c);
    case CHANGE_COPY_IN:
        return splice_copy_in(p, c);
    case CHANGE_SCHEMA:
        return schema(p, c);
    case CHANGE_NO_SCHEMA:
        return splice_schema(p, c);
    case CHANGE_ANSWER:
        return splice_answer(p, c);
    case CHANGE_LOOKUP:
        return splice_lookup(p, c);
    case CHANGE_MASK:
        return splice_mask(p, c);
    case CHANGE_RETURNING:
        return splice_returning(p, c);
    case CHANGE_GROUP:
        return splice_group(p, c);
    case CHANGE_EXPLAIN:
        return splice_explain(p, c);
    case CHANGE_EXECUTE:
        return splice_execute(p, c);
    case CHANGE_CHANNEL:
    case CHANGE_LOCK:
        return splice_call(p, c);
    }
    return splice_lost(p, "a change");
}

int splice_text(struct scoper *s, char **ret)
{
    struct splice p = {.s = s, .t = *s->tokens};
    ListCell *cell;
    foreach (cell, s->changes)
        if (splice_one(&p, lfirst(cell)) < 0)
            return -1;
    *ret = splice_assemble(&p);
    if (strlen(*ret) > MAX_TEXT_BYTES)
        return scope_refuse(s, SQLSTATE_PROGRAM_LIMIT_EXCEEDED, -1,
                            "the confined statement is longer than %d bytes", MAX_TEXT_BYTES);
    return 0;
}
