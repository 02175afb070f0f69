#include "support.h"

#include <outlookfs/model/members.h>

#include <errno.h>

struct row {
    enum kind kind;
    const char *base; /* NULL: a new record */
    const char *mine;
    const char *err; /* NULL: it may be */
};

static void check(const struct row *row)
{
    cJSON *base = row->base ? object(row->base) : NULL, *mine = object(row->mine);
    struct buf err;

    buf_init(&err, BUF_TEXT_MAX);
    if (members_check(row->kind, base, mine, &err) != (row->err ? -EINVAL : 0))
        fail_msg("%s -> %s: %s", row->base ? row->base : "new", row->mine, err.data);
    if (row->err)
        assert_string_equal(err.data, row->err);
    buf_release(&err);
    cJSON_Delete(base);
    cJSON_Delete(mine);
}

static void test_names(void **state)
{
    static const struct row rows[] = {
        {KIND_CONTACT, "{'Surname':'x'}", "{'Surnmae':'Lee'}",
         "Surnmae: the service has no such member of a contact; did you mean Surname?"},
        {KIND_CONTACT, NULL, "{'GivenName':'x','surname':'Lee'}",
         "surname: the service has no such member of a contact; did you mean Surname?"},
        {KIND_CONTACT, "{}", "{'JobTitel':null}",
         "JobTitel: the service has no such member of a contact; did you mean JobTitle?"},
        {KIND_EVENT, "{}", "{'Loction':{}}",
         "Loction: the service has no such member of an event; did you mean Location?"},
        {KIND_CONTACT, NULL, "{'Bussiness':'x'}",
         "Bussiness: the service has no such member of a contact; did you mean "
         "BusinessHomePage?"},
        {KIND_CONTACT, NULL, "{'Email':'x'}",
         "Email: the service has no such member of a contact; did you mean EmailAddresses?"},
        {KIND_CONTACT, NULL, "{'Company':'x'}",
         "Company: the service has no such member of a contact; did you mean CompanyName?"},
        {KIND_EVENT, "{}", "{'ShoeSize':42}",
         "ShoeSize: the service has no such member of an event"},
        {KIND_CONTACT, "{'HomeAddress':{'City':'x'}}", "{'HomeAddress':{'Ctiy':'y'}}",
         "HomeAddress/Ctiy: the service has no such member of a contact; did you mean City?"},
        {KIND_CONTACT, NULL, "{'EmailAddresses':[{'Name':'n'},{'Adress':'a@b.c'}]}",
         "EmailAddresses/Adress: the service has no such member of a contact; did you mean "
         "Address?"},
        {KIND_EVENT, "{}", "{'Attendees':[{'EmailAddress':{'Addres':'a'}}]}",
         "Attendees/EmailAddress/Addres: the service has no such member of an event; did you "
         "mean Address?"},
        /* What the service sends stays, also below and in lists that change. */
        {KIND_CONTACT, "{'New':1,'HomeAddress':{'Room':'1','City':'a'}}",
         "{'New':{'x':2},'HomeAddress':{'Room':2,'City':'b'}}", NULL},
        {KIND_CONTACT, "{'EmailAddresses':[{'Name':'a','Kind':'b'}]}",
         "{'EmailAddresses':[{'Name':'x'},{'Name':'c','Kind':'d'}]}", NULL},
        /* Ignored on the way out. */
        {KIND_CONTACT, NULL, "{'ChangeKey':5,'@odata.etag':1,'Birthday@odata.type':'x'}", NULL},
        {KIND_CONTACT, "{}", "{'HomeAddress':{'@odata.type':'x','City':null}}", NULL},
        /* A copy of a record of the service has what that has, but no misspelt member. */
        {KIND_CONTACT, NULL, "{'Id':'1','Pronouns':'x','GivenName':'y'}", NULL},
        {KIND_CONTACT, NULL, "{'Id':'1','Pronouns':'x','GivenName':'y','Surnmae':'z'}",
         "Surnmae: the service has no such member of a contact; did you mean Surname?"},
        {KIND_CONTACT, NULL, "{'Id':'1','Titel':'x','Title':'y'}", NULL},
        {KIND_MESSAGE, "{}", "{'Any':1}", NULL},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
        check(&rows[i]);
}

static void test_types(void **state)
{
    static const struct row rows[] = {
        {KIND_CONTACT, "{'GivenName':'x'}", "{'GivenName':5}",
         "GivenName: must be a text (\"...\")"},
        {KIND_CONTACT, NULL, "{'GivenName':['x']}", "GivenName: must be a text (\"...\")"},
        {KIND_EVENT, "{'Location':{'DisplayName':'x'}}", "{'Location':'Room 1'}",
         "Location: must be an object ({...})"},
        {KIND_EVENT, "{'Location':{'DisplayName':'x'}}", "{'Location':''}",
         "Location: must be an object ({...})"},
        {KIND_EVENT, "{}", "{'IsAllDay':'true'}", "IsAllDay: must be true or false"},
        {KIND_EVENT, "{}", "{'Reminder':1.5}", "Reminder: must be a whole number"},
        {KIND_EVENT, "{}", "{'Reminder':'15'}", "Reminder: must be a whole number"},
        {KIND_EVENT, "{}", "{'Location':{'Coordinates':{'Latitude':'47'}}}",
         "Location/Coordinates/Latitude: must be a number"},
        {KIND_CONTACT, "{}", "{'HomePhones':'1'}",
         "HomePhones: must be a list of texts ([\"...\"])"},
        {KIND_CONTACT, "{}", "{'HomePhones':['1',2]}",
         "HomePhones: must be a list of texts ([\"...\"])"},
        {KIND_CONTACT, "{}", "{'EmailAddresses':['a@b.c']}",
         "EmailAddresses: must be a list of objects ([{...}])"},
        {KIND_EVENT, "{}",
         "{'Reminder':15,'IsAllDay':true,'Categories':[],'Location':null,'Body':{'Content':'x'},"
         "'Recurrence':{'Pattern':{'Interval':1,'DaysOfWeek':['Monday']}}}",
         NULL},
        /* What the service sent in another type may stay. */
        {KIND_CONTACT, "{'Title':5,'HomePhones':'1'}", "{'HomePhones':'1','Title':5.0}", NULL},
        {KIND_CONTACT, "{'Title':5}", "{'Title':6}", "Title: must be a text (\"...\")"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
        check(&rows[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_types),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
