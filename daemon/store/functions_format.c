/* functions_format.c: reading templates; see functions_format.h. */
#include "daemon/store/functions_format.h"

#include <stdlib.h>

static bool starts(struct slice t, size_t at, const char *word)
{
    size_t n = strlen(word);
    return t.len - at >= n && memcmp(t.data + at, word, n) == 0;
}

static const struct format_keyword *find(struct slice t, size_t at,
                                         const struct format_keyword *keywords, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (starts(t, at, keywords[i].name))
            return &keywords[i];
    return NULL;
}

/* FM or TM in front of a keyword. */
static void prefix(struct slice t, size_t *at, struct format_item *item)
{
    item->fill = starts(t, *at, "FM") || starts(t, *at, "fm");
    item->translate = starts(t, *at, "TM") || starts(t, *at, "tm");
    *at += item->fill || item->translate ? 2 : 0;
}

static void suffix(struct slice t, size_t *at, struct format_item *item)
{
    item->th = (char)(starts(t, *at, "TH") ? 'T' : starts(t, *at, "th") ? 't' : 0);
    *at += item->th || starts(t, *at, "SP") ? 2 : 0;
}

struct format_item *format_parse(struct slice t, const struct format_keyword *keywords,
                                 size_t nkeywords, bool dates, size_t *ret_n)
{
    struct format_item *items = calloc(t.len + 1, sizeof(items[0]));
    size_t n = 0;
    bool quoted = false;
    *ret_n = 0;
    for (size_t at = 0; items != NULL && at < t.len;) {
        struct format_item item = {.key = FORMAT_NONE};
        if (!quoted && dates)
            prefix(t, &at, &item);
        if (at >= t.len)
            break;
        const struct format_keyword *k = quoted ? NULL : find(t, at, keywords, nkeywords);
        if (k != NULL) {
            size_t len = strlen(k->name);
            item.key = k->key;
            item.text = (struct slice){t.data + at, len};
            at += len;
            if (dates)
                suffix(t, &at, &item);
            items[n++] = item;
            continue;
        }
        if (t.data[at] == '"') {
            quoted = !quoted;
            at++;
            continue;
        }
        bool escape = t.data[at] == '\\' && at + 1 < t.len && (quoted || t.data[at + 1] == '"');
        at += escape;
        size_t len = functions_char(t.data + at, t.len - at);
        items[n++] = (struct format_item){.key = FORMAT_NONE,
                                          .text = {t.data + at, len},
                                          .quoted = quoted};
        at += len;
    }
    *ret_n = n;
    return items;
}

const char *format_ordinal(struct slice number, bool upper)
{
    static const char *const names[2][4] = {{"th", "st", "nd", "rd"}, {"TH", "ST", "ND", "RD"}};
    char last = number.len > 0 ? number.data[number.len - 1] : '0';
    bool teen = number.len > 1 && number.data[number.len - 2] == '1';
    return names[upper][!teen && last >= '1' && last <= '3' ? last - '0' : 0];
}
