/* functions_string.c: quoting, identifiers and escapes read back. */
#include "daemon/store/functions_impl.h"

static struct err *raised(sqlite3_context *ctx)
{
    return &functions_context(ctx)->raised;
}

static void fn_quote_literal(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    struct buf out;
    if (functions_null(argc, argv))
        return;
    functions_buf(&out);
    functions_quote_literal(functions_slice(argv[0]), &out);
    functions_finish(ctx, &out);
}

void functions_quote_literal(struct slice text, struct buf *out)
{
    if (text.len > 0 && memchr(text.data, '\\', text.len) != NULL)
        buf_append(out, "E", 1);
    buf_append(out, "'", 1);
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] == '\'' || text.data[i] == '\\')
            buf_append(out, &text.data[i], 1);
        buf_append(out, &text.data[i], 1);
    }
    buf_append(out, "'", 1);
}

/* -- parse_ident() -- */

static bool ident_start(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (c & 0x80);
}

static bool ident_rest(char c)
{
    return ident_start(c) || (c >= '0' && c <= '9') || c == '$';
}

static bool ident_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f';
}

static void skip_blanks(struct slice t, size_t *at)
{
    while (*at < t.len && ident_blank(t.data[*at]))
        (*at)++;
}

static bool ident_fail(sqlite3_context *ctx, struct slice t, const char *detail)
{
    functions_fail(ctx, SQLSTATE_INVALID_PARAMETER_VALUE,
                   "string is not a valid identifier: \"%.*s\"", (int)t.len, t.data);
    if (detail != NULL)
        err_detail(raised(ctx), "%s", detail);
    return false;
}

/* "a ""quoted"" one" */
static bool ident_quoted(sqlite3_context *ctx, struct slice t, size_t *at, struct buf *word)
{
    for ((*at)++; *at < t.len; (*at)++) {
        if (t.data[*at] == '"' && (*at + 1 == t.len || t.data[*at + 1] != '"')) {
            (*at)++;
            return buf_len(word) > 0 || ident_fail(ctx, t, "Quoted identifier must not be empty.");
        }
        if (t.data[*at] == '"')
            (*at)++;
        buf_append(word, &t.data[*at], 1);
    }
    return ident_fail(ctx, t, "String has unclosed double quotes.");
}

static bool ident_word(sqlite3_context *ctx, struct slice t, size_t *at, bool after_dot,
                       struct buf *word)
{
    if (*at < t.len && t.data[*at] == '"')
        return ident_quoted(ctx, t, at, word);
    if (*at >= t.len || !ident_start(t.data[*at]))
        return ident_fail(ctx, t,
                          *at < t.len && t.data[*at] == '.' ? "No valid identifier before \".\"."
                          : after_dot                       ? "No valid identifier after \".\"."
                                                            : NULL);
    for (; *at < t.len && ident_rest(t.data[*at]); (*at)++) {
        char c = t.data[*at];
        c = c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
        buf_append(word, &c, 1);
    }
    return true;
}

static void fn_parse_ident(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    struct buf out, word;
    size_t at = 0;
    if (functions_null(argc, argv))
        return;
    struct slice t = functions_slice(argv[0]);
    bool strict = sqlite3_value_int(argv[1]) != 0, ok = true, more = true, after_dot = false;
    functions_buf(&out);
    functions_buf(&word);
    skip_blanks(t, &at);
    while (more) {
        buf_reset(&word);
        ok = ident_word(ctx, t, &at, after_dot, &word);
        if (!ok)
            break;
        buf_append(&out, after_dot ? "," : "[", 1);
        types_json_string(buf_peek(&word), &out);
        skip_blanks(t, &at);
        more = at < t.len && t.data[at] == '.';
        if (!more && at < t.len && strict)
            ok = ident_fail(ctx, t, NULL);
        if (more) {
            at++;
            after_dot = true;
            skip_blanks(t, &at);
        }
    }
    buf_append(&out, "]", 1);
    buf_release(&word);
    if (ok)
        functions_finish(ctx, &out);
    else
        buf_release(&out);
}

/* -- unistr() -- */

/* ${n} hexadecimal digits at ${at}; false: there are not as many. */
static bool hex_number(struct slice t, size_t at, size_t n, uint32_t *ret)
{
    uint32_t v = 0;
    if (t.len < at + n)
        return false;
    for (size_t i = at; i < at + n; i++) {
        char c = t.data[i];
        uint32_t d = c >= '0' && c <= '9'   ? (uint32_t)(c - '0')
                     : c >= 'a' && c <= 'f' ? (uint32_t)(c - 'a') + 10
                     : c >= 'A' && c <= 'F' ? (uint32_t)(c - 'A') + 10
                                            : 99;
        if (d == 99)
            return false;
        v = v << 4 | d;
    }
    *ret = v;
    return true;
}

/* The escape after the backslash at ${at}: its length, 0: none. */
static size_t unicode_escape(struct slice t, size_t at, uint32_t *ret)
{
    if (hex_number(t, at + 1, 4, ret))
        return 5;
    char c = at + 1 < t.len ? t.data[at + 1] : '\0';
    if (c == 'u' && hex_number(t, at + 2, 4, ret))
        return 6;
    if (c == '+' && hex_number(t, at + 2, 6, ret))
        return 8;
    return c == 'U' && hex_number(t, at + 2, 8, ret) ? 10 : 0;
}

static bool unicode_put(sqlite3_context *ctx, uint32_t c, uint32_t *high, struct buf *out)
{
    char bytes[4];
    bool is_high = c >= 0xd800 && c < 0xdc00, is_low = c >= 0xdc00 && c < 0xe000;
    if (c == 0 || c > 0x10ffff) {
        functions_fail(ctx, SQLSTATE_INVALID_PARAMETER_VALUE, "invalid Unicode code point: %04X",
                       c);
        return false;
    }
    if ((*high != 0) != is_low) {
        functions_fail(ctx, SQLSTATE_SYNTAX_ERROR, "invalid Unicode surrogate pair");
        return false;
    }
    if (is_high) {
        *high = c;
        return true;
    }
    if (is_low)
        c = 0x10000 + ((*high & 0x3ff) << 10 | (c & 0x3ff));
    *high = 0;
    buf_append(out, bytes, functions_encode(c, bytes));
    return true;
}

static void fn_unistr(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    struct buf out;
    uint32_t high = 0, c = 0;
    bool ok = true;
    if (functions_null(argc, argv))
        return;
    struct slice t = functions_slice(argv[0]);
    functions_buf(&out);
    for (size_t at = 0, n; ok && at < t.len; at += n) {
        bool escaped = t.data[at] == '\\' && at + 1 < t.len && t.data[at + 1] == '\\';
        n = t.data[at] == '\\' && !escaped ? unicode_escape(t, at, &c) : escaped ? 2 : 1;
        if (n == 0) {
            functions_fail(ctx, SQLSTATE_SYNTAX_ERROR, "invalid Unicode escape");
            err_hint(raised(ctx), "Unicode escapes must be \\XXXX, \\+XXXXXX, \\uXXXX, or "
                                  "\\UXXXXXXXX.");
            ok = false;
        } else if (n > 2) {
            ok = unicode_put(ctx, c, &high, &out);
        } else if (high != 0) {
            functions_fail(ctx, SQLSTATE_SYNTAX_ERROR, "invalid Unicode surrogate pair");
            ok = false;
        } else {
            buf_append(&out, t.data + at, 1);
        }
    }
    if (ok && high != 0) {
        functions_fail(ctx, SQLSTATE_SYNTAX_ERROR, "invalid Unicode surrogate pair");
        ok = false;
    }
    if (ok)
        functions_finish(ctx, &out);
    else
        buf_release(&out);
}

/* -- normal forms: of ASCII all are the text itself -- */

/* pgf_normalize(text, form, 1 ask or 0 make) */
static void fn_normalize(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    if (functions_null(argc, argv))
        return;
    struct slice t = functions_slice(argv[0]), form = functions_slice(argv[1]);
    static const char *const forms[] = {"NFC", "NFD", "NFKC", "NFKD"};
    bool known = false;
    for (size_t i = 0; i < 4; i++)
        known = known || (form.len == strlen(forms[i]) &&
                          sqlite3_strnicmp(forms[i], form.data, (int)form.len) == 0);
    if (!known) {
        functions_fail(ctx, SQLSTATE_INVALID_PARAMETER_VALUE, "invalid normalization form: %.*s",
                       (int)form.len, form.data);
        return;
    }
    if (functions_chars(t) != t.len)
        functions_fail(ctx, SQLSTATE_FEATURE_NOT_SUPPORTED,
                       "normalization of other than ASCII is not supported by the embedded store");
    else if (sqlite3_value_int(argv[2]))
        sqlite3_result_int(ctx, 1);
    else
        functions_result_text(ctx, t.data, t.len);
}

/* pgf_count_nulls(1 for NULLs or 0 for the others, ...) */
static void fn_count_nulls(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    int nulls = 0;
    for (int i = 1; i < argc; i++)
        nulls += sqlite3_value_type(argv[i]) == SQLITE_NULL;
    sqlite3_result_int(ctx, sqlite3_value_int(argv[0]) ? nulls : argc - 1 - nulls);
}

const struct function_row functions_string_rows[] = {
    {"pgf_quote_literal", 1, true, fn_quote_literal, NULL, NULL},
    {"pgf_parse_ident", 2, true, fn_parse_ident, NULL, NULL},
    {"pgf_unistr", 1, true, fn_unistr, NULL, NULL},
    {"pgf_normalize", 3, true, fn_normalize, NULL, NULL},
    {"pgf_count_nulls", -1, true, fn_count_nulls, NULL, NULL},
};
const size_t functions_string_n = sizeof(functions_string_rows) / sizeof(functions_string_rows[0]);
