/* types_time.c: the calendar; date, time, timestamp in. */
#include "daemon/store/datetime.h"

int64_t types_days(int32_t year, int32_t month, int32_t day)
{
    /* Days of the Gregorian calendar counted in years that begin in March. */
    int64_t y = (int64_t)year - (month <= 2);
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    int64_t yoe = y - era * 400;
    int64_t doy = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    int64_t doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
    return era * 146097 + doe - 730425; /* 2000-01-01 */
}

void types_civil(int64_t days, int32_t *ret_year, int32_t *ret_month, int32_t *ret_day)
{
    int64_t z = days + 730425;
    int64_t era = (z >= 0 ? z : z - 146096) / 146097;
    int64_t doe = z - era * 146097;
    int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    int64_t mp = (5 * doy + 2) / 153;
    *ret_day = (int32_t)(doy - (153 * mp + 2) / 5 + 1);
    *ret_month = (int32_t)(mp < 10 ? mp + 3 : mp - 9);
    *ret_year = (int32_t)(yoe + era * 400 + (*ret_month <= 2));
}

/* -- in -- */

#define ROOM           129 /* for the fields of a text and an end to each, as in PostgreSQL */
#define ROOM_TIMESTAMP 153

static int read(const struct types_session *s, bool clock, size_t room, const char *type,
                struct slice text, struct datetime *ret, struct err *err)
{
    struct datetime_fields f;
    enum datetime_result rc = datetime_split(text, room, &f);
    if (rc == DATETIME_OK)
        rc = datetime_decode(s, clock, &f, ret, err);
    return rc == DATETIME_OK ? 0 : datetime_error(rc, type, text, err);
}

int types_date_in(const struct types_session *s, struct slice text, int64_t *ret, struct err *err)
{
    struct datetime d;
    if (read(s, false, ROOM, "date", text, &d, err) < 0)
        return -1;
    int64_t days = -10957;
    if (d.what == DATETIME_LATE || d.what == DATETIME_EARLY)
        days = d.what == DATETIME_LATE ? TYPES_INT_MAX32 : TYPES_INT_MIN32;
    else if (d.what == DATETIME_CIVIL) {
        days = types_days(d.year, d.month, d.day);
        if (days < TYPES_DATE_MIN || days >= TYPES_DATE_END)
            return err_set(err, "22008", "date out of range: \"%.*s\"", TYPES_SHOWN(text));
    }
    *ret = days;
    return 0;
}

int64_t types_round_us(int64_t us, int32_t typmod)
{
    static const int64_t scales[] = {1000000, 100000, 10000, 1000, 100, 10};
    if (typmod < 0 || typmod > 5 || us == INT64_MIN || us == INT64_MAX)
        return us;
    int64_t scale = scales[typmod], half = scale / 2;
    return us >= 0 ? (us + half) / scale * scale : -((-us + half) / scale * scale);
}

/* The moment, in its zone if ${tz}; false: beyond the limits. */
static bool moment(const struct datetime *d, bool tz, int64_t *ret)
{
    int64_t days = types_days(d->year, d->month, d->day), clock = datetime_clock_us(d);
    __int128 us = (__int128)days * TYPES_US_PER_DAY + clock;
    if (days < TYPES_DATE_MIN || us > INT64_MAX || us < INT64_MIN)
        return false;
    us += tz ? (__int128)d->west * TYPES_US_PER_SECOND : 0;
    if (us < TYPES_TIMESTAMP_MIN || us >= TYPES_TIMESTAMP_END)
        return false;
    *ret = (int64_t)us;
    return true;
}

int types_timestamp_in(const struct types_session *s, bool tz, int32_t typmod, struct slice text,
                       int64_t *ret, struct err *err)
{
    struct datetime d;
    int64_t us = -10957 * TYPES_US_PER_DAY;
    if (read(s, false, ROOM_TIMESTAMP, tz ? "timestamp with time zone" : "timestamp", text, &d,
             err) < 0)
        return -1;
    if (d.what == DATETIME_LATE || d.what == DATETIME_EARLY) {
        us = d.what == DATETIME_LATE ? INT64_MAX : INT64_MIN;
    } else if (d.what == DATETIME_CIVIL) {
        if (tz && d.session_zone)
            datetime_used(s, TYPES_USED_ZONE);
        if (!moment(&d, tz, &us))
            return err_set(err, "22008", "timestamp out of range: \"%.*s\"", TYPES_SHOWN(text));
    }
    *ret = types_round_us(us, typmod);
    return 0;
}

int types_time_in(const struct types_session *s, int32_t typmod, struct slice text, int64_t *ret,
                  struct err *err)
{
    struct datetime d;
    if (read(s, true, ROOM, "time", text, &d, err) < 0)
        return -1;
    *ret = types_round_us(datetime_clock_us(&d), typmod);
    return 0;
}

int types_timetz_in(const struct types_session *s, int32_t typmod, struct slice text, int64_t *ret,
                    struct err *err)
{
    struct datetime d;
    if (read(s, true, ROOM, "time with time zone", text, &d, err) < 0)
        return -1;
    if (d.session_zone)
        datetime_used(s, TYPES_USED_ZONE);
    if (d.zone_of_today)
        datetime_used(s, TYPES_USED_CLOCK);
    if (d.west <= -TYPES_ZONE_LIMIT || d.west >= TYPES_ZONE_LIMIT) /* '0001e0100': PostgreSQL takes 100 hours */
        return err_set(err, "22009", "time zone displacement out of range: \"%.*s\"", (int)text.len, text.data);
    *ret = types_timetz_key(
        (struct types_timetz){types_round_us(datetime_clock_us(&d), typmod), d.west});
    return 0;
}

/* -- time with time zone -- */

#define TIMETZ_ZONES 131072 /* more than there are seconds between the zones' limits */

int64_t types_timetz_key(struct types_timetz t)
{
    return (t.us + t.west * TYPES_US_PER_SECOND) * TIMETZ_ZONES + t.west + TIMETZ_ZONES / 2;
}

struct types_timetz types_timetz_of(int64_t key)
{
    int64_t utc = key / TIMETZ_ZONES, rest = key % TIMETZ_ZONES;
    if (rest < 0) {
        rest += TIMETZ_ZONES;
        utc--;
    }
    int32_t west = (int32_t)(rest - TIMETZ_ZONES / 2);
    return (struct types_timetz){utc - west * TYPES_US_PER_SECOND, west};
}

int64_t types_timetz_round(int64_t key, int32_t typmod)
{
    struct types_timetz t = types_timetz_of(key);
    t.us = types_round_us(t.us, typmod);
    return types_timetz_key(t);
}
