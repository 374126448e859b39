/* startup.h: everything a client may say before authentication.
 *
 * Pure: the session feeds whole start-up packets (frame phase FRAME_STARTUP) and acts on the
 * verdict.  Source: PostgreSQL manual "Start-up", ProcessStartupPacket in postmaster.c,
 * process_postgres_switches in postgres.c for `options`. */
#pragma once

#include "protocol/err.h"
#include "protocol/slice.h"

#include <stdint.h>

enum startup_kind { STARTUP_SSL, STARTUP_GSSENC, STARTUP_CANCEL, STARTUP_SESSION };

#define STARTUP_MAX_PARAMS 64

struct startup_param {
    struct slice name, value; /* both NUL-terminated; borrowed from the packet or from `scratch` */
};

struct startup {
    enum startup_kind kind;
    uint16_t major, minor;
    /* kind CANCEL: */
    uint32_t cancel_pid;
    struct slice cancel_key; /* 4 to 256 bytes */
    /* kind SESSION: */
    struct slice user, database; /* database defaults to user */
    /* Settings in order of effect: `options` taken apart first, then the packet's own parameters
     * (user, database, options, replication excluded).  A later one has replaced an earlier one of
     * the same name (letters' case aside), so each name is here once. */
    struct startup_param params[STARTUP_MAX_PARAMS];
    size_t nparams;
    bool replication;                              /* a replication connection was asked for */
    bool logical;                                  /* ... of one database */
    const char *unknown_options[STARTUP_MAX_PARAMS]; /* `_pq_.*`, for NegotiateProtocolVersion */
    size_t nunknown;
    uint16_t speak_minor; /* 0 or 2: the newest minor version that both sides know */
    /* Send NegotiateProtocolVersion with speak_minor: another minor version was asked for, or
     * nunknown.  Not for a plain 3.2 request: libpq takes an answer without a change as an error. */
    bool negotiate;
    char scratch[20000]; /* the options string taken apart */
};

/* Parse one start-up ${body} (without the length).  The result borrows from it.
 * 0, or -1: 08P01, 0A000 (version), 28000 (no user), 42601 or 22023 (options, replication),
 * 54000 (too many parameters).  After -1 ${ret} has no meaning. */
int startup_read(struct slice body, struct startup *ret, struct err *err) MUSTCHECK;
