/* execute.c: portals: bind values, step, encode rows, command tags. */
#include "daemon/store/conn.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

void statement_start(struct store_conn *c)
{
    atomic_store(&c->cancel, false);
    c->timed_out = false;
    err_reset(&c->context.raised);
    sequence_draws_reset(c);
    c->context.statement_us = conn_now_us();
    if (!c->context.transaction_us)
        c->context.transaction_us = c->context.statement_us;
    c->deadline_ms = c->guc.statement_timeout_ms ? conn_now_ms() + c->guc.statement_timeout_ms : 0;
}

struct portal *portal_find(struct store_conn *c, const char *name)
{
    return strmap_find(&c->portals, name, strlen(name));
}

/* Hand the SQLite statement back for the next one, or let it go. */
static void stmt_done(struct store_conn *c, struct portal *p)
{
    if (!p->stmt)
        return;
    if (p->started && !p->done)
        c->nrunning--;
    p->done = true;
    sqlite3_reset(p->stmt);
    if (p->prepared->idle) {
        sqlite3_finalize(p->stmt);
    } else {
        sqlite3_clear_bindings(p->stmt);
        p->prepared->idle = p->stmt;
    }
    p->stmt = NULL;
}

static void portal_free(struct store_conn *c, struct portal *p)
{
    stmt_done(c, p);
    prepared_unref(p->prepared);
    free(p->formats);
    free(p->name);
    free(p);
}

void portal_close(struct store_conn *c, struct portal *p)
{
    strmap_remove(&c->portals, p->name, strlen(p->name));
    portal_free(c, p);
}

struct deeper {
    size_t depth;
    struct portal *found;
};

static void find_deeper(void *value, void *arg)
{
    struct portal *p = value;
    struct deeper *d = arg;
    if (p->depth > d->depth)
        d->found = p;
}

void portal_close_deeper(struct store_conn *c, size_t depth)
{
    struct deeper d;
    do {
        d = (struct deeper){.depth = depth};
        strmap_each(&c->portals, find_deeper, &d);
        if (d.found)
            portal_close(c, d.found);
    } while (d.found);
}

void portal_close_all(struct store_conn *c)
{
    struct portal *p;
    while ((p = strmap_any(&c->portals)))
        portal_close(c, p);
}

/* -- bind -- */

static int bind_value(sqlite3_stmt *stmt, int i, const struct types_value *v)
{
    switch (v->kind) {
    case TYPES_KIND_NULL:
        return sqlite3_bind_null(stmt, i);
    case TYPES_KIND_INT:
        return sqlite3_bind_int64(stmt, i, v->i);
    case TYPES_KIND_REAL:
        return sqlite3_bind_double(stmt, i, v->r);
    case TYPES_KIND_TEXT:
        return sqlite3_bind_text64(stmt, i, v->bytes.data ? v->bytes.data : "", v->bytes.len,
                                   SQLITE_TRANSIENT, SQLITE_UTF8);
    case TYPES_KIND_BLOB:
        return v->bytes.len
                   ? sqlite3_bind_blob64(stmt, i, v->bytes.data, v->bytes.len, SQLITE_TRANSIENT)
                   : sqlite3_bind_zeroblob(stmt, i, 0);
    }
    return SQLITE_MISUSE;
}

/* Well-formed UTF-8 without NUL: 0, else -1 with the offending bytes. */
static int check_text(struct slice s, struct err *err)
{
    for (size_t i = 0; i < s.len;) {
        unsigned char c = (unsigned char)s.data[i];
        size_t n = c == 0                  ? 0
                   : c < 0x80              ? 1
                   : c >= 0xc2 && c < 0xe0 ? 2
                   : (c & 0xf0) == 0xe0    ? 3
                   : c >= 0xf0 && c < 0xf5 ? 4
                                           : 0;
        bool ok = n > 0 && i + n <= s.len;
        for (size_t k = 1; ok && k < n; k++)
            ok = ((unsigned char)s.data[i + k] & 0xc0) == 0x80;
        unsigned char second = ok && n > 1 ? (unsigned char)s.data[i + 1] : 0x80;
        if (ok && ((c == 0xe0 && second < 0xa0) || (c == 0xed && second > 0x9f) ||
                   (c == 0xf0 && second < 0x90) || (c == 0xf4 && second > 0x8f)))
            ok = false;
        if (!ok)
            return err_set(err, SQLSTATE_CHARACTER_NOT_IN_REPERTOIRE,
                           "invalid byte sequence for encoding \"UTF8\": 0x%02x", c);
        i += n;
    }
    return 0;
}

/* As PostgreSQL says it where parameters are not to be shown in errors, which is its default. */
static int bind_context(const struct portal *p, int i, int format, struct err *err)
{
    const char *value = format == 0 ? " = '...'" : "";
    if (p->name[0])
        err_context(err, "portal \"%s\" parameter $%d%s", p->name, i + 1, value);
    else
        err_context(err, "unnamed portal parameter $%d%s", i + 1, value);
    return -1;
}

static int bind_one(struct store_conn *c, struct portal *p, int i, int format, struct slice bytes,
                    struct err *err)
{
    struct types_value v = {.kind = TYPES_KIND_NULL};
    uint32_t oid = p->prepared->params[i];
    int rc = 0;
    if (bytes.data && format == 0)
        rc = check_text(bytes, err);
    buf_reset(&c->scratch);
    if (rc == 0 && bytes.data)
        rc = format ? types_receive(&c->context.types, oid, bytes, &c->scratch, &v, err)
                    : types_input(&c->context.types, oid, -1, bytes, &c->scratch, &v, err);
    if (rc == 0 && v.kind == TYPES_KIND_TEXT && format)
        rc = check_text(v.bytes, err);
    if (rc < 0)
        return bind_context(p, i, format, err);
    int bound = bind_value(p->stmt, i + 1, &v);
    return bound == SQLITE_OK || bound == SQLITE_RANGE /* $n that nothing uses */
               ? 0
               : errors_map(c, bound, NULL, NULL, err);
}

static int bind_all(struct store_conn *c, struct portal *p, const struct msg_bind *m,
                    struct err *err)
{
    struct slice cursor = m->params;
    for (uint16_t i = 0; i < m->nparams; i++) {
        int format = msg_bind_param_format(m, i);
        struct slice bytes = msg_bind_next(&cursor);
        if (bind_one(c, p, i, format, bytes, err) < 0)
            return -1;
    }
    return 0;
}

static int check_counts(const char *statement, const struct prepared *p, const struct msg_bind *m,
                        struct err *err)
{
    if (m->nformats > 1 && m->nformats != m->nparams)
        return err_set(err, SQLSTATE_PROTOCOL_VIOLATION,
                       "bind message has %u parameter formats but %u parameters", m->nformats,
                       m->nparams);
    if (m->nparams != p->nparams)
        return err_set(
            err, SQLSTATE_PROTOCOL_VIOLATION,
            "bind message supplies %u parameters, but prepared statement \"%s\" requires %zu",
            m->nparams, statement, p->nparams);
    if (m->nresults > 1 && m->nresults != p->ncolumns)
        return err_set(err, SQLSTATE_PROTOCOL_VIOLATION,
                       "bind message has %u result formats but query has %zu columns", m->nresults,
                       p->ncolumns);
    return 0;
}

static int take_stmt(struct store_conn *c, struct portal *portal, struct err *err)
{
    struct prepared *p = portal->prepared;
    portal->stmt = p->idle;
    p->idle = NULL;
    if (portal->stmt)
        return 0;
    int rc =
        sqlite3_prepare_v3(c->db, p->sqlite, -1, SQLITE_PREPARE_PERSISTENT, &portal->stmt, NULL);
    return rc == SQLITE_OK ? 0 : errors_map(c, rc, NULL, p, err);
}

int portal_open(struct store_conn *c, const char *name, struct prepared *p,
                const struct msg_bind *m, struct portal **ret, struct err *err)
{
    struct portal *old = portal_find(c, name);
    if (old && name[0])
        return err_set(err, SQLSTATE_DUPLICATE_CURSOR, "cursor \"%s\" already exists", name);
    if (old)
        portal_close(c, old);
    if (m && check_counts(m->statement.data, p, m, err) < 0)
        return -1;
    if (!m && p->nparams > 0)
        return err_set(err, SQLSTATE_UNDEFINED_PARAMETER, "there is no parameter $1");
    struct portal *portal = calloc(1, sizeof *portal);
    if (!portal)
        return err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
    portal->prepared = p;
    p->refs++;
    portal->depth = c->nsavepoints;
    portal->name = strdup(name);
    portal->formats = calloc(p->ncolumns + 1, sizeof *portal->formats);
    if (!portal->name || !portal->formats) {
        err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
        goto fail_free;
    }
    for (size_t i = 0; m && i < p->ncolumns; i++)
        portal->formats[i] = (int16_t)msg_bind_result_format(m, (uint16_t)i);
    if (p->kind == PREPARED_QUERY &&
        (take_stmt(c, portal, err) < 0 || (m && bind_all(c, portal, m, err) < 0)))
        goto fail_free;
    if (!strmap_add(&c->portals, portal->name, strlen(portal->name), portal)) {
        err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
        goto fail_free;
    }
    *ret = portal;
    return 0;
fail_free:
    portal_free(c, portal);
    return -1;
}

/* -- run -- */

struct types_value value_of(sqlite3_value *v)
{
    struct types_value r = {0};
    switch (sqlite3_value_type(v)) {
    case SQLITE_INTEGER:
        r.kind = TYPES_KIND_INT;
        r.i = sqlite3_value_int64(v);
        break;
    case SQLITE_FLOAT:
        r.kind = TYPES_KIND_REAL;
        r.r = sqlite3_value_double(v);
        break;
    case SQLITE_TEXT:
        r.kind = TYPES_KIND_TEXT;
        r.bytes.data = (const char *)sqlite3_value_text(v);
        r.bytes.len = (size_t)sqlite3_value_bytes(v);
        break;
    case SQLITE_BLOB:
        r.kind = TYPES_KIND_BLOB;
        r.bytes.data = sqlite3_value_blob(v);
        r.bytes.len = (size_t)sqlite3_value_bytes(v);
        break;
    default:
        r.kind = TYPES_KIND_NULL;
    }
    return r;
}

static int encode_row(struct store_conn *c, struct portal *p, struct err *err)
{
    const struct prepared *q = p->prepared;
    size_t row = msg_row_begin(&c->out, q->ncolumns);
    for (size_t i = 0; i < q->ncolumns; i++) {
        const struct msg_field *f = &q->columns[i];
        struct types_value v = value_of(sqlite3_column_value(p->stmt, (int)i));
        if (v.kind == TYPES_KIND_NULL) {
            msg_value_null(&c->out);
            continue;
        }
        buf_reset(&c->scratch);
        int rc =
            p->formats[i]
                ? types_send(&c->context.types, f->type_oid, f->typmod, &v, &c->scratch, err)
                : types_output(&c->context.types, f->type_oid, f->typmod, &v, &c->scratch, err);
        if (rc < 0)
            return -1;
        msg_value(&c->out, buf_peek(&c->scratch).data, buf_len(&c->scratch));
    }
    msg_end(&c->out, row);
    return c->out.failed || c->scratch.failed
               ? err_set(err, SQLSTATE_PROGRAM_LIMIT_EXCEEDED, "row is too large")
               : 0;
}

static void complete(struct store_conn *c, const struct prepared *p, uint64_t rows)
{
    char tag[64];
    if (p->modifies)
        rows = (uint64_t)sqlite3_changes64(c->db);
    snprintf(tag, sizeof tag, "%s %" PRIu64, p->tag, rows);
    msg_command_complete(&c->out, tag);
}

static int start(struct store_conn *c, struct portal *p, struct err *err)
{
    const struct prepared *q = p->prepared;
    if (q->writes && c->read_only)
        return err_set(err, SQLSTATE_READ_ONLY_SQL_TRANSACTION,
                       "cannot execute %.*s in a read-only transaction", q->modifies ? 6 : 20,
                       q->modifies ? q->tag : "SELECT FOR UPDATE");
    if (tx_enter(c, q->writes, err) < 0)
        return -1;
    if (q->epoch != c->catalog->epoch) /* DDL of somebody else between Bind and Execute */
        return err_set(err, SQLSTATE_SERIALIZATION_FAILURE,
                       "the schema was changed concurrently; bind the statement again");
    p->started = true;
    c->nrunning++;
    return 0;
}

static int fail(struct store_conn *c, struct portal *p, int rc, struct err *err)
{
    errors_map(c, rc, p->stmt, p->prepared, err);
    stmt_done(c, p);
    return -1;
}

static int run_query(struct store_conn *c, struct portal *p, uint32_t max_rows, struct err *err)
{
    uint64_t rows = 0;
    if (!p->started && start(c, p, err) < 0)
        return -1;
    while (!p->done) {
        int rc = sqlite3_step(p->stmt);
        if (rc == SQLITE_DONE) {
            complete(c, p->prepared, rows);
            stmt_done(c, p);
            return 0;
        }
        if (rc != SQLITE_ROW)
            return fail(c, p, rc, err);
        if (encode_row(c, p, err) < 0) {
            stmt_done(c, p);
            return -1;
        }
        if (buf_len(&c->out) > CONN_OUT_FLUSH)
            conn_flush(c);
        if (c->broken) {
            stmt_done(c, p);
            return err_set(err, SQLSTATE_CONNECTION_FAILURE, "the client has gone");
        }
        if (++rows == max_rows) {
            msg_portal_suspended(&c->out);
            return 0;
        }
    }
    complete(c, p->prepared, 0); /* everything was fetched before */
    return 0;
}

int portal_run(struct store_conn *c, struct portal *p, uint32_t max_rows, struct err *err)
{
    int rc;
    switch (p->prepared->kind) {
    case PREPARED_EMPTY:
        msg_empty_query(&c->out);
        return 0;
    case PREPARED_UTILITY:
        if (p->done)
            return err_set(err, "55000", "portal \"%s\" cannot be run", p->name);
        if (!p->prepared->transaction_exit && tx_check(c, err) < 0)
            return -1;
        struct prepared *kept = p->prepared; /* the statement may close all portals, this one too */
        p->done = true;
        kept->refs++;
        rc = utility_run(c, kept, err);
        prepared_unref(kept);
        return rc;
    case PREPARED_QUERY:
        if (tx_check(c, err) < 0)
            return -1;
        statement_start(c);
        return run_query(c, p, max_rows, err);
    }
    return -1;
}
