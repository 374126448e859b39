/* link_io.h: reading and writing one link's descriptor, plain or TLS, behind the same verbs.
 *
 * Inside link.c's unit only.  No callbacks, no lists: these move bytes, keep the link's TLS state
 * and say how it went. */
#pragma once

#include "daemon/link.h"

#include <sys/types.h>

/* What the verbs return beside a number of bytes. */
enum { LINK_IO_EOF = 0, LINK_IO_AGAIN = -1, LINK_IO_FAILED = -2 /* l->why says why */ };

/* Up to ${cap} bytes.  A TLS link returns all it can decode, and sets l->reading when more may be
 * had without waiting for the descriptor. */
ssize_t link_io_read(struct link *l, char *data, size_t cap);
/* The same past any TLS: ciphertext of a link that will never be read again. */
ssize_t link_io_discard(struct link *l, char *data, size_t cap);
/* Bytes taken, at least one; fewer than ${len}: call again when writable. */
ssize_t link_io_write(struct link *l, const char *data, size_t len);
/* One step of the server's handshake: 1 done, AGAIN or FAILED. */
int link_io_handshake(struct link *l);
/* Tell the peer that nothing more will be written: close_notify, and FIN. */
void link_io_shutdown(struct link *l);
/* Is the first unread byte the start of a TLS record?  1, 0, or AGAIN: there is none yet. */
int link_io_sniff(const struct link *l);
#define LINK_WHY_BYTES 160
/* l->why := ${prefix} and ${text}, copied. */
void link_io_set_why(struct link *l, const char *prefix, const char *text);
/* The same with the text of ${error}. */
void link_io_set_errno(struct link *l, int error);
