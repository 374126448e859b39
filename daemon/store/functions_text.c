/* functions_text.c: functions of strings, by characters as PostgreSQL counts them. */
#include "daemon/store/functions_impl.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <wctype.h>

/* -- case: simple mappings of the locale C.UTF-8 -- */

enum letter { LOWER, UPPER, TITLE };

static void map_case(sqlite3_context *ctx, struct slice text, enum letter how)
{
    locale_t locale = functions_locale();
    struct buf out;
    bool in_word = false;
    if (locale == (locale_t)0) {
        functions_fail(ctx, SQLSTATE_OUT_OF_MEMORY, "locale C.UTF-8 is not available");
        return;
    }
    functions_buf(&out);
    for (size_t at = 0, n; at < text.len; at += n) {
        wint_t c = (wint_t)functions_decode(text.data + at, text.len - at, &n);
        bool upper = how == UPPER || (how == TITLE && !in_word);
        char bytes[4];
        in_word = iswalnum_l(c, locale) != 0;
        c = upper ? towupper_l(c, locale) : towlower_l(c, locale);
        buf_append(&out, bytes, functions_encode((uint32_t)c, bytes));
    }
    functions_finish(ctx, &out);
}

static void fn_lower(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    if (!functions_null(argc, argv))
        map_case(ctx, functions_slice(argv[0]), LOWER);
}

static void fn_upper(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    if (!functions_null(argc, argv))
        map_case(ctx, functions_slice(argv[0]), UPPER);
}

static void fn_initcap(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    if (!functions_null(argc, argv))
        map_case(ctx, functions_slice(argv[0]), TITLE);
}

/* -- parts -- */

static void fn_substring(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    if (functions_null(argc, argv))
        return;
    struct slice text = functions_slice(argv[0]);
    int64_t start = sqlite3_value_int64(argv[1]), end = INT64_MAX;
    if (argc == 3) {
        int64_t len = sqlite3_value_int64(argv[2]);
        if (len < 0) {
            functions_fail(ctx, "22011", "negative substring length not allowed");
            return;
        }
        end = start + len; /* first character after; both fit in 33 bits */
    }
    if (start < 1)
        start = 1;
    if (end <= start) {
        functions_result_text(ctx, "", 0);
        return;
    }
    size_t from = functions_offset(text, (size_t)start - 1);
    struct slice rest = {text.data + from, text.len - from};
    size_t len = end == INT64_MAX ? rest.len : functions_offset(rest, (size_t)(end - start));
    functions_result_text(ctx, rest.data, len);
}

static void fn_left(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    if (functions_null(argc, argv))
        return;
    struct slice text = functions_slice(argv[0]);
    int64_t n = sqlite3_value_int64(argv[1]);
    if (n < 0)
        n = (int64_t)functions_chars(text) + n;
    functions_result_text(ctx, text.data, n <= 0 ? 0 : functions_offset(text, (size_t)n));
}

static void fn_right(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    if (functions_null(argc, argv))
        return;
    struct slice text = functions_slice(argv[0]);
    int64_t n = sqlite3_value_int64(argv[1]), chars = (int64_t)functions_chars(text);
    int64_t skip = n < 0 ? -n : chars - n;
    size_t from = skip <= 0 ? 0 : functions_offset(text, (size_t)skip);
    functions_result_text(ctx, text.data + from, text.len - from);
}

static void pad(sqlite3_context *ctx, sqlite3_value **argv, bool left)
{
    struct slice text = functions_slice(argv[0]), fill = functions_slice(argv[2]);
    int64_t want = sqlite3_value_int64(argv[1]), have = (int64_t)functions_chars(text);
    struct buf out;
    if (want < 0)
        want = 0;
    if (want <= have || fill.len == 0) {
        functions_result_text(ctx, text.data,
                              want < have ? functions_offset(text, (size_t)want) : text.len);
        return;
    }
    functions_buf(&out);
    if (!left)
        buf_append(&out, text.data, text.len);
    size_t at = 0;
    for (int64_t i = have; i < want && !out.failed; i++) {
        size_t n = functions_char(fill.data + at, fill.len - at);
        buf_append(&out, fill.data + at, n);
        at = at + n >= fill.len ? 0 : at + n;
    }
    if (left)
        buf_append(&out, text.data, text.len);
    functions_finish(ctx, &out);
}

static void fn_lpad(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    if (!functions_null(argc, argv))
        pad(ctx, argv, true);
}

static void fn_rpad(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    if (!functions_null(argc, argv))
        pad(ctx, argv, false);
}

static size_t find(struct slice text, size_t from, struct slice what)
{
    const char *hit = memmem(text.data + from, text.len - from, what.data, what.len);
    return hit == NULL ? SIZE_MAX : (size_t)(hit - text.data);
}

static void fn_replace(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    if (functions_null(argc, argv))
        return;
    struct slice text = functions_slice(argv[0]), from = functions_slice(argv[1]);
    struct slice to = functions_slice(argv[2]);
    struct buf out;
    size_t at = 0, hit;
    functions_buf(&out);
    while (from.len > 0 && at < text.len && !out.failed &&
           (hit = find(text, at, from)) != SIZE_MAX) {
        buf_append(&out, text.data + at, hit - at);
        buf_append(&out, to.data, to.len);
        at = hit + from.len;
    }
    buf_append(&out, text.data + at, text.len - at);
    functions_finish(ctx, &out);
}

static void fn_split_part(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    if (functions_null(argc, argv))
        return;
    struct slice text = functions_slice(argv[0]), by = functions_slice(argv[1]);
    int64_t want = sqlite3_value_int64(argv[2]), parts = 1;
    if (want == 0) {
        functions_fail(ctx, SQLSTATE_INVALID_PARAMETER_VALUE, "field position must not be zero");
        return;
    }
    for (size_t at = 0, hit; by.len > 0 && at <= text.len && (hit = find(text, at, by)) != SIZE_MAX;
         at = hit + by.len)
        parts++;
    if (want < 0)
        want = parts + want + 1;
    if (want < 1 || want > parts) {
        functions_result_text(ctx, "", 0);
        return;
    }
    size_t at = 0;
    for (int64_t i = 1; i < want; i++)
        at = find(text, at, by) + by.len;
    size_t end = by.len > 0 ? find(text, at, by) : SIZE_MAX;
    functions_result_text(ctx, text.data + at, (end == SIZE_MAX ? text.len : end) - at);
}

/* pgf_overlay(text, new, from, length) */
static void fn_overlay(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    struct buf out;
    if (functions_null(argc, argv))
        return;
    struct slice text = functions_slice(argv[0]), with = functions_slice(argv[1]);
    int64_t from = sqlite3_value_int64(argv[2]), end = from + sqlite3_value_int64(argv[3]);
    if (from <= 0) {
        functions_fail(ctx, "22011", "negative substring length not allowed");
        return;
    }
    size_t head = functions_offset(text, (size_t)from - 1);
    size_t tail = end <= 1 ? 0 : functions_offset(text, (size_t)end - 1);
    functions_buf(&out);
    buf_append(&out, text.data, head);
    buf_append(&out, with.data, with.len);
    buf_append(&out, text.data + tail, text.len - tail);
    functions_finish(ctx, &out);
}

static void fn_reverse(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    if (functions_null(argc, argv))
        return;
    struct slice text = functions_slice(argv[0]);
    struct buf out;
    functions_buf(&out);
    for (size_t end = text.len; end > 0;) {
        size_t start = end - 1;
        while (start > 0 && (text.data[start] & 0xc0) == 0x80)
            start--;
        buf_append(&out, text.data + start, end - start);
        end = start;
    }
    functions_finish(ctx, &out);
}

static void fn_repeat(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    if (functions_null(argc, argv))
        return;
    struct slice text = functions_slice(argv[0]);
    struct buf out;
    functions_buf(&out);
    for (int64_t n = sqlite3_value_int64(argv[1]); n > 0 && text.len > 0 && !out.failed; n--)
        buf_append(&out, text.data, text.len);
    functions_finish(ctx, &out);
}

/* -- putting together -- */

static void fn_concat(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    struct buf out;
    functions_buf(&out);
    for (int i = 0; i < argc; i++) {
        struct slice part = functions_slice(argv[i]);
        buf_append(&out, part.data, part.len);
    }
    functions_finish(ctx, &out);
}

static void fn_concat_ws(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    struct buf out;
    bool first = true;
    if (functions_null(1, argv))
        return;
    struct slice by = functions_slice(argv[0]);
    functions_buf(&out);
    for (int i = 1; i < argc; i++) {
        if (sqlite3_value_type(argv[i]) == SQLITE_NULL)
            continue;
        struct slice part = functions_slice(argv[i]);
        if (!first)
            buf_append(&out, by.data, by.len);
        buf_append(&out, part.data, part.len);
        first = false;
    }
    functions_finish(ctx, &out);
}

static void fn_translate(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    if (functions_null(argc, argv))
        return;
    struct slice text = functions_slice(argv[0]), from = functions_slice(argv[1]);
    struct slice to = functions_slice(argv[2]);
    struct buf out;
    functions_buf(&out);
    for (size_t at = 0, n; at < text.len; at += n) {
        n = functions_char(text.data + at, text.len - at);
        size_t index = 0, f = 0;
        while (f < from.len) {
            size_t m = functions_char(from.data + f, from.len - f);
            if (m == n && memcmp(from.data + f, text.data + at, n) == 0)
                break;
            f += m;
            index++;
        }
        if (f >= from.len) {
            buf_append(&out, text.data + at, n);
            continue;
        }
        size_t t = functions_offset(to, index);
        if (t < to.len)
            buf_append(&out, to.data + t, functions_char(to.data + t, to.len - t));
    }
    functions_finish(ctx, &out);
}

/* -- characters -- */

static void fn_ascii(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    size_t n;
    if (functions_null(argc, argv))
        return;
    struct slice text = functions_slice(argv[0]);
    sqlite3_result_int64(ctx,
                         text.len == 0 ? 0 : (int64_t)functions_decode(text.data, text.len, &n));
}

static void fn_chr(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    char bytes[4];
    if (functions_null(argc, argv))
        return;
    int64_t c = sqlite3_value_int64(argv[0]);
    if (c < 0)
        functions_fail(ctx, SQLSTATE_INVALID_PARAMETER_VALUE, "character number must be positive");
    else if (c == 0)
        functions_fail(ctx, "54000", "null character not permitted");
    else if (c > 0x10ffff)
        functions_fail(ctx, "54000", "requested character too large for encoding: %lld",
                       (long long)c);
    else if (c >= 0xd800 && c <= 0xdfff)
        functions_fail(ctx, "54000", "requested character not valid for encoding: %lld",
                       (long long)c);
    else
        functions_result_text(ctx, bytes, functions_encode((uint32_t)c, bytes));
}

static void fn_to_hex(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    char text[32];
    if (functions_null(argc, argv))
        return;
    int n = snprintf(text, sizeof(text), "%llx", (unsigned long long)sqlite3_value_int64(argv[0]));
    functions_result_text(ctx, text, (size_t)n);
}

static void fn_starts_with(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    if (functions_null(argc, argv))
        return;
    struct slice text = functions_slice(argv[0]), with = functions_slice(argv[1]);
    sqlite3_result_int(ctx, with.len <= text.len &&
                                (with.len == 0 || memcmp(text.data, with.data, with.len) == 0));
}

static void fn_bool_text(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    if (functions_null(argc, argv))
        return;
    if (sqlite3_value_int64(argv[0]) != 0)
        functions_result_text(ctx, "true", 4);
    else
        functions_result_text(ctx, "false", 5);
}

const struct function_row functions_text_rows[] = {
    {"pgf_lower", 1, true, fn_lower, NULL, NULL},
    {"pgf_upper", 1, true, fn_upper, NULL, NULL},
    {"pgf_initcap", 1, true, fn_initcap, NULL, NULL},
    {"pgf_substring", 2, true, fn_substring, NULL, NULL},
    {"pgf_substring", 3, true, fn_substring, NULL, NULL},
    {"pgf_left", 2, true, fn_left, NULL, NULL},
    {"pgf_right", 2, true, fn_right, NULL, NULL},
    {"pgf_lpad", 3, true, fn_lpad, NULL, NULL},
    {"pgf_rpad", 3, true, fn_rpad, NULL, NULL},
    {"pgf_replace", 3, true, fn_replace, NULL, NULL},
    {"pgf_split_part", 3, true, fn_split_part, NULL, NULL},
    {"pgf_overlay", 4, true, fn_overlay, NULL, NULL},
    {"pgf_reverse", 1, true, fn_reverse, NULL, NULL},
    {"pgf_repeat", 2, true, fn_repeat, NULL, NULL},
    {"pgf_concat", -1, true, fn_concat, NULL, NULL},
    {"pgf_concat_ws", -1, true, fn_concat_ws, NULL, NULL},
    {"pgf_translate", 3, true, fn_translate, NULL, NULL},
    {"pgf_ascii", 1, true, fn_ascii, NULL, NULL},
    {"pgf_chr", 1, true, fn_chr, NULL, NULL},
    {"pgf_to_hex", 1, true, fn_to_hex, NULL, NULL},
    {"pgf_starts_with", 2, true, fn_starts_with, NULL, NULL},
    {"pgf_bool_text", 1, true, fn_bool_text, NULL, NULL},
};
const size_t functions_text_n = sizeof(functions_text_rows) / sizeof(functions_text_rows[0]);
