/* tree.h: YAML files as one tree of mappings, sequences and texts, each with its place.
 *
 * Only plain YAML is taken: one document, text keys, no aliases, no tags; bounded in bytes and
 * depth. `include` is resolved here: mappings of several files are joined, a key may be given only
 * once. */
#pragma once

#include "conf/diag.h"

enum tree_kind { TREE_TEXT, TREE_SEQUENCE, TREE_MAPPING };

struct tree_node {
    enum tree_kind kind;
    struct diag_place at;      /* where the value begins */
    struct diag_place name_at; /* where its key does; elements of sequences: as `at` */
    struct tree_node *parent;  /* NULL: the root, always a mapping */
    struct tree_node *next;    /* the next sibling */
    struct tree_node *first, *last;
    size_t count;     /* of children */
    const char *name; /* the key; NULL for elements and the root */
    size_t index;     /* of an element */
    const char *text; /* TREE_TEXT: never NULL, no NUL inside */
    size_t len;
    bool null; /* TREE_TEXT: unquoted and empty, `~` or `null`: no value was given */
};

/* Read ${path} and what it includes.  NULL when anything cannot be read; ${d} says why. */
struct tree_node *tree_load(struct diag *d, const char *path);
/* The same from memory; relative includes are looked for in ${dir}. */
struct tree_node *tree_load_text(struct diag *d, const char *path, const char *dir,
                                 const char *text, size_t len);

/* The child of a mapping, or NULL (also when ${map} is NULL or no mapping). */
const struct tree_node *tree_get(const struct tree_node *map, const char *name);
/* Its text, or NULL when there is no such child or it is no text. */
const char *tree_text(const struct tree_node *map, const char *name);

/* The dotted name of a node, as `backends.main.pool` or `listen[2]`; from the arena, never NULL. */
const char *tree_dotted(struct diag *d, const struct tree_node *n);
/* A finding about the node: at its value, at its key. */
void tree_fault(struct diag *d, const struct tree_node *n, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void tree_fault_name(struct diag *d, const struct tree_node *n, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
