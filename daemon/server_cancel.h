/* server_cancel.h: ending what a PostgreSQL server runs, without ever waiting for it.
 *
 * libpq could send the CancelRequest, but it waits for the server to close that connection, for ever if need be,
 * and it keeps the key to itself.  So its trace is read while it connects, for the one line that has the key, and
 * the loop sends the request on a link with a deadline (wire case 50). */
#pragma once

#include <stdbool.h>

struct server;
struct server_trace;

/* While it connects: to be told its key.  NULL: it will have none. */
struct server_trace *server_trace_begin(struct server *s);
/* It has connected: take the key. */
void server_trace_take(struct server_trace *t, struct server *s);
/* Before the connection goes. */
void server_trace_end(struct server_trace *t, struct server *s);

/* The request is on its way until server_cancelled.  -1: there is none. */
int server_cancel_send(struct server *s);

/* -- server.c -- */
/* The server has passed it on, or it has not arrived.  ${late}: nobody knows. */
void server_cancelled(struct server *s, bool late);
