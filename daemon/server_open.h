/* server_open.h: making a connection to a target, without ever blocking the loop.
 *
 * PostgreSQL: names are resolved on a helper thread, then libpq connects and authenticates step by
 * step; the result is used if it is fit (server_fit.h). */
#pragma once

#include <libpq-fe.h>

struct address;
struct server;
struct target;

/* Everything that libpq keeps of what a server reports; NULL ends it. */
extern const char *const server_open_reported[];
/* Begin to connect to ${t}, whose conninfo has been resolved; ${replication}: NULL, or that parameter.  As
 * PQconnectStartParams. */
PGconn *server_open_libpq(const struct target *t, const char *conninfo, const struct address *a,
                          const char *replication);

/* An OPENING server is being closed: no callback comes any more. */
void server_open_stop(struct server *s);
