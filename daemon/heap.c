#include "daemon/heap.h"

#include <stddef.h>

/* Two tops, the lesser of which takes the other as its first child. */
static struct heap_node *meld(const struct heap *h, struct heap_node *a, struct heap_node *b)
{
    if (!a || !b)
        return a ? a : b;
    struct heap_node *top = h->before(b, a) ? b : a, *under = top == a ? b : a;
    under->next = top->child;
    if (under->next)
        under->next->prev = under;
    under->prev = top;
    top->child = under;
    top->next = top->prev = NULL;
    return top;
}

/* One top of the siblings from ${first} on: in pairs from the left, then those from the right. */
static struct heap_node *meld_all(const struct heap *h, struct heap_node *first)
{
    struct heap_node *pairs = NULL, *top = NULL;
    while (first) {
        struct heap_node *a = first, *b = a->next;
        first = b ? b->next : NULL;
        a->next = a->prev = NULL;
        if (b)
            b->next = b->prev = NULL;
        struct heap_node *pair = meld(h, a, b);
        pair->next = pairs;
        pairs = pair;
    }
    while (pairs) {
        struct heap_node *pair = pairs;
        pairs = pair->next;
        pair->next = NULL;
        top = meld(h, top, pair);
    }
    return top;
}

void heap_insert(struct heap *h, struct heap_node *n)
{
    n->child = n->next = n->prev = NULL;
    h->top = meld(h, h->top, n);
}

void heap_remove(struct heap *h, struct heap_node *n)
{
    struct heap_node *children = meld_all(h, n->child);
    if (n == h->top) {
        h->top = children;
        return;
    }
    if (n->prev->child == n)
        n->prev->child = n->next;
    else
        n->prev->next = n->next;
    if (n->next)
        n->next->prev = n->prev;
    h->top = meld(h, h->top, children);
}
