/*
 * triggers.c - what is new since the last look, for the triggers of the connector's specification.
 *
 * Graph has no polling protocol. New mail is what a folder's feed brings (new_mail.c). Of a calendar
 * there is no such feed: a look asks for the events at or behind the last one's time; the cursor has
 * that time and names the events of just that time, so that each is brought once:
 *
 *     2026-11-30T09:14:00Z AAMkAD..= AAMkAE..=
 *
 * A new event counts by when it was made, an updated one by its last change. Upcoming events are
 * those that begin within the time ahead; the caller remembers which it has had.
 */
#include "graph_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/clock.h>
#include <outlookfs/base/json.h>
#include <outlookfs/base/str.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CURSOR_MAX ((size_t)1024 * 1024)
#define LOOK_AHEAD_MINUTES 15 /* where the definition says nothing: the connector's default */

static const struct rule {
    const char *by;     /* the time that counts */
    const char *filter; /* the time the service is asked by: never before the other */
    bool again;         /* a record counts anew with each version */
} rules[] = {
    [REMOTE_ON_NEW_ITEMS] = {"createdDateTime", "lastModifiedDateTime", false},
    [REMOTE_ON_UPDATED_ITEMS] = {"lastModifiedDateTime", "lastModifiedDateTime", true},
};

/* --- the cursor ---------------------------------------------------------------------------------- */

/* What the cursor calls a record. The caller frees it. */
static char *mark_of(const struct rule *rule, const cJSON *obj)
{
    const char *id = json_str(obj, "id"), *version = json_str(obj, "changeKey");

    return rule->again ? xasprintf("%s/%s", id ? id : "", version ? version : "")
                       : xstrdup(id ? id : "");
}

static bool is_marked(const char *cursor, const char *mark)
{
    size_t len = strlen(mark);

    for (const char *p = strchr(cursor, ' '); p; p = strchr(p, ' ')) {
        p++;
        if (!strncmp(p, mark, len) && (p[len] == ' ' || !p[len]))
            return true;
    }
    return false;
}

/* Its time; INT64_MIN: it has none. */
static int64_t time_of(const char *text)
{
    int64_t ns;

    return text && !str_parse_time(text, &ns) ? ns : INT64_MIN;
}

struct look {
    const struct rule *rule;
    const char *cursor;
    int64_t since;
    int64_t newest;   /* of those that came */
    struct buf marks; /* of the newest, each behind a space */
    const char *time; /* of the newest, as it was written */
};

/* Is it behind the cursor? The newest ones make the next. */
static bool take(struct look *l, const cJSON *obj)
{
    const char *text = json_str(obj, l->rule->by);
    int64_t at = time_of(text);
    SCOPED(xfree) char *mark = mark_of(l->rule, obj);
    bool fresh = at > l->since || (at == l->since && !is_marked(l->cursor, mark));

    if (at > l->newest) {
        l->newest = at;
        l->time = text;
        buf_clear(&l->marks);
    }
    if (at == l->newest)
        buf_addf(&l->marks, " %s", mark);
    return fresh;
}

/* --- a look -------------------------------------------------------------------------------------- */

static enum grade ask(struct remote *r, const struct rule *rule, const struct param *params,
                      const char *since, struct remote_ctx ctx, cJSON **ret,
                      struct remote_fault *fault)
{
    const char *given = param_value(params, "$filter");
    char *filter = given ? xasprintf("%s ge %s and (%s)", rule->filter, since, given)
                         : xasprintf("%s ge %s", rule->filter, since);
    enum grade grade =
        graph_list_all(r, GRAPH_LIST_EVENTS,
                       PARAMS({"folder", param_value(params, "table")}, {"$filter", filter},
                              {"$orderby", rule->filter}, {"$top", "100"}),
                       ctx, ret, fault);

    free(filter);
    return grade;
}

static enum grade poll_since(struct remote *r, const struct rule *rule, const struct param *params,
                             const char *cursor, struct remote_ctx ctx, struct remote_news *ret,
                             struct remote_fault *fault)
{
    char *since = xstrndup(cursor, strcspn(cursor, " "));
    struct look look = {.rule = rule, .cursor = cursor, .since = time_of(since)};
    SCOPED(json_release) cJSON *list = NULL;
    enum grade grade = ask(r, rule, params, since, ctx, &list, fault);

    free(since);
    if (grade != GRADE_OK)
        return grade;
    look.newest = look.since;
    buf_init(&look.marks, CURSOR_MAX);
    *ret = (struct remote_news){.items = cJSON_CreateArray()};
    for (cJSON *obj = list->child, *next; obj; obj = next) {
        next = obj->next;
        if (take(&look, obj))
            cJSON_AddItemToArray(ret->items, cJSON_Duplicate(obj, true));
    }
    ret->cursor = look.time ? xasprintf("%s%s", look.time, look.marks.data)
                  : look.marks.len
                      ? xasprintf("%.*s%s", (int)strcspn(cursor, " "), cursor, look.marks.data)
                      : xstrdup(cursor);
    buf_release(&look.marks);
    return GRADE_OK;
}

/* The baseline: now, by the service's clock, whose seconds are whole; what is of this second already
 * is not news. */
static enum grade begin(struct remote *r, const struct rule *rule, const struct param *params,
                        struct remote_ctx ctx, struct remote_news *ret, struct remote_fault *fault)
{
    char now[GRAPH_TIME_SIZE];
    enum grade grade = remote_test(r, ctx, fault);

    if (grade != GRADE_OK)
        return grade;
    graph_time(fault->date ? fault->date : clock_now(), now);
    grade = poll_since(r, rule, params, now, ctx, ret, fault);
    if (grade == GRADE_OK) {
        cJSON_Delete(ret->items);
        ret->items = cJSON_CreateArray();
    }
    return grade;
}

static enum grade poll_upcoming(struct remote *r, const struct param *params, struct remote_ctx ctx,
                                struct remote_news *ret, struct remote_fault *fault)
{
    const char *minutes = param_value(params, "lookAheadTimeInMinutes");
    int64_t ahead = minutes ? strtol(minutes, NULL, 10) : LOOK_AHEAD_MINUTES, now = clock_now();
    cJSON *list = NULL;
    enum grade grade = graph_agenda(r, param_value(params, "table"), now,
                                    now + ahead * 60 * NS_PER_S, ctx, &list, fault);

    if (grade == GRADE_OK)
        *ret = (struct remote_news){.items = list, .cursor = xstrdup("upcoming")};
    return grade;
}

enum grade graph_poll(struct remote *r, enum remote_trigger trigger, const struct param *params,
                      const char *cursor, struct remote_ctx ctx, struct remote_news *ret,
                      struct remote_fault *fault)
{
    if (trigger == REMOTE_ON_NEW_EMAIL)
        return graph_poll_mail(r, params, cursor, ctx, ret, fault);
    if (trigger == REMOTE_ON_UPCOMING_EVENTS)
        return poll_upcoming(r, params, ctx, ret, fault);
    return cursor ? poll_since(r, &rules[trigger], params, cursor, ctx, ret, fault)
                  : begin(r, &rules[trigger], params, ctx, ret, fault);
}
