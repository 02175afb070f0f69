#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <outlookfs/base/json.h>
#include <outlookfs/base/log.h>
#include <outlookfs/remote/testing.h>

#include <pthread.h>
#include <string.h>

static const struct remote_ctx no_ctx;

struct pair {
    struct remote *memory, *faulty;
};

static struct pair create_pair(void)
{
    struct remote *memory = remote_memory_create();

    return (struct pair){memory, remote_faulty_create(memory)};
}

/* The grade of one remote_test(), and what the fault said. */
static enum grade try_test(struct remote *r, struct remote_fault *ret)
{
    struct remote_fault fault;
    enum grade grade = remote_test(r, no_ctx, &fault);

    assert_int_equal(fault.grade, grade);
    assert_true((fault.reason != NULL) == (grade != GRADE_OK));
    *ret = fault;
    remote_fault_release(&fault);
    ret->reason = NULL;
    return grade;
}

static enum grade create_contact(struct remote *r, struct remote_fault *fault)
{
    cJSON *body = cJSON_Parse("{\"GivenName\":\"a\",\"HomePhones\":[]}"), *ret = NULL;
    enum grade grade = remote_create(r, KIND_CONTACT, "Contacts", body, no_ctx, &ret, fault);

    assert_true((ret != NULL) == (grade == GRADE_OK));
    cJSON_Delete(ret);
    cJSON_Delete(body);
    return grade;
}

static void test_plan_without_effect(void **state)
{
    struct pair p = create_pair();
    struct remote_fault fault;

    (void)state;
    remote_faulty_plan(p.faulty, &(struct remote_plan){.op = OP_CONTACT_POST_ITEM,
                                                       .count = 1,
                                                       .grade = GRADE_BROKEN,
                                                       .status = 503});
    assert_int_equal(create_contact(p.faulty, &fault), GRADE_BROKEN);
    assert_int_equal(fault.status, 503);
    assert_false(fault.unknown);
    remote_fault_release(&fault);
    assert_int_equal(remote_memory_count(p.memory, KIND_CONTACT), 0);
    assert_int_equal(create_contact(p.faulty, &fault), GRADE_OK);
    remote_fault_release(&fault);
    assert_int_equal(remote_memory_count(p.memory, KIND_CONTACT), 1);
    remote_destroy(p.faulty);
}

static void test_plan_with_effect(void **state)
{
    struct pair p = create_pair();
    struct remote_fault fault;

    (void)state;
    remote_faulty_plan(p.faulty, &(struct remote_plan){.op = OP_CONTACT_POST_ITEM,
                                                       .count = 1,
                                                       .grade = GRADE_OFFLINE,
                                                       .apply = true});
    assert_int_equal(create_contact(p.faulty, &fault), GRADE_OFFLINE);
    assert_true(fault.unknown);
    assert_non_null(fault.reason);
    remote_fault_release(&fault);
    assert_int_equal(remote_memory_count(p.memory, KIND_CONTACT), 1);

    remote_faulty_plan(p.faulty, &(struct remote_plan){.op = OP_CONTACT_POST_ITEM,
                                                       .count = 1,
                                                       .grade = GRADE_OFFLINE,
                                                       .unknown = true});
    assert_int_equal(create_contact(p.faulty, &fault), GRADE_OFFLINE);
    assert_true(fault.unknown);
    remote_fault_release(&fault);
    assert_int_equal(remote_memory_count(p.memory, KIND_CONTACT), 1);
    remote_destroy(p.faulty);
}

static void test_skip_count_and_order(void **state)
{
    static const enum grade expected[] = {GRADE_OK,     GRADE_AUTH,      GRADE_AUTH,
                                          GRADE_BROKEN, GRADE_THROTTLED, GRADE_OK};
    struct pair p = create_pair();
    struct remote_fault fault;

    (void)state;
    remote_faulty_plan(p.faulty,
                       &(struct remote_plan){
                           .op = OP_TEST_CONNECTION, .skip = 1, .count = 2, .grade = GRADE_AUTH});
    remote_faulty_plan(p.faulty, &(struct remote_plan){
                                     .op = OP_COUNT, .skip = 1, .count = 1, .grade = GRADE_BROKEN});
    remote_faulty_plan(
        p.faulty,
        &(struct remote_plan){.op = OP_COUNT, .skip = 1, .count = 1, .grade = GRADE_THROTTLED});
    remote_faulty_plan(
        p.faulty, &(struct remote_plan){.op = OP_GET_EMAILS, .count = 1, .grade = GRADE_DENIED});
    for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++)
        assert_int_equal(try_test(p.faulty, &fault), expected[i]);
    assert_int_equal(remote_memory_calls(p.memory, OP_COUNT), 2);
    remote_faulty_clear(p.faulty);
    assert_int_equal(remote_find_mail_folder(p.faulty, "Inbox", no_ctx, &fault), GRADE_OK);
    remote_destroy(p.faulty);
}

static void test_offline(void **state)
{
    struct pair p = create_pair();
    struct remote_fault fault;
    struct http_stats stats;

    (void)state;
    assert_true(remote_online(p.faulty));
    remote_faulty_offline(p.faulty, true);
    assert_false(remote_online(p.faulty));
    remote_stats(p.faulty, &stats);
    assert_false(stats.online);
    assert_int_equal(try_test(p.faulty, &fault), GRADE_OFFLINE);
    assert_int_equal(remote_memory_calls(p.memory, OP_COUNT), 0);
    remote_faulty_offline(p.faulty, false);
    assert_true(remote_online(p.faulty));
    assert_int_equal(try_test(p.faulty, &fault), GRADE_OK);
    remote_destroy(p.faulty);
}

#define THREADS 4
#define ROUNDS 200

static void *call_often(void *r)
{
    uintptr_t failed = 0;

    for (int i = 0; i < ROUNDS; i++) {
        struct remote_fault fault;
        failed += remote_test(r, no_ctx, &fault) != GRADE_OK;
        remote_fault_release(&fault);
    }
    return (void *)failed;
}

static void test_plan_met_by_many_threads(void **state)
{
    struct pair p = create_pair();
    pthread_t threads[THREADS];
    uintptr_t failed = 0;

    (void)state;
    remote_faulty_plan(
        p.faulty,
        &(struct remote_plan){.op = OP_COUNT, .skip = 100, .count = 333, .grade = GRADE_BROKEN});
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, call_often, p.faulty), 0);
    for (int i = 0; i < THREADS; i++) {
        void *count;
        pthread_join(threads[i], &count);
        failed += (uintptr_t)count;
    }
    assert_int_equal(failed, 333);
    assert_int_equal(remote_memory_calls(p.memory, OP_COUNT), THREADS * ROUNDS - 333);
    remote_destroy(p.faulty);
}

static void test_trace(void **state)
{
    struct pair p = create_pair();
    struct remote *trace = remote_trace_create(p.faulty);
    const struct remote_query query = {.top = 7, .search = "secret words"};
    struct remote_page page;
    struct remote_fault fault;
    struct buf log;

    (void)state;
    log_setup(LOG_TO_NOWHERE, LOG_LEVEL_DEBUG);
    assert_int_equal(remote_list(trace, KIND_MESSAGE, "Inbox", &query, no_ctx, &page, &fault),
                     GRADE_OK);
    cJSON_Delete(page.items);
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

    remote_faulty_offline(p.faulty, true);
    assert_false(remote_online(trace));
    struct http_stats stats;
    remote_stats(trace, &stats);
    assert_false(stats.online);
    remote_destroy(trace);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plan_without_effect),      cmocka_unit_test(test_plan_with_effect),
        cmocka_unit_test(test_skip_count_and_order),     cmocka_unit_test(test_offline),
        cmocka_unit_test(test_plan_met_by_many_threads), cmocka_unit_test(test_trace),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
