/* server_fit.h: may a PostgreSQL server be used for tenants' statements?  (wire case 83) */
#pragma once

#include "protocol/err.h"

#include <libpq-fe.h>

/* Of target_session_attrs, where the conninfo has none: a server in recovery refuses every write, and may be
 * behind. */
#define SERVER_FIT_SESSION_ATTRS "primary"

/* Has the server behind ${pg} the settings on which the rewriting of statements relies?  -1: 08006 names the
 * one that it has not. */
int server_fit(const PGconn *pg, struct err *err) MUSTCHECK;

/* What tells, with one column of true, that a server has become one that ${conninfo} does not ask for: a primary
 * that was demoted, or that only reads by now.  NULL: the conninfo takes those. */
const char *server_fit_question(const char *conninfo);
