/* guc.h: the settings a client has made, apart from the server connections it happens to use.
 *
 * A guc_set is an immutable, counted list of name and value; names in lower case, values as set_config()
 * takes them.  A server connection remembers the set that was applied to it, a client the set it wants: when
 * a lease begins, guc_replay writes the statements that lead from the one to the other.
 * A struct guc follows a client's transaction: changes are undone by ROLLBACK and ROLLBACK TO. */
#pragma once

#include "protocol/buf.h"
#include "protocol/err.h"

struct guc_set;

/* The empty set needs no memory: NULL stands for it everywhere. */
struct guc_set *guc_set_ref(struct guc_set *s);
void guc_set_unref(struct guc_set *s);
size_t guc_set_len(const struct guc_set *s);
const char *guc_set_name(const struct guc_set *s, size_t i);
const char *guc_set_value(const struct guc_set *s, size_t i);
/* NULL: not in it. */
const char *guc_set_get(const struct guc_set *s, const char *name);
bool guc_set_equal(const struct guc_set *a, const struct guc_set *b);
/* Into ${ret} a new reference: ${s} with ${name} set to ${value}, or without it if that is NULL.  -1: 53200. */
int guc_set_with(struct guc_set *s, const char *name, const char *value, struct guc_set **ret,
                 struct err *err) MUSTCHECK;

/* Append the statements that make a server which ${has} look as the client ${wants}; nothing if equal.
 * ${unknown}: ${has} is not to be relied on, begin with RESET ALL. */
void guc_replay(const struct guc_set *has, bool unknown, const struct guc_set *wants,
                struct buf *ret);
/* Append ${text} as a string literal. */
void guc_quote(struct buf *b, const char *text);

struct guc_mark { /* a savepoint */
    char *name;
    struct guc_set *set;
};

struct guc {
    struct guc_set *base;  /* from start-up: what RESET leads back to */
    struct guc_set *now;
    bool changed;          /* in this transaction: `start` is what ROLLBACK leads back to */
    struct guc_set *start;
    struct guc_mark *marks;
    size_t nmarks, cap;
};

void guc_init(struct guc *g);
void guc_release(struct guc *g);
/* ${name} at start-up: into base and now. */
int guc_start(struct guc *g, const char *name, const char *value, struct err *err) MUSTCHECK;
/* The server has said SET.  ${value} NULL: back to base. */
int guc_change(struct guc *g, const char *name, const char *value, struct err *err) MUSTCHECK;
void guc_reset_all(struct guc *g);
int guc_savepoint(struct guc *g, const char *name, struct err *err) MUSTCHECK;
void guc_release_savepoint(struct guc *g, const char *name);
void guc_rollback_to(struct guc *g, const char *name);
void guc_commit(struct guc *g);
void guc_rollback(struct guc *g);
