/* types_text.c: text in: booleans, uuid, bytea, and the lengths of strings. */
#include "daemon/store/types_impl.h"

#include <ctype.h>
#include <stdio.h>

int types_bool_in(struct slice text, int64_t *ret, struct err *err)
{
    static const char *const words[] = {"true", "false", "yes", "no", "on", "off", "1", "0"};
    struct slice t = types_trim(text);
    for (size_t i = 0; i < 8 && t.len > 0; i++) {
        size_t least = i == 4 || i == 5 ? 2 : 1; /* `o` could be either */
        if (t.len < least || t.len > strlen(words[i]))
            continue;
        size_t k = 0;
        while (k < t.len && tolower((unsigned char)t.data[k]) == words[i][k])
            k++;
        if (k == t.len) {
            *ret = i % 2 == 0;
            return 0;
        }
    }
    return types_bad_input("boolean", text, err);
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)tolower((unsigned char)c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Braces around and hyphens after any group of four digits are accepted, as PostgreSQL does. */
int types_uuid_in(struct slice text, struct buf *scratch, struct slice *ret, struct err *err)
{
    char out[36];
    size_t n = 0, digits = 0, i = 0;
    bool braces = text.len > 0 && text.data[0] == '{';
    struct slice t = text;
    if (braces) {
        if (t.len < 2 || t.data[t.len - 1] != '}')
            return types_bad_input("uuid", text, err);
        t = (struct slice){t.data + 1, t.len - 2};
    }
    for (; i < t.len && digits < 32; i++) {
        if (t.data[i] == '-' && digits > 0 && digits % 4 == 0 && t.data[i - 1] != '-')
            continue;
        if (hex_digit(t.data[i]) < 0)
            break;
        if (digits == 8 || digits == 12 || digits == 16 || digits == 20)
            out[n++] = '-';
        out[n++] = (char)tolower((unsigned char)t.data[i]);
        digits++;
    }
    if (digits != 32 || i != t.len)
        return types_bad_input("uuid", text, err);
    size_t at = buf_len(scratch);
    if (buf_append(scratch, out, 36) < 0)
        return err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
    *ret = (struct slice){buf_peek(scratch).data + at, 36};
    return 0;
}

static int bytea_escape_in(struct slice text, struct buf *scratch, struct err *err)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.data[i];
        if (c == '\\' && i + 1 < text.len && text.data[i + 1] == '\\') {
            i++;
        } else if (c == '\\') {
            if (i + 3 >= text.len || text.data[i + 1] < '0' || text.data[i + 1] > '3' ||
                text.data[i + 2] < '0' || text.data[i + 2] > '7' || text.data[i + 3] < '0' ||
                text.data[i + 3] > '7')
                return err_set(err, SQLSTATE_INVALID_TEXT_REPRESENTATION,
                               "invalid input syntax for type bytea");
            c = (char)(((text.data[i + 1] - '0') << 6) | ((text.data[i + 2] - '0') << 3) |
                       (text.data[i + 3] - '0'));
            i += 3;
        }
        buf_append(scratch, &c, 1);
    }
    return 0;
}

int types_bytea_in(struct slice text, struct buf *scratch, struct slice *ret, struct err *err)
{
    size_t at = buf_len(scratch);
    if (text.len < 2 || text.data[0] != '\\' || text.data[1] != 'x') {
        if (bytea_escape_in(text, scratch, err) < 0)
            return -1;
    } else {
        for (size_t i = 2; i < text.len; i++) {
            if (isspace((unsigned char)text.data[i]))
                continue;
            int high = hex_digit(text.data[i]);
            if (high < 0)
                return err_set(err, SQLSTATE_INVALID_PARAMETER_VALUE,
                               "invalid hexadecimal digit: \"%c\"", text.data[i]);
            if (i + 1 >= text.len)
                return err_set(err, SQLSTATE_INVALID_PARAMETER_VALUE,
                               "invalid hexadecimal data: odd number of digits");
            int low = hex_digit(text.data[++i]);
            if (low < 0)
                return err_set(err, SQLSTATE_INVALID_PARAMETER_VALUE,
                               "invalid hexadecimal digit: \"%c\"", text.data[i]);
            char byte = (char)(high << 4 | low);
            buf_append(scratch, &byte, 1);
        }
    }
    if (scratch->failed)
        return err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
    struct slice all = buf_peek(scratch);
    *ret = (struct slice){all.data ? all.data + at : "", all.len - at};
    return 0;
}

static size_t utf8_step(struct slice s, size_t i)
{
    i++;
    while (i < s.len && ((unsigned char)s.data[i] & 0xc0) == 0x80)
        i++;
    return i;
}

/* Tells as many bytes as the first one promises. */
static int text_error(struct slice s, size_t at, struct err *err)
{
    unsigned char c = (unsigned char)s.data[at];
    size_t n = c < 0xc0 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : c < 0xf8 ? 4 : 1;
    char bytes[32] = "";
    for (size_t i = 0; i < n && at + i < s.len; i++)
        snprintf(bytes + strlen(bytes), sizeof bytes - strlen(bytes), "%s0x%02x", i ? " " : "",
                 (unsigned char)s.data[at + i]);
    return err_set(err, SQLSTATE_CHARACTER_NOT_IN_REPERTOIRE,
                   "invalid byte sequence for encoding \"UTF8\": %s", bytes);
}

int types_text_check(struct slice s, struct err *err)
{
    for (size_t i = 0; i < s.len;) {
        unsigned char c = (unsigned char)s.data[i];
        size_t n = c == 0                  ? 0
                   : c < 0x80              ? 1
                   : c >= 0xc2 && c < 0xe0 ? 2
                   : (c & 0xf0) == 0xe0    ? 3
                   : c >= 0xf0 && c < 0xf5 ? 4
                                           : 0;
        bool ok = n > 0 && i + n <= s.len;
        for (size_t k = 1; ok && k < n; k++)
            ok = ((unsigned char)s.data[i + k] & 0xc0) == 0x80;
        unsigned char second = ok && n > 1 ? (unsigned char)s.data[i + 1] : 0x80;
        if (ok && ((c == 0xe0 && second < 0xa0) || (c == 0xed && second > 0x9f) ||
                   (c == 0xf0 && second < 0x90) || (c == 0xf4 && second > 0x8f)))
            ok = false;
        if (!ok)
            return text_error(s, i, err);
        i += n;
    }
    return 0;
}

/* "char": the first byte, or the one that \\ooo says; '' is the zero byte. */
int types_char_in(struct slice text, struct buf *scratch, struct slice *ret, struct err *err)
{
    unsigned c = text.len > 0 ? (unsigned char)text.data[0] : 0;
    bool octal = text.len == 4 && c == '\\' && text.data[1] >= '0' && text.data[1] <= '3';
    for (size_t i = 2; i < 4 && octal; i++)
        octal = text.data[i] >= '0' && text.data[i] <= '7';
    if (octal)
        c = (unsigned)(text.data[1] - '0') << 6 | (unsigned)(text.data[2] - '0') << 3 |
            (unsigned)(text.data[3] - '0');
    if (c >= 0x80)
        return err_set(err, SQLSTATE_FEATURE_NOT_SUPPORTED,
                       "values of type \"char\" that are not ASCII are not supported by the embedded store");
    const char byte = (char)c;
    size_t at = buf_len(scratch);
    if (buf_append(scratch, &byte, 1) < 0)
        return err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
    *ret = (struct slice){buf_peek(scratch).data + at, c != 0};
    return 0;
}

/* varchar(n), char(n): ${cut} cuts silently (explicit cast), else only blanks may go. */
int types_text_typmod(uint32_t oid, int32_t typmod, bool cut, struct slice text, struct slice *ret,
                      struct err *err)
{
    if (oid == TYPES_BPCHAR && typmod >= 5)
        while (text.len > 0 && text.data[text.len - 1] == ' ')
            text.len--;
    *ret = text;
    if (typmod < 5 || (oid != TYPES_BPCHAR && oid != TYPES_VARCHAR))
        return 0;
    size_t limit = (size_t)typmod - 4, at = 0;
    if (text.len <= limit)
        return 0;
    for (size_t n = 0; n < limit && at < text.len; n++)
        at = utf8_step(text, at);
    for (size_t i = at; i < text.len && !cut; i++)
        if (text.data[i] != ' ')
            return err_set(err, SQLSTATE_STRING_DATA_RIGHT_TRUNCATION,
                           "value too long for type character%s(%zu)",
                           oid == TYPES_VARCHAR ? " varying" : "", limit);
    while (oid == TYPES_BPCHAR && at > 0 && text.data[at - 1] == ' ') /* what the cut has bared */
        at--;
    *ret = (struct slice){text.data, at};
    return 0;
}
