/* sets_text.c: rows of texts, and series of numerics and timestamps; see sets.h. */
#include "daemon/store/sets.h"

#include "daemon/store/functions_time.h"

#include <stdlib.h>

static int no_memory(struct sets_call *c)
{
    return err_set(&c->context->raised, SQLSTATE_OUT_OF_MEMORY, "out of memory");
}

/* -- items(JSON array): its strings as texts, other values as they are, null as NULL -- */

static int items_next(struct sets_call *c)
{
    struct slice key, item;
    size_t *at = c->state;
    if (at == NULL) {
        at = c->state = calloc(1, sizeof(*at));
        if (at == NULL)
            return no_memory(c);
    }
    if (!functions_json_next(functions_slice(c->argv[0]), at, &key, &item))
        return 0;
    if (item.len == 4 && memcmp(item.data, "null", 4) == 0) {
        c->out[0].kind = TYPES_KIND_NULL;
        return 1;
    }
    if (item.data[0] == '"') {
        functions_json_unescape(item, &c->text);
        item = buf_peek(&c->text);
    }
    sets_text(c, 0, item);
    return c->text.failed ? no_memory(c) : 1;
}

/* -- series_numeric(first, last, step) -- */

struct numbers {
    struct decimal at, last, step;
};

static int numeric_fail(struct sets_call *c, const char *what, bool nan)
{
    return err_set(&c->context->raised, SQLSTATE_INVALID_PARAMETER_VALUE, "%s cannot be %s", what,
                   nan ? "NaN" : "infinity");
}

static int numbers_open(struct sets_call *c)
{
    static const char *const names[] = {"start value", "stop value", "step size"};
    struct numbers *s = calloc(1, sizeof(*s));
    struct decimal *parts[3];
    c->state = s;
    if (s == NULL)
        return no_memory(c);
    parts[0] = &s->at;
    parts[1] = &s->last;
    parts[2] = &s->step;
    for (int i = 0; i < 3; i++) {
        if (!decimal_parse(functions_slice(c->argv[i]), parts[i]))
            return no_memory(c);
        if (parts[i]->nan || parts[i]->infinite)
            return numeric_fail(c, names[i], parts[i]->nan);
    }
    if (s->step.n == 0)
        return err_set(&c->context->raised, SQLSTATE_INVALID_PARAMETER_VALUE,
                       "step size cannot equal zero");
    return 0;
}

static int numbers_next(struct sets_call *c)
{
    struct numbers *s = c->state;
    struct decimal sum;
    int order = decimal_compare(&s->at, &s->last);
    if (s->step.negative ? order < 0 : order > 0)
        return 0;
    decimal_print(&s->at, &c->text);
    sets_text(c, 0, buf_peek(&c->text));
    if (!decimal_add(&s->at, &s->step, false, &sum))
        return no_memory(c);
    decimal_free(&s->at);
    s->at = sum;
    return 1;
}

static void numbers_close(struct sets_call *c)
{
    struct numbers *s = c->state;
    if (s == NULL)
        return;
    decimal_free(&s->at);
    decimal_free(&s->last);
    decimal_free(&s->step);
    free(s);
}

/* -- series_time(first, last, step, 1 for timestamptz) -- */

struct times {
    int64_t at, last;
    struct types_interval step;
    bool zoned, down;
};

static int times_open(struct sets_call *c)
{
    struct times *s = calloc(1, sizeof(*s));
    c->state = s;
    if (s == NULL)
        return no_memory(c);
    s->at = sqlite3_value_int64(c->argv[0]);
    s->last = sqlite3_value_int64(c->argv[1]);
    s->zoned = sqlite3_value_int(c->argv[3]) != 0;
    if (!types_interval_unpack(functions_slice(c->argv[2]), &s->step))
        return err_set(&c->context->raised, SQLSTATE_INTERNAL_ERROR, "stored interval is damaged");
    __int128 span = ((__int128)s->step.months * 30 + s->step.days) * DAY + s->step.us;
    s->down = span < 0;
    if (span == 0)
        return err_set(&c->context->raised, SQLSTATE_INVALID_PARAMETER_VALUE,
                       "step size cannot equal zero");
    return 0;
}

static int times_next(struct sets_call *c)
{
    struct times *s = c->state;
    if (s->down ? s->at < s->last : s->at > s->last)
        return 0;
    sets_int(c, 0, s->at);
    return time_add(&c->context->types, s->zoned, s->at, &s->step, &s->at, &c->context->raised) < 0
               ? -1
               : 1;
}

const struct sets_function sets_text_functions[] = {
    {"items", true, NULL, items_next, NULL},
    {"series_numeric", true, numbers_open, numbers_next, numbers_close},
    {"series_time", true, times_open, times_next, NULL},
};
const size_t sets_text_n = sizeof(sets_text_functions) / sizeof(sets_text_functions[0]);
