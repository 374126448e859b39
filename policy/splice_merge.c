/* Places in MERGE.  Its WHENs are told from those of a CASE by counting CASE and END. */
#include "policy/splice_edit.h"
#include "policy/splice_sql.h"

/* From ${i} to keyword ${word} on the same level, outside of any CASE; t->n: none. */
static int find_word(const struct tokens *t, int i, const char *word)
{
    int cases = 0;
    for (; i >= 0 && i < t->n; i++) {
        if (t->match[i] > i)
            i = t->match[i];
        else if (tokens_is_char(t, i, ')') || tokens_is_char(t, i, ';'))
            return t->n;
        else if (cases == 0 && tokens_is(t, i, word))
            return i;
        else if (tokens_is(t, i, "case"))
            cases++;
        else if (tokens_is(t, i, "end"))
            cases -= cases > 0;
    }
    return t->n;
}

struct span splice_merge_on(const struct splice *p, const struct change *c)
{
    const MergeStmt *stmt = (const MergeStmt *)c->stmt;
    int at = tokens_at(&p->t, splice_location(stmt->joinCondition));
    at = at < 0 ? -1 : tokens_back_to(&p->t, at, "on");
    return at < 0 ? (struct span){-1, -1} : (struct span){at + 1, find_word(&p->t, at, "when")};
}

/* The first token after THEN of the WHEN meant, and where it ends; from -1: not found. */
static struct span action(const struct splice *p, const struct change *c)
{
    int at = splice_merge_on(p, c).to;
    for (int i = 0; i < c->row && at < p->t.n; i++)
        at = find_word(&p->t, at + 1, "when");
    int then = at < 0 || at >= p->t.n ? p->t.n : find_word(&p->t, at, "then");
    if (then >= p->t.n)
        return (struct span){-1, -1};
    int end = find_word(&p->t, then, "when");
    while (end > then && tokens_is_char(&p->t, end - 1, ';'))
        end--;
    return (struct span){then + 1, end};
}

/* The bracket after VALUES; -1: none. */
static int values(const struct splice *p, struct span action)
{
    int at = action.from < 0 ? p->t.n : find_word(&p->t, action.from, "values");
    return at < action.to && tokens_is_char(&p->t, at + 1, '(') ? at + 1 : -1;
}

int splice_merge_insert(struct splice *p, const struct change *c)
{
    struct span s = action(p, c);
    const char *tenant = sql_tenant(p->s, c->access->tenant);
    if (s.from < 0 || !tokens_is(&p->t, s.from, "insert"))
        return splice_lost(p, "INSERT of MERGE");
    if (tokens_is(&p->t, s.from + 1, "default") && tokens_is(&p->t, s.from + 2, "values")) {
        splice_replace(p, s.from + 1, s.from + 3,
                       psprintf("(%s) VALUES (%s)", sql_columns(c), tenant));
        return 0;
    }
    int row = values(p, s);
    if (row < 0 || p->t.match[row] < 0)
        return splice_lost(p, "VALUES of MERGE");
    if (c->columns)
        splice_after(p, s.from, psprintf(" (%s)", sql_columns(c)));
    else if (tokens_is_char(&p->t, s.from + 1, '(') && p->t.match[s.from + 1] > 0)
        splice_after(p, p->t.match[s.from + 1] - 1, psprintf(", %s", sql_columns(c)));
    else
        return splice_lost(p, "columns of MERGE");
    splice_after(p, p->t.match[row] - 1, psprintf(", %s", tenant));
    return 0;
}

struct span splice_merge_value(const struct splice *p, const struct change *c)
{
    struct span s = action(p, c);
    if (c->place == PLACE_MERGE_VALUE) {
        int row = values(p, s);
        return row < 0 || p->t.match[row] < 0
                   ? (struct span){-1, -1}
                   : splice_element(&p->t, row + 1, c->item, p->t.match[row]);
    }
    if (s.from < 0 || !tokens_is(&p->t, s.from, "update") || !tokens_is(&p->t, s.from + 1, "set"))
        return (struct span){-1, -1};
    const MergeWhenClause *clause = list_nth(((const MergeStmt *)c->stmt)->mergeWhenClauses, c->row);
    return splice_assigned(&p->t,
                           splice_element(&p->t, s.from + 2,
                                          scope_set_element(clause->targetList, c->item), s.to));
}
