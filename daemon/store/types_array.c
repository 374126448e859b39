/* types_array.c: one-dimensional arrays; in SQLite a JSON array of the elements' text forms and
 * nulls.
 *
 * An element is stored as its type prints it (in UTC, so that the text does not depend on a
 * session). */
#include "daemon/store/types_impl.h"

#include <ctype.h>

#define ARRAY_SCRATCH_MAX ((size_t)256 << 20)

static bool is_vector(const struct types_info *type)
{
    return type->oid == TYPES_INT2VECTOR || type->oid == TYPES_OIDVECTOR;
}

static int malformed(struct slice text, const char *detail, struct err *err)
{
    err_set(err, SQLSTATE_INVALID_TEXT_REPRESENTATION, "malformed array literal: \"%.*s\"",
            TYPES_SHOWN(text));
    err_detail(err, "%s", detail);
    return -1;
}

static int no_memory(struct err *err)
{
    return err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
}

/* Append an element, given as text (data NULL: null) of the element's type. */
static int add_element(const struct types_session *s, uint32_t elem, struct slice text, bool first,
                       struct buf *json, struct err *err)
{
    const struct types_session utc = {.timezone = "UTC", .extra_float_digits = 1, .set = s->set};
    struct buf scratch, out;
    struct types_value v;
    if (!first)
        buf_append(json, ",", 1);
    if (!text.data) {
        buf_append(json, "null", 4);
        return 0;
    }
    buf_init(&scratch, ARRAY_SCRATCH_MAX);
    buf_init(&out, ARRAY_SCRATCH_MAX);
    int rc = types_input(s, elem, -1, text, &scratch, &v, err);
    if (rc == 0)
        rc = types_output(&utc, elem, -1, &v, &out, err);
    if (rc == 0 && (scratch.failed || out.failed))
        rc = no_memory(err);
    if (rc == 0)
        types_json_string(buf_peek(&out), json);
    buf_release(&scratch);
    buf_release(&out);
    return rc;
}

static int finish(struct buf *scratch, size_t at, struct slice *ret, struct err *err)
{
    if (scratch->failed)
        return no_memory(err);
    *ret = (struct slice){buf_peek(scratch).data + at, buf_len(scratch) - at};
    return 0;
}

static int vector_in(const struct types_session *s, const struct types_info *type,
                     struct slice text, struct buf *scratch, struct slice *ret, struct err *err)
{
    size_t at = buf_len(scratch);
    bool first = true;
    struct slice t = types_trim(text);
    buf_append(scratch, "[", 1);
    while (t.len > 0) {
        size_t n = 0;
        while (n < t.len && !isspace((unsigned char)t.data[n]))
            n++;
        if (add_element(s, type->elem, (struct slice){t.data, n}, first, scratch, err) < 0)
            return -1;
        first = false;
        t = types_trim((struct slice){t.data + n, t.len - n});
    }
    buf_append(scratch, "]", 1);
    return finish(scratch, at, ret, err);
}

/* One element of `{...}` at ${p}: its text is appended to ${word}.  ${ret_quoted}: it had quotes,
 * so it is not null.  NULL: malformed. */
static const char *take_element(const char *p, const char *end, char delim, struct buf *word,
                                bool *ret_quoted)
{
    *ret_quoted = p < end && *p == '"';
    if (*ret_quoted) {
        for (p++; p < end && *p != '"'; p++) {
            if (*p == '\\' && ++p == end)
                return NULL;
            buf_append(word, p, 1);
        }
        return p < end ? p + 1 : NULL;
    }
    uint32_t kept = 0; /* blanks at the end do not count */
    for (; p < end && *p != delim && *p != '}'; p++) {
        if (*p == '{' || *p == '"')
            return NULL;
        bool escaped = *p == '\\';
        if (escaped && ++p == end)
            return NULL;
        buf_append(word, p, 1);
        if (escaped || !isspace((unsigned char)*p))
            kept = (uint32_t)buf_len(word);
    }
    word->end = word->start + kept;
    return kept ? p : NULL;
}

static const char *skip(const char *p, const char *end)
{
    while (p < end && isspace((unsigned char)*p))
        p++;
    return p;
}

static int elements_in(const struct types_session *s, const struct types_info *type,
                       struct slice text, struct buf *word, struct buf *scratch, struct err *err)
{
    struct slice t = types_trim(text);
    const char *p = t.data, *end = t.data + t.len;
    bool first = true, quoted;
    if (t.len == 0 || *p++ != '{')
        return malformed(text, "Array value must start with \"{\" or dimension information.", err);
    p = skip(p, end);
    if (p < end && *p == '{')
        return err_set(err, SQLSTATE_FEATURE_NOT_SUPPORTED,
                       "multidimensional arrays are not supported by the store");
    bool more = !(p < end && *p == '}');
    while (more) {
        buf_reset(word);
        p = take_element(skip(p, end), end, type->delim, word, &quoted);
        if (!p)
            return malformed(text, "Unexpected array element.", err);
        struct slice element = buf_peek(word);
        if (!element.data)
            element = (struct slice){"", 0};
        if (!quoted && types_word(element, "null"))
            element = (struct slice){NULL, 0};
        if (add_element(s, type->elem, element, first, scratch, err) < 0)
            return -1;
        first = false;
        p = skip(p, end);
        if (p == end || (*p != type->delim && *p != '}'))
            return malformed(text, "Unexpected end of input.", err);
        more = *p == type->delim;
        if (more)
            p++;
    }
    return p + 1 == end ? 0 : malformed(text, "Junk after closing right brace.", err);
}

int types_array_in(const struct types_session *s, const struct types_info *type, struct slice text,
                   struct buf *scratch, struct slice *ret, struct err *err)
{
    size_t at = buf_len(scratch);
    struct buf word;
    if (is_vector(type))
        return vector_in(s, type, text, scratch, ret, err);
    buf_init(&word, ARRAY_SCRATCH_MAX);
    buf_append(scratch, "[", 1);
    int rc = elements_in(s, type, text, &word, scratch, err);
    buf_append(scratch, "]", 1);
    buf_release(&word);
    return rc < 0 ? -1 : finish(scratch, at, ret, err);
}

static bool needs_quotes(struct slice text, char delim)
{
    if (text.len == 0 || types_word(text, "null"))
        return true;
    for (size_t i = 0; i < text.len; i++)
        if (text.data[i] == delim || strchr("\"\\{}", text.data[i]) ||
            isspace((unsigned char)text.data[i]))
            return true;
    return false;
}

static void write_element(struct slice text, char delim, struct buf *out)
{
    if (!needs_quotes(text, delim)) {
        buf_append(out, text.data, text.len);
        return;
    }
    buf_append(out, "\"", 1);
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] == '"' || text.data[i] == '\\')
            buf_append(out, "\\", 1);
        buf_append(out, &text.data[i], 1);
    }
    buf_append(out, "\"", 1);
}

static int stored_broken(struct err *err)
{
    return err_set(err, SQLSTATE_INTERNAL_ERROR, "a stored array is malformed");
}

/* The element's own output in this session (timestamptz depends on the zone). */
static int element_text(const struct types_session *s, uint32_t elem, struct slice stored,
                        struct buf *scratch, struct buf *ret, struct err *err)
{
    struct types_value v;
    if (types_input(s, elem, -1, stored, scratch, &v, err) < 0)
        return -1;
    return types_output(s, elem, -1, &v, ret, err);
}

int types_array_out(const struct types_session *s, const struct types_info *type, struct slice json,
                    struct buf *out, struct err *err)
{
    struct types_elements e = {json};
    struct buf stored, scratch, text;
    struct slice one;
    bool vector = is_vector(type), first = true;
    int rc, failed = 0;
    buf_init(&stored, ARRAY_SCRATCH_MAX);
    buf_init(&scratch, ARRAY_SCRATCH_MAX);
    buf_init(&text, ARRAY_SCRATCH_MAX);
    if (!vector)
        buf_append(out, "{", 1);
    while ((rc = types_element(&e, &stored, &one)) > 0) {
        if (!first)
            buf_append(out, vector ? " " : &type->delim, 1);
        first = false;
        if (!one.data) {
            buf_append(out, "NULL", 4);
        } else if ((failed = element_text(s, type->elem, one, &scratch, &text, err)) < 0) {
            break;
        } else {
            struct slice shown = buf_peek(&text);
            if (!shown.data)
                shown = (struct slice){"", 0};
            write_element(shown, type->delim, out);
        }
        buf_reset(&stored);
        buf_reset(&scratch);
        buf_reset(&text);
    }
    if (!vector)
        buf_append(out, "}", 1);
    buf_release(&stored);
    buf_release(&scratch);
    buf_release(&text);
    return failed < 0 ? -1 : rc < 0 ? stored_broken(err) : 0;
}

static void put32(struct buf *b, uint32_t v)
{
    char bytes[4] = {(char)(v >> 24), (char)(v >> 16), (char)(v >> 8), (char)v};
    buf_append(b, bytes, 4);
}

static int send_element(const struct types_session *s, uint32_t elem, struct slice stored,
                        struct buf *scratch, struct buf *body, struct err *err)
{
    struct types_value v;
    struct buf bytes;
    if (!stored.data) {
        put32(body, UINT32_MAX);
        return 0;
    }
    buf_init(&bytes, ARRAY_SCRATCH_MAX);
    int rc = types_input(s, elem, -1, stored, scratch, &v, err);
    if (rc == 0)
        rc = types_send(s, elem, -1, &v, &bytes, err);
    put32(body, (uint32_t)buf_len(&bytes));
    if (buf_len(&bytes))
        buf_append(body, buf_peek(&bytes).data, buf_len(&bytes));
    buf_release(&bytes);
    return rc;
}

int types_array_send(const struct types_session *s, const struct types_info *type,
                     struct slice json, struct buf *out, struct err *err)
{
    struct types_elements e = {json};
    struct buf stored, scratch, body;
    struct slice one;
    uint32_t n = 0, nulls = 0;
    int rc, failed = 0;
    buf_init(&stored, ARRAY_SCRATCH_MAX);
    buf_init(&scratch, ARRAY_SCRATCH_MAX);
    buf_init(&body, ARRAY_SCRATCH_MAX);
    while ((rc = types_element(&e, &stored, &one)) > 0 && failed == 0) {
        n++;
        nulls |= !one.data;
        failed = send_element(s, type->elem, one, &scratch, &body, err);
        buf_reset(&stored);
        buf_reset(&scratch);
    }
    put32(out, n > 0);
    put32(out, nulls);
    put32(out, type->elem);
    if (n > 0) {
        put32(out, n);
        put32(out, is_vector(type) ? 0 : 1);
        buf_append(out, buf_peek(&body).data, buf_len(&body));
    }
    buf_release(&stored);
    buf_release(&scratch);
    buf_release(&body);
    return failed < 0 ? -1 : rc < 0 ? stored_broken(err) : 0;
}

static bool take32(struct slice *data, uint32_t *ret)
{
    if (data->len < 4)
        return false;
    const unsigned char *p = (const unsigned char *)data->data;
    *ret = (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
    data->data += 4;
    data->len -= 4;
    return true;
}

static int bad_binary(struct err *err)
{
    return err_set(err, SQLSTATE_INVALID_BINARY_REPRESENTATION,
                   "insufficient data left in message");
}

static int receive_element(const struct types_session *s, uint32_t elem, struct slice bytes,
                           bool first, struct buf *json, struct err *err)
{
    struct types_value v;
    struct buf scratch, text;
    buf_init(&scratch, ARRAY_SCRATCH_MAX);
    buf_init(&text, ARRAY_SCRATCH_MAX);
    int rc = types_receive(s, elem, bytes, &scratch, &v, err);
    if (rc == 0)
        rc = types_output(s, elem, -1, &v, &text, err);
    struct slice shown = buf_peek(&text);
    if (!shown.data)
        shown = (struct slice){"", 0};
    if (rc == 0)
        rc = add_element(s, elem, shown, first, json, err);
    buf_release(&scratch);
    buf_release(&text);
    return rc;
}

int types_array_receive(const struct types_session *s, const struct types_info *type,
                        struct slice data, struct buf *scratch, struct slice *ret, struct err *err)
{
    uint32_t ndim, flags, elem, n = 0, lower, len;
    size_t at = buf_len(scratch);
    if (!take32(&data, &ndim) || !take32(&data, &flags) || !take32(&data, &elem))
        return bad_binary(err);
    if (ndim > 1)
        return err_set(err, SQLSTATE_FEATURE_NOT_SUPPORTED,
                       "multidimensional arrays are not supported by the store");
    if (elem != type->elem)
        return err_set(err, SQLSTATE_DATATYPE_MISMATCH,
                       "binary data has array element type %u instead of expected %u", elem,
                       type->elem);
    if (ndim == 1 && (!take32(&data, &n) || !take32(&data, &lower)))
        return bad_binary(err);
    buf_append(scratch, "[", 1);
    for (uint32_t i = 0; i < n; i++) {
        if (!take32(&data, &len) || (len != UINT32_MAX && len > data.len))
            return bad_binary(err);
        int rc;
        if (len == UINT32_MAX) {
            rc = add_element(s, elem, (struct slice){NULL, 0}, i == 0, scratch, err);
        } else {
            rc = receive_element(s, elem, (struct slice){data.data, len}, i == 0, scratch, err);
            data.data += len;
            data.len -= len;
        }
        if (rc < 0)
            return -1;
    }
    buf_append(scratch, "]", 1);
    return finish(scratch, at, ret, err);
}
