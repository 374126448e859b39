/* functions_digits.c: numeric as digits: its scale, factorials, common divisors and multiples. */
#include "daemon/store/functions_exact.h"

static int min_scale(const struct decimal *a)
{
    if (a->n == 0)
        return 0;
    int scale = (a->n - 1 - a->weight) * 4, last = a->digits[a->n - 1];
    for (; scale > 0 && last % 10 == 0; last /= 10)
        scale--;
    return scale > 0 ? scale : 0;
}

/* pgf_num_scale(x), pgf_num_min_scale(x): NULL of NaN and infinities */
static void scale_result(sqlite3_context *ctx, int argc, sqlite3_value **argv, bool least)
{
    struct decimal a;
    if (functions_null(argc, argv) || !functions_decimal(ctx, argv[0], &a))
        return;
    if (!decimal_special(&a))
        sqlite3_result_int(ctx, least ? min_scale(&a) : a.scale);
    decimal_free(&a);
}

static void fn_scale(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    scale_result(ctx, argc, argv, false);
}

static void fn_min_scale(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    scale_result(ctx, argc, argv, true);
}

static void fn_trim_scale(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    struct decimal a;
    if (functions_null(argc, argv) || !functions_decimal(ctx, argv[0], &a))
        return;
    if (!decimal_special(&a))
        a.scale = min_scale(&a);
    functions_result_decimal(ctx, true, &a);
}

static void fn_factorial(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    struct decimal r = {.n = 0};
    if (functions_null(argc, argv))
        return;
    int64_t n = sqlite3_value_int64(argv[0]);
    if (n < 0) {
        functions_fail(ctx, SQLSTATE_NUMERIC_VALUE_OUT_OF_RANGE,
                       "factorial of a negative number is undefined");
        return;
    }
    bool ok = n <= 32177 && decimal_of_int(1, &r);
    for (int64_t i = 2; ok && i <= n; i++) {
        struct decimal factor = {.n = 0};
        ok = decimal_of_int(i, &factor) && exact_times(&r, &factor, 0);
        decimal_free(&factor);
        if (i % 64 == 0 && functions_ended(ctx)) {
            decimal_free(&r);
            return;
        }
    }
    functions_result_decimal(ctx, ok, &r);
}

/* ${a} becomes the greatest common divisor of both. */
static bool divisor(sqlite3_context *ctx, struct decimal *a, struct decimal *b, bool *ended)
{
    bool ok = true;
    while (ok && b->n > 0) {
        *ended = functions_ended(ctx); /* a step may be a long division */
        if (*ended)
            return false;
        struct decimal q = {.n = 0}, rest = *a;
        ok = decimal_div(a, b, 0, true, &q) &&
             exact_times(&q, b, exact_larger(a->scale, b->scale)) &&
             decimal_add(a, &q, true, &rest);
        decimal_free(&q);
        if (!ok)
            break;
        decimal_free(a);
        *a = *b;
        *b = rest;
    }
    a->negative = false;
    return ok;
}

static void divisors(sqlite3_context *ctx, int argc, sqlite3_value **argv, bool multiple)
{
    struct decimal a, b, product = {.n = 0};
    if (functions_null(argc, argv) || !functions_decimal(ctx, argv[0], &a))
        return;
    if (!functions_decimal(ctx, argv[1], &b)) {
        decimal_free(&a);
        return;
    }
    int scale = exact_larger(a.scale, b.scale);
    if (decimal_special(&a) || decimal_special(&b)) {
        functions_result_special(ctx, 0);
        decimal_free(&a);
    } else if (multiple && (a.n == 0 || b.n == 0)) {
        functions_result_decimal(ctx, exact_zero(scale, &product), &product);
        decimal_free(&a);
    } else {
        bool ended = false, ok = !multiple || decimal_copy(&a, &product);
        struct decimal other = {.n = 0};
        ok = ok && decimal_copy(&b, &other) && divisor(ctx, &a, &b, &ended);
        if (ok && multiple) { /* a / gcd * b */
            ok = exact_over(&product, &a, 0) && exact_times(&product, &other, scale);
            product.negative = false;
            decimal_free(&a);
            a = product;
        }
        a.scale = scale;
        decimal_free(&other);
        if (ended) {
            decimal_free(&a);
            decimal_free(&product);
        } else {
            functions_result_decimal(ctx, ok, &a);
        }
    }
    decimal_free(&b);
}

static void fn_gcd(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    divisors(ctx, argc, argv, false);
}

static void fn_lcm(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    divisors(ctx, argc, argv, true);
}

const struct function_row functions_digits_rows[] = {
    {"pgf_num_scale", 1, true, fn_scale, NULL, NULL},
    {"pgf_num_min_scale", 1, true, fn_min_scale, NULL, NULL},
    {"pgf_num_trim_scale", 1, true, fn_trim_scale, NULL, NULL},
    {"pgf_factorial", 1, true, fn_factorial, NULL, NULL},
    {"pgf_num_gcd", 2, true, fn_gcd, NULL, NULL},
    {"pgf_num_lcm", 2, true, fn_lcm, NULL, NULL},
};
const size_t functions_digits_n = sizeof(functions_digits_rows) / sizeof(functions_digits_rows[0]);
