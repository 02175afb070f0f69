/*
 * batch.c - many requests in one, and many objects in few: $batch (graph contract 8.2).
 *
 * The answers of a batch come in any order and each with its own status. Outlook carries out a few
 * members at a time and may refuse the others for now (429).
 */
#include "graph_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/cancel.h>
#include <outlookfs/base/clock.h>
#include <outlookfs/base/json.h>

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../answer_p.h"
#include "../remote_p.h"

#define FAILURES_MAX 8 /* batches in a row that bring nothing */
#define WAIT_DEFAULT 5 /* s, where a member does not say */
#define WAIT_MAX 120

/* --- one batch -------------------------------------------------------------------------------- */

/* What holds for a request of its own is said again for each member: headers are not passed on. */
static cJSON *describe(const struct graph_member *m, size_t i)
{
    cJSON *member = cJSON_CreateObject(), *headers;
    char name[24];

    snprintf(name, sizeof(name), "%zu", i);
    cJSON_AddStringToObject(member, "id", name);
    cJSON_AddStringToObject(member, "method", m->method);
    cJSON_AddStringToObject(member, "url", m->path);
    headers = cJSON_AddObjectToObject(member, "headers");
    cJSON_AddStringToObject(headers, "Prefer", "IdType=\"ImmutableId\"");
    if (m->body) {
        cJSON_AddStringToObject(headers, "Content-Type", "application/json");
        cJSON_AddItemToObject(member, "body", cJSON_Duplicate(m->body, true));
    }
    return member;
}

/* The member a response names; NULL: one that was not asked, or has answered before. */
static struct graph_member *named_by(const cJSON *response, struct graph_member *members,
                                     size_t count)
{
    const char *name = json_str(response, "id");
    char *end = NULL;
    size_t i = name ? strtoul(name, &end, 10) : count;

    if (!name || end == name || *end || i >= count || members[i].response)
        return NULL;
    return &members[i];
}

static bool distribute(cJSON *responses, struct graph_member *members, size_t count)
{
    while (responses->child) {
        cJSON *response = cJSON_DetachItemViaPointer(responses, responses->child);
        struct graph_member *m = named_by(response, members, count);

        if (!m) {
            cJSON_Delete(response);
            return false;
        }
        m->response = response;
    }
    return true;
}

static void drop_responses(struct graph_member *members, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        cJSON_Delete(members[i].response);
        members[i].response = NULL;
    }
}

static enum grade broken(struct remote_fault *fault, const char *what)
{
    fault->unknown = true;
    return remote_fail(fault, GRADE_BROKEN, "%s", what);
}

enum grade graph_batch(struct remote *r, struct graph_member *members, size_t count,
                       struct remote_ctx ctx, struct remote_fault *fault)
{
    cJSON *body = cJSON_CreateObject(), *requests = cJSON_AddArrayToObject(body, "requests");
    SCOPED(json_release) cJSON *answer = NULL;

    assert(count > 0 && count <= GRAPH_BATCH_MAX);
    for (size_t i = 0; i < count; i++) {
        members[i].response = NULL;
        cJSON_AddItemToArray(requests, describe(&members[i], i));
    }
    enum grade grade = service_object(
        r, GRAPH_BATCH, &(struct remote_call){.body = body, .ctx = ctx}, &answer, fault);
    cJSON_Delete(body);
    cJSON *responses = json_get(answer, "responses");
    if (grade == GRADE_OK && !cJSON_IsArray(responses))
        grade = broken(fault, "a batch without answers");
    else if (grade == GRADE_OK && !distribute(responses, members, count))
        grade = broken(fault, "a batch answered what was not asked");
    if (grade != GRADE_OK)
        drop_responses(members, count);
    return grade;
}

int graph_put_off(const struct cJSON *response)
{
    int64_t status = json_int(response, "status", 0);
    const cJSON *value = json_get(json_get(response, "headers"), "Retry-After");
    double seconds = cJSON_IsString(value)   ? strtod(value->valuestring, NULL)
                     : cJSON_IsNumber(value) ? value->valuedouble
                                             : WAIT_DEFAULT;

    if (status != 429 && status != 424 && status < 500)
        return 0;
    if (!(seconds >= 1))
        return 1;
    return seconds > WAIT_MAX ? WAIT_MAX : (int)(seconds + 0.999);
}

/* --- many objects ----------------------------------------------------------------------------- */

/*
 * Members that are put off are asked again when the service says so, and from then on no more at once than
 * it has just answered.
 */
struct asking {
    struct remote *r;
    char **paths;
    struct cJSON **objects; /* of the caller */
    bool *done;
    size_t count;
    unsigned size; /* members of the next batch at most */
};

/* The next of those that were not answered; `index` says which they are. */
static size_t choose(const struct asking *a, struct graph_member *members, size_t *index)
{
    size_t count = 0;

    for (size_t i = 0; i < a->count && count < a->size; i++) {
        if (a->done[i])
            continue;
        members[count] = (struct graph_member){.method = "GET", .path = a->paths[i]};
        index[count++] = i;
    }
    return count;
}

/* Takes the answer of path `i`. `pause` grows where it is to be asked again. */
static enum grade take_response(struct asking *a, size_t i, cJSON *response, int64_t *pause,
                                struct remote_fault *fault)
{
    int64_t status = json_int(response, "status", 0);
    cJSON *body = json_get(response, "body");
    int seconds = graph_put_off(response);

    if (status == 200 && (json_str(body, "id") || cJSON_IsArray(json_get(body, "value")))) {
        a->objects[i] = cJSON_DetachItemViaPointer(response, body);
        a->done[i] = true;
    } else if (status == 404 && answer_says_gone(body)) {
        a->done[i] = true;
    } else if (seconds) {
        *pause = seconds > *pause ? seconds : *pause;
    } else if (response) {
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
    struct graph_member members[GRAPH_BATCH_MAX];
    size_t index[GRAPH_BATCH_MAX], count = choose(a, members, index);
    enum grade grade = graph_batch(a->r, members, count, ctx, fault);

    *pause = 0;
    *came = 0;
    for (size_t i = 0; i < count && grade == GRADE_OK; i++)
        grade = take_response(a, index[i], members[i].response, pause, fault);
    for (size_t i = 0; i < a->count; i++)
        *came += a->done[i];
    drop_responses(members, count);
    return grade;
}

static bool wait_seconds(struct graph *g, int64_t seconds, struct cancel *cancel)
{
    int64_t until = clock_mono() + seconds * NS_PER_S;
    int rc = 0;

    LOCKED(&g->lock);
    while (!rc)
        rc = cancel_wait(cancel, &g->never, &g->lock, until);
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

enum grade graph_get_all(struct remote *r, char **paths, size_t count, struct remote_ctx ctx,
                         struct cJSON **ret, struct remote_fault *fault)
{
    struct asking a = {
        .r = r,
        .paths = paths,
        .objects = ret,
        .done = xcalloc(count + 1, sizeof(*a.done)),
        .count = count,
        .size = GRAPH_BATCH_MAX,
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
