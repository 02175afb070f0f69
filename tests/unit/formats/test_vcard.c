/*
 * test_vcard.c - contacts as vCards.
 */
#include "formats_test.h"

#include <outlookfs/base/str.h>
#include <outlookfs/formats/vcard.h>

#include <errno.h>

static char *card_of(const char *literal)
{
    cJSON *contact = object(literal);
    struct buf out;
    char *text;

    buf_init(&out, OUT_MAX);
    assert_int_equal(vcard_write(contact, &out), 0);
    text = buf_detach(&out);
    buf_release(&out);
    cJSON_Delete(contact);
    return text;
}

static void check_has(const char *literal, const char *expected)
{
    char *text = card_of(literal);

    assert_has(text, expected);
    free(text);
}

static void test_whole_contact(void **state)
{
    char *text = card_of(
        "{'Id':'AAMk=','Birthday':'1980-05-06T00:00:00+00:00','DisplayName':'Dr. Jo "
        "Doe','GivenName':"
        "'John','Surname':'Doe','MiddleName':'M','Title':'Dr','Generation':'Jr','NickName':'Jo',"
        "'EmailAddresses':[{'Name':'x','Address':'a@example.com'},{'Name':'y','Address':'b@example."
        "com'}"
        "],'ImAddresses':['sip:j@x.org','j@x.org'],'JobTitle':'Boss','CompanyName':'ACME','"
        "Department':"
        "'Lab','OfficeLocation':'Room "
        "4','Profession':'Chemist','BusinessHomePage':'https://x.org/',"
        "'AssistantName':'Ann','Manager':'Mia','HomePhones':['1','2'],'BusinessPhones':['3'],"
        "'MobilePhone1':'4','HomeAddress':{'Street':'1 Way\\r\\nFloor "
        "2','City':'Town','State':'ST',"
        "'CountryOrRegion':'US','PostalCode':'123'},'BusinessAddress':{'Street':null},'"
        "OtherAddress':"
        "{'City':'Else'},'YomiCompanyName':'yc','YomiGivenName':'yg','YomiSurname':'ys','"
        "Categories':"
        "['Red','Blue'],'DateTimeLastModified':'2023-12-21T16:48:52.1234567+00:00'}");

    (void)state;
    assert_string_equal(text, "BEGIN:VCARD\r\n"
                              "VERSION:4.0\r\n"
                              "PRODID:-//outlookfs//outlookfs//EN\r\n"
                              "UID;VALUE=text:AAMk=\r\n"
                              "FN:Dr. Jo Doe\r\n"
                              "N:Doe;John;M;Dr;Jr\r\n"
                              "NICKNAME:Jo\r\n"
                              "X-PHONETIC-FIRST-NAME:yg\r\n"
                              "X-PHONETIC-LAST-NAME:ys\r\n"
                              "ORG:ACME;Lab\r\n"
                              "X-PHONETIC-ORG:yc\r\n"
                              "TITLE:Boss\r\n"
                              "ROLE:Chemist\r\n"
                              "X-MS-MANAGER:Mia\r\n"
                              "RELATED;TYPE=agent;VALUE=text:Ann\r\n"
                              "EMAIL;PREF=1;X-CN=\"x\":a@example.com\r\n"
                              "EMAIL;X-CN=\"y\":b@example.com\r\n"
                              "TEL;TYPE=cell:4\r\n"
                              "TEL;TYPE=work:3\r\n"
                              "TEL;TYPE=home:1\r\n"
                              "TEL;TYPE=home:2\r\n"
                              "IMPP:sip:j@x.org\r\n"
                              "IMPP:im:j@x.org\r\n"
                              "URL;TYPE=work:https://x.org/\r\n"
                              "ADR;TYPE=work:;Room 4;;;;;\r\n"
                              "ADR;TYPE=home:;;1 Way\\nFloor 2;Town;ST;123;US\r\n"
                              "ADR:;;;Else;;;\r\n"
                              "BDAY:19800506\r\n"
                              "CATEGORIES:Red,Blue\r\n"
                              "REV:20231221T164852Z\r\n"
                              "END:VCARD\r\n");
    free(text);
}

static void test_full_name_is_never_empty(void **state)
{
    (void)state;
    check_has("{'DisplayName':' ','FileAs':'Doe, J'}", "\r\nFN:Doe\\, J\r\n");
    check_has("{'DisplayName':null,'GivenName':'J','Surname':'D'}", "\r\nFN:J D\r\n");
    check_has("{'Surname':'D'}", "\r\nFN:D\r\n");
    check_has("{'CompanyName':'C'}", "\r\nFN:C\r\n");
    check_has("{'EmailAddresses':[{'Address':'a@b'}]}", "\r\nFN:a@b\r\n");
    check_has("{'Id':'I'}", "\r\nFN:I\r\n");
    check_has("{}", "\r\nFN:?\r\n");
    check_has("{'DisplayName':'\x01'}", "\r\nFN:?\r\n");
}

static void test_birthdays(void **state)
{
    char *none = card_of("{'Birthday':'0001-01-01T00:00:00+00:00'}");

    (void)state;
    assert_lacks(none, "BDAY");
    free(none);
    check_has("{'Birthday':'1604-02-29T11:59:00Z'}", "\r\nBDAY:--0229\r\n");
    check_has("{'Birthday':'0001-02-03T00:00:00Z'}", "\r\nBDAY:--0203\r\n");
    check_has("{'Birthday':'1600-02-03'}", "\r\nBDAY:16000203\r\n");
}

static void test_text_is_escaped(void **state)
{
    (void)state;
    check_has("{'DisplayName':'a\\\\b,c;d\\r\\ne\\rf\\u2028g\\u0001h'}",
              "\r\nFN:a\\\\b\\,c\\;d\\ne\\nf\\ngh\r\n");
    check_has("{'BusinessHomePage':'http://x/a,b;c\\r\\nEvil:1'}",
              "\r\nURL;TYPE=work:http://x/a%2Cb%3Bc%0D%0AEvil:1\r\n");
}

static void test_lines_are_folded_between_characters(void **state)
{
    char *name = repeated("\xf0\x9f\x98\x80", 100);
    char *literal = xasprintf("{'DisplayName':'xy%s'}", name);
    char *text = card_of(literal), *rest = text;

    (void)state;
    for (char *line = strsep(&rest, "\n"); line; line = strsep(&rest, "\n")) {
        assert_true(strlen(line) <= 76); /* with its "\r" */
        assert_true(str_is_utf8(line, strlen(line)));
    }
    free(text);
    free(literal);
    free(name);
}

static void test_full_buffer(void **state)
{
    cJSON *contact = object("{'DisplayName':'x'}");

    (void)state;
    for (size_t max = 0; max < 90; max++) {
        struct buf out;

        buf_init(&out, max);
        if (vcard_write(contact, &out) == 0)
            assert_true(str_ends(out.data, "END:VCARD\r\n"));
        else
            assert_int_equal(out.len, 0);
        buf_release(&out);
    }
    cJSON_Delete(contact);
}

static void test_odd_types(void **state)
{
    (void)state;
    check_has(
        "{'Id':7,'DisplayName':[],'EmailAddresses':'x','HomePhones':[1,null,{}],'HomeAddress':[],"
        "'Categories':[null,'',3],'Birthday':5,'ImAddresses':[':',' ','1:2'],'Surname':{}}",
        "\r\nIMPP:im::\r\nIMPP:im:1:2\r\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whole_contact),
        cmocka_unit_test(test_full_name_is_never_empty),
        cmocka_unit_test(test_birthdays),
        cmocka_unit_test(test_text_is_escaped),
        cmocka_unit_test(test_lines_are_folded_between_characters),
        cmocka_unit_test(test_full_buffer),
        cmocka_unit_test(test_odd_types),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
