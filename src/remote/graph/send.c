/*
 * send.c - sending, replying and forwarding, as draft and send.
 *
 * sendMail names nothing that could be asked about afterwards, so it is not used: repeating it may
 * send twice. A draft has an internetMessageId made of the caller's key, and keeps it when it is
 * sent (graph contract 7). Whoever repeats an attempt finds out by it how far the last one came:
 *
 *     no such message       nothing was sent: begin anew
 *     a draft               it was not sent: it is removed, and made anew
 *     any other message     it was sent
 *
 * Attachments follow the draft, one request each; larger ones through an upload session
 * (upload.c).
 */
#include "graph_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/crash.h>
#include <outlookfs/base/json.h>
#include <outlookfs/base/str.h>
#include <outlookfs/model/dialect.h>
#include <outlookfs/model/html.h>

#include <stdlib.h>
#include <string.h>

#include "../remote_p.h"

/* What an attempt works on. */
struct sending {
    struct remote *r;
    struct remote_ctx ctx;
    struct remote_fault *fault;
    char *message_id; /* internetMessageId */
    char *draft;      /* id; NULL: there is none yet */
};

static enum grade request(struct sending *s, enum graph_operation op, const struct cJSON *body,
                          struct cJSON **ret)
{
    struct remote_call call = {.params = PARAMS({"id", s->draft}), .body = body, .ctx = s->ctx};

    return ret ? service_object(s->r, op, &call, ret, s->fault)
               : service_do(s->r, op, &call, s->fault);
}

/* --- what an earlier attempt did ----------------------------------------------------------------- */

/* GRADE_OK: there is one, `*ret_sent` says which; GRADE_GONE: there is none. */
static enum grade find_earlier(struct sending *s, bool *ret_sent)
{
    char *filter = graph_message_id_filter(s->message_id);
    SCOPED(json_release) cJSON *list = NULL;
    enum grade grade = graph_list_all(s->r, GRAPH_FIND_MESSAGES,
                                      PARAMS({"$filter", filter}, {"$select", "id,isDraft"}),
                                      s->ctx, &list, s->fault);

    free(filter);
    if (grade != GRADE_OK)
        return grade;
    grade = GRADE_GONE;
    *ret_sent = false;
    const cJSON *found;
    cJSON_ArrayForEach(found, list)
    {
        const char *id = json_str(found, "id");

        if (!id)
            continue;
        grade = GRADE_OK;
        if (!json_bool(found, "isDraft", true))
            *ret_sent = true;
        else if (!s->draft)
            s->draft = xstrdup(id);
    }
    return grade;
}

/* The draft goes, sent or not; what is gone already is not a failure. */
static void discard_draft(struct sending *s)
{
    struct remote_call call = {.params = PARAMS({"id", s->draft}), .ctx = s->ctx};
    struct remote_fault fault = {0};

    if (s->draft)
        service_do(s->r, GRAPH_PURGE_MESSAGE, &call, &fault);
    remote_fault_release(&fault);
    xstrset(&s->draft, NULL);
}

/* --- the parts of an attempt --------------------------------------------------------------------- */

static enum grade make_draft(struct sending *s, enum graph_operation op, const struct cJSON *body)
{
    SCOPED(json_release) cJSON *draft = NULL;
    enum grade grade = request(s, op, body, &draft);
    const char *id = json_str(draft, "id");

    if (grade == GRADE_OK && !id)
        grade = remote_fail(s->fault, GRADE_BROKEN, "the draft has no id");
    if (grade == GRADE_OK) {
        xstrset(&s->draft, id);
    }
    crash_point("graph: after a draft was made");
    return grade;
}

static enum grade attach(struct sending *s, const struct cJSON *attachments)
{
    enum grade grade = GRADE_OK;
    const cJSON *a;

    cJSON_ArrayForEach(a, attachments)
    {
        cJSON *body = cJSON_CreateObject();
        const char *name = json_str(a, "Name");

        cJSON_AddStringToObject(body, "@odata.type", "#microsoft.graph.fileAttachment");
        cJSON_AddStringToObject(body, "name", name ? name : "attachment");
        cJSON_AddStringToObject(body, "contentBytes", json_str(a, "ContentBytes"));
        grade = graph_upload(s->r, s->draft, body, s->ctx, s->fault);
        cJSON_Delete(body);
        crash_point("graph: after an attachment");
        if (grade != GRADE_OK)
            break;
    }
    return grade;
}

/* What became of a lost request is found out here: the message is a draft still, or was sent. */
static enum grade send_draft(struct sending *s)
{
    crash_point("graph: before a draft is sent");
    enum grade grade = request(s, GRAPH_SEND_DRAFT, NULL, NULL);
    bool sent = false;

    crash_point("graph: after a draft was sent");

    if (grade == GRADE_OK || !s->fault->unknown)
        return grade;
    SCOPED(xfree) char *reason = TAKE(s->fault->reason);
    if (find_earlier(s, &sent) == GRADE_OK && sent) {
        remote_fault_release(s->fault);
        grade = GRADE_OK;
    } else {
        remote_fail(s->fault, grade, "%s", reason ? reason : grade_name(grade));
        s->fault->unknown = true;
    }
    return grade;
}

/* What an attempt of unknown outcome left is found by the next one; everything else is taken back. */
static enum grade finish(struct sending *s, enum grade grade)
{
    if (grade != GRADE_OK && !s->fault->unknown)
        discard_draft(s);
    s->fault->grade = grade;
    free(s->draft);
    free(s->message_id);
    return grade;
}

static enum grade begin(struct sending *s, const char *key, bool *ret_sent)
{
    s->message_id = xasprintf("<%s@outlookfs.invalid>", key);
    enum grade grade = find_earlier(s, ret_sent);
    if (grade == GRADE_OK && !*ret_sent)
        discard_draft(s);
    return grade == GRADE_GONE ? GRADE_OK : grade;
}

/* --- remote.h ------------------------------------------------------------------------------------ */

enum grade graph_take_back(struct remote *r, const char *key, struct remote_ctx ctx, bool *ret_sent,
                           struct remote_fault *fault)
{
    struct sending s = {.r = r, .ctx = ctx, .fault = fault};
    enum grade grade = begin(&s, key, ret_sent);

    return finish(&s, grade);
}

enum grade graph_send(struct remote *r, const char *text, const char *key, struct remote_ctx ctx,
                      struct remote_fault *fault)
{
    struct sending s = {.r = r, .ctx = ctx, .fault = fault};
    SCOPED(json_release) cJSON *outgoing = NULL, *message = NULL;
    bool sent = false;
    enum grade grade = begin(&s, key, &sent);

    if (grade != GRADE_OK || sent)
        return finish(&s, grade);
    if (json_parse_object(text, strlen(text), &outgoing, NULL)) {
        grade = remote_fail(fault, GRADE_REFUSED, "the mail is not a JSON object");
        return finish(&s, grade);
    }
    message = dialect_message(outgoing);
    cJSON_AddStringToObject(message, "internetMessageId", s.message_id);
    grade = make_draft(&s, GRAPH_CREATE_DRAFT, message);
    if (grade == GRADE_OK)
        grade = attach(&s, json_get(outgoing, "Attachments"));
    if (grade == GRADE_OK)
        grade = send_draft(&s);
    return finish(&s, grade);
}

/* The comment above the original, in the body of the draft: where the service puts a comment of its
 * own is not said (graph contract 7). */
static enum grade write_comment(struct sending *s, const char *comment)
{
    struct remote_call call = {.params = PARAMS({"id", s->draft}, {"$select", "id,body"}),
                               .ctx = s->ctx};
    SCOPED(json_release) cJSON *draft = NULL;
    enum grade grade = service_object(s->r, GRAPH_GET_MESSAGE, &call, &draft, s->fault);

    if (grade != GRADE_OK)
        return grade;
    const cJSON *original = json_get(draft, "body");
    const char *content = json_str(original, "content");
    bool html = str_eq(json_str(original, "contentType"), "html");
    SCOPED(buf_release) struct buf text = BUF_INIT(JSON_TEXT_MAX);

    int rc = html ? html_from_text(comment, &text) : buf_addstr(&text, comment);
    if (!rc)
        rc = buf_addf(&text, html ? "<br>\n%s" : "\n\n%s", content ? content : "");
    if (rc)
        return remote_fail(s->fault, GRADE_TOO_BIG, "the comment is too long");
    SCOPED(json_release) cJSON *change = cJSON_CreateObject();
    cJSON *body = cJSON_AddObjectToObject(change, "body");
    cJSON_AddStringToObject(body, "contentType", html ? "html" : "text");
    cJSON_AddStringToObject(body, "content", text.data);
    SCOPED(json_release) cJSON *answer = NULL;

    return request(s, GRAPH_UPDATE_MESSAGE, change, &answer);
}

/* Sends what the service makes of the message `id`, with `members` of the draft, which are taken. */
static enum grade send_about(struct sending *s, enum graph_operation op, const char *id,
                             cJSON *members, const char *comment, const char *key)
{
    bool sent = false;
    enum grade grade = begin(s, key, &sent);
    SCOPED(json_release) cJSON *body = cJSON_CreateObject();

    cJSON_AddItemToObject(body, "message", members);
    cJSON_AddStringToObject(members, "internetMessageId", s->message_id);
    if (grade != GRADE_OK || sent)
        return finish(s, grade);
    free(s->draft);
    s->draft = xstrdup(id); /* the original, for the address of the request */
    grade = make_draft(s, op, body);
    if (grade != GRADE_OK) {
        free(s->draft); /* nothing of ours was made */
        s->draft = NULL;
        return finish(s, grade);
    }
    if (comment && *comment)
        grade = write_comment(s, comment);
    if (grade == GRADE_OK)
        grade = send_draft(s);
    return finish(s, grade);
}

enum grade graph_reply(struct remote *r, const char *id, const char *comment, bool all,
                       const char *key, struct remote_ctx ctx, struct remote_fault *fault)
{
    struct sending s = {.r = r, .ctx = ctx, .fault = fault};

    return send_about(&s, all ? GRAPH_CREATE_REPLY_ALL : GRAPH_CREATE_REPLY, id,
                      cJSON_CreateObject(), comment, key);
}

enum grade graph_forward(struct remote *r, const char *id, const char *to, const char *comment,
                         const char *key, struct remote_ctx ctx, struct remote_fault *fault)
{
    struct sending s = {.r = r, .ctx = ctx, .fault = fault};
    cJSON *members = cJSON_CreateObject();

    cJSON_AddItemToObject(members, "toRecipients", dialect_recipients(to));
    return send_about(&s, GRAPH_CREATE_FORWARD, id, members, comment, key);
}
