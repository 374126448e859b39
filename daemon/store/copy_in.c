/* copy_in.c: COPY ... FROM STDIN: each row is one run of the INSERT inside. */
#include "daemon/store/copy.h"
#include "daemon/store/errors.h"
#include "daemon/store/portal.h"
#include "daemon/store/transaction.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define BAD_COPY    "22P04"
#define SIGNATURE   "PGCOPY\n\377\r\n"
#define SHOWN_CHARS 100 /* of a line or value in an error's context */

struct copying {
    struct copy_data data;
    struct store_conn *c;
    const struct copy_plan *plan;
    struct portal *insert;
    uint64_t rows;
    /* where an error would be */
    const char *column;
    const char *value; /* NULL: null, or not known (binary) */
    bool line;         /* the line's text is known */
    bool nowhere;      /* it is of the whole statement */
};

static int shown(struct slice s)
{
    size_t i = 0;
    for (int n = 0; i < s.len && n < SHOWN_CHARS; n++)
        do
            i++;
        while (i < s.len && ((unsigned char)s.data[i] & 0xc0) == 0x80);
    return (int)i;
}

static void add_context(const struct copying *k, struct err *err)
{
    const char *name = k->plan->relation;
    unsigned long long line = k->data.line_number;
    bool binary = k->plan->format == COPY_AS_BINARY;
    if (k->nowhere || err->context[0])
        return;
    if (k->column && binary) {
        err_context(err, "COPY %s, line %llu, column %s", name, line, k->column);
    } else if (k->column && !k->value) {
        err_context(err, "COPY %s, line %llu, column %s: null input", name, line, k->column);
    } else if (k->column) {
        struct slice s = {k->value, strlen(k->value)};
        int n = shown(s);
        err_context(err, "COPY %s, line %llu, column %s: \"%.*s%s\"", name, line, k->column, n,
                    s.data, (size_t)n < s.len ? "..." : "");
    } else if (k->line) {
        struct slice s = buf_peek(&k->data.line);
        int n = shown(s);
        err_context(err, "COPY %s, line %llu: \"%.*s%s\"", name, line, n, s.data ? s.data : "",
                    (size_t)n < s.len ? "..." : "");
    } else {
        err_context(err, "COPY %s, line %llu", name, line);
    }
}

/* -- a row -- */

/* Rows are checked one by one, but keys when several are written: the line is gone by then. */
static void forget_line(struct copying *k, const struct err *err)
{
    if (strcmp(err->sqlstate, SQLSTATE_UNIQUE_VIOLATION) == 0)
        k->line = false;
    if (strcmp(err->sqlstate, SQLSTATE_FOREIGN_KEY_VIOLATION) == 0)
        k->nowhere = true;
}

static int insert(struct copying *k, struct err *err)
{
    struct store_conn *c = k->c;
    sqlite3_stmt *stmt = k->insert->stmt;
    k->column = NULL;
    if (atomic_load_explicit(&c->cancel, memory_order_relaxed))
        return err_set(err, SQLSTATE_QUERY_CANCELED, "canceling statement due to user request");
    if (c->deadline_ms && conn_now_ms() >= c->deadline_ms)
        return err_set(err, SQLSTATE_QUERY_CANCELED,
                       "canceling statement due to statement timeout");
    int rc = sqlite3_step(stmt);
    if (rc == SQLITE_DONE) {
        k->rows += (uint64_t)sqlite3_changes64(c->db);
        sqlite3_reset(stmt);
        return 0;
    }
    errors_map(c, rc, stmt, k->insert->prepared, err);
    sqlite3_reset(stmt);
    forget_line(k, err);
    return -1;
}

static int bind(struct copying *k, size_t i, const struct types_value *v, struct err *err)
{
    int rc = stmt_bind_value(k->insert->stmt, (int)i + 1, v);
    return rc == SQLITE_OK || rc == SQLITE_RANGE ? 0 : errors_map(k->c, rc, NULL, NULL, err);
}

static int text_value(struct copying *k, size_t i, struct err *err)
{
    struct store_conn *c = k->c;
    const struct copy_column *col = &k->plan->columns[i];
    struct types_value v = {.kind = TYPES_KIND_NULL};
    k->column = col->name;
    if (i >= k->data.nfields) {
        k->column = NULL;
        return err_set(err, BAD_COPY, "missing data for column \"%s\"", col->name);
    }
    size_t start = k->data.starts[i];
    k->value = start == SIZE_MAX ? NULL : buf_peek(&k->data.fields).data + start;
    if (!k->value && col->force_not_null)
        k->value = k->plan->null;
    else if (k->value && col->force_null && strcmp(k->value, k->plan->null) == 0)
        k->value = NULL;
    buf_reset(&c->scratch);
    if (k->value &&
        types_input(&c->context.types, col->type, col->typmod,
                    (struct slice){k->value, strlen(k->value)}, &c->scratch, &v, err) < 0)
        return -1;
    return bind(k, i, &v, err);
}

static int check_line(struct copying *k, struct err *err)
{
    k->line = false; /* it cannot be shown */
    if (types_text_check(buf_peek(&k->data.line), err) < 0)
        return -1;
    k->line = true;
    return 0;
}

/* Escapes may have made bytes that are no text. */
static int check_escaped(struct copying *k, struct err *err)
{
    struct slice line = buf_peek(&k->data.line), all = buf_peek(&k->data.fields);
    if (line.len == 0 || !memchr(line.data, '\\', line.len))
        return 0;
    for (size_t i = 0; i < k->data.nfields; i++) {
        const char *field = all.data + k->data.starts[i];
        if (k->data.starts[i] != SIZE_MAX &&
            types_text_check((struct slice){field, strlen(field)}, err) < 0)
            return -1;
    }
    return 0;
}

static int text_row(struct copying *k, struct err *err)
{
    if (check_line(k, err) < 0 || copy_data_fields(&k->data, err) < 0)
        return -1;
    if (k->plan->format == COPY_AS_TEXT && check_escaped(k, err) < 0)
        return -1;
    if (k->data.nfields > k->plan->ncolumns)
        return err_set(err, BAD_COPY, "extra data after last expected column");
    for (size_t i = 0; i < k->plan->ncolumns; i++)
        if (text_value(k, i, err) < 0)
            return -1;
    return insert(k, err);
}

static int header_matches(struct copying *k, struct err *err)
{
    const struct copy_plan *plan = k->plan;
    if (copy_data_fields(&k->data, err) < 0)
        return -1;
    if (k->data.nfields != plan->ncolumns)
        return err_set(err, BAD_COPY,
                       "wrong number of fields in header line: got %zu, expected %zu",
                       k->data.nfields, plan->ncolumns);
    for (size_t i = 0; i < plan->ncolumns; i++) {
        const char *name = plan->columns[i].name;
        if (k->data.starts[i] == SIZE_MAX)
            return err_set(err, BAD_COPY,
                           "column name mismatch in header line field %zu: got null value "
                           "(\"%s\"), expected \"%s\"",
                           i + 1, plan->null, name);
        const char *got = buf_peek(&k->data.fields).data + k->data.starts[i];
        if (strcmp(got, name) != 0)
            return err_set(err, BAD_COPY,
                           "column name mismatch in header line field %zu: got \"%s\", expected "
                           "\"%s\"",
                           i + 1, got, name);
    }
    return 0;
}

static int text_rows(struct copying *k, struct err *err)
{
    int rc;
    k->nowhere = false;
    if (k->plan->header != COPY_HEADER_NONE) {
        rc = copy_data_line(&k->data, err);
        if (rc <= 0)
            return rc;
        k->line = true;
        if (k->plan->header == COPY_HEADER_SAME && header_matches(k, err) < 0)
            return -1;
    }
    for (;;) {
        k->line = false;
        k->column = NULL;
        rc = copy_data_line(&k->data, err);
        if (rc <= 0)
            return rc;
        if (text_row(k, err) < 0)
            return -1;
    }
}

/* -- binary -- */

static int number(struct copying *k, size_t bytes, int64_t *ret, struct err *err)
{
    int rc = copy_data_bytes(&k->data, bytes, err);
    if (rc <= 0)
        return rc;
    struct reader r = reader_of(buf_peek(&k->data.line));
    *ret = bytes == 2 ? (int16_t)read_int16(&r) : (int32_t)read_int32(&r);
    return 1;
}

static int binary_header(struct copying *k, struct err *err)
{
    int64_t flags, extension;
    int rc = copy_data_bytes(&k->data, sizeof SIGNATURE, err);
    if (rc < 0 && strcmp(err->sqlstate, BAD_COPY) != 0)
        return -1;
    if (rc <= 0 || memcmp(buf_peek(&k->data.line).data, SIGNATURE, sizeof SIGNATURE) != 0)
        return err_set(err, BAD_COPY, "COPY file signature not recognized");
    if (number(k, 4, &flags, err) <= 0)
        return err_set(err, BAD_COPY, "invalid COPY file header (missing flags)");
    if (flags & (1 << 16))
        return err_set(err, BAD_COPY, "invalid COPY file header (WITH OIDS)");
    if ((flags & ~INT64_C(0xffff)) != 0)
        return err_set(err, BAD_COPY, "unrecognized critical flags in COPY file header");
    if (number(k, 4, &extension, err) <= 0 || extension < 0)
        return err_set(err, BAD_COPY, "invalid COPY file header (missing length)");
    while (extension-- > 0)
        if (copy_data_bytes(&k->data, 1, err) <= 0)
            return err_set(err, BAD_COPY, "invalid COPY file header (wrong length)");
    return 0;
}

static int binary_value(struct copying *k, size_t i, struct err *err)
{
    struct store_conn *c = k->c;
    const struct copy_column *col = &k->plan->columns[i];
    struct types_value v = {.kind = TYPES_KIND_NULL}, cut;
    int64_t len;
    k->column = col->name;
    int rc = number(k, 4, &len, err);
    if (rc == 0)
        return err_set(err, BAD_COPY, "unexpected EOF in COPY data");
    if (rc < 0)
        return -1;
    if (len == -1)
        return bind(k, i, &v, err);
    if (len < 0)
        return err_set(err, BAD_COPY, "invalid field size");
    rc = copy_data_bytes(&k->data, (size_t)len, err);
    if (rc <= 0)
        return rc < 0 ? -1 : err_set(err, BAD_COPY, "unexpected EOF in COPY data");
    struct slice bytes = buf_peek(&k->data.line);
    if (!bytes.data)
        bytes.data = "";
    buf_reset(&c->scratch);
    if (types_receive(&c->context.types, col->type, bytes, &c->scratch, &v, err) < 0)
        return -1;
    struct buf room;
    buf_init(&room, CONN_SCRATCH_MAX);
    rc = types_apply_typmod(col->type, col->typmod, false, &v, &room, &cut, err);
    if (rc == 0)
        rc = bind(k, i, &cut, err);
    buf_release(&room);
    return rc;
}

static int binary_rows(struct copying *k, struct err *err)
{
    int64_t n;
    if (binary_header(k, err) < 0)
        return -1;
    k->nowhere = false;
    for (;;) {
        k->data.line_number++;
        k->column = NULL;
        int rc = number(k, 2, &n, err);
        if (rc <= 0) /* without a trailer: as good as with one */
            return rc;
        if (n == -1)
            break;
        if (n != (int64_t)k->plan->ncolumns)
            return err_set(err, BAD_COPY, "row field count is %d, expected %zu", (int)n,
                           k->plan->ncolumns);
        for (size_t i = 0; i < k->plan->ncolumns; i++)
            if (binary_value(k, i, err) < 0)
                return -1;
        if (insert(k, err) < 0)
            return -1;
    }
    int rc = k->data.raw.len > 0 ? 1 : copy_data_more(&k->data, err);
    return rc > 0 ? err_set(err, BAD_COPY, "received copy data after EOF marker") : rc;
}

/* -- the statement -- */

static int deferred(struct store_conn *c)
{
    int now = 0, high;
    sqlite3_db_status(c->db, SQLITE_DBSTATUS_DEFERRED_FKS, &now, &high, 0);
    return now;
}

/* Foreign keys hold at the end, not after each row.  Where some are open already, it could not be
 * told which ones are ours: then each row must do. */
static int begin_keys(struct store_conn *c, bool *ret, struct err *err)
{
    *ret = !deferred(c);
    return *ret ? conn_exec(c, "PRAGMA defer_foreign_keys=1", err) : 0;
}

static int end_keys(struct store_conn *c, uint32_t table, int rc, struct err *err)
{
    struct err ignored;
    if (rc == 0 && deferred(c) && errors_immediate(c, table, err))
        rc = -1;
    return keys_resume(c, rc < 0 ? &ignored : err) < 0 ? -1 : rc;
}

static int run(struct copying *k, struct portal *p, struct err *err)
{
    bool binary = k->plan->format == COPY_AS_BINARY, keys;
    struct store_conn *c = k->c;
    k->nowhere = true;
    if (tx_fresh(c, true, err) < 0 || tx_enter(c, true, err) < 0 || begin_keys(c, &keys, err) < 0)
        return -1;
    if (keys) { /* what SQLite has prepared knows no better */
        sqlite3_finalize(p->prepared->inner->idle);
        p->prepared->inner->idle = NULL;
    }
    if (portal_open_inner(c, NULL, p->prepared->inner, NULL, &k->insert, err) < 0)
        return keys ? end_keys(c, 0, -1, err) : -1;
    msg_copy_response(&c->out, 'G', binary, k->plan->ncolumns);
    conn_flush(c);
    conn_hold_message(c);
    int rc;
    if (k->plan->freeze && c->tx == TX_IDLE && !c->implicit)
        rc = err_set(err, "55000",
                     "cannot perform COPY FREEZE because the table was not created or truncated in "
                     "the current subtransaction");
    else
        rc = binary ? binary_rows(k, err) : text_rows(k, err);
    if (rc < 0)
        add_context(k, err);
    if (keys)
        return end_keys(c, p->prepared->inner->target_oid, rc, err);
    return rc == 0 ? keys_hold(c, err) : rc;
}

int copy_in(struct store_conn *c, struct portal *p, struct err *err)
{
    struct copying k = {.c = c, .plan = p->prepared->plan};
    k.data = (struct copy_data){.c = c, .plan = k.plan};
    buf_init(&k.data.line, CONN_SCRATCH_MAX);
    buf_init(&k.data.fields, CONN_SCRATCH_MAX);
    int rc = run(&k, p, err);
    if (k.insert)
        portal_close(c, k.insert);
    buf_release(&k.data.line);
    buf_release(&k.data.fields);
    free(k.data.starts);
    snprintf(p->tag, sizeof p->tag, "COPY %" PRIu64, k.rows);
    return rc;
}
