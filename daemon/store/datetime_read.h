/* datetime_read.h: the state of reading a date and time, between datetime_decode.c,
 * datetime_number.c and datetime_settle.c.  A function that reads a field says in `found` what it has given a value. */
#pragma once

#include "daemon/store/datetime.h"

enum {
    HAVE_YEAR = 1u << 0,
    HAVE_MONTH = 1u << 1,
    HAVE_DAY = 1u << 2,
    HAVE_HOUR = 1u << 3,
    HAVE_MINUTE = 1u << 4,
    HAVE_SECOND = 1u << 5,
    HAVE_FRACTION = 1u << 6,
    HAVE_ZONE = 1u << 7,
    HAVE_DST_ZONE = 1u << 8, /* its name says daylight saving time */
    HAVE_DST = 1u << 9,      /* the word */
    HAVE_YEAR_DAY = 1u << 10,
    HAVE_HALF = 1u << 11,
    HAVE_ERA = 1u << 12,
    HAVE_WEEKDAY = 1u << 13,
    HAVE_DYNAMIC = 1u << 14,
    HAVE_SPECIAL = 1u << 15, /* epoch, infinity: whatever else there is */
    HAVE_DATE = HAVE_YEAR | HAVE_MONTH | HAVE_DAY,
    HAVE_CLOCK = HAVE_HOUR | HAVE_MINUTE | HAVE_SECOND | HAVE_FRACTION
};

struct datetime_reader {
    const struct types_session *s;
    struct datetime_fields *f;
    struct datetime *d;
    struct err *err;
    int i; /* the field being read */
    bool clock;
    unsigned have, found;
    enum datetime_unit prefix; /* the word before said what this is */
    enum { HALF_NONE, HALF_AM, HALF_PM } half;
    bool named_month, julian, short_year, bc;
    int32_t year_day;
    struct types_session zone; /* that was named; owned */
    bool zone_named;
    const struct types_abbreviation *abbreviation; /* whose offset depends on the day */
    const char *abbreviation_text;
};

/* The session's clock, without a note that it was asked. */
int64_t datetime_now_us(const struct types_session *s);
/* The day that has ${local}, and how far into it. */
int64_t datetime_local_day(int64_t local, int64_t *ret_rest);
/* All fields have been read: is it a moment?  Its zone. */
enum datetime_result datetime_settle(struct datetime_reader *r);
/* Is its time of day none? */
bool datetime_overflows(const struct datetime *d);
/* Digits run together: yyyymmdd, hhmmss, hhmm. */
enum datetime_result datetime_read_run(struct datetime_reader *r, char *text, unsigned have);
enum datetime_result datetime_read_number(struct datetime_reader *r, char *text, unsigned have,
                                          bool named_month);
enum datetime_result datetime_read_date(struct datetime_reader *r, char *text, unsigned have);
enum datetime_result datetime_read_offset(const char *text, int32_t *ret_west);
