#include "daemon/track.h"

#include "daemon/datestyle.h"
#include "protocol/sqlstate.h"

#include <ctype.h>
#include <stdlib.h>
#include <xxhash.h>

struct track_entry {
    char *name; /* name and value are one allocation */
    char *value;
};

struct track_set {
    unsigned refs; /* of one worker's thread */
    size_t n;
    struct track_entry entries[]; /* by name */
};

void track_name(char ret[ERR_NAME_BYTES], const char *name)
{
    size_t i = 0;
    for (; name[i] && i < ERR_NAME_BYTES - 1; i++)
        ret[i] = (char)tolower((unsigned char)name[i]);
    ret[i] = '\0';
}

struct track_set *track_set_ref(struct track_set *s)
{
    if (s)
        s->refs++;
    return s;
}

void track_set_unref(struct track_set *s)
{
    if (!s || --s->refs > 0)
        return;
    for (size_t i = 0; i < s->n; i++)
        free(s->entries[i].name);
    free(s);
}

size_t track_set_len(const struct track_set *s)
{
    return s ? s->n : 0;
}

const char *track_set_name(const struct track_set *s, size_t i)
{
    return s->entries[i].name;
}

const char *track_set_value(const struct track_set *s, size_t i)
{
    return s->entries[i].value;
}

const char *track_set_get(const struct track_set *s, const char *name)
{
    for (size_t i = 0; i < track_set_len(s); i++)
        if (strcmp(s->entries[i].name, name) == 0)
            return s->entries[i].value;
    return NULL;
}

bool track_set_equal(const struct track_set *a, const struct track_set *b)
{
    if (a == b)
        return true;
    if (track_set_len(a) != track_set_len(b))
        return false;
    for (size_t i = 0; i < track_set_len(a); i++)
        if (strcmp(a->entries[i].name, b->entries[i].name) != 0 ||
            strcmp(a->entries[i].value, b->entries[i].value) != 0)
            return false;
    return true;
}

static int add(struct track_set *s, const char *name, const char *value)
{
    size_t n = strlen(name) + 1, v = strlen(value) + 1;
    char *text = malloc(n + v);
    if (!text)
        return -1;
    memcpy(text, name, n);
    memcpy(text + n, value, v);
    s->entries[s->n++] = (struct track_entry){.name = text, .value = text + n};
    return 0;
}

int track_set_copy(const struct track_set *s, struct track_set **ret, struct err *err)
{
    if (!s) {
        *ret = NULL;
        return 0;
    }
    struct track_set *new = calloc(1, sizeof(*new) + s->n * sizeof(new->entries[0]));
    int failed = new ? 0 : -1;
    if (new)
        new->refs = 1;
    for (size_t i = 0; new && i < s->n; i++)
        failed |= add(new, s->entries[i].name, s->entries[i].value);
    if (failed) {
        track_set_unref(new);
        return err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
    }
    *ret = new;
    return 0;
}

int track_set_with(struct track_set *s, const char *name, const char *value, struct track_set **ret,
                   struct err *err)
{
    const char *old = track_set_get(s, name);
    if (old == value || (old && value && strcmp(old, value) == 0)) {
        *ret = track_set_ref(s);
        return 0;
    }
    struct track_set *new =
        calloc(1, sizeof(*new) + (track_set_len(s) + 1) * sizeof(new->entries[0]));
    if (!new)
        return err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
    new->refs = 1;
    bool placed = value == NULL;
    int failed = 0;
    for (size_t i = 0; i < track_set_len(s); i++) {
        int order = strcmp(s->entries[i].name, name);
        if (!placed && order >= 0) {
            failed |= add(new, name, value);
            placed = true;
        }
        if (order != 0)
            failed |= add(new, s->entries[i].name, s->entries[i].value);
    }
    if (!placed)
        failed |= add(new, name, value);
    if (failed) {
        track_set_unref(new);
        return err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
    }
    if (new->n == 0) {
        track_set_unref(new);
        new = NULL;
    }
    *ret = new;
    return 0;
}

static uint64_t hash(const struct track_set *s)
{
    uint64_t h = 0;
    for (size_t i = 0; i < track_set_len(s); i++) {
        h = XXH3_64bits_withSeed(s->entries[i].name, strlen(s->entries[i].name), h);
        h = XXH3_64bits_withSeed(s->entries[i].value, strlen(s->entries[i].value), h);
    }
    return h;
}

static void text(struct buf *b, const char *s)
{
    buf_append(b, s, strlen(s));
}

/* Quotes are doubled; with a backslash inside, the form that means the same under any setting of
 * standard_conforming_strings. */
void track_quote(struct buf *b, const char *s)
{
    bool escape = strchr(s, '\\') != NULL;
    text(b, escape ? " E'" : "'");
    for (; *s; s++) {
        if (*s == '\'' || *s == '\\')
            buf_append(b, s, 1);
        buf_append(b, s, 1);
    }
    text(b, "'");
}

/* As an identifier; a name with a dot has two parts. */
static void identifier(struct buf *b, const char *s)
{
    text(b, "\"");
    for (; *s; s++) {
        if (*s == '.')
            text(b, "\".\"");
        else if (*s == '"')
            text(b, "\"\"");
        else
            buf_append(b, s, 1);
    }
    text(b, "\"");
}

/* Would ${e} stay in part when ${value} is set? */
static bool adds_to(const struct track_entry *e, const char *value)
{
    return strcmp(e->name, DATESTYLE) == 0 && strcmp(e->value, value) != 0 &&
           !datestyle_is_whole(value);
}

void track_replay(const struct track_set *has, bool unknown, const struct track_set *wants,
                  struct buf *ret)
{
    if (unknown) {
        text(ret, "RESET ALL;");
        has = NULL;
    }
    for (size_t i = 0; i < track_set_len(has); i++) {
        const char *value = track_set_get(wants, has->entries[i].name);
        if (value && !adds_to(&has->entries[i], value))
            continue;
        text(ret, "RESET ");
        identifier(ret, has->entries[i].name);
        text(ret, ";");
    }
    bool any = false;
    for (size_t i = 0; i < track_set_len(wants); i++) {
        const struct track_entry *e = &wants->entries[i];
        const char *value = track_set_get(has, e->name);
        if (value && strcmp(value, e->value) == 0)
            continue;
        text(ret, any ? ",pg_catalog.set_config(" : "SELECT pg_catalog.set_config(");
        track_quote(ret, e->name);
        text(ret, ",");
        track_quote(ret, e->value);
        text(ret, ",false)");
        any = true;
    }
    if (any)
        text(ret, ";");
}

void track_init(struct track *g)
{
    *g = (struct track){0};
}

static void drop_marks(struct track *g, size_t from)
{
    for (size_t i = from; i < g->nmarks; i++) {
        free(g->marks[i].name);
        track_set_unref(g->marks[i].set);
    }
    g->nmarks = (uint32_t)from;
}

void track_release(struct track *g)
{
    drop_marks(g, 0);
    free(g->marks);
    track_set_unref(g->base);
    track_set_unref(g->now);
    track_set_unref(g->start);
    track_init(g);
}

static void replace(struct track_set **slot, struct track_set *new)
{
    track_set_unref(*slot);
    *slot = new;
}

void track_share(struct track *g, struct track_shared *shared)
{
    struct track_set **slot = &shared->recent[hash(g->base) % TRACK_SHARED_SETS];
    if (!track_set_equal(*slot, g->base))
        replace(slot, track_set_ref(g->base));
    if (track_set_equal(g->now, g->base))
        replace(&g->now, track_set_ref(*slot));
    replace(&g->base, track_set_ref(*slot));
}

void track_shared_release(struct track_shared *shared)
{
    for (size_t i = 0; i < TRACK_SHARED_SETS; i++)
        replace(&shared->recent[i], NULL);
}

int track_start(struct track *g, const char *name, const char *value, struct err *err)
{
    struct track_set *new;
    if (track_set_with(g->base, name, value, &new, err) != 0)
        return -1;
    replace(&g->base, new);
    replace(&g->now, track_set_ref(new));
    return 0;
}

int track_rebase(struct track *g, const char *name, const char *value, struct err *err)
{
    struct track_set *new;
    if (track_set_with(g->base, name, value, &new, err) != 0)
        return -1;
    replace(&g->base, new);
    return 0;
}

static void keep_start(struct track *g)
{
    if (g->changed)
        return;
    g->changed = true;
    replace(&g->start, track_set_ref(g->now));
}

int track_change(struct track *g, const char *name, const char *value, struct err *err)
{
    struct track_set *new;
    char *whole = NULL;
    if (value && strcmp(name, DATESTYLE) == 0) {
        value = whole = datestyle_after(track_set_get(g->now, name), value);
        if (!whole)
            return err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
    }
    int r = track_set_with(g->now, name, value ? value : track_set_get(g->base, name), &new, err);
    free(whole);
    if (r != 0)
        return -1;
    keep_start(g);
    replace(&g->now, new);
    return 0;
}

void track_reset_all(struct track *g)
{
    keep_start(g);
    replace(&g->now, track_set_ref(g->base));
}

int track_savepoint(struct track *g, const char *name, struct err *err)
{
    if ((g->nmarks & (g->nmarks - 1)) == 0) {
        size_t room = g->nmarks > 0 ? (size_t)g->nmarks * 2 : 1;
        struct track_mark *marks = realloc(g->marks, room * sizeof(*marks));
        if (!marks)
            return err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
        g->marks = marks;
    }
    char *copy = strdup(name);
    if (!copy)
        return err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
    g->marks[g->nmarks++] = (struct track_mark){.name = copy, .set = track_set_ref(g->now)};
    return 0;
}

/* The newest savepoint of this name, as PostgreSQL finds it; nmarks: there is none. */
static size_t find_mark(const struct track *g, const char *name)
{
    for (size_t i = g->nmarks; i > 0; i--)
        if (strcmp(g->marks[i - 1].name, name) == 0)
            return i - 1;
    return g->nmarks;
}

void track_release_savepoint(struct track *g, const char *name)
{
    drop_marks(g, find_mark(g, name));
}

void track_rollback_to(struct track *g, const char *name)
{
    size_t i = find_mark(g, name);
    if (i == g->nmarks)
        return;
    replace(&g->now, track_set_ref(g->marks[i].set));
    drop_marks(g, i + 1);
}

static void end(struct track *g)
{
    drop_marks(g, 0);
    replace(&g->start, NULL);
    g->changed = false;
}

void track_commit(struct track *g)
{
    end(g);
}

void track_rollback(struct track *g)
{
    if (g->changed)
        replace(&g->now, track_set_ref(g->start));
    end(g);
}
