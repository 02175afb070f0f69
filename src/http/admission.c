/*
 * admission.c - two queues by priority, the slots under way, and the throttle before both.
 */
#include "admission_p.h"

#include <outlookfs/base/alloc.h>

void admission_init(struct admission *a, unsigned parallel, unsigned rate)
{
    *a = (struct admission){.parallel = parallel};
    throttle_init(&a->throttle, rate);
}

void admission_release(struct admission *a)
{
    throttle_release(&a->throttle);
}

void admission_add(struct admission *a, struct exchange *ex)
{
    struct exchange **link = &a->waiting[ex->request->priority];

    while (*link && (*link)->deadline <= ex->deadline)
        link = &(*link)->next;
    ex->next = *link;
    *link = ex;
}

void admission_remove(struct admission *a, struct exchange *ex)
{
    struct exchange **link = &a->waiting[ex->request->priority];

    while (*link != ex)
        link = &(*link)->next;
    *link = ex->next;
    ex->next = NULL;
}

struct exchange *admission_drain(struct admission *a)
{
    for (size_t i = 0; i < ARRAY_SIZE(a->waiting); i++) {
        struct exchange *ex = a->waiting[i];

        if (ex) {
            admission_remove(a, ex);
            return ex;
        }
    }
    return NULL;
}

struct exchange *admission_hopeless(struct admission *a, int64_t now, int64_t *wake)
{
    for (size_t i = 0; i < ARRAY_SIZE(a->waiting); i++) {
        struct exchange *ex = a->waiting[i]; /* has the earliest deadline of its kind */

        if (!ex)
            continue;
        if (ex->deadline <= throttle_ready(&a->throttle, i == HTTP_BACKGROUND, now)) {
            admission_remove(a, ex);
            return ex;
        }
        if (ex->deadline < *wake)
            *wake = ex->deadline;
    }
    return NULL;
}

static bool has_slot(const struct admission *a, enum http_priority priority)
{
    unsigned background = a->in_flight[HTTP_BACKGROUND];

    if (a->in_flight[HTTP_INTERACTIVE] + background >= a->parallel)
        return false;
    return priority == HTTP_INTERACTIVE || a->parallel == 1 || background < a->parallel - 1;
}

static struct exchange *next_of(struct admission *a, enum http_priority priority, int64_t now,
                                int64_t *wake)
{
    int64_t ready = throttle_ready(&a->throttle, priority == HTTP_BACKGROUND, now);

    if (!has_slot(a, priority)) /* an ending makes room, and is noticed by itself */
        return NULL;
    for (struct exchange *ex = a->waiting[priority]; ex; ex = ex->next) {
        int64_t at = ex->not_before > ready ? ex->not_before : ready;

        if (at <= now)
            return ex;
        if (at < *wake)
            *wake = at;
    }
    return NULL;
}

struct exchange *admission_next(struct admission *a, int64_t now, int64_t *wake)
{
    struct exchange *ex = next_of(a, HTTP_INTERACTIVE, now, wake);

    if (!ex)
        ex = next_of(a, HTTP_BACKGROUND, now, wake);
    if (!ex)
        return NULL;
    admission_remove(a, ex);
    a->in_flight[ex->request->priority]++;
    throttle_take(&a->throttle, now);
    return ex;
}

void admission_over(struct admission *a, const struct exchange *ex)
{
    a->in_flight[ex->request->priority]--;
}
