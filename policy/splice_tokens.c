#include "policy/splice_tokens.h"

#include "policy/nodes.h"

struct tokens tokens_scan(const char *text, size_t len)
{
    struct scan s = scan_of(text, len);
    size_t cap = len / 4 + 16; /* enough for ordinary SQL */
    struct tokens t = {.text = text, .items = palloc(cap * sizeof *t.items)};
    for (struct scan_token one = scan_next(&s); one.kind != SCAN_END; one = scan_next(&s)) {
        if ((size_t)t.n == cap) {
            cap *= 2;
            t.items = repalloc(t.items, cap * sizeof *t.items);
        }
        t.items[t.n++] = one;
    }
    return t;
}

static void match_brackets(struct tokens *t)
{
    int open = -1;
    t->match = palloc((size_t)t->n * sizeof *t->match);
    for (int i = 0; i < t->n; i++) {
        char c = t->items[i].kind == SCAN_CHAR ? t->text[t->items[i].start] : '\0';
        t->match[i] = -1;
        if (c == '(' || c == '[') {
            t->match[i] = open; /* for now: the bracket around it */
            open = i;
        } else if ((c == ')' || c == ']') && open >= 0) {
            int outer = t->match[open];
            t->match[open] = i;
            t->match[i] = open;
            open = outer;
        }
    }
    while (open >= 0) { /* never closed */
        int outer = t->match[open];
        t->match[open] = -1;
        open = outer;
    }
}

int tokens_begun(const struct tokens *t, uint32_t offset)
{
    int low = 0, high = t->n;
    while (low < high) {
        int mid = low + (high - low) / 2;
        if (t->items[mid].start < offset)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

struct tokens tokens_part(const struct tokens *all, uint32_t start, uint32_t end)
{
    int from = tokens_begun(all, start), to = tokens_begun(all, end);
    struct tokens t = {.text = all->text, .n = to - from, .items = all->items + from};
    match_brackets(&t);
    return t;
}

int tokens_at(const struct tokens *t, int offset)
{
    int i = offset >= 0 ? tokens_begun(t, (uint32_t)offset + 1) - 1 : -1;
    return i >= 0 && t->items[i].end > (uint32_t)offset ? i : -1;
}

bool tokens_names(const struct tokens *t, int i)
{
    bool name = false;
    int first = i;
    while (first > 0 && scan_is_word(t->text, &t->items[first - 1], "as"))
        first--;
    name = tokens_is_char(t, first - 1, '.');
    for (; first < i; first++)
        name = !name;
    return name;
}

static bool is_open(const struct tokens *t, int i)
{
    return tokens_is_char(t, i, '(') || tokens_is_char(t, i, '[');
}

static bool is_close(const struct tokens *t, int i)
{
    return tokens_is_char(t, i, ')') || tokens_is_char(t, i, ']');
}

int tokens_forward(const struct tokens *t, int i, bool (*stop)(const struct tokens *t, int i))
{
    while (i >= 0 && i < t->n) {
        if (is_close(t, i) || tokens_is_char(t, i, ';') || stop(t, i))
            return i;
        if (is_open(t, i)) {
            if (t->match[i] < 0)
                return t->n;
            i = t->match[i];
        }
        i++;
    }
    return t->n;
}

/* IS DISTINCT FROM, IS NOT DISTINCT FROM: DISTINCT alone may be a label. */
static bool is_distinct_from(const struct tokens *t, int i)
{
    return i >= 2 && tokens_is(t, i - 1, "distinct") &&
           (tokens_is(t, i - 2, "is") || tokens_is(t, i - 2, "not"));
}

/* The FROM of `ROWS FROM (...)` behind a bracket or in a join: elsewhere the one before it serves as well. */
static bool is_rows_from(const struct tokens *t, int i)
{
    return tokens_is(t, i, "from") && tokens_is(t, i - 1, "rows") &&
           (tokens_is_char(t, i - 2, '(') || tokens_is(t, i - 2, "join") || tokens_is(t, i - 2, "lateral"));
}

int tokens_back_to(const struct tokens *t, int i, const char *word)
{
    for (i--; i >= 0; i--) {
        if (is_close(t, i)) {
            if (t->match[i] < 0)
                return -1;
            i = t->match[i];
        } else if (tokens_is(t, i, word) && !is_distinct_from(t, i) && !is_rows_from(t, i)) {
            return i;
        }
    }
    return -1;
}

/* -- stops -- */

static bool is_any(const struct tokens *t, int i, const char *const *words)
{
    for (; *words; words++)
        if (tokens_is(t, i, *words))
            return true;
    return false;
}

bool tokens_is_conflict(const struct tokens *t, int i)
{
    return tokens_is(t, i, "on") && tokens_is(t, i + 1, "conflict") &&
           (tokens_is_char(t, i + 2, '(') || tokens_is(t, i + 2, "do") ||
            (tokens_is(t, i + 2, "on") && tokens_is(t, i + 3, "constraint")));
}

bool tokens_ends_where(const struct tokens *t, int i)
{
    static const char *const words[] = {"having", "window",    "order",  "limit",     "offset", "fetch",
                                        "union",  "intersect", "except", "returning", NULL};
    if (t->items[i].kind != SCAN_WORD)
        return false;
    if (tokens_is(t, i, "group"))
        return tokens_is(t, i + 1, "by"); /* not WITHIN GROUP (...) */
    if (tokens_is(t, i, "for"))
        return tokens_is(t, i + 1, "update") || tokens_is(t, i + 1, "share") ||
               tokens_is(t, i + 1, "no") || tokens_is(t, i + 1, "key");
    if (tokens_is(t, i, "on"))
        return tokens_is_conflict(t, i);
    return is_any(t, i, words);
}

bool tokens_ends_from(const struct tokens *t, int i)
{
    return tokens_ends_where(t, i) || tokens_is(t, i, "where");
}

bool tokens_ends_on(const struct tokens *t, int i)
{
    static const char *const joins[] = {"left", "right", "full", "inner", "cross", "natural", NULL};
    if (tokens_is_comma(t, i))
        return true;
    if (t->items[i].kind != SCAN_WORD)
        return false;
    if (is_any(t, i, joins))
        return !tokens_is_char(t, i + 1, '(');
    return tokens_is(t, i, "join") || tokens_is(t, i, "on") || tokens_is(t, i, "using") ||
           tokens_ends_from(t, i);
}

bool tokens_ends_targets(const struct tokens *t, int i)
{
    if (tokens_is(t, i, "from"))
        return !is_distinct_from(t, i);
    return tokens_ends_from(t, i);
}

bool tokens_is_equals(const struct tokens *t, int i)
{
    return t->items[i].kind == SCAN_OPERATOR && t->items[i].end - t->items[i].start == 1 &&
           t->text[t->items[i].start] == '=';
}

bool tokens_is_comma(const struct tokens *t, int i)
{
    return tokens_is_char(t, i, ',');
}
