/*
 * test_eml_read.c - mails as what is sent.
 */
#include "formats_test.h"

#include <outlookfs/model/outgoing.h>

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#define HEAD "From: Me <me@example.com>\nTo: Bob <b@example.com>\nSubject: Hello\n"
#define MIXED HEAD "MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=\"B\"\n\n"
#define PART(type, text) "--B\nContent-Type: " type "\n\n" text "\n"

static void check(const char *mail, const struct eml_envelope *envelope, const char *literal)
{
    cJSON *got = parsed(mail, envelope), *expected = object(literal);

    assert_int_equal(outgoing_check(OUTGOING_SEND, got, NULL), 0);
    if (!json_equal(got, expected)) {
        char *text = cJSON_PrintUnformatted(got);

        print_error("got      %s\nexpected %s\n", text, literal);
        free(text);
        fail();
    }
    cJSON_Delete(got);
    cJSON_Delete(expected);
}

/* One member as a string; what is left out is NULL. */
static void check_member(const char *mail, const char *name, const char *expected)
{
    cJSON *got = parsed(mail, NULL);
    const char *value = json_str(got, name);

    if (expected) {
        assert_non_null(value);
        assert_string_equal(value, expected);
    } else {
        assert_null(value);
    }
    cJSON_Delete(got);
}

static void check_refused(const char *mail, const struct eml_envelope *envelope, int expected)
{
    int fd = bytes_fd(mail, strlen(mail));
    cJSON *obj = NULL;
    struct buf err;

    buf_init(&err, BUF_TEXT_MAX);
    assert_int_equal(eml_read(fd, envelope, &obj, &err), expected);
    assert_null(obj);
    assert_true(err.len > 0);
    buf_release(&err);
    close(fd);
}

static void test_plain_mail(void **state)
{
    (void)state;
    check(
        HEAD "Cc: c@example.com, \"D, E\" <d@example.com>\nBcc: e@example.com\n"
             "Reply-To: r@example.com\nMessage-ID: <x@y>\nReceived: by z\n\nOne\r\nTwo\n",
        NULL,
        "{'To':'b@example.com','Cc':'c@example.com;d@example.com','Bcc':'e@example.com',"
        "'From':'me@example.com','ReplyTo':'r@example.com','Subject':'Hello','Body':'One\\nTwo\\n',"
        "'IsHtml':false}");
}

static void test_mbox_line_is_skipped(void **state)
{
    (void)state;
    check_member("From me Tue Dec 19 05:43:51 2023\n" HEAD "\nBody\n", "Body", "Body\n");
}

static void test_groups_are_their_members(void **state)
{
    (void)state;
    check_member("To: All: a@x, b@x;, c@x\nCc: Nobody:;\n\n", "To", "a@x;b@x;c@x");
}

static void test_encoded_words(void **state)
{
    (void)state;
    check_member("To: b@x\nSubject: =?utf-8?q?Gr=C3=BC?= =?iso-8859-1?q?=DFe?=\n\n", "Subject",
                 "Gr\xc3\xbc\xc3\x9f"
                 "e");
    check_member("To: b@x\nSubject: Gr\xfc\xdf"
                 "e\n\n",
                 "Subject",
                 "Gr\xc3\xbc\xc3\x9f"
                 "e");
    check_member("To: b@x\nSubject: a =?utf-8?q?=0D=0AEvil:_1=00?=\n\n", "Subject", "a  Evil: 1");
}

static void test_importance(void **state)
{
    (void)state;
    check_member("To: b@x\nImportance: High\n\n", "Importance", "High");
    check_member("To: b@x\nX-Priority: 5 (Lowest)\n\n", "Importance", "Low");
    check_member("To: b@x\nPriority: urgent\n\n", "Importance", "High");
    check_member("To: b@x\nImportance: low\nX-Priority: 1\n\n", "Importance", "Low");
    check_member("To: b@x\nPriority: odd\n\n", "Importance", NULL);
}

static void test_html_wins_over_its_alternative(void **state)
{
    (void)state;
    check(HEAD "Content-Type: multipart/alternative; boundary=B\n\n" PART("text/plain", "plain")
              PART("text/html; charset=utf-8", "<b>html</b>")
                  PART("text/calendar", "BEGIN:X") "--B--\n",
          NULL,
          "{'To':'b@example.com','From':'me@example.com','Subject':'Hello','Body':'<b>html</b>',"
          "'IsHtml':true,'Attachments':[{'Name':'part-3.ics','ContentBytes':'QkVHSU46WA=='}]}");
}

static void test_parts_become_attachments(void **state)
{
    (void)state;
    check(MIXED PART("text/plain", "text") PART("text/plain", "more")
              PART("text/plain; name=\"dir/a.txt\"", "named")
                  PART("application/pdf; name*=utf-8''%C3%A4.pdf", "pdf")
                      PART("image/png\nContent-Transfer-Encoding: base64", "aGVs\nbG8=")
                          PART("message/rfc822", "Subject: Inner\n\nhi") "--B--\n",
          NULL,
          "{'To':'b@example.com','From':'me@example.com','Subject':'Hello','Body':'text',"
          "'IsHtml':false,'Attachments':["
          "{'Name':'part-2.txt','ContentBytes':'bW9yZQ=='},"
          "{'Name':'dir_a.txt','ContentBytes':'bmFtZWQ='},"
          "{'Name':'\xc3\xa4.pdf','ContentBytes':'cGRm'},"
          "{'Name':'part-5.png','ContentBytes':'aGVsbG8='},"
          "{'Name':'Inner.eml','ContentBytes':'U3ViamVjdDogSW5uZXIKCmhp'}]}");
}

static void test_pictures_of_a_body(void **state)
{
    (void)state;
    check(
        HEAD "Content-Type: multipart/related; boundary=B\n\n" PART("text/html", "<img src=cid:p>")
            PART("image/gif; name=p.gif\nContent-ID: <p>", "gif") "--B--\n",
        NULL,
        "{'To':'b@example.com','From':'me@example.com','Subject':'Hello','Body':'<img src=cid:p>',"
        "'IsHtml':true,'Attachments':[{'Name':'p.gif','ContentBytes':'Z2lm'}]}");
}

static void test_marked_text_is_no_body(void **state)
{
    (void)state;
    check(
        HEAD "Content-Type: text/plain\nContent-Disposition: attachment; filename=a.txt\n\nx", NULL,
        "{'To':'b@example.com','From':'me@example.com','Subject':'Hello','Body':'','IsHtml':false,"
        "'Attachments':[{'Name':'a.txt','ContentBytes':'eA=='}]}");
}

static void test_charsets(void **state)
{
    (void)state;
    check_member(HEAD "Content-Type: text/plain; charset=iso-8859-15\n\n\xa4", "Body",
                 "\xe2\x82\xac");
    check_member(HEAD "Content-Type: text/plain; charset=utf-8\n\n\xc3\xa4", "Body", "\xc3\xa4");
    check_member(HEAD "Content-Type: text/plain; charset=utf-8\n\n\xe4", "Body", "\xc3\xa4");
    check_member(HEAD "Content-Type: text/plain; charset=nonesuch\n\n\xe4", "Body", "\xc3\xa4");
    check_member(HEAD "\n\xc3\xa4", "Body", "\xc3\xa4");
    check_member(HEAD "Content-Type: text/plain; charset=utf-16le\n"
                      "Content-Transfer-Encoding: base64\n\nYQAAAGIA",
                 "Body", "ab");
}

static void test_nul_is_dropped(void **state)
{
    static const char mail[] = HEAD "\na\0b\n";
    int fd = bytes_fd(mail, sizeof(mail) - 1);
    cJSON *obj = NULL;

    (void)state;
    assert_int_equal(eml_read(fd, NULL, &obj, NULL), 0);
    assert_string_equal(json_str(obj, "Body"), "ab\n");
    cJSON_Delete(obj);
    close(fd);
}

static void test_envelope_decides_who_gets_it(void **state)
{
    static const char *const list[] = {"<B@Example.com>", "hidden@example.com", "d@example.com",
                                       NULL};
    const struct eml_envelope envelope = {.recipients = list};
    const struct eml_envelope from = {.recipients = list, .from = "<boss@example.com>"};
    static const char mail[] =
        HEAD "Cc: not-this@example.com, d@example.com\nBcc: nor@example.com\n\nx";

    (void)state;
    check(mail, &envelope,
          "{'To':'B@Example.com','Cc':'d@example.com','Bcc':'hidden@example.com','Subject':'Hello',"
          "'Body':'x','IsHtml':false}");
    check(mail, &from,
          "{'To':'B@Example.com','Cc':'d@example.com','Bcc':'hidden@example.com',"
          "'From':'boss@example.com','Subject':'Hello','Body':'x','IsHtml':false}");
}

static void test_envelope_without_recipients_is_the_headers(void **state)
{
    const struct eml_envelope envelope = {.recipients = NULL};

    (void)state;
    check(HEAD "\nx", &envelope,
          "{'To':'b@example.com','Subject':'Hello','Body':'x','IsHtml':false}");
}

static void test_somebody_becomes_to(void **state)
{
    (void)state;
    check("Bcc: x@y\nSubject: S\n\nx", NULL,
          "{'To':'x@y','Subject':'S','Body':'x','IsHtml':false}");
    check("Bcc: x@y\nCc: c@y, d@y\nSubject: S\n\nx", NULL,
          "{'To':'c@y;d@y','Bcc':'x@y','Subject':'S','Body':'x','IsHtml':false}");
}

static void test_hidden_recipients_are_not_shown_to_each_other(void **state)
{
    static const char *const list[] = {"x@y", "z@y", NULL};
    const struct eml_envelope nobody = {.recipients = list};
    const struct eml_envelope owner = {.recipients = list, .owner = "me@y"};
    const struct eml_envelope one_of_them = {.recipients = list, .owner = "Z@y"};

    (void)state;
    check_refused("Subject: S\n\nx", &nobody, -EDESTADDRREQ);
    check_refused("Bcc: x@y, z@y\nSubject: S\n\nx", NULL, -EDESTADDRREQ);
    check("Subject: S\n\nx", &owner,
          "{'To':'me@y','Bcc':'x@y;z@y','Subject':'S','Body':'x','IsHtml':false}");
    check("Subject: S\n\nx", &one_of_them,
          "{'To':'Z@y','Bcc':'x@y','Subject':'S','Body':'x','IsHtml':false}");
}

static void test_resent_is_left_alone(void **state)
{
    (void)state;
    check_member("Resent-To: r@x\nTo: b@x\n\n", "To", "b@x");
}

static void assert_shape(const char *text, size_t start, size_t body, bool gap)
{
    struct eml_shape shape = eml_look(text, strlen(text));

    assert_int_equal(shape.start, start);
    assert_int_equal(shape.body, body);
    assert_int_equal(shape.gap, gap);
}

static void test_shape(void **state)
{
    (void)state;
    assert_shape("A: b\n c\nD-E:f\n\nbody: x\n", 0, 14, false);
    assert_shape("A: b\r\n\r\nbody\r\n", 0, 6, false);
    assert_shape("A: b\n", 0, 5, false);
    assert_shape("\nA: b\n", 0, 0, false);
    assert_shape("hello, you: there\n", 0, 0, true);
    assert_shape(" A: b\n", 0, 0, true);
    assert_shape("A: b\nhello\n", 0, 5, true);
    assert_shape("From me Thu Nov 23\nA: b\n\nx", 19, 24, false);
    assert_shape("From me Thu Nov 23", 18, 18, false);
    assert_shape("\xef\xbb\xbfTo : b\n\nx", 3, 10, false);
    assert_shape("", 0, 0, false);
}

static void test_nobody_and_nothing(void **state)
{
    static const char *const none[] = {NULL}, *const odd[] = {"a@x;b@x", NULL};
    const struct eml_envelope nobody = {.recipients = none}, two = {.recipients = odd};

    (void)state;
    check_refused("Subject: x\n\nx", NULL, -EINVAL);
    check_refused("", NULL, -EINVAL);
    check_refused("\n\n", NULL, -EINVAL);
    check_refused(HEAD "\nx", &nobody, -EINVAL);
    check_refused(HEAD "\nx", &two, -EDESTADDRREQ);
    check_refused("To: \"a;b\"@x\n\nx", NULL, -EINVAL);
}

static void *fill_pipe(void *arg)
{
    int fd = *(int *)arg;
    char *chunk = repeated("xxxxxxx\n", 8192);

    while (write(fd, chunk, strlen(chunk)) > 0)
        ;
    close(fd);
    free(chunk);
    return NULL;
}

/* A pipe that never ends is read to the limit and no further. */
static void test_too_large(void **state)
{
    pthread_t thread;
    int ends[2];
    cJSON *obj = NULL;

    (void)state;
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(write(ends[1], HEAD "\n", strlen(HEAD "\n")), strlen(HEAD "\n"));
    assert_int_equal(pthread_create(&thread, NULL, fill_pipe, &ends[1]), 0);
    assert_int_equal(eml_read(ends[0], NULL, &obj, NULL), -EFBIG);
    close(ends[0]);
    pthread_join(thread, NULL);
    assert_null(obj);
}

static void test_body_over_the_limit(void **state)
{
    char *body = repeated("xxxxxxx\n", OUTGOING_CONTENT_MAX / 8 + 1);
    char *mail = xasprintf(HEAD "\n%s", body);

    (void)state;
    check_refused(mail, NULL, -EFBIG);
    free(mail);
    free(body);
}

static void test_deep_nesting(void **state)
{
    struct buf mail;
    cJSON *obj = NULL;
    int fd;

    (void)state;
    buf_init(&mail, OUT_MAX);
    buf_addstr(&mail, HEAD);
    for (int i = 0; i < 3000; i++)
        buf_addf(&mail, "Content-Type: multipart/alternative; boundary=b%d\n\n--b%d\n", i, i);
    buf_addstr(&mail, "\nx");
    fd = bytes_fd(mail.data, mail.len);
    assert_int_equal(eml_read(fd, NULL, &obj, NULL), 0);
    cJSON_Delete(obj);
    close(fd);
    buf_release(&mail);
}

static void test_written_mail_reads_back(void **state)
{
    cJSON *message =
        object("{'Id':'1','From':'a@x','To':'b@x;c@x','Cc':'d@x','Bcc':'e@x','Subject':"
               "'\xc3\xa4 \xf0\x9f\x98\x80','Body':'<p>\xc3\xa4</p>\\r\\n.\\r\\nFrom "
               "me','IsHtml':true,"
               "'Importance':'Low','Attachments':[{'Id':'1','Name':'\xc3\xb6 \\'q\\'; x.bin'}]}");
    struct source s = {.size = 3};
    struct buf out;

    (void)state;
    buf_init(&out, OUT_MAX);
    assert_int_equal(written(message, &s, &out), 0);
    check(
        out.data, NULL,
        "{'To':'b@x;c@x','Cc':'d@x','Bcc':'e@x','From':'a@x','Subject':"
        "'\xc3\xa4 \xf0\x9f\x98\x80"
        "','Importance':'Low','Body':'<p>\xc3\xa4</p>\\n.\\nFrom me',"
        "'IsHtml':true,'Attachments':[{'Name':'\xc3\xb6 \\'q\\'; x.bin','ContentBytes':'eHh4'}]}");
    buf_release(&out);
    cJSON_Delete(message);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plain_mail),
        cmocka_unit_test(test_mbox_line_is_skipped),
        cmocka_unit_test(test_groups_are_their_members),
        cmocka_unit_test(test_encoded_words),
        cmocka_unit_test(test_importance),
        cmocka_unit_test(test_html_wins_over_its_alternative),
        cmocka_unit_test(test_parts_become_attachments),
        cmocka_unit_test(test_pictures_of_a_body),
        cmocka_unit_test(test_marked_text_is_no_body),
        cmocka_unit_test(test_charsets),
        cmocka_unit_test(test_nul_is_dropped),
        cmocka_unit_test(test_envelope_decides_who_gets_it),
        cmocka_unit_test(test_envelope_without_recipients_is_the_headers),
        cmocka_unit_test(test_somebody_becomes_to),
        cmocka_unit_test(test_hidden_recipients_are_not_shown_to_each_other),
        cmocka_unit_test(test_resent_is_left_alone),
        cmocka_unit_test(test_nobody_and_nothing),
        cmocka_unit_test(test_shape),
        cmocka_unit_test(test_too_large),
        cmocka_unit_test(test_body_over_the_limit),
        cmocka_unit_test(test_deep_nesting),
        cmocka_unit_test(test_written_mail_reads_back),
    };

    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
