/* functions_timetz.c: time of day with a time zone; see struct types_timetz. */
#include "daemon/store/functions_time.h"

#include <time.h>

static void result(sqlite3_context *ctx, int64_t us, int32_t west)
{
    struct types_timetz t = {us, west};
    sqlite3_result_int64(ctx, types_timetz_key(t));
}

/* timestamptz to timetz: as the session's clock shows it */
static void fn_timetz(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    const struct types_session *session = &functions_context(ctx)->types;
    int64_t rest;
    if (functions_null(argc, argv) || time_infinite(sqlite3_value_int64(argv[0])))
        return;
    int32_t offset = types_utc_offset(session, sqlite3_value_int64(argv[0]));
    (void)time_split_day(sqlite3_value_int64(argv[0]) + offset * SECOND, &rest);
    result(ctx, rest, -offset);
}

/* time to timetz: with the zone of the session today */
static void fn_time_timetz(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    const struct store_context *c = functions_context(ctx);
    int64_t rest;
    if (functions_null(argc, argv))
        return;
    int64_t us = sqlite3_value_int64(argv[0]);
    int64_t day = time_split_day(types_utc_to_local(&c->types, c->transaction_us), &rest);
    int64_t local = day * DAY + us;
    result(ctx, us, (int32_t)((types_local_to_utc(&c->types, local) - local) / SECOND));
}

static void fn_timetz_time(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    if (!functions_null(argc, argv))
        sqlite3_result_int64(ctx, types_timetz_of(sqlite3_value_int64(argv[0])).us);
}

/* pgf_timetz_add(timetz, interval, sign) */
static void fn_add(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    struct types_interval v;
    int64_t rest;
    if (functions_null(argc, argv) ||
        !functions_interval(ctx, argv[1], sqlite3_value_int(argv[2]), &v))
        return;
    struct types_timetz t = types_timetz_of(sqlite3_value_int64(argv[0]));
    (void)time_split_day(t.us + v.us % DAY, &rest);
    result(ctx, rest, t.west);
}

/* date and timetz to timestamptz */
static void fn_date_timetz(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    if (functions_null(argc, argv))
        return;
    int64_t day = sqlite3_value_int64(argv[0]);
    struct types_timetz t = types_timetz_of(sqlite3_value_int64(argv[1]));
    __int128 us = (__int128)day * DAY + t.us + t.west * SECOND;
    if (day == INT32_MIN || day == INT32_MAX)
        sqlite3_result_int64(ctx, day < 0 ? INT64_MIN : INT64_MAX);
    else if (day >= 9223371331200 / 86400)
        functions_fail(ctx, "22008", "date out of range for timestamp");
    else if (!time_in_range(us))
        functions_fail(ctx, "22008", "date out of range for timestamp");
    else
        sqlite3_result_int64(ctx, (int64_t)us);
}

/* The same moment in another zone. */
static void move(sqlite3_context *ctx, sqlite3_value *value, int32_t west)
{
    struct types_timetz t = types_timetz_of(sqlite3_value_int64(value));
    int64_t rest;
    (void)time_split_day(t.us + (t.west - west) * SECOND, &rest);
    result(ctx, rest, west);
}

static void fn_at_zone(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    struct store_context *c = functions_context(ctx);
    struct types_session zone;
    struct types_moment at;
    struct timespec now;
    if (functions_null(argc, argv))
        return;
    at = (struct types_moment){TYPES_MOMENT_UTC, c->transaction_us};
    if (types_zone_session(&c->types, functions_slice(argv[0]), &at, &zone, &c->raised) < 0) {
        functions_raised(ctx);
        return;
    }
    clock_gettime(CLOCK_REALTIME, &now);
    move(ctx, argv[1],
         -types_utc_offset(&zone, (int64_t)now.tv_sec * SECOND - UNIX_EPOCH_DAYS * DAY));
    types_session_release(&zone);
}

static void fn_at_offset(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    struct types_interval v;
    if (functions_null(argc, argv) || !functions_interval(ctx, argv[0], 1, &v) ||
        !time_zone_interval(ctx, argv[0], &v))
        return;
    if (v.us / SECOND <= -TYPES_ZONE_LIMIT || v.us / SECOND >= TYPES_ZONE_LIMIT)
        functions_fail(ctx, SQLSTATE_FEATURE_NOT_SUPPORTED,
                       "a time zone of 16 hours or more is not supported by the store");
    else
        move(ctx, argv[1], (int32_t)(-v.us / SECOND));
}

const struct function_row functions_timetz_rows[] = {
    {"pgf_timetz", 1, false, fn_timetz, NULL, NULL},
    {"pgf_time_timetz", 1, false, fn_time_timetz, NULL, NULL},
    {"pgf_timetz_time", 1, true, fn_timetz_time, NULL, NULL},
    {"pgf_timetz_add", 3, true, fn_add, NULL, NULL},
    {"pgf_date_timetz", 2, true, fn_date_timetz, NULL, NULL},
    {"pgf_timetz_at_zone", 2, false, fn_at_zone, NULL, NULL},
    {"pgf_timetz_at_offset", 2, true, fn_at_offset, NULL, NULL},
};
const size_t functions_timetz_n = sizeof(functions_timetz_rows) / sizeof(functions_timetz_rows[0]);
