/*
 * answer.c - an HTTP answer becomes what the operation promises, or a fault.
 */
#include "answer_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/json.h>
#include <outlookfs/base/str.h>

#include <string.h>
#include <strings.h>

#include "remote_p.h"

/* --- errors ---------------------------------------------------------------------------------- */

/* ErrorItemNotFound, ErrorFolderNotFound, ResourceNotFound... (connector contract 4.5, Graph 13).
 * Proxies and web servers have errors in JSON, too, with other codes or without any. */
bool answer_says_gone(const struct cJSON *error)
{
    const char *code = json_str(json_get(error, "error"), "code");

    /* A mailbox that is not found is the account's: every record would be gone. */
    return code && str_ends(code, "NotFound") && !strstr(code, "Mailbox");
}

static bool is_authoritative(const struct http_answer *a)
{
    SCOPED(json_release) cJSON *error = NULL;

    if (json_parse_object(a->body.data, a->body.len, &error, NULL))
        return false;
    return answer_says_gone(error);
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

/* What the Content-Type says; parameters apart. */
enum media { MEDIA_UNSAID, MEDIA_JSON, MEDIA_PAGE, MEDIA_OTHER };

static enum media media_of(const char *type)
{
    static const struct {
        const char *name;
        enum media media;
    } known[] = {
        {"application/json", MEDIA_JSON},         {"text/json", MEDIA_JSON},
        {"application/problem+json", MEDIA_JSON}, {"text/html", MEDIA_PAGE},
        {"application/xhtml+xml", MEDIA_PAGE},
    };
    size_t len = type ? strcspn(type, "; \t") : 0;

    if (!len)
        return MEDIA_UNSAID;
    for (size_t i = 0; i < ARRAY_SIZE(known); i++)
        if (strlen(known[i].name) == len && !strncasecmp(type, known[i].name, len))
            return known[i].media;
    return MEDIA_OTHER;
}

/* The beginning of a portal's page, or of an error in JSON. */
static bool starts_as_page(const char *text)
{
    const char *p = str_starts(text, "\xef\xbb\xbf") ? text + 3 : text;

    p += strspn(p, " \t\r\n");
    if (*p == '{')
        return strstr(p, "\"error\"") || strstr(p, "\"statusCode\"");
    return !strncasecmp(p, "<!doctype html", strlen("<!doctype html")) ||
           !strncasecmp(p, "<html", strlen("<html"));
}

/*
 * What speaks against the answer before its body is parsed, or NULL. A proxy, a portal and a
 * gateway say 200, too, so whatever the operation does not answer is not success.
 */
static const char *misfit(const struct operation_info *info, const struct http_answer *a)
{
    enum media media = media_of(a->content_type);

    switch (info->answer) {
    case ANSWER_NONE:
        return a->body.len ? "not empty" : media == MEDIA_PAGE ? "a page" : NULL;
    case ANSWER_OBJECT:
    case ANSWER_LIST:
        if (!a->body.len)
            return "empty";
        return media == MEDIA_JSON || media == MEDIA_UNSAID ? NULL : "not JSON";
    case ANSWER_NEWS:
        if (!a->body.len)
            return a->status == 202 && media != MEDIA_PAGE ? NULL : "empty";
        return media == MEDIA_JSON || media == MEDIA_UNSAID ? NULL : "not JSON";
    case ANSWER_BYTES:
        if (a->status != 200)
            return "not the whole file";
        if (media == MEDIA_JSON || media == MEDIA_PAGE || starts_as_page(a->body.data))
            return "what anybody on the way could have written";
        return NULL;
    case ANSWER_SPARSE:
        if (!a->body.len)
            return info->identity && a->status != 201 ? "empty"
                   : media == MEDIA_PAGE              ? "a page"
                                                      : NULL;
        return media == MEDIA_JSON || media == MEDIA_UNSAID ? NULL : "not JSON";
    }
    return NULL;
}

static char *link_of(const cJSON *json, const char *name)
{
    const char *link = json_str(json, name);

    return link && *link ? xstrdup(link) : NULL;
}

/* Takes `json`. The array, or NULL when there is none. */
static cJSON *take_list(cJSON *json, struct remote_call *call, enum list_form *form)
{
    *form = cJSON_IsArray(json)                ? LIST_BARE
            : json_get(json, "@odata.context") ? LIST_ODATA
                                               : LIST_VALUE;
    if (cJSON_IsArray(json))
        return json;
    cJSON *list =
        json_get(json, "error") ? NULL : cJSON_DetachItemFromObjectCaseSensitive(json, "value");
    if (cJSON_IsArray(list)) {
        call->next_link = link_of(json, "@odata.nextLink");
        call->delta_link = link_of(json, "@odata.deltaLink");
    } else {
        cJSON_Delete(list);
        list = NULL;
    }
    cJSON_Delete(json);
    return list;
}

static bool has_identity(const cJSON *object, const char *name)
{
    const cJSON *identity = json_get(object, name);

    return cJSON_IsString(identity) ? *identity->valuestring
                                    : cJSON_IsObject(identity) || cJSON_IsArray(identity);
}

/* ItemInternalId is a second spelling of Id (contract section 5). */
static bool is_whole(const struct operation_info *info, const cJSON *object)
{
    if (json_get(object, "error") || json_get(object, "statusCode"))
        return false;
    if (!info->identity)
        return cJSON_GetArraySize(object) > 0;
    return has_identity(object, info->identity) || has_identity(object, "ItemInternalId");
}

/* One that the service does not know of hides no others. */
static bool is_list(const struct operation_info *info, const cJSON *list, enum list_form form)
{
    bool any = false;
    const cJSON *item;

    cJSON_ArrayForEach(item, list)
    {
        if (!cJSON_IsObject(item))
            return false;
        any |= is_whole(info, item);
    }
    return any || (cJSON_GetArraySize(list) == 0 && form >= info->empty);
}

static bool is_list_of_records(const struct operation_info *info, const struct items *items)
{
    size_t all = items->count + items->nleft + items->nremoved;

    return all > items->nameless || (all == 0 && items->form >= info->empty);
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
    SCOPED(buf_release) struct buf err = BUF_INIT(BUF_TEXT_MAX);
    cJSON *json = NULL;
    enum grade grade = GRADE_OK;

    if (call->items) {
        if (items_read(call->items, call->kind, a->body.data, a->body.len, &err))
            grade = broken(info, fault, err.data);
        else if (!is_list_of_records(info, call->items))
            grade = broken(info, fault, "no list of records");
        fault->mended = call->items->mended;
        call->next_link = call->items->next_link;
        call->delta_link = call->items->delta_link;
        call->items->next_link = call->items->delta_link = NULL;
        if (grade != GRADE_OK)
            items_release(call->items);
    } else if (json_parse_mended(a->body.data, a->body.len, &json, &fault->mended, &err)) {
        grade = broken(info, fault, err.data);
    } else if (info->answer == ANSWER_LIST || info->answer == ANSWER_NEWS) {
        enum list_form form;

        call->answer = take_list(json, call, &form);
        if (!call->answer || !is_list(info, call->answer, form))
            grade = broken(info, fault, "no list of what was asked for");
    } else {
        call->answer = json;
        if (!is_whole(info, json))
            grade = broken(info, fault, "not such an object");
    }
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

    const char *what = misfit(info, a);
    if (what)
        return broken(info, fault, what);
    call->location = TAKE(a->location);
    if (info->answer == ANSWER_NONE || info->answer == ANSWER_BYTES || call->sink)
        return GRADE_OK;
    if (a->body.len)
        return read_json(info, a, call, fault);
    if (info->answer == ANSWER_NEWS)
        call->answer = cJSON_CreateArray();
    return GRADE_OK;
}
