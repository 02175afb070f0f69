/*
 * triggers.c - the rows of triggers, who looks at their streams, and which is due.
 */
#include "triggers_p.h"

#include <outlookfs/base/map.h>
#include <outlookfs/base/alloc.h>
#include <outlookfs/base/cancel.h>
#include <outlookfs/base/json.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define UNWATCHED (3600 * NS_PER_S)
#define DOUBLINGS_MAX 16

/* --- lifetime --- */

struct triggers *triggers_create(struct mailbox *mb)
{
    struct triggers *t = xcalloc(1, sizeof(*t));

    t->mb = mb;
    mutex_init(&t->lock, MUTEX_TRIGGERS);
    clock_cond_init(&t->changed);
    return t;
}

void triggers_destroy(struct triggers *t)
{
    if (!t)
        return;
    HASH_FREE_ALL(t->watches, free);
    pthread_cond_destroy(&t->changed);
    mutex_release(&t->lock);
    free(t);
}

void triggers_kick(struct triggers *t)
{
    LOCKED(&t->lock);
    t->version++;
    pthread_cond_broadcast(&t->changed);
}

int triggers_wait(struct triggers *t, int64_t until, struct cancel *cancel)
{
    int rc = 0;

    LOCKED(&t->lock);
    while (!rc && t->version == t->waited)
        rc = cancel_wait(cancel, &t->changed, &t->lock, until);
    t->waited = t->version;
    return rc;
}

/* --- who looks --- */

struct watch *watch_locked(struct triggers *t, int64_t id)
{
    struct watch *w;

    HASH_FIND(hh, t->watches, &id, sizeof(id), w);
    if (!w) {
        w = xcalloc(1, sizeof(*w));
        w->looked_at = clock_mono();
        w->id = id;
        HASH_ADD(hh, t->watches, id, sizeof(w->id), w);
    }
    return w;
}

/* What a pause becomes when nobody has looked for long. */
static int64_t stretched(const struct watch *w, int64_t now)
{
    int64_t idle = w->handles ? 0 : now - w->looked_at;
    int64_t pause = w->pause;

    for (int i = 0; idle >= UNWATCHED && i < DOUBLINGS_MAX; i++, idle -= UNWATCHED)
        pause *= 2;
    if (pause <= TRIGGER_PAUSE_LONG)
        return pause;
    return w->pause > TRIGGER_PAUSE_LONG ? w->pause : TRIGGER_PAUSE_LONG;
}

void triggers_watch(struct triggers *t, int64_t id, int change)
{
    int64_t now = clock_mono();

    LOCKED(&t->lock);
    struct watch *w = watch_locked(t, id);
    bool slow = stretched(w, now) != w->pause;
    w->handles += (unsigned)change;
    w->looked_at = now;
    if (slow) { /* it may be due now */
        t->version++;
        pthread_cond_broadcast(&t->changed);
    }
}

/* --- when --- */

/* clock_mono() of the next call. */
static int64_t due_locked(struct triggers *t, const struct trigger_row *row, int64_t now)
{
    const struct watch *w = watch_locked(t, row->id);

    return w->asked_at && w->gen == row->gen ? w->asked_at + stretched(w, now) : 0;
}

static bool is_in_force(const struct trigger_row *row)
{
    return row->definition && !row->stopped_at;
}

int64_t triggers_due(struct triggers *t, int64_t *ret_when)
{
    struct trigger_row *rows = NULL;
    size_t count = 0;
    int64_t now = clock_mono(), when = INT64_MAX, id = 0;

    if (state_triggers(t->mb->state, &rows, &count))
        when = now + TRIGGER_PAUSE_MIN;
    mutex_lock(&t->lock);
    for (size_t i = 0; i < count; i++) {
        int64_t due = is_in_force(&rows[i]) ? due_locked(t, &rows[i], now) : INT64_MAX;

        if (due < when) {
            when = due;
            id = rows[i].id;
        }
    }
    mutex_unlock(&t->lock);
    trigger_rows_free(rows, count);
    if (id && when <= now)
        return id;
    *ret_when = when;
    return 0;
}

int64_t triggers_next(struct triggers *t, int64_t id)
{
    SCOPED(trigger_row_release) struct trigger_row row = {0};
    int64_t now = clock_mono(), seconds = -1;

    if (!state_get_trigger(t->mb->state, id, &row) && is_in_force(&row)) {
        mutex_lock(&t->lock);
        int64_t due = due_locked(t, &row, now);
        mutex_unlock(&t->lock);
        seconds = due > now ? (due - now) / NS_PER_S : 0;
    }
    return seconds;
}

/* --- definitions --- */

int triggers_check(struct triggers *t, const char *text, size_t len, struct buf *err)
{
    struct definition d = {0};
    int rc = definition_read(t->mb, text, len, &d, err);

    definition_release(&d);
    return rc;
}

static bool same_json(const char *a, const char *b)
{
    SCOPED(json_release) cJSON *x = json_load(a), *y = json_load(b);

    return x && y && json_equal(x, y);
}

/* 0 with a row that is not stored yet where there is none. */
static int find_or_make(struct triggers *t, const char *name, struct trigger_row *ret)
{
    int rc = state_trigger_by_name(t->mb->state, name, ret);

    if (rc == -ENOENT) {
        *ret = (struct trigger_row){.name = xstrdup(name)};
        rc = 0;
    }
    return rc;
}

/* The baseline is set anew. */
static int start_afresh(struct triggers *t, struct trigger_row *row, const char *definition)
{
    xstrset(&row->definition, definition);
    xstrset(&row->cursor, NULL);
    xstrset(&row->reason, NULL);
    row->state = TRIGGER_ACTIVE;
    row->gen++;
    int rc = row->id ? state_trigger_unsee(t->mb->state, row->id) : 0;
    if (!rc && !row->now.ino)
        rc = stream_begin(t, &row->now);
    return rc;
}

/* In a transaction. */
static int put_in_force(struct triggers *t, struct trigger_row *row, const char *definition)
{
    bool recent = !row->stopped_at || clock_steady() - row->stopped_at < TRIGGER_GRACE;
    bool same = recent && row->definition && same_json(row->definition, definition);
    int rc = 0;

    xstrset(&row->draft, NULL);
    row->stopped_at = 0;
    if (!same)
        rc = start_afresh(t, row, definition);
    return rc ? rc : state_put_trigger(t->mb->state, row);
}

int triggers_define(struct triggers *t, const char *name, const char *text, size_t len,
                    struct buf *err)
{
    SCOPED(trigger_row_release) struct trigger_row row = {0};
    int rc = triggers_check(t, text, len, err);

    if (rc)
        return rc;
    SCOPED(xfree) char *definition = xstrndup(text, len);
    state_begin(t->mb->state);
    rc = find_or_make(t, name, &row);
    if (!rc)
        rc = put_in_force(t, &row, definition);
    return state_end(t->mb->state, rc);
}

int triggers_draft(struct triggers *t, const char *name, const char *reason)
{
    SCOPED(trigger_row_release) struct trigger_row row = {0};

    state_begin(t->mb->state);
    int rc = find_or_make(t, name, &row);
    if (!rc) {
        xstrset(&row.draft, reason);
        rc = state_put_trigger(t->mb->state, &row);
    }
    return state_end(t->mb->state, rc);
}

/* Removes a row that has lost its meaning. In a transaction. */
static int keep_or_remove(struct triggers *t, struct trigger_row *row)
{
    bool in_force = is_in_force(row);

    if (!in_force && !row->now.ino && !row->old.ino)
        return state_remove_trigger(t->mb->state, row->id);
    return state_put_trigger(t->mb->state, row);
}

int triggers_stop(struct triggers *t, const char *name)
{
    SCOPED(trigger_row_release) struct trigger_row row = {0};

    state_begin(t->mb->state);
    int rc = state_trigger_by_name(t->mb->state, name, &row);
    if (!rc) {
        xstrset(&row.draft, NULL);
        row.stopped_at = clock_steady();
        row.gen++;
        rc = keep_or_remove(t, &row);
    }
    return state_end(t->mb->state, rc == -ENOENT ? 0 : rc);
}

int triggers_rename(struct triggers *t, const char *from, const char *to, const char *text,
                    size_t len, struct buf *err)
{
    SCOPED(trigger_row_release) struct trigger_row row = {0}, other = {0};
    int rc;

    state_begin(t->mb->state);
    rc = state_trigger_by_name(t->mb->state, to, &other);
    bool taken = !rc;
    if (rc == -ENOENT)
        rc = state_trigger_by_name(t->mb->state, from, &row);
    if (!rc && !taken) {
        xstrset(&row.name, to);
        rc = state_put_trigger(t->mb->state, &row);
    } else if (taken) {
        rc = triggers_stop(t, from);
    }
    if (rc == -ENOENT)
        rc = 0;
    if (!rc)
        rc = triggers_define(t, to, text, len, err);
    return state_end(t->mb->state, rc);
}

int triggers_drop_stream(struct triggers *t, const char *name, bool older)
{
    struct trigger_row row = {0};
    uint64_t gone = 0;

    state_begin(t->mb->state);
    int rc = state_trigger_by_name(t->mb->state, name, &row);
    if (!rc) {
        struct trigger_stream *stream = older ? &row.old : &row.now;

        gone = stream->ino;
        *stream = (struct trigger_stream){0};
        row.gen++;
        if (!gone)
            rc = -ENOENT;
        else if (!older && is_in_force(&row))
            rc = stream_begin(t, stream);
        if (!rc)
            rc = state_data_remove(t->mb->state, gone);
        if (!rc)
            rc = keep_or_remove(t, &row);
    }
    rc = state_end(t->mb->state, rc);
    trigger_row_release(&row);
    if (!rc)
        mailbox_notify_stream(t->mb, gone);
    return rc;
}
