/*
 * faulty.c - fails the calls a test has planned, and passes the others on.
 */
#include "transports.h"

#include <outlookfs/base/alloc.h>

#include <outlookfs/base/mutex.h>
#include <stdlib.h>

#include <remote/remote_p.h>

struct faulty {
    struct transport base;
    struct transport *inner;

    struct mutex lock;
    struct faulty_plan *plans; /* guarded by lock; skip and count run down */
    size_t nplans;             /* guarded by lock */
    bool offline;              /* guarded by lock */
};

/* The plan that this call meets; false when there is none. */
static bool pick_plan_locked(struct faulty *f, enum operation op, struct faulty_plan *ret)
{
    for (size_t i = 0; i < f->nplans; i++) {
        struct faulty_plan *plan = &f->plans[i];
        if (plan->count == 0 || (plan->op != OP_COUNT && plan->op != op))
            continue;
        if (plan->skip > 0) {
            plan->skip--;
            continue;
        }
        plan->count--;
        *ret = *plan;
        return true;
    }
    return false;
}

static enum grade fail_as_planned(struct faulty *f, const struct faulty_plan *plan,
                                  struct remote_call *call, struct remote_fault *fault)
{
    if (plan->apply) {
        transport_call(f->inner, call, fault);
        remote_call_release(call);
        remote_fault_release(fault);
    }
    fault->status = plan->status;
    fault->unknown = plan->apply || plan->unknown;
    return remote_fail(fault, plan->grade, "planned failure: %s", grade_name(plan->grade));
}

static enum grade faulty_call(struct transport *r, struct remote_call *call,
                              struct remote_fault *fault)
{
    struct faulty *f = (struct faulty *)r;
    struct faulty_plan plan;

    mutex_lock(&f->lock);
    bool offline = f->offline;
    bool planned = !offline && pick_plan_locked(f, operation_of_row(call->info), &plan);
    mutex_unlock(&f->lock);

    if (offline)
        return remote_fail(fault, GRADE_OFFLINE, "planned: offline");
    if (planned)
        return fail_as_planned(f, &plan, call, fault);
    return transport_call(f->inner, call, fault);
}

static bool faulty_online(struct transport *r)
{
    struct faulty *f = (struct faulty *)r;

    mutex_lock(&f->lock);
    bool offline = f->offline;
    mutex_unlock(&f->lock);
    return !offline && transport_online(f->inner);
}

static void faulty_stats(struct transport *r, struct http_stats *ret)
{
    transport_stats(((struct faulty *)r)->inner, ret);
    ret->online = faulty_online(r);
}

static void faulty_destroy(struct transport *r)
{
    struct faulty *f = (struct faulty *)r;

    transport_destroy(f->inner);
    mutex_release(&f->lock);
    free(f->plans);
    free(f);
}

static const struct transport_impl faulty_impl = {
    .name = "faulty",
    .call = faulty_call,
    .destroy = faulty_destroy,
    .online = faulty_online,
    .stats = faulty_stats,
};

struct transport *faulty_create(struct transport *inner)
{
    struct faulty *f = xcalloc(1, sizeof(*f));

    f->base = (struct transport){.impl = &faulty_impl};
    f->inner = inner;
    mutex_init(&f->lock, MUTEX_DOUBLE);
    return &f->base;
}

void faulty_plan(struct transport *r, const struct faulty_plan *plan)
{
    struct faulty *f = (struct faulty *)r;

    mutex_lock(&f->lock);
    f->plans = xrealloc(f->plans, (f->nplans + 1) * sizeof(*f->plans));
    f->plans[f->nplans++] = *plan;
    mutex_unlock(&f->lock);
}

void faulty_clear(struct transport *r)
{
    struct faulty *f = (struct faulty *)r;

    mutex_lock(&f->lock);
    f->nplans = 0;
    mutex_unlock(&f->lock);
}

void faulty_offline(struct transport *r, bool offline)
{
    struct faulty *f = (struct faulty *)r;

    mutex_lock(&f->lock);
    f->offline = offline;
    mutex_unlock(&f->lock);
}
