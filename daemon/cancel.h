/* cancel.h: CancelRequest: from a key that Partywall made to the server that works for that session
 * now. */
#pragma once

#include "protocol/slice.h"

#include <stdint.h>

struct session;
struct worker;

/* Make the session's key. */
void cancel_make_key(struct session *s);
/* Whoever asks learns nothing: a wrong key is ignored, as is a session with nothing to cancel. */
void cancel_request(struct worker *w, uint32_t pid, struct slice key);
