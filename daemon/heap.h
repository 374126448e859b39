/* heap.h: an intrusive pairing heap: the least first, any node can be removed.
 *
 * A node is embedded in its owner, which takes it out before it changes what `before` compares and
 * before it goes.  Nothing is allocated.  Inserting costs a comparison, taking out log n on
 * average.
 */
#pragma once

#include <stdbool.h>

struct heap_node {
    struct heap_node *child, *next;
    struct heap_node *prev; /* the sibling before, of a first child the parent; NULL: the top */
};

struct heap {
    struct heap_node *top; /* the least; NULL: empty */
    bool (*before)(const struct heap_node *a, const struct heap_node *b);
};

/* ${n} is in no heap. */
void heap_insert(struct heap *h, struct heap_node *n);
/* ${n} is in this one. */
void heap_remove(struct heap *h, struct heap_node *n);
