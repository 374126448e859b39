/* scan.h: PostgreSQL's lexical rules, as far as finding token boundaries needs them.
 *
 * Follows scan.l of PostgreSQL 15 with standard_conforming_strings=on: nested comments, '...' E'...' U&'...'
 * B'..' X'..' N'..', strings continued over a line break, dollar quotes, quoted identifiers, parameters,
 * operators that a comment ends.  Linear, no allocation, no recursion, never reads past the end.
 * A token is never longer than PostgreSQL's own, so that nothing can hide inside of one. */
#pragma once

#include "protocol/err.h"
#include "protocol/slice.h"

#include <stdbool.h>
#include <stdint.h>

enum scan_kind {
    SCAN_END,
    SCAN_WORD,   /* identifier or keyword, not quoted */
    SCAN_QUOTED, /* "identifier", also U&"..." */
    SCAN_STRING, /* any kind of string constant */
    SCAN_NUMBER,
    SCAN_PARAM, /* $1 */
    SCAN_OPERATOR, /* one or more operator characters, also :: := .. => */
    SCAN_CHAR,  /* one of , ( ) [ ] . ; : */
    SCAN_BROKEN /* an unterminated string, comment or identifier: runs to the end of the text */
};

/* PostgreSQL's scanner takes cubic time for operator characters in a row; the guard refuses more. */
#define SCAN_OPERATOR_CHARS 63

struct scan_token {
    enum scan_kind kind;
    uint32_t start, end; /* byte offsets in the text */
};

struct scan_list { /* all tokens of a text */
    struct scan_token *items; /* malloc'd */
    size_t n, cap;
};

struct scan {
    const char *text;
    uint32_t len; /* texts are bounded by limits.statement_bytes, far below 4 GiB */
    uint32_t at;
};

static inline struct scan scan_of(const char *text, size_t len)
{
    return (struct scan){.text = text, .len = (uint32_t)len};
}

/* The next token; SCAN_END for ever at the end. */
struct scan_token scan_next(struct scan *s);

/* Add ${t}; -1: no memory. */
int scan_list_add(struct scan_list *l, const struct scan_token *t) MUSTCHECK;

/* Is ${t} the keyword ${word} (given in lower case)?  Of most tokens the first letter says no. */
bool scan_spells(const char *text, const struct scan_token *t, const char *word);
static inline bool scan_is_word(const char *text, const struct scan_token *t, const char *word)
{
    return t->kind == SCAN_WORD && (text[t->start] | 0x20) == word[0] && scan_spells(text, t, word);
}
static inline bool scan_is_char(const char *text, const struct scan_token *t, char c)
{
    return t->kind == SCAN_CHAR && text[t->start] == c;
}
/* Number of a SCAN_PARAM; 0 if it does not fit. */
uint32_t scan_param(const char *text, const struct scan_token *t);
