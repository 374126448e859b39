/* session.h: one connected client, from first byte to last close callback.
 *
 * Owns: its link, its settings, prepared names and portals, its place in worker->sessions.
 * Borrows: the worker (outlives it), a snapshot and a target (one reference each), a server while
 * leased. Never: parses SQL itself, logs literals, frees itself (the last close callback does). */
#pragma once

#include "daemon/pool.h"
#include "protocol/err.h"
#include "protocol/slice.h"

#include <stdint.h>

struct server;
struct session;
struct worker;

/* Serve the client on ${fd}, in its place among the handshakes.  On success the session owns ${fd}; on
 * failure the caller still does, and the place has been given back. */
int session_start(struct worker *w, int fd, bool is_unix, struct err *err) MUSTCHECK;
/* It has lost its place among the handshakes: 53300. */
void session_too_many(struct session *s);
/* The worker's snapshot has another limit for clients that are idle: it holds from now on. */
void sessions_follow(struct worker *w);
/* Each session ends as soon as it is idle (57P01). */
void sessions_drain(struct worker *w);
/* All end now. */
void sessions_close_all(struct worker *w);

/* -- from the pool -- */
/* ${srv} is this waiter's; called from the loop. */
void session_granted(struct pool_waiter *w, struct server *srv);
/* The one that was meant for it has been lost: ${why}. */
void session_not_granted(struct pool_waiter *w, const struct err *why);

/* -- from the leased server -- */
/* Bytes from it; returns how many are consumed. */
size_t session_from_server(struct session *s, struct slice data);
/* It is gone, or not to be trusted: the session lets go of it at once; the caller closes it. */
void session_lost_server(struct session *s, const char *why);
/* It ends for good: what its sessions have kept with it. */
void session_heal_free(struct server *srv);
/* It reads again. */
void session_server_drained(struct session *s);
