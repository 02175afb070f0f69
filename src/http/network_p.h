/*
 * network_p.h - the network thread: it owns every curl handle, the queue, the throttle and the
 * question whether the service can be reached.
 *
 * Threads: all functions from any thread, except create and destroy.
 */
#ifndef OUTLOOKFS_HTTP_NETWORK_P_H
#define OUTLOOKFS_HTTP_NETWORK_P_H

#include "exchange_p.h"

#include <outlookfs/base/clock.h>

#define RETRY_AFTER_MAX 120 /* s; the service has been seen to ask for an hour */

/* The waits that tests shorten; ns. */
struct http_timing {
    int64_t retry_first; /* before a GET is tried again; doubles */
    int64_t probe_first; /* before the first probe; doubles up to probe_max */
    int64_t probe_max;
    int64_t hold; /* after a 429 that names no time */
};

#define HTTP_TIMING_DEFAULT ((struct http_timing){NS_PER_S, NS_PER_S, 60 * NS_PER_S, 10 * NS_PER_S})

struct network;
struct buf;

/*
 * Starts the thread. `config` has no zeroes left to fill in, and its strings outlive the network.
 */
int network_create(const struct http_config *config, bool loopback,
                   const struct http_timing *timing, struct network **ret, struct buf *err);

/* Ends the thread. Exchanges that wait, are under way or come later end with END_CANCELLED. */
void network_stop(struct network *n);

/* After network_stop(), when all callers are out. */
void network_destroy(struct network *n);

/* Runs the exchange to its end, and waits for that or its cancel. Afterwards `ex` says how it ended, and is
 * the caller's alone. */
void network_run(struct network *n, struct exchange *ex);

bool network_online(const struct network *n);

/* clock_mono() at which the throttle lets the next request go: now or later. */
int64_t network_ready(struct network *n, enum http_priority priority);

/* All members but `authorised`. */
void network_stats(struct network *n, struct http_stats *ret);

#endif
