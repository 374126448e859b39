/* list.h: an intrusive, circular, doubly linked list.
 *
 * A head and its nodes are the same struct.  An unlinked node points at itself, so that removing it
 * again is harmless and list_linked can tell; every node is initialised before its first use.  An
 * object is in one list for each node it has: who may move it is said where the node is declared.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct list {
    struct list *prev, *next;
};

/* The object of ${type} whose ${member} is at ${node}. */
#define list_entry(node, type, member) ((type *)(void *)((char *)(node)-offsetof(type, member)))

/* Visit each node; ${node} may be removed (and its object freed) by the body, no other node may. */
#define list_foreach(node, head)                                                                   \
    for (struct list *node = (head)->next, *node##_next = node->next; node != (head);              \
         node = node##_next, node##_next = node->next)

static inline void list_init(struct list *l)
{
    l->prev = l->next = l;
}

static inline bool list_empty(const struct list *head)
{
    return head->next == head;
}

/* Is this node in a list? */
static inline bool list_linked(const struct list *node)
{
    return node->next != node;
}

/* ${node} must not be in a list. */
static inline void list_append(struct list *head, struct list *node)
{
    node->prev = head->prev;
    node->next = head;
    head->prev->next = node;
    head->prev = node;
}

static inline void list_prepend(struct list *head, struct list *node)
{
    list_append(head->next, node);
}

/* Idempotent. */
static inline void list_remove(struct list *node)
{
    node->prev->next = node->next;
    node->next->prev = node->prev;
    list_init(node);
}

/* The first node, or NULL. */
static inline struct list *list_first(const struct list *head)
{
    return list_empty(head) ? NULL : head->next;
}

/* Unlink and return the first node, or NULL. */
static inline struct list *list_shift(struct list *head)
{
    struct list *node = list_first(head);
    if (node)
        list_remove(node);
    return node;
}

/* Move all nodes of ${from} to the end of ${to}. */
static inline void list_splice(struct list *to, struct list *from)
{
    if (list_empty(from))
        return;
    from->next->prev = to->prev;
    from->prev->next = to;
    to->prev->next = from->next;
    to->prev = from->prev;
    list_init(from);
}
