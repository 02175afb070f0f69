/*
 * triggers.c - what is new since the last look, for the triggers of the connector's specification.
 *
 * Graph has no polling protocol. A look asks for the records at or behind the last one's time; the
 * cursor has that time and names the records of just that time, so that each is brought once:
 *
 *     2026-11-30T09:14:00Z AAMkAD..= AAMkAE..=
 *
 * A message counts by when it was received, a new event by when it was made, an updated one by its
 * last change. Upcoming events are those that begin within the time ahead; the caller remembers
 * which it has had.
 */
#include "vtable_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/clock.h>
#include <outlookfs/base/json.h>
#include <outlookfs/base/str.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#define CURSOR_MAX ((size_t)1024 * 1024)
#define TIME_SIZE sizeof("2026-11-30T09:14:00Z")
#define LOOK_AHEAD_MINUTES 15 /* where the definition says nothing: the connector's default */

static const struct rule {
    enum graph_operation list;
    const char *by;     /* the time that counts */
    const char *filter; /* the time the service is asked by: never before the other */
    bool again;         /* a record counts anew with each version */
} rules[] = {
    [REMOTE_ON_NEW_EMAIL] = {GRAPH_LIST_MESSAGES, "receivedDateTime", "receivedDateTime", false},
    [REMOTE_ON_UPCOMING_EVENTS] = {GRAPH_LIST_CALENDAR_VIEW, NULL, NULL, false},
    [REMOTE_ON_NEW_ITEMS] = {GRAPH_LIST_EVENTS, "createdDateTime", "lastModifiedDateTime", false},
    [REMOTE_ON_UPDATED_ITEMS] = {GRAPH_LIST_EVENTS, "lastModifiedDateTime", "lastModifiedDateTime",
                                 true},
};

static const char *param_of(const struct param *params, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (str_eq(params[i].name, name))
            return params[i].value;
    }
    return NULL;
}

static void format_time(int64_t ns, char out[TIME_SIZE])
{
    time_t t = (time_t)(ns / NS_PER_S);
    struct tm tm;

    strftime(out, TIME_SIZE, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&t, &tm));
}

/* --- what a message must be like ----------------------------------------------------------------- */

static bool contains(const char *text, const char *part)
{
    return text && strcasestr(text, part);
}

static bool has_address(const cJSON *recipients, const char *part)
{
    const cJSON *r;

    cJSON_ArrayForEach(r, recipients)
    {
        if (contains(json_str(json_get(r, "emailAddress"), "address"), part))
            return true;
    }
    return false;
}

/* Is one of "a@contoso.example;b@contoso.example" in a list of recipients? */
static bool is_addressed(const char *wanted, const cJSON *recipients)
{
    char *copy = xstrdup(wanted), *rest = copy, *part;
    bool found = false;

    while (!found && (part = strsep(&rest, ";"))) {
        part += strspn(part, " ");
        found = *part && has_address(recipients, part);
    }
    free(copy);
    return found;
}

static bool is_from(const cJSON *message, const char *wanted)
{
    cJSON *sender = cJSON_CreateArray();

    cJSON_AddItemToArray(sender, cJSON_Duplicate(json_get(message, "from"), true));
    bool from = is_addressed(wanted, sender);
    cJSON_Delete(sender);
    return from;
}

static bool is_wanted(const cJSON *message, const struct param *params, size_t count)
{
    const cJSON *to = json_get(message, "toRecipients"), *cc = json_get(message, "ccRecipients");
    const char *from = param_of(params, count, "from");
    const char *subject = param_of(params, count, "subjectFilter");
    const char *importance = param_of(params, count, "importance");
    const char *wanted_to = param_of(params, count, "to"),
               *wanted_cc = param_of(params, count, "cc");
    const char *either = param_of(params, count, "toOrCc");
    bool wanted = !from || is_from(message, from);

    if (wanted_to)
        wanted = wanted && is_addressed(wanted_to, to);
    if (wanted_cc)
        wanted = wanted && is_addressed(wanted_cc, cc);
    if (either)
        wanted = wanted && (is_addressed(either, to) || is_addressed(either, cc));
    if (subject)
        wanted = wanted && contains(json_str(message, "subject"), subject);
    if (importance && strcasecmp(importance, "Any"))
        wanted = wanted && json_str(message, "importance") &&
                 !strcasecmp(json_str(message, "importance"), importance);
    if (str_eq(param_of(params, count, "fetchOnlyWithAttachment"), "true"))
        wanted = wanted && json_bool(message, "hasAttachments", false);
    return wanted;
}

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
    char *mark = mark_of(l->rule, obj);
    bool fresh = at > l->since || (at == l->since && !is_marked(l->cursor, mark));

    if (at > l->newest) {
        l->newest = at;
        l->time = text;
        buf_clear(&l->marks);
    }
    if (at == l->newest)
        buf_addf(&l->marks, " %s", mark);
    free(mark);
    return fresh;
}

/* --- a look -------------------------------------------------------------------------------------- */

static enum grade ask(struct remote *r, const struct rule *rule, const struct param *params,
                      size_t count, const char *since, struct remote_ctx ctx, cJSON **ret,
                      struct remote_fault *fault)
{
    const char *folder = param_of(params, count, "folderPath");
    const char *given = param_of(params, count, "$filter");
    char *filter = given ? xasprintf("%s ge %s and (%s)", rule->filter, since, given)
                         : xasprintf("%s ge %s", rule->filter, since);
    const struct param all[] = {
        {"folder", folder ? folder : param_of(params, count, "table")},
        {"$filter", filter},
        {"$orderby", rule->filter},
        {"$top", "100"},
    };
    enum grade grade = graph_list_all(r, rule->list, all, ARRAY_SIZE(all), ctx, ret, fault);

    free(filter);
    return grade;
}

static enum grade poll_since(struct remote *r, const struct rule *rule, const struct param *params,
                             size_t count, const char *cursor, struct remote_ctx ctx,
                             struct remote_news *ret, struct remote_fault *fault)
{
    char *since = xstrndup(cursor, strcspn(cursor, " "));
    struct look look = {.rule = rule, .cursor = cursor, .since = time_of(since)};
    cJSON *list = NULL;
    enum grade grade = ask(r, rule, params, count, since, ctx, &list, fault);

    free(since);
    if (grade != GRADE_OK)
        return grade;
    look.newest = look.since;
    buf_init(&look.marks, CURSOR_MAX);
    *ret = (struct remote_news){.items = cJSON_CreateArray()};
    for (cJSON *obj = list->child, *next; obj; obj = next) {
        next = obj->next;
        if (take(&look, obj) &&
            (rule->list != GRAPH_LIST_MESSAGES || is_wanted(obj, params, count)))
            cJSON_AddItemToArray(ret->items, cJSON_Duplicate(obj, true));
    }
    ret->cursor = look.time ? xasprintf("%s%s", look.time, look.marks.data)
                  : look.marks.len
                      ? xasprintf("%.*s%s", (int)strcspn(cursor, " "), cursor, look.marks.data)
                      : xstrdup(cursor);
    buf_release(&look.marks);
    cJSON_Delete(list);
    return GRADE_OK;
}

/* The baseline: now, by the service's clock. */
static enum grade begin(struct remote *r, struct remote_ctx ctx, struct remote_news *ret,
                        struct remote_fault *fault)
{
    char now[TIME_SIZE];
    enum grade grade = remote_test(r, ctx, fault);

    if (grade != GRADE_OK)
        return grade;
    format_time(fault->date ? fault->date : clock_now(), now);
    *ret = (struct remote_news){.items = cJSON_CreateArray(), .cursor = xstrdup(now)};
    return GRADE_OK;
}

static enum grade poll_upcoming(struct remote *r, const struct param *params, size_t count,
                                struct remote_ctx ctx, struct remote_news *ret,
                                struct remote_fault *fault)
{
    const char *minutes = param_of(params, count, "lookAheadTimeInMinutes");
    int64_t ahead = minutes ? strtol(minutes, NULL, 10) : LOOK_AHEAD_MINUTES;
    char from[TIME_SIZE], to[TIME_SIZE];
    cJSON *list = NULL;

    format_time(clock_now(), from);
    format_time(clock_now() + ahead * 60 * NS_PER_S, to);
    const struct param all[] = {
        {"folder", param_of(params, count, "table")},
        {"startDateTime", from},
        {"endDateTime", to},
        {"$top", "100"},
    };
    enum grade grade =
        graph_list_all(r, GRAPH_LIST_CALENDAR_VIEW, all, ARRAY_SIZE(all), ctx, &list, fault);
    if (grade == GRADE_OK)
        *ret = (struct remote_news){.items = list, .cursor = xstrdup("upcoming")};
    return grade;
}

enum grade graph_poll(struct remote *r, enum remote_trigger trigger, const struct param *params,
                      size_t count, const char *cursor, struct remote_ctx ctx,
                      struct remote_news *ret, struct remote_fault *fault)
{
    if (trigger == REMOTE_ON_UPCOMING_EVENTS)
        return poll_upcoming(r, params, count, ctx, ret, fault);
    return cursor ? poll_since(r, &rules[trigger], params, count, cursor, ctx, ret, fault)
                  : begin(r, ctx, ret, fault);
}
