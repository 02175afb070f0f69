/*
 * test_control.c - .outlookfs/: what is told, and what is taken.
 */
#include "script_test.h"

static struct cJSON *status(struct rig *t)
{
    char *text = rig_read(t, ".outlookfs/status.json");
    struct cJSON *obj = NULL;

    assert_non_null(text);
    assert_int_equal(json_parse_object(text, strlen(text), &obj, NULL), 0);
    free(text);
    return obj;
}

static void check_counts(struct rig *t, int pending, int failed, int conflicts)
{
    struct cJSON *obj = status(t);
    const struct cJSON *queue = json_get(obj, "queue");

    assert_int_equal(json_int(queue, "pending", -1), pending);
    assert_int_equal(json_int(queue, "failed", -1), failed);
    assert_int_equal(json_int(queue, "conflicts", -1), conflicts);
    assert_int_equal(json_int(queue, "held", -1), 0);
    assert_int_equal(cJSON_GetArraySize(json_get(obj, "operations")), pending + failed + conflicts);
    cJSON_Delete(obj);
}

static void test_status(void **state)
{
    struct rig *t = *state;
    struct cJSON *obj = status(t);

    assert_string_equal(json_str(obj, "url"), "memory:");
    assert_string_equal(json_str(obj, "mountpoint"), "/mnt");
    assert_string_equal(json_str(obj, "version"), OUTLOOKFS_VERSION);
    assert_false(json_bool(obj, "read_only", true));
    assert_true(json_bool(obj, "online", false));
    assert_true(json_bool(obj, "authorised", false));
    assert_true(json_int(obj, "pid", 0) > 0);
    assert_non_null(json_str(obj, "started"));
    assert_non_null(json_get(obj, "budget"));
    assert_true(cJSON_IsArray(json_get(obj, "listings")));
    assert_int_equal(json_int(json_get(obj, "cache"), "records", -1), 4);
    cJSON_Delete(obj);
    faulty_offline(t->faulty, true);
    obj = status(t);
    assert_false(json_bool(obj, "online", true));
    cJSON_Delete(obj);
}

static void test_the_queue_in_the_status(void **state)
{
    struct rig *t = *state;

    check_counts(t, 0, 0, 0);
    script_run(t, "rename @ jane.json; open jane.json wt; write new; close");
    check_counts(t, 1, 0, 0);
    struct cJSON *obj = status(t);
    const struct cJSON *op = cJSON_GetArrayItem(json_get(obj, "operations"), 0);
    assert_string_equal(json_str(op, "path"), "contacts/Contacts/jane.json");
    assert_string_equal(json_str(op, "verb"), "update");
    assert_string_equal(json_str(op, "state"), "pending");
    cJSON_Delete(obj);
    faulty_plan(t->faulty, &(struct faulty_plan){.op = OP_CONTACT_PATCH_ITEM,
                                                 .count = 1,
                                                 .grade = GRADE_REFUSED,
                                                 .status = 400});
    assert_int_equal(rig_sync(t), -EIO);
    check_counts(t, 0, 1, 0);
}

/* Somebody else's handle keeps what it was opened with, and keeps nobody from what is there now. */
static void test_the_status_while_it_is_open(void **state)
{
    struct rig *t = *state;
    struct fs_handle *first, *second;

    assert_int_equal(rig_open(t, ".outlookfs/status.json", O_RDONLY, &first), 0);
    script_run(t, "rename @ jane.json; open jane.json wt; write new; close");
    check_counts(t, 1, 0, 0);
    assert_int_equal(rig_open(t, ".outlookfs/status.json", O_RDONLY, &second), 0);
    rig_release(t, second);
    char *old = rig_read_handle(t, first);
    assert_non_null(strstr(old, "\"pending\": 0"));
    free(old);
    rig_release(t, first);
}

static void test_drafts_in_the_status(void **state)
{
    struct rig *t = *state;

    script_run(t, "create x.json w; write bad; !EINVAL close");
    struct cJSON *obj = status(t);
    const struct cJSON *draft = cJSON_GetArrayItem(json_get(obj, "drafts"), 0);
    assert_string_equal(json_str(draft, "path"), "contacts/Contacts/x.json");
    assert_true(str_starts(json_str(draft, "reason"), "2:15:"));
    cJSON_Delete(obj);
}

static ssize_t control(struct rig *t, const char *command)
{
    struct fs_handle *h;

    assert_int_equal(rig_open(t, ".outlookfs/control", O_WRONLY | O_TRUNC, &h), 0);
    ssize_t n = rig_write(t, h, command, 0);
    assert_int_equal(rig_close(t, h), 0);
    return n;
}

static void test_sync(void **state)
{
    struct rig *t = *state;

    script_run(t, "open @ wt; write new; close");
    assert_int_equal(control(t, "sync\n"), 5);
    assert_sent(t, 1, 0, 0);
    assert_int_equal(control(t, "sync 5\n"), 7);
    assert_int_equal(control(t, "no such command\n"), -EINVAL);
    faulty_offline(t->faulty, true);
    script_run(t, "open @ wt; write old; close");
    assert_int_equal(control(t, "sync 5\n"), -EINPROGRESS);
    faulty_offline(t->faulty, false);
    faulty_plan(t->faulty, &(struct faulty_plan){.op = OP_CONTACT_PATCH_ITEM,
                                                 .count = 1,
                                                 .grade = GRADE_REFUSED,
                                                 .status = 400});
    assert_int_equal(control(t, "sync\n"), -EIO);
    assert_text(t, ".outlookfs/control", "");
}

static void test_it_is_closed_to_others(void **state)
{
    static const char *const files[] = {".outlookfs/status.json", ".outlookfs/log"};
    struct rig *t = *state;
    struct fs_handle *h;

    for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
        assert_int_equal(rig_open(t, files[i], O_WRONLY, &h), -EACCES);
        assert_int_equal(rig_unlink(t, files[i]), -EPERM);
    }
    assert_int_equal(rig_create(t, ".outlookfs/x", O_WRONLY, 0600, &h), -EPERM);
    assert_int_equal(rig_mkdir(t, ".outlookfs/.x"), -EPERM);
    assert_int_equal(rig_create(t, ".outlookfs/queue/x", O_WRONLY, 0600, &h), -EPERM);
    assert_int_equal(rig_unlink(t, ".outlookfs/queue/1-x"), -ENOENT);
    assert_int_equal(rig_rmdir(t, ".outlookfs/queue"), -EPERM);
    assert_int_equal(rig_open(t, ".outlookfs", O_RDONLY, &h), -EISDIR);
}

static void test_nothing_is_asked(void **state)
{
    struct rig *t = *state;
    static const char *const dirs[] = {"", "queue", "failed", "conflicts", "trash"};

    faulty_offline(t->faulty, true);
    for (size_t i = 0; i < ARRAY_SIZE(dirs); i++) {
        char *path = xasprintf(".outlookfs%s%s", *dirs[i] ? "/" : "", dirs[i]);
        char *list = rig_list(t, path);
        if (*dirs[i])
            assert_string_equal(list, "\n");
        free(list);
        free(path);
    }
    cJSON_Delete(status(t));
    char *log = rig_read(t, ".outlookfs/log");
    assert_non_null(log);
    free(log);
    assert_int_equal(rig_calls(t, OP_COUNT), 0);
}

static void test_attributes_of_records(void **state)
{
    struct rig *t = *state;
    struct fs_entry entry;
    struct buf names;

    assert_xattr(t, t->path, "id", t->contact);
    assert_xattr(t, t->path, "state", "synced");
    assert_xattr(t, t->path, "error", "");
    char *etag = rig_xattr(t, t->path, "etag");
    assert_string_equal(etag,
                        json_str(memory_get(t->memory, KIND_CONTACT, t->contact), "ChangeKey"));
    free(etag);
    buf_init(&names, BUF_TEXT_MAX);
    assert_int_equal(rig_lookup(t, t->path, &entry), 0);
    assert_int_equal(fs_listxattr(t->fs, entry.ino, &names), 0);
    static const char expected[] = "user.outlook.id\0user.outlook.state\0user.outlook.etag";
    assert_int_equal(names.len, sizeof(expected));
    assert_memory_equal(names.data, expected, sizeof(expected));
    buf_clear(&names);
    assert_int_equal(fs_getxattr(t->fs, entry.ino, "security.capability", &names), -ENODATA);
    assert_int_equal(fs_getxattr(t->fs, entry.ino, "user.outlook.nothing", &names), -ENODATA);
    rig_forget(t, &entry);
    buf_release(&names);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, rig_setup, rig_teardown)
        TEST(test_status),
        TEST(test_the_queue_in_the_status),
        TEST(test_the_status_while_it_is_open),
        TEST(test_drafts_in_the_status),
        TEST(test_sync),
        TEST(test_it_is_closed_to_others),
        TEST(test_nothing_is_asked),
        TEST(test_attributes_of_records),
    };

    return cmocka_run_group_tests_name("control", tests, NULL, NULL);
}
