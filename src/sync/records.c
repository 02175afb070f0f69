/*
 * records.c - single records, and the generation rule.
 */
#include "flight_p.h"
#include "pass_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/json.h>
#include <outlookfs/base/str.h>

#include <cjson/cJSON.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define ABSENT_TTL (10 * NS_PER_S) /* a record that was not there is not asked for again before */

/* --- the generation rule ------------------------------------------------------------------- */

uintptr_t question_begin(struct folder *f)
{

    LOCKED(&f->commit);
    f->questions++;
    return atomic_load(&f->listings->generation);
}

void question_end(struct folder *f)
{
    LOCKED(&f->commit);
    if (--f->questions == 0)
        map_release(&f->touched);
}

bool is_touched_locked(const struct folder *f, const char *id, uintptr_t gen)
{
    return (uintptr_t)map_get(&f->touched, id) > gen;
}

static void touch_locked(struct folder *f, const char *id)
{
    uintptr_t gen = atomic_fetch_add(&f->listings->generation, 1) + 1;

    if (f->questions > 0)
        map_set(&f->touched, id, (void *)gen);
}

/* Puts the items that may be stored in front; how many. */
static size_t keep_untouched_locked(const struct folder *f, struct item *items, size_t count,
                                    uintptr_t gen)
{
    size_t kept = 0;

    for (size_t i = 0; i < count; i++) {
        struct item item = items[i];

        if (is_touched_locked(f, item.id, gen))
            continue;
        items[i] = items[kept];
        items[kept++] = item;
    }
    return kept;
}

/*
 * Where the record is shown: a record that is on its way to another folder is there already,
 * whatever the service says until its move is carried out. The caller frees; NULL: where the
 * service says.
 */
static char *shown_in(struct mailbox *mb, enum kind kind, const char *id)
{
    char *folder = NULL;

    if (kind_info(kind)->caps & KIND_CAN_MOVE)
        state_moving_to(mb->state, kind, id, &folder);
    return folder;
}

/* Items that are shown in another folder go there; how many are left, in front. */
static size_t send_on_locked(const struct folder *f, struct item *items, size_t count)
{
    struct mailbox *mb = f->listings->mb;
    size_t kept = 0;

    for (size_t i = 0; i < count; i++) {
        struct item item = items[i];
        char *folder = shown_in(mb, f->kind, item.id);

        if (folder && !str_eq(folder, f->id)) {
            cache_put(mb->cache, folder, &item, CACHE_KEEP_RUN, NULL);
        } else {
            items[i] = items[kept];
            items[kept++] = item;
        }
        free(folder);
    }
    return kept;
}

int commit_items_locked(struct folder *f, struct item *items, size_t count, uintptr_t gen,
                        uint64_t run, enum cache_change *changes)
{
    size_t kept = send_on_locked(f, items, keep_untouched_locked(f, items, count, gen));

    int rc = cache_put_page(f->listings->mb->cache, f->id, items, kept, run, changes);

    for (size_t i = rc ? 0 : kept; i < count; i++)
        changes[i] = CACHE_SAME;
    return rc;
}

void notify_items(struct folder *f, const struct item *items, size_t count,
                  const enum cache_change *changes)
{
    for (size_t i = 0; i < count; i++) {
        if (changes[i] != CACHE_SAME)
            mailbox_notify_record(f->listings->mb, f->kind, f->id, items[i].id,
                                  changes[i] == CACHE_NEW ? MAILBOX_NEW : MAILBOX_CHANGED);
    }
}

/* The number of the listing under way, or of the last one. A listing with a limit need not show
 * what is found otherwise. */
static int current_run_locked(struct folder *f, uint64_t *ret)
{
    struct listings *l = f->listings;
    struct cache_listing row;
    int rc = cache_get_listing(l->mb->cache, f->kind, f->id, &row);

    if (rc)
        return rc;
    if (f->kind == KIND_MESSAGE && l->mb->config.mail_limit) {
        *ret = CACHE_KEEP_RUN;
        return 0;
    }
    LOCKED(&l->lock);
    *ret = f->pass ? f->pass->row.run : row.run;
    return 0;
}

int commit_items(struct folder *f, struct item *items, size_t count, uintptr_t gen, uint64_t run)
{
    SCOPED(xfree) enum cache_change *changes = xcalloc(count + 1, sizeof(*changes));

    mutex_lock(&f->commit);
    int rc = run == RUN_UNDER_WAY ? current_run_locked(f, &run) : 0;
    if (!rc)
        rc = commit_items_locked(f, items, count, gen, run, changes);
    mutex_unlock(&f->commit);
    if (!rc)
        notify_items(f, items, count, changes);
    return rc;
}

enum grade ask_records(struct folder *f, char *const *ids, size_t count, struct remote_ctx ctx,
                       struct items *items, struct remote_fault *fault)
{
    SCOPED(xfree) cJSON **records = xcalloc(count + 1, sizeof(*records));
    enum grade grade = remote_get_many(f->listings->mb->remote, f->kind, f->id,
                                       (const char *const *)ids, count, ctx, records, fault);

    items->list = xrealloc(items->list, (items->count + count + 1) * sizeof(*items->list));
    items->removed =
        xrealloc(items->removed, (items->nremoved + count + 1) * sizeof(*items->removed));
    for (size_t i = 0; grade == GRADE_OK && i < count; i++) {
        struct item item = {0};

        if (!records[i])
            items->removed[items->nremoved++] = xstrdup(ids[i]);
        else if (!item_from_json(f->kind, records[i], &item, NULL))
            items->list[items->count++] = item;
        cJSON_Delete(records[i]);
    }
    return grade;
}

int forget_records(struct folder *f, char *const *ids, size_t count, uintptr_t gen)
{
    struct mailbox *mb = f->listings->mb;
    SCOPED(xfree) const char **gone = xcalloc(count + 1, sizeof(*gone));
    size_t ngone = 0;
    int rc = 0;

    mutex_lock(&f->commit);
    for (size_t i = 0; !rc && i < count; i++) {
        struct cache_record record;
        char *shown = shown_in(mb, f->kind, ids[i]);
        bool is_coming = str_eq(shown, f->id); /* back, by a move that is not carried out yet */

        free(shown);
        if (is_coming || is_touched_locked(f, ids[i], gen) ||
            cache_get(mb->cache, f->kind, f->id, ids[i], false, &record))
            continue;
        cache_record_release(&record);
        rc = cache_remove(mb->cache, f->kind, f->id, ids[i]);
        gone[ngone++] = ids[i];
    }
    mutex_unlock(&f->commit);
    for (size_t i = 0; i < ngone; i++)
        mailbox_notify_record(mb, f->kind, f->id, gone[i], MAILBOX_GONE);
    return rc;
}

/* --- own writes ---------------------------------------------------------------------------- */

static char *record_key(const struct folder *f, const char *id)
{
    return xasprintf("record/%s/%s/%s", kind_info(f->kind)->name, f->id, id);
}

static struct folder *shown_folder(struct mailbox *mb, enum kind kind, const char *folder,
                                   const char *id)
{
    SCOPED(xfree) char *other = shown_in(mb, kind, id);

    return listings_folder(mb->listings, kind, other ? other : folder);
}

/* Stored as met by the listing under way, which may be past the place where the record is. */
static int put_locked(struct folder *f, const struct item *item, enum cache_change *ret)
{
    uint64_t run = 0;
    int rc = current_run_locked(f, &run);

    return rc ? rc : cache_put(f->listings->mb->cache, f->id, item, run, ret);
}

int mailbox_items_learned(struct mailbox *mb, enum kind kind, const char *folder,
                          struct item *items, size_t count, uintptr_t gen)
{
    struct folder *f = listings_folder(mb->listings, kind, folder);
    int rc = commit_items(f, items, count, gen, RUN_UNDER_WAY);

    for (size_t i = 0; !rc && i < count; i++) {
        char *key = record_key(f, items[i].id);
        flights_forget_absent(mb->flights, key);
        free(key);
    }
    return rc;
}

int mailbox_record_written(struct mailbox *mb, const char *folder, const struct item *item)
{
    struct folder *f = shown_folder(mb, item->kind, folder, item->id);
    char *key = record_key(f, item->id);
    enum cache_change change = CACHE_SAME;
    int rc;

    mutex_lock(&f->commit);
    touch_locked(f, item->id);
    rc = put_locked(f, item, &change);
    mutex_unlock(&f->commit);
    flights_forget_absent(mb->flights, key);
    free(key);
    if (!rc)
        notify_items(f, item, 1, &change);
    return rc;
}

int mailbox_record_deleted(struct mailbox *mb, enum kind kind, const char *folder, const char *id)
{
    struct folder *f = listings_folder(mb->listings, kind, folder);
    int rc;

    mutex_lock(&f->commit);
    touch_locked(f, id);
    rc = cache_remove(mb->cache, kind, folder, id);
    mutex_unlock(&f->commit);
    if (rc == -ENOENT)
        return 0;
    if (!rc)
        mailbox_notify_record(mb, kind, folder, id, MAILBOX_GONE);
    return rc;
}

/* Of both folders: an older answer neither brings it back nor takes it away. */
int mailbox_record_moved(struct mailbox *mb, enum kind kind, const char *id, const char *from,
                         const char *to)
{
    struct folder *old = listings_folder(mb->listings, kind, from);
    struct folder *new = listings_folder(mb->listings, kind, to);
    int rc;

    mutex_lock(&new->commit);
    touch_locked(new, id);
    mutex_unlock(&new->commit);
    mutex_lock(&old->commit);
    touch_locked(old, id);
    rc = cache_move(mb->cache, kind, id, from, to);
    mutex_unlock(&old->commit);
    if (!rc) {
        mailbox_notify_record(mb, kind, from, id, MAILBOX_GONE);
        mailbox_notify_record(mb, kind, to, id, MAILBOX_NEW);
    }
    return rc;
}

int mailbox_moves_recover(struct mailbox *mb)
{
    SCOPED(xfree) struct slot *slots = NULL;
    size_t count = 0;
    int rc = state_slots_moving(mb->state, &slots, &count);

    for (size_t i = 0; i < count; i++) {
        if (!rc)
            rc = cache_move(mb->cache, slots[i].kind, slots[i].record, slots[i].origin,
                            slots[i].folder);
        slot_release(&slots[i]);
    }
    return rc;
}

/* --- one record ---------------------------------------------------------------------------- */

/* The service's ids are URL-safe base64. */
static bool is_possible_id(const char *id)
{
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                   "0123456789-_=";

    return *id && id[strspn(id, alphabet)] == '\0';
}

bool is_elsewhere(struct folder *f, const char *id)
{
    SCOPED(xfree) char *folder = NULL;

    if (cache_find(f->listings->mb->cache, f->kind, id, &folder))
        return false;
    return !str_eq(folder, f->id);
}

/* 1: ask the service. 0 and -errno: the answer without it. */
static int must_ask(struct folder *f, const char *id, const char *key)
{
    struct mailbox *mb = f->listings->mb;
    struct cache_listing row;
    int rc;

    if (!is_possible_id(id) || flights_is_absent(mb->flights, key))
        return -ENOENT;
    rc = cache_get_listing(mb->cache, f->kind, f->id, &row);
    if (rc)
        return rc;
    if ((row.complete && !row.truncated) || is_elsewhere(f, id))
        return -ENOENT;
    return remote_online(mb->remote) ? 1 : -EHOSTUNREACH;
}

static int store_answer(struct folder *f, const char *id, struct cJSON *obj, uintptr_t gen)
{
    struct item item = {0};
    enum cache_change change = CACHE_SAME;
    int rc = item_from_json(f->kind, obj, &item, NULL);

    if (rc)
        return rc;
    if (!str_eq(item.id, id)) {
        item_release(&item);
        return -EIO;
    }
    const char *member = kind_info(f->kind)->parent;
    const char *parent = member ? json_str(obj, member) : NULL;
    if (shown_folder(f->listings->mb, f->kind, parent ? parent : f->id, id) != f) {
        item_release(&item); /* the service finds it whatever folder it lies in */
        return -ENOENT;
    }
    mutex_lock(&f->commit);
    if (!is_touched_locked(f, id, gen))
        rc = put_locked(f, &item, &change);
    mutex_unlock(&f->commit);
    if (!rc)
        notify_items(f, &item, 1, &change);
    item_release(&item);
    return rc;
}

static int ask_record(struct folder *f, const char *id, const char *key, struct cancel *cancel)
{
    struct mailbox *mb = f->listings->mb;
    struct remote_ctx ctx = {.cancel = cancel, .priority = HTTP_INTERACTIVE};
    SCOPED(remote_fault_release) struct remote_fault fault = {0};
    SCOPED(json_release) struct cJSON *obj = NULL;
    uintptr_t gen = question_begin(f);
    enum grade grade = remote_find(mb->remote, f->kind, f->id, id, ctx, &obj, &fault);
    int rc = grade_errno(grade);

    if (grade == GRADE_OK)
        rc = store_answer(f, id, obj, gen);
    if (grade == GRADE_GONE || rc == -ENOENT)
        flights_put_absent(mb->flights, key, ABSENT_TTL);
    question_end(f);
    return rc;
}

int mailbox_record(struct mailbox *mb, enum kind kind, const char *folder, const char *id,
                   bool with_text, struct cancel *cancel, struct cache_record *ret)
{
    int rc = cache_get(mb->cache, kind, folder, id, with_text, ret);
    struct folder *f;
    SCOPED(xfree) char *key = NULL;

    if (rc != -ENOENT)
        return rc;
    f = listings_folder(mb->listings, kind, folder);
    key = record_key(f, id);
    rc = must_ask(f, id, key);
    if (rc <= 0)
        return rc;
    rc = flights_enter(mb->flights, key, cancel);
    if (rc)
        return rc;

    /* Another thread, a listing or an own write may have brought it meanwhile. */
    rc = cache_get(mb->cache, kind, folder, id, with_text, ret);
    if (rc == -ENOENT) {
        rc = must_ask(f, id, key);
        if (rc > 0)
            rc = ask_record(f, id, key, cancel);
        if (!rc)
            rc = cache_get(mb->cache, kind, folder, id, with_text, ret);
    }
    flights_leave(mb->flights, key);
    return rc;
}
