/* notify.h: LISTEN and NOTIFY (notify.c). */
#pragma once

#include "daemon/store/conn.h"

int notify_init(struct store_conn *c);
void notify_release(struct store_conn *c);
int notify_say(struct store_conn *c, const char *channel, const char *payload,
               struct err *err) MUSTCHECK;
/* LISTEN, UNLISTEN; ${channel} NULL: UNLISTEN *. */
int notify_listen(struct store_conn *c, const char *channel, bool on, struct err *err) MUSTCHECK;
/* What was said inside more than ${depth} savepoints (or all) is taken back; or it becomes the outer
 * one's. */
void notify_forget(struct store_conn *c, size_t depth, bool all);
void notify_raise(struct store_conn *c, size_t depth);
/* Before the commit: is there room?  -1: 54000.  After it: everybody is told. */
int notify_check(struct store_conn *c, struct err *err) MUSTCHECK;
void notify_commit(struct store_conn *c);
/* What others have said goes to the client. */
void notify_tell(struct store_conn *c);
/* The i-th channel; false: no more. */
bool notify_channel_at(struct store_conn *c, size_t i, char ret[64]);
