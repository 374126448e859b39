/* functions_parse_number.c: to_number(): digits that a template's places find in a text. */
#include "daemon/store/functions_format_number.h"

#include <ctype.h>
#include <stdlib.h>

struct scan {
    const struct picture *p;
    const char *at, *end;
    char *number; /* the sign or a blank, digits, a point */
    char *to;     /* where the next goes */
    int before, after; /* digits that were read */
    bool point;
};

static bool over(const struct scan *s)
{
    return s->at >= s->end;
}

static void leading_sign(struct scan *s)
{
    const struct picture *p = s->p;
    if (p->sign == SIGN_BEFORE || p->sign == SIGN_NONE) {
        if (*s->at == '-' || (p->sign == SIGN_NONE && p->bracket && *s->at == '<'))
            s->number[0] = '-';
        else if (*s->at == '+')
            s->number[0] = '+';
        else
            return;
        s->at++;
    } else if (*s->at == '-' || *s->at == '+') { /* S behind: any sign here counts, too */
        s->number[0] = *s->at++;
    }
}

/* Behind the last digit, where S is anchored; or of MI, PL and SG, whose place is not known. */
static void trailing_sign(struct scan *s, bool read)
{
    const struct picture *p = s->p;
    if (p->sign != SIGN_NONE) {
        if (read && s->at + 1 < s->end && (s->at[1] == '-' || s->at[1] == '+'))
            s->number[0] = *++s->at;
    } else if (!read && (p->plus || p->minus) && (*s->at == '-' || *s->at == '+')) {
        s->number[0] = *s->at;
    }
}

static void place(struct scan *s, int key)
{
    const struct picture *p = s->p;
    bool read = false;
    if (!over(s) && *s->at == ' ')
        s->at++;
    if (over(s))
        return;
    if (s->number[0] == ' ' && (key == ZERO || key == NINE) && s->before + s->after == 0)
        leading_sign(s);
    if (over(s))
        return;
    if (isdigit((unsigned char)*s->at)) {
        if (s->point && s->after == p->after)
            return;
        *s->to++ = *s->at;
        *(s->point ? &s->after : &s->before) += 1;
        read = true;
    } else if (p->point && !s->point && *s->at == '.') {
        *s->to++ = '.';
        s->point = true;
        read = true;
    }
    if (s->number[0] == ' ' && s->before + s->after > 0)
        trailing_sign(s, read);
}

/* Up to ${n} characters that cannot be part of a number. */
static void skip_other(struct scan *s, int n)
{
    while (n-- > 0 && !over(s) && !strchr("0123456789.,+-", *s->at))
        s->at += functions_char(s->at, (size_t)(s->end - s->at));
}

/* False: the item takes no character of the text. */
static bool take(struct scan *s, int key)
{
    const struct picture *p = s->p;
    switch (key) {
    case NINE:
    case ZERO:
    case POINT:
    case LOCALE_POINT:
        place(s, key);
        return true;
    case COMMA:
    case GROUP:
        return !p->fill && *s->at == ',';
    case CURRENCY:
        skip_other(s, 1);
        return false;
    case ORDINAL:
        if (!p->point)
            skip_other(s, 2);
        return false;
    case MINUS:
    case PLUS:
    case SIGN:
        if ((*s->at == '-' && key != PLUS) || (*s->at == '+' && key != MINUS)) {
            s->number[0] = *s->at;
            return true;
        }
        skip_other(s, 1);
        return false;
    default:
        return false;
    }
}

static void scan(struct scan *s)
{
    for (size_t i = 0; i < s->p->n && !over(s); i++) {
        int key = s->p->items[i].key;
        if (key == FORMAT_NONE)
            s->at += functions_char(s->at, (size_t)(s->end - s->at));
        else if (take(s, key))
            s->at++;
    }
    if (s->to[-1] == '.')
        s->to--;
    *s->to = '\0';
}

/* The number that was read, with the precision of the template. */
static void finish(sqlite3_context *ctx, const struct scan *s)
{
    struct store_context *c = functions_context(ctx);
    const struct picture *p = s->p;
    struct types_value v;
    struct buf text;
    struct decimal number, power, product = {.n = 0};
    char tenth[] = "0.0000000000000000";
    int precision = p->before + p->multiply + s->after;
    functions_buf(&text);
    if (types_input(&c->types, TYPES_NUMERIC, ((precision << 16) | s->after) + 4,
                    (struct slice){s->number, strlen(s->number)}, &text, &v, &c->raised) < 0) {
        functions_raised(ctx);
    } else if (!p->multiplied) {
        functions_result(ctx, &v);
    } else {
        tenth[p->multiply == 0 ? 0 : p->multiply <= 16 ? 1 + p->multiply : 0] =
            p->multiply <= 16 ? '1' : '0';
        bool ok = decimal_parse(v.bytes, &number) &&
                  decimal_parse((struct slice){tenth, sizeof tenth - 1}, &power) &&
                  decimal_mul(&number, &power, &product);
        decimal_free(&number);
        decimal_free(&power);
        functions_result_decimal(ctx, ok, &product);
    }
    buf_release(&text);
}

/* pgf_to_number(text, format) */
static void fn_to_number(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    struct picture p = {0};
    if (functions_null(argc, argv))
        return;
    struct slice text = functions_slice(argv[0]), format = functions_slice(argv[1]);
    if (format.len == 0)
        return;
    char *number = malloc(text.len + format.len + 3);
    if (!number)
        sqlite3_result_error_nomem(ctx);
    else if (picture_read(ctx, format, &p)) {
        if (p.exponent || p.roman)
            functions_fail(ctx, SQLSTATE_FEATURE_NOT_SUPPORTED, "\"%s\" not supported for input",
                           p.exponent ? "EEEE" : "RN");
        else {
            struct scan s = {.p = &p, .at = text.data, .end = text.data + text.len,
                             .number = number, .to = number + 1};
            number[0] = ' ';
            scan(&s);
            finish(ctx, &s);
        }
    }
    free(number);
    free(p.items);
}

const struct function_row functions_parse_number_rows[] = {
    {"pgf_to_number", 2, true, fn_to_number, NULL, NULL},
};
const size_t functions_parse_number_n =
    sizeof(functions_parse_number_rows) / sizeof(functions_parse_number_rows[0]);
