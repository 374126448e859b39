/* link: policy */
/* decide.c: what does policy make of a text?  For decided.py.
 *
 *   decide TENANT [owner|hidden] < texts     each text ends with a NUL byte
 *
 * For each text: a line "D nplans", then for each plan a line "P class refused sqlstate length" and
 * length bytes (the message of a refusal, or the text with TENANT as literals; `hidden`: with the
 * hidden parameter) and a newline.  The catalog is that of tests/unit/policy_fixture.h, so it runs
 * in tests/unit. */
#include "unit/policy_fixture.h"

#include "protocol/buf.h"

static void print_plan(const struct plan *p, struct slice tenant, bool hidden)
{
    struct buf text;
    buf_init(&text, 1 << 24);
    if (!p->refused && p->text && hidden)
        buf_append(&text, p->text, p->text_len);
    else if (!p->refused && p->text)
        plan_text_literal(p, tenant, &text);
    struct slice body =
        p->refused ? (struct slice){p->err->message, strlen(p->err->message)} : buf_peek(&text);
    printf("P %d %d %s %zu\n", (int)p->class, p->refused, p->refused ? p->err->sqlstate : "-",
           body.len);
    if (body.len)
        fwrite(body.data, 1, body.len, stdout);
    putchar('\n');
    buf_release(&text);
}

int main(int argc, char **argv)
{
    FIXTURE_MUST(argc >= 2);
    struct slice tenant = {argv[1], strlen(argv[1])};
    bool owner = argc > 2 && strcmp(argv[2], "owner") == 0;
    bool hidden = argc > 2 && strcmp(argv[2], "hidden") == 0;
    struct fixture f;
    policy_thread_init();
    fixture_attacks(&f);
    char *sql = NULL;
    size_t cap = 0;
    for (ssize_t n; (n = getdelim(&sql, &cap, '\0', stdin)) > 0;) {
        struct policy_request req = {
            .rules = &f.rules,
            .catalog = f.catalog,
            .epoch = 1,
            .confined = !owner,
            .sql = {sql, sql[n - 1] == '\0' ? (size_t)n - 1 : (size_t)n},
        };
        struct err err;
        struct decision *d = policy_decide(NULL, &req, &err);
        FIXTURE_MUST(d);
        printf("D %zu\n", d->nplans);
        for (size_t i = 0; i < d->nplans; i++)
            print_plan(d->plans[i], tenant, hidden);
        fflush(stdout);
        decision_unref(d);
    }
    free(sql);
    fixture_release(&f);
    policy_thread_release();
    return 0;
}
