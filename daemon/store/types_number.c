/* types_number.c: integers, floating point, numeric. */
#include "daemon/store/types_impl.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define NUMERIC_DIGITS_MAX 16383 /* after the point; PostgreSQL allows 131072 before it */
#define NUMERIC_BEFORE_MAX 131072

struct int_type {
    uint32_t oid;
    const char *name;
    int64_t min, max;
};

static const struct int_type *int_type(uint32_t oid)
{
    static const struct int_type types[] = {
        {TYPES_INT2, "smallint", -32768, 32767},
        {TYPES_INT4, "integer", TYPES_INT_MIN32, TYPES_INT_MAX32},
        {TYPES_INT8, "bigint", INT64_MIN, INT64_MAX},
        {0, "oid", 0, UINT32_MAX},
    };
    size_t i = 0;
    while (types[i].oid != 0 && types[i].oid != oid)
        i++;
    return &types[i];
}

int types_int_in(uint32_t oid, struct slice text, int64_t *ret, struct err *err)
{
    const struct int_type *type = int_type(oid);
    struct slice t = types_trim(text);
    size_t i = 0;
    bool negative = false, overflow = false;
    int64_t v = 0;
    if (i < t.len && (t.data[i] == '-' || t.data[i] == '+'))
        negative = t.data[i++] == '-';
    if (i == t.len)
        return types_bad_input(type->name, text, err);
    for (; i < t.len; i++) { /* counted downwards: there is one more negative number */
        if (t.data[i] < '0' || t.data[i] > '9')
            return types_bad_input(type->name, text, err);
        if (__builtin_mul_overflow(v, INT64_C(10), &v) ||
            __builtin_sub_overflow(v, (int64_t)(t.data[i] - '0'), &v))
            overflow = true;
    }
    if (!negative && __builtin_sub_overflow(INT64_C(0), v, &v))
        overflow = true;
    if (overflow || v < type->min || v > type->max)
        return err_set(err, SQLSTATE_NUMERIC_VALUE_OUT_OF_RANGE,
                       "value \"%.*s\" is out of range for type %s", TYPES_SHOWN(t), type->name);
    *ret = v;
    return 0;
}

/* "(page,place)" */
int types_tid_in(struct slice text, int64_t *ret, struct err *err)
{
    static const uint64_t max[2] = {UINT32_MAX, UINT16_MAX};
    static const char after[2] = {',', ')'};
    uint64_t parts[2] = {0, 0};
    size_t at = 0;
    while (at < text.len && isspace((unsigned char)text.data[at]))
        at++;
    for (int i = 0; i < 2; i++) {
        size_t digits = 0;
        if (i == 0 && (at >= text.len || text.data[at++] != '('))
            return types_bad_input("tid", text, err);
        for (; at < text.len && text.data[at] >= '0' && text.data[at] <= '9'; at++, digits++)
            if ((parts[i] = parts[i] * 10 + (uint64_t)(text.data[at] - '0')) > max[i])
                return types_bad_input("tid", text, err);
        if (digits == 0 || at >= text.len || text.data[at++] != after[i])
            return types_bad_input("tid", text, err);
    }
    *ret = (int64_t)(parts[0] << 16 | parts[1]);
    return 0;
}

int types_float_in(uint32_t oid, struct slice text, double *ret, struct err *err)
{
    const char *name = oid == TYPES_FLOAT4 ? "real" : "double precision";
    struct slice t = types_trim(text);
    char stack[128], *heap = NULL, *copy = stack, *end;
    if (t.len == 0)
        return types_bad_input(name, text, err);
    if (types_word(t, "nan")) {
        *ret = NAN;
        return 0;
    }
    if (t.len >= sizeof stack && !(copy = heap = malloc(t.len + 1)))
        return err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
    memcpy(copy, t.data, t.len);
    copy[t.len] = '\0';
    errno = 0;
    double v = strtod(copy, &end);
    bool whole = end == copy + t.len;
    bool range = errno == ERANGE && (v == 0 || isinf(v));
    free(heap);
    if (!whole || isnan(v))
        return types_bad_input(name, text, err);
    if (oid == TYPES_FLOAT4 && !isinf(v)) {
        float f = (float)v;
        range = range || isinf(f) || (f == 0 && v != 0);
        v = (double)f;
    }
    if (range)
        return err_set(err, SQLSTATE_NUMERIC_VALUE_OUT_OF_RANGE,
                       "\"%.*s\" is out of range for type %s", TYPES_SHOWN(t), name);
    *ret = v;
    return 0;
}

/* The shortest digits that read back as the same number: "d.ddde+xx". */
static void float_shortest(uint32_t oid, double v, char *ret, size_t size)
{
    int most = oid == TYPES_FLOAT4 ? 9 : 17;
    for (int precision = 1; precision <= most; precision++) {
        snprintf(ret, size, "%.*e", precision - 1, v);
        double back = strtod(ret, NULL);
        if (oid == TYPES_FLOAT4 ? strtof(ret, NULL) == (float)v : back == v)
            return;
    }
}

/* The digits of ${e} ("d.ddde+xx") written without an exponent. */
static void float_fixed(const char *e, int exponent, struct buf *out)
{
    char digits[32];
    size_t n = 0;
    for (const char *p = e; *p && *p != 'e'; p++)
        if (isdigit((unsigned char)*p) && n < sizeof digits)
            digits[n++] = *p;
    if (e[0] == '-')
        buf_append(out, "-", 1);
    if (exponent < 0) {
        buf_append(out, "0.", 2);
        for (int i = -1; i > exponent; i--)
            buf_append(out, "0", 1);
        buf_append(out, digits, n);
        return;
    }
    for (size_t i = 0; i < n || i <= (size_t)exponent; i++) {
        if (i == (size_t)exponent + 1)
            buf_append(out, ".", 1);
        buf_append(out, i < n ? &digits[i] : "0", 1);
    }
}

void types_float_out(uint32_t oid, double v, int extra_digits, struct buf *out)
{
    char text[64];
    if (isinf(v) || isnan(v)) {
        snprintf(text, sizeof text, "%s", isnan(v) ? "NaN" : v < 0 ? "-Infinity" : "Infinity");
        buf_append(out, text, strlen(text));
        return;
    }
    if (extra_digits <= 0) {
        int digits = (oid == TYPES_FLOAT4 ? 6 : 15) + extra_digits;
        snprintf(text, sizeof text, "%.*g", digits < 1 ? 1 : digits, v);
        buf_append(out, text, strlen(text));
        return;
    }
    float_shortest(oid, v, text, sizeof text);
    const char *e = strchr(text, 'e');
    int exponent = e ? (int)strtol(e + 1, NULL, 10) : 0;
    if (exponent >= -4 && exponent < (oid == TYPES_FLOAT4 ? 6 : 15))
        float_fixed(text, exponent, out);
    else
        buf_append(out, text, strlen(text));
}

/* -- numeric -- */

struct numeric_parts { /* borrowed from the text */
    bool negative;
    struct slice before, after; /* digits on both sides of the point */
    long exponent;
};

static int numeric_split(struct slice t, struct numeric_parts *ret)
{
    size_t i = 0;
    *ret = (struct numeric_parts){0};
    if (i < t.len && (t.data[i] == '-' || t.data[i] == '+'))
        ret->negative = t.data[i++] == '-';
    ret->before.data = t.data + i;
    for (; i < t.len && isdigit((unsigned char)t.data[i]); i++)
        ret->before.len++;
    if (i < t.len && t.data[i] == '.') {
        ret->after.data = t.data + ++i;
        for (; i < t.len && isdigit((unsigned char)t.data[i]); i++)
            ret->after.len++;
    }
    if (ret->before.len + ret->after.len == 0)
        return -1;
    if (i < t.len && (t.data[i] == 'e' || t.data[i] == 'E')) {
        bool minus = false;
        if (++i < t.len && (t.data[i] == '-' || t.data[i] == '+'))
            minus = t.data[i++] == '-';
        if (i == t.len)
            return -1;
        for (; i < t.len && isdigit((unsigned char)t.data[i]); i++)
            if (ret->exponent < 1000000)
                ret->exponent = ret->exponent * 10 + (t.data[i] - '0');
        if (minus)
            ret->exponent = -ret->exponent;
    }
    return i == t.len ? 0 : -1;
}

static int numeric_overflow(struct err *err)
{
    return err_set(err, SQLSTATE_NUMERIC_VALUE_OUT_OF_RANGE, "value overflows numeric format");
}

/* All digits of ${p} into ${ret} (with room for a carry in front), the point after ${ret_point} of
 * them. */
static int numeric_digits(const struct numeric_parts *p, char **ret, long *ret_n, long *ret_point,
                          struct err *err)
{
    long n = (long)(p->before.len + p->after.len);
    long point = (long)p->before.len + p->exponent;
    long total = n > point ? n : point;
    long lead = point < 0 ? -point : 0; /* zeros between the point and the first digit */
    if (point > NUMERIC_BEFORE_MAX || n - point > 4 * NUMERIC_DIGITS_MAX)
        return numeric_overflow(err);
    char *d = malloc((size_t)(total + lead + 2));
    if (!d)
        return err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
    memset(d, '0', (size_t)(total + lead + 2));
    if (p->before.len)
        memcpy(d + 1 + lead, p->before.data, p->before.len);
    if (p->after.len)
        memcpy(d + 1 + lead + p->before.len, p->after.data, p->after.len);
    *ret = d;
    *ret_n = total + lead + 1;
    *ret_point = point + lead + 1;
    return 0;
}

/* Half away from zero, to ${keep} digits; digits after them become zeros. */
static void numeric_round(char *d, long n, long keep)
{
    if (keep >= n)
        return;
    bool up = keep >= 0 && d[keep] >= '5';
    for (long i = keep < 0 ? 0 : keep; i < n; i++)
        d[i] = '0';
    for (long i = keep - 1; up && i >= 0; i--) {
        up = d[i] == '9';
        d[i] = up ? '0' : (char)(d[i] + 1);
    }
}

static int numeric_limit(const char *d, long n, long point, int precision, int scale,
                         struct err *err)
{
    long first = 0;
    while (first < n && d[first] == '0')
        first++;
    if (first == n || point - first <= precision - scale)
        return 0;
    err_set(err, SQLSTATE_NUMERIC_VALUE_OUT_OF_RANGE, "numeric field overflow");
    err_detail(
        err, "A field with precision %d, scale %d must round to an absolute value less than %s%d.",
        precision, scale, precision - scale ? "10^" : "",
        precision - scale ? precision - scale : 1);
    return -1;
}

static int numeric_write(bool negative, const char *d, long n, long point, long scale,
                         struct buf *scratch, struct slice *ret, struct err *err)
{
    size_t at = buf_len(scratch);
    long first = 0;
    bool zero = true;
    for (long i = 0; i < n; i++)
        zero = zero && d[i] == '0';
    while (first < point - 1 && d[first] == '0')
        first++;
    if (negative && !zero)
        buf_append(scratch, "-", 1);
    buf_append(scratch, d + first, (size_t)(point - first));
    if (scale > 0)
        buf_append(scratch, ".", 1);
    for (long i = 0; i < scale; i++)
        buf_append(scratch, point + i < n ? d + point + i : "0", 1);
    if (scratch->failed)
        return err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
    *ret = (struct slice){buf_peek(scratch).data + at, buf_len(scratch) - at};
    return 0;
}

/* The canonical text of NaN and the infinities; NULL: ${t} is none of them. */
static const char *numeric_special(struct slice t)
{
    static const char *const words[][2] = {
        {"nan", "NaN"},           {"infinity", "Infinity"},  {"+infinity", "Infinity"},
        {"-infinity", "-Infinity"}, {"inf", "Infinity"},       {"+inf", "Infinity"},
        {"-inf", "-Infinity"},
    };
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (types_word(t, words[i][0]))
            return words[i][1];
    return NULL;
}

int types_numeric_in(int32_t typmod, struct slice text, struct buf *scratch, struct slice *ret,
                     struct err *err)
{
    struct numeric_parts p;
    struct slice t = types_trim(text);
    char *d = NULL;
    long n = 0, point = 0;
    const char *special = numeric_special(t);
    if (special != NULL && special[0] != 'N' && typmod >= 4) {
        err_set(err, SQLSTATE_NUMERIC_VALUE_OUT_OF_RANGE, "numeric field overflow");
        err_detail(err, "A field with precision %d, scale %d cannot hold an infinite value.",
                   ((typmod - 4) >> 16) & 0xffff, (((typmod - 4) & 0x7ff) ^ 1024) - 1024);
        return -1;
    }
    if (special != NULL) {
        *ret = (struct slice){special, strlen(special)};
        return 0;
    }
    if (numeric_split(t, &p) < 0)
        return types_bad_input("numeric", text, err);
    long scale = (long)p.after.len - p.exponent;
    if (scale < 0)
        scale = 0;
    if (numeric_digits(&p, &d, &n, &point, err) < 0)
        return -1;
    int rc = 0;
    if (scale > NUMERIC_DIGITS_MAX) {
        scale = NUMERIC_DIGITS_MAX;
        numeric_round(d, n, point + scale);
    }
    if (typmod >= 4) {
        int precision = ((typmod - 4) >> 16) & 0xffff;
        int want = (((typmod - 4) & 0x7ff) ^ 1024) - 1024;
        numeric_round(d, n, point + want);
        scale = want < 0 ? 0 : want;
        rc = numeric_limit(d, n, point, precision, want, err);
    }
    if (rc == 0)
        rc = numeric_write(p.negative, d, n, point, scale, scratch, ret, err);
    free(d);
    return rc;
}

/* -Infinity -1, numbers 0, Infinity 1, NaN 2 */
static int numeric_rank(struct slice t)
{
    if (t.len == 3 && t.data[0] == 'N')
        return 2;
    if (t.len > 0 && t.data[0] == 'I')
        return 1;
    return t.len > 1 && t.data[1] == 'I' ? -1 : 0;
}

/* Canonical texts by value: -1 0 1; NaN is greatest. */
int types_numeric_compare(struct slice a, struct slice b)
{
    struct numeric_parts x, y;
    int arank = numeric_rank(a), brank = numeric_rank(b);
    if (arank != 0 || brank != 0)
        return (arank > brank) - (arank < brank);
    if (numeric_split(a, &x) < 0 || numeric_split(b, &y) < 0)
        return 0;
    if (x.negative != y.negative)
        return x.negative ? -1 : 1;
    int sign = x.negative ? -1 : 1;
    if (x.before.len != y.before.len)
        return x.before.len > y.before.len ? sign : -sign;
    int c = memcmp(x.before.data, y.before.data, x.before.len);
    size_t most = x.after.len > y.after.len ? x.after.len : y.after.len;
    for (size_t i = 0; c == 0 && i < most; i++)
        c = (i < x.after.len ? x.after.data[i] : '0') - (i < y.after.len ? y.after.data[i] : '0');
    return c == 0 ? 0 : c > 0 ? sign : -sign;
}
