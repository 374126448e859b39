/* LIVE -> CLOSED                            link_close
 * LIVE -> FLUSHING -> LINGERING -> CLOSED   link_close_flushed
 * LIVE -> LEAVING -> LIVE                   link_leave, link_join (link_move.c)
 *
 * state      reads                 writes        left by
 * LIVE       offered to the owner  the queue     the owner
 * LEAVING    none                  none          the other worker; an end waits till then
 * FLUSHING   discarded             the queue     queue empty, write error, deadline
 * LINGERING  discarded             FIN was sent  the peer's end of file, deadline
 * CLOSED     none                  none          the poll's close callback, which is the last
 *
 * Lingering is there because closing with unread input makes the kernel send a reset, which can
 * overtake the error message just written.  And a server that has ended no longer counts for PostgreSQL.
 * The poll always waits for READABLE until an event comes that nobody wants: pausing costs nothing
 * when it is short.  WRITABLE is waited for only while the kernel refuses more. */
#include "daemon/link.h"

#include "conf/limits.h"
#include "daemon/link_hub.h"
#include "daemon/link_io.h"
#include "daemon/must.h"
#include "daemon/tls.h"
#include "daemon/worker.h"
#include "protocol/sqlstate.h"

#include <linux/sockios.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define LINK_MAGIC 0x4c494e4bu
/* Reads before a write error is told: a server says why it ends before it does. */
#define LINK_LAST_READS 16

static void link_read(struct link *l);

/* -- watching -- */

static void link_on_poll(uv_poll_t *poll, int status, int events);

void link_watch(struct link *l, int events)
{
    if (events == l->events)
        return;
    int rc = events ? uv_poll_start(&l->poll, events, link_on_poll) : uv_poll_stop(&l->poll);
    must(rc == 0); /* fails only when another handle polls the same descriptor */
    l->events = (unsigned char)events;
}

static void link_watch_more(struct link *l, int event)
{
    link_watch(l, l->events | event);
}

static void link_watch_less(struct link *l, int event)
{
    link_watch(l, l->events & ~event);
}

/* -- the end of the stream -- */

/* Tell the owner, from the loop. */
static void link_end_later(struct link *l, const char *why, bool broken)
{
    l->broken |= broken;
    if (l->ended || l->doomed || l->closing > LINK_LEAVING)
        return;
    l->why = why;
    l->doomed = true;
    if (l->closing == LINK_LEAVING)
        return; /* link_join sees it */
    list_remove(&l->serve_node);
    list_append(&l->worker->serve_list, &l->serve_node);
}

/* Tell the owner at once, and once.  Not from within a call of the owner.  ${broken}: not even writing works.
 */
static void link_end(struct link *l, const char *why, bool broken)
{
    if (l->closing == LINK_LEAVING) {
        link_end_later(l, why, broken);
        return;
    }
    if (l->closing != LINK_LIVE) {
        link_close(l, NULL);
        return;
    }
    if (broken) {
        l->broken = true;
        list_remove(&l->flush_node);
        buf_release(&l->out);
    }
    link_watch(l, broken ? 0 : l->events & ~UV_READABLE);
    list_remove(&l->serve_node);
    l->reading = false;
    if (l->ended)
        return;
    l->ended = true;
    l->handler->on_end(l, why);
}

/* Nothing can be written any more: let the owner see what the peer said before, then end. */
static void link_end_writing(struct link *l)
{
    char why[LINK_WHY_BYTES];
    snprintf(why, sizeof why, "%s", l->why ? l->why : "cannot write");
    l->broken = true;
    list_remove(&l->flush_node);
    buf_release(&l->out);
    for (int i = 0; i < LINK_LAST_READS; i++) {
        if (l->closing != LINK_LIVE || l->ended || l->paused || l->doomed ||
            (l->ssl && !link_is_tls(l)))
            break;
        uint64_t before = l->bytes_in;
        link_read(l);
        if (l->bytes_in == before)
            break;
    }
    if (l->closing == LINK_CLOSED)
        return;
    link_io_set_why(l, "", why);
    link_end(l, l->why, true);
}

/* -- reading -- */

/* Keep what on_data did not take. */
static void link_keep(struct link *l, bool from_in, struct slice data, size_t used)
{
    if (l->tls != LINK_TLS_NONE && !link_is_tls(l) && used < data.len) {
        link_end_later(l, "received unencrypted data after SSL request", true); /* CVE-2021-3935 */
        return;
    }
    if (from_in) {
        buf_consume(&l->in, used);
        if (buf_len(&l->in) == 0)
            buf_release(&l->in);
    } else if (used < data.len && buf_append(&l->in, data.data + used, data.len - used) != 0) {
        link_end_later(l, "too much unconsumed input, or out of memory", false);
    }
}

static void link_offer(struct link *l, const char *data, size_t len)
{
    struct slice offer = {data, len};
    bool from_in = buf_len(&l->in) > 0;
    if (from_in) {
        if (len > 0 && buf_append(&l->in, data, len) != 0) {
            link_end(l, "too much unconsumed input, or out of memory", false);
            return;
        }
        offer = buf_peek(&l->in);
    }
    l->offering = true;
    l->offering_in = from_in;
    size_t used = l->handler->on_data(l, offer);
    l->offering = false;
    l->offering_in = false;
    if (l->closing > LINK_LEAVING)
        return; /* the buffers are still there, and go with the close callback */
    must(used <= offer.len);
    link_keep(l, from_in, offer, used);
}

static void link_serve_later(struct link *l)
{
    if (!list_linked(&l->serve_node))
        list_append(&l->worker->serve_list, &l->serve_node);
}

/* One read, and what follows from it.  The poll is level-triggered: the rest, if any, comes in the
 * next turn, after the other links. */
static void link_read(struct link *l)
{
    char *scratch = l->worker->scratch;
    ssize_t n = link_io_read(l, scratch, WORKER_SCRATCH_BYTES);
    if (n == LINK_IO_AGAIN) {
        if (l->want_write_for_read)
            link_watch_more(l, UV_WRITABLE);
        return;
    }
    if (n == LINK_IO_EOF || n == LINK_IO_FAILED) {
        bool broken = n == LINK_IO_FAILED || l->tls == LINK_TLS_BROKEN;
        link_end(l, n == LINK_IO_EOF ? "end of file" : l->why, broken);
        return;
    }
    l->bytes_in += (uint64_t)n;
    if (l->reading)
        link_serve_later(l);
    link_offer(l, scratch, (size_t)n);
}

/* What comes after the owner has said goodbye. */
static void link_discard(struct link *l)
{
    ssize_t n = link_io_discard(l, l->worker->scratch, WORKER_SCRATCH_BYTES);
    if (n > 0 || n == LINK_IO_AGAIN)
        return;
    if (n == LINK_IO_EOF && l->closing == LINK_FLUSHING)
        link_watch_less(l, UV_READABLE); /* half closed: it may still be reading */
    else
        link_close(l, NULL);
}

static void link_handshake(struct link *l)
{
    int rc = link_io_handshake(l);
    if (rc == LINK_IO_AGAIN) {
        if (l->want_write_for_read)
            link_watch_more(l, UV_WRITABLE);
        return;
    }
    if (rc == LINK_IO_FAILED) {
        link_end(l, l->why, true);
        return;
    }
    l->tls = LINK_TLS_OPEN;
    l->reading = true; /* what came with the last handshake message is inside OpenSSL already */
    link_serve_later(l);
    link_wrote(l);
    if (l->handler->on_tls)
        l->handler->on_tls(l);
}

/* -> true: the first byte has been looked at, read on. */
static bool link_sniff(struct link *l)
{
    int rc = link_io_sniff(l);
    if (rc == LINK_IO_AGAIN)
        return false;
    l->sniff = false;
    if (rc == 0)
        return true;
    l->handler->on_direct_tls(l);
    return false;
}

static void link_readable(struct link *l)
{
    if (l->want_read_for_write) {
        l->want_read_for_write = false;
        link_flush(l);
        if (l->closing == LINK_CLOSED || l->ended)
            return;
    }
    if (l->closing == LINK_LEAVING)
        return;
    if (l->closing != LINK_LIVE) {
        link_discard(l);
        return;
    }
    if (l->paused) {
        link_watch_less(l, UV_READABLE);
        return;
    }
    if (l->tls == LINK_TLS_WAIT) {
        link_watch_less(l, UV_READABLE); /* until the plain part is out: see link_flushed */
        return;
    }
    if (l->sniff && !link_sniff(l))
        return;
    if (l->tls == LINK_TLS_HANDSHAKE)
        link_handshake(l);
    else
        link_read(l);
}

void link_serve(struct link *l)
{
    if (l->closing != LINK_LIVE || l->ended)
        return;
    if (l->doomed) {
        link_end(l, l->why, l->broken);
        return;
    }
    if (l->paused)
        return;
    if (buf_len(&l->in) > 0)
        link_offer(l, NULL, 0);
    if (l->reading && l->closing == LINK_LIVE && !l->ended && !l->paused && !l->doomed)
        link_read(l);
}

void link_pause(struct link *l)
{
    l->paused = true;
}

void link_resume(struct link *l)
{
    if (!l->paused || l->closing != LINK_LIVE || l->ended) {
        l->paused = false;
        return;
    }
    l->paused = false;
    link_watch_more(l, UV_READABLE);
    if (buf_len(&l->in) > 0 || l->reading || l->offering)
        link_serve_later(l);
}

int link_unread(struct link *l, struct slice data)
{
    struct buf in;
    must(!l->offering);
    buf_init(&in, l->in.max);
    struct slice rest = buf_peek(&l->in);
    (void)buf_append(&in, data.data, data.len);
    if (rest.len > 0)
        (void)buf_append(&in, rest.data, rest.len);
    if (in.failed)
        return -1;
    buf_release(&l->in);
    l->in = in;
    link_serve_later(l);
    return 0;
}

bool link_has_input(const struct link *l)
{
    return buf_len(&l->in) > 0 && !l->offering_in;
}

/* -- writing -- */

struct buf *link_out(struct link *l)
{
    return &l->out;
}

void link_wrote(struct link *l)
{
    if (l->broken)
        buf_release(&l->out);
    if (l->broken || l->closing != LINK_LIVE)
        return;
    if (l->out.failed) {
        buf_release(&l->out);
        link_end_later(l, "the output queue is full, or out of memory", true);
        return;
    }
    size_t queued = buf_len(&l->out);
    if (queued > l->high_bytes)
        l->congested = true;
    bool waiting = (l->events & UV_WRITABLE) || l->tls == LINK_TLS_HANDSHAKE;
    if (queued > 0 && !waiting && !list_linked(&l->flush_node))
        list_append(&l->worker->flush_list, &l->flush_node);
}

void link_write(struct link *l, const void *data, size_t len)
{
    (void)buf_append(&l->out, data, len); /* link_wrote sees the failure */
    link_wrote(l);
}

bool link_is_congested(const struct link *l)
{
    return l->congested;
}

uint64_t link_taken(const struct link *l)
{
    int left; /* in the kernel: it holds megabytes, and asks for more only when much of that has gone */
    return ioctl(l->fd, SIOCOUTQ, &left) == 0 ? l->bytes_out - (uint64_t)left : l->bytes_out;
}

/* The queue is empty. */
static void link_flushed(struct link *l)
{
    buf_release(&l->out);
    if (l->closing == LINK_FLUSHING) {
        if (l->ended) {
            link_close(l, NULL);
            return;
        }
        link_io_shutdown(l);
        l->closing = LINK_LINGERING;
        link_watch(l, UV_READABLE);
        return;
    }
    if (l->tls == LINK_TLS_WAIT) {
        l->tls = LINK_TLS_HANDSHAKE;
        link_watch_more(l, UV_READABLE);
    }
    if (l->events & UV_WRITABLE)
        link_watch_less(l, UV_WRITABLE);
}

/* What the peer answers at once is neither written nor read. */
static void link_answer(struct link *l)
{
    size_t used = l->handler->on_flush(l, buf_peek(&l->out), &l->in);
    buf_consume(&l->out, used);
    if (l->in.failed)
        link_end_later(l, "too much unconsumed input, or out of memory", false);
    if (used > 0 && !l->paused)
        link_serve_later(l);
}

void link_flush(struct link *l)
{
    if (l->closing >= LINK_LINGERING || l->broken || l->tls == LINK_TLS_HANDSHAKE)
        return;
    if (l->handler->on_flush && l->closing == LINK_LIVE && buf_len(&l->out) > 0)
        link_answer(l);
    while (buf_len(&l->out) > 0) {
        struct slice rest = buf_peek(&l->out);
        ssize_t n = link_io_write(l, rest.data, rest.len);
        if (n == LINK_IO_FAILED) {
            link_end_writing(l);
            return;
        }
        if (n > 0) {
            l->bytes_out += (uint64_t)n;
            buf_consume(&l->out, (size_t)n);
        }
        if (n < (ssize_t)rest.len) {
            if (!l->want_read_for_write)
                link_watch_more(l, UV_WRITABLE);
            break;
        }
    }
    if (buf_len(&l->out) == 0)
        link_flushed(l);
    if (l->congested && l->closing == LINK_LIVE && buf_len(&l->out) <= l->low_bytes) {
        l->congested = false;
        if (l->handler->on_drained && !l->ended)
            l->handler->on_drained(l);
    }
}

static void link_writable(struct link *l)
{
    if (l->want_write_for_read) {
        l->want_write_for_read = false;
        if (l->tls == LINK_TLS_HANDSHAKE || buf_len(&l->out) == 0)
            link_watch_less(l, UV_WRITABLE);
        link_readable(l);
        if (l->closing == LINK_CLOSED || l->ended)
            return;
    }
    if (l->tls != LINK_TLS_HANDSHAKE)
        link_flush(l);
}

static void link_on_poll(uv_poll_t *poll, int status, int events)
{
    struct link *l = poll->data;
    must(l->magic == LINK_MAGIC);
    if (l->closing == LINK_CLOSED || l->broken)
        return;
    if (status < 0) {
        /* A pending socket error, reported as EBADF, and the poll is stopped: what was received
         * before it is still to be read, and the error itself comes from the read after that. */
        l->events = 0;
        link_io_set_errno(l, -status == EBADF ? ECONNRESET : -status);
        link_end_writing(l);
        return;
    }
    if (events & UV_WRITABLE)
        link_writable(l);
    bool done = l->closing == LINK_LIVE ? l->ended : l->closing == LINK_CLOSED;
    if ((events & UV_READABLE) && !done)
        link_readable(l);
}

/* -- life -- */

static int link_setup(struct link *l, struct worker *w, int fd, const struct link_handler *handler,
                      void *owner, struct err *err)
{
    *l = (struct link){.magic = LINK_MAGIC,
                       .worker = w,
                       .handler = handler,
                       .owner = owner,
                       .fd = fd,
                       .high_bytes = LIMIT_CLIENT_HIGH_BYTES,
                       .low_bytes = LIMIT_CLIENT_LOW_BYTES};
    buf_init(&l->in, LIMIT_MESSAGE_BYTES + WORKER_SCRATCH_BYTES);
    buf_init(&l->out, LIMIT_QUEUE_BYTES);
    list_init(&l->flush_node);
    list_init(&l->serve_node);
    int rc = uv_poll_init(&w->loop, &l->poll, fd); /* makes it non-blocking */
    if (rc != 0)
        return err_set(err, SQLSTATE_CONNECTION_FAILURE, "could not watch a connection: %s",
                       uv_strerror(rc));
    l->poll.data = l;
    link_watch(l, UV_READABLE);
    return 0;
}

int link_init(struct link *l, struct worker *w, int fd, const struct link_handler *handler,
              void *owner, struct err *err)
{
    if (link_setup(l, w, fd, handler, owner, err) != 0)
        return -1;
    l->owns = true;
    l->sniff = handler->on_direct_tls != NULL;
    return 0;
}

int link_init_borrowed(struct link *l, struct worker *w, int fd, SSL *ssl,
                       const struct link_handler *handler, void *owner, struct err *err)
{
    if (link_setup(l, w, fd, handler, owner, err) != 0)
        return -1;
    if (ssl) {
        l->ssl = ssl;
        l->tls = LINK_TLS_OPEN;
        l->reading = true; /* libpq may have read ahead */
        link_serve_later(l);
    }
    return 0;
}

int link_accept_tls(struct link *l, SSL_CTX *ctx, struct err *err)
{
    must(l->tls == LINK_TLS_NONE && l->owns);
    ERR_clear_error();
    SSL *ssl = SSL_new(ctx);
    if (!ssl || SSL_set_fd(ssl, l->fd) != 1) {
        SSL_free(ssl);
        ERR_clear_error();
        return err_set(err, SQLSTATE_OUT_OF_MEMORY, "could not begin TLS: out of memory");
    }
    SSL_set_accept_state(ssl);
    l->ssl = ssl;
    l->sniff = false;
    l->tls = buf_len(&l->out) > 0 ? LINK_TLS_WAIT : LINK_TLS_HANDSHAKE;
    if (buf_len(&l->in) > 0 && !l->offering)
        link_end_later(l, "received unencrypted data after SSL request", true);
    return 0;
}

bool link_is_tls(const struct link *l)
{
    return l->tls == LINK_TLS_OPEN;
}

bool link_is_loopback(const struct link *l)
{
    union {
        struct sockaddr any;
        struct sockaddr_in in;
        struct sockaddr_in6 in6;
    } peer = {.any.sa_family = AF_UNSPEC};
    socklen_t len = sizeof(peer);
    if (getpeername(l->fd, &peer.any, &len) != 0)
        return false;
    if (peer.any.sa_family == AF_INET)
        return (ntohl(peer.in.sin_addr.s_addr) >> 24) == IN_LOOPBACKNET;
    if (peer.any.sa_family != AF_INET6)
        return false;
    const struct in6_addr *a = &peer.in6.sin6_addr;
    return IN6_IS_ADDR_LOOPBACK(a) || (IN6_IS_ADDR_V4MAPPED(a) && a->s6_addr[12] == IN_LOOPBACKNET);
}

void link_release(struct link *l)
{
    buf_release(&l->in);
    buf_release(&l->out);
    if (l->owns)
        SSL_free(l->ssl);
    l->ssl = NULL;
    free(l->why_text);
    l->magic = 0;
}

static void link_on_closed(uv_handle_t *handle)
{
    struct link *l = handle->data;
    link_release(l);
    if (l->closed)
        l->closed(l); /* may free the link */
}

void link_close(struct link *l, void (*closed)(struct link *l))
{
    must(l->magic == LINK_MAGIC);
    if (closed)
        l->closed = closed;
    if (l->closing == LINK_CLOSED)
        return;
    if (l->closing != LINK_LINGERING)
        link_io_shutdown(l);
    l->closing = LINK_CLOSED;
    list_remove(&l->flush_node);
    list_remove(&l->serve_node);
    uv_close((uv_handle_t *)&l->poll, link_on_closed); /* first: it forgets the descriptor */
    if (l->owns)
        close(l->fd);
    l->fd = -1;
}

void link_close_flushed(struct link *l, void (*closed)(struct link *l))
{
    if (l->closing != LINK_LIVE)
        return;
    bool hopeless = l->broken || l->tls == LINK_TLS_HANDSHAKE || l->tls == LINK_TLS_BROKEN;
    if (hopeless || (l->ended && buf_len(&l->out) == 0)) {
        link_close(l, closed);
        return;
    }
    l->closing = LINK_FLUSHING;
    l->closed = closed;
    l->sniff = false;
    list_remove(&l->serve_node);
    link_hub_linger(l);
    if (!l->ended)
        link_watch_more(l, UV_READABLE);
    if (!list_linked(&l->flush_node) && !(l->events & UV_WRITABLE))
        list_append(&l->worker->flush_list, &l->flush_node);
}
