/* COPY: a table becomes a query, rows that come in get the tenant's column and a condition. */
#include "policy/splice_edit.h"
#include "policy/splice_sql.h"
#include "protocol/sqlstate.h"

/* -- TO -- */

/* COPY BINARY t, and DELIMITERS behind STDOUT, are for tables alone: they become the options that
 * stand for them, without the WITH that would now stand among options. */
static int old_forms(struct splice *p, bool binary, int tail)
{
    int at = tail + (tokens_is(&p->t, tail, "using") ? 1 : 0);
    bool delimiters = tokens_is(&p->t, at, "delimiters");
    if (!binary && !delimiters)
        return 0;
    int rest = delimiters ? at + 2 : at;
    bool with = tokens_is(&p->t, rest, "with");
    if (tokens_is_char(&p->t, with ? rest + 1 : rest, '('))
        return scope_refuse(p->s, SQLSTATE_FEATURE_NOT_SUPPORTED, (int)p->t.items[tail - 1].start,
                            "COPY with options of both the old and the new form is not supported "
                            "for confined sessions");
    if (binary)
        splice_after(p, tail - 1, " BINARY");
    if (delimiters)
        splice_replace(p, tail, at + 1, "DELIMITER");
    if (with)
        splice_replace(p, rest, rest + 1, "");
    return 0;
}

int splice_copy_out(struct splice *p, const struct change *c)
{
    int from = tokens_at(&p->t, c->anchor->location);
    if (from < 0)
        return splice_lost(p, "a relation");
    int to = splice_name_end(&p->t, from);
    splice_wrap(p, from, to, sql_copy_to_open(c), sql_copy_to_close(p->s, c));
    if (tokens_is_char(&p->t, to, '(') && p->t.match[to] > to) {
        splice_replace(p, to, p->t.match[to] + 1, "");
        to = p->t.match[to] + 1;
    }
    bool binary = from > 1 && tokens_is(&p->t, from - 1, "binary");
    if (binary)
        splice_replace(p, from - 1, from, "");
    return old_forms(p, binary, to + 2); /* past TO STDOUT */
}

/* -- FROM -- */

static bool is_where(const struct tokens *t, int i)
{
    return tokens_is(t, i, "where");
}

int splice_copy_in(struct splice *p, const struct change *c)
{
    int at = tokens_at(&p->t, c->anchor->location);
    if (at < 0)
        return splice_lost(p, "a relation");
    at = splice_name_end(&p->t, at);
    if (c->columns) {
        if (!tokens_is_char(&p->t, at, '('))
            return splice_lost(p, "the columns");
        splice_after(p, at, psprintf("%s, ", sql_ident(linitial(c->columns))));
    }
    char *open = sql_row_open(p->s, c), *close = sql_copy_close(c);
    int where = tokens_forward(&p->t, at, is_where);
    if (where + 1 < p->t.n)
        splice_wrap(p, where + 1, p->t.n, psprintf("%s(", open), psprintf(")%s", close));
    else
        splice_after(p, p->t.n - 1, psprintf(" WHERE %strue%s", open, close));
    return 0;
}
