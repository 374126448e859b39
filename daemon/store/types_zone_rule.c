/* types_zone_rule.c: POSIX's way to write a zone; see types_zone_rule.h. */
#include "daemon/store/types_zone_rule.h"

#include "daemon/store/types.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RULE_DAY       86400
#define RULE_EPOCH_DAY 10957 /* 2000-01-01, in days since 1970 */
/* Where only the names are given. */
#define RULE_USUAL ",M3.2.0,M11.1.0"

/* -- reading -- */

static bool take_number(const char **p, int32_t min, int32_t max, int32_t *ret)
{
    int32_t v = 0;
    if (!isdigit((unsigned char)**p))
        return false;
    for (; isdigit((unsigned char)**p); (*p)++) {
        v = v * 10 + (**p - '0');
        if (v > max)
            return false;
    }
    *ret = v;
    return v >= min;
}

/* [+-]hh[:mm[:ss]] */
static bool take_offset(const char **p, int32_t *ret)
{
    int32_t parts[3] = {0};
    const bool negative = **p == '-';
    if (**p == '-' || **p == '+')
        (*p)++;
    if (!take_number(p, 0, 24 * 7 - 1, &parts[0]))
        return false;
    for (int i = 1; i < 3 && **p == ':'; i++) {
        (*p)++;
        if (!take_number(p, 0, i == 1 ? 59 : 60, &parts[i]))
            return false;
    }
    *ret = (parts[0] * 60 + parts[1]) * 60 + parts[2];
    *ret = negative ? -*ret : *ret;
    return true;
}

static bool take_name(const char **p, char ret[ZONE_NAME_BYTES])
{
    size_t len;
    const char *name = *p;
    if (*name == '<') {
        name++;
        len = strcspn(name, ">");
        if (name[len] != '>')
            return false;
        *p = name + len + 1;
    } else {
        len = strcspn(name, "0123456789,-+");
        *p = name + len;
    }
    if (len >= ZONE_NAME_BYTES)
        return false;
    snprintf(ret, ZONE_NAME_BYTES, "%.*s", (int)len, name);
    return true;
}

static bool take_point(const char **p)
{
    return **p == '.' && (*p)++;
}

static bool take_change(const char **p, struct zone_change *ret)
{
    bool ok;
    *ret = (struct zone_change){.seconds = 2 * 3600};
    if (**p == 'J') {
        (*p)++;
        ret->kind = ZONE_JULIAN_DAY;
        ok = take_number(p, 1, 365, &ret->day);
    } else if (**p == 'M') {
        (*p)++;
        ret->kind = ZONE_WEEKDAY;
        ok = take_number(p, 1, 12, &ret->month) && take_point(p) &&
             take_number(p, 1, 5, &ret->week) && take_point(p) && take_number(p, 0, 6, &ret->day);
    } else {
        ret->kind = ZONE_DAY_OF_YEAR;
        ok = take_number(p, 0, 365, &ret->day);
    }
    if (!ok || **p != '/')
        return ok;
    (*p)++;
    return take_offset(p, &ret->seconds);
}

static bool take_changes(const char *p, struct zone_rule *ret)
{
    if (*p++ == '\0' || !take_change(&p, &ret->start) || *p++ != ',')
        return false;
    return take_change(&p, &ret->end) && *p == '\0';
}

bool zone_rule_parse(const char *text, struct zone_rule *ret)
{
    struct zone_rule r = {0};
    int32_t west;
    if (!take_name(&text, r.standard.name) || !take_offset(&text, &west))
        return false;
    r.standard.offset = -west;
    if (*text != '\0') {
        r.has_summer = r.summer.dst = true;
        if (!take_name(&text, r.summer.name) || r.summer.name[0] == '\0')
            return false;
        west -= 3600;
        if (*text != '\0' && *text != ',' && *text != ';' && !take_offset(&text, &west))
            return false;
        r.summer.offset = -west;
        if (*text != '\0' && *text != ',' && *text != ';')
            return false;
        if (!take_changes(*text ? text : RULE_USUAL, &r))
            return false;
    }
    *ret = r;
    return true;
}

/* -- answering -- */

static bool is_leap(int32_t year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

/* Days since 1970. */
static int64_t change_day(const struct zone_change *c, int32_t year)
{
    int64_t first = types_days(year, 1, 1) + RULE_EPOCH_DAY;
    if (c->kind == ZONE_DAY_OF_YEAR)
        return first + c->day;
    if (c->kind == ZONE_JULIAN_DAY) /* 29 February does not count */
        return first + c->day - 1 + (is_leap(year) && c->day >= 60);
    int64_t month = types_days(year, c->month, 1) + RULE_EPOCH_DAY;
    int64_t next = (c->month == 12 ? types_days(year + 1, 1, 1)
                                   : types_days(year, c->month + 1, 1)) +
                   RULE_EPOCH_DAY;
    int32_t weekday = (int32_t)(((month + 4) % 7 + 7) % 7); /* 1970-01-01 was a Thursday */
    int64_t day = month + (c->day - weekday + 7) % 7 + (int64_t)7 * (c->week - 1);
    return day < next ? day : day - 7;
}

const struct zone_local *zone_rule_at(const struct zone_rule *rule, int64_t unix_seconds)
{
    const struct zone_local *best = &rule->standard;
    int64_t latest = INT64_MIN;
    int32_t year, month, day;
    if (!rule->has_summer)
        return best;
    types_civil(unix_seconds / RULE_DAY - (unix_seconds % RULE_DAY < 0) - RULE_EPOCH_DAY, &year, &month,
                &day);
    for (int32_t y = year - 1; y <= year + 1; y++) {
        int64_t start = change_day(&rule->start, y) * RULE_DAY + rule->start.seconds -
                        rule->standard.offset;
        int64_t end =
            change_day(&rule->end, y) * RULE_DAY + rule->end.seconds - rule->summer.offset;
        if (start <= unix_seconds && start > latest) {
            latest = start;
            best = &rule->summer;
        }
        if (end <= unix_seconds && end > latest) {
            latest = end;
            best = &rule->standard;
        }
    }
    return best;
}
