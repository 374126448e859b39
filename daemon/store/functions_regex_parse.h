/* functions_regex_parse.h: between functions_regex_parse.c and functions_regex_atom.c. */
#pragma once

#include "daemon/store/functions_regex.h"

struct regex_parser {
    sqlite3_context *ctx;
    struct regex *re;
    struct slice p;
    size_t at;
    int depth;
    bool look; /* inside a lookaround: parentheses do not capture */
    bool failed;
};

/* 2201B and 0A000, once. */
void regex_fail(struct regex_parser *p, const char *why);
void regex_refuse(struct regex_parser *p, const char *what);

static inline void put(struct buf *b, const char *text)
{
    buf_append(b, text, strlen(text));
}

static inline bool more(const struct regex_parser *p)
{
    return p->at < p->p.len;
}

static inline bool see(const struct regex_parser *p, char c)
{
    return more(p) && p->p.data[p->at] == c;
}

static inline bool see_text(const struct regex_parser *p, const char *text)
{
    size_t n = strlen(text);
    return p->at <= p->p.len && p->p.len - p->at >= n && memcmp(p->p.data + p->at, text, n) == 0;
}

/* A character as PCRE2 reads it. */
void regex_put_char(struct buf *b, uint32_t c);
/* A constraint at the cursor, taken; false: there is none. */
bool regex_constraint(struct regex_parser *p, struct buf *b);
/* An atom that is one character or class, taken. */
void regex_atom(struct regex_parser *p, struct buf *b);
