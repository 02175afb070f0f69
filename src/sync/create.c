/*
 * create.c - carries out a CREATE, after looking for the record that an earlier attempt may have
 * made.
 */
#include "job_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/clock.h>
#include <outlookfs/base/crash.h>
#include <outlookfs/base/json.h>
#include <outlookfs/base/str.h>
#include <outlookfs/model/merge.h>
#include <outlookfs/model/render.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* How much the clocks may differ, and how long a request may have been on its way. */
#define FIND_SLACK (600 * NS_PER_S)
#define FIND_TOP 50
#define FIND_PAGES 4
#define FIND_FULL_TOP 256
#define FIND_FULL_PAGES 4000 /* more than a folder has: a million records */

/* A look for the record an attempt may have made. */
struct finding {
    struct job *job;
    cJSON *body;   /* what it sent */
    int64_t after; /* created not before, by the service's clock */
    bool ordered;  /* newest first: the search may end early */
    char *first;   /* the id the first page begins with, or NULL */
    struct remote_query query;
};

/* False where the record says nothing about its age. */
static bool is_older(const struct finding *s, const cJSON *record)
{
    const char *created = kind_info(s->job->slot.kind)->created;
    const char *text = created ? json_str(record, created) : NULL;
    int64_t at;

    return text && !str_parse_time(text, &at) && at < s->after;
}

static bool is_free(const struct finding *s, const char *id)
{
    const struct slot *slot = &s->job->slot;

    return state_slot_by_record(s->job->mb->state, slot->kind, slot->folder, id, NULL) == -ENOENT;
}

/* Is it ours? `older`: it was there before. */
static bool is_it(const struct finding *s, const struct item *item, bool *older)
{
    SCOPED(json_release) cJSON *record = json_load(item->text);

    *older = is_older(s, record);
    return !*older && merge_contains(s->job->slot.kind, record, s->body) && is_free(s, item->id);
}

/* `done`: found, or nothing further can be it. */
static void look_through(struct finding *s, struct items *items, struct item *ret, bool *done)
{
    for (size_t i = 0; i < items->count; i++) {
        struct item *item = &items->list[i];
        bool older;

        if (is_it(s, item, &older)) {
            *ret = *item;
            *item = (struct item){0};
            *done = true;
            return;
        }
        *done |= older && s->ordered;
    }
}

/* An empty page, or the first one again, as of a service that does not know $skip: nothing else will come. */
static bool is_end(struct finding *s, const struct items *items)
{
    const char *id = items->count ? items->list[0].id : NULL;
    bool again = s->query.skip && str_eq(s->first, id);

    if (!s->query.skip)
        xstrset(&s->first, id);
    return !items_all(items) || (id && again);
}

static enum grade read_page(struct finding *s, struct item *ret, bool *done,
                            struct remote_fault *fault)
{
    const struct slot *slot = &s->job->slot;
    struct remote_page page;
    enum grade grade;

    crash_point("sync: before looking for a created record");
    grade = remote_list(s->job->mb->remote, slot->kind, slot->folder, &s->query, s->job->ctx, &page,
                        fault);
    crash_point("sync: after looking for a created record");
    if (grade != GRADE_OK)
        return grade;
    if (!s->query.skip && fault->date)
        /* `began` is of our clock, records are of theirs. */
        s->after += fault->date - clock_steady();
    *done = page.last || is_end(s, &page.items);
    s->query.skip += items_all(&page.items);
    look_through(s, &page.items, ret, done);
    items_release(&page.items);
    return GRADE_OK;
}

static enum grade read_pages(struct finding *s, struct item *ret, struct remote_fault *fault)
{
    unsigned most = s->ordered ? FIND_PAGES : FIND_FULL_PAGES;
    bool done = false;
    enum grade grade = GRADE_OK;

    for (unsigned i = 0; grade == GRADE_OK && !done && i < most; i++) {
        remote_fault_release(fault);
        grade = read_page(s, ret, &done, fault);
    }
    return grade;
}

static void start(struct finding *s, bool ordered, const char *orderby)
{
    s->ordered = ordered;
    s->after = s->job->op.began - FIND_SLACK;
    s->query = (struct remote_query){
        .top = ordered ? FIND_TOP : FIND_FULL_TOP,
        .orderby = ordered ? orderby : NULL,
    };
}

enum grade create_find(struct job *j, struct item *ret, struct remote_fault *fault)
{
    const struct kind_info *info = kind_info(j->slot.kind);
    struct finding s = {.job = j};
    enum grade grade = GRADE_REFUSED;
    SCOPED(json_release) cJSON *sent = json_load(j->op.sent);
    char *orderby;

    if (!sent) {
        job_fault(fault, GRADE_REFUSED, "the journal's text is damaged: save the file again");
        return GRADE_REFUSED;
    }
    s.body = merge_new_body(j->slot.kind, sent);
    if (info->created && info->caps & KIND_CAN_FILTER) {
        orderby = xasprintf("%s desc", info->created);
        start(&s, true, orderby);
        grade = read_pages(&s, ret, fault);
        free(orderby);
    }
    if (grade == GRADE_REFUSED) {
        start(&s, false, NULL);
        grade = read_pages(&s, ret, fault);
    }
    cJSON_Delete(s.body);
    free(s.first);
    return grade;
}

/* --- carrying out --- */

/*
 * What is sent of the user's text: kind_info.once is not what it says, which may be a copy of another
 * record, but that of an attempt before this one, or a new one. NULL: the journal's text is damaged.
 */
static char *text_to_send(const struct job *j)
{
    const char *once = kind_info(j->slot.kind)->once;
    SCOPED(json_release) cJSON *mine = json_load(j->op.mine), *sent = NULL;
    char uuid[STR_UUID_SIZE];

    if (!mine || !once)
        return mine ? xstrdup(j->op.mine) : NULL;
    sent = json_load(j->op.sent);
    str_uuid(uuid);
    const char *known = json_str(sent, once);
    cJSON_DeleteItemFromObjectCaseSensitive(mine, once);
    cJSON_AddStringToObject(mine, once, known ? known : uuid);
    return render_text(mine);
}

/* What the record that was found is known to have of what was sent. The caller frees. */
static char *settled_text(struct job *j, const struct item *item, const char *was_sent)
{
    SCOPED(json_release) cJSON *sent = json_load(was_sent), *record = json_load(item->text);
    SCOPED(json_release) cJSON *settled = NULL;

    if (sent && record)
        settled = merge_settle(j->slot.kind, record, sent, MERGE_TIMES_UNKNOWN);
    char *text = settled ? render_text(settled) : NULL;
    return text ? text : xstrdup(was_sent);
}

/*
 * The record that an earlier attempt made of `sent` is bound to the slot; what the user has changed since
 * then, or what cannot be told to have arrived, is an update of it. `text` is what would be sent now.
 */
static int found_again(struct job *j, const struct item *item, const char *sent, const char *text)
{
    SCOPED(xfree) char *settled = settled_text(j, item, sent);
    int rc;

    if (str_eq(text, settled)) {
        rc = outcome_created(j, item);
    } else {
        rc = outcome_adopt(j, item, settled);
        if (!rc)
            rc = mailbox_record_written(j->mb, j->slot.folder, item);
        if (!rc)
            rc = update_run(j);
    }
    return rc;
}

/* Where the service knows a create again, its answer may be what an earlier attempt made. */
static int posted(struct job *j, const struct item *item, const char *before, const char *text)
{
    if (before && kind_info(j->slot.kind)->once && !str_eq(before, text))
        return found_again(j, item, before, text);
    return outcome_created(j, item);
}

static int post(struct job *j, const char *text)
{
    enum kind kind = j->slot.kind;
    SCOPED(xfree) char *before = j->op.sent ? xstrdup(j->op.sent) : NULL;
    SCOPED(json_release) cJSON *mine = json_load(text), *body = NULL, *answer = NULL;
    SCOPED(remote_fault_release) struct remote_fault fault = {0};
    SCOPED(item_release) struct item item = {0};
    SCOPED(buf_release) struct buf err = BUF_INIT(BUF_TEXT_MAX);
    int rc = job_begin(j, &(struct attempt){.change = REMOTE_CREATE, .sent = text});

    if (rc)
        return rc;
    body = merge_new_body(kind, mine);
    crash_point("sync: before POST");
    enum grade grade =
        remote_create(j->mb->remote, kind, j->slot.folder, body, j->ctx, &answer, &fault);
    crash_point("sync: after POST");
    if (grade == GRADE_OK && item_from_json(kind, answer, &item, &err))
        job_fault(&fault, GRADE_BROKEN, err.data);
    return item.id ? posted(j, &item, before, text) : outcome_failure(j, &fault, true);
}

int create_run(struct job *j)
{
    SCOPED(remote_fault_release) struct remote_fault fault = {0};
    SCOPED(item_release) struct item found = {0};
    int rc = j->op.sent ? job_settle(j) : 0;

    if (rc)
        return rc;
    SCOPED(xfree) char *text = text_to_send(j);
    if (j->op.sent && create_find(j, &found, &fault) != GRADE_OK) {
        rc = outcome_failure(j, &fault, false);
    } else if (found.id) {
        rc = found_again(j, &found, j->op.sent, text);
    } else if (!text) {
        job_fault(&fault, GRADE_REFUSED, "the journal's text is damaged: save the file again");
        rc = outcome_failure(j, &fault, false);
    } else {
        rc = post(j, text);
    }
    return rc;
}
