#include "policy/splice_edit.h"

#include "protocol/sqlstate.h"

#include "lib/stringinfo.h"

int splice_lost(const struct splice *p, const char *what)
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

void splice_after(struct splice *p, int i, const char *text)
{
    struct edit *e = add_edit(p);
    e->start = e->end = p->t.items[i].end;
    e->before = text;
}

void splice_wrap(struct splice *p, int from, int to, const char *before, const char *after)
{
    struct edit *e = add_edit(p);
    e->start = p->t.items[from].start;
    e->end = p->t.items[to - 1].end;
    e->before = before;
    e->after = after;
}

void splice_replace(struct splice *p, int from, int to, const char *text)
{
    splice_wrap(p, from, to, text, NULL);
    p->edits[p->n - 1].replaces = true;
}

char *splice_copy(const struct splice *p, int from, int to)
{
    uint32_t start = p->t.items[from].start, len = p->t.items[to - 1].end - start;
    char *text = palloc0((size_t)len + 1);
    memcpy(text, p->t.text + start, len);
    return text;
}

int splice_location(const Node *node)
{
    while (node && IsA(node, A_Indirection))
        node = ((const A_Indirection *)node)->arg;
    return exprLocation(node);
}

int splice_name_end(const struct tokens *t, int at)
{
    int i = at + 1;
    while (tokens_is_char(t, i, '.'))
        i += 2;
    return i;
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
    bool replaces = a->skip > a->at;
    if (a->phase == 2 && replaces != (b->skip > b->at)) /* what goes around it comes first */
        return replaces ? 1 : -1;
    return a->phase == 0 ? b->rank - a->rank : a->rank - b->rank;
}

static bool sticks(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (unsigned char)c >= 0x80 || strchr("_$'\"&", c) != NULL;
}

/* A blank where two tokens would become one: ON!x. */
static void part(StringInfo out, char next)
{
    if (out->len > 0 && sticks(out->data[out->len - 1]) && sticks(next))
        appendStringInfoString(out, " ");
}

/* The client's text from ${from} to ${to}. */
static void keep(const struct splice *p, StringInfo out, uint32_t from, uint32_t to)
{
    if (to <= from)
        return;
    part(out, p->t.text[from]);
    p->s->runs[p->s->nruns++] = (struct run){(uint32_t)out->len, to - from, from};
    appendBinaryStringInfo(out, p->t.text + from, (int)(to - from));
}

char *splice_assemble(const struct splice *p)
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
        if (pieces[i].text[0])
            part(&out, pieces[i].text[0]);
        appendStringInfoString(&out, pieces[i].text);
        at = pieces[i].skip > at ? pieces[i].skip : at;
    }
    keep(p, &out, at, p->s->end);
    return out.data;
}
