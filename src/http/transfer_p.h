/*
 * transfer_p.h - one exchange as a curl handle: its options, its callbacks, and how it ended.
 *
 * Threads: the network thread only.
 */
#ifndef OUTLOOKFS_HTTP_TRANSFER_P_H
#define OUTLOOKFS_HTTP_TRANSFER_P_H

#include "exchange_p.h"

struct transfer_options {
    const char *base_url;
    bool loopback;
    long connect_ms;
};

/* Makes ex->easy, not yet in a multi handle. -EINVAL: curl refuses the request, and ex->end says so. */
int transfer_begin(struct exchange *ex, const struct transfer_options *options);

/* Sets ex->end, ex->sent and the answer's status, headers and date from curl's result. */
void transfer_finish(struct exchange *ex, CURLcode code);

/* Releases ex->easy, which has left its multi handle, and wipes the copy of the token. */
void transfer_release(struct exchange *ex);

/* Sets the certificates that TLS trusts. */
void transfer_trust(CURL *easy);

#endif
