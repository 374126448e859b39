/* link: policy */
/* decide.c: what does policy make of a text?  For tests/oracle/oracle.py.
 *
 *   decide TENANT [owner] < texts        each text ends with a NUL byte
 *
 * For each text: a line "D nplans", then for each plan a line "P class refused sqlstate length" and
 * length bytes (the message of a refusal, or the text with TENANT as literals) and a newline.  The
 * catalog is that of tests/unit/policy_fixture.h, so it runs in tests/unit. */
#include "unit/policy_fixture.h"

#include "protocol/buf.h"

static void print_plan(const struct plan *p, struct slice tenant)
{
    struct buf text;
    buf_init(&text, 1 << 24);
    if (!p->refused && p->text)
        plan_text_literal(p, tenant, &text);
    struct slice body =
        p->refused ? (struct slice){p->err.message, strlen(p->err.message)} : buf_peek(&text);
    printf("P %d %d %s %zu\n", (int)p->class, p->refused, p->refused ? p->err.sqlstate : "-",
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
            .confined = argc < 3,
            .sql = {sql, sql[n - 1] == '\0' ? (size_t)n - 1 : (size_t)n},
        };
        struct err err;
        struct decision *d = policy_decide(NULL, &req, &err);
        FIXTURE_MUST(d);
        printf("D %zu\n", d->nplans);
        for (size_t i = 0; i < d->nplans; i++)
            print_plan(d->plans[i], tenant);
        fflush(stdout);
        decision_unref(d);
    }
    free(sql);
    fixture_release(&f);
    policy_thread_release();
    return 0;
}
