/* functions_format_number.h: templates for numbers, which to_char() prints (functions_format_number.c)
 * and to_number() reads (functions_parse_number.c). */
#pragma once

#include "daemon/store/functions_format.h"

enum format_number_key {
    COMMA,
    POINT,
    ZERO,
    NINE,
    BLANK,
    LOCALE_POINT,
    EEEE,
    FILL,
    GROUP,
    CURRENCY,
    MINUS,
    PLUS,
    BRACKET,
    ROMAN,
    SIGN,
    SPELL,
    LOCALE_SIGN,
    ORDINAL,
    MULTIPLY
};

enum sign_place { SIGN_NONE, SIGN_BEFORE, SIGN_AFTER };

/* What the template asks for. */
struct picture {
    struct format_item *items;
    size_t n;
    int before, after;      /* places on both sides of the point */
    int multiply;           /* digits after V */
    int zero_from, zero_to; /* places that show zeros; zero_from counts from 1 while reading */
    int sign_at;            /* places before S */
    enum sign_place sign;
    bool fill, zero, point, multiplied, bracket, minus, plus, roman, exponent, blank;
};

/* ${p}->items is malloc'd, whatever comes of it.  false: the statement has failed. */
bool picture_read(sqlite3_context *ctx, struct slice format, struct picture *p);
