#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <outlookfs/base/alloc.h>
#include <outlookfs/base/json.h>
#include <outlookfs/base/str.h>
#include "support/transports.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct remote_ctx no_ctx;

/* --- over the memory remote ------------------------------------------------------------------ */

static const struct remote_folder *named(const struct remote_folders *f, const char *display)
{
    for (size_t i = 0; i < f->count; i++)
        if (str_eq(f->list[i].display, display))
            return &f->list[i];
    return NULL;
}

static void test_tables(void **state)
{
    struct transport *memory = memory_create();
    struct remote *r = connector_create(memory);
    struct remote_folders folders;
    struct remote_fault fault = {0};

    (void)state;
    memory_add(memory, KIND_CONTACT, "Friends", cJSON_CreateObject());
    assert_int_equal(remote_list_folders(r, KIND_CONTACT, no_ctx, &folders, &fault), GRADE_OK);
    assert_int_equal(folders.count, 2);
    assert_string_equal(folders.list[0].display, "Contacts");
    assert_string_equal(folders.list[1].display, "Friends");
    assert_int_equal(strlen(folders.list[1].id), 120);
    assert_null(folders.list[1].parent);
    assert_false(folders.partial);
    remote_folders_release(&folders);
    remote_fault_release(&fault);

    assert_int_equal(remote_list_folders(r, KIND_EVENT, no_ctx, &folders, &fault), GRADE_OK);
    assert_int_equal(folders.count, 1);
    assert_string_equal(folders.list[0].display, "Calendar");
    remote_folders_release(&folders);
    remote_fault_release(&fault);
    remote_destroy(r);
}

static void test_mail_tree(void **state)
{
    struct transport *memory = memory_create();
    struct remote *r = connector_create(memory);
    struct remote_folders folders;
    struct remote_fault fault = {0};

    (void)state;
    memory_add(memory, KIND_MESSAGE, "Inbox/Support/Old", cJSON_CreateObject());
    memory_add(memory, KIND_MESSAGE, "Archive", cJSON_CreateObject());
    assert_int_equal(remote_list_folders(r, KIND_MESSAGE, no_ctx, &folders, &fault), GRADE_OK);
    assert_int_equal(folders.count, 4);
    assert_false(folders.partial);
    assert_int_not_equal(fault.date, 0);
    assert_null(named(&folders, "Archive")->parent);
    assert_string_equal(named(&folders, "Support")->parent, named(&folders, "Inbox")->id);
    assert_string_equal(named(&folders, "Old")->parent, named(&folders, "Support")->id);
    /* One request for the roots, one for each folder. */
    assert_int_equal(memory_calls(memory, OP_PICKER_OPEN), 1);
    assert_int_equal(memory_calls(memory, OP_PICKER_BROWSE), 4);
    remote_folders_release(&folders);
    remote_fault_release(&fault);
    remote_destroy(r);
}

static void test_many_roots_are_paged(void **state)
{
    struct transport *memory = memory_create();
    struct remote *r = connector_create(memory);
    struct remote_folders folders;
    struct remote_fault fault = {0};

    (void)state;
    for (int i = 0; i < 220; i++) {
        char name[32];
        snprintf(name, sizeof(name), "Folder %d", i);
        memory_add(memory, KIND_MESSAGE, name, cJSON_CreateObject());
    }
    assert_int_equal(remote_list_folders(r, KIND_MESSAGE, no_ctx, &folders, &fault), GRADE_OK);
    assert_int_equal(folders.count, 221);
    assert_non_null(named(&folders, "Folder 219"));
    assert_int_equal(memory_calls(memory, OP_PICKER_OPEN), 3);
    remote_folders_release(&folders);
    remote_fault_release(&fault);
    remote_destroy(r);
}

static void test_find_mail_folder(void **state)
{
    struct transport *memory = memory_create();
    struct remote *r = connector_create(memory);
    struct remote_fault fault = {0};

    (void)state;
    assert_int_equal(remote_find_mail_folder(r, "Inbox", no_ctx, &fault), GRADE_OK);
    remote_fault_release(&fault);
    assert_int_equal(remote_find_mail_folder(r, "Nowhere", no_ctx, &fault), GRADE_GONE);
    remote_fault_release(&fault);
    remote_destroy(r);
}

/* --- where the picker does not do as hoped ---------------------------------------------------- */

static void plan_failure(struct transport *t, enum operation op, unsigned skip, enum grade grade,
                         int status)
{
    faulty_plan(t, &(struct faulty_plan){
                       .op = op, .skip = skip, .count = 1, .grade = grade, .status = status});
}

static struct remote *create_with_sent_mail(struct transport **ret_faulty)
{
    struct transport *memory = memory_create();

    memory_add(memory, KIND_MESSAGE, "Sent Items", cJSON_CreateObject());
    memory_add(memory, KIND_MESSAGE, "Mine", cJSON_CreateObject());
    *ret_faulty = faulty_create(memory);
    return connector_create(*ret_faulty);
}

static void test_well_known_instead_of_refused_picker(void **state)
{
    static const struct {
        enum grade grade;
        int status;
    } refusals[] = {
        {GRADE_REFUSED, 400}, {GRADE_DENIED, 403}, {GRADE_GONE, 404}, {GRADE_BROKEN, 200}};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(refusals); i++) {
        struct transport *faulty;
        struct remote *r = create_with_sent_mail(&faulty);
        struct remote_folders folders;
        struct remote_fault fault = {0};
        plan_failure(faulty, OP_PICKER_OPEN, 0, refusals[i].grade, refusals[i].status);
        assert_int_equal(remote_list_folders(r, KIND_MESSAGE, no_ctx, &folders, &fault), GRADE_OK);
        assert_true(folders.partial);
        assert_int_equal(folders.count, 2);
        assert_string_equal(folders.list[0].id, "Inbox");
        assert_string_equal(folders.list[1].id, "Sent Items");
        assert_string_equal(folders.list[1].display, "Sent Items");
        assert_null(fault.reason);
        remote_folders_release(&folders);
        remote_fault_release(&fault);
        remote_destroy(r);
    }
}

/* A picker that cannot answer now is no reason to show fewer folders. */
static void test_failures_are_not_refusals(void **state)
{
    static const struct {
        enum operation op;
        unsigned skip;
        enum grade grade;
        int status;
    } failures[] = {
        {OP_PICKER_OPEN, 0, GRADE_BROKEN, 502},   {OP_PICKER_OPEN, 0, GRADE_OFFLINE, 0},
        {OP_PICKER_OPEN, 0, GRADE_AUTH, 401},     {OP_PICKER_OPEN, 0, GRADE_THROTTLED, 429},
        {OP_PICKER_BROWSE, 1, GRADE_BROKEN, 500}, {OP_PICKER_BROWSE, 0, GRADE_CANCELLED, 0},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(failures); i++) {
        struct transport *faulty;
        struct remote *r = create_with_sent_mail(&faulty);
        struct remote_folders folders = {.count = 99};
        struct remote_fault fault = {0};
        plan_failure(faulty, failures[i].op, failures[i].skip, failures[i].grade,
                     failures[i].status);
        assert_int_equal(remote_list_folders(r, KIND_MESSAGE, no_ctx, &folders, &fault),
                         failures[i].grade);
        assert_int_equal(fault.grade, failures[i].grade);
        assert_int_equal(folders.count, 99);
        remote_fault_release(&fault);
        remote_destroy(r);
    }
}

static void test_failure_of_the_fallback(void **state)
{
    struct transport *faulty;
    struct remote *r = create_with_sent_mail(&faulty);
    struct remote_folders folders = {.count = 99};
    struct remote_fault fault = {0};

    (void)state;
    plan_failure(faulty, OP_PICKER_OPEN, 0, GRADE_REFUSED, 400);
    plan_failure(faulty, OP_GET_EMAILS, 2, GRADE_OFFLINE, 0);
    assert_int_equal(remote_list_folders(r, KIND_MESSAGE, no_ctx, &folders, &fault), GRADE_OFFLINE);
    assert_int_equal(folders.count, 99);
    remote_fault_release(&fault);
    remote_destroy(r);
}

static void test_folder_that_cannot_be_browsed(void **state)
{
    struct transport *faulty;
    struct remote *r = create_with_sent_mail(&faulty);
    struct remote_folders folders;
    struct remote_fault fault = {0};

    (void)state;
    plan_failure(faulty, OP_PICKER_BROWSE, 0, GRADE_DENIED, 403);
    assert_int_equal(remote_list_folders(r, KIND_MESSAGE, no_ctx, &folders, &fault), GRADE_OK);
    assert_int_equal(folders.count, 3);
    assert_true(folders.partial);
    assert_null(fault.reason);
    remote_folders_release(&folders);
    remote_fault_release(&fault);

    /* Deleted since: nothing is missing from the list. */
    plan_failure(faulty, OP_PICKER_BROWSE, 0, GRADE_GONE, 404);
    assert_int_equal(remote_list_folders(r, KIND_MESSAGE, no_ctx, &folders, &fault), GRADE_OK);
    assert_false(folders.partial);
    remote_folders_release(&folders);
    remote_fault_release(&fault);
    remote_destroy(r);
}

/* --- pickers of our own ----------------------------------------------------------------------- */

struct picker {
    struct transport base;
    unsigned calls;
};

static const char *id_asked(const struct remote_call *call)
{
    const char *id = param_value(call->params, "id");

    return id ? id : "";
}

static void picker_destroy(struct transport *r)
{
    (void)r;
}

static enum grade odd_names(struct transport *r, struct remote_call *call,
                            struct remote_fault *fault)
{
    const char *id = id_asked(call);

    (void)fault;
    ((struct picker *)r)->calls++;
    if (str_eq(id, ""))
        call->answer = cJSON_Parse("[{\"Id\":\"1\",\"DisplayName\":\"In/Out\",\"IsFolder\":true},"
                                   " {\"Id\":\"Id::2\",\"DisplayName\":\"A/B\"},"
                                   " {\"Id\":\"3\",\"DisplayName\":\"Id::x\"},"
                                   " {\"Id\":\"4\",\"DisplayName\":\"T\u00e9l\u00e9\"},"
                                   " {\"Id\":\"5\",\"DisplayName\":\"file\",\"IsFolder\":false},"
                                   " {\"Id\":\"\",\"DisplayName\":\"none\"}, {\"Id\":\"6\"}, 7]");
    else if (str_eq(id, "1"))
        call->answer = cJSON_Parse("[{\"Id\":\"11\",\"DisplayName\":\"Plain\"}]");
    else if (str_eq(id, "4"))
        call->answer = cJSON_Parse("[{\"Id\":\"41\",\"DisplayName\":\"x/y\"},"
                                   " {\"Id\":\"42\",\"DisplayName\":\"z\"}]");
    else
        call->answer = cJSON_CreateArray();
    return GRADE_OK;
}

static void test_ids_are_the_picker_s(void **state)
{
    static const struct transport_impl impl = {
        .name = "odd names", .call = odd_names, .destroy = picker_destroy};
    static const struct remote_folder expected[] = {
        {"1", "In/Out", NULL}, {"Id::2", "A/B", NULL},
        {"3", "Id::x", NULL},  {"4", "T\u00e9l\u00e9", NULL},
        {"11", "Plain", "1"},  {"41", "x/y", "4"},
        {"42", "z", "4"},
    };
    struct picker picker = {.base = {.impl = &impl}};
    struct remote *remote = connector_create(&picker.base);
    struct remote_folders folders;
    struct remote_fault fault = {0};

    (void)state;
    assert_int_equal(remote_list_folders(remote, KIND_MESSAGE, no_ctx, &folders, &fault), GRADE_OK);
    assert_int_equal(folders.count, ARRAY_SIZE(expected));
    for (size_t i = 0; i < ARRAY_SIZE(expected); i++) {
        assert_string_equal(folders.list[i].id, expected[i].id);
        assert_string_equal(folders.list[i].display, expected[i].display);
        assert_true(str_eq(folders.list[i].parent, expected[i].parent));
    }
    assert_int_equal(picker.calls, 1 + ARRAY_SIZE(expected));
    remote_folders_release(&folders);
    remote_fault_release(&fault);
    remote_destroy(remote);
}

/*
 * A hundred folders whatever is asked, so that every page is full: the same ones, or ever new ones.
 */
static enum grade endless(struct transport *r, struct remote_call *call, struct remote_fault *fault)
{
    struct picker *picker = (struct picker *)r;
    bool same = str_eq(r->impl->name, "same");

    (void)fault;
    picker->calls++;
    call->answer = cJSON_CreateArray();
    for (unsigned i = 0; i < 100; i++) {
        char id[32];
        snprintf(id, sizeof(id), "%u", same ? i : picker->calls * 100 + i);
        cJSON *entry = cJSON_CreateObject();
        cJSON_AddStringToObject(entry, "Id", id);
        cJSON_AddStringToObject(entry, "DisplayName", id);
        cJSON_AddItemToArray(call->answer, entry);
    }
    return GRADE_OK;
}

static void test_picker_that_ignores_skip(void **state)
{
    static const struct transport_impl impl = {
        .name = "same", .call = endless, .destroy = picker_destroy};
    struct picker picker = {.base = {.impl = &impl}};
    struct remote *remote = connector_create(&picker.base);
    struct remote_folders folders;
    struct remote_fault fault = {0};

    (void)state;
    assert_int_equal(remote_list_folders(remote, KIND_MESSAGE, no_ctx, &folders, &fault), GRADE_OK);
    assert_int_equal(folders.count, 100);
    remote_folders_release(&folders);
    remote_fault_release(&fault);
    remote_destroy(remote);
}

static void test_picker_without_end(void **state)
{
    static const struct transport_impl impl = {
        .name = "new", .call = endless, .destroy = picker_destroy};
    struct picker picker = {.base = {.impl = &impl}};
    struct remote *remote = connector_create(&picker.base);
    struct remote_folders folders;
    struct remote_fault fault = {0};

    (void)state;
    assert_int_equal(remote_list_folders(remote, KIND_MESSAGE, no_ctx, &folders, &fault), GRADE_OK);
    assert_int_equal(folders.count, 10000);
    assert_true(folders.partial);
    remote_folders_release(&folders);
    remote_fault_release(&fault);
    remote_destroy(remote);
}

/* One folder in each folder. */
static enum grade deep(struct transport *r, struct remote_call *call, struct remote_fault *fault)
{
    (void)fault;
    char id[32];
    snprintf(id, sizeof(id), "%u", ((struct picker *)r)->calls++);
    call->answer = cJSON_CreateArray();
    cJSON *entry = cJSON_CreateObject();
    cJSON_AddStringToObject(entry, "Id", id);
    cJSON_AddStringToObject(entry, "DisplayName", id);
    cJSON_AddItemToArray(call->answer, entry);
    return GRADE_OK;
}

static void test_depth_is_bounded(void **state)
{
    static const struct transport_impl impl = {
        .name = "deep", .call = deep, .destroy = picker_destroy};
    struct picker picker = {.base = {.impl = &impl}};
    struct remote *remote = connector_create(&picker.base);
    struct remote_folders folders;
    struct remote_fault fault = {0};

    (void)state;
    assert_int_equal(remote_list_folders(remote, KIND_MESSAGE, no_ctx, &folders, &fault), GRADE_OK);
    assert_int_equal(folders.count, 10);
    assert_string_equal(folders.list[9].id, "9");
    assert_true(folders.partial);
    remote_folders_release(&folders);
    remote_fault_release(&fault);
    remote_destroy(remote);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tables),
        cmocka_unit_test(test_mail_tree),
        cmocka_unit_test(test_many_roots_are_paged),
        cmocka_unit_test(test_find_mail_folder),
        cmocka_unit_test(test_well_known_instead_of_refused_picker),
        cmocka_unit_test(test_failures_are_not_refusals),
        cmocka_unit_test(test_failure_of_the_fallback),
        cmocka_unit_test(test_folder_that_cannot_be_browsed),
        cmocka_unit_test(test_ids_are_the_picker_s),
        cmocka_unit_test(test_picker_that_ignores_skip),
        cmocka_unit_test(test_picker_without_end),
        cmocka_unit_test(test_depth_is_bounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
