/* cancel.h: CancelRequest: from a key that Partywall made to the server that works for that session
 * now. */
#pragma once

#include "protocol/slice.h"

#include <stddef.h>
#include <stdint.h>

struct session;
struct worker;

#define CANCEL_KEY_BYTES     32 /* protocol 3.2 */
#define CANCEL_KEY_OLD_BYTES 4  /* protocol 3.0 */

/* The session's key, made from the process's secret, so that nobody has to keep it.  Returns its length; 0: no
 * key, no cancelling. */
size_t cancel_key(const struct session *s, uint8_t ret[CANCEL_KEY_BYTES]);
/* Whoever asks learns nothing: a wrong key is ignored, as is a session with nothing to cancel. */
void cancel_request(struct worker *w, uint32_t pid, struct slice key);
