/* types_zone.c: the session's time zone: UTC, a fixed offset, or a zone read from the tz database.
 *
 * libc's own zones hang off one environment variable of the process, so the compiled files (RFC
 * 8536) are read here: transitions with 64-bit times.  Debian's files list them up to 2037; later
 * instants are moved back by multiples of 28 years, after which the calendar repeats. */
#include "daemon/store/types_impl.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#define ZONE_DIRECTORY "/usr/share/zoneinfo/"
#define ZONE_FILE_MAX  65536
#define ZONE_EPOCH     INT64_C(946684800) /* 2000-01-01 in Unix seconds */
#define ZONE_CYCLE     (INT64_C(86400) * (28 * 365 + 7))
#define ZONE_LAST      INT64_C(2145916800) /* 2038-01-01 */

struct types_zone {
    size_t ntimes, ntypes;
    int64_t *times;   /* Unix seconds, ascending */
    uint8_t *indexes; /* which type begins then */
    int32_t *offsets; /* of each type, seconds east */
};

static void zone_free(struct types_zone *z)
{
    if (!z)
        return;
    free(z->times);
    free(z->indexes);
    free(z->offsets);
    free(z);
}

static int64_t big_endian(const unsigned char *p, size_t n)
{
    uint64_t v = n == 4 && (p[0] & 0x80) ? UINT64_MAX : 0;
    for (size_t i = 0; i < n; i++)
        v = v << 8 | p[i];
    return (int64_t)v;
}

/* The header's six counts; false: not a TZif file. */
static bool zone_header(const unsigned char *p, size_t len, size_t counts[6])
{
    if (len < 44 || memcmp(p, "TZif", 4) != 0 || p[4] < '2')
        return false;
    for (size_t i = 0; i < 6; i++) {
        counts[i] = (size_t)big_endian(p + 20 + 4 * i, 4);
        if (counts[i] > ZONE_FILE_MAX)
            return false;
    }
    return true;
}

enum { ISUTCNT, ISSTDCNT, LEAPCNT, TIMECNT, TYPECNT, CHARCNT };

static struct types_zone *zone_parse(const unsigned char *p, size_t len)
{
    size_t n[6];
    if (!zone_header(p, len, n))
        return NULL;
    size_t skip = 44 + n[TIMECNT] * 5 + n[TYPECNT] * 6 + n[CHARCNT] + n[LEAPCNT] * 8 + n[ISSTDCNT] +
                  n[ISUTCNT];
    if (skip >= len || !zone_header(p + skip, len - skip, n) || n[TYPECNT] == 0 ||
        len - skip - 44 < n[TIMECNT] * 9 + n[TYPECNT] * 6)
        return NULL;
    p += skip + 44;
    struct types_zone *z = calloc(1, sizeof *z);
    if (!z)
        return NULL;
    z->ntimes = n[TIMECNT];
    z->ntypes = n[TYPECNT];
    z->times = calloc(z->ntimes + 1, sizeof *z->times);
    z->indexes = calloc(z->ntimes + 1, 1);
    z->offsets = calloc(z->ntypes, sizeof *z->offsets);
    if (!z->times || !z->indexes || !z->offsets)
        goto fail_free;
    for (size_t i = 0; i < z->ntimes; i++) {
        z->times[i] = big_endian(p + 8 * i, 8);
        z->indexes[i] = p[8 * z->ntimes + i];
        if (z->indexes[i] >= z->ntypes)
            goto fail_free;
    }
    p += 9 * z->ntimes;
    for (size_t i = 0; i < z->ntypes; i++)
        z->offsets[i] = (int32_t)big_endian(p + 6 * i, 4);
    return z;
fail_free:
    zone_free(z);
    return NULL;
}

static struct types_zone *zone_load(struct slice name)
{
    char path[128];
    if (name.len == 0 || name.len > 60 || !isalpha((unsigned char)name.data[0]))
        return NULL;
    for (size_t i = 0; i < name.len; i++) /* no dot: no way out of the directory */
        if (!isalnum((unsigned char)name.data[i]) && !strchr("_/+-", name.data[i]))
            return NULL;
    snprintf(path, sizeof path, ZONE_DIRECTORY "%.*s", (int)name.len, name.data);
    FILE *f = fopen(path, "re");
    if (!f)
        return NULL;
    unsigned char *data = malloc(ZONE_FILE_MAX);
    size_t len = data ? fread(data, 1, ZONE_FILE_MAX, f) : 0;
    fclose(f);
    struct types_zone *z = data ? zone_parse(data, len) : NULL;
    free(data);
    return z;
}

static int32_t zone_offset(const struct types_zone *z, int64_t unix_seconds)
{
    if (z->ntimes > 0 && unix_seconds >= z->times[z->ntimes - 1] && unix_seconds >= ZONE_LAST)
        unix_seconds -= ((unix_seconds - ZONE_LAST) / ZONE_CYCLE + 1) * ZONE_CYCLE;
    size_t low = 0, high = z->ntimes;
    while (low < high) { /* the first transition after it */
        size_t mid = low + (high - low) / 2;
        if (z->times[mid] <= unix_seconds)
            low = mid + 1;
        else
            high = mid;
    }
    return z->offsets[low == 0 ? 0 : z->indexes[low - 1]];
}

/* "+02", "-03:30", "5.5" is not one.  ${posix}: POSIX counts westwards. */
static bool fixed_offset(struct slice t, bool posix, int32_t *ret)
{
    int32_t parts[3] = {0};
    size_t i = 0, n = 0;
    bool negative = false;
    if (i < t.len && (t.data[i] == '+' || t.data[i] == '-'))
        negative = t.data[i++] == '-';
    for (; n < 3; n++) {
        size_t digits = 0;
        for (; i < t.len && isdigit((unsigned char)t.data[i]) && digits < 3; i++, digits++)
            parts[n] = parts[n] * 10 + (t.data[i] - '0');
        if (digits == 0)
            return false;
        if (i == t.len || t.data[i] != ':')
            break;
        i++;
    }
    if (i != t.len || parts[0] > 167 || parts[1] > 59 || parts[2] > 59)
        return false;
    int32_t seconds = (parts[0] * 60 + parts[1]) * 60 + parts[2];
    *ret = negative != posix ? -seconds : seconds;
    return true;
}

/* ${ret} gets name, zone and offset; false: no such zone. */
static bool zone_set(struct slice value, struct types_session *ret)
{
    struct slice t = types_trim(value);
    ret->zone = NULL;
    ret->utc_offset = 0;
    if (t.len == 0 || t.len >= sizeof ret->timezone)
        return false;
    snprintf(ret->timezone, sizeof ret->timezone, "%.*s", (int)t.len, t.data);
    if (types_word(t, "utc") || types_word(t, "gmt") || types_word(t, "z") ||
        types_word(t, "etc/utc") || types_word(t, "zulu") || types_word(t, "default")) {
        if (types_word(t, "utc") || types_word(t, "default"))
            snprintf(ret->timezone, sizeof ret->timezone, "UTC");
        return true;
    }
    const char *close = t.data[0] == '<' ? memchr(t.data, '>', t.len) : NULL;
    if (close) { /* POSIX: <name>offset */
        size_t skip = (size_t)(close + 1 - t.data);
        return fixed_offset((struct slice){close + 1, t.len - skip}, true, &ret->utc_offset);
    }
    if (fixed_offset(t, false, &ret->utc_offset)) {
        int32_t a = abs(ret->utc_offset), east = ret->utc_offset >= 0;
        char text[24];
        int n = snprintf(text, sizeof text, "%02d", a / 3600);
        if (a % 3600)
            snprintf(text + n, sizeof text - (size_t)n, ":%02d", a / 60 % 60);
        snprintf(ret->timezone, sizeof ret->timezone, "<%c%s>%c%s", east ? '+' : '-', text,
                 east ? '-' : '+', text);
        return true;
    }
    ret->zone = zone_load(t);
    return ret->zone != NULL;
}

void types_session_init(struct types_session *s)
{
    *s = (struct types_session){.timezone = "UTC", .extra_float_digits = 1};
}

void types_session_release(struct types_session *s)
{
    zone_free(s->zone);
    s->zone = NULL;
}

int types_set_timezone(struct types_session *s, const char *value, struct err *err)
{
    struct types_session next = *s;
    if (!zone_set((struct slice){value, strlen(value)}, &next))
        return err_set(err, SQLSTATE_INVALID_PARAMETER_VALUE,
                       "invalid value for parameter \"TimeZone\": \"%s\"", value);
    zone_free(s->zone);
    *s = next;
    return 0;
}

/* Abbreviations whose offset depends on the year are refused. */
#define ABBREVIATION_DYNAMIC INT32_MAX

static const struct abbreviation {
    const char *name;
    int32_t offset;
} abbreviations[] = {
#include "daemon/store/types_zone_abbreviations.inc"
};

static const struct abbreviation *abbreviation_find(struct slice t)
{
    for (size_t i = 0; i < sizeof abbreviations / sizeof abbreviations[0]; i++)
        if (types_word(t, abbreviations[i].name))
            return &abbreviations[i];
    return NULL;
}

int types_zone_session(const struct types_session *s, struct slice zone, struct types_session *ret,
                       struct err *err)
{
    struct types_session next = *s;
    const struct abbreviation *a = abbreviation_find(zone);
    if (a && a->offset == ABBREVIATION_DYNAMIC)
        return err_set(err, SQLSTATE_FEATURE_NOT_SUPPORTED,
                       "the time zone abbreviation \"%.*s\" is not supported by the store",
                       TYPES_SHOWN(zone));
    if (a) {
        next.zone = NULL;
        next.utc_offset = a->offset;
        *ret = next;
        return 0;
    }
    if (!zone_set(zone, &next))
        return err_set(err, SQLSTATE_INVALID_PARAMETER_VALUE, "time zone \"%.*s\" not recognized",
                       TYPES_SHOWN(zone));
    *ret = next;
    return 0;
}

static int64_t to_unix(int64_t us)
{
    int64_t seconds = us / TYPES_US_PER_SECOND - (us % TYPES_US_PER_SECOND < 0);
    return seconds + ZONE_EPOCH;
}

int32_t types_utc_offset(const struct types_session *s, int64_t us)
{
    return s->zone ? zone_offset(s->zone, to_unix(us)) : s->utc_offset;
}

int64_t types_utc_to_local(const struct types_session *s, int64_t utc_us)
{
    if (utc_us == INT64_MIN || utc_us == INT64_MAX)
        return utc_us;
    return utc_us + types_utc_offset(s, utc_us) * TYPES_US_PER_SECOND;
}

/* In the gap when clocks go forward, and in the hour that comes twice, the offset that was standard
 * before the change counts: PostgreSQL's choice. */
int64_t types_local_to_utc(const struct types_session *s, int64_t local_us)
{
    if (local_us == INT64_MIN || local_us == INT64_MAX)
        return local_us;
    if (!s->zone)
        return local_us - s->utc_offset * TYPES_US_PER_SECOND;
    int64_t local = to_unix(local_us);
    int32_t before = zone_offset(s->zone, local - 86400),
            after = zone_offset(s->zone, local + 86400);
    int32_t offset = before;
    if (before != after) {
        bool before_fits = zone_offset(s->zone, local - before) == before;
        bool after_fits = zone_offset(s->zone, local - after) == after;
        if (before_fits && after_fits)
            offset = before < after ? before : after; /* twice: the standard time */
        else if (after_fits)
            offset = after;
    }
    return local_us - offset * TYPES_US_PER_SECOND;
}
