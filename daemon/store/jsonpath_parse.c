/* jsonpath_parse.c: a jsonpath read into its tree.
 *
 * What PostgreSQL's grammar tells apart, expressions and predicates, is told here by the node's
 * op: a predicate takes part in && and || alone, unless it stands in parentheses before an
 * accessor.  Errors name the token at which no rule goes on. */
#include "daemon/store/jsonpath.h"

#include "daemon/store/types_impl.h"

#include <stdlib.h>

enum { DEPTH_MAX = 400, OPERATORS_MAX = 1000 };

struct parser {
    struct jsonpath_lexer lex;
    int depth;
    int operators; /* in all: chains of them lean to the left, as deep as they are long */
    bool failed; /* the lexer's error is set */
};

typedef struct jsonpath_node *node_t;

static node_t parse_or(struct parser *p);
static node_t parse_sum(struct parser *p);

static node_t unexpected(struct parser *p)
{
    if (!p->failed)
        jsonpath_error(&p->lex, "syntax error");
    p->failed = true;
    return NULL;
}

static bool advance(struct parser *p)
{
    if (!p->failed && jsonpath_lex(&p->lex) < 0)
        p->failed = true;
    return !p->failed;
}

static bool accept(struct parser *p, int token)
{
    return !p->failed && p->lex.token == token && advance(p);
}

static bool expect(struct parser *p, int token)
{
    if (p->failed || p->lex.token != token)
        return unexpected(p), false;
    return advance(p);
}

static node_t make(struct parser *p, enum jsonpath_op op, node_t left, node_t right)
{
    bool many = left != NULL && ++p->operators > OPERATORS_MAX;
    node_t n = many ? NULL : arena_alloc(p->lex.arena, sizeof(*n));
    if (n == NULL) {
        err_set(p->lex.err, many ? SQLSTATE_STATEMENT_TOO_COMPLEX : SQLSTATE_OUT_OF_MEMORY, "%s",
                many ? "jsonpath has too many operators" : "out of memory");
        p->failed = true;
        return NULL;
    }
    n->op = op;
    n->left = left;
    n->right = right;
    return n;
}

/* A node that says what the token at hand does. */
static node_t of_token(struct parser *p, enum jsonpath_op op)
{
    node_t n = make(p, op, NULL, NULL);
    if (n == NULL)
        return NULL;
    n->text = p->lex.text;
    return advance(p) ? n : NULL;
}

static bool is_predicate(const struct jsonpath_node *n)
{
    return n->op >= JSONPATH_AND && n->next == NULL;
}

static void append(node_t to, node_t accessor)
{
    while (to->next != NULL)
        to = to->next;
    to->next = accessor;
}

static node_t number(struct parser *p)
{
    struct buf scratch;
    struct slice canonical = {"", 0};
    node_t n = NULL;
    buf_init(&scratch, BUF_MAX_BYTES);
    if (types_numeric_in(-1, p->lex.text, &scratch, &canonical, p->lex.err) < 0)
        p->failed = true;
    else
        n = make(p, JSONPATH_NUMBER, NULL, NULL);
    if (n != NULL) {
        char *text = arena_alloc(p->lex.arena, canonical.len + 1);
        if (text != NULL)
            memcpy(text, canonical.data, canonical.len);
        n->text.data = text;
        n->text.len = n->text.data == NULL ? 0 : canonical.len;
    }
    buf_release(&scratch);
    return n != NULL && advance(p) ? n : NULL;
}

/* -- accessors -- */

static bool level(struct parser *p, uint32_t *ret)
{
    struct slice text = p->lex.text;
    char digits[16] = "";
    *ret = JSONPATH_LEVEL_LAST;
    if (p->lex.token == JSONPATH_T_LAST)
        return advance(p);
    if (p->lex.token != JSONPATH_T_INT)
        return unexpected(p), false;
    if (text.len < sizeof(digits))
        memcpy(digits, text.data, text.len);
    long long v = digits[0] == '\0' ? INT64_MAX : strtoll(digits, NULL, 10);
    if (v > INT32_MAX) {
        err_set(p->lex.err, SQLSTATE_NUMERIC_VALUE_OUT_OF_RANGE,
                "value \"%.*s\" is out of range for type integer", (int)text.len, text.data);
        p->failed = true;
        return false;
    }
    *ret = (uint32_t)v;
    return advance(p);
}

static node_t any(struct parser *p)
{
    node_t n = of_token(p, JSONPATH_ANY);
    if (n == NULL)
        return NULL;
    n->last = JSONPATH_LEVEL_LAST;
    if (!accept(p, '{'))
        return p->failed ? NULL : n;
    if (!level(p, &n->first))
        return NULL;
    n->last = n->first;
    if (accept(p, JSONPATH_T_TO) && !level(p, &n->last))
        return NULL;
    return expect(p, '}') ? n : NULL;
}

static node_t method(struct parser *p, enum jsonpath_op op)
{
    node_t n = make(p, op, NULL, NULL);
    if (n == NULL || !expect(p, '('))
        return NULL;
    if (op == JSONPATH_DATETIME && p->lex.token == JSONPATH_T_STRING) {
        n->flag = true;
        n->text = p->lex.text;
        if (!advance(p))
            return NULL;
    }
    return expect(p, ')') ? n : NULL;
}

/* What stands behind a point. */
static node_t member(struct parser *p)
{
    static const struct {
        int token;
        enum jsonpath_op op;
    } methods[] = {
        {JSONPATH_T_TYPE, JSONPATH_TYPE},         {JSONPATH_T_SIZE, JSONPATH_SIZE},
        {JSONPATH_T_DOUBLE, JSONPATH_DOUBLE},     {JSONPATH_T_CEILING, JSONPATH_CEILING},
        {JSONPATH_T_FLOOR, JSONPATH_FLOOR},       {JSONPATH_T_ABS, JSONPATH_ABS},
        {JSONPATH_T_KEYVALUE, JSONPATH_KEYVALUE}, {JSONPATH_T_DATETIME, JSONPATH_DATETIME},
    };
    int token = p->lex.token;
    if (token == '*')
        return of_token(p, JSONPATH_ANY_KEY);
    if (token == JSONPATH_T_ANY)
        return any(p);
    if (token != JSONPATH_T_IDENT && token != JSONPATH_T_STRING && token < JSONPATH_T_KEYWORD)
        return unexpected(p);
    node_t n = of_token(p, JSONPATH_KEY);
    if (n == NULL || p->lex.token != '(')
        return n;
    for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++)
        if (methods[i].token == token)
            return method(p, methods[i].op);
    return unexpected(p);
}

static node_t expression(struct parser *p)
{
    node_t n = parse_sum(p);
    return n == NULL || !is_predicate(n) ? n : unexpected(p);
}

static node_t subscripts(struct parser *p)
{
    node_t first = NULL, *tail = &first;
    if (accept(p, '*')) {
        node_t all = make(p, JSONPATH_ANY_ARRAY, NULL, NULL);
        return all != NULL && expect(p, ']') ? all : NULL;
    }
    do {
        node_t from = expression(p), to = NULL;
        if (from == NULL || (accept(p, JSONPATH_T_TO) && (to = expression(p)) == NULL))
            return NULL;
        *tail = make(p, JSONPATH_INDEX, from, to);
        if (*tail == NULL)
            return NULL;
        tail = &(*tail)->more;
    } while (accept(p, ','));
    return expect(p, ']') ? first : NULL;
}

static node_t predicate(struct parser *p)
{
    node_t n = parse_or(p);
    return n == NULL || is_predicate(n) ? n : unexpected(p);
}

static node_t filter(struct parser *p)
{
    if (!expect(p, '('))
        return NULL;
    node_t n = predicate(p);
    return n != NULL && expect(p, ')') ? make(p, JSONPATH_FILTER, n, NULL) : NULL;
}

static bool at_accessor(const struct parser *p)
{
    return !p->failed && (p->lex.token == '.' || p->lex.token == '[' || p->lex.token == '?');
}

/* ${n} with the accessors that follow. */
static node_t accessors(struct parser *p, node_t n)
{
    while (n != NULL && at_accessor(p)) {
        int token = p->lex.token;
        node_t one = !advance(p)    ? NULL
                     : token == '.' ? member(p)
                     : token == '[' ? subscripts(p)
                                    : filter(p);
        if (one == NULL)
            return NULL;
        append(n, one);
    }
    return p->failed ? NULL : n;
}

/* -- expressions -- */

static node_t parentheses(struct parser *p)
{
    node_t n = advance(p) ? parse_or(p) : NULL;
    if (n == NULL || !expect(p, ')'))
        return NULL;
    if (at_accessor(p))
        return accessors(p, n);
    if (is_predicate(n) && accept(p, JSONPATH_T_IS))
        return expect(p, JSONPATH_T_UNKNOWN) ? make(p, JSONPATH_IS_UNKNOWN, n, NULL) : NULL;
    return p->failed ? NULL : n;
}

static node_t exists(struct parser *p)
{
    if (!advance(p) || !expect(p, '('))
        return NULL;
    node_t n = expression(p);
    return n != NULL && expect(p, ')') ? make(p, JSONPATH_EXISTS, n, NULL) : NULL;
}

static node_t negation(struct parser *p)
{
    node_t n = NULL;
    if (!advance(p))
        return NULL;
    if (p->lex.token == JSONPATH_T_EXISTS) {
        n = exists(p);
    } else if (accept(p, '(')) {
        n = predicate(p);
        if (n == NULL || !expect(p, ')'))
            return NULL;
    } else {
        return unexpected(p);
    }
    return n == NULL ? NULL : make(p, JSONPATH_NOT, n, NULL);
}

static node_t constant(struct parser *p)
{
    bool flag = p->lex.token == JSONPATH_T_TRUE;
    node_t n;
    switch (p->lex.token) {
    case JSONPATH_T_STRING:
        return of_token(p, JSONPATH_STRING);
    case JSONPATH_T_VARIABLE:
        return of_token(p, JSONPATH_VARIABLE);
    case JSONPATH_T_NULL:
        return of_token(p, JSONPATH_NULL);
    case JSONPATH_T_TRUE:
    case JSONPATH_T_FALSE:
        n = of_token(p, JSONPATH_BOOL);
        if (n != NULL)
            n->flag = flag;
        return n;
    case JSONPATH_T_INT:
    case JSONPATH_T_NUMERIC:
        return number(p);
    case JSONPATH_T_LAST:
        return of_token(p, JSONPATH_LAST);
    case '$':
        return of_token(p, JSONPATH_ROOT);
    case '@':
        return of_token(p, JSONPATH_CURRENT);
    default:
        return unexpected(p);
    }
}

/* A sign before a number belongs to it. */
static node_t signed_one(struct parser *p, bool minus, node_t n)
{
    if (n->op != JSONPATH_NUMBER || n->next != NULL)
        return make(p, minus ? JSONPATH_MINUS : JSONPATH_PLUS, n, NULL);
    if (!minus || strspn(n->text.data, "0.") >= n->text.len)
        return n;
    char *text = arena_alloc(p->lex.arena, n->text.len + 2);
    if (text == NULL)
        return unexpected(p);
    bool was = n->text.data[0] == '-';
    text[0] = '-';
    memcpy(text + !was, n->text.data + was, n->text.len - was);
    n->text = (struct slice){text, was ? n->text.len - 1 : n->text.len + 1};
    return n;
}

static node_t unary(struct parser *p)
{
    node_t n;
    if (p->failed)
        return NULL;
    if (p->depth >= DEPTH_MAX) {
        err_set(p->lex.err, SQLSTATE_STATEMENT_TOO_COMPLEX, "jsonpath is nested too deeply");
        p->failed = true;
        return NULL;
    }
    p->depth++;
    int token = p->lex.token;
    if (token == '-' || token == '+') {
        n = advance(p) ? unary(p) : NULL;
        if (n != NULL)
            n = is_predicate(n) ? unexpected(p) : signed_one(p, token == '-', n);
    } else if (token == '(') {
        n = parentheses(p);
    } else if (token == '!') {
        n = negation(p);
    } else if (token == JSONPATH_T_EXISTS) {
        n = exists(p);
    } else {
        n = constant(p);
        n = n == NULL ? NULL : accessors(p, n);
    }
    p->depth--;
    return n;
}

/* The right side of an operator: what begins a predicate cannot stand there. */
static node_t operand(struct parser *p, node_t (*parse)(struct parser *p))
{
    if (p->failed || p->lex.token == '!' || p->lex.token == JSONPATH_T_EXISTS)
        return unexpected(p);
    node_t n = parse(p);
    return n == NULL || !is_predicate(n) ? n : unexpected(p);
}

static node_t parse_product(struct parser *p)
{
    node_t left = unary(p);
    while (left != NULL && !is_predicate(left) && !p->failed &&
           (p->lex.token == '*' || p->lex.token == '/' || p->lex.token == '%')) {
        enum jsonpath_op op = p->lex.token == '*'   ? JSONPATH_MUL
                              : p->lex.token == '/' ? JSONPATH_DIV
                                                    : JSONPATH_MOD;
        node_t right = advance(p) ? operand(p, unary) : NULL;
        left = right == NULL ? NULL : make(p, op, left, right);
    }
    return left;
}

static node_t parse_sum(struct parser *p)
{
    node_t left = parse_product(p);
    while (left != NULL && !is_predicate(left) && !p->failed &&
           (p->lex.token == '+' || p->lex.token == '-')) {
        enum jsonpath_op op = p->lex.token == '+' ? JSONPATH_ADD : JSONPATH_SUB;
        node_t right = advance(p) ? operand(p, parse_product) : NULL;
        left = right == NULL ? NULL : make(p, op, left, right);
    }
    return left;
}

/* -- like_regex -- */

static bool regex_flags(struct parser *p, node_t n, struct slice flags)
{
    for (size_t i = 0; i < flags.len; i++) {
        bool *flag = flags.data[i] == 'i'   ? &n->fold
                     : flags.data[i] == 's' ? &n->dot_all
                     : flags.data[i] == 'm' ? &n->lines
                     : flags.data[i] == 'x' ? &n->space
                     : flags.data[i] == 'q' ? &n->quote
                                            : NULL;
        if (flag == NULL) {
            size_t len = 1;
            while (i + len < flags.len && ((unsigned char)flags.data[i + len] & 0xc0) == 0x80)
                len++;
            err_set(p->lex.err, SQLSTATE_SYNTAX_ERROR, "invalid input syntax for type %s",
                    "jsonpath");
            err_detail(p->lex.err, "Unrecognized flag character \"%.*s\" in LIKE_REGEX predicate.",
                       (int)len, flags.data + i);
            return false;
        }
        *flag = true;
    }
    return true;
}

static bool regex_checked(struct parser *p, const struct jsonpath_node *n)
{
    if (n->space && !n->quote)
        err_set(p->lex.err, SQLSTATE_FEATURE_NOT_SUPPORTED,
                "XQuery \"x\" flag (expanded regular expressions) is not implemented");
    else if (!n->quote && !jsonpath_plain_regex(n->text))
        err_set(p->lex.err, SQLSTATE_FEATURE_NOT_SUPPORTED,
                "this regular expression in a jsonpath is not supported by the embedded store");
    else
        return true;
    return false;
}

static node_t like_regex(struct parser *p, node_t left)
{
    if (!advance(p) || p->lex.token != JSONPATH_T_STRING)
        return unexpected(p);
    node_t n = make(p, JSONPATH_LIKE_REGEX, left, NULL);
    if (n == NULL)
        return NULL;
    n->text = p->lex.text;
    if (!advance(p))
        return NULL;
    bool flags = p->lex.token == JSONPATH_T_FLAG;
    if (flags && (!advance(p) || p->lex.token != JSONPATH_T_STRING))
        return unexpected(p);
    if ((flags && !regex_flags(p, n, p->lex.text)) || !regex_checked(p, n)) {
        p->failed = true;
        return NULL;
    }
    return flags && !advance(p) ? NULL : n;
}

/* -- predicates -- */

static node_t starts_with(struct parser *p, node_t left)
{
    if (!advance(p) || !expect(p, JSONPATH_T_WITH))
        return NULL;
    if (p->lex.token != JSONPATH_T_STRING && p->lex.token != JSONPATH_T_VARIABLE)
        return unexpected(p);
    node_t right = constant(p);
    return right == NULL ? NULL : make(p, JSONPATH_STARTS_WITH, left, right);
}

static node_t comparison(struct parser *p)
{
    static const struct {
        int token;
        enum jsonpath_op op;
    } signs[] = {
        {JSONPATH_T_EQUAL, JSONPATH_EQUAL},
        {JSONPATH_T_NOT_EQUAL, JSONPATH_NOT_EQUAL},
        {JSONPATH_T_LESS_EQUAL, JSONPATH_LESS_EQUAL},
        {JSONPATH_T_GREATER_EQUAL, JSONPATH_GREATER_EQUAL},
        {'<', JSONPATH_LESS},
        {'>', JSONPATH_GREATER},
    };
    node_t left = parse_sum(p);
    if (left == NULL || p->failed || is_predicate(left))
        return p->failed ? NULL : left;
    if (p->lex.token == JSONPATH_T_STARTS)
        return starts_with(p, left);
    if (p->lex.token == JSONPATH_T_LIKE_REGEX)
        return like_regex(p, left);
    for (size_t i = 0; i < sizeof(signs) / sizeof(signs[0]); i++)
        if (p->lex.token == signs[i].token) {
            node_t right = advance(p) ? operand(p, parse_sum) : NULL;
            return right == NULL ? NULL : make(p, signs[i].op, left, right);
        }
    return left;
}

static node_t parse_and(struct parser *p)
{
    node_t left = comparison(p);
    while (left != NULL && is_predicate(left) && accept(p, JSONPATH_T_AND)) {
        node_t right = comparison(p);
        if (right != NULL && !is_predicate(right))
            return unexpected(p);
        left = right == NULL ? NULL : make(p, JSONPATH_AND, left, right);
    }
    return p->failed ? NULL : left;
}

static node_t parse_or(struct parser *p)
{
    node_t left = parse_and(p);
    while (left != NULL && is_predicate(left) && accept(p, JSONPATH_T_OR)) {
        node_t right = parse_and(p);
        if (right != NULL && !is_predicate(right))
            return unexpected(p);
        left = right == NULL ? NULL : make(p, JSONPATH_OR, left, right);
    }
    return p->failed ? NULL : left;
}

/* -- the whole -- */

/* Where @ and last may stand. */
static int placed(const struct jsonpath_node *n, bool filter, bool subscript, struct err *err)
{
    for (; n != NULL; n = n->next) {
        if (n->op == JSONPATH_CURRENT && !filter)
            return err_set(err, SQLSTATE_SYNTAX_ERROR, "@ is not allowed in root expressions");
        if (n->op == JSONPATH_LAST && !subscript)
            return err_set(err, SQLSTATE_SYNTAX_ERROR,
                           "LAST is allowed only in array subscripts");
        const struct jsonpath_node *one = n;
        do {
            if (placed(one->left, filter || n->op == JSONPATH_FILTER,
                       subscript || n->op == JSONPATH_INDEX, err) < 0 ||
                placed(one->right, filter, subscript || n->op == JSONPATH_INDEX, err) < 0)
                return -1;
            one = one->more;
        } while (one != NULL);
    }
    return 0;
}

int jsonpath_parse(struct slice text, struct jsonpath *ret, struct err *err)
{
    *ret = (struct jsonpath){0};
    const char *data = text.data != NULL ? text.data : "";
    struct parser p = {.lex = {.p = data, .end = data + text.len, .arena = &ret->arena, .err = err}};
    err_reset(err);
    if (!advance(&p))
        return -1;
    if (p.lex.token == JSONPATH_T_END)
        return types_bad_input("jsonpath", text, err);
    ret->strict = p.lex.token == JSONPATH_T_STRICT;
    if (ret->strict || p.lex.token == JSONPATH_T_LAX)
        advance(&p);
    ret->root = parse_or(&p);
    if (ret->root == NULL || p.failed || p.lex.token != JSONPATH_T_END)
        return unexpected(&p), -1;
    if (ret->arena.failed)
        return err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
    return placed(ret->root, false, false, err);
}

void jsonpath_release(struct jsonpath *path)
{
    arena_release(&path->arena);
}
