/* guc_datestyle.c: see guc_datestyle.h. */
#include "daemon/store/guc_datestyle.h"

#include "daemon/store/guc_known.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

struct word {
    const char *name;
    size_t len; /* that count; 0: all */
    int value;
};

static const struct word styles[] = {
    {"iso", 0, TYPES_DATE_ISO},
    {"sql", 0, TYPES_DATE_SQL},
    {"postgres", 8, TYPES_DATE_POSTGRES},
    {"german", 0, TYPES_DATE_GERMAN},
};
static const struct word orders[] = {
    {"ymd", 0, TYPES_YMD},  {"dmy", 0, TYPES_DMY}, {"euro", 4, TYPES_DMY},
    {"mdy", 0, TYPES_MDY}, {"us", 0, TYPES_MDY},  {"noneuro", 7, TYPES_MDY},
};

static bool find(const struct word *words, size_t n, const char *text, int *ret)
{
    for (size_t i = 0; i < n; i++)
        if (words[i].len ? strncasecmp(text, words[i].name, words[i].len) == 0
                         : strcasecmp(text, words[i].name) == 0) {
            *ret = words[i].value;
            return true;
        }
    return false;
}

/* false: said twice, and not the same */
static bool say(int value, bool *said, int *io)
{
    const bool same = !*said || *io == value;
    *said = true;
    *io = value;
    return same;
}

int guc_datestyle_read(const char *value, struct guc_datestyle *io, char ret_bad[32])
{
    bool style_said = false, order_said = false, ok = true;
    int style = (int)io->style, order = (int)io->order, v;
    ret_bad[0] = '\0';
    for (const char *p = value; guc_next_word(&p, ret_bad, 32);) {
        if (find(styles, sizeof styles / sizeof styles[0], ret_bad, &v)) {
            ok = say(v, &style_said, &style) && ok;
            if (v == TYPES_DATE_GERMAN && !order_said)
                order = TYPES_DMY;
        } else if (find(orders, sizeof orders / sizeof orders[0], ret_bad, &v)) {
            ok = say(v, &order_said, &order) && ok;
        } else if (strcasecmp(ret_bad, "default") == 0) {
            style = style_said ? style : TYPES_DATE_ISO;
            order = order_said ? order : TYPES_MDY;
        } else {
            return -1;
        }
    }
    ret_bad[0] = '\0';
    if (!ok)
        return -1;
    io->style = (enum types_date_style)style;
    io->order = (enum types_date_order)order;
    return 0;
}

void guc_datestyle_print(const struct guc_datestyle *style, char *ret, size_t size)
{
    static const char *const names[] = {"ISO", "SQL", "Postgres", "German"};
    static const char *const order[] = {"MDY", "DMY", "YMD"};
    snprintf(ret, size, "%s, %s", names[style->style], order[style->order]);
}

enum types_interval_style guc_interval_style(const char *value)
{
    return strcmp(value, "iso_8601") == 0           ? TYPES_INTERVAL_ISO
           : strcmp(value, "postgres_verbose") == 0 ? TYPES_INTERVAL_VERBOSE
           : strcmp(value, "sql_standard") == 0     ? TYPES_INTERVAL_SQL
                                                    : TYPES_INTERVAL_POSTGRES;
}
