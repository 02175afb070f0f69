/*
 * poller.c - the thread that polls, and how far its calls stand apart.
 */
#include <outlookfs/triggers/poller.h>

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/cancel.h>
#include <outlookfs/base/clock.h>
#include <outlookfs/remote/remote.h>
#include <outlookfs/sync/mailbox.h>
#include <outlookfs/sync/triggers.h>

#include <pthread.h>
#include <stdlib.h>

#define RATE_USUAL 300         /* calls a minute, where the remote says nothing */
#define SHARE (120 * NS_PER_S) /* two minutes for the calls of one: half of the budget */

struct poller {
    struct mailbox *mailbox;
    struct triggers *triggers;
    struct cancel stop;
    pthread_t thread;
};

static int64_t spacing(struct poller *p)
{
    struct http_stats stats = {0};

    remote_stats(mailbox_remote(p->mailbox), &stats);
    return SHARE / (stats.rate ? stats.rate : RATE_USUAL);
}

static void *run(void *arg)
{
    struct poller *p = arg;
    int64_t free_at = 0; /* clock_mono(): no call before */

    while (!cancel_fired(&p->stop)) {
        int64_t now = clock_mono(), when = free_at;
        int64_t id = now < free_at ? 0 : triggers_due(p->triggers, &when);

        if (!id) {
            triggers_wait(p->triggers, when, &p->stop);
            continue;
        }
        bool more = triggers_poll(p->triggers, id, &p->stop);
        free_at = more ? 0 : now + spacing(p);
    }
    return NULL;
}

int poller_start(struct mailbox *mb, struct poller **ret)
{
    struct poller *p = xcalloc(1, sizeof(*p));

    p->mailbox = mb;
    p->triggers = mailbox_triggers(mb);
    cancel_init(&p->stop);
    int rc = pthread_create(&p->thread, NULL, run, p);
    if (rc) {
        free(p);
        return -rc;
    }
    *ret = p;
    return 0;
}

void poller_stop(struct poller *p)
{
    if (!p)
        return;
    cancel_fire(&p->stop);
    triggers_kick(p->triggers);
    pthread_join(p->thread, NULL);
    free(p);
}
