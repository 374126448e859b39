/* datetime.h: texts of dates, times and intervals, taken apart by PostgreSQL's rules.
 *
 * A text is split into fields by what its characters look like; then the fields are given meanings
 * one after the other, each by what is known already.  That order decides which texts are read and
 * how, so it is PostgreSQL's, oddities included.  Between datetime_*.c, types_time.c and
 * types_interval.c. */
#pragma once

#include "daemon/store/types_impl.h"

#define DATETIME_FIELDS 25
#define DATETIME_ROOM   256 /* the most that PostgreSQL reads: an interval's */

enum datetime_kind {
    DATETIME_NUMBER,
    DATETIME_WORD,
    DATETIME_DATE,
    DATETIME_TIME,
    DATETIME_OFFSET, /* a sign and digits: a zone, or a number in an interval */
    DATETIME_SIGNED  /* a sign and a word */
};

struct datetime_fields {
    int n;
    enum datetime_kind kinds[DATETIME_FIELDS];
    char *texts[DATETIME_FIELDS]; /* in `work`, lower case, with an end */
    char work[DATETIME_ROOM + 8];
    char raw[DATETIME_ROOM + 8]; /* likewise, as it was written */
};

enum datetime_result {
    DATETIME_OK = 0,
    DATETIME_SYNTAX = -1,
    DATETIME_RANGE = -2,
    DATETIME_RANGE_HINT = -3, /* another order of day and month might help */
    DATETIME_ZONE = -4,
    DATETIME_ZONE_NAME = -5, /* err is set */
};

/* ${room}: how many bytes PostgreSQL has for the fields and an end to each. */
enum datetime_result datetime_split(struct slice text, size_t room, struct datetime_fields *ret);

/* What a word means in dates and times. */
enum datetime_meaning {
    WORD_NONE,
    WORD_IGNORED,
    WORD_SPECIAL,
    WORD_MONTH,
    WORD_WEEKDAY,
    WORD_HALF, /* AM, PM */
    WORD_ERA,  /* AD, BC */
    WORD_UNIT,
    WORD_TIME, /* t */
    WORD_DST,
    WORD_AGO
};
enum datetime_special {
    SPECIAL_EARLY,
    SPECIAL_LATE,
    SPECIAL_EPOCH,
    SPECIAL_NOW,
    SPECIAL_YESTERDAY,
    SPECIAL_TODAY,
    SPECIAL_TOMORROW,
    SPECIAL_MIDNIGHT
};
enum datetime_unit {
    DATETIME_NO_UNIT,
    DATETIME_MICROSECOND,
    DATETIME_MILLISECOND,
    DATETIME_SECOND,
    DATETIME_MINUTE,
    DATETIME_HOUR,
    DATETIME_DAY,
    DATETIME_WEEK,
    DATETIME_MONTH,
    DATETIME_QUARTER,
    DATETIME_YEAR,
    DATETIME_DECADE,
    DATETIME_CENTURY,
    DATETIME_MILLENNIUM,
    DATETIME_JULIAN,
    DATETIME_CLOCK, /* after t */
    DATETIME_OTHER
};
struct datetime_word {
    const char *name;
    enum datetime_meaning meaning;
    int value;
};
/* Words count by their first ten bytes.  NULL: none. */
const struct datetime_word *datetime_word(const char *lower);
const struct datetime_word *datetime_interval_word(const char *lower);

/* A date and time as written. */
struct datetime {
    enum { DATETIME_CIVIL, DATETIME_EPOCH, DATETIME_LATE, DATETIME_EARLY } what;
    int32_t year, month, day; /* year 0 is 1 BC */
    int32_t hour, minute, second;
    int64_t fraction;   /* microseconds */
    int32_t west;       /* the zone, in seconds */
    bool session_zone;  /* ... is the session's */
    bool zone_of_today; /* ... as it is on the day of the clock */
};
/* ${clock}: a time of day is meant, and may do without a date. */
enum datetime_result datetime_decode(const struct types_session *s, bool clock,
                                     struct datetime_fields *f, struct datetime *ret,
                                     struct err *err);
/* Since midnight, in PostgreSQL's arithmetic. */
int64_t datetime_clock_us(const struct datetime *d);

/* -- parts of it, for intervals -- */
/* strtol() into 32 bits; false: too large. */
bool datetime_int(const char *text, char **ret_end, int32_t *ret);
/* ".25" to the end; false: it is not that. */
bool datetime_fraction(const char *text, double *ret);
struct datetime_clock {
    int64_t hour;
    int32_t minute, second;
    int64_t fraction;
};
/* ${minutes}: two numbers are minutes and seconds. */
enum datetime_result datetime_read_clock(const char *text, bool minutes,
                                         struct datetime_clock *ret);

/* 22007, 22008, 22009 (not for DATETIME_ZONE_NAME). */
int datetime_error(enum datetime_result why, const char *type, struct slice text, struct err *err);
/* The session's clock: the start of its transaction. */
int64_t datetime_now(const struct types_session *s);
/* Note that a reading depends on the session. */
static inline void datetime_used(const struct types_session *s, unsigned what)
{
    if (s->used)
        *s->used |= what;
}
