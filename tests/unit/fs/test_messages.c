/*
 * test_messages.c - mail: what the service can do with a message, and attachments.
 */
#include "script_test.h"

static char *message_path(struct rig *t)
{
    return xasprintf(INBOX "%s.json", t->message);
}

static char *read_state(const char *text, bool read)
{
    struct cJSON *obj = NULL;

    assert_int_equal(json_parse_object(text, strlen(text), &obj, NULL), 0);
    cJSON_ReplaceItemInObjectCaseSensitive(obj, "IsRead", cJSON_CreateBool(read));
    char *printed = cJSON_Print(obj), *ret = xstrdup(printed);
    cJSON_free(printed);
    cJSON_Delete(obj);
    return ret;
}

static bool is_read(struct rig *t)
{
    return json_bool(memory_get(t->memory, KIND_MESSAGE, t->message), "IsRead", false);
}

static void test_marked_as_read_by_a_save(void **state)
{
    struct rig *t = *state;
    char *path = message_path(t), *text = rig_read(t, path), *read = read_state(text, true);

    assert_int_equal(rig_save(t, path, read), 0);
    assert_text(t, path, read);
    assert_int_equal(rig_sync(t), 0);
    assert_int_equal(rig_calls(t, OP_MARK_AS_READ), 1);
    assert_int_equal(rig_calls(t, OP_COUNT), 1);
    assert_true(is_read(t));
    assert_text(t, path, read);
    assert_xattr(t, path, "state", "synced");
    free(read);
    free(text);
    free(path);
}

struct reader {
    struct rig *rig;
    const char *path;
    atomic_bool began;
    char *text;
};

static void *read_the_file(void *arg)
{
    struct reader *r = arg;

    r->began = true;
    r->text = rig_read(r->rig, r->path);
    return NULL;
}

/* The kernel answers close() before it sends RELEASE. */
static void test_a_refused_text_is_not_read_behind_the_close(void **state)
{
    struct rig *t = *state;
    char *path = message_path(t), *text = rig_read(t, path);
    char *other = with_member(text, "Subject", "Something else");
    struct reader reader = {.rig = t, .path = path};
    struct fs_handle *h;
    pthread_t thread;

    assert_int_equal(rig_open(t, path, O_WRONLY | O_TRUNC, &h), 0);
    assert_true(rig_write(t, h, other, 0) > 0);
    assert_int_equal(rig_flush(t, h), -EPERM);
    assert_int_equal(pthread_create(&thread, NULL, read_the_file, &reader), 0);
    while (!reader.began)
        rig_pause();
    rig_pause(); /* the reader has most likely come to its open; if not, it finds the same */
    rig_release(t, h);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_string_equal(reader.text, text);
    free(reader.text);
    free(other);
    free(text);
    free(path);
}

static void test_marked_as_read_by_sed(void **state)
{
    struct rig *t = *state;
    char *path = message_path(t), *text = rig_read(t, path), *read = read_state(text, true);

    assert_int_equal(rig_save(t, INBOX "sedAbCdEf", read), 0);
    assert_int_equal(rig_rename(t, INBOX "sedAbCdEf", path, 0), 0);
    assert_int_equal(rig_sync(t), 0);
    assert_int_equal(rig_calls(t, OP_MARK_AS_READ), 1);
    assert_true(is_read(t));
    free(read);
    free(text);
    free(path);
}

static void check_nothing_happened(struct rig *t, const char *path, const char *text)
{
    assert_int_equal(rig_sync(t), 0);
    assert_int_equal(rig_calls(t, OP_COUNT), 0);
    assert_text(t, path, text);
    assert_xattr(t, path, "state", "synced");
}

static void test_other_edits_are_refused(void **state)
{
    struct rig *t = *state;
    char *path = message_path(t), *text = rig_read(t, path);
    char *other = with_member(text, "Subject", "Something else");

    assert_int_equal(rig_save(t, path, other), -EPERM);
    check_nothing_happened(t, path, text);
    char *kept = rig_find(t, ".outlookfs/trash", ".json");
    assert_non_null(kept);
    assert_text(t, kept, other);
    assert_int_equal(rig_unlink(t, kept), 0);
    assert_null(rig_find(t, ".outlookfs/trash", ".json"));
    free(kept);

    assert_int_equal(rig_save(t, INBOX "tmp", other), 0);
    assert_int_equal(rig_rename(t, INBOX "tmp", path, 0), -EPERM);
    assert_text(t, INBOX "tmp", other);
    check_nothing_happened(t, path, text);
    free(other);
    free(text);
    free(path);
}

/* Refused and mended through the same descriptor: what was accepted stays. */
static void test_refused_and_mended(void **state)
{
    struct rig *t = *state;
    char *path = message_path(t), *text = rig_read(t, path), *read = read_state(text, true);
    char *other = with_member(read, "Subject", "Hullo");
    struct fs_handle *h;

    assert_int_equal(rig_open(t, path, O_WRONLY | O_TRUNC, &h), 0);
    assert_int_equal(rig_write(t, h, other, 0), strlen(other));
    assert_int_equal(rig_flush(t, h), -EPERM);
    struct stat zero = {0}, now;
    assert_int_equal(
        fs_setattr(t->fs, &(struct fs_req){0}, rig_ino(t, path), h, &zero, FS_SET_SIZE, &now), 0);
    assert_int_equal(rig_write(t, h, read, 0), strlen(read));
    assert_int_equal(rig_close(t, h), 0);
    assert_text(t, path, read);
    assert_null(rig_find(t, ".outlookfs/trash", ".json"));
    assert_int_equal(rig_sync(t), 0);
    assert_int_equal(rig_calls(t, OP_MARK_AS_READ), 1);
    free(other);
    free(read);
    free(text);
    free(path);
}

/* A pending mark survives an edit that is refused. */
static void test_a_refused_edit_over_a_pending_mark(void **state)
{
    struct rig *t = *state;
    char *path = message_path(t), *text = rig_read(t, path), *read = read_state(text, true);
    char *other = with_member(read, "Subject", "Something else");

    assert_int_equal(rig_save(t, path, read), 0);
    assert_int_equal(rig_save(t, path, other), -EPERM);
    assert_text(t, path, read);
    assert_xattr(t, path, "state", "pending");
    assert_int_equal(rig_sync(t), 0);
    assert_int_equal(rig_calls(t, OP_MARK_AS_READ), 1);
    free(other);
    free(read);
    free(text);
    free(path);
}

static void test_unread_is_refused(void **state)
{
    struct rig *t = *state;
    char *path = message_path(t), *text = rig_read(t, path);
    char *read = read_state(text, true), *unread = read_state(text, false);

    assert_int_equal(rig_save(t, path, read), 0);
    assert_int_equal(rig_sync(t), 0);
    assert_int_equal(rig_save(t, path, unread), -EPERM);
    char *now = rig_read(t, path);
    assert_non_null(strstr(now, "\"IsRead\": true"));
    assert_int_equal(rig_calls(t, OP_COUNT), 1);
    free(now);
    free(unread);
    free(read);
    free(text);
    free(path);
}

static void test_no_new_messages(void **state)
{
    struct rig *t = *state;
    struct fs_handle *h;

    assert_int_equal(rig_create(t, INBOX "new.json", O_WRONLY, 0600, &h), -EPERM);
    assert_int_equal(rig_save(t, INBOX "tmp", "{\"Subject\": \"x\"}"), 0);
    assert_int_equal(rig_rename(t, INBOX "tmp", INBOX "new.json", 0), -EPERM);
    assert_true(rig_exists(t, INBOX "tmp"));
    assert_false(rig_exists(t, INBOX "new.json"));
    assert_int_equal(rig_sync(t), 0);
    assert_int_equal(rig_calls(t, OP_COUNT), 0);
}

static void test_rm(void **state)
{
    struct rig *t = *state;
    char *path = message_path(t);

    assert_int_equal(rig_unlink(t, path), 0);
    assert_int_equal(rig_calls(t, OP_COUNT), 0);
    assert_int_equal(rig_sync(t), 0);
    assert_int_equal(rig_calls(t, OP_DELETE_EMAIL), 1);
    assert_false(rig_exists(t, path));
    free(path);
}

static void test_attachments(void **state)
{
    struct rig *t = *state;
    char *dir = xasprintf(INBOX "%s.attachments", t->letter), *file = xasprintf("%s/a.txt", dir);
    char *none = xasprintf(INBOX "%s.attachments", t->message), *list = rig_list(t, dir);
    struct fs_handle *h;
    struct stat st;

    assert_string_equal(list, "\na.txt\n");
    assert_int_equal(rig_calls(t, OP_GET_ATTACHMENT), 0);
    assert_int_equal(rig_stat(t, file, &st), 0);
    assert_int_equal(st.st_size, 5);
    assert_text(t, file, "hello");
    assert_int_equal(rig_calls(t, OP_GET_ATTACHMENT), 1);
    assert_xattr(t, file, "type", "text/plain");
    assert_int_equal(rig_open(t, file, O_WRONLY, &h), -EACCES);
    assert_false(rig_exists(t, none));
    assert_true(rig_lists(t, "mail/Inbox", strchr(dir, '/') + strlen("/Inbox/")));
    faulty_offline(t->faulty, true);
    rig_restart(t);
    assert_text(t, file, "hello");
    free(list);
    free(none);
    free(file);
    free(dir);
}

/* The listing says that there are some and does not name them: one question, and it is remembered. */
static void test_attachments_the_listing_does_not_name(void **state)
{
    struct rig *t = *state;
    struct cJSON *obj =
        cJSON_Parse("{\"Subject\": \"x\", \"HasAttachment\": true, \"" MEMORY_UNNAMED
                    "\": true, \"Attachments\": [{\"Name\": \"a.txt\","
                    " \"ContentType\": \"text/plain\","
                    " \"ContentBytes\": \"aGVsbG8=\"}]}");
    char *dir =
        xasprintf(INBOX "%s.attachments", memory_add(t->memory, KIND_MESSAGE, "Inbox", obj));
    char *file = xasprintf("%s/a.txt", dir);

    clock_advance(3601 * NS_PER_S);
    assert_soon(rig_lists(t, "mail/Inbox", strchr(dir, '/') + strlen("/Inbox/")));
    rig_count(t);
    assert_true(rig_lists(t, dir, "a.txt"));
    assert_text(t, file, "hello");
    assert_xattr(t, file, "type", "text/plain");
    assert_int_equal(rig_calls(t, OP_GET_EMAIL), 1);
    free(file);
    free(dir);
}

static void test_folders(void **state)
{
    struct rig *t = *state;
    struct cJSON *obj = cJSON_CreateObject();

    cJSON_AddStringToObject(obj, "Subject", "In a sub-folder");
    const char *id = memory_add(t->memory, KIND_MESSAGE, "Inbox/Support", obj);
    clock_advance(3601 * NS_PER_S);
    free(rig_list(t, "mail"));
    assert_soon(rig_lists(t, "mail/Inbox", "Support"));
    assert_false(rig_lists(t, "mail", "Support"));
    char *path = xasprintf(INBOX "Support/%s.json", id), *text = rig_read(t, path);
    assert_non_null(text);
    assert_non_null(strstr(text, "In a sub-folder"));
    free(text);
    free(path);
    assert_int_equal(rig_mkdir(t, INBOX "Support"), -EEXIST);
    assert_int_equal(rig_rmdir(t, INBOX "Support"), -EPERM);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, rig_setup, rig_teardown)
        TEST(test_marked_as_read_by_a_save),
        TEST(test_a_refused_text_is_not_read_behind_the_close),
        TEST(test_marked_as_read_by_sed),
        TEST(test_other_edits_are_refused),
        TEST(test_refused_and_mended),
        TEST(test_a_refused_edit_over_a_pending_mark),
        TEST(test_unread_is_refused),
        TEST(test_no_new_messages),
        TEST(test_rm),
        TEST(test_attachments),
        TEST(test_attachments_the_listing_does_not_name),
        TEST(test_folders),
    };

    return cmocka_run_group_tests_name("messages", tests, NULL, NULL);
}
