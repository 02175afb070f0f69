/*
 * change_many.c - moves and deletions in one request: a $batch whose members stand for themselves.
 *
 * A member that is put off, refused or not found is that and nothing else: its fault says so, and who asked
 * for it asks again. Where the batch itself fails, every member shares its fault; a service that refuses
 * batches is asked for one thing at a time.
 */
#include "graph_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/json.h>

#include <assert.h>
#include <stdlib.h>

#include "../answer_p.h"
#include "../remote_p.h"

/* --- how many --------------------------------------------------------------------------------- */

unsigned graph_at_once(struct remote *r)
{
    struct graph *g = (struct graph *)r;

    LOCKED(&g->lock);
    return g->at_once;
}

/*
 * As many as the service takes: where it puts members off, those it has just carried out are all it takes at
 * once (a mailbox has a limit of its own, graph contract 8.1); where it carries all out, one more may do.
 */
static void note_load(struct graph *g, size_t count, size_t put_off)
{
    LOCKED(&g->lock);
    if (put_off)
        g->at_once = count > put_off + 1 ? (unsigned)(count - put_off) : 2;
    else if (count >= g->at_once && g->at_once < GRAPH_BATCH_MAX)
        g->at_once++;
}

/* --- one member ------------------------------------------------------------------------------- */

static unsigned operation_of(const struct remote_request *q)
{
    return q->move ? graph_by_kind[q->kind].move : graph_by_kind[q->kind].remove;
}

static struct graph_member member_for(const struct remote_request *q)
{
    cJSON *body = NULL;

    assert(operation_of(q));
    if (q->move) {
        body = cJSON_CreateObject();
        cJSON_AddStringToObject(body, "destinationId", q->folder);
    }
    return (struct graph_member){
        .method = graph_operations[operation_of(q)].method,
        .path = graph_path(operation_of(q), PARAMS({"id", q->id})),
        .body = body,
    };
}

/* The response as it would have come by itself, so that there is one place that says what it means. */
static enum grade judge(const struct graph_member *m, struct remote_request *q)
{
    const cJSON *body = json_get(m->response, "body");
    SCOPED(remote_call_release)
    struct remote_call call = {.info = &graph_operations[operation_of(q)]};
    SCOPED(http_answer_release) struct http_answer answer = {0};

    http_answer_init(&answer);
    answer.status = (int)json_int(m->response, "status", 0);
    answer.retry_after = graph_put_off(m->response);
    if (body) {
        char *text = json_print(body);

        if (text)
            buf_addstr(&answer.body, text);
        free(text);
    }
    http_answer_judge(&answer);
    if (answer.status == 424) /* another member failed: this one was not tried */
        answer.grade = GRADE_THROTTLED;
    enum grade grade = answer_to_call(&answer, &call, &q->fault);
    if (grade == GRADE_OK && q->move) {
        q->record = TAKE(call.answer);
    }
    return grade;
}

static enum grade outcome(const struct graph_member *m, struct remote_request *q)
{
    if (m->response)
        return judge(m, q);
    q->fault.unknown = true;
    return remote_fail(&q->fault, GRADE_BROKEN, "the batch has no answer to it");
}

/* --- all of them ------------------------------------------------------------------------------ */

/* What is said of the batch says nothing of its members. */
static void refuse_batches(struct graph *g, struct remote_fault *fault)
{
    mutex_lock(&g->lock);
    g->at_once = 1;
    mutex_unlock(&g->lock);
    fault->grade = GRADE_BROKEN;
}

static void copy_fault(struct remote_fault *to, const struct remote_fault *from)
{
    *to = *from;
    to->reason = from->reason ? xstrdup(from->reason) : NULL;
}

void graph_change_many(struct remote *r, struct remote_request *const *requests, size_t count,
                       struct remote_ctx ctx)
{
    struct graph_member members[GRAPH_BATCH_MAX];
    SCOPED(remote_fault_release) struct remote_fault fault = {0};
    size_t put_off = 0;

    for (size_t i = 0; i < count; i++)
        members[i] = member_for(requests[i]);
    enum grade grade = fault.grade = graph_batch(r, members, count, ctx, &fault);
    if (grade != GRADE_OK && grade != GRADE_CANCELLED && !grade_is_temporary(grade))
        refuse_batches((struct graph *)r, &fault);
    for (size_t i = 0; i < count; i++) {
        struct remote_request *q = requests[i];

        q->fault = (struct remote_fault){0};
        if (grade == GRADE_OK)
            q->fault.grade = outcome(&members[i], q);
        else
            copy_fault(&q->fault, &fault);
        put_off += q->fault.grade == GRADE_THROTTLED;
        cJSON_Delete(members[i].response);
        cJSON_Delete((cJSON *)members[i].body);
        free((char *)members[i].path);
    }
    if (grade == GRADE_OK)
        note_load((struct graph *)r, count, put_off);
}
