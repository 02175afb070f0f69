/*
 * test_eml_write.c - messages as mails.
 */
#include "formats_test.h"

#include <outlookfs/base/str.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

#define PLAIN                                                                                      \
    "{'Id':'AAMk=','From':'a@example.com','To':'b@example.com;c@example.com','Cc':null,"           \
    "'Bcc':null,'ReplyTo':null,'Subject':'Hello','Body':'One\\r\\nTwo','Importance':'Normal',"     \
    "'InternetMessageId':'<x@example.com>','DateTimeReceived':'2023-12-19T05:43:51+00:00',"        \
    "'IsRead':false,'Attachments':[],'IsHtml':false}"

#define WITH(members) "{'Id':'AAMk=','To':'b@example.com','Subject':'S','Body':'B'," members "}"

static void check(const char *literal, const char *expected)
{
    cJSON *message = object(literal);
    struct source s = {0};
    struct buf out;

    buf_init(&out, OUT_MAX);
    assert_int_equal(written(message, &s, &out), 0);
    assert_string_equal(out.data, expected);
    buf_release(&out);
    cJSON_Delete(message);
}

static char *mail_of(const char *literal, struct source *s)
{
    cJSON *message = object(literal);
    struct buf out;
    char *text;

    buf_init(&out, OUT_MAX);
    assert_int_equal(written(message, s, &out), 0);
    text = buf_detach(&out);
    buf_release(&out);
    cJSON_Delete(message);
    return text;
}

static void test_plain_message_has_these_bytes(void **state)
{
    (void)state;
    check(PLAIN, "Date: Tue, 19 Dec 2023 05:43:51 +0000\n"
                 "From: a@example.com\n"
                 "Subject: Hello\n"
                 "To: b@example.com, c@example.com\n"
                 "Message-Id: <x@example.com>\n"
                 "MIME-Version: 1.0\n"
                 "Content-Type: text/plain; charset=utf-8\n"
                 "Content-Transfer-Encoding: 7bit\n"
                 "\n"
                 "One\n"
                 "Two\n");
}

static void test_attachments_and_pictures_are_parts(void **state)
{
    struct source s = {.size = 5};
    char *text;

    (void)state;
    text = mail_of(WITH("'IsHtml':true,'Attachments':["
                        "{'Id':'1','Name':'a.txt','ContentType':'text/plain'},"
                        "{'Id':'2','Name':'p.png','ContentType':'image/png','IsInline':true,"
                        "'ContentId':'p@x'}]"),
                   &s);
    assert_has(text, "\nContent-Type: multipart/mixed; boundary=\"=_");
    assert_has(text, "\nContent-Type: multipart/related; boundary=\"=_");
    assert_has(text, "\n\nB\n--=_");
    assert_has(text, "\nContent-Type: image/png; name=p.png\n"
                     "Content-Disposition: inline; filename=p.png\n"
                     "Content-Transfer-Encoding: base64\n"
                     "Content-Id: <p@x>\n\neHh4eHg=\n");
    assert_has(text, "\nContent-Type: text/plain; name=a.txt\n"
                     "Content-Disposition: attachment; filename=a.txt\n");
    assert_true(str_ends(text, "_m--\n"));
    free(text);
}

static void test_importance_is_said_twice(void **state)
{
    struct source s = {0};
    char *text = mail_of(WITH("'Importance':'High'"), &s);

    (void)state;
    assert_has(text, "\nImportance: high\nX-Priority: 1\n");
    free(text);
}

/* Whatever the text is: no line of it becomes a header, no line is too long, all is ASCII. */
static void check_form(const char *text)
{
    size_t length = 0;

    for (const char *p = text; *p; p++) {
        length = *p == '\n' ? 0 : length + 1;
        assert_true(length <= 998);
        assert_true((unsigned char)*p < 0x80);
    }
    assert_lacks(text, "\nEvil:");
    assert_lacks(text, "\r");
}

static void test_line_ends_in_members_make_no_header(void **state)
{
    struct source s = {.size = 1};
    char *text;

    (void)state;
    text =
        mail_of("{'Id':'x\\r\\nEvil: 1','From':'a@x\\nEvil: 1','To':'b@x\\r\\nEvil: 1;\\rEvil: "
                "2','Cc':'Evil\\u2028Evil: 1','ReplyTo':'<a@b>\\nEvil: 1','Subject':'S\\r\\nEvil: "
                "1\\n\\nEvil: 2','Body':'B','InternetMessageId':'<a\\r\\nEvil: "
                "1>','DateTimeReceived':'x\\nEvil: 1','Importance':'High\\nEvil: "
                "1','Attachments':[{'Id':'1','Name':'n\\r\\nEvil: "
                "1','ContentType':'text/plain\\r\\nEvil: "
                "1','ContentId':'c\\r\\nEvil: 1','IsInline':true}]}",
                &s);
    check_form(text);
    assert_has(text, "Subject: S Evil: 1  Evil: 2\n");
    free(text);
}

static void test_long_members_are_broken(void **state)
{
    static const char *const pieces[] = {"x", "\xc3\xa9", "x ", "x@", "<", "=", "\"\\", "a@b;"};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(pieces); i++) {
        char *piece = repeated(pieces[i], 20000);
        cJSON *message = cJSON_CreateObject(), *list, *attachment = cJSON_CreateObject();
        static const char *const members[] = {"Id",      "From", "To",
                                              "Subject", "Body", "InternetMessageId"};
        struct source s = {.size = 100000};
        struct buf out;

        for (size_t m = 0; m < ARRAY_SIZE(members); m++)
            cJSON_AddStringToObject(message, members[m], piece);
        list = cJSON_AddArrayToObject(message, "Attachments");
        cJSON_AddStringToObject(attachment, "Id", "1");
        cJSON_AddStringToObject(attachment, "Name", piece);
        cJSON_AddStringToObject(attachment, "ContentType", piece);
        cJSON_AddStringToObject(attachment, "ContentId", piece);
        cJSON_AddItemToArray(list, attachment);
        buf_init(&out, OUT_MAX);
        assert_int_equal(written(message, &s, &out), 0);
        check_form(out.data);
        buf_release(&out);
        cJSON_Delete(message);
        free(piece);
    }
}

static void test_body_cannot_end_its_part(void **state)
{
    struct source s = {.size = 1};
    char *text = mail_of(WITH("'Attachments':[{'Id':'1'}]"), &s);
    char *boundary = xstrndup(strstr(text, "=_"), strcspn(strstr(text, "=_"), "\""));
    char *literal =
        xasprintf("{'Id':'AAMk=','Body':'a\\n--%s--\\nb','Attachments':[{'Id':'1'}]}", boundary);
    char *hostile = mail_of(literal, &s);
    char *end = xasprintf("\n--%s--\n", boundary);

    (void)state;
    assert_true(str_ends(hostile, end));
    assert_ptr_equal(strstr(hostile, end), hostile + strlen(hostile) - strlen(end));
    free(end);
    free(hostile);
    free(literal);
    free(boundary);
    free(text);
}

static void test_what_is_no_address_goes_nowhere(void **state)
{
    struct source s = {0};
    char *text = mail_of("{'From':'/O=ORG/CN=X','To':'Some Body;a@b'}", &s);

    (void)state;
    assert_has(text, "From: /O=ORG/CN=X: ;\n");
    assert_has(text, "To: Some Body: ;, a@b\n");
    free(text);
}

static void test_made_ids_depend_on_the_id_only(void **state)
{
    struct source s = {0};
    char *one = mail_of("{'Id':'1','Subject':'a'}", &s),
         *same = mail_of("{'Id':'1','Subject':'b'}", &s);
    char *other = mail_of("{'Id':'2','Subject':'a'}", &s);
    size_t n;

    (void)state;
    assert_has(one, "@outlookfs.invalid>\n");
    n = strcspn(strstr(one, "Message-Id"), "\n");
    assert_memory_equal(strstr(one, "Message-Id"), strstr(same, "Message-Id"), n);
    assert_memory_not_equal(strstr(one, "Message-Id"), strstr(other, "Message-Id"), n);
    free(one);
    free(same);
    free(other);
}

static void test_empty_object_is_a_mail(void **state)
{
    struct source s = {0};
    char *text = mail_of("{}", &s);

    (void)state;
    assert_has(text, "MIME-Version: 1.0\n");
    assert_has(text, "\n\n");
    free(text);
}

/* One descriptor at a time, and counting reads none of the bytes. */
static void test_many_attachments(void **state)
{
    enum { COUNT = 10000 };
    cJSON *message = cJSON_CreateObject();
    cJSON *list = cJSON_AddArrayToObject(message, "Attachments");
    struct source s = {.size = 10};
    struct eml_source source = source_of(&s);
    size_t size = 0, counted = 0;
    int null;

    (void)state;
    for (int i = 0; i < COUNT; i++) {
        cJSON *attachment = cJSON_CreateObject();

        cJSON_AddStringToObject(attachment, "Id", "1");
        cJSON_AddItemToArray(list, attachment);
    }
    null = open("/dev/null", O_WRONLY | O_CLOEXEC);
    assert_int_equal(eml_write(message, &source, null, &size, NULL), 0);
    assert_int_equal(s.opened, COUNT);
    assert_int_equal(eml_write(message, &source, -1, &counted, NULL), 0);
    assert_int_equal(size, counted);
    close(null);
    cJSON_Delete(message);
}

static void test_sizes_around_a_line(void **state)
{
    (void)state;
    for (size_t size = 0; size < 200; size++) {
        struct source s = {.size = size};

        free(mail_of(WITH("'Attachments':[{'Id':'1'}]"), &s));
    }
}

/* A descriptor that cannot tell its size is read, and gives the same. */
static int open_pipe(void *ctx, const char *attachment, struct buf *err)
{
    int ends[2];

    (void)ctx;
    (void)attachment;
    (void)err;
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(write(ends[1], "0123456789", 10), 10);
    close(ends[1]);
    return ends[0];
}

static void test_attachment_from_a_pipe(void **state)
{
    const struct eml_source pipes = {.open = open_pipe};
    cJSON *message = object(WITH("'Attachments':[{'Id':'1'}]"));
    struct source s = {.size = 10};
    struct eml_source files = source_of(&s);
    size_t of_pipe = 0, of_file = 0;

    (void)state;
    assert_int_equal(eml_write(message, &pipes, -1, &of_pipe, NULL), 0);
    assert_int_equal(eml_write(message, &files, -1, &of_file, NULL), 0);
    assert_int_equal(of_pipe, of_file);
    cJSON_Delete(message);
}

static void test_errors_come_through(void **state)
{
    cJSON *message = object(WITH("'Attachments':[{'Id':'1'}]")), *without;
    struct source s = {.rc = -EHOSTUNREACH};
    struct eml_source source = source_of(&s);
    struct buf err;
    size_t size = 7;
    int full = open("/dev/full", O_WRONLY | O_CLOEXEC);

    (void)state;
    buf_init(&err, BUF_TEXT_MAX);
    assert_int_equal(eml_write(message, &source, -1, &size, &err), -EHOSTUNREACH);
    assert_string_equal(err.data, "no 1 today");
    assert_int_equal(eml_write(message, NULL, -1, &size, &err), -EINVAL);
    s.rc = 0;
    assert_int_equal(eml_write(message, &source, full, &size, &err), -ENOSPC);
    without = object(WITH("'Attachments':[{'Name':'x'}]"));
    assert_int_equal(eml_write(without, &source, -1, &size, &err), -EINVAL);
    assert_int_equal(size, 7);
    close(full);
    buf_release(&err);
    cJSON_Delete(without);
    cJSON_Delete(message);
}

static void *write_often(void *arg)
{
    cJSON *message = object(arg);

    for (int i = 0; i < 20; i++) {
        struct source s = {.size = 1000};
        struct buf out;
        cJSON *back;

        buf_init(&out, OUT_MAX);
        assert_int_equal(written(message, &s, &out), 0);
        back = parsed(out.data, NULL);
        cJSON_Delete(back);
        buf_release(&out);
    }
    cJSON_Delete(message);
    return NULL;
}

static void test_many_threads(void **state)
{
    static char literal[] = WITH("'Attachments':[{'Id':'1','Name':'\xc3\xa4.txt'}]");
    pthread_t threads[8];

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, write_often, literal), 0);
    for (size_t i = 0; i < ARRAY_SIZE(threads); i++)
        pthread_join(threads[i], NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_many_threads), /* first, to race for the initialisation */
        cmocka_unit_test(test_plain_message_has_these_bytes),
        cmocka_unit_test(test_attachments_and_pictures_are_parts),
        cmocka_unit_test(test_importance_is_said_twice),
        cmocka_unit_test(test_line_ends_in_members_make_no_header),
        cmocka_unit_test(test_long_members_are_broken),
        cmocka_unit_test(test_body_cannot_end_its_part),
        cmocka_unit_test(test_what_is_no_address_goes_nowhere),
        cmocka_unit_test(test_made_ids_depend_on_the_id_only),
        cmocka_unit_test(test_empty_object_is_a_mail),
        cmocka_unit_test(test_many_attachments),
        cmocka_unit_test(test_sizes_around_a_line),
        cmocka_unit_test(test_attachment_from_a_pipe),
        cmocka_unit_test(test_errors_come_through),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
