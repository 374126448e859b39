/* listener.h: accepts clients on the sockets of the configuration.
 *
 * Owns its descriptors; each connection accepted is handed to a worker (crew_place).
 * Sockets passed by systemd are used instead of those in the file, and a reload leaves them alone.
 * While too many clients are logging in, it leaves the others where they are (handshakes.h).
 * When descriptors run out, one kept in reserve serves to answer 53300 instead of leaving clients
 * waiting. A change has two steps, so that a reload with an address that cannot be had changes
 * nothing at all: listeners_prepare opens, listeners_commit begins to accept and closes what is no
 * longer named. */
#pragma once

#include "daemon/listen_socket.h"
#include "protocol/err.h"

struct worker;

/* Open what ${plan} names and is not open yet.  -1: nothing has changed.  Else commit or abandon
 * follows. */
int listeners_prepare(struct worker *w, const struct listen_plan *plan, struct err *err) MUSTCHECK;
void listeners_commit(struct worker *w);
void listeners_abandon(struct worker *w);

/* Places that clients have been waiting for are free again. */
void listeners_room(struct worker *w);

/* A client that cannot be served: tell it ${err} and close. */
void listener_refuse(int fd, const struct err *err);

/* Stop accepting and close all; unix sockets are unlinked.  Asynchronous, idempotent. */
void listeners_close(struct worker *w);
