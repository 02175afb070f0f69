/*
 * transport.c - what holds for every call, whoever carries it out.
 */
#include "transport_p.h"

#include <outlookfs/base/json.h>
#include <outlookfs/base/mutex.h>

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "remote_p.h"

void remote_call_release(struct remote_call *call)
{
    cJSON_Delete(call->answer);
    free(call->next_link);
    free(call->delta_link);
    free(call->location);
    call->answer = NULL;
    call->next_link = NULL;
    call->delta_link = NULL;
    call->location = NULL;
    call->bytes = 0;
}

void transport_destroy(struct transport *t)
{
    if (t)
        t->impl->destroy(t);
}

bool transport_online(struct transport *t)
{
    return t->impl->online ? t->impl->online(t) : true;
}

void transport_stats(struct transport *t, struct http_stats *ret)
{
    if (t->impl->stats)
        t->impl->stats(t, ret);
    else
        *ret = (struct http_stats){.online = true, .authorised = true};
}

/* A transport may answer with a tree all the same. False: it is not a list of objects. */
static bool take_items(struct remote_call *call)
{
    char *text = json_print(call->answer);
    int rc = text ? items_read(call->items, call->kind, text, strlen(text), NULL) : -1;

    free(text);
    cJSON_Delete(call->answer);
    call->answer = NULL;
    return rc == 0;
}

enum grade transport_call(struct transport *t, struct remote_call *call, struct remote_fault *fault)
{
    const struct operation_info *info = call->info;

    remote_fault_release(fault);
    call->answer = NULL;
    call->next_link = NULL;
    call->delta_link = NULL;
    call->location = NULL;
    call->bytes = 0;

    mutex_assert_alone(NULL);
    assert((info->body == BODY_JSON) == (call->body || call->text));
    assert((info->body == BODY_BYTES) == (call->data != NULL));
    assert(info->answer == ANSWER_BYTES ? call->sink != NULL
                                        : !call->sink || info->answer == ANSWER_OBJECT);

    enum grade grade = t->impl->call(t, call, fault);
    if (grade == GRADE_OK && call->items && call->answer && !take_items(call))
        grade = remote_fail(fault, GRADE_BROKEN, "%s: not a list of records", info->name);
    if (grade != GRADE_OK)
        remote_call_release(call);
    fault->grade = grade;
    return grade;
}
