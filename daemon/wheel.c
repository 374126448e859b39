/* Tick t has slot (t >> 6k) & 63 on level k.  A timer stands on the lowest level whose slots, counted
 * from now, reach its tick; when its slot's time comes it moves to a lower level, and from the lowest it
 * fires.  What lies beyond the highest level waits in that level's last slot, as often as it takes. */
#include "daemon/wheel.h"

#define SLOT_BITS 6
#define SLOT_MASK (WHEEL_SLOTS - 1)

static uint64_t span(int level) /* ticks of one slot */
{
    return UINT64_C(1) << (SLOT_BITS * level);
}

static uint64_t slot_number(uint64_t tick, int level)
{
    return tick >> (SLOT_BITS * level);
}

/* The tick at which the first occupied slot of ${level} begins. */
static uint64_t next_of(const struct wheel *w, int level)
{
    uint64_t now = slot_number(w->tick, level), bits = w->occupied[level];
    if (bits == 0)
        return UINT64_MAX;
    unsigned from = (unsigned)(now + 1) & SLOT_MASK; /* a slot of now's number is a whole turn away */
    uint64_t turned = from ? bits >> from | bits << (WHEEL_SLOTS - from) : bits;
    return (now + 1 + (uint64_t)__builtin_ctzll(turned)) << (SLOT_BITS * level);
}

static uint64_t next_tick(const struct wheel *w)
{
    uint64_t next = UINT64_MAX;
    for (int level = 0; level < WHEEL_LEVELS; level++) {
        uint64_t at = next_of(w, level);
        next = at < next ? at : next;
    }
    return next;
}

static void place(struct wheel *w, struct wheel_timer *t)
{
    uint64_t due = t->due, last = w->tick + span(WHEEL_LEVELS) - 1;
    if (due <= w->tick)
        due = w->tick + 1;
    if (due > last)
        due = last;
    int level = 0;
    while (due - w->tick >= span(level + 1))
        level++;
    uint64_t slot = slot_number(due, level) & SLOT_MASK;
    list_append(&w->slots[level][slot], &t->node);
    w->occupied[level] |= UINT64_C(1) << slot;
}

/* The driver comes when the next slot's time comes.  A stopped timer leaves it as it is: it comes once for
 * nothing. */
static void on_driver(uv_timer_t *driver);

static void drive(struct wheel *w)
{
    uint64_t next = w->driver ? next_tick(w) : UINT64_MAX;
    if (next >= w->armed)
        return;
    uint64_t now = uv_now(w->driver->loop), at = next * WHEEL_TICK_MS;
    w->armed = next;
    uv_timer_start(w->driver, on_driver, at > now ? at - now : 0, 0);
}

static void on_driver(uv_timer_t *driver)
{
    struct wheel *w = driver->data;
    w->armed = UINT64_MAX;
    wheel_turn(w, uv_now(driver->loop));
    drive(w);
}

void wheel_init(struct wheel *w, uint64_t now_ms, uv_timer_t *driver)
{
    *w = (struct wheel){.tick = now_ms / WHEEL_TICK_MS, .driver = driver, .armed = UINT64_MAX};
    for (int level = 0; level < WHEEL_LEVELS; level++)
        for (int slot = 0; slot < WHEEL_SLOTS; slot++)
            list_init(&w->slots[level][slot]);
    if (driver)
        driver->data = w;
}

void wheel_timer_init(struct wheel_timer *t)
{
    *t = (struct wheel_timer){0};
    list_init(&t->node);
}

void wheel_start(struct wheel *w, struct wheel_timer *t, uint64_t now_ms, uint64_t ms,
                 void (*fire)(struct wheel_timer *t))
{
    uint64_t at = now_ms + ms < ms ? UINT64_MAX - WHEEL_TICK_MS : now_ms + ms;
    uint64_t now = now_ms / WHEEL_TICK_MS;
    list_remove(&t->node);
    if (now > w->tick && next_tick(w) > now)
        w->tick = now; /* time in which nothing fell due */
    t->due = (at + WHEEL_TICK_MS - 1) / WHEEL_TICK_MS;
    t->fire = fire;
    place(w, t);
    drive(w);
}

void wheel_stop(struct wheel_timer *t)
{
    list_remove(&t->node);
}

bool wheel_runs(const struct wheel_timer *t)
{
    return list_linked(&t->node);
}

/* The time of the slots that begin at the present tick has come. */
static void open_slots(struct wheel *w)
{
    for (int level = WHEEL_LEVELS - 1; level >= 0; level--) {
        uint64_t slot = slot_number(w->tick, level) & SLOT_MASK;
        struct list now;
        if (w->tick & (span(level) - 1))
            continue;
        list_init(&now);
        list_splice(&now, &w->slots[level][slot]);
        w->occupied[level] &= ~(UINT64_C(1) << slot);
        for (struct list *n; (n = list_shift(&now));) {
            struct wheel_timer *t = list_entry(n, struct wheel_timer, node);
            if (t->due <= w->tick)
                t->fire(t);
            else
                place(w, t);
        }
    }
}

void wheel_turn(struct wheel *w, uint64_t now_ms)
{
    uint64_t now = now_ms / WHEEL_TICK_MS, next;
    while ((next = next_tick(w)) <= now) {
        w->tick = next;
        open_slots(w);
    }
    if (now > w->tick)
        w->tick = now;
}

uint64_t wheel_next_ms(const struct wheel *w)
{
    uint64_t next = next_tick(w);
    return next == UINT64_MAX ? UINT64_MAX : next * WHEEL_TICK_MS;
}
