/* listen_socket.h: listening sockets, made from the configuration or taken from systemd.
 *
 * No loop, no accepting: see listener.h. */
#pragma once

#include "conf/conf.h"
#include "protocol/err.h"

#include <sys/socket.h>
#include <sys/un.h>

#define LISTEN_TEXT_BYTES 128

struct listen_address {
    union {
        struct sockaddr any;
        struct sockaddr_un unix_path;
        struct sockaddr_storage room;
    } addr;
    socklen_t len;
    size_t entry; /* which line of the configuration: one of its addresses must work */
    char text[LISTEN_TEXT_BYTES]; /* as people write it */
};

struct listen_plan {
    struct listen_address *items;
    size_t n;
};

/* The addresses of ${conf}, names resolved: may block, call it off the loop.  -1: the name in the
 * message. */
int listen_plan_make(const struct conf *conf, struct listen_plan *ret, struct err *err) MUSTCHECK;
void listen_plan_release(struct listen_plan *p);

/* Bind and listen, non-blocking, close-on-exec.  A unix socket left by a process that has gone is
 * replaced; one that somebody listens on is an error.  The address is in the message.
 * LISTEN_NO_SUCH_ADDRESS: this host does not have it (IPv6 is off, say); -1: all else. */
#define LISTEN_NO_SUCH_ADDRESS (-2)
int listen_socket_open(const struct listen_address *a, int *ret_fd, struct err *err) MUSTCHECK;

/* The same, but an address on which another Partywall of this user listens is taken over: clients that
 * connect from now on come here, those that wait there already are left to it. */
int listen_socket_take(const struct listen_address *a, int *ret_fd, struct err *err) MUSTCHECK;

/* The sockets that systemd passes, from descriptor 3 on: how many, or -1.  The environment is
 * cleared, so it says so only once. */
int listen_socket_inherited(void);
#define LISTEN_SOCKET_FIRST 3
/* Check that ${fd} is a listening stream socket, set it up as ours and fill ${ret} with its
 * address. */
int listen_socket_adopt(int fd, struct listen_address *ret, struct err *err) MUSTCHECK;
