/*
 * outbox_send.c - one attempt to send, and its outcome.
 */
#include "outbox_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/crash.h>
#include <outlookfs/base/json.h>
#include <outlookfs/base/log.h>
#include <outlookfs/base/str.h>
#include <outlookfs/model/name.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Certainly nowhere (RFC 2606): a question must name an address even where nobody listens. */
#define NOWHERE "https://outlookfs.invalid/"
/* Of a body, besides the message. */
#define HEAD_MAX ((size_t)64 * 1024)

/* --- the request --- */

/* Appends the message, as it was accepted: it is not built again, for it may be large. */
static int read_message(struct outbox *ob, const struct outbox_row *row, struct buf *out,
                        struct buf *err)
{
    size_t before = out->len;
    int rc = state_data_read(ob->mb->state, row->body ? row->body : row->ino, out);

    if (rc == -ENOENT)
        return buf_fail(err, rc, "its text is missing from the state directory");
    if (rc)
        return buf_fail(err, rc, "its bytes cannot be read: %s", strerror(-rc));
    if (json_scan(out->data + before, out->len - before, NULL) != JSON_COMPLETE)
        return buf_fail(err, -EINVAL, "its bytes are damaged: write the file again");
    return 0;
}

/* The body of the request. False, with a fault: certainly not sent. */
static bool make_body(struct outbox *ob, const struct outbox_row *row, struct buf *out,
                      struct remote_fault *fault)
{
    bool question = outgoing_info(row->what)->question;
    SCOPED(xfree) char *address = question ? outbox_address(ob, row->token) : NULL, *head = NULL;
    SCOPED(buf_release) struct buf err = BUF_INIT(BUF_TEXT_MAX);

    if (question && !address && row->waits) { /* the listener has gone */
        *fault = (struct remote_fault){
            .grade = GRADE_OFFLINE,
            .reason = xstrdup("there is not an address an answer could be sent to (notify_url)")};
        return false;
    }
    if (question)
        head = remote_ask_head(address ? address : NOWHERE);
    buf_addstr(out, head ? head : "");
    int rc = read_message(ob, row, out, &err);
    buf_addstr(out, question ? REMOTE_ASK_TAIL : "");
    if (rc)
        *fault = (struct remote_fault){.grade = GRADE_REFUSED, .reason = xstrdup(err.data)};
    return !rc;
}

static enum remote_response response_of(const char *word)
{
    return str_eq(word, "accept")      ? REMOTE_ACCEPT
           : str_eq(word, "tentative") ? REMOTE_TENTATIVE
                                       : REMOTE_DECLINE;
}

/* What is about a record of the mailbox. */
static enum grade send_about(struct outbox *ob, const struct outbox_row *row,
                             const struct cJSON *obj, struct remote_ctx ctx,
                             struct remote_fault *fault)
{
    const char *id = json_str(obj, outgoing_info(row->what)->subject);
    const char *comment = json_str(obj, "Comment");
    struct remote *remote = ob->mb->remote;

    if (row->what == OUTGOING_REPLY)
        return remote_reply(remote, id, comment, json_bool(obj, "ReplyAll", false), row->token, ctx,
                            fault);
    if (row->what == OUTGOING_FORWARD)
        return remote_forward(remote, id, json_str(obj, "To"), comment, row->token, ctx, fault);
    return remote_respond(remote, id, response_of(json_str(obj, "Response")), comment,
                          json_bool(obj, "Send", true), row->unknown, ctx, fault);
}

/* --- drafts of the mailbox --- */

/* The draft's id, once the service has all that was written of it. It is on disk before the draft is
 * sent: what was sent leaves its folder, and the slot may go before the outcome is known. */
static enum grade ready_draft(struct outbox *ob, struct outbox_row *row, const struct slot *slot,
                              struct remote_fault *fault)
{
    SCOPED(journal_op_release) struct journal_op op = {0};
    enum grade grade = GRADE_OK;
    bool pending = slot->id && !state_get_op(ob->mb->state, slot->id, &op);
    const char *why = pending && op.reason ? op.reason : "it is not on the service yet";
    int rc = 0;

    if (!pending && !row->token && slot->record) {
        row->token = xstrdup(slot->record);
        rc = state_put_outbox(ob->mb->state, row);
    }
    if (rc || (pending && op.state == JOURNAL_QUEUED))
        grade = GRADE_BROKEN;
    else if (pending || !row->token)
        grade = GRADE_REFUSED;
    if (grade != GRADE_OK)
        *fault = (struct remote_fault){
            .grade = grade, .reason = xasprintf("the draft: %s", rc ? strerror(-rc) : why)};
    return grade;
}

static enum grade send_draft(struct outbox *ob, struct outbox_row *row, const struct cJSON *obj,
                             struct remote_ctx ctx, struct remote_fault *fault)
{
    SCOPED(slot_release) struct slot slot = {0};

    state_get_slot(ob->mb->state, json_int(obj, "Slot", 0), &slot);
    enum grade grade = ready_draft(ob, row, &slot, fault);
    if (grade == GRADE_OK)
        grade = remote_send_draft(ob->mb->remote, row->token, ctx, fault);
    if (grade == GRADE_OK && slot.folder)
        mailbox_record_deleted(ob->mb, KIND_MESSAGE, slot.folder, row->token);
    return grade;
}

static enum grade import_file(struct outbox *ob, const struct outbox_row *row,
                              const struct cJSON *obj, struct remote_ctx ctx,
                              struct remote_fault *fault)
{
    const char *folder = json_str(obj, "Folder");
    SCOPED(json_release) struct cJSON *answer = NULL;
    SCOPED(item_release) struct item item = {0};
    SCOPED(buf_release) struct buf mime = BUF_INIT(OUTGOING_CONTENT_MAX);
    enum grade grade = GRADE_REFUSED;

    if (!folder || state_data_read(ob->mb->state, row->ino, &mime))
        *fault =
            (struct remote_fault){.grade = grade, .reason = xstrdup("its bytes cannot be read")};
    else
        grade = remote_import(ob->mb->remote, folder, &mime, row->unknown, ctx, &answer, fault);
    if (grade == GRADE_OK && !item_from_json(KIND_MESSAGE, answer, &item, NULL))
        mailbox_record_written(ob->mb, folder, &item);
    return grade;
}

/* --- carrying out --- */

static enum grade parse_and_send(struct outbox *ob, struct outbox_row *row, const struct buf *body,
                                 struct remote_ctx ctx, struct remote_fault *fault)
{
    SCOPED(json_release) struct cJSON *obj = NULL;
    enum grade grade = GRADE_REFUSED;

    if (json_parse_object(body->data, body->len, &obj, NULL))
        *fault = (struct remote_fault){.grade = grade, .reason = xstrdup("not an object")};
    else
        grade = row->what == OUTGOING_DRAFT  ? send_draft(ob, row, obj, ctx, fault)
                : row->what == OUTGOING_MIME ? import_file(ob, row, obj, ctx, fault)
                                             : send_about(ob, row, obj, ctx, fault);
    return grade;
}

static enum grade request(struct outbox *ob, struct outbox_row *row, struct remote_fault *fault)
{
    struct remote_ctx ctx = {.cancel = &ob->cancel, .priority = HTTP_SAVE};
    struct remote *remote = ob->mb->remote;
    enum grade grade;
    SCOPED(buf_release) struct buf body = BUF_INIT(JSON_TEXT_MAX + HEAD_MAX);

    if (!make_body(ob, row, &body, fault))
        grade = fault->grade;
    else if (row->what == OUTGOING_SEND)
        grade = remote_send(remote, body.data, row->token, ctx, fault);
    else if (outgoing_info(row->what)->subject || row->what == OUTGOING_DRAFT ||
             row->what == OUTGOING_MIME)
        grade = parse_and_send(ob, row, &body, ctx, fault);
    else
        grade = remote_ask(remote, row->what == OUTGOING_OPTIONS ? REMOTE_OPTIONS : REMOTE_APPROVAL,
                           body.data, ctx, &row->location, fault);
    return grade;
}

/* --- outcomes --- */

/* A name in outbox/sent/ that is free. */
static char *sent_name(struct state *state, uint64_t dir, const struct local *l)
{
    char *name = xstrdup(l->name);
    struct local taken = {0};

    for (unsigned i = 0; !state_find_local(state, dir, name, &taken); i++) {
        char *salt = xasprintf("%llu/%u", (unsigned long long)l->ino, i);

        local_release(&taken);
        free(name);
        name = name_unique(l->name, salt, true);
        free(salt);
    }
    return name;
}

/* The bytes under another inode number. */
static int copy_aside(struct state *state, uint64_t ino, uint64_t *ret)
{
    SCOPED(buf_release) struct buf bytes = BUF_INIT(OUTGOING_CONTENT_MAX);

    int rc = state_data_read(state, ino, &bytes);
    if (!rc)
        rc = state_new_ino(state, ret);
    if (!rc)
        rc = state_data_write(state, *ret, bytes.data, bytes.len);
    return rc;
}

/* In a transaction: the file goes to sent/, its row is done with. */
static int move_to_sent(struct outbox *ob, const struct outbox_row *row, const struct local *l)
{
    struct state *state = ob->mb->state;
    struct local moved = *l;

    moved.dir = outgoing_dir_ino(OUTGOING_SENT_DIR);
    if (row->what == OUTGOING_DRAFT) { /* its inode is the message's, which lies in Sent Items */
        int rc = copy_aside(state, l->ino, &moved.ino);
        if (!rc)
            rc = state_forget_local(state, l->ino);
        if (rc)
            return rc;
    }
    moved.name = sent_name(state, moved.dir, l);
    int rc = state_put_local(state, &moved);
    free(moved.name);
    return rc ? rc : state_remove_outbox(state, row->id);
}

/* In a transaction: the question was asked. */
static int await_answer(struct outbox *ob, struct outbox_row *row, char **ret_answer)
{
    struct outbox_row now = {0};
    int rc = state_get_outbox(ob->mb->state, row->id, &now);

    if (rc)
        return rc;
    free(row->answer);
    row->answer = now.answer; /* an answer may come before the one to our request */
    now.answer = NULL;
    outbox_row_release(&now);
    row->state = OUTBOX_ASKED;
    row->due = 0;
    xstrset(&row->reason, NULL);
    if (row->answer)
        return outbox_deliver(ob, row, ret_answer);
    return state_put_outbox(ob->mb->state, row);
}

static int sent(struct outbox *ob, struct outbox_row *row)
{
    struct state *state = ob->mb->state;
    SCOPED(local_release) struct local l = {0};
    SCOPED(xfree) char *answer = NULL;

    state_begin(state);
    int rc = state_get_local(state, row->ino, &l);
    if (!rc && row->body)
        rc = state_data_remove(state, row->body);
    if (!rc && row->waits)
        rc = await_answer(ob, row, &answer);
    else if (!rc && row->what == OUTGOING_MIME)
        rc = state_forget_local(state, l.ino);
    else if (!rc)
        rc = move_to_sent(ob, row, &l);
    if (!rc && row->what == OUTGOING_MIME)
        rc = state_remove_outbox(state, row->id);
    rc = state_end(state, rc);
    if (!rc) {
        bool made = row->what == OUTGOING_MIME; /* a draft, and not sent */
        log_info("%s/%s: %s", outgoing_info(row->what)->path, l.name, made ? "uploaded" : "sent");
        if (!made)
            folders_sent_has_changed(ob->mb);
        outbox_notify(ob, row->ino, l.dir);
    }
    if (!rc && answer)
        outbox_notify(ob, 0, l.dir);
    return rc;
}

static void wait_and_retry(struct outbox *ob, struct outbox_row *row,
                           const struct remote_fault *fault)
{
    row->state = OUTBOX_WAITING;
    row->began = 0;
    row->due = scheduler_try_again(&ob->scheduler, fault, &row->attempts);
}

/* Not sent, or nobody knows: what becomes of the row. */
static void judge(struct outbox *ob, struct outbox_row *row, const struct remote_fault *fault)
{
    const char *why = fault->reason ? fault->reason : grade_name(fault->grade);
    char *reason;

    row->status = fault->status;
    row->unknown |= fault->unknown;
    bool lost = row->unknown && !remote_resends(ob->mb->remote);
    reason = lost ? xasprintf("it may have been sent, nobody knows: %s", why) : xstrdup(why);
    xstrset(&row->reason, reason);
    free(reason);
    if (!lost && (grade_is_temporary(fault->grade) || fault->grade == GRADE_CANCELLED))
        wait_and_retry(ob, row, fault);
    else
        row->state = OUTBOX_FAILED;
}

static int not_sent(struct outbox *ob, struct outbox_row *row)
{
    SCOPED(local_release) struct local l = {0};

    struct state *state = ob->mb->state;
    state_begin(state);
    int rc = state_get_local(state, row->ino, &l);
    if (!rc)
        rc = state_put_outbox(state, row);
    rc = state_end(state, rc);
    if (!rc && row->state == OUTBOX_FAILED)
        log_warn("%s/%s: %s", outgoing_info(row->what)->path, l.name, row->reason);
    if (!rc)
        outbox_notify(ob, row->ino, l.dir);
    return rc;
}

/* Who answers has got it, whatever became of our request. */
static bool was_answered(struct outbox *ob, const struct outbox_row *row)
{
    SCOPED(outbox_row_release) struct outbox_row now = {0};

    return !state_get_outbox(ob->mb->state, row->id, &now) && now.answer;
}

/* The outcome is known here only until it is on disk: it is written as soon as that can be. */
static int send_one(struct outbox *ob, struct outbox_row *row)
{
    SCOPED(remote_fault_release) struct remote_fault fault = {0};
    bool arrived = request(ob, row, &fault) == GRADE_OK;
    int rc;

    crash_point(arrived ? "after a mail was sent" : "after a mail was not sent");
    arrived = arrived || was_answered(ob, row);
    if (!arrived)
        judge(ob, row, &fault);
    do {
        rc = arrived ? sent(ob, row) : not_sent(ob, row);
    } while (rc && rc != -ENOENT && scheduler_wait_for_disk(&ob->scheduler, rc));
    return rc;
}

/* --- what is left on the service --- */

/* The subscription to an answer, or the draft of an attempt. */
static enum grade clear(struct outbox *ob, const struct outbox_row *row, struct remote_fault *fault)
{
    struct remote_ctx ctx = {.cancel = &ob->cancel, .priority = HTTP_BACKGROUND};
    bool sent = false;

    if (row->location)
        return remote_unsubscribe(ob->mb->remote, row->location, ctx, fault);
    enum grade grade = remote_take_back(ob->mb->remote, row->token, ctx, &sent, fault);
    if (sent)
        log_warn("outbox: a mail that was removed had been sent: it is in Sent Items");
    return grade;
}

/* In a transaction: `now` is the row as the user may have changed it meanwhile. */
static int cleared(struct outbox *ob, struct outbox_row *now)
{
    xstrset(&now->location, NULL);
    return now->state == OUTBOX_GONE ? state_remove_outbox(ob->mb->state, now->id)
                                     : state_put_outbox(ob->mb->state, now);
}

static int clear_later(struct outbox *ob, struct outbox_row *now, const struct remote_fault *fault)
{
    enum outbox_state state = now->state;

    wait_and_retry(ob, now, fault);
    now->state = state;
    return state_put_outbox(ob->mb->state, now);
}

static int clear_up(struct outbox *ob, struct outbox_row *row)
{
    SCOPED(remote_fault_release) struct remote_fault fault = {0};
    SCOPED(outbox_row_release) struct outbox_row now = {0};
    enum grade grade = clear(ob, row, &fault);
    bool later = grade_is_temporary(grade) || grade == GRADE_CANCELLED;

    if (grade != GRADE_OK && grade != GRADE_GONE && !later)
        log_warn("outbox: %s stays on the service: %s",
                 row->location ? "a subscription" : "a draft",
                 fault.reason ? fault.reason : grade_name(grade));
    state_begin(ob->mb->state);
    int rc = state_get_outbox(ob->mb->state, row->id, &now);
    if (!rc && str_eq(now.location, row->location))
        rc = later ? clear_later(ob, &now, &fault) : cleared(ob, &now);
    return state_end(ob->mb->state, rc == -ENOENT ? 0 : rc);
}

int outbox_carry_out(struct outbox *ob, struct outbox_row *row)
{
    return row->state == OUTBOX_SENDING ? send_one(ob, row) : clear_up(ob, row);
}
