/* functions_regex_parse.c: reading advanced regular expressions; see functions_regex.h.
 *
 * The tree follows the manual's rules on greediness: a quantified atom has its quantifier's
 * preference, a branch that of its first atom that has one, and alternatives prefer the longest.
 * Neighbours of one preference are one node, whose length is chosen as a whole. */
#include "daemon/store/functions_regex_parse.h"

#include <stdio.h>
#include <stdlib.h>

#define BOUND_MAX 255
#define INFINITE  (-1)

void regex_fail(struct regex_parser *p, const char *why)
{
    if (!p->failed)
        functions_fail(p->ctx, "2201B", "invalid regular expression: %s", why);
    p->failed = true;
}

void regex_refuse(struct regex_parser *p, const char *what)
{
    if (!p->failed)
        functions_fail(p->ctx, SQLSTATE_FEATURE_NOT_SUPPORTED,
                       "%s in a regular expression is not supported by the embedded store", what);
    p->failed = true;
}

/* -- flags, as nodes are put together -- */

static int up(int flags)
{
    bool both = (flags & REGEX_LONGER) && (flags & REGEX_SHORTER);
    return (flags & ~(REGEX_LONGER | REGEX_SHORTER)) | (both ? REGEX_MIXED : 0);
}

static int preference(int flags)
{
    return flags & (REGEX_LONGER | REGEX_SHORTER);
}

static int combine(int a, int b)
{
    return up(a | b) | (preference(a) ? preference(a) : preference(b));
}

static bool messy(int flags)
{
    return (flags & (REGEX_MIXED | REGEX_CAPTURES)) != 0;
}

/* -- nodes -- */

static struct regex_node *node(struct regex_parser *p, enum regex_op op, int flags)
{
    struct regex *re = p->re;
    if (re->nnodes == re->cap_nodes) {
        size_t cap = re->cap_nodes == 0 ? 16 : re->cap_nodes * 2;
        struct regex_node **grown = realloc(re->nodes, cap * sizeof(grown[0]));
        if (grown == NULL)
            return NULL;
        re->nodes = grown;
        re->cap_nodes = cap;
    }
    struct regex_node *n = calloc(1, sizeof(*n));
    if (n == NULL)
        return NULL;
    n->op = op;
    n->flags = flags;
    functions_buf(&n->text);
    re->nodes[re->nnodes++] = n;
    return n;
}

static struct regex_node *checked(struct regex_parser *p, struct regex_node *n)
{
    if (n == NULL)
        regex_fail(p, "out of memory");
    return n;
}

static void put_group(struct buf *b, const struct buf *text)
{
    put(b, "(?:");
    buf_append(b, buf_peek(text).data, buf_len(text));
    put(b, ")");
}

static void put_bound(struct buf *b, int min, int max)
{
    char text[32];
    if (max == INFINITE)
        snprintf(text, sizeof(text), "{%d,}", min);
    else
        snprintf(text, sizeof(text), "{%d,%d}", min, max);
    put(b, text);
}

static struct regex_node *concat(struct regex_parser *p, int flags, struct regex_node *a,
                                 struct regex_node *b)
{
    struct regex_node *n = checked(p, node(p, REGEX_CONCAT, flags));
    if (n == NULL)
        return a;
    n->child = a;
    a->sibling = b;
    put_group(&n->text, &a->text);
    put_group(&n->text, &b->text);
    return n;
}

/* ${of} repeated, as a node without an inside. */
static struct regex_node *repeated(struct regex_parser *p, const struct regex_node *of, int min,
                                   int max, int flags)
{
    struct regex_node *n = checked(p, node(p, REGEX_PLAIN, flags));
    if (n != NULL) {
        put_group(&n->text, &of->text);
        put_bound(&n->text, min, max);
    }
    return n;
}

/* -- quantifiers -- */

static bool quantifier_ahead(const struct regex_parser *p)
{
    return see(p, '*') || see(p, '+') || see(p, '?') ||
           (see(p, '{') && p->at + 1 < p->p.len && p->p.data[p->at + 1] >= '0' &&
            p->p.data[p->at + 1] <= '9');
}

static int bound_number(struct regex_parser *p)
{
    int v = 0;
    while (more(p) && p->p.data[p->at] >= '0' && p->p.data[p->at] <= '9' && v <= BOUND_MAX)
        v = v * 10 + (p->p.data[p->at++] - '0');
    if (v > BOUND_MAX)
        regex_fail(p, "invalid repetition count(s)");
    return v;
}

struct bound {
    int min, max, prefer;
};

/* {m}, {m,}, {m,n} after the brace; {m} leaves the preference to the atom. */
static void braces(struct regex_parser *p, struct bound *ret)
{
    bool fixed = true;
    ret->min = ret->max = bound_number(p);
    if (!p->failed && see(p, ',')) {
        p->at++;
        fixed = false;
        bool number = more(p) && p->p.data[p->at] >= '0' && p->p.data[p->at] <= '9';
        ret->max = number ? bound_number(p) : INFINITE;
    }
    if (!p->failed && ret->max != INFINITE && ret->max < ret->min)
        regex_fail(p, "invalid repetition count(s)");
    if (!p->failed && !see(p, '}'))
        regex_fail(p, more(p) ? "invalid repetition count(s)" : "braces {} not balanced");
    p->at++;
    ret->prefer = fixed ? 0 : REGEX_LONGER;
}

static void skip_ignored(struct regex_parser *p);

static void quantifier(struct regex_parser *p, struct bound *ret)
{
    *ret = (struct bound){1, 1, 0};
    if (!quantifier_ahead(p))
        return;
    char c = p->p.data[p->at++];
    *ret = (struct bound){c == '+' ? 1 : 0, c == '?' ? 1 : INFINITE, REGEX_LONGER};
    if (c == '{')
        braces(p, ret);
    if (see(p, '?')) {
        p->at++;
        ret->prefer = ret->prefer ? REGEX_SHORTER : 0;
    }
    skip_ignored(p);
    if (!p->failed && quantifier_ahead(p))
        regex_fail(p, "quantifier operand invalid");
}

/* -- branches -- */

static struct regex_node *alternatives(struct regex_parser *p, bool nested);
static struct regex_node *branch(struct regex_parser *p);

static bool branch_ends(const struct regex_parser *p)
{
    return p->failed || !more(p) || see(p, '|') || see(p, ')');
}

/* Comments, and blanks in an expanded expression. */
static void skip_ignored(struct regex_parser *p)
{
    for (;;) {
        if (see_text(p, "(?#")) {
            while (more(p) && !see(p, ')'))
                p->at++;
            p->at += more(p);
        } else if (p->re->options.expanded && more(p) && strchr(" \t\n\r\f\v", p->p.data[p->at]) &&
                   p->p.data[p->at] != '\0') {
            p->at++;
        } else if (p->re->options.expanded && see(p, '#')) {
            while (more(p) && !see(p, '\n'))
                p->at++;
        } else {
            return;
        }
    }
}

/* A lookaround, taken whole; false: there is none. */
static bool lookaround(struct regex_parser *p, struct regex_node *top)
{
    static const char *const forms[] = {"(?=", "(?!", "(?<=", "(?<!"};
    bool outer = p->look;
    for (size_t i = 0; i < 4; i++) {
        if (!see_text(p, forms[i]))
            continue;
        p->at += strlen(forms[i]);
        p->look = true;
        struct buf flat = p->re->flat;
        functions_buf(&p->re->flat);
        struct regex_node *inner = alternatives(p, true);
        buf_release(&p->re->flat);
        p->re->flat = flat;
        p->look = outer;
        put(&top->text, forms[i]);
        put(&p->re->flat, forms[i]);
        if (inner != NULL) {
            buf_append(&top->text, buf_peek(&inner->text).data, buf_len(&inner->text));
            buf_append(&p->re->flat, buf_peek(&inner->text).data, buf_len(&inner->text));
        }
        put(&top->text, ")");
        put(&p->re->flat, ")");
        return true;
    }
    return false;
}

/* (x) or (?:x) after its parenthesis; ${ret_capture} tells which. */
static struct regex_node *group(struct regex_parser *p, bool *ret_capture)
{
    bool plain = see_text(p, "?:");
    if (!plain && see(p, '?')) {
        regex_fail(p, "quantifier operand invalid");
        return NULL;
    }
    p->at += plain ? 2 : 0;
    *ret_capture = !plain && !p->look;
    int number = *ret_capture ? ++p->re->captures : 0;
    if (p->re->captures >= REGEX_CAPTURES_MAX)
        regex_refuse(p, "so many parentheses");
    put(&p->re->flat, *ret_capture ? "(" : "(?:");
    struct regex_node *atom = alternatives(p, true);
    put(&p->re->flat, ")");
    if (atom == NULL || p->failed || !*ret_capture)
        return atom;
    if (atom->capture != 0) {
        struct regex_node *wrap = checked(p, node(p, REGEX_WRAP, atom->flags));
        if (wrap == NULL)
            return NULL;
        wrap->child = atom;
        buf_append(&wrap->text, buf_peek(&atom->text).data, buf_len(&atom->text));
        atom = wrap;
    }
    atom->flags |= REGEX_CAPTURES;
    atom->capture = number;
    return atom;
}

/* The atom under its quantifier, where it is not just one more piece of a plain node. */
static struct regex_node *quantified(struct regex_parser *p, struct regex_node *atom,
                                     const struct bound *q)
{
    int known = atom->flags & (REGEX_LONGER | REGEX_SHORTER | REGEX_MIXED);
    int flags = combine(q->prefer, atom->flags);
    if (q->min == 1 && q->max == 1 && (q->prefer == 0 || known == 0 || q->prefer == known))
        return atom;
    if (!(atom->flags & REGEX_CAPTURES))
        return repeated(p, atom, q->min, q->max, flags);
    if (q->min > 0) { /* only the last repetition's captures count */
        struct regex_node *prefix = repeated(
            p, atom, q->min - 1, q->max == INFINITE ? q->max : q->max - 1, preference(flags));
        return prefix == NULL ? NULL : concat(p, flags, prefix, atom);
    }
    struct regex_node *n = checked(p, node(p, REGEX_ITERATE, flags));
    if (n == NULL)
        return NULL;
    n->min = q->min;
    n->max = q->max;
    n->child = atom;
    put_group(&n->text, &atom->text);
    put_bound(&n->text, q->min, q->max);
    return n;
}

/* A messy atom splits its branch: what came before it, itself, and the rest. */
static struct regex_node *split(struct regex_parser *p, struct regex_node *top,
                                struct regex_node *atom, const struct bound *q)
{
    struct regex_node *middle = quantified(p, atom, q);
    if (middle == NULL)
        return NULL;
    bool vacuous = buf_len(&top->text) == 0;
    if (branch_ends(p))
        return vacuous ? middle
                       : concat(p, top->flags | combine(top->flags, middle->flags), top, middle);
    struct regex_node *rest = branch(p);
    if (rest == NULL)
        return NULL;
    int flags = combine(q->prefer, atom->flags);
    flags |= combine(flags, rest->flags);
    int all = top->flags | combine(top->flags, flags);
    if (vacuous)
        return concat(p, all, middle, rest);
    struct regex_node *tail = concat(p, flags, middle, rest);
    if (middle->op == REGEX_PLAIN && middle->capture == 0 && rest->op == REGEX_PLAIN &&
        rest->capture == 0 && !messy(up(middle->flags | rest->flags))) {
        tail->op = REGEX_PLAIN;
        tail->child = NULL;
        tail->flags = combine(middle->flags, rest->flags);
    }
    return concat(p, all, top, tail);
}

/* A constraint or lookaround, appended to ${top}; false: there is none. */
static bool constraints(struct regex_parser *p, struct regex_node *top)
{
    size_t before = buf_len(&top->text);
    bool simple = regex_constraint(p, &top->text);
    if (simple) {
        struct slice t = buf_peek(&top->text);
        buf_append(&p->re->flat, t.data + before, t.len - before);
    }
    if (!simple && !lookaround(p, top))
        return false;
    skip_ignored(p);
    if (!p->failed && quantifier_ahead(p))
        regex_fail(p, "quantifier operand invalid");
    return true;
}

/* An atom that is no node yet becomes one. */
static struct regex_node *atom_node(struct regex_parser *p, const struct buf *text)
{
    struct regex_node *n = checked(p, node(p, REGEX_PLAIN, 0));
    if (n != NULL)
        buf_append(&n->text, buf_peek(text).data, buf_len(text));
    return n;
}

/* One quantified atom; may take the rest of the branch with it. */
static struct regex_node *quantified_atom(struct regex_parser *p, struct regex_node *top)
{
    struct regex_node *atom = NULL;
    struct buf text;
    struct bound q;
    bool capture = false;
    if (constraints(p, top))
        return top;
    if (quantifier_ahead(p)) {
        regex_fail(p, "quantifier operand invalid");
        return top;
    }
    functions_buf(&text);
    if (see(p, '(')) {
        p->at++;
        atom = group(p, &capture);
        if (atom != NULL)
            put_group(&text, &atom->text);
    } else {
        regex_atom(p, &text);
        buf_append(&p->re->flat, buf_peek(&text).data, buf_len(&text));
    }
    skip_ignored(p);
    quantifier(p, &q);
    bool repeats = q.min != 1 || q.max != 1;
    if (repeats)
        put_bound(&p->re->flat, q.min, q.max);
    int flags = top->flags | q.prefer | (atom != NULL ? atom->flags : 0);
    if (!p->failed && q.max != 0 && (capture || messy(up(flags)))) {
        atom = atom != NULL ? atom : atom_node(p, &text);
        top = atom == NULL ? NULL : split(p, top, atom, &q);
    } else if (!p->failed && q.max != 0) {
        buf_append(&top->text, buf_peek(&text).data, buf_len(&text));
        if (repeats)
            put_bound(&top->text, q.min, q.max);
        top->flags = flags;
    }
    buf_release(&text);
    return top;
}

static struct regex_node *branch(struct regex_parser *p)
{
    struct regex_node *top = checked(p, node(p, REGEX_PLAIN, 0));
    skip_ignored(p);
    while (top != NULL && !branch_ends(p)) {
        top = quantified_atom(p, top);
        skip_ignored(p);
    }
    return top;
}

static struct regex_node *alternatives(struct regex_parser *p, bool nested)
{
    if (++p->depth > 200)
        regex_refuse(p, "nesting so deep");
    struct regex_node *first = branch(p), *last = first, *all = first;
    if (first != NULL && see(p, '|') && !p->failed) {
        all = checked(p, node(p, REGEX_ALTERNATIVES, REGEX_LONGER));
        for (; all != NULL && last != NULL && !p->failed; last = last->sibling) {
            all->flags |= combine(all->flags, last->flags);
            buf_append(&all->text, buf_peek(&last->text).data, buf_len(&last->text));
            if (!see(p, '|'))
                break;
            p->at++;
            put(&all->text, "|");
            put(&p->re->flat, "|");
            last->sibling = branch(p);
        }
        if (all != NULL) {
            all->child = first;
            if (!messy(all->flags)) {
                all->op = REGEX_PLAIN;
                all->child = NULL;
            }
        }
    }
    if (!p->failed && nested && !see(p, ')'))
        regex_fail(p, "parentheses () not balanced");
    else if (!p->failed && !nested && more(p))
        regex_fail(p, "parentheses () not balanced");
    p->at += nested;
    p->depth--;
    return p->failed ? NULL : all;
}

/* -- the beginning: directors and embedded options -- */

static bool option(char c, struct regex_options *o)
{
    switch (c) {
    case 'c':
        o->fold = false;
        return true;
    case 'i':
        o->fold = true;
        return true;
    case 'm':
    case 'n':
        o->newline_stops = o->newline_anchors = true;
        return true;
    case 'p':
        o->newline_stops = true;
        o->newline_anchors = false;
        return true;
    case 'q':
        o->literal = true;
        return true;
    case 's':
        o->newline_stops = o->newline_anchors = false;
        return true;
    case 't':
        o->expanded = false;
        return true;
    case 'w':
        o->newline_stops = false;
        o->newline_anchors = true;
        return true;
    case 'x':
        o->expanded = true;
        return true;
    default:
        return false;
    }
}

bool regex_options(sqlite3_context *ctx, struct slice flags, struct regex_options *ret)
{
    for (size_t i = 0; i < flags.len; i++) {
        char c = flags.data[i];
        if (c == 'g') {
            ret->global = true;
        } else if (c == 'b' || c == 'e') {
            functions_fail(ctx, SQLSTATE_FEATURE_NOT_SUPPORTED,
                           "regular expression option \"%c\" is not supported by the embedded "
                           "store",
                           c);
            return false;
        } else if (!option(c, ret)) {
            functions_fail(ctx, SQLSTATE_INVALID_PARAMETER_VALUE,
                           "invalid regular expression option: \"%.*s\"",
                           (int)functions_char(flags.data + i, flags.len - i), flags.data + i);
            return false;
        }
    }
    return true;
}

static bool is_letter(char c)
{
    return (c | 32) >= 'a' && (c | 32) <= 'z';
}

static void prefixes(struct regex_parser *p)
{
    struct regex_options *o = &p->re->options;
    if (o->literal)
        return;
    if (see_text(p, "***")) {
        if (see_text(p, "***="))
            o->literal = true;
        else if (!see_text(p, "***:"))
            regex_fail(p, "quantifier operand invalid");
        p->at += 4;
        if (o->literal)
            return;
    }
    if (!see_text(p, "(?") || p->at + 2 >= p->p.len || !is_letter(p->p.data[p->at + 2]))
        return;
    for (p->at += 2; more(p) && is_letter(p->p.data[p->at]); p->at++) {
        char c = p->p.data[p->at];
        if (c == 'b' || c == 'e')
            regex_refuse(p, "this embedded option");
        else if (!option(c, o))
            regex_fail(p, "invalid embedded option");
    }
    if (!see(p, ')'))
        regex_fail(p, "invalid embedded option");
    p->at++;
}

static struct regex_node *literal(struct regex_parser *p)
{
    struct regex_node *n = checked(p, node(p, REGEX_PLAIN, 0));
    while (n != NULL && more(p)) {
        size_t len;
        regex_put_char(&n->text, functions_decode(p->p.data + p->at, p->p.len - p->at, &len));
        p->at += len;
    }
    if (n != NULL)
        buf_append(&p->re->flat, buf_peek(&n->text).data, buf_len(&n->text));
    return n;
}

struct regex *regex_parse(sqlite3_context *ctx, struct slice pattern,
                          const struct regex_options *options, bool wide)
{
    struct regex *re = calloc(1, sizeof(*re));
    struct regex_parser p = {.ctx = ctx, .re = re, .p = pattern};
    if (re == NULL) {
        sqlite3_result_error_nomem(ctx);
        return NULL;
    }
    re->options = *options;
    re->wide = wide;
    functions_buf(&re->flat);
    prefixes(&p);
    if (!p.failed)
        re->tree = re->options.literal ? literal(&p) : alternatives(&p, false);
    if (p.failed || re->tree == NULL) {
        regex_free(re);
        return NULL;
    }
    return re;
}
