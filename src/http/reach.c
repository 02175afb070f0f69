/*
 * reach.c - the states online and offline, and when the next probe is due.
 */
#include "reach_p.h"

void reach_init(struct reach *r, int64_t first, int64_t max, int64_t now)
{
    *r = (struct reach){
        .first = first,
        .max = max,
        .online = true,
        .probe_at = REACH_NEVER,
        .delay = first,
        .probed_at = now - first,
    };
}

void reach_probing(struct reach *r, int64_t now)
{
    r->probing = true;
    r->probe_at = REACH_NEVER;
    r->probed_at = now;
}

void reach_probed(struct reach *r)
{
    r->probing = false;
}

void reach_answered(struct reach *r)
{
    r->online = true;
    r->probe_at = REACH_NEVER;
    r->delay = r->first;
}

/* While a probe is planned or under way, further failures say nothing new: they do not push it
 * back. */
void reach_failed(struct reach *r, int64_t now)
{
    if (!r->probing && (r->online || r->probe_at == REACH_NEVER)) {
        r->probe_at = now + r->delay;
        r->delay = r->delay < r->max / 2 ? r->delay * 2 : r->max;
    }
    r->online = false;
}

/* A service that breaks every connection but answers probes is not probed more often than one that
 * is away. */
void reach_suspected(struct reach *r, int64_t now)
{
    int64_t soonest = r->probed_at + r->first;

    if (!r->probing && r->probe_at == REACH_NEVER)
        r->probe_at = soonest > now ? soonest : now;
}
