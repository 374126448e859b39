/* functions_parse_date.c: to_timestamp() and to_date() by a template: formatting.c of PostgreSQL says
 * what matches, and what fields that contradict each other come to. */
#include "daemon/store/functions_format_date.h"
#include "daemon/store/functions_time.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

enum { FIELD_BYTES = 12, ZONE_HOURS = 15 };
enum calendar { CALENDAR_NONE, CALENDAR_GREGORIAN, CALENDAR_ISO };

/* What has been read; 0: not said. */
struct fields {
    enum calendar calendar;
    bool half_day; /* HH12, or AM */
    int hh, pm, mi, ss, ssss, d, dd, ddd, mm, ms, us, year, bc, ww, w, cc, j, ff;
    int year_digits, zone_sign, zone_hours, zone_minutes;
};

struct reader {
    sqlite3_context *ctx;
    const struct format_item *items, *end, *item;
    const char *at; /* in the text, which ends with a NUL */
    int skipped;    /* characters more than the template has */
    bool exact;     /* FX */
    struct fields f;
};

static bool fail(struct reader *r, const char *sqlstate, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static bool fail(struct reader *r, const char *sqlstate, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    functions_vfail(r->ctx, sqlstate, format, ap);
    va_end(ap);
    return false;
}

static struct err *raised(struct reader *r)
{
    return &functions_context(r->ctx)->raised;
}

static int name_len(const struct reader *r)
{
    return (int)r->item->text.len;
}

#define NAME(r) name_len(r), (r)->item->text.data

/* -- the template -- */

static bool is_space(const char *p)
{
    return isspace((unsigned char)*p);
}

static bool is_separator(const char *p)
{
    return *p > 0x20 && *p < 0x7f && !isalnum((unsigned char)*p);
}

/* A blank or separator of the template, outside of quotes. */
static bool is_gap(const struct format_item *item)
{
    return item->key == FORMAT_NONE && !item->quoted &&
           (is_separator(item->text.data) || is_space(item->text.data));
}

static bool has_digits(int key)
{
    switch (key) {
    case AD:
    case AD_DOTS:
    case AM:
    case AM_DOTS:
    case DAY_NAME:
    case DY:
    case FX:
    case MONTH_NAME:
    case MON:
    case OF:
    case RM:
    case TZH:
    case TZ:
        return false;
    default:
        return true;
    }
}

static enum calendar calendar_of(int key)
{
    switch (key) {
    case DDD:
    case DD:
    case D:
    case MM:
    case MONTH_NAME:
    case MON:
    case RM:
    case WW:
    case W:
    case Y_YYY:
    case YYYY:
    case YYY:
    case YY:
    case Y:
        return CALENDAR_GREGORIAN;
    case IDDD:
    case ID:
    case IW:
    case IYYY:
    case IYY:
    case IY:
    case I:
        return CALENDAR_ISO;
    default:
        return CALENDAR_NONE;
    }
}

/* Is what follows the field no digit?  Then it takes as many as there are. */
static bool open_ended(const struct reader *r)
{
    const struct format_item *next = r->item + 1;
    if (r->item->th || next == r->end)
        return true;
    if (next->key != FORMAT_NONE)
        return !has_digits(next->key);
    return !(next->text.len == 1 && isdigit((unsigned char)next->text.data[0]));
}

/* -- fields -- */

static bool set(struct reader *r, int *field, int value)
{
    if (*field != 0 && *field != value) {
        fail(r, "22007", "conflicting values for \"%.*s\" field in formatting string", NAME(r));
        err_detail(raised(r), "This value contradicts a previous setting for the same field type.");
        return false;
    }
    *field = value;
    return true;
}

static bool too_short(struct reader *r, int len, int left)
{
    fail(r, "22007", "source string too short for \"%.*s\" formatting field", NAME(r));
    err_detail(raised(r), "Field requires %d characters, but only %d remain.", len, left);
    err_hint(raised(r), "If your source string is not fixed-width, try using the \"FM\" modifier.");
    return false;
}

static bool bad_number(struct reader *r, const char *text, int len, int used)
{
    fail(r, "22007", "invalid value \"%s\" for \"%.*s\"", text, NAME(r));
    if (used == 0) {
        err_detail(raised(r), "Value must be an integer.");
        return false;
    }
    err_detail(raised(r), "Field requires %d characters, but only %d could be parsed.", len, used);
    err_hint(raised(r), "If your source string is not fixed-width, try using the \"FM\" modifier.");
    return false;
}

/* A number of ${len} characters, or of as many as there are, into ${field} (NULL: nowhere). */
static bool number_of(struct reader *r, int *field, int len, int *ret_used)
{
    char copy[FIELD_BYTES + 1];
    const char *begin = r->at;
    char *last;
    while (is_space(r->at))
        r->at++;
    int left = (int)strnlen(r->at, FIELD_BYTES);
    snprintf(copy, (size_t)len + 1, "%s", r->at);
    errno = 0;
    long value;
    if (r->item->fill || open_ended(r)) {
        value = strtol(begin, &last, 10);
        r->at = last;
    } else {
        if (left < len)
            return too_short(r, len, left);
        value = strtol(copy, &last, 10);
        int used = (int)(last - copy);
        if (used > 0 && used < len)
            return bad_number(r, copy, len, used);
        r->at += used;
    }
    if (r->at == begin)
        return bad_number(r, copy, len, 0);
    if (errno == ERANGE || value < INT_MIN || value > INT_MAX) {
        fail(r, "22008", "value for \"%.*s\" in source string is out of range", NAME(r));
        err_detail(raised(r), "Value must be in the range %d to %d.", INT_MIN, INT_MAX);
        return false;
    }
    if (ret_used)
        *ret_used = (int)(r->at - begin);
    return !field || set(r, field, (int)value);
}

/* TH behind a field: two characters. */
static bool ordinal(struct reader *r)
{
    for (int i = 0; i < 2 && r->item->th && *r->at; i++)
        r->at += functions_char(r->at, strlen(r->at));
    return true;
}

/* ... of as many as the keyword has; TH behind it. */
static bool number(struct reader *r, int *field, int len)
{
    if (!number_of(r, field, len ? len : name_len(r), NULL))
        return false;
    return ordinal(r);
}

/* A fraction of a second: its first digit is the tenths. */
static bool fraction(struct reader *r, int *field, int len, int digits)
{
    int used = 0;
    if (!number_of(r, field, len, &used))
        return false;
    for (; used < digits; used++)
        *field *= 10;
    return ordinal(r);
}

static const char *const months[] = {"January", "February", "March",     "April",   "May",      "June",
                                     "July",    "August",   "September", "October", "November", "December",
                                     NULL};
static const char *const weekdays[] = {"Sunday", "Monday", "Tuesday",  "Wednesday", "Thursday",
                                   "Friday", "Saturday", NULL};
static const char *const roman[] = {"xii", "xi", "x",  "ix",  "viii", "vii", "vi",
                                    "v",   "iv", "iii", "ii", "i",    NULL};
static const char *const halves[] = {"am", "pm", NULL}, *const halves_dots[] = {"a.m.", "p.m.", NULL};
static const char *const eras[] = {"ad", "bc", NULL}, *const eras_dots[] = {"a.d.", "b.c.", NULL};

/* One of ${words}, or their first ${len} letters. */
static bool word(struct reader *r, const char *const *words, size_t len, int *ret)
{
    for (int i = 0; words[i]; i++) {
        size_t n = len ? len : strlen(words[i]);
        if (strncasecmp(r->at, words[i], n) == 0) {
            r->at += n;
            *ret = i;
            return true;
        }
    }
    size_t n = 0;
    while (r->at[n] && !is_space(r->at + n))
        n++;
    fail(r, "22007", "invalid value \"%.*s\" for \"%.*s\"", (int)n, r->at, NAME(r));
    err_detail(raised(r), "The given value did not match any of the allowed values for this field.");
    return false;
}

static bool half_day(struct reader *r, const char *const *words)
{
    int i;
    r->f.half_day = true;
    return word(r, words, 0, &i) && set(r, &r->f.pm, i);
}

static bool era(struct reader *r, const char *const *words)
{
    int i;
    return word(r, words, 0, &i) && set(r, &r->f.bc, i);
}

static bool month_name(struct reader *r, size_t len)
{
    int i;
    return word(r, months, len, &i) && set(r, &r->f.mm, i + 1);
}

static bool day_name(struct reader *r, size_t len)
{
    int i;
    if (!word(r, weekdays, len, &i) || !set(r, &r->f.d, i))
        return false;
    r->f.d++;
    return true;
}

static bool roman_month(struct reader *r)
{
    int i;
    return word(r, roman, 0, &i) && set(r, &r->f.mm, 12 - i);
}

/* ISO: Monday is 1; here Sunday is. */
static bool iso_day(struct reader *r)
{
    if (!number_of(r, &r->f.d, 1, NULL))
        return false;
    r->f.d = r->f.d >= 7 ? 1 : r->f.d + 1;
    return ordinal(r);
}

/* Of one to three digits: the one nearest to 2020. */
static int near_2020(int year)
{
    return year < 70 || (year >= 100 && year < 520) ? year + 2000
           : year < 100                             ? year + 1900
           : year < 1000                            ? year + 1000
                                                    : year;
}

static bool year(struct reader *r)
{
    int used, digits = name_len(r);
    if (!number_of(r, &r->f.year, digits, &used))
        return false;
    if (used < 4 && digits < 4)
        r->f.year = near_2020(r->f.year);
    r->f.year_digits = digits;
    return ordinal(r);
}

static bool year_thousands(struct reader *r)
{
    int thousands, rest, used;
    if (sscanf(r->at, "%9d,%3d%n", &thousands, &rest, &used) < 2 || thousands > INT_MAX / 1000 - 1)
        return fail(r, "22007", "invalid input string for \"Y,YYY\"");
    r->f.year_digits = 4;
    r->at += used;
    if (!set(r, &r->f.year, rest + thousands * 1000))
        return false;
    return ordinal(r);
}

static bool zone_hours(struct reader *r)
{
    if (*r->at == '+' || *r->at == '-' || *r->at == ' ') {
        r->f.zone_sign = *r->at == '-' ? -1 : 1;
        r->at++;
    } else { /* the sign may have been taken for a separator */
        r->f.zone_sign = r->skipped > 0 && r->at[-1] == '-' ? -1 : 1;
    }
    return number_of(r, &r->f.zone_hours, 2, NULL);
}

static bool zone_minutes(struct reader *r)
{
    if (!r->f.zone_sign)
        r->f.zone_sign = 1;
    return number_of(r, &r->f.zone_minutes, 2, NULL);
}

static bool date_field(struct reader *r)
{
    switch (r->item->key) {
    case MONTH_NAME:
        return month_name(r, 0);
    case MON:
        return month_name(r, 3);
    case MM:
        return number(r, &r->f.mm, 0);
    case DAY_NAME:
        return day_name(r, 0);
    case DY:
        return day_name(r, 3);
    case DDD:
        return number(r, &r->f.ddd, 0);
    case IDDD:
        return number(r, &r->f.ddd, 3);
    case DD:
        return number(r, &r->f.dd, 0);
    case D:
        return number(r, &r->f.d, 0);
    case ID:
        return iso_day(r);
    case WW:
    case IW:
        return number(r, &r->f.ww, 0);
    case W:
        return number(r, &r->f.w, 0);
    case Q: /* means no date */
        return number(r, NULL, 0);
    case J:
        return number(r, &r->f.j, 0);
    case RM:
        return roman_month(r);
    case CC:
        return number(r, &r->f.cc, 0);
    case Y_YYY:
        return year_thousands(r);
    default: /* YYYY, IYYY and shorter ones */
        return year(r);
    }
}

static bool field(struct reader *r)
{
    switch (r->item->key) {
    case FX:
        r->exact = true;
        return true;
    case AM:
        return half_day(r, halves);
    case AM_DOTS:
        return half_day(r, halves_dots);
    case AD:
        return era(r, eras);
    case AD_DOTS:
        return era(r, eras_dots);
    case HH12:
        r->f.half_day = true;
        return number(r, &r->f.hh, 2);
    case HH24:
        return number(r, &r->f.hh, 2);
    case MI:
        return number(r, &r->f.mi, 0);
    case SS:
        return number(r, &r->f.ss, 0);
    case SSSS:
        return number(r, &r->f.ssss, 0);
    case MS:
        return fraction(r, &r->f.ms, 3, 3);
    case US:
        return fraction(r, &r->f.us, 6, 6);
    case FF:
        r->f.ff = r->item->text.data[2] - '0';
        return fraction(r, &r->f.us, r->f.ff, 6);
    case TZ:
    case OF:
        return fail(r, SQLSTATE_FEATURE_NOT_SUPPORTED,
                    "formatting field \"%.*s\" is only supported in to_char", NAME(r));
    case TZH:
        return zone_hours(r);
    case TZM:
        return zone_minutes(r);
    default:
        return date_field(r);
    }
}

/* -- the text -- */

static void skip_spaces(struct reader *r)
{
    for (; is_space(r->at); r->at++)
        r->skipped++;
}

/* A character of the template that is no field stands for one of the text, whichever it is. */
static void text_item(struct reader *r)
{
    if (r->exact) {
        r->at += functions_char(r->at, strlen(r->at));
    } else if (is_gap(r->item)) {
        r->skipped--;
        if (is_space(r->at) || is_separator(r->at)) {
            r->at++;
            r->skipped++;
        }
    } else if (r->skipped > 0) {
        r->skipped--;
    } else {
        r->at += functions_char(r->at, strlen(r->at));
    }
}

static bool read_all(struct reader *r)
{
    for (r->item = r->items; r->item < r->end && *r->at; r->item++) {
        int key = r->item->key;
        if (!r->exact && key != FX && (key != FORMAT_NONE || r->item == r->items))
            skip_spaces(r);
        if (key == FORMAT_NONE) {
            if (*r->at)
                text_item(r);
            continue;
        }
        enum calendar calendar = calendar_of(key);
        if (calendar && r->f.calendar && calendar != r->f.calendar) {
            fail(r, "22007", "invalid combination of date conventions");
            err_hint(raised(r), "Do not mix Gregorian and ISO week date conventions in a formatting"
                                " template.");
            return false;
        }
        if (calendar)
            r->f.calendar = calendar;
        if (!field(r))
            return false;
        r->skipped = r->exact ? r->skipped : 0;
        if (!r->exact)
            skip_spaces(r);
    }
    return true;
}

/* -- fields to a moment -- */

struct clock {
    int year, month, day, hour, minute, second;
    int64_t us;
    bool has_year, has_month, has_day;
};

static void set_days(struct clock *c, int64_t days)
{
    int32_t y, m, d;
    types_civil(days, &y, &m, &d);
    c->year = y;
    c->month = m;
    c->day = d;
    c->has_year = c->has_month = c->has_day = true;
}

/* The Monday of an ISO week. */
static int64_t week_begin(int year, int64_t week)
{
    int64_t fourth = types_days(year, 1, 4);
    int64_t weekday = ((fourth + 5) % 7 + 7) % 7;
    return fourth - weekday + (week - 1) * 7;
}

static bool set_time(struct reader *r, struct clock *c)
{
    const struct fields *f = &r->f;
    c->hour = f->hh ? f->hh : f->ssss / 3600;
    c->minute = f->mi ? f->mi : f->ssss % 3600 / 60;
    c->second = f->ss ? f->ss : f->ssss % 60;
    c->us = (int64_t)f->ms * 1000 + f->us;
    if (!f->half_day)
        return true;
    if (c->hour < 1 || c->hour > 12) {
        fail(r, "22007", "hour \"%d\" is invalid for the 12-hour clock", c->hour);
        err_hint(raised(r), "Use the 24-hour clock, or give an hour between 1 and 12.");
        return false;
    }
    c->hour = c->hour % 12 + (f->pm ? 12 : 0);
    return true;
}

static void set_year(struct fields *f, struct clock *c)
{
    int64_t y = f->year, century = f->bc ? -(int64_t)f->cc : f->cc;
    if (f->year && f->cc && f->year_digits <= 2) {
        y = f->year % 100;
        if (y)
            y = century >= 0 ? y + (century - 1) * 100 : (century + 1) * 100 - y + 1;
        else
            y = century * 100 + (century >= 0 ? 0 : 1);
    } else if (f->year) {
        y = f->bc ? -y : y;
        y += y < 0;
    } else if (f->cc) { /* its first year */
        y = century >= 0 ? (century - 1) * 100 + 1 : century * 100 + 1;
    }
    c->year = (int)y;
    c->has_year = f->year || f->cc;
}

static bool day_of_year(struct reader *r, struct clock *c)
{
    const struct fields *f = &r->f;
    if (!f->ddd || (c->month > 1 && c->day > 1))
        return true;
    if (!c->year && !f->bc)
        return fail(r, "22007", "cannot calculate day of year without year information");
    if (f->calendar == CALENDAR_ISO) {
        set_days(c, week_begin(c->year, 1) - 1 + f->ddd);
        return true;
    }
    int month = 1, before = 0;
    while (month <= 12 && f->ddd > before + time_month_days(c->year, month))
        before += time_month_days(c->year, month++);
    if (c->month <= 1)
        c->month = month;
    if (c->day <= 1)
        c->day = f->ddd - before;
    c->has_month = c->has_day = true;
    return true;
}

static bool set_date(struct reader *r, struct clock *c)
{
    struct fields *f = &r->f;
    set_year(f, c);
    if (f->j)
        set_days(c, (int64_t)f->j - 2451545);
    if (f->ww && f->calendar == CALENDAR_ISO)
        set_days(c, week_begin(c->year, f->ww) + (!f->d ? 0 : f->d > 1 ? f->d - 2 : 6));
    else if (f->ww)
        f->ddd = (int)(((unsigned)f->ww - 1) * 7 + 1);
    if (f->w)
        f->dd = (int)(((unsigned)f->w - 1) * 7 + 1);
    if (f->dd) {
        c->day = f->dd;
        c->has_day = true;
    }
    if (f->mm) {
        c->month = f->mm;
        c->has_month = true;
    }
    return day_of_year(r, c);
}

static bool in_range(const struct clock *c)
{
    if ((c->has_month && (c->month < 1 || c->month > 12)) ||
        (c->has_day && (c->day < 1 || c->day > 31)) ||
        (c->has_year && c->has_month && c->has_day && c->day > time_month_days(c->year, c->month)))
        return false;
    return c->hour >= 0 && c->hour < 24 && c->minute >= 0 && c->minute < 60 && c->second >= 0 &&
           c->second < 60 && c->us >= 0 && c->us < SECOND;
}

/* ${text} as ${format} says. */
static bool parse(struct reader *r, const char *text, struct slice format, struct clock *c)
{
    size_t n;
    struct format_item *items =
        format_parse(format, format_date_keywords, format_date_nkeywords, true, &n);
    if (!items) {
        sqlite3_result_error_nomem(r->ctx);
        return false;
    }
    r->items = items;
    r->end = items + n;
    r->at = text;
    *c = (struct clock){.month = 1, .day = 1};
    bool ok = read_all(r) && set_time(r, c) && set_date(r, c);
    free(items);
    if (ok && !in_range(c))
        return fail(r, "22008", "date/time field value out of range: \"%s\"", text);
    const struct fields *f = &r->f;
    if (ok && f->zone_sign &&
        (f->zone_hours < 0 || f->zone_hours > ZONE_HOURS || f->zone_minutes < 0 || f->zone_minutes >= 60))
        return fail(r, "22009", "time zone displacement out of range: \"%s\"", text);
    return ok;
}

/* Days of Julian's count that PostgreSQL reckons with. */
static bool is_julian(const struct clock *c)
{
    return (c->year > -4713 || (c->year == -4713 && c->month >= 11)) &&
           (c->year < 5874898 || (c->year == 5874898 && c->month < 6));
}

/* pgf_parse_date(text, format) */
static void fn_date(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    struct reader r = {.ctx = ctx};
    struct clock c;
    if (functions_null(argc, argv))
        return;
    const char *text = (const char *)sqlite3_value_text(argv[0]);
    if (!parse(&r, text, functions_slice(argv[1]), &c))
        return;
    int64_t days = is_julian(&c) ? types_days(c.year, c.month, 1) + c.day - 1 : INT64_MAX;
    if (days < -2451545 || days >= 2147483494 - INT64_C(2451545))
        fail(&r, "22008", "date out of range: \"%s\"", text);
    else
        sqlite3_result_int64(ctx, days);
}

/* pgf_parse_timestamptz(text, format) */
static void fn_timestamptz(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    struct reader r = {.ctx = ctx};
    struct clock c;
    if (functions_null(argc, argv))
        return;
    if (!parse(&r, (const char *)sqlite3_value_text(argv[0]), functions_slice(argv[1]), &c))
        return;
    __int128 us = (__int128)(types_days(c.year, c.month, 1) + c.day - 1) * DAY + c.us +
                  ((c.hour * INT64_C(60) + c.minute) * 60 + c.second) * SECOND;
    const struct fields *f = &r.f;
    if (!is_julian(&c) || !time_in_range(us)) {
        fail(&r, "22008", "timestamp out of range");
        return;
    }
    if (f->zone_sign)
        us -= f->zone_sign * (f->zone_hours * 60 + f->zone_minutes) * 60 * SECOND;
    else
        us = types_local_to_utc(&functions_context(ctx)->types, (int64_t)us);
    int64_t unit = 1;
    for (int i = f->ff; i > 0 && i < 6; i++)
        unit *= 10;
    int64_t half = unit / 2, v = (int64_t)us;
    if (unit > 1)
        v = v >= 0 ? (v + half) / unit * unit : -((-v + half) / unit * unit);
    time_result(ctx, v);
}

const struct function_row functions_parse_date_rows[] = {
    {"pgf_parse_date", 2, false, fn_date, NULL, NULL},
    {"pgf_parse_timestamptz", 2, false, fn_timestamptz, NULL, NULL},
};
const size_t functions_parse_date_n =
    sizeof(functions_parse_date_rows) / sizeof(functions_parse_date_rows[0]);
