/* functions_time.h: between functions_time.c and functions_interval.c. */
#pragma once

#include "daemon/store/functions_impl.h"

#define SECOND          INT64_C(1000000)
#define DAY             (INT64_C(86400) * SECOND)
#define UNIX_EPOCH_DAYS 10957 /* from 1970-01-01 to 2000-01-01 */

/* Day and time of day of a timestamp; the day is rounded down. */
static inline int64_t time_split_day(int64_t us, int64_t *ret_rest)
{
    int64_t day = us / DAY, rest = us % DAY;
    if (rest < 0) {
        rest += DAY;
        day--;
    }
    *ret_rest = rest;
    return day;
}

static inline bool time_infinite(int64_t us)
{
    return us == INT64_MIN || us == INT64_MAX;
}

/* A timestamp as the result; 22008 beyond 4714-11-24 BC and 294276. */
void time_result(sqlite3_context *ctx, __int128 us);
bool time_in_range(__int128 us);
/* The ISO week of a day, and the year it belongs to. */
int64_t time_iso_week(int64_t day, int32_t *ret_year);
int32_t time_month_days(int32_t year, int32_t month);
/* ${us} and ${v}, on the session's calendar if ${zoned}. */
int time_add(const struct types_session *session, bool zoned, int64_t us,
             const struct types_interval *v, int64_t *ret, struct err *err) MUSTCHECK;

/* Is it an interval that a time zone can be, without months and days?  false: the statement has
 * failed. */
bool time_zone_interval(sqlite3_context *ctx, sqlite3_value *arg, const struct types_interval *v);

/* Fields of dates and times, as extract() and date_trunc() name them. */
enum unit {
    UNIT_NONE,
    MICROSECOND,
    MILLISECOND,
    SECONDS,
    MINUTE,
    HOUR,
    DAYS,
    WEEK,
    MONTH,
    QUARTER,
    YEAR,
    DECADE,
    CENTURY,
    MILLENNIUM,
    DOW,
    ISODOW,
    DOY,
    EPOCH,
    ISOYEAR,
    JULIAN,
    TIMEZONE,
    TIMEZONE_HOUR,
    TIMEZONE_MINUTE
};
enum unit functions_unit(struct slice name);
/* Of those, the ones that date_trunc() knows. */
enum unit time_trunc_unit(struct slice name);

/* ${value} times 10^-${decimals}, as numeric. */
void functions_scaled(sqlite3_context *ctx, int64_t value, int decimals);
/* An argument as an interval, with its sign turned for ${sign} < 0; false: the statement has
 * failed. */
bool functions_interval(sqlite3_context *ctx, sqlite3_value *v, int sign,
                        struct types_interval *ret);
void functions_interval_result(sqlite3_context *ctx, const struct types_interval *v);
