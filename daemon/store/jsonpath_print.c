/* jsonpath_print.c: a jsonpath in PostgreSQL's normal form. */
#include "daemon/store/jsonpath.h"

#include "daemon/store/types.h"
#include "protocol/sqlstate.h"

#include <stdio.h>

const char *jsonpath_sign(enum jsonpath_op op)
{
    static const char *const signs[JSONPATH_LIKE_REGEX + 1] = {
        [JSONPATH_ADD] = "+",         [JSONPATH_SUB] = "-",
        [JSONPATH_MUL] = "*",         [JSONPATH_DIV] = "/",
        [JSONPATH_MOD] = "%",         [JSONPATH_PLUS] = "+",
        [JSONPATH_MINUS] = "-",       [JSONPATH_AND] = "&&",
        [JSONPATH_OR] = "||",         [JSONPATH_EQUAL] = "==",
        [JSONPATH_NOT_EQUAL] = "!=",  [JSONPATH_LESS] = "<",
        [JSONPATH_LESS_EQUAL] = "<=", [JSONPATH_GREATER] = ">",
        [JSONPATH_GREATER_EQUAL] = ">=", [JSONPATH_STARTS_WITH] = "starts with",
    };
    return signs[op];
}

const char *jsonpath_method(enum jsonpath_op op)
{
    static const char *const names[JSONPATH_LIKE_REGEX + 1] = {
        [JSONPATH_TYPE] = "type",         [JSONPATH_SIZE] = "size",
        [JSONPATH_DOUBLE] = "double",     [JSONPATH_CEILING] = "ceiling",
        [JSONPATH_FLOOR] = "floor",       [JSONPATH_ABS] = "abs",
        [JSONPATH_KEYVALUE] = "keyvalue",
    };
    return names[op];
}

static int priority(enum jsonpath_op op)
{
    switch (op) {
    case JSONPATH_OR:
        return 0;
    case JSONPATH_AND:
        return 1;
    case JSONPATH_EQUAL:
    case JSONPATH_NOT_EQUAL:
    case JSONPATH_LESS:
    case JSONPATH_LESS_EQUAL:
    case JSONPATH_GREATER:
    case JSONPATH_GREATER_EQUAL:
    case JSONPATH_STARTS_WITH:
        return 2;
    case JSONPATH_ADD:
    case JSONPATH_SUB:
        return 3;
    case JSONPATH_MUL:
    case JSONPATH_DIV:
    case JSONPATH_MOD:
        return 4;
    case JSONPATH_PLUS:
    case JSONPATH_MINUS:
        return 5;
    default:
        return 6;
    }
}

struct printer {
    struct buf *out;
    bool ambiguous; /* it would be read as something else */
};

static void put(struct printer *p, const char *text)
{
    buf_append(p->out, text, strlen(text));
}

static void print(struct printer *p, const struct jsonpath_node *n, bool key, bool brackets);

static void print_inner(struct printer *p, const struct jsonpath_node *n,
                        const struct jsonpath_node *outer)
{
    print(p, n, false, priority(n->op) <= priority(outer->op));
}

static void print_level(struct printer *p, uint32_t v)
{
    char text[16] = "last";
    if (v != JSONPATH_LEVEL_LAST)
        snprintf(text, sizeof(text), "%u", (unsigned)v);
    put(p, text);
}

static void print_any(struct printer *p, const struct jsonpath_node *n)
{
    put(p, "**");
    if (n->first == 0 && n->last == JSONPATH_LEVEL_LAST)
        return;
    put(p, "{");
    print_level(p, n->first);
    if (n->first != n->last) {
        put(p, " to ");
        print_level(p, n->last);
    }
    put(p, "}");
}

static void print_subscripts(struct printer *p, const struct jsonpath_node *n)
{
    for (const char *before = "["; n != NULL; n = n->more, before = ",") {
        put(p, before);
        print(p, n->left, false, false);
        if (n->right != NULL) {
            put(p, " to ");
            print(p, n->right, false, false);
        }
    }
    put(p, "]");
}

static void print_regex(struct printer *p, const struct jsonpath_node *n)
{
    print_inner(p, n->left, n);
    put(p, " like_regex ");
    types_json_string(n->text, p->out);
    if (!n->fold && !n->dot_all && !n->lines && !n->space && !n->quote)
        return;
    put(p, " flag \"");
    put(p, n->fold ? "i" : "");
    put(p, n->dot_all ? "s" : "");
    put(p, n->lines ? "m" : "");
    put(p, n->space ? "x" : "");
    put(p, n->quote ? "q" : "");
    put(p, "\"");
}

static void print_operator(struct printer *p, const struct jsonpath_node *n, bool brackets)
{
    put(p, brackets ? "(" : "");
    if (n->op == JSONPATH_LIKE_REGEX) {
        print_regex(p, n);
    } else if (n->right == NULL) {
        put(p, jsonpath_sign(n->op));
        print_inner(p, n->left, n);
    } else {
        print_inner(p, n->left, n);
        put(p, " ");
        put(p, jsonpath_sign(n->op));
        put(p, " ");
        print_inner(p, n->right, n);
    }
    put(p, brackets ? ")" : "");
    p->ambiguous |= n->next != NULL && !brackets;
}

static void print_around(struct printer *p, const struct jsonpath_node *n, const char *before,
                         const char *after)
{
    put(p, before);
    print(p, n->left, false, false);
    put(p, after);
    p->ambiguous |= n->next != NULL && n->op != JSONPATH_FILTER;
}

static void print_one(struct printer *p, const struct jsonpath_node *n, bool key, bool brackets)
{
    switch (n->op) {
    case JSONPATH_NULL:
        put(p, "null");
        break;
    case JSONPATH_BOOL:
        put(p, n->flag ? "true" : "false");
        break;
    case JSONPATH_NUMBER:
        put(p, n->next != NULL ? "(" : "");
        buf_append(p->out, n->text.data, n->text.len);
        put(p, n->next != NULL ? ")" : "");
        break;
    case JSONPATH_VARIABLE:
        put(p, "$");
        types_json_string(n->text, p->out);
        break;
    case JSONPATH_STRING:
        types_json_string(n->text, p->out);
        break;
    case JSONPATH_KEY:
        put(p, key ? "." : "");
        types_json_string(n->text, p->out);
        break;
    case JSONPATH_ROOT:
        put(p, "$");
        break;
    case JSONPATH_CURRENT:
        put(p, "@");
        break;
    case JSONPATH_LAST:
        put(p, "last");
        break;
    case JSONPATH_ANY_KEY:
        put(p, key ? ".*" : "*");
        break;
    case JSONPATH_ANY_ARRAY:
        put(p, "[*]");
        break;
    case JSONPATH_ANY:
        put(p, key ? "." : "");
        print_any(p, n);
        break;
    case JSONPATH_INDEX:
        print_subscripts(p, n);
        break;
    case JSONPATH_FILTER:
        print_around(p, n, "?(", ")");
        break;
    case JSONPATH_NOT:
        print_around(p, n, "!(", ")");
        break;
    case JSONPATH_IS_UNKNOWN:
        print_around(p, n, "(", ") is unknown");
        break;
    case JSONPATH_EXISTS:
        print_around(p, n, "exists (", ")");
        break;
    case JSONPATH_DATETIME:
        put(p, ".datetime(");
        if (n->flag)
            types_json_string(n->text, p->out);
        put(p, ")");
        break;
    default:
        if (jsonpath_method(n->op) == NULL) {
            print_operator(p, n, brackets);
            break;
        }
        put(p, ".");
        put(p, jsonpath_method(n->op));
        put(p, "()");
    }
}

static void print(struct printer *p, const struct jsonpath_node *n, bool key, bool brackets)
{
    for (; n != NULL; n = n->next, key = true, brackets = true)
        print_one(p, n, key, brackets);
}

int jsonpath_input(struct slice text, struct buf *out, struct err *err)
{
    struct jsonpath path;
    struct printer p = {.out = out};
    int rc = jsonpath_parse(text, &path, err);
    if (rc == 0) {
        put(&p, path.strict ? "strict " : "");
        print(&p, path.root, false, true);
    }
    if (rc == 0 && p.ambiguous)
        rc = err_set(err, SQLSTATE_FEATURE_NOT_SUPPORTED,
                     "a jsonpath with an accessor of this expression in parentheses is not "
                     "supported by the embedded store");
    if (rc == 0 && out->failed)
        rc = err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
    jsonpath_release(&path);
    return rc;
}
