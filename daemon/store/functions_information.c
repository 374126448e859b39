/* functions_information.c: what information_schema says of types, and the functions of that schema.
 */
#include "daemon/store/functions_impl.h"

#include <stdio.h>

/* The arguments of all: a type and its modifier. */
static bool arguments(int argc, sqlite3_value **argv, uint32_t *ret_type, int32_t *ret_typmod)
{
    if (functions_null(argc, argv))
        return false;
    *ret_type = (uint32_t)sqlite3_value_int64(argv[0]);
    *ret_typmod = sqlite3_value_int(argv[1]);
    return true;
}

static void fn_char_max_length(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    uint32_t type;
    int32_t typmod;
    if (!arguments(argc, argv, &type, &typmod) || typmod == -1)
        return;
    if (type == TYPES_BPCHAR || type == TYPES_VARCHAR)
        sqlite3_result_int(ctx, typmod - 4);
    else if (type == 1560 || type == 1562) /* bit, varbit */
        sqlite3_result_int(ctx, typmod);
}

static void fn_char_octet_length(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    uint32_t type;
    int32_t typmod;
    if (!arguments(argc, argv, &type, &typmod))
        return;
    if (type != TYPES_TEXT && type != TYPES_BPCHAR && type != TYPES_VARCHAR)
        return;
    if (typmod == -1)
        sqlite3_result_int(ctx, 1 << 30);
    else if (type != TYPES_TEXT)
        sqlite3_result_int(ctx, (typmod - 4) * 4); /* bytes of a character in UTF-8 */
}

static void fn_numeric_precision(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    uint32_t type;
    int32_t typmod;
    if (!arguments(argc, argv, &type, &typmod))
        return;
    int bits = type == TYPES_INT2     ? 16
               : type == TYPES_INT4   ? 32
               : type == TYPES_INT8   ? 64
               : type == TYPES_FLOAT4 ? 24
               : type == TYPES_FLOAT8 ? 53
                                      : 0;
    if (bits != 0)
        sqlite3_result_int(ctx, bits);
    else if (type == TYPES_NUMERIC && typmod != -1)
        sqlite3_result_int(ctx, ((typmod - 4) >> 16) & 0xffff);
}

static void fn_numeric_radix(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    uint32_t type;
    int32_t typmod;
    if (!arguments(argc, argv, &type, &typmod))
        return;
    if (type == TYPES_INT2 || type == TYPES_INT4 || type == TYPES_INT8 || type == TYPES_FLOAT4 ||
        type == TYPES_FLOAT8)
        sqlite3_result_int(ctx, 2);
    else if (type == TYPES_NUMERIC)
        sqlite3_result_int(ctx, 10);
}

static void fn_numeric_scale(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    uint32_t type;
    int32_t typmod;
    if (!arguments(argc, argv, &type, &typmod))
        return;
    if (type == TYPES_INT2 || type == TYPES_INT4 || type == TYPES_INT8)
        sqlite3_result_int(ctx, 0);
    else if (type == TYPES_NUMERIC && typmod != -1)
        sqlite3_result_int(ctx, (typmod - 4) & 0xffff);
}

static void fn_datetime_precision(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    uint32_t type;
    int32_t typmod;
    if (!arguments(argc, argv, &type, &typmod))
        return;
    switch (type) {
    case TYPES_DATE:
        sqlite3_result_int(ctx, 0);
        break;
    case TYPES_TIME:
    case TYPES_TIMETZ:
    case TYPES_TIMESTAMP:
    case TYPES_TIMESTAMPTZ:
        sqlite3_result_int(ctx, typmod < 0 ? 6 : typmod);
        break;
    case TYPES_INTERVAL:
        sqlite3_result_int(ctx, typmod < 0 || (typmod & 0xffff) == 0xffff ? 6 : typmod & 0xffff);
        break;
    default:
        break;
    }
}

/* The fields of an interval with fields: the words behind `interval`. */
static void fn_interval_type(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
    uint32_t type;
    int32_t typmod;
    char text[TYPES_NAME_BYTES];
    if (!arguments(argc, argv, &type, &typmod) || type != TYPES_INTERVAL)
        return;
    types_format(NULL, type, typmod, text, sizeof text);
    char *fields = strchr(text, ' ');
    if (!fields)
        return;
    fields++;
    for (char *p = fields; *p; p++)
        *p = *p >= 'a' && *p <= 'z' ? (char)(*p - 'a' + 'A') : *p;
    functions_result_text(ctx, fields, strlen(fields));
}

const struct function_row functions_information_rows[] = {
    {"pgf_char_max_length", 2, true, fn_char_max_length, NULL, NULL},
    {"pgf_char_octet_length", 2, true, fn_char_octet_length, NULL, NULL},
    {"pgf_numeric_precision", 2, true, fn_numeric_precision, NULL, NULL},
    {"pgf_numeric_radix", 2, true, fn_numeric_radix, NULL, NULL},
    {"pgf_numeric_scale", 2, true, fn_numeric_scale, NULL, NULL},
    {"pgf_datetime_precision", 2, true, fn_datetime_precision, NULL, NULL},
    {"pgf_interval_type", 2, true, fn_interval_type, NULL, NULL},
};
const size_t functions_information_n =
    sizeof(functions_information_rows) / sizeof(functions_information_rows[0]);
