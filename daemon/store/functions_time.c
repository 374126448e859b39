/* functions_time.c: dates, timestamps and intervals, as integers since 2000-01-01. */
#include "daemon/store/functions_time.h"

#include <math.h>
#include <time.h>

static void out_of_range(sqlite3_context *ctx, const char *what)
{
    functions_fail(ctx, "22008", "%s out of range", what);
}

/* The limits of timestamp: 4714-11-24 BC up to 294277. */
bool time_in_range(__int128 us)
{
    return us >= -(__int128)211813488000 * SECOND && us < (__int128)9223371331200 * SECOND;
}

void time_result(sqlite3_context *ctx, __int128 us)
{
    if (!time_in_range(us))
        out_of_range(ctx, "timestamp");
    else
        sqlite3_result_int64(ctx, (int64_t)us);
}

/* -- now -- */

static void fn_now(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    (void)argc;
    (void)argv;
    sqlite3_result_int64(ctx, functions_context(ctx)->transaction_us);
}

static void fn_statement(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    (void)argc;
    (void)argv;
    sqlite3_result_int64(ctx, functions_context(ctx)->statement_us);
}

static void fn_clock(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    struct timespec now;
    (void)argc;
    (void)argv;
    clock_gettime(CLOCK_REALTIME, &now);
    sqlite3_result_int64(ctx,
                         (int64_t)now.tv_sec * SECOND + now.tv_nsec / 1000 - UNIX_EPOCH_DAYS * DAY);
}

static void fn_local(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    const struct store_context *c = functions_context(ctx);
    (void)argc;
    (void)argv;
    sqlite3_result_int64(ctx, types_utc_to_local(&c->types, c->transaction_us));
}

static void fn_today(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    const struct store_context *c = functions_context(ctx);
    int64_t rest;
    (void)argc;
    (void)argv;
    sqlite3_result_int64(ctx,
                         time_split_day(types_utc_to_local(&c->types, c->transaction_us), &rest));
}

/* -- between the types -- */

static void fn_to_local(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    if (functions_null(argc, argv))
        return;
    int64_t us = sqlite3_value_int64(argv[0]);
    sqlite3_result_int64(
        ctx, time_infinite(us) ? us : types_utc_to_local(&functions_context(ctx)->types, us));
}

static void fn_to_utc(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    if (functions_null(argc, argv))
        return;
    int64_t us = sqlite3_value_int64(argv[0]);
    sqlite3_result_int64(
        ctx, time_infinite(us) ? us : types_local_to_utc(&functions_context(ctx)->types, us));
}

static void fn_date_timestamp(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    if (functions_null(argc, argv))
        return;
    int64_t day = sqlite3_value_int64(argv[0]);
    if (day == INT32_MIN || day == INT32_MAX)
        sqlite3_result_int64(ctx, day < 0 ? INT64_MIN : INT64_MAX);
    else if (day >= 9223371331200 / 86400)
        functions_fail(ctx, "22008", "date out of range for timestamp");
    else
        sqlite3_result_int64(ctx, day * DAY);
}

static void fn_timestamp_date(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    int64_t rest;
    if (functions_null(argc, argv))
        return;
    int64_t us = sqlite3_value_int64(argv[0]);
    sqlite3_result_int64(ctx, us == INT64_MIN   ? INT32_MIN
                              : us == INT64_MAX ? INT32_MAX
                                                : time_split_day(us, &rest));
}

static void fn_timestamp_time(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    int64_t rest;
    if (functions_null(argc, argv))
        return;
    int64_t us = sqlite3_value_int64(argv[0]);
    if (time_infinite(us))
        return;
    (void)time_split_day(us, &rest);
    sqlite3_result_int64(ctx, rest);
}

static void fn_at_zone(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    struct store_context *c = functions_context(ctx);
    struct types_session zone;
    struct types_moment at;
    if (functions_null(argc, argv))
        return;
    int64_t us = sqlite3_value_int64(argv[1]);
    if (time_infinite(us)) {
        sqlite3_result_int64(ctx, us);
        return;
    }
    at.kind = sqlite3_value_int(argv[2]) ? TYPES_MOMENT_UTC : TYPES_MOMENT_LOCAL;
    at.us = us;
    if (types_zone_session(&c->types, functions_slice(argv[0]), &at, &zone, &c->raised) < 0) {
        functions_raised(ctx);
        return;
    }
    us = sqlite3_value_int(argv[2]) ? types_utc_to_local(&zone, us) : types_local_to_utc(&zone, us);
    types_session_release(&zone);
    time_result(ctx, us);
}

/* -- arithmetic -- */

static void fn_date_add(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    if (functions_null(argc, argv))
        return;
    int64_t day = sqlite3_value_int64(argv[0]), sum = day + sqlite3_value_int64(argv[1]);
    if (day == INT32_MIN || day == INT32_MAX)
        sqlite3_result_int64(ctx, day);
    else if (sum < -2451545 || sum >= 2147483494 - 2451545)
        out_of_range(ctx, "date");
    else
        sqlite3_result_int64(ctx, sum);
}

static void fn_date_diff(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    if (functions_null(argc, argv))
        return;
    int64_t a = sqlite3_value_int64(argv[0]), b = sqlite3_value_int64(argv[1]);
    if (a == INT32_MIN || a == INT32_MAX || b == INT32_MIN || b == INT32_MAX)
        functions_fail(ctx, "22008", "cannot subtract infinite dates");
    else
        sqlite3_result_int64(ctx, a - b);
}

static void fn_timestamp_diff(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    struct types_interval v = {0};
    if (functions_null(argc, argv))
        return;
    int64_t a = sqlite3_value_int64(argv[0]), b = sqlite3_value_int64(argv[1]), d;
    if (time_infinite(a) || time_infinite(b)) {
        functions_fail(ctx, "22008", "cannot subtract infinite timestamps");
        return;
    }
    if (__builtin_sub_overflow(a, b, &d)) {
        functions_fail(ctx, "22008", "interval out of range");
        return;
    }
    v.days = (int32_t)(d / DAY);
    v.us = d % DAY;
    functions_interval_result(ctx, &v);
}

int32_t time_month_days(int32_t year, int32_t month)
{
    static const int32_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return month == 2 && leap ? 29 : days[month - 1];
}

/* Months first, then days, both on the calendar; the day of the month is cut to the month's length.
 */
static int64_t add_months(int64_t day, const struct types_interval *v)
{
    int32_t y, m, d;
    if (v->months != 0) {
        types_civil(day, &y, &m, &d);
        int64_t months = (int64_t)y * 12 + (m - 1) + v->months;
        int64_t year = months >= 0 ? months / 12 : -((-months + 11) / 12);
        m = (int32_t)(months - year * 12) + 1;
        y = (int32_t)year;
        if (d > time_month_days(y, m))
            d = time_month_days(y, m);
        day = types_days(y, m, d);
    }
    return day + v->days;
}

int time_add(const struct types_session *session, bool zoned, int64_t us,
             const struct types_interval *v, int64_t *ret, struct err *err)
{
    int64_t rest;
    __int128 sum = us;
    if (time_infinite(us)) {
        *ret = us;
        return 0;
    }
    if (v->months != 0 || v->days != 0) {
        int64_t day =
            add_months(time_split_day(zoned ? types_utc_to_local(session, us) : us, &rest), v);
        sum = (__int128)day * DAY + rest;
        if (sum > INT64_MAX - DAY || sum < INT64_MIN + DAY)
            return err_set(err, "22008", "timestamp out of range");
        if (zoned)
            sum = types_local_to_utc(session, (int64_t)sum);
    }
    sum += v->us;
    if (!time_in_range(sum))
        return err_set(err, "22008", "timestamp out of range");
    *ret = (int64_t)sum;
    return 0;
}

static void add(sqlite3_context *ctx, int argc, sqlite3_value **argv, bool zoned)
{
    struct store_context *c = functions_context(ctx);
    struct types_interval v;
    int64_t r;
    if (functions_null(argc, argv) ||
        !functions_interval(ctx, argv[1], sqlite3_value_int(argv[2]), &v))
        return;
    if (time_add(&c->types, zoned, sqlite3_value_int64(argv[0]), &v, &r, &c->raised) < 0)
        functions_raised(ctx);
    else
        sqlite3_result_int64(ctx, r);
}

static void fn_timestamp_add(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    add(ctx, argc, argv, false);
}

static void fn_timestamptz_add(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    add(ctx, argc, argv, true);
}

static void fn_to_timestamp(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    if (functions_null(argc, argv))
        return;
    double seconds = functions_real(argv[0]);
    if (isnan(seconds))
        functions_fail(ctx, "22008", "timestamp cannot be NaN");
    else if (isinf(seconds))
        sqlite3_result_int64(ctx, seconds < 0 ? INT64_MIN : INT64_MAX);
    else if (seconds < -210866803200.0 || seconds >= 9224318016000.0)
        functions_fail(ctx, "22008", "timestamp out of range: \"%g\"", seconds);
    else
        time_result(ctx, (__int128)rint((seconds - UNIX_EPOCH_DAYS * 86400.0) * 1e6));
}

const struct function_row functions_time_rows[] = {
    {"pgf_now", 0, false, fn_now, NULL, NULL},
    {"pgf_statement_timestamp", 0, false, fn_statement, NULL, NULL},
    {"pgf_clock_timestamp", 0, false, fn_clock, NULL, NULL},
    {"pgf_localtimestamp", 0, false, fn_local, NULL, NULL},
    {"pgf_current_date", 0, false, fn_today, NULL, NULL},
    {"pgf_to_local", 1, false, fn_to_local, NULL, NULL},
    {"pgf_to_utc", 1, false, fn_to_utc, NULL, NULL},
    {"pgf_at_zone", 3, true, fn_at_zone, NULL, NULL},
    {"pgf_date_timestamp", 1, true, fn_date_timestamp, NULL, NULL},
    {"pgf_timestamp_date", 1, true, fn_timestamp_date, NULL, NULL},
    {"pgf_timestamp_time", 1, true, fn_timestamp_time, NULL, NULL},
    {"pgf_date_add", 2, true, fn_date_add, NULL, NULL},
    {"pgf_date_diff", 2, true, fn_date_diff, NULL, NULL},
    {"pgf_timestamp_diff", 2, true, fn_timestamp_diff, NULL, NULL},
    {"pgf_timestamp_add", 3, true, fn_timestamp_add, NULL, NULL},
    {"pgf_timestamptz_add", 3, false, fn_timestamptz_add, NULL, NULL},
    {"pgf_to_timestamp", 1, true, fn_to_timestamp, NULL, NULL},
};
const size_t functions_time_n = sizeof(functions_time_rows) / sizeof(functions_time_rows[0]);
