/*
 * agenda.c - what happens in a calendar between two times, each occurrence of a series by itself.
 *
 * Source: graph contract 11 (calendarView).
 */
#include "graph_p.h"

#include <outlookfs/base/alloc.h>

enum grade graph_agenda(struct remote *r, const char *calendar, int64_t from, int64_t to,
                        struct remote_ctx ctx, struct cJSON **ret, struct remote_fault *fault)
{
    char start[GRAPH_TIME_SIZE], end[GRAPH_TIME_SIZE];

    graph_time(from, start);
    graph_time(to, end);
    return graph_list_all(r, GRAPH_LIST_CALENDAR_VIEW,
                          PARAMS({"folder", calendar}, {"startDateTime", start},
                                 {"endDateTime", end}, {"$top", "100"}),
                          ctx, ret, fault);
}
