/*
 * reading.h - what the tests of the reading half of sync share: a mailbox over a mailbox in memory,
 * behind a gate that can hold calls and bend answers, and a log of events.
 *
 *     mailbox -> gate -> faulty -> memory
 */
#ifndef TESTS_SYNC_READING_H
#define TESTS_SYNC_READING_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/cancel.h>
#include <outlookfs/base/clock.h>
#include <outlookfs/base/json.h>
#include <outlookfs/base/log.h>
#include <outlookfs/base/map.h>
#include <outlookfs/base/str.h>
#include "support/transports.h"
#include <sync/listing_p.h>

#include <errno.h>
#include <ftw.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TTL (60 * NS_PER_S)
#define SOON (clock_mono() + 20 * NS_PER_S) /* no test waits so long unless it fails */

/* --- the gate --------------------------------------------------------------------------------- */

struct gate {
    struct transport base;
    struct transport *inner;                           /* not owned: it outlives a remount */
    void (*bend)(struct remote_call *call, void *ctx); /* of answers; set while nothing is asked */
    void *bend_ctx;

    struct mutex lock;
    pthread_cond_t changed;
    /* guarded by lock */
    bool holds;
    enum operation held; /* its answers are held back */
    const char *passing; /* but for this mail folder; set while nothing is asked */
    unsigned waiting;    /* answers held now */
    unsigned in_flight, most_in_flight;
    unsigned calls;
    unsigned ordered;    /* calls with $orderby */
    unsigned skips[256]; /* of list calls, in order */
    unsigned tops[256];
    unsigned nskips;
};

static const char *gate_param(const struct remote_call *call, const char *name)
{
    return param_value(call->params, name);
}

static void gate_note_locked(struct gate *g, const struct remote_call *call)
{
    const char *skip =
        gate_param(call, operation_of_row(call->info) == OP_GET_EMAILS ? "skip" : "$skip");
    const char *top =
        gate_param(call, operation_of_row(call->info) == OP_GET_EMAILS ? "top" : "$top");

    g->calls++;
    g->in_flight++;
    if (g->in_flight > g->most_in_flight)
        g->most_in_flight = g->in_flight;
    if (gate_param(call, "$orderby"))
        g->ordered++;
    if (skip && g->nskips < 256) {
        g->skips[g->nskips] = (unsigned)strtoul(skip, NULL, 10);
        g->tops[g->nskips++] = (unsigned)strtoul(top, NULL, 10);
    }
}

static bool gate_holds_locked(const struct gate *g, const struct remote_call *call)
{
    return g->holds && g->held == operation_of_row(call->info) &&
           !(g->passing && str_eq(gate_param(call, "folderPath"), g->passing));
}

/* The service has answered; the answer is on its way as long as the gate holds it. */
static enum grade gate_call(struct transport *r, struct remote_call *call,
                            struct remote_fault *fault)
{
    struct gate *g = (struct gate *)r;
    enum grade grade;
    int rc = 0;

    mutex_lock(&g->lock);
    gate_note_locked(g, call);
    mutex_unlock(&g->lock);
    struct items *items = call->items;
    call->items = NULL; /* a tree can be bent */
    grade = transport_call(g->inner, call, fault);
    if (grade == GRADE_OK && g->bend)
        g->bend(call, g->bend_ctx);
    call->items = items;

    mutex_lock(&g->lock);
    while (gate_holds_locked(g, call) && rc == 0) {
        g->waiting++;
        pthread_cond_broadcast(&g->changed);
        rc = cancel_wait(call->ctx.cancel, &g->changed, &g->lock, INT64_MAX);
        g->waiting--;
    }
    g->in_flight--;
    mutex_unlock(&g->lock);
    if (rc) {
        fault->grade = GRADE_CANCELLED;
        return GRADE_CANCELLED;
    }
    return grade;
}

static bool gate_online(struct transport *r)
{
    return transport_online(((struct gate *)r)->inner);
}

static void gate_destroy(struct transport *r)
{
    struct gate *g = (struct gate *)r;

    pthread_cond_destroy(&g->changed);
    mutex_release(&g->lock);
    free(g);
}

static const struct transport_impl gate_impl = {
    .name = "gate",
    .call = gate_call,
    .destroy = gate_destroy,
    .online = gate_online,
};

static void gate_hold(struct gate *g, enum operation op)
{
    mutex_lock(&g->lock);
    g->holds = true;
    g->held = op;
    mutex_unlock(&g->lock);
}

static void gate_open(struct gate *g)
{
    mutex_lock(&g->lock);
    g->holds = false;
    pthread_cond_broadcast(&g->changed);
    mutex_unlock(&g->lock);
}

/* Until `count` answers are held. */
static void gate_await(struct gate *g, unsigned count)
{
    int64_t until = SOON;

    mutex_lock(&g->lock);
    while (g->waiting < count && clock_mono() < until)
        clock_wait(&g->changed, &g->lock, clock_mono() + 10 * NS_PER_MS);
    assert_true(g->waiting >= count);
    mutex_unlock(&g->lock);
}

/* --- the rig --------------------------------------------------------------------------------- */

struct rig {
    char *dir, *state_dir, *cache_dir;
    struct transport *memory;
    struct transport *faulty;
    struct gate *gate;
    struct mailbox *mb;
    struct mailbox_config config;

    struct mutex lock;
    unsigned news, changes, gone, folders; /* events; guarded by lock */
    char *last;                            /* id of the last record event; guarded by lock */
};

static void on_folders(void *ctx, enum kind kind)
{
    struct rig *rig = ctx;

    (void)kind;
    mutex_lock(&rig->lock);
    rig->folders++;
    mutex_unlock(&rig->lock);
}

static void on_record(void *ctx, enum kind kind, const char *folder, const char *id,
                      enum mailbox_change change)
{
    struct rig *rig = ctx;

    (void)kind;
    (void)folder;
    mutex_lock(&rig->lock);
    rig->news += change == MAILBOX_NEW;
    rig->changes += change == MAILBOX_CHANGED;
    rig->gone += change == MAILBOX_GONE;
    free(rig->last);
    rig->last = xstrdup(id);
    mutex_unlock(&rig->lock);
}

static const struct mailbox_events rig_events = {
    .folders_changed = on_folders,
    .record_changed = on_record,
};

static void rig_mount(struct rig *rig)
{
    struct gate *g = xcalloc(1, sizeof(*g));

    g->base = (struct transport){.impl = &gate_impl};
    g->inner = rig->faulty;
    mutex_init(&g->lock, MUTEX_DOUBLE);
    clock_cond_init(&g->changed);
    rig->gate = g;
    rig->config.remote = connector_create(&g->base);
    assert_int_equal(mailbox_open(&rig->config, &rig->mb, NULL), 0);
    mailbox_set_events(rig->mb, &rig_events, rig);
    assert_int_equal(mailbox_start(rig->mb), 0);
}

static void rig_unmount(struct rig *rig)
{
    mailbox_stop(rig->mb, 0, NULL);
    mailbox_close(rig->mb);
    rig->mb = NULL;
}

static int rig_setup(void **state)
{
    struct rig *rig = xcalloc(1, sizeof(*rig));
    char dir[] = "/tmp/outlookfs-sync-XXXXXX";

    log_setup(LOG_TO_NOWHERE, LOG_LEVEL_ERROR);
    assert_non_null(mkdtemp(dir));
    mutex_init(&rig->lock, MUTEX_DOUBLE);
    rig->dir = xstrdup(dir);
    rig->state_dir = xasprintf("%s/state", dir);
    rig->cache_dir = xasprintf("%s/cache", dir);
    rig->memory = memory_create();
    rig->faulty = faulty_create(rig->memory);
    rig->config = (struct mailbox_config){
        .state_dir = rig->state_dir,
        .cache_dir = rig->cache_dir,
        .list_ttl = TTL,
        .writeback_delay = NS_PER_S,
        .attachments_max = 1024 * 1024,
        .read_only = true,
    };
    rig_mount(rig);
    *state = rig;
    return 0;
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

static int rig_teardown(void **state)
{
    struct rig *rig = *state;

    if (rig->mb)
        rig_unmount(rig);
    transport_destroy(rig->faulty);
    nftw(rig->dir, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
    mutex_release(&rig->lock);
    free(rig->last);
    free(rig->dir);
    free(rig->state_dir);
    free(rig->cache_dir);
    free(rig);
    return 0;
}

#define rig_test(name) cmocka_unit_test_setup_teardown(name, rig_setup, rig_teardown)

/* --- what tests do ---------------------------------------------------------------------------- */

__attribute__((unused)) static unsigned events_of(struct rig *rig, const unsigned *counter)
{
    unsigned value;

    mutex_lock(&rig->lock);
    value = *counter;
    mutex_unlock(&rig->lock);
    return value;
}

/* Events follow the change they tell of. */
__attribute__((unused)) static void await_events(struct rig *rig, const unsigned *counter,
                                                 unsigned count)
{
    int64_t until = SOON;

    while (events_of(rig, counter) < count && clock_mono() < until)
        usleep(2000);
    assert_int_equal(events_of(rig, counter), count);
}

__attribute__((unused)) static const char *add_contact(struct rig *rig, const char *name)
{
    cJSON *obj = cJSON_CreateObject();

    cJSON_AddStringToObject(obj, "GivenName", name);
    return memory_add(rig->memory, KIND_CONTACT, "Contacts", obj);
}

__attribute__((unused)) static void add_contacts(struct rig *rig, unsigned count)
{
    char name[32];

    for (unsigned i = 0; i < count; i++) {
        snprintf(name, sizeof(name), "contact %u", i);
        add_contact(rig, name);
    }
}

__attribute__((unused)) static void rename_contact(struct rig *rig, const char *id,
                                                   const char *name)
{
    cJSON *set = cJSON_CreateObject();

    cJSON_AddStringToObject(set, "GivenName", name);
    memory_edit(rig->memory, KIND_CONTACT, id, set);
}

__attribute__((unused)) static int list_contacts(struct rig *rig)
{
    return mailbox_list(rig->mb, KIND_CONTACT, "Contacts", NULL, NULL);
}

__attribute__((unused)) static unsigned list_calls(struct rig *rig)
{
    return memory_calls(rig->memory, OP_CONTACT_GET_ITEMS);
}

__attribute__((unused)) static unsigned get_calls(struct rig *rig)
{
    return memory_calls(rig->memory, OP_CONTACT_GET_ITEM);
}

/* Every record mailbox_each() gives, each once; answers how many, the end's code goes to `ret`. */
__attribute__((unused)) static unsigned read_all(struct rig *rig, enum kind kind,
                                                 const char *folder, int *ret)
{
    struct cache_record list[100];
    struct map seen;
    uint64_t after = 0;
    int n;

    map_init(&seen);
    while ((n = mailbox_each(rig->mb, kind, folder, after, NULL, list, 100)) > 0) {
        for (int i = 0; i < n; i++) {
            assert_null(map_set(&seen, list[i].id, rig));
            assert_true(list[i].seq > after);
            after = list[i].seq;
            cache_record_release(&list[i]);
        }
    }
    *ret = n;
    n = (int)seen.count;
    map_release(&seen);
    return (unsigned)n;
}

__attribute__((unused)) static unsigned read_contacts(struct rig *rig)
{
    int rc;
    unsigned count = read_all(rig, KIND_CONTACT, "Contacts", &rc);

    assert_int_equal(rc, 0);
    return count;
}

/* Until no pass is under way, confirmations and late pages included; the listing is complete
 * then. */
__attribute__((unused)) static void await_quiet(struct rig *rig, enum kind kind, const char *folder)
{
    struct folder *f = listings_folder(rig->mb->listings, kind, folder);
    int64_t until = SOON;
    struct cache_listing row;
    bool quiet = false;

    while (!quiet) {
        assert_true(clock_mono() < until);
        usleep(1000);
        mutex_lock(&f->commit);
        quiet = f->questions == 0;
        mutex_unlock(&f->commit);
    }
    assert_int_equal(cache_get_listing(mailbox_cache(rig->mb), kind, folder, &row), 0);
    assert_true(row.complete);
}

/* The cached GivenName of a contact; the caller frees. NULL when it is not cached. */
__attribute__((unused)) static char *cached_name(struct rig *rig, const char *id)
{
    struct cache_record record;
    cJSON *obj;
    char *name;
    int rc = cache_get(mailbox_cache(rig->mb), KIND_CONTACT, "Contacts", id, true, &record);

    if (rc == -ENOENT)
        return NULL;
    assert_int_equal(rc, 0);
    assert_int_equal(json_parse_object(record.text, record.size, &obj, NULL), 0);
    name = xstrdup(json_str(obj, "GivenName"));
    cJSON_Delete(obj);
    cache_record_release(&record);
    return name;
}

__attribute__((unused)) static void assert_name(struct rig *rig, const char *id, const char *want)
{
    char *name = cached_name(rig, id);

    assert_non_null(name);
    assert_string_equal(name, want);
    free(name);
}

/* A call in a thread of its own. */
struct caller {
    struct rig *rig;
    pthread_t thread;
    struct cancel cancel;
    int (*fn)(struct rig *rig, struct cancel *cancel);
    int rc;
};

static void *caller_run(void *arg)
{
    struct caller *c = arg;

    c->rc = c->fn(c->rig, &c->cancel);
    return NULL;
}

__attribute__((unused)) static void caller_start(struct caller *c, struct rig *rig,
                                                 int (*fn)(struct rig *, struct cancel *))
{
    c->rig = rig;
    c->fn = fn;
    cancel_init(&c->cancel);
    assert_int_equal(pthread_create(&c->thread, NULL, caller_run, c), 0);
}

__attribute__((unused)) static int caller_join(struct caller *c)
{
    pthread_join(c->thread, NULL);
    return c->rc;
}

__attribute__((unused)) static int call_list(struct rig *rig, struct cancel *cancel)
{
    return mailbox_list(rig->mb, KIND_CONTACT, "Contacts", cancel, NULL);
}

#endif
