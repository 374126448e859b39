/* What is written: columns, rows, values, SET lists, ON CONFLICT. */
#include "policy/splice_edit.h"

#include "policy/splice_sql.h"

/* -- INSERT -- */

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
    int i = splice_name_end(&p->t, at);
    if (i < p->t.n && scan_is_word(p->t.text, &p->t.items[i], "as"))
        i += 2;
    return i <= p->t.n ? i : -1;
}

int splice_columns(struct splice *p, const struct change *c)
{
    int at = target_end(p, c->anchor);
    if (at < 0)
        return splice_lost(p, "a column list");
    if (!c->insert->cols)
        splice_after(p, at - 1, psprintf(" (%s)", sql_columns(c)));
    else if (tokens_is_char(&p->t, at, '(') && p->t.match[at] > at)
        splice_after(p, p->t.match[at] - 1, psprintf(", %s", sql_columns(c)));
    else
        return splice_lost(p, "a column list");
    return 0;
}

int splice_expand(struct splice *p, const struct change *c)
{
    int at = target_end(p, c->anchor);
    if (at < 0 || !tokens_is(&p->t, at, "default") || !tokens_is(&p->t, at + 1, "values"))
        return splice_lost(p, "DEFAULT VALUES");
    splice_replace(p, at, at + 2, psprintf("(%s) VALUES (%s)", sql_columns(c),
                                    sql_tenant(p->s, c->access->tenant)));
    return 0;
}

int splice_values(const struct tokens *t, const SelectStmt *query)
{
    const Node *value = linitial(linitial_node(List, query->valuesLists));
    int at = tokens_at(t, splice_location(value));
    return at < 0 ? -1 : tokens_back_to(t, at, "values");
}

/* The bracket that opens the first row of VALUES. */
static int first_row(const struct splice *p, const SelectStmt *arm)
{
    int at = splice_values(&p->t, arm);
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

int splice_append(struct splice *p, const struct change *c)
{
    const SelectStmt *arm = (const SelectStmt *)c->stmt;
    if (splice_table(p, arm) >= 0)
        return 0;
    const char *value = psprintf(", %s", sql_tenant(p->s, c->access->tenant));
    if (!arm->valuesLists) {
        int at = first_of_targets(p, arm);
        if (at < 0)
            return splice_lost(p, "a select list");
        splice_after(p, tokens_forward(&p->t, at, tokens_ends_targets) - 1, value);
        return 0;
    }
    int row = first_row(p, arm);
    for (int i = 0; i < list_length(arm->valuesLists); i++, row = next_row(p, row)) {
        if (row < 0 || p->t.match[row] < 0)
            return splice_lost(p, "a row");
        splice_after(p, p->t.match[row] - 1, value);
    }
    return 0;
}

/* -- values -- */

struct span splice_element(const struct tokens *t, int at, int k, int end)
{
    struct span s = {at, at};
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

static struct span element(const struct tokens *t, int at, int k,
                           bool (*stop)(const struct tokens *t, int i))
{
    return splice_element(t, at, k, tokens_forward(t, at, stop));
}

static bool never(const struct tokens *t, int i)
{
    (void)t;
    (void)i;
    return false;
}

struct span splice_assigned(const struct tokens *t, struct span element)
{
    int equals = element.from < 0 ? -1 : tokens_forward(t, element.from, tokens_is_equals);
    if (equals < 0 || equals >= element.to)
        return (struct span){-1, -1};
    return (struct span){equals + 1, element.to};
}

/* The first token after SET. */
static int set_start(const struct splice *p, const struct change *c)
{
    int at = tokens_at(&p->t, c->anchor->location);
    at = at < 0 ? -1 : splice_name_end(&p->t, at); /* a table may be called set */
    if (at >= 0 && c->place == PLACE_CONFLICT_SET)
        at = tokens_forward(&p->t, at, tokens_is_conflict);
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
    return splice_assigned(
        &p->t, element(&p->t, at, scope_set_element(targets, c->item), tokens_ends_targets));
}

static struct span row_value(struct splice *p, const struct change *c)
{
    if (p->rows_of != c->stmt || c->row < p->row) {
        p->rows_of = c->stmt;
        p->row = 0;
        p->row_at = first_row(p, (const SelectStmt *)c->stmt);
    }
    for (; p->row < c->row && p->row_at >= 0; p->row++)
        p->row_at = next_row(p, p->row_at);
    return p->row_at < 0 ? (struct span){-1, -1} : element(&p->t, p->row_at + 1, c->item, never);
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

/* What a SET list has for ${c}; NULL elsewhere. */
static const Node *set_node(const struct change *c)
{
    const List *targets = NIL;
    if (c->place == PLACE_SET)
        targets = ((const UpdateStmt *)c->stmt)->targetList;
    else if (c->place == PLACE_CONFLICT_SET)
        targets = ((const InsertStmt *)c->stmt)->onConflictClause->targetList;
    else if (c->place == PLACE_MERGE_SET)
        targets = ((const MergeWhenClause *)list_nth(((const MergeStmt *)c->stmt)->mergeWhenClauses, c->row))
                      ->targetList;
    return targets ? ((const ResTarget *)list_nth(targets, c->item))->val : NULL;
}

/* The bracket that opens the row in ${s}: ROW (x, y) or (x, y); -1: it is none. */
static int row_open(const struct tokens *t, struct span s)
{
    int open = s.from + (tokens_is(t, s.from, "row") ? 1 : 0);
    return s.from >= 0 && tokens_is_char(t, open, '(') && t->match[open] == s.to - 1 ? open : -1;
}

/* Item ${part}, from 1, of a row, which may stand in further brackets. */
static struct span row_part(const struct tokens *t, struct span s, int part)
{
    int open = row_open(t, s);
    for (; open >= 0 && open == s.from; open = row_open(t, s)) {
        const struct span inner = {s.from + 1, s.to - 1};
        if (row_open(t, inner) < 0)
            break;
        s = inner;
    }
    return open < 0 ? (struct span){-1, -1} : splice_element(t, open + 1, part - 1, s.to - 1);
}

static struct span value_span(struct splice *p, const struct change *c)
{
    struct span s = {-1, -1};
    switch (c->place) {
    case PLACE_ROW:
        return row_value(p, c);
    case PLACE_TARGET:
        return target_value(p, c);
    case PLACE_SET:
    case PLACE_CONFLICT_SET:
        s = set_value(p, c);
        break;
    case PLACE_MERGE_SET:
    case PLACE_MERGE_VALUE:
        s = splice_merge_value(p, c);
        break;
    case PLACE_STAR:
        break;
    }
    const Node *node = set_node(c);
    return node && IsA(node, MultiAssignRef) ? row_part(&p->t, s, ((const MultiAssignRef *)node)->colno)
                                             : s;
}

/* The texts of the columns that belong to the same foreign key. */
static List *beside(struct splice *p, const struct change *c)
{
    List *texts = NIL;
    ListCell *cell;
    foreach (cell, c->value.beside) {
        const struct beside *other = lfirst(cell);
        struct change at = *c;
        at.item = other->item;
        struct span s = {-1, -1};
        if (other->item >= 0 && c->place != PLACE_STAR)
            s = value_span(p, &at);
        char *text = s.from >= 0 && s.from < s.to ? splice_copy(p, s.from, s.to) : "";
        if (other->item < 0)
            text = psprintf("%s.%s", sql_ident(c->ref), sql_ident(other->column));
        else if (c->place == PLACE_STAR)
            text = sql_ref((const ColumnRef *)other->value);
        texts = lappend(texts, text);
    }
    return texts;
}

/* The check on column ${item} of a star that is written out; NULL: none. */
static const struct change *star_check(const struct splice *p, const Node *arm, int item)
{
    ListCell *cell;
    foreach (cell, p->s->changes) {
        const struct change *c = lfirst(cell);
        if (c->kind == CHANGE_VALUE && c->place == PLACE_STAR && c->stmt == arm && c->item == item)
            return c;
    }
    return NULL;
}

static char *star_column(struct splice *p, const struct change *star, int item)
{
    const ColumnRef *ref = list_nth(star->columns, item);
    char *value = sql_ref(ref);
    const struct change *c = star_check(p, star->stmt, item);
    if (!c)
        return value;
    return c->value.check == CHECK_TENANT
               ? psprintf("CASE WHEN (%s%s", value, sql_tenant_check(p->s, c))
               : sql_parent_check(p->s, c, value, beside(p, c));
}

/* What the star of ${c}'s select list becomes. */
static char *star_columns(struct splice *p, const struct change *c)
{
    char *all = NULL;
    for (int i = 0; i < list_length(c->columns); i++) {
        char *one = star_column(p, c, i);
        all = all ? psprintf("%s, %s", all, one) : one;
    }
    return all;
}

int splice_star(struct splice *p, const struct change *c)
{
    if (splice_table(p, (const SelectStmt *)c->stmt) >= 0)
        return 0;
    int at = first_of_targets(p, (const SelectStmt *)c->stmt);
    int end = at < 0 ? -1 : tokens_forward(&p->t, at, tokens_ends_targets);
    if (end <= at)
        return splice_lost(p, "a star");
    splice_replace(p, at, end, star_columns(p, c));
    return 0;
}

/* -- TABLE t -- */

int splice_table_keyword(const struct tokens *t, const SelectStmt *query)
{
    const ResTarget *star = query->targetList ? linitial(query->targetList) : NULL;
    const Node *from = query->fromClause ? linitial(query->fromClause) : NULL;
    if (!star || star->location >= 0 || !from || !IsA(from, RangeVar))
        return -1;
    int at = tokens_at(t, ((const RangeVar *)from)->location) - 1;
    if (tokens_is_char(t, at, '(') && tokens_is(t, at - 1, "only"))
        at--;
    if (tokens_is(t, at, "only"))
        at--;
    return tokens_is(t, at, "table") ? at : -1;
}

int splice_table(struct splice *p, const SelectStmt *query)
{
    int at = splice_table_keyword(&p->t, query);
    ListCell *cell;
    foreach (cell, p->tables)
        if (lfirst(cell) == query)
            return at;
    if (at < 0)
        return at;
    p->tables = lappend(p->tables, (void *)(uintptr_t)query);
    char *columns = "*", *value = "";
    foreach (cell, p->s->changes) {
        const struct change *c = lfirst(cell);
        if (c->kind == CHANGE_STAR && c->stmt == (const Node *)query)
            columns = star_columns(p, c);
        else if (c->kind == CHANGE_APPEND && c->stmt == (const Node *)query)
            value = psprintf(", %s", sql_tenant(p->s, c->access->tenant));
    }
    splice_replace(p, at, at + 1, psprintf("SELECT %s%s FROM", columns, value));
    return at;
}

/* The texts of the values in further rows; an empty one, which verify finds, if it is lost. */
static List *further_rows(struct splice *p, const struct change *c)
{
    List *texts = NIL;
    ListCell *cell;
    foreach (cell, c->value.rows) {
        struct change at = *c;
        at.row = ((const struct row *)lfirst(cell))->row;
        struct span s = row_value(p, &at);
        texts = lappend(texts, s.from >= 0 && s.from < s.to ? splice_copy(p, s.from, s.to) : "");
    }
    return texts;
}

int splice_value(struct splice *p, const struct change *c)
{
    if (c->place == PLACE_STAR)
        return 0; /* splice_star has written it */
    struct span s = value_span(p, c);
    if (s.from < 0 || s.from >= s.to)
        return splice_lost(p, "a value");
    if (c->value.check == CHECK_TENANT)
        splice_wrap(p, s.from, s.to, "CASE WHEN (", sql_tenant_check(p->s, c));
    else if (c->value.check == CHECK_DEFAULT)
        splice_replace(p, s.from, s.to, sql_tenant(p->s, c->value.column));
    else if (c->value.form == FORM_ONCE)
        splice_wrap(p, s.from, s.to, sql_once_open(p->s, c, beside(p, c)), SQL_ONCE_CLOSE);
    else if (c->value.form == FORM_ROWS)
        splice_replace(p, s.from, s.to,
                       sql_rows_check(p->s, c, splice_copy(p, s.from, s.to), further_rows(p, c)));
    else
        splice_replace(p, s.from, s.to,
                       sql_parent_check(p->s, c, splice_copy(p, s.from, s.to), beside(p, c)));
    return 0;
}

int splice_conflict(struct splice *p, const struct change *c)
{
    struct change at = {.anchor = c->anchor, .place = PLACE_CONFLICT_SET};
    int set = set_start(p, &at);
    if (set < 0)
        return splice_lost(p, "DO UPDATE");
    int where_at = tokens_forward(&p->t, set, tokens_ends_from);
    char *open = sql_row_open(p->s, c), *close = sql_conflict_close(c);
    if (!tokens_is(&p->t, where_at, "where")) {
        splice_after(p, where_at - 1, psprintf(" WHERE %strue%s", open, close));
        return 0;
    }
    int to = tokens_forward(&p->t, where_at + 1, tokens_ends_where);
    if (to <= where_at + 1)
        return splice_lost(p, "DO UPDATE");
    splice_wrap(p, where_at + 1, to, psprintf("%s(", open), psprintf(")%s", close));
    return 0;
}
