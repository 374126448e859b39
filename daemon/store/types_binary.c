/* types_binary.c: the binary forms (send and recv functions of each type). */
#include "daemon/store/inet.h"
#include "daemon/store/range.h"
#include "daemon/store/record.h"
#include "daemon/store/types_impl.h"

#include <math.h>
#include <stdio.h>

static void put_be(struct buf *out, uint64_t v, size_t n)
{
    char bytes[8];
    for (size_t i = 0; i < n; i++)
        bytes[i] = (char)(v >> (8 * (n - 1 - i)));
    buf_append(out, bytes, n);
}

static uint64_t take_be(const char *p, size_t n)
{
    uint64_t v = 0;
    for (size_t i = 0; i < n; i++)
        v = v << 8 | (unsigned char)p[i];
    return v;
}

int types_short_message(struct err *err)
{
    return err_set(err, SQLSTATE_PROTOCOL_VIOLATION, "insufficient data left in message");
}

int types_take_int32(struct slice *data, uint32_t *ret, struct err *err)
{
    if (data->len < 4)
        return types_short_message(err);
    *ret = (uint32_t)take_be(data->data, 4);
    data->data += 4;
    data->len -= 4;
    return 0;
}

int types_take_part(struct slice *data, struct slice *ret, struct err *err)
{
    uint32_t len = 0;
    if (types_take_int32(data, &len, err) < 0)
        return -1;
    *ret = (struct slice){NULL, 0};
    if (len == UINT32_MAX)
        return 0;
    if (len > data->len)
        return types_short_message(err);
    *ret = (struct slice){data->data, len};
    data->data += len;
    data->len -= len;
    return 0;
}

void types_send_part(const struct buf *part, struct buf *out)
{
    put_be(out, buf_len(part), 4);
    if (buf_len(part) > 0)
        buf_append(out, buf_peek(part).data, buf_len(part));
}

static int hex_value(char c)
{
    return c <= '9' ? c - '0' : c - 'a' + 10;
}

static void uuid_send(struct slice text, struct buf *out)
{
    int high = -1;
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] == '-')
            continue;
        int v = hex_value(text.data[i]);
        if (high >= 0) {
            char byte = (char)(high << 4 | v);
            buf_append(out, &byte, 1);
        }
        high = high < 0 ? v : -1;
    }
}

/* Base 10000 digits around the point. */
int types_numeric_send(struct slice text, struct buf *out, struct err *err)
{
    bool negative = text.len > 0 && text.data[0] == '-';
    char letter = text.len > negative ? text.data[negative] : '0';
    if (letter == 'N' || letter == 'I') {
        put_be(out, 0, 4);
        put_be(out, letter == 'N' ? 0xc000 : negative ? 0xf000 : 0xd000, 2);
        put_be(out, letter == 'N' ? 0 : 0x20, 2);
        return 0;
    }
    const char *digits = text.data + negative;
    size_t len = text.len - negative;
    const char *point = len ? memchr(digits, '.', len) : NULL;
    size_t before = point ? (size_t)(point - digits) : len, after = point ? len - before - 1 : 0;
    size_t groups_before = (before + 3) / 4, groups = groups_before + (after + 3) / 4;
    struct buf body;
    size_t first = groups, last = 0;
    buf_init(&body, TYPES_JSON_MAX);
    for (size_t g = 0; g < groups; g++) {
        unsigned v = 0;
        for (size_t k = 0; k < 4; k++) {
            long at = g < groups_before ? (long)(before - (groups_before - g) * 4 + k)
                                        : (long)((g - groups_before) * 4 + k);
            bool inside = g < groups_before ? at >= 0 : (size_t)at < after;
            const char *source = g < groups_before ? digits : point + 1;
            v = v * 10 + (inside ? (unsigned)(source[at] - '0') : 0);
        }
        if (v && first == groups)
            first = g;
        if (v)
            last = g + 1;
        put_be(&body, v, 2);
    }
    size_t n = last > first ? last - first : 0;
    put_be(out, n, 2);
    put_be(out, (uint64_t)(n ? (long)groups_before - 1 - (long)first : 0), 2);
    put_be(out, n && negative ? 0x4000 : 0, 2);
    put_be(out, after, 2);
    if (n)
        buf_append(out, buf_peek(&body).data + first * 2, n * 2);
    bool failed = body.failed;
    buf_release(&body);
    return failed ? err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory") : 0;
}

static int bad_length(struct err *err)
{
    return err_set(err, SQLSTATE_INVALID_BINARY_REPRESENTATION, "incorrect binary data format");
}

int types_numeric_receive(struct slice data, struct buf *scratch, struct slice *ret,
                          struct err *err)
{
    if (data.len < 8)
        return bad_length(err);
    size_t n = take_be(data.data, 2), scale = take_be(data.data + 6, 2) & 0x3fff;
    int weight = (int16_t)take_be(data.data + 2, 2);
    unsigned sign = (unsigned)take_be(data.data + 4, 2);
    struct buf text;
    char group[8];
    if (sign == 0xc000)
        return types_numeric_in(-1, (struct slice){"NaN", 3}, scratch, ret, err);
    if (sign == 0xd000 || sign == 0xf000)
        return types_numeric_in(-1, (struct slice){sign == 0xd000 ? "+inf" : "-inf", 4}, scratch,
                                ret, err);
    if (data.len != 8 + 2 * n || (sign != 0 && sign != 0x4000))
        return bad_length(err);
    buf_init(&text, TYPES_JSON_MAX);
    buf_append(&text, sign ? "-0" : "0", sign ? 2 : 1);
    int groups_after = (int)((scale + 3) / 4);
    for (int g = weight > 0 ? weight : 0; g >= -groups_after; g--) {
        if (g == -1)
            buf_append(&text, ".", 1);
        long at = (long)weight - g;
        unsigned v = at >= 0 && (size_t)at < n ? (unsigned)take_be(data.data + 8 + 2 * at, 2) : 0;
        snprintf(group, sizeof group, "%04u", v % 10000);
        buf_append(&text, group, 4);
    }
    struct slice all = buf_peek(&text);
    if (all.data && groups_after)
        all.len -= (size_t)groups_after * 4 - scale;
    int rc = text.failed ? err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory")
                         : types_numeric_in(-1, all, scratch, ret, err);
    buf_release(&text);
    return rc;
}

/* Bytes of a fixed-length type, or 0. */
static size_t fixed_length(const struct types_set *set, uint32_t oid)
{
    switch (oid) {
    case TYPES_BOOL:
        return 1;
    case TYPES_INT2:
        return 2;
    case TYPES_INT8:
    case TYPES_FLOAT8:
    case TYPES_TIME:
    case TYPES_TIMESTAMP:
    case TYPES_TIMESTAMPTZ:
        return 8;
    case TYPES_TIMETZ:
        return 12;
    case TYPES_TID:
        return 6;
    case TYPES_UUID:
    case TYPES_INTERVAL:
        return 16;
    default:
        return types_storage(set, oid)[0] != 'T' && types_storage(set, oid)[0] != 'B' ? 4 : 0;
    }
}

static void float_send(uint32_t oid, double v, struct buf *out)
{
    if (oid == TYPES_FLOAT4) {
        float f = (float)v;
        uint32_t bits;
        memcpy(&bits, &f, sizeof bits);
        put_be(out, bits, 4);
    } else {
        uint64_t bits;
        memcpy(&bits, &v, sizeof bits);
        put_be(out, bits, 8);
    }
}

int types_send(const struct types_session *s, uint32_t oid, int32_t typmod,
               const struct types_value *value, struct buf *out, struct err *err)
{
    oid = types_base(s->set, oid, &typmod);
    const struct types_info *type = types_find(s->set, oid);
    struct types_value v;
    if (types_settle(s->set, oid, value, &v, err) < 0)
        return -1;
    if (oid == TYPES_TIMETZ) {
        struct types_timetz t = types_timetz_of(v.i);
        put_be(out, (uint64_t)t.us, 8);
        put_be(out, (uint64_t)t.west, 4);
        return 0;
    }
    switch (v.kind) {
    case TYPES_KIND_INT:
        put_be(out, (uint64_t)v.i, fixed_length(s->set, oid));
        return 0;
    case TYPES_KIND_REAL:
        float_send(oid, v.r, out);
        return 0;
    case TYPES_KIND_BLOB:
        if (inet_is_type(oid))
            return inet_send(oid, v.bytes, out, err);
        buf_append(out, v.bytes.data, v.bytes.len);
        return 0;
    default:
        break;
    }
    if (type && type->category == 'A' && type->elem)
        return types_array_send(s, type, v.bytes, out, err);
    if (range_subtype(oid) != 0)
        return range_send(s, oid, v.bytes, out, err);
    if (record_is_type(s->set, oid))
        return record_send(s, v.bytes, out, err);
    switch (oid) {
    case TYPES_UUID:
        uuid_send(v.bytes, out);
        return 0;
    case TYPES_NUMERIC:
        return types_numeric_send(v.bytes, out, err);
    case TYPES_CHAR: /* '' is a zero byte */
        buf_append(out, v.bytes.len > 0 ? v.bytes.data : "", 1);
        return 0;
    case 1033:
        return err_set(err, SQLSTATE_UNDEFINED_FUNCTION,
                       "no binary output function available for type aclitem");
    case TYPES_JSONB:
    case TYPES_JSONPATH:
        buf_append(out, "\1", 1);
        buf_append(out, v.bytes.data, v.bytes.len);
        return 0;
    default:
        return types_output(s, oid, typmod, &v, out, err);
    }
}

static int timetz_receive(struct slice data, int64_t *ret, struct err *err)
{
    struct types_timetz t = {(int64_t)take_be(data.data, 8), (int32_t)take_be(data.data + 8, 4)};
    if (t.us < 0 || t.us > TYPES_US_PER_DAY)
        return err_set(err, "22008", "time out of range");
    if (t.west <= -TYPES_ZONE_LIMIT || t.west >= TYPES_ZONE_LIMIT)
        return err_set(err, "22009", "time zone displacement out of range");
    *ret = types_timetz_key(t);
    return 0;
}

static int int_receive(uint32_t oid, struct slice data, int64_t *ret, struct err *err)
{
    switch (oid) {
    case TYPES_BOOL:
        *ret = data.data[0] != 0;
        return 0;
    case TYPES_TIMETZ:
        return timetz_receive(data, ret, err);
    case TYPES_INT2:
        *ret = (int16_t)take_be(data.data, 2);
        return 0;
    case TYPES_INT4:
    case TYPES_DATE:
        *ret = (int32_t)take_be(data.data, 4);
        break;
    case TYPES_INT8:
    case TYPES_TIMESTAMP:
    case TYPES_TIMESTAMPTZ:
    case TYPES_TIME:
        *ret = (int64_t)take_be(data.data, 8);
        break;
    case TYPES_TID:
        *ret = (int64_t)take_be(data.data, 6);
        return 0;
    default:
        *ret = (int64_t)take_be(data.data, 4);
        return 0;
    }
    bool infinite = *ret == INT64_MIN || *ret == INT64_MAX;
    if (oid == TYPES_DATE && *ret != INT32_MIN && *ret != INT32_MAX &&
        (*ret < TYPES_DATE_MIN || *ret >= TYPES_DATE_END))
        return err_set(err, "22008", "date out of range");
    if (oid == TYPES_TIME && (*ret < 0 || *ret > TYPES_US_PER_DAY))
        return err_set(err, "22008", "time out of range");
    if ((oid == TYPES_TIMESTAMP || oid == TYPES_TIMESTAMPTZ) && !infinite &&
        (*ret < TYPES_TIMESTAMP_MIN || *ret >= TYPES_TIMESTAMP_END))
        return err_set(err, "22008", "timestamp out of range");
    return 0;
}

static void real_receive(uint32_t oid, struct slice data, double *ret)
{
    if (oid == TYPES_FLOAT4) {
        uint32_t bits = (uint32_t)take_be(data.data, 4);
        float f;
        memcpy(&f, &bits, sizeof f);
        *ret = (double)f;
    } else {
        uint64_t bits = take_be(data.data, 8);
        memcpy(ret, &bits, sizeof *ret);
    }
}

static int uuid_receive(const struct types_session *s, struct slice data, struct buf *scratch,
                        struct types_value *ret, struct err *err)
{
    char text[40];
    size_t n = 0;
    for (size_t i = 0; i < 16; i++)
        n += (size_t)snprintf(text + n, sizeof text - n, "%02x", (unsigned char)data.data[i]);
    return types_input(s, TYPES_UUID, -1, (struct slice){text, n}, scratch, ret, err);
}

int types_receive(const struct types_session *s, uint32_t oid, struct slice data,
                  struct buf *scratch, struct types_value *ret, struct err *err)
{
    oid = types_base(s->set, oid, NULL);
    struct types_value v = {.kind = TYPES_KIND_INT};
    const struct types_info *type = types_find(s->set, oid);
    size_t want = fixed_length(s->set, oid);
    int rc = 0;
    if (want && data.len != want && types_supported(s->set, oid))
        return bad_length(err);
    if (oid == TYPES_UUID)
        return uuid_receive(s, data, scratch, ret, err);
    if (type && type->category == 'A' && type->elem && types_supported(s->set, oid)) {
        v.kind = TYPES_KIND_TEXT;
        rc = types_array_receive(s, type, data, scratch, &v.bytes, err);
    } else if (range_subtype(oid) != 0) {
        v.kind = TYPES_KIND_TEXT;
        rc = range_receive(s, oid, data, scratch, &v.bytes, err);
    } else if (record_is_type(s->set, oid)) {
        v.kind = TYPES_KIND_TEXT;
        rc = record_receive(s, oid, data, scratch, &v.bytes, err);
    } else if (inet_is_type(oid)) {
        v.kind = TYPES_KIND_BLOB;
        rc = inet_receive(oid, data, scratch, &v.bytes, err);
    } else if (types_storage(s->set, oid)[0] == 'I') {
        rc = int_receive(oid, data, &v.i, err);
    } else if (types_storage(s->set, oid)[0] == 'R') {
        v.kind = TYPES_KIND_REAL;
        real_receive(oid, data, &v.r);
    } else if (types_storage(s->set, oid)[0] == 'B') {
        v.kind = TYPES_KIND_BLOB;
        v.bytes = data;
    } else if (oid == TYPES_NUMERIC) {
        v.kind = TYPES_KIND_TEXT;
        rc = types_numeric_receive(data, scratch, &v.bytes, err);
    } else {
        bool versioned = oid == TYPES_JSONB || oid == TYPES_JSONPATH;
        if (versioned && (data.len < 1 || data.data[0] != 1))
            return err_set(err, SQLSTATE_INTERNAL_ERROR, "unsupported %s version number%s %d",
                           type->name, oid == TYPES_JSONB ? "" : ":", data.len ? data.data[0] : 0);
        struct slice text = versioned ? (struct slice){data.data + 1, data.len - 1} : data;
        if (oid != TYPES_CHAR && types_text_check(text, err) < 0)
            return -1;
        return types_input(s, oid, -1, text, scratch, ret, err);
    }
    if (rc == 0)
        *ret = v;
    return rc;
}
