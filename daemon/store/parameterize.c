/* parameterize.c: simple queries that differ in their literals alone.
 *
 * Drivers that put values into the text send a new text each time.  To parse and translate it, and to
 * have SQLite prepare what comes of that, takes many times what the statement itself does.  So such a
 * text is run as its shape (policy/shape.h), the same text with parameters, which is prepared once; its
 * literals are the values, read by the input functions of the parameters' types as the translator reads
 * constants.  A constant of which the meaning is up to settings is no obstacle: the values are read anew.
 *
 * That is done only where it is seen to mean the same: the first text of a shape shows that there is one
 * (and is not kept); for the second both are translated, and the results must be alike but for ?1, ?2 ... where the other has
 * what the emitter makes of these values.  A shape does not fit if a constant in it may be the number of a
 * column, if a table has partial indexes or such of expressions, which SQLite finds by constants, or if a
 * parameter is a condition, which as a constant settles what is beside it.  Whatever else happens to a text
 * of a known shape - a value that its type does not take, a change of the catalog - it is left to the plain
 * way, which says what is wrong, and where. */
#include "daemon/store/brief.h"
#include "daemon/store/emit.h"
#include "daemon/store/portal.h"
#include "policy/parse.h"
#include "policy/shape.h"

#include <xxhash.h>

static uint32_t type_of(char kind)
{
    switch (kind) {
    case 'i':
        return TYPES_INT4;
    case 'l':
        return TYPES_INT8;
    case 'd':
        return TYPES_NUMERIC;
    default:
        return 0; /* a string: where it stands decides */
    }
}

static struct slice text_of(const struct shape *s, uint32_t oids[SHAPE_MAX_SLOTS])
{
    for (uint32_t i = 0; i < s->nslots; i++)
        oids[i] = type_of(s->key[s->text_len + 1 + i]);
    return (struct slice){s->key, s->text_len};
}

/* The value of literal ${i}: what is between its quotes, of which ${copy} has one of two. */
static struct slice value_in(struct slice sql, const struct shape *s, uint32_t i, struct buf *copy)
{
    struct slice v = {sql.data + s->slots[i].offset, s->slots[i].len};
    if (v.data[0] != '\'')
        return v;
    v = (struct slice){v.data + 1, v.len - 2};
    if (v.len == 0 || !memchr(v.data, '\'', v.len))
        return v;
    buf_reset(copy);
    for (size_t k = 0; k < v.len; k++) {
        buf_append(copy, v.data + k, 1);
        k += v.data[k] == '\'';
    }
    return buf_peek(copy);
}

/* -- learning -- */

struct comparison {
    struct store_conn *c;
    const struct prepared *plain, *with;
    struct slice sql;
    const struct shape *shape;
    struct buf copy;
};

/* What the translator would write for parameter ${number}'s value; palloc'd, NULL: nothing. */
static const char *written(struct comparison *m, unsigned long number)
{
    struct types_value v;
    struct err err;
    if (number < 1 || number > m->shape->nslots)
        return NULL;
    struct slice text = value_in(m->sql, m->shape, (uint32_t)number - 1, &m->copy);
    buf_reset(&m->c->scratch);
    if (types_text_check(text, &err) < 0 ||
        types_input(&m->c->context.types, m->with->params[number - 1], -1, text, &m->c->scratch, &v,
                    &err) < 0)
        return NULL;
    return emit_value(&v);
}

/* LIMIT and OFFSET: what a function sees to when it is run, the translator has seen of a constant. */
static size_t bound_at(const char *with, const char *plain)
{
    static const char *const functions[] = {"pgf_limit(", "pgf_offset("};
    for (size_t i = 0; i < 2; i++) {
        size_t len = strlen(functions[i]);
        if (strncmp(with, functions[i], len) == 0 && with[len] == '?' && *plain >= '0' && *plain <= '9')
            return len;
    }
    return 0;
}

/* Are the two SQLite texts the same, but for the parameters?  What is in quotes has none. */
static int same_text(void *arg, struct err *err)
{
    struct comparison *m = arg;
    const char *a = m->plain->sqlite;
    char quote = '\0';
    for (const char *b = m->with->sqlite; *b;) {
        size_t bound = quote ? 0 : bound_at(b, a);
        b += bound;
        if (*b != '?' || quote) {
            if (*b == '\'' || *b == '"')
                quote = quote == *b ? '\0' : quote ? quote : *b;
            if (*a++ != *b++)
                return -1;
            continue;
        }
        char *end;
        const char *value = written(m, strtoul(b + 1, &end, 10));
        if (!value || strncmp(a, value, strlen(value)) != 0)
            return -1;
        a += strlen(value);
        b = end + (bound > 0); /* its parenthesis */
    }
    (void)err;
    return *a ? -1 : 0;
}

static bool is_plain(const struct prepared *p)
{
    return p->kind == PREPARED_QUERY && !p->folds && p->nsteps == 0 && p->nslots == 0;
}

static bool same_columns(const struct prepared *a, const struct prepared *b)
{
    bool same = a->ncolumns == b->ncolumns;
    for (size_t i = 0; same && i < a->ncolumns; i++) {
        const struct msg_field *x = &a->columns[i], *y = &b->columns[i];
        same = strcmp(x->name, y->name) == 0 && x->table_oid == y->table_oid &&
               x->attnum == y->attnum && x->type_oid == y->type_oid && x->type_len == y->type_len &&
               x->typmod == y->typmod;
    }
    return same;
}

static bool same_nowait(const struct prepared *a, const struct prepared *b)
{
    return a->nowait && b->nowait ? strcmp(a->nowait, b->nowait) == 0 : a->nowait == b->nowait;
}

/* What a constant may settle before anything else is looked at. */
static bool has_condition(const struct prepared *p)
{
    for (size_t i = 0; i < p->nparams; i++)
        if (p->params[i] == TYPES_BOOL)
            return true;
    return false;
}

static bool is_alike(struct comparison *m)
{
    const struct prepared *a = m->plain, *b = m->with;
    struct err err;
    return is_plain(b) && !b->settings && !b->needs_constants && a->tag == b->tag && a->modifies == b->modifies &&
           a->writes == b->writes && a->returns_rows == b->returns_rows &&
           a->target_oid == b->target_oid && a->nparams == 0 && b->nparams == m->shape->nslots &&
           !has_condition(b) && same_nowait(a, b) && same_columns(a, b) && parse_protect(same_text, m, &err) == 0 &&
           !shape_may_number(m->shape->key);
}

static uint64_t hash_of(const struct shape *s)
{
    return XXH3_64bits(s->key, s->key_len);
}

bool parameterize_knows(const struct store_conn *c, const struct shape *shape)
{
    uint64_t hash = hash_of(shape);
    return c->shapes[hash % CONN_SHAPES].hash == hash;
}

void parameterize_note(struct store_conn *c, const struct shape *shape)
{
    uint64_t hash = hash_of(shape);
    c->shapes[hash % CONN_SHAPES] = (struct shape_seen){hash, false};
}

void parameterize_learn(struct store_conn *c, struct slice sql, const struct shape *shape,
                        const struct prepared *p)
{
    struct err err;
    uint32_t oids[SHAPE_MAX_SLOTS];
    struct prepared *with;
    struct shape_seen *seen = &c->shapes[hash_of(shape) % CONN_SHAPES];
    bool too_much = c->too_much;
    if (seen->misfit || !is_plain(p) || p->nparams > 0 || p->needs_constants)
        return;
    if (statement_prepare(c, text_of(shape, oids), oids, shape->nslots, &with, &err) < 0) {
        c->too_much = too_much; /* the plain statement is none the worse */
        seen->misfit = true;
        return;
    }
    if (!with->stands_for_literals) { /* otherwise only this text's values were not taken */
        struct comparison m = {.c = c, .plain = p, .with = with, .sql = sql, .shape = shape};
        buf_init(&m.copy, sql.len);
        with->stands_for_literals = is_alike(&m);
        buf_release(&m.copy);
        seen->misfit = !with->stands_for_literals;
    }
    prepared_unref(with);
}

/* -- using -- */

/* The literals as Bind would bring them, as text. */
static struct portal *open_with(struct store_conn *c, struct slice sql, const struct shape *s,
                                struct prepared *p)
{
    struct buf values, copy;
    struct portal *portal = NULL;
    struct err err;
    buf_init(&values, sql.len + s->nslots * sizeof(uint32_t));
    buf_init(&copy, sql.len);
    for (uint32_t i = 0; i < s->nslots; i++) {
        struct slice v = value_in(sql, s, i, &copy);
        msg_int32(&values, (uint32_t)v.len);
        msg_bytes(&values, v.data, v.len);
    }
    struct msg_bind m = {.statement = {"", 0}, .nparams = (uint16_t)s->nslots, .params = buf_peek(&values)};
    if (values.failed || copy.failed || portal_open(c, "", p, &m, &portal, &err) < 0)
        portal = NULL;
    buf_release(&values);
    buf_release(&copy);
    return portal;
}

int parameterize_open(struct store_conn *c, struct slice sql, const struct shape *shape,
                      struct portal **ret, struct err *err)
{
    struct err ignored;
    uint32_t oids[SHAPE_MAX_SLOTS];
    struct slice text = text_of(shape, oids);
    struct prepared *p = statement_cache_find(c, text, oids, shape->nslots);
    *ret = NULL;
    if (!p || !p->stands_for_literals)
        return 0;
    if (!brief_may_run(c, p))
        return brief_decline(c, err);
    if (statement_enter(c, p, err) < 0)
        return -1;
    if (statement_prepare(c, text, oids, shape->nslots, &p, &ignored) < 0)
        return 0;
    if (p->stands_for_literals) /* it may be another one: the catalog has changed */
        *ret = open_with(c, sql, shape, p);
    prepared_unref(p);
    return 0;
}
