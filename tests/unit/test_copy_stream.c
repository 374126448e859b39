/* link: protocol */
/* Every row is fed in one piece and split at each byte: the boundaries of messages mean nothing. */
#include "protocol/copy_stream.h"

#include "protocol/sqlstate.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define S(text) {text, sizeof(text) - 1}

struct row {
    const char *name;
    struct copy_format format;
    struct slice in, want; /* in ${want} the value is "[v]" and the header's is "[h]" */
};

#define TEXT  {COPY_TEXT, COPY_NO_HEADER, '\t', '"', '"'}
#define CSV   {COPY_CSV, COPY_NO_HEADER, ',', '"', '"'}
#define SLASH {COPY_CSV, COPY_NO_HEADER, ',', '"', '\\'}
#define POINT {COPY_CSV, COPY_NO_HEADER, ',', '.', '.'}
#define HEAD(kind, how) {kind, how, ',', '"', '"'}
#define BIN   {COPY_BINARY, COPY_NO_HEADER, '\t', '"', '"'}

#define SIGN     "PGCOPY\n\377\r\n\0"
#define PREAMBLE SIGN "\0\0\0\0\0\0\0\0"

static const struct row rows[] = {
    {"nothing", TEXT, S(""), S("")},
    {"one line", TEXT, S("a\tb\n"), S("[v]a\tb\n")},
    {"lines", TEXT, S("a\nb\n"), S("[v]a\n[v]b\n")},
    {"no line end", TEXT, S("a\nb"), S("[v]a\n[v]b")},
    {"empty lines", TEXT, S("\n\n"), S("[v]\n[v]\n")},
    {"CR", TEXT, S("a\rb\r"), S("[v]a\r[v]b\r")},
    {"CR, empty lines", TEXT, S("\r\rb"), S("[v]\r[v]\r[v]b")},
    {"CRLF", TEXT, S("a\r\nb\r\n"), S("[v]a\r\n[v]b\r\n")},
    {"CRLF, empty lines", TEXT, S("\r\n\r\n"), S("[v]\r\n[v]\r\n")},
    {"LF, then CR: an error", TEXT, S("a\nb\rc\nd\n"), S("[v]a\n[v]b\rc\nd\n")},
    {"CR, then LF: an error", TEXT, S("a\rb\nc\rd"), S("[v]a\r[v]b\nc\rd")},
    {"CRLF, then LF: an error", TEXT, S("a\r\nb\nc\r\n"), S("[v]a\r\n[v]b\nc\r\n")},
    {"CRLF, then CR: an error", TEXT, S("a\r\nb\rc\r\nd"), S("[v]a\r\n[v]b\rc\r\nd")},
    {"an escaped line end", TEXT, S("a\\\nb\nc"), S("[v]a\\\nb\n[v]c")},
    {"an escaped CR", TEXT, S("a\\\r\nb\n"), S("[v]a\\\r\n[v]b\n")},
    {"an escaped backslash", TEXT, S("a\\\\\nb\n"), S("[v]a\\\\\n[v]b\n")},
    {"a backslash at the beginning", TEXT, S("\\N\tb\n\\\\\n\\\nx\n"), S("[v]\\N\tb\n[v]\\\\\n[v]\\\nx\n")},
    {"quotes mean nothing", TEXT, S("\"a\nb\"\n"), S("[v]\"a\n[v]b\"\n")},
    {"the end marker", TEXT, S("a\n\\.\nb\n"), S("[v]a\n\\.\nb\n")},
    {"the end marker first", TEXT, S("\\."), S("\\.")},
    {"the end marker, CRLF", TEXT, S("a\r\n\\.\r\nb"), S("[v]a\r\n\\.\r\nb")},
    {"an end marker in a line", TEXT, S("ab\\.\nc\n"), S("[v]ab\\.\nc\n")},
    {"text behind the end marker: an error", TEXT, S("\\.x\nc\n"), S("\\.x\nc\n")},
    {"an escaped backslash, then a point", TEXT, S("a\\\\.\nc\n"), S("[v]a\\\\.\n[v]c\n")},
    {"a backslash ends all", TEXT, S("\\"), S("[v]\\")},
    {"NUL", TEXT, S("a\0\nb\n"), S("[v]a\0\nb\n")},
    {"an escaped NUL", TEXT, S("a\\\0\nb\n"), S("[v]a\\\0\nb\n")},
    {"a header", HEAD(COPY_TEXT, COPY_HEADER), S("x\ty\na\n"), S("[h]x\ty\n[v]a\n")},
    {"a header alone", HEAD(COPY_TEXT, COPY_HEADER), S("x"), S("[h]x")},
    {"the end marker for a header", HEAD(COPY_TEXT, COPY_HEADER), S("\\.\na\n"), S("\\.\na\n")},

    {"CSV", CSV, S("a,b\nc,d\n"), S("[v]a,b\n[v]c,d\n")},
    {"a line end in quotes", CSV, S("\"a\nb\",c\nd\n"), S("[v]\"a\nb\",c\n[v]d\n")},
    {"all line ends in quotes", CSV, S("\"\r\n\r\",c\nd\n"), S("[v]\"\r\n\r\",c\n[v]d\n")},
    {"doubled quotes", CSV, S("\"a\"\"\n\"\"\"\nb\n"), S("[v]\"a\"\"\n\"\"\"\n[v]b\n")},
    {"quotes within a field", CSV, S("a\"\n\"b\nc\n"), S("[v]a\"\n\"b\n[v]c\n")},
    {"an open quote", CSV, S("\"a\nb\n"), S("[v]\"a\nb\n")},
    {"backslashes mean nothing", CSV, S("a\\\nb\\.\n\\N\n"), S("[v]a\\\n[v]b\\.\n[v]\\N\n")},
    {"the end marker in CSV", CSV, S("a\n\\.\nb\n"), S("[v]a\n\\.\nb\n")},
    {"the end marker in CSV, CRLF", CSV, S("a\r\n\\.\r\nb\r\n"), S("[v]a\r\n\\.\r\nb\r\n")},
    {"an end marker with data", CSV, S("\\.,b\nc\n"), S("[v]\\.,b\n[v]c\n")},
    {"an end marker at the end", CSV, S("a\n\\."), S("[v]a\n[v]\\.")},
    {"a backslash at the end", CSV, S("a\n\\"), S("[v]a\n[v]\\")},
    {"an end marker in quotes", CSV, S("\"a\n\\.\n\",b\nc\n"), S("[v]\"a\n\\.\n\",b\n[v]c\n")},
    {"NUL in CSV", CSV, S("\"a\0\"\nb\n"), S("[v]\"a\0\"\nb\n")},
    {"an escaped quote", SLASH, S("\"a\\\"\nb\"\nc\n"), S("[v]\"a\\\"\nb\"\n[v]c\n")},
    {"an escaped escape", SLASH, S("\"a\\\\\"\nb\n"), S("[v]\"a\\\\\"\n[v]b\n")},
    {"three escapes", SLASH, S("\"a\\\\\\\"\nb\"\nc\n"), S("[v]\"a\\\\\\\"\nb\"\n[v]c\n")},
    {"an escape outside of quotes", SLASH, S("\\\"a\nb\"\nc\n"), S("[v]\\\"a\nb\"\n[v]c\n")},
    {"an escape, other bytes, a quote", SLASH, S("\"\\a\"\nc\n"), S("[v]\"\\a\"\n[v]c\n")},
    {"a point as quote", POINT, S("\\.a\nb.\nc\n\\.\nd\n"), S("[v]\\.a\nb.\n[v]c\n\\.\nd\n")},
    {"a header in quotes", HEAD(COPY_CSV, COPY_HEADER_MATCH), S("\"x\ny\",z\na\n"),
     S("[h]\"x\ny\",z\n[v]a\n")},

    {"binary: no rows", BIN, S(PREAMBLE "\xff\xff"), S(PREAMBLE "\xff\xff")},
    {"binary: a row", BIN, S(PREAMBLE "\0\1\0\0\0\2ab\xff\xff"),
     S(PREAMBLE "\0\2[v]\0\0\0\2ab\xff\xff")},
    {"binary: rows", BIN, S(PREAMBLE "\0\2\0\0\0\0\xff\xff\xff\xff\0\1\0\0\0\1\xff\xff\xff"),
     S(PREAMBLE "\0\3[v]\0\0\0\0\xff\xff\xff\xff\0\2[v]\0\0\0\1\xff\xff\xff")},
    {"binary: no fields", BIN, S(PREAMBLE "\0\0\0\0\xff\xff"), S(PREAMBLE "\0\1[v]\0\1[v]\xff\xff")},
    {"binary: extension", BIN, S(SIGN "\0\0\0\0\0\0\0\3abc\0\1\0\0\0\1x\xff\xff"),
     S(SIGN "\0\0\0\0\0\0\0\3abc\0\2[v]\0\0\0\1x\xff\xff")},
    {"binary: flags pass", BIN, S(SIGN "\0\1\0\0\0\0\0\0\xff\xff"),
     S(SIGN "\0\1\0\0\0\0\0\0\xff\xff")},
    {"binary: rows behind the end", BIN, S(PREAMBLE "\xff\xff\0\1\0\0\0\1x"),
     S(PREAMBLE "\xff\xff\0\1\0\0\0\1x")},
    {"binary: a negative count", BIN, S(PREAMBLE "\xff\xfe\0\1\0\0\0\1x"),
     S(PREAMBLE "\xff\xfe\0\1\0\0\0\1x")},
    {"binary: the largest count", BIN, S(PREAMBLE "\x7f\xff\0\0\0\1x"),
     S(PREAMBLE "\x7f\xff\0\0\0\1x")},
    {"binary: a negative length", BIN, S(PREAMBLE "\0\1\xff\xff\xff\xfe\0\1\0\0\0\1x"),
     S(PREAMBLE "\0\2[v]\xff\xff\xff\xfe\0\1\0\0\0\1x")},
    {"binary: a negative extension", BIN, S(SIGN "\0\0\0\0\xff\xff\xff\xff\0\1\0\0\0\1x"),
     S(SIGN "\0\0\0\0\xff\xff\xff\xff\0\1\0\0\0\1x")},
    {"binary: another signature", BIN, S("PGCOPY\n\377\r\r\0\0\0\0\0\0\0\0\0\0\1\0\0\0\1x"),
     S("PGCOPY\n\377\r\r\0\0\0\0\0\0\0\0\0\0\1\0\0\0\1x")},
    {"binary: cut off in a count", BIN, S(PREAMBLE "\0"), S(PREAMBLE "\0")},
    {"binary: cut off in a length", BIN, S(PREAMBLE "\0\1\0\0\1"), S(PREAMBLE "\0\2[v]\0\0\1")},
    {"binary: cut off in the preamble", BIN, S("PGCOPY"), S("PGCOPY")},
    {"binary: text", BIN, S("1\tx\n"), S("1\tx\n")},
};

/* ${in} in pieces that end at ${a} and ${b}. */
static void feed(const struct row *row, size_t a, size_t b, struct buf *out)
{
    struct copy_stream c;
    copy_stream_init(&c, &row->format, (struct slice)S("[v]"), (struct slice)S("[h]"));
    copy_stream_feed(&c, (struct slice){row->in.data, a}, out);
    copy_stream_feed(&c, (struct slice){row->in.data + a, b - a}, out);
    for (size_t i = b; i < row->in.len; i++) /* a copy: a byte read too far is seen */
        copy_stream_feed(&c, (struct slice){row->in.data + i, 1}, out);
    copy_stream_end(&c, out);
}

static bool is_wanted(const struct row *row, size_t a, size_t b)
{
    struct buf out;
    buf_init(&out, 1 << 16);
    feed(row, a, b, &out);
    struct slice got = buf_peek(&out);
    bool same = !out.failed && got.len == row->want.len &&
                (got.len == 0 || memcmp(got.data, row->want.data, got.len) == 0);
    if (!same)
        print_error("%s, split at %zu and %zu: \"%.*s\"\n", row->name, a, b, (int)got.len, got.data);
    buf_release(&out);
    return same;
}

static void rows_begin_with_the_value(void **state)
{
    (void)state;
    bool good = true;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        for (size_t a = 0; a <= rows[i].in.len; a++)
            for (size_t b = a; b <= rows[i].in.len; b++)
                good = is_wanted(&rows[i], a, b) && good;
    assert_true(good);
}

struct value {
    struct copy_format format;
    uint32_t type_oid;
    struct slice value, want;
    const char *sqlstate;
};

#define COMMA {COPY_TEXT, COPY_NO_HEADER, 'A', '"', '"'}
#define TICK  {COPY_CSV, COPY_NO_HEADER, 'a', '\'', 'c'}

static const struct value values[] = {
    {TEXT, 25, S("acme"), S("\\141cme\t"), NULL},
    {TEXT, 25, S("ab-9.A\n\\"), S("\\141b\\0559\\056\\101\\012\\134\t"), NULL},
    {TEXT, 25, S("\xc3\xbc"), S("\\303\\274\t"), NULL},
    {COMMA, 25, S("aA"), S("\\141\\101A"), NULL},
    {CSV, 25, S("acme"), S("\"acme\","), NULL},
    {CSV, 25, S("a\"b\n"), S("\"a\"\"b\n\","), NULL},
    {TICK, 25, S("ac'me"), S("'accc'me'a"), NULL},
    {BIN, 25, S("acme"), S("\0\0\0\4acme"), NULL},
    {BIN, 1043, S(""), S("\0\0\0\0"), NULL},
    {BIN, 21, S("-2"), S("\0\0\0\2\xff\xfe"), NULL},
    {BIN, 23, S("258"), S("\0\0\0\4\0\0\1\2"), NULL},
    {BIN, 20, S("-9223372036854775808"), S("\0\0\0\x8\x80\0\0\0\0\0\0\0"), NULL},
    {BIN, 2950, S("00010203-0405-0607-0809-0a0B0c0d0e0f"),
     S("\0\0\0\x10\0\1\2\3\4\5\6\7\10\11\12\13\14\15\16\17"), NULL},
    {BIN, 21, S("32768"), S(""), SQLSTATE_INVALID_TEXT_REPRESENTATION},
    {BIN, 23, S("acme"), S(""), SQLSTATE_INVALID_TEXT_REPRESENTATION},
    {BIN, 23, S(""), S(""), SQLSTATE_INVALID_TEXT_REPRESENTATION},
    {BIN, 20, S("9223372036854775808"), S(""), SQLSTATE_INVALID_TEXT_REPRESENTATION},
    {BIN, 2950, S("00010203"), S(""), SQLSTATE_INVALID_TEXT_REPRESENTATION},
    {BIN, 2950, S("00010203-0405-0607-0809-0a0B0c0d0e0f0"), S(""),
     SQLSTATE_INVALID_TEXT_REPRESENTATION},
    {BIN, 1700, S("1"), S(""), SQLSTATE_FEATURE_NOT_SUPPORTED},
};

static void values_are_escaped(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        const struct value *v = &values[i];
        struct buf out;
        struct err err;
        buf_init(&out, 1 << 16);
        int rc = copy_first(&v->format, v->type_oid, v->value, &out, &err);
        assert_int_equal(rc, v->sqlstate ? -1 : 0);
        if (v->sqlstate)
            assert_string_equal(err.sqlstate, v->sqlstate);
        else
            assert_int_equal(buf_len(&out), v->want.len);
        if (!v->sqlstate)
            assert_memory_equal(buf_peek(&out).data, v->want.data, v->want.len);
        buf_release(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_begin_with_the_value),
        cmocka_unit_test(values_are_escaped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
