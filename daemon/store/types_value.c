/* types_value.c: the way of each value, in and out, to the file of its type. */
#include "daemon/store/types_impl.h"

#include "daemon/store/inet.h"
#include "daemon/store/jsonpath.h"
#include "daemon/store/range.h"
#include "daemon/store/record.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* -- in -- */

static int unsupported(const struct types_set *set, uint32_t oid, struct err *err)
{
    char name[TYPES_NAME_BYTES];
    types_format(set, oid, -1, name, sizeof name);
    return err_set(err, SQLSTATE_FEATURE_NOT_SUPPORTED, "type %s is not supported by the store",
                   name);
}

static int interval_keep(const struct types_interval *v, struct buf *scratch, struct slice *ret,
                         struct err *err)
{
    char packed[16];
    types_interval_pack(v, packed);
    size_t at = buf_len(scratch);
    if (buf_append(scratch, packed, sizeof packed) < 0)
        return err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
    *ret = (struct slice){buf_peek(scratch).data + at, sizeof packed};
    return 0;
}

static int interval_in(const struct types_session *s, int32_t typmod, struct slice text,
                       struct buf *scratch, struct slice *ret, struct err *err)
{
    struct types_interval v;
    return types_interval_in(s, typmod, text, &v, err) < 0 ? -1
                                                           : interval_keep(&v, scratch, ret, err);
}

static int text_in(uint32_t oid, int32_t typmod, struct slice text, struct buf *scratch,
                   struct slice *ret, struct err *err)
{
    size_t at = buf_len(scratch);
    switch (oid) {
    case TYPES_UUID:
        return types_uuid_in(text, scratch, ret, err);
    case TYPES_JSON:
        *ret = text;
        return types_json_in(text, NULL, err);
    case TYPES_JSONB:
        if (types_json_in(text, scratch, err) < 0)
            return -1;
        *ret = (struct slice){buf_peek(scratch).data + at, buf_len(scratch) - at};
        return 0;
    case TYPES_JSONPATH:
        if (jsonpath_input(text, scratch, err) < 0)
            return -1;
        *ret = (struct slice){buf_peek(scratch).data + at, buf_len(scratch) - at};
        return 0;
    case TYPES_NUMERIC:
        return types_numeric_in(typmod, text, scratch, ret, err);
    case TYPES_CHAR:
        return types_char_in(text, scratch, ret, err);
    case TYPES_NAME: /* identifiers end after 63 bytes */
        *ret = text;
        if (text.len > 63)
            for (ret->len = 63; ((unsigned char)text.data[ret->len] & 0xc0) == 0x80;)
                ret->len--;
        return 0;
    default:
        return types_text_typmod(oid, typmod, false, text, ret, err);
    }
}

int types_input(const struct types_session *s, uint32_t oid, int32_t typmod, struct slice text,
                struct buf *scratch, struct types_value *ret, struct err *err)
{
    oid = types_base(s->set, oid, &typmod);
    struct types_value v = {.kind = TYPES_KIND_INT};
    const struct types_info *type = types_find(s->set, oid);
    int rc;
    if (!types_supported(s->set, oid))
        return unsupported(s->set, oid, err);
    switch (oid) {
    case TYPES_BOOL:
        rc = types_bool_in(text, &v.i, err);
        break;
    case TYPES_DATE:
        rc = types_date_in(s, text, &v.i, err);
        break;
    case TYPES_TIME:
        rc = types_time_in(s, typmod, text, &v.i, err);
        break;
    case TYPES_TIMETZ:
        rc = types_timetz_in(s, typmod, text, &v.i, err);
        break;
    case TYPES_TIMESTAMP:
    case TYPES_TIMESTAMPTZ:
        rc = types_timestamp_in(s, oid == TYPES_TIMESTAMPTZ, typmod, text, &v.i, err);
        break;
    case TYPES_TID:
        rc = types_tid_in(text, &v.i, err);
        break;
    case TYPES_FLOAT4:
    case TYPES_FLOAT8:
        v.kind = TYPES_KIND_REAL;
        rc = types_float_in(oid, text, &v.r, err);
        break;
    case TYPES_BYTEA:
        v.kind = TYPES_KIND_BLOB;
        rc = types_bytea_in(text, scratch, &v.bytes, err);
        break;
    case TYPES_INTERVAL:
        v.kind = TYPES_KIND_BLOB;
        rc = interval_in(s, typmod, text, scratch, &v.bytes, err);
        break;
    case TYPES_INET:
    case TYPES_CIDR:
    case TYPES_MACADDR:
    case TYPES_MACADDR8:
        v.kind = TYPES_KIND_BLOB;
        rc = inet_input(oid, text, scratch, &v.bytes, err);
        break;
    default:
        if (types_is_reg(oid) && s->set && s->set->names) {
            uint32_t found = 0;
            rc = s->set->names->read(s->set->names->arg, oid, text, &found, err);
            v.i = found;
        } else if (types_is_int(oid)) {
            rc = types_int_in(oid, text, &v.i, err);
        } else {
            v.kind = TYPES_KIND_TEXT;
            rc = type->type == 'e'             ? types_enum_in(s->set, type, text, &v.bytes, err)
                 : type->type == 'r'           ? range_input(s, oid, text, scratch, &v.bytes, err)
                 : record_is_type(s->set, oid) ? record_input(s, oid, text, scratch, &v.bytes, err)
                 : types_is_array(type)
                     ? types_array_in(s, type, typmod, text, scratch, &v.bytes, err)
                     : text_in(oid, typmod, text, scratch, &v.bytes, err);
        }
    }
    if (rc == 0)
        *ret = v;
    return rc;
}

int types_apply_typmod(uint32_t oid, int32_t typmod, bool explicit_cast,
                       const struct types_value *v, struct buf *scratch, struct types_value *ret,
                       struct err *err)
{
    *ret = *v;
    if (typmod < 0 || v->kind == TYPES_KIND_NULL)
        return 0;
    switch (oid) {
    case TYPES_VARCHAR:
    case TYPES_BPCHAR:
        return types_text_typmod(oid, typmod, explicit_cast, v->bytes, &ret->bytes, err);
    case TYPES_NUMERIC:
        return types_numeric_in(typmod, v->bytes, scratch, &ret->bytes, err);
    case TYPES_TIME:
    case TYPES_TIMESTAMP:
    case TYPES_TIMESTAMPTZ:
        if (v->kind == TYPES_KIND_INT)
            ret->i = types_round_us(v->i, typmod);
        return 0;
    case TYPES_TIMETZ:
        if (v->kind == TYPES_KIND_INT)
            ret->i = types_timetz_round(v->i, typmod);
        return 0;
    case TYPES_INTERVAL: {
        struct types_interval interval;
        if (v->kind != TYPES_KIND_BLOB || !types_interval_unpack(v->bytes, &interval))
            return 0;
        types_interval_typmod(&interval, typmod);
        return interval_keep(&interval, scratch, &ret->bytes, err);
    }
    default:
        if (types_is_array(types_find(NULL, oid)))
            return types_array_typmod(types_find(NULL, oid), typmod, explicit_cast, v->bytes,
                                      scratch, &ret->bytes, err);
        return 0;
    }
}

/* -- out -- */

static void bytea_out(const struct types_session *s, struct slice v, struct buf *out)
{
    static const char digits[] = "0123456789abcdef";
    if (!s->bytea_escape)
        buf_append(out, "\\x", 2);
    for (size_t i = 0; i < v.len; i++) {
        unsigned char c = (unsigned char)v.data[i];
        char text[8];
        if (!s->bytea_escape)
            snprintf(text, sizeof text, "%c%c", digits[c >> 4], digits[c & 15]);
        else if (c == '\\')
            snprintf(text, sizeof text, "\\\\");
        else if (c < 0x20 || c > 0x7e)
            snprintf(text, sizeof text, "\\%03o", c);
        else
            snprintf(text, sizeof text, "%c", c);
        buf_append(out, text, strlen(text));
    }
}

static enum types_kind stored_kind(const struct types_set *set, uint32_t oid)
{
    switch (types_storage(set, oid)[0]) {
    case 'I':
        return TYPES_KIND_INT;
    case 'R':
        return TYPES_KIND_REAL;
    case 'B':
        return TYPES_KIND_BLOB;
    default:
        return TYPES_KIND_TEXT;
    }
}

/* What SQLite gives for an expression may be of a neighbouring class: an integer where a real is
 * meant, a number where text is declared unknown. */
int types_settle(const struct types_set *set, uint32_t oid, const struct types_value *v,
                 struct types_value *ret, struct err *err)
{
    enum types_kind want = stored_kind(set, oid);
    *ret = *v;
    if (v->kind == want)
        return 0;
    if (want == TYPES_KIND_REAL && v->kind == TYPES_KIND_TEXT && types_word(v->bytes, "nan")) {
        ret->kind = TYPES_KIND_REAL;
        ret->r = NAN; /* SQLite has none */
        return 0;
    }
    if (want == TYPES_KIND_REAL && v->kind == TYPES_KIND_INT) {
        ret->kind = TYPES_KIND_REAL;
        ret->r = (double)v->i;
        return 0;
    }
    char name[TYPES_NAME_BYTES];
    types_format(set, oid, -1, name, sizeof name);
    return err_set(err, SQLSTATE_INTERNAL_ERROR, "a value of type %s has the wrong storage class",
                   name);
}

static void bpchar_out(int32_t typmod, struct slice v, struct buf *out)
{
    size_t chars = 0;
    for (size_t i = 0; i < v.len; i++)
        chars += ((unsigned char)v.data[i] & 0xc0) != 0x80;
    buf_append(out, v.data, v.len);
    for (; typmod > 4 && chars < (size_t)typmod - 4; chars++)
        buf_append(out, " ", 1);
}

/* Most of what is sent: printf takes ten times as long. */
static void decimal_out(int64_t v, struct buf *out)
{
    char text[24], *p = text + sizeof text;
    uint64_t magnitude = v < 0 ? -(uint64_t)v : (uint64_t)v;
    do
        *--p = (char)('0' + magnitude % 10);
    while (magnitude /= 10);
    if (v < 0)
        *--p = '-';
    buf_append(out, p, (size_t)(text + sizeof text - p));
}

static void int_out(const struct types_session *s, uint32_t oid, int64_t v, struct buf *out)
{
    char text[TYPES_NAME_BYTES];
    switch (oid) {
    case TYPES_BOOL:
        buf_append(out, v ? "t" : "f", 1);
        return;
    case TYPES_REGTYPE:
        types_format(s->set, (uint32_t)v, -1, text, sizeof text);
        break;
    case TYPES_TID:
        snprintf(text, sizeof text, "(%" PRId64 ",%" PRId64 ")", v >> 16, v & 0xffff);
        break;
    default:
        decimal_out(v, out);
        return;
    }
    buf_append(out, text, strlen(text));
}

int types_output(const struct types_session *s, uint32_t oid, int32_t typmod,
                 const struct types_value *value, struct buf *out, struct err *err)
{
    oid = types_base(s->set, oid, &typmod);
    const struct types_info *type = types_find(s->set, oid);
    struct types_value v;
    struct types_interval interval;
    if (types_settle(s->set, oid, value, &v, err) < 0)
        return -1;
    switch (oid) {
    case TYPES_DATE:
        types_date_out(s, v.i, out);
        break;
    case TYPES_TIME:
        types_time_out((uint64_t)v.i, out);
        break;
    case TYPES_TIMETZ:
        types_timetz_out(v.i, out);
        break;
    case TYPES_TIMESTAMP:
    case TYPES_TIMESTAMPTZ:
        types_timestamp_out(s, oid == TYPES_TIMESTAMPTZ, v.i, out);
        break;
    case TYPES_FLOAT4:
    case TYPES_FLOAT8:
        types_float_out(oid, v.r, s->extra_float_digits, out);
        break;
    case TYPES_BYTEA:
        bytea_out(s, v.bytes, out);
        break;
    case TYPES_INTERVAL:
        if (!types_interval_unpack(v.bytes, &interval))
            return err_set(err, SQLSTATE_INTERNAL_ERROR, "a stored interval has the wrong length");
        types_interval_out(s->interval_style, &interval, out);
        break;
    case TYPES_BPCHAR:
        bpchar_out(typmod, v.bytes, out);
        break;
    default:
        if (types_is_reg(oid) && s->set && s->set->names)
            s->set->names->print(s->set->names->arg, oid, (uint32_t)v.i, out);
        else if (v.kind == TYPES_KIND_INT)
            int_out(s, oid, v.i, out);
        else if (types_is_array(type))
            return types_array_out(s, type, v.bytes, out, err);
        else if (inet_is_type(oid))
            return inet_output(oid, v.bytes, out, err);
        else if (range_subtype(oid) != 0)
            return range_output(s, oid, v.bytes, out, err);
        else if (record_is_type(s->set, oid))
            return record_output(s, v.bytes, out, err);
        else
            buf_append(out, v.bytes.data, v.bytes.len);
    }
    return 0;
}

/* -- elements of arrays -- */

int types_element_in(const struct types_session *s, uint32_t elem, struct slice stored,
                     struct buf *scratch, struct types_value *ret, struct err *err)
{
    if (!record_is_type(s->set, types_base(s->set, elem, NULL)))
        return types_input(s, elem, -1, stored, scratch, ret, err);
    *ret = (struct types_value){.kind = TYPES_KIND_TEXT, .bytes = stored};
    return 0;
}

int types_element_out(const struct types_set *set, uint32_t elem, const struct types_value *v,
                      struct buf *out, struct err *err)
{
    const struct types_session utc = {.timezone = "UTC", .extra_float_digits = 1, .set = set};
    if (!record_is_type(set, types_base(set, elem, NULL)))
        return types_output(&utc, elem, -1, v, out, err);
    buf_append(out, v->bytes.data, v->bytes.len);
    return 0;
}
