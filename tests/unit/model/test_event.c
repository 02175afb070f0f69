#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/json.h>
#include <outlookfs/model/event.h>
#include <outlookfs/model/kind.h>

#include <stdlib.h>
#include <time.h>

static void set_zone(const char *zone)
{
    setenv("TZ", zone, 1);
    tzset();
}

/* `expected` NULL: nothing changes. */
static void check(const char *base, const char *event, const char *expected)
{
    cJSON *before = base ? cJSON_Parse(base) : NULL, *obj = cJSON_Parse(event);
    cJSON *right = cJSON_Parse(expected ? expected : event);

    assert_true(obj && right && (before || !base));
    assert_int_equal(event_settle_zones(before, obj), expected != NULL);
    if (!json_equal(obj, right))
        fail_msg("%s", cJSON_PrintUnformatted(obj));
    cJSON_Delete(before);
    cJSON_Delete(obj);
    cJSON_Delete(right);
}

#define TIMES(start, end) "{\"Start\":\"2026-12-01T" start "\",\"End\":\"2026-12-01T" end "\"}"
#define ZONED(start, start_zone, end, end_zone)                                                    \
    "{\"Start\":\"2026-12-01T" start "\",\"End\":\"2026-12-01T" end                                \
    "\",\"StartTimeZone\":\"" start_zone "\",\"EndTimeZone\":\"" end_zone "\"}"
#define EAST "Eastern Standard Time"

static void test_new_events(void **state)
{
    (void)state;
    set_zone("America/New_York");
    check(NULL, TIMES("10:00:00", "11:00:00"), ZONED("10:00:00", EAST, "11:00:00", EAST));
    check(NULL, TIMES("10:00:00Z", "11:00:00+01:00"), NULL);
    check(NULL, ZONED("10:00:00", "UTC", "11:00:00", "UTC"), NULL);
    check(NULL, ZONED("10:00:00", "Tokyo Standard Time", "11:00:00", ""),
          ZONED("10:00:00", "Tokyo Standard Time", "11:00:00", "Tokyo Standard Time"));
    check(NULL, "{\"Start\":\"2026-12-01T00:00:00\",\"IsAllDay\":true}", NULL);
    check(NULL, "{\"Start\":\"soon\"}", NULL);
    set_zone("Europe/Kyiv");
    check(NULL, "{\"Start\":\"2026-12-01\"}",
          "{\"Start\":\"2026-12-01\",\"StartTimeZone\":\"FLE Standard Time\"}");
    set_zone("UTC");
    check(NULL, TIMES("10:00:00", "11:00:00"), ZONED("10:00:00", "UTC", "11:00:00", "UTC"));
}

static void test_changed_events(void **state)
{
    const char *base = ZONED("15:00:00+00:00", "UTC", "16:00:00+00:00", "UTC");

    (void)state;
    set_zone("America/New_York");
    check(base, base, NULL);
    check(base, ZONED("09:00:00", "UTC", "16:00:00+00:00", "UTC"),
          ZONED("09:00:00", EAST, "16:00:00+00:00", "UTC"));
    check(base, ZONED("09:00:00Z", "UTC", "16:00:00+00:00", "UTC"), NULL);
    check(base, ZONED("09:00:00", "Tokyo Standard Time", "16:00:00+00:00", "UTC"), NULL);
    base = ZONED("09:00:00", "Tokyo Standard Time", "10:00:00", "Tokyo Standard Time");
    check(base, ZONED("09:30:00", "Tokyo Standard Time", "10:00:00", "Tokyo Standard Time"), NULL);
    check(TIMES("09:00:00", "10:00:00"), TIMES("09:00:00", "10:00:00"), NULL);
}

static void test_zones_without_a_name_are_sent_as_utc(void **state)
{
    (void)state;
    set_zone("<+0123>-1:23");
    check(NULL, TIMES("10:00:00", "11:00:00"),
          ZONED("08:37:00+00:00", "UTC", "09:37:00+00:00", "UTC"));
    set_zone("UTC");
}

#define GRAPH(start, end)                                                                          \
    "{\"start\":{\"dateTime\":\"2026-12-01T10:00:00\"" start                                       \
    "},\"end\":{\"dateTime\":\"2026-12-01T11:00:00\"" end "}}"
#define IN(zone) ",\"timeZone\":\"" zone "\""

static void test_graph(void **state)
{
    (void)state;
    kind_use_service(SERVICE_GRAPH);
    set_zone("America/New_York");
    check(NULL, GRAPH("", ""), GRAPH(IN(EAST), IN(EAST)));
    check(NULL, GRAPH(IN("UTC"), IN("UTC")), NULL);
    check(NULL, GRAPH(IN("Tokyo Standard Time"), IN("")),
          GRAPH(IN("Tokyo Standard Time"), IN("Tokyo Standard Time")));
    check(GRAPH(IN("UTC"), IN("UTC")), GRAPH("", IN("UTC")), NULL);
    check("{\"start\":{\"dateTime\":\"2026-12-01T09:00:00\",\"timeZone\":\"UTC\"}}",
          GRAPH("", IN("UTC")), GRAPH(IN(EAST), IN("UTC")));
    set_zone("UTC");
    kind_use_service(SERVICE_CONNECTOR);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_new_events),
        cmocka_unit_test(test_changed_events),
        cmocka_unit_test(test_graph),
        cmocka_unit_test(test_zones_without_a_name_are_sent_as_utc),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
