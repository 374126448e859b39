#include "conf/unit.h"

#include <stdio.h>
#include <string.h>

struct unit {
    const char *name;
    uint64_t factor;
};

/* The largest first: formatting takes the first that divides. */
static const struct unit durations[] = {
    {"d", 86400000}, {"h", 3600000}, {"m", 60000}, {"s", 1000}, {"ms", 1}, {NULL, 0},
};
static const struct unit sizes[] = {
    {"GiB", 1u << 30}, {"MiB", 1u << 20}, {"KiB", 1u << 10}, {"B", 1}, {NULL, 0},
};

/* The digits at the front of ${text}; the rest in ${ret_rest}. */
static int digits(const char *text, uint64_t *ret, const char **ret_rest)
{
    uint64_t n = 0;
    const char *p = text;
    for (; *p >= '0' && *p <= '9'; p++)
        if (__builtin_mul_overflow(n, 10, &n) || __builtin_add_overflow(n, *p - '0', &n))
            return -1;
    *ret = n;
    *ret_rest = p;
    return p == text ? -1 : 0;
}

int unit_number(const char *text, uint64_t *ret)
{
    const char *rest;
    uint64_t n;
    if (digits(text, &n, &rest) < 0 || *rest)
        return -1;
    *ret = n;
    return 0;
}

static int with_unit(const char *text, const struct unit *units, uint64_t *ret)
{
    const char *rest;
    uint64_t n;
    if (digits(text, &n, &rest) < 0)
        return -1;
    if (n == 0 && !*rest) {
        *ret = 0;
        return 0;
    }
    for (const struct unit *u = units; u->name; u++)
        if (strcmp(rest, u->name) == 0)
            return __builtin_mul_overflow(n, u->factor, ret) ? -1 : 0;
    return -1;
}

int unit_duration(const char *text, uint64_t *ret_ms)
{
    return with_unit(text, durations, ret_ms);
}

int unit_size(const char *text, uint64_t *ret_bytes)
{
    return with_unit(text, sizes, ret_bytes);
}

static void format(uint64_t n, const struct unit *units, char *ret)
{
    const struct unit *u = units;
    while (u->factor > 1 && (n == 0 || n % u->factor != 0))
        u++;
    snprintf(ret, UNIT_TEXT_BYTES, "%llu%s", (unsigned long long)(n / u->factor), n ? u->name : "");
}

void unit_duration_format(uint64_t ms, char *ret)
{
    format(ms, durations, ret);
}

void unit_size_format(uint64_t bytes, char *ret)
{
    format(bytes, sizes, ret);
}
