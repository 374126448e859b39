/* channels.h: one connection that listens on a target for all of its sessions, which are one worker's
 * (wire case 64).
 *
 * Opened with the first subscription, beside the pool: it is not one of its servers and counts for none
 * of its limits.  Closed CHANNELS_IDLE_MS after the last subscription has gone.  NOTIFY itself runs on the
 * servers that sessions lease, so PostgreSQL delivers after the commit alone.
 * Should the connection be lost, notifications may have been, too: every subscriber is told so, and none
 * is left.
 * Names are the server's: of tenants who share a database a digest, see channels_name. */
#pragma once

#include "daemon/list.h"
#include "protocol/err.h"

#include <stdbool.h>
#include <stdint.h>

struct channel;
struct target;

#define CHANNELS_IDLE_MS    60000
#define CHANNELS_NAME_BYTES 64 /* as PostgreSQL's NAMEDATALEN */

/* A session's to one channel; embedded in its owner, which leaves before it goes.  Callbacks come from the
 * loop and may do anything to this subscription. */
struct subscription {
    struct channel *channel; /* NULL: none */
    struct list node;        /* the channel's */
    bool sure;               /* the server listens */
    /* After channels_join has returned 0, once: NULL, or why not (then it is left already). */
    void (*ready)(struct subscription *sub, const struct err *err);
    void (*heard)(struct subscription *sub, uint32_t server_pid, const char *payload);
    void (*lost)(struct subscription *sub); /* it is left already */
};

struct channels_wait { /* embedded in its owner, which removes it before it goes */
    struct list node;
    void (*done)(struct channels_wait *w);
};

/* The server's name for ${channel} of ${tenant}, as policy/scope_call.c makes it in statements; ${tenant} NULL:
 * the channel's own, where no other tenants are.  -1: ${err}. */
int channels_name(const char *tenant, const char *channel, char ret[CHANNELS_NAME_BYTES],
                  struct err *err) MUSTCHECK;

void subscription_init(struct subscription *sub);
/* ${sub}, which has none, wants ${name}.  1: whatever is notified from now on is heard; 0: sub->ready will
 * be called; -1: ${err}. */
int channels_join(struct target *t, struct subscription *sub, const char *name,
                  struct err *err) MUSTCHECK;
/* Idempotent. */
void channels_leave(struct subscription *sub);

/* What is committed by now will have been heard when a count, which is returned, is reached.  ${wait}: NULL,
 * or to be told of it.  0: nothing is listened to, nobody will be told. */
uint64_t channels_settle(struct target *t, struct channels_wait *wait);
/* The count, as far as it has come. */
uint64_t channels_settled(const struct target *t);
/* Idempotent. */
void channels_wait_leave(struct channels_wait *wait);

/* The target ends. */
void channels_close(struct target *t);
