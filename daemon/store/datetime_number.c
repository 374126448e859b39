/* datetime_number.c: what the numbers in a date are: a year, a month, a day, or several in one. */
#include "daemon/store/datetime_read.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

bool datetime_int(const char *text, char **ret_end, int32_t *ret)
{
    errno = 0;
    long v = strtol(text, ret_end, 10);
    *ret = (int32_t)v;
    return errno != ERANGE && v >= INT_MIN && v <= INT_MAX;
}

bool datetime_fraction(const char *text, double *ret)
{
    char *end;
    *ret = 0;
    if (text[1] == '\0')
        return true;
    errno = 0;
    *ret = strtod(text, &end);
    return *end == '\0' && errno == 0;
}

/* Beyond 32 bits, what is left of the lower ones: PostgreSQL looks no further. */
static int32_t wrapped(const char *text)
{
    return (int32_t)(uint32_t)strtol(text, NULL, 10);
}

/* The last two digits, cut off. */
static int32_t take_pair(char *text, size_t *len)
{
    *len -= 2;
    int32_t v = wrapped(text + *len);
    text[*len] = '\0';
    return v;
}

static enum datetime_result read_run_clock(struct datetime_reader *r, char *text, size_t len,
                                           unsigned have)
{
    if ((have & HAVE_CLOCK) == HAVE_CLOCK || (len != 6 && len != 4))
        return DATETIME_SYNTAX;
    r->found = HAVE_CLOCK;
    r->d->second = len == 6 ? take_pair(text, &len) : 0;
    r->d->minute = take_pair(text, &len);
    r->d->hour = wrapped(text);
    return DATETIME_OK;
}

enum datetime_result datetime_read_run(struct datetime_reader *r, char *text, unsigned have)
{
    size_t len = strlen(text);
    char *point = strchr(text, '.');
    if (point != NULL) {
        errno = 0;
        double fraction = strtod(point, NULL);
        if (errno != 0)
            return DATETIME_SYNTAX;
        r->d->fraction = (int64_t)rint(fraction * 1000000);
        *point = '\0';
        len = (size_t)(point - text);
    } else if ((have & HAVE_DATE) != HAVE_DATE && len >= 6) {
        r->found = HAVE_DATE;
        r->d->day = take_pair(text, &len);
        r->d->month = take_pair(text, &len);
        r->d->year = wrapped(text);
        if (len == 2)
            r->short_year = true;
        return DATETIME_OK;
    }
    return read_run_clock(r, text, len, have);
}

static void found_year(struct datetime_reader *r, int32_t v, size_t len)
{
    r->found = HAVE_YEAR;
    r->d->year = v;
    r->short_year = len <= 2;
}

static void found_month(struct datetime_reader *r, int32_t v)
{
    r->found = HAVE_MONTH;
    r->d->month = v;
}

static void found_day(struct datetime_reader *r, int32_t v)
{
    r->found = HAVE_DAY;
    r->d->day = v;
}

/* Nothing is known but perhaps a month's name: the order of DateStyle decides on short numbers. */
static void read_first(struct datetime_reader *r, int32_t v, size_t len, bool named_month)
{
    if (len < 3)
        datetime_used(r->s, TYPES_USED_ORDER);
    if (len >= 3 || r->s->date_order == TYPES_YMD)
        found_year(r, v, len);
    else if (named_month || r->s->date_order == TYPES_DMY)
        found_day(r, v);
    else
        found_month(r, v);
}

/* Year and month are known: a day, or the year, and the day was what had been thought the year. */
static void read_after_month(struct datetime_reader *r, int32_t v, size_t len, bool named_month)
{
    if (!named_month || len < 3 || !r->short_year) {
        found_day(r, v);
        return;
    }
    found_day(r, r->d->year);
    r->d->year = v;
    r->short_year = false;
}

static enum datetime_result read_by_known(struct datetime_reader *r, char *text, size_t len,
                                          int32_t v, unsigned have, bool named_month)
{
    switch (have & HAVE_DATE) {
    case 0:
        read_first(r, v, len, false);
        return DATETIME_OK;
    case HAVE_YEAR:
    case HAVE_DAY:
        found_month(r, v);
        return DATETIME_OK;
    case HAVE_MONTH:
        if (named_month)
            read_first(r, v, len, true);
        else
            found_day(r, v);
        return DATETIME_OK;
    case HAVE_YEAR | HAVE_MONTH:
        read_after_month(r, v, len, named_month);
        return DATETIME_OK;
    case HAVE_MONTH | HAVE_DAY:
        found_year(r, v, len);
        return DATETIME_OK;
    case HAVE_DATE:
        return datetime_read_run(r, text, have);
    default:
        return DATETIME_SYNTAX;
    }
}

enum datetime_result datetime_read_number(struct datetime_reader *r, char *text, unsigned have,
                                          bool named_month)
{
    char *end;
    int32_t v;
    double fraction;
    const size_t len = strlen(text);
    r->found = 0;
    if (!datetime_int(text, &end, &v))
        return DATETIME_RANGE;
    if (end == text)
        return DATETIME_SYNTAX;
    if (*end == '.') {
        if (end - text > 2)
            return datetime_read_run(r, text, have | HAVE_DATE);
        if (!datetime_fraction(end, &fraction))
            return DATETIME_SYNTAX;
        r->d->fraction = (int64_t)rint(fraction * 1000000);
    } else if (*end != '\0') {
        return DATETIME_SYNTAX;
    }
    if (len == 3 && (have & HAVE_DATE) == HAVE_YEAR && v >= 1 && v <= 366) {
        r->found = HAVE_YEAR_DAY | HAVE_MONTH | HAVE_DAY;
        r->year_day = v;
        return DATETIME_OK;
    }
    return read_by_known(r, text, len, v, have, named_month);
}

/* -- dates of one field: 2024-01-02, 2-jan-2024 -- */

/* Its parts; a sign after each is overwritten, whatever it is. */
static int date_parts(char *p, char **parts)
{
    int n = 0;
    while (*p != '\0' && n < DATETIME_FIELDS) {
        while (*p != '\0' && !isalnum((unsigned char)*p))
            p++;
        if (*p == '\0')
            return -1;
        parts[n++] = p;
        const bool digits = isdigit((unsigned char)*p) != 0;
        while (digits ? isdigit((unsigned char)*p) : isalpha((unsigned char)*p))
            p++;
        if (*p != '\0')
            *p++ = '\0';
    }
    return n;
}

/* The part that is a month's name is taken out.  false: another word, or two months. */
static bool take_month(struct datetime_reader *r, char **parts, int n, unsigned *have,
                       bool *ret_named)
{
    for (int i = 0; i < n; i++) {
        if (!isalpha((unsigned char)*parts[i]))
            continue;
        const struct datetime_word *word = datetime_word(parts[i]);
        if (word != NULL && word->meaning == WORD_IGNORED)
            continue;
        if (word == NULL || word->meaning != WORD_MONTH || (*have & HAVE_MONTH))
            return false;
        r->d->month = word->value;
        *have |= HAVE_MONTH;
        *ret_named = true;
        parts[i] = NULL;
    }
    return true;
}

enum datetime_result datetime_read_date(struct datetime_reader *r, char *text, unsigned have)
{
    char *parts[DATETIME_FIELDS];
    const unsigned before = have;
    bool named = false;
    const int n = date_parts(text, parts);
    r->found = 0;
    if (n < 0 || !take_month(r, parts, n, &have, &named))
        return DATETIME_SYNTAX;
    for (int i = 0; i < n; i++) {
        if (parts[i] == NULL)
            continue;
        enum datetime_result rc = datetime_read_number(r, parts[i], have, named);
        if (rc != DATETIME_OK)
            return rc;
        if (have & r->found)
            return DATETIME_SYNTAX;
        have |= r->found;
    }
    r->found = have & ~before;
    return (have & ~(HAVE_YEAR_DAY | HAVE_ZONE)) == HAVE_DATE ? DATETIME_OK : DATETIME_SYNTAX;
}

/* -- times of day and zones of one field -- */

static enum datetime_result clock_seconds(const char *text, struct datetime_clock *c)
{
    double fraction;
    if (*text == '\0')
        return DATETIME_OK;
    if (*text != '.' || !datetime_fraction(text, &fraction))
        return DATETIME_SYNTAX;
    c->fraction = (int64_t)rint(fraction * 1000000);
    return DATETIME_OK;
}

static enum datetime_result clock_shift(struct datetime_clock *c)
{
    if (c->hour > INT_MAX || c->hour < INT_MIN)
        return DATETIME_RANGE;
    c->second = c->minute;
    c->minute = (int32_t)c->hour;
    c->hour = 0;
    return DATETIME_OK;
}

enum datetime_result datetime_read_clock(const char *text, bool minutes, struct datetime_clock *ret)
{
    struct datetime_clock c = {0};
    enum datetime_result rc = DATETIME_OK;
    char *end;
    errno = 0;
    c.hour = strtoll(text, &end, 10);
    if (errno == ERANGE)
        return DATETIME_RANGE;
    if (*end != ':')
        return DATETIME_SYNTAX;
    if (!datetime_int(end + 1, &end, &c.minute))
        return DATETIME_RANGE;
    if (*end == ':') {
        if (!datetime_int(end + 1, &end, &c.second))
            return DATETIME_RANGE;
        rc = clock_seconds(end, &c);
    } else {
        rc = clock_seconds(end, &c);
        if (rc == DATETIME_OK && (minutes || *end == '.'))
            rc = clock_shift(&c);
    }
    if (rc != DATETIME_OK)
        return rc;
    if (c.hour < 0 || c.minute < 0 || c.minute > 59 || c.second < 0 || c.second > 60 ||
        c.fraction < 0 || c.fraction > TYPES_US_PER_SECOND)
        return DATETIME_RANGE;
    *ret = c;
    return DATETIME_OK;
}

enum datetime_result datetime_read_offset(const char *text, int32_t *ret_west)
{
    int32_t hour, minute = 0, second = 0;
    char *end;
    if (*text != '+' && *text != '-')
        return DATETIME_SYNTAX;
    if (!datetime_int(text + 1, &end, &hour))
        return DATETIME_ZONE;
    if (*end == ':') {
        if (!datetime_int(end + 1, &end, &minute))
            return DATETIME_ZONE;
        if (*end == ':' && !datetime_int(end + 1, &end, &second))
            return DATETIME_ZONE;
    } else if (*end == '\0' && strlen(text) > 3) {
        minute = hour % 100;
        hour = hour / 100;
    }
    if (hour < 0 || hour > 15 || minute < 0 || minute > 59 || second < 0 || second > 59)
        return DATETIME_ZONE;
    int32_t seconds = (hour * 60 + minute) * 60 + second;
    *ret_west = *text == '-' ? seconds : -seconds;
    return *end == '\0' ? DATETIME_OK : DATETIME_SYNTAX;
}
