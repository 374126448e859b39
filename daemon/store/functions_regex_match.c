/* functions_regex_match.c: finding matches; see functions_regex.h. */
#define PCRE2_CODE_UNIT_WIDTH 8
#include "daemon/store/functions_regex.h"

#include <pcre2.h>

#include <stdlib.h>
#include <wctype.h>

#define WORKSPACE_INTS (1 << 16)
#define NOT_MATCHED    SIZE_MAX

void regex_free(struct regex *re)
{
    if (re == NULL)
        return;
    for (size_t i = 0; i < re->nnodes; i++) {
        buf_release(&re->nodes[i]->text);
        pcre2_code_free(re->nodes[i]->code);
        free(re->nodes[i]);
    }
    free(re->nodes);
    buf_release(&re->flat);
    pcre2_code_free(re->flat_code);
    pcre2_match_data_free(re->data);
    free(re->workspace);
    free(re);
}

static int too_complex(sqlite3_context *ctx)
{
    functions_fail(ctx, SQLSTATE_FEATURE_NOT_SUPPORTED,
                   "a regular expression so complex is not supported by the embedded store");
    return -1;
}

static pcre2_code *compile(sqlite3_context *ctx, const struct regex *re, const struct buf *text)
{
    uint32_t options = PCRE2_UTF | PCRE2_NO_UTF_CHECK | PCRE2_NO_AUTO_POSSESS |
                       (re->options.fold ? PCRE2_CASELESS : 0);
    struct slice t = buf_peek(text);
    int code;
    PCRE2_SIZE offset;
    pcre2_code *compiled = text->failed ? NULL
                                        : pcre2_compile((PCRE2_SPTR)(t.len ? t.data : ""), t.len,
                                                        options, &code, &offset, NULL);
    if (compiled == NULL)
        (void)too_complex(ctx);
    return compiled;
}

/* Room for ${pairs} ends. */
static bool make_room(struct regex *re, size_t pairs)
{
    if (re->workspace == NULL)
        re->workspace = malloc(WORKSPACE_INTS * sizeof(re->workspace[0]));
    if (re->data == NULL || re->pairs < pairs) {
        pcre2_match_data_free(re->data);
        re->data = pairs > UINT16_MAX ? NULL : pcre2_match_data_create((uint32_t)pairs, NULL);
        re->pairs = pairs;
    }
    return re->workspace != NULL && re->data != NULL;
}

/* Run ${n}'s expression from ${from}; what PCRE2 says. */
static int run(sqlite3_context *ctx, struct regex *re, struct regex_node *n, struct slice text,
               size_t from, uint32_t options, size_t pairs)
{
    if (n->code == NULL)
        n->code = compile(ctx, re, &n->text);
    if (n->code == NULL)
        return PCRE2_ERROR_INTERNAL;
    if (!make_room(re, pairs))
        return PCRE2_ERROR_NOMEMORY;
    return pcre2_dfa_match(n->code, (PCRE2_SPTR)(text.len ? text.data : ""), text.len, from,
                           options | PCRE2_NO_UTF_CHECK, re->data, NULL, re->workspace,
                           WORKSPACE_INTS);
}

/* The places where a match of a node that begins at one place may end, longest first. */
struct ends {
    size_t *at;
    size_t n;
};

static bool ends_of(sqlite3_context *ctx, struct regex *re, struct regex_node *n, struct slice text,
                    size_t from, struct ends *ret)
{
    size_t pairs = text.len - from + 2;
    *ret = (struct ends){0};
    if (pairs > UINT16_MAX) {
        (void)too_complex(ctx);
        return false;
    }
    int rc = run(ctx, re, n, text, from, PCRE2_ANCHORED, pairs);
    if (rc == PCRE2_ERROR_NOMATCH)
        return true;
    if (rc <= 0) {
        if (rc != PCRE2_ERROR_INTERNAL)
            (void)too_complex(ctx);
        return false;
    }
    ret->at = malloc((size_t)rc * sizeof(ret->at[0]));
    if (ret->at == NULL) {
        sqlite3_result_error_nomem(ctx);
        return false;
    }
    const PCRE2_SIZE *v = pcre2_get_ovector_pointer(re->data);
    for (int i = 0; i < rc; i++)
        ret->at[ret->n++] = v[2 * i + 1];
    return true;
}

static bool ends_has(const struct ends *e, size_t at)
{
    for (size_t i = 0; i < e->n; i++)
        if (e->at[i] == at)
            return true;
    return false;
}

/* -- taking a match apart -- */

struct dissection {
    sqlite3_context *ctx;
    struct regex *re;
    struct slice text;
    struct regex_match *match;
    bool failed;
};

static void forget(struct dissection *d, const struct regex_node *n)
{
    if (n->capture != 0)
        d->match->start[n->capture] = d->match->end[n->capture] = NOT_MATCHED;
    for (const struct regex_node *c = n->child; c != NULL; c = c->sibling)
        forget(d, c);
}

/* Can ${n} match exactly from ${from} to ${to}? */
static bool exactly(struct dissection *d, struct regex_node *n, size_t from, size_t to)
{
    struct ends e;
    if (d->failed || !ends_of(d->ctx, d->re, n, d->text, from, &e)) {
        d->failed = true;
        return false;
    }
    bool has = ends_has(&e, to);
    free(e.at);
    return has;
}

static void dissect(struct dissection *d, struct regex_node *n, size_t from, size_t to);

static void dissect_concat(struct dissection *d, struct regex_node *n, size_t from, size_t to)
{
    struct regex_node *left = n->child, *right = left->sibling;
    struct ends e;
    if (!ends_of(d->ctx, d->re, left, d->text, from, &e)) {
        d->failed = true;
        return;
    }
    for (size_t i = 0; i < e.n && !d->failed; i++) {
        size_t middle = e.at[left->flags & REGEX_SHORTER ? e.n - 1 - i : i];
        if (middle > to || !exactly(d, right, middle, to))
            continue;
        dissect(d, left, from, middle);
        dissect(d, right, middle, to);
        break;
    }
    free(e.at);
}

/* The end of repetition ${k} that begins at ${from}: the best that is not past ${limit} (longest)
 * or not before it (shortest); SIZE_MAX: none. */
static size_t next_end(struct dissection *d, const struct regex_node *n, size_t from, size_t limit,
                       size_t to)
{
    struct ends e;
    size_t best = SIZE_MAX;
    bool shortest = n->child->flags & REGEX_SHORTER;
    if (!ends_of(d->ctx, d->re, n->child, d->text, from, &e)) {
        d->failed = true;
        return SIZE_MAX;
    }
    for (size_t i = 0; i < e.n; i++) {
        size_t at = e.at[i];
        bool fits = shortest ? at >= limit && at <= to : at <= limit;
        if (fits && (best == SIZE_MAX || (shortest ? at < best : at > best)))
            best = at;
    }
    free(e.at);
    return best;
}

/* Where each repetition ends: ${at}[1..], from ${at}[0]; how many, 0: it cannot be. */
static size_t repetitions(struct dissection *d, const struct regex_node *n, size_t *at, size_t to,
                          size_t most)
{
    bool shortest = n->child->flags & REGEX_SHORTER;
    size_t k = 1, limit = shortest ? at[0] : to;
    while (k > 0 && !d->failed) {
        if (shortest && limit == at[k - 1] && limit != to)
            limit++; /* empty ones only where they are needed, which the minimum of 1 never does */
        if (shortest && k >= most)
            limit = to;
        at[k] = next_end(d, n, at[k - 1], limit, to);
        bool hit = at[k] != SIZE_MAX;
        if (hit && at[k] == to)
            return k;
        bool empty = hit && at[k] == at[k - 1];
        if (hit && !empty && k < most) {
            k++;
            limit = shortest ? at[k - 1] : to;
            continue;
        }
        if (!hit || k >= most)
            k--;
        while (k > 0) { /* the other way for the last one that has one */
            if (shortest ? at[k] < to : at[k] > at[k - 1]) {
                limit = shortest ? at[k] + 1 : at[k] - 1;
                break;
            }
            k--;
        }
    }
    return 0;
}

/* x* of captures: its minimum is 0 (others are made of two nodes). */
static void dissect_iterate(struct dissection *d, struct regex_node *n, size_t from, size_t to)
{
    if (from == to) { /* greedy: one that is empty if it can be; else none at all */
        if (!(n->child->flags & REGEX_SHORTER) && exactly(d, n->child, from, to))
            dissect(d, n->child, from, to);
        return;
    }
    size_t most = to - from;
    if (n->max >= 0 && most > (size_t)n->max)
        most = (size_t)n->max;
    size_t *at = calloc(most + 2, sizeof(at[0]));
    if (at == NULL) {
        d->failed = true;
        return;
    }
    at[0] = from;
    size_t count = repetitions(d, n, at, to, most);
    for (size_t k = 1; k <= count && !d->failed; k++) {
        forget(d, n->child);
        dissect(d, n->child, at[k - 1], at[k]);
    }
    free(at);
}

static void dissect(struct dissection *d, struct regex_node *n, size_t from, size_t to)
{
    if (d->failed || !(n->flags & REGEX_CAPTURES))
        return;
    struct regex_node *c = n->child;
    switch (n->op) {
    case REGEX_PLAIN:
        break;
    case REGEX_CONCAT:
        dissect_concat(d, n, from, to);
        break;
    case REGEX_ALTERNATIVES:
        while (c != NULL && !d->failed && !exactly(d, c, from, to))
            c = c->sibling;
        if (c != NULL)
            dissect(d, c, from, to);
        break;
    case REGEX_ITERATE:
        dissect_iterate(d, n, from, to);
        break;
    case REGEX_WRAP:
        dissect(d, c, from, to);
        break;
    }
    if (n->capture != 0) {
        d->match->start[n->capture] = from;
        d->match->end[n->capture] = to;
    }
}

/* -- the whole -- */

/* Characters of which case folding is not one to one: libc and PCRE2 fold them differently. */
static bool odd_case(struct slice text)
{
    locale_t l = functions_locale();
    for (size_t at = 0, n; at < text.len; at += n) {
        wint_t c = (wint_t)functions_decode(text.data + at, text.len - at, &n);
        if (n == 1 || l == (locale_t)0)
            continue;
        wint_t low = towlower_l(c, l), high = towupper_l(c, l);
        if ((c != low && c != high) || towlower_l(high, l) != low || towupper_l(low, l) != high)
            return true;
    }
    return false;
}

int regex_test(sqlite3_context *ctx, struct regex *re, struct slice text)
{
    if (re->options.fold && odd_case(text)) {
        functions_fail(ctx, SQLSTATE_FEATURE_NOT_SUPPORTED,
                       "matching these characters regardless of case is not supported by the "
                       "embedded store");
        return -1;
    }
    if (re->flat_code == NULL)
        re->flat_code = compile(ctx, re, &re->flat);
    if (re->flat_code == NULL)
        return -1;
    if (!make_room(re, 1)) {
        sqlite3_result_error_nomem(ctx);
        return -1;
    }
    int rc = pcre2_match(re->flat_code, (PCRE2_SPTR)(text.len ? text.data : ""), text.len, 0,
                         PCRE2_NO_UTF_CHECK, re->data, NULL);
    if (rc < 0 && rc != PCRE2_ERROR_NOMATCH)
        return too_complex(ctx);
    return rc >= 0;
}

int regex_find(sqlite3_context *ctx, struct regex *re, struct slice text, size_t from,
               bool captures, struct regex_match *ret)
{
    if (re->back_references) {
        functions_fail(ctx, SQLSTATE_FEATURE_NOT_SUPPORTED,
                       "a back reference in a regular expression is not supported by the embedded "
                       "store");
        return -1;
    }
    if (re->options.fold && odd_case(text))
        return regex_test(ctx, re, text);
    bool shortest = re->tree->flags & REGEX_SHORTER;
    int rc = run(ctx, re, re->tree, text, from, shortest ? PCRE2_DFA_SHORTEST : 0, 1);
    if (rc == PCRE2_ERROR_NOMATCH)
        return 0;
    if (rc < 0)
        return rc == PCRE2_ERROR_INTERNAL ? -1 : too_complex(ctx);
    for (int i = 0; i <= re->captures; i++)
        ret->start[i] = ret->end[i] = NOT_MATCHED;
    const PCRE2_SIZE *v = pcre2_get_ovector_pointer(re->data);
    ret->start[0] = v[0];
    ret->end[0] = v[1];
    if (!captures || re->captures == 0)
        return 1;
    struct dissection d = {ctx, re, text, ret, false};
    dissect(&d, re->tree, ret->start[0], ret->end[0]);
    return d.failed ? -1 : 1;
}

static void free_regex(void *re)
{
    regex_free(re);
}

static bool same_options(const struct regex_options *a, const struct regex_options *b)
{
    return memcmp(a, b, sizeof(*a)) == 0;
}

/* Kept beside the pattern's own text and the options it was asked with. */
struct kept {
    struct regex *re;
    struct regex_options asked;
};

static void kept_free(void *p)
{
    struct kept *k = p;
    free_regex(k->re);
    free(k);
}

struct regex *regex_argument(sqlite3_context *ctx, sqlite3_value **argv, int index,
                             const struct regex_options *options, struct slice text)
{
    struct kept *k = sqlite3_get_auxdata(ctx, index);
    bool wide = functions_chars(text) != text.len;
    if (k != NULL && same_options(&k->asked, options) && (k->re->wide || !wide))
        return k->re;
    struct slice pattern = functions_slice(argv[index]);
    wide = wide || functions_chars(pattern) != pattern.len;
    struct regex *re = regex_parse(ctx, pattern, options, wide);
    if (re == NULL)
        return NULL;
    if (re->options.fold && odd_case(pattern)) {
        regex_free(re);
        functions_fail(ctx, SQLSTATE_FEATURE_NOT_SUPPORTED,
                       "matching these characters regardless of case is not supported by the "
                       "embedded store");
        return NULL;
    }
    k = calloc(1, sizeof(*k));
    if (k == NULL) {
        regex_free(re);
        sqlite3_result_error_nomem(ctx);
        return NULL;
    }
    *k = (struct kept){re, *options};
    sqlite3_set_auxdata(ctx, index, k, kept_free);
    k = sqlite3_get_auxdata(ctx, index);
    if (k == NULL)
        sqlite3_result_error_nomem(ctx);
    return k == NULL ? NULL : k->re;
}
