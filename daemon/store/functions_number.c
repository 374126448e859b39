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

/* pgf_shift(value, by, bits, 1 left or -1 right) */
static void fn_shift(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    if (functions_null(argc, argv))
        return;
    int64_t v = sqlite3_value_int64(argv[0]), by = sqlite3_value_int64(argv[1]), r;
    int bits = sqlite3_value_int(argv[2]);
    by &= bits == 64 ? 63 : 31; /* as the processor does */
    if (sqlite3_value_int(argv[3]) < 0)
        r = v >> by;
    else
        r = (int64_t)((uint64_t)v << by);
    sqlite3_result_int64(ctx, bits == 16   ? (int16_t)(uint64_t)r
                              : bits == 32 ? (int32_t)(uint64_t)r
                                           : r);
}

/* pgf_gcd(a, b, bits), pgf_lcm(a, b, bits) */
static bool divisor(sqlite3_context *ctx, sqlite3_value **argv, uint64_t *ret)
{
    int64_t a = sqlite3_value_int64(argv[0]), b = sqlite3_value_int64(argv[1]);
    bool narrow = sqlite3_value_int(argv[2]) == 32;
    uint64_t x = a < 0 ? -(uint64_t)a : (uint64_t)a, y = b < 0 ? -(uint64_t)b : (uint64_t)b;
    while (y != 0) {
        uint64_t rest = x % y;
        x = y;
        y = rest;
    }
    *ret = x;
    if (x <= (narrow ? (uint64_t)INT32_MAX : (uint64_t)INT64_MAX))
        return true;
    functions_fail(ctx, SQLSTATE_NUMERIC_VALUE_OUT_OF_RANGE, "%s out of range",
                   narrow ? "integer" : "bigint");
    return false;
}

static void fn_gcd(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    uint64_t r;
    if (!functions_null(argc, argv) && divisor(ctx, argv, &r))
        sqlite3_result_int64(ctx, (int64_t)r);
}

static void fn_lcm(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    uint64_t d;
    if (functions_null(argc, argv))
        return;
    int64_t a = sqlite3_value_int64(argv[0]), b = sqlite3_value_int64(argv[1]), r = 0;
    bool narrow = sqlite3_value_int(argv[2]) == 32;
    if (a == 0 || b == 0) {
        sqlite3_result_int(ctx, 0);
        return;
    }
    if (!divisor(ctx, argv, &d))
        return;
    if (__builtin_mul_overflow(a / (int64_t)d, b, &r) || r == INT64_MIN ||
        (narrow && (r > INT32_MAX || r < -INT32_MAX)))
        functions_fail(ctx, SQLSTATE_NUMERIC_VALUE_OUT_OF_RANGE, "%s out of range",
                       narrow ? "integer" : "bigint");
    else
        sqlite3_result_int64(ctx, r < 0 ? -r : r);
}

static void fn_random(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    uint64_t bits;
    (void)argc;
    (void)argv;
    sqlite3_randomness(sizeof(bits), &bits);
    sqlite3_result_double(ctx, ldexp((double)(bits >> 11), -53));
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
    {"pgf_shift", 4, true, fn_shift, NULL, NULL},
    {"pgf_gcd", 3, true, fn_gcd, NULL, NULL},
    {"pgf_lcm", 3, true, fn_lcm, NULL, NULL},
    {"pgf_random", 0, false, fn_random, NULL, NULL},
    {"pgf_input", 2, true, fn_input, NULL, NULL},
    {"pgf_output", 2, true, fn_output, NULL, NULL},
    {"pgf_typmod", 4, true, fn_typmod, NULL, NULL},
};
const size_t functions_number_n = sizeof(functions_number_rows) / sizeof(functions_number_rows[0]);
