/* types_zone_rule.h: zones as POSIX writes them: CET-1CEST,M3.5.0,M10.5.0/3.  They are names of zones,
 * and say in files of the tz database what holds after the last change that is listed. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define ZONE_NAME_BYTES 48

/* What holds in a zone at some moment. */
struct zone_local {
    int32_t offset; /* seconds east of UTC */
    bool dst;
    char name[ZONE_NAME_BYTES];
};

/* The day and second of a change. */
struct zone_change {
    enum { ZONE_JULIAN_DAY, ZONE_DAY_OF_YEAR, ZONE_WEEKDAY } kind;
    int32_t day, week, month;
    int32_t seconds;
};

struct zone_rule {
    struct zone_local standard, summer;
    bool has_summer;
    struct zone_change start, end; /* of summer time */
};

/* ${text}: an upper-case name or a line of a file.  false: it is none. */
bool zone_rule_parse(const char *text, struct zone_rule *ret);
const struct zone_local *zone_rule_at(const struct zone_rule *rule, int64_t unix_seconds);
