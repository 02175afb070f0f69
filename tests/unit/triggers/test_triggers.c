/* Definitions, streams, cursors and the pace of calls. */
#include "triggers_test.h"

static void check(struct rig *rig, const char *text, int expected, const char *reason)
{
    struct buf err;

    buf_init(&err, BUF_TEXT_MAX);
    assert_int_equal(triggers_check(rig->t, text, strlen(text), &err), expected);
    if (reason)
        assert_non_null(strstr(err.data, reason));
    buf_release(&err);
}

static void test_definitions(void **state)
{
    struct rig *rig = *state;
    struct cache_folders folders = {0};

    check(rig, "{\"Trigger\": \"OnUpcomingEvents\", \"table\": \"Anywhere\"}", 0, NULL);
    assert_int_equal(mailbox_folders(rig->mb, KIND_EVENT, NULL, &folders), 0);
    cache_folders_release(&folders);
    check(rig, "{\"Trigger\": \"OnUpcomingEvents\", \"table\": \"Anywhere\"}", -EINVAL,
          "no calendar Anywhere");
    check(rig, "{\"Trigger\": \"OnUpcomingEvents\", \"table\": \"Calendar\"}", 0, NULL);
    check(rig, "{\"Trigger\": \"CalendarGetOnNewItems\", \"table\": \"Calendar\", \"$top\": -1}",
          -EINVAL, "$top: must be");
    check(rig,
          "{\"Trigger\": \"CalendarGetOnUpdatedItems\", \"table\": \"Calendar\", \"$top\": 5,"
          " \"$skip\": 0, \"$filter\": \"a eq 1\", \"$orderby\": \"Start\"}",
          0, NULL);
    check(rig, "{\"Trigger\": \"OnNewEmail\", \"table\": \"Calendar\"}", -EINVAL,
          "table: OnNewEmail has no such member");
    check(rig, "{\"Trigger\": \"OnNewEmail\", \"folderPath\": \"\"}", -EINVAL, "folderPath");
    check(rig, "{\"Trigger\": null}", -EINVAL, "Trigger: must be");
    check(rig, "[1]", -EINVAL, NULL);
}

static void test_each_item_once(void **state)
{
    struct rig *rig = *state;
    char name[16];

    deliver(rig, "old", "old");
    define(rig, "x", NEW_EMAIL);
    assert_false(poll_one(rig, "x"));
    assert_null(rig->service->query);
    assert_stream(rig, "x", "");
    for (int i = 0; i < 12; i++) {
        snprintf(name, sizeof(name), "m%d", i);
        deliver(rig, name, name);
    }
    assert_true(poll_one(rig, "x"));
    assert_string_equal(rig->service->query, "of=x&at=1");
    assert_true(poll_one(rig, "x"));
    assert_false(poll_one(rig, "x"));
    assert_stream(rig, "x", "m0 m1 m2 m3 m4 m5 m6 m7 m8 m9 m10 m11 ");
    assert_int_equal(rig->streams, 2);
    rig_close(rig);
    rig_open(rig);
    deliver(rig, "m12", "m12");
    assert_true(poll_one(rig, "x"));
    assert_string_equal(rig->service->query, "of=x&at=13");
    assert_stream(rig, "x", "m0 m1 m2 m3 m4 m5 m6 m7 m8 m9 m10 m11 m12 ");
}

static void test_what_the_service_repeats_is_not_repeated(void **state)
{
    struct rig *rig = *state;

    define(rig, "x", NEW_EMAIL);
    poll_one(rig, "x");
    deliver(rig, "a", "a");
    deliver(rig, "a", "a");
    rig->service->stuck = true;
    assert_false(poll_one(rig, "x")); /* not at once: nothing says it would be another answer */
    assert_false(poll_one(rig, "x"));
    rig->service->stuck = false;
    assert_false(poll_one(rig, "x"));
    deliver(rig, "b", "b");
    assert_true(poll_one(rig, "x"));
    assert_stream(rig, "x", "a b ");
}

/* The service's id of mail/Inbox. The caller frees. */
static char *inbox_id(struct rig *rig)
{
    struct cache_folders folders = {0};
    char *id = NULL;

    assert_int_equal(cache_get_folders(mailbox_cache(rig->mb), KIND_MESSAGE, &folders), 0);
    for (size_t i = 0; i < folders.count; i++) {
        if (str_eq(folders.list[i].name, "Inbox") && !folders.list[i].parent)
            id = xstrdup(folders.list[i].id);
    }
    cache_folders_release(&folders);
    return id;
}

static void test_items_are_in_the_cache(void **state)
{
    struct rig *rig = *state;
    struct cache_record r = {0};

    define(rig, "x", "{\"Trigger\": \"OnNewEmail\", \"folderPath\": \"Inbox\"}");
    poll_one(rig, "x");
    deliver(rig, "a", "a");
    unsigned gets = memory_calls(rig->service->memory, OP_COUNT);
    poll_one(rig, "x");
    assert_int_equal(rig->records, 1);
    char *inbox = inbox_id(rig);
    assert_non_null(inbox);
    assert_int_equal(cache_get(mailbox_cache(rig->mb), KIND_MESSAGE, inbox, "a", true, &r), 0);
    free(inbox);
    assert_non_null(strstr(r.text, "\"Importance\": \"Normal\""));
    cache_record_release(&r);
    assert_int_equal(memory_calls(rig->service->memory, OP_COUNT), gets);
}

static void test_a_name_given_here_is_the_path(void **state)
{
    struct rig *rig = *state;
    struct slot slot = {.kind = KIND_MESSAGE,
                        .folder = "Inbox",
                        .name = "letter.json",
                        .record = "a",
                        .ino = 77,
                        .flags = SLOT_ALIAS};
    struct buf path;

    buf_init(&path, BUF_TEXT_MAX);
    assert_int_equal(state_put_slot(mailbox_state(rig->mb), &slot), 0);
    assert_int_equal(mailbox_record_path(rig->mb, KIND_MESSAGE, "Inbox", "a", &path), 0);
    assert_string_equal(path.data, "mail/Inbox/letter.json");
    buf_clear(&path);
    assert_int_equal(mailbox_record_path(rig->mb, KIND_MESSAGE, "Inbox", "b", &path), 0);
    assert_string_equal(path.data, "mail/Inbox/b.json");
    buf_release(&path);
}

static void assert_pause(struct rig *rig, int retry_after, int64_t expected)
{
    rig->service->retry_after = retry_after;
    poll_one(rig, "x");
    assert_int_equal(due_in(rig), expected);
}

static void test_the_pace(void **state)
{
    struct rig *rig = *state;

    define(rig, "x", NEW_EMAIL);
    assert_int_equal(due_in(rig), 0);
    assert_pause(rig, 15, 15);
    assert_pause(rig, 0, 15);
    assert_pause(rig, 1, 5);
    assert_pause(rig, 30, 30);
    assert_pause(rig, 3600, 60);
    deliver(rig, "a", "a");
    assert_pause(rig, 30, 0);
    assert_pause(rig, 30, 30);
    clock_advance(31 * NS_PER_S);
    assert_int_equal(due_in(rig), 0);
}

static void test_nobody_looks(void **state)
{
    struct rig *rig = *state;

    define(rig, "x", NEW_EMAIL);
    int64_t id = id_of(rig, "x");
    poll_one(rig, "x");
    clock_advance(3599 * NS_PER_S);
    poll_one(rig, "x");
    assert_int_equal(due_in(rig), 15);
    clock_advance(60 * NS_PER_S);
    poll_one(rig, "x");
    assert_int_equal(due_in(rig), 30);
    clock_advance(3600 * NS_PER_S);
    poll_one(rig, "x");
    assert_int_equal(due_in(rig), 60);
    clock_advance(24 * 3600 * NS_PER_S);
    poll_one(rig, "x");
    assert_int_equal(due_in(rig), 15 * 60);
    clock_advance(20 * NS_PER_S);
    triggers_watch(rig->t, id, 0);
    assert_int_equal(due_in(rig), 0);
    triggers_watch(rig->t, id, 1);
    clock_advance(24 * 3600 * NS_PER_S);
    poll_one(rig, "x");
    assert_int_equal(due_in(rig), 15);
    triggers_watch(rig->t, id, -1);
}

static void test_failures_that_pass(void **state)
{
    struct rig *rig = *state;

    define(rig, "x", NEW_EMAIL);
    poll_one(rig, "x");
    deliver(rig, "a", "a");
    rig->service->fail = GRADE_BROKEN;
    assert_pause(rig, 0, 5);
    assert_pause(rig, 0, 10);
    assert_pause(rig, 0, 20);
    assert_pause(rig, 0, 40);
    assert_pause(rig, 0, 60);
    assert_pause(rig, 0, 60);
    rig->service->fail = GRADE_OFFLINE;
    assert_pause(rig, 0, 5);
    struct trigger_row row = row_of(rig, "x");
    assert_int_equal(row.state, TRIGGER_ACTIVE);
    assert_non_null(row.reason);
    trigger_row_release(&row);

    rig->service->fail = GRADE_OK;
    poll_one(rig, "x");
    assert_stream(rig, "x", "a ");
    row = row_of(rig, "x");
    assert_null(row.reason);
    trigger_row_release(&row);
    rig->service->fail = GRADE_THROTTLED;
    assert_pause(rig, 30, 30);
    assert_pause(rig, 300, 60);
}

static void test_a_refusal(void **state)
{
    struct rig *rig = *state;

    define(rig, "x", NEW_EMAIL);
    poll_one(rig, "x");
    deliver(rig, "a", "a");
    rig->service->fail = GRADE_REFUSED;
    assert_pause(rig, 1, 15 * 60);
    struct trigger_row row = row_of(rig, "x");
    assert_int_equal(row.state, TRIGGER_FAILED);
    assert_string_equal(row.reason, "400 as planned");
    trigger_row_release(&row);
    rig->service->fail = GRADE_OK;
    poll_one(rig, "x");
    row = row_of(rig, "x");
    assert_int_equal(row.state, TRIGGER_ACTIVE);
    trigger_row_release(&row);
    assert_stream(rig, "x", "a ");
}

static void test_an_answer_without_location(void **state)
{
    struct rig *rig = *state;

    define(rig, "x", NEW_EMAIL);
    rig->service->no_location = true;
    poll_one(rig, "x");
    struct trigger_row row = row_of(rig, "x");
    assert_non_null(strstr(row.reason, "Location"));
    assert_null(row.cursor);
    trigger_row_release(&row);
}

/* --- definitions change --- */

static void test_same_and_other_definitions(void **state)
{
    struct rig *rig = *state;

    define(rig, "x", NEW_EMAIL);
    poll_one(rig, "x");
    deliver(rig, "a", "a");
    define(rig, "x", "{ \"Trigger\" : \"OnNewEmail\" }");
    poll_one(rig, "x");
    assert_stream(rig, "x", "a ");
    deliver(rig, "b", "b");
    define(rig, "x", "{\"Trigger\": \"OnNewEmail\", \"from\": \"b\"}");
    assert_int_equal(due_in(rig), 0);
    poll_one(rig, "x");
    deliver(rig, "c", "c");
    poll_one(rig, "x");
    assert_stream(rig, "x", "a c ");
}

static void test_a_stop_is_forgiven_for_a_while(void **state)
{
    struct rig *rig = *state;

    define(rig, "x", NEW_EMAIL);
    poll_one(rig, "x");
    deliver(rig, "a", "a");
    assert_int_equal(triggers_stop(rig->t, "x"), 0);
    int64_t when;
    assert_int_equal(triggers_due(rig->t, &when), 0);
    assert_true(when == INT64_MAX);
    assert_false(poll_one(rig, "x"));
    assert_stream(rig, "x", "");
    define(rig, "x", NEW_EMAIL);
    poll_one(rig, "x");
    assert_stream(rig, "x", "a ");

    deliver(rig, "b", "b");
    assert_int_equal(triggers_stop(rig->t, "x"), 0);
    clock_advance(TRIGGER_GRACE + NS_PER_S);
    define(rig, "x", NEW_EMAIL);
    poll_one(rig, "x");
    poll_one(rig, "x");
    assert_stream(rig, "x", "a ");
}

static void change_meanwhile(void *ctx)
{
    define(ctx, "x", "{\"Trigger\": \"OnNewEmail\", \"from\": \"c\"}");
}

static void remove_meanwhile(void *ctx)
{
    assert_int_equal(triggers_drop_stream(((struct rig *)ctx)->t, "x", false), 0);
}

static void test_an_answer_to_an_older_question_is_dropped(void **state)
{
    struct rig *rig = *state;

    define(rig, "x", NEW_EMAIL);
    poll_one(rig, "x");
    deliver(rig, "a", "a");
    rig->service->ctx = rig;
    rig->service->meanwhile = change_meanwhile;
    assert_false(poll_one(rig, "x"));
    assert_stream(rig, "x", "");
    struct trigger_row row = row_of(rig, "x");
    assert_null(row.cursor);
    trigger_row_release(&row);

    poll_one(rig, "x");
    deliver(rig, "b", "b");
    rig->service->meanwhile = remove_meanwhile;
    poll_one(rig, "x");
    assert_stream(rig, "x", "");
    poll_one(rig, "x");
    assert_stream(rig, "x", "b ");
}

static void test_streams_go(void **state)
{
    struct rig *rig = *state;
    struct trigger_row row = {0};

    assert_int_equal(triggers_drop_stream(rig->t, "x", false), -ENOENT);
    define(rig, "x", NEW_EMAIL);
    assert_int_equal(triggers_drop_stream(rig->t, "x", true), -ENOENT);
    assert_int_equal(triggers_stop(rig->t, "x"), 0);
    assert_int_equal(triggers_drop_stream(rig->t, "x", false), 0);
    assert_int_equal(state_trigger_by_name(mailbox_state(rig->mb), "x", &row), -ENOENT);
}

static void test_rotation(void **state)
{
    struct rig *rig = *state;

    rig_close(rig);
    rig->config.stream_max = 500;
    rig_open(rig);
    define(rig, "x", NEW_EMAIL);
    poll_one(rig, "x");
    for (int i = 0; i < 6; i++) {
        char name[8];

        snprintf(name, sizeof(name), "m%d", i);
        deliver(rig, name, name);
        poll_one(rig, "x");
    }
    struct trigger_row row = row_of(rig, "x");
    char *now = subjects_in(rig, &row.now), *old = subjects_in(rig, &row.old);
    char *all = xasprintf("%s%s", old, now);
    assert_string_equal(strstr("m0 m1 m2 m3 m4 m5 ", all), all); /* the last ones, none missing */
    assert_true(row.now.length <= 500 && row.old.length <= 500);
    assert_int_equal(row.items, 6);
    free(all);
    free(now);
    free(old);
    trigger_row_release(&row);
}

static void test_a_tail_that_was_not_committed(void **state)
{
    struct rig *rig = *state;

    define(rig, "x", NEW_EMAIL);
    poll_one(rig, "x");
    deliver(rig, "a", "a");
    poll_one(rig, "x");
    struct trigger_row row = row_of(rig, "x");
    int fd = state_data_open(mailbox_state(rig->mb), row.now.ino, O_RDWR);
    assert_int_equal(file_pwrite_all(fd, "{\"half", 6, (off_t)row.now.length), 0);
    rig_close(rig);
    rig_open(rig);
    struct stat st;
    assert_int_equal(fstat(fd, &st), 0);
    assert_int_equal(st.st_size, row.now.length);
    close(fd);
    trigger_row_release(&row);
    deliver(rig, "b", "b");
    poll_one(rig, "x");
    assert_stream(rig, "x", "a b ");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        rig_test(test_definitions),
        rig_test(test_each_item_once),
        rig_test(test_what_the_service_repeats_is_not_repeated),
        rig_test(test_items_are_in_the_cache),
        rig_test(test_a_name_given_here_is_the_path),
        rig_test(test_the_pace),
        rig_test(test_nobody_looks),
        rig_test(test_failures_that_pass),
        rig_test(test_a_refusal),
        rig_test(test_an_answer_without_location),
        rig_test(test_same_and_other_definitions),
        rig_test(test_a_stop_is_forgiven_for_a_while),
        rig_test(test_an_answer_to_an_older_question_is_dropped),
        rig_test(test_streams_go),
        rig_test(test_rotation),
        rig_test(test_a_tail_that_was_not_committed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
