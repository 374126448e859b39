/* functions_field.c: fields of dates and timestamps: extract(), date_trunc(). */
#include "daemon/store/functions_time.h"

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
    };
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (strlen(names[i].name) == name.len &&
            strncasecmp(names[i].name, name.data, name.len) == 0)
            return names[i].unit;
    return UNIT_NONE;
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

static int64_t iso_week_number(int64_t day, int32_t *ret_year)
{
    int64_t monday = iso_week(day, ret_year);
    int32_t unused;
    return (monday - iso_week(types_days(*ret_year, 1, 4), &unused)) / 7 + 1;
}

static void unit_unknown(sqlite3_context *ctx, sqlite3_value *name, uint32_t type)
{
    struct slice n = functions_slice(name);
    char type_name[64];
    types_format(NULL, type, -1, type_name, sizeof(type_name));
    functions_fail(ctx,
                   functions_unit(n) == UNIT_NONE ? SQLSTATE_INVALID_PARAMETER_VALUE
                                                  : SQLSTATE_FEATURE_NOT_SUPPORTED,
                   functions_unit(n) == UNIT_NONE ? "unit \"%.*s\" not recognized for type %s"
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
        *ret = types_days(y, 1, 1) * DAY;
        return true;
    default:
        return false;
    }
}

static void date_trunc(sqlite3_context *ctx, sqlite3_value **argv, bool zoned)
{
    const struct types_session *session = &functions_context(ctx)->types;
    int64_t us = sqlite3_value_int64(argv[1]), local;
    enum unit unit = functions_unit(functions_slice(argv[0]));
    if (time_infinite(us)) {
        sqlite3_result_int64(ctx, us);
        return;
    }
    if (!truncate_local(unit, zoned ? types_utc_to_local(session, us) : us, &local)) {
        if (unit == DECADE || unit == CENTURY || unit == MILLENNIUM)
            functions_fail(ctx, SQLSTATE_FEATURE_NOT_SUPPORTED,
                           "date_trunc() to this unit is not supported by the embedded store");
        else
            unit_unknown(ctx, argv[0], zoned ? TYPES_TIMESTAMPTZ : TYPES_TIMESTAMP);
        return;
    }
    sqlite3_result_int64(ctx, zoned ? types_local_to_utc(session, local) : local);
}

static void fn_date_trunc(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    if (!functions_null(argc, argv))
        date_trunc(ctx, argv, false);
}

static void fn_date_trunc_tz(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    if (!functions_null(argc, argv))
        date_trunc(ctx, argv, true);
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

static bool extract_day(sqlite3_context *ctx, enum unit unit, int64_t day)
{
    int32_t y, m, d;
    types_civil(day, &y, &m, &d);
    int32_t shown = y > 0 ? y : y - 1; /* there is no year zero */
    int64_t dow = ((day + 6) % 7 + 7) % 7;
    switch (unit) {
    case DAYS:
        functions_scaled(ctx, d, 0);
        return true;
    case MONTH:
        functions_scaled(ctx, m, 0);
        return true;
    case QUARTER:
        functions_scaled(ctx, (m - 1) / 3 + 1, 0);
        return true;
    case YEAR:
        functions_scaled(ctx, shown, 0);
        return true;
    case DECADE:
        functions_scaled(ctx, y >= 0 ? y / 10 : -((8 - (y - 1)) / 10), 0);
        return true;
    case CENTURY:
        functions_scaled(ctx, shown > 0 ? (shown + 99) / 100 : -((99 - shown) / 100), 0);
        return true;
    case MILLENNIUM:
        functions_scaled(ctx, shown > 0 ? (shown + 999) / 1000 : -((999 - shown) / 1000), 0);
        return true;
    case WEEK:
        functions_scaled(ctx, iso_week_number(day, &y), 0);
        return true;
    case ISOYEAR:
        (void)iso_week_number(day, &y);
        functions_scaled(ctx, y > 0 ? y : y - 1, 0);
        return true;
    case DOW:
        functions_scaled(ctx, dow, 0);
        return true;
    case ISODOW:
        functions_scaled(ctx, dow == 0 ? 7 : dow, 0);
        return true;
    case DOY:
        functions_scaled(ctx, day - types_days(y, 1, 1) + 1, 0);
        return true;
    default:
        return false;
    }
}

/* pgf_extract(field, value, type) -> numeric */
static void fn_extract(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    const struct types_session *session = &functions_context(ctx)->types;
    int64_t rest = 0;
    if (functions_null(argc, argv))
        return;
    enum unit unit = functions_unit(functions_slice(argv[0]));
    uint32_t type = (uint32_t)sqlite3_value_int64(argv[2]);
    int64_t v = sqlite3_value_int64(argv[1]), us = v;
    bool date = type == TYPES_DATE;
    if (date ? v == INT32_MIN || v == INT32_MAX : time_infinite(v)) {
        functions_fail(ctx, SQLSTATE_FEATURE_NOT_SUPPORTED,
                       "extract() from an infinite value is not supported by the embedded store");
        return;
    }
    if (unit == EPOCH) {
        if (date)
            functions_scaled(ctx, (v + UNIX_EPOCH_DAYS) * 86400, 0);
        else
            functions_scaled(ctx, v + UNIX_EPOCH_DAYS * DAY, 6);
        return;
    }
    if (type == TYPES_TIMESTAMPTZ)
        us = types_utc_to_local(session, v);
    int64_t day = date ? v : time_split_day(us, &rest);
    if (extract_day(ctx, unit, day))
        return;
    int64_t second = rest % (60 * SECOND);
    if (date || unit == UNIT_NONE)
        unit_unknown(ctx, argv[0], type);
    else if (unit == MICROSECOND)
        functions_scaled(ctx, second, 0);
    else if (unit == MILLISECOND)
        functions_scaled(ctx, second, 3);
    else if (unit == SECONDS)
        functions_scaled(ctx, second, 6);
    else if (unit == MINUTE)
        functions_scaled(ctx, rest / (60 * SECOND) % 60, 0);
    else
        functions_scaled(ctx, rest / (3600 * SECOND), 0);
}

const struct function_row functions_field_rows[] = {
    {"pgf_date_trunc", 2, true, fn_date_trunc, NULL, NULL},
    {"pgf_date_trunc_tz", 2, false, fn_date_trunc_tz, NULL, NULL},
    {"pgf_extract", 3, false, fn_extract, NULL, NULL},
};
const size_t functions_field_n = sizeof(functions_field_rows) / sizeof(functions_field_rows[0]);
