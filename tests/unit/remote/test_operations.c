#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/buf.h>
#include <outlookfs/base/str.h>
#include <remote/connector/operations_p.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define MESSAGE_ID                                                                                 \
    "AAMkADZiMmZiZGEwLTIyZDYtNDA3ZC1hZjJkLTljYjgxNjQ5YjFkNwBGAAAAAAC1gTSkmbm5QLpPwj9qarJqBwDr1A2S" \
    "1MsmTIW9552ybeHbAAAAAAEMAADr1A2S1MsmTIW9552ybeHbAABwN-WMAAA="
#define MESSAGE_STEM                                                                               \
    "AAMkADZiMmZiZGEwLTIyZDYtNDA3ZC1hZjJkLTljYjgxNjQ5YjFkNwBGAAAAAAC1gTSkmbm5QLpPwj9qarJqBwDr1A2S" \
    "1MsmTIW9552ybeHbAAAAAAEMAADr1A2S1MsmTIW9552ybeHbAABwN-WMAAA"

#define URL(op, ...) url_of(op, PARAMS(__VA_ARGS__))

/* The URL of one call at a time. */
static char last_url[2048];

static const char *url_of(enum operation op, const struct param *params)
{
    struct buf out;

    buf_init(&out, sizeof(last_url) - 1);
    assert_int_equal(operation_url(connector_operation(op), params, NULL, &out), 0);
    strcpy(last_url, out.data);
    buf_release(&out);
    return last_url;
}

/* The requests the contract has recorded. */
static void test_recorded_requests(void **state)
{
    (void)state;
    assert_string_equal(URL(OP_GET_EMAILS, {"folderPath", "Inbox"}, {"fetchOnlyUnread", "True"},
                            {"includeAttachments", "False"}, {"top", "10"}, {"skip", "0"}),
                        "/Mail?folderPath=Inbox&fetchOnlyUnread=True&includeAttachments=False"
                        "&top=10&skip=0");
    assert_string_equal(
        URL(OP_GET_EMAIL, {"messageId", MESSAGE_ID}, {"includeAttachments", "False"}),
        "/Mail/" MESSAGE_STEM "%3D?includeAttachments=False");
    assert_string_equal(URL(OP_REPLY_TO, {"messageId", MESSAGE_ID},
                            {"comment", "This is my reply."}, {"replyAll", "False"}),
                        "/Mail/ReplyTo/" MESSAGE_STEM
                        "%3D?comment=This%20is%20my%20reply.&replyAll=False");
    assert_string_equal(URL(OP_CONTACT_PATCH_ITEM, {"table", "Contacts"}, {"id", MESSAGE_ID}),
                        "/datasets/contacts/tables/Contacts/items/" MESSAGE_STEM "%253D");
    assert_string_equal(
        URL(OP_ON_UPCOMING_EVENTS, {"table", "Calendar"}, {"lookAheadTimeInMinutes", "15"}),
        "/Events/OnUpcomingEvents?table=Calendar&lookAheadTimeInMinutes=15");
}

static void test_every_path(void **state)
{
    static const struct {
        enum operation op;
        const char *method, *url;
    } expected[] = {
        {OP_DELETE_EMAIL, "DELETE", "/Mail/M%3D"},
        {OP_MARK_AS_READ, "POST", "/Mail/MarkAsRead/M%3D"},
        {OP_GET_ATTACHMENT, "GET", "/Mail/M%3D/Attachments/A%3D"},
        {OP_CALENDAR_GET_ITEMS, "GET", "/datasets/calendars/tables/T%253D/items"},
        {OP_CALENDAR_POST_ITEM, "POST", "/datasets/calendars/tables/T%253D/items"},
        {OP_CALENDAR_GET_ITEM, "GET", "/datasets/calendars/tables/T%253D/items/I%253D"},
        {OP_CALENDAR_DELETE_ITEM, "DELETE", "/datasets/calendars/tables/T%253D/items/I%253D"},
        {OP_CALENDAR_PATCH_ITEM, "PATCH", "/datasets/calendars/tables/T%253D/items/I%253D"},
        {OP_CALENDAR_ON_NEW_ITEMS, "GET", "/datasets/calendars/tables/T%253D/onnewitems"},
        {OP_CALENDAR_ON_UPDATED_ITEMS, "GET", "/datasets/calendars/tables/T%253D/onupdateditems"},
        {OP_CONTACT_GET_ITEMS, "GET", "/datasets/contacts/tables/T%253D/items"},
        {OP_CONTACT_POST_ITEM, "POST", "/datasets/contacts/tables/T%253D/items"},
        {OP_CONTACT_GET_ITEM, "GET", "/datasets/contacts/tables/T%253D/items/I%253D"},
        {OP_CONTACT_DELETE_ITEM, "DELETE", "/datasets/contacts/tables/T%253D/items/I%253D"},
        {OP_CONTACT_PATCH_ITEM, "PATCH", "/datasets/contacts/tables/T%253D/items/I%253D"},
        {OP_ON_UPCOMING_EVENTS, "GET", "/Events/OnUpcomingEvents?table=T%3D"},
        {OP_SEND_EMAIL, "POST", "/Mail"},
        {OP_SEND_MAIL_WITH_OPTIONS, "POST", "/mailwithoptions/$subscriptions"},
        {OP_SEND_APPROVAL_MAIL, "POST", "/approvalmail/$subscriptions"},
        {OP_CALENDAR_GET_TABLES, "GET", "/datasets/calendars/tables"},
        {OP_CONTACT_GET_TABLES, "GET", "/datasets/contacts/tables"},
        {OP_ON_NEW_EMAIL, "GET", "/Mail/OnNewEmail"},
        {OP_TEST_CONNECTION, "GET", "/testconnection"},
    };
    static const struct param values[] = {
        {"messageId", "M="}, {"attachmentId", "A="}, {"table", "T="}, {"id", "I="}, {NULL}};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(expected); i++) {
        assert_string_equal(connector_operation(expected[i].op)->method, expected[i].method);
        assert_string_equal(url_of(expected[i].op, values), expected[i].url);
    }
}

static void test_encodes_what_people_write(void **state)
{
    (void)state;
    assert_string_equal(URL(OP_CONTACT_GET_ITEMS, {"table", "My Fran\u00e7ois/$x"}),
                        "/datasets/contacts/tables/My%2520Fran%25C3%25A7ois%252F%2524x/items");
    assert_string_equal(URL(OP_GET_EMAILS, {"folderPath", "Inbox/T\u00e9l\u00e9 & co"},
                            {"searchQuery", "from:bob +1 #a?"}),
                        "/Mail?folderPath=Inbox%2FT%C3%A9l%C3%A9%20%26%20co"
                        "&searchQuery=from%3Abob%20%2B1%20%23a%3F");
    assert_string_equal(URL(OP_CONTACT_GET_ITEMS, {"table", "Contacts"}, {"$top", "256"},
                            {"$filter", "GivenName eq 'A'"}, {"$orderby", "x desc"}),
                        "/datasets/contacts/tables/Contacts/items?$filter=GivenName%20eq%20%27A%27"
                        "&$orderby=x%20desc&$top=256");
    assert_string_equal(URL(OP_GET_EMAIL, {"messageId", "a/b%3D"}), "/Mail/a%2Fb%253D");
}

static void test_leaves_out_what_is_not_given(void **state)
{
    (void)state;
    assert_string_equal(URL(OP_GET_EMAILS, {"folderPath", NULL}, {"top", "1"}), "/Mail?top=1");
    assert_string_equal(URL(OP_GET_EMAILS, {"searchQuery", ""}), "/Mail?searchQuery=");
}

static void test_refuses_ids_that_are_none(void **state)
{
    static const char *const bad[] = {"", ".", ".."};
    struct buf out;

    (void)state;
    buf_init(&out, 100);
    buf_addstr(&out, "kept");
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        const struct param *params = PARAMS({"messageId", bad[i]});
        assert_int_equal(operation_url(connector_operation(OP_DELETE_EMAIL), params, NULL, &out),
                         -EINVAL);
        assert_string_equal(out.data, "kept");
    }
    buf_release(&out);
}

static void test_bounds_the_url(void **state)
{
    const struct param *params = PARAMS({"messageId", "abc"}, {"comment", "a long comment"});
    struct buf out;

    (void)state;
    buf_init(&out, 20);
    buf_addstr(&out, "kept");
    assert_int_equal(operation_url(connector_operation(OP_REPLY_TO), params, NULL, &out), -ENOBUFS);
    assert_string_equal(out.data, "kept");
    buf_release(&out);
}

static bool is_in_path(const struct operation_info *info, const char *name)
{
    char *braced = xasprintf("{%s}", name);
    bool found = strstr(info->path, braced);

    free(braced);
    return found;
}

static size_t count_of(const char *s, char c)
{
    size_t n = 0;

    for (; *s; s++)
        n += *s == c;
    return n;
}

static void test_table_is_sound(void **state)
{
    (void)state;
    for (enum operation op = OP_NONE + 1; op < OP_COUNT; op++) {
        const struct operation_info *info = connector_operation(op);
        size_t in_path = 0;

        assert_non_null(info->name);
        assert_non_null(info->method);
        assert_non_null(info->path);
        assert_int_equal(info->path[0], '/');
        for (const struct param_spec *spec = info->params; spec->name; spec++) {
            assert_in_range(spec - info->params, 0, OPERATION_PARAMS_MAX - 2);
            assert_true((spec->where != PARAM_QUERY) == is_in_path(info, spec->name));
            if (spec->where == PARAM_QUERY)
                continue;
            in_path++;
            assert_true(spec->required);
            /* Tables are encoded twice, messages once. */
            assert_true((spec->where == PARAM_PATH_DOUBLE) == str_starts(info->path, "/datasets/"));
        }
        assert_int_equal(count_of(info->path, '{'), in_path);

        bool get = str_eq(info->method, "GET"), post = str_eq(info->method, "POST");
        assert_true((info->body == BODY_NONE) == (get || str_eq(info->method, "DELETE")));
        assert_true(info->body != BODY_EMPTY || post);
        for (enum operation other = OP_NONE + 1; other < op; other++)
            assert_string_not_equal(connector_operation(other)->name, info->name);
    }
}

static void test_operations_of_kinds(void **state)
{
    (void)state;
    for (enum kind kind = 0; kind < KIND_COUNT; kind++) {
        const struct kind_operations *ops = &connector_by_kind[kind];
        assert_int_equal(connector_operation(ops->list)->answer, ANSWER_LIST);
        assert_int_equal(connector_operation(ops->get)->answer, ANSWER_OBJECT);
        assert_string_equal(connector_operation(ops->remove)->method, "DELETE");
        if (kind == KIND_MESSAGE) {
            assert_int_equal(ops->folders, OP_NONE);
            assert_int_equal(ops->create, OP_NONE);
            assert_int_equal(ops->update, OP_NONE);
            continue;
        }
        assert_int_equal(connector_operation(ops->folders)->answer, ANSWER_LIST);
        assert_string_equal(connector_operation(ops->create)->method, "POST");
        assert_string_equal(connector_operation(ops->update)->method, "PATCH");
        assert_int_equal(connector_operation(ops->update)->update, MERGE_WHOLE);
    }
    assert_int_equal(connector_by_kind[KIND_EVENT].get, OP_CALENDAR_GET_ITEM);
    assert_int_equal(connector_by_kind[KIND_CONTACT].get, OP_CONTACT_GET_ITEM);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_recorded_requests),
        cmocka_unit_test(test_every_path),
        cmocka_unit_test(test_encodes_what_people_write),
        cmocka_unit_test(test_leaves_out_what_is_not_given),
        cmocka_unit_test(test_refuses_ids_that_are_none),
        cmocka_unit_test(test_bounds_the_url),
        cmocka_unit_test(test_table_is_sound),
        cmocka_unit_test(test_operations_of_kinds),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
