#include "support.h"

#include <outlookfs/base/str.h>
#include <outlookfs/model/kind.h>

#include <errno.h>

struct fixture {
    struct buf err;
};

static int setup(void **state)
{
    struct fixture *f = xcalloc(1, sizeof(*f));

    buf_init(&f->err, BUF_TEXT_MAX);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    buf_release(&f->err);
    free(f);
    return 0;
}

static int check_new(struct fixture *f, enum kind kind, const char *mine)
{
    cJSON *m = object(mine);
    int rc;

    buf_clear(&f->err);
    rc = kind_check_new(kind, m, &f->err);
    cJSON_Delete(m);
    return rc;
}

static int check_update(struct fixture *f, enum kind kind, const char *base, const char *mine)
{
    cJSON *b = object(base);
    cJSON *m = object(mine);
    int rc;

    buf_clear(&f->err);
    rc = kind_check_update(kind, b, m, &f->err);
    cJSON_Delete(b);
    cJSON_Delete(m);
    return rc;
}

static void test_tables(void **state)
{
    (void)state;
    assert_int_equal(kind_by_dir("mail"), KIND_MESSAGE);
    assert_int_equal(kind_by_dir("calendars"), KIND_EVENT);
    assert_int_equal(kind_by_dir("contacts"), KIND_CONTACT);
    assert_int_equal(kind_by_dir("Contacts"), KIND_COUNT);
    assert_int_equal(kind_by_dir(""), KIND_COUNT);
    for (enum kind kind = 0; kind < KIND_COUNT; kind++)
        assert_int_equal(kind_by_dir(kind_info(kind)->dir), kind);
    assert_null(kind_info(KIND_MESSAGE)->etag);
    assert_string_equal(kind_info(KIND_MESSAGE)->modified, "DateTimeReceived");
    assert_string_equal(kind_info(KIND_EVENT)->etag, "ChangeKey");
    assert_true(kind_info(KIND_CONTACT)->caps & KIND_CAN_FILTER);
    assert_false(kind_info(KIND_MESSAGE)->caps & (KIND_CAN_CREATE | KIND_CAN_EDIT));
}

static void test_managed(void **state)
{
    (void)state;
    assert_true(kind_is_managed(KIND_CONTACT, "ParentFolderId"));
    assert_true(kind_is_managed(KIND_CONTACT, "LastModifiedDateTime"));
    assert_true(kind_is_managed(KIND_EVENT, "WebLink"));
    assert_true(kind_is_managed(KIND_EVENT, "Organizer"));
    assert_true(kind_is_managed(KIND_EVENT, "@odata.etag"));
    assert_true(kind_is_managed(KIND_MESSAGE, "Start@odata.type"));
    assert_false(kind_is_managed(KIND_EVENT, "Subject"));
    assert_false(kind_is_managed(KIND_EVENT, "ResponseRequested"));
    assert_false(kind_is_managed(KIND_EVENT, "ParentFolderId"));
    assert_false(kind_is_managed(KIND_CONTACT, "id"));
    assert_false(kind_is_managed(KIND_CONTACT, "DisplayName"));
    assert_false(kind_is_managed(KIND_MESSAGE, "Attachments"));
}

static void test_id(void **state)
{
    static const struct {
        const char *literal;
        const char *id;
    } cases[] = {
        {"{'Id':'a','ItemInternalId':'b'}", "a"},
        {"{'Id':'','ItemInternalId':'b'}", "b"},
        {"{'Id':null,'ItemInternalId':'b'}", "b"},
        {"{'ItemInternalId':'b'}", "b"},
        {"{'ItemInternalId':''}", NULL},
        {"{'Id':7}", NULL},
        {"{'id':'a'}", NULL},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        cJSON *obj = object(cases[i].literal);

        assert_true(str_eq(kind_id(KIND_CONTACT, obj), cases[i].id));
        cJSON_Delete(obj);
    }
}

static void assert_order(const cJSON *obj, const char *expected)
{
    struct buf names;
    const cJSON *member;

    buf_init(&names, BUF_TEXT_MAX);
    cJSON_ArrayForEach(member, obj)
    {
        assert_int_equal(buf_addf(&names, "%s ", member->string), 0);
    }
    assert_string_equal(names.data, expected);
    buf_release(&names);
}

static void test_normalise(void **state)
{
    cJSON *obj;

    (void)state;
    obj = object("{'@odata.context':'u','Id':'1','Importance':2}");
    kind_normalise(KIND_EVENT, obj);
    assert_json(obj, "{'Id':'1','Importance':2}");
    cJSON_Delete(obj);

    obj = object("{'Id':'1','@odata.context':'u','Importance':'High','From':'a'}");
    kind_normalise(KIND_MESSAGE, obj);
    assert_order(obj, "Id Importance From ");
    cJSON_Delete(obj);

    obj = object("{'Id':'1','Importance':9}");
    kind_normalise(KIND_MESSAGE, obj);
    assert_json(obj, "{'Id':'1','Importance':9}");
    cJSON_Delete(obj);
}

/* The recorded members of both answers (contract 2.1, 2.2), values shortened. */
static void test_one_message_two_operations(void **state)
{
    cJSON *list = object("{'From':'f','To':'t','Cc':null,'Bcc':null,'ReplyTo':null,'Subject':'s',"
                         "'Body':'b','Importance':'Normal','BodyPreview':'p','HasAttachment':false,"
                         "'Id':'i','InternetMessageId':'m','ConversationId':'c',"
                         "'DateTimeReceived':'d','IsRead':false,'Attachments':[],'IsHtml':true,"
                         "'New':1}");
    cJSON *get = object("{'New':1,'Id':'i','DateTimeReceived':'d','HasAttachment':false,"
                        "'InternetMessageId':'m','Subject':'s','BodyPreview':'p','Importance':1,"
                        "'ConversationId':'c','IsRead':false,'IsHtml':true,'Body':'b','From':'f',"
                        "'To':'t','Cc':null,'Bcc':null,'ReplyTo':null,'Attachments':[]}");
    struct buf one, other;

    (void)state;
    buf_init(&one, BUF_TEXT_MAX);
    buf_init(&other, BUF_TEXT_MAX);
    kind_normalise(KIND_MESSAGE, list);
    kind_normalise(KIND_MESSAGE, get);
    assert_int_equal(render_record(list, &one), 0);
    assert_int_equal(render_record(get, &other), 0);
    assert_string_equal(one.data, other.data);

    /* Moved members leave a list that still takes more at its end. */
    cJSON_AddNumberToObject(get, "Last", 1);
    assert_int_equal(cJSON_GetArraySize(get), 19);
    assert_string_equal(get->child->prev->string, "Last");
    buf_release(&one);
    buf_release(&other);
    cJSON_Delete(list);
    cJSON_Delete(get);
}

static void test_complete_new(void **state)
{
    cJSON *obj = object("{'ShowAs':'Free','Importance':null}");

    (void)state;
    kind_complete_new(KIND_EVENT, obj);
    assert_json(obj, "{'ShowAs':'Free','Importance':'Normal','StartTimeZone':'UTC',"
                     "'EndTimeZone':'UTC'}");
    cJSON_Delete(obj);

    obj = object("{'HomePhones':['1']}");
    kind_complete_new(KIND_CONTACT, obj);
    assert_json(obj, "{'HomePhones':['1']}");
    cJSON_Delete(obj);

    obj = object("{}");
    kind_complete_new(KIND_CONTACT, obj);
    assert_json(obj, "{'HomePhones':[]}");
    kind_complete_new(KIND_MESSAGE, obj);
    assert_json(obj, "{'HomePhones':[]}");
    cJSON_Delete(obj);
}

static void test_check_new(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(check_new(f, KIND_CONTACT, "{'GivenName':'x'}"), 0);
    assert_int_equal(check_new(f, KIND_CONTACT, "{'GivenName':null}"), -EINVAL);
    assert_string_equal(f->err.data, "GivenName: required in a new contact");
    assert_int_equal(check_new(f, KIND_EVENT, "{'Subject':'s','Start':'t'}"), -EINVAL);
    assert_string_equal(f->err.data, "End: required in a new event");
    assert_int_equal(check_new(f, KIND_EVENT, "{'Subject':'','Start':'t','End':'t'}"), 0);
    assert_int_equal(check_new(f, KIND_MESSAGE, "{'Subject':'s'}"), -EPERM);
}

static void test_check_update(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(
        check_update(f, KIND_CONTACT, "{'GivenName':'x'}", "{'GivenName':'y','Title':'z'}"), 0);
    assert_int_equal(check_update(f, KIND_CONTACT, "{'GivenName':'x'}", "{'Title':'z'}"), -EINVAL);
    assert_string_equal(f->err.data, "GivenName: required in a contact");
    assert_int_equal(
        check_update(f, KIND_CONTACT, "{'GivenName':null}", "{'GivenName':null,'Title':'z'}"), 0);
    assert_int_equal(check_update(f, KIND_EVENT, "{'Subject':'s','Start':'t','End':'t'}",
                                  "{'Subject':'s','Start':null,'End':'t'}"),
                     -EINVAL);
}

static void test_check_message_update(void **state)
{
    static const struct {
        const char *base, *mine;
        int rc;
        const char *err;
    } cases[] = {
        {"{'Id':'1','IsRead':false}", "{'Id':'1','IsRead':true}", 0, ""},
        {"{'Id':'1','IsRead':true}", "{'Id':'1','IsRead':true}", 0, ""},
        {"{'IsRead':false,'Cc':null}", "{'IsRead':true}", 0, ""},
        {"{'IsRead':false}", "{'IsRead':true,'ItemInternalId':'7'}", 0, ""},
        {"{'A':1,'Subject':'s','Body':'b','IsRead':false}",
         "{'Body':'c','Subject':'t','A':1,'IsRead':true}", -EPERM,
         "Subject: of a message only IsRead can change"},
        {"{'IsRead':false}", "{'IsRead':true,'Flag':1}", -EPERM,
         "Flag: of a message only IsRead can change"},
        {"{'Subject':'s','IsRead':true}", "{'IsRead':false}", -EPERM,
         "Subject: of a message only IsRead can change"},
        {"{'IsRead':true}", "{'IsRead':false}", -EPERM,
         "IsRead: this API version cannot mark a message unread"},
        {"{'IsRead':true}", "{}", -EPERM, "IsRead: must be true or false"},
        {"{'IsRead':false}", "{'IsRead':'true'}", -EPERM, "IsRead: must be true or false"},
    };
    struct fixture *f = *state;

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        assert_int_equal(check_update(f, KIND_MESSAGE, cases[i].base, cases[i].mine), cases[i].rc);
        assert_string_equal(f->err.data, cases[i].err);
    }
}

static void test_drafts(void **state)
{
    struct fixture *f = *state;

    kind_use_service(SERVICE_GRAPH);
    assert_int_equal(check_update(f, KIND_MESSAGE, "{'subject':'a','isDraft':true}",
                                  "{'subject':'b','isDraft':true}"),
                     0);
    /* made here: the service has not said yet what it is */
    assert_int_equal(check_update(f, KIND_MESSAGE, "{'subject':'a'}", "{'subject':'b'}"), 0);
    assert_int_equal(check_update(f, KIND_MESSAGE, "{'subject':'a','isDraft':false}",
                                  "{'subject':'b','isDraft':false}"),
                     -EPERM);
    kind_use_service(SERVICE_CONNECTOR);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tables),
        cmocka_unit_test(test_managed),
        cmocka_unit_test(test_id),
        cmocka_unit_test(test_normalise),
        cmocka_unit_test(test_one_message_two_operations),
        cmocka_unit_test(test_complete_new),
        cmocka_unit_test_setup_teardown(test_check_new, setup, teardown),
        cmocka_unit_test_setup_teardown(test_check_update, setup, teardown),
        cmocka_unit_test_setup_teardown(test_check_message_update, setup, teardown),
        cmocka_unit_test_setup_teardown(test_drafts, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
