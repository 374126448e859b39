/* guc_zone.c: what TimeZone may be set to. */
#include "daemon/store/guc_known.h"
#include "daemon/store/types.h"
#include "protocol/sqlstate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* "-3.5" hours as the zone PostgreSQL makes of it, <-03:30>+03:30; else ${value} itself. */
static const char *hours_zone(const char *value, char zone[GUC_ZONE_BYTES])
{
    char *end;
    double hours = strtod(value, &end);
    int minutes = (int)(hours * 60), size = minutes < 0 ? -minutes : minutes;
    if (end == value || *end || !strchr(value, '.') || size > 168 * 60 || size % 60 == 0)
        return value;
    snprintf(zone, GUC_ZONE_BYTES, "<%c%02d:%02d>%c%02d:%02d", minutes < 0 ? '-' : '+', size / 60,
             size % 60, minutes < 0 ? '+' : '-', size / 60, size % 60);
    return zone;
}

static int cannot(const char *value, const char *why, struct err *err)
{
    err_set(err, SQLSTATE_INVALID_PARAMETER_VALUE,
            "invalid value for parameter \"TimeZone\": \"%s\"", value);
    if (why)
        err_detail(err, "%s", why);
    return -1;
}

/* INTERVAL '+02:00', the whole of ${value}. */
static int interval_zone(const struct types_session *s, const char *value,
                         char zone[GUC_ZONE_BYTES], struct err *err)
{
    const char *open = strchr(value, '\''), *close = strrchr(value, '\'');
    struct types_interval interval = {0};
    struct types_value v;
    struct buf scratch;
    if (!open || open == close || close[1])
        return cannot(value, NULL, err);
    buf_init(&scratch, 1024);
    int rc = types_input(s, TYPES_INTERVAL, -1,
                         (struct slice){open + 1, (size_t)(close - open - 1)}, &scratch, &v, err);
    if (rc == 0)
        types_interval_unpack(v.bytes, &interval);
    buf_release(&scratch);
    if (rc < 0)
        return -1;
    if (interval.months)
        return cannot(value, "Cannot specify months in time zone interval.", err);
    if (interval.days)
        return cannot(value, "Cannot specify days in time zone interval.", err);
    long long seconds = interval.us / 1000000, size = llabs(seconds);
    char offset[24], sign = seconds < 0 ? '-' : '+';
    if (size >= 168 * 3600)
        return cannot(value, "UTC timezone offset is out of range.", err);
    int n = snprintf(offset, sizeof offset, "%02lld", size / 3600);
    if (size % 3600)
        n += snprintf(offset + n, sizeof offset - (size_t)n, ":%02lld", size / 60 % 60);
    if (size % 60)
        snprintf(offset + n, sizeof offset - (size_t)n, ":%02lld", size % 60);
    snprintf(zone, GUC_ZONE_BYTES, "<%c%s>%c%s", sign, offset, seconds < 0 ? '+' : '-', offset);
    return 0;
}

int guc_zone_set(struct types_session *s, const char *value, struct err *err)
{
    char zone[GUC_ZONE_BYTES];
    if (strncasecmp(value, "interval", 8) != 0)
        return types_set_timezone(s, hours_zone(value, zone), err);
    return interval_zone(s, value, zone, err) < 0 ? -1 : types_set_timezone(s, zone, err);
}
