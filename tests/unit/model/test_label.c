#include "support.h"

#include <outlookfs/base/str.h>
#include <outlookfs/model/label.h>
#include <outlookfs/model/name.h>

#include <time.h>

static struct label label_of(enum kind kind, const char *literal)
{
    cJSON *obj = object(literal);
    struct label label;

    label_make(kind, false, obj, "AAMkId=", &label);
    cJSON_Delete(obj);
    assert_true(name_is_record(label.name));
    assert_true(strlen(label.name) <= NAME_BYTES_MAX);
    return label;
}

static void assert_label(enum kind kind, const char *literal, const char *name, const char *group)
{
    struct label label = label_of(kind, literal);

    assert_string_equal(label.name, name);
    if (group)
        assert_string_equal(label.group, group);
    else
        assert_null(label.group);
    label_release(&label);
}

/* Of a folder of what was sent. */
static void assert_sent_label(const char *literal, const char *name)
{
    cJSON *obj = object(literal);
    struct label label;

    label_make(KIND_MESSAGE, true, obj, "AAMkId=", &label);
    cJSON_Delete(obj);
    assert_string_equal(label.name, name);
    label_release(&label);
}

static void test_sent_messages(void **state)
{
    (void)state;
    assert_sent_label("{'Subject':'Hi','From':'me@x.example','To':'Bob@y.example'}",
                      "(no date) Hi - to Bob@y.example.json");
    assert_sent_label(
        "{'Subject':'Hi','From':'me@x.example','To':'bob@y.example; c@y.example;d@y.example;'}",
        "(no date) Hi - to bob@y.example and 2 more.json");
    assert_sent_label("{'Subject':'Hi','From':'me@x.example','To':''}",
                      "(no date) Hi - me@x.example.json");
}

static void set_zone(const char *zone)
{
    setenv("TZ", zone, 1);
    tzset();
}

static void test_messages(void **state)
{
    (void)state;
    set_zone("UTC");
    assert_label(KIND_MESSAGE,
                 "{'DateTimeReceived':'2026-11-23T09:14:59+00:00','Subject':'Re: Plan',"
                 "'From':'Jane@X.example'}",
                 "2026-11-23 0914 Re: Plan - Jane@X.example.json", "jane@x.example");
    assert_label(KIND_MESSAGE,
                 "{'DateTimeReceived':'2026-11-23T09:14:59Z','Subject':' a\\r\\n\\t b ',"
                 "'From':'Jane Doe <Jane@X.example>'}",
                 "2026-11-23 0914 a b - Jane@X.example.json", "jane@x.example");
    assert_label(KIND_MESSAGE, "{'DateTimeReceived':'2026-11-23T09:14:59Z','Subject':'a/b 100%'}",
                 "2026-11-23 0914 a%2Fb 100%25.json", "(no sender)");
    assert_label(KIND_MESSAGE, "{'Subject':'  ','From':''}", "(no date) (no subject).json",
                 "(no sender)");
    assert_label(KIND_MESSAGE, "{'Subject':null,'From':7,'DateTimeReceived':'soon'}",
                 "(no date) (no subject).json", "(no sender)");
    assert_label(KIND_MESSAGE, "{'From':'.~#'}", "(no date) (no subject) - .~#.json", "%2E~#");
}

static void test_local_time(void **state)
{
    static const char mail[] = "{'DateTimeReceived':'2026-11-22T23:30:00+00:00','Subject':'x'}";

    (void)state;
    set_zone("Asia/Tokyo");
    assert_label(KIND_MESSAGE, mail, "2026-11-23 0830 x.json", "(no sender)");
    set_zone("America/New_York");
    assert_label(KIND_MESSAGE, mail, "2026-11-22 1830 x.json", "(no sender)");
    set_zone("UTC");
    assert_label(KIND_MESSAGE, "{'DateTimeReceived':'1969-12-31T23:59:59.5Z','Subject':'x'}",
                 "1969-12-31 2359 x.json", "(no sender)");
}

static void test_events(void **state)
{
    (void)state;
    set_zone("Asia/Tokyo");
    assert_label(KIND_EVENT, "{'Start':'2026-11-23T00:00:00+00:00','Subject':'Standup'}",
                 "2026-11-23 0900 Standup.json", NULL);
    assert_label(KIND_EVENT,
                 "{'Start':'2026-11-23T00:00:00+00:00','IsAllDay':true,'Subject':'Holiday'}",
                 "2026-11-23 Holiday.json", NULL);
    set_zone("America/New_York");
    assert_label(KIND_EVENT, "{'Start':'2026-11-23T00:00:00+00:00','IsAllDay':true}",
                 "2026-11-23 (no subject).json", NULL);
    assert_label(KIND_EVENT, "{'Subject':'x'}", "(no date) x.json", NULL);
    set_zone("UTC");
}

/* As in formats/test_calendars.py. */
static void test_all_day_events(void **state)
{
    static const char *const zones[] = {"UTC", "Asia/Tokyo", "America/Los_Angeles"};
    static const char *const events[] = {
        "{'Start':'2026-05-04T00:00:00Z','IsAllDay':true,'StartTimeZone':'Pacific Standard Time'}",
        "{'Start':'2026-05-04T07:00:00Z','IsAllDay':true,'StartTimeZone':'Pacific Standard Time'}",
        "{'Start':'2026-05-03T15:00:00Z','IsAllDay':true,'StartTimeZone':'Tokyo Standard Time'}",
        "{'Start':'2026-05-03T11:00:00Z','IsAllDay':true,'StartTimeZone':'Samoa Standard Time'}",
        "{'Start':'2026-05-03T11:00:00Z','IsAllDay':true,'StartTimeZone':'UTC',"
        "'OriginalStartTimeZone':'Samoa Standard Time'}",
        "{'Start':'2026-05-03T22:00:00Z','IsAllDay':true,'StartTimeZone':'UTC'}",
        "{'Start':'2026-05-04T05:00:00Z','IsAllDay':true}",
    };

    (void)state;
    for (size_t z = 0; z < ARRAY_SIZE(zones); z++) {
        set_zone(zones[z]);
        for (size_t i = 0; i < ARRAY_SIZE(events); i++)
            assert_label(KIND_EVENT, events[i], "2026-05-04 (no subject).json", NULL);
    }
    set_zone("UTC");
}

static void test_contacts(void **state)
{
    (void)state;
    assert_label(KIND_CONTACT, "{'DisplayName':'Jane Doe','CompanyName':'Contoso / B'}",
                 "Jane Doe.json", "Contoso %2F B");
    assert_label(KIND_CONTACT, "{'DisplayName':'','GivenName':'Jane','Surname':null}", "Jane.json",
                 NULL);
    assert_label(KIND_CONTACT, "{'GivenName':'Jane','Surname':'Doe','CompanyName':' '}",
                 "Jane Doe.json", NULL);
    assert_label(KIND_CONTACT,
                 "{'CompanyName':'Contoso','EmailAddresses':[{'Address':'a@x.example'}]}",
                 "Contoso.json", "Contoso");
    assert_label(KIND_CONTACT,
                 "{'EmailAddresses':[{'Name':'n'},{'Address':'a@x.example'},{'Address':'b'}]}",
                 "a@x.example.json", NULL);
    assert_label(KIND_CONTACT, "{'EmailAddresses':'x'}", "AAMkId=.json", NULL);
    assert_label(KIND_CONTACT, "{'DisplayName':'#1 Plumbing','CompanyName':'..'}",
                 "%231 Plumbing.json", "%2E.");
}

static void test_unread_and_created(void **state)
{
    struct label label =
        label_of(KIND_MESSAGE, "{'IsRead':false,'DateTimeReceived':'1970-01-01T00:00:01Z'}");

    (void)state;
    assert_true(label.unread);
    assert_int_equal(label.created, 1000000000);
    label_release(&label);
    label = label_of(KIND_MESSAGE, "{'IsRead':true}");
    assert_false(label.unread);
    assert_int_equal(label.created, 0);
    label_release(&label);
    label = label_of(KIND_CONTACT, "{'DateTimeCreated':'1970-01-01T00:00:02Z'}");
    assert_false(label.unread);
    assert_int_equal(label.created, 2000000000);
    label_release(&label);
}

static void test_no_json(void **state)
{
    struct label label;

    (void)state;
    for (enum kind kind = 0; kind < KIND_COUNT; kind++) {
        label_make(kind, false, NULL, "AAMkId=", &label);
        assert_true(name_is_record(label.name));
        label_release(&label);
    }
}

/* The subject is cut, the sender and the suffix stay. */
static void test_long(void **state)
{
    char subject[1001] = {0}, sender[301] = {0}, literal[4000];
    struct label label;

    (void)state;
    for (size_t i = 0; i < 1000; i += 2)
        memcpy(subject + i, "\xc3\xa9", 2);
    memset(sender, 's', 300);
    snprintf(literal, sizeof(literal), "{'Subject':'%s','From':'jane@x.example'}", subject);
    label = label_of(KIND_MESSAGE, literal);
    assert_true(str_ends(label.name, " - jane@x.example.json"));
    assert_true(str_is_utf8(label.name, strlen(label.name)));
    label_release(&label);
    snprintf(literal, sizeof(literal), "{'Subject':'%s','From':'%s'}", subject, sender);
    label = label_of(KIND_MESSAGE, literal);
    assert_true(strlen(label.group) <= NAME_BYTES_MAX);
    label_release(&label);
    label = label_of(KIND_EVENT, literal);
    label_release(&label);
    snprintf(literal, sizeof(literal), "{'DisplayName':'~%s','CompanyName':'.%s'}", subject,
             subject);
    label = label_of(KIND_CONTACT, literal);
    assert_true(strlen(label.group) <= NAME_BYTES_MAX);
    assert_true(str_starts(label.group, "%2E"));
    label_release(&label);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_messages),
        cmocka_unit_test(test_sent_messages),
        cmocka_unit_test(test_local_time),
        cmocka_unit_test(test_events),
        cmocka_unit_test(test_all_day_events),
        cmocka_unit_test(test_contacts),
        cmocka_unit_test(test_unread_and_created),
        cmocka_unit_test(test_no_json),
        cmocka_unit_test(test_long),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
