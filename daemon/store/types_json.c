/* types_json.c: JSON text: checked, and written in jsonb's normal form.
 *
 * jsonb keeps one value for a key (the last), orders keys by length, then bytes, prints one blank
 * after
 * `:` and `,`, numbers as numeric, strings with the least escaping.  Nesting is bounded.  Errors
 * are those of PostgreSQL's parser, which looks one token ahead. */
#include "daemon/store/types_impl.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

#define JSON_DEPTH_MAX 5000

enum token { TOKEN_NONE, TOKEN_STRING, TOKEN_NUMBER, TOKEN_WORD, TOKEN_END };

struct json {
    const char *p, *end; /* p: behind the token at hand */
    const char *start;   /* of the token; NULL at the end */
    const char *line;    /* where its line begins */
    int lines;           /* its number */
    char type;           /* { } [ ] : , or one of enum token */
    struct buf *out;     /* NULL: check only */
    struct buf plain;    /* the string at hand, decoded */
    bool decode;         /* strings must have a meaning: no lone surrogates, no \u0000 */
    struct slice text;
    struct err *err;
};

/* -- errors -- */

/* CONTEXT: the line up to the token's end, the last fifty bytes of it. */
static void show_place(struct json *j)
{
    const char *from = j->line, *to = j->p;
    while (to - from >= 50)
        do
            from++;
        while (from < to && (*from & 0xc0) == 0x80);
    if (from - j->line <= 3)
        from = j->line;
    bool more = j->type != TOKEN_END && to < j->end && *to != '\n' && *to != '\r';
    err_context(j->err, "JSON data, line %d: %s%.*s%s", j->lines, from > j->line ? "..." : "",
                (int)(to - from), from, more ? "..." : "");
}

static int bad(struct json *j, const char *before, const char *after)
{
    err_set(j->err, SQLSTATE_INVALID_TEXT_REPRESENTATION, "invalid input syntax for type json");
    if (j->start == NULL || j->type == TOKEN_END)
        err_detail(j->err, "The input string ended unexpectedly.");
    else
        err_detail(j->err, "%s%.*s%s", before, (int)(j->p - j->start), j->start, after);
    show_place(j);
    return -1;
}

static int invalid_token(struct json *j)
{
    j->type = TOKEN_NONE;
    return bad(j, "Token \"", "\" is invalid.");
}

static int bad_string(struct json *j, const char *at, const char *sqlstate, const char *detail)
{
    j->type = TOKEN_NONE;
    j->p = at;
    err_set(j->err, sqlstate,
            strcmp(sqlstate, "22P05") == 0 ? "unsupported Unicode escape sequence"
                                           : "invalid input syntax for type json");
    err_detail(j->err, "%s", detail);
    show_place(j);
    return -1;
}

/* -- tokens -- */

static void put_utf8(struct buf *out, unsigned c)
{
    char b[4];
    size_t n;
    if (c < 0x80) {
        b[0] = (char)c;
        n = 1;
    } else if (c < 0x800) {
        b[0] = (char)(0xc0 | c >> 6);
        n = 2;
    } else if (c < 0x10000) {
        b[0] = (char)(0xe0 | c >> 12);
        n = 3;
    } else {
        b[0] = (char)(0xf0 | c >> 18);
        n = 4;
    }
    for (size_t i = 1; i < n; i++)
        b[i] = (char)(0x80 | ((c >> (6 * (n - 1 - i))) & 0x3f));
    buf_append(out, b, n);
}

void types_json_string(struct slice text, struct buf *out)
{
    static const char escapes[] = "\b\f\n\r\t\"\\", letters[] = "bfnrt\"\\";
    size_t from = 0; /* what has not been written */
    buf_append(out, "\"", 1);
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.data[i];
        char escaped[8];
        if (c >= 0x20 && c != '"' && c != '\\')
            continue;
        buf_append(out, text.data + from, i - from);
        from = i + 1;
        const char *known = c ? strchr(escapes, c) : NULL;
        int n = known ? snprintf(escaped, sizeof escaped, "\\%c", letters[known - escapes])
                      : snprintf(escaped, sizeof escaped, "\\u%04x", c);
        buf_append(out, escaped, (size_t)n);
    }
    if (from < text.len)
        buf_append(out, text.data + from, text.len - from);
    buf_append(out, "\"", 1);
}

static size_t width(const char *p, const char *end)
{
    size_t n = 1;
    while (p + n < end && (p[n] & 0xc0) == 0x80)
        n++;
    return n;
}

/* The four digits behind `\u` at ${p}.  NULL: an error. */
static const char *hex4(struct json *j, const char *p, unsigned *ret)
{
    *ret = 0;
    for (int i = 0; i < 4; i++, p++) {
        if (p >= j->end) {
            j->p = p;
            return invalid_token(j), NULL;
        }
        if (!isxdigit((unsigned char)*p))
            return bad_string(j, p + width(p, j->end), SQLSTATE_INVALID_TEXT_REPRESENTATION,
                              "\"\\u\" must be followed by four hexadecimal digits."),
                   NULL;
        *ret =
            *ret << 4 | (unsigned)(isdigit((unsigned char)*p) ? *p - '0' : (*p | 0x20) - 'a' + 10);
    }
    return p;
}

static const char low_expected[] = "Unicode low surrogate must follow a high surrogate.";

/* `\uXXXX` decoded; ${high}: the high surrogate that waits for its low one, or 0. */
static const char *unicode(struct json *j, const char *p, unsigned *high)
{
    unsigned c;
    p = hex4(j, p, &c);
    if (p == NULL || !j->decode)
        return p;
    if (c >= 0xd800 && c < 0xdc00) {
        if (*high)
            return bad_string(j, p, SQLSTATE_INVALID_TEXT_REPRESENTATION,
                              "Unicode high surrogate must not follow a high surrogate."),
                   NULL;
        *high = c;
        return p;
    }
    bool low = c >= 0xdc00 && c < 0xe000;
    if (low != (*high != 0))
        return bad_string(j, p, SQLSTATE_INVALID_TEXT_REPRESENTATION, low_expected), NULL;
    if (low)
        c = 0x10000 + ((*high - 0xd800) << 10) + (c - 0xdc00);
    *high = 0;
    if (c == 0)
        return bad_string(j, p, "22P05", "\\u0000 cannot be converted to text."), NULL;
    put_utf8(&j->plain, c);
    return p;
}

/* What follows a backslash at ${p}. */
static const char *escape(struct json *j, const char *p, unsigned *high)
{
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    if (p >= j->end) {
        j->p = p;
        return invalid_token(j), NULL;
    }
    if (*p == 'u')
        return unicode(j, p + 1, high);
    if (*high)
        return bad_string(j, p + 1, SQLSTATE_INVALID_TEXT_REPRESENTATION, low_expected), NULL;
    const char *known = *p ? strchr(from, *p) : NULL;
    if (known == NULL) {
        j->type = TOKEN_NONE;
        j->start = p;
        j->p = p + width(p, j->end);
        return bad(j, "Escape sequence \"\\", "\" is invalid."), NULL;
    }
    buf_append(&j->plain, &to[known - from], 1);
    return p + 1;
}

static int lex_string(struct json *j, const char *p)
{
    unsigned high = 0;
    buf_reset(&j->plain);
    for (;;) {
        const char *run = p;
        while (p < j->end && *p != '"' && *p != '\\' && (unsigned char)*p >= 0x20)
            p++;
        if (high && (p > run || (p < j->end && *p == '"')))
            return bad_string(j, run + 1, SQLSTATE_INVALID_TEXT_REPRESENTATION, low_expected);
        buf_append(&j->plain, run, (size_t)(p - run));
        if (p >= j->end) {
            j->p = p;
            return invalid_token(j);
        }
        if (*p == '"')
            break;
        if (*p != '\\') {
            char detail[64];
            snprintf(detail, sizeof detail, "Character with value 0x%02x must be escaped.",
                     (unsigned char)*p);
            return bad_string(j, p, SQLSTATE_INVALID_TEXT_REPRESENTATION, detail);
        }
        p = escape(j, p + 1, &high);
        if (p == NULL)
            return -1;
    }
    j->type = TOKEN_STRING;
    j->p = p + 1;
    return 0;
}

static bool wordly(const struct json *j, const char *p)
{
    return p < j->end && (isalnum((unsigned char)*p) || *p == '_' || (*p & 0x80));
}

static bool lex_digits(const struct json *j, const char **p)
{
    const char *from = *p;
    while (*p < j->end && isdigit((unsigned char)**p))
        ++*p;
    return *p > from;
}

static int lex_number(struct json *j, const char *p)
{
    bool ok = true;
    if (p < j->end && *p == '0')
        p++;
    else
        ok = lex_digits(j, &p);
    if (p < j->end && *p == '.') {
        p++;
        ok = lex_digits(j, &p) && ok;
    }
    if (p < j->end && (*p == 'e' || *p == 'E')) {
        p++;
        p += p < j->end && (*p == '+' || *p == '-');
        ok = lex_digits(j, &p) && ok;
    }
    for (; wordly(j, p); p++)
        ok = false;
    j->p = p;
    if (!ok)
        return invalid_token(j);
    j->type = TOKEN_NUMBER;
    return 0;
}

static bool is_word(const struct json *j, const char *word)
{
    size_t len = strlen(word);
    return (size_t)(j->p - j->start) == len && memcmp(j->start, word, len) == 0;
}

static int lex(struct json *j)
{
    const char *p = j->p;
    for (; p < j->end && (*p == ' ' || *p == '\t' || *p == '\n' || *p == '\r'); p++)
        if (*p == '\n') {
            j->lines++;
            j->line = p + 1;
        }
    j->start = p;
    if (p >= j->end) {
        j->start = NULL;
        j->p = p;
        j->type = TOKEN_END;
        return 0;
    }
    if (strchr("{}[],:", *p) && *p) {
        j->type = *p;
        j->p = p + 1;
        return 0;
    }
    if (*p == '"')
        return lex_string(j, p + 1);
    if (*p == '-' || isdigit((unsigned char)*p))
        return lex_number(j, p + (*p == '-'));
    while (wordly(j, p))
        p++;
    j->p = p == j->start ? p + 1 : p;
    if (!is_word(j, "true") && !is_word(j, "false") && !is_word(j, "null"))
        return invalid_token(j);
    j->type = TOKEN_WORD;
    return 0;
}

/* -- values; each starts at its first token and ends behind its last -- */

static void put(struct json *j, const char *data, size_t len)
{
    if (j->out)
        buf_append(j->out, data, len);
}

static int json_value(struct json *j, int depth);

static int json_array(struct json *j, int depth)
{
    put(j, "[", 1);
    if (lex(j) < 0)
        return -1;
    if (j->type != ']') {
        for (;;) {
            if (json_value(j, depth + 1) < 0)
                return -1;
            if (j->type != ',')
                break;
            put(j, ", ", 2);
            if (lex(j) < 0)
                return -1;
        }
    }
    if (j->type != ']')
        return bad(j, "Expected \",\" or \"]\", but found \"", "\".");
    put(j, "]", 1);
    return lex(j);
}

struct member {
    size_t key, key_len;     /* in the scratch of keys */
    size_t value, value_len; /* in the scratch of values */
    size_t order;
    const char *keys; /* set before sorting */
};

static int member_compare(const void *a, const void *b)
{
    const struct member *x = a, *y = b;
    if (x->key_len != y->key_len)
        return x->key_len < y->key_len ? -1 : 1;
    int c = x->key_len ? memcmp(x->keys + x->key, y->keys + y->key, x->key_len) : 0;
    return c ? c : x->order < y->order ? -1 : 1;
}

static void members_write(struct member *members, size_t n, const struct buf *keys,
                          const struct buf *values, struct buf *out)
{
    bool first = true;
    for (size_t i = 0; i < n; i++)
        members[i].keys = buf_peek(keys).data;
    if (n > 1)
        qsort(members, n, sizeof *members, member_compare);
    buf_append(out, "{", 1);
    for (size_t i = 0; i < n; i++) {
        struct slice key = {members[i].key_len ? buf_peek(keys).data + members[i].key : "",
                            members[i].key_len};
        if (i + 1 < n && members[i + 1].key_len == key.len &&
            (key.len == 0 ||
             memcmp(members[i + 1].keys + members[i + 1].key, key.data, key.len) == 0))
            continue; /* a later one wins */
        if (!first)
            buf_append(out, ", ", 2);
        first = false;
        types_json_string(key, out);
        buf_append(out, ": ", 2);
        buf_append(out, buf_peek(values).data + members[i].value, members[i].value_len);
    }
    buf_append(out, "}", 1);
}

/* One `"key": value`, into the scratches when normalising. */
static int json_member(struct json *j, int depth, struct buf *keys, struct buf *values,
                       struct member *ret)
{
    struct buf *out = j->out;
    if (j->type != TOKEN_STRING)
        return bad(j, "Expected string, but found \"", "\".");
    ret->key = buf_len(keys);
    if (out)
        buf_append(keys, buf_peek(&j->plain).data, buf_len(&j->plain));
    ret->key_len = buf_len(keys) - ret->key;
    if (lex(j) < 0)
        return -1;
    if (j->type != ':')
        return bad(j, "Expected \":\", but found \"", "\".");
    if (lex(j) < 0)
        return -1;
    ret->value = buf_len(values);
    j->out = out ? values : NULL;
    int rc = json_value(j, depth + 1);
    j->out = out;
    ret->value_len = buf_len(values) - ret->value;
    return rc;
}

static int members_add(struct json *j, struct member **members, size_t *n, size_t *cap,
                       struct member one)
{
    if (*n == *cap) {
        *cap = *cap ? *cap * 2 : 8;
        struct member *grown = realloc(*members, *cap * sizeof **members);
        if (!grown)
            return err_set(j->err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
        *members = grown;
    }
    one.order = *n;
    (*members)[(*n)++] = one;
    return 0;
}

static int json_object(struct json *j, int depth)
{
    struct buf keys, values;
    struct member *members = NULL, one = {0};
    size_t n = 0, cap = 0;
    int rc = lex(j);
    buf_init(&keys, TYPES_JSON_MAX);
    buf_init(&values, TYPES_JSON_MAX);
    if (rc == 0 && j->type != '}' && j->type != TOKEN_STRING)
        rc = bad(j, "Expected string or \"}\", but found \"", "\".");
    for (bool more = rc == 0 && j->type != '}'; more;) {
        rc = json_member(j, depth, &keys, &values, &one);
        if (rc == 0)
            rc = members_add(j, &members, &n, &cap, one);
        more = rc == 0 && j->type == ',';
        if (more)
            rc = lex(j);
        more = more && rc == 0;
    }
    if (rc == 0 && j->type != '}')
        rc = bad(j, "Expected \",\" or \"}\", but found \"", "\".");
    if (rc == 0 && j->out && (keys.failed || values.failed))
        rc = err_set(j->err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
    if (rc == 0 && j->out)
        members_write(members, n, &keys, &values, j->out);
    free(members);
    buf_release(&keys);
    buf_release(&values);
    return rc < 0 ? -1 : lex(j);
}

static int json_number(struct json *j)
{
    struct slice canonical, text = {j->start, (size_t)(j->p - j->start)};
    return j->out ? types_numeric_in(-1, text, j->out, &canonical, j->err) : 0;
}

static int json_value(struct json *j, int depth)
{
    if (depth > JSON_DEPTH_MAX)
        return err_set(j->err, SQLSTATE_STATEMENT_TOO_COMPLEX, "JSON is nested too deeply");
    switch (j->type) {
    case '{':
        return json_object(j, depth);
    case '[':
        return json_array(j, depth);
    case TOKEN_STRING:
        if (j->out)
            types_json_string(buf_peek(&j->plain), j->out);
        break;
    case TOKEN_NUMBER:
        if (json_number(j) < 0)
            return -1;
        break;
    case TOKEN_WORD:
        put(j, j->start, (size_t)(j->p - j->start));
        break;
    default:
        return bad(j, "Expected JSON value, but found \"", "\".");
    }
    return lex(j);
}

static int document(struct slice text, bool decode, struct buf *normal, struct err *err)
{
    const char *data = text.data ? text.data : "";
    struct json j = {.p = data,
                     .end = data + text.len,
                     .line = data,
                     .lines = 1,
                     .out = normal,
                     .decode = decode,
                     .text = text,
                     .err = err};
    err_reset(err);
    buf_init(&j.plain, TYPES_JSON_MAX);
    int rc = lex(&j);
    if (rc == 0)
        rc = json_value(&j, 0);
    if (rc == 0 && j.type != TOKEN_END)
        rc = bad(&j, "Expected end of input, but found \"", "\".");
    if (rc == 0 && ((normal && normal->failed) || j.plain.failed))
        rc = err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
    buf_release(&j.plain);
    return rc;
}

int types_json_in(struct slice text, struct buf *normal, struct err *err)
{
    return document(text, normal != NULL, normal, err);
}

int types_json_check(struct slice text, struct err *err)
{
    return document(text, true, NULL, err);
}
