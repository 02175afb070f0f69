/*
 * series.c - how single events of a series differ from its rule.
 *
 * Source: graph contract 11 (event: cancelledOccurrences), graph.schema.json (exceptionOccurrences); Graph
 * answers both only to a GET of the series that selects and expands them.
 */
#include "graph_p.h"

#include <outlookfs/base/alloc.h>

#include <stdlib.h>

enum grade graph_series(struct remote *r, const char *const *ids, size_t count,
                        struct remote_ctx ctx, struct cJSON **ret, struct remote_fault *fault)
{
    SCOPED(xfree) char **paths = xcalloc(count + 1, sizeof(*paths));

    for (size_t i = 0; i < count; i++) {
        paths[i] = graph_path(GRAPH_GET_EVENT,
                              PARAMS({"id", ids[i]}, {"$select", "id,cancelledOccurrences"},
                                     {"$expand", "exceptionOccurrences"}));
    }
    enum grade grade = graph_get_all(r, paths, count, ctx, ret, fault);
    for (size_t i = 0; i < count; i++)
        free(paths[i]);
    return grade;
}
