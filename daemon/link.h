/* link.h: one connected, non-blocking stream: plain or TLS; a client, a PostgreSQL server or the
 * store.
 *
 * The only unit that touches descriptors of connections, their uv_poll_t and their SSL *.
 * Reading: bytes land in the worker's scratch buffer and are offered to on_data, which says how
 * many it consumed; the link keeps the rest and offers it again with what comes next.  No read
 * after a short read. Writing: link_write only queues; queues are flushed once per loop turn, from
 * the worker's prepare handle, and the remainder when the descriptor is writable. Ending:
 * link_close is idempotent and may be called from any callback; no callback but `closed` comes
 * after it. */
#pragma once

#include "daemon/list.h"
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
    /* NULL, or: the very first byte of the stream is a TLS record (direct TLS, wire case 4),
     * nothing has been read yet.  Answer with link_accept_tls or link_close.  Costs one look at the
     * socket per link. */
    void (*on_direct_tls)(struct link *l);
    /* The TLS handshake begun with link_accept_tls has ended well. */
    void (*on_tls)(struct link *l);
    /* NULL, or: the peer is in this process, and may answer what is about to be written to it without being sent
     * it.  Replies go to ${reply}, as if they had been read; returns the length of what they answer. */
    size_t (*on_flush)(struct link *l, struct slice data, struct buf *reply);
    /* Nothing more will be read: ${why} is "end of file" or an error's text; unread whole messages
     * have been offered before.  The link is not closed yet: the owner must close it.  What is
     * queued can still be written if the peer has only ended its half: then link_close_flushed does
     * that, else it just closes. */
    void (*on_end)(struct link *l, const char *why);
};

enum link_tls { LINK_TLS_NONE, LINK_TLS_WAIT, LINK_TLS_HANDSHAKE, LINK_TLS_OPEN, LINK_TLS_BROKEN };
enum link_closing { LINK_LIVE, LINK_LEAVING, LINK_FLUSHING, LINK_LINGERING, LINK_CLOSED };

struct link { /* all fields are link.c's; the owner may read owner, worker, bytes_*, and set the
                 marks */
    uint32_t magic;
    int fd;
    struct worker *worker;
    const struct link_handler *handler;
    void *owner;
    uv_poll_t poll;
    SSL *ssl; /* NULL: plain */
    enum link_tls tls : 8;
    enum link_closing closing : 8;
    unsigned events : 8; /* what the poll waits for now; lowered only when an unwanted event comes */
    bool owns;  /* false: libpq closes descriptor and SSL (PQfinish) */
    bool sniff; /* look for a direct TLS handshake before the first read */
    bool paused;
    bool reading;   /* TLS may hold decoded bytes: read again without waiting for the descriptor */
    bool offering;  /* inside on_data */
    bool offering_in; /* ... which looks at ${in} */
    bool congested; /* above the high mark; until below the low one */
    bool ended;     /* on_end was called */
    bool broken;    /* nothing can be written any more, either */
    bool doomed;    /* on_end will be called, from the loop */
    bool want_write_for_read; /* TLS */
    bool want_read_for_write;
    struct buf in;  /* input kept by on_data, or answered without being sent */
    struct buf out; /* queued output */
    struct list flush_node; /* the worker's lists */
    struct list serve_node; /* LIVE: serve_list; afterwards: linger_list */
    uint64_t linger_until_ms;
    const char *why; /* the end's reason: a constant, or ... */
    char *why_text;  /* ... this, on the heap */
    void (*closed)(struct link *l);
    uint64_t bytes_in, bytes_out; /* through the descriptor */
    uint32_t high_bytes, low_bytes; /* LIMIT_CLIENT_* until the owner sets others */
};

/* The worker's half: prepare handle, timer, scratch buffer.  By worker.c and tests. */
int link_hub_open(struct worker *w, struct err *err) MUSTCHECK;
void link_hub_close(struct worker *w); /* closes the handles; no link may be left */
void link_hub_free(struct worker *w);  /* after the loop has ended */

/* Take ${fd} (made non-blocking here) into ${l}.  On failure the caller still owns it. */
int link_init(struct link *l, struct worker *w, int fd, const struct link_handler *handler,
              void *owner, struct err *err) MUSTCHECK;
/* Use libpq's descriptor and TLS: neither is closed by the link. */
int link_init_borrowed(struct link *l, struct worker *w, int fd, SSL *ssl,
                       const struct link_handler *handler, void *owner, struct err *err) MUSTCHECK;
/* Begin the server's side of a TLS handshake; what is queued is sent in plain first.  There must be
 * no unconsumed input (wire case 1): bytes behind the SSLRequest end the link with on_end. */
int link_accept_tls(struct link *l, SSL_CTX *ctx, struct err *err) MUSTCHECK;
/* How many of the bytes written the peer has taken, as far as can be known. */
uint64_t link_taken(const struct link *l);
/* Is there unconsumed input?  Not counting what on_data is looking at now. */
bool link_has_input(const struct link *l);
bool link_is_tls(const struct link *l); /* handshake done */
/* Does the peer's address say that it is on this host?  Not of unix sockets. */
bool link_is_loopback(const struct link *l);

/* Queue bytes.  On overflow or lack of memory the link ends (on_end, from the loop). */
void link_write(struct link *l, const void *data, size_t len);
/* The output queue itself, for the msg_* writers; call link_wrote afterwards. */
struct buf *link_out(struct link *l);
void link_wrote(struct link *l);
bool link_is_congested(const struct link *l); /* more than high_bytes are queued */

/* Stop and resume reading.  Resume offers what is kept, from the loop and not from within. */
void link_pause(struct link *l);
void link_resume(struct link *l);
/* Put ${data}, which was consumed, back in front of the input.  Not from on_data of this link.  -1: no memory. */
int link_unread(struct link *l, struct slice data) MUSTCHECK;

/* Close now, dropping queued output; ${closed} is the last callback (may be NULL) and may free. */
void link_close(struct link *l, void (*closed)(struct link *l));
/* The same once the queue has been written, or after one second. */
void link_close_flushed(struct link *l, void (*closed)(struct link *l));

/* Leave the worker's loop with all that is kept and queued, for another one's; ${left} is the last
 * callback here, and from then on the link is plain data. */
void link_leave(struct link *l, void (*left)(struct link *l));
/* After that, by the new worker: go on there.  -1: it is as before. */
int link_join(struct link *l, struct worker *w, struct err *err) MUSTCHECK;
/* Or the end of it, without a loop. */
void link_drop(struct link *l);
