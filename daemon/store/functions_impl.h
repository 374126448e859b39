/* functions_impl.h: between the files of functions*.c. */
#pragma once

#include "daemon/store/functions.h"
#include "protocol/sqlstate.h"

#include <locale.h>
#include <sqlite3.h>

/* One function of SQLite.  `fixed`: the same arguments give the same result (SQLITE_DETERMINISTIC).
 */
struct function_row {
    const char *name;
    int nargs; /* -1: any number */
    bool fixed;
    void (*call)(sqlite3_context *ctx, int argc, sqlite3_value **argv);
    void (*step)(sqlite3_context *ctx, int argc, sqlite3_value **argv); /* aggregates: no `call` */
    void (*final)(sqlite3_context *ctx);
};

extern const struct function_row functions_locks_rows[], functions_extension_rows[];
extern const size_t functions_locks_n, functions_extension_n;
extern const struct function_row functions_text_rows[], functions_match_rows[],
    functions_number_rows[], functions_numeric_rows[], functions_time_rows[], functions_json_rows[],
    functions_array_rows[], functions_array_edit_rows[], functions_rules_rows[],
    functions_array_search_rows[], functions_array_assign_rows[], functions_compare_rows[],
    functions_aggregate_rows[], functions_session_rows[], functions_catalog_rows[],
    functions_interval_rows[], functions_jsonb_rows[], functions_jsonb_edit_rows[],
    functions_field_rows[], functions_information_rows[], functions_object_rows[],
    functions_enum_rows[], functions_domain_rows[];
extern const size_t functions_text_n, functions_match_n, functions_number_n, functions_numeric_n,
    functions_time_n, functions_json_n, functions_array_n, functions_array_edit_n,
    functions_array_search_n, functions_array_assign_n, functions_rules_n, functions_compare_n,
    functions_aggregate_n, functions_session_n, functions_catalog_n, functions_interval_n,
    functions_jsonb_n, functions_jsonb_edit_n, functions_field_n, functions_information_n,
    functions_object_n, functions_enum_n, functions_domain_n;

extern const struct function_row functions_bytea_rows[], functions_string_rows[],
    functions_regexp_rows[], functions_float_rows[], functions_exact_rows[],
    functions_calendar_rows[], functions_timetz_rows[], functions_format_date_rows[],
    functions_format_number_rows[], functions_statistics_rows[], functions_ordered_rows[];
extern const size_t functions_bytea_n, functions_string_n, functions_regexp_n, functions_float_n,
    functions_exact_n, functions_calendar_n, functions_timetz_n, functions_format_date_n,
    functions_format_number_n, functions_statistics_n, functions_ordered_n;

extern const struct function_row functions_parse_date_rows[], functions_parse_number_rows[];
extern const size_t functions_parse_date_n, functions_parse_number_n;

extern const struct function_row functions_record_rows[], functions_populate_rows[];
extern const size_t functions_record_n, functions_populate_n;
/* The collation of rows. */
int functions_record_register(struct sqlite3 *db, struct store_context *context);
/* A stored row as JSON; ${pretty}: with line feeds.  -1: raised. */
int functions_record_json(struct store_context *c, struct slice stored, bool pretty,
                          struct buf *out);
extern const struct function_row functions_digits_rows[], functions_format_text_rows[],
    functions_encoding_rows[];
extern const size_t functions_digits_n, functions_format_text_n, functions_encoding_n;
extern const struct function_row functions_proc_rows[], functions_index_rows[];
extern const size_t functions_proc_n, functions_index_n;
extern const struct function_row functions_viewdef_rows[], functions_acl_rows[],
    functions_privilege_rows[];
extern const size_t functions_viewdef_n, functions_acl_n, functions_privilege_n;
extern const struct function_row functions_updatable_rows[];
extern const size_t functions_updatable_n;

extern const struct function_row functions_range_rows[], functions_inet_rows[],
    functions_jsonpath_rows[];
extern const size_t functions_range_n, functions_inet_n, functions_jsonpath_n;

/* sum() and avg(): window functions, registered apart. */
int functions_total_register(struct sqlite3 *db, struct store_context *context);
int functions_statistics_register(struct sqlite3 *db, struct store_context *context);
int functions_aggregate_register(struct sqlite3 *db, struct store_context *context);
/* ${v} times or through ${factor}, as the result. */
void functions_interval_scale(sqlite3_context *ctx, const struct types_interval *v, double factor,
                              bool divide);

/* The collations of enums. */
int functions_enum_register(struct sqlite3 *db, struct store_context *context);

struct store_context *functions_context(sqlite3_context *ctx);
/* The statement fails with this error. */
void functions_fail(sqlite3_context *ctx, const char *sqlstate, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void functions_vfail(sqlite3_context *ctx, const char *sqlstate, const char *format, va_list ap)
    __attribute__((format(printf, 3, 0)));
/* Likewise with the error that is in context->raised already. */
void functions_raised(sqlite3_context *ctx);
/* True: the statement is over, the result is set, and the function only frees what it has. */
bool functions_ended(sqlite3_context *ctx);
static inline bool functions_is_null(sqlite3_value *v)
{
    return sqlite3_value_type(v) == SQLITE_NULL;
}
/* An argument that is an oid. */
static inline uint32_t functions_oid(sqlite3_value *v)
{
    return (uint32_t)sqlite3_value_int64(v);
}
/* Any NULL among the arguments?  (The result of a call that sets none is NULL.) */
bool functions_null(int argc, sqlite3_value **argv);
/* Text or blob of an argument; borrowed until the call ends. */
struct slice functions_slice(sqlite3_value *v);
void functions_value(sqlite3_value *v, struct types_value *ret);
void functions_result(sqlite3_context *ctx, const struct types_value *v);
void functions_result_text(sqlite3_context *ctx, const char *text, size_t len);
/* A float8; NaN is the text 'NaN' in SQLite. */
double functions_real(sqlite3_value *v);
void functions_result_real(sqlite3_context *ctx, double r);
/* A buffer for results, bounded; functions_finish makes it the result (text) and releases it. */
void functions_buf(struct buf *b);
void functions_finish(sqlite3_context *ctx, struct buf *b);
/* Likewise as bytea. */
void functions_finish_bytes(sqlite3_context *ctx, struct buf *b);
void functions_hex(struct slice bytes, struct buf *out);
void functions_quote_literal(struct slice text, struct buf *out);

/* An element of a stored array of the type as a value; ${ret} may point into ${scratch}.  -1:
 * raised.
 */
int functions_element(struct store_context *c, uint32_t array_type, struct slice text,
                      struct buf *scratch, struct types_value *ret);

/* -- UTF-8 -- */
/* Bytes of the character at ${p}, at least 1, at most ${left}. */
size_t functions_char(const char *p, size_t left);
size_t functions_chars(struct slice text);
/* Byte offset of character ${n} (from 0), or the length. */
size_t functions_offset(struct slice text, size_t n);
/* Decode; ${ret_len} bytes. */
uint32_t functions_decode(const char *p, size_t left, size_t *ret_len);
size_t functions_encode(uint32_t c, char ret[4]);

/* -- json (functions_json.c): on valid JSON text -- */
/* The next member or element after ${at} (0: the first); ${ret_key}: of an object, quoted.  Returns
 * false at the end, or when ${t} is neither object nor array. */
bool functions_json_next(struct slice t, size_t *at, struct slice *ret_key, struct slice *ret);
/* Is ${quoted}, as JSON has it, ${key}? */
bool functions_json_key_is(struct slice quoted, struct slice key);
/* The last value of ${key} in an object; false: none, or no object. */
bool functions_json_field(struct slice t, struct slice key, struct slice *ret);
/* Element ${index} of an array, counted from the end when negative.  How many there are, -1: no
 * array. */
int64_t functions_json_element(struct slice t, int64_t index, struct slice *ret);
/* May its strings be read?  false: 22P05 is set. */
bool functions_json_checked(sqlite3_context *ctx, struct slice json);
/* The text of a string value, quotes and escapes taken out. */
void functions_json_unescape(struct slice quoted, struct buf *out);
/* A value as the result: json, or with ${as_text} the text of a string and NULL for null. */
void functions_json_result(sqlite3_context *ctx, struct slice value, bool as_text);
/* A value of the type, not NULL, as to_json() has it.  -1: raised. */
int functions_json_of(struct store_context *c, uint32_t type, int32_t typmod,
                      struct types_value v, struct buf *out);
/* ${b}, JSON text, as the jsonb result; releases it. */
void functions_finish_jsonb(sqlite3_context *ctx, struct buf *b);

/* C.UTF-8: its simple case mappings.  Made once, never changed; (locale_t)0 without memory. */
locale_t functions_locale(void);

/* -- numeric (functions_decimal.c): exact decimals, digits in base 10000 -- */
struct decimal {
    bool nan, infinite, negative; /* the first two: only the sign counts beside them */
    int weight;                   /* of digits[0], in powers of 10000 */
    int scale;                    /* decimal digits shown after the point */
    int n;                        /* digits in use; 0: the value is zero */
    int16_t *digits;              /* malloc'd; no leading or trailing zeros */
};
/* All: false without memory or beyond numeric's range; ${ret} is then empty. */
bool decimal_parse(struct slice text, struct decimal *ret);
bool decimal_add(const struct decimal *a, const struct decimal *b, bool subtract,
                 struct decimal *ret);
bool decimal_mul(const struct decimal *a, const struct decimal *b, struct decimal *ret);
/* ${scale} < 0: PostgreSQL's choice for a quotient.  The divisor is not zero.  ${truncate}: no
 * rounding. */
bool decimal_div(const struct decimal *a, const struct decimal *b, int scale, bool truncate,
                 struct decimal *ret);
/* To ${scale} (may be negative) decimals, half away from zero or toward zero. */
bool decimal_round(const struct decimal *a, int scale, bool truncate, struct decimal *ret);
int decimal_compare(const struct decimal *a, const struct decimal *b); /* neither is NaN */
void decimal_print(const struct decimal *a, struct buf *out);
void decimal_free(struct decimal *a);
bool decimal_of_int(int64_t v, struct decimal *ret);
bool decimal_copy(const struct decimal *a, struct decimal *ret);
bool decimal_sqrt(const struct decimal *a, int scale, struct decimal *ret);
static inline bool decimal_special(const struct decimal *a)
{
    return a->nan || a->infinite;
}
/* A numeric argument; false: the statement has failed. */
bool functions_decimal(sqlite3_context *ctx, sqlite3_value *v, struct decimal *ret);
/* ${value} as the result, and freed; !${ok}: 22003. */
void functions_result_decimal(sqlite3_context *ctx, bool ok, struct decimal *value);
/* NaN, Infinity or -Infinity as the result. */
void functions_result_special(sqlite3_context *ctx, int sign);
