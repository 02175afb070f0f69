/*
 * answer.c - an HTTP answer becomes what the operation promises, or a fault.
 */
#include "answer_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/json.h>

#include <string.h>

#include "remote_p.h"

/* --- errors ---------------------------------------------------------------------------------- */

/* Contract 4.5: the connector's errors have "error" or "status", the gateway's "statusCode". */
static bool is_about_an_item(const cJSON *error)
{
    if (!cJSON_IsObject(error) || json_get(error, "statusCode"))
        return false;
    const cJSON *detail = json_get(error, "error");
    const char *code = json_str(cJSON_IsObject(detail) ? detail : error, "code");
    /* "MailboxNotEnabledForRESTAPI", "ErrorNonExistentMailbox": 404, and every record would be
     * gone. */
    if (code && strstr(code, "Mailbox"))
        return false;
    return cJSON_IsObject(detail) || json_get(error, "status");
}

static bool is_authoritative(const struct http_answer *a)
{
    cJSON *error;

    if (json_parse_object(a->body.data, a->body.len, &error, NULL))
        return false;
    bool authoritative = is_about_an_item(error);
    cJSON_Delete(error);
    return authoritative;
}

static enum grade read_error(struct http_answer *a, struct remote_fault *fault)
{
    fault->unknown = a->unknown;
    if (a->grade == GRADE_GONE && !is_authoritative(a))
        return remote_fail(fault, GRADE_REFUSED,
                           "%s (not about a record: wrong address, or no such mailbox)",
                           a->reason.data);
    fault->reason = buf_detach(&a->reason);
    return a->grade;
}

/* --- success ---------------------------------------------------------------------------------- */

/* Takes `json`. The array, or NULL when there is none. */
static cJSON *take_list(cJSON *json, char **ret_next_link)
{
    if (cJSON_IsArray(json))
        return json;
    cJSON *list = cJSON_DetachItemFromObjectCaseSensitive(json, "value");
    if (cJSON_IsArray(list)) {
        const char *next = json_str(json, "@odata.nextLink");
        if (next && *next)
            *ret_next_link = xstrdup(next);
    } else {
        cJSON_Delete(list);
        list = NULL;
    }
    cJSON_Delete(json);
    return list;
}

static enum grade broken(const struct operation_info *info, struct remote_fault *fault,
                         const char *what)
{
    fault->unknown = operation_writes(info);
    return remote_fail(fault, GRADE_BROKEN, "%s: the answer is %s", info->name, what);
}

static enum grade read_json(const struct operation_info *info, const struct http_answer *a,
                            struct remote_call *call, struct remote_fault *fault)
{
    struct buf err;
    cJSON *json = NULL;

    if (a->body.len == 0) {
        if (info->answer != ANSWER_LIST || a->status != 202)
            return broken(info, fault, "empty");
        call->answer = cJSON_CreateArray();
        return GRADE_OK;
    }
    buf_init(&err, BUF_TEXT_MAX);
    enum grade grade = GRADE_OK;
    if (call->items) {
        if (items_read(call->items, call->kind, a->body.data, a->body.len, &err))
            grade = broken(info, fault, err.data);
        fault->mended = call->items->mended;
        call->next_link = call->items->next_link;
        call->items->next_link = NULL;
        goto out;
    }
    if (json_parse_mended(a->body.data, a->body.len, &json, &fault->mended, &err)) {
        grade = broken(info, fault, err.data);
        goto out;
    }
    if (info->answer == ANSWER_LIST) {
        call->answer = take_list(json, &call->next_link);
        if (!call->answer && a->status == 202)
            call->answer = cJSON_CreateArray();
        if (!call->answer)
            grade = broken(info, fault, "not a list");
    } else if (cJSON_IsObject(json)) {
        call->answer = json;
    } else {
        cJSON_Delete(json);
        grade = broken(info, fault, "not an object");
    }
out:
    buf_release(&err);
    return grade;
}

enum grade answer_to_call(struct http_answer *a, struct remote_call *call,
                          struct remote_fault *fault)
{
    const struct operation_info *info = call->info;

    fault->status = a->status;
    fault->retry_after = a->retry_after;
    fault->date = a->date;
    if (a->grade != GRADE_OK)
        return read_error(a, fault);

    call->bytes = a->body.len;
    call->location = a->location;
    a->location = NULL;
    if (!call->sink && (info->answer == ANSWER_OBJECT || info->answer == ANSWER_LIST))
        return read_json(info, a, call, fault);
    return GRADE_OK;
}
