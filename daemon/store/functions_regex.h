/* functions_regex.h: PostgreSQL's advanced regular expressions, matched with PCRE2.
 *
 * functions_regex_parse.c reads an expression into the tree that says what PostgreSQL prefers
 * (longest or shortest, and where), with PCRE2's text for each node; functions_regex_match.c finds
 * the leftmost match, of the length the tree wants, and then what each pair of parentheses matched.
 * PCRE2 only ever tells which ends are possible from a place (its DFA), which is not a matter of
 * dialect. */
#pragma once

#include "daemon/store/functions_impl.h"

#define REGEX_CAPTURES_MAX 100

/* What a node prefers, and what is in it. */
enum regex_flags {
    REGEX_LONGER = 1,
    REGEX_SHORTER = 2,
    REGEX_MIXED = 4, /* both are somewhere inside */
    REGEX_CAPTURES = 8
};

enum regex_op {
    REGEX_PLAIN, /* nothing inside needs to be told apart */
    REGEX_CONCAT,
    REGEX_ALTERNATIVES,
    REGEX_ITERATE,
    REGEX_WRAP /* ((x)): a capture around a capture */
};

struct regex_node {
    enum regex_op op;
    int flags;
    int capture;  /* number of its parentheses, 0: none */
    int min, max; /* REGEX_ITERATE; max -1: no limit */
    struct regex_node *child, *sibling;
    struct buf text; /* for PCRE2, without captures */
    void *code;      /* pcre2_code of it, made when first needed */
};

struct regex_options {
    bool fold;            /* i */
    bool literal;         /* q */
    bool expanded;        /* x */
    bool newline_stops;   /* . and [^...] do not match a newline */
    bool newline_anchors; /* ^ and $ match at newlines */
    bool global;          /* g: of the functions, not of the expression */
};

struct regex {
    struct regex_node *tree;
    struct regex_node **nodes; /* all of them, owned */
    size_t nnodes, cap_nodes;
    struct buf flat; /* the whole for PCRE2 with captures: for back references */
    int captures;
    bool back_references;
    bool wide; /* classes know characters beyond ASCII */
    struct regex_options options;
    void *flat_code;
    void *data;     /* pcre2_match_data */
    size_t pairs;   /* it has room for */
    int *workspace; /* of the DFA */
};

/* i, n, p ... of a function; false: 22023 has been raised. */
bool regex_options(sqlite3_context *ctx, struct slice flags, struct regex_options *ret);

/* Read ${pattern}; ${wide} if texts beyond ASCII will be matched.  NULL: 2201B or 0A000 has been
 * raised. */
struct regex *regex_parse(sqlite3_context *ctx, struct slice pattern,
                          const struct regex_options *options, bool wide);
void regex_free(struct regex *re);

struct regex_match {
    size_t start[REGEX_CAPTURES_MAX], end[REGEX_CAPTURES_MAX]; /* SIZE_MAX: not matched; 0: whole */
};
/* Is there a match?  1, 0, -1: failed. */
int regex_test(sqlite3_context *ctx, struct regex *re, struct slice text);
/* The first match at or after ${from}.  ${captures} false: only the whole is wanted.  1, 0, -1. */
int regex_find(sqlite3_context *ctx, struct regex *re, struct slice text, size_t from,
               bool captures, struct regex_match *ret);
/* The compiled expression in argument ${index}, kept with the statement while it is constant; fit
 * for ${text}.  NULL: failed. */
struct regex *regex_argument(sqlite3_context *ctx, sqlite3_value **argv, int index,
                             const struct regex_options *options, struct slice text);
