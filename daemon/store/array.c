/* array.c: stored arrays; see array.h. */
#include "daemon/store/array.h"

#include "daemon/store/types.h"

#include <stdio.h>
#include <stdlib.h>

#define ARRAY_TEXT_MAX ((size_t)256 << 20)

void array_init(struct array *a)
{
    memset(a, 0, sizeof(*a));
    buf_init(&a->text, ARRAY_TEXT_MAX);
}

void array_release(struct array *a)
{
    free(a->items);
    buf_release(&a->text);
    a->items = NULL;
    a->n = a->cap = 0;
    a->ndim = 0;
}

struct slice array_item(const struct array *a, size_t i)
{
    const struct array_item *item = &a->items[i];
    if (item->null)
        return (struct slice){NULL, 0};
    return (struct slice){item->len > 0 ? buf_peek(&a->text).data + item->at : "", item->len};
}

static struct array_item *new_item(struct array *a)
{
    if (a->n == a->cap) {
        size_t cap = a->cap == 0 ? 16 : a->cap * 2;
        struct array_item *items = realloc(a->items, cap * sizeof(items[0]));
        if (items == NULL || cap > (size_t)ARRAY_MAX_ITEMS * 2) {
            a->failed = true;
            return NULL;
        }
        a->items = items;
        a->cap = cap;
    }
    struct array_item *item = &a->items[a->n++];
    *item = (struct array_item){(uint32_t)buf_len(&a->text), 0, true};
    return item;
}

void array_add(struct array *a, struct slice text)
{
    struct array_item *item = new_item(a);
    if (item == NULL || text.data == NULL)
        return;
    buf_append(&a->text, text.data, text.len);
    item->null = false;
    item->len = (uint32_t)text.len;
    a->failed = a->failed || a->text.failed;
}

void array_flat(struct array *a)
{
    a->ndim = a->n > 0 ? 1 : 0;
    a->dims[0] = (int32_t)a->n;
    a->lower[0] = 1;
}

int64_t array_count(int ndim, const int32_t *dims)
{
    int64_t n = ndim > 0 ? 1 : 0;
    for (int i = 0; i < ndim; i++) {
        if (dims[i] < 0)
            return -1;
        n *= dims[i];
        if (n > ARRAY_MAX_ITEMS)
            return -1;
    }
    return n;
}

/* -- reading -- */

/* `[2:3][-1:0]=` before the JSON; ${at} moves past it. */
static bool take_bounds(struct slice t, size_t *at, struct array *a)
{
    size_t p = *at;
    int d = 0;
    if (p + 1 >= t.len || t.data[p] != '[' ||
        (t.data[p + 1] != '-' && (t.data[p + 1] < '0' || t.data[p + 1] > '9')))
        return true;
    for (; p < t.len && t.data[p] == '[' && d < ARRAY_DIMENSIONS; d++) {
        char *end;
        a->lower[d] = (int32_t)strtol(t.data + p + 1, &end, 10);
        if (*end != ':')
            return false;
        (void)strtol(end + 1, &end, 10);
        if (*end != ']')
            return false;
        p = (size_t)(end - t.data) + 1;
    }
    if (p >= t.len || t.data[p] != '=')
        return false;
    *at = p + 1;
    return true;
}

/* A JSON string at ${at}, of which the quote has been seen: one element. */
static bool take_string(struct slice t, size_t *at, struct array *a)
{
    struct array_item *item = new_item(a);
    size_t p = *at + 1, run = p;
    if (item == NULL)
        return false;
    item->null = false;
    for (; p < t.len && t.data[p] != '"'; p++) {
        static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
        if (t.data[p] != '\\')
            continue;
        buf_append(&a->text, t.data + run, p - run);
        const char *known = ++p < t.len && t.data[p] ? strchr(from, t.data[p]) : NULL;
        if (known != NULL) {
            buf_append(&a->text, &to[known - from], 1);
        } else if (p + 4 < t.len && t.data[p] == 'u') { /* only control characters are kept so */
            char hex[5] = {t.data[p + 1], t.data[p + 2], t.data[p + 3], t.data[p + 4], '\0'};
            char c = (char)strtol(hex, NULL, 16);
            buf_append(&a->text, &c, 1);
            p += 4;
        } else {
            return false;
        }
        run = p + 1;
    }
    buf_append(&a->text, t.data + run, p - run);
    item->len = (uint32_t)(buf_len(&a->text) - item->at);
    *at = p + 1;
    return p < t.len && !a->text.failed;
}

/* The JSON at ${at}: `counts` are elements so far of the lists that are open. */
static bool take_json(struct slice t, size_t at, struct array *a)
{
    int32_t counts[ARRAY_DIMENSIONS] = {0};
    int depth = 0;
    for (; at < t.len; at++) {
        char c = t.data[at];
        if (c == ',' || c == ' ')
            continue;
        if (c == ']') {
            if (depth == 0)
                return false;
            depth--;
            a->dims[depth] = counts[depth];
            if (depth == 0)
                return at + 1 == t.len;
            continue;
        }
        if (depth > 0)
            counts[depth - 1]++;
        else if (c != '[')
            return false;
        if (c == '[') {
            if (depth == ARRAY_DIMENSIONS)
                return false;
            counts[depth++] = 0;
            if (a->ndim < depth)
                a->ndim = depth;
        } else if (c == '"') {
            if (!take_string(t, &at, a))
                return false;
            at--;
        } else if (c == 'n' && t.len - at >= 4) {
            (void)new_item(a);
            at += 3;
        } else {
            return false;
        }
    }
    return false;
}

int array_parse(struct slice stored, bool vector, struct array *a)
{
    size_t at = 0;
    array_init(a);
    for (int d = 0; d < ARRAY_DIMENSIONS; d++)
        a->lower[d] = vector ? 0 : 1;
    bool ok = stored.len > 0 && take_bounds(stored, &at, a) && take_json(stored, at, a) &&
              !a->failed && array_count(a->ndim, a->dims) == (int64_t)a->n;
    if (a->n == 0)
        a->ndim = 0;
    if (ok)
        return 0;
    array_release(a);
    return -1;
}

/* -- writing -- */

static size_t write_level(const struct array *a, int level, size_t item, struct buf *out)
{
    buf_append(out, "[", 1);
    for (int32_t i = 0; i < a->dims[level]; i++) {
        if (i > 0)
            buf_append(out, ",", 1);
        if (level + 1 < a->ndim) {
            item = write_level(a, level + 1, item, out);
            continue;
        }
        struct slice text = array_item(a, item++);
        if (text.data == NULL)
            buf_append(out, "null", 4);
        else
            types_json_string(text, out);
    }
    buf_append(out, "]", 1);
    return item;
}

void array_quote(struct slice text, struct buf *out)
{
    buf_append(out, "\"", 1);
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] == '"' || text.data[i] == '\\')
            buf_append(out, "\\", 1);
        buf_append(out, &text.data[i], 1);
    }
    buf_append(out, "\"", 1);
}

void array_write(const struct array *a, struct buf *out)
{
    bool plain = true;
    if (a->n == 0 || a->ndim == 0) {
        buf_append(out, "[]", 2);
        return;
    }
    for (int d = 0; d < a->ndim; d++)
        plain = plain && a->lower[d] == 1;
    for (int d = 0; !plain && d < a->ndim; d++) {
        char bounds[40];
        int len =
            snprintf(bounds, sizeof(bounds), "[%d:%d]", a->lower[d], a->lower[d] + a->dims[d] - 1);
        buf_append(out, bounds, (size_t)len);
    }
    if (!plain)
        buf_append(out, "=", 1);
    (void)write_level(a, 0, 0, out);
    if (a->failed)
        buf_fail(out);
}
