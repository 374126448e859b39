/* functions_inet.c: what PostgreSQL's functions and operators on network and hardware addresses
 * become; see inet.h.  Comparisons are SQLite's own. */
#include "daemon/store/functions_impl.h"
#include "daemon/store/inet.h"

#include <stdio.h>
#include <string.h>

/* False: NULL, or the call has failed. */
static bool read_inet(sqlite3_context *ctx, sqlite3_value *v, struct inet *ret)
{
    if (sqlite3_value_type(v) == SQLITE_NULL)
        return false;
    if (inet_unpack(functions_slice(v), ret))
        return true;
    functions_fail(ctx, SQLSTATE_INTERNAL_ERROR, "a stored address has the wrong form");
    return false;
}

static void result_inet(sqlite3_context *ctx, const struct inet *v)
{
    unsigned char stored[INET_STORED_MAX];
    sqlite3_result_blob(ctx, stored, (int)inet_pack(v, stored), SQLITE_TRANSIENT);
}

/* Does the first argument, always a literal, say so? */
static bool is(sqlite3_value *v, const char *what)
{
    struct slice s = functions_slice(v);
    return s.len == strlen(what) && memcmp(s.data, what, s.len) == 0;
}

/* pgf_inet_text('host', 'text' or 'abbrev', inet) */
static void fn_text(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    (void)argc;
    struct inet v;
    struct buf out;
    if (!read_inet(ctx, argv[1], &v))
        return;
    functions_buf(&out);
    inet_print(&v, is(argv[0], "text") || (is(argv[0], "abbrev") && v.bits != inet_max_bits(&v)),
               &out);
    functions_finish(ctx, &out);
}

/* pgf_cidr_abbrev(cidr): only the octets under the mask */
static void fn_cidr_abbrev(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    (void)argc;
    struct inet v;
    struct buf out;
    char text[16];
    if (!read_inet(ctx, argv[0], &v))
        return;
    if (v.family == INET_FAMILY_6) {
        functions_fail(ctx, SQLSTATE_FEATURE_NOT_SUPPORTED,
                       "abbrev(cidr) of IPv6 is not supported");
        return;
    }
    functions_buf(&out);
    for (int i = 0; i == 0 || i < (v.bits + 7) / 8; i++) {
        snprintf(text, sizeof text, "%s%u", i == 0 ? "" : ".", v.bits == 0 ? 0 : v.address[i]);
        buf_append(&out, text, strlen(text));
    }
    snprintf(text, sizeof text, "/%d", v.bits);
    buf_append(&out, text, strlen(text));
    functions_finish(ctx, &out);
}

/* pgf_inet_part(which, inet): another address */
static void fn_part(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    (void)argc;
    struct inet v;
    if (!read_inet(ctx, argv[1], &v))
        return;
    if (is(argv[0], "broadcast")) {
        inet_set_host(&v, v.bits);
    } else if (is(argv[0], "network")) {
        inet_clear_host(&v, v.bits);
    } else if (is(argv[0], "not")) {
        for (int i = 0; i < inet_size(&v); i++)
            v.address[i] = (unsigned char)~v.address[i];
    } else { /* a mask: all ones before or behind its end */
        memset(v.address, is(argv[0], "netmask") ? 0xff : 0, sizeof v.address);
        if (is(argv[0], "netmask"))
            inet_clear_host(&v, v.bits);
        else
            inet_set_host(&v, v.bits);
        v.bits = inet_max_bits(&v);
    }
    result_inet(ctx, &v);
}

/* pgf_inet_fact('masklen' or 'family', inet) */
static void fn_fact(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    (void)argc;
    struct inet v;
    if (read_inet(ctx, argv[1], &v))
        sqlite3_result_int(ctx, is(argv[0], "masklen")      ? v.bits
                                : v.family == INET_FAMILY_4 ? 4
                                                            : 6);
}

/* pgf_inet_set_masklen(cidr?, inet, bits): -1 is the longest */
static void fn_set_masklen(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    struct inet v;
    if (functions_null(argc, argv) || !read_inet(ctx, argv[1], &v))
        return;
    int bits = sqlite3_value_int(argv[2]);
    if (bits < -1 || bits > inet_max_bits(&v)) {
        functions_fail(ctx, SQLSTATE_INVALID_PARAMETER_VALUE, "invalid mask length: %d", bits);
        return;
    }
    v.bits = bits == -1 ? inet_max_bits(&v) : bits;
    if (sqlite3_value_int(argv[0]))
        inet_clear_host(&v, v.bits);
    result_inet(ctx, &v);
}

/* The first two arguments; false: NULL, or it has failed. */
static bool read_two(sqlite3_context *ctx, sqlite3_value **argv, struct inet *a, struct inet *b)
{
    return read_inet(ctx, argv[0], a) && read_inet(ctx, argv[1], b);
}

static bool of_one_family(sqlite3_context *ctx, const struct inet *a, const struct inet *b,
                          const char *message)
{
    if (a->family != b->family)
        functions_fail(ctx, SQLSTATE_INVALID_PARAMETER_VALUE, "%s", message);
    return a->family == b->family;
}

static int shorter(const struct inet *a, const struct inet *b)
{
    return a->bits < b->bits ? a->bits : b->bits;
}

/* pgf_inet_merge(a, b): the smallest network with both */
static void fn_merge(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    (void)argc;
    struct inet a, b;
    if (!read_two(ctx, argv, &a, &b) ||
        !of_one_family(ctx, &a, &b, "cannot merge addresses from different families"))
        return;
    a.bits = inet_common(&a, &b, shorter(&a, &b));
    inet_clear_host(&a, a.bits);
    result_inet(ctx, &a);
}

/* pgf_inet_within(a, b, strictly?): is a in the network of b? */
static void fn_within(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    (void)argc;
    struct inet a, b;
    if (!read_two(ctx, argv, &a, &b))
        return;
    sqlite3_result_int(ctx, a.family == b.family && a.bits >= b.bits + sqlite3_value_int(argv[2]) &&
                                inet_common(&a, &b, b.bits) == b.bits);
}

static void fn_overlaps(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    (void)argc;
    struct inet a, b;
    if (!read_two(ctx, argv, &a, &b))
        return;
    int bits = shorter(&a, &b);
    sqlite3_result_int(ctx, a.family == b.family && inet_common(&a, &b, bits) == bits);
}

/* pgf_inet_bits('AND' or 'OR', a, b) */
static void fn_bits(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    (void)argc;
    struct inet a, b;
    bool and = is(argv[0], "AND");
    if (!read_two(ctx, argv + 1, &a, &b) ||
        !of_one_family(ctx, &a, &b,
                       and? "cannot AND inet values of different sizes"
                          : "cannot OR inet values of different sizes"))
        return;
    for (int i = 0; i < inet_size(&a); i++)
        a.address[i] =
            (unsigned char)(and? a.address[i] & b.address[i] : a.address[i] | b.address[i]);
    a.bits = a.bits > b.bits ? a.bits : b.bits;
    result_inet(ctx, &a);
}

static unsigned __int128 number_of(const struct inet *v)
{
    unsigned __int128 n = 0;
    for (int i = 0; i < inet_size(v); i++)
        n = n << 8 | v->address[i];
    return n;
}

static void out_of_range(sqlite3_context *ctx)
{
    functions_fail(ctx, SQLSTATE_NUMERIC_VALUE_OUT_OF_RANGE, "result is out of range");
}

/* pgf_inet_add(inet, int8, negated?) */
static void fn_add(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    struct inet v;
    if (functions_null(argc, argv) || !read_inet(ctx, argv[0], &v))
        return;
    int64_t addend = sqlite3_value_int64(argv[1]);
    if (sqlite3_value_int(argv[2]))
        addend = (int64_t)(0 - (uint64_t)addend);
    unsigned __int128 n = number_of(&v), sum = n + (unsigned __int128)(__int128)addend;
    bool wide = v.family == INET_FAMILY_4 && sum >> 32 != 0;
    if (wide || (addend >= 0 ? sum < n : sum > n)) {
        out_of_range(ctx);
        return;
    }
    for (int i = inet_size(&v) - 1; i >= 0; i--, sum >>= 8)
        v.address[i] = (unsigned char)sum;
    result_inet(ctx, &v);
}

/* pgf_inet_distance(a, b): modulo 2^128, as PostgreSQL counts */
static void fn_distance(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    (void)argc;
    struct inet a, b;
    if (!read_two(ctx, argv, &a, &b) ||
        !of_one_family(ctx, &a, &b, "cannot subtract inet values of different sizes"))
        return;
    __int128 d = (__int128)(number_of(&a) - number_of(&b));
    if (d < INT64_MIN || d > INT64_MAX)
        out_of_range(ctx);
    else
        sqlite3_result_int64(ctx, (int64_t)d);
}

/* -- hardware addresses: bytes -- */

/* pgf_macaddr_bits('AND', 'OR' or 'NOT', a, b) */
static void fn_macaddr_bits(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    struct slice a = functions_slice(argv[1]), b = functions_slice(argv[2]);
    unsigned char bytes[8];
    if (functions_null(argc, argv))
        return;
    size_t n = a.len < b.len ? a.len : b.len;
    n = n < sizeof bytes ? n : sizeof bytes;
    for (size_t i = 0; i < n; i++)
        bytes[i] = (unsigned char)(is(argv[0], "AND")  ? a.data[i] & b.data[i]
                                   : is(argv[0], "OR") ? a.data[i] | b.data[i]
                                                       : ~a.data[i]);
    sqlite3_result_blob(ctx, bytes, (int)n, SQLITE_TRANSIENT);
}

/* pgf_macaddr_wide(macaddr) */
static void fn_macaddr_wide(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    (void)argc;
    struct slice a = functions_slice(argv[0]);
    unsigned char bytes[8] = {0, 0, 0, 0xff, 0xfe};
    if (a.len != 6)
        return; /* NULL */
    memcpy(bytes, a.data, 3);
    memcpy(bytes + 5, a.data + 3, 3);
    sqlite3_result_blob(ctx, bytes, sizeof bytes, SQLITE_TRANSIENT);
}

/* pgf_macaddr_narrow(macaddr8) */
static void fn_macaddr_narrow(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    (void)argc;
    struct slice a = functions_slice(argv[0]);
    unsigned char bytes[6];
    if (a.len != 8)
        return; /* NULL */
    if (memcmp(a.data + 3, "\xff\xfe", 2) != 0) {
        functions_fail(ctx, SQLSTATE_NUMERIC_VALUE_OUT_OF_RANGE,
                       "macaddr8 data out of range to convert to macaddr");
        err_hint(&functions_context(ctx)->raised,
                 "Only addresses that have FF and FE as values in the 4th and 5th bytes from the "
                 "left, for example xx:xx:xx:ff:fe:xx:xx:xx, are eligible to be converted from "
                 "macaddr8 to macaddr.");
        return;
    }
    memcpy(bytes, a.data, 3);
    memcpy(bytes + 3, a.data + 5, 3);
    sqlite3_result_blob(ctx, bytes, sizeof bytes, SQLITE_TRANSIENT);
}

const struct function_row functions_inet_rows[] = {
    {"pgf_inet_text", 2, true, fn_text, NULL, NULL},
    {"pgf_cidr_abbrev", 1, true, fn_cidr_abbrev, NULL, NULL},
    {"pgf_inet_part", 2, true, fn_part, NULL, NULL},
    {"pgf_inet_fact", 2, true, fn_fact, NULL, NULL},
    {"pgf_inet_set_masklen", 3, true, fn_set_masklen, NULL, NULL},
    {"pgf_inet_merge", 2, true, fn_merge, NULL, NULL},
    {"pgf_inet_within", 3, true, fn_within, NULL, NULL},
    {"pgf_inet_overlaps", 2, true, fn_overlaps, NULL, NULL},
    {"pgf_inet_bits", 3, true, fn_bits, NULL, NULL},
    {"pgf_inet_add", 3, true, fn_add, NULL, NULL},
    {"pgf_inet_distance", 2, true, fn_distance, NULL, NULL},
    {"pgf_macaddr_bits", 3, true, fn_macaddr_bits, NULL, NULL},
    {"pgf_macaddr_wide", 1, true, fn_macaddr_wide, NULL, NULL},
    {"pgf_macaddr_narrow", 1, true, fn_macaddr_narrow, NULL, NULL},
};
const size_t functions_inet_n = sizeof(functions_inet_rows) / sizeof(functions_inet_rows[0]);
