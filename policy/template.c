/* The plan of a shape, and what it is of one text. */
#include "policy/plan_make.h"
#include "policy/scan.h"
#include "policy/shape.h"

#include <stdlib.h>
#include <string.h>

struct gap { /* a parameter in the plan's text */
    uint32_t offset, len;
    uint32_t slot; /* nslots: the tenant */
};

struct template {
    struct plan *plan; /* of the text with parameters; one reference */
    uint32_t nslots, ngaps;
    uint32_t uses;
    struct gap *gaps; /* by offset */
    uint32_t *before; /* of each run: the slots that stand before it in the client's text */
};

/* A build with a sanitizer is for tests: it looks each time. */
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#endif
#if defined(SANITIZED)
enum { CHECK_EVERY = 1 };
#else
enum { CHECK_EVERY = 64 };
#endif

static const char TENANT[] = "$1"; /* where the client has no parameters */

static uint32_t width_of(uint32_t slot)
{
    return slot + 1 < 10 ? 2 : 3;
}

static int characters(const char *text, size_t len)
{
    int n = 0;
    for (size_t i = 0; i < len; i++)
        n += ((unsigned char)text[i] & 0xc0) != 0x80;
    return n;
}

bool shape_is_plain(const struct decision *d)
{
    const struct plan *p = d->nplans == 1 ? d->plans[0] : NULL;
    return p && !p->refused && p->query && (p->class == PLAN_READ || p->class == PLAN_WRITE) && !p->aside &&
           !p->literal && !p->copy && !p->name && !p->cursor && !p->prepared && !p->types && p->nargs == 0 &&
           !p->value && !p->local && !p->chain && !p->notifies && !p->locks && !p->unlocks;
}

/* -- making one -- */

static int find_gaps(struct template *t)
{
    const struct plan *p = t->plan;
    struct scan s = scan_of(p->text, p->text_len);
    size_t most = 0;
    for (uint32_t i = 0; i < p->text_len; i++)
        most += p->text[i] == '$';
    t->gaps = calloc(most + 1, sizeof *t->gaps);
    if (!t->gaps)
        return -1;
    for (struct scan_token token = scan_next(&s); token.kind != SCAN_END; token = scan_next(&s)) {
        uint32_t number = token.kind == SCAN_PARAM ? scan_param(p->text, &token) : 0;
        if (token.kind != SCAN_PARAM)
            continue;
        if (number == 0 || number > t->nslots + 1)
            return -1;
        t->gaps[t->ngaps++] = (struct gap){token.start, token.end - token.start, number - 1};
    }
    return 0;
}

static int find_before(struct template *t, const struct shape *shape)
{
    t->before = calloc(t->plan->nruns + 1u, sizeof *t->before);
    if (!t->before)
        return -1;
    int position = 1;
    uint32_t at = 0;
    for (uint32_t i = 0; i < t->nslots; i++) {
        position += characters(shape->key + at, shape->slots[i].at - at);
        at = shape->slots[i].at;
        for (uint32_t r = 0; r < t->plan->nruns; r++)
            t->before[r] += position < t->plan->runs[r].source_position;
    }
    return 0;
}

struct template *template_new(const struct shape *shape, const struct decision *d)
{
    if (!shape_is_plain(d) || d->plans[0]->nparams != shape->nslots)
        return NULL;
    struct template *t = calloc(1, sizeof *t);
    if (!t)
        return NULL;
    t->plan = plan_ref(d->plans[0]);
    t->nslots = shape->nslots;
    if (find_gaps(t) == 0 && find_before(t, shape) == 0)
        return t;
    template_free(t);
    return NULL;
}

void template_free(struct template *t)
{
    if (!t)
        return;
    plan_unref(t->plan);
    free(t->gaps);
    free(t->before);
    free(t);
}

size_t template_bytes(const struct template *t)
{
    const struct plan *p = t->plan;
    return sizeof *t + t->ngaps * sizeof *t->gaps + p->nruns * sizeof *t->before + sizeof *p + p->text_len +
           p->nplaces * sizeof *p->places + p->nruns * sizeof *p->runs;
}

bool template_is_due(struct template *t)
{
    return t->uses++ % CHECK_EVERY == 0;
}

/* -- what it is of one text -- */

struct filling {
    const struct template *t;
    const struct shape *shape;
    struct slice sql;
    struct plan *plan;
    uint32_t begun, ended; /* runs of which that is known */
};

static struct slice filler(const struct filling *f, uint32_t slot)
{
    const struct shape_slot *s = &f->shape->slots[slot];
    return slot < f->t->nslots ? (struct slice){f->sql.data + s->offset, s->len}
                               : (struct slice){TENANT, sizeof TENANT - 1};
}

/* Bytes that literals are longer than parameters. */
static int64_t growth(const struct filling *f)
{
    int64_t n = 0;
    for (uint32_t i = 0; i < f->t->ngaps; i++)
        n += (int64_t)filler(f, f->t->gaps[i].slot).len - f->t->gaps[i].len;
    return n;
}

static bool make_room(struct filling *f)
{
    const struct plan *from = f->t->plan;
    struct plan *p = f->plan = plan_new();
    if (!p)
        return false;
    p->text = malloc((size_t)((int64_t)from->text_len + growth(f)) + 1);
    p->runs = calloc(from->nruns + 1u, sizeof *p->runs);
    p->places = from->nplaces > 0 ? calloc(from->nplaces, sizeof *p->places) : NULL;
    return p->text && p->runs && (p->places || from->nplaces == 0);
}

static void copy(struct filling *f, const char *text, size_t len)
{
    memcpy(f->plan->text + f->plan->text_len, text, len);
    f->plan->text_len += (uint32_t)len;
}

/* What has been copied goes up to ${at} of the template's text. */
static void note_runs(struct filling *f, uint32_t at, const int *shifts)
{
    const struct plan *from = f->t->plan;
    for (; f->begun < from->nruns && from->runs[f->begun].offset <= at; f->begun++) {
        const struct plan_run *run = &from->runs[f->begun];
        f->plan->runs[f->begun] = (struct plan_run){
            .offset = f->plan->text_len - (at - run->offset),
            .source_position = run->source_position + shifts[f->t->before[f->begun]],
        };
    }
    for (; f->ended < f->begun && from->runs[f->ended].offset + from->runs[f->ended].len <= at; f->ended++) {
        const struct plan_run *run = &from->runs[f->ended];
        uint32_t end = f->plan->text_len - (at - (run->offset + run->len));
        f->plan->runs[f->ended].len = end - f->plan->runs[f->ended].offset;
    }
}

static void fill(struct filling *f, const int *shifts)
{
    const struct plan *from = f->t->plan;
    uint32_t at = 0;
    for (uint32_t i = 0; i < f->t->ngaps; i++) {
        const struct gap *gap = &f->t->gaps[i];
        struct slice with = filler(f, gap->slot);
        copy(f, from->text + at, gap->offset - at);
        note_runs(f, gap->offset, shifts);
        if (gap->slot == f->t->nslots && f->plan->nplaces < from->nplaces)
            f->plan->places[f->plan->nplaces++] =
                (struct plan_place){f->plan->text_len, sizeof TENANT - 1};
        copy(f, with.data, with.len);
        at = gap->offset + gap->len;
    }
    copy(f, from->text + at, from->text_len - at);
    note_runs(f, from->text_len, shifts);
    f->plan->text[f->plan->text_len] = '\0';
    f->plan->nruns = from->nruns;
}

/* Behind so many slots, the client's text is so many characters longer than that with parameters. */
static int64_t measure(const struct filling *f, int ret_shifts[SHAPE_MAX_SLOTS + 1])
{
    int64_t bytes = 0;
    ret_shifts[0] = 0;
    for (uint32_t i = 0; i < f->t->nslots; i++) {
        struct slice literal = filler(f, i);
        ret_shifts[i + 1] = ret_shifts[i] + characters(literal.data, literal.len) - (int)width_of(i);
        bytes += (int64_t)literal.len - width_of(i);
    }
    return bytes;
}

struct decision *template_decide(const struct template *t, const struct shape *shape, struct slice sql)
{
    int shifts[SHAPE_MAX_SLOTS + 1];
    struct filling f = {.t = t, .shape = shape, .sql = sql};
    struct decision *d = calloc(1, sizeof *d + sizeof(struct plan *));
    if (!d || !make_room(&f)) {
        plan_unref(f.plan);
        free(d);
        return NULL;
    }
    const struct plan *from = t->plan;
    struct plan *p = f.plan;
    int64_t longer = measure(&f, shifts);
    fill(&f, shifts);
    p->class = from->class;
    p->query = true;
    p->hidden = from->hidden;
    p->source_offset = from->source_offset;
    p->source_len = (uint32_t)((int64_t)from->source_len + longer);
    d->refs = 1;
    d->nplans = 1;
    d->plans[0] = p;
    return d;
}

/* -- seeing that it is right -- */

static bool same_places(const struct plan *a, const struct plan *b)
{
    bool same = a->nplaces == b->nplaces;
    for (uint32_t i = 0; same && i < a->nplaces; i++)
        same = a->places[i].offset == b->places[i].offset && a->places[i].len == b->places[i].len;
    return same;
}

static bool same_runs(const struct plan *a, const struct plan *b)
{
    bool same = a->nruns == b->nruns;
    for (uint32_t i = 0; same && i < a->nruns; i++)
        same = a->runs[i].offset == b->runs[i].offset && a->runs[i].len == b->runs[i].len &&
               a->runs[i].source_position == b->runs[i].source_position;
    return same;
}

/* All that is not compared by itself: a field that is new, and that no template knows, makes a difference. */
static void rest_of(const struct plan *p, struct plan *ret)
{
    memcpy(ret, p, sizeof *ret); /* what lies between the fields, too */
    ret->id = 0;
    ret->text = NULL;
    ret->places = NULL;
    ret->runs = NULL;
}

bool shape_is_same(const struct decision *a, const struct decision *b)
{
    if (!shape_is_plain(a) || !shape_is_plain(b))
        return false;
    const struct plan *p = a->plans[0], *q = b->plans[0];
    struct plan p_rest, q_rest;
    rest_of(p, &p_rest);
    rest_of(q, &q_rest);
    return memcmp(&p_rest, &q_rest, sizeof p_rest) == 0 && memcmp(p->text, q->text, p->text_len) == 0 &&
           same_places(p, q) && same_runs(p, q);
}
