/* quota.h: what a tenant may have at a time or in a second, over all its clients.
 *
 * Each tenant that has clients has a quota, found by name when a client comes (or chooses another
 * tenant) and pointed at from then on. Statements are paced evenly: each has its due time, one
 * interval after the one before it; a tenth of a second's worth may come at once. Who is early is
 * told how long to wait. A quota goes with its last client, once nothing is due any more: so to
 * leave and come back makes nobody faster.
 *
 * No loop, and the clock's time is an argument (as in fair.h). Any thread may call: one lock guards
 * all quotas. Costs do not depend on their number. */
#pragma once

#include "protocol/err.h"
#include "protocol/slice.h"

#include <stdint.h>

struct quota; /* one tenant's */
struct quotas;

/* NULL: no memory. */
struct quotas *quotas_new(void);
/* No client may be left; NULL may go. */
void quotas_free(struct quotas *q);

/* One more client of ${tenant}, which may have ${most} (0: no limit).  NULL: ${err}, 53300 or
 * 53200. */
struct quota *quota_enter(struct quotas *q, struct slice tenant, uint32_t most, uint64_t now_us,
                          struct err *err) MUSTCHECK;
/* It goes; NULL may leave. */
void quota_leave(struct quotas *q, struct quota *it, uint64_t now_us);
/* ${n} statements of a tenant that may have ${per_second}: how many us must pass until they may
 * run? They count as run.  -1: more than ${most_us}, and they do not count: 53400. */
int64_t quota_pace(struct quotas *q, struct quota *it, uint32_t per_second, uint32_t n,
                   uint64_t most_us, uint64_t now_us);
