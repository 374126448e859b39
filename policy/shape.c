#include "policy/shape.h"

#include "policy/guard.h"
#include "policy/scan.h"

#include <string.h>

/* -- a text's shape -- */

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Could it belong to a token that it stands beside? */
static bool joins(char c)
{
    return is_digit(c) || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || (unsigned char)c >= 0x80 || strchr("_$.'\"&", c) != NULL;
}

static bool stands_alone(struct slice sql, const struct scan_token *t)
{
    return t->start > 0 && !joins(sql.data[t->start - 1]) && (t->end == sql.len || !joins(sql.data[t->end]));
}

/* May an expression begin behind ${t}?  A literal in another place belongs to what stands before it: the name of
 * its type, the word FIRST. */
static bool precedes_expression(const char *text, const struct scan_token *t)
{
    static const char *const words[] = {
        "all", "and", "any", "between", "by", "case", "distinct", "else", "escape", "from", "having", "ilike",
        "in", "like", "limit", "not", "offset", "on", "or", "returning", "select", "then", "to", "when", "where",
    };
    if (t->kind != SCAN_WORD)
        return t->kind == SCAN_OPERATOR || (t->kind == SCAN_CHAR && strchr("(,[", text[t->start]));
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (scan_is_word(text, t, words[i]))
            return true;
    return false;
}

/* '...' without a continuation: inside, quotes come in pairs. */
static bool is_plain_string(const char *text, uint32_t len)
{
    if (len < 2 || text[0] != '\'' || text[len - 1] != '\'')
        return false;
    for (uint32_t i = 1; i + 1 < len; i++)
        if (text[i] == '\'' && (++i + 1 >= len || text[i] != '\''))
            return false;
    return true;
}

/* By its type: 'i' int4, 'l' int8, 'd' numeric; '\0': not to be told so simply.  -2147483648 is an int4, and
 * without its sign an int8. */
static char kind_of_number(const char *text, uint32_t len)
{
    static const char limit[] = "2147483648";
    uint32_t digits = 0;
    while (digits < len && is_digit(text[digits]))
        digits++;
    if (digits == 0 || (digits > 1 && text[0] == '0'))
        return '\0';
    if (digits < len) {
        uint32_t at = digits + 1;
        while (at < len && is_digit(text[at]))
            at++;
        return text[digits] == '.' && at == len && at > digits + 1 ? 'd' : '\0';
    }
    if (digits < sizeof limit - 1)
        return 'i';
    if (digits > 18)
        return '\0';
    int order = digits > sizeof limit - 1 ? 1 : memcmp(text, limit, digits);
    return order == 0 ? '\0' : order < 0 ? 'i' : 'l';
}

static char kind_of(struct slice sql, const struct scan_token *before, const struct scan_token *t)
{
    const char *text = sql.data + t->start;
    uint32_t len = t->end - t->start;
    if ((t->kind != SCAN_STRING && t->kind != SCAN_NUMBER) || !stands_alone(sql, t) ||
        !precedes_expression(sql.data, before))
        return '\0';
    if (t->kind == SCAN_NUMBER)
        return kind_of_number(text, len);
    return is_plain_string(text, len) ? 's' : '\0';
}

static void put(struct shape *shape, const char *text, size_t len)
{
    memcpy(shape->key + shape->key_len, text, len);
    shape->key_len += (uint32_t)len;
}

static void put_param(struct shape *shape, uint32_t number)
{
    char digits[] = {'$', (char)('0' + number / 10), (char)('0' + number % 10)};
    if (number < 10)
        digits[1] = digits[2];
    put(shape, digits, number < 10 ? 2 : 3);
}

bool shape_read(struct slice sql, struct shape *ret)
{
    char kinds[SHAPE_MAX_SLOTS];
    uint32_t from = 0;
    ret->nslots = ret->key_len = 0;
    if (sql.len == 0 || sql.len > SHAPE_MAX_BYTES)
        return false;
    struct scan s = scan_of(sql.data, sql.len);
    struct scan_token before = {.kind = SCAN_END};
    for (struct scan_token t = scan_next(&s); t.kind != SCAN_END; t = scan_next(&s)) {
        char kind = kind_of(sql, &before, &t);
        before = t;
        if (t.kind == SCAN_PARAM || t.kind == SCAN_BROKEN || (kind && ret->nslots == SHAPE_MAX_SLOTS))
            return false;
        if (!kind)
            continue;
        put(ret, sql.data + from, t.start - from);
        kinds[ret->nslots] = kind;
        ret->slots[ret->nslots] = (struct shape_slot){t.start, t.end - t.start, ret->key_len};
        put_param(ret, ++ret->nslots);
        from = t.end;
    }
    if (ret->nslots == 0)
        return false;
    put(ret, sql.data + from, sql.len - from);
    ret->text_len = ret->key_len;
    put(ret, "", 1);
    put(ret, kinds, ret->nslots);
    return true;
}

bool shape_of(const struct policy_request *req, struct shape *ret)
{
    struct err ignored;
    return req->confined && !req->single && req->sql.len <= SHAPE_MAX_BYTES &&
           req->sql.len <= req->rules->limits.statement_bytes && guard_encoding(req->sql, &ignored) == 0 &&
           shape_read(req->sql, ret);
}
