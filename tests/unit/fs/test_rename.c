/*
 * test_rename.c - the matrix of rename: what lies at both ends, flags, folders (saving rules R7,
 * R8, R11).
 */
#include "script_test.h"

struct sent {
    unsigned patches, posts, deletes;
};

static const struct {
    const char *name, *steps;
    struct sent sent;
    const char *shown; /* a file that has `new` in the end */
    bool as_answered;  /* ... as the service has it: the bytes named another record */
} cases[] = {
    {"record onto record: one changes, one goes",
     "create b.json w; write old; close; sync; open b.json wt; write new; close; sync; "
     "rename b.json @; gone b.json",
     {2, 1, 1},
     "@",
     true},
    {"record onto a new name: an alias",
     "open @ wt; write new; close; rename @ jane.json; gone x.json",
     {1, 0, 0},
     "jane.json"},
    {"an alias back to the id",
     "rename @ jane.json; stat jane.json; stat @; rename jane.json @; stat @; gone jane.json",
     {0, 0, 0},
     NULL},
    {"unsent file onto record",
     "create b.json w; write new; close; rename b.json @; gone b.json",
     {1, 0, 0},
     "@"},
    {"record onto an unsent file",
     "open @ wt; write new; close; create b.json w; write old; close; rename @ b.json; gone @",
     {0, 1, 1},
     "b.json",
     true},
    {"unsent file to another name",
     "create b.json w; write new; close; rename b.json c.json; "
     "gone b.json",
     {0, 1, 0},
     "c.json",
     true},
    {"NOREPLACE onto a free name",
     "open @ wt; write new; close; renamex @ jane.json",
     {1, 0, 0},
     "jane.json"},
    {"NOREPLACE onto a record",
     "create tmp w; write new; close; !EEXIST renamex tmp @; stat tmp",
     {0, 0, 0},
     "tmp"},
    {"NOREPLACE into a vacancy",
     "create tmp w; write new; close; rename @ @~; renamex tmp @",
     {1, 0, 0},
     "@"},
    {"EXCHANGE: the slot keeps its record",
     "create tmp w; write new; close; swap tmp @",
     {1, 0, 0},
     "@"},
    {"EXCHANGE of two records",
     "create b.json w; write new; close; !EINVAL swap @ b.json",
     {0, 1, 0},
     "b.json",
     true},
    {"EXCHANGE with nothing",
     "create tmp w; write new; close; !ENOENT swap tmp none; "
     "!ENOENT swap @ none.json",
     {0, 0, 0},
     "tmp"},
    {"onto itself", "open @ wt; write new; close; rename @ @", {1, 0, 0}, "@"},
    {"nothing there", "!ENOENT rename none @; !ENOENT rename none.json @", {0, 0, 0}, NULL},
    {"a vacancy is nothing", "rename @ @~; !ENOENT rename @ x.json", {0, 0, 0}, NULL},
    {"scratch onto scratch",
     "create a w; write bad; close; create b w; write new; close; "
     "rename b a; gone b",
     {0, 0, 0},
     "a"},
    {"scratch directories",
     "mkdir .d; create .d/x w; write new; close; rename .d .e; gone .d",
     {0, 0, 0},
     ".e/x"},
    {"a directory onto a directory",
     "mkdir .d; mkdir .e; create .d/x w; write new; close; "
     "rename .d .e; gone .d",
     {0, 0, 0},
     ".e/x"},
    {"a directory onto one with files",
     "mkdir .d; mkdir .e; create .e/x w; write new; close; "
     "!ENOTEMPTY rename .d .e",
     {0, 0, 0},
     ".e/x"},
    {"a file onto a directory",
     "mkdir .d; create .x w; write new; close; !EISDIR rename .x .d; "
     "!ENOTDIR rename .d .x",
     {0, 0, 0},
     ".x"},
    {"a directory under a name that is none",
     "mkdir .d; !EPERM rename .d plain; !EPERM rename .d "
     "a.json",
     {0, 0, 0},
     NULL},
    {"out of a scratch directory and in again",
     "mkdir .d; create .d/x.json w; write new; close; rename .d/x.json @; rename @ .d/y.json; gone "
     "@",
     {1, 0, 0},
     ".d/y.json"},
    {"record-named in a scratch directory, to a record name",
     "mkdir .d; create .d/@ w; write new; close; rename .d/@ @",
     {1, 0, 0},
     "@"},
};

static void assert_own_record(struct rig *t, const char *path)
{
    char *text = rig_read(t, path), *id = rig_xattr(t, path, "id");
    cJSON *after = cJSON_Parse(t->after), *shown = cJSON_Parse(text);

    assert_string_equal(json_str(shown, "Id"), id);
    assert_string_equal(json_str(shown, "MobilePhone1"), json_str(after, "MobilePhone1"));
    assert_member(t, id, "ChangeKey", json_str(shown, "ChangeKey"));
    cJSON_Delete(after);
    cJSON_Delete(shown);
    free(id);
    free(text);
}

static void run_case(struct rig *t, size_t i)
{
    print_message("%s\n", cases[i].name);
    script_run(t, cases[i].steps);
    assert_int_equal(rig_sync(t), 0);
    assert_sent(t, cases[i].sent.patches, cases[i].sent.posts, cases[i].sent.deletes);
    if (!cases[i].shown)
        return;
    char *path =
        cases[i].shown[0] == '@' ? xstrdup(t->path) : xasprintf(CONTACTS "%s", cases[i].shown);
    if (cases[i].as_answered)
        assert_own_record(t, path);
    else
        assert_text(t, path, t->after);
    free(path);
}

static void test_matrix(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        void *rig;

        rig_setup(&rig);
        run_case(rig, i);
        rig_teardown(&rig);
    }
}

static void test_between_folders(void **state)
{
    struct rig *t = *state;
    char *message = xasprintf(INBOX "%s.json", t->message);
    char *event = xasprintf(CALENDAR "%s.json", t->event);

    free(rig_list(t, "contacts"));
    assert_int_equal(rig_rename(t, t->path, CALENDAR "x.json", 0), -EXDEV);
    assert_int_equal(rig_rename(t, event, CONTACTS "x.json", 0), -EXDEV);
    assert_int_equal(rig_rename(t, message, INBOX "x.json", 0), 0); /* an alias */
    assert_int_equal(rig_rename(t, INBOX "x.json", CONTACTS "x.json", 0), -EPERM);
    assert_int_equal(rig_rename(t, t->path, INBOX "x.json", 0), -EXDEV);
    assert_int_equal(rig_sync(t), 0);
    assert_int_equal(rig_calls(t, OP_COUNT), 0);
    free(event);
    free(message);
}

static void test_scratch_goes_anywhere(void **state)
{
    static const char *const places[] = {
        "x", "mail/x", "contacts/x.json", INBOX "x.tmp", CALENDAR "x~", CONTACTS "x", "last"};
    struct rig *t = *state;

    assert_int_equal(rig_save(t, CONTACTS "first", "anything"), 0);
    assert_int_equal(rig_rename(t, CONTACTS "first", places[0], 0), 0);
    for (size_t i = 1; i < ARRAY_SIZE(places); i++)
        assert_int_equal(rig_rename(t, places[i - 1], places[i], 0), 0);
    assert_text(t, "last", "anything");
    assert_int_equal(rig_rename(t, "last", ".outlookfs/x", 0), -EPERM);
    assert_int_equal(rig_calls(t, OP_COUNT), 0);
}

static void test_what_is_the_services_stays(void **state)
{
    struct rig *t = *state;
    char *letter = xasprintf(INBOX "%s.attachments", t->letter),
         *file = xasprintf("%s/a.txt", letter);

    assert_int_equal(rig_rename(t, "contacts/Contacts", "contacts/.x", 0), -EPERM);
    assert_int_equal(rig_rename(t, "contacts", ".x", 0), -EPERM);
    assert_int_equal(rig_rename(t, letter, INBOX ".x", 0), -EPERM);
    assert_int_equal(rig_rename(t, file, INBOX "x", 0), -EPERM);
    assert_int_equal(rig_rename(t, ".outlookfs/status.json", "x", 0), -EPERM);
    assert_int_equal(rig_rmdir(t, "contacts/Contacts"), -EPERM);
    assert_int_equal(rig_rmdir(t, letter), -EPERM);
    assert_int_equal(rig_unlink(t, file), -EPERM);
    assert_int_equal(rig_mkdir(t, "contacts/New"), -EPERM);
    assert_int_equal(rig_mkdir(t, INBOX "New"), -EPERM);
    free(file);
    free(letter);
}

static void test_long_names(void **state)
{
    struct rig *t = *state;
    char name[300];

    memset(name, 'x', sizeof(name));
    memcpy(name, CONTACTS, strlen(CONTACTS));
    char *end = name + strlen(CONTACTS);
    strcpy(end + 250, ".json");
    assert_int_equal(strlen(end), 255);
    assert_int_equal(rig_rename(t, t->path, name, 0), 0);
    assert_text(t, name, t->before);
    assert_int_equal(rig_rename(t, name, t->path, 0), 0);
    memset(end, 'x', 251);
    strcpy(end + 251, ".json");
    assert_int_equal(rig_rename(t, t->path, name, 0), -ENAMETOOLONG);
    struct fs_handle *h;
    assert_int_equal(rig_create(t, name, O_WRONLY, 0600, &h), -ENAMETOOLONG);
    assert_int_equal(rig_mkdir(t, name), -ENAMETOOLONG);
    assert_int_equal(rig_symlink(t, "x", name), -ENAMETOOLONG);
    assert_int_equal(rig_unlink(t, name), -ENAMETOOLONG);
    struct stat st;
    assert_int_equal(rig_stat(t, name, &st), -ENAMETOOLONG);
}

/* A temporary file is renamed over the record first, and written then. */
static void test_rename_before_write(void **state)
{
    struct rig *t = *state;
    struct fs_handle *h;

    assert_int_equal(rig_create(t, CONTACTS "tmp", O_WRONLY, 0600, &h), 0);
    assert_int_equal(rig_rename(t, CONTACTS "tmp", t->path, 0), 0);
    assert_xattr(t, t->path, "state", "local");
    assert_int_equal(rig_write(t, h, t->after, 0), strlen(t->after));
    assert_int_equal(rig_close(t, h), 0);
    assert_text(t, t->path, t->after);
    assert_int_equal(rig_sync(t), 0);
    assert_sent(t, 1, 0, 0);
    assert_member(t, t->contact, "MobilePhone1", "+49 170 55501234");

    /* Nothing is written at all: the record comes back. */
    assert_int_equal(rig_create(t, CONTACTS "tmp", O_WRONLY, 0600, &h), 0);
    assert_int_equal(rig_rename(t, CONTACTS "tmp", t->path, 0), 0);
    assert_int_equal(rig_close(t, h), 0);
    clock_advance(11 * NS_PER_S);
    rig_refresh(t, "contacts/Contacts");
    assert_soon(rig_size(t, t->path) > 0);

    /* Closed, it is nobody's: such a rename is a mistake. */
    assert_int_equal(rig_save(t, CONTACTS "tmp", ""), 0);
    assert_int_equal(rig_rename(t, CONTACTS "tmp", t->path, 0), -EINVAL);
}

/* The name means the bytes of a local file by now; whoever has the record open reads its text. */
static void test_the_time_of_what_is_open(void **state)
{
    static const char john[] = "{\"GivenName\": \"John\", \"HomePhones\": []}\n";
    struct rig *t = *state;
    struct fs_handle *h;
    struct stat st;

    assert_int_equal(rig_save(t, CONTACTS "john.json", john), 0);
    assert_int_equal(rig_open(t, t->path, O_RDONLY, &h), 0);
    assert_int_equal(rig_rename(t, t->path, CONTACTS "john.json", 0), 0);
    assert_int_equal(rig_utimens(t, CONTACTS "john.json", 1234567890 * NS_PER_S), 0);
    assert_int_equal(rig_stat(t, CONTACTS "john.json", &st), 0);
    assert_int_equal(st.st_mtim.tv_sec, 1234567890);
    rig_release(t, h);
    assert_int_equal(rig_stat(t, CONTACTS "john.json", &st), 0);
    assert_int_equal(st.st_mtim.tv_sec, 1234567890);
}

struct mover {
    struct rig *rig;
    atomic_bool began;
    int rc;
};

static void *move_onto_the_record(void *arg)
{
    struct mover *m = arg;

    m->began = true;
    m->rc = rig_rename(m->rig, CONTACTS "tmp", m->rig->path, 0);
    return NULL;
}

/* close() has answered, and the kernel has not sent RELEASE yet: nobody has it open any more. */
static void test_half_a_text_behind_the_close(void **state)
{
    struct rig *t = *state;
    struct mover mover = {.rig = t};
    struct fs_handle *h;
    pthread_t thread;

    assert_int_equal(rig_create(t, CONTACTS "tmp", O_WRONLY, 0600, &h), 0);
    assert_int_equal(rig_write(t, h, "{", 0), 1);
    assert_int_equal(rig_flush(t, h), 0);
    assert_int_equal(pthread_create(&thread, NULL, move_onto_the_record, &mover), 0);
    while (!mover.began)
        rig_pause();
    rig_pause(); /* most likely it waits; if not, it finds the same */
    rig_release(t, h);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(mover.rc, -EINVAL);
    assert_text(t, t->path, t->before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, rig_setup, rig_teardown)
        cmocka_unit_test(test_matrix),
        TEST(test_between_folders),
        TEST(test_scratch_goes_anywhere),
        TEST(test_what_is_the_services_stays),
        TEST(test_long_names),
        TEST(test_rename_before_write),
        TEST(test_the_time_of_what_is_open),
        TEST(test_half_a_text_behind_the_close),
    };

    return cmocka_run_group_tests_name("rename", tests, NULL, NULL);
}
