#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/cancel.h>
#include <outlookfs/base/clock.h>
#include <outlookfs/base/json.h>
#include <outlookfs/base/str.h>
#include <outlookfs/remote/testing.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct remote_ctx no_ctx;

static int setup(void **state)
{
    *state = remote_memory_create();
    return 0;
}

static int teardown(void **state)
{
    remote_destroy(*state);
    return 0;
}

/* A successful remote_create(), _update() and _get(); the body is taken. */
static cJSON *create(struct remote *r, enum kind kind, const char *folder, const char *body)
{
    cJSON *json = cJSON_Parse(body), *ret = NULL;
    struct remote_fault fault;

    assert_int_equal(remote_create(r, kind, folder, json, no_ctx, &ret, &fault), GRADE_OK);
    assert_int_equal(fault.status, 201);
    remote_fault_release(&fault);
    cJSON_Delete(json);
    return ret;
}

static cJSON *update(struct remote *r, enum kind kind, const char *folder, const char *id,
                     const char *body)
{
    cJSON *json = cJSON_Parse(body), *ret = NULL;
    struct remote_fault fault;

    assert_int_equal(remote_update(r, kind, folder, id, json, no_ctx, &ret, &fault),
                     GRADE_OK);
    remote_fault_release(&fault);
    cJSON_Delete(json);
    return ret;
}

static cJSON *get(struct remote *r, enum kind kind, const char *folder, const char *id)
{
    cJSON *ret = NULL;
    struct remote_fault fault;

    assert_int_equal(remote_get(r, kind, folder, id, no_ctx, &ret, &fault), GRADE_OK);
    remote_fault_release(&fault);
    return ret;
}

static struct remote_page list(struct remote *r, enum kind kind, const char *folder,
                               struct remote_query query)
{
    struct remote_page page;
    struct remote_fault fault;

    assert_int_equal(remote_list(r, kind, folder, &query, no_ctx, &page, &fault), GRADE_OK);
    assert_int_not_equal(fault.date, 0);
    remote_fault_release(&fault);
    return page;
}

/* "a,b,c": a member of each item of a page, which is released. */
static const char *names(struct remote_page page, const char *member)
{
    static char joined[256];
    const cJSON *item;

    joined[0] = '\0';
    cJSON_ArrayForEach(item, page.items)
    {
        if (*joined)
            strcat(joined, ",");
        strcat(joined, json_str(item, member));
    }
    cJSON_Delete(page.items);
    return joined;
}

static void test_created_record(void **state)
{
    struct remote *r = *state;
    cJSON *contact = create(r, KIND_CONTACT, "Contacts",
                            "{\"GivenName\":\"Jane\",\"HomePhones\":[],\"Id\":\"mine\"}");
    const char *id = json_str(contact, "Id");

    assert_int_equal(strlen(id), 152);
    assert_true(str_ends(id, "="));
    assert_int_equal(
        strspn(id, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_="), 152);
    assert_int_equal(strlen(json_str(contact, "ChangeKey")), 40);
    assert_int_equal(strlen(json_str(contact, "ParentFolderId")), 120);
    assert_int_equal(strlen(json_str(contact, "DateTimeCreated")), 25);
    assert_string_equal(json_str(contact, "CreatedDateTime"), json_str(contact, "DateTimeCreated"));
    assert_string_equal(json_str(contact, "LastModifiedDateTime"),
                        json_str(contact, "DateTimeLastModified"));
    cJSON *again = get(r, KIND_CONTACT, "Contacts", id);
    assert_true(json_equal(again, contact));
    assert_true(json_equal(remote_memory_get(r, KIND_CONTACT, id), contact));
    assert_null(remote_memory_get(r, KIND_EVENT, id));
    assert_int_equal(remote_memory_count(r, KIND_CONTACT), 1);
    assert_int_equal(remote_memory_count(r, KIND_EVENT), 0);
    cJSON_Delete(again);
    cJSON_Delete(contact);
}

static void test_created_event(void **state)
{
    struct remote *r = *state;
    cJSON *event = create(r, KIND_EVENT, "Calendar",
                          "{\"Subject\":\"S\",\"Start\":\"2023-12-20T14:15:00.000Z\","
                          "\"End\":\"2023-12-20T16:05:00.000Z\"}");
    int64_t modified;

    assert_string_equal(json_str(event, "Importance"), "Low");
    assert_string_equal(json_str(event, "ShowAs"), "Free");
    assert_int_equal(strlen(json_str(event, "ChangeKey")), 32);
    assert_int_equal(str_parse_time(json_str(event, "DateTimeLastModified"), &modified), 0);
    cJSON_Delete(event);
}

static void test_update_resets_what_is_left_out(void **state)
{
    struct remote *r = *state;
    cJSON *old = create(r, KIND_CONTACT, "Contacts",
                        "{\"GivenName\":\"John\",\"HomePhones\":[\"1\"],\"Surname\":\"Doe\","
                        "\"EmailAddresses\":[{\"Address\":\"a@b\"}],\"Birthday\":null,"
                        "\"HomeAddress\":{\"City\":\"X\"}}");
    const char *id = json_str(old, "Id");

    clock_advance(2 * NS_PER_S);
    cJSON *new = update(r, KIND_CONTACT, "Contacts", id,
                        "{\"GivenName\":\"Jim\",\"HomePhones\":[\"2\"],\"NickName\":\"J\","
                        "\"Id\":\"other\",\"ChangeKey\":\"mine\"}");
    assert_string_equal(json_str(new, "Id"), id);
    assert_string_equal(json_str(new, "GivenName"), "Jim");
    assert_string_equal(json_str(new, "NickName"), "J");
    assert_string_equal(json_str(new, "Surname"), "");
    assert_int_equal(cJSON_GetArraySize(json_get(new, "EmailAddresses")), 0);
    assert_true(cJSON_IsArray(json_get(new, "EmailAddresses")));
    assert_true(cJSON_IsNull(json_get(new, "HomeAddress")));
    assert_string_not_equal(json_str(new, "ChangeKey"), json_str(old, "ChangeKey"));
    assert_string_not_equal(json_str(new, "ChangeKey"), "mine");
    assert_string_equal(json_str(new, "DateTimeCreated"), json_str(old, "DateTimeCreated"));
    assert_string_not_equal(json_str(new, "DateTimeLastModified"),
                            json_str(old, "DateTimeLastModified"));
    assert_true(json_equal(remote_memory_get(r, KIND_CONTACT, id), new));
    cJSON_Delete(new);
    cJSON_Delete(old);

    old = create(r, KIND_EVENT, "Calendar",
                 "{\"Subject\":\"S\",\"Start\":\"a\",\"End\":\"b\",\"ShowAs\":\"Busy\"}");
    new = update(r, KIND_EVENT, "Calendar", json_str(old, "Id"),
                 "{\"Subject\":\"T\",\"Start\":\"a\",\"End\":\"b\"}");
    assert_string_equal(json_str(new, "ShowAs"), "Free");
    cJSON_Delete(new);
    cJSON_Delete(old);
}

static void test_incomplete_records_are_refused(void **state)
{
    struct remote *r = *state;
    cJSON *body = cJSON_Parse("{\"Subject\":\"no times\"}"), *ret = NULL;
    struct remote_fault fault;

    assert_int_equal(remote_create(r, KIND_EVENT, "Calendar", body, no_ctx, &ret, &fault),
                     GRADE_REFUSED);
    assert_int_equal(fault.status, 400);
    assert_non_null(fault.reason);
    remote_fault_release(&fault);
    assert_int_equal(remote_memory_count(r, KIND_EVENT), 0);
    cJSON_Delete(body);
}

static void test_unknown_is_gone(void **state)
{
    struct remote *r = *state;
    cJSON *body = cJSON_Parse("{\"GivenName\":\"x\",\"HomePhones\":[]}"), *ret = NULL;
    const struct remote_query query = {.top = 1};
    struct remote_page page;
    struct remote_fault fault;

#define GONE(call)                                                                                 \
    do {                                                                                           \
        assert_int_equal(call, GRADE_GONE);                                                        \
        assert_int_equal(fault.status, 404);                                                       \
        remote_fault_release(&fault);                                                              \
    } while (0)
    GONE(remote_get(r, KIND_CONTACT, "Contacts", "x", no_ctx, &ret, &fault));
    GONE(remote_update(r, KIND_CONTACT, "Contacts", "x", body, no_ctx, &ret, &fault));
    GONE(remote_delete(r, KIND_CONTACT, "Contacts", "x", no_ctx, &fault));
    GONE(remote_create(r, KIND_CONTACT, "Nowhere", body, no_ctx, &ret, &fault));
    GONE(remote_list(r, KIND_CONTACT, "Nowhere", &query, no_ctx, &page, &fault));
    GONE(remote_get(r, KIND_MESSAGE, NULL, "x", no_ctx, &ret, &fault));
    GONE(remote_delete(r, KIND_MESSAGE, NULL, "x", no_ctx, &fault));
    GONE(remote_mark_read(r, "x", no_ctx, &fault));
    assert_null(ret);
    cJSON_Delete(body);
}

static void test_delete(void **state)
{
    struct remote *r = *state;
    char *id = xstrdup(remote_memory_add(r, KIND_CONTACT, "Contacts", cJSON_CreateObject()));
    struct remote_fault fault;

    remote_memory_add(r, KIND_CONTACT, "Contacts", cJSON_CreateObject());
    assert_int_equal(remote_delete(r, KIND_CONTACT, "Contacts", id, no_ctx, &fault), GRADE_OK);
    remote_fault_release(&fault);
    assert_int_equal(remote_memory_count(r, KIND_CONTACT), 1);
    assert_null(remote_memory_get(r, KIND_CONTACT, id));
    free(id);
}

static void test_paging_and_order(void **state)
{
    struct remote *r = *state;

    for (int i = 0; i < 5; i++) {
        char body[160];
        snprintf(body, sizeof(body),
                 "{\"GivenName\":\"%c\",\"DateTimeLastModified\":\"2023-01-0%dT00:00:00+00:00\","
                 "\"DateTimeCreated\":\"2022-01-0%dT00:00:00Z\"}",
                 'a' + i, (i * 2) % 5 + 1, 5 - i);
        remote_memory_add(r, KIND_CONTACT, "Contacts", cJSON_Parse(body));
    }
    struct remote_page page = list(r, KIND_CONTACT, "Contacts", (struct remote_query){.top = 2});
    assert_false(page.last);
    assert_true(page.bytes > 100);
    assert_string_equal(names(page, "GivenName"), "a,b");
    page = list(r, KIND_CONTACT, "Contacts", (struct remote_query){.top = 2, .skip = 4});
    assert_true(page.last);
    assert_string_equal(names(page, "GivenName"), "e");
    page = list(r, KIND_CONTACT, "Contacts", (struct remote_query){.top = 2, .skip = 9});
    assert_true(page.last);
    assert_string_equal(names(page, "GivenName"), "");
    page = list(r, KIND_CONTACT, "Contacts",
                (struct remote_query){.top = 9, .orderby = "DateTimeLastModified desc"});
    assert_string_equal(names(page, "GivenName"), "c,e,b,d,a");
    page = list(r, KIND_CONTACT, "Contacts",
                (struct remote_query){.top = 2, .skip = 1, .orderby = "DateTimeCreated desc"});
    assert_string_equal(names(page, "GivenName"), "b,c");
}

static void test_questions_not_supported(void **state)
{
    static const struct remote_query queries[] = {
        {.top = 1, .filter = "GivenName eq 'a'"},
        {.top = 1, .orderby = "GivenName desc"},
        {.top = 1, .orderby = "DateTimeCreated"},
        {.top = 1, .orderby = "DateTimeCreated asc"},
    };

    for (size_t i = 0; i < ARRAY_SIZE(queries); i++) {
        struct remote_page page;
        struct remote_fault fault;
        assert_int_equal(
            remote_list(*state, KIND_CONTACT, "Contacts", &queries[i], no_ctx, &page, &fault),
            GRADE_REFUSED);
        remote_fault_release(&fault);
    }
}

static void test_other_clients(void **state)
{
    struct remote *r = *state;
    const char *id =
        remote_memory_add(r, KIND_EVENT, "Calendar", cJSON_Parse("{\"Subject\":\"a\"}"));
    cJSON *before = get(r, KIND_EVENT, "Calendar", id);

    clock_advance(NS_PER_S);
    remote_memory_edit(r, KIND_EVENT, id, cJSON_Parse("{\"Subject\":\"b\",\"New\":1}"));
    cJSON *after = get(r, KIND_EVENT, "Calendar", id);
    assert_string_equal(json_str(after, "Subject"), "b");
    assert_int_equal(json_int(after, "New", 0), 1);
    assert_string_not_equal(json_str(after, "ChangeKey"), json_str(before, "ChangeKey"));
    assert_string_not_equal(json_str(after, "DateTimeLastModified"),
                            json_str(before, "DateTimeLastModified"));
    remote_memory_remove(r, KIND_EVENT, id);
    assert_int_equal(remote_memory_count(r, KIND_EVENT), 0);
    cJSON_Delete(before);
    cJSON_Delete(after);
}

static void test_table_by_id(void **state)
{
    struct remote *r = *state;
    struct remote_folders folders;
    struct remote_fault fault;

    remote_memory_add(r, KIND_CONTACT, "Contacts", cJSON_Parse("{\"GivenName\":\"a\"}"));
    remote_memory_add(r, KIND_CONTACT, "Friends", cJSON_Parse("{\"GivenName\":\"b\"}"));
    assert_int_equal(remote_list_folders(r, KIND_CONTACT, no_ctx, &folders, &fault), GRADE_OK);
    remote_fault_release(&fault);
    struct remote_page page =
        list(r, KIND_CONTACT, folders.list[1].id, (struct remote_query){.top = 9});
    assert_string_equal(names(page, "GivenName"), "b");
    remote_folders_release(&folders);
}

/* --- mail ------------------------------------------------------------------------------------- */

static const char *add_mail(struct remote *r, const char *subject, const char *received, bool read)
{
    cJSON *mail = cJSON_CreateObject();

    cJSON_AddStringToObject(mail, "Subject", subject);
    cJSON_AddStringToObject(mail, "From", "bob@contoso.com");
    cJSON_AddStringToObject(mail, "Importance", "High");
    cJSON_AddStringToObject(mail, "DateTimeReceived", received);
    cJSON_AddBoolToObject(mail, "IsRead", read);
    return remote_memory_add(r, KIND_MESSAGE, "Inbox", mail);
}

static void test_mail_list(void **state)
{
    struct remote *r = *state;

    add_mail(r, "old", "2023-01-01T00:00:00+00:00", true);
    add_mail(r, "new", "2023-03-01T00:00:00+00:00", true);
    add_mail(r, "mid", "2023-02-01T00:00:00+00:00", false);
    assert_string_equal(
        names(list(r, KIND_MESSAGE, "Inbox", (struct remote_query){.top = 9}), "Subject"),
        "new,mid,old");
    assert_string_equal(
        names(list(r, KIND_MESSAGE, "Inbox", (struct remote_query){.top = 1, .skip = 1}),
              "Subject"),
        "mid");
    assert_string_equal(
        names(list(r, KIND_MESSAGE, "Inbox", (struct remote_query){.top = 9, .only_unread = true}),
              "Subject"),
        "mid");
    assert_string_equal(
        names(list(r, KIND_MESSAGE, "Inbox", (struct remote_query){.top = 9, .search = "OLD"}),
              "Subject"),
        "old");
    assert_string_equal(
        names(list(r, KIND_MESSAGE, "Inbox", (struct remote_query){.top = 9, .search = "Alice"}),
              "Subject"),
        "");
}

static void test_importance_of_one_message(void **state)
{
    const char *id = add_mail(*state, "a", "2023-01-01T00:00:00+00:00", false);
    cJSON *mail = get(*state, KIND_MESSAGE, NULL, id);

    assert_int_equal(json_int(mail, "Importance", -1), 2);
    assert_string_equal(json_str(remote_memory_get(*state, KIND_MESSAGE, id), "Importance"),
                        "High");
    cJSON_Delete(mail);
}

static void test_mark_as_read(void **state)
{
    const char *id = add_mail(*state, "a", "2023-01-01T00:00:00+00:00", false);
    struct remote_fault fault;

    assert_int_equal(remote_mark_read(*state, id, no_ctx, &fault), GRADE_OK);
    remote_fault_release(&fault);
    assert_true(json_bool(remote_memory_get(*state, KIND_MESSAGE, id), "IsRead", false));
}

static void test_deleted_mail_moves(void **state)
{
    struct remote *r = *state;
    char *id = xstrdup(add_mail(r, "a", "2023-01-01T00:00:00+00:00", false));
    struct remote_fault fault;

    assert_int_equal(remote_delete(r, KIND_MESSAGE, NULL, id, no_ctx, &fault), GRADE_OK);
    assert_null(remote_memory_get(r, KIND_MESSAGE, id));
    struct remote_page page =
        list(r, KIND_MESSAGE, "Deleted Items", (struct remote_query){.top = 9});
    assert_int_equal(cJSON_GetArraySize(page.items), 1);
    char *moved = xstrdup(json_str(cJSON_GetArrayItem(page.items, 0), "Id"));
    assert_string_not_equal(moved, id);
    cJSON_Delete(page.items);

    assert_int_equal(remote_delete(r, KIND_MESSAGE, NULL, moved, no_ctx, &fault), GRADE_OK);
    assert_int_equal(remote_memory_count(r, KIND_MESSAGE), 0);
    free(moved);
    free(id);
}

static int append(void *ctx, const void *data, size_t len)
{
    return buf_add(ctx, data, len);
}

static int give_up(void *ctx, const void *data, size_t len)
{
    (void)ctx;
    (void)data;
    (void)len;
    return 1;
}

static void test_attachments(void **state)
{
    struct remote *r = *state;
    const char *id = remote_memory_add(
        r, KIND_MESSAGE, "Inbox",
        cJSON_Parse("{\"Attachments\":[{\"Name\":\"a.txt\",\"ContentBytes\":\"aGVsbG8=\"},"
                    "{\"Name\":\"b\",\"ContentBytes\":\"AP/+\"},"
                    "{\"Name\":\"c\",\"ContentBytes\":\"a\"}]}"));
    struct remote_page page = list(r, KIND_MESSAGE, "Inbox", (struct remote_query){.top = 1});
    const cJSON *mail = cJSON_GetArrayItem(page.items, 0);
    const cJSON *attachments = json_get(mail, "Attachments");
    struct remote_fault fault;
    struct buf bytes;

    assert_true(json_bool(mail, "HasAttachment", false));
    const char *aid[3];
    for (int i = 0; i < 3; i++) {
        aid[i] = json_str(cJSON_GetArrayItem(attachments, i), "Id");
        assert_int_equal(strlen(aid[i]), 180);
        assert_true(str_starts(aid[i], id));
        assert_null(json_get(cJSON_GetArrayItem(attachments, i), "ContentBytes"));
    }

    buf_init(&bytes, 100);
    assert_int_equal(remote_attachment(r, id, aid[0], no_ctx, append, NULL, &bytes, &fault), GRADE_OK);
    assert_string_equal(bytes.data, "hello");
    assert_int_equal(remote_attachment(r, id, aid[1], no_ctx, append, NULL, &bytes, &fault), GRADE_OK);
    assert_int_equal(bytes.len, 8);
    assert_memory_equal(bytes.data, "hello\0\xff\xfe", 8);
    assert_int_equal(remote_attachment(r, id, aid[2], no_ctx, append, NULL, &bytes, &fault),
                     GRADE_REFUSED);
    remote_fault_release(&fault);
    assert_int_equal(remote_attachment(r, id, "x", no_ctx, append, NULL, &bytes, &fault), GRADE_GONE);
    remote_fault_release(&fault);
    assert_int_equal(remote_attachment(r, id, aid[0], no_ctx, give_up, NULL, NULL, &fault), GRADE_BROKEN);
    remote_fault_release(&fault);
    assert_int_equal(bytes.len, 8);
    buf_release(&bytes);
    cJSON_Delete(page.items);

    page = list(r, KIND_MESSAGE, "Inbox", (struct remote_query){.top = 1, .attachments = true});
    attachments = json_get(cJSON_GetArrayItem(page.items, 0), "Attachments");
    assert_string_equal(json_str(cJSON_GetArrayItem(attachments, 0), "ContentBytes"), "aGVsbG8=");
    cJSON_Delete(page.items);
}

/* Of an object, the text goes to a sink instead. */
static void test_the_text_of_an_object(void **state)
{
    struct remote *r = *state;
    const struct param params[] = {
        {"messageId",
         remote_memory_add(r, KIND_MESSAGE, "Inbox", cJSON_Parse("{\"Subject\":\"x\"}"))}};
    struct buf text;
    struct remote_call call = {
        .op = OP_GET_EMAIL, .params = params, .nparams = 1, .sink = append, .sink_ctx = &text};
    struct remote_fault fault;
    cJSON *message;

    buf_init(&text, BUF_TEXT_MAX);
    assert_int_equal(remote_call(r, &call, &fault), GRADE_OK);
    assert_null(call.answer);
    assert_int_equal(call.bytes, text.len);
    assert_int_equal(json_parse_object(text.data, text.len, &message, NULL), 0);
    assert_string_equal(json_str(message, "Subject"), "x");
    cJSON_Delete(message);
    remote_call_release(&call);
    buf_release(&text);
}

static void test_attachment_ids_follow_the_message(void **state)
{
    struct remote *r = *state;
    const char *id = remote_memory_add(r, KIND_MESSAGE, "Inbox",
                                       cJSON_Parse("{\"Attachments\":[{\"Name\":\"a\"}]}"));
    struct remote_fault fault;

    assert_int_equal(remote_delete(r, KIND_MESSAGE, NULL, id, no_ctx, &fault), GRADE_OK);
    struct remote_page page =
        list(r, KIND_MESSAGE, "Deleted Items", (struct remote_query){.top = 1});
    const cJSON *mail = cJSON_GetArrayItem(page.items, 0);
    assert_true(str_starts(json_str(cJSON_GetArrayItem(json_get(mail, "Attachments"), 0), "Id"),
                           json_str(mail, "Id")));
    cJSON_Delete(page.items);
}

static void test_sent_mail_is_kept(void **state)
{
    struct remote *r = *state;
    const char *id = add_mail(r, "question", "2023-01-01T00:00:00+00:00", false);
    const struct param reply[] = {{"messageId", id}, {"comment", "an answer"}};
    cJSON *mail = cJSON_Parse("{\"To\":\"a@b\",\"Subject\":\"hi\",\"Body\":\"x\"}");
    cJSON *bad = cJSON_Parse("{\"Subject\":\"hi\",\"Body\":\"x\"}");
    struct remote_call send = {.op = OP_SEND_EMAIL, .body = mail};
    struct remote_call answer = {.op = OP_REPLY_TO, .params = reply, .nparams = 2};
    struct remote_fault fault;

    assert_int_equal(remote_call(r, &send, &fault), GRADE_OK);
    clock_advance(NS_PER_S);
    assert_int_equal(remote_call(r, &answer, &fault), GRADE_OK);
    send.body = bad;
    assert_int_equal(remote_call(r, &send, &fault), GRADE_REFUSED);
    remote_fault_release(&fault);
    assert_string_equal(
        names(list(r, KIND_MESSAGE, "Sent Items", (struct remote_query){.top = 9}), "Subject"),
        "RE: question,hi");
    cJSON_Delete(mail);
    cJSON_Delete(bad);
}

static void test_mail_with_options(void **state)
{
    cJSON *body = cJSON_Parse("{\"NotificationUrl\":\"https://example.org/1\","
                              "\"Message\":{\"To\":\"a@b\",\"Options\":\"Yes, No\"}}");
    cJSON *bad = cJSON_Parse("{\"Message\":{\"To\":\"a@b\"}}");
    struct remote_call call = {.op = OP_SEND_APPROVAL_MAIL, .body = body};
    struct remote_fault fault;

    assert_int_equal(remote_call(*state, &call, &fault), GRADE_OK);
    assert_string_equal(json_str(call.answer, "notificationUrl"), "https://example.org/1");
    assert_true(str_ends(call.location, json_str(call.answer, "id")));
    remote_call_release(&call);
    call.body = bad;
    assert_int_equal(remote_call(*state, &call, &fault), GRADE_REFUSED);
    remote_fault_release(&fault);
    cJSON_Delete(body);
    cJSON_Delete(bad);
}

/* --- the rest --------------------------------------------------------------------------------- */

static void test_triggers_are_refused(void **state)
{
    struct remote_call call = {.op = OP_ON_NEW_EMAIL};
    struct remote_fault fault;

    assert_int_equal(remote_call(*state, &call, &fault), GRADE_REFUSED);
    remote_fault_release(&fault);
    assert_int_equal(remote_test(*state, no_ctx, &fault), GRADE_OK);
}

static void test_counts_calls(void **state)
{
    struct remote_fault fault;

    remote_test(*state, no_ctx, &fault);
    remote_test(*state, no_ctx, &fault);
    remote_mark_read(*state, "x", no_ctx, &fault);
    remote_fault_release(&fault);
    assert_int_equal(remote_memory_calls(*state, OP_TEST_CONNECTION), 2);
    assert_int_equal(remote_memory_calls(*state, OP_MARK_AS_READ), 1);
    assert_int_equal(remote_memory_calls(*state, OP_COUNT), 3);
}

static void test_cancelled(void **state)
{
    struct cancel cancel;
    struct remote_fault fault;

    cancel_init(&cancel);
    cancel_fire(&cancel);
    assert_int_equal(remote_test(*state, (struct remote_ctx){.cancel = &cancel}, &fault),
                     GRADE_CANCELLED);
    remote_fault_release(&fault);
    assert_int_equal(remote_memory_calls(*state, OP_COUNT), 0);
}

#define THREADS 4
#define ROUNDS 50

static void *write_and_read(void *r)
{
    for (int i = 0; i < ROUNDS; i++) {
        cJSON *made =
            create(r, KIND_CONTACT, "Contacts", "{\"GivenName\":\"a\",\"HomePhones\":[]}");
        cJSON *changed = update(r, KIND_CONTACT, "Contacts", json_str(made, "Id"),
                                "{\"GivenName\":\"b\",\"HomePhones\":[]}");
        struct remote_page page =
            list(r, KIND_CONTACT, "Contacts", (struct remote_query){.top = 9});
        cJSON_Delete(page.items);
        cJSON_Delete(changed);
        cJSON_Delete(made);
    }
    return NULL;
}

static void test_many_threads(void **state)
{
    pthread_t threads[THREADS];

    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, write_and_read, *state), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(remote_memory_count(*state, KIND_CONTACT), THREADS * ROUNDS);
    assert_int_equal(remote_memory_calls(*state, OP_COUNT), THREADS * ROUNDS * 3);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_created_record),
        TEST(test_created_event),
        TEST(test_update_resets_what_is_left_out),
        TEST(test_incomplete_records_are_refused),
        TEST(test_unknown_is_gone),
        TEST(test_delete),
        TEST(test_paging_and_order),
        TEST(test_questions_not_supported),
        TEST(test_other_clients),
        TEST(test_table_by_id),
        TEST(test_mail_list),
        TEST(test_importance_of_one_message),
        TEST(test_mark_as_read),
        TEST(test_deleted_mail_moves),
        TEST(test_attachments),
        TEST(test_the_text_of_an_object),
        TEST(test_attachment_ids_follow_the_message),
        TEST(test_sent_mail_is_kept),
        TEST(test_mail_with_options),
        TEST(test_triggers_are_refused),
        TEST(test_counts_calls),
        TEST(test_cancelled),
        TEST(test_many_threads),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
