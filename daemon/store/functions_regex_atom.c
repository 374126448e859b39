/* functions_regex_atom.c: characters, classes and constraints of regular expressions. */
#include "daemon/store/functions_regex_parse.h"

#include <stdio.h>
#include <wctype.h>

/* -- characters and classes -- */

void regex_put_char(struct buf *b, uint32_t c)
{
    char text[16];
    snprintf(text, sizeof(text), "\\x{%x}", c);
    put(b, text);
}

struct class
{
    const char *name;
    const char *ascii; /* as it stands in PCRE2's brackets */
    int (*test)(wint_t c, locale_t locale);
};

static const struct class classes[] = {
    {"alnum", "0-9A-Za-z", iswalnum_l},
    {"alpha", "A-Za-z", iswalpha_l},
    {"ascii", "\\x00-\\x7f", NULL},
    {"blank", "\\x09\\x20", NULL},
    {"cntrl", "\\x00-\\x1f\\x7f-\\x{9f}", NULL},
    {"digit", "0-9", iswdigit_l},
    {"graph", "\\x21-\\x7e", iswgraph_l},
    {"lower", "a-z", iswlower_l},
    {"print", "\\x20-\\x7e", iswprint_l},
    {"punct", "\\x21-\\x2f\\x3a-\\x40\\x5b-\\x60\\x7b-\\x7e", iswpunct_l},
    {"space", "\\x09-\\x0d\\x20", iswspace_l},
    {"upper", "A-Z", iswupper_l},
    {"xdigit", "0-9A-Fa-f", NULL},
    {"word", "0-9A-Za-z_", iswalnum_l},
};
#define CLASSES (sizeof(classes) / sizeof(classes[0]))

/* Beyond ASCII, what the locale says: libc and PCRE2 know different versions of Unicode. */
static void put_class_wide(const struct class *class, struct buf *b)
{
    locale_t locale = functions_locale();
    char text[40];
    if (class->test == NULL || locale == (locale_t)0)
        return;
    for (uint32_t c = 0x80; c < 0x110000; c++) {
        if (!class->test((wint_t)c, locale))
            continue;
        uint32_t first = c;
        while (c + 1 < 0x110000 && class->test((wint_t)(c + 1), locale))
            c++;
        snprintf(text, sizeof(text), "\\x{%x}-\\x{%x}", first, c);
        put(b, text);
    }
}

static void put_class(struct regex_parser *p, const struct class *class, struct buf *b)
{
    bool cased = strcmp(class->name, "lower") == 0 || strcmp(class->name, "upper") == 0;
    if (p->re->options.fold && cased)
        class = &classes[1]; /* alpha */
    put(b, class->ascii);
    if (p->re->wide)
        put_class_wide(class, b);
}

static const struct class *class_find(const char *name, size_t len)
{
    for (size_t i = 0; i < CLASSES; i++)
        if (strlen(classes[i].name) == len && memcmp(classes[i].name, name, len) == 0)
            return &classes[i];
    return NULL;
}

/* \d, \w, \s: the class; NULL: no such escape. */
static const struct class *class_escape(char c)
{
    switch (c) {
    case 'd':
        return class_find("digit", 5);
    case 'w':
        return class_find("word", 4);
    case 's':
        return class_find("space", 5);
    default:
        return NULL;
    }
}

static bool hex_digits(struct regex_parser *p, int min, int max, uint32_t *ret)
{
    uint32_t v = 0;
    int n = 0;
    for (; n < max && more(p); n++, p->at++) {
        char c = p->p.data[p->at];
        int d = c >= '0' && c <= '9'                 ? c - '0'
                : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10
                                                     : -1;
        if (d < 0)
            break;
        v = v << 4 | (uint32_t)d;
        if (v > 0x10ffff)
            return false;
    }
    *ret = v;
    return n >= min && v != 0 && (v < 0xd800 || v > 0xdfff);
}

/* The character of an escape, after the backslash and its letter: false, it is another thing. */
static bool escape_char(struct regex_parser *p, char c, uint32_t *ret)
{
    static const char letters[] = "abefnrtvB";
    static const unsigned char values[] = {7, 8, 27, 12, 10, 13, 9, 11, '\\'};
    const char *known = c != '\0' ? strchr(letters, c) : NULL;
    if (known != NULL) {
        *ret = values[known - letters];
        return true;
    }
    bool ok = true;
    if (c == 'x')
        ok = hex_digits(p, 1, 255, ret);
    else if (c == 'u')
        ok = hex_digits(p, 4, 4, ret);
    else if (c == 'U')
        ok = hex_digits(p, 8, 8, ret);
    else if (c == 'c' && more(p))
        *ret = (unsigned char)p->p.data[p->at++] & 0x1f;
    else if ((c >= '0' && c <= '9') || (c | 32) < 'a' || (c | 32) > 'z')
        return false;
    else
        ok = false;
    if (!ok)
        regex_fail(p, "invalid escape \\ sequence");
    return ok;
}

/* -- bracket expressions -- */

/* One end of a range, or a character: false: not a character. */
static bool bracket_char(struct regex_parser *p, uint32_t *ret)
{
    size_t n;
    if (see(p, '\\') && p->at + 1 < p->p.len) {
        char c = p->p.data[p->at + 1];
        p->at += 2;
        if (strchr("DWS", c) != NULL || (c >= '0' && c <= '9')) {
            regex_refuse(p, "this escape in brackets");
            return false;
        }
        if (escape_char(p, c, ret))
            return true;
        if (p->failed)
            return false;
        p->at--; /* any other character stands for itself */
    }
    *ret = functions_decode(p->p.data + p->at, p->p.len - p->at, &n);
    p->at += n;
    return true;
}

static void bracket_item(struct regex_parser *p, struct buf *b)
{
    uint32_t from, to;
    if (see_text(p, "[:")) {
        const char *end = memmem(p->p.data + p->at, p->p.len - p->at, ":]", 2);
        size_t start = p->at + 2;
        if (end == NULL) {
            regex_fail(p, "brackets [] not balanced");
            return;
        }
        size_t len = (size_t)(end - p->p.data) - start;
        const struct class *class = class_find(p->p.data + start, len);
        p->at = start + len + 2;
        if (class == NULL)
            regex_fail(p, "invalid character class");
        else
            put_class(p, class, b);
        return;
    }
    if (see_text(p, "[.") || see_text(p, "[=")) {
        regex_refuse(p, "a collating element");
        return;
    }
    if (see(p, '\\') && p->at + 1 < p->p.len && class_escape(p->p.data[p->at + 1])) {
        put_class(p, class_escape(p->p.data[p->at + 1]), b);
        p->at += 2;
        return;
    }
    if (!bracket_char(p, &from))
        return;
    regex_put_char(b, from);
    bool range = see(p, '-') && p->at + 1 < p->p.len && p->p.data[p->at + 1] != ']';
    if (!range)
        return;
    p->at++;
    if (see_text(p, "[:") || see_text(p, "[.") || see_text(p, "[=") ||
        (see(p, '\\') && p->at + 1 < p->p.len && class_escape(p->p.data[p->at + 1]))) {
        regex_refuse(p, "a range that ends in a class");
        return;
    }
    if (!bracket_char(p, &to))
        return;
    if (to < from)
        regex_fail(p, "invalid character range");
    put(b, "-");
    regex_put_char(b, to);
}

/* After `[`. */
static void bracket(struct regex_parser *p, struct buf *b)
{
    bool negated = see(p, '^'), first = true;
    if (negated)
        p->at++;
    put(b, negated ? "[^" : "[");
    while (!p->failed && (first || !see(p, ']'))) {
        if (!more(p) || (first && see(p, ']') && p->at + 1 == p->p.len)) {
            regex_fail(p, "brackets [] not balanced");
            return;
        }
        if (first && see(p, '-') && p->at + 2 < p->p.len && p->p.data[p->at + 1] == '-')
            regex_refuse(p, "this range");
        first = false;
        bracket_item(p, b);
    }
    p->at++;
    if (negated && p->re->options.newline_stops)
        put(b, "\\x0a");
    put(b, "]");
}

/* -- atoms -- */

static void put_word(struct regex_parser *p, struct buf *b)
{
    put(b, "[");
    put_class(p, class_find("word", 4), b);
    put(b, "]");
}

/* ${before} and ${after}: '=' a word's character, '!' none, there. */
static void put_boundary(struct regex_parser *p, struct buf *b, char before, char after)
{
    put(b, before == '=' ? "(?<=" : "(?<!");
    put_word(p, b);
    put(b, after == '=' ? ")(?=" : ")(?!");
    put_word(p, b);
    put(b, ")");
}

/* Constraints that a letter names; false: none. */
static bool constraint_escape(struct regex_parser *p, char c, struct buf *b)
{
    switch (c) {
    case 'A':
        put(b, "\\A");
        return true;
    case 'Z':
        put(b, "\\z");
        return true;
    case 'm':
        put_boundary(p, b, '!', '=');
        return true;
    case 'M':
        put_boundary(p, b, '=', '!');
        return true;
    case 'y':
    case 'Y':
        put(b, "(?:");
        put_boundary(p, b, '!', c == 'y' ? '=' : '!');
        put(b, "|");
        put_boundary(p, b, '=', c == 'y' ? '!' : '=');
        put(b, ")");
        return true;
    default:
        return false;
    }
}

/* A constraint at the cursor, taken; false: there is none. */
bool regex_constraint(struct regex_parser *p, struct buf *b)
{
    bool lines = p->re->options.newline_anchors;
    if (see(p, '^'))
        put(b, lines ? "(?:(?<=\\x0a)|\\A)" : "\\A");
    else if (see(p, '$'))
        put(b, lines ? "(?:(?=\\x0a)|\\z)" : "\\z");
    else if (see_text(p, "[[:<:]]") || see_text(p, "[[:>:]]")) {
        bool start = p->p.data[p->at + 3] == '<';
        put_boundary(p, b, start ? '!' : '=', start ? '=' : '!');
        p->at += 7;
        return true;
    } else if (see(p, '\\') && p->at + 1 < p->p.len &&
               constraint_escape(p, p->p.data[p->at + 1], b)) {
        p->at++;
    } else {
        return false;
    }
    p->at++;
    return true;
}

/* Digits after a backslash: a back reference, or an octal character. */
static bool digit_escape(struct regex_parser *p, struct buf *b)
{
    int n = 0, digits = 0;
    while (p->at + (size_t)digits < p->p.len && digits < 3 &&
           p->p.data[p->at + (size_t)digits] >= '0' && p->p.data[p->at + (size_t)digits] <= '9')
        n = n * 10 + (p->p.data[p->at + (size_t)digits++] - '0');
    if (p->p.data[p->at] == '0' || (digits > 1 && n > p->re->captures)) {
        regex_refuse(p, "an octal escape");
        return false;
    }
    if (n > p->re->captures) {
        regex_fail(p, "invalid backreference number");
        return false;
    }
    char text[16];
    snprintf(text, sizeof(text), "\\g{%d}", n);
    put(b, text);
    p->at += (size_t)digits;
    if (p->look)
        regex_refuse(p, "a back reference in a lookaround");
    p->re->back_references = true;
    return true;
}

/* An atom that is one character or class, appended to ${b}. */
void regex_atom(struct regex_parser *p, struct buf *b)
{
    size_t n;
    uint32_t c;
    if (see(p, '[')) {
        p->at++;
        bracket(p, b);
        return;
    }
    if (see(p, '.')) {
        p->at++;
        put(b, p->re->options.newline_stops ? "[^\\x0a]" : "(?s:.)");
        return;
    }
    if (!see(p, '\\')) {
        c = functions_decode(p->p.data + p->at, p->p.len - p->at, &n);
        p->at += n;
        regex_put_char(b, c);
        return;
    }
    p->at++;
    if (!more(p)) {
        regex_fail(p, "invalid escape \\ sequence");
        return;
    }
    char e = p->p.data[p->at];
    const struct class *class = class_escape((char)(e | 32));
    if (class != NULL && (e == (e | 32) || strchr("DWS", e) != NULL)) {
        put(b, e == (e | 32) ? "[" : "[^");
        put_class(p, class, b);
        put(b, "]");
        p->at++;
        return;
    }
    if (e >= '0' && e <= '9') {
        (void)digit_escape(p, b);
        return;
    }
    p->at++;
    if (escape_char(p, e, &c)) {
        regex_put_char(b, c);
    } else if (!p->failed) {
        p->at--;
        c = functions_decode(p->p.data + p->at, p->p.len - p->at, &n);
        p->at += n;
        regex_put_char(b, c);
    }
}
