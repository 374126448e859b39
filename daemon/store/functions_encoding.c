/* functions_encoding.c: bytes in an encoding: convert, convert_from, convert_to, length. */
#include "daemon/store/functions_impl.h"

#include <stdio.h>

enum encoding { ENCODING_UTF8, ENCODING_LATIN1, ENCODING_OTHER };

static enum encoding encoding_of(sqlite3_context *ctx, sqlite3_value *v)
{
    char name[32];
    size_t n = 0;
    struct slice t = functions_slice(v);
    for (size_t i = 0; i < t.len && n < sizeof(name) - 1; i++) {
        char c = t.data[i];
        if (c >= 'A' && c <= 'Z')
            c = (char)(c + 32);
        if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))
            name[n++] = c;
    }
    name[n] = '\0';
    if (strcmp(name, "utf8") == 0 || strcmp(name, "unicode") == 0)
        return ENCODING_UTF8;
    if (strcmp(name, "latin1") == 0 || strcmp(name, "iso88591") == 0)
        return ENCODING_LATIN1;
    functions_fail(ctx, SQLSTATE_FEATURE_NOT_SUPPORTED,
                   "encoding \"%.*s\" is not supported by the embedded store", (int)t.len, t.data);
    return ENCODING_OTHER;
}

/* Valid bytes of the character at ${at}, 0: none. */
static size_t utf8_valid(struct slice t, size_t at)
{
    const unsigned char *p = (const unsigned char *)t.data + at;
    size_t left = t.len - at, n = p[0] < 0x80 ? 1 : p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
    if (p[0] == 0 || (p[0] >= 0x80 && p[0] < 0xc2) || p[0] > 0xf4 || n > left)
        return 0;
    for (size_t i = 1; i < n; i++)
        if ((p[i] & 0xc0) != 0x80)
            return 0;
    if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) ||
        (p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] > 0x8f))
        return 0;
    return n;
}

static bool utf8_check(sqlite3_context *ctx, struct slice t)
{
    for (size_t at = 0, n; at < t.len; at += n) {
        n = utf8_valid(t, at);
        if (n > 0)
            continue;
        unsigned char c = (unsigned char)t.data[at];
        size_t want = c < 0x80 ? 1 : (c & 0xe0) == 0xc0 ? 2 : (c & 0xf0) == 0xe0 ? 3 : 0;
        want = want > 0 ? want : (c & 0xf8) == 0xf0 ? 4 : 1;
        char shown[32];
        int len = 0;
        for (size_t i = at; i < t.len && i < at + want; i++)
            len += snprintf(shown + len, sizeof(shown) - (size_t)len, "%s0x%02x", len ? " " : "",
                            (unsigned char)t.data[i]);
        functions_fail(ctx, "22021", "invalid byte sequence for encoding \"UTF8\": %s", shown);
        return false;
    }
    return true;
}

static void latin1_to_utf8(struct slice t, struct buf *out)
{
    for (size_t i = 0; i < t.len; i++) {
        char bytes[4];
        buf_append(out, bytes, functions_encode((unsigned char)t.data[i], bytes));
    }
}

static bool utf8_to_latin1(sqlite3_context *ctx, struct slice t, struct buf *out)
{
    for (size_t at = 0, n; at < t.len; at += n) {
        uint32_t c = functions_decode(t.data + at, t.len - at, &n);
        char byte = (char)c, shown[32];
        if (c < 256) {
            buf_append(out, &byte, 1);
            continue;
        }
        int len = 0;
        for (size_t i = at; i < at + n; i++)
            len += snprintf(shown + len, sizeof(shown) - (size_t)len, "%s0x%02x", len ? " " : "",
                            (unsigned char)t.data[i]);
        functions_fail(ctx, "22P05",
                       "character with byte sequence %s in encoding \"UTF8\" has no equivalent in "
                       "encoding \"LATIN1\"",
                       shown);
        return false;
    }
    return true;
}

/* pgf_convert(value, from, to, 1 for a text as the result) */
static void fn_convert(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    struct buf out;
    if (functions_null(argc, argv))
        return;
    struct slice t = functions_slice(argv[0]);
    enum encoding from = encoding_of(ctx, argv[1]);
    enum encoding to = from == ENCODING_OTHER ? from : encoding_of(ctx, argv[2]);
    if (to == ENCODING_OTHER || (from == ENCODING_UTF8 && !utf8_check(ctx, t)))
        return;
    if (from == ENCODING_LATIN1 && t.len > 0 && memchr(t.data, '\0', t.len) != NULL) {
        functions_fail(ctx, "22021", "invalid byte sequence for encoding \"LATIN1\": 0x00");
        return;
    }
    functions_buf(&out);
    if (from == to)
        buf_append(&out, t.data, t.len);
    else if (from == ENCODING_LATIN1)
        latin1_to_utf8(t, &out);
    else if (!utf8_to_latin1(ctx, t, &out)) {
        buf_release(&out);
        return;
    }
    if (sqlite3_value_int(argv[3]))
        functions_finish(ctx, &out);
    else
        functions_finish_bytes(ctx, &out);
}

static void fn_length(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    if (functions_null(argc, argv))
        return;
    struct slice t = functions_slice(argv[0]);
    enum encoding encoding = encoding_of(ctx, argv[1]);
    if (encoding == ENCODING_LATIN1)
        sqlite3_result_int64(ctx, (int64_t)t.len);
    else if (encoding == ENCODING_UTF8 && utf8_check(ctx, t))
        sqlite3_result_int64(ctx, (int64_t)functions_chars(t));
}

const struct function_row functions_encoding_rows[] = {
    {"pgf_convert", 4, true, fn_convert, NULL, NULL},
    {"pgf_bytes_length", 2, true, fn_length, NULL, NULL},
};
const size_t functions_encoding_n =
    sizeof(functions_encoding_rows) / sizeof(functions_encoding_rows[0]);
