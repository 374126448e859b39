/* limits.h: the maxima of every growing buffer, with the reason for each. */
#pragma once

/* A statement and its parameters are read whole; the statement alone is bounded by
 * policy.limits.statement_bytes, so this bounds Bind: PostgreSQL takes 1 GiB, we do not hold that.
 */
#define LIMIT_MESSAGE_BYTES ((size_t)64 << 20)
/* What waits for a client that does not read: beyond HIGH the server is no longer read, below LOW
 * it is again. One libpq read is 16 KiB. */
#define LIMIT_CLIENT_HIGH_BYTES ((size_t)256 << 10)
#define LIMIT_CLIENT_LOW_BYTES  ((size_t)64 << 10)
/* The same towards a server that does not read. */
#define LIMIT_SERVER_HIGH_BYTES ((size_t)256 << 10)
#define LIMIT_SERVER_LOW_BYTES  ((size_t)64 << 10)
/* Hard end of any link's queue: two messages of the largest size may meet in it. */
#define LIMIT_QUEUE_BYTES (2 * LIMIT_MESSAGE_BYTES + ((size_t)1 << 20))
/* Prepared statements a client may keep, and their names' bytes (wire case 80). */
#define LIMIT_CLIENT_STATEMENTS    10000
#define LIMIT_STATEMENT_NAME_BYTES 4096
/* The texts of these together: they are kept, to be decided anew when catalog or policy change. */
#define LIMIT_CLIENT_STATEMENT_BYTES ((size_t)64 << 20)
/* A batch of a client that is kept, to be sent once more should a plan be stale; a longer one is not. */
#define LIMIT_HEAL_BYTES ((size_t)16 << 10)
/* Memory of a worker's plan cache. */
#define LIMIT_PLAN_CACHE_BYTES ((size_t)64 << 20)
/* Channels that a client listens to. */
#define LIMIT_CLIENT_CHANNELS 1000
/* Notifications that wait until a client's transaction is over, or until it reads; beyond, it is told that
 * some are lost: its connection ends. */
#define LIMIT_NOTIFICATION_BYTES ((size_t)4 << 20)
/* A server must close the connection of a CancelRequest within this time; else the one that it was for is closed,
 * because it may still be hit. */
#define LIMIT_CANCEL_MS 5000

/* A file of the configuration; beyond it, tenants and secrets belong elsewhere. */
#define LIMIT_CONF_FILE_BYTES ((size_t)1 << 20)
/* All files together: what `include` may pull in. */
#define LIMIT_CONF_FILES 256
/* Nesting of a file; the deepest known key stands at 6. */
#define LIMIT_CONF_DEPTH 32
/* Tables above one another by `through`: each is one more subquery in every statement.  policy/
 * follows as many (scope_access.c). */
#define LIMIT_ANCESTORS 8
/* Addresses to listen at. */
#define LIMIT_LISTENERS 64
/* Diagnoses given at once: more than one can mend before the next try. */
#define LIMIT_CONF_ERRORS 100
/* A secret: libpq and the SCRAM exchange take no more. */
#define LIMIT_SECRET_BYTES 1000
/* Iterations of a verifier that Partywall itself runs, for whoever presents a password: some 40 ms. */
#define LIMIT_PASSWORD_ITERATIONS 100000
/* Names of back ends and logins (PostgreSQL's NAMEDATALEN) and of tenants. */
#define LIMIT_NAME_BYTES        63
#define LIMIT_TENANT_NAME_BYTES 255
