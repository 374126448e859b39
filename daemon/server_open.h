/* server_open.h: making a connection to a target, without ever blocking the loop.
 *
 * PostgreSQL: names are resolved on a helper thread, then libpq connects and authenticates step by
 * step; the result is used only with standard_conforming_strings=on and client_encoding=UTF8 (wire
 * case 83). */
#pragma once

struct server;

/* An OPENING server is being closed: no callback comes any more. */
void server_open_stop(struct server *s);
