/* datetime_split.c: the text of a date, time or interval into fields; the words that they may be. */
#include "daemon/store/datetime.h"

#include <ctype.h>
#include <string.h>

/* -- fields -- */

struct splitter {
    const char *p, *end;
    size_t used, room;
    struct datetime_fields *f;
    bool full;
};

static char peek(const struct splitter *s)
{
    return s->p < s->end ? *s->p : '\0';
}

static bool at_digit(const struct splitter *s)
{
    return isdigit((unsigned char)peek(s));
}

static bool at_letter(const struct splitter *s)
{
    return isalpha((unsigned char)peek(s));
}

static bool at_any(const struct splitter *s, const char *set)
{
    return s->p < s->end && strchr(set, *s->p) != NULL && *s->p != '\0';
}

static void take(struct splitter *s)
{
    if (s->used + 1 >= s->room) {
        s->full = true;
        s->p = s->end;
        return;
    }
    s->f->raw[s->used] = *s->p;
    s->f->work[s->used++] = (char)tolower((unsigned char)*s->p++);
}

static void take_digits(struct splitter *s)
{
    while (at_digit(s))
        take(s);
}

static void take_digits_and(struct splitter *s, const char *set)
{
    while (at_digit(s) || at_any(s, set))
        take(s);
}

static void take_letters(struct splitter *s)
{
    while (at_letter(s))
        take(s);
}

/* 2024-01-02, 2/jan/2024; two numbers around a point stay a number. */
static enum datetime_kind split_delimited(struct splitter *s)
{
    const char delimiter[2] = {peek(s), '\0'};
    enum datetime_kind kind = DATETIME_DATE;
    take(s);
    if (at_digit(s)) {
        kind = delimiter[0] == '.' ? DATETIME_NUMBER : DATETIME_DATE;
        take_digits(s);
        if (peek(s) == delimiter[0]) {
            kind = DATETIME_DATE;
            take(s);
            take_digits_and(s, delimiter);
        }
        return kind;
    }
    while (at_digit(s) || at_letter(s) || at_any(s, delimiter))
        take(s);
    return kind;
}

static enum datetime_kind split_number(struct splitter *s)
{
    take_digits(s);
    if (peek(s) == ':') {
        take_digits_and(s, ":.");
        return DATETIME_TIME;
    }
    return at_any(s, "-/.") ? split_delimited(s) : DATETIME_NUMBER;
}

/* A word, or what goes on with digits and signs: a date or the name of a zone. */
static enum datetime_kind split_word(struct splitter *s)
{
    const size_t start = s->used;
    bool more;
    take_letters(s);
    more = at_any(s, "-/.");
    if (!more && (at_digit(s) || peek(s) == '+')) {
        s->f->work[s->used] = '\0';
        more = datetime_word(s->f->work + start) == NULL;
    }
    if (!more)
        return DATETIME_WORD;
    while (at_digit(s) || at_letter(s) || at_any(s, "+-/_.:"))
        take(s);
    return DATETIME_DATE;
}

/* false: a sign of nothing */
static bool split_signed(struct splitter *s, enum datetime_kind *ret)
{
    take(s);
    while (s->p < s->end && isspace((unsigned char)*s->p))
        s->p++;
    if (at_digit(s)) {
        *ret = DATETIME_OFFSET;
        take_digits_and(s, ":.-");
        return true;
    }
    *ret = DATETIME_SIGNED;
    if (!at_letter(s))
        return false;
    take_letters(s);
    return true;
}

static bool split_field(struct splitter *s, enum datetime_kind *ret)
{
    if (at_digit(s)) {
        *ret = split_number(s);
    } else if (peek(s) == '.') {
        *ret = DATETIME_NUMBER;
        take(s);
        take_digits(s);
    } else if (at_letter(s)) {
        *ret = split_word(s);
    } else {
        return at_any(s, "+-") && split_signed(s, ret);
    }
    return true;
}

enum datetime_result datetime_split(struct slice text, size_t room, struct datetime_fields *ret)
{
    struct splitter s = {text.data, text.data + text.len, 0, room, ret, false};
    ret->n = 0;
    while (s.p < s.end) {
        const unsigned char c = (unsigned char)*s.p;
        const bool starts = isalnum(c) || c == '.' || c == '+' || c == '-';
        if (isspace(c) || (ispunct(c) && !starts)) {
            s.p++;
            if (isspace(c) || ret->n < DATETIME_FIELDS)
                continue;
            return DATETIME_SYNTAX;
        }
        if (ret->n >= DATETIME_FIELDS)
            return DATETIME_SYNTAX;
        ret->texts[ret->n] = ret->work + s.used;
        if (!split_field(&s, &ret->kinds[ret->n]) || s.full)
            return DATETIME_SYNTAX;
        ret->raw[s.used] = '\0';
        ret->work[s.used++] = '\0';
        ret->n++;
    }
    return DATETIME_OK;
}

/* -- words -- */

static const struct datetime_word words[] = {
    {"-infinity", WORD_SPECIAL, SPECIAL_EARLY},
    {"ad", WORD_ERA, 0},
    {"allballs", WORD_SPECIAL, SPECIAL_MIDNIGHT},
    {"am", WORD_HALF, 0},
    {"apr", WORD_MONTH, 4},
    {"april", WORD_MONTH, 4},
    {"at", WORD_IGNORED, 0},
    {"aug", WORD_MONTH, 8},
    {"august", WORD_MONTH, 8},
    {"bc", WORD_ERA, 1},
    {"d", WORD_UNIT, DATETIME_DAY},
    {"dec", WORD_MONTH, 12},
    {"december", WORD_MONTH, 12},
    {"dow", WORD_UNIT, DATETIME_OTHER},
    {"doy", WORD_UNIT, DATETIME_OTHER},
    {"dst", WORD_DST, 3600},
    {"epoch", WORD_SPECIAL, SPECIAL_EPOCH},
    {"feb", WORD_MONTH, 2},
    {"february", WORD_MONTH, 2},
    {"fri", WORD_WEEKDAY, 5},
    {"friday", WORD_WEEKDAY, 5},
    {"h", WORD_UNIT, DATETIME_HOUR},
    {"infinity", WORD_SPECIAL, SPECIAL_LATE},
    {"isodow", WORD_UNIT, DATETIME_OTHER},
    {"isoyear", WORD_UNIT, DATETIME_OTHER},
    {"j", WORD_UNIT, DATETIME_JULIAN},
    {"jan", WORD_MONTH, 1},
    {"january", WORD_MONTH, 1},
    {"jd", WORD_UNIT, DATETIME_JULIAN},
    {"jul", WORD_MONTH, 7},
    {"julian", WORD_UNIT, DATETIME_JULIAN},
    {"july", WORD_MONTH, 7},
    {"jun", WORD_MONTH, 6},
    {"june", WORD_MONTH, 6},
    {"m", WORD_UNIT, DATETIME_MONTH},
    {"mar", WORD_MONTH, 3},
    {"march", WORD_MONTH, 3},
    {"may", WORD_MONTH, 5},
    {"mm", WORD_UNIT, DATETIME_MINUTE},
    {"mon", WORD_WEEKDAY, 1},
    {"monday", WORD_WEEKDAY, 1},
    {"nov", WORD_MONTH, 11},
    {"november", WORD_MONTH, 11},
    {"now", WORD_SPECIAL, SPECIAL_NOW},
    {"oct", WORD_MONTH, 10},
    {"october", WORD_MONTH, 10},
    {"on", WORD_IGNORED, 0},
    {"pm", WORD_HALF, 1},
    {"s", WORD_UNIT, DATETIME_SECOND},
    {"sat", WORD_WEEKDAY, 6},
    {"saturday", WORD_WEEKDAY, 6},
    {"sep", WORD_MONTH, 9},
    {"sept", WORD_MONTH, 9},
    {"september", WORD_MONTH, 9},
    {"sun", WORD_WEEKDAY, 0},
    {"sunday", WORD_WEEKDAY, 0},
    {"t", WORD_TIME, DATETIME_CLOCK},
    {"thu", WORD_WEEKDAY, 4},
    {"thur", WORD_WEEKDAY, 4},
    {"thurs", WORD_WEEKDAY, 4},
    {"thursday", WORD_WEEKDAY, 4},
    {"today", WORD_SPECIAL, SPECIAL_TODAY},
    {"tomorrow", WORD_SPECIAL, SPECIAL_TOMORROW},
    {"tue", WORD_WEEKDAY, 2},
    {"tues", WORD_WEEKDAY, 2},
    {"tuesday", WORD_WEEKDAY, 2},
    {"wed", WORD_WEEKDAY, 3},
    {"wednesday", WORD_WEEKDAY, 3},
    {"weds", WORD_WEEKDAY, 3},
    {"y", WORD_UNIT, DATETIME_YEAR},
    {"yesterday", WORD_SPECIAL, SPECIAL_YESTERDAY},
};

static const struct datetime_word interval_words[] = {
    {"ago", WORD_AGO, 0},
    {"c", WORD_UNIT, DATETIME_CENTURY},
    {"cent", WORD_UNIT, DATETIME_CENTURY},
    {"centuries", WORD_UNIT, DATETIME_CENTURY},
    {"century", WORD_UNIT, DATETIME_CENTURY},
    {"d", WORD_UNIT, DATETIME_DAY},
    {"day", WORD_UNIT, DATETIME_DAY},
    {"days", WORD_UNIT, DATETIME_DAY},
    {"dec", WORD_UNIT, DATETIME_DECADE},
    {"decade", WORD_UNIT, DATETIME_DECADE},
    {"decades", WORD_UNIT, DATETIME_DECADE},
    {"decs", WORD_UNIT, DATETIME_DECADE},
    {"h", WORD_UNIT, DATETIME_HOUR},
    {"hour", WORD_UNIT, DATETIME_HOUR},
    {"hours", WORD_UNIT, DATETIME_HOUR},
    {"hr", WORD_UNIT, DATETIME_HOUR},
    {"hrs", WORD_UNIT, DATETIME_HOUR},
    {"m", WORD_UNIT, DATETIME_MINUTE},
    {"microsecon", WORD_UNIT, DATETIME_MICROSECOND},
    {"mil", WORD_UNIT, DATETIME_MILLENNIUM},
    {"millennia", WORD_UNIT, DATETIME_MILLENNIUM},
    {"millennium", WORD_UNIT, DATETIME_MILLENNIUM},
    {"millisecon", WORD_UNIT, DATETIME_MILLISECOND},
    {"mils", WORD_UNIT, DATETIME_MILLENNIUM},
    {"min", WORD_UNIT, DATETIME_MINUTE},
    {"mins", WORD_UNIT, DATETIME_MINUTE},
    {"minute", WORD_UNIT, DATETIME_MINUTE},
    {"minutes", WORD_UNIT, DATETIME_MINUTE},
    {"mon", WORD_UNIT, DATETIME_MONTH},
    {"mons", WORD_UNIT, DATETIME_MONTH},
    {"month", WORD_UNIT, DATETIME_MONTH},
    {"months", WORD_UNIT, DATETIME_MONTH},
    {"ms", WORD_UNIT, DATETIME_MILLISECOND},
    {"msec", WORD_UNIT, DATETIME_MILLISECOND},
    {"mseconds", WORD_UNIT, DATETIME_MILLISECOND},
    {"msecs", WORD_UNIT, DATETIME_MILLISECOND},
    {"qtr", WORD_UNIT, DATETIME_QUARTER},
    {"quarter", WORD_UNIT, DATETIME_QUARTER},
    {"s", WORD_UNIT, DATETIME_SECOND},
    {"sec", WORD_UNIT, DATETIME_SECOND},
    {"second", WORD_UNIT, DATETIME_SECOND},
    {"seconds", WORD_UNIT, DATETIME_SECOND},
    {"secs", WORD_UNIT, DATETIME_SECOND},
    {"timezone", WORD_UNIT, DATETIME_OTHER},
    {"timezone_h", WORD_UNIT, DATETIME_OTHER},
    {"timezone_m", WORD_UNIT, DATETIME_OTHER},
    {"us", WORD_UNIT, DATETIME_MICROSECOND},
    {"usec", WORD_UNIT, DATETIME_MICROSECOND},
    {"useconds", WORD_UNIT, DATETIME_MICROSECOND},
    {"usecs", WORD_UNIT, DATETIME_MICROSECOND},
    {"w", WORD_UNIT, DATETIME_WEEK},
    {"week", WORD_UNIT, DATETIME_WEEK},
    {"weeks", WORD_UNIT, DATETIME_WEEK},
    {"y", WORD_UNIT, DATETIME_YEAR},
    {"year", WORD_UNIT, DATETIME_YEAR},
    {"years", WORD_UNIT, DATETIME_YEAR},
    {"yr", WORD_UNIT, DATETIME_YEAR},
    {"yrs", WORD_UNIT, DATETIME_YEAR},
};

#define WORD_BYTES 10

static const struct datetime_word *find(const struct datetime_word *list, size_t n,
                                        const char *lower)
{
    for (size_t i = 0; i < n; i++)
        if (list[i].name[0] == lower[0] && strncmp(list[i].name, lower, WORD_BYTES) == 0)
            return &list[i];
    return NULL;
}

const struct datetime_word *datetime_word(const char *lower)
{
    return find(words, sizeof words / sizeof words[0], lower);
}

const struct datetime_word *datetime_interval_word(const char *lower)
{
    return find(interval_words, sizeof interval_words / sizeof interval_words[0], lower);
}
