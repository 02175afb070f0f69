/* Attachments: downloaded once, from either place the service has them in. */
#include "reading.h"

#define TEXT "The quick brown fox jumps over the lazy dog.\n"
#define TEXT_BASE64 "VGhlIHF1aWNrIGJyb3duIGZveCBqdW1wcyBvdmVyIHRoZSBsYXp5IGRvZy4K"

static const char *message, *attachment;

/* A message with one attachment of this content. */
static void add_message(struct rig *rig, const char *base64)
{
    cJSON *obj = cJSON_CreateObject();
    cJSON *list = cJSON_AddArrayToObject(obj, "Attachments");
    cJSON *entry = cJSON_CreateObject();

    cJSON_AddStringToObject(entry, "Name", "a.txt");
    cJSON_AddStringToObject(entry, "Id", "AAMkAttachment=");
    cJSON_AddStringToObject(entry, "ContentBytes", base64);
    cJSON_AddItemToArray(list, entry);
    message = memory_add(rig->memory, KIND_MESSAGE, "Inbox", obj);
    attachment = "AAMkAttachment=";
}

static int fetch(struct rig *rig, struct cancel *cancel)
{
    char bytes[sizeof(TEXT) + 1];
    size_t size;
    int fd = mailbox_attachment(rig->mb, message, attachment, cancel, &size, NULL);

    if (fd < 0)
        return fd;
    assert_int_equal(size, strlen(TEXT));
    assert_int_equal(read(fd, bytes, sizeof(bytes)), strlen(TEXT));
    assert_memory_equal(bytes, TEXT, strlen(TEXT));
    close(fd);
    return 0;
}

static unsigned downloads(struct rig *rig)
{
    return memory_calls(rig->memory, OP_GET_ATTACHMENT);
}

static void attachment_is_downloaded_once(void **state)
{
    struct rig *rig = *state;

    add_message(rig, TEXT_BASE64);
    assert_int_equal(fetch(rig, NULL), 0);
    assert_int_equal(fetch(rig, NULL), 0);
    rig_unmount(rig);
    rig_mount(rig);
    assert_int_equal(fetch(rig, NULL), 0);
    assert_int_equal(downloads(rig), 1);

    faulty_offline(rig->faulty, true);
    assert_int_equal(fetch(rig, NULL), 0);
}

static void two_callers_one_download(void **state)
{
    struct rig *rig = *state;
    struct caller one, two;

    add_message(rig, TEXT_BASE64);
    gate_hold(rig->gate, OP_GET_ATTACHMENT);
    caller_start(&one, rig, fetch);
    caller_start(&two, rig, fetch);
    gate_await(rig->gate, 1);
    usleep(50000); /* for the second to come as far as it can */
    gate_open(rig->gate);
    assert_int_equal(caller_join(&one), 0);
    assert_int_equal(caller_join(&two), 0);
    assert_int_equal(downloads(rig), 1);
}

static void interrupted_download_leaves_nothing(void **state)
{
    struct rig *rig = *state;
    struct caller caller;

    add_message(rig, TEXT_BASE64);
    gate_hold(rig->gate, OP_GET_ATTACHMENT);
    caller_start(&caller, rig, fetch);
    gate_await(rig->gate, 1);
    cancel_fire(&caller.cancel);
    assert_int_equal(caller_join(&caller), -EINTR);
    gate_open(rig->gate);
    assert_int_equal(fetch(rig, NULL), 0);
    assert_int_equal(downloads(rig), 2);
}

static void offline_fails_at_once(void **state)
{
    struct rig *rig = *state;

    add_message(rig, TEXT_BASE64);
    faulty_offline(rig->faulty, true);
    assert_int_equal(fetch(rig, NULL), -EHOSTUNREACH);
    assert_int_equal(rig->gate->calls, 0);
}

static void refuse_attachment(struct rig *rig, enum grade grade)
{
    struct faulty_plan plan = {.op = OP_GET_ATTACHMENT, .count = 1, .grade = grade};

    faulty_plan(rig->faulty, &plan);
}

static void content_comes_with_the_message_otherwise(void **state)
{
    static const enum grade grades[] = {GRADE_GONE, GRADE_REFUSED, GRADE_BROKEN};
    struct rig *rig = *state;

    for (size_t i = 0; i < ARRAY_SIZE(grades); i++) {
        add_message(rig, TEXT_BASE64);
        refuse_attachment(rig, grades[i]);
        assert_int_equal(fetch(rig, NULL), 0);
        assert_int_equal(memory_calls(rig->memory, OP_GET_EMAIL), i + 1);
    }
}

static void other_failures_are_reported(void **state)
{
    struct rig *rig = *state;

    add_message(rig, TEXT_BASE64);
    refuse_attachment(rig, GRADE_DENIED);
    assert_int_equal(fetch(rig, NULL), -EACCES);
    refuse_attachment(rig, GRADE_THROTTLED);
    assert_int_equal(fetch(rig, NULL), -EAGAIN);
    assert_int_equal(memory_calls(rig->memory, OP_GET_EMAIL), 0);
}

static void missing_attachment_is_enoent(void **state)
{
    struct rig *rig = *state;
    struct buf err;
    size_t size;

    add_message(rig, TEXT_BASE64);
    buf_init(&err, BUF_TEXT_MAX);
    assert_int_equal(mailbox_attachment(rig->mb, message, "AAMkOther=", NULL, &size, &err),
                     -ENOENT);
    assert_true(err.len > 0);
    assert_int_equal(mailbox_attachment(rig->mb, "AAMkNone=", "AAMkOther=", NULL, &size, &err),
                     -ENOENT);
    buf_release(&err);
}

/* All lengths of the last group, more than one piece, and what is no base64. */
static void base64_is_decoded(void **state)
{
    static const struct {
        const char *base64;
        int size; /* or -errno */
    } cases[] = {{"", 0},   {"YQ==", 1}, {"YWI=", 2},    {"YWJj", 3},       {"YWJjZA==", 4},
                 {"YQ", 1}, {"Y", -EIO}, {"YW!=", -EIO}, {"YQ==YQ==", -EIO}};
    struct rig *rig = *state;
    size_t size;

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        int fd;

        add_message(rig, cases[i].base64);
        refuse_attachment(rig, GRADE_REFUSED);
        fd = mailbox_attachment(rig->mb, message, attachment, NULL, &size, NULL);
        if (cases[i].size < 0) {
            assert_int_equal(fd, cases[i].size);
            continue;
        }
        assert_true(fd >= 0);
        assert_int_equal(size, cases[i].size);
        close(fd);
    }
}

static void long_base64_is_decoded_in_pieces(void **state)
{
    struct rig *rig = *state;
    const size_t groups = 5000;
    char *base64 = xmalloc(groups * 4 + 1);
    char bytes[15000];
    size_t size;
    int fd;

    for (size_t i = 0; i < groups; i++)
        memcpy(base64 + 4 * i, i % 2 ? "YWJj" : "+/8A", 4);
    base64[groups * 4] = '\0';
    add_message(rig, base64);
    free(base64);
    refuse_attachment(rig, GRADE_REFUSED);
    fd = mailbox_attachment(rig->mb, message, attachment, NULL, &size, NULL);
    assert_true(fd >= 0);
    assert_int_equal(size, sizeof(bytes));
    assert_int_equal(read(fd, bytes, sizeof(bytes)), sizeof(bytes));
    for (size_t i = 0; i < groups; i++)
        assert_memory_equal(bytes + 3 * i, i % 2 ? "abc" : "\xfb\xff\x00", 3);
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        rig_test(attachment_is_downloaded_once),
        rig_test(two_callers_one_download),
        rig_test(interrupted_download_leaves_nothing),
        rig_test(offline_fails_at_once),
        rig_test(content_comes_with_the_message_otherwise),
        rig_test(other_failures_are_reported),
        rig_test(missing_attachment_is_enoent),
        rig_test(base64_is_decoded),
        rig_test(long_base64_is_decoded_in_pieces),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
