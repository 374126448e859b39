/* functions.c: registration, and what all functions use; see functions.h. */
#include "daemon/store/functions_impl.h"

#include "daemon/store/rows.h"
#include "daemon/store/sets.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { LARGE = 1 << 20 /* to make so much took time: has it been too long? */ };

static const struct {
    const struct function_row *rows;
    const size_t *n;
} sets[] = {
    {functions_text_rows, &functions_text_n},
    {functions_range_rows, &functions_range_n},
    {functions_inet_rows, &functions_inet_n},
    {functions_jsonpath_rows, &functions_jsonpath_n},
    {functions_match_rows, &functions_match_n},
    {functions_number_rows, &functions_number_n},
    {functions_numeric_rows, &functions_numeric_n},
    {functions_time_rows, &functions_time_n},
    {functions_json_rows, &functions_json_n},
    {functions_array_rows, &functions_array_n},
    {functions_array_edit_rows, &functions_array_edit_n},
    {functions_array_search_rows, &functions_array_search_n},
    {functions_array_assign_rows, &functions_array_assign_n},
    {functions_rules_rows, &functions_rules_n},
    {functions_compare_rows, &functions_compare_n},
    {functions_aggregate_rows, &functions_aggregate_n},
    {functions_session_rows, &functions_session_n},
    {functions_extension_rows, &functions_extension_n},
    {functions_locks_rows, &functions_locks_n},
    {functions_catalog_rows, &functions_catalog_n},
    {functions_interval_rows, &functions_interval_n},
    {functions_field_rows, &functions_field_n},
    {functions_jsonb_rows, &functions_jsonb_n},
    {functions_jsonb_edit_rows, &functions_jsonb_edit_n},
    {functions_information_rows, &functions_information_n},
    {functions_object_rows, &functions_object_n},
    {functions_viewdef_rows, &functions_viewdef_n},
    {functions_updatable_rows, &functions_updatable_n},
    {functions_acl_rows, &functions_acl_n},
    {functions_privilege_rows, &functions_privilege_n},
    {functions_enum_rows, &functions_enum_n},
    {functions_domain_rows, &functions_domain_n},
    {functions_record_rows, &functions_record_n},
    {functions_populate_rows, &functions_populate_n},
    {functions_bytea_rows, &functions_bytea_n},
    {functions_string_rows, &functions_string_n},
    {functions_format_text_rows, &functions_format_text_n},
    {functions_encoding_rows, &functions_encoding_n},
    {functions_regexp_rows, &functions_regexp_n},
    {functions_float_rows, &functions_float_n},
    {functions_exact_rows, &functions_exact_n},
    {functions_digits_rows, &functions_digits_n},
    {functions_proc_rows, &functions_proc_n},
    {functions_index_rows, &functions_index_n},
    {functions_calendar_rows, &functions_calendar_n},
    {functions_timetz_rows, &functions_timetz_n},
    {functions_statistics_rows, &functions_statistics_n},
    {functions_ordered_rows, &functions_ordered_n},
    {functions_format_date_rows, &functions_format_date_n},
    {functions_format_number_rows, &functions_format_number_n},
    {functions_parse_date_rows, &functions_parse_date_n},
    {functions_parse_number_rows, &functions_parse_number_n},
};

int functions_register(struct sqlite3 *db, struct store_context *context)
{
    for (size_t s = 0; s < sizeof(sets) / sizeof(sets[0]); s++)
        for (size_t i = 0; i < *sets[s].n; i++) {
            const struct function_row *f = &sets[s].rows[i];
            int flags = SQLITE_UTF8 | SQLITE_INNOCUOUS | (f->fixed ? SQLITE_DETERMINISTIC : 0);
            int rc = sqlite3_create_function_v2(db, f->name, f->nargs, flags, context, f->call,
                                                f->step, f->final, NULL);
            if (rc != SQLITE_OK)
                return rc;
        }
    int rc = rows_register(db, context);
    if (rc == SQLITE_OK)
        rc = sets_register(db, context);
    if (rc == SQLITE_OK)
        rc = functions_enum_register(db, context);
    if (rc == SQLITE_OK)
        rc = functions_record_register(db, context);
    if (rc == SQLITE_OK)
        rc = functions_statistics_register(db, context);
    if (rc == SQLITE_OK)
        rc = functions_aggregate_register(db, context);
    return rc == SQLITE_OK ? functions_total_register(db, context) : rc;
}

bool functions_callable(const char *name)
{
    static const char *const native[] = {
        "abs",
        "avg",
        "ceil",
        "coalesce",
        "count",
        "cume_dist",
        "dense_rank",
        "first_value",
        "floor",
        "instr",
        "json_array_length",
        "json_each",
        "lag",
        "last_value",
        "lead",
        "length",
        "ltrim",
        "max",
        "min",
        "nth_value",
        "ntile",
        "nullif",
        "percent_rank",
        "pi",
        "rank",
        "row_number",
        "rtrim",
        "sign",
        "sum",
        "trim",
        "trunc",
    };
    for (size_t i = 0; i < sizeof(native) / sizeof(native[0]); i++)
        if (strcmp(native[i], name) == 0)
            return true;
    return strncmp(name, "pgf_", 4) == 0;
}

/* -- errors and values -- */

struct store_context *functions_context(sqlite3_context *ctx)
{
    return sqlite3_user_data(ctx);
}

void functions_raised(sqlite3_context *ctx)
{
    sqlite3_result_error(ctx, functions_context(ctx)->raised.message, -1);
}

bool functions_ended(sqlite3_context *ctx)
{
    if (!store_ended(functions_context(ctx)))
        return false;
    sqlite3_result_error_code(ctx, SQLITE_INTERRUPT);
    return true;
}

void functions_fail(sqlite3_context *ctx, const char *sqlstate, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    functions_vfail(ctx, sqlstate, format, ap);
    va_end(ap);
}

void functions_vfail(sqlite3_context *ctx, const char *sqlstate, const char *format, va_list ap)
{
    err_vset(&functions_context(ctx)->raised, sqlstate, format, ap);
    functions_raised(ctx);
}

bool functions_null(int argc, sqlite3_value **argv)
{
    for (int i = 0; i < argc; i++)
        if (sqlite3_value_type(argv[i]) == SQLITE_NULL)
            return true;
    return false;
}

struct slice functions_slice(sqlite3_value *v)
{
    if (sqlite3_value_type(v) == SQLITE_BLOB) {
        const char *data = sqlite3_value_blob(v);
        return (struct slice){data, (size_t)sqlite3_value_bytes(v)};
    }
    const char *data = (const char *)sqlite3_value_text(v);
    return (struct slice){data, data == NULL ? 0 : (size_t)sqlite3_value_bytes(v)};
}

void functions_value(sqlite3_value *v, struct types_value *ret)
{
    memset(ret, 0, sizeof(*ret));
    switch (sqlite3_value_type(v)) {
    case SQLITE_INTEGER:
        ret->kind = TYPES_KIND_INT;
        ret->i = sqlite3_value_int64(v);
        break;
    case SQLITE_FLOAT:
        ret->kind = TYPES_KIND_REAL;
        ret->r = sqlite3_value_double(v);
        break;
    case SQLITE_TEXT:
        ret->kind = TYPES_KIND_TEXT;
        ret->bytes = functions_slice(v);
        break;
    case SQLITE_BLOB:
        ret->kind = TYPES_KIND_BLOB;
        ret->bytes = functions_slice(v);
        break;
    default:
        ret->kind = TYPES_KIND_NULL;
    }
}

void functions_result_text(sqlite3_context *ctx, const char *text, size_t len)
{
    sqlite3_result_text64(ctx, len == 0 ? "" : text, len, SQLITE_TRANSIENT, SQLITE_UTF8);
}

void functions_result(sqlite3_context *ctx, const struct types_value *v)
{
    switch (v->kind) {
    case TYPES_KIND_NULL:
        sqlite3_result_null(ctx);
        break;
    case TYPES_KIND_INT:
        sqlite3_result_int64(ctx, v->i);
        break;
    case TYPES_KIND_REAL:
        functions_result_real(ctx, v->r);
        break;
    case TYPES_KIND_TEXT:
        functions_result_text(ctx, v->bytes.data, v->bytes.len);
        break;
    case TYPES_KIND_BLOB:
        sqlite3_result_blob64(ctx, v->bytes.len == 0 ? "" : v->bytes.data, v->bytes.len,
                              SQLITE_TRANSIENT);
        break;
    }
}

void functions_buf(struct buf *b)
{
    buf_init(b, STORE_VALUE_MAX);
}

void functions_finish(sqlite3_context *ctx, struct buf *b)
{
    if (b->failed)
        functions_fail(ctx, SQLSTATE_PROGRAM_LIMIT_EXCEEDED, "requested length too large");
    else if (buf_len(b) < LARGE || !functions_ended(ctx))
        functions_result_text(ctx, buf_peek(b).data, buf_len(b));
    buf_release(b);
}

/* -- locale -- */

static locale_t utf8_locale;

static void make_locale(void)
{
    utf8_locale = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
}

locale_t functions_locale(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    (void)pthread_once(&once, make_locale);
    return utf8_locale;
}

/* -- UTF-8: texts in the store are valid -- */

size_t functions_char(const char *p, size_t left)
{
    unsigned char c = (unsigned char)*p;
    size_t n = c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
    return n > left ? left : n;
}

size_t functions_chars(struct slice text)
{
    size_t n = 0;
    for (size_t i = 0; i < text.len; i++)
        n += (text.data[i] & 0xc0) != 0x80;
    return n;
}

size_t functions_offset(struct slice text, size_t n)
{
    size_t at = 0;
    while (n > 0 && at < text.len) {
        at += functions_char(text.data + at, text.len - at);
        n--;
    }
    return at;
}

uint32_t functions_decode(const char *p, size_t left, size_t *ret_len)
{
    size_t n = functions_char(p, left);
    uint32_t c = (unsigned char)*p;
    *ret_len = n;
    if (n == 1)
        return c;
    c &= n == 2 ? 0x1f : n == 3 ? 0x0f : 0x07;
    for (size_t i = 1; i < n; i++)
        c = c << 6 | ((unsigned char)p[i] & 0x3f);
    return c;
}

size_t functions_encode(uint32_t c, char ret[4])
{
    if (c < 0x80) {
        ret[0] = (char)c;
        return 1;
    }
    size_t n = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    for (size_t i = n - 1; i > 0; i--) {
        ret[i] = (char)(0x80 | (c & 0x3f));
        c >>= 6;
    }
    ret[0] = (char)((n == 2 ? 0xc0 : n == 3 ? 0xe0 : 0xf0) | c);
    return n;
}
