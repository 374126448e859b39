#include "policy/guard.h"

#include "policy/scan.h"
#include "protocol/sqlstate.h"

#include <stdlib.h>
#include <string.h>

/* What is counted at one nesting depth.  A chain of operators makes a tree as deep as it is long, a
 * comma ends it; set operations make one that commas do not end. */
struct frame {
    uint32_t chain;
    uint32_t sets;
    bool is_case; /* ended by END, or given up by a bracket that closes further out */
};

enum { FEW_FRAMES = 16 }; /* more than most statements need */

struct guard {
    const struct rules *rules;
    const char *text;
    struct frame few[FEW_FRAMES];
    struct frame *many;   /* limits.depth + 1 of them, once it is that deep */
    struct frame *frames; /* those that count */
    uint32_t depth;
    uint32_t tokens;
    uint32_t run_start, run_end; /* operators without a gap between them */
    bool names; /* the token before was a dot or AS: a keyword here is only a name */
};

/* Length of the valid UTF-8 character at ${p}, 0 if it is none (RFC 3629). */
static size_t utf8_length(const unsigned char *p, size_t left)
{
    if (p[0] < 0x80)
        return p[0] != 0;
    size_t n = p[0] >= 0xc2 && p[0] <= 0xdf ? 2 : (p[0] & 0xf0) == 0xe0 ? 3 : (p[0] & 0xf8) == 0xf0 ? 4 : 0;
    if (n == 0 || n > left)
        return 0;
    for (size_t i = 1; i < n; i++)
        if ((p[i] & 0xc0) != 0x80)
            return 0;
    if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) ||
        (p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] > 0x8f) || p[0] > 0xf4)
        return 0;
    return n;
}

int guard_encoding(struct slice sql, struct err *err)
{
    const unsigned char *p = (const unsigned char *)sql.data;
    for (size_t i = 0; i < sql.len;) {
        while (i < sql.len && p[i] - 1u < 0x7f)
            i++; /* most texts are plain */
        if (i == sql.len)
            break;
        size_t n = utf8_length(p + i, sql.len - i);
        if (n == 0)
            return err_set(err, SQLSTATE_CHARACTER_NOT_IN_REPERTOIRE,
                           "invalid byte sequence for encoding \"UTF8\": 0x%02x", p[i]);
        i += n;
    }
    return 0;
}

static int too_complex(const struct rules *rules, const char *what, uint32_t limit, uint32_t at,
                       struct err *err)
{
    err_set(err, SQLSTATE_STATEMENT_TOO_COMPLEX, "statement has more than %u %s", limit, what);
    err->position = (int)at + 1;
    rules_hint(rules, NULL, "limits", err);
    return -1;
}

static bool is_set_operation(const char *text, const struct scan_token *t)
{
    return scan_is_word(text, t, "union") || scan_is_word(text, t, "intersect") ||
           scan_is_word(text, t, "except");
}

/* Words that never deepen a tree by standing in a row are those a list of names is made of; telling them
 * from keywords is not worth it: every token but constants counts. */
static bool is_link(const struct scan_token *t)
{
    return t->kind == SCAN_OPERATOR || t->kind == SCAN_WORD;
}

static int make_many(struct guard *g, struct err *err)
{
    g->many = calloc((size_t)g->rules->limits.depth + 1, sizeof *g->many);
    if (!g->many)
        return err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
    memcpy(g->many, g->few, sizeof g->few);
    g->frames = g->many;
    return 0;
}

static int guard_open(struct guard *g, bool is_case, uint32_t at, struct err *err)
{
    uint32_t max_depth = g->rules->limits.depth;
    if (g->depth >= max_depth)
        return too_complex(g->rules, "levels of nesting", max_depth, at, err);
    if (g->depth + 1 == FEW_FRAMES && !g->many && make_many(g, err) < 0)
        return -1;
    g->frames[++g->depth] = (struct frame){.is_case = is_case};
    return 0;
}

static void guard_close(struct guard *g)
{
    while (g->depth > 0 && g->frames[g->depth].is_case)
        g->depth--; /* was no CASE but a label of that name */
    g->depth -= g->depth > 0;
}

static int guard_nesting(struct guard *g, const struct scan_token *t, struct err *err)
{
    if (scan_is_char(g->text, t, '(') || scan_is_char(g->text, t, '['))
        return guard_open(g, false, t->start, err);
    if (scan_is_char(g->text, t, ')') || scan_is_char(g->text, t, ']'))
        guard_close(g);
    else if (scan_is_word(g->text, t, "case") && !g->names)
        return guard_open(g, true, t->start, err);
    else if (scan_is_word(g->text, t, "end") && !g->names && g->frames[g->depth].is_case)
        g->depth--;
    return 0;
}

static int guard_operator(struct guard *g, const struct scan_token *t, struct err *err)
{
    if (t->start != g->run_end)
        g->run_start = t->start;
    g->run_end = t->end;
    if (t->end - g->run_start <= SCAN_OPERATOR_CHARS)
        return 0;
    return too_complex(g->rules, "operator characters in a row", SCAN_OPERATOR_CHARS, t->start, err);
}

static int guard_token(struct guard *g, const struct scan_token *t, struct err *err)
{
    const char *text = g->text;
    if (++g->tokens > g->rules->limits.tokens)
        return too_complex(g->rules, "tokens", g->rules->limits.tokens, t->start, err);
    if (guard_nesting(g, t, err) < 0 || (t->kind == SCAN_OPERATOR && guard_operator(g, t, err) < 0))
        return -1;
    g->names = scan_is_char(text, t, '.') || scan_is_word(text, t, "as");
    struct frame *f = &g->frames[g->depth];
    if (scan_is_char(text, t, ';'))
        *f = (struct frame){.is_case = f->is_case};
    else if (scan_is_char(text, t, ','))
        f->chain = 0;
    else if (is_set_operation(text, t))
        f->sets++;
    f->chain += is_link(t);
    if (f->chain > g->rules->limits.chain || f->sets > g->rules->limits.chain)
        return too_complex(g->rules, "operators in a row", g->rules->limits.chain, t->start, err);
    return 0;
}

static int check_tokens(struct guard *g, struct slice sql, struct scan_list *ret, struct err *err)
{
    struct scan s = scan_of(sql.data, sql.len);
    for (struct scan_token t = scan_next(&s); t.kind != SCAN_END; t = scan_next(&s)) {
        if (guard_token(g, &t, err) < 0)
            return -1;
        if (ret && scan_list_add(ret, &t) < 0)
            return err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
    }
    return 0;
}

int guard_check(const struct rules *rules, struct slice sql, struct scan_list *ret, struct err *err)
{
    if (sql.len > rules->limits.statement_bytes)
        return err_set(err, SQLSTATE_PROGRAM_LIMIT_EXCEEDED, "statement is longer than %u bytes",
                       rules->limits.statement_bytes);
    if (guard_encoding(sql, err) < 0)
        return -1;
    struct guard g = {.rules = rules, .text = sql.data};
    g.frames = g.few;
    int status = check_tokens(&g, sql, ret, err);
    free(g.many);
    return status;
}
