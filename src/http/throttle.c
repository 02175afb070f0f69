/*
 * throttle.c - a ring of the times at which calls were made.
 */
#include "throttle_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/clock.h>

#include <stdlib.h>

#define MINUTE (60 * NS_PER_S)

void throttle_init(struct throttle *t, unsigned rate)
{
    *t = (struct throttle){.rate = rate, .taken = xcalloc(rate, sizeof(*t->taken))};
}

void throttle_release(struct throttle *t)
{
    free(t->taken);
    *t = (struct throttle){0};
}

/* The n-th oldest call of those still counted. */
static int64_t nth(const struct throttle *t, unsigned n)
{
    return t->taken[(t->first + n) % t->rate];
}

static void forget_old(struct throttle *t, int64_t now)
{
    while (t->used > 0 && nth(t, 0) + MINUTE <= now) {
        t->first = (t->first + 1) % t->rate;
        t->used--;
    }
}

int64_t throttle_ready(struct throttle *t, unsigned spare, int64_t now)
{
    unsigned usable = t->rate - spare;
    int64_t ready = now;

    forget_old(t, now);
    if (t->used >= usable)
        ready = nth(t, t->used - usable) + MINUTE;
    else if (t->used > 0 && t->used >= t->rate - t->rate / 4 && t->last + MINUTE / t->rate > now)
        ready = t->last + MINUTE / t->rate;
    return ready > t->held_until ? ready : t->held_until;
}

void throttle_take(struct throttle *t, int64_t now)
{
    forget_old(t, now);
    if (t->used == t->rate) { /* a caller that did not ask: the oldest makes room */
        t->first = (t->first + 1) % t->rate;
        t->used--;
    }
    t->taken[(t->first + t->used) % t->rate] = now;
    t->used++;
    t->last = now;
}

void throttle_hold(struct throttle *t, int64_t until)
{
    if (until > t->held_until)
        t->held_until = until;
}

unsigned throttle_budget(struct throttle *t, int64_t now)
{
    forget_old(t, now);
    return t->rate - t->used;
}
