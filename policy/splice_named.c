/* EXPLAIN's options, EXECUTE's name and last argument. */
#include "policy/splice.h"
#include "policy/splice_edit.h"
#include "protocol/sqlstate.h"

int splice_explain(struct splice *p, const struct change *c)
{
    static const char costs[] = "COSTS OFF";
    const List *options = ((const ExplainStmt *)c->stmt)->options;
    if (!tokens_is(&p->t, 0, "explain") || p->t.n < 2)
        return splice_lost(p, "EXPLAIN");
    if (options == NIL) {
        splice_after(p, 0, psprintf(" (%s)", costs));
    } else if (tokens_is_char(&p->t, 1, '(') && p->t.match[1] > 2) {
        splice_after(p, p->t.match[1] - 1, psprintf(", %s", costs));
    } else if (tokens_is(&p->t, 1, "verbose")) {
        splice_replace(p, 1, 2, psprintf("(VERBOSE, %s)", costs));
    } else {
        return splice_lost(p, "options");
    }
    return 0;
}

/* The token EXECUTE, also of one that is explained; -1: none. */
static int find_execute(const struct tokens *t)
{
    for (int i = 0; i < t->n; i++) {
        if (tokens_is(t, i, "execute"))
            return i;
        if (t->match[i] > i)
            i = t->match[i];
    }
    return -1;
}

/* Past the identifier at token ${at}, which may have a UESCAPE. */
static int identifier_end(const struct tokens *t, int at)
{
    if (t->items[at].kind == SCAN_QUOTED && tokens_is(t, at + 1, "uescape"))
        return at + 3;
    return at + 1;
}

int splice_execute(struct splice *p, const struct change *c)
{
    (void)c;
    int name = find_execute(&p->t) + 1;
    if (name == 0 || name >= p->t.n)
        return splice_lost(p, "EXECUTE");
    int end = identifier_end(&p->t, name), last = p->t.n - 1;
    char *tenant = psprintf("$%d", scope_hidden(p->s));
    if (end > p->t.n)
        return splice_lost(p, "a name");
    splice_replace(p, name, end, SCOPE_EXECUTE_NAME);
    if (end > last)
        splice_after(p, end - 1, psprintf("(%s)", tenant));
    else if (tokens_is_char(&p->t, end, '(') && p->t.match[end] == last && last > end + 1)
        splice_after(p, last - 1, psprintf(", %s", tenant));
    else
        return splice_lost(p, "arguments");
    return 0;
}

int splice_note_execute(struct plan *p, struct err *err)
{
    const struct tokens all = tokens_scan(p->text, p->text_len);
    const struct tokens t = tokens_part(&all, 0, p->text_len);
    int name = find_execute(&t) + 1, last = t.n - 1;
    if (name == 0 || last - name < 3 || p->nplaces != 1)
        return err_set(err, SQLSTATE_INTERNAL_ERROR, "self-check failed: EXECUTE is not as meant");
    uint32_t from = t.items[last - 2].start; /* the comma, or the bracket */
    uint32_t to = p->nargs > 0 ? t.items[last - 1].end : t.items[last].end;
    p->execute = (struct plan_place){t.items[name].start, t.items[name].end - t.items[name].start};
    p->argument = (struct plan_place){from, to - from};
    return 0;
}
