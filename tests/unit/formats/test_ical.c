/*
 * test_ical.c - events as iCalendar.
 */
#include "formats_test.h"

#include <outlookfs/base/str.h>
#include <outlookfs/formats/ical.h>

#include <errno.h>
#include <pthread.h>

#define EVENT(members)                                                                             \
    "{'Id':'AAMk=','Subject':'S','Start':'2023-12-20T14:15:00+00:00',"                             \
    "'End':'2023-12-20T15:15:00.1234567+00:00'," members "}"

#define SERIES(zone, pattern, range)                                                               \
    EVENT("'StartTimeZone':'" zone "','Recurrence':{'Pattern':{" pattern "},'Range':{" range "}}")

static char *calendar_of(const char *const *literals, size_t count)
{
    struct ical cal;
    struct buf out;
    char *text;

    buf_init(&out, OUT_MAX);
    assert_int_equal(ical_begin(&cal, &out), 0);
    for (size_t i = 0; i < count; i++) {
        cJSON *event = object(literals[i]);

        assert_int_equal(ical_event(&cal, event, &out), 0);
        cJSON_Delete(event);
    }
    assert_int_equal(ical_end(&cal, &out), 0);
    ical_release(&cal);
    text = buf_detach(&out);
    buf_release(&out);
    return text;
}

static void check_has(const char *literal, const char *expected)
{
    char *text = calendar_of(&literal, 1);

    assert_has(text, expected);
    free(text);
}

static void test_one_event(void **state)
{
    const char *literal = EVENT(
        "'ICalUId':'0400','DateTimeCreated':'2023-12-22T13:09:17.2190679+00:00','"
        "DateTimeLastModified':"
        "'2023-12-23T13:09:17+00:00','Body':{'ContentType':'HTML','Content':'<head><title>t</title>"
        "</head><p>One &amp; two</p>'},'Location':{'DisplayName':'Room; "
        "1','Coordinates':{'Latitude':"
        "52.5,'Longitude':13.25}},'Categories':['Red'],'ShowAs':'Tentative','Importance':'High',"
        "'Reminder':15,'WebLink':'https://x/"
        "?a=b','Organizer':{'EmailAddress':{'Name':'Me','Address':"
        "'me@example.com'}},'ResponseRequested':true,'Attendees':[{'Type':'Required','Status':"
        "{'Response':'Accepted'},'EmailAddress':{'Name':'Z; \\'Z\\'','Address':'z@x.org'}},{'Type':"
        "'Optional','Status':{'Response':'None'},'EmailAddress':{'Address':'o@x.org'}},{'Type':"
        "'Resource','Status':{'Response':'Declined'},'EmailAddress':{'Address':'r@x.org'}}]");
    char *text = calendar_of(&literal, 1);

    (void)state;
    assert_string_equal(
        text, "BEGIN:VCALENDAR\r\n"
              "VERSION:2.0\r\n"
              "PRODID:-//outlookfs//outlookfs//EN\r\n"
              "BEGIN:VEVENT\r\n"
              "CATEGORIES:Red\r\n"
              "UID:0400\r\n"
              "DTSTAMP:20231223T130917Z\r\n"
              "CREATED:20231222T130917Z\r\n"
              "LAST-MODIFIED:20231223T130917Z\r\n"
              "DTSTART:20231220T141500Z\r\n"
              "DTEND:20231220T151500Z\r\n"
              "SUMMARY:S\r\n"
              "DESCRIPTION:One & two\r\n"
              "X-ALT-DESC;FMTTYPE=text/html:<head><title>t</title></head><p>One &amp; \r\n"
              " two</p>\r\n"
              "LOCATION:Room\\; 1\r\n"
              "GEO:52.500000;13.250000\r\n"
              "URL:https://x/?a=b\r\n"
              "STATUS:TENTATIVE\r\n"
              "TRANSP:OPAQUE\r\n"
              "X-MICROSOFT-CDO-BUSYSTATUS:TENTATIVE\r\n"
              "PRIORITY:1\r\n"
              "ORGANIZER;CN=Me:mailto:me@example.com\r\n"
              "ATTENDEE;CN=\"Z; 'Z'\";ROLE=REQ-PARTICIPANT;PARTSTAT=ACCEPTED:mailto:\r\n"
              " z@x.org\r\n"
              "ATTENDEE;ROLE=OPT-PARTICIPANT;PARTSTAT=NEEDS-ACTION;RSVP=TRUE:mailto:\r\n"
              " o@x.org\r\n"
              "ATTENDEE;CUTYPE=RESOURCE;ROLE=NON-PARTICIPANT;PARTSTAT=DECLINED:mailto:\r\n"
              " r@x.org\r\n"
              "BEGIN:VALARM\r\n"
              "ACTION:DISPLAY\r\n"
              "DESCRIPTION:Reminder\r\n"
              "TRIGGER:-PT15M\r\n"
              "END:VALARM\r\n"
              "END:VEVENT\r\n"
              "END:VCALENDAR\r\n");
    free(text);
}

static void test_all_day(void **state)
{
    (void)state;
    check_has(
        "{'Start':'2026-08-31T00:00:00+00:00','End':'2026-09-01T00:00:00+00:00','IsAllDay':true,"
        "'StartTimeZone':'UTC'}",
        "\r\nDTSTART;VALUE=DATE:20260831\r\nDTEND;VALUE=DATE:20260901\r\n");
    check_has(
        "{'Start':'2026-08-30T22:00:00+00:00','End':'2026-08-31T22:00:00+00:00','IsAllDay':true,"
        "'StartTimeZone':'W. Europe Standard Time'}",
        "\r\nDTSTART;VALUE=DATE:20260831\r\nDTEND;VALUE=DATE:20260901\r\n");
}

static void test_rules(void **state)
{
    static const struct {
        const char *pattern, *range, *rule;
    } table[] = {
        {"'Type':'Daily','Interval':1", "'Type':'NoEnd'", "FREQ=DAILY"},
        {"'Type':'Daily','Interval':3", "'Type':'Numbered','NumberOfOccurrences':5",
         "FREQ=DAILY;COUNT=5;INTERVAL=3"},
        {"'Type':'Weekly','Interval':2,'DaysOfWeek':['Monday','Friday'],'FirstDayOfWeek':'Sunday'",
         "'Type':'EndDate','EndDate':'2024-06-30'",
         "FREQ=WEEKLY;UNTIL=20240630T141500Z;INTERVAL=2;BYDAY=MO,FR;WKST=SU"},
        {"'Type':'AbsoluteMonthly','Interval':1,'DayOfMonth':7", "'Type':'NoEnd'",
         "FREQ=MONTHLY;BYMONTHDAY=7"},
        {"'Type':'AbsoluteMonthly','Interval':1,'DayOfMonth':31", "'Type':'NoEnd'",
         "FREQ=MONTHLY;BYMONTHDAY=28,29,30,31;BYSETPOS=-1"},
        {"'Type':'RelativeMonthly','Interval':1,'DaysOfWeek':['Tuesday'],'Index':'Second'",
         "'Type':'NoEnd'", "FREQ=MONTHLY;BYDAY=2TU"},
        {"'Type':'RelativeMonthly','Interval':1,'DaysOfWeek':['Friday'],'Index':'Last'",
         "'Type':'NoEnd'", "FREQ=MONTHLY;BYDAY=-1FR"},
        {"'Type':'RelativeMonthly','Interval':1,'DaysOfWeek':['Saturday','Sunday'],'Index':'Last'",
         "'Type':'NoEnd'", "FREQ=MONTHLY;BYDAY=SA,SU;BYSETPOS=-1"},
        {"'Type':'AbsoluteYearly','Interval':1,'Month':3,'DayOfMonth':9", "'Type':'NoEnd'",
         "FREQ=YEARLY;BYMONTHDAY=9;BYMONTH=3"},
        {"'Type':'RelativeYearly','Interval':1,'Month':11,'DaysOfWeek':['Thursday'],'Index':'"
         "Fourth'",
         "'Type':'NoEnd'", "FREQ=YEARLY;BYDAY=4TH;BYMONTH=11"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
        char *literal = xasprintf(SERIES("UTC", "%s", "%s"), table[i].pattern, table[i].range);
        char *line = xasprintf("\r\nRRULE:%s\r\n", table[i].rule);

        check_has(literal, line);
        free(line);
        free(literal);
    }
}

static size_t times(const char *text, const char *what)
{
    size_t n = 0;

    while ((text = strstr(text, what))) {
        text++;
        n++;
    }
    return n;
}

/* The rule repeats a time of day, so summer time must be known; each zone once. */
static void test_series_have_their_zone(void **state)
{
    static const char *const literals[] = {
        SERIES("Pacific Standard Time", "'Type':'Daily'",
               "'Type':'EndDate','EndDate':'2024-06-30'"),
        SERIES("America/Los_Angeles", "'Type':'Daily'", "'Type':'NoEnd'"),
        SERIES("W. Europe Standard Time", "'Type':'Daily'", "'Type':'NoEnd'"),
        SERIES("Nowhere", "'Type':'Daily'", "'Type':'NoEnd'"),
        EVENT("'StartTimeZone':'Tokyo Standard Time'"),
    };
    char *text = calendar_of(literals, ARRAY_SIZE(literals));

    (void)state;
    assert_int_equal(times(text, "\r\nBEGIN:VTIMEZONE\r\n"), 2);
    assert_int_equal(times(text, "\r\nTZID:America/Los_Angeles\r\n"), 1);
    assert_int_equal(times(text, "\r\nDTSTART;TZID=America/Los_Angeles:20231220T061500\r\n"), 2);
    assert_int_equal(times(text, "\r\nDTSTART;TZID=Europe/Berlin:20231220T151500\r\n"), 1);
    assert_int_equal(times(text, "\r\nDTSTART:20231220T141500Z\r\n"), 2);
    assert_has(text, "UNTIL=20240630T131500Z"); /* 06:15 in summer */
    free(text);
}

static void test_a_zone_is_defined_once_in_pieces(void **state)
{
    cJSON *event = object(SERIES("Pacific Standard Time", "'Type':'Daily'", "'Type':'NoEnd'"));
    struct ical cal;
    struct buf out;

    (void)state;
    buf_init(&out, OUT_MAX);
    assert_int_equal(ical_begin(&cal, &out), 0);
    assert_int_equal(ical_event(&cal, event, &out), 0);
    assert_has(out.data, "BEGIN:VTIMEZONE");
    buf_clear(&out);
    assert_int_equal(ical_event(&cal, event, &out), 0);
    assert_lacks(out.data, "BEGIN:VTIMEZONE");
    ical_release(&cal);
    buf_release(&out);
    cJSON_Delete(event);
}

static void test_without_a_start(void **state)
{
    static const char *const literals[] = {"{}", "{'Start':null}", "{'Start':'soon'}",
                                           "{'Start':'0001-01-01T00:00:00+00:00'}"};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(literals); i++) {
        cJSON *event = object(literals[i]);
        struct ical cal;
        struct buf out;

        buf_init(&out, OUT_MAX);
        assert_int_equal(ical_begin(&cal, &out), 0);
        buf_clear(&out);
        assert_int_equal(ical_event(&cal, event, &out), -EINVAL);
        assert_int_equal(out.len, 0);
        ical_release(&cal);
        buf_release(&out);
        cJSON_Delete(event);
    }
}

static void test_line_ends_in_members_make_no_property(void **state)
{
    const char *literal =
        "{'Id':'x\\r\\nEvil:1','ICalUId':'\\rEvil:1\\u2028Evil:1','Subject':'S\\nEvil:1','Start':"
        "'2023-12-20T14:15:00','StartTimeZone':'UTC\\r\\nEvil:1','Location':{'DisplayName':'"
        "\\r\\nEvil"
        ":1'},'Body':{'ContentType':'HTML','Content':'a\\r\\nEvil:1<br>b'},'Categories':['\\nEvil:"
        "1'],"
        "'ShowAs':'\\r\\nEvil:1','WebLink':'x\\r\\nEvil:1','Organizer':{'EmailAddress':{'Name':'"
        "\\r\\n"
        "Evil:1','Address':'\\r\\nEvil:1'}},'Attendees':[{'Type':'\\nEvil:1','EmailAddress':{'Name'"
        ":"
        "'\\u0085Evil:1','Address':'\\r\\nEvil:1'}}],'Recurrence':{'Pattern':{'Type':'Daily'},'"
        "Range':"
        "{'Type':'EndDate','EndDate':'2024-01-01\\r\\nEvil:1'}}}";
    char *text = calendar_of(&literal, 1);

    (void)state;
    assert_lacks(text, "\nEvil");
    assert_lacks(text, "\xe2\x80\xa8");
    assert_lacks(text, "\xc2\x85");
    free(text);
}

static void test_html_as_text(void **state)
{
    (void)state;
    check_has(EVENT("'Body':{'ContentType':'HTML','Content':'<style>p{}</style><!-- > --><div>a  b"
                    "<br/>c&#233;&nbsp;&unknown; &lt;x&gt;</div>\\n<p>d</p>'}"),
              "\r\nDESCRIPTION:a b\\nc\xc3\xa9 &unknown\\; <x>\\nd\r\n");
    check_has(EVENT("'Body':{'ContentType':'Text','Content':'<b>'}"), "\r\nDESCRIPTION:<b>\r\n");
    check_has(EVENT("'BodyPreview':'short'"), "\r\nDESCRIPTION:short\r\n");
}

static void test_empty_frame_is_no_description(void **state)
{
    const char *literal =
        EVENT("'Body':{'ContentType':'HTML','Content':'<html><body></body></html>'}");
    char *text = calendar_of(&literal, 1);

    (void)state;
    assert_lacks(text, "DESC");
    free(text);
}

static void test_full_buffer(void **state)
{
    cJSON *event = object(SERIES("Pacific Standard Time", "'Type':'Daily'", "'Type':'NoEnd'"));

    (void)state;
    for (size_t max = 0; max < 4000; max += 100) {
        struct ical cal;
        struct buf out;

        buf_init(&out, max);
        if (ical_begin(&cal, &out) == 0) {
            buf_clear(&out);
            if (ical_event(&cal, event, &out) == 0)
                assert_true(str_ends(out.data, "END:VEVENT\r\n"));
            else
                assert_int_equal(out.len, 0);
        }
        ical_release(&cal);
        buf_release(&out);
    }
    cJSON_Delete(event);
}

static void *write_often(void *arg)
{
    const char *literal = arg;
    char *first = calendar_of(&literal, 1);

    for (int i = 0; i < 20; i++) {
        char *again = calendar_of(&literal, 1);

        assert_string_equal(again, first);
        free(again);
    }
    return first;
}

static void test_many_threads(void **state)
{
    static char literal[] =
        SERIES("Tokyo Standard Time", "'Type':'Daily'", "'Type':'EndDate','EndDate':'2024-06-30'");
    pthread_t threads[8];
    void *first = NULL;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, write_often, literal), 0);
    for (size_t i = 0; i < ARRAY_SIZE(threads); i++) {
        void *text;

        pthread_join(threads[i], &text);
        if (first)
            assert_string_equal(first, text);
        free(first);
        first = text;
    }
    free(first);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_many_threads), /* first, to race for the initialisation */
        cmocka_unit_test(test_one_event),
        cmocka_unit_test(test_all_day),
        cmocka_unit_test(test_rules),
        cmocka_unit_test(test_series_have_their_zone),
        cmocka_unit_test(test_a_zone_is_defined_once_in_pieces),
        cmocka_unit_test(test_without_a_start),
        cmocka_unit_test(test_line_ends_in_members_make_no_property),
        cmocka_unit_test(test_html_as_text),
        cmocka_unit_test(test_empty_frame_is_no_description),
        cmocka_unit_test(test_full_buffer),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
