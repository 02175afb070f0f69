/* Definitions, streams, cursors and the pace of calls. */
#include "triggers_test.h"

static void check(struct room *room, const char *text, int expected, const char *reason)
{
    struct buf err;

    buf_init(&err, BUF_TEXT_MAX);
    assert_int_equal(triggers_check(room->t, text, strlen(text), &err), expected);
    if (reason)
        assert_non_null(strstr(err.data, reason));
    buf_release(&err);
}

static void test_definitions(void **state)
{
    struct room *room = *state;
    struct cache_folders folders = {0};

    check(room, "{\"Trigger\": \"OnUpcomingEvents\", \"table\": \"Anywhere\"}", 0, NULL);
    assert_int_equal(mailbox_folders(room->mb, KIND_EVENT, NULL, &folders), 0);
    cache_folders_release(&folders);
    check(room, "{\"Trigger\": \"OnUpcomingEvents\", \"table\": \"Anywhere\"}", -EINVAL,
          "no calendar Anywhere");
    check(room, "{\"Trigger\": \"OnUpcomingEvents\", \"table\": \"Calendar\"}", 0, NULL);
    check(room, "{\"Trigger\": \"CalendarGetOnNewItems\", \"table\": \"Calendar\", \"$top\": -1}",
          -EINVAL, "$top: must be");
    check(room,
          "{\"Trigger\": \"CalendarGetOnUpdatedItems\", \"table\": \"Calendar\", \"$top\": 5,"
          " \"$skip\": 0, \"$filter\": \"a eq 1\", \"$orderby\": \"Start\"}",
          0, NULL);
    check(room, "{\"Trigger\": \"OnNewEmail\", \"table\": \"Calendar\"}", -EINVAL,
          "table: OnNewEmail has no such member");
    check(room, "{\"Trigger\": \"OnNewEmail\", \"folderPath\": \"\"}", -EINVAL, "folderPath");
    check(room, "{\"Trigger\": null}", -EINVAL, "Trigger: must be");
    check(room, "[1]", -EINVAL, NULL);
}

static void test_each_item_once(void **state)
{
    struct room *room = *state;
    char name[16];

    deliver(room, "old", "old");
    define(room, "x", NEW_EMAIL);
    assert_false(poll_one(room, "x"));
    assert_null(room->service->query);
    assert_stream(room, "x", "");
    for (int i = 0; i < 12; i++) {
        snprintf(name, sizeof(name), "m%d", i);
        deliver(room, name, name);
    }
    assert_true(poll_one(room, "x"));
    assert_string_equal(room->service->query, "of=x&at=1");
    assert_true(poll_one(room, "x"));
    assert_false(poll_one(room, "x"));
    assert_stream(room, "x", "m0 m1 m2 m3 m4 m5 m6 m7 m8 m9 m10 m11 ");
    assert_int_equal(room->streams, 2);
    room_close(room);
    room_open(room);
    deliver(room, "m12", "m12");
    assert_true(poll_one(room, "x"));
    assert_string_equal(room->service->query, "of=x&at=13");
    assert_stream(room, "x", "m0 m1 m2 m3 m4 m5 m6 m7 m8 m9 m10 m11 m12 ");
}

static void test_what_the_service_repeats_is_not_repeated(void **state)
{
    struct room *room = *state;

    define(room, "x", NEW_EMAIL);
    poll_one(room, "x");
    deliver(room, "a", "a");
    deliver(room, "a", "a");
    room->service->stuck = true;
    assert_false(poll_one(room, "x")); /* not at once: nothing says it would be another answer */
    assert_false(poll_one(room, "x"));
    room->service->stuck = false;
    assert_false(poll_one(room, "x"));
    deliver(room, "b", "b");
    assert_true(poll_one(room, "x"));
    assert_stream(room, "x", "a b ");
}

/* The service's id of mail/Inbox. The caller frees. */
static char *inbox_id(struct room *room)
{
    struct cache_folders folders = {0};
    char *id = NULL;

    assert_int_equal(cache_get_folders(mailbox_cache(room->mb), KIND_MESSAGE, &folders), 0);
    for (size_t i = 0; i < folders.count; i++) {
        if (str_eq(folders.list[i].name, "Inbox") && !folders.list[i].parent)
            id = xstrdup(folders.list[i].id);
    }
    cache_folders_release(&folders);
    return id;
}

static void test_items_are_in_the_cache(void **state)
{
    struct room *room = *state;
    struct cache_record r = {0};

    define(room, "x", "{\"Trigger\": \"OnNewEmail\", \"folderPath\": \"Inbox\"}");
    poll_one(room, "x");
    deliver(room, "a", "a");
    unsigned gets = memory_calls(room->service->memory, OP_COUNT);
    poll_one(room, "x");
    assert_int_equal(room->records, 1);
    char *inbox = inbox_id(room);
    assert_non_null(inbox);
    assert_int_equal(cache_get(mailbox_cache(room->mb), KIND_MESSAGE, inbox, "a", true, &r), 0);
    free(inbox);
    assert_non_null(strstr(r.text, "\"Importance\": \"Normal\""));
    cache_record_release(&r);
    assert_int_equal(memory_calls(room->service->memory, OP_COUNT), gets);
}

static void test_a_name_given_here_is_the_path(void **state)
{
    struct room *room = *state;
    struct slot slot = {.kind = KIND_MESSAGE,
                        .folder = "Inbox",
                        .name = "letter.json",
                        .record = "a",
                        .ino = 77,
                        .flags = SLOT_ALIAS};
    struct buf path;

    buf_init(&path, BUF_TEXT_MAX);
    assert_int_equal(state_put_slot(mailbox_state(room->mb), &slot), 0);
    assert_int_equal(mailbox_record_path(room->mb, KIND_MESSAGE, "Inbox", "a", &path), 0);
    assert_string_equal(path.data, "mail/Inbox/letter.json");
    buf_clear(&path);
    assert_int_equal(mailbox_record_path(room->mb, KIND_MESSAGE, "Inbox", "b", &path), 0);
    assert_string_equal(path.data, "mail/Inbox/b.json");
    buf_release(&path);
}

static void assert_pause(struct room *room, int retry_after, int64_t expected)
{
    room->service->retry_after = retry_after;
    poll_one(room, "x");
    assert_int_equal(due_in(room), expected);
}

static void test_the_pace(void **state)
{
    struct room *room = *state;

    define(room, "x", NEW_EMAIL);
    assert_int_equal(due_in(room), 0);
    assert_pause(room, 15, 15);
    assert_pause(room, 0, 15);
    assert_pause(room, 1, 5);
    assert_pause(room, 30, 30);
    assert_pause(room, 3600, 60);
    deliver(room, "a", "a");
    assert_pause(room, 30, 0);
    assert_pause(room, 30, 30);
    clock_advance(31 * NS_PER_S);
    assert_int_equal(due_in(room), 0);
}

static void test_nobody_looks(void **state)
{
    struct room *room = *state;

    define(room, "x", NEW_EMAIL);
    int64_t id = id_of(room, "x");
    poll_one(room, "x");
    clock_advance(3599 * NS_PER_S);
    poll_one(room, "x");
    assert_int_equal(due_in(room), 15);
    clock_advance(60 * NS_PER_S);
    poll_one(room, "x");
    assert_int_equal(due_in(room), 30);
    clock_advance(3600 * NS_PER_S);
    poll_one(room, "x");
    assert_int_equal(due_in(room), 60);
    clock_advance(24 * 3600 * NS_PER_S);
    poll_one(room, "x");
    assert_int_equal(due_in(room), 15 * 60);
    clock_advance(20 * NS_PER_S);
    triggers_look(room->t, id);
    assert_int_equal(due_in(room), 0);
    triggers_watch(room->t, id, 1);
    clock_advance(24 * 3600 * NS_PER_S);
    poll_one(room, "x");
    assert_int_equal(due_in(room), 15);
    triggers_watch(room->t, id, -1);
}

static void test_failures_that_pass(void **state)
{
    struct room *room = *state;

    define(room, "x", NEW_EMAIL);
    poll_one(room, "x");
    deliver(room, "a", "a");
    room->service->fail = GRADE_BROKEN;
    assert_pause(room, 0, 5);
    assert_pause(room, 0, 10);
    assert_pause(room, 0, 20);
    assert_pause(room, 0, 40);
    assert_pause(room, 0, 60);
    assert_pause(room, 0, 60);
    room->service->fail = GRADE_OFFLINE;
    assert_pause(room, 0, 5);
    struct trigger_row row = row_of(room, "x");
    assert_int_equal(row.state, TRIGGER_ACTIVE);
    assert_non_null(row.reason);
    trigger_row_release(&row);

    room->service->fail = GRADE_OK;
    poll_one(room, "x");
    assert_stream(room, "x", "a ");
    row = row_of(room, "x");
    assert_null(row.reason);
    trigger_row_release(&row);
    room->service->fail = GRADE_THROTTLED;
    assert_pause(room, 30, 30);
    assert_pause(room, 300, 60);
}

static void test_a_refusal(void **state)
{
    struct room *room = *state;

    define(room, "x", NEW_EMAIL);
    poll_one(room, "x");
    deliver(room, "a", "a");
    room->service->fail = GRADE_REFUSED;
    assert_pause(room, 1, 15 * 60);
    struct trigger_row row = row_of(room, "x");
    assert_int_equal(row.state, TRIGGER_FAILED);
    assert_string_equal(row.reason, "400 as planned");
    trigger_row_release(&row);
    room->service->fail = GRADE_OK;
    poll_one(room, "x");
    row = row_of(room, "x");
    assert_int_equal(row.state, TRIGGER_ACTIVE);
    trigger_row_release(&row);
    assert_stream(room, "x", "a ");
}

static void test_an_answer_without_location(void **state)
{
    struct room *room = *state;

    define(room, "x", NEW_EMAIL);
    room->service->no_location = true;
    poll_one(room, "x");
    struct trigger_row row = row_of(room, "x");
    assert_non_null(strstr(row.reason, "Location"));
    assert_null(row.cursor);
    trigger_row_release(&row);
}

/* --- definitions change --- */

static void test_same_and_other_definitions(void **state)
{
    struct room *room = *state;

    define(room, "x", NEW_EMAIL);
    poll_one(room, "x");
    deliver(room, "a", "a");
    define(room, "x", "{ \"Trigger\" : \"OnNewEmail\" }");
    poll_one(room, "x");
    assert_stream(room, "x", "a ");
    deliver(room, "b", "b");
    define(room, "x", "{\"Trigger\": \"OnNewEmail\", \"from\": \"b\"}");
    assert_int_equal(due_in(room), 0);
    poll_one(room, "x");
    deliver(room, "c", "c");
    poll_one(room, "x");
    assert_stream(room, "x", "a c ");
}

static void test_a_stop_is_forgiven_for_a_while(void **state)
{
    struct room *room = *state;

    define(room, "x", NEW_EMAIL);
    poll_one(room, "x");
    deliver(room, "a", "a");
    assert_int_equal(triggers_stop(room->t, "x"), 0);
    int64_t when;
    assert_int_equal(triggers_due(room->t, &when), 0);
    assert_true(when == INT64_MAX);
    assert_false(poll_one(room, "x"));
    assert_stream(room, "x", "");
    define(room, "x", NEW_EMAIL);
    poll_one(room, "x");
    assert_stream(room, "x", "a ");

    deliver(room, "b", "b");
    assert_int_equal(triggers_stop(room->t, "x"), 0);
    clock_advance(TRIGGER_GRACE + NS_PER_S);
    define(room, "x", NEW_EMAIL);
    poll_one(room, "x");
    poll_one(room, "x");
    assert_stream(room, "x", "a ");
}

static void change_meanwhile(void *ctx)
{
    define(ctx, "x", "{\"Trigger\": \"OnNewEmail\", \"from\": \"c\"}");
}

static void remove_meanwhile(void *ctx)
{
    assert_int_equal(triggers_drop_stream(((struct room *)ctx)->t, "x", false), 0);
}

static void test_an_answer_to_an_older_question_is_dropped(void **state)
{
    struct room *room = *state;

    define(room, "x", NEW_EMAIL);
    poll_one(room, "x");
    deliver(room, "a", "a");
    room->service->ctx = room;
    room->service->meanwhile = change_meanwhile;
    assert_false(poll_one(room, "x"));
    assert_stream(room, "x", "");
    struct trigger_row row = row_of(room, "x");
    assert_null(row.cursor);
    trigger_row_release(&row);

    poll_one(room, "x");
    deliver(room, "b", "b");
    room->service->meanwhile = remove_meanwhile;
    poll_one(room, "x");
    assert_stream(room, "x", "");
    poll_one(room, "x");
    assert_stream(room, "x", "b ");
}

static void test_streams_go(void **state)
{
    struct room *room = *state;
    struct trigger_row row = {0};

    assert_int_equal(triggers_drop_stream(room->t, "x", false), -ENOENT);
    define(room, "x", NEW_EMAIL);
    assert_int_equal(triggers_drop_stream(room->t, "x", true), -ENOENT);
    assert_int_equal(triggers_stop(room->t, "x"), 0);
    assert_int_equal(triggers_drop_stream(room->t, "x", false), 0);
    assert_int_equal(state_trigger_by_name(mailbox_state(room->mb), "x", &row), -ENOENT);
}

static void test_rotation(void **state)
{
    struct room *room = *state;

    room_close(room);
    room->config.stream_max = 500;
    room_open(room);
    define(room, "x", NEW_EMAIL);
    poll_one(room, "x");
    for (int i = 0; i < 6; i++) {
        char name[8];

        snprintf(name, sizeof(name), "m%d", i);
        deliver(room, name, name);
        poll_one(room, "x");
    }
    struct trigger_row row = row_of(room, "x");
    char *now = subjects_in(room, &row.now), *old = subjects_in(room, &row.old);
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
    struct room *room = *state;

    define(room, "x", NEW_EMAIL);
    poll_one(room, "x");
    deliver(room, "a", "a");
    poll_one(room, "x");
    struct trigger_row row = row_of(room, "x");
    int fd = state_data_open(mailbox_state(room->mb), row.now.ino, O_RDWR);
    assert_int_equal(file_pwrite_all(fd, "{\"half", 6, (off_t)row.now.length), 0);
    room_close(room);
    room_open(room);
    struct stat st;
    assert_int_equal(fstat(fd, &st), 0);
    assert_int_equal(st.st_size, row.now.length);
    close(fd);
    trigger_row_release(&row);
    deliver(room, "b", "b");
    poll_one(room, "x");
    assert_stream(room, "x", "a b ");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        room_test(test_definitions),
        room_test(test_each_item_once),
        room_test(test_what_the_service_repeats_is_not_repeated),
        room_test(test_items_are_in_the_cache),
        room_test(test_a_name_given_here_is_the_path),
        room_test(test_the_pace),
        room_test(test_nobody_looks),
        room_test(test_failures_that_pass),
        room_test(test_a_refusal),
        room_test(test_an_answer_without_location),
        room_test(test_same_and_other_definitions),
        room_test(test_a_stop_is_forgiven_for_a_while),
        room_test(test_an_answer_to_an_older_question_is_dropped),
        room_test(test_streams_go),
        room_test(test_rotation),
        room_test(test_a_tail_that_was_not_committed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
