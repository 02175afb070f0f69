/*
 * fs.c - the file system as a whole: made, started, stopped.
 */
#include "fs_p.h"

#include "local/local_p.h"
#include "outbox/outbox_p.h"
#include "records/records_p.h"
#include "triggers/triggers_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/clock.h>

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* The time directories show: that of the first mount, the same ever after. */
static int remember_birth(struct fs *fs)
{
    SCOPED(xfree) char *text = NULL;
    int rc = state_get_meta(fs->state, "birth", &text);

    if (rc == -ENOENT) {
        text = xasprintf("%" PRId64, clock_now() / NS_PER_S * NS_PER_S);
        rc = state_put_meta(fs->state, "birth", text);
    }
    if (!rc)
        fs->birth = strtoll(text, NULL, 10);
    return rc;
}

static bool data_is_used(struct fs *fs, uint64_t ino)
{
    SCOPED(local_release) struct local l = {0};
    SCOPED(slot_release) struct slot slot = {0};
    bool used = !state_get_local(fs->state, ino, &l);

    if (!used && !state_slot_by_ino(fs->state, ino, &slot))
        used = slot.flags & SLOT_LOCAL;
    return used || state_outbox_has_body(fs->state, ino) || state_is_stream(fs->state, ino);
}

/* Bytes of files that were unlinked, or written and not closed, when the program last stopped. */
static int sweep_data(struct fs *fs)
{
    SCOPED(xfree) uint64_t *inos = NULL;
    size_t count = 0;
    int rc = state_data_list(fs->state, &inos, &count);

    for (size_t i = 0; i < count; i++) {
        if (!data_is_used(fs, inos[i]))
            state_data_remove(fs->state, inos[i]);
    }
    return rc;
}

int fs_new(const struct fs_config *config, struct fs **ret, struct buf *err)
{
    struct fs *fs = xcalloc(1, sizeof(*fs));

    fs->config = *config;
    fs->branches = branches;
    fs->local = &local_names;
    fs->events = &fs_events;
    fs->mailbox = config->mailbox;
    fs->cache = mailbox_cache(fs->mailbox);
    fs->state = mailbox_state(fs->mailbox);
    fs->writeback = mailbox_writeback(fs->mailbox);
    fs->outbox = mailbox_outbox(fs->mailbox);
    fs->triggers = mailbox_triggers(fs->mailbox);
    waiters_init(&fs->waiters);
    for (const struct branch *const *b = branches; *b; b++) {
        if ((*b)->init)
            (*b)->init(fs);
    }
    fs->started = clock_now();
    fs->mail_changed = fs->started;
    mutex_init(&fs->change, MUTEX_CHANGE);
    clock_cond_init(&fs->content_gone);
    queue_init(&fs->chores);
    tree_init(fs, &root_ops);
    mailbox_set_events(fs->mailbox, &fs_events, fs);
    cache_claim_exported(fs->cache, OUTLOOKFS_VERSION); /* another one may write other bytes */
    int rc = remember_birth(fs);
    if (!rc)
        rc = sweep_data(fs);
    if (!rc)
        rc = slots_recover(fs);
    if (rc) {
        fs_destroy(fs);
        return buf_fail(err, rc, "the state directory cannot be written");
    }
    *ret = fs;
    return 0;
}

static void reconcile(struct fs *fs, struct chore *)
{
    slots_reconcile_all(fs);
}

int fs_start(struct fs *fs)
{
    struct chore *first = xcalloc(1, sizeof(*first));

    first->run = reconcile;
    housekeeping_do(fs, first);
    return housekeeping_start(fs);
}

void fs_stop(struct fs *fs)
{
    housekeeping_stop(fs);
}

void fs_destroy(struct fs *fs)
{
    if (!fs)
        return;
    housekeeping_release(fs);
    tree_release(fs);
    waiters_release(&fs->waiters);
    for (const struct branch *const *b = branches; *b; b++) {
        if ((*b)->release)
            (*b)->release(fs);
    }
    pthread_cond_destroy(&fs->content_gone);
    mutex_release(&fs->change);
    free(fs);
}
