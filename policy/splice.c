#include "policy/splice.h"

#include "policy/splice_sql.h"
#include "policy/splice_tokens.h"
#include "protocol/sqlstate.h"

#include "lib/stringinfo.h"

/* One edit of the text.  At one offset, what closes comes first (inner before outer), then insertions, then
 * what opens (outer before inner). */
struct edit {
    uint32_t start, end;
    const char *before, *after; /* an insertion has start == end and no after */
    bool replaces;              /* the text between goes away */
    int rank;                   /* among insertions at one place; among equal spans: outer first */
};

struct splice {
    struct scoper *s;
    struct tokens t;
    struct edit *edits;
    int n, cap;
};

static int lost(const struct splice *p, const char *what)
{
    return scope_refuse(p->s, SQLSTATE_INTERNAL_ERROR, -1, "self-check failed: cannot place %s",
                        what);
}

static struct edit *add_edit(struct splice *p)
{
    if (p->n == p->cap) {
        p->cap = p->cap ? 2 * p->cap : 16;
        size_t bytes = (size_t)p->cap * sizeof *p->edits;
        p->edits = p->edits ? repalloc(p->edits, bytes) : palloc(bytes);
    }
    struct edit *e = &p->edits[p->n];
    *e = (struct edit){.rank = p->n++};
    return e;
}

/* Behind token ${i}. */
static void insert_after(struct splice *p, int i, const char *text)
{
    struct edit *e = add_edit(p);
    e->start = e->end = p->t.items[i].end;
    e->before = text;
}

/* Around tokens ${from} to ${to} - 1. */
static void wrap(struct splice *p, int from, int to, const char *before, const char *after)
{
    struct edit *e = add_edit(p);
    e->start = p->t.items[from].start;
    e->end = p->t.items[to - 1].end;
    e->before = before;
    e->after = after;
}

static void replace(struct splice *p, int from, int to, const char *text)
{
    wrap(p, from, to, text, NULL);
    p->edits[p->n - 1].replaces = true;
}

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

/* Put the fences around their conjuncts in tokens ${from} to ${to} - 1. */
static void fence_conjuncts(struct splice *p, int from, int to, const List *fences, int *index)
{
    bool has_or = false;
    for (int i = from; i < to; i = conjunct_end(&p->t, i, to, &has_or) + 1)
        continue;
    bool one = has_or || conjunct_end(&p->t, from, to, &has_or) == to;
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
        if (fence->index == *index)
            wrap(p, from, to, sql_fence_open(p->s, fence), ") END");
    }
    (*index)++;
}

/* A condition that stands in tokens ${from} to ${to} - 1. */
static void condition(struct splice *p, const struct change *c, int from, int to)
{
    char *quals = sql_quals(p->s, c->leaves);
    if (quals)
        wrap(p, from, to, psprintf("%s AND (", quals), ")");
    const struct fence *first = c->fences ? linitial(c->fences) : NULL;
    int index = 0;
    if (first && first->index < 0)
        wrap(p, from, to, sql_fence_open(p->s, first), ") END");
    else if (first)
        fence_conjuncts(p, from, to, c->fences, &index);
}

static bool is_where(const struct tokens *t, int i)
{
    return tokens_is(t, i, "where") || tokens_ends_where(t, i);
}

/* The WHERE of a statement whose FROM, or target, begins at token ${at}. */
static int where_from(struct splice *p, const struct change *c, int at)
{
    int end = tokens_forward(&p->t, at, is_where);
    if (!tokens_is(&p->t, end, "where")) {
        insert_after(p, end - 1, psprintf(" WHERE %s", sql_quals(p->s, c->leaves)));
        return 0;
    }
    int to = tokens_forward(&p->t, end + 1, tokens_ends_where);
    if (to <= end + 1)
        return lost(p, "WHERE");
    condition(p, c, end + 1, to);
    return 0;
}

/* TABLE t takes no WHERE: it becomes what it stands for.  Returns whether token ${at} begins its name. */
static bool untable(struct splice *p, int at)
{
    int keyword = at - 1 - (tokens_is(&p->t, at - 1, "only") ? 1 : 0);
    if (!tokens_is(&p->t, keyword, "table"))
        return false;
    replace(p, keyword, keyword + 1, "SELECT * FROM");
    return true;
}

static int where(struct splice *p, const struct change *c)
{
    int at = c->anchor ? tokens_at(&p->t, c->anchor->location) : -1;
    if (at >= 0 && IsA(c->stmt, SelectStmt) && !untable(p, at))
        at = tokens_back_to(&p->t, at, "from");
    return at < 0 ? lost(p, "FROM") : where_from(p, c, at + 1);
}

/* ON and HAVING: from the condition's own place back to their keyword. */
static int clause(struct splice *p, const struct change *c, Node *cond, const char *word,
                  bool (*stop)(const struct tokens *t, int i))
{
    int at = tokens_at(&p->t, exprLocation(cond));
    at = at < 0 ? -1 : tokens_back_to(&p->t, at, word);
    if (at < 0)
        return lost(p, word);
    int to = tokens_forward(&p->t, at + 1, stop);
    if (to <= at + 1)
        return lost(p, word);
    condition(p, c, at + 1, to);
    return 0;
}

/* -- relations -- */

/* Past a name and what its dots join; ${at} is its first token. */
static int name_end(const struct tokens *t, int at)
{
    int i = at + 1;
    while (tokens_is_char(t, i, '.'))
        i += 2;
    return i;
}

static int wrap_leaf(struct splice *p, const struct leaf *leaf)
{
    int from = tokens_at(&p->t, leaf->var->location);
    if (from < 0)
        return lost(p, "a relation");
    int to = name_end(&p->t, from);
    if (!leaf->var->inh && tokens_is(&p->t, from - 1, "only"))
        from--;
    else if (!leaf->var->inh && tokens_is(&p->t, from - 2, "only")) {
        from -= 2; /* ONLY (t) */
        to++;
    } else if (to < p->t.n && p->t.items[to].kind == SCAN_OPERATOR && p->t.text[p->t.items[to].start] == '*') {
        to++;
    }
    if (to > p->t.n)
        return lost(p, "a relation");
    wrap(p, from, to, "(SELECT * FROM ", sql_wrap_close(p->s, leaf));
    return 0;
}

static const ResTarget *first_target(const SelectStmt *query)
{
    while (query->op != SETOP_NONE)
        query = query->larg;
    return query->targetList ? linitial(query->targetList) : NULL;
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
    const ResTarget *target = first_target(query);
    int at = target ? tokens_at(&p->t, target->location) : -1;
    at = at < 0 ? -1 : tokens_back_to(&p->t, at, "select");
    for (int i = at - 1; i >= 0; i--) {
        if (p->t.match[i] >= 0 && p->t.match[i] < i) {
            i = p->t.match[i]; /* a closed group to the left: a CTE's, an arm's */
            continue;
        }
        if (!tokens_is_char(&p->t, i, '(') || p->t.match[i] < 0)
            continue;
        int close = p->t.match[i];
        if (tokens_is(&p->t, i - 1, "materialized") ||
            scan_is_word(p->t.text, &p->t.items[i ? i - 1 : 0], "as") ||
            begins_alias(&p->t, close + 1)) {
            insert_after(p, close - 1, " OFFSET 0");
            return 0;
        }
    }
    return lost(p, "a subquery's end");
}

/* -- INSERT -- */

static bool is_conflict(const struct tokens *t, int i)
{
    return tokens_is(t, i, "on") && tokens_is(t, i + 1, "conflict");
}

static bool is_set(const struct tokens *t, int i)
{
    return tokens_is(t, i, "set");
}

/* Past `name [AS alias]` of an INSERT's target. */
static int target_end(const struct splice *p, const RangeVar *var)
{
    int at = tokens_at(&p->t, var->location);
    if (at < 0)
        return -1;
    int i = name_end(&p->t, at);
    if (i < p->t.n && scan_is_word(p->t.text, &p->t.items[i], "as"))
        i += 2;
    return i <= p->t.n ? i : -1;
}

static int columns(struct splice *p, const struct change *c)
{
    int at = target_end(p, c->anchor);
    if (at < 0)
        return lost(p, "a column list");
    if (!c->insert->cols)
        insert_after(p, at - 1, psprintf(" (%s)", sql_columns(c)));
    else if (tokens_is_char(&p->t, at, '(') && p->t.match[at] > at)
        insert_after(p, p->t.match[at] - 1, psprintf(", %s", sql_columns(c)));
    else
        return lost(p, "a column list");
    return 0;
}

static int expand(struct splice *p, const struct change *c)
{
    int at = target_end(p, c->anchor);
    if (at < 0 || !tokens_is(&p->t, at, "default") || !tokens_is(&p->t, at + 1, "values"))
        return lost(p, "DEFAULT VALUES");
    replace(p, at, at + 2, psprintf("(%s) VALUES (%s)", sql_columns(c),
                                    sql_tenant(p->s, c->access->tenant)));
    return 0;
}

/* The bracket that opens the first row of VALUES. */
static int first_row(const struct splice *p, const SelectStmt *arm)
{
    const Node *value = linitial(linitial_node(List, arm->valuesLists));
    int at = tokens_at(&p->t, exprLocation(value));
    at = at < 0 ? -1 : tokens_back_to(&p->t, at, "values");
    return at < 0 || !tokens_is_char(&p->t, at + 1, '(') ? -1 : at + 1;
}

static int next_row(const struct splice *p, int open)
{
    int close = p->t.match[open];
    return close > open && tokens_is_char(&p->t, close + 1, ',') &&
                   tokens_is_char(&p->t, close + 2, '(')
               ? close + 2
               : -1;
}

/* First token of a select list, past DISTINCT. */
static int first_of_targets(const struct splice *p, const SelectStmt *arm)
{
    if (!arm->targetList)
        return -1;
    int at = tokens_at(&p->t, ((const ResTarget *)linitial(arm->targetList))->location);
    at = at < 0 ? -1 : tokens_back_to(&p->t, at, "select");
    if (at++ < 0)
        return -1;
    if (tokens_is(&p->t, at, "all"))
        return at + 1;
    if (!tokens_is(&p->t, at, "distinct"))
        return at;
    at++;
    if (tokens_is(&p->t, at, "on") && tokens_is_char(&p->t, at + 1, '('))
        at = p->t.match[at + 1] < 0 ? -1 : p->t.match[at + 1] + 1;
    return at;
}

static int append(struct splice *p, const struct change *c)
{
    const SelectStmt *arm = (const SelectStmt *)c->stmt;
    const char *value = psprintf(", %s", sql_tenant(p->s, c->access->tenant));
    if (!arm->valuesLists) {
        int at = first_of_targets(p, arm);
        if (at < 0)
            return lost(p, "a select list");
        insert_after(p, tokens_forward(&p->t, at, tokens_ends_targets) - 1, value);
        return 0;
    }
    int row = first_row(p, arm);
    for (int i = 0; i < list_length(arm->valuesLists); i++, row = next_row(p, row)) {
        if (row < 0 || p->t.match[row] < 0)
            return lost(p, "a row");
        insert_after(p, p->t.match[row] - 1, value);
    }
    return 0;
}

/* -- values -- */

static char *copy_of(const struct splice *p, int from, int to)
{
    uint32_t start = p->t.items[from].start, len = p->t.items[to - 1].end - start;
    char *text = palloc0((size_t)len + 1);
    memcpy(text, p->t.text + start, len);
    return text;
}

struct span {
    int from, to; /* tokens; to is past the end */
};

/* Element ${k} of a list that begins at token ${at}. */
static struct span element(const struct tokens *t, int at, int k,
                           bool (*stop)(const struct tokens *t, int i))
{
    struct span s = {at, at};
    int end = tokens_forward(t, at, stop);
    for (; k >= 0; k--) {
        s.from = at;
        s.to = tokens_forward(t, at, tokens_is_comma);
        s.to = s.to < end ? s.to : end;
        at = s.to + 1;
        if (k > 0 && s.to >= end)
            return (struct span){-1, -1};
    }
    return s;
}

static bool never(const struct tokens *t, int i)
{
    (void)t;
    (void)i;
    return false;
}

static bool ends_set(const struct tokens *t, int i)
{
    return tokens_ends_targets(t, i);
}

static bool is_equals(const struct tokens *t, int i)
{
    return t->items[i].kind == SCAN_OPERATOR && t->items[i].end - t->items[i].start == 1 &&
           t->text[t->items[i].start] == '=';
}

/* The first token after SET. */
static int set_start(const struct splice *p, const struct change *c)
{
    int at = tokens_at(&p->t, c->anchor->location);
    if (at >= 0 && c->place == PLACE_CONFLICT_SET)
        at = tokens_forward(&p->t, at, is_conflict);
    at = at < 0 ? -1 : tokens_forward(&p->t, at, is_set);
    return tokens_is(&p->t, at, "set") ? at + 1 : -1;
}

static struct span set_value(const struct splice *p, const struct change *c)
{
    const List *targets = c->place == PLACE_SET
                              ? ((const UpdateStmt *)c->stmt)->targetList
                              : ((const InsertStmt *)c->stmt)->onConflictClause->targetList;
    int at = set_start(p, c);
    if (at < 0)
        return (struct span){-1, -1};
    struct span s = element(&p->t, at, scope_set_element(targets, c->item), ends_set);
    int equals = s.from < 0 ? -1 : tokens_forward(&p->t, s.from, is_equals);
    if (equals < 0 || equals >= s.to)
        return (struct span){-1, -1};
    s.from = equals + 1;
    return s;
}

static struct span row_value(const struct splice *p, const struct change *c)
{
    int row = first_row(p, (const SelectStmt *)c->stmt);
    for (int i = 0; i < c->row && row >= 0; i++)
        row = next_row(p, row);
    return row < 0 ? (struct span){-1, -1} : element(&p->t, row + 1, c->item, never);
}

/* A select list's item without its alias. */
static struct span target_value(const struct splice *p, const struct change *c)
{
    const SelectStmt *arm = (const SelectStmt *)c->stmt;
    const ResTarget *target = list_nth(arm->targetList, c->item);
    int at = first_of_targets(p, arm);
    if (at < 0)
        return (struct span){-1, -1};
    struct span s = element(&p->t, at, c->item, tokens_ends_targets);
    if (s.from >= 0 && target->name) {
        s.to--;
        if (scan_is_word(p->t.text, &p->t.items[s.to - 1], "as"))
            s.to--;
    }
    return s;
}

static int value(struct splice *p, const struct change *c)
{
    struct span s = c->place == PLACE_ROW      ? row_value(p, c)
                    : c->place == PLACE_TARGET ? target_value(p, c)
                                               : set_value(p, c);
    if (s.from < 0 || s.from >= s.to)
        return lost(p, "a value");
    if (c->value.check == CHECK_TENANT)
        wrap(p, s.from, s.to, "CASE WHEN (", sql_tenant_check(p->s, c));
    else if (c->value.check == CHECK_DEFAULT)
        replace(p, s.from, s.to, sql_tenant(p->s, c->value.column));
    else
        replace(p, s.from, s.to, sql_parent_check(p->s, c, copy_of(p, s.from, s.to)));
    return 0;
}

static int conflict(struct splice *p, const struct change *c)
{
    struct change at = {.anchor = c->anchor, .place = PLACE_CONFLICT_SET};
    int set = set_start(p, &at);
    if (set < 0)
        return lost(p, "DO UPDATE");
    int where_at = tokens_forward(&p->t, set, is_where);
    char *open = sql_conflict_open(p->s, c), *close = sql_conflict_close(c);
    if (!tokens_is(&p->t, where_at, "where")) {
        insert_after(p, where_at - 1, psprintf(" WHERE %strue%s", open, close));
        return 0;
    }
    int to = tokens_forward(&p->t, where_at + 1, tokens_ends_where);
    if (to <= where_at + 1)
        return lost(p, "DO UPDATE");
    wrap(p, where_at + 1, to, psprintf("%s(", open), psprintf(")%s", close));
    return 0;
}

static int copy(struct splice *p, const struct change *c)
{
    int from = tokens_at(&p->t, c->anchor->location);
    if (from < 0)
        return lost(p, "a relation");
    int to = name_end(&p->t, from);
    const char *relation = copy_of(p, from, to);
    if (tokens_is_char(&p->t, to, '(') && p->t.match[to] > to)
        to = p->t.match[to] + 1;
    replace(p, from, to, sql_copy(p->s, c, relation));
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
        return wrap_leaf(p, c->leaf);
    case CHANGE_BARRIER:
        return barrier(p, (SelectStmt *)c->stmt);
    case CHANGE_COLUMNS:
        return columns(p, c);
    case CHANGE_APPEND:
        return append(p, c);
    case CHANGE_VALUE:
        return value(p, c);
    case CHANGE_CONFLICT:
        return conflict(p, c);
    case CHANGE_EXPAND:
        return expand(p, c);
    case CHANGE_COPY:
        return copy(p, c);
    }
    return lost(p, "a change");
}

/* -- putting it together -- */

struct piece { /* a text to be put at an offset */
    uint32_t at;
    int phase; /* 0 closes, 1 inserted, 2 opens */
    uint32_t other; /* the far end of its span */
    int rank;
    const char *text;
    uint32_t skip; /* the client's text goes on here */
};

static int piece_compare(const void *x, const void *y)
{
    const struct piece *a = x, *b = y;
    if (a->at != b->at)
        return a->at < b->at ? -1 : 1;
    if (a->phase != b->phase)
        return a->phase - b->phase;
    if (a->phase != 1 && a->other != b->other) /* closing: began last first; opening: ends last first */
        return a->other > b->other ? -1 : 1;
    return a->phase == 0 ? b->rank - a->rank : a->rank - b->rank;
}

/* The client's text from ${from} to ${to}. */
static void keep(const struct splice *p, StringInfo out, uint32_t from, uint32_t to)
{
    if (to <= from)
        return;
    p->s->runs[p->s->nruns++] = (struct run){(uint32_t)out->len, to - from, from};
    appendBinaryStringInfo(out, p->t.text + from, (int)(to - from));
}

static char *assemble(const struct splice *p)
{
    int n = 0;
    struct piece *pieces = palloc0((size_t)(2 * p->n + 1) * sizeof *pieces);
    for (int i = 0; i < p->n; i++) {
        const struct edit *e = &p->edits[i];
        pieces[n++] = (struct piece){e->start, e->start == e->end ? 1 : 2, e->end, e->rank,
                                     e->before, e->replaces ? e->end : e->start};
        if (e->after)
            pieces[n++] = (struct piece){e->end, 0, e->start, e->rank, e->after, e->end};
    }
    qsort(pieces, (size_t)n, sizeof *pieces, piece_compare);
    StringInfoData out;
    initStringInfo(&out);
    p->s->runs = palloc0((size_t)(n + 1) * sizeof *p->s->runs);
    p->s->nruns = 0;
    uint32_t at = p->s->start;
    for (int i = 0; i < n; i++) {
        keep(p, &out, at, pieces[i].at);
        at = pieces[i].at > at ? pieces[i].at : at;
        appendStringInfoString(&out, pieces[i].text);
        at = pieces[i].skip > at ? pieces[i].skip : at;
    }
    keep(p, &out, at, p->s->end);
    return out.data;
}

int splice_text(struct scoper *s, char **ret)
{
    struct splice p = {.s = s};
    tokens_init(&p.t, s->sql, s->start, s->end);
    ListCell *cell;
    foreach (cell, s->changes)
        if (splice_one(&p, lfirst(cell)) < 0)
            return -1;
    *ret = assemble(&p);
    return 0;
}
