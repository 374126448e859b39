/* sets_array.c: rows of arrays and series; see sets.h. */
#include "daemon/store/sets.h"

#include "daemon/store/array.h"
#include "daemon/store/functions_impl.h"

#include <stdlib.h>

static int no_memory(struct sets_call *c)
{
    return err_set(&c->context->raised, SQLSTATE_OUT_OF_MEMORY, "out of memory");
}

/* -- value(x): one row of what is no set -- */

static int value_next(struct sets_call *c)
{
    if (c->state != NULL)
        return 0;
    c->state = malloc(1);
    if (c->state == NULL)
        return no_memory(c);
    for (int i = 0; i < c->argc && i < c->ncolumns; i++)
        functions_value(c->argv[i], &c->out[i]);
    return 1;
}

/* -- unnest(type of the array, array) -- */

struct unnest {
    struct array array;
    size_t at;
    struct buf scratch;
};

static int unnest_open(struct sets_call *c)
{
    struct unnest *u = calloc(1, sizeof(*u));
    c->state = u;
    if (u == NULL)
        return no_memory(c);
    buf_init(&u->scratch, (size_t)256 << 20);
    if (array_parse(functions_slice(c->argv[1]), false, &u->array) < 0)
        return err_set(&c->context->raised, SQLSTATE_INTERNAL_ERROR, "a stored array is malformed");
    return 0;
}

/* members(type of the array, array): of a NULL array one NULL, which is what = ANY needs. */
static int members_open(struct sets_call *c)
{
    if (!functions_null(c->argc, c->argv))
        return unnest_open(c);
    struct unnest *u = calloc(1, sizeof(*u));
    c->state = u;
    if (u == NULL)
        return no_memory(c);
    array_init(&u->array);
    array_add(&u->array, (struct slice){NULL, 0});
    buf_init(&u->scratch, 1);
    return u->array.failed ? no_memory(c) : 0;
}

static int unnest_next(struct sets_call *c)
{
    struct unnest *u = c->state;
    if (u->at == u->array.n)
        return 0;
    struct slice text = array_item(&u->array, u->at++);
    buf_reset(&u->scratch);
    if (text.data != NULL &&
        functions_element(c->context, (uint32_t)sqlite3_value_int64(c->argv[0]), text, &u->scratch,
                          &c->out[0]) < 0)
        return -1;
    return 1;
}

/* expand(type of the array, array): x, and its place from 1; of several dimensions x is NULL. */
static int expand_next(struct sets_call *c)
{
    struct unnest *u = c->state;
    int64_t place = (int64_t)u->at + 1;
    if (u->array.ndim > 1 && place <= u->array.dims[0])
        u->at++;
    else if (u->array.ndim > 1 || unnest_next(c) <= 0)
        return u->array.ndim <= 1 && u->at < u->array.n ? -1 : 0;
    sets_int(c, 1, place);
    return 1;
}

static void unnest_close(struct sets_call *c)
{
    struct unnest *u = c->state;
    if (u == NULL)
        return;
    array_release(&u->array);
    buf_release(&u->scratch);
    free(u);
}

/* -- generate_series of integers; generate_subscripts becomes one -- */

struct series {
    int64_t at, last, step;
    bool end;
};

static int series_start(struct sets_call *c, int64_t first, int64_t last, int64_t step)
{
    struct series *s = malloc(sizeof(*s));
    c->state = s;
    if (s == NULL)
        return no_memory(c);
    *s = (struct series){first, last, step, step > 0 ? first > last : first < last};
    return 0;
}

static int series_open(struct sets_call *c)
{
    int64_t step = c->argc > 2 ? sqlite3_value_int64(c->argv[2]) : 1;
    if (step == 0)
        return err_set(&c->context->raised, SQLSTATE_INVALID_PARAMETER_VALUE,
                       "step size cannot equal zero");
    return series_start(c, sqlite3_value_int64(c->argv[0]), sqlite3_value_int64(c->argv[1]), step);
}

static int series_next(struct sets_call *c)
{
    struct series *s = c->state;
    if (s == NULL || s->end)
        return 0;
    sets_int(c, 0, s->at);
    s->end = __builtin_add_overflow(s->at, s->step, &s->at) ||
             (s->step > 0 ? s->at > s->last : s->at < s->last);
    return 1;
}

/* subscripts(type of the array, array, dimension, reversed) */
static int subscripts_open(struct sets_call *c)
{
    struct array a;
    uint32_t type = (uint32_t)sqlite3_value_int64(c->argv[0]);
    int64_t d = sqlite3_value_int64(c->argv[2]) - 1;
    if (array_parse(functions_slice(c->argv[1]), types_is_vector(type), &a) < 0)
        return err_set(&c->context->raised, SQLSTATE_INTERNAL_ERROR, "a stored array is malformed");
    bool some = d >= 0 && d < a.ndim;
    int64_t low = some ? a.lower[d] : 1, high = some ? low + a.dims[d] - 1 : 0;
    array_release(&a);
    return sqlite3_value_int64(c->argv[3]) && some ? series_start(c, high, low, -1)
                                                   : series_start(c, low, high, 1);
}

const struct sets_function sets_array_functions[] = {
    {"value", false, NULL, value_next, NULL},
    {"unnest", true, unnest_open, unnest_next, unnest_close},
    {"expand", true, unnest_open, expand_next, unnest_close},
    {"members", false, members_open, unnest_next, unnest_close},
    {"series", true, series_open, series_next, NULL},
    {"subscripts", true, subscripts_open, series_next, NULL},
};
const size_t sets_array_n = sizeof(sets_array_functions) / sizeof(sets_array_functions[0]);
