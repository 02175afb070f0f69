/*
 * left.c - what of the queue is not on the service, as status.json says.
 */
#include "mountpoint_p.h"

#include <outlookfs/base/alloc.h>

#include <inttypes.h>

struct left left_read(const cJSON *status)
{
    const cJSON *queue = json_get(status, "queue");

    return (struct left){.pending = json_int(queue, "pending", 0),
                         .failed = json_int(queue, "failed", 0),
                         .conflicts = json_int(queue, "conflicts", 0),
                         .held = json_int(queue, "held", 0),
                         .drafts = json_int(queue, "drafts", 0)};
}

bool left_any(const struct left *left)
{
    return left->pending || left->failed || left->conflicts || left->held || left->drafts;
}

void left_describe(const struct left *left, struct buf *out)
{
    const struct {
        int64_t count;
        const char *what;
    } parts[] = {{left->pending, "waiting"},
                 {left->failed, "refused by the service"},
                 {left->conflicts, "in conflict"},
                 {left->held, "held deletions"},
                 {left->drafts, left->drafts == 1 ? "draft" : "drafts"}};

    for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
        if (parts[i].count)
            buf_addf(out, "%s%" PRId64 " %s", out->len ? ", " : "", parts[i].count, parts[i].what);
    }
}
