/*
 * mailbox.c - lifetime of the layer, and the probe.
 */
#include "flight_p.h"
#include "listing_p.h"
#include "pool_p.h"
#include "outbox_p.h"
#include "search_p.h"
#include "values_p.h"
#include "triggers_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/clock.h>
#include <outlookfs/base/str.h>

#include <errno.h>
#include <stdlib.h>

#define STREAM_MAX_USUAL ((size_t)16 * 1024 * 1024)

/* --- the configuration is ours ------------------------------------------------------------- */

static const char *const *copy_names(const char *const *names)
{
    size_t count = 0;
    char **copy;

    if (!names)
        return NULL;
    while (names[count])
        count++;
    copy = xcalloc(count + 1, sizeof(*copy));
    for (size_t i = 0; i < count; i++)
        copy[i] = xstrdup(names[i]);
    return (const char *const *)copy;
}

static void config_copy(struct mailbox_config *to, const struct mailbox_config *from)
{
    *to = *from;
    to->state_dir = xstrdup(from->state_dir);
    to->cache_dir = xstrdup(from->cache_dir);
    to->send_root = xstrdup(from->send_root);
    to->account = xstrdup(from->account);
    to->mail_folders = copy_names(from->mail_folders);
    if (!to->stream_max)
        to->stream_max = STREAM_MAX_USUAL;
}

static void config_release(struct mailbox_config *config)
{
    free((char *)config->state_dir);
    free((char *)config->cache_dir);
    free((char *)config->send_root);
    free((char *)config->account);
    xstrvfree((char **)config->mail_folders);
}

/* Changes that wait for one mailbox must never reach another. */
static int claim(struct mailbox *mb, struct buf *err)
{
    const char *account = mb->config.account;
    SCOPED(xfree) char *owner = NULL;
    int rc;

    if (!account)
        return 0;
    rc = state_get_meta(mb->state, "account", &owner);
    if (rc == -ENOENT)
        rc = state_put_meta(mb->state, "account", account);
    else if (!rc && !str_eq(owner, account))
        rc = buf_fail(err, -EINVAL, "%s belongs to another mailbox, %s: use another --state-dir",
                      mb->config.state_dir, owner);
    if (!rc)
        rc = cache_claim(mb->cache, account);
    return rc;
}

/* --- lifetime ------------------------------------------------------------------------------ */

int mailbox_open(const struct mailbox_config *config, struct mailbox **ret, struct buf *err)
{
    struct mailbox *mb = xcalloc(1, sizeof(*mb));
    int rc;

    config_copy(&mb->config, config);
    mb->remote = config->remote;
    rc = state_open(config->state_dir, &mb->state, err);
    if (!rc)
        rc = cache_open(config->cache_dir, &mb->cache, err);
    if (!rc)
        rc = claim(mb, err);
    if (!rc && state_settle_times(mb->state, clock_steady(), mb->config.writeback_delay,
                                  mb->config.send_delay))
        rc = buf_fail(err, -EIO, "%s: the journal cannot be written", config->state_dir);
    if (!rc && mailbox_moves_recover(mb))
        rc = buf_fail(err, -EIO, "%s: the cache cannot be written", config->cache_dir);
    if (rc) {
        mailbox_close(mb);
        return rc;
    }
    mb->pool = pool_create();
    mb->flights = flights_create();
    mb->listings = listings_create(mb);
    mb->searches = searches_create();
    mb->values = values_create();
    mb->writeback = writeback_create(mb);
    mb->outbox = outbox_create(mb);
    mb->triggers = triggers_create(mb);
    rc = stream_recover(mb->triggers);
    if (rc) {
        mailbox_close(mb);
        return buf_fail(err, rc, "%s: the streams of triggers cannot be read", config->state_dir);
    }
    *ret = mb;
    return 0;
}

void mailbox_set_events(struct mailbox *mb, const struct mailbox_events *events, void *ctx)
{
    mb->events = events;
    mb->events_ctx = ctx;
}

int mailbox_start(struct mailbox *mb)
{
    int rc = pool_start(mb->pool);

    if (rc || mb->config.read_only)
        return rc;
    rc = writeback_start(mb->writeback);
    if (rc) {
        pool_stop(mb->pool);
        return rc;
    }
    mb->writing = true;
    return outbox_start(mb->outbox);
}

void mailbox_leave(struct mailbox *mb)
{
    mb->left_at = clock_mono();
}

void mailbox_stop(struct mailbox *mb, int64_t limit, struct journal_counts *left)
{
    if (mb->left_at && clock_mono() - mb->left_at < LEAVE_LIMIT)
        limit = 0;
    int64_t until = clock_mono() + limit;

    if (mb->writing) {
        writeback_stop(mb->writeback, limit);
        limit = limit > 0 ? until - clock_mono() : 0;
        outbox_stop(mb->outbox, limit);
    }
    mb->writing = false;
    pool_stop(mb->pool);
    if (left && state_count_ops(mb->state, left))
        *left = (struct journal_counts){0};
    if (left)
        outbox_count(mb->outbox, left);
}

void mailbox_close(struct mailbox *mb)
{
    if (!mb)
        return;
    triggers_destroy(mb->triggers);
    outbox_destroy(mb->outbox);
    if (mb->writeback)
        writeback_destroy(mb->writeback);
    searches_destroy(mb->searches);
    values_destroy(mb->values);
    listings_destroy(mb->listings);
    flights_destroy(mb->flights);
    pool_destroy(mb->pool);
    cache_close(mb->cache);
    state_close(mb->state);
    remote_destroy(mb->remote);
    config_release(&mb->config);
    free(mb);
}

/* --- parts --------------------------------------------------------------------------------- */

struct remote *mailbox_remote(struct mailbox *mb)
{
    return mb->remote;
}

struct cache *mailbox_cache(struct mailbox *mb)
{
    return mb->cache;
}

struct state *mailbox_state(struct mailbox *mb)
{
    return mb->state;
}

struct writeback *mailbox_writeback(struct mailbox *mb)
{
    return mb->writeback;
}

struct outbox *mailbox_outbox(struct mailbox *mb)
{
    return mb->outbox;
}

struct triggers *mailbox_triggers(struct mailbox *mb)
{
    return mb->triggers;
}

int mailbox_probe(struct mailbox *mb, struct cancel *cancel, struct buf *err)
{
    struct remote_ctx ctx = {.cancel = cancel, .priority = HTTP_INTERACTIVE};
    struct remote_fault fault = {0};

    return mailbox_answered(remote_test(mb->remote, ctx, &fault), &fault,
                            "the mailbox does not answer", err);
}
