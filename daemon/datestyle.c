#include "daemon/datestyle.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct parts { /* NULL: it does not say */
    const char *style, *order;
};

struct word {
    const char *text, *canonical;
    bool prefix; /* longer words that begin so are the same */
    bool is_style;
};

static const struct word words[] = {
    {"iso", "ISO", false, true},      {"sql", "SQL", false, true},
    {"postgres", "Postgres", true, true}, {"german", "German", false, true},
    {"ymd", "YMD", false, false},     {"dmy", "DMY", false, false},
    {"euro", "DMY", true, false},     {"mdy", "MDY", false, false},
    {"us", "MDY", false, false},      {"noneuro", "MDY", true, false},
};

static const struct word *find(const char *text, size_t len)
{
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        size_t n = strlen(words[i].text);
        if ((words[i].prefix ? len >= n : len == n) && strncasecmp(text, words[i].text, n) == 0)
            return &words[i];
    }
    return NULL;
}

static struct parts parse(const char *value)
{
    static const char between[] = ", \t\n\r\f\v\"";
    struct parts p = {NULL, NULL};
    for (value += strspn(value, between); *value; value += strspn(value, between)) {
        size_t len = strcspn(value, between);
        const struct word *w = find(value, len);
        if (w && w->is_style)
            p.style = w->canonical;
        else if (w)
            p.order = w->canonical;
        value += len;
    }
    if (p.style && strcmp(p.style, "German") == 0 && !p.order)
        p.order = "DMY"; /* as it implies */
    return p;
}

bool datestyle_is_whole(const char *value)
{
    struct parts p = parse(value);
    return p.style && p.order;
}

char *datestyle_after(const char *old, const char *value)
{
    struct parts p = parse(value), before = parse(old ? old : "");
    char text[32];
    if (!p.style && !p.order) /* DEFAULT */
        return strdup(value);
    p.style = p.style ? p.style : before.style;
    p.order = p.order ? p.order : before.order;
    snprintf(text, sizeof(text), "%s%s%s", p.style ? p.style : "", p.style && p.order ? ", " : "",
             p.order ? p.order : "");
    return strdup(text);
}
