/* functions_bytea.c: functions of byte strings: parts, bits, text encodings, hashes. */
#include "daemon/store/functions_impl.h"

#include <openssl/evp.h>

#include <limits.h>

#define BAD_INDEX "2202E"

void functions_finish_bytes(sqlite3_context *ctx, struct buf *b)
{
    struct slice bytes = buf_peek(b);
    if (b->failed)
        functions_fail(ctx, SQLSTATE_PROGRAM_LIMIT_EXCEEDED, "requested length too large");
    else
        sqlite3_result_blob64(ctx, bytes.len ? bytes.data : "", bytes.len, SQLITE_TRANSIENT);
    buf_release(b);
}

static void bytes_result(sqlite3_context *ctx, const char *data, size_t len)
{
    sqlite3_result_blob64(ctx, len ? data : "", len, SQLITE_TRANSIENT);
}

/* -- parts -- */

static void fn_substring(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    if (functions_null(argc, argv))
        return;
    struct slice v = functions_slice(argv[0]);
    int64_t start = sqlite3_value_int64(argv[1]), end = (int64_t)v.len + 1;
    if (argc == 3) {
        int64_t len = sqlite3_value_int64(argv[2]);
        if (len < 0) {
            functions_fail(ctx, "22011", "negative substring length not allowed");
            return;
        }
        end = start + len < end ? start + len : end;
    }
    if (start < 1)
        start = 1;
    if (end <= start)
        bytes_result(ctx, "", 0);
    else
        bytes_result(ctx, v.data + start - 1, (size_t)(end - start));
}

/* pgf_bytes_overlay(bytes, new, from, length) */
static void fn_overlay(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    struct buf out;
    if (functions_null(argc, argv))
        return;
    struct slice v = functions_slice(argv[0]), with = functions_slice(argv[1]);
    int64_t from = sqlite3_value_int64(argv[2]), end = from + sqlite3_value_int64(argv[3]);
    if (from <= 0) {
        functions_fail(ctx, "22011", "negative substring length not allowed");
        return;
    }
    if (end > INT32_MAX) {
        functions_fail(ctx, SQLSTATE_NUMERIC_VALUE_OUT_OF_RANGE, "integer out of range");
        return;
    }
    size_t head = (uint64_t)(from - 1) < v.len ? (size_t)(from - 1) : v.len;
    size_t tail = end <= 1 ? 0 : (uint64_t)(end - 1) < v.len ? (size_t)(end - 1) : v.len;
    functions_buf(&out);
    buf_append(&out, v.data, head);
    buf_append(&out, with.data, with.len);
    if (tail < v.len)
        buf_append(&out, v.data + tail, v.len - tail);
    functions_finish_bytes(ctx, &out);
}

static bool member(char c, struct slice set)
{
    return set.len > 0 && memchr(set.data, c, set.len) != NULL;
}

/* pgf_bytes_trim(bytes, set, 1 left + 2 right) */
static void fn_trim(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    if (functions_null(argc, argv))
        return;
    struct slice v = functions_slice(argv[0]), set = functions_slice(argv[1]);
    int sides = sqlite3_value_int(argv[2]);
    while ((sides & 1) && v.len > 0 && member(v.data[0], set)) {
        v.data++;
        v.len--;
    }
    while ((sides & 2) && v.len > 0 && member(v.data[v.len - 1], set))
        v.len--;
    bytes_result(ctx, v.data, v.len);
}

static void fn_position(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    if (functions_null(argc, argv))
        return;
    struct slice v = functions_slice(argv[0]), what = functions_slice(argv[1]);
    const char *hit = what.len == 0 ? v.data
                      : v.len == 0  ? NULL
                                    : memmem(v.data, v.len, what.data, what.len);
    sqlite3_result_int64(ctx, what.len == 0 ? 1 : hit == NULL ? 0 : hit - v.data + 1);
}

/* -- bytes and bits -- */

/* The index in ${v}, below ${n}; false: the statement has failed. */
static bool index_of(sqlite3_context *ctx, sqlite3_value *v, int64_t n, int64_t *ret)
{
    *ret = sqlite3_value_int64(v);
    if (*ret >= 0 && *ret < n)
        return true;
    functions_fail(ctx, BAD_INDEX, "index %lld out of valid range, 0..%lld", (long long)*ret,
                   (long long)(n - 1));
    return false;
}

static void fn_get_byte(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    int64_t i;
    if (functions_null(argc, argv))
        return;
    struct slice v = functions_slice(argv[0]);
    if (index_of(ctx, argv[1], (int64_t)v.len, &i))
        sqlite3_result_int(ctx, (unsigned char)v.data[i]);
}

static void fn_get_bit(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    int64_t i;
    if (functions_null(argc, argv))
        return;
    struct slice v = functions_slice(argv[0]);
    if (index_of(ctx, argv[1], (int64_t)v.len * 8, &i))
        sqlite3_result_int(ctx, (unsigned char)v.data[i / 8] >> (i % 8) & 1);
}

static void change_byte(sqlite3_context *ctx, struct slice v, int64_t at, unsigned char byte)
{
    struct buf out;
    char c = (char)byte;
    functions_buf(&out);
    buf_append(&out, v.data, (size_t)at);
    buf_append(&out, &c, 1);
    buf_append(&out, v.data + at + 1, v.len - (size_t)at - 1);
    functions_finish_bytes(ctx, &out);
}

static void fn_set_byte(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    int64_t i;
    if (functions_null(argc, argv))
        return;
    struct slice v = functions_slice(argv[0]);
    if (index_of(ctx, argv[1], (int64_t)v.len, &i))
        change_byte(ctx, v, i, (unsigned char)(sqlite3_value_int64(argv[2]) & 0xff));
}

static void fn_set_bit(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    int64_t i;
    if (functions_null(argc, argv))
        return;
    struct slice v = functions_slice(argv[0]);
    int64_t bit = sqlite3_value_int64(argv[2]);
    if (!index_of(ctx, argv[1], (int64_t)v.len * 8, &i))
        return;
    if (bit != 0 && bit != 1) {
        functions_fail(ctx, SQLSTATE_INVALID_PARAMETER_VALUE, "new bit must be 0 or 1");
        return;
    }
    unsigned mask = 1u << (i % 8), old = (unsigned char)v.data[i / 8];
    change_byte(ctx, v, i / 8, (unsigned char)(bit ? old | mask : old & ~mask));
}

static void fn_bit_count(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    int64_t n = 0;
    if (functions_null(argc, argv))
        return;
    struct slice v = functions_slice(argv[0]);
    for (size_t i = 0; i < v.len; i++)
        n += __builtin_popcount((unsigned char)v.data[i]);
    sqlite3_result_int64(ctx, n);
}

/* -- encode() and decode() -- */

static const char hex_digits[] = "0123456789abcdef";
static const char base64_digits[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void functions_hex(struct slice bytes, struct buf *out)
{
    for (size_t i = 0; i < bytes.len; i++) {
        unsigned char c = (unsigned char)bytes.data[i];
        char two[2] = {hex_digits[c >> 4], hex_digits[c & 15]};
        buf_append(out, two, 2);
    }
}

/* Lines of 76 characters, as MIME wants them. */
static void base64_encode(struct slice v, struct buf *out)
{
    size_t line = 0;
    for (size_t i = 0; i < v.len; i += 3) {
        uint32_t w = 0;
        size_t n = v.len - i < 3 ? v.len - i : 3;
        for (size_t k = 0; k < 3; k++)
            w = w << 8 | (k < n ? (unsigned char)v.data[i + k] : 0);
        char four[4] = {base64_digits[w >> 18], base64_digits[w >> 12 & 63],
                        n > 1 ? base64_digits[w >> 6 & 63] : '=',
                        n > 2 ? base64_digits[w & 63] : '='};
        buf_append(out, four, 4);
        line += 4;
        if (line == 76) {
            buf_append(out, "\n", 1);
            line = 0;
        }
    }
}

static void escape_encode(struct slice v, struct buf *out)
{
    for (size_t i = 0; i < v.len; i++) {
        unsigned char c = (unsigned char)v.data[i];
        char text[4] = {'\\', (char)('0' + (c >> 6)), (char)('0' + (c >> 3 & 7)),
                        (char)('0' + (c & 7))};
        if (c == 0 || c >= 0x80)
            buf_append(out, text, 4);
        else if (c == '\\')
            buf_append(out, "\\\\", 2);
        else
            buf_append(out, &v.data[i], 1);
    }
}

enum coding { CODING_NONE, CODING_HEX, CODING_BASE64, CODING_ESCAPE };

static enum coding coding_of(sqlite3_context *ctx, struct slice name)
{
    static const char *const names[] = {
        [CODING_HEX] = "hex", [CODING_BASE64] = "base64", [CODING_ESCAPE] = "escape"};
    for (enum coding c = CODING_HEX; c <= CODING_ESCAPE; c++)
        if (strlen(names[c]) == name.len &&
            sqlite3_strnicmp(names[c], name.data, (int)name.len) == 0)
            return c;
    functions_fail(ctx, SQLSTATE_INVALID_PARAMETER_VALUE, "unrecognized encoding: \"%.*s\"",
                   (int)name.len, name.data);
    return CODING_NONE;
}

static void fn_encode(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    struct buf out;
    if (functions_null(argc, argv))
        return;
    struct slice v = functions_slice(argv[0]);
    enum coding coding = coding_of(ctx, functions_slice(argv[1]));
    if (coding == CODING_NONE)
        return;
    functions_buf(&out);
    if (coding == CODING_HEX)
        functions_hex(v, &out);
    else if (coding == CODING_BASE64)
        base64_encode(v, &out);
    else
        escape_encode(v, &out);
    functions_finish(ctx, &out);
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

static bool hex_decode(sqlite3_context *ctx, struct slice t, struct buf *out)
{
    int high = -1;
    for (size_t i = 0; i < t.len; i++) {
        char c = t.data[i];
        if (high < 0 && is_blank(c))
            continue;
        char lower = c >= 'A' && c <= 'F' ? (char)(c + 32) : c;
        const char *digit = lower != '\0' ? strchr(hex_digits, lower) : NULL;
        if (digit == NULL) {
            functions_fail(ctx, SQLSTATE_INVALID_PARAMETER_VALUE,
                           "invalid hexadecimal digit: \"%.*s\"",
                           (int)functions_char(t.data + i, t.len - i), t.data + i);
            return false;
        }
        int value = (int)(digit - hex_digits);
        if (high < 0) {
            high = value;
            continue;
        }
        char byte = (char)(high << 4 | value);
        buf_append(out, &byte, 1);
        high = -1;
    }
    if (high >= 0)
        functions_fail(ctx, SQLSTATE_INVALID_PARAMETER_VALUE,
                       "invalid hexadecimal data: odd number of digits");
    return high < 0;
}

static bool base64_decode(sqlite3_context *ctx, struct slice t, struct buf *out)
{
    uint32_t w = 0;
    int have = 0, end = 0;
    for (size_t i = 0; i < t.len; i++) {
        char c = t.data[i];
        const char *digit = strchr(base64_digits, c);
        if (is_blank(c))
            continue;
        if (c == '=') {
            if (end == 0 && have < 2) {
                functions_fail(ctx, SQLSTATE_INVALID_PARAMETER_VALUE,
                               "unexpected \"=\" while decoding base64 sequence");
                return false;
            }
            end = end == 0 ? (have == 2 ? 1 : 2) : end;
            digit = base64_digits;
        } else if (digit == NULL) {
            functions_fail(ctx, SQLSTATE_INVALID_PARAMETER_VALUE,
                           "invalid symbol \"%.*s\" found while decoding base64 sequence",
                           (int)functions_char(t.data + i, t.len - i), t.data + i);
            return false;
        }
        w = w << 6 | (uint32_t)(digit - base64_digits);
        if (++have < 4)
            continue;
        char three[3] = {(char)(w >> 16), (char)(w >> 8), (char)w};
        buf_append(out, three, end == 1 ? 1 : end == 2 ? 2 : 3);
        have = 0;
        w = 0;
    }
    if (have != 0) {
        functions_fail(ctx, SQLSTATE_INVALID_PARAMETER_VALUE, "invalid base64 end sequence");
        err_hint(&functions_context(ctx)->raised,
                 "Input data is missing padding, is truncated, or is otherwise corrupted.");
    }
    return have == 0;
}

static bool octal(struct slice t, size_t at)
{
    return at + 3 < t.len && t.data[at + 1] >= '0' && t.data[at + 1] <= '3' &&
           t.data[at + 2] >= '0' && t.data[at + 2] <= '7' && t.data[at + 3] >= '0' &&
           t.data[at + 3] <= '7';
}

static bool escape_decode(sqlite3_context *ctx, struct slice t, struct buf *out)
{
    for (size_t i = 0; i < t.len;) {
        if (t.data[i] != '\\') {
            buf_append(out, &t.data[i++], 1);
        } else if (octal(t, i)) {
            char byte = (char)((t.data[i + 1] - '0') << 6 | (t.data[i + 2] - '0') << 3 |
                               (t.data[i + 3] - '0'));
            buf_append(out, &byte, 1);
            i += 4;
        } else if (i + 1 < t.len && t.data[i + 1] == '\\') {
            buf_append(out, "\\", 1);
            i += 2;
        } else {
            functions_fail(ctx, SQLSTATE_INVALID_TEXT_REPRESENTATION,
                           "invalid input syntax for type bytea");
            return false;
        }
    }
    return true;
}

static void fn_decode(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    struct buf out;
    if (functions_null(argc, argv))
        return;
    struct slice t = functions_slice(argv[0]);
    enum coding coding = coding_of(ctx, functions_slice(argv[1]));
    if (coding == CODING_NONE)
        return;
    functions_buf(&out);
    bool ok = coding == CODING_HEX      ? hex_decode(ctx, t, &out)
              : coding == CODING_BASE64 ? base64_decode(ctx, t, &out)
                                        : escape_decode(ctx, t, &out);
    if (ok)
        functions_finish_bytes(ctx, &out);
    else
        buf_release(&out);
}

/* -- hashes: of a text its bytes -- */

static bool digest(sqlite3_context *ctx, sqlite3_value *v, const EVP_MD *md,
                   unsigned char ret[EVP_MAX_MD_SIZE], unsigned int *ret_len)
{
    struct slice t = functions_slice(v);
    if (EVP_Digest(t.len ? t.data : "", t.len, ret, ret_len, md, NULL) == 1)
        return true;
    functions_fail(ctx, SQLSTATE_INTERNAL_ERROR, "could not compute %s hash", EVP_MD_get0_name(md));
    return false;
}

static void fn_md5(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    unsigned char hash[EVP_MAX_MD_SIZE];
    unsigned int len;
    struct buf out;
    if (functions_null(argc, argv) || !digest(ctx, argv[0], EVP_md5(), hash, &len))
        return;
    functions_buf(&out);
    functions_hex((struct slice){(const char *)hash, len}, &out);
    functions_finish(ctx, &out);
}

/* pgf_sha(bytes, bits) */
static void fn_sha(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    unsigned char hash[EVP_MAX_MD_SIZE];
    unsigned int len;
    if (functions_null(argc, argv))
        return;
    int bits = sqlite3_value_int(argv[1]);
    const EVP_MD *md = bits == 224   ? EVP_sha224()
                       : bits == 256 ? EVP_sha256()
                       : bits == 384 ? EVP_sha384()
                                     : EVP_sha512();
    if (digest(ctx, argv[0], md, hash, &len))
        bytes_result(ctx, (const char *)hash, len);
}

const struct function_row functions_bytea_rows[] = {
    {"pgf_bytes_substring", 2, true, fn_substring, NULL, NULL},
    {"pgf_bytes_substring", 3, true, fn_substring, NULL, NULL},
    {"pgf_bytes_overlay", 4, true, fn_overlay, NULL, NULL},
    {"pgf_bytes_trim", 3, true, fn_trim, NULL, NULL},
    {"pgf_bytes_position", 2, true, fn_position, NULL, NULL},
    {"pgf_get_byte", 2, true, fn_get_byte, NULL, NULL},
    {"pgf_get_bit", 2, true, fn_get_bit, NULL, NULL},
    {"pgf_set_byte", 3, true, fn_set_byte, NULL, NULL},
    {"pgf_set_bit", 3, true, fn_set_bit, NULL, NULL},
    {"pgf_bit_count", 1, true, fn_bit_count, NULL, NULL},
    {"pgf_encode", 2, true, fn_encode, NULL, NULL},
    {"pgf_decode", 2, true, fn_decode, NULL, NULL},
    {"pgf_md5", 1, true, fn_md5, NULL, NULL},
    {"pgf_sha", 2, true, fn_sha, NULL, NULL},
};
const size_t functions_bytea_n = sizeof(functions_bytea_rows) / sizeof(functions_bytea_rows[0]);
