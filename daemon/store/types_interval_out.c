/* types_interval_out.c: intervals in the styles of IntervalStyle. */
#include "daemon/store/types_impl.h"

#include <inttypes.h>
#include <stdio.h>

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

/* |${us}|, which may be beyond int64 */
static uint64_t magnitude(int64_t us)
{
    return us < 0 ? -(uint64_t)us : (uint64_t)us;
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
    types_time_out(magnitude(v->us), out);
}

static void append(struct buf *out, const char *text)
{
    buf_append(out, text, strlen(text));
}

/* Seconds of |${us}| below a minute, without zeros around them. */
static void seconds_out(int64_t us, struct buf *out)
{
    char text[32];
    const uint64_t second = (uint64_t)TYPES_US_PER_SECOND, a = magnitude(us);
    snprintf(text, sizeof text, "%" PRIu64, a / second);
    append(out, text);
    types_fraction_out(a % second, out);
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

/* +1-2 +3 +4:05:06.7, with one sign where all have the same. */
static void sql_out(const struct types_interval *v, struct buf *out)
{
    const bool months = v->months != 0, rest = v->days != 0 || v->us != 0;
    const bool negative = v->months < 0 || v->days < 0 || v->us < 0;
    const bool positive = v->months > 0 || v->days > 0 || v->us > 0;
    const bool plain = !(negative && positive) && !(months && rest);
    char text[96];
    int64_t m = v->months < 0 ? -(int64_t)v->months : v->months,
            d = v->days < 0 ? -(int64_t)v->days : v->days;
    uint64_t us = magnitude(v->us);
    uint64_t minutes = us / (60 * TYPES_US_PER_SECOND);
    if (!negative && !positive) {
        append(out, "0");
        return;
    }
    append(out, plain && negative ? "-" : "");
    snprintf(text, sizeof text, "%s%" PRId64 "-%" PRId64 "%s",
             plain         ? ""
             : v->months < 0 ? "-"
                             : "+",
             m / 12, m % 12, plain ? "" : " ");
    append(out, !plain || months ? text : "");
    if (plain && months)
        return;
    snprintf(text, sizeof text, "%s%" PRId64 " ", plain ? "" : v->days < 0 ? "-" : "+", d);
    append(out, !plain || d != 0 ? text : "");
    snprintf(text, sizeof text, "%s%" PRIu64 ":%02" PRIu64 ":",
             plain       ? ""
             : v->us < 0 ? "-"
                         : "+",
             minutes / 60, minutes % 60);
    append(out, text);
    us %= 60 * TYPES_US_PER_SECOND;
    append(out, us < 10 * TYPES_US_PER_SECOND ? "0" : "");
    seconds_out((int64_t)us, out);
}

void types_interval_out(enum types_interval_style style, const struct types_interval *v,
                        struct buf *out)
{
    if (style == TYPES_INTERVAL_ISO)
        iso_out(v, out);
    else if (style == TYPES_INTERVAL_VERBOSE)
        verbose_out(v, out);
    else if (style == TYPES_INTERVAL_SQL)
        sql_out(v, out);
    else
        postgres_out(v, out);
}
