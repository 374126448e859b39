/* link: policy */
/* Guard, parse, resolve, authorise, scope, splice and verify of any bytes, confined and not.
 *
 * Run at the top of the project, or in tests/unit.  Looked for, beside crashes: a plan that is neither
 * refused nor whole, places that do not stand for the hidden parameter, a self-check that fails. */
#include "unit/policy_fixture.h"

#include "policy/scan.h"

#include <fcntl.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

static struct fixture fuzzed;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    policy_thread_init();
    int here = open(".", O_RDONLY | O_DIRECTORY); /* the fixture's data stand beside the unit tests */
    FIXTURE_MUST(here >= 0);
    FIXTURE_MUST(access("data", F_OK) == 0 || chdir("tests/unit") == 0);
    fixture_attacks(&fuzzed);
    FIXTURE_MUST(fchdir(here) == 0);
    close(here);
    fuzzed.rules.limits.tokens = 4000; /* the fuzzer's stack is 8 MiB, and its frames are wide */
    fuzzed.rules.limits.chain = 1000;
    fuzzed.rules.limits.depth = 100;
    return 0;
}

static void check_places(const struct plan *p)
{
    uint32_t from = 0;
    for (uint32_t i = 0; i < p->nplaces; i++) {
        FIXTURE_MUST(p->places[i].offset >= from);
        from = p->places[i].offset + p->places[i].len;
        FIXTURE_MUST(from <= p->text_len);
        struct scan s = scan_of(p->text + p->places[i].offset, p->places[i].len);
        struct scan_token t = scan_next(&s);
        FIXTURE_MUST(scan_param(p->text + p->places[i].offset, &t) == p->nparams + 1u);
    }
    struct buf b;
    buf_init(&b, (size_t)1 << 24);
    plan_text_literal(p, (struct slice){"a'\\b", 4}, &b);
    FIXTURE_MUST(!b.failed);
    buf_release(&b);
}

static void check_plan(const struct plan *p, const struct policy_request *req)
{
    FIXTURE_MUST(p->source_offset + p->source_len <= req->sql.len);
    if (p->refused) {
        FIXTURE_MUST(strlen(p->err.sqlstate) == 5);
        FIXTURE_MUST(strcmp(p->err.sqlstate, "XX000") != 0);
    } else if (p->text) {
        FIXTURE_MUST(req->confined || !p->hidden);
        check_places(p);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    for (int confined = 0; confined < 2; confined++) {
        struct policy_request req = {.rules = &fuzzed.rules,
                                     .catalog = fuzzed.catalog,
                                     .confined = confined,
                                     .sql = {(const char *)data, size}};
        struct err err;
        struct decision *d = policy_decide(NULL, &req, &err);
        FIXTURE_MUST(d && d->nplans > 0);
        for (size_t i = 0; i < d->nplans; i++)
            check_plan(d->plans[i], &req);
        decision_unref(d);
    }
    return 0;
}
