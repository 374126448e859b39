/* channels_store.h: the connection to an embedded store that listens: what libpq is to a PostgreSQL. */
#pragma once

#include "protocol/err.h"

#include <stdbool.h>
#include <stdint.h>

struct store;
struct channels_store;

/* NULL: 58030, 53200. */
struct channels_store *channels_store_open(struct store *store, struct err *err) MUSTCHECK;
/* Waits until its thread has ended, which is idle. */
void channels_store_close(struct channels_store *s);
int channels_store_fd(const struct channels_store *s);
/* Queue a Query.  -1: too long. */
int channels_store_query(struct channels_store *s, const char *sql) MUSTCHECK;
/* Write what is queued: 1 something is left, 0, -1 the connection has failed. */
int channels_store_flush(struct channels_store *s) MUSTCHECK;
/* Read what there is.  -1: the connection has failed. */
int channels_store_read(struct channels_store *s) MUSTCHECK;

enum channels_store_said { CHANNELS_STORE_NOTHING, CHANNELS_STORE_HEARD, CHANNELS_STORE_OVER, CHANNELS_STORE_FAILED };
struct channels_store_message { /* HEARD; borrowed until the next call */
    const char *channel, *payload;
    uint32_t pid;
};
/* The next thing that it has said: NOTHING if no more of it has come. */
enum channels_store_said channels_store_next(struct channels_store *s,
                                             struct channels_store_message *ret);
