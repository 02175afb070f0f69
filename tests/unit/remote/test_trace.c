/* What the log says of calls when it is asked to. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <outlookfs/base/json.h>
#include <outlookfs/base/log.h>
#include "support/transports.h"

#include <string.h>

static const struct remote_ctx no_ctx;

static enum grade create_contact(struct remote *r, struct remote_fault *fault)
{
    cJSON *body = cJSON_Parse("{\"GivenName\":\"a\",\"HomePhones\":[]}"), *ret = NULL;
    enum grade grade = remote_create(r, KIND_CONTACT, "Contacts", body, no_ctx, &ret, fault);

    assert_true((ret != NULL) == (grade == GRADE_OK));
    cJSON_Delete(ret);
    cJSON_Delete(body);
    return grade;
}

static void test_trace(void **state)
{
    struct transport *faulty = faulty_create(memory_create());
    struct remote *trace = connector_create(transport_trace_create(faulty));
    const struct remote_query query = {.top = 7, .search = "secret words"};
    struct remote_page page;
    struct remote_fault fault = {0};
    struct buf log;

    (void)state;
    log_setup(LOG_TO_NOWHERE, LOG_LEVEL_DEBUG);
    assert_int_equal(remote_list(trace, KIND_MESSAGE, "Inbox", &query, no_ctx, &page, &fault),
                     GRADE_OK);
    items_release(&page.items);
    assert_int_equal(create_contact(trace, &fault), GRADE_OK);
    assert_int_equal(
        remote_mark_read(trace, "AAMkADZiMmZiZGEwLTIyZDYtNDA3ZC1hZjJkTAIL", no_ctx, &fault),
        GRADE_GONE);
    remote_fault_release(&fault);

    buf_init(&log, 100000);
    log_tail(&log);
    assert_non_null(strstr(log.data, "GetEmails folderPath=Inbox top=7 skip=0: ok, status 200"));
    assert_null(strstr(log.data, "secret"));
    assert_non_null(strstr(log.data, "ContactPostItem table=Contacts: ok, status 201"));
    assert_null(strstr(log.data, "GivenName"));
    assert_non_null(strstr(log.data, "MarkAsRead messageId=..NDA3ZC1hZjJkTAIL: gone, status 404"));
    assert_non_null(strstr(log.data, "ErrorItemNotFound"));
    assert_null(strstr(log.data, "AAMkADZi"));
    buf_release(&log);

    faulty_offline(faulty, true);
    assert_false(remote_online(trace));
    struct http_stats stats;
    remote_stats(trace, &stats);
    assert_false(stats.online);
    remote_destroy(trace);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_trace)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
