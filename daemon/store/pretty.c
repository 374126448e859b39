/* pretty.c: see pretty.h. */
#include "daemon/store/pretty.h"

#include <ctype.h>
#include <string.h>

enum { DEPTH_MAX = 100 };

static void operators(struct slice e, struct buf *out, int depth);

static void put(struct buf *out, const char *text, size_t len)
{
    buf_append(out, text, len);
}

/* Where what begins at ${at} ends: a quoted text, a group of parentheses or brackets, a character.
 */
static size_t skip(struct slice e, size_t at)
{
    char c = e.data[at];
    if (c == '\'' || c == '"') {
        for (at++; at < e.len; at++)
            if (e.data[at] == c && (at + 1 >= e.len || e.data[++at] != c))
                return e.data[at] == c ? at + 1 : at;
        return e.len;
    }
    if (c != '(' && c != '[')
        return at + 1;
    for (at++; at < e.len && e.data[at] != ')' && e.data[at] != ']';)
        at = skip(e, at);
    return at < e.len ? at + 1 : e.len;
}

static struct slice part(struct slice e, size_t from, size_t to)
{
    return (struct slice){e.data + from, to - from};
}

static bool is_group(struct slice e)
{
    return e.len > 1 && e.data[0] == '(' && skip(e, 0) == e.len;
}

static struct slice inside(struct slice group)
{
    return part(group, 1, group.len - 1);
}

/* The next place from ${at} on where ${word} stands outside of groups and quotes; e.len: nowhere.
 */
static size_t find(struct slice e, size_t at, const char *word)
{
    size_t n = strlen(word);
    for (; at < e.len; at = skip(e, at))
        if (e.len - at >= n && memcmp(e.data + at, word, n) == 0)
            return at;
    return e.len;
}

static bool has(struct slice e, const char *word)
{
    return find(e, 0, word) < e.len;
}

/* The one arithmetic operator of `a + b`, else 0. */
static char arithmetic(struct slice e)
{
    char found = 0;
    for (size_t at = 0; at < e.len; at = skip(e, at)) {
        char c = e.data[at];
        if (strchr("<>=~!@#&|`?^", c))
            return 0;
        bool alone = at > 0 && at + 1 < e.len && e.data[at - 1] == ' ' && e.data[at + 1] == ' ';
        if (!strchr("+-*/%", c))
            continue;
        if (found || !alone)
            return 0;
        found = c;
    }
    return found;
}

/* May `(child)` stand without parentheses beside ${op}? */
static bool may_drop(struct slice child, char op, bool left)
{
    char own = arithmetic(child);
    if (!own || !op)
        return false;
    bool low = own == '+' || own == '-', parent_low = op == '+' || op == '-';
    if (!low && parent_low)
        return true;
    return low == parent_low && left;
}

/* An expression with nothing around it. */
static void whole(struct slice e, struct buf *out, int depth)
{
    operators(is_group(e) ? inside(e) : e, out, depth);
}

/* Arguments: each stands alone. */
static void list(struct slice items, struct buf *out, int depth)
{
    for (size_t at = 0; at < items.len;) {
        size_t end = find(items, at, ", ");
        whole(part(items, at, end), out, depth);
        at = end;
        if (end < items.len) {
            put(out, ", ", 2);
            at = end + 2;
        }
    }
}

static void in_parentheses(struct slice e, struct buf *out, int depth)
{
    put(out, "(", 1);
    operators(e, out, depth);
    put(out, ")", 1);
}

/* Where the name of a type ends that begins at ${at}. */
static size_t type_end(struct slice e, size_t at)
{
    static const char *const more[] = {" varying", " precision", " with",
                                       " without", " time",      " zone"};
    while (at < e.len) {
        bool word = isalnum((unsigned char)e.data[at]) || strchr("_\".([", e.data[at]);
        size_t longer = 0;
        for (size_t i = 0; i < sizeof more / sizeof more[0]; i++)
            if (e.len - at >= strlen(more[i]) && memcmp(e.data + at, more[i], strlen(more[i])) == 0)
                longer = strlen(more[i]);
        if (!word && !longer)
            break;
        at = longer ? at + longer : skip(e, at);
    }
    return at;
}

/* A group at ${at} of ${e}, that ends at ${end}; returns where to go on. */
static size_t group(struct slice e, size_t at, size_t end, struct buf *out, int depth)
{
    struct slice body = part(e, at + 1, end - 1);
    char before = at > 0 ? e.data[at - 1] : ' ';
    bool call = isalnum((unsigned char)before) || strchr("_\"]", before) || e.data[at] == '[';
    bool any = at >= 4 &&
               (memcmp(e.data + at - 4, "ANY ", 4) == 0 || memcmp(e.data + at - 4, "ALL ", 4) == 0);
    bool cast = end + 1 < e.len && e.data[end] == ':' && e.data[end + 1] == ':';
    if (call || any) {
        put(out, e.data + at, 1);
        list(body, out, depth);
        put(out, e.data + end - 1, 1);
    } else if (cast && !is_group(body)) {
        operators(body, out, depth);
    } else if (cast) {
        size_t type = type_end(e, end + 2);
        bool alone = at == 0 && type == e.len;
        put(out, "(", !alone);
        in_parentheses(inside(body), out, depth);
        put(out, e.data + end, type - end);
        put(out, ")", !alone);
        return type;
    } else if (may_drop(body, arithmetic(e), at == 0)) {
        operators(body, out, depth);
    } else {
        in_parentheses(body, out, depth);
    }
    return end;
}

/* An operand of AND, OR or NOT. */
static void condition(struct slice e, bool in_or, struct buf *out, int depth)
{
    if (!is_group(e)) {
        operators(e, out, depth);
        return;
    }
    struct slice body = inside(e);
    bool keep = has(body, " ANY (") || has(body, " ALL (") || (has(body, " OR ") && !in_or);
    if (keep)
        in_parentheses(body, out, depth);
    else
        operators(body, out, depth);
}

static bool conditions(struct slice e, const char *word, struct buf *out, int depth)
{
    if (!has(e, word))
        return false;
    for (size_t at = 0; at < e.len;) {
        size_t end = find(e, at, word);
        condition(part(e, at, end), word[1] == 'O', out, depth);
        at = end;
        if (end < e.len) {
            put(out, word, strlen(word));
            at = end + strlen(word);
        }
    }
    return true;
}

/* CASE with no other inside: its parts each stand alone. */
static bool cases(struct slice e, struct buf *out, int depth)
{
    static const char *const words[] = {"CASE ", "\n    WHEN ", " THEN ", "\n    ELSE ", "\nEND"};
    static const char start[] = "\nCASE";
    size_t n = sizeof start - 1, at = n + (e.len > n && e.data[n] == ' ');
    if (e.len <= n || memcmp(e.data, start, n) != 0 || has(part(e, at, e.len), words[0]) ||
        has(part(e, at, e.len), start))
        return false;
    put(out, e.data, at);
    while (at < e.len) {
        size_t next = e.len, len = 0;
        for (size_t i = 1; i < sizeof words / sizeof words[0]; i++) {
            size_t found = find(e, at, words[i]);
            len = found < next ? strlen(words[i]) : len;
            next = found < next ? found : next;
        }
        if (next > at)
            whole(part(e, at, next), out, depth + 1);
        put(out, e.data + next, len);
        at = next + len;
    }
    return true;
}

/* What stands inside of an operator's own parentheses, or needs none. */
static void operators(struct slice e, struct buf *out, int depth)
{
    if (depth < DEPTH_MAX && cases(e, out, depth))
        return;
    if (depth > DEPTH_MAX || has(e, "CASE ") || has(e, " COLLATE ")) {
        put(out, e.data, e.len);
        return;
    }
    if (conditions(e, " AND ", out, depth + 1) || conditions(e, " OR ", out, depth + 1))
        return;
    if (e.len > 4 && memcmp(e.data, "NOT ", 4) == 0) {
        put(out, "NOT ", 4);
        condition(part(e, 4, e.len), true, out, depth + 1);
        return;
    }
    for (size_t at = 0, end; at < e.len; at = end) {
        end = skip(e, at);
        if ((e.data[at] == '(' || e.data[at] == '[') && end > at + 1)
            end = group(e, at, end, out, depth + 1);
        else
            put(out, e.data + at, end - at);
    }
}

void pretty_expression(struct slice text, struct buf *out)
{
    list(text, out, 0);
}

struct slice pretty_index_part(struct slice text)
{
    return is_group(text) ? inside(text) : text;
}

void pretty_index_column(struct slice text, struct buf *out)
{
    struct slice e = is_group(text) ? inside(text) : text;
    put(out, "(", e.len < text.len);
    whole(e, out, 0);
    put(out, ")", e.len < text.len);
}

void pretty_index(struct slice text, const char *schema, struct buf *out)
{
    size_t on = find(text, 0, " ON "), columns = find(text, 0, " ("), n = strlen(schema);
    if (on >= text.len || columns >= text.len) {
        put(out, text.data, text.len);
        return;
    }
    on += 4;
    put(out, text.data, on);
    if (text.len - on > n && memcmp(text.data + on, schema, n) == 0)
        on += n;
    put(out, text.data + on, columns + 2 - on);
    size_t end = skip(text, columns + 1);
    struct slice items = part(text, columns + 2, end - 1);
    for (size_t at = 0; at < items.len;) {
        size_t comma = find(items, at, ", ");
        struct slice item = part(items, at, comma);
        size_t first = item.len && item.data[0] == '(' ? skip(item, 0) : 0;
        struct slice expression = part(item, 0, first);
        if (first && is_group(inside(expression))) {
            in_parentheses(inside(inside(expression)), out, 0);
            put(out, item.data + first, item.len - first);
        } else {
            put(out, item.data, item.len);
        }
        at = comma < items.len ? comma + 2 : comma;
        if (comma < items.len)
            put(out, ", ", 2);
    }
    size_t where = find(text, end, " WHERE ");
    put(out, text.data + end - 1, where - end + 1);
    if (where < text.len) {
        put(out, " WHERE ", 7);
        whole(part(text, where + 7, text.len), out, 0);
    }
}
