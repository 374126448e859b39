/* emit.c: SQLite text; see emit.h. */
#include "daemon/store/emit.h"

#include "daemon/store/infer.h"

#include "daemon/store/rows.h"

#include "lib/stringinfo.h"

#include <inttypes.h>
#include <math.h>

static const char *quoted(const char *text, size_t len, char quote)
{
    size_t doubled = 0;
    for (size_t i = 0; i < len; i++)
        doubled += text[i] == quote;
    char *out = palloc(len + doubled + 3), *at = out;
    *at++ = quote;
    for (size_t i = 0; i < len; i++) {
        if (text[i] == quote)
            *at++ = quote;
        *at++ = text[i];
    }
    *at++ = quote;
    *at = '\0';
    return out;
}

const char *emit_identifier(const char *name)
{
    return quoted(name, strlen(name), '"');
}

const char *emit_text(const char *text, size_t len)
{
    return quoted(text, len, '\'');
}

static const char *emit_real(double r)
{
    if (isnan(r))
        return "'NaN'";
    if (isinf(r))
        return r > 0 ? "9e999" : "(-9e999)";
    char *text = psprintf("%.17g", r);
    if (strpbrk(text, ".en") == NULL)
        text = psprintf("%s.0", text);
    return r < 0 || signbit(r) ? psprintf("(%s)", text) : text;
}

static const char *emit_blob(struct slice bytes)
{
    StringInfoData out;
    initStringInfo(&out);
    appendStringInfoString(&out, "x'");
    for (size_t i = 0; i < bytes.len; i++)
        appendStringInfo(&out, "%02x", (unsigned char)bytes.data[i]);
    appendStringInfoChar(&out, '\'');
    return out.data;
}

const char *emit_value(const struct types_value *v)
{
    switch (v->kind) {
    case TYPES_KIND_NULL:
        return "NULL";
    case TYPES_KIND_INT:
        if (v->i == INT64_MIN)
            return "(-9223372036854775807 - 1)";
        return psprintf(v->i < 0 ? "(%" PRId64 ")" : "%" PRId64, v->i);
    case TYPES_KIND_REAL:
        return emit_real(v->r);
    case TYPES_KIND_TEXT:
        return emit_text(v->bytes.data, v->bytes.len);
    case TYPES_KIND_BLOB:
        return emit_blob(v->bytes);
    }
    return "NULL";
}

/* Most pieces are short, and initStringInfo would have a kilobyte for each. */
static void start_small(StringInfo out)
{
    enum { BYTES = 256 };
    out->data = palloc(BYTES);
    out->maxlen = BYTES;
    resetStringInfo(out);
}

const char *emit_format(const char *format, ...)
{
    StringInfoData out;
    start_small(&out);
    for (;;) {
        va_list ap;
        va_start(ap, format);
        int needed = appendStringInfoVA(&out, format, ap);
        va_end(ap);
        if (needed == 0)
            return out.data;
        enlargeStringInfo(&out, needed);
    }
}

const char *emit_list(struct expr *const *exprs, int n)
{
    StringInfoData out;
    initStringInfo(&out);
    for (int i = 0; i < n; i++) {
        if (i > 0)
            appendStringInfoString(&out, ", ");
        appendStringInfoString(&out, exprs[i]->sql);
    }
    return out.data;
}

const char *emit_pack(int n)
{
    StringInfoData out;
    initStringInfo(&out);
    for (int i = 0; i < n; i++)
        appendStringInfo(&out, "%s\"c%d\"%s",
                         i % ROWS_PACK_MAX != 0 ? ", "
                         : i == 0               ? "pgf_pack("
                                                : ", pgf_pack(",
                         i + 1, i % ROWS_PACK_MAX == ROWS_PACK_MAX - 1 || i == n - 1 ? ")" : "");
    return n == 0 ? "pgf_pack()" : out.data;
}

/* -- templates -- */

static bool is_text(uint32_t type)
{
    switch (type) {
    case TYPES_TEXT:
    case TYPES_VARCHAR:
    case TYPES_NAME:
    case TYPES_BPCHAR:
    case TYPES_CHAR:
    case TYPES_UNKNOWN:
    case TYPES_NUMERIC:
    case TYPES_UUID:
    case TYPES_JSON:
    case TYPES_JSONB:
        return true;
    default:
        return false;
    }
}

static const char *argument(char how, const struct expr *e)
{
    switch (how) {
    case 't': /* ::text */
        if (e->type == TYPES_BOOL)
            return emit_format("pgf_bool_text(%s)", e->sql);
        if (e->type == TYPES_INET || e->type == TYPES_CIDR) /* always with its mask */
            return emit_format("pgf_inet_text('text', %s)", e->sql);
        return is_text(e->type) ? e->sql : emit_format("pgf_output(%u, %s)", e->type, e->sql);
    case 'o': /* output function */
        if (e->type == TYPES_BPCHAR && e->typmod > 4)
            return emit_format("pgf_rpad(%s, %d, ' ')", e->sql, e->typmod - 4);
        return is_text(e->type) ? e->sql : emit_format("pgf_output(%u, %s)", e->type, e->sql);
    case 'j':
        return emit_format("pgf_to_json(%u, %s)", e->type, e->sql);
    case 'e':
        return emit_format("%s COLLATE \"enum %u\"", e->sql, e->type);
    case 'y':
        return emit_format("%u", e->type);
    case 'd':
        return emit_format("%u", infer_said(e));
    default:
        return e->sql;
    }
}

/* One %-item at ${p}, after the sign; how many characters it has. */
static size_t item(const char *p, struct expr *const *args, int nargs, StringInfo out)
{
    char how = p[0] >= 'a' && p[0] <= 'z' ? p[0] : 'v';
    const char *which = how == 'v' ? p : p + 1;
    if (*which == '*') {
        for (int i = 0; i < nargs; i++)
            appendStringInfo(out, "%s%s", i == 0 ? "" : ", ",
                             argument(how != 'p'   ? how
                                      : i % 2 == 0 ? 'o'
                                                   : 'j',
                                      args[i]));
    } else if (*which - '1' < nargs) {
        appendStringInfoString(out, argument(how, args[*which - '1']));
    } else if (which[1] != '|') {
        appendStringInfoString(out, "NULL"); /* an argument left to its default */
    }
    size_t len = (size_t)(which - p) + 1;
    if (p[len] != '|')
        return len;
    const char *end = strchr(p + len + 1, '|');
    if (*which - '1' >= nargs)
        appendBinaryStringInfo(out, p + len + 1, (int)(end - p) - (int)len - 1);
    return (size_t)(end - p) + 1;
}

const char *emit_apply(const char *pattern, struct expr *const *args, int nargs)
{
    StringInfoData out;
    initStringInfo(&out);
    for (const char *p = pattern; *p != '\0';) {
        if (*p == '%')
            p += 1 + item(p + 1, args, nargs, &out);
        else
            appendStringInfoChar(&out, *p++);
    }
    return out.data;
}
