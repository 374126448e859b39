#include "daemon/server_cancel.h"

#include "conf/limits.h"
#include "daemon/link.h"
#include "daemon/server.h"
#include "daemon/worker.h"
#include "protocol/msg_write.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define CANCEL_CODE 80877102u

/* -- the key -- */

struct server_trace {
    FILE *file;
    char *text;
    size_t len;
};

struct server_trace *server_trace_begin(struct server *s)
{
    struct server_trace *t = calloc(1, sizeof(*t));
    if (t && !(t->file = open_memstream(&t->text, &t->len))) {
        free(t);
        return NULL;
    }
    if (t) {
        PQtrace(s->pg, t->file);
        PQsetTraceFlags(s->pg, PQTRACE_SUPPRESS_TIMESTAMPS);
    }
    return t;
}

/* The last one: a host before may have given one and then been no good. */
void server_trace_take(struct server_trace *t, struct server *s)
{
    static const char name[] = "BackendKeyData\t";
    if (!t || fflush(t->file) != 0 || !t->text)
        return;
    for (const char *at = t->text; (at = strstr(at, name)) != NULL;) {
        char *end;
        at += sizeof(name) - 1;
        s->key_pid = (uint32_t)strtol(at, &end, 10);
        s->key_secret = (uint32_t)strtol(end, NULL, 10);
        s->has_key = end != at;
    }
}

void server_trace_end(struct server_trace *t, struct server *s)
{
    if (!t)
        return;
    if (s->pg)
        PQuntrace(s->pg);
    fclose(t->file);
    if (t->text)
        explicit_bzero(t->text, t->len);
    free(t->text);
    free(t);
}

/* -- the request -- */

struct cancel {
    struct link link;
    uv_timer_t timer;
    struct server *server; /* one hold */
    unsigned holds;        /* link, timer */
    bool late;
};

static void let_go(struct cancel *c)
{
    if (--c->holds > 0)
        return;
    struct server *s = c->server;
    bool late = c->late;
    free(c);
    server_cancelled(s, late);
    server_unhold(s);
}

static void link_closed(struct link *l)
{
    let_go(l->owner);
}

static void timer_closed(uv_handle_t *h)
{
    let_go(h->data);
}

static void finish(struct cancel *c)
{
    if (uv_is_closing((uv_handle_t *)&c->timer))
        return;
    uv_close((uv_handle_t *)&c->timer, timer_closed);
    link_close(&c->link, link_closed);
}

static size_t on_data(struct link *l, struct slice data)
{
    (void)l; /* nothing is said there */
    return data.len;
}

static void on_end(struct link *l, const char *why)
{
    (void)why;
    finish(l->owner);
}

static void on_timer(uv_timer_t *timer)
{
    struct cancel *c = timer->data;
    c->late = true;
    finish(c);
}

static const struct link_handler handler = {.on_data = on_data, .on_end = on_end};

/* A socket that is being connected to where the server is. */
static int dial(const struct server *s)
{
    struct sockaddr_storage peer;
    socklen_t len = sizeof(peer);
    if (getpeername(PQsocket(s->pg), (struct sockaddr *)&peer, &len) != 0)
        return -1;
    int fd = socket(peer.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    if (connect(fd, (const struct sockaddr *)&peer, len) == 0 || errno == EINPROGRESS)
        return fd;
    close(fd);
    return -1;
}

static void write_request(struct cancel *c)
{
    struct buf *b = link_out(&c->link);
    msg_int32(b, 16);
    msg_int32(b, CANCEL_CODE);
    msg_int32(b, c->server->key_pid);
    msg_int32(b, c->server->key_secret);
    link_wrote(&c->link);
}

int server_cancel_send(struct server *s)
{
    struct err err;
    int fd = s->has_key ? dial(s) : -1;
    struct cancel *c = fd >= 0 ? calloc(1, sizeof(*c)) : NULL;
    if (!c || link_init(&c->link, s->worker, fd, &handler, c, &err) != 0) {
        free(c);
        if (fd >= 0)
            close(fd);
        return -1;
    }
    c->server = s;
    server_hold(s);
    uv_timer_init(&s->worker->loop, &c->timer);
    c->timer.data = c;
    c->holds = 2;
    uv_timer_start(&c->timer, on_timer, LIMIT_CANCEL_MS, 0);
    write_request(c);
    return 0;
}
