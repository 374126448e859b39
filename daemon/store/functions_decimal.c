/* functions_decimal.c: exact decimal arithmetic with numeric's rules for scale; see
 * functions_impl.h.
 *
 * Digits are base 10000, as in PostgreSQL: the scale of a quotient depends on them. */
#include "daemon/store/functions_impl.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    BASE = 10000,
    BASE_DIGITS = 4,
    WEIGHT_MAX = 32767,
    DIV_DIGITS_MIN = 16,
    DIV_SCALE_MAX = 1000
};

void decimal_free(struct decimal *a)
{
    free(a->digits);
    memset(a, 0, sizeof(*a));
}

static bool decimal_new(struct decimal *ret, int n, int weight, int scale, bool negative)
{
    memset(ret, 0, sizeof(*ret));
    if (weight > WEIGHT_MAX || n < 0)
        return false;
    ret->digits = calloc((size_t)n + 1, sizeof(ret->digits[0]));
    ret->n = n;
    ret->weight = weight;
    ret->scale = scale;
    ret->negative = negative;
    return ret->digits != NULL;
}

/* Drop zeros at both ends; zero has no sign. */
static void strip(struct decimal *a)
{
    int lead = 0;
    while (a->n > 0 && a->digits[a->n - 1] == 0)
        a->n--;
    while (lead < a->n && a->digits[lead] == 0)
        lead++;
    if (lead > 0)
        memmove(a->digits, a->digits + lead, sizeof(a->digits[0]) * (size_t)(a->n - lead));
    a->n -= lead;
    a->weight -= lead;
    if (a->n == 0) {
        a->weight = 0;
        a->negative = false;
    }
}

/* The digit of weight ${w}. */
static int digit(const struct decimal *a, int w)
{
    int i = a->weight - w;
    return i >= 0 && i < a->n ? a->digits[i] : 0;
}

bool decimal_parse(struct slice text, struct decimal *ret)
{
    size_t at = 0, point = text.len;
    bool negative = text.len > 0 && text.data[0] == '-';
    if (text.len == 3 && memcmp(text.data, "NaN", 3) == 0) {
        bool ok = decimal_new(ret, 0, 0, 0, false);
        ret->nan = true;
        return ok;
    }
    if (text.len - (size_t)negative == 8 && text.data[negative] == 'I') {
        bool ok = decimal_new(ret, 0, 0, 0, negative);
        ret->infinite = true;
        return ok;
    }
    if (negative)
        at = 1;
    for (size_t i = at; i < text.len; i++)
        if (text.data[i] == '.')
            point = i;
    int whole = (int)(point - at), scale = point < text.len ? (int)(text.len - point - 1) : 0;
    int weight = (whole + BASE_DIGITS - 1) / BASE_DIGITS - 1;
    int n = weight + 1 + (scale + BASE_DIGITS - 1) / BASE_DIGITS;
    if (!decimal_new(ret, n, weight, scale, negative))
        return false;
    for (size_t i = at; i < text.len; i++) {
        if (i == point)
            continue;
        if (text.data[i] < '0' || text.data[i] > '9') {
            decimal_free(ret);
            return false;
        }
        /* decimal position: 0 is the unit, positive to the left */
        int place = i < point ? (int)(point - i) - 1 : -(int)(i - point);
        int w = place >= 0 ? place / BASE_DIGITS : -((-place + BASE_DIGITS - 1) / BASE_DIGITS);
        int power = place - w * BASE_DIGITS, value = text.data[i] - '0';
        while (power-- > 0)
            value *= 10;
        ret->digits[weight - w] = (int16_t)(ret->digits[weight - w] + value);
    }
    strip(ret);
    return true;
}

void decimal_print(const struct decimal *a, struct buf *out)
{
    char four[8];
    if (a->nan) {
        buf_append(out, "NaN", 3);
        return;
    }
    if (a->negative)
        buf_append(out, "-", 1);
    if (a->infinite) {
        buf_append(out, "Infinity", 8);
        return;
    }
    int w = a->n > 0 && a->weight > 0 ? a->weight : 0;
    int n = snprintf(four, sizeof(four), "%d", digit(a, w));
    buf_append(out, four, (size_t)n);
    while (--w >= 0) {
        snprintf(four, sizeof(four), "%04d", digit(a, w));
        buf_append(out, four, 4);
    }
    if (a->scale > 0)
        buf_append(out, ".", 1);
    for (int left = a->scale, v = -1; left > 0; left -= BASE_DIGITS, v--) {
        snprintf(four, sizeof(four), "%04d", digit(a, v));
        buf_append(out, four, left < BASE_DIGITS ? (size_t)left : BASE_DIGITS);
    }
}

bool decimal_of_int(int64_t v, struct decimal *ret)
{
    char text[24];
    int n = snprintf(text, sizeof(text), "%lld", (long long)v);
    return decimal_parse((struct slice){text, (size_t)n}, ret);
}

bool decimal_copy(const struct decimal *a, struct decimal *ret)
{
    if (!decimal_new(ret, a->n, a->weight, a->scale, a->negative))
        return false;
    ret->nan = a->nan;
    ret->infinite = a->infinite;
    memcpy(ret->digits, a->digits, sizeof(a->digits[0]) * (size_t)a->n);
    return true;
}

/* -- addition -- */

static int compare_absolute(const struct decimal *a, const struct decimal *b)
{
    int top = a->weight > b->weight ? a->weight : b->weight;
    int abottom = a->weight - a->n, bbottom = b->weight - b->n;
    int bottom = abottom < bbottom ? abottom : bbottom;
    if (a->n == 0 || b->n == 0)
        return (a->n > 0) - (b->n > 0);
    for (int w = top; w > bottom; w--)
        if (digit(a, w) != digit(b, w))
            return digit(a, w) < digit(b, w) ? -1 : 1;
    return 0;
}

int decimal_compare(const struct decimal *a, const struct decimal *b)
{
    if (a->negative != b->negative)
        return a->negative ? -1 : 1;
    int c = compare_absolute(a, b);
    return a->negative ? -c : c;
}

/* |a| + |b|, or |a| - |b| where |a| >= |b|. */
static bool combine(const struct decimal *a, const struct decimal *b, bool subtract, bool negative,
                    struct decimal *ret)
{
    int top = (a->weight > b->weight ? a->weight : b->weight) + 1;
    int abottom = a->weight - a->n, bbottom = b->weight - b->n;
    int bottom = abottom < bbottom ? abottom : bbottom, carry = 0;
    if (!decimal_new(ret, top - bottom, top, a->scale > b->scale ? a->scale : b->scale, negative))
        return false;
    for (int w = bottom + 1; w <= top; w++) {
        int sum = digit(a, w) + (subtract ? -digit(b, w) : digit(b, w)) + carry;
        carry = sum < 0 ? -1 : sum >= BASE ? 1 : 0;
        ret->digits[top - w] = (int16_t)(sum - carry * BASE);
    }
    strip(ret);
    return true;
}

bool decimal_add(const struct decimal *a, const struct decimal *b, bool subtract,
                 struct decimal *ret)
{
    if (a->nan || b->nan)
        return decimal_parse((struct slice){"NaN", 3}, ret);
    bool bnegative = b->negative != subtract;
    if (a->negative == bnegative)
        return combine(a, b, false, a->negative, ret);
    if (compare_absolute(a, b) >= 0)
        return combine(a, b, true, a->negative, ret);
    return combine(b, a, true, bnegative, ret);
}

/* -- multiplication -- */

bool decimal_mul(const struct decimal *a, const struct decimal *b, struct decimal *ret)
{
    if (a->nan || b->nan)
        return decimal_parse((struct slice){"NaN", 3}, ret);
    int n = a->n + b->n;
    uint64_t *sums = calloc((size_t)n + 1, sizeof(*sums)), carry = 0;
    if (sums == NULL || !decimal_new(ret, n, a->weight + b->weight + 1, a->scale + b->scale,
                                     a->negative != b->negative)) {
        free(sums);
        memset(ret, 0, sizeof(*ret));
        return false;
    }
    for (int i = 0; i < a->n;
         i++) /* so many products fit: there are fewer than 2^17, each below 2^27 */
        for (int k = 0; k < b->n; k++)
            sums[i + k + 1] += (uint32_t)a->digits[i] * (uint32_t)b->digits[k];
    for (int i = n - 1; i >= 0; i--) {
        carry += sums[i];
        ret->digits[i] = (int16_t)(carry % BASE);
        carry /= BASE;
    }
    free(sums);
    strip(ret);
    return true;
}

/* -- rounding -- */

bool decimal_round(const struct decimal *a, int scale, bool truncate, struct decimal *ret)
{
    if (decimal_special(a))
        return decimal_copy(a, ret);
    int top = a->weight + 1 > 0 ? a->weight + 1 : 0, bottom = a->weight - a->n;
    int shown = scale > 0 ? scale : 0;
    if (bottom > -1)
        bottom = -1;
    if (!decimal_new(ret, top - bottom, top, shown, a->negative))
        return false;
    for (int w = bottom + 1; w <= top; w++)
        ret->digits[top - w] = (int16_t)digit(a, w);
    /* the base digit that holds the last decimal kept, and how many decimals of it are kept */
    int place = -scale; /* decimal weight of the last digit kept */
    int w = place >= 0 ? place / BASE_DIGITS : -((-place + BASE_DIGITS - 1) / BASE_DIGITS);
    int unit = 1;
    for (int i = place - w * BASE_DIGITS; i > 0; i--)
        unit *= 10;
    if (w > top) { /* nothing is kept */
        ret->n = 0;
        strip(ret);
        return true;
    }
    int at = top - w, up = 0;
    if (at < ret->n) {
        int v = ret->digits[at], rest = v % unit;
        int next = at + 1 < ret->n ? ret->digits[at + 1] : 0;
        up = truncate ? 0 : unit > 1 ? rest * 2 >= unit : next >= BASE / 2;
        ret->digits[at] = (int16_t)(v - rest);
        for (int i = at + 1; i < ret->n; i++)
            ret->digits[i] = 0;
        for (int carry = up ? unit : 0; carry > 0; at--) {
            int sum = ret->digits[at] + carry;
            ret->digits[at] = (int16_t)(sum % BASE);
            carry = sum / BASE;
        }
    }
    strip(ret);
    return true;
}

/* -- division -- */

/* select_div_scale of PostgreSQL: at least 16 significant digits. */
static int quotient_scale(const struct decimal *a, const struct decimal *b)
{
    int weight = (a->n ? a->weight : 0) - b->weight;
    if ((a->n ? a->digits[0] : 0) <= b->digits[0])
        weight--;
    int scale = DIV_DIGITS_MIN - weight * BASE_DIGITS;
    scale = scale > a->scale ? scale : a->scale;
    scale = scale > b->scale ? scale : b->scale;
    scale = scale > 0 ? scale : 0;
    return scale < DIV_SCALE_MAX ? scale : DIV_SCALE_MAX;
}

/* rest -= q * b, both with b's places and one more in front; false, and nothing changed, if it is
 * less. */
static bool subtract_multiple(int32_t *rest, const struct decimal *b, int q, bool apply)
{
    int64_t borrow = 0;
    for (int i = b->n; i >= 0; i--) {
        int64_t v = rest[i] - (i > 0 ? (int64_t)q * b->digits[i - 1] : 0) - borrow;
        borrow = v < 0 ? (-v + BASE - 1) / BASE : 0;
        if (apply)
            rest[i] = (int32_t)(v + borrow * BASE);
    }
    return borrow == 0;
}

/* rest = rest * BASE + next; takes out and returns the digit of the quotient. */
static int divide_step(int32_t *rest, const struct decimal *b, int next)
{
    memmove(rest, rest + 1, sizeof(rest[0]) * (size_t)b->n);
    rest[b->n] = next;
    int64_t head = (int64_t)rest[0] * BASE + rest[1], by = b->digits[0];
    if (b->n > 1) { /* then the guesses are at most one apart */
        head = head * BASE + rest[2];
        by = by * BASE + b->digits[1];
    }
    int64_t low = b->n > 1 ? head / (by + 1) : head / by, high = head / by;
    if (high > BASE - 1)
        high = BASE - 1;
    while (low < high) {
        int64_t middle = (low + high + 1) / 2;
        if (subtract_multiple(rest, b, (int)middle, false))
            low = middle;
        else
            high = middle - 1;
    }
    (void)subtract_multiple(rest, b, (int)low, true);
    return (int)low;
}

/* The first ${n} digits of the quotient, of which the scale is left out. */
static bool divide(const struct decimal *a, const struct decimal *b, int n, struct decimal *ret)
{
    int32_t *rest = calloc((size_t)b->n + 2, sizeof(rest[0]));
    if (rest == NULL ||
        !decimal_new(ret, n, a->weight - b->weight, 0, a->negative != b->negative)) {
        free(rest);
        memset(ret, 0, sizeof(*ret));
        return false;
    }
    /* the head of the dividend, of the divisor's length less one */
    for (int i = 0; i < b->n - 1; i++)
        rest[i + 2] = i < a->n ? a->digits[i] : 0;
    for (int i = 0; i < n; i++) {
        int from = i + b->n - 1;
        ret->digits[i] = (int16_t)divide_step(rest, b, from < a->n ? a->digits[from] : 0);
    }
    free(rest);
    strip(ret);
    return true;
}

bool decimal_div(const struct decimal *a, const struct decimal *b, int scale, bool truncate,
                 struct decimal *ret)
{
    struct decimal q;
    if (a->nan || b->nan)
        return decimal_parse((struct slice){"NaN", 3}, ret);
    if (scale < 0)
        scale = quotient_scale(a, b);
    int n = a->weight - b->weight + 1 + (scale + BASE_DIGITS - 1) / BASE_DIGITS +
            1; /* one for rounding */
    memset(ret, 0, sizeof(*ret));
    if (!divide(a, b, n > 1 ? n : 1, &q))
        return false;
    bool ok = decimal_round(&q, scale, truncate, ret);
    decimal_free(&q);
    return ok;
}

/* -- square root: Newton's method, each time with twice as many digits -- */

/* The root to about two digits. */
static bool root_guess(const struct decimal *a, int half, struct decimal *ret)
{
    double v = 0, unit = a->weight - 2 * half > 0 ? BASE : 1;
    for (int i = 0; i < a->n && i < 4; i++, unit /= BASE)
        v += a->digits[i] * unit;
    v = sqrt(v);
    if (!decimal_new(ret, 3, half, 0, false))
        return false;
    for (int i = 0; i < 3; i++, v *= BASE) {
        ret->digits[i] = (int16_t)v;
        v -= (int16_t)v;
    }
    return true;
}

bool decimal_sqrt(const struct decimal *a, int scale, struct decimal *ret)
{
    struct decimal x, q, sum, two;
    memset(ret, 0, sizeof(*ret));
    if (a->n == 0)
        return decimal_round(a, scale, false, ret);
    int half = a->weight >= 0 ? a->weight / 2 : -((1 - a->weight) / 2);
    int need = half + 1 + scale / BASE_DIGITS + 8;
    bool ok = decimal_of_int(2, &two);
    ok = root_guess(a, half, &x) && ok;
    for (int good = 2; ok && good < need;) {
        good = 2 * good < need ? 2 * good : need;
        ok = divide(a, &x, good + 2, &q);
        ok = ok && decimal_add(&x, &q, false, &sum);
        decimal_free(&q);
        if (ok) {
            decimal_free(&x);
            ok = divide(&sum, &two, good + 2, &x);
            decimal_free(&sum);
        }
    }
    ok = ok && decimal_round(&x, scale, false, ret);
    decimal_free(&x);
    decimal_free(&two);
    return ok;
}
