/*
 * respond.c - answering an invitation.
 *
 * The service mails a response each time it is asked to, so what may have been done is not done
 * again: the event says what was answered last, and is gone once it was declined (graph contract
 * 11).
 */
#include "graph_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/json.h>
#include <outlookfs/base/str.h>

static const struct {
    enum graph_operation op;
    const char *word; /* responseStatus.response afterwards */
} responses[] = {
    [REMOTE_ACCEPT] = {GRAPH_ACCEPT_EVENT, "accepted"},
    [REMOTE_TENTATIVE] = {GRAPH_TENTATIVELY_ACCEPT_EVENT, "tentativelyAccepted"},
    [REMOTE_DECLINE] = {GRAPH_DECLINE_EVENT, "declined"},
};

/* An organizer who asked for no responses refuses them. */
static enum grade send_response(struct remote *r, const char *event, enum remote_response response,
                                const char *comment, bool send, struct remote_ctx ctx,
                                struct remote_fault *fault)
{
    SCOPED(json_release) cJSON *body = cJSON_CreateObject();
    struct remote_call call = {.params = PARAMS({"id", event}), .body = body, .ctx = ctx};

    if (comment && *comment)
        cJSON_AddStringToObject(body, "comment", comment);
    cJSON_AddBoolToObject(body, "sendResponse", send);
    return service_do(r, responses[response].op, &call, fault);
}

enum grade graph_respond(struct remote *r, const char *event, enum remote_response response,
                         const char *comment, bool send, bool again, struct remote_ctx ctx,
                         struct remote_fault *fault)
{
    struct remote_call call = {
        .params = PARAMS({"id", event}, {"$select", "id,responseRequested,responseStatus"}),
        .ctx = ctx};
    SCOPED(json_release) cJSON *now = NULL;
    enum grade grade = service_object(r, GRAPH_GET_EVENT, &call, &now, fault);

    if (again && grade == GRADE_GONE && response == REMOTE_DECLINE) {
        remote_fault_release(fault);
        return GRADE_OK;
    }
    if (grade != GRADE_OK)
        return grade;
    const char *said = json_str(json_get(now, "responseStatus"), "response");
    bool wanted = json_bool(now, "responseRequested", true);
    if (!again || !str_eq(said, responses[response].word))
        grade = send_response(r, event, response, comment, send && wanted, ctx, fault);
    return grade;
}
