/* listener.h: the sockets that clients connect to.
 *
 * Owns its descriptors; each connection accepted is handed to session_start.  Sockets given by systemd are
 * used instead of those in the file that have the same address, and are never closed for a reload.
 * When descriptors run out, one kept in reserve serves to answer 53300 instead of leaving clients waiting. */
#pragma once

#include "protocol/err.h"

struct conf;
struct worker;

/* Listen as ${conf} says: new addresses are opened first; if one fails, nothing has changed: -1 with the
 * address in the message.  Then those no longer named are closed, the rest go on untouched. */
int listeners_apply(struct worker *w, const struct conf *conf, struct err *err) MUSTCHECK;
/* Stop accepting and close all; unix sockets are unlinked.  Asynchronous, idempotent. */
void listeners_close(struct worker *w);
