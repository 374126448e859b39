/* The texts of scope_call.c: names of channels and keys of locks in a space of the tenant's own. */
#include "policy/splice_edit.h"
#include "policy/splice_sql.h"

#define P "pg_catalog."

static char *digest_open(const struct scoper *s)
{
    return psprintf(P "sha256(" P "convert_to(" P "textcat(" P "encode(" P "sha256(" P
                      "convert_to($%d::text, 'UTF8')), 'hex'), ",
                    scope_hidden(s));
}

#define DIGEST_CLOSE "), 'UTF8'))"

char *sql_channel_open(const struct scoper *s)
{
    return psprintf(P "textcat('" POLICY_CHANNEL_PREFIX "', " P "encode(" P "substr(%s(",
                    digest_open(s));
}

char *sql_channel_close(void)
{
    return psprintf(")::text" DIGEST_CLOSE ", 1, %d), 'hex'))", POLICY_CHANNEL_BYTES);
}

static const char lock_open[] = P "hashtextextended(" P "encode(";
#define LOCK_CLOSE DIGEST_CLOSE ", 'hex'), 0)"

/* The opening bracket of the arguments; -1: not found. */
static int arguments(const struct tokens *t, const FuncCall *call)
{
    int at = tokens_at(t, call->location);
    int open = at < 0 ? -1 : splice_name_end(t, at);
    return open > 0 && tokens_is_char(t, open, '(') && t->match[open] > open + 1 ? open : -1;
}

static int channel(struct splice *p, struct span name)
{
    splice_wrap(p, name.from, name.to, sql_channel_open(p->s), sql_channel_close());
    return 0;
}

static int lock(struct splice *p, struct span first, struct span second)
{
    const char *open = psprintf("%s%s", lock_open, digest_open(p->s));
    if (second.from < 0) {
        splice_wrap(p, first.from, first.to, psprintf("%s(", open), ")::int8::text" LOCK_CLOSE);
        return 0;
    }
    splice_wrap(p, first.from, first.to, psprintf("%s" P "textcat(" P "textcat((", open),
                ")::int4::text");
    splice_after(p, second.from - 1, " ','), (");
    splice_wrap(p, second.from, second.to, "", ")::int4::text)" LOCK_CLOSE);
    return 0;
}

int splice_call(struct splice *p, const struct change *c)
{
    const FuncCall *call = (const FuncCall *)c->stmt;
    int open = arguments(&p->t, call);
    if (open < 0)
        return splice_lost(p, "a call");
    int end = p->t.match[open];
    struct span first = splice_element(&p->t, open + 1, 0, end);
    struct span second = splice_element(&p->t, open + 1, 1, end);
    bool two = list_length(call->args) == 2;
    if (first.from < 0 || first.to <= first.from || (second.from >= 0) != two)
        return splice_lost(p, "arguments of a call");
    return c->kind == CHANGE_CHANNEL ? channel(p, first) : lock(p, first, second);
}
