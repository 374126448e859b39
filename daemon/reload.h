/* reload.h: a new snapshot from the same file, without stopping (SIGHUP).
 *
 * The file is read and checked on a helper thread.  A bad one changes nothing, each of its errors
 * becomes a line of the log.  A good one becomes every worker's conf; sessions keep the one they hold
 * until they move, between transactions.  Requests that arrive while one is under way become one
 * more reload after it. */
#pragma once

struct worker;

/* All of these: the first worker's. */
void reload_start(struct worker *w);
/* All workers have the new snapshot. */
void reload_published(struct worker *w);
/* The worker ends, perhaps in the middle of one. */
void reload_abandon(struct worker *w);
