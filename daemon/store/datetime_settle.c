/* datetime_settle.c: what all fields of a date and time together say: is there such a day, which half
 * of it, how far from UTC. */
#include "daemon/store/datetime_read.h"

bool datetime_overflows(const struct datetime *d)
{
    if (d->hour < 0 || d->hour > 24 || d->minute < 0 || d->minute > 59 || d->second < 0 ||
        d->second > 60 || d->fraction < 0 || d->fraction > TYPES_US_PER_SECOND)
        return true;
    return datetime_clock_us(d) > TYPES_US_PER_DAY;
}

static int32_t month_days(int32_t year, int32_t month)
{
    static const int32_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return month == 2 && leap ? 29 : days[month - 1];
}

static enum datetime_result settle_year(struct datetime_reader *r)
{
    struct datetime *d = r->d;
    if (!(r->have & HAVE_YEAR) || r->julian)
        return DATETIME_OK;
    if (r->short_year && !r->bc) {
        if (d->year < 0)
            return DATETIME_RANGE;
        d->year += d->year < 70 ? 2000 : d->year < 100 ? 1900 : 0;
        return DATETIME_OK;
    }
    if (d->year <= 0) /* there was none */
        return DATETIME_RANGE;
    d->year = r->bc ? 1 - d->year : d->year;
    return DATETIME_OK;
}

static enum datetime_result settle_date(struct datetime_reader *r)
{
    struct datetime *d = r->d;
    enum datetime_result rc = settle_year(r);
    if (rc != DATETIME_OK)
        return rc;
    if (r->have & HAVE_YEAR_DAY)
        types_civil(types_days(d->year, 1, 1) + r->year_day - 1, &d->year, &d->month, &d->day);
    if ((r->have & HAVE_MONTH) && (d->month < 1 || d->month > 12))
        return DATETIME_RANGE_HINT;
    if ((r->have & HAVE_DAY) && (d->day < 1 || d->day > 31))
        return DATETIME_RANGE_HINT;
    if ((r->have & HAVE_DATE) == HAVE_DATE && d->day > month_days(d->year, d->month))
        return DATETIME_RANGE;
    return DATETIME_OK;
}

static enum datetime_result settle_half(struct datetime_reader *r)
{
    struct datetime *d = r->d;
    if (r->half != HALF_NONE && d->hour > 12)
        return DATETIME_RANGE;
    if (r->half == HALF_AM && d->hour == 12)
        d->hour = 0;
    else if (r->half == HALF_PM && d->hour != 12)
        d->hour += 12;
    return DATETIME_OK;
}

/* The wall clock, on the day of the session's clock if there is no date; beyond all calendars 0. */
static int64_t wall_clock(struct datetime_reader *r)
{
    int64_t day, rest;
    if (r->have & HAVE_DATE) {
        day = types_days(r->d->year, r->d->month, r->d->day);
        if (day < -2451546 || day > 106751990)
            return 0;
    } else {
        day = datetime_local_day(types_utc_to_local(r->s, datetime_now_us(r->s)), &rest);
        r->d->zone_of_today = true;
    }
    return day * TYPES_US_PER_DAY + datetime_clock_us(r->d);
}

static int32_t west_in(const struct types_session *zone, int64_t local)
{
    return (int32_t)((types_local_to_utc(zone, local) - local) / TYPES_US_PER_SECOND);
}

static enum datetime_result named_zone(struct datetime_reader *r)
{
    int32_t offset;
    if (r->have & HAVE_DST)
        return DATETIME_SYNTAX;
    if (r->clock && (r->have & HAVE_DATE) != HAVE_DATE) {
        if (!types_zone_constant(&r->zone, &offset))
            return DATETIME_SYNTAX;
        r->d->west = -offset;
        return DATETIME_OK;
    }
    r->d->west = west_in(&r->zone, wall_clock(r));
    return DATETIME_OK;
}

/* Without a zone the session's counts; for a time of day on the day that it names, or today. */
static enum datetime_result settle_zone(struct datetime_reader *r)
{
    enum datetime_result rc = r->zone_named ? named_zone(r) : DATETIME_OK;
    if (rc != DATETIME_OK)
        return rc;
    const bool partial = (r->have & HAVE_DATE) && (r->have & HAVE_DATE) != HAVE_DATE;
    if (r->abbreviation != NULL) {
        if ((r->have & HAVE_DST) || partial)
            return DATETIME_SYNTAX;
        r->d->west =
            -types_abbreviation_offset(r->abbreviation, r->abbreviation_text, true, wall_clock(r));
    }
    if (r->have & HAVE_ZONE)
        return DATETIME_OK;
    if ((r->have & HAVE_DST) || partial)
        return DATETIME_SYNTAX;
    r->d->session_zone = true;
    r->d->west = west_in(r->s, wall_clock(r));
    return DATETIME_OK;
}

enum datetime_result datetime_settle(struct datetime_reader *r)
{
    enum datetime_result rc = settle_date(r);
    if (rc == DATETIME_OK)
        rc = settle_half(r);
    if (rc != DATETIME_OK)
        return rc;
    if (r->clock) {
        if (datetime_overflows(r->d))
            return DATETIME_RANGE;
        return (r->have & HAVE_CLOCK) == HAVE_CLOCK ? settle_zone(r) : DATETIME_SYNTAX;
    }
    if (r->d->what != DATETIME_CIVIL)
        return DATETIME_OK;
    return (r->have & HAVE_DATE) == HAVE_DATE ? settle_zone(r) : DATETIME_SYNTAX;
}
