/* types_interval.c: intervals: months, days and microseconds, kept apart as PostgreSQL does. */
#include "daemon/store/types_impl.h"

#include <ctype.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

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

struct unit {
    const char *names[6];
    int months; /* one of these says what it counts */
    int days;
    int64_t us;
    char iso; /* the letter of ISO 8601; `M` after T is minutes */
};

static const struct unit units[] = {
    {{"millennium", "millennia", "mil", "mils"}, 12000, 0, 0, 0},
    {{"century", "centuries", "c", "cent"}, 1200, 0, 0, 0},
    {{"decade", "decades", "dec", "decs"}, 120, 0, 0, 0},
    {{"year", "years", "y", "yr", "yrs"}, 12, 0, 0, 'Y'},
    {{"month", "months", "mon", "mons"}, 1, 0, 0, 'M'},
    {{"week", "weeks", "w"}, 0, 7, 0, 'W'},
    {{"day", "days", "d"}, 0, 1, 0, 'D'},
    {{"hour", "hours", "h", "hr", "hrs"}, 0, 0, INT64_C(3600000000), 'H'},
    {{"minute", "minutes", "m", "min", "mins"}, 0, 0, INT64_C(60000000), 'm'},
    {{"second", "seconds", "s", "sec", "secs"}, 0, 0, INT64_C(1000000), 'S'},
    {{"millisecond", "milliseconds", "ms", "msec", "msecs"}, 0, 0, 1000, 0},
    {{"microsecond", "microseconds", "us", "usec", "usecs"}, 0, 0, 1, 0},
};
#define UNITS (sizeof units / sizeof units[0])

static const struct unit *unit_find(struct slice word)
{
    for (size_t i = 0; i < UNITS; i++)
        for (size_t k = 0; k < 6 && units[i].names[k]; k++)
            if (types_word(word, units[i].names[k]))
                return &units[i];
    return NULL;
}

static const struct unit *unit_find_iso(char letter, bool time)
{
    if (time && letter == 'M')
        letter = 'm';
    for (size_t i = 0; i < UNITS; i++)
        if (units[i].iso == letter)
            return &units[i];
    return NULL;
}

struct sum {
    double months, days;
    int64_t us;
    bool overflow;
};

/* Fractions of months become days (30 each), of days microseconds, as PostgreSQL does. */
static void sum_add(struct sum *s, const struct unit *u, double v)
{
    double whole;
    if (u->months) {
        double fraction = modf(v * u->months, &whole);
        s->months += whole;
        double days = fraction * 30;
        double day_fraction = modf(days, &whole);
        s->days += whole;
        s->us += llround(day_fraction * (double)TYPES_US_PER_DAY);
    } else if (u->days) {
        double fraction = modf(v * u->days, &whole);
        s->days += whole;
        s->us += llround(fraction * (double)TYPES_US_PER_DAY);
    } else {
        double us = v * (double)u->us;
        if (fabs(us) > 9e18 || __builtin_add_overflow(s->us, llround(us), &s->us))
            s->overflow = true;
    }
    if (fabs(s->months) > 2147483647.0 || fabs(s->days) > 2147483647.0)
        s->overflow = true;
}

/* A decimal number; its sign counts for what follows it (04:05:06 too). */
static bool take_double(struct slice *t, double *ret, bool *ret_negative)
{
    char text[64];
    size_t n = 0;
    while (n < t->len && n < sizeof text - 1 &&
           (isdigit((unsigned char)t->data[n]) || t->data[n] == '.' ||
            (n == 0 && (t->data[n] == '-' || t->data[n] == '+')))) {
        text[n] = t->data[n];
        n++;
    }
    text[n] = '\0';
    char *end;
    *ret = strtod(text, &end);
    if (n == 0 || *end || end == text)
        return false;
    *ret_negative = text[0] == '-';
    t->data += n;
    t->len -= n;
    return true;
}

/* :MM[:SS[.fff]] after hours already taken. */
static bool take_clock(struct slice *t, double hours, bool negative, struct sum *s)
{
    double parts[2] = {0};
    bool unused;
    for (int i = 0; i < 2 && t->len > 0 && t->data[0] == ':'; i++) {
        t->data++;
        t->len--;
        if (!take_double(t, &parts[i], &unused) || unused)
            return false;
    }
    if (parts[0] >= 60 || parts[1] >= 61)
        return false;
    double us = (fabs(hours) * 3600 + parts[0] * 60 + parts[1]) * 1e6;
    sum_add(s, &units[UNITS - 1], negative ? -us : us);
    return true;
}

static bool parse_iso(struct slice t, struct sum *s)
{
    bool time = false, negative;
    double v;
    while (t.len > 0) {
        if (t.data[0] == 'T') {
            time = true;
            t.data++;
            t.len--;
            continue;
        }
        if (!take_double(&t, &v, &negative) || t.len == 0)
            return false;
        const struct unit *u = unit_find_iso(t.data[0], time);
        if (!u)
            return false;
        sum_add(s, u, v);
        t.data++;
        t.len--;
    }
    return true;
}

static bool parse_words(struct slice t, struct sum *s)
{
    bool negative, any = false;
    double v;
    for (t = types_trim(t); t.len > 0; t = types_trim(t)) {
        if (any && types_word(t, "ago")) {
            s->months = -s->months;
            s->days = -s->days;
            s->us = -s->us;
            return true;
        }
        if (t.data[0] == '@') {
            t.data++;
            t.len--;
            continue;
        }
        if (!take_double(&t, &v, &negative))
            return false;
        any = true;
        if (t.len > 0 && t.data[0] == ':') {
            if (!take_clock(&t, v, negative, s))
                return false;
            continue;
        }
        t = types_trim(t);
        size_t n = 0;
        while (n < t.len && isalpha((unsigned char)t.data[n]))
            n++;
        const struct unit *u = n ? unit_find((struct slice){t.data, n}) : NULL;
        if (!u && n == 0 && t.len == 0)
            u = unit_find((struct slice){"second", 6});
        if (!u)
            return false;
        sum_add(s, u, v);
        t.data += n;
        t.len -= n;
    }
    return any;
}

int types_interval_in(struct slice text, struct types_interval *ret, struct err *err)
{
    struct sum s = {0};
    struct slice t = types_trim(text);
    bool iso = t.len > 1 && t.data[0] == 'P';
    bool ok = iso ? parse_iso((struct slice){t.data + 1, t.len - 1}, &s) : parse_words(t, &s);
    if (!ok)
        return err_set(err, "22007", "invalid input syntax for type interval: \"%.*s\"",
                       TYPES_SHOWN(text));
    if (s.overflow)
        return err_set(err, "22015", "interval field value out of range: \"%.*s\"",
                       TYPES_SHOWN(text));
    *ret = (struct types_interval){s.us, (int32_t)s.days, (int32_t)s.months};
    return 0;
}

static void part_out(int64_t v, const char *unit, bool *first, bool *minus_before, struct buf *out)
{
    char text[48];
    if (v == 0)
        return;
    snprintf(text, sizeof text, "%s%s%" PRId64 " %s%s", *first ? "" : " ",
             *minus_before && v > 0 ? "+" : "", v, unit, v != 1 ? "s" : "");
    buf_append(out, text, strlen(text));
    *minus_before = v < 0;
    *first = false;
}

static void postgres_out(const struct types_interval *v, struct buf *out)
{
    bool first = true, minus = false;
    part_out(v->months / 12, "year", &first, &minus, out);
    part_out(v->months % 12, "mon", &first, &minus, out);
    part_out(v->days, "day", &first, &minus, out);
    if (!first && v->us == 0)
        return;
    char text[8];
    snprintf(text, sizeof text, "%s%s", first ? "" : " ",
             v->us < 0         ? "-"
             : minus && !first ? "+"
                               : "");
    buf_append(out, text, strlen(text));
    types_time_out(v->us < 0 ? -v->us : v->us, out);
}

static void append(struct buf *out, const char *text)
{
    buf_append(out, text, strlen(text));
}

/* Seconds of |${us}| below a minute, without zeros around them. */
static void seconds_out(int64_t us, struct buf *out)
{
    char text[32];
    int64_t a = us < 0 ? -us : us, part = a % TYPES_US_PER_SECOND;
    int n = snprintf(text, sizeof text, "%" PRId64, a / TYPES_US_PER_SECOND);
    if (part) {
        n += snprintf(text + n, sizeof text - (size_t)n, ".%06" PRId64, part);
        while (text[n - 1] == '0')
            text[--n] = '\0';
    }
    append(out, text);
}

struct interval_parts {
    int64_t values[5]; /* years, months, days, hours, minutes */
    int64_t us;        /* seconds */
};

static struct interval_parts split(const struct types_interval *v)
{
    int64_t minutes = v->us / (60 * TYPES_US_PER_SECOND);
    return (struct interval_parts){
        {v->months / 12, v->months % 12, v->days, minutes / 60, minutes % 60},
        v->us % (60 * TYPES_US_PER_SECOND)};
}

/* P1Y2M3DT4H5M6.7S */
static void iso_out(const struct types_interval *v, struct buf *out)
{
    struct interval_parts p = split(v);
    char text[32];
    if (v->months == 0 && v->days == 0 && v->us == 0) {
        append(out, "PT0S");
        return;
    }
    append(out, "P");
    for (int i = 0; i < 5; i++) {
        if (i == 3 && v->us != 0)
            append(out, "T");
        snprintf(text, sizeof text, "%" PRId64 "%c", p.values[i], "YMDHM"[i]);
        if (p.values[i] != 0)
            append(out, text);
    }
    if (p.us == 0)
        return;
    append(out, p.us < 0 ? "-" : "");
    seconds_out(p.us, out);
    append(out, "S");
}

/* @ 1 year 2 mons -3 days 4 hours 5 mins 6.7 secs ago */
static void verbose_out(const struct types_interval *v, struct buf *out)
{
    static const char *const names[] = {"year", "mon", "day", "hour", "min"};
    struct interval_parts p = split(v);
    bool zero = true, before = false;
    char text[48];
    append(out, "@");
    for (int i = 0; i < 5; i++) {
        int64_t n = p.values[i];
        if (n == 0)
            continue;
        before = zero ? n < 0 : before;
        n = before ? -n : n;
        snprintf(text, sizeof text, " %" PRId64 " %s%s", n, names[i], n == 1 ? "" : "s");
        append(out, text);
        zero = false;
    }
    if (p.us != 0) {
        before = zero ? p.us < 0 : before;
        append(out, (p.us < 0) != before ? " -" : " ");
        seconds_out(p.us, out);
        bool one = p.us == TYPES_US_PER_SECOND || p.us == -TYPES_US_PER_SECOND;
        append(out, one ? " sec" : " secs");
        zero = false;
    }
    append(out, zero ? " 0" : "");
    append(out, before ? " ago" : "");
}

void types_interval_out(enum types_interval_style style, const struct types_interval *v,
                        struct buf *out)
{
    if (style == TYPES_INTERVAL_ISO)
        iso_out(v, out);
    else if (style == TYPES_INTERVAL_VERBOSE)
        verbose_out(v, out);
    else
        postgres_out(v, out);
}
