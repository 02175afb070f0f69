/*
 * trigger_event.c - the triggers of calendars: items that are new, items that changed, events that
 * start soon. The cursor is a time of the service's clock.
 *
 * New and changed items are given out in the order they were made or changed; the cursor is the
 * time of the last. Removed events are not reported.
 *
 * For events that start soon the cursor is the time of the last call: what starts within the window
 * now, but did not then, is due. So is what was made or changed since and starts within the window,
 * which means that a change can bring an event again. They come all at once: a cursor that is one
 * time cannot stop in the middle of them. A series counts with its first start.
 */
#include "trigger_p.h"

#include "answer_p.h"
#include "dataset_p.h"
#include "db_p.h"
#include "odata_p.h"
#include "request_p.h"
#include "route_p.h"
#include "sandbox_p.h"
#include "text_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/clock.h>
#include <outlookfs/base/json.h>
#include <outlookfs/base/str.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CURSOR "triggerstate"
#define LOOK_AHEAD_MAX (INT64_C(10) * 365 * 24 * 60)

struct item {
    cJSON *event;
    int64_t time;                    /* what it is ordered by */
    const struct odata_order *order; /* of the answer; NULL: by time */
};

struct poll {
    const char *member; /* whose time orders the items */
    const struct dataset_query *query;
    int64_t now, since;
    int64_t ahead; /* ns; upcoming events only */
    int64_t last;  /* the latest time looked at */
    struct item *items;
    size_t count;
};

static int64_t time_of(const cJSON *event, const char *member)
{
    const char *text = json_str(event, member);
    int64_t ns;

    return text && !str_parse_time(text, &ns) ? ns : INT64_MIN;
}

static void keep(struct poll *p, cJSON *take, int64_t time)
{
    p->items = xrealloc(p->items, (p->count + 1) * sizeof(*p->items));
    p->items[p->count++] = (struct item){.event = take, .time = time};
}

static void poll_release(struct poll *p)
{
    for (size_t i = 0; i < p->count; i++)
        cJSON_Delete(p->items[i].event);
    free(p->items);
}

static int by_time(const void *a, const void *b)
{
    const struct item *x = a, *y = b;

    return x->time < y->time ? -1 : x->time > y->time;
}

static int by_order(const void *a, const void *b)
{
    const struct item *x = a, *y = b;
    int order = odata_order_compare(x->order, x->event, y->event);

    return order ? order : by_time(a, b);
}

/* The items from..to as an answer's list; they leave the poll. */
static cJSON *take_list(struct poll *p, size_t from, size_t to)
{
    cJSON *list = cJSON_CreateArray();

    for (size_t i = from; i < to; i++) {
        cJSON_AddItemToArray(list, p->items[i].event);
        p->items[i].event = NULL;
    }
    return list;
}

/* The cursor in the request; false after answering 400. */
static bool read_cursor(const struct request *req, struct answer *ans, bool *ret_baseline,
                        int64_t *ret)
{
    const char *cursor = request_param(req, CURSOR);

    *ret_baseline = !cursor || !*cursor;
    if (*ret_baseline || !str_parse_time(cursor, ret))
        return true;
    answer_error(ans, 400, "ErrorInvalidRequest", "The parameter '" CURSOR "' is not valid.");
    return false;
}

static void answer_with(struct sandbox *sb, const struct request *req, struct answer *ans,
                        bool baseline, int64_t cursor, cJSON *list)
{
    char text[40];

    text_time_fine(cursor, text);
    strcpy(strrchr(text, '+'), "Z");
    trigger_answer(sb, req, ans, baseline, CURSOR, text, list);
}

/* --- items that are new or changed ------------------------------------------------------------ */

static bool look_at(void *arg, const struct record_row *row)
{
    struct poll *p = arg;
    cJSON *event = json_load(row->json);
    int64_t time = time_of(event, p->member);

    if (time > p->since && (!p->query->filter || odata_filter_matches(p->query->filter, event))) {
        keep(p, event, time);
        return true;
    }
    if (time > p->last)
        p->last = time;
    cJSON_Delete(event);
    return true;
}

/* The first batch of what was found, in the order that was asked for; moves `last` behind it. */
static cJSON *first_batch(struct poll *p)
{
    const struct dataset_query *q = p->query;
    size_t top = q->top < TRIGGER_BATCH ? (size_t)q->top : TRIGGER_BATCH;
    size_t from = (size_t)q->skip < p->count ? (size_t)q->skip : p->count;
    size_t to = p->count - from < top ? p->count : from + top;

    if (p->count)
        qsort(p->items, p->count, sizeof(*p->items), by_time);
    if (!top) {
        p->last = p->since;
        return cJSON_CreateArray();
    }
    if (to && (to < p->count || p->items[to - 1].time > p->last))
        p->last = p->items[to - 1].time;
    for (size_t i = from; i < to && q->order; i++)
        p->items[i].order = q->order;
    if (q->order && to > from)
        qsort(p->items + from, to - from, sizeof(*p->items), by_order);
    return take_list(p, from, to);
}

static bool show_newest(void *arg, const struct record_row *row)
{
    cJSON_AddItemToArray(arg, json_load(row->json));
    return true;
}

static cJSON *simulated_list(struct db *db, const char *folder)
{
    struct record_query q = {.kind = RECORD_EVENT,
                             .folder = folder,
                             .order = ORDER_MODIFIED,
                             .descending = true,
                             .top = 1};
    cJSON *list = cJSON_CreateArray();

    db_records(db, &q, show_newest, list);
    return list;
}

static void poll_items(struct sandbox *sb, const struct request *req, struct answer *ans,
                       struct poll *p, const char *folder)
{
    struct record_query q = {
        .kind = RECORD_EVENT, .folder = folder, .order = ORDER_MODIFIED, .top = -1};
    bool baseline;

    if (!read_cursor(req, ans, &baseline, &p->since))
        return;
    if (baseline)
        p->since = p->now;
    p->last = p->since;
    q.modified_after = p->since;
    if (!baseline)
        db_records(sb->db, &q, look_at, p);
    if (trigger_simulated(req))
        trigger_answer_simulated(sb, ans, simulated_list(sb->db, folder));
    else
        answer_with(sb, req, ans, baseline, p->last, first_batch(p));
    poll_release(p);
}

static void trigger_items(struct sandbox *sb, const struct request *req, struct answer *ans,
                          const char *member)
{
    const struct dataset *d = req->op->dataset;
    struct dataset_query query;
    struct poll p = {.member = member, .query = &query, .now = db_now(sb->db)};
    struct folder folder;

    if (!dataset_folder(sb->db, d, req->table, &folder)) {
        answer_not_found(ans);
        return;
    }
    if (dataset_query_parse(d, req, ans, &query)) {
        poll_items(sb, req, ans, &p, folder.id);
        dataset_query_release(&query);
    }
    folder_release(&folder);
}

void trigger_new_items(struct sandbox *sb, const struct request *req, struct answer *ans)
{
    trigger_items(sb, req, ans, "DateTimeCreated");
}

void trigger_updated_items(struct sandbox *sb, const struct request *req, struct answer *ans)
{
    trigger_items(sb, req, ans, "DateTimeLastModified");
}

/* --- events that start soon ------------------------------------------------------------------- */

static bool look_ahead(void *arg, const struct record_row *row)
{
    struct poll *p = arg;
    cJSON *event = json_load(row->json);
    int64_t start = time_of(event, "Start"), known_until = p->since + p->ahead;
    bool came_closer = start > known_until;
    bool changed = start > p->now && time_of(event, "DateTimeLastModified") > p->since;

    if (start <= p->now + p->ahead && (came_closer || changed))
        keep(p, event, start);
    else
        cJSON_Delete(event);
    return true;
}

static void poll_upcoming(struct sandbox *sb, const struct request *req, struct answer *ans,
                          struct poll *p, const char *folder)
{
    struct record_query q = {.kind = RECORD_EVENT, .folder = folder, .top = -1};
    bool baseline;

    if (!read_cursor(req, ans, &baseline, &p->since))
        return;
    if (baseline) {
        /* So that the next call gives the events that start soon already. */
        answer_with(sb, req, ans, true, p->now - p->ahead, cJSON_CreateArray());
        return;
    }
    db_records(sb->db, &q, look_ahead, p);
    answer_with(sb, req, ans, false, p->now, take_list(p, 0, p->count));
    poll_release(p);
}

void trigger_upcoming_events(struct sandbox *sb, const struct request *req, struct answer *ans)
{
    const char *table = request_param(req, "table");
    struct poll p = {.now = db_now(sb->db)};
    struct folder folder;
    int64_t minutes;

    if (!request_int(req, "lookAheadTimeInMinutes", 15, &minutes, ans))
        return;
    if (!table || !*table || minutes > LOOK_AHEAD_MAX) {
        answer_error(ans, 400, "ErrorInvalidRequest", "The parameter '%s' is %s.",
                     minutes > LOOK_AHEAD_MAX ? "lookAheadTimeInMinutes" : "table",
                     minutes > LOOK_AHEAD_MAX ? "too large" : "required");
        return;
    }
    if (!dataset_folder(sb->db, req->op->dataset, table, &folder)) {
        answer_not_found(ans);
        return;
    }
    p.ahead = minutes * 60 * NS_PER_S;
    poll_upcoming(sb, req, ans, &p, folder.id);
    folder_release(&folder);
}
