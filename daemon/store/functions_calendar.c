/* functions_calendar.c: intervals scaled and justified, ages, bins, dates and times put together.
 */
#include "daemon/store/functions_time.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>

#define MONTH_DAYS 30

static void interval_range(sqlite3_context *ctx)
{
    functions_fail(ctx, "22008", "interval out of range");
}

/* -- interval * and / a number -- */

/* Seconds and days, freed from what floating point leaves beyond microseconds. */
static double settled(double v)
{
    return rint(v * 1e6) / 1e6;
}

static double scale(double v, double factor, bool divide)
{
    return divide ? v / factor : v * factor;
}

/* Months and days are scaled each for itself; what is left of them goes down to days and time. */
void functions_interval_scale(sqlite3_context *ctx, const struct types_interval *v, double factor,
                              bool divide)
{
    struct types_interval r;
    double months = scale(v->months, factor, divide), days = scale(v->days, factor, divide);
    if (isnan(months) || isnan(days) || fabs(months) > 2147483647.0 || fabs(days) > 2147483647.0) {
        interval_range(ctx);
        return;
    }
    r.months = (int32_t)months;
    r.days = (int32_t)days;
    double rest_days = settled((months - r.months) * MONTH_DAYS);
    double rest_seconds = settled((days - r.days + rest_days - (int)rest_days) * 86400.0);
    if (fabs(rest_seconds) >= 86400.0) {
        r.days += (int32_t)(rest_seconds / 86400.0);
        rest_seconds -= (int)(rest_seconds / 86400.0) * 86400.0;
    }
    r.days += (int32_t)rest_days;
    double us = rint(scale((double)v->us, factor, divide) + rest_seconds * 1e6);
    if (isnan(us) || us < -9223372036854775808.0 || us >= 9223372036854775808.0) {
        interval_range(ctx);
        return;
    }
    r.us = (int64_t)us;
    functions_interval_result(ctx, &r);
}

static void fn_multiply(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    struct types_interval v;
    if (!functions_null(argc, argv) && functions_interval(ctx, argv[0], 1, &v))
        functions_interval_scale(ctx, &v, functions_real(argv[1]), false);
}

static void fn_divide(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    struct types_interval v;
    if (functions_null(argc, argv) || !functions_interval(ctx, argv[0], 1, &v))
        return;
    double by = functions_real(argv[1]);
    if (by == 0)
        functions_fail(ctx, SQLSTATE_DIVISION_BY_ZERO, "division by zero");
    else
        functions_interval_scale(ctx, &v, by, true);
}

/* -- justify_days(), justify_hours(), justify_interval() -- */

static bool carry(int64_t *low, int64_t unit, int32_t *high)
{
    int64_t whole = *low / unit;
    *low -= whole * unit;
    return !__builtin_add_overflow((int64_t)*high, whole, &whole) && whole == (int32_t)whole &&
           ((*high = (int32_t)whole), true);
}

/* The lower part gets the sign of the higher one. */
static void same_sign(int64_t *low, int64_t unit, int32_t *high)
{
    if (*high > 0 && *low < 0) {
        *low += unit;
        (*high)--;
    } else if (*high < 0 && *low > 0) {
        *low -= unit;
        (*high)++;
    }
}

static bool justify_days(struct types_interval *v)
{
    int64_t days = v->days;
    bool ok = carry(&days, MONTH_DAYS, &v->months);
    v->days = (int32_t)days;
    return ok;
}

static void fn_justify_days(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    struct types_interval v;
    if (functions_null(argc, argv) || !functions_interval(ctx, argv[0], 1, &v))
        return;
    if (!justify_days(&v)) {
        interval_range(ctx);
        return;
    }
    int64_t days = v.days;
    same_sign(&days, MONTH_DAYS, &v.months);
    v.days = (int32_t)days;
    functions_interval_result(ctx, &v);
}

static void fn_justify_hours(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    struct types_interval v;
    if (functions_null(argc, argv) || !functions_interval(ctx, argv[0], 1, &v))
        return;
    if (!carry(&v.us, DAY, &v.days)) {
        interval_range(ctx);
        return;
    }
    same_sign(&v.us, DAY, &v.days);
    functions_interval_result(ctx, &v);
}

static void fn_justify(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    struct types_interval v;
    if (functions_null(argc, argv) || !functions_interval(ctx, argv[0], 1, &v))
        return;
    bool same = (v.days > 0 && v.us > 0) || (v.days < 0 && v.us < 0);
    if ((same && !justify_days(&v)) || !carry(&v.us, DAY, &v.days) || !justify_days(&v)) {
        interval_range(ctx);
        return;
    }
    if (v.months > 0 && (v.days < 0 || (v.days == 0 && v.us < 0))) {
        v.days += MONTH_DAYS;
        v.months--;
    } else if (v.months < 0 && (v.days > 0 || (v.days == 0 && v.us > 0))) {
        v.days -= MONTH_DAYS;
        v.months++;
    }
    same_sign(&v.us, DAY, &v.days);
    functions_interval_result(ctx, &v);
}

/* -- date_trunc() of an interval -- */

static void fn_trunc_interval(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    struct types_interval v;
    if (functions_null(argc, argv) || !functions_interval(ctx, argv[1], 1, &v))
        return;
    struct slice name = functions_slice(argv[0]);
    enum unit unit = time_trunc_unit(name);
    int32_t months = unit == MILLENNIUM ? 12000
                     : unit == CENTURY  ? 1200
                     : unit == DECADE   ? 120
                     : unit == YEAR     ? 12
                     : unit == QUARTER  ? 3
                     : unit == MONTH    ? 1
                                        : 0;
    int64_t us = unit == HOUR          ? 3600 * SECOND
                 : unit == MINUTE      ? 60 * SECOND
                 : unit == SECONDS     ? SECOND
                 : unit == MILLISECOND ? 1000
                 : unit == MICROSECOND ? 1
                                       : 0;
    if (months == 0 && us == 0 && unit != DAYS) {
        functions_fail(ctx,
                       unit == UNIT_NONE ? SQLSTATE_INVALID_PARAMETER_VALUE
                                         : SQLSTATE_FEATURE_NOT_SUPPORTED,
                       "unit \"%.*s\" not %s for type interval", (int)name.len, name.data,
                       unit == UNIT_NONE ? "recognized" : "supported");
        if (unit == WEEK)
            err_detail(&functions_context(ctx)->raised, "Months usually have fractional weeks.");
        return;
    }
    v.us = us == 0 ? 0 : v.us / us * us;
    if (months != 0) {
        v.days = 0;
        v.months = v.months / months * months;
    }
    functions_interval_result(ctx, &v);
}

/* -- age() -- */

struct parts {
    int32_t year, month, day;
    int64_t us;
};

static struct parts split(int64_t us)
{
    struct parts p;
    types_civil(time_split_day(us, &p.us), &p.year, &p.month, &p.day);
    return p;
}

/* Years, months and days between two wall clocks, counted from the earlier one. */
static void age(sqlite3_context *ctx, int64_t a, int64_t b, bool later)
{
    struct parts x = split(a), y = split(b);
    int sign = later ? -1 : 1; /* ${a} is the earlier one */
    int64_t us = sign * (x.us - y.us);
    int32_t day = sign * (x.day - y.day), month = sign * (x.month - y.month),
            year = sign * (x.year - y.year);
    if (us < 0) {
        us += DAY;
        day--;
    }
    while (day < 0) {
        day += later ? time_month_days(x.year, x.month) : time_month_days(y.year, y.month);
        month--;
    }
    while (month < 0) {
        month += 12;
        year--;
    }
    struct types_interval v = {sign * us, sign * day, sign * (year * 12 + month)};
    functions_interval_result(ctx, &v);
}

/* pgf_age(a, b, 1 for timestamptz) */
static void fn_age(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    const struct types_session *s = &functions_context(ctx)->types;
    if (functions_null(argc, argv))
        return;
    int64_t a = sqlite3_value_int64(argv[0]), b = sqlite3_value_int64(argv[1]);
    bool zoned = sqlite3_value_int(argv[2]) != 0;
    if (time_infinite(a) || time_infinite(b))
        functions_fail(ctx, SQLSTATE_FEATURE_NOT_SUPPORTED,
                       "the age of infinity is not supported by the embedded store");
    else
        age(ctx, zoned ? types_utc_to_local(s, a) : a, zoned ? types_utc_to_local(s, b) : b, a < b);
}

/* -- date_bin() -- */

static void fn_bin(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    struct types_interval v;
    if (functions_null(argc, argv) || !functions_interval(ctx, argv[0], 1, &v))
        return;
    int64_t us = sqlite3_value_int64(argv[1]), origin = sqlite3_value_int64(argv[2]);
    if (time_infinite(us)) {
        sqlite3_result_int64(ctx, us);
        return;
    }
    if (time_infinite(origin)) {
        functions_fail(ctx, "22008", "origin out of range");
        return;
    }
    if (v.months != 0) {
        functions_fail(ctx, SQLSTATE_FEATURE_NOT_SUPPORTED,
                       "timestamps cannot be binned into intervals containing months or years");
        return;
    }
    __int128 stride = (__int128)v.days * DAY + v.us, diff = (__int128)us - origin;
    if (stride <= 0) {
        functions_fail(ctx, "22008", "stride must be greater than zero");
        return;
    }
    if (stride > INT64_MAX || diff > INT64_MAX || diff < INT64_MIN) {
        interval_range(ctx);
        return;
    }
    __int128 rest = diff % stride;
    __int128 r = origin + diff - rest - (rest < 0 ? stride : 0);
    time_result(ctx, r);
}

/* -- make_...() -- */

/* The day since 2000-01-01; false: the statement has failed. */
static bool make_day(sqlite3_context *ctx, sqlite3_value **argv, int64_t *ret)
{
    int64_t y = sqlite3_value_int64(argv[0]), m = sqlite3_value_int64(argv[1]),
            d = sqlite3_value_int64(argv[2]);
    bool zero = y == 0;
    y = y < 0 && y != INT32_MIN ? y + 1 : y; /* there was no year 0 */
    bool bad = zero || m < 1 || m > 12 || d < 1 || y <= INT32_MIN;
    bad = bad || d > time_month_days((int32_t)y, (int32_t)m);
    bool julian =
        (y > -4713 || (y == -4713 && m >= 11)) && (y < 5874898 || (y == 5874898 && m < 6));
    if (!bad && julian) {
        *ret = types_days((int32_t)y, (int32_t)m, (int32_t)d);
        julian = *ret >= -2451545 && *ret < 2145031949;
    }
    if (bad || !julian)
        functions_fail(ctx, "22008", "date %sout of range: %lld-%02lld-%02lld",
                       bad ? "field value " : "", (long long)y, (long long)m, (long long)d);
    return !bad && julian;
}

static void fn_make_date(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    int64_t day;
    if (!functions_null(argc, argv) && make_day(ctx, argv, &day))
        sqlite3_result_int64(ctx, day);
}

static const char *seconds_text(double s, char text[32])
{
    snprintf(text, 32, "%02g", s);
    return isnan(s) ? "NaN" : isinf(s) ? (s < 0 ? "-Infinity" : "Infinity") : text;
}

static bool make_time(sqlite3_context *ctx, sqlite3_value **argv, int64_t *ret)
{
    int64_t h = sqlite3_value_int64(argv[0]), m = sqlite3_value_int64(argv[1]);
    double s = functions_real(argv[2]), us = rint(s * 1e6);
    char text[32];
    bool bad = h < 0 || h > 24 || m < 0 || m > 59 || isnan(us) || us < 0 || us > 60e6;
    if (!bad) {
        *ret = (h * 60 + m) * 60 * SECOND + (int64_t)us;
        bad = *ret > DAY;
    }
    if (bad)
        functions_fail(ctx, "22008", "time field value out of range: %lld:%02lld:%s", (long long)h,
                       (long long)m, seconds_text(s, text));
    return !bad;
}

static void fn_make_time(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    int64_t us;
    if (!functions_null(argc, argv) && make_time(ctx, argv, &us))
        sqlite3_result_int64(ctx, us);
}

/* pgf_make_timestamp(year, month, day, hour, minute, second) */
static void fn_make_timestamp(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    int64_t day, us;
    if (functions_null(argc, argv) || !make_day(ctx, argv, &day) || !make_time(ctx, argv + 3, &us))
        return;
    __int128 r = (__int128)day * DAY + us;
    if (time_in_range(r))
        sqlite3_result_int64(ctx, (int64_t)r);
    else
        functions_fail(
            ctx, "22008", "timestamp out of range: %lld-%02lld-%02lld %lld:%02lld:%02g",
            (long long)sqlite3_value_int64(argv[0]), (long long)sqlite3_value_int64(argv[1]),
            (long long)sqlite3_value_int64(argv[2]), (long long)sqlite3_value_int64(argv[3]),
            (long long)sqlite3_value_int64(argv[4]), functions_real(argv[5]));
}

/* pgf_make_interval(years, months, weeks, days, hours, minutes, seconds) */
static void fn_make_interval(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    if (functions_null(argc, argv))
        return;
    int64_t n[6];
    for (int i = 0; i < 6; i++)
        n[i] = sqlite3_value_int64(argv[i]);
    double seconds = functions_real(argv[6]);
    if (isnan(seconds) || isinf(seconds)) {
        interval_range(ctx);
        return;
    }
    int64_t months = n[0] * 12 + n[1], days = n[2] * 7 + n[3];
    double us = rint(seconds * 1e6), all = (double)(n[4] * 3600 + n[5] * 60) * 1e6 + us;
    if (months != (int32_t)months || days != (int32_t)days || fabs(all) > 9e18 || fabs(us) > 9e18) {
        functions_fail(ctx, SQLSTATE_FEATURE_NOT_SUPPORTED,
                       "so long an interval is not supported by the embedded store");
        return;
    }
    struct types_interval v = {(n[4] * 3600 + n[5] * 60) * SECOND + (int64_t)us, (int32_t)days,
                               (int32_t)months};
    functions_interval_result(ctx, &v);
}

/* -- OVERLAPS: four points, of which any may be NULL -- */

static int compare(sqlite3_value *a, sqlite3_value *b)
{
    int64_t x = sqlite3_value_int64(a), y = sqlite3_value_int64(b);
    return (x > y) - (x < y);
}

/* One period's ends in order; with one NULL the other end comes first.  false: both are NULL. */
static bool period(sqlite3_value **argv, sqlite3_value **ret_start, sqlite3_value **ret_end)
{
    sqlite3_value *start = argv[0], *end = argv[1];
    if (functions_is_null(start) && functions_is_null(end))
        return false;
    bool swap = functions_is_null(start) || (!functions_is_null(end) && compare(start, end) > 0);
    *ret_start = swap ? end : start;
    *ret_end = swap ? start : end;
    return true;
}

static void fn_overlaps(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    sqlite3_value *s1, *e1, *s2, *e2;
    (void)argc;
    if (!period(argv, &s1, &e1) || !period(argv + 2, &s2, &e2))
        return;
    int c = compare(s1, s2);
    if (c == 0) {
        if (!functions_is_null(e1) && !functions_is_null(e2))
            sqlite3_result_int(ctx, 1);
        return;
    }
    sqlite3_value *start = c > 0 ? s1 : s2, *end = c > 0 ? e2 : e1, *other = c > 0 ? e1 : e2;
    if (functions_is_null(end))
        return;
    if (compare(start, end) < 0)
        sqlite3_result_int(ctx, 1);
    else if (!functions_is_null(other))
        sqlite3_result_int(ctx, 0);
}

/* -- time of day -- */

/* pgf_time_add(time, interval, sign) */
static void fn_time_add(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    struct types_interval v;
    if (functions_null(argc, argv) ||
        !functions_interval(ctx, argv[1], sqlite3_value_int(argv[2]), &v))
        return;
    int64_t rest;
    (void)time_split_day(sqlite3_value_int64(argv[0]) + v.us % DAY, &rest);
    sqlite3_result_int64(ctx, rest);
}

static void fn_time_diff(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    struct types_interval v = {0};
    if (functions_null(argc, argv))
        return;
    v.us = sqlite3_value_int64(argv[0]) - sqlite3_value_int64(argv[1]);
    functions_interval_result(ctx, &v);
}

static void fn_interval_time(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    struct types_interval v;
    int64_t rest;
    if (functions_null(argc, argv) || !functions_interval(ctx, argv[0], 1, &v))
        return;
    (void)time_split_day(v.us, &rest);
    sqlite3_result_int64(ctx, rest);
}

/* pgf_date_time(date, time) -> timestamp */
static void fn_date_time(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    if (functions_null(argc, argv))
        return;
    int64_t day = sqlite3_value_int64(argv[0]);
    if (day == INT32_MIN || day == INT32_MAX)
        sqlite3_result_int64(ctx, day < 0 ? INT64_MIN : INT64_MAX);
    else
        time_result(ctx, (__int128)day * DAY + sqlite3_value_int64(argv[1]));
}

bool time_zone_interval(sqlite3_context *ctx, sqlite3_value *arg, const struct types_interval *v)
{
    struct buf text;
    struct types_value value;
    if (v->months == 0 && v->days == 0)
        return true;
    functions_buf(&text);
    functions_value(arg, &value);
    if (types_output(&functions_context(ctx)->types, TYPES_INTERVAL, -1, &value, &text,
                     &functions_context(ctx)->raised) == 0)
        functions_fail(ctx, SQLSTATE_INVALID_PARAMETER_VALUE,
                       "interval time zone \"%.*s\" must not include months or days",
                       (int)buf_len(&text), buf_peek(&text).data);
    buf_release(&text);
    return false;
}

/* pgf_at_offset(interval, timestamp, 1 from timestamptz) */
static void fn_at_offset(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    struct types_interval v;
    if (functions_null(argc, argv) || !functions_interval(ctx, argv[0], 1, &v))
        return;
    int64_t us = sqlite3_value_int64(argv[1]), offset = v.us / SECOND * SECOND;
    if (time_infinite(us)) {
        sqlite3_result_int64(ctx, us);
        return;
    }
    if (time_zone_interval(ctx, argv[0], &v))
        time_result(ctx, (__int128)us + (sqlite3_value_int(argv[2]) ? offset : -offset));
}

/* pgf_zone_name(zone): a zone that is no number: those mean other things elsewhere. */
static void fn_zone_name(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    if (functions_null(argc, argv))
        return;
    struct slice zone = functions_slice(argv[0]);
    if (zone.len > 0 && !isalpha((unsigned char)zone.data[0]))
        functions_fail(ctx, SQLSTATE_FEATURE_NOT_SUPPORTED,
                       "a numeric time zone in make_timestamptz is not supported by the embedded store");
    else
        sqlite3_result_value(ctx, argv[0]);
}

const struct function_row functions_calendar_rows[] = {
    {"pgf_interval_mul", 2, true, fn_multiply, NULL, NULL},
    {"pgf_interval_div", 2, true, fn_divide, NULL, NULL},
    {"pgf_justify_days", 1, true, fn_justify_days, NULL, NULL},
    {"pgf_justify_hours", 1, true, fn_justify_hours, NULL, NULL},
    {"pgf_justify_interval", 1, true, fn_justify, NULL, NULL},
    {"pgf_trunc_interval", 2, true, fn_trunc_interval, NULL, NULL},
    {"pgf_age", 3, true, fn_age, NULL, NULL},
    {"pgf_date_bin", 3, true, fn_bin, NULL, NULL},
    {"pgf_make_date", 3, true, fn_make_date, NULL, NULL},
    {"pgf_make_time", 3, true, fn_make_time, NULL, NULL},
    {"pgf_make_timestamp", 6, true, fn_make_timestamp, NULL, NULL},
    {"pgf_zone_name", 1, true, fn_zone_name, NULL, NULL},
    {"pgf_make_interval", 7, true, fn_make_interval, NULL, NULL},
    {"pgf_overlaps", 4, true, fn_overlaps, NULL, NULL},
    {"pgf_time_add", 3, true, fn_time_add, NULL, NULL},
    {"pgf_time_diff", 2, true, fn_time_diff, NULL, NULL},
    {"pgf_interval_time", 1, true, fn_interval_time, NULL, NULL},
    {"pgf_date_time", 2, true, fn_date_time, NULL, NULL},
    {"pgf_at_offset", 3, true, fn_at_offset, NULL, NULL},
};
const size_t functions_calendar_n =
    sizeof(functions_calendar_rows) / sizeof(functions_calendar_rows[0]);
