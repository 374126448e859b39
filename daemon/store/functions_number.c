/* functions_number.c: integers and floats with PostgreSQL's errors; types in and out. */
#include "daemon/store/functions_impl.h"

#include <math.h>

/* -- integers -- */

static void ranged(sqlite3_context *ctx, int argc, sqlite3_value **argv, int64_t low, int64_t high,
                   const char *type)
{
    if (functions_null(argc, argv))
        return;
    int64_t v = sqlite3_value_int64(argv[0]);
    if (v < low || v > high)
        functions_fail(ctx, SQLSTATE_NUMERIC_VALUE_OUT_OF_RANGE, "%s out of range", type);
    else
        sqlite3_result_int64(ctx, v);
}

static void fn_int2(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    ranged(ctx, argc, argv, INT16_MIN, INT16_MAX, "smallint");
}

static void fn_int4(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    ranged(ctx, argc, argv, INT32_MIN, INT32_MAX, "integer");
}

static void fn_oid(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    ranged(ctx, argc, argv, 0, UINT32_MAX, "OID");
}

static void overflow(sqlite3_context *ctx, bool failed, int64_t value)
{
    if (failed)
        functions_fail(ctx, SQLSTATE_NUMERIC_VALUE_OUT_OF_RANGE, "bigint out of range");
    else
        sqlite3_result_int64(ctx, value);
}

static void fn_add(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    int64_t r;
    if (!functions_null(argc, argv)) {
        bool bad =
            __builtin_add_overflow(sqlite3_value_int64(argv[0]), sqlite3_value_int64(argv[1]), &r);
        overflow(ctx, bad, r);
    }
}

static void fn_sub(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    int64_t r;
    if (!functions_null(argc, argv)) {
        bool bad =
            __builtin_sub_overflow(sqlite3_value_int64(argv[0]), sqlite3_value_int64(argv[1]), &r);
        overflow(ctx, bad, r);
    }
}

static void fn_mul(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    int64_t r;
    if (!functions_null(argc, argv)) {
        bool bad =
            __builtin_mul_overflow(sqlite3_value_int64(argv[0]), sqlite3_value_int64(argv[1]), &r);
        overflow(ctx, bad, r);
    }
}

static void fn_div(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    if (functions_null(argc, argv))
        return;
    int64_t a = sqlite3_value_int64(argv[0]), b = sqlite3_value_int64(argv[1]);
    if (b == 0)
        functions_fail(ctx, SQLSTATE_DIVISION_BY_ZERO, "division by zero");
    else
        overflow(ctx, a == INT64_MIN && b == -1, b == -1 ? (int64_t) - (uint64_t)a : a / b);
}

static void fn_mod(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    if (functions_null(argc, argv))
        return;
    int64_t a = sqlite3_value_int64(argv[0]), b = sqlite3_value_int64(argv[1]);
    if (b == 0)
        functions_fail(ctx, SQLSTATE_DIVISION_BY_ZERO, "division by zero");
    else
        sqlite3_result_int64(ctx, b == -1 ? 0 : a % b);
}

static void fn_abs(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    if (functions_null(argc, argv))
        return;
    int64_t a = sqlite3_value_int64(argv[0]);
    overflow(ctx, a == INT64_MIN, a < 0 ? (int64_t) - (uint64_t)a : a);
}

/* -- floats -- */

enum float_operation { FLOAT_ADD, FLOAT_SUB, FLOAT_MUL, FLOAT_DIV };

static void float_result(sqlite3_context *ctx, double r, bool may_be_infinite, bool may_be_zero)
{
    if (isnan(r))
        functions_fail(ctx, SQLSTATE_FEATURE_NOT_SUPPORTED,
                       "NaN is not supported by the embedded store");
    else if (isinf(r) && !may_be_infinite)
        functions_fail(ctx, SQLSTATE_NUMERIC_VALUE_OUT_OF_RANGE, "value out of range: overflow");
    else if (r == 0 && !may_be_zero)
        functions_fail(ctx, SQLSTATE_NUMERIC_VALUE_OUT_OF_RANGE, "value out of range: underflow");
    else
        sqlite3_result_double(ctx, r);
}

static void float_operate(sqlite3_context *ctx, int argc, sqlite3_value **argv,
                          enum float_operation op)
{
    if (functions_null(argc, argv))
        return;
    double a = sqlite3_value_double(argv[0]), b = sqlite3_value_double(argv[1]);
    bool infinite = isinf(a) || isinf(b);
    switch (op) {
    case FLOAT_ADD:
        float_result(ctx, a + b, infinite, true);
        break;
    case FLOAT_SUB:
        float_result(ctx, a - b, infinite, true);
        break;
    case FLOAT_MUL:
        float_result(ctx, a * b, infinite, a == 0 || b == 0);
        break;
    case FLOAT_DIV:
        if (b == 0)
            functions_fail(ctx, SQLSTATE_DIVISION_BY_ZERO, "division by zero");
        else
            float_result(ctx, a / b, isinf(a), a == 0 || isinf(b));
        break;
    }
}

static void fn_fadd(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    float_operate(ctx, argc, argv, FLOAT_ADD);
}

static void fn_fsub(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    float_operate(ctx, argc, argv, FLOAT_SUB);
}

static void fn_fmul(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    float_operate(ctx, argc, argv, FLOAT_MUL);
}

static void fn_fdiv(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    float_operate(ctx, argc, argv, FLOAT_DIV);
}

static void fn_float4(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    if (functions_null(argc, argv))
        return;
    double a = sqlite3_value_double(argv[0]);
    float_result(ctx, (double)(float)a, isinf(a), a == 0);
}

/* float -> integer, half to even; ${argv[1]} names the type for the error. */
static void fn_float_int(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    if (functions_null(argc, argv))
        return;
    double a = rint(sqlite3_value_double(argv[0]));
    if (!(a >= -9223372036854775808.0 && a < 9223372036854775808.0))
        functions_fail(ctx, SQLSTATE_NUMERIC_VALUE_OUT_OF_RANGE, "%s out of range",
                       (const char *)sqlite3_value_text(argv[1]));
    else
        sqlite3_result_int64(ctx, (int64_t)a);
}

static void fn_rint(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    if (!functions_null(argc, argv))
        sqlite3_result_double(ctx, rint(sqlite3_value_double(argv[0])));
}

static void fn_sqrt(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    if (functions_null(argc, argv))
        return;
    double a = sqlite3_value_double(argv[0]);
    if (a < 0)
        functions_fail(ctx, "2201F", "cannot take square root of a negative number");
    else
        sqlite3_result_double(ctx, sqrt(a));
}

static void fn_power(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    if (functions_null(argc, argv))
        return;
    double a = sqlite3_value_double(argv[0]), b = sqlite3_value_double(argv[1]);
    if (a == 0 && b < 0)
        functions_fail(ctx, "2201F", "zero raised to a negative power is undefined");
    else if (a < 0 && floor(b) != b)
        functions_fail(ctx, "2201F",
                       "a negative number raised to a non-integer power yields a complex result");
    else
        float_result(ctx, pow(a, b), isinf(a) || isinf(b), a == 0 || isinf(a) || isinf(b));
}

static void fn_exp(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    if (functions_null(argc, argv))
        return;
    double a = sqlite3_value_double(argv[0]);
    float_result(ctx, exp(a), isinf(a), isinf(a));
}

static void logarithm(sqlite3_context *ctx, int argc, sqlite3_value **argv,
                      double (*log_of)(double))
{
    if (functions_null(argc, argv))
        return;
    double a = sqlite3_value_double(argv[0]);
    if (a == 0)
        functions_fail(ctx, "2201E", "cannot take logarithm of zero");
    else if (a < 0)
        functions_fail(ctx, "2201E", "cannot take logarithm of a negative number");
    else
        float_result(ctx, log_of(a), isinf(a), true);
}

static void fn_ln(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    logarithm(ctx, argc, argv, log);
}

static void fn_log10(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    logarithm(ctx, argc, argv, log10);
}

static void fn_cbrt(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    if (!functions_null(argc, argv))
        sqlite3_result_double(ctx, cbrt(sqlite3_value_double(argv[0])));
}

/* pgf_shift(value, by, bits, 1 left or -1 right) */
static void fn_shift(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    if (functions_null(argc, argv))
        return;
    int64_t v = sqlite3_value_int64(argv[0]), by = sqlite3_value_int64(argv[1]), r;
    bool narrow = sqlite3_value_int(argv[2]) == 32;
    if (by < 0 || by > (narrow ? 31 : 63)) {
        functions_fail(ctx, SQLSTATE_FEATURE_NOT_SUPPORTED,
                       "a shift by %lld bits is not supported by the embedded store",
                       (long long)by);
        return;
    }
    if (sqlite3_value_int(argv[3]) < 0)
        r = v >> by;
    else
        r = (int64_t)((uint64_t)v << by);
    sqlite3_result_int64(ctx, narrow ? (int32_t)(uint32_t)(uint64_t)r : r);
}

static void fn_random(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    uint64_t bits;
    (void)argc;
    (void)argv;
    sqlite3_randomness(sizeof(bits), &bits);
    sqlite3_result_double(ctx, ldexp((double)(bits >> 11), -53));
}

/* -- GREATEST and LEAST of values that SQLite compares as PostgreSQL does -- */

static int compare_values(sqlite3_value *a, sqlite3_value *b)
{
    if (sqlite3_value_type(a) == SQLITE_INTEGER) {
        int64_t x = sqlite3_value_int64(a), y = sqlite3_value_int64(b);
        return (x > y) - (x < y);
    }
    if (sqlite3_value_type(a) == SQLITE_FLOAT) {
        double x = sqlite3_value_double(a), y = sqlite3_value_double(b);
        return (x > y) - (x < y);
    }
    struct slice x = functions_slice(a), y = functions_slice(b);
    size_t n = x.len < y.len ? x.len : y.len;
    int c = n == 0 ? 0 : memcmp(x.data, y.data, n);
    return c != 0 ? c : (x.len > y.len) - (x.len < y.len);
}

static void extreme(sqlite3_context *ctx, int argc, sqlite3_value **argv, bool greatest)
{
    int best = -1;
    for (int i = 0; i < argc; i++) {
        if (sqlite3_value_type(argv[i]) == SQLITE_NULL)
            continue;
        int c = best < 0 ? 1 : compare_values(argv[i], argv[best]);
        if (best < 0 || (greatest ? c > 0 : c < 0))
            best = i;
    }
    if (best >= 0)
        sqlite3_result_value(ctx, argv[best]);
}

static void fn_greatest(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    extreme(ctx, argc, argv, true);
}

static void fn_least(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    extreme(ctx, argc, argv, false);
}

/* -- types in and out: pgf_input(type, text), pgf_output(type, value), pgf_typmod(type, typmod,
 * cut, value) -- */

static void fn_input(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    struct store_context *c = functions_context(ctx);
    struct types_value v;
    struct buf scratch;
    if (functions_null(argc, argv))
        return;
    functions_buf(&scratch);
    if (types_input(&c->types, (uint32_t)sqlite3_value_int64(argv[0]), -1, functions_slice(argv[1]),
                    &scratch, &v, &c->raised) < 0)
        functions_raised(ctx);
    else
        functions_result(ctx, &v);
    buf_release(&scratch);
}

static void fn_output(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    struct store_context *c = functions_context(ctx);
    struct types_value v;
    struct buf out;
    if (functions_null(argc, argv))
        return;
    functions_value(argv[1], &v);
    functions_buf(&out);
    if (types_output(&c->types, (uint32_t)sqlite3_value_int64(argv[0]), -1, &v, &out, &c->raised) <
        0) {
        functions_raised(ctx);
        buf_release(&out);
        return;
    }
    functions_finish(ctx, &out);
}

static void fn_typmod(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    struct store_context *c = functions_context(ctx);
    struct types_value v, to;
    struct buf scratch;
    if (functions_null(argc, argv))
        return;
    functions_value(argv[3], &v);
    functions_buf(&scratch);
    if (types_apply_typmod((uint32_t)sqlite3_value_int64(argv[0]), sqlite3_value_int(argv[1]),
                           sqlite3_value_int(argv[2]) != 0, &v, &scratch, &to, &c->raised) < 0)
        functions_raised(ctx);
    else
        functions_result(ctx, &to);
    buf_release(&scratch);
}

const struct function_row functions_number_rows[] = {
    {"pgf_int2", 1, true, fn_int2, NULL, NULL},
    {"pgf_int4", 1, true, fn_int4, NULL, NULL},
    {"pgf_oid", 1, true, fn_oid, NULL, NULL},
    {"pgf_add", 2, true, fn_add, NULL, NULL},
    {"pgf_sub", 2, true, fn_sub, NULL, NULL},
    {"pgf_mul", 2, true, fn_mul, NULL, NULL},
    {"pgf_div", 2, true, fn_div, NULL, NULL},
    {"pgf_mod", 2, true, fn_mod, NULL, NULL},
    {"pgf_abs", 1, true, fn_abs, NULL, NULL},
    {"pgf_fadd", 2, true, fn_fadd, NULL, NULL},
    {"pgf_fsub", 2, true, fn_fsub, NULL, NULL},
    {"pgf_fmul", 2, true, fn_fmul, NULL, NULL},
    {"pgf_fdiv", 2, true, fn_fdiv, NULL, NULL},
    {"pgf_float4", 1, true, fn_float4, NULL, NULL},
    {"pgf_float_int", 2, true, fn_float_int, NULL, NULL},
    {"pgf_rint", 1, true, fn_rint, NULL, NULL},
    {"pgf_sqrt", 1, true, fn_sqrt, NULL, NULL},
    {"pgf_power", 2, true, fn_power, NULL, NULL},
    {"pgf_exp", 1, true, fn_exp, NULL, NULL},
    {"pgf_ln", 1, true, fn_ln, NULL, NULL},
    {"pgf_log10", 1, true, fn_log10, NULL, NULL},
    {"pgf_cbrt", 1, true, fn_cbrt, NULL, NULL},
    {"pgf_shift", 4, true, fn_shift, NULL, NULL},
    {"pgf_random", 0, false, fn_random, NULL, NULL},
    {"pgf_greatest", -1, true, fn_greatest, NULL, NULL},
    {"pgf_least", -1, true, fn_least, NULL, NULL},
    {"pgf_input", 2, true, fn_input, NULL, NULL},
    {"pgf_output", 2, true, fn_output, NULL, NULL},
    {"pgf_typmod", 4, true, fn_typmod, NULL, NULL},
};
const size_t functions_number_n = sizeof(functions_number_rows) / sizeof(functions_number_rows[0]);
