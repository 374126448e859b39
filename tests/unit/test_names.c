/* link: policy */
/* Hostile names in every place where SQL takes one.
 *
 * Each name of data/names/names.txt is a table's, a column's, a tenant column's, an alias, ..., in each statement
 * of data/names/statements.txt (%T table, %C its column, %B a table whose tenant column is %P, %N any name),
 * quoted, in U&"..." and bare.  A statement marked + is accepted (bare, a name may be a syntax error), and confines
 * all it reads; none makes the self-check fail. */
#include "fuzz/covered.h"

#include "protocol/sqlstate.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

enum { MAX_NAMES = 300, NAME_BYTES = 63, TEXT_BYTES = 8192 };

enum spelling { QUOTED, ESCAPED, BARE, SPELLINGS };

struct name {
    char raw[256];            /* as it is written */
    char cut[NAME_BYTES + 1]; /* as PostgreSQL keeps it */
    char other[16];           /* the table whose tenant column it is */
};

static struct name names[MAX_NAMES];
static int nnames;
static struct rule_table rule_tables[2 * MAX_NAMES];
static struct fixture fixture;
static int failures;

static void unescape(char *text)
{
    char *to = text;
    for (const char *at = text; *at; at++) {
        if (at[0] == '\\' && at[1]) {
            at++;
            *to++ = *at == 'n' ? '\n' : *at == 't' ? '\t' : *at;
        } else {
            *to++ = *at;
        }
    }
    *to = '\0';
}

/* PostgreSQL cuts names at a character's boundary. */
static void cut_name(struct name *n)
{
    size_t len = strlen(n->raw);
    if (len > NAME_BYTES) {
        len = NAME_BYTES;
        while ((n->raw[len] & 0xc0) == 0x80)
            len--;
    }
    memcpy(n->cut, n->raw, len);
    n->cut[len] = '\0';
}

static void read_names(void)
{
    FILE *file = fopen("data/names/names.txt", "r");
    assert_non_null(file);
    char line[256];
    for (; fgets(line, sizeof line, file); nnames++) {
        assert_true(nnames < MAX_NAMES);
        struct name *n = &names[nnames];
        line[strcspn(line, "\n")] = '\0';
        unescape(line);
        snprintf(n->raw, sizeof n->raw, "%s", line);
        snprintf(n->other, sizeof n->other, "other_%d", nnames);
        cut_name(n);
    }
    fclose(file);
}

static void add_column(struct catalog_relation *r, const char *name, uint32_t oid, int16_t attnum)
{
    char kept[NAME_BYTES + 1], type[16];
    snprintf(kept, sizeof kept, "%s", name);
    snprintf(type, sizeof type, "%s", oid == 23 ? "integer" : "text");
    struct catalog_column column = {.name = kept, .type_name = type, .type_oid = oid, .typmod = -1,
                                    .attnum = attnum, .not_null = attnum < 3};
    catalog_add_column(r, &column);
}

static void add_table(const char *table, const char *tenant, const char *column)
{
    struct catalog_relation *r = catalog_add_relation(fixture.catalog, fixture.next_oid++, "public", table, 'r');
    assert_non_null(r);
    add_column(r, "id", 23, 1);
    add_column(r, tenant, 25, 2);
    add_column(r, column, 25, 3);
    fixture_primary(r, "pkey", 1);
}

static int setup(void **state)
{
    (void)state;
    policy_thread_init();
    read_names();
    fixture = (struct fixture){.catalog = catalog_new(), .rules = rules_default, .next_oid = 20000};
    for (int i = 0; i < nnames; i++) {
        add_table(names[i].cut, "tenantId", names[i].cut);
        add_table(names[i].other, names[i].cut, "note");
        rule_tables[2 * i] = fixture_rule(names[i].cut, RULE_SCOPED, "tenantId");
        rule_tables[2 * i + 1] = fixture_rule(names[i].other, RULE_SCOPED, names[i].cut);
    }
    fixture.rules.tables = rule_tables;
    fixture.rules.ntables = 2 * (size_t)nnames;
    fixture_seal(&fixture);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    fixture_release(&fixture);
    policy_thread_release();
    return 0;
}

/* -- spellings -- */

static uint32_t next_character(const char **at)
{
    const unsigned char *s = (const unsigned char *)*at;
    int more = *s < 0x80 ? 0 : *s < 0xe0 ? 1 : *s < 0xf0 ? 2 : 3;
    uint32_t c = more == 0 ? *s : *s & (0x3fu >> more);
    for (int i = 1; i <= more; i++)
        c = c << 6 | (s[i] & 0x3fu);
    *at += more + 1;
    return c;
}

static void spell(const char *name, enum spelling as, char *ret)
{
    if (as == BARE) {
        sprintf(ret, "%s", name);
        return;
    }
    ret += sprintf(ret, as == QUOTED ? "\"" : "U&\"");
    while (*name) {
        const char *from = name;
        uint32_t c = next_character(&name);
        if (as == ESCAPED)
            ret += sprintf(ret, c > 0xffff ? "\\+%06x" : "\\%04x", c);
        else
            ret += sprintf(ret, c == '"' ? "\"\"" : "%.*s", (int)(name - from), from);
    }
    sprintf(ret, "\"");
}

static void fill(const char *statement, const struct name *n, enum spelling as, char *ret)
{
    char spelled[4096];
    spell(n->raw, as, spelled);
    for (; *statement; statement++) {
        if (*statement != '%') {
            *ret++ = *statement;
            continue;
        }
        statement++;
        ret += sprintf(ret, "%s", *statement == 'B' ? n->other : spelled);
    }
    *ret = '\0';
}

/* -- cases -- */

static int look_covered(void *arg, const RawStmt *stmt, struct err *err)
{
    const struct plan *p = arg;
    (void)err;
    covered_check(&fixture, p->text, p->nparams + 1, stmt->stmt);
    return 0;
}

/* May a bare name have made another statement of it, or none? */
static bool is_refusal_fit(const struct plan *p, bool accepted, enum spelling as)
{
    if (strcmp(p->err->sqlstate, SQLSTATE_INTERNAL_ERROR) == 0)
        return false;
    return !accepted || as == BARE;
}

static void check_plan(struct plan *p, const char *sql, bool accepted, enum spelling as)
{
    struct err err;
    if (p->refused && !is_refusal_fit(p, accepted, as) && failures++ < 100)
        print_error("%s\n    %s %s\n", sql, p->err->sqlstate, p->err->message);
    bool query = p->class == PLAN_READ || p->class == PLAN_WRITE;
    if (!p->refused && p->text && query)
        assert_int_equal(fixture_parse(p->text, look_covered, p, &err), 0);
    if (!p->refused && p->class == PLAN_READ && strstr(sql, "FROM") && as != BARE)
        assert_true(p->hidden || !accepted || strstr(sql, "RECURSIVE") || !strstr(sql, "other_"));
}

/* A table of that name would have to be called with its schema: the catalog's names come first. */
static bool is_of_catalog(const struct name *n)
{
    return strncmp(n->raw, "pg_", 3) == 0;
}

static void check_statement(const char *line, const struct name *n, enum spelling as)
{
    char sql[TEXT_BYTES];
    fill(line + 1, n, as, sql);
    struct policy_request req = {.rules = &fixture.rules, .catalog = fixture.catalog,
                                 .confined = true, .sql = {sql, strlen(sql)}};
    struct err err;
    struct decision *d = policy_decide(NULL, &req, &err);
    assert_non_null(d);
    for (size_t i = 0; i < d->nplans; i++)
        check_plan(d->plans[i], sql, line[0] == '+' && !is_of_catalog(n), as);
    decision_unref(d);
}

static void test_each_name_in_each_place(void **state)
{
    (void)state;
    FILE *file = fopen("data/names/statements.txt", "r");
    assert_non_null(file);
    char line[1024];
    int nlines = 0;
    for (; fgets(line, sizeof line, file); nlines++) {
        line[strcspn(line, "\n")] = '\0';
        for (int i = 0; i < nnames; i++)
            for (int as = 0; as < SPELLINGS; as++)
                check_statement(line, &names[i], (enum spelling)as);
    }
    fclose(file);
    assert_int_equal(failures, 0);
    assert_true(nnames > 150 && nlines > 100);
}

/* What the session keeps by name is the name that PostgreSQL would keep. */
static void test_savepoints_have_the_names_that_postgres_gives_them(void **state)
{
    (void)state;
    for (int i = 0; i < nnames; i++) {
        for (int as = 0; as < BARE; as++) {
            char sql[TEXT_BYTES];
            struct err err;
            fill("SAVEPOINT %N", &names[i], (enum spelling)as, sql);
            struct policy_request req = {.rules = &fixture.rules, .catalog = fixture.catalog,
                                         .confined = true, .sql = {sql, strlen(sql)}};
            struct decision *d = policy_decide(NULL, &req, &err);
            assert_non_null(d);
            assert_int_equal(d->plans[0]->class, PLAN_SAVEPOINT);
            assert_string_equal(d->plans[0]->name, names[i].cut);
            decision_unref(d);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_name_in_each_place),
        cmocka_unit_test(test_savepoints_have_the_names_that_postgres_gives_them),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
