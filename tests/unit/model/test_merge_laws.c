/* What holds for every base, mine and theirs: random objects from a fixed seed, compared by a
 * reading of the rules of its own. */
#include "support.h"

#include <outlookfs/base/str.h>
#include <outlookfs/model/merge.h>

#define ROUNDS 20000
#define KIND KIND_CONTACT

static bool is_void(const cJSON *value)
{
    if (cJSON_IsString(value))
        return value->valuestring[0] == '\0';
    if (cJSON_IsObject(value) || cJSON_IsArray(value))
        return value->child == NULL;
    return !value || cJSON_IsNull(value);
}

/* Takes out of objects what means "none". Only objects: positions in an array count. */
static void reduce(cJSON *value)
{
    cJSON *member = value->child;

    while (member) {
        cJSON *next = member->next;

        reduce(member);
        if (cJSON_IsObject(value) && is_void(member))
            cJSON_Delete(cJSON_DetachItemViaPointer(value, member));
        member = next;
    }
}

static void drop_managed(cJSON *obj)
{
    for (size_t i = 0; i < ARRAY_SIZE(random_names); i++) {
        if (kind_is_managed(KIND, random_names[i]))
            cJSON_DeleteItemFromObjectCaseSensitive(obj, random_names[i]);
    }
}

static bool equal(const cJSON *a, const cJSON *b)
{
    cJSON *x = cJSON_Duplicate(a, true);
    cJSON *y = cJSON_Duplicate(b, true);
    bool same;

    drop_managed(x);
    drop_managed(y);
    reduce(x);
    reduce(y);
    same = json_equal(x, y);
    cJSON_Delete(x);
    cJSON_Delete(y);
    return same;
}

static void assert_merge(const cJSON *base, const cJSON *mine, const cJSON *theirs,
                         const cJSON *expected)
{
    cJSON *merged = merge_three(KIND, base, mine, theirs, NULL);

    assert_non_null(merged);
    assert_true(equal(merged, expected));
    for (size_t i = 0; i < ARRAY_SIZE(random_names); i++) {
        if (kind_is_managed(KIND, random_names[i]))
            assert_true(
                json_equal(json_get(merged, random_names[i]), json_get(theirs, random_names[i])));
    }
    cJSON_Delete(merged);
}

/* Copies the members of `from` that are managed, or those that are not, over the ones of `to`. */
static void overlay(cJSON *to, const cJSON *from, bool managed)
{
    const cJSON *member;

    cJSON_ArrayForEach(member, from)
    {
        if (kind_is_managed(KIND, member->string) != managed)
            continue;
        cJSON_DeleteItemFromObjectCaseSensitive(to, member->string);
        cJSON_AddItemToObject(to, member->string, cJSON_Duplicate(member, true));
    }
}

/*
 * A service that forgets what it is not sent, and one that keeps it: both must arrive at `merged`.
 */
static void assert_bodies(const cJSON *theirs, const cJSON *merged)
{
    cJSON *whole = merge_body(KIND, MERGE_WHOLE, theirs, merged);
    cJSON *changes = merge_body(KIND, MERGE_CHANGES, theirs, merged);
    cJSON *forgetful = cJSON_CreateObject();
    cJSON *keeping = cJSON_Duplicate(theirs, true);
    cJSON *keeping_whole = cJSON_Duplicate(theirs, true);
    const cJSON *member;

    overlay(forgetful, theirs, true);
    overlay(forgetful, whole, false);
    overlay(keeping, changes, false);
    overlay(keeping_whole, whole, false);
    assert_true(equal(forgetful, merged));
    assert_true(equal(keeping, merged));
    assert_true(equal(keeping_whole, merged));

    cJSON_ArrayForEach(member, whole)
    {
        assert_false(kind_is_managed(KIND, member->string));
    }
    cJSON_ArrayForEach(member, changes)
    {
        assert_non_null(json_get(whole, member->string));
        assert_true(json_equal(member, json_get(whole, member->string)));
    }
    assert_int_equal(changes->child == NULL, merge_same(KIND, theirs, merged));
    assert_true(merge_contains(KIND, forgetful, whole));
    cJSON_Delete(whole);
    cJSON_Delete(changes);
    cJSON_Delete(forgetful);
    cJSON_Delete(keeping);
    cJSON_Delete(keeping_whole);
}

static void check_round(const cJSON *base, const cJSON *mine, const cJSON *theirs,
                        unsigned *conflicts)
{
    cJSON *merged = merge_three(KIND, base, mine, theirs, NULL);
    cJSON *other = merge_three(KIND, base, theirs, mine, NULL);

    assert_merge(base, base, theirs, theirs);
    assert_merge(base, mine, base, mine);
    assert_merge(base, mine, mine, mine);
    assert_merge(base, theirs, theirs, theirs);
    assert_int_equal(merge_same(KIND, mine, theirs), equal(mine, theirs));

    assert_int_equal(merged == NULL, other == NULL);
    assert_bodies(theirs, mine);
    if (merged) {
        assert_true(equal(merged, other));
        assert_merge(base, merged, theirs, merged); /* merging again changes nothing */
        assert_bodies(theirs, merged);
    } else {
        (*conflicts)++;
    }
    cJSON_Delete(merged);
    cJSON_Delete(other);
}

static void test_laws(void **state)
{
    struct random r = {0x1234567890abcdef};
    unsigned conflicts = 0;

    (void)state;
    for (int i = 0; i < ROUNDS; i++) {
        cJSON *base = random_object(&r, 3);
        cJSON *mine = cJSON_Duplicate(base, true);
        cJSON *theirs = cJSON_Duplicate(base, true);

        mutate(&r, mine, 2);
        mutate(&r, theirs, 2);
        check_round(base, mine, theirs, &conflicts);
        cJSON_Delete(base);
        cJSON_Delete(mine);
        cJSON_Delete(theirs);
    }
    /* Both outcomes were seen often enough for the laws to mean something. */
    assert_in_range(conflicts, ROUNDS / 20, ROUNDS / 2);
}

/*
 * A change on top of our own write, which the service made something else of: never in conflict
 * with that, the same as a merge with it wherever that is none, and no change where there is none.
 */
static void check_rebase(const cJSON *seen, const cJSON *mine, const cJSON *had)
{
    cJSON *base = merge_rebase(seen, had, mine), *untouched = merge_rebase(seen, had, seen);
    cJSON *plain = merge_three(KIND, seen, mine, had, NULL);
    cJSON *merged = merge_three(KIND, base, mine, had, NULL);

    assert_non_null(merged);
    if (plain)
        assert_true(equal(merged, plain));
    assert_merge(untouched, seen, had, had);
    assert_merge(untouched, seen, mine, mine);
    cJSON_Delete(merged);
    cJSON_Delete(plain);
    cJSON_Delete(untouched);
    cJSON_Delete(base);
}

static void test_on_top_of_our_own(void **state)
{
    struct random r = {4711};

    (void)state;
    for (int i = 0; i < ROUNDS; i++) {
        cJSON *seen = random_object(&r, 3);
        cJSON *mine = cJSON_Duplicate(seen, true);
        cJSON *had = cJSON_Duplicate(seen, true);

        mutate(&r, mine, 2);
        mutate(&r, had, 2);
        check_rebase(seen, mine, had);
        cJSON_Delete(seen);
        cJSON_Delete(mine);
        cJSON_Delete(had);
    }
}

static void test_strangers(void **state)
{
    struct random r = {99};
    unsigned conflicts = 0;

    (void)state;
    for (int i = 0; i < ROUNDS / 10; i++) {
        cJSON *base = random_object(&r, 2);
        cJSON *mine = random_object(&r, 2);
        cJSON *theirs = random_object(&r, 2);

        check_round(base, mine, theirs, &conflicts);
        cJSON_Delete(base);
        cJSON_Delete(mine);
        cJSON_Delete(theirs);
    }
    assert_in_range(conflicts, ROUNDS / 40, ROUNDS / 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_laws),
        cmocka_unit_test(test_on_top_of_our_own),
        cmocka_unit_test(test_strangers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
