/* viewdef_notes.c: what the translator finds out about nodes; see viewdef_tree.h. */
#include "daemon/store/viewdef_tree.h"

struct note {
    const void *node;
    void *what;
};

struct viewdef_notes {
    struct note *notes; /* a hash table: a free place has no node */
    size_t cap, n;
    bool replay;
};

struct viewdef_notes *viewdef_notes_new(void)
{
    struct viewdef_notes *t = palloc0(sizeof(*t));
    t->cap = 256;
    t->notes = palloc0(sizeof(t->notes[0]) * t->cap);
    return t;
}

static struct note *place(const struct viewdef_notes *t, const void *node)
{
    size_t at = ((uintptr_t)node >> 4) * 0x9e3779b1u & (t->cap - 1);
    while (t->notes[at].node != NULL && t->notes[at].node != node)
        at = (at + 1) & (t->cap - 1);
    return &t->notes[at];
}

static void grow(struct viewdef_notes *t)
{
    const struct note *old = t->notes;
    size_t cap = t->cap;
    t->cap = cap * 2;
    t->notes = palloc0(sizeof(t->notes[0]) * t->cap);
    for (size_t i = 0; i < cap; i++)
        if (old[i].node != NULL)
            *place(t, old[i].node) = old[i];
}

void viewdef_note(struct tr *tr, const void *node, void *what)
{
    struct viewdef_notes *t = tr->notes;
    if (t == NULL || tr->views > 0)
        return;
    if (t->n * 2 >= t->cap)
        grow(t);
    struct note *note = place(t, node);
    if (note->node != NULL)
        return;
    *note = (struct note){node, what};
    t->n++;
}

void *viewdef_noted(const struct tr *tr, const void *node)
{
    return place(tr->notes, node)->what;
}

void viewdef_notes_replay(struct tr *tr)
{
    tr->notes->replay = true;
}

struct expr *viewdef_replayed(const struct tr *tr, const void *node)
{
    return tr->notes != NULL && tr->notes->replay ? viewdef_noted(tr, node) : NULL;
}
