/* functions_match.c: LIKE, ILIKE, and regular expressions by PCRE2.
 *
 * PostgreSQL's regular expressions are its own dialect: what means the same in both is translated,
 * the rest is 0A000.  Only whether there is a match is asked for, so greediness does not matter. */
#define PCRE2_CODE_UNIT_WIDTH 8
#include "daemon/store/functions_impl.h"

#include <pcre2.h>

#include <wctype.h>

/* -- LIKE -- */

struct like {
    struct slice text, pattern;
    locale_t fold; /* ILIKE: fold case by it */
};

static uint32_t folded(const struct like *l, struct slice s, size_t at, size_t *ret_len)
{
    uint32_t c = functions_decode(s.data + at, s.len - at, ret_len);
    return l->fold ? (uint32_t)towlower_l((wint_t)c, l->fold) : c;
}

/* Does the pattern's character at ${p} match the text's at ${t}?  -1: the pattern ends in a
 * backslash. */
static int like_one(const struct like *l, size_t t, size_t p, size_t *ret_tlen, size_t *ret_plen)
{
    size_t skip = 0;
    if (l->pattern.data[p] == '_') {
        *ret_tlen = functions_char(l->text.data + t, l->text.len - t);
        *ret_plen = 1;
        return 1;
    }
    if (l->pattern.data[p] == '\\') {
        skip = 1;
        if (p + 1 == l->pattern.len)
            return -1;
    }
    bool same = folded(l, l->text, t, ret_tlen) == folded(l, l->pattern, p + skip, ret_plen);
    *ret_plen += skip;
    return same;
}

/* Greedy with one point of return, which is enough for `%`. */
static int like_match(const struct like *l)
{
    size_t t = 0, p = 0, star = SIZE_MAX, mark = 0;
    while (t < l->text.len) {
        size_t tlen = 0, plen = 0;
        int hit = 0;
        if (p < l->pattern.len && l->pattern.data[p] == '%') {
            star = ++p;
            mark = t;
            continue;
        }
        if (p < l->pattern.len)
            hit = like_one(l, t, p, &tlen, &plen);
        if (hit < 0)
            return -1;
        if (hit > 0) {
            t += tlen;
            p += plen;
        } else if (star != SIZE_MAX) {
            mark += functions_char(l->text.data + mark, l->text.len - mark);
            t = mark;
            p = star;
        } else {
            return 0;
        }
    }
    while (p < l->pattern.len && l->pattern.data[p] == '%')
        p++;
    return p == l->pattern.len;
}

static void like(sqlite3_context *ctx, sqlite3_value **argv, locale_t fold)
{
    struct like l = {functions_slice(argv[0]), functions_slice(argv[1]), fold};
    int hit = like_match(&l);
    if (hit < 0)
        functions_fail(ctx, "22025", "LIKE pattern must not end with escape character");
    else
        sqlite3_result_int(ctx, hit);
}

static void fn_like(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    if (!functions_null(argc, argv))
        like(ctx, argv, (locale_t)0);
}

static void fn_ilike(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    locale_t locale = functions_locale();
    if (functions_null(argc, argv))
        return;
    if (locale == (locale_t)0)
        functions_fail(ctx, SQLSTATE_OUT_OF_MEMORY, "locale C.UTF-8 is not available");
    else
        like(ctx, argv, locale);
}

/* LIKE p ESCAPE e: the pattern with a backslash as its escape. */
static void fn_like_escape(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    if (functions_null(argc, argv))
        return;
    struct slice pattern = functions_slice(argv[0]), escape = functions_slice(argv[1]);
    struct buf out;
    if (functions_chars(escape) > 1) {
        functions_fail(ctx, "22019", "invalid escape string");
        err_hint(&functions_context(ctx)->raised, "Escape string must be empty or one character.");
        return;
    }
    functions_buf(&out);
    for (size_t at = 0, n; at < pattern.len; at += n) {
        n = functions_char(pattern.data + at, pattern.len - at);
        bool is_escape =
            escape.len > 0 && n == escape.len && memcmp(pattern.data + at, escape.data, n) == 0;
        if (is_escape) {
            buf_append(&out, "\\", 1);
            at += n;
            if (at >= pattern.len)
                break;
            n = functions_char(pattern.data + at, pattern.len - at);
        } else if (pattern.data[at] == '\\') {
            buf_append(&out, "\\", 1);
        }
        buf_append(&out, pattern.data + at, n);
    }
    functions_finish(ctx, &out);
}

/* -- regular expressions -- */

static void refuse(sqlite3_context *ctx, const char *what)
{
    functions_fail(ctx, SQLSTATE_FEATURE_NOT_SUPPORTED,
                   "%s in a regular expression is not supported by the embedded store", what);
}

/* An escape outside brackets.  0: refused. */
static size_t regex_escape(struct slice pattern, size_t at, struct buf *out)
{
    static const struct {
        char from;
        const char *to;
    } known[] = {
        {'d', "[0-9]"},      {'D', "[^0-9]"},      {'w', "\\w"}, {'W', "\\W"}, {'s', "\\s"},
        {'S', "\\S"},        {'n', "\\n"},         {'t', "\\t"}, {'r', "\\r"}, {'f', "\\f"},
        {'v', "\\x0b"},      {'y', "\\b"},         {'Y', "\\B"}, {'A', "\\A"}, {'Z', "\\z"},
        {'m', "\\b(?=\\w)"}, {'M', "\\b(?<=\\w)"},
    };
    if (at + 1 >= pattern.len)
        return 0;
    char c = pattern.data[at + 1];
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        if (known[i].from == c) {
            buf_append(out, known[i].to, strlen(known[i].to));
            return 2;
        }
    bool plain = (unsigned char)c < 0x80 &&
                 !((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'));
    if (!plain)
        return 0;
    buf_append(out, pattern.data + at, 2);
    return 2;
}

/* A bracket expression from `[` on.  0: refused. */
static size_t regex_bracket(struct slice pattern, size_t at, struct buf *out)
{
    size_t p = at + 1;
    if (p < pattern.len && pattern.data[p] == '^')
        p++;
    if (p < pattern.len && pattern.data[p] == ']')
        p++;
    for (; p < pattern.len && pattern.data[p] != ']'; p++) {
        char c = pattern.data[p];
        if (c == '\\')
            return 0;
        if (c != '[' || p + 1 >= pattern.len)
            continue;
        if (pattern.data[p + 1] != ':')
            return 0; /* a bare [, [. .] and [= =]: read differently by PCRE2, or by it alone */
        const char *end = memmem(pattern.data + p, pattern.len - p, ":]", 2);
        if (end == NULL)
            return 0;
        p = (size_t)(end - pattern.data) + 1;
    }
    if (p >= pattern.len)
        return 0;
    buf_append(out, pattern.data + at, p + 1 - at);
    return p + 1 - at;
}

static bool regex_translate(sqlite3_context *ctx, struct slice pattern, struct buf *out)
{
    if (pattern.len >= 3 && memcmp(pattern.data, "***", 3) == 0) {
        refuse(ctx, "a director (***)");
        return false;
    }
    bool quantified = false;
    for (size_t at = 0; at < pattern.len;) {
        char c = pattern.data[at];
        size_t n = 1;
        bool quantifier = c == '*' || c == '+' || c == '?' || c == '{';
        if (c == '\\')
            n = regex_escape(pattern, at, out);
        else if (c == '[')
            n = regex_bracket(pattern, at, out);
        else if (c == '{' && (at + 1 >= pattern.len || pattern.data[at + 1] < '0' ||
                              pattern.data[at + 1] > '9'))
            n = 0;
        else if (quantified && (c == '*' || c == '+' || c == '{'))
            n = 0;
        else if (c == '(' && at + 1 < pattern.len && pattern.data[at + 1] == '?' &&
                 (at + 2 >= pattern.len || strchr(":=!", pattern.data[at + 2]) == NULL))
            n = 0;
        else if (c == '(' && at + 1 < pattern.len && pattern.data[at + 1] == '*')
            n = 0;
        else if (c == '(' && at + 2 < pattern.len && pattern.data[at + 1] == '?')
            buf_append(out, pattern.data + at, n = 3);
        else if (c == '{') {
            while (at + n < pattern.len && pattern.data[at + n - 1] != '}')
                n++;
            buf_append(out, pattern.data + at, n);
        } else {
            buf_append(out, &c, 1);
        }
        if (n == 0) {
            refuse(ctx, "this construct");
            return false;
        }
        quantified = quantifier && !quantified;
        at += n;
    }
    return !out->failed;
}

static pcre2_code *regex_compile(sqlite3_context *ctx, struct slice pattern, bool fold)
{
    struct buf text;
    int code;
    PCRE2_SIZE offset;
    pcre2_code *re = NULL;
    functions_buf(&text);
    if (regex_translate(ctx, pattern, &text)) {
        uint32_t options = PCRE2_UTF | PCRE2_UCP | PCRE2_DOTALL | PCRE2_DOLLAR_ENDONLY |
                           PCRE2_NO_UTF_CHECK | (fold ? PCRE2_CASELESS : 0);
        struct slice t = buf_peek(&text);
        re = pcre2_compile((PCRE2_SPTR)(t.len ? t.data : ""), t.len, options, &code, &offset, NULL);
        if (re == NULL) {
            PCRE2_UCHAR why[128];
            pcre2_get_error_message(code, why, sizeof(why));
            functions_fail(ctx, "2201B", "invalid regular expression: %s", (const char *)why);
        }
    }
    buf_release(&text);
    return re;
}

static void regex_free(void *re)
{
    pcre2_code_free(re);
}

static void regex(sqlite3_context *ctx, sqlite3_value **argv, bool fold)
{
    struct slice text = functions_slice(argv[0]);
    pcre2_code *re = sqlite3_get_auxdata(ctx, 1);
    bool fresh = re == NULL;
    if (fresh)
        re = regex_compile(ctx, functions_slice(argv[1]), fold);
    if (re == NULL)
        return;
    pcre2_match_data *data = pcre2_match_data_create(1, NULL);
    int rc = data == NULL ? PCRE2_ERROR_NOMEMORY
                          : pcre2_match(re, (PCRE2_SPTR)(text.len ? text.data : ""), text.len, 0,
                                        PCRE2_NO_UTF_CHECK, data, NULL);
    pcre2_match_data_free(data);
    if (rc >= 0 || rc == PCRE2_ERROR_NOMATCH)
        sqlite3_result_int(ctx, rc >= 0);
    else
        functions_fail(ctx, "54001", "regular expression is too complex");
    if (fresh)
        sqlite3_set_auxdata(ctx, 1, re, regex_free);
}

static void fn_regex(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    if (!functions_null(argc, argv))
        regex(ctx, argv, false);
}

static void fn_iregex(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    if (!functions_null(argc, argv))
        regex(ctx, argv, true);
}

const struct function_row functions_match_rows[] = {
    {"pgf_like", 2, true, fn_like, NULL, NULL},
    {"pgf_ilike", 2, true, fn_ilike, NULL, NULL},
    {"pgf_like_escape", 2, true, fn_like_escape, NULL, NULL},
    {"pgf_regex", 2, true, fn_regex, NULL, NULL},
    {"pgf_iregex", 2, true, fn_iregex, NULL, NULL},
};
const size_t functions_match_n = sizeof(functions_match_rows) / sizeof(functions_match_rows[0]);
