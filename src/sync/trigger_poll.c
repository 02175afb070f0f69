/*
 * trigger_poll.c - one call of a trigger: what it brings goes into cache and stream, and the next
 * one is planned.
 */
#include "listing_p.h"
#include "triggers_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/cancel.h>
#include <outlookfs/base/json.h>
#include <outlookfs/base/log.h>
#include <outlookfs/base/str.h>

#include <cjson/cJSON.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define PAUSE_USUAL (15 * NS_PER_S) /* contract 4.3: what the service says when idle */
#define DOUBLINGS_MAX 8
#define LINES_MAX (4 * HTTP_ANSWER_MAX) /* an answer's text with everything escaped */

/* One call under way. */
struct poll {
    struct triggers *t;
    struct trigger_row row; /* as it was before the call */
    struct definition d;
    struct remote_news news;
    struct buf lines;
    char **keys; /* of the lines, for the memory of what was brought */
    size_t nkeys, nlines;
};

/* --- the cache --- */

/* The list of a folder has attachments without their bytes: so has the record. */
static void drop_bytes(cJSON *obj)
{
    cJSON *a;

    cJSON_ArrayForEach(a, json_get(obj, "Attachments"))
    {
        cJSON_DeleteItemFromObjectCaseSensitive(a, "ContentBytes");
    }
}

/* Only an authoritative answer about the record itself removes it: the next listing asks. */
static bool is_deleted(const cJSON *obj)
{
    const char *reason = json_str(obj, "Reason");

    return reason && !strcasecmp(reason, "deleted");
}

static int enter_cache(struct poll *p, uintptr_t gen)
{
    size_t count = (size_t)cJSON_GetArraySize(p->news.items), n = 0;
    SCOPED(xfree) struct item *items = xcalloc(count + 1, sizeof(*items));
    cJSON *obj;

    cJSON_ArrayForEach(obj, p->news.items)
    {
        cJSON *copy = cJSON_IsObject(obj) && !is_deleted(obj) ? cJSON_Duplicate(obj, true) : NULL;

        drop_bytes(copy);
        if (copy && !item_from_json(p->d.kind, copy, &items[n], NULL))
            n++;
        cJSON_Delete(copy);
    }
    int rc = mailbox_items_learned(p->t->mb, p->d.kind, p->d.folder, items, n, gen);
    for (size_t i = 0; i < n; i++)
        item_release(&items[i]);
    return rc;
}

/* --- the lines --- */

/* What tells one delivery from another; NULL: nothing does. A mail that is read meanwhile, or comes
 * back, is the same. */
static char *key_of(const struct definition *d, const cJSON *obj)
{
    const struct kind_info *info = kind_info(d->kind);
    const char *id = kind_id(d->kind, obj);
    const char *etag = info->etag && d->kind == KIND_EVENT ? json_str(obj, info->etag) : NULL;

    return id ? xasprintf("%s %s", id, etag ? etag : "") : NULL;
}

static bool is_known(const struct poll *p, const char *key)
{
    for (size_t i = 0; i < p->nkeys; i++) {
        if (str_eq(p->keys[i], key))
            return true;
    }
    return state_trigger_seen(p->t->mb->state, p->row.id, key);
}

static void add_path(struct poll *p, cJSON *obj)
{
    const char *id = kind_id(p->d.kind, obj);
    SCOPED(buf_release) struct buf path = BUF_INIT(BUF_TEXT_MAX);

    cJSON_DeleteItemFromObjectCaseSensitive(obj, "_path");
    if (id && !is_deleted(obj) && !mailbox_record_path(p->t->mb, p->d.kind, p->d.folder, id, &path))
        cJSON_AddStringToObject(obj, "_path", path.data);
    else
        cJSON_AddNullToObject(obj, "_path");
}

static int add_line(struct poll *p, cJSON *obj)
{
    char *key = cJSON_IsObject(obj) ? key_of(&p->d, obj) : NULL;

    if (!cJSON_IsObject(obj) || (key && is_known(p, key))) {
        free(key);
        return 0;
    }
    add_path(p, obj);
    char *text = json_print(obj);
    int rc = text ? buf_addf(&p->lines, "%s\n", text) : -EINVAL;
    free(text);
    if (key) {
        p->keys = xgrow(p->keys, p->nkeys, sizeof(*p->keys));
        p->keys[p->nkeys++] = key;
    }
    p->nlines++;
    return rc;
}

static int make_lines(struct poll *p)
{
    cJSON *obj;
    int rc = 0;

    cJSON_ArrayForEach(obj, p->news.items)
    {
        if (!rc)
            rc = add_line(p, obj);
    }
    return rc;
}

/* --- the commit --- */

static void take_cursor(struct poll *p, struct trigger_row *row)
{
    if (p->news.cursor) {
        xstrset(&row->cursor, p->news.cursor);
    }
    xstrset(&row->reason, NULL);
    row->state = TRIGGER_ACTIVE;
}

/* Lines, cursor and the memory of what was brought: all or nothing. -ESTALE: the definition is
 * another one now. */
static int commit_row(struct poll *p, struct trigger_row *row, bool rotated, uint64_t gone)
{
    struct state *state = p->t->mb->state;
    SCOPED(trigger_row_release) struct trigger_row now = {0};

    state_begin(state);
    if (rotated)
        state_data_adopt(state, row->now.ino);
    int rc = state_get_trigger(state, row->id, &now);
    if (!rc && now.gen != row->gen)
        rc = -ESTALE;
    if (!rc) { /* what the user may have changed meanwhile without a new gen */
        char *name = row->name, *draft = row->draft;

        row->name = now.name;
        row->draft = now.draft;
        rc = state_put_trigger(state, row);
        row->name = name;
        row->draft = draft;
    }
    for (size_t i = 0; !rc && i < p->nkeys; i++)
        rc = state_trigger_see(state, row->id, p->keys[i]);
    if (!rc && gone)
        rc = state_data_remove(state, gone);
    return state_end(state, rc);
}

static int commit(struct poll *p)
{
    struct trigger_row *row = &p->row;
    bool moved = p->news.cursor && !str_eq(p->news.cursor, row->cursor);
    uint64_t gone = 0, before = row->now.ino;
    int rc = 0;

    if (!moved && !p->nlines && !row->reason && row->state == TRIGGER_ACTIVE)
        return 0;
    if (p->nlines)
        rc = stream_append(p->t, row, p->lines.data, p->lines.len, &gone);
    if (rc)
        return rc;
    take_cursor(p, row);
    row->items += p->nlines;
    rc = commit_row(p, row, row->now.ino != before, gone);
    if (rc)
        return rc;
    if (row->now.ino != before)
        mailbox_notify_stream(p->t->mb, before);
    if (p->nlines)
        mailbox_notify_stream(p->t->mb, row->now.ino);
    return 0;
}

/* --- how it went --- */

/* Into the row as it is stored: the one in `p` may be ahead of it. */
static void set_reason(struct poll *p, enum trigger_state state, const char *reason)
{
    SCOPED(trigger_row_release) struct trigger_row row = {0};
    int rc;

    if (p->row.state == state && str_eq(p->row.reason, reason))
        return;
    state_begin(p->t->mb->state);
    rc = state_get_trigger(p->t->mb->state, p->row.id, &row);
    if (!rc && row.gen == p->row.gen) {
        if (row.state != state || !row.reason)
            log_warn("triggers/%s.json: %s", row.name, reason);
        row.state = state;
        xstrset(&row.reason, reason);
        rc = state_put_trigger(p->t->mb->state, &row);
    }
    state_end(p->t->mb->state, rc);
}

static int64_t clamp(const struct poll *p, int64_t pause)
{
    const struct mailbox_config *config = &p->t->mb->config;

    if (pause > config->poll_max)
        pause = config->poll_max;
    return pause < config->poll_min ? config->poll_min : pause;
}

/* When to ask again: `pause` from now. */
static void schedule(struct poll *p, int64_t pause, bool failed)
{
    LOCKED(&p->t->lock);
    struct watch *w = watch_locked(p->t, p->row.id);
    w->asked_at = clock_mono();
    w->pause = pause;
    w->gen = p->row.gen;
    w->failures = failed ? w->failures + 1 : 0;
}

static unsigned failures(struct poll *p)
{
    LOCKED(&p->t->lock);
    unsigned n = watch_locked(p->t, p->row.id)->failures;
    return n < DOUBLINGS_MAX ? n : DOUBLINGS_MAX;
}

static void failed(struct poll *p, enum grade grade, const char *reason, int retry_after)
{
    int64_t pause = p->t->mb->config.poll_min << failures(p), said = retry_after * NS_PER_S;

    if (grade == GRADE_CANCELLED)
        return;
    if (grade == GRADE_OFFLINE) /* known-offline costs nothing: soon back when it is over */
        pause = p->t->mb->config.poll_min;
    if (!grade_is_temporary(grade)) {
        set_reason(p, TRIGGER_FAILED, reason);
        schedule(p, TRIGGER_PAUSE_LONG, true);
        return;
    }
    set_reason(p, TRIGGER_ACTIVE, reason);
    schedule(p, clamp(p, said > pause ? said : pause), true);
}

/* --- one call --- */

static bool answered(struct poll *p, uintptr_t gen)
{
    int64_t said = p->news.retry_after ? p->news.retry_after * NS_PER_S : PAUSE_USUAL;
    bool moved = p->news.cursor && !str_eq(p->news.cursor, p->row.cursor);
    if (!p->news.cursor && !p->row.cursor) {
        failed(p, GRADE_BROKEN, "the answer does not say how to go on: it has no Location", 0);
        return false;
    }
    int rc = enter_cache(p, gen);
    if (!rc)
        rc = make_lines(p);
    if (!rc)
        rc = commit(p);
    if (rc == -ESTALE) /* the next look finds the new definition due */
        return false;
    if (rc) {
        failed(p, GRADE_BROKEN, rc == -ENOSPC ? "no space left for the stream" : strerror(-rc), 0);
        return false;
    }
    bool more = p->nlines > 0 && moved;
    schedule(p, more ? 0 : clamp(p, said), false);
    return more;
}

static bool ask(struct poll *p, struct cancel *cancel)
{
    struct mailbox *mb = p->t->mb;
    struct folder *f = listings_folder(mb->listings, p->d.kind, p->d.folder);
    struct remote_ctx ctx = {.cancel = cancel, .priority = HTTP_BACKGROUND};
    SCOPED(remote_fault_release) struct remote_fault fault = {0};
    bool more = false;
    uintptr_t gen = question_begin(f);
    enum grade grade =
        remote_poll(mb->remote, p->d.trigger, p->d.params, p->row.cursor, ctx, &p->news, &fault);

    if (grade == GRADE_OK)
        more = answered(p, gen);
    else
        failed(p, grade, fault.reason ? fault.reason : grade_name(grade), fault.retry_after);
    question_end(f);
    return more;
}

/* The list of folders is there afterwards, if it can be had; that of calendars is a young one. */
static void know_folders(struct mailbox *mb, enum kind kind, struct cancel *cancel)
{
    struct cache_folders folders = {0};
    bool known = !cache_get_folders(mb->cache, kind, &folders) && folders.asked_at;

    cache_folders_release(&folders);
    if ((kind == KIND_EVENT || !known) && !mailbox_folders(mb, kind, cancel, &folders))
        cache_folders_release(&folders);
}

static int read_row(struct poll *p, struct buf *err)
{
    definition_release(&p->d);
    buf_clear(err);
    return definition_read(p->t->mb, p->row.definition, strlen(p->row.definition), &p->d, err);
}

static bool poll_row(struct poll *p, struct cancel *cancel)
{
    SCOPED(buf_release) struct buf err = BUF_INIT(BUF_TEXT_MAX);
    bool more = false;

    if (!p->row.definition || p->row.stopped_at)
        return false;
    read_row(p, &err);
    know_folders(p->t->mb, p->d.kind, cancel);
    int rc = read_row(p, &err);
    if (rc)
        failed(p, rc == -EINVAL ? GRADE_REFUSED : GRADE_BROKEN, err.data, 0);
    else
        more = ask(p, cancel);
    return more;
}

bool triggers_poll(struct triggers *t, int64_t id, struct cancel *cancel)
{
    struct poll p = {.t = t};
    bool more = false;

    if (state_get_trigger(t->mb->state, id, &p.row))
        return false;
    buf_init(&p.lines, LINES_MAX);
    more = poll_row(&p, cancel);
    xstrfree(p.keys, p.nkeys);
    buf_release(&p.lines);
    remote_news_release(&p.news);
    definition_release(&p.d);
    trigger_row_release(&p.row);
    return more;
}
