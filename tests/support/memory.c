/*
 * memory.c - a mailbox in memory: the lock, the dispatch, and what a test does behind the client's
 * back.
 */
#include "transports.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/cancel.h>
#include <outlookfs/base/clock.h>
#include <outlookfs/base/json.h>
#include <outlookfs/base/str.h>

#include <outlookfs/base/mutex.h>
#include <stdlib.h>
#include <string.h>

#include "memory_p.h"

/* Attachments come in pieces, as they do from the network. */
#define PIECE 1000

struct memory {
    struct transport base;

    struct mutex lock;
    struct mailbox mb;        /* guarded by lock */
    unsigned calls[OP_COUNT]; /* guarded by lock */
};

static const struct operation_handler {
    memory_handler run; /* NULL: refused */
    enum kind kind;
} handlers[OP_COUNT] = {
    [OP_GET_EMAILS] = {memory_get_emails, KIND_MESSAGE},
    [OP_GET_EMAIL] = {memory_get_email, KIND_MESSAGE},
    [OP_SEND_EMAIL] = {memory_send_email, KIND_MESSAGE},
    [OP_DELETE_EMAIL] = {memory_delete_email, KIND_MESSAGE},
    [OP_MARK_AS_READ] = {memory_mark_as_read, KIND_MESSAGE},
    [OP_REPLY_TO] = {memory_reply_to, KIND_MESSAGE},
    [OP_REPLY_TO_V3] = {memory_reply_to, KIND_MESSAGE},
    [OP_GET_ATTACHMENT] = {memory_get_attachment, KIND_MESSAGE},
    [OP_SEND_MAIL_WITH_OPTIONS] = {memory_subscribe, KIND_MESSAGE},
    [OP_SEND_APPROVAL_MAIL] = {memory_subscribe, KIND_MESSAGE},
    [OP_CALENDAR_GET_TABLES] = {memory_get_tables, KIND_EVENT},
    [OP_CALENDAR_GET_ITEMS] = {memory_get_items, KIND_EVENT},
    [OP_CALENDAR_POST_ITEM] = {memory_post_item, KIND_EVENT},
    [OP_CALENDAR_GET_ITEM] = {memory_get_item, KIND_EVENT},
    [OP_CALENDAR_DELETE_ITEM] = {memory_delete_item, KIND_EVENT},
    [OP_CALENDAR_PATCH_ITEM] = {memory_patch_item, KIND_EVENT},
    [OP_CONTACT_GET_TABLES] = {memory_get_tables, KIND_CONTACT},
    [OP_CONTACT_GET_ITEMS] = {memory_get_items, KIND_CONTACT},
    [OP_CONTACT_POST_ITEM] = {memory_post_item, KIND_CONTACT},
    [OP_CONTACT_GET_ITEM] = {memory_get_item, KIND_CONTACT},
    [OP_CONTACT_DELETE_ITEM] = {memory_delete_item, KIND_CONTACT},
    [OP_CONTACT_PATCH_ITEM] = {memory_patch_item, KIND_CONTACT},
    [OP_UNSUBSCRIBE] = {memory_unsubscribe, KIND_MESSAGE},
    [OP_PICKER_OPEN] = {memory_picker, KIND_MESSAGE},
    [OP_PICKER_BROWSE] = {memory_picker, KIND_MESSAGE},
};

/* --- what the handlers use -------------------------------------------------------------------- */

const char *memory_param(const struct memory_work *w, const char *name)
{
    return param_value(w->call->params, name);
}

unsigned memory_number(const struct memory_work *w, const char *name, unsigned otherwise)
{
    const char *value = memory_param(w, name);

    return value ? (unsigned)strtoul(value, NULL, 10) : otherwise;
}

bool memory_flag(const struct memory_work *w, const char *name, bool otherwise)
{
    const char *value = memory_param(w, name);

    return value ? str_eq(value, remote_bool(true)) : otherwise;
}

enum grade memory_ok(struct memory_work *w, int status)
{
    w->fault->status = status;
    return GRADE_OK;
}

enum grade memory_gone(struct memory_work *w)
{
    w->fault->status = 404;
    return remote_fail(w->fault, GRADE_GONE,
                       "404 ErrorItemNotFound: The specified object was not found in the store.");
}

enum grade memory_refused(struct memory_work *w, const char *why)
{
    w->fault->status = 400;
    return remote_fail(w->fault, GRADE_REFUSED, "400 %s", why);
}

struct entry {
    const struct cJSON *obj;
    int64_t time;
    size_t order;
};

/* Newest first; what is equally new: last come first. */
static int compare_newest(const void *a, const void *b)
{
    const struct entry *x = a, *y = b;

    if (x->time != y->time)
        return x->time < y->time ? 1 : -1;
    return x->order < y->order ? 1 : -1;
}

void memory_list(struct memory_work *w, const struct memory_list *list)
{
    struct entry *entries = xcalloc(w->mb->nrecords + 1, sizeof(*entries));
    size_t count = 0;

    for (size_t i = 0; i < w->mb->nrecords; i++) {
        const struct mailbox_record *rec = w->mb->records[i];
        if (rec->folder != list->folder || (list->wanted && !list->wanted(w, rec->obj)))
            continue;
        entries[count] = (struct entry){.obj = rec->obj, .order = i};
        const char *time = list->newest_by ? json_str(rec->obj, list->newest_by) : NULL;
        if (time)
            str_parse_time(time, &entries[count].time);
        count++;
    }
    if (list->newest_by)
        qsort(entries, count, sizeof(*entries), compare_newest);

    w->call->answer = cJSON_CreateArray();
    for (size_t i = list->skip; i < count && i - list->skip < list->top; i++)
        cJSON_AddItemToArray(w->call->answer, list->present(w, entries[i].obj));
    free(entries);
}

/* --- the remote ------------------------------------------------------------------------------- */

static size_t json_size(const cJSON *json)
{
    char *text = json_print(json);
    size_t size = strlen(text);

    free(text);
    return size;
}

/* Of an object, its text. */
static enum grade hand_over(struct memory_work *w)
{
    if (w->call->answer) {
        char *text = json_print(w->call->answer);
        buf_addstr(&w->bytes, text);
        free(text);
        cJSON_Delete(w->call->answer);
        w->call->answer = NULL;
    }
    for (size_t done = 0; done < w->bytes.len;) {
        size_t n = w->bytes.len - done < PIECE ? w->bytes.len - done : PIECE;
        if (w->call->sink->write(w->call->sink->ctx, w->bytes.data + done, n))
            return remote_fail(w->fault, GRADE_BROKEN, "the reader gave up");
        done += n;
    }
    w->call->bytes = w->bytes.len;
    return GRADE_OK;
}

static enum grade memory_call(struct transport *r, struct remote_call *call,
                              struct remote_fault *fault)
{
    struct memory *m = (struct memory *)r;
    enum operation op = operation_of_row(call->info);
    const struct operation_handler *handler = &handlers[op];
    cJSON *parsed = NULL;
    struct memory_work w = {
        .mb = &m->mb,
        .kind = handler->kind,
        .call = call,
        .fault = fault,
    };

    if (cancel_fired(call->ctx.cancel))
        return remote_fail(fault, GRADE_CANCELLED, "cancelled");
    if (call->text && json_parse_object(call->text, strlen(call->text), &parsed, NULL))
        return memory_refused(&w, "ErrorInvalidRequest: the body is no object");
    w.body = parsed ? parsed : call->body;
    buf_init(&w.bytes, HTTP_ANSWER_MAX);
    mutex_lock(&m->lock);
    m->calls[op]++;
    enum grade grade = GRADE_OK;
    if (handler->run)
        grade = handler->run(&w);
    else if (op != OP_TEST_CONNECTION)
        grade = memory_refused(&w, "ErrorInvalidRequest: this operation is not supported here");
    mutex_unlock(&m->lock);
    cJSON_Delete(parsed);

    fault->date = clock_now();
    if (grade == GRADE_OK && call->sink)
        grade = hand_over(&w);
    else if (call->answer)
        call->bytes = json_size(call->answer);
    buf_release(&w.bytes);
    return grade;
}

static void memory_destroy(struct transport *r)
{
    struct memory *m = (struct memory *)r;

    mailbox_release(&m->mb);
    mutex_release(&m->lock);
    free(m);
}

static const struct transport_impl memory_impl = {
    .name = "memory",
    .call = memory_call,
    .destroy = memory_destroy,
};

struct transport *memory_create(void)
{
    struct memory *m = xcalloc(1, sizeof(*m));

    m->base = (struct transport){.impl = &memory_impl};
    mutex_init(&m->lock, MUTEX_DOUBLE);
    mailbox_init(&m->mb);
    return &m->base;
}

/* --- behind the client's back ----------------------------------------------------------------- */

const char *memory_add(struct transport *r, enum kind kind, const char *folder, struct cJSON *obj)
{
    struct memory *m = (struct memory *)r;

    mutex_lock(&m->lock);
    const struct mailbox_record *rec =
        mailbox_add(&m->mb, kind, mailbox_make_folder(&m->mb, kind, folder), obj);
    mutex_unlock(&m->lock);
    return rec->id;
}

void memory_edit(struct transport *r, enum kind kind, const char *id, struct cJSON *set)
{
    struct memory *m = (struct memory *)r;

    mutex_lock(&m->lock);
    struct mailbox_record *rec = mailbox_find(&m->mb, kind, id);
    if (rec) {
        cJSON *obj = cJSON_Duplicate(rec->obj, true);
        const cJSON *member;
        cJSON_ArrayForEach(member, set)
            mailbox_set(obj, member->string, cJSON_Duplicate(member, true));
        mailbox_change(&m->mb, rec, obj);
    }
    mutex_unlock(&m->lock);
    cJSON_Delete(set);
}

void memory_remove(struct transport *r, enum kind kind, const char *id)
{
    struct memory *m = (struct memory *)r;

    mutex_lock(&m->lock);
    struct mailbox_record *rec = mailbox_find(&m->mb, kind, id);
    if (rec)
        mailbox_remove(&m->mb, rec);
    mutex_unlock(&m->lock);
}

const struct cJSON *memory_get(struct transport *r, enum kind kind, const char *id)
{
    struct memory *m = (struct memory *)r;

    mutex_lock(&m->lock);
    const struct mailbox_record *rec = mailbox_find(&m->mb, kind, id);
    mutex_unlock(&m->lock);
    return rec ? rec->obj : NULL;
}

size_t memory_count(struct transport *r, enum kind kind)
{
    struct memory *m = (struct memory *)r;
    size_t count = 0;

    mutex_lock(&m->lock);
    for (size_t i = 0; i < m->mb.nrecords; i++)
        count += m->mb.records[i]->kind == kind;
    mutex_unlock(&m->lock);
    return count;
}

unsigned memory_calls(struct transport *r, enum operation op)
{
    struct memory *m = (struct memory *)r;
    unsigned calls = 0;

    mutex_lock(&m->lock);
    for (size_t i = 0; i < OP_COUNT; i++)
        if (op == OP_COUNT || op == (enum operation)i)
            calls += m->calls[i];
    mutex_unlock(&m->lock);
    return calls;
}
