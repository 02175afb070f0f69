#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <outlookfs/base/buf.h>
#include <outlookfs/base/json.h>
#include <outlookfs/model/outgoing.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static cJSON *json(const char *text)
{
    cJSON *obj = NULL;

    assert_int_equal(json_parse_object(text, strlen(text), &obj, NULL), 0);
    return obj;
}

static void check(enum outgoing what, const char *text, int expected, const char *word)
{
    cJSON *obj = json(text);
    struct buf err;

    buf_init(&err, BUF_TEXT_MAX);
    assert_int_equal(outgoing_check(what, obj, &err), expected);
    if (word && !strstr(err.data, word))
        fail_msg("%s: \"%s\" is not in \"%s\"", text, word, err.data);
    buf_release(&err);
    cJSON_Delete(obj);
}

#define MAIL "\"To\": \"a@b.c\", \"Subject\": \"s\", \"Body\": \"b\""
#define QUESTION "\"To\": \"a@b.c\", \"Subject\": \"s\", \"Options\": \"yes, no\""

static void test_a_mail(void **state)
{
    (void)state;
    check(OUTGOING_SEND, "{" MAIL "}", 0, NULL);
    check(OUTGOING_SEND,
          "{" MAIL ", \"Cc\": \"x\", \"Bcc\": null, \"From\": \"y\", \"Importance\": \"High\","
          " \"IsHtml\": true, \"Attachments\": [{\"Name\": \"a\", \"ContentBytes\": \"\"},"
          " {\"Path\": \"b\"}]}",
          0, NULL);
    check(OUTGOING_SEND, "{\"To\": \"a@b.c\", \"Subject\": \"s\"}", -EINVAL, "Body is missing");
    check(OUTGOING_SEND, "{\"To\": \" ; \", \"Subject\": \"s\", \"Body\": \"\"}", -EINVAL, "To");
    check(OUTGOING_SEND, "{\"To\": null, \"Subject\": \"s\", \"Body\": \"\"}", -EINVAL,
          "To is missing");
    check(OUTGOING_SEND, "{" MAIL ", \"to\": \"x\"}", -EINVAL, "to: no such member");
    check(OUTGOING_SEND, "{" MAIL ", \"IsHtml\": \"true\"}", -EINVAL, "IsHtml");
    check(OUTGOING_SEND, "{" MAIL ", \"Importance\": 1}", -EINVAL, "Importance");
    check(OUTGOING_SEND, "{" MAIL ", \"Wait\": true}", -EINVAL, "Wait");
}

static void test_attachments(void **state)
{
    (void)state;
    check(OUTGOING_SEND, "{" MAIL ", \"Attachments\": {}}", -EINVAL, "Attachments: a list");
    check(OUTGOING_SEND, "{" MAIL ", \"Attachments\": [1]}", -EINVAL, "Attachments[0]");
    check(OUTGOING_SEND, "{" MAIL ", \"Attachments\": [{\"Path\": \"x\"}, {\"Name\": \"n\"}]}",
          -EINVAL, "Attachments[1].ContentBytes");
    check(OUTGOING_SEND, "{" MAIL ", \"Attachments\": [{\"ContentBytes\": \"\"}]}", -EINVAL,
          "Attachments[0].Name");
    check(OUTGOING_SEND,
          "{" MAIL
          ", \"Attachments\": [{\"Name\": \"n\", \"Path\": \"x\", \"ContentBytes\": \"\"}]}",
          -EINVAL, "Attachments[0].Path");
    check(OUTGOING_SEND, "{" MAIL ", \"Attachments\": [{\"Path\": \"x\", \"Size\": 1}]}", -EINVAL,
          "Attachments[0].Size");
}

static void test_a_reply(void **state)
{
    (void)state;
    check(OUTGOING_REPLY, "{\"MessageId\": \"x\", \"Comment\": \"\", \"ReplyAll\": true}", 0, NULL);
    check(OUTGOING_REPLY, "{\"Path\": \"mail/x\", \"Comment\": \"c\"}", 0, NULL);
    check(OUTGOING_REPLY, "{\"MessageId\": \"x\"}", -EINVAL, "Comment is missing");
    check(OUTGOING_REPLY, "{\"Comment\": \"c\"}", -EINVAL, "MessageId");
    check(OUTGOING_REPLY, "{\"MessageId\": \"x\", \"Path\": \"y\", \"Comment\": \"\"}", -EINVAL,
          "Path");
}

static void test_a_forward(void **state)
{
    (void)state;
    check(OUTGOING_FORWARD, "{\"MessageId\": \"x\", \"To\": \"a@b.c\"}", 0, NULL);
    check(OUTGOING_FORWARD, "{\"Path\": \"mail/x\", \"To\": \"a@b.c\", \"Comment\": \"c\"}", 0,
          NULL);
    check(OUTGOING_FORWARD, "{\"MessageId\": \"x\"}", -EINVAL, "To is missing");
    check(OUTGOING_FORWARD, "{\"To\": \"a@b.c\"}", -EINVAL, "MessageId");
}

static void test_a_response(void **state)
{
    (void)state;
    check(OUTGOING_RESPOND, "{\"EventId\": \"x\", \"Response\": \"accept\", \"Send\": false}", 0,
          NULL);
    check(OUTGOING_RESPOND, "{\"Path\": \"x\", \"Response\": \"decline\", \"Comment\": \"c\"}", 0,
          NULL);
    check(OUTGOING_RESPOND, "{\"EventId\": \"x\", \"Response\": \"Accept\"}", -EINVAL, "tentative");
    check(OUTGOING_RESPOND, "{\"EventId\": \"x\"}", -EINVAL, "Response is missing");
    check(OUTGOING_RESPOND, "{\"Response\": \"accept\"}", -EINVAL, "EventId");
    check(OUTGOING_RESPOND, "{\"EventId\": \"x\", \"Path\": \"y\", \"Response\": \"accept\"}",
          -EINVAL, "Path");
}

static void test_a_question(void **state)
{
    char many[512] = "{\"To\": \"a@b.c\", \"Subject\": \"s\", \"Options\": \"0";

    (void)state;
    for (enum outgoing what = OUTGOING_OPTIONS; what <= OUTGOING_APPROVAL; what++) {
        check(what, "{" QUESTION ", \"Wait\": false, \"HeaderText\": \"h\"}", 0, NULL);
        check(what, "{\"To\": \"a@b.c\", \"Subject\": \"s\"}", -EINVAL, "Options is missing");
        check(what, "{" QUESTION ", \"Body\": 1}", -EINVAL, "Body");
        check(what, "{" QUESTION ", \"IsHtml\": true}", -EINVAL, "IsHtml");
    }
    for (int i = 1; i < 100; i++)
        strcat(many, ",1");
    strcat(many, "\"}");
    check(OUTGOING_OPTIONS, many, 0, NULL);
    strcpy(many + strlen(many) - 2, ",1\"}");
    check(OUTGOING_OPTIONS, many, -EINVAL, "100 options");
}

static void test_a_mail_always_says_whether_it_is_html(void **state)
{
    cJSON *plain = json("{" MAIL "}"), *null = json("{" MAIL ", \"IsHtml\": null}");
    cJSON *html = json("{" MAIL ", \"IsHtml\": true}");

    (void)state;
    assert_true(outgoing_complete(OUTGOING_SEND, plain));
    assert_false(json_bool(plain, "IsHtml", true));
    assert_true(outgoing_complete(OUTGOING_SEND, null));
    assert_false(json_bool(null, "IsHtml", true));
    assert_false(outgoing_complete(OUTGOING_SEND, html));
    cJSON_Delete(plain);
    cJSON_Delete(null);
    cJSON_Delete(html);
}

static void test_members_of_our_own_are_not_sent(void **state)
{
    cJSON *obj =
        json("{" QUESTION ", \"Wait\": false, \"Body\": null,"
             " \"Attachments\": [{\"Name\": \"n\", \"Path\": \"p\", \"ContentBytes\": \"\"}]}");
    cJSON *expected =
        json("{" QUESTION ", \"Attachments\": [{\"Name\": \"n\", \"ContentBytes\": \"\"}]}");

    (void)state;
    assert_false(outgoing_waits(OUTGOING_APPROVAL, obj));
    assert_true(outgoing_complete(OUTGOING_APPROVAL, obj));
    assert_true(json_equal(obj, expected));
    assert_false(outgoing_complete(OUTGOING_APPROVAL, obj));
    assert_true(outgoing_waits(OUTGOING_APPROVAL, expected));
    assert_false(outgoing_waits(OUTGOING_SEND, expected));
    cJSON_Delete(expected);
    cJSON_Delete(obj);
}

static void test_names(void **state)
{
    char *name = outgoing_answer_name("x.json");

    (void)state;
    assert_string_equal(name, "x.answer.json");
    free(name);
    assert_true(outgoing_is_name(OUTGOING_SEND, "x.json"));
    assert_true(outgoing_is_name(OUTGOING_SEND, "x.answer.json"));
    assert_false(outgoing_is_name(OUTGOING_OPTIONS, "x.answer.json"));
    assert_false(outgoing_is_name(OUTGOING_SEND, ".x.json"));
    assert_false(outgoing_is_name(OUTGOING_SEND, "x.json~"));
    assert_true(outgoing_is_name(OUTGOING_SEND, "x.eml"));
    assert_true(outgoing_is_eml(OUTGOING_SEND, "x.eml"));
    assert_false(outgoing_is_eml(OUTGOING_SEND, "x.json"));
    assert_false(outgoing_is_eml(OUTGOING_SEND, ".x.eml"));
    assert_false(outgoing_is_eml(OUTGOING_SEND, "~x.eml"));
    assert_false(outgoing_is_eml(OUTGOING_SEND, "x.eml~"));
    assert_false(outgoing_is_eml(OUTGOING_SEND, ".eml"));
    assert_false(outgoing_is_name(OUTGOING_REPLY, "x.eml"));
    assert_false(outgoing_is_name(OUTGOING_APPROVAL, "x.eml"));
}

static void test_which_option(void **state)
{
    (void)state;
    assert_int_equal(outgoing_option_index("Approve, Reject", "Approve"), 0);
    assert_int_equal(outgoing_option_index("Approve, Reject", " reject "), 1);
    assert_int_equal(outgoing_option_index("Approve, Reject", "Rej"), -1);
    assert_int_equal(outgoing_option_index("one", "one"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_mail),
        cmocka_unit_test(test_attachments),
        cmocka_unit_test(test_a_reply),
        cmocka_unit_test(test_a_forward),
        cmocka_unit_test(test_a_response),
        cmocka_unit_test(test_a_question),
        cmocka_unit_test(test_a_mail_always_says_whether_it_is_html),
        cmocka_unit_test(test_members_of_our_own_are_not_sent),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_which_option),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
