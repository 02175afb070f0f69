/*
 * writeback_test.h - what the tests of the writing half share: a mailbox over a remote in memory
 * that can be made to fail and to wait, and helpers that save like a file system does.
 *
 * The delay of the queue is an hour: nothing is sent before a test asks for it.
 */
#ifndef OUTLOOKFS_TESTS_WRITEBACK_TEST_H
#define OUTLOOKFS_TESTS_WRITEBACK_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/json.h>
#include <outlookfs/base/log.h>
#include <outlookfs/base/str.h>
#include <outlookfs/model/item.h>
#include "support/transports.h"
#include <sync/writeback_p.h>

#include <ctype.h>
#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define HELPER __attribute__((unused)) static

#define TEST_DELAY (3600 * NS_PER_S)
#define TEST_PATIENCE (60 * NS_PER_S)

/* --- a remote that stops before an operation until it is let through --- */

struct gate {
    struct transport base;
    struct transport *inner;
    struct mutex lock;
    pthread_cond_t changed;
    enum operation closed_for;   /* OP_COUNT: open */
    unsigned arrived;            /* calls that came to the closed gate */
    enum http_priority priority; /* of the last call */
    struct writeback *pause;     /* nothing more is tried behind this call */
    const char *shouted;         /* a contact's member the next write of it capitalises, or NULL */
    struct transport *memory;    /* where it does */
    int retry_after;             /* s: calls are answered with 429; 0: they go on */
    bool skips_nothing;          /* contacts are listed from the first on, whatever is asked */
};

/* The same without $skip. */
HELPER const struct param *unskipped(const struct param *params, struct param ret[16])
{
    for (size_t i = 0; (ret[i] = params[i]).name; i++) {
        assert_true(i < 15);
        if (str_eq(ret[i].name, "$skip"))
            ret[i].value = "0";
    }
    return ret;
}

HELPER void set_pause(struct writeback *wb, int64_t until)
{
    mutex_lock(&wb->scheduler.lock);
    wb->scheduler.pause_until = until;
    mutex_unlock(&wb->scheduler.lock);
}

/* The answer to a write is the record as the service wrote it. */
HELPER void shout(struct gate *g, struct remote_call *call, const char *member)
{
    char *id = xstrdup(json_str(call->answer, "Id"));
    char *value = xstrdup(json_str(call->answer, member));
    cJSON *edit = cJSON_CreateObject();

    for (char *c = value; *c; c++)
        *c = (char)toupper((unsigned char)*c);
    cJSON_AddStringToObject(edit, member, value);
    memory_edit(g->memory, KIND_CONTACT, id, edit);
    cJSON_Delete(call->answer);
    call->answer = cJSON_Duplicate(memory_get(g->memory, KIND_CONTACT, id), true);
    free(value);
    free(id);
}

HELPER enum grade gate_call(struct transport *r, struct remote_call *call,
                            struct remote_fault *fault)
{
    struct gate *g = (struct gate *)r;
    const char *shouted = NULL;
    bool cancelled = false;

    mutex_lock(&g->lock);
    struct writeback *pause = g->pause;
    mutex_unlock(&g->lock);
    if (pause)
        set_pause(pause, INT64_MAX);

    mutex_lock(&g->lock);
    g->priority = call->ctx.priority;
    if (g->closed_for == operation_of_row(call->info)) {
        g->arrived++;
        pthread_cond_broadcast(&g->changed);
    }
    while (g->closed_for == operation_of_row(call->info) && !cancelled)
        cancelled = cancel_wait(call->ctx.cancel, &g->changed, &g->lock, INT64_MAX) == -EINTR;
    fault->retry_after = g->retry_after;
    if (operation_of_row(call->info) == OP_CONTACT_PATCH_ITEM ||
        operation_of_row(call->info) == OP_CONTACT_POST_ITEM) {
        shouted = g->shouted;
        g->shouted = NULL;
    }
    mutex_unlock(&g->lock);
    if (fault->retry_after) {
        fault->status = 429;
        fault->reason = xstrdup("throttled");
        return GRADE_THROTTLED;
    }
    if (cancelled) {
        fault->reason = xstrdup("cancelled");
        return GRADE_CANCELLED;
    }
    struct param first[16];
    const struct param *params = call->params;
    if (g->skips_nothing && operation_of_row(call->info) == OP_CONTACT_GET_ITEMS)
        call->params = unskipped(params, first);
    enum grade grade = transport_call(g->inner, call, fault);
    call->params = params;
    if (grade == GRADE_OK && shouted)
        shout(g, call, shouted);
    return grade;
}

HELPER bool gate_online(struct transport *r)
{
    return transport_online(((struct gate *)r)->inner);
}

HELPER void gate_destroy(struct transport *r)
{
    struct gate *g = (struct gate *)r;

    transport_destroy(g->inner);
    pthread_cond_destroy(&g->changed);
    mutex_release(&g->lock);
    free(g);
}

static const struct transport_impl gate_impl = {
    .name = "gate", .call = gate_call, .destroy = gate_destroy, .online = gate_online};

HELPER struct gate *gate_create(struct transport *inner)
{
    struct gate *g = xcalloc(1, sizeof(*g));

    g->base = (struct transport){.impl = &gate_impl};
    g->inner = inner;
    g->closed_for = OP_COUNT;
    mutex_init(&g->lock, MUTEX_DOUBLE);
    clock_cond_init(&g->changed);
    return g;
}

HELPER void gate_close(struct gate *g, enum operation op)
{
    mutex_lock(&g->lock);
    g->closed_for = op;
    g->arrived = 0;
    mutex_unlock(&g->lock);
}

HELPER void gate_pause(struct gate *g, struct writeback *wb)
{
    mutex_lock(&g->lock);
    g->pause = wb;
    mutex_unlock(&g->lock);
}

HELPER void gate_shout(struct gate *g, const char *member)
{
    mutex_lock(&g->lock);
    g->shouted = member;
    mutex_unlock(&g->lock);
}

HELPER void gate_throttle(struct gate *g, int retry_after)
{
    mutex_lock(&g->lock);
    g->retry_after = retry_after;
    mutex_unlock(&g->lock);
}

HELPER void gate_open(struct gate *g)
{
    mutex_lock(&g->lock);
    g->closed_for = OP_COUNT;
    pthread_cond_broadcast(&g->changed);
    mutex_unlock(&g->lock);
}

HELPER void gate_await(struct gate *g, unsigned count)
{
    mutex_lock(&g->lock);
    while (g->arrived < count)
        clock_wait(&g->changed, &g->lock, INT64_MAX);
    mutex_unlock(&g->lock);
}

/* --- the rig --- */

struct rig {
    char dir[64];
    struct transport *memory, *faulty;
    struct gate *gate;
    struct mailbox *mb;
    struct state *state;
    struct writeback *wb;
    struct buf err;
    atomic_uint events; /* slot_changed */
};

HELPER void on_slot(void *ctx, enum kind kind, const char *folder, int64_t slot)
{
    (void)kind;
    (void)folder;
    (void)slot;
    atomic_fetch_add(&((struct rig *)ctx)->events, 1);
}

HELPER void on_record(void *ctx, enum kind kind, const char *folder, const char *id,
                      enum mailbox_change change)
{
    (void)ctx;
    (void)kind;
    (void)folder;
    (void)id;
    (void)change;
}

HELPER void on_folders(void *ctx, enum kind kind)
{
    (void)ctx;
    (void)kind;
}

static const struct mailbox_events rig_events = {
    .folders_changed = on_folders, .record_changed = on_record, .slot_changed = on_slot};

HELPER void rig_open(struct rig *rig, const struct mailbox_config *with)
{
    struct mailbox_config config = *with;
    char *state_dir = xasprintf("%s/state", rig->dir);
    char *cache_dir = xasprintf("%s/cache", rig->dir);

    config.state_dir = state_dir;
    config.cache_dir = cache_dir;
    config.trash_keep = 3600 * NS_PER_S;
    config.trash_max = 1024 * 1024;
    config.list_ttl = 3600 * NS_PER_S;
    if (!config.writeback_delay)
        config.writeback_delay = TEST_DELAY;
    assert_int_equal(mailbox_open(&config, &rig->mb, &rig->err), 0);
    mailbox_set_events(rig->mb, &rig_events, rig);
    assert_int_equal(mailbox_start(rig->mb), 0);
    rig->state = mailbox_state(rig->mb);
    rig->wb = mailbox_writeback(rig->mb);
    free(state_dir);
    free(cache_dir);
}

HELPER struct rig *rig_with(const struct mailbox_config *with)
{
    struct rig *rig = xcalloc(1, sizeof(*rig));
    struct mailbox_config config = *with;

    log_setup(LOG_TO_NOWHERE, LOG_LEVEL_DEBUG);
    buf_init(&rig->err, BUF_TEXT_MAX);
    strcpy(rig->dir, "/tmp/outlookfs-test-XXXXXX");
    assert_non_null(mkdtemp(rig->dir));
    rig->memory = memory_create();
    rig->faulty = faulty_create(rig->memory);
    rig->gate = gate_create(rig->faulty);
    rig->gate->memory = rig->memory;
    config.remote = connector_create(&rig->gate->base);
    rig_open(rig, &config);
    return rig;
}

HELPER int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

HELPER void remove_tree(const char *dir)
{
    nftw(dir, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

HELPER void rig_release(struct rig *rig)
{
    mailbox_stop(rig->mb, 0, NULL);
    mailbox_close(rig->mb);
    buf_release(&rig->err);
    remove_tree(rig->dir);
    free(rig);
}

HELPER int setup(void **state)
{
    *state = rig_with(&(struct mailbox_config){0});
    return 0;
}

HELPER int teardown(void **state)
{
    rig_release(*state);
    return 0;
}

/* --- records --- */

HELPER const char *folder_of(enum kind kind)
{
    return kind == KIND_CONTACT ? "Contacts" : kind == KIND_EVENT ? "Calendar" : "Inbox";
}

HELPER cJSON *json(const char *text)
{
    cJSON *obj = NULL;

    assert_int_equal(json_parse_object(text, strlen(text), &obj, NULL), 0);
    return obj;
}

/* A record as it is on the service; the caller frees the text. */
HELPER char *text_of(struct rig *rig, enum kind kind, const char *id)
{
    cJSON *obj = cJSON_Duplicate(memory_get(rig->memory, kind, id), true);
    struct item item = {0};
    char *text;

    assert_non_null(obj);
    assert_int_equal(item_from_json(kind, obj, &item, NULL), 0);
    text = xstrdup(item.text);
    item_release(&item);
    cJSON_Delete(obj);
    return text;
}

/* The text with a member set; NULL takes it away. */
HELPER char *with(const char *text, const char *member, const char *value)
{
    cJSON *obj = json(text);
    char *out;

    cJSON_DeleteItemFromObjectCaseSensitive(obj, member);
    if (value)
        cJSON_AddStringToObject(obj, member, value);
    out = cJSON_Print(obj);
    cJSON_Delete(obj);
    return out;
}

/* A record on the service, in the cache, and with a slot of its own as a saved file has. */
struct file {
    int64_t slot;
    char *id;   /* NULL: not on the service */
    char *text; /* as the service had it at first */
};

HELPER void file_release(struct file *f)
{
    free(f->id);
    free(f->text);
}

HELPER int64_t new_slot(struct rig *rig, enum kind kind, const char *name, const char *record)
{
    struct slot slot = {.kind = kind,
                        .folder = (char *)folder_of(kind),
                        .name = (char *)name,
                        .record = (char *)record,
                        .flags = SLOT_ALIAS};

    assert_int_equal(state_put_slot(rig->state, &slot), 0);
    return slot.id;
}

HELPER void cache_record(struct rig *rig, enum kind kind, const char *id)
{
    cJSON *obj = cJSON_Duplicate(memory_get(rig->memory, kind, id), true);
    struct item item = {0};
    enum cache_change change;

    assert_int_equal(item_from_json(kind, obj, &item, NULL), 0);
    assert_int_equal(cache_put(mailbox_cache(rig->mb), folder_of(kind), &item, 0, &change), 0);
    item_release(&item);
    cJSON_Delete(obj);
}

HELPER struct file file_of_kind(struct rig *rig, enum kind kind, const char *name,
                                const char *content)
{
    struct file f;

    f.id = xstrdup(memory_add(rig->memory, kind, folder_of(kind), json(content)));
    f.slot = new_slot(rig, kind, name, f.id);
    f.text = text_of(rig, kind, f.id);
    cache_record(rig, kind, f.id);
    return f;
}

HELPER struct file file_of(struct rig *rig, const char *name, const char *content)
{
    return file_of_kind(rig, KIND_CONTACT, name, content);
}

/* --- the user --- */

HELPER int save_as(struct rig *rig, int64_t id, const char *base, const char *mine)
{
    struct slot slot;
    int rc;

    buf_clear(&rig->err);
    state_begin(rig->state);
    rc = state_get_slot(rig->state, id, &slot);
    assert_int_equal(rc, 0);
    rc = writeback_update(rig->wb, &slot, base, mine, NULL, &rig->err);
    rc = state_end(rig->state, rc);
    slot_release(&slot);
    writeback_kick(rig->wb);
    return rc;
}

HELPER void save(struct rig *rig, const struct file *f, const char *mine)
{
    assert_int_equal(save_as(rig, f->slot, f->text, mine), 0);
}

/* Saves the file's first text with one member changed. */
HELPER void edit(struct rig *rig, const struct file *f, const char *member, const char *value)
{
    char *text = with(f->text, member, value);

    save(rig, f, text);
    free(text);
}

HELPER int delete_as(struct rig *rig, int64_t id, const char *base)
{
    struct slot slot;
    int rc;

    state_begin(rig->state);
    rc = state_get_slot(rig->state, id, &slot);
    assert_int_equal(rc, 0);
    rc = writeback_delete(rig->wb, &slot, base, &rig->err);
    rc = state_end(rig->state, rc);
    slot_release(&slot);
    writeback_kick(rig->wb);
    return rc;
}

HELPER void drop(struct rig *rig, const struct file *f)
{
    assert_int_equal(delete_as(rig, f->slot, f->text), 0);
}

HELPER int flush(struct rig *rig, int64_t slot)
{
    gate_pause(rig->gate, NULL);
    set_pause(rig->wb, 0);
    buf_clear(&rig->err);
    return writeback_flush(rig->wb, slot, clock_mono() + TEST_PATIENCE, NULL, &rig->err);
}

HELPER void flush_all(struct rig *rig)
{
    assert_int_equal(flush(rig, 0), 0);
}

/* Makes everything due without waiting for it. */
HELPER void let_go(struct rig *rig)
{
    assert_int_equal(state_expedite_ops(rig->state, clock_steady()), 0);
    writeback_kick(rig->wb);
}

/*
 * Makes everything due and waits for one attempt to end, whatever its outcome. Until flush() or
 * the next try_once() nothing more is tried, however much time goes by.
 */
HELPER void try_once(struct rig *rig)
{
    uint64_t before;

    set_pause(rig->wb, 0);
    gate_pause(rig->gate, rig->wb);
    mutex_lock(&rig->wb->scheduler.lock);
    before = rig->wb->scheduler.ends;
    mutex_unlock(&rig->wb->scheduler.lock);
    let_go(rig);
    mutex_lock(&rig->wb->scheduler.lock);
    while (rig->wb->scheduler.ends == before)
        clock_wait(&rig->wb->scheduler.ended, &rig->wb->scheduler.lock, INT64_MAX);
    mutex_unlock(&rig->wb->scheduler.lock);
}

/* --- what is --- */

HELPER unsigned calls(struct rig *rig, enum operation op)
{
    return memory_calls(rig->memory, op);
}

HELPER struct journal_op op_of(struct rig *rig, int64_t slot)
{
    struct journal_op op;

    assert_int_equal(state_get_op(rig->state, slot, &op), 0);
    return op;
}

HELPER bool has_op(struct rig *rig, int64_t slot)
{
    struct journal_op op;

    if (state_get_op(rig->state, slot, &op))
        return false;
    journal_op_release(&op);
    return true;
}

HELPER void assert_op(struct rig *rig, int64_t slot, enum journal_verb verb,
                      enum journal_state state)
{
    struct journal_op op = op_of(rig, slot);

    assert_int_equal(op.verb, verb);
    assert_int_equal(op.state, state);
    journal_op_release(&op);
}

/* The slot's record; the caller frees. NULL: none. */
HELPER char *record_of(struct rig *rig, int64_t id)
{
    struct slot slot;
    char *record;

    assert_int_equal(state_get_slot(rig->state, id, &slot), 0);
    record = slot.record ? xstrdup(slot.record) : NULL;
    slot_release(&slot);
    return record;
}

HELPER bool has_slot(struct rig *rig, int64_t id)
{
    struct slot slot;

    if (state_get_slot(rig->state, id, &slot))
        return false;
    slot_release(&slot);
    return true;
}

HELPER void assert_remote(struct rig *rig, enum kind kind, const char *id, const char *member,
                          const char *value)
{
    const cJSON *obj = memory_get(rig->memory, kind, id);

    assert_non_null(obj);
    assert_string_equal(json_str(obj, member), value);
}

HELPER void assert_cached(struct rig *rig, enum kind kind, const char *id, const char *member,
                          const char *value)
{
    struct cache_record record;
    cJSON *obj;

    assert_int_equal(cache_get(mailbox_cache(rig->mb), kind, folder_of(kind), id, true, &record),
                     0);
    obj = json(record.text);
    assert_string_equal(json_str(obj, member), value);
    cJSON_Delete(obj);
    cache_record_release(&record);
}

HELPER bool is_cached(struct rig *rig, enum kind kind, const char *id)
{
    struct cache_record record;

    if (cache_get(mailbox_cache(rig->mb), kind, folder_of(kind), id, false, &record))
        return false;
    cache_record_release(&record);
    return true;
}

/*
 * The newest trash entry is of this kind and holds this member; answers how many entries there
 * are.
 */
HELPER size_t assert_trash(struct rig *rig, const char *why, const char *member, const char *value)
{
    struct trash_entry *list, entry;
    size_t count;
    cJSON *obj;

    assert_int_equal(state_trash(rig->state, &list, &count), 0);
    assert_true(count > 0);
    assert_string_equal(list[count - 1].why, why);
    assert_int_equal(state_get_trash(rig->state, list[count - 1].id, &entry), 0);
    obj = json(entry.text);
    assert_string_equal(json_str(obj, member), value);
    cJSON_Delete(obj);
    trash_entry_release(&entry);
    for (size_t i = 0; i < count; i++)
        trash_entry_release(&list[i]);
    free(list);
    return count;
}

HELPER void plan(struct rig *rig, enum operation op, unsigned count, enum grade grade, int status)
{
    faulty_plan(rig->faulty,
                &(struct faulty_plan){.op = op, .count = count, .grade = grade, .status = status});
}

/* The answer is lost; `apply`: the work is done. */
HELPER void plan_lost(struct rig *rig, enum operation op, bool apply)
{
    faulty_plan(rig->faulty, &(struct faulty_plan){.op = op,
                                                   .count = 1,
                                                   .grade = GRADE_BROKEN,
                                                   .status = 504,
                                                   .apply = apply,
                                                   .unknown = true});
}

#endif
