/*
 * notices.c - a thread that looks after what a person must know and do: a new token, which is
 * noticed while nobody asks for anything, and, with notify=desktop, a word on the desktop.
 */
#include "serve_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/cancel.h>
#include <outlookfs/base/mutex.h>
#include <outlookfs/remote/remote.h>
#include <outlookfs/store/state.h>
#include <outlookfs/sync/mailbox.h>

#include <errno.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define LOOK_EVERY NS_PER_S
#define DESKTOP_EVERY (60 * NS_PER_S) /* between two words of one kind */

extern char **environ;

struct notices {
    struct mailbox *mailbox;
    bool desktop;
    pthread_t thread;
    struct cancel cancel;

    struct mutex lock;
    pthread_cond_t changed;
    bool stopping; /* guarded by lock */

    /* of the thread */
    bool authorised;
    struct journal_counts counts;
    int64_t said_at;
};

/* --- the desktop --- */

/* notify-send is what desktops ship for this; a session without one is not an error. */
static void say(struct notices *n, const char *text)
{
    char *argv[] = {"notify-send", "--app-name=outlookfs", "--", "outlookfs", (char *)text, NULL};
    posix_spawn_file_actions_t files;
    pid_t pid;

    if (!n->desktop || (n->said_at && clock_mono() < n->said_at + DESKTOP_EVERY))
        return;
    n->said_at = clock_mono();
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_addclosefrom_np(&files, STDERR_FILENO + 1);
    if (posix_spawnp(&pid, argv[0], &files, NULL, argv, environ) == 0) {
        while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
            ;
    }
    posix_spawn_file_actions_destroy(&files);
}

static void look_at_counts(struct notices *n)
{
    struct journal_counts now = {0}, before = n->counts;

    if (!n->desktop || state_count_ops(mailbox_state(n->mailbox), &now))
        return;
    if (now.conflict > before.conflict)
        say(n, "A change is in conflict: see .outlookfs/conflicts/");
    else if (now.failed > before.failed)
        say(n, "The service refuses a change: see .outlookfs/failed/");
    n->counts = now;
}

/* --- the token --- */

static void look_at_token(struct notices *n)
{
    struct http_stats stats = {0};

    remote_stats(mailbox_remote(n->mailbox), &stats);
    if (n->authorised && !stats.authorised)
        say(n, stats.refusal);
    n->authorised = stats.authorised;
    if (!stats.authorised && stats.token_there != stats.token_read)
        mailbox_probe(n->mailbox, &n->cancel, NULL);
}

/* --- the thread --- */

static void *notices_main(void *arg)
{
    struct notices *n = arg;
    bool stopping = false;

    while (!stopping) {
        look_at_token(n);
        look_at_counts(n);
        mutex_lock(&n->lock);
        if (!n->stopping)
            clock_wait(&n->changed, &n->lock, clock_mono() + LOOK_EVERY);
        stopping = n->stopping;
        mutex_unlock(&n->lock);
    }
    return NULL;
}

int notices_start(struct mailbox *mailbox, bool desktop, struct notices **ret)
{
    struct notices *n = xcalloc(1, sizeof(*n));

    n->mailbox = mailbox;
    n->desktop = desktop;
    n->authorised = true;
    if (desktop)
        state_count_ops(mailbox_state(mailbox), &n->counts);
    cancel_init(&n->cancel);
    mutex_init(&n->lock, MUTEX_NOTICES);
    clock_cond_init(&n->changed);
    int rc = pthread_create(&n->thread, NULL, notices_main, n);
    if (rc) {
        pthread_cond_destroy(&n->changed);
        mutex_release(&n->lock);
        free(n);
        return -rc;
    }
    *ret = n;
    return 0;
}

void notices_stop(struct notices *n)
{
    if (!n)
        return;
    mutex_lock(&n->lock);
    n->stopping = true;
    pthread_cond_signal(&n->changed);
    mutex_unlock(&n->lock);
    cancel_fire(&n->cancel);
    pthread_join(n->thread, NULL);
    pthread_cond_destroy(&n->changed);
    mutex_release(&n->lock);
    free(n);
}
