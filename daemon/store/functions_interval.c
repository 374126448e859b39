/* functions_interval.c: intervals: months, days and microseconds. */
#include "daemon/store/functions_time.h"

void functions_interval_result(sqlite3_context *ctx, const struct types_interval *v)
{
    char packed[16];
    types_interval_pack(v, packed);
    sqlite3_result_blob(ctx, packed, sizeof(packed), SQLITE_TRANSIENT);
}

bool functions_interval(sqlite3_context *ctx, sqlite3_value *v, int sign,
                        struct types_interval *ret)
{
    if (!types_interval_unpack(functions_slice(v), ret)) {
        functions_fail(ctx, SQLSTATE_INTERNAL_ERROR, "stored interval is damaged");
        return false;
    }
    if (sign < 0) {
        if (ret->us == INT64_MIN || ret->days == INT32_MIN || ret->months == INT32_MIN) {
            functions_fail(ctx, "22008", "interval out of range");
            return false;
        }
        ret->us = -ret->us;
        ret->days = -ret->days;
        ret->months = -ret->months;
    }
    return true;
}

static void fn_interval_add(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    struct types_interval a, b;
    if (functions_null(argc, argv) || !functions_interval(ctx, argv[0], 1, &a) ||
        !functions_interval(ctx, argv[1], sqlite3_value_int(argv[2]), &b))
        return;
    if (__builtin_add_overflow(a.us, b.us, &a.us) ||
        __builtin_add_overflow(a.days, b.days, &a.days) ||
        __builtin_add_overflow(a.months, b.months, &a.months))
        functions_fail(ctx, "22008", "interval out of range");
    else
        functions_interval_result(ctx, &a);
}

static void fn_interval_neg(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    struct types_interval a;
    if (!functions_null(argc, argv) && functions_interval(ctx, argv[0], -1, &a))
        functions_interval_result(ctx, &a);
}

/* How PostgreSQL compares them: a month is 30 days, a day 24 hours. */
static __int128 span(const struct types_interval *v)
{
    return ((__int128)v->months * 30 + v->days) * DAY + v->us;
}

/* pgf_interval_order(v): bytes that sort as intervals do. */
static void fn_order(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    struct types_interval v;
    unsigned char key[16];
    if (functions_null(argc, argv) || !functions_interval(ctx, argv[0], 1, &v))
        return;
    unsigned __int128 biased = (unsigned __int128)span(&v) ^ ((unsigned __int128)1 << 127);
    for (int i = 15; i >= 0; i--, biased >>= 8)
        key[i] = (unsigned char)biased;
    sqlite3_result_blob(ctx, key, sizeof key, SQLITE_TRANSIENT);
}

static void fn_compare(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    struct types_interval a, b;
    if (functions_null(argc, argv) || !functions_interval(ctx, argv[0], 1, &a) ||
        !functions_interval(ctx, argv[1], 1, &b))
        return;
    __int128 x = span(&a), y = span(&b);
    sqlite3_result_int(ctx, (x > y) - (x < y));
}

/* Fields that have decimals, in floating point; false: another one. */
static bool real_field(sqlite3_context *ctx, enum unit unit, const struct types_interval *v)
{
    int64_t second = v->us % (60 * SECOND);
    double whole = (double)(second / SECOND), part = (double)(second % SECOND);
    if (unit == SECONDS)
        sqlite3_result_double(ctx, whole + part / 1000000.0);
    else if (unit == MILLISECOND)
        sqlite3_result_double(ctx, whole * 1000.0 + part / 1000.0);
    else if (unit == EPOCH) {
        double r = (double)v->us / 1000000.0;
        r += 365.25 * 86400.0 * (v->months / 12);
        r += 30.0 * 86400.0 * (v->months % 12);
        sqlite3_result_double(ctx, r + 86400.0 * v->days);
    } else
        return false;
    return true;
}

/* pgf_extract_interval(field, interval, 1 for date_part) */
static void fn_extract(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    struct types_interval v;
    if (functions_null(argc, argv) || !functions_interval(ctx, argv[1], 1, &v))
        return;
    struct slice name = functions_slice(argv[0]);
    int64_t years = v.months / 12, months = v.months % 12;
    bool real = sqlite3_value_int(argv[2]) != 0;
    if (real && real_field(ctx, functions_unit(name), &v))
        return;
    switch (functions_unit(name)) {
    case MICROSECOND:
        functions_scaled(ctx, v.us % (60 * SECOND), 0);
        return;
    case MILLISECOND:
        functions_scaled(ctx, v.us % (60 * SECOND), 3);
        return;
    case SECONDS:
        functions_scaled(ctx, v.us % (60 * SECOND), 6);
        return;
    case MINUTE:
        functions_scaled(ctx, v.us / (60 * SECOND) % 60, 0);
        return;
    case HOUR:
        functions_scaled(ctx, v.us / (3600 * SECOND), 0);
        return;
    case DAYS:
        functions_scaled(ctx, v.days, 0);
        return;
    case MONTH:
        functions_scaled(ctx, months, 0);
        return;
    case QUARTER:
        functions_scaled(ctx, months / 3 + 1, 0);
        return;
    case YEAR:
        functions_scaled(ctx, years, 0);
        return;
    case DECADE:
        functions_scaled(ctx, years / 10, 0);
        return;
    case CENTURY:
        functions_scaled(ctx, years / 100, 0);
        return;
    case MILLENNIUM:
        functions_scaled(ctx, years / 1000, 0);
        return;
    case EPOCH: { /* a year has 365.25 days here, a month 30 */
        __int128 days4 = (__int128)years * 1461 + months * 120 + (int64_t)v.days * 4;
        __int128 us = days4 * (DAY / 4) + v.us;
        if (us > INT64_MAX || us < INT64_MIN)
            functions_fail(
                ctx, SQLSTATE_FEATURE_NOT_SUPPORTED,
                "the epoch of so long an interval is not supported by the embedded store");
        else
            functions_scaled(ctx, (int64_t)us, 6);
        return;
    }
    case UNIT_NONE:
        functions_fail(ctx, SQLSTATE_INVALID_PARAMETER_VALUE,
                       "unit \"%.*s\" not recognized for type interval", (int)name.len, name.data);
        return;
    default:
        functions_fail(ctx, SQLSTATE_FEATURE_NOT_SUPPORTED,
                       "unit \"%.*s\" not supported for type interval", (int)name.len, name.data);
    }
}

const struct function_row functions_interval_rows[] = {
    {"pgf_interval_add", 3, true, fn_interval_add, NULL, NULL},
    {"pgf_interval_neg", 1, true, fn_interval_neg, NULL, NULL},
    {"pgf_interval_compare", 2, true, fn_compare, NULL, NULL},
    {"pgf_interval_order", 1, true, fn_order, NULL, NULL},
    {"pgf_extract_interval", 3, true, fn_extract, NULL, NULL},
};
const size_t functions_interval_n =
    sizeof(functions_interval_rows) / sizeof(functions_interval_rows[0]);
