/*
 * test_threads.c - many programs at once: what a reader sees is always a whole version, and the end
 * is one everybody agrees on. Above all a test for ThreadSanitizer.
 */
#include "script_test.h"

#include <pthread.h>

#define ROUNDS 60

struct actor {
    struct rig *t;
    const char *path;
    pthread_t thread;
    atomic_bool *done;
    unsigned bad; /* texts that are no whole version */
};

static const struct fs_req nobody = {.cancel = NULL};

/* rig_save() and the like keep a list of open files for tests that fail: not for threads. */
static char *read_text(struct rig *t, const char *path)
{
    struct fs_entry entry;
    struct fs_open open;
    char *text = NULL;

    if (rig_lookup(t, path, &entry))
        return NULL;
    if (!fs_open(t->fs, &nobody, entry.ino, O_RDONLY, &open)) {
        text = rig_read_handle(t, open.handle);
        fs_release(t->fs, open.handle);
    }
    rig_forget(t, &entry);
    return text;
}

static void save_by_rename(struct rig *t, const char *temporary, const char *path, const char *text)
{
    struct fs_entry dir, entry;
    struct fs_open open;

    if (rig_lookup(t, "contacts/Contacts", &dir))
        return;
    if (!fs_create(t->fs, &nobody, dir.ino, temporary, 0600, O_WRONLY, &entry, &open)) {
        fs_write(t->fs, &nobody, open.handle, text, strlen(text), 0);
        fs_flush(t->fs, &nobody, open.handle);
        fs_rename(t->fs, &nobody, dir.ino, temporary, dir.ino, path + strlen(CONTACTS), 0);
        fs_release(t->fs, open.handle);
        fs_forget(t->fs, entry.ino, 1);
    }
    rig_forget(t, &dir);
}

static void *writes(void *ctx)
{
    struct actor *a = ctx;
    char temporary[32];

    for (int i = 0; i < ROUNDS; i++) {
        char number[32];
        snprintf(number, sizeof(number), "%p-%d", ctx, i);
        snprintf(temporary, sizeof(temporary), "tmp%p", ctx);
        char *text = with_member(a->t->before, "MobilePhone1", number);
        save_by_rename(a->t, temporary, a->path, text);
        free(text);
    }
    return NULL;
}

static void *reads(void *ctx)
{
    struct actor *a = ctx;

    while (!*a->done) {
        struct cJSON *obj = NULL;
        struct stat st;
        char *text = read_text(a->t, a->path);

        if (text && json_parse_object(text, strlen(text), &obj, NULL))
            a->bad++;
        cJSON_Delete(obj);
        free(text);
        rig_stat(a->t, a->path, &st);
    }
    return NULL;
}

static void *lists(void *ctx)
{
    struct actor *a = ctx;

    while (!*a->done) {
        free(rig_list(a->t, "contacts/Contacts"));
        free(read_text(a->t, ".outlookfs/status.json"));
        free(rig_list(a->t, ".outlookfs/queue"));
        free(rig_xattr(a->t, "contacts/Contacts", "id"));
    }
    return NULL;
}

static void *sends(void *ctx)
{
    struct actor *a = ctx;

    while (!*a->done) {
        /* Not for long: a save meanwhile puts the operation off by a day. */
        writeback_flush(mailbox_writeback(a->t->mb), 0, clock_mono() + 100 * NS_PER_MS, NULL, NULL);
        rig_edit(a->t, a->t->contact, "PersonalNotes", "again");
        clock_advance(3601 * NS_PER_S);
        rig_pause();
    }
    return NULL;
}

static void *scratches(void *ctx)
{
    struct actor *a = ctx;

    for (int i = 0; i < ROUNDS; i++) {
        rig_mkdir(a->t, CONTACTS ".d");
        rig_symlink(a->t, "x", CONTACTS ".d/link");
        rig_rename(a->t, CONTACTS ".d", "contacts/.d", 0);
        rig_rename(a->t, "contacts/.d", CONTACTS ".d", 0);
        rig_unlink(a->t, CONTACTS ".d/link");
        rig_rmdir(a->t, CONTACTS ".d");
        rig_chmod(a->t, a->path, 0600 + i % 8);
        rig_utimens(a->t, a->path, 0);
    }
    return NULL;
}

static void *renames(void *ctx)
{
    struct actor *a = ctx;

    for (int i = 0; i < ROUNDS; i++) {
        rig_rename(a->t, a->path, CONTACTS "backup~", 0);
        rig_rename(a->t, CONTACTS "backup~", a->path, 0);
    }
    return NULL;
}

static void test_many_programs(void **state)
{
    static void *(*const work[])(void *) = {
        writes, writes, scratches, renames, /* end by themselves */
        reads,  reads,  lists,     sends};
    struct rig *t = *state;
    struct actor actors[ARRAY_SIZE(work)];
    atomic_bool done = false;

    for (size_t i = 0; i < ARRAY_SIZE(work); i++) {
        actors[i] = (struct actor){.t = t, .path = t->path, .done = &done};
        assert_int_equal(pthread_create(&actors[i].thread, NULL, work[i], &actors[i]), 0);
    }
    for (size_t i = 0; i < ARRAY_SIZE(work); i++) {
        if (i == 4)
            done = true;
        pthread_join(actors[i].thread, NULL);
        assert_int_equal(actors[i].bad, 0);
    }

    rig_sync(t); /* conflicts are allowed, loss is not */
    clock_advance(11 * NS_PER_S);
    assert_soon(rig_exists(t, t->path));
    char *text = rig_read(t, t->path);
    assert_non_null(strstr(text, "\"Jane\""));
    free(text);
    assert_int_equal(memory_count(t->memory, KIND_CONTACT), 1);
    assert_int_equal(rig_calls(t, OP_CONTACT_DELETE_ITEM), 0);
    assert_int_equal(rig_calls(t, OP_CONTACT_POST_ITEM), 0);
}

/* Many readers of one file, opening and closing while it is saved in place. */
static void *opens(void *ctx)
{
    struct actor *a = ctx;
    struct fs_entry entry;

    for (int i = 0; i < 4 * ROUNDS; i++) {
        struct fs_open open;
        struct stat st;

        if (rig_lookup(a->t, a->path, &entry))
            continue;
        if (!fs_open(a->t->fs, &nobody, entry.ino, O_RDWR, &open)) {
            fs_write(a->t->fs, &nobody, open.handle, a->t->after, strlen(a->t->after), 0);
            fs_flush(a->t->fs, &nobody, open.handle);
            fs_getattr(a->t->fs, &nobody, entry.ino, NULL, &st, NULL);
            fs_release(a->t->fs, open.handle);
        }
        rig_forget(a->t, &entry);
    }
    return NULL;
}

static void test_many_handles(void **state)
{
    struct rig *t = *state;
    struct actor actors[4];
    atomic_bool done = false;

    for (size_t i = 0; i < ARRAY_SIZE(actors); i++) {
        actors[i] = (struct actor){.t = t, .path = t->path, .done = &done};
        assert_int_equal(pthread_create(&actors[i].thread, NULL, opens, &actors[i]), 0);
    }
    for (size_t i = 0; i < ARRAY_SIZE(actors); i++)
        pthread_join(actors[i].thread, NULL);
    assert_text(t, t->path, t->after);
    assert_int_equal(rig_sync(t), 0);
    assert_sent(t, 1, 0, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, rig_setup, rig_teardown)
        TEST(test_many_programs),
        TEST(test_many_handles),
    };

    return cmocka_run_group_tests_name("threads", tests, NULL, NULL);
}
