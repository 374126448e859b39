#include "policy/splice_tokens.h"

#include "policy/nodes.h"

void tokens_init(struct tokens *t, const char *text, uint32_t start, uint32_t end)
{
    struct scan s = scan_of(text, end);
    int cap = 64, open = -1;
    s.at = start;
    *t = (struct tokens){.text = text};
    t->items = palloc((size_t)cap * sizeof *t->items);
    t->match = palloc((size_t)cap * sizeof *t->match);
    for (struct scan_token one = scan_next(&s); one.kind != SCAN_END; one = scan_next(&s)) {
        if (t->n == cap) {
            cap *= 2;
            t->items = repalloc(t->items, (size_t)cap * sizeof *t->items);
            t->match = repalloc(t->match, (size_t)cap * sizeof *t->match);
        }
        int i = t->n++;
        t->items[i] = one;
        t->match[i] = -1;
        if (scan_is_char(text, &one, '(') || scan_is_char(text, &one, '[')) {
            t->match[i] = open; /* for now: the bracket around it */
            open = i;
        } else if ((scan_is_char(text, &one, ')') || scan_is_char(text, &one, ']')) && open >= 0) {
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

int tokens_at(const struct tokens *t, int offset)
{
    int low = 0, high = t->n;
    while (low < high) {
        int mid = low + (high - low) / 2;
        if ((int)t->items[mid].end <= offset)
            low = mid + 1;
        else
            high = mid;
    }
    return offset >= 0 && low < t->n && (int)t->items[low].start <= offset ? low : -1;
}

bool tokens_is_char(const struct tokens *t, int i, char c)
{
    return i >= 0 && i < t->n && scan_is_char(t->text, &t->items[i], c);
}

/* Is the word at ${i} a name because of what stands before it?  Of `AS as FROM`, the second is. */
static bool is_name(const struct tokens *t, int i)
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

bool tokens_is(const struct tokens *t, int i, const char *word)
{
    return i >= 0 && i < t->n && scan_is_word(t->text, &t->items[i], word) && !is_name(t, i);
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

int tokens_back_to(const struct tokens *t, int i, const char *word)
{
    for (i--; i >= 0; i--) {
        if (is_close(t, i)) {
            if (t->match[i] < 0)
                return -1;
            i = t->match[i];
        } else if (tokens_is(t, i, word) && !is_distinct_from(t, i)) {
            return i; /* IS DISTINCT FROM is no FROM */
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

bool tokens_is_comma(const struct tokens *t, int i)
{
    return tokens_is_char(t, i, ',');
}
