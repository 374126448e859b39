/* types_time.c: the calendar; date, time, timestamp in and out.
 *
 * Input is ISO 8601 as all drivers send it (2026-01-31T12:34:56.789+02, with blanks, BC, a zone's
 * name) and PostgreSQL's special words.  Other orders of fields are refused with 22007. */
#include "daemon/store/types_impl.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <time.h>

int64_t types_days(int32_t year, int32_t month, int32_t day)
{
    /* Days of the Gregorian calendar counted in years that begin in March. */
    int64_t y = (int64_t)year - (month <= 2);
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    int64_t yoe = y - era * 400;
    int64_t doy = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    int64_t doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
    return era * 146097 + doe - 730425; /* 2000-01-01 */
}

void types_civil(int64_t days, int32_t *ret_year, int32_t *ret_month, int32_t *ret_day)
{
    int64_t z = days + 730425;
    int64_t era = (z >= 0 ? z : z - 146096) / 146097;
    int64_t doe = z - era * 146097;
    int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    int64_t mp = (5 * doy + 2) / 153;
    *ret_day = (int32_t)(doy - (153 * mp + 2) / 5 + 1);
    *ret_month = (int32_t)(mp < 10 ? mp + 3 : mp - 9);
    *ret_year = (int32_t)(yoe + era * 400 + (*ret_month <= 2));
}

struct fields {
    int32_t year, month, day;
    int64_t us; /* since midnight */
    bool has_date, has_time, has_zone;
    int32_t zone;           /* seconds east */
    struct slice zone_name; /* instead, when its data is set */
};

enum { FIELDS_OK = 0, FIELDS_SYNTAX = -1, FIELDS_RANGE = -2, FIELDS_RANGE_HINT = -3, FIELDS_ZONE = -4 };

static size_t digits_at(struct slice t)
{
    size_t n = 0;
    while (n < t.len && isdigit((unsigned char)t.data[n]))
        n++;
    return n;
}

static int32_t take_number(struct slice *t, size_t len)
{
    int32_t v = 0;
    for (size_t i = 0; i < len; i++)
        v = v * 10 + (t->data[i] - '0');
    t->data += len;
    t->len -= len;
    return v;
}

static bool take_char(struct slice *t, char c)
{
    if (t->len == 0 || t->data[0] != c)
        return false;
    t->data++;
    t->len--;
    return true;
}

static void skip_blanks(struct slice *t)
{
    while (t->len > 0 && isspace((unsigned char)t->data[0])) {
        t->data++;
        t->len--;
    }
}

static int check_day(const struct fields *f)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    if (f->month < 1 || f->month > 12 || f->day < 1 || f->day > 31)
        return FIELDS_RANGE_HINT;
    int32_t y = f->year;
    bool leap = (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;
    if (f->day > days[f->month - 1] + (f->month == 2 && leap))
        return FIELDS_RANGE;
    return FIELDS_OK;
}

static int take_date(struct slice *t, struct fields *f)
{
    size_t n = digits_at(*t);
    if (n == 8 && (t->len == 8 || !strchr("-/:", t->data[8]))) { /* 20260131 */
        f->year = take_number(t, 4);
        f->month = take_number(t, 2);
        f->day = take_number(t, 2);
    } else {
        if (n < 3 || n > 7 || n == t->len)
            return FIELDS_SYNTAX;
        f->year = take_number(t, n);
        char separator = t->data[0];
        if ((separator != '-' && separator != '/') || !take_char(t, separator))
            return FIELDS_SYNTAX;
        n = digits_at(*t);
        if (n < 1 || n > 2)
            return FIELDS_SYNTAX;
        f->month = take_number(t, n);
        if (!take_char(t, separator))
            return FIELDS_SYNTAX;
        n = digits_at(*t);
        if (n < 1 || n > 2)
            return FIELDS_SYNTAX;
        f->day = take_number(t, n);
    }
    f->has_date = true;
    if (f->year == 0)
        return FIELDS_RANGE;
    return FIELDS_OK;
}

/* Digits after a point as microseconds, rounded. */
static int64_t take_fraction(struct slice *t)
{
    int64_t us = 0;
    size_t n = digits_at(*t);
    for (size_t i = 0; i < 6; i++)
        us = us * 10 + (i < n ? t->data[i] - '0' : 0);
    if (n > 6 && t->data[6] >= '5')
        us++;
    t->data += n;
    t->len -= n;
    return us;
}

static int take_time(struct slice *t, struct fields *f)
{
    int64_t parts[3] = {0}, us = 0;
    size_t n = digits_at(*t);
    if (n == 6 || n == 4) { /* 123456 */
        for (size_t i = 0; i < n / 2; i++)
            parts[i] = take_number(t, 2);
    } else {
        if (n < 1 || n > 2)
            return FIELDS_SYNTAX;
        parts[0] = take_number(t, n);
        for (size_t i = 1; i < 3 && take_char(t, ':'); i++) {
            n = digits_at(*t);
            if (n < 1 || n > 2)
                return FIELDS_SYNTAX;
            parts[i] = take_number(t, n);
        }
    }
    if (take_char(t, '.'))
        us = take_fraction(t);
    struct slice rest = *t;
    skip_blanks(&rest);
    bool word_ends = rest.len == 2 || (rest.len > 2 && !isalpha((unsigned char)rest.data[2]));
    if (word_ends && tolower((unsigned char)rest.data[1]) == 'm') {
        char half = (char)tolower((unsigned char)rest.data[0]);
        if ((half == 'a' || half == 'p') && parts[0] >= 1 && parts[0] <= 12) {
            parts[0] = parts[0] % 12 + (half == 'p' ? 12 : 0);
            *t = (struct slice){rest.data + 2, rest.len - 2};
        }
    }
    if (parts[0] > 24 || parts[1] > 59 || parts[2] > 60 ||
        (parts[0] == 24 && (parts[1] > 0 || parts[2] > 0 || us > 0)))
        return FIELDS_RANGE;
    f->us = ((parts[0] * 60 + parts[1]) * 60 + parts[2]) * TYPES_US_PER_SECOND + us;
    f->has_time = true;
    return FIELDS_OK;
}

/* +02, -0330, +05:30, +01:02:03 */
static int take_offset(struct slice *t, int32_t *ret)
{
    int32_t parts[3] = {0};
    bool west = t->data[0] == '-';
    t->data++;
    t->len--;
    size_t n = digits_at(*t);
    if (n == 4 || n == 6) {
        for (size_t i = 0; i < n / 2; i++)
            parts[i] = take_number(t, 2);
    } else {
        if (n < 1 || n > 2)
            return FIELDS_SYNTAX;
        parts[0] = take_number(t, n);
        for (size_t i = 1; i < 3 && take_char(t, ':'); i++) {
            if (digits_at(*t) != 2)
                return FIELDS_SYNTAX;
            parts[i] = take_number(t, 2);
        }
    }
    if (parts[0] > 15 || parts[1] > 59 || parts[2] > 59)
        return FIELDS_ZONE;
    *ret = (parts[0] * 60 + parts[1]) * 60 + parts[2];
    if (west)
        *ret = -*ret;
    return FIELDS_OK;
}

static int take_tail(struct slice *t, struct fields *f)
{
    bool bc = false;
    for (skip_blanks(t); t->len > 0; skip_blanks(t)) {
        if (t->data[0] == '+' || t->data[0] == '-') {
            int rc = f->has_zone ? FIELDS_SYNTAX : take_offset(t, &f->zone);
            if (rc != FIELDS_OK)
                return rc;
            f->has_zone = true;
            continue;
        }
        size_t n = 0;
        while (n < t->len && !isspace((unsigned char)t->data[n]) &&
               (isalpha((unsigned char)t->data[0])))
            n++;
        struct slice word = {t->data, n};
        if (n == 0)
            return FIELDS_SYNTAX;
        t->data += n;
        t->len -= n;
        if (types_word(word, "bc") && (f->has_date || f->has_time) && !bc) {
            bc = true;
            f->year = 1 - f->year;
        } else if (types_word(word, "ad") && (f->has_date || f->has_time)) {
            continue;
        } else if (f->has_zone) {
            return FIELDS_SYNTAX;
        } else {
            f->has_zone = true;
            if (!types_word(word, "z") && !types_word(word, "utc") && !types_word(word, "gmt"))
                f->zone_name = word;
        }
    }
    return FIELDS_OK;
}

static int take_fields(struct slice text, bool want_date, struct fields *f)
{
    struct slice t = types_trim(text);
    int rc = FIELDS_OK;
    *f = (struct fields){0};
    if (want_date) {
        rc = take_date(&t, f);
        if (rc != FIELDS_OK)
            return rc;
        bool t_sep = t.len > 1 && (t.data[0] == 'T' || t.data[0] == 't') &&
                     isdigit((unsigned char)t.data[1]);
        if (t_sep) {
            t.data++;
            t.len--;
        } else {
            skip_blanks(&t);
        }
    }
    if (t.len > 0 && isdigit((unsigned char)t.data[0]))
        rc = take_time(&t, f);
    if (rc == FIELDS_OK)
        rc = take_tail(&t, f);
    if (rc == FIELDS_OK && want_date)
        rc = check_day(f);
    return rc;
}

static int fields_error(int rc, const char *type, struct slice text, struct err *err)
{
    if (rc == FIELDS_SYNTAX)
        return err_set(err, "22007", "invalid input syntax for type %s: \"%.*s\"", type,
                       TYPES_SHOWN(text));
    if (rc == FIELDS_ZONE)
        return err_set(err, "22009", "time zone displacement out of range: \"%.*s\"",
                       TYPES_SHOWN(text));
    err_set(err, "22008", "date/time field value out of range: \"%.*s\"", TYPES_SHOWN(text));
    if (rc == FIELDS_RANGE_HINT)
        err_hint(err, "Perhaps you need a different \"datestyle\" setting.");
    return -1;
}

static int64_t now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (now.tv_sec - INT64_C(946684800)) * TYPES_US_PER_SECOND + now.tv_nsec / 1000;
}

static int64_t floor_day(int64_t us)
{
    return (us - (us < 0 ? TYPES_US_PER_DAY - 1 : 0)) / TYPES_US_PER_DAY;
}

/* Special words.  The local wall clock in ${ret}; true if ${t} was one. */
static bool special_word(const struct types_session *s, struct slice t, int64_t *ret)
{
    static const char *const days[] = {"yesterday", "today", "tomorrow"};
    if (types_word(t, "now")) {
        *ret = types_utc_to_local(s, now_us());
        return true;
    }
    for (int i = 0; i < 3; i++)
        if (types_word(t, days[i])) {
            *ret = (floor_day(types_utc_to_local(s, now_us())) + i - 1) * TYPES_US_PER_DAY;
            return true;
        }
    return false;
}

static bool infinite_word(struct slice t, bool *ret_negative)
{
    *ret_negative = types_word(t, "-infinity");
    return *ret_negative || types_word(t, "infinity");
}

int types_date_in(const struct types_session *s, struct slice text, int64_t *ret, struct err *err)
{
    struct slice t = types_trim(text);
    struct fields f;
    bool negative;
    if (infinite_word(t, &negative)) {
        *ret = negative ? TYPES_INT_MIN32 : TYPES_INT_MAX32;
        return 0;
    }
    if (types_word(t, "epoch")) {
        *ret = -10957;
        return 0;
    }
    if (special_word(s, t, ret)) {
        *ret = floor_day(*ret);
        return 0;
    }
    int rc = take_fields(text, true, &f);
    if (rc != FIELDS_OK)
        return fields_error(rc, "date", text, err);
    int64_t days = types_days(f.year, f.month, f.day);
    if (days < TYPES_DATE_MIN || days >= TYPES_DATE_END)
        return err_set(err, "22008", "date out of range: \"%.*s\"", TYPES_SHOWN(text));
    *ret = days;
    return 0;
}

int64_t types_round_us(int64_t us, int32_t typmod)
{
    static const int64_t scales[] = {1000000, 100000, 10000, 1000, 100, 10};
    if (typmod < 0 || typmod > 5 || us == INT64_MIN || us == INT64_MAX)
        return us;
    int64_t scale = scales[typmod], half = scale / 2;
    return us >= 0 ? (us + half) / scale * scale : -((-us + half) / scale * scale);
}

static int timestamp_range(int64_t us, struct slice text, struct err *err)
{
    if (us >= TYPES_TIMESTAMP_MIN && us < TYPES_TIMESTAMP_END)
        return 0;
    return err_set(err, "22008", "timestamp out of range: \"%.*s\"", TYPES_SHOWN(text));
}

static int fields_to_utc(const struct types_session *s, const struct fields *f, int64_t local,
                         int64_t *ret, struct err *err)
{
    struct types_session other;
    if (!f->has_zone) {
        *ret = types_local_to_utc(s, local);
    } else if (!f->zone_name.data) {
        *ret = local - f->zone * TYPES_US_PER_SECOND;
    } else {
        if (types_zone_session(s, f->zone_name, &other, err) < 0)
            return -1;
        *ret = types_local_to_utc(&other, local);
        types_session_release(&other);
    }
    return 0;
}

int types_timestamp_in(const struct types_session *s, bool tz, int32_t typmod, struct slice text,
                       int64_t *ret, struct err *err)
{
    struct slice t = types_trim(text);
    const char *type = tz ? "timestamp with time zone" : "timestamp";
    struct fields f;
    bool negative;
    int64_t us;
    if (infinite_word(t, &negative)) {
        *ret = negative ? INT64_MIN : INT64_MAX;
        return 0;
    }
    if (types_word(t, "epoch")) {
        *ret = -10957 * TYPES_US_PER_DAY;
        return 0;
    }
    if (special_word(s, t, &us)) {
        *ret = types_round_us(tz ? types_local_to_utc(s, us) : us, typmod);
        return 0;
    }
    int rc = take_fields(text, true, &f);
    if (rc != FIELDS_OK)
        return fields_error(rc, type, text, err);
    int64_t days = types_days(f.year, f.month, f.day);
    if (days < -2451545 - 1 || days > 106751990)
        return timestamp_range(INT64_MAX, text, err);
    us = days * TYPES_US_PER_DAY + f.us;
    if (tz && fields_to_utc(s, &f, us, &us, err) < 0)
        return -1;
    us = types_round_us(us, typmod);
    if (timestamp_range(us, text, err) < 0)
        return -1;
    *ret = us;
    return 0;
}

static int time_fields(struct slice text, const char *type, struct fields *f, struct err *err)
{
    struct slice t = types_trim(text);
    bool dated = t.len > 10 && digits_at(t) >= 4 && (t.data[4] == '-' || t.data[4] == '/');
    int rc = take_fields(text, dated, f);
    if (rc == FIELDS_OK && !f->has_time)
        rc = FIELDS_SYNTAX;
    return rc == FIELDS_OK ? 0 : fields_error(rc, type, text, err);
}

int types_time_in(const struct types_session *s, int32_t typmod, struct slice text, int64_t *ret,
                  struct err *err)
{
    struct slice t = types_trim(text);
    struct fields f = {0};
    if (types_word(t, "now")) {
        int64_t local = types_utc_to_local(s, now_us());
        f.us = local - floor_day(local) * TYPES_US_PER_DAY;
    } else if (!types_word(t, "allballs") && time_fields(text, "time", &f, err) < 0) {
        return -1;
    }
    *ret = types_round_us(f.us, typmod);
    return 0;
}

/* -- time with time zone -- */

#define TIMETZ_ZONES 131072 /* more than there are seconds between the zones' limits */

int64_t types_timetz_key(struct types_timetz t)
{
    return (t.us + t.west * TYPES_US_PER_SECOND) * TIMETZ_ZONES + t.west + TIMETZ_ZONES / 2;
}

struct types_timetz types_timetz_of(int64_t key)
{
    int64_t utc = key / TIMETZ_ZONES, rest = key % TIMETZ_ZONES;
    if (rest < 0) {
        rest += TIMETZ_ZONES;
        utc--;
    }
    int32_t west = (int32_t)(rest - TIMETZ_ZONES / 2);
    return (struct types_timetz){utc - west * TYPES_US_PER_SECOND, west};
}

int64_t types_timetz_round(int64_t key, int32_t typmod)
{
    struct types_timetz t = types_timetz_of(key);
    t.us = types_round_us(t.us, typmod);
    return types_timetz_key(t);
}

/* A zone that never changed needs no date. */
static bool zone_constant(const struct types_session *s)
{
    static const int64_t years[] = {-150, -100, -60, -30, 0, 25};
    int32_t offset = types_utc_offset(s, 0);
    for (size_t i = 0; i < sizeof years / sizeof years[0]; i++)
        for (int64_t half = 0; half < 2; half++)
            if (types_utc_offset(s, (years[i] * 365 + half * 182) * TYPES_US_PER_DAY) != offset)
                return false;
    return true;
}

static int32_t west_at(const struct types_session *s, int64_t local)
{
    return (int32_t)((types_local_to_utc(s, local) - local) / TYPES_US_PER_SECOND);
}

/* The zone in seconds west: as written, or that of the session on the day written, or today. */
static int timetz_west(const struct types_session *s, const struct fields *f, struct slice text,
                       int32_t *ret, struct err *err)
{
    struct types_session other;
    int64_t day = f->has_date ? types_days(f->year, f->month, f->day)
                              : floor_day(types_utc_to_local(s, now_us()));
    int64_t local = day * TYPES_US_PER_DAY + f->us;
    if (!f->has_zone) {
        *ret = west_at(s, local);
        return 0;
    }
    *ret = -f->zone;
    if (!f->zone_name.data)
        return 0;
    if (types_zone_session(s, f->zone_name, &other, err) < 0)
        return -1;
    bool known = f->has_date || !other.zone || zone_constant(&other);
    *ret = west_at(&other, local);
    types_session_release(&other);
    return known ? 0 : fields_error(FIELDS_SYNTAX, "time with time zone", text, err);
}

int types_timetz_in(const struct types_session *s, int32_t typmod, struct slice text, int64_t *ret,
                    struct err *err)
{
    struct slice t = types_trim(text);
    struct fields f = {.has_zone = true};
    struct types_timetz v;
    if (types_word(t, "now")) {
        int64_t now = now_us(), local = types_utc_to_local(s, now);
        f.us = local - floor_day(local) * TYPES_US_PER_DAY;
        f.zone = (int32_t)((local - now) / TYPES_US_PER_SECOND);
    } else if (!types_word(t, "allballs") &&
               time_fields(text, "time with time zone", &f, err) < 0) {
        return -1;
    }
    v.us = types_round_us(f.us, typmod);
    if (timetz_west(s, &f, text, &v.west, err) < 0)
        return -1;
    *ret = types_timetz_key(v);
    return 0;
}

/* -- out -- */

static void append(struct buf *out, const char *text)
{
    buf_append(out, text, strlen(text));
}

void types_time_out(int64_t us, struct buf *out)
{
    char text[48];
    int64_t seconds = us / TYPES_US_PER_SECOND, fraction = us % TYPES_US_PER_SECOND;
    int n = snprintf(text, sizeof text, "%02" PRId64 ":%02" PRId64 ":%02" PRId64, seconds / 3600,
                     seconds / 60 % 60, seconds % 60);
    if (fraction) {
        n += snprintf(text + n, sizeof text - (size_t)n, ".%06" PRId64, fraction);
        while (text[n - 1] == '0')
            text[--n] = '\0';
    }
    append(out, text);
}

static void civil_out(int64_t days, struct buf *out, bool *ret_bc)
{
    char text[48];
    int32_t year, month, day;
    types_civil(days, &year, &month, &day);
    *ret_bc = year <= 0;
    snprintf(text, sizeof text, "%04d-%02d-%02d", *ret_bc ? 1 - year : year, month, day);
    append(out, text);
}

void types_date_out(int64_t days, struct buf *out)
{
    bool bc;
    if (days == TYPES_INT_MIN32 || days == TYPES_INT_MAX32) {
        append(out, days < 0 ? "-infinity" : "infinity");
        return;
    }
    civil_out(days, out, &bc);
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
    types_time_out(t.us, out);
    zone_out(-t.west, out);
}

void types_timestamp_out(const struct types_session *s, bool tz, int64_t us, struct buf *out)
{
    bool bc;
    if (us == INT64_MIN || us == INT64_MAX) {
        append(out, us < 0 ? "-infinity" : "infinity");
        return;
    }
    int32_t offset = tz ? types_utc_offset(s, us) : 0;
    int64_t local = us + offset * TYPES_US_PER_SECOND;
    int64_t days = floor_day(local);
    civil_out(days, out, &bc);
    append(out, " ");
    types_time_out(local - days * TYPES_US_PER_DAY, out);
    if (tz)
        zone_out(offset, out);
    if (bc)
        append(out, " BC");
}
