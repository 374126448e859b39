/* mailbox.h: how a worker is told something by another thread.
 *
 * A mail is embedded in what it is about, so that sending needs no memory and cannot fail.  Mails of
 * one sender arrive in the order in which they were sent.  One that is under way and is sent again
 * arrives once: a mail that says "look again" may be sent as often as there is something new. */
#pragma once

#include "daemon/list.h"
#include "protocol/err.h"

#include <pthread.h>
#include <uv.h>

struct worker;

struct mail {
    struct list node; /* the mailbox's, under its lock */
    /* On the receiver's loop; may free the owner, may send it on. */
    void (*deliver)(struct mail *m, struct worker *w);
    /* Instead, when the receiver's loop has ended; NULL: nothing to be done. */
    void (*drop)(struct mail *m);
};

struct mailbox {
    struct worker *worker;
    uv_async_t bell;
    pthread_mutex_t lock; /* guards what follows, and the nodes in it */
    struct list mails;
};

void mail_init(struct mail *m, void (*deliver)(struct mail *m, struct worker *w),
               void (*drop)(struct mail *m));

/* Its handle keeps the loop running until mailbox_retire; mails still arrive as long as it runs. */
int mailbox_open(struct mailbox *b, struct worker *w, uv_loop_t *loop, struct err *err) MUSTCHECK;
void mailbox_retire(struct mailbox *b);
/* The loop has ended and nobody sends any more: drop what came too late, and close.  It is gone once
 * the loop has run again. */
void mailbox_close(struct mailbox *b);

/* From any thread, its own too.  ${m} stays alive until it has been delivered, dropped or taken back. */
void mailbox_send(struct mailbox *b, struct mail *m);
/* By the receiver: ${m} will not arrive.  Nobody may send it at the same time.  Idempotent. */
void mailbox_take_back(struct mailbox *b, struct mail *m);
