/* wheel.h: a worker's timers: a hierarchical timing wheel, driven by one uv_timer.
 *
 * Starting and stopping a timer costs the same however many there are; while nothing falls due the
 * loop sleeps.  Timers fire from the loop, never early, and at most WHEEL_TICK_MS and what the loop
 * was busy with late.  Each is embedded in its owner, which stops it before it goes.
 * After Varghese and Lauck, "Hashed and Hierarchical Timing Wheels", 1987. */
#pragma once

#include "daemon/list.h"

#include <stdint.h>
#include <uv.h>

#define WHEEL_TICK_MS UINT64_C(8)
#define WHEEL_LEVELS  4
#define WHEEL_SLOTS   64 /* of a level; a slot is as long as the whole level below it */

struct wheel_timer {
    struct list node;
    uint64_t due; /* tick */
    void (*fire)(struct wheel_timer *t);
};

struct wheel {
    uint64_t tick; /* all slots before it are empty */
    uint64_t occupied[WHEEL_LEVELS]; /* a bit for each slot: it may hold timers */
    struct list slots[WHEEL_LEVELS][WHEEL_SLOTS];
    uv_timer_t *driver; /* NULL: driven by hand */
    uint64_t armed;     /* the tick at which the driver comes, UINT64_MAX: not at all */
};

/* ${driver}, initialised by the caller, who also closes it, after the last timer has been stopped;
 * NULL: the caller calls wheel_turn himself. */
void wheel_init(struct wheel *w, uint64_t now_ms, uv_timer_t *driver);
void wheel_timer_init(struct wheel_timer *t);
/* Fire once, ${ms} after ${now_ms}; a timer that runs is started anew. */
void wheel_start(struct wheel *w, struct wheel_timer *t, uint64_t now_ms, uint64_t ms,
                 void (*fire)(struct wheel_timer *t));
/* Idempotent. */
void wheel_stop(struct wheel_timer *t);
bool wheel_runs(const struct wheel_timer *t);
/* Fire what is due at ${now_ms}.  Timers may be started and stopped from within. */
void wheel_turn(struct wheel *w, uint64_t now_ms);
/* When wheel_turn has to be called again, in the time of its arguments; UINT64_MAX: never. */
uint64_t wheel_next_ms(const struct wheel *w);
