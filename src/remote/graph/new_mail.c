/*
 * new_mail.c - what has come into a mail folder since the last look: received, or moved there.
 *
 * The folder's feed of what was created tells the ids; the messages are asked for by them. The
 * cursor is where the feed goes on, behind the service's time of that look:
 *
 *     2026-11-30T09:14:00Z https://graph.microsoft.com/v1.0/me/mailFolders/...
 *
 * Where the service has forgotten the feed, which says nothing about the messages (graph contract
 * 4.5), what was received since that time is new.
 *
 * Source: graph contract 4, 16.
 */
#include "graph_p.h"

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/clock.h>
#include <outlookfs/base/json.h>
#include <outlookfs/base/str.h>

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define TIME_MARGIN (60 * NS_PER_S)      /* a message may be listed later than it was received */
#define CURSOR_AGE_MAX (3600 * NS_PER_S) /* a cursor that leads to nothing is not stored anew */

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
    SCOPED(xfree) char *copy = xstrdup(wanted);
    char *rest = copy, *part;
    bool found = false;

    while (!found && (part = strsep(&rest, ";"))) {
        part += strspn(part, " ");
        for (size_t len = strlen(part); len && part[len - 1] == ' ';)
            part[--len] = '\0';
        found = *part && has_address(recipients, part);
    }
    return found;
}

static bool is_from(const cJSON *message, const char *wanted)
{
    SCOPED(json_release) cJSON *sender = cJSON_CreateArray();

    cJSON_AddItemToArray(sender, cJSON_Duplicate(json_get(message, "from"), true));
    return is_addressed(wanted, sender);
}

static bool is_wanted(const cJSON *message, const struct param *params)
{
    const cJSON *to = json_get(message, "toRecipients"), *cc = json_get(message, "ccRecipients");
    const char *from = param_value(params, "from");
    const char *subject = param_value(params, "subjectFilter");
    const char *importance = param_value(params, "importance");
    const char *wanted_to = param_value(params, "to"), *wanted_cc = param_value(params, "cc");
    const char *either = param_value(params, "toOrCc");
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
    if (str_eq(param_value(params, "fetchOnlyWithAttachment"), "true"))
        wanted = wanted && json_bool(message, "hasAttachments", false);
    return wanted;
}

/* --- the feed ------------------------------------------------------------------------------------ */

struct look {
    struct remote *r;
    const struct param *params;
    const char *folder;
    struct remote_ctx ctx;
    struct remote_fault *fault;
    bool begins; /* the feed is read from its beginning */
};

/* From `link`, or from the feed's beginning. GRADE_GONE: the service has forgotten it. */
static enum grade read_feed(struct look *l, const char *link, cJSON **ret, char **ret_link)
{
    l->begins = !link;
    return graph_feed_all(
        l->r, GRAPH_NEW_MESSAGES,
        PARAMS({"folder", l->folder}, {"$select", "id"}, {"changeType", "created"}), link, l->ctx,
        ret, ret_link, l->fault);
}

static enum grade received_since(struct look *l, int64_t since, cJSON **ret)
{
    char time[GRAPH_TIME_SIZE];

    graph_time(since - TIME_MARGIN, time);
    SCOPED(xfree) char *filter = xasprintf("receivedDateTime ge %s", time);

    return graph_list_all(l->r, GRAPH_LIST_MESSAGES,
                          PARAMS({"folder", l->folder}, {"$filter", filter},
                                 {"$orderby", "receivedDateTime"}, {"$top", "100"}),
                          l->ctx, ret, l->fault);
}

/* The messages of a feed's entries; what has left the folder since is left out. */
static enum grade get_messages(struct look *l, const cJSON *entries, cJSON **ret)
{
    size_t size = (size_t)cJSON_GetArraySize(entries), count = 0;
    SCOPED(xfree) const char **ids = xcalloc(size + 1, sizeof(*ids));
    SCOPED(xfree) cJSON **messages = xcalloc(size + 1, sizeof(*messages));
    const cJSON *entry;
    enum grade grade = GRADE_OK;

    cJSON_ArrayForEach(entry, entries)
    {
        const char *id = json_str(entry, "id");

        if (id && !json_get(entry, "@removed"))
            ids[count++] = id;
    }
    if (count)
        grade =
            graph_get_many(l->r, KIND_MESSAGE, l->folder, ids, count, l->ctx, messages, l->fault);
    *ret = cJSON_CreateArray();
    for (size_t i = 0; i < count; i++) {
        if (messages[i])
            cJSON_AddItemToArray(*ret, messages[i]);
    }
    return grade;
}

/* What has come since `cursor`. `ret_link`: where the feed goes on. */
static enum grade look(struct look *l, const char *cursor, cJSON **ret, char **ret_link)
{
    const char *link = strchr(cursor, ' ');
    SCOPED(xfree) char *time = xstrndup(cursor, strcspn(cursor, " "));
    SCOPED(json_release) cJSON *entries = NULL;
    int64_t since = 0;
    enum grade grade = link ? read_feed(l, link + 1, &entries, ret_link) : GRADE_GONE;

    if (grade == GRADE_OK) {
        grade = get_messages(l, entries, ret);
    } else if (grade == GRADE_GONE && !str_parse_time(time, &since)) {
        grade = read_feed(l, NULL, &entries, ret_link);
        if (grade == GRADE_OK)
            grade = received_since(l, since, ret);
    }
    return grade;
}

/* --- remote.h ------------------------------------------------------------------------------------ */

static void keep_wanted(const struct look *l, cJSON *messages)
{
    for (cJSON *message = messages->child, *next; message; message = next) {
        next = message->next;
        if (!is_wanted(message, l->params))
            cJSON_Delete(cJSON_DetachItemViaPointer(messages, message));
    }
}

/* One that leads to the same again stays, until it is old: each new one is written to disk. */
static bool may_stay(const char *cursor, int64_t now)
{
    SCOPED(xfree) char *time = xstrndup(cursor, strcspn(cursor, " "));
    int64_t since = 0;

    return !str_parse_time(time, &since) && now - since < CURSOR_AGE_MAX;
}

enum grade graph_poll_mail(struct remote *r, const struct param *params, const char *cursor,
                           struct remote_ctx ctx, struct remote_news *ret,
                           struct remote_fault *fault)
{
    struct look l = {.r = r,
                     .params = params,
                     .folder = param_value(params, "folderPath"),
                     .ctx = ctx,
                     .fault = fault};
    cJSON *messages = NULL, *all = NULL;
    SCOPED(xfree) char *link = NULL;
    char time[GRAPH_TIME_SIZE];
    enum grade grade =
        cursor ? look(&l, cursor, &messages, &link) : read_feed(&l, NULL, &all, &link);

    cJSON_Delete(all);
    if (grade == GRADE_OK && !link)
        grade = remote_fail(fault, GRADE_BROKEN, "the feed does not say where it goes on");
    if (grade == GRADE_OK) {
        int64_t now = fault->date ? fault->date : clock_now();
        bool idle = !l.begins && !messages->child && may_stay(cursor, now);

        graph_time(now, time);
        if (messages)
            keep_wanted(&l, messages);
        *ret =
            (struct remote_news){.items = messages ? messages : cJSON_CreateArray(),
                                 .cursor = idle ? xstrdup(cursor) : xasprintf("%s %s", time, link)};
    } else {
        cJSON_Delete(messages);
    }
    return grade;
}
