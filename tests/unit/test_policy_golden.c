/* link: policy */
/* Golden tables: SQL in -> decision out.
 *
 * Each data/policy/golden_*.tsv holds rows: who, expected, sql, text.  Empty lines and # comments
 * pass. who       attacks | product | columns: the fixture, as a tenant by the simple protocol; owner:
 * attacks, not confined; shared: attacks, with channels, advisory locks and held cursors allowed, as in modes; extended: attacks, by the extended protocol; untyped: so, with no types of parameters; rls, row+rls, schema (t_acme) and
 * database: the fixture of modes, in that mode.  expected  for each statement,
 * divided by commas: its class (read, write, begin, ...), or the SQLSTATE of its refusal text what
 * the server gets for the first statement, the tenant's value shown as $T; or the message of its
 * refusal; of PREPARE, the statement prepared; `=`: as it came; absent: not looked at Run with PARTYWALL_GOLDEN=show to print what is
 * decided now, to be read before it is committed. */
#include "unit/policy_fixture.h"

#include <glob.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const char *const class_names[] = {
    [PLAN_EMPTY] = "empty",
    [PLAN_READ] = "read",
    [PLAN_WRITE] = "write",
    [PLAN_DDL] = "ddl",
    [PLAN_OTHER] = "other",
    [PLAN_BEGIN] = "begin",
    [PLAN_COMMIT] = "commit",
    [PLAN_ROLLBACK] = "rollback",
    [PLAN_SAVEPOINT] = "savepoint",
    [PLAN_RELEASE] = "release",
    [PLAN_ROLLBACK_TO] = "rollback_to",
    [PLAN_SET] = "set",
    [PLAN_RESET] = "reset",
    [PLAN_SHOW] = "show",
    [PLAN_DEALLOCATE] = "deallocate",
    [PLAN_DISCARD_ALL] = "discard_all",
    [PLAN_PREPARE] = "prepare",
    [PLAN_EXECUTE] = "execute",
    [PLAN_DECLARE] = "declare",
    [PLAN_FETCH] = "fetch",
    [PLAN_CLOSE] = "close",
    [PLAN_LISTEN] = "listen",
    [PLAN_UNLISTEN] = "unlisten",
    [PLAN_NOTIFY] = "notify",
};

struct golden {
    struct fixture attacks, product, columns, modes, shared;
    unsigned rows, wrong;
    bool show;
};

/* The text with each place, which must read `$n`, as $T. */
static void text_shown(const struct plan *p, char *ret, size_t size)
{
    size_t n = 0;
    uint32_t from = 0;
    for (uint32_t i = 0; i <= p->nplaces; i++) {
        uint32_t to = i < p->nplaces ? p->places[i].offset : p->text_len;
        FIXTURE_MUST(from <= to && n + (to - from) + 3 < size);
        memcpy(ret + n, p->text + from, to - from);
        n += to - from;
        if (i < p->nplaces) {
            char hidden[16];
            snprintf(hidden, sizeof hidden, "$%u", p->nparams + 1u);
            FIXTURE_MUST(p->places[i].len == strlen(hidden));
            FIXTURE_MUST(memcmp(p->text + to, hidden, strlen(hidden)) == 0);
            memcpy(ret + n, "$T", 2);
            n += 2;
            from = to + p->places[i].len;
        }
    }
    ret[n] = '\0';
    FIXTURE_MUST((p->nplaces > 0) == p->hidden);
}

static void outcome(const struct decision *d, char *ret, size_t size)
{
    size_t n = 0;
    ret[0] = '\0';
    for (size_t i = 0; i < d->nplans; i++) {
        const struct plan *p = d->plans[i];
        const char *word = p->refused ? p->err->sqlstate : class_names[p->class];
        n += (size_t)snprintf(ret + n, size - n, "%s%s", i ? "," : "", word);
        FIXTURE_MUST(n < size);
        FIXTURE_MUST(!p->refused || p->err->message[0]);
    }
}

static const char *const mode_names[] = {
    [ISOLATION_ROW] = "modes",       [ISOLATION_RLS] = "rls",           [ISOLATION_ROW_RLS] = "row+rls",
    [ISOLATION_SCHEMA] = "schema", [ISOLATION_DATABASE] = "database",
};

static const struct fixture *fixture_of(const struct golden *g, const char *who, enum isolation *ret)
{
    *ret = ISOLATION_ROW;
    for (size_t i = 0; i < sizeof mode_names / sizeof *mode_names; i++)
        if (strcmp(who, mode_names[i]) == 0) {
            *ret = (enum isolation)i;
            return &g->modes;
        }
    return strcmp(who, "product") == 0   ? &g->product
           : strcmp(who, "columns") == 0 ? &g->columns
           : strcmp(who, "shared") == 0  ? &g->shared
                                         : &g->attacks;
}

static void check_row(struct golden *g, const char *file, int line, char *row)
{
    char *who = strsep(&row, "\t"), *expected = strsep(&row, "\t"), *sql = strsep(&row, "\t");
    char *text = strsep(&row, "\t");
    FIXTURE_MUST(sql);
    enum isolation isolation;
    const struct fixture *f = fixture_of(g, who, &isolation);
    struct policy_request req = {
        .rules = &f->rules,
        .catalog = f->catalog,
        .epoch = 1,
        .isolation = isolation,
        .schema = isolation == ISOLATION_SCHEMA ? "t_acme" : NULL,
        .confined = strcmp(who, "owner") != 0,
        .single = strcmp(who, "extended") == 0 || strcmp(who, "untyped") == 0,
        .untyped = strcmp(who, "untyped") == 0,
        .sql = {sql, strlen(sql)},
    };
    struct err err;
    struct decision *d = policy_decide(NULL, &req, &err);
    FIXTURE_MUST(d);
    char got[512], got_text[8192] = "";
    outcome(d, got, sizeof got);
    const struct plan *first = d->plans[0]->prepared ? d->plans[0]->prepared : d->plans[0];
    if (d->plans[0]->refused)
        snprintf(got_text, sizeof got_text, "%s", d->plans[0]->err->message);
    else if (first->text)
        text_shown(first, got_text, sizeof got_text);
    const char *want_text = text && strcmp(text, "=") == 0 ? sql : text;
    bool same = strcmp(got, expected) == 0 && (!text || strcmp(got_text, want_text) == 0);
    g->rows++;
    if (g->show)
        printf("%s\t%s\t%s\t%s\n", who, got, sql, strcmp(sql, got_text) == 0 ? "=" : got_text);
    else if (!same) {
        g->wrong++;
        fprintf(stderr, "%s:%d: %s\n  expected %s %s\n  got      %s %s\n", file, line, sql,
                expected, text ? want_text : "", got, got_text);
    }
    decision_unref(d);
}

static void check_file(struct golden *g, const char *path)
{
    FILE *in = fopen(path, "r");
    FIXTURE_MUST(in);
    char *row = NULL;
    size_t cap = 0;
    for (int line = 1; getline(&row, &cap, in) >= 0; line++) {
        row[strcspn(row, "\n")] = '\0';
        if (row[0] && row[0] != '#')
            check_row(g, path, line, row);
    }
    free(row);
    fclose(in);
}

static void test_golden(void **state)
{
    struct golden *g = *state;
    glob_t files;
    assert_int_equal(glob("data/policy/golden_*.tsv", 0, NULL, &files), 0);
    for (size_t i = 0; i < files.gl_pathc; i++)
        check_file(g, files.gl_pathv[i]);
    globfree(&files);
    assert_true(g->rows > 0);
    assert_int_equal(g->wrong, 0);
}

static int setup(void **state)
{
    static struct golden g;
    policy_thread_init();
    fixture_attacks(&g.attacks);
    fixture_product(&g.product);
    fixture_columns(&g.columns);
    fixture_modes(&g.modes);
    fixture_attacks(&g.shared);
    g.shared.rules.notify = g.shared.rules.advisory_locks = g.shared.rules.held_cursors = true;
    g.modes.rules.notify = g.modes.rules.advisory_locks = true;
    g.show = getenv("PARTYWALL_GOLDEN") && strcmp(getenv("PARTYWALL_GOLDEN"), "show") == 0;
    *state = &g;
    return 0;
}

static int teardown(void **state)
{
    struct golden *g = *state;
    fixture_release(&g->attacks);
    fixture_release(&g->product);
    fixture_release(&g->columns);
    fixture_release(&g->modes);
    fixture_release(&g->shared);
    policy_thread_release();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_golden)};
    return cmocka_run_group_tests(tests, setup, teardown);
}
