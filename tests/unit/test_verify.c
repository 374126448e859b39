/* link: policy */
#include "policy/verify.h"
#include "policy/parse.h"

#include "unit/deep_stack.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

/* Is ${text} taken for the tree of ${sql}, and do ${relations} account for it? */
struct check {
    const char *sql, *text;
    int relations;
};

static int verify(void *arg, struct err *err)
{
    const struct check *c = arg;
    struct scoper s = {.sql = c->sql, .nrelations = c->relations, .err = err};
    void *tree;
    if (parse_sql(c->sql, &tree, err) < 0)
        return -1;
    Node *stmt = linitial_node(RawStmt, (List *)tree)->stmt;
    return verify_relations(&s, stmt) < 0 || verify_text(&s, c->text, stmt) < 0 ? -1 : 0;
}

static void assert_verified(const char *sql, const char *text, int relations, bool good)
{
    struct check c = {sql, text, relations};
    struct err err;
    err_reset(&err);
    int status = parse_protect(verify, &c, &err);
    if (status != (good ? 0 : -1))
        print_error("%s | %s: %s\n", sql, text, err.message);
    assert_int_equal(status, good ? 0 : -1);
}

static void test_text(void **state)
{
    (void)state;
    assert_verified("SELECT a FROM t WHERE x", "select  a /* c */ from T where x", 1, true);
    assert_verified("SELECT a FROM t WHERE x", "SELECT a FROM t WHERE (x)", 1, true);
    assert_verified("SELECT a FROM t WHERE x", "SELECT a FROM t WHERE y", 1, false);
    assert_verified("SELECT a FROM t WHERE x", "SELECT a FROM t", 1, false);
    assert_verified("SELECT a FROM t WHERE x", "SELECT a FROM t WHERE x; SELECT 1", 1, false);
    assert_verified("SELECT a FROM t WHERE x", "SELECT a FROM ONLY t WHERE x", 1, false);
    assert_verified("SELECT a FROM t WHERE x AND (y OR z)", "SELECT a FROM t WHERE x AND y OR z", 1,
                    false);
    assert_verified("SELECT a FROM t WHERE x", "SELECT a FROM t WHERE", 1, false);
}

static void test_relations(void **state)
{
    (void)state;
    const char *sql = "SELECT (SELECT 1 FROM a) FROM b, (SELECT 1 FROM c) s WHERE EXISTS (TABLE d)";
    assert_verified(sql, sql, 4, true);
    assert_verified(sql, sql, 3, false);
    const char *copy = "COPY (SELECT 1 FROM a) TO STDOUT";
    assert_verified(copy, copy, 1, true);
    assert_verified(copy, copy, 0, false);
    const char *update = "UPDATE a SET (x, y) = (SELECT 1, 2 FROM b)";
    assert_verified(update, update, 2, true);
}

static void run(void *arg)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text),
        cmocka_unit_test(test_relations),
    };
    *(int *)arg = cmocka_run_group_tests(tests, NULL, NULL);
}

int main(void)
{
    int failed = -1;
    deep_stack_run(run, &failed);
    return failed;
}
