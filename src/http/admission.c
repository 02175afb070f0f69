/*
 * admission.c - a queue for each priority, the slots under way, and the throttle before both.
 */
#include "admission_p.h"

#include <outlookfs/base/alloc.h>

#define SAVES_IN_A_ROW 3 /* while somebody waits to read */

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
        if (ex->deadline <= admission_ready(a, (enum http_priority)i, now)) {
            admission_remove(a, ex);
            return ex;
        }
        if (ex->deadline < *wake)
            *wake = ex->deadline;
    }
    return NULL;
}

unsigned admission_in_flight(const struct admission *a)
{
    return a->in_flight[HTTP_INTERACTIVE] + a->in_flight[HTTP_BACKGROUND] + a->in_flight[HTTP_SAVE];
}

static bool has_slot(const struct admission *a, enum http_priority priority)
{
    unsigned reads = a->in_flight[HTTP_INTERACTIVE] + a->in_flight[HTTP_BACKGROUND];
    unsigned for_reads = a->parallel > 2 ? a->parallel - 1 : a->parallel;

    if (admission_in_flight(a) >= a->parallel)
        return false;
    if (priority == HTTP_SAVE)
        return true;
    if (reads >= for_reads)
        return false;
    return priority == HTTP_INTERACTIVE || for_reads == 1 ||
           a->in_flight[HTTP_BACKGROUND] < for_reads - 1;
}

int64_t admission_ready(struct admission *a, enum http_priority priority, int64_t now)
{
    unsigned rate = a->throttle.rate;
    unsigned spare = priority == HTTP_SAVE          ? 0
                     : priority == HTTP_INTERACTIVE ? rate / 20
                                                    : rate / 10;

    return throttle_ready(&a->throttle, spare, now);
}

unsigned admission_limited(struct admission *a, int64_t now, int64_t *ret_ready)
{
    unsigned count = 0;

    *ret_ready = INT64_MAX;
    for (enum http_priority p = 0; p < HTTP_PRIORITIES; p++) {
        int64_t ready = admission_ready(a, p, now);

        if (!a->waiting[p] || ready <= now)
            continue;
        for (struct exchange *ex = a->waiting[p]; ex; ex = ex->next)
            count++;
        if (ready < *ret_ready)
            *ret_ready = ready;
    }
    return count;
}

static struct exchange *next_of(struct admission *a, enum http_priority priority, int64_t now,
                                int64_t *wake)
{
    int64_t ready = admission_ready(a, priority, now);

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

/* Saves wait for a read that only the budget holds back, not for one without a slot or one that is
 * to be tried again later. */
static bool is_reads_turn(const struct admission *a, int64_t now)
{
    if (a->saves < SAVES_IN_A_ROW || !has_slot(a, HTTP_INTERACTIVE))
        return false;
    for (struct exchange *ex = a->waiting[HTTP_INTERACTIVE]; ex; ex = ex->next)
        if (ex->not_before <= now)
            return true;
    return false;
}

struct exchange *admission_next(struct admission *a, int64_t now, int64_t *wake)
{
    bool reads_turn = is_reads_turn(a, now);
    struct exchange *ex = reads_turn ? NULL : next_of(a, HTTP_SAVE, now, wake);

    if (!ex)
        ex = next_of(a, HTTP_INTERACTIVE, now, wake);
    if (!ex && !reads_turn)
        ex = next_of(a, HTTP_BACKGROUND, now, wake);
    if (!ex)
        return NULL;
    admission_remove(a, ex);
    a->saves = ex->request->priority == HTTP_SAVE ? a->saves + 1 : 0;
    a->in_flight[ex->request->priority]++;
    throttle_take(&a->throttle, now);
    return ex;
}

void admission_over(struct admission *a, const struct exchange *ex)
{
    a->in_flight[ex->request->priority]--;
}
