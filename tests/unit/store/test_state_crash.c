/*
 * What a kill -9 leaves. The child is this program again, run with the directory as its argument.
 */
#include "store_test.h"

#include <outlookfs/base/crash.h>
#include <outlookfs/store/state.h>

#include <signal.h>
#include <sys/wait.h>

#define STEPS 3
#define DATA 100 /* the inode of the first data file */

/*
 * Each step is a transaction that adds a slot, its operation and a data file, and removes the data
 * file of the step before; the last is never ended.
 */
static int child(const char *dir)
{
    static const char *const names[STEPS + 1] = {"0.json", "1.json", "2.json", "open.json"};
    struct state *s;
    int rc = state_open(dir, &s, NULL);

    if (!rc)
        close(state_data_open(s, DATA, O_RDWR | O_CREAT));
    for (int i = 0; !rc && i <= STEPS; i++) {
        struct slot slot = {.folder = (char *)"F", .name = (char *)names[i]};
        struct journal_op op = {.mine = (char *)names[i], .queued_at = i};

        state_begin(s);
        rc = state_put_slot(s, &slot);
        op.slot = slot.id;
        if (!rc)
            rc = state_put_op(s, &op);
        if (!rc)
            rc = state_data_remove(s, DATA + (uint64_t)i);
        if (!rc)
            close(state_data_open(s, DATA + (uint64_t)i + 1, O_RDWR | O_CREAT));
        if (i < STEPS)
            rc = state_end(s, rc);
    }
    if (!rc)
        raise(SIGKILL);
    return 1;
}

/* Runs the child with its N-th crash point armed; its points go into a file, so that the test's
 * output is quiet. */
static void run_child(char *dir, const char *crash_at)
{
    char *report = path_in(dir, "state.db-report");
    int status;
    pid_t pid = fork();

    assert_true(pid >= 0);
    if (!pid) {
        int fd = open(report, O_WRONLY | O_CREAT | O_TRUNC, 0600);

        dup2(fd, STDERR_FILENO);
        setenv("OUTLOOKFS_CRASH_AT", crash_at, 1);
        execl("/proc/self/exe", "test_state_crash", dir, (char *)NULL);
        _exit(127);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGKILL);
    free(report);
}

static bool reported(const char *dir, const char *text)
{
    char line[256] = "";
    char *path = path_in(dir, "state.db-report");
    int fd = open(path, O_RDONLY);
    ssize_t n = read(fd, line, sizeof(line) - 1);

    assert_true(n >= 0);
    close(fd);
    free(path);
    return strstr(line, text);
}

/* Whole transactions and in their order; answers how many. */
static size_t count_steps(const char *dir)
{
    struct state *s;
    struct journal_op *ops;
    struct slot *slots;
    size_t count;
    size_t slot_count;

    assert_int_equal(state_open(dir, &s, NULL), 0);
    assert_int_equal(state_op_heads(s, &ops, &count), 0);
    assert_int_equal(state_slots(s, 0, "F", &slots, &slot_count), 0);
    assert_int_equal(count, slot_count);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(ops[i].queued_at, i);
        journal_op_release(&ops[i]);
        assert_int_equal(state_get_op(s, slots[i].id, &ops[i]), 0);
        assert_string_equal(ops[i].mine, slots[i].name);
        journal_op_release(&ops[i]);
        slot_release(&slots[i]);
    }
    int fd = state_data_open(s, DATA + count, O_RDONLY);
    assert_true(fd >= 0);
    close(fd);
    free(ops);
    free(slots);
    state_close(s);
    return count;
}

static void test_what_was_committed_is_there(void **state)
{
    run_child(*state, "0");
    assert_false(reported(*state, "crash point"));
    assert_int_equal(count_steps(*state), STEPS);
}

/* Points come in pairs, before and after each commit. */
static void test_every_crash_point(void **state)
{
    for (int n = 1; n <= 2 * STEPS; n++) {
        char *dir = xasprintf("%s/%d", (char *)*state, n);
        char *at = xasprintf("%d", n);
        char *line = xasprintf("crash point %d: %s a commit", n, n % 2 ? "before" : "after");

        assert_int_equal(mkdir(dir, 0700), 0);
        run_child(dir, at);
        assert_true(reported(dir, line));
        assert_int_equal(count_steps(dir), n / 2);
        free(dir);
        free(at);
        free(line);
    }
}

static void test_points_are_harmless_unarmed(void **state)
{
    (void)state;
    for (int i = 0; i < 1000; i++)
        crash_point("nothing happens");
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        dir_test(test_what_was_committed_is_there),
        dir_test(test_every_crash_point),
        cmocka_unit_test(test_points_are_harmless_unarmed),
    };

    if (argc > 1)
        return child(argv[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
