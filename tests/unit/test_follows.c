/* link: policy */
/* What foreign keys do when their parent goes or changes, followed by the catalog alone. */
#include "policy/policy.h"

#include "unit/policy_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* kid.up refers to p and kid.up has a default; grand.up refers to kid and has none; heir is a part of p. */
struct row {
    char on_delete, on_update;
    bool resets; /* kid.up, on delete */
    char through; /* what p does when top goes; 0: it does not refer to it */
    const char *sql;
    bool refused;
};

static const struct row rows[] = {
    {'d', 'a', true, 0, "DELETE FROM p", true},
    {'d', 'a', true, 0, "DELETE FROM heir", true},
    {'d', 'a', true, 0, "WITH d AS (DELETE FROM p) SELECT 1", true},
    {'d', 'a', true, 0, "MERGE INTO p USING (SELECT 1) x ON true WHEN MATCHED THEN DELETE", true},
    {'d', 'a', true, 0, "UPDATE p SET id = 1", false},
    {'d', 'a', true, 0, "DELETE FROM kid", false},
    {'d', 'a', false, 0, "DELETE FROM p", false},
    {'n', 'a', true, 0, "DELETE FROM p", false},
    {'c', 'c', true, 0, "DELETE FROM p", false},
    {'a', 'd', true, 0, "DELETE FROM p", false},
    {'a', 'd', true, 0, "UPDATE p SET id = 1", true},
    {'a', 'd', true, 0, "UPDATE heir SET id = 1", true},
    {'a', 'd', true, 0, "UPDATE p SET name = 'x'", false},
    {'a', 'd', true, 0, "INSERT INTO p (id) VALUES (1) ON CONFLICT (id) DO UPDATE SET id = 2", true},
    {'a', 'c', true, 0, "UPDATE p SET id = 1", false},
    {'a', 'a', true, 0, "INSERT INTO kid (id, up) VALUES (1, 2)", false},
    {'a', 'a', true, 0, "INSERT INTO kid (id, up) OVERRIDING SYSTEM VALUE VALUES (1, 2)", false},
    {'a', 'a', true, 0, "INSERT INTO kid (id, up) OVERRIDING USER VALUE VALUES (1, 2)", true},
    {'a', 'a', true, 0, "INSERT INTO grand (id, up) OVERRIDING USER VALUE VALUES (1, 2)", false},
    {'d', 'a', true, 'c', "DELETE FROM top", true},
    {'d', 'a', true, 'n', "DELETE FROM top", false},
    {'d', 'a', true, 'a', "DELETE FROM top", false},
};

static void make(struct fixture *f, const struct row *row)
{
    *f = (struct fixture){.catalog = catalog_new(), .rules = rules_default, .next_oid = 50000};
    f->rules.tenant_column = (char *)(uintptr_t)"org";
    f->rules.unlisted_scoped = true;
    struct catalog_relation *r = fixture_table(f, "top", 'r', "id int4 n, org int4 n");
    fixture_primary(r, "top_pkey", 1);
    r = fixture_table(f, "p", 'r', "id int4 n, org int4 n, top int4, name text");
    fixture_primary(r, "p_pkey", 1);
    uint32_t parent = r->oid;
    if (row->through) {
        fixture_foreign(r, "p_top", 3, "top");
        catalog_set_actions(r, row->through, 'a', NULL);
    }
    r = fixture_table(f, "heir", 'r', "id int4 n, org int4 n, top int4, name text");
    catalog_add_parent(r, parent);
    r = fixture_table(f, "kid", 'r', "id int4 n, org int4 n, up int4 d");
    fixture_primary(r, "kid_pkey", 1);
    fixture_foreign(r, "kid_up", 3, "p");
    catalog_set_actions(r, row->on_delete, row->on_update, &row->resets);
    r = fixture_table(f, "grand", 'r', "id int4 n, org int4 n, up int4");
    fixture_foreign(r, "grand_up", 3, "kid");
    catalog_set_actions(r, 'd', 'd', NULL);
    struct err err;
    FIXTURE_MUST(catalog_seal(f->catalog, &err) == 0);
}

static bool check(const struct row *row)
{
    struct fixture f;
    make(&f, row);
    struct policy_request req = {.rules = &f.rules, .catalog = f.catalog, .confined = true,
                                 .sql = {row->sql, strlen(row->sql)}};
    struct err err;
    struct decision *d = policy_decide(NULL, &req, &err);
    assert_non_null(d);
    const struct plan *p = d->plans[0];
    bool as_wanted = row->refused ? p->refused && !strcmp(p->err->sqlstate, "0A000") &&
                                        (strstr(p->err->message, "kid_up") ||
                                         strstr(p->err->message, "override the value for column \"up\""))
                                  : !p->refused;
    if (!as_wanted)
        print_error("%c %c %c: %s: %s\n", row->on_delete, row->on_update, row->through ? row->through : '-',
                    row->sql, p->refused ? p->err->message : p->text);
    decision_unref(d);
    catalog_unref(f.catalog);
    return as_wanted;
}

static void test_follows(void **state)
{
    (void)state;
    int bad = 0;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        bad += !check(&rows[i]);
    assert_int_equal(bad, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_follows)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
