#include "policy/plan.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "policy/plan_make.h"

struct counted { /* `plan` comes first: the pointers are the same */
    struct plan plan;
    atomic_uint refs;
};

struct plan *plan_new(void)
{
    static atomic_uint_fast64_t last; /* a counter, the one thing that plans of all workers share */
    struct counted *c = calloc(1, sizeof *c);
    if (!c)
        return NULL;
    atomic_init(&c->refs, 1);
    c->plan.id = atomic_fetch_add_explicit(&last, 1, memory_order_relaxed) + 1;
    return &c->plan;
}

struct plan *plan_ref(struct plan *p)
{
    atomic_fetch_add_explicit(&((struct counted *)p)->refs, 1, memory_order_relaxed);
    return p;
}

void plan_unref(struct plan *p)
{
    if (!p ||
        atomic_fetch_sub_explicit(&((struct counted *)p)->refs, 1, memory_order_acq_rel) != 1)
        return;
    if (p->copy) {
        plan_unref(p->copy->check);
        free(p->copy->column);
        free(p->copy);
    }
    free(p->err);
    free(p->text);
    free(p->places);
    free(p->runs);
    free(p->name);
    free(p->cursor);
    free(p->value);
    free(p->types);
    plan_unref(p->prepared);
    free(p);
}

/* A literal that no byte can break out of: quotes doubled, and a form that holds whatever
 * standard_conforming_strings says once a backslash is in it. */
static void append_literal(struct buf *b, struct slice s)
{
    bool escaped = s.len && memchr(s.data, '\\', s.len);
    if (escaped)
        buf_append(b, " E", 2);
    buf_append(b, "'", 1);
    size_t from = 0;
    for (size_t i = 0; i < s.len; i++) {
        if (s.data[i] != '\'' && s.data[i] != '\\')
            continue;
        buf_append(b, s.data + from, i + 1 - from);
        from = i; /* once more with the next run: that doubles it */
    }
    buf_append(b, s.data + from, s.len - from);
    buf_append(b, "'", 1);
}

void plan_text_literal(const struct plan *p, struct slice tenant, struct buf *ret)
{
    uint32_t from = 0;
    for (uint32_t i = 0; i < p->nplaces; i++) {
        buf_append(ret, p->text + from, p->places[i].offset - from);
        append_literal(ret, tenant);
        from = p->places[i].offset + p->places[i].len;
    }
    buf_append(ret, p->text + from, p->text_len - from);
}

void plan_text_execute(const struct plan *p, const char *name, bool args,
                       const struct slice *tenant, struct buf *ret)
{
    uint32_t after = p->execute.offset + p->execute.len;
    uint32_t from = p->argument.offset, to = from + p->argument.len;
    buf_append(ret, p->text, p->execute.offset);
    buf_append(ret, name, strlen(name));
    if (!args) { /* they are the end of the text */
        if (tenant) {
            buf_append(ret, "(", 1);
            append_literal(ret, *tenant);
            buf_append(ret, ")", 1);
        }
        return;
    }
    buf_append(ret, p->text + after, from - after);
    if (tenant) {
        const struct plan_place *place = &p->places[0];
        buf_append(ret, p->text + from, place->offset - from);
        append_literal(ret, *tenant);
        from = place->offset + place->len;
        buf_append(ret, p->text + from, to - from);
    }
    buf_append(ret, p->text + to, p->text_len - to);
}

/* -- positions -- */

static int characters(const char *text, size_t len)
{
    int n = 0;
    for (size_t i = 0; i < len; i++)
        n += ((unsigned char)text[i] & 0xc0) != 0x80;
    return n;
}

/* Byte offset in ${p}->text of character ${position} of what was sent. */
static uint32_t text_offset(const struct plan *p, const struct slice *tenant, int position)
{
    struct buf literal;
    buf_init(&literal, (size_t)1 << 20);
    if (tenant)
        append_literal(&literal, *tenant);
    int width = tenant ? characters(buf_peek(&literal).data, buf_len(&literal)) : 0;
    buf_release(&literal);
    uint32_t at = 0, place = 0;
    while (at < p->text_len) {
        if (tenant && place < p->nplaces && at == p->places[place].offset) {
            if (position <= width)
                return at;
            position -= width;
            at += p->places[place++].len;
            continue;
        }
        if (position <= 1)
            return at;
        at++;
        while (at < p->text_len && ((unsigned char)p->text[at] & 0xc0) == 0x80)
            at++;
        position--;
    }
    return at;
}

int plan_source_position(const struct plan *p, const struct slice *tenant, int position)
{
    if (position <= 0 || p->nruns == 0)
        return 0;
    uint32_t at = text_offset(p, tenant, position);
    int last = p->runs[0].source_position;
    for (uint32_t i = 0; i < p->nruns; i++) {
        const struct plan_run *run = &p->runs[i];
        if (at < run->offset)
            break; /* between runs */
        uint32_t into = at - run->offset < run->len ? at - run->offset : run->len;
        last = run->source_position + characters(p->text + run->offset, into);
    }
    return last;
}
