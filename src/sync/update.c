/*
 * update.c - carries out an UPDATE: read, merge, send.
 */
#include "job_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/crash.h>
#include <outlookfs/base/json.h>
#include <outlookfs/base/str.h>
#include <outlookfs/model/merge.h>
#include <outlookfs/model/render.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Read, merge and send again: what update_round() answers when somebody else was faster. */
#define AGAIN 1

/* One round: what is needed to turn theirs into merged. */
struct round {
    cJSON *seen;       /* what the user had before the change */
    cJSON *had;        /* what the service had then; NULL: the same */
    const cJSON *base; /* seen or rebased */
    cJSON *rebased, *mine, *theirs, *merged;
    bool arrived;      /* an attempt of unknown outcome did: seen and had are new */
    bool in_doubt;     /* ... may have: people would be written to twice */
    char *merged_text; /* of merged */
    struct item item;  /* theirs */
    struct remote_fault fault;
};

static void drop(cJSON **tree)
{
    cJSON_Delete(*tree);
    *tree = NULL;
}

/* A large record is in memory once in each. */
static void drop_trees(struct round *r)
{
    drop(&r->seen);
    drop(&r->had);
    drop(&r->rebased);
    drop(&r->mine);
    drop(&r->theirs);
    drop(&r->merged);
    r->base = NULL;
}

static void drop_texts(struct round *r)
{
    free(r->merged_text);
    free(r->item.text);
    r->merged_text = r->item.text = NULL;
}

static void round_release(struct round *r)
{
    drop_trees(r);
    drop_texts(r);
    item_release(&r->item);
    remote_fault_release(&r->fault);
}

static cJSON *parse(const char *text)
{
    return text ? json_load(text) : cJSON_CreateObject();
}

/* False, with a fault: the journal's texts are not objects. */
static bool parse_texts(const struct job *j, struct round *r)
{
    r->seen = parse(j->op.base);
    r->had = j->op.answer ? parse(j->op.answer) : NULL;
    r->mine = parse(j->op.mine);
    if (r->seen && r->mine)
        return true;
    job_fault(&r->fault, GRADE_REFUSED, "the journal's text is damaged: save the file again");
    return false;
}

/* Turns an answer into an item; a fault of unknown outcome when it is none. */
static bool take_answer(const struct job *j, cJSON *answer, struct item *ret,
                        struct remote_fault *fault)
{
    SCOPED(buf_release) struct buf err = BUF_INIT(BUF_TEXT_MAX);
    bool ok;

    ok = !item_from_json(j->slot.kind, answer, ret, &err);
    if (!ok)
        job_fault(fault, GRADE_BROKEN, err.data);
    return ok;
}

static bool read_theirs(struct job *j, struct round *r)
{
    enum grade grade;

    crash_point("sync: before GET");
    grade = remote_get(j->mb->remote, j->slot.kind, j->slot.folder, j->slot.record, j->ctx,
                       &r->theirs, &r->fault);
    crash_point("sync: after GET");
    if (grade != GRADE_OK)
        return false;
    if (r->fault.mended) {
        job_fault(&r->fault, GRADE_REFUSED,
                  "the record has a character that no file can hold (\\u0000 or half a surrogate "
                  "pair): an update would destroy it");
        return false;
    }
    return take_answer(j, r->theirs, &r->item, &r->fault);
}

/*
 * A changed member that the service rewrites, whose value proves nothing, is at least not what it
 * was before the attempt.
 */
static bool shows_changes(enum kind kind, const cJSON *base, const cJSON *sent, const cJSON *theirs)
{
    if (merge_same(kind, theirs, sent))
        return true;
    for (const char *const *name = kind_info(kind)->rewritten; *name; name++) {
        if (!json_equal(json_get(base, *name), json_get(sent, *name)) &&
            json_equal(json_get(base, *name), json_get(theirs, *name)))
            return false;
    }
    return true;
}

/* A text of the attempt, with the times of theirs where it had them in another zone. */
static cJSON *parse_settled(const struct job *j, const struct round *r, const char *text,
                            enum merge_times times)
{
    SCOPED(json_release) cJSON *obj = text ? parse(text) : NULL;
    cJSON *settled = obj ? merge_settle(j->slot.kind, r->theirs, obj, times) : NULL;

    return settled ? settled : TAKE(obj);
}

static bool has_guests(const struct kind_info *info, const cJSON *event)
{
    return info->invited && cJSON_GetArraySize(json_get(event, info->invited)) > 0;
}

/*
 * Would sending again what was `sent` be a second mail to everybody invited? Not where the record is
 * the version it was before; elsewhere, unless it shows all that was sent, nobody can tell.
 */
static bool is_in_doubt(const struct job *j, const struct round *r, const cJSON *sent)
{
    const struct kind_info *info = kind_info(j->slot.kind);
    SCOPED(json_release) cJSON *granted = NULL;

    if (!sent || (!has_guests(info, sent) && !has_guests(info, r->theirs)) ||
        str_eq(json_str(sent, info->etag), r->item.etag))
        return false;
    granted = merge_settle(j->slot.kind, r->theirs, sent, MERGE_TIMES_UNKNOWN);
    return !r->arrived || granted;
}

/* Our own earlier write must not be in conflict with a newer text of ours. */
static void settle_base(struct job *j, struct round *r)
{
    cJSON *sent = j->op.sent ? parse(j->op.sent) : NULL;
    cJSON *had = parse_settled(j, r, j->op.sent, MERGE_TIMES_ALL);

    r->arrived = sent && merge_contains(j->slot.kind, r->theirs, sent) &&
                 shows_changes(j->slot.kind, r->had ? r->had : r->seen, had, r->theirs);
    r->in_doubt = is_in_doubt(j, r, sent);
    cJSON_Delete(sent);
    if (r->arrived) {
        cJSON *seen =
            parse_settled(j, r, j->op.seen ? j->op.seen : j->op.mine, MERGE_TIMES_UNKNOWN);

        cJSON_Delete(r->seen);
        cJSON_Delete(r->had);
        r->seen = seen ? seen : cJSON_Duplicate(had, true);
        r->had = had;
    } else {
        cJSON_Delete(had);
    }
    r->rebased = r->had ? merge_rebase(r->seen, r->had, r->mine) : NULL;
    r->base = r->had ? r->rebased : r->seen;
}

/* What settle_base() found out about the attempt, which is forgotten, is the operation's base. */
static void keep_arrived(struct job *j, struct round *r)
{
    SCOPED(xfree) char *seen = render_text(r->seen), *had = render_text(r->had);

    op_set_base(&j->op, seen, had);
}

static int conflict(struct job *j, struct round *r, const struct buf *members)
{
    SCOPED(xfree) char *base = render_text(r->base);

    if (r->arrived)
        keep_arrived(j, r);
    return outcome_conflict(j, base, &r->item, members->data);
}

/* Invitations are not sent twice by a guess: a person looks and saves again. */
static int park_in_doubt(struct job *j, struct round *r)
{
    job_fault(
        &r->fault, GRADE_REFUSED,
        "nobody knows whether this change arrived, and sending it again would write to everybody "
        "invited once more: look at the record, then save the file again or discard the change");
    return outcome_failure(j, &r->fault, true);
}

static int refused(struct job *j, struct round *r, bool may_repeat)
{
    if (r->fault.grade == GRADE_GONE)
        return outcome_gone(j, &r->fault);
    if (r->fault.grade == GRADE_CONFLICT && may_repeat) {
        op_clear_attempt(&j->op); /* it was refused: nothing of it can have arrived */
        return AGAIN;
    }
    return outcome_failure(j, &r->fault, true);
}

static int send(struct job *j, struct round *r, bool may_repeat)
{
    enum kind kind = j->slot.kind;
    char *seen = r->arrived ? render_text(r->seen) : NULL, *had = seen ? render_text(r->had) : NULL;
    struct attempt attempt = {
        .change = REMOTE_UPDATE,
        .sent = r->merged_text,
        .base = seen,
        .answer = had,
        .trash = r->item.text,
        .why = "update",
    };
    SCOPED(item_release) struct item written = {0};
    cJSON *body, *answer = NULL;
    enum grade grade;
    int rc;

    body = merge_body(kind, remote_update_policy(j->mb->remote, kind), r->theirs, r->merged);
    drop_trees(r);
    rc = job_begin(j, &attempt);
    free(seen);
    free(had);
    if (rc) {
        cJSON_Delete(body);
        return rc;
    }
    drop_texts(r);
    crash_point("sync: before PATCH");
    grade = remote_update(j->mb->remote, kind, j->slot.folder, j->slot.record, body,
                          *r->item.etag ? r->item.etag : NULL, j->ctx, &answer, &r->fault);
    crash_point("sync: after PATCH");
    cJSON_Delete(body);
    bool written_back = grade == GRADE_OK && take_answer(j, answer, &written, &r->fault);
    cJSON_Delete(answer);
    return written_back ? outcome_updated(j, &written) : refused(j, r, may_repeat);
}

static int update_round(struct job *j, bool may_repeat)
{
    enum kind kind = j->slot.kind;
    SCOPED(round_release) struct round r = {0};
    SCOPED(buf_release) struct buf members = BUF_INIT(BUF_TEXT_MAX);

    if (!parse_texts(j, &r) || !read_theirs(j, &r))
        return r.fault.grade == GRADE_GONE ? outcome_gone(j, &r.fault)
                                           : outcome_failure(j, &r.fault, false);
    settle_base(j, &r);
    r.merged = merge_three(kind, r.base, r.mine, r.theirs, &members);
    if (!r.merged)
        return conflict(j, &r, &members);
    r.merged_text = render_text(r.merged);
    if (merge_same(kind, r.merged, r.theirs))
        return outcome_updated(j, &r.item);
    if (r.in_doubt)
        return park_in_doubt(j, &r);
    return send(j, &r, may_repeat);
}

/* --- messages: MarkAsRead --- */

/* The cached message as it is now. An empty item when it is not cached. */
static int read_message(struct job *j, struct item *ret)
{
    SCOPED(cache_record_release) struct cache_record record = {0};
    SCOPED(json_release) cJSON *obj = NULL;
    int rc = cache_get(j->mb->cache, KIND_MESSAGE, j->slot.folder, j->slot.record, true, &record);

    if (rc)
        return rc == -ENOENT ? 0 : rc;
    obj = parse(record.text);
    if (obj) {
        if (json_get(obj, "IsRead"))
            cJSON_ReplaceItemInObjectCaseSensitive(obj, "IsRead", cJSON_CreateTrue());
        else
            cJSON_AddTrueToObject(obj, "IsRead");
        rc = item_from_json(KIND_MESSAGE, obj, ret, NULL);
    }
    return rc;
}

static int marked(struct job *j)
{
    SCOPED(item_release) struct item item = {0};
    int rc = read_message(j, &item);

    if (!rc)
        rc = outcome_updated(j, item.id ? &item : NULL);
    return rc;
}

static int send_mark(struct job *j, struct round *r)
{
    char *sent = xstrdup(j->op.mine);
    struct attempt attempt = {.change = REMOTE_MARK_READ, .sent = sent};
    enum grade grade;
    int rc = job_begin(j, &attempt);

    free(sent);
    if (rc)
        return rc;
    crash_point("sync: before MarkAsRead");
    grade = remote_mark_read(j->mb->remote, j->slot.record, j->ctx, &r->fault);
    crash_point("sync: after MarkAsRead");
    return grade == GRADE_OK ? marked(j) : refused(j, r, false);
}

static int mark_read(struct job *j)
{
    SCOPED(round_release) struct round r = {0};
    SCOPED(buf_release) struct buf err = BUF_INIT(BUF_TEXT_MAX);
    int rc;

    if (!parse_texts(j, &r)) {
        rc = outcome_failure(j, &r.fault, false);
    } else if (merge_same(j->slot.kind, r.seen, r.mine)) {
        rc = outcome_updated(j, NULL);
    } else if (kind_check_update(j->slot.kind, r.seen, r.mine, &err)) {
        job_fault(&r.fault, GRADE_REFUSED, err.data);
        rc = outcome_failure(j, &r.fault, false);
    } else {
        rc = send_mark(j, &r);
    }
    return rc;
}

int update_run(struct job *j)
{
    int rc;

    if (!(kind_info(j->slot.kind)->caps & KIND_CAN_EDIT))
        return mark_read(j);
    rc = j->op.sent && kind_info(j->slot.kind)->invited ? job_settle(j) : 0;
    if (!rc)
        rc = update_round(j, true);
    return rc == AGAIN ? update_round(j, false) : rc;
}
