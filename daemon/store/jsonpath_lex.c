/* jsonpath_lex.c: the tokens of a jsonpath. */
#include "daemon/store/jsonpath.h"
#include "daemon/store/functions_impl.h"

#include <ctype.h>
#include <strings.h>

static const char *const keywords[] = {
    "abs",  "ceiling",  "datetime", "double", "exists",     "false", "flag", "floor",
    "is",   "keyvalue", "last",     "lax",    "like_regex", "null",  "size", "starts",
    "strict", "to",     "true",     "type",   "unknown",    "with",
};

int jsonpath_error(struct jsonpath_lexer *l, const char *what)
{
    if (l->shown.len == 0)
        return err_set(l->err, SQLSTATE_SYNTAX_ERROR, "%s at end of jsonpath input", what);
    return err_set(l->err, SQLSTATE_SYNTAX_ERROR, "%s at or near \"%.*s\" of jsonpath input", what,
                   (int)l->shown.len, l->shown.data);
}

static bool is_blank(char c)
{
    return c != '\0' && strchr(" \t\n\r\f", c) != NULL;
}

static bool is_special(char c)
{
    return c != '\0' && strchr("?%$.[]{}()|&!=<>@#,*:-+/", c) != NULL;
}

static bool is_other(char c)
{
    return !is_special(c) && !is_blank(c) && c != '\\' && c != '"';
}

static const char *others(const struct jsonpath_lexer *l, const char *p)
{
    while (p < l->end && is_other(*p))
        p++;
    return p;
}

static int fail_at(struct jsonpath_lexer *l, const char *from, const char *to, const char *what)
{
    l->shown = (struct slice){from, (size_t)(to - from)};
    return jsonpath_error(l, what);
}

static struct slice keep(struct jsonpath_lexer *l, struct slice text)
{
    char *copy = arena_copy(l->arena, text.len > 0 ? text.data : "", text.len + 1 - (text.len > 0));
    return (struct slice){copy, copy == NULL ? 0 : text.len};
}

/* -- escapes -- */

static const char *hex(const char *p, const char *end, int most, uint32_t *ret)
{
    *ret = 0;
    for (int i = 0; i < most && p < end && isxdigit((unsigned char)*p); i++, p++)
        *ret = *ret << 4 |
               (uint32_t)(isdigit((unsigned char)*p) ? *p - '0' : (*p | 0x20) - 'a' + 10);
    return p;
}

/* One `\uXXXX` or `\u{X...}` at ${p}; where it ends.  ${ok} false: it is none. */
static const char *unicode_one(const char *p, const char *end, uint32_t *ret, bool *ok)
{
    const char *at = p + 2, *to;
    if (at < end && *at == '{') {
        to = hex(at + 1, end, 6, ret);
        *ok = to > at + 1 && to < end && *to == '}';
        return *ok ? to + 1 : to;
    }
    to = hex(at, end, 4, ret);
    *ok = to == at + 4;
    return to;
}

static int unicode_bad(struct jsonpath_lexer *l, const char *detail)
{
    err_set(l->err, SQLSTATE_INVALID_TEXT_REPRESENTATION, "invalid input syntax for type %s",
            "jsonpath");
    err_detail(l->err, "%s", detail);
    return -1;
}

static int unicode_put(struct jsonpath_lexer *l, uint32_t c, uint32_t *high, struct buf *out)
{
    char bytes[4];
    if (c == 0) {
        err_set(l->err, "22P05", "unsupported Unicode escape sequence");
        err_detail(l->err, "\\u0000 cannot be converted to text.");
        return -1;
    }
    if (c >= 0xd800 && c < 0xdc00) {
        if (*high != 0)
            return unicode_bad(l, "Unicode high surrogate must not follow a high surrogate.");
        *high = c;
        return 0;
    }
    if ((c >= 0xdc00 && c < 0xe000) != (*high != 0))
        return unicode_bad(l, "Unicode low surrogate must follow a high surrogate.");
    if (*high != 0)
        c = 0x10000 + ((*high - 0xd800) << 10) + (c - 0xdc00);
    *high = 0;
    if (c > 0x10ffff)
        return err_set(l->err, SQLSTATE_FEATURE_NOT_SUPPORTED,
                       "a character beyond U+10FFFF in a jsonpath is not supported by the "
                       "embedded store");
    buf_append(out, bytes, functions_encode(c, bytes));
    return 0;
}

/* A run of them. */
static int unicode(struct jsonpath_lexer *l, struct buf *out)
{
    const char *from = l->p;
    uint32_t high = 0, c;
    bool ok = true;
    const char *p = from;
    while (p + 1 < l->end && p[0] == '\\' && p[1] == 'u') {
        p = unicode_one(p, l->end, &c, &ok);
        if (!ok)
            return fail_at(l, from, p, "invalid unicode sequence");
    }
    for (p = from; p + 1 < l->end && p[0] == '\\' && p[1] == 'u';) {
        p = unicode_one(p, l->end, &c, &ok);
        if (unicode_put(l, c, &high, out) < 0)
            return -1;
    }
    l->p = p;
    return high == 0 ? 0
                     : unicode_bad(l, "Unicode low surrogate must follow a high surrogate.");
}

/* What a backslash at l->p begins. */
static int escape(struct jsonpath_lexer *l, struct buf *out)
{
    static const char from[] = "bfnrtv", to[] = "\b\f\n\r\t\v";
    const char *p = l->p;
    uint32_t c;
    if (p + 1 >= l->end)
        return fail_at(l, p, l->end, "unexpected end after backslash");
    if (p[1] == 'u')
        return unicode(l, out);
    if (p[1] == 'x') {
        const char *end = hex(p + 2, l->end, 2, &c);
        if (end != p + 4)
            return fail_at(l, p, end, "invalid hex character sequence");
        l->p = end;
        uint32_t none = 0;
        return unicode_put(l, c, &none, out);
    }
    const char *known = strchr(from, p[1]);
    size_t n = functions_char(p + 1, (size_t)(l->end - p - 1));
    if (known != NULL)
        buf_append(out, &to[known - from], 1);
    else
        buf_append(out, p + 1, n);
    l->p = p + 1 + n;
    return 0;
}

/* -- tokens -- */

static int quoted(struct jsonpath_lexer *l, int token)
{
    struct buf out;
    int rc = 0;
    functions_buf(&out);
    while (rc == 0 && l->p < l->end && *l->p != '"')
        if (*l->p == '\\')
            rc = escape(l, &out);
        else
            buf_append(&out, l->p++, 1);
    if (rc == 0 && l->p >= l->end)
        rc = fail_at(l, "", "", "unexpected end of quoted string");
    if (rc == 0) {
        l->token = token;
        l->text = keep(l, buf_peek(&out));
        l->shown = (struct slice){l->p, 1};
        l->p++;
    }
    buf_release(&out);
    return rc;
}

static int word_token(struct slice text)
{
    for (size_t i = 0; i < sizeof(keywords) / sizeof(keywords[0]); i++) {
        int token = JSONPATH_T_KEYWORD + (int)i;
        bool exact = token == JSONPATH_T_NULL || token == JSONPATH_T_TRUE ||
                     token == JSONPATH_T_FALSE;
        if (strlen(keywords[i]) == text.len && text.len > 0 &&
            (exact ? memcmp(keywords[i], text.data, text.len)
                   : strncasecmp(keywords[i], text.data, text.len)) == 0)
            return token;
    }
    return JSONPATH_T_IDENT;
}

/* An unquoted name; an error at it names what ended it. */
static int word(struct jsonpath_lexer *l)
{
    struct buf out;
    int rc = 0;
    functions_buf(&out);
    while (rc == 0 && l->p < l->end && (is_other(*l->p) || *l->p == '\\'))
        if (*l->p == '\\')
            rc = escape(l, &out);
        else
            buf_append(&out, l->p++, 1);
    if (rc == 0 && l->end - l->p > 1 && l->p[0] == '/' && l->p[1] == '*')
        rc = err_set(l->err, SQLSTATE_FEATURE_NOT_SUPPORTED,
                     "a comment right after a name in a jsonpath is not supported by the embedded "
                     "store");
    if (rc == 0) {
        l->text = keep(l, buf_peek(&out));
        l->token = word_token(l->text);
        const char *from = l->p;
        while (l->p < l->end && is_blank(*l->p))
            l->p++;
        l->shown = (struct slice){from, (size_t)(l->p - from)};
    }
    buf_release(&out);
    return rc;
}

static const char *digits(const struct jsonpath_lexer *l, const char *p)
{
    while (p < l->end && isdigit((unsigned char)*p))
        p++;
    return p;
}

/* The number at ${p}: where it ends, NULL: there is none.  ${fail}: `1e+` without digits. */
static const char *number_end(const struct jsonpath_lexer *l, const char *p, int *token, bool *fail)
{
    const char *to = p;
    *token = JSONPATH_T_INT;
    *fail = false;
    if (*p == '.' && digits(l, p + 1) == p + 1)
        return NULL;
    if (*p != '.')
        to = *p == '0' ? p + 1 : digits(l, p);
    if (to < l->end && *to == '.') {
        *token = JSONPATH_T_NUMERIC;
        to = digits(l, to + 1);
    }
    if (to >= l->end || (*to | 0x20) != 'e')
        return to;
    const char *e = to + 1;
    bool sign = e < l->end && (*e == '+' || *e == '-');
    const char *last = digits(l, e + sign);
    if (last > e + sign) {
        *token = JSONPATH_T_NUMERIC;
        return last;
    }
    *fail = sign;
    return sign ? e + 1 : to;
}

/* 1: a token; 0: it is a word. */
static int number(struct jsonpath_lexer *l)
{
    bool fail;
    int token;
    const char *from = l->p, *to = number_end(l, from, &token, &fail), *name = others(l, from);
    if (to == NULL)
        return 0;
    if (fail)
        return fail_at(l, from, to, "invalid numeric literal");
    bool junk = to < l->end && is_other(*to);
    if (name > to + junk) /* the longer reading wins */
        return 0;
    if (junk)
        return fail_at(l, from, to + functions_char(to, (size_t)(l->end - to)),
                       "trailing junk after numeric literal");
    l->token = token;
    l->text = l->shown = (struct slice){from, (size_t)(to - from)};
    l->p = to;
    return 1;
}

static int skip(struct jsonpath_lexer *l)
{
    for (;;) {
        while (l->p < l->end && is_blank(*l->p))
            l->p++;
        if (l->end - l->p < 2 || l->p[0] != '/' || l->p[1] != '*')
            return 0;
        const char *close = memmem(l->p + 2, (size_t)(l->end - l->p - 2), "*/", 2);
        if (close == NULL)
            return fail_at(l, "", "", "unexpected end of comment");
        l->p = close + 2;
    }
}

static int sign(struct jsonpath_lexer *l)
{
    static const struct {
        char text[3];
        int token;
    } pairs[] = {
        {"&&", JSONPATH_T_AND},        {"||", JSONPATH_T_OR},
        {"**", JSONPATH_T_ANY},        {"==", JSONPATH_T_EQUAL},
        {"<>", JSONPATH_T_NOT_EQUAL},  {"!=", JSONPATH_T_NOT_EQUAL},
        {"<=", JSONPATH_T_LESS_EQUAL}, {">=", JSONPATH_T_GREATER_EQUAL},
    };
    size_t n = 1;
    l->token = (unsigned char)*l->p;
    for (size_t i = 0; l->end - l->p > 1 && i < sizeof(pairs) / sizeof(pairs[0]); i++)
        if (memcmp(pairs[i].text, l->p, 2) == 0) {
            l->token = pairs[i].token;
            n = 2;
        }
    l->shown = (struct slice){l->p, n};
    l->p += n;
    return 0;
}

int jsonpath_lex(struct jsonpath_lexer *l)
{
    if (skip(l) < 0)
        return -1;
    l->text = l->shown = (struct slice){"", 0};
    l->token = JSONPATH_T_END;
    if (l->p >= l->end)
        return 0;
    char c = *l->p;
    if (c == '"') {
        l->p++;
        return quoted(l, JSONPATH_T_STRING);
    }
    if (c == '$' && l->p + 1 < l->end && l->p[1] == '"') {
        l->p += 2;
        return quoted(l, JSONPATH_T_VARIABLE);
    }
    if (c == '$' && l->p + 1 < l->end && is_other(l->p[1])) {
        const char *to = others(l, l->p + 1);
        l->token = JSONPATH_T_VARIABLE;
        l->text = (struct slice){l->p + 1, (size_t)(to - l->p - 1)};
        l->shown = (struct slice){l->p, (size_t)(to - l->p)};
        l->p = to;
        return 0;
    }
    if (c == '.' || isdigit((unsigned char)c)) {
        int rc = number(l);
        if (rc != 0)
            return rc < 0 ? -1 : 0;
    }
    return is_special(c) ? sign(l) : word(l);
}
