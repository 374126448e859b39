/* functions_statistics.c: aggregates of numbers and intervals, plain and in windows.
 *
 * Each keeps a running state that is fed value by value, in order, as PostgreSQL's are.  In a
 * window whose frame moves, what leaves cannot be taken out of a state of floating point again: so
 * there the values of the frame are kept, and the state is made anew for each row. */
#include "daemon/store/functions_time.h"

#include <math.h>
#include <stdlib.h>

enum kind { REAL, PAIR, EXACT, SPAN, BITS, EXTREME };

struct state {
    double n, sx, sxx, sy, syy, sxy; /* REAL, PAIR */
    bool overflow;
    struct decimal sum, squares; /* EXACT */
    int64_t count;
    bool nan, above, below, failed; /* NaN and infinities were among them */
    struct types_interval span;     /* SPAN, EXTREME */
    int64_t bits;                   /* BITS */
};

enum answer {
    SUM4,
    SUM8,
    AVG8,
    VAR_POP,
    VAR_SAMP,
    STDDEV_POP,
    STDDEV_SAMP,
    BIT_AND,
    BIT_OR,
    BIT_XOR,
    MINIMUM,
    MAXIMUM,
    COUNT,
    SXX,
    SYY,
    SXY,
    AVGX,
    AVGY,
    COVAR_POP,
    COVAR_SAMP,
    CORR,
    R2,
    SLOPE,
    INTERCEPT
};

struct aggregate {
    const char *name;
    enum kind kind;
    enum answer answer;
};

/* -- feeding -- */

static double unless_infinite(double v)
{
    return isinf(v) ? NAN : v;
}

/* The sums of squares by the recurrence of Youngs and Cramer. */
static void feed_real(struct state *s, double v)
{
    double n = s->n, before = s->sx;
    s->n += 1;
    s->sx += v;
    if (n > 0) {
        double d = v * s->n - s->sx;
        s->sxx += d * d / (s->n * n);
        if (isinf(s->sx) || isinf(s->sxx)) {
            s->overflow = s->overflow || (!isinf(before) && !isinf(v));
            s->sxx = NAN;
        }
    } else if (isnan(v) || isinf(v)) {
        s->sxx = NAN;
    }
}

static void feed_pair(struct state *s, double y, double x)
{
    double n = s->n, sx = s->sx, sy = s->sy;
    s->n += 1;
    s->sx += x;
    s->sy += y;
    if (n > 0) {
        double dx = x * s->n - s->sx, dy = y * s->n - s->sy, scale = 1.0 / (s->n * n);
        s->sxx += dx * dx * scale;
        s->syy += dy * dy * scale;
        s->sxy += dx * dy * scale;
        bool finite_x = !isinf(sx) && !isinf(x), finite_y = !isinf(sy) && !isinf(y);
        s->overflow = s->overflow || ((isinf(s->sx) || isinf(s->sxx)) && finite_x) ||
                      ((isinf(s->sy) || isinf(s->syy)) && finite_y) ||
                      (isinf(s->sxy) && finite_x && finite_y);
        s->sxx = unless_infinite(s->sxx);
        s->syy = unless_infinite(s->syy);
        s->sxy = unless_infinite(s->sxy);
        return;
    }
    if (isnan(x) || isinf(x))
        s->sxx = s->sxy = NAN;
    if (isnan(y) || isinf(y))
        s->syy = s->sxy = NAN;
}

static bool add_to(struct decimal *sum, const struct decimal *v)
{
    struct decimal r = {.n = 0};
    bool ok = sum->digits == NULL ? decimal_copy(v, &r) : decimal_add(sum, v, false, &r);
    decimal_free(sum);
    *sum = r;
    return ok;
}

static void feed_exact(struct state *s, sqlite3_value *v, bool squares)
{
    struct decimal one = {.n = 0}, square = {.n = 0};
    bool ok = sqlite3_value_type(v) == SQLITE_INTEGER ? decimal_of_int(sqlite3_value_int64(v), &one)
                                                      : decimal_parse(functions_slice(v), &one);
    s->count++;
    if (ok && decimal_special(&one)) {
        s->nan = s->nan || one.nan;
        s->above = s->above || (one.infinite && !one.negative);
        s->below = s->below || (one.infinite && one.negative);
    } else {
        ok = ok && add_to(&s->sum, &one);
        if (squares)
            ok = ok && decimal_mul(&one, &one, &square) && add_to(&s->squares, &square);
    }
    s->failed = s->failed || !ok;
    decimal_free(&one);
    decimal_free(&square);
}

static void feed_span(struct state *s, sqlite3_value *v)
{
    struct types_interval one;
    if (!types_interval_unpack(functions_slice(v), &one) ||
        __builtin_add_overflow(s->span.us, one.us, &s->span.us) ||
        __builtin_add_overflow(s->span.days, one.days, &s->span.days) ||
        __builtin_add_overflow(s->span.months, one.months, &s->span.months))
        s->overflow = true;
    s->count++;
}

static __int128 length(const struct types_interval *v)
{
    return ((__int128)v->months * 30 + v->days) * DAY + v->us;
}

static void feed_extreme(struct state *s, sqlite3_value *v, bool greatest)
{
    struct types_interval one;
    if (!types_interval_unpack(functions_slice(v), &one)) {
        s->failed = true;
        return;
    }
    if (s->count++ == 0 ||
        (greatest ? length(&one) >= length(&s->span) : length(&one) <= length(&s->span)))
        s->span = one;
}

static void feed_bits(struct state *s, int64_t v, enum answer how)
{
    s->bits = s->count++ == 0  ? v
              : how == BIT_AND ? s->bits & v
              : how == BIT_OR  ? s->bits | v
                               : s->bits ^ v;
}

static void feed(const struct aggregate *a, struct state *s, sqlite3_value **argv)
{
    switch (a->kind) {
    case REAL:
        if (a->answer == SUM4 || a->answer == SUM8) {
            double v = functions_real(argv[0]), sum = s->n > 0 ? s->sx + v : v;
            if (a->answer == SUM4)
                sum = (double)(float)sum;
            s->overflow = s->overflow || (isinf(sum) && !isinf(s->sx) && !isinf(v));
            s->sx = sum;
            s->n += 1;
        } else {
            feed_real(s, functions_real(argv[0]));
        }
        break;
    case PAIR:
        feed_pair(s, functions_real(argv[0]), functions_real(argv[1]));
        break;
    case EXACT:
        feed_exact(s, argv[0], a->answer != SUM8 && a->answer != AVG8);
        break;
    case SPAN:
        feed_span(s, argv[0]);
        break;
    case BITS:
        feed_bits(s, sqlite3_value_int64(argv[0]), a->answer);
        break;
    case EXTREME:
        feed_extreme(s, argv[0], a->answer == MAXIMUM);
        break;
    }
}

/* -- answers -- */

static bool real_answer(const struct state *s, enum answer what, double *ret)
{
    bool sample = what == VAR_SAMP || what == STDDEV_SAMP;
    if (s->n < (sample ? 2 : 1))
        return false;
    double variance = s->sxx / (sample ? s->n - 1 : s->n);
    switch (what) {
    case SUM4:
    case SUM8:
        *ret = s->sx;
        return true;
    case AVG8:
        *ret = s->sx / s->n;
        return true;
    case VAR_POP:
    case VAR_SAMP:
        *ret = variance;
        return true;
    default:
        *ret = sqrt(variance);
        return true;
    }
}

static bool pair_answer(const struct state *s, enum answer what, double *ret)
{
    if (s->n < (what == COVAR_SAMP ? 2 : 1))
        return false;
    switch (what) {
    case SXX:
        *ret = s->sxx;
        return true;
    case SYY:
        *ret = s->syy;
        return true;
    case SXY:
        *ret = s->sxy;
        return true;
    case AVGX:
        *ret = s->sx / s->n;
        return true;
    case AVGY:
        *ret = s->sy / s->n;
        return true;
    case COVAR_POP:
        *ret = s->sxy / s->n;
        return true;
    case COVAR_SAMP:
        *ret = s->sxy / (s->n - 1);
        return true;
    case CORR:
        *ret = s->sxy / sqrt(s->sxx * s->syy);
        return s->sxx != 0 && s->syy != 0;
    case R2:
        *ret = s->syy == 0 ? 1 : (s->sxy * s->sxy) / (s->sxx * s->syy);
        return s->sxx != 0;
    case SLOPE:
        *ret = s->sxy / s->sxx;
        return s->sxx != 0;
    default:
        *ret = (s->sy - s->sx * s->sxy / s->sxx) / s->n;
        return s->sxx != 0;
    }
}

/* (N sum(x^2) - sum(x)^2) / (N (N - 1)), or / N^2 */
static bool exact_variance(const struct state *s, enum answer what, struct decimal *ret)
{
    bool sample = what == VAR_SAMP || what == STDDEV_SAMP;
    struct decimal n = {.n = 0}, a = {.n = 0}, b = {.n = 0}, top = {.n = 0}, below = {.n = 0};
    bool ok = decimal_of_int(s->count, &n) && decimal_mul(&n, &s->squares, &a) &&
              decimal_mul(&s->sum, &s->sum, &b) && decimal_add(&a, &b, true, &top) &&
              decimal_of_int(sample ? s->count - 1 : s->count, &below);
    decimal_free(&a);
    decimal_free(&b);
    ok = ok && decimal_mul(&n, &below, &a);
    if (ok && (top.n == 0 || top.negative)) {
        ok = decimal_of_int(0, ret);
    } else if (ok) {
        struct decimal variance = {.n = 0};
        ok = decimal_div(&top, &a, -1, false, &variance);
        if (ok && (what == STDDEV_POP || what == STDDEV_SAMP)) {
            ok = decimal_sqrt(&variance, variance.scale, ret);
            decimal_free(&variance);
        } else {
            *ret = variance;
        }
    }
    decimal_free(&n);
    decimal_free(&a);
    decimal_free(&top);
    decimal_free(&below);
    return ok;
}

static bool exact_total(const struct state *s, enum answer what, struct decimal *ret)
{
    struct decimal n = {.n = 0};
    if (what == SUM8)
        return decimal_copy(&s->sum, ret);
    bool ok = decimal_of_int(s->count, &n) && decimal_div(&s->sum, &n, -1, false, ret);
    decimal_free(&n);
    return ok;
}

static void exact_answer(sqlite3_context *ctx, const struct state *s, enum answer what)
{
    struct decimal r = {.n = 0};
    bool sample = what == VAR_SAMP || what == STDDEV_SAMP;
    if (s->count < (sample ? 2 : 1))
        return;
    bool total = what == SUM8 || what == AVG8, infinite = s->above || s->below;
    if (s->nan || (s->above && s->below) || (infinite && !total))
        functions_result_special(ctx, 0);
    else if (infinite)
        functions_result_special(ctx, s->above ? 1 : -1);
    else
        functions_result_decimal(
            ctx, !s->failed && (total ? exact_total(s, what, &r) : exact_variance(s, what, &r)),
            &r);
}

static void answer(sqlite3_context *ctx, const struct aggregate *a, const struct state *s)
{
    double r;
    if (a->answer == COUNT) {
        sqlite3_result_int64(ctx, (int64_t)s->n);
        return;
    }
    switch (a->kind) {
    case REAL:
    case PAIR:
        if (s->overflow)
            functions_fail(ctx, SQLSTATE_NUMERIC_VALUE_OUT_OF_RANGE,
                           "value out of range: overflow");
        else if (a->kind == REAL ? real_answer(s, a->answer, &r) : pair_answer(s, a->answer, &r))
            functions_result_real(ctx, r);
        break;
    case EXACT:
        exact_answer(ctx, s, a->answer);
        break;
    case SPAN:
        if (s->overflow)
            functions_fail(ctx, "22008", "interval out of range");
        else if (s->count > 0 && a->answer == AVG8)
            functions_interval_scale(ctx, &s->span, (double)s->count, true);
        else if (s->count > 0)
            functions_interval_result(ctx, &s->span);
        break;
    case BITS:
        if (s->count > 0)
            sqlite3_result_int64(ctx, s->bits);
        break;
    case EXTREME:
        if (s->count > 0)
            functions_interval_result(ctx, &s->span);
        break;
    }
}

#define AGGREGATES(X)                                                                              \
    X(sum_float4, REAL, SUM4, plain_final)                                                         \
    X(sum_float8, REAL, SUM8, plain_final)                                                         \
    X(avg_float8, REAL, AVG8, plain_final)                                                         \
    X(var_pop_float, REAL, VAR_POP, plain_final)                                                   \
    X(var_samp_float, REAL, VAR_SAMP, plain_final)                                                 \
    X(stddev_pop_float, REAL, STDDEV_POP, plain_final)                                             \
    X(stddev_samp_float, REAL, STDDEV_SAMP, plain_final)                                           \
    X(var_pop_numeric, EXACT, VAR_POP, plain_final)                                                \
    X(var_samp_numeric, EXACT, VAR_SAMP, plain_final)                                              \
    X(stddev_pop_numeric, EXACT, STDDEV_POP, plain_final)                                          \
    X(stddev_samp_numeric, EXACT, STDDEV_SAMP, plain_final)                                        \
    X(sum_exact, EXACT, SUM8, plain_final)                                                         \
    X(avg_exact, EXACT, AVG8, plain_final)                                                         \
    X(sum_interval, SPAN, SUM8, plain_final)                                                       \
    X(avg_interval, SPAN, AVG8, plain_final)                                                       \
    X(min_interval, EXTREME, MINIMUM, plain_final)                                                 \
    X(max_interval, EXTREME, MAXIMUM, plain_final)                                                 \
    X(bit_and, BITS, BIT_AND, plain_final)                                                         \
    X(bit_or, BITS, BIT_OR, plain_final)                                                           \
    X(bit_xor, BITS, BIT_XOR, plain_final)                                                         \
    X(regr_count, PAIR, COUNT, count_final)                                                        \
    X(regr_sxx, PAIR, SXX, plain_final)                                                            \
    X(regr_syy, PAIR, SYY, plain_final)                                                            \
    X(regr_sxy, PAIR, SXY, plain_final)                                                            \
    X(regr_avgx, PAIR, AVGX, plain_final)                                                          \
    X(regr_avgy, PAIR, AVGY, plain_final)                                                          \
    X(covar_pop, PAIR, COVAR_POP, plain_final)                                                     \
    X(covar_samp, PAIR, COVAR_SAMP, plain_final)                                                   \
    X(corr, PAIR, CORR, plain_final)                                                               \
    X(regr_r2, PAIR, R2, plain_final)                                                              \
    X(regr_slope, PAIR, SLOPE, plain_final)                                                        \
    X(regr_intercept, PAIR, INTERCEPT, plain_final)

#define ROW(name, kind, answer, final) {#name, kind, answer},
static const struct aggregate aggregates[] = {AGGREGATES(ROW)};

#define ID(name, kind, answer, final) ID_##name,
enum id { AGGREGATES(ID) };

/* -- what SQLite calls: pgf_<name>(value ...), and pgf_window('name', value ...) -- */

static const struct aggregate *find(const char *name, size_t len)
{
    for (size_t i = 0; i < sizeof(aggregates) / sizeof(aggregates[0]); i++)
        if (strlen(aggregates[i].name) == len && memcmp(aggregates[i].name, name, len) == 0)
            return &aggregates[i];
    return NULL;
}

bool functions_moves(const char *name, size_t len)
{
    return len > 4 && memcmp(name, "pgf_", 4) == 0 && find(name + 4, len - 4) != NULL;
}

struct running {
    const struct aggregate *aggregate;
    struct state state;
};

static void state_free(struct state *s)
{
    decimal_free(&s->sum);
    decimal_free(&s->squares);
}

static void plain_step(sqlite3_context *ctx, const struct aggregate *a, int argc,
                       sqlite3_value **argv)
{
    struct running *r = sqlite3_aggregate_context(ctx, sizeof(*r));
    if (r == NULL)
        return;
    r->aggregate = a;
    if (!functions_null(argc, argv))
        feed(a, &r->state, argv);
}

#define STEP(name, kind, answer, final)                                                            \
    static void step_##name(sqlite3_context *ctx, int argc, sqlite3_value **argv)                  \
    {                                                                                              \
        plain_step(ctx, &aggregates[ID_##name], argc, argv);                                       \
    }
AGGREGATES(STEP)

static void plain_final(sqlite3_context *ctx)
{
    struct running *r = sqlite3_aggregate_context(ctx, 0);
    if (r == NULL || r->aggregate == NULL)
        return; /* no rows: NULL */
    answer(ctx, r->aggregate, &r->state);
    state_free(&r->state);
}

static void count_final(sqlite3_context *ctx)
{
    if (sqlite3_aggregate_context(ctx, 0) == NULL)
        sqlite3_result_int(ctx, 0);
    else
        plain_final(ctx);
}

/* The rows of a frame, oldest first. */
struct frame {
    const struct aggregate *aggregate;
    sqlite3_value **values; /* two for each row, from [first] */
    size_t first, n, cap;
    bool failed;
};

static void frame_step(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    struct frame *f = sqlite3_aggregate_context(ctx, sizeof(*f));
    if (f == NULL || f->failed)
        return;
    struct slice name = functions_slice(argv[0]);
    f->aggregate = f->aggregate ? f->aggregate : find(name.data, name.len);
    if (f->first + f->n + 2 > f->cap) {
        size_t cap = f->n * 2 + 32;
        sqlite3_value **values = calloc(cap, sizeof(values[0]));
        f->failed = values == NULL;
        if (f->failed)
            return;
        if (f->n > 0)
            memcpy(values, f->values + f->first, f->n * sizeof(values[0]));
        free(f->values);
        f->values = values;
        f->first = 0;
        f->cap = cap;
    }
    for (int i = 1; i <= 2; i++) {
        sqlite3_value *copy = sqlite3_value_dup(argv[i < argc ? i : 1]);
        f->failed = f->failed || copy == NULL;
        f->values[f->first + f->n++] = copy;
    }
}

static void frame_inverse(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    struct frame *f = sqlite3_aggregate_context(ctx, 0);
    (void)argc;
    (void)argv;
    if (f == NULL || f->n < 2)
        return;
    for (int i = 0; i < 2; i++)
        sqlite3_value_free(f->values[f->first + (size_t)i]);
    f->first += 2;
    f->n -= 2;
}

static void frame_value(sqlite3_context *ctx)
{
    struct frame *f = sqlite3_aggregate_context(ctx, 0);
    struct state s = {.n = 0};
    if (f == NULL || f->aggregate == NULL)
        return;
    if (f->failed) {
        sqlite3_result_error_nomem(ctx);
        return;
    }
    int argc = f->aggregate->kind == PAIR ? 2 : 1;
    for (size_t i = f->first; i < f->first + f->n; i += 2)
        if (!functions_null(argc, f->values + i))
            feed(f->aggregate, &s, f->values + i);
    answer(ctx, f->aggregate, &s);
    state_free(&s);
}

static void frame_final(sqlite3_context *ctx)
{
    struct frame *f = sqlite3_aggregate_context(ctx, 0);
    frame_value(ctx);
    for (size_t i = 0; f != NULL && i < f->n; i++)
        sqlite3_value_free(f->values[f->first + i]);
    if (f != NULL)
        free(f->values);
}

int functions_statistics_register(struct sqlite3 *db, struct store_context *context)
{
    int flags = SQLITE_UTF8 | SQLITE_INNOCUOUS | SQLITE_DETERMINISTIC;
    int rc = sqlite3_create_window_function(db, "pgf_window", -1, flags, context, frame_step,
                                            frame_final, frame_value, frame_inverse, NULL);
    return rc;
}

#define FUNCTION(name, kind, answer, final) {"pgf_" #name, -1, true, NULL, step_##name, final},
const struct function_row functions_statistics_rows[] = {AGGREGATES(FUNCTION)};
const size_t functions_statistics_n =
    sizeof(functions_statistics_rows) / sizeof(functions_statistics_rows[0]);
