/* Three texts, separated by byte 0x1e: what was opened, what was written, what the service has. */
#include "fuzz.h"

#include <outlookfs/base/buf.h>
#include <outlookfs/model/merge.h>
#include <string.h>

#define SEPARATOR 0x1e

/* Objects only; NULL otherwise. Consumes the text up to the next separator. */
static cJSON *next_object(const uint8_t **data, size_t *size)
{
    const uint8_t *end = memchr(*data, SEPARATOR, *size);
    size_t len = end ? (size_t)(end - *data) : *size;
    cJSON *obj = NULL;

    if (json_parse_object((const char *)*data, len, &obj, NULL))
        obj = NULL;
    *data += end ? len + 1 : len;
    *size -= end ? len + 1 : len;
    return obj;
}

static void check_result(enum kind kind, const cJSON *base, const cJSON *mine, const cJSON *theirs,
                         const cJSON *expected)
{
    cJSON *merged = merge_three(kind, base, mine, theirs, NULL);

    CHECK(merged);
    CHECK(merge_same(kind, merged, expected));
    cJSON_Delete(merged);
}

static void check_body(enum kind kind, const cJSON *theirs, const cJSON *merged)
{
    for (int policy = MERGE_WHOLE; policy <= MERGE_CHANGES; policy++) {
        cJSON *body = merge_body(kind, (enum merge_policy)policy, theirs, merged);
        const cJSON *member;

        CHECK(cJSON_IsObject(body));
        cJSON_ArrayForEach(member, body)
        {
            CHECK(!kind_is_managed(kind, member->string));
        }
        cJSON_Delete(body);
    }
}

/* The parser lets the same name come twice in an object; the laws speak of objects without that. */
static bool names_are_unique(const cJSON *value)
{
    for (const cJSON *a = value->child; a; a = a->next) {
        if (cJSON_IsObject(value)) {
            for (const cJSON *b = a->next; b; b = b->next) {
                if (strcmp(a->string, b->string) == 0)
                    return false;
            }
        }
        if (!names_are_unique(a))
            return false;
    }
    return true;
}

static void check_kind(enum kind kind, const cJSON *base, const cJSON *mine, const cJSON *theirs)
{
    struct buf conflicts;
    cJSON *merged, *other, *made = merge_new_body(kind, mine), *change;

    buf_init(&conflicts, BUF_TEXT_MAX);
    merged = merge_three(kind, base, mine, theirs, &conflicts);
    other = merge_three(kind, base, theirs, mine, NULL);
    change = merge_describe(kind, base, mine);
    if (names_are_unique(base) && names_are_unique(mine) && names_are_unique(theirs)) {
        CHECK((merged != NULL) == (other != NULL));
        CHECK(!merged || conflicts.len == 0);
        check_result(kind, base, base, theirs, theirs);
        check_result(kind, base, mine, base, mine);
        check_result(kind, base, mine, mine, mine);
        if (merged)
            CHECK(merge_same(kind, merged, other));
        CHECK((change->child == NULL) == merge_same(kind, base, mine));
    }
    if (merged)
        check_body(kind, theirs, merged);
    merge_contains(kind, theirs, mine);
    cJSON_Delete(merged);
    cJSON_Delete(other);
    cJSON_Delete(made);
    cJSON_Delete(change);
    buf_release(&conflicts);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    cJSON *base = next_object(&data, &size);
    cJSON *mine = next_object(&data, &size);
    cJSON *theirs = next_object(&data, &size);

    for (int kind = 0; base && mine && theirs && kind < KIND_COUNT; kind++)
        check_kind((enum kind)kind, base, mine, theirs);
    cJSON_Delete(base);
    cJSON_Delete(mine);
    cJSON_Delete(theirs);
    return 0;
}
