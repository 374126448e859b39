/* track.h: the settings a client has made, apart from the server connections it happens to use.
 *
 * A track_set is an immutable, counted list of name and value; names in lower case, values as
 * set_config() takes them.  A server connection remembers the set that was applied to it, a client
 * the set it wants: when a lease begins, track_replay writes the statements that lead from the one
 * to the other. A struct track follows a client's transaction: changes are undone by ROLLBACK and
 * ROLLBACK TO. */
#pragma once

#include "protocol/buf.h"
#include "protocol/err.h"

struct track_set;

/* ${name} as it is in sets: in lower case, cut to what fits. */
void track_name(char ret[ERR_NAME_BYTES], const char *name);

/* The empty set needs no memory: NULL stands for it everywhere. */
struct track_set *track_set_ref(struct track_set *s);
void track_set_unref(struct track_set *s);
size_t track_set_len(const struct track_set *s);
const char *track_set_name(const struct track_set *s, size_t i);
const char *track_set_value(const struct track_set *s, size_t i);
/* NULL: not in it. */
const char *track_set_get(const struct track_set *s, const char *name);
bool track_set_equal(const struct track_set *a, const struct track_set *b);
/* Into ${ret} a new reference: ${s} with ${name} set to ${value}, or without it if that is NULL.
 * -1: 53200. */
int track_set_with(struct track_set *s, const char *name, const char *value, struct track_set **ret,
                   struct err *err) MUSTCHECK;

/* Into ${ret} one with the same settings that nobody else has: references are counted by one thread. */
int track_set_copy(const struct track_set *s, struct track_set **ret, struct err *err) MUSTCHECK;

/* Append the statements that make a server which ${has} look as the client ${wants}; nothing if
 * equal.
 * ${unknown}: ${has} is not to be relied on, begin with RESET ALL. */
void track_replay(const struct track_set *has, bool unknown, const struct track_set *wants,
                  struct buf *ret);
/* Append ${text} as a string literal. */
void track_quote(struct buf *b, const char *text);

struct track_mark { /* a savepoint */
    char *name;
    struct track_set *set;
};

struct track {
    struct track_set *base; /* from start-up: what RESET leads back to */
    struct track_set *now;
    struct track_set *start;
    struct track_mark *marks; /* room for the next power of two */
    uint32_t nmarks;
    bool changed; /* in this transaction: `start` is what ROLLBACK leads back to */
};

/* Most clients begin with settings that others have begun with, too: one set in memory for all. */
#define TRACK_SHARED_SETS 64
struct track_shared {
    struct track_set *recent[TRACK_SHARED_SETS]; /* by a hash of the content */
};
void track_shared_release(struct track_shared *shared);

void track_init(struct track *g);
/* Before any change: share base and now with others whose are equal. */
void track_share(struct track *g, struct track_shared *shared);
void track_release(struct track *g);
/* ${name} at start-up: into base and now. */
int track_start(struct track *g, const char *name, const char *value, struct err *err) MUSTCHECK;
/* ${name} into base alone. */
int track_rebase(struct track *g, const char *name, const char *value, struct err *err) MUSTCHECK;
/* The server has said SET.  ${value} NULL: back to base. */
int track_change(struct track *g, const char *name, const char *value, struct err *err) MUSTCHECK;
void track_reset_all(struct track *g);
int track_savepoint(struct track *g, const char *name, struct err *err) MUSTCHECK;
void track_release_savepoint(struct track *g, const char *name);
void track_rollback_to(struct track *g, const char *name);
void track_commit(struct track *g);
void track_rollback(struct track *g);
