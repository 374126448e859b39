/* functions_exact.c: roots, exponentials, logarithms and powers of numeric.
 *
 * The scale of a result is PostgreSQL's choice, made from estimates in floating point; the digits
 * are computed with more places than that and rounded once. */
#include "daemon/store/functions_exact.h"

#include <math.h>
#include <stdlib.h>

enum { SIGNIFICANT = 16, SCALE_MAX = 1000, RESULT_SCALE_MAX = 2000, GUARD = 24 };

static int clamp(int scale, int least)
{
    scale = scale > least ? scale : least;
    scale = scale > 0 ? scale : 0;
    return scale < SCALE_MAX ? scale : SCALE_MAX;
}

/* -- steps that replace their first operand; false: without memory -- */

static bool move(struct decimal *to, bool ok, struct decimal *from)
{
    decimal_free(to);
    *to = *from;
    return ok;
}

static bool round_to(struct decimal *a, int scale)
{
    struct decimal r = {.n = 0};
    bool ok = decimal_round(a, scale, false, &r);
    return move(a, ok, &r);
}

bool exact_times(struct decimal *a, const struct decimal *b, int scale)
{
    struct decimal r = {.n = 0};
    bool ok = decimal_mul(a, b, &r);
    return move(a, ok, &r) && ok && round_to(a, scale);
}

bool exact_over(struct decimal *a, const struct decimal *b, int scale)
{
    struct decimal r = {.n = 0};
    bool ok = decimal_div(a, b, scale, false, &r);
    return move(a, ok, &r);
}

static bool over_int(struct decimal *a, int64_t b, int scale)
{
    struct decimal d = {.n = 0};
    bool ok = decimal_of_int(b, &d) && exact_over(a, &d, scale);
    decimal_free(&d);
    return ok;
}

static bool plus(struct decimal *a, const struct decimal *b, bool subtract)
{
    struct decimal r = {.n = 0};
    bool ok = decimal_add(a, b, subtract, &r);
    return move(a, ok, &r);
}

static double to_double(const struct decimal *a)
{
    double v = 0;
    for (int i = 0; i < a->n && i < 6; i++)
        v = v * 10000 + a->digits[i];
    int left = a->weight - (a->n < 6 ? a->n - 1 : 5);
    v *= pow(10000, left);
    return a->negative ? -v : v;
}

bool exact_zero(int scale, struct decimal *ret)
{
    struct decimal zero = {.n = 0};
    bool ok = decimal_of_int(0, &zero) && decimal_round(&zero, scale, false, ret);
    decimal_free(&zero);
    return ok;
}

/* -- exp: the series, of an argument halved until it is small -- */

static bool exponential(const struct decimal *a, int scale, struct decimal *ret)
{
    struct decimal x = {.n = 0}, term = {.n = 0}, sum = {.n = 0};
    double v = to_double(a);
    int halvings = 0, digits = exact_larger((int)(v * 0.4343), 0);
    for (double r = fabs(v); r > 0.01; r /= 2)
        halvings++;
    int work = scale + digits + GUARD + halvings / 3;
    bool ok = decimal_copy(a, &x) && decimal_of_int(1, &term) && decimal_of_int(1, &sum);
    x.scale = exact_larger(x.scale, work);
    for (int i = 0; ok && i < halvings; i++)
        ok = over_int(&x, 2, work + 4);
    for (int64_t k = 1; ok && term.n > 0; k++)
        ok = exact_times(&term, &x, work) && over_int(&term, k, work) && plus(&sum, &term, false);
    for (int i = 0; ok && i < halvings; i++) {
        struct decimal square = {.n = 0};
        ok = decimal_mul(&sum, &sum, &square) && move(&sum, true, &square) && round_to(&sum, work);
    }
    ok = ok && decimal_round(&sum, scale, false, ret);
    decimal_free(&x);
    decimal_free(&term);
    decimal_free(&sum);
    return ok;
}

/* -- ln: of a root near 1, the series of 2 artanh((x - 1) / (x + 1)) -- */

static bool logarithm(const struct decimal *a, int scale, struct decimal *ret)
{
    struct decimal x = {.n = 0}, one = {.n = 0}, z = {.n = 0}, sum = {.n = 0}, d = {.n = 0};
    int roots = 0, work = scale + GUARD + 8;
    bool ok = decimal_copy(a, &x) && decimal_of_int(1, &one);
    work += exact_larger(-a->weight * 4, 0); /* small numbers: keep their digits */
    for (double l = fabs(log(a->n ? a->digits[0] : 1) + a->weight * 9.2103); l > 0.1 && roots < 40;
         l /= 2)
        roots++;
    for (int i = 0; ok && i < roots; i++) {
        struct decimal r = {.n = 0};
        ok = decimal_sqrt(&x, work, &r);
        ok = move(&x, ok, &r);
    }
    ok = ok && decimal_add(&x, &one, true, &z) && decimal_add(&x, &one, false, &d) &&
         exact_over(&z, &d, work);
    decimal_free(&d);
    struct decimal square = {.n = 0}, power = {.n = 0};
    ok = ok && decimal_mul(&z, &z, &square) && round_to(&square, work) &&
         decimal_copy(&z, &power) && decimal_copy(&z, &sum);
    for (int64_t k = 3; ok && power.n > 0; k += 2) {
        struct decimal term = {.n = 0};
        ok = exact_times(&power, &square, work) && decimal_copy(&power, &term) &&
             over_int(&term, k, work) && plus(&sum, &term, false);
        decimal_free(&term);
    }
    struct decimal factor = {.n = 0};
    ok = ok && decimal_of_int(INT64_C(2) << roots, &factor) && exact_times(&sum, &factor, work) &&
         decimal_round(&sum, scale, false, ret);
    decimal_free(&x);
    decimal_free(&one);
    decimal_free(&z);
    decimal_free(&sum);
    decimal_free(&square);
    decimal_free(&power);
    decimal_free(&factor);
    return ok;
}

/* About how many digits ln(a) has before its point, negative: zeros after it. */
static int ln_weight(const struct decimal *a)
{
    double v = to_double(a);
    if (v >= 0.9 && v <= 1.1) {
        struct decimal one = {.n = 0}, x = {.n = 0};
        int w = 0;
        if (decimal_of_int(1, &one) && decimal_add(a, &one, true, &x) && x.n > 0)
            w = x.weight * 4 + (int)log10(x.digits[0]);
        decimal_free(&one);
        decimal_free(&x);
        return w;
    }
    if (a->n == 0)
        return 0;
    int digits = a->digits[0], w = a->weight * 4;
    if (a->n > 1) {
        digits = digits * 10000 + a->digits[1];
        w -= 4;
    }
    return (int)log10(fabs(log((double)digits) + w * 2.302585092994046));
}

/* -- functions -- */

static void fn_sqrt(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    struct decimal a, r = {.n = 0};
    if (functions_null(argc, argv) || !functions_decimal(ctx, argv[0], &a))
        return;
    if (a.negative)
        functions_fail(ctx, "2201F", "cannot take square root of a negative number");
    else if (decimal_special(&a))
        functions_result_special(ctx, a.nan ? 0 : 1);
    else {
        int weight = (a.weight + 1) * 4 / 2 - 1;
        int scale = clamp(SIGNIFICANT - weight, a.scale);
        functions_result_decimal(ctx, decimal_sqrt(&a, scale, &r), &r);
    }
    decimal_free(&a);
}

static void fn_exp(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    struct decimal a, r = {.n = 0};
    if (functions_null(argc, argv) || !functions_decimal(ctx, argv[0], &a))
        return;
    if (a.infinite && a.negative) {
        functions_result_text(ctx, "0", 1);
    } else if (decimal_special(&a)) {
        functions_result_special(ctx, a.nan ? 0 : 1);
    } else {
        double v = to_double(&a), digits = v * 0.434294481903252;
        digits = digits < -RESULT_SCALE_MAX ? -RESULT_SCALE_MAX : digits;
        digits = digits > RESULT_SCALE_MAX ? RESULT_SCALE_MAX : digits;
        int scale = clamp(SIGNIFICANT - (int)digits, a.scale);
        if (v >= RESULT_SCALE_MAX * 3)
            functions_result_decimal(ctx, false, &r);
        else if (v <= -RESULT_SCALE_MAX * 3)
            functions_result_decimal(
                ctx, decimal_of_int(0, &a) && decimal_round(&a, scale, false, &r), &r);
        else
            functions_result_decimal(ctx, exponential(&a, scale, &r), &r);
    }
    decimal_free(&a);
}

/* 2201E unless ${a} is a positive number. */
static bool has_logarithm(sqlite3_context *ctx, const struct decimal *a)
{
    if (a->nan || (!a->negative && (a->n > 0 || a->infinite)))
        return true;
    functions_fail(ctx, "2201E", "%s",
                   a->negative ? "cannot take logarithm of a negative number"
                               : "cannot take logarithm of zero");
    return false;
}

static void fn_ln(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    struct decimal a, r = {.n = 0};
    if (functions_null(argc, argv) || !functions_decimal(ctx, argv[0], &a))
        return;
    if (!has_logarithm(ctx, &a))
        ;
    else if (decimal_special(&a))
        functions_result_special(ctx, a.nan ? 0 : 1);
    else
        functions_result_decimal(
            ctx, logarithm(&a, clamp(SIGNIFICANT - ln_weight(&a), a.scale), &r), &r);
    decimal_free(&a);
}

static void log_of(sqlite3_context *ctx, const struct decimal *base, const struct decimal *a)
{
    struct decimal lb = {.n = 0}, la = {.n = 0};
    int wb = ln_weight(base), wa = ln_weight(a), w = wa - wb;
    int scale = clamp(SIGNIFICANT - w, exact_larger(base->scale, a->scale));
    bool ok = logarithm(base, exact_larger(scale + w - wb + 8, 0) + 8, &lb) &&
              logarithm(a, exact_larger(scale + w - wa + 8, 0) + 8, &la);
    if (ok && lb.n == 0)
        functions_fail(ctx, SQLSTATE_DIVISION_BY_ZERO, "division by zero");
    else
        functions_result_decimal(ctx, ok && exact_over(&la, &lb, scale), &la);
    if (ok && lb.n == 0)
        decimal_free(&la);
    decimal_free(&lb);
}

static void fn_log(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    struct decimal base, a;
    if (functions_null(argc, argv) || !functions_decimal(ctx, argv[0], &base))
        return;
    if (!functions_decimal(ctx, argv[1], &a)) {
        decimal_free(&base);
        return;
    }
    if (base.nan || a.nan) {
        functions_result_special(ctx, 0);
    } else if (!has_logarithm(ctx, &base) || !has_logarithm(ctx, &a)) {
        ;
    } else if (base.infinite || a.infinite) {
        if (base.infinite && a.infinite)
            functions_result_special(ctx, 0);
        else if (base.infinite)
            functions_result_text(ctx, "0", 1);
        else
            functions_result_special(ctx, 1);
    } else {
        log_of(ctx, &base, &a);
    }
    decimal_free(&base);
    decimal_free(&a);
}

/* -- power -- */

static bool is_whole(const struct decimal *a)
{
    return a->n <= a->weight + 1;
}

/* base ^ exponent by squaring, to ${scale}; about 10 ^ ${digits}. */
static bool power_whole(const struct decimal *base, int64_t exponent, int digits, int scale,
                        struct decimal *ret)
{
    struct decimal x = {.n = 0}, r = {.n = 0}, one = {.n = 0};
    uint64_t e = exponent < 0 ? -(uint64_t)exponent : (uint64_t)exponent;
    double each = log10(fabs(to_double(base)));
    bool invert = exponent < 0;
    /* as many significant digits as the result needs, at each step */
    int significant = exact_larger(scale + digits, 0) + GUARD + 16;
    bool ok = decimal_copy(base, &x) && decimal_of_int(1, &r) && decimal_of_int(1, &one);
    if (ok && invert) {
        int s = exact_larger(significant + (int)each + 2, 0);
        struct decimal q = {.n = 0};
        ok = decimal_div(&one, &x, s, false, &q);
        ok = move(&x, ok, &q);
    }
    for (; ok && e > 0; e >>= 1) {
        int work;
        if (e & 1) {
            struct decimal product = {.n = 0};
            ok = ok && decimal_mul(&r, &x, &product) && move(&r, true, &product);
            work = exact_larger(significant - r.weight * 4, 0);
            ok = ok && round_to(&r, work);
        }
        if (e > 1) {
            struct decimal square = {.n = 0};
            ok = ok && decimal_mul(&x, &x, &square) && move(&x, true, &square);
            work = exact_larger(significant - x.weight * 4, 0);
            ok = ok && round_to(&x, work);
        }
    }
    ok = ok && decimal_round(&r, scale, false, ret);
    decimal_free(&x);
    decimal_free(&r);
    decimal_free(&one);
    return ok;
}

/* An exponent that is a whole number of 32 bits. */
static void power_int(sqlite3_context *ctx, const struct decimal *base, int64_t exponent)
{
    struct decimal r = {.n = 0}, one = {.n = 0};
    double f = 0;
    if (base->n > 0) {
        int p = base->weight * 4;
        f = base->digits[0];
        for (int i = 1; i < base->n && i * 4 < 16; i++) {
            f = f * 10000 + base->digits[i];
            p -= 4;
        }
        f = (double)exponent * (log10(f) + p);
    }
    int scale = clamp(SIGNIFICANT, base->scale);
    if (f > 32768.0 * 4 * 3) {
        functions_result_decimal(ctx, false, &r);
        return;
    }
    if (f + 1 < -scale) {
        functions_result_decimal(ctx, exact_zero(scale, &r), &r);
        return;
    }
    if (base->n == 0 && exponent < 0) {
        functions_fail(ctx, SQLSTATE_DIVISION_BY_ZERO, "division by zero");
        return;
    }
    bool ok = exponent == 0  ? decimal_of_int(1, &one) && decimal_round(&one, scale, false, &r)
              : base->n == 0 ? exact_zero(scale, &r)
                             : power_whole(base, exponent, (int)f, scale, &r);
    decimal_free(&one);
    functions_result_decimal(ctx, ok, &r);
}

/* Any other exponent, of a base above zero. */
static void power_real(sqlite3_context *ctx, const struct decimal *base,
                       const struct decimal *exponent)
{
    struct decimal l = {.n = 0}, r = {.n = 0};
    int w = ln_weight(base);
    bool ok = logarithm(base, exact_larger(8 - w, 0), &l) && exact_times(&l, exponent, exact_larger(8 - w, 0));
    double v = ok ? to_double(&l) : 0;
    decimal_free(&l);
    if (fabs(v) > RESULT_SCALE_MAX * 3.01) {
        functions_result_decimal(ctx, v < 0 && exact_zero(SCALE_MAX, &r), &r);
        return;
    }
    int digits = (int)(v * 0.434294481903252);
    int scale = clamp(SIGNIFICANT - digits, exact_larger(base->scale, exponent->scale));
    int work = exact_larger(scale + digits - w + 8, 0) + GUARD;
    memset(&l, 0, sizeof(l));
    ok = ok && logarithm(base, work + exact_larger(exponent->weight * 4 + 4, 0), &l) &&
         exact_times(&l, exponent, work) && exponential(&l, scale, &r);
    decimal_free(&l);
    functions_result_decimal(ctx, ok, &r);
}

/* The exponent as a number of 32 bits; false: it is none. */
static bool small_whole(const struct decimal *a, int64_t *ret)
{
    if (a->n > 0 && (!is_whole(a) || a->weight > 2))
        return false;
    int64_t v = 0;
    for (int w = a->weight; a->n > 0 && w >= 0; w--)
        v = v * 10000 + (a->weight - w < a->n ? a->digits[a->weight - w] : 0);
    *ret = a->negative ? -v : v;
    return *ret >= INT32_MIN && *ret <= INT32_MAX;
}

static bool is_odd(const struct decimal *a)
{
    return a->n == a->weight + 1 && (a->digits[a->n - 1] & 1);
}

static int compare_to_one(const struct decimal *a)
{
    struct decimal one, absolute = *a;
    absolute.negative = false;
    if (!decimal_of_int(1, &one))
        return 0;
    int c = decimal_compare(&absolute, &one);
    decimal_free(&one);
    return c;
}

static void power_special(sqlite3_context *ctx, const struct decimal *base,
                          const struct decimal *exponent)
{
    if (base->nan) {
        if (!exponent->nan && !exponent->infinite && exponent->n == 0)
            functions_result_text(ctx, "1", 1);
        else
            functions_result_special(ctx, 0);
    } else if (exponent->nan) {
        if (!base->infinite && !base->negative && compare_to_one(base) == 0)
            functions_result_text(ctx, "1", 1);
        else
            functions_result_special(ctx, 0);
    } else if (!base->infinite && base->n == 0 && exponent->negative) {
        functions_fail(ctx, "2201F", "zero raised to a negative power is undefined");
    } else if (!base->infinite && !base->negative && compare_to_one(base) == 0) {
        functions_result_text(ctx, "1", 1);
    } else if (!exponent->infinite && exponent->n == 0) {
        functions_result_text(ctx, "1", 1);
    } else if (exponent->infinite) {
        int c = base->infinite ? 1 : base->n == 0 ? -1 : compare_to_one(base);
        if (c == 0)
            functions_result_text(ctx, "1", 1);
        else if ((c > 0) != exponent->negative)
            functions_result_special(ctx, 1);
        else
            functions_result_text(ctx, "0", 1);
    } else if (base->negative && !is_whole(exponent)) {
        functions_fail(ctx, "2201F",
                       "a negative number raised to a non-integer power yields a complex result");
    } else if (exponent->negative) {
        functions_result_text(ctx, "0", 1);
    } else {
        functions_result_special(ctx, base->negative && is_odd(exponent) ? -1 : 1);
    }
}

static void fn_power(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    struct decimal base, exponent, r = {.n = 0};
    int64_t whole;
    if (functions_null(argc, argv) || !functions_decimal(ctx, argv[0], &base))
        return;
    if (!functions_decimal(ctx, argv[1], &exponent)) {
        decimal_free(&base);
        return;
    }
    if (decimal_special(&base) || decimal_special(&exponent))
        power_special(ctx, &base, &exponent);
    else if (base.n == 0 && exponent.negative)
        functions_fail(ctx, "2201F", "zero raised to a negative power is undefined");
    else if (base.negative && !is_whole(&exponent))
        functions_fail(ctx, "2201F",
                       "a negative number raised to a non-integer power yields a complex result");
    else if (small_whole(&exponent, &whole))
        power_int(ctx, &base, whole);
    else if (base.n == 0)
        functions_result_decimal(ctx, exact_zero(SIGNIFICANT, &r), &r);
    else if (base.negative)
        functions_fail(ctx, SQLSTATE_FEATURE_NOT_SUPPORTED,
                       "a negative number to so large a power is not supported by the embedded "
                       "store");
    else
        power_real(ctx, &base, &exponent);
    decimal_free(&base);
    decimal_free(&exponent);
}

const struct function_row functions_exact_rows[] = {
    {"pgf_num_sqrt", 1, true, fn_sqrt, NULL, NULL},
    {"pgf_num_exp", 1, true, fn_exp, NULL, NULL},
    {"pgf_num_ln", 1, true, fn_ln, NULL, NULL},
    {"pgf_num_log", 2, true, fn_log, NULL, NULL},
    {"pgf_num_power", 2, true, fn_power, NULL, NULL},
};
const size_t functions_exact_n = sizeof(functions_exact_rows) / sizeof(functions_exact_rows[0]);
