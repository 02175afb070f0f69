/*
 * support.h - what the tests of this layer share: objects from literals, and random ones from a
 * fixed seed.
 *
 * In literals ' stands for ", so that JSON is readable inside C.
 */
#ifndef OUTLOOKFS_TESTS_MODEL_SUPPORT_H
#define OUTLOOKFS_TESTS_MODEL_SUPPORT_H

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/buf.h>
#include <outlookfs/base/json.h>
#include <outlookfs/model/render.h>

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define SUPPORT_UNUSED __attribute__((unused))

SUPPORT_UNUSED static cJSON *object(const char *literal)
{
    char *text = xstrdup(literal);
    cJSON *obj;

    for (char *p = text; *p; p++) {
        if (*p == '\'')
            *p = '"';
    }
    obj = cJSON_Parse(text);
    free(text);
    assert_non_null(obj);
    return obj;
}

SUPPORT_UNUSED static void assert_json(const cJSON *got, const char *literal)
{
    cJSON *expected = object(literal);

    if (!json_equal(got, expected)) {
        char *text = cJSON_PrintUnformatted(got);

        print_error("got      %s\nexpected %s\n", text ? text : "NULL", literal);
        free(text);
        fail();
    }
    cJSON_Delete(expected);
}

/* xorshift64: the same numbers on every machine and in every run. */
struct random {
    uint64_t state;
};

SUPPORT_UNUSED static unsigned random_below(struct random *r, unsigned limit)
{
    r->state ^= r->state << 13;
    r->state ^= r->state >> 7;
    r->state ^= r->state << 17;
    return (unsigned)((r->state >> 32) % limit);
}

SUPPORT_UNUSED static cJSON *random_value(struct random *r, unsigned depth);

/* Few names, so that objects meet; among them managed ones, which below the top are names like
 * others. */
static const char *const random_names[] = {
    "A", "B", "C", "HomeAddress", "City", "GivenName", "Id", "Subject", "ChangeKey", "@odata.etag"};

SUPPORT_UNUSED static cJSON *random_object(struct random *r, unsigned depth)
{
    cJSON *obj = cJSON_CreateObject();

    for (size_t i = 0; i < ARRAY_SIZE(random_names); i++) {
        const char *name = random_names[(i * 7 + r->state) % ARRAY_SIZE(random_names)];

        if (random_below(r, 2) && !json_get(obj, name))
            cJSON_AddItemToObject(obj, name, random_value(r, depth));
    }
    return obj;
}

SUPPORT_UNUSED static cJSON *random_value(struct random *r, unsigned depth)
{
    static const char *const strings[] = {"",
                                          "x",
                                          "y",
                                          "2023-12-20T14:15:00+00:00",
                                          "\xc3\xbc\xe2\x82\xac\xf0\x9f\x98\x80",
                                          "q\"b\\s/\b\f\n\r\t\x01\x1f\x7f"};
    static const double numbers[] = {0, 1, -7, 0.1, 1e15, 1.5e300, 9007199254740993.0, 1.0 / 3};
    cJSON *array;

    switch (random_below(r, depth ? 7 : 5)) {
    case 0:
        return cJSON_CreateNull();
    case 1:
        return cJSON_CreateBool(random_below(r, 2) != 0);
    case 2:
        return cJSON_CreateNumber(numbers[random_below(r, ARRAY_SIZE(numbers))]);
    case 3:
    case 4:
        return cJSON_CreateString(strings[random_below(r, ARRAY_SIZE(strings))]);
    case 5:
        array = cJSON_CreateArray();
        for (unsigned n = random_below(r, 4); n > 0; n--)
            cJSON_AddItemToArray(array, random_value(r, depth - 1));
        return array;
    default:
        return random_object(r, depth - 1);
    }
}

/* Changes, removes or adds some members, also further down. */
SUPPORT_UNUSED static void mutate(struct random *r, cJSON *obj, unsigned depth)
{
    for (unsigned n = 1 + random_below(r, 3); n > 0; n--) {
        const char *name = random_names[random_below(r, ARRAY_SIZE(random_names))];
        cJSON *member = json_get(obj, name);

        if (cJSON_IsObject(member) && random_below(r, 3))
            mutate(r, member, depth);
        else if (member && random_below(r, 3) == 0)
            cJSON_DeleteItemFromObjectCaseSensitive(obj, name);
        else if (member)
            cJSON_ReplaceItemInObjectCaseSensitive(obj, name, random_value(r, depth));
        else
            cJSON_AddItemToObject(obj, name, random_value(r, depth));
    }
}

#endif
