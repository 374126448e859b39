/* functions_numeric.c: numeric's operators and functions; see functions_decimal.c. */
#include "daemon/store/functions_impl.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { SCALE_MAX = 16383 }; /* of a result */

bool functions_decimal(sqlite3_context *ctx, sqlite3_value *v, struct decimal *ret)
{
    if (decimal_parse(functions_slice(v), ret))
        return true;
    functions_fail(ctx, SQLSTATE_FEATURE_NOT_SUPPORTED,
                   "this numeric value is not supported by the embedded store");
    return false;
}

void functions_result_decimal(sqlite3_context *ctx, bool ok, struct decimal *value)
{
    struct buf out;
    if (!ok) {
        functions_fail(ctx, SQLSTATE_NUMERIC_VALUE_OUT_OF_RANGE, "value overflows numeric format");
        return;
    }
    struct decimal rounded;
    bool fine = value->scale > SCALE_MAX;
    if (fine && !decimal_round(value, SCALE_MAX, false, &rounded)) {
        sqlite3_result_error_nomem(ctx);
        decimal_free(value);
        return;
    }
    functions_buf(&out);
    decimal_print(fine ? &rounded : value, &out);
    functions_finish(ctx, &out);
    if (fine)
        decimal_free(&rounded);
    decimal_free(value);
}

void functions_result_special(sqlite3_context *ctx, int sign)
{
    if (sign == 0)
        functions_result_text(ctx, "NaN", 3);
    else
        functions_result_text(ctx, sign < 0 ? "-Infinity" : "Infinity", sign < 0 ? 9 : 8);
}

enum operation { ADD, SUB, MUL, DIV, MOD, WHOLE };

static int sign_of(const struct decimal *a)
{
    return a->negative ? -1 : a->n > 0 || a->infinite;
}

/* With NaN or an infinity on either side: the result is NaN (0), an infinity (its sign), or the
 * finite ${ret}. */
static void operate_special(sqlite3_context *ctx, enum operation op, const struct decimal *a,
                            const struct decimal *b)
{
    int bsign = op == SUB ? -sign_of(b) : sign_of(b);
    if (a->nan || b->nan)
        functions_result_special(ctx, 0);
    else if (op >= DIV && !b->infinite && b->n == 0)
        functions_fail(ctx, SQLSTATE_DIVISION_BY_ZERO, "division by zero");
    else if (op == ADD || op == SUB)
        functions_result_special(ctx, a->infinite && b->infinite && sign_of(a) != bsign ? 0
                                      : a->infinite                                     ? sign_of(a)
                                                                                        : bsign);
    else if (op == MUL)
        functions_result_special(ctx, sign_of(a) * sign_of(b));
    else if (a->infinite)
        functions_result_special(ctx, op == MOD || b->infinite ? 0 : sign_of(a) * bsign);
    else if (op == MOD) {
        struct decimal copy;
        functions_result_decimal(ctx, decimal_copy(a, &copy), &copy);
    } else
        functions_result_text(ctx, "0", 1);
}

static bool modulo(const struct decimal *a, const struct decimal *b, struct decimal *ret)
{
    struct decimal q, product;
    if (!decimal_div(a, b, 0, true, &q))
        return false;
    bool ok = decimal_mul(&q, b, &product);
    decimal_free(&q);
    if (!ok)
        return false;
    ok = decimal_add(a, &product, true, ret);
    decimal_free(&product);
    if (ok)
        ret->scale = a->scale > b->scale ? a->scale : b->scale;
    return ok;
}

static bool operate(enum operation op, const struct decimal *a, const struct decimal *b,
                    struct decimal *ret)
{
    switch (op) {
    case ADD:
        return decimal_add(a, b, false, ret);
    case SUB:
        return decimal_add(a, b, true, ret);
    case MUL:
        return decimal_mul(a, b, ret);
    case DIV:
        return decimal_div(a, b, -1, false, ret);
    case MOD:
        return modulo(a, b, ret);
    case WHOLE:
        return decimal_div(a, b, 0, true, ret);
    }
    return false;
}

static void binary(sqlite3_context *ctx, int argc, sqlite3_value **argv, enum operation op)
{
    struct decimal a, b, result = {.n = 0};
    if (functions_null(argc, argv) || !functions_decimal(ctx, argv[0], &a))
        return;
    if (functions_decimal(ctx, argv[1], &b)) {
        if (decimal_special(&a) || decimal_special(&b))
            operate_special(ctx, op, &a, &b);
        else if (op >= DIV && b.n == 0)
            functions_fail(ctx, SQLSTATE_DIVISION_BY_ZERO, "division by zero");
        else
            functions_result_decimal(ctx, operate(op, &a, &b, &result), &result);
        decimal_free(&b);
    }
    decimal_free(&a);
}

static void fn_add(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    binary(ctx, argc, argv, ADD);
}

static void fn_sub(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    binary(ctx, argc, argv, SUB);
}

static void fn_mul(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    binary(ctx, argc, argv, MUL);
}

static void fn_div(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    binary(ctx, argc, argv, DIV);
}

static void fn_mod(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    binary(ctx, argc, argv, MOD);
}

static void fn_whole(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    binary(ctx, argc, argv, WHOLE);
}

static void sign_change(sqlite3_context *ctx, int argc, sqlite3_value **argv, bool absolute)
{
    struct decimal a;
    if (functions_null(argc, argv) || !functions_decimal(ctx, argv[0], &a))
        return;
    a.negative = absolute || (a.n == 0 && !a.infinite) ? false : !a.negative;
    functions_result_decimal(ctx, true, &a);
}

static void fn_neg(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    sign_change(ctx, argc, argv, false);
}

static void fn_abs(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    sign_change(ctx, argc, argv, true);
}

static void fn_sign(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    struct decimal a;
    if (functions_null(argc, argv) || !functions_decimal(ctx, argv[0], &a))
        return;
    const char *text = a.nan ? "NaN" : sign_of(&a) == 0 ? "0" : a.negative ? "-1" : "1";
    functions_result_text(ctx, text, strlen(text));
    decimal_free(&a);
}

static void rounded(sqlite3_context *ctx, int argc, sqlite3_value **argv, bool truncate)
{
    struct decimal a, result = {.n = 0};
    if (functions_null(argc, argv) || !functions_decimal(ctx, argv[0], &a))
        return;
    int64_t scale = sqlite3_value_int64(argv[1]);
    scale = scale > 2000 ? 2000 : scale < -2000 ? -2000 : scale; /* NUMERIC_MAX_RESULT_SCALE */
    functions_result_decimal(ctx, decimal_round(&a, (int)scale, truncate, &result), &result);
    decimal_free(&a);
}

static void fn_round(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    rounded(ctx, argc, argv, false);
}

static void fn_trunc(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    rounded(ctx, argc, argv, true);
}

static void whole(sqlite3_context *ctx, int argc, sqlite3_value **argv, bool up)
{
    struct decimal a, cut, one, result = {.n = 0};
    if (functions_null(argc, argv) || !functions_decimal(ctx, argv[0], &a))
        return;
    if (!decimal_round(&a, 0, true, &cut)) {
        functions_result_decimal(ctx, false, &result);
    } else if (decimal_special(&a) || decimal_compare(&a, &cut) == 0 || a.negative == up) {
        functions_result_decimal(ctx, true, &cut);
    } else {
        bool ok = decimal_parse((struct slice){"1", 1}, &one);
        functions_result_decimal(ctx, ok && decimal_add(&cut, &one, !up, &result), &result);
        decimal_free(&one);
        decimal_free(&cut);
    }
    decimal_free(&a);
}

static void fn_ceil(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    whole(ctx, argc, argv, true);
}

static void fn_floor(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    whole(ctx, argc, argv, false);
}

/* -- to and from other types -- */

/* numeric -> integer, half away from zero; ${argv[1]} names the type for the error. */
static void fn_int(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    struct decimal a, cut;
    struct buf text;
    if (functions_null(argc, argv) || !functions_decimal(ctx, argv[0], &a))
        return;
    const char *type = (const char *)sqlite3_value_text(argv[1]);
    if (decimal_special(&a)) {
        functions_fail(ctx, SQLSTATE_FEATURE_NOT_SUPPORTED, "cannot convert %s to %s",
                       a.nan ? "NaN" : "infinity", type);
        decimal_free(&a);
        return;
    }
    functions_buf(&text);
    if (decimal_round(&a, 0, false, &cut)) {
        decimal_print(&cut, &text);
        decimal_free(&cut);
    }
    buf_append(&text, "", 1);
    char *end = NULL;
    errno = 0;
    long long value = text.failed ? 0 : strtoll(buf_peek(&text).data, &end, 10);
    if (errno != 0 || end == NULL || *end != '\0')
        functions_fail(ctx, SQLSTATE_NUMERIC_VALUE_OUT_OF_RANGE, "%s out of range", type);
    else
        sqlite3_result_int64(ctx, value);
    buf_release(&text);
    decimal_free(&a);
}

static void fn_float(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    char *end = NULL;
    if (functions_null(argc, argv))
        return;
    const char *text = (const char *)sqlite3_value_text(argv[0]);
    double r = strtod(text, &end);
    if (isnan(r) || text[0] == 'I' || text[1] == 'I')
        functions_result_real(ctx, r);
    else if (isinf(r))
        functions_fail(ctx, SQLSTATE_NUMERIC_VALUE_OUT_OF_RANGE,
                       "\"%s\" is out of range for type double precision", text);
    else
        sqlite3_result_double(ctx, r);
}

/* float -> numeric with the digits that are sure (15 or 6). */
static void fn_of_float(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    char text[64];
    struct decimal mantissa, power, result = {.n = 0};
    if (functions_null(argc, argv))
        return;
    double r = functions_real(argv[0]);
    if (isinf(r) || isnan(r)) {
        functions_result_special(ctx, isnan(r) ? 0 : r < 0 ? -1 : 1);
        return;
    }
    snprintf(text, sizeof(text), "%.*e", sqlite3_value_int(argv[1]) - 1, r);
    char *e = strchr(text, 'e');
    int exponent = (int)strtol(e + 1, NULL, 10);
    size_t len = (size_t)(e - text);
    while (len > 1 && memchr(text, '.', len) && (text[len - 1] == '0' || text[len - 1] == '.'))
        len--; /* zeros at the end say nothing */
    bool ok = decimal_parse((struct slice){text, len}, &mantissa);
    char ten[400] = "1";
    int zeros = exponent < 0 ? -exponent : exponent;
    memset(ten + 1, '0', (size_t)zeros);
    ok = ok && decimal_parse((struct slice){ten, (size_t)zeros + 1}, &power);
    int scale = mantissa.scale - exponent > 0 ? mantissa.scale - exponent : 0;
    if (ok && exponent >= 0) {
        struct decimal product;
        ok = decimal_mul(&mantissa, &power, &product) &&
             decimal_round(&product, scale, true, &result);
        decimal_free(&product);
    } else if (ok) {
        ok = decimal_div(&mantissa, &power, scale, false, &result);
    }
    functions_result_decimal(ctx, ok, &result);
    decimal_free(&mantissa);
    decimal_free(&power);
}

static void fn_compare(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    if (!functions_null(argc, argv))
        sqlite3_result_int(
            ctx, types_numeric_compare(functions_slice(argv[0]), functions_slice(argv[1])));
}

const struct function_row functions_numeric_rows[] = {
    {"pgf_num_add", 2, true, fn_add, NULL, NULL},
    {"pgf_num_sub", 2, true, fn_sub, NULL, NULL},
    {"pgf_num_mul", 2, true, fn_mul, NULL, NULL},
    {"pgf_num_div", 2, true, fn_div, NULL, NULL},
    {"pgf_num_whole", 2, true, fn_whole, NULL, NULL},
    {"pgf_num_mod", 2, true, fn_mod, NULL, NULL},
    {"pgf_num_neg", 1, true, fn_neg, NULL, NULL},
    {"pgf_num_abs", 1, true, fn_abs, NULL, NULL},
    {"pgf_num_sign", 1, true, fn_sign, NULL, NULL},
    {"pgf_num_round", 2, true, fn_round, NULL, NULL},
    {"pgf_num_trunc", 2, true, fn_trunc, NULL, NULL},
    {"pgf_num_ceil", 1, true, fn_ceil, NULL, NULL},
    {"pgf_num_floor", 1, true, fn_floor, NULL, NULL},
    {"pgf_num_int", 2, true, fn_int, NULL, NULL},
    {"pgf_num_float", 1, true, fn_float, NULL, NULL},
    {"pgf_float_num", 2, true, fn_of_float, NULL, NULL},
    {"pgf_num_compare", 2, true, fn_compare, NULL, NULL},
};
const size_t functions_numeric_n =
    sizeof(functions_numeric_rows) / sizeof(functions_numeric_rows[0]);
