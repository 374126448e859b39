/* portal.c: portals: made, given their values, closed; made independent of what they read. */
#include "daemon/store/brief.h"
#include "daemon/store/portal.h"
#include "daemon/store/transaction.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

struct portal *portal_find(struct store_conn *c, const char *name)
{
    return strmap_find(&c->portals, name, strlen(name));
}

void portal_done(struct store_conn *c, struct portal *p)
{
    steps_close(c, p);
    if (!p->stmt)
        return;
    if (p->started && !p->done)
        c->nrunning--;
    p->done = true;
    sqlite3_reset(p->stmt);
    if (p->prepared->idle || keys_are_ours(c)) {
        sqlite3_finalize(p->stmt);
    } else {
        sqlite3_clear_bindings(p->stmt);
        p->prepared->idle = p->stmt;
    }
    p->stmt = NULL;
}

static void rows_free(struct rowset *r)
{
    if (r)
        rowset_release(r);
    free(r);
}

static void portal_free(struct store_conn *c, struct portal *p)
{
    portal_done(c, p);
    prepared_unref(p->prepared);
    rows_free(p->rows);
    rows_free(p->params);
    free(p->later);
    free(p);
}

void portal_pin(struct portal *p)
{
    p->pins++;
}

void portal_unpin(struct store_conn *c, struct portal *p)
{
    if (--p->pins == 0 && p->closed)
        portal_free(c, p);
}

void portal_close(struct store_conn *c, struct portal *p)
{
    if (p->listed)
        strmap_remove(&c->portals, p->name, strlen(p->name));
    p->listed = false;
    p->closed = true;
    portal_done(c, p);
    if (p->pins == 0)
        portal_free(c, p);
}

/* Of the portals that satisfy ${wanted}, any. */
struct search {
    bool (*wanted)(const struct portal *p, size_t arg);
    size_t arg;
    struct portal *found;
};

static void look(void *value, void *arg)
{
    struct portal *p = value;
    struct search *s = arg;
    if (!s->found && s->wanted(p, s->arg))
        s->found = p;
}

static struct portal *search(struct store_conn *c, bool (*wanted)(const struct portal *, size_t),
                             size_t arg)
{
    struct search s = {.wanted = wanted, .arg = arg};
    strmap_each(&c->portals, look, &s);
    return s.found;
}

static void close_those(struct store_conn *c, bool (*wanted)(const struct portal *, size_t),
                        size_t arg)
{
    struct portal *p;
    while ((p = search(c, wanted, arg)))
        portal_close(c, p);
}

static bool is_deeper(const struct portal *p, size_t depth)
{
    return p->depth > depth;
}

static bool is_of_transaction(const struct portal *p, size_t unused)
{
    (void)unused;
    return !p->held;
}

static bool is_any(const struct portal *p, size_t unused)
{
    (void)p;
    (void)unused;
    return true;
}

static bool is_running(const struct portal *p, size_t unused)
{
    (void)unused;
    return p->stmt && p->started && !p->done;
}

static bool is_not_hold(const struct portal *p, size_t unused)
{
    (void)unused;
    return !p->hold;
}

static bool is_running_hold(const struct portal *p, size_t unused)
{
    return p->hold && is_running(p, unused);
}

static bool is_broken_hold(const struct portal *p, size_t unused)
{
    (void)unused;
    return p->hold && !p->held && p->later;
}

void portal_close_deeper(struct store_conn *c, size_t depth)
{
    close_those(c, is_deeper, depth);
}

void portal_close_transaction(struct store_conn *c)
{
    close_those(c, is_of_transaction, 0);
}

void portal_close_all(struct store_conn *c)
{
    close_those(c, is_any, 0);
}

/* -- standing alone -- */

int portal_keep(struct store_conn *c, struct portal *p, struct err *err)
{
    if (p->rows)
        return 0;
    p->rows = malloc(sizeof *p->rows);
    if (!p->rows)
        return err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
    rowset_init(p->rows, c->store->path);
    p->base = p->fetched;
    return 0;
}

/* What ends the running statement, and not just the one that is read. */
static bool ends_now(const struct err *err)
{
    return strcmp(err->sqlstate, SQLSTATE_QUERY_CANCELED) == 0 ||
           strncmp(err->sqlstate, "53", 2) == 0 || strncmp(err->sqlstate, "58", 2) == 0;
}

static int drain(struct store_conn *c, struct portal *p, struct err *err)
{
    struct err met;
    int rc;
    if (portal_keep(c, p, err) < 0)
        return -1;
    while ((rc = portal_row(c, p, p->fetched + 1, &met)) > 0)
        ;
    if (rc == 0)
        return 0;
    if (ends_now(&met)) {
        *err = met;
        return -1;
    }
    p->later = malloc(sizeof *p->later);
    if (!p->later)
        return err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
    *p->later = met;
    portal_done(c, p);
    return 0;
}

int portal_settle(struct store_conn *c, struct err *err)
{
    struct portal *p;
    while ((p = search(c, is_running, 0)))
        if (drain(c, p, err) < 0)
            return -1;
    return 0;
}

int portal_hold(struct store_conn *c, struct err *err)
{
    struct portal *p;
    while ((p = search(c, is_running_hold, 0)))
        if (drain(c, p, err) < 0)
            return -1;
    p = search(c, is_broken_hold, 0);
    if (p) {
        *err = *p->later;
        return -1;
    }
    close_those(c, is_not_hold, 0);
    return 0;
}

void portal_held(struct store_conn *c)
{
    struct portal *p;
    while ((p = search(c, is_of_transaction, 0))) {
        p->held = true;
        p->depth = 0;
    }
}

/* -- bind -- */

int stmt_bind_value(sqlite3_stmt *stmt, int i, const struct types_value *v)
{
    switch (v->kind) {
    case TYPES_KIND_NULL:
        return sqlite3_bind_null(stmt, i);
    case TYPES_KIND_INT:
        return sqlite3_bind_int64(stmt, i, v->i);
    case TYPES_KIND_REAL:
        if (isnan(v->r)) /* SQLite would make it NULL */
            return sqlite3_bind_text(stmt, i, "NaN", 3, SQLITE_STATIC);
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

static int decode(struct store_conn *c, uint32_t oid, int format, struct slice bytes,
                  struct types_value *ret, struct err *err)
{
    int rc = 0;
    *ret = (struct types_value){.kind = TYPES_KIND_NULL};
    if (!bytes.data)
        return 0;
    if (format == 0)
        rc = types_text_check(bytes, err);
    buf_reset(&c->scratch);
    if (rc == 0)
        rc = format ? types_receive(&c->context.types, oid, bytes, &c->scratch, ret, err)
                    : types_input(&c->context.types, oid, -1, bytes, &c->scratch, ret, err);
    return rc;
}

static int bind_one(struct store_conn *c, struct portal *p, int i, const struct types_value *v,
                    struct err *err)
{
    if (p->holder)
        (void)stmt_bind_value(p->holder, i + 1, v); /* what fails, fails below too */
    int bound = stmt_bind_value(p->stmt, i + 1, v);
    return bound == SQLITE_OK || bound == SQLITE_RANGE /* $n that nothing uses */
               ? 0
               : errors_map(c, bound, NULL, NULL, err);
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

/* The values of a statement around another one: one row of them. */
static int keep_params(struct store_conn *c, struct portal *p, const struct types_value *values,
                       size_t n, struct err *err)
{
    p->params = malloc(sizeof *p->params);
    if (!p->params)
        return err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
    rowset_init(p->params, c->store->path);
    return rowset_add(p->params, values, n, err);
}

/* One value after the other, as a row is built of them. */
static int keep_all(struct store_conn *c, struct portal *p, const struct msg_bind *m,
                    struct err *err)
{
    struct slice cursor = m->params;
    struct types_value *values = calloc(m->nparams, sizeof *values);
    struct buf *copies = calloc(m->nparams, sizeof *copies);
    int rc = values && copies ? 0 : err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
    for (uint16_t i = 0; rc == 0 && i < m->nparams; i++) {
        int format = msg_bind_param_format(m, i);
        rc = decode(c, p->prepared->params[i], format, msg_bind_next(&cursor), &values[i], err);
        if (rc < 0)
            bind_context(p, i, format, err);
        buf_init(&copies[i], CONN_SCRATCH_MAX);
        buf_append(&copies[i], values[i].bytes.data, values[i].bytes.len);
        values[i].bytes = buf_peek(&copies[i]);
    }
    if (rc == 0)
        rc = keep_params(c, p, values, m->nparams, err);
    for (uint16_t i = 0; copies && i < m->nparams; i++)
        buf_release(&copies[i]);
    free(copies);
    free(values);
    return rc;
}

static int bind_all(struct store_conn *c, struct portal *p, const struct msg_bind *m,
                    struct err *err)
{
    struct slice cursor = m->params;
    struct types_value v;
    if (p->prepared->kind != PREPARED_QUERY)
        return m->nparams ? keep_all(c, p, m, err) : 0;
    for (uint16_t i = 0; i < m->nparams; i++) {
        int format = msg_bind_param_format(m, i);
        struct slice bytes = msg_bind_next(&cursor);
        if (decode(c, p->prepared->params[i], format, bytes, &v, err) < 0)
            return bind_context(p, i, format, err);
        if (bind_one(c, p, i, &v, err) < 0)
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

int portal_fold(struct store_conn *c, struct prepared *p, struct err *err)
{
    if (!p->folds)
        return 0;
    sqlite3_stmt *s = conn_prepare(c, p->folds, err);
    if (!s)
        return -1;
    err_reset(&c->context.raised);
    int rc = sqlite3_step(s);
    int status = rc == SQLITE_ROW ? 0 : errors_map(c, rc, NULL, NULL, err);
    sqlite3_finalize(s);
    if (status == 0)
        p->folds = NULL;
    return status;
}

static int take_stmt(struct store_conn *c, struct portal *portal, struct err *err)
{
    struct prepared *p = portal->prepared;
    if (c->lent && p->folds)
        return brief_decline(c, err);
    if (portal_fold(c, p, err) < 0)
        return -1;
    if (keys_are_ours(c)) { /* SQLite decides when it prepares which keys may wait */
        if (keys_begin(c, err) < 0)
            return -1;
    } else if (p->idle) {
        if (c->lent && !p->brief)
            return brief_decline(c, err);
        portal->stmt = p->idle;
        p->idle = NULL;
        return 0;
    }
    if (c->lent && strlen(p->sqlite) > BRIEF_SQLITE_BYTES)
        return brief_decline(c, err);
    c->lengthy = false;
    int rc =
        sqlite3_prepare_v3(c->db, p->sqlite, -1, SQLITE_PREPARE_PERSISTENT, &portal->stmt, NULL);
    p->brief = rc == SQLITE_OK && !c->lengthy && brief_can_be(p, portal->stmt);
    if (c->lent && !p->brief)
        return brief_decline(c, err);
    return rc == SQLITE_OK ? 0 : errors_map(c, rc, NULL, p, err);
}

/* The list is full of one name at most. */
static int make_room(struct store_conn *c, const char *name, struct err *err)
{
    struct portal *old = portal_find(c, name);
    if (old && name[0])
        return err_set(err, SQLSTATE_DUPLICATE_CURSOR, "cursor \"%s\" already exists", name);
    if (old)
        portal_close(c, old);
    return 0;
}

/* The portal, and behind it its values, formats and name: one is made for each execution. */
static struct portal *portal_alloc(const char *name, size_t ncolumns)
{
    struct portal *portal;
    size_t values = ncolumns * sizeof *portal->values, formats = ncolumns * sizeof *portal->formats;
    size_t len = strlen(name) + 1;
    portal = calloc(1, sizeof *portal + values + formats + len);
    if (!portal)
        return NULL;
    char *at = (char *)(portal + 1);
    portal->values = (void *)at;
    portal->formats = (void *)(at + values);
    portal->name = memcpy(at + values + formats, name, len);
    return portal;
}

static struct portal *portal_new(struct store_conn *c, const char *name, struct prepared *p,
                                 struct err *err)
{
    struct portal *portal = portal_alloc(name ? name : "", p->ncolumns);
    if (!portal) {
        err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
        return NULL;
    }
    portal->prepared = p;
    p->refs++;
    portal->at_start = true;
    portal->depth = c->nsavepoints;
    portal->made_us = c->context.statement_us;
    if (p->kind != PREPARED_QUERY ||
        (take_stmt(c, portal, err) == 0 && steps_open(c, portal, err) == 0))
        return portal;
    portal_free(c, portal);
    return NULL;
}

static int enlist(struct store_conn *c, struct portal *p, struct err *err)
{
    p->listed = strmap_add(&c->portals, p->name, strlen(p->name), p);
    return p->listed ? 0 : err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
}

int portal_open(struct store_conn *c, const char *name, struct prepared *p,
                const struct msg_bind *m, struct portal **ret, struct err *err)
{
    if (make_room(c, name, err) < 0 || (m && check_counts(m->statement.data, p, m, err) < 0))
        return -1;
    if (!m && p->nparams > 0)
        return err_set(err, SQLSTATE_UNDEFINED_PARAMETER, "there is no parameter $1");
    struct portal *portal = portal_new(c, name, p, err);
    if (!portal)
        return -1;
    for (size_t i = 0; i < p->ncolumns; i++)
        portal->formats[i] = m ? (int16_t)msg_bind_result_format(m, (uint16_t)i) : p->binary;
    if ((m && bind_all(c, portal, m, err) < 0) || enlist(c, portal, err) < 0) {
        portal_free(c, portal);
        return -1;
    }
    *ret = portal;
    return 0;
}

static int bind_row(struct store_conn *c, struct portal *p, struct rowset *params, struct err *err)
{
    size_t n = p->prepared->nparams;
    struct types_value *values = calloc(n + 1, sizeof *values);
    int rc = values ? rowset_get(params, 0, values, n, err)
                    : err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
    for (size_t i = 0; rc == 0 && i < n; i++)
        rc = bind_one(c, p, (int)i, &values[i], err);
    free(values);
    return rc;
}

int portal_open_inner(struct store_conn *c, const char *name, struct prepared *p,
                      struct rowset *params, struct portal **ret, struct err *err)
{
    if (name && make_room(c, name, err) < 0)
        return -1;
    struct portal *portal = portal_new(c, name, p, err);
    if (!portal)
        return -1;
    if ((params && p->nparams > 0 && bind_row(c, portal, params, err) < 0) ||
        (name && enlist(c, portal, err) < 0)) {
        portal_free(c, portal);
        return -1;
    }
    *ret = portal;
    return 0;
}
