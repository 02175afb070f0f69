/*
 * export_series.c - a series with what single events of it are: cancelled, moved or changed ones.
 */
#include "export_p.h"

#include <outlookfs/base/json.h>
#include <outlookfs/model/dialect.h>
#include <outlookfs/model/event.h>

bool export_is_series(struct fs *fs, enum kind kind, const struct cJSON *record)
{
    return kind == KIND_EVENT && event_is_series(record) &&
           remote_can(mailbox_remote(fs->mailbox), REMOTE_CAN_SERIES);
}

/* What a calendar of other programs has in the series' place: the names are the specification's. */
int export_add_occurrences(struct fs *fs, struct cancel *cancel, const char *folder, const char *id,
                           struct cJSON *record, struct buf *err)
{
    SCOPED(json_release) struct cJSON *differ = NULL;
    struct cJSON *event;
    int rc = mailbox_series(fs->mailbox, folder, id, cancel, &differ, err);

    if (rc)
        return rc;
    struct cJSON *from = cJSON_DetachItemFromObjectCaseSensitive(differ, "cancelledOccurrences");
    if (from) {
        cJSON_DeleteItemFromObjectCaseSensitive(record, "CancelledOccurrences");
        cJSON_AddItemToObject(record, "CancelledOccurrences", from);
    }
    from = json_get(differ, "exceptionOccurrences");
    struct cJSON *to = cJSON_AddArrayToObject(record, "ExceptionOccurrences");
    while ((event = cJSON_DetachItemFromArray(from, 0)))
        cJSON_AddItemToArray(to, dialect_take(KIND_EVENT, event));
    return 0;
}
