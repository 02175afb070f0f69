/*
 * poller.h - the loop that asks the service what is new, one trigger after the other.
 *
 * One thread. Which trigger is due, and what an answer means, is sync/triggers.h; here is when to
 * ask at all. Calls are of background priority, so an interactive request goes first, and two calls
 * stand at least two minutes divided by the rate apart (0.4 s at 300 calls a minute): triggers
 * together take at most half of the budget, however many there are. Only a trigger that has just
 * brought something is asked again at once. Those due longest go first, so none waits behind a busy
 * one.
 *
 * Threads: start and stop by the owner, start after the fork.
 */
#ifndef OUTLOOKFS_TRIGGERS_POLLER_H
#define OUTLOOKFS_TRIGGERS_POLLER_H

struct mailbox;
struct poller;

/* `mb` is not owned and started; it outlives the poller. 0 or -errno. */
int poller_start(struct mailbox *mb, struct poller **ret);
/* Ends a call under way; what it would have brought comes again. NULL is fine. */
void poller_stop(struct poller *p);

#endif
