#include "daemon/talk.h"

#include "daemon/catalog_load.h"
#include "daemon/files.h"
#include "daemon/store/store.h"
#include "protocol/buf.h"
#include "protocol/frame.h"
#include "protocol/msg_read.h"
#include "protocol/msg_write.h"
#include "protocol/sqlstate.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define TALK_BUFFER_MAX ((size_t)1 << 30)
#define TALK_READ_BYTES 65536
#define TALK_COLUMNS    1700 /* more than PostgreSQL allows */

struct talk {
    PGconn *pg;
    const struct conf_backend *backend; /* of `pg`, as is the next; borrowed */
    char *database;
    struct files *files;
    struct store *store;
    bool own_store; /* a tenant's, not `files`' */
    struct store_conn *conn;
    int fd;
    struct buf in, out;
};

struct store *talk_store(struct talk *t)
{
    return t->store;
}

/* -- rows -- */

struct answer {
    talk_row *row;
    void *arg;
    int rc;
    struct err *err;
};

static void take_row(struct answer *a, const struct slice *values, size_t n)
{
    if (a->rc == 0 && a->row)
        a->rc = a->row(a->arg, values, n, a->err);
}

static int out_of_memory(struct err *err)
{
    return err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
}

/* -- PostgreSQL -- */

static int pg_failed(PGconn *pg, const PGresult *r, struct err *err)
{
    const char *code = r ? PQresultErrorField(r, PG_DIAG_SQLSTATE) : NULL;
    const char *text = r ? PQresultErrorField(r, PG_DIAG_MESSAGE_PRIMARY) : NULL;
    const char *detail = r ? PQresultErrorField(r, PG_DIAG_MESSAGE_DETAIL) : NULL;
    err_set(err, code ? code : SQLSTATE_CONNECTION_FAILURE, "%s", text ? text : PQerrorMessage(pg));
    if (detail)
        err_detail(err, "%s", detail);
    return -1;
}

static void pg_rows(const PGresult *r, struct answer *a, struct slice *values)
{
    int n = PQnfields(r);
    for (int row = 0; row < PQntuples(r) && n <= TALK_COLUMNS; row++) {
        for (int i = 0; i < n; i++)
            values[i] = PQgetisnull(r, row, i)
                            ? (struct slice){0}
                            : (struct slice){PQgetvalue(r, row, i), (size_t)PQgetlength(r, row, i)};
        take_row(a, values, (size_t)n);
    }
}

static int pg_run(struct talk *t, const char *sql, struct answer *a)
{
    struct slice *values = calloc(TALK_COLUMNS, sizeof *values);
    PGresult *r;
    if (!values)
        return out_of_memory(a->err);
    if (!PQsendQuery(t->pg, sql)) {
        free(values);
        return pg_failed(t->pg, NULL, a->err);
    }
    PQsetSingleRowMode(t->pg);
    while ((r = PQgetResult(t->pg)) != NULL) {
        ExecStatusType status = PQresultStatus(r);
        if (status == PGRES_SINGLE_TUPLE || status == PGRES_TUPLES_OK)
            pg_rows(r, a, values);
        else if (status != PGRES_COMMAND_OK && a->rc == 0)
            a->rc = pg_failed(t->pg, r, a->err);
        PQclear(r);
    }
    free(values);
    return a->rc;
}

/* -- the store -- */

static int say(struct talk *t, const char *sql, struct err *err)
{
    msg_query(&t->out, (struct slice){sql, strlen(sql)});
    if (t->out.failed)
        return out_of_memory(err);
    while (buf_len(&t->out) > 0) {
        struct slice s = buf_peek(&t->out);
        ssize_t n = send(t->fd, s.data, s.len, MSG_NOSIGNAL);
        if (n > 0)
            buf_consume(&t->out, (size_t)n);
        else if (errno != EINTR)
            return err_set(err, SQLSTATE_CONNECTION_FAILURE, "the store has gone");
    }
    buf_reset(&t->out);
    return 0;
}

static int hear(struct talk *t, struct err *err)
{
    char *room = buf_reserve(&t->in, TALK_READ_BYTES);
    if (!room)
        return out_of_memory(err);
    ssize_t n;
    do
        n = recv(t->fd, room, TALK_READ_BYTES, 0);
    while (n < 0 && errno == EINTR);
    if (n <= 0)
        return err_set(err, SQLSTATE_CONNECTION_FAILURE, "the store has gone");
    buf_commit(&t->in, (size_t)n);
    return 0;
}

static void store_row(struct slice body, struct answer *a, struct slice *values)
{
    struct reader r = reader_of(body);
    uint16_t n = read_int16(&r);
    for (uint16_t i = 0; i < n && n <= TALK_COLUMNS; i++) {
        uint32_t len = read_int32(&r);
        values[i] = len == UINT32_MAX ? (struct slice){0} : read_bytes(&r, len);
    }
    if (n <= TALK_COLUMNS)
        take_row(a, values, n);
}

static int store_run(struct talk *t, const char *sql, struct answer *a)
{
    struct frame f;
    char severity[16], type = 0;
    struct slice *values = calloc(TALK_COLUMNS, sizeof *values);
    int rc = values ? say(t, sql, a->err) : out_of_memory(a->err);
    while (rc == 0 && type != 'Z') {
        int got = frame_next(FRAME_BACKEND, buf_peek(&t->in), FRAME_MESSAGE_MAX, &f, a->err);
        if (got < 0)
            rc = -1;
        else if (got == 0)
            rc = hear(t, a->err);
        if (got <= 0)
            continue;
        type = f.type;
        if (type == 'D')
            store_row((struct slice){f.body, f.body_len}, a, values);
        if (type == 'E' && a->rc == 0) {
            a->rc = -1;
            (void)!msg_read_error((struct slice){f.body, f.body_len}, a->err, severity);
        }
        buf_consume(&t->in, (size_t)f.head_len + f.body_len);
    }
    free(values);
    return rc < 0 ? -1 : a->rc;
}

int talk_run(struct talk *t, const char *sql, talk_row *row, void *arg, struct err *err)
{
    struct answer a = {row, arg, 0, err};
    return t->pg ? pg_run(t, sql, &a) : store_run(t, sql, &a);
}

int talk_catalog(struct talk *t, struct catalog **ret, struct err *err)
{
    if (t->pg)
        return catalog_load_postgres(t->backend->postgres, t->database, t->backend->secret, ret, err);
    return store_read_catalog(t->store, ret, err);
}

/* -- the beginning and the end -- */

/* What texts look like must not depend on anybody's configuration. */
static int settle(struct talk *t, struct err *err)
{
    static const char *const both[] = {"SET DateStyle = 'ISO, MDY'", "SET IntervalStyle = 'postgres'",
                                       "SET TimeZone = 'UTC'", "SET extra_float_digits = 1",
                                       "SET statement_timeout = 0"};
    static const char *const pg[] = {"SET standard_conforming_strings = on", "SET bytea_output = 'hex'",
                                     "SET xmloption = 'content'", "SET lock_timeout = 0",
                                     "SET idle_in_transaction_session_timeout = 0"};
    for (size_t i = 0; i < sizeof both / sizeof both[0]; i++)
        if (talk_run(t, both[i], NULL, NULL, err) < 0)
            return -1;
    for (size_t i = 0; t->pg && i < sizeof pg / sizeof pg[0]; i++)
        if (talk_run(t, pg[i], NULL, NULL, err) < 0)
            return -1;
    return 0;
}

static struct talk *talk_new(struct err *err)
{
    struct talk *t = calloc(1, sizeof *t);
    if (!t) {
        out_of_memory(err);
        return NULL;
    }
    t->fd = -1;
    buf_init(&t->in, TALK_BUFFER_MAX);
    buf_init(&t->out, TALK_BUFFER_MAX);
    return t;
}

static int open_files(struct talk *t, const struct conf_backend *b, struct conf *conf, const char *tenant,
                      struct err *err)
{
    t->files = files_new(b, NULL, 0, true);
    if (!t->files)
        return out_of_memory(err);
    if (conf)
        files_follow(t->files, conf);
    t->own_store = b->store_files;
    if (files_open(t->files, b->store_files ? tenant : NULL, &t->store, err) < 0 ||
        store_connect(t->store, &t->fd, &t->conn, err) < 0)
        return -1;
    fcntl(t->fd, F_SETFL, 0); /* we may block */
    return 0;
}

static int open_there(struct talk *t, struct conf *conf, const struct conf_tenant *tenant,
                      const char *name, struct err *err)
{
    char *schema = NULL;
    const struct conf_backend *b = &conf->backends[tenant->backend];
    if (conf_tenant_names(conf, tenant, name, &schema, &t->database, err) != 0)
        return -1;
    free(schema);
    t->backend = b;
    return b->postgres ? catalog_connect(b->postgres, t->database, b->secret, &t->pg, err)
                       : open_files(t, b, conf, name, err);
}

int talk_open(struct conf *conf, const struct conf_tenant *tenant, const char *name, struct talk **ret,
              struct err *err)
{
    struct talk *t = talk_new(err);
    if (!t)
        return -1;
    if (open_there(t, conf, tenant, name, err) < 0 || settle(t, err) < 0) {
        talk_close(t);
        return -1;
    }
    *ret = t;
    return 0;
}

int talk_open_folder(const char *folder, struct talk **ret, struct err *err)
{
    struct conf_backend b = {.store = (char *)folder};
    struct talk *t = talk_new(err);
    if (!t)
        return -1;
    if (open_files(t, &b, NULL, NULL, err) < 0 || settle(t, err) < 0) {
        talk_close(t);
        return -1;
    }
    *ret = t;
    return 0;
}

void talk_close(struct talk *t)
{
    if (!t)
        return;
    PQfinish(t->pg);
    if (t->fd >= 0) {
        close(t->fd);
        store_conn_free(t->conn);
    }
    if (t->own_store && t->store)
        store_close(t->store);
    files_unref(t->files);
    free(t->database);
    buf_release(&t->in);
    buf_release(&t->out);
    free(t);
}
