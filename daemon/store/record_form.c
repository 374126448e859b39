/* record_form.c: the text and binary forms of rows (record_in, record_out, record_recv,
 * record_send); see record.h. */
#include "daemon/store/record.h"

#include "daemon/store/types_impl.h"
#include "protocol/msg_write.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>

#define RECORD_SCRATCH_MAX ((size_t)256 << 20)

static int no_memory(struct err *err)
{
    return err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
}

/* -- the text form -- */

static bool needs_quotes(struct slice text)
{
    for (size_t i = 0; i < text.len; i++)
        if (strchr("\"\\(),", text.data[i]) || isspace((unsigned char)text.data[i]))
            return true;
    return text.len == 0;
}

static void write_field(struct slice text, struct buf *out)
{
    bool quotes = needs_quotes(text);
    if (quotes)
        buf_append(out, "\"", 1);
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] == '"' || text.data[i] == '\\')
            buf_append(out, &text.data[i], 1);
        buf_append(out, &text.data[i], 1);
    }
    if (quotes)
        buf_append(out, "\"", 1);
}

/* Field ${f} in its text or binary form. */
static int field_out(const struct types_session *s, const struct record_field *f, bool binary,
                     struct buf *out, struct err *err)
{
    struct types_value v;
    struct buf scratch;
    buf_init(&scratch, RECORD_SCRATCH_MAX);
    uint32_t type = f->type == TYPES_UNKNOWN ? TYPES_TEXT : f->type;
    int rc = record_value(s->set, f, &scratch, &v, err);
    if (rc == 0)
        rc = binary ? types_send(s, type, f->typmod, &v, out, err)
                    : types_output(s, type, f->typmod, &v, out, err);
    if (rc == 0 && out->failed)
        rc = no_memory(err);
    buf_release(&scratch);
    return rc;
}

int record_output(const struct types_session *s, struct slice stored, struct buf *out,
                  struct err *err)
{
    struct record r;
    int rc = 0;
    if (record_parse(s->set, stored, &r, err) < 0)
        return -1;
    buf_append(out, "(", 1);
    for (size_t i = 0; rc == 0 && i < r.n; i++) {
        struct buf text;
        if (i > 0)
            buf_append(out, ",", 1);
        if (!r.fields[i].value.data)
            continue;
        buf_init(&text, RECORD_SCRATCH_MAX);
        rc = field_out(s, &r.fields[i], false, &text, err);
        write_field(buf_peek(&text), out);
        buf_release(&text);
    }
    buf_append(out, ")", 1);
    record_release(&r);
    return rc;
}

static int malformed(struct slice text, const char *detail, struct err *err)
{
    err_set(err, SQLSTATE_INVALID_TEXT_REPRESENTATION, "malformed record literal: \"%.*s\"",
            (int)text.len, text.data ? text.data : "");
    err_detail(err, "%s", detail);
    return -1;
}

/* One field's text at ${p}, quotes and backslashes taken out; where it ends, NULL: at the end of
 * all. */
static const char *take_field(const char *p, const char *end, struct buf *word)
{
    bool quoted = false;
    for (; quoted || p == end || (*p != ',' && *p != ')'); p++) {
        bool escaped = p < end && *p == '\\';
        if (p == end || (escaped && ++p == end))
            return NULL;
        if (escaped || *p != '"') {
            buf_append(word, p, 1);
        } else if (quoted && p + 1 < end && p[1] == '"') {
            buf_append(word, p++, 1);
        } else {
            quoted = !quoted;
        }
    }
    return p;
}

static int add_field(const struct types_session *s, const struct types_attribute *a,
                     struct slice text, struct array *parts, struct err *err)
{
    struct types_value v;
    struct buf scratch;
    if (types_constrained(s->set, a->type))
        return err_set(err, SQLSTATE_FEATURE_NOT_SUPPORTED,
                       "input of a row with a domain with constraints is not supported by the store");
    buf_init(&scratch, RECORD_SCRATCH_MAX);
    int rc = types_input(s, a->type, a->typmod, text.data ? text : (struct slice){"", 0}, &scratch,
                         &v, err);
    if (rc == 0)
        record_add(parts, &v);
    buf_release(&scratch);
    return rc;
}

/* Attributes are added in order; what lies between was dropped. */
static void add_gap(struct array *parts, int16_t attnum)
{
    while (parts->n < (size_t)attnum)
        array_add(parts, (struct slice){NULL, 0});
}

static int fields_in(const struct types_session *s, const struct types_user *type,
                     struct slice text, struct array *parts, struct err *err)
{
    const char *p = text.data, *end = text.data + text.len;
    while (p < end && isspace((unsigned char)*p))
        p++;
    if (p == end || *p++ != '(')
        return malformed(text, "Missing left parenthesis.", err);
    for (size_t i = 0; i < type->nattributes; i++) {
        struct buf word;
        add_gap(parts, type->attributes[i].attnum);
        if (i > 0 && (p == end || *p++ != ','))
            return malformed(text, "Too few columns.", err);
        if (p < end && (*p == ',' || *p == ')')) {
            array_add(parts, (struct slice){NULL, 0});
            continue;
        }
        buf_init(&word, RECORD_SCRATCH_MAX);
        p = take_field(p, end, &word);
        int rc = !p            ? malformed(text, "Unexpected end of input.", err)
                 : word.failed ? no_memory(err)
                               : add_field(s, &type->attributes[i], buf_peek(&word), parts, err);
        buf_release(&word);
        if (rc < 0)
            return -1;
    }
    if (p == end || *p++ != ')')
        return malformed(text, "Too many columns.", err);
    while (p < end && isspace((unsigned char)*p))
        p++;
    return p == end ? 0 : malformed(text, "Junk after right parenthesis.", err);
}

/* The type, whose number begins ${parts}; NULL: it has no name. */
static const struct types_user *begin(const struct types_session *s, uint32_t oid,
                                      struct array *parts, struct err *err)
{
    char text[16];
    const struct types_user *type = types_find_user(s->set, oid);
    if (!type) {
        err_set(err, SQLSTATE_FEATURE_NOT_SUPPORTED,
                "input of anonymous composite types is not implemented");
        return NULL;
    }
    snprintf(text, sizeof text, "%" PRIu32, oid);
    record_begin(parts, (struct slice){text, strlen(text)});
    return type;
}

static int finish(struct array *parts, int rc, struct buf *scratch, struct slice *ret,
                  struct err *err)
{
    size_t before = buf_len(scratch);
    array_flat(parts);
    if (rc == 0)
        array_write(parts, scratch);
    if (rc == 0 && (scratch->failed || parts->failed))
        rc = no_memory(err);
    array_release(parts);
    if (rc == 0)
        *ret = (struct slice){buf_peek(scratch).data + before, buf_len(scratch) - before};
    return rc;
}

int record_input(const struct types_session *s, uint32_t oid, struct slice text,
                 struct buf *scratch, struct slice *ret, struct err *err)
{
    struct array parts;
    if (!text.data)
        text = (struct slice){"", 0};
    const struct types_user *type = begin(s, oid, &parts, err);
    if (!type)
        return -1;
    return finish(&parts, fields_in(s, type, text, &parts, err), scratch, ret, err);
}

/* -- the binary form -- */

int record_send(const struct types_session *s, struct slice stored, struct buf *out,
                struct err *err)
{
    struct record r;
    int rc = 0;
    if (record_parse(s->set, stored, &r, err) < 0)
        return -1;
    msg_int32(out, (uint32_t)r.n);
    for (size_t i = 0; rc == 0 && i < r.n; i++) {
        struct buf bytes;
        msg_int32(out, r.fields[i].type);
        if (!r.fields[i].value.data) {
            msg_int32(out, UINT32_MAX);
            continue;
        }
        buf_init(&bytes, RECORD_SCRATCH_MAX);
        rc = field_out(s, &r.fields[i], true, &bytes, err);
        types_send_part(&bytes, out);
        buf_release(&bytes);
    }
    record_release(&r);
    return rc;
}

static int other_type(const struct types_set *set, uint32_t got, uint32_t wanted, size_t column,
                      struct err *err)
{
    char x[TYPES_NAME_BYTES], y[TYPES_NAME_BYTES];
    types_format(set, got, -1, x, sizeof x);
    types_format(set, wanted, -1, y, sizeof y);
    return err_set(err, SQLSTATE_DATATYPE_MISMATCH,
                   "binary data has type %u (%s) instead of expected %u (%s) in record column %zu",
                   got, x, wanted, y, column);
}

static int receive_field(const struct types_session *s, const struct types_attribute *a,
                         size_t column, struct slice *data, struct array *parts, struct err *err)
{
    uint32_t type;
    struct slice part;
    struct types_value v, cut;
    struct buf scratch;
    if (types_take_int32(data, &type, err) < 0)
        return -1;
    if (type != a->type)
        return other_type(s->set, type, a->type, column, err);
    if (types_take_part(data, &part, err) < 0)
        return -1;
    if (!part.data) {
        array_add(parts, part);
        return 0;
    }
    if (types_constrained(s->set, a->type))
        return err_set(err, SQLSTATE_FEATURE_NOT_SUPPORTED,
                       "input of a row with a domain with constraints is not supported by the store");
    buf_init(&scratch, RECORD_SCRATCH_MAX);
    int32_t typmod = a->typmod;
    uint32_t base = types_base(s->set, a->type, &typmod);
    int rc = types_receive(s, a->type, part, &scratch, &v, err);
    if (rc == 0)
        rc = types_apply_typmod(base, typmod, false, &v, &scratch, &cut, err);
    if (rc == 0)
        record_add(parts, &cut);
    buf_release(&scratch);
    return rc;
}

int record_receive(const struct types_session *s, uint32_t oid, struct slice data,
                   struct buf *scratch, struct slice *ret, struct err *err)
{
    struct array parts;
    uint32_t n = 0;
    const struct types_user *type = begin(s, oid, &parts, err);
    if (!type)
        return -1;
    int rc = types_take_int32(&data, &n, err);
    if (rc == 0 && n != type->nattributes)
        rc = err_set(err, SQLSTATE_DATATYPE_MISMATCH,
                     "wrong number of columns: %d, expected %zu", (int)n, type->nattributes);
    for (size_t i = 0; rc == 0 && i < type->nattributes; i++) {
        add_gap(&parts, type->attributes[i].attnum);
        rc = receive_field(s, &type->attributes[i], i + 1, &data, &parts, err);
    }
    if (rc == 0 && data.len > 0)
        rc = err_set(err, SQLSTATE_INVALID_BINARY_REPRESENTATION, "incorrect binary data format");
    return finish(&parts, rc, scratch, ret, err);
}
