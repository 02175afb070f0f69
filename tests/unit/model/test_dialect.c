/* Graph's records in the words of the specification, and mails of the outbox as Graph's messages. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/json.h>
#include <outlookfs/model/dialect.h>

#include <string.h>

static int speak_graph(void **state)
{
    (void)state;
    kind_use_service(SERVICE_GRAPH);
    return 0;
}

static int speak_connector(void **state)
{
    (void)state;
    kind_use_service(SERVICE_CONNECTOR);
    return 0;
}

/* Every member of `expected` is there with that value, whatever else is. */
static void assert_has(const cJSON *obj, const char *expected)
{
    cJSON *wanted = cJSON_Parse(expected);
    const cJSON *member;

    assert_non_null(wanted);
    cJSON_ArrayForEach(member, wanted)
    {
        if (!json_equal(json_get(obj, member->string), member)) {
            char *text = json_print(obj);

            fail_msg("%s is not as expected in %s", member->string, text);
        }
    }
    cJSON_Delete(wanted);
}

static void test_reading(void **state)
{
    static const struct {
        enum kind kind;
        const char *graph, *specification;
    } cases[] = {
        {KIND_CONTACT,
         "{\"id\":\"A\",\"givenName\":\"Jane\",\"mobilePhone\":\"1\",\"businessPhones\":[\"2\"],"
         "\"emailAddresses\":[{\"name\":\"J\",\"address\":\"j@x.example\"}],"
         "\"homeAddress\":{\"city\":\"Bonn\",\"countryOrRegion\":\"DE\"}}",
         "{\"Id\":\"A\",\"GivenName\":\"Jane\",\"MobilePhone1\":\"1\",\"BusinessPhones\":[\"2\"],"
         "\"EmailAddresses\":[{\"Name\":\"J\",\"Address\":\"j@x.example\"}],"
         "\"HomeAddress\":{\"City\":\"Bonn\",\"CountryOrRegion\":\"DE\"}}"},
        {KIND_EVENT,
         "{\"subject\":\"s\",\"body\":{\"contentType\":\"html\",\"content\":\"x\"},"
         "\"start\":{\"dateTime\":\"2026-01-05T09:00:00.0000000\","
         "\"timeZone\":\"UTC\"},\"isReminderOn\":true,\"reminderMinutesBeforeStart\":15,"
         "\"importance\":\"normal\",\"showAs\":\"oof\",\"recurrence\":{\"pattern\":{\"type\":"
         "\"relativeMonthly\",\"daysOfWeek\":[\"monday\"],\"index\":\"first\"}}}",
         "{\"Subject\":\"s\",\"Body\":{\"ContentType\":\"HTML\",\"Content\":\"x\"},"
         "\"Start\":\"2026-01-05T09:00:00.0000000\",\"StartTimeZone\":\"UTC\","
         "\"Reminder\":15,\"Importance\":\"Normal\",\"ShowAs\":\"Oof\",\"Recurrence\":{\"Pattern\":"
         "{\"Type\":\"RelativeMonthly\",\"DaysOfWeek\":[\"Monday\"],\"Index\":\"First\"}}}"},
        {KIND_MESSAGE,
         "{\"subject\":\"s\",\"from\":{\"emailAddress\":{\"name\":\"A\",\"address\":\"a@x."
         "example\"}},"
         "\"toRecipients\":[{\"emailAddress\":{\"address\":\"b@x.example\"}},"
         "{\"emailAddress\":{\"address\":\"c@x.example\"}}],"
         "\"body\":{\"contentType\":\"html\",\"content\":\"<p>\"},\"isRead\":false,"
         "\"hasAttachments\":true,\"attachments\":[{\"id\":\"X\",\"name\":\"a.png\","
         "\"contentType\":\"image/png\"}],"
         "\"receivedDateTime\":\"2026-01-05T09:00:00Z\"}",
         "{\"Subject\":\"s\",\"From\":\"a@x.example\",\"To\":\"b@x.example;c@x.example\","
         "\"Body\":\"<p>\",\"IsHtml\":true,\"IsRead\":false,\"HasAttachment\":true,"
         "\"Attachments\":[{\"Id\":\"X\",\"Name\":\"a.png\",\"ContentType\":\"image/png\"}],"
         "\"DateTimeReceived\":\"2026-01-05T09:00:00Z\"}"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        cJSON *obj = dialect_take(cases[i].kind, cJSON_Parse(cases[i].graph));

        assert_has(obj, cases[i].specification);
        cJSON_Delete(obj);
    }
}

static void test_the_connectors_records_are_as_they_are(void **state)
{
    cJSON *obj = cJSON_Parse("{\"GivenName\":\"Jane\"}");

    (void)state;
    assert_ptr_equal(dialect_take(KIND_CONTACT, obj), obj);
    cJSON_Delete(obj);
    assert_null(dialect_take(KIND_CONTACT, NULL));
}

static void test_a_mail(void **state)
{
    cJSON *mail = cJSON_Parse("{\"To\":\" a@x.example ;b@x.example;\",\"Cc\":\"c@x.example\","
                              "\"Subject\":\"s\",\"Body\":\"<b>\",\"IsHtml\":true,"
                              "\"Importance\":\"High\"}");
    cJSON *message = dialect_message(mail);

    (void)state;
    assert_has(message, "{\"toRecipients\":[{\"emailAddress\":{\"address\":\"a@x.example\"}},"
                        "{\"emailAddress\":{\"address\":\"b@x.example\"}}],"
                        "\"ccRecipients\":[{\"emailAddress\":{\"address\":\"c@x.example\"}}],"
                        "\"subject\":\"s\",\"body\":{\"contentType\":\"html\",\"content\":\"<b>\"},"
                        "\"importance\":\"high\"}");
    assert_null(json_get(message, "bccRecipients"));
    cJSON_Delete(message);
    cJSON_Delete(mail);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_reading, speak_graph, speak_connector),
        cmocka_unit_test(test_the_connectors_records_are_as_they_are),
        cmocka_unit_test(test_a_mail),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
