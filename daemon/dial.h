/* dial.h: a connection to a target that is no server of its pool, made without ever blocking the loop. */
#pragma once

#include "protocol/err.h"

#include <libpq-fe.h>

struct dial;
struct target;

/* ${replication}: NULL, or the value of that parameter.  ${done} is called once, from the loop: with the connection,
 * which is the callee's, or with NULL and why there is none (libpq's text).  NULL: ${err}. */
struct dial *dial_start(struct target *t, const char *replication,
                        void (*done)(void *owner, PGconn *pg, const char *why), void *owner,
                        struct err *err) MUSTCHECK;
/* Before that: it will not be called. */
void dial_stop(struct dial *d);
