/*
 * agenda.c - what happens on a day: the answer to a search of its own kind (search.h).
 *
 * A day is one of the local zone. Records of a calendar do not tell it: a series is one record, and its
 * occurrences are asked for.
 */
#include "search_p.h"

#include "mailbox_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/json.h>
#include <outlookfs/base/log.h>
#include <outlookfs/model/dialect.h>
#include <outlookfs/model/event.h>

#include <cjson/cJSON.h>
#include <errno.h>

/* The occurrence as a record, where it happens on the day; it is changed. */
static void add_occurrence(struct search_result *r, struct cJSON *obj, const struct event_day *day)
{
    SCOPED(json_release) cJSON *event = dialect_take(KIND_EVENT, cJSON_Duplicate(obj, true));
    SCOPED(buf_release) struct buf why = BUF_INIT(BUF_TEXT_MAX);

    if (event_is_on(event, day)) {
        struct item item = {0};

        if (item_from_json(KIND_EVENT, obj, &item, &why))
            log_warn("agenda: left out: %s", why.data);
        else
            r->items[r->nitems++] = item;
    }
}

int search_ask_agenda(struct mailbox *mb, const struct search *what, struct remote_ctx ctx,
                      struct search_result *ret, struct buf *err)
{
    struct remote_fault fault = {0};
    struct event_day day;
    SCOPED(json_release) cJSON *list = NULL;
    cJSON *obj;

    if (event_day_parse(what->name, &day))
        return buf_fail(err, -ENOENT, "%s is no date", what->name);
    int rc = mailbox_answered(
        remote_agenda(mb->remote, what->folder, day.from, day.to, ctx, &list, &fault), &fault,
        "agenda", err);
    if (rc)
        return rc;
    ret->items = xcalloc((size_t)cJSON_GetArraySize(list) + 1, sizeof(*ret->items));
    cJSON_ArrayForEach(obj, list) add_occurrence(ret, obj, &day);
    return 0;
}
