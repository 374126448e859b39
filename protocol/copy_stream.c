/* copy_stream.c
 *
 * Text and CSV, from the first byte of a line:
 *
 *   START --'\'--> BACKSLASH --'.'--> DOT (CSV) --CR, LF--> AS_IT_IS
 *     |               |       `-----> AS_IT_IS (text)
 *     |  any other byte: the value, what was held, that byte
 *     v               v
 *   LINE --'\'--> ESCAPED --'.'--> AS_IT_IS   text alone
 *     |              `---- any other --> LINE
 *     |- CR ----> CR --LF, or before any other--> START
 *     `- LF ----> START
 *
 * Binary: SIGNATURE, EXTENSION_LENGTH, EXTENSION, then FIELDS, and LENGTH and DATA for each of
 * them. */
#include "protocol/copy_stream.h"

#include "protocol/msg_write.h"
#include "protocol/sqlstate.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum state { AS_IT_IS, START, BACKSLASH, DOT, LINE, ESCAPED, CR };
enum binary { /* AS_IT_IS = 0 */ SIGNATURE = 1, EXTENSION_LENGTH, EXTENSION, FIELDS, LENGTH, DATA };
enum line_end { END_UNKNOWN, END_LF, END_CR, END_CRLF };

enum {
    SIGNATURE_BYTES = 11,
    FLAGS_BYTES = 4,
    FIELDS_BYTES = 2,
    LENGTH_BYTES = 4,
    MAX_FIELDS = 0x7fff
};

static const char signature[SIGNATURE_BYTES] = "PGCOPY\n\377\r\n"; /* and its NUL */

/* -- values -- */

static bool is_plain(unsigned char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

/* Lower case letters and digits can be no delimiter, and nothing else stays as it is.  The first
 * byte does not either: so the field is not equal to a NULL marker by chance. */
static void text_value(const struct copy_format *f, struct slice value, struct buf *ret)
{
    for (size_t i = 0; i < value.len; i++) {
        unsigned char c = (unsigned char)value.data[i];
        char octal[] = {'\\', (char)('0' + (c >> 6)), (char)('0' + (c >> 3 & 7)),
                        (char)('0' + (c & 7))};
        if (i > 0 && is_plain(c))
            buf_append(ret, &value.data[i], 1);
        else
            buf_append(ret, octal, sizeof(octal));
    }
    buf_append(ret, &f->delimiter, 1);
}

/* In quotes, where nothing is a NULL marker or a delimiter. */
static void csv_value(const struct copy_format *f, struct slice value, struct buf *ret)
{
    buf_append(ret, &f->quote, 1);
    for (size_t i = 0; i < value.len; i++) {
        if (value.data[i] == f->quote || value.data[i] == f->escape)
            buf_append(ret, &f->escape, 1);
        buf_append(ret, &value.data[i], 1);
    }
    buf_append(ret, &f->quote, 1);
    buf_append(ret, &f->delimiter, 1);
}

static int bad_value(const char *type, struct err *err)
{
    return err_set(err, SQLSTATE_INVALID_TEXT_REPRESENTATION,
                   "the session's tenant is no value of type %s", type);
}

static int integer_value(struct slice value, unsigned bytes, struct buf *ret, struct err *err)
{
    static const char *const names[] = {[2] = "smallint", [4] = "integer", [8] = "bigint"};
    char digits[24], *end;
    if (value.len == 0 || value.len >= sizeof(digits))
        return bad_value(names[bytes], err);
    memcpy(digits, value.data, value.len);
    digits[value.len] = '\0';
    int64_t limit = bytes == 8 ? INT64_MAX : ((int64_t)1 << (8 * bytes - 1)) - 1;
    int64_t n = strtoll(digits, &end, 10);
    char again[24];
    if (*end || n > limit || n < -limit - 1 ||
        snprintf(again, sizeof(again), "%lld", (long long)n) < 0 || strcmp(again, digits) != 0)
        return bad_value(names[bytes], err);
    msg_int32(ret, bytes);
    for (unsigned i = bytes; i > 0; i--) {
        char byte = (char)((uint64_t)n >> (8 * (i - 1)));
        buf_append(ret, &byte, 1);
    }
    return 0;
}

static int hex_digit(char c)
{
    static const char digits[] = "0123456789abcdef";
    const char *at = c ? strchr(digits, tolower((unsigned char)c)) : NULL;
    return at ? (int)(at - digits) : -1;
}

static int uuid_value(struct slice value, struct buf *ret, struct err *err)
{
    enum { UUID_BYTES = 16 };
    char bytes[UUID_BYTES] = {0};
    size_t n = 0;
    for (size_t i = 0; i < value.len; i++) {
        int digit = hex_digit(value.data[i]);
        if (value.data[i] == '-' && n > 0 && n < 2 * UUID_BYTES && n % 4 == 0)
            continue;
        if (digit < 0 || n == 2 * UUID_BYTES)
            return bad_value("uuid", err);
        bytes[n / 2] = (char)((unsigned char)bytes[n / 2] << 4 | digit);
        n++;
    }
    if (n != 2 * UUID_BYTES)
        return bad_value("uuid", err);
    msg_int32(ret, UUID_BYTES);
    return buf_append(ret, bytes, UUID_BYTES);
}

/* pg_type.dat: the types whose binary form is known here. */
static int binary_value(uint32_t type_oid, struct slice value, struct buf *ret, struct err *err)
{
    switch (type_oid) {
    case 21:
        return integer_value(value, 2, ret, err);
    case 23:
        return integer_value(value, 4, ret, err);
    case 20:
        return integer_value(value, 8, ret, err);
    case 2950:
        return uuid_value(value, ret, err);
    case 19:   /* name */
    case 25:   /* text */
    case 1042: /* char(n) */
    case 1043: /* varchar(n) */
        msg_int32(ret, (uint32_t)value.len);
        return buf_append(ret, value.data, value.len);
    default:
        return err_set(err, SQLSTATE_FEATURE_NOT_SUPPORTED,
                       "the tenant's column must be among the columns of COPY in binary format: the "
                       "binary form of its type is not known");
    }
}

int copy_first(const struct copy_format *f, uint32_t type_oid, struct slice value, struct buf *ret,
               struct err *err)
{
    int status = 0;
    if (f->kind == COPY_TEXT)
        text_value(f, value, ret);
    else if (f->kind == COPY_CSV)
        csv_value(f, value, ret);
    else
        status = binary_value(type_oid, value, ret, err);
    return status == 0 && ret->failed ? err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory")
                                      : status;
}

/* -- lines -- */

static void end_row(struct copy_stream *c, enum line_end end)
{
    c->line_end = (unsigned char)end;
    c->state = START;
    c->in_header = false;
    c->escaped = false;
}

static void on_cr(struct copy_stream *c)
{
    switch ((enum line_end)c->line_end) {
    case END_UNKNOWN:
    case END_CRLF:
        c->state = CR;
        break;
    case END_CR:
        end_row(c, END_CR);
        break;
    case END_LF:
        c->state = AS_IT_IS;
        break;
    }
}

static void on_lf(struct copy_stream *c)
{
    if (c->line_end == END_UNKNOWN || c->line_end == END_LF)
        end_row(c, END_LF);
    else
        c->state = AS_IT_IS;
}

/* A quote and an escape that is another character: the second of two escapes escapes nothing. */
static void quotes(struct copy_stream *c, char byte)
{
    bool has_escape = c->format.escape != c->format.quote;
    bool is_escape = has_escape && byte == c->format.escape;
    if (c->in_quote && is_escape)
        c->escaped = !c->escaped;
    if (byte == c->format.quote && !c->escaped)
        c->in_quote = !c->in_quote;
    if (!is_escape)
        c->escaped = false;
}

static void in_line(struct copy_stream *c, char byte)
{
    if (byte == '\0') { /* nothing of UTF-8 */
        c->state = AS_IT_IS;
        return;
    }
    if (c->format.kind == COPY_CSV)
        quotes(c, byte);
    if (c->in_quote)
        return;
    if (byte == '\r')
        on_cr(c);
    else if (byte == '\n')
        on_lf(c);
    else if (byte == '\\' && c->format.kind == COPY_TEXT)
        c->state = ESCAPED;
}

static void begin_row(struct copy_stream *c, struct buf *out)
{
    struct slice s = c->in_header ? c->header : c->first;
    buf_append(out, s.data, s.len);
    buf_append(out, c->held, c->nheld);
    c->state = LINE;
    for (unsigned i = 0; i < c->nheld; i++)
        in_line(c, c->held[i]);
    c->nheld = 0;
}

static void as_it_is(struct copy_stream *c, struct buf *out)
{
    buf_append(out, c->held, c->nheld);
    c->nheld = 0;
    c->state = AS_IT_IS;
}

/* Before ${byte} goes on: is the value to be written, or something held back?  true: ${byte} itself
 * is. */
static bool before(struct copy_stream *c, char byte, struct buf *out)
{
    bool text = c->format.kind == COPY_TEXT;
    if (c->state == CR && byte != '\n') {
        if (c->line_end == END_CRLF)
            c->state = AS_IT_IS;
        else
            end_row(c, END_CR);
    }
    if ((c->state == START && byte == '\\') || (c->state == BACKSLASH && byte == '.' && !text)) {
        c->state = c->state == START ? BACKSLASH : DOT;
        c->held[c->nheld++] = byte;
        return true;
    }
    if ((c->state == BACKSLASH && byte == '.') ||
        (c->state == DOT && (byte == '\r' || byte == '\n'))) {
        as_it_is(c, out);
    } else if (c->state == START || c->state == BACKSLASH || c->state == DOT) {
        begin_row(c, out);
    }
    return false;
}

static void feed_lines(struct copy_stream *c, struct slice in, struct buf *out)
{
    size_t from = 0, i = 0;
    for (; i < in.len && c->state != AS_IT_IS; i++) {
        char byte = in.data[i];
        if (c->state != LINE && c->state != ESCAPED) {
            buf_append(out, in.data + from, i - from);
            from = i + before(c, byte, out);
            if (from > i)
                continue;
        }
        if (c->state == ESCAPED)
            c->state = byte == '\0' || byte == '.' ? AS_IT_IS : LINE;
        else if (c->state == CR)
            end_row(c, END_CRLF);
        else if (c->state == LINE)
            in_line(c, byte);
    }
    buf_append(out, in.data + from, in.len - from);
}

/* -- binary -- */

/* Take bytes of the number being read; true: it is complete. */
static bool read_number(struct copy_stream *c, struct slice *in)
{
    while (in->len > 0 && c->left > 0) {
        c->value = c->value << 8 | (unsigned char)*in->data;
        in->data++;
        in->len--;
        c->left--;
    }
    return c->left == 0;
}

static void read_next(struct copy_stream *c, enum binary state, uint32_t bytes)
{
    c->state = (unsigned char)state;
    c->left = bytes;
    c->value = 0;
}

static void next_field(struct copy_stream *c)
{
    if (c->fields == 0) {
        read_next(c, FIELDS, FIELDS_BYTES);
        return;
    }
    c->fields--;
    read_next(c, LENGTH, LENGTH_BYTES);
}

/* The number of fields is known: of one more, now. */
static void begin_tuple(struct copy_stream *c, struct buf *out)
{
    c->fields = c->value;
    if (c->fields >= MAX_FIELDS) { /* the end, or what PostgreSQL will refuse */
        msg_int16(out, (uint16_t)c->fields);
        c->state = AS_IT_IS;
        return;
    }
    msg_int16(out, (uint16_t)(c->fields + 1));
    buf_append(out, c->first.data, c->first.len);
    next_field(c);
}

static void number_read(struct copy_stream *c, struct buf *out)
{
    if (c->state == FIELDS) {
        begin_tuple(c, out);
        return;
    }
    msg_int32(out, c->value);
    if (c->value == UINT32_MAX && c->state == LENGTH) /* NULL */
        next_field(c);
    else if (c->value > INT32_MAX)
        c->state = AS_IT_IS;
    else
        read_next(c, c->state == LENGTH ? DATA : EXTENSION, c->value);
}

/* The signature and the flags pass, and so do the data of extension and fields. */
static void pass(struct copy_stream *c, struct slice *in, struct buf *out)
{
    size_t n = in->len < c->left ? in->len : c->left;
    for (size_t i = 0; c->state == SIGNATURE && i < n; i++) {
        size_t at = SIGNATURE_BYTES + FLAGS_BYTES - c->left + i;
        if (at < SIGNATURE_BYTES && in->data[i] != signature[at])
            c->state = AS_IT_IS;
    }
    buf_append(out, in->data, n);
    in->data += n;
    in->len -= n;
    c->left -= (uint32_t)n;
    if (c->left > 0)
        return;
    if (c->state == SIGNATURE)
        read_next(c, EXTENSION_LENGTH, LENGTH_BYTES);
    else if (c->state == EXTENSION)
        read_next(c, FIELDS, FIELDS_BYTES);
    else if (c->state == DATA)
        next_field(c);
}

static void feed_binary(struct copy_stream *c, struct slice in, struct buf *out)
{
    bool more = true;
    while (more && c->state != AS_IT_IS) {
        bool number = c->state == EXTENSION_LENGTH || c->state == FIELDS || c->state == LENGTH;
        if (!number)
            pass(c, &in, out);
        else if (read_number(c, &in))
            number_read(c, out);
        more = in.len > 0 || (c->left == 0 && c->state != AS_IT_IS);
    }
    buf_append(out, in.data, in.len);
}

/* A number of which only some bytes have come. */
static void end_binary(const struct copy_stream *c, struct buf *out)
{
    bool number = c->state == EXTENSION_LENGTH || c->state == FIELDS || c->state == LENGTH;
    uint32_t bytes = c->state == FIELDS ? FIELDS_BYTES : LENGTH_BYTES;
    for (uint32_t i = number ? bytes - c->left : 0; i > 0; i--) {
        char byte = (char)(c->value >> (8 * (i - 1)));
        buf_append(out, &byte, 1);
    }
}

/* -- both -- */

void copy_stream_init(struct copy_stream *c, const struct copy_format *f, struct slice first,
                      struct slice header)
{
    *c = (struct copy_stream){.format = *f, .first = first, .header = header};
    c->in_header = f->header != COPY_NO_HEADER;
    c->state = START;
    if (f->kind == COPY_BINARY)
        read_next(c, SIGNATURE, SIGNATURE_BYTES + FLAGS_BYTES);
}

void copy_stream_feed(struct copy_stream *c, struct slice in, struct buf *out)
{
    if (in.len == 0)
        return;
    if (c->format.kind == COPY_BINARY)
        feed_binary(c, in, out);
    else
        feed_lines(c, in, out);
}

void copy_stream_end(struct copy_stream *c, struct buf *out)
{
    if (c->format.kind == COPY_BINARY)
        end_binary(c, out);
    else if (c->state == BACKSLASH || c->state == DOT)
        begin_row(c, out);
    c->state = AS_IT_IS;
}
