/* link: policy */
/* Rules for columns: rules that do not fit their table, hints, and details of errors. */
#include "unit/policy_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* ${column} instead of the first rule of Person: is a statement on it refused, saying ${why}? */
static void check_misfit(struct rule_column column, const char *why)
{
    struct fixture f;
    fixture_columns(&f);
    f.rules.tables[0].columns[0] = column;
    const char *sql = "SELECT id FROM \"Person\"";
    struct policy_request req = {.rules = &f.rules, .catalog = f.catalog, .epoch = 1, .confined = true,
                                 .sql = {sql, strlen(sql)}};
    struct err err;
    struct decision *d = policy_decide(NULL, &req, &err);
    assert_non_null(d);
    const struct plan *p = d->plans[0];
    assert_int_equal(p->refused, why != NULL);
    if (why) {
        assert_string_equal(p->err->sqlstate, "42501");
        assert_non_null(strstr(p->err->message, why));
        assert_non_null(strstr(p->err->hint, "rule policy.tables.Person.columns."));
        assert_non_null(strstr(p->err->hint, ", partywall.yaml:40"));
    }
    decision_unref(d);
    fixture_release(&f);
}

static struct rule_column fixed(const char *name, const char *text)
{
    struct rule_column c = fixture_column_rule(name, RULE_READ_MASK, RULE_MASK_FIXED);
    c.fixed = (char *)(uintptr_t)text;
    return c;
}

static void test_misfits(void **state)
{
    (void)state;
    check_misfit(fixture_column_rule("gone", RULE_READ_DENY, RULE_MASK_FIXED), "no such column");
    check_misfit(fixture_column_rule("gone", RULE_READ_ALLOW, RULE_MASK_FIXED), "no such column");
    check_misfit(fixture_column_rule("tenantId", RULE_READ_DENY, RULE_MASK_FIXED), "cannot be hidden");
    check_misfit(fixture_column_rule("level", RULE_READ_MASK, RULE_MASK_HASH), "texts and uuids");
    check_misfit(fixture_column_rule("ref", RULE_READ_MASK, RULE_MASK_PARTIAL), "partial is for texts");
    check_misfit(fixed("level", "none"), "a value of its type");
    check_misfit(fixed("ref", "***"), "a value of its type");
    check_misfit(fixed("level", "-1"), NULL);
    check_misfit(fixed("phone", "***"), NULL);
}

static void test_details(void **state)
{
    (void)state;
    struct fixture f;
    fixture_columns(&f);
    assert_true(policy_detail_tells(&f.rules, "Key (email)=(ann@x) already exists."));
    assert_true(policy_detail_tells(&f.rules, "Key (\"tenantId\", lower(secret))=(a, b) already exists."));
    assert_true(policy_detail_tells(&f.rules, "Key (secret) is not present."));
    assert_false(policy_detail_tells(&f.rules, "Key (id)=(email) already exists."));
    assert_false(policy_detail_tells(&f.rules, "Key (id, level)=(u1, 2) already exists."));
    assert_false(policy_detail_tells(&f.rules, ""));
    f.rules.tables[0].columns[0].name = (char *)(uintptr_t) "a\"b";
    assert_true(policy_detail_tells(&f.rules, "Key (\"a\"\"b\")=(x) already exists."));
    fixture_release(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_misfits), cmocka_unit_test(test_details)};
    policy_thread_init();
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    policy_thread_release();
    return failed;
}
