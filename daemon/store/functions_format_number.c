/* functions_format_number.c: to_char() of numbers.
 *
 * A number is printed into its template from left to right: as many blanks or zeros as it has fewer
 * digits than there are places, the sign where it first shows, then its digits. */
#include "daemon/store/functions_format_number.h"

#include <ctype.h>
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static const struct format_keyword keywords[] = {
    {",", COMMA},        {".", POINT},       {"0", ZERO},     {"9", NINE},     {"B", BLANK},
    {"D", LOCALE_POINT}, {"EEEE", EEEE},     {"FM", FILL},    {"G", GROUP},    {"L", CURRENCY},
    {"MI", MINUS},       {"PL", PLUS},       {"PR", BRACKET}, {"RN", ROMAN},   {"SG", SIGN},
    {"SP", SPELL},       {"S", LOCALE_SIGN}, {"TH", ORDINAL}, {"V", MULTIPLY}, {"b", BLANK},
    {"d", LOCALE_POINT}, {"eeee", EEEE},     {"fm", FILL},    {"g", GROUP},    {"l", CURRENCY},
    {"mi", MINUS},       {"pl", PLUS},       {"pr", BRACKET}, {"rn", ROMAN},   {"sg", SIGN},
    {"sp", SPELL},       {"s", LOCALE_SIGN}, {"th", ORDINAL}, {"v", MULTIPLY},
};

static bool bad(sqlite3_context *ctx, const char *message)
{
    functions_fail(ctx, SQLSTATE_SYNTAX_ERROR, "%s", message);
    return false;
}

static bool read_sign(sqlite3_context *ctx, struct picture *p, int key)
{
    switch (key) {
    case LOCALE_SIGN:
        if (p->sign != SIGN_NONE)
            return bad(ctx, "cannot use \"S\" twice");
        if (p->plus || p->minus || p->bracket)
            return bad(ctx, "cannot use \"S\" and \"PL\"/\"MI\"/\"SG\"/\"PR\" together");
        p->sign = p->point ? SIGN_AFTER : SIGN_BEFORE;
        p->sign_at = p->before;
        return true;
    case BRACKET:
        if (p->sign != SIGN_NONE || p->plus || p->minus)
            return bad(ctx, "cannot use \"PR\" and \"S\"/\"PL\"/\"MI\"/\"SG\" together");
        p->bracket = true;
        return true;
    default:
        if (p->sign != SIGN_NONE)
            return bad(ctx, key == MINUS  ? "cannot use \"S\" and \"MI\" together"
                            : key == PLUS ? "cannot use \"S\" and \"PL\" together"
                                          : "cannot use \"S\" and \"SG\" together");
        p->minus = p->minus || key != PLUS;
        p->plus = p->plus || key != MINUS;
        return true;
    }
}

static bool read_point(sqlite3_context *ctx, struct picture *p)
{
    if (p->point)
        return bad(ctx, "multiple decimal points");
    if (p->multiplied)
        return bad(ctx, "cannot use \"V\" and decimal point together");
    p->point = true;
    return true;
}

static bool read_exponent(sqlite3_context *ctx, struct picture *p)
{
    if (p->exponent)
        return bad(ctx, "cannot use \"EEEE\" twice");
    if (p->blank || p->fill || p->sign != SIGN_NONE || p->bracket || p->minus || p->plus ||
        p->roman || p->multiplied) {
        (void)bad(ctx, "\"EEEE\" is incompatible with other formats");
        err_detail(&functions_context(ctx)->raised,
                   "\"EEEE\" may only be used together with digit and decimal point patterns.");
        return false;
    }
    p->exponent = true;
    return true;
}

static bool read_item(sqlite3_context *ctx, struct picture *p, int key)
{
    if (p->exponent && key != EEEE)
        return bad(ctx, "\"EEEE\" must be the last pattern used");
    switch (key) {
    case NINE:
        if (p->bracket)
            return bad(ctx, "\"9\" must be ahead of \"PR\"");
        if (p->multiplied)
            p->multiply++;
        else
            *(p->point ? &p->after : &p->before) += 1;
        return true;
    case ZERO:
        if (p->bracket)
            return bad(ctx, "\"0\" must be ahead of \"PR\"");
        if (!p->zero && !p->point) {
            p->zero = true;
            p->zero_from = p->before + 1;
        }
        *(p->point ? &p->after : &p->before) += 1;
        p->zero_to = p->before + p->after;
        return true;
    case BLANK:
        p->blank = p->blank || (p->before == 0 && p->after == 0 && !p->zero);
        return true;
    case POINT:
    case LOCALE_POINT:
        return read_point(ctx, p);
    case FILL:
        p->fill = true;
        return true;
    case LOCALE_SIGN:
    case MINUS:
    case PLUS:
    case SIGN:
    case BRACKET:
        return read_sign(ctx, p, key);
    case ROMAN:
        p->roman = true;
        return true;
    case MULTIPLY:
        if (p->point)
            return bad(ctx, "cannot use \"V\" and decimal point together");
        p->multiplied = true;
        return true;
    case EEEE:
        return read_exponent(ctx, p);
    default:
        return true;
    }
}

bool picture_read(sqlite3_context *ctx, struct slice format, struct picture *p)
{
    *p = (struct picture){0};
    p->items = format_parse(format, keywords, sizeof(keywords) / sizeof(keywords[0]), false, &p->n);
    if (p->items == NULL) {
        sqlite3_result_error_nomem(ctx);
        return false;
    }
    for (size_t i = 0; i < p->n; i++)
        if (p->items[i].key != FORMAT_NONE && !read_item(ctx, p, p->items[i].key))
            return false;
    return true;
}

/* -- printing -- */

struct print {
    struct picture *p;
    struct buf *out;
    const char *number; /* digits and a point, or #s */
    const char *at;     /* the next of them */
    const char *last;   /* with FM: the last that is shown; NULL: all are */
    char sign;
    bool signed_already, in_number;
    int place, spaces, count;
};

static void put(struct print *t, char c)
{
    buf_append(t->out, &c, 1);
}

/* The zero before a point that stands for no digit: 0.1 in 9.9 is " .1". */
static bool lone_zero(const struct print *t)
{
    return !t->p->zero && t->number == t->at && *t->number == '0' && t->p->after != 0;
}

static bool ends_at_point(const struct print *t)
{
    return t->last != NULL && *t->last == '.';
}

static void put_sign(struct print *t)
{
    const struct picture *p = t->p;
    if (p->sign != SIGN_NONE) {
        if (p->sign == SIGN_BEFORE) {
            put(t, t->sign);
            t->signed_already = true;
        }
        return;
    }
    t->signed_already = true;
    if (p->bracket)
        put(t, t->sign == '+' ? ' ' : '<');
    else if (t->sign == '-')
        put(t, '-');
    else if (!p->fill)
        put(t, ' ');
}

static void put_digit(struct print *t, int key)
{
    const struct picture *p = t->p;
    if (*t->at == '.') {
        if (!ends_at_point(t) || p->fill)
            put(t, '.');
    } else if (t->last != NULL && t->at > t->last && key != ZERO) {
        ; /* zeros at the end are left out */
    } else if (lone_zero(t)) {
        if (!p->fill)
            put(t, ' ');
        else if (ends_at_point(t))
            put(t, '0');
    } else if (*t->at != '\0') {
        put(t, *t->at);
        t->in_number = true;
    }
    if (*t->at != '\0')
        t->at++;
}

static void put_place(struct print *t, int key)
{
    const struct picture *p = t->p;
    if (p->roman)
        return;
    t->in_number = false;
    bool shows = t->place >= t->spaces || (p->zero && p->zero_from == t->place);
    if (!t->signed_already && shows && (!lone_zero(t) || ends_at_point(t)))
        put_sign(t);
    if (t->place < t->spaces && (p->zero_from > t->place || !p->zero)) {
        if (!p->fill)
            put(t, ' ');
    } else if (t->place < t->spaces) {
        put(t, '0');
        t->in_number = true;
    } else {
        put_digit(t, key);
    }
    int end = t->count + (t->spaces != 0) + p->point;
    if (t->last != NULL && t->last == t->at)
        end = t->place;
    if (t->place + 1 == end) {
        if (t->signed_already && p->bracket)
            put(t, t->sign == '+' ? ' ' : '>');
        else if (p->sign == SIGN_AFTER)
            put(t, t->sign);
    }
    t->place++;
}

static void put_roman(struct print *t, const struct format_item *item)
{
    size_t len = strlen(t->number);
    for (size_t i = len; i < 15 && !t->p->fill; i++)
        put(t, ' ');
    for (size_t i = 0; i < len; i++)
        put(t,
            item->text.data[0] == 'r' ? (char)tolower((unsigned char)t->number[i]) : t->number[i]);
}

static void put_item(struct print *t, const struct format_item *item)
{
    const struct picture *p = t->p;
    switch (item->key) {
    case FORMAT_NONE:
        buf_append(t->out, item->text.data, item->text.len);
        break;
    case NINE:
    case ZERO:
    case POINT:
    case LOCALE_POINT:
        put_place(t, item->key);
        break;
    case COMMA:
    case GROUP:
        if (t->in_number)
            put(t, ',');
        else if (!p->fill)
            put(t, ' ');
        break;
    case CURRENCY:
        put(t, ' ');
        break;
    case ROMAN:
        put_roman(t, item);
        break;
    case ORDINAL:
        if (!p->roman && *t->number != '#' && t->sign != '-' && !p->point)
            buf_append(t->out,
                       format_ordinal((struct slice){t->number, strlen(t->number)},
                                      item->text.data[0] == 'T'),
                       2);
        break;
    case MINUS:
        if (t->sign == '-' || !p->fill)
            put(t, t->sign == '-' ? '-' : ' ');
        break;
    case PLUS:
        if (t->sign == '+' || !p->fill)
            put(t, t->sign == '+' ? '+' : ' ');
        break;
    case SIGN:
        put(t, t->sign);
        break;
    default:
        break;
    }
}

static const char *last_shown(const struct print *t)
{
    const char *point = strchr(t->number, '.'), *last = point;
    if (point == NULL)
        return NULL;
    for (const char *c = point + 1; *c != '\0'; c++)
        if (*c != '0')
            last = c;
    if (t->p->zero_to > t->spaces) { /* zeros that a 0 asks for stay */
        int keep = (int)strlen(t->number) - 1;
        keep = keep < t->p->zero_to - t->spaces ? keep : t->p->zero_to - t->spaces;
        last = last < t->number + keep ? t->number + keep : last;
    }
    return last;
}

static void print(struct picture *p, const char *number, char sign, int spaces, struct buf *out)
{
    struct print t = {
        .p = p, .out = out, .number = number, .at = number, .sign = sign, .spaces = spaces};
    if (p->zero_from > 0)
        p->zero_from--;
    if (p->roman) {
        p->sign = SIGN_NONE;
        p->bracket = p->minus = p->plus = p->zero = p->point = false;
    }
    if (p->plus || p->minus) {
        t.signed_already = !p->plus || p->minus;
    } else {
        if (sign != '-' && p->fill)
            p->bracket = false;
        t.signed_already = sign == '+' && p->fill && p->sign == SIGN_NONE;
        if (p->sign == SIGN_BEFORE && p->before == p->sign_at)
            p->sign = SIGN_AFTER;
    }
    t.count = p->after + p->before - 1;
    if (p->fill && p->point)
        t.last = last_shown(&t);
    if (!t.signed_already && t.spaces == 0)
        t.count++;
    for (size_t i = 0; i < p->n; i++)
        put_item(&t, &p->items[i]);
}

/* -- the number's digits -- */

static void roman(double v, struct buf *out)
{
    static const struct {
        int value;
        const char *text;
    } parts[] = {{1000, "M"}, {900, "CM"}, {500, "D"}, {400, "CD"}, {100, "C"},
                 {90, "XC"},  {50, "L"},   {40, "XL"}, {10, "X"},   {9, "IX"},
                 {5, "V"},    {4, "IV"},   {1, "I"}};
    if (!(v >= 1 && v <= 3999)) {
        buf_append(out, "###############", 15);
        return;
    }
    int n = (int)v;
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
        for (; n >= parts[i].value; n -= parts[i].value)
            buf_append(out, parts[i].text, strlen(parts[i].text));
}

/* As many #s as there are places, where the number does not fit. */
static void overflow(const struct picture *p, bool exponent, struct buf *out)
{
    buf_reset(out);
    int n = p->before + p->after + (exponent ? 6 : 1);
    for (int i = 0; i < n; i++)
        buf_append(out, i == p->before + exponent ? "." : exponent && i == 0 ? " " : "#", 1);
}

/* ${digits} (with its sign) goes into the template. */
static void finish(sqlite3_context *ctx, struct picture *p, struct buf *digits)
{
    struct buf out;
    functions_buf(&out);
    buf_append(digits, "", 1);
    if (digits->failed) {
        sqlite3_result_error_nomem(ctx);
        return;
    }
    const char *number = buf_peek(digits).data;
    char sign = *number == '-' ? '-' : '+';
    if (p->exponent) {
        buf_append(&out, number, strlen(number));
        functions_finish(ctx, &out);
        return;
    }
    number += sign == '-';
    int spaces = 0;
    if (!p->roman) {
        int before = (int)strcspn(number, ".");
        if (before < p->before) {
            spaces = p->before - before;
        } else if (before > p->before) {
            overflow(p, false, digits);
            buf_append(digits, "", 1);
            number = buf_peek(digits).data;
        }
    }
    print(p, number, sign, spaces, &out);
    functions_finish(ctx, &out);
}

static void scientific(double v, const struct picture *p, struct buf *digits)
{
    char text[400];
    if (isnan(v) || isinf(v)) {
        overflow(p, true, digits);
        return;
    }
    int n = snprintf(text, sizeof(text), "%+.*e", p->after, v);
    if (text[0] == '+')
        text[0] = ' ';
    buf_append(digits, text, (size_t)n);
}

/* pgf_to_char_float(value, format, digits that are sure) */
static void fn_float(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    struct picture p = {0};
    struct buf digits;
    char text[800];
    if (functions_null(argc, argv))
        return;
    struct slice format = functions_slice(argv[1]);
    double v = functions_real(argv[0]);
    int sure = sqlite3_value_int(argv[2]);
    functions_buf(&digits);
    if (format.len == 0) {
        functions_result_text(ctx, "", 0);
    } else if (!picture_read(ctx, format, &p)) {
        ;
    } else if ((p.roman && !(fabs(v) < 2e9)) ||
               (!p.exponent && !(fabs(v) < (sure == FLT_DIG ? 1e30 : 1e300)))) {
        functions_fail(ctx, SQLSTATE_FEATURE_NOT_SUPPORTED,
                       "to_char() of so large a number, infinity and NaN is not supported by the "
                       "embedded store");
    } else {
        if (p.roman)
            roman(rint(v), &digits);
        else if (p.exponent)
            scientific(v, &p, &digits);
        else {
            v *= pow(10, p.multiply);
            if (sure == FLT_DIG)
                v = (double)(float)v;
            p.before += p.multiply;
            int whole = snprintf(text, sizeof(text), "%.0f", fabs(v));
            if (whole >= sure)
                p.after = 0;
            else if (whole + p.after > sure)
                p.after = sure - whole;
            int n = snprintf(text, sizeof(text), "%.*f", p.after, v);
            buf_append(&digits, text, (size_t)n);
        }
        finish(ctx, &p, &digits);
    }
    free(p.items);
    buf_release(&digits);
}

static bool power_of_ten(int n, struct decimal *ret)
{
    char text[2000];
    n = n < (int)sizeof(text) - 1 ? n : (int)sizeof(text) - 2;
    text[0] = '1';
    memset(text + 1, '0', (size_t)n);
    return decimal_parse((struct slice){text, (size_t)n + 1}, ret);
}

/* Does ${v} need more than 32 or 64 bits? */
static bool wider(const struct decimal *v, int bits)
{
    struct decimal limit;
    bool ok = decimal_of_int(bits == 32 ? INT32_MAX : INT64_MAX, &limit);
    limit.negative = v->negative;
    int c = ok ? decimal_compare(v, &limit) : 1;
    decimal_free(&limit);
    return v->negative ? c < 0 : c > 0;
}

/* pgf_to_char_numeric(value, format, bits of an integer type or 0) */
static void fn_numeric(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    struct picture p = {0};
    struct decimal v = {.n = 0}, power = {.n = 0}, product = {.n = 0}, shown = {.n = 0};
    struct buf digits;
    if (functions_null(argc, argv))
        return;
    struct slice format = functions_slice(argv[1]);
    functions_buf(&digits);
    if (format.len == 0) {
        functions_result_text(ctx, "", 0);
    } else if (!picture_read(ctx, format, &p) || !functions_decimal(ctx, argv[0], &v)) {
        ;
    } else if (decimal_special(&v) || p.exponent || p.multiply > 1000) {
        functions_fail(ctx, SQLSTATE_FEATURE_NOT_SUPPORTED,
                       "to_char() of this number in this format is not supported by the embedded "
                       "store");
    } else if (p.roman && (wider(&v, 32))) {
        functions_fail(ctx, SQLSTATE_NUMERIC_VALUE_OUT_OF_RANGE, "integer out of range");
    } else if (p.roman) {
        roman(decimal_round(&v, 0, false, &shown) && shown.weight == 0 && !shown.negative && shown.n
                  ? shown.digits[0]
                  : 0,
              &digits);
        finish(ctx, &p, &digits);
    } else {
        bool ok = power_of_ten(p.multiply, &power) && decimal_mul(&v, &power, &product) &&
                  decimal_round(&product, p.after, false, &shown);
        p.before += p.multiply;
        int bits = sqlite3_value_int(argv[2]);
        if (ok)
            decimal_print(&shown, &digits);
        if (ok && bits > 0 && p.multiplied && wider(&product, bits))
            functions_fail(ctx, SQLSTATE_NUMERIC_VALUE_OUT_OF_RANGE, "%s out of range",
                           bits == 32 ? "integer" : "bigint");
        else if (ok)
            finish(ctx, &p, &digits);
        else
            sqlite3_result_error_nomem(ctx);
    }
    decimal_free(&v);
    decimal_free(&power);
    decimal_free(&product);
    decimal_free(&shown);
    free(p.items);
    buf_release(&digits);
}

const struct function_row functions_format_number_rows[] = {
    {"pgf_to_char_float", 3, true, fn_float, NULL, NULL},
    {"pgf_to_char_numeric", 3, true, fn_numeric, NULL, NULL},
};
const size_t functions_format_number_n =
    sizeof(functions_format_number_rows) / sizeof(functions_format_number_rows[0]);
