#include "protocol/flow.h"

#include "protocol/sqlstate.h"

#include <stdlib.h>

#define FLOW_FIRST 16u

/* A ring: entry i is at (head + i) modulo cap, and cap is a power of two. */
struct flow {
    struct flow_entry *ring;
    size_t cap;
    size_t head;
    size_t len;
    size_t syncs;
};

static bool ends_in_ready(enum flow_kind kind)
{
    return kind == FLOW_SYNC || kind == FLOW_QUERY || kind == FLOW_FUNCTION;
}

static struct flow_entry *entry_at(const struct flow *f, size_t i)
{
    return &f->ring[(f->head + i) & (f->cap - 1)];
}

struct flow *flow_new(void)
{
    return calloc(1, sizeof(struct flow));
}

void flow_free(struct flow *f)
{
    if (!f)
        return;
    flow_reset(f);
    free(f->ring);
    free(f);
}

void flow_reset(struct flow *f)
{
    while (f && f->len > 0)
        flow_pop(f);
}

static int grow(struct flow *f)
{
    size_t cap = f->cap > 0 ? f->cap * 2 : FLOW_FIRST;
    struct flow_entry *ring = malloc(cap * sizeof(*ring));
    if (!ring)
        return -1;
    for (size_t i = 0; i < f->len; i++)
        ring[i] = *entry_at(f, i);
    free(f->ring);
    f->ring = ring;
    f->cap = cap;
    f->head = 0;
    return 0;
}

static int push(struct flow *f, struct flow_entry e, struct err *err)
{
    if (f->len >= FLOW_MAX)
        return err_set(err, SQLSTATE_PROGRAM_LIMIT_EXCEEDED,
                       "too many messages wait for their replies");
    if (f->len == f->cap && grow(f) != 0)
        return err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
    *entry_at(f, f->len) = e;
    f->len++;
    if (ends_in_ready(e.kind))
        f->syncs++;
    return 0;
}

int flow_push(struct flow *f, enum flow_kind kind, enum flow_fate fate, uint64_t arg,
              struct err *err)
{
    return push(f, (struct flow_entry){.kind = kind, .fate = fate, .arg = arg}, err);
}

int flow_push_inject(struct flow *f, struct slice bytes, struct err *err)
{
    if (bytes.len > UINT32_MAX)
        return err_set(err, SQLSTATE_PROGRAM_LIMIT_EXCEEDED, "reply is too long");
    char *copy = malloc(bytes.len > 0 ? bytes.len : 1);
    if (!copy)
        return err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
    if (bytes.len > 0)
        memcpy(copy, bytes.data, bytes.len);
    struct flow_entry e = {
        .kind = FLOW_LOCAL, .fate = FLOW_INJECT, .bytes = copy, .bytes_len = (uint32_t)bytes.len};
    if (push(f, e, err) != 0) {
        free(copy);
        return -1;
    }
    return 0;
}

const struct flow_entry *flow_head(const struct flow *f)
{
    return flow_at(f, 0);
}

const struct flow_entry *flow_at(const struct flow *f, size_t i)
{
    return f && i < f->len ? entry_at(f, i) : NULL;
}

void flow_pop(struct flow *f)
{
    if (!f || f->len == 0)
        return;
    struct flow_entry *e = entry_at(f, 0);
    if (ends_in_ready(e->kind))
        f->syncs--;
    free(e->bytes);
    e->bytes = NULL;
    f->head = (f->head + 1) & (f->cap - 1);
    f->len--;
}

size_t flow_len(const struct flow *f)
{
    return f ? f->len : 0;
}

size_t flow_syncs(const struct flow *f)
{
    return f ? f->syncs : 0;
}

bool flow_ends(enum flow_kind kind, char type)
{
    switch (kind) {
    case FLOW_PARSE:
        return type == '1';
    case FLOW_BIND:
        return type == '2';
    case FLOW_CLOSE:
        return type == '3';
    case FLOW_DESCRIBE_STATEMENT:
    case FLOW_DESCRIBE_PORTAL:
        return type == 'T' || type == 'n';
    case FLOW_EXECUTE:
        return type == 'C' || type == 's' || type == 'I';
    case FLOW_SYNC:
    case FLOW_QUERY:
    case FLOW_FUNCTION:
        return type == 'Z';
    case FLOW_LOCAL:
        break;
    }
    return false;
}

void flow_error(struct flow *f, void (*dropped)(void *owner, const struct flow_entry *e),
                void *owner)
{
    const struct flow_entry *e = flow_head(f);
    if (!e || ends_in_ready(e->kind))
        return; /* the error belongs to the head, whose ReadyForQuery follows */
    /* The server skips whatever comes before Sync, simple queries and function calls included. */
    for (; (e = flow_head(f)) != NULL && e->kind != FLOW_SYNC; flow_pop(f))
        if (dropped)
            dropped(owner, e);
}
