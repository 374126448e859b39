#include "daemon/link_io.h"

#include "daemon/tls.h"

#include <errno.h>
#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

void link_io_set_why(struct link *l, const char *prefix, const char *text)
{
    char *why;
    if (asprintf(&why, "%s%s", prefix, text) < 0)
        why = NULL;
    free(l->why_text);
    l->why_text = why;
    l->why = why ? why : "out of memory";
}

void link_io_set_errno(struct link *l, int error)
{
    char text[LINK_WHY_BYTES];
    /* the GNU variant returns the text, which need not be in the buffer */
    link_io_set_why(l, "", strerror_r(error, text, sizeof text));
}

/* -- plain -- */

static ssize_t plain_read(struct link *l, char *data, size_t cap)
{
    ssize_t n;
    do
        n = recv(l->fd, data, cap, MSG_DONTWAIT);
    while (n < 0 && errno == EINTR);
    if (n >= 0)
        return n;
    if (errno == EAGAIN || errno == EWOULDBLOCK)
        return LINK_IO_AGAIN;
    link_io_set_errno(l, errno);
    return LINK_IO_FAILED;
}

static ssize_t plain_write(struct link *l, const char *data, size_t len)
{
    ssize_t n;
    do
        n = send(l->fd, data, len, MSG_NOSIGNAL | MSG_DONTWAIT);
    while (n < 0 && errno == EINTR);
    if (n >= 0)
        return n > 0 ? n : LINK_IO_AGAIN;
    if (errno == EAGAIN || errno == EWOULDBLOCK || errno == ENOBUFS)
        return LINK_IO_AGAIN;
    link_io_set_errno(l, errno);
    return LINK_IO_FAILED;
}

/* -- TLS -- */

/* The verdict for a call on l->ssl that returned ${rc} <= 0.  ${wants_other} is set when the call
 * waits for the direction that is not its own. */
static int tls_verdict(struct link *l, int rc, int own_want, bool *wants_other)
{
    int saved_errno = errno;
    int code = SSL_get_error(l->ssl, rc);
    if (code == SSL_ERROR_WANT_READ || code == SSL_ERROR_WANT_WRITE) {
        *wants_other = code != own_want;
        return LINK_IO_AGAIN;
    }
    if (code == SSL_ERROR_ZERO_RETURN)
        return LINK_IO_EOF;
    l->tls = LINK_TLS_BROKEN; /* OpenSSL forbids any further call, SSL_shutdown included */
    if (code == SSL_ERROR_SSL &&
        ERR_GET_REASON(ERR_peek_error()) == SSL_R_UNEXPECTED_EOF_WHILE_READING) {
        ERR_clear_error();
        return LINK_IO_EOF; /* the protocol has its own framing: a missing close_notify hides
                               nothing */
    }
    if (code == SSL_ERROR_SYSCALL && ERR_peek_error() == 0) {
        if (saved_errno == 0)
            return LINK_IO_EOF;
        link_io_set_errno(l, saved_errno);
        return LINK_IO_FAILED;
    }
    char text[LINK_WHY_BYTES];
    tls_error_text(text, sizeof text);
    link_io_set_why(l, "TLS: ", text);
    return LINK_IO_FAILED;
}

static ssize_t tls_read(struct link *l, char *data, size_t cap)
{
    size_t have = 0;
    l->reading = false;
    while (have < cap) {
        if (l->tls == LINK_TLS_BROKEN) /* said after the bytes that came before it */
            return l->why ? LINK_IO_FAILED : LINK_IO_EOF;
        ERR_clear_error();
        errno = 0;
        int n = SSL_read(l->ssl, data + have, (int)(cap - have));
        if (n > 0) {
            have += (size_t)n;
            continue;
        }
        int verdict = tls_verdict(l, n, SSL_ERROR_WANT_READ, &l->want_write_for_read);
        if (have == 0)
            return verdict;
        l->reading = verdict != LINK_IO_AGAIN;
        return (ssize_t)have;
    }
    l->reading = true;
    return (ssize_t)have;
}

static ssize_t tls_write(struct link *l, const char *data, size_t len)
{
    size_t done = 0;
    while (done < len) {
        if (l->tls == LINK_TLS_BROKEN)
            break;
        /* A record for each call.  A retry after AGAIN offers the same bytes and never fewer, as
         * OpenSSL demands: the queue only grows at its end. */
        size_t chunk = len - done < TLS_RECORD_BYTES ? len - done : TLS_RECORD_BYTES;
        ERR_clear_error();
        errno = 0;
        int n = SSL_write(l->ssl, data + done, (int)chunk);
        if (n > 0) {
            done += (size_t)n;
            continue;
        }
        int verdict = tls_verdict(l, n, SSL_ERROR_WANT_WRITE, &l->want_read_for_write);
        if (done > 0)
            return (ssize_t)done;
        if (verdict == LINK_IO_EOF) {
            link_io_set_errno(l, EPIPE);
            return LINK_IO_FAILED;
        }
        return verdict;
    }
    if (done > 0)
        return (ssize_t)done;
    if (!l->why)
        link_io_set_errno(l, EPIPE);
    return LINK_IO_FAILED;
}

int link_io_handshake(struct link *l)
{
    ERR_clear_error();
    errno = 0;
    int rc = SSL_do_handshake(l->ssl);
    if (rc == 1)
        return 1;
    int verdict = tls_verdict(l, rc, SSL_ERROR_WANT_READ, &l->want_write_for_read);
    if (verdict == LINK_IO_EOF) {
        l->tls = LINK_TLS_BROKEN;
        l->why = "end of file during the TLS handshake";
        return LINK_IO_FAILED;
    }
    return verdict;
}

/* -- either -- */

static bool is_encrypted(const struct link *l)
{
    return l->tls == LINK_TLS_OPEN || l->tls == LINK_TLS_BROKEN;
}

ssize_t link_io_read(struct link *l, char *data, size_t cap)
{
    return is_encrypted(l) ? tls_read(l, data, cap) : plain_read(l, data, cap);
}

ssize_t link_io_discard(struct link *l, char *data, size_t cap)
{
    return plain_read(l, data, cap);
}

ssize_t link_io_write(struct link *l, const char *data, size_t len)
{
    return is_encrypted(l) ? tls_write(l, data, len) : plain_write(l, data, len);
}

void link_io_shutdown(struct link *l)
{
    if (!l->owns)
        return;
    if (l->tls == LINK_TLS_OPEN) {
        ERR_clear_error();
        (void)SSL_shutdown(l->ssl); /* one try: the peer does not depend on it */
        ERR_clear_error();
        l->tls = LINK_TLS_BROKEN;
    }
    (void)shutdown(l->fd, SHUT_WR);
}

int link_io_sniff(const struct link *l)
{
    char first;
    ssize_t n;
    do
        n = recv(l->fd, &first, 1, MSG_PEEK | MSG_DONTWAIT);
    while (n < 0 && errno == EINTR);
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
        return LINK_IO_AGAIN;
    return n == 1 && first == 0x16; /* ContentType handshake; a start-up packet begins with 0 */
}
