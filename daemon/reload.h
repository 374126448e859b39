/* reload.h: a new snapshot from the same file, without stopping (SIGHUP).
 *
 * The file is read and checked on a helper thread.  A bad one changes nothing, each of its errors
 * becomes a line of the log.  A good one becomes worker->conf; sessions keep the one they hold
 * until they move, between transactions.  Requests that arrive while one is under way become one
 * more reload after it. */
#pragma once

struct worker;

void reload_start(struct worker *w);
