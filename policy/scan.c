#include "policy/scan.h"

#include <stdlib.h>

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    return (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
}

static bool is_ident_start(char c)
{
    return is_letter(c) || c == '_' || (unsigned char)c >= 0x80;
}

static bool is_ident(char c)
{
    return is_ident_start(c) || is_digit(c) || c == '$';
}

/* A character after which an operator may end in + or -. */
static bool is_special(char c)
{
    switch (c) {
    case '~': case '!': case '@': case '#': case '^': case '&': case '|': case '`': case '?': case '%':
        return true;
    default:
        return false;
    }
}

static bool is_operator(char c)
{
    switch (c) {
    case '+': case '-': case '*': case '/': case '<': case '>': case '=':
        return true;
    default:
        return is_special(c);
    }
}

/* The byte ${ahead} of here; NUL past the end (the text itself has none). */
static char peek(const struct scan *s, uint32_t ahead)
{
    return s->at + ahead < s->len ? s->text[s->at + ahead] : '\0';
}

/* Past a comment that begins here; false: it never ends. */
static bool skip_block_comment(struct scan *s)
{
    unsigned depth = 0;
    while (s->at < s->len) {
        if (peek(s, 0) == '/' && peek(s, 1) == '*') {
            depth++;
            s->at += 2;
        } else if (peek(s, 0) == '*' && peek(s, 1) == '/') {
            s->at += 2;
            if (--depth == 0)
                return true;
        } else {
            s->at++;
        }
    }
    return false;
}

static void skip_line_comment(struct scan *s)
{
    while (s->at < s->len && s->text[s->at] != '\n' && s->text[s->at] != '\r')
        s->at++;
}

/* To the next token; false at a comment without an end. */
static bool skip_blank(struct scan *s)
{
    for (;;) {
        if (is_space(peek(s, 0)))
            s->at++;
        else if (peek(s, 0) == '-' && peek(s, 1) == '-')
            skip_line_comment(s);
        else if (peek(s, 0) == '/' && peek(s, 1) == '*') {
            if (!skip_block_comment(s))
                return false;
        } else
            return true;
    }
}

/* A string goes on if blanks with a line break in them, and maybe comments, stand before another quote. */
static bool continues(struct scan *s)
{
    struct scan look = *s;
    bool line_break = false;
    for (;;) {
        char c = peek(&look, 0);
        if (c == '\n' || c == '\r') {
            line_break = true;
            look.at++;
        } else if (is_space(c)) {
            look.at++;
        } else if (c == '-' && peek(&look, 1) == '-') {
            skip_line_comment(&look);
        } else {
            break;
        }
    }
    if (!line_break || peek(&look, 0) != '\'')
        return false;
    s->at = look.at;
    return true;
}

/* To the next ${quote} that no backslash takes with it, if ${escapes}; false: there is none. */
static bool find_quote(struct scan *s, char quote, bool escapes)
{
    const char *found = NULL;
    if (!escapes) {
        found = memchr(s->text + s->at, quote, s->len - s->at);
        s->at = found ? (uint32_t)(found - s->text) : s->len;
    }
    while (s->at < s->len && s->text[s->at] != quote)
        s->at += s->text[s->at] == '\\' && s->at + 1 < s->len ? 2 : 1;
    return s->at < s->len;
}

/* From the opening quote; ${escapes}: backslash takes the next byte with it. */
static bool skip_quoted(struct scan *s, char quote, bool escapes)
{
    s->at++;
    while (find_quote(s, quote, escapes)) {
        s->at++;
        if (peek(s, 0) == quote)
            s->at++;
        else if (quote == '"' || !continues(s))
            return true;
        else
            s->at++; /* the quote that opens the next part */
    }
    return false;
}

/* $tag$ ... $tag$ from its first byte; 0: no dollar quote, -1: never ends, 1: skipped. */
static int skip_dollar(struct scan *s)
{
    uint32_t n = 1;
    if (is_ident_start(peek(s, n)))
        while (is_ident(peek(s, n)) && peek(s, n) != '$')
            n++;
    if (peek(s, n) != '$')
        return 0;
    n++;
    const char *tag = s->text + s->at;
    uint32_t from = s->at + n;
    while (from + n <= s->len) {
        const char *found = memchr(s->text + from, '$', s->len - from);
        if (!found || (uint32_t)(found - s->text) + n > s->len)
            break;
        from = (uint32_t)(found - s->text);
        if (!memcmp(found, tag, n)) {
            s->at = from + n;
            return 1;
        }
        from++;
    }
    return -1;
}

static void skip_number(struct scan *s)
{
    while (is_digit(peek(s, 0)))
        s->at++;
    if (peek(s, 0) == '.' && peek(s, 1) != '.') {
        s->at++;
        while (is_digit(peek(s, 0)))
            s->at++;
    }
    if (peek(s, 0) == 'e' || peek(s, 0) == 'E') {
        uint32_t sign = peek(s, 1) == '+' || peek(s, 1) == '-';
        if (is_digit(peek(s, 1 + sign))) {
            s->at += 1 + sign;
            while (is_digit(peek(s, 0)))
                s->at++;
        }
    }
}

/* The longest run of operator characters, less comments in it and less a trailing + or - that
 * PostgreSQL gives back unless a special character came before. */
static void skip_operator(struct scan *s)
{
    uint32_t n = 0, special = UINT32_MAX; /* the first special character */
    while (n < 2 * SCAN_OPERATOR_CHARS && is_operator(peek(s, n))) {
        if (n && ((peek(s, n) == '-' && peek(s, n + 1) == '-') ||
                  (peek(s, n) == '/' && peek(s, n + 1) == '*')))
            break;
        if (special == UINT32_MAX && is_special(peek(s, n)))
            special = n;
        n++;
    }
    while (n > 1 && (peek(s, n - 1) == '+' || peek(s, n - 1) == '-') && special >= n - 1)
        n--;
    s->at += n;
}

static enum scan_kind quoted(struct scan *s, char quote, bool escapes, enum scan_kind kind)
{
    return skip_quoted(s, quote, escapes) ? kind : SCAN_BROKEN;
}

static enum scan_kind word(struct scan *s)
{
    char c = peek(s, 0), next = peek(s, 1);
    if (next == '\'' && strchr("bBxXnNeE", c)) {
        s->at++;
        return quoted(s, '\'', c == 'e' || c == 'E', SCAN_STRING);
    }
    if ((c == 'u' || c == 'U') && next == '&' && (peek(s, 2) == '\'' || peek(s, 2) == '"')) {
        bool string = peek(s, 2) == '\'';
        s->at += 2;
        return quoted(s, string ? '\'' : '"', false, string ? SCAN_STRING : SCAN_QUOTED);
    }
    uint32_t at = s->at + 1;
    while (at < s->len && is_ident(s->text[at]))
        at++;
    s->at = at;
    return SCAN_WORD;
}

static enum scan_kind dollar(struct scan *s)
{
    if (is_digit(peek(s, 1))) {
        s->at++;
        while (is_digit(peek(s, 0)))
            s->at++;
        return SCAN_PARAM;
    }
    int quote = skip_dollar(s);
    if (quote == 0)
        s->at++;
    return quote < 0 ? SCAN_BROKEN : quote ? SCAN_STRING : SCAN_CHAR;
}

static enum scan_kind punctuation(struct scan *s)
{
    char c = peek(s, 0), next = peek(s, 1);
    bool pair = (c == ':' && (next == ':' || next == '=')) || (c == '.' && next == '.');
    s->at += pair ? 2 : 1;
    return pair ? SCAN_OPERATOR : SCAN_CHAR;
}

static enum scan_kind scan_one(struct scan *s)
{
    char c = peek(s, 0);
    if (is_ident_start(c))
        return word(s);
    if (c == '\'')
        return quoted(s, '\'', false, SCAN_STRING);
    if (c == '"')
        return quoted(s, '"', false, SCAN_QUOTED);
    if (is_digit(c) || (c == '.' && is_digit(peek(s, 1)))) {
        skip_number(s);
        return SCAN_NUMBER;
    }
    if (c == '$')
        return dollar(s);
    if (is_operator(c)) {
        skip_operator(s);
        return SCAN_OPERATOR;
    }
    return punctuation(s);
}

struct scan_token scan_next(struct scan *s)
{
    bool ended = skip_blank(s);
    struct scan_token t = {.start = s->at < s->len ? s->at : s->len};
    if (!ended)
        t.kind = SCAN_BROKEN;
    else if (s->at >= s->len)
        t.kind = SCAN_END;
    else
        t.kind = scan_one(s);
    if (t.kind == SCAN_BROKEN)
        s->at = s->len;
    t.end = s->at;
    return t;
}

int scan_list_add(struct scan_list *l, const struct scan_token *t)
{
    if (l->n == l->cap) {
        size_t cap = l->cap ? 2 * l->cap : 128;
        struct scan_token *items = realloc(l->items, cap * sizeof *items);
        if (!items)
            return -1;
        l->items = items;
        l->cap = cap;
    }
    l->items[l->n++] = *t;
    return 0;
}

bool scan_spells(const char *text, const struct scan_token *t, const char *keyword)
{
    for (uint32_t i = t->start; i < t->end; i++, keyword++) {
        char c = text[i];
        if (c >= 'A' && c <= 'Z')
            c = (char)(c - 'A' + 'a');
        if (c != *keyword)
            return false;
    }
    return *keyword == '\0';
}

uint32_t scan_param(const char *text, const struct scan_token *t)
{
    uint64_t n = 0;
    for (uint32_t i = t->start + 1; i < t->end && n <= UINT32_MAX; i++)
        n = n * 10 + (uint64_t)(text[i] - '0');
    return n <= UINT32_MAX ? (uint32_t)n : 0;
}
