/* link: policy */
#include "policy/catalog.h"
#include "policy/rules.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>

static struct catalog_column column(const char *name, int16_t attnum)
{
    return (struct catalog_column){.name = (char *)(uintptr_t)name,
                                   .type_name = (char *)(uintptr_t)"text",
                                   .type_oid = 25,
                                   .typmod = -1,
                                   .attnum = attnum};
}

static void test_relations(void **state)
{
    (void)state;
    struct catalog *c = catalog_new();
    struct err err;
    for (int i = 0; i < 100; i++) {
        char name[32];
        snprintf(name, sizeof name, "t%d", i);
        catalog_add_relation(c, (uint32_t)(1000 + i), "public", name, 'r');
    }
    struct catalog_relation *r = catalog_add_relation(c, 5, "other", "t7", 'v');
    struct catalog_column second = column("b", 3), first = column("a", 1);
    catalog_add_column(r, &second);
    catalog_add_column(r, &first);
    const int16_t key[] = {1, 3};
    const char *const parent[] = {"id"};
    catalog_add_key(r, "t7_pkey", true, key, 2);
    catalog_add_foreign_key(r, "t7_fk", key, "public", "t1", parent, 1);
    const bool resets[] = {false};
    catalog_set_actions(r, 'd', 'c', resets);
    catalog_add_foreign_key(r, "t7_gone", key, "public", "gone", parent, 1);
    catalog_add_parent(r, 1002);
    catalog_add_parent(r, 1);
    assert_int_equal(catalog_seal(c, &err), 0);

    assert_int_equal(catalog_find(c, NULL, "t7")->oid, 1007);
    assert_int_equal(catalog_find(c, "other", "t7")->oid, 5);
    assert_null(catalog_find(c, NULL, "T7"));
    assert_null(catalog_find(c, "public", "t100"));
    assert_int_equal(catalog_find_oid(c, 1099)->oid, 1099);
    assert_null(catalog_find_oid(c, 1));
    const struct catalog_relation *found = catalog_find_oid(c, 5);
    assert_string_equal(found->columns[0].name, "a"); /* by attnum, whatever the order they came in */
    assert_int_equal(catalog_column(found, "b")->attnum, 3);
    assert_null(catalog_column(found, "c"));
    assert_true(found->keys[0].primary);
    assert_string_equal(found->foreign_keys[0].parent_columns[0], "id");
    const struct catalog_relation *const *all;
    assert_int_equal(catalog_relations(c, &all), 101);
    const struct catalog_relation *referred = catalog_find(c, NULL, "t1");
    assert_int_equal(referred->nreferrers, 1);
    assert_ptr_equal(referred->referrers[0].child, found);
    assert_int_equal(referred->referrers[0].key->on_delete, 'd');
    assert_int_equal(referred->referrers[0].key->on_update, 'c');
    assert_false(referred->referrers[0].key->resets[0]);
    assert_int_equal(found->parent_oid, 0); /* two */
    assert_int_equal(catalog_find(c, NULL, "t2")->nheirs, 1);
    assert_ptr_equal(catalog_find(c, NULL, "t2")->heirs[0], found);
    catalog_unref(catalog_ref(c));
    catalog_unref(c);
}

static void test_names(void **state)
{
    (void)state;
    struct catalog *c = catalog_new();
    struct err err;
    const char *const path[] = {"app", "public"};
    catalog_set_search_path(c, path, 2);
    catalog_add_relation(c, 1, "public", "t", 'r');
    catalog_add_relation(c, 2, "app", "t", 'r');
    catalog_add_function(c, "pg_catalog", "lower", true);
    catalog_add_function(c, "hidden", "slug", false);
    catalog_add_operator(c, "public", "===");
    catalog_add_type(c, "app", "mood", 99, 'e');
    assert_int_equal(catalog_seal(c, &err), 0);
    assert_int_equal(catalog_find(c, NULL, "t")->oid, 2);
    assert_true(catalog_has_builtin_function(c, "lower"));
    assert_false(catalog_has_builtin_function(c, "slug"));
    assert_false(catalog_has_user_function(c, NULL, "lower"));
    assert_false(catalog_has_user_function(c, NULL, "slug")); /* not on the path */
    assert_true(catalog_has_user_function(c, "hidden", "slug"));
    assert_true(catalog_has_user_operator(c, NULL, "==="));
    assert_true(catalog_has_user_type(c, NULL, "mood"));
    assert_false(catalog_has_user_type(c, "public", "mood"));
    catalog_unref(c);
}

static void test_empty(void **state)
{
    (void)state;
    struct catalog *c = catalog_new();
    struct err err;
    assert_int_equal(catalog_seal(c, &err), 0);
    assert_null(catalog_find(c, NULL, "t"));
    assert_null(catalog_find_oid(c, 1));
    assert_false(catalog_has_user_function(c, NULL, "f"));
    catalog_unref(c);
}

static void test_within(void **state)
{
    (void)state;
    struct catalog *c = catalog_new();
    struct err err;
    const struct catalog_relation *in[2] = {catalog_add_relation(c, 1, "public", "t", 'r'), NULL};
    in[1] = catalog_add_relation(c, 2, "own", "t", 'r');
    catalog_add_relation(c, 3, "other", "u", 'r');
    catalog_add_type(c, "own", "mood", 4, 'e');
    catalog_set_role(c, "keeper", true);
    assert_int_equal(catalog_seal(c, &err), 0);
    struct catalog *own = catalog_within(c, "own"), *none = catalog_within(c, "none");
    catalog_unref(c); /* the others keep it */
    assert_ptr_equal(catalog_find(own, NULL, "t"), in[1]);
    assert_ptr_equal(catalog_find(none, NULL, "t"), in[0]);
    assert_ptr_equal(catalog_find_oid(none, 2), in[1]);
    assert_null(catalog_find(own, NULL, "u"));
    assert_true(catalog_has_user_type(own, NULL, "mood"));
    assert_false(catalog_has_user_type(none, NULL, "mood"));
    assert_string_equal(catalog_bypassing_role(own), "keeper");
    const char *const *path;
    assert_int_equal(catalog_search_path(own, &path), 2);
    assert_string_equal(path[0], "own");
    assert_string_equal(path[1], "public");
    catalog_unref(catalog_ref(own));
    catalog_unref(own);
    catalog_unref(none);
}

static void test_rules(void **state)
{
    (void)state;
    char a[] = "a", t[] = "t", u[] = "u", x[] = "x";
    struct rule_table tables[] = {
        {.name = a, .kind = RULE_DENIED},
        {.name = t, .kind = RULE_SHARED},
        {.schema = x, .name = t, .kind = RULE_DENIED},
        {.schema = x, .name = u, .kind = RULE_SHARED},
    };
    struct rules rules = {.tables = tables, .ntables = 4};
    assert_ptr_equal(rules_find(&rules, "public", "t"), &tables[1]);
    assert_ptr_equal(rules_find(&rules, "x", "t"), &tables[2]);
    assert_ptr_equal(rules_find(&rules, "x", "u"), &tables[3]);
    assert_null(rules_find(&rules, "public", "u"));
    assert_ptr_equal(rules_find(&rules, "public", "a"), &tables[0]);
    assert_null(rules_find(&rules, "public", "b"));
    assert_null(rules_find(&rules_default, "public", "b"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_relations),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_empty),
        cmocka_unit_test(test_within),
        cmocka_unit_test(test_rules),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
