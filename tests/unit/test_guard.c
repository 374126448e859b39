/* link: policy */
#include "policy/guard.h"
#include "policy/scan.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>

static struct slice slice_of(const char *text)
{
    return (struct slice){text, strlen(text)};
}

static void assert_guard(const char *sql, const char *sqlstate)
{
    struct err err;
    err_reset(&err);
    int status = guard_check(&rules_default, slice_of(sql), NULL, &err);
    if (!sqlstate)
        assert_int_equal(status, 0);
    else
        assert_string_equal(err.sqlstate, sqlstate);
    assert_int_equal(status, sqlstate ? -1 : 0);
}

/* ${head}, then ${unit} ${n} times, then ${tail} as often if it is not NULL; free it. */
static char *repeated(const char *head, const char *unit, size_t n, const char *tail)
{
    size_t tail_len = tail ? strlen(tail) : 0;
    char *text = malloc(strlen(head) + n * (strlen(unit) + tail_len) + 1), *at = text;
    assert_non_null(text);
    at = stpcpy(at, head);
    for (size_t i = 0; i < n; i++)
        at = stpcpy(at, unit);
    for (size_t i = 0; tail && i < n; i++)
        at = stpcpy(at, tail);
    return text;
}

static void assert_repeated(const char *head, const char *unit, size_t n, const char *tail,
                            const char *sqlstate)
{
    char *text = repeated(head, unit, n, tail);
    assert_guard(text, sqlstate);
    free(text);
}

static void test_encoding(void **state)
{
    (void)state;
    struct err err;
    assert_guard("SELECT 'gr\xc3\xbc\xc3\x9f \xf0\x9f\x90\x98'", NULL);
    assert_guard("SELECT '\xff'", "22021");
    assert_guard("SELECT '\xc0\xaf'", "22021");         /* overlong */
    assert_guard("SELECT '\xed\xa0\x80'", "22021");     /* surrogate */
    assert_guard("SELECT '\xf4\x90\x80\x80'", "22021"); /* beyond U+10FFFF */
    assert_guard("SELECT '\xe2\x82", "22021");          /* cut off */
    assert_int_equal(guard_check(&rules_default, (struct slice){"SELECT 1\0", 9}, NULL, &err), -1);
    assert_string_equal(err.sqlstate, "22021");
}

static void test_limits(void **state)
{
    (void)state;
    assert_repeated("SELECT 1", "+1", 9000, NULL, NULL);
    assert_repeated("SELECT 1", "+1", 100000, NULL, "54001");
    assert_repeated("SELECT 1", " UNION SELECT 1, 2", 20000, NULL, "54001");
    assert_repeated("SELECT ", "- ", 20000, NULL, "54001");
    assert_repeated("SELECT ", "NOT ", 20000, NULL, "54001");
    assert_repeated("SELECT ", "(", 50000, ")", "54001");
    assert_repeated("SELECT 1, ", "(1, ", 150, "1)", NULL);
    assert_repeated("SELECT ", "ARRAY[", 300, "]", "54001");
    assert_repeated("SELECT ", "CASE WHEN true THEN ", 300, " END", "54001");
    assert_repeated("SELECT 1", ", 1", 90000, NULL, NULL);
    assert_repeated("SELECT 1", ", 1", 110000, NULL, "54001");
    assert_repeated("SELECT 1", "+", 60, NULL, NULL);
    assert_repeated("SELECT 1", "+", 64, NULL, "54001"); /* cubic time in PostgreSQL's scanner */
    assert_repeated("SELECT 1 ", "@", 500000, NULL, "54001");
    assert_repeated("-- ", "long comment ", 1500000, NULL, "54000");
}

/* Depth must not be undone by words that only look like the end of a CASE. */
static void test_depth_cannot_be_hidden(void **state)
{
    (void)state;
    assert_repeated("SELECT ", "(x.end + (SELECT 1 AS end, ", 300, "))", "54001");
    assert_repeated("SELECT ", "CASE x.end WHEN 1 THEN ", 300, " END", "54001");
    assert_repeated("SELECT ", "(SELECT 1 AS \"end\", ", 300, ")", "54001");
    assert_repeated("SELECT ", "( /* ) */ ", 300, ")", "54001");
    assert_repeated("SELECT ", "('\\' + (", 300, "))", "54001"); /* no escape in a plain string */
    assert_repeated("SELECT ", "(1 AS case)", 300, NULL, NULL);
}

struct token_row {
    const char *sql;
    const char *kinds; /* one letter each: w"'0$o, and the character itself */
};

static const struct token_row token_rows[] = {
    {"SELECT a.b", "ww.w"},
    {"E'it\\'s' 'it''s'", "''"},
    {"'a'\n  'b' 'c'", "''"},
    {"E'a' -- x\n '\\'b' c", "'w"},
    {"'a' 'b'", "''"},
    {"U&\"d\\0061t\" u&'x' b'1' X'f' n'z'", "\"''''"},
    {"$$a;b$$ $t$ $$ $u$ $t$ $1", "''$"},
    {"a$b$c $1$2", "w$$"},
    {"1.5e10 .5 1..2 1e", "000o00w"},
    {"a->>'b' a-- c\n+-1 a<-1", "wo'woo0woo0"},
    {"a@-1 b::int :=x", "wo0wowow"},
    {"/* a /* b */ ' */ x", "w"},
    {"\"a\"\"b\"", "\""},
    {"'open", "!"},
    {"/* open /* */", "!"},
    {"$x$ open", "!"},
};

static char letter(const char *text, const struct scan_token *t)
{
    switch (t->kind) {
    case SCAN_WORD:
        return 'w';
    case SCAN_QUOTED:
        return '"';
    case SCAN_STRING:
        return '\'';
    case SCAN_NUMBER:
        return '0';
    case SCAN_PARAM:
        return '$';
    case SCAN_OPERATOR:
        return 'o';
    case SCAN_BROKEN:
        return '!';
    case SCAN_CHAR:
    case SCAN_END:
        break;
    }
    return text[t->start];
}

static void test_tokens(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof token_rows / sizeof *token_rows; i++) {
        const char *sql = token_rows[i].sql;
        char kinds[64];
        size_t n = 0;
        struct scan s = scan_of(sql, strlen(sql));
        for (struct scan_token t = scan_next(&s); t.kind != SCAN_END; t = scan_next(&s))
            kinds[n++] = letter(sql, &t);
        kinds[n] = '\0';
        if (strcmp(kinds, token_rows[i].kinds) != 0)
            print_error("%s\n", sql);
        assert_string_equal(kinds, token_rows[i].kinds);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_encoding),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_depth_cannot_be_hidden),
        cmocka_unit_test(test_tokens),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
