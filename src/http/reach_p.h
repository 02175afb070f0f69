/*
 * reach_p.h - whether the service can be reached, and when to ask it.
 *
 * Online until a connection cannot be made; then offline until a probe, or anything else, gets any
 * answer at all. A connection that merely broke is a reason to probe, not to call the service
 * unreachable.
 *
 * Pure: no clock of its own; `now` is clock_mono(). Threads: owner only.
 */
#ifndef OUTLOOKFS_HTTP_REACH_P_H
#define OUTLOOKFS_HTTP_REACH_P_H

#include <stdbool.h>
#include <stdint.h>

#define REACH_NEVER INT64_MAX

struct reach {
    int64_t first, max; /* the pause before a probe, and what it doubles to; ns */
    bool online;
    bool probing;
    int64_t probe_at; /* REACH_NEVER: there is no reason to probe */
    int64_t delay;    /* the next pause; ns */
    int64_t probed_at;
};

void reach_init(struct reach *r, int64_t first, int64_t max, int64_t now);

/* The caller sends a probe now, and reports its end with reach_probed() and one of the next three. */
void reach_probing(struct reach *r, int64_t now);
void reach_probed(struct reach *r);

void reach_answered(struct reach *r);               /* any answer at all */
void reach_failed(struct reach *r, int64_t now);    /* no connection could be made */
void reach_suspected(struct reach *r, int64_t now); /* a connection broke */

#endif
