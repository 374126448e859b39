/* link.h: one connected, non-blocking stream: plain or TLS; a client, a PostgreSQL server or the store.
 *
 * The only unit that touches descriptors of connections, their uv_poll_t and their SSL *.
 * Reading: bytes land in the worker's scratch buffer and are offered to on_data, which says how many it
 * consumed; the link keeps the rest and offers it again with what comes next.  No read after a short read.
 * Writing: link_write only queues; queues are flushed once per loop turn, from the worker's prepare
 * handle, and the remainder when the descriptor is writable.
 * Ending: link_close is idempotent and may be called from any callback; no callback but `closed` comes
 * after it. */
#pragma once

#include "protocol/buf.h"
#include "protocol/err.h"

#include <openssl/ssl.h>
#include <uv.h>

struct worker;
struct link;

struct link_handler {
    /* ${data} starts with what the last call left.  Returns the number of bytes consumed.  May call
     * anything, link_close included. */
    size_t (*on_data)(struct link *l, struct slice data);
    /* The queue has fallen below the low-water mark after link_is_congested was true. */
    void (*on_drained)(struct link *l);
    /* The TLS handshake begun with link_accept_tls has ended well. */
    void (*on_tls)(struct link *l);
    /* The stream is over: ${why} is "end of file" or an error's text; unread whole messages have been
     * offered before.  The link is not closed yet: the owner must link_close it. */
    void (*on_end)(struct link *l, const char *why);
};

struct link {
    uint32_t magic;
    struct worker *worker;
    const struct link_handler *handler;
    void *owner;
    uv_poll_t poll;
    int fd;
    bool owns_fd;  /* false: libpq closes it (PQfinish) */
    SSL *ssl;      /* NULL: plain */
    bool owns_ssl;
    int tls_state;
    int events;    /* what the poll waits for now */
    bool paused;
    bool want_write_for_read; /* TLS */
    bool want_read_for_write;
    bool offering;
    bool congested;
    bool ended;
    bool closing;
    struct buf in;  /* unconsumed input */
    struct buf out; /* queued output */
    struct link *flush_next; /* the worker's list of links with output */
    bool on_flush_list;
    bool flush_close; /* close once `out` is empty */
    void (*closed)(struct link *l);
    uint64_t bytes_in, bytes_out;
    size_t high_bytes, low_bytes;
};

/* Take ${fd} (made non-blocking here) into ${l}.  On failure the caller still owns it. */
int link_init(struct link *l, struct worker *w, int fd, const struct link_handler *handler,
              void *owner, struct err *err) MUSTCHECK;
/* Use libpq's descriptor and TLS: neither is closed by the link. */
int link_init_borrowed(struct link *l, struct worker *w, int fd, SSL *ssl,
                       const struct link_handler *handler, void *owner, struct err *err) MUSTCHECK;
/* Begin the server's side of a TLS handshake; what is queued is sent in plain first.  There must be no
 * unconsumed input (wire case 1): the caller checks link_has_input. */
int link_accept_tls(struct link *l, SSL_CTX *ctx, struct err *err) MUSTCHECK;
bool link_has_input(const struct link *l);

/* Queue bytes.  On overflow or lack of memory the link ends (on_end, from the loop). */
void link_write(struct link *l, const void *data, size_t len);
/* The output queue itself, for the msg_* writers; call link_wrote afterwards. */
struct buf *link_out(struct link *l);
void link_wrote(struct link *l);
bool link_is_congested(const struct link *l); /* more than high_bytes are queued */

/* Stop and resume reading.  Resume offers what is kept, from the loop and not from within. */
void link_pause(struct link *l);
void link_resume(struct link *l);

/* Close now, dropping queued output; ${closed} is the last callback (may be NULL) and may free. */
void link_close(struct link *l, void (*closed)(struct link *l));
/* The same once the queue has been written, or after one second. */
void link_close_flushed(struct link *l, void (*closed)(struct link *l));
