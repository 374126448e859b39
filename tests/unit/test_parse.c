/* link: policy */
#include "policy/parse.h"
#include "policy/nodes.h"

#include "unit/deep_stack.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

struct parsing {
    const char *sql;
    int statements;
};

static int parse(void *arg, struct err *err)
{
    struct parsing *p = arg;
    void *tree;
    if (parse_sql(p->sql, &tree, err) < 0)
        return -1;
    p->statements = list_length(tree);
    return 7;
}

static void test_parse(void **state)
{
    (void)state;
    struct parsing p = {"SELECT 1; SELECT 2", 0};
    struct err err;
    assert_int_equal(parse_protect(parse, &p, &err), 7);
    assert_int_equal(p.statements, 2);
}

/* The position is in characters, and the handler can be used again. */
static void test_syntax_error(void **state)
{
    (void)state;
    struct parsing p = {"SELECT 'é' FROM FROM", 0};
    struct err err;
    for (int i = 0; i < 3; i++) {
        err_reset(&err);
        assert_int_equal(parse_protect(parse, &p, &err), -1);
        assert_string_equal(err.sqlstate, "42601");
        assert_string_equal(err.message, "syntax error at or near \"FROM\"");
        assert_int_equal(err.position, 17);
    }
}

/* Raised below a callback on the scanner's stack: the jump must unhook it, or the next error runs it. */
static void test_error_in_callback(void **state)
{
    (void)state;
    struct parsing p = {"SELECT 1 FROM u&\"\\0ser\" x", 0};
    struct err err;
    for (int i = 0; i < 3; i++)
        assert_int_equal(parse_protect(parse, &p, &err), -1);
    assert_string_equal(err.sqlstate, "42601");
}

static bool walk(Node *node, void *arg)
{
    if (!node)
        return false;
    _Pragma("GCC diagnostic push")
    _Pragma("GCC diagnostic ignored \"-Wstrict-prototypes\"")
    return raw_expression_tree_walker(node, (bool (*)())walk, arg);
    _Pragma("GCC diagnostic pop")
}

static int walk_all(void *arg, struct err *err)
{
    void *tree;
    if (parse_sql(arg, &tree, err) < 0)
        return -1;
    return walk(linitial_node(RawStmt, (List *)tree)->stmt, NULL) ? 1 : 0;
}

/* The generic walk raises an error on a utility statement: outside of the handler that ends the process. */
static void test_error_inside(void **state)
{
    (void)state;
    char set[] = "SET a = 1", query[] = "SELECT 1";
    struct err err;
    assert_int_equal(parse_protect(walk_all, set, &err), -1);
    assert_string_equal(err.sqlstate, "XX000");
    assert_int_equal(parse_protect(walk_all, query, &err), 0);
}

static void run(void *arg)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parse),
        cmocka_unit_test(test_syntax_error),
        cmocka_unit_test(test_error_in_callback),
        cmocka_unit_test(test_error_inside),
    };
    *(int *)arg = cmocka_run_group_tests(tests, NULL, NULL);
}

int main(void)
{
    int failed = -1;
    deep_stack_run(run, &failed);
    return failed;
}
