/* types_zone.c: the session's time zone: UTC, a fixed offset, a zone read from the tz database, or
 * one that POSIX's rules describe.
 *
 * libc's own zones hang off one environment variable of the process, so the compiled files (RFC
 * 8536) are read here: transitions with 64-bit times, and the rule that holds after the last. */
#include "daemon/store/types_impl.h"
#include "daemon/store/types_zone_rule.h"

#include <ctype.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#define ZONE_DIRECTORY "/usr/share/zoneinfo"
#define ZONE_FILE_MAX  65536
#define ZONE_EPOCH     INT64_C(946684800) /* 2000-01-01 in Unix seconds */

struct types_zone {
    size_t ntimes, ntypes;
    int64_t *times;           /* Unix seconds, ascending */
    uint8_t *indexes;         /* which type begins then */
    struct zone_local *types; /* the first one holds before all times */
    bool has_rule;            /* after the last time, and always if there are none */
    struct zone_rule rule;
};

static void zone_free(struct types_zone *z)
{
    if (!z)
        return;
    free(z->times);
    free(z->indexes);
    free(z->types);
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

/* The line after the data: a rule in the way of POSIX. */
static void zone_footer(struct types_zone *z, const unsigned char *p, size_t len)
{
    char text[128];
    size_t n = 0;
    if (len == 0 || *p != '\n')
        return;
    for (p++, len--; n < len && n < sizeof text - 1 && p[n] != '\n'; n++)
        text[n] = (char)p[n];
    text[n] = '\0';
    z->has_rule = n < len && p[n] == '\n' && zone_rule_parse(text, &z->rule);
}

static bool zone_types(struct types_zone *z, const unsigned char *p, size_t nchars)
{
    const char *chars = (const char *)p + 6 * z->ntypes;
    for (size_t i = 0; i < z->ntypes; i++) {
        const unsigned char *type = p + 6 * i;
        if (type[5] >= nchars)
            return false;
        z->types[i].offset = (int32_t)big_endian(type, 4);
        z->types[i].dst = type[4] != 0;
        snprintf(z->types[i].name, ZONE_NAME_BYTES, "%.*s", (int)(nchars - type[5]),
                 chars + type[5]);
    }
    return true;
}

static struct types_zone *zone_parse(const unsigned char *p, size_t len)
{
    size_t n[6];
    if (!zone_header(p, len, n))
        return NULL;
    size_t skip = 44 + n[TIMECNT] * 5 + n[TYPECNT] * 6 + n[CHARCNT] + n[LEAPCNT] * 8 + n[ISSTDCNT] +
                  n[ISUTCNT];
    if (skip >= len || !zone_header(p + skip, len - skip, n) || n[TYPECNT] == 0 || n[LEAPCNT] != 0)
        return NULL;
    size_t data = n[TIMECNT] * 9 + n[TYPECNT] * 6 + n[CHARCNT] + n[ISSTDCNT] + n[ISUTCNT];
    if (len - skip - 44 < data)
        return NULL;
    p += skip + 44;
    struct types_zone *z = calloc(1, sizeof *z);
    if (!z)
        return NULL;
    z->ntimes = n[TIMECNT];
    z->ntypes = n[TYPECNT];
    z->times = calloc(z->ntimes + 1, sizeof *z->times);
    z->indexes = calloc(z->ntimes + 1, 1);
    z->types = calloc(z->ntypes, sizeof *z->types);
    if (!z->times || !z->indexes || !z->types)
        goto fail_free;
    for (size_t i = 0; i < z->ntimes; i++) {
        z->times[i] = big_endian(p + 8 * i, 8);
        z->indexes[i] = p[8 * z->ntimes + i];
        if (z->indexes[i] >= z->ntypes)
            goto fail_free;
    }
    if (!zone_types(z, p + 9 * z->ntimes, n[CHARCNT]))
        goto fail_free;
    zone_footer(z, p + data, len - skip - 44 - data);
    return z;
fail_free:
    zone_free(z);
    return NULL;
}

/* The entry of a directory that the name is, in any case, or -1. */
static int find_entry(char *path, size_t at, size_t room, struct slice name)
{
    struct dirent *entry;
    int found = -1;
    DIR *d = opendir(path);
    if (!d)
        return -1;
    while (found < 0 && (entry = readdir(d)) != NULL) {
        if (strlen(entry->d_name) != name.len || name.len + 2 > room - at ||
            strncasecmp(entry->d_name, name.data, name.len) != 0)
            continue;
        found = snprintf(path + at, room - at, "/%s", entry->d_name);
    }
    closedir(d);
    return found;
}

/* The path of the zone's file, which is written as the database writes it. */
static bool zone_path(struct slice name, char *path, size_t size)
{
    size_t at = (size_t)snprintf(path, size, ZONE_DIRECTORY);
    while (name.len > 0) {
        const char *slash = memchr(name.data, '/', name.len);
        size_t len = slash ? (size_t)(slash - name.data) : name.len;
        int n = find_entry(path, at, size, (struct slice){name.data, len});
        if (n < 0)
            return false;
        at += (size_t)n;
        len += slash != NULL;
        name.data += len;
        name.len -= len;
        if (slash && name.len == 0)
            return false;
    }
    return true;
}

/* ${name} becomes what the database calls it. */
static struct types_zone *zone_load(char *name)
{
    char path[160];
    size_t len = strlen(name);
    if (len == 0 || len > 60 || !isalpha((unsigned char)name[0]))
        return NULL;
    for (size_t i = 0; i < len; i++) /* no dot: no way out of the directory */
        if (!isalnum((unsigned char)name[i]) && !strchr("_/+-", name[i]))
            return NULL;
    snprintf(path, sizeof path, ZONE_DIRECTORY "/%s", name);
    FILE *f = fopen(path, "re");
    if (!f && zone_path((struct slice){name, len}, path, sizeof path)) {
        f = fopen(path, "re");
        memcpy(name, path + sizeof ZONE_DIRECTORY, len); /* in another case */
    }
    if (!f)
        return NULL;
    unsigned char *data = malloc(ZONE_FILE_MAX);
    len = data ? fread(data, 1, ZONE_FILE_MAX, f) : 0;
    fclose(f);
    struct types_zone *z = data ? zone_parse(data, len) : NULL;
    free(data);
    return z;
}

static struct types_zone *zone_of_rule(char *name, size_t size)
{
    char upper[64];
    struct zone_rule rule;
    size_t n = 0;
    for (; name[n] && n < sizeof upper - 1; n++)
        upper[n] = (char)toupper((unsigned char)name[n]);
    upper[n] = '\0';
    if (!zone_rule_parse(upper, &rule))
        return NULL;
    struct types_zone *z = calloc(1, sizeof *z);
    if (!z)
        return NULL;
    z->has_rule = true;
    z->rule = rule;
    snprintf(name, size, "%s", upper);
    return z;
}

/* How many transitions are not after it. */
static size_t zone_passed(const struct types_zone *z, int64_t unix_seconds)
{
    size_t low = 0, high = z->ntimes;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (z->times[mid] <= unix_seconds)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

static const struct zone_local *zone_at(const struct types_zone *z, int64_t unix_seconds)
{
    size_t passed = zone_passed(z, unix_seconds);
    if (z->has_rule && passed == z->ntimes)
        return zone_rule_at(&z->rule, unix_seconds);
    return &z->types[passed == 0 ? 0 : z->indexes[passed - 1]];
}

static int32_t zone_offset(const struct types_zone *z, int64_t unix_seconds)
{
    return zone_at(z, unix_seconds)->offset;
}

/* "+02", "-3": hours east, in seconds */
static bool whole_hours(struct slice t, int32_t *ret)
{
    int32_t hours = 0;
    const bool sign = t.data[0] == '+' || t.data[0] == '-';
    for (size_t i = sign; i < t.len; i++) {
        if (!isdigit((unsigned char)t.data[i]) || hours > 167)
            return false;
        hours = hours * 10 + (t.data[i] - '0');
    }
    *ret = (t.data[0] == '-' ? -hours : hours) * 3600;
    return t.len > sign && hours <= 167;
}

void types_offset_zone(int32_t east, char ret[64])
{
    int32_t a = abs(east);
    char text[24];
    int n = snprintf(text, sizeof text, "%02d", a / 3600);
    if (a % 3600)
        n += snprintf(text + n, sizeof text - (size_t)n, ":%02d", a / 60 % 60);
    if (a % 60)
        snprintf(text + n, sizeof text - (size_t)n, ":%02d", a % 60);
    snprintf(ret, 64, "<%c%s>%c%s", east < 0 ? '-' : '+', text, east < 0 ? '+' : '-', text);
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
    if (types_word(t, "utc") || types_word(t, "gmt") || types_word(t, "default")) {
        snprintf(ret->timezone, sizeof ret->timezone, types_word(t, "gmt") ? "GMT" : "UTC");
        return true;
    }
    if (whole_hours(t, &ret->utc_offset)) {
        types_offset_zone(ret->utc_offset, ret->timezone);
        return true;
    }
    ret->zone = zone_load(ret->timezone);
    if (!ret->zone)
        ret->zone = zone_of_rule(ret->timezone, sizeof ret->timezone);
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

static const struct types_abbreviation abbreviations[] = {
#include "daemon/store/types_zone_abbreviations.inc"
};
#define ABBREVIATION_BYTES 10 /* as many count */

const struct types_abbreviation *types_abbreviation_find(const char *lower)
{
    for (size_t i = 0; i < sizeof abbreviations / sizeof abbreviations[0]; i++)
        if (strncmp(lower, abbreviations[i].name, ABBREVIATION_BYTES) == 0)
            return &abbreviations[i];
    return NULL;
}

bool types_zone_find(const struct types_session *s, const char *name, struct types_session *ret)
{
    *ret = *s;
    ret->zone = NULL;
    ret->utc_offset = 0;
    if (snprintf(ret->timezone, sizeof ret->timezone, "%s", name) >= (int)sizeof ret->timezone)
        return false;
    ret->zone = zone_load(ret->timezone);
    if (!ret->zone)
        ret->zone = zone_of_rule(ret->timezone, sizeof ret->timezone);
    return ret->zone != NULL;
}

static int64_t to_unix(int64_t us)
{
    int64_t seconds = us / TYPES_US_PER_SECOND - (us % TYPES_US_PER_SECOND < 0);
    return seconds + ZONE_EPOCH;
}

/* What the abbreviation meant last in that zone, or what it will mean first. */
static const struct zone_local *abbreviation_at(const struct types_zone *z, const char *upper,
                                                int64_t unix_seconds)
{
    const size_t passed = zone_passed(z, unix_seconds);
    for (size_t i = passed; i > 0; i--)
        if (strcmp(z->types[z->indexes[i - 1]].name, upper) == 0)
            return &z->types[z->indexes[i - 1]];
    for (size_t i = passed; i < z->ntimes; i++)
        if (strcmp(z->types[z->indexes[i]].name, upper) == 0)
            return &z->types[z->indexes[i]];
    return zone_at(z, unix_seconds);
}

int32_t types_abbreviation_offset(const struct types_abbreviation *a, const char *text, bool local,
                                  int64_t us)
{
    const struct types_session utc = {0};
    struct types_session zone;
    char upper[ABBREVIATION_BYTES + 1];
    size_t n = 0;
    if (a->zone == NULL)
        return a->offset;
    for (; text[n] && n < sizeof upper - 1; n++)
        upper[n] = (char)toupper((unsigned char)text[n]);
    upper[n] = '\0';
    if (!types_zone_find(&utc, a->zone, &zone))
        return 0;
    int32_t offset =
        abbreviation_at(zone.zone, upper, to_unix(local ? types_local_to_utc(&zone, us) : us))
            ->offset;
    types_session_release(&zone);
    return offset;
}

bool types_zone_constant(const struct types_session *s, int32_t *ret)
{
    *ret = s->utc_offset;
    const struct types_zone *z = s->zone;
    if (!z)
        return true;
    *ret = z->ntypes > 0 ? z->types[0].offset : z->rule.standard.offset;
    for (size_t i = 1; i < z->ntypes; i++)
        if (z->types[i].offset != *ret)
            return false;
    return !z->has_rule || !z->rule.has_summer || z->rule.summer.offset == *ret;
}

void types_zone_name(const struct types_session *s, int64_t us, char ret[TYPES_ZONE_NAME])
{
    if (s->zone) {
        snprintf(ret, TYPES_ZONE_NAME, "%s", zone_at(s->zone, to_unix(us))->name);
        return;
    }
    const char *name = s->timezone, *close = name[0] == '<' ? strchr(name, '>') : NULL;
    if (close)
        snprintf(ret, TYPES_ZONE_NAME, "%.*s", (int)(close - name - 1), name + 1);
    else
        snprintf(ret, TYPES_ZONE_NAME, "%s", name);
}

int types_zone_session(const struct types_session *s, struct slice zone,
                       const struct types_moment *at, struct types_session *ret, struct err *err)
{
    char raw[64], lower[64];
    const struct types_session utc = {0};
    bool found = zone.len < sizeof raw;
    snprintf(raw, sizeof raw, "%.*s", (int)zone.len, zone.data ? zone.data : "");
    for (size_t i = 0; i < sizeof raw; i++)
        lower[i] = (char)tolower((unsigned char)raw[i]);
    const struct types_abbreviation *a = found ? types_abbreviation_find(lower) : NULL;
    if (a && (a->zone == NULL || at->kind != TYPES_MOMENT_ANY)) {
        *ret = *s;
        ret->zone = NULL;
        ret->utc_offset =
            types_abbreviation_offset(a, lower, at->kind == TYPES_MOMENT_LOCAL, at->us);
        snprintf(ret->timezone, sizeof ret->timezone, "%s", raw);
        return 0;
    }
    if (!found || !types_zone_find(a ? &utc : s, a ? a->zone : raw, ret))
        return err_set(err, SQLSTATE_INVALID_PARAMETER_VALUE, "time zone \"%.*s\" not recognized",
                       TYPES_SHOWN(zone));
    return 0;
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
