/* functions_string.c: format(), quoting, identifiers and escapes read back, encodings. */
#include "daemon/store/functions_impl.h"

#include "daemon/store/ident.h"

#include <stdio.h>

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

/* -- format() -- */

struct spec {
    int64_t position, width_position; /* -1: the next; width_position 0: none */
    int64_t width;
    bool left;
    char kind;
};

struct format {
    sqlite3_context *ctx;
    struct slice text;
    size_t at;
    int argc;
    sqlite3_value **argv;
    int next; /* argument taken last */
    struct buf out;
};

static bool format_hint(struct format *f)
{
    err_hint(raised(f->ctx), "For a single \"%%\" use \"%%%%\".");
    return false;
}

static bool format_end(struct format *f)
{
    if (f->at < f->text.len)
        return true;
    functions_fail(f->ctx, SQLSTATE_INVALID_PARAMETER_VALUE,
                   "unterminated format() type specifier");
    return format_hint(f);
}

/* A number at the cursor, 0 digits: -1. */
static bool format_number(struct format *f, int64_t *ret)
{
    int64_t v = 0;
    size_t start = f->at;
    for (; f->at < f->text.len && f->text.data[f->at] >= '0' && f->text.data[f->at] <= '9';
         f->at++) {
        v = v * 10 + (f->text.data[f->at] - '0');
        if (v > INT32_MAX) {
            functions_fail(f->ctx, SQLSTATE_NUMERIC_VALUE_OUT_OF_RANGE, "number is out of range");
            return false;
        }
    }
    *ret = f->at == start ? -1 : v;
    return f->at == start || format_end(f);
}

static bool format_zero(struct format *f, int64_t position)
{
    if (position == 0)
        functions_fail(f->ctx, SQLSTATE_INVALID_PARAMETER_VALUE,
                       "format specifies argument 0, but arguments are numbered from 1");
    return position != 0;
}

static bool format_width(struct format *f, struct spec *s)
{
    int64_t n;
    if (f->text.data[f->at] != '*') {
        if (!format_number(f, &n))
            return false;
        s->width = n < 0 ? 0 : n;
        return true;
    }
    f->at++;
    if (!format_end(f) || !format_number(f, &n))
        return false;
    s->width_position = -1;
    if (n < 0)
        return true;
    if (f->text.data[f->at] != '$') {
        functions_fail(f->ctx, SQLSTATE_INVALID_PARAMETER_VALUE,
                       "width argument position must be ended by \"$\"");
        return false;
    }
    f->at++;
    s->width_position = n;
    return format_zero(f, n) && format_end(f);
}

/* [n$][-][width]kind, after the sign. */
static bool format_spec(struct format *f, struct spec *s)
{
    int64_t n;
    *s = (struct spec){.position = -1};
    if (!format_end(f) || !format_number(f, &n))
        return false;
    if (n >= 0 && f->text.data[f->at] != '$') {
        s->width = n;
    } else {
        if (n >= 0) {
            s->position = n;
            f->at++;
            if (!format_zero(f, n) || !format_end(f))
                return false;
        }
        for (; f->text.data[f->at] == '-'; s->left = true) {
            f->at++;
            if (!format_end(f))
                return false;
        }
        if (!format_width(f, s))
            return false;
    }
    s->kind = f->text.data[f->at];
    if (strchr("sIL", s->kind) == NULL || s->kind == '\0') {
        functions_fail(f->ctx, SQLSTATE_INVALID_PARAMETER_VALUE,
                       "unrecognized format() type specifier \"%.*s\"",
                       (int)functions_char(f->text.data + f->at, f->text.len - f->at),
                       f->text.data + f->at);
        return format_hint(f);
    }
    f->at++;
    return true;
}

/* Argument ${position}, -1: the one after the last. */
static sqlite3_value *format_argument(struct format *f, int64_t position)
{
    int64_t n = position < 0 ? f->next + 1 : position;
    if (n >= f->argc) {
        functions_fail(f->ctx, SQLSTATE_INVALID_PARAMETER_VALUE, "too few arguments for format()");
        return NULL;
    }
    f->next = (int)n;
    return f->argv[n];
}

static bool format_width_argument(struct format *f, struct spec *s)
{
    struct types_value v;
    if (s->width_position == 0)
        return true;
    sqlite3_value *arg = format_argument(f, s->width_position);
    if (arg == NULL)
        return false;
    s->width = 0;
    if (sqlite3_value_type(arg) == SQLITE_NULL)
        return true;
    struct buf scratch;
    functions_buf(&scratch);
    bool ok = types_input(&functions_context(f->ctx)->types, TYPES_INT4, -1, functions_slice(arg),
                          &scratch, &v, raised(f->ctx)) == 0;
    buf_release(&scratch);
    if (!ok) {
        functions_raised(f->ctx);
        return false;
    }
    s->left = s->left || v.i < 0;
    s->width = v.i < 0 ? -v.i : v.i;
    return true;
}

static void format_pad(struct format *f, const struct spec *s, struct slice text)
{
    int64_t blanks = s->width - (int64_t)functions_chars(text);
    if (s->left)
        buf_append(&f->out, text.data, text.len);
    for (; blanks > 0 && !f->out.failed; blanks--)
        buf_append(&f->out, " ", 1);
    if (!s->left)
        buf_append(&f->out, text.data, text.len);
}

static bool format_one(struct format *f)
{
    struct spec s;
    struct buf text;
    if (!format_spec(f, &s) || !format_width_argument(f, &s))
        return false;
    sqlite3_value *arg = format_argument(f, s.position);
    if (arg == NULL)
        return false;
    bool null = sqlite3_value_type(arg) == SQLITE_NULL;
    if (null && s.kind == 'I') {
        functions_fail(f->ctx, "22004", "null values cannot be formatted as an SQL identifier");
        return false;
    }
    functions_buf(&text);
    if (s.kind == 'L' && null)
        buf_append(&text, "NULL", 4);
    else if (s.kind == 'L')
        functions_quote_literal(functions_slice(arg), &text);
    else if (s.kind == 'I')
        ident_postgres((const char *)sqlite3_value_text(arg), &text);
    else if (!null)
        buf_append(&text, functions_slice(arg).data, functions_slice(arg).len);
    format_pad(f, &s, buf_peek(&text));
    buf_release(&text);
    return true;
}

static void fn_format(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    struct format f = {.ctx = ctx, .argc = argc, .argv = argv};
    if (functions_null(1, argv))
        return;
    f.text = functions_slice(argv[0]);
    functions_buf(&f.out);
    bool ok = true;
    while (ok && f.at < f.text.len) {
        char c = f.text.data[f.at++];
        if (c == '%' && f.at < f.text.len && f.text.data[f.at] == '%')
            f.at++;
        else if (c == '%') {
            ok = format_one(&f);
            continue;
        }
        buf_append(&f.out, &c, 1);
    }
    if (ok)
        functions_finish(ctx, &f.out);
    else
        buf_release(&f.out);
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

/* -- encodings -- */

enum encoding { ENCODING_UTF8, ENCODING_LATIN1, ENCODING_OTHER };

static enum encoding encoding_of(sqlite3_context *ctx, sqlite3_value *v)
{
    char name[32];
    size_t n = 0;
    struct slice t = functions_slice(v);
    for (size_t i = 0; i < t.len && n < sizeof(name) - 1; i++) {
        char c = t.data[i];
        if (c >= 'A' && c <= 'Z')
            c = (char)(c + 32);
        if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))
            name[n++] = c;
    }
    name[n] = '\0';
    if (strcmp(name, "utf8") == 0 || strcmp(name, "unicode") == 0)
        return ENCODING_UTF8;
    if (strcmp(name, "latin1") == 0 || strcmp(name, "iso88591") == 0)
        return ENCODING_LATIN1;
    functions_fail(ctx, SQLSTATE_FEATURE_NOT_SUPPORTED,
                   "encoding \"%.*s\" is not supported by the embedded store", (int)t.len, t.data);
    return ENCODING_OTHER;
}

/* Valid bytes of the character at ${at}, 0: none. */
static size_t utf8_valid(struct slice t, size_t at)
{
    const unsigned char *p = (const unsigned char *)t.data + at;
    size_t left = t.len - at, n = p[0] < 0x80 ? 1 : p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
    if (p[0] == 0 || (p[0] >= 0x80 && p[0] < 0xc2) || p[0] > 0xf4 || n > left)
        return 0;
    for (size_t i = 1; i < n; i++)
        if ((p[i] & 0xc0) != 0x80)
            return 0;
    if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) ||
        (p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] > 0x8f))
        return 0;
    return n;
}

static bool utf8_check(sqlite3_context *ctx, struct slice t)
{
    for (size_t at = 0, n; at < t.len; at += n) {
        n = utf8_valid(t, at);
        if (n > 0)
            continue;
        unsigned char c = (unsigned char)t.data[at];
        size_t want = c < 0x80 ? 1 : (c & 0xe0) == 0xc0 ? 2 : (c & 0xf0) == 0xe0 ? 3 : 0;
        want = want > 0 ? want : (c & 0xf8) == 0xf0 ? 4 : 1;
        char shown[32];
        int len = 0;
        for (size_t i = at; i < t.len && i < at + want; i++)
            len += snprintf(shown + len, sizeof(shown) - (size_t)len, "%s0x%02x", len ? " " : "",
                            (unsigned char)t.data[i]);
        functions_fail(ctx, "22021", "invalid byte sequence for encoding \"UTF8\": %s", shown);
        return false;
    }
    return true;
}

static void latin1_to_utf8(struct slice t, struct buf *out)
{
    for (size_t i = 0; i < t.len; i++) {
        char bytes[4];
        buf_append(out, bytes, functions_encode((unsigned char)t.data[i], bytes));
    }
}

static bool utf8_to_latin1(sqlite3_context *ctx, struct slice t, struct buf *out)
{
    for (size_t at = 0, n; at < t.len; at += n) {
        uint32_t c = functions_decode(t.data + at, t.len - at, &n);
        char byte = (char)c, shown[32];
        if (c < 256) {
            buf_append(out, &byte, 1);
            continue;
        }
        int len = 0;
        for (size_t i = at; i < at + n; i++)
            len += snprintf(shown + len, sizeof(shown) - (size_t)len, "%s0x%02x", len ? " " : "",
                            (unsigned char)t.data[i]);
        functions_fail(ctx, "22P05",
                       "character with byte sequence %s in encoding \"UTF8\" has no equivalent in "
                       "encoding \"LATIN1\"",
                       shown);
        return false;
    }
    return true;
}

/* pgf_convert(value, from, to, 1 for a text as the result) */
static void fn_convert(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    struct buf out;
    if (functions_null(argc, argv))
        return;
    struct slice t = functions_slice(argv[0]);
    enum encoding from = encoding_of(ctx, argv[1]);
    enum encoding to = from == ENCODING_OTHER ? from : encoding_of(ctx, argv[2]);
    if (to == ENCODING_OTHER || (from == ENCODING_UTF8 && !utf8_check(ctx, t)))
        return;
    if (from == ENCODING_LATIN1 && t.len > 0 && memchr(t.data, '\0', t.len) != NULL) {
        functions_fail(ctx, "22021", "invalid byte sequence for encoding \"LATIN1\": 0x00");
        return;
    }
    functions_buf(&out);
    if (from == to)
        buf_append(&out, t.data, t.len);
    else if (from == ENCODING_LATIN1)
        latin1_to_utf8(t, &out);
    else if (!utf8_to_latin1(ctx, t, &out)) {
        buf_release(&out);
        return;
    }
    if (sqlite3_value_int(argv[3]))
        functions_finish(ctx, &out);
    else
        functions_finish_bytes(ctx, &out);
}

static void fn_length(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    if (functions_null(argc, argv))
        return;
    struct slice t = functions_slice(argv[0]);
    enum encoding encoding = encoding_of(ctx, argv[1]);
    if (encoding == ENCODING_LATIN1)
        sqlite3_result_int64(ctx, (int64_t)t.len);
    else if (encoding == ENCODING_UTF8 && utf8_check(ctx, t))
        sqlite3_result_int64(ctx, (int64_t)functions_chars(t));
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
    {"pgf_format", -1, true, fn_format, NULL, NULL},
    {"pgf_parse_ident", 2, true, fn_parse_ident, NULL, NULL},
    {"pgf_unistr", 1, true, fn_unistr, NULL, NULL},
    {"pgf_normalize", 3, true, fn_normalize, NULL, NULL},
    {"pgf_convert", 4, true, fn_convert, NULL, NULL},
    {"pgf_bytes_length", 2, true, fn_length, NULL, NULL},
    {"pgf_count_nulls", -1, true, fn_count_nulls, NULL, NULL},
};
const size_t functions_string_n = sizeof(functions_string_rows) / sizeof(functions_string_rows[0]);
