#include "support.h"

#include <outlookfs/model/item.h>

#include <errno.h>

static void test_contact(void **state)
{
    cJSON *obj = object("{'@odata.context':'u','Id':'AAMk_-=','ChangeKey':'69QN+/==',"
                        "'DateTimeLastModified':'2023-12-22T15:00:29.5+00:00'}");
    struct item item = {0};

    (void)state;
    assert_int_equal(item_from_json(KIND_CONTACT, obj, &item, NULL), 0);
    assert_int_equal(item.kind, KIND_CONTACT);
    assert_string_equal(item.id, "AAMk_-=");
    assert_string_equal(item.etag, "69QN+/==");
    assert_true(item.mtime == INT64_C(1703257229500000000));
    assert_string_equal(item.text,
                        "{\n  \"Id\": \"AAMk_-=\",\n  \"ChangeKey\": \"69QN+/==\",\n"
                        "  \"DateTimeLastModified\": \"2023-12-22T15:00:29.5+00:00\"\n}\n");
    assert_int_equal(item.size, strlen(item.text));
    item_release(&item);
    assert_null(item.text);
    item_release(&item);
    cJSON_Delete(obj);
}

static void test_message(void **state)
{
    cJSON *obj = object("{'Id':'m','Importance':0,'ChangeKey':'ignored',"
                        "'DateTimeReceived':'2023-12-19T05:43:51+00:00'}");
    struct item item = {0};

    (void)state;
    assert_int_equal(item_from_json(KIND_MESSAGE, obj, &item, NULL), 0);
    assert_string_equal(item.etag, "");
    assert_true(item.mtime == INT64_C(1702964631000000000));
    assert_non_null(strstr(item.text, "\"Importance\": \"Low\""));
    item_release(&item);
    cJSON_Delete(obj);
}

static void test_no_usable_time(void **state)
{
    static const char *const literals[] = {
        "{'Id':'e'}",
        "{'Id':'e','DateTimeLastModified':null}",
        "{'Id':'e','DateTimeLastModified':'yesterday'}",
        "{'Id':'e','DateTimeLastModified':'0001-01-01T00:00:00+00:00'}",
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(literals); i++) {
        cJSON *obj = object(literals[i]);
        struct item item = {0};

        assert_int_equal(item_from_json(KIND_EVENT, obj, &item, NULL), 0);
        assert_true(item.mtime == 0);
        item_release(&item);
        cJSON_Delete(obj);
    }
}

static int with_id(const char *id, struct buf *err)
{
    cJSON *obj = cJSON_CreateObject();
    struct item item = {0};
    int rc;

    cJSON_AddStringToObject(obj, "Id", id);
    rc = item_from_json(KIND_EVENT, obj, &item, err);
    if (rc)
        assert_true(!item.id && !item.etag && !item.text);
    else
        assert_string_equal(item.id, id);
    item_release(&item);
    cJSON_Delete(obj);
    return rc;
}

static void test_ids(void **state)
{
    static const char *const odd[] = {"a/b", "a\nb", "\x1f", "..", "~a", "a b.~#\xc3\xa9"};
    char id[1001];
    struct buf err;
    cJSON *obj = object("{'Subject':'x'}");
    struct item item = {0};

    (void)state;
    buf_init(&err, BUF_TEXT_MAX);
    assert_int_equal(with_id("", &err), -EBADMSG);
    assert_true(err.len > 0);
    for (size_t i = 0; i < ARRAY_SIZE(odd); i++)
        assert_int_equal(with_id(odd[i], NULL), 0);
    buf_clear(&err);
    assert_int_equal(item_from_json(KIND_EVENT, obj, &item, &err), -EBADMSG);
    assert_string_equal(err.data, "the service sent no id with this event");

    memset(id, 'A', sizeof(id));
    id[1000] = '\0';
    assert_int_equal(with_id(id, NULL), 0);
    cJSON_Delete(obj);
    buf_release(&err);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_contact),
        cmocka_unit_test(test_message),
        cmocka_unit_test(test_no_usable_time),
        cmocka_unit_test(test_ids),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
