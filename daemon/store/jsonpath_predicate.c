/* jsonpath_predicate.c: what is true, false or unknown in a jsonpath. */
#include "daemon/store/functions_regex.h"
#include "daemon/store/jsonpath_run.h"

static enum jsonpath_truth truth(bool b)
{
    return b ? JSONPATH_TRUE : JSONPATH_FALSE;
}

static enum jsonpath_truth ordered(enum jsonpath_op op, int order)
{
    switch (op) {
    case JSONPATH_EQUAL:
        return truth(order == 0);
    case JSONPATH_NOT_EQUAL:
        return truth(order != 0);
    case JSONPATH_LESS:
        return truth(order < 0);
    case JSONPATH_LESS_EQUAL:
        return truth(order <= 0);
    case JSONPATH_GREATER:
        return truth(order > 0);
    default:
        return truth(order >= 0);
    }
}

static int bytes_compare(struct slice a, struct slice b)
{
    size_t n = a.len < b.len ? a.len : b.len;
    int order = n > 0 ? memcmp(a.data, b.data, n) : 0;
    return order != 0 ? order : a.len < b.len ? -1 : a.len > b.len;
}

static enum jsonpath_truth compare(struct jsonpath_run *r, enum jsonpath_op op, struct slice a,
                                   struct slice b)
{
    char kind = jsonpath_kind(a), other = jsonpath_kind(b);
    if (kind != other)
        return kind == '0' || other == '0' ? truth(op == JSONPATH_NOT_EQUAL) : JSONPATH_UNKNOWN;
    switch (kind) {
    case '0':
        return ordered(op, 0);
    case 'b':
        return ordered(op, (a.data[0] == 't') - (b.data[0] == 't'));
    case 'n':
        return ordered(op, types_numeric_compare(a, b));
    case 's':
        return ordered(op, bytes_compare(jsonpath_text(r, a), jsonpath_text(r, b)));
    default:
        return JSONPATH_UNKNOWN;
    }
}

static enum jsonpath_truth starts_with(struct jsonpath_run *r, struct slice a, struct slice b)
{
    if (jsonpath_kind(a) != 's' || jsonpath_kind(b) != 's')
        return JSONPATH_UNKNOWN;
    struct slice whole = jsonpath_text(r, a), start = jsonpath_text(r, b);
    return truth(start.len == 0 || (start.len <= whole.len &&
                                    memcmp(whole.data, start.data, start.len) == 0));
}

static enum jsonpath_truth like_regex(struct jsonpath_run *r, const struct jsonpath_node *n,
                                      struct slice v)
{
    struct regex_options options = {.fold = n->fold,
                                    .literal = n->quote,
                                    .newline_stops = !n->quote && !n->dot_all,
                                    .newline_anchors = !n->quote && n->lines};
    if (jsonpath_kind(v) != 's')
        return JSONPATH_UNKNOWN;
    struct slice text = jsonpath_text(r, v);
    struct slice parts[] = {text, n->text};
    for (size_t i = 0; n->fold && i < 2; i++)
        if (functions_chars(parts[i]) != parts[i].len) {
            jsonpath_fail(r, SQLSTATE_FEATURE_NOT_SUPPORTED,
                          "matching these characters regardless of case is not supported by the "
                          "embedded store");
            return JSONPATH_UNKNOWN;
        }
    bool wide = functions_chars(text) != text.len || functions_chars(n->text) != n->text.len;
    struct regex *re = regex_parse(r->ctx, n->text, &options, wide);
    int rc = re == NULL ? -1 : regex_test(r->ctx, re, text);
    if (re != NULL)
        regex_free(re);
    if (rc < 0)
        r->failed = true;
    return rc < 0 ? JSONPATH_UNKNOWN : truth(rc > 0);
}

static enum jsonpath_truth one(struct jsonpath_run *r, const struct jsonpath_node *n,
                               struct slice a, const struct slice *b)
{
    if (n->op == JSONPATH_LIKE_REGEX)
        return like_regex(r, n, a);
    return n->op == JSONPATH_STARTS_WITH ? starts_with(r, a, *b) : compare(r, n->op, a, *b);
}

static enum jsonpath_result quietly(struct jsonpath_run *r, const struct jsonpath_node *n,
                                    struct slice v, bool unwrap, struct jsonpath_list *found)
{
    bool throws = r->throws;
    r->throws = false;
    enum jsonpath_result rc = jsonpath_items(r, n, v, unwrap, found);
    r->throws = throws;
    return rc;
}

/* Each item of the left against each of the right: lax stops at the first that is true, strict at
 * the first that is unknown. */
static enum jsonpath_truth each(struct jsonpath_run *r, const struct jsonpath_node *n,
                                struct slice v)
{
    struct jsonpath_list left = {0}, right = {0};
    bool error = false, found = false;
    if (quietly(r, n->left, v, true, &left) == JSONPATH_ERROR)
        return JSONPATH_UNKNOWN;
    if (n->right != NULL &&
        quietly(r, n->right, v, n->op != JSONPATH_STARTS_WITH, &right) == JSONPATH_ERROR)
        return JSONPATH_UNKNOWN;
    size_t times = n->right == NULL ? 1 : right.n;
    for (size_t i = 0; i < left.n && !r->failed; i++)
        for (size_t j = 0; j < times && !r->failed; j++) {
            enum jsonpath_truth t =
                one(r, n, left.items[i], n->right == NULL ? NULL : &right.items[j]);
            if (t == JSONPATH_UNKNOWN && r->strict)
                return JSONPATH_UNKNOWN;
            if (t == JSONPATH_TRUE && !r->strict)
                return JSONPATH_TRUE;
            error |= t == JSONPATH_UNKNOWN;
            found |= t == JSONPATH_TRUE;
        }
    return found ? JSONPATH_TRUE : error ? JSONPATH_UNKNOWN : JSONPATH_FALSE;
}

static enum jsonpath_truth exists(struct jsonpath_run *r, const struct jsonpath_node *n,
                                  struct slice v)
{
    struct jsonpath_list all = {0};
    enum jsonpath_result rc = quietly(r, n->left, v, false, r->strict ? &all : NULL);
    if (rc == JSONPATH_ERROR)
        return JSONPATH_UNKNOWN;
    return truth(r->strict ? all.n > 0 : rc == JSONPATH_OK);
}

enum jsonpath_truth jsonpath_test(struct jsonpath_run *r, const struct jsonpath_node *n,
                                  struct slice v)
{
    enum jsonpath_truth a, b;
    switch (n->op) {
    case JSONPATH_AND:
        a = jsonpath_test(r, n->left, v);
        if (a == JSONPATH_FALSE)
            return a;
        b = jsonpath_test(r, n->right, v);
        return b == JSONPATH_TRUE ? a : b;
    case JSONPATH_OR:
        a = jsonpath_test(r, n->left, v);
        if (a == JSONPATH_TRUE)
            return a;
        b = jsonpath_test(r, n->right, v);
        return b == JSONPATH_FALSE ? a : b;
    case JSONPATH_NOT:
        a = jsonpath_test(r, n->left, v);
        return a == JSONPATH_UNKNOWN ? a : truth(a == JSONPATH_FALSE);
    case JSONPATH_IS_UNKNOWN:
        return truth(jsonpath_test(r, n->left, v) == JSONPATH_UNKNOWN);
    case JSONPATH_EXISTS:
        return exists(r, n, v);
    default:
        return each(r, n, v);
    }
}
