/* link: conf, wrap: strcmp strncmp */
/* Many tenants: what a file and a login cost, counted by the texts that are compared. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "conf/load.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static size_t compared;

int __real_strcmp(const char *a, const char *b);
int __wrap_strcmp(const char *a, const char *b);
int __real_strncmp(const char *a, const char *b, size_t n);
int __wrap_strncmp(const char *a, const char *b, size_t n);

int __wrap_strcmp(const char *a, const char *b)
{
    compared++;
    return __real_strcmp(a, b);
}

int __wrap_strncmp(const char *a, const char *b, size_t n)
{
    compared++;
    return __real_strncmp(a, b, n);
}

/* ${n} tenants, each with a schema, or a database, of its own; others likewise by "*". */
static struct conf *load(const char *what, int n)
{
    char *yaml = NULL;
    size_t len = 0;
    FILE *f = open_memstream(&yaml, &len);
    assert_non_null(f);
    fprintf(f,
            "backends: {main: {postgres: host=a}}\n"
            "logins: {o: {secret: x, access: owner}}\n"
            "policy: {tenant_column: t, isolation: %s}\n"
            "tenants:\n  '*': {backend: main, %s: 'x_{tenant}'}\n",
            what, what);
    for (int i = 0; i < n; i++)
        fprintf(f, "  t%d: {backend: main, %s: 's_{tenant}'}\n", i, what);
    fclose(f);
    struct conf_errors errors;
    struct conf *c = conf_load_text("many.yaml", yaml, len, &errors);
    assert_int_equal(errors.n, 0);
    assert_non_null(c);
    conf_errors_release(&errors);
    free(yaml);
    return c;
}

/* How many comparisons tell what is ${tenant}'s; ${taken}: that it is another's. */
static size_t cost(const struct conf *c, const char *tenant, bool taken)
{
    struct slice name = {tenant, strlen(tenant)};
    char *schema = NULL, *database = NULL;
    struct err err;
    size_t before = compared;
    int r = conf_tenant_names(c, conf_tenant_find(c, name), tenant, &schema, &database, &err);
    size_t spent = compared - before;
    assert_int_equal(r, taken ? -1 : 0);
    if (!taken)
        assert_true((schema != NULL) != (database != NULL));
    free(schema);
    free(database);
    return spent;
}

static void a_login_does_not_look_at_all_tenants(void **state)
{
    static const char *const kinds[] = {"schema", "database"};
    enum { FEW = 16, MANY = 4096, DOUBLINGS = 8, EACH = 2 };
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct conf *few = load(kinds[i], FEW), *many = load(kinds[i], MANY);
        assert_true(cost(few, "t3", false) > 0);
        assert_true(cost(many, "t3", false) <= cost(few, "t3", false) + DOUBLINGS * EACH);
        assert_true(cost(many, "other", false) <= cost(few, "other", false) + DOUBLINGS * EACH);
        conf_unref(few);
        conf_unref(many);
    }
}

static void a_file_of_twice_as_many_costs_hardly_more_than_twice(void **state)
{
    (void)state;
    size_t before = compared;
    conf_unref(load("schema", 1000));
    size_t once = compared - before;
    conf_unref(load("schema", 2000));
    size_t twice = compared - before - once;
    assert_true(once > 1000);
    assert_true(twice < 3 * once);
}

/* The tenant "x_7" of the file has a schema as a tenant "7" of "*" would have it. */
static void what_is_made_of_a_name_is_compared_with_what_is_given(void **state)
{
    static const char yaml[] = "backends: {main: {postgres: host=a}, two: {postgres: host=b}}\n"
                               "logins: {o: {secret: x, access: owner}}\n"
                               "policy: {tenant_column: t, isolation: schema}\n"
                               "tenants:\n"
                               "  '*': {backend: main, schema: 'x_{tenant}'}\n"
                               "  x_7: {backend: main}\n"
                               "  x_8: {backend: two}\n"
                               "  a: {backend: main, schema: 'x_{tenant}'}\n";
    struct conf_errors errors;
    (void)state;
    struct conf *c = conf_load_text("few.yaml", yaml, sizeof yaml - 1, &errors);
    assert_non_null(c);
    (void)cost(c, "7", true);
    (void)cost(c, "8", false); /* on another back end */
    (void)cost(c, "a", false); /* its own */
    (void)cost(c, "x_7", false);
    conf_errors_release(&errors);
    conf_unref(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_login_does_not_look_at_all_tenants),
        cmocka_unit_test(a_file_of_twice_as_many_costs_hardly_more_than_twice),
        cmocka_unit_test(what_is_made_of_a_name_is_compared_with_what_is_given),
    };
    return cmocka_run_group_tests_name("conf_many", tests, NULL, NULL);
}
