/* flow.h: the replies a server still owes, in order, and what each means to the client.
 *
 * For every message sent to a server that is answered, one entry is pushed.  When the answer's last
 * message arrives, the entry at the head says what to do with it and is popped.  Entries may also
 * carry bytes that Partywall answers itself: they are due as soon as they reach the head.
 *
 *   FORWARD  the client asked: pass the reply on
 *   SWALLOW  we asked (settings replay, re-prepare): drop the reply, keep its meaning
 *   INJECT   nobody was asked: our own bytes, in their place in the order
 *
 * After an ErrorResponse in the extended protocol the server skips everything up to Sync, simple
 * queries and function calls included (PostgresMain, ignore_till_sync): see flow_error.  A ring, no allocation per request beyond its growth;
 * bounded by FLOW_MAX entries (54000 beyond).  Tag/arg are the owner's (statement id, ...). */
#pragma once

#include "protocol/err.h"
#include "protocol/slice.h"

#include <stdint.h>

enum flow_fate { FLOW_FORWARD, FLOW_SWALLOW, FLOW_INJECT };

/* What ends the reply: the frontend message it answers. */
enum flow_kind {
    FLOW_PARSE,    /* '1' */
    FLOW_BIND,     /* '2' */
    FLOW_CLOSE,    /* '3' */
    FLOW_DESCRIBE_STATEMENT, /* 't' then 'T' or 'n' */
    FLOW_DESCRIBE_PORTAL,    /* 'T' or 'n' */
    FLOW_EXECUTE,  /* 'C' 's' 'I' */
    FLOW_SYNC,     /* 'Z' */
    FLOW_QUERY,    /* 'Z' */
    FLOW_FUNCTION, /* 'Z' */
    FLOW_LOCAL,    /* INJECT only: nothing from the server */
};

#define FLOW_MAX 65536u

struct flow_entry {
    enum flow_kind kind;
    enum flow_fate fate;
    uint64_t arg;        /* the owner's */
    char *bytes;         /* INJECT: owned, freed when popped */
    uint32_t bytes_len;
};

struct flow; /* opaque; see flow_new */

struct flow *flow_new(void);
void flow_free(struct flow *f);
void flow_reset(struct flow *f);
/* 0, or -1: full or no memory (54000/53200). */
int flow_push(struct flow *f, enum flow_kind kind, enum flow_fate fate, uint64_t arg, struct err *err) MUSTCHECK;
/* Copies ${bytes}. */
int flow_push_inject(struct flow *f, struct slice bytes, struct err *err) MUSTCHECK;
/* The head, or NULL when nothing is owed.  Borrowed until the next call. */
const struct flow_entry *flow_head(const struct flow *f);
/* The ${i}th entry from the head, or NULL. */
const struct flow_entry *flow_at(const struct flow *f, size_t i);
void flow_pop(struct flow *f);
size_t flow_len(const struct flow *f);
/* Entries whose reply ends in ReadyForQuery and that are still owed. */
size_t flow_syncs(const struct flow *f);
/* Does a backend message of ${type} end the reply of ${kind}? */
bool flow_ends(enum flow_kind kind, char type);
/* An ErrorResponse has arrived, for the head.  If the head is SYNC, QUERY or FUNCTION nothing is
 * popped: its ReadyForQuery follows.  Otherwise pop up to (not including) the next SYNC entry, calling
 * ${dropped} (may be NULL) for each entry popped, so that its owner can undo it.  Should no SYNC be
 * there yet, everything is popped, and the server ignores whatever is sent to it before Sync. */
void flow_error(struct flow *f, void (*dropped)(void *owner, const struct flow_entry *e), void *owner);
