/* Where answers and lookups go in the text: see scope_answer.c. */
#include "policy/splice_edit.h"

/* Past a name, and the brackets behind it. */
static int call_end(const struct tokens *t, int at)
{
    int i = splice_name_end(t, at);
    return tokens_is_char(t, i, '(') ? t->match[i] + 1 : i;
}

int splice_answer(struct splice *p, const struct change *c)
{
    int at = tokens_at(&p->t, exprLocation(c->answered));
    int end = at < 0 ? 0 : call_end(&p->t, at);
    if (end <= 0)
        return splice_lost(p, "an answer");
    splice_replace(p, at, end, scope_answer_text(c));
    return 0;
}

/* Where that begins which the `::` at ${cast} casts: a name, a call, or what is in brackets. */
static int before_cast(const struct tokens *t, const Node *value, int cast)
{
    int at = cast - 1;
    if (tokens_is_char(t, at, ')'))
        at = t->match[at];
    int said = IsA(value, A_Expr) ? -1 : tokens_at(t, exprLocation(value));
    return said >= 0 && said < at ? said : at;
}

static struct span cast_value(const struct tokens *t, const TypeCast *cast)
{
    int at = tokens_at(t, cast->location);
    if (at < 0)
        return (struct span){-1, -1};
    if (tokens_is(t, at, "cast") && tokens_is_char(t, at + 1, '(')) {
        int end = at + 2;
        while (end < t->n && !tokens_is(t, end, "as"))
            end = t->match[end] > end ? t->match[end] + 1 : end + 1;
        return (struct span){at + 2, end};
    }
    return (struct span){at > 0 ? before_cast(t, cast->arg, at) : -1, at};
}

static struct span argument(const struct tokens *t, const FuncCall *call)
{
    int at = tokens_at(t, call->location);
    int open = at < 0 ? -1 : splice_name_end(t, at);
    if (open < 0 || !tokens_is_char(t, open, '('))
        return (struct span){-1, -1};
    return splice_element(t, open + 1, 0, t->match[open]);
}

int splice_lookup(struct splice *p, const struct change *c)
{
    struct span s = c->cast ? cast_value(&p->t, c->cast) : argument(&p->t, c->call);
    if (s.from < 0 || s.to <= s.from)
        return splice_lost(p, "a name");
    splice_wrap(p, s.from, s.to, c->text, c->close);
    return 0;
}
