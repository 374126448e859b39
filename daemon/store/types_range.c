/* types_range.c: ranges in text and binary; see range.h. */
#include "daemon/store/range.h"
#include "daemon/store/types_impl.h"

#include <ctype.h>

enum { EMPTY = 0x01, LOWER_INC = 0x02, UPPER_INC = 0x04, LOWER_INF = 0x08, UPPER_INF = 0x10 };

/* A range while it is made: it borrows from these. */
struct making {
    struct range range;
    struct buf lower, upper;
};

static void making_init(struct making *m)
{
    m->range = (struct range){0};
    buf_init(&m->lower, TYPES_JSON_MAX);
    buf_init(&m->upper, TYPES_JSON_MAX);
}

/* Settled and printed into ${scratch}, unless ${rc} is -1 already. */
static int making_finish(struct making *m, int rc, uint32_t oid, struct buf *scratch,
                         struct slice *ret, struct err *err)
{
    size_t at = buf_len(scratch);
    if (rc == 0)
        rc = range_settle(oid, &m->range, err);
    if (rc == 0) {
        range_print(&m->range, scratch);
        if (scratch->failed)
            rc = err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
        else
            *ret = (struct slice){buf_peek(scratch).data + at, buf_len(scratch) - at};
    }
    buf_release(&m->lower);
    buf_release(&m->upper);
    return rc;
}

/* -- text -- */

static int malformed(struct slice text, const char *detail, struct err *err)
{
    err_set(err, SQLSTATE_INVALID_TEXT_REPRESENTATION, "malformed range literal: \"%.*s\"",
            (int)text.len, text.data);
    err_detail(err, "%s", detail);
    return -1;
}

/* The text of a bound up to the comma or bracket behind it, quotes and escapes taken out.  False:
 * it has no end. */
static bool read_bound(struct slice *rest, struct buf *out)
{
    bool quoted = false;
    while (rest->len > 0) {
        char c = rest->data[0];
        if (!quoted && (c == ',' || c == ')' || c == ']'))
            return true;
        rest->data++;
        rest->len--;
        if (c == '"' && quoted && rest->len > 0 && rest->data[0] == '"') {
            rest->data++;
            rest->len--;
        } else if (c == '"') {
            quoted = !quoted;
            continue;
        } else if (c == '\\') {
            if (rest->len == 0)
                return false;
            c = *rest->data++;
            rest->len--;
        }
        buf_append(out, &c, 1);
    }
    return false;
}

static bool at_end_of_bound(struct slice rest)
{
    return rest.len > 0 && (rest.data[0] == ',' || rest.data[0] == ')' || rest.data[0] == ']');
}

static int input_bound(const struct types_session *s, uint32_t oid, struct slice *rest,
                       struct buf *hold, bool *ret_infinite, struct types_value *ret,
                       struct err *err)
{
    struct buf text;
    *ret_infinite = at_end_of_bound(*rest);
    if (*ret_infinite)
        return 0;
    buf_init(&text, TYPES_JSON_MAX);
    int rc = read_bound(rest, &text) ? 0 : 1;
    struct slice value = buf_peek(&text);
    if (rc == 0)
        rc = types_input(s, range_subtype(oid), -1, value.data ? value : (struct slice){"", 0},
                         hold, ret, err);
    if (rc == 0 && ret->kind == TYPES_KIND_TEXT &&
        buf_len(hold) == 0) { /* it borrows from the text */
        buf_append(hold, ret->bytes.data, ret->bytes.len);
        ret->bytes = buf_peek(hold);
    }
    buf_release(&text);
    return rc;
}

static struct slice skip_blanks(struct slice s)
{
    while (s.len > 0 && isspace((unsigned char)s.data[0])) {
        s.data++;
        s.len--;
    }
    return s;
}

static bool take(struct slice *rest, char c)
{
    if (rest->len == 0 || rest->data[0] != c)
        return false;
    rest->data++;
    rest->len--;
    return true;
}

static int input_bounds(const struct types_session *s, uint32_t oid, struct slice text,
                        struct making *m, struct err *err)
{
    struct range *r = &m->range;
    struct slice rest = skip_blanks(text);
    r->lower_inc = take(&rest, '[');
    if (!r->lower_inc && !take(&rest, '('))
        return malformed(text, "Missing left parenthesis or bracket.", err);
    int rc = input_bound(s, oid, &rest, &m->lower, &r->lower_inf, &r->lower, err);
    if (rc == 0 && !take(&rest, ','))
        return malformed(text, "Missing comma after lower bound.", err);
    if (rc == 0)
        rc = input_bound(s, oid, &rest, &m->upper, &r->upper_inf, &r->upper, err);
    if (rc > 0)
        return malformed(text, "Unexpected end of input.", err);
    if (rc < 0)
        return -1;
    r->upper_inc = take(&rest, ']');
    if (!r->upper_inc && !take(&rest, ')'))
        return malformed(text, "Too many commas.", err);
    return skip_blanks(rest).len == 0
               ? 0
               : malformed(text, "Junk after right parenthesis or bracket.", err);
}

int range_input(const struct types_session *s, uint32_t oid, struct slice text, struct buf *scratch,
                struct slice *ret, struct err *err)
{
    struct making m;
    struct slice rest = skip_blanks(text);
    int rc = 0;
    making_init(&m);
    m.range.empty = rest.len >= 5 && types_word((struct slice){rest.data, 5}, "empty");
    if (!m.range.empty)
        rc = input_bounds(s, oid, text, &m, err);
    else if (skip_blanks((struct slice){rest.data + 5, rest.len - 5}).len > 0)
        rc = malformed(text, "Junk after \"empty\" key word.", err);
    return making_finish(&m, rc, oid, scratch, ret, err);
}

static int output_bound(const struct types_session *s, uint32_t oid, const struct types_value *v,
                        struct buf *out, struct err *err)
{
    struct buf text;
    buf_init(&text, TYPES_JSON_MAX);
    int rc = types_output(s, range_subtype(oid), -1, v, &text, err);
    struct slice value = buf_peek(&text);
    bool quote = value.len == 0;
    for (size_t i = 0; i < value.len; i++)
        quote =
            quote || strchr("\"\\()[],", value.data[i]) || isspace((unsigned char)value.data[i]);
    if (quote)
        buf_append(out, "\"", 1);
    buf_append(out, value.data, value.len); /* no type of a bound has quotes in its text */
    if (quote)
        buf_append(out, "\"", 1);
    buf_release(&text);
    return rc;
}

static int damaged(struct err *err)
{
    return err_set(err, SQLSTATE_INTERNAL_ERROR, "a stored range has the wrong form");
}

int range_output(const struct types_session *s, uint32_t oid, struct slice stored, struct buf *out,
                 struct err *err)
{
    struct range r;
    if (!range_parse(oid, stored, &r))
        return damaged(err);
    if (r.empty) {
        buf_append(out, "empty", 5);
        return 0;
    }
    buf_append(out, r.lower_inc ? "[" : "(", 1);
    if (!r.lower_inf && output_bound(s, oid, &r.lower, out, err) < 0)
        return -1;
    buf_append(out, ",", 1);
    if (!r.upper_inf && output_bound(s, oid, &r.upper, out, err) < 0)
        return -1;
    buf_append(out, r.upper_inc ? "]" : ")", 1);
    return 0;
}

/* -- binary: flags, then each bound that is finite, behind its length -- */

static int send_bound(const struct types_session *s, uint32_t oid, const struct types_value *v,
                      struct buf *out, struct err *err)
{
    struct buf body;
    buf_init(&body, TYPES_JSON_MAX);
    int rc = types_send(s, range_subtype(oid), -1, v, &body, err);
    types_send_part(&body, out);
    buf_release(&body);
    return rc;
}

int range_send(const struct types_session *s, uint32_t oid, struct slice stored, struct buf *out,
               struct err *err)
{
    struct range r;
    if (!range_parse(oid, stored, &r))
        return damaged(err);
    char flags =
        (char)(r.empty ? EMPTY
                       : (r.lower_inc ? LOWER_INC : 0) | (r.upper_inc ? UPPER_INC : 0) |
                             (r.lower_inf ? LOWER_INF : 0) | (r.upper_inf ? UPPER_INF : 0));
    buf_append(out, &flags, 1);
    if (!r.empty && !r.lower_inf && send_bound(s, oid, &r.lower, out, err) < 0)
        return -1;
    if (!r.empty && !r.upper_inf && send_bound(s, oid, &r.upper, out, err) < 0)
        return -1;
    return 0;
}

static int receive_bound(const struct types_session *s, uint32_t oid, struct slice *rest,
                         struct buf *hold, struct types_value *ret, struct err *err)
{
    struct slice value;
    if (types_take_part(rest, &value, err) < 0)
        return -1;
    if (!value.data) /* a bound that is there is not null */
        return types_short_message(err);
    return types_receive(s, range_subtype(oid), value, hold, ret, err);
}

int range_receive(const struct types_session *s, uint32_t oid, struct slice data,
                  struct buf *scratch, struct slice *ret, struct err *err)
{
    struct making m;
    struct range *r = &m.range;
    if (data.len < 1)
        return err_set(err, SQLSTATE_PROTOCOL_VIOLATION, "no data left in message");
    unsigned flags = (unsigned char)data.data[0];
    struct slice rest = {data.data + 1, data.len - 1};
    int rc = 0;
    making_init(&m);
    r->empty = flags & EMPTY;
    r->lower_inc = flags & LOWER_INC;
    r->upper_inc = flags & UPPER_INC;
    r->lower_inf = flags & LOWER_INF;
    r->upper_inf = flags & UPPER_INF;
    if (!r->empty && !r->lower_inf)
        rc = receive_bound(s, oid, &rest, &m.lower, &r->lower, err);
    if (rc == 0 && !r->empty && !r->upper_inf)
        rc = receive_bound(s, oid, &rest, &m.upper, &r->upper, err);
    if (rc == 0 && rest.len > 0)
        rc = err_set(err, SQLSTATE_INVALID_BINARY_REPRESENTATION, "incorrect binary data format");
    return making_finish(&m, rc, oid, scratch, ret, err);
}
