/*
 * triggers.c - asking a trigger, and the cursor in its answer.
 */
#include "connector_p.h"

#include <outlookfs/base/alloc.h>

#include <string.h>

static const enum operation operations[] = {
    [REMOTE_ON_NEW_EMAIL] = OP_ON_NEW_EMAIL,
    [REMOTE_ON_UPCOMING_EVENTS] = OP_ON_UPCOMING_EVENTS,
    [REMOTE_ON_NEW_ITEMS] = OP_CALENDAR_ON_NEW_ITEMS,
    [REMOTE_ON_UPDATED_ITEMS] = OP_CALENDAR_ON_UPDATED_ITEMS,
};

/* What stands between '?' and '#'; NULL when there is nothing. */
static char *query_of(const char *location)
{
    const char *query = location ? strchr(location, '?') : NULL;
    size_t len = query ? strcspn(query + 1, "#") : 0;

    return len ? xstrndup(query + 1, len) : NULL;
}

enum grade connector_poll(struct remote *r, enum remote_trigger trigger, const struct param *params,
                          const char *cursor, struct remote_ctx ctx, struct remote_news *ret,
                          struct remote_fault *fault)
{
    SCOPED(remote_call_release)
    struct remote_call call = {.params = params, .query = cursor, .ctx = ctx};
    enum grade grade = service_call(r, operations[trigger], &call, fault);

    if (grade == GRADE_OK) {
        *ret = (struct remote_news){
            .items = call.answer,
            .cursor = query_of(call.location),
            .retry_after = fault->retry_after,
        };
        call.answer = NULL;
    }
    return grade;
}
