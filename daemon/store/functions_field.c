/* functions_field.c: fields of dates and timestamps: extract(), date_trunc(). */
#include "daemon/store/functions_time.h"

#include <math.h>
#include <stdio.h>
#include <strings.h>

enum unit functions_unit(struct slice name)
{
    static const struct {
        const char *name;
        enum unit unit;
    } names[] = {
        {"microseconds", MICROSECOND},
        {"microsecond", MICROSECOND},
        {"us", MICROSECOND},
        {"milliseconds", MILLISECOND},
        {"millisecond", MILLISECOND},
        {"ms", MILLISECOND},
        {"second", SECONDS},
        {"seconds", SECONDS},
        {"sec", SECONDS},
        {"minute", MINUTE},
        {"minutes", MINUTE},
        {"min", MINUTE},
        {"hour", HOUR},
        {"hours", HOUR},
        {"day", DAYS},
        {"days", DAYS},
        {"week", WEEK},
        {"weeks", WEEK},
        {"month", MONTH},
        {"months", MONTH},
        {"mon", MONTH},
        {"quarter", QUARTER},
        {"year", YEAR},
        {"years", YEAR},
        {"decade", DECADE},
        {"century", CENTURY},
        {"millennium", MILLENNIUM},
        {"dow", DOW},
        {"isodow", ISODOW},
        {"doy", DOY},
        {"epoch", EPOCH},
        {"isoyear", ISOYEAR},
        {"julian", JULIAN},
        {"j", JULIAN},
        {"timezone", TIMEZONE},
        {"timezone_h", TIMEZONE_HOUR},
        {"timezone_hour", TIMEZONE_HOUR},
        {"timezone_m", TIMEZONE_MINUTE},
        {"timezone_minute", TIMEZONE_MINUTE},
        {"usec", MICROSECOND},
        {"usecs", MICROSECOND},
        {"useconds", MICROSECOND},
        {"msec", MILLISECOND},
        {"msecs", MILLISECOND},
        {"mseconds", MILLISECOND},
        {"s", SECONDS},
        {"secs", SECONDS},
        {"m", MINUTE},
        {"mins", MINUTE},
        {"h", HOUR},
        {"hr", HOUR},
        {"hrs", HOUR},
        {"d", DAYS},
        {"w", WEEK},
        {"mons", MONTH},
        {"qtr", QUARTER},
        {"y", YEAR},
        {"yr", YEAR},
        {"yrs", YEAR},
        {"decades", DECADE},
        {"dec", DECADE},
        {"decs", DECADE},
        {"c", CENTURY},
        {"cent", CENTURY},
        {"centuries", CENTURY},
        {"mil", MILLENNIUM},
        {"mils", MILLENNIUM},
        {"millennia", MILLENNIUM},
    };
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (strlen(names[i].name) == name.len &&
            strncasecmp(names[i].name, name.data, name.len) == 0)
            return names[i].unit;
    return UNIT_NONE;
}

enum unit time_trunc_unit(struct slice name)
{
    enum unit unit = functions_unit(name);
    bool extracted = unit == DOW || unit == ISODOW || unit == DOY || unit == EPOCH ||
                     unit == ISOYEAR || unit == JULIAN;
    return extracted ? UNIT_NONE : unit;
}

/* The Monday of the ISO week of ${day}, and the ISO year it belongs to. */
static int64_t iso_week(int64_t day, int32_t *ret_year)
{
    int32_t y, m, d;
    int64_t dow = ((day + 5) % 7 + 7) % 7; /* 2000-01-01 was a Saturday; Monday is 0 */
    int64_t monday = day - dow;
    types_civil(monday + 3, &y, &m, &d); /* its Thursday decides */
    *ret_year = y;
    return monday;
}

int64_t time_iso_week(int64_t day, int32_t *ret_year)
{
    int64_t monday = iso_week(day, ret_year);
    int32_t unused;
    return (monday - iso_week(types_days(*ret_year, 1, 4), &unused)) / 7 + 1;
}

static void unit_unknown(sqlite3_context *ctx, sqlite3_value *name, enum unit unit, uint32_t type)
{
    struct slice n = functions_slice(name);
    char type_name[64];
    types_format(NULL, type, -1, type_name, sizeof(type_name));
    functions_fail(
        ctx, unit == UNIT_NONE ? SQLSTATE_INVALID_PARAMETER_VALUE : SQLSTATE_FEATURE_NOT_SUPPORTED,
        unit == UNIT_NONE ? "unit \"%.*s\" not recognized for type %s"
                          : "unit \"%.*s\" not supported for type %s",
        (int)n.len, n.data, type_name);
}

/* date_trunc on a wall clock; false: no such unit. */
static bool truncate_local(enum unit unit, int64_t us, int64_t *ret)
{
    int64_t rest, day = time_split_day(us, &rest);
    int32_t y, m, d;
    types_civil(day, &y, &m, &d);
    int64_t step = unit == MICROSECOND   ? 1
                   : unit == MILLISECOND ? 1000
                   : unit == SECONDS     ? SECOND
                   : unit == MINUTE      ? 60 * SECOND
                   : unit == HOUR        ? 3600 * SECOND
                   : unit == DAYS        ? DAY
                                         : 0;
    if (step != 0) {
        *ret = day * DAY + rest / step * step;
        return true;
    }
    switch (unit) {
    case WEEK:
        *ret = iso_week(day, &y) * DAY;
        return true;
    case MONTH:
        *ret = types_days(y, m, 1) * DAY;
        return true;
    case QUARTER:
        *ret = types_days(y, (m - 1) / 3 * 3 + 1, 1) * DAY;
        return true;
    case YEAR:
        break;
    case DECADE:
        y = y > 0 ? y / 10 * 10 : -((8 - (y - 1)) / 10) * 10;
        break;
    case CENTURY:
        y = y > 0 ? (y + 99) / 100 * 100 - 99 : -((99 - (y - 1)) / 100) * 100 + 1;
        break;
    case MILLENNIUM:
        y = y > 0 ? (y + 999) / 1000 * 1000 - 999 : -((999 - (y - 1)) / 1000) * 1000 + 1;
        break;
    default:
        return false;
    }
    *ret = types_days(y, 1, 1) * DAY;
    return true;
}

/* In ${session}'s zone when ${zoned}. */
static void date_trunc(sqlite3_context *ctx, sqlite3_value **argv, bool zoned,
                       const struct types_session *session)
{
    int64_t us = sqlite3_value_int64(argv[1]), local;
    enum unit unit = time_trunc_unit(functions_slice(argv[0]));
    if (time_infinite(us)) {
        sqlite3_result_int64(ctx, us);
        return;
    }
    int64_t wall = zoned ? types_utc_to_local(session, us) : us;
    if (!truncate_local(unit, wall, &local)) {
        unit_unknown(ctx, argv[0], unit, zoned ? TYPES_TIMESTAMPTZ : TYPES_TIMESTAMP);
        return;
    }
    bool within_day = unit == MICROSECOND || unit == MILLISECOND || unit == SECONDS ||
                      unit == MINUTE || unit == HOUR;
    sqlite3_result_int64(ctx, !zoned       ? local
                              : within_day ? local - (wall - us) /* the offset stays */
                                           : types_local_to_utc(session, local));
}

static void fn_date_trunc(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    if (!functions_null(argc, argv))
        date_trunc(ctx, argv, false, NULL);
}

static void fn_date_trunc_tz(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    if (!functions_null(argc, argv))
        date_trunc(ctx, argv, true, &functions_context(ctx)->types);
}

void functions_scaled(sqlite3_context *ctx, int64_t value, int decimals)
{
    char text[64];
    int64_t unit = 1;
    for (int i = 0; i < decimals; i++)
        unit *= 10;
    int64_t whole = value / unit, part = value % unit;
    int n = decimals == 0 ? snprintf(text, sizeof(text), "%lld", (long long)whole)
                          : snprintf(text, sizeof(text), "%s%lld.%0*lld", value < 0 ? "-" : "",
                                     (long long)(whole < 0 ? -whole : whole), decimals,
                                     (long long)(part < 0 ? -part : part));
    functions_result_text(ctx, text, (size_t)n);
}

/* date_trunc(field, timestamptz, zone) */
static void fn_date_trunc_zone(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    struct store_context *c = functions_context(ctx);
    struct types_session zone;
    const struct types_moment at = {TYPES_MOMENT_ANY, 0};
    if (functions_null(argc, argv))
        return;
    if (time_infinite(sqlite3_value_int64(argv[1]))) {
        sqlite3_result_value(ctx, argv[1]);
        return;
    }
    if (types_zone_session(&c->types, functions_slice(argv[2]), &at, &zone, &c->raised) < 0) {
        functions_raised(ctx);
        return;
    }
    date_trunc(ctx, argv, true, &zone);
    types_session_release(&zone);
}

/* A field's value: decimal for extract(), floating point for date_part(). */
struct field {
    sqlite3_context *ctx;
    bool real;
};

static void field_int(const struct field *f, int64_t v)
{
    if (f->real)
        sqlite3_result_double(f->ctx, (double)v);
    else
        functions_scaled(f->ctx, v, 0);
}

static void field_scaled(const struct field *f, int64_t v, int decimals, double real)
{
    if (f->real)
        sqlite3_result_double(f->ctx, real);
    else
        functions_scaled(f->ctx, v, decimals);
}

static bool extract_day(const struct field *f, enum unit unit, int64_t day)
{
    int32_t y, m, d;
    types_civil(day, &y, &m, &d);
    int32_t shown = y > 0 ? y : y - 1; /* there is no year zero */
    int64_t dow = ((day + 6) % 7 + 7) % 7;
    switch (unit) {
    case DAYS:
        field_int(f, d);
        return true;
    case MONTH:
        field_int(f, m);
        return true;
    case QUARTER:
        field_int(f, (m - 1) / 3 + 1);
        return true;
    case YEAR:
        field_int(f, shown);
        return true;
    case DECADE:
        field_int(f, y >= 0 ? y / 10 : -((8 - (y - 1)) / 10));
        return true;
    case CENTURY:
        field_int(f, shown > 0 ? (shown + 99) / 100 : -((99 - shown) / 100));
        return true;
    case MILLENNIUM:
        field_int(f, shown > 0 ? (shown + 999) / 1000 : -((999 - shown) / 1000));
        return true;
    case WEEK:
        field_int(f, time_iso_week(day, &y));
        return true;
    case ISOYEAR:
        (void)time_iso_week(day, &y);
        field_int(f, y > 0 ? y : y - 1);
        return true;
    case DOW:
        field_int(f, dow);
        return true;
    case ISODOW:
        field_int(f, dow == 0 ? 7 : dow);
        return true;
    case DOY:
        field_int(f, day - types_days(y, 1, 1) + 1);
        return true;
    default:
        return false;
    }
}

/* Fields of the time of day; false: it is none of them. */
static bool extract_clock(const struct field *f, enum unit unit, int64_t us)
{
    int64_t second = us % (60 * SECOND), whole = second / SECOND, part = second % SECOND;
    switch (unit) {
    case MICROSECOND:
        field_scaled(f, second, 0, (double)second);
        return true;
    case MILLISECOND:
        field_scaled(f, second, 3, (double)whole * 1000.0 + (double)part / 1000.0);
        return true;
    case SECONDS:
        field_scaled(f, second, 6, (double)whole + (double)part / 1000000.0);
        return true;
    case MINUTE:
        field_int(f, us / (60 * SECOND) % 60);
        return true;
    case HOUR:
        field_int(f, us / (3600 * SECOND));
        return true;
    default:
        return false;
    }
}

/* Julian day and the part of it that has passed, as numeric's division gives it. */
static void extract_julian(const struct field *f, int64_t day, int64_t rest)
{
    struct decimal whole = {.n = 0}, part = {.n = 0}, unit = {.n = 0}, q = {.n = 0}, r = {.n = 0};
    if (f->real) {
        sqlite3_result_double(
            f->ctx, (double)(day + 2451545) +
                        ((double)(rest / SECOND) + (double)(rest % SECOND) / 1e6) / 86400.0);
        return;
    }
    bool ok = decimal_of_int(day + 2451545, &whole) && decimal_of_int(rest, &part) &&
              decimal_of_int(DAY, &unit) && decimal_div(&part, &unit, -1, false, &q) &&
              decimal_add(&whole, &q, false, &r);
    functions_result_decimal(f->ctx, ok, &r);
    decimal_free(&whole);
    decimal_free(&part);
    decimal_free(&unit);
    decimal_free(&q);
}

static void extract_epoch(const struct field *f, uint32_t type, int64_t v)
{
    int64_t us = type == TYPES_DATE ? (v + UNIX_EPOCH_DAYS) * DAY : v + UNIX_EPOCH_DAYS * DAY;
    if (type == TYPES_TIME)
        us = v;
    if (f->real)
        sqlite3_result_double(f->ctx, (double)us / 1e6);
    else if (type == TYPES_DATE)
        functions_scaled(f->ctx, us / SECOND, 0);
    else
        functions_scaled(f->ctx, us, 6);
}

/* Of infinity: what grows for ever is infinite, what goes round is NULL; false: no such field. */
static bool extract_infinite(const struct field *f, enum unit unit, bool date, bool negative)
{
    switch (unit) {
    case YEAR:
    case DECADE:
    case CENTURY:
    case MILLENNIUM:
    case JULIAN:
    case ISOYEAR:
    case EPOCH:
        if (f->real)
            sqlite3_result_double(f->ctx, negative ? -INFINITY : INFINITY);
        else
            functions_result_special(f->ctx, negative ? -1 : 1);
        return true;
    case DAYS:
    case MONTH:
    case QUARTER:
    case WEEK:
    case DOW:
    case ISODOW:
    case DOY:
        return true;
    default:
        return !date && unit != UNIT_NONE;
    }
}

static void field_zone(const struct field *f, enum unit unit, int32_t offset)
{
    field_int(f, unit == TIMEZONE        ? offset
                 : unit == TIMEZONE_HOUR ? offset / 3600
                                         : offset / 60 % 60);
}

/* pgf_extract(field, value, type, 1 for date_part) */
static void fn_extract(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    const struct types_session *session = &functions_context(ctx)->types;
    if (functions_null(argc, argv))
        return;
    struct field f = {ctx, sqlite3_value_int(argv[3]) != 0};
    enum unit unit = functions_unit(functions_slice(argv[0]));
    uint32_t type = (uint32_t)sqlite3_value_int64(argv[2]);
    int64_t v = sqlite3_value_int64(argv[1]), rest = 0;
    bool date = type == TYPES_DATE, zoned = type == TYPES_TIMESTAMPTZ, done;
    bool zone = unit == TIMEZONE || unit == TIMEZONE_HOUR || unit == TIMEZONE_MINUTE;
    if (type == TYPES_TIMETZ) {
        struct types_timetz t = types_timetz_of(v);
        done = zone || unit == EPOCH || extract_clock(&f, unit, t.us);
        if (zone)
            field_zone(&f, unit, -t.west);
        else if (unit == EPOCH)
            extract_epoch(&f, TYPES_TIME, t.us + t.west * SECOND);
    } else if (type == TYPES_TIME) {
        done = unit == EPOCH || extract_clock(&f, unit, v);
        if (unit == EPOCH)
            extract_epoch(&f, type, v);
    } else if (date ? v == INT32_MIN || v == INT32_MAX : time_infinite(v)) {
        done = (!zone || zoned) && extract_infinite(&f, unit, date, v < 0);
    } else if (unit == EPOCH) {
        extract_epoch(&f, type, v);
        done = true;
    } else if (zoned && zone) {
        field_zone(&f, unit, types_utc_offset(session, v));
        done = true;
    } else {
        int64_t day = date ? v : time_split_day(zoned ? types_utc_to_local(session, v) : v, &rest);
        done = unit == JULIAN || extract_day(&f, unit, day) ||
               (!date && extract_clock(&f, unit, rest));
        if (unit == JULIAN && date)
            field_int(&f, day + 2451545);
        else if (unit == JULIAN)
            extract_julian(&f, day, rest);
    }
    if (!done)
        unit_unknown(ctx, argv[0], unit, type);
}

const struct function_row functions_field_rows[] = {
    {"pgf_date_trunc", 2, true, fn_date_trunc, NULL, NULL},
    {"pgf_date_trunc_tz", 2, false, fn_date_trunc_tz, NULL, NULL},
    {"pgf_date_trunc_tz", 3, true, fn_date_trunc_zone, NULL, NULL},
    {"pgf_extract", 4, true, fn_extract, NULL, NULL},
};
const size_t functions_field_n = sizeof(functions_field_rows) / sizeof(functions_field_rows[0]);
