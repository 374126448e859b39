/* functions_match.c: LIKE, ILIKE, and what SIMILAR TO says as a regular expression. */
#include "daemon/store/functions_impl.h"

#include <wctype.h>

/* -- LIKE -- */

struct like {
    struct slice text, pattern;
    bool bytes;    /* bytea: characters are single bytes */
    locale_t fold; /* ILIKE: fold case by it */
};

static uint32_t folded(const struct like *l, struct slice s, size_t at, size_t *ret_len)
{
    if (l->bytes) {
        *ret_len = 1;
        return (unsigned char)s.data[at];
    }
    uint32_t c = functions_decode(s.data + at, s.len - at, ret_len);
    return l->fold ? (uint32_t)towlower_l((wint_t)c, l->fold) : c;
}

/* Does the pattern's character at ${p} match the text's at ${t}?  -1: the pattern ends in a
 * backslash. */
static int like_one(const struct like *l, size_t t, size_t p, size_t *ret_tlen, size_t *ret_plen)
{
    size_t skip = 0;
    if (l->pattern.data[p] == '_') {
        *ret_tlen = l->bytes ? 1 : functions_char(l->text.data + t, l->text.len - t);
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
            mark += l->bytes ? 1 : functions_char(l->text.data + mark, l->text.len - mark);
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
    struct like l = {functions_slice(argv[0]), functions_slice(argv[1]),
                     sqlite3_value_type(argv[0]) == SQLITE_BLOB, fold};
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

/* -- similar_to_escape(): SQL's regular expressions as PostgreSQL's -- */

struct similar {
    struct buf out;
    bool escaped, in_class;
    int quotes; /* escape-double-quote separators so far */
};

static bool similar_separator(sqlite3_context *ctx, struct similar *s)
{
    static const char *const parts[] = {"){1,1}?(", "){1,1}(?:"};
    if (s->quotes >= 2) {
        functions_fail(ctx, "2200C",
                       "SQL regular expression may not contain more than two escape-double-quote "
                       "separators");
        return false;
    }
    buf_append(&s->out, parts[s->quotes], strlen(parts[s->quotes]));
    s->quotes++;
    return true;
}

static bool similar_char(sqlite3_context *ctx, struct similar *s, const char *c, size_t n,
                         struct slice escape)
{
    if (s->escaped) {
        s->escaped = false;
        if (*c == '"' && !s->in_class)
            return similar_separator(ctx, s);
        buf_append(&s->out, "\\", 1);
        buf_append(&s->out, c, n);
    } else if (escape.len == n && memcmp(escape.data, c, n) == 0) {
        s->escaped = true;
    } else if (s->in_class) {
        if (*c == '\\')
            buf_append(&s->out, "\\", 1);
        buf_append(&s->out, c, n);
        s->in_class = *c != ']';
    } else if (*c == '%') {
        buf_append(&s->out, ".*", 2);
    } else if (*c == '_') {
        buf_append(&s->out, ".", 1);
    } else if (*c == '(') {
        buf_append(&s->out, "(?:", 3);
    } else {
        if (n == 1 && *c != '\0' && strchr("\\.^$", *c) != NULL)
            buf_append(&s->out, "\\", 1);
        buf_append(&s->out, c, n);
        s->in_class = *c == '[';
    }
    return true;
}

/* pgf_similar(pattern, escape) */
static void fn_similar(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    struct similar s = {.quotes = 0};
    if (functions_null(argc, argv))
        return;
    struct slice pattern = functions_slice(argv[0]), escape = functions_slice(argv[1]);
    if (functions_chars(escape) > 1) {
        functions_fail(ctx, "22025", "invalid escape string");
        err_hint(&functions_context(ctx)->raised, "Escape string must be empty or one character.");
        return;
    }
    functions_buf(&s.out);
    buf_append(&s.out, "^(?:", 4);
    for (size_t at = 0, n; at < pattern.len; at += n) {
        n = functions_char(pattern.data + at, pattern.len - at);
        if (!similar_char(ctx, &s, pattern.data + at, n, escape)) {
            buf_release(&s.out);
            return;
        }
    }
    buf_append(&s.out, ")$", 2);
    functions_finish(ctx, &s.out);
}

const struct function_row functions_match_rows[] = {
    {"pgf_like", 2, true, fn_like, NULL, NULL},
    {"pgf_bytes_like", 2, true, fn_like, NULL, NULL},
    {"pgf_ilike", 2, true, fn_ilike, NULL, NULL},
    {"pgf_like_escape", 2, true, fn_like_escape, NULL, NULL},
    {"pgf_similar", 2, true, fn_similar, NULL, NULL},
};
const size_t functions_match_n = sizeof(functions_match_rows) / sizeof(functions_match_rows[0]);
