/* types_json.c: JSON text: checked, and written in jsonb's normal form.
 *
 * jsonb keeps one value for a key (the last), orders keys by length, then bytes, prints one blank
 * after
 * `:` and `,`, numbers as numeric, strings with the least escaping.  Nesting is bounded. */
#include "daemon/store/types_impl.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

#define JSON_DEPTH_MAX 1000

struct json {
    const char *p, *end;
    struct buf *out; /* NULL: check only */
    const char *type;
    struct slice text;
    struct err *err;
};

static int json_bad(struct json *j)
{
    err_set(j->err, SQLSTATE_INVALID_TEXT_REPRESENTATION, "invalid input syntax for type %s",
            j->type);
    if (j->p >= j->end) {
        err_detail(j->err, "The input string ended unexpectedly.");
        return -1;
    }
    int n = 0; /* a token: a word, or one character */
    while (n < j->end - j->p &&
           (isalnum((unsigned char)j->p[n]) || (j->p[n] & 0x80) || j->p[n] == '_'))
        n++;
    err_detail(j->err, "Token \"%.*s\" is invalid.", n ? n : 1, j->p);
    return -1;
}

static void json_blanks(struct json *j)
{
    while (j->p < j->end && strchr(" \t\n\r", *j->p) && *j->p)
        j->p++;
}

static void put(struct json *j, const char *data, size_t len)
{
    if (j->out)
        buf_append(j->out, data, len);
}

static int hex4(struct json *j, unsigned *ret)
{
    unsigned v = 0;
    if (j->end - j->p < 4)
        return json_bad(j);
    for (int i = 0; i < 4; i++, j->p++) {
        char c = *j->p;
        unsigned digit = c >= '0' && c <= '9'   ? (unsigned)(c - '0')
                         : c >= 'a' && c <= 'f' ? (unsigned)(c - 'a' + 10)
                         : c >= 'A' && c <= 'F' ? (unsigned)(c - 'A' + 10)
                                                : 16;
        if (digit == 16)
            return json_bad(j);
        v = v << 4 | digit;
    }
    *ret = v;
    return 0;
}

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

/* \uXXXX after the `u`; a surrogate pair is two of them. */
static int json_unicode(struct json *j, struct buf *plain)
{
    unsigned c, low;
    if (hex4(j, &c) < 0)
        return -1;
    if (c >= 0xd800 && c < 0xdc00) {
        if (j->end - j->p < 6 || j->p[0] != '\\' || j->p[1] != 'u')
            return json_bad(j);
        j->p += 2;
        if (hex4(j, &low) < 0)
            return -1;
        if (low < 0xdc00 || low > 0xdfff)
            return json_bad(j);
        c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
    } else if (c >= 0xdc00 && c < 0xe000) {
        return json_bad(j);
    }
    if (c == 0 && plain) {
        err_set(j->err, "22P05", "unsupported Unicode escape sequence");
        err_detail(j->err, "\\u0000 cannot be converted to text.");
        return -1;
    }
    if (plain)
        put_utf8(plain, c);
    return 0;
}

/* After the opening quote; the decoded string is appended to ${plain} (may be NULL). */
static int json_string(struct json *j, struct buf *plain)
{
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    for (;;) {
        const char *run = j->p;
        while (j->p < j->end && *j->p != '"' && *j->p != '\\' && (unsigned char)*j->p >= 0x20)
            j->p++;
        if (plain)
            buf_append(plain, run, (size_t)(j->p - run));
        if (j->p == j->end || (unsigned char)*j->p < 0x20)
            return json_bad(j);
        if (*j->p++ == '"')
            return 0;
        if (j->p == j->end)
            return json_bad(j);
        char c = *j->p++;
        const char *known = c ? strchr(from, c) : NULL;
        if (known && plain)
            buf_append(plain, &to[known - from], 1);
        else if (!known && (c != 'u' || json_unicode(j, plain) < 0))
            return j->err->sqlstate[0] ? -1 : json_bad(j);
    }
}

void types_json_string(struct slice text, struct buf *out)
{
    static const char escapes[] = "\b\f\n\r\t\"\\", letters[] = "bfnrt\"\\";
    buf_append(out, "\"", 1);
    for (size_t i = 0; i < text.len; i++) {
        char c = text.data[i], escaped[8];
        const char *known = c ? strchr(escapes, c) : NULL;
        if (known)
            snprintf(escaped, sizeof escaped, "\\%c", letters[known - escapes]);
        else if ((unsigned char)c < 0x20)
            snprintf(escaped, sizeof escaped, "\\u%04x", (unsigned char)c);
        else
            snprintf(escaped, sizeof escaped, "%c", c);
        buf_append(out, escaped, strlen(escaped));
    }
    buf_append(out, "\"", 1);
}

static int json_number(struct json *j)
{
    const char *start = j->p;
    struct slice canonical;
    if (j->p < j->end && *j->p == '-')
        j->p++;
    const char *digits = j->p;
    while (j->p < j->end && *j->p >= '0' && *j->p <= '9')
        j->p++;
    if (j->p == digits || (*digits == '0' && j->p - digits > 1))
        return json_bad(j);
    if (j->p < j->end && *j->p == '.') {
        digits = ++j->p;
        while (j->p < j->end && *j->p >= '0' && *j->p <= '9')
            j->p++;
        if (j->p == digits)
            return json_bad(j);
    }
    if (j->p < j->end && (*j->p == 'e' || *j->p == 'E')) {
        j->p++;
        if (j->p < j->end && (*j->p == '+' || *j->p == '-'))
            j->p++;
        digits = j->p;
        while (j->p < j->end && *j->p >= '0' && *j->p <= '9')
            j->p++;
        if (j->p == digits)
            return json_bad(j);
    }
    if (!j->out)
        return 0;
    return types_numeric_in(-1, (struct slice){start, (size_t)(j->p - start)}, j->out, &canonical,
                            j->err);
}

static int json_value(struct json *j, int depth);

static int json_array(struct json *j, int depth)
{
    put(j, "[", 1);
    json_blanks(j);
    if (j->p < j->end && *j->p == ']') {
        j->p++;
        put(j, "]", 1);
        return 0;
    }
    for (;;) {
        if (json_value(j, depth + 1) < 0)
            return -1;
        json_blanks(j);
        if (j->p == j->end || (*j->p != ',' && *j->p != ']'))
            return json_bad(j);
        if (*j->p++ == ']')
            break;
        put(j, ", ", 2);
    }
    put(j, "]", 1);
    return 0;
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
    json_blanks(j);
    if (j->p == j->end || *j->p != '"')
        return json_bad(j);
    j->p++;
    ret->key = buf_len(keys);
    if (json_string(j, out ? keys : NULL) < 0)
        return -1;
    ret->key_len = buf_len(keys) - ret->key;
    json_blanks(j);
    if (j->p == j->end || *j->p != ':')
        return json_bad(j);
    j->p++;
    ret->value = buf_len(values);
    j->out = out ? values : NULL;
    int rc = json_value(j, depth + 1);
    j->out = out;
    ret->value_len = buf_len(values) - ret->value;
    return rc;
}

static int json_object(struct json *j, int depth)
{
    struct buf keys, values;
    struct member *members = NULL, one;
    size_t n = 0, cap = 0;
    int rc = -1;
    buf_init(&keys, TYPES_JSON_MAX);
    buf_init(&values, TYPES_JSON_MAX);
    json_blanks(j);
    bool empty = j->p < j->end && *j->p == '}';
    if (empty)
        j->p++;
    for (bool more = !empty; more;) {
        if (json_member(j, depth, &keys, &values, &one) < 0)
            goto out;
        if (n == cap) {
            cap = cap ? cap * 2 : 8;
            struct member *grown = realloc(members, cap * sizeof *members);
            if (!grown) {
                err_set(j->err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
                goto out;
            }
            members = grown;
        }
        one.order = n;
        members[n++] = one;
        json_blanks(j);
        if (j->p == j->end || (*j->p != ',' && *j->p != '}')) {
            json_bad(j);
            goto out;
        }
        more = *j->p++ == ',';
    }
    rc = 0;
    if (j->out) {
        if (keys.failed || values.failed)
            rc = err_set(j->err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
        else
            members_write(members, n, &keys, &values, j->out);
    }
out:
    free(members);
    buf_release(&keys);
    buf_release(&values);
    return rc;
}

static int json_word(struct json *j, const char *word)
{
    size_t len = strlen(word);
    if ((size_t)(j->end - j->p) < len || memcmp(j->p, word, len) != 0)
        return json_bad(j);
    j->p += len;
    put(j, word, len);
    return 0;
}

static int json_value(struct json *j, int depth)
{
    if (depth > JSON_DEPTH_MAX)
        return err_set(j->err, SQLSTATE_STATEMENT_TOO_COMPLEX, "JSON is nested too deeply");
    json_blanks(j);
    if (j->p == j->end)
        return json_bad(j);
    switch (*j->p) {
    case '{':
        j->p++;
        return json_object(j, depth);
    case '[':
        j->p++;
        return json_array(j, depth);
    case '"': {
        struct buf plain;
        j->p++;
        buf_init(&plain, TYPES_JSON_MAX);
        int rc = json_string(j, j->out ? &plain : NULL);
        if (rc == 0 && j->out)
            types_json_string(buf_peek(&plain), j->out);
        buf_release(&plain);
        return rc;
    }
    case 't':
        return json_word(j, "true");
    case 'f':
        return json_word(j, "false");
    case 'n':
        return json_word(j, "null");
    default:
        return json_number(j);
    }
}

int types_json_in(struct slice text, const char *type, struct buf *normal, struct err *err)
{
    struct json j = {.p = text.data,
                     .end = text.data + text.len,
                     .out = normal,
                     .type = type,
                     .text = text,
                     .err = err};
    err_reset(err);
    if (json_value(&j, 0) < 0)
        return -1;
    json_blanks(&j);
    if (j.p != j.end)
        return json_bad(&j);
    if (normal && normal->failed)
        return err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
    return 0;
}
