/* jsonpath.h: PostgreSQL's jsonpath: read, printed in its normal form, run on jsonb.
 *
 * A value of the type is kept as the normal form, which means the same when it is read again; the
 * few for which PostgreSQL's own print does not are refused. */
#pragma once

#include "daemon/store/arena.h"
#include "protocol/buf.h"
#include "protocol/err.h"
#include "protocol/slice.h"

#include <stdbool.h>
#include <stdint.h>

enum jsonpath_op {
    JSONPATH_NULL,
    JSONPATH_BOOL,
    JSONPATH_NUMBER,
    JSONPATH_STRING,
    JSONPATH_VARIABLE,
    JSONPATH_ROOT,
    JSONPATH_CURRENT,
    JSONPATH_LAST,
    JSONPATH_KEY,
    JSONPATH_ANY_KEY,
    JSONPATH_ANY_ARRAY,
    JSONPATH_ANY,
    JSONPATH_INDEX,
    JSONPATH_FILTER,
    JSONPATH_TYPE,
    JSONPATH_SIZE,
    JSONPATH_DOUBLE,
    JSONPATH_CEILING,
    JSONPATH_FLOOR,
    JSONPATH_ABS,
    JSONPATH_KEYVALUE,
    JSONPATH_DATETIME,
    JSONPATH_ADD,
    JSONPATH_SUB,
    JSONPATH_MUL,
    JSONPATH_DIV,
    JSONPATH_MOD,
    JSONPATH_PLUS,
    JSONPATH_MINUS,
    /* predicates from here on */
    JSONPATH_AND,
    JSONPATH_OR,
    JSONPATH_NOT,
    JSONPATH_IS_UNKNOWN,
    JSONPATH_EXISTS,
    JSONPATH_EQUAL,
    JSONPATH_NOT_EQUAL,
    JSONPATH_LESS,
    JSONPATH_LESS_EQUAL,
    JSONPATH_GREATER,
    JSONPATH_GREATER_EQUAL,
    JSONPATH_STARTS_WITH,
    JSONPATH_LIKE_REGEX,
};

#define JSONPATH_LEVEL_LAST UINT32_MAX

struct jsonpath_node {
    enum jsonpath_op op;
    struct jsonpath_node *next; /* the accessor that follows */
    struct jsonpath_node *left, *right; /* operands; INDEX: from and to */
    struct jsonpath_node *more;         /* INDEX: the next subscript */
    struct slice text; /* key, string, variable, pattern: plain; a number as numeric prints it */
    bool flag;                              /* BOOL: its value; DATETIME: has a template */
    bool fold, dot_all, lines, space, quote; /* LIKE_REGEX: flags i s m x q */
    uint32_t first, last;                   /* ANY: levels */
};

struct jsonpath {
    bool strict;
    struct jsonpath_node *root;
    struct arena arena; /* of all of it */
};

/* -1: 42601, 22P02, 0A000 ...; ${ret} is to be released in both cases. */
int jsonpath_parse(struct slice text, struct jsonpath *ret, struct err *err) MUSTCHECK;
void jsonpath_release(struct jsonpath *path);
/* The type's input function: the normal form, appended to ${out}. */
int jsonpath_input(struct slice text, struct buf *out, struct err *err) MUSTCHECK;
const char *jsonpath_sign(enum jsonpath_op op); /* "+", "==" ...; NULL */
const char *jsonpath_method(enum jsonpath_op op); /* "type" ...; NULL */

/* Is it surely a valid regular expression? */
bool jsonpath_plain_regex(struct slice pattern);

/* -- jsonpath_lex.c -- */
enum jsonpath_token {
    JSONPATH_T_END = 0,
    /* a character stands for itself */
    JSONPATH_T_IDENT = 256,
    JSONPATH_T_STRING,
    JSONPATH_T_VARIABLE,
    JSONPATH_T_INT,
    JSONPATH_T_NUMERIC,
    JSONPATH_T_AND,
    JSONPATH_T_OR,
    JSONPATH_T_ANY,
    JSONPATH_T_EQUAL,
    JSONPATH_T_NOT_EQUAL,
    JSONPATH_T_LESS_EQUAL,
    JSONPATH_T_GREATER_EQUAL,
    JSONPATH_T_KEYWORD, /* the first; then as in the table of jsonpath_lex.c */
    JSONPATH_T_ABS = JSONPATH_T_KEYWORD,
    JSONPATH_T_CEILING,
    JSONPATH_T_DATETIME,
    JSONPATH_T_DOUBLE,
    JSONPATH_T_EXISTS,
    JSONPATH_T_FALSE,
    JSONPATH_T_FLAG,
    JSONPATH_T_FLOOR,
    JSONPATH_T_IS,
    JSONPATH_T_KEYVALUE,
    JSONPATH_T_LAST,
    JSONPATH_T_LAX,
    JSONPATH_T_LIKE_REGEX,
    JSONPATH_T_NULL,
    JSONPATH_T_SIZE,
    JSONPATH_T_STARTS,
    JSONPATH_T_STRICT,
    JSONPATH_T_TO,
    JSONPATH_T_TRUE,
    JSONPATH_T_TYPE,
    JSONPATH_T_UNKNOWN,
    JSONPATH_T_WITH,
};

struct jsonpath_lexer {
    const char *p, *end;
    int token;
    struct slice text;  /* what the token says, escapes taken out */
    struct slice shown; /* what an error at it names; empty: the end */
    struct arena *arena;
    struct err *err;
};
int jsonpath_lex(struct jsonpath_lexer *l) MUSTCHECK;
int jsonpath_error(struct jsonpath_lexer *l, const char *what); /* -1, near l->shown */
