/* functions_aggregate.c: aggregates that SQLite lacks or computes differently.
 *
 * The collecting ones keep their rows until the end.  With ORDER BY they get further arguments
 * after their own: a text with a digit for each key (1 descending, 2 NULLs first, 4 numeric), then
 * the keys; a `u` in front of the digits is DISTINCT.  A type that compare.h compares has its digit
 * as a letter from `a`, with its oid and a `;` behind. */
#include "daemon/store/compare.h"
#include "daemon/store/functions_array.h"
#include "daemon/store/functions_rows.h"

#include <malloc.h>
#include <stdlib.h>

enum {
    KEYS_MAX = 128,
    VALUE_BYTES = 80,      /* one that is kept, and what belongs to it */
    ROWS_MAX = 512 << 20,  /* bytes of an aggregate's rows */
    ROWS_MANY = 16 << 20,  /* ... that are given back to the system, not to malloc */
};

/* -- the row of a scalar subquery -- */

struct single {
    sqlite3_value *value;
    bool any;
};

static void single_step(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    struct single *s = sqlite3_aggregate_context(ctx, sizeof(*s));
    (void)argc;
    if (s == NULL)
        return;
    if (s->any) {
        functions_fail(ctx, "21000",
                       "more than one row returned by a subquery used as an expression");
        return;
    }
    s->any = true;
    s->value = sqlite3_value_dup(argv[0]);
}

static void single_final(sqlite3_context *ctx)
{
    struct single *s = sqlite3_aggregate_context(ctx, 0);
    if (s == NULL || s->value == NULL)
        return;
    sqlite3_result_value(ctx, s->value);
    sqlite3_value_free(s->value);
}

/* -- collecting -- */

void functions_rows_step(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    struct rows *r = sqlite3_aggregate_context(ctx, sizeof(*r));
    if (r == NULL || r->failed)
        return;
    r->argc = argc;
    if (r->n == r->cap) {
        size_t cap = r->cap == 0 ? 16 : r->cap * 2;
        struct row *rows = realloc(r->rows, cap * sizeof(rows[0]));
        r->failed = rows == NULL;
        if (r->failed)
            return;
        r->rows = rows;
        r->cap = cap;
    }
    sqlite3_value **values = calloc((size_t)argc, sizeof(values[0]));
    r->failed = values == NULL;
    r->bytes += sizeof(values) + sizeof(void *) * (size_t)argc;
    for (int i = 0; values != NULL && i < argc; i++) {
        values[i] = sqlite3_value_dup(argv[i]);
        r->failed = r->failed || values[i] == NULL;
        r->bytes += VALUE_BYTES + (sqlite3_value_type(argv[i]) == SQLITE_TEXT
                                       ? (size_t)sqlite3_value_bytes(argv[i])
                                       : 0);
    }
    if (r->bytes > ROWS_MAX) {
        functions_fail(ctx, SQLSTATE_PROGRAM_LIMIT_EXCEEDED, "too much to aggregate");
        r->failed = true;
    }
    if (values != NULL)
        r->rows[r->n++].values = values;
}

static void row_free(struct row *row, int argc)
{
    for (int i = 0; i < argc; i++)
        sqlite3_value_free(row->values[i]);
    free(row->values);
}

void functions_rows_free(struct rows *r)
{
    if (r->shown)
        return;
    for (size_t k = 0; k < r->n; k++)
        row_free(&r->rows[k], r->argc);
    free(r->rows);
    if (r->bytes > ROWS_MANY)
        (void)malloc_trim(0);
}

/* How one key sorts. */
struct key {
    bool descending, nulls_first, numeric;
    uint32_t type; /* 0: SQLite's own order of the values */
};

struct order {
    const struct types_set *types;
    int first; /* argument that says it; the keys follow */
    struct key keys[KEYS_MAX];
    int n;
    bool unique; /* DISTINCT: of rows with equal keys only the first */
};

static int compare_key(const struct order *o, const struct key *k, sqlite3_value *a,
                       sqlite3_value *b)
{
    int atype = sqlite3_value_type(a), btype = sqlite3_value_type(b), c;
    if (atype == SQLITE_NULL || btype == SQLITE_NULL) {
        c = (atype == SQLITE_NULL) - (btype == SQLITE_NULL);
        return k->nulls_first ? -c : c;
    }
    struct slice x = functions_slice(a), y = functions_slice(b);
    if (atype != btype) { /* a number, and NaN */
        c = btype == SQLITE_TEXT ? -1 : 1;
    } else if (k->type != 0) {
        struct types_value v, w;
        functions_value(a, &v);
        functions_value(b, &w);
        c = compare_values(o->types, k->type, &v, &w);
    } else if (atype == SQLITE_INTEGER) {
        int64_t i = sqlite3_value_int64(a), m = sqlite3_value_int64(b);
        c = (i > m) - (i < m);
    } else if (atype == SQLITE_FLOAT) {
        double i = sqlite3_value_double(a), m = sqlite3_value_double(b);
        c = (i > m) - (i < m);
    } else if (k->numeric) {
        c = types_numeric_compare(x, y);
    } else {
        size_t n = x.len < y.len ? x.len : y.len;
        c = n == 0 ? 0 : memcmp(x.data, y.data, n);
        c = c != 0 ? c : (x.len > y.len) - (x.len < y.len);
    }
    return k->descending ? -c : c;
}

static int compare_rows(const void *a, const void *b, void *arg)
{
    const struct order *o = arg;
    const struct row *x = a, *y = b;
    for (int i = 0; i < o->n; i++) {
        int c =
            compare_key(o, &o->keys[i], x->values[o->first + 1 + i], y->values[o->first + 1 + i]);
        if (c != 0)
            return c;
    }
    return 0;
}

/* Read what is said of the keys. */
static void order_init(struct order *o, const struct types_set *types, int first, const char *how)
{
    *o = (struct order){.types = types, .first = first, .unique = *how == 'u'};
    for (how += o->unique; *how != '\0' && o->n < KEYS_MAX;) {
        char *end = NULL;
        bool typed = *how >= 'a';
        int bits = *how++ - (typed ? 'a' : '0');
        uint32_t type = typed ? (uint32_t)strtoul(how, &end, 10) : 0;
        if (typed)
            how = *end == ';' ? end + 1 : end;
        o->keys[o->n++] = (struct key){bits & 1, bits & 2, bits & 4, type};
    }
}

/* Merge sort: stable, as PostgreSQL's inputs arrive in order. */
static void sort_rows(struct row *rows, struct row *spare, size_t n, struct order *o)
{
    if (n < 2)
        return;
    size_t half = n / 2;
    sort_rows(rows, spare, half, o);
    sort_rows(rows + half, spare, n - half, o);
    memcpy(spare, rows, half * sizeof(rows[0]));
    for (size_t i = 0, k = half, to = 0; i < half; to++) {
        if (k < n && compare_rows(&rows[k], &spare[i], o) < 0)
            rows[to] = rows[k++];
        else
            rows[to] = spare[i++];
    }
}

static void drop_repeated(struct rows *r, struct order *o)
{
    size_t n = 1;
    for (size_t k = 1; k < r->n; k++)
        if (compare_rows(&r->rows[k], &r->rows[n - 1], o) == 0)
            row_free(&r->rows[k], r->argc);
        else
            r->rows[n++] = r->rows[k];
    r->n = n;
}

/* The rows, sorted if ORDER BY came after the ${own} arguments; NULL: no rows, or an error is set.
 */
struct rows *functions_rows(sqlite3_context *ctx, int own)
{
    struct rows *r = sqlite3_aggregate_context(ctx, 0);
    if (r == NULL || (r->n == 0 && !r->failed)) {
        if (r != NULL) /* all have left the frame */
            functions_rows_free(r);
        return NULL;
    }
    if (!r->failed && r->argc > own) {
        const char *how = (const char *)sqlite3_value_text(r->rows[0].values[own]);
        struct order o = {.n = 0};
        struct row *spare = malloc(r->n * sizeof(spare[0]));
        r->failed = spare == NULL || how == NULL;
        if (!r->failed)
            order_init(&o, functions_context(ctx)->types.set, own, how);
        if (!r->failed)
            sort_rows(r->rows, spare, r->n, &o);
        if (!r->failed && o.unique)
            drop_repeated(r, &o);
        free(spare);
    }
    if (r->failed) {
        functions_rows_free(r);
        sqlite3_result_error_nomem(ctx);
        return NULL;
    }
    return r;
}

bool functions_rows_equal(sqlite3_context *ctx, const struct rows *r, size_t a, size_t b, int own)
{
    const char *how = (const char *)sqlite3_value_text(r->rows[0].values[own]);
    struct order o;
    if (how == NULL)
        return false;
    order_init(&o, functions_context(ctx)->types.set, own, how);
    return compare_rows(&r->rows[a], &r->rows[b], &o) == 0;
}

/* The values that are not NULL, each but the first behind its separator. */
static void join(sqlite3_context *ctx, void (*finish)(sqlite3_context *ctx, struct buf *out))
{
    struct rows *r = functions_rows(ctx, 2);
    struct buf out;
    bool any = false;
    if (r == NULL)
        return;
    functions_buf(&out);
    for (size_t k = 0; k < r->n; k++) {
        sqlite3_value **v = r->rows[k].values;
        if (functions_is_null(v[0]))
            continue;
        struct slice part = functions_slice(v[0]), by = functions_slice(v[1]);
        if (any)
            buf_append(&out, by.data, by.len);
        buf_append(&out, part.data, part.len);
        any = true;
    }
    functions_rows_free(r);
    if (any)
        finish(ctx, &out);
    else
        buf_release(&out);
}

static void string_agg_final(sqlite3_context *ctx)
{
    join(ctx, functions_finish);
}

static void bytes_agg_final(sqlite3_context *ctx)
{
    join(ctx, functions_finish_bytes);
}

/* One array of all rows, of ${own} arguments each. */
static void collect(sqlite3_context *ctx, int own,
                    bool (*add)(sqlite3_context *ctx, sqlite3_value **values, struct array *a))
{
    struct rows *r = functions_rows(ctx, own);
    struct array a;
    bool ok = true;
    if (r == NULL)
        return;
    array_init(&a);
    for (size_t k = 0; ok && k < r->n; k++)
        ok = add(ctx, r->rows[k].values, &a);
    functions_rows_free(r);
    if (ok)
        array_result(ctx, &a);
    else
        array_release(&a);
}

static bool add_value(sqlite3_context *ctx, sqlite3_value **values, struct array *a)
{
    bool ok = array_add_value(ctx, (uint32_t)sqlite3_value_int64(values[0]), values[1], a);
    array_flat(a);
    return ok;
}

/* pgf_array_agg(element type, value) */
static void array_agg_final(sqlite3_context *ctx)
{
    collect(ctx, 2, add_value);
}

static bool add_array(sqlite3_context *ctx, sqlite3_value **values, struct array *a)
{
    struct array b;
    if (functions_is_null(values[0])) {
        functions_fail(ctx, "22004", "cannot accumulate null arrays");
        return false;
    }
    if (!array_load(ctx, values[0], 0, &b))
        return false;
    bool some = b.ndim > 0, fits = some && array_nest(a, &b);
    if (!fits)
        functions_fail(ctx, "2202E", "cannot accumulate %s",
                       some ? "arrays of different dimensionality" : "empty arrays");
    array_release(&b);
    return fits;
}

/* pgf_arrays_agg(array) */
static void array_agg_array_final(sqlite3_context *ctx)
{
    collect(ctx, 1, add_array);
}

/* ${own}: the value is the last of so many arguments; of two the first is its type. */
static bool json_rows(sqlite3_context *ctx, struct buf *out, int own)
{
    struct rows *r = functions_rows(ctx, own);
    const struct types_info *type = NULL;
    if (r == NULL)
        return false;
    functions_buf(out);
    for (size_t k = 0; k < r->n; k++) {
        struct slice text = functions_slice(r->rows[k].values[own - 1]);
        if (own == 2)
            type = types_find(functions_context(ctx)->types.set,
                              (uint32_t)sqlite3_value_int64(r->rows[k].values[0]));
        bool lines = type != NULL && (type->category == 'A' || type->type == 'c' ||
                                      type->oid == TYPES_RECORD); /* one on each */
        buf_append(out, k == 0 ? "[" : lines ? ", \n " : ", ", k == 0 ? 1 : lines ? 4 : 2);
        buf_append(out, text.data, text.len);
    }
    buf_append(out, "]", 1);
    functions_rows_free(r);
    return true;
}

static void json_agg_final(sqlite3_context *ctx)
{
    struct buf out;
    if (json_rows(ctx, &out, 2))
        functions_finish(ctx, &out);
}

static void jsonb_agg_final(sqlite3_context *ctx)
{
    struct buf out;
    if (json_rows(ctx, &out, 1))
        functions_finish_jsonb(ctx, &out);
}

static bool object_rows(sqlite3_context *ctx, struct buf *out)
{
    struct rows *r = functions_rows(ctx, 2);
    if (r == NULL)
        return false;
    functions_buf(out);
    for (size_t k = 0; k < r->n; k++) {
        sqlite3_value **v = r->rows[k].values;
        if (functions_is_null(v[0])) {
            functions_fail(ctx, SQLSTATE_INVALID_PARAMETER_VALUE, "field name must not be null");
            buf_release(out);
            functions_rows_free(r);
            return false;
        }
        struct slice text = functions_slice(v[1]);
        buf_append(out, k == 0 ? "{ " : ", ", 2);
        types_json_string(functions_slice(v[0]), out);
        buf_append(out, " : ", 3);
        buf_append(out, text.data, text.len);
    }
    buf_append(out, " }", 2);
    functions_rows_free(r);
    return true;
}

static void json_object_agg_final(sqlite3_context *ctx)
{
    struct buf out;
    if (object_rows(ctx, &out))
        functions_finish(ctx, &out);
}

static void jsonb_object_agg_final(sqlite3_context *ctx)
{
    struct buf out;
    if (object_rows(ctx, &out))
        functions_finish_jsonb(ctx, &out);
}

/* -- in windows: the oldest row leaves the frame -- */

static void rows_inverse(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    struct rows *r = sqlite3_aggregate_context(ctx, 0);
    (void)argc;
    (void)argv;
    if (r == NULL || r->n == 0)
        return;
    row_free(&r->rows[0], r->argc);
    r->n--;
    memmove(r->rows, r->rows + 1, r->n * sizeof(r->rows[0]));
}

/* What ${final} would say, while the rows stay. */
static void rows_value(sqlite3_context *ctx, void (*final)(sqlite3_context *ctx))
{
    struct rows *r = sqlite3_aggregate_context(ctx, 0);
    if (r == NULL)
        return;
    r->shown = true;
    final(ctx);
    r->shown = false;
}

/* pgf_extreme_window(1 max or -1 min, type, value) */
static void extreme_final(sqlite3_context *ctx)
{
    struct rows *r = functions_rows(ctx, 3);
    sqlite3_value *best = NULL;
    for (size_t k = 0; r != NULL && k < r->n; k++) {
        sqlite3_value **v = r->rows[k].values;
        struct types_value a, b;
        if (functions_is_null(v[2]))
            continue;
        functions_value(v[2], &a);
        if (best != NULL)
            functions_value(best, &b);
        if (best == NULL ||
            compare_values(functions_context(ctx)->types.set, (uint32_t)sqlite3_value_int64(v[1]),
                           &a, &b) * sqlite3_value_int(v[0]) >= 0)
            best = v[2];
    }
    if (best != NULL)
        sqlite3_result_value(ctx, best);
    if (r != NULL)
        functions_rows_free(r);
}

#define COLLECTING(X)                                                                              \
    X(string_agg)                                                                                  \
    X(bytes_agg)                                                                                   \
    X(array_agg)                                                                                   \
    X(array_agg_array)                                                                             \
    X(json_agg)                                                                                    \
    X(jsonb_agg)                                                                                   \
    X(json_object_agg)                                                                             \
    X(jsonb_object_agg)                                                                            \
    X(extreme)
#define VALUE(name)                                                                                \
    static void name##_value(sqlite3_context *ctx)                                                 \
    {                                                                                              \
        rows_value(ctx, name##_final);                                                             \
    }
COLLECTING(VALUE)

static const struct {
    const char *name;
    void (*final)(sqlite3_context *ctx), (*value)(sqlite3_context *ctx);
} collecting[] = {
    {"pgf_string_agg", string_agg_final, string_agg_value},
    {"pgf_bytes_agg", bytes_agg_final, bytes_agg_value},
    {"pgf_array_agg", array_agg_final, array_agg_value},
    {"pgf_arrays_agg", array_agg_array_final, array_agg_array_value},
    {"pgf_json_agg", json_agg_final, json_agg_value},
    {"pgf_jsonb_agg", jsonb_agg_final, jsonb_agg_value},
    {"pgf_json_object_agg", json_object_agg_final, json_object_agg_value},
    {"pgf_jsonb_object_agg", jsonb_object_agg_final, jsonb_object_agg_value},
    {"pgf_extreme_window", extreme_final, extreme_value},
};

bool functions_collects(const char *name, size_t len)
{
    for (size_t i = 0; i < sizeof(collecting) / sizeof(collecting[0]); i++)
        if (strlen(collecting[i].name) == len && memcmp(collecting[i].name, name, len) == 0)
            return true;
    return false;
}

int functions_aggregate_register(struct sqlite3 *db, struct store_context *context)
{
    int flags = SQLITE_UTF8 | SQLITE_INNOCUOUS | SQLITE_DETERMINISTIC, rc = SQLITE_OK;
    for (size_t i = 0; rc == SQLITE_OK && i < sizeof(collecting) / sizeof(collecting[0]); i++)
        rc = sqlite3_create_window_function(db, collecting[i].name, -1, flags, context,
                                            functions_rows_step, collecting[i].final,
                                            collecting[i].value, rows_inverse, NULL);
    return rc;
}

const struct function_row functions_aggregate_rows[] = {
    {"pgf_single", 1, true, NULL, single_step, single_final},
};
const size_t functions_aggregate_n =
    sizeof(functions_aggregate_rows) / sizeof(functions_aggregate_rows[0]);
