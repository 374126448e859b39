/* functions_float.c: floating point with PostgreSQL's errors.
 *
 * SQLite has no NaN: in the store it is the text 'NaN', which SQLite sorts after all numbers and
 * holds equal to itself, as PostgreSQL does. */
#include "daemon/store/functions_impl.h"

#include <math.h>

double functions_real(sqlite3_value *v)
{
    return sqlite3_value_type(v) == SQLITE_TEXT ? NAN : sqlite3_value_double(v);
}

void functions_result_real(sqlite3_context *ctx, double r)
{
    if (isnan(r))
        functions_result_text(ctx, "NaN", 3);
    else
        sqlite3_result_double(ctx, r);
}

static void range(sqlite3_context *ctx, const char *what)
{
    functions_fail(ctx, SQLSTATE_NUMERIC_VALUE_OUT_OF_RANGE, "%s", what);
}

static void result(sqlite3_context *ctx, double r, bool may_be_infinite, bool may_be_zero)
{
    if (isinf(r) && !may_be_infinite)
        range(ctx, "value out of range: overflow");
    else if (r == 0 && !may_be_zero)
        range(ctx, "value out of range: underflow");
    else
        functions_result_real(ctx, r);
}

/* -- operators -- */

enum operation { ADD, SUB, MUL, DIV };

static void operate(sqlite3_context *ctx, int argc, sqlite3_value **argv, enum operation op)
{
    if (functions_null(argc, argv))
        return;
    double a = functions_real(argv[0]), b = functions_real(argv[1]);
    bool infinite = isinf(a) || isinf(b);
    switch (op) {
    case ADD:
        result(ctx, a + b, infinite, true);
        break;
    case SUB:
        result(ctx, a - b, infinite, true);
        break;
    case MUL:
        result(ctx, a * b, infinite, a == 0 || b == 0);
        break;
    case DIV:
        if (b == 0 && !isnan(a))
            functions_fail(ctx, SQLSTATE_DIVISION_BY_ZERO, "division by zero");
        else
            result(ctx, a / b, isinf(a), a == 0 || isinf(b));
        break;
    }
}

static void fn_add(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    operate(ctx, argc, argv, ADD);
}

static void fn_sub(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    operate(ctx, argc, argv, SUB);
}

static void fn_mul(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    operate(ctx, argc, argv, MUL);
}

static void fn_div(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    operate(ctx, argc, argv, DIV);
}

static void fn_float4(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    if (functions_null(argc, argv))
        return;
    double a = functions_real(argv[0]);
    result(ctx, (double)(float)a, isinf(a), a == 0);
}

/* float -> integer, half to even; ${argv[1]} names the type for the error. */
static void fn_int(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    if (functions_null(argc, argv))
        return;
    double a = rint(functions_real(argv[0]));
    if (!(a >= -9223372036854775808.0 && a < 9223372036854775808.0))
        functions_fail(ctx, SQLSTATE_NUMERIC_VALUE_OUT_OF_RANGE, "%s out of range",
                       (const char *)sqlite3_value_text(argv[1]));
    else
        sqlite3_result_int64(ctx, (int64_t)a);
}

/* -- functions of one number: by name, in the second argument -- */

static const double radians_per_degree = 0.0174532925199432957692;

static double sine_to_30(double x)
{
    volatile double sine = sin(x * radians_per_degree), whole = sin(30.0 * radians_per_degree);
    return sine / whole / 2.0;
}

static double cosine_to_60(double x)
{
    volatile double part = 1.0 - cos(x * radians_per_degree);
    volatile double whole = 1.0 - cos(60.0 * radians_per_degree);
    return 1.0 - part / whole / 2.0;
}

static double sine_q1(double x)
{
    return x <= 30.0 ? sine_to_30(x) : cosine_to_60(90.0 - x);
}

static double cosine_q1(double x)
{
    return x <= 60.0 ? cosine_to_60(x) : sine_to_30(90.0 - x);
}

static double arcsine_q1(double x)
{
    if (x <= 0.5)
        return asin(x) / asin(0.5) * 30.0;
    return 90.0 - acos(x) / acos(0.5) * 60.0;
}

static double arccosine_q1(double x)
{
    if (x <= 0.5)
        return 90.0 - asin(x) / asin(0.5) * 30.0;
    return acos(x) / acos(0.5) * 60.0;
}

/* ${x} degrees brought to the first quadrant, and the signs its sine, cosine and tangent have. */
static double quadrant(double x, int *sine, int *cosine)
{
    x = fmod(x, 360.0);
    *sine = *cosine = 1;
    if (x < 0) {
        x = -x;
        *sine = -1;
    }
    if (x > 180.0) {
        x = 360.0 - x;
        *sine = -*sine;
    }
    if (x > 90.0) {
        x = 180.0 - x;
        *cosine = -1;
    }
    return x;
}

static double sine_degrees(double x)
{
    int s, c;
    x = quadrant(x, &s, &c);
    return s * sine_q1(x);
}

static double cosine_degrees(double x)
{
    int s, c;
    x = quadrant(x, &s, &c);
    return c * cosine_q1(x);
}

static double tangent_degrees(double x)
{
    int s, c;
    x = quadrant(x, &s, &c);
    volatile double whole = sine_q1(45.0) / cosine_q1(45.0), part = sine_q1(x) / cosine_q1(x);
    double r = s * c * (part / whole);
    return r == 0 ? 0 : r;
}

static double cotangent_degrees(double x)
{
    int s, c;
    x = quadrant(x, &s, &c);
    volatile double whole = cosine_q1(45.0) / sine_q1(45.0), part = cosine_q1(x) / sine_q1(x);
    double r = s * c * (part / whole);
    return r == 0 ? 0 : r;
}

static double arcsine_degrees(double x)
{
    return x >= 0 ? arcsine_q1(x) : -arcsine_q1(-x);
}

static double arccosine_degrees(double x)
{
    return x >= 0 ? arccosine_q1(x) : 90.0 + arcsine_q1(-x);
}

static double arctangent_degrees(double x)
{
    return atan(x) / atan(1.0) * 45.0;
}

static double cotangent(double x)
{
    return 1.0 / tan(x);
}

static double sign_of(double x)
{
    return x > 0 ? 1 : x < 0 ? -1 : 0;
}

static double negative(double x)
{
    return -x;
}

static double to_degrees(double x)
{
    return x / radians_per_degree;
}

static double to_radians(double x)
{
    return x * radians_per_degree;
}

static const struct {
    const char *name;
    double (*f)(double);
    double low, high; /* outside: 22003 `input is out of range` */
    bool overflow;    /* an infinite result of a finite argument is an error ... */
    bool underflow;   /* ... as is zero of another number */
} functions[] = {
    {"abs", fabs, -INFINITY, INFINITY, false, false},
    {"neg", negative, -INFINITY, INFINITY, false, false},
    {"ceil", ceil, -INFINITY, INFINITY, false, false},
    {"floor", floor, -INFINITY, INFINITY, false, false},
    {"trunc", trunc, -INFINITY, INFINITY, false, false},
    {"rint", rint, -INFINITY, INFINITY, false, false},
    {"sign", sign_of, -INFINITY, INFINITY, false, false},
    {"cbrt", cbrt, -INFINITY, INFINITY, true, true},
    {"acos", acos, -1, 1, true, false},
    {"asin", asin, -1, 1, true, false},
    {"atan", atan, -INFINITY, INFINITY, true, false},
    {"acosd", arccosine_degrees, -1, 1, true, false},
    {"asind", arcsine_degrees, -1, 1, true, false},
    {"atand", arctangent_degrees, -INFINITY, INFINITY, true, false},
    {"sinh", sinh, -INFINITY, INFINITY, false, false},
    {"cosh", cosh, -INFINITY, INFINITY, false, true},
    {"tanh", tanh, -INFINITY, INFINITY, true, false},
    {"asinh", asinh, -INFINITY, INFINITY, false, false},
    {"acosh", acosh, 1, INFINITY, false, false},
    {"atanh", atanh, -1, 1, false, false},
    {"degrees", to_degrees, -INFINITY, INFINITY, true, true},
    {"radians", to_radians, -INFINITY, INFINITY, true, true},
};

/* Those that have no value for infinity. */
static const struct {
    const char *name;
    double (*f)(double);
    bool overflow;
} angles[] = {
    {"sin", sin, true},
    {"cos", cos, true},
    {"tan", tan, false},
    {"cot", cotangent, false},
    {"sind", sine_degrees, true},
    {"cosd", cosine_degrees, true},
    {"tand", tangent_degrees, false},
    {"cotd", cotangent_degrees, false},
};

/* pgf_float('name', x) */
static void fn_float(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    if (functions_null(argc, argv))
        return;
    const char *name = (const char *)sqlite3_value_text(argv[0]);
    double x = functions_real(argv[1]);
    for (size_t i = 0; i < sizeof(angles) / sizeof(angles[0]); i++) {
        if (strcmp(angles[i].name, name) != 0)
            continue;
        if (isinf(x))
            range(ctx, "input is out of range");
        else
            result(ctx, angles[i].f(x), !angles[i].overflow, true);
        return;
    }
    for (size_t i = 0; i < sizeof(functions) / sizeof(functions[0]); i++) {
        if (strcmp(functions[i].name, name) != 0)
            continue;
        if (x < functions[i].low || x > functions[i].high)
            range(ctx, "input is out of range");
        else
            result(ctx, functions[i].f(x), !functions[i].overflow || isinf(x),
                   !functions[i].underflow || x == 0);
        return;
    }
    functions_fail(ctx, SQLSTATE_INTERNAL_ERROR, "no function %s", name);
}

static void fn_sqrt(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    if (functions_null(argc, argv))
        return;
    double a = functions_real(argv[0]);
    if (a < 0)
        functions_fail(ctx, "2201F", "cannot take square root of a negative number");
    else
        functions_result_real(ctx, sqrt(a));
}

static void fn_power(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    if (functions_null(argc, argv))
        return;
    double a = functions_real(argv[0]), b = functions_real(argv[1]);
    if (isnan(a) || isnan(b))
        functions_result_real(ctx, (isnan(a) && b == 0) || a == 1 ? 1 : NAN);
    else if (a == 0 && b < 0)
        functions_fail(ctx, "2201F", "zero raised to a negative power is undefined");
    else if (a < 0 && floor(b) != b)
        functions_fail(ctx, "2201F",
                       "a negative number raised to a non-integer power yields a complex result");
    else
        result(ctx, pow(a, b), isinf(a) || isinf(b), a == 0 || isinf(a) || isinf(b));
}

static void fn_exp(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    if (functions_null(argc, argv))
        return;
    double a = functions_real(argv[0]);
    result(ctx, exp(a), isinf(a), isinf(a));
}

static void logarithm(sqlite3_context *ctx, int argc, sqlite3_value **argv,
                      double (*log_of)(double))
{
    if (functions_null(argc, argv))
        return;
    double a = functions_real(argv[0]);
    if (a == 0)
        functions_fail(ctx, "2201E", "cannot take logarithm of zero");
    else if (a < 0)
        functions_fail(ctx, "2201E", "cannot take logarithm of a negative number");
    else
        result(ctx, log_of(a), isinf(a), a == 1);
}

static void fn_ln(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    logarithm(ctx, argc, argv, log);
}

static void fn_log10(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    logarithm(ctx, argc, argv, log10);
}

static void fn_atan2(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    if (!functions_null(argc, argv))
        functions_result_real(ctx, atan2(functions_real(argv[0]), functions_real(argv[1])));
}

static void fn_atan2d(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    if (!functions_null(argc, argv))
        functions_result_real(ctx, atan2(functions_real(argv[0]), functions_real(argv[1])) /
                                       atan(1.0) * 45.0);
}

/* width_bucket(operand, low, high, count) */
static void fn_bucket(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    if (functions_null(argc, argv))
        return;
    double x = functions_real(argv[0]), low = functions_real(argv[1]),
           high = functions_real(argv[2]);
    int64_t count = sqlite3_value_int64(argv[3]), n;
    const char *why = count <= 0 ? "count must be greater than zero"
                      : isnan(x) || isnan(low) || isnan(high)
                          ? "operand, lower bound, and upper bound cannot be NaN"
                      : isinf(low) || isinf(high) ? "lower and upper bounds must be finite"
                      : low == high               ? "lower bound cannot equal upper bound"
                                                  : NULL;
    if (why != NULL) {
        functions_fail(ctx, "2201G", "%s", why);
        return;
    }
    bool rising = low < high;
    if (rising ? x < low : x > low) {
        n = 0;
    } else if (rising ? x >= high : x <= high) {
        n = count + 1;
    } else {
        double width = high - low, part = x - low;
        double r = isinf(width) ? (double)count * ((x / 2 - low / 2) / (high / 2 - low / 2))
                                : (double)count * (part / width);
        n = (int64_t)r;
        n = (n >= count ? count - 1 : n) + 1;
    }
    if (n > INT32_MAX)
        range(ctx, "integer out of range");
    else
        sqlite3_result_int64(ctx, n);
}

const struct function_row functions_float_rows[] = {
    {"pgf_fadd", 2, true, fn_add, NULL, NULL},      {"pgf_fsub", 2, true, fn_sub, NULL, NULL},
    {"pgf_fmul", 2, true, fn_mul, NULL, NULL},      {"pgf_fdiv", 2, true, fn_div, NULL, NULL},
    {"pgf_float4", 1, true, fn_float4, NULL, NULL}, {"pgf_float_int", 2, true, fn_int, NULL, NULL},
    {"pgf_float", 2, true, fn_float, NULL, NULL},   {"pgf_sqrt", 1, true, fn_sqrt, NULL, NULL},
    {"pgf_power", 2, true, fn_power, NULL, NULL},   {"pgf_exp", 1, true, fn_exp, NULL, NULL},
    {"pgf_ln", 1, true, fn_ln, NULL, NULL},         {"pgf_log10", 1, true, fn_log10, NULL, NULL},
    {"pgf_atan2", 2, true, fn_atan2, NULL, NULL},   {"pgf_atan2d", 2, true, fn_atan2d, NULL, NULL},
    {"pgf_bucket", 4, true, fn_bucket, NULL, NULL},
};
const size_t functions_float_n = sizeof(functions_float_rows) / sizeof(functions_float_rows[0]);
