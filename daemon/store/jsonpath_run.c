/* jsonpath_run.c: the items that a jsonpath finds. */
#include "daemon/store/jsonpath_run.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { DEPTH_MAX = 1200 };

/* One walk through what a container holds. */
struct walk {
    const struct jsonpath_node *n; /* what follows; NULL: nothing */
    struct jsonpath_list *found;
    uint32_t first, last; /* levels */
    bool ignore, unwrap;
};

static enum jsonpath_result elements(struct jsonpath_run *r, const struct jsonpath_node *n,
                                     struct slice v, struct jsonpath_list *found, bool unwrap);

char jsonpath_kind(struct slice v)
{
    switch (v.len > 0 ? v.data[0] : 'n') {
    case '{':
        return 'o';
    case '[':
        return 'a';
    case '"':
        return 's';
    case 't':
    case 'f':
        return 'b';
    case 'n':
        return '0';
    default:
        return 'n';
    }
}

bool jsonpath_keep(struct jsonpath_run *r, struct jsonpath_list *to, struct slice v)
{
    if (to->n == to->cap) {
        size_t cap = to->cap == 0 ? 8 : to->cap * 2;
        struct slice *grown = arena_alloc(&r->arena, cap * sizeof(*grown));
        if (grown == NULL) {
            jsonpath_fail(r, SQLSTATE_OUT_OF_MEMORY, "out of memory");
            return false;
        }
        if (to->n > 0)
            memcpy(grown, to->items, to->n * sizeof(*grown));
        to->items = grown;
        to->cap = cap;
    }
    to->items[to->n++] = v;
    return true;
}

/* Of the arena, NULL-proof. */
static struct slice held(struct jsonpath_run *r, struct buf *b)
{
    struct slice from = buf_peek(b), ret = {"", 0};
    const char *copy = from.len == 0 ? NULL : arena_copy(&r->arena, from.data, from.len);
    if (copy != NULL)
        ret = (struct slice){copy, from.len};
    buf_release(b);
    return ret;
}

struct slice jsonpath_text(struct jsonpath_run *r, struct slice quoted)
{
    struct buf out;
    if (memchr(quoted.data, '\\', quoted.len) == NULL)
        return (struct slice){quoted.data + 1, quoted.len - 2};
    functions_buf(&out);
    functions_json_unescape(quoted, &out);
    return held(r, &out);
}

static struct slice quote(struct jsonpath_run *r, struct slice text)
{
    struct buf out;
    functions_buf(&out);
    types_json_string(text, &out);
    return held(r, &out);
}

static struct slice literal(const char *text)
{
    return (struct slice){text, strlen(text)};
}

/* -- errors -- */

__attribute__((format(printf, 3, 0))) static void set(struct jsonpath_run *r, const char *sqlstate,
                                                      const char *format, va_list args)
{
    if (r->failed)
        return;
    r->failed = true;
    err_vset(&functions_context(r->ctx)->raised, sqlstate, format, args);
}

enum jsonpath_result jsonpath_fail(struct jsonpath_run *r, const char *sqlstate,
                                   const char *format, ...)
{
    va_list args;
    va_start(args, format);
    set(r, sqlstate, format, args);
    va_end(args);
    return JSONPATH_ERROR;
}

enum jsonpath_result jsonpath_raise(struct jsonpath_run *r, const char *sqlstate,
                                    const char *format, ...)
{
    va_list args;
    va_start(args, format);
    if (r->throws)
        set(r, sqlstate, format, args);
    va_end(args);
    return JSONPATH_ERROR;
}

/* A structural error: nothing where those are ignored. */
static enum jsonpath_result misfit(struct jsonpath_run *r, const char *sqlstate, const char *text)
{
    return r->ignore ? JSONPATH_NOT_FOUND : jsonpath_raise(r, sqlstate, "%s", text);
}

/* -- items -- */

static enum jsonpath_result run(struct jsonpath_run *r, const struct jsonpath_node *n,
                                struct slice v, struct jsonpath_list *found)
{
    return jsonpath_item(r, n, v, found, !r->strict);
}

/* ${v} is what the item gave: on with what follows it. */
static enum jsonpath_result give(struct jsonpath_run *r, const struct jsonpath_node *next,
                                 struct slice v, struct jsonpath_list *found)
{
    if (next != NULL)
        return run(r, next, v, found);
    if (found != NULL && !jsonpath_keep(r, found, v))
        return JSONPATH_ERROR;
    return JSONPATH_OK;
}

static enum jsonpath_result walk_level(struct jsonpath_run *r, const struct walk *w,
                                       struct slice container, uint32_t level)
{
    enum jsonpath_result rc = JSONPATH_NOT_FOUND;
    struct slice key, v;
    size_t at = 0;
    if (level > w->last)
        return rc;
    if (level > DEPTH_MAX)
        return jsonpath_fail(r, SQLSTATE_STATEMENT_TOO_COMPLEX, "JSON is nested too deeply");
    while (functions_json_next(container, &at, &key, &v)) {
        char kind = jsonpath_kind(v);
        bool nested = kind == 'o' || kind == 'a';
        bool leaves = w->first == JSONPATH_LEVEL_LAST && w->last == JSONPATH_LEVEL_LAST;
        if (level >= w->first || (leaves && !nested)) {
            bool ignore = r->ignore;
            r->ignore = ignore || w->ignore;
            if (w->n != NULL)
                rc = jsonpath_item(r, w->n, v, w->found, w->unwrap);
            else
                rc = give(r, NULL, v, w->found);
            r->ignore = ignore;
            if (rc == JSONPATH_ERROR || (rc == JSONPATH_OK && w->found == NULL))
                return rc;
        }
        if (level < w->last && nested) {
            rc = walk_level(r, w, v, level + 1);
            if (rc == JSONPATH_ERROR || (rc == JSONPATH_OK && w->found == NULL))
                return rc;
        }
    }
    return rc;
}

static enum jsonpath_result elements(struct jsonpath_run *r, const struct jsonpath_node *n,
                                     struct slice v, struct jsonpath_list *found, bool unwrap)
{
    struct walk w = {.n = n, .found = found, .first = 1, .last = 1, .unwrap = unwrap};
    return walk_level(r, &w, v, 1);
}

enum jsonpath_result jsonpath_items(struct jsonpath_run *r, const struct jsonpath_node *n,
                                    struct slice v, bool unwrap, struct jsonpath_list *found)
{
    struct jsonpath_list all = {0};
    if (!unwrap || r->strict || found == NULL)
        return run(r, n, v, found);
    enum jsonpath_result rc = run(r, n, v, &all);
    if (rc == JSONPATH_ERROR)
        return rc;
    for (size_t i = 0; i < all.n; i++) {
        if (jsonpath_kind(all.items[i]) == 'a')
            elements(r, NULL, all.items[i], found, false);
        else if (!jsonpath_keep(r, found, all.items[i]))
            return JSONPATH_ERROR;
    }
    return JSONPATH_OK;
}

static enum jsonpath_result any(struct jsonpath_run *r, const struct jsonpath_node *n,
                                struct slice v, struct jsonpath_list *found)
{
    enum jsonpath_result rc = JSONPATH_NOT_FOUND;
    char kind = jsonpath_kind(v);
    if (n->first == 0) { /* the item itself */
        bool ignore = r->ignore;
        r->ignore = true;
        rc = give(r, n->next, v, found);
        r->ignore = ignore;
        if (rc == JSONPATH_OK && found == NULL)
            return rc;
    }
    if (kind != 'o' && kind != 'a')
        return rc;
    struct walk w = {.n = n->next,
                     .found = found,
                     .first = n->first,
                     .last = n->last,
                     .ignore = true,
                     .unwrap = !r->strict};
    return walk_level(r, &w, v, 1);
}

/* -- subscripts -- */

static enum jsonpath_result subscript(struct jsonpath_run *r, const struct jsonpath_node *n,
                                      struct slice v, int64_t *ret)
{
    struct jsonpath_list all = {0};
    char digits[16] = "";
    if (run(r, n, v, &all) == JSONPATH_ERROR)
        return JSONPATH_ERROR;
    if (all.n != 1 || jsonpath_kind(all.items[0]) != 'n')
        return jsonpath_raise(r, "22033", "jsonpath array subscript is not a single numeric value");
    struct slice text = all.items[0];
    const char *point = memchr(text.data, '.', text.len);
    size_t len = point != NULL ? (size_t)(point - text.data) : text.len;
    if (len < sizeof(digits))
        memcpy(digits, text.data, len);
    *ret = len < sizeof(digits) ? strtoll(digits, NULL, 10) : INT64_MAX;
    if (*ret > INT32_MAX || *ret < INT32_MIN)
        return jsonpath_raise(r, "22033", "jsonpath array subscript is out of integer range");
    return JSONPATH_OK;
}

static enum jsonpath_result range(struct jsonpath_run *r, const struct jsonpath_node *one,
                                  const struct jsonpath_node *next, struct slice v, int64_t size,
                                  struct jsonpath_list *found)
{
    int64_t from, to;
    struct slice key, element;
    size_t at = 0;
    enum jsonpath_result rc = subscript(r, one->left, v, &from);
    to = from;
    if (rc == JSONPATH_OK && one->right != NULL)
        rc = subscript(r, one->right, v, &to);
    if (rc == JSONPATH_ERROR)
        return rc;
    if (!r->ignore && (from < 0 || from > to || to >= size))
        return jsonpath_raise(r, "22033", "jsonpath array subscript is out of bounds");
    rc = JSONPATH_NOT_FOUND;
    if (jsonpath_kind(v) != 'a')
        return from <= 0 && to >= 0 ? give(r, next, v, found) : rc;
    for (int64_t i = 0; i <= to && functions_json_next(v, &at, &key, &element); i++) {
        if (i < from)
            continue;
        rc = give(r, next, element, found);
        if (rc == JSONPATH_ERROR || (rc == JSONPATH_OK && found == NULL))
            return rc;
    }
    return rc;
}

static enum jsonpath_result subscripts(struct jsonpath_run *r, const struct jsonpath_node *n,
                                       struct slice v, struct jsonpath_list *found)
{
    struct slice unused = {NULL, 0};
    bool array = jsonpath_kind(v) == 'a';
    int64_t outer = r->array_size;
    enum jsonpath_result rc = JSONPATH_NOT_FOUND;
    if (!array && r->strict)
        return misfit(r, "22039", "jsonpath array accessor can only be applied to an array");
    int64_t size = array ? functions_json_element(v, INT64_MAX, &unused) : 1;
    for (const struct jsonpath_node *one = n; one != NULL; one = one->more) {
        r->array_size = size;
        rc = range(r, one, n->next, v, size, found);
        if (rc == JSONPATH_ERROR || (rc == JSONPATH_OK && found == NULL))
            break;
    }
    r->array_size = outer;
    return rc;
}

/* -- accessors and methods -- */

static enum jsonpath_result key(struct jsonpath_run *r, const struct jsonpath_node *n,
                                struct slice v, struct jsonpath_list *found, bool unwrap)
{
    struct slice value = {NULL, 0};
    char kind = jsonpath_kind(v);
    if (kind == 'o' && functions_json_field(v, n->text, &value))
        return give(r, n->next, value, found);
    if (kind == 'o' && r->ignore)
        return JSONPATH_NOT_FOUND;
    if (kind == 'o')
        return jsonpath_raise(r, "2203A", "JSON object does not contain key \"%.*s\"",
                              (int)n->text.len, n->text.data);
    if (kind == 'a' && unwrap)
        return elements(r, n, v, found, false);
    return misfit(r, "2203A", "jsonpath member accessor can only be applied to an object");
}

static const char *type_name(char kind)
{
    return kind == 'o'   ? "\"object\""
           : kind == 'a' ? "\"array\""
           : kind == 's' ? "\"string\""
           : kind == 'n' ? "\"number\""
           : kind == 'b' ? "\"boolean\""
                         : "\"null\"";
}

static enum jsonpath_result key_values(struct jsonpath_run *r, const struct jsonpath_node *n,
                                       struct slice v, struct jsonpath_list *found)
{
    struct slice name, value;
    size_t at = 0;
    enum jsonpath_result rc = JSONPATH_NOT_FOUND;
    if (jsonpath_kind(v) != 'o')
        return jsonpath_raise(r, "2203C",
                              "jsonpath item method .%s() can only be applied to an object",
                              "keyvalue");
    bool any_member = functions_json_next(v, &at, &name, &value);
    if (any_member && v.data != r->root.data) /* its id is where jsonb's binary form keeps it */
        return jsonpath_fail(r, SQLSTATE_FEATURE_NOT_SUPPORTED,
                             "jsonpath item method .keyvalue() of an inner object is not supported "
                             "by the embedded store");
    for (at = 0; functions_json_next(v, &at, &name, &value);) {
        struct buf out;
        if (n->next == NULL && found == NULL)
            return JSONPATH_OK;
        functions_buf(&out);
        buf_append(&out, "{\"id\": 0, \"key\": ", 17);
        buf_append(&out, name.data, name.len);
        buf_append(&out, ", \"value\": ", 11);
        buf_append(&out, value.data, value.len);
        buf_append(&out, "}", 1);
        rc = give(r, n->next, held(r, &out), found);
        if (rc == JSONPATH_ERROR || (rc == JSONPATH_OK && found == NULL))
            return rc;
    }
    return rc;
}

static enum jsonpath_result size_of(struct jsonpath_run *r, const struct jsonpath_node *n,
                                    struct slice v, struct jsonpath_list *found)
{
    struct slice unused = {NULL, 0};
    if (jsonpath_kind(v) == 'a')
        return give(r, n->next,
                    jsonpath_int(r, functions_json_element(v, INT64_MAX, &unused)), found);
    if (r->strict)
        return misfit(r, "22039", "jsonpath item method .size() can only be applied to an array");
    return give(r, n->next, jsonpath_int(r, 1), found);
}

static enum jsonpath_result method(struct jsonpath_run *r, const struct jsonpath_node *n,
                                   struct slice v, struct jsonpath_list *found, bool unwrap)
{
    char kind = jsonpath_kind(v);
    if (kind == 'a' && unwrap)
        return elements(r, n, v, found, false);
    if (n->op == JSONPATH_KEYVALUE)
        return key_values(r, n, v, found);
    if (n->op == JSONPATH_DATETIME)
        return jsonpath_fail(r, SQLSTATE_FEATURE_NOT_SUPPORTED,
                             "jsonpath item method .datetime() is not supported by the embedded "
                             "store");
    if (n->op == JSONPATH_DOUBLE) {
        if (kind != 'n' && kind != 's')
            return jsonpath_raise(r, "22036",
                                  "jsonpath item method .%s() can only be applied to a string or "
                                  "numeric value",
                                  "double");
        if (jsonpath_double(r, v, &v) == JSONPATH_ERROR)
            return JSONPATH_ERROR;
        return give(r, n->next, v, found);
    }
    if (kind != 'n')
        return jsonpath_raise(r, "22036",
                              "jsonpath item method .%s() can only be applied to a numeric value",
                              jsonpath_method(n->op));
    return give(r, n->next, jsonpath_rounded(r, n->op, v), found);
}

/* -- operators -- */

static enum jsonpath_result binary(struct jsonpath_run *r, const struct jsonpath_node *n,
                                   struct slice v, struct jsonpath_list *found)
{
    struct jsonpath_list a = {0}, b = {0};
    struct slice ret = {"0", 1};
    if (jsonpath_items(r, n->left, v, true, &a) == JSONPATH_ERROR ||
        jsonpath_items(r, n->right, v, true, &b) == JSONPATH_ERROR)
        return JSONPATH_ERROR;
    bool left = a.n == 1 && jsonpath_kind(a.items[0]) == 'n';
    if (!left || b.n != 1 || jsonpath_kind(b.items[0]) != 'n')
        return jsonpath_raise(r, "22038",
                              "%s operand of jsonpath operator %s is not a single numeric value",
                              left ? "right" : "left", jsonpath_sign(n->op));
    if (jsonpath_arithmetic(r, n, a.items[0], b.items[0], &ret) == JSONPATH_ERROR)
        return JSONPATH_ERROR;
    return give(r, n->next, ret, found);
}

static enum jsonpath_result unary(struct jsonpath_run *r, const struct jsonpath_node *n,
                                  struct slice v, struct jsonpath_list *found)
{
    struct jsonpath_list all = {0};
    enum jsonpath_result ret = JSONPATH_NOT_FOUND;
    if (jsonpath_items(r, n->left, v, true, &all) == JSONPATH_ERROR)
        return JSONPATH_ERROR;
    for (size_t i = 0; i < all.n; i++) {
        struct slice one = all.items[i];
        if (jsonpath_kind(one) != 'n') {
            if (found == NULL && n->next == NULL)
                continue;
            return jsonpath_raise(r, "2203B",
                                  "operand of unary jsonpath operator %s is not a numeric value",
                                  jsonpath_sign(n->op));
        }
        one = n->op == JSONPATH_MINUS ? jsonpath_negated(r, one) : one;
        enum jsonpath_result rc = give(r, n->next, one, found);
        if (rc == JSONPATH_ERROR || (rc == JSONPATH_OK && found == NULL))
            return rc;
        ret = rc == JSONPATH_OK ? rc : ret;
    }
    return ret;
}

static enum jsonpath_result filter(struct jsonpath_run *r, const struct jsonpath_node *n,
                                   struct slice v, struct jsonpath_list *found, bool unwrap)
{
    if (unwrap && jsonpath_kind(v) == 'a')
        return elements(r, n, v, found, false);
    struct slice outer = r->current;
    r->current = v;
    enum jsonpath_truth t = jsonpath_test(r, n->left, v);
    r->current = outer;
    return t == JSONPATH_TRUE ? give(r, n->next, v, found) : JSONPATH_NOT_FOUND;
}

static enum jsonpath_result variable(struct jsonpath_run *r, const struct jsonpath_node *n,
                                     struct jsonpath_list *found)
{
    struct slice value = {NULL, 0};
    if (!functions_json_field(r->vars, n->text, &value))
        return jsonpath_fail(r, SQLSTATE_UNDEFINED_OBJECT,
                             "could not find jsonpath variable \"%.*s\"", (int)n->text.len,
                             n->text.data);
    return give(r, n->next, value, found);
}

static enum jsonpath_result operators(struct jsonpath_run *r, const struct jsonpath_node *n,
                                      struct slice v, struct jsonpath_list *found)
{
    if (n->op >= JSONPATH_AND) {
        static const char *const words[] = {"false", "true", "null"};
        return give(r, n->next, literal(words[jsonpath_test(r, n, v)]), found);
    }
    return n->op == JSONPATH_PLUS || n->op == JSONPATH_MINUS ? unary(r, n, v, found)
                                                             : binary(r, n, v, found);
}

static enum jsonpath_result dispatch(struct jsonpath_run *r, const struct jsonpath_node *n,
                                     struct slice v, struct jsonpath_list *found, bool unwrap)
{
    char kind = jsonpath_kind(v);
    switch (n->op) {
    case JSONPATH_NULL:
        return give(r, n->next, literal("null"), found);
    case JSONPATH_BOOL:
        return give(r, n->next, literal(n->flag ? "true" : "false"), found);
    case JSONPATH_NUMBER:
        return give(r, n->next, n->text, found);
    case JSONPATH_STRING:
        return give(r, n->next, quote(r, n->text), found);
    case JSONPATH_VARIABLE:
        return variable(r, n, found);
    case JSONPATH_ROOT:
        return give(r, n->next, r->root, found);
    case JSONPATH_CURRENT:
        return give(r, n->next, r->current, found);
    case JSONPATH_LAST:
        return give(r, n->next, jsonpath_int(r, r->array_size - 1), found);
    case JSONPATH_KEY:
        return key(r, n, v, found, unwrap);
    case JSONPATH_ANY_KEY:
        if (kind == 'o')
            return elements(r, n->next, v, found, !r->strict);
        if (kind == 'a' && unwrap)
            return elements(r, n, v, found, false);
        return misfit(r, "2203C",
                      "jsonpath wildcard member accessor can only be applied to an object");
    case JSONPATH_ANY_ARRAY:
        if (kind == 'a')
            return elements(r, n->next, v, found, !r->strict);
        if (!r->strict)
            return give(r, n->next, v, found);
        return misfit(r, "22039",
                      "jsonpath wildcard array accessor can only be applied to an array");
    case JSONPATH_ANY:
        return any(r, n, v, found);
    case JSONPATH_INDEX:
        return subscripts(r, n, v, found);
    case JSONPATH_FILTER:
        return filter(r, n, v, found, unwrap);
    case JSONPATH_TYPE:
        return give(r, n->next, literal(type_name(kind)), found);
    case JSONPATH_SIZE:
        return size_of(r, n, v, found);
    default:
        return jsonpath_method(n->op) != NULL || n->op == JSONPATH_DATETIME
                   ? method(r, n, v, found, unwrap)
                   : operators(r, n, v, found);
    }
}

enum jsonpath_result jsonpath_item(struct jsonpath_run *r, const struct jsonpath_node *n,
                                   struct slice v, struct jsonpath_list *found, bool unwrap)
{
    if (r->failed)
        return JSONPATH_ERROR;
    if (r->depth >= DEPTH_MAX)
        return jsonpath_fail(r, SQLSTATE_STATEMENT_TOO_COMPLEX, "JSON is nested too deeply");
    r->depth++;
    enum jsonpath_result rc = dispatch(r, n, v, found, unwrap);
    r->depth--;
    return r->failed ? JSONPATH_ERROR : rc;
}
