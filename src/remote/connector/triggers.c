/*
 * poll.c - asking a trigger, and the cursor in its answer.
 */
#include <outlookfs/remote/remote.h>

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/json.h>

#include <stdlib.h>
#include <string.h>

#include "remote_p.h"

void remote_news_release(struct remote_news *news)
{
    cJSON_Delete(news->items);
    free(news->cursor);
    *news = (struct remote_news){0};
}

/* What stands between '?' and '#'; NULL when there is nothing. */
static char *query_of(const char *location)
{
    const char *query = location ? strchr(location, '?') : NULL;
    size_t len = query ? strcspn(query + 1, "#") : 0;

    return len ? xstrndup(query + 1, len) : NULL;
}

enum grade remote_poll(struct remote *r, enum operation op, const struct param *params,
                       size_t count, const char *cursor, struct remote_ctx ctx,
                       struct remote_news *ret, struct remote_fault *fault)
{
    struct remote_call call = {
        .op = op, .params = params, .nparams = count, .query = cursor, .ctx = ctx};
    enum grade grade = remote_call(r, &call, fault);

    if (grade == GRADE_OK) {
        *ret = (struct remote_news){
            .items = call.answer,
            .cursor = query_of(call.location),
            .retry_after = fault->retry_after,
        };
        call.answer = NULL;
    }
    remote_call_release(&call);
    return grade;
}
