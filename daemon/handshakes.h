/* handshakes.h: the clients that are connected and have not logged in yet, over all workers.
 *
 * Each has one of so many places, from before it is accepted until it has logged in or ends.  When all
 * are taken, the listener leaves who comes in the system's queue, and whoever has gone the longest
 * without a step towards its login loses its place, once that is HANDSHAKE_STEP_MS: it is disconnected
 * with 53300.  So neither silent clients nor slow ones keep others out for longer than that, and who has
 * been let in always has that time for each of its few steps.  Only steps count, not bytes: an encryption
 * request, TLS that is open, the start-up packet, the first message of SCRAM.  `login_timeout` limits
 * them all together.
 *
 * Any thread may call; one lock guards all, a mailbox's comes after it.  What a client costs does not
 * depend on how many there are. */
#pragma once

#include "protocol/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct handshake; /* one client's */
struct handshakes;
struct mail;
struct mailbox;
struct session;
struct worker;

#define HANDSHAKE_STEP_MS 1000

/* ${room} is sent to ${listener} when a place is free again that was asked for in vain.  NULL: no
 * memory. */
struct handshakes *handshakes_new(size_t most, struct mailbox *listener, struct mail *room);
/* No place may be taken; NULL may go. */
void handshakes_free(struct handshakes *h);
/* From now on; more may be taken for the moment. */
void handshakes_limit(struct handshakes *h, size_t most);
size_t handshakes_taken(struct handshakes *h);

/* Take a place, for a client that is to be accepted.  false: there is none; whoever may be sent away has
 * been told, and the next may be in ${*ret_wait_ms}. */
bool handshakes_take(struct handshakes *h, uint64_t now_ms, uint64_t *ret_wait_ms);
/* Give back a place that no handshake has begun in. */
void handshakes_give(struct handshakes *h);

/* In a place taken before: ${s} of ${w} is the client, which ends it before it goes.  Times are those of
 * uv_hrtime.  NULL: no memory, the place is the caller's. */
struct handshake *handshake_begin(struct handshakes *h, struct session *s, struct worker *w,
                                  uint64_t now_ms) MUSTCHECK;
void handshake_step(struct handshakes *h, struct handshake *it, uint64_t now_ms);
/* On the thread of its worker. */
void handshake_end(struct handshakes *h, struct handshake *it);
