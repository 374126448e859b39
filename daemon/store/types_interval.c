/* types_interval.c: intervals in: months, days and microseconds, kept apart as PostgreSQL does. */
#include "daemon/store/datetime.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void types_interval_pack(const struct types_interval *v, char ret[16])
{
    uint64_t parts[3] = {(uint64_t)v->us, (uint32_t)v->days, (uint32_t)v->months};
    for (int i = 0; i < 8; i++)
        ret[i] = (char)(parts[0] >> (56 - 8 * i));
    for (int i = 0; i < 8; i++)
        ret[8 + i] = (char)(parts[1 + i / 4] >> (24 - 8 * (i % 4)));
}

bool types_interval_unpack(struct slice bytes, struct types_interval *ret)
{
    uint64_t us = 0;
    uint32_t parts[2] = {0};
    if (bytes.len != 16)
        return false;
    for (int i = 0; i < 8; i++)
        us = us << 8 | (unsigned char)bytes.data[i];
    for (int i = 0; i < 8; i++)
        parts[i / 4] = parts[i / 4] << 8 | (unsigned char)bytes.data[8 + i];
    *ret = (struct types_interval){(int64_t)us, (int32_t)parts[0], (int32_t)parts[1]};
    return true;
}

/* -- sums: whole numbers exactly, fractions of months as days of 30, of days as time -- */

struct sum {
    int32_t years, months, days;
    int64_t us;
};

#define MINUTE_US (60 * TYPES_US_PER_SECOND)
#define HOUR_US   (60 * MINUTE_US)

static bool add_int(int32_t *sum, int64_t v, int32_t scale)
{
    int64_t all;
    if (v != (int32_t)v || __builtin_mul_overflow(v, (int64_t)scale, &all) || all != (int32_t)all)
        return false;
    return !__builtin_add_overflow(*sum, (int32_t)all, sum);
}

static bool add_us_fraction(struct sum *s, double fraction, int64_t scale)
{
    if (fraction == 0)
        return true;
    fraction *= (double)scale;
    int64_t us = (int64_t)fraction;
    fraction -= (double)us;
    us += fraction > 0.5 ? 1 : fraction < -0.5 ? -1 : 0;
    return !__builtin_add_overflow(s->us, us, &s->us);
}

static bool add_us(struct sum *s, int64_t v, double fraction, int64_t scale)
{
    int64_t all;
    return !__builtin_mul_overflow(v, scale, &all) && !__builtin_add_overflow(s->us, all, &s->us) &&
           add_us_fraction(s, fraction, scale);
}

static bool add_days(struct sum *s, int64_t v, double fraction, int32_t scale)
{
    if (!add_int(&s->days, v, scale))
        return false;
    if (scale == 1)
        return add_us_fraction(s, fraction, TYPES_US_PER_DAY);
    fraction *= scale;
    int32_t days = (int32_t)fraction;
    return !__builtin_add_overflow(s->days, days, &s->days) &&
           add_us_fraction(s, fraction - days, TYPES_US_PER_DAY);
}

static bool add_months(struct sum *s, int64_t v, double fraction)
{
    return add_int(&s->months, v, 1) && add_days(s, 0, fraction, 30);
}

static bool add_years(struct sum *s, int64_t v, double fraction, int32_t scale)
{
    int32_t months = (int32_t)rint(fraction * scale * 12);
    return add_int(&s->years, v, scale) && !__builtin_add_overflow(s->months, months, &s->months);
}

static enum datetime_result add_unit(struct sum *s, enum datetime_unit unit, int64_t v, double f)
{
    bool ok;
    switch (unit) {
    case DATETIME_MICROSECOND:
        ok = add_us(s, v, f, 1);
        break;
    case DATETIME_MILLISECOND:
        ok = add_us(s, v, f, 1000);
        break;
    case DATETIME_SECOND:
        ok = add_us(s, v, f, TYPES_US_PER_SECOND);
        break;
    case DATETIME_MINUTE:
        ok = add_us(s, v, f, MINUTE_US);
        break;
    case DATETIME_HOUR:
        ok = add_us(s, v, f, HOUR_US);
        break;
    case DATETIME_DAY:
        ok = add_days(s, v, f, 1);
        break;
    case DATETIME_WEEK:
        ok = add_days(s, v, f, 7);
        break;
    case DATETIME_MONTH:
        ok = add_months(s, v, f);
        break;
    case DATETIME_YEAR:
        ok = add_years(s, v, f, 1);
        break;
    case DATETIME_DECADE:
        ok = add_years(s, v, f, 10);
        break;
    case DATETIME_CENTURY:
        ok = add_years(s, v, f, 100);
        break;
    case DATETIME_MILLENNIUM:
        ok = add_years(s, v, f, 1000);
        break;
    default:
        return DATETIME_SYNTAX;
    }
    return ok ? DATETIME_OK : DATETIME_RANGE;
}

/* -- typmods: which fields, and how many digits after the second -- */

#define FIELD(n)       (1 << (n))
#define FIELD_MONTH    FIELD(1)
#define FIELD_YEAR     FIELD(2)
#define FIELD_DAY      FIELD(3)
#define FIELD_HOUR     FIELD(10)
#define FIELD_MINUTE   FIELD(11)
#define FIELD_SECOND   FIELD(12)
#define FIELDS_ALL     0x7fff
#define PRECISION_FULL 0xffff
#define RANGE(typmod)  ((typmod) < 0 ? FIELDS_ALL : ((typmod) >> 16) & 0x7fff)
#define DIGITS(typmod) ((typmod) < 0 ? PRECISION_FULL : (typmod)&0xffff)

/* The last field. */
static enum datetime_unit range_unit(int32_t typmod)
{
    const int range = RANGE(typmod);
    if (range == FIELDS_ALL || (range & FIELD_SECOND))
        return DATETIME_SECOND;
    if (range & FIELD_MINUTE)
        return DATETIME_MINUTE;
    if (range & FIELD_HOUR)
        return DATETIME_HOUR;
    if (range & FIELD_DAY)
        return DATETIME_DAY;
    if (range & FIELD_MONTH)
        return DATETIME_MONTH;
    return range & FIELD_YEAR ? DATETIME_YEAR : DATETIME_SECOND;
}

void types_interval_typmod(struct types_interval *v, int32_t typmod)
{
    if (typmod < 0)
        return;
    switch (range_unit(typmod)) {
    case DATETIME_YEAR:
        v->months = v->months / 12 * 12;
        v->days = 0;
        v->us = 0;
        break;
    case DATETIME_MONTH:
        v->days = 0;
        v->us = 0;
        break;
    case DATETIME_DAY:
        v->us = 0;
        break;
    case DATETIME_HOUR:
        v->us = v->us / HOUR_US * HOUR_US;
        break;
    case DATETIME_MINUTE:
        v->us = v->us / MINUTE_US * MINUTE_US;
        break;
    default:
        break;
    }
    if (DIGITS(typmod) != PRECISION_FULL)
        v->us = types_round_us(v->us, DIGITS(typmod));
}

void types_interval_typmod_out(int32_t typmod, char *ret, size_t size)
{
    static const struct {
        int field;
        const char *name;
    } names[] = {{FIELD_YEAR, "year"}, {FIELD_MONTH, "month"},   {FIELD_DAY, "day"},
                 {FIELD_HOUR, "hour"}, {FIELD_MINUTE, "minute"}, {FIELD_SECOND, "second"}};
    const char *first = NULL, *last = NULL;
    char digits[16] = "";
    for (size_t i = 0; RANGE(typmod) != FIELDS_ALL && i < sizeof names / sizeof names[0]; i++)
        if (RANGE(typmod) & names[i].field) {
            first = first ? first : names[i].name;
            last = names[i].name;
        }
    if (DIGITS(typmod) != PRECISION_FULL)
        snprintf(digits, sizeof digits, "(%d)", DIGITS(typmod));
    if (!first)
        snprintf(ret, size, "%s", digits);
    else
        snprintf(ret, size, " %s%s%s%s", first, first == last ? "" : " to ",
                 first == last ? "" : last, digits);
}

/* -- fields of words and numbers, read backwards: units come after their numbers -- */

struct interval_reader {
    int32_t typmod;
    bool negative; /* SQL's style: the one sign in front is everyone's */
    unsigned have, found;
    bool any_unit; /* ... has been named for the next number */
    enum datetime_unit unit;
    bool ago;
    struct sum sum;
};

/* 04:05:06 */
static enum datetime_result clock_value(struct interval_reader *r, const char *text)
{
    struct datetime_clock c;
    enum datetime_result rc =
        datetime_read_clock(text, RANGE(r->typmod) == (FIELD_MINUTE | FIELD_SECOND), &c);
    if (rc != DATETIME_OK)
        return rc;
    r->sum.us = c.fraction;
    if (!add_us(&r->sum, c.hour, 0, HOUR_US) || !add_us(&r->sum, c.minute, 0, MINUTE_US) ||
        !add_us(&r->sum, c.second, 0, TYPES_US_PER_SECOND))
        return DATETIME_RANGE;
    r->found = 1u << DATETIME_HOUR | 1u << DATETIME_MINUTE | 1u << DATETIME_SECOND |
               1u << DATETIME_MILLISECOND | 1u << DATETIME_MICROSECOND;
    return DATETIME_OK;
}

static void clock_done(struct interval_reader *r)
{
    if (r->negative && r->sum.us > 0)
        r->sum.us = -r->sum.us;
    r->any_unit = true;
    r->unit = DATETIME_DAY;
}

/* "-12", "1.5", and SQL's years-months "1-2" */
static enum datetime_result number_value(struct interval_reader *r, const char *text, int64_t *ret,
                                         double *ret_fraction)
{
    char *end;
    int32_t months;
    errno = 0;
    *ret = strtoll(text, &end, 10);
    *ret_fraction = 0;
    if (errno == ERANGE)
        return DATETIME_RANGE;
    if (*end == '-') {
        if (!datetime_int(end + 1, &end, &months) || months < 0 || months >= 12)
            return DATETIME_RANGE;
        if (*end != '\0')
            return DATETIME_SYNTAX;
        r->unit = DATETIME_MONTH;
        if (__builtin_mul_overflow(*ret, INT64_C(12), ret) ||
            __builtin_add_overflow(*ret, (int64_t)(*text == '-' ? -months : months), ret))
            return DATETIME_RANGE;
    } else if (*end == '.') {
        if (!datetime_fraction(end, ret_fraction))
            return DATETIME_SYNTAX;
        if (*text == '-')
            *ret_fraction = -*ret_fraction;
    } else if (*end != '\0') {
        return DATETIME_SYNTAX;
    }
    if (r->negative) {
        *ret = *ret > 0 ? -*ret : *ret;
        *ret_fraction = *ret_fraction > 0 ? -*ret_fraction : *ret_fraction;
    }
    return DATETIME_OK;
}

static enum datetime_result number_field(struct interval_reader *r, const char *text)
{
    int64_t v;
    double fraction;
    if (!r->any_unit)
        r->unit = range_unit(r->typmod);
    r->any_unit = true;
    enum datetime_result rc = number_value(r, text, &v, &fraction);
    if (rc == DATETIME_OK)
        rc = add_unit(&r->sum, r->unit, v, fraction);
    r->found = 1u << r->unit;
    if (r->unit == DATETIME_SECOND && fraction != 0)
        r->found |= 1u << DATETIME_MILLISECOND | 1u << DATETIME_MICROSECOND;
    if (r->unit == DATETIME_HOUR)
        r->unit = DATETIME_DAY;
    return rc;
}

static enum datetime_result offset_field(struct interval_reader *r, const char *text)
{
    if (strchr(text + 1, ':') == NULL || clock_value(r, text + 1) != DATETIME_OK)
        return number_field(r, text);
    if (*text == '-')
        r->sum.us = -r->sum.us;
    clock_done(r);
    return DATETIME_OK;
}

static enum datetime_result word_field(struct interval_reader *r, const char *text)
{
    const struct datetime_word *word = datetime_interval_word(text);
    if (word == NULL)
        return DATETIME_SYNTAX;
    r->ago |= word->meaning == WORD_AGO;
    r->any_unit = true;
    r->unit = word->meaning == WORD_AGO ? DATETIME_NO_UNIT : (enum datetime_unit)word->value;
    return DATETIME_OK;
}

static enum datetime_result read_field(struct interval_reader *r, const struct datetime_fields *f,
                                       int i)
{
    enum datetime_result rc;
    r->found = 0;
    switch (f->kinds[i]) {
    case DATETIME_TIME:
        rc = clock_value(r, f->texts[i]);
        if (rc == DATETIME_OK)
            clock_done(r);
        return rc;
    case DATETIME_OFFSET:
        return offset_field(r, f->texts[i]);
    case DATETIME_DATE:
    case DATETIME_NUMBER:
        return number_field(r, f->texts[i]);
    default:
        return word_field(r, f->texts[i]);
    }
}

static bool one_sign(const struct datetime_fields *f)
{
    if (f->n == 0 || f->texts[0][0] != '-')
        return false;
    for (int i = 1; i < f->n; i++)
        if (f->texts[i][0] == '-' || f->texts[i][0] == '+')
            return false;
    return true;
}

static bool negate(struct sum *s)
{
    if (s->us == INT64_MIN || s->days == INT32_MIN || s->months == INT32_MIN ||
        s->years == INT32_MIN)
        return false;
    *s = (struct sum){-s->years, -s->months, -s->days, -s->us};
    return true;
}

static enum datetime_result read_words(const struct types_session *session, int32_t typmod,
                                       struct slice text, struct sum *ret)
{
    struct datetime_fields f;
    struct interval_reader r = {.typmod = typmod};
    enum datetime_result rc = datetime_split(text, DATETIME_ROOM, &f);
    if (rc != DATETIME_OK)
        return rc;
    if (one_sign(&f)) {
        if (f.n > 2) /* "-1 day" is the same in all */
            datetime_used(session, TYPES_USED_STYLE);
        r.negative = session->interval_style == TYPES_INTERVAL_SQL;
    }
    for (int i = f.n - 1; i >= 0; i--) {
        rc = read_field(&r, &f, i);
        if (rc != DATETIME_OK)
            return rc;
        if (r.have & r.found)
            return DATETIME_SYNTAX;
        r.have |= r.found;
    }
    if (r.have == 0)
        return DATETIME_SYNTAX;
    if (r.ago && !negate(&r.sum))
        return DATETIME_RANGE;
    *ret = r.sum;
    return DATETIME_OK;
}

/* -- ISO 8601: P1Y2M3DT4H5M6S, P0001-02-03T04:05:06, P00010203T040506 -- */

static enum datetime_result iso_number(const char **p, int64_t *ret, double *ret_fraction)
{
    char *end;
    if (!isdigit((unsigned char)**p) && **p != '-' && **p != '.')
        return DATETIME_SYNTAX;
    errno = 0;
    double v = strtod(*p, &end);
    if (end == *p || errno != 0)
        return DATETIME_SYNTAX;
    if (isnan(v) || v < -1.0e15 || v > 1.0e15)
        return DATETIME_RANGE;
    *ret = (int64_t)v;
    *ret_fraction = v - (double)*ret;
    *p = end;
    return DATETIME_OK;
}

static size_t iso_width(const char *p)
{
    p += *p == '-';
    return strspn(p, "0123456789");
}

/* The rest of numbers with signs between: -02-03 or :05:06. */
static enum datetime_result iso_alternative(const char **p, char sign,
                                            const enum datetime_unit units[2], struct sum *s)
{
    int64_t v;
    double fraction;
    for (int i = 0; i < 2; i++) {
        enum datetime_result rc = iso_number(p, &v, &fraction);
        if (rc == DATETIME_OK)
            rc = add_unit(s, units[i], v, fraction);
        if (rc != DATETIME_OK)
            return rc;
        if (**p == '\0' || (sign == '-' && **p == 'T'))
            return DATETIME_OK;
        if (**p != sign || i == 1)
            return DATETIME_SYNTAX;
        (*p)++;
    }
    return DATETIME_SYNTAX;
}

struct iso_field {
    int64_t v;
    double fraction;
    size_t width;
    bool first;
};

/* A number without a unit, or with `-` or `:` behind it. */
static enum datetime_result iso_unnamed(const char **p, char sign, const struct iso_field *f,
                                        bool date, struct sum *s)
{
    static const enum datetime_unit date_units[] = {DATETIME_MONTH, DATETIME_DAY},
                                    time_units[] = {DATETIME_MINUTE, DATETIME_SECOND};
    const bool ends = sign == '\0' || sign == 'T';
    if (ends && f->first && date && f->width == 8) {
        bool ok = add_years(s, f->v / 10000, 0, 1) && add_months(s, f->v / 100 % 100, 0) &&
                  add_days(s, f->v % 100, f->fraction, 1);
        return ok ? DATETIME_OK : DATETIME_RANGE;
    }
    if (ends && f->first && !date && f->width == 6) {
        bool ok =
            add_us(s, f->v / 10000, 0, HOUR_US) && add_us(s, f->v / 100 % 100, 0, MINUTE_US) &&
            add_us(s, f->v % 100, 0, TYPES_US_PER_SECOND) && add_us_fraction(s, f->fraction, 1);
        return ok ? DATETIME_OK : DATETIME_RANGE;
    }
    if (!f->first)
        return DATETIME_SYNTAX;
    enum datetime_result rc = add_unit(s, date ? DATETIME_YEAR : DATETIME_HOUR, f->v, f->fraction);
    if (rc != DATETIME_OK || ends)
        return rc;
    return iso_alternative(p, sign, date ? date_units : time_units, s);
}

static enum datetime_unit iso_unit(char letter, bool date)
{
    switch (letter) {
    case 'Y':
        return date ? DATETIME_YEAR : DATETIME_NO_UNIT;
    case 'W':
        return date ? DATETIME_WEEK : DATETIME_NO_UNIT;
    case 'D':
        return date ? DATETIME_DAY : DATETIME_NO_UNIT;
    case 'M':
        return date ? DATETIME_MONTH : DATETIME_MINUTE;
    case 'H':
        return date ? DATETIME_NO_UNIT : DATETIME_HOUR;
    case 'S':
        return date ? DATETIME_NO_UNIT : DATETIME_SECOND;
    default:
        return DATETIME_NO_UNIT;
    }
}

static enum datetime_result read_iso(const char *p, struct sum *s)
{
    bool date = true;
    struct iso_field f = {.first = true};
    enum datetime_result rc;
    if (p[0] != 'P' || p[1] == '\0')
        return DATETIME_SYNTAX;
    for (p++; *p != '\0';) {
        if (*p == 'T') {
            date = false;
            f.first = true;
            p++;
            continue;
        }
        f.width = iso_width(p);
        rc = iso_number(&p, &f.v, &f.fraction);
        if (rc != DATETIME_OK)
            return rc;
        const char letter = *p;
        enum datetime_unit unit = iso_unit(letter, date);
        if (unit != DATETIME_NO_UNIT) {
            rc = add_unit(s, unit, f.v, f.fraction);
            p++;
            f.first = false;
        } else if (letter == (date ? '-' : ':')) {
            p++;
            rc = iso_unnamed(&p, letter, &f, date, s);
            if (rc == DATETIME_OK && !date)
                return rc;
        } else if (letter == '\0' || (date && letter == 'T')) {
            rc = iso_unnamed(&p, letter, &f, date, s);
        } else {
            return DATETIME_SYNTAX;
        }
        if (rc != DATETIME_OK)
            return rc;
    }
    return DATETIME_OK;
}

static enum datetime_result read_iso_text(struct slice text, struct sum *s)
{
    enum datetime_result rc = DATETIME_SYNTAX;
    char *copy = text.len > 0 && text.data[0] == 'P' ? strndup(text.data, text.len) : NULL;
    *s = (struct sum){0};
    if (copy)
        rc = read_iso(copy, s);
    free(copy);
    return rc;
}

int types_interval_in(const struct types_session *s, int32_t typmod, struct slice text,
                      struct types_interval *ret, struct err *err)
{
    struct sum sum = {0};
    enum datetime_result rc = read_words(s, typmod, text, &sum);
    if (rc == DATETIME_SYNTAX)
        rc = read_iso_text(text, &sum);
    if (rc == DATETIME_RANGE)
        return err_set(err, "22015", "interval field value out of range: \"%.*s\"",
                       TYPES_SHOWN(text));
    if (rc != DATETIME_OK)
        return datetime_error(rc, "interval", text, err);
    int64_t months = (int64_t)sum.years * 12 + sum.months;
    if (months != (int32_t)months)
        return err_set(err, "22008", "interval out of range");
    *ret = (struct types_interval){sum.us, sum.days, (int32_t)months};
    types_interval_typmod(ret, typmod);
    return 0;
}
