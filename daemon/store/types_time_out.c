/* types_time_out.c: date, time, timestamp out, in the styles of DateStyle. */
#include "daemon/store/types_impl.h"

#include <inttypes.h>
#include <stdio.h>

#define ZONE_SHOWN 10 /* of a zone's abbreviation */

static void append(struct buf *out, const char *text)
{
    buf_append(out, text, strlen(text));
}

void types_fraction_out(uint64_t us, struct buf *out)
{
    char text[32];
    if (us == 0)
        return;
    int n = snprintf(text, sizeof text, ".%06" PRIu64, us);
    while (text[n - 1] == '0')
        n--;
    buf_append(out, text, (size_t)n);
}

void types_time_out(uint64_t us, struct buf *out)
{
    char text[64];
    const uint64_t second = (uint64_t)TYPES_US_PER_SECOND, seconds = us / second;
    snprintf(text, sizeof text, "%02" PRIu64 ":%02" PRIu64 ":%02" PRIu64, seconds / 3600,
             seconds / 60 % 60, seconds % 60);
    append(out, text);
    types_fraction_out(us % second, out);
}

static void civil_out(const struct types_session *s, int64_t days, struct buf *out, bool *ret_bc)
{
    char text[48];
    int32_t year, month, day;
    const char sign = s->date_style == TYPES_DATE_SQL      ? '/'
                      : s->date_style == TYPES_DATE_GERMAN ? '.'
                                                           : '-';
    types_civil(days, &year, &month, &day);
    *ret_bc = year <= 0;
    year = *ret_bc ? 1 - year : year;
    if (s->date_style == TYPES_DATE_ISO)
        snprintf(text, sizeof text, "%04d-%02d-%02d", year, month, day);
    else if (s->date_order == TYPES_DMY || s->date_style == TYPES_DATE_GERMAN)
        snprintf(text, sizeof text, "%02d%c%02d%c%04d", day, sign, month, sign, year);
    else
        snprintf(text, sizeof text, "%02d%c%02d%c%04d", month, sign, day, sign, year);
    append(out, text);
}

void types_date_out(const struct types_session *s, int64_t days, struct buf *out)
{
    bool bc;
    if (days == TYPES_INT_MIN32 || days == TYPES_INT_MAX32) {
        append(out, days < 0 ? "-infinity" : "infinity");
        return;
    }
    civil_out(s, days, out, &bc);
    if (bc)
        append(out, " BC");
}

static void zone_out(int32_t offset, struct buf *out)
{
    char text[32];
    int32_t a = offset < 0 ? -offset : offset;
    int n = snprintf(text, sizeof text, "%c%02d", offset < 0 ? '-' : '+', a / 3600);
    if (a % 3600)
        n += snprintf(text + n, sizeof text - (size_t)n, ":%02d", a / 60 % 60);
    if (a % 60)
        snprintf(text + n, sizeof text - (size_t)n, ":%02d", a % 60);
    append(out, text);
}

void types_timetz_out(int64_t key, struct buf *out)
{
    struct types_timetz t = types_timetz_of(key);
    types_time_out((uint64_t)t.us, out);
    zone_out(-t.west, out);
}

static int64_t split_day(int64_t us, int64_t *ret_rest)
{
    int64_t days = us / TYPES_US_PER_DAY, rest = us % TYPES_US_PER_DAY;
    *ret_rest = rest < 0 ? rest + TYPES_US_PER_DAY : rest;
    return days - (rest < 0);
}

/* Tue Jan 02 15:04:05 2024 */
static void words_out(const struct types_session *s, int64_t days, int64_t clock, struct buf *out,
                      bool *ret_bc)
{
    static const char weekdays[] = "SunMonTueWedThuFriSat";
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    char text[32];
    int32_t year, month, day;
    types_civil(days, &year, &month, &day);
    int32_t weekday = (int32_t)(((days + 6) % 7 + 7) % 7); /* 2000-01-01 was a Saturday */
    *ret_bc = year <= 0;
    if (s->date_order == TYPES_DMY)
        snprintf(text, sizeof text, "%.3s %02d %.3s ", weekdays + (size_t)weekday * 3, day,
                 months + (size_t)(month - 1) * 3);
    else
        snprintf(text, sizeof text, "%.3s %.3s %02d ", weekdays + (size_t)weekday * 3,
                 months + (size_t)(month - 1) * 3, day);
    append(out, text);
    types_time_out((uint64_t)clock, out);
    snprintf(text, sizeof text, " %04d", *ret_bc ? 1 - year : year);
    append(out, text);
}

void types_timestamp_out(const struct types_session *s, bool tz, int64_t us, struct buf *out)
{
    bool bc;
    int64_t clock;
    char zone[TYPES_ZONE_NAME], shown[ZONE_SHOWN + 2];
    if (us == INT64_MIN || us == INT64_MAX) {
        append(out, us < 0 ? "-infinity" : "infinity");
        return;
    }
    int32_t offset = tz ? types_utc_offset(s, us) : 0;
    int64_t days = split_day(us + offset * TYPES_US_PER_SECOND, &clock);
    if (s->date_style == TYPES_DATE_POSTGRES) {
        words_out(s, days, clock, out, &bc);
    } else {
        civil_out(s, days, out, &bc);
        append(out, " ");
        types_time_out((uint64_t)clock, out);
    }
    if (tz && s->date_style == TYPES_DATE_ISO) {
        zone_out(offset, out);
    } else if (tz) {
        types_zone_name(s, us, zone);
        snprintf(shown, sizeof shown, " %.*s", ZONE_SHOWN, zone);
        append(out, shown);
    }
    if (bc)
        append(out, " BC");
}
