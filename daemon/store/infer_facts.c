/* infer_facts.c: finding rows by name; see infer_facts.h. */
#include "daemon/store/infer_facts.h"

#include <string.h>

/* The first of ${n} rows of ${size} bytes, sorted by the name that stands at ${offset}. */
static const void *first(const void *rows, size_t n, size_t size, size_t offset, const char *name)
{
    const char *base = rows;
    size_t low = 0, high = n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const char *there = *(const char *const *)(base + middle * size + offset);
        if (strcmp(there, name) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    const char *found = base + low * size;
    return low < n && strcmp(*(const char *const *)(found + offset), name) == 0 ? found : NULL;
}

const struct infer_operator *infer_operator_named(const char *name)
{
    return first(infer_operators, infer_noperators, sizeof(infer_operators[0]),
                 offsetof(struct infer_operator, name), name);
}

const struct infer_operator *infer_operator_next(const struct infer_operator *o)
{
    bool more = o + 1 < infer_operators + infer_noperators && strcmp(o[1].name, o->name) == 0;
    return more ? o + 1 : NULL;
}

const struct infer_proc *infer_proc_named(const char *name)
{
    return first(infer_procs, infer_nprocs, sizeof(infer_procs[0]),
                 offsetof(struct infer_proc, name), name);
}

const struct infer_proc *infer_proc_next(const struct infer_proc *p)
{
    bool more = p + 1 < infer_procs + infer_nprocs && strcmp(p[1].name, p->name) == 0;
    return more ? p + 1 : NULL;
}

const struct infer_output *infer_outputs_of(uint32_t proc, int *ret_n)
{
    const struct infer_output *found = NULL;
    *ret_n = 0;
    for (size_t i = 0; i < infer_noutputs; i++) {
        if (infer_outputs[i].proc != proc)
            continue;
        found = found == NULL ? &infer_outputs[i] : found;
        ++*ret_n;
    }
    return found;
}
