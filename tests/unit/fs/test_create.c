/*
 * test_create.c - new files: one POST for the first valid object, under the name the user gave
 * (saving rules R12, R13).
 */
#include "script_test.h"

#define JOHN "{\"GivenName\": \"John\", \"MobilePhone1\": \"7\", \"HomePhones\": []}\n"
#define JOHN2 "{\"GivenName\": \"John\", \"MobilePhone1\": \"8\", \"HomePhones\": []}\n"
#define NEW CONTACTS "john.json"

static char *id_of(struct rig *t, const char *path)
{
    return rig_xattr(t, path, "id");
}

static void test_one_post_after_the_delay(void **state)
{
    struct rig *t = *state;

    assert_int_equal(rig_save(t, NEW, JOHN), 0);
    assert_sent(t, 0, 0, 0);
    assert_xattr(t, NEW, "state", "pending");
    assert_xattr(t, NEW, "id", "");
    clock_advance(86401 * NS_PER_S);
    assert_soon(rig_calls(t, OP_CONTACT_POST_ITEM) == 1);
    assert_int_equal(rig_sync(t), 0);
    assert_sent(t, 0, 1, 0);
    assert_text(t, NEW, JOHN);
}

static void test_the_given_name_stays(void **state)
{
    struct rig *t = *state;

    assert_int_equal(rig_save(t, NEW, JOHN), 0);
    assert_int_equal(rig_sync(t), 0);
    char *id = id_of(t, NEW), *own = name_from_id(id);
    assert_string_not_equal(id, "");
    assert_member(t, id, "GivenName", "John");
    assert_true(rig_lists(t, "contacts/Contacts", "john.json"));
    assert_false(rig_lists(t, "contacts/Contacts", own));
    rig_restart(t);
    assert_true(rig_lists(t, "contacts/Contacts", "john.json"));
    rig_refresh(t, "contacts/Contacts");
    assert_false(rig_lists(t, "contacts/Contacts", own));
    free(own);
    free(id);
}

/* The service fills in members: its rendering replaces the text once nobody has it open. */
static void test_the_second_save_is_a_patch(void **state)
{
    struct rig *t = *state;

    assert_int_equal(rig_save(t, NEW, JOHN), 0);
    assert_int_equal(rig_sync(t), 0);
    char *id = id_of(t, NEW);
    assert_int_equal(rig_save(t, NEW, JOHN2), 0);
    assert_int_equal(rig_sync(t), 0);
    assert_sent(t, 1, 1, 0);
    assert_member(t, id, "MobilePhone1", "8");
    free(id);
}

static void test_vim_twice_on_a_new_file(void **state)
{
    struct rig *t = *state;

    script_run(t, "create new.json w; write new; fsync; close");
    assert_int_equal(rig_sync(t), 0);
    assert_sent(t, 0, 1, 0);
    script_run(t,
               "rename new.json new.json~; gone new.json; create new.json w; trunc 0; write old; "
               "fsync; close; unlink new.json~");
    assert_int_equal(rig_sync(t), 0);
    assert_sent(t, 1, 1, 0);
}

static void test_saves_within_the_delay_are_one_post(void **state)
{
    struct rig *t = *state;

    assert_int_equal(rig_save(t, NEW, JOHN), 0);
    script_run(t, "rename john.json john.json~; create john.json w; write new; close; "
                  "unlink john.json~; create tmp w; write new; close; rename tmp john.json; "
                  "unlink john.json; create john.json wx; write old; close");
    assert_int_equal(rig_save(t, NEW, JOHN2), 0);
    assert_int_equal(rig_sync(t), 0);
    assert_sent(t, 0, 1, 0);
    char *id = id_of(t, NEW);
    assert_member(t, id, "MobilePhone1", "8");
    free(id);
}

static void test_never_for_an_empty_file(void **state)
{
    struct rig *t = *state;

    script_run(t, "create john.json wx; fsync; close; wait 20; stat john.json");
    assert_int_equal(rig_sync(t), 0);
    assert_sent(t, 0, 0, 0);
    assert_xattr(t, NEW, "state", "local");
    assert_text(t, NEW, "");
    assert_int_equal(rig_save(t, NEW, JOHN), 0);
    assert_int_equal(rig_sync(t), 0);
    assert_sent(t, 0, 1, 0);
}

static void test_a_missing_member_is_refused_at_once(void **state)
{
    struct rig *t = *state;

    assert_int_equal(rig_save(t, NEW, "{\"Surname\": \"Doe\"}\n"), -EINVAL);
    assert_text(t, NEW, "{\"Surname\": \"Doe\"}\n");
    assert_xattr(t, NEW, "state", "local");
    assert_xattr(t, NEW, "error", "GivenName: required in a new contact");
    assert_int_equal(rig_save(t, NEW, JOHN), 0);
    assert_int_equal(rig_sync(t), 0);
    assert_sent(t, 0, 1, 0);
}

static void test_fsync_posts_at_once(void **state)
{
    struct rig *t = *state;
    struct fs_handle *h;

    assert_int_equal(rig_create(t, NEW, O_WRONLY | O_EXCL, 0600, &h), 0);
    assert_int_equal(rig_write(t, h, JOHN, 0), strlen(JOHN));
    assert_int_equal(rig_fsync(t, h), 0);
    assert_sent(t, 0, 1, 0);
    assert_int_equal(rig_close(t, h), 0);
    assert_int_equal(rig_sync(t), 0);
    assert_sent(t, 0, 1, 0);
}

static void test_deleted_after_the_post(void **state)
{
    struct rig *t = *state;

    assert_int_equal(rig_save(t, NEW, JOHN), 0);
    assert_int_equal(rig_sync(t), 0);
    assert_int_equal(rig_unlink(t, NEW), 0);
    assert_int_equal(rig_sync(t), 0);
    assert_sent(t, 0, 1, 1);
    assert_false(rig_exists(t, NEW));
    assert_int_equal(rig_save(t, NEW, JOHN), 0);
    assert_int_equal(rig_sync(t), 0);
    assert_sent(t, 0, 2, 1);
}

static void test_an_event_gets_what_a_person_means(void **state)
{
    struct rig *t = *state;

    assert_int_equal(rig_save(t, CALENDAR "tea.json",
                              "{\"Subject\": \"Tea\", \"Start\": \"2026-11-24T15:00:00Z\","
                              " \"End\": \"2026-11-24T16:00:00Z\"}"),
                     0);
    assert_int_equal(rig_sync(t), 0);
    assert_int_equal(rig_calls(t, OP_CALENDAR_POST_ITEM), 1);
    char *id = id_of(t, CALENDAR "tea.json");
    const struct cJSON *tea = memory_get(t->memory, KIND_EVENT, id);
    assert_non_null(tea);
    assert_string_equal(json_str(tea, "ShowAs"), "Busy");
    assert_string_equal(json_str(tea, "Importance"), "Normal");
    free(id);
}

/* The record has members the text lacks: what others see is what is shown, once. */
static void test_what_the_service_filled_in_becomes_visible(void **state)
{
    struct rig *t = *state;
    struct fs_handle *h;

    assert_int_equal(rig_save(t, CALENDAR "tea.json",
                              "{\"Subject\": \"Tea\", \"Start\": \"2026-11-24T15:00:00Z\","
                              " \"End\": \"2026-11-24T16:00:00Z\"}"),
                     0);
    assert_int_equal(rig_open(t, CALENDAR "tea.json", O_RDONLY, &h), 0);
    assert_int_equal(rig_sync(t), 0);
    char *open = rig_read_handle(t, h);
    assert_null(strstr(open, "ShowAs"));
    free(open);
    rig_release(t, h);
    char *now = rig_read(t, CALENDAR "tea.json");
    assert_non_null(strstr(now, "\"ShowAs\": \"Busy\""));
    free(now);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, rig_setup, rig_teardown)
        TEST(test_one_post_after_the_delay),
        TEST(test_the_given_name_stays),
        TEST(test_the_second_save_is_a_patch),
        TEST(test_vim_twice_on_a_new_file),
        TEST(test_saves_within_the_delay_are_one_post),
        TEST(test_never_for_an_empty_file),
        TEST(test_a_missing_member_is_refused_at_once),
        TEST(test_fsync_posts_at_once),
        TEST(test_deleted_after_the_post),
        TEST(test_an_event_gets_what_a_person_means),
        TEST(test_what_the_service_filled_in_becomes_visible),
    };

    return cmocka_run_group_tests_name("create", tests, NULL, NULL);
}
