/*
 * value.c - when two values mean the same to the service.
 */
#include "value_p.h"

#include <outlookfs/base/json.h>

bool value_exists(const struct cJSON *value)
{
    const cJSON *member;

    if (!cJSON_IsObject(value))
        return value && !cJSON_IsNull(value);
    cJSON_ArrayForEach(member, value)
    {
        if (value_exists(member))
            return true;
    }
    return false;
}

/* null, "", [], and an object of nothing but these. */
static bool is_none(const cJSON *value)
{
    const cJSON *member;

    if (cJSON_IsString(value))
        return value->valuestring[0] == '\0';
    if (!cJSON_IsObject(value) && !cJSON_IsArray(value))
        return !value || cJSON_IsNull(value);
    if (cJSON_IsArray(value))
        return !value->child;
    cJSON_ArrayForEach(member, value)
    {
        if (!is_none(member))
            return false;
    }
    return true;
}

static bool same_arrays(const cJSON *a, const cJSON *b)
{
    const cJSON *x = a->child;
    const cJSON *y = b->child;

    for (; x && y; x = x->next, y = y->next) {
        if (!value_same(x, y))
            return false;
    }
    return x == y;
}

static bool same_objects(const cJSON *a, const cJSON *b)
{
    SCOPED(json_finder_release) struct json_finder in_a = {0};
    SCOPED(json_finder_release) struct json_finder in_b = {0};
    const cJSON *member;
    bool same = true;

    json_finder_init(&in_a, a);
    json_finder_init(&in_b, b);
    cJSON_ArrayForEach(member, a)
    {
        if (same)
            same = value_same(member, json_find(&in_b, member->string));
    }
    cJSON_ArrayForEach(member, b)
    {
        if (same)
            same = is_none(member) || json_find(&in_a, member->string);
    }
    return same;
}

bool value_same(const struct cJSON *a, const struct cJSON *b)
{
    if (is_none(a) || is_none(b))
        return is_none(a) && is_none(b);
    if (cJSON_IsObject(a) && cJSON_IsObject(b))
        return same_objects(a, b);
    if (cJSON_IsArray(a) && cJSON_IsArray(b))
        return same_arrays(a, b);
    return json_equal(a, b);
}

void value_prune(struct cJSON *value)
{
    cJSON *child = value->child;

    while (child) {
        cJSON *next = child->next;

        value_prune(child);
        if (cJSON_IsObject(child) && is_none(child))
            cJSON_Delete(cJSON_DetachItemViaPointer(value, child));
        child = next;
    }
}

void value_add_copy(struct cJSON *obj, const char *name, const struct cJSON *value)
{
    cJSON_AddItemToObject(obj, name, cJSON_Duplicate(value, true));
}
