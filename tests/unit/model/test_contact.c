/* A person is renamed. */
#include "support.h"

#include <outlookfs/model/contact.h>
#include <outlookfs/model/kind.h>

#define BASE(display, file_as)                                                                     \
    "{'GivenName':'Jane','MiddleName':'Q','Surname':'Doe','Title':'Dr.','Generation':'Jr.'"        \
    ",'DisplayName':'" display "','FileAs':'" file_as "'}"
#define NOW(display, file_as)                                                                      \
    "{'GivenName':'Jane','MiddleName':'Q','Surname':'Roe','Title':'Dr.','Generation':'Jr.'"        \
    ",'DisplayName':'" display "','FileAs':'" file_as "'}"

static void check(const char *base, const char *written, const char *expected)
{
    cJSON *before = object(base), *contact = object(written);
    bool changed = contact_is_renamed(before, contact) && contact_settle_names(before, contact);

    assert_int_equal(changed, strcmp(written, expected) != 0);
    assert_json(contact, expected);
    cJSON_Delete(before);
    cJSON_Delete(contact);
}

static void test_what_the_parts_gave_follows(void **state)
{
    static const char *const forms[][2] = {
        {"Jane Doe", "Jane Roe"},         {"Doe, Jane", "Roe, Jane"},
        {"Jane Q Doe", "Jane Q Roe"},     {"Doe, Jane Q", "Roe, Jane Q"},
        {"Dr. Jane Doe", "Dr. Jane Roe"}, {"Dr. Jane Q Doe Jr.", "Dr. Jane Q Roe Jr."},
        {"Doe Jane", "Roe Jane"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
        char *base = xasprintf(BASE("%s", "%s"), forms[i][0], forms[i][0]);
        char *written = xasprintf(NOW("%s", "%s"), forms[i][0], forms[i][0]);
        char *expected = xasprintf(NOW("%s", "%s"), forms[i][1], forms[i][1]);

        check(base, written, expected);
        free(base);
        free(written);
        free(expected);
    }
}

static void test_what_somebody_wrote_stays(void **state)
{
    (void)state;
    check(BASE("Janie", "D"), NOW("Janie", "D"), NOW("Janie", "D"));
    check(BASE("Jane Doe", "D"), NOW("Jane Doe-Roe", "D"), NOW("Jane Doe-Roe", "D"));
    check(BASE("Jane Doe", "Doe, Jane"), BASE("Jane Doe", "Doe, Jane"),
          BASE("Jane Doe", "Doe, Jane"));
}

static void test_parts_that_are_not_there(void **state)
{
    (void)state;
    check("{'GivenName':'Jane','DisplayName':'Jane'}", "{'GivenName':'Joan','DisplayName':'Jane'}",
          "{'GivenName':'Joan','DisplayName':'Joan'}");
    check("{'GivenName':'Jane','Surname':null,'FileAs':'Jane'}",
          "{'GivenName':'Jane','Surname':'Roe','FileAs':'Jane'}",
          "{'GivenName':'Jane','Surname':'Roe','FileAs':'Jane Roe'}");
    check("{'GivenName':'Jane','Surname':'Doe','DisplayName':'Jane Doe'}",
          "{'GivenName':'Jane','Surname':'','DisplayName':'Jane Doe'}",
          "{'GivenName':'Jane','Surname':'','DisplayName':'Jane Doe'}");
}

static void test_graph(void **state)
{
    (void)state;
    kind_use_service(SERVICE_GRAPH);
    check("{'givenName':'Jane','surname':'Doe','displayName':'Jane Doe','fileAs':'Doe, Jane'}",
          "{'givenName':'Jane','surname':'Roe','displayName':'Jane Doe','fileAs':'Doe, Jane'}",
          "{'givenName':'Jane','surname':'Roe','displayName':'Jane Roe','fileAs':'Roe, Jane'}");
    kind_use_service(SERVICE_CONNECTOR);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_the_parts_gave_follows),
        cmocka_unit_test(test_what_somebody_wrote_stays),
        cmocka_unit_test(test_parts_that_are_not_there),
        cmocka_unit_test(test_graph),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
