/*
 * batch.c - many objects in few requests: $batch (graph contract 8.2).
 *
 * The answers of a batch come in any order and each with its own status. Outlook carries out a few
 * members at a time and may refuse the others for now (429); those are asked again when the service
 * says so, and from then on no more at once than it has just answered.
 */
#include "graph_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/cancel.h>
#include <outlookfs/base/clock.h>
#include <outlookfs/base/json.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../answer_p.h"
#include "../remote_p.h"

#define MEMBERS_MAX 20
#define FAILURES_MAX 8 /* batches in a row that bring nothing */
#define WAIT_DEFAULT 5 /* s, where a member does not say */
#define WAIT_MAX 120

struct asking {
    struct remote *r;
    char **paths;
    struct cJSON **objects; /* of the caller */
    bool *done;
    size_t count;
    unsigned size; /* members of the next batch at most */
};

static cJSON *member_for(const struct asking *a, size_t i)
{
    cJSON *member = cJSON_CreateObject();
    char name[24];

    snprintf(name, sizeof(name), "%zu", i);
    cJSON_AddStringToObject(member, "id", name);
    cJSON_AddStringToObject(member, "method", "GET");
    cJSON_AddStringToObject(member, "url", a->paths[i]);
    cJSON_AddStringToObject(cJSON_AddObjectToObject(member, "headers"), "Prefer",
                            "IdType=\"ImmutableId\"");
    return member;
}

/* The next of those that were not answered. */
static cJSON *compose(const struct asking *a)
{
    cJSON *body = cJSON_CreateObject(), *requests = cJSON_AddArrayToObject(body, "requests");
    unsigned count = 0;

    for (size_t i = 0; i < a->count && count < a->size; i++) {
        if (a->done[i])
            continue;
        cJSON_AddItemToArray(requests, member_for(a, i));
        count++;
    }
    return body;
}

/* s until the member may be asked again. */
static int64_t pause_of(const cJSON *response)
{
    const cJSON *value = json_get(json_get(response, "headers"), "Retry-After");
    double seconds = cJSON_IsString(value)   ? strtod(value->valuestring, NULL)
                     : cJSON_IsNumber(value) ? value->valuedouble
                                             : WAIT_DEFAULT;

    if (!(seconds >= 1))
        return 1;
    return seconds > WAIT_MAX ? WAIT_MAX : (int64_t)(seconds + 0.999);
}

/* Takes a member's answer. `pause` grows where it is to be asked again. */
static enum grade take_response(struct asking *a, cJSON *response, int64_t *pause,
                                struct remote_fault *fault)
{
    const char *name = json_str(response, "id");
    char *end = NULL;
    size_t i = name ? strtoul(name, &end, 10) : a->count;
    int64_t status = json_int(response, "status", 0);
    cJSON *body = json_get(response, "body");

    if (!name || end == name || *end || i >= a->count || a->done[i])
        return remote_fail(fault, GRADE_BROKEN, "a batch answered what was not asked");
    if (status == 200 && json_str(body, "id")) {
        a->objects[i] = cJSON_DetachItemViaPointer(response, body);
        a->done[i] = true;
    } else if (status == 404 && answer_says_gone(body)) {
        a->done[i] = true;
    } else if (status == 429 || status == 424 || status >= 500) {
        int64_t seconds = pause_of(response);

        *pause = seconds > *pause ? seconds : *pause;
    } else {
        const char *message = json_str(json_get(body, "error"), "message");

        fault->status = (int)status;
        return remote_fail(fault,
                           status == 401   ? GRADE_AUTH
                           : status == 403 ? GRADE_DENIED
                                           : GRADE_REFUSED,
                           "%d in a batch: %s", (int)status, message ? message : "no reason given");
    }
    return GRADE_OK;
}

/* One batch. `pause`: s to wait before the next; `came`: members that were answered. */
static enum grade ask_batch(struct asking *a, struct remote_ctx ctx, int64_t *pause, unsigned *came,
                            struct remote_fault *fault)
{
    cJSON *body = compose(a), *answer = NULL;
    enum grade grade = service_object(
        a->r, GRAPH_BATCH, &(struct remote_call){.body = body, .ctx = ctx}, &answer, fault);

    *pause = 0;
    *came = 0;
    cJSON_Delete(body);
    if (grade == GRADE_OK && !cJSON_IsArray(json_get(answer, "responses")))
        grade = remote_fail(fault, GRADE_BROKEN, "a batch without answers");
    cJSON *response;
    cJSON_ArrayForEach(response, json_get(answer, "responses"))
    {
        if (grade == GRADE_OK)
            grade = take_response(a, response, pause, fault);
    }
    for (size_t i = 0; i < a->count; i++)
        *came += a->done[i];
    cJSON_Delete(answer);
    return grade;
}

static bool wait_seconds(struct graph *g, int64_t seconds, struct cancel *cancel)
{
    int64_t until = clock_mono() + seconds * NS_PER_S;
    int rc = 0;

    mutex_lock(&g->lock);
    while (!rc)
        rc = cancel_wait(cancel, &g->never, &g->lock, until);
    mutex_unlock(&g->lock);
    return rc == -ETIMEDOUT;
}

static enum grade ask_all(struct asking *a, struct remote_ctx ctx, struct remote_fault *fault)
{
    unsigned came = 0, before, failures = 0;

    while (came < a->count) {
        int64_t pause;

        before = came;
        enum grade grade = ask_batch(a, ctx, &pause, &came, fault);
        if (grade != GRADE_OK)
            return grade;
        failures = came > before ? 0 : failures + 1;
        if (failures == FAILURES_MAX)
            return remote_fail(fault, GRADE_THROTTLED,
                               "the service does not answer the members of a "
                               "batch");
        if (!pause)
            continue;
        a->size = came > before ? came - before : 1;
        if (!wait_seconds((struct graph *)a->r, pause, ctx.cancel))
            return remote_fail(fault, GRADE_CANCELLED, "cancelled");
    }
    return GRADE_OK;
}

enum grade graph_batch(struct remote *r, char **paths, size_t count, struct remote_ctx ctx,
                       struct cJSON **ret, struct remote_fault *fault)
{
    struct asking a = {
        .r = r,
        .paths = paths,
        .objects = ret,
        .done = xcalloc(count + 1, sizeof(*a.done)),
        .count = count,
        .size = MEMBERS_MAX,
    };

    remote_fault_release(fault);
    memset(ret, 0, count * sizeof(*ret));
    enum grade grade = ask_all(&a, ctx, fault);
    for (size_t i = 0; grade != GRADE_OK && i < count; i++) {
        cJSON_Delete(ret[i]);
        ret[i] = NULL;
    }
    free(a.done);
    fault->grade = grade;
    return grade;
}
