/* types_array.c: arrays, their elements and the binary form; how they are stored: array.h.
 *
 * An element is stored as its type prints it (in UTC, so that the text does not depend on a
 * session). */
#include "daemon/store/record.h"
#include "daemon/store/types_array.h"
#include "protocol/msg_write.h"

static int no_memory(struct err *err)
{
    return err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
}

int types_array_too_deep(int n, struct err *err)
{
    return err_set(err, SQLSTATE_PROGRAM_LIMIT_EXCEEDED,
                   "number of array dimensions (%d) exceeds the maximum allowed (%d)", n,
                   ARRAY_DIMENSIONS);
}

/* Append an element, given as text (data NULL: null) of the element's type. */
int types_array_add(const struct types_session *s, uint32_t elem, int32_t typmod,
                       struct slice text, struct array *a, struct err *err)
{
    const struct types_session utc = {.timezone = "UTC", .extra_float_digits = 1, .set = s->set};
    struct buf scratch, out;
    struct types_value v;
    bool row = record_is_type(s->set, types_base(s->set, elem, NULL));
    if (!text.data) {
        array_add(a, text);
        return 0;
    }
    buf_init(&scratch, TYPES_ARRAY_SCRATCH);
    buf_init(&out, TYPES_ARRAY_SCRATCH);
    int rc = types_input(s, elem, typmod, text, &scratch, &v, err);
    if (rc == 0)
        rc = row ? types_element_out(s->set, elem, &v, &out, err)
                 : types_output(&utc, elem, typmod, &v, &out, err);
    if (rc == 0 && (scratch.failed || out.failed))
        rc = no_memory(err);
    struct slice shown = buf_peek(&out);
    if (rc == 0)
        array_add(a, shown.data ? shown : (struct slice){"", 0});
    buf_release(&scratch);
    buf_release(&out);
    return rc;
}

int types_array_finish(struct array *a, struct buf *scratch, size_t at, struct slice *ret,
                  struct err *err)
{
    array_write(a, scratch);
    bool failed = a->failed;
    array_release(a);
    if (scratch->failed || failed)
        return no_memory(err);
    *ret = (struct slice){buf_peek(scratch).data + at, buf_len(scratch) - at};
    return 0;
}

int types_array_broken(struct err *err)
{
    return err_set(err, SQLSTATE_INTERNAL_ERROR, "a stored array is malformed");
}

/* -- the binary form -- */

static int send_element(const struct types_session *s, uint32_t elem, struct slice stored,
                        struct buf *out, struct err *err)
{
    struct types_value v;
    struct buf bytes, scratch;
    if (!stored.data) {
        msg_int32(out, UINT32_MAX);
        return 0;
    }
    buf_init(&scratch, TYPES_ARRAY_SCRATCH);
    buf_init(&bytes, TYPES_ARRAY_SCRATCH);
    int rc = 0;
    if (elem == TYPES_BPCHAR)
        buf_append(&bytes, stored.data, stored.len);
    else
        rc = types_element_in(s, elem, stored, &scratch, &v, err);
    if (rc == 0 && elem != TYPES_BPCHAR)
        rc = types_send(s, elem, -1, &v, &bytes, err);
    types_send_part(&bytes, out);
    buf_release(&bytes);
    buf_release(&scratch);
    return rc;
}

int types_array_send(const struct types_session *s, const struct types_info *type,
                     struct slice json, struct buf *out, struct err *err)
{
    struct array a;
    bool nulls = false;
    int rc = 0;
    if (array_parse(json, types_is_vector(type->oid), &a) < 0)
        return types_array_broken(err);
    for (size_t i = 0; i < a.n; i++)
        nulls = nulls || a.items[i].null;
    if (types_is_vector(type->oid)) /* one dimension even when empty */
        a.ndim = 1;
    msg_int32(out, (uint32_t)a.ndim);
    msg_int32(out, nulls);
    msg_int32(out, type->elem);
    for (int d = 0; d < a.ndim; d++) {
        msg_int32(out, (uint32_t)(types_is_vector(type->oid) ? (int32_t)a.n : a.dims[d]));
        msg_int32(out, (uint32_t)a.lower[d]);
    }
    for (size_t i = 0; i < a.n && rc == 0; i++)
        rc = send_element(s, type->elem, array_item(&a, i), out, err);
    array_release(&a);
    return rc;
}

static int receive_element(const struct types_session *s, uint32_t elem, struct slice bytes,
                           struct array *a, struct err *err)
{
    struct types_value v;
    struct buf scratch, text;
    buf_init(&scratch, TYPES_ARRAY_SCRATCH);
    buf_init(&text, TYPES_ARRAY_SCRATCH);
    int rc = types_receive(s, elem, bytes, &scratch, &v, err);
    if (rc == 0)
        rc = types_output(s, elem, -1, &v, &text, err);
    struct slice shown = buf_peek(&text);
    if (!shown.data)
        shown = (struct slice){"", 0};
    if (rc == 0)
        rc = types_array_add(s, elem, -1, shown, a, err);
    buf_release(&scratch);
    buf_release(&text);
    return rc;
}

static int receive_head(const struct types_session *s, const struct types_info *type,
                        struct slice *data, struct array *a, struct err *err)
{
    uint32_t ndim, flags, elem, n, lower;
    if (types_take_int32(data, &ndim, err) < 0 || types_take_int32(data, &flags, err) < 0 ||
        types_take_int32(data, &elem, err) < 0)
        return -1;
    if ((int32_t)ndim < 0)
        return err_set(err, SQLSTATE_INVALID_BINARY_REPRESENTATION,
                       "invalid number of dimensions: %d", (int)ndim);
    if (ndim > ARRAY_DIMENSIONS)
        return types_array_too_deep((int)ndim, err);
    if (flags > 1)
        return err_set(err, SQLSTATE_INVALID_BINARY_REPRESENTATION, "invalid array flags");
    if (elem != type->elem) {
        char got[96], wanted[96];
        types_format(s->set, elem, -1, got, sizeof(got));
        types_format(s->set, type->elem, -1, wanted, sizeof(wanted));
        return err_set(err, SQLSTATE_DATATYPE_MISMATCH,
                       "binary data has array element type %u (%s) instead of expected %u (%s)",
                       elem, got, type->elem, wanted);
    }
    for (uint32_t d = 0; d < ndim; d++) {
        if (types_take_int32(data, &n, err) < 0 || types_take_int32(data, &lower, err) < 0)
            return -1;
        a->dims[d] = (int32_t)n;
        a->lower[d] = (int32_t)lower;
    }
    a->ndim = (int)ndim;
    if (array_count(a->ndim, a->dims) < 0)
        return err_set(err, SQLSTATE_PROGRAM_LIMIT_EXCEEDED,
                       "array size exceeds the maximum allowed (%d)", ARRAY_MAX_ITEMS);
    return 0;
}

static int receive(const struct types_session *s, const struct types_info *type, struct slice data,
                   struct array *a, struct err *err)
{
    struct slice part;
    if (receive_head(s, type, &data, a, err) < 0)
        return -1;
    int64_t n = array_count(a->ndim, a->dims);
    for (int64_t i = 0; i < n; i++) {
        if (types_take_part(&data, &part, err) < 0)
            return -1;
        if (!part.data)
            array_add(a, part);
        else if (receive_element(s, type->elem, part, a, err) < 0)
            return -1;
    }
    if (data.len > 0)
        return err_set(err, SQLSTATE_INVALID_BINARY_REPRESENTATION, "incorrect binary data format");
    if (types_is_vector(type->oid))
        a->lower[0] = 1;
    return 0;
}

int types_array_receive(const struct types_session *s, const struct types_info *type,
                        struct slice data, struct buf *scratch, struct slice *ret, struct err *err)
{
    size_t at = buf_len(scratch);
    struct array a;
    array_init(&a);
    if (receive(s, type, data, &a, err) == 0)
        return types_array_finish(&a, scratch, at, ret, err);
    array_release(&a);
    return -1;
}

/* -- typmods -- */

int types_array_typmod(const struct types_info *type, int32_t typmod, bool explicit_cast,
                       struct slice json, struct buf *scratch, struct slice *ret, struct err *err)
{
    static const struct types_session utc = {.timezone = "UTC", .extra_float_digits = 1};
    struct array a, cut;
    size_t at = buf_len(scratch);
    int rc = 0;
    if (array_parse(json, false, &a) < 0)
        return types_array_broken(err);
    array_init(&cut);
    memcpy(cut.dims, a.dims, sizeof(cut.dims));
    memcpy(cut.lower, a.lower, sizeof(cut.lower));
    cut.ndim = a.ndim;
    for (size_t i = 0; i < a.n && rc == 0; i++) {
        struct types_value v, w;
        struct buf in, out, text;
        struct slice item = array_item(&a, i);
        if (!item.data) {
            array_add(&cut, item);
            continue;
        }
        buf_init(&in, TYPES_ARRAY_SCRATCH);
        buf_init(&out, TYPES_ARRAY_SCRATCH);
        buf_init(&text, TYPES_ARRAY_SCRATCH);
        rc = types_input(&utc, type->elem, -1, item, &in, &v, err);
        if (rc == 0)
            rc = types_apply_typmod(type->elem, typmod, explicit_cast, &v, &out, &w, err);
        if (rc == 0)
            rc = types_output(&utc, type->elem, typmod, &w, &text, err);
        struct slice shown = buf_peek(&text);
        if (rc == 0)
            array_add(&cut, shown.data ? shown : (struct slice){"", 0});
        buf_release(&in);
        buf_release(&out);
        buf_release(&text);
    }
    array_release(&a);
    if (rc == 0)
        return types_array_finish(&cut, scratch, at, ret, err);
    array_release(&cut);
    return rc;
}
