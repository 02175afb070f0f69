/*
 * The program is killed at its 1st, 2nd, 3rd ... crash point, before and after every commit and
 * every request, and started again.
 * In the end the service must have what the user left: nothing twice, nothing lost.
 *
 * The service is a JSON file that outlives the processes; each change of it is atomic.
 */
#include "writeback_test.h"

#include <outlookfs/base/file.h>

#include <stdio.h>
#include <sys/wait.h>

#define CRASHES_MAX 2000

/* --- the service --- */

struct file_remote {
    struct transport base;
    struct mutex lock;
    char *path;
};

static cJSON *load_records(const char *path)
{
    struct buf text;
    cJSON *records = NULL;

    buf_init(&text, 1024 * 1024);
    if (!file_read(path, &text, NULL))
        json_parse_any(text.data, text.len, &records, NULL);
    buf_release(&text);
    return records ? records : cJSON_CreateArray();
}

static void store_records(const char *path, const cJSON *records)
{
    char *text = cJSON_Print(records);

    if (file_replace(path, text, strlen(text), 0600, NULL))
        abort();
    free(text);
}

static const char *param_of(const struct remote_call *call, const char *name)
{
    return param_value(call->params, name);
}

static int index_of(const cJSON *records, const char *id)
{
    for (int i = 0; i < cJSON_GetArraySize(records); i++)
        if (str_eq(json_str(cJSON_GetArrayItem(records, i), "Id"), id))
            return i;
    return -1;
}

static void put_string(cJSON *obj, const char *member, const char *value)
{
    cJSON_DeleteItemFromObjectCaseSensitive(obj, member);
    cJSON_AddStringToObject(obj, member, value);
}

/* A PATCH replaces what it names; ids and change keys are numbers that never come again. */
static cJSON *apply(cJSON *record, const cJSON *body, int serial)
{
    cJSON *obj = record ? cJSON_Duplicate(record, true) : cJSON_CreateObject();
    const cJSON *member;
    char number[16], now[32];

    snprintf(number, sizeof(number), "R%06d", serial);
    str_format_time(clock_now(), now);
    cJSON_ArrayForEach(member, body)
    {
        cJSON_DeleteItemFromObjectCaseSensitive(obj, member->string);
        cJSON_AddItemToObject(obj, member->string, cJSON_Duplicate(member, true));
    }
    if (!record) {
        put_string(obj, "Id", number);
        put_string(obj, "DateTimeCreated", now);
    }
    put_string(obj, "DateTimeLastModified", now);
    put_string(obj, "ChangeKey", number);
    return obj;
}

static cJSON *page_of(const cJSON *records, const struct remote_call *call)
{
    int skip = atoi(param_of(call, "$skip")), top = atoi(param_of(call, "$top"));
    int count = cJSON_GetArraySize(records);
    cJSON *page = cJSON_CreateArray();

    for (int i = count - 1 - skip; i >= 0 && top-- > 0; i--)
        cJSON_AddItemToArray(page, cJSON_Duplicate(cJSON_GetArrayItem(records, i), true));
    return page;
}

static enum grade serve(const char *path, struct remote_call *call, struct remote_fault *fault)
{
    cJSON *records = load_records(path);
    int at = index_of(records, param_of(call, "id"));
    int serial = cJSON_GetArraySize(records) ? 0 : 1;
    enum grade grade = GRADE_OK;
    cJSON *record;

    cJSON_ArrayForEach(record, records)
    {
        int key = atoi(json_str(record, "ChangeKey") + 1);

        serial = key >= serial ? key + 1 : serial;
    }
    if (param_of(call, "id") && at < 0) {
        grade = GRADE_GONE;
        fault->status = 404;
        fault->reason = xstrdup("gone");
    } else if (operation_of_row(call->info) == OP_CONTACT_GET_ITEMS) {
        call->answer = page_of(records, call);
    } else if (operation_of_row(call->info) == OP_CONTACT_GET_ITEM) {
        call->answer = cJSON_Duplicate(cJSON_GetArrayItem(records, at), true);
    } else if (operation_of_row(call->info) == OP_CONTACT_DELETE_ITEM) {
        cJSON_DeleteItemFromArray(records, at);
        store_records(path, records);
    } else {
        record = at < 0 ? NULL : cJSON_GetArrayItem(records, at);
        call->answer = apply(record, call->body, serial);
        if (record)
            cJSON_ReplaceItemInArray(records, at, cJSON_Duplicate(call->answer, true));
        else
            cJSON_AddItemToArray(records, cJSON_Duplicate(call->answer, true));
        store_records(path, records);
    }
    cJSON_Delete(records);
    return grade;
}

static enum grade file_call(struct transport *r, struct remote_call *call,
                            struct remote_fault *fault)
{
    struct file_remote *f = (struct file_remote *)r;
    enum grade grade;

    mutex_lock(&f->lock);
    grade = serve(f->path, call, fault);
    mutex_unlock(&f->lock);
    return grade;
}

static void file_destroy(struct transport *r)
{
    struct file_remote *f = (struct file_remote *)r;

    mutex_release(&f->lock);
    free(f->path);
    free(f);
}

static const struct transport_impl file_impl = {
    .name = "file", .call = file_call, .destroy = file_destroy};

static struct remote *file_create(const char *dir)
{
    struct file_remote *f = xcalloc(1, sizeof(*f));

    f->base = (struct transport){.impl = &file_impl};
    f->path = xasprintf("%s/service.json", dir);
    mutex_init(&f->lock, MUTEX_DOUBLE);
    return connector_create(&f->base);
}

/* --- the user --- */

enum action { SAVE, DELETE, FLUSH };

/*
 * What the user does, each step once: the number of the next is committed with what the step
 * changes.
 */
static const struct step {
    enum action action;
    const char *name, *text;
} steps[] = {
    {SAVE, "ann.json", "{\"GivenName\":\"Ann\",\"MobilePhone1\":\"1\"}"},
    {SAVE, "twin.json", "{\"GivenName\":\"Ann\",\"MobilePhone1\":\"1\"}"},
    {SAVE, "bob.json", "{\"GivenName\":\"Bob\"}"},
    {FLUSH, NULL, NULL},
    {SAVE, "ann.json", "{\"GivenName\":\"Ann\",\"MobilePhone1\":\"2\"}"},
    {DELETE, "bob.json", NULL},
    {SAVE, "cat.json", "{\"GivenName\":\"Cat\"}"},
    {FLUSH, NULL, NULL},
    {SAVE, "cat.json", "{\"GivenName\":\"Cat\",\"NickName\":\"kit\"}"},
    {DELETE, "twin.json", NULL},
    {SAVE, "twin.json", "{\"GivenName\":\"Ann\",\"MobilePhone1\":\"3\"}"},
    {FLUSH, NULL, NULL},
};

static const char *const wanted[] = {
    "{\"GivenName\":\"Ann\",\"MobilePhone1\":\"2\"}",
    "{\"GivenName\":\"Ann\",\"MobilePhone1\":\"3\"}",
    "{\"GivenName\":\"Cat\",\"NickName\":\"kit\"}",
};

static int change(struct mailbox *mb, const struct step *step)
{
    struct state *state = mailbox_state(mb);
    struct slot slot;
    struct cache_record record = {0};
    int rc = state_slot_by_name(state, KIND_CONTACT, "Contacts", step->name, &slot);

    if (rc == -ENOENT) {
        slot = (struct slot){.kind = KIND_CONTACT,
                             .folder = xstrdup("Contacts"),
                             .name = xstrdup(step->name),
                             .flags = SLOT_ALIAS};
        rc = state_put_slot(state, &slot);
    }
    if (!rc && slot.record)
        cache_get(mailbox_cache(mb), KIND_CONTACT, "Contacts", slot.record, true, &record);
    if (!rc && step->action == DELETE)
        rc = writeback_delete(mailbox_writeback(mb), &slot, record.text, NULL);
    else if (!rc)
        rc = writeback_update(mailbox_writeback(mb), &slot, record.text, step->text, NULL, NULL);
    cache_record_release(&record);
    slot_release(&slot);
    return rc;
}

static size_t next_step(struct state *state)
{
    char *text;
    size_t at;

    if (state_get_meta(state, "test_step", &text))
        return 0;
    at = strtoul(text, NULL, 10);
    free(text);
    return at;
}

static int run_step(struct mailbox *mb, size_t at)
{
    struct state *state = mailbox_state(mb);
    char *text = xasprintf("%zu", at + 1);
    int rc;

    if (steps[at].action == FLUSH) {
        rc = writeback_flush(mailbox_writeback(mb), 0, clock_mono() + TEST_PATIENCE, NULL, NULL);
        if (!rc)
            rc = state_put_meta(state, "test_step", text);
    } else {
        state_begin(state);
        rc = change(mb, &steps[at]);
        if (!rc)
            rc = state_put_meta(state, "test_step", text);
        rc = state_end(state, rc);
        writeback_kick(mailbox_writeback(mb));
    }
    free(text);
    return rc;
}

/* The whole program, in a process of its own. */
static int live(const char *dir)
{
    char *state_dir = xasprintf("%s/state", dir), *cache_dir = xasprintf("%s/cache", dir);
    struct mailbox_config config = {
        .remote = file_create(dir),
        .state_dir = state_dir,
        .cache_dir = cache_dir,
        .writeback_delay = TEST_DELAY,
        .list_ttl = TEST_DELAY,
        .trash_keep = TEST_DELAY,
        .trash_max = 1024 * 1024,
    };
    struct mailbox *mb;
    int rc;

    log_setup(LOG_TO_NOWHERE, LOG_LEVEL_DEBUG);
    rc = mailbox_open(&config, &mb, NULL);
    if (!rc) {
        rc = mailbox_start(mb);
        for (size_t at = next_step(mailbox_state(mb)); !rc && at < ARRAY_SIZE(steps); at++)
            rc = run_step(mb, at);
        mailbox_stop(mb, 0, NULL);
        mailbox_close(mb);
    }
    free(state_dir);
    free(cache_dir);
    return rc;
}

/* True when the process was killed at its crash point; `at` 0: it is not to be. */
static bool run_until(const char *dir, unsigned at)
{
    pid_t pid = fork();
    int status;

    assert_true(pid >= 0);
    if (!pid) {
        char number[16];

        snprintf(number, sizeof(number), "%u", at);
        setenv("OUTLOOKFS_CRASH_AT", number, 1);
        freopen("/dev/null", "w", stderr);
        _exit(live(dir) ? 1 : 0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL && at)
        return true;
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    return false;
}

/* --- what is left --- */

static bool is_wanted(const cJSON *record, const char *text)
{
    cJSON *obj = json(text);
    bool same = str_eq(json_str(record, "GivenName"), json_str(obj, "GivenName")) &&
                str_eq(json_str(record, "MobilePhone1"), json_str(obj, "MobilePhone1")) &&
                str_eq(json_str(record, "NickName"), json_str(obj, "NickName"));

    cJSON_Delete(obj);
    return same;
}

static void assert_service(const char *dir, unsigned at)
{
    char *path = xasprintf("%s/service.json", dir);
    cJSON *records = load_records(path), *record;
    bool right = cJSON_GetArraySize(records) == ARRAY_SIZE(wanted);

    for (size_t i = 0; i < ARRAY_SIZE(wanted); i++) {
        unsigned found = 0;

        cJSON_ArrayForEach(record, records) found += is_wanted(record, wanted[i]);
        right = right && found == 1;
    }
    if (!right) {
        char *text = cJSON_Print(records);

        fail_msg("killed at %u, the service has %s", at, text);
    }
    cJSON_Delete(records);
    free(path);
}

static void new_dir(char dir[64])
{
    strcpy(dir, "/tmp/outlookfs-test-XXXXXX");
    assert_non_null(mkdtemp(dir));
}

/* `again`: how often the restarted program is killed, too, as far as it gets. */
static unsigned crash_everywhere(unsigned step, unsigned again)
{
    unsigned at;
    bool killed = true;

    for (at = 1; killed && at < CRASHES_MAX; at += step) {
        char dir[64];

        new_dir(dir);
        killed = run_until(dir, at);
        for (unsigned n = 1; killed && n <= again; n++)
            run_until(dir, 7 * n);
        if (killed)
            run_until(dir, 0);
        assert_service(dir, at);
        remove_tree(dir);
    }
    return at;
}

static void test_killed_once(void **state)
{
    unsigned points = crash_everywhere(1, 0);

    (void)state;
    assert_in_range(points, 50, CRASHES_MAX - 1);
}

static void test_killed_again_and_again(void **state)
{
    (void)state;
    crash_everywhere(4, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_killed_once),
        cmocka_unit_test(test_killed_again_and_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
