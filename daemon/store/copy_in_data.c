/* copy_in_data.c: what the client sends during COPY ... FROM STDIN: bytes, lines, fields.
 *
 * Lines end in one style, that of the first; in CSV quotes reach over line ends; "\." alone ends
 * the data.  What is wrong with them is said as PostgreSQL says it. */
#include "daemon/store/copy.h"

#include <stdlib.h>

#define BAD_COPY "22P04"

int copy_data_more(struct copy_data *d, struct err *err)
{
    struct frame f;
    struct slice reason;
    d->raw = (struct slice){NULL, 0};
    while (!d->eof) {
        if (!conn_next_frame(d->c, &f))
            return err_set(err, SQLSTATE_CONNECTION_FAILURE,
                           "unexpected EOF on client connection with an open transaction");
        if (f.type == 'd') {
            d->raw = (struct slice){f.body, f.body_len};
            if (f.body_len > 0)
                return 1;
        } else if (f.type == 'c') {
            d->eof = true;
        } else if (f.type == 'f') {
            if (msg_read_copy_fail((struct slice){f.body, f.body_len}, &reason, err) < 0)
                return -1;
            return err_set(err, SQLSTATE_QUERY_CANCELED, "COPY from stdin failed: %s", reason.data);
        } else if (f.type != 'H' && f.type != 'S') {
            return err_set(err, SQLSTATE_PROTOCOL_VIOLATION,
                           "unexpected message type 0x%02X during COPY from stdin",
                           (unsigned char)f.type);
        }
    }
    return 0;
}

/* The next byte without taking it; -1 at the end, -2 on an error. */
static int peek(struct copy_data *d, struct err *err)
{
    if (d->raw.len == 0) {
        int rc = d->eof ? 0 : copy_data_more(d, err);
        if (rc <= 0)
            return rc - 1;
    }
    return (unsigned char)d->raw.data[0];
}

static void skip(struct copy_data *d)
{
    d->raw.data++;
    d->raw.len--;
}

static void keep(struct copy_data *d, int c)
{
    char byte = (char)c;
    buf_append(&d->line, &byte, 1);
}

/* -- lines -- */

static int mixed_ends(const struct copy_data *d, int c, struct err *err)
{
    bool csv = d->plan->format == COPY_AS_CSV;
    const char *name = c == '\n' ? "newline" : "carriage return";
    err_set(err, BAD_COPY, "%s %s found in data", csv ? "unquoted" : "literal", name);
    if (csv)
        err_hint(err, "Use quoted CSV field to represent %s.", name);
    else
        err_hint(err, "Use \"%s\" to represent %s.", c == '\n' ? "\\n" : "\\r", name);
    return -1;
}

/* At a line end that is not quoted: 1 when it was one. */
static int line_end(struct copy_data *d, int c, struct err *err)
{
    enum copy_line_end was = d->line_end;
    skip(d);
    if (c == '\n') {
        if (was == LINE_END_CR || was == LINE_END_CRNL)
            return mixed_ends(d, c, err);
        d->line_end = LINE_END_NL;
        return 1;
    }
    if (was == LINE_END_NL)
        return mixed_ends(d, c, err);
    if (was == LINE_END_CR)
        return 1;
    int next = peek(d, err);
    if (next == -2)
        return -1;
    if (next == '\n')
        skip(d);
    else if (was == LINE_END_CRNL)
        return mixed_ends(d, c, err);
    d->line_end = next == '\n' ? LINE_END_CRNL : LINE_END_CR;
    return 1;
}

static int corrupt_marker(const char *how, struct err *err)
{
    return err_set(err, BAD_COPY, "end-of-copy marker %s", how);
}

/* What follows "\." in text: only a line end, of the style of the others. */
static int text_marker(struct copy_data *d, struct err *err)
{
    static const char other_style[] = "does not match previous newline style";
    int c = peek(d, err);
    if (c == -2)
        return -1;
    if (d->line_end == LINE_END_CRNL) {
        if (c == '\n')
            return corrupt_marker(other_style, err);
        if (c != '\r')
            return corrupt_marker("corrupt", err);
        skip(d);
        c = peek(d, err);
        if (c == -2)
            return -1;
    }
    if (c != '\r' && c != '\n')
        return corrupt_marker("corrupt", err);
    if ((d->line_end == LINE_END_NL && c != '\n') || (d->line_end == LINE_END_CRNL && c != '\n') ||
        (d->line_end == LINE_END_CR && c != '\r'))
        return corrupt_marker(other_style, err);
    return 1;
}

static int drain(struct copy_data *d, struct err *err)
{
    int rc;
    while ((rc = copy_data_more(d, err)) > 0)
        ;
    d->raw = (struct slice){NULL, 0};
    return rc;
}

/* At a backslash that may begin "\.": 1 the data ends here, 0 it is data (kept), -1. */
static int backslash(struct copy_data *d, bool csv, struct err *err)
{
    skip(d);
    int c = peek(d, err);
    if (c == -2)
        return -1;
    if (c == '.' && !csv) {
        skip(d);
        return text_marker(d, err) < 0 ? -1 : 1;
    }
    keep(d, '\\');
    if (c == '.' && csv) { /* the marker is a line of its own */
        skip(d);
        c = peek(d, err);
        if (c == -2)
            return -1;
        if (c == '\n' || c == '\r') {
            buf_reset(&d->line);
            return 1;
        }
        keep(d, '.');
        return 0;
    }
    if (!csv && c >= 0) {
        keep(d, c);
        skip(d);
    }
    return 0;
}

struct quoting {
    bool in_quote, escaped;
};

static void quotes(struct copy_data *d, struct quoting *q, int c)
{
    const struct copy_plan *plan = d->plan;
    char byte = (char)c;
    if (q->in_quote && byte == plan->escape && plan->escape != plan->quote)
        q->escaped = !q->escaped;
    if (byte == plan->quote && !q->escaped)
        q->in_quote = !q->in_quote;
    if (byte != plan->escape || plan->escape == plan->quote)
        q->escaped = false;
    if (q->in_quote && c == (d->line_end == LINE_END_NL ? '\n' : '\r'))
        d->line_number++;
}

int copy_data_line(struct copy_data *d, struct err *err)
{
    bool csv = d->plan->format == COPY_AS_CSV, first = true;
    struct quoting q = {false, false};
    int c, rc;
    buf_reset(&d->line);
    d->line_number++;
    while ((c = peek(d, err)) >= 0) {
        if (csv)
            quotes(d, &q, c);
        if ((c == '\r' || c == '\n') && !q.in_quote) {
            rc = line_end(d, c, err);
            if (rc < 0)
                return -1;
            break;
        }
        if (c == '\\' && (!csv || first)) {
            rc = backslash(d, csv, err);
            if (rc < 0)
                return -1;
            if (rc > 0) {
                if (drain(d, err) < 0)
                    return -1;
                c = -1;
                break;
            }
        } else {
            keep(d, c);
            skip(d);
        }
        first = false;
        if (d->line.failed)
            return err_set(err, SQLSTATE_PROGRAM_LIMIT_EXCEEDED, "a line of COPY is too long");
    }
    if (c == -2)
        return -1;
    if (c == -1 && buf_len(&d->line) == 0)
        return 0;
    return 1;
}

/* -- fields -- */

static int field_begin(struct copy_data *d, struct err *err)
{
    if (d->nfields == d->cap) {
        size_t cap = d->cap ? d->cap * 2 : 16;
        size_t *grown = realloc(d->starts, cap * sizeof *grown);
        if (!grown)
            return err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
        d->starts = grown;
        d->cap = cap;
    }
    d->starts[d->nfields++] = buf_len(&d->fields);
    return 0;
}

static void field_byte(struct copy_data *d, char c)
{
    buf_append(&d->fields, &c, 1);
}

/* ${raw} is how the field stood in the line. */
static void field_end(struct copy_data *d, struct slice raw, bool quoted)
{
    field_byte(d, '\0');
    size_t len = strlen(d->plan->null);
    if (!quoted && raw.len == len && memcmp(raw.data, d->plan->null, len) == 0)
        d->starts[d->nfields - 1] = SIZE_MAX;
}

static int hex(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

/* After a backslash at ${i} - 1: the byte it means; ${i} goes behind it. */
static char escaped_byte(struct slice s, size_t *i)
{
    static const char from[] = "bfnrtv", to[] = "\b\f\n\r\t\v";
    char c = s.data[(*i)++];
    if (c >= '0' && c <= '7') {
        int v = c - '0';
        for (int k = 0; k < 2 && *i < s.len && s.data[*i] >= '0' && s.data[*i] <= '7'; k++)
            v = v * 8 + (s.data[(*i)++] - '0');
        return (char)(v & 0377);
    }
    if (c == 'x' && *i < s.len && hex(s.data[*i]) >= 0) {
        int v = hex(s.data[(*i)++]);
        if (*i < s.len && hex(s.data[*i]) >= 0)
            v = v * 16 + hex(s.data[(*i)++]);
        return (char)v;
    }
    const char *known = c ? strchr(from, c) : NULL;
    return known ? to[known - from] : c;
}

static int text_fields(struct copy_data *d, struct slice s, struct err *err)
{
    size_t i = 0;
    for (;;) {
        size_t start = i;
        if (field_begin(d, err) < 0)
            return -1;
        while (i < s.len && s.data[i] != d->plan->delimiter) {
            char c = s.data[i++];
            field_byte(d, c == '\\' && i < s.len ? escaped_byte(s, &i) : c);
        }
        field_end(d, (struct slice){s.data + start, i - start}, false);
        if (i >= s.len)
            return 0;
        i++;
    }
}

static int csv_fields(struct copy_data *d, struct slice s, struct err *err)
{
    const struct copy_plan *plan = d->plan;
    size_t i = 0;
    for (;;) {
        size_t start = i;
        bool in_quote = false, quoted = false;
        if (field_begin(d, err) < 0)
            return -1;
        for (; i < s.len && (in_quote || s.data[i] != plan->delimiter); i++) {
            char c = s.data[i];
            bool next = i + 1 < s.len;
            if (in_quote && c == plan->escape && next &&
                (s.data[i + 1] == plan->escape || s.data[i + 1] == plan->quote)) {
                field_byte(d, s.data[++i]);
            } else if (c == plan->quote) {
                in_quote = !in_quote;
                quoted = true;
            } else {
                field_byte(d, c);
            }
        }
        if (in_quote)
            return err_set(err, BAD_COPY, "unterminated CSV quoted field");
        field_end(d, (struct slice){s.data + start, i - start}, quoted);
        if (i >= s.len)
            return 0;
        i++;
    }
}

int copy_data_fields(struct copy_data *d, struct err *err)
{
    struct slice s = buf_peek(&d->line);
    buf_reset(&d->fields);
    d->nfields = 0;
    int rc = (d->plan->format == COPY_AS_CSV ? csv_fields : text_fields)(d, s, err);
    if (rc == 0 && d->fields.failed)
        rc = err_set(err, SQLSTATE_PROGRAM_LIMIT_EXCEEDED, "a line of COPY is too long");
    return rc;
}

/* -- binary -- */

int copy_data_bytes(struct copy_data *d, size_t n, struct err *err)
{
    buf_reset(&d->line);
    while (n > 0) {
        if (d->raw.len == 0) {
            int rc = d->eof ? 0 : copy_data_more(d, err);
            if (rc < 0)
                return -1;
            if (rc == 0)
                return buf_len(&d->line) == 0
                           ? 0
                           : err_set(err, BAD_COPY, "unexpected EOF in COPY data");
        }
        size_t take = n < d->raw.len ? n : d->raw.len;
        if (buf_append(&d->line, d->raw.data, take) < 0)
            return err_set(err, SQLSTATE_PROGRAM_LIMIT_EXCEEDED, "a value of COPY is too long");
        d->raw.data += take;
        d->raw.len -= take;
        n -= take;
    }
    return 1;
}
