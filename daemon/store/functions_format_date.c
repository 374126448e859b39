/* functions_format_date.c: to_char() of timestamps and intervals. */
#include "daemon/store/functions_format_date.h"
#include "daemon/store/functions_time.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

const struct format_keyword format_date_keywords[] = {
    {"A.D.", AD_DOTS},
    {"A.M.", AM_DOTS},
    {"AD", AD},
    {"AM", AM},
    {"B.C.", AD_DOTS},
    {"BC", AD},
    {"CC", CC},
    {"DAY", DAY_NAME},
    {"DDD", DDD},
    {"DD", DD},
    {"DY", DY},
    {"Day", DAY_NAME},
    {"Dy", DY},
    {"D", D},
    {"FF1", FF},
    {"FF2", FF},
    {"FF3", FF},
    {"FF4", FF},
    {"FF5", FF},
    {"FF6", FF},
    {"FX", FX},
    {"HH24", HH24},
    {"HH12", HH12},
    {"HH", HH12},
    {"IDDD", IDDD},
    {"ID", ID},
    {"IW", IW},
    {"IYYY", IYYY},
    {"IYY", IYY},
    {"IY", IY},
    {"I", I},
    {"J", J},
    {"MI", MI},
    {"MM", MM},
    {"MONTH", MONTH_NAME},
    {"MON", MON},
    {"MS", MS},
    {"Month", MONTH_NAME},
    {"Mon", MON},
    {"OF", OF},
    {"P.M.", AM_DOTS},
    {"PM", AM},
    {"Q", Q},
    {"RM", RM},
    {"SSSSS", SSSS},
    {"SSSS", SSSS},
    {"SS", SS},
    {"TZH", TZH},
    {"TZM", TZM},
    {"TZ", TZ},
    {"US", US},
    {"WW", WW},
    {"W", W},
    {"Y,YYY", Y_YYY},
    {"YYYY", YYYY},
    {"YYY", YYY},
    {"YY", YY},
    {"Y", Y},
    {"a.d.", AD_DOTS},
    {"a.m.", AM_DOTS},
    {"ad", AD},
    {"am", AM},
    {"b.c.", AD_DOTS},
    {"bc", AD},
    {"cc", CC},
    {"day", DAY_NAME},
    {"ddd", DDD},
    {"dd", DD},
    {"dy", DY},
    {"d", D},
    {"ff1", FF},
    {"ff2", FF},
    {"ff3", FF},
    {"ff4", FF},
    {"ff5", FF},
    {"ff6", FF},
    {"fx", FX},
    {"hh24", HH24},
    {"hh12", HH12},
    {"hh", HH12},
    {"iddd", IDDD},
    {"id", ID},
    {"iw", IW},
    {"iyyy", IYYY},
    {"iyy", IYY},
    {"iy", IY},
    {"i", I},
    {"j", J},
    {"mi", MI},
    {"mm", MM},
    {"month", MONTH_NAME},
    {"mon", MON},
    {"ms", MS},
    {"of", OF},
    {"p.m.", AM_DOTS},
    {"pm", AM},
    {"q", Q},
    {"rm", RM},
    {"sssss", SSSS},
    {"ssss", SSSS},
    {"ss", SS},
    {"tzh", TZH},
    {"tzm", TZM},
    {"tz", TZ},
    {"us", US},
    {"ww", WW},
    {"w", W},
    {"y,yyy", Y_YYY},
    {"yyyy", YYYY},
    {"yyy", YYY},
    {"yy", YY},
    {"y", Y},
};
const size_t format_date_nkeywords =
    sizeof(format_date_keywords) / sizeof(format_date_keywords[0]);

/* What is printed. */
struct moment {
    bool interval, zoned;
    int64_t year, month, day, hour, minute, second, us;
    int64_t days;                     /* since 2000-01-01 */
    int64_t day_of_year, day_of_week; /* 0 Sunday */
    int32_t offset;                   /* seconds east */
    const char *zone;                 /* its name; NULL: not known */
};

static void put_number(struct buf *out, const struct format_item *item, int width, int64_t v)
{
    char text[32];
    int n = snprintf(text, sizeof(text), "%0*lld", item->fill ? 0 : width, (long long)v);
    buf_append(out, text, (size_t)n);
    if (item->th) {
        const char *th = format_ordinal((struct slice){text, (size_t)n}, item->th == 'T');
        buf_append(out, th, 2);
    }
}

/* Room for a sign beside the digits. */
static int signed_width(int width, int64_t v)
{
    return v >= 0 ? width : width + 1;
}

/* ${word} (capitalised) in the case that the keyword is written in, with blanks after it. */
static void put_word(struct buf *out, const struct format_item *item, const char *word, size_t len,
                     size_t width)
{
    const char *how = item->text.data;
    bool lower = islower((unsigned char)how[0]);
    bool upper = !lower && isupper((unsigned char)how[1]);
    for (size_t i = 0; i < len; i++) {
        char c = upper   ? (char)toupper((unsigned char)word[i])
                 : lower ? (char)tolower((unsigned char)word[i])
                         : word[i];
        buf_append(out, &c, 1);
    }
    for (size_t i = len; i < width && !item->fill && !item->translate; i++)
        buf_append(out, " ", 1);
}

static const char *const months[] = {"January",   "February", "March",    "April",
                                     "May",       "June",     "July",     "August",
                                     "September", "October",  "November", "December"};
static const char *const days[] = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                   "Thursday", "Friday", "Saturday"};

/* "AD", "B.C.", "pm" ...: ${second} instead of ${first}, both in upper case. */
static void put_half(struct buf *out, const struct format_item *item, const char *text)
{
    bool lower = islower((unsigned char)item->text.data[0]);
    for (const char *p = text; *p != '\0'; p++) {
        char c = lower ? (char)tolower((unsigned char)*p) : *p;
        buf_append(out, &c, 1);
    }
}

static void put_roman_month(struct buf *out, const struct format_item *item, const struct moment *m)
{
    static const char *const roman[] = {"XII", "XI", "X",  "IX",  "VIII", "VII",
                                        "VI",  "V",  "IV", "III", "II",   "I"};
    if (m->month == 0 && m->year == 0)
        return;
    int64_t i = m->month == 0  ? (m->year >= 0 ? 0 : 11)
                : m->month < 0 ? -(m->month + 1)
                               : 12 - m->month;
    size_t len = strlen(roman[i]);
    put_half(out, item, roman[i]);
    for (; len < 4 && !item->fill; len++)
        buf_append(out, " ", 1);
}

static int64_t shown_year(const struct moment *m, int64_t year)
{
    return m->interval || year > 0 ? year : 1 - year;
}

static void put_year(struct buf *out, const struct format_item *item, const struct moment *m)
{
    int32_t iso = (int32_t)m->year;
    bool is_iso = item->key == IYYY || item->key == IYY || item->key == IY || item->key == I;
    if (is_iso)
        (void)time_iso_week(m->days, &iso);
    int64_t y = shown_year(m, is_iso ? iso : m->year);
    switch (item->key) {
    case YYYY:
    case IYYY:
        put_number(out, item, signed_width(4, y), y);
        break;
    case YYY:
    case IYY:
        put_number(out, item, signed_width(3, y), y % 1000);
        break;
    case YY:
    case IY:
        put_number(out, item, signed_width(2, y), y % 100);
        break;
    default:
        put_number(out, item, 1, y % 10);
    }
}

static void put_thousands(struct buf *out, const struct format_item *item, const struct moment *m)
{
    char text[40];
    int64_t y = shown_year(m, m->year), k = y / 1000;
    int n = snprintf(text, sizeof(text), "%lld,%03lld", (long long)k, (long long)(y - k * 1000));
    buf_append(out, text, (size_t)n);
    if (item->th)
        buf_append(out, format_ordinal((struct slice){text, (size_t)n}, item->th == 'T'), 2);
}

static void put_century(struct buf *out, const struct format_item *item, const struct moment *m)
{
    int64_t c = m->interval   ? m->year / 100
                : m->year > 0 ? (m->year - 1) / 100 + 1
                              : m->year / 100 - 1;
    put_number(out, item, c <= 99 && c >= -99 ? signed_width(2, c) : 0, c);
}

static void put_fraction(struct buf *out, const struct format_item *item, int digits, int64_t us)
{
    struct format_item plain = *item;
    for (int i = digits; i < 6; i++)
        us /= 10;
    plain.fill = false;
    put_number(out, &plain, digits, us);
}

static void put_offset(struct buf *out, const struct format_item *item, const struct moment *m)
{
    char text[16];
    int32_t a = m->offset < 0 ? -m->offset : m->offset;
    int n = snprintf(text, sizeof(text), "%c%0*d", m->offset < 0 ? '-' : '+', item->fill ? 0 : 2,
                     a / 3600);
    if (a % 3600 != 0)
        n += snprintf(text + n, sizeof(text) - (size_t)n, ":%02d", a % 3600 / 60);
    buf_append(out, text, (size_t)n);
}

static void put_zone_part(struct buf *out, const struct format_item *item, const struct moment *m)
{
    char text[8];
    int32_t a = m->offset < 0 ? -m->offset : m->offset;
    int n = item->key == TZH
                ? snprintf(text, sizeof(text), "%c%02d", m->offset < 0 ? '-' : '+', a / 3600 % 100)
                : snprintf(text, sizeof(text), "%02d", a % 3600 / 60);
    buf_append(out, text, (size_t)n);
}

/* Words of the calendar, which an interval has not. */
static bool calendar_word(const struct format_item *item)
{
    switch (item->key) {
    case AD:
    case AD_DOTS:
    case MONTH_NAME:
    case MON:
    case DAY_NAME:
    case DY:
    case D:
    case ID:
    case TZ:
    case TZH:
    case TZM:
    case OF:
        return true;
    default:
        return false;
    }
}

static void put_date(struct buf *out, const struct format_item *item, const struct moment *m)
{
    int32_t year;
    int64_t week = m->interval ? 0 : time_iso_week(m->days, &year);
    switch (item->key) {
    case MONTH_NAME:
        put_word(out, item, months[m->month - 1], strlen(months[m->month - 1]), 9);
        break;
    case MON:
        put_word(out, item, months[m->month - 1], 3, 0);
        break;
    case MM:
        put_number(out, item, signed_width(2, m->month), m->month);
        break;
    case DAY_NAME:
        put_word(out, item, days[m->day_of_week], strlen(days[m->day_of_week]), 9);
        break;
    case DY:
        put_word(out, item, days[m->day_of_week], 3, 0);
        break;
    case DDD:
        put_number(out, item, 3, m->day_of_year);
        break;
    case IDDD:
        put_number(out, item, 3, (week - 1) * 7 + (m->day_of_week == 0 ? 7 : m->day_of_week));
        break;
    case DD:
        put_number(out, item, 2, m->day);
        break;
    case D:
        put_number(out, item, 0, m->day_of_week + 1);
        break;
    case ID:
        put_number(out, item, 0, m->day_of_week == 0 ? 7 : m->day_of_week);
        break;
    case WW:
        put_number(out, item, 2, (m->day_of_year - 1) / 7 + 1);
        break;
    case IW:
        put_number(out, item, 2, week);
        break;
    case W:
        put_number(out, item, 0, (m->day - 1) / 7 + 1);
        break;
    case Q:
        if (m->month != 0)
            put_number(out, item, 0, (m->month - 1) / 3 + 1);
        break;
    case J:
        put_number(out, item, 0, m->days + 2451545);
        break;
    case RM:
        put_roman_month(out, item, m);
        break;
    case CC:
        put_century(out, item, m);
        break;
    case Y_YYY:
        put_thousands(out, item, m);
        break;
    default:
        put_year(out, item, m);
    }
}

static void put_item(struct buf *out, const struct format_item *item, const struct moment *m)
{
    int64_t half = m->hour % 12;
    switch (item->key) {
    case FORMAT_NONE:
        buf_append(out, item->text.data, item->text.len);
        break;
    case AM:
        put_half(out, item, m->hour % 24 >= 12 ? "PM" : "AM");
        break;
    case AM_DOTS:
        put_half(out, item, m->hour % 24 >= 12 ? "P.M." : "A.M.");
        break;
    case AD:
        put_half(out, item, m->year <= 0 ? "BC" : "AD");
        break;
    case AD_DOTS:
        put_half(out, item, m->year <= 0 ? "B.C." : "A.D.");
        break;
    case HH12:
        put_number(out, item, signed_width(2, m->hour), half == 0 ? 12 : half);
        break;
    case HH24:
        put_number(out, item, signed_width(2, m->hour), m->hour);
        break;
    case MI:
        put_number(out, item, signed_width(2, m->minute), m->minute);
        break;
    case SS:
        put_number(out, item, signed_width(2, m->second), m->second);
        break;
    case SSSS:
        put_number(out, item, 0, m->hour * 3600 + m->minute * 60 + m->second);
        break;
    case FF:
        put_fraction(out, item, item->text.data[2] - '0', m->us);
        break;
    case MS:
        put_fraction(out, item, 3, m->us);
        break;
    case US:
        put_fraction(out, item, 6, m->us);
        break;
    case OF:
        put_offset(out, item, m);
        break;
    case TZH:
    case TZM:
        put_zone_part(out, item, m);
        break;
    case TZ:
        if (m->zoned)
            put_half(out, item, m->zone);
        break;
    case FX:
        break;
    default:
        put_date(out, item, m);
    }
}

static void to_char(sqlite3_context *ctx, struct slice format, const struct moment *m)
{
    struct buf out;
    size_t n;
    struct format_item *items =
        format_parse(format, format_date_keywords, format_date_nkeywords, true, &n);
    bool ok = items != NULL;
    if (!ok)
        sqlite3_result_error_nomem(ctx);
    functions_buf(&out);
    for (size_t i = 0; ok && i < n; i++) {
        bool day = items[i].key == IYYY || items[i].key == IYY || items[i].key == IY ||
                   items[i].key == I || items[i].key == IW || items[i].key == IDDD ||
                   items[i].key == J;
        ok = !m->interval || (!calendar_word(&items[i]) && !day);
        if (!ok && day) {
            functions_fail(ctx, SQLSTATE_FEATURE_NOT_SUPPORTED,
                           "\"%.*s\" in the format of an interval is not supported by the embedded "
                           "store",
                           (int)items[i].text.len, items[i].text.data);
        } else if (!ok) {
            functions_fail(ctx, "22007", "invalid format specification for an interval value");
            err_hint(&functions_context(ctx)->raised,
                     "Intervals are not tied to specific calendar dates.");
        } else if (items[i].key == TZ && m->zoned && m->zone == NULL) {
            functions_fail(ctx, SQLSTATE_FEATURE_NOT_SUPPORTED,
                           "the name of a time zone is not supported by the embedded store");
            ok = false;
        } else {
            put_item(&out, &items[i], m);
        }
    }
    free(items);
    if (ok)
        functions_finish(ctx, &out);
    else
        buf_release(&out);
}

static void set_clock(struct moment *m, int64_t us)
{
    m->hour = us / (3600 * SECOND);
    m->minute = us / (60 * SECOND) % 60;
    m->second = us / SECOND % 60;
    m->us = us % SECOND;
}

/* pgf_to_char_time(timestamp, format, 1 for timestamptz) */
static void fn_time(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    const struct types_session *s = &functions_context(ctx)->types;
    struct moment m = {.interval = false};
    int64_t rest;
    int32_t y, mon, d;
    if (functions_null(argc, argv))
        return;
    int64_t us = sqlite3_value_int64(argv[0]);
    struct slice format = functions_slice(argv[1]);
    if (time_infinite(us) || format.len == 0)
        return;
    m.zoned = sqlite3_value_int(argv[2]) != 0;
    m.offset = m.zoned ? types_utc_offset(s, us) : 0;
    m.zone =
        strcmp(s->timezone, "UTC") == 0 || strcmp(s->timezone, "GMT") == 0 ? s->timezone : NULL;
    m.days = time_split_day(us + m.offset * SECOND, &rest);
    types_civil(m.days, &y, &mon, &d);
    m.year = y;
    m.month = mon;
    m.day = d;
    m.day_of_year = m.days - types_days(y, 1, 1) + 1;
    m.day_of_week = ((m.days + 6) % 7 + 7) % 7;
    set_clock(&m, rest);
    to_char(ctx, format, &m);
}

static void fn_interval(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    struct moment m = {.interval = true};
    struct types_interval v;
    if (functions_null(argc, argv) || !functions_interval(ctx, argv[0], 1, &v))
        return;
    struct slice format = functions_slice(argv[1]);
    if (format.len == 0)
        return;
    m.year = v.months / 12;
    m.month = v.months % 12;
    m.day = v.days;
    m.day_of_year = (int64_t)v.months * 30 + v.days;
    set_clock(&m, v.us);
    to_char(ctx, format, &m);
}

const struct function_row functions_format_date_rows[] = {
    {"pgf_to_char_time", 3, false, fn_time, NULL, NULL},
    {"pgf_to_char_interval", 2, true, fn_interval, NULL, NULL},
};
const size_t functions_format_date_n =
    sizeof(functions_format_date_rows) / sizeof(functions_format_date_rows[0]);
