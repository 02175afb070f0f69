/*
 * body.c - the bodies of updates and creates, and finding a body's record again: the second half of
 * merge.h.
 */
#include <outlookfs/model/merge.h>
#include <outlookfs/base/alloc.h>
#include <outlookfs/base/clock.h>
#include <outlookfs/base/json.h>
#include <outlookfs/base/str.h>
#include <outlookfs/base/zone.h>

#include "value_p.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* A time, or the service's way of writing that there is none. */
static bool is_time(const cJSON *value)
{
    int64_t ns;

    return cJSON_IsString(value) && str_parse_time(value->valuestring, &ns) != -EINVAL;
}

/* "" is no time: nothing tells that the service would take it for one. */
static cJSON *emptied(const cJSON *value)
{
    if (cJSON_IsString(value) && !is_time(value))
        return cJSON_CreateString("");
    if (cJSON_IsArray(value))
        return cJSON_CreateArray();
    return cJSON_CreateNull();
}

/* What to send for a value that is `theirs` and shall be `merged`. */
static cJSON *body_value(const cJSON *theirs, const cJSON *merged)
{
    SCOPED(json_finder_release) struct json_finder in_theirs = {0};
    SCOPED(json_finder_release) struct json_finder in_merged = {0};
    const cJSON *member;

    if (!cJSON_IsObject(merged))
        return value_exists(merged) ? cJSON_Duplicate(merged, true) : emptied(theirs);

    cJSON *body = cJSON_CreateObject();
    theirs = cJSON_IsObject(theirs) ? theirs : NULL;
    json_finder_init(&in_theirs, theirs);
    json_finder_init(&in_merged, merged);
    cJSON_ArrayForEach(member, merged)
    {
        const cJSON *old = json_find(&in_theirs, member->string);

        cJSON_AddItemToObject(body, member->string, body_value(old, member));
    }
    cJSON_ArrayForEach(member, theirs)
    {
        if (value_exists(member) && !json_find(&in_merged, member->string))
            cJSON_AddItemToObject(body, member->string, emptied(member));
    }
    return body;
}

static void add_body_member(enum kind kind, cJSON *body, const char *name, const cJSON *theirs,
                            const cJSON *merged, const cJSON *defaults)
{
    const cJSON *value = json_get(defaults, name);

    if (kind_is_managed(kind, name))
        return;
    if (value && !value_exists(merged))
        value_add_copy(body, name, value);
    else
        cJSON_AddItemToObject(body, name, body_value(theirs, merged));
}

/* What the service would make anew of what is sent stays as it is (graph contract 10). */
static void keep_following(enum kind kind, cJSON *body, const struct cJSON *merged)
{
    const char *follows = kind_info(kind)->follows_parts;
    bool would_follow = false;

    if (!follows || !json_str(merged, follows))
        return;
    for (const char *const *part = kind_info(kind)->name_parts; *part; part++)
        would_follow |= json_get(body, *part) != NULL;
    if (would_follow && !json_get(body, follows))
        value_add_copy(body, follows, json_get(merged, follows));
}

struct cJSON *merge_body(enum kind kind, enum merge_policy policy, const struct cJSON *theirs,
                         const struct cJSON *merged)
{
    cJSON *body = cJSON_CreateObject();
    SCOPED(json_release) cJSON *defaults = cJSON_CreateObject();
    SCOPED(json_finder_release) struct json_finder in_theirs = {0};
    SCOPED(json_finder_release) struct json_finder in_merged = {0};
    const cJSON *member;

    kind_complete_new(kind, defaults);
    json_finder_init(&in_theirs, theirs);
    json_finder_init(&in_merged, merged);
    cJSON_ArrayForEach(member, merged)
    {
        const cJSON *old = json_find(&in_theirs, member->string);

        if (policy == MERGE_WHOLE || !value_same(old, member))
            add_body_member(kind, body, member->string, old, member, defaults);
    }
    cJSON_ArrayForEach(member, theirs)
    {
        if (!value_same(NULL, member) && !json_find(&in_merged, member->string))
            add_body_member(kind, body, member->string, member, NULL, defaults);
    }
    keep_following(kind, body, merged);
    return body;
}

struct cJSON *merge_new_body(enum kind kind, const struct cJSON *mine)
{
    cJSON *body = cJSON_CreateObject();
    const cJSON *member;

    cJSON_ArrayForEach(member, mine)
    {
        if (!kind_is_managed(kind, member->string) ||
            str_eq(member->string, kind_info(kind)->given))
            value_add_copy(body, member->string, member);
    }
    value_prune(body);
    kind_complete_new(kind, body);
    return body;
}

/* "", null, [] and what consists of them. */
static bool is_empty(const cJSON *value)
{
    const cJSON *member;

    if (cJSON_IsString(value))
        return value->valuestring[0] == '\0';
    if (!cJSON_IsObject(value) && !cJSON_IsArray(value))
        return !value || cJSON_IsNull(value);
    cJSON_ArrayForEach(member, value)
    {
        if (!is_empty(member))
            return false;
    }
    return true;
}

static bool same_time(const char *a, const char *b)
{
    int64_t x = 0;
    int64_t y = 0;
    int first = str_parse_time(a, &x);
    int second = str_parse_time(b, &y);

    return first != -EINVAL && first == second && x == y;
}

static bool contains(const cJSON *record, const cJSON *sent);

static bool contains_members(const cJSON *record, const cJSON *sent)
{
    SCOPED(json_finder_release) struct json_finder find = {0};
    const cJSON *member;
    bool all = true;

    json_finder_init(&find, record);
    cJSON_ArrayForEach(member, sent)
    {
        if (all)
            all = contains(json_find(&find, member->string), member);
    }
    return all;
}

static bool contains_elements(const cJSON *record, const cJSON *sent)
{
    const cJSON *x = record->child;
    const cJSON *y = sent->child;

    for (; x && y; x = x->next, y = y->next) {
        if (!contains(x, y))
            return false;
    }
    return x == y;
}

static bool contains(const cJSON *record, const cJSON *sent)
{
    if (is_empty(sent))
        return is_empty(record);
    if (cJSON_IsObject(sent) && cJSON_IsObject(record))
        return contains_members(record, sent);
    if (cJSON_IsArray(sent) && cJSON_IsArray(record))
        return contains_elements(record, sent);
    if (cJSON_IsString(sent) && cJSON_IsString(record) &&
        same_time(sent->valuestring, record->valuestring))
        return true;
    return json_equal(record, sent);
}

static bool is_rewritten(enum kind kind, const char *member)
{
    for (const char *const *name = kind_info(kind)->rewritten; *name; name++) {
        if (str_eq(*name, member))
            return true;
    }
    return false;
}

/* The zone of a time without an offset, where that is another than UTC: it comes back in UTC
 * (contract 2.12, 4.8). NULL: it is no such time. */
static const char *zone_of(const cJSON *sent, const cJSON *member)
{
    const char *clock = cJSON_IsString(member) ? strchr(member->valuestring, 'T') : NULL;

    if (!clock || !is_time(member) || strpbrk(clock, "Zz+-"))
        return NULL;
    SCOPED(xfree) char *name = xasprintf("%sTimeZone", member->string);
    const char *zone = json_str(sent, name);
    return str_eq(zone, "UTC") ? NULL : zone;
}

static bool is_known(const char *zone)
{
    char *iana = zone_iana(zone);

    free(iana);
    return iana;
}

/* A zone that nobody here knows lies within 14 hours of UTC and a multiple of 15 minutes from it. */
static bool is_same_moment(const cJSON *zoned, const char *zone, const cJSON *utc)
{
    int64_t a, b;

    if (!cJSON_IsString(utc) || str_parse_time(zoned->valuestring, &a) ||
        str_parse_time(utc->valuestring, &b))
        return false;
    SCOPED(xfree) char *iana = zone_iana(zone);

    return iana ? zone_clock(iana, b) == a
                : llabs(a - b) <= 14 * 3600 * NS_PER_S && (a - b) % (900 * NS_PER_S) == 0;
}

static void copy_member(cJSON *to, const cJSON *from, const char *name)
{
    cJSON_DeleteItemFromObjectCaseSensitive(to, name);
    value_add_copy(to, name, json_get(from, name));
}

struct cJSON *merge_settle(enum kind kind, const struct cJSON *record, const struct cJSON *sent,
                           enum merge_times times)
{
    cJSON *copy = NULL;
    const cJSON *member;

    cJSON_ArrayForEach(member, sent)
    {
        const char *zone = zone_of(sent, member);

        if (!zone || kind_is_managed(kind, member->string) ||
            (times == MERGE_TIMES_UNKNOWN && is_known(zone)))
            continue;
        SCOPED(xfree) char *name = xasprintf("%sTimeZone", member->string);
        if (!copy)
            copy = cJSON_Duplicate(sent, true);
        copy_member(copy, record, member->string);
        copy_member(copy, record, name);
    }
    return copy;
}

bool merge_contains(enum kind kind, const struct cJSON *record, const struct cJSON *sent)
{
    SCOPED(json_finder_release) struct json_finder find = {0};
    const cJSON *member;
    bool all = true;

    json_finder_init(&find, record);
    cJSON_ArrayForEach(member, sent)
    {
        const cJSON *value = json_find(&find, member->string);

        if (!all || kind_is_managed(kind, member->string) || is_rewritten(kind, member->string))
            continue;
        const char *zone = zone_of(sent, member);
        all = zone ? is_same_moment(member, zone, value) : contains(value, member);
    }
    return all;
}
