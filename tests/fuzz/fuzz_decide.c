/* link: policy */
/* Guard, parse, resolve, authorise, scope, splice and verify of statements, confined and not.
 *
 * Run at the top of the project, or in tests/unit.  The mutations know SQL (sql_mutator.h).  Looked for, beside
 * crashes: a self-check that fails; a text that does not parse again, or reads what covered.h finds uncovered;
 * places that do not stand for the hidden parameter; runs that are not the client's words; positions outside of
 * the client's text; a second decision that is not the first; one by shape that is not the text's own. */
#include "fuzz/covered.h"
#include "fuzz/sql_mutator.h"
#include "unit/shape_variants.h"

#include <fcntl.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

static struct fixture fuzzed, columns; /* columns: the same, and rules for columns of "User" and "Workflow" */

static void columns_init(void)
{
    static struct rule_table tables[16];
    static struct rule_column user[3], workflow[1];
    columns = fuzzed;
    FIXTURE_MUST(columns.rules.ntables <= sizeof tables / sizeof *tables);
    memcpy(tables, columns.rules.tables, columns.rules.ntables * sizeof *tables);
    columns.rules.tables = tables;
    user[0] = fixture_column_rule("password", RULE_READ_DENY, RULE_MASK_FIXED);
    user[1] = fixture_column_rule("email", RULE_READ_MASK, RULE_MASK_PARTIAL);
    user[1].last = 4;
    user[2] = fixture_column_rule("level", RULE_READ_ALLOW, RULE_MASK_FIXED);
    user[2].write_deny = true;
    workflow[0] = fixture_column_rule("name", RULE_READ_MASK, RULE_MASK_HASH);
    for (size_t i = 0; i < columns.rules.ntables; i++) {
        if (strcmp(tables[i].name, "User") == 0) {
            tables[i].columns = user;
            tables[i].ncolumns = 3;
        } else if (strcmp(tables[i].name, "Workflow") == 0) {
            tables[i].columns = workflow;
            tables[i].ncolumns = 1;
        }
    }
}

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
    columns_init();
    return 0;
}

static int count_characters(const char *text, size_t len)
{
    int n = 0;
    for (size_t i = 0; i < len; i++)
        n += ((unsigned char)text[i] & 0xc0) != 0x80;
    return n;
}

/* -- the text -- */

static int look_covered(void *arg, const RawStmt *stmt, struct err *err)
{
    const struct plan *p = arg;
    (void)err;
    covered_check(&fuzzed, p->text, p->nparams + 1, stmt->stmt);
    return 0;
}

static int look_nothing(void *arg, const RawStmt *stmt, struct err *err)
{
    (void)arg, (void)stmt, (void)err;
    return 0;
}

static bool is_query(const struct plan *p)
{
    return p->class == PLAN_READ || p->class == PLAN_WRITE;
}

static void check_text(const struct plan *p, bool confined)
{
    struct err err;
    bool covers = confined && is_query(p);
    FIXTURE_MUST(fixture_parse(p->text, covers ? look_covered : look_nothing,
                               (void *)(uintptr_t)p, &err) == 0);
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
    struct err err;
    struct buf b;
    buf_init(&b, (size_t)1 << 24);
    plan_text_literal(p, (struct slice){"a'\\b", 4}, &b);
    buf_append(&b, "", 1);
    FIXTURE_MUST(!b.failed);
    FIXTURE_MUST(fixture_parse(buf_peek(&b).data, look_nothing, NULL, &err) == 0);
    buf_release(&b);
}

/* -- where it came from -- */

static void check_runs(const struct plan *p, struct slice sql)
{
    uint32_t from = 0;
    const char *source = sql.data;
    int position = 1;
    for (uint32_t i = 0; i < p->nruns; i++) {
        const struct plan_run *run = &p->runs[i];
        FIXTURE_MUST(run->offset >= from && run->len <= p->text_len - run->offset);
        from = run->offset + run->len;
        FIXTURE_MUST(run->source_position >= position);
        while (position < run->source_position) {
            FIXTURE_MUST(source < sql.data + sql.len);
            position += ((unsigned char)*source++ & 0xc0) != 0x80;
        }
        while (source < sql.data + sql.len && ((unsigned char)*source & 0xc0) == 0x80)
            source++;
        FIXTURE_MUST(run->len <= sql.len - (size_t)(source - sql.data));
        FIXTURE_MUST(memcmp(p->text + run->offset, source, run->len) == 0);
    }
}

static void check_positions(const struct plan *p, struct slice sql)
{
    struct slice tenant = {"a'\\\xc3\xa9", 5};
    int last = count_characters(sql.data, sql.len) + 1, sent = count_characters(p->text, p->text_len);
    int step = sent / 16 + 1;
    for (int position = 0; position <= sent + step; position += step) {
        int plain = plan_source_position(p, NULL, position);
        int literal = plan_source_position(p, &tenant, position);
        FIXTURE_MUST(plain >= 0 && plain <= last && literal >= 0 && literal <= last);
    }
}

static void check_plan(const struct plan *p, const struct policy_request *req)
{
    FIXTURE_MUST(p->source_offset + p->source_len <= req->sql.len);
    if (p->refused) {
        FIXTURE_MUST(strlen(p->err->sqlstate) == 5);
        FIXTURE_MUST(strcmp(p->err->sqlstate, "XX000") != 0);
        FIXTURE_MUST(p->err->position >= 0);
        FIXTURE_MUST(p->err->position <= count_characters(req->sql.data, req->sql.len) + 1);
    } else if (p->text) {
        FIXTURE_MUST(req->confined || !p->hidden);
        check_text(p, req->confined);
        check_places(p);
        check_runs(p, req->sql);
        check_positions(p, req->sql);
    }
}

static void check_same(const struct plan *a, const struct plan *b)
{
    FIXTURE_MUST(a->class == b->class && a->refused == b->refused && a->text_len == b->text_len);
    FIXTURE_MUST(a->nplaces == b->nplaces && a->nruns == b->nruns && a->hidden == b->hidden);
    FIXTURE_MUST(!a->text == !b->text && (!a->text || !strcmp(a->text, b->text)));
    FIXTURE_MUST(!a->refused || !strcmp(a->err->message, b->err->message));
}

static void decide(const struct fixture *f, bool confined, struct slice sql)
{
    struct policy_request req = {
        .rules = &f->rules, .catalog = f->catalog, .confined = confined, .sql = sql};
    struct err err;
    struct decision *d = policy_decide(NULL, &req, &err);
    struct decision *again = policy_decide(NULL, &req, &err);
    FIXTURE_MUST(d && again && d->nplans > 0 && d->nplans == again->nplans);
    for (size_t i = 0; i < d->nplans; i++) {
        check_plan(d->plans[i], &req);
        check_same(d->plans[i], again->plans[i]);
    }
    decision_unref(d);
    decision_unref(again);
}

/* The text, and others that differ in their literals alone, through a cache: decisions by shape are those about
 * the text.  The sanitizers' build compares each time. */
static void decide_alike(const struct fixture *f, struct slice sql)
{
    static char text[2 * SHAPE_MAX_BYTES];
    struct policy_request req = {.rules = &f->rules, .catalog = f->catalog, .confined = true, .sql = sql};
    struct policy_cache *cache = NULL;
    struct shape shape;
    struct err err;
    if (!shape_of(&req, &shape))
        return;
    FIXTURE_MUST(cache = policy_cache_new((size_t)1 << 20));
    for (unsigned seed = 0; seed < 5; seed++) {
        size_t len = variants_make(&shape, sql, seed + (unsigned)sql.len, text, sizeof text);
        req.sql = seed > 0 && len > 0 ? (struct slice){text, len} : sql;
        struct decision *d = policy_decide(cache, &req, &err);
        FIXTURE_MUST(d && !d->misfit);
        decision_unref(d);
    }
    policy_cache_free(cache);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice sql = {(const char *)data, size};
    decide(&fuzzed, true, sql);
    decide(&columns, true, sql);
    decide(&fuzzed, false, sql);
    decide_alike(&fuzzed, sql);
    decide_alike(&columns, sql);
    return 0;
}
