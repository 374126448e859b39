/* pool_host.h: what pools of one back end have to do with each other: the calls that host.h asks for. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct commons;
struct host;
struct server;
struct target;

/* Without locks, after anything that may have changed whose turn it is: call who may take a server, else, where
 * somebody waits for one, who has an idle one.  NULL may be.  Costs nothing while nobody wants. */
void pool_host_call(struct host *h);
/* A server that was counted is no more. */
void pool_host_give(struct commons *c);
/* Is ${s} one too many, or another pool's?  Under the lock. */
bool pool_is_surplus(const struct server *s, uint64_t now_ms);
/* Close idle servers that the pool is to do without, the longest so first. */
void pool_spare(struct target *t);
