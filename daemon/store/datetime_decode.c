/* datetime_decode.c: the fields of a date and time, one after the other, get their meanings. */
#include "daemon/store/datetime_read.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

int64_t datetime_now_us(const struct types_session *s)
{
    struct timespec now;
    if (s->now_us && *s->now_us)
        return *s->now_us;
    clock_gettime(CLOCK_REALTIME, &now);
    return (now.tv_sec - INT64_C(946684800)) * TYPES_US_PER_SECOND + now.tv_nsec / 1000;
}

int64_t datetime_now(const struct types_session *s)
{
    datetime_used(s, TYPES_USED_CLOCK);
    return datetime_now_us(s);
}

int64_t datetime_clock_us(const struct datetime *d)
{
    uint32_t seconds = ((uint32_t)d->hour * 60 + (uint32_t)d->minute) * 60 + (uint32_t)d->second;
    return (int32_t)seconds * TYPES_US_PER_SECOND + d->fraction;
}

static void set_clock(struct datetime *d, int64_t us)
{
    d->hour = (int32_t)(us / (3600 * TYPES_US_PER_SECOND));
    d->minute = (int32_t)(us / (60 * TYPES_US_PER_SECOND) % 60);
    d->second = (int32_t)(us / TYPES_US_PER_SECOND % 60);
    d->fraction = us % TYPES_US_PER_SECOND;
}

static void set_julian(struct datetime_reader *r, int32_t day)
{
    types_civil((int64_t)day - 2451545, &r->d->year, &r->d->month, &r->d->day);
    r->julian = true;
    r->found = HAVE_DATE;
}

int64_t datetime_local_day(int64_t local, int64_t *ret_rest)
{
    int64_t day = local / TYPES_US_PER_DAY, rest = local % TYPES_US_PER_DAY;
    *ret_rest = rest < 0 ? rest + TYPES_US_PER_DAY : rest;
    return day - (rest < 0);
}

/* The day of the session's clock, moved. */
static void set_today(struct datetime_reader *r, int move, int64_t *ret_clock)
{
    int64_t day = datetime_local_day(types_utc_to_local(r->s, datetime_now(r->s)), ret_clock);
    types_civil(day + move, &r->d->year, &r->d->month, &r->d->day);
    r->found = HAVE_DATE;
}

/* -- zones -- */

static enum datetime_result zone_by_name(struct datetime_reader *r, bool certain)
{
    const char *text = r->f->texts[r->i], *raw = r->f->raw + (text - r->f->work);
    if (r->zone_named)
        types_session_release(&r->zone);
    r->zone_named = types_zone_find(r->s, raw, &r->zone);
    r->found = HAVE_ZONE;
    if (r->zone_named)
        return DATETIME_OK;
    if (!certain)
        return DATETIME_SYNTAX;
    (void)err_set(r->err, SQLSTATE_INVALID_PARAMETER_VALUE, "time zone \"%s\" not recognized",
                  text);
    return DATETIME_ZONE_NAME;
}

/* hhmmss-zz */
static enum datetime_result run_with_offset(struct datetime_reader *r, unsigned have)
{
    char *text = r->f->texts[r->i], *sign = strchr(text, '-');
    if (sign == NULL)
        return DATETIME_SYNTAX;
    enum datetime_result rc = datetime_read_offset(sign, &r->d->west);
    if (rc != DATETIME_OK)
        return rc;
    *sign = '\0';
    rc = datetime_read_run(r, text, have);
    r->found |= HAVE_ZONE;
    return rc;
}

/* -- fields after the word that says what they are: y2001m02d04, J2451187, T040506 -- */

static enum datetime_result labelled_julian(struct datetime_reader *r, int32_t v, const char *end)
{
    char *stop;
    if (v < 0)
        return DATETIME_RANGE;
    set_julian(r, v);
    if (*end != '.')
        return DATETIME_OK;
    errno = 0;
    double day = strtod(end, &stop);
    if (*stop != '\0' || errno != 0)
        return DATETIME_SYNTAX;
    set_clock(r->d, (int64_t)(day * (double)TYPES_US_PER_DAY));
    r->found |= HAVE_CLOCK;
    return DATETIME_OK;
}

static enum datetime_result labelled_second(struct datetime_reader *r, int32_t v, const char *end)
{
    double fraction;
    r->d->second = v;
    r->found = HAVE_SECOND;
    if (*end != '.')
        return DATETIME_OK;
    r->found = HAVE_SECOND | HAVE_FRACTION;
    if (!datetime_fraction(end, &fraction))
        return DATETIME_SYNTAX;
    r->d->fraction = (int64_t)rint(fraction * 1000000);
    return DATETIME_OK;
}

static enum datetime_result labelled_clock(struct datetime_reader *r)
{
    enum datetime_result rc = datetime_read_run(r, r->f->texts[r->i], r->have | HAVE_DATE);
    return rc == DATETIME_OK && r->found != HAVE_CLOCK ? DATETIME_SYNTAX : rc;
}

static enum datetime_result labelled(struct datetime_reader *r)
{
    const enum datetime_unit unit = r->prefix;
    char *end;
    int32_t v;
    if (!datetime_int(r->f->texts[r->i], &end, &v))
        return DATETIME_RANGE;
    if (*end == '.' && unit != DATETIME_JULIAN && unit != DATETIME_CLOCK && unit != DATETIME_SECOND)
        return DATETIME_SYNTAX;
    if (*end != '.' && *end != '\0')
        return DATETIME_SYNTAX;
    r->prefix = DATETIME_NO_UNIT;
    r->d->what = DATETIME_CIVIL;
    r->found = 0;
    switch (unit) {
    case DATETIME_YEAR:
        r->d->year = v;
        r->found = HAVE_YEAR;
        return DATETIME_OK;
    case DATETIME_MONTH: /* or, after them, minutes */
        if ((r->have & (HAVE_MONTH | HAVE_HOUR)) == (HAVE_MONTH | HAVE_HOUR)) {
            r->d->minute = v;
            r->found = HAVE_MINUTE;
        } else {
            r->d->month = v;
            r->found = HAVE_MONTH;
        }
        return DATETIME_OK;
    case DATETIME_DAY:
        r->d->day = v;
        r->found = HAVE_DAY;
        return DATETIME_OK;
    case DATETIME_HOUR:
        r->d->hour = v;
        r->found = HAVE_HOUR;
        return DATETIME_OK;
    case DATETIME_MINUTE:
        r->d->minute = v;
        r->found = HAVE_MINUTE;
        return DATETIME_OK;
    case DATETIME_SECOND:
        return labelled_second(r, v, end);
    case DATETIME_JULIAN:
        return labelled_julian(r, v, end);
    case DATETIME_CLOCK:
        return labelled_clock(r);
    default:
        return DATETIME_SYNTAX;
    }
}

/* -- one field of each kind -- */

static enum datetime_result julian_with_zone(struct datetime_reader *r)
{
    char *end;
    int32_t v;
    if (!datetime_int(r->f->texts[r->i], &end, &v) || v < 0)
        return DATETIME_RANGE;
    set_julian(r, v);
    enum datetime_result rc = datetime_read_offset(end, &r->d->west);
    r->found = HAVE_DATE | HAVE_CLOCK | HAVE_ZONE;
    r->prefix = DATETIME_NO_UNIT;
    return rc;
}

static enum datetime_result date_field(struct datetime_reader *r)
{
    char *text = r->f->texts[r->i];
    const unsigned month_day = HAVE_MONTH | HAVE_DAY;
    if (r->prefix == DATETIME_JULIAN)
        return julian_with_zone(r);
    if (r->prefix == DATETIME_NO_UNIT && (r->have & month_day) != month_day)
        return datetime_read_date(r, text, r->have);
    if (!isdigit((unsigned char)*text) && r->prefix == DATETIME_NO_UNIT)
        return zone_by_name(r, true);
    if (r->prefix != DATETIME_NO_UNIT && r->prefix != DATETIME_CLOCK)
        return DATETIME_SYNTAX;
    r->prefix = DATETIME_NO_UNIT;
    if ((r->have & HAVE_CLOCK) == HAVE_CLOCK)
        return DATETIME_SYNTAX;
    return run_with_offset(r, r->have);
}

/* Where a time of day is meant, a date comes first or not at all. */
static enum datetime_result date_field_of_clock(struct datetime_reader *r)
{
    const struct datetime_fields *f = r->f;
    if (r->i == 0 && f->n >= 2 &&
        (f->kinds[f->n - 1] == DATETIME_DATE || f->kinds[1] == DATETIME_TIME))
        return datetime_read_date(r, f->texts[0], r->have);
    if (!isdigit((unsigned char)*f->texts[r->i]))
        return zone_by_name(r, true);
    if ((r->have & HAVE_CLOCK) == HAVE_CLOCK)
        return DATETIME_SYNTAX;
    return run_with_offset(r, r->have | HAVE_DATE);
}

static enum datetime_result time_field(struct datetime_reader *r)
{
    struct datetime_clock c;
    if (!r->clock && r->prefix != DATETIME_NO_UNIT) {
        if (r->prefix != DATETIME_CLOCK)
            return DATETIME_SYNTAX;
        r->prefix = DATETIME_NO_UNIT;
    }
    enum datetime_result rc = datetime_read_clock(r->f->texts[r->i], false, &c);
    if (rc != DATETIME_OK)
        return rc;
    if (c.hour > INT32_MAX)
        return DATETIME_RANGE;
    r->d->hour = (int32_t)c.hour;
    r->d->minute = c.minute;
    r->d->second = c.second;
    r->d->fraction = c.fraction;
    r->found = HAVE_CLOCK;
    return !r->clock && datetime_overflows(r->d) ? DATETIME_RANGE : DATETIME_OK;
}

static enum datetime_result number_field(struct datetime_reader *r)
{
    char *text = r->f->texts[r->i], *point = strchr(text, '.');
    const size_t len = strlen(text);
    if (point != NULL && !(r->have & HAVE_DATE))
        return datetime_read_date(r, text, r->have);
    if (point != NULL && point - text > 2)
        return datetime_read_run(r, text, r->have);
    if (len >= 6 && (!(r->have & HAVE_DATE) || !(r->have & HAVE_CLOCK)))
        return datetime_read_run(r, text, r->have);
    return datetime_read_number(r, text, r->have, r->named_month);
}

static enum datetime_result number_field_of_clock(struct datetime_reader *r)
{
    const struct datetime_fields *f = r->f;
    char *text = f->texts[r->i], *point = strchr(text, '.');
    if (point != NULL) {
        if (r->i == 0 && f->n >= 2 && f->kinds[f->n - 1] == DATETIME_DATE)
            return datetime_read_date(r, text, r->have);
        if (point - text <= 2)
            return DATETIME_SYNTAX;
        return datetime_read_run(r, text, r->have | HAVE_DATE);
    }
    if (strlen(text) > 4)
        return datetime_read_run(r, text, r->have | HAVE_DATE);
    return datetime_read_number(r, text, r->have | HAVE_DATE, false);
}

/* -- words -- */

static void now_field(struct datetime_reader *r)
{
    int64_t clock;
    set_today(r, 0, &clock);
    set_clock(r->d, clock);
    if (r->clock) {
        r->found = HAVE_CLOCK;
        return;
    }
    r->d->west = -types_utc_offset(r->s, datetime_now(r->s));
    r->found = HAVE_DATE | HAVE_CLOCK | HAVE_ZONE;
}

static enum datetime_result special_field(struct datetime_reader *r, int special)
{
    int64_t clock;
    if (r->clock && special != SPECIAL_NOW && special != SPECIAL_MIDNIGHT)
        return DATETIME_SYNTAX;
    switch (special) {
    case SPECIAL_NOW:
        r->d->what = DATETIME_CIVIL;
        now_field(r);
        break;
    case SPECIAL_YESTERDAY:
    case SPECIAL_TODAY:
    case SPECIAL_TOMORROW:
        r->d->what = DATETIME_CIVIL;
        set_today(r, special - SPECIAL_TODAY, &clock);
        break;
    case SPECIAL_MIDNIGHT:
        r->d->what = DATETIME_CIVIL;
        r->d->hour = r->d->minute = r->d->second = 0;
        r->d->west = r->clock ? r->d->west : 0;
        r->found = HAVE_CLOCK | HAVE_ZONE;
        break;
    default:
        r->d->what = special == SPECIAL_EPOCH  ? DATETIME_EPOCH
                     : special == SPECIAL_LATE ? DATETIME_LATE
                                               : DATETIME_EARLY;
        r->found = HAVE_SPECIAL;
    }
    return DATETIME_OK;
}

static void month_field(struct datetime_reader *r, int month)
{
    r->found = HAVE_MONTH;
    if ((r->have & HAVE_MONTH) && !r->named_month && !(r->have & HAVE_DAY) && r->d->month >= 1 &&
        r->d->month <= 31) { /* the number before it was the day */
        r->d->day = r->d->month;
        r->found = HAVE_DAY;
    }
    r->named_month = true;
    r->d->month = month;
}

static enum datetime_result clock_label(struct datetime_reader *r)
{
    const struct datetime_fields *f = r->f;
    r->found = 0;
    if (!r->clock && (r->have & HAVE_DATE) != HAVE_DATE)
        return DATETIME_SYNTAX;
    if (r->i >= f->n - 1)
        return DATETIME_SYNTAX;
    enum datetime_kind next = f->kinds[r->i + 1];
    if (next != DATETIME_NUMBER && next != DATETIME_TIME && next != DATETIME_DATE)
        return DATETIME_SYNTAX;
    r->prefix = DATETIME_CLOCK;
    return DATETIME_OK;
}

static enum datetime_result word_field(struct datetime_reader *r, const struct datetime_word *word)
{
    switch (word->meaning) {
    case WORD_SPECIAL:
        return special_field(r, word->value);
    case WORD_MONTH:
        month_field(r, word->value);
        return r->clock ? DATETIME_SYNTAX : DATETIME_OK;
    case WORD_WEEKDAY:
        r->found = HAVE_WEEKDAY;
        return r->clock ? DATETIME_SYNTAX : DATETIME_OK;
    case WORD_HALF:
        r->half = word->value ? HALF_PM : HALF_AM;
        r->found = HAVE_HALF;
        return DATETIME_OK;
    case WORD_ERA:
        r->bc = word->value != 0;
        r->found = HAVE_ERA;
        return DATETIME_OK;
    case WORD_DST:
        r->found = HAVE_DST | HAVE_DST_ZONE;
        r->d->west -= word->value;
        return DATETIME_OK;
    case WORD_UNIT:
        r->found = 0;
        r->prefix = (enum datetime_unit)word->value;
        return DATETIME_OK;
    case WORD_TIME:
        return clock_label(r);
    default:
        return DATETIME_SYNTAX;
    }
}

static enum datetime_result text_field(struct datetime_reader *r)
{
    const char *text = r->f->texts[r->i];
    const struct types_abbreviation *a = types_abbreviation_find(text);
    if (a == NULL) {
        const struct datetime_word *word = datetime_word(text);
        if (word == NULL)
            return zone_by_name(r, false);
        if (word->meaning != WORD_IGNORED)
            return word_field(r, word);
        r->found = 0;
        return DATETIME_OK;
    }
    if (a->zone != NULL) {
        r->abbreviation = a;
        r->abbreviation_text = text;
        r->found = HAVE_ZONE | HAVE_DYNAMIC;
        return DATETIME_OK;
    }
    r->d->west = -a->offset;
    r->found = a->dst ? HAVE_ZONE | HAVE_DST_ZONE : HAVE_ZONE;
    return DATETIME_OK;
}

static enum datetime_result read_field(struct datetime_reader *r)
{
    switch (r->f->kinds[r->i]) {
    case DATETIME_DATE:
        return r->clock ? date_field_of_clock(r) : date_field(r);
    case DATETIME_TIME:
        return time_field(r);
    case DATETIME_OFFSET:
        r->found = HAVE_ZONE;
        return datetime_read_offset(r->f->texts[r->i], &r->d->west);
    case DATETIME_NUMBER:
        return r->prefix != DATETIME_NO_UNIT ? labelled(r)
               : r->clock                    ? number_field_of_clock(r)
                                             : number_field(r);
    default:
        return text_field(r);
    }
}

enum datetime_result datetime_decode(const struct types_session *s, bool clock,
                                     struct datetime_fields *f, struct datetime *ret,
                                     struct err *err)
{
    struct datetime_reader r = {.s = s, .f = f, .d = ret, .err = err, .clock = clock};
    enum datetime_result rc = DATETIME_OK;
    *ret = (struct datetime){0};
    for (r.i = 0; r.i < f->n && rc == DATETIME_OK; r.i++) {
        r.found = 0;
        rc = read_field(&r);
        if (rc == DATETIME_OK && (r.found & r.have))
            rc = DATETIME_SYNTAX;
        r.have |= r.found;
    }
    if (rc == DATETIME_OK)
        rc = datetime_settle(&r);
    if (r.zone_named)
        types_session_release(&r.zone);
    return rc;
}

int datetime_error(enum datetime_result why, const char *type, struct slice text, struct err *err)
{
    if (why == DATETIME_ZONE_NAME)
        return -1;
    if (why == DATETIME_SYNTAX)
        return err_set(err, "22007", "invalid input syntax for type %s: \"%.*s\"", type,
                       TYPES_SHOWN(text));
    if (why == DATETIME_ZONE)
        return err_set(err, "22009", "time zone displacement out of range: \"%.*s\"",
                       TYPES_SHOWN(text));
    err_set(err, "22008", "date/time field value out of range: \"%.*s\"", TYPES_SHOWN(text));
    if (why == DATETIME_RANGE_HINT)
        err_hint(err, "Perhaps you need a different \"datestyle\" setting.");
    return -1;
}
