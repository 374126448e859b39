/* execute.c: portals run: step, encode rows, move, command tags. */
#include "daemon/store/brief.h"
#include "daemon/store/follow.h"
#include "daemon/store/portal.h"
#include "daemon/store/transaction.h"
#include "daemon/store/translate.h"

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

/* -- rows out -- */

static int encode_row(struct store_conn *c, struct portal *p, struct err *err)
{
    const struct prepared *q = p->prepared;
    size_t before = buf_len(&c->out), row = msg_row_begin(&c->out, q->ncolumns);
    for (size_t i = 0; i < q->ncolumns; i++) {
        const struct msg_field *f = &q->columns[i];
        const struct types_value *v = &p->values[i];
        if (v->kind == TYPES_KIND_NULL) {
            msg_value_null(&c->out);
            continue;
        }
        buf_reset(&c->scratch);
        int rc = p->formats[i]
                     ? types_send(&c->context.types, f->type_oid, f->typmod, v, &c->scratch, err)
                     : types_output(&c->context.types, f->type_oid, f->typmod, v, &c->scratch, err);
        if (rc < 0) {
            buf_cut(&c->out, before);
            return -1;
        }
        msg_value(&c->out, buf_peek(&c->scratch).data, buf_len(&c->scratch));
    }
    msg_end(&c->out, row);
    return c->out.failed || c->scratch.failed
               ? err_set(err, SQLSTATE_PROGRAM_LIMIT_EXCEEDED, "row is too large")
               : 0;
}

static int give(struct store_conn *c, struct portal *p, const struct portal_sink *sink,
                struct err *err)
{
    if (sink->to)
        return rowset_add(sink->to, p->values, p->prepared->ncolumns, err);
    if (!sink->client)
        return 0;
    if (encode_row(c, p, err) < 0)
        return -1;
    if (buf_len(&c->out) > CONN_OUT_FLUSH)
        conn_flush(c);
    if (c->lent && c->too_much)
        return brief_decline(c, err);
    return c->broken ? err_set(err, SQLSTATE_CONNECTION_FAILURE, "the client has gone") : 0;
}

/* -- rows in -- */

/* Nothing but temporary tables, which a read-only transaction may do. */
static bool writes_temp(const struct prepared *q)
{
    bool some = q->target_oid != 0;
    if (some && !catalog_is_temp(q->target_oid))
        return false;
    for (size_t i = 0; i < q->nsteps; i++) {
        if (q->steps[i].target_oid && !catalog_is_temp(q->steps[i].target_oid))
            return false;
        some = some || q->steps[i].target_oid;
    }
    return some;
}

int portal_start(struct store_conn *c, struct portal *p, struct err *err)
{
    const struct prepared *q = p->prepared;
    if (q->writes && c->read_only && !writes_temp(q))
        return err_set(err, SQLSTATE_READ_ONLY_SQL_TRANSACTION,
                       "cannot execute %.*s in a read-only transaction", q->modifies ? 6 : 20,
                       q->modifies      ? q->tag
                       : q->nsteps == 0 ? "SELECT FOR UPDATE"
                                        : "SELECT");
    /* the right to write is the lock that all rows share */
    if (q->nowait && !(q->skips && q->nsteps > 0) && !c->lent_write && !conn_write_free(c)) {
        if (!q->skips)
            return err_set(err, "55P03", "could not obtain lock on row in relation \"%s\"",
                           q->nowait);
        portal_done(c, p); /* all rows are locked */
        return 0;
    }
    if (tx_fresh(c, q->writes, err) < 0 || tx_enter(c, q->writes, err) < 0)
        return -1;
    if (q->generation != c->catalog->generation) /* DDL of somebody else between Bind and Execute */
        return err_set(err, SQLSTATE_SERIALIZATION_FAILURE,
                       "the schema was changed concurrently; bind the statement again");
    if (q->nsteps > 0 && steps_run(c, p, err) < 0)
        return -1;
    p->started = true;
    c->nrunning++;
    return 0;
}

/* The next row that SQLite gives: 1, 0, -1. */
static int step(struct store_conn *c, struct portal *p, struct err *err)
{
    c->context.kept = p->kept;
    int rc = sqlite3_step(p->stmt);
    c->context.kept = NULL;
    if (rc == SQLITE_DONE) {
        if (p->prepared->modifies && !p->prepared->returns_rows)
            p->fetched = p->prepared->nsteps > 0 ? p->changes : (uint64_t)sqlite3_changes64(c->db);
        portal_done(c, p);
        return 0;
    }
    if (rc != SQLITE_ROW) {
        errors_map(c, rc, p->stmt, p->prepared, err);
        portal_done(c, p);
        return -1;
    }
    for (size_t i = 0; i < p->prepared->ncolumns; i++)
        p->values[i] = value_of(sqlite3_column_value(p->stmt, (int)i));
    p->fetched++;
    if (p->rows && rowset_add(p->rows, p->values, p->prepared->ncolumns, err) < 0) {
        portal_done(c, p);
        return -1;
    }
    return 1;
}

int portal_row(struct store_conn *c, struct portal *p, uint64_t index, struct err *err)
{
    if (p->rows && index > p->base && index - p->base <= p->rows->n)
        return rowset_get(p->rows, (size_t)(index - p->base - 1), p->values, p->prepared->ncolumns,
                          err) < 0
                   ? -1
                   : 1;
    if (p->later) {
        *err = *p->later;
        return -1;
    }
    if (p->stmt && !p->started && portal_start(c, p, err) < 0)
        return -1;
    return p->stmt ? step(c, p, err) : 0;
}

static int forward(struct store_conn *c, struct portal *p, uint64_t count,
                   const struct portal_sink *sink, uint64_t *n, struct err *err)
{
    while (!p->at_end && *n < count) {
        int rc = portal_row(c, p, p->pos + 1, err);
        if (rc < 0)
            return -1;
        p->at_end = rc == 0;
        if (rc == 0)
            break;
        p->at_start = false;
        p->pos++;
        if (give(c, p, sink, err) < 0)
            return -1;
        ++*n;
    }
    return 0;
}

static int backward(struct store_conn *c, struct portal *p, uint64_t count,
                    const struct portal_sink *sink, uint64_t *n, struct err *err)
{
    if (!p->scroll) {
        err_set(err, "55000", "cursor can only scan forward");
        err_hint(err, "Declare it with SCROLL option to enable backward scan.");
        return -1;
    }
    while (!p->at_start && *n < count) {
        uint64_t to = p->at_end ? p->pos : p->pos - 1;
        p->at_end = false;
        p->pos = to;
        p->at_start = to == 0;
        if (to == 0)
            break;
        if (portal_row(c, p, to, err) < 0 || give(c, p, sink, err) < 0)
            return -1;
        ++*n;
    }
    return 0;
}

int portal_move(struct store_conn *c, struct portal *p, bool ahead, uint64_t count,
                const struct portal_sink *sink, uint64_t *ret_n, struct err *err)
{
    *ret_n = 0;
    return (ahead ? forward : backward)(c, p, count, sink, ret_n, err);
}

/* -- whole statements -- */

void portal_describe(struct store_conn *c, const struct prepared *p, const int16_t *formats)
{
    if (!p->returns_rows) {
        msg_no_data(&c->out);
        return;
    }
    for (size_t i = 0; i < p->ncolumns; i++)
        p->columns[i].format = formats ? formats[i] : 0;
    msg_row_description(&c->out, p->columns, p->ncolumns);
    for (size_t i = 0; i < p->ncolumns; i++)
        p->columns[i].format = 0;
}

/* What errors come before the first message: those of utilities, and of writing as a whole. */
static int begin(struct store_conn *c, struct portal *p, struct err *err)
{
    const struct prepared *q = p->prepared;
    if (p->stmt && !p->started) {
        if (q->nowait && p->describe) {
            portal_describe(c, q, p->formats);
            p->describe = false;
        }
        if (portal_start(c, p, err) < 0)
            return -1;
        if (q->modifies && q->returns_rows &&
            (portal_keep(c, p, err) < 0 || portal_row(c, p, 1, err) < 0))
            return -1;
    }
    if (p->describe && q->returns_rows)
        portal_describe(c, q, p->formats);
    p->describe = false;
    return 0;
}

/* The rows that a writing statement returns are taken at once: it must be over when the next one
 * comes. */
static int run_query(struct store_conn *c, struct portal *p, uint64_t count,
                     const struct portal_sink *sink, uint64_t *ret_n, struct err *err)
{
    const struct prepared *q = p->prepared;
    if (q->modifies && !q->returns_rows)
        count = PORTAL_ALL;
    if (portal_move(c, p, true, count, sink, ret_n, err) < 0) {
        portal_done(c, p);
        return -1;
    }
    if (q->modifies && !q->returns_rows)
        *ret_n = p->fetched;
    if (!q->modifies)
        return 0;
    return p->stmt && portal_settle(c, err) < 0 ? -1 : keys_hold(c, err);
}

int portal_finish(struct store_conn *c, struct portal *p, const struct portal_sink *sink,
                  struct err *err)
{
    uint64_t rows;
    if (run_query(c, p, PORTAL_ALL, sink, &rows, err) < 0)
        return -1;
    snprintf(p->tag, sizeof p->tag, "%s %" PRIu64, p->prepared->tag, rows);
    return 0;
}

int portal_add_text(struct store_conn *c, struct portal *p, const char *const *texts, size_t n,
                    struct err *err)
{
    if (portal_keep(c, p, err) < 0)
        return -1;
    for (size_t i = 0; i < n; i++) {
        p->values[i] = (struct types_value){.kind = texts[i] ? TYPES_KIND_TEXT : TYPES_KIND_NULL};
        if (texts[i])
            p->values[i].bytes = (struct slice){texts[i], strlen(texts[i])};
    }
    return rowset_add(p->rows, p->values, n, err);
}

static int run_utility(struct store_conn *c, struct portal *p, struct err *err)
{
    if (p->started && !p->rows)
        return err_set(err, "55000", "portal \"%s\" cannot be run", p->name);
    if (!p->prepared->transaction_exit && tx_check(c, err) < 0)
        return -1;
    if (p->started)
        return 0;
    p->started = true;
    return utility_run(c, p, err);
}

static int run(struct store_conn *c, struct portal *p, uint64_t count, struct err *err)
{
    const struct portal_sink client = {.client = true};
    uint64_t rows = 0;
    int rc;
    if (p->prepared->kind == PREPARED_UTILITY) {
        rc = run_utility(c, p, err);
        if (rc == 0)
            rc = begin(c, p, err);
        if (rc == 0 && p->rows)
            rc = portal_move(c, p, true, count, &client, &rows, err);
    } else {
        if (tx_check(c, err) < 0)
            return -1;
        statement_start(c);
        snprintf(p->tag, sizeof p->tag, "%s", p->prepared->tag);
        p->counts = true;
        rc = begin(c, p, err);
        if (rc == 0)
            rc = run_query(c, p, count, &client, &rows, err);
    }
    if (rc < 0)
        return -1;
    if (p->prepared->returns_rows && (p->stmt || p->rows) && !p->at_end) {
        msg_portal_suspended(&c->out);
        return 0;
    }
    char tag[sizeof p->tag + 24];
    snprintf(tag, sizeof tag, p->counts ? "%s %" PRIu64 : "%s", p->tag, rows);
    msg_command_complete(&c->out, tag);
    return 0;
}

static int run_portal(struct store_conn *c, struct portal *p, uint32_t max_rows, struct err *err)
{
    if (p->prepared->kind == PREPARED_EMPTY) {
        msg_empty_query(&c->out);
        return 0;
    }
    portal_pin(p); /* the statement may close all portals, this one too */
    int rc = run(c, p, max_rows ? max_rows : PORTAL_ALL, err);
    portal_unpin(c, p);
    return rc;
}

int portal_run(struct store_conn *c, struct portal *p, uint32_t max_rows, struct err *err)
{
    struct prepared *kept = p->prepared;
    uint64_t changes = c->catalog_changes;
    kept->refs++;
    int rc = run_portal(c, p, max_rows, err);
    if (c->lent)
        brief_ran(c, kept);
    if (rc == 0 && c->catalog_changes != changes && c->store->role == STORE_SCHEMA)
        rc = follow_log(c, c->log_sql ? c->log_sql : kept->sql, err);
    sqlite3_free(c->log_sql);
    c->log_sql = NULL;
    prepared_unref(kept);
    return rc;
}
