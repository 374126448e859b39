/* copy_out.c: COPY ... TO STDOUT: rows as lines, or in PostgreSQL's binary form. */
#include "daemon/store/copy.h"
#include "daemon/store/portal.h"

#include <inttypes.h>
#include <stdio.h>

#define SIGNATURE "PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0\0" /* and no flags, no extension */

static void append_char(struct buf *b, char c)
{
    buf_append(b, &c, 1);
}

static void append_escaped(const struct copy_plan *plan, struct buf *out, struct slice s)
{
    static const char from[] = "\b\f\n\r\t\v", to[] = "bfnrtv";
    size_t start = 0;
    for (size_t i = 0; i < s.len; i++) {
        const char *special = s.data[i] ? strchr(from, s.data[i]) : NULL;
        if (!special && s.data[i] != '\\' && s.data[i] != plan->delimiter)
            continue;
        buf_append(out, s.data + start, i - start);
        append_char(out, '\\');
        append_char(out, special ? to[special - from] : s.data[i]);
        start = i + 1;
    }
    buf_append(out, s.data + start, s.len - start);
}

static bool needs_quotes(const struct copy_plan *plan, struct slice s, bool alone)
{
    if (strlen(plan->null) == s.len && memcmp(plan->null, s.data, s.len) == 0)
        return true;
    if (alone && s.len == 2 && memcmp(s.data, "\\.", 2) == 0)
        return true;
    for (size_t i = 0; i < s.len; i++)
        if (s.data[i] == plan->delimiter || s.data[i] == plan->quote || s.data[i] == '\n' ||
            s.data[i] == '\r')
            return true;
    return false;
}

static void append_quoted(const struct copy_plan *plan, struct buf *out, struct slice s,
                          bool forced)
{
    if (!forced && !needs_quotes(plan, s, plan->ncolumns == 1)) {
        buf_append(out, s.data, s.len);
        return;
    }
    append_char(out, plan->quote);
    for (size_t i = 0; i < s.len; i++) {
        if (s.data[i] == plan->quote || s.data[i] == plan->escape)
            append_char(out, plan->escape);
        append_char(out, s.data[i]);
    }
    append_char(out, plan->quote);
}

static void append_text(const struct copy_plan *plan, struct buf *out, struct slice s, bool forced)
{
    if (plan->format == COPY_AS_CSV)
        append_quoted(plan, out, s, forced);
    else
        append_escaped(plan, out, s);
}

static void header(struct store_conn *c, const struct copy_plan *plan)
{
    size_t mark = msg_begin(&c->out, 'd');
    for (size_t i = 0; i < plan->ncolumns; i++) {
        const char *name = plan->columns[i].name;
        if (i > 0)
            append_char(&c->out, plan->delimiter);
        append_text(plan, &c->out, (struct slice){name, strlen(name)}, false);
    }
    append_char(&c->out, '\n');
    msg_end(&c->out, mark);
}

static int text_row(struct store_conn *c, const struct copy_plan *plan, const struct portal *row,
                    struct err *err)
{
    for (size_t i = 0; i < plan->ncolumns; i++) {
        const struct copy_column *col = &plan->columns[i];
        const struct types_value *v = &row->values[i];
        if (i > 0)
            append_char(&c->out, plan->delimiter);
        if (v->kind == TYPES_KIND_NULL) {
            buf_append(&c->out, plan->null, strlen(plan->null));
            continue;
        }
        buf_reset(&c->scratch);
        if (types_output(&c->context.types, col->type, col->typmod, v, &c->scratch, err) < 0)
            return -1;
        append_text(plan, &c->out, buf_peek(&c->scratch), col->force_quote);
    }
    append_char(&c->out, '\n');
    return 0;
}

static int binary_row(struct store_conn *c, const struct copy_plan *plan, const struct portal *row,
                      struct err *err)
{
    msg_int16(&c->out, (uint16_t)plan->ncolumns);
    for (size_t i = 0; i < plan->ncolumns; i++) {
        const struct copy_column *col = &plan->columns[i];
        const struct types_value *v = &row->values[i];
        if (v->kind == TYPES_KIND_NULL) {
            msg_value_null(&c->out);
            continue;
        }
        buf_reset(&c->scratch);
        if (types_send(&c->context.types, col->type, col->typmod, v, &c->scratch, err) < 0)
            return -1;
        msg_value(&c->out, buf_peek(&c->scratch).data, buf_len(&c->scratch));
    }
    return 0;
}

static int rows(struct store_conn *c, const struct copy_plan *plan, struct portal *from,
                uint64_t *ret_n, struct err *err)
{
    bool binary = plan->format == COPY_AS_BINARY;
    for (uint64_t n = 1;; n++) {
        int rc = portal_row(c, from, n, err);
        if (rc <= 0) {
            *ret_n = n - 1;
            return rc;
        }
        size_t before = buf_len(&c->out), mark = msg_begin(&c->out, 'd');
        if (binary && n == 1)
            buf_append(&c->out, SIGNATURE, sizeof SIGNATURE - 1);
        if ((binary ? binary_row : text_row)(c, plan, from, err) < 0) {
            buf_cut(&c->out, before);
            return -1;
        }
        msg_end(&c->out, mark);
        if (c->out.failed || c->scratch.failed)
            return err_set(err, SQLSTATE_PROGRAM_LIMIT_EXCEEDED, "row is too large");
        if (buf_len(&c->out) > CONN_OUT_FLUSH)
            conn_flush(c);
        if (c->broken)
            return err_set(err, SQLSTATE_CONNECTION_FAILURE, "the client has gone");
    }
}

static void trailer(struct store_conn *c, uint64_t n)
{
    size_t mark = msg_begin(&c->out, 'd');
    if (n == 0)
        buf_append(&c->out, SIGNATURE, sizeof SIGNATURE - 1);
    msg_int16(&c->out, 0xffff);
    msg_end(&c->out, mark);
}

int copy_out(struct store_conn *c, struct portal *p, struct err *err)
{
    const struct copy_plan *plan = p->prepared->plan;
    bool binary = plan->format == COPY_AS_BINARY;
    struct portal *from;
    uint64_t n = 0;
    if (portal_open_inner(c, NULL, p->prepared->inner, NULL, &from, err) < 0)
        return -1;
    int rc = portal_start(c, from, err);
    if (rc == 0) {
        msg_copy_response(&c->out, 'H', binary, plan->ncolumns);
        if (plan->header != COPY_HEADER_NONE)
            header(c, plan);
        rc = rows(c, plan, from, &n, err);
    }
    portal_close(c, from);
    if (rc < 0)
        return -1;
    if (binary)
        trailer(c, n);
    msg_copy_done(&c->out);
    snprintf(p->tag, sizeof p->tag, "COPY %" PRIu64, n);
    return 0;
}
