#include "support.h"

#include <outlookfs/model/items.h>

#include <errno.h>

static struct items read_page(enum kind kind, const char *text)
{
    struct items items;
    struct buf err;

    buf_init(&err, BUF_TEXT_MAX);
    if (items_read(&items, kind, text, strlen(text), &err))
        fail_msg("%s", err.data);
    buf_release(&err);
    return items;
}

/* Of JSON with ' for ". */
static struct items read_literal(enum kind kind, const char *literal)
{
    char *text = xstrdup(literal);
    struct items items;

    for (char *p = text; *p; p++)
        if (*p == '\'')
            *p = '"';
    items = read_page(kind, text);
    free(text);
    return items;
}

static void assert_same_item(const struct item *a, const struct item *b)
{
    assert_string_equal(a->text, b->text);
    assert_int_equal(a->size, strlen(a->text));
    assert_int_equal(a->size, b->size);
    assert_string_equal(a->id, b->id);
    assert_string_equal(a->etag, b->etag);
    assert_int_equal(a->mtime, b->mtime);
    assert_int_equal(a->kind, b->kind);
    assert_int_equal(a->attachments, b->attachments);
}

/* The answer as a service would write it: without white space, or with a lot. */
static char *answer_of(struct random *r, const cJSON *list)
{
    char *plain = json_print(list), *text;
    struct buf out;

    if (random_below(r, 2))
        return plain;
    buf_init(&out, 1 << 20);
    for (const char *p = plain; *p; p++)
        buf_addf(&out, "%c%s", *p, strchr("{[", *p) && p[1] == '"' ? "\n \t" : "");
    text = buf_detach(&out);
    free(plain);
    return text;
}

/* Byte for byte what a tree of each record gives. */
static void test_as_from_a_tree(void **state)
{
    struct random r = {0x9e3779b97f4a7c15};

    (void)state;
    for (int round = 0; round < 2000; round++) {
        enum kind kind = (enum kind)(round % KIND_COUNT);
        cJSON *list = cJSON_CreateArray(), *obj;
        unsigned count = random_below(&r, 6), i = 0;

        for (unsigned n = 0; n < count; n++) {
            obj = random_object(&r, 3);
            cJSON_DeleteItemFromObjectCaseSensitive(obj, "Id");
            cJSON_AddStringToObject(obj, random_below(&r, 4) ? "Id" : "ItemInternalId", "AAMk=");
            if (random_below(&r, 2))
                cJSON_AddStringToObject(obj, "@odata.context", "dropped");
            if (random_below(&r, 2))
                cJSON_AddStringToObject(obj, "DateTimeLastModified", "2026-11-23T09:14:05Z");
            if (random_below(&r, 2))
                cJSON_AddItemToObject(obj, "Attachments", random_value(&r, 2));
            if (random_below(&r, 2))
                cJSON_AddNumberToObject(obj, "Importance", random_below(&r, 4));
            cJSON_AddItemToArray(list, obj);
        }
        char *text = answer_of(&r, list);
        struct items items = read_page(kind, text);

        assert_int_equal(items_all(&items), count);
        assert_int_equal(items.count, count);
        assert_null(items.next_link);
        assert_false(items.mended);
        cJSON_ArrayForEach(obj, list)
        {
            struct item expected = {0};

            assert_int_equal(item_from_json(kind, obj, &expected, NULL), 0);
            assert_same_item(&items.list[i++], &expected);
            item_release(&expected);
        }
        items_release(&items);
        free(text);
        cJSON_Delete(list);
    }
}

static void test_numbers_and_strings_stay(void **state)
{
    struct items items = read_page(
        KIND_CONTACT, "[{\"Id\":\"1\",\"n\":[1.10,-0,1e400,9007199254740993,47.639631234567894],"
                      "\"s\":\"\\u0041\\/\\u00e9\\ud83d\\ude00\\u001F\\b\xc3\xa9\"}]");

    (void)state;
    assert_string_equal(items.list[0].text,
                        "{\n  \"Id\": \"1\",\n  \"n\": [\n    1.10,\n    -0,\n    1e400,\n"
                        "    9007199254740993,\n    47.639631234567894\n  ],\n"
                        "  \"s\": \"A/\xc3\xa9\xf0\x9f\x98\x80\\u001f\\b\xc3\xa9\"\n}\n");
    items_release(&items);
}

static void test_envelopes(void **state)
{
    static const struct {
        const char *text;
        unsigned all;
        const char *next_link;
    } good[] = {
        {"[]", 0, NULL},
        {" [ {'Id':'a'} , {'Id':'b'} ] ", 2, NULL},
        {"{'value':[]}", 0, NULL},
        {"{'@odata.context':'x','value':[{'Id':'a'}],'more':{'value':[1,{}]}}", 1, NULL},
        {"{'value':[{'Id':'a'}],'@odata.nextLink':'http://n'}", 1, "http://n"},
        {"{'@odata.nextLink':'http://n','value':[{'Id':'a'}]}", 1, "http://n"},
        {"{'@odata.nextLink':'','value':[]}", 0, NULL},
        {"{'@odata.nextLink':null,'value':[]}", 0, NULL},
        {"{'@odata.nextLink':'http://1','value':[{'Id':'a'},{'Id':'b'}],'value':[{'Id':'c'}],"
         "'@odata.nextLink':'http://2'}",
         1, "http://2"},
    };
    static const struct {
        const char *text, *reason;
    } bad[] = {
        {"{}", "not a list"},
        {"{'value':{}}", "not a list"},
        {"{'value':null}", "not a list"},
        {"{'error':{'code':'x'},'value':[]}", "not a list"},
        {"[1]", "not a list"},
        {"{'value':[{'Id':'a'},'x']}", "not a list"},
        {"'x'", "not a list"},
        {"[{'Id':'a'}", "1:12: the text is not complete"},
        {"{'value':[{'Id':'a'}", "1:21: the text is not complete"},
        {"[{'Id':'a'}]x", "1:13: expected nothing more"},
        {"[{'Id':'a',}]", "1:12: expected a member name in \" \""},
        {"[{'Id':{'x':[", "1:14: the text is not complete"},
        {"", "1:1: the text is not complete"},
        {"<html>",
         "1:1: expected a value (a string in \" \", a number, true, false, null, { or [)"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
        struct items items = read_literal(KIND_EVENT, good[i].text);

        assert_int_equal(items_all(&items), good[i].all);
        assert_int_equal(items.count, good[i].all);
        if (good[i].next_link)
            assert_string_equal(items.next_link, good[i].next_link);
        else
            assert_null(items.next_link);
        items_release(&items);
    }
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        struct items items;
        char *text = xstrdup(bad[i].text);
        struct buf err;

        for (char *p = text; *p; p++)
            if (*p == '\'')
                *p = '"';
        buf_init(&err, BUF_TEXT_MAX);
        assert_int_equal(items_read(&items, KIND_CONTACT, text, strlen(text), &err), -EBADMSG);
        assert_string_equal(err.data, bad[i].reason);
        assert_null(items.list);
        assert_int_equal(items.count, 0);
        buf_release(&err);
        free(text);
    }
}

static void test_the_last_of_a_name_counts(void **state)
{
    struct items items =
        read_literal(KIND_CONTACT,
                     "[{'Id':'1','ChangeKey':'x','A':{'b':1,'c':2,'b':3},'ChangeKey':'y','Id':'2'},"
                     "{'A':{'b':1},'B':{'b':2},'L':[{'b':1},{'b':2}],'Id':'3'}]");

    (void)state;
    assert_int_equal(items.count, 2);
    assert_string_equal(items.list[0].text,
                        "{\n  \"Id\": \"2\",\n  \"ChangeKey\": \"y\",\n  \"A\": {\n    \"b\": 3,\n"
                        "    \"c\": 2\n  }\n}\n");
    assert_string_equal(items.list[0].id, "2");
    assert_string_equal(items.list[0].etag, "y");
    assert_string_equal(items.list[1].id, "3");
    items_release(&items);
}

static void test_what_has_no_id_is_left_out_alone(void **state)
{
    struct items items = read_literal(KIND_CONTACT, "[{'Id':'1'},{'GivenName':'x'},{'Id':'a/b'},"
                                                    "{'Id':5},{'Id':'','ItemInternalId':'2'}]");

    (void)state;
    assert_int_equal(items_all(&items), 5);
    assert_string_equal(items.list[0].id, "1");
    assert_string_equal(items.list[items.count - 1].id, "2");
    assert_string_equal(items.left_out[0], "the service sent no id with this contact");
    items_release(&items);
}

static char *nested(size_t levels, const char *id)
{
    struct buf out;

    buf_init(&out, 1 << 20);
    buf_addf(&out, "{\"Id\":\"%s\",\"deep\":", id);
    for (size_t i = 0; i < levels; i++)
        buf_addstr(&out, i % 2 ? "{\"x\":" : "[");
    buf_addstr(&out, "7");
    for (size_t i = levels; i-- > 0;)
        buf_addch(&out, i % 2 ? '}' : ']');
    buf_addch(&out, '}');
    return buf_detach(&out);
}

/* Deep values and long numbers do not hide the page; up to the limit a tree gives the same. */
static void test_extremes(void **state)
{
    static const size_t depths[] = {1, 510, 511, 512, 513, 900, 20000};
    char *digits = xmalloc(1 << 20);

    (void)state;
    memset(digits, '1', (1 << 20) - 1);
    digits[(1 << 20) - 1] = '\0';
    for (size_t i = 0; i < ARRAY_SIZE(depths); i++) {
        char *deep = nested(depths[i], "deep");
        char *text =
            xasprintf("{\"value\":[{\"Id\":\"a\"},%s,{\"Id\":\"b\",\"n\":%s}]}", deep, digits);
        struct items items = read_page(KIND_CONTACT, text);
        cJSON *obj = NULL;

        assert_int_equal(items.count, 3);
        assert_string_equal(items.list[1].id, "deep");
        assert_true(items.list[2].size > (1 << 20));
        if (json_parse_object(deep, strlen(deep), &obj, NULL) == 0) {
            struct item expected = {0};

            assert_true(depths[i] <= 511);
            assert_int_equal(item_from_json(KIND_CONTACT, obj, &expected, NULL), 0);
            assert_same_item(&items.list[1], &expected);
            item_release(&expected);
        } else {
            assert_true(depths[i] > 511);
            assert_non_null(strchr(items.list[1].text, '7'));
        }
        cJSON_Delete(obj);
        items_release(&items);
        free(text);
        free(deep);
    }
    free(digits);
}

static void test_wrong_bytes_are_mended(void **state)
{
    struct items items =
        read_page(KIND_CONTACT, "[{\"Id\":\"1\",\"s\":\"a\xff\\u0000\\ud800\tb\"},{\"Id\":\"2\"}]");

    (void)state;
    assert_true(items.mended);
    assert_int_equal(items.count, 2);
    assert_string_equal(
        items.list[0].text,
        "{\n  \"Id\": \"1\",\n  \"s\": \"a\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\\tb\"\n}\n");
    items_release(&items);
}

#define WHOLE(id, more)                                                                            \
    "{'@odata.type':'#microsoft.graph.message','id':'" id "','createdDateTime':null,'body':{},"    \
    "'isDraft':false" more "}"
#define REMOVED(id) "{'id':'" id "','@removed':{'reason':'deleted'}}"

static void test_a_change_feed(void **state)
{
    (void)state;
    kind_use_service(SERVICE_GRAPH);
    struct items items = read_literal(
        KIND_MESSAGE,
        "{'@odata.deltaLink':'d','value':[" WHOLE("1", "") "," REMOVED("2") "," REMOVED(
            "1") ",{'id':'3','isRead':true}," WHOLE("2", ",'@odata.type':'#x'") "]}");

    assert_string_equal(items.delta_link, "d");
    assert_null(items.next_link);
    assert_int_equal(items.nremoved, 1); /* the last entry of a record counts */
    assert_string_equal(items.removed[0], "1");
    assert_int_equal(items.count, 2);
    assert_string_equal(items.list[0].id, "3");
    assert_true(items.list[0].partial);
    assert_string_equal(items.list[1].id, "2");
    assert_false(items.list[1].partial);
    items_release(&items);

    items = read_literal(KIND_MESSAGE,
                         "[" WHOLE("1", "") ",{'@odata.type':'#microsoft.graph.eventMessage',"
                                            "'id':'2'}]");
    assert_null(strstr(items.list[0].text, "odata.type")); /* every message is one */
    assert_non_null(strstr(items.list[1].text, "eventMessage"));
    items_release(&items);
    kind_use_service(SERVICE_CONNECTOR);
}

/* However an answer is damaged, it is refused or read, and what is read is JSON. */
/* The names of a record are looked for in the next one. One with quotes in it, as it is read, is
 * what several names look like. */
static void test_names_are_not_mistaken(void **state)
{
    static const char sly[] = "{\"Id\":\"1\",\"a\\\":1,\\\"b\":2}";
    static const struct {
        const char *second, *text; /* NULL: the answer is broken */
    } seconds[] = {
        {"{\"Id\":\"2\",\"a\":1,\"b\":2}", "{\n  \"Id\": \"2\",\n  \"a\": 1,\n  \"b\": 2\n}\n"},
        {"{\"Id\":\"2\",\"a\\\":1,\\\"b\":2}", "{\n  \"Id\": \"2\",\n  \"a\\\":1,\\\"b\": 2\n}\n"},
        {"{\"Id\" : \"2\",\"Id2\":3}", "{\n  \"Id\": \"2\",\n  \"Id2\": 3\n}\n"},
        {"{,\"Id\":\"2\"}", NULL},
        {"{\"Id\":\"2\",\"a\":}", NULL},
        {"{\"Id\":,\"a\":1}", NULL},
        {"{\"Id\":\"2\",\"x\":[{\"Id\":1},\"Id\":2]}", NULL},
        {"[\"Id\":\"2\"]", NULL},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(seconds); i++) {
        char *text = xasprintf("[%s,%s]", sly, seconds[i].second);
        struct items items;
        int rc = items_read(&items, KIND_CONTACT, text, strlen(text), NULL);

        assert_int_equal(rc == 0, seconds[i].text != NULL);
        if (!rc) {
            assert_int_equal(items.count, 2);
            assert_string_equal(items.list[1].text, seconds[i].text);
            items_release(&items);
        }
        free(text);
    }
}

static void test_damaged_answers(void **state)
{
    static const char sample[] =
        "{\"value\":[{\"Id\":\"1\",\"A\":{\"b\":[1,{\"c\":null}]},\"s\":\"\\u00e9\"},"
        "{\"Id\":\"2\",\"A\":{\"b\":[]}}],\"@odata.nextLink\":\"x\"}";
    static const char bytes[] = "{}[]\",:\\u0 1aI";
    struct random r = {5};
    unsigned read = 0;

    (void)state;
    for (int round = 0; round < 50000; round++) {
        struct items items;
        char text[sizeof(sample)];
        size_t len = sizeof(sample) - 1 - random_below(&r, 2) * random_below(&r, 40);

        memcpy(text, sample, sizeof(sample));
        for (unsigned n = random_below(&r, 3); n > 0; n--)
            text[random_below(&r, (unsigned)len)] = bytes[random_below(&r, sizeof(bytes) - 1)];
        if (items_read(&items, KIND_MESSAGE, text, len, NULL))
            continue;
        read++;
        for (size_t i = 0; i < items.count; i++)
            assert_int_equal(json_scan(items.list[i].text, items.list[i].size, NULL),
                             JSON_COMPLETE);
        items_release(&items);
    }
    assert_true(read > 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_as_from_a_tree),
        cmocka_unit_test(test_numbers_and_strings_stay),
        cmocka_unit_test(test_envelopes),
        cmocka_unit_test(test_the_last_of_a_name_counts),
        cmocka_unit_test(test_what_has_no_id_is_left_out_alone),
        cmocka_unit_test(test_extremes),
        cmocka_unit_test(test_wrong_bytes_are_mended),
        cmocka_unit_test(test_a_change_feed),
        cmocka_unit_test(test_names_are_not_mistaken),
        cmocka_unit_test(test_damaged_answers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
