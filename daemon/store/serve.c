/* serve.c: a connection's thread: messages in, messages out.
 *
 * The order of things is PostgreSQL's: a Query is one implicit transaction around all its
 * statements unless they say BEGIN; in the extended protocol the implicit transaction ends at Sync,
 * and after an error everything is skipped up to it. */
#include "daemon/store/brief.h"
#include "daemon/store/guc.h"
#include "daemon/store/locks.h"
#include "daemon/store/notify.h"
#include "daemon/store/portal.h"
#include "daemon/store/transaction.h"
#include "policy/shape.h"
#include "policy/policy.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#define READ_BYTES 65536

void conn_flush(struct store_conn *c)
{
    if (c->lent) {
        brief_flush(c);
        return;
    }
    while (c->fd >= 0 && buf_len(&c->out) > 0 && !c->broken) {
        struct slice s = buf_peek(&c->out);
        ssize_t n = send(c->fd, s.data, s.len, MSG_NOSIGNAL);
        if (n < 0 && errno != EINTR)
            c->broken = true;
        if (n > 0) {
            buf_consume(&c->out, (size_t)n);
            c->sent += (uint64_t)n;
        }
    }
    buf_reset(&c->out);
}

/* client_min_messages */
static bool wanted(struct store_conn *c, const char *severity)
{
    const char *level = store_setting(&c->context, "client_min_messages");
    if (!level || strcmp(level, "error") == 0)
        return !level;
    return strcmp(level, "warning") != 0 || strcmp(severity, "WARNING") == 0;
}

void conn_notice(struct store_conn *c, const char *severity, const char *sqlstate,
                 const char *format, ...)
{
    struct err notice;
    va_list ap;
    va_start(ap, format);
    err_vset(&notice, sqlstate, format, ap);
    va_end(ap);
    err_reset(&c->context.raised);
    if (wanted(c, severity))
        msg_notice(&c->out, severity, &notice);
}

void conn_notice_detail(struct store_conn *c, const char *detail, const char *format, ...)
{
    struct err notice;
    va_list ap;
    va_start(ap, format);
    err_vset(&notice, "00000", format, ap);
    va_end(ap);
    err_detail(&notice, "%s", detail);
    if (wanted(c, "NOTICE"))
        msg_notice(&c->out, "NOTICE", &notice);
}

static void send_error(struct store_conn *c, const struct err *err)
{
    struct err shown = *err;
    if (!shown.sqlstate[0])
        err_set(&shown, SQLSTATE_INTERNAL_ERROR, "unknown error");
    msg_error(&c->out, "ERROR", &shown);
}

static void ready(struct store_conn *c)
{
    guc_report(c);
    if (c->tx == TX_IDLE && !c->too_much)
        notify_tell(c);
    msg_ready(&c->out, tx_status(c));
    conn_flush(c);
}

/* -- simple protocol -- */

static int open_simple(struct store_conn *c, struct slice sql, struct portal **ret, struct err *err)
{
    struct prepared *p;
    struct shape shape;
    bool shaped = c->tx != TX_FAILED && !statement_cache_find(c, sql, NULL, 0) && shape_read(sql, &shape);
    bool first = shaped && !parameterize_knows(c, &shape);
    *ret = NULL;
    if (shaped && !first && parameterize_open(c, sql, &shape, ret, err) < 0)
        return -1;
    if (*ret)
        return 0;
    int rc = first ? statement_prepare_once(c, sql, &p, err) : statement_prepare(c, sql, NULL, 0, &p, err);
    if (rc < 0)
        return -1;
    if (shaped && !first)
        parameterize_learn(c, sql, &shape, p);
    rc = portal_open(c, "", p, NULL, ret, err);
    if (first && rc >= 0)
        parameterize_note(c, &shape);
    prepared_unref(p);
    return rc;
}

int conn_run(struct store_conn *c, struct slice sql, struct err *err)
{
    struct portal *portal;
    statement_start(c);
    int rc = open_simple(c, sql, &portal, err);
    if (rc == 0) {
        portal->describe = portal->simple = true;
        rc = portal_run(c, portal, 0, err);
    }
    portal = portal_find(c, "");
    if (portal)
        portal_close(c, portal);
    if (rc == 0)
        tx_leave(c);
    return rc;
}

static int run_one(struct store_conn *c, struct slice sql, int characters, struct err *err)
{
    int rc = conn_run(c, sql, err);
    if (rc < 0 && err->position > 0)
        err->position += characters;
    return rc;
}

static void query(struct store_conn *c, struct slice sql)
{
    struct statement_place *places = NULL;
    struct err err;
    size_t n = 0;
    err_reset(&err);
    names_cut(c, sql);
    int rc = statement_split(sql.data, &places, &n, &err);
    if (rc == 0 && n == 0)
        msg_empty_query(&c->out);
    struct named *unnamed = named_find(c, "");
    if (unnamed)
        named_drop(c, unnamed);
    c->implicit = n > 1;
    c->eager = true;
    for (size_t i = 0; i < n && rc == 0; i++)
        rc = run_one(c, (struct slice){sql.data + places[i].offset, places[i].len},
                     places[i].characters, &err);
    free(places);
    if (rc == 0)
        rc = tx_finish(c, &err);
    if (rc < 0) {
        tx_fail(c);
        send_error(c, &err);
    }
    c->implicit = c->eager = false;
    ready(c);
}

/* -- extended protocol -- */

static int parse(struct store_conn *c, struct slice body, struct err *err)
{
    struct msg_parse m;
    struct prepared *p;
    uint32_t *oids = NULL;
    if (msg_read_parse(body, &m, err) < 0)
        return -1;
    statement_start(c);
    if (m.name.len > 0 && named_find(c, m.name.data))
        return err_set(err, SQLSTATE_DUPLICATE_PREPARED_STATEMENT,
                       "prepared statement \"%s\" already exists", m.name.data);
    if (m.nparams > 0) {
        oids = calloc(m.nparams, sizeof *oids);
        if (!oids)
            return err_set(err, SQLSTATE_OUT_OF_MEMORY, "out of memory");
        for (uint16_t i = 0; i < m.nparams; i++)
            oids[i] = msg_parse_oid(&m, i);
    }
    names_cut(c, m.sql);
    int rc = statement_prepare(c, m.sql, oids, m.nparams, &p, err);
    free(oids);
    if (rc < 0)
        return -1;
    if (named_set(c, m.name.data, p, err) < 0) {
        prepared_unref(p);
        return -1;
    }
    msg_parse_complete(&c->out);
    return 0;
}

static int find_statement(struct store_conn *c, struct slice name, struct named **ret,
                          struct err *err)
{
    *ret = named_find(c, name.data);
    if (*ret)
        return 0;
    if (name.len == 0)
        return err_set(err, SQLSTATE_INVALID_SQL_STATEMENT_NAME,
                       "unnamed prepared statement does not exist");
    return err_set(err, SQLSTATE_INVALID_SQL_STATEMENT_NAME,
                   "prepared statement \"%s\" does not exist", name.data);
}

/* Fit for use: allowed in this transaction, and translated with today's catalog. */
static int ready_statement(struct store_conn *c, struct named *n, struct err *err)
{
    if (n->prepared->kind != PREPARED_EMPTY && !n->prepared->transaction_exit &&
        tx_check(c, err) < 0)
        return -1;
    if (n->prepared->kind != PREPARED_QUERY && n->prepared->verb == VERB_OTHER)
        return 0;
    if (tx_enter(c, false, err) < 0)
        return -1;
    return statement_refresh(c, &n->prepared, err);
}

static int bind_portal(struct store_conn *c, struct slice body, struct err *err)
{
    struct msg_bind m;
    struct named *n;
    struct portal *portal;
    if (msg_read_bind(body, &m, err) < 0 || find_statement(c, m.statement, &n, err) < 0)
        return -1;
    statement_start(c);
    if (ready_statement(c, n, err) < 0)
        return -1;
    if (portal_open(c, m.portal.data, n->prepared, &m, &portal, err) < 0)
        return -1;
    msg_bind_complete(&c->out);
    return 0;
}

static int find_portal(struct store_conn *c, struct slice name, struct portal **ret,
                       struct err *err)
{
    *ret = portal_find(c, name.data);
    if (*ret)
        return 0;
    return err_set(err, SQLSTATE_INVALID_CURSOR_NAME, "portal \"%s\" does not exist", name.data);
}

static int describe(struct store_conn *c, struct slice body, struct err *err)
{
    struct msg_target m;
    struct named *n;
    struct portal *portal;
    if (msg_read_target(body, &m, err) < 0)
        return -1;
    if (m.what == 'S') {
        statement_start(c);
        if (find_statement(c, m.name, &n, err) < 0 || ready_statement(c, n, err) < 0)
            return -1;
        msg_parameter_description(&c->out, n->prepared->params, n->prepared->nparams);
        portal_describe(c, n->prepared, NULL);
        return 0;
    }
    if (find_portal(c, m.name, &portal, err) < 0)
        return -1;
    if (portal->prepared->returns_rows && tx_check(c, err) < 0)
        return -1;
    portal_describe(c, portal->prepared, portal->formats);
    return 0;
}

static int execute(struct store_conn *c, struct slice body, struct err *err)
{
    struct msg_execute m;
    struct portal *portal;
    if (msg_read_execute(body, &m, err) < 0 || find_portal(c, m.portal, &portal, err) < 0)
        return -1;
    if (portal_run(c, portal, m.max_rows > INT32_MAX ? 0 : m.max_rows, err) < 0)
        return -1;
    tx_leave(c);
    return 0;
}

static int close_target(struct store_conn *c, struct slice body, struct err *err)
{
    struct msg_target m;
    if (msg_read_target(body, &m, err) < 0)
        return -1;
    struct named *n = m.what == 'S' ? named_find(c, m.name.data) : NULL;
    struct portal *p = m.what == 'P' ? portal_find(c, m.name.data) : NULL;
    if (n)
        named_drop(c, n);
    if (p)
        portal_close(c, p);
    msg_close_complete(&c->out);
    return 0;
}

static void sync_point(struct store_conn *c)
{
    struct err err;
    err_reset(&err);
    if (tx_finish(c, &err) < 0)
        send_error(c, &err);
    c->skip_to_sync = false;
    ready(c);
}

static int extended(struct store_conn *c, char type, struct slice body, struct err *err)
{
    switch (type) {
    case 'P':
        return parse(c, body, err);
    case 'B':
        return bind_portal(c, body, err);
    case 'D':
        return describe(c, body, err);
    case 'E':
        return execute(c, body, err);
    case 'C':
        return close_target(c, body, err);
    default:
        return err_set(err, SQLSTATE_PROTOCOL_VIOLATION, "invalid frontend message type %d",
                       (unsigned char)type);
    }
}

static void function_call(struct store_conn *c)
{
    struct err err = {0};
    err_set(&err, SQLSTATE_FEATURE_NOT_SUPPORTED,
            "function call messages are not supported by the store");
    tx_fail(c);
    send_error(c, &err);
    ready(c);
}

bool conn_message(struct store_conn *c, char type, struct slice body)
{
    struct err err;
    struct msg_query m;
    err_reset(&err);
    if (type == 'X')
        return false;
    if (type == 'S') {
        sync_point(c);
        return true;
    }
    if (c->skip_to_sync || type == 'd' || type == 'c' || type == 'f')
        return true; /* COPY data that nobody asked for any more */
    if (type == 'H') {
        conn_flush(c);
        return true;
    }
    if (type == 'F') {
        function_call(c);
        return true;
    }
    if (type == 'Q' && msg_read_query(body, &m, &err) == 0) {
        query(c, m.sql);
        return true;
    }
    if (err.sqlstate[0] || extended(c, type, body, &err) < 0) {
        tx_fail(c);
        send_error(c, &err);
        c->skip_to_sync = true;
        conn_flush(c); /* the Flush that the client waits after is skipped */
    }
    if (buf_len(&c->out) > CONN_OUT_FLUSH)
        conn_flush(c);
    return true;
}

/* Idle for too long ends the connection, as in PostgreSQL. */
static bool too_long(struct store_conn *c, bool in_transaction)
{
    struct err err;
    if (in_transaction)
        err_set(&err, "25P03", "terminating connection due to idle-in-transaction timeout");
    else
        err_set(&err, SQLSTATE_IDLE_SESSION_TIMEOUT,
                "terminating connection due to idle-session timeout");
    msg_error(&c->out, "FATAL", &err);
    conn_flush(c);
    return false;
}

/* Notifications come at any time, but not into a transaction. */
static void woken(struct store_conn *c)
{
    eventfd_t count;
    if (eventfd_read(c->wake, &count) < 0 || c->tx != TX_IDLE || c->db_state != DB_NONE)
        return;
    notify_tell(c);
    conn_flush(c);
}

/* Meanwhile others may have the connection. */
static int wait_lent(struct store_conn *c, struct pollfd *p, nfds_t n, int ms)
{
    uint64_t before = c->answered;
    pthread_mutex_unlock(&c->turn);
    int ready = poll(p, n, ms);
    pthread_mutex_lock(&c->turn);
    tx_let_go(c);
    return ready > 0 || (ready == 0 && c->answered == before) ? ready : -1;
}

static bool wait_for_input(struct store_conn *c)
{
    struct pollfd p[2] = {{.fd = c->fd, .events = POLLIN}, {.fd = c->wake, .events = POLLIN}};
    bool in_transaction = c->tx != TX_IDLE || c->db_state != DB_NONE;
    int64_t limit = in_transaction ? c->guc.idle_timeout_ms : c->guc.session_timeout_ms;
    if (c->holding) /* a COPY is not idle */
        return true;
    for (;;) {
        int n = wait_lent(c, p, 2, limit <= 0 ? -1 : limit > INT32_MAX ? INT32_MAX : (int)limit);
        if (n == 0)
            return too_long(c, in_transaction);
        if (n > 0 && p[1].revents)
            woken(c);
        if (n > 0 && p[0].revents)
            return true;
    }
}

static bool read_more(struct store_conn *c)
{
    tx_leave(c);
    if (!wait_for_input(c))
        return false;
    for (;;) {
        char *room = buf_reserve(&c->in, READ_BYTES);
        if (!room)
            return false;
        ssize_t n = recv(c->fd, room, READ_BYTES, 0);
        if (n > 0) {
            buf_commit(&c->in, (size_t)n);
            c->received += (uint64_t)n;
            return true;
        }
        if (n == 0 || errno != EINTR)
            return false;
    }
}

/* The next whole message of what is in c->in: 1; 0 when the client has gone, -1 when it is none. */
static int next_frame(struct store_conn *c, struct frame *ret, struct err *err)
{
    for (;;) {
        int rc = frame_next(FRAME_FRONTEND, buf_peek(&c->in), FRAME_MESSAGE_MAX, ret, err);
        if (rc != 0)
            return rc;
        if (!read_more(c))
            return 0;
    }
}

void conn_hold_message(struct store_conn *c)
{
    if (c->holding)
        return;
    struct slice all = buf_peek(&c->in);
    c->held = c->in;
    c->holding = true;
    c->next_bytes = 0;
    buf_init(&c->in, (size_t)FRAME_MESSAGE_MAX + 16);
    buf_append(&c->in, all.data + c->message_bytes, all.len - c->message_bytes);
}

bool conn_next_frame(struct store_conn *c, struct frame *ret)
{
    struct err err;
    buf_consume(&c->in, c->next_bytes);
    c->next_bytes = 0;
    if (next_frame(c, ret, &err) <= 0) {
        c->broken = true;
        return false;
    }
    c->next_bytes = (size_t)ret->head_len + ret->body_len;
    return true;
}

/* The message is done with, and those that it has read. */
static void take_away(struct store_conn *c)
{
    if (!c->holding) {
        buf_consume(&c->in, c->message_bytes);
        return;
    }
    buf_release(&c->held);
    buf_consume(&c->in, c->next_bytes);
    c->holding = false;
}

static void serve(struct store_conn *c)
{
    struct frame f;
    struct err err;
    while (!c->broken) {
        int rc = next_frame(c, &f, &err);
        if (rc < 0) {
            msg_error(&c->out, "FATAL", &err);
            conn_flush(c);
        }
        if (rc <= 0)
            return;
        c->message_bytes = (size_t)f.head_len + f.body_len;
        bool more = conn_message(c, f.type, (struct slice){f.body, f.body_len});
        take_away(c);
        if (!more)
            return;
    }
}

void conn_end(struct store_conn *c)
{
    if (c->db)
        tx_abandon(c);
    locks_release_session(c);
    named_drop_all(c);
    statement_cache_clear(c);
    strmap_release(&c->portals);
    sequence_release(c);
    for (size_t i = 0; i < CACHED_COUNT; i++) {
        sqlite3_finalize(c->cached[i]);
        c->cached[i] = NULL;
    }
    store_catalog_free(c->catalog);
    c->catalog = NULL;
    free(c->savepoints);
    c->savepoints = NULL;
    free(c->key_times);
    c->key_times = NULL;
}

void *serve_thread(void *arg)
{
    struct store_conn *c = arg;
    struct err err = {0};
    policy_thread_init();
    pthread_mutex_lock(&c->turn);
    if (conn_setup(c, &err) == 0) {
        c->serving = true;
        serve(c);
        c->serving = false;
    } else {
        msg_error(&c->out, "FATAL", &err);
        conn_flush(c);
    }
    conn_end(c);
    pthread_mutex_unlock(&c->turn);
    close(c->fd);
    policy_thread_release();
    return NULL;
}
