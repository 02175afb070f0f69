/*
 * script_test.c - the interpreter of script_test.h.
 */
#include "script_test.h"

#define FILES 4
#define WORDS 5

static const struct fs_req nobody = {.cancel = NULL};

struct run {
    struct rig *t;
    struct fs_handle *open[FILES];
    char *words[WORDS]; /* of the step; NULL behind the last */
    int file;           /* the digit of the verb */
};

static char *full_path(struct run *r, const char *name)
{
    struct buf out;

    buf_init(&out, BUF_TEXT_MAX);
    buf_addstr(&out, CONTACTS);
    for (; *name; name++) {
        if (*name == '@')
            buf_addstr(&out, r->t->name);
        else
            buf_addch(&out, *name);
    }
    char *path = buf_detach(&out);
    buf_release(&out);
    return path;
}

static char *one_line(const char *text)
{
    struct cJSON *obj = NULL;

    assert_int_equal(json_parse_object(text, strlen(text), &obj, NULL), 0);
    char *printed = cJSON_PrintUnformatted(obj), *line = xstrdup(printed);
    cJSON_free(printed);
    cJSON_Delete(obj);
    return line;
}

static char *named_text(struct run *r, const char *name)
{
    if (str_eq(name, "old"))
        return xstrdup(r->t->before);
    if (str_eq(name, "new"))
        return xstrdup(r->t->after);
    if (str_eq(name, "compact"))
        return one_line(r->t->after);
    if (str_eq(name, "same"))
        return one_line(r->t->before);
    if (str_eq(name, "list"))
        return xstrdup("[1]\n");
    assert_string_equal(name, "bad");
    return xstrdup("{\n  \"GivenName\" \"Jane\"\n}\n");
}

static size_t number(struct run *r, const char *word, size_t end)
{
    (void)r;
    return str_eq(word, "$") ? end : strtoul(word, NULL, 10);
}

/* --- steps ------------------------------------------------------------------------------------ */

static int mode_flags(const char *mode)
{
    int flags = str_starts(mode, "rw") ? O_RDWR : *mode == 'r' ? O_RDONLY : O_WRONLY;

    return flags | (strchr(mode, 't') ? O_TRUNC : 0) | (strchr(mode, 'x') ? O_EXCL : 0);
}

static int do_open(struct run *r, const char *path)
{
    return rig_open(r->t, path, mode_flags(r->words[2]), &r->open[r->file]);
}

static int do_create(struct run *r, const char *path)
{
    return rig_create(r->t, path, mode_flags(r->words[2]), 0644, &r->open[r->file]);
}

static int do_write(struct run *r, const char *path)
{
    char *text = named_text(r, r->words[1]);
    size_t end = strlen(text);
    size_t from = r->words[2] ? number(r, r->words[2], end) : 0;
    size_t to = r->words[2] ? number(r, r->words[3], end) : end;
    ssize_t n = fs_write(r->t->fs, &nobody, r->open[r->file], text + from, to - from, (off_t)from);

    (void)path;
    free(text);
    return n < 0 ? (int)n : 0;
}

static int do_trunc(struct run *r, const char *path)
{
    struct stat attr = {.st_size = (off_t)number(r, r->words[1], strlen(r->t->after))}, now;
    struct fs_entry entry;

    (void)path;
    assert_int_equal(rig_lookup(r->t, r->t->path, &entry), 0);
    int rc = fs_setattr(r->t->fs, &nobody, entry.ino, r->open[r->file], &attr, FS_SET_SIZE, &now);
    rig_forget(r->t, &entry);
    return rc;
}

static int do_flush(struct run *r, const char *path)
{
    (void)path;
    return rig_flush(r->t, r->open[r->file]);
}

static int do_fsync(struct run *r, const char *path)
{
    (void)path;
    return rig_fsync(r->t, r->open[r->file]);
}

static int do_release(struct run *r, const char *path)
{
    (void)path;
    rig_release(r->t, r->open[r->file]);
    r->open[r->file] = NULL;
    return 0;
}

static int do_close(struct run *r, const char *path)
{
    int rc = do_flush(r, path);

    do_release(r, path);
    return rc;
}

static int do_truncate(struct run *r, const char *path)
{
    return rig_truncate(r->t, path, (off_t)number(r, r->words[2], strlen(r->t->after)));
}

static int do_chmod(struct run *r, const char *path)
{
    return rig_chmod(r->t, path, 0640);
}

static int do_touch(struct run *r, const char *path)
{
    return rig_utimens(r->t, path, 0);
}

static int do_utimens(struct run *r, const char *path)
{
    return rig_utimens(r->t, path, INT64_C(1600000000123456789));
}

static int rename_with(struct run *r, const char *path, unsigned flags)
{
    char *to = full_path(r, r->words[2]);
    int rc = rig_rename(r->t, path, to, flags);

    free(to);
    return rc;
}

static int do_rename(struct run *r, const char *path)
{
    return rename_with(r, path, 0);
}

static int do_renamex(struct run *r, const char *path)
{
    return rename_with(r, path, RENAME_NOREPLACE);
}

static int do_swap(struct run *r, const char *path)
{
    return rename_with(r, path, RENAME_EXCHANGE);
}

static int do_unlink(struct run *r, const char *path)
{
    return rig_unlink(r->t, path);
}

static int do_mkdir(struct run *r, const char *path)
{
    return rig_mkdir(r->t, path);
}

static int do_rmdir(struct run *r, const char *path)
{
    return rig_rmdir(r->t, path);
}

static int do_symlink(struct run *r, const char *path)
{
    return rig_symlink(r->t, "user@host.123", path);
}

static int do_stat(struct run *r, const char *path)
{
    struct stat st;

    return rig_stat(r->t, path, &st);
}

static int do_gone(struct run *r, const char *path)
{
    assert_int_equal(do_stat(r, path), -ENOENT);
    return 0;
}

static int do_wait(struct run *r, const char *path)
{
    (void)path;
    clock_advance((int64_t)number(r, r->words[1], 0) * NS_PER_S);
    return 0;
}

static int do_sync(struct run *r, const char *path)
{
    (void)path;
    return rig_sync(r->t);
}

static const struct {
    const char *verb;
    int (*run)(struct run *r, const char *path);
} verbs[] = {
    {"open", do_open},       {"create", do_create},   {"write", do_write},
    {"trunc", do_trunc},     {"flush", do_flush},     {"fsync", do_fsync},
    {"release", do_release}, {"close", do_close},     {"truncate", do_truncate},
    {"chmod", do_chmod},     {"touch", do_touch},     {"utimens", do_utimens},
    {"rename", do_rename},   {"renamex", do_renamex}, {"swap", do_swap},
    {"unlink", do_unlink},   {"mkdir", do_mkdir},     {"rmdir", do_rmdir},
    {"symlink", do_symlink}, {"stat", do_stat},       {"gone", do_gone},
    {"wait", do_wait},       {"sync", do_sync},
};

/* --- running ---------------------------------------------------------------------------------- */

static const struct {
    const char *name;
    int value;
} errors[] = {{"EINVAL", EINVAL},       {"EPERM", EPERM}, {"EEXIST", EEXIST}, {"ENOENT", ENOENT},
              {"ENOTEMPTY", ENOTEMPTY}, {"EXDEV", EXDEV}, {"EISDIR", EISDIR}, {"ENOTDIR", ENOTDIR}};

static int expected_error(const char *word)
{
    for (size_t i = 0; i < ARRAY_SIZE(errors); i++) {
        if (str_eq(errors[i].name, word))
            return -errors[i].value;
    }
    fail_msg("unknown error %s", word);
    return 0;
}

static void run_step(struct run *r, const char *step)
{
    char *copy = xstrdup(step), *rest = NULL;
    int expected = 0, rc = -ENOSYS;
    char *word = strtok_r(copy, " ", &rest);

    if (word && *word == '!') {
        expected = expected_error(word + 1);
        word = strtok_r(NULL, " ", &rest);
    }
    memset(r->words, 0, sizeof(r->words));
    for (size_t i = 0; word && i < WORDS; word = strtok_r(NULL, " ", &rest))
        r->words[i++] = word;
    char *digit = r->words[0] + strlen(r->words[0]) - 1;
    r->file = *digit >= '0' && *digit <= '9' ? *digit - '0' : 0;
    if (*digit >= '0' && *digit <= '9')
        *digit = '\0';

    char *path = r->words[1] ? full_path(r, r->words[1]) : NULL;
    for (size_t i = 0; i < ARRAY_SIZE(verbs); i++) {
        if (str_eq(verbs[i].verb, r->words[0]))
            rc = verbs[i].run(r, path);
    }
    if (rc != expected)
        fail_msg("step \"%s\": %s", step, strerror(-rc));
    free(path);
    free(copy);
}

void script_run(struct rig *t, const char *steps)
{
    struct run r = {.t = t};
    char *copy = xstrdup(steps), *rest = NULL;

    for (char *step = strtok_r(copy, ";\n", &rest); step; step = strtok_r(NULL, ";\n", &rest)) {
        if (step[strspn(step, " ")])
            run_step(&r, step + strspn(step, " "));
    }
    free(copy);
    for (size_t i = 0; i < FILES; i++)
        assert_null(r.open[i]);
}

/* --- one test a script ------------------------------------------------------------------------ */

struct job {
    struct rig *rig;
    const char *steps;
};

static int job_setup(void **state)
{
    struct job *job = *state;

    return rig_setup((void **)&job->rig);
}

static int job_teardown(void **state)
{
    struct job *job = *state;

    return rig_teardown((void **)&job->rig);
}

struct rig *rig_of(void **state)
{
    return ((struct job *)*state)->rig;
}

const char *script_of(void **state)
{
    return ((struct job *)*state)->steps;
}

int script_group(const char *name, const struct script *scripts, size_t count,
                 CMUnitTestFunction test)
{
    struct CMUnitTest *tests = xcalloc(count, sizeof(*tests));
    struct job *jobs = xcalloc(count, sizeof(*jobs));

    for (size_t i = 0; i < count; i++) {
        jobs[i].steps = scripts[i].steps;
        tests[i] = (struct CMUnitTest){.name = scripts[i].name,
                                       .test_func = test,
                                       .setup_func = job_setup,
                                       .teardown_func = job_teardown,
                                       .initial_state = &jobs[i]};
    }
    int failed = _cmocka_run_group_tests(name, tests, count, NULL, NULL);
    free(tests);
    free(jobs);
    return failed;
}
